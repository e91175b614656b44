/* src/gate/gate_machine.h: the life of a command, without sockets and clocks */
#ifndef GATE_MACHINE_H_
#define GATE_MACHINE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"

struct gate_machine;		/* opaque */

/*
 * What is asked of the machine (design 3.4, formats 11).  The caller gives
 * each message an id; ids only grow, and their order is the order in which
 * messages are offered to the keeper, so also that of the log.
 */
enum gate_class {
	GATE_START = 1,	/* starts, widens or changes: never without the log */
	GATE_STOP,	/* ends a task: cancels what is unsent of its XID */
	GATE_NARROW,	/* takes away: may leave by the spool */
	GATE_PASS,	/* Keepalive: changes nothing, may leave by the spool */
	GATE_ASK,	/* Get, List, Ping: changes nothing, needs the log */
	GATE_REPORT	/* an element's word: recorded, answered, not sent */
};

/* Why a command was not sent, or is in doubt: `why` of an outcome. */
enum gate_why {
	GATE_WHY_NONE = 0,
	/* not sent */
	GATE_WHY_DIVERGES, GATE_WHY_NOT_OPENED, GATE_WHY_LAW, GATE_WHY_CLOCK,
	GATE_WHY_CANCELLED, GATE_WHY_RELEASE_TIMEOUT, GATE_WHY_CONNECTION,
	GATE_WHY_IDENTITY, GATE_WHY_KEEPER_TIMEOUT, GATE_WHY_NOT_SENT_RESTART,
	/* in doubt */
	GATE_WHY_TIMEOUT, GATE_WHY_CUT, GATE_WHY_HTTP, GATE_WHY_FORM,
	GATE_WHY_RESTART,
	/* not a why: the last check asks to come again (pace) */
	GATE_WHY_LATER,
	GATE_WHY_N
};

/** gate_why_name(why): As an outcome writes it; "" for NONE and LATER. */
const char *gate_why_name(enum gate_why);

/** gate_why_unsent(why): Does it say that nothing left? */
bool gate_why_unsent(enum gate_why);

/* What becomes of the message for the peer that sent it. */
enum gate_say {
	GATE_SAY_ANSWER = 1,	/* the element's answer, or in doubt */
	GATE_SAY_REFUSED,	/* refused by entry ${index} */
	GATE_SAY_UNSENT,	/* entry ${index} stands; it did not leave */
	GATE_SAY_LATER		/* 1000: not now, nothing is recorded */
};

/* How the gate's own judgement of an entry compares (formats 5). */
enum gate_verdict {
	GATE_VERDICT_SAME = 1,		/* all equal, both allow */
	GATE_VERDICT_REFUSED,		/* all equal, both refuse */
	GATE_VERDICT_DIVERGES,
	GATE_VERDICT_NOT_OPENED
};

#define GATE_KEY_MAX	112	/* element id, '/', XID or DID, NUL */

enum gate_event_kind {
	/*
	 * A message came: ${class}, ${key} ("" if it is of no XID or DID),
	 * ${may_spool}: without the keeper it may leave by the spool (a
	 * narrowing that the gate's own tables, or the register, allow; a
	 * Keepalive; a report).  ${late}: by the spool at once.
	 */
	GATE_EV_ISSUE = 1,
	GATE_EV_DECIDED,	/* ${id}: keeper says ${allowed}, ${index} */
	GATE_EV_ERROR,		/* ${id}: keeper wrote nothing */
	GATE_EV_FOLLOWED,	/* ${id}: own root holds it: ${verdict},
				   ${index}, ${allowed} by the keeper; ${ok}: refused, but
				   our law allows it by our own clock */
	GATE_EV_CHECKED,	/* ${id}: answer to GATE_ACT_CHECK: ${why} */
	GATE_EV_BYTE,		/* ${id}: the first byte is out */
	GATE_EV_ANSWER,		/* ${id}: the element answered */
	GATE_EV_DOUBT,		/* ${id}: it did not, or not well: ${why} */
	GATE_EV_UNSENT,		/* ${id}: nothing left: ${why} */
	GATE_EV_KEPT,		/* ${id}: its outcome (or report) is kept */
	GATE_EV_CLOSED,		/* ${id}: its outcome was followed */
	GATE_EV_SETTLE,		/* ${id}: entry of an earlier life: ${why} */
	GATE_EV_UP,		/* the keeper can be asked */
	GATE_EV_READY,		/* own replay done (once in a start) */
	GATE_EV_DOWN,		/* connection lost */
	GATE_EV_LOADED,		/* ${n} records stood in the spool */
	GATE_EV_SPOOLED,	/* ${id}: answer to a GATE_ACT_SPOOL_*: ${ok} */
	GATE_EV_HEAD_ERROR,	/* the spool's head was not taken */
	GATE_EV_HEAD_GONE,	/* followed, notebook synced, dropped;
				   ${id}, ${index}: whose late it was, or 0 */
	GATE_EV_TICK		/* only time has passed */
};

struct gate_event {
	enum gate_event_kind kind;
	utc_us now;		/* monotonic */
	uint64_t id;
	enum gate_class class;
	const char *key;
	bool may_spool, late, allowed, ok;
	uint64_t index;
	enum gate_verdict verdict;
	enum gate_why why;
	size_t n;
};

enum gate_act_kind {
	GATE_ACT_OFFER = 1,	/* sign it, ask the keeper */
	GATE_ACT_CHECK,		/* last check; then EV_CHECKED, in this call */
	GATE_ACT_SEND,		/* marked sent: send it, once */
	GATE_ACT_OUTCOME,	/* offer its outcome to the keeper */
	GATE_ACT_SPOOL_LATE,	/* write and sync; then EV_SPOOLED */
	GATE_ACT_SPOOL_OUTCOME,	/* the same; nothing follows but DONE */
	GATE_ACT_SPOOL_REPORT,
	GATE_ACT_OFFER_HEAD,	/* offer the spool's first record */
	GATE_ACT_SAY,		/* ${say}: tell its sender */
	GATE_ACT_AGAIN,		/* a narrowing was spoiled: issue it anew with
				   ${late} under a new id, whose word it says */
	GATE_ACT_DONE		/* the machine has forgotten ${id} */
};

struct gate_act {
	enum gate_act_kind kind;
	uint64_t id, index;
	enum gate_say say;
	enum gate_why why;	/* of OUTCOME, SPOOL_OUTCOME, SAY */
};

/* Waits, all in microseconds. */
struct gate_waits {
	utc_us keeper, release, element, outcome;
	utc_us head_retry;	/* before the spool's head is offered again */
	utc_us pace;		/* before a last check is asked again */
};

#define GATE_OPEN_MAX	48	/* requests waiting at the keeper (of 64) */
#define GATE_SLOTS_MAX	8192	/* messages that the machine knows */

/** gate_machine_create(out, waits): 0, or CU_ENOMEM. */
int gate_machine_create(struct gate_machine **, const struct gate_waits *);
void gate_machine_free(struct gate_machine *);

/** gate_machine_waits(m, waits): New waits (a rule was changed). */
void gate_machine_waits(struct gate_machine *, const struct gate_waits *);

/**
 * gate_machine_step(m, ev):
 * Take one event.  What is to be done comes out of gate_machine_next.  Return
 * 0; CU_ENOMEM or CU_ELIMIT for an ISSUE or SETTLE that was not taken; an
 * event that does not fit its message is ignored.
 */
int gate_machine_step(struct gate_machine *, const struct gate_event *);

/** gate_machine_next(m, act): The next thing to do; false if none is left. */
bool gate_machine_next(struct gate_machine *, struct gate_act *);

/** gate_machine_deadline(m): When a TICK is due; INT64_MAX if never. */
utc_us gate_machine_deadline(const struct gate_machine *);

/** gate_machine_spooled(m): Records that wait in the spool. */
size_t gate_machine_spooled(const struct gate_machine *);

/** gate_machine_open(m): May a new message be offered to the keeper now? */
bool gate_machine_open(const struct gate_machine *);

/** gate_machine_known(m): Messages that it has not forgotten. */
size_t gate_machine_known(const struct gate_machine *);
#endif /* !GATE_MACHINE_H_ */
