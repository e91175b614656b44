/* src/gate/gate_spool.h: what left without the keeper, until the log has it */
#ifndef GATE_SPOOL_H_
#define GATE_SPOOL_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/aead.h"
#include "gate/gate_record.h"

struct cu_why;
struct gate_spool;
struct io;

#define GATE_SPOOL_FILE		"spool"
#define GATE_SPOOL_SIZE		(4U << 20)	/* preallocated, zero-filled */
#define GATE_SPOOL_HEAD		4096U
#define GATE_SPOOL_FRAME	56U	/* bytes before the ciphertext */
#define GATE_SPOOL_LOOSE_MAX	1024		/* records in memory alone */

/**
 * gate_spool_open(out, io, dirfd, key, why):
 * Open ${dirfd}/spool and read its records; make it, zero-filled and synced, if
 * there is none, so that a full disk stops no stop later.  ${io} is borrowed,
 * the key copied.  0; CU_EIO; CU_EMALFORMED (a file that is no spool, or of
 * another key); CU_ENOMEM.
 */
int gate_spool_open(struct gate_spool **, struct io *, int,
    const uint8_t[AEAD_KEY_LEN], struct cu_why *);
/** gate_spool_free(s): Wipe and close. */
void gate_spool_free(struct gate_spool *);

/**
 * gate_spool_add(s, r):
 * Append ${r}, whose content is taken (left empty), and sync.  Return 0 when a
 * restart will find it.  On CU_EIO (write or sync failed) and CU_ELIMIT (full)
 * it is kept in memory alone and gate_spool_failed is set; CU_ENOMEM: not kept
 * at all.
 */
int gate_spool_add(struct gate_spool *, struct gate_record *);

/**
 * gate_spool_renumber(s, r, start, n, sig):
 * Report ${r}, borrowed from here, has that number and signature from now on,
 * and the drafts that name it name that.  Return as gate_spool_add does; on
 * CU_EIO and CU_ELIMIT a restart finds the former number.
 */
int gate_spool_renumber(struct gate_spool *, struct gate_record *, uint64_t,
    uint64_t, const struct record_sig *);

/** gate_spool_n(s): Records that wait; gate_spool_at(s, i): borrow number i. */
size_t gate_spool_n(const struct gate_spool *);
struct gate_record *gate_spool_at(const struct gate_spool *, size_t);

/**
 * gate_spool_drop(s):
 * Forget the first: the log has it.  When none is left, the file is used anew
 * from its start; a record that a restart finds again is offered again, and the
 * log answers that it has it.
 */
void gate_spool_drop(struct gate_spool *);

/** gate_spool_failed(s): Was a record not made durable, or found damaged, since
 * gate_spool_told? */
bool gate_spool_failed(const struct gate_spool *);
void gate_spool_told(struct gate_spool *);
#endif /* !GATE_SPOOL_H_ */
