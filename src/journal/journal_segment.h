/* src/journal/journal_segment.h: the files of a journal, by number */
#ifndef JOURNAL_SEGMENT_H_
#define JOURNAL_SEGMENT_H_
#include <stddef.h>
#include <stdint.h>

struct io;

#define JOURNAL_LEVELS	8		/* files of hashes, level.0 to level.7 */
#define JOURNAL_SEGMENT_NAME 16
#define JOURNAL_MISSING_MAX 64

/** journal_segment_name(out, number): The name of its file. */
void journal_segment_name(char[JOURNAL_SEGMENT_NAME], uint32_t);

/**
 * journal_segment_last(io, segs, max):
 * The largest number of a file in journal/ ${segs}, 0 without any.  0; CU_EIO;
 * CU_EMALFORMED if more than JOURNAL_MISSING_MAX below it are missing: a mere
 * name must not send anybody through a hundred million numbers.
 */
int journal_segment_last(struct io *, int, uint32_t *);

/**
 * journal_segment_load(io, segs, number, p, n):
 * Read the first ${n} bytes of a file; what it lacks is zeros, of a file that
 * is not there all of it.  0; CU_ENOENT; CU_EIO.
 */
int journal_segment_load(struct io *, int, uint32_t, uint8_t *, size_t);
#endif /* !JOURNAL_SEGMENT_H_ */
