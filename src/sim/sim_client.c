/* src/sim/sim_client.c: a simulated ADMF's own HTTP, as real ones write it */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "net/net_http.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "sim/sim_admf.h"
#include "x1http/x1http_client.h"

/* One request under way. */
struct call {
	struct net_stream *stream;
	struct net_http *http;
	struct net_timer *timer;
	struct buf request;
	struct buf *out;
	struct cu_why *why;
	enum sim_told told;
	bool over;
};

static void
fail(struct call *c, const char *why)
{
	cu_why_set(c->why, "%s", why);
	c->told = SIM_TOLD_FAILED;
	c->over = true;
}

static void
on_open(void *cookie)
{
	struct call *c = cookie;

	if (net_stream_write(c->stream, c->request.p, c->request.len) != 0)
		fail(c, "out of memory");
}

static void
on_data(void *cookie)
{
	struct call *c = cookie;
	struct buf *in = net_stream_in(c->stream);
	const uint8_t *body;
	size_t used, len;
	int rc;

	while (in->len > 0 && !c->over) {
		rc = net_http_feed(c->http, in->p, in->len, &used, c->why);
		buf_drop(in, used);
		if (rc < 0) {
			c->told = SIM_TOLD_FAILED;
			c->over = true;
		} else if (rc == NET_HTTP_E_DONE) {
			body = net_http_body(c->http, &len);
			c->told = sim_admf_tell(c->out,
			    net_http_status(c->http), body, len);
			c->over = true;
		} else if (rc == NET_HTTP_MORE)
			break;
	}
}

static void
on_end(void *cookie, enum net_end end, const char *why)
{
	if (!((struct call *)cookie)->over)
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
write_request(struct buf *b, const struct sim_admf_conf *conf,
    enum net_http_path path, const char *host, uint16_t port,
    const void *body, size_t len)
{
	buf_printf(b, "POST /X1/%s HTTP/1.1\r\n",
	    path == NET_HTTP_ADMF ? "ADMF" : "NE");
	buf_printf(b, "Content-Length: %zu\r\n", len);
	buf_printf(b, strchr(host, ':') != NULL ? "Host: [%s]:%u\r\n" :
	    "Host: %s:%u\r\n", host, port);
	buf_str(b, "User-Agent: custos-sim\r\n");
	if ((conf->dialect & X1_DIALECT_STAMP) == 0)
		buf_str(b, "Content-Type: application/xml; charset=UTF-8\r\n");
	buf_str(b, "\r\n");
	buf_add(b, body, len);
}

enum sim_told
sim_admf_send(struct net_loop *loop, const char *url, struct net_tls *tls,
    const struct sim_admf_conf *conf, const void *body, size_t len,
    utc_us wait, struct buf *out, struct cu_why *why)
{
	struct call c = { .out = out, .why = why, .told = SIM_TOLD_FAILED };
	char host[NET_ADDR_HOST];
	enum net_http_path path;
	uint16_t port;

	if (x1http_url(url, host, &port, &path) != 0) {
		cu_why_set(why, "the URL must be https://HOST:PORT/X1/NE");
		return (SIM_TOLD_FAILED);
	}
	buf_init(&c.request, len + NET_HTTP_HEAD_MAX);
	write_request(&c.request, conf, path, host, port, body, len);
	if (c.request.rc != 0 ||
	    net_http_answer(&c.http, NET_HTTP_ANSWER_MAX) != 0 ||
	    net_timer_create(&c.timer, loop, on_timer, &c) != 0 ||
	    net_stream_connect(&c.stream, loop, tls, host, port, &ops, &c)) {
		cu_why_set(why, "out of memory or descriptors");
	} else {
		net_timer_set(c.timer, wait);
		while (!c.over && net_loop_step(loop, 1000) == 0)
			;
	}
	net_stream_free(c.stream);
	net_timer_free(c.timer);
	net_http_free(c.http);
	buf_fini(&c.request);
	return (c.told);
}
