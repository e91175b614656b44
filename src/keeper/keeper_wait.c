/* src/keeper/keeper_wait.c: answers wait until their entry is released */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "net/net_link.h"

static void
answer(struct keeper_wait *w)
{
	static const enum net_kind kind[] = {
		[KEEPER_DECIDED] = NET_DECIDED, [KEEPER_KEPT] = NET_KEPT,
		[KEEPER_REFUSED] = NET_REFUSED
	};
	struct net_out m;

	net_out_init(&m, kind[w->what]);
	switch (w->what) {
	case KEEPER_DECIDED:
		jw_dec(&m.w, "index", w->index);
		jw_bool(&m.w, "allowed", w->allowed);
		jw_str(&m.w, "rule", w->rule);
		break;
	case KEEPER_KEPT:
		jw_dec(&m.w, "index", w->index);
		if (w->again)
			jw_bool(&m.w, "again", true);
		break;
	case KEEPER_REFUSED:
		jw_str(&m.w, "why", w->why);
		jw_dec(&m.w, "index", w->index);
		break;
	}
	/* A connection that fails here asks again after its next hello. */
	(void)net_link_answer(w->peer->link, w->id, &m);
}

void
keeper_wait(struct keeper *k, const struct keeper_wait *w)
{
	struct keeper_wait *more, one = *w;
	size_t cap;

	if (w->index < keeper_log_released(k->log)) {
		answer(&one);
		return;
	}
	if (k->waiting_n == k->waiting_cap) {
		cap = k->waiting_cap == 0 ? 64 : 2 * k->waiting_cap;
		more = reallocarray(k->waiting, cap, sizeof(*more));
		if (more == NULL) {
			/* The entry stands; the asker finds it by its id. */
			diag("memory is out: an answer is left out");
			return;
		}
		k->waiting = more;
		k->waiting_cap = cap;
	}
	k->waiting[k->waiting_n++] = one;
}

/* What was decided, read back from the entry. */
static int
decided(struct keeper *k, struct keeper_wait *w)
{
	struct record_entry *e = NULL;
	const char *rule;
	struct buf line;
	size_t len;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	if ((rc = keeper_log_entry(k->log, w->index, &line)) != 0 ||
	    (rc = record_entry_read(&e, line.p, line.len, NULL)) != 0)
		goto out;
	w->what = KEEPER_KEPT;
	if (e->kind != RECORD_COMMAND)
		goto out;
	w->what = KEEPER_DECIDED;
	w->allowed = jv_streq(jv_get(e->own, "decision"), "allowed");
	rule = jv_str(jv_get(e->own, "rule"), &len);
	if (rule == NULL || len >= sizeof(w->rule))
		rc = CU_EMALFORMED;
	else
		memcpy(w->rule, rule, len + 1);
out:	record_entry_free(e);
	buf_fini(&line);
	return (rc);
}

void
keeper_wait_like(struct keeper *k, struct keeper_peer *p, uint64_t id,
    uint64_t index)
{
	struct keeper_wait w = { .peer = p, .id = id, .index = index };
	struct cu_why why = { "the entry cannot be read" };
	int rc;

	if ((rc = decided(k, &w)) != 0)
		keeper_error(p, id, rc, &why);
	else
		keeper_wait(k, &w);
}

void
keeper_wait_gone(struct keeper *k, const struct keeper_peer *p)
{
	size_t i, n = 0;

	for (i = 0; i < k->waiting_n; i++)
		if (k->waiting[i].peer != p)
			k->waiting[n++] = k->waiting[i];
	k->waiting_n = n;
}

void
keeper_wait_moved(struct keeper *k)
{
	uint64_t released = keeper_log_released(k->log);
	struct keeper_wait w;
	size_t i = 0;

	/* An answer may end its connection, and so shorten the list. */
	while (i < k->waiting_n) {
		if (k->waiting[i].index >= released) {
			i++;
			continue;
		}
		w = k->waiting[i];
		k->waiting_n--;
		memmove(&k->waiting[i], &k->waiting[i + 1],
		    (k->waiting_n - i) * sizeof(w));
		answer(&w);
		i = 0;
	}
}
