/* src/record/record_warrant.h: an order: document, payload, openings */
#ifndef RECORD_WARRANT_H_
#define RECORD_WARRANT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "record/record_payload.h"
#include "record/record_sd.h"
#include "record/record_token.h"

struct buf;
struct cu_why;

#define RECORD_WARRANT_DOC_MAX	262144	/* bytes of the human's document */
#define RECORD_DOCUMENTS_MAX	32
#define RECORD_VALUE_MAX	1024	/* bytes of a value (256 characters) */
#define RECORD_FREE_MAX		4096	/* bytes of a free text */

/**
 * A normaliser of targets (src/li): append the normal form of a value of that
 * kind to ${b}.  Return 0, or CU_EMALFORMED with the reason, which must not
 * name the value.
 */
typedef int record_normal(void *, struct buf *, const char *kind,
    const char *value, size_t len, struct cu_why *);

/**
 * record_warrant_doc(payload, sds, text, len, normal, cookie, why):
 * Read a warrant document (docs/format/warrant.md), draw its token key, and
 * append the payload of `warrant submit` to ${payload} and its disclosures,
 * sorted, to ${sds} (initialised, empty).  ${why} names the member.
 * ${token_key}: NULL to draw one; else that, for tests.
 */
int record_warrant_doc(struct buf *, struct record_sds *, const char *,
    size_t, record_normal *, void *, const uint8_t *, struct cu_why *);

/* What the disclosures of a revision say.  Wiped when freed. */
struct record_opened {
	uint8_t token_key[RECORD_TOKEN_KEY_LEN];
	size_t sets_n;
	size_t len[RECORD_SETS_MAX];
	struct record_target *target;	/* owned; row i after those before it */
	const char *authority, *reference, *legal_basis, *liid;	/* or NULL */
	struct record_document {
		const char *name;
		uint8_t digest[DIGEST_LEN];
	} document[RECORD_DOCUMENTS_MAX];
	size_t documents_n;
	struct record_sd *sd;		/* owned; what the strings borrow */
	size_t sd_n;
};

/**
 * record_warrant_open(out, payload, sds, all, normal, cookie, why):
 * Open a revision and check that it is honest: each disclosure's digest is in
 * `_sd`, none comes twice, targets stand in set text order and in their normal
 * form (${normal} NULL: not looked at), and the tokens of `sets` are theirs
 * under the token key.  With ${all} every disclosure must be there (submit,
 * approve); without it `targets` and `token_key` suffice (a gate).
 */
int record_warrant_open(struct record_opened **, const struct record_payload *,
    const struct record_sds *, bool, record_normal *, void *, struct cu_why *);
void record_opened_free(struct record_opened *);

/**
 * record_set_sort(t, n):
 * Into the order of set text: by `kind=value`, the value escaped.  Return 0,
 * or CU_EMALFORMED if a member comes twice.
 */
int record_set_sort(struct record_target *, size_t);
#endif /* !RECORD_WARRANT_H_ */
