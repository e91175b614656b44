/*
 * src/journal/journal_sync.h: a thread that writes and syncs.
 * It owns no state: it is given a job, and gives back how it ended.  A second
 * job may wait behind the one under way, so that no time is lost between them.
 */
#ifndef JOURNAL_SYNC_H_
#define JOURNAL_SYNC_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_SYNC_BEFORE 10
#define JOURNAL_SYNC_DEPTH 2

struct io;
struct journal_sync;

struct journal_job {
	/* Synced first: what must be on the disk before a byte of this is. */
	int before[JOURNAL_SYNC_BEFORE];
	unsigned int before_n;
	/* Then written and synced; ${p}, borrowed, NULL: zeros. */
	int fd;
	const uint8_t *p;
	uint64_t len, offset;
};

/**
 * journal_sync_do(io, job):
 * Do a job in this thread.  Return 0; CU_ELIMIT: no room for zeros, try again
 * later; CU_EIO: nothing can be said of what was to be written.
 */
int journal_sync_do(struct io *, const struct journal_job *);

/** journal_sync_create(out, io, in_line): With ${in_line} there is no thread
 * and every job is done before journal_sync_start returns. */
int journal_sync_create(struct journal_sync **, struct io *, bool);
/** journal_sync_free(s): After the jobs that were given. */
void journal_sync_free(struct journal_sync *);

/** journal_sync_fd(s): An eventfd, readable while an end is to be taken. */
int journal_sync_fd(const struct journal_sync *);

/**
 * journal_sync_start(s, job):
 * Hand a job over; at most JOURNAL_SYNC_DEPTH have not been taken back.  One
 * that stands behind a CU_EIO is not begun, and ends so, too.
 */
void journal_sync_start(struct journal_sync *, const struct journal_job *);

/**
 * journal_sync_done(s, wait, rc): Has the oldest job ended?  With ${wait} wait
 * for it.  Its outcome, as journal_sync_do, in ${rc}, once.
 */
bool journal_sync_done(struct journal_sync *, bool, int *);
#endif /* !JOURNAL_SYNC_H_ */
