/* src/cli/cli_held.c: what is held of a log beside it, against the log */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cli_held.h"
#include "cli/cli_run.h"
#include "crypto/digest.h"
#include "home/home_notebook.h"
#include "journal/journal_read.h"
#include "json/jw.h"
#include "tlog/tlog.h"
#include "tlog/tlog_note.h"

static const char of_keeper[] = "that this log does not contain: "
    "log.rollback or log.fork";
static const char of_gate[] = "that is not of the log which was followed "
    "here: log.fork";

static void
add(struct cli_held *held, const char *path, uint64_t size, const char *what)
{
	if (held->n == CLI_HELD_MAX)
		return;
	snprintf(held->v[held->n].path, PATH_MAX, "%s", path);
	held->v[held->n].size = size;
	held->v[held->n++].what = what;
}

/* The head that a file holds.  False: no file, or none that we may read. */
static bool
head_of(struct tlog_checkpoint *cp, const char *path)
{
	struct tlog_note note;
	size_t len;
	char *text;

	memset(cp, 0, sizeof(*cp));
	if (access(path, R_OK) != 0 ||
	    (text = cli_read(path, TLOG_NOTE_MAX, &len)) == NULL)
		return (false);
	if (tlog_note_parse(&note, text, len) != 0 ||
	    tlog_checkpoint_parse(cp, note.text, note.text_len) != 0)
		memset(cp, 0, sizeof(*cp));
	free(text);
	return (true);
}

/* The log is read after the head: it has grown meanwhile, if anything. */
static bool
contains(struct journal_reader *r, uint64_t size, const uint8_t *root)
{
	uint8_t mine[TLOG_HASH_LEN];
	struct journal_head head;

	return (journal_reader_head(r, &head) == 0 && size <= head.size &&
	    tlog_root_at(mine, size, journal_reader_hash, r) == 0 &&
	    memcmp(root, mine, sizeof(mine)) == 0);
}

void
cli_held_keeper(struct cli_held *held, struct journal_reader *r,
    const char *log)
{
	static const char *const name[] = { "contradiction", "checkpoint" };
	struct tlog_checkpoint cp;
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (cli_join(path, log, name[i]) == 0 && head_of(&cp, path) &&
		    cp.size > 0 && !contains(r, cp.size, cp.root))
			add(held, path, cp.size, of_keeper);
}

void
cli_held_follower(struct cli_held *held, struct journal_reader *r,
    const char *home)
{
	uint8_t origin[DIGEST_LEN];
	struct home_notebook book;
	struct tlog_checkpoint cp;
	char path[PATH_MAX];

	if (cli_join(path, home, "contradiction") == 0 && head_of(&cp, path))
		add(held, path, cp.size, of_gate);
	if (r == NULL || cli_join(path, home, "notebook") != 0 ||
	    home_notebook_read(&book, home, NULL) != 0 || book.size == 0)
		return;
	digest(origin, book.origin, strlen(book.origin));
	if (memcmp(origin, journal_reader_origin(r), sizeof(origin)) == 0 &&
	    !contains(r, book.size, book.root))
		add(held, path, book.size, of_keeper);
}

void
cli_held_below(struct cli_held *held, struct journal_reader *r,
    const char *dir)
{
	bool denied = false;
	char at[PATH_MAX];
	struct dirent **e;
	int i, n;

	n = scandir(dir, &e, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (cli_run_below(at, dir, e[i]->d_name, &denied))
			cli_held_follower(held, r, at);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

void
cli_held_print(const struct cli_held *held)
{
	size_t i;

	for (i = 0; i < held->n; i++)
		printf("%s: a checkpoint of size %" PRIu64 " %s\n",
		    held->v[i].path, held->v[i].size, held->v[i].what);
}

void
cli_held_json(struct jw *w, const struct cli_held *held)
{
	size_t i;

	jw_arr(w, "contradictions");
	for (i = 0; i < held->n; i++) {
		jw_obj(w, NULL);
		jw_str(w, "file", held->v[i].path);
		jw_dec(w, "size", held->v[i].size);
		jw_str(w, "what", held->v[i].what);
		jw_end(w);
	}
	jw_end(w);
}
