/*
 * src/journal/journal.h: the log's writer: create, recover, append.
 * Only the keeper is linked with it.  One batch is written and synced at a
 * time, by a thread that owns no state, while the caller signs the checkpoint
 * of its root and makes the next one.  The journal signs nothing.
 *
 * A caller's loop:
 *	journal_append(j, ...)	-> the head that the tree will have
 *	... sign that head's checkpoint, do not let it out ...
 *	journal_fd(j) readable	-> journal_done(j) == 0: it is durable
 *	journal_note(j, note)	-> log/checkpoint, and N of the next batch made
 */
#ifndef JOURNAL_H_
#define JOURNAL_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "journal/journal_frame.h"
#include "journal/journal_read.h"

struct cu_why;
struct io;
struct journal;
struct tlog_key;

struct journal_options {
	struct io *io;			/* NULL: the system's */
	const char *dir;		/* the log directory */
	const struct tlog_key *key;	/* the log's; its name is the origin */
	uint32_t segment_size;		/* of a new journal; 0: 64 MiB */
	uint64_t disk_low;		/* bytes that are to stay free */
	bool in_line;			/* no threads: all is done at once */
};

/* What recovery found (design 3.2). */
enum journal_state {
	JOURNAL_CLEAN,		/* nothing after the last batch */
	JOURNAL_TORN		/* the batch in flight was kept and zeroed */
};

#define JOURNAL_E_DAMAGED 4	/* acknowledged data is damaged */
#define JOURNAL_E_MEMORY 5	/* a memory on this disk knows more, or else */

struct journal_found {
	enum journal_state state;
	uint64_t size, position;	/* what stands, and P */
	uint64_t dropped;		/* bytes that were kept in log/torn/ */
	uint64_t root_time_us;		/* time of the last commit, 0: none */
};

/**
 * journal_create(out, o, why):
 * Make a journal in ${o}->dir (made if missing), zeroed and synced, and open
 * it.  A directory in which creation stopped before the first batch was
 * acknowledged is taken over.  Return 0 with an owned journal; CU_EEXIST if it
 * holds entries; else as journal_open.
 */
int journal_create(struct journal **, const struct journal_options *,
    struct cu_why *);

/**
 * journal_open(out, o, found, why):
 * Lock the directory and recover.  Return 0 with an owned journal, ready;
 * JOURNAL_E_DAMAGED, JOURNAL_E_MEMORY: nothing was changed, ${why} names P,
 * ${found} (may be NULL) has size and position; CU_EBUSY: another process has
 * it; CU_ENOENT: no journal; CU_EMALFORMED: a segment is far beyond the others;
 * CU_EIO, CU_ENOMEM.  A size of 0 is for the caller to judge: its genesis is
 * gone.
 */
int journal_open(struct journal **, const struct journal_options *,
    struct journal_found *, struct cu_why *);

/** journal_free(j): Wait for what is under way, and close. */
void journal_free(struct journal *);

/** journal_head(j, head): The last acknowledged head. */
void journal_head(const struct journal *, struct journal_head *);

/** journal_segment_size(j): In bytes. */
uint32_t journal_segment_size(const struct journal *);

/* An entry to be appended; borrowed until journal_append returns. */
struct journal_add {
	const void *entry;
	size_t entry_len;
	const void *sealed;		/* payload of its S frame, or NULL */
	size_t sealed_len;
};

/**
 * journal_fits(j, add, n, more):
 * May ${more} stand in one batch after the ${n} at ${add}?  Asked with ${n} 0:
 * may it stand at all.
 */
bool journal_fits(const struct journal *, const struct journal_add *, size_t,
    const struct journal_add *);

/**
 * journal_append(j, add, n, time, head):
 * Make a batch of ${n} entries and hand it to the sync thread.  ${head} gets
 * the size and root that the tree will have.  Return 0: under way, or next
 * after the one that is; CU_ESTATE: take an end first, since two are under way
 * or the batch begins a segment; CU_ELIMIT: journal_fits says no;
 * JOURNAL_E_FULL: it needs the next segment, which the disk has no room for
 * (try again); CU_EIO: the journal has failed before.  But with 0 nothing was
 * taken.
 */
#define JOURNAL_E_FULL 6
int journal_append(struct journal *, const struct journal_add *, size_t,
    utc_us, struct journal_head *);

/**
 * journal_write(j, add, n, time):
 * The same for who has nothing else to do meanwhile: it is written and synced
 * in this thread.  Return 0: durable; as journal_append and journal_done.
 */
int journal_write(struct journal *, const struct journal_add *, size_t,
    utc_us);

/** journal_fd(j): Readable when journal_done has something to say. */
int journal_fd(const struct journal *);

/**
 * journal_done(j), journal_wait(j):
 * Take the end of the oldest batch under way; the second waits for it.  Return
 * 0: it is durable, and journal_head has moved; CU_ESTATE: none is under way,
 * or (the first) it is not done; CU_EIO: a write or sync failed and nothing
 * can be said of the batch: the process must exit, and recover.
 */
int journal_done(struct journal *);
int journal_wait(struct journal *);

/**
 * journal_note(j, note, len):
 * Keep a signed checkpoint, of a size that is acknowledged: replace
 * log/checkpoint (not synced) and let the next batch made begin with it.
 * Return 0; CU_ELIMIT over JOURNAL_NOTE_MAX; CU_ESTATE, CU_EMALFORMED if it
 * is not one of our key for our root at the head or below; CU_EIO.
 */
int journal_note(struct journal *, const void *, size_t);

enum journal_room {
	JOURNAL_ROOM,		/* all may be admitted */
	JOURNAL_ROOM_NARROW	/* no spare segment, or below disk_low */
};

/** journal_room(j): What may be admitted now (design 3.2, disk). */
enum journal_room journal_room(struct journal *);

/**
 * journal_reader(j): Borrow a reader of this journal, for the thread that
 * appends; ask it for entries below journal_head's size.  NULL before the
 * first batch, or if it cannot be opened.
 */
struct journal_reader *journal_reader(struct journal *);
#endif /* !JOURNAL_H_ */
