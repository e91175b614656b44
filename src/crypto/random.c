/* src/crypto/random.c: random bytes, and forgetting */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include "crypto/random.h"

void
random_bytes(void *out, size_t n)
{
	uint8_t *p = out;
	int k;

	for (; n > 0; n -= (size_t)k, p += k) {
		k = n > 4096 ? 4096 : (int)n;
		if (RAND_bytes(p, k) != 1)
			abort();
	}
}

void
wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
