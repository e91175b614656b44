/* src/crypto/digest.c: SHA-256 and HMAC-SHA-256 over libcrypto */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/digest.h"

#define BLOCK	64		/* of SHA-256, in bytes */

struct digest {
	EVP_MD_CTX *ctx;
};

static _Thread_local struct digest *own;	/* for the one-shot calls */

static EVP_MD *
sha256(void)
{
	static EVP_MD *md;
	EVP_MD *fresh, *none = NULL;

	if ((fresh = __atomic_load_n(&md, __ATOMIC_ACQUIRE)) != NULL)
		return (fresh);
	if ((fresh = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
		abort();
	if (!__atomic_compare_exchange_n(&md, &none, fresh, 0,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		EVP_MD_free(fresh);
		fresh = none;
	}
	return (fresh);
}

struct digest *
digest_create(void)
{
	struct digest *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (NULL);
	if ((d->ctx = EVP_MD_CTX_new()) == NULL) {
		free(d);
		return (NULL);
	}
	return (d);
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
digest_start(struct digest *d)
{
	if (EVP_DigestInit_ex2(d->ctx, sha256(), NULL) != 1)
		abort();
}

void
digest_add(struct digest *d, const void *p, size_t n)
{
	if (EVP_DigestUpdate(d->ctx, p, n) != 1)
		abort();
}

void
digest_end(struct digest *d, uint8_t out[DIGEST_LEN])
{
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(d->ctx, out, &len) != 1 || len != DIGEST_LEN)
		abort();
}

void
digest_parts(uint8_t out[DIGEST_LEN], const struct digest_part *part, size_t n)
{
	size_t i;

	if (own == NULL && (own = digest_create()) == NULL)
		abort();
	digest_start(own);
	for (i = 0; i < n; i++)
		digest_add(own, part[i].p, part[i].len);
	digest_end(own, out);
}

void
digest(uint8_t out[DIGEST_LEN], const void *p, size_t n)
{
	struct digest_part part = { p, n };

	digest_parts(out, &part, 1);
}

void
digest_hmac(uint8_t out[DIGEST_LEN], const void *key, size_t key_len,
    const struct digest_part *part, size_t n)
{
	uint8_t pad[BLOCK], inner[DIGEST_LEN];
	size_t i;

	memset(pad, 0, sizeof(pad));
	if (key_len > BLOCK)
		digest(pad, key, key_len);
	else if (key_len > 0)
		memcpy(pad, key, key_len);
	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	if (own == NULL && (own = digest_create()) == NULL)
		abort();
	digest_start(own);
	digest_add(own, pad, BLOCK);
	for (i = 0; i < n; i++)
		digest_add(own, part[i].p, part[i].len);
	digest_end(own, inner);
	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest_start(own);
	digest_add(own, pad, BLOCK);
	digest_add(own, inner, DIGEST_LEN);
	digest_end(own, out);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
}
