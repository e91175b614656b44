/* src/x1http/test-x1http.c: both ends of X1 over loopback and real TLS */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "net/net_tls.h"
#include "pki.h"
#include "x1http/x1http_client.h"
#include "x1http/x1http_server.h"

static struct net_loop *loop;
static char dir[] = "/tmp/test-x1http.XXXXXX";
static struct net_tls *server_tls, *client_tls, *other_tls, *foreign_tls,
    *stranger_tls;

#define RUN(what) do {							\
	utc_us end_ = utc_mono() + 4 * UTC_SECOND;			\
	while (!(what) && utc_mono() < end_)				\
		net_loop_step(loop, 20);				\
} while (0)

/* What the server saw, and how it answers. */
static struct {
	struct x1http_server *s;
	struct x1http_server_conf conf;
	char url[64];
	int requests, refused;
	char body[64], refused_why[128];
	size_t body_len;
	uint8_t pin[32];
	enum net_http_path path;
	bool hold;
	struct x1http_req *held, *held_before;
	int status;
} sv;

static void
on_request(void *cookie, struct x1http_req *r)
{
	const uint8_t *p = x1http_req_body(r, &sv.body_len);
	size_t n;

	(void)cookie;
	sv.requests++;
	snprintf(sv.body, sizeof(sv.body), "%.*s", (int)sv.body_len,
	    (const char *)p);
	memcpy(sv.pin, x1http_req_pin(r), 32);
	sv.path = x1http_req_path(r);
	CHECK(x1http_req_cert(r, &n) != NULL && n > 100);
	CHECK_STR(x1http_req_peer(r), "127.0.0.1");
	if (sv.hold) {
		sv.held_before = sv.held;
		sv.held = r;
	} else
		x1http_reply(r, sv.status, "<r/>", sv.status == 403 ? 0 : 4);
}

static void
on_refused(void *cookie, const char *address, const char *why)
{
	(void)cookie;
	CHECK_STR(address, "127.0.0.1");
	sv.refused++;
	snprintf(sv.refused_why, sizeof(sv.refused_why), "%s", why);
}

static void
serve(void)
{
	struct cu_why why = { "" };
	struct x1http_server_conf conf = sv.conf;

	memset(&sv, 0, sizeof(sv));
	sv.status = 200;
	conf.listen = "127.0.0.1:0";
	conf.tls = server_tls;
	conf.on_request = on_request;
	conf.on_refused = on_refused;
	if (!CHECK(x1http_server_create(&sv.s, loop, &conf, &why) == 0))
		printf("# %s\n", why.text);
	snprintf(sv.url, sizeof(sv.url), "https://localhost:%u/X1/NE",
	    (unsigned int)x1http_server_port(sv.s));
}

/* What came of the calls. */
static struct {
	int done, asked, deny;
	struct x1http_result r;
	char body[64];
	struct x1http_peer *free_in_done;
} cl;

static int
before(void *cookie)
{
	(void)cookie;
	cl.asked++;
	return (cl.deny);
}

static void
done(void *cookie, const struct x1http_result *r)
{
	(void)cookie;
	cl.done++;
	cl.r = *r;
	snprintf(cl.body, sizeof(cl.body), "%.*s", (int)r->body_len,
	    r->body != NULL ? (const char *)r->body : "");
	x1http_peer_free(cl.free_in_done);
}

static const struct x1http_call_ops ops = { before, done };

static struct x1http_peer *
peer(struct net_tls *tls, const void *pins, size_t n)
{
	struct x1http_peer_conf conf = { .url = sv.url, .tls = tls,
	    .pins = pins, .pins_n = n };
	struct x1http_peer *p = NULL;

	memset(&cl, 0, sizeof(cl));
	CHECK(x1http_peer_create(&p, loop, &conf, NULL) == 0);
	return (p);
}

static void
post(struct x1http_peer *p, const char *body, utc_us wait)
{
	CHECK(x1http_call(NULL, p, body, strlen(body), utc_mono() + wait, &ops,
	    NULL) == 0);
}

static void
plain_exchange(void)
{
	static char big[NET_HTTP_REQUEST_MAX + 1];
	uint8_t pins[2][32] = { { 0 } };
	struct x1http_peer *p;
	int i;

	serve();
	p = peer(client_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	CHECK(cl.done == 0);
	RUN(cl.done);
	CHECK(cl.done == 1 && cl.asked == 1);
	CHECK(cl.r.fate == X1HTTP_ANSWERED && cl.r.status == 200);
	CHECK(cl.r.has_pin && cl.r.cert_len > 100);
	CHECK(cl.r.sent_at > 0 && cl.r.answered_at >= cl.r.sent_at);
	CHECK_STR(cl.body, "<r/>");
	CHECK_STR(sv.body, "<q/>");
	CHECK(sv.path == NET_HTTP_NE);
	memcpy(pins[1], cl.r.pin, 32);
	/* The same connection serves many, and an empty 403 is an answer. */
	sv.status = 403;
	for (i = 0; i < 5; i++)
		post(p, "<q/>", UTC_SECOND);
	CHECK(x1http_peer_busy(p) == 5);
	RUN(cl.done == 6);
	CHECK(cl.done == 6 && sv.requests == 6 && sv.refused == 0);
	CHECK(cl.r.status == 403 && cl.r.body_len == 0);
	CHECK(x1http_peer_busy(p) == 0);
	/* Bodies at the limit and over it. */
	memset(big, 'x', sizeof(big));
	CHECK(x1http_call(NULL, p, big, NET_HTTP_REQUEST_MAX, utc_mono() +
	    2 * UTC_SECOND, &ops, NULL) == 0);
	RUN(cl.done == 7);
	CHECK(cl.r.status == 403 && sv.body_len == NET_HTTP_REQUEST_MAX);
	CHECK(x1http_call(NULL, p, big, sizeof(big), utc_mono() +
	    2 * UTC_SECOND, &ops, NULL) == 0);
	RUN(cl.done == 8);
	CHECK(cl.r.fate == X1HTTP_ANSWERED && cl.r.status == 413);
	CHECK(sv.requests == 7);
	/* It goes on after that on a new connection. */
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done == 9);
	CHECK(cl.r.fate == X1HTTP_ANSWERED && sv.requests == 8);
	x1http_peer_free(p);
	/* Pins: the second of two fits; a wrong one is found before a byte. */
	p = peer(client_tls, pins, 2);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_ANSWERED);
	x1http_peer_free(p);
	p = peer(client_tls, pins, 1);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_IDENTITY);
	CHECK(cl.asked == 0 && cl.r.has_pin);
	CHECK_MEM(cl.r.pin, pins[1], 32);
	CHECK(sv.requests == 9);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
}

static void
identities(void)
{
	struct x1http_peer *p;

	serve();
	/* Nobody listens at this address. */
	snprintf(sv.url, sizeof(sv.url), "https://127.0.0.2:%u/X1/NE",
	    (unsigned int)x1http_server_port(sv.s));
	p = peer(client_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_UNSENT);
	CHECK(cl.r.why == X1HTTP_WHY_CONNECT);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
	net_tls_unref(server_tls);
	server_tls = net_tls_ref(other_tls);
	/* A certificate of the right CA that names another host. */
	serve();
	p = peer(client_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done && sv.refused);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_IDENTITY);
	CHECK(cl.r.has_pin && sv.requests == 0);
	x1http_peer_free(p);
	/* A client under another CA: neither believes the other. */
	p = peer(foreign_tls, NULL, 0);
	sv.refused = 0;
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done && sv.refused);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_IDENTITY);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
	/*
	 * The server refuses us, but in TLS 1.3 says so only after our side is
	 * done with the handshake: a first byte may have left by then.  One
	 * call is one try.
	 */
	net_tls_unref(server_tls);
	server_tls = pki_tls(dir, "server", "ca", true);
	serve();
	p = peer(stranger_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done && sv.refused);
	CHECK(cl.r.fate != X1HTTP_ANSWERED && cl.r.status == 0);
	CHECK(cl.r.why == X1HTTP_WHY_TLS);
	net_loop_step(loop, 50);
	CHECK(sv.requests == 0 && sv.refused == 1);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
}

/* A socket of our own, to misbehave with. */
static int
dial(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(x1http_server_port(sv.s)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return (fd);
}

static SSL_CTX *
raw_ctx(const char *cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char path[256];

	if (cert != NULL) {
		snprintf(path, sizeof(path), "%s/%s.pem", dir, cert);
		CHECK(SSL_CTX_use_certificate_chain_file(ctx, path) == 1);
		snprintf(path, sizeof(path), "%s/%s.key", dir, cert);
		CHECK(SSL_CTX_use_PrivateKey_file(ctx, path,
		    SSL_FILETYPE_PEM) == 1);
	}
	return (ctx);
}

/* Drive a raw TLS client; its last outcome of SSL_get_error. */
static int
drive(SSL *ssl, int (*op)(SSL *))
{
	utc_us end = utc_mono() + 4 * UTC_SECOND;
	int rc, e = SSL_ERROR_NONE;

	while (utc_mono() < end) {
		if ((rc = op(ssl)) > 0)
			return (SSL_ERROR_NONE);
		e = SSL_get_error(ssl, rc);
		if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
			return (e);
		net_loop_step(loop, 5);
	}
	return (e);
}

static char got[4096];

static int
read_more(SSL *ssl)
{
	size_t n = strlen(got);
	int rc = SSL_read(ssl, got + n, (int)(sizeof(got) - n - 1));

	if (rc > 0)
		got[n + (size_t)rc] = '\0';
	return (rc);
}

/* Write ${text}, and read until the server closes or ${until} is there. */
static const char *
talk(SSL *ssl, const char *text, const char *until)
{
	got[0] = '\0';
	CHECK(SSL_write(ssl, text, (int)strlen(text)) == (int)strlen(text));
	while (until == NULL || strstr(got, until) == NULL)
		if (drive(ssl, read_more) != SSL_ERROR_NONE)
			break;
	return (got);
}

#define HEAD "POST /X1/NE HTTP/1.1\r\nHost: h\r\n"

static SSL *
raw_dial(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, dial());
	return (ssl);
}

static SSL *
raw_connect(SSL_CTX *ctx)
{
	SSL *ssl = raw_dial(ctx);

	CHECK(drive(ssl, SSL_connect) == SSL_ERROR_NONE);
	return (ssl);
}

static void
raw_close(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static void
raw_serve(void)
{
	sv.conf.handshake = sv.conf.head = sv.conf.body = 300000;
	sv.conf.idle = 600000;
	serve();
}

static void
raw_end(void)
{
	x1http_server_free(sv.s);
	memset(&sv.conf, 0, sizeof(sv.conf));
}

static void
raw_requests(void)
{
	static const unsigned char h2[] = "\2h2\10http/1.1";
	const unsigned char *alpn;
	unsigned int n;
	SSL_CTX *ctx;
	SSL *ssl;

	raw_serve();
	ctx = raw_ctx("client");
	SSL_CTX_set_alpn_protos(ctx, h2, sizeof(h2) - 1);
	ssl = raw_connect(ctx);
	SSL_get0_alpn_selected(ssl, &alpn, &n);
	CHECK(n == 8 && memcmp(alpn, "http/1.1", 8) == 0);
	/* Head and body apart, asked to continue; then two at once. */
	talk(ssl, HEAD "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n",
	    "\r\n\r\n");
	CHECK_STR(got, "HTTP/1.1 100 Continue\r\n\r\n");
	talk(ssl, "x", "<r/>");
	CHECK_STR(got, "HTTP/1.1 200 OK\r\n"
	    "Content-Type: application/xml; charset=UTF-8\r\n"
	    "Content-Length: 4\r\n\r\n<r/>");
	talk(ssl, HEAD "Content-Length: 1\r\n\r\ny" HEAD
	    "Content-Length: 1\r\nConnection: close\r\n\r\nz", NULL);
	CHECK(sv.requests == 3 && sv.body[0] == 'z');
	CHECK(strstr(got, "Connection: close\r\n") != NULL);
	raw_close(ssl);
	/* A smuggled second length; then nothing more is read. */
	ssl = raw_connect(ctx);
	talk(ssl, HEAD "Content-Length: 1\r\nContent-Length: 9\r\n\r\ny" HEAD,
	    NULL);
	CHECK(strncmp(got, "HTTP/1.1 400 ", 13) == 0 && sv.requests == 3);
	raw_close(ssl);
	SSL_CTX_free(ctx);
	raw_end();
}

/* A large request behind a small one, in one piece and more than is read. */
static void
raw_large_behind(void)
{
	static const char small[] = HEAD "Content-Length: 1\r\n\r\ny",
	    head[] = HEAD "Content-Length: 66000\r\nConnection: close\r\n\r\n";
	static char large[sizeof(head) + 66000];
	SSL_CTX *ctx;
	SSL *ssl;

	raw_serve();
	sv.hold = true;
	ctx = raw_ctx("client");
	ssl = raw_connect(ctx);
	memcpy(large, head, sizeof(head) - 1);
	memset(large + sizeof(head) - 1, 'x', 66000);
	/* A record of its own: after it the server's input is full. */
	CHECK(SSL_write(ssl, small, sizeof(small) - 1) > 0);
	CHECK(SSL_write(ssl, large, sizeof(large) - 1) > 0);
	RUN(sv.requests == 1);
	/* Answered later, when nothing that is new makes it look. */
	net_loop_step(loop, 20);
	sv.hold = false;
	x1http_reply(sv.held, 200, "<r/>", 4);
	for (got[0] = '\0'; drive(ssl, read_more) == SSL_ERROR_NONE;)
		;
	CHECK(sv.requests == 2 && sv.body_len == 66000);
	CHECK(strstr(got, " 408 ") == NULL);
	raw_close(ssl);
	SSL_CTX_free(ctx);
	raw_end();
}

static size_t taken;

static int
take_some(SSL *ssl)
{
	static char piece[65536];
	int rc = SSL_read(ssl, piece, sizeof(piece));

	if (rc > 0)
		taken += (size_t)rc;
	return (rc);
}

/* Who does not read its answer is not read on, and then dropped. */
static void
raw_slow_reader(void)
{
	static char large[8 << 20];
	static const char twice[] = HEAD "Content-Length: 1\r\n\r\ny" HEAD
	    "Content-Length: 1\r\n\r\nz";
	SSL_CTX *ctx;
	SSL *ssl;
	int i;

	raw_serve();
	sv.hold = true;
	ctx = raw_ctx("client");
	ssl = raw_connect(ctx);
	CHECK(SSL_write(ssl, twice, sizeof(twice) - 1) > 0);
	RUN(sv.requests == 1);
	x1http_reply(sv.held, 200, large, sizeof(large));
	for (i = 0; i < 10; i++)
		net_loop_step(loop, 5);
	CHECK(sv.requests == 1);
	for (taken = 0; taken < sizeof(large);)
		if (drive(ssl, take_some) != SSL_ERROR_NONE)
			break;
	RUN(sv.requests == 2);
	CHECK(sv.requests == 2 && sv.body[0] == 'z');
	x1http_reply(sv.held, 200, large, sizeof(large));
	for (i = 0; i < 20; i++)
		net_loop_step(loop, 25);
	for (taken = 0; taken < sizeof(large);)
		if (drive(ssl, take_some) != SSL_ERROR_NONE)
			break;
	CHECK(taken < sizeof(large));
	raw_close(ssl);
	SSL_CTX_free(ctx);
	raw_end();
}

static void
raw_waits(void)
{
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;

	raw_serve();
	ctx = raw_ctx("client");
	/* A body that drips: the phase ends when it ends. */
	ssl = raw_connect(ctx);
	talk(ssl, HEAD "Content-Length: 9\r\n\r\ny", NULL);
	CHECK(strncmp(got, "HTTP/1.1 408 ", 13) == 0);
	raw_close(ssl);
	/* Idle: closed without a word. */
	ssl = raw_connect(ctx);
	got[0] = '\0';
	CHECK(drive(ssl, read_more) == SSL_ERROR_ZERO_RETURN && got[0] == 0);
	raw_close(ssl);
	SSL_CTX_free(ctx);
	/* Clear text, and a handshake that never comes. */
	sv.refused = 0;
	fd = dial();
	CHECK(write(fd, HEAD, strlen(HEAD)) == (ssize_t)strlen(HEAD));
	RUN(sv.refused == 1);
	close(fd);
	fd = dial();
	RUN(sv.refused == 2);
	CHECK_STR(sv.refused_why, "the handshake took too long");
	close(fd);
	raw_end();
}

static void
raw_handshakes(void)
{
	static const unsigned char only[] = "\2h2";
	SSL_CTX *ctx;
	SSL *ssl;

	raw_serve();
	/* h2 alone is refused in the handshake; TLS 1.1, too. */
	sv.refused = 0;
	ctx = raw_ctx("client");
	SSL_CTX_set_alpn_protos(ctx, only, sizeof(only) - 1);
	ssl = raw_dial(ctx);
	CHECK(drive(ssl, SSL_connect) == SSL_ERROR_SSL);
	RUN(sv.refused == 1);
	CHECK(sv.refused == 1);
	raw_close(ssl);
	SSL_CTX_free(ctx);
	ctx = raw_ctx("client");
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	ssl = raw_dial(ctx);
	CHECK(drive(ssl, SSL_connect) == SSL_ERROR_SSL);
	RUN(sv.refused == 2);
	CHECK(sv.refused == 2);
	raw_close(ssl);
	SSL_CTX_free(ctx);
	/* TLS 1.2 is taken; sessions are never resumed. */
	ctx = raw_ctx("client");
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	ssl = raw_connect(ctx);
	CHECK(!SSL_SESSION_is_resumable(SSL_get0_session(ssl)));
	raw_close(ssl);
	SSL_CTX_free(ctx);
	/* No certificate. */
	ctx = raw_ctx(NULL);
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	sv.refused = 0;
	ssl = raw_dial(ctx);
	CHECK(drive(ssl, SSL_connect) == SSL_ERROR_SSL);
	RUN(sv.refused == 1);
	CHECK_STR(sv.refused_why, "no certificate");
	raw_close(ssl);
	SSL_CTX_free(ctx);
	raw_end();
}

static void
quotas(void)
{
	struct x1http_peer *a, *b, *c;
	int fd[4], i;

	sv.conf.conns_cert = 1;
	sv.conf.conns_addr = 3;
	serve();
	a = peer(client_tls, NULL, 0);
	sv.conf = (struct x1http_server_conf){ .conns_cert = 0 };
	post(a, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_ANSWERED);
	/* A second connection of that certificate. */
	b = peer(client_tls, NULL, 0);
	post(b, "<q/>", UTC_SECOND);
	RUN(cl.done && sv.refused);
	CHECK(cl.r.fate != X1HTTP_ANSWERED && sv.requests == 1);
	CHECK_STR(sv.refused_why, "too many connections of one certificate");
	sv.refused = 0;
	for (i = 0; i < 4; i++)
		fd[i] = dial();
	RUN(sv.refused >= 2);
	CHECK_STR(sv.refused_why, "too many connections");
	for (i = 0; i < 4; i++)
		close(fd[i]);
	c = peer(client_tls, NULL, 0);
	x1http_peer_free(a);
	x1http_peer_free(b);
	x1http_peer_free(c);
	x1http_server_free(sv.s);
}

/* Connections that show no certificate keep out none that does. */
static void
strangers_make_room(void)
{
	struct x1http_peer *p;
	int fd[3], i;
	char c;

	sv.conf.conns = 3;
	serve();
	sv.conf = (struct x1http_server_conf){ .conns = 0 };
	for (i = 0; i < 3; i++) {
		fd[i] = dial();
		net_loop_step(loop, 50);
	}
	CHECK(sv.refused == 0);
	p = peer(client_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_ANSWERED && sv.requests == 1);
	CHECK(sv.refused == 1);
	CHECK_STR(sv.refused_why, "no certificate yet, and no room");
	/* The oldest; the others are still open. */
	CHECK(recv(fd[0], &c, 1, 0) == 0);
	CHECK(recv(fd[1], &c, 1, 0) < 0 && errno == EAGAIN);
	for (i = 0; i < 3; i++)
		close(fd[i]);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
}

static void
fates(void)
{
	struct x1http_peer *p;
	struct x1http_call *k;
	int i;

	serve();
	p = peer(client_tls, NULL, 0);
	/* Refused at the last moment. */
	cl.deny = 1;
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_STOPPED);
	CHECK(cl.asked == 1 && sv.requests == 0 && cl.r.sent_at == 0);
	cl.deny = 0;
	/* The deadline passes after it was sent: in doubt. */
	sv.hold = true;
	post(p, "<q/>", 200000);
	RUN(cl.done == 2);
	CHECK(sv.requests == 1 && sv.held != NULL);
	CHECK(cl.r.fate == X1HTTP_DOUBT && cl.r.why == X1HTTP_WHY_TIMEOUT);
	CHECK(cl.r.sent_at > 0 && cl.r.answered_at == 0);
	x1http_reply(sv.held, 200, "<late/>", 7);	/* to nobody */
	/* Cancelled while it waits; two are held, the third has no place. */
	sv.held = sv.held_before = NULL;
	for (i = 0; i < 2; i++)
		post(p, "<q/>", UTC_SECOND);
	CHECK(x1http_call(&k, p, "<q/>", 4, utc_mono() + UTC_SECOND, &ops,
	    NULL) == 0);
	RUN(sv.requests == 3);
	CHECK(cl.done == 2 && x1http_call_cancel(k) == 0 && cl.done == 2);
	RUN(cl.done == 3);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_STOPPED);
	RUN(cl.done == 5);
	CHECK(cl.r.fate == X1HTTP_DOUBT && sv.requests == 3);
	x1http_peer_free(p);
	x1http_server_free(sv.s);
	/* They outlive their connection and even the server. */
	CHECK(!x1http_req_alive(sv.held));
	x1http_reply(sv.held, 200, NULL, 0);
	x1http_reply(sv.held_before, 200, NULL, 0);
	/* Nobody there; and the server has gone away in between. */
	p = peer(client_tls, NULL, 0);
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done);
	CHECK(cl.r.fate == X1HTTP_UNSENT && cl.r.why == X1HTTP_WHY_CONNECT);
	x1http_peer_free(p);
}

/* A connection that the server closed between requests costs nothing. */
static void
idle_close(void)
{
	struct x1http_peer *p;
	int i;

	sv.conf.idle = 100000;
	serve();
	sv.conf.idle = 0;
	p = peer(client_tls, NULL, 0);
	for (i = 1; i <= 3; i++) {
		post(p, "<q/>", UTC_SECOND);
		RUN(cl.done == i);
		CHECK(cl.r.fate == X1HTTP_ANSWERED);
		usleep(150000);		/* the close is on the wire unseen */
		net_loop_step(loop, 1);
	}
	CHECK(sv.requests == 3);
	cl.free_in_done = p;
	post(p, "<q/>", UTC_SECOND);
	RUN(cl.done == 4);
	CHECK(cl.done == 4);
	x1http_server_free(sv.s);
}

/* An element that says what it likes, over TLS. */
static struct {
	struct net_listen *l;
	struct net_stream *s;
	const char *says;
	bool cut;
} el;

static void
el_open(void *cookie)
{
	(void)cookie;
}

static void
el_data(void *cookie)
{
	(void)cookie;
	if (net_stream_in(el.s)->len < 4 || el.says == NULL)
		return;
	net_stream_write(el.s, el.says, strlen(el.says));
	el.says = NULL;
	if (el.cut)
		net_stream_finish(el.s);
}

static void
el_end(void *cookie, enum net_end e, const char *why)
{
	(void)cookie, (void)e, (void)why;
	net_stream_free(el.s);
	el.s = NULL;
}

static const struct net_stream_ops el_ops = { el_open, el_data, NULL, el_end };

static void
el_accept(void *cookie, int fd, const char *peer_text)
{
	(void)cookie, (void)peer_text;
	net_stream_free(el.s);
	CHECK(net_stream_accept(&el.s, loop, server_tls, fd, &el_ops, NULL) ==
	    0);
}

static void
elements(void)
{
	static const struct {
		const char *says;
		enum x1http_fate fate;
		enum x1http_why why;
		int status;
		const char *body;
	} row[] = {
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab"
		    "\r\n1\r\nc\r\n0\r\n\r\n", X1HTTP_ANSWERED, 0, 200, "abc" },
		{ "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 500 E\r\nContent-Length: 1"
		    "\r\n\r\nx", X1HTTP_ANSWERED, 0, 500, "x" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 "
		    "OK\r\nContent-Length: 1\r\n\r\ny", X1HTTP_ANSWERED, 0,
		    200, "x" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx", X1HTTP_DOUBT,
		    X1HTTP_WHY_CUT, 0, "" },
		{ "HTTP/1.1 200 OK\r\n\r\nx", X1HTTP_DOUBT, X1HTTP_WHY_HTTP, 0,
		    "" },
		{ "SSH-2.0-x\r\n", X1HTTP_DOUBT, X1HTTP_WHY_HTTP, 0, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\n",
		    X1HTTP_DOUBT, X1HTTP_WHY_LIMIT, 0, "" },
		{ "", X1HTTP_DOUBT, X1HTTP_WHY_CUT, 0, "" },
	};
	struct x1http_peer *p;
	size_t i;

	REQUIRE(net_listen_tcp(&el.l, loop, "127.0.0.1:0", el_accept, NULL,
	    NULL) == 0);
	snprintf(sv.url, sizeof(sv.url), "https://127.0.0.1:%u/X1/NE",
	    (unsigned int)net_listen_port(el.l));
	p = peer(client_tls, NULL, 0);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		el.says = row[i].says;
		el.cut = row[i].why == X1HTTP_WHY_CUT;
		cl.done = 0;
		post(p, "<q/>", 2 * UTC_SECOND);
		RUN(cl.done);
		CHECK_ROW(cl.done == 1 && cl.r.fate == row[i].fate,
		    row[i].says);
		CHECK_ROW(cl.r.why == row[i].why, row[i].says);
		CHECK_ROW(cl.r.status == row[i].status, row[i].says);
		CHECK_STR(cl.body, row[i].body);
	}
	x1http_peer_free(p);
	net_listen_free(el.l);
	net_stream_free(el.s);
}

static void
urls(void)
{
	static const struct { const char *url, *host; unsigned int port; }
	good[] = {
		{ "https://h/X1/NE", "h", 443 },
		{ "https://h:8443/X1/ADMF", "h", 8443 },
		{ "https://[2001:db8::1]:1/X1/NE", "2001:db8::1", 1 },
		{ "https://[::1]/X1/NE", "::1", 443 },
	};
	static const char *const bad[] = {
		"http://h/X1/NE", "https://h", "https://h/", "https://h/X1/ne",
		"https://h/X1/NE/", "https://h/X1/NE?q", "https://h/X1/NE#f",
		"https://u@h/X1/NE", "https://h:0/X1/NE", "https:///X1/NE",
		"https://h:65536/X1/NE", "https://h:/X1/NE", "https://::1/X1/NE",
		"https://h:08/X1/NE", "https://h x/X1/NE", "https://[::1/X1/NE",
		"HTTPS://h/X1/NE", "",
	};
	char host[NET_ADDR_HOST];
	enum net_http_path path;
	uint16_t port;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_ROW(x1http_url(good[i].url, host, &port, &path) == 0,
		    good[i].url);
		CHECK_STR(host, good[i].host);
		CHECK(port == good[i].port);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(x1http_url(bad[i], host, &port, &path) ==
		    CU_EMALFORMED, bad[i]);
}

/* What is wrong with the files is said with the file's name. */
static void
contexts(void)
{
	struct net_tls_conf conf = { "/nonexistent.pem", "k", "c" };
	struct cu_why why;
	struct net_tls *tls;

	CHECK(net_tls_client(&tls, &conf, &why) == CU_ENOENT);
	CHECK(strstr(why.text, "/nonexistent.pem: cannot be read") != NULL);
	conf.cert = conf.ca = pki_file(dir, "client", ".pem");
	conf.key = pki_file(dir, "server", ".key");
	CHECK(net_tls_client(&tls, &conf, &why) == CU_ECRYPTO);
	CHECK(strstr(why.text, "server.key") != NULL);
	conf.key = conf.cert;
	CHECK(net_tls_server(&tls, &conf, &why) == CU_ECRYPTO);
}

int
main(void)
{
	static const char *const elsewhere = "other.example.net";
	struct certmake *ca, *ca2;
	char cmd[64];
	int rc;

	if (mkdtemp(dir) == NULL || net_loop_create(&loop) != 0)
		return (1);
	ca = pki_ca(dir, "ca");
	ca2 = pki_ca(dir, "ca2");
	pki_local(dir, ca, "server", NULL, 0);
	pki_leaf(dir, ca, &(struct certmake_names){ .cn = "client" });
	pki_leaf(dir, ca, &(struct certmake_names){ .cn = "other",
	    .dns = &elsewhere, .dns_n = 1 });
	pki_leaf(dir, ca2, &(struct certmake_names){ .cn = "foreign" });
	server_tls = pki_tls(dir, "server", "ca", true);
	client_tls = pki_tls(dir, "client", "ca", false);
	other_tls = pki_tls(dir, "other", "ca", true);
	foreign_tls = pki_tls(dir, "foreign", "ca2", false);
	stranger_tls = pki_tls(dir, "foreign", "ca", false);
	CHECK_RUN(urls);
	CHECK_RUN(contexts);
	CHECK_RUN(plain_exchange);
	CHECK_RUN(raw_requests);
	CHECK_RUN(raw_large_behind);
	CHECK_RUN(raw_slow_reader);
	CHECK_RUN(raw_waits);
	CHECK_RUN(raw_handshakes);
	CHECK_RUN(quotas);
	CHECK_RUN(strangers_make_room);
	CHECK_RUN(fates);
	CHECK_RUN(idle_close);
	CHECK_RUN(elements);
	CHECK_RUN(identities);
	net_tls_unref(server_tls);
	net_tls_unref(client_tls);
	net_tls_unref(other_tls);
	net_tls_unref(foreign_tls);
	net_tls_unref(stranger_tls);
	certmake_free(ca);
	certmake_free(ca2);
	net_loop_free(loop);
	rc = check_done();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return (system(cmd) != 0 || rc);
}
