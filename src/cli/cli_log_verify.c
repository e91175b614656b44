/* src/cli/cli_log_verify.c: custos log verify: what a stranger would ask */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "base/text.h"
#include "base/utc.h"
#include "cli/cli_log.h"
#include "cli/cli_verify.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "json/jw.h"
#include "record/record_key.h"
#include "record/record_vault.h"

struct verify {
	struct cli_log *l;
	struct cli *c;
	struct journal_verdict v;
	struct cu_why why;		/* what fails, if something does */
	bool bad, tty;
	bool ruled;			/* it is what the entries say */
	struct cli_verified did;
	uint8_t genesis[TLOG_HASH_LEN];
	bool signed_here;		/* log/checkpoint counts */
	utc_us shown;
};

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct verify *w = cookie;

	if (index == 0)
		tlog_leaf(w->genesis, p, len);
	return (0);
}

static int
on_note(void *cookie, uint64_t size, const uint8_t root[TLOG_HASH_LEN],
    const uint8_t *p, size_t len)
{
	struct verify *w = cookie;
	struct tlog_checkpoint cp;

	if (w->bad)
		return (0);
	if (tlog_checkpoint_open(&cp, p, len, &w->l->key) != 0)
		cu_why_set(&w->why, "note at size %" PRIu64 " is not signed "
		    "by the log's key", size);
	else if (cp.size != size || root == NULL)
		cu_why_set(&w->why, "note of %" PRIu64 " entries stands where "
		    "one of %" PRIu64 " belongs", cp.size, size);
	else if (memcmp(cp.root, root, TLOG_HASH_LEN) != 0)
		cu_why_set(&w->why, "note of %" PRIu64 " entries signs another "
		    "root than theirs", size);
	else
		return (0);
	w->bad = true;
	return (0);
}

static void
on_progress(void *cookie, uint64_t done, uint64_t all)
{
	struct verify *w = cookie;
	utc_us now;

	if (!w->tty || (now = utc_mono()) - w->shown < UTC_SECOND / 4)
		return;
	w->shown = now;
	fprintf(stderr, "\r%3u %%", (unsigned int)(100 * done / all));
}

/* What frames and roots say of the failure, for a person. */
static void
say_fault(struct verify *w)
{
	const struct journal_fault *f = &w->v.fault;

	if (f->entry)
		cu_why_set(&w->why, "entry %" PRIu64 " does not hold: %s "
		    "(position %" PRIu64 ")", f->index, f->what, f->position);
	else
		cu_why_set(&w->why, "%s (position %" PRIu64 ", after entry "
		    "count %" PRIu64 ")", f->what, f->position, w->v.size);
	w->bad = true;
}

/* The checkpoint, read before the entries were, against their tree. */
static void
check_checkpoint(struct verify *w)
{
	struct cli_log *l = w->l;
	uint8_t root[TLOG_HASH_LEN];

	w->signed_here = true;
	if (l->cp.size > w->v.size) {
		cu_why_set(&w->why, "log/checkpoint signs %" PRIu64 " entries,"
		    " the log holds %" PRIu64, l->cp.size, w->v.size);
		w->bad = true;
	} else if (tlog_root_at(root, l->cp.size, journal_reader_hash,
	    l->r) != 0 || memcmp(root, l->cp.root, sizeof(root)) != 0) {
		/* Believe the entries, not the files derived from them. */
		journal_reader_plain(l->r);
		if (tlog_root_at(root, l->cp.size, journal_reader_hash,
		    l->r) != 0 || memcmp(root, l->cp.root,
		    sizeof(root)) != 0) {
			cu_why_set(&w->why, "log/checkpoint of %" PRIu64
			    " entries signs another root than theirs",
			    l->cp.size);
			w->bad = true;
		}
	}
}

static void
check_genesis(struct verify *w)
{
	uint8_t want[TLOG_HASH_LEN], origin[DIGEST_LEN];

	digest(origin, w->l->key.name, strlen(w->l->key.name));
	if (memcmp(origin, journal_reader_origin(w->l->r), 32) != 0) {
		cu_why_set(&w->why, "the segments are of another origin than "
		    "%s", w->l->key.name);
		w->bad = true;
	}
	if (w->l->genesis == NULL)
		return;
	if (text_unhex(want, w->l->genesis, 32) != 0 ||
	    memcmp(want, w->genesis, 32) != 0) {
		cu_why_set(&w->why, "entry 0 is not the genesis entry that "
		    "--genesis names");
		w->bad = true;
	}
}

/* How far the looking went. */
static void
report_rules(const struct verify *w)
{
	if (w->l->hashes)
		printf("checked: frames, tree, checkpoints; not what the "
		    "entries say\n");
	else if (w->l->vault == NULL)
		printf("checked: frames, tree, checkpoints, statements, "
		    "reports, coverage by clear members\n"
		    "(no --vault: what is sealed was not looked at)\n");
	else
		printf("checked: all that is in clear; %" PRIu64 " sealed "
		    "values opened, %" PRIu64 " deleted;\n%" PRIu64
		    " decisions made again; %" PRIu64 " messages as sent\n",
		    w->did.opened, w->did.deleted, w->did.decided,
		    w->did.sent);
	if (w->did.trial)
		printf("TRIAL: all keys were made on one machine\n");
}

static void
report(struct verify *w)
{
	char root[2 * TLOG_HASH_LEN + 1];
	struct buf b;
	struct jw j;

	text_hex(root, w->v.root, TLOG_HASH_LEN);
	if (!w->l->json) {
		if (w->bad)
			printf("FAILED: %s\n", w->why.text);
		printf("%s %" PRIu64 " entries in %" PRIu64 " batches, %"
		    PRIu64 " segment%s; %" PRIu64 " sealed, %" PRIu64
		    " notes\nroot %s\n", w->bad ? "held before it:" : "holds:",
		    w->v.size, w->v.batches, w->v.segments,
		    w->v.segments == 1 ? "" : "s", w->v.sealed, w->v.notes,
		    root);
		if (w->signed_here && !w->bad)
			printf("signed up to %" PRIu64 " by %s\n",
			    w->l->cp.size, w->l->key.name);
		if (!w->bad)
			report_rules(w);
		if (!w->bad && w->l->genesis == NULL)
			printf("(no --genesis: whether this is the log you "
			    "mean was not looked at)\n");
		return;
	}
	buf_init(&b, 65536);
	jw_init(&j, &b);
	jw_obj(&j, NULL);
	jw_bool(&j, "ok", !w->bad);
	jw_strz(&j, "why", w->bad ? w->why.text : NULL);
	if (w->v.fault.what != NULL && w->v.fault.entry)
		jw_dec(&j, "entry", w->v.fault.index);
	else if (w->ruled)
		jw_dec(&j, "entry", w->did.failed);
	else
		jw_null(&j, "entry");
	jw_dec(&j, "size", w->v.size);
	jw_str(&j, "root", root);
	jw_dec(&j, "position", w->v.position);
	jw_dec(&j, "batches", w->v.batches);
	jw_dec(&j, "sealed", w->v.sealed);
	jw_dec(&j, "notes", w->v.notes);
	if (w->signed_here)
		jw_dec(&j, "signed", w->l->cp.size);
	else
		jw_null(&j, "signed");
	jw_bool(&j, "structural", !w->l->hashes);
	jw_bool(&j, "full", w->l->vault != NULL);
	jw_end(&j);
	printf("%s\n", buf_text(&b));
	buf_fini(&b);
}

/* Open the vault that --vault names.  0 (NULL: none was named), or a code. */
static int
open_vault(struct verify *w, struct record_vault **out)
{
	struct record_master_lock lock = { NULL, 0, NULL, 0 };
	const char *path = w->l->vault_key != NULL ? w->l->vault_key :
	    w->c->pass_file;
	struct cu_why why = { "" };
	size_t len;
	char *key;
	int rc;

	*out = NULL;
	if (w->l->vault == NULL)
		return (0);
	if (path == NULL)
		return (cli_fail(CLI_USAGE, "--vault needs --vault-key FILE, "
		    "or --passphrase-file FILE before the verb"));
	if ((key = cli_read(path, 4096, &len)) == NULL)
		return (CLI_FAILED);
	if (w->l->vault_key != NULL) {
		lock.key_file = key;
		lock.key_file_len = len;
	} else {
		lock.pass = key;
		lock.pass_len = record_pass_len(key, len);
	}
	rc = record_vault_open(out, w->l->vault, &lock, false, &why);
	wipe(key, len);
	free(key);
	return (rc == 0 ? 0 : cli_fail(CLI_FAILED, "%s",
	    why.text[0] != '\0' ? why.text : cu_strerror(rc)));
}

static int
verify(struct verify *w)
{
	struct record_vault *vault;
	const struct journal_verify_hooks hooks = { .entry = on_entry,
	    .note = on_note, .progress = on_progress, .cookie = w };
	bool noted;
	int rc;

	if ((rc = cli_log_key(w->l)) != 0)
		return (rc);
	/*
	 * First what is signed, then the entries: the log may be written
	 * meanwhile, and must not seem to lack what was signed after them.
	 */
	noted = cli_log_checkpoint(w->l) == 0;
	w->tty = isatty(STDERR_FILENO);
	rc = journal_verify(w->l->r, &hooks, &w->v);
	if (w->tty)
		fprintf(stderr, "\r      \r");
	if (rc != 0)
		return (cli_fail(CLI_FAILED, "%s: %s", w->l->dir,
		    cu_strerror(rc)));
	if (w->v.fault.what != NULL)
		say_fault(w);
	if (!w->bad)
		check_genesis(w);
	if (!w->bad && noted)
		check_checkpoint(w);
	if (!w->bad && !w->l->hashes) {
		if ((rc = open_vault(w, &vault)) != 0)
			return (rc);
		rc = cli_verify_rules(w->l->r, w->v.size, vault, &w->did,
		    &w->why);
		record_vault_free(vault);
		if (rc < 0)
			return (cli_fail(CLI_FAILED, "%s: %s", w->l->dir,
			    cu_strerror(rc)));
		w->bad = w->ruled = rc > 0;
	}
	report(w);
	return (w->bad ? CLI_NO : CLI_DONE);
}

int
cli_log_verify(struct cli *c, int argc, char **argv)
{
	struct cli_log l;
	struct verify w = { .l = &l, .c = c };
	uint8_t want[TLOG_HASH_LEN];
	int rc;

	if ((rc = cli_log_begin(&l, c, argc, argv)) != 0)
		;
	else if (l.vault_key != NULL && l.vault == NULL)
		rc = cli_fail(CLI_USAGE, "--vault-key: of which vault? "
		    "(--vault DIR)");
	else if (l.hashes && l.vault != NULL)
		rc = cli_fail(CLI_USAGE, "--hashes looks into no vault: "
		    "either it or --vault");
	else if (l.genesis != NULL && (strlen(l.genesis) != 64 ||
	    text_unhex(want, l.genesis, 32) != 0))
		rc = cli_fail(CLI_USAGE, "--genesis: 64 lower-case hex "
		    "digits");
	else
		rc = verify(&w);
	cli_log_end(&l);
	return (rc);
}
