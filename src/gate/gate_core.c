/*
 * Between the machine and the world: every event goes through gate_step, and
 * what the machine asks for is done here, in its order.
 */
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "net/net_loop.h"
#include "record/record_payload.h"
#include "state/state.h"

void
gate_waits(struct gate *g, struct gate_waits *w)
{
	const struct record_rules *rules = state_rules(g->st);
	struct record_rules defaults;

	if (rules == NULL || state_size(g->st) == 0) {
		record_rules_default(&defaults);
		rules = &defaults;
	}
	w->keeper = g->conf->keeper_timeout;
	w->outcome = g->conf->outcome_timeout;
	/* The client's own deadline comes first; this one is behind it. */
	w->element = g->conf->element_timeout + UTC_SECOND;
	w->release = rules->v[RECORD_RULE_RELEASE_TIMEOUT] * 1000;
	w->head_retry = GATE_HEAD_RETRY;
	w->pace = GATE_PACE_HOLD;
}

/* A number that its owner will not offer again. */
static void
number_lost(struct gate *g, struct gate_msg *m)
{
	if (m->n != 0 && m->index == RECORD_NONE)
		gate_words_lost(&g->words, m->n);
}

static void
set_outcome(struct gate_msg *m, const struct gate_act *a)
{
	if (a->why == GATE_WHY_NONE)
		m->out.what = "sent";
	else
		m->out.what = gate_why_unsent(a->why) ? "not sent" :
		    "in doubt";
	m->out.why = a->why == GATE_WHY_NONE ? NULL : gate_why_name(a->why);
	if (m->index == RECORD_NONE && a->index != 0)
		m->index = a->index;
	if (a->why != GATE_WHY_DIVERGES)
		m->out.mine_decision = NULL;
}

static void
spooled(struct gate *g, uint64_t id, int rc)
{
	gate_step(g, (struct gate_event){ .kind = GATE_EV_SPOOLED, .id = id,
	    .ok = rc == 0 || rc == CU_EIO || rc == CU_ELIMIT });
	/* The keeper has to hear of it, once it can be had. */
	if (rc != 0)
		g->beat_due = true;
}

static void
do_act(struct gate *g, const struct gate_act *a)
{
	struct gate_msg *m = gate_msg_find(g, a->id);
	enum gate_why why;

	if (a->kind == GATE_ACT_OFFER_HEAD) {
		gate_late_offer(g);
		return;
	}
	if (m == NULL)
		return;
	switch (a->kind) {
	case GATE_ACT_OFFER:
		gate_talk_offer(g, m);
		break;
	case GATE_ACT_CHECK:
		why = gate_ne_pace(g, m) ? gate_law_last(g, m) :
		    GATE_WHY_LATER;
		gate_step(g, (struct gate_event){ .kind = GATE_EV_CHECKED,
		    .id = m->id, .why = why });
		break;
	case GATE_ACT_SEND:
		gate_ne_send(g, m);
		break;
	case GATE_ACT_OUTCOME:
		set_outcome(m, a);
		gate_talk_outcome(g, m);
		break;
	case GATE_ACT_SPOOL_LATE:
		number_lost(g, m);
		spooled(g, m->id, gate_late_spool(g, m));
		break;
	case GATE_ACT_SPOOL_OUTCOME:
		set_outcome(m, a);
		spooled(g, m->id, gate_late_outcome(g, m));
		break;
	case GATE_ACT_SPOOL_REPORT:
		spooled(g, m->id, gate_late_report(g, m));
		break;
	case GATE_ACT_SAY:
		if (a->say == GATE_SAY_LATER)
			number_lost(g, m);
		gate_front_say(g, m, a);
		break;
	case GATE_ACT_AGAIN:
		gate_front_again(g, m);
		break;
	case GATE_ACT_DONE:
		gate_msg_free(g, m);
		break;
	default:
		break;
	}
}

int
gate_step(struct gate *g, struct gate_event ev)
{
	struct gate_act a;
	utc_us at;
	int rc;

	ev.now = utc_mono();
	if ((rc = gate_machine_step(g->m, &ev)) != 0 &&
	    ev.kind != GATE_EV_ISSUE)
		diag("a step could not be taken: %s", cu_strerror(rc));
	if (g->draining)		/* the outer call goes on with it */
		return (rc);
	g->draining = true;
	while (gate_machine_next(g->m, &a))
		do_act(g, &a);
	g->draining = false;
	if ((at = gate_machine_deadline(g->m)) != INT64_MAX)
		net_timer_at(g->tick, at);
	else
		net_timer_clear(g->tick);
	gate_talk_self(g);
	return (rc);
}

void
gate_event(struct gate *g, enum gate_event_kind kind, uint64_t id)
{
	gate_step(g, (struct gate_event){ .kind = kind, .id = id });
}
