/* src/record/record_key.h: key ids, key files, which keys may be registered */
#ifndef RECORD_KEY_H_
#define RECORD_KEY_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/sign.h"

struct buf;
struct cu_why;

#define RECORD_KEY_ID_LEN	32	/* hex digits */
#define RECORD_KEY_FILE_MAX	1024
#define RECORD_KEYS_MAX		8	/* of one holder */
#define RECORD_PASS_MAX		1024	/* bytes of a passphrase */

/** record_key_id(out, public): The id of an Ed25519 key, and a NUL. */
void record_key_id(char[RECORD_KEY_ID_LEN + 1],
    const uint8_t[SIGN_PUBLIC_LEN]);

/** record_key_id_valid(s, n): Has it the form of a key id? */
bool record_key_id_valid(const char *, size_t);

/* docs/format/statement.md, "Key files". */
struct record_key_info {
	char id[RECORD_KEY_ID_LEN + 1];
	uint8_t public[SIGN_PUBLIC_LEN];
	bool locked;		/* a passphrase is needed */
};

/** record_key_info(out, file, len, why): The parts that are not secret. */
int record_key_info(struct record_key_info *, const char *, size_t,
    struct cu_why *);

/**
 * record_key_open(out, file, len, pass, pass_len, why):
 * Return the owned signing key of a key file.  ${pass} is not read where the
 * file is not locked.  0; CU_EMALFORMED; CU_EDENIED if a passphrase is needed
 * and ${pass} is NULL or not the right one; CU_ECRYPTO, CU_ENOMEM.
 */
int record_key_open(struct sign_key **, const char *, size_t, const void *,
    size_t, struct cu_why *);

/**
 * record_key_write(b, seed, pass, pass_len, salt, iv):
 * Append a key file, LF included: locked, or `kdf: none` if ${pass} is NULL
 * (then ${salt}, 16 bytes, and ${iv}, 12, are not read).  0, or CU_E*.
 */
int record_key_write(struct buf *, const uint8_t[SIGN_SEED_LEN], const void *,
    size_t, const uint8_t *, const uint8_t *);

/** record_pass_len(p, n): Length of a passphrase as read, less one last LF. */
size_t record_pass_len(const void *, size_t);

/* One row of what is registered: a row per key that ever was. */
struct record_known {
	const char *of;		/* "log", "holder/<id>", "instance/<id>" */
	uint8_t public[SIGN_PUBLIC_LEN];
	enum {
		RECORD_KNOWN_LIVE = 0,
		RECORD_KNOWN_DROPPED,	/* a change left this key out */
		RECORD_KNOWN_ENDED,	/* its holder is revoked, retired */
	} state;
};

/**
 * record_key_admit(known, n, change, subject, keys, keys_n, why):
 * May these public keys (32 bytes each, one after the other) be registered
 * for ${subject} ("holder/<id>" or "instance/<id>")?  Refused: a known id
 * (where ${change}: one that is not live), a key that is known but to this
 * holder now, a key twice, none or more than RECORD_KEYS_MAX, and what
 * sign_public_valid refuses.
 * Return 0, CU_EMALFORMED, CU_ELIMIT, or CU_EEXIST (id or key known).
 */
int record_key_admit(const struct record_known *, size_t, bool, const char *,
    const uint8_t *, size_t, struct cu_why *);
#endif /* !RECORD_KEY_H_ */
