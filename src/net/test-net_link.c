/* src/net/test-net_link.c: two ends of the link in one process */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "pki.h"

static struct net_loop *loop;
static char path[64];
static uint8_t genesis[32] = { 7 };
static struct sign_key *keeper_key, *gate_key;

/* What one end has seen. */
struct end {
	struct net_link *link;
	int ready, closed, hellos, messages, drains;
	bool refuse, keep;		/* server: fail hello; do not answer */
	bool large;			/* server: answer an ask at length */
	char why[256];
	uint64_t ids[80];
	unsigned int ids_n;
	enum net_kind last;
	size_t last_part;
	bool free_on_message;
};

static struct end server_end, client_end;

static void
fill(void *cookie, struct net_link *l, struct net_hello *h)
{
	(void)l;
	h->size = 12;
	h->note = cookie;
	h->spool = 3;
}

static struct net_link_conf keeper_conf = {
	.role = NET_ROLE_KEEPER, .instance = "keeper-1", .build = "b",
	.origin = "o", .genesis = genesis, .start = 5,
};
static struct net_link_conf gate_conf;

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	struct end *e = cookie;

	e->hellos++;
	CHECK(net_link_hello(l) == h);
	if (e != &server_end)
		return;
	if (e->refuse)
		net_link_fail(l, "instance", "not registered");
	else
		net_link_welcome(l);
}

static void
on_ready(void *cookie, struct net_link *l)
{
	struct end *e = cookie;

	e->link = l;
	e->ready++;
	CHECK(net_link_ready(l));
}

static void
answer(struct net_link *l, uint64_t id)
{
	static const char large[60000];
	struct net_out m;

	if (server_end.large) {
		net_out_init(&m, NET_ANSWER);
		net_out_part(&m, large, sizeof(large));
		CHECK(net_link_answer(l, id, &m) == 0);
		return;
	}
	net_out_init(&m, NET_DECIDED);
	jw_dec(&m.w, "index", id + 100);
	jw_bool(&m.w, "allowed", true);
	jw_str(&m.w, "rule", "r");
	CHECK(net_link_answer(l, id, &m) == 0);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
	struct end *e = cookie;

	e->messages++;
	e->last = m->kind;
	e->last_part = m->part_n > 0 ? m->part[m->part_n - 1].len : 0;
	if (e->free_on_message) {
		net_link_free(l);
		e->link = NULL;
		return;
	}
	if (m->id == 0)
		return;
	e->ids[e->ids_n++ % 80] = m->id;
	if (!e->keep)
		answer(l, m->id);
}

static void
on_drain(void *cookie, struct net_link *l)
{
	struct end *e = cookie;

	(void)l;
	e->drains++;
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	struct end *e = cookie;

	(void)l;
	e->closed++;
	e->link = e == &server_end ? NULL : e->link;
	snprintf(e->why, sizeof(e->why), "%s", why);
}

static const struct net_link_ops ops = {
	on_hello, on_ready, on_message, on_drain, on_close
};

static void *
on_accept(void *cookie, struct net_link *l, unsigned int uid)
{
	(void)l;
	CHECK(uid == (keeper_conf.tls != NULL ? NET_UID_NONE : getuid()));
	return (cookie);
}

/* Run until ${what} or two seconds have passed. */
#define RUN(what) do {							\
	utc_us end_ = utc_mono() + 4 * UTC_SECOND;			\
	while (!(what) && utc_mono() < end_)				\
		net_loop_step(loop, 20);				\
} while (0)

static struct net_link_server *
serve(void)
{
	struct net_link_server *s = NULL;
	struct cu_why why = { "" };

	memset(&server_end, 0, sizeof(server_end));
	memset(&client_end, 0, sizeof(client_end));
	gate_conf = keeper_conf;
	gate_conf.role = NET_ROLE_GATE;
	gate_conf.instance = "gate-1";
	gate_conf.use = NET_USE_TALK;
	gate_conf.key = gate_key;
	gate_conf.fill = fill;
	gate_conf.fill_cookie = (void *)(uintptr_t)"a note\n\nsig\n";
	CHECK(net_link_listen(&s, loop, path, &keeper_conf, &ops, on_accept,
	    &server_end, &why) == 0);
	return (s);
}

static int answers, answer_rc;
static uint64_t answer_index;

static void
on_answer(void *cookie, struct net_link *l, int rc, const struct net_msg *m)
{
	(void)l, (void)cookie;
	answers++;
	answer_rc = rc;
	if (m != NULL && m->kind == NET_DECIDED)
		CHECK(jv_dec(jv_get(m->json, "index"), &answer_index) == 0);
}

static int
ask(struct net_link *l, unsigned int n, utc_us wait)
{
	struct net_out m;

	net_out_init(&m, NET_COMMAND);
	jw_int(&m.w, "start", 1);
	jw_int(&m.w, "number", n);
	net_out_part(&m, "said", 4);
	net_out_part(&m, "{}", 2);
	return (net_link_ask(l, &m, wait, on_answer, NULL));
}

static void
beginning(void)
{
	struct net_link_server *s = serve();
	const struct net_hello *h;
	struct net_link *c;
	struct stat st;

	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660);
	REQUIRE(net_link_dial(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	CHECK(ask(c, 1, UTC_SECOND) == CU_ESTATE);
	RUN(client_end.ready && server_end.ready);
	REQUIRE(client_end.ready == 1 && server_end.ready == 1);
	REQUIRE((h = net_link_hello(server_end.link)) != NULL);
	CHECK(h->role == NET_ROLE_GATE && h->start == 5 && h->size == 12);
	CHECK(h->spool == 3 && h->window == NET_WINDOW && h->has_genesis);
	CHECK_STR(h->instance, "gate-1");
	CHECK_STR(h->note, "a note\n\nsig\n");
	CHECK(net_link_hello(c)->note == NULL);
	CHECK(net_link_prove(server_end.link, sign_key_public(gate_key)));
	CHECK(!net_link_prove(server_end.link, sign_key_public(keeper_key)));
	CHECK(net_link_prove(c, sign_key_public(keeper_key)));
	CHECK(!net_link_prove(c, sign_key_public(gate_key)));
	answers = 0;
	CHECK(ask(c, 1, UTC_SECOND) == 0);
	CHECK(answers == 0);
	RUN(answers);
	CHECK(answers == 1 && answer_rc == 0 && answer_index == 101);
	CHECK(server_end.last == NET_COMMAND && server_end.last_part == 2);
	/* The server goes, and comes back. */
	CHECK((server_end.keep = true));
	CHECK(ask(c, 2, 10 * UTC_SECOND) == 0);
	RUN(server_end.messages == 2);
	net_link_server_free(s);
	RUN(client_end.closed);
	CHECK(answers == 2 && answer_rc == CU_EIO && client_end.closed == 1);
	CHECK(ask(c, 3, UTC_SECOND) == CU_ESTATE);
	RUN(client_end.closed > 1);	/* a try that failed */
	client_end.closed = 0;
	s = NULL;
	CHECK(net_link_listen(&s, loop, path, &keeper_conf, &ops, on_accept,
	    &server_end, NULL) == 0);
	RUN(client_end.ready == 2);
	CHECK(client_end.ready == 2);
	net_link_free(c);
	RUN(server_end.closed);
	CHECK(server_end.closed == 1);
	net_link_server_free(s);
	CHECK(stat(path, &st) != 0);
}

static void
window_and_deadline(void)
{
	struct net_link_server *s = serve();
	struct net_link *c;
	unsigned int i;

	server_end.keep = true;
	REQUIRE(net_link_once(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	RUN(client_end.ready && server_end.ready);
	answers = 0;
	for (i = 1; i <= NET_WINDOW; i++)
		CHECK(ask(c, i, 100000 + 10 * i) == 0);
	CHECK(net_link_room(c) == 0);
	CHECK(ask(c, i, UTC_SECOND) == CU_EBUSY);
	RUN(server_end.messages == NET_WINDOW);
	RUN(answers == NET_WINDOW);
	CHECK(answers == NET_WINDOW && answer_rc == CU_ETIME);
	/* The peer still owes these answers. */
	CHECK(net_link_room(c) == 0);
	for (i = 0; i < NET_WINDOW; i++)
		answer(server_end.link, server_end.ids[i]);
	CHECK(net_link_answer_error(server_end.link, server_end.ids[0], "x",
	    "y") == CU_ESTATE);		/* only once */
	RUN(net_link_room(c) == NET_WINDOW);
	CHECK(net_link_room(c) == NET_WINDOW && answers == NET_WINDOW);
	/* Its server reads on. */
	server_end.keep = false;
	CHECK(ask(c, 99, UTC_SECOND) == 0);
	RUN(answers > NET_WINDOW);
	CHECK(answer_rc == 0 && answer_index == 165);
	net_link_free(c);
	net_link_server_free(s);
}

static void
streaming(void)
{
	struct net_link_server *s = serve();
	static uint8_t big[NET_BLOB_MAX];
	struct net_link *c;
	struct net_out m;
	int i;

	gate_conf.use = NET_USE_FOLLOW;
	REQUIRE(net_link_dial(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	RUN(client_end.ready && server_end.ready);
	net_out_init(&m, NET_FOLLOW);
	jw_dec(&m.w, "from", 0);
	CHECK(net_link_send(c, &m) == 0);
	RUN(server_end.messages);
	CHECK(server_end.last == NET_FOLLOW);
	for (i = 0; i < 2; i++) {
		net_out_init(&m, NET_ENTRIES);
		jw_dec(&m.w, "first", 0);
		net_out_part(&m, big, 5);
		net_out_part(&m, big, sizeof(big) - 5);
		CHECK(net_link_send(server_end.link, &m) == 0);
	}
	CHECK(net_link_pending(server_end.link) > 2 * sizeof(big));
	net_out_init(&m, NET_HEAD);
	net_out_part(&m, big, sizeof(big));
	CHECK(net_link_send(server_end.link, &m) == CU_ELIMIT);
	RUN(client_end.messages == 2 && server_end.drains);
	CHECK(client_end.messages == 2 && server_end.drains == 1);
	CHECK(client_end.last_part == sizeof(big) - 5);
	/* What does not belong on this connection ends it. */
	CHECK(ask(c, 1, UTC_SECOND) == 0);
	RUN(server_end.closed);
	CHECK_STR(server_end.why, "a message that this peer may not send");
	net_link_free(c);
	net_link_server_free(s);
}

static void
refusals(void)
{
	static uint8_t other[32] = { 8 };
	struct net_link_server *s = serve();
	struct net_link *c;

	gate_conf.genesis = other;
	REQUIRE(net_link_once(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	RUN(client_end.closed);
	CHECK_STR(client_end.why,
	    "the peer says genesis: another genesis digest");
	net_link_free(c);
	gate_conf.genesis = genesis;
	gate_conf.origin = "p";
	REQUIRE(net_link_once(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	client_end.closed = 0;
	RUN(client_end.closed);
	CHECK_STR(client_end.why, "the peer says origin: another log's origin");
	net_link_free(c);
	gate_conf.origin = "o";
	server_end.refuse = true;
	REQUIRE(net_link_once(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	client_end.closed = 0;
	RUN(client_end.closed);
	CHECK_STR(client_end.why, "the peer says instance: not registered");
	CHECK(client_end.ready == 0 && server_end.ready == 0);
	net_link_free(c);
	net_link_server_free(s);
}

static void
command_line(void)
{
	struct net_link_server *s = serve();
	struct net_link_conf cli = { .role = NET_ROLE_CLI,
	    .use = NET_USE_TALK };
	struct net_link *c;
	struct net_out m;

	REQUIRE(net_link_once(&c, loop, path, &cli, &ops, &client_end) == 0);
	RUN(client_end.ready && server_end.ready);
	REQUIRE(client_end.ready && server_end.ready);
	CHECK(net_link_hello(server_end.link)->instance == NULL);
	CHECK(!net_link_prove(c, sign_key_public(keeper_key)));
	CHECK(memcmp(net_link_hello(c)->genesis, genesis, 32) == 0);
	net_out_init(&m, NET_ASK);
	jw_str(&m.w, "what", "head");
	answers = 0;
	CHECK(net_link_ask(c, &m, UTC_SECOND, on_answer, NULL) == 0);
	RUN(answers);
	CHECK(answers == 1 && answer_rc == 0);
	/* It may only act and ask. */
	CHECK(ask(c, 1, UTC_SECOND) == 0);
	RUN(server_end.closed);
	CHECK_STR(server_end.why, "a message that this peer may not send");
	RUN(client_end.closed);
	CHECK(answers == 2 && answer_rc == CU_EIO);
	net_link_free(c);
	net_link_server_free(s);
}

static void
freed_in_callback(void)
{
	struct net_link_server *s = serve();
	struct net_link *c;

	REQUIRE(net_link_once(&c, loop, path, &gate_conf, &ops, &client_end) ==
	    0);
	RUN(client_end.ready && server_end.ready);
	server_end.free_on_message = true;
	answers = 0;
	CHECK(ask(c, 1, UTC_SECOND) == 0 && ask(c, 2, UTC_SECOND) == 0);
	RUN(client_end.closed);
	CHECK(server_end.messages == 1 && answers == 2);
	CHECK(answer_rc == CU_EIO);
	net_link_free(c);
	net_link_server_free(s);
}

static void
add_frame(struct buf *b, const char *json)
{
	buf_be(b, 4, strlen(json));
	buf_be(b, 4, 0);
	buf_str(b, json);
}

/* Who asks and asks and does not read is not answered without end. */
static void
unread_answers(void)
{
	static char in[65536];
	struct net_link_server *s = serve();
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char text[64];
	size_t sum = 0;
	struct buf b;
	ssize_t got;
	int fd, i;

	server_end.large = true;
	buf_init(&b, 65536);
	add_frame(&b, "{\"kind\":\"hello\",\"v\":1,\"role\":\"cli\","
	    "\"use\":\"talk\",\"instance\":null,\"build\":\"\","
	    "\"origin\":\"\",\"genesis\":null,\"start\":0,\"size\":\"0\","
	    "\"window\":64,\"spool\":0,\"nonce\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	CHECK(write(fd, b.p, b.len) == (ssize_t)b.len);
	RUN(server_end.ready);
	buf_reset(&b);
	for (i = 1; i <= 200; i++) {
		snprintf(text, sizeof(text), "{\"kind\":\"ask\",\"id\":\"%d\","
		    "\"what\":\"x\"}", i);
		add_frame(&b, text);
	}
	/* In one piece, which the socket takes at once. */
	CHECK(write(fd, b.p, b.len) == (ssize_t)b.len);
	buf_fini(&b);
	for (i = 0; i < 20; i++)
		net_loop_step(loop, 5);
	CHECK(server_end.messages > 10 && server_end.messages < 60);
	for (i = 0; i < 1000 && sum < 200 * 60000; i++) {
		while ((got = recv(fd, in, sizeof(in), MSG_DONTWAIT)) > 0)
			sum += (size_t)got;
		net_loop_step(loop, 5);
	}
	CHECK(server_end.messages == 200 && sum >= 200 * 60000);
	close(fd);
	RUN(server_end.closed);
	net_link_server_free(s);
}

/* Bytes of a stranger. */
static void
strangers(void)
{
	static const struct { const char *bytes; size_t n; const char *why; }
	row[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18, "json_len" },
		{ "\0\0\0\0\0\0\0\0", 8, "json_len" },
		{ "\0\0\0\2\2\0\0\1{}", 10, "blob_len" },
		{ "\0\0\0\2\0\0\0\0{}", 10, "unknown kind" },
		{ "\0\0\0\x1c\0\0\0\0{\"kind\":\"follow\",\"from\":\"7\"}", 36,
		    "a message before hello and proof" },
	};
	struct net_link_server *s = serve();
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t i;
	char c;
	int fd;

	strcpy(un.sun_path, path);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		REQUIRE(connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
		CHECK(write(fd, row[i].bytes, row[i].n) ==
		    (ssize_t)row[i].n);
		server_end.closed = 0;
		RUN(server_end.closed);
		CHECK_STR(server_end.why, row[i].why);
		CHECK(read(fd, &c, 1) <= 0);
		close(fd);
	}
	/* A second server finds the place taken; after a crash it does not. */
	struct net_link_server *t;
	CHECK(net_link_listen(&t, loop, path, &keeper_conf, &ops, on_accept,
	    &server_end, NULL) == CU_EBUSY);
	net_link_server_free(s);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
	close(fd);
	CHECK(net_link_listen(&t, loop, path, &keeper_conf, &ops, on_accept,
	    &server_end, NULL) == 0);
	net_link_server_free(t);
}

/* Somebody between the two, with certificates that both believe. */
static struct relay {
	struct net_tls *server, *client;
	struct net_stream *in, *out;
	uint16_t port;
	bool open[2];
} relay;

static void
relay_move(void)
{
	struct net_stream *s[] = { relay.in, relay.out };
	struct buf *b;
	unsigned int i;

	if (!relay.open[0] || !relay.open[1])
		return;
	for (i = 0; i < 2; i++) {
		b = net_stream_in(s[i]);
		CHECK(net_stream_write(s[1 - i], b->p, b->len) == 0);
		buf_drop(b, b->len);
	}
}

static void
relay_open(void *cookie)
{
	relay.open[(uintptr_t)cookie] = true;
	relay_move();
}

static void
relay_data(void *cookie)
{
	(void)cookie;
	relay_move();
}

static void
relay_end(void *cookie, enum net_end e, const char *why)
{
	(void)e, (void)why;
	relay.open[(uintptr_t)cookie] = false;
}

static const struct net_stream_ops relay_ops = {
	relay_open, relay_data, NULL, relay_end
};

static void
relay_accept(void *cookie, int fd, const char *peer)
{
	(void)cookie, (void)peer;
	if (relay.in != NULL) {
		close(fd);
		return;
	}
	CHECK(net_stream_accept(&relay.in, loop, relay.server, fd, &relay_ops,
	    (void *)0) == 0);
	CHECK(net_stream_connect(&relay.out, loop, relay.client, "127.0.0.1",
	    relay.port, &relay_ops, (void *)1) == 0);
}

static void
dial_address(struct net_link **c, uint16_t port)
{
	char where[32];

	snprintf(where, sizeof(where), "127.0.0.1:%u", port);
	REQUIRE(net_link_dial(c, loop, where, &gate_conf, &ops, &client_end) ==
	    0);
	client_end.link = *c;
}

/* The keeper at an address: whom it takes, and that no relay stands between. */
static void
over_tls(void)
{
	char dir[] = "/tmp/test-net_link.XXXXXX", cmd[64];
	struct net_link_server *s = NULL;
	struct net_listen *between;
	struct certmake *ca, *other;
	struct cu_why why = { "" };
	struct net_link *c;
	struct net_tls *alien;

	REQUIRE(mkdtemp(dir) != NULL);
	ca = pki_ca(dir, "ca");
	other = pki_ca(dir, "other");
	pki_local(dir, ca, "keeper-1", NULL, 0);
	pki_local(dir, ca, "gate-1", NULL, 0);
	pki_local(dir, other, "gate-9", NULL, 0);
	relay.server = pki_tls(dir, "keeper-1", "ca", true);
	relay.client = pki_tls(dir, "gate-1", "ca", false);
	alien = pki_tls(dir, "gate-9", "ca", false);
	net_link_server_free(serve());		/* sets what ends are */
	CHECK(net_link_listen(&s, loop, "127.0.0.1:0", &keeper_conf, &ops,
	    on_accept, &server_end, &why) == CU_EMALFORMED);
	CHECK(net_link_dial(&c, loop, "127.0.0.1:1", &gate_conf, &ops,
	    &client_end) == CU_EMALFORMED);
	keeper_conf.tls = relay.server;
	gate_conf.tls = relay.client;
	REQUIRE(net_link_listen(&s, loop, "127.0.0.1:0", &keeper_conf, &ops,
	    on_accept, &server_end, &why) == 0);
	relay.port = net_link_port(s);

	dial_address(&c, relay.port);
	RUN(client_end.ready && server_end.ready);
	REQUIRE(client_end.ready == 1 && server_end.ready == 1);
	CHECK(net_link_uid(server_end.link) == NET_UID_NONE);
	CHECK(net_link_named(server_end.link, "gate-1"));
	CHECK(!net_link_named(server_end.link, "gate-2"));
	CHECK(net_link_named(c, "keeper-1"));
	CHECK(net_link_prove(server_end.link, sign_key_public(gate_key)));
	CHECK(net_link_prove(c, sign_key_public(keeper_key)));
	answers = 0;
	CHECK(ask(c, 1, UTC_SECOND) == 0);
	RUN(answers);
	CHECK(answers == 1 && answer_rc == 0);
	net_link_free(c);
	RUN(server_end.closed);

	/* Through a relay all is the same, but what was signed. */
	REQUIRE(net_listen_tcp(&between, loop, "127.0.0.1:0", relay_accept,
	    NULL, &why) == 0);
	client_end.ready = server_end.ready = server_end.closed = 0;
	dial_address(&c, net_listen_port(between));
	RUN(client_end.ready && server_end.ready);
	REQUIRE(client_end.ready == 1 && server_end.ready == 1);
	CHECK(net_link_named(server_end.link, "gate-1"));
	CHECK(!net_link_prove(server_end.link, sign_key_public(gate_key)));
	CHECK(!net_link_prove(c, sign_key_public(keeper_key)));
	net_link_free(c);
	net_stream_free(relay.in);
	net_stream_free(relay.out);
	net_listen_free(between);
	RUN(server_end.closed);

	/* Who has no certificate of that CA is never heard of. */
	gate_conf.tls = alien;
	server_end.hellos = server_end.closed = client_end.closed = 0;
	dial_address(&c, relay.port);
	RUN(client_end.closed);
	CHECK(client_end.closed > 0);
	CHECK(server_end.hellos == 0 && server_end.closed == 0);
	net_link_free(c);
	net_link_server_free(s);
	keeper_conf.tls = NULL;
	net_tls_unref(relay.server);
	net_tls_unref(relay.client);
	net_tls_unref(alien);
	certmake_free(ca);
	certmake_free(other);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	CHECK(system(cmd) == 0);
}

int
main(void)
{
	uint8_t seed[32] = { 1 };

	snprintf(path, sizeof(path), "/tmp/test-net_link.%ld", (long)getpid());
	if (net_loop_create(&loop) != 0 ||
	    sign_key_create(&keeper_key, seed) != 0)
		return (1);
	seed[0] = 2;
	if (sign_key_create(&gate_key, seed) != 0)
		return (1);
	keeper_conf.key = keeper_key;
	CHECK_RUN(beginning);
	CHECK_RUN(window_and_deadline);
	CHECK_RUN(streaming);
	CHECK_RUN(refusals);
	CHECK_RUN(command_line);
	CHECK_RUN(freed_in_callback);
	CHECK_RUN(unread_answers);
	CHECK_RUN(strangers);
	CHECK_RUN(over_tls);
	sign_key_free(keeper_key);
	sign_key_free(gate_key);
	net_loop_free(loop);
	return (check_done());
}
