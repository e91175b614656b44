/*
 * fuzz/fuzz-x1-request.c: what is understood is written, and what is written
 * is understood as the same without any leniency.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define WRITTEN_MAX	(16 * 1024 * 1024)

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct x1_request *r, *again;
	struct buf one, two;
	bool whole = true;
	size_t i;

	if (x1_request_decode(&r, p, n, X1_DIALECT_STAMP, 32, NULL) != 0)
		return (0);
	buf_init(&one, WRITTEN_MAX);
	buf_init(&two, WRITTEN_MAX);
	for (i = 0; i < r->n; i++) {
		if (r->msgs[i].form != X1_FORM_OK) {
			whole = false;
			if (r->msgs[i].code == 0 ||
			    r->msgs[i].why.text[0] == '\0')
				abort();
		}
	}
	if (whole) {
		if (x1_request_write(&one, r->msgs, r->n) != 0)
			abort();
		if (one.len <= X1_REQUEST_MAX) {
			if (x1_request_decode(&again, one.p, one.len, 0, 32,
			    NULL) != 0 ||
			    x1_request_write(&two, again->msgs, again->n) != 0
			    || one.len != two.len ||
			    memcmp(one.p, two.p, one.len) != 0)
				abort();
			x1_request_free(again);
		}
	}
	buf_fini(&one);
	buf_fini(&two);
	x1_request_free(r);
	return (0);
}
