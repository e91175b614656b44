/* src/sim/sim_server.c: one request after the other, answered as told */
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "crypto/cert.h"
#include "net/net_http.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "net/net_tls.h"
#include "sim/sim_ne.h"
#include "sim/sim_server.h"

#define CONNS_MAX	64
#define IDLE_US		(600 * UTC_SECOND)

struct conn {
	struct sim_server *server;
	struct conn *next;
	struct net_stream *stream;
	struct net_http *http;
	struct net_timer *timer;	/* idle, or the wait before an answer */
	struct cert *cert;
	struct buf answer;		/* whole, while it waits */
	bool waiting;			/* the answer is due at the timer */
	bool mute;			/* none will come */
	bool last;			/* close behind it */
};

struct sim_server {
	struct net_loop *loop;
	struct sim_server_conf conf;	/* ${listen} is not read again */
	struct net_listen *listen;
	struct net_tls *tls;
	struct conn *conns;
	unsigned int conns_n;
};

static void
conn_free(struct conn *c)
{
	struct conn **p = &c->server->conns;

	while (*p != NULL && *p != c)
		p = &(*p)->next;
	if (*p == c) {
		*p = c->next;
		c->server->conns_n--;
	}
	net_timer_free(c->timer);
	net_stream_free(c->stream);
	net_http_free(c->http);
	cert_free(c->cert);
	buf_fini(&c->answer);
	free(c);
}

static void
on_open(void *cookie)
{
	struct conn *c = cookie;
	const uint8_t *der;
	size_t len;

	if ((der = net_stream_cert(c->stream, &len)) == NULL ||
	    cert_from_der(&c->cert, der, len) != 0)
		conn_free(c);
}

/* How answers leave now; NULL: as they should. */
static const struct sim_manner *
manner(const struct conn *c)
{
	const struct sim_server_conf *conf = &c->server->conf;

	return (conf->manner != NULL ? conf->manner(conf->cookie, c->cert) :
	    NULL);
}

/* Build the HTTP answer to the request that was read.  0, or CU_E*. */
static int
make_answer(struct conn *c)
{
	const struct sim_server_conf *conf = &c->server->conf;
	const struct sim_manner *m = manner(c);
	const uint8_t *body;
	struct buf out;
	size_t len;
	int rc = 0, status = 200;

	body = net_http_body(c->http, &len);
	buf_init(&out, 2 * (size_t)NET_HTTP_ANSWER_MAX);
	if (net_http_path(c->http) != conf->path)
		status = 404;
	else
		rc = conf->answer(conf->cookie, body, len, c->cert, &out);
	if (m != NULL && m->status != 0)
		status = m->status;
	if (m != NULL && m->garbage) {
		buf_reset(&out);
		buf_str(&out, "<html><body>It works!</body></html>\n");
	}
	if (rc == 0)
		net_http_write_answer(&c->answer, status, out.p, out.len,
		    c->last);
	rc = rc != 0 ? rc : c->answer.rc;
	buf_fini(&out);
	return (rc);
}

/* False if the connection is gone. */
static bool
send_answer(struct conn *c)
{
	const struct sim_manner *m = manner(c);
	bool cut = m != NULL && m->cut;
	size_t n = c->answer.len;

	c->waiting = false;
	if (cut)
		n /= 2;
	if (net_stream_write(c->stream, c->answer.p, n) != 0) {
		conn_free(c);
		return (false);
	}
	buf_reset(&c->answer);
	net_http_reset(c->http);
	net_timer_set(c->timer, IDLE_US);
	if (c->last || cut)
		net_stream_finish(c->stream);
	return (true);
}

/* A request is complete.  False if nothing more may be read now. */
static bool
on_request(struct conn *c)
{
	const struct sim_manner *m = manner(c);

	c->last = net_http_closes(c->http);
	/* Executed in any case: silence is about the answer. */
	if (make_answer(c) != 0) {
		conn_free(c);
		return (false);
	}
	if (m != NULL && m->silent) {
		c->mute = true;
		return (false);
	}
	if (m != NULL && m->slow_ms > 0) {
		c->waiting = true;
		net_timer_set(c->timer, (utc_us)m->slow_ms * 1000);
		return (false);
	}
	return (send_answer(c));
}

static void
on_data(void *cookie)
{
	struct conn *c = cookie;
	struct buf *in = net_stream_in(c->stream);
	size_t used;
	int rc;

	while (in->len > 0 && !c->waiting && !c->mute) {
		rc = net_http_feed(c->http, in->p, in->len, &used, NULL);
		buf_drop(in, used);
		if (rc < 0) {
			net_http_write_answer(&c->answer,
			    net_http_status(c->http), NULL, 0, true);
			c->last = true;
			send_answer(c);
			return;
		}
		if (rc == NET_HTTP_E_HEAD && net_http_expects(c->http))
			net_stream_write(c->stream,
			    "HTTP/1.1 100 Continue\r\n\r\n", 25);
		if (rc == NET_HTTP_E_DONE && !on_request(c))
			return;
		if (rc == NET_HTTP_MORE)
			return;
	}
}

static void
on_timer(void *cookie)
{
	struct conn *c = cookie;

	if (!c->waiting)
		conn_free(c);
	else if (send_answer(c))
		on_data(c);
}

static void
on_end(void *cookie, enum net_end end, const char *why)
{
	conn_free(cookie);
}

static const struct net_stream_ops ops = {
	.on_open = on_open, .on_data = on_data, .on_end = on_end,
};

static void
on_accept(void *cookie, int fd, const char *peer)
{
	struct sim_server *s = cookie;
	struct conn *c;

	if (s->conns_n >= CONNS_MAX || (c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return;
	}
	c->server = s;
	buf_init(&c->answer, 2 * (size_t)NET_HTTP_ANSWER_MAX + 4096);
	c->next = s->conns;
	s->conns = c;
	s->conns_n++;
	if (net_stream_accept(&c->stream, s->loop, s->tls, fd, &ops, c) != 0 ||
	    net_http_request(&c->http, NET_HTTP_REQUEST_MAX) != 0 ||
	    net_timer_create(&c->timer, s->loop, on_timer, c) != 0) {
		conn_free(c);
		return;
	}
	net_timer_set(c->timer, IDLE_US);
}

int
sim_server_create(struct sim_server **out, struct net_loop *loop,
    const struct sim_server_conf *conf, struct cu_why *why)
{
	struct sim_server *s;
	int rc;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->loop = loop;
	s->conf = *conf;
	s->tls = net_tls_ref(conf->tls);
	rc = net_listen_tcp(&s->listen, loop, conf->listen, on_accept, s, why);
	if (rc != 0) {
		net_tls_unref(s->tls);
		free(s);
		return (rc);
	}
	*out = s;
	return (0);
}

void
sim_server_free(struct sim_server *s)
{
	if (s == NULL)
		return;
	while (s->conns != NULL)
		conn_free(s->conns);
	net_listen_free(s->listen);
	net_tls_unref(s->tls);
	free(s);
}

void
sim_server_tls(struct sim_server *s, struct net_tls *tls)
{
	while (s->conns != NULL)
		conn_free(s->conns);
	net_tls_ref(tls);
	net_tls_unref(s->tls);
	s->tls = tls;
}

uint16_t
sim_server_port(const struct sim_server *s)
{
	return (net_listen_port(s->listen));
}
