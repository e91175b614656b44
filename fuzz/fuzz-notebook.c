/*
 * fuzz/fuzz-notebook.c: a follower's notebook.  Input: the file; and, so that
 * more than its digest is looked at, the object alone.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "home/home_notebook.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const char *p, size_t n)
{
	struct home_notebook book;

	if (home_notebook_parse(&book, p, n, NULL) != 0)
		return;
	if (memchr(book.origin, 0, sizeof(book.origin)) == NULL ||
	    memchr(book.note, 0, sizeof(book.note)) == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t sum[DIGEST_LEN];
	struct buf b;

	check((const char *)p, n);
	digest(sum, p, n);
	buf_init(&b, n + 2 * DIGEST_LEN + 2);
	buf_add(&b, p, n);
	buf_ch(&b, '\n');
	buf_hex(&b, sum, sizeof(sum));
	buf_ch(&b, '\n');
	if (b.rc == 0)
		check(buf_text(&b), b.len);
	buf_fini(&b);
	return (0);
}
