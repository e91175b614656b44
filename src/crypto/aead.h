/* src/crypto/aead.h: AES-256-GCM (NIST SP 800-38D) */
#ifndef AEAD_H_
#define AEAD_H_
#include <stddef.h>
#include <stdint.h>

#define AEAD_KEY_LEN	32
#define AEAD_IV_LEN	12
#define AEAD_TAG_LEN	16

/* One context per thread is reused.  ${out} and ${in} may be the same. */

/**
 * aead_seal(out, tag, key, iv, aad, aad_len, in, len):
 * Encrypt ${len} bytes to ${out}, and write the tag over them and ${aad}.
 * An iv must never be used twice under one key.  0, or CU_ECRYPTO.
 */
int aead_seal(void *, uint8_t[AEAD_TAG_LEN], const uint8_t[AEAD_KEY_LEN],
    const uint8_t[AEAD_IV_LEN], const void *, size_t, const void *, size_t);

/**
 * aead_open(out, tag, key, iv, aad, aad_len, in, len):
 * Decrypt ${len} bytes to ${out}.  Return 0, or CU_ECRYPTO with ${out} wiped
 * if the tag is not that of these bytes under this key.
 */
int aead_open(void *, const uint8_t[AEAD_TAG_LEN],
    const uint8_t[AEAD_KEY_LEN], const uint8_t[AEAD_IV_LEN], const void *,
    size_t, const void *, size_t);
#endif /* !AEAD_H_ */
