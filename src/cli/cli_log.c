/* src/cli/cli_log.c: custos log show, follow, prove */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/cli_log.h"
#include "home/home.h"
#include "json/jv.h"

#define POLL_NS	200000000	/* of follow */

/* Which verbs know an option. */
enum { SHOW = 1, FOLLOW = 2, PROVE = 4, VERIFY = 8, EXPORT = 16, ALL = 31 };

/* The verbs: what they are told, and how many words beside options. */
static const struct words {
	const char *verb;
	unsigned int bit;
	int min, max;
	const char *words;
} words[] = {
	{ "show", SHOW, 0, 1, "show [N | N-M | N-]" },
	{ "follow", FOLLOW, 0, 0, "follow [--from N] [--until N]" },
	{ "prove", PROVE, 1, 1, "prove N [--out FILE]" },
	{ "verify", VERIFY, 0, 0, "verify [--genesis DIGEST] [--hashes | "
	    "--vault DIR [--vault-key FILE]]" },
	{ "export", EXPORT, 1, 1, "export DIR" },
};

/* cli_log has looked the verb up: it is one of them. */
static const struct words *
words_of(const char *verb)
{
	const struct words *w = words;

	while (strcmp(w->verb, verb) != 0)
		w++;
	return (w);
}

/*
 * The log directory: --log, else the `log` in -C, else that of the keeper's
 * home that -C means.  0, or a code.
 */
static int
find_log(struct cli_log *l, struct cli *c, const char *dir)
{
	char here[PATH_MAX];
	struct home *h;
	int rc;

	if (cli_join(here, c->home, "log/journal") != 0)
		return (CLI_FAILED);
	if (dir == NULL && access(here, F_OK) == 0) {
		here[strlen(here) - strlen("/journal")] = '\0';
		dir = here;
	}
	if (dir != NULL) {
		if (strlen(dir) >= sizeof(l->dir))
			return (cli_fail(CLI_USAGE, "--log: path too long"));
		memcpy(l->dir, dir, strlen(dir) + 1);
		return (0);
	}
	if ((h = cli_home(c, "keeper")) == NULL)
		return (CLI_FAILED);
	rc = home_path(h, l->dir, sizeof(l->dir), "log");
	home_free(h);
	return (rc == 0 ? 0 : CLI_FAILED);
}

/* A word that is the index of an entry, or NULL.  0, or -1 after saying so. */
static int
number(const char *word, uint64_t *out)
{
	if (word == NULL || text_dec(word, strlen(word), out) == 0)
		return (0);
	cli_fail(CLI_USAGE, "%s: not the index of an entry", word);
	return (-1);
}

int
cli_log_begin(struct cli_log *l, struct cli *c, int argc, char **argv)
{
	const char *dir = NULL, *from = NULL, *until = NULL;
	const struct { unsigned int of; struct cli_opt opt; } known[] = {
		{ ALL, { "--log", CLI_TEXT, &dir } },
		{ ALL, { "--vkey", CLI_TEXT, &l->vkey } },
		{ ALL, { "--json", CLI_FLAG, &l->json } },
		{ FOLLOW, { "--from", CLI_TEXT, &from } },
		{ FOLLOW, { "--until", CLI_TEXT, &until } },
		{ PROVE, { "--out", CLI_TEXT, &l->out } },
		{ VERIFY, { "--genesis", CLI_TEXT, &l->genesis } },
		{ VERIFY, { "--vault", CLI_TEXT, &l->vault } },
		{ VERIFY, { "--vault-key", CLI_TEXT, &l->vault_key } },
		{ VERIFY, { "--hashes", CLI_FLAG, &l->hashes } },
	};
	struct cli_opt opt[sizeof(known) / sizeof(known[0])];
	const struct words *w = words_of(argv[0]);
	struct cu_why why;
	size_t i, n = 0;
	int rc;

	memset(l, 0, sizeof(*l));
	buf_init(&l->note, TLOG_NOTE_MAX);
	l->json = c->json;
	l->from = l->until = UINT64_MAX;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((known[i].of & w->bit) != 0)
			opt[n++] = known[i].opt;
	if (cli_options(argc, argv, opt, n, &l->word, w->min, w->max) < 0)
		return (cli_usage("custos log %s\n"
		    "  --log DIR   the log; else that of the keeper's home\n"
		    "  --vkey KEY  the log's key; else as its first entry "
		    "names it\n  --json      for a program",
		    w->words));
	if (number(from, &l->from) != 0 || number(until, &l->until) != 0)
		return (CLI_USAGE);
	if ((rc = find_log(l, c, dir)) != 0)
		return (rc);
	if (journal_reader_open(&l->r, l->dir, &why) != 0)
		return (cli_fail(CLI_FAILED, "%s (give the home with -C, or "
		    "the log with --log)", why.text));
	return (0);
}

void
cli_log_end(struct cli_log *l)
{
	journal_reader_free(l->r);
	buf_fini(&l->note);
}

/* The log's key as the genesis entry names it. */
static int
key_of_genesis(struct cli_log *l, const struct buf *entry)
{
	struct jv *root = NULL, *payload = NULL;
	const char *text, *origin;
	uint8_t public[32];
	size_t n, origin_n;
	int rc = -1;

	if (jv_parse(&root, (const char *)entry->p, entry->len, NULL) != 0)
		return (-1);
	text = jv_str(jv_get(jv_get(root, "act"), "payload"), &n);
	if (text != NULL && jv_parse(&payload, text, n, NULL) == 0) {
		origin = jv_str(jv_get(payload, "origin"), &origin_n);
		if (origin != NULL && strlen(origin) == origin_n &&
		    jv_bytes(jv_get(payload, "log_key"), public, 32) == 0 &&
		    tlog_key_init(&l->key, origin, TLOG_ED25519, public) == 0)
			rc = 0;
	}
	jv_free(payload);
	jv_free(root);
	return (rc);
}

int
cli_log_key(struct cli_log *l)
{
	struct buf entry;
	int rc;

	if (l->vkey != NULL) {
		if (tlog_key_parse(&l->key, l->vkey, strlen(l->vkey)) != 0)
			return (cli_fail(CLI_USAGE, "--vkey: not a key of "
			    "the form name+id+base64"));
		return (0);
	}
	buf_init(&entry, JOURNAL_ENTRY_MAX);
	if ((rc = journal_reader_entry(l->r, 0, &entry)) != 0)
		rc = cli_fail(CLI_FAILED, "%s: entry 0: %s", l->dir,
		    cu_strerror(rc));
	else if (key_of_genesis(l, &entry) != 0)
		rc = cli_fail(CLI_FAILED, "%s: entry 0 names no log key; "
		    "give it with --vkey", l->dir);
	buf_fini(&entry);
	return (rc);
}

int
cli_log_checkpoint(struct cli_log *l)
{
	int rc;

	buf_reset(&l->note);
	rc = io_read_file(io_system(), journal_reader_dir(l->r), "checkpoint",
	    &l->note);
	if (rc == CU_ENOENT)
		return (cli_fail(1, "%s/checkpoint: not there: nothing is "
		    "signed yet", l->dir));
	if (rc == 0)
		rc = tlog_checkpoint_open(&l->cp, l->note.p, l->note.len,
		    &l->key);
	if (rc != 0)
		return (cli_fail(1, "%s/checkpoint: no checkpoint signed by "
		    "%s", l->dir, l->key.name));
	return (0);
}

/* N, N-M, N- or nothing: which entries. */
static int
range(struct cli_log *l, const struct journal_head *head, uint64_t *from,
    uint64_t *to)
{
	const char *dash;

	*from = 0;
	*to = head->size;
	if (l->word == NULL)
		return (0);
	dash = strchr(l->word, '-');
	if (text_dec(l->word, dash != NULL ? (size_t)(dash - l->word) :
	    strlen(l->word), from) != 0 || (dash != NULL && dash[1] != '\0' &&
	    text_dec(dash + 1, strlen(dash + 1), to) != 0))
		return (cli_fail(CLI_USAGE, "range: N, N-M or N-, not %s",
		    l->word));
	if (dash == NULL)
		*to = *from;
	if (dash == NULL || dash[1] != '\0')
		*to = *to >= head->size ? head->size : *to + 1;
	if (*from >= *to && *from < head->size)
		return (cli_fail(CLI_USAGE, "range: %s ends before it begins",
		    l->word));
	if (*from >= *to)
		return (cli_fail(CLI_NO, "the log has %" PRIu64 " entries",
		    head->size));
	return (0);
}

static void
print_member(const struct jv *v, const char *name, int width)
{
	const char *s;
	struct buf b;
	size_t n;

	if ((s = jv_str(jv_get(v, name), &n)) == NULL)
		s = "-", n = 1;
	buf_init(&b, 4096);
	text_show(&b, s, n);
	printf("  %-*s", width, buf_text(&b));
	buf_fini(&b);
}

/* One line for a person, or the entry as it is. */
static int
print_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct cli_log *l = cookie;
	struct jv *v = NULL;
	const struct jv *act;
	struct buf b;

	if (l->json) {
		fwrite(p, 1, len, stdout);
		putchar('\n');
		return (ferror(stdout) ? CU_EIO : 0);
	}
	printf("%8" PRIu64, index);
	if (jv_parse(&v, (const char *)p, len, NULL) == 0) {
		act = jv_get(v, "act");
		print_member(v, "time", 27);
		print_member(jv_get(v, "source"), "instance", 12);
		print_member(v, "kind", 8);
		if (act != NULL) {
			print_member(act, "verb", 8);
			print_member(act, "subject", 0);
		}
	} else {
		buf_init(&b, 1 << 20);
		text_show(&b, p, len < 60 ? len : 60);
		printf("  %s", buf_text(&b));
		buf_fini(&b);
	}
	jv_free(v);
	putchar('\n');
	return (ferror(stdout) ? CU_EIO : 0);
}

static int
log_show(struct cli *c, int argc, char **argv)
{
	struct journal_head head;
	struct cli_log l;
	uint64_t from, to;
	int rc;

	if ((rc = cli_log_begin(&l, c, argc, argv)) == 0) {
		if ((rc = journal_reader_head(l.r, &head)) != 0)
			rc = cli_fail(CLI_FAILED, "%s: %s", l.dir,
			    cu_strerror(rc));
		else if ((rc = range(&l, &head, &from, &to)) == 0 &&
		    (rc = journal_reader_each(l.r, from, to, print_entry,
		    &l)) != 0)
			rc = cli_fail(CLI_FAILED, "%s: entries %" PRIu64
			    "-%" PRIu64 ": %s", l.dir, from, to - 1,
			    cu_strerror(rc));
	}
	cli_log_end(&l);
	return (rc);
}

static int
log_follow(struct cli *c, int argc, char **argv)
{
	const struct timespec pause = { 0, POLL_NS };
	struct journal_head head;
	struct cli_log l;
	uint64_t next;
	int rc;

	if ((rc = cli_log_begin(&l, c, argc, argv)) != 0 ||
	    (rc = journal_reader_head(l.r, &head)) != 0)
		goto out;
	next = l.from != UINT64_MAX ? l.from : head.size;
	while (next < l.until) {
		if ((rc = journal_reader_head(l.r, &head)) != 0)
			break;
		if (head.size > l.until)
			head.size = l.until;
		if (next < head.size && (rc = journal_reader_each(l.r, next,
		    head.size, print_entry, &l)) != 0)
			break;
		if (next < head.size)
			next = head.size;
		else
			nanosleep(&pause, NULL);
		fflush(stdout);
	}
out:	if (rc < 0)
		rc = cli_fail(CLI_FAILED, "%s: %s", l.dir, cu_strerror(rc));
	cli_log_end(&l);
	return (rc);
}

/* The proof that entry ${index} stands in log/checkpoint. */
static int
prove(struct cli_log *l, uint64_t index, struct buf *out)
{
	uint8_t leaf[TLOG_HASH_LEN];
	struct tlog_path path;
	struct buf entry;
	int rc, try;

	buf_init(&entry, JOURNAL_ENTRY_MAX);
	if ((rc = journal_reader_entry(l->r, index, &entry)) == 0)
		tlog_leaf(leaf, entry.p, entry.len);
	buf_fini(&entry);
	/* The level files are only a help: if they mislead, do without. */
	for (try = 0; rc == 0 && try < 2; try++) {
		rc = tlog_prove_inclusion(&path, index, l->cp.size,
		    journal_reader_hash, l->r);
		if (rc == 0 && tlog_check_inclusion(
		    (const uint8_t (*)[TLOG_HASH_LEN])path.hash, path.n,
		    index, l->cp.size, leaf, l->cp.root)) {
			tlog_proof_write(out, index, &path, NULL, 0,
			    l->note.p, l->note.len);
			return (out->rc);
		}
		journal_reader_plain(l->r);
	}
	return (rc != 0 ? rc : CU_EDENIED);
}

static int
log_prove(struct cli *c, int argc, char **argv)
{
	struct cli_log l;
	uint64_t index = 0;
	struct buf out;
	FILE *f = stdout;
	int rc;

	buf_init(&out, 1 << 20);
	if ((rc = cli_log_begin(&l, c, argc, argv)) != 0)
		goto done;
	if (number(l.word, &index) != 0) {
		rc = CLI_USAGE;
		goto done;
	}
	if ((rc = cli_log_key(&l)) != 0 || (rc = cli_log_checkpoint(&l)) != 0)
		goto done;
	if (index >= l.cp.size) {
		rc = cli_fail(CLI_NO, "entry %" PRIu64 " is not under the "
		    "signed checkpoint of %" PRIu64 " entries", index,
		    l.cp.size);
		goto done;
	}
	if ((rc = prove(&l, index, &out)) != 0) {
		rc = cli_fail(rc == CU_EDENIED ? CLI_NO : CLI_FAILED,
		    "entry %" PRIu64 ": %s", index, rc == CU_EDENIED ?
		    "does not lead to the root of the checkpoint: run "
		    "custos log verify" : cu_strerror(rc));
		goto done;
	}
	if (l.out != NULL && (f = fopen(l.out, "w")) == NULL) {
		rc = cli_fail(CLI_FAILED, "%s cannot be written", l.out);
		goto done;
	}
	if (fwrite(out.p, 1, out.len, f) != out.len || fflush(f) != 0)
		rc = cli_fail(CLI_FAILED, "proof cannot be written");
	if (f != stdout && fclose(f) != 0 && rc == 0)
		rc = cli_fail(CLI_FAILED, "%s cannot be written", l.out);
done:	buf_fini(&out);
	cli_log_end(&l);
	return (rc);
}

int
cli_log(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "show", log_show, "[N | N-M | N-]: entries" },
		{ "follow", log_follow, "[--from N] [--until N]: entries as "
		    "they come" },
		{ "prove", log_prove, "N [--out FILE]: an offline proof "
		    "(.tlog-proof) of entry N" },
		{ "verify", cli_log_verify, "[--genesis DIGEST] [--hashes | "
		    "--vault DIR [--vault-key FILE]]: does the whole log "
		    "hold?" },
		{ "export", cli_log_export, "DIR: the C2SP tile tree as "
		    "files" },
	};

	return (cli_dispatch(c, "custos log", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc, argv));
}
