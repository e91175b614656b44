/* src/record/record_token.h: tokens, which show coverage without a target */
#ifndef RECORD_TOKEN_H_
#define RECORD_TOKEN_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/digest.h"

#define RECORD_TOKEN_KEY_LEN	32
#define RECORD_SETS_MAX		64	/* of one warrant */
#define RECORD_SET_MAX		16	/* members of one */
#define RECORD_MEMBERS_MAX	512	/* of all together */

struct record_token { uint8_t b[DIGEST_LEN]; };

/** record_token_make(out, key, kind, value, len): kind || 0x00 || value. */
void record_token_make(struct record_token *,
    const uint8_t[RECORD_TOKEN_KEY_LEN], const char *, const void *, size_t);

/** record_token_cmp(a, b): Order of their texts, which is not that of bytes. */
int record_token_cmp(const struct record_token *, const struct record_token *);

/** record_token_sort(t, n): Into that order. */
void record_token_sort(struct record_token *, size_t);

struct record_target { const char *kind, *value; };

/** record_token_set(out, key, t, n): The sorted tokens of a target set. */
void record_token_set(struct record_token *,
    const uint8_t[RECORD_TOKEN_KEY_LEN], const struct record_target *, size_t);

/* The `sets` of a revision: rows of sorted tokens, all in one array. */
struct record_sets {
	size_t n;
	size_t len[RECORD_SETS_MAX];
	struct record_token *token;	/* owned; row after row */
};

/** record_sets_find(s, t, n): Index of the row equal to ${t}, or -1. */
int record_sets_find(const struct record_sets *, const struct record_token *,
    size_t);
#endif /* !RECORD_TOKEN_H_ */
