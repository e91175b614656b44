/* fuzz/fuzz-disclosure.c: a disclosure; and the same bytes as an S payload */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "record/record_sd.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t nonce[RECORD_NONCE_LEN];
	struct record_sealed row[4] = { 0 };
	struct record_seal_key key = { 0 };
	struct record_item item[4];
	struct record_sd sd;
	struct buf b;

	if (record_sd_read(&sd, (const char *)p, n, NULL) == 0) {
		if (strlen(sd.name) < 1 || sd.value == NULL)
			abort();
		record_sd_fini(&sd);
	}
	/* Rows of zeros: no digest is theirs. */
	if (n > 0 && record_items(item, row, 4, p, n) == 0)
		abort();
	buf_init(&b, RECORD_SD_TEXT_MAX);
	if (record_unseal(&b, row, nonce, &key, p, n) == 0)
		abort();
	buf_fini(&b);
	return (0);
}
