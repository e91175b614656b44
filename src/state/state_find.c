/* src/state/state_find.c: findings that follow, and findings that stand */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "json/jw.h"
#include "state/state_int.h"

#define DUE_AFTER (60 * UTC_SECOND)	/* formats 13 */
#define PASSED_OVER 16			/* docs/findings.md */
#define LEAP_LEAST (75 * UTC_SECOND)	/* a keeper beats each minute */

const char *const state_finding_types[F_N] = {
	[F_TASK_UNKNOWN] = "task.unknown",
	[F_TASK_ALTERED] = "task.altered",
	[F_TASK_MODIFIED_ASIDE] = "task.modified-aside",
	[F_TASK_OVERDUE] = "task.overdue",
	[F_TASK_MISSING] = "task.missing",
	[F_TASK_FLICKER] = "task.flicker",
	[F_DESTINATION_UNKNOWN] = "destination.unknown",
	[F_DESTINATION_ALTERED] = "destination.altered",
	[F_ELEMENT_SILENT] = "element.silent",
	[F_ELEMENT_IDENTITY] = "element.identity",
	[F_COMMAND_REFUSED] = "command.refused",
	[F_COMMAND_IN_DOUBT] = "command.in-doubt",
	[F_STOP_UNACKNOWLEDGED] = "stop.unacknowledged",
	[F_STOP_UNRECORDED] = "stop.unrecorded",
	[F_DECISION_DIVERGES] = "decision.diverges",
	[F_APPROVAL_SELF] = "approval.self",
	[F_ACT_REFUSED] = "act.refused",
	[F_CLOCK_STEP] = "clock.step",
	[F_BEAT_MISSING] = "beat.missing"
};

static const char *const severities[SEV_N] = {
	[SEV_NOTICE] = "notice", [SEV_WARNING] = "warning",
	[SEV_CRITICAL] = "critical"
};

/* A state holds until it is closed; an event is one per entry. */
static bool
is_state(enum finding_type t)
{
	switch (t) {
	case F_TASK_UNKNOWN:
	case F_TASK_ALTERED:
	case F_TASK_OVERDUE:
	case F_TASK_MISSING:
	case F_DESTINATION_UNKNOWN:
	case F_DESTINATION_ALTERED:
	case F_ELEMENT_SILENT:
	case F_ELEMENT_IDENTITY:
	case F_BEAT_MISSING:
		return (true);
	default:
		return (false);
	}
}

static struct map_key
state_finding_key(const struct state *st, enum finding_type t,
    uint32_t element, const char *subject)
{
	return (state_key2(st, T_FINDING, (uint64_t)t << 32 | element, subject,
	    strlen(subject)));
}

static struct map_key
event_key(const struct state *st, enum finding_type t, uint64_t rests)
{
	uint8_t b[9];

	b[0] = (uint8_t)t;
	memcpy(b + 1, &rests, 8);
	return (state_key(st, T_FINDING, b, sizeof(b)));
}

/* The same key in the table of what is queued. */
static struct map_key
queued(struct map_key k)
{
	k.a ^= UINT64_C(0x9e3779b97f4a7c15);
	return (k);
}

static int
queue(struct state *st, struct map_key key, const struct state_finding *f)
{
	if (map_get(&st->map, key) != MAP_NONE ||
	    map_get(&st->map, queued(key)) != MAP_NONE)
		return (0);
	if (ROOM(&st->pending, 1) != 0 ||
	    map_put(&st->map, queued(key), 1) != 0)
		return (CU_ENOMEM);
	st->pending.v[st->pending.n++] = (struct pending){ .f = *f,
	    .key = key };
	if (f->due < st->overdue_next)
		st->overdue_next = f->due;
	return (0);
}

int
state_pend(struct state *st, enum finding_type type, enum severity severity,
    const char *by, uint32_t element, uint32_t instance,
    const struct object *o, uint64_t from, utc_us time, uint64_t second,
    const char *word)
{
	struct state_finding f;
	struct map_key key;
	const char *subject = "";

	memset(&f, 0, sizeof(f));
	f.type = state_finding_types[type];
	f.severity = severities[severity];
	f.word = word;
	f.note_of = f.element = STATE_NONE;
	f.from = from;
	f.due = time + DUE_AFTER;
	f.rests[f.rests_n++] = from;
	if (second != STATE_NONE && second != from)
		f.rests[f.rests_n++] = second;
	if (element != MAP_NONE)
		f.element = st->element.v[element].index;
	if (instance != MAP_NONE)
		f.instance = subject = st->instance.v[instance].id;
	if (o != NULL) {
		memcpy(o->task ? f.xid : f.did, o->id, sizeof(li_uuid));
		subject = o->id;
	}
	if (by != NULL)
		key = state_finding_key(st, type, element, by);
	else if (is_state(type))
		key = state_finding_key(st, type, element, subject);
	else
		key = event_key(st, type, from);
	return (queue(st, key, &f));
}

static int
pend_note(struct state *st, const struct finding *of, enum severity severity,
    const char *word, uint64_t from, utc_us time)
{
	struct state_finding f;

	memset(&f, 0, sizeof(f));
	f.type = state_finding_types[of->type];
	f.severity = severities[severity];
	f.word = word;
	f.note_of = of->index;
	f.element = STATE_NONE;
	f.from = f.rests[f.rests_n++] = from;
	f.due = time + DUE_AFTER;
	return (queue(st, event_key(st, F_N, f.note_of), &f));
}

int
state_pend_settled(struct state *st, uint64_t outcome, uint64_t from,
    utc_us time)
{
	uint32_t row = map_get(&st->map, event_key(st, F_COMMAND_IN_DOUBT,
	    outcome));
	const struct finding *f = &st->finding.v[row];

	return (row == MAP_NONE ? 0 : pend_note(st, f, f->severity, "settled",
	    from, time));
}

int
state_pend_missing(struct state *st, const struct object *o, bool lasting,
    uint64_t from, utc_us time)
{
	uint32_t row = map_get(&st->map, state_finding_key(st, F_TASK_MISSING,
	    o->element, o->id));
	enum severity s = lasting ? SEV_CRITICAL : SEV_WARNING;

	if (row == MAP_NONE)
		return (state_pend(st, F_TASK_MISSING, s, NULL, o->element,
		    MAP_NONE, o, from, time, o->command, NULL));
	/* It stands, and is worse than it was when it was opened. */
	return (st->finding.v[row].severity >= s ? 0 : pend_note(st,
	    &st->finding.v[row], s, "lasting", from, time));
}

static void
drop_pending(struct state *st, size_t i)
{
	map_del(&st->map, queued(st->pending.v[i].key));
	st->pending.v[i] = st->pending.v[--st->pending.n];
}

void
state_unpend(struct state *st, enum finding_type type, uint32_t element,
    const char *subject)
{
	struct map_key k = state_finding_key(st, type, element, subject);
	size_t i;

	for (i = 0; i < st->pending.n; i++)
		if (st->pending.v[i].key.a == k.a &&
		    st->pending.v[i].key.b == k.b) {
			drop_pending(st, i);
			return;
		}
}

void
state_due_at(struct state *st, utc_us t)
{
	if (t < st->timed_next)
		st->timed_next = t;
}

bool
state_leaps(const struct state *st, utc_us t)
{
	utc_us half = 500 * st->rules.v[RECORD_RULE_BEAT_MISSING];

	return (t - st->time > (half > LEAP_LEAST ? half : LEAP_LEAST));
}

static int
timed_beats(struct state *st, utc_us now)
{
	utc_us allowed = 1000 * st->rules.v[RECORD_RULE_BEAT_MISSING], heard;
	const struct instance *p;
	size_t i;

	/* Was it the keeper who did not listen, or its clock?  The next entry
	 * begins anew. */
	if (state_leaps(st, now)) {
		state_due_at(st, now);
		return (0);
	}
	for (i = 0; i < st->instance.n; i++) {
		p = &st->instance.v[i];
		if (!p->live || p->stopped || p->role == RECORD_ROLE_KEEPER)
			continue;
		heard = p->heard > st->keeper_start ? p->heard :
		    st->keeper_start;
		if (heard < st->listened)
			heard = st->listened;
		/* Also after a close: it is silent still. */
		state_due_at(st, (heard + allowed > now ? heard : now) +
		    allowed);
		if (now - heard > allowed && state_pend(st, F_BEAT_MISSING,
		    SEV_CRITICAL, NULL, MAP_NONE, (uint32_t)i, NULL,
		    st->size - 1, now, STATE_NONE, NULL) != 0)
			return (CU_ENOMEM);
	}
	return (0);
}

/* What time alone brings about. */
int
state_timed(struct state *st, utc_us now)
{
	utc_us allowed = 1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER];
	const struct stop *s;
	size_t i;

	if (now < st->timed_next)
		return (0);
	st->timed_next = UTC_MAX;
	if (timed_beats(st, now) != 0)
		return (CU_ENOMEM);
	for (i = 0; i < st->stop.n;) {
		s = &st->stop.v[i];
		if (now - s->since <= allowed) {
			state_due_at(st, s->since + allowed);
			i++;
			continue;
		}
		if (state_pend(st, F_STOP_UNACKNOWLEDGED, SEV_CRITICAL, NULL,
		    st->object.v[s->object].element, MAP_NONE,
		    &st->object.v[s->object], s->command, now, STATE_NONE,
		    NULL) != 0)
			return (CU_ENOMEM);
		st->stop.v[i] = st->stop.v[--st->stop.n];
	}
	return (0);
}

bool
state_finding_due(struct state *st, utc_us now, struct state_finding *out)
{
	size_t i, best = 0;

	if (st->broken || st->size == 0)
		return (false);
	if (state_timed(st, now) != 0) {
		st->broken = true;
		return (false);
	}
	if (st->pending.n == 0)
		return (false);
	for (i = 1; i < st->pending.n; i++)
		if (st->pending.v[i].f.from < st->pending.v[best].f.from)
			best = i;
	*out = st->pending.v[best].f;
	return (true);
}

/* When is it overdue?  A keeper that starts derives anew what is lacking. */
static utc_us
due_of(const struct state *st, const struct pending *p)
{
	utc_us due = st->keeper_start + DUE_AFTER;

	return (p->f.due > due ? p->f.due : due);
}

void
state_passed_over(struct state *st)
{
	struct pending *p;
	utc_us due;
	size_t i;

	if (st->time <= st->overdue_next)
		return;
	st->overdue_next = UTC_MAX;
	for (i = 0; i < st->pending.n; i++) {
		p = &st->pending.v[i];
		due = due_of(st, p);
		if (due < st->overdue_next)
			st->overdue_next = due;
		if (st->time <= due) {
			p->others = p->most = 0;
			continue;
		}
		if (p->most < st->pending.n)
			p->most = st->pending.n;
		if (++p->others > PASSED_OVER + p->most)
			st->withheld = true;
	}
}

bool
state_finding_overdue(struct state *st, bool end, struct state_finding *out)
{
	struct pending *p;
	size_t i;

	if (!end && !st->withheld)
		return (false);
	st->withheld = false;
	for (i = 0; i < st->pending.n; i++) {
		p = &st->pending.v[i];
		if (p->told || (end ? st->time <= due_of(st, p) :
		    p->others <= PASSED_OVER + p->most))
			continue;
		p->told = true;
		*out = p->f;
		return (true);
	}
	return (false);
}

void
state_finding_write(struct buf *b, const struct state_finding *f)
{
	struct jw w;
	size_t i;

	jw_init(&w, b);
	jw_str(&w, "verb", f->note_of == STATE_NONE ? "open" : "note");
	if (f->note_of == STATE_NONE)
		jw_null(&w, "finding");
	else
		jw_dec(&w, "finding", f->note_of);
	jw_str(&w, "type", f->type);
	jw_str(&w, "severity", f->severity);
	if (f->element == STATE_NONE)
		jw_null(&w, "element");
	else
		jw_dec(&w, "element", f->element);
	jw_strz(&w, "instance", f->instance);
	jw_null(&w, "holder");
	jw_strz(&w, "xid", f->xid[0] != '\0' ? f->xid : NULL);
	jw_strz(&w, "did", f->did[0] != '\0' ? f->did : NULL);
	jw_arr(&w, "rests");
	for (i = 0; i < f->rests_n; i++)
		jw_dec(&w, NULL, f->rests[i]);
	jw_end(&w);
	jw_strz(&w, "word", f->word);
}

/* Order of state.c's table, from the keeper's own members on. */
enum { V_VERB = 10, V_FINDING, V_TYPE, V_SEVERITY, V_ELEMENT, V_INSTANCE,
	V_HOLDER, V_XID, V_DID, V_RESTS, V_WORD };

static int
find_name(const struct scan *s, uint32_t t, const char *const *names, int n)
{
	int i;

	for (i = 1; i < n; i++)
		if (scan_is(s, t, names[i]))
			return (i);
	return (0);
}

static bool
text_or_null(const struct scan *s, uint32_t t, char *out, size_t cap)
{
	const char *p;
	size_t n;

	out[0] = '\0';
	if (t == 0 || scan_null(s, t))
		return (t != 0);
	if (scan_str(s, t, &p, &n) != 0 || n >= cap)
		return (false);
	memcpy(out, p, n);
	out[n] = '\0';
	return (true);
}

/* A queued one that this entry carries out. */
static bool
matches(const struct pending *p, const char *type, uint64_t element,
    const char *subject, uint64_t rests)
{
	const struct state_finding *f = &p->f;
	const char *mine = f->xid[0] != '\0' ? f->xid :
	    f->did[0] != '\0' ? f->did : f->instance != NULL ? f->instance :
	    "";

	return (f->note_of == STATE_NONE && strcmp(f->type, type) == 0 &&
	    f->rests[0] == rests && f->element == element &&
	    strcmp(mine, subject) == 0);
}

/*
 * The queued one that an opening carries out: of its key, else like it, if
 * possible with its severity (what a beat counted may be two).  The number of
 * those queued: none.
 */
static size_t
find_pending(const struct state *st, struct map_key key, const char *type,
    const char *severity, uint64_t element, const char *subject, uint64_t rests)
{
	const struct pending *p = st->pending.v;
	size_t i, like = st->pending.n;

	for (i = 0; i < st->pending.n; i++)
		if (p[i].key.a == key.a && p[i].key.b == key.b)
			return (i);
	for (i = 0; i < st->pending.n; i++)
		if (matches(&p[i], type, element, subject, rests) &&
		    (like == st->pending.n || p[i].f.severity == severity))
			like = i;
	return (like);
}

static int
take_open(struct state *st, uint64_t index, enum finding_type type,
    enum severity severity, uint64_t element, const char *subject,
    uint64_t rests, struct cu_why *why)
{
	uint32_t row = element == STATE_NONE ? MAP_NONE :
	    state_find_index(st, T_REGISTRATION, element);
	struct map_key key;
	struct finding *f;
	size_t i;

	if (is_state(type))
		key = state_finding_key(st, type, row, subject);
	else
		key = event_key(st, type, rests);
	i = find_pending(st, key, state_finding_types[type],
	    severities[severity], element, subject, rests);
	if (i < st->pending.n) {
		/* How long a task was missing is its opener's. */
		if ((st->flags & STATE_STRUCTURE) && type != F_TASK_MISSING &&
		    st->pending.v[i].f.severity != severities[severity]) {
			cu_why_set(why, "finding: it has another severity");
			return (CU_EDENIED);
		}
		key = st->pending.v[i].key;
		drop_pending(st, i);
	}
	if (ROOM(&st->finding, 1) != 0)
		return (CU_ENOMEM);
	f = &st->finding.v[st->finding.n];
	*f = (struct finding){ index, (uint8_t)type, (uint8_t)severity, false,
	    key };
	if (map_put(&st->map, key, (uint32_t)st->finding.n) != 0)
		return (CU_ENOMEM);
	return (map_put(&st->map, state_key(st, T_FINDING_ID, &index,
	    sizeof(index)), (uint32_t)st->finding.n++));
}

int
state_take_finding(struct state *st, uint64_t index, utc_us time,
    const uint32_t *v, struct cu_why *why)
{
	const struct scan *s = &st->line;
	char instance[TEXT_ID_MAX + 1], xid[TEXT_ID_MAX + 1],
	    did[TEXT_ID_MAX + 1];
	uint64_t element = STATE_NONE, rests = STATE_NONE, of;
	int type, severity;
	uint32_t row;
	size_t i;

	cu_why_set(why, "finding: a member's form");
	type = find_name(s, v[V_TYPE], state_finding_types, F_N);
	severity = find_name(s, v[V_SEVERITY], severities, SEV_N);
	if (type == 0 || severity == 0 ||
	    !text_or_null(s, v[V_INSTANCE], instance, sizeof(instance)) ||
	    !text_or_null(s, v[V_XID], xid, sizeof(xid)) ||
	    !text_or_null(s, v[V_DID], did, sizeof(did)) ||
	    v[V_RESTS] == 0 || s->tok[v[V_RESTS]].type != SCAN_ARRAY ||
	    (!scan_null(s, v[V_ELEMENT]) &&
	    scan_dec(s, v[V_ELEMENT], &element) != 0) ||
	    (scan_count(s, v[V_RESTS]) > 0 &&
	    scan_dec(s, v[V_RESTS] + 1, &rests) != 0))
		return (CU_EMALFORMED);
	if (scan_is(s, v[V_VERB], "note")) {
		if (scan_dec(s, v[V_FINDING], &of) != 0)
			return (CU_EMALFORMED);
		cu_why_set(why, "finding: none with this id");
		row = state_find_index(st, T_FINDING_ID, of);
		if (row == MAP_NONE)
			return (CU_EDENIED);
		if (severity > st->finding.v[row].severity)
			st->finding.v[row].severity = (uint8_t)severity;
		for (i = 0; i < st->pending.n; i++)
			if (st->pending.v[i].f.note_of == of) {
				drop_pending(st, i);
				break;
			}
		return (0);
	}
	if (!scan_is(s, v[V_VERB], "open") || !scan_null(s, v[V_FINDING]))
		return (CU_EMALFORMED);
	cu_why_set(why, "rests: not an entry yet");
	if (rests != STATE_NONE && rests >= st->size)
		return (CU_EDENIED);
	/* An act that was refused has no entry: its finding is the trace. */
	if (rests == STATE_NONE)
		rests = index;
	return (take_open(st, index, type, severity, element,
	    xid[0] != '\0' ? xid : did[0] != '\0' ? did : instance, rests,
	    why));
}

static void
fill_row(const struct finding *f, struct state_finding_row *out)
{
	out->index = f->index;
	out->type = state_finding_types[f->type];
	out->severity = severities[f->severity];
	out->closed = f->closed;
}

bool
state_finding_row(const struct state *st, uint64_t id,
    struct state_finding_row *out)
{
	uint32_t row = state_find_index(st, T_FINDING_ID, id);

	if (row == MAP_NONE)
		return (false);
	fill_row(&st->finding.v[row], out);
	return (true);
}

bool
state_finding_nth(const struct state *st, size_t i,
    struct state_finding_row *out)
{
	if (i >= st->finding.n)
		return (false);
	fill_row(&st->finding.v[i], out);
	return (true);
}

uint64_t
state_open_finding(const struct state *st, const char *type,
    const char *element, const char *subject)
{
	uint32_t row = element == NULL ? MAP_NONE :
	    state_find(st, T_ELEMENT, element);
	int t;

	for (t = 1; t < F_N; t++)
		if (strcmp(state_finding_types[t], type) == 0)
			break;
	if (t == F_N)
		return (STATE_NONE);
	row = map_get(&st->map, state_finding_key(st, t, row, subject));
	return (row == MAP_NONE ? STATE_NONE : st->finding.v[row].index);
}
