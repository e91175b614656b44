/* fuzz/fuzz-keyfile.c: a key file, without a passphrase */
#include <stdlib.h>
#include "record/record_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct record_key_info info;
	struct sign_key *k;

	if (record_key_open(&k, (const char *)p, n, NULL, 0, NULL) == 0) {
		if (record_key_info(&info, (const char *)p, n, NULL) != 0 ||
		    info.locked)
			abort();
		sign_key_free(k);
	}
	return (0);
}
