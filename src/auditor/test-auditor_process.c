/*
 * src/auditor/test-auditor_process.c: the whole process between a keeper and
 * an element.  The element is a simulated one over real TLS, the link and the
 * log's arithmetic are the real ones; the tables are a small double of
 * src/state, since what stands in entries is not what is tested here.
 */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auditor/auditor.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "check.h"
#include "crypto/sign.h"
#include "home/home.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "pki.h"
#include "record/record_entry.h"
#include "record/record_key.h"
#include "sim/sim_ne.h"
#include "sim/sim_server.h"
#include "state/state.h"
#include "tlog/tlog_note.h"

#define URN	"urn:etsi:li:103221-1:cert-binding:"
#define ORIGIN	"test/auditor"
#define XID	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
#define XID2	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a02"
#define XID3	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a03"
#define DID	"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c01"
#define AT	"ipv4:192.0.2.10:tcp:42069"

static struct sign_key *log_key, *keeper_key, *auditor_key;
static struct record_element reg = { .id = "ne-1", .kind = RECORD_NE,
	.rule = CERT_RULE_URN, .identity = "ne-1" };
static char url[128], genesis_hex[65];
static uint8_t genesis[32];

/* ---- a double of src/state --------------------------------------------- */

struct state {
	struct tlog_range range;
	struct record_log log;
};

int
state_create(struct state **out, unsigned int flags)
{
	*out = calloc(1, sizeof(**out));
	tlog_range_init(&(*out)->range);
	(*out)->log.origin = ORIGIN;
	(*out)->log.genesis = genesis_hex;
	return (0);
}

void
state_free(struct state *st)
{
	free(st);
}

int
state_follow(struct state *st)
{
	return (0);
}

int
state_apply(struct state *st, uint64_t index, const void *line, size_t len,
    struct cu_why *why)
{
	uint8_t leaf[DIGEST_LEN];

	if (memmem(line, len, "forged", 6) != NULL) {
		cu_why_set(why, "a signature is wrong");
		return (CU_EDENIED);
	}
	tlog_leaf(leaf, line, len);
	tlog_range_append(&st->range, leaf, NULL, NULL);
	return (0);
}

uint64_t
state_size(const struct state *st)
{
	return (st->range.size);
}

int
state_root(const struct state *st, uint8_t root[DIGEST_LEN])
{
	tlog_range_root(&st->range, root);
	return (0);
}

const struct record_log *
state_log(const struct state *st)
{
	return (st->range.size > 0 ? &st->log : NULL);
}

const uint8_t *
state_log_key(const struct state *st)
{
	return (sign_key_public(log_key));
}

/* Entry 1 registers the keeper and the element. */
bool
state_instance(const struct state *st, const char *id,
    struct state_instance *out)
{
	memset(out, 0, sizeof(*out));
	if (st->range.size < 2 || strcmp(id, "keeper-1") != 0)
		return (false);
	out->role = RECORD_ROLE_KEEPER;
	out->live = true;
	out->key = sign_key_public(keeper_key);
	return (true);
}

bool
state_element_nth(const struct state *st, size_t i, struct state_element *out)
{
	if (st->range.size < 2 || i > 0)
		return (false);
	memset(out, 0, sizeof(*out));
	reg.x1 = url;
	out->id = "ne-1";
	out->index = 1;
	out->live = true;
	out->reg = &reg;
	return (true);
}

bool
state_element(const struct state *st, const char *id,
    struct state_element *out)
{
	return (state_element_nth(st, 0, out));
}

bool
state_object_nth(const struct state *st, size_t i, struct state_object *out)
{
	memset(out, 0, sizeof(*out));
	out->element = "ne-1";
	out->outcome = st->range.size - 1;
	return (i == 0);
}

const char *
state_bound(const struct state *st, const char *xid, size_t i)
{
	return ((strcmp(xid, XID) == 0 || strcmp(xid, XID3) == 0) && i == 0 ?
	    "w-1" : NULL);
}

/* The task 3 has ended, and its key was not opened again. */
bool
state_task_ended(const struct state *st, const char *element, const char *xid)
{
	return (strcmp(xid, XID3) == 0);
}

int
state_task_token(const struct state *st, const char *xid, const void *line,
    size_t len, uint8_t out[DIGEST_LEN])
{
	if (state_bound(st, xid, 0) == NULL)
		return (CU_ENOENT);
	if (strcmp(xid, XID3) == 0)
		return (CU_ESTATE);
	digest(out, line, len);
	return (0);
}

int
state_destination_token(const struct state *st, const char *id,
    const void *line, size_t len, uint8_t out[DIGEST_LEN])
{
	digest(out, line, len);
	return (0);
}

int
state_open_revision(struct state *st, const uint8_t d[DIGEST_LEN],
    const struct record_sds *sds, struct cu_why *why)
{
	return (0);
}

int
state_open_element(struct state *st, const char *id,
    const struct record_sds *sds, struct cu_why *why)
{
	return (0);
}

/* ---- a double of the keeper -------------------------------------------- */

#define LOG_MAX		512

static pid_t child;

static struct {
	char *entry[LOG_MAX];
	size_t n;
	struct tlog_range range;
	struct net_link_server *server;
	struct net_link *follower;
	size_t sent;			/* entries streamed */
	bool wrong_root;
	unsigned int again;		/* answer so many by `again` */
	bool stop_at_end;		/* end it then, and answer no stop */
	/* What was said, newest last. */
	struct said {
		enum net_kind kind;
		struct jv *v;
		size_t sds;
	} said[LOG_MAX];
	size_t said_n, ends;
	uint64_t hello_start;
} keeper;

static void
append(const char *text)
{
	uint8_t leaf[DIGEST_LEN];

	if (keeper.n == LOG_MAX)
		abort();
	keeper.entry[keeper.n++] = strdup(text);
	tlog_leaf(leaf, text, strlen(text));
	tlog_range_append(&keeper.range, leaf, NULL, NULL);
}

static void
stream(void)
{
	uint8_t root[DIGEST_LEN];
	struct tlog_key key;
	struct net_out m;
	struct buf note;

	if (keeper.follower == NULL || keeper.sent == keeper.n)
		return;
	net_out_init(&m, NET_ENTRIES);
	jw_dec(&m.w, "first", keeper.sent);
	for (; keeper.sent < keeper.n; keeper.sent++)
		net_out_part(&m, keeper.entry[keeper.sent],
		    strlen(keeper.entry[keeper.sent]));
	CHECK(net_link_send(keeper.follower, &m) == 0);
	tlog_range_root(&keeper.range, root);
	if (keeper.wrong_root)
		root[0] ^= 1;
	buf_init(&note, 4096);
	CHECK(tlog_key_init(&key, ORIGIN, TLOG_ED25519,
	    sign_key_public(log_key)) == 0);
	CHECK(tlog_checkpoint_sign(&note, keeper.n, root, &key, log_key) == 0);
	net_out_init(&m, NET_HEAD);
	net_out_part(&m, note.p, note.len);
	CHECK(net_link_send(keeper.follower, &m) == 0);
	buf_fini(&note);
}

static void
keep(struct net_link *l, const struct net_msg *m)
{
	struct said *s = &keeper.said[keeper.said_n++];
	struct cu_why why = { "" };
	struct net_out out;
	char line[64];

	s->kind = m->kind;
	s->sds = m->part_n - 2;
	if (!CHECK(record_said_check(record_kind_find(net_kind_name(m->kind)),
	    RECORD_ROLE_AUDITOR, (const char *)m->part[0].p, m->part[0].len,
	    &s->v, &why) == 0))
		printf("# %s\n", why.text);
	snprintf(line, sizeof(line), "report %zu", keeper.said_n);
	append(line);
	stream();
	if (m->kind == NET_STOP && keeper.stop_at_end)
		return;
	net_out_init(&out, NET_KEPT);
	jw_dec(&out.w, "index", keeper.n - 1);
	if (keeper.again > 0 && m->kind != NET_START) {
		keeper.again--;
		jw_bool(&out.w, "again", true);
	}
	CHECK(net_link_answer(l, m->id, &out) == 0);
}

static void
answer_number(struct net_link *l, uint64_t id, const char *name, uint64_t v)
{
	struct net_out out;

	net_out_init(&out, NET_ANSWER);
	jw_obj(&out.w, "data");
	jw_dec(&out.w, name, v);
	jw_end(&out.w);
	CHECK(net_link_answer(l, id, &out) == 0);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
	uint64_t from = 0;

	switch (m->kind) {
	case NET_FOLLOW:
		CHECK(jv_dec(jv_get(m->json, "from"), &from) == 0);
		keeper.follower = l;
		keeper.sent = from;
		stream();
		break;
	case NET_AUDIT_BEGIN:
		CHECK(jv_streq(jv_get(m->json, "element"), "ne-1"));
		answer_number(l, m->id, "index", keeper.n);
		break;
	case NET_AUDIT_END:
		keeper.ends++;
		if (keeper.stop_at_end && child > 0)
			kill(child, SIGTERM);
		answer_number(l, m->id, "index", keeper.n);
		break;
	case NET_ASK:
		answer_number(l, m->id, "size", keeper.n);
		break;
	case NET_DONE:
		break;
	default:
		keep(l, m);
		break;
	}
}

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	keeper.hello_start = h->start;
	net_link_welcome(l);
}

static void
on_ready(void *cookie, struct net_link *l)
{
	CHECK(net_link_prove(l, sign_key_public(auditor_key)));
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	if (l == keeper.follower)
		keeper.follower = NULL;
}

static void
fill(void *cookie, struct net_link *l, struct net_hello *h)
{
	h->size = keeper.n;
}

static void *
on_accept(void *cookie, struct net_link *l, unsigned int uid)
{
	return (&keeper);
}

static const struct net_link_ops keeper_ops = { on_hello, on_ready, on_message,
	NULL, on_close };
static struct net_link_conf keeper_conf = { .role = NET_ROLE_KEEPER,
	.instance = "keeper-1", .build = "b", .origin = ORIGIN,
	.genesis = genesis, .start = 1, .fill = fill };

/* ---- homes ------------------------------------------------------------- */

static char dir[] = "/tmp/auditor_process.XXXXXX";
static struct net_loop *loop;
static struct sim_ne *ne;
static struct sim_server *server;
static struct net_tls *ne_tls, *other_tls;

static const char *
file(const char *name, const char *end)
{
	return (pki_file(dir, name, end));
}

static void
write_home(void)
{
	uint8_t seed[SIGN_SEED_LEN] = { 3 };
	struct home_conf c;
	struct buf b;
	FILE *f;

	if (home_defaults(&c, HOME_AUDITOR, dir) != 0)
		abort();
	free(c.origin), free(c.instance), free(c.keeper), free(c.admf);
	free(c.tls.cert), free(c.tls.key), free(c.tls.ca);
	c.origin = strdup(ORIGIN);
	c.has_genesis = true;
	memcpy(c.genesis, genesis, sizeof(genesis));
	c.instance = strdup("auditor-1");
	c.keeper = strdup(file("keeper", ".sock"));
	c.admf = strdup("audit-1");
	c.tls.cert = strdup(file("audit", ".pem"));
	c.tls.key = strdup(file("audit", ".key"));
	c.tls.ca = strdup(file("ca", ".pem"));
	c.audit_interval = UTC_SECOND;
	c.element_timeout = UTC_SECOND;
	buf_init(&b, 65536);
	home_write(&b, &c, dir);
	if ((f = fopen(file("custos", ".yaml"), "w")) == NULL)
		abort();
	fwrite(b.p, 1, b.len, f);
	fclose(f);
	buf_reset(&b);
	if (record_key_write(&b, seed, NULL, 0, NULL, NULL) != 0)
		abort();
	mkdir(file("keys", ""), 0700);
	mkdir(file("run", ""), 0700);
	if ((f = fopen(c.instance_key, "w")) == NULL)
		abort();
	fchmod(fileno(f), 0600);
	fwrite(b.p, 1, b.len, f);
	fclose(f);
	buf_fini(&b);
	home_conf_fini(&c);
}

static int
ne_answer(void *cookie, const void *body, size_t len, const struct cert *cert,
    struct buf *b)
{
	return (sim_ne_answer(cookie, body, len, cert, utc_now(), b));
}

static void
set_up(void)
{
	struct sim_server_conf sc = { "127.0.0.1:0", NULL, NET_HTTP_NE,
	    ne_answer, sim_ne_manner_for, NULL };
	uint8_t seed[SIGN_SEED_LEN] = { 1 };
	static const char *const uri[] = { URN "NE:ne-1", URN "NE:ne-2",
	    URN "ADMF:audit-1" };
	struct certmake *ca;
	struct cu_why why;

	if (mkdtemp(dir) == NULL || sign_key_create(&log_key, seed) != 0)
		abort();
	seed[0] = 2;
	if (sign_key_create(&keeper_key, seed) != 0)
		abort();
	seed[0] = 3;
	if (sign_key_create(&auditor_key, seed) != 0)
		abort();
	keeper_conf.key = keeper_key;
	tlog_leaf(genesis, "entry 0", 7);
	text_hex(genesis_hex, genesis, sizeof(genesis));
	ca = pki_ca(dir, "ca");
	pki_local(dir, ca, "ne", &uri[0], 1);
	pki_local(dir, ca, "other", &uri[1], 1);
	pki_local(dir, ca, "audit", &uri[2], 1);
	certmake_free(ca);
	ne_tls = pki_tls(dir, "ne", "ca", true);
	other_tls = pki_tls(dir, "other", "ca", true);
	if (net_loop_create(&loop) != 0 || sim_ne_create(&ne, "ne-1") != 0)
		abort();
	sc.tls = ne_tls;
	sc.cookie = ne;
	if (sim_server_create(&server, loop, &sc, &why) != 0)
		abort();
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/X1/NE",
	    sim_server_port(server));
	write_home();
}

static void
listen_keeper(void)
{
	struct cu_why why;

	if (net_link_listen(&keeper.server, loop, file("keeper", ".sock"),
	    &keeper_conf, &keeper_ops, on_accept, NULL, &why) != 0)
		abort();
}

static void
forget_log(void)
{
	size_t i;

	for (i = 0; i < keeper.n; i++)
		free(keeper.entry[i]);
	for (i = 0; i < keeper.said_n; i++)
		jv_free(keeper.said[i].v);
	memset(&keeper, 0, sizeof(keeper));
	tlog_range_init(&keeper.range);
}

static void
begin_log(void)
{
	forget_log();
	unlink(file("notebook", ""));
	append("entry 0");
	append("entry 1 \"kind\":\"element\"");
	listen_keeper();
}

/* The auditor, in a process of its own; its exit code says how it ended. */
static void
begin_auditor(void)
{
	struct cu_why why = { "" };
	struct auditor *a;
	struct home *h;
	int rc;

	fflush(stdout);
	if ((child = fork()) != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	diag_name("auditor");
	if (home_open(&h, dir, &why) != 0 || home_lock(h, &why) != 0 ||
	    auditor_create(&a, h, &why) != 0) {
		diag("%s", why.text);
		_exit(9);
	}
	rc = auditor_run(a);
	auditor_free(a);
	home_free(h);
	exit(rc == 0 ? 0 : 3);		/* with the leak check */
}

static bool
ended(int *status)
{
	if (child <= 0 || waitpid(child, status, WNOHANG) != child)
		return (false);
	child = 0;
	return (true);
}

/* Run until ${what}, which is looked at once each turn, or 30 s have passed. */
#define RUN(what) do {							\
	utc_us end_ = utc_mono() + 30 * UTC_SECOND;			\
	bool ok_;							\
	while (!(ok_ = (what)) && utc_mono() < end_)			\
		net_loop_step(loop, 20);				\
	if (!ok_)							\
		check_failed(__FILE__, __LINE__, #what);		\
} while (0)

static int
end_auditor(void)
{
	int status = -1;

	if (child > 0)
		kill(child, SIGTERM);
	RUN(ended(&status));
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
end_keeper(void)
{
	net_link_server_free(keeper.server);
	keeper.server = NULL;
	keeper.follower = NULL;
}

static void
tell(const char *words)
{
	struct cu_why why;
	struct buf b;

	buf_init(&b, 1 << 20);
	CHECK(sim_ne_tell(ne, words, strlen(words), utc_now(), &b, &why) == 0);
	buf_fini(&b);
}

/* The newest report of a kind after the first ${from}, or NULL. */
static const struct said *
newest(enum net_kind kind, size_t from)
{
	size_t i;

	for (i = keeper.said_n; i > from; i--)
		if (keeper.said[i - 1].kind == kind)
			return (&keeper.said[i - 1]);
	return (NULL);
}

static const struct jv *
item(const struct said *s, size_t i)
{
	return (jv_at(jv_get(s->v, "items"), i));
}

/* ---- cases ------------------------------------------------------------- */

static void
a_day_at_work(void)
{
	const struct said *s;
	size_t from;

	begin_log();
	tell("add-destination - " DID " " AT);
	tell("inject-task " XID " imsi 001010000000001 " DID);
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	CHECK(keeper.said[0].kind == NET_START);
	CHECK(keeper.hello_start == 1);
	CHECK(jv_get(keeper.said[0].v, "last") != NULL);
	/* First all, then that nothing has changed. */
	REQUIRE((s = newest(NET_SNAPSHOT, 0)) != NULL);
	CHECK(s == &keeper.said[1] && s->sds == 2);
	CHECK(jv_is(jv_get(s->v, "base"), JV_NULL));
	CHECK(jv_len(jv_get(s->v, "items")) == 2);
	CHECK(jv_is(jv_get(item(s, 1), "line"), JV_STRING));
	CHECK(jv_streq(jv_get(s->v, "element"), "1"));
	CHECK(jv_is(jv_get(s->v, "certificate"), JV_STRING));
	REQUIRE((s = newest(NET_ROUND, 0)) != NULL);
	CHECK(jv_streq(jv_at(jv_at(jv_get(s->v, "rows"), 0), 1), "3"));
	CHECK(keeper.ends >= 2);

	/* A task that nobody commanded. */
	from = keeper.said_n;
	tell("inject-task " XID2 " imsi 001010000000009 " DID);
	RUN(newest(NET_SNAPSHOT, from) != NULL);
	REQUIRE((s = newest(NET_SNAPSHOT, from)) != NULL);
	CHECK(jv_streq(jv_get(s->v, "base"), "3"));
	CHECK(jv_len(jv_get(s->v, "items")) == 1 && s->sds == 1);
	CHECK(jv_streq(jv_get(item(s, 0), "id"), XID2));
	CHECK(jv_streq(jv_get(item(s, 0), "why"), "unbound"));
	/* One that has ended, from a backup: shown, and hides nothing. */
	from = keeper.said_n;
	tell("inject-task " XID3 " imsi 001010000000001 " DID);
	RUN(newest(NET_SNAPSHOT, from) != NULL);
	REQUIRE((s = newest(NET_SNAPSHOT, from)) != NULL);
	CHECK(jv_is(jv_get(s->v, "error"), JV_NULL) && s->sds == 1);
	CHECK(jv_streq(jv_get(item(s, 0), "id"), XID3));
	CHECK(jv_streq(jv_get(item(s, 0), "why"), "unbound"));
	from = keeper.said_n;
	tell("drop-task " XID3);
	RUN(newest(NET_SNAPSHOT, from) != NULL);
	/* And it is gone again. */
	from = keeper.said_n;
	tell("drop-task " XID2);
	RUN(newest(NET_SNAPSHOT, from) != NULL);
	REQUIRE((s = newest(NET_SNAPSHOT, from)) != NULL);
	CHECK(jv_len(jv_get(s->v, "gone")) == 1 && s->sds == 0);

	CHECK(end_auditor() == 0);
	CHECK(newest(NET_STOP, from) == &keeper.said[keeper.said_n - 1]);
	end_keeper();
}

static void
failures(void)
{
	static const struct { const char *on, *off, *error; } row[] = {
		{ "silent on", "silent off", "timeout" },
		{ "garbage on", "garbage off", "form" },
		{ "cut on", "cut off", "cut" },
		{ "status 429", "status 0", "http" },
	};
	const struct said *s;
	size_t i, from;

	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		from = keeper.said_n;
		tell(row[i].on);
		RUN((s = newest(NET_SNAPSHOT, from)) != NULL);
		REQUIRE(s != NULL);
		CHECK_ROW(jv_streq(jv_get(s->v, "error"), row[i].error),
		    row[i].on);
		CHECK(jv_len(jv_get(s->v, "items")) == 0);
		CHECK(jv_len(jv_get(s->v, "gone")) == 0);
		from = keeper.said_n;
		tell(row[i].off);
		RUN(newest(NET_ROUND, from) != NULL);
	}
	/* The certificate of another element, under the same CA and address. */
	from = keeper.said_n;
	sim_server_tls(server, other_tls);
	RUN((s = newest(NET_SNAPSHOT, from)) != NULL);
	sim_server_tls(server, ne_tls);
	REQUIRE(s != NULL);
	CHECK(jv_streq(jv_get(s->v, "error"), "identity"));
	CHECK(jv_is(jv_get(s->v, "certificate"), JV_STRING));
	CHECK(end_auditor() == 0);
	end_keeper();
}

static void
append_in_doubt(void)
{
	static const char said[] = "{\"command\":\"1\",\"what\":"
	    "\"in doubt\",\"why\":\"timeout\",\"mine\":null,\"sent_at\":"
	    "null,\"answered_at\":null,\"answer\":null,\"code\":null,"
	    "\"http\":null,\"certificate\":null,\"checkpoint\":null}";
	struct record_entry_parts p = { .kind = RECORD_OUTCOME,
	    .time = UTC_SECOND, .source = { RECORD_ROLE_GATE, "gate-1", 1, 1 },
	    .said = said, .said_len = sizeof(said) - 1,
	    .sig = { .key = "00000000000000000000000000000000" } };
	struct cu_why why = { "" };
	struct buf b;

	buf_init(&b, 65536);
	if (!CHECK(record_entry_write(&b, &p, &why) == 0))
		printf("# %s\n", why.text);
	append(buf_text(&b));
	buf_fini(&b);
}

static void
again_and_in_doubt(void)
{
	utc_us was;
	size_t n;

	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	keeper.again = 3;
	n = keeper.said_n;
	was = utc_mono();
	RUN(keeper.said_n >= n + 4);
	CHECK(utc_mono() - was < 3 * UTC_SECOND);

	/* Of a command in doubt the element itself is asked, at once. */
	n = keeper.ends;
	RUN(keeper.ends > n);
	n = keeper.said_n;
	RUN(keeper.said_n > n);
	n = keeper.ends;
	append_in_doubt();
	stream();
	was = utc_mono();
	RUN(keeper.ends > n);
	CHECK(utc_mono() - was < UTC_SECOND / 2);
	CHECK(end_auditor() == 0);
	end_keeper();
}

static void
keeper_away(void)
{
	size_t n;

	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	end_keeper();
	n = keeper.said_n;
	tell("inject-task " XID2 " imsi 001010000000009 " DID);
	usleep(300000);
	listen_keeper();
	RUN(newest(NET_SNAPSHOT, n) != NULL);
	CHECK(keeper.said[n].kind != NET_START);
	CHECK(end_auditor() == 0);
	/* The next start counts on, and names the last number. */
	begin_auditor();
	n = keeper.said_n;
	RUN(newest(NET_SNAPSHOT, n) != NULL);
	CHECK(keeper.hello_start == 2);
	CHECK(keeper.said[n].kind == NET_START);
	CHECK(!jv_streq(jv_get(keeper.said[n].v, "last"), "0"));
	CHECK(end_auditor() == 0);
	tell("drop-task " XID2);
	end_keeper();
}

/* A row that waits for others goes before the stop, answered or not. */
static void
nothing_behind_a_stop(void)
{
	int status = 0;
	size_t n;

	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	n = keeper.said_n;
	keeper.stop_at_end = true;
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(newest(NET_ROUND, n) == &keeper.said[keeper.said_n - 2]);
	CHECK(newest(NET_STOP, n) == &keeper.said[keeper.said_n - 1]);
	keeper.stop_at_end = false;
	end_keeper();
}

/* What a keeper cannot say without being left. */
static void
contradictions(void)
{
	int status = 0;

	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	keeper.wrong_root = true;
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	end_keeper();

	/* A log that is shorter than the one that the notebook knows. */
	begin_log();
	begin_auditor();
	RUN(newest(NET_ROUND, 0) != NULL);
	CHECK(end_auditor() == 0);
	end_keeper();
	forget_log();
	append("entry 0");
	append("entry 1 \"kind\":\"element\"");
	listen_keeper();
	begin_auditor();
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	/* As long, but another. */
	while (keeper.n < 400)
		append("another history");
	begin_auditor();
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	end_keeper();

	begin_log();
	append("a forged entry");
	begin_auditor();
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	end_keeper();

	/* Not the genesis that is pinned. */
	forget_log();
	unlink(file("notebook", ""));
	append("entry zero");
	append("entry 1");
	listen_keeper();
	begin_auditor();
	RUN(ended(&status));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	end_keeper();
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *f)
{
	return (remove(path));
}

int
main(void)
{
	set_up();
	CHECK_RUN(a_day_at_work);
	CHECK_RUN(failures);
	CHECK_RUN(again_and_in_doubt);
	CHECK_RUN(keeper_away);
	CHECK_RUN(nothing_behind_a_stop);
	CHECK_RUN(contradictions);
	forget_log();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	sim_server_free(server);
	sim_ne_free(ne);
	net_tls_unref(ne_tls);
	net_tls_unref(other_tls);
	net_loop_free(loop);
	sign_key_free(log_key);
	sign_key_free(keeper_key);
	sign_key_free(auditor_key);
	return (check_done());
}
