/* src/crypto/aead.c: AES-256-GCM over libcrypto, with a context per thread */
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/random.h"

static _Thread_local EVP_CIPHER_CTX *own;

static EVP_CIPHER *
gcm(void)
{
	static EVP_CIPHER *cipher;
	EVP_CIPHER *fresh, *none = NULL;

	if ((fresh = __atomic_load_n(&cipher, __ATOMIC_ACQUIRE)) != NULL)
		return (fresh);
	if ((fresh = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL)) == NULL)
		return (NULL);
	if (!__atomic_compare_exchange_n(&cipher, &none, fresh, 0,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		EVP_CIPHER_free(fresh);
		fresh = none;
	}
	return (fresh);
}

/* Set key and iv, and feed the associated data. */
static int
begin(int enc, const uint8_t *key, const uint8_t *iv, const void *aad,
    size_t aad_len)
{
	EVP_CIPHER *cipher;
	int n;

	if (aad_len > INT_MAX || (cipher = gcm()) == NULL)
		return (CU_ECRYPTO);
	if (own == NULL && (own = EVP_CIPHER_CTX_new()) == NULL)
		return (CU_ENOMEM);
	/* 12 bytes of iv is GCM's default length. */
	if (EVP_CipherInit_ex2(own, cipher, key, iv, enc, NULL) != 1)
		return (CU_ECRYPTO);
	if (aad_len > 0 &&
	    EVP_CipherUpdate(own, NULL, &n, aad, (int)aad_len) != 1)
		return (CU_ECRYPTO);
	return (0);
}

static int
body(void *out, const void *in, size_t len)
{
	int n = 0;

	if (len > INT_MAX)
		return (CU_ELIMIT);
	if (len > 0 && (EVP_CipherUpdate(own, out, &n, in, (int)len) != 1 ||
	    (size_t)n != len))
		return (CU_ECRYPTO);
	return (0);
}

int
aead_seal(void *out, uint8_t tag[AEAD_TAG_LEN],
    const uint8_t key[AEAD_KEY_LEN], const uint8_t iv[AEAD_IV_LEN],
    const void *aad, size_t aad_len, const void *in, size_t len)
{
	uint8_t none[AEAD_TAG_LEN];
	int n = 0, rc;

	if ((rc = begin(1, key, iv, aad, aad_len)) == 0 &&
	    (rc = body(out, in, len)) == 0 &&
	    (EVP_CipherFinal_ex(own, none, &n) != 1 || n != 0 ||
	    EVP_CIPHER_CTX_ctrl(own, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN,
	    tag) != 1))
		rc = CU_ECRYPTO;
	if (own != NULL)
		EVP_CIPHER_CTX_reset(own);	/* the key does not stay */
	return (rc);
}

int
aead_open(void *out, const uint8_t tag[AEAD_TAG_LEN],
    const uint8_t key[AEAD_KEY_LEN], const uint8_t iv[AEAD_IV_LEN],
    const void *aad, size_t aad_len, const void *in, size_t len)
{
	uint8_t want[AEAD_TAG_LEN], none[AEAD_TAG_LEN];
	int i, n = 0, rc;

	for (i = 0; i < AEAD_TAG_LEN; i++)
		want[i] = tag[i];
	if ((rc = begin(0, key, iv, aad, aad_len)) == 0 &&
	    (rc = body(out, in, len)) == 0 &&
	    (EVP_CIPHER_CTX_ctrl(own, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN,
	    want) != 1 || EVP_CipherFinal_ex(own, none, &n) != 1 || n != 0))
		rc = CU_ECRYPTO;
	if (own != NULL)
		EVP_CIPHER_CTX_reset(own);
	if (rc != 0 && len > 0)
		wipe(out, len);
	return (rc);
}
