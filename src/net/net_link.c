/* src/net/net_link.c: joins the processes (docs/format/link.md) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_stream.h"

#define BEGIN_US	(10 * UTC_SECOND)	/* hello and proof, both ways */
#define FRAME_US	(30 * UTC_SECOND)	/* a frame once begun */
#define FIRST_US	(UTC_SECOND / 10)	/* before the second try */
#define RETRY_US	UTC_SECOND
#define LINKS_MAX	64			/* of one server */
#define SHAKING_MAX	8	/* from one address, without a certificate yet */
#define ORIGIN_MAX	255
#define WHY_MAX		256
#define EXPORTER	"EXPORTER-custos-link"

enum state {
	DOWN, DIALLING,
	GREETING,		/* the peer's hello is due */
	WELCOMING,		/* server: the owner decides about it */
	PROVING,		/* the peer's proof is due */
	READY,
	CLOSING			/* error was sent; nothing is read any more */
};

struct request {
	uint64_t id;		/* 0: free */
	utc_us deadline;
	net_answer_fn *fn;	/* NULL: expired, its answer will be dropped */
	void *cookie;
};

struct net_link {
	struct net_loop *loop;
	const struct net_link_conf *conf;
	const struct net_link_ops *ops;
	void *cookie;
	struct net_link_server *server;
	struct net_link *prev, *next;	/* of the server */
	char *where;		/* of one that is dialled */
	bool once, remote;
	bool accepted;		/* the owner knows of it */
	unsigned int uid;
	enum state state;
	struct net_stream *stream;
	struct net_timer *begin, *frame, *redial, *expire, *kick;
	unsigned int tries;
	unsigned int busy;
	bool dead;

	enum net_use use;
	bool said_hello, has_proof, high;
	struct net_hello hello;		/* the peer's */
	struct net_msg *hello_msg;	/* holds its texts */
	uint8_t nonce[NET_NONCE_LEN], sig[SIGN_LEN];
	bool has_channel;
	uint8_t channel[32];		/* of the TLS session */
	uint64_t next_id, last_in;
	struct request out[NET_WINDOW];	/* ours */
	uint64_t in[NET_WINDOW];	/* the peer's, not answered; 0: free */
	unsigned int out_n, in_n;
};

struct net_link_server {
	struct net_loop *loop;
	const struct net_link_conf *conf;
	const struct net_link_ops *ops;
	void *(*on_accept)(void *, struct net_link *, unsigned int);
	void *cookie;
	struct net_listen *listen;
	bool remote;
	struct net_link *first;
	unsigned int links_n;
};

static const char *const role_names[NET_ROLE_N] = {
	[NET_ROLE_KEEPER] = "keeper", [NET_ROLE_GATE] = "gate",
	[NET_ROLE_AUDITOR] = "auditor", [NET_ROLE_CLI] = "cli",
	[NET_ROLE_SIM] = "sim",
};

#define K	(1U << NET_ROLE_KEEPER)
#define G	(1U << NET_ROLE_GATE)
#define A	(1U << NET_ROLE_AUDITOR)
#define C	(1U << NET_ROLE_CLI)
#define S	(1U << NET_ROLE_SIM)

/* Who may send what, and on which kind of connection. */
static const struct { unsigned int roles; enum net_use use; }
may[NET_KIND_N] = {
	[NET_FOLLOW] = { G | A, NET_USE_FOLLOW },
	[NET_ENTRIES] = { K, NET_USE_FOLLOW },
	[NET_HEAD] = { K, NET_USE_FOLLOW },
	[NET_OPEN] = { K, NET_USE_FOLLOW },
	[NET_COMMAND] = { G, NET_USE_TALK },
	[NET_DECIDED] = { K, NET_USE_TALK },
	[NET_OUTCOME] = { G, NET_USE_TALK },
	[NET_REPORT] = { G, NET_USE_TALK },
	[NET_SNAPSHOT] = { A, NET_USE_TALK },
	[NET_ROUND] = { A, NET_USE_TALK },
	[NET_LATE] = { G, NET_USE_TALK },
	[NET_START] = { G | A, NET_USE_TALK },
	[NET_STOP] = { G | A, NET_USE_TALK },
	[NET_BEAT] = { G | A, NET_USE_TALK },
	[NET_KEPT] = { K | G, NET_USE_TALK },
	[NET_ACT] = { C | G, NET_USE_TALK },
	[NET_REFUSED] = { K | G, NET_USE_TALK },
	[NET_ASK] = { K | G | A | C | S, NET_USE_TALK },
	[NET_ANSWER] = { K | G | A | C | S, NET_USE_TALK },
	[NET_AUDIT_BEGIN] = { A, NET_USE_TALK },
	[NET_AUDIT_END] = { A, NET_USE_TALK },
	[NET_DONE] = { G | A, NET_USE_TALK },
};

const char *
net_role_name(enum net_role r)
{
	return (r > 0 && r < NET_ROLE_N ? role_names[r] : "?");
}

size_t
net_proof_text(char out[NET_PROOF_MAX], const char *origin,
    const uint8_t genesis[32], const char *from, const char *to,
    const uint8_t mine[NET_NONCE_LEN], const uint8_t yours[NET_NONCE_LEN],
    const uint8_t *channel)
{
	char g[65], m[65], y[65], c[65] = "-";
	const char *p;
	int n;

	for (p = origin; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 127)
			return (0);
	if (p == origin || (size_t)(p - origin) > ORIGIN_MAX ||
	    !text_is_id(from, strlen(from)) || !text_is_id(to, strlen(to)) ||
	    strcmp(from, to) == 0 || memcmp(mine, yours, NET_NONCE_LEN) == 0)
		return (0);
	text_hex(g, genesis, 32);
	text_hex(m, mine, NET_NONCE_LEN);
	text_hex(y, yours, NET_NONCE_LEN);
	if (channel != NULL)
		text_hex(c, channel, 32);
	n = snprintf(out, NET_PROOF_MAX, "custos-link/v1\nlog %s %s\nfrom %s\n"
	    "to %s\nnonce %s\nnonce %s\nchannel %s\n", origin, g, from, to, m,
	    y, c);
	return (n < 0 || n >= NET_PROOF_MAX ? 0 : (size_t)n);
}

/* Forget the connection; requests were told or are to be dropped. */
static void
reset(struct net_link *l)
{
	net_stream_free(l->stream);
	l->stream = NULL;
	net_timer_clear(l->begin);
	net_timer_clear(l->frame);
	net_timer_clear(l->expire);
	net_timer_clear(l->kick);
	net_msg_free(l->hello_msg);
	l->hello_msg = NULL;
	memset(&l->hello, 0, sizeof(l->hello));
	memset(l->out, 0, sizeof(l->out));
	memset(l->in, 0, sizeof(l->in));
	l->out_n = l->in_n = 0;
	l->next_id = 1;
	l->last_in = 0;
	l->said_hello = l->has_proof = l->high = l->has_channel = false;
	l->state = DOWN;
}

static void
destroy(struct net_link *l)
{
	if (l->server != NULL) {
		if (l->prev != NULL)
			l->prev->next = l->next;
		else
			l->server->first = l->next;
		if (l->next != NULL)
			l->next->prev = l->prev;
		l->server->links_n--;
	}
	if (l->begin != NULL)
		reset(l);
	net_timer_free(l->begin);
	net_timer_free(l->frame);
	net_timer_free(l->redial);
	net_timer_free(l->expire);
	net_timer_free(l->kick);
	free(l->where);
	free(l);
}

void
net_link_free(struct net_link *l)
{
	if (l == NULL)
		return;
	if (l->busy > 0) {
		l->dead = true;
		return;
	}
	destroy(l);
}

/* The connection is over: tell each request, then the owner. */
static void
closed(struct net_link *l, const char *why)
{
	struct request r;
	char text[WHY_MAX];
	unsigned int i;

	if (l->state == DOWN)
		return;
	snprintf(text, sizeof(text), "%s", why);
	l->state = DOWN;
	l->busy++;
	for (i = 0; i < NET_WINDOW && !l->dead; i++) {
		if ((r = l->out[i]).fn == NULL)
			continue;
		l->out[i].fn = NULL;
		r.fn(r.cookie, l, CU_EIO, NULL);
	}
	if (!l->dead && l->accepted)
		l->ops->on_close(l->cookie, l, text);
	l->busy--;
	if (l->dead || l->server != NULL || l->once) {
		reset(l);
		/* A server's link is gone with its connection; one in a
		 * callback goes when that returns. */
		if (l->dead || l->server != NULL) {
			l->dead = true;
			if (l->busy == 0)
				destroy(l);
		}
		return;
	}
	reset(l);
	net_timer_set(l->redial, l->tries++ == 0 ? FIRST_US : RETRY_US);
}

static int
put(struct net_link *l, struct net_out *m, uint64_t id)
{
	struct buf frame;
	int rc;

	if (l->stream == NULL) {
		net_out_fini(m);
		return (CU_ESTATE);
	}
	if (net_stream_pending(l->stream) > NET_LINK_OUT_MAX -
	    NET_BLOB_MAX - NET_JSON_MAX) {
		net_out_fini(m);
		return (CU_ELIMIT);
	}
	buf_init(&frame, NET_FRAME_HEAD + NET_JSON_MAX + (size_t)NET_BLOB_MAX);
	if ((rc = net_out_end(m, id, &frame)) == 0)
		rc = net_stream_write(l->stream, frame.p, frame.len);
	buf_wipe(&frame);
	if (rc == 0 && net_stream_pending(l->stream) > NET_LINK_OUT_LOW)
		l->high = true;
	return (rc);
}

static bool
proves(const struct net_link *l)
{
	unsigned int who = K | G | A;

	return ((1U << l->conf->role & who) != 0 &&
	    (1U << l->hello.role & who) != 0);
}

static void
say_hello(struct net_link *l)
{
	const struct net_link_conf *c = l->conf;
	struct net_hello h = { .size = 0 };
	struct net_out m;

	if (c->fill != NULL)
		c->fill(c->fill_cookie, l, &h);
	random_bytes(l->nonce, sizeof(l->nonce));
	net_out_init(&m, NET_HELLO);
	jw_int(&m.w, "v", 1);
	jw_str(&m.w, "role", net_role_name(c->role));
	jw_str(&m.w, "use", l->use == NET_USE_FOLLOW ? "follow" : "talk");
	jw_strz(&m.w, "instance", c->instance);
	jw_str(&m.w, "build", c->build != NULL ? c->build : "");
	jw_str(&m.w, "origin", c->origin != NULL ? c->origin : "");
	if (c->genesis != NULL)
		jw_bytes(&m.w, "genesis", c->genesis, 32);
	else
		jw_null(&m.w, "genesis");
	jw_int(&m.w, "start", (int64_t)c->start);
	jw_dec(&m.w, "size", h.size);
	if (h.note != NULL)
		jw_str(&m.w, "note", h.note);
	jw_int(&m.w, "window", NET_WINDOW);
	jw_int(&m.w, "spool", (int64_t)h.spool);
	jw_bytes(&m.w, "nonce", l->nonce, sizeof(l->nonce));
	l->said_hello = true;
	put(l, &m, 0);
}

static void
say_proof(struct net_link *l)
{
	char text[NET_PROOF_MAX];
	uint8_t sig[SIGN_LEN];
	struct net_out m;
	size_t n;

	n = net_proof_text(text, l->conf->origin, l->conf->genesis,
	    l->conf->instance, l->hello.instance, l->nonce, l->hello.nonce,
	    l->has_channel ? l->channel : NULL);
	if (n == 0 || l->conf->key == NULL ||
	    sign_make(l->conf->key, sig, text, n) != 0) {
		net_link_fail(l, "proof", "cannot prove myself to this peer");
		return;
	}
	net_out_init(&m, NET_PROOF);
	jw_bytes(&m.w, "sig", sig, sizeof(sig));
	put(l, &m, 0);
}

bool
net_link_prove(const struct net_link *l, const uint8_t public[32])
{
	char text[NET_PROOF_MAX];
	size_t n;

	if (!l->has_proof)
		return (false);
	n = net_proof_text(text, l->conf->origin, l->conf->genesis,
	    l->hello.instance, l->conf->instance, l->hello.nonce, l->nonce,
	    l->has_channel ? l->channel : NULL);
	return (n > 0 && sign_verify(public, l->sig, text, n));
}

static void
ready(struct net_link *l)
{
	l->state = READY;
	l->tries = 0;
	net_timer_clear(l->begin);
	l->ops->on_ready(l->cookie, l);
}

/* hello as a struct; its texts stay in the message. */
static const char *
read_hello(const struct jv *v, struct net_hello *h)
{
	const struct jv *m;
	int64_t n;
	int i;

	if (jv_int(jv_get(v, "v"), &n) != 0 || n != 1)
		return ("version");
	for (i = 1; i < NET_ROLE_N; i++)
		if (jv_streq(jv_get(v, "role"), role_names[i]))
			h->role = (enum net_role)i;
	if (h->role == 0)
		return ("role");
	if (jv_streq(jv_get(v, "use"), "talk"))
		h->use = NET_USE_TALK;
	else if (jv_streq(jv_get(v, "use"), "follow"))
		h->use = NET_USE_FOLLOW;
	else
		return ("role");
	h->instance = jv_str(jv_get(v, "instance"), NULL);
	if (h->instance == NULL && h->role != NET_ROLE_CLI)
		return ("instance");
	h->build = jv_str(jv_get(v, "build"), NULL);
	h->origin = jv_str(jv_get(v, "origin"), NULL);
	h->note = jv_str(jv_get(v, "note"), NULL);
	m = jv_get(v, "genesis");
	h->has_genesis = jv_bytes(m, h->genesis, sizeof(h->genesis)) == 0;
	if (!h->has_genesis && h->role != NET_ROLE_CLI &&
	    h->role != NET_ROLE_SIM)
		return ("genesis");
	jv_int(jv_get(v, "start"), &n);
	h->start = (uint64_t)n;
	jv_dec(jv_get(v, "size"), &h->size);
	jv_int(jv_get(v, "spool"), &n);
	h->spool = (uint64_t)n;
	jv_int(jv_get(v, "window"), &n);
	h->window = n > NET_WINDOW ? NET_WINDOW : (unsigned int)n;
	jv_bytes(jv_get(v, "nonce"), h->nonce, sizeof(h->nonce));
	return (h->window == 0 ? "version" : NULL);
}

/* Do both mean the same log?  The command line may take any. */
static const char *
same_log(const struct net_link *l)
{
	const struct net_link_conf *c = l->conf;
	const struct net_hello *h = &l->hello;
	bool loose = ((1U << c->role | 1U << h->role) & (C | S)) != 0;
	const char *origin = c->origin != NULL ? c->origin : "";

	if (strcmp(origin, h->origin) != 0 &&
	    !(loose && (origin[0] == '\0' || h->origin[0] == '\0')))
		return ("origin");
	if (c->genesis == NULL || !h->has_genesis)
		return (loose ? NULL : "genesis");
	return (memcmp(c->genesis, h->genesis, 32) != 0 ? "genesis" : NULL);
}

/* Takes the message: it holds the texts of l->hello from now on. */
static void
take_hello(struct net_link *l, struct net_msg *m)
{
	static const struct { const char *code, *text; } what[] = {
		{ "version", "another version of the link" },
		{ "role", "unknown role or use" },
		{ "instance", "an instance must have an id" },
		{ "origin", "another log's origin" },
		{ "genesis", "another genesis digest" },
	};
	const char *code, *text = "";
	size_t i;

	l->hello_msg = m;
	code = read_hello(m->json, &l->hello);
	if (code == NULL)
		code = same_log(l);
	if (code == NULL && l->server == NULL && l->hello.use != l->use)
		code = "role";
	if (code != NULL) {
		for (i = 0; i < sizeof(what) / sizeof(what[0]); i++)
			if (strcmp(code, what[i].code) == 0)
				text = what[i].text;
		net_link_fail(l, code, text);
		return;
	}
	if (l->server != NULL) {
		l->use = l->hello.use;
		l->state = WELCOMING;
		l->ops->on_hello(l->cookie, l, &l->hello);
		return;
	}
	l->state = PROVING;
	l->ops->on_hello(l->cookie, l, &l->hello);
	if (l->dead || l->state != PROVING)
		return;
	if (proves(l))
		say_proof(l);
	else
		ready(l);
}

static void
take_answer(struct net_link *l, const struct net_msg *m)
{
	struct request *r = NULL, done;
	unsigned int i;

	if (m->id >= l->next_id) {
		closed(l, "an answer to nothing");
		return;
	}
	for (i = 0; i < NET_WINDOW && r == NULL; i++)
		if (l->out[i].id == m->id)
			r = &l->out[i];
	if (r == NULL) {
		closed(l, "a second answer");
		return;
	}
	done = *r;
	memset(r, 0, sizeof(*r));
	l->out_n--;
	if (done.fn != NULL)
		done.fn(done.cookie, l, 0, m);
}

static void
take_request(struct net_link *l, const struct net_msg *m)
{
	unsigned int i;

	if (m->id <= l->last_in) {
		closed(l, "a request's id is not larger than the last");
		return;
	}
	l->last_in = m->id;
	for (i = 0; l->in[i] != 0; i++)
		;		/* process() never reads with none free */
	l->in[i] = m->id;
	if (++l->in_n == NET_WINDOW)
		net_stream_pause(l->stream, true);
	l->ops->on_message(l->cookie, l, m);
}

static void
take_error(struct net_link *l, const struct net_msg *m)
{
	char text[WHY_MAX];

	snprintf(text, sizeof(text), "the peer says %.32s: %.160s",
	    jv_str(jv_get(m->json, "code"), NULL),
	    jv_str(jv_get(m->json, "text"), NULL));
	closed(l, text);
}

/* One message.  True: the caller still owns it. */
static bool
take(struct net_link *l, struct net_msg *m)
{
	if (m->kind == NET_ERROR && m->id == 0) {
		take_error(l, m);
	} else if (l->state == GREETING && m->kind == NET_HELLO) {
		take_hello(l, m);
		return (false);
	} else if (l->state == PROVING && m->kind == NET_PROOF && proves(l)) {
		jv_bytes(jv_get(m->json, "sig"), l->sig, sizeof(l->sig));
		l->has_proof = true;
		ready(l);
	} else if (l->state != READY) {
		closed(l, "a message before hello and proof");
	} else if (m->kind == NET_ERROR) {
		take_answer(l, m);
	} else if ((may[m->kind].roles & 1U << l->hello.role) == 0 ||
	    may[m->kind].use != l->use) {
		closed(l, "a message that this peer may not send");
	} else if (net_kind_answers(m->kind)) {
		take_answer(l, m);
	} else if (net_kind_asks(m->kind)) {
		take_request(l, m);
	} else {
		l->ops->on_message(l->cookie, l, m);
	}
	return (true);
}

/* The next whole frame: 1 if it was taken, 0 if there is none, else failed. */
static int
process_one(struct net_link *l)
{
	struct buf *in = net_stream_in(l->stream);
	struct cu_why why = { "" };
	struct net_msg *m;
	uint32_t json, blob;
	size_t total;
	int rc;

	if (in->len == 0) {
		net_timer_clear(l->frame);
		return (0);
	}
	if (!net_timer_is_set(l->frame))
		net_timer_set(l->frame, FRAME_US);
	if (in->len < NET_FRAME_HEAD)
		return (0);
	if ((rc = net_frame_head(in->p, &json, &blob, &why)) != 0) {
		closed(l, why.text);
		return (rc);
	}
	total = NET_FRAME_HEAD + (size_t)json + blob;
	if (in->len < total) {
		net_stream_want(l->stream, total);
		return (0);
	}
	net_timer_clear(l->frame);
	rc = net_msg_decode(&m, in->p + NET_FRAME_HEAD, json,
	    in->p + NET_FRAME_HEAD + json, blob, &why);
	if (rc != 0) {
		closed(l, why.text);
		return (rc);
	}
	if (take(l, m))
		net_msg_free(m);
	/* The stream is gone with the connection, and the frame with it. */
	if (!l->dead && l->stream != NULL)
		buf_drop(net_stream_in(l->stream), total);
	return (1);
}

/*
 * A server takes no more from who does not read what it was answered.  Its
 * clients always read, or both ends could wait for each other.
 */
static bool
behind(const struct net_link *l)
{
	return (l->server != NULL && l->high &&
	    net_stream_pending(l->stream) > NET_LINK_OUT_LOW);
}

/* Whole frames that are there, while we may take more. */
static void
process(struct net_link *l)
{
	struct net_stream *s;
	int rc;

	l->busy++;
	/* A server's peer that proves nothing is ready once it is welcome. */
	if (l->state == PROVING && l->server != NULL && !proves(l))
		ready(l);
	while (!l->dead && (s = l->stream) != NULL && l->state >= GREETING &&
	    l->state != CLOSING && l->state != WELCOMING &&
	    l->in_n < NET_WINDOW && !behind(l)) {
		rc = process_one(l);
		if (rc != 1 || l->stream != s)
			break;
		if (!l->dead)
			net_stream_want(s, 0);
	}
	l->busy--;
	if (l->dead && l->busy == 0)
		destroy(l);
}

static void
on_open(void *cookie)
{
	struct net_link *l = cookie;
	struct net_link_server *s = l->server;

	if (l->remote) {
		if (net_stream_exporter(l->stream, EXPORTER, l->channel) !=
		    0) {
			closed(l, "the TLS session has no exporter");
			return;
		}
		l->has_channel = true;
	}
	if (s != NULL) {
		l->cookie = s->on_accept(s->cookie, l, l->uid);
		l->accepted = l->cookie != NULL;
		if (!l->accepted) {
			closed(l, "not wanted");
			return;
		}
	}
	l->state = GREETING;
	if (s == NULL)
		say_hello(l);
}

static void
on_data(void *cookie)
{
	process(cookie);
}

static void
on_drain(void *cookie)
{
	struct net_link *l = cookie;

	if (!l->high || net_stream_pending(l->stream) > NET_LINK_OUT_LOW)
		return;
	l->high = false;
	l->busy++;
	if (l->state == READY && l->ops->on_drain != NULL)
		l->ops->on_drain(l->cookie, l);
	l->busy--;
	if (l->dead && l->busy == 0)
		destroy(l);
	else if (!l->dead && l->stream != NULL)
		process(l);
}

static void
on_end(void *cookie, enum net_end e, const char *why)
{
	(void)e;
	closed(cookie, why);
}

static const struct net_stream_ops stream_ops = {
	on_open, on_data, on_drain, on_end
};

static void
on_begin(void *cookie)
{
	struct net_link *l = cookie;

	closed(l, l->state == CLOSING ? "closed" :
	    "hello and proof took too long");
}

static void
on_frame(void *cookie)
{
	closed(cookie, "a message took too long");
}

static void
on_kick(void *cookie)
{
	process(cookie);
}

static void
on_redial(void *cookie)
{
	struct net_link *l = cookie;
	char host[NET_ADDR_HOST];
	uint16_t port;
	int rc;

	l->state = DIALLING;
	net_timer_set(l->begin, BEGIN_US);
	if (!l->remote)
		rc = net_stream_unix(&l->stream, l->loop, l->where,
		    &stream_ops, l);
	else if (net_addr_split(l->where, host, &port) == 0)
		rc = net_stream_connect(&l->stream, l->loop, l->conf->tls,
		    host, port, &stream_ops, l);
	else
		rc = CU_EMALFORMED;
	if (rc != 0)
		closed(l, "cannot make a socket");
}

/* Set the timer to the earliest deadline. */
static void
set_expire(struct net_link *l)
{
	utc_us first = INT64_MAX;
	unsigned int i;

	for (i = 0; i < NET_WINDOW; i++)
		if (l->out[i].fn != NULL && l->out[i].deadline < first)
			first = l->out[i].deadline;
	if (first == INT64_MAX)
		net_timer_clear(l->expire);
	else
		net_timer_at(l->expire, first);
}

static void
on_expire(void *cookie)
{
	struct net_link *l = cookie;
	struct request r;
	utc_us now = utc_mono();
	unsigned int i;

	l->busy++;
	for (i = 0; i < NET_WINDOW && !l->dead; i++) {
		r = l->out[i];
		if (r.fn == NULL || r.deadline > now)
			continue;
		/* The peer still owes the answer, so its place stays taken. */
		l->out[i].fn = NULL;
		r.fn(r.cookie, l, CU_ETIME, NULL);
	}
	l->busy--;
	if (l->dead) {
		if (l->busy == 0)
			destroy(l);
		return;
	}
	set_expire(l);
}

static int
create(struct net_link **out, struct net_loop *loop,
    const struct net_link_conf *conf, const struct net_link_ops *ops,
    void *cookie)
{
	struct net_link *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (CU_ENOMEM);
	l->loop = loop;
	l->conf = conf;
	l->ops = ops;
	l->cookie = cookie;
	l->use = conf->use;
	l->next_id = 1;
	if (net_timer_create(&l->begin, loop, on_begin, l) != 0 ||
	    net_timer_create(&l->frame, loop, on_frame, l) != 0 ||
	    net_timer_create(&l->redial, loop, on_redial, l) != 0 ||
	    net_timer_create(&l->expire, loop, on_expire, l) != 0 ||
	    net_timer_create(&l->kick, loop, on_kick, l) != 0) {
		net_timer_free(l->begin);
		net_timer_free(l->frame);
		net_timer_free(l->redial);
		net_timer_free(l->expire);
		free(l);
		return (CU_ENOMEM);
	}
	*out = l;
	return (0);
}

bool
net_link_remote(const char *where)
{
	return (strchr(where, '/') == NULL);
}

/* Never an address without TLS. */
static bool
may_use(const struct net_link_conf *conf, const char *where)
{
	char host[NET_ADDR_HOST];
	uint16_t port;

	return (!net_link_remote(where) || (conf->tls != NULL &&
	    net_addr_split(where, host, &port) == 0));
}

static int
dial(struct net_link **out, struct net_loop *loop, const char *where,
    const struct net_link_conf *conf, const struct net_link_ops *ops,
    void *cookie, bool once)
{
	struct net_link *l;
	int rc;

	if (!may_use(conf, where))
		return (CU_EMALFORMED);
	if ((rc = create(&l, loop, conf, ops, cookie)) != 0)
		return (rc);
	l->once = once;
	l->accepted = true;
	l->remote = net_link_remote(where);
	if ((l->where = strdup(where)) == NULL) {
		destroy(l);
		return (CU_ENOMEM);
	}
	net_timer_set(l->redial, 0);
	*out = l;
	return (0);
}

/* Send what is queued, then end; a peer that does not read is left behind. */
static void
finish(struct net_link *l)
{
	l->state = CLOSING;
	net_timer_set(l->begin, BEGIN_US);
	net_stream_finish(l->stream);
}

int
net_link_dial(struct net_link **out, struct net_loop *loop, const char *where,
    const struct net_link_conf *conf, const struct net_link_ops *ops,
    void *cookie)
{
	return (dial(out, loop, where, conf, ops, cookie, false));
}

int
net_link_once(struct net_link **out, struct net_loop *loop, const char *where,
    const struct net_link_conf *conf, const struct net_link_ops *ops,
    void *cookie)
{
	return (dial(out, loop, where, conf, ops, cookie, true));
}

void
net_link_redial(struct net_link *l)
{
	if (l->state == DOWN) {
		net_timer_set(l->redial, 0);
		return;
	}
	/* Ends through on_end, later; the next try is then the first. */
	l->tries = 0;
	finish(l);
}

static void
on_accept(void *cookie, int fd, const char *peer)
{
	struct net_link_server *s = cookie;
	struct net_link *l;
	unsigned int shaking = 0;

	/* A stranger must not take the places of those who are known. */
	for (l = s->remote ? s->first : NULL; l != NULL; l = l->next)
		shaking += !l->accepted &&
		    strcmp(net_stream_peer(l->stream), peer) == 0;
	if (shaking >= SHAKING_MAX || s->links_n >= LINKS_MAX || create(&l, s->loop, s->conf, s->ops,
	    NULL) != 0) {
		close(fd);
		return;
	}
	l->server = s;
	l->next = s->first;
	if (l->next != NULL)
		l->next->prev = l;
	s->first = l;
	s->links_n++;
	l->uid = NET_UID_NONE;
	l->remote = s->remote;
	if (net_stream_accept(&l->stream, s->loop, s->remote ? s->conf->tls :
	    NULL, fd, &stream_ops, l) != 0 || (!s->remote &&
	    net_stream_uid(l->stream, &l->uid) != 0)) {
		destroy(l);
		return;
	}
	l->state = DIALLING;
	net_timer_set(l->begin, BEGIN_US);
}

int
net_link_listen(struct net_link_server **out, struct net_loop *loop,
    const char *where, const struct net_link_conf *conf,
    const struct net_link_ops *ops,
    void *(*accepted)(void *, struct net_link *, unsigned int), void *cookie,
    struct cu_why *why)
{
	struct net_link_server *s;
	int rc;

	if (!may_use(conf, where))
		return (CU_EMALFORMED);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->loop = loop;
	s->conf = conf;
	s->ops = ops;
	s->on_accept = accepted;
	s->cookie = cookie;
	s->remote = net_link_remote(where);
	rc = (s->remote ? net_listen_tcp : net_listen_unix)(&s->listen, loop,
	    where, on_accept, s, why);
	if (rc != 0) {
		free(s);
		return (rc);
	}
	*out = s;
	return (0);
}

uint16_t
net_link_port(const struct net_link_server *s)
{
	return (net_listen_port(s->listen));
}

void
net_link_server_free(struct net_link_server *s)
{
	struct net_link *l, *next;

	if (s == NULL)
		return;
	net_listen_free(s->listen);
	for (l = s->first; l != NULL; l = next) {
		next = l->next;
		/* One in a callback goes when that returns. */
		l->server = NULL;
		l->prev = l->next = NULL;
		l->once = true;
		net_link_free(l);
	}
	free(s);
}

void
net_link_welcome(struct net_link *l)
{
	if (l->state != WELCOMING)
		return;
	l->state = PROVING;
	say_hello(l);
	if (proves(l))
		say_proof(l);
	/* Go on with what came meanwhile, after the caller has returned. */
	net_timer_set(l->kick, 0);
}

void
net_link_fail(struct net_link *l, const char *code, const char *text)
{
	struct net_out m;

	if (l->stream == NULL || l->state == CLOSING)
		return;
	net_out_init(&m, NET_ERROR);
	jw_str(&m.w, "code", code);
	jw_str(&m.w, "text", text);
	put(l, &m, 0);
	finish(l);
}

bool
net_link_ready(const struct net_link *l)
{
	return (l->state == READY);
}

const struct net_hello *
net_link_hello(const struct net_link *l)
{
	return (l->hello_msg != NULL ? &l->hello : NULL);
}

unsigned int
net_link_uid(const struct net_link *l)
{
	return (l->uid);
}

bool
net_link_named(const struct net_link *l, const char *id)
{
	const uint8_t *der = NULL;
	struct cert *c;
	const char *cn;
	size_t len = 0;
	bool is;

	if (l->remote && l->stream != NULL)
		der = net_stream_cert(l->stream, &len);
	if (der == NULL || cert_from_der(&c, der, len) != 0)
		return (false);
	cn = cert_cn(c);
	is = cn != NULL && strcmp(cn, id) == 0;
	cert_free(c);
	return (is);
}

void *
net_link_cookie(const struct net_link *l)
{
	return (l->cookie);
}

int
net_link_send(struct net_link *l, struct net_out *m)
{
	if (l->state != READY) {
		net_out_fini(m);
		return (CU_ESTATE);
	}
	return (put(l, m, 0));
}

unsigned int
net_link_room(const struct net_link *l)
{
	unsigned int window = l->hello.window;

	return (l->state != READY || l->out_n >= window ? 0 :
	    window - l->out_n);
}

int
net_link_ask(struct net_link *l, struct net_out *m, utc_us wait,
    net_answer_fn *fn, void *cookie)
{
	unsigned int i;
	int rc;

	if (net_link_room(l) == 0) {
		net_out_fini(m);
		return (l->state == READY ? CU_EBUSY : CU_ESTATE);
	}
	for (i = 0; l->out[i].id != 0; i++)
		;
	if ((rc = put(l, m, l->next_id)) != 0)
		return (rc);
	l->out[i].id = l->next_id++;
	l->out[i].deadline = utc_mono() + wait;
	l->out[i].fn = fn;
	l->out[i].cookie = cookie;
	l->out_n++;
	set_expire(l);
	return (0);
}

int
net_link_answer(struct net_link *l, uint64_t id, struct net_out *m)
{
	unsigned int i;
	int rc;

	for (i = 0; i < NET_WINDOW && (id == 0 || l->in[i] != id); i++)
		;
	if (l->state != READY || i == NET_WINDOW) {
		net_out_fini(m);
		return (CU_ESTATE);
	}
	if ((rc = put(l, m, id)) != 0)
		return (rc);
	l->in[i] = 0;
	if (l->in_n-- == NET_WINDOW) {
		net_stream_pause(l->stream, false);
		net_timer_set(l->kick, 0);
	}
	return (0);
}

int
net_link_answer_error(struct net_link *l, uint64_t id, const char *code,
    const char *text)
{
	struct net_out m;

	net_out_init(&m, NET_ERROR);
	jw_str(&m.w, "code", code);
	jw_str(&m.w, "text", text);
	return (net_link_answer(l, id, &m));
}

size_t
net_link_pending(const struct net_link *l)
{
	return (l->stream == NULL ? 0 : net_stream_pending(l->stream));
}
