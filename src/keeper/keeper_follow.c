/* src/keeper/keeper_follow.c: entries, heads, openings as a stream */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "journal/journal.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "keeper/keeper_line.h"
#include "keeper/keeper_replay.h"
#include "record/record_payload.h"
#include "state/state.h"

#define CHUNK_BYTES	(1U << 20)
#define CHUNK_ENTRIES	1024
#define AHEAD_BYTES	(4U << 20)	/* queued for one follower */
#define CHUNK_END	1		/* of journal_reader_each */

/* Entries to be sent in one message. */
struct chunk {
	struct keeper_peer *peer;
	struct buf bytes;
	size_t len[CHUNK_ENTRIES];
	size_t n;
	/* What the last of them makes us open. */
	bool revision;
	uint8_t digest[DIGEST_LEN];
	char element[TEXT_ID_MAX + 1];
};

static int
send_open(struct keeper_peer *p, uint64_t index, const char *element,
    const uint8_t *digest, bool targets)
{
	struct record_sds all, some;
	struct net_out m;
	size_t i;
	int rc;

	record_sds_init(&all);
	record_sds_init(&some);
	if ((rc = keeper_unseal(p->keeper, index, &all)) != 0 ||
	    (rc = keeper_pick(&some, &all, targets)) != 0)
		diag("entry %llu cannot be opened for %s: %s",
		    (unsigned long long)index, p->instance, cu_strerror(rc));
	else if (some.n > 0) {
		net_out_init(&m, NET_OPEN);
		if (element != NULL)
			jw_str(&m.w, "element", element);
		else
			jw_bytes(&m.w, "revision", digest, DIGEST_LEN);
		for (i = 0; i < some.n; i++)
			net_out_part(&m, some.row[i].text, some.row[i].len);
		rc = net_link_send(p->link, &m);
	}
	record_sds_fini(&some);
	record_sds_fini(&all);
	return (rc);
}

/*
 * A gate gets the targets of what is in force; whoever follows gets the key of
 * tokens as long as a task under it may be listed or commanded again.
 */
static int
open_revision(struct keeper_peer *p, const struct state_revision *r)
{
	struct keeper *k = p->keeper;
	bool lives = r->ended == STATE_NONE &&
	    r->until > state_time(k->state);

	if (!lives && !state_needs_key(k->state, r->digest))
		return (0);
	return (send_open(p, r->index, NULL, r->digest,
	    lives && p->role == NET_ROLE_GATE));
}

/*
 * Approved, and maybe after a time without any revision in force: tasks bound
 * to the warrant can be commanded again, and an earlier one keys their lines.
 */
static int
open_approved(struct keeper_peer *p, const struct state_revision *r)
{
	struct keeper *k = p->keeper;
	struct state_revision q;
	size_t i;
	int rc;

	if ((rc = open_revision(p, r)) != 0 || r->revision == 1)
		return (rc);
	for (i = 0; state_revision_nth(k->state, i, &q); i++)
		if (q.approved < r->approved && state_keys_lines(k->state,
		    q.digest, r->id) && (rc = open_revision(p, &q)) != 0)
			return (rc);
	return (0);
}

/* After a connection was made again: what stands before ${from}. */
static int
open_again(struct keeper_peer *p, uint64_t from)
{
	struct keeper *k = p->keeper;
	struct state_revision r;
	size_t i;
	int rc;

	for (i = 0; i < k->adds_n; i++)
		if (k->adds[i].index < from && (rc = send_open(p,
		    k->adds[i].index, k->adds[i].id, NULL, false)) != 0)
			return (rc);
	for (i = 0; state_revision_nth(k->state, i, &r); i++)
		if (r.approved != STATE_NONE && r.approved < from &&
		    (rc = open_revision(p, &r)) != 0)
			return (rc);
	return (0);
}

/* Does the entry approve a revision?  Then its digest. */
static bool
approves(struct keeper *k, uint64_t index, const char *line, size_t len,
    uint8_t digest[DIGEST_LEN])
{
	static const char head[] = "{\"v\":1,\"kind\":\"warrant\",";
	struct record_payload *p = NULL;
	struct record_entry *e = NULL;
	struct state_revision r;
	bool yes = false;

	if (len < sizeof(head) || memcmp(line, head, sizeof(head) - 1) != 0 ||
	    record_entry_read(&e, line, len, NULL) != 0)
		return (false);
	if ((e->act->verb == RECORD_APPROVE || e->act->verb == RECORD_CONFIRM)
	    && record_payload_read(&p, e->act->kind, e->act->verb,
	    e->act->subject, e->act->payload, e->act->payload_len,
	    NULL) == 0) {
		memcpy(digest, p->decide.digest, DIGEST_LEN);
		yes = state_revision(k->state, digest, &r) &&
		    r.approved == index;
	}
	record_payload_free(p);
	record_entry_free(e);
	return (yes);
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct chunk *c = cookie;

	if (c->n == CHUNK_ENTRIES || (c->n > 0 &&
	    c->bytes.len + len > CHUNK_BYTES))
		return (CHUNK_END);
	buf_add(&c->bytes, p, len);
	if (c->bytes.rc != 0)
		return (c->bytes.rc);
	c->len[c->n++] = len;
	/* An opening stands behind its entry and before any later one. */
	c->revision = approves(c->peer->keeper, index, (const char *)p, len,
	    c->digest);
	if (c->revision || keeper_line_add((const char *)p, len, c->element))
		return (CHUNK_END);
	return (0);
}

static int
send_chunk(struct keeper_peer *p, struct chunk *c, uint64_t to)
{
	struct keeper *k = p->keeper;
	struct state_revision r;
	struct net_out m;
	size_t at = 0, i;
	int rc;

	rc = journal_reader_each(journal_reader(k->journal), p->next_index, to,
	    on_entry, c);
	if (rc != 0 && rc != CHUNK_END)
		return (rc);
	net_out_init(&m, NET_ENTRIES);
	jw_dec(&m.w, "first", p->next_index);
	for (i = 0; i < c->n; at += c->len[i++])
		net_out_part(&m, c->bytes.p + at, c->len[i]);
	if ((rc = net_link_send(p->link, &m)) != 0)
		return (rc);
	p->next_index += c->n;
	if (c->revision && state_revision(k->state, c->digest, &r))
		return (open_approved(p, &r));
	if (c->element[0] != '\0')
		return (send_open(p, p->next_index - 1, c->element, NULL,
		    false));
	return (0);
}

static int
send_head(struct keeper_peer *p)
{
	struct net_out m;
	const char *note;
	size_t len;

	if ((note = keeper_log_note(p->keeper->log, &len)) == NULL)
		return (0);
	net_out_init(&m, NET_HEAD);
	net_out_part(&m, note, len);
	return (net_link_send(p->link, &m));
}

void
keeper_follow_pump(struct keeper_peer *p)
{
	uint64_t to = keeper_log_released(p->keeper->log);
	struct chunk *c;
	int rc = 0;

	if (!p->following)
		return;
	if ((c = malloc(sizeof(*c))) == NULL)
		return;
	c->peer = p;
	buf_init(&c->bytes, CHUNK_BYTES + RECORD_ENTRY_MAX);
	while (rc == 0 && p->next_index < to &&
	    net_link_pending(p->link) < AHEAD_BYTES) {
		buf_reset(&c->bytes);
		c->n = 0;
		c->revision = false;
		c->element[0] = '\0';
		rc = send_chunk(p, c, to);
	}
	buf_fini(&c->bytes);
	free(c);
	if (rc == 0 && p->next_index == to && p->head_size < to &&
	    (rc = send_head(p)) == 0)
		p->head_size = to;
	if (rc != 0) {
		/* It connects again and goes on where it stands. */
		diag("%s: cannot be streamed to: %s", p->instance,
		    cu_strerror(rc));
		p->following = false;
		net_link_fail(p->link, "state", "streaming failed");
	}
}

void
keeper_follow_start(struct keeper_peer *p, uint64_t from)
{
	if (from > keeper_log_durable(p->keeper->log)) {
		net_link_fail(p->link, "contradiction",
		    "this log is shorter than that");
		return;
	}
	p->following = true;
	p->next_index = from;
	p->head_size = 0;
	if (open_again(p, from) != 0) {
		p->following = false;
		net_link_fail(p->link, "state", "openings failed");
		return;
	}
	keeper_follow_pump(p);
}
