/*
 * The gate follows the log: it computes the root of what the keeper streams,
 * believes a head only if that is its root, keeps the tables that law reads,
 * and compares every decision on a command of its own with the one that its
 * own tables give just before that entry (design 4.3, formats 5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "net/net_loop.h"
#include "record/record_entry.h"
#include "state/state.h"

uint64_t
gate_follow_size(const struct gate *g)
{
	return (g->range.size);
}

int
gate_follow_start(struct gate *g)
{
	struct state *st;
	int rc;

	if ((rc = state_create(&st, 0)) != 0)
		return (rc);
	state_free(g->st);
	g->st = st;
	if (g->range.size > g->judged)
		g->judged = g->range.size;
	tlog_range_init(&g->range);
	tlog_range_root(&g->range, g->root);
	g->note[0] = '\0';
	g->leaves_n = g->seen_n = 0;
	g->has_log_key = false;
	g->old_size = g->book.size;
	memcpy(g->old_root, g->book.root, sizeof(g->old_root));
	gate_register_reset(g->reg);
	/* Until all is known again what counts is what counts at a start. */
	g->ready = false;
	if (g->up)
		net_link_redial(g->talk);
	return (0);
}

int
gate_follow_sync(struct gate *g)
{
	int rc;

	/* What is known may only grow. */
	if (g->range.size > g->book.size) {
		g->book.size = g->range.size;
		memcpy(g->book.root, g->root, sizeof(g->book.root));
		text_put(g->book.note, g->note);
	} else if (g->book.last_number == g->words.number)
		return (0);
	g->book.last_number = g->words.number;
	if ((rc = home_notebook_write(&g->book, home_dir(g->home))) != 0)
		diag("notebook: %s", cu_strerror(rc));
	if (rc == 0)
		net_timer_clear(g->sync);
	return (rc);
}

static struct gate_seen *
see(struct gate *g, uint64_t index, enum gate_event_kind kind)
{
	struct gate_seen *p;
	size_t cap;

	if (g->seen_n == g->seen_cap) {
		cap = 2 * g->seen_cap + 64;
		if ((p = realloc(g->seen, cap * sizeof(*p))) == NULL)
			return (NULL);
		g->seen = p;
		g->seen_cap = cap;
	}
	p = &g->seen[g->seen_n++];
	memset(p, 0, sizeof(*p));
	p->index = index;
	p->kind = kind;
	return (p);
}

/* Does the spool hold this report, or an outcome that waits for it? */
static void
mark_spool(struct gate *g, const struct record_entry *e, uint64_t index)
{
	struct gate_record *r;
	size_t i;

	for (i = 0; (r = gate_spool_at(g->spool, i)) != NULL; i++) {
		if (r->type != GATE_RECORD_ACT && r->kind == e->kind &&
		    r->start == e->source.start && r->n == e->source.n)
			r->index = index;
		if (r->type == GATE_RECORD_DRAFT && e->kind == RECORD_LATE &&
		    r->ref_start == e->source.start &&
		    r->ref_n == e->source.n)
			r->ref_index = index;
	}
}

/* A command of this start whose message was forgotten: it did not leave. */
static int
forgotten(struct gate *g, const struct record_entry *e, struct gate_seen *s)
{
	struct gate_msg *m;

	if (!jv_streq(jv_get(e->own, "decision"), "allowed"))
		return (0);
	/* Unless a late of ours names its number. */
	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->late && (m->request == e->source.n ||
		    m->n == e->source.n))
			return (0);
	/* Its message may be gone, and its late still wait in the spool. */
	if (gate_late_names(g, e->source.n))
		return (0);
	s->kind = GATE_EV_SETTLE;
	s->id = e->source.n;
	return (0);
}

/* An entry of our own: judged before it is applied. */
static int
own_entry(struct gate *g, const struct record_entry *e, uint64_t index,
    const void *line, size_t len)
{
	struct gate_seen *s;
	struct gate_msg *m;

	mark_spool(g, e, index);
	/* Seen before, if the tables were begun anew while we ran. */
	if (e->source.start != g->book.start || index < g->judged)
		return (0);
	if (e->kind == RECORD_COMMAND) {
		if ((s = see(g, index, GATE_EV_FOLLOWED)) == NULL)
			return (CU_ENOMEM);
		if ((m = gate_msg_command(g, e->source.n)) == NULL)
			return (forgotten(g, e, s));
		s->id = m->id;
		s->time = e->time;
		gate_law_judge(g, m, line, len, e->time, s);
	} else if (e->kind == RECORD_OUTCOME &&
	    (m = gate_msg_outcome(g, e->source.n)) != NULL) {
		if ((s = see(g, index, GATE_EV_CLOSED)) == NULL)
			return (CU_ENOMEM);
		s->id = m->id;
	}
	return (0);
}

static bool
is_kind(const void *line, size_t len, const char *text)
{
	return (memmem(line, len < 64 ? len : 64, text, strlen(text)) != NULL);
}

/* Does the entry end somebody's authority?  Then it is said that we hold it. */
static int
see_held(struct gate *g, uint64_t index, const void *line, size_t len)
{
	static const char *const kind[] = { "\"kind\":\"warrant\"",
	    "\"kind\":\"element\"", "\"kind\":\"instance\"",
	    "\"kind\":\"holder\"" };
	static const char *const verb[] = { "\"verb\":\"revoke\"",
	    "\"verb\":\"retire\"" };
	size_t i, k;

	for (i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		if (!is_kind(line, len, kind[i]))
			continue;
		for (k = 0; k < sizeof(verb) / sizeof(verb[0]); k++)
			if (memmem(line, len, verb[k],
			    strlen(verb[k])) != NULL)
				return (see(g, index, 0) != NULL ? 0 :
				    CU_ENOMEM);
	}
	return (0);
}

static int
leaf_add(struct gate *g, const void *line, size_t len)
{
	uint8_t (*p)[DIGEST_LEN];
	size_t cap;

	if (g->leaves_n >= GATE_LEAVES_MAX)
		return (CU_ELIMIT);
	if (g->leaves_n == g->leaves_cap) {
		cap = 2 * g->leaves_cap + 256;
		if ((p = realloc(g->leaf, cap * sizeof(*p))) == NULL)
			return (CU_ENOMEM);
		g->leaf = p;
		g->leaves_cap = cap;
	}
	tlog_leaf(g->leaf[g->leaves_n++], line, len);
	return (0);
}

static int
take_entry(struct gate *g, uint64_t index, const void *line, size_t len,
    struct cu_why *why)
{
	struct record_entry *e;
	int rc;

	if ((rc = leaf_add(g, line, len)) != 0)
		return (rc);
	if (index == 0 && memcmp(g->leaf[0], g->conf->genesis,
	    DIGEST_LEN) != 0) {
		cu_why_set(why, "another genesis");
		return (CU_EDENIED);
	}
	if (memmem(line, len, g->conf->instance,
	    strlen(g->conf->instance)) != NULL &&
	    record_entry_read(&e, line, len, NULL) == 0) {
		if (e->said != NULL && strcmp(e->source.instance,
		    g->conf->instance) == 0)
			rc = own_entry(g, e, index, line, len);
		record_entry_free(e);
		if (rc != 0)
			return (rc);
	}
	/*
	 * What the notebook knows was verified by a former start; that it is
	 * the same is seen from the root before anything is done on it.
	 */
	if (index == g->old_size)
		state_flags(g->st, STATE_SIGNATURES);
	if ((rc = state_apply(g->st, index, line, len, why)) != 0)
		return (rc);
	if ((rc = see_held(g, index, line, len)) != 0)
		return (rc);
	return (gate_register_take(g->reg, index, line, len));
}

static void
broken(struct gate *g, const char *what, uint64_t index, int rc,
    const struct cu_why *why)
{
	char text[CU_WHY_MAX + 64];

	if (rc == CU_ENOMEM || rc == CU_ELIMIT) {
		diag("follower: entry %llu: %s", (unsigned long long)index,
		    cu_strerror(rc));
		g->status = 3;
		net_loop_stop(g->loop);
		return;
	}
	snprintf(text, sizeof(text), "%s %llu: %s", what,
	    (unsigned long long)index,
	    why->text[0] != '\0' ? why->text : cu_strerror(rc));
	gate_contradict(g, text);
}

static void
on_entries(struct gate *g, const struct net_msg *msg)
{
	struct cu_why why = { "" };
	uint64_t first;
	size_t i;
	int rc;

	if (jv_dec(jv_get(msg->json, "first"), &first) != 0 ||
	    first != state_size(g->st)) {
		diag("keeper: entries out of order");
		net_link_redial(g->follow);
		return;
	}
	for (i = 0; i < msg->part_n; i++)
		if ((rc = take_entry(g, first + i, msg->part[i].p,
		    msg->part[i].len, &why)) != 0) {
			broken(g, "entry", first + i, rc, &why);
			return;
		}
}

static void
on_open(struct gate *g, const struct net_msg *msg)
{
	const struct jv *revision = jv_get(msg->json, "revision");
	const char *element = jv_str(jv_get(msg->json, "element"), NULL);
	uint8_t digest[DIGEST_LEN];
	struct cu_why why = { "" };
	struct record_sds sds;
	size_t i;
	int rc = 0;

	record_sds_init(&sds);
	for (i = 0; rc == 0 && i < msg->part_n; i++)
		rc = record_sds_take(&sds, (const char *)msg->part[i].p,
		    msg->part[i].len);
	if (rc == 0 && element != NULL)
		rc = state_open_element(g->st, element, &sds, &why);
	else if (rc == 0 && (rc = jv_bytes(revision, digest,
	    sizeof(digest))) == 0)
		rc = state_open_revision(g->st, digest, &sds, &why);
	if (rc != 0)
		diag("an opening was not taken: %s",
		    why.text[0] != '\0' ? why.text : cu_strerror(rc));
	record_sds_fini(&sds);
}

/* The tables' own key and origin, once entry 0 stands. */
static int
log_key(struct gate *g)
{
	if (g->has_log_key)
		return (0);
	if (state_log_key(g->st) == NULL || tlog_key_init(&g->log_key,
	    g->conf->origin, TLOG_ED25519, state_log_key(g->st)) != 0)
		return (CU_ESTATE);
	g->has_log_key = true;
	return (0);
}

/* Grow the checked tree to ${size}; false where the notebook knows better. */
static bool
grow(struct gate *g, struct tlog_range *r, uint64_t size)
{
	uint8_t root[DIGEST_LEN];
	size_t i;

	for (i = 0; r->size < size; i++) {
		tlog_range_append(r, g->leaf[i], NULL, NULL);
		if (r->size != g->old_size)
			continue;
		tlog_range_root(r, root);
		if (memcmp(root, g->old_root, sizeof(root)) != 0)
			return (false);
	}
	return (true);
}

static void
settle_forgotten(struct gate *g, const struct gate_seen *s)
{
	struct gate_msg *m;

	if (gate_msg_create(g, &m) != 0)
		return;
	m->index = s->index;
	m->n = s->id;
	gate_step(g, (struct gate_event){ .kind = GATE_EV_SETTLE,
	    .id = m->id, .index = s->index,
	    .why = GATE_WHY_KEEPER_TIMEOUT });
}

static void
seen_one(struct gate *g, const struct gate_seen *s)
{
	struct gate_msg *m;

	if (s->kind == 0) {
		g->held_due = true;
		return;
	}
	if (s->kind == GATE_EV_SETTLE) {
		settle_forgotten(g, s);
		return;
	}
	if ((m = gate_msg_find(g, s->id)) == NULL)
		return;
	if (s->kind == GATE_EV_FOLLOWED && !m->late) {
		if (m->class == GATE_START || m->class == GATE_ASK)
			m->release_by = utc_mono() + 1000 * state_rules(
			    g->st)->v[RECORD_RULE_RELEASE_TIMEOUT];
		m->index = s->index;
		m->entry_time = s->time;
		text_put(m->mine_rule, s->mine_rule);
		m->out.mine_decision = s->mine_allowed ? "allowed" : "refused";
		m->out.mine_rule = m->mine_rule;
	}
	if (s->kind == GATE_EV_CLOSED)
		gate_words_kept(&g->words, m->out_n);
	gate_step(g, (struct gate_event){ .kind = s->kind, .id = s->id,
	    .index = s->index, .verdict = s->verdict,
	    .allowed = s->allowed, .ok = s->leaves });
}

/* What a checked head now covers. */
static void
release(struct gate *g)
{
	struct gate_waits waits;
	struct gate_seen *seen;
	size_t i, n;

	/* Events can make new ones; these here are ours alone. */
	for (n = 0; n < g->seen_n && g->seen[n].index < g->range.size; n++)
		;
	if (n > 0 && (seen = malloc(n * sizeof(*seen))) != NULL) {
		memcpy(seen, g->seen, n * sizeof(*seen));
		memmove(g->seen, g->seen + n,
		    (g->seen_n - n) * sizeof(*seen));
		g->seen_n -= n;
		for (i = 0; i < n; i++)
			seen_one(g, &seen[i]);
		free(seen);
	}
	gate_waits(g, &waits);
	gate_machine_waits(g->m, &waits);
	gate_late_look(g);
	gate_talk_try(g);
	if (g->ready && gate_register_sync(g->reg, io_system(),
	    g->dirfd) != 0)
		diag("register: cannot be written");
	/* What a beat says to be held, a restart must know to be held. */
	if (g->ready && g->held_due && gate_follow_sync(g) == 0) {
		g->held_due = false;
		g->beat_due = true;
		gate_talk_self(g);
	}
	if (!net_timer_is_set(g->sync))
		net_timer_set(g->sync, GATE_NOTEBOOK_US);
}

/*
 * Signed by the log's key, and not of the tree that was followed: kept as the
 * keeper keeps such a note.  With the one in the notebook, of the same log, it
 * shows anybody that there are two.
 */
static void
forked(struct gate *g, const struct net_part *note, const char *what,
    uint64_t size, const char *text)
{
	struct cu_why why = { "" };

	(void)gate_follow_sync(g);
	if (io_replace(io_system(), g->dirfd, "contradiction", note->p,
	    note->len, true) != 0)
		diag("contradiction could not be written");
	cu_why_set(&why, "%s (kept in contradiction)", text);
	broken(g, what, size, CU_EDENIED, &why);
}

/*
 * The root that our tree had at a size not above its own, where that is known:
 * at its own, at the notebook's, and at each sum of its largest subtrees.
 */
static bool
root_before(const struct gate *g, uint64_t size, uint8_t root[DIGEST_LEN])
{
	struct tlog_range r = g->range;

	if (size > 0 && size == g->book.size) {
		memcpy(root, g->book.root, DIGEST_LEN);
		return (true);
	}
	/* Its hashes stand largest first: the smallest subtrees are left out. */
	while (r.size > size)
		r.size &= r.size - 1;
	tlog_range_root(&r, root);
	return (r.size == size);
}

static void
on_head(struct gate *g, const struct net_msg *msg)
{
	struct tlog_checkpoint cp;
	struct tlog_range r;
	uint8_t root[DIGEST_LEN];
	size_t n;
	int rc;

	if (msg->part_n != 1 || msg->part[0].len >= HOME_NOTE_MAX ||
	    log_key(g) != 0 || (rc = tlog_checkpoint_open(&cp, msg->part[0].p,
	    msg->part[0].len, &g->log_key)) != 0) {
		diag("keeper: a head that the log's key did not sign");
		net_link_redial(g->follow);
		return;
	}
	if (cp.size <= g->range.size) {
		if (root_before(g, cp.size, root) &&
		    memcmp(root, cp.root, sizeof(root)) != 0)
			forked(g, &msg->part[0], "head", cp.size,
			    "log.fork: another root than at that size before");
		return;
	}
	if (cp.size > state_size(g->st)) {
		diag("keeper: a head before its entries");
		net_link_redial(g->follow);
		return;
	}
	r = g->range;
	if (!grow(g, &r, cp.size)) {
		forked(g, &msg->part[0], "root at", g->old_size,
		    "log.fork: not what the notebook knows");
		return;
	}
	tlog_range_root(&r, root);
	if (memcmp(root, cp.root, sizeof(root)) != 0) {
		forked(g, &msg->part[0], "head", cp.size,
		    "not the root of its entries");
		return;
	}
	n = (size_t)(cp.size - g->range.size);
	g->range = r;
	memcpy(g->root, root, sizeof(root));
	memcpy(g->note, msg->part[0].p, msg->part[0].len);
	g->note[msg->part[0].len] = '\0';
	memmove(g->leaf, g->leaf + n, (g->leaves_n - n) * sizeof(g->leaf[0]));
	g->leaves_n -= n;
	release(g);
}

static void
on_ready(void *cookie, struct net_link *l)
{
	const struct net_hello *hello = net_link_hello(l);
	struct gate *g = cookie;
	struct net_out out;

	/*
	 * The keeper lost what it had streamed but not signed: the tables begin
	 * anew.  Less than what was checked is another log.
	 */
	if (hello->size < gate_follow_size(g) || hello->size < g->old_size) {
		gate_contradict(g, "it is shorter than what was signed");
		return;
	}
	if (hello->size < state_size(g->st) && gate_follow_start(g) != 0) {
		g->status = 3;
		net_loop_stop(g->loop);
		return;
	}
	net_out_init(&out, NET_FOLLOW);
	jw_dec(&out.w, "from", state_size(g->st));
	if (net_link_send(l, &out) != 0)
		net_link_redial(l);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *msg)
{
	struct gate *g = cookie;

	if (msg->kind == NET_ENTRIES)
		on_entries(g, msg);
	else if (msg->kind == NET_OPEN)
		on_open(g, msg);
	else if (msg->kind == NET_HEAD)
		on_head(g, msg);
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
}

const struct net_link_ops gate_follow_ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_close = on_close,
};
