/* fuzz/fuzz-tlog-proof.c: offline proofs */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "tlog/tlog_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tlog_proof proof;
	struct buf b;
	uint8_t *extra;
	size_t len = 0;

	if (tlog_proof_parse(&proof, p, n) != 0)
		return (0);
	/* What is accepted has one spelling. */
	if ((extra = malloc(proof.extra_b64_len + 1)) == NULL)
		return (0);
	if (proof.extra_b64 != NULL && text_unb64(extra,
	    proof.extra_b64_len + 1, &len, proof.extra_b64,
	    proof.extra_b64_len) != 0)
		abort();
	buf_init(&b, 1 << 20);
	tlog_proof_write(&b, proof.index, &proof.path,
	    proof.extra_b64 != NULL ? extra : NULL, len, proof.note,
	    proof.note_len);
	if (b.rc == 0 && (b.len != n || memcmp(b.p, p, n) != 0))
		abort();
	buf_fini(&b);
	free(extra);
	return (0);
}
