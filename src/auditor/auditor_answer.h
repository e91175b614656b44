/* src/auditor/auditor_answer.h: an element's answer, object by object */
#ifndef AUDITOR_ANSWER_H_
#define AUDITOR_ANSWER_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "x1/x1_msg.h"

struct cu_why;

#define AUDITOR_KEPT_MAX	4096	/* bytes kept of what has no line */

/* Why a question failed: `error` of a snapshot (docs/format/entries.md). */
enum auditor_error {
	AUDITOR_ERROR_NONE = 0,
	AUDITOR_ERROR_CONNECT, AUDITOR_ERROR_TLS, AUDITOR_ERROR_IDENTITY,
	AUDITOR_ERROR_TIMEOUT, AUDITOR_ERROR_HTTP, AUDITOR_ERROR_FORM,
	AUDITOR_ERROR_CUT, AUDITOR_ERROR_UNSUPPORTED
};

/** auditor_error_name(e): As written; NULL for NONE. */
const char *auditor_error_name(enum auditor_error);

/* A task or destination in an answer.  All pointers are owned. */
struct auditor_object {
	li_uuid id;
	bool task;		/* else a destination */
	bool listed;		/* an id alone: its details were not told */
	bool put_off;		/* ... and will be asked for later */
	bool form;		/* does not normalise: there is no line */
	char *line;		/* canonical line, or NULL */
	size_t line_len;
	uint8_t *kept;		/* what was received, at most 4,096 bytes:
				 * where there may be no line token, or NULL */
	size_t kept_len;
	struct li_count n;	/* numberOfModifications */
	utc_us last;		/* timeOfLastModification, or LI_TIME_NONE */
};

/* Sorted by id, tasks before destinations, none twice. */
struct auditor_objects {
	struct auditor_object *v;
	size_t n, cap;
};

void auditor_object_fini(struct auditor_object *);
void auditor_objects_fini(struct auditor_objects *);

/** auditor_order(task_a, a, task_b, b): The order of objects. */
int auditor_order(bool, const char *, bool, const char *);

/* auditor_answer_take: the element answered with an error message. */
#define AUDITOR_E_CODE	1
/* ... or with nothing that is an answer; the question has failed. */
#define AUDITOR_E_FORM	2

/* Is this XID bound to a warrant?  What is not bound has no line token. */
typedef bool auditor_bound_fn(void *, const char *);

/**
 * auditor_answer_take(out, body, len, dialect, asked, op, bound, cookie, code,
 * used, why):
 * Read an answer to the query ${op} with envelope ${asked}.  It counts only as
 * a whole: one message, its own, every item of it named and none twice; an
 * item that is named but not understood is an object without a line.  Return 0
 * with owned objects (generic objects are left out); AUDITOR_E_CODE with its
 * error code (0 of a top-level error); AUDITOR_E_FORM with the reason;
 * CU_ENOMEM.  ${used}: X1_DIALECT_* that it took to read it, in any case.
 */
int auditor_answer_take(struct auditor_objects *, const void *, size_t,
    unsigned int, const struct x1_head *, enum x1_op, auditor_bound_fn *,
    void *, int64_t *, unsigned int *, struct cu_why *);
#endif /* !AUDITOR_ANSWER_H_ */
