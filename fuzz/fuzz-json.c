/* fuzz/fuzz-json.c: JSON; every value is asked for all that it may be */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "json/jv.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
walk(const struct jv *v, unsigned int depth)
{
	const struct jv *m = NULL;
	const char *name, *s;
	uint8_t bytes[64];
	size_t i, n = 0;
	utc_us time;
	uint64_t u;
	int64_t k;
	bool b;

	if (depth > JV_DEPTH_MAX || v == NULL)
		abort();
	if (((s = jv_str(v, &n)) != NULL) != jv_is(v, JV_STRING) ||
	    (s != NULL && s[n] != '\0') ||
	    (jv_int(v, &k) == 0) != jv_is(v, JV_INTEGER) ||
	    (jv_bool(v, &b) == 0) != jv_is(v, JV_BOOL))
		abort();
	(void)jv_dec(v, &u);
	(void)jv_utc(v, &time);
	(void)jv_bytes(v, bytes, 32);
	(void)jv_hex(v, bytes, 32);
	for (i = 0; jv_is(v, JV_ARRAY) && i < jv_len(v); i++)
		walk(jv_at(v, i), depth + 1);
	for (i = 0; (name = jv_key_at(v, i, &m)) != NULL; i++) {
		if (jv_get(v, name) == NULL)
			abort();
		walk(m, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *text = (const char *)p;
	struct jv *v;

	if (jv_parse(&v, text, n, NULL) != 0)
		return (0);
	walk(v, 0);
	jv_free(v);
	(void)jv_spelled(text, n);
	return (0);
}
