/* src/auditor/test-auditor_talk.c: each report once, under one number */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "auditor/auditor_said.h"
#include "auditor/auditor_talk.h"
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "record/record_report.h"
#include "record/record_sd.h"

#define SEEN_MAX	2048

static struct net_loop *loop;
static char path[64];
static uint8_t genesis[32] = { 7 };
static char genesis_hex[65];
static struct record_log record_log = { "o", genesis_hex };
static struct sign_key *keeper_key, *auditor_key, *other_key;
static bool registered;

/* The keeper: what it saw, and how it answers. */
static struct {
	struct net_link_server *server;
	struct net_link *link;
	uint64_t number[SEEN_MAX];
	char said[SEEN_MAX][512];
	size_t n, parts;
	size_t voids_max;		/* named by one that was kept */
	enum { KEEP, REFUSE, MUTE, AGAIN } mood;
	uint64_t refuse;		/* this number alone */
	uint64_t done;
	bool signed_all;
} keeper;

static struct auditor_talk *talk;
static int ups, downs, kepts, lost;
static uint64_t last_index;
static bool last_again;

static void
check_signature(const struct net_msg *m, uint64_t number)
{
	struct record_report r = { .kind = RECORD_BEAT, .instance = "auditor-1",
	    .start = 4, .n = number, .said = (const char *)m->part[0].p,
	    .said_len = m->part[0].len };
	struct record_sig sig;
	struct jv *v = NULL;

	if (m->kind == NET_SNAPSHOT)
		r.kind = RECORD_SNAPSHOT;
	else if (m->kind == NET_STOP)
		r.kind = RECORD_STOP;
	if (jv_parse(&v, (const char *)m->part[1].p, m->part[1].len, NULL) !=
	    0 || record_sig_read(&sig, v, NULL) != 0 ||
	    !record_report_verify(&r, &record_log, &sig,
	    sign_key_public(auditor_key)))
		keeper.signed_all = false;
	jv_free(v);
}

static size_t
named_in(const struct net_msg *m)
{
	struct jv *v;
	size_t n;

	if (!CHECK(jv_parse(&v, (const char *)m->part[0].p, m->part[0].len,
	    NULL) == 0))
		return (0);
	n = jv_get(v, "void") != NULL ? jv_len(jv_get(v, "void")) : 0;
	jv_free(v);
	return (n);
}

static void
keeper_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
	struct net_out out;
	int64_t number = 0;

	if (m->kind == NET_DONE) {
		CHECK(jv_int(jv_get(m->json, "number"), &number) == 0);
		keeper.done = (uint64_t)number;
		return;
	}
	if (m->kind == NET_AUDIT_BEGIN || m->kind == NET_ASK) {
		net_out_init(&out, NET_ANSWER);
		jw_obj(&out.w, "data");
		jw_dec(&out.w, m->kind == NET_ASK ? "size" : "index", 77);
		jw_end(&out.w);
		CHECK(net_link_answer(l, m->id, &out) == 0);
		return;
	}
	REQUIRE(keeper.n < SEEN_MAX && m->part_n >= 2);
	CHECK(jv_int(jv_get(m->json, "number"), &number) == 0);
	keeper.number[keeper.n] = (uint64_t)number;
	snprintf(keeper.said[keeper.n++], sizeof(keeper.said[0]), "%.*s",
	    (int)m->part[0].len, (const char *)m->part[0].p);
	keeper.parts = m->part_n;
	check_signature(m, (uint64_t)number);
	if (keeper.mood == REFUSE)
		net_link_answer_error(l, m->id, "disk", "full");
	if (keeper.refuse == (uint64_t)number) {
		net_link_answer_error(l, m->id, "refused", "not this one");
		return;
	}
	if (keeper.mood != KEEP && keeper.mood != AGAIN)
		return;
	if (keeper.voids_max < named_in(m))
		keeper.voids_max = named_in(m);
	net_out_init(&out, NET_KEPT);
	jw_dec(&out.w, "index", 100 + (uint64_t)number);
	if (keeper.mood == AGAIN)
		jw_bool(&out.w, "again", true);
	CHECK(net_link_answer(l, m->id, &out) == 0);
}

static void
keeper_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	net_link_welcome(l);
}

static void
keeper_ready(void *cookie, struct net_link *l)
{
	keeper.link = l;
	CHECK(net_link_prove(l, sign_key_public(auditor_key)));
}

static void
keeper_close(void *cookie, struct net_link *l, const char *why)
{
	if (keeper.link == l)
		keeper.link = NULL;
}

static const struct net_link_ops keeper_ops = { keeper_hello, keeper_ready,
	keeper_message, NULL, keeper_close };
static struct net_link_conf keeper_conf = { .role = NET_ROLE_KEEPER,
	.use = NET_USE_TALK, .instance = "keeper-1", .build = "b",
	.origin = "o", .genesis = genesis, .start = 1 };
static struct net_link_conf auditor_conf = { .role = NET_ROLE_AUDITOR,
	.use = NET_USE_TALK, .instance = "auditor-1", .build = "b",
	.origin = "o", .genesis = genesis, .start = 4 };

static void *
on_accept(void *cookie, struct net_link *l, unsigned int uid)
{
	return (&keeper);
}

static void
keeper_begin(void)
{
	struct cu_why why = { "" };

	CHECK(net_link_listen(&keeper.server, loop, path, &keeper_conf,
	    &keeper_ops, on_accept, NULL, &why) == 0);
}

static void
keeper_end(void)
{
	net_link_server_free(keeper.server);
	keeper.server = NULL;
	keeper.link = NULL;
}

static const uint8_t *
key_of(void *cookie, const char *instance)
{
	return (registered && strcmp(instance, "keeper-1") == 0 ?
	    sign_key_public(cookie) : NULL);
}

static void
on_up(void *cookie)
{
	ups++;
}

static void
on_down(void *cookie)
{
	downs++;
}

static void
on_kept(void *cookie, bool ok, uint64_t index, bool again)
{
	kepts += ok;
	lost += !ok;
	last_index = index;
	last_again = again;
}

static struct auditor_talk_conf conf;

static void
start(struct sign_key *trusted)
{
	memset(&keeper, 0, sizeof(keeper));
	keeper.signed_all = true;
	ups = downs = kepts = lost = 0;
	conf = (struct auditor_talk_conf){ .path = path,
	    .link = &auditor_conf, .log = &record_log, .instance = "auditor-1",
	    .start = 4, .key = auditor_key, .wait = UTC_SECOND,
	    .keeper_key = key_of, .on_up = on_up, .on_down = on_down,
	    .cookie = trusted };
	keeper_begin();
	CHECK(auditor_talk_create(&talk, loop, &conf) == 0);
}

static void
stop(void)
{
	auditor_talk_free(talk);
	keeper_end();
}

#define RUN(what) do {							\
	utc_us end_ = utc_mono() + 4 * UTC_SECOND;			\
	while (!(what) && utc_mono() < end_)				\
		net_loop_step(loop, 20);				\
	CHECK(what);							\
} while (0)

static void
wait_ms(unsigned int ms)
{
	utc_us end = utc_mono() + (utc_us)ms * 1000;

	while (utc_mono() < end)
		net_loop_step(loop, 10);
}

static void
beat_to(auditor_kept_fn *fn, void *cookie)
{
	uint8_t root[DIGEST_LEN] = { 1 };
	struct buf b;

	buf_init(&b, 4096);
	auditor_said_beat(&b, 12, root);
	CHECK(auditor_talk_report(talk, NET_BEAT, b.p, b.len, NULL, fn,
	    cookie) == 0);
	buf_fini(&b);
}

static void
beat(void)
{
	beat_to(on_kept, NULL);
}

static void
nothing_before_the_proof(void)
{
	registered = false;
	start(keeper_key);
	beat();
	RUN(keeper.link != NULL);
	wait_ms(200);
	CHECK(keeper.n == 0 && ups == 0 && !auditor_talk_up(talk));
	/* Now the registration was followed. */
	registered = true;
	auditor_talk_look(talk);
	CHECK(ups == 1 && auditor_talk_up(talk));
	RUN(kepts == 1);
	CHECK(keeper.n == 1 && keeper.number[0] == 1 && last_index == 101);
	CHECK(keeper.signed_all && !last_again);
	RUN(keeper.done == 1);
	stop();
}

static void
another_keeper(void)
{
	registered = true;
	start(other_key);
	beat();
	wait_ms(400);
	CHECK(keeper.n == 0 && ups == 0 && kepts == 0);
	stop();
}

static void
in_order(void)
{
	unsigned int i;

	start(keeper_key);
	keeper.mood = AGAIN;
	auditor_talk_last(talk, 9);
	for (i = 0; i < 50; i++)
		beat();
	/* What has not gone has no number yet. */
	CHECK(auditor_talk_number(talk) == 0);
	CHECK(auditor_talk_waiting(talk) == 50);
	RUN(kepts == 50);
	CHECK(auditor_talk_number(talk) == 50);
	for (i = 0; i < 50; i++)
		CHECK(keeper.number[i] == i + 1);
	CHECK(strstr(keeper.said[0], ",\"last\":9}") != NULL);
	CHECK(strstr(keeper.said[1], "last") == NULL);
	CHECK(last_again && auditor_talk_waiting(talk) == 0);
	RUN(keeper.done == 50);
	stop();
}

/* Not taken: its number is named in the next report. */
static void
refused(void)
{
	start(keeper_key);
	keeper.mood = REFUSE;
	beat();
	beat();
	RUN(lost == 2);
	keeper.mood = KEEP;
	beat();
	RUN(kepts == 1);
	CHECK(keeper.n == 3 && keeper.number[2] == 3);
	CHECK(strstr(keeper.said[2], ",\"void\":[1,2]}") != NULL);
	beat();
	RUN(kepts == 2);
	CHECK(strstr(keeper.said[3], "void") == NULL);
	stop();
}

/*
 * What is under way beside a refused report does not name it; the first that
 * has not gone yet does, and alone.
 */
static void
refused_under_way(void)
{
	unsigned int i, named = 0;

	start(keeper_key);
	keeper.refuse = 2;
	for (i = 0; i < 60; i++)
		beat();
	RUN(kepts == 59);
	CHECK(lost == 1 && keeper.n == 60 && keeper.signed_all);
	for (i = 0; i < 60; i++) {
		CHECK(keeper.number[i] == i + 1);
		if (strstr(keeper.said[i], "void") == NULL)
			continue;
		named++;
		CHECK(strstr(keeper.said[i], ",\"void\":[2]}") != NULL);
		CHECK(i > 2 && i < 40);
	}
	CHECK(named == 1);
	stop();
}

static size_t forgotten;

static void
on_part(void *cookie, bool ok, uint64_t index, bool again)
{
	on_kept(cookie, ok, index, again);
	if (!ok)
		forgotten += auditor_talk_forget(talk, on_part, cookie);
}

/* What has not gone is dropped without a number; what is another's goes. */
static void
forgets(void)
{
	unsigned int i;
	int mine = 0, other = 0;

	start(keeper_key);
	forgotten = 0;
	keeper.refuse = 2;
	for (i = 0; i < 60; i++)
		beat_to(on_part, i == 55 ? &other : &mine);
	RUN(auditor_talk_waiting(talk) == 0);
	CHECK(lost == 1 && forgotten > 20 && forgotten < 59);
	CHECK((size_t)kepts + forgotten == 59);
	CHECK(keeper.n == (size_t)kepts + 1);
	CHECK(auditor_talk_number(talk) == keeper.n);
	CHECK(strstr(keeper.said[keeper.n - 1], ",\"void\":[2]}") != NULL);
	stop();
}

/* What a refused report named is named again: nobody has read it there. */
static void
refused_again(void)
{
	start(keeper_key);
	keeper.mood = REFUSE;
	auditor_talk_last(talk, 9);
	beat();
	RUN(lost == 1);
	beat();
	RUN(lost == 2);
	beat();
	RUN(lost == 3);
	CHECK(strstr(keeper.said[2], "\"void\":[1,2],\"last\":9}") != NULL);
	keeper.mood = KEEP;
	beat();
	RUN(kepts == 1);
	CHECK(keeper.number[3] == 4);
	CHECK(strstr(keeper.said[3], "\"void\":[1,2,3],\"last\":9}") != NULL);
	beat();
	RUN(kepts == 2);
	CHECK(strstr(keeper.said[4], "void") == NULL);
	CHECK(strstr(keeper.said[4], "last") == NULL);
	stop();
}

/* A stop names what is void, what is under way, and what that would name. */
static void
closes(void)
{
	struct buf b;

	start(keeper_key);
	keeper.mood = REFUSE;
	beat();
	RUN(lost == 1);
	keeper.mood = MUTE;
	beat();
	beat();
	buf_init(&b, 4096);
	auditor_said_stop(&b, 12);
	CHECK(auditor_talk_report(talk, NET_STOP, b.p, b.len, NULL, on_kept,
	    NULL) == 0);
	buf_fini(&b);
	RUN(keeper.n == 4);
	CHECK(strstr(keeper.said[1], ",\"void\":[1]}") != NULL);
	CHECK(strstr(keeper.said[2], "void") == NULL);
	CHECK_STR(keeper.said[3], "{\"size\":\"12\",\"void\":[1,2,3]}");
	CHECK(keeper.signed_all);
	/* What was under way goes again before it, under its number. */
	keeper_end();
	RUN(downs == 1);
	keeper.mood = KEEP;
	keeper_begin();
	RUN(kepts == 3);
	CHECK(keeper.number[4] == 2 && keeper.number[6] == 4);
	CHECK_STR(keeper.said[6], keeper.said[3]);
	stop();
}

/* Once its answer is there, what was held goes again. */
static bool
again(void)
{
	utc_us end = utc_mono() + 4 * UTC_SECOND;

	while (utc_mono() < end) {
		if (auditor_talk_again(talk))
			return (true);
		net_loop_step(loop, 5);
	}
	return (false);
}

/*
 * A keeper that takes nothing, for as long as it likes: what is void stays
 * little enough to be named, and is named once it takes something.
 */
static void
takes_nothing(void)
{
	uint64_t number, held;
	size_t n, seen;
	int i;

	start(keeper_key);
	keeper.mood = REFUSE;
	for (i = 0; i < 700; i++)
		beat();
	RUN(lost == 512 && keeper.n == auditor_talk_number(talk));
	number = auditor_talk_number(talk);
	held = number - 512;
	CHECK(held > 0 && held < 40);
	n = auditor_talk_waiting(talk);
	for (i = 0; i < 20; i++) {
		seen = keeper.n;
		CHECK(again());
		RUN(keeper.n == seen + held);
		CHECK(keeper.number[seen] == 513);
	}
	keeper_end();
	RUN(downs == 1);
	keeper_begin();
	RUN(ups == 2);
	CHECK(again() && auditor_talk_number(talk) == number &&
	    auditor_talk_waiting(talk) == n && lost == 512);
	wait_ms(200);
	/* All is taken but one, which is never offered behind a higher one. */
	keeper.mood = KEEP;
	keeper.refuse = number - 1;
	CHECK(again());
	RUN(auditor_talk_waiting(talk) == 1 || lost == 513);
	(void)auditor_talk_again(talk);
	RUN(auditor_talk_waiting(talk) == 0);
	CHECK(!auditor_talk_again(talk) && keeper.voids_max > 0);
	CHECK(keeper.signed_all && kepts + lost == 700 && lost == 513);
	stop();
}

/* A connection that broke: the same report under the same number. */
static void
broken(void)
{
	char said[512];

	start(keeper_key);
	keeper.mood = MUTE;
	beat();
	beat();
	RUN(keeper.n == 2);
	strcpy(said, keeper.said[0]);
	keeper_end();
	RUN(downs == 1);
	CHECK(!auditor_talk_up(talk) && auditor_talk_waiting(talk) == 2);
	beat();
	keeper.mood = KEEP;
	keeper_begin();
	RUN(kepts == 3);
	CHECK(ups == 2 && keeper.n == 5 && lost == 0);
	CHECK(keeper.number[2] == 1 && keeper.number[3] == 2 &&
	    keeper.number[4] == 3);
	CHECK_STR(keeper.said[2], said);
	CHECK(keeper.signed_all);
	stop();
}

/* No answer in time: the connection is made anew, the number stays. */
static void
mute(void)
{
	start(keeper_key);
	keeper.mood = MUTE;
	beat();
	RUN(keeper.n == 1);
	RUN(downs == 1);
	keeper.mood = KEEP;
	RUN(kepts == 1);
	CHECK(keeper.number[keeper.n - 1] == 1 && lost == 0);
	stop();
}

static void
with_disclosures(void)
{
	struct auditor_question q = { .element = 3, .index = 4,
	    .asked = UTC_SECOND, .answered = LI_TIME_NONE,
	    .error = AUDITOR_ERROR_TIMEOUT, .base = AUDITOR_NO_INDEX };
	struct record_sds sds;
	struct buf b;

	start(keeper_key);
	record_sds_init(&sds);
	buf_init(&b, 65536);
	CHECK(auditor_said_part(&b, &sds, &q, NULL, NULL, NULL, 1) == 0);
	CHECK(record_sds_str(&sds, "item", "x") == 0);
	CHECK(record_sds_str(&sds, "item", "y") == 0);
	CHECK(record_sds_sort(&sds) == 0);
	CHECK(auditor_talk_report(talk, NET_SNAPSHOT, b.p, b.len, &sds,
	    on_kept, NULL) == 0);
	CHECK(sds.n == 0);
	RUN(kepts == 1);
	CHECK(keeper.parts == 4 && keeper.signed_all);
	/* What has not its form is not signed, and takes no number. */
	CHECK(auditor_talk_report(talk, NET_BEAT, "\"size\":1", 8, NULL,
	    on_kept, NULL) != 0);
	CHECK(auditor_talk_number(talk) == 1);
	buf_fini(&b);
	stop();
}

static uint64_t told;
static int answers;

static void
on_index(void *cookie, bool ok, uint64_t v)
{
	answers++;
	told = ok ? v : 0;
}

static void
questions(void)
{
	start(keeper_key);
	answers = 0;
	CHECK(auditor_talk_begin(talk, "ne-1", on_index, NULL) != 0);
	RUN(auditor_talk_up(talk));
	CHECK(auditor_talk_begin(talk, "ne-1", on_index, NULL) == 0);
	RUN(answers == 1);
	CHECK(told == 77);
	CHECK(auditor_talk_head(talk, on_index, NULL) == 0);
	RUN(answers == 2);
	CHECK(told == 77);
	auditor_talk_end(talk, "ne-1", true);
	keeper.mood = MUTE;
	stop();
}

int
main(void)
{
	uint8_t seed[SIGN_SEED_LEN] = { 1 };

	snprintf(path, sizeof(path), "/tmp/auditor_talk.%d.sock", getpid());
	text_hex(genesis_hex, genesis, sizeof(genesis));
	if (net_loop_create(&loop) != 0 ||
	    sign_key_create(&keeper_key, seed) != 0)
		return (1);
	seed[0]++;
	if (sign_key_create(&auditor_key, seed) != 0)
		return (1);
	seed[0]++;
	if (sign_key_create(&other_key, seed) != 0)
		return (1);
	keeper_conf.key = keeper_key;
	auditor_conf.key = auditor_key;
	CHECK_RUN(nothing_before_the_proof);
	CHECK_RUN(another_keeper);
	CHECK_RUN(in_order);
	CHECK_RUN(refused);
	CHECK_RUN(refused_under_way);
	CHECK_RUN(forgets);
	CHECK_RUN(refused_again);
	CHECK_RUN(closes);
	CHECK_RUN(takes_nothing);
	CHECK_RUN(broken);
	CHECK_RUN(mute);
	CHECK_RUN(with_disclosures);
	CHECK_RUN(questions);
	sign_key_free(keeper_key);
	sign_key_free(auditor_key);
	sign_key_free(other_key);
	net_loop_free(loop);
	return (check_done());
}
