/* src/law/law_audit.h: what is admitted against what may be; pure */
#ifndef LAW_AUDIT_H_
#define LAW_AUDIT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"

/*
 * A version of a task or destination: its line token, or absent.  What was
 * commanded but has no line token (its warrant's key is not known here) is
 * LAW_UNLINED and equals nothing.
 */
enum law_presence { LAW_ABSENT = 0, LAW_LINED, LAW_UNLINED };
struct law_seen {
	enum law_presence presence;
	uint8_t line[DIGEST_LEN];
};

enum law_fate {
	LAW_FATE_NONE = 0,	/* no outcome yet: settled by nothing */
	LAW_FATE_DONE,		/* AcknowledgedAndCompleted */
	LAW_FATE_TAKEN,		/* only Acknowledged */
	LAW_FATE_NOT,		/* error answer, or not sent */
	LAW_FATE_DOUBT
};

#define LAW_INDEX_NONE	UINT64_MAX

/* One command or late on an (element, XID) or (element, DID). */
struct law_effect {
	uint64_t command;	/* its entry */
	uint64_t outcome;	/* entry of the outcome, or LAW_INDEX_NONE */
	utc_us outcome_time;
	struct law_seen to;	/* what the element then holds */
	enum law_fate fate;
	bool late;
	bool modifies;		/* a ModifyTask: counted by the element */
	bool activates;		/* an ActivateTask: the count starts */
	uint8_t settled;	/* 0; 1 old, 2 new, by a later answer */
	uint8_t count;		/* of modifies: LAW_COUNT_* */
	uint32_t shape;		/* state's: which shape it commands */
};

/* How a ModifyTask stands to the counter's baseline. */
#define LAW_COUNT_AFTER	0	/* done after it */
#define LAW_COUNT_MAYBE	1	/* in it or not */
#define LAW_COUNT_IN	2	/* in it */

#define LAW_SET_MAX	32	/* versions admissible at once */

/* A set of versions; `n` counts the lined ones. */
struct law_set {
	bool absent, unlined, over;
	size_t n;
	uint8_t line[LAW_SET_MAX][DIGEST_LEN];
	uint32_t shape[LAW_SET_MAX];
};

/* What was commanded, as far as answers may still ask for it. */
struct law_history {
	const struct law_set *base;	/* before the first effect */
	const struct law_effect *effect;	/* in log order */
	size_t n;
};

/* An answer: asked at i, answered at j (formats 9). */
struct law_answer {
	uint64_t i, j;
	uint64_t until;		/* lates below this count as before j; = j
				 * unless the gate's empty spool was said */
	utc_us asked;
	utc_us overdue_after;
};

/**
 * law_state(out, h, n, now, overdue_after):
 * The admissible set after entries below ${n}, at time ${now}, which ends the
 * wait of what was only acknowledged.
 */
void law_state(struct law_set *, const struct law_history *, uint64_t, utc_us,
    utc_us);

/** law_admissible(out, h, a): What answer ${a} may show. */
void law_admissible(struct law_set *, const struct law_history *,
    const struct law_answer *);

/** law_set_has(set, seen): Is it one of them? */
bool law_set_has(const struct law_set *, const struct law_seen *);

/**
 * law_settle(effect, n, base, a, seen):
 * Let a complete answer settle what it can: each in doubt whose outcome is
 * before i and more than overdue_after before the question, each only
 * acknowledged version that it shows.  Return how many changed.
 */
unsigned int law_settle(struct law_effect *, size_t, const struct law_set *,
    const struct law_answer *, const struct law_seen *);

/**
 * law_fold(base, effect, n, i):
 * Take the leading effects that every answer asked at or after ${i} sees as
 * past and settled into ${base}.  Return how many were taken.
 */
size_t law_fold(struct law_set *, const struct law_effect *, size_t, uint64_t);

/** law_set_add(set, seen, shape), law_set_only(...): Add; make it the only. */
void law_set_add(struct law_set *, const struct law_seen *, uint32_t);
void law_set_only(struct law_set *, const struct law_seen *, uint32_t);

/* The baseline of a counter, and what was folded away since. */
struct law_counter {
	uint64_t base;		/* numberOfModifications then */
	uint32_t done, doubt;	/* folded ModifyTasks: done, in doubt */
};

/**
 * law_counted(h, a, c, n):
 * Is the element's numberOfModifications ${n} within its bounds: from the
 * ModifyTasks acknowledged before i to these with those in doubt, without
 * outcome, or with an outcome after i (formats 9)?
 */
bool law_counted(const struct law_history *, const struct law_answer *,
    const struct law_counter *, uint64_t);

/** law_count_fold(c, effect): Count an effect that law_fold takes. */
void law_count_fold(struct law_counter *, const struct law_effect *);

enum law_verdict {
	LAW_FINE = 0,
	LAW_V_UNKNOWN,		/* at once */
	LAW_V_ALTERED,		/* at once */
	LAW_V_NARROWER,		/* judged when the spool is empty after j */
	LAW_V_OVERDUE,		/* second answer in a row */
	LAW_V_MISSING		/* spool empty after j; second in a row */
};

/* What judging one object needs beside its history. */
struct law_object {
	bool commanded;		/* an allowed command names it here */
	bool narrower;		/* what is seen only narrows a version */
	utc_us over;		/* since when no live revision covers it, or
				 * UTC_MAX: still covered, or no task */
};

/** law_judge(o, set, a, seen): What an answer shows of one object. */
enum law_verdict law_judge(const struct law_object *, const struct law_set *,
    const struct law_answer *, const struct law_seen *);
#endif /* !LAW_AUDIT_H_ */
