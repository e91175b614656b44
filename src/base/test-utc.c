/* src/base/test-utc.c: times there and back, and what is no time */
#include "base/utc.h"
#include "check.h"

static void
one_spelling_both_ways(void)
{
	static const char *good[] = { "1970-01-01T00:00:00.000000Z",
	    "2026-01-02T03:04:05.000006Z", "2024-02-29T23:59:59.999999Z",
	    "9999-12-31T23:59:59.999999Z", "2000-02-29T00:00:00.000001Z" };
	char out[UTC_LEN + 1];
	utc_us t;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK(utc_parse(good[i], UTC_LEN, &t) == 0);
		utc_text(out, t);
		CHECK_STR(out, good[i]);
	}
	CHECK(utc_parse(good[1], UTC_LEN, &t) == 0 &&
	    t == INT64_C(1767323045000006));
	CHECK(utc_parse(good[3], UTC_LEN, &t) == 0 && t == UTC_MAX);
}

static void
others_are_refused(void)
{
	static const char *bad[] = { "2026-01-02T03:04:05.000006z",
	    "2026-01-02 03:04:05.000006Z", "2026-02-29T03:04:05.000006Z",
	    "2100-02-29T03:04:05.000006Z", "2026-13-02T03:04:05.000006Z",
	    "2026-00-02T03:04:05.000006Z", "2026-01-02T24:04:05.000006Z",
	    "2026-01-02T03:04:60.000006Z", "1969-12-31T23:59:59.000000Z",
	    "2026-01-02T03:04:05.00006 Z", "2026-01-02T03:04:05,000006Z",
	    "+026-01-02T03:04:05.000006Z" };
	utc_us t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(utc_parse(bad[i], strlen(bad[i]), &t) == -1, bad[i]);
	CHECK(utc_parse("2026-01-02T03:04:05Z", 20, &t) == -1);
}

int
main(void)
{
	CHECK_RUN(one_spelling_both_ways);
	CHECK_RUN(others_are_refused);
	return (check_done());
}
