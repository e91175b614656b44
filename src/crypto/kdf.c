/* src/crypto/kdf.c: scrypt and HKDF over libcrypto */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include "base/err.h"
#include "crypto/kdf.h"

int
kdf_scrypt(uint8_t out[KDF_LEN], const void *pass, size_t len,
    const void *salt, size_t salt_len, uint64_t n, uint64_t r, uint64_t p)
{
	/* What libcrypto counts: B, V and T, and room to spare. */
	uint64_t mem;
	int rc;

	if (n < 2 || n > KDF_SCRYPT_N_MAX || (n & (n - 1)) != 0 || r < 1 ||
	    r > KDF_SCRYPT_R_MAX || p < 1 || p > KDF_SCRYPT_P_MAX)
		return (CU_ELIMIT);
	mem = 128 * r * (n + p + 2) + 65536;
	rc = EVP_PBE_scrypt(len > 0 ? pass : "", len, salt, salt_len, n, r, p,
	    mem, out, KDF_LEN);
	return (rc == 1 ? 0 : CU_ECRYPTO);
}

int
kdf_hkdf(uint8_t out[KDF_LEN], const void *key, size_t len, const void *salt,
    size_t salt_len, const char *info)
{
	OSSL_PARAM params[5], *q = params;
	EVP_KDF_CTX *ctx;
	EVP_KDF *kdf;
	int ok;

	if ((kdf = EVP_KDF_fetch(NULL, "HKDF", NULL)) == NULL)
		return (CU_ECRYPTO);
	ctx = EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf);
	if (ctx == NULL)
		return (CU_ENOMEM);
	*q++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	    (char *)(uintptr_t)"SHA256", 0);
	*q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
	    (void *)(uintptr_t)key, len);
	*q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
	    (void *)(uintptr_t)salt, salt_len);
	*q++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
	    (void *)(uintptr_t)info, strlen(info));
	*q = OSSL_PARAM_construct_end();
	ok = EVP_KDF_derive(ctx, out, KDF_LEN, params) == 1;
	EVP_KDF_CTX_free(ctx);
	return (ok ? 0 : CU_ECRYPTO);
}
