/*
 * src/cli/cli_verify.c: log verify, beyond frames and tree: do the entries
 * follow from one another (structural), and from what is sealed (full)?
 */
#include <inttypes.h>
#include <string.h>
#include "base/buf.h"
#include "cli/cli_verify_impl.h"
#include "journal/journal_read.h"

/* Decide again what the keeper decided, on the same tables. */
static int
decide_again(struct rules *r, const struct record_entry *e, const void *line,
    size_t len)
{
	struct state_moment at = { .gate = e->source.instance, .lo = e->time,
	    .hi = e->time, .less = STATE_NONE };
	struct state_command *c = NULL;
	struct state_members members;
	struct law_decision decision;
	struct buf mine;
	const char *own;
	size_t own_len;
	int rc;

	buf_init(&mine, RECORD_ENTRY_MAX);
	rc = state_command_create(&c, e->said, e->said_len, &r->sds, r->why);
	if (rc == 0 && e->kind == RECORD_LATE)
		rc = state_late_write(r->state, &mine, c);
	else if (rc == 0 && (rc = state_decide(r->state, c, &at, &decision,
	    &members)) == 0)
		state_members_write(&mine, &decision, &members);
	if (rc == STATE_E_UNOPENED || rc == CU_ESTATE) {
		rc = 0;			/* what it rests on was deleted */
	} else if (rc == 0 && (rc = state_own(line, len, &own,
	    &own_len)) == 0) {
		if (own_len != mine.len ||
		    (own_len > 0 && memcmp(own, mine.p, own_len) != 0)) {
			cu_why_set(r->why, "what the keeper decided does not "
			    "follow from the log");
			rc = CU_EDENIED;
		}
		r->did->decided++;
	}
	state_command_free(c);
	buf_fini(&mine);
	return (rc);
}

/* Keys and targets that an act disclosed, for the entries that follow. */
static int
open_tables(struct rules *r, const struct record_entry *e)
{
	const struct record_act *a = e->act;

	if (!r->whole || record_sds_sort(&r->sds) != 0)
		return (0);
	if (a->kind == RECORD_WARRANT && a->verb == RECORD_SUBMIT)
		return (state_open_revision(r->state, a->digest, &r->sds,
		    r->why));
	if (a->kind == RECORD_ELEMENT && a->verb == RECORD_ADD)
		return (state_open_element(r->state, strchr(a->subject, '/') +
		    1, &r->sds, r->why));
	return (0);
}

/* Full: open what is sealed, and compare it before and after it is applied. */
static int
full(struct rules *r, const struct record_entry *e, uint64_t index,
    const void *line, size_t len)
{
	bool command = e->kind == RECORD_COMMAND || e->kind == RECORD_LATE;
	int rc;

	if ((rc = verify_open(r, index, e)) != 0 ||
	    (command && r->whole && (rc = decide_again(r, e, line,
	    len)) != 0) ||
	    (rc = state_apply(r->state, index, line, len, r->why)) != 0 ||
	    (rc = verify_owned(r, e)) != 0)
		return (rc);
	if (command)
		return (verify_messages(r, e));
	if (e->kind == RECORD_SNAPSHOT)
		return (verify_items(r, e));
	return (e->act != NULL ? open_tables(r, e) : 0);
}

/* A finding that should stand in the log, and does not, or was withheld. */
static int
findings_stand(struct rules *r, bool end)
{
	struct state_finding f;

	if (!state_finding_overdue(r->state, end, &f))
		return (0);
	cu_why_set(r->why, "entry %" PRIu64 ": the finding %s that follows "
	    "from it was not opened when it was due", f.from, f.type);
	r->did->failed = f.from;
	return (1);
}

/*
 * What a follower signed about the tree: it knows the entries, so another root
 * than the log's at that size shows that there were two.
 */
static int
beat_stands(struct rules *r)
{
	uint8_t root[DIGEST_LEN], said[DIGEST_LEN];
	uint64_t size;
	unsigned int try;
	int rc;

	if (!state_beat(r->state, &size, said))
		return (0);
	/* From derived files first; they alone accuse nobody. */
	for (try = 0; try < 2; try++) {
		if ((rc = tlog_root_at(root, size, journal_reader_hash,
		    r->reader)) != 0)
			return (rc);
		if (memcmp(root, said, sizeof(root)) == 0)
			return (0);
		journal_reader_plain(r->reader);
	}
	cu_why_set(r->why, "beat: another root than the log's at size %" PRIu64,
	    size);
	return (CU_EDENIED);
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *line, size_t len)
{
	struct rules *r = cookie;
	struct record_entry *e = NULL;
	int rc;

	if (r->vault == NULL)
		rc = state_apply(r->state, index, line, len, r->why);
	/* The tables read it as strictly: what is opened is read here, too. */
	else if ((rc = record_entry_read(&e, line, len, r->why)) == 0)
		rc = full(r, e, index, line, len);
	record_entry_free(e);
	if (rc == 0)
		rc = beat_stands(r);
	if (rc == CU_ENOMEM || rc == CU_EIO)
		return (rc);
	if (rc == 0)
		return (findings_stand(r, false));
	cu_why_in(r->why, "entry %" PRIu64, index);
	r->did->failed = index;
	return (1);
}

int
cli_verify_rules(struct journal_reader *reader, uint64_t size,
    struct record_vault *vault, struct cli_verified *did, struct cu_why *why)
{
	struct rules r = { .reader = reader, .vault = vault, .did = did,
	    .why = why };
	int rc;

	memset(did, 0, sizeof(*did));
	if ((rc = state_create(&r.state, STATE_SIGNATURES |
	    STATE_STRUCTURE)) != 0)
		return (rc);
	record_sds_init(&r.sds);
	rc = journal_reader_each(reader, 0, size, on_entry, &r);
	if (rc == 0)
		rc = findings_stand(&r, true);
	did->trial = state_trial(r.state);
	verify_forget(&r);
	record_sds_fini(&r.sds);
	state_free(r.state);
	return (rc);
}
