/* src/base/test-text.c: each strict text: taken, refused, written again */
#include <stdint.h>
#include "base/buf.h"
#include "base/text.h"
#include "check.h"

static void
utf8_is_strict(void)
{
	static const struct { const char *s; bool ok; } t[] = {
		{ "", true }, { "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x9e", true },
		{ "\x80", false }, { "\xc0\x80", false }, { "\xc3", false },
		{ "\xe0\x80\x80", false }, { "\xed\xa0\x80", false },
		{ "\xf4\x90\x80\x80", false }, { "\xf5\x80\x80\x80", false },
		{ "\xf4\x8f\xbf\xbf", true }, { "\xe2\x82", false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CHECK_ROW(text_utf8_valid(t[i].s, strlen(t[i].s)) == t[i].ok,
		    t[i].s);
}

static void
decimals_have_one_spelling(void)
{
	static const char *bad[] = { "", "00", "01", "+1", "-1", " 1", "1 ",
	    "0x1", "18446744073709551616", "99999999999999999999", "1.0" };
	uint64_t v;

	CHECK(text_dec("0", 1, &v) == 0 && v == 0);
	CHECK(text_dec("18446744073709551615", 20, &v) == 0 &&
	    v == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(text_dec(bad[i], strlen(bad[i]), &v) == -1, bad[i]);
}

static void
base64_round_trips_and_refuses(void)
{
	static const char *bad[] = { "A", "AB=", "AR", "AAB", "A A", "A+",
	    "AA==", "AAAAA" };
	uint8_t in[64], out[64];
	char text[128];
	size_t n, len;

	for (n = 0; n < sizeof(in); n++) {
		in[n] = (uint8_t)(n * 37 + 11);
		text_b64url(text, in, n);
		CHECK(strlen(text) == TEXT_B64URL_LEN(n));
		CHECK(text_unb64url(out, sizeof(out), &len, text,
		    strlen(text)) == 0 && len == n && !memcmp(in, out, n));
		text_b64(text, in, n);
		CHECK(strlen(text) == TEXT_B64_LEN(n));
		CHECK(text_unb64(out, sizeof(out), &len, text,
		    strlen(text)) == 0 && len == n && !memcmp(in, out, n));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(text_unb64url(out, sizeof(out), &len, bad[i],
		    strlen(bad[i])) == -1, bad[i]);
	CHECK(text_unb64(out, sizeof(out), &len, "AA", 2) == -1);
	CHECK(text_unb64(out, sizeof(out), &len, "AA=A", 4) == -1);
	CHECK(text_unb64(out, 1, &len, "AAA=", 4) == -1);
}

static void
ids_and_uuids(void)
{
	char id[66];

	memset(id, 'a', sizeof(id));
	CHECK(text_is_id(id, 64) && !text_is_id(id, 65) && !text_is_id(id, 0));
	CHECK(text_is_id("w-1._", 5) && !text_is_id("-1", 2) &&
	    !text_is_id(".", 1) && !text_is_id("a/b", 3) &&
	    !text_is_id("a\n", 2));
	CHECK(text_is_uuid("b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01", 36));
	CHECK(!text_is_uuid("B7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01", 36));
	CHECK(!text_is_uuid("b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a0", 35));
	CHECK(!text_is_uuid("b7c5b1c006a1e-4f0e-9d2a-0c6d5f1e7a01", 36));
}

int
main(void)
{
	CHECK_RUN(utf8_is_strict);
	CHECK_RUN(decimals_have_one_spelling);
	CHECK_RUN(base64_round_trips_and_refuses);
	CHECK_RUN(ids_and_uuids);
	return (check_done());
}
