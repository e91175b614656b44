/* src/keeper/test-keeper_line.c: what is read off lines is what stands there */
#include <string.h>
#include "base/text.h"
#include "check.h"
#include "keeper/keeper_line.h"

#define HEAD(role, id) "{\"v\":1,\"kind\":\"element\","			\
	"\"time\":\"2026-01-02T03:10:00.000000Z\","			\
	"\"nonce\":\"hfDEEsuKLoEGPgxSkIKJbw\",\"source\":{\"role\":\"" role \
	"\",\"instance\":\"" id "\",\"start\":3,\"n\":14}"
#define D "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"	/* 43 characters */
#define K1 "00112233445566778899aabbccddeeff"
#define K2 "ffeeddccbbaa99887766554433221100"

static void
the_keepers_own_numbers(void)
{
	static const char own[] = HEAD("keeper", "keeper-1") "}";
	static const char longer[] = HEAD("keeper", "keeper-12") "}";
	static const char gate[] = HEAD("gate", "keeper-1") "}";
	uint64_t start = 0, n = 0;
	size_t i;

	CHECK(keeper_line_source(own, sizeof(own) - 1, "keeper-1", &start,
	    &n));
	CHECK(start == 3 && n == 14);
	CHECK(!keeper_line_source(longer, sizeof(longer) - 1, "keeper-1",
	    &start, &n));
	CHECK(!keeper_line_source(gate, sizeof(gate) - 1, "keeper-1", &start,
	    &n));
	/* Cut anywhere it must not read on, whatever it answers. */
	for (i = 0; i < sizeof(own); i++) {
		char *copy = malloc(i + 1);

		REQUIRE(copy != NULL);
		memcpy(copy, own, i);
		(void)keeper_line_source(copy, i, "keeper-1", &start, &n);
		free(copy);
	}
}

static void
an_added_element(void)
{
	static const char add[] = HEAD("keeper", "k") ",\"act\":{\"kind\":"
	    "\"element\",\"verb\":\"add\",\"subject\":\"element/ne-1\","
	    "\"seq\":1,";
	static const char change[] = HEAD("keeper", "k") ",\"act\":{\"kind\":"
	    "\"element\",\"verb\":\"change\",\"subject\":\"element/ne-1\",";
	/* The same words inside a string have other quotes. */
	static const char quoted[] = HEAD("gate", "g") ",\"said\":\"{\\\"act"
	    "\\\":{\\\"kind\\\":\\\"element\\\",\\\"verb\\\":\\\"add\\\"";
	char id[TEXT_ID_MAX + 1] = "";

	CHECK(keeper_line_add(add, sizeof(add) - 1, id));
	CHECK_STR(id, "ne-1");
	CHECK(!keeper_line_add(change, sizeof(change) - 1, id));
	CHECK(!keeper_line_add(quoted, sizeof(quoted) - 1, id));
}

static void
a_snapshot_is_known(void)
{
	static const char yes[] = "{\"v\":1,\"kind\":\"snapshot\",\"time\"";
	static const char no[] = HEAD("keeper", "k");
	size_t i;

	CHECK(keeper_line_snapshot(yes, sizeof(yes) - 1));
	CHECK(!keeper_line_snapshot(no, sizeof(no) - 1));
	for (i = 0; i < 26; i++)
		CHECK(!keeper_line_snapshot(yes, i));
}

static char told[256];

static void
tell(void *cookie, const char *key)
{
	strncat(told, key, 32);
	strcat(told, ";");
}

static void
the_keys_of_seals(void)
{
	static const char two[] = "{\"v\":1,\"_sealed\":[[\"" D "\",\"" K1
	    "\",\"" D "\"],[\"" D "\",\"" K2 "\",\"" D "\"]]}";
	static const char none[] = "{\"v\":1,\"said\":\"\\\"_sealed\\\":[[\"}";

	told[0] = '\0';
	keeper_line_seals(two, sizeof(two) - 1, tell, NULL);
	CHECK_STR(told, K1 ";" K2 ";");
	told[0] = '\0';
	keeper_line_seals(none, sizeof(none) - 1, tell, NULL);
	CHECK_STR(told, "");
}

int
main(void)
{
	CHECK_RUN(the_keepers_own_numbers);
	CHECK_RUN(an_added_element);
	CHECK_RUN(a_snapshot_is_known);
	CHECK_RUN(the_keys_of_seals);
	return (check_done());
}
