/* fuzz/fuzz-sim-ne.c: a simulated element answers anything, with X1 */
#include <stdlib.h>
#include "base/buf.h"
#include "sim/sim_ne.h"
#include "x1/x1_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct x1_response *r;
	struct sim_ne *ne;
	struct buf out;

	if (sim_ne_create(&ne, "ne-1") != 0)
		return (0);
	buf_init(&out, 64 << 20);
	if (sim_ne_answer(ne, p, n, NULL, UTC_SECOND, &out) == 0) {
		if (x1_response_open(&r, out.p, out.len, 0, NULL) != 0)
			abort();
		x1_response_free(r);
	}
	sim_ne_free(ne);
	buf_fini(&out);
	return (0);
}
