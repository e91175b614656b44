/* src/x1http/x1http_server.c: takes X1 requests over HTTP/1.1 and TLS */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "x1http/x1http_server.h"

/* The owner's own deadlines are shorter. */
#define REPLY_US	(300 * UTC_SECOND)
#define ANSWER_MAX	((size_t)64 << 20)

enum phase { HANDSHAKE, IDLE, HEAD, BODY, REPLY, ANSWER, OVER };

struct conn {
	struct x1http_server *server;
	struct conn *prev, *next;
	struct net_stream *stream;
	struct net_http *http;
	struct net_timer *timer;	/* of the phase; absolute */
	enum phase phase;
	struct x1http_req *req;		/* in flight */
	char peer[NET_ADDR_MAX];
	unsigned int busy;
	bool dead;
};

struct x1http_server {
	struct net_loop *loop;
	struct x1http_server_conf conf;
	struct net_tls *tls;
	struct net_listen *listen;
	struct conn *first;
	unsigned int conns_n;
};

struct x1http_req {
	struct conn *conn;	/* NULL: the peer has gone */
	enum net_http_path path;
	uint8_t *body, *cert;
	size_t body_len, cert_len;
	uint8_t pin[NET_PIN_LEN];
	char peer[NET_ADDR_MAX];
};

static void
conn_destroy(struct conn *c)
{
	net_stream_free(c->stream);
	net_http_free(c->http);
	net_timer_free(c->timer);
	free(c);
}

/* End a connection; its request stays with the owner until it is answered. */
static void
conn_free(struct conn *c)
{
	if (c->dead)
		return;
	if (c->req != NULL)
		c->req->conn = NULL;
	c->req = NULL;
	if (c->server != NULL) {
		if (c->prev != NULL)
			c->prev->next = c->next;
		else
			c->server->first = c->next;
		if (c->next != NULL)
			c->next->prev = c->prev;
		c->server->conns_n--;
		c->server = NULL;
	}
	if (c->busy > 0) {
		c->dead = true;
		return;
	}
	conn_destroy(c);
}

static void
enter(struct conn *c, enum phase phase)
{
	const struct x1http_server_conf *f = &c->server->conf;

	/* Set once when a phase begins: progress inside buys no time. */
	if (c->phase == phase && phase != HANDSHAKE)
		return;
	c->phase = phase;
	switch (phase) {
	case HANDSHAKE:
		net_timer_set(c->timer, f->handshake);
		break;
	case IDLE:
		net_timer_set(c->timer, f->idle);
		break;
	case HEAD:
		net_timer_set(c->timer, f->head);
		break;
	case BODY:
		net_timer_set(c->timer, f->body);
		break;
	case REPLY:
		net_timer_set(c->timer, REPLY_US);
		break;
	case ANSWER:
	case OVER:
		net_timer_set(c->timer, f->body);
		break;
	}
}

static int
answer(struct conn *c, int status, const void *body, size_t len, bool last)
{
	struct buf b;
	int rc;

	buf_init(&b, ANSWER_MAX);
	net_http_write_answer(&b, status, body, len, last);
	rc = b.rc != 0 ? b.rc : net_stream_write(c->stream, b.p, b.len);
	buf_wipe(&b);
	return (rc);
}

/* The last word of this connection. */
static void
refuse(struct conn *c, int status)
{
	const struct x1http_server_conf *f = &c->server->conf;

	if (status != 503 && f->on_bad != NULL) {
		c->busy++;
		f->on_bad(f->cookie, c->peer, status);
		c->busy--;
		if (c->dead) {
			if (c->busy == 0)
				conn_destroy(c);
			return;
		}
	}
	answer(c, status, NULL, 0, true);
	enter(c, OVER);
	net_stream_finish(c->stream);
}

static int
make_request(struct conn *c)
{
	struct x1http_req *r;
	const uint8_t *der;
	size_t len;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (CU_ENOMEM);
	der = net_stream_cert(c->stream, &len);
	if (der == NULL || (r->cert = malloc(len)) == NULL ||
	    (r->body = net_http_take(c->http, &r->body_len)) == NULL) {
		free(r->cert);
		free(r);
		return (CU_ENOMEM);
	}
	memcpy(r->cert, der, len);
	r->cert_len = len;
	memcpy(r->pin, net_stream_pin(c->stream), sizeof(r->pin));
	memcpy(r->peer, c->peer, sizeof(r->peer));
	r->path = net_http_path(c->http);
	r->conn = c;
	c->req = r;
	return (0);
}

/* Read requests that are there; one at a time is in flight. */
static void
serve(struct conn *c)
{
	struct buf *in;
	size_t used;
	int rc;

	c->busy++;
	while (!c->dead && c->req == NULL && c->phase < REPLY) {
		in = net_stream_in(c->stream);
		rc = net_http_feed(c->http, in->p, in->len, &used, NULL);
		buf_drop(in, used);
		if (rc == NET_HTTP_E_HEAD) {
			enter(c, BODY);
			/* One that has sent its body does not wait for this. */
			if (net_http_expects(c->http) && in->len == 0)
				answer(c, 100, NULL, 0, false);
		} else if (rc == NET_HTTP_E_DONE) {
			if (make_request(c) != 0) {
				refuse(c, 503);
				break;
			}
			enter(c, REPLY);
			net_stream_pause(c->stream, true);
			c->server->conf.on_request(c->server->conf.cookie,
			    c->req);
		} else if (rc < 0) {
			refuse(c, net_http_status(c->http));
		} else {
			if (net_http_started(c->http) && c->phase == IDLE)
				enter(c, HEAD);
			break;
		}
	}
	c->busy--;
	if (c->dead && c->busy == 0)
		conn_destroy(c);
}

static void
tell_refused(struct conn *c, const char *why)
{
	const struct x1http_server_conf *f = &c->server->conf;

	if (f->on_refused == NULL)
		return;
	c->busy++;
	f->on_refused(f->cookie, c->peer, why);
	c->busy--;
}

static void
on_open(void *cookie)
{
	struct conn *c = cookie;
	const uint8_t *pin = net_stream_pin(c->stream), *other;
	unsigned int same = 0;
	struct conn *i;

	for (i = c->server->first; i != NULL; i = i->next) {
		other = net_stream_pin(i->stream);
		if (i != c && other != NULL && i->phase != HANDSHAKE &&
		    memcmp(other, pin, NET_PIN_LEN) == 0)
			same++;
	}
	if (same >= c->server->conf.conns_cert) {
		tell_refused(c, "too many connections of one certificate");
		if (c->dead)
			conn_destroy(c);
		else
			conn_free(c);
		return;
	}
	enter(c, IDLE);
}

static void
on_data(void *cookie)
{
	serve(cookie);
}

static void
on_end(void *cookie, enum net_end e, const char *why)
{
	struct conn *c = cookie;

	(void)e;
	if (c->phase == HANDSHAKE)
		tell_refused(c, why);
	if (c->dead)
		conn_destroy(c);
	else
		conn_free(c);
}

/* The answer has left: now for the next request. */
static void
on_drain(void *cookie)
{
	struct conn *c = cookie;

	if (c->phase != ANSWER || net_stream_pending(c->stream) > 0)
		return;
	net_http_reset(c->http);
	enter(c, IDLE);
	net_stream_pause(c->stream, false);
	serve(c);
}

static const struct net_stream_ops stream_ops = {
	on_open, on_data, on_drain, on_end
};

static void
on_timer(void *cookie)
{
	struct conn *c = cookie;

	switch (c->phase) {
	case HANDSHAKE:
		on_end(c, NET_END_TLS, "the handshake took too long");
		return;
	case HEAD:
	case BODY:
		refuse(c, 408);
		return;
	case IDLE:
		enter(c, OVER);
		net_stream_finish(c->stream);
		return;
	default:
		conn_free(c);
		return;
	}
}

/*
 * All places are taken: the oldest that has shown no certificate yet loses
 * its own.  Addresses cost a stranger nothing, and a real peer is through its
 * handshake before so many new ones can have come.
 */
static bool
make_room(struct x1http_server *s)
{
	struct conn *i, *oldest = NULL;

	if (s->conns_n < s->conf.conns)
		return (true);
	for (i = s->first; i != NULL; i = i->next)
		if (i->phase == HANDSHAKE)
			oldest = i;
	if (oldest == NULL)
		return (false);
	on_end(oldest, NET_END_TLS, "no certificate yet, and no room");
	return (s->conns_n < s->conf.conns);
}

static void
on_accept(void *cookie, int fd, const char *peer)
{
	struct x1http_server *s = cookie;
	struct conn *c, *i;
	unsigned int same = 0;

	for (i = s->first; i != NULL; i = i->next)
		same += strcmp(i->peer, peer) == 0;
	if (same >= s->conf.conns_addr || !make_room(s)) {
		close(fd);
		if (s->conf.on_refused != NULL)
			s->conf.on_refused(s->conf.cookie, peer,
			    "too many connections");
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	if (net_http_request(&c->http, s->conf.body_max) != 0 ||
	    net_timer_create(&c->timer, s->loop, on_timer, c) != 0) {
		close(fd);
		conn_destroy(c);
		return;
	}
	if (net_stream_accept(&c->stream, s->loop, s->tls, fd, &stream_ops,
	    c) != 0) {
		conn_destroy(c);
		return;
	}
	strncpy(c->peer, peer, sizeof(c->peer) - 1);
	c->server = s;
	c->next = s->first;
	if (c->next != NULL)
		c->next->prev = c;
	s->first = c;
	s->conns_n++;
	enter(c, HANDSHAKE);
}

static void
set_default(utc_us *t, utc_us v)
{
	if (*t == 0)
		*t = v;
}

int
x1http_server_create(struct x1http_server **out, struct net_loop *loop,
    const struct x1http_server_conf *conf, struct cu_why *why)
{
	struct x1http_server *s;
	int rc;

	if (conf->tls == NULL) {
		cu_why_set(why, "%s: X1 needs TLS", conf->listen);
		return (CU_EMALFORMED);
	}
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->loop = loop;
	s->conf = *conf;
	s->conf.listen = NULL;
	if (s->conf.body_max == 0)
		s->conf.body_max = NET_HTTP_REQUEST_MAX;
	if (s->conf.conns == 0)
		s->conf.conns = 1024;
	if (s->conf.conns_addr == 0)
		s->conf.conns_addr = 64;
	if (s->conf.conns_cert == 0)
		s->conf.conns_cert = 32;
	set_default(&s->conf.handshake, 10 * UTC_SECOND);
	set_default(&s->conf.head, 10 * UTC_SECOND);
	set_default(&s->conf.body, 30 * UTC_SECOND);
	set_default(&s->conf.idle, 120 * UTC_SECOND);
	rc = net_listen_tcp(&s->listen, loop, conf->listen, on_accept, s, why);
	if (rc != 0) {
		free(s);
		return (rc);
	}
	s->tls = net_tls_ref(conf->tls);
	*out = s;
	return (0);
}

void
x1http_server_free(struct x1http_server *s)
{
	if (s == NULL)
		return;
	net_listen_free(s->listen);
	while (s->first != NULL)
		conn_free(s->first);
	net_tls_unref(s->tls);
	free(s);
}

uint16_t
x1http_server_port(const struct x1http_server *s)
{
	return (net_listen_port(s->listen));
}

enum net_http_path
x1http_req_path(const struct x1http_req *r)
{
	return (r->path);
}

const uint8_t *
x1http_req_body(const struct x1http_req *r, size_t *len)
{
	*len = r->body_len;
	return (r->body);
}

const uint8_t *
x1http_req_cert(const struct x1http_req *r, size_t *len)
{
	*len = r->cert_len;
	return (r->cert);
}

const uint8_t *
x1http_req_pin(const struct x1http_req *r)
{
	return (r->pin);
}

const char *
x1http_req_peer(const struct x1http_req *r)
{
	return (r->peer);
}

bool
x1http_req_alive(const struct x1http_req *r)
{
	return (r->conn != NULL);
}

void
x1http_reply(struct x1http_req *r, int status, const void *body, size_t len)
{
	struct conn *c = r->conn;
	bool last;

	if (c != NULL) {
		last = net_http_closes(c->http);
		c->req = NULL;
		if (answer(c, status, body, len, last) != 0 || last) {
			enter(c, OVER);
			net_stream_finish(c->stream);
		} else {
			/* Who does not read gets nothing more to read. */
			enter(c, ANSWER);
		}
	}
	explicit_bzero(r->body, r->body_len);
	free(r->body);
	free(r->cert);
	free(r);
}
