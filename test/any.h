/* test/any.h: numbers drawn at random, the same ones in every run */
#ifndef ANY_H_
#define ANY_H_
#include <stdint.h>

static uint64_t any_seed = 88172645463325252u;

/* One of 0 to n - 1. */
static inline unsigned int
any(unsigned int n)
{
	any_seed ^= any_seed << 13;
	any_seed ^= any_seed >> 7;
	any_seed ^= any_seed << 17;
	return ((unsigned int)(any_seed % n));
}
#endif /* !ANY_H_ */
