/* src/crypto/sign.h: Ed25519 (RFC 8032) */
#ifndef SIGN_H_
#define SIGN_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_SEED_LEN	32
#define SIGN_PUBLIC_LEN	32
#define SIGN_LEN	64

struct sign_key;		/* a private key; wiped when freed */

/** sign_key_create(out, seed): Return an owned key.  0, CU_ENOMEM, CU_ECRYPTO. */
int sign_key_create(struct sign_key **, const uint8_t[SIGN_SEED_LEN]);
void sign_key_free(struct sign_key *);

/** sign_key_public(k): Borrow the 32 bytes of the public key. */
const uint8_t *sign_key_public(const struct sign_key *);

/** sign_make(k, sig, msg, len): Sign.  0, or CU_ECRYPTO. */
int sign_make(struct sign_key *, uint8_t[SIGN_LEN], const void *, size_t);

/** sign_verify(public, sig, msg, len): Is it a signature of that text? */
bool sign_verify(const uint8_t[SIGN_PUBLIC_LEN], const uint8_t[SIGN_LEN],
    const void *, size_t);

/**
 * sign_public_valid(public):
 * May this key be registered?  Refused: encodings that are not canonical and
 * points of small order, under which one signature fits every text.
 */
bool sign_public_valid(const uint8_t[SIGN_PUBLIC_LEN]);
#endif /* !SIGN_H_ */
