/* src/keeper/keeper_log.h: from an entry's line to durable, signed, released */
#ifndef KEEPER_LOG_H_
#define KEEPER_LOG_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "tlog/tlog.h"

struct buf;
struct journal;
struct keeper_log;
struct net_loop;
struct record_vault;
struct sign_key;
struct tlog_key;

/*
 * Three sizes, each at most the one before it:
 *	size		entries that were taken; the tables stand here
 *	durable		entries that a restart will find
 *	released	entries under a signed checkpoint that was let out
 * While one batch is being synced its checkpoint is signed, and what comes is
 * collected for the next, which is hashed meanwhile if it is large.  The
 * checkpoint is released when both are done.
 */
struct keeper_log_ops {
	/* durable or released has grown. */
	void (*on_moved)(void *);
	/* The journal or the vault has failed: the process must end. */
	void (*on_failed)(void *, const char *);
};

/**
 * keeper_log_create(out, loop, journal, vault, key, secret, ops, cookie):
 * All are borrowed.  Nothing is signed before keeper_log_sign.
 */
int keeper_log_create(struct keeper_log **, struct net_loop *,
    struct journal *, struct record_vault *, const struct tlog_key *,
    struct sign_key *, const struct keeper_log_ops *, void *);
void keeper_log_free(struct keeper_log *);

/**
 * keeper_log_known(g, note, len, size):
 * A checkpoint of ours that was let out before this start and holds: what it
 * covers is released already.
 */
int keeper_log_known(struct keeper_log *, const char *, size_t, uint64_t);

/** keeper_log_sign(g): From now on sign; first what is durable.  0 or CU_E*. */
int keeper_log_sign(struct keeper_log *);
bool keeper_log_signs(const struct keeper_log *);

/** keeper_log_fits(g, line_len, sealed_len): May such an entry stand at all? */
bool keeper_log_fits(const struct keeper_log *, size_t, size_t);

/**
 * keeper_log_add(g, line, len, sealed, sealed_len, time):
 * Take an entry; its index was keeper_log_size before.  Copies the line and
 * takes ${sealed} (from malloc; NULL: none).  0; CU_ENOMEM, nothing taken.
 */
int keeper_log_add(struct keeper_log *, const void *, size_t, void *, size_t,
    utc_us);

uint64_t keeper_log_size(const struct keeper_log *);
uint64_t keeper_log_durable(const struct keeper_log *);
uint64_t keeper_log_released(const struct keeper_log *);

/** keeper_log_note(g, len): Borrow the newest released checkpoint, or NULL. */
const char *keeper_log_note(const struct keeper_log *, size_t *);

/**
 * keeper_log_entry(g, index, b): Append the line of an entry that was taken,
 * whether it is durable or not.  As journal_reader_entry.
 */
int keeper_log_entry(struct keeper_log *, uint64_t, struct buf *);

/** keeper_log_flush(g): Wait until everything taken is durable.  0 or CU_E*. */
int keeper_log_flush(struct keeper_log *);
#endif /* !KEEPER_LOG_H_ */
