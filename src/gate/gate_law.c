/*
 * What the gate decides by itself (design 4.3): what may leave without the
 * keeper, whether the keeper's decision is the one that the gate's own tables
 * give, and the last check before the first byte.
 */
#include <stdio.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "state/state.h"

/* The tables as they stand now, with the gate's own clock. */
static int
decide_now(struct gate *g, struct gate_msg *m, struct law_decision *d)
{
	struct state_moment at = { .gate = g->conf->instance,
	    .lo = utc_now(), .less = STATE_NONE, .overlay = true };
	struct state_members members;

	at.hi = at.lo;
	if (m->command == NULL)
		return (CU_ESTATE);
	return (state_decide(g->st, m->command, &at, d, &members));
}

/* The register alone: a stop from a bound ADMF to an element of ours. */
static bool
register_passes(struct gate *g, const struct gate_msg *m)
{
	struct gate_reg r;

	return (m->said.form == NULL && m->said.bound != NULL &&
	    gate_register_id(g->reg, m->element, &r) &&
	    r.index == m->said.element &&
	    (r.e->kind == RECORD_NE || r.e->kind == RECORD_MDF) &&
	    r.e->gate != NULL &&
	    strcmp(r.e->gate, g->conf->instance) == 0);
}

static enum gate_class
class_of(const struct gate_msg *m)
{
	if (m->said.form != NULL || m->x1 == NULL)
		return (GATE_ASK);
	switch (m->x1->op) {
	case X1_OP_ACTIVATE_TASK:
	case X1_OP_CREATE_DESTINATION:
	case X1_OP_MODIFY_DESTINATION:
		return (GATE_START);
	case X1_OP_MODIFY_TASK:
	case X1_OP_REMOVE_DESTINATION:
		return (m->narrowing ? GATE_NARROW : GATE_START);
	case X1_OP_DEACTIVATE_TASK:
		return (GATE_STOP);
	case X1_OP_KEEPALIVE:
		return (GATE_PASS);
	default:
		return (GATE_ASK);
	}
}

static bool
orders(enum x1_op op)
{
	return (op == X1_OP_ACTIVATE_TASK || op == X1_OP_MODIFY_TASK ||
	    op == X1_OP_DEACTIVATE_TASK || op == X1_OP_CREATE_DESTINATION ||
	    op == X1_OP_MODIFY_DESTINATION || op == X1_OP_REMOVE_DESTINATION);
}

void
gate_law_prepare(struct gate *g, struct gate_msg *m, struct gate_event *ev,
    char key[GATE_KEY_MAX])
{
	struct law_decision d;
	const char *of = "";

	m->narrowing = false;
	if (m->said.form == NULL && m->x1 != NULL &&
	    (m->x1->op == X1_OP_MODIFY_TASK ||
	    m->x1->op == X1_OP_REMOVE_DESTINATION) && g->ready &&
	    decide_now(g, m, &d) == 0)
		m->narrowing = d.allowed && d.narrowing;
	m->class = ev->class = class_of(m);
	ev->may_spool = m->class == GATE_NARROW ||
	    ((m->class == GATE_STOP || m->class == GATE_PASS) &&
	    register_passes(g, m));
	if (m->class == GATE_PASS && ev->may_spool && g->ready &&
	    (decide_now(g, m, &d) != 0 || !d.allowed))
		ev->may_spool = false;
	key[0] = '\0';
	if (m->said.form == NULL && m->x1 != NULL && orders(m->x1->op)) {
		of = m->x1->xid[0] != '\0' ? m->x1->xid : m->x1->did;
		snprintf(key, GATE_KEY_MAX, "%s/%s", m->element, of);
	}
	ev->key = key;
}

bool
gate_law_refuses(struct gate *g, struct gate_msg *m)
{
	struct law_decision d;

	if (m->said.requester == NULL || m->said.form != NULL)
		return (true);
	return (g->ready && decide_now(g, m, &d) == 0 && !d.allowed);
}

/* Is every member that the keeper added the one that we would have? */
static bool
same_members(const void *line, size_t len, const struct law_decision *d,
    const struct state_members *members)
{
	const char *own;
	size_t own_len;
	struct buf b;
	bool same;

	if (state_own(line, len, &own, &own_len) != 0)
		return (false);
	buf_init(&b, RECORD_ENTRY_MAX);
	state_members_write(&b, d, members);
	same = b.rc == 0 && b.len == own_len &&
	    memcmp(b.p, own, own_len) == 0;
	buf_fini(&b);
	return (same);
}

void
gate_law_judge(struct gate *g, struct gate_msg *m, const void *line,
    size_t len, utc_us time, struct gate_seen *seen)
{
	struct state_moment at = { .gate = g->conf->instance, .lo = time,
	    .hi = time, .less = STATE_NONE };
	struct state_members members;
	struct law_decision d;
	struct record_entry *e;
	const char *rule;
	int rc;

	seen->verdict = GATE_VERDICT_DIVERGES;
	seen->mine_allowed = seen->leaves = false;
	text_put(seen->mine_rule, "form.syntax");
	if (m->command == NULL || record_entry_read(&e, line, len, NULL) != 0)
		return;
	seen->allowed = jv_streq(jv_get(e->own, "decision"), "allowed");
	rule = jv_str(jv_get(e->own, "rule"), NULL);
	/* That its clock stepped only the keeper knows; it only refuses. */
	at.held = rule != NULL && strcmp(rule, "clock.held") == 0;
	/* The words are ours, or somebody else's under our number. */
	if (e->said_len != m->text_len ||
	    memcmp(e->said, m->text, m->text_len) != 0) {
		record_entry_free(e);
		return;
	}
	rc = state_decide(g->st, m->command, &at, &d, &members);
	if (rc == STATE_E_UNOPENED || rc == CU_ESTATE)
		seen->verdict = seen->allowed ? GATE_VERDICT_NOT_OPENED :
		    GATE_VERDICT_REFUSED;
	else if (rc == 0) {
		seen->mine_allowed = d.allowed;
		snprintf(seen->mine_rule, sizeof(seen->mine_rule), "%s",
		    d.rule);
		if (same_members(line, len, &d, &members))
			seen->verdict = d.allowed ? GATE_VERDICT_SAME :
			    GATE_VERDICT_REFUSED;
	}
	/* By its time, which may be wrong: a stop goes by our own, too. */
	seen->leaves = seen->verdict == GATE_VERDICT_REFUSED &&
	    (m->class == GATE_STOP || m->class == GATE_NARROW) &&
	    decide_now(g, m, &d) == 0 && d.allowed && d.narrowing;
	if (seen->verdict == GATE_VERDICT_DIVERGES)
		diag("entry %llu: keeper %s by %s, own law %s by %s",
		    (unsigned long long)seen->index,
		    seen->allowed ? "allows" : "refuses",
		    rule != NULL ? rule : "-",
		    seen->mine_allowed ? "allows" : "refuses",
		    seen->mine_rule);
	record_entry_free(e);
}

/* What has no entry may only take away. */
static enum gate_why
last_late(struct gate *g, struct gate_msg *m)
{
	struct law_decision d;

	if (m->class != GATE_NARROW)
		return (GATE_WHY_NONE);
	if (!g->ready)
		return (GATE_WHY_LATER);
	if (decide_now(g, m, &d) != 0 || !d.allowed || !d.narrowing)
		return (GATE_WHY_LAW);
	return (GATE_WHY_NONE);
}

enum gate_why
gate_law_last(struct gate *g, struct gate_msg *m)
{
	struct state_moment at = { .gate = g->conf->instance,
	    .overlay = true };
	struct state_members members;
	struct law_decision d;
	utc_us now = utc_now();

	if (m->late)
		return (last_late(g, m));
	/* Tables that were begun anew say nothing yet; a stop needs none. */
	if (!g->ready)
		return (m->class == GATE_STOP && register_passes(g, m) ?
		    GATE_WHY_NONE : GATE_WHY_LATER);
	at.lo = now < m->entry_time ? now : m->entry_time;
	at.hi = now > m->entry_time ? now : m->entry_time;
	at.less = m->index;
	if (m->command == NULL ||
	    state_decide(g->st, m->command, &at, &d, &members) != 0)
		return (GATE_WHY_LAW);
	if (d.allowed)
		return (GATE_WHY_NONE);
	return (strncmp(d.rule, "clock.", 6) == 0 ? GATE_WHY_CLOCK :
	    GATE_WHY_LAW);
}
