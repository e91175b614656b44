/*
 * fuzz/fuzz-gate-spool.c: a gate's spool file.  Input: a byte, then the file's
 * beginning; with an odd byte it is given a header that holds.
 */
#include <stdlib.h>
#include "base/buf.h"
#include "crypto/digest.h"
#include "fuzz/one_file.h"
#include "gate/gate_spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[AEAD_KEY_LEN] = { 1 };
	uint8_t sum[DIGEST_LEN];
	struct gate_spool *s;
	struct gate_record r;
	struct one_file f;
	struct buf b;
	size_t i, had;

	if (n == 0 || n > GATE_SPOOL_SIZE)
		return (0);
	buf_init(&b, GATE_SPOOL_SIZE);
	if (p[0] % 2 == 1) {
		buf_str(&b, "custosP1");
		buf_be(&b, 4, 1);
		buf_be(&b, 4, GATE_SPOOL_SIZE);
		buf_be(&b, 8, 1);
		digest(sum, b.p, b.len);
		buf_add(&b, sum, sizeof(sum));
	}
	if (n - 1 > b.len)
		buf_add(&b, p + 1 + b.len, n - 1 - b.len);
	f = one_file(b.p, b.len, GATE_SPOOL_SIZE);
	if (b.rc == 0 && gate_spool_open(&s, &f.io, 3, key, NULL) == 0) {
		had = gate_spool_n(s);
		for (i = 0; i < had; i++)
			if (gate_spool_at(s, i) == NULL)
				abort();
		gate_record_init(&r, GATE_RECORD_ACT);
		(void)gate_spool_add(s, &r);
		gate_record_fini(&r);
		while (gate_spool_n(s) > 0)
			gate_spool_drop(s);
		gate_spool_free(s);
	}
	buf_fini(&b);
	return (0);
}
