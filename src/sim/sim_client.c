/* src/sim/sim_client.c: a simulated peer's own HTTP, as real ones write it */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "net/net_http.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "sim/sim_admf.h"
#include "x1http/x1http_client.h"

/* One request under way. */
struct sim_call {
	struct net_stream *stream;
	struct net_http *http;
	struct net_timer *timer;
	struct buf request;
	sim_call_fn *fn;
	void *cookie;
};

void
sim_call_free(struct sim_call *c)
{
	if (c == NULL)
		return;
	net_stream_free(c->stream);
	net_timer_free(c->timer);
	net_http_free(c->http);
	buf_fini(&c->request);
	free(c);
}

static void
fail(struct sim_call *c, const char *why)
{
	c->fn(c->cookie, 0, NULL, 0, why);
	sim_call_free(c);
}

static void
on_open(void *cookie)
{
	struct sim_call *c = cookie;

	if (net_stream_write(c->stream, c->request.p, c->request.len) != 0)
		fail(c, "out of memory");
}

static void
on_data(void *cookie)
{
	struct sim_call *c = cookie;
	struct buf *in = net_stream_in(c->stream);
	struct cu_why why = { "" };
	const uint8_t *body;
	size_t used, len;
	int rc;

	/* Behind a head that says "no bytes" nothing more comes. */
	do {
		rc = net_http_feed(c->http, in->p, in->len, &used, &why);
		buf_drop(in, used);
	} while (rc == NET_HTTP_E_HEAD);
	if (rc < 0) {
		fail(c, why.text);
	} else if (rc == NET_HTTP_E_DONE) {
		body = net_http_body(c->http, &len);
		c->fn(c->cookie, net_http_status(c->http), body, len, "");
		sim_call_free(c);
	}
}

static void
on_end(void *cookie, enum net_end end, const char *why)
{
	fail(cookie, why);
}

static void
on_timer(void *cookie)
{
	fail(cookie, "no answer in time");
}

static const struct net_stream_ops ops = {
	.on_open = on_open, .on_data = on_data, .on_end = on_end,
};

/* As the one observed ADMF writes it (dialect stamp), or a careful one. */
static void
write_request(struct buf *b, unsigned int dialect, enum net_http_path path,
    const char *host, uint16_t port, const void *body, size_t len)
{
	buf_printf(b, "POST /X1/%s HTTP/1.1\r\n",
	    path == NET_HTTP_ADMF ? "ADMF" : "NE");
	buf_printf(b, "Content-Length: %zu\r\n", len);
	buf_printf(b, strchr(host, ':') != NULL ? "Host: [%s]:%u\r\n" :
	    "Host: %s:%u\r\n", host, port);
	buf_str(b, "User-Agent: custos-sim\r\n");
	if ((dialect & X1_DIALECT_STAMP) == 0)
		buf_str(b, "Content-Type: application/xml; charset=UTF-8\r\n");
	buf_str(b, "\r\n");
	buf_add(b, body, len);
}

int
sim_call_create(struct sim_call **out, struct net_loop *loop, const char *url,
    struct net_tls *tls, unsigned int dialect, const void *body, size_t len,
    utc_us wait, sim_call_fn *fn, void *cookie, struct cu_why *why)
{
	char host[NET_ADDR_HOST];
	enum net_http_path path;
	struct sim_call *c;
	uint16_t port;

	if (x1http_url(url, host, &port, &path) != 0) {
		cu_why_set(why, "the URL must be https://HOST:PORT/X1/NE or "
		    ".../X1/ADMF");
		return (CU_EMALFORMED);
	}
	cu_why_set(why, "out of memory or descriptors");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (CU_ENOMEM);
	c->fn = fn;
	c->cookie = cookie;
	buf_init(&c->request, len + NET_HTTP_HEAD_MAX);
	write_request(&c->request, dialect, path, host, port, body, len);
	if (c->request.rc != 0 ||
	    net_http_answer(&c->http, NET_HTTP_ANSWER_MAX) != 0 ||
	    net_timer_create(&c->timer, loop, on_timer, c) != 0 ||
	    net_stream_connect(&c->stream, loop, tls, host, port, &ops, c)) {
		sim_call_free(c);
		return (CU_ENOMEM);
	}
	net_timer_set(c->timer, wait);
	*out = c;
	return (0);
}

/* What sim_admf_send waits for. */
struct wait {
	struct buf *out;
	struct cu_why *why;
	enum sim_told told;
	bool over;
};

static void
on_answer(void *cookie, int status, const void *body, size_t len,
    const char *why)
{
	struct wait *w = cookie;

	if (status != 0)
		w->told = sim_admf_tell(w->out, status, body, len);
	else
		cu_why_set(w->why, "%s", why);
	w->over = true;
}

enum sim_told
sim_admf_send(struct net_loop *loop, const char *url, struct net_tls *tls,
    const struct sim_admf_conf *conf, const void *body, size_t len,
    utc_us wait, struct buf *out, struct cu_why *why)
{
	struct wait w = { out, why, SIM_TOLD_FAILED, false };
	struct sim_call *c;

	if (sim_call_create(&c, loop, url, tls, conf->dialect, body, len, wait,
	    on_answer, &w, why) != 0)
		return (SIM_TOLD_FAILED);
	while (!w.over && net_loop_step(loop, 1000) == 0)
		;
	if (!w.over)
		sim_call_free(c);
	return (w.told);
}
