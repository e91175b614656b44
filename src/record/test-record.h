/* src/record/test-record.h: reading the vectors */
#ifndef TEST_RECORD_H_
#define TEST_RECORD_H_
#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "json/jv.h"
#include "load.h"

/* The whole of one of our vector files. */
#define vectors(name)	load_json(TEST_DIR "/vectors/custos/%s", (name))

static inline const char *
str(const struct jv *row, const char *name)
{
	size_t n;

	return (jv_str(jv_get(row, name), &n));
}

static inline size_t
str_len(const struct jv *row, const char *name)
{
	size_t n = 0;

	jv_str(jv_get(row, name), &n);
	return (n);
}

/* Bytes of a member in hex; returns their number. */
static inline size_t
unhex(const struct jv *row, const char *name, void *out, size_t cap)
{
	size_t n;
	const char *s = jv_str(jv_get(row, name), &n);

	if (s == NULL || n / 2 > cap || text_unhex(out, s, n / 2) != 0)
		return (0);
	return (n / 2);
}
#endif /* !TEST_RECORD_H_ */
