/* src/li/li_task.c: tasks and destinations as values: names, copies, ends */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "crypto/digest.h"
#include "li/li_task.h"

static const char *const deliveries[] = { "", "X2Only", "X3Only", "X2andX3" };
static const char *const med_deliveries[] = {
	"", "HI2Only", "HI3Only", "HI2andHI3"
};
static const char *const services[] = {
	"LALS", "RCS", "data", "messaging", "pushToTalk", "voice"
};
static const char *const provisionings[] = {
	"", "awaitingProvisioning", "failed", "complete"
};
static const char *const states[] = {
	"", "activeAndWorking", "deliveryFault"
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned int
find(const char *const *names, size_t n, const char *s, size_t len)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (text_eq(s, len, names[i]))
			return ((unsigned int)i);
	return (0);
}

const char *
li_delivery_name(enum li_delivery d)
{
	return (d < COUNT(deliveries) ? deliveries[d] : "");
}

enum li_delivery
li_delivery_find(const char *s, size_t n)
{
	return (find(deliveries, COUNT(deliveries), s, n));
}

const char *
li_med_delivery_name(enum li_med_delivery d)
{
	return (d < COUNT(med_deliveries) ? med_deliveries[d] : "");
}

enum li_med_delivery
li_med_delivery_find(const char *s, size_t n)
{
	return (find(med_deliveries, COUNT(med_deliveries), s, n));
}

const char *
li_service_name(unsigned int bit)
{
	size_t i;

	for (i = 0; i < COUNT(services); i++)
		if (bit == 1U << i)
			return (services[i]);
	return ("");
}

unsigned int
li_service_find(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < COUNT(services); i++)
		if (text_eq(s, n, services[i]))
			return (1U << i);
	return (0);
}

const char *
li_provisioning_name(enum li_provisioning p)
{
	return (p < COUNT(provisionings) ? provisionings[p] : "");
}

enum li_provisioning
li_provisioning_find(const char *s, size_t n)
{
	return (find(provisionings, COUNT(provisionings), s, n));
}

const char *
li_destination_state_name(enum li_destination_state s)
{
	return (s < COUNT(states) ? states[s] : "");
}

enum li_destination_state
li_destination_state_find(const char *s, size_t n)
{
	return (find(states, COUNT(states), s, n));
}

void
li_shape_fini(struct li_shape *s)
{
	free(s->dids);
	memset(s, 0, sizeof(*s));
}

void
li_task_init(struct li_task *t)
{
	memset(t, 0, sizeof(*t));
}

void
li_task_fini(struct li_task *t)
{
	size_t i;

	for (i = 0; i < t->targets_n; i++)
		li_target_fini(&t->targets[i]);
	free(t->targets);
	for (i = 0; i < t->meds_n; i++)
		free(t->meds[i].dids);
	if (t->meds != NULL)
		explicit_bzero(t->meds, t->meds_n * sizeof(*t->meds));
	free(t->meds);
	li_shape_fini(&t->shape);
	memset(t, 0, sizeof(*t));
}

void
li_faults_fini(struct li_faults *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->v[i].text);
	free(f->v);
	memset(f, 0, sizeof(*f));
}

void
li_task_status_init(struct li_task_status *s)
{
	memset(s, 0, sizeof(*s));
	s->last_intercept = s->last_modification = LI_TIME_NONE;
}

void
li_task_status_fini(struct li_task_status *s)
{
	li_faults_fini(&s->faults);
	li_task_status_init(s);
}

void
li_address_fini(struct li_address *a)
{
	free(a->value);
	memset(a, 0, sizeof(*a));
}

void
li_destination_fini(struct li_destination *d)
{
	free(d->name);
	li_address_fini(&d->address);
	memset(d, 0, sizeof(*d));
}

void
li_destination_status_fini(struct li_destination_status *s)
{
	li_faults_fini(&s->faults);
	memset(s, 0, sizeof(*s));
}

static int
copy_dids(li_uuid **out, li_uuid *v, size_t n)
{
	*out = NULL;
	if (n == 0)
		return (0);
	if ((*out = calloc(n, sizeof(**out))) == NULL)
		return (CU_ENOMEM);
	memcpy(*out, v, n * sizeof(**out));
	return (0);
}

int
li_shape_copy(struct li_shape *out, const struct li_shape *in)
{
	*out = *in;
	if (copy_dids(&out->dids, in->dids, in->dids_n) != 0) {
		memset(out, 0, sizeof(*out));
		return (CU_ENOMEM);
	}
	return (0);
}

int
li_task_copy(struct li_task *out, const struct li_task *in)
{
	size_t i;

	*out = *in;
	out->targets = NULL;
	out->meds = NULL;
	out->targets_n = out->meds_n = 0;
	if (li_shape_copy(&out->shape, &in->shape) != 0)
		goto err;
	if (in->targets_n > 0 && (out->targets = calloc(in->targets_n,
	    sizeof(*out->targets))) == NULL)
		goto err;
	for (i = 0; i < in->targets_n; i++) {
		out->targets[i].kind = in->targets[i].kind;
		out->targets[i].value = strdup(in->targets[i].value);
		if (out->targets[i].value == NULL)
			goto err;
		out->targets_n++;
	}
	if (in->meds_n > 0 && (out->meds = calloc(in->meds_n,
	    sizeof(*out->meds))) == NULL)
		goto err;
	for (i = 0; i < in->meds_n; i++) {
		out->meds[i] = in->meds[i];
		if (copy_dids(&out->meds[i].dids, in->meds[i].dids,
		    in->meds[i].dids_n) != 0)
			goto err;
		out->meds_n++;
	}
	return (0);

err:	li_task_fini(out);
	return (CU_ENOMEM);
}

int
li_destination_copy(struct li_destination *out, const struct li_destination *in)
{
	*out = *in;
	out->name = in->name != NULL ? strdup(in->name) : NULL;
	out->address.value = strdup(in->address.value);
	if (out->address.value == NULL ||
	    (in->name != NULL && out->name == NULL)) {
		li_destination_fini(out);
		return (CU_ENOMEM);
	}
	return (0);
}

void
li_task_set_rest(struct li_task *t, const void *c14n, size_t n)
{
	uint8_t hash[DIGEST_LEN];

	digest(hash, c14n, n);
	text_hex(t->rest, hash, sizeof(hash));
}
