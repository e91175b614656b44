/* fuzz/fuzz-sim-tell.c: lines of words to a simulated element */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "sim/sim_ne.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *lf;
	struct cu_why why;
	struct sim_ne *ne;
	struct buf out;

	if (sim_ne_create(&ne, "ne-1") != 0)
		return (0);
	buf_init(&out, 4 << 20);
	for (; p < end; p = lf + 1) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			lf = end;
		/* A hundred thousand tasks at once are not a test of words. */
		if (lf - p >= 5 && memcmp(p, "fill ", 5) == 0)
			continue;
		buf_reset(&out);
		(void)sim_ne_tell(ne, (const char *)p, (size_t)(lf - p),
		    UTC_SECOND, &out, &why);
		buf_reset(&out);
		(void)sim_ne_report(ne, "admf-1", (const char *)p,
		    (size_t)(lf - p), UTC_SECOND, &out, &why);
	}
	sim_ne_free(ne);
	buf_fini(&out);
	return (0);
}
