/* src/sim/sim_control.c: lines over a UNIX socket */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "sim/sim_control.h"
#include "sim/sim_ne.h"

#define ANSWER_MAX	(64U << 20)
#define CONNS_MAX	16
#define WAIT_S		10

struct peer {
	struct sim_control *control;
	struct peer *next;
	struct net_stream *stream;
};

struct sim_control {
	struct net_loop *loop;
	struct net_listen *listen;
	sim_control_fn *fn;
	void *cookie;
	struct peer *peers;
	unsigned int peers_n;
};

static void
peer_free(struct peer *p)
{
	struct peer **q = &p->control->peers;

	while (*q != p)
		q = &(*q)->next;
	*q = p->next;
	p->control->peers_n--;
	net_stream_free(p->stream);
	free(p);
}

static void
on_open(void *cookie)
{
}

static void
answer(struct peer *p, const char *line, size_t len)
{
	struct cu_why why = { "" };
	struct buf out;
	int rc;

	buf_init(&out, ANSWER_MAX);
	rc = p->control->fn(p->control->cookie, line, len, &out, &why);
	if (rc == 0)
		rc = out.rc;
	if (rc != 0) {
		buf_reset(&out);
		buf_printf(&out, "no %s\n",
		    why.text[0] != '\0' ? why.text : cu_strerror(rc));
	} else
		buf_str(&out, "ok\n");
	(void)net_stream_write(p->stream, out.p, out.len);
	buf_fini(&out);
}

static void
on_data(void *cookie)
{
	struct peer *p = cookie;
	struct buf *in = net_stream_in(p->stream);
	const uint8_t *lf;
	size_t n;

	while ((lf = in->len > 0 ? memchr(in->p, '\n', in->len) : NULL)) {
		n = (size_t)(lf - in->p);
		answer(p, (const char *)in->p, n);
		buf_drop(in, n + 1);
	}
	if (in->len > SIM_LINE_MAX)
		peer_free(p);
}

static void
on_end(void *cookie, enum net_end end, const char *why)
{
	peer_free(cookie);
}

static const struct net_stream_ops ops = {
	.on_open = on_open, .on_data = on_data, .on_end = on_end,
};

static void
on_accept(void *cookie, int fd, const char *from)
{
	struct sim_control *c = cookie;
	struct peer *p;

	if (c->peers_n >= CONNS_MAX || (p = calloc(1, sizeof(*p))) == NULL) {
		close(fd);
		return;
	}
	p->control = c;
	p->next = c->peers;
	c->peers = p;
	c->peers_n++;
	if (net_stream_accept(&p->stream, c->loop, NULL, fd, &ops, p) != 0)
		peer_free(p);
}

int
sim_control_create(struct sim_control **out, struct net_loop *loop,
    const char *path, sim_control_fn *fn, void *cookie, struct cu_why *why)
{
	struct sim_control *c;
	int rc;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (CU_ENOMEM);
	c->loop = loop;
	c->fn = fn;
	c->cookie = cookie;
	rc = net_listen_unix(&c->listen, loop, path, on_accept, c, why);
	if (rc != 0) {
		free(c);
		return (rc);
	}
	*out = c;
	return (0);
}

void
sim_control_free(struct sim_control *c)
{
	if (c == NULL)
		return;
	while (c->peers != NULL)
		peer_free(c->peers);
	net_listen_free(c->listen);
	free(c);
}

/* The last line of ${b}, if it is complete; else NULL. */
static const char *
last_line(const struct buf *b)
{
	size_t i;

	if (b->len == 0 || b->p[b->len - 1] != '\n')
		return (NULL);
	for (i = b->len - 1; i > 0 && b->p[i - 1] != '\n'; i--)
		;
	return ((const char *)b->p + i);
}

int
sim_control_say(const char *path, const char *line, struct buf *out,
    struct cu_why *why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = WAIT_S };
	const char *last = NULL;
	char chunk[4096];
	struct buf text;
	ssize_t n = 1;
	int fd = -1, rc = CU_EIO;

	buf_init(&text, SIM_LINE_MAX + 1);
	buf_printf(&text, "%s\n", line);
	if (strlen(path) >= sizeof(sun.sun_path) || text.rc != 0) {
		cu_why_set(why, "path or line too long");
		rc = CU_ELIMIT;
		goto out;
	}
	text_put(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    write(fd, text.p, text.len) != (ssize_t)text.len) {
		cu_why_set(why, "%s: %s", path, strerror(errno));
		goto out;
	}
	/* An answer line is never `ok` or `no `: those end it. */
	while (((last = last_line(out)) == NULL || (strcmp(last, "ok\n") != 0 &&
	    strncmp(last, "no ", 3) != 0)) &&
	    (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	if (n <= 0) {
		cu_why_set(why, "no answer from %s", path);
		rc = n < 0 ? CU_ETIME : CU_EIO;
		goto out;
	}
	rc = strcmp(last, "ok\n") == 0 ? 0 : 1;
	if (rc == 1)
		cu_why_set(why, "%.*s", (int)strlen(last + 3) - 1, last + 3);
	out->len = (size_t)((const uint8_t *)last - out->p);
	out->p[out->len] = '\0';
out:	if (fd >= 0)
		close(fd);
	buf_fini(&text);
	return (rc);
}
