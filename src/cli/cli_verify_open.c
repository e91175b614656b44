/*
 * src/cli/cli_verify_open.c: log verify, full: sealed values opened; what they
 * are called, under whose key they are, and the items of answers
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "cli/cli_verify_impl.h"
#include "journal/journal_read.h"
#include "record/record_payload.h"
#include "record/record_vault.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define KEPT_MAX	4096	/* bytes of an item that has no line */

void
verify_forget(struct rules *r)
{
	size_t i;

	for (i = 0; i < r->value_n; i++)
		record_sd_fini(&r->value[i].sd);
	free(r->value);
	r->value = NULL;
	r->value_n = 0;
	record_sds_fini(&r->sds);
	record_sds_init(&r->sds);
	r->whole = true;
}

const struct jv *
verify_value(const struct rules *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->value_n; i++)
		if (strcmp(r->value[i].sd.name, name) == 0)
			return (r->value[i].sd.value);
	return (NULL);
}

/* Open one sealed value; a key that is gone is a deletion, not a fault. */
static int
open_one(struct rules *r, const struct record_entry *e, size_t i,
    const struct record_item *item)
{
	struct verify_value *v = &r->value[r->value_n];
	const struct record_vault_line *key;
	struct buf text;
	int rc;

	if ((key = record_vault_find(r->vault, e->sealed[i].key)) == NULL) {
		r->did->deleted++;
		r->whole = false;
		return (0);
	}
	buf_init(&text, RECORD_SD_TEXT_MAX);
	rc = record_unseal(&text, &e->sealed[i], e->nonce, &key->key, item->p,
	    item->len);
	if (rc != 0)
		cu_why_set(r->why, "sealed value %zu does not open: %s", i + 1,
		    cu_strerror(rc));
	else if ((rc = record_sd_read(&v->sd, buf_text(&text), text.len,
	    r->why)) == 0) {
		v->scope = key->scope;
		r->value_n++;
		if (record_class_of(v->sd.name) != key->class) {
			cu_why_set(r->why, "sealed value %zu is under a key of "
			    "another class", i + 1);
			rc = CU_EMALFORMED;
		}
	}
	if (rc == 0)
		rc = record_sds_take(&r->sds, buf_text(&text), text.len);
	buf_wipe(&text);
	r->did->opened++;
	return (rc);
}

int
verify_open(struct rules *r, uint64_t index, const struct record_entry *e)
{
	struct record_item *item;
	struct buf sealed;
	size_t i;
	int rc;

	verify_forget(r);
	if (e->sd_n == 0)
		return (0);
	buf_init(&sealed, RECORD_SEALED_MAX);
	item = calloc(e->sd_n, sizeof(*item));
	r->value = calloc(e->sd_n, sizeof(*r->value));
	rc = item == NULL || r->value == NULL ? CU_ENOMEM :
	    journal_reader_sealed(r->reader, index, &sealed);
	if (rc == 0)
		rc = record_items(item, e->sealed, e->sd_n, sealed.p,
		    sealed.len);
	if (rc != 0)
		cu_why_set(r->why, "its sealed values are not those it lists");
	for (i = 0; rc == 0 && i < e->sd_n; i++)
		rc = open_one(r, e, i, &item[i]);
	free(item);
	buf_fini(&sealed);
	return (rc);
}

/* ---- whose they are ----------------------------------------------------- */

static int
check_scope(struct rules *r, const struct record_entry *e,
    const struct record_owner *o, const struct verify_value *v)
{
	char scope[RECORD_SCOPE_MAX + 1];

	record_scope_of(scope, o, v->sd.name, e->time);
	if (strcmp(scope, v->scope) == 0)
		return (0);
	cu_why_set(r->why, "%s is sealed for %s, not for %s", v->sd.name,
	    v->scope, scope);
	return (CU_EDENIED);
}

/* An act's: its payload says whose, and which it must have. */
static int
own_act(struct rules *r, const struct record_entry *e)
{
	struct record_owner o = { .instance = e->source.instance };
	const struct record_act *a = e->act;
	struct record_payload *p = NULL;
	size_t i;
	int rc;

	if ((rc = record_payload_read(&p, a->kind, a->verb, a->subject,
	    a->payload, a->payload_len, r->why)) != 0)
		return (rc);
	if (r->whole && (rc = record_sds_sort(&r->sds)) == 0)
		rc = record_payload_open(p, &r->sds, r->why);
	record_payload_owner(&o, p);
	for (i = 0; rc == 0 && i < r->value_n; i++)
		rc = check_scope(r, e, &o, &r->value[i]);
	record_payload_free(p);
	return (rc);
}

/* docs/format/entries.md, the `_sd` of each kind. */
static bool
may_have(enum record_kind kind, const char *name)
{
	static const struct { enum record_kind kind; const char *name; } row[] = {
		{ RECORD_COMMAND, "root" }, { RECORD_COMMAND, "received" },
		{ RECORD_COMMAND, "received_len" },
		{ RECORD_COMMAND, "target" }, { RECORD_COMMAND, "address" },
		{ RECORD_COMMAND, "sent" }, { RECORD_OUTCOME, "answer" },
		{ RECORD_REPORT, "root" }, { RECORD_REPORT, "received" },
		{ RECORD_REPORT, "description" }, { RECORD_SNAPSHOT, "item" },
		{ RECORD_FINDING, "act" }, { RECORD_FINDING, "detail" },
	};
	size_t i;

	if (kind == RECORD_LATE)
		kind = RECORD_COMMAND;
	for (i = 0; i < N(row); i++)
		if (row[i].kind == kind && strcmp(row[i].name, name) == 0)
			return (true);
	return (false);
}

/* What the log said at ${index}, to be freed with record_entry_free. */
static int
entry_at(struct rules *r, const struct jv *index, struct record_entry **out)
{
	struct buf line;
	uint64_t i;
	int rc = CU_EMALFORMED;

	buf_init(&line, RECORD_ENTRY_MAX);
	if (jv_dec(index, &i) == 0 && i < state_size(r->state) &&
	    (rc = journal_reader_entry(r->reader, i, &line)) == 0)
		rc = record_entry_read(out, line.p, line.len, r->why);
	buf_fini(&line);
	return (rc);
}

/* Whose the values of an entry are that is no act: what ${said} names. */
static void
own_said(struct rules *r, enum record_kind kind, const struct jv *said,
    struct record_owner *o, struct state_element *el)
{
	const char *xid = jv_str(jv_get(said, "xid"), NULL);
	uint64_t index;

	if (xid != NULL && (kind == RECORD_COMMAND || kind == RECORD_LATE))
		o->warrant = state_bound(r->state, xid, 0);
	if (jv_dec(jv_get(said, "element"), &index) == 0 &&
	    state_element_at(r->state, index, el))
		o->element = el->id;
}

int
verify_owned(struct rules *r, const struct record_entry *e)
{
	struct record_owner o = { .instance = e->source.instance }, one;
	struct record_entry *of = NULL;
	struct state_element el;
	const char *id;
	size_t i;
	int rc = 0;

	if (e->act != NULL)
		return (own_act(r, e));
	if (r->value_n == 0)
		return (0);
	/* An outcome is its command's. */
	if (e->kind == RECORD_OUTCOME && (rc = entry_at(r,
	    jv_get(e->said_v, "command"), &of)) != 0)
		return (rc);
	own_said(r, of != NULL ? of->kind : e->kind, of != NULL ? of->said_v :
	    e->said_v != NULL ? e->said_v : e->own, &o, &el);
	record_entry_free(of);
	for (i = 0; rc == 0 && i < r->value_n; i++) {
		one = o;
		if (!may_have(e->kind, r->value[i].sd.name)) {
			cu_why_set(r->why, "disclosure %s: not one of such an "
			    "entry", r->value[i].sd.name);
			return (CU_EMALFORMED);
		}
		/* Items of one answer belong to different warrants. */
		if (e->kind == RECORD_SNAPSHOT &&
		    (id = jv_str(jv_at(r->value[i].sd.value, 0), NULL)) != NULL)
			one.warrant = state_bound(r->state, id, 0);
		rc = check_scope(r, e, &one, &r->value[i]);
	}
	return (rc);
}

/* ---- items of answers --------------------------------------------------- */

/* Is ${line} the line of that very object, and its token the item's? */
static int
check_line(struct rules *r, const struct jv *item, const char *element,
    const char *line, size_t len)
{
	const char *id = jv_str(jv_get(item, "id"), NULL);
	bool task = jv_streq(jv_get(item, "type"), "task");
	const char *word = task ? "task " : "destination ";
	uint8_t want[DIGEST_LEN], token[DIGEST_LEN];
	size_t n = strlen(word);
	int rc;

	if (len <= n + TEXT_UUID_LEN || memcmp(line, word, n) != 0 ||
	    memcmp(line + n, id, TEXT_UUID_LEN) != 0 ||
	    line[n + TEXT_UUID_LEN] != ' ' ||
	    jv_bytes(jv_get(item, "line"), want, sizeof(want)) != 0)
		return (CU_EDENIED);
	rc = task ? state_task_token(r->state, id, line, len, token) :
	    state_destination_token(r->state, element, line, len, token);
	if (rc == CU_ESTATE)
		return (0);		/* its key was deleted */
	return (rc == 0 && memcmp(want, token, sizeof(want)) == 0 ? 0 :
	    CU_EDENIED);
}

/* Is this what was disclosed of that item: `[id, line]`, or `[id, reason,
 * bytes as received]`? */
static bool
fits(struct rules *r, const struct jv *item, const char *element,
    const struct jv *v)
{
	const char *id = jv_str(jv_at(v, 0), NULL), *text, *why;
	uint8_t kept[KEPT_MAX];
	size_t len, n;

	if (!jv_is(v, JV_ARRAY) || id == NULL ||
	    !jv_streq(jv_get(item, "id"), id))
		return (false);
	text = jv_str(jv_at(v, 1), &len);
	if (jv_is(jv_get(item, "why"), JV_NULL))
		return (jv_len(v) == 2 && text != NULL &&
		    check_line(r, item, element, text, len) == 0);
	why = jv_str(jv_get(item, "why"), NULL);
	return (jv_len(v) == 3 && jv_streq(jv_at(v, 1), why) &&
	    (text = jv_str(jv_at(v, 2), &len)) != NULL &&
	    text_unb64url(kept, sizeof(kept), &n, text, len) == 0);
}

int
verify_items(struct rules *r, const struct record_entry *e)
{
	const struct jv *items = jv_get(e->said_v, "items");
	bool used[RECORD_ITEMS_MAX] = { false };
	struct state_element el;
	uint64_t index;
	size_t i, k;

	if (!r->whole)
		return (0);
	if (jv_len(items) != r->value_n || r->value_n > N(used)) {
		cu_why_set(r->why, "%zu items, and %zu disclosed",
		    jv_len(items), r->value_n);
		return (CU_EDENIED);
	}
	if (jv_dec(jv_get(e->said_v, "element"), &index) != 0 ||
	    !state_element_at(r->state, index, &el)) {
		cu_why_set(r->why, "its element is not registered");
		return (CU_EDENIED);
	}
	for (i = 0; i < r->value_n; i++) {
		for (k = 0; k < r->value_n; k++)
			if (!used[k] && fits(r, jv_at(items, i), el.id,
			    r->value[k].sd.value))
				break;
		if (k == r->value_n) {
			cu_why_set(r->why, "item %zu is not what was "
			    "disclosed of it", i + 1);
			return (CU_EDENIED);
		}
		used[k] = true;
	}
	return (0);
}
