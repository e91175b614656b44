/* src/x1/x1_task.c: TaskDetails, DestinationDetails and what is said of them */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "x1/x1_read.h"

#define REST_MAX	(1024 * 1024)	/* C14N of the children of no place */

int
x1_read_dids(struct x1_reader *r, const struct xml_node *n, li_uuid **out,
    size_t *count)
{
	const struct xml_node *c;
	li_uuid *v = NULL, *more;
	struct x1_seq s;
	size_t i, k = 0;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	while ((c = x1_seq_opt(&s, X1_NS, "dId")) != NULL) {
		if (k == LI_DIDS_MAX) {
			rc = x1_refuse(r, n, "too many");
			goto err;
		}
		rc = CU_ENOMEM;
		if ((more = realloc(v, (k + 1) * sizeof(*v))) == NULL)
			goto err;
		v = more;
		if ((rc = x1_read_uuid(r, c, v[k])) != 0)
			goto err;
		for (i = 0; i < k; i++) {
			if (strcmp(v[i], v[k]) == 0) {
				rc = x1_refuse(r, c, "the same twice");
				goto err;
			}
		}
		k++;
	}
	if (x1_seq_opt(&s, X1_NS, "dSId") != NULL) {
		rc = x1_later(r, "dSId", r->later_code);
		goto err;
	}
	if ((rc = x1_seq_end(r, &s)) != 0)
		goto err;
	*out = v;
	*count = k;
	return (0);

err:	free(v);
	return (rc);
}

/* Texts of several elements, kept one behind the other. */
struct texts {
	struct buf b;
	size_t off[LI_LIST_MAX + 1];
	size_t n;
};

static int
add_text(struct x1_reader *r, struct texts *t, const struct xml_node *n)
{
	int rc;

	if (t->n == LI_LIST_MAX)
		return (x1_refuse(r, n, "too many"));
	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	t->off[t->n++] = t->b.len;
	buf_add(&t->b, r->text.p, r->text.len);
	t->off[t->n] = t->b.len;
	return (t->b.rc == CU_ELIMIT ? x1_refuse(r, n, "too long") : t->b.rc);
}

static int
add_range(struct x1_reader *r, struct texts *t, const struct xml_node *n)
{
	const struct xml_node *from, *to;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS_COMMON, "start", &from)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS_COMMON, "end", &to)) != 0 ||
	    (rc = x1_seq_end(r, &s)) != 0 ||
	    (rc = add_text(r, t, from)) != 0)
		return (rc);
	return (add_text(r, t, to));
}

static int
add_list(struct x1_reader *r, struct texts *t, const struct xml_node *n,
    const char *member)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	while ((c = x1_seq_opt(&s, X1_NS, member)) != NULL)
		if ((rc = add_text(r, t, c)) != 0)
			return (rc);
	return (x1_seq_end(r, &s));
}

static int
add_cidr(struct x1_reader *r, struct texts *t, const struct xml_node *n,
    enum li_form *form)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS_COMMON, "IPv6CIDR")) != NULL)
		*form = LI_FORM_CIDR6;
	else if ((rc = x1_seq_need(r, &s, X1_NS_COMMON, "IPv4CIDR", &c)) != 0)
		return (rc);
	if ((rc = x1_seq_end(r, &s)) != 0)
		return (rc);
	return (add_text(r, t, c));
}

/* What stands inside the element ${n} of a known kind. */
static int
read_value(struct x1_reader *r, const struct xml_node *n, enum li_kind kind,
    struct li_target *out)
{
	enum li_form form = li_kind_form(kind);
	struct li_text text[LI_LIST_MAX];
	struct texts t = { .n = 0 };
	size_t i;
	int rc;

	buf_init(&t.b, X1_TEXT_MAX);
	switch (form) {
	case LI_FORM_RANGE:
		rc = add_range(r, &t, n);
		break;
	case LI_FORM_LIST:
		rc = add_list(r, &t, n, kind == LI_KIND_TCP_PORT_LIST ?
		    "tcpPort" : "udpPort");
		break;
	case LI_FORM_CIDR4:
		rc = add_cidr(r, &t, n, &form);
		break;
	default:
		rc = add_text(r, &t, n);
	}
	for (i = 0; rc == 0 && i < t.n; i++) {
		text[i].p = buf_text(&t.b) + t.off[i];
		text[i].n = t.off[i + 1] - t.off[i];
	}
	if (rc == 0) {
		rc = li_target_normalise(out, kind, form, text, t.n, r->why);
		if (rc != 0 && rc != CU_ENOMEM) {
			rc = CU_EMALFORMED;	/* the reason stands */
			r->form = X1_FORM_SYNTAX;
			r->code = X1_CODE_SYNTAX;
		}
	}
	buf_wipe(&t.b);
	return (rc);
}

static int
read_target(struct x1_reader *r, const struct xml_node *n,
    struct li_target *out)
{
	const struct xml_node *c;
	enum li_kind kind;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	if ((c = s.next) == NULL)
		return (x1_refuse(r, n, "empty"));
	s.next = xml_next(c);
	if ((rc = x1_seq_end(r, &s)) != 0)
		return (rc);
	kind = li_kind_find(xml_name(c), strlen(xml_name(c)));
	if (kind == LI_KIND_NONE || strcmp(xml_ns(c), X1_NS) != 0)
		return (x1_refuse(r, n, "a kind that the schema has not"));
	if (kind == LI_KIND_HASHED_IDENTIFIER || kind == LI_KIND_EXTENSION)
		return (x1_later(r, li_kind_name(kind), X1_CODE_TARGET_KIND));
	return (read_value(r, c, kind, out));
}

static int
read_targets(struct x1_reader *r, const struct xml_node *n,
    struct li_task *t)
{
	const struct xml_node *c;
	struct buf set;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	t->targets = calloc(LI_SET_MAX, sizeof(*t->targets));
	if (t->targets == NULL)
		return (CU_ENOMEM);
	while ((c = x1_seq_opt(&s, X1_NS, "targetIdentifier")) != NULL) {
		if (t->targets_n == LI_SET_MAX)
			return (x1_refuse(r, n, "too many"));
		rc = read_target(r, c, &t->targets[t->targets_n]);
		if (rc != 0)
			return (rc);
		t->targets_n++;
	}
	if ((rc = x1_seq_end(r, &s)) != 0)
		return (rc);
	/* Empty, or the same twice, is no set. */
	buf_init(&set, LI_SET_MAX * 4 * LI_VALUE_MAX);
	rc = li_set_text(&set, t->targets, t->targets_n, NULL);
	buf_wipe(&set);
	if (rc == CU_EMALFORMED)
		return (x1_refuse(r, n, t->targets_n == 0 ? "empty" :
		    "the same twice"));
	return (rc);
}

static int
read_services(struct x1_reader *r, const struct xml_node *n,
    unsigned int *out)
{
	const struct xml_node *c;
	unsigned int bit;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	*out = 0;
	while ((c = x1_seq_opt(&s, X1_NS, "serviceType")) != NULL) {
		if ((rc = x1_read_leaf(r, c)) != 0)
			return (rc);
		bit = li_service_find(buf_text(&r->text), r->text.len);
		if (bit == 0)
			return (x1_refuse(r, c, "not one of its values"));
		if ((*out & bit) != 0)
			return (x1_refuse(r, c, "the same twice"));
		*out |= bit;
	}
	if ((rc = x1_seq_end(r, &s)) != 0)
		return (rc);
	/* No list means all; an empty one must not. */
	return (*out == 0 ? x1_refuse(r, n, "empty") : 0);
}

static bool
is_liid(const char *s, size_t n)
{
	bool hex = true;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < '!' || s[i] > '~')
			return (false);
		if (!((s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'a' && s[i] <= 'f')))
			hex = false;
	}
	return (n >= 1 && (n <= 25 || (n <= LI_LIID_MAX && hex)));
}

static int
read_med(struct x1_reader *r, const struct xml_node *n, struct li_med *m)
{
	static const char *const later[] = { "mediationDetailsExtensions",
	    "serviceScopingOptions", "listOfTrafficPolicyReferences" };
	const struct xml_node *c;
	struct x1_seq s;
	size_t i;
	int rc;

	m->start = m->end = LI_TIME_NONE;
	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "LIID", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	if (!is_liid(buf_text(&r->text), r->text.len))
		return (x1_refuse(r, c, "not of the form of its type"));
	memcpy(m->liid, r->text.p, r->text.len + 1);
	if ((rc = x1_seq_need(r, &s, X1_NS, "deliveryType", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	m->delivery = li_med_delivery_find(buf_text(&r->text), r->text.len);
	if (m->delivery == LI_MED_NONE)
		return (x1_refuse(r, c, "not one of its values"));
	if ((c = x1_seq_opt(&s, X1_NS, "StartTime")) != NULL &&
	    (rc = x1_read_time(r, c, &m->start)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "EndTime")) != NULL &&
	    (rc = x1_read_time(r, c, &m->end)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "listOfDIDs")) != NULL) {
		m->own_dids = true;
		if ((rc = x1_read_dids(r, c, &m->dids, &m->dids_n)) != 0)
			return (rc);
	}
	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (xml_is(s.next, X1_NS, later[i]))
			return (x1_later(r, later[i], r->later_code));
	return (x1_seq_end(r, &s));
}

static int
read_meds(struct x1_reader *r, const struct xml_node *n, struct li_task *t)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	t->has_meds = true;
	if ((t->meds = calloc(LI_MEDS_MAX, sizeof(*t->meds))) == NULL)
		return (CU_ENOMEM);
	while ((c = x1_seq_opt(&s, X1_NS, "mediationDetails")) != NULL) {
		if (t->meds_n == LI_MEDS_MAX)
			return (x1_refuse(r, n, "too many"));
		/* Counted first: li_task_fini frees what it got as far as. */
		if ((rc = read_med(r, c, &t->meds[t->meds_n++])) != 0)
			return (rc);
	}
	return (x1_seq_end(r, &s));
}

/*
 * Extensions and traffic policies: refused by name in a request; of an answer
 * they are kept as the digest `rest`, so that no change of them goes unseen.
 */
static int
read_rest(struct x1_reader *r, struct x1_seq *s, struct li_task *t)
{
	const struct xml_node *c;
	struct buf b;
	int rc = 0;

	if (s->next == NULL)
		return (0);
	if (!r->answer) {
		if (x1_seq_opt(s, X1_NS, "taskDetailsExtensions") != NULL)
			return (x1_later(r, "taskDetailsExtensions",
			    r->later_code));
		if (x1_seq_opt(s, X1_NS, "listOfTrafficPolicyReferences") !=
		    NULL)
			return (x1_later(r, "listOfTrafficPolicyReferences",
			    r->later_code));
		return (x1_seq_end(r, s));
	}
	buf_init(&b, REST_MAX);
	while (rc == 0 &&
	    (c = x1_seq_opt(s, X1_NS, "taskDetailsExtensions")) != NULL)
		rc = xml_c14n(&b, c);
	if (rc == 0 && (c = x1_seq_opt(s, X1_NS,
	    "listOfTrafficPolicyReferences")) != NULL)
		rc = xml_c14n(&b, c);
	if (rc == CU_ELIMIT || rc == CU_EMALFORMED)
		rc = x1_refuse(r, s->parent, rc == CU_ELIMIT ?
		    "extensions too long" : "a namespace that is no URI");
	if (rc == 0 && b.len > 0)
		li_task_set_rest(t, b.p, b.len);
	buf_fini(&b);
	return (rc != 0 ? rc : x1_seq_end(r, s));
}

static int
read_delivery(struct x1_reader *r, const struct xml_node *n,
    enum li_delivery *out)
{
	int rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	*out = li_delivery_find(buf_text(&r->text), r->text.len);
	return (*out == LI_DELIVERY_NONE ?
	    x1_refuse(r, n, "not one of its values") : 0);
}

static int
read_correlation(struct x1_reader *r, const struct xml_node *n,
    struct li_task *t)
{
	int rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	if (text_dec(buf_text(&r->text), r->text.len, &t->correlation) != 0)
		return (x1_refuse(r, n, "not a plain number of 64 bits"));
	t->has_correlation = true;
	return (0);
}

static int
read_task_parts(struct x1_reader *r, struct x1_seq *s, struct li_task *t)
{
	const struct xml_node *c;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, "xId", &c)) != 0 ||
	    (rc = x1_read_uuid(r, c, t->xid)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "targetIdentifiers", &c)) != 0 ||
	    (rc = read_targets(r, c, t)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "deliveryType", &c)) != 0 ||
	    (rc = read_delivery(r, c, &t->shape.delivery)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "listOfDIDs", &c)) != 0 ||
	    (rc = x1_read_dids(r, c, &t->shape.dids, &t->shape.dids_n)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, "listOfMediationDetails")) != NULL &&
	    (rc = read_meds(r, c, t)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, "correlationID")) != NULL &&
	    (rc = read_correlation(r, c, t)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, "implicitDeactivationAllowed")) != NULL) {
		if ((rc = x1_read_bool(r, c, &t->implicit)) != 0)
			return (rc);
		t->has_implicit = true;
	}
	if ((c = x1_seq_opt(s, X1_NS, "productID")) != NULL &&
	    (rc = x1_read_uuid(r, c, t->product)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, "listOfServiceTypes")) != NULL &&
	    (rc = read_services(r, c, &t->shape.services)) != 0)
		return (rc);
	return (read_rest(r, s, t));
}

int
x1_read_task(struct x1_reader *r, const struct xml_node *n,
    struct li_task *out)
{
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) == 0)
		rc = read_task_parts(r, &s, out);
	if (rc != 0)
		li_task_fini(out);
	return (rc);
}

int
x1_read_task_status(struct x1_reader *r, const struct xml_node *n,
    struct li_task_status *out)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	li_task_status_init(out);
	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "provisioningStatus", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	out->provisioning = li_provisioning_find(buf_text(&r->text),
	    r->text.len);
	if (out->provisioning == LI_PROVISIONING_NONE)
		return (x1_refuse(r, c, "not one of its values"));
	if ((rc = x1_seq_need(r, &s, X1_NS, "listOfFaults", &c)) != 0 ||
	    (rc = x1_read_faults(r, c, &out->faults)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "timeOfLastIntercept")) != NULL &&
	    (rc = x1_read_time(r, c, &out->last_intercept)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "amountOfX2Data")) != NULL &&
	    (rc = x1_read_count(r, c, &out->x2)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "amountOfX3Data")) != NULL &&
	    (rc = x1_read_count(r, c, &out->x3)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "timeOfLastModification")) != NULL &&
	    (rc = x1_read_time(r, c, &out->last_modification)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "numberOfModifications")) != NULL &&
	    (rc = x1_read_count(r, c, &out->modifications)) != 0)
		return (rc);
	if (xml_is(s.next, X1_NS, "taskStatusExtensions"))
		return (x1_later(r, "taskStatusExtensions", r->later_code));
	return (x1_seq_end(r, &s));
}

/* An address and a port of TS 103 280: what stands in ipAddressAndPort. */
static int
read_socket(struct x1_reader *r, const struct xml_node *n,
    struct li_address *out)
{
	enum li_address_kind kind = LI_ADDRESS_IPV4;
	enum li_proto proto = LI_PROTO_TCP;
	const struct xml_node *a, *p, *c;
	char ip[64];
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS_COMMON, "address", &a)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS_COMMON, "port", &p)) != 0 ||
	    (rc = x1_seq_end(r, &s)) != 0 ||
	    (rc = x1_seq_open(r, &s, a)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS_COMMON, "IPv6Address")) != NULL)
		kind = LI_ADDRESS_IPV6;
	else if ((rc = x1_seq_need(r, &s, X1_NS_COMMON, "IPv4Address", &c)) !=
	    0)
		return (rc);
	if ((rc = x1_seq_end(r, &s)) != 0 ||
	    (rc = x1_read_token(r, c, ip, sizeof(ip) - 1)) != 0 ||
	    (rc = x1_seq_open(r, &s, p)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS_COMMON, "UDPPort")) != NULL)
		proto = LI_PROTO_UDP;
	else if ((rc = x1_seq_need(r, &s, X1_NS_COMMON, "TCPPort", &c)) != 0)
		return (rc);
	if ((rc = x1_seq_end(r, &s)) != 0 || (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	rc = li_address_set(out, kind, ip, strlen(ip), proto,
	    buf_text(&r->text), r->text.len, r->why);
	return (rc);
}

static int
read_address(struct x1_reader *r, const struct xml_node *n,
    struct li_address *out)
{
	static const struct { const char *name; enum li_address_kind kind; }
	    choice[] = {
		{ "e164Number", LI_ADDRESS_E164 }, { "uri", LI_ADDRESS_URI },
		{ "emailAddress", LI_ADDRESS_EMAIL },
	};
	const struct xml_node *c;
	struct x1_seq s;
	size_t i;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "ipAddressAndPort")) != NULL) {
		if ((rc = x1_seq_end(r, &s)) == 0)
			rc = read_socket(r, c, out);
	} else {
		for (i = 0; c == NULL && i < 3; i++)
			c = x1_seq_opt(&s, X1_NS, choice[i].name);
		if (c == NULL)
			return (x1_refuse(r, n,
			    "a kind that the schema has not"));
		if ((rc = x1_seq_end(r, &s)) == 0 &&
		    (rc = x1_read_leaf(r, c)) == 0)
			rc = li_address_set(out, choice[i - 1].kind,
			    buf_text(&r->text), r->text.len, LI_PROTO_NONE,
			    NULL, 0, r->why);
	}
	if (rc != 0 && rc != CU_ENOMEM && r->form == X1_FORM_OK) {
		/* The reason is that of li. */
		r->form = X1_FORM_SYNTAX;
		r->code = X1_CODE_SYNTAX;
		rc = CU_EMALFORMED;
	}
	return (rc);
}

static int
read_destination_parts(struct x1_reader *r, const struct xml_node *n,
    struct li_destination *d)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "dId", &c)) != 0 ||
	    (rc = x1_read_uuid(r, c, d->did)) != 0)
		return (rc);
	if ((c = x1_seq_opt(&s, X1_NS, "friendlyName")) != NULL &&
	    (rc = x1_read_string(r, c, &d->name, LI_NAME_MAX)) != 0)
		return (rc);
	if ((rc = x1_seq_need(r, &s, X1_NS, "deliveryType", &c)) != 0 ||
	    (rc = read_delivery(r, c, &d->delivery)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "deliveryAddress", &c)) != 0 ||
	    (rc = read_address(r, c, &d->address)) != 0)
		return (rc);
	if (xml_is(s.next, X1_NS, "destinationDetailsExtensions"))
		return (x1_later(r, "destinationDetailsExtensions",
		    r->later_code));
	return (x1_seq_end(r, &s));
}

int
x1_read_destination(struct x1_reader *r, const struct xml_node *n,
    struct li_destination *out)
{
	int rc;

	if ((rc = read_destination_parts(r, n, out)) != 0)
		li_destination_fini(out);
	return (rc);
}

int
x1_read_destination_status(struct x1_reader *r, const struct xml_node *n,
    struct li_destination_status *out)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "destinationDeliveryStatus",
	    &c)) != 0 || (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	out->state = li_destination_state_find(buf_text(&r->text),
	    r->text.len);
	if (out->state == LI_DESTINATION_NONE)
		return (x1_refuse(r, c, "not one of its values"));
	if ((rc = x1_seq_need(r, &s, X1_NS, "listOfFaults", &c)) != 0 ||
	    (rc = x1_read_faults(r, c, &out->faults)) != 0)
		return (rc);
	return (x1_seq_end(r, &s));
}
