/*
 * src/journal/journal_read.h: a log directory, read by anybody.
 * Nothing here writes or locks.  The files may grow meanwhile: what is read is
 * what a commit frame vouches for.
 */
#ifndef JOURNAL_READ_H_
#define JOURNAL_READ_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "journal/journal_frame.h"
#include "tlog/tlog.h"

struct buf;
struct cu_why;
struct io;
struct journal_reader;

/** journal_reader_open(out, dir, why):
 * Open the log directory ${dir} (which holds journal/).  Return 0 with an
 * owned reader; CU_ENOENT if no journal is there; CU_EMALFORMED if no segment
 * has a header, or one is far beyond the others (journal_segment_last);
 * CU_ENOMEM, CU_EIO.  ${why} gets the reason.
 */
int journal_reader_open(struct journal_reader **, const char *,
    struct cu_why *);
void journal_reader_free(struct journal_reader *);

/** journal_reader_open_io(out, io, dir, why): The same over other file calls. */
int journal_reader_open_io(struct journal_reader **, struct io *, const char *,
    struct cu_why *);

/** journal_reader_origin(r): Borrow the 32 bytes SHA-256 of the origin. */
const uint8_t *journal_reader_origin(const struct journal_reader *);

/** journal_reader_dir(r): The directory descriptor of log/, borrowed. */
int journal_reader_dir(const struct journal_reader *);

/* How far the log goes. */
struct journal_head {
	uint64_t size;			/* entries */
	uint8_t root[TLOG_HASH_LEN];
	uint64_t time_us;		/* of the last commit, or 0 */
	uint64_t position;		/* behind it */
};

/**
 * journal_reader_head(r, head):
 * What the last commit says; read again at each call.  One segment is read
 * from where the last call ended.  0; CU_EIO, CU_ENOMEM, CU_EMALFORMED.
 */
int journal_reader_head(struct journal_reader *, struct journal_head *);

/**
 * journal_reader_entry(r, index, b): Append the bytes of one entry.
 * journal_reader_sealed(r, index, b): Append the payload of its S frame.
 * Return 0; CU_ENOENT if there is none; CU_EMALFORMED if it does not hold;
 * CU_EIO, CU_ENOMEM, CU_ELIMIT.
 */
int journal_reader_entry(struct journal_reader *, uint64_t, struct buf *);
int journal_reader_sealed(struct journal_reader *, uint64_t, struct buf *);

/**
 * journal_reader_frames(r, position, show, cookie):
 * Show each frame from the one at ${position} on, over all segments.  Return 0
 * at the end of the journal; CU_EMALFORMED where a frame does not hold; or
 * what ${show} returned.  Whether a commit follows is not asked.
 */
int journal_reader_frames(struct journal_reader *, uint64_t, journal_show_fn,
    void *);

/* An entry of journal_reader_each; bytes borrowed until the return. */
typedef int (*journal_entry_fn)(void *, uint64_t index, const uint8_t *,
    size_t);

/**
 * journal_reader_each(r, from, to, fn, cookie):
 * Call ${fn} for each entry of [from, to) in order, in large reads.  A return
 * but 0 ends it and is given back.  The checks of the frames are made, the
 * roots are not (journal_verify).  Else as journal_reader_entry.
 */
int journal_reader_each(struct journal_reader *, uint64_t, uint64_t,
    journal_entry_fn, void *);

/**
 * journal_reader_hash(r, height, index, out): A tlog_read_fn over a reader,
 * from log/level.N; what these files lack is hashed from the entries.  These
 * files are derived: check a proof made of them before it is given away, and
 * if it fails make it again after journal_reader_plain.
 */
int journal_reader_hash(void *, unsigned int, uint64_t,
    uint8_t[TLOG_HASH_LEN]);

/** journal_reader_plain(r): From now on believe no derived file. */
void journal_reader_plain(struct journal_reader *);

/* What journal_verify tells of a place that does not hold. */
struct journal_verdict {
	uint64_t size, position;	/* to here all holds */
	uint8_t root[TLOG_HASH_LEN];
	uint64_t batches, notes, segments, sealed;
	uint64_t bytes;
	bool clean;			/* nothing but zeros after it */
	struct journal_fault fault;	/* ${what} NULL: none */
};

struct journal_verify_hooks {
	journal_entry_fn entry;		/* each entry, may be NULL */
	/* Each note, with the root of its size; NULL if that is no commit's,
	 * or lies more than 65,536 batches back. */
	int (*note)(void *, uint64_t size, const uint8_t root[TLOG_HASH_LEN],
	    const uint8_t *, size_t);
	int (*sealed)(void *, uint64_t index, const uint8_t *, size_t);
	void (*progress)(void *, uint64_t done, uint64_t all);	/* bytes */
	void *cookie;
};

/**
 * journal_verify(r, hooks, verdict):
 * Read the whole journal from its first byte: every header, frame, batch and
 * root.  Return 0 with the verdict, whatever it is; what a hook returned; or
 * CU_EIO, CU_ENOMEM.
 */
int journal_verify(struct journal_reader *, const struct journal_verify_hooks *,
    struct journal_verdict *);
#endif /* !JOURNAL_READ_H_ */
