/* fuzz/fuzz-warrant.c: a warrant document; what it becomes opens again */
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "record/record_warrant.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* All values are their own normal form. */
static int
normal(void *cookie, struct buf *b, const char *kind, const char *value,
    size_t n, struct cu_why *why)
{
	buf_add(b, value, n);
	return (b->rc);
}

static void
open_again(const struct buf *b, const struct record_sds *sds)
{
	struct record_payload *p;
	struct record_opened *o;
	char subject[128];
	const char *id = buf_text(b) + sizeof("{\"id\":\"") - 1;
	size_t n;

	for (n = 0; id[n] != '"'; n++)
		;
	snprintf(subject, sizeof(subject), "warrant/%.*s", (int)n, id);
	if (record_payload_read(&p, RECORD_WARRANT, RECORD_SUBMIT, subject,
	    buf_text(b), b->len, NULL) != 0 ||
	    record_warrant_open(&o, p, sds, true, normal, NULL, NULL) != 0)
		abort();
	record_opened_free(o);
	record_payload_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct record_sds sds;
	struct buf b;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	record_sds_init(&sds);
	if (record_warrant_doc(&b, &sds, (const char *)p, n, normal, NULL,
	    NULL, NULL) == 0)
		open_again(&b, &sds);
	record_sds_fini(&sds);
	buf_fini(&b);
	return (0);
}
