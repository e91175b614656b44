/* fuzz/fuzz-state.c: a line as an entry, and as what a gate said */
#include "base/err.h"
#include "state/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct state_command *c;
	struct cu_why why;
	struct state *st;
	const char *own;
	size_t len;

	if (state_create(&st, STATE_SIGNATURES | STATE_STRUCTURE) != 0)
		return (0);
	(void)state_apply(st, 0, p, n, &why);
	state_free(st);
	if (state_own(p, n, &own, &len) == 0 &&
	    (own < (const char *)p || len > n))
		__builtin_trap();
	if (state_command_create(&c, (const char *)p, n, NULL, &why) == 0)
		state_command_free(c);
	return (0);
}
