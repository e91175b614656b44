/* src/record/record_read.c: what all readers of this directory share */
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "json/jv.h"
#include "record/record_read.h"

#define FREE_MAX	4096	/* bytes of a confidential text */

int
record_parse(struct jv **out, const char *text, size_t len, size_t max,
    struct cu_why *why)
{
	if (len > max) {
		cu_why_set(why, "more than %zu bytes", max);
		return (CU_ELIMIT);
	}
	if (!jv_spelled(text, len)) {
		cu_why_set(why, "not in the one spelling (no space outside "
		    "strings, no needless escape)");
		return (CU_EMALFORMED);
	}
	return (jv_parse(out, text, len, why));
}

const char *
record_cstr(const struct jv *v)
{
	const char *s;
	size_t n;

	if ((s = jv_str(v, &n)) == NULL || strlen(s) != n)
		return (NULL);
	return (s);
}

const char *
record_id(const struct jv *v)
{
	const char *s;
	size_t n;

	if ((s = jv_str(v, &n)) == NULL || !text_is_id(s, n))
		return (NULL);
	return (s);
}

const char *
record_text(const struct jv *v, size_t max)
{
	const char *s;
	size_t n, i, step;
	uint32_t cp;

	if ((s = jv_str(v, &n)) == NULL || n < 1 || n > max)
		return (NULL);
	for (i = 0; i < n; i += step) {
		if ((step = text_utf8_next(s + i, n - i, &cp)) == 0 ||
		    cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			return (NULL);
	}
	return (s);
}

const char *
record_free_text(const struct jv *v)
{
	const char *s = record_cstr(v);
	size_t n;

	if (s == NULL || (n = strlen(s)) < 1 || n > FREE_MAX)
		return (NULL);
	return (s);
}

const char *
record_liid(const struct jv *v)
{
	static const char hex[] = "0123456789abcdef";
	const char *s = record_cstr(v);
	size_t i, n;

	if (s == NULL || (n = strlen(s)) < 1 || n > 50)
		return (NULL);
	for (i = 0; i < n; i++)
		if (n <= 25 ? s[i] < '!' || s[i] > '~' :
		    strchr(hex, s[i]) == NULL)
			return (NULL);
	return (s);
}

unsigned int
record_word(const char *s, const char *const *words, unsigned int n)
{
	unsigned int i;

	for (i = 1; s != NULL && i < n; i++)
		if (strcmp(s, words[i]) == 0)
			return (i);
	return (0);
}

int
record_bad(struct cu_why *why, const char *name, const char *what)
{
	cu_why_set(why, "member %s: %s", name, what);
	return (CU_EMALFORMED);
}
