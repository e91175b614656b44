/* src/record/record_entry.c: one entry of the log, read and written */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_entry.h"
#include "record/record_form.h"
#include "record/record_read.h"
#include "record/record_report.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

void
record_entry_free(struct record_entry *e)
{
	if (e == NULL)
		return;
	record_act_free(e->act);
	jv_free(e->said_v);
	free(e->sd);
	free(e->sealed);
	jv_free(e->root);
	free(e);
}

static int
read_source(struct record_source *out, const struct jv *v, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "role", JV_STRING, 0 }, { "instance", JV_STRING, 0 },
		{ "start", JV_INTEGER, 0 }, { "n", JV_INTEGER, 0 },
	};
	const struct jv *got[N(m)];
	int64_t start, n;
	const char *id;
	int rc;

	if ((rc = jv_members(v, m, N(m), got, why)) != 0) {
		cu_why_in(why, "source");
		return (rc);
	}
	jv_int(got[2], &start);
	jv_int(got[3], &n);
	if ((out->role = record_role_find(record_cstr(got[0]))) == 0)
		return (record_bad(why, "source", "an unknown role"));
	if ((id = record_id(got[1])) == NULL)
		return (record_bad(why, "source", "instance is no id"));
	if (start < 1 || (uint64_t)start > RECORD_COUNT_MAX || n < 1 ||
	    (uint64_t)n > RECORD_COUNT_MAX)
		return (record_bad(why, "source", "start or n out of range"));
	memcpy(out->instance, id, strlen(id) + 1);
	out->start = (uint64_t)start;
	out->n = (uint64_t)n;
	return (0);
}

/* v, kind, time, nonce, source. */
static int
read_common(struct record_entry *e, struct cu_why *why)
{
	int64_t v;

	if (!jv_is(e->root, JV_OBJECT))
		return (record_bad(why, "v", "missing"));
	if (jv_int(jv_get(e->root, "v"), &v) != 0 || v != 1)
		return (record_bad(why, "v", "not 1"));
	e->kind = record_kind_find(record_cstr(jv_get(e->root, "kind")));
	if (e->kind == 0)
		return (record_bad(why, "kind", "unknown"));
	if (jv_utc(jv_get(e->root, "time"), &e->time) != 0)
		return (record_bad(why, "time", "not a time"));
	if (jv_bytes(jv_get(e->root, "nonce"), e->nonce,
	    RECORD_NONCE_LEN) != 0)
		return (record_bad(why, "nonce", "not 16 bytes"));
	return (read_source(&e->source, jv_get(e->root, "source"), why));
}

/* The `_sd` of an act's payload. */
static int
read_act_sd(struct record_entry *e, struct cu_why *why)
{
	struct jv *payload;
	int rc;

	if ((rc = jv_parse(&payload, e->act->payload, e->act->payload_len,
	    why)) != 0)
		return (rc);
	rc = record_sd_list(jv_get(payload, "_sd"), &e->sd, &e->sd_n, why);
	jv_free(payload);
	return (rc);
}

/* Whose word the entry is: people's, an instance's, the keeper's own. */
static int
read_word(struct record_entry *e, struct cu_why *why)
{
	const struct jv *act = jv_get(e->root, "act");
	const struct jv *said = jv_get(e->root, "said");
	const struct jv *sig = jv_get(e->root, "sig");
	bool keeper = e->source.role == RECORD_ROLE_KEEPER;
	int rc;

	if ((said == NULL) != (sig == NULL) || (act != NULL && said != NULL))
		return (record_bad(why, "act", "act, or said and sig"));
	if (said != NULL) {
		if ((e->said = jv_str(said, &e->said_len)) == NULL)
			return (record_bad(why, "said", "not a string"));
		if ((rc = record_sig_read(&e->sig, sig, why)) != 0 ||
		    (rc = record_said_check(e->kind, e->source.role, e->said,
		    e->said_len, &e->said_v, why)) != 0)
			return (rc);
		return (record_sd_list(jv_get(e->said_v, "_sd"), &e->sd,
		    &e->sd_n, why));
	}
	if (!keeper)
		return (record_bad(why, "source", "not the keeper's"));
	if (act != NULL) {
		if ((rc = record_act_read(&e->act, act, why)) != 0)
			return (rc);
		if (e->act->kind != e->kind)
			return (record_bad(why, "act", "of another kind"));
		return (read_act_sd(e, why));
	}
	/* The keeper's own entries. */
	if (e->kind != RECORD_FINDING && e->kind != RECORD_START &&
	    e->kind != RECORD_STOP && e->kind != RECORD_BEAT)
		return (record_bad(why, "act", "missing"));
	return (record_sd_list(jv_get(e->root, "_sd"), &e->sd, &e->sd_n, why));
}

/* `_sealed`: row for row as `_sd`. */
static int
read_sealed(struct record_entry *e, struct cu_why *why)
{
	const struct jv *v = jv_get(e->root, "_sealed"), *row;
	const char *key;
	size_t i, len;

	if (v == NULL && e->sd_n == 0)
		return (0);
	if (!jv_is(v, JV_ARRAY) || e->sd_n == 0 || jv_len(v) != e->sd_n)
		return (record_bad(why, "_sealed", "not a row per _sd"));
	if ((e->sealed = calloc(e->sd_n, sizeof(*e->sealed))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < e->sd_n; i++) {
		row = jv_at(v, i);
		key = jv_str(jv_at(row, 1), &len);
		if (!jv_is(row, JV_ARRAY) || jv_len(row) != 3 ||
		    jv_bytes(jv_at(row, 0), e->sealed[i].digest,
		    DIGEST_LEN) != 0 || key == NULL ||
		    !record_key_id_valid(key, len) ||
		    jv_bytes(jv_at(row, 2), e->sealed[i].cipher,
		    DIGEST_LEN) != 0)
			return (record_bad(why, "_sealed", "a row's form"));
		if (memcmp(e->sealed[i].digest, e->sd[i], DIGEST_LEN) != 0)
			return (record_bad(why, "_sealed",
			    "not in the order of _sd"));
		memcpy(e->sealed[i].key, key, len + 1);
	}
	return (0);
}

int
record_entry_read(struct record_entry **out, const void *line, size_t len,
    struct cu_why *why)
{
	struct record_entry *e;
	int rc;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (CU_ENOMEM);
	if ((rc = record_parse(&e->root, line, len, RECORD_ENTRY_MAX,
	    why)) != 0 ||
	    (rc = read_common(e, why)) != 0 ||
	    (rc = read_word(e, why)) != 0 ||
	    (rc = record_form_own(e->root, e->kind, e->said != NULL,
	    e->act != NULL, why)) != 0 ||
	    (rc = read_sealed(e, why)) != 0) {
		record_entry_free(e);
		return (rc);
	}
	e->own = e->root;
	*out = e;
	return (0);
}

void
record_entry_report(const struct record_entry *e, struct record_report *r)
{
	r->kind = e->kind;
	r->instance = e->source.instance;
	r->start = e->source.start;
	r->n = e->source.n;
	r->said = e->said;
	r->said_len = e->said_len;
}

int
record_said_check(enum record_kind kind, enum record_role role,
    const char *said, size_t len, struct jv **out, struct cu_why *why)
{
	uint8_t (*sd)[DIGEST_LEN] = NULL;
	struct jv *v = NULL;
	size_t n;
	int rc;

	if ((rc = record_parse(&v, said, len, RECORD_PAYLOAD_MAX, why)) != 0 ||
	    (rc = record_form_said(v, kind, role, why)) != 0 ||
	    (rc = record_sd_list(jv_get(v, "_sd"), &sd, &n, why)) != 0) {
		cu_why_in(why, "said");
		jv_free(v);
		return (rc);
	}
	free(sd);
	if (out != NULL)
		*out = v;
	else
		jv_free(v);
	return (0);
}

static void
put_sealed(struct jw *w, const struct record_sealed *s, size_t n)
{
	size_t i;

	if (n == 0)
		return;
	jw_arr(w, "_sealed");
	for (i = 0; i < n; i++) {
		jw_arr(w, NULL);
		jw_bytes(w, NULL, s[i].digest, DIGEST_LEN);
		jw_str(w, NULL, s[i].key);
		jw_bytes(w, NULL, s[i].cipher, DIGEST_LEN);
		jw_end(w);
	}
	jw_end(w);
}

int
record_entry_write(struct buf *b, const struct record_entry_parts *p,
    struct cu_why *why)
{
	struct record_entry *e;
	size_t at = b->len;
	struct jw w;
	int rc;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_int(&w, "v", 1);
	jw_str(&w, "kind", record_kind_name(p->kind));
	jw_utc(&w, "time", p->time);
	jw_bytes(&w, "nonce", p->nonce, RECORD_NONCE_LEN);
	jw_obj(&w, "source");
	jw_str(&w, "role", record_role_name(p->source.role));
	jw_str(&w, "instance", p->source.instance);
	jw_int(&w, "start", (int64_t)p->source.start);
	jw_int(&w, "n", (int64_t)p->source.n);
	jw_end(&w);
	if (p->act != NULL)
		record_act_write(p->act, &w, "act");
	if (p->said != NULL) {
		jw_strn(&w, "said", p->said, p->said_len);
		record_sig_write(&p->sig, &w, "sig");
	}
	if (p->own_len > 0) {
		/* `"name":value,...`: the comma before it is ours. */
		buf_ch(b, ',');
		buf_add(b, p->own, p->own_len);
	}
	put_sealed(&w, p->sealed, p->sealed_n);
	jw_end(&w);
	if (b->rc != 0)
		return (b->rc);
	/* Nothing is committed that could not be read again. */
	if ((rc = record_entry_read(&e, b->p + at, b->len - at, why)) != 0) {
		b->len = at;
		b->p[at] = '\0';
		return (rc);
	}
	record_entry_free(e);
	return (0);
}
