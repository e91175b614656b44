/* src/record/record_open.c: do the disclosures of an act say what they must? */
#include <string.h>
#include "base/err.h"
#include "json/jv.h"
#include "record/record_payload.h"
#include "record/record_read.h"
#include "record/record_vault.h"
#include "record/record_warrant.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_free(const struct jv *v)
{
	return (record_free_text(v) != NULL);
}

static bool
is_key(const struct jv *v)
{
	uint8_t raw[32];

	return (jv_bytes(v, raw, sizeof(raw)) == 0);
}

static bool
is_document(const struct jv *v)
{
	uint8_t raw[DIGEST_LEN];

	return (jv_is(v, JV_ARRAY) && jv_len(v) == 2 &&
	    record_free_text(jv_at(v, 0)) != NULL &&
	    jv_bytes(jv_at(v, 1), raw, sizeof(raw)) == 0);
}

static bool
is_liid(const struct jv *v)
{
	return (record_liid(v) != NULL);
}

static bool
is_array(const struct jv *v)
{
	return (jv_is(v, JV_ARRAY));	/* looked at by record_warrant_open */
}

/* docs/format/statement.md, "Disclosures of acts". */
struct rule {
	const char *name;
	size_t least, most;
	bool (*fine)(const struct jv *);
};

static const struct rule r_name[] = { { "name", 1, 1, is_free } };
static const struct rule r_audit[] = { { "audit_key", 1, 1, is_key } };
static const struct rule r_must[] = { { "reason", 1, 1, is_free } };
static const struct rule r_may[] = { { "reason", 0, 1, is_free } };
static const struct rule r_warrant[] = {
	{ "authority", 1, 1, is_free }, { "reference", 1, 1, is_free },
	{ "legal_basis", 1, 1, is_free }, { "liid", 1, 1, is_liid },
	{ "targets", 1, 1, is_array }, { "token_key", 1, 1, is_key },
	{ "document", 0, RECORD_DOCUMENTS_MAX, is_document },
};

static const struct rule *
rules_of(const struct record_payload *p, size_t *n)
{
	*n = 1;
	if (p->kind == RECORD_GENESIS ||
	    (p->kind == RECORD_ELEMENT && p->verb == RECORD_CHANGE)) {
		*n = 0;
		return (r_may);
	}
	if (p->kind == RECORD_HOLDER && p->verb != RECORD_REVOKE)
		return (r_name);
	if (p->kind == RECORD_ELEMENT && p->verb == RECORD_ADD)
		return (r_audit);
	if (p->kind == RECORD_FINDING)
		return (r_must);
	if (p->kind == RECORD_WARRANT && p->verb == RECORD_SUBMIT) {
		*n = N(r_warrant);
		return (r_warrant);
	}
	return (r_may);
}

int
record_payload_count(const struct record_payload *p, struct cu_why *why)
{
	size_t i, n, least = 0, most = 0;
	const struct rule *rule = rules_of(p, &n);

	for (i = 0; i < n; i++) {
		least += rule[i].least;
		most += rule[i].most;
	}
	if (p->sd_n >= least && p->sd_n <= most)
		return (0);
	cu_why_set(why, "member _sd: %zu disclosures, not %zu to %zu",
	    p->sd_n, least, most);
	return (CU_EMALFORMED);
}

/* One disclosure against the rules; count it. */
static int
check_one(const struct record_sd *sd, const struct rule *rule, size_t n,
    size_t *seen, struct cu_why *why)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(rule[i].name, sd->name) == 0)
			break;
	if (i == n) {
		cu_why_set(why, "disclosure %s: not one of this act",
		    sd->name);
		return (CU_EMALFORMED);
	}
	if (++seen[i] > rule[i].most) {
		cu_why_set(why, "disclosure %s: too often", sd->name);
		return (CU_EMALFORMED);
	}
	if (!rule[i].fine(sd->value)) {
		cu_why_set(why, "disclosure %s: not its form", sd->name);
		return (CU_EMALFORMED);
	}
	return (0);
}

int
record_payload_open(const struct record_payload *p,
    const struct record_sds *sds, struct cu_why *why)
{
	size_t i, n, seen[N(r_warrant)] = { 0 };
	const struct rule *rule = rules_of(p, &n);
	struct record_sd sd;
	int rc;

	if (!record_sd_match(sds, p->sd, p->sd_n)) {
		cu_why_set(why, "the disclosures are not those of _sd");
		return (CU_EMALFORMED);
	}
	for (i = 0; i < sds->n; i++) {
		if ((rc = record_sd_read(&sd, sds->row[i].text,
		    sds->row[i].len, why)) != 0)
			return (rc);
		rc = check_one(&sd, rule, n, seen, why);
		record_sd_fini(&sd);
		if (rc != 0)
			return (rc);
	}
	for (i = 0; i < n; i++)
		if (seen[i] < rule[i].least) {
			cu_why_set(why, "disclosure %s: missing",
			    rule[i].name);
			return (CU_EMALFORMED);
		}
	return (0);
}

void
record_payload_owner(struct record_owner *o, const struct record_payload *p)
{
	o->warrant = o->element = o->holder = NULL;
	switch (p->kind) {
	case RECORD_WARRANT:
		o->warrant = p->verb == RECORD_SUBMIT ? p->warrant.id :
		    p->decide.id;
		break;
	case RECORD_ELEMENT:
		o->element = p->element.id;
		break;
	case RECORD_HOLDER:
		if (p->verb != RECORD_REVOKE)
			o->holder = p->holder.id;
		break;
	default:
		break;
	}
}
