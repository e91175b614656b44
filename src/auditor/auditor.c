/* src/auditor/auditor.c: the process: keeper, notebook, rounds, beats */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor.h"
#include "auditor/auditor_impl.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "json/jv.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "record/record_entry.h"
#include "record/record_key.h"

#define ROUND_US	(UTC_SECOND / 4)	/* rows wait for others */
#define NOTEBOOK_US	(10 * UTC_SECOND)
#define STOP_US		(3 * UTC_SECOND)	/* for `stop` to be kept */
#define KEY_FILE_MAX	4096

/* ---- notebook ---------------------------------------------------------- */

static int
write_notebook(struct auditor *a)
{
	const struct auditor_head *h;
	int rc;

	if (a->follow != NULL) {
		h = auditor_follow_head(a->follow);
		if (h->size > a->notebook.size) {
			a->notebook.size = h->size;
			memcpy(a->notebook.root, h->root, DIGEST_LEN);
			text_put(a->notebook.note, h->note);
		}
	}
	if (a->talk != NULL)
		a->notebook.last_number = auditor_talk_number(a->talk);
	if ((rc = home_notebook_write(&a->notebook, home_dir(a->home))) != 0)
		diag("notebook: %s", cu_strerror(rc));
	return (rc);
}

static void
on_notebook(void *cookie)
{
	write_notebook(cookie);
}

/* ---- the log ----------------------------------------------------------- */

/* An outcome in doubt: whom was it sent to? */
static void
ask_in_doubt(struct auditor *a, uint64_t index, const void *line, size_t len)
{
	struct record_entry *e;
	struct state_object o;
	size_t i;

	if (record_entry_read(&e, line, len, NULL) != 0)
		return;
	if (e->kind == RECORD_OUTCOME &&
	    jv_streq(jv_get(e->said_v, "what"), "in doubt"))
		for (i = 0; state_object_nth(a->state, i, &o); i++)
			if (o.outcome == index)
				auditor_elements_hurry(a, o.element);
	record_entry_free(e);
}

static void
on_entry(void *cookie, uint64_t index, const void *line, size_t len, bool live)
{
	static const char element[] = "\"kind\":\"element\"";
	static const char outcome[] = "\"kind\":\"outcome\"";
	struct auditor *a = cookie;

	/* A cheap look: what it lets pass wrongly does no harm. */
	if (memmem(line, len, element, sizeof(element) - 1) != NULL)
		a->dirty = true;
	if (live && memmem(line, len, outcome, sizeof(outcome) - 1) != NULL)
		ask_in_doubt(a, index, line, len);
}

static void
on_start_kept(void *cookie, bool ok, uint64_t index, bool again)
{
	struct auditor *a = cookie;

	/* Not taken: it is said again when the keeper is next there. */
	a->start_said = ok;
	a->running = ok && !a->stopping;
	if (!ok)
		net_timer_set(a->beat_timer, UTC_SECOND);
	else
		auditor_elements_run(a);
}

/* The first report of a start, once the log was replayed. */
static void
say_start(struct auditor *a)
{
	struct state_instance me;
	struct buf b;

	if (a->start_said || a->stopping || !auditor_talk_up(a->talk) ||
	    !auditor_follow_ready(a->follow))
		return;
	if (state_instance(a->state, a->conf->instance, &me) &&
	    me.start + 1 == a->notebook.start && auditor_talk_number(a->talk)
	    == 0 && me.n > a->former)
		auditor_talk_last(a->talk, me.n);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	auditor_said_start(&b, AUDITOR_VERSION, AUDITOR_BUILD,
	    home_digest(a->home), auditor_follow_head(a->follow)->size);
	a->start_said = auditor_talk_report(a->talk, NET_START, b.p, b.len,
	    NULL, on_start_kept, a) == 0;
	buf_fini(&b);
}

static void
on_head(void *cookie)
{
	struct auditor *a = cookie;

	auditor_talk_look(a->talk);
	if (a->dirty && auditor_follow_ready(a->follow)) {
		a->dirty = false;
		auditor_elements_sync(a);
	}
	say_start(a);
	auditor_elements_head(a);
	if (!net_timer_is_set(a->notebook_timer))
		net_timer_set(a->notebook_timer, NOTEBOOK_US);
}

static void
on_contradiction(void *cookie, const char *why)
{
	struct auditor *a = cookie;

	diag("the keeper cannot be believed: %s", why);
	a->rc = CU_EDENIED;
	net_loop_stop(a->loop);
}

/* ---- the keeper -------------------------------------------------------- */

static const uint8_t *
keeper_key(void *cookie, const char *instance)
{
	struct auditor *a = cookie;
	struct state_instance i;

	if (!state_instance(a->state, instance, &i) || !i.live ||
	    i.role != RECORD_ROLE_KEEPER)
		return (NULL);
	return (i.key);
}

static void
on_up(void *cookie)
{
	say_start(cookie);
}

static void
on_down(void *cookie)
{
}

static void
fill_hello(void *cookie, struct net_link *l, struct net_hello *h)
{
	struct auditor *a = cookie;
	const struct auditor_head *head = a->follow != NULL ?
	    auditor_follow_head(a->follow) : NULL;

	/* The largest that this home has ever seen, also before the replay. */
	h->size = a->notebook.size;
	h->note = a->notebook.note[0] != '\0' ? a->notebook.note : NULL;
	if (head != NULL && head->size >= h->size && head->note[0] != '\0') {
		h->size = head->size;
		h->note = head->note;
	}
}

static void
on_beat(void *cookie)
{
	struct auditor *a = cookie;
	const struct auditor_head *h = auditor_follow_head(a->follow);
	struct buf b;

	net_timer_set(a->beat_timer, a->conf->beat);
	say_start(a);
	/* While the keeper is away, silence is what there is to say. */
	if (auditor_talk_again(a->talk) || !a->running ||
	    !auditor_talk_up(a->talk))
		return;
	buf_init(&b, RECORD_PAYLOAD_MAX);
	auditor_said_beat(&b, h->size, h->root);
	(void)auditor_talk_report(a->talk, NET_BEAT, b.p, b.len, NULL, NULL,
	    NULL);
	buf_fini(&b);
}

/* ---- rounds ------------------------------------------------------------ */

static void
on_round_kept(void *cookie, bool ok, uint64_t index, bool again)
{
	struct auditor_round *r = cookie, **p = &r->auditor->rounds;
	size_t i;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	/* Which of them the keeper means it does not say: all are asked. */
	for (i = 0; i < r->n; i++)
		auditor_element_stored(r->element[i], ok, index, again);
	free(r);
}

static void
send_round(void *cookie)
{
	struct auditor *a = cookie;
	struct auditor_round *r = a->round;
	struct buf b;

	if (r == NULL)
		return;
	a->round = NULL;
	r->next = a->rounds;
	a->rounds = r;
	net_timer_clear(a->round_timer);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	auditor_said_round(&b, r->row, r->n);
	if (b.rc != 0 || auditor_talk_report(a->talk, NET_ROUND, b.p, b.len,
	    NULL, on_round_kept, r) != 0)
		on_round_kept(r, false, 0, false);
	buf_fini(&b);
}

int
auditor_round_add(struct auditor *a, struct auditor_element *e,
    const struct auditor_question *q)
{
	if (a->round == NULL) {
		if ((a->round = calloc(1, sizeof(*a->round))) == NULL)
			return (CU_ENOMEM);
		a->round->auditor = a;
	}
	a->round->row[a->round->n] = *q;
	a->round->element[a->round->n++] = e;
	if (a->round->n == AUDITOR_ROUND_ROWS)
		send_round(a);
	else if (!net_timer_is_set(a->round_timer))
		net_timer_set(a->round_timer, ROUND_US);
	return (0);
}

/* ---- the process ------------------------------------------------------- */

static void
on_stop_kept(void *cookie, bool ok, uint64_t index, bool again)
{
	net_loop_stop(((struct auditor *)cookie)->loop);
}

static void
on_stop_late(void *cookie)
{
	net_loop_stop(((struct auditor *)cookie)->loop);
}

static void
on_signal(void *cookie, int signo)
{
	struct auditor *a = cookie;
	bool was = a->running;
	struct buf b;

	if (a->stopping) {
		net_loop_stop(a->loop);
		return;
	}
	a->stopping = true;
	a->running = false;
	/* What was asked stands before the stop, and nothing behind it. */
	send_round(a);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	(void)auditor_talk_again(a->talk);
	auditor_said_stop(&b, auditor_follow_head(a->follow)->size);
	if (was && auditor_talk_up(a->talk) && auditor_talk_report(a->talk,
	    NET_STOP, b.p, b.len, NULL, on_stop_kept, a) == 0)
		net_timer_set(a->stop_timer, STOP_US);
	else
		net_loop_stop(a->loop);
	buf_fini(&b);
}

static int
read_key(struct sign_key **out, const char *path, struct cu_why *why)
{
	char text[KEY_FILE_MAX];
	FILE *f;
	size_t n;
	int rc;

	if ((f = fopen(path, "rb")) == NULL) {
		cu_why_set(why, "%s: %s", path, strerror(errno));
		return (CU_ENOENT);
	}
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	rc = record_key_open(out, text, n, NULL, 0, why);
	if (rc != 0)
		cu_why_in(why, "%s", path);
	explicit_bzero(text, sizeof(text));
	return (rc);
}

/* Raise the count of starts, synced before anything is said. */
static int
open_notebook(struct auditor *a, struct cu_why *why)
{
	struct home_notebook *n = &a->notebook;
	int rc;

	rc = home_notebook_read(n, home_dir(a->home), why);
	if (rc == CU_ENOENT) {
		memset(n, 0, sizeof(*n));
		snprintf(n->origin, sizeof(n->origin), "%s", a->conf->origin);
		memcpy(n->genesis, a->conf->genesis, DIGEST_LEN);
		rc = 0;
	}
	if (rc != 0)
		return (rc);
	if (strcmp(n->origin, a->conf->origin) != 0 ||
	    memcmp(n->genesis, a->conf->genesis, DIGEST_LEN) != 0) {
		cu_why_set(why, "notebook: of another log");
		return (CU_EMALFORMED);
	}
	a->former = n->last_number;
	n->start++;
	n->last_number = 0;
	if ((rc = home_notebook_write(n, home_dir(a->home))) != 0)
		cu_why_set(why, "notebook: %s", cu_strerror(rc));
	return (rc);
}

static void
fill_conf(struct auditor *a)
{
	struct net_link_conf link = { .role = NET_ROLE_AUDITOR,
	    .instance = a->conf->instance, .build = AUDITOR_BUILD,
	    .origin = a->conf->origin, .genesis = a->conf->genesis,
	    .start = a->notebook.start, .key = a->key,
	    .tls = a->keeper_tls, .fill = fill_hello, .fill_cookie = a };

	text_hex(a->genesis, a->conf->genesis, DIGEST_LEN);
	a->log.origin = a->conf->origin;
	a->log.genesis = a->genesis;
	a->follow_link = a->talk_link = link;
	a->follow_link.use = NET_USE_FOLLOW;
	a->talk_link.use = NET_USE_TALK;
	a->follow_conf = (struct auditor_follow_conf){
	    .path = a->conf->keeper, .link = &a->follow_link,
	    .state = a->state, .genesis = a->conf->genesis,
	    .on_entry = on_entry, .on_head = on_head,
	    .on_contradiction = on_contradiction, .cookie = a };
	a->follow_conf.known.size = a->notebook.size;
	memcpy(a->follow_conf.known.root, a->notebook.root, DIGEST_LEN);
	a->talk_conf = (struct auditor_talk_conf){
	    .path = a->conf->keeper, .link = &a->talk_link, .log = &a->log,
	    .instance = a->conf->instance, .start = a->notebook.start,
	    .key = a->key, .wait = 30 * UTC_SECOND, .keeper_key = keeper_key,
	    .on_up = on_up, .on_down = on_down, .cookie = a };
}

static int
make_timers(struct auditor *a)
{
	int rc;

	if ((rc = net_timer_create(&a->notebook_timer, a->loop, on_notebook,
	    a)) != 0 ||
	    (rc = net_timer_create(&a->beat_timer, a->loop, on_beat, a)) ||
	    (rc = net_timer_create(&a->round_timer, a->loop, send_round, a)) ||
	    (rc = net_timer_create(&a->stop_timer, a->loop, on_stop_late, a)) ||
	    (rc = net_signal_create(&a->term, a->loop, SIGTERM, on_signal,
	    a)) != 0)
		return (rc);
	return (net_signal_create(&a->intr, a->loop, SIGINT, on_signal, a));
}

int
auditor_create(struct auditor **out, struct home *home, struct cu_why *why)
{
	const struct home_conf *c = home_conf(home);
	struct net_tls_conf tls = home_tls_conf(&c->tls);
	struct net_tls_conf keeper = home_tls_conf(&c->keeper_tls);
	struct auditor *a;
	int rc;

	cu_why_set(why, "out of memory");
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (CU_ENOMEM);
	a->home = home;
	a->conf = c;
	if ((rc = read_key(&a->key, c->instance_key, why)) != 0 ||
	    (rc = net_loop_create(&a->loop)) != 0 ||
	    (rc = net_tls_client(&a->tls, &tls, why)) != 0 ||
	    (keeper.cert != NULL && (rc = net_tls_client(&a->keeper_tls,
	    &keeper, why)) != 0) ||
	    (rc = state_create(&a->state, STATE_SIGNATURES)) != 0 ||
	    (rc = make_timers(a)) != 0 ||
	    (rc = open_notebook(a, why)) != 0)
		goto err;
	fill_conf(a);
	if ((rc = auditor_follow_create(&a->follow, a->loop,
	    &a->follow_conf)) != 0 ||
	    (rc = auditor_talk_create(&a->talk, a->loop, &a->talk_conf)) != 0)
		goto err;
	auditor_talk_last(a->talk, a->former);
	net_timer_set(a->beat_timer, c->beat);
	*out = a;
	return (0);

err:	auditor_free(a);
	return (rc);
}

int
auditor_run(struct auditor *a)
{
	int rc = net_loop_run(a->loop);

	if (a->rc == 0)
		a->rc = rc;
	if (write_notebook(a) != 0 && a->rc == 0)
		a->rc = CU_EIO;
	return (a->rc);
}

void
auditor_free(struct auditor *a)
{
	struct auditor_round *r;

	if (a == NULL)
		return;
	auditor_elements_free(a);
	free(a->round);
	while ((r = a->rounds) != NULL) {
		a->rounds = r->next;
		free(r);
	}
	auditor_talk_free(a->talk);
	auditor_follow_free(a->follow);
	net_signal_free(a->term);
	net_signal_free(a->intr);
	net_timer_free(a->notebook_timer);
	net_timer_free(a->beat_timer);
	net_timer_free(a->round_timer);
	net_timer_free(a->stop_timer);
	state_free(a->state);
	net_tls_unref(a->tls);
	net_tls_unref(a->keeper_tls);
	sign_key_free(a->key);
	if (a->loop != NULL)
		net_loop_free(a->loop);
	free(a);
}
