/*
 * src/net/net_stream.c: bytes over TCP with TLS, or over a UNIX socket
 *
 * Not libevent's own TLS streams: whether a byte of a command has left is the
 * difference between "not sent" and "in doubt", and only who calls SSL_write
 * knows it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "net/net_loop.h"
#include "net/net_loop_int.h"
#include "net/net_stream.h"
#include "net/net_tls_int.h"

#define IN_MAX		((size_t)96 << 20)	/* largest net_stream_want */
#define OUT_MAX		((size_t)128 << 20)
#define STEP_MAX	((size_t)256 << 10)	/* read in one turn */
#define KEEP_MAX	((size_t)1 << 20)	/* kept when empty */
#define LINGER_MAX	((size_t)4 << 20)	/* thrown away after good-bye */
#define LINGER_US	(2 * UTC_SECOND)
#define CERT_MAX	65536
#define WHY_MAX		160

enum state {
	RESOLVING, CONNECTING, HANDSHAKE, OPEN,
	LINGER,			/* we have said good-bye; wait for the peer's */
	ENDING,			/* on_end is due from the kick */
	ENDED
};

struct net_stream {
	struct net_loop *loop;
	const struct net_stream_ops *ops;
	void *cookie;
	enum state state;
	int fd;
	struct net_watch *watch;
	struct net_timer *kick, *linger;
	struct net_resolve *resolve;
	struct net_sockaddr addr[NET_RESOLVE_MAX];
	size_t addr_n, addr_i;
	struct net_tls *tls;
	SSL *ssl;
	bool server, paused, finishing, touched, sent;
	bool read_wants_write, write_wants_read;
	unsigned int busy;	/* callbacks under way */
	bool dead;		/* freed inside one of them */
	struct buf in, out;
	size_t out_off, want, thrown;
	uint8_t *cert;
	size_t cert_len;
	uint8_t pin[NET_PIN_LEN];
	enum net_end end;
	char why[WHY_MAX];
	char peer[NET_ADDR_MAX];
};

static int ex_stream = -1;	/* index of the stream in an SSL */

static void step(struct net_stream *);

/* Everything but the memory and what the owner may still look at. */
static void
shut(struct net_stream *s)
{
	net_resolve_free(s->resolve);
	s->resolve = NULL;
	net_watch_free(s->watch);
	s->watch = NULL;
	if (s->ssl != NULL)
		SSL_free(s->ssl);
	s->ssl = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
destroy(struct net_stream *s)
{
	shut(s);
	net_timer_free(s->kick);
	net_timer_free(s->linger);
	net_tls_unref(s->tls);
	buf_wipe(&s->in);
	buf_wipe(&s->out);
	free(s->cert);
	free(s);
}

void
net_stream_free(struct net_stream *s)
{
	if (s == NULL)
		return;
	if (s->busy > 0) {
		s->dead = true;
		s->state = ENDED;
		shut(s);
		return;
	}
	destroy(s);
}

/* Call ${fn}; false if the owner freed the stream meanwhile. */
static bool
call(struct net_stream *s, void (*fn)(void *))
{
	s->busy++;
	fn(s->cookie);
	s->busy--;
	return (!s->dead);
}

/* The end, whose telling is put off so that no caller is surprised. */
static void
end(struct net_stream *s, enum net_end why, const char *text)
{
	if (s->state >= ENDING)
		return;
	s->state = ENDING;
	s->end = why;
	snprintf(s->why, sizeof(s->why), "%s", text);
	if (s->watch != NULL)
		net_watch_set(s->watch, 0);
	net_timer_set(s->kick, 0);
}

static void
tell_end(struct net_stream *s)
{
	s->state = ENDED;
	shut(s);
	s->busy++;
	s->ops->on_end(s->cookie, s->end, s->why);
	s->busy--;
}

/* What the present state waits for. */
static void
rewatch(struct net_stream *s)
{
	unsigned int what = 0;

	if (s->watch == NULL || s->state >= ENDING)
		return;
	switch (s->state) {
	case CONNECTING:
		what = NET_WRITE;
		break;
	case HANDSHAKE:
		what = SSL_want_write(s->ssl) ? NET_WRITE : NET_READ;
		break;
	case OPEN:
		if (!s->paused && (s->in.len < NET_STREAM_IN ||
		    s->in.len < s->want))
			what |= s->read_wants_write ? NET_WRITE : NET_READ;
		if (s->out.len > s->out_off)
			what |= s->write_wants_read ? NET_READ : NET_WRITE;
		break;
	default:
		what = NET_READ;
		break;
	}
	if (net_watch_set(s->watch, what) != 0)
		end(s, NET_END_CUT, "cannot watch the connection");
}

/* Watch again; OpenSSL may hold input that the descriptor does not show. */
static void
read_on(struct net_stream *s)
{
	rewatch(s);
	if (!s->paused && s->state == OPEN && s->ssl != NULL &&
	    SSL_pending(s->ssl) > 0)
		net_timer_set(s->kick, 0);
}

static int
keep_cert(struct net_stream *s, X509 *x)
{
	unsigned char *der = NULL;
	int n;

	if (s->cert != NULL)
		return (0);
	if ((n = i2d_X509(x, &der)) <= 0 || n > CERT_MAX) {
		OPENSSL_free(der);
		return (CU_ECRYPTO);
	}
	if ((s->cert = malloc((size_t)n)) != NULL) {
		memcpy(s->cert, der, (size_t)n);
		s->cert_len = (size_t)n;
		digest(s->pin, der, (size_t)n);
	}
	OPENSSL_free(der);
	return (s->cert == NULL ? CU_ENOMEM : 0);
}

/* Keep the peer's own certificate even where it is not trusted. */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct net_stream *s = SSL_get_ex_data(ssl, ex_stream);
	X509 *x = X509_STORE_CTX_get0_cert(ctx);

	if (x != NULL && keep_cert(s, x) != 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
		return (0);
	}
	return (ok);
}

/* The session must name the host that was dialled, in its SAN. */
static int
name_host(struct net_stream *s, const char *host)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(s->ssl);

	X509_VERIFY_PARAM_set_hostflags(p,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1)
		return (0);
	ERR_clear_error();
	if (SSL_set1_host(s->ssl, host) != 1 ||
	    SSL_set_tlsext_host_name(s->ssl, host) != 1)
		return (CU_ECRYPTO);
	return (0);
}

static int
start_tls(struct net_stream *s, const char *host)
{
	if (ex_stream < 0)
		ex_stream = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (ex_stream < 0 ||
	    (s->ssl = SSL_new(net_tls_ctx(s->tls))) == NULL ||
	    SSL_set_ex_data(s->ssl, ex_stream, s) != 1)
		return (CU_ENOMEM);
	SSL_set_verify(s->ssl, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	if (s->server) {
		SSL_set_accept_state(s->ssl);
		return (0);
	}
	SSL_set_connect_state(s->ssl);
	return (name_host(s, host));
}

static void
on_kick(void *cookie)
{
	struct net_stream *s = cookie;

	if (s->state == ENDING) {
		tell_end(s);
		if (s->dead)
			destroy(s);
		return;
	}
	step(s);
}

static void
on_watch(void *cookie, unsigned int what)
{
	(void)what;
	step(cookie);
}

static void
on_linger(void *cookie)
{
	end(cookie, NET_END_EOF, "closed");
}

static int
create(struct net_stream **out, struct net_loop *loop, struct net_tls *tls,
    const struct net_stream_ops *ops, void *cookie)
{
	struct net_stream *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->loop = loop;
	s->ops = ops;
	s->cookie = cookie;
	s->fd = -1;
	s->tls = net_tls_ref(tls);
	buf_init(&s->in, IN_MAX);
	buf_init(&s->out, OUT_MAX);
	if (net_timer_create(&s->kick, loop, on_kick, s) != 0 ||
	    net_timer_create(&s->linger, loop, on_linger, s) != 0) {
		destroy(s);
		return (CU_ENOMEM);
	}
	*out = s;
	return (0);
}

static void
show_peer(struct net_stream *s, const struct sockaddr *sa)
{
	char text[NET_ADDR_MAX];

	net_addr_text(text, sa);
	memcpy(s->peer, text, sizeof(text));
}

/* Go on with the next address; none left: nobody is there. */
static void
connect_next(struct net_stream *s)
{
	const struct net_sockaddr *a;
	int one = 1;

	while (s->addr_i < s->addr_n) {
		a = &s->addr[s->addr_i++];
		net_watch_free(s->watch);
		s->watch = NULL;
		if (s->fd >= 0)
			close(s->fd);
		s->fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
		if (s->fd < 0)
			continue;
		show_peer(s, (const struct sockaddr *)&a->ss);
		if (a->ss.ss_family != AF_UNIX)
			setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one,
			    sizeof(one));
		if (connect(s->fd, (const struct sockaddr *)&a->ss, a->len) !=
		    0 && errno != EINPROGRESS)
			continue;
		if (net_watch_create(&s->watch, s->loop, s->fd, on_watch, s) !=
		    0)
			continue;
		s->state = CONNECTING;
		rewatch(s);
		return;
	}
	end(s, NET_END_CONNECT, "cannot connect");
}

static void
on_resolved(void *cookie, const struct net_sockaddr *addr, size_t n)
{
	struct net_stream *s = cookie;

	memcpy(s->addr, addr, n * sizeof(*addr));
	s->addr_n = n;
	net_resolve_free(s->resolve);
	s->resolve = NULL;
	if (n == 0)
		end(s, NET_END_RESOLVE, "the name has no address");
	else
		connect_next(s);
}

int
net_stream_connect(struct net_stream **out, struct net_loop *loop,
    struct net_tls *tls, const char *host, uint16_t port,
    const struct net_stream_ops *ops, void *cookie)
{
	struct net_stream *s;
	int rc;

	if ((rc = create(&s, loop, tls, ops, cookie)) != 0)
		return (rc);
	if (tls != NULL && (rc = start_tls(s, host)) != 0)
		goto err;
	if ((rc = net_resolve(&s->resolve, loop, host, port, on_resolved, s)) !=
	    0)
		goto err;
	*out = s;
	return (0);

err:	destroy(s);
	return (rc);
}

int
net_stream_unix(struct net_stream **out, struct net_loop *loop,
    const char *path, const struct net_stream_ops *ops, void *cookie)
{
	struct net_stream *s;
	struct sockaddr_un *un;
	int rc;

	if (strlen(path) >= sizeof(un->sun_path))
		return (CU_ELIMIT);
	if ((rc = create(&s, loop, NULL, ops, cookie)) != 0)
		return (rc);
	un = (struct sockaddr_un *)&s->addr[0].ss;
	un->sun_family = AF_UNIX;
	text_put(un->sun_path, path);
	s->addr[0].len = sizeof(*un);
	s->addr_n = 1;
	connect_next(s);
	*out = s;
	return (0);
}

int
net_stream_accept(struct net_stream **out, struct net_loop *loop,
    struct net_tls *tls, int fd, const struct net_stream_ops *ops,
    void *cookie)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct net_stream *s;
	int rc, one = 1;

	if ((rc = create(&s, loop, tls, ops, cookie)) != 0) {
		close(fd);
		return (rc);
	}
	s->fd = fd;
	s->server = true;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == 0)
		show_peer(s, (struct sockaddr *)&ss);
	if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((rc = net_watch_create(&s->watch, loop, fd, on_watch, s)) != 0)
		goto err;
	if (tls != NULL && (rc = start_tls(s, NULL)) != 0)
		goto err;
	s->state = tls != NULL ? HANDSHAKE : CONNECTING;
	rewatch(s);
	*out = s;
	return (0);

err:	destroy(s);
	return (rc);
}

/* Name the reason OpenSSL gives, which holds nothing of the peer's text. */
static void
end_tls(struct net_stream *s, bool handshake)
{
	unsigned long e = ERR_peek_error();
	const char *reason = ERR_reason_error_string(e);
	long verify = SSL_get_verify_result(s->ssl);
	int r = ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0;

	if (handshake && (r == SSL_R_CERTIFICATE_VERIFY_FAILED ||
	    r == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE))
		end(s, NET_END_IDENTITY, verify == X509_V_OK ?
		    "no certificate" : X509_verify_cert_error_string(verify));
	else if (r == SSL_R_UNEXPECTED_EOF_WHILE_READING || e == 0)
		end(s, handshake ? NET_END_TLS : NET_END_CUT,
		    "closed without good-bye");
	else
		end(s, NET_END_TLS, reason != NULL ? reason : "TLS failed");
	ERR_clear_error();
}

static void
shake(struct net_stream *s)
{
	X509 *x;
	int rc, e;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(s->ssl)) != 1) {
		e = SSL_get_error(s->ssl, rc);
		if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
			rewatch(s);
		else
			end_tls(s, true);
		return;
	}
	if ((x = SSL_get1_peer_certificate(s->ssl)) == NULL ||
	    SSL_get_verify_result(s->ssl) != X509_V_OK || keep_cert(s, x) != 0)
		end(s, NET_END_IDENTITY, "no certificate");
	else
		s->state = OPEN;
	X509_free(x);
}

/* Take what a read or write call says when it did not succeed. */
static void
io_failed(struct net_stream *s, int rc, bool writing)
{
	int e = SSL_get_error(s->ssl, rc);

	if (e == SSL_ERROR_WANT_READ)
		s->write_wants_read = writing;
	else if (e == SSL_ERROR_WANT_WRITE)
		s->read_wants_write = !writing;
	else if (e == SSL_ERROR_ZERO_RETURN)
		end(s, NET_END_EOF, "closed by the peer");
	else if (e == SSL_ERROR_SYSCALL && ERR_peek_error() == 0)
		end(s, NET_END_CUT, "connection reset");
	else
		end_tls(s, false);
}

/* One read of at most ${n} bytes: its length, or 0 if there is none now. */
static size_t
read_some(struct net_stream *s, uint8_t *p, size_t n)
{
	ssize_t got;
	int rc;

	if (s->ssl != NULL) {
		ERR_clear_error();
		s->read_wants_write = false;
		if ((rc = SSL_read(s->ssl, p, (int)n)) > 0)
			return ((size_t)rc);
		io_failed(s, rc, false);
		return (0);
	}
	if ((got = recv(s->fd, p, n, 0)) > 0)
		return ((size_t)got);
	if (got == 0)
		end(s, NET_END_EOF, "closed by the peer");
	else if (errno != EAGAIN && errno != EINTR)
		end(s, NET_END_CUT, "connection reset");
	return (0);
}

static void
flush(struct net_stream *s)
{
	size_t n;
	ssize_t put;
	int rc;

	while (s->state == OPEN && (n = s->out.len - s->out_off) > 0) {
		if (n > 1 << 20)
			n = 1 << 20;
		if (s->ssl != NULL) {
			ERR_clear_error();
			s->write_wants_read = false;
			/* Whatever it returns, a part may be on the wire. */
			s->touched = true;
			rc = SSL_write(s->ssl, s->out.p + s->out_off, (int)n);
			if (rc <= 0) {
				io_failed(s, rc, true);
				return;
			}
			put = rc;
		} else {
			put = send(s->fd, s->out.p + s->out_off, n,
			    MSG_NOSIGNAL);
			if (put < 0) {
				if (errno != EAGAIN && errno != EINTR)
					end(s, NET_END_CUT, "connection reset");
				return;
			}
			s->touched = true;
		}
		s->out_off += (size_t)put;
		s->sent = true;
	}
	if (s->out.len == s->out_off) {
		if (s->out.cap > KEEP_MAX)
			buf_fini(&s->out);
		buf_reset(&s->out);
		s->out_off = 0;
	} else if (s->out_off > KEEP_MAX && s->out_off > s->out.len / 2) {
		buf_drop(&s->out, s->out_off);
		s->out_off = 0;
	}
}

/* Everything is sent: say so to the peer, and wait for its own end. */
static void
say_goodbye(struct net_stream *s)
{
	if (s->ssl != NULL) {
		ERR_clear_error();
		SSL_shutdown(s->ssl);
		ERR_clear_error();
	}
	shutdown(s->fd, SHUT_WR);
	/* A close with unread input would reset what we have just sent. */
	s->state = LINGER;
	net_timer_set(s->linger, LINGER_US);
	rewatch(s);
}

static void
throw_away(struct net_stream *s)
{
	uint8_t trash[4096];
	ssize_t n;

	while ((n = recv(s->fd, trash, sizeof(trash), 0)) > 0) {
		s->thrown += (size_t)n;
		if (s->thrown > LINGER_MAX)
			break;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end(s, NET_END_EOF, "closed");
}

/* Read what there is, within bounds.  True: there is something new. */
static bool
fill(struct net_stream *s)
{
	uint8_t piece[16384];
	size_t n, got = 0;

	while (s->state == OPEN && !s->paused && got < STEP_MAX &&
	    (s->in.len < NET_STREAM_IN || s->in.len < s->want)) {
		if ((n = read_some(s, piece, sizeof(piece))) == 0)
			break;
		buf_add(&s->in, piece, n);
		if (s->in.rc != 0) {
			end(s, NET_END_CUT, "too much input");
			break;
		}
		got += n;
	}
	return (got > 0);
}

static void
step_open(struct net_stream *s)
{
	bool had;

	flush(s);
	had = fill(s);
	/* What came before the end still counts: it may be a whole answer. */
	if (had && !call(s, s->ops->on_data))
		return;
	if (s->in.len == 0 && s->in.cap > KEEP_MAX)
		buf_fini(&s->in);
	if (s->sent && s->state != ENDED) {
		s->sent = false;
		if (s->ops->on_drain != NULL && !call(s, s->ops->on_drain))
			return;
	}
	if (s->state != OPEN)
		return;
	if (s->finishing && s->out.len == s->out_off) {
		say_goodbye(s);
		return;
	}
	if (had)
		read_on(s);
	else
		rewatch(s);
}

static void
step_state(struct net_stream *s)
{
	socklen_t len = sizeof(int);
	int e = 0;

	if (s->state == CONNECTING) {
		if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0 ||
		    e != 0) {
			connect_next(s);
			return;
		}
		s->state = OPEN;
		if (s->ssl != NULL) {
			if (SSL_set_fd(s->ssl, s->fd) != 1) {
				end(s, NET_END_TLS, "cannot start TLS");
				return;
			}
			s->state = HANDSHAKE;
		}
	} else if (s->state == HANDSHAKE && SSL_get_fd(s->ssl) < 0 &&
	    SSL_set_fd(s->ssl, s->fd) != 1) {
		end(s, NET_END_TLS, "cannot start TLS");
		return;
	}
	if (s->state == HANDSHAKE)
		shake(s);
	if (s->state != OPEN)
		return;
	if (call(s, s->ops->on_open) && s->state == OPEN)
		step_open(s);
}

static void
step(struct net_stream *s)
{
	s->busy++;
	if (s->state == OPEN)
		step_open(s);
	else if (s->state == LINGER)
		throw_away(s);
	else if (s->state < OPEN && s->state != RESOLVING)
		step_state(s);
	s->busy--;
	if (s->dead)
		destroy(s);
}

struct buf *
net_stream_in(struct net_stream *s)
{
	return (&s->in);
}

void
net_stream_pause(struct net_stream *s, bool yes)
{
	if (s->paused == yes)
		return;
	s->paused = yes;
	read_on(s);
}

void
net_stream_want(struct net_stream *s, size_t n)
{
	s->want = n;
	read_on(s);
}

int
net_stream_write(struct net_stream *s, const void *p, size_t n)
{
	if (s->state >= LINGER || s->finishing)
		return (CU_ESTATE);
	buf_add(&s->out, p, n);
	if (s->out.rc != 0) {
		/* A part would be worse than nothing. */
		end(s, NET_END_CUT, "too much output");
		return (s->out.rc);
	}
	rewatch(s);
	return (0);
}

size_t
net_stream_pending(const struct net_stream *s)
{
	return (s->out.len - s->out_off);
}

bool
net_stream_touched(const struct net_stream *s)
{
	return (s->touched);
}

void
net_stream_mark(struct net_stream *s)
{
	s->touched = false;
}

bool
net_stream_alive(struct net_stream *s)
{
	char c;
	int rc;

	if (s->state != OPEN || s->finishing)
		return (false);
	if (s->ssl == NULL)
		return (recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) != 0);
	ERR_clear_error();
	if ((rc = SSL_peek(s->ssl, &c, 1)) > 0)
		return (true);
	rc = SSL_get_error(s->ssl, rc);
	ERR_clear_error();
	return (rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE);
}

void
net_stream_finish(struct net_stream *s)
{
	if (s->state != OPEN) {
		end(s, NET_END_EOF, "closed");
		return;
	}
	s->finishing = true;
	s->paused = true;
	net_timer_set(s->kick, 0);
}

const char *
net_stream_peer(const struct net_stream *s)
{
	return (s->peer);
}

int
net_stream_uid(const struct net_stream *s, unsigned int *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &cred,
	    &len) != 0 || cred.uid == (uid_t)-1)
		return (CU_EIO);
	*uid = cred.uid;
	return (0);
}

const uint8_t *
net_stream_cert(const struct net_stream *s, size_t *len)
{
	*len = s->cert_len;
	return (s->cert);
}

int
net_stream_exporter(const struct net_stream *s, const char *label,
    uint8_t out[32])
{
	if (s->ssl == NULL || s->state != OPEN)
		return (CU_ESTATE);
	return (SSL_export_keying_material(s->ssl, out, 32, label,
	    strlen(label), NULL, 0, 0) == 1 ? 0 : CU_ECRYPTO);
}

const uint8_t *
net_stream_pin(const struct net_stream *s)
{
	return (s->cert != NULL ? s->pin : NULL);
}
