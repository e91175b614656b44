/* src/auditor/auditor_memory.h: the last stored answer, and what differs */
#ifndef AUDITOR_MEMORY_H_
#define AUDITOR_MEMORY_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "auditor/auditor_answer.h"
#include "crypto/digest.h"

enum auditor_lack {		/* why there is no line token */
	AUDITOR_LACK_NONE = 0, AUDITOR_LACK_UNBOUND, AUDITOR_LACK_FORM
};

/* An object of an answer, as it is remembered: no target, no address. */
struct auditor_row {
	li_uuid id;
	bool task;
	enum auditor_lack lack;
	/* The line token; where it lacks, a hash of what was received, which
	 * never leaves this process. */
	uint8_t mark[DIGEST_LEN];
	struct li_count n;
	utc_us last;
	utc_us due;		/* monotonic: when details are asked again */
};

/* Sorted like struct auditor_objects. */
struct auditor_rows {
	struct auditor_row *v;
	size_t n, cap;
};

void auditor_rows_fini(struct auditor_rows *);
/** auditor_rows_find(s, task, id): Borrow it, or NULL. */
struct auditor_row *auditor_rows_find(const struct auditor_rows *, bool,
    const char *);

/*
 * How a line becomes a token: 0; CU_ENOENT: the XID is bound to no warrant;
 * CU_ESTATE: its key is not here yet.
 */
typedef int auditor_token_fn(void *, bool, const char *, const void *, size_t,
    uint8_t[DIGEST_LEN]);

/**
 * auditor_rows_make(out, answer, memory, token, cookie):
 * Make the rows of an answer; an object that is only listed stands as it is
 * remembered, one put off as bound to nothing.  Return 0 with owned rows;
 * CU_ESTATE (a key is missing, a listed object is not remembered, one put off
 * is bound by now); CU_ENOMEM.
 */
int auditor_rows_make(struct auditor_rows *, const struct auditor_objects *,
    const struct auditor_rows *, auditor_token_fn *, void *);

#define AUDITOR_GONE_MAX	96	/* `gone` of one part; more: all anew */

/* What differs: indices into the new rows, and rows that are no more. */
struct auditor_diff {
	bool all;		/* without a base: every row is carried */
	size_t *changed;	/* owned */
	size_t changed_n;
	const struct auditor_row **gone;	/* owned; borrows the memory */
	size_t gone_n;
};

/**
 * auditor_diff_make(out, rows, memory):
 * What of ${rows} is new or differs from ${memory}; NULL: all of it, as the
 * first answer and each full one.  Where more than AUDITOR_GONE_MAX are gone
 * it is all, too.  0 or CU_ENOMEM; to be ended by auditor_diff_fini.
 */
int auditor_diff_make(struct auditor_diff *, const struct auditor_rows *,
    const struct auditor_rows *);
void auditor_diff_fini(struct auditor_diff *);

/** auditor_diff_none(d): Is the answer equal to the last stored one? */
bool auditor_diff_none(const struct auditor_diff *);
#endif /* !AUDITOR_MEMORY_H_ */
