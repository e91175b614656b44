/*
 * What leaves or is said without the keeper: made into records of the spool,
 * and offered in their order before anything new (design 3.4, formats 11).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "state/state.h"

int
gate_late_sign_outcome(struct gate *g, struct gate_msg *m)
{
	struct gate_void v;
	struct buf b;
	int rc;

	if (m->out_text != NULL)
		return (0);
	if (m->index == RECORD_NONE)
		return (CU_ESTATE);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	gate_talk_draws(g);
	m->out_n = gate_words_draw(&g->words, &v);
	gate_said_outcome(&b, m->index, &m->out, &m->out_sds, &v);
	if ((rc = b.rc) == 0 &&
	    (m->out_text = (char *)buf_take(&b, &m->out_len)) == NULL)
		rc = CU_ENOMEM;
	if (rc == 0)
		rc = gate_sign(g, RECORD_OUTCOME, g->book.start, m->out_n,
		    m->out_text, m->out_len, &m->out_sig);
	if (rc != 0) {
		free(m->out_text);
		m->out_text = NULL;
		gate_words_lost(&g->words, m->out_n);
		m->out_n = 0;
	}
	buf_fini(&b);
	return (rc);
}

static int
copy_sds(struct record_sds *out, const struct record_sds *in)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < in->n; i++)
		rc = record_sds_take(out, in->row[i].text, in->row[i].len);
	return (rc);
}

/* Into the spool; ${r} is ended either way. */
static int
add(struct gate *g, struct gate_record *r, int rc)
{
	uint64_t n = r->n;
	bool held = false;

	if (rc == 0) {
		rc = gate_spool_add(g->spool, r);
		held = rc != CU_ENOMEM;
	}
	gate_record_fini(r);
	if (rc != 0)
		diag("spool: a record is not durable: %s", cu_strerror(rc));
	if (held)
		return (rc);
	/* Not even in memory: nobody will offer it. */
	if (n != 0)
		gate_words_lost(&g->words, n);
	return (CU_ENOMEM);
}

static int
set_text(struct gate_record *r, const char *text, size_t len)
{
	if ((r->text = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	memcpy(r->text, text, len);
	r->text[len] = '\0';
	r->text_len = len;
	return (0);
}

int
gate_late_spool(struct gate *g, struct gate_msg *m)
{
	struct gate_record r;
	struct gate_void v;
	struct buf b;
	int rc;

	gate_record_init(&r, GATE_RECORD_REPORT);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	m->late = true;
	gate_talk_unanswered(g);
	m->late_n = gate_words_draw(&g->words, &v);
	m->said.size = gate_follow_size(g);
	gate_said_late(&b, &m->said, m->request != 0 ? m->request : m->n,
	    &m->sds, &v);
	/* The outcome names the late, not the command. */
	m->index = RECORD_NONE;
	r.kind = RECORD_LATE;
	r.start = g->book.start;
	r.n = m->late_n;
	if ((rc = b.rc) == 0)
		rc = gate_sign(g, RECORD_LATE, r.start, r.n, buf_text(&b),
		    b.len, &r.sig);
	if (rc == 0)
		rc = copy_sds(&r.sds, &m->sds);
	if (rc == 0)
		rc = set_text(&r, buf_text(&b), b.len);
	buf_wipe(&b);
	return (add(g, &r, rc));
}

int
gate_late_outcome(struct gate *g, struct gate_msg *m)
{
	struct gate_record r;
	struct gate_void v;
	struct buf b;
	int rc;

	if (m->out_text != NULL || m->index != RECORD_NONE) {
		gate_record_init(&r, GATE_RECORD_REPORT);
		if ((rc = gate_late_sign_outcome(g, m)) == 0) {
			r.n = m->out_n;
			r.sig = m->out_sig;
			rc = set_text(&r, m->out_text, m->out_len);
		}
	} else {
		gate_record_init(&r, GATE_RECORD_DRAFT);
		buf_init(&b, RECORD_PAYLOAD_MAX);
		gate_talk_unanswered(g);
		r.n = m->out_n = gate_words_draw(&g->words, &v);
		r.ref_start = g->book.start;
		r.ref_n = m->late_n;
		gate_said_outcome_rest(&b, &m->out, &m->out_sds, &v);
		if ((rc = b.rc) == 0)
			rc = set_text(&r, buf_text(&b), b.len);
		buf_fini(&b);
	}
	r.kind = RECORD_OUTCOME;
	r.start = g->book.start;
	if (rc == 0)
		rc = copy_sds(&r.sds, &m->out_sds);
	return (add(g, &r, rc));
}

int
gate_late_report(struct gate *g, struct gate_msg *m)
{
	struct gate_record r;
	struct gate_void v;
	struct buf b;
	int rc = 0;

	gate_record_init(&r, GATE_RECORD_REPORT);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	if (m->text == NULL) {
		gate_talk_unanswered(g);
		m->n = gate_words_draw(&g->words, &v);
		m->said.size = gate_follow_size(g);
		gate_said_report(&b, &m->said, &m->sds, &v);
		if ((rc = b.rc) == 0 &&
		    (m->text = (char *)buf_take(&b, &m->text_len)) == NULL)
			rc = CU_ENOMEM;
		if (rc == 0)
			rc = gate_sign(g, RECORD_REPORT, g->book.start, m->n,
			    m->text, m->text_len, &m->sig);
	}
	r.kind = RECORD_REPORT;
	r.start = g->book.start;
	r.n = m->n;
	r.sig = m->sig;
	if (rc == 0)
		rc = copy_sds(&r.sds, &m->sds);
	if (rc == 0)
		rc = set_text(&r, m->text, m->text_len);
	buf_fini(&b);
	return (add(g, &r, rc));
}

int
gate_late_act(struct gate *g, const char *file, size_t len)
{
	struct gate_record r;
	int rc;

	gate_record_init(&r, GATE_RECORD_ACT);
	rc = add(g, &r, set_text(&r, file, len));
	if (rc == 0 || rc == CU_EIO || rc == CU_ELIMIT)
		gate_step(g, (struct gate_event){ .kind = GATE_EV_SPOOLED,
		    .ok = true });
	return (rc);
}

/* ---- offering ----------------------------------------------------------- */

static void
head_gone(struct gate *g)
{
	struct gate_record *r = gate_spool_at(g->spool, 0);
	struct gate_event ev = { .kind = GATE_EV_HEAD_GONE,
	    .index = r->index };
	struct gate_msg *m;

	if (r->kind == RECORD_LATE && r->start == g->book.start &&
	    (m = gate_msg_late(g, r->n)) != NULL) {
		m->index = r->index;
		ev.id = m->id;
	}
	if (r->start == g->book.start)
		gate_words_kept(&g->words, r->n);
	g->head_asked = false;
	gate_spool_drop(g->spool);
	gate_step(g, ev);
}

static void
head_error(struct gate *g)
{
	g->head_asked = false;
	gate_event(g, GATE_EV_HEAD_ERROR, 0);
}

/*
 * What the followed log says of an act of the spool: a STATE_ACT_*, or CU_E*.
 * A report that a keeper throws away leaves a gap in our numbers; an act leaves
 * none, so that of an act nothing is believed but its entry.
 */
static int
act_check(struct gate *g, const struct gate_record *r, uint64_t *stands)
{
	struct state_act_result res;
	struct record_act_file *f;
	struct cu_why why = { "" };
	int rc;

	if ((rc = record_act_file_read(&f, r->text, r->text_len, &why)) != 0)
		return (rc);
	rc = state_act_check(g->st, f->act, &res, &why);
	if (rc == STATE_ACT_STANDS)
		*stands = res.stands;
	record_act_file_free(f);
	return (rc);
}

/* Does what the keeper named stand: the act, or the finding of its refusal? */
static bool
act_stands(struct gate *g, struct gate_record *r)
{
	struct state_finding_row f;
	int rc = act_check(g, r, &r->index);

	if (rc == STATE_ACT_STANDS)
		return (true);
	if (rc == STATE_ACT_OK || !state_finding_row(g->st, r->index, &f) ||
	    (strcmp(f.type, "act.refused") != 0 &&
	    strcmp(f.type, "approval.self") != 0))
		return (false);
	diag("an act taken directly does not fit the log any more: finding "
	    "%llu", (unsigned long long)r->index);
	return (true);
}

void
gate_late_look(struct gate *g)
{
	struct gate_record *r = gate_spool_at(g->spool, 0);

	/*
	 * The follower may be there before the answer: it waits for that, or
	 * the next head would take it for its own.
	 */
	if (!g->head_asked || g->head_wait || r == NULL ||
	    r->index == RECORD_NONE || r->index >= gate_follow_size(g))
		return;
	if (r->type == GATE_RECORD_ACT && !act_stands(g, r)) {
		diag("keeper: says what became of an act, and its log does "
		    "not have it");
		r->index = RECORD_NONE;
		head_error(g);
		return;
	}
	if (r->index >= gate_follow_size(g))
		return;			/* it stands, under a head to come */
	/* At kept alone it does not go: the notebook must know it first. */
	if (g->book.size <= r->index && gate_follow_sync(g) != 0)
		return;
	head_gone(g);
}

/*
 * Its number stands before one that the log holds already, and the log does
 * not hold it: it gets a new one, and so do the words that name it.
 */
static int
renumber(struct gate *g, struct gate_record *r)
{
	struct record_sig sig;
	uint64_t n;
	int rc;

	/* Its text stands, and names what it named. */
	n = gate_words_draw(&g->words, NULL);
	if (r->start == g->book.start)
		gate_words_lost(&g->words, r->n);
	rc = gate_sign(g, r->kind, g->book.start, n, r->text, r->text_len,
	    &sig);
	if (rc == 0)
		rc = gate_spool_renumber(g->spool, r, g->book.start, n, &sig);
	else
		gate_words_lost(&g->words, n);
	return (rc);
}

static void
on_head(void *cookie, struct net_link *l, int rc, const struct net_msg *a)
{
	struct gate *g = cookie;
	struct gate_record *r = gate_spool_at(g->spool, 0);
	const char *code, *text;
	uint64_t index;

	g->head_wait = false;
	if (rc == CU_EIO || r == NULL || !g->head_asked)
		return;			/* on_close says it */
	/* A refusal of an act has its finding: a trace that nobody loses. */
	if (rc == 0 && (a->kind == NET_KEPT || a->kind == NET_REFUSED) &&
	    jv_dec(jv_get(a->json, "index"), &index) == 0) {
		r->index = index;
		gate_late_look(g);
		return;
	}
	code = rc == 0 ? jv_str(jv_get(a->json, "code"), NULL) : NULL;
	text = rc == 0 ? jv_str(jv_get(a->json, "text"), NULL) : NULL;
	if (text == NULL && rc == 0)	/* refused, and not recorded */
		text = jv_str(jv_get(a->json, "why"), NULL);
	diag("keeper: the spool's head is not taken: %s: %s",
	    code != NULL ? code : cu_strerror(rc), text != NULL ? text : "-");
	if (code != NULL && strcmp(code, "order") == 0 &&
	    r->type == GATE_RECORD_REPORT && r->index == RECORD_NONE &&
	    (rc = renumber(g, r)) != 0)
		diag("spool: its head has a new number that is not durable: "
		    "%s", cu_strerror(rc));
	head_error(g);
}

/* A draft becomes the outcome that it is, now that its late has an index. */
static int
finish_draft(struct gate *g, struct gate_record *r)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	gate_said_outcome_join(&b, r->ref_index, r->text, r->text_len);
	if ((rc = b.rc) == 0)
		rc = gate_sign(g, RECORD_OUTCOME, r->start, r->n, buf_text(&b),
		    b.len, &r->sig);
	if (rc == 0) {
		free(r->text);
		r->text = NULL;
		rc = set_text(r, buf_text(&b), b.len);
	}
	if (rc == 0) {
		r->type = GATE_RECORD_REPORT;
		r->ref_start = r->ref_n = 0;
	}
	buf_fini(&b);
	return (rc);
}

static int
send_head(struct gate *g, struct gate_record *r)
{
	struct net_out out;

	if (r->type == GATE_RECORD_ACT) {
		net_out_init(&out, NET_ACT);
		net_out_part(&out, r->text, r->text_len);
		return (net_link_ask(g->talk, &out, GATE_LINK_WAIT, on_head,
		    g));
	}
	return (gate_talk_send(g, r->kind == RECORD_LATE ? NET_LATE :
	    r->kind == RECORD_OUTCOME ? NET_OUTCOME : NET_REPORT, r->start,
	    r->n, r->text, r->text_len, &r->sig, &r->sds, on_head, g));
}

void
gate_late_offer(struct gate *g)
{
	struct gate_record *r = gate_spool_at(g->spool, 0);
	int rc = 0;

	if (r == NULL)
		return;
	g->head_asked = true;
	if (r->index != RECORD_NONE) {	/* the log was seen to hold it */
		gate_late_look(g);
		return;
	}
	if (r->type == GATE_RECORD_DRAFT && r->ref_index == RECORD_NONE) {
		/* All was followed, what stood before it in the spool is kept,
		 * and no entry is its late: that one was lost with a disk. */
		diag("spool: an outcome of a record that is not there");
		if (r->start == g->book.start)
			gate_words_lost(&g->words, r->n);
		r->index = 0;
		head_gone(g);
		return;
	}
	if (r->type == GATE_RECORD_DRAFT)
		rc = finish_draft(g, r);
	if (rc == 0 && (rc = send_head(g, r)) == 0)
		g->head_wait = true;
	if (rc != 0) {
		diag("spool: its head cannot be offered: %s", cu_strerror(rc));
		head_error(g);
	}
}

/* ---- what a former start left ------------------------------------------- */

/* Does this record of the spool name request ${n} of that start? */
static bool
names(const struct gate_record *r, uint64_t start, uint64_t n)
{
	int64_t request;
	struct jv *v;

	if (r->kind != RECORD_LATE || r->start != start ||
	    jv_parse(&v, r->text, r->text_len, NULL) != 0)
		return (false);
	if (jv_int(jv_get(v, "request"), &request) != 0)
		request = 0;
	jv_free(v);
	return (n != 0 && (uint64_t)request == n);
}

bool
gate_late_names(struct gate *g, uint64_t n)
{
	const struct gate_record *r;
	size_t i;

	for (i = 0; (r = gate_spool_at(g->spool, i)) != NULL; i++)
		if (r->type != GATE_RECORD_ACT && names(r, g->book.start, n))
			return (true);
	return (false);
}

/* Is there an outcome of it in the spool, or does a late there name it? */
static bool
spool_knows(struct gate *g, const struct state_open *o)
{
	const struct gate_record *r;
	char text[48];
	size_t i;
	int len;

	len = snprintf(text, sizeof(text), "{\"command\":\"%llu\",",
	    (unsigned long long)o->index);
	for (i = 0; (r = gate_spool_at(g->spool, i)) != NULL; i++) {
		if (r->type == GATE_RECORD_DRAFT && r->ref_start == o->start &&
		    r->ref_n == o->n)
			return (true);
		if (r->kind == RECORD_OUTCOME &&
		    strncmp(r->text, text, (size_t)len) == 0)
			return (true);
		if (names(r, o->start, o->n))
			return (true);
	}
	return (false);
}

static bool
has_draft(struct gate *g, const struct gate_record *late)
{
	const struct gate_record *r;
	size_t i;

	for (i = 0; (r = gate_spool_at(g->spool, i)) != NULL; i++)
		if (r->type == GATE_RECORD_DRAFT &&
		    r->ref_start == late->start && r->ref_n == late->n)
			return (true);
	return (false);
}

/* A late of a former start that nobody can say more of. */
static void
draft_restart(struct gate *g, uint64_t start, uint64_t n)
{
	struct gate_result out = { .what = "in doubt",
	    .why = gate_why_name(GATE_WHY_RESTART),
	    .checkpoint = RECORD_NONE };
	struct gate_record r;
	struct gate_void v;
	struct buf b;
	int rc;

	gate_record_init(&r, GATE_RECORD_DRAFT);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	r.kind = RECORD_OUTCOME;
	r.start = g->book.start;
	r.n = gate_words_draw(&g->words, &v);
	r.ref_start = start;
	r.ref_n = n;
	gate_said_outcome_rest(&b, &out, NULL, &v);
	if ((rc = b.rc) == 0)
		rc = set_text(&r, buf_text(&b), b.len);
	buf_fini(&b);
	rc = add(g, &r, rc);
	gate_step(g, (struct gate_event){ .kind = GATE_EV_SPOOLED,
	    .ok = rc == 0 || rc == CU_EIO || rc == CU_ELIMIT });
}

static void
settle_open(struct gate *g)
{
	struct state_open o;
	struct gate_msg *m;
	size_t i;

	for (i = 0; state_open_nth(g->st, i, &o); i++) {
		if (strcmp(o.instance, g->conf->instance) != 0 ||
		    o.start == g->book.start || spool_knows(g, &o))
			continue;
		if (gate_msg_create(g, &m) != 0)
			return;
		m->index = o.index;
		m->out.what = "in doubt";
		gate_step(g, (struct gate_event){ .kind = GATE_EV_SETTLE,
		    .id = m->id, .index = o.index, .why = GATE_WHY_RESTART });
	}
}

void
gate_late_overlay(struct gate *g)
{
	const struct gate_record *r;
	struct record_act_file *f;
	struct cu_why why;
	size_t i;

	for (i = 0; (r = gate_spool_at(g->spool, i)) != NULL; i++) {
		if (r->type != GATE_RECORD_ACT ||
		    record_act_file_read(&f, r->text, r->text_len, NULL) != 0)
			continue;
		why.text[0] = '\0';
		if (state_overlay(g->st, f->act, &why) != 0)
			diag("spool: an act is not seen any more: %s",
			    why.text);
		record_act_file_free(f);
	}
}

void
gate_late_settle(struct gate *g)
{
	struct gate_record *r;
	size_t i, n = gate_spool_n(g->spool);

	/* Found again, although the log has it: a crash came before the file
	 * was begun anew. */
	while ((r = gate_spool_at(g->spool, 0)) != NULL &&
	    r->index < gate_follow_size(g) && gate_follow_sync(g) == 0) {
		head_gone(g);
		n--;
	}
	gate_late_overlay(g);
	for (i = 0; i < n; i++) {
		r = gate_spool_at(g->spool, i);
		if (r->kind == RECORD_LATE && r->start != g->book.start &&
		    r->index == RECORD_NONE && !has_draft(g, r))
			draft_restart(g, r->start, r->n);
	}
	settle_open(g);
}
