/*
 * src/journal/journal_sync.h: the thread that writes and syncs.
 * It owns no state: it is given a job, and gives back how it ended.
 */
#ifndef JOURNAL_SYNC_H_
#define JOURNAL_SYNC_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_SYNC_BEFORE 10

struct io;
struct journal_sync;

struct journal_job {
	/* Synced first: what the batch must never stand without. */
	int before[JOURNAL_SYNC_BEFORE];
	unsigned int before_n;
	/* Then written and synced, and told; ${p} NULL: no batch. */
	int fd;
	const uint8_t *p;
	size_t len;
	uint64_t offset;
	/* Then zeroed and synced, told with the next answer. */
	int spare;			/* -1: nothing */
	uint64_t spare_from, spare_to;
};

/** journal_sync_create(out, io, in_line): With ${in_line} there is no thread
 * and every job is done before journal_sync_start returns. */
int journal_sync_create(struct journal_sync **, struct io *, bool);
/** journal_sync_free(s): After the job under way. */
void journal_sync_free(struct journal_sync *);

/** journal_sync_fd(s): An eventfd, readable when a batch is written. */
int journal_sync_fd(const struct journal_sync *);

/** journal_sync_start(s, job): Hand a job over; no batch may be under way. */
void journal_sync_start(struct journal_sync *, const struct journal_job *);

/**
 * journal_sync_done(s, wait, rc): Has the batch ended?  Its outcome, 0 or
 * CU_EIO, in ${rc}, once.
 */
bool journal_sync_done(struct journal_sync *, bool, int *);

/**
 * journal_sync_spare(s, wait, to, failed):
 * How far the spare was zeroed since asked last (0: no news); ${failed}: the
 * last step found no room.  CU_EIO if a sync failed, else 0.  With ${wait} no
 * job is under way afterwards.
 */
int journal_sync_spare(struct journal_sync *, bool, uint64_t *, bool *);
#endif /* !JOURNAL_SYNC_H_ */
