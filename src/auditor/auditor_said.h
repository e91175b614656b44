/* src/auditor/auditor_said.h: what an auditor says, in the bytes it signs */
#ifndef AUDITOR_SAID_H_
#define AUDITOR_SAID_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "auditor/auditor_memory.h"
#include "record/record_entry.h"

struct buf;
struct record_sds;

/*
 * Members are written as JSON text without braces (docs/format/entries.md):
 * the number of a report, and with it `void`, `last` and `_sd`, come later,
 * from auditor_said_end.
 */
#define AUDITOR_PART_ITEMS	RECORD_ITEMS_MAX
#define AUDITOR_ROUND_ROWS	RECORD_ROUND_MAX
#define AUDITOR_NO_INDEX	UINT64_MAX

/* A question and how it went. */
struct auditor_question {
	uint64_t element;	/* entry index of its newest add or change */
	uint64_t index;		/* log index at the question (i) */
	utc_us asked;
	utc_us answered;	/* LI_TIME_NONE: nothing came */
	enum auditor_error error;
	bool has_certificate;
	uint8_t certificate[DIGEST_LEN];
	uint64_t base;		/* last complete snapshot, or NO_INDEX */
	size_t objects;		/* of a complete answer */
	unsigned int leniencies;	/* X1_DIALECT_* used to read them */
};

/** auditor_said_parts(d): How many parts a snapshot of ${d} has; 1 at least. */
unsigned int auditor_said_parts(const struct auditor_diff *);

/**
 * auditor_said_part(b, sds, q, rows, a, d, part):
 * Append part ${part} (from 1) of a snapshot and add its disclosures to
 * ${sds}, which is then sorted.  ${rows}, ${a}, ${d}: the answer, row for row;
 * all NULL for a question that failed.  0; CU_ESTATE if an item that must be
 * carried was only listed; the error of ${b}.
 */
int auditor_said_part(struct buf *, struct record_sds *,
    const struct auditor_question *, const struct auditor_rows *,
    const struct auditor_objects *, const struct auditor_diff *,
    unsigned int);

/** auditor_said_round(b, q, n): Append a round of ${n} unchanged answers. */
void auditor_said_round(struct buf *, const struct auditor_question *, size_t);

/** auditor_said_start(b, version, build, config, size): A start. */
void auditor_said_start(struct buf *, const char *, const char *,
    const uint8_t[DIGEST_LEN], uint64_t);
/** auditor_said_stop(b, size), auditor_said_beat(b, size, root). */
void auditor_said_stop(struct buf *, uint64_t);
void auditor_said_beat(struct buf *, uint64_t, const uint8_t[DIGEST_LEN]);

/**
 * auditor_said_end(out, members, len, gaps, gaps_n, last, sds):
 * Append the whole payload: the members, `void` where there are gaps, `last`
 * unless it is NULL, `_sd` of ${sds} (sorted) unless that is NULL or empty.
 */
void auditor_said_end(struct buf *, const void *, size_t, const uint64_t *,
    size_t, const uint64_t *, const struct record_sds *);
#endif /* !AUDITOR_SAID_H_ */
