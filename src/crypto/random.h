/* src/crypto/random.h: random bytes, and forgetting */
#ifndef RANDOM_H_
#define RANDOM_H_
#include <stddef.h>

/** random_bytes(out, n): Fill from the system's generator; abort if it fails. */
void random_bytes(void *, size_t);

/** wipe(p, n): Overwrite in a way that the compiler keeps. */
void wipe(void *, size_t);
#endif /* !RANDOM_H_ */
