/* The connection on which the gate reports, and the keeper decides. */
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "net/net_loop.h"
#include "record/record_entry.h"
#include "record/record_report.h"
#include "state/state.h"

/* What an answer of the keeper belongs to. */
struct gate_ask {
	TAILQ_ENTRY(gate_ask) q;
	struct gate *g;
	uint64_t id;			/* message; 0: of the gate itself */
	uint64_t n;
	enum record_kind kind;
	/* of the gate itself: as it was signed, and what a beat told */
	char *text;
	size_t len;
	struct record_sig sig;
	uint64_t tls_refused, refused;
	bool spool_failed;
};

static struct gate_ask *
ask_create(struct gate *g, uint64_t id, uint64_t n, enum record_kind kind)
{
	struct gate_ask *ask;

	if ((ask = calloc(1, sizeof(*ask))) == NULL)
		return (NULL);
	ask->g = g;
	ask->id = id;
	ask->n = n;
	ask->kind = kind;
	TAILQ_INSERT_TAIL(&g->asks, ask, q);
	return (ask);
}

static void
ask_free(struct gate_ask *ask)
{
	TAILQ_REMOVE(&ask->g->asks, ask, q);
	free(ask->text);
	free(ask);
}

void
gate_talk_close(struct gate *g)
{
	struct gate_ask *ask;

	net_link_free(g->talk);		/* from here on nothing is answered */
	g->talk = NULL;
	if (g->again != NULL)
		TAILQ_INSERT_TAIL(&g->asks, g->again, q);
	g->again = NULL;
	while ((ask = TAILQ_FIRST(&g->asks)) != NULL)
		ask_free(ask);
	g->beat_out = g->again_out = g->head_wait = false;
}

void
gate_talk_unanswered(struct gate *g)
{
	struct gate_ask *ask;

	/* Outcomes and reports go to the spool under the number they have. */
	TAILQ_FOREACH(ask, &g->asks, q)
		if (ask->kind != RECORD_OUTCOME && ask->kind != RECORD_REPORT)
			gate_words_lost(&g->words, ask->n);
	if (g->again != NULL)
		gate_words_lost(&g->words, g->again->n);
}

void
gate_talk_draws(struct gate *g)
{
	if (g->words.lost_n >= RECORD_VOID_LATE / 2)
		gate_talk_unanswered(g);
}

int
gate_sign(struct gate *g, enum record_kind kind, uint64_t start, uint64_t n,
    const char *text, size_t len, struct record_sig *sig)
{
	struct record_report r = { .kind = kind,
	    .instance = g->conf->instance, .start = start, .n = n,
	    .said = text, .said_len = len };
	struct cu_why why = { "" };
	int rc;

	/* What could not stand in the log would stop all that comes after. */
	if ((rc = record_said_check(kind, RECORD_ROLE_GATE, text, len, NULL,
	    &why)) != 0) {
		diag("%s: %s", record_kind_name(kind), why.text);
		return (rc);
	}
	return (record_report_sign(sig, &r, &g->log, g->key, utc_now()));
}

int
gate_talk_send(struct gate *g, enum net_kind kind, uint64_t start, uint64_t n,
    const char *text, size_t len, const struct record_sig *sig,
    const struct record_sds *sds, net_answer_fn *fn, void *cookie)
{
	struct net_out out;
	struct buf b;
	struct jw w;
	size_t i;
	int rc;

	buf_init(&b, 1024);
	jw_init(&w, &b);
	record_sig_write(sig, &w, NULL);
	if ((rc = b.rc) != 0) {
		buf_fini(&b);
		return (rc);
	}
	net_out_init(&out, kind);
	jw_int(&out.w, "start", (int64_t)start);
	jw_int(&out.w, "number", (int64_t)n);
	net_out_part(&out, text, len);
	net_out_part(&out, b.p, b.len);
	for (i = 0; sds != NULL && i < sds->n; i++)
		net_out_part(&out, sds->row[i].text, sds->row[i].len);
	rc = net_link_ask(g->talk, &out, GATE_LINK_WAIT, fn, cookie);
	buf_fini(&b);
	return (rc);
}

static void
on_decided(struct gate *g, struct gate_msg *m, const struct net_msg *a)
{
	bool allowed = false;
	uint64_t index = 0;
	const char *rule = jv_str(jv_get(a->json, "rule"), NULL);

	jv_dec(jv_get(a->json, "index"), &index);
	jv_bool(jv_get(a->json, "allowed"), &allowed);
	m->index = index;
	strncpy(m->rule, rule != NULL ? rule : "", sizeof(m->rule) - 1);
	gate_step(g, (struct gate_event){ .kind = GATE_EV_DECIDED,
	    .id = m->id, .index = index, .allowed = allowed });
}

/* The keeper wrote nothing of it: the number is void, the word is not. */
static void
on_refused(struct gate *g, struct gate_ask *ask, const struct net_msg *a)
{
	struct gate_msg *m = gate_msg_find(g, ask->id);
	const char *code = jv_str(jv_get(a->json, "code"), NULL);

	diag("keeper: %s %llu not taken: %s", record_kind_name(ask->kind),
	    (unsigned long long)ask->n, code != NULL ? code : "-");
	gate_words_lost(&g->words, ask->n);
	if (m == NULL)
		return;
	if (ask->kind == RECORD_OUTCOME && m->out_n == ask->n) {
		free(m->out_text);
		m->out_text = NULL;
		m->out_n = 0;
	} else if (ask->kind == RECORD_REPORT && m->n == ask->n) {
		free(m->text);
		m->text = NULL;
		m->n = 0;
	}
	gate_event(g, GATE_EV_ERROR, m->id);
}

static void
on_answer(void *cookie, struct net_link *l, int rc, const struct net_msg *a)
{
	struct gate_ask ask = *(struct gate_ask *)cookie;
	struct gate *g = ask.g;
	struct gate_msg *m;

	ask_free(cookie);
	if (rc != 0)		/* on_close says the rest */
		return;
	if (a->kind == NET_ERROR) {
		on_refused(g, &ask, a);
		return;
	}
	gate_words_kept(&g->words, ask.n);
	if ((m = gate_msg_find(g, ask.id)) == NULL)
		return;
	if (a->kind == NET_DECIDED && ask.kind == RECORD_COMMAND)
		on_decided(g, m, a);
	else if (a->kind == NET_KEPT) {
		m->out_kept = ask.kind == RECORD_OUTCOME && m->out_n == ask.n;
		gate_event(g, GATE_EV_KEPT, m->id);
	}
}

static int
offer(struct gate *g, struct gate_msg *m)
{
	bool report = m->class == GATE_REPORT;
	enum record_kind kind = report ? RECORD_REPORT : RECORD_COMMAND;
	struct gate_void v;
	struct gate_ask *ask;
	struct buf b;
	int rc;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	gate_talk_draws(g);
	m->n = gate_words_draw(&g->words, &v);
	m->said.size = gate_follow_size(g);
	if (report)
		gate_said_report(&b, &m->said, &m->sds, &v);
	else
		gate_said_command(&b, &m->said, &m->sds, &v);
	if ((rc = b.rc) != 0)
		goto out;
	free(m->text);
	if ((m->text = (char *)buf_take(&b, &m->text_len)) == NULL) {
		rc = CU_ENOMEM;
		goto out;
	}
	if ((rc = gate_sign(g, kind, g->book.start, m->n, m->text,
	    m->text_len, &m->sig)) != 0)
		goto out;
	if ((ask = ask_create(g, m->id, m->n, kind)) == NULL) {
		rc = CU_ENOMEM;
		goto out;
	}
	if ((rc = gate_talk_send(g, report ? NET_REPORT : NET_COMMAND,
	    g->book.start, m->n, m->text, m->text_len, &m->sig, &m->sds,
	    on_answer, ask)) != 0)
		ask_free(ask);
out:	buf_fini(&b);
	return (rc);
}

void
gate_talk_offer(struct gate *g, struct gate_msg *m)
{
	int rc;

	/*
	 * What the keeper takes none of uses up numbers, and a report can name
	 * so many only: the rest waits until one is kept (a beat is tried).
	 * Behind a stop nothing is said but what was spooled.
	 */
	if (g->stop_said || (g->words.lost_n >= GATE_VOID_BRAKE &&
	    (m->class == GATE_START || m->class == GATE_ASK))) {
		gate_event(g, GATE_EV_ERROR, m->id);
		return;
	}
	if ((rc = offer(g, m)) == 0)
		return;
	diag("a command could not be offered: %s", cu_strerror(rc));
	gate_words_lost(&g->words, m->n);
	if (m->class == GATE_REPORT) {
		free(m->text);
		m->text = NULL;
		m->n = 0;
	}
	gate_event(g, GATE_EV_ERROR, m->id);
}

void
gate_talk_outcome(struct gate *g, struct gate_msg *m)
{
	struct gate_ask *ask;
	int rc;

	if (g->stop_said) {
		gate_event(g, GATE_EV_ERROR, m->id);
		return;
	}
	if ((rc = gate_late_sign_outcome(g, m)) != 0)
		goto err;
	rc = CU_ENOMEM;
	if ((ask = ask_create(g, m->id, m->out_n, RECORD_OUTCOME)) == NULL)
		goto err;
	if ((rc = gate_talk_send(g, NET_OUTCOME, g->book.start, m->out_n,
	    m->out_text, m->out_len, &m->out_sig, &m->out_sds, on_answer,
	    ask)) == 0)
		return;
	ask_free(ask);
err:	diag("an outcome could not be offered: %s", cu_strerror(rc));
	gate_event(g, GATE_EV_ERROR, m->id);
}

/* ---- of the gate itself ------------------------------------------------- */

/* Does the log hold a higher number of this start?  Then it takes no lower. */
static bool
passed(struct gate *g, uint64_t n)
{
	struct state_instance me;

	return (state_instance(g->st, g->conf->instance, &me) &&
	    me.start == g->book.start && me.n > n);
}

/*
 * Not taken, or not known to be.  Where many numbers are void already, another
 * one for each beat of a keeper that takes nothing for hours would be more than
 * a report can name: the word goes again then as it is, under its number, as
 * the spool's head does.
 */
static void
on_self_refused(struct gate *g, struct gate_ask *ask)
{
	if (ask->kind == RECORD_STOP) {
		net_loop_stop(g->loop);
		ask_free(ask);
		return;
	}
	if (ask->kind == RECORD_BEAT)
		g->beat_out = false;
	else
		g->started = false;
	if (g->words.lost_n >= GATE_VOID_BRAKE && g->again == NULL &&
	    !passed(g, ask->n)) {
		TAILQ_REMOVE(&g->asks, ask, q);
		g->again = ask;
		return;
	}
	gate_words_lost(&g->words, ask->n);
	ask_free(ask);
}

static void
on_self(void *cookie, struct net_link *l, int rc, const struct net_msg *a)
{
	struct gate_ask *ask = cookie;
	struct gate *g = ask->g;
	struct net_out out;

	g->again_out = false;
	if (rc != 0 || a->kind != NET_KEPT) {
		on_self_refused(g, ask);
		return;
	}
	gate_words_kept(&g->words, ask->n);
	if (ask->kind == RECORD_STOP)
		net_loop_stop(g->loop);
	if (ask->kind != RECORD_BEAT)
		goto out;
	g->beat_out = false;
	g->tls_refused -= ask->tls_refused;
	g->refused -= ask->refused;
	if (ask->spool_failed)
		gate_spool_told(g->spool);
	if (g->beat_ask != 0) {
		net_out_init(&out, NET_ANSWER);
		net_link_answer(g->talk, g->beat_ask, &out);
		g->beat_ask = 0;
	}
out:	ask_free(ask);
}

static int
self_offer(struct gate *g, struct gate_ask *ask)
{
	int rc = gate_talk_send(g, ask->kind == RECORD_START ? NET_START :
	    ask->kind == RECORD_STOP ? NET_STOP : NET_BEAT, g->book.start,
	    ask->n, ask->text, ask->len, &ask->sig, NULL, on_self, ask);

	if (rc == 0 && ask->kind == RECORD_START)
		g->started = true;
	if (rc == 0 && ask->kind == RECORD_BEAT)
		g->beat_out = true;
	return (rc);
}

/* The same word again, under the same number. */
static void
self_again(struct gate *g)
{
	struct gate_ask *ask = g->again;

	g->again_due = false;
	if (self_offer(g, ask) != 0)
		return;
	g->again = NULL;
	g->again_out = true;
	TAILQ_INSERT_TAIL(&g->asks, ask, q);
}

static int
self_send(struct gate *g, enum record_kind kind)
{
	struct gate_self self = { .version = GATE_VERSION,
	    .build = GATE_BUILD, .config = home_digest(g->home),
	    .size = gate_follow_size(g), .spool = gate_spool_n(g->spool),
	    .tls_refused = g->tls_refused, .refused = g->refused,
	    .spool_failed = gate_spool_failed(g->spool) };
	struct gate_void v;
	struct gate_ask *ask;
	struct buf b;
	int rc;

	memcpy(self.root, g->root, sizeof(self.root));
	if ((ask = ask_create(g, 0, gate_words_draw(&g->words, &v),
	    kind)) == NULL) {
		gate_words_lost(&g->words, g->words.number);
		return (CU_ENOMEM);
	}
	ask->tls_refused = g->tls_refused;
	ask->refused = g->refused;
	ask->spool_failed = self.spool_failed;
	buf_init(&b, RECORD_PAYLOAD_MAX);
	if (kind == RECORD_START)
		gate_said_start(&b, &self, &v);
	else if (kind == RECORD_STOP)
		gate_said_stop(&b, &self, &v);
	else
		gate_said_beat(&b, &self, &v);
	if ((rc = b.rc) == 0 &&
	    (ask->text = (char *)buf_take(&b, &ask->len)) == NULL)
		rc = CU_ENOMEM;
	if (rc == 0)
		rc = gate_sign(g, kind, g->book.start, ask->n, ask->text,
		    ask->len, &ask->sig);
	if (rc == 0)
		rc = self_offer(g, ask);
	if (rc != 0) {
		gate_words_lost(&g->words, ask->n);
		ask_free(ask);
	}
	buf_fini(&b);
	return (rc);
}

void
gate_talk_self(struct gate *g)
{
	/* Numbers are taken in order only: the spool's go first. */
	if (!g->up || !gate_machine_open(g->m) ||
	    net_link_room(g->talk) == 0 || g->stop_said || g->again_out)
		return;
	if (g->again != NULL) {
		if (g->again_due)
			self_again(g);
		return;
	}
	if (!g->started) {
		if (self_send(g, RECORD_START) != 0)
			return;
		g->beat_due = true;
	}
	if ((g->beat_due || g->beat_ask != 0) && !g->beat_out &&
	    net_link_room(g->talk) > 0 && self_send(g, RECORD_BEAT) == 0)
		g->beat_due = false;
}

/*
 * All that was offered and has no answer: it may be an entry before the stop,
 * and if it is none, nothing behind the stop will name it.
 */
static void
open_numbers(struct gate *g)
{
	struct gate_ask *ask;
	struct gate_msg *m;

	TAILQ_FOREACH(ask, &g->asks, q)
		gate_words_lost(&g->words, ask->n);
	if (g->again != NULL)
		gate_words_lost(&g->words, g->again->n);
	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->out_text != NULL && !m->out_kept)
			gate_words_lost(&g->words, m->out_n);
}

int
gate_talk_stop(struct gate *g)
{
	if (!g->up || !g->started || !gate_machine_open(g->m))
		return (CU_ESTATE);
	open_numbers(g);
	/* A stop that cannot name them all would speak against us. */
	if (g->words.lost_n >= GATE_VOID_MAX)
		return (CU_ELIMIT);
	return (self_send(g, RECORD_STOP));
}

/* ---- the connection ----------------------------------------------------- */

void
gate_contradict(struct gate *g, const char *why)
{
	if (g->contradicted)
		return;
	/* Nothing of this log is believed; stops go to the spool. */
	diag("the keeper's log is not the one that this gate knows: %s", why);
	g->contradicted = true;
	if (g->up) {
		g->up = false;
		gate_event(g, GATE_EV_DOWN, 0);
	}
	gate_talk_close(g);
	net_link_free(g->follow);
	g->follow = NULL;
}

void
gate_talk_try(struct gate *g)
{
	const struct net_hello *hello;
	struct state_instance keeper;

	if (g->contradicted || g->up || !net_link_ready(g->talk))
		return;
	hello = net_link_hello(g->talk);
	if (hello == NULL || hello->instance == NULL ||
	    !state_instance(g->st, hello->instance, &keeper) || !keeper.live ||
	    keeper.role != RECORD_ROLE_KEEPER ||
	    keeper.index >= gate_follow_size(g))
		return;			/* not followed its registration yet */
	if (!net_link_prove(g->talk, keeper.key)) {
		diag("keeper %s: its proof is not its key's", hello->instance);
		net_link_redial(g->talk);
		return;
	}
	if (!g->ready && (gate_follow_size(g) < hello->size ||
	    gate_follow_size(g) < g->old_size))
		return;			/* own replay not done */
	g->up = true;
	g->again_due = true;
	if (!g->ready) {
		gate_register_ready(g->reg);
		if (g->settled)
			gate_late_overlay(g);
		else
			gate_late_settle(g);
		g->ready = g->settled = true;
		gate_event(g, GATE_EV_UP, 0);
		gate_event(g, GATE_EV_READY, 0);
		diag("following %llu entries; %zu records in the spool",
		    (unsigned long long)gate_follow_size(g),
		    gate_spool_n(g->spool));
	} else
		gate_event(g, GATE_EV_UP, 0);
}

static void
on_ready(void *cookie, struct net_link *l)
{
	gate_talk_try(cookie);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *msg)
{
	struct gate *g = cookie;

	if (msg->kind == NET_ASK &&
	    jv_streq(jv_get(msg->json, "what"), "beat")) {
		if (g->beat_ask != 0)
			net_link_answer_error(l, msg->id, "state",
			    "one is on its way");
		else
			g->beat_ask = msg->id;
		g->again_due = true;
		gate_talk_self(g);
	} else if (msg->kind == NET_ASK)
		net_link_answer_error(l, msg->id, "unknown",
		    "no such question");
	else if (msg->kind == NET_ERROR)
		diag("keeper: %s", jv_str(jv_get(msg->json, "text"), NULL));
}

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *hello)
{
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	struct gate *g = cookie;

	g->beat_ask = 0;
	if (!g->up)
		return;
	g->up = false;
	diag("keeper: connection lost: %s", why);
	gate_event(g, GATE_EV_DOWN, 0);
}

const struct net_link_ops gate_talk_ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_close = on_close,
};
