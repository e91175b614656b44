/* fuzz/fuzz-entry.c: an entry's line, and the payload of its act */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "record/record_entry.h"
#include "record/record_genesis.h"
#include "record/record_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Read a payload; written, it is read again. */
static void
payload(const struct record_act *a)
{
	struct record_payload *p, *q;
	char subject[RECORD_SUBJECT_MAX + 1];
	struct record_sds sds;
	struct buf b;
	size_t i;

	if (record_payload_read(&p, a->kind, a->verb, a->subject, a->payload,
	    a->payload_len, NULL) != 0)
		return;
	record_payload_subject(subject, sizeof(subject), p);
	if (strcmp(subject, a->subject) != 0)
		abort();
	buf_init(&b, RECORD_PAYLOAD_MAX);
	record_sds_init(&sds);
	/* As many as there were: how many an act has is a matter of form. */
	for (i = 0; i < p->sd_n; i++)
		if (record_sds_str(&sds, "reason", "x") != 0)
			abort();
	if (record_sds_sort(&sds) != 0)
		abort();
	record_payload_write(&b, p, &sds);
	record_sds_fini(&sds);
	if (record_payload_read(&q, a->kind, a->verb, subject, buf_text(&b),
	    b.len, NULL) != 0)
		abort();
	record_payload_free(q);
	record_payload_free(p);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct record_payload *genesis;
	struct record_entry *e;
	char hex[2 * DIGEST_LEN + 1];

	if (record_entry_read(&e, p, n, NULL) == 0) {
		if (e->act != NULL)
			payload(e->act);
		record_entry_free(e);
	}
	if (record_genesis_read(&genesis, hex, p, n, NULL) == 0)
		record_payload_free(genesis);
	return (0);
}
