/* src/crypto/random.h: random bytes, and forgetting */
#ifndef RANDOM_H_
#define RANDOM_H_
#include <stddef.h>
#include "base/text.h"

/** random_bytes(out, n): Fill from the system's generator; abort if it fails. */
void random_bytes(void *, size_t);

/** random_uuid(out): A UUID of version 4 in lower case, and a NUL. */
void random_uuid(char[TEXT_UUID_LEN + 1]);

/** wipe(p, n): Overwrite in a way that the compiler keeps. */
void wipe(void *, size_t);
#endif /* !RANDOM_H_ */
