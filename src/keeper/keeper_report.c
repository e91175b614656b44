/* src/keeper/keeper_report.c: what gates and auditors say */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "journal/journal.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "record/record_report.h"
#include "state/state.h"

static const struct {
	enum net_kind link;
	enum record_kind kind;
} kinds[] = {
	{ NET_COMMAND, RECORD_COMMAND }, { NET_LATE, RECORD_LATE },
	{ NET_OUTCOME, RECORD_OUTCOME }, { NET_REPORT, RECORD_REPORT },
	{ NET_SNAPSHOT, RECORD_SNAPSHOT }, { NET_ROUND, RECORD_ROUND },
	{ NET_START, RECORD_START }, { NET_STOP, RECORD_STOP },
	{ NET_BEAT, RECORD_BEAT },
};

/* The element that a report names by the index of its registration. */
static bool
named_element(struct keeper *k, const struct jv *said,
    struct state_element *out)
{
	uint64_t index;

	return (jv_dec(jv_get(said, "element"), &index) == 0 &&
	    state_element_at(k->state, index, out));
}

/* To whom what is said of an XID belongs. */
static void
own_by(struct keeper *k, struct record_owner *o, const struct jv *said,
    struct state_element *e)
{
	const char *xid = jv_str(jv_get(said, "xid"), NULL);

	if (xid != NULL)
		o->warrant = state_bound(k->state, xid, 0);
	if (named_element(k, said, e))
		o->element = e->id;
}

/* An outcome is sealed as its command was. */
static int
own_outcome(struct keeper *k, struct keeper_report *r, struct record_owner *o,
    struct state_element *e)
{
	struct record_entry *c = NULL;
	struct buf line;
	uint64_t index;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	if (jv_dec(jv_get(r->v, "command"), &index) != 0)
		rc = CU_EMALFORMED;
	else if ((rc = keeper_log_entry(k->log, index, &line)) == 0)
		rc = record_entry_read(&c, line.p, line.len, NULL);
	if (rc == 0 && c->kind != RECORD_COMMAND && c->kind != RECORD_LATE)
		rc = CU_ENOENT;
	if (rc == 0)
		own_by(k, o, c->said_v, e);
	record_entry_free(c);
	buf_fini(&line);
	return (rc);
}

/* Fill the seals of everything but a command, whose binding may be new. */
static int
seals(struct keeper *k, struct keeper_report *r, utc_us time)
{
	struct record_owner o = { .instance = r->peer->instance }, one;
	struct state_element e;
	const char *id;
	size_t i;
	int rc;

	if (r->sds->n == 0)
		return (0);
	if (r->kind == RECORD_OUTCOME) {
		if ((rc = own_outcome(k, r, &o, &e)) != 0)
			return (rc);
	} else if (named_element(k, r->v, &e))
		o.element = e.id;
	for (i = 0; i < r->sds->n; i++) {
		one = o;
		/* Items of one answer belong to different warrants. */
		if (r->kind == RECORD_SNAPSHOT &&
		    (id = jv_str(jv_at(r->sd[i].value, 0), NULL)) != NULL)
			one.warrant = state_bound(k->state, id, 0);
		keeper_seal_by(&r->seal[i], r->sd[i].name, &one, time);
	}
	return (0);
}

int
keeper_report_add(struct keeper *k, struct keeper_report *r,
    const struct buf *own, utc_us time, struct keeper_wait *w)
{
	struct keeper_entry e = { .kind = r->kind, .said = r->said,
	    .said_len = r->said_len, .sig = r->sig, .sds = r->sds,
	    .seal = r->seal };
	struct cu_why why = { "" };
	int rc;

	e.source.role = r->peer->role == NET_ROLE_GATE ? RECORD_ROLE_GATE :
	    RECORD_ROLE_AUDITOR;
	text_put(e.source.instance, r->peer->instance);
	e.source.start = r->start;
	e.source.n = r->n;
	if (own != NULL) {
		e.own = buf_text(own);
		e.own_len = own->len;
	}
	rc = keeper_entry_add(k, &e, time, &w->index, &why);
	if (rc != 0)
		keeper_error(r->peer, r->id, rc, &why);
	return (rc);
}

void
keeper_narrower(struct keeper *k, uint64_t element, const struct record_sd *sd)
{
	const char *id, *line;
	size_t len;

	/* `[id, line]`; with a reason and bytes it has no line. */
	if (jv_len(sd->value) != 2 ||
	    (id = jv_str(jv_at(sd->value, 0), NULL)) == NULL ||
	    (line = jv_str(jv_at(sd->value, 1), &len)) == NULL)
		return;
	state_narrower(k->state, element, id, line, len);
}

/* What an answer of an element makes us do beside keeping it. */
static bool
answered(struct keeper *k, const struct keeper_report *r)
{
	const struct jv *rows = jv_get(r->v, "rows");
	struct state_element e;
	unsigned int wants = 0, all = 0;
	uint64_t index;
	size_t i;

	if (r->kind == RECORD_SNAPSHOT &&
	    jv_dec(jv_get(r->v, "element"), &index) == 0) {
		for (i = 0; i < r->sds->n; i++)
			keeper_narrower(k, index, &r->sd[i]);
		all = state_wants(k->state, index);
		if ((all & STATE_ASK_BEAT) != 0 &&
		    state_element_at(k->state, index, &e) &&
		    e.reg->gate != NULL)
			keeper_ask_beat(k, e.reg->gate);
		return ((all & STATE_AGAIN) != 0);
	}
	for (i = 0; i < jv_len(rows); i++) {
		if (jv_dec(jv_at(jv_at(rows, i), 0), &index) != 0)
			continue;
		wants = state_wants(k->state, index);
		all |= wants;
		if ((wants & STATE_ASK_BEAT) != 0 &&
		    state_element_at(k->state, index, &e) &&
		    e.reg->gate != NULL)
			keeper_ask_beat(k, e.reg->gate);
	}
	return ((all & STATE_AGAIN) != 0);
}

/*
 * With the disk nearly full only what stops, and what became of it, is taken
 * (design 3.2).  A start is one small entry without which a gate that was
 * restarted could not report its stops.
 */
static bool
kept_when_full(enum record_kind kind)
{
	return (kind == RECORD_OUTCOME || kind == RECORD_LATE ||
	    kind == RECORD_START || kind == RECORD_STOP);
}

static void
keep(struct keeper *k, struct keeper_report *r)
{
	struct keeper_wait w = { .peer = r->peer, .id = r->id,
	    .what = KEEPER_KEPT };
	struct cu_why why = { "" };
	utc_us time = keeper_now(k);
	int rc;

	if (journal_room(k->journal) != JOURNAL_ROOM &&
	    !kept_when_full(r->kind)) {
		(void)net_link_answer_error(r->peer->link, r->id, "disk",
		    "the log's disk is nearly full");
		return;
	}
	if ((rc = seals(k, r, time)) != 0) {
		keeper_error(r->peer, r->id, rc, &why);
		return;
	}
	if (keeper_report_add(k, r, NULL, time, &w) != 0)
		return;
	w.again = answered(k, r);
	keeper_wait(k, &w);
}

/* The disclosures that came: those of `_sd`, in its order, each readable. */
static int
take_sds(struct keeper_report *r, const struct net_msg *m,
    const struct jv *list, struct cu_why *why)
{
	uint8_t (*digest)[DIGEST_LEN] = NULL;
	size_t n, i;
	int rc;

	if ((rc = record_sd_list(list, &digest, &n, why)) != 0)
		return (rc);
	for (i = 2; rc == 0 && i < m->part_n; i++)
		rc = record_sds_take(r->sds, (const char *)m->part[i].p,
		    m->part[i].len);
	if (rc == 0)
		rc = record_sds_sort(r->sds);
	if (rc == 0 && !record_sd_match(r->sds, digest, n)) {
		cu_why_set(why, "the disclosures are not those of _sd");
		rc = CU_EMALFORMED;
	}
	free(digest);
	if (rc != 0 || r->sds->n == 0)
		return (rc);
	r->sd = calloc(r->sds->n, sizeof(*r->sd));
	r->seal = calloc(r->sds->n, sizeof(*r->seal));
	if (r->sd == NULL || r->seal == NULL)
		return (CU_ENOMEM);
	for (i = 0; rc == 0 && i < r->sds->n; i++)
		rc = record_sd_read(&r->sd[i], r->sds->row[i].text,
		    r->sds->row[i].len, why);
	return (rc);
}

/* The signature, under the key that is registered now. */
static int
take_sig(struct keeper *k, struct keeper_report *r, const struct net_msg *m,
    struct cu_why *why)
{
	struct record_report text = { .kind = r->kind,
	    .instance = r->peer->instance, .start = r->start, .n = r->n,
	    .said = r->said, .said_len = r->said_len };
	struct state_instance i;
	struct jv *v = NULL;
	int rc;

	if ((rc = jv_parse(&v, (const char *)m->part[1].p, m->part[1].len,
	    why)) == 0)
		rc = record_sig_read(&r->sig, v, why);
	jv_free(v);
	if (rc != 0)
		return (rc);
	if (state_instance(k->state, r->peer->instance, &i) && i.live &&
	    record_report_verify(&text, state_log(k->state), &r->sig, i.key))
		return (0);
	cu_why_set(why, "not signed by the registered key");
	return (CU_EMALFORMED);
}

/*
 * Was it taken before?  0: no, it is new.  1: answered, by the entry that it
 * has, or since it can have none any more.
 */
static int
taken_before(struct keeper *k, struct keeper_report *r)
{
	struct record_entry *e = NULL;
	struct cu_why why = { "" };
	struct buf line;
	uint64_t index;
	int rc;

	rc = state_report(k->state, r->peer->instance, r->start, r->n, &index);
	if (rc == CU_ENOENT)
		return (0);
	if (rc != 0) {
		cu_why_set(&why, "number %llu of start %llu is passed",
		    (unsigned long long)r->n, (unsigned long long)r->start);
		keeper_error(r->peer, r->id, CU_ESTATE, &why);
		return (1);
	}
	buf_init(&line, RECORD_ENTRY_MAX);
	if ((rc = keeper_log_entry(k->log, index, &line)) == 0)
		rc = record_entry_read(&e, line.p, line.len, &why);
	/* The same id with other words: two processes with one home's key. */
	if (rc == 0 && (e->kind != r->kind || e->said_len != r->said_len ||
	    memcmp(e->said, r->said, r->said_len) != 0)) {
		cu_why_set(&why, "entry %llu has this number and says "
		    "something else", (unsigned long long)index);
		rc = CU_ESTATE;
	}
	record_entry_free(e);
	buf_fini(&line);
	if (rc != 0)
		keeper_error(r->peer, r->id, rc, &why);
	else
		keeper_wait_like(k, r->peer, r->id, index);
	return (1);
}

static int
number(const struct net_msg *m, const char *name, uint64_t *out)
{
	int64_t v;

	if (jv_int(jv_get(m->json, name), &v) != 0 || v < 1 ||
	    (uint64_t)v > RECORD_COUNT_MAX)
		return (-1);
	*out = (uint64_t)v;
	return (0);
}

void
keeper_report(struct keeper_peer *p, const struct net_msg *m)
{
	struct keeper *k = p->keeper;
	struct keeper_report r = { .peer = p, .id = m->id };
	struct cu_why why = { "" };
	struct record_sds sds;
	struct jv *v = NULL;
	size_t i;
	int rc = CU_EMALFORMED;

	record_sds_init(&sds);
	r.sds = &sds;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].link == m->kind)
			r.kind = kinds[i].kind;
	if (m->part_n < 2 || number(m, "start", &r.start) != 0 ||
	    number(m, "number", &r.n) != 0 || r.start > p->start) {
		cu_why_set(&why, "start, number: none of this connection");
		goto out;
	}
	/* A spool may hold what was signed in an earlier start. */
	r.said = (const char *)m->part[0].p;
	r.said_len = m->part[0].len;
	if (taken_before(k, &r) != 0) {
		rc = 0;
		goto out;
	}
	if ((rc = record_said_check(r.kind, p->role == NET_ROLE_GATE ?
	    RECORD_ROLE_GATE : RECORD_ROLE_AUDITOR, r.said, r.said_len, &v,
	    &why)) != 0)
		goto out;
	r.v = v;
	if ((rc = take_sig(k, &r, m, &why)) != 0 ||
	    (rc = take_sds(&r, m, jv_get(v, "_sd"), &why)) != 0)
		goto out;
	if (r.kind == RECORD_COMMAND || r.kind == RECORD_LATE)
		keeper_command(k, &r);
	else
		keep(k, &r);
	keeper_findings(k);
out:	if (rc != 0)
		keeper_error(p, m->id, rc, &why);
	for (i = 0; r.sd != NULL && i < sds.n; i++)
		record_sd_fini(&r.sd[i]);
	free(r.sd);
	free(r.seal);
	jv_free(v);
	record_sds_fini(&sds);
}
