/* src/auditor/auditor_element.c: one element: its connection, its questions */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_impl.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/random.h"
#include "net/net_loop.h"
#include "record/record_payload.h"
#include "x1/x1_query.h"
#include "x1http/x1http_client.h"

#define FOLLOW_US	(10 * UTC_SECOND)	/* to reach the keeper's head */
#define QUERY_MAX	8192

struct auditor_element {
	struct auditor *auditor;
	struct auditor_element *next;
	char id[TEXT_ID_MAX + 1];
	struct auditor_ne *ne;
	struct net_timer *timer;
	bool live;

	/* As registered. */
	uint64_t index;
	enum cert_rule rule;
	char identity[X1_ID_MAX + 1];
	unsigned int dialect;
	struct x1http_peer *peer;
	bool renew;		/* registered anew while a call is out */

	/* The question under way. */
	bool called;		/* a call is out */
	bool following;		/* waiting for the head to reach ${until} */
	bool until_known;
	uint64_t until;
	enum x1_op op;
	struct x1_head asked;

	/* Parts of a snapshot without answer. */
	unsigned int parts_left;
	bool parts_ok, again;
	uint64_t first_index;
	bool running;		/* inside element_run */
};

static void element_run(struct auditor_element *);

/* ---- registration ------------------------------------------------------ */

static void
take_registration(struct auditor_element *e, const struct state_element *s)
{
	const struct record_element *r = s->reg;
	struct x1http_peer_conf conf = { .url = r->x1, .conns = 1 };
	struct cu_why why = { "" };
	size_t i;

	x1http_peer_free(e->peer);
	e->peer = NULL;
	e->renew = false;
	e->index = s->index;
	e->rule = r->rule;
	snprintf(e->identity, sizeof(e->identity), "%s", r->identity);
	e->dialect = 0;
	for (i = 0; i < r->dialect.n; i++)
		e->dialect |= x1_dialect_find(r->dialect.v[i],
		    strlen(r->dialect.v[i]));
	conf.tls = e->auditor->tls;
	conf.pins = r->pin;
	conf.pins_n = r->pins_n;
	if (x1http_peer_create(&e->peer, e->auditor->loop, &conf, &why) != 0)
		diag("element %s: %s", e->id, why.text);
}

/*
 * The token of a task's line.  The key of a task that has ended is not opened
 * again after a start (formats 8): an element that shows such a task, from a
 * backup, shows one without a line, and must not hide what else it holds.
 */
static int
task_token(const struct auditor_element *e, const char *xid, const void *line,
    size_t len, uint8_t out[DIGEST_LEN])
{
	int rc = state_task_token(e->auditor->state, xid, line, len, out);

	if (rc == CU_ESTATE && state_task_ended(e->auditor->state, e->id, xid))
		rc = CU_ENOENT;
	return (rc);
}

/* Will it have a line? */
static bool
xid_bound(void *cookie, const char *xid)
{
	uint8_t none[DIGEST_LEN];

	return (task_token(cookie, xid, "", 0, none) != CU_ENOENT);
}

/* Which registrations are asked at all. */
static bool
is_asked(const struct state_element *s)
{
	return (s->live && s->reg->x1 != NULL && s->reg->identity != NULL &&
	    (s->reg->kind == RECORD_NE || s->reg->kind == RECORD_MDF));
}

static void
on_timer(void *cookie)
{
	struct auditor_element *e = cookie;

	if (e->following) {
		e->following = false;
		auditor_ne_followed(e->ne, utc_mono(), false);
	}
	element_run(e);
}

static struct auditor_element *
element_create(struct auditor *a, const char *id)
{
	struct auditor_ne_conf conf = { .interval = a->conf->audit_interval,
	    .full = a->conf->audit_full, .keep = a->conf->snapshot_keep,
	    .pace = a->conf->pace };
	struct auditor_element *e;

	random_bytes(&conf.seed, sizeof(conf.seed));
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (NULL);
	conf.bound = xid_bound;
	conf.cookie = e;
	e->auditor = a;
	snprintf(e->id, sizeof(e->id), "%s", id);
	if (net_timer_create(&e->timer, a->loop, on_timer, e) != 0 ||
	    auditor_ne_create(&e->ne, &conf, utc_mono()) != 0) {
		net_timer_free(e->timer);
		free(e);
		return (NULL);
	}
	e->next = a->elements;
	a->elements = e;
	return (e);
}

static struct auditor_element *
element_find(struct auditor *a, const char *id)
{
	struct auditor_element *e;

	for (e = a->elements; e != NULL && strcmp(e->id, id) != 0; )
		e = e->next;
	return (e);
}

void
auditor_elements_sync(struct auditor *a)
{
	struct auditor_element *e;
	struct state_element s;
	size_t i;

	for (i = 0; state_element_nth(a->state, i, &s); i++) {
		e = element_find(a, s.id);
		if (!is_asked(&s)) {
			if (e != NULL)
				e->live = false;
			continue;
		}
		if (e == NULL && (e = element_create(a, s.id)) == NULL) {
			diag("element %s: out of memory", s.id);
			continue;
		}
		if (e->live && e->index == s.index)
			continue;
		if (e->index != 0)
			auditor_ne_reset(e->ne, utc_mono());
		e->live = true;
		if (e->called)
			e->renew = true;
		else
			take_registration(e, &s);
		element_run(e);
	}
}

void
auditor_elements_free(struct auditor *a)
{
	struct auditor_element *e;

	while ((e = a->elements) != NULL) {
		a->elements = e->next;
		x1http_peer_free(e->peer);
		net_timer_free(e->timer);
		auditor_ne_free(e->ne);
		free(e);
	}
}

/* ---- asking ------------------------------------------------------------ */

static enum auditor_error
error_of(enum x1http_why why)
{
	switch (why) {
	case X1HTTP_WHY_CONNECT:	return (AUDITOR_ERROR_CONNECT);
	case X1HTTP_WHY_TLS:		return (AUDITOR_ERROR_TLS);
	case X1HTTP_WHY_IDENTITY:	return (AUDITOR_ERROR_IDENTITY);
	case X1HTTP_WHY_TIMEOUT:	return (AUDITOR_ERROR_TIMEOUT);
	case X1HTTP_WHY_CUT:		return (AUDITOR_ERROR_CUT);
	default:			return (AUDITOR_ERROR_HTTP);
	}
}

/* Is the element's identifier bound to the certificate that it showed? */
static bool
is_bound(const struct auditor_element *e, const struct x1http_result *r)
{
	struct cert *cert;
	bool yes;

	if (r->cert == NULL || cert_from_der(&cert, r->cert, r->cert_len) != 0)
		return (false);
	yes = cert_binds(cert, e->rule, CERT_SIDE_NE, e->identity);
	cert_free(cert);
	return (yes);
}

/* Take an answer apart.  False: memory is out. */
static bool
read_answer(struct auditor_element *e, const struct x1http_result *r,
    struct auditor_got *g, struct auditor_objects *objects)
{
	struct cu_why why = { "" };
	int rc;

	if (r->status != 200) {
		g->error = AUDITOR_ERROR_HTTP;
		return (true);
	}
	rc = auditor_answer_take(objects, r->body, r->body_len, e->dialect,
	    &e->asked, e->op, xid_bound, e, &g->code,
	    &g->leniencies, &why);
	if (rc == 0)
		g->objects = objects;
	else if (rc == AUDITOR_E_CODE)
		g->is_code = true;
	else {
		g->error = AUDITOR_ERROR_FORM;
		diag("element %s: %s: not understood: %s", e->id,
		    x1_op_name(e->op), why.text);
	}
	return (rc != CU_ENOMEM);
}

static void
on_done(void *cookie, const struct x1http_result *r)
{
	struct auditor_element *e = cookie;
	struct auditor_objects objects = { 0 };
	struct auditor_got g = { 0 };
	struct state_element s;

	e->called = false;
	g.sent = r->sent_at != 0 ? r->sent_at : utc_now();
	g.came = r->answered_at;
	g.has_certificate = r->has_pin;
	g.certificate = r->pin;
	g.body_len = r->body_len;
	if (r->has_pin && !is_bound(e, r))
		g.error = AUDITOR_ERROR_IDENTITY;
	else if (r->why == X1HTTP_WHY_LIMIT)
		g.too_large = true;
	else if (r->fate != X1HTTP_ANSWERED)
		g.error = error_of(r->why);
	else if (!read_answer(e, r, &g, &objects))
		diag("element %s: out of memory", e->id);
	if (auditor_ne_answered(e->ne, utc_mono(), &g) != 0)
		diag("element %s: out of memory", e->id);
	if (e->renew && state_element(e->auditor->state, e->id, &s))
		take_registration(e, &s);
	element_run(e);
}

static const struct x1http_call_ops call_ops = { .done = on_done };

/* Send a query; false if it could not even begin. */
static bool
send_query(struct auditor_element *e, const struct auditor_step *s)
{
	const struct home_conf *c = e->auditor->conf;
	struct buf b;
	int rc;

	memset(&e->asked, 0, sizeof(e->asked));
	snprintf(e->asked.admf, sizeof(e->asked.admf), "%s", c->admf);
	snprintf(e->asked.ne, sizeof(e->asked.ne), "%s", e->identity);
	e->asked.stamp = utc_now();
	text_put(e->asked.version, X1_VERSION);
	random_uuid(e->asked.transaction);
	e->op = s->op;
	buf_init(&b, QUERY_MAX);
	rc = x1_query_write(&b, s->op, &e->asked, s->id);
	if (rc == 0 && e->peer == NULL)
		rc = CU_ESTATE;
	if (rc == 0)
		rc = x1http_call(NULL, e->peer, b.p, b.len,
		    utc_mono() + c->element_timeout, &call_ops, e);
	e->called = rc == 0;
	buf_fini(&b);
	return (rc == 0);
}

/* ---- following, storing ------------------------------------------------ */

static void
on_begun(void *cookie, bool ok, uint64_t index)
{
	struct auditor_element *e = cookie;

	auditor_ne_begun(e->ne, utc_mono(), ok, index);
	element_run(e);
}

static void
look_at_head(struct auditor_element *e)
{
	if (!e->following || !e->until_known ||
	    auditor_follow_head(e->auditor->follow)->size < e->until)
		return;
	e->following = false;
	net_timer_clear(e->timer);
	auditor_ne_followed(e->ne, utc_mono(), true);
	element_run(e);
}

static void
on_size(void *cookie, bool ok, uint64_t size)
{
	struct auditor_element *e = cookie;

	if (!e->following)
		return;
	if (!ok) {
		e->following = false;
		net_timer_clear(e->timer);
		auditor_ne_followed(e->ne, utc_mono(), false);
		element_run(e);
		return;
	}
	e->until = size;
	e->until_known = true;
	look_at_head(e);
}

static void
begin_following(struct auditor_element *e)
{
	e->following = true;
	e->until_known = false;
	if (auditor_talk_head(e->auditor->talk, on_size, e) != 0) {
		e->following = false;
		auditor_ne_followed(e->ne, utc_mono(), false);
	} else
		net_timer_set(e->timer, FOLLOW_US);
}

void
auditor_elements_head(struct auditor *a)
{
	struct auditor_element *e;

	for (e = a->elements; e != NULL; e = e->next)
		look_at_head(e);
}

static int
token(void *cookie, bool task, const char *id, const void *line, size_t len,
    uint8_t out[DIGEST_LEN])
{
	struct auditor_element *e = cookie;

	if (task)
		return (task_token(e, id, line, len, out));
	return (state_destination_token(e->auditor->state, e->id, line, len,
	    out));
}

void
auditor_element_stored(struct auditor_element *e, bool ok, uint64_t index,
    bool again)
{
	auditor_ne_stored(e->ne, utc_mono(), ok, index, again);
	element_run(e);
}

static void
on_part(void *cookie, bool ok, uint64_t index, bool again)
{
	struct auditor_element *e = cookie;

	if (e->first_index == AUDITOR_NO_INDEX)
		e->first_index = index;
	e->parts_ok = e->parts_ok && ok;
	e->again = e->again || again;
	e->parts_left--;
	/* The parts behind one that is no entry would not be taken either. */
	if (!ok)
		e->parts_left -= (unsigned int)auditor_talk_forget(
		    e->auditor->talk, on_part, e);
	if (e->parts_left == 0)
		auditor_element_stored(e, e->parts_ok, e->first_index,
		    e->again);
}

/* Say a snapshot; false if nothing of it could be said. */
static bool
say_snapshot(struct auditor_element *e, const struct auditor_report *r)
{
	struct auditor_question q = r->question;
	unsigned int part, parts = auditor_said_parts(r->diff);
	struct record_sds sds;
	struct buf b;
	int rc = 0;

	q.element = e->index;
	e->parts_left = 0;
	e->parts_ok = true;
	e->again = false;
	e->first_index = AUDITOR_NO_INDEX;
	for (part = 1; part <= parts && rc == 0; part++) {
		buf_init(&b, RECORD_PAYLOAD_MAX);
		record_sds_init(&sds);
		rc = auditor_said_part(&b, &sds, &q, r->rows, r->objects,
		    r->diff, part);
		if (rc == 0)
			rc = auditor_talk_report(e->auditor->talk,
			    NET_SNAPSHOT, b.p, b.len, &sds, on_part, e);
		e->parts_left += rc == 0;
		record_sds_fini(&sds);
		buf_fini(&b);
	}
	if (rc != 0) {
		diag("element %s: a snapshot could not be said: %s", e->id,
		    cu_strerror(rc));
		/* Parts that went count only when all stand. */
		e->parts_ok = false;
	}
	return (e->parts_left > 0);
}

static void
store(struct auditor_element *e)
{
	struct auditor *a = e->auditor;
	struct auditor_report r;
	bool said;
	int rc;

	rc = auditor_ne_judge(e->ne, utc_mono(), token, e, &r);
	if (rc == CU_ESTATE) {
		diag("element %s: a key for its tasks was not opened", e->id);
		rc = auditor_ne_judge(e->ne, utc_mono(), token, e, &r);
	}
	if (rc != 0) {
		auditor_ne_stored(e->ne, utc_mono(), false, 0, false);
		return;
	}
	auditor_talk_end(a->talk, e->id, r.unchanged);
	r.question.element = e->index;
	if (r.unchanged)
		said = auditor_round_add(a, e, &r.question) == 0;
	else
		said = say_snapshot(e, &r);
	if (!said)
		auditor_ne_stored(e->ne, utc_mono(), false, 0, false);
}

/* Do what is due until something has to be waited for. */
static void
element_run(struct auditor_element *e)
{
	struct auditor_step s;
	struct auditor_got g;

	if (e->running || !e->live || !e->auditor->running)
		return;
	e->running = true;
	for (;;) {
		auditor_ne_next(e->ne, utc_mono(), &s);
		if (s.what == AUDITOR_DO_WAIT)
			break;
		if (s.what == AUDITOR_DO_BEGIN && auditor_talk_begin(
		    e->auditor->talk, e->id, on_begun, e) != 0)
			auditor_ne_begun(e->ne, utc_mono(), false, 0);
		if (s.what == AUDITOR_DO_ASK && !send_query(e, &s)) {
			memset(&g, 0, sizeof(g));
			g.error = AUDITOR_ERROR_CONNECT;
			g.sent = utc_now();
			(void)auditor_ne_answered(e->ne, utc_mono(), &g);
		}
		if (s.what == AUDITOR_DO_FOLLOW)
			begin_following(e);
		if (s.what == AUDITOR_DO_STORE)
			store(e);
	}
	e->running = false;
	if (s.at != INT64_MAX && !e->following)
		net_timer_at(e->timer, s.at);
}

void
auditor_elements_run(struct auditor *a)
{
	struct auditor_element *e;

	for (e = a->elements; e != NULL; e = e->next)
		element_run(e);
}

void
auditor_elements_hurry(struct auditor *a, const char *id)
{
	struct auditor_element *e = element_find(a, id);

	if (e == NULL)
		return;
	auditor_ne_hurry(e->ne, utc_mono());
	element_run(e);
}
