/* src/crypto/sign.c: Ed25519 over libcrypto, and which keys are no keys */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "crypto/sign.h"

struct sign_key {
	EVP_PKEY *pkey;
	uint8_t public[SIGN_PUBLIC_LEN];
};

int
sign_key_create(struct sign_key **out, const uint8_t seed[SIGN_SEED_LEN])
{
	size_t len = SIGN_PUBLIC_LEN;
	struct sign_key *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (CU_ENOMEM);
	k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
	    SIGN_SEED_LEN);
	if (k->pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(k->pkey, k->public, &len) != 1) {
		sign_key_free(k);
		return (CU_ECRYPTO);
	}
	*out = k;
	return (0);
}

void
sign_key_free(struct sign_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);		/* libcrypto cleanses the seed */
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

const uint8_t *
sign_key_public(const struct sign_key *k)
{
	return (k->public);
}

int
sign_make(struct sign_key *k, uint8_t sig[SIGN_LEN], const void *msg,
    size_t len)
{
	size_t sig_len = SIGN_LEN;
	EVP_MD_CTX *ctx;
	int ok;

	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return (CU_ECRYPTO);
	ok = EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, &sig_len, msg, len) == 1 &&
	    sig_len == SIGN_LEN;
	EVP_MD_CTX_free(ctx);
	return (ok ? 0 : CU_ECRYPTO);
}

bool
sign_verify(const uint8_t public[SIGN_PUBLIC_LEN],
    const uint8_t sig[SIGN_LEN], const void *msg, size_t len)
{
	EVP_PKEY *pkey;
	EVP_MD_CTX *ctx;
	bool ok;

	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public,
	    SIGN_PUBLIC_LEN);
	if (pkey == NULL)
		return (false);
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, sig, SIGN_LEN, msg, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (ok);
}

/*
 * The y coordinates below p of the eight points of small order, little-endian:
 * 0, 1, p - 1, and the two of order 8 (each point's sign bit is masked).
 */
static const uint8_t small[][SIGN_PUBLIC_LEN] = {
	{ 0x00 },
	{ 0x01 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0,
	  0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
	  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39,
	  0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f,
	  0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
	  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6,
	  0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

bool
sign_public_valid(const uint8_t public[SIGN_PUBLIC_LEN])
{
	uint8_t y[SIGN_PUBLIC_LEN];
	size_t i;

	memcpy(y, public, sizeof(y));
	y[31] &= 0x7f;
	/* Not canonical: y >= p = 2^255 - 19 = 0x7fff..ffed. */
	if (y[31] == 0x7f && y[0] >= 0xed) {
		for (i = 1; i < 31 && y[i] == 0xff; i++)
			;
		if (i == 31)
			return (false);
	}
	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		if (memcmp(y, small[i], sizeof(y)) == 0)
			return (false);
	return (true);
}
