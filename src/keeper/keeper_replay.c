/* src/keeper/keeper_replay.c: the tables from entry 0 on, and their openings */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "journal/journal.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "keeper/keeper_line.h"
#include "keeper/keeper_log.h"
#include "keeper/keeper_replay.h"
#include "state/state.h"

int
keeper_note_line(struct keeper *k, uint64_t index, const char *line,
    size_t len)
{
	struct keeper_added *a, one = { .index = index };

	if (!keeper_line_add(line, len, one.id))
		return (0);
	a = reallocarray(k->adds, k->adds_n + 1, sizeof(*a));
	if (a == NULL)
		return (CU_ENOMEM);
	k->adds = a;
	a[k->adds_n++] = one;
	return (0);
}

uint64_t
keeper_added(const struct keeper *k, const char *id)
{
	size_t i;

	for (i = 0; i < k->adds_n; i++)
		if (strcmp(k->adds[i].id, id) == 0)
			return (k->adds[i].index);
	return (STATE_NONE);
}

void
keeper_adds_free(struct keeper *k)
{
	free(k->adds);
	k->adds = NULL;
	k->adds_n = 0;
}

struct replay {
	struct keeper *k;
	struct cu_why *why;
};

static void
count_seal(void *cookie, const char *key)
{
	struct replay *r = cookie;
	char id[RECORD_SEAL_ID_LEN + 1];

	memcpy(id, key, RECORD_SEAL_ID_LEN);
	id[RECORD_SEAL_ID_LEN] = '\0';
	record_vault_used(r->k->vault, id, 1);
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct replay *r = cookie;
	const char *line = (const char *)p;
	uint64_t start, n;
	int rc;

	if ((rc = state_apply(r->k->state, index, p, len, r->why)) != 0) {
		cu_why_in(r->why, "log: entry %llu",
		    (unsigned long long)index);
		return (rc);
	}
	if (keeper_line_source(line, len, r->k->instance, &start, &n))
		r->k->start = start;
	keeper_line_seals(line, len, count_seal, r);
	if (keeper_line_snapshot(line, len))
		r->k->snapshot[r->k->snapshots_n++ % KEEPER_SNAPSHOTS] = index;
	return (keeper_note_line(r->k, index, line, len));
}

int
keeper_replay(struct keeper *k, uint64_t size, struct cu_why *why)
{
	struct replay r = { k, why };
	int rc;

	rc = journal_reader_each(journal_reader(k->journal), 0, size, on_entry,
	    &r);
	state_flags(k->state, 0);
	if (rc != 0 && why->text[0] == '\0')
		cu_why_set(why, "log: %s", cu_strerror(rc));
	return (rc);
}

int
keeper_pick(struct record_sds *out, const struct record_sds *sds,
    bool targets)
{
	struct record_sd sd;
	bool take;
	size_t i;
	int rc;

	for (i = 0; i < sds->n; i++) {
		rc = record_sd_read(&sd, sds->row[i].text, sds->row[i].len,
		    NULL);
		if (rc != 0)
			return (rc);
		take = strcmp(sd.name, "token_key") == 0 ||
		    strcmp(sd.name, "audit_key") == 0 ||
		    (targets && strcmp(sd.name, "targets") == 0);
		record_sd_fini(&sd);
		if (take && (rc = record_sds_take(out, sds->row[i].text,
		    sds->row[i].len)) != 0)
			return (rc);
	}
	return (0);
}

/* Open one revision or element; what was destroyed stays closed. */
static int
reopen(struct keeper *k, uint64_t index, const char *element,
    const uint8_t *digest, bool targets, struct cu_why *why)
{
	struct record_sds all, some;
	int rc;

	record_sds_init(&all);
	record_sds_init(&some);
	if ((rc = keeper_unseal(k, index, &all)) != 0 ||
	    (rc = keeper_pick(&some, &all, targets)) != 0) {
		cu_why_set(why, "log: the sealed values of entry %llu: %s",
		    (unsigned long long)index, cu_strerror(rc));
	} else if (some.n == 0) {
		diag("entry %llu: its keys were destroyed",
		    (unsigned long long)index);
	} else if (element != NULL) {
		rc = state_open_element(k->state, element, &some, why);
	} else
		rc = state_open_revision(k->state, digest, &some, why);
	record_sds_fini(&some);
	record_sds_fini(&all);
	return (rc);
}

/*
 * What a snapshot shows may only narrow a version, by a stop that still lies
 * in a gate's spool: the tables must know before they derive findings.
 */
static int
show_items(struct keeper *k, uint64_t index)
{
	struct record_entry *e = NULL;
	struct record_sds sds;
	struct record_sd sd;
	struct buf line;
	uint64_t element;
	size_t i;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	record_sds_init(&sds);
	if ((rc = keeper_log_entry(k->log, index, &line)) != 0 ||
	    (rc = record_entry_read(&e, line.p, line.len, NULL)) != 0 ||
	    e->sd_n == 0 || (rc = keeper_unseal(k, index, &sds)) != 0)
		goto out;
	if ((rc = jv_dec(jv_get(e->said_v, "element"), &element)) != 0)
		goto out;
	for (i = 0; rc == 0 && i < sds.n; i++)
		if ((rc = record_sd_read(&sd, sds.row[i].text,
		    sds.row[i].len, NULL)) == 0) {
			keeper_narrower(k, element, &sd);
			record_sd_fini(&sd);
		}
out:	record_sds_fini(&sds);
	record_entry_free(e);
	buf_fini(&line);
	return (rc);
}

static int
show_snapshots(struct keeper *k, struct cu_why *why)
{
	size_t n = k->snapshots_n < KEEPER_SNAPSHOTS ? k->snapshots_n :
	    KEEPER_SNAPSHOTS, i;
	uint64_t index;
	int rc;

	for (i = k->snapshots_n - n; i < k->snapshots_n; i++) {
		index = k->snapshot[i % KEEPER_SNAPSHOTS];
		if ((rc = show_items(k, index)) != 0) {
			cu_why_set(why, "log: the items of entry %llu: %s",
			    (unsigned long long)index, cu_strerror(rc));
			return (rc);
		}
	}
	return (0);
}

int
keeper_reopen(struct keeper *k, struct cu_why *why)
{
	struct state_revision r;
	/* The earlier of the two: rather a window too many than one missing. */
	utc_us now = utc_now() < state_time(k->state) ? utc_now() :
	    state_time(k->state);
	bool lives;
	size_t i;
	int rc;

	for (i = 0; i < k->adds_n; i++)
		if ((rc = reopen(k, k->adds[i].index, k->adds[i].id, NULL,
		    false, why)) != 0)
			return (rc);
	for (i = 0; state_revision_nth(k->state, i, &r); i++) {
		lives = r.ended == STATE_NONE && r.until > now;
		if (!lives && !state_needs_key(k->state, r.digest))
			continue;
		if ((rc = reopen(k, r.index, NULL, r.digest, lives,
		    why)) != 0)
			return (rc);
	}
	return (show_snapshots(k, why));
}

int
keeper_rekey(struct keeper *k, const char *warrant, struct cu_why *why)
{
	struct state_revision r;
	size_t i;
	int rc;

	for (i = 0; state_revision_nth(k->state, i, &r); i++)
		if (!r.keyed && state_keys_lines(k->state, r.digest,
		    warrant) && (rc = reopen(k, r.index, NULL, r.digest,
		    false, why)) != 0)
			return (rc);
	return (0);
}
