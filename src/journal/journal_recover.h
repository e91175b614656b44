/*
 * src/journal/journal_recover.h: what a crash left, judged before anything is
 * changed (docs/format/journal.md, section 5).
 */
#ifndef JOURNAL_RECOVER_H_
#define JOURNAL_RECOVER_H_
#include "base/buf.h"
#include "journal/journal.h"
#include "journal/journal_segment.h"

/* A stretch of a segment file that a torn batch left. */
struct journal_tail {
	uint32_t number;
	uint64_t from, to;		/* offsets in the file */
};

struct journal_judged {
	int verdict;			/* 0, JOURNAL_E_DAMAGED or _MEMORY */
	struct journal_found found;
	uint32_t segment_size;
	bool begun;			/* a segment has a header: */
	uint32_t number;		/* the last one */
	struct journal_header header;
	struct journal_chain chain;	/* at P */
	uint64_t last_position;		/* of the last batch in this segment */
	uint64_t last_len;		/* 0: it has none */
	/* The derived files' part that this segment gives. */
	struct buf offset, level[JOURNAL_LEVELS];
	struct buf tails;		/* of struct journal_tail */
};

/**
 * journal_judge(out, io, dir, segs, key, segment_size, why):
 * Judge the log directory ${dir} and its journal/ ${segs} for the log of
 * ${key}; ${segment_size} where no header names one.  Return 0 with a verdict
 * in ${out}, to be freed with journal_judged_fini in any case; or CU_EIO,
 * CU_ENOMEM.
 */
int journal_judge(struct journal_judged *, struct io *, int, int,
    const struct tlog_key *, uint32_t, struct cu_why *);
void journal_judged_fini(struct journal_judged *);
#endif /* !JOURNAL_RECOVER_H_ */
