/*
 * src/cli/cli_verify.c: log verify, beyond frames and tree: do the entries
 * follow from one another (structural), and from what is sealed (full)?
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cli_verify.h"
#include "journal/journal_read.h"
#include "json/jv.h"
#include "li/li_task.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "record/record_vault.h"
#include "record/record_warrant.h"
#include "state/state.h"
#include "x1/x1_decode.h"

struct rules {
	struct journal_reader *reader;
	struct state *state;
	struct record_vault *vault;	/* NULL: structural */
	struct cli_verified *did;
	struct cu_why *why;
	struct record_sds sds;		/* opened, of the entry at hand */
	bool whole;			/* none of its keys was destroyed */
};

/* Open one sealed value; a key that is gone is a deletion, not a fault. */
static int
open_one(struct rules *r, const struct record_entry *e, size_t i,
    const struct record_item *item)
{
	const struct record_vault_line *key;
	struct record_sd sd;
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
	else if ((rc = record_sd_read(&sd, buf_text(&text), text.len,
	    r->why)) == 0) {
		if (record_class_of(sd.name) != key->class) {
			cu_why_set(r->why, "sealed value %zu is under a key of "
			    "another class", i + 1);
			rc = CU_EMALFORMED;
		}
		record_sd_fini(&sd);
	}
	if (rc == 0)
		rc = record_sds_take(&r->sds, buf_text(&text), text.len);
	buf_wipe(&text);
	r->did->opened++;
	return (rc);
}

/* Open all sealed values of an entry into ${sds}. */
static int
open_all(struct rules *r, uint64_t index, const struct record_entry *e)
{
	struct record_item *item;
	struct buf sealed;
	size_t i;
	int rc;

	record_sds_fini(&r->sds);
	record_sds_init(&r->sds);
	r->whole = true;
	if (e->sd_n == 0)
		return (0);
	buf_init(&sealed, RECORD_SEALED_MAX);
	item = calloc(e->sd_n, sizeof(*item));
	rc = item == NULL ? CU_ENOMEM :
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

/* Decide again what the keeper decided, on the same tables. */
static int
decide_again(struct rules *r, const struct record_entry *e, const void *line,
    size_t len)
{
	struct state_moment at = { .gate = e->source.instance, .lo = e->time,
	    .hi = e->time, .less = STATE_NONE };
	struct state_command *c = NULL;
	struct state_members members;
	struct law_decision decision;
	struct buf mine;
	const char *own;
	size_t own_len;
	int rc;

	buf_init(&mine, RECORD_ENTRY_MAX);
	rc = state_command_create(&c, e->said, e->said_len, &r->sds, r->why);
	if (rc == 0 && e->kind == RECORD_LATE)
		rc = state_late_write(r->state, &mine, c);
	else if (rc == 0 && (rc = state_decide(r->state, c, &at, &decision,
	    &members)) == 0)
		state_members_write(&mine, &decision, &members);
	if (rc == STATE_E_UNOPENED || rc == CU_ESTATE) {
		rc = 0;			/* what it rests on was deleted */
	} else if (rc == 0 && (rc = state_own(line, len, &own,
	    &own_len)) == 0) {
		if (own_len != mine.len ||
		    (own_len > 0 && memcmp(own, mine.p, own_len) != 0)) {
			cu_why_set(r->why, "what the keeper decided does not "
			    "follow from the log");
			rc = CU_EDENIED;
		}
		r->did->decided++;
	}
	state_command_free(c);
	buf_fini(&mine);
	return (rc);
}

/* The disclosure of that name, or NULL; to be ended with record_sd_fini. */
static const struct jv *
disclosed(const struct rules *r, const char *name, struct record_sd *sd)
{
	size_t i;

	for (i = 0; i < r->sds.n; i++) {
		if (record_sd_read(sd, r->sds.row[i].text, r->sds.row[i].len,
		    NULL) != 0)
			continue;
		if (strcmp(sd->name, name) == 0)
			return (sd->value);
		record_sd_fini(sd);
	}
	return (NULL);
}

/* Are the bytes to be sent the command that was decided?  After apply. */
static int
sent_is_decided(struct rules *r, const struct record_entry *e,
    const struct x1_msg *m)
{
	struct state_element el;
	uint8_t token[DIGEST_LEN], want[DIGEST_LEN];
	uint64_t index;
	struct buf line;
	int rc = 0;

	if (!jv_streq(jv_get(e->said_v, "type"), x1_op_name(m->op)) ||
	    !jv_streq(jv_get(e->said_v, "transaction"), m->head.transaction) ||
	    (m->xid[0] != '\0' && !jv_streq(jv_get(e->said_v, "xid"), m->xid)))
		return (CU_EDENIED);
	if (jv_bytes(jv_get(e->own, "line"), want, DIGEST_LEN) != 0)
		return (0);
	buf_init(&line, RECORD_ENTRY_MAX);
	if (m->op == X1_OP_ACTIVATE_TASK || m->op == X1_OP_MODIFY_TASK) {
		if ((rc = li_task_line(&line, &m->task)) == 0)
			rc = state_task_token(r->state, m->xid, line.p,
			    line.len, token);
	} else if (m->op == X1_OP_CREATE_DESTINATION ||
	    m->op == X1_OP_MODIFY_DESTINATION) {
		li_destination_line(&line, &m->destination);
		rc = jv_dec(jv_get(e->said_v, "element"), &index) == 0 &&
		    state_element_at(r->state, index, &el) ?
		    state_destination_token(r->state, el.id, line.p, line.len,
		    token) : CU_EDENIED;
	} else {
		memcpy(token, want, DIGEST_LEN);
	}
	buf_wipe(&line);
	if (rc == CU_ESTATE)
		return (0);		/* its key was deleted */
	if (rc == 0 && memcmp(token, want, DIGEST_LEN) != 0)
		rc = CU_EDENIED;
	return (rc);
}

/* Decode the sealed `sent`, and compare. */
static int
check_sent(struct rules *r, const struct record_entry *e)
{
	struct x1_request *q = NULL;
	struct record_sd sd;
	const struct jv *v;
	const char *text;
	uint8_t *bytes = NULL;
	size_t len, n = 0;
	int rc = CU_EMALFORMED;

	if ((v = disclosed(r, "sent", &sd)) == NULL)
		return (0);
	text = jv_str(v, &len);
	if (text != NULL && (bytes = malloc(len + 1)) != NULL &&
	    text_unb64url(bytes, len, &n, text, len) == 0)
		rc = x1_request_decode(&q, bytes, n, 0, 1, r->why);
	if (rc == 0 && (q->n != 1 || q->msgs[0].form != X1_FORM_OK))
		rc = CU_EMALFORMED;
	if (rc == 0)
		rc = sent_is_decided(r, e, &q->msgs[0]);
	if (rc != 0)
		cu_why_set(r->why, "the bytes to be sent are not the command "
		    "that was decided");
	else
		r->did->sent++;
	x1_request_free(q);
	if (bytes != NULL)
		explicit_bzero(bytes, len);
	free(bytes);
	record_sd_fini(&sd);
	return (rc);
}

/* Keys and targets that an act disclosed, for the entries that follow. */
static int
open_tables(struct rules *r, const struct record_entry *e)
{
	const struct record_act *a = e->act;

	if (!r->whole || record_sds_sort(&r->sds) != 0)
		return (0);
	if (a->kind == RECORD_WARRANT && a->verb == RECORD_SUBMIT)
		return (state_open_revision(r->state, a->digest, &r->sds,
		    r->why));
	if (a->kind == RECORD_ELEMENT && a->verb == RECORD_ADD)
		return (state_open_element(r->state, strchr(a->subject, '/') +
		    1, &r->sds, r->why));
	return (0);
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *line, size_t len)
{
	struct rules *r = cookie;
	struct record_entry *e = NULL;
	bool command;
	int rc;

	/* The tables read it as strictly: what is opened is read here, too. */
	if (r->vault != NULL &&
	    (rc = record_entry_read(&e, line, len, r->why)) != 0)
		goto out;
	command = e != NULL &&
	    (e->kind == RECORD_COMMAND || e->kind == RECORD_LATE);
	if (r->vault != NULL && (rc = open_all(r, index, e)) != 0)
		goto out;
	if (r->vault != NULL && command && r->whole &&
	    (rc = decide_again(r, e, line, len)) != 0)
		goto out;
	if ((rc = state_apply(r->state, index, line, len, r->why)) != 0)
		goto out;
	if (r->vault != NULL && e->act != NULL)
		rc = open_tables(r, e);
	else if (r->vault != NULL && command && r->whole)
		rc = check_sent(r, e);
out:
	record_entry_free(e);
	if (rc == CU_ENOMEM || rc == CU_EIO)
		return (rc);
	if (rc == 0)
		return (0);
	cu_why_in(r->why, "entry %" PRIu64, index);
	r->did->failed = index;
	return (1);
}

/* A finding that should stand in the log, and does not. */
static int
findings_stand(struct rules *r)
{
	struct state_finding f;

	if (!state_finding_overdue(r->state, &f))
		return (0);
	cu_why_set(r->why, "entry %" PRIu64 ": the finding %s that follows "
	    "from it was never opened", f.from, f.type);
	r->did->failed = f.from;
	return (1);
}

int
cli_verify_rules(struct journal_reader *reader, uint64_t size,
    struct record_vault *vault, struct cli_verified *did, struct cu_why *why)
{
	struct rules r = { .reader = reader, .vault = vault, .did = did,
	    .why = why };
	int rc;

	memset(did, 0, sizeof(*did));
	if ((rc = state_create(&r.state, STATE_SIGNATURES |
	    STATE_STRUCTURE)) != 0)
		return (rc);
	record_sds_init(&r.sds);
	rc = journal_reader_each(reader, 0, size, on_entry, &r);
	if (rc == 0)
		rc = findings_stand(&r);
	did->trial = state_trial(r.state);
	record_sds_fini(&r.sds);
	state_free(r.state);
	return (rc);
}
