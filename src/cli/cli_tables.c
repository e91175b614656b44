/* src/cli/cli_tables.c: the log as the command line reads it */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "home/home.h"
#include "journal/journal_read.h"
#include "record/record_entry.h"
#include "state/state.h"

struct filling {
	struct state *state;
	struct cu_why why;
};

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct filling *f = cookie;
	int rc;

	if ((rc = state_apply(f->state, index, p, len, &f->why)) != 0)
		cli_fail(CLI_FAILED, "entry %" PRIu64 ": %s (custos log verify "
		    "says more)", index, f->why.text);
	return (rc);
}

int
cli_tables_open(const struct cli *c, struct cli_tables *t)
{
	struct filling f = { NULL, { "" } };
	struct journal_head head;
	char dir[PATH_MAX];
	struct home *h;
	int rc;

	memset(t, 0, sizeof(*t));
	if ((h = cli_home(c, "keeper")) == NULL)
		return (-1);
	t->folder = strdup(home_dir(h));
	rc = home_path(h, dir, sizeof(dir), "log");
	home_free(h);
	if (rc != 0 || t->folder == NULL)
		goto bad;
	if (journal_reader_open(&t->reader, dir, &f.why) != 0) {
		cli_fail(CLI_FAILED, "%s: %s", dir, f.why.text);
		goto bad;
	}
	if (state_create(&t->state, 0) != 0)
		goto bad;
	f.state = t->state;
	if (journal_reader_head(t->reader, &head) != 0 ||
	    journal_reader_each(t->reader, 0, head.size, on_entry, &f) != 0) {
		cli_fail(CLI_FAILED, "%s: the log cannot be read whole", dir);
		goto bad;
	}
	return (0);

bad:	cli_tables_close(t);
	return (-1);
}

void
cli_tables_close(struct cli_tables *t)
{
	state_free(t->state);
	journal_reader_free(t->reader);
	free(t->folder);
	memset(t, 0, sizeof(*t));
}

struct record_entry *
cli_tables_entry(struct cli_tables *t, uint64_t index)
{
	struct record_entry *e = NULL;
	struct cu_why why = { "" };
	struct buf line;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	rc = journal_reader_entry(t->reader, index, &line);
	if (rc == 0)
		rc = record_entry_read(&e, line.p, line.len, &why);
	buf_fini(&line);
	if (rc == 0)
		return (e);
	cli_fail(CLI_FAILED, "entry %" PRIu64 ": %s", index,
	    why.text[0] != '\0' ? why.text : cu_strerror(rc));
	return (NULL);
}

void
cli_putn(const char *s, size_t n, size_t max)
{
	struct buf b;

	buf_init(&b, CLI_FILE_MAX);
	text_show(&b, s, n < max ? n : max);
	printf("%s%s", buf_text(&b), n > max ? " ..." : "");
	buf_wipe(&b);
}

void
cli_put(const char *s)
{
	if (s == NULL)
		s = "-";
	cli_putn(s, strlen(s), CLI_FILE_MAX);
}

void
cli_json_begin(struct cli_json *j)
{
	buf_init(&j->b, CLI_FILE_MAX);
	jw_init(&j->w, &j->b);
	jw_obj(&j->w, NULL);
}

void
cli_json_end(struct cli_json *j)
{
	jw_end(&j->w);
	printf("%s\n", buf_text(&j->b));
	buf_wipe(&j->b);
}

void
cli_trial_note(const struct state *st)
{
	if (state_trial(st))
		printf("TRIAL: all keys were made on one machine\n");
}

int
cli_index(const char *word, uint64_t *out)
{
	if (text_dec(word, strlen(word), out) == 0)
		return (0);
	cli_fail(CLI_USAGE, "%s: not the index of an entry", word);
	return (-1);
}

const char *
cli_when(char out[32], int64_t t)
{
	char full[UTC_LEN + 1];

	utc_text(full, t);
	snprintf(out, 32, "%.10s %.8s", full, full + 11);
	return (out);
}
