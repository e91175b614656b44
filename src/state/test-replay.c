/* src/state/test-replay.c: many lines: roots, refusals that change nothing,
 * reading strictly; with a number of entries as argument, how fast */
#include <time.h>
#include "state/state_map.h"
#include "state/state_scan.h"
#include "tlog/tlog.h"
#include "test-world.h"

#define LINES_MAX 1100000

static struct { char *p; uint32_t len; } *lines;
static size_t lines_n;

static void
keep(const struct buf *line)
{
	lines[lines_n].p = malloc(line->len);
	memcpy(lines[lines_n].p, line->p, line->len);
	lines[lines_n++].len = (uint32_t)line->len;
}

static void
element_of(struct world *w, uint64_t *ne)
{
	struct state_element e;

	*ne = state_element(w->st[0], "ne-1", &e) ? e.index : 0;
}

/* A whole log: registrations, then tasks started, asked about, stopped. */
static bool
make_log(struct world *w, size_t entries)
{
	static const char zero[] =
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct world_order o = { "w-1", NULL, 1, "001010000000001",
	    WORLD_START, WORLD_START + 40000 * (utc_us)86400 * 1000000 / 1000,
	    true, "ne-1" };
	uint8_t digest_of[DIGEST_LEN];
	char said[2048], own[1024], d64[64], t64[64], stamp[UTC_LEN + 1];
	struct record_target t = { "imsi", "001010000000001" };
	struct record_token token;
	uint8_t key[32] = { 9, 'w', '-', '1' };
	uint64_t i, ne, at;
	int rc;

	key[31] = 1;
	record_token_set(&token, key, &t, 1);
	text_b64url(t64, token.b, DIGEST_LEN);
	if (world_submit(w, &o, digest_of, 1U << W_INTAKE, NULL) != 0)
		return (false);
	if (world_decide(w, "w-1", RECORD_APPROVE, digest_of, 1U << W_APPR1,
	    NULL) != 0)
		return (false);
	text_b64url(d64, digest_of, DIGEST_LEN);
	element_of(w, &ne);
	w->quiet = true;
	for (i = 0; lines_n < entries; i++) {
		w->now += 1000;
		utc_text(stamp, w->now);
		at = state_size(w->st[0]);
		snprintf(said, sizeof(said), "{\"requester\":\"admf-1\","
		    "\"certificate\":\"%s\",\"bound\":\"urn\",\"admf\":"
		    "\"admf-1\",\"ne\":\"ne-1\",\"element\":\"%llu\",\"type\":"
		    "\"%s\",\"transaction\":"
		    "\"f0000000-0000-4000-8000-%012llu\",\"stamp\":\"%s\","
		    "\"version\":\"v1.22.1\",\"xid\":"
		    "\"e0000000-0000-4000-8000-%012llu\",\"dids\":%s,"
		    "\"product\":null,\"correlation\":null,\"implicit\":%s,"
		    "\"delivery\":%s,\"services\":null,\"mediation\":%s,"
		    "\"leniencies\":[\"stamp\"],\"form\":null,\"size\":"
		    "\"%llu\"}", zero, (unsigned long long)ne,
		    i % 4 == 3 ? "DeactivateTask" : "ActivateTask",
		    (unsigned long long)i, stamp,
		    (unsigned long long)(i - (i % 4 == 3)), i % 4 == 3 ?
		    "null" : "[\"d0000000-0000-4000-8000-000000000001\"]",
		    i % 4 == 3 ? "null" : "false", i % 4 == 3 ? "null" :
		    "\"X2andX3\"", i % 4 == 3 ? "null" : "0",
		    (unsigned long long)at);
		if (i % 4 == 3)
			snprintf(own, sizeof(own), "\"decision\":\"allowed\","
			    "\"rule\":\"task.stop\"");
		else
			snprintf(own, sizeof(own), "\"decision\":\"allowed\","
			    "\"rule\":\"task.covered\",\"covers\":[[\"w-1\","
			    "\"%s\",[\"%s\"]]],\"line\":\"%s\"", d64, t64,
			    t64);
		rc = world_said(w, RECORD_COMMAND, W_GATE, said, own, NULL);
		if (rc != 0) {
			printf("# %d %s\n# %s\n", rc, w->why.text, said);
			return (false);
		}
			snprintf(said, sizeof(said), "{\"command\":\"%llu\",\"what\":"
		    "\"sent\",\"why\":null,\"mine\":null,\"sent_at\":\"%s\","
		    "\"answered_at\":\"%s\",\"answer\":"
		    "\"AcknowledgedAndCompleted\",\"code\":null,\"http\":200,"
		    "\"certificate\":\"%s\",\"checkpoint\":\"%llu\"}",
		    (unsigned long long)at, stamp, stamp, zero,
		    (unsigned long long)at + 1);
		if (world_said(w, RECORD_OUTCOME, W_GATE, said, NULL, NULL) !=
		    0)
			return (false);
		}
	return (true);
}



/* What is refused leaves the tables as they were. */
static void
spoil(struct state *st, size_t i)
{
	struct cu_why why;
	char *copy = malloc(lines[i].len);
	size_t cut = (i * 7919) % lines[i].len;

	memcpy(copy, lines[i].p, lines[i].len);
	CHECK(state_apply(st, i, copy, cut, &why) < 0);
	CHECK(state_apply(st, i + 1, copy, lines[i].len, &why) == CU_ESTATE);
	copy[cut] = copy[cut] == '{' ? '[' : '{';
	/* A spoiled text inside a string may still be an entry. */
	if (cut < 8)
		CHECK(state_apply(st, i, copy, lines[i].len, &why) < 0);
	CHECK(state_size(st) == i);
	free(copy);
}

static void
replay_into(struct state *st, bool spoiled)
{
	struct cu_why why;
	size_t i;

	for (i = 0; i < lines_n; i++) {
		if (spoiled && i % 5 == 0)
			spoil(st, i);
		if (!CHECK_ROW(state_apply(st, i, lines[i].p, lines[i].len,
		    &why) == 0, why.text))
			return;
	}
}

static size_t entries = 2000;

static long
resident(void)
{
	long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL && fscanf(f, "%ld %ld", &size, &pages) != 2)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return (pages * 4);
}

static void
replay(void)
{
	uint8_t root[DIGEST_LEN], leaf[DIGEST_LEN], want[DIGEST_LEN];
	static struct tlog_range r;
	struct state *st;
	struct state_open open;
	struct world w;
	size_t i, bytes = 0;
	utc_us t;
	long kib;
	int k;

	lines = calloc(LINES_MAX, sizeof(*lines));
	world_kept = keep;
	REQUIRE(world_create(&w, 0) == 0);
	for (k = 1; k < WORLD_STATES; k++) {
		state_free(w.st[k]);
		w.st[k] = NULL;
	}
	REQUIRE(make_log(&w, entries));
	world_kept = NULL;
	world_free(&w);

	REQUIRE(state_create(&st, 0) == 0 && state_follow(st) == 0);
	replay_into(st, true);
	tlog_range_init(&r);
	for (i = 0; i < lines_n; i++) {
		bytes += lines[i].len;
		tlog_leaf(leaf, lines[i].p, lines[i].len);
		tlog_range_append(&r, leaf, NULL, NULL);
	}
	tlog_range_root(&r, want);
	CHECK(state_root(st, root) == 0);
	CHECK_MEM(root, want, DIGEST_LEN);
	CHECK(!state_open_nth(st, 0, &open));
	state_free(st);

	kib = resident();
	t = (utc_us)clock();
	REQUIRE(state_create(&st, 0) == 0);
	replay_into(st, false);
	t = (utc_us)clock() - t;
	printf("# %zu entries of %zu bytes, %.0f a second of CPU, %ld KiB "
	    "more\n",
	    lines_n, bytes / lines_n, (double)CLOCKS_PER_SEC * (double)lines_n / (double)(t + 1),
	    resident() - kib);
	state_free(st);
	for (i = 0; i < lines_n; i++)
		free(lines[i].p);
	free(lines);
}

/* Every truncation, and what is not the one spelling. */
static void
scanning(void)
{
	static const char good[] = "{\"a\":[1,-2,true,null,\"x\\n\\u0001\"],"
	    "\"b\":{\"c\":\"12\"}}";
	static const char *const bad[] = { "", "[]", "{", "{}x", "{ }",
	    "{\"a\":1 }", "{\"a\":01}", "{\"a\":1.5}", "{\"a\":-}",
	    "{\"a\":\"\\/\"}", "{\"a\":\"\\u000a\"}",
	    "{\"a\":\"\\u0020\"}", "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}",
	    "{\"a\":[1,]}", "{\"a\"}", "{a:1}", "{\"a\":tru}",
	    "{\"a\":1234567890123456789}",
	    "{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}" };
	static struct scan_tok tok[64];
	struct scan s = { .tok = tok, .cap = 64 };
	static const struct scan_member m[] = { SCAN_M("a"), SCAN_M("b"),
	    SCAN_MAY("z") };
	static const struct scan_member less[] = { SCAN_M("a") };
	uint32_t v[3];
	char text[32];
	size_t i;

	CHECK(scan_read(&s, good, sizeof(good) - 1) == 0);
	CHECK(scan_members(&s, 0, m, 3, v, NULL) == 0 && v[2] == 0);
	CHECK(scan_count(&s, v[0]) == 5);
	i = scan_unescape(text, &s, v[0] + 5);
	CHECK(i == 3 && memcmp(text, "x\n\001", 3) == 0);
	CHECK(scan_members(&s, 0, less, 1, v, NULL) == CU_EMALFORMED);
	CHECK(scan_members(&s, v[0], m, 3, v, NULL) == CU_EMALFORMED);
	for (i = 0; i < sizeof(good) - 1; i++)
		CHECK(scan_read(&s, good, i) == CU_EMALFORMED);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(scan_read(&s, bad[i], strlen(bad[i])) < 0, bad[i]);
	CHECK(scan_read(&s, "{\"a\":1,\"a\":2}", 13) == 0);
	CHECK(scan_members(&s, 0, less, 1, v, NULL) == CU_EMALFORMED);
	s.cap = 3;
	CHECK(scan_read(&s, "{\"a\":1}", 7) == 0);
	s.cap = 2;
	CHECK(scan_read(&s, "{\"a\":1}", 7) == CU_ELIMIT);
}

/* Ten thousand keys in and out: what is deleted is gone, the rest stands. */
static void
mapping(void)
{
	struct map_seed seed = { 1, 2 };
	struct map_key k;
	struct map m;
	uint32_t i;

	map_init(&m);
	for (i = 0; i < 10000; i++) {
		k = map_hash(&seed, i % 3, &i, sizeof(i));
		CHECK(map_get(&m, k) == MAP_NONE);
		REQUIRE(map_put(&m, k, i) == 0);
	}
	for (i = 0; i < 10000; i += 3)
		map_del(&m, map_hash(&seed, i % 3, &i, sizeof(i)));
	for (i = 0; i < 10000; i++) {
		k = map_hash(&seed, i % 3, &i, sizeof(i));
		CHECK(map_get(&m, k) == (i % 3 == 0 ? MAP_NONE : i));
	}
	CHECK(m.n == 10000 - 3334);
	map_fini(&m);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		entries = strtoul(argv[1], NULL, 10);
	CHECK_RUN(scanning);
	CHECK_RUN(mapping);
	CHECK_RUN(replay);
	return (check_done());
}
