/*
 * fuzz/fuzz-gate-register.c: a gate's copy of the register.  Input: its lines;
 * the digest behind them is made, and the first line's entry is the genesis.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "fuzz/one_file.h"
#include "gate/gate_register.h"
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
look(const struct gate_register *r)
{
	struct gate_reg got, same;
	size_t i;

	for (i = 0; gate_register_nth(r, i, &got); i++)
		if (!gate_register_id(r, got.e->id, &same) ||
		    same.e != got.e || (got.e->identity != NULL &&
		    (got.e->kind == RECORD_NE || got.e->kind == RECORD_MDF) &&
		    !gate_register_element(r, got.e->identity, &same)))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t sum[DIGEST_LEN], genesis[DIGEST_LEN] = { 0 };
	const uint8_t *lf = n > 0 ? memchr(p, '\n', n) : NULL;
	struct gate_register *r;
	struct one_file f;
	struct buf b;

	if (lf != NULL && lf > p + 2)
		tlog_leaf(genesis, p + 2, (size_t)(lf - p) - 2);
	buf_init(&b, n + 2 * DIGEST_LEN + 1);
	buf_add(&b, p, n);
	digest(sum, p, n);
	buf_hex(&b, sum, sizeof(sum));
	buf_ch(&b, '\n');
	if (b.rc == 0 && gate_register_create(&r) == 0) {
		f = one_file(b.p, b.len, b.len);
		if (gate_register_load(r, &f.io, 3, genesis, NULL) == 0)
			look(r);
		f = one_file(p, n, n);
		(void)gate_register_load(r, &f.io, 3, genesis, NULL);
		if (lf != NULL)
			(void)gate_register_take(r, 1, p, (size_t)(lf - p));
		(void)gate_register_sync(r, &f.io, 3);
		gate_register_free(r);
	}
	buf_fini(&b);
	return (0);
}
