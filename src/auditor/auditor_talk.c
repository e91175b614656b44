/* src/auditor/auditor_talk.c: reports in order, once each; questions */
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_said.h"
#include "auditor/auditor_talk.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "record/record_entry.h"
#include "record/record_report.h"
#include "record/record_sd.h"

#define GAPS_MAX	RECORD_VOID_MAX
#define GAPS_BRAKE	(GAPS_MAX / 2)
#define OPEN_MAX	32	/* reports under way; the window is 64 */
#define SAID_MAX	RECORD_PAYLOAD_MAX

/*
 * It gets its number and signature when it first goes, so that of those behind
 * one that is refused only what is under way does not name it.
 */
struct report {
	struct auditor_talk *talk;
	struct report *next;
	enum net_kind kind;
	char *members;			/* owned, until it has a number */
	size_t members_len;
	uint64_t number;		/* 0: none yet */
	char *said;			/* owned */
	size_t said_len;
	char *sig;			/* owned: the JSON object */
	size_t sig_len;
	struct record_sds sds;
	uint64_t *gap;			/* owned: what its `void` names */
	size_t gaps_n;
	bool has_last;			/* it has `last` */
	bool sent;
	auditor_kept_fn *fn;
	void *cookie;
};

/* A question under way. */
struct question {
	bool used;
	auditor_index_fn *fn;
	void *cookie;
	const char *member;		/* of `data` */
};

struct auditor_talk {
	const struct auditor_talk_conf *conf;
	struct net_link *link;
	bool proved, doubted;	/* of this connection */
	struct report *first, **tail;
	size_t sent_n;			/* reports under way */
	bool held;			/* one goes again, when it is time */
	uint64_t number;		/* the last one used */
	uint64_t kept;			/* the highest that was kept */
	uint64_t gap[GAPS_MAX];
	size_t gaps_n;
	bool has_last;
	uint64_t last;
	struct question open[NET_WINDOW];
};

static void pump(struct auditor_talk *);

static void
report_free(struct report *r)
{
	free(r->members);
	free(r->said);
	free(r->sig);
	free(r->gap);
	record_sds_fini(&r->sds);
	free(r);
}

bool
auditor_talk_up(const struct auditor_talk *t)
{
	return (t->proved && net_link_ready(t->link));
}

uint64_t
auditor_talk_number(const struct auditor_talk *t)
{
	return (t->number);
}

void
auditor_talk_last(struct auditor_talk *t, uint64_t n)
{
	t->has_last = true;
	t->last = n;
}

size_t
auditor_talk_waiting(const struct auditor_talk *t)
{
	const struct report *r;
	size_t n = 0;

	for (r = t->first; r != NULL; r = r->next)
		n++;
	return (n);
}

static struct report *
unlink_report(struct auditor_talk *t, struct report *r)
{
	struct report **p = &t->first;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	if (t->tail == &r->next)
		t->tail = p;
	return (r);
}

/* Everything up to here is answered: the keeper may forget it. */
static void
say_done(struct auditor_talk *t, uint64_t number)
{
	struct net_out m;

	net_out_init(&m, NET_DONE);
	jw_int(&m.w, "start", (int64_t)t->conf->start);
	jw_int(&m.w, "number", (int64_t)number);
	(void)net_link_send(t->link, &m);
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y ? -1 : *x > *y);
}

/* Numbers that a `void` has to name, or names under way. */
static size_t
owed(const struct auditor_talk *t)
{
	const struct report *r;
	size_t n = t->gaps_n;

	for (r = t->first; r != NULL && r->number != 0; r = r->next)
		n += r->gaps_n;
	return (n);
}

/*
 * What ${r} names.  A stop closes the account: it names also what was offered
 * before it and has no answer, with what that names, for behind the stop
 * nothing can.
 */
static int
take_gaps(struct auditor_talk *t, struct report *r)
{
	const struct report *o;
	uint64_t *v;
	size_t n = t->gaps_n;

	if ((v = malloc((r->kind == NET_STOP ? GAPS_MAX : n + 1) *
	    sizeof(*v))) == NULL)
		return (CU_ENOMEM);
	memcpy(v, t->gap, n * sizeof(*v));
	for (o = t->first; r->kind == NET_STOP && o != r &&
	    o->number != 0; o = o->next) {
		/* One that cannot name them all would speak against us. */
		if (n + o->gaps_n + 1 > GAPS_MAX) {
			free(v);
			return (CU_ELIMIT);
		}
		if (o->gaps_n > 0)
			memcpy(v + n, o->gap, o->gaps_n * sizeof(*v));
		n += o->gaps_n;
		v[n++] = o->number;
	}
	qsort(v, n, sizeof(*v), by_number);
	r->gap = v;
	r->gaps_n = n;
	return (0);
}

static void
drop_gaps(struct report *r)
{
	free(r->gap);
	r->gap = NULL;
	r->gaps_n = 0;
}

/*
 * A report that became no entry: its number is to be named, and again all that
 * it would have said of numbers before it, for nobody has read that.
 */
static void
say_again(struct auditor_talk *t, const struct report *r)
{
	size_t i;

	for (i = 0; i <= r->gaps_n && t->gaps_n < GAPS_MAX; i++)
		t->gap[t->gaps_n++] = i < r->gaps_n ? r->gap[i] : r->number;
	qsort(t->gap, t->gaps_n, sizeof(t->gap[0]), by_number);
	t->has_last = t->has_last || r->has_last;
}

static const char *
word(const struct net_msg *m, const char *name)
{
	const char *text = jv_str(jv_get(m->json, name), NULL);

	return (text != NULL ? text : "?");
}

/*
 * Where many numbers are void already, another one for each word to a keeper
 * that takes nothing for hours would be more than a report can name: what is
 * not taken now, for a reason that passes, goes again as it is, under its
 * number.  Of a start or beat no other reason is known.
 */
static bool
hold(struct auditor_talk *t, const struct report *r, const char *code)
{
	static const char *const final[] = { "form", "refused", "limit",
	    "unknown" };
	size_t i;

	/* Behind one that was kept it never will be. */
	if (owed(t) < GAPS_BRAKE || r->kind == NET_STOP ||
	    r->number < t->kept)
		return (false);
	for (i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (r->kind != NET_START && r->kind != NET_BEAT &&
		    strcmp(code, final[i]) == 0)
			return (false);
	return (true);
}

static void
on_kept(void *cookie, struct net_link *l, int rc, const struct net_msg *m)
{
	struct report *r = cookie;
	struct auditor_talk *t = r->talk;
	uint64_t index = AUDITOR_NO_INDEX;
	bool ok, again = false, first = r == t->first;

	t->sent_n--;
	r->sent = false;
	if (rc != 0) {
		/* It goes again, under its number, on the next connection. */
		if (rc == CU_ETIME)
			net_link_redial(l);
		return;
	}
	ok = m->kind == NET_KEPT;
	if (ok) {
		(void)jv_dec(jv_get(m->json, "index"), &index);
		(void)jv_bool(jv_get(m->json, "again"), &again);
		t->held = false;
		if (t->kept < r->number)
			t->kept = r->number;
	} else if (hold(t, r, word(m, "code"))) {
		t->held = true;
		return;
	} else {
		diag("report %llu (%s) was not taken: %s: %s",
		    (unsigned long long)r->number, net_kind_name(r->kind),
		    word(m, "code"), word(m, "text"));
		say_again(t, r);
	}
	unlink_report(t, r);
	if (first)
		say_done(t, t->first != NULL && t->first->number != 0 ?
		    t->first->number - 1 : t->number);
	if (r->fn != NULL)
		r->fn(r->cookie, ok, index, again);
	report_free(r);
	pump(t);
}

/* Number, payload and signature.  0 or CU_E*. */
static int
make_report(struct auditor_talk *t, struct report *r)
{
	enum record_kind kind = record_kind_find(net_kind_name(r->kind));
	struct record_report rep = { .kind = kind,
	    .instance = t->conf->instance, .start = t->conf->start };
	struct record_sig sig;
	struct cu_why why = { "" };
	struct buf b, s;
	struct jw w;
	int rc;

	if ((rc = take_gaps(t, r)) != 0)
		return (rc);
	buf_init(&b, SAID_MAX);
	buf_init(&s, 1024);
	auditor_said_end(&b, r->members, r->members_len, r->gap, r->gaps_n,
	    t->has_last ? &t->last : NULL, &r->sds);
	if ((rc = b.rc) == 0)
		rc = record_said_check(kind, RECORD_ROLE_AUDITOR,
		    (char *)b.p, b.len, NULL, &why);
	if (rc != 0) {
		diag("a report that has not its form: %s", why.text);
		goto out;
	}
	rep.n = t->number + 1;
	rep.said = (char *)b.p;
	rep.said_len = b.len;
	rc = record_report_sign(&sig, &rep, t->conf->log, t->conf->key,
	    utc_now());
	if (rc != 0)
		goto out;
	jw_init(&w, &s);
	record_sig_write(&sig, &w, NULL);
	r->said = (char *)buf_take(&b, &r->said_len);
	r->sig = (char *)buf_take(&s, &r->sig_len);
	if (r->said == NULL || r->sig == NULL) {
		free(r->said);
		free(r->sig);
		r->said = r->sig = NULL;
		rc = CU_ENOMEM;
		goto out;
	}
	free(r->members);
	r->members = NULL;
	r->number = ++t->number;
	r->has_last = t->has_last;
	t->gaps_n = 0;
	t->has_last = false;
out:	buf_fini(&b);
	buf_fini(&s);
	if (rc != 0)
		drop_gaps(r);
	return (rc);
}

/* Offer what waits, in order, as far as the window goes. */
static void
pump(struct auditor_talk *t)
{
	struct report *r;
	struct net_out m;
	size_t i;

	for (r = t->first; r != NULL && auditor_talk_up(t); r = r->next) {
		if (r->sent)
			continue;
		if (t->held || t->sent_n >= OPEN_MAX ||
		    net_link_room(t->link) == 0)
			return;
		/* Many are void: one alone tries whether any is taken. */
		if (r->number == 0 && t->sent_n > 0 && owed(t) >= GAPS_BRAKE)
			return;
		/* What memory did not do for is tried at the next turn. */
		if (r->number == 0 && make_report(t, r) != 0)
			return;
		net_out_init(&m, r->kind);
		jw_int(&m.w, "start", (int64_t)t->conf->start);
		jw_int(&m.w, "number", (int64_t)r->number);
		net_out_part(&m, r->said, r->said_len);
		net_out_part(&m, r->sig, r->sig_len);
		for (i = 0; i < r->sds.n; i++)
			net_out_part(&m, r->sds.row[i].text,
			    r->sds.row[i].len);
		if (net_link_ask(t->link, &m, t->conf->wait, on_kept, r) != 0)
			return;
		r->sent = true;
		t->sent_n++;
	}
}

/* What could not stand in the log takes no number. */
static int
check_form(enum net_kind kind, const void *members, size_t len,
    const struct record_sds *sds)
{
	struct cu_why why = { "" };
	struct buf b;
	int rc;

	buf_init(&b, SAID_MAX);
	auditor_said_end(&b, members, len, NULL, 0, NULL, sds);
	if ((rc = b.rc) == 0)
		rc = record_said_check(record_kind_find(net_kind_name(kind)),
		    RECORD_ROLE_AUDITOR, (char *)b.p, b.len, NULL, &why);
	if (rc != 0)
		diag("a report that has not its form: %s", why.text);
	buf_fini(&b);
	return (rc);
}

int
auditor_talk_report(struct auditor_talk *t, enum net_kind kind,
    const void *members, size_t len, struct record_sds *sds,
    auditor_kept_fn *fn, void *cookie)
{
	struct report *r;
	int rc;

	if ((rc = check_form(kind, members, len, sds)) != 0)
		return (rc);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (CU_ENOMEM);
	if ((r->members = malloc(len)) == NULL) {
		free(r);
		return (CU_ENOMEM);
	}
	memcpy(r->members, members, len);
	r->members_len = len;
	r->talk = t;
	r->kind = kind;
	r->fn = fn;
	r->cookie = cookie;
	record_sds_init(&r->sds);
	if (sds != NULL) {
		r->sds = *sds;
		record_sds_init(sds);
	}
	*t->tail = r;
	t->tail = &r->next;
	pump(t);
	return (0);
}

bool
auditor_talk_again(struct auditor_talk *t)
{
	bool was = t->held;

	t->held = false;
	pump(t);
	return (was);
}

size_t
auditor_talk_forget(struct auditor_talk *t, auditor_kept_fn *fn,
    const void *cookie)
{
	struct report *r, *next;
	size_t n = 0;

	for (r = t->first; r != NULL; r = next) {
		next = r->next;
		if (r->number != 0 || r->fn != fn || r->cookie != cookie)
			continue;
		report_free(unlink_report(t, r));
		n++;
	}
	return (n);
}

static void
on_answer(void *cookie, struct net_link *l, int rc, const struct net_msg *m)
{
	struct question q = *(struct question *)cookie;
	const struct jv *data;
	uint64_t v = 0;
	bool ok = false;

	((struct question *)cookie)->used = false;
	if (rc == 0 && m->kind == NET_ANSWER && q.member != NULL) {
		data = jv_get(m->json, "data");
		ok = jv_dec(jv_get(data, q.member), &v) == 0;
	}
	if (q.fn != NULL)
		q.fn(q.cookie, ok, v);
}

static int
ask(struct auditor_talk *t, struct net_out *m, const char *member,
    auditor_index_fn *fn, void *cookie)
{
	struct question *q = NULL;
	size_t i;
	int rc;

	for (i = 0; i < NET_WINDOW && q == NULL; i++)
		if (!t->open[i].used)
			q = &t->open[i];
	if (!auditor_talk_up(t) || q == NULL) {
		net_out_fini(m);
		return (CU_ESTATE);
	}
	q->fn = fn;
	q->cookie = cookie;
	q->member = member;
	rc = net_link_ask(t->link, m, t->conf->wait, on_answer, q);
	q->used = rc == 0;
	return (rc);
}

int
auditor_talk_begin(struct auditor_talk *t, const char *element,
    auditor_index_fn *fn, void *cookie)
{
	struct net_out m;

	net_out_init(&m, NET_AUDIT_BEGIN);
	jw_str(&m.w, "element", element);
	return (ask(t, &m, "index", fn, cookie));
}

void
auditor_talk_end(struct auditor_talk *t, const char *element, bool unchanged)
{
	struct net_out m;

	net_out_init(&m, NET_AUDIT_END);
	jw_str(&m.w, "element", element);
	jw_bool(&m.w, "unchanged", unchanged);
	(void)ask(t, &m, NULL, NULL, NULL);
}

int
auditor_talk_head(struct auditor_talk *t, auditor_index_fn *fn, void *cookie)
{
	struct net_out m;

	net_out_init(&m, NET_ASK);
	jw_str(&m.w, "what", "head");
	return (ask(t, &m, "size", fn, cookie));
}

void
auditor_talk_look(struct auditor_talk *t)
{
	const struct net_hello *h;
	const uint8_t *key;

	if (t->proved || t->doubted || !net_link_ready(t->link))
		return;
	h = net_link_hello(t->link);
	key = h->instance != NULL ? t->conf->keeper_key(t->conf->cookie,
	    h->instance) : NULL;
	if (key == NULL)
		return;
	if (!net_link_prove(t->link, key)) {
		/* Nothing is said on this connection, whoever that is. */
		diag("the keeper did not prove to be %s", h->instance);
		t->doubted = true;
		return;
	}
	t->proved = true;
	t->held = false;
	t->conf->on_up(t->conf->cookie);
	pump(t);
}

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	/* Judged when the proofs are there, too. */
}

static void
on_ready(void *cookie, struct net_link *l)
{
	auditor_talk_look(cookie);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
	/* The keeper asks an auditor nothing. */
	if (m->kind == NET_ASK)
		(void)net_link_answer_error(l, m->id, "unknown",
		    "an auditor is asked nothing");
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	struct auditor_talk *t = cookie;

	t->doubted = false;
	if (!t->proved)
		return;
	t->proved = false;
	diag("the keeper is away: %s", why);
	t->conf->on_down(t->conf->cookie);
}

static const struct net_link_ops ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_close = on_close,
};

int
auditor_talk_create(struct auditor_talk **out, struct net_loop *loop,
    const struct auditor_talk_conf *conf)
{
	struct auditor_talk *t;
	int rc;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (CU_ENOMEM);
	t->conf = conf;
	t->tail = &t->first;
	rc = net_link_dial(&t->link, loop, conf->path, conf->link, &ops, t);
	if (rc != 0) {
		free(t);
		return (rc);
	}
	*out = t;
	return (0);
}

void
auditor_talk_free(struct auditor_talk *t)
{
	struct report *r;

	if (t == NULL)
		return;
	net_link_free(t->link);
	while ((r = t->first) != NULL) {
		t->first = r->next;
		report_free(r);
	}
	free(t);
}
