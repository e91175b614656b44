/*
 * fuzz/fuzz-segment.c: a segment's header and batches.
 * The input is the header's 4,096 bytes and what follows, as in a file cut
 * short; a batch that is accepted must be shown frame by frame, and must be
 * refused without its last byte.
 */
#include <stdlib.h>
#include <string.h>
#include "journal/journal_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
count(void *cookie, const struct journal_shown *s)
{
	unsigned int *n = cookie;

	if (s->frame.len > JOURNAL_BATCH_MAX)
		abort();
	++*n;
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t again[JOURNAL_HEADER_LEN];
	struct journal_chain chain, was;
	struct journal_fault fault;
	struct journal_header h;
	struct journal_batch b;
	unsigned int frames, all;
	size_t at = JOURNAL_HEADER_LEN;

	memset(&chain, 0, sizeof(chain));
	chain.segment_size = JOURNAL_SEGMENT_MIN;
	chain.position = JOURNAL_HEADER_LEN;
	if (n < JOURNAL_HEADER_LEN)
		return (0);
	if (journal_header_get(&h, p) == 0) {
		journal_header_put(again, &h);
		if (memcmp(again, p, sizeof(again)) != 0)
			abort();
		chain.segment_size = h.segment_size;
		chain.position = h.position + JOURNAL_HEADER_LEN;
		memcpy(chain.last_k, h.last_k, 32);
		chain.range = h.range;
	}
	for (;;) {
		was = chain;
		frames = all = 0;
		if (journal_batch_read(&chain, p + at, n - at, true, NULL,
		    count, &frames, &b, &fault) != 0)
			break;
		if (b.len > n - at || journal_batch_each(p + at, b.len,
		    b.position, count, &all) != 0 || all != b.frames ||
		    all != frames + 1)
			abort();
		if (journal_batch_read(&was, p + at, b.len - 1, true, NULL,
		    NULL, NULL, &b, &fault) == 0)
			abort();
		at += b.len;
	}
	return (0);
}
