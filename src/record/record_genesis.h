/* src/record/record_genesis.h: entry 0, on which everything else rests */
#ifndef RECORD_GENESIS_H_
#define RECORD_GENESIS_H_
#include <stddef.h>
#include "crypto/digest.h"

struct cu_why;
struct record_payload;

/**
 * record_genesis_read(out, digest, line, len, why):
 * Read entry 0 and check all that it shows by itself: it is `genesis create`,
 * signed by each overseer that it names, once, and by nobody else.  Return 0
 * with an owned payload and the genesis digest (leaf hash) in hex.
 */
int record_genesis_read(struct record_payload **, char[2 * DIGEST_LEN + 1],
    const void *, size_t, struct cu_why *);
#endif /* !RECORD_GENESIS_H_ */
