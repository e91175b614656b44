/* src/crypto/kdf.h: keys from passphrases and from key files */
#ifndef KDF_H_
#define KDF_H_
#include <stddef.h>
#include <stdint.h>

#define KDF_LEN		32	/* bytes that come out */

/* The bounds of the formats: what a file names is checked before it is done. */
#define KDF_SCRYPT_N_MAX	(1 << 20)
#define KDF_SCRYPT_R_MAX	32
#define KDF_SCRYPT_P_MAX	16

/* What custos itself writes: 32 MiB, about a tenth of a second. */
#define KDF_SCRYPT_N	(1 << 15)
#define KDF_SCRYPT_R	8
#define KDF_SCRYPT_P	1

/**
 * kdf_scrypt(out, pass, len, salt, salt_len, n, r, p):
 * scrypt (RFC 7914).  Return 0; CU_ELIMIT if ${n} is no power of two between
 * 2 and its bound, or ${r}, ${p} not between 1 and theirs; CU_ENOMEM (128 n r
 * bytes are needed); or CU_ECRYPTO.
 */
int kdf_scrypt(uint8_t[KDF_LEN], const void *, size_t, const void *, size_t,
    uint64_t, uint64_t, uint64_t);

/** kdf_hkdf(out, key, len, salt, salt_len, info): HKDF-SHA-256 (RFC 5869). */
int kdf_hkdf(uint8_t[KDF_LEN], const void *, size_t, const void *, size_t,
    const char *);
#endif /* !KDF_H_ */
