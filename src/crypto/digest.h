/* src/crypto/digest.h: SHA-256 and HMAC-SHA-256 */
#ifndef DIGEST_H_
#define DIGEST_H_
#include <stddef.h>
#include <stdint.h>

#define DIGEST_LEN	32

struct digest;			/* a SHA-256 under way */

/*
 * The one-shot calls reuse one context per thread (EVP's own one-shots fetch
 * the algorithm anew and cost four to eight times as much).  They abort if the
 * library fails: without a hash nothing that custos says would hold.
 */
void digest(uint8_t[DIGEST_LEN], const void *, size_t);

/* A piece of what is hashed. */
struct digest_part { const void *p; size_t len; };

/** digest_parts(out, part, n): Hash the concatenation. */
void digest_parts(uint8_t[DIGEST_LEN], const struct digest_part *, size_t);

/** digest_hmac(out, key, key_len, part, n): HMAC-SHA-256 (RFC 2104). */
void digest_hmac(uint8_t[DIGEST_LEN], const void *, size_t,
    const struct digest_part *, size_t);

/** digest_create(), digest_free(d): NULL if memory is out. */
struct digest *digest_create(void);
void digest_free(struct digest *);
/** digest_start(d), digest_add(d, p, n), digest_end(d, out): Hash in steps. */
void digest_start(struct digest *);
void digest_add(struct digest *, const void *, size_t);
void digest_end(struct digest *, uint8_t[DIGEST_LEN]);
#endif /* !DIGEST_H_ */
