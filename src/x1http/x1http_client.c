/* src/x1http/x1http_client.c: sends X1 requests; nothing is ever sent twice */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "x1http/x1http_client.h"

#define OPEN_US		(30 * UTC_SECOND)	/* to open a connection */
#define REQUEST_MAX	((size_t)32 << 20)
#define HOST_MAX	(NET_ADDR_HOST + 16)
#define CONNS		2
#define IDLE_US		(60 * UTC_SECOND)

enum conn_state { OPENING, READY, BUSY };

struct conn {
	struct x1http_peer *peer;
	struct conn *next;
	struct net_stream *stream;
	struct net_http *http;
	struct net_timer *idle;
	enum conn_state state;
	bool used;			/* its end costs no waiting call */
	struct x1http_call *call;
};

struct x1http_call {
	struct x1http_peer *peer;
	struct x1http_call *next;	/* in the queue */
	struct conn *conn;		/* NULL: it waits */
	struct net_timer *deadline;
	const struct x1http_call_ops *ops;
	void *cookie;
	bool cancelled;
	utc_us sent_at;
	size_t len;
	uint8_t body[];
};

struct x1http_peer {
	struct net_loop *loop;
	struct net_tls *tls;
	char host[NET_ADDR_HOST], named[HOST_MAX];
	uint16_t port;
	enum net_http_path path;
	uint8_t pins[X1HTTP_PINS_MAX][NET_PIN_LEN];
	size_t pins_n;
	bool (*admit)(void *, const uint8_t *, size_t);
	void *cookie;
	unsigned int conns_max, conns_n, busy;
	utc_us idle;
	size_t body_max;
	struct conn *conns;
	struct x1http_call *queue;	/* in order of asking */
	struct x1http_call *running;	/* each on its connection */
	struct net_timer *kick;		/* join calls and connections */
};

const char *
x1http_why_text(enum x1http_why w)
{
	static const char *const text[] = {
		[X1HTTP_WHY_NONE] = "none", [X1HTTP_WHY_CONNECT] = "connect",
		[X1HTTP_WHY_TLS] = "tls", [X1HTTP_WHY_IDENTITY] = "identity",
		[X1HTTP_WHY_TIMEOUT] = "timeout", [X1HTTP_WHY_CUT] = "cut",
		[X1HTTP_WHY_HTTP] = "http", [X1HTTP_WHY_LIMIT] = "limit",
		[X1HTTP_WHY_STOPPED] = "stopped",
		[X1HTTP_WHY_MEMORY] = "memory",
	};

	return ((size_t)w < sizeof(text) / sizeof(text[0]) ? text[w] : "?");
}

int
x1http_url(const char *url, char *host, uint16_t *port,
    enum net_http_path *path)
{
	char where[HOST_MAX];
	const char *p, *slash;
	size_t n;

	if (strncmp(url, "https://", 8) != 0)
		return (CU_EMALFORMED);
	p = url + 8;
	if ((slash = strchr(p, '/')) == NULL)
		return (CU_EMALFORMED);
	if (strcmp(slash, "/X1/NE") == 0)
		*path = NET_HTTP_NE;
	else if (strcmp(slash, "/X1/ADMF") == 0)
		*path = NET_HTTP_ADMF;
	else
		return (CU_EMALFORMED);
	n = (size_t)(slash - p);
	if (n == 0 || n >= sizeof(where) - 5 || strcspn(p, "@?#% \t") < n)
		return (CU_EMALFORMED);
	memcpy(where, p, n);
	where[n] = '\0';
	/* Without a port: that of https. */
	if (where[n - 1] == ']' || strchr(where, ':') == NULL)
		text_copy(where + n, sizeof(where) - n, ":443");
	if (net_addr_split(where, host, port) != 0 || *port == 0)
		return (CU_EMALFORMED);
	for (p = host; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 127)
			return (CU_EMALFORMED);
	return (0);
}

static void
kick(struct x1http_peer *p)
{
	net_timer_set(p->kick, 0);
}

static void
conn_free(struct conn *c)
{
	struct conn **at;

	for (at = &c->peer->conns; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	c->peer->conns_n--;
	net_stream_free(c->stream);
	net_http_free(c->http);
	net_timer_free(c->idle);
	free(c);
}

static void
unlink_call(struct x1http_call *k)
{
	struct x1http_call **at = k->conn != NULL ? &k->peer->running :
	    &k->peer->queue;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->next = NULL;
}

static void
call_free(struct x1http_call *k)
{
	net_timer_free(k->deadline);
	explicit_bzero(k->body, k->len);
	free(k);
}

/*
 * Tell how a call ended.  This is the last thing anyone does in an event: the
 * owner may free the peer in it.  Takes ${body}; ${c} (may be NULL) shows the
 * certificate, and is closed here unless ${keep}.
 */
static void
end_call(struct x1http_call *k, struct conn *c, bool keep,
    struct x1http_result *r, uint8_t *body)
{
	const struct x1http_call_ops *ops = k->ops;
	struct x1http_peer *p = k->peer;
	void *cookie = k->cookie;
	const uint8_t *der;
	uint8_t *copy = NULL;
	size_t len;

	if (c != NULL && (der = net_stream_cert(c->stream, &len)) != NULL) {
		r->has_pin = true;
		memcpy(r->pin, net_stream_pin(c->stream), NET_PIN_LEN);
		if ((copy = malloc(len)) != NULL) {
			memcpy(copy, der, len);
			r->cert = copy;
			r->cert_len = len;
		}
	}
	unlink_call(k);
	p->busy--;
	if (k->conn != NULL)
		k->conn->call = NULL;
	if (c != NULL && !keep)
		conn_free(c);
	call_free(k);
	kick(p);
	r->body = body;
	ops->done(cookie, r);
	if (body != NULL)
		explicit_bzero(body, r->body_len);
	free(body);
	free(copy);
}

/* End one that has no answer: the wire decides between unsent and doubt. */
static void
fail_call(struct x1http_call *k, struct conn *c, enum x1http_why why)
{
	struct x1http_result r = { .fate = X1HTTP_UNSENT, .why = why };

	if (k->conn != NULL && net_stream_touched(k->conn->stream)) {
		r.fate = X1HTTP_DOUBT;
		r.sent_at = k->sent_at;
	}
	end_call(k, c, false, &r, NULL);
}

static bool
pinned(const struct x1http_peer *p, const uint8_t *pin)
{
	size_t i;

	for (i = 0; i < p->pins_n; i++)
		if (memcmp(p->pins[i], pin, NET_PIN_LEN) == 0)
			return (true);
	return (p->pins_n == 0);
}

/*
 * A connection that could not be opened, or ended before it carried anything
 * (in TLS 1.3 a server refuses our certificate only then), costs the first
 * waiting call: else it would be opened again and again until the deadline.
 */
static void
open_failed(struct conn *c, enum x1http_why why)
{
	struct x1http_peer *p = c->peer;

	if (p->queue != NULL)
		fail_call(p->queue, c, why);
	else
		conn_free(c);
}

static bool
admitted(const struct x1http_peer *p, const struct net_stream *stream)
{
	const uint8_t *cert;
	size_t len;

	if (!pinned(p, net_stream_pin(stream)))
		return (false);
	cert = net_stream_cert(stream, &len);
	return (p->admit == NULL ||
	    (cert != NULL && p->admit(p->cookie, cert, len)));
}

static void
on_open(void *cookie)
{
	struct conn *c = cookie;

	if (!admitted(c->peer, c->stream)) {
		open_failed(c, X1HTTP_WHY_IDENTITY);
		return;
	}
	c->state = READY;
	/* Nobody waits any more: its end will be an idle one. */
	c->used = c->peer->queue == NULL;
	net_timer_set(c->idle, c->peer->idle);
	kick(c->peer);
}

static void
answered(struct conn *c)
{
	struct buf *in = net_stream_in(c->stream);
	struct x1http_call *k = c->call;
	struct x1http_result r = { .fate = X1HTTP_ANSWERED };
	uint8_t *body;
	bool keep;

	r.status = net_http_status(c->http);
	r.sent_at = k->sent_at;
	r.answered_at = utc_now();
	/* What follows an answer unasked could be taken for the next one. */
	keep = !net_http_closes(c->http) && in->len == 0 &&
	    net_stream_pending(c->stream) == 0 && net_stream_alive(c->stream);
	if ((body = net_http_take(c->http, &r.body_len)) == NULL) {
		fail_call(k, c, X1HTTP_WHY_MEMORY);
		return;
	}
	if (keep) {
		net_http_reset(c->http);
		c->state = READY;
		c->used = true;
		net_timer_set(c->idle, c->peer->idle);
	}
	end_call(k, c, keep, &r, body);
}

static void
on_data(void *cookie)
{
	struct conn *c = cookie;
	struct buf *in = net_stream_in(c->stream);
	size_t used;
	int rc;

	if (c->call == NULL) {
		/* Nobody asked. */
		conn_free(c);
		return;
	}
	do {
		rc = net_http_feed(c->http, in->p, in->len, &used, NULL);
		buf_drop(in, used);
	} while (rc == NET_HTTP_E_HEAD);
	if (rc == NET_HTTP_E_DONE)
		answered(c);
	else if (rc == CU_ELIMIT)
		fail_call(c->call, c, X1HTTP_WHY_LIMIT);
	else if (rc == CU_ENOMEM)
		fail_call(c->call, c, X1HTTP_WHY_MEMORY);
	else if (rc < 0)
		fail_call(c->call, c, X1HTTP_WHY_HTTP);
}

/* Back to the head of the queue: not a byte of it has left. */
static void
requeue(struct conn *c)
{
	struct x1http_call *k = c->call;
	struct x1http_peer *p = c->peer;

	unlink_call(k);
	k->conn = NULL;
	k->sent_at = 0;
	k->next = p->queue;
	p->queue = k;
	c->call = NULL;
	conn_free(c);
	kick(p);
}

static void
on_end(void *cookie, enum net_end e, const char *text)
{
	static const enum x1http_why why[] = {
		[NET_END_EOF] = X1HTTP_WHY_CUT, [NET_END_CUT] = X1HTTP_WHY_CUT,
		[NET_END_RESOLVE] = X1HTTP_WHY_CONNECT,
		[NET_END_CONNECT] = X1HTTP_WHY_CONNECT,
		[NET_END_TLS] = X1HTTP_WHY_TLS,
		[NET_END_IDENTITY] = X1HTTP_WHY_IDENTITY,
	};
	struct conn *c = cookie;

	(void)text;
	if (c->state == OPENING || (c->call == NULL && !c->used))
		open_failed(c, why[e]);
	else if (c->call == NULL)
		conn_free(c);
	else if (c->used && !net_stream_touched(c->stream))
		requeue(c);
	else
		fail_call(c->call, c, why[e]);
}

static const struct net_stream_ops stream_ops = {
	on_open, on_data, NULL, on_end
};

static void
on_idle(void *cookie)
{
	struct conn *c = cookie;

	if (c->state == OPENING)
		open_failed(c, X1HTTP_WHY_TIMEOUT);
	else if (c->call == NULL)
		conn_free(c);
}

static int
conn_open(struct x1http_peer *p)
{
	struct conn *c;
	int rc;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (CU_ENOMEM);
	c->peer = p;
	if ((rc = net_http_answer(&c->http, p->body_max)) != 0)
		goto err1;
	if ((rc = net_timer_create(&c->idle, p->loop, on_idle, c)) != 0)
		goto err2;
	if ((rc = net_stream_connect(&c->stream, p->loop, p->tls, p->host,
	    p->port, &stream_ops, c)) != 0)
		goto err3;
	net_timer_set(c->idle, OPEN_US);
	c->next = p->conns;
	p->conns = c;
	p->conns_n++;
	return (0);

err3:	net_timer_free(c->idle);
err2:	net_http_free(c->http);
err1:	free(c);
	return (rc);
}

/* The owner has the last word, then the bytes go to the stream. */
static void
start(struct conn *c, struct x1http_call *k)
{
	struct x1http_result r = { .fate = X1HTTP_UNSENT,
	    .why = X1HTTP_WHY_STOPPED };
	struct x1http_peer *p = c->peer;
	struct buf b;

	if (k->ops->before != NULL && k->ops->before(k->cookie) != 0) {
		end_call(k, c, true, &r, NULL);
		return;
	}
	unlink_call(k);
	k->conn = c;
	k->next = p->running;
	p->running = k;
	c->call = k;
	c->state = BUSY;
	net_timer_clear(c->idle);
	net_stream_mark(c->stream);
	k->sent_at = utc_now();
	buf_init(&b, REQUEST_MAX + NET_HTTP_HEAD_MAX);
	net_http_write_request(&b, p->path, p->named, k->body, k->len);
	if (b.rc != 0 || net_stream_write(c->stream, b.p, b.len) != 0) {
		buf_wipe(&b);
		fail_call(k, c, X1HTTP_WHY_MEMORY);
		return;
	}
	buf_wipe(&b);
	kick(p);
}

/* At most one call is started or ended a time: either may free the peer. */
static void
on_kick(void *cookie)
{
	struct x1http_peer *p = cookie;
	unsigned int opening = 0, waiting = 0;
	struct x1http_call *k, *first;
	struct conn *c, *next;

	for (first = p->queue; first != NULL && first->cancelled;)
		first = first->next;
	for (c = p->conns; c != NULL && first != NULL; c = next) {
		next = c->next;
		opening += c->state == OPENING;
		if (c->state != READY)
			continue;
		if (net_stream_alive(c->stream) &&
		    net_stream_in(c->stream)->len == 0) {
			start(c, first);
			return;
		}
		if (!c->used) {
			open_failed(c, X1HTTP_WHY_TLS);
			return;
		}
		/* The peer closed it between requests. */
		conn_free(c);
	}
	for (k = first; k != NULL; k = k->next)
		waiting += !k->cancelled;
	while (opening < waiting && p->conns_n < p->conns_max) {
		if (conn_open(p) != 0) {
			fail_call(first, NULL, X1HTTP_WHY_MEMORY);
			return;
		}
		opening++;
	}
}

int
x1http_peer_create(struct x1http_peer **out, struct net_loop *loop,
    const struct x1http_peer_conf *conf, struct cu_why *why)
{
	struct x1http_peer *p;
	const char *from, *to;
	int rc;

	if (conf->tls == NULL || conf->pins_n > X1HTTP_PINS_MAX) {
		cu_why_set(why, "no TLS identity, or too many pins");
		return (CU_EMALFORMED);
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CU_ENOMEM);
	if ((rc = x1http_url(conf->url, p->host, &p->port, &p->path)) != 0) {
		cu_why_set(why, "not an X1 address: "
		    "https://host:port/X1/NE or /X1/ADMF");
		goto err;
	}
	from = conf->url + 8;
	to = strchr(from, '/');
	snprintf(p->named, sizeof(p->named), "%.*s", (int)(to - from), from);
	p->loop = loop;
	if (conf->pins_n > 0)
		memcpy(p->pins, conf->pins, conf->pins_n * NET_PIN_LEN);
	p->pins_n = conf->pins_n;
	p->admit = conf->admit;
	p->cookie = conf->cookie;
	p->conns_max = conf->conns != 0 ? conf->conns : CONNS;
	p->idle = conf->idle != 0 ? conf->idle : IDLE_US;
	p->body_max = conf->body_max != 0 ? conf->body_max :
	    NET_HTTP_ANSWER_MAX;
	if ((rc = net_timer_create(&p->kick, loop, on_kick, p)) != 0)
		goto err;
	p->tls = net_tls_ref(conf->tls);
	*out = p;
	return (0);

err:	free(p);
	return (rc);
}

void
x1http_peer_free(struct x1http_peer *p)
{
	struct x1http_call *k;

	if (p == NULL)
		return;
	while (p->conns != NULL)
		conn_free(p->conns);
	while ((k = p->queue) != NULL) {
		p->queue = k->next;
		call_free(k);
	}
	while ((k = p->running) != NULL) {
		p->running = k->next;
		call_free(k);
	}
	net_timer_free(p->kick);
	net_tls_unref(p->tls);
	free(p);
}

void
x1http_peer_drop(struct x1http_peer *p)
{
	struct conn *c, *next;

	for (c = p->conns; c != NULL; c = next) {
		next = c->next;
		if (c->state == READY)
			conn_free(c);
	}
}

unsigned int
x1http_peer_busy(const struct x1http_peer *p)
{
	return (p->busy);
}

static void
on_deadline(void *cookie)
{
	struct x1http_call *k = cookie;

	fail_call(k, k->conn, k->cancelled ? X1HTTP_WHY_STOPPED :
	    X1HTTP_WHY_TIMEOUT);
}

int
x1http_call(struct x1http_call **out, struct x1http_peer *p, const void *body,
    size_t len, utc_us deadline, const struct x1http_call_ops *ops,
    void *cookie)
{
	struct x1http_call *k, **at;
	int rc;

	if (len > REQUEST_MAX)
		return (CU_ELIMIT);
	if ((k = calloc(1, sizeof(*k) + len)) == NULL)
		return (CU_ENOMEM);
	if ((rc = net_timer_create(&k->deadline, p->loop, on_deadline, k)) !=
	    0) {
		free(k);
		return (rc);
	}
	k->peer = p;
	k->ops = ops;
	k->cookie = cookie;
	k->len = len;
	memcpy(k->body, body, len);
	net_timer_at(k->deadline, deadline);
	for (at = &p->queue; *at != NULL; at = &(*at)->next)
		;
	*at = k;
	p->busy++;
	kick(p);
	if (out != NULL)
		*out = k;
	return (0);
}

int
x1http_call_cancel(struct x1http_call *k)
{
	if (k->conn != NULL && net_stream_touched(k->conn->stream))
		return (CU_ESTATE);
	/* What is queued there must not leave before done is called. */
	if (k->conn != NULL)
		requeue(k->conn);
	k->cancelled = true;
	net_timer_set(k->deadline, 0);
	return (0);
}
