/* src/state/state_audit.c: what elements admit, against what they may hold */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "state/state_int.h"

enum { N_ELEMENT, N_QUESTION, N_ASKED, N_ANSWERED, N_COMPLETE, N_ERROR,
	N_CERTIFICATE, N_BASE, N_PART, N_PARTS, N_ITEMS, N_GONE,
	N_LENIENCIES, N_VOID, N_LAST, N_SD, N_N };
static const struct scan_member snapshot_members[N_N] = {
	SCAN_M("element"), SCAN_M("question"), SCAN_M("asked"),
	SCAN_M("answered"), SCAN_M("complete"), SCAN_M("error"),
	SCAN_M("certificate"), SCAN_M("base"), SCAN_M("part"),
	SCAN_M("parts"), SCAN_M("items"), SCAN_M("gone"),
	SCAN_MAY("leniencies"), SCAN_MAY("void"), SCAN_MAY("last"),
	SCAN_MAY("_sd")
};
enum { I_TYPE, I_ID, I_LINE, I_WHY, I_COUNT, I_LAST, I_N };
static const struct scan_member item_members[I_N] = {
	SCAN_M("type"), SCAN_M("id"), SCAN_M("line"), SCAN_M("why"),
	SCAN_M("n"), SCAN_M("last")
};
static const struct scan_member round_members[] = {
	SCAN_M("rows"), SCAN_MAY("void"), SCAN_MAY("last")
};

static bool
same_seen(const struct law_seen *a, const struct law_seen *b)
{
	return (a->presence == b->presence && (a->presence != LAW_LINED ||
	    memcmp(a->line, b->line, DIGEST_LEN) == 0));
}

/* Nothing that is said of this object is still open. */
static bool
quiet(const struct object *o)
{
	return (o->effect.n == 0 && o->verdict == LAW_FINE && o->row == 0 &&
	    o->crow == 0 && o->shown == 0 && o->cshown == 0);
}

static bool
no_counting(const struct object *o)
{
	size_t k;

	for (k = 0; k < o->effect.n; k++)
		if (o->effect.v[k].activates ||
		    o->effect.v[k].to.presence == LAW_ABSENT)
			return (true);
	return (false);
}

/* From this answer on the element's counter is judged. */
static void
set_baseline(struct object *o, uint64_t i)
{
	struct law_effect *e;
	size_t k;

	o->has_base = o->has_n;
	o->has_base_last = o->has_last;
	o->base_last = o->last;
	memset(&o->counter, 0, sizeof(o->counter));
	o->counter.base = o->n;
	for (k = 0; k < o->effect.n; k++) {
		e = &o->effect.v[k];
		e->count = e->outcome >= i || e->fate == LAW_FATE_DOUBT ||
		    e->fate == LAW_FATE_NONE ? LAW_COUNT_MAYBE : LAW_COUNT_IN;
	}
}

/* Does the counter tell of a change that nobody commanded? */
static bool
counts_aside(const struct state *st, const struct object *o,
    const struct law_answer *a)
{
	struct law_history h;
	struct law_set base;
	size_t k;

	if (!o->task || o->seen.presence == LAW_ABSENT || !o->commanded)
		return (false);
	state_history(st, o, &base, &h);
	if (o->has_n && o->has_base)
		return (!law_counted(&h, a, &o->counter, o->n));
	if (!o->has_last || !o->has_base_last || o->last == o->base_last)
		return (false);
	/* No number, but a time: some ModifyTask must explain it. */
	for (k = 0; k < o->effect.n; k++)
		if (o->effect.v[k].modifies)
			return (false);
	return (o->counter.done == 0 && o->counter.doubt == 0);
}

static int
pend_object(struct state *st, enum finding_type t, enum severity s,
    const struct object *o, uint64_t j, utc_us time)
{
	return (state_pend(st, t, s, NULL, o->element, MAP_NONE, o, j, time,
	    o->command, NULL));
}

/* Let the answer settle what was in doubt, and say so where it was found. */
static int
settle(struct state *st, struct object *o, const struct law_answer *a,
    utc_us time)
{
	uint8_t before[EFFECTS_MAX + 1];
	struct law_history h;
	struct law_set base;
	size_t k, n = o->effect.n;

	if (n == 0)
		return (0);
	for (k = 0; k < n && k <= EFFECTS_MAX; k++)
		before[k] = o->effect.v[k].settled;
	state_history(st, o, &base, &h);
	if (law_settle(o->effect.v, n, &base, a, &o->seen) == 0)
		return (0);
	for (k = 0; k < n && k <= EFFECTS_MAX; k++)
		if (before[k] == 0 && o->effect.v[k].settled != 0 &&
		    o->effect.v[k].fate == LAW_FATE_DOUBT &&
		    state_pend_settled(st, o->effect.v[k].outcome, a->j,
		    time) != 0)
			return (CU_ENOMEM);
	return (0);
}

static uint8_t
more(uint8_t n, uint8_t by)
{
	return (n > 200 ? n : (uint8_t)(n + by));
}

/* What was not right was shown, and is not shown when asked again, although
 * nothing was commanded between. */
static bool
flickers(const struct element *e, const struct object *o,
    enum law_verdict before)
{
	if (!e->answered || !o->task || !o->moved)
		return (false);
	if (o->command != STATE_NONE && (o->command >= e->last.i ||
	    o->outcome == STATE_NONE || o->outcome >= e->last.i))
		return (false);
	return (before != LAW_FINE);
}

static int
judge_object(struct state *st, struct element *e, struct object *o,
    const struct law_answer *a, utc_us time)
{
	enum law_verdict before = o->verdict, v;
	struct law_object facts;
	struct law_history h;
	struct law_set base, set;
	utc_us next = UTC_MAX;

	if (state_fold(st, o, a->i) != 0)
		return (CU_ENOMEM);
	state_history(st, o, &base, &h);
	law_admissible(&set, &h, a);
	facts.commanded = o->commanded;
	/* What was seen to only narrow does so until something else is seen. */
	o->narrower = o->narrows || (o->narrower && !o->moved);
	o->narrows = false;
	facts.narrower = o->task && (o->narrower ||
	    (st->flags & STATE_STRUCTURE) != 0);
	facts.over = UTC_MAX;
	if (o->task && o->commanded && o->seen.presence != LAW_ABSENT) {
		facts.over = state_over(st, o, a->asked, &next);
		if (next < e->over_next)
			e->over_next = next;
	}
	o->over_next = next;
	v = law_judge(&facts, &set, a, &o->seen);
	/* What was found at once when it came stands in the log. */
	o->unshown = v == LAW_V_ALTERED && o->task &&
	    o->seen.presence == LAW_LINED && ((o->unshown && !o->moved) ||
	    (st->flags & STATE_REPLAY) != 0);
	if (o->unshown)
		v = LAW_V_NARROWER;
	o->verdict = v;
	if (flickers(e, o, before) && pend_object(st, F_TASK_FLICKER,
	    SEV_CRITICAL, o, a->j, time) != 0)
		return (CU_ENOMEM);
	if (v != before || v == LAW_FINE)
		o->row = o->shown = 0;
	switch (v) {
	case LAW_V_UNKNOWN:
		if (pend_object(st, o->task ? F_TASK_UNKNOWN :
		    F_DESTINATION_UNKNOWN, SEV_CRITICAL, o, a->j, time) != 0)
			return (CU_ENOMEM);
		break;
	case LAW_V_ALTERED:
		if (pend_object(st, o->task ? F_TASK_ALTERED :
		    F_DESTINATION_ALTERED, SEV_CRITICAL, o, a->j, time) != 0)
			return (CU_ENOMEM);
		break;
	case LAW_V_OVERDUE:
		o->row = more(o->row, 1);
		if (o->row == 1)
			e->wants |= STATE_AGAIN;
		else if (pend_object(st, o->task ? F_TASK_OVERDUE :
		    F_DESTINATION_UNKNOWN, SEV_CRITICAL, o, a->j, time) != 0)
			return (CU_ENOMEM);
		break;
	case LAW_V_MISSING:
	case LAW_V_NARROWER:
		o->shown = more(o->shown, 1);
		e->wants |= STATE_ASK_BEAT;
		if (o->row + o->shown == 1 && v == LAW_V_MISSING)
			e->wants |= STATE_AGAIN;
		break;
	default:
		break;
	}
	if (o->task && !o->has_base && !o->has_base_last &&
	    o->seen.presence != LAW_ABSENT && !no_counting(o))
		set_baseline(o, a->i);
	else if (counts_aside(st, o, a)) {
		o->cshown = more(o->cshown, 1);
		e->wants |= STATE_ASK_BEAT;
		if (o->crow + o->cshown == 1)
			e->wants |= STATE_AGAIN;
	} else
		o->crow = o->cshown = 0;
	return (settle(st, o, a, time));
}

/* What had to wait until the gate's spool was seen empty. */
static int
judge_waiting(struct state *st, struct object *o, const struct law_answer *a,
    utc_us time)
{
	struct law_history h;
	struct law_set base, set;
	utc_us long_ago = 1000 * st->rules.v[RECORD_RULE_MISSING_AFTER];

	if (o->shown > 0) {
		state_history(st, o, &base, &h);
		law_admissible(&set, &h, a);
		if (law_set_has(&set, &o->seen)) {
			o->row = o->shown = 0;
			o->verdict = LAW_FINE;
		} else {
			o->row = more(o->row, o->shown);
			o->shown = 0;
		}
		if (o->verdict == LAW_V_NARROWER && pend_object(st,
		    o->task ? F_TASK_ALTERED : F_DESTINATION_ALTERED,
		    SEV_CRITICAL, o, a->j, time) != 0)
			return (CU_ENOMEM);
		/* A court's order that is not carried out. */
		if (o->verdict == LAW_V_MISSING && o->row >= 2 && o->task &&
		    state_pend_missing(st, o, a->asked - o->done_time >
		    long_ago, a->j, time) != 0)
			return (CU_ENOMEM);
	}
	if (o->cshown > 0) {
		if (!counts_aside(st, o, a)) {
			o->crow = o->cshown = 0;
			return (0);
		}
		o->crow = more(o->crow, o->cshown);
		o->cshown = 0;
		if (o->crow >= 2) {
			if (pend_object(st, F_TASK_MODIFIED_ASIDE,
			    SEV_CRITICAL, o, a->j, time) != 0)
				return (CU_ENOMEM);
			set_baseline(o, a->i);
			o->crow = 0;
		}
	}
	return (0);
}

/*
 * Would this answer only repeat what the last one led to?  Nothing about the
 * object is open, it was not shown anew, and no order has changed or ended.
 */
static bool
repeats(const struct state *st, const struct element *e,
    const struct object *o, const struct law_answer *a)
{
	bool baseline = o->task && !o->has_base && !o->has_base_last &&
	    (o->has_n || o->has_last) && o->seen.presence != LAW_ABSENT;

	return (!o->shown_anew && !baseline && e->epoch == st->epoch &&
	    quiet(o) && a->asked - a->overdue_after <= o->over_next);
}

/* It is gone, may be nowhere, and nothing is left to be said of it. */
static bool
at_rest(const struct object *o)
{
	return (o->seen.presence == LAW_ABSENT && o->base_absent &&
	    !o->base_unlined && !o->base_over && o->base.n == 0 && quiet(o));
}

static int
judge_all_waiting(struct state *st, struct element *e, uint64_t until,
    utc_us time)
{
	struct law_answer a = e->last;
	struct object *o;
	uint32_t k;

	a.until = until;
	e->waiting = false;
	for (k = e->objects; k != MAP_NONE; k = o->next) {
		o = &st->object.v[k];
		if ((o->shown > 0 || o->cshown > 0) &&
		    judge_waiting(st, o, &a, time) != 0)
			return (CU_ENOMEM);
	}
	return (0);
}

static bool
gate_listens(const struct state *st, const struct element *e)
{
	const char *gate = e->payload->element.gate;
	uint32_t i = gate == NULL ? MAP_NONE : state_find(st, T_INSTANCE,
	    gate);

	return (i != MAP_NONE && st->instance.v[i].live);
}

static int
judge_element(struct state *st, uint32_t row, const struct law_answer *a,
    utc_us time, bool moved)
{
	struct element *e = &st->element.v[row];
	struct object *o;
	uint32_t k, *at;

	e->failed = 0;
	e->wants = 0;
	if (!moved && !e->dirty && e->epoch == st->epoch &&
	    a->asked - a->overdue_after <= e->over_next) {
		e->last = *a;
		e->answered = true;
		return (0);
	}
	e->over_next = UTC_MAX;
	for (k = e->objects; k != MAP_NONE; k = o->next) {
		o = &st->object.v[k];
		if (!repeats(st, e, o, a)) {
			if (judge_object(st, e, o, a, time) != 0)
				return (CU_ENOMEM);
		} else if (o->over_next < e->over_next)
			e->over_next = o->over_next;
		o->answer = a->j;
	}
	e->last = *a;
	e->answered = e->waiting = true;
	e->epoch = st->epoch;
	if (!gate_listens(st, e) &&
	    judge_all_waiting(st, e, a->j, time) != 0)
		return (CU_ENOMEM);
	e->dirty = false;
	for (at = &e->objects; *at != MAP_NONE;) {
		o = &st->object.v[*at];
		o->moved = o->shown_anew = false;
		if (state_fold(st, o, a->i) != 0)
			return (CU_ENOMEM);
		e->dirty = e->dirty || !quiet(o);
		/* A long log has far more of these than of all others. */
		if (at_rest(o)) {
			o->listed = false;
			*at = o->next;
		} else
			at = &o->next;
	}
	return (0);
}

int
state_spool_empty(struct state *st, uint32_t instance, uint64_t index,
    utc_us time)
{
	const char *id = st->instance.v[instance].id;
	struct element *e;
	size_t i;

	for (i = 0; i < st->element.n; i++) {
		e = &st->element.v[i];
		if (!e->waiting || e->last.j >= index ||
		    e->payload->element.gate == NULL ||
		    strcmp(e->payload->element.gate, id) != 0)
			continue;
		if (judge_all_waiting(st, e, index, time) != 0)
			return (CU_ENOMEM);
	}
	return (0);
}

/* ---- reading answers --------------------------------------------------- */

static int
read_item(const struct scan *s, uint32_t t, struct item *out)
{
	uint32_t v[I_N];
	const char *p;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (scan_members(s, t, item_members, I_N, v, NULL) != 0 ||
	    scan_str(s, v[I_ID], &p, &n) != 0 || !text_is_uuid(p, n))
		return (CU_EMALFORMED);
	memcpy(out->id, p, n);
	out->task = scan_is(s, v[I_TYPE], "task");
	if (!out->task && !scan_is(s, v[I_TYPE], "destination"))
		return (CU_EMALFORMED);
	if (scan_null(s, v[I_LINE])) {
		if (!scan_is(s, v[I_WHY], "unbound") &&
		    !scan_is(s, v[I_WHY], "form"))
			return (CU_EMALFORMED);
		out->seen.presence = LAW_UNLINED;
	} else {
		out->seen.presence = LAW_LINED;
		if (!scan_null(s, v[I_WHY]) || scan_bytes(s, v[I_LINE],
		    out->seen.line, DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
	}
	if (!scan_null(s, v[I_COUNT])) {
		if (scan_dec(s, v[I_COUNT], &out->n) != 0)
			return (CU_EMALFORMED);
		out->has_n = true;
	}
	if (!scan_null(s, v[I_LAST])) {
		if (scan_utc(s, v[I_LAST], &out->last) != 0)
			return (CU_EMALFORMED);
		out->has_last = true;
	}
	return (0);
}

static void
forget_parts(struct element *e)
{
	free(e->part.v);
	free(e->gone.v);
	memset(&e->part, 0, sizeof(e->part));
	memset(&e->gone, 0, sizeof(e->gone));
	e->part_next = 0;
}

/* What an object was seen as, before an answer that says something of it. */
struct before { uint32_t row; struct law_seen seen; };

static void
remember(struct state *st, struct object *o, struct before *b, size_t *n)
{
	if (o->shown_anew)
		return;
	o->shown_anew = true;
	b[*n].row = (uint32_t)(o - st->object.v);
	b[(*n)++].seen = o->seen;
}

static int
take_items(struct state *st, uint32_t row, struct before *b, size_t *n)
{
	struct element *e = &st->element.v[row];
	const struct item *x;
	struct object *o;
	uint32_t k;
	size_t i;
	int task;

	for (k = e->objects; e->part_full && k != MAP_NONE; k = o->next) {
		o = &st->object.v[k];
		remember(st, o, b, n);
		memset(&o->seen, 0, sizeof(o->seen));
	}
	for (i = 0; i < 2 * e->gone.n; i++) {
		task = i % 2 == 0;
		if ((o = state_object_get(st, row, task, e->gone.v[i / 2],
		    false)) == NULL || !o->listed)
			continue;
		remember(st, o, b, n);
		memset(&o->seen, 0, sizeof(o->seen));
	}
	for (i = 0; i < e->part.n; i++) {
		x = &e->part.v[i];
		if ((o = state_object_get(st, row, x->task, x->id, true)) ==
		    NULL)
			return (CU_ENOMEM);
		remember(st, o, b, n);
		o->seen = x->seen;
		o->narrows = x->narrows;
		o->has_n = x->has_n;
		o->n = x->n;
		o->has_last = x->has_last;
		o->last = x->last;
	}
	return (0);
}

/* All parts stand: what they say becomes what is seen. */
static int
take_complete(struct state *st, uint32_t row, utc_us time, uint64_t i)
{
	struct element *e = &st->element.v[row];
	struct law_answer a = { i, e->part_index, e->part_index,
	    e->part_asked, 1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER] };
	size_t room = 2 * e->gone.n + e->part.n + 1, n = 0, k;
	struct before *b;
	struct object *o;
	uint32_t at;

	for (at = e->objects; e->part_full && at != MAP_NONE;
	    at = st->object.v[at].next)
		room++;
	if ((b = malloc(room * sizeof(*b))) == NULL)
		return (CU_ENOMEM);
	if (take_items(st, row, b, &n) != 0) {
		free(b);
		return (CU_ENOMEM);
	}
	for (k = 0; k < n; k++) {
		o = &st->object.v[b[k].row];
		o->moved = !same_seen(&o->seen, &b[k].seen);
	}
	free(b);
	e->base = e->part_index;
	forget_parts(e);
	return (judge_element(st, row, &a, time, true));
}

static int
failed(struct state *st, uint32_t row, uint64_t index, utc_us time,
    bool identity)
{
	struct element *e = &st->element.v[row];

	forget_parts(e);
	e->wants = 0;
	e->failed++;
	if (identity && state_pend(st, F_ELEMENT_IDENTITY, SEV_CRITICAL, NULL,
	    row, MAP_NONE, NULL, index, time, STATE_NONE, NULL) != 0)
		return (CU_ENOMEM);
	if (e->failed >= 3 && state_pend(st, F_ELEMENT_SILENT, SEV_CRITICAL,
	    NULL, row, MAP_NONE, NULL, index, time, STATE_NONE, NULL) != 0)
		return (CU_ENOMEM);
	return (0);
}

static int
take_snapshot(struct state *st, uint64_t index, utc_us time,
    uint32_t instance, uint64_t start, uint64_t n, struct cu_why *why)
{
	const struct scan *s = &st->said;
	uint64_t element, question, base = STATE_NONE;
	int64_t part, parts;
	struct element *e;
	uint32_t v[N_N], t, row;
	utc_us asked;
	bool complete;
	size_t items = 0, gone = 0;
	struct item x;

	cu_why_set(why, "snapshot: a member's form");
	if (scan_members(s, 0, snapshot_members, N_N, v, NULL) != 0 ||
	    scan_dec(s, v[N_ELEMENT], &element) != 0 ||
	    scan_dec(s, v[N_QUESTION], &question) != 0 ||
	    scan_utc(s, v[N_ASKED], &asked) != 0 ||
	    scan_bool(s, v[N_COMPLETE], &complete) != 0 ||
	    scan_int(s, v[N_PART], &part) != 0 ||
	    scan_int(s, v[N_PARTS], &parts) != 0 ||
	    (!scan_null(s, v[N_BASE]) &&
	    scan_dec(s, v[N_BASE], &base) != 0) || part < 1 || parts < part ||
	    parts > RECORD_PARTS_MAX || s->tok[v[N_ITEMS]].type != SCAN_ARRAY ||
	    s->tok[v[N_GONE]].type != SCAN_ARRAY ||
	    scan_count(s, v[N_ITEMS]) > RECORD_ITEMS_MAX)
		return (CU_EMALFORMED);
	cu_why_set(why, "element, question: not in the log");
	row = state_find_index(st, T_REGISTRATION, element);
	if (row == MAP_NONE || question > st->size)
		return (CU_EDENIED);
	if (!complete)
		return (failed(st, row, index, time,
		    scan_is(s, v[N_ERROR], "identity")));
	e = &st->element.v[row];
	cu_why_set(why, "base: not the last complete snapshot");
	if (base != STATE_NONE && base != e->base)
		return (CU_EDENIED);
	cu_why_set(why, "part: not the next of this answer");
	if (part != 1 && (part != e->part_next || parts != e->parts ||
	    instance != e->part_of || start != e->part_start ||
	    n != e->part_n + 1 || question != e->part_i ||
	    (base == STATE_NONE) != e->part_full))
		return (CU_EDENIED);
	cu_why_set(why, "items: a member's form");
	for (t = v[N_ITEMS] + 1; t < s->tok[v[N_ITEMS]].next;
	    t = s->tok[t].next, items++)
		if (read_item(s, t, &x) != 0)
			return (CU_EMALFORMED);
	for (t = v[N_GONE] + 1; t < s->tok[v[N_GONE]].next; t++, gone++)
		if (s->tok[t].type != SCAN_STRING || !text_is_uuid(s->p +
		    s->tok[t].off, s->tok[t].len))
			return (CU_EMALFORMED);

	if (part == 1) {
		forget_parts(e);
		e->part_index = index;
		e->part_i = question;
		e->part_of = instance;
		e->part_start = start;
		e->part_asked = asked;
		e->parts = parts;
		e->part_full = base == STATE_NONE;
	}
	e->part_n = n;
	e->part_next = part + 1;
	if (ROOM(&e->part, items) != 0 || ROOM(&e->gone, gone) != 0)
		return (CU_ENOMEM);
	for (t = v[N_ITEMS] + 1; t < s->tok[v[N_ITEMS]].next;
	    t = s->tok[t].next)
		(void)read_item(s, t, &e->part.v[e->part.n++]);
	for (t = v[N_GONE] + 1; t < s->tok[v[N_GONE]].next; t++) {
		memcpy(e->gone.v[e->gone.n], s->p + s->tok[t].off,
		    TEXT_UUID_LEN);
		e->gone.v[e->gone.n++][TEXT_UUID_LEN] = '\0';
	}
	return (part == parts ? take_complete(st, row, time, question) : 0);
}

struct round_row {
	uint32_t element;
	uint64_t question;
	utc_us asked;
};

static int
read_row(const struct state *st, uint32_t t, struct round_row *out)
{
	const struct scan *s = &st->said;
	uint64_t element, base;
	utc_us answered;
	int64_t objects;

	if (scan_count(s, t) != 6 || scan_dec(s, t + 1, &element) != 0 ||
	    scan_dec(s, t + 2, &base) != 0 ||
	    scan_dec(s, t + 3, &out->question) != 0 ||
	    scan_utc(s, t + 4, &out->asked) != 0 ||
	    scan_utc(s, t + 5, &answered) != 0 ||
	    scan_int(s, t + 6, &objects) != 0)
		return (CU_EMALFORMED);
	out->element = state_find_index(st, T_REGISTRATION, element);
	if (out->element == MAP_NONE || out->question > st->size ||
	    st->element.v[out->element].base != base)
		return (CU_EDENIED);
	return (0);
}

static int
take_round(struct state *st, uint64_t index, utc_us time, struct cu_why *why)
{
	const struct scan *s = &st->said;
	struct law_answer a = { 0, index, index, 0,
	    1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER] };
	struct round_row r;
	uint32_t v[3], t;
	int rc;

	cu_why_set(why, "round: a row's form");
	if (scan_members(s, 0, round_members, 3, v, NULL) != 0 ||
	    scan_count(s, v[0]) < 1 || scan_count(s, v[0]) > RECORD_ROUND_MAX)
		return (CU_EMALFORMED);
	cu_why_set(why, "round: a row's element, base or question");
	for (t = v[0] + 1; t < s->tok[v[0]].next; t = s->tok[t].next)
		if ((rc = read_row(st, t, &r)) != 0)
			return (rc);
	for (t = v[0] + 1; t < s->tok[v[0]].next; t = s->tok[t].next) {
		(void)read_row(st, t, &r);
		a.i = r.question;
		a.asked = r.asked;
		if (judge_element(st, r.element, &a, time, false) != 0)
			return (CU_ENOMEM);
	}
	return (0);
}

int
state_take_answer(struct state *st, enum record_kind kind, uint64_t index,
    utc_us time, uint32_t instance, uint64_t start, uint64_t n,
    struct cu_why *why)
{
	if (st->instance.v[instance].role != RECORD_ROLE_AUDITOR) {
		cu_why_set(why, "source: not an auditor");
		return (CU_EDENIED);
	}
	return (kind == RECORD_ROUND ? take_round(st, index, time, why) :
	    take_snapshot(st, index, time, instance, start, n, why));
}

unsigned int
state_wants(const struct state *st, uint64_t element)
{
	uint32_t row = state_find_index(st, T_REGISTRATION, element);

	return (row == MAP_NONE ? 0 : st->element.v[row].wants);
}

/* ---- what only narrows ------------------------------------------------- */

/* A field of a canonical line: where ` name=` starts and its value ends. */
static bool
field(const char *line, size_t len, const char *name, size_t *from, size_t *to)
{
	const char *p = memmem(line, len, name, strlen(name)), *q;

	*from = *to = 0;
	if (p == NULL)
		return (false);
	*from = (size_t)(p - line) + strlen(name);
	q = memchr(line + *from, ' ', len - *from);
	*to = q == NULL ? len : (size_t)(q - line);
	return (true);
}

static bool
shape_of_line(struct li_shape *s, li_uuid did[LI_DIDS_MAX], const char *line,
    size_t len)
{
	size_t a, b, n;
	unsigned int bit;

	memset(s, 0, sizeof(*s));
	s->dids = did;
	if (!field(line, len, " deliver=", &a, &b) ||
	    (s->delivery = li_delivery_find(line + a, b - a)) == 0 ||
	    !field(line, len, " dids=", &a, &b))
		return (false);
	for (; a + TEXT_UUID_LEN <= b && s->dids_n < LI_DIDS_MAX;
	    a += TEXT_UUID_LEN + 1) {
		memcpy(did[s->dids_n], line + a, TEXT_UUID_LEN);
		did[s->dids_n++][TEXT_UUID_LEN] = '\0';
	}
	if (a < b || !field(line, len, " services=", &a, &b))
		return (false);
	if (b - a == 1 && line[a] == '*')
		return (true);
	for (; a < b; a += n + 1) {
		for (n = 0; a + n < b && line[a + n] != ','; n++)
			;
		if ((bit = li_service_find(line + a, n)) == 0)
			return (false);
		s->services |= bit;
	}
	return (true);
}

/* The line with another shape in it. */
static void
put_back(struct buf *b, const char *line, size_t len, const struct li_shape *s)
{
	size_t a = 0, e = 0, at = 0, i;
	unsigned int bit;
	bool first = true;

	/* shape_of_line found all three. */
	(void)field(line, len, " deliver=", &a, &e);
	buf_add(b, line, a);
	buf_str(b, li_delivery_name(s->delivery));
	at = e;
	(void)field(line, len, " dids=", &a, &e);
	buf_add(b, line + at, a - at);
	for (i = 0; i < s->dids_n; i++) {
		if (i > 0)
			buf_ch(b, ',');
		buf_str(b, s->dids[i]);
	}
	at = e;
	(void)field(line, len, " services=", &a, &e);
	buf_add(b, line + at, a - at);
	if (s->services == 0)
		buf_ch(b, '*');
	/* The bits are in the order of their names. */
	for (bit = 1; bit < LI_SERVICES; bit <<= 1)
		if (s->services & bit) {
			if (!first)
				buf_ch(b, ',');
			first = false;
			buf_str(b, li_service_name(bit));
		}
	buf_add(b, line + e, len - e);
}

/* Does the line, whose token that is, only narrow a version of the set? */
static bool
line_narrows(const struct state *st, const char *xid, const char *line,
    size_t len, const struct law_set *set)
{
	li_uuid did[LI_DIDS_MAX];
	struct li_shape shown;
	uint8_t token[DIGEST_LEN];
	struct buf b;
	bool is = false;
	size_t i;

	if (!shape_of_line(&shown, did, line, len))
		return (false);
	buf_init(&b, RECORD_SD_TEXT_MAX);
	for (i = 0; i < set->n && !is; i++) {
		if (li_shape_narrows(&st->shape.v[set->shape[i]], &shown) !=
		    LI_NARROWS)
			continue;
		buf_reset(&b);
		put_back(&b, line, len, &st->shape.v[set->shape[i]]);
		is = b.rc == 0 && state_task_token(st, xid, b.p, b.len,
		    token) == 0 && memcmp(token, set->line[i],
		    DIGEST_LEN) == 0;
	}
	buf_wipe(&b);
	return (is);
}

/* Is that what was seen? */
static bool
is_line(const struct state *st, const char *xid, const char *line, size_t len,
    const struct law_seen *seen)
{
	uint8_t token[DIGEST_LEN];

	return (seen->presence == LAW_LINED && state_task_token(st, xid, line,
	    len, token) == 0 && memcmp(token, seen->line, DIGEST_LEN) == 0);
}

/* An item of parts that are not complete yet: it is judged with the last. */
static void
part_narrower(struct state *st, struct element *e, const struct object *o,
    const char *line, size_t len)
{
	struct law_answer a = { e->part_i, e->part_index, e->part_index,
	    e->part_asked, 1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER] };
	struct law_history h;
	struct law_set base, set;
	struct item *x = NULL;
	size_t i;

	/* It came with the last part, so it stands near the end. */
	for (i = e->part.n; i > 0 && x == NULL; i--)
		if (e->part.v[i - 1].task &&
		    strcmp(e->part.v[i - 1].id, o->id) == 0)
			x = &e->part.v[i - 1];
	if (x == NULL)
		return;
	state_history(st, o, &base, &h);
	law_admissible(&set, &h, &a);
	x->narrows = !law_set_has(&set, &x->seen) &&
	    is_line(st, o->id, line, len, &x->seen) &&
	    line_narrows(st, o->id, line, len, &set);
}

void
state_narrower(struct state *st, uint64_t element, const char *xid,
    const char *line, size_t len)
{
	uint32_t row = state_find_index(st, T_REGISTRATION, element);
	struct object *o = row == MAP_NONE ? NULL :
	    state_object_get(st, row, true, xid, false);
	struct law_history h;
	struct law_set base, set;

	if (o == NULL)
		return;
	if (st->element.v[row].part_next != 0) {
		part_narrower(st, &st->element.v[row], o, line, len);
		return;
	}
	if ((o->verdict != LAW_V_ALTERED && !o->unshown) ||
	    !is_line(st, xid, line, len, &o->seen))
		return;
	state_history(st, o, &base, &h);
	law_admissible(&set, &h, &st->element.v[row].last);
	if (line_narrows(st, xid, line, len, &set)) {
		state_unpend(st, F_TASK_ALTERED, row, xid);
		o->narrower = true;
		o->verdict = LAW_V_NARROWER;
		o->shown = o->unshown ? o->shown : 1;
		st->element.v[row].waiting = st->element.v[row].dirty = true;
		st->element.v[row].wants |= STATE_ASK_BEAT;
	} else if (o->unshown) {
		o->verdict = LAW_V_ALTERED;
		o->row = o->shown = 0;
		if (pend_object(st, F_TASK_ALTERED, SEV_CRITICAL, o,
		    o->answer, st->time) != 0)
			st->broken = true;
	}
	o->unshown = false;
}
