/* src/auditor/auditor_ne.h: when and what an element is asked; pure */
#ifndef AUDITOR_NE_H_
#define AUDITOR_NE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "auditor/auditor_answer.h"
#include "auditor/auditor_memory.h"
#include "auditor/auditor_said.h"
#include "x1/x1_msg.h"

struct auditor_ne;

#define AUDITOR_BULK_MAX	(4U << 20)	/* larger: list and details */
#define AUDITOR_SMALL_LIST	500	/* ids; below it GetAllDetails again */
#define AUDITOR_RETRY_US	UTC_SECOND	/* after the keeper failed us */

/* Times in microseconds. */
struct auditor_ne_conf {
	utc_us interval;	/* audit_interval */
	utc_us full;		/* audit_full: details of each object */
	utc_us keep;		/* snapshot_keep: everything stored anew */
	unsigned int pace;	/* requests a second */
	uint64_t seed;		/* of jitter and order */
	auditor_bound_fn *bound;
	void *cookie;
};

/*
 * By list and details one question asks for no more details than fit in an
 * interval at the pace (at least AUDITOR_DETAILS_MIN); where more are due it
 * asks GetAllDetails once.  Where the element refuses that, or its answer is
 * too large, what is new and bound comes first, the rest waits for the next
 * question, and a new task that is bound to nothing is reported as that from
 * the list alone: ten thousand unknown tasks must not hide the first for long.
 */
#define AUDITOR_DETAILS_MIN	64

enum auditor_do {
	AUDITOR_DO_WAIT = 1,	/* nothing before ${at} */
	AUDITOR_DO_BEGIN,	/* tell the keeper; then auditor_ne_begun */
	AUDITOR_DO_ASK,		/* send ${op} about ${id}; then _answered */
	AUDITOR_DO_FOLLOW,	/* follow to the keeper's head; _followed */
	AUDITOR_DO_STORE	/* auditor_ne_judge, store; then _stored */
};

struct auditor_step {
	enum auditor_do what;
	utc_us at;		/* monotonic; INT64_MAX: an event is awaited */
	enum x1_op op;
	const char *id;		/* XID or DID, or NULL; borrowed */
};

/** auditor_ne_create(out, conf, now): Its first question is due soon. */
int auditor_ne_create(struct auditor_ne **, const struct auditor_ne_conf *,
    utc_us);
void auditor_ne_free(struct auditor_ne *);

/** auditor_ne_next(ne, now, step): What to do; each thing is said once. */
void auditor_ne_next(struct auditor_ne *, utc_us, struct auditor_step *);

/** auditor_ne_hurry(ne, now): Ask at once; once more, if it is being asked. */
void auditor_ne_hurry(struct auditor_ne *, utc_us);

/** auditor_ne_reset(ne, now): It was registered anew: forget what it said. */
void auditor_ne_reset(struct auditor_ne *, utc_us);

/* ---- events, each after the step that asked for it --------------------- */

/** auditor_ne_begun(ne, now, ok, index): The keeper's log index, or failure. */
void auditor_ne_begun(struct auditor_ne *, utc_us, bool, uint64_t);

/* What came of a request; the bodies are already taken apart. */
struct auditor_got {
	enum auditor_error error;	/* of transport or form; or NONE */
	bool too_large;		/* with NONE: over the limit of a response */
	bool is_code;		/* with NONE: an error message */
	int64_t code;
	struct auditor_objects *objects;	/* taken from here; or NULL */
	size_t body_len;
	unsigned int leniencies;	/* X1_DIALECT_* used to read it */
	bool has_certificate;
	const uint8_t *certificate;
	utc_us sent, came;	/* real time; ${came} 0: nothing did */
};

/** auditor_ne_answered(ne, now, got): 0, or CU_ENOMEM: the question failed. */
int auditor_ne_answered(struct auditor_ne *, utc_us, struct auditor_got *);

/** auditor_ne_followed(ne, now, ok): Not ok: the question is abandoned. */
void auditor_ne_followed(struct auditor_ne *, utc_us, bool);

/** auditor_ne_stored(ne, now, ok, index, again): Kept as entry ${index} (of
 * part 1, or of the round), or not taken: then it is asked anew. */
void auditor_ne_stored(struct auditor_ne *, utc_us, bool, uint64_t, bool);

/* ---- what is to be stored (between DO_STORE and auditor_ne_stored) ----- */

struct auditor_report {
	struct auditor_question question;	/* element is for the caller */
	/* NULL, all three, where the question failed. */
	const struct auditor_rows *rows;
	const struct auditor_objects *objects;
	const struct auditor_diff *diff;
	bool unchanged;		/* a row of a round */
};

/**
 * auditor_ne_judge(ne, now, token, cookie, out):
 * Compute the tokens and compare.  Return 0, ${out} borrowed until
 * auditor_ne_stored; CU_ESTATE: a key is missing, the question has failed (ask
 * again for what is to be stored); CU_ENOMEM.
 */
int auditor_ne_judge(struct auditor_ne *, utc_us, auditor_token_fn *, void *,
    struct auditor_report *);
#endif /* !AUDITOR_NE_H_ */
