/* src/record/record_genesis.c: entry 0, on which everything else rests */
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "record/record_entry.h"
#include "record/record_genesis.h"
#include "record/record_payload.h"

/* Did exactly the overseers sign? */
static int
check_signers(const struct record_act *a, const struct record_genesis *g,
    struct cu_why *why)
{
	const struct record_log log = { g->origin, NULL };
	size_t i, k;

	if (a->sigs_n != g->overseers_n) {
		cu_why_set(why, "%zu signatures by %zu overseers", a->sigs_n,
		    g->overseers_n);
		return (CU_EMALFORMED);
	}
	/* Keys of overseers differ, and so do those of signatures. */
	for (i = 0; i < g->overseers_n; i++) {
		for (k = 0; k < a->sigs_n; k++)
			if (record_act_verify(a, &log, k, g->overseer[i].key))
				break;
		if (k == a->sigs_n) {
			cu_why_set(why, "overseer %s has not signed",
			    g->overseer[i].id);
			return (CU_EMALFORMED);
		}
	}
	return (0);
}

int
record_genesis_read(struct record_payload **out,
    char hex[2 * DIGEST_LEN + 1], const void *line, size_t len,
    struct cu_why *why)
{
	const struct digest_part part[] = { { "", 1 }, { line, len } };
	struct record_payload *p = NULL;
	struct record_entry *e;
	uint8_t leaf[DIGEST_LEN];
	int rc;

	if ((rc = record_entry_read(&e, line, len, why)) != 0)
		return (rc);
	if (e->act == NULL || e->kind != RECORD_GENESIS) {
		cu_why_set(why, "entry 0 is no genesis");
		rc = CU_EMALFORMED;
		goto out;
	}
	if ((rc = record_payload_read(&p, e->act->kind, e->act->verb,
	    e->act->subject, e->act->payload, e->act->payload_len,
	    why)) != 0 ||
	    (rc = check_signers(e->act, &p->genesis, why)) != 0)
		goto out;
	digest_parts(leaf, part, 2);
	text_hex(hex, leaf, DIGEST_LEN);
	*out = p;
	p = NULL;
out:	record_payload_free(p);
	record_entry_free(e);
	return (rc);
}
