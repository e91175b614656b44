/* Towards elements: pools of connections, and the one sending of a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "record/record_payload.h"
#include "state/state.h"
#include "x1http/x1http_client.h"

#define OWN_IDENTITY	((size_t)HOME_LISTS_MAX)	/* as its elements */
#define FORWARDS_MAX	64

struct sending {
	struct gate *g;
	uint64_t id;
	enum gate_why why;		/* before() said no */
};

static size_t
identity_for(const struct gate *g, const char *admf)
{
	size_t i;

	for (i = 0; i < g->conf->identity_n; i++)
		if (strcmp(g->conf->identity[i].admf, admf) == 0)
			return (i);
	return (0);
}

/* It does not wait for a connection behind what starts or asks. */
static bool
takes_away(const struct gate_msg *m)
{
	return (m->class == GATE_STOP || m->class == GATE_NARROW);
}

static struct gate_pool *
pool_find(struct gate *g, const struct gate_reg *r, size_t identity,
    bool takes)
{
	struct gate_pool *p, *next;

	for (p = TAILQ_FIRST(&g->pools); p != NULL; p = next) {
		next = TAILQ_NEXT(p, q);
		if (p->index == r->index && p->identity == identity &&
		    p->takes == takes)
			return (p);
	}
	return (NULL);
}

/* Pools of a registration that is not the newest any more. */
static void
pools_tidy(struct gate *g)
{
	struct gate_pool *p, *next;
	struct gate_reg r;
	bool live;
	size_t i;

	for (p = TAILQ_FIRST(&g->pools); p != NULL; p = next) {
		next = TAILQ_NEXT(p, q);
		live = x1http_peer_busy(p->peer) > 0;
		for (i = 0; !live && gate_register_nth(g->reg, i, &r); i++)
			live = r.index == p->index;
		if (live)
			continue;
		TAILQ_REMOVE(&g->pools, p, q);
		x1http_peer_free(p->peer);
		free(p);
	}
}

/* Is this certificate bound to the element's name (X1 8.2.4)? */
static bool
on_admit(void *cookie, const uint8_t *der, size_t len)
{
	struct gate_pool *p = cookie;
	struct cert *cert;
	bool bound;

	if (cert_from_der(&cert, der, len) != 0)
		return (false);
	bound = cert_binds(cert, p->rule, p->side, p->name);
	cert_free(cert);
	if (!bound)
		diag("%s: a certificate that is not bound to this name",
		    p->id);
	return (bound);
}

static int
pool_get(struct gate *g, const struct gate_reg *r, size_t identity,
    bool takes, struct gate_pool **out)
{
	struct net_tls *tls = identity == OWN_IDENTITY ? g->own_tls :
	    g->identity[identity];
	struct x1http_peer_conf conf = { .url = r->e->x1, .tls = tls,
	    .pins = r->e->pin, .pins_n = r->e->pins_n, .admit = on_admit };
	struct gate_pool *p;
	struct cu_why why = { "" };
	int rc;

	if ((p = pool_find(g, r, identity, takes)) != NULL) {
		*out = p;
		return (0);
	}
	if (r->e->x1 == NULL || tls == NULL || r->e->identity == NULL)
		return (CU_ENOENT);
	pools_tidy(g);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CU_ENOMEM);
	p->rule = r->e->rule;
	p->side = r->e->kind == RECORD_ADMF ? CERT_SIDE_ADMF : CERT_SIDE_NE;
	snprintf(p->id, sizeof(p->id), "%s", r->e->id);
	snprintf(p->name, sizeof(p->name), "%s", r->e->identity);
	conf.cookie = p;
	if ((rc = x1http_peer_create(&p->peer, g->loop, &conf, &why)) != 0) {
		diag("element %s: %s", r->e->id, why.text);
		free(p);
		return (rc);
	}
	p->index = r->index;
	p->identity = identity;
	p->takes = takes;
	TAILQ_INSERT_TAIL(&g->pools, p, q);
	*out = p;
	return (0);
}

/*
 * Each message gets the moment at which its element's pace lets it out, in the
 * order of asking: bursts of a second's worth, then evenly.
 */
bool
gate_ne_pace(struct gate *g, struct gate_msg *m)
{
	struct gate_pool *p;
	struct gate_reg r;
	utc_us now = utc_mono(), each, earliest;

	if (m->pace_at != 0)
		return (now >= m->pace_at);
	if (!gate_register_id(g->reg, m->element, &r) || g->conf->pace == 0 ||
	    pool_get(g, &r, identity_for(g, m->requester), false, &p) != 0)
		return (true);		/* the sending will say what is wrong */
	each = UTC_SECOND / (utc_us)g->conf->pace;
	if (p->next < now)
		p->next = now;
	earliest = p->next - UTC_SECOND + each;
	m->pace_at = earliest > now ? earliest : now;
	p->next += each;
	/* What takes away does not wait for others. */
	if (takes_away(m))
		m->pace_at = now;
	return (now >= m->pace_at);
}

/* The last moment: the next thing is the first byte. */
static int
on_before(void *cookie)
{
	struct sending *s = cookie;
	struct gate *g = s->g;
	struct gate_msg *m = gate_msg_find(g, s->id);

	if (m == NULL)
		return (-1);
	/* It may have waited for a connection: dead is dead. */
	if (m->release_by != 0 && utc_mono() > m->release_by) {
		s->why = GATE_WHY_RELEASE_TIMEOUT;
		return (-1);
	}
	if ((s->why = gate_law_last(g, m)) != GATE_WHY_NONE)
		return (-1);
	/*
	 * A widening leaves only on a head that a restart knows: or a keeper
	 * could later show a log without the entry that it rests on.
	 */
	if (!takes_away(m) && !m->late &&
	    g->book.size < gate_follow_size(g) && gate_follow_sync(g) != 0) {
		s->why = GATE_WHY_CONNECTION;
		return (-1);
	}
	m->out.checkpoint = m->late ? RECORD_NONE : gate_follow_size(g);
	gate_event(g, GATE_EV_BYTE, m->id);
	return (0);
}

static enum gate_why
doubt_why(enum x1http_why why)
{
	switch (why) {
	case X1HTTP_WHY_TIMEOUT:
		return (GATE_WHY_TIMEOUT);
	case X1HTTP_WHY_HTTP:
	case X1HTTP_WHY_LIMIT:
		return (GATE_WHY_HTTP);
	default:
		return (GATE_WHY_CUT);
	}
}

/* A whole answer: kept, and taken apart. */
static enum gate_why
take_answer(struct gate *g, struct gate_msg *m, const struct x1http_result *r)
{
	enum gate_why why;

	if ((m->answer = malloc(r->body_len + 1)) == NULL)
		return (GATE_WHY_CUT);
	memcpy(m->answer, r->body, r->body_len);
	m->answer_len = r->body_len;
	why = gate_answer_read(g, m);
	if (why == GATE_WHY_NONE && r->status != 200)
		why = GATE_WHY_HTTP;
	return (why);
}

static void
on_done(void *cookie, const struct x1http_result *r)
{
	struct sending s = *(struct sending *)cookie;
	struct gate_event ev = { .id = s.id };
	struct gate *g = s.g;
	struct gate_msg *m;

	free(cookie);
	if ((m = gate_msg_find(g, s.id)) == NULL)
		return;		/* its own deadline was later, and passed */
	m->call = NULL;
	m->sending = NULL;
	m->out.sent_at = r->sent_at;
	m->out.answered_at = r->answered_at;
	m->out.http = r->status;
	m->out.has_certificate = r->has_pin;
	memcpy(m->out.certificate, r->pin, sizeof(m->out.certificate));
	if (r->fate == X1HTTP_UNSENT) {
		ev.kind = GATE_EV_UNSENT;
		ev.why = s.why != GATE_WHY_NONE ? s.why :
		    r->why == X1HTTP_WHY_IDENTITY ? GATE_WHY_IDENTITY :
		    GATE_WHY_CONNECTION;
	} else if (r->fate == X1HTTP_DOUBT) {
		ev.kind = GATE_EV_DOUBT;
		ev.why = doubt_why(r->why);
	} else {
		ev.why = take_answer(g, m, r);
		ev.kind = ev.why == GATE_WHY_NONE ? GATE_EV_ANSWER :
		    GATE_EV_DOUBT;
	}
	if (ev.why != GATE_WHY_NONE)
		diag("element %s: %s", m->element, gate_why_name(ev.why));
	gate_step(g, ev);
}

void
gate_ne_send(struct gate *g, struct gate_msg *m)
{
	static const struct x1http_call_ops ops = {
		.before = on_before, .done = on_done,
	};
	struct sending *s = NULL;
	struct gate_pool *p;
	struct gate_reg r;
	int rc = CU_ENOENT;

	if (!gate_register_id(g->reg, m->element, &r))
		goto err;
	if ((rc = pool_get(g, &r, identity_for(g, m->requester),
	    takes_away(m), &p)) != 0)
		goto err;
	rc = CU_ENOMEM;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		goto err;
	s->g = g;
	s->id = m->id;
	if ((rc = x1http_call(&m->call, p->peer, m->sent.p, m->sent.len,
	    utc_mono() + g->conf->element_timeout, &ops, s)) == 0) {
		m->sending = s;
		return;
	}
err:	free(s);
	diag("element %s: cannot be sent to: %s", m->element, cu_strerror(rc));
	gate_step(g, (struct gate_event){ .kind = GATE_EV_UNSENT,
	    .id = m->id, .why = GATE_WHY_CONNECTION });
}

/* ---- an element's report, to the ADMFs that are registered for it ------- */

static void
on_forwarded(void *cookie, const struct x1http_result *r)
{
	struct gate *g = cookie;

	g->forwards--;
	if (r->fate != X1HTTP_ANSWERED || r->status != 200)
		diag("a report could not be forwarded: %s, status %d",
		    x1http_why_text(r->why), r->status);
}

static void
forward_one(struct gate *g, const struct gate_reg *admf, const struct buf *b)
{
	static const struct x1http_call_ops ops = { .done = on_forwarded };
	struct gate_pool *p;
	int rc;

	if (g->forwards >= FORWARDS_MAX)
		rc = CU_ELIMIT;
	else if ((rc = pool_get(g, admf, OWN_IDENTITY, false, &p)) == 0)
		rc = x1http_call(NULL, p->peer, b->p, b->len, utc_mono() +
		    g->conf->element_timeout, &ops, g);
	if (rc == 0)
		g->forwards++;
	else
		diag("admf %s: a report is not forwarded: %s", admf->e->id,
		    cu_strerror(rc));
}

/* Who commanded the task last, or NULL. */
static const char *
owner_of(struct gate *g, const char *element, const char *xid)
{
	struct state_object o;
	size_t i;

	if (xid[0] == '\0' || !g->ready)
		return (NULL);
	for (i = 0; state_object_nth(g->st, i, &o); i++)
		if (o.task && strcmp(o.id, xid) == 0 &&
		    strcmp(o.element, element) == 0)
			return (o.requester);
	return (NULL);
}

void
gate_ne_forward(struct gate *g, const struct gate_reg *from,
    const struct x1_msg *msg)
{
	const char *owner = owner_of(g, from->e->id, msg->xid);
	struct gate_reg admf;
	struct buf b;
	bool named;
	size_t i, k;

	buf_init(&b, X1_REQUEST_MAX);
	if (x1_request_write(&b, msg, 1) != 0 || b.rc != 0) {
		diag("element %s: a report cannot be written", from->e->id);
		buf_fini(&b);
		return;
	}
	for (i = 0; gate_register_nth(g->reg, i, &admf); i++) {
		if (admf.e->kind != RECORD_ADMF || admf.e->x1 == NULL)
			continue;
		for (named = false, k = 0; k < from->e->admfs.n; k++)
			named |= strcmp(from->e->admfs.v[k], admf.e->id) == 0;
		if (named && (owner == NULL || strcmp(owner, admf.e->id) == 0))
			forward_one(g, &admf, &b);
	}
	buf_wipe(&b);
}

void
gate_ne_free(struct gate *g)
{
	struct gate_pool *p;

	while ((p = TAILQ_FIRST(&g->pools)) != NULL) {
		TAILQ_REMOVE(&g->pools, p, q);
		x1http_peer_free(p->peer);
		free(p);
	}
}
