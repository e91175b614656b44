/* src/record/record_token.c: tokens and sets of them */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "record/record_token.h"

void
record_token_make(struct record_token *out,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], const char *kind,
    const void *value, size_t len)
{
	const struct digest_part part[] = {
		{ kind, strlen(kind) + 1 },	/* its NUL is the separator */
		{ value, len },
	};

	digest_hmac(out->b, key, RECORD_TOKEN_KEY_LEN, part, 2);
}

int
record_token_cmp(const struct record_token *a, const struct record_token *b)
{
	char ta[TEXT_B64URL_LEN(DIGEST_LEN) + 1];
	char tb[TEXT_B64URL_LEN(DIGEST_LEN) + 1];

	text_b64url(ta, a->b, DIGEST_LEN);
	text_b64url(tb, b->b, DIGEST_LEN);
	return (strcmp(ta, tb));
}

static int
compare(const void *a, const void *b)
{
	return (record_token_cmp(a, b));
}

void
record_token_sort(struct record_token *t, size_t n)
{
	if (n > 1)
		qsort(t, n, sizeof(*t), compare);
}

void
record_token_set(struct record_token *out,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], const struct record_target *t,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		record_token_make(&out[i], key, t[i].kind, t[i].value,
		    strlen(t[i].value));
	record_token_sort(out, n);
}

int
record_sets_find(const struct record_sets *s, const struct record_token *t,
    size_t n)
{
	const struct record_token *row = s->token;
	size_t i;

	for (i = 0; i < s->n; row += s->len[i++])
		if (s->len[i] == n && n > 0 &&
		    memcmp(row, t, n * sizeof(*t)) == 0)
			return ((int)i);
	return (-1);
}
