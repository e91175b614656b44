/* src/x1/x1_details.c: writing tasks, destinations and their status */
#include <stdlib.h>
#include <string.h>
#include "x1/x1_write.h"

static void
fail(struct buf *b, int rc)
{
	if (b->rc == 0)
		b->rc = rc;
}

static void
write_dids(struct buf *b, li_uuid *v, size_t n)
{
	size_t i;

	xml_write_open(b, "listOfDIDs");
	for (i = 0; i < n; i++)
		x1_write_leaf(b, "dId", v[i]);
	xml_write_close(b, "listOfDIDs");
}

/* <name>s up to ${end}</name> */
static void
write_part(struct buf *b, const char *name, const char *s, const char *end)
{
	xml_write_leaf(b, name, s, (size_t)(end - s));
}

static void
write_target(struct buf *b, const struct li_target *t)
{
	const char *name = li_kind_name(t->kind), *p = t->value, *q;
	const char *end = p + strlen(p);

	xml_write_open(b, "targetIdentifier");
	switch (li_kind_form(t->kind)) {
	case LI_FORM_RANGE:
		q = strchr(p, '-');
		if (q == NULL) {
			fail(b, CU_ESTATE);
			return;
		}
		xml_write_open(b, name);
		write_part(b, "c:start", p, q);
		write_part(b, "c:end", q + 1, end);
		xml_write_close(b, name);
		break;
	case LI_FORM_LIST:
		xml_write_open(b, name);
		for (; p <= end; p = q + 1) {
			q = p + strcspn(p, ",");
			write_part(b, t->kind == LI_KIND_TCP_PORT_LIST ?
			    "tcpPort" : "udpPort", p, q);
		}
		xml_write_close(b, name);
		break;
	case LI_FORM_CIDR4:
		xml_write_open(b, name);
		write_part(b, "c:IPv4CIDR", p, end);
		xml_write_close(b, name);
		break;
	default:
		write_part(b, name, p, end);
	}
	xml_write_close(b, "targetIdentifier");
}

static void
write_services(struct buf *b, unsigned int services)
{
	unsigned int bit;

	if (services == 0)
		return;
	xml_write_open(b, "listOfServiceTypes");
	for (bit = 1; bit <= LI_SERVICES; bit <<= 1)
		if ((services & bit) != 0)
			x1_write_leaf(b, "serviceType", li_service_name(bit));
	xml_write_close(b, "listOfServiceTypes");
}

static void
write_med(struct buf *b, const struct li_med *m)
{
	xml_write_open(b, "mediationDetails");
	x1_write_leaf(b, "LIID", m->liid);
	x1_write_leaf(b, "deliveryType", li_med_delivery_name(m->delivery));
	if (m->start != LI_TIME_NONE)
		x1_write_time(b, "StartTime", m->start);
	if (m->end != LI_TIME_NONE)
		x1_write_time(b, "EndTime", m->end);
	if (m->own_dids)
		write_dids(b, m->dids, m->dids_n);
	xml_write_close(b, "mediationDetails");
}

void
x1_write_task(struct buf *b, const struct li_task *t)
{
	size_t i;

	/* What is known by its digest alone cannot be written again. */
	if (t->rest[0] != '\0' || t->xid[0] == '\0' || t->targets_n == 0)
		fail(b, CU_ESTATE);
	xml_write_open(b, "taskDetails");
	x1_write_leaf(b, "xId", t->xid);
	xml_write_open(b, "targetIdentifiers");
	for (i = 0; i < t->targets_n; i++)
		write_target(b, &t->targets[i]);
	xml_write_close(b, "targetIdentifiers");
	x1_write_leaf(b, "deliveryType", li_delivery_name(t->shape.delivery));
	write_dids(b, t->shape.dids, t->shape.dids_n);
	if (t->has_meds) {
		xml_write_open(b, "listOfMediationDetails");
		for (i = 0; i < t->meds_n; i++)
			write_med(b, &t->meds[i]);
		xml_write_close(b, "listOfMediationDetails");
	}
	if (t->has_correlation)
		buf_printf(b, "<correlationID>%llu</correlationID>",
		    (unsigned long long)t->correlation);
	if (t->has_implicit)
		x1_write_leaf(b, "implicitDeactivationAllowed",
		    t->implicit ? "true" : "false");
	if (t->product[0] != '\0')
		x1_write_leaf(b, "productID", t->product);
	write_services(b, t->shape.services);
	xml_write_close(b, "taskDetails");
}

void
x1_write_error(struct buf *b, const char *name, int64_t code,
    const char *text)
{
	xml_write_open(b, name);
	buf_printf(b, "<errorCode>%lld</errorCode>", (long long)code);
	x1_write_leaf(b, "errorDescription", text != NULL ? text : "");
	xml_write_close(b, name);
}

void
x1_write_faults(struct buf *b, const struct li_faults *f)
{
	size_t i;

	xml_write_open(b, "listOfFaults");
	for (i = 0; i < f->n; i++)
		x1_write_error(b, "unresolvedFault", f->v[i].code,
		    f->v[i].text);
	xml_write_close(b, "listOfFaults");
}

static void
write_count(struct buf *b, const char *name, const struct li_count *c)
{
	if (c->present)
		buf_printf(b, "<%s>%llu</%s>", name,
		    (unsigned long long)c->v, name);
}

void
x1_write_task_status(struct buf *b, const struct li_task_status *s)
{
	xml_write_open(b, "taskStatus");
	x1_write_leaf(b, "provisioningStatus",
	    li_provisioning_name(s->provisioning));
	x1_write_faults(b, &s->faults);
	if (s->last_intercept != LI_TIME_NONE)
		x1_write_time(b, "timeOfLastIntercept", s->last_intercept);
	write_count(b, "amountOfX2Data", &s->x2);
	write_count(b, "amountOfX3Data", &s->x3);
	if (s->last_modification != LI_TIME_NONE)
		x1_write_time(b, "timeOfLastModification",
		    s->last_modification);
	write_count(b, "numberOfModifications", &s->modifications);
	xml_write_close(b, "taskStatus");
	if (s->provisioning == LI_PROVISIONING_NONE)
		fail(b, CU_ESTATE);
}

static void
write_address(struct buf *b, const struct li_address *a)
{
	xml_write_open(b, "deliveryAddress");
	switch (a->kind) {
	case LI_ADDRESS_IPV4:
	case LI_ADDRESS_IPV6:
		xml_write_open(b, "ipAddressAndPort");
		xml_write_open(b, "c:address");
		x1_write_leaf(b, a->kind == LI_ADDRESS_IPV4 ?
		    "c:IPv4Address" : "c:IPv6Address", a->value);
		xml_write_close(b, "c:address");
		buf_printf(b, "<c:port><c:%sPort>%u</c:%sPort></c:port>",
		    a->proto == LI_PROTO_TCP ? "TCP" : "UDP", a->port,
		    a->proto == LI_PROTO_TCP ? "TCP" : "UDP");
		xml_write_close(b, "ipAddressAndPort");
		break;
	case LI_ADDRESS_E164:
		x1_write_leaf(b, "e164Number", a->value);
		break;
	case LI_ADDRESS_URI:
		x1_write_leaf(b, "uri", a->value);
		break;
	case LI_ADDRESS_EMAIL:
		x1_write_leaf(b, "emailAddress", a->value);
		break;
	default:
		fail(b, CU_ESTATE);
	}
	xml_write_close(b, "deliveryAddress");
}

void
x1_write_destination(struct buf *b, const struct li_destination *d)
{
	xml_write_open(b, "destinationDetails");
	x1_write_leaf(b, "dId", d->did);
	if (d->name != NULL)
		x1_write_leaf(b, "friendlyName", d->name);
	x1_write_leaf(b, "deliveryType", li_delivery_name(d->delivery));
	write_address(b, &d->address);
	xml_write_close(b, "destinationDetails");
}

void
x1_write_destination_status(struct buf *b,
    const struct li_destination_status *s)
{
	xml_write_open(b, "destinationStatus");
	x1_write_leaf(b, "destinationDeliveryStatus",
	    li_destination_state_name(s->state));
	x1_write_faults(b, &s->faults);
	xml_write_close(b, "destinationStatus");
	if (s->state == LI_DESTINATION_NONE)
		fail(b, CU_ESTATE);
}
