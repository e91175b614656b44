/* src/crypto/random.c: random bytes, and forgetting */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
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
random_uuid(char out[TEXT_UUID_LEN + 1])
{
	uint8_t r[16];
	char hex[2 * sizeof(r) + 1];

	random_bytes(r, sizeof(r));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);	/* RFC 9562, 5.4 */
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	text_hex(hex, r, sizeof(r));
	snprintf(out, TEXT_UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
	    hex + 8, hex + 12, hex + 16, hex + 20);
}

void
wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
