/* fuzz/fuzz-x1-response.c: as fuzz-x1-request.c, of answers */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define WRITTEN_MAX	(16 * 1024 * 1024)

/* Write anew all that is understood; false if something was not. */
static bool
rewrite(struct buf *out, const void *p, size_t n, unsigned int dialect,
    bool *opened)
{
	struct x1_response *r;
	struct x1_writer w;
	struct x1_answer a;
	struct x1_item i;
	struct buf xml;
	bool whole = true;
	int rc;

	*opened = x1_response_open(&r, p, n, dialect, NULL) == 0;
	if (!*opened)
		return (false);
	buf_init(&xml, WRITTEN_MAX);
	x1_writer_init(&w, out);
	while ((rc = x1_response_next(r, &a, NULL)) != X1_E_END) {
		if (rc != 0) {
			whole = false;
			continue;
		}
		x1_writer_answer(&w, &a);
		x1_answer_fini(&a);
		while (x1_response_item(r, &i) == 0) {
			if (x1_response_item_xml(r, &xml) != 0)
				abort();
			buf_reset(&xml);
			if (i.form != X1_FORM_OK || i.task.rest[0] != '\0')
				whole = false;
			if (i.form != X1_FORM_OK && i.why.text[0] == '\0')
				abort();
			if (whole)
				x1_writer_item(&w, &i);
			x1_item_fini(&i);
		}
	}
	if (x1_response_top_level(r, NULL))
		whole = false;
	x1_response_free(r);
	rc = x1_writer_end(&w);
	if (whole && rc != 0)
		abort();
	buf_fini(&xml);
	return (whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf one, two;
	bool opened;

	buf_init(&one, WRITTEN_MAX);
	buf_init(&two, WRITTEN_MAX);
	if (rewrite(&one, p, n, X1_DIALECT_STAMP, &opened) &&
	    (!rewrite(&two, one.p, one.len, 0, &opened) ||
	    one.len != two.len || memcmp(one.p, two.p, one.len) != 0))
		abort();
	buf_fini(&one);
	buf_fini(&two);
	return (0);
}
