/* src/cli/cli_talk.c: a conversation with a keeper or gate over the link */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "home/home.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"

#define PATIENCE	(10 * UTC_SECOND)	/* for any one answer */

struct cli_talk {
	struct net_loop *loop;
	struct net_link *link;
	struct net_link_conf conf;
	struct home *home;	/* what conf borrows */
	char *origin;		/* the peer's, from its hello */
	char genesis[65];
	bool ready, closed;
	char closed_why[CU_WHY_MAX];
	/* The question that is open. */
	bool answered;
	int rc;
	void (*fn)(void *, const struct net_msg *);
	void *cookie;
};

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
}

static void
on_ready(void *cookie, struct net_link *l)
{
	struct cli_talk *t = cookie;
	const struct net_hello *h = net_link_hello(l);

	free(t->origin);
	t->origin = strdup(h->origin);
	text_hex(t->genesis, h->genesis, sizeof(h->genesis));
	t->ready = t->origin != NULL;
	net_loop_stop(t->loop);
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	struct cli_talk *t = cookie;

	t->closed = true;	/* the link stays ours to free */
	strncpy(t->closed_why, why, sizeof(t->closed_why) - 1);
	net_loop_stop(t->loop);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
}

static const struct net_link_ops ops = {
	.on_hello = on_hello, .on_ready = on_ready,
	.on_message = on_message, .on_close = on_close,
};

static void
on_patience(void *cookie)
{
	struct cli_talk *t = cookie;

	net_loop_stop(t->loop);
}

/* Serve until something has happened or patience is over. */
static void
serve(struct cli_talk *t)
{
	struct net_timer *timer;

	if (net_timer_create(&timer, t->loop, on_patience, t) != 0)
		return;
	net_timer_set(timer, PATIENCE);
	net_loop_run(t->loop);
	net_timer_free(timer);
}

struct cli_talk *
cli_talk_open(const struct cli *c, const char *socket)
{
	const struct home_conf *conf;
	struct cli_talk *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	if ((t->home = cli_home(c, "keeper")) == NULL)
		goto bad;
	conf = home_conf(t->home);
	if (socket == NULL)
		socket = conf->socket;
	t->conf.role = NET_ROLE_CLI;
	t->conf.use = NET_USE_TALK;
	t->conf.build = CUSTOS_VERSION;
	t->conf.origin = conf->origin;
	if (conf->has_genesis)
		t->conf.genesis = conf->genesis;
	if (net_loop_create(&t->loop) != 0 ||
	    net_link_once(&t->link, t->loop, socket, &t->conf, &ops, t) != 0) {
		cli_fail(CLI_FAILED, "%s: cannot connect", socket);
		goto bad;
	}
	serve(t);
	if (!t->ready) {
		cli_fail(CLI_FAILED, "%s: %s (is it running? custos run HOME "
		    "starts it)", socket, t->closed ? t->closed_why :
		    "no answer in 10 s");
		goto bad;
	}
	return (t);

bad:	cli_talk_close(t);
	return (NULL);
}

void
cli_talk_close(struct cli_talk *t)
{
	if (t == NULL)
		return;
	net_link_free(t->link);
	net_loop_free(t->loop);
	home_free(t->home);
	free(t->origin);
	free(t);
}

const char *
cli_talk_origin(const struct cli_talk *t)
{
	return (t->origin);
}

const char *
cli_talk_genesis(const struct cli_talk *t)
{
	return (t->genesis);
}

static void
on_answer(void *cookie, struct net_link *l, int rc, const struct net_msg *m)
{
	struct cli_talk *t = cookie;

	t->answered = true;
	t->rc = rc;
	if (rc == 0 && m->kind != NET_ERROR)
		t->fn(t->cookie, m);
	if (rc == 0 && m->kind == NET_ERROR) {
		size_t n;
		const char *s = jv_str(jv_get(m->json, "text"), &n);

		cli_fail(CLI_FAILED, "the peer refused: %s", s != NULL ? s :
		    "no reason");
		t->rc = CU_EDENIED;
	}
	net_loop_stop(t->loop);
}

int
cli_talk_ask(struct cli_talk *t, struct net_out *m,
    void (*fn)(void *, const struct net_msg *), void *cookie)
{
	int rc;

	if (t->closed) {
		net_out_fini(m);
		cli_fail(CLI_FAILED, "the connection is over: %s",
		    t->closed_why);
		return (-1);
	}
	t->answered = false;
	t->fn = fn;
	t->cookie = cookie;
	if ((rc = net_link_ask(t->link, m, PATIENCE, on_answer, t)) != 0) {
		cli_fail(CLI_FAILED, "the question cannot be sent: %s",
		    cu_strerror(rc));
		return (-1);
	}
	while (!t->answered && !t->closed)
		net_loop_run(t->loop);
	if (t->answered && t->rc == 0)
		return (0);
	if (!t->answered || t->rc != CU_EDENIED)
		cli_fail(CLI_FAILED, "no answer: %s", t->closed ? t->closed_why
		    : cu_strerror(t->rc));
	return (-1);
}

static void
on_seq(void *cookie, const struct net_msg *m)
{
	int64_t *seq = cookie;

	if (jv_int(jv_get(jv_get(m->json, "data"), "seq"), seq) != 0)
		*seq = -1;
}

int
cli_talk_seq(struct cli_talk *t, const char *subject, uint64_t *seq)
{
	int64_t last = -1;
	struct net_out m;

	net_out_init(&m, NET_ASK);
	jw_str(&m.w, "what", "seq");
	jw_obj(&m.w, "args");
	jw_str(&m.w, "subject", subject);
	jw_end(&m.w);
	if (cli_talk_ask(t, &m, on_seq, &last) != 0)
		return (-1);
	if (last < 0) {
		cli_fail(CLI_FAILED, "the keeper does not say the last seq of "
		    "%s", subject);
		return (-1);
	}
	*seq = (uint64_t)last + 1;
	return (0);
}
