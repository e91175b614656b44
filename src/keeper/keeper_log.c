/* src/keeper/keeper_log.c: from an entry's line to durable, signed, released */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"
#include "keeper/keeper_log.h"
#include "net/net_loop.h"
#include "record/record_vault.h"
#include "tlog/tlog_note.h"

#define RETRY_US	UTC_SECOND	/* for room for the next segment */
#define FLIGHTS		2		/* that a journal takes at a time */
/*
 * So many that wait are made into a batch while another is synced: by then
 * their hashing costs more than what a fuller batch would save.
 */
#define AHEAD		64

/* An entry on its way. */
struct taken {
	uint8_t *line;
	size_t line_len;
	void *sealed;
	size_t sealed_len;
	utc_us time;
};

/* A batch under way: so many of the queue, and their tree's checkpoint. */
struct flight {
	size_t n;
	struct buf signing;
};

struct keeper_log {
	struct journal *journal;
	struct record_vault *vault;
	const struct tlog_key *key;
	struct sign_key *secret;
	const struct keeper_log_ops *ops;
	void *cookie;
	struct net_timer *timer;
	struct net_watch *watch;

	struct taken *queue;		/* those in flight first */
	size_t queue_n, queue_cap, flying_n;
	struct flight flight[FLIGHTS];	/* a ring */
	unsigned int first, flying;
	struct journal_add *add;	/* JOURNAL_BATCH_ENTRIES */

	uint64_t durable, released;
	bool signs;
	struct buf note;		/* the newest that was let out */
};

static void on_timer(void *);
static void on_ready(void *, unsigned int);

int
keeper_log_create(struct keeper_log **out, struct net_loop *loop,
    struct journal *journal, struct record_vault *vault,
    const struct tlog_key *key, struct sign_key *secret,
    const struct keeper_log_ops *ops, void *cookie)
{
	struct journal_head head;
	struct keeper_log *g;
	unsigned int i;
	int rc = CU_ENOMEM;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		goto err0;
	g->journal = journal;
	g->vault = vault;
	g->key = key;
	g->secret = secret;
	g->ops = ops;
	g->cookie = cookie;
	for (i = 0; i < FLIGHTS; i++)
		buf_init(&g->flight[i].signing, TLOG_NOTE_MAX);
	buf_init(&g->note, TLOG_NOTE_MAX);
	journal_head(journal, &head);
	g->durable = head.size;
	g->add = calloc(JOURNAL_BATCH_ENTRIES, sizeof(*g->add));
	if (g->add == NULL)
		goto err1;
	if ((rc = net_timer_create(&g->timer, loop, on_timer, g)) != 0)
		goto err2;
	rc = net_watch_create(&g->watch, loop, journal_fd(journal), on_ready,
	    g);
	if (rc != 0)
		goto err3;
	if ((rc = net_watch_set(g->watch, NET_READ)) != 0)
		goto err4;
	*out = g;
	return (0);

err4:	net_watch_free(g->watch);
err3:	net_timer_free(g->timer);
err2:	free(g->add);
err1:	free(g);
err0:	return (rc);
}

static void
drop(struct keeper_log *g, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(g->queue[i].line);
		free(g->queue[i].sealed);
	}
	g->queue_n -= n;
	if (g->queue_n > 0)
		memmove(g->queue, g->queue + n,
		    g->queue_n * sizeof(*g->queue));
}

void
keeper_log_free(struct keeper_log *g)
{
	unsigned int i;

	if (g == NULL)
		return;
	drop(g, g->queue_n);
	free(g->queue);
	free(g->add);
	net_watch_free(g->watch);
	net_timer_free(g->timer);
	for (i = 0; i < FLIGHTS; i++)
		buf_fini(&g->flight[i].signing);
	buf_fini(&g->note);
	free(g);
}

uint64_t
keeper_log_size(const struct keeper_log *g)
{
	return (g->durable + g->queue_n);
}

uint64_t
keeper_log_durable(const struct keeper_log *g)
{
	return (g->durable);
}

uint64_t
keeper_log_released(const struct keeper_log *g)
{
	return (g->released);
}

bool
keeper_log_signs(const struct keeper_log *g)
{
	return (g->signs);
}

const char *
keeper_log_note(const struct keeper_log *g, size_t *len)
{
	*len = g->note.len;
	return (g->note.len > 0 ? buf_text(&g->note) : NULL);
}

static struct journal_add
added(const struct taken *t)
{
	return ((struct journal_add){ .entry = t->line,
	    .entry_len = t->line_len, .sealed = t->sealed,
	    .sealed_len = t->sealed_len });
}

/* Is there what a batch should be made of now? */
static bool
may_begin(const struct keeper_log *g)
{
	size_t waiting = g->queue_n - g->flying_n;

	return (g->flying == 0 ? waiting > 0 :
	    g->flying < FLIGHTS && waiting >= AHEAD);
}

bool
keeper_log_fits(const struct keeper_log *g, size_t len, size_t sealed_len)
{
	struct journal_add one = { .entry = "", .entry_len = len,
	    .sealed = sealed_len > 0 ? "" : NULL, .sealed_len = sealed_len };

	return (journal_fits(g->journal, NULL, 0, &one));
}

int
keeper_log_add(struct keeper_log *g, const void *line, size_t len,
    void *sealed, size_t sealed_len, utc_us time)
{
	struct taken *q, t = { .line_len = len, .sealed = sealed,
	    .sealed_len = sealed_len, .time = time };
	size_t cap;

	if (g->queue_n == g->queue_cap) {
		cap = g->queue_cap == 0 ? 64 : 2 * g->queue_cap;
		if ((q = reallocarray(g->queue, cap, sizeof(*q))) == NULL)
			return (CU_ENOMEM);
		g->queue = q;
		g->queue_cap = cap;
	}
	if ((t.line = malloc(len)) == NULL)
		return (CU_ENOMEM);
	memcpy(t.line, line, len);
	g->queue[g->queue_n++] = t;
	/* Everything that this round of the loop brings makes one batch. */
	if (may_begin(g) && !net_timer_is_set(g->timer))
		net_timer_set(g->timer, 0);
	return (0);
}

int
keeper_log_entry(struct keeper_log *g, uint64_t index, struct buf *b)
{
	const struct taken *t;

	if (index < g->durable)
		return (journal_reader_entry(journal_reader(g->journal),
		    index, b));
	if (index - g->durable >= g->queue_n)
		return (CU_ENOENT);
	t = &g->queue[index - g->durable];
	buf_add(b, t->line, t->line_len);
	return (b->rc);
}

#define NOT_NOW 1		/* of begin_one; the next try is arranged */

/* Begin a batch with what has come.  0, NOT_NOW, CU_E*. */
static int
begin_one(struct keeper_log *g)
{
	struct flight *f = &g->flight[(g->first + g->flying) % FLIGHTS];
	const struct taken *come = g->queue + g->flying_n;
	size_t n, come_n = g->queue_n - g->flying_n;
	struct journal_add next;
	struct journal_head head;
	int rc;

	for (n = 0; n < come_n && n < JOURNAL_BATCH_ENTRIES; n++) {
		next = added(&come[n]);
		if (!journal_fits(g->journal, g->add, n, &next))
			break;
		g->add[n] = next;
	}
	if (n == 0)
		return (CU_ELIMIT);	/* keeper_log_fits was not asked */
	/*
	 * The keys before what is sealed with them: a restart that finds the
	 * batch must find them, too.  A disk without room ends nothing: what
	 * came waits, and stops leave by the gates' spools.
	 */
	rc = record_vault_sync(g->vault);
	if (rc == 0)
		rc = journal_append(g->journal, g->add, n, come[n - 1].time,
		    &head);
	else if (rc == RECORD_VAULT_E_FULL)
		rc = JOURNAL_E_FULL;
	if (rc == JOURNAL_E_FULL) {
		net_timer_set(g->timer, RETRY_US);
		return (NOT_NOW);
	}
	/* It begins a segment: when the batch before it has ended. */
	if (rc == CU_ESTATE && g->flying > 0)
		return (NOT_NOW);
	if (rc != 0)
		return (rc);
	f->n = n;
	g->flying++;
	g->flying_n += n;
	buf_reset(&f->signing);
	if (!g->signs)
		return (0);
	/* Beside the sync; it stays here until that is done. */
	return (tlog_checkpoint_sign(&f->signing, head.size, head.root, g->key,
	    g->secret));
}

static int
begin(struct keeper_log *g)
{
	int rc = 0;

	while (rc == 0 && may_begin(g))
		rc = begin_one(g);
	return (rc == NOT_NOW ? 0 : rc);
}

/* Sign ${head}, which is durable, unless that was done; let it out. */
static int
release(struct keeper_log *g, const struct journal_head *head,
    struct buf *signing)
{
	struct buf spare;
	int rc;

	if (signing->len == 0 && (rc = tlog_checkpoint_sign(signing,
	    head->size, head->root, g->key, g->secret)) != 0)
		return (rc);
	rc = journal_note(g->journal, signing->p, signing->len);
	if (rc != 0)
		return (rc);
	spare = g->note;
	g->note = *signing;
	*signing = spare;
	buf_reset(signing);
	g->released = g->durable;
	return (0);
}

/* The oldest batch in flight is durable. */
static int
landed(struct keeper_log *g)
{
	struct flight *f = &g->flight[g->first];
	struct journal_head head;

	journal_head(g->journal, &head);
	drop(g, f->n);
	g->flying_n -= f->n;
	g->first = (g->first + 1) % FLIGHTS;
	g->flying--;
	g->durable = head.size;
	return (g->signs ? release(g, &head, &f->signing) : 0);
}

static void
fail(struct keeper_log *g, const char *what)
{
	net_timer_clear(g->timer);
	net_watch_set(g->watch, 0);
	g->ops->on_failed(g->cookie, what);
}

static void
on_timer(void *cookie)
{
	struct keeper_log *g = cookie;

	if (begin(g) != 0)
		fail(g, "the log or the vault cannot be written");
}

static void
on_ready(void *cookie, unsigned int what)
{
	struct keeper_log *g = cookie;
	int rc;

	if ((rc = journal_done(g->journal)) == CU_ESTATE)
		return;
	if (rc == 0)
		rc = landed(g);
	/* The next sync runs while the answers are written. */
	if (rc == 0)
		rc = begin(g);
	if (rc != 0)
		fail(g, "a write or sync of the log failed");
	else
		g->ops->on_moved(g->cookie);
}

int
keeper_log_known(struct keeper_log *g, const char *note, size_t len,
    uint64_t size)
{
	buf_reset(&g->note);
	buf_add(&g->note, note, len);
	if (g->note.rc != 0)
		return (g->note.rc);
	g->released = size;
	return (0);
}

int
keeper_log_sign(struct keeper_log *g)
{
	struct journal_head head;
	int rc;

	if (g->signs)
		return (0);
	g->signs = true;
	/* With a batch in flight its end signs, and covers what stands. */
	if (g->flying > 0 || g->durable == 0)
		return (0);
	journal_head(g->journal, &head);
	if ((rc = release(g, &head, &g->flight[g->first].signing)) == 0)
		g->ops->on_moved(g->cookie);
	return (rc);
}

int
keeper_log_flush(struct keeper_log *g)
{
	int rc;

	while (g->queue_n > 0) {
		if ((rc = begin(g)) != 0)
			return (rc);
		if (g->flying == 0)
			return (CU_EIO);	/* no room for a segment */
		if ((rc = journal_wait(g->journal)) != 0 ||
		    (rc = landed(g)) != 0)
			return (rc);
	}
	net_timer_clear(g->timer);
	return (0);
}
