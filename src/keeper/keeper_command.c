/* src/keeper/keeper_command.c: decide a command on the tables as they stand */
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "journal/journal.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "law/law.h"
#include "state/state.h"

/*
 * What the keeper cannot take for a reason of its own it answers with an error
 * and writes nothing, so that there is nothing to compare (formats 5).  What
 * can only reduce interception passes always.  NULL: it may be taken.
 */
static const char *
not_now(struct keeper *k)
{
	if (journal_room(k->journal) != JOURNAL_ROOM)
		return ("disk");
	if (k->held)
		return ("clock");
	if (!k->heard)
		return ("heard");
	return (NULL);
}

/* Seal under the warrant that the XID belongs to once this is applied. */
static void
seals(struct keeper *k, struct keeper_report *r, utc_us time,
    const struct state_members *members)
{
	struct record_owner o = { .instance = r->peer->instance };
	const char *xid = jv_str(jv_get(r->v, "xid"), NULL);
	struct state_element e;
	uint64_t index;
	size_t i;

	if (xid != NULL)
		o.warrant = state_bound(k->state, xid, 0);
	if (o.warrant == NULL && members != NULL && members->covers_n > 0)
		o.warrant = members->cover[0].warrant;
	if (jv_dec(jv_get(r->v, "element"), &index) == 0 &&
	    state_element_at(k->state, index, &e))
		o.element = e.id;
	for (i = 0; i < r->sds->n; i++)
		keeper_seal_by(&r->seal[i], r->sd[i].name, &o, time);
}

static void
late(struct keeper *k, struct keeper_report *r, struct state_command *c,
    utc_us time)
{
	struct keeper_wait w = { .peer = r->peer, .id = r->id,
	    .what = KEEPER_KEPT };
	struct cu_why why = { "" };
	struct buf own;
	int rc;

	buf_init(&own, RECORD_ENTRY_MAX);
	if ((rc = state_late_write(k->state, &own, c)) == 0)
		rc = own.rc;
	if (rc != 0) {
		keeper_error(r->peer, r->id, rc, &why);
		goto out;
	}
	seals(k, r, time, NULL);
	if (keeper_report_add(k, r, &own, time, &w) == 0)
		keeper_wait(k, &w);
out:	buf_fini(&own);
}

static void
decide(struct keeper *k, struct keeper_report *r, struct state_command *c,
    utc_us time)
{
	struct keeper_wait w = { .peer = r->peer, .id = r->id,
	    .what = KEEPER_DECIDED };
	struct state_moment at = { .gate = r->peer->instance, .lo = time,
	    .hi = time, .less = STATE_NONE };
	struct law_decision d;
	struct state_members m;
	struct cu_why why = { "" };
	const char *reason;
	struct buf own;
	int rc;

	buf_init(&own, RECORD_ENTRY_MAX);
	if ((rc = state_decide(k->state, c, &at, &d, &m)) != 0) {
		/* A value that the keeper itself cannot open: its vault. */
		diag("a command cannot be decided: %s", rc > 0 ?
		    "a revision in force is not open" : cu_strerror(rc));
		cu_why_set(&why, "the keeper cannot open what it needs");
		keeper_error(r->peer, r->id, CU_EIO, &why);
		goto out;
	}
	if (!(d.allowed && d.narrowing) && (reason = not_now(k)) != NULL) {
		(void)net_link_answer_error(r->peer->link, r->id, reason,
		    "only what stops or narrows is taken now");
		goto out;
	}
	if (strlen(d.rule) >= sizeof(w.rule)) {
		keeper_error(r->peer, r->id, CU_ELIMIT, &why);
		goto out;
	}
	text_put(w.rule, d.rule);
	w.allowed = d.allowed;
	state_members_write(&own, &d, &m);
	if (own.rc != 0) {
		keeper_error(r->peer, r->id, own.rc, &why);
		goto out;
	}
	seals(k, r, time, &m);
	if (keeper_report_add(k, r, &own, time, &w) == 0)
		keeper_wait(k, &w);
out:	buf_fini(&own);
}

void
keeper_command(struct keeper *k, struct keeper_report *r)
{
	struct state_command *c = NULL;
	struct cu_why why = { "" };
	utc_us time;
	int rc;

	/* Before each decision: a window may have opened by a step alone. */
	keeper_look_at_clock(k);
	time = keeper_now(k);
	rc = state_command_create(&c, r->said, r->said_len, r->sds, &why);
	if (rc != 0)
		keeper_error(r->peer, r->id, rc, &why);
	else if (r->kind == RECORD_LATE)
		late(k, r, c, time);
	else
		decide(k, r, c, time);
	state_command_free(c);
}
