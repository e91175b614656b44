/* src/record/record_warrant.c: an order: document, payload, openings */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_read.h"
#include "record/record_warrant.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* The next byte of a value as set text writes it: itself, or %XX. */
static size_t
escaped(char out[3], unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || (c != '\0' &&
	    strchr("._:@+/-", c) != NULL)) {
		out[0] = (char)c;
		return (1);
	}
	out[0] = '%';
	out[1] = hex[c >> 4];
	out[2] = hex[c & 15];
	return (3);
}

/* Order of two values as set text writes them, the line's LF included. */
static int
value_cmp(const char *a, const char *b)
{
	char ea[3] = { 0 }, eb[3] = { 0 };	/* one byte, or three */
	int rc;

	/* Equal bytes are equal escaped: only the first difference counts. */
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	if (*a == *b)
		return (0);
	if (*a == '\0' || *b == '\0')	/* LF sorts below all that follows */
		return (*a == '\0' ? -1 : 1);
	escaped(ea, (unsigned char)*a);
	escaped(eb, (unsigned char)*b);
	rc = ea[0] - eb[0];
	if (rc == 0)
		rc = ea[1] != eb[1] ? ea[1] - eb[1] : ea[2] - eb[2];
	return (rc);
}

static int
target_cmp(const void *pa, const void *pb)
{
	const struct record_target *a = pa, *b = pb;
	size_t i;
	int ca, cb;

	/* `kind=`: a kind that is the start of another ends in `=`. */
	for (i = 0;; i++) {
		ca = a->kind[i] != '\0' ? a->kind[i] : '=';
		cb = b->kind[i] != '\0' ? b->kind[i] : '=';
		if (ca != cb)
			return (ca - cb);
		if (a->kind[i] == '\0')
			return (value_cmp(a->value, b->value));
	}
}

int
record_set_sort(struct record_target *t, size_t n)
{
	size_t i;

	if (n > 1)
		qsort(t, n, sizeof(*t), target_cmp);
	for (i = 1; i < n; i++)
		if (target_cmp(&t[i - 1], &t[i]) == 0)
			return (CU_EMALFORMED);
	return (0);
}

/* What is read of a document before anything is written. */
struct doc {
	struct jv *root;
	struct record_payload p;	/* its lists are freed by doc_fini */
	const struct jv *targets, *documents;
	const char *authority, *reference, *legal_basis, *liid;
	size_t len[RECORD_SETS_MAX];
	struct record_target *target;	/* values owned, kinds borrowed */
	size_t targets_n;
};

static void
doc_fini(struct doc *d)
{
	size_t i;

	for (i = 0; i < d->targets_n; i++) {
		wipe((char *)(uintptr_t)d->target[i].value,
		    strlen(d->target[i].value));
		free((char *)(uintptr_t)d->target[i].value);
	}
	free(d->target);
	free(d->p.warrant.services.v);
	free(d->p.warrant.elements.v);
	free(d->p.warrant.zones.v);
	free(d->p.warrant.deliver_to.v);
	free(d->p.warrant.sets.token);
	jv_free(d->root);
}

enum { D_ID, D_REVISION, D_SUPERSEDES, D_KIND, D_AUTHORITY, D_REFERENCE,
	D_LEGAL_BASIS, D_FROM, D_UNTIL, D_SCOPE, D_SERVICES, D_LIID,
	D_DELIVER_TO, D_ELEMENTS, D_ZONES, D_TARGETS, D_DOCUMENTS, D_N };

static const struct jv_member members[D_N] = {
	{ "id", JV_STRING, 0 }, { "revision", JV_INTEGER, JV_OPTIONAL },
	{ "supersedes", JV_STRING, JV_OPTIONAL | JV_NULLABLE },
	{ "kind", JV_STRING, 0 }, { "authority", JV_STRING, 0 },
	{ "reference", JV_STRING, 0 }, { "legal_basis", JV_STRING, 0 },
	{ "from", JV_STRING, 0 }, { "until", JV_STRING, 0 },
	{ "scope", JV_STRING, 0 }, { "services", JV_ARRAY, JV_OPTIONAL },
	{ "liid", JV_STRING, 0 }, { "deliver_to", JV_ARRAY, JV_OPTIONAL },
	{ "elements", JV_ARRAY, JV_OPTIONAL },
	{ "zones", JV_ARRAY, JV_OPTIONAL }, { "targets", JV_ARRAY, 0 },
	{ "documents", JV_ARRAY, JV_OPTIONAL },
};

static const char not_time[] =
    "not a UTC time of the form 2026-11-22T10:00:00Z";

/* With six digits, or none and then as people write it. */
static int
read_time(utc_us *out, const struct jv *v)
{
	char full[UTC_LEN + 1] = "";
	const char *s;
	size_t n;

	if ((s = jv_str(v, &n)) == NULL)
		return (-1);
	if (n == UTC_LEN)
		return (utc_parse(s, n, out));
	if (n != UTC_LEN - 7 || s[n - 1] != 'Z')
		return (-1);
	memcpy(full, s, n - 1);
	memcpy(full + n - 1, ".000000Z", 9);
	return (utc_parse(full, UTC_LEN, out));
}

/* A list of ids: only what the payload's reader cannot name better. */
static int
read_ids(struct record_strs *out, const struct jv *v, const char *name,
    struct cu_why *why)
{
	size_t i, n = jv_len(v);

	if (n > RECORD_LIST_MAX) {
		cu_why_set(why, "member %s: more than %d", name,
		    RECORD_LIST_MAX);
		return (CU_ELIMIT);
	}
	if (n == 0)
		return (0);
	if ((out->v = calloc(n, sizeof(*out->v))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < n; i++)
		if ((out->v[i] = record_id(jv_at(v, i))) == NULL)
			return (record_bad(why, name, "not an id"));
	out->n = n;
	return (0);
}

static int
read_free(const char **out, const struct jv *v, const char *name,
    struct cu_why *why)
{
	if ((*out = record_free_text(v)) == NULL)
		return (record_bad(why, name, "not 1 to 4096 bytes of text"));
	return (0);
}

static int
read_clear(struct doc *d, const struct jv *v[D_N], struct cu_why *why)
{
	struct record_warrant *w = &d->p.warrant;

	d->p.kind = RECORD_WARRANT;
	d->p.verb = RECORD_SUBMIT;
	if ((w->id = record_id(v[D_ID])) == NULL)
		return (record_bad(why, "id", "not the form of an id"));
	w->revision = 1;
	if (v[D_REVISION] != NULL)
		jv_int(v[D_REVISION], &w->revision);
	if (w->revision < 1 || w->revision > INT32_MAX)
		return (record_bad(why, "revision", "out of range"));
	w->has_supersedes = jv_is(v[D_SUPERSEDES], JV_STRING);
	if (w->has_supersedes && jv_bytes(v[D_SUPERSEDES], w->supersedes,
	    DIGEST_LEN) != 0)
		return (record_bad(why, "supersedes", "not a digest"));
	if (w->has_supersedes != (w->revision > 1))
		return (record_bad(why, "supersedes",
		    "from revision 2 on, and only there"));
	if ((w->kind = record_order_find(record_cstr(v[D_KIND]))) == 0)
		return (record_bad(why, "kind",
		    "not ordinary, emergency or test"));
	if (read_time(&w->from, v[D_FROM]) != 0)
		return (record_bad(why, "from", not_time));
	if (read_time(&w->until, v[D_UNTIL]) != 0)
		return (record_bad(why, "until", not_time));
	if (w->from >= w->until)
		return (record_bad(why, "until", "not after from"));
	w->cc = jv_streq(v[D_SCOPE], "iri+cc");
	if (!w->cc && !jv_streq(v[D_SCOPE], "iri"))
		return (record_bad(why, "scope", "neither iri nor iri+cc"));
	if (jv_len(v[D_ELEMENTS]) + jv_len(v[D_ZONES]) == 0)
		return (record_bad(why, "elements",
		    "neither elements nor zones are named"));
	return (0);
}

/* One member of a target set, in its normal form. */
static int
read_target(struct record_target *out, const struct jv *v,
    record_normal *normal, void *cookie, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "kind", JV_STRING, 0 }, { "value", JV_STRING, 0 },
	};
	const struct jv *got[N(m)];
	const char *value;
	struct buf b;
	size_t n;
	int rc;

	if ((rc = jv_members(v, m, N(m), got, why)) != 0)
		return (rc);
	if ((out->kind = record_id(got[0])) == NULL)
		return (record_bad(why, "kind", "not a target identifier"));
	if ((value = jv_str(got[1], &n)) == NULL || n < 1 ||
	    n > RECORD_VALUE_MAX || strlen(value) != n)
		return (record_bad(why, "value", "empty or too long"));
	buf_init(&b, RECORD_VALUE_MAX);
	rc = normal(cookie, &b, out->kind, value, n, why);
	if (rc == 0 && (out->value = strdup(buf_text(&b))) == NULL)
		rc = CU_ENOMEM;
	buf_wipe(&b);
	return (rc);
}

static int
read_targets(struct doc *d, const struct jv *v, record_normal *normal,
    void *cookie, struct cu_why *why)
{
	size_t i, k, n = jv_len(v), total = 0;
	const struct jv *set;
	int rc;

	if (n < 1 || n > RECORD_SETS_MAX)
		return (record_bad(why, "targets", "not 1 to 64 sets"));
	for (i = 0; i < n; i++) {
		d->len[i] = jv_len(jv_at(v, i));
		total += d->len[i];
		if (jv_is(jv_at(v, i), JV_ARRAY) && d->len[i] >= 1 &&
		    d->len[i] <= RECORD_SET_MAX)
			continue;
		cu_why_set(why, "member targets: set %zu: not a list of 1 to "
		    "16", i + 1);
		return (CU_EMALFORMED);
	}
	if (total > RECORD_MEMBERS_MAX)
		return (record_bad(why, "targets", "more than 512 together"));
	if ((d->target = calloc(total, sizeof(*d->target))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < n; i++) {
		set = jv_at(v, i);
		for (k = 0; k < d->len[i]; k++) {
			rc = read_target(&d->target[d->targets_n],
			    jv_at(set, k), normal, cookie, why);
			if (rc != 0) {
				cu_why_in(why, "member targets: set %zu, "
				    "member %zu", i + 1, k + 1);
				return (rc);
			}
			d->targets_n++;
		}
		if (record_set_sort(d->target + d->targets_n - d->len[i],
		    d->len[i]) != 0) {
			cu_why_set(why, "member targets: set %zu: a member "
			    "twice", i + 1);
			return (CU_EMALFORMED);
		}
	}
	d->p.warrant.sets.n = n;
	memcpy(d->p.warrant.sets.len, d->len, sizeof(d->len));
	return (0);
}

static int
read_doc(struct doc *d, const char *text, size_t len, record_normal *normal,
    void *cookie, struct cu_why *why)
{
	struct record_warrant *w = &d->p.warrant;
	const struct jv *v[D_N];
	int rc;

	if (len > RECORD_WARRANT_DOC_MAX) {
		cu_why_set(why, "over %d bytes", RECORD_WARRANT_DOC_MAX);
		return (CU_ELIMIT);
	}
	if ((rc = jv_parse(&d->root, text, len, why)) != 0 ||
	    (rc = jv_members(d->root, members, D_N, v, why)) != 0 ||
	    (rc = read_clear(d, v, why)) != 0 ||
	    (rc = read_free(&d->authority, v[D_AUTHORITY], "authority",
	    why)) != 0 ||
	    (rc = read_free(&d->reference, v[D_REFERENCE], "reference",
	    why)) != 0 ||
	    (rc = read_free(&d->legal_basis, v[D_LEGAL_BASIS], "legal_basis",
	    why)) != 0 ||
	    (rc = read_ids(&w->services, v[D_SERVICES], "services",
	    why)) != 0 ||
	    (rc = read_ids(&w->elements, v[D_ELEMENTS], "elements",
	    why)) != 0 ||
	    (rc = read_ids(&w->zones, v[D_ZONES], "zones", why)) != 0 ||
	    (rc = read_ids(&w->deliver_to, v[D_DELIVER_TO], "deliver_to",
	    why)) != 0)
		return (rc);
	if ((d->liid = record_liid(v[D_LIID])) == NULL)
		return (record_bad(why, "liid", "not 1 to 25 characters of "
		    "ASCII without spaces, or 26 to 50 hex digits"));
	d->documents = v[D_DOCUMENTS];
	if (jv_len(d->documents) > RECORD_DOCUMENTS_MAX)
		return (record_bad(why, "documents", "more than 32"));
	return (read_targets(d, v[D_TARGETS], normal, cookie, why));
}

static int
add_targets(struct record_sds *sds, const struct doc *d)
{
	const struct record_target *t = d->target;
	struct buf b;
	struct jw w;
	size_t i, k;
	int rc;

	buf_init(&b, RECORD_SD_TEXT_MAX);
	jw_init(&w, &b);
	jw_arr(&w, NULL);
	for (i = 0; i < d->p.warrant.sets.n; i++) {
		jw_arr(&w, NULL);
		for (k = 0; k < d->len[i]; k++, t++) {
			jw_arr(&w, NULL);
			jw_str(&w, NULL, t->kind);
			jw_str(&w, NULL, t->value);
			jw_end(&w);
		}
		jw_end(&w);
	}
	jw_end(&w);
	rc = b.rc;
	if (rc == 0)
		rc = record_sds_json(sds, "targets", buf_text(&b), b.len);
	buf_wipe(&b);
	return (rc);
}

static int
add_document(struct record_sds *sds, const struct jv *v, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "name", JV_STRING, 0 }, { "sha256", JV_STRING, 0 },
	};
	const struct jv *got[N(m)];
	uint8_t dg[DIGEST_LEN];
	const char *name;
	struct buf b;
	struct jw w;
	int rc;

	if ((rc = jv_members(v, m, N(m), got, why)) != 0) {
		cu_why_in(why, "member documents");
		return (rc);
	}
	if ((name = record_free_text(got[0])) == NULL)
		return (record_bad(why, "documents", "name is no text"));
	if (jv_hex(got[1], dg, DIGEST_LEN) != 0)
		return (record_bad(why, "documents",
		    "sha256 is not 64 lower-case hex digits"));
	buf_init(&b, 16 * RECORD_FREE_MAX);
	jw_init(&w, &b);
	jw_arr(&w, NULL);
	jw_str(&w, NULL, name);
	jw_bytes(&w, NULL, dg, DIGEST_LEN);
	jw_end(&w);
	rc = b.rc;
	if (rc == 0)
		rc = record_sds_json(sds, "document", buf_text(&b), b.len);
	buf_wipe(&b);
	return (rc);
}

/* In the order of docs/format/warrant.md. */
static int
add_disclosures(struct record_sds *sds, const struct doc *d,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], struct cu_why *why)
{
	size_t i;
	int rc;

	if ((rc = record_sds_str(sds, "authority", d->authority)) != 0 ||
	    (rc = record_sds_str(sds, "reference", d->reference)) != 0 ||
	    (rc = record_sds_str(sds, "legal_basis", d->legal_basis)) != 0 ||
	    (rc = add_targets(sds, d)) != 0 ||
	    (rc = record_sds_str(sds, "liid", d->liid)) != 0)
		return (rc);
	for (i = 0; i < jv_len(d->documents); i++)
		if ((rc = add_document(sds, jv_at(d->documents, i),
		    why)) != 0)
			return (rc);
	return (record_sds_bytes(sds, "token_key", key,
	    RECORD_TOKEN_KEY_LEN));
}

static int
add_sets(struct doc *d, const uint8_t key[RECORD_TOKEN_KEY_LEN],
    struct cu_why *why)
{
	struct record_sets *sets = &d->p.warrant.sets;
	size_t i, n = sets->n, at = 0;

	if ((sets->token = calloc(d->targets_n, sizeof(*sets->token))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < n; i++) {
		record_token_set(sets->token + at, key, d->target + at,
		    d->len[i]);
		sets->n = i;
		if (record_sets_find(sets, sets->token + at, d->len[i]) >= 0) {
			cu_why_set(why, "member targets: set %zu stands "
			    "twice", i + 1);
			return (CU_EMALFORMED);
		}
		at += d->len[i];
	}
	sets->n = n;
	return (0);
}

int
record_warrant_doc(struct buf *payload, struct record_sds *sds,
    const char *text, size_t len, record_normal *normal, void *cookie,
    const uint8_t *token_key, struct cu_why *why)
{
	uint8_t key[RECORD_TOKEN_KEY_LEN];
	struct record_payload *check;
	char subject[TEXT_ID_MAX + 16];
	struct doc d = { 0 };
	size_t at = payload->len;
	int rc;

	if (token_key != NULL)
		memcpy(key, token_key, sizeof(key));
	else
		random_bytes(key, sizeof(key));
	if ((rc = read_doc(&d, text, len, normal, cookie, why)) != 0 ||
	    (rc = add_sets(&d, key, why)) != 0 ||
	    (rc = add_disclosures(sds, &d, key, why)) != 0 ||
	    (rc = record_sds_sort(sds)) != 0)
		goto out;
	record_payload_write(payload, &d.p, sds);
	if ((rc = payload->rc) != 0)
		goto out;
	/* What the document's reader lets through, the payload's judges. */
	record_payload_subject(subject, sizeof(subject), &d.p);
	rc = record_payload_read(&check, RECORD_WARRANT, RECORD_SUBMIT,
	    subject, buf_text(payload) + at, payload->len - at, why);
	if (rc == 0)
		record_payload_free(check);
	else
		payload->len = at;
out:	wipe(key, sizeof(key));
	doc_fini(&d);
	return (rc);
}

void
record_opened_free(struct record_opened *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->sd_n; i++)
		record_sd_fini(&o->sd[i]);
	free(o->sd);
	free(o->target);
	wipe(o, sizeof(*o));
	free(o);
}

/* Is a target as the disclosure has it in its normal form? */
static int
check_normal(const struct record_target *t, record_normal *normal,
    void *cookie, struct cu_why *why)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_VALUE_MAX);
	rc = normal(cookie, &b, t->kind, t->value, strlen(t->value), why);
	if (rc == 0 && strcmp(buf_text(&b), t->value) != 0)
		rc = record_bad(why, "targets", "not in normal form");
	buf_wipe(&b);
	return (rc);
}

/* The disclosure `targets`, row for row as `sets`. */
static int
open_targets(struct record_opened *o, const struct jv *v,
    const struct record_sets *sets, record_normal *normal, void *cookie,
    struct cu_why *why)
{
	size_t i, k, at = 0, total = 0;
	struct record_target *t;
	const struct jv *pair;
	int rc;

	if (!jv_is(v, JV_ARRAY) || jv_len(v) != sets->n)
		return (record_bad(why, "targets", "not a row per set"));
	for (i = 0; i < sets->n; i++) {
		if (!jv_is(jv_at(v, i), JV_ARRAY) ||
		    jv_len(jv_at(v, i)) != sets->len[i])
			return (record_bad(why, "targets",
			    "a row has not the length of its set"));
		total += sets->len[i];
	}
	if ((o->target = calloc(total, sizeof(*o->target))) == NULL)
		return (CU_ENOMEM);
	o->sets_n = sets->n;
	memcpy(o->len, sets->len, sizeof(o->len));
	for (i = 0; i < sets->n; at += sets->len[i++]) {
		for (k = 0; k < sets->len[i]; k++) {
			pair = jv_at(jv_at(v, i), k);
			t = &o->target[at + k];
			t->kind = record_id(jv_at(pair, 0));
			t->value = record_cstr(jv_at(pair, 1));
			if (!jv_is(pair, JV_ARRAY) || jv_len(pair) != 2 ||
			    t->kind == NULL || t->value == NULL ||
			    strlen(t->value) < 1 ||
			    strlen(t->value) > RECORD_VALUE_MAX)
				return (record_bad(why, "targets",
				    "not [kind, value]"));
			if (k > 0 && target_cmp(t - 1, t) >= 0)
				return (record_bad(why, "targets",
				    "not in set text order"));
			if (normal != NULL && (rc = check_normal(t, normal,
			    cookie, why)) != 0)
				return (rc);
		}
	}
	return (0);
}

/* Are the tokens of `sets` those of the targets? */
static int
check_tokens(const struct record_opened *o, const struct record_sets *sets,
    struct cu_why *why)
{
	struct record_token t[RECORD_SET_MAX];
	size_t i, at = 0;

	for (i = 0; i < sets->n; at += sets->len[i++]) {
		record_token_set(t, o->token_key, o->target + at,
		    sets->len[i]);
		if (memcmp(t, sets->token + at,
		    sets->len[i] * sizeof(t[0])) != 0) {
			cu_why_set(why, "set %zu: its tokens are not those of "
			    "its targets", i + 1);
			return (CU_EMALFORMED);
		}
	}
	return (0);
}

static bool
listed(const struct record_payload *p, const uint8_t dg[DIGEST_LEN])
{
	size_t i;

	for (i = 0; i < p->sd_n; i++)
		if (memcmp(p->sd[i], dg, DIGEST_LEN) == 0)
			return (true);
	return (false);
}

/* Read each text, and know it by its name. */
static int
open_all(struct record_opened *o, const struct record_payload *p,
    const struct record_sds *sds, const struct jv **targets,
    const struct jv **key, struct cu_why *why)
{
	struct record_sd *sd;
	size_t i;
	int rc;

	if (sds->n > 0 && (o->sd = calloc(sds->n, sizeof(*o->sd))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < sds->n; i++) {
		sd = &o->sd[o->sd_n];
		if ((rc = record_sd_read(sd, sds->row[i].text,
		    sds->row[i].len, why)) != 0)
			return (rc);
		o->sd_n++;
		if (!listed(p, sd->digest)) {
			cu_why_set(why, "a disclosure is not in _sd");
			return (CU_EMALFORMED);
		}
		if (strcmp(sd->name, "authority") == 0)
			o->authority = record_free_text(sd->value);
		else if (strcmp(sd->name, "reference") == 0)
			o->reference = record_free_text(sd->value);
		else if (strcmp(sd->name, "legal_basis") == 0)
			o->legal_basis = record_free_text(sd->value);
		else if (strcmp(sd->name, "liid") == 0)
			o->liid = record_liid(sd->value);
		else if (strcmp(sd->name, "targets") == 0 && !*targets)
			*targets = sd->value;
		else if (strcmp(sd->name, "token_key") == 0 && !*key)
			*key = sd->value;
		else if (strcmp(sd->name, "document") == 0 &&
		    o->documents_n < RECORD_DOCUMENTS_MAX &&
		    record_free_text(jv_at(sd->value, 0)) != NULL &&
		    jv_bytes(jv_at(sd->value, 1),
		    o->document[o->documents_n].digest, DIGEST_LEN) == 0)
			o->document[o->documents_n++].name =
			    record_free_text(jv_at(sd->value, 0));
		else
			return (record_bad(why, sd->name,
			    "a disclosure twice, unknown or malformed"));
	}
	return (0);
}

int
record_warrant_open(struct record_opened **out,
    const struct record_payload *p, const struct record_sds *sds, bool all,
    record_normal *normal, void *cookie, struct cu_why *why)
{
	const struct jv *targets = NULL, *key = NULL;
	struct record_opened *o;
	int rc;

	if (p->kind != RECORD_WARRANT || p->verb != RECORD_SUBMIT)
		return (CU_ESTATE);
	if (all && (rc = record_payload_open(p, sds, why)) != 0)
		return (rc);
	if ((o = calloc(1, sizeof(*o))) == NULL)
		return (CU_ENOMEM);
	if ((rc = open_all(o, p, sds, &targets, &key, why)) != 0)
		goto err;
	if (targets == NULL || key == NULL) {
		rc = record_bad(why, targets == NULL ? "targets" :
		    "token_key", "the disclosure is missing");
		goto err;
	}
	if (jv_bytes(key, o->token_key, RECORD_TOKEN_KEY_LEN) != 0) {
		rc = record_bad(why, "token_key", "not 32 bytes");
		goto err;
	}
	if ((rc = open_targets(o, targets, &p->warrant.sets, normal, cookie,
	    why)) != 0 ||
	    (rc = check_tokens(o, &p->warrant.sets, why)) != 0)
		goto err;
	*out = o;
	return (0);

err:	record_opened_free(o);
	return (rc);
}
