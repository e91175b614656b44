/* src/journal/journal_frame.h: the bytes of the journal (docs/format/journal.md) */
#ifndef JOURNAL_FRAME_H_
#define JOURNAL_FRAME_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "tlog/tlog.h"

#define JOURNAL_SEGMENT_MIN	(UINT32_C(1) << 20)
#define JOURNAL_SEGMENT_MAX	(UINT32_C(64) << 20)
#define JOURNAL_HEADER_LEN	4096		/* of a segment */
#define JOURNAL_FRAME_HEAD	32
#define JOURNAL_K_LEN		120		/* payload of a K frame */
#define JOURNAL_ENTRY_MAX	TLOG_ENTRY_MAX
#define JOURNAL_NOTE_MAX	65535
#define JOURNAL_BATCH_ENTRIES	512
#define JOURNAL_BATCH_MAX	(UINT32_C(33) << 20)
#define JOURNAL_OWN_BATCH	(UINT32_C(256) << 10)	/* S above: alone */
#define JOURNAL_SEGMENTS_MAX	99999999	/* eight digits of a file name */

enum journal_kind {
	JOURNAL_E = 'E', JOURNAL_S = 'S', JOURNAL_K = 'K', JOURNAL_N = 'N'
};

struct journal_frame {
	enum journal_kind kind;
	uint32_t len;			/* of the payload */
	uint64_t number, position;
	uint8_t check[8];
};

/** journal_frame_size(len): Bytes of a frame, padding included. */
static inline uint64_t
journal_frame_size(uint64_t len)
{
	return (JOURNAL_FRAME_HEAD + ((len + 7) & ~UINT64_C(7)));
}

/** journal_frame_put(out, f), journal_frame_get(f, p): Header bytes.
 * get returns 0; CU_ENOENT for a zero magic; CU_EMALFORMED for any other. */
void journal_frame_put(uint8_t[JOURNAL_FRAME_HEAD],
    const struct journal_frame *);
int journal_frame_get(struct journal_frame *,
    const uint8_t[JOURNAL_FRAME_HEAD]);

/* What a K frame says. */
struct journal_commit {
	uint8_t root[TLOG_HASH_LEN], previous[32], headers[32];
	uint32_t frames;
	uint64_t time_us, size;
};

void journal_commit_put(uint8_t[JOURNAL_K_LEN], const struct journal_commit *);
/** journal_commit_get(c, p): 0; CU_EMALFORMED if the zero field is not. */
int journal_commit_get(struct journal_commit *, const uint8_t[JOURNAL_K_LEN]);

/* The first 4,096 bytes of a segment. */
struct journal_header {
	uint32_t number, segment_size;
	uint8_t origin[32];		/* SHA-256 of the origin */
	uint64_t position;
	uint8_t last_k[32];
	struct tlog_range range;	/* at the segment's start */
};

void journal_header_put(uint8_t[JOURNAL_HEADER_LEN],
    const struct journal_header *);
/** journal_header_get(h, p): 0; CU_ENOENT if all zero; CU_EMALFORMED. */
int journal_header_get(struct journal_header *,
    const uint8_t[JOURNAL_HEADER_LEN]);

/** journal_limit_e(segment_size), journal_limit_s(...): Bytes of E, S frames
 * that one batch may hold, headers and padding included. */
uint32_t journal_limit_e(uint32_t);
uint32_t journal_limit_s(uint32_t);

/* Where a reader of batches stands. */
struct journal_chain {
	uint32_t segment_size;
	uint64_t position;		/* of the next batch */
	uint8_t last_k[32];
	struct tlog_range range;
};

/* A frame of an accepted batch is shown with its payload, borrowed. */
struct journal_shown {
	struct journal_frame frame;
	const uint8_t *payload;
	uint8_t leaf[TLOG_HASH_LEN];	/* of E */
};

struct journal_batch {
	uint64_t position, len, first, size;
	uint32_t frames;		/* with K */
	struct journal_commit commit;
	uint8_t digest[32];		/* of the K frame */
};

#define JOURNAL_E_END	1	/* a zero magic stands there */
#define JOURNAL_E_MORE	2	/* the batch goes on beyond the bytes given */
#define JOURNAL_E_BAD	3	/* what stands there is no batch that holds */

/* Why a batch was refused; ${what} is a constant text. */
struct journal_fault {
	const char *what;
	uint64_t position;		/* of the frame */
	bool entry;			/* it is, or belongs to, entry ${index} */
	uint64_t index;
};

/* Called for E, S and N as they are read, before the batch is known to hold;
 * a return but 0 ends the reading and is given back. */
typedef int (*journal_show_fn)(void *, const struct journal_shown *);

/**
 * journal_batch_read(chain, p, len, last, node, show, cookie, batch, fault):
 * Read one batch from the ${len} bytes at ${p}, which stand at
 * ${chain}->position; ${last} says that the segment ends with them.  All that
 * recovery asks of a batch is checked.  Return 0, with ${chain} moved behind
 * it; JOURNAL_E_END; JOURNAL_E_MORE, JOURNAL_E_BAD with ${chain} as it was
 * and ${fault} (may be NULL) filled; or what ${show} (may be NULL) returned.
 * ${node} (may be NULL) is told every subtree (tlog_range_append).
 */
int journal_batch_read(struct journal_chain *, const uint8_t *, size_t, bool,
    tlog_node_fn, journal_show_fn, void *, struct journal_batch *,
    struct journal_fault *);

/**
 * journal_batch_each(p, len, position, show, cookie):
 * Show each frame, K too, of a batch that journal_batch_read has accepted;
 * ${leaf} is not filled.  Return 0, CU_EMALFORMED, or what ${show} returned.
 */
int journal_batch_each(const uint8_t *, size_t, uint64_t, journal_show_fn,
    void *);

/**
 * journal_frame_holds(s): Are check and padding of this frame right?  The
 * payload is followed by its padding; ${leaf} of an E is filled.
 */
bool journal_frame_holds(struct journal_shown *);
#endif /* !JOURNAL_FRAME_H_ */
