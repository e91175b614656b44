/*
 * The life of a command as shared by gate, keeper and element (design 3.4,
 * formats 11).  Pure: an event in, actions out.  The rules are those that were
 * model-checked; the comments name what each is for.
 */
#include <sys/queue.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "gate/gate_machine.h"

enum step {
	PENDING = 1,	/* offered to the keeper */
	REFUSED,	/* the keeper refused, its sender was told */
	DEAD,		/* its sender was told; if it stands: not sent */
	LATE,		/* being written to the spool */
	READY,		/* may leave in its turn */
	CHECK,		/* the last check */
	MARK,		/* marked sent: from here a stop waits for it */
	WIRE,		/* its first byte is out */
	OUTC,		/* outcome known, not offered */
	SPOOL,		/* outcome being written to the spool */
	SAID,		/* outcome offered */
	KEPT		/* outcome kept, not yet followed */
};

struct slot {
	TAILQ_ENTRY(slot) q;
	uint64_t id, index;
	enum gate_class class;
	enum step step;
	enum gate_why why;
	bool may_spool, told, spooled;
	utc_us deadline;
	utc_us hold;		/* READY: no new check before */
	uint64_t said;		/* order of offering; 0: not offered */
	char key[GATE_KEY_MAX];
};
TAILQ_HEAD(slots, slot);

#define ACTS_PER_SLOT	6	/* more than one event can ask for */
#define DEAD_MAX	1024	/* the oldest are forgotten beyond */

struct gate_machine {
	struct slots slots;	/* by id */
	size_t slots_n;
	struct gate_waits waits;
	bool up, ready;
	size_t spool_n;		/* records in the spool */
	size_t syncing;		/* records on their way into it */
	uint64_t said;		/* reports offered so far */
	bool offered;		/* its head is at the keeper */
	utc_us head_retry;
	struct gate_act *act;	/* a ring */
	size_t act_cap, act_first, act_n;
	utc_us now;
};

static const char *const why_name[GATE_WHY_N] = {
	[GATE_WHY_DIVERGES] = "diverges",
	[GATE_WHY_NOT_OPENED] = "not opened",
	[GATE_WHY_LAW] = "law",
	[GATE_WHY_CLOCK] = "clock",
	[GATE_WHY_CANCELLED] = "cancelled",
	[GATE_WHY_RELEASE_TIMEOUT] = "release timeout",
	[GATE_WHY_CONNECTION] = "connection",
	[GATE_WHY_IDENTITY] = "identity",
	[GATE_WHY_KEEPER_TIMEOUT] = "keeper timeout",
	[GATE_WHY_NOT_SENT_RESTART] = "restart",
	[GATE_WHY_TIMEOUT] = "timeout",
	[GATE_WHY_CUT] = "cut",
	[GATE_WHY_HTTP] = "http",
	[GATE_WHY_FORM] = "form",
	[GATE_WHY_RESTART] = "restart",
};

const char *
gate_why_name(enum gate_why why)
{
	if (why <= GATE_WHY_NONE || why >= GATE_WHY_N || why_name[why] == NULL)
		return ("");
	return (why_name[why]);
}

bool
gate_why_unsent(enum gate_why why)
{
	return (why >= GATE_WHY_DIVERGES && why <= GATE_WHY_NOT_SENT_RESTART);
}

int
gate_machine_create(struct gate_machine **out, const struct gate_waits *waits)
{
	struct gate_machine *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (CU_ENOMEM);
	TAILQ_INIT(&m->slots);
	m->waits = *waits;
	m->act_cap = 4 * ACTS_PER_SLOT;
	if ((m->act = calloc(m->act_cap, sizeof(*m->act))) == NULL) {
		free(m);
		return (CU_ENOMEM);
	}
	*out = m;
	return (0);
}

void
gate_machine_free(struct gate_machine *m)
{
	struct slot *s;

	if (m == NULL)
		return;
	while ((s = TAILQ_FIRST(&m->slots)) != NULL) {
		TAILQ_REMOVE(&m->slots, s, q);
		free(s);
	}
	free(m->act);
	free(m);
}

void
gate_machine_waits(struct gate_machine *m, const struct gate_waits *waits)
{
	m->waits = *waits;
}

/* Room for all that one event can ask for, so that no step fails half way. */
static int
reserve(struct gate_machine *m, size_t slots)
{
	size_t need = m->act_n + (slots + 4) * ACTS_PER_SLOT, cap, i;
	struct gate_act *a;

	if (need <= m->act_cap)
		return (0);
	cap = 2 * need;
	if ((a = calloc(cap, sizeof(*a))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < m->act_n; i++)
		a[i] = m->act[(m->act_first + i) % m->act_cap];
	free(m->act);
	m->act = a;
	m->act_cap = cap;
	m->act_first = 0;
	return (0);
}

static struct gate_act *
push(struct gate_machine *m, enum gate_act_kind kind, const struct slot *s)
{
	struct gate_act *a;

	assert(m->act_n < m->act_cap);
	a = &m->act[(m->act_first + m->act_n++) % m->act_cap];
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	if (s != NULL) {
		a->id = s->id;
		a->index = s->index;
		a->why = s->why;
	}
	return (a);
}

bool
gate_machine_next(struct gate_machine *m, struct gate_act *act)
{
	if (m->act_n == 0)
		return (false);
	*act = m->act[m->act_first];
	m->act_first = (m->act_first + 1) % m->act_cap;
	m->act_n--;
	return (true);
}

static struct slot *
find(struct gate_machine *m, uint64_t id)
{
	struct slot *s;

	TAILQ_FOREACH(s, &m->slots, q)
		if (s->id == id)
			return (s);
	return (NULL);
}

static int
slot_add(struct gate_machine *m, struct slot **out, uint64_t id)
{
	struct slot *s;

	if (m->slots_n >= GATE_SLOTS_MAX)
		return (CU_ELIMIT);
	if (reserve(m, m->slots_n + 1) != 0 ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->id = id;
	TAILQ_INSERT_TAIL(&m->slots, s, q);
	m->slots_n++;
	*out = s;
	return (0);
}

static void
slot_done(struct gate_machine *m, struct slot *s)
{
	push(m, GATE_ACT_DONE, s);
	TAILQ_REMOVE(&m->slots, s, q);
	m->slots_n--;
	free(s);
}

static void
say(struct gate_machine *m, struct slot *s, enum gate_say word)
{
	if (s->told)
		return;
	s->told = true;
	push(m, GATE_ACT_SAY, s)->say = word;
}

/* May new words go to the keeper?  The spool goes first, in order. */
bool
gate_machine_open(const struct gate_machine *m)
{
	return (m->up && m->ready && m->spool_n == 0 && m->syncing == 0);
}

static size_t
pending_n(const struct gate_machine *m)
{
	const struct slot *s;
	size_t n = 0;

	TAILQ_FOREACH(s, &m->slots, q)
		n += s->step == PENDING || s->step == SAID;
	return (n);
}

static bool
same_key(const struct slot *a, const struct slot *b)
{
	return (a->key[0] != '\0' && strcmp(a->key, b->key) == 0);
}

/*
 * Its outcome is known: offered when the keeper can be had, else spooled.  While
 * its late waits in the spool it goes behind that at once: there is nothing to
 * wait for, and the next stop of its container waits for its answer.
 */
static void
outcome(struct gate_machine *m, struct slot *s, enum gate_why why)
{
	s->step = OUTC;
	s->why = why;
	s->deadline = m->now + (s->spooled && s->index == 0 ? 0 :
	    m->waits.outcome);
}

/* It will not leave, its sender is told; what stands of it is said later. */
static void
die(struct gate_machine *m, struct slot *s, enum gate_why why)
{
	s->why = why;
	say(m, s, GATE_SAY_LATER);
	s->step = DEAD;
	s->deadline = INT64_MAX;
}

/*
 * ${stop} cancels what is unsent of its XID: every start and change that came
 * before it; when it goes to the spool also what came after it (${all}), since
 * its `late` will stand behind them in the log.
 */
static void
cancel(struct gate_machine *m, const struct slot *stop, bool all)
{
	struct slot *s;

	TAILQ_FOREACH(s, &m->slots, q) {
		if (s == stop && !all)
			break;
		if (s == stop || !same_key(s, stop) || s->spooled ||
		    (s->class != GATE_START && s->class != GATE_NARROW))
			continue;
		if (s->step == PENDING)
			die(m, s, GATE_WHY_CANCELLED);
		else if (s->step == READY)
			outcome(m, s, GATE_WHY_CANCELLED);
	}
}

/* Write to the spool what is known of ${s}. */
static void
spool(struct gate_machine *m, struct slot *s)
{
	bool outc = s->step == OUTC || s->step == SAID || s->step == KEPT;

	s->step = outc ? SPOOL : LATE;
	s->deadline = INT64_MAX;
	m->syncing++;
	push(m, outc ? GATE_ACT_SPOOL_OUTCOME : s->class == GATE_REPORT ?
	    GATE_ACT_SPOOL_REPORT : GATE_ACT_SPOOL_LATE, s);
	if (outc)
		say(m, s, gate_why_unsent(s->why) ? GATE_SAY_UNSENT :
		    GATE_SAY_ANSWER);
}

/*
 * The keeper takes numbers in order only.  So before a record that draws a
 * new number goes to the spool, those go there that have one, are offered,
 * and have no answer: offered again from there, they come first.
 */
static void
spool_said(struct gate_machine *m)
{
	struct slot *s, *first;

	do {
		first = NULL;
		TAILQ_FOREACH(s, &m->slots, q)
			if ((s->step == SAID || (s->step == PENDING &&
			    s->class == GATE_REPORT)) && (first == NULL ||
			    s->said < first->said))
				first = s;
		if (first != NULL)
			spool(m, first);
	} while (first != NULL);
}

static void
go_late(struct gate_machine *m, struct slot *s)
{
	s->spooled = true;
	/* From here its outcome is the late's, also if it was decided. */
	s->index = 0;
	cancel(m, s, true);
	spool_said(m);
	if (s->step != LATE)		/* a report that was offered */
		spool(m, s);
}

/* The keeper cannot be had for it. */
static void
without_keeper(struct gate_machine *m, struct slot *s, bool written)
{
	if (s->may_spool) {
		go_late(m, s);
		return;
	}
	die(m, s, GATE_WHY_KEEPER_TIMEOUT);
	if (!written || s->class == GATE_REPORT)
		slot_done(m, s);
}

static int
on_issue(struct gate_machine *m, const struct gate_event *ev)
{
	struct slot *s, *last = TAILQ_LAST(&m->slots, slots);
	size_t dead = 0;
	int rc;

	if (last != NULL && last->id >= ev->id)
		return (CU_ESTATE);
	if (ev->key != NULL && strlen(ev->key) >= GATE_KEY_MAX)
		return (CU_ELIMIT);
	if ((rc = slot_add(m, &s, ev->id)) != 0)
		return (rc);
	TAILQ_FOREACH_REVERSE(last, &m->slots, slots, q)
		if (last->step == DEAD && ++dead > DEAD_MAX) {
			slot_done(m, last);
			break;
		}
	s->class = ev->class;
	s->may_spool = ev->may_spool;
	if (ev->key != NULL)
		text_put(s->key, ev->key);
	/*
	 * A stop counts from its arrival: no start that came before it leaves
	 * once it is here.  Only one that may leave by itself can do that, or
	 * strangers could cancel.
	 */
	if (s->class == GATE_STOP && s->may_spool)
		cancel(m, s, false);
	if (!ev->late && gate_machine_open(m) && pending_n(m) < GATE_OPEN_MAX) {
		s->step = PENDING;
		s->deadline = m->now + m->waits.keeper;
		s->said = ++m->said;
		push(m, GATE_ACT_OFFER, s);
	} else
		without_keeper(m, s, false);
	return (0);
}

static void
on_decided(struct gate_machine *m, struct slot *s, const struct gate_event *ev)
{
	if (s->step == DEAD)
		s->index = ev->index;
	if (s->step != PENDING || s->class == GATE_REPORT)
		return;
	s->index = ev->index;
	/* What the own law allows is judged when the own tables stand there. */
	if (!ev->allowed && !s->may_spool) {
		say(m, s, GATE_SAY_REFUSED);
		s->step = REFUSED;
		s->deadline = INT64_MAX;
	}
}

static void
on_followed(struct gate_machine *m, struct slot *s, const struct gate_event *ev)
{
	enum gate_why why = ev->verdict == GATE_VERDICT_DIVERGES ?
	    GATE_WHY_DIVERGES : GATE_WHY_NOT_OPENED;

	if (s->step != PENDING && s->step != REFUSED && s->step != DEAD)
		return;		/* it has left by the spool, which names it */
	s->index = ev->index;
	if (ev->verdict == GATE_VERDICT_REFUSED) {
		/* Refused by the keeper's clock alone: it stops all the same. */
		if (ev->ok && s->may_spool && s->step == PENDING) {
			s->told = true;
			push(m, GATE_ACT_AGAIN, s);
		}
		say(m, s, GATE_SAY_REFUSED);
		slot_done(m, s);
		return;
	}
	if (ev->verdict == GATE_VERDICT_SAME) {
		if (s->step == PENDING) {
			s->step = READY;
			s->deadline = s->class == GATE_START ||
			    s->class == GATE_ASK ? m->now + m->waits.release :
			    INT64_MAX;
			if (s->class == GATE_STOP)
				cancel(m, s, false);
		} else			/* kept after all: not sent */
			outcome(m, s, s->step == DEAD ? s->why :
			    GATE_WHY_KEEPER_TIMEOUT);
		return;
	}
	/* Spoiled: a narrowing leaves by the spool, the finding stands. */
	if (s->step == PENDING && s->may_spool) {
		s->told = true;
		push(m, GATE_ACT_AGAIN, s);
	}
	outcome(m, s, why);
}

static void
on_spooled(struct gate_machine *m, struct slot *s, bool ok)
{
	if (s->step != LATE && s->step != SPOOL)
		return;
	m->syncing--;
	if (ok)
		m->spool_n++;
	if (s->step == SPOOL && ok)
		slot_done(m, s);
	else if (s->step == SPOOL) {	/* it stays to be said */
		outcome(m, s, s->why);
		s->deadline = m->now + m->waits.outcome;
	} else if (s->class == GATE_REPORT) {
		say(m, s, GATE_SAY_ANSWER);
		slot_done(m, s);
	} else				/* stopping comes before recording */
		s->step = READY;
}

/* Out of the wire states. */
static void
on_result(struct gate_machine *m, struct slot *s, const struct gate_event *ev)
{
	if (s->step != MARK && s->step != WIRE)
		return;
	if (ev->kind == GATE_EV_UNSENT && s->step == WIRE)
		outcome(m, s, GATE_WHY_CUT);	/* it was sent */
	else
		outcome(m, s, ev->kind == GATE_EV_ANSWER ? GATE_WHY_NONE :
		    ev->why);
}

static void
on_kept(struct gate_machine *m, struct slot *s)
{
	if (s->class == GATE_REPORT && s->step == PENDING) {
		say(m, s, GATE_SAY_ANSWER);
		slot_done(m, s);
		return;
	}
	if (s->step != SAID)
		return;
	s->step = KEPT;
	say(m, s, gate_why_unsent(s->why) ? GATE_SAY_UNSENT : GATE_SAY_ANSWER);
}

static void
spool_outcome(struct gate_machine *m, struct slot *s)
{
	spool_said(m);
	if (s->step != SPOOL)
		spool(m, s);
}

static void
on_error(struct gate_machine *m, struct slot *s)
{
	if (s->step == PENDING)
		without_keeper(m, s, false);
	else if (s->step == DEAD)	/* it does not stand, and never will */
		slot_done(m, s);
	else if (s->step == SAID)
		spool_outcome(m, s);
}

static void
on_down(struct gate_machine *m)
{
	struct slot *s, *next;

	m->up = m->offered = false;
	spool_said(m);
	for (s = TAILQ_FIRST(&m->slots); s != NULL; s = next) {
		next = TAILQ_NEXT(s, q);
		if (s->step == PENDING)
			without_keeper(m, s, true);
	}
}

static void
on_tick(struct gate_machine *m)
{
	struct slot *s, *next;

	for (s = TAILQ_FIRST(&m->slots); s != NULL; s = next) {
		next = TAILQ_NEXT(s, q);
		if (s->deadline > m->now)
			continue;
		switch (s->step) {
		case PENDING:		/* the oldest first */
			without_keeper(m, s, true);
			break;
		case READY:
			outcome(m, s, GATE_WHY_RELEASE_TIMEOUT);
			break;
		case MARK:
		case WIRE:
			/* The caller's own time-out failed: doubt is safe. */
			outcome(m, s, GATE_WHY_TIMEOUT);
			break;
		case OUTC:
		case SAID:
		case KEPT:
			spool_outcome(m, s);
			break;
		default:
			break;
		}
	}
}

/* In the order of the log, one at a time of one XID. */
static bool
has_turn(const struct gate_machine *m, const struct slot *s)
{
	const struct slot *o;
	bool before = true;

	TAILQ_FOREACH(o, &m->slots, q) {
		if (o == s) {
			before = false;
			continue;
		}
		if (!same_key(o, s))
			continue;
		if (o->step == CHECK || o->step == MARK || o->step == WIRE ||
		    (before && (o->step == READY || o->step == LATE)))
			return (false);
	}
	return (true);
}

/* Everything that can go on does. */
static void
pump(struct gate_machine *m)
{
	struct slot *s;

	if (m->up && m->ready && m->spool_n > 0 && !m->offered &&
	    m->now >= m->head_retry) {
		m->offered = true;
		push(m, GATE_ACT_OFFER_HEAD, NULL);
	}
	TAILQ_FOREACH(s, &m->slots, q) {
		if (s->step == READY && s->hold <= m->now && has_turn(m, s)) {
			s->step = CHECK;
			push(m, GATE_ACT_CHECK, s);
		} else if (s->step == OUTC && gate_machine_open(m) &&
		    pending_n(m) < GATE_OPEN_MAX) {
			s->step = SAID;
			s->said = ++m->said;
			push(m, GATE_ACT_OUTCOME, s);
		}
	}
}

static void
on_checked(struct gate_machine *m, struct slot *s, enum gate_why why)
{
	if (s->step != CHECK)
		return;
	if (why == GATE_WHY_NONE) {
		s->step = MARK;
		s->deadline = m->now + m->waits.element;
		push(m, GATE_ACT_SEND, s);
	} else if (why == GATE_WHY_LATER) {
		s->step = READY;
		s->hold = m->now + m->waits.pace;
	} else
		outcome(m, s, why);
}

static int
on_settle(struct gate_machine *m, const struct gate_event *ev)
{
	struct slot *s;
	int rc;

	if ((rc = slot_add(m, &s, ev->id)) != 0)
		return (rc);
	s->class = GATE_START;
	s->told = true;
	s->index = ev->index;
	outcome(m, s, ev->why);
	return (0);
}

static void
on_message(struct gate_machine *m, struct slot *s, const struct gate_event *ev)
{
	switch (ev->kind) {
	case GATE_EV_DECIDED:
		on_decided(m, s, ev);
		break;
	case GATE_EV_ERROR:
		on_error(m, s);
		break;
	case GATE_EV_FOLLOWED:
		on_followed(m, s, ev);
		break;
	case GATE_EV_CHECKED:
		on_checked(m, s, ev->why);
		break;
	case GATE_EV_BYTE:
		if (s->step == MARK)
			s->step = WIRE;
		break;
	case GATE_EV_ANSWER:
	case GATE_EV_DOUBT:
	case GATE_EV_UNSENT:
		on_result(m, s, ev);
		break;
	case GATE_EV_KEPT:
		on_kept(m, s);
		break;
	case GATE_EV_CLOSED:
		if (s->step == SAID || s->step == KEPT) {
			on_kept(m, s);
			slot_done(m, s);
		}
		break;
	case GATE_EV_SPOOLED:
		on_spooled(m, s, ev->ok);
		break;
	default:
		break;
	}
}

int
gate_machine_step(struct gate_machine *m, const struct gate_event *ev)
{
	struct slot *s;
	int rc;

	/* Grown at each new slot, and again here if nobody drained it. */
	if ((rc = reserve(m, m->slots_n + 1)) != 0)
		return (rc);
	m->now = ev->now;
	switch (ev->kind) {
	case GATE_EV_ISSUE:
		rc = on_issue(m, ev);
		break;
	case GATE_EV_SETTLE:
		rc = on_settle(m, ev);
		break;
	case GATE_EV_UP:
		m->up = true;
		m->offered = false;
		break;
	case GATE_EV_READY:
		m->ready = true;
		break;
	case GATE_EV_DOWN:
		on_down(m);
		break;
	case GATE_EV_LOADED:
		m->spool_n += ev->n;
		break;
	case GATE_EV_HEAD_ERROR:
		m->offered = false;
		m->head_retry = m->now + m->waits.head_retry;
		break;
	case GATE_EV_HEAD_GONE:
		if (m->spool_n > 0)
			m->spool_n--;
		m->offered = false;
		if (ev->id != 0 && (s = find(m, ev->id)) != NULL)
			s->index = ev->index;
		break;
	case GATE_EV_SPOOLED:
		if ((s = find(m, ev->id)) != NULL)
			on_message(m, s, ev);
		else if (ev->ok)	/* an outcome, or an act: no message */
			m->spool_n++;
		break;
	case GATE_EV_TICK:
		break;
	default:
		if ((s = find(m, ev->id)) != NULL)
			on_message(m, s, ev);
		break;
	}
	on_tick(m);
	pump(m);
	return (rc);
}

utc_us
gate_machine_deadline(const struct gate_machine *m)
{
	const struct slot *s;
	utc_us at = INT64_MAX;

	TAILQ_FOREACH(s, &m->slots, q) {
		if (s->deadline < at)
			at = s->deadline;
		if (s->step == READY && s->hold > m->now && s->hold < at)
			at = s->hold;
	}
	if (m->up && m->ready && m->spool_n > 0 && !m->offered &&
	    m->head_retry < at)
		at = m->head_retry;
	return (at);
}

size_t
gate_machine_spooled(const struct gate_machine *m)
{
	return (m->spool_n);
}

size_t
gate_machine_known(const struct gate_machine *m)
{
	return (m->slots_n);
}
