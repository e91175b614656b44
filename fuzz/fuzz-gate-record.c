/* fuzz/fuzz-gate-record.c: records of a gate's spool */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "gate/gate_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct gate_record r;
	struct buf b;

	if (gate_record_decode(&r, p, n) != 0)
		return (0);
	/* There is one spelling of a record. */
	buf_init(&b, GATE_RECORD_MAX);
	gate_record_encode(&b, &r);
	if (b.rc != 0 || b.len != n || memcmp(b.p, p, n) != 0)
		abort();
	buf_fini(&b);
	gate_record_fini(&r);
	return (0);
}
