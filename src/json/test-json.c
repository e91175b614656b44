/* src/json/test-json.c: what is read, what is refused, and the one spelling */
#include "base/buf.h"
#include "base/err.h"
#include "json/jv.h"
#include "json/jw.h"
#include "check.h"

static int
parses(const char *s)
{
	struct cu_why why;
	struct jv *v = NULL;
	int rc = jv_parse(&v, s, strlen(s), &why);

	jv_free(v);
	return (rc == 0);
}

static void
refuses_what_has_two_readings(void)
{
	static const char *bad[] = { "", "1", "{\"a\":1,\"a\":1}",
	    "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":1.0}", "[1e3]", "{} {}",
	    "[\"\xff\"]", "[9223372036854775808]", "{\"a\":1,}", "{'a':1}",
	    "[\"\\ud800\"]", "{\"a\":tru}" };
	char deep[2 * JV_DEPTH_MAX + 4];
	size_t n = JV_DEPTH_MAX;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(!parses(bad[i]), bad[i]);
	memset(deep, '[', n);
	memset(deep + n, ']', n);
	deep[2 * n] = '\0';
	CHECK(parses(deep));
	memset(deep, '[', n + 1);
	memset(deep + n + 1, ']', n + 1);
	deep[2 * n + 2] = '\0';
	CHECK(!parses(deep));
	CHECK(parses("[\"\\u0000\",9223372036854775807,null,true]"));
}

static void
members_are_known_once_and_complete(void)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "n", JV_INTEGER, JV_NULLABLE },
		{ "x", JV_ARRAY, JV_OPTIONAL },
	};
	static const struct { const char *s, *why; } t[] = {
		{ "{\"id\":\"a\",\"n\":1}", NULL },
		{ "{\"n\":null,\"x\":[],\"id\":\"a\"}", NULL },
		{ "{\"id\":\"a\"}", "n: missing" },
		{ "{\"id\":null,\"n\":1}", "id: is null, not a string" },
		{ "{\"id\":\"a\",\"n\":1,\"y\":2}", "y: unknown member" },
		{ "{\"id\":\"a\",\"n\":1,\"\\n\":2}", "?: unknown member" },
		{ "[]", "is an array, not an object" },
	};
	const struct jv *v[3];
	struct cu_why why;
	struct jv *root;
	int rc;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		REQUIRE(jv_parse(&root, t[i].s, strlen(t[i].s), &why) == 0);
		rc = jv_members(root, m, 3, v, &why);
		CHECK_ROW((rc == 0) == (t[i].why == NULL), t[i].s);
		if (rc != 0)
			CHECK_STR(why.text, t[i].why);
		jv_free(root);
	}
}

static void
writes_one_spelling(void)
{
	struct buf b;
	struct jw w;

	buf_init(&b, 1000);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_str(&w, "s", "a\"\\\b\t\n\f\r\x01/\xc3\xa9\x7f");
	jw_dec(&w, "d", UINT64_MAX);
	jw_arr(&w, "a");
	jw_int(&w, NULL, -1);
	jw_null(&w, NULL);
	jw_obj(&w, NULL);
	jw_end(&w);
	jw_bytes(&w, NULL, "\xff\xfe", 2);
	jw_hex(&w, NULL, "\xff\xfe", 2);
	jw_end(&w);
	jw_utc(&w, "t", 6);
	jw_bool(&w, "b", true);
	jw_end(&w);
	CHECK_STR(buf_text(&b), "{\"s\":\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0001/"
	    "\xc3\xa9\x7f\",\"d\":\"18446744073709551615\",\"a\":[-1,null,{},"
	    "\"__4\",\"fffe\"],\"t\":\"1970-01-01T00:00:00.000006Z\","
	    "\"b\":true}");
	jw_quote(&b, "\xff", 1);
	CHECK(b.rc == CU_EMALFORMED);
	buf_fini(&b);
}

static void
one_spelling(void)
{
	static const char *const yes[] = { "{}", "[]", "{\"a\":[1,-2,null]}",
	    "[\"a b\\n\\u001b\\u0000\\\\\\\"/\"]", "[\"\303\251\"]" };
	static const char *const no[] = { "{ }", "[1, 2]", " []", "[]\n",
	    "[\"\\/\"]", "[\"\\u0041\"]", "[\"\\u00e9\"]", "[\"\\u000a\"]",
	    "[\"\\u001B\"]", "[-0]", "[1\t]" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		CHECK_ROW(jv_spelled(yes[i], strlen(yes[i])), yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK_ROW(!jv_spelled(no[i], strlen(no[i])), no[i]);
}

int
main(void)
{
	CHECK_RUN(refuses_what_has_two_readings);
	CHECK_RUN(members_are_known_once_and_complete);
	CHECK_RUN(writes_one_spelling);
	CHECK_RUN(one_spelling);
	return (check_done());
}
