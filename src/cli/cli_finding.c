/* src/cli/cli_finding.c: findings, and why a command passed or did not */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "journal/journal_read.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "state/state.h"

static const char *
text_or(const struct jv *v, const char *none)
{
	size_t n;
	const char *s = jv_str(v, &n);

	return (s != NULL ? s : none);
}

/* One line about a finding's opening. */
static void
show_line(struct cli_tables *t, const struct state_finding_row *f)
{
	struct record_entry *e;
	struct state_element el;
	const char *where = "-", *what;
	uint64_t index;
	char when[32];

	if ((e = cli_tables_entry(t, f->index)) == NULL)
		return;
	if (jv_dec(jv_get(e->own, "element"), &index) == 0 &&
	    state_element_at(t->state, index, &el))
		where = el.id;
	else
		where = text_or(jv_get(e->own, "instance"),
		    text_or(jv_get(e->own, "holder"), "-"));
	what = text_or(jv_get(e->own, "xid"),
	    text_or(jv_get(e->own, "did"), ""));
	printf("%-6" PRIu64 " %-8s %-7s %-22s %-12s %s %s\n", f->index,
	    f->severity, f->closed ? "closed" : "OPEN", f->type, where,
	    cli_when(when, e->time), what);
	record_entry_free(e);
}

static int
finding_list(struct cli *c, int argc, char **argv)
{
	bool all = false;
	struct cli_opt opt[] = { { "--all", CLI_FLAG, &all } };
	struct state_finding_row f;
	struct cli_tables t;
	size_t i, open = 0;

	if (cli_options(argc, argv, opt, 1, NULL, 0, 0) < 0)
		return (cli_fail(CLI_USAGE, "usage: custos finding list "
		    "[--all]"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_finding_nth(t.state, i, &f); i++) {
		open += !f.closed;
		if (f.closed && !all)
			continue;
		if (c->json)
			printf("{\"id\":\"%" PRIu64 "\",\"type\":\"%s\","
			    "\"severity\":\"%s\",\"closed\":%s}\n", f.index,
			    f.type, f.severity, f.closed ? "true" : "false");
		else
			show_line(&t, &f);
	}
	if (!c->json)
		printf("%zu open, %zu in all\n", open, i);
	cli_tables_close(&t);
	return (CLI_DONE);
}

/* Print an entry's clear members, indented. */
static void
show_entry(struct cli_tables *t, uint64_t index)
{
	struct buf b;

	buf_init(&b, RECORD_ENTRY_MAX);
	if (journal_reader_entry(t->reader, index, &b) == 0)
		printf("  entry %" PRIu64 ": %s\n", index, buf_text(&b));
	buf_fini(&b);
}

static int
finding_show(struct cli *c, int argc, char **argv)
{
	struct state_finding_row f;
	struct record_entry *e = NULL;
	const struct jv *rests;
	struct cli_tables t;
	const char *word;
	uint64_t index, on;
	size_t i;
	int code = CLI_NO;

	if (cli_options(argc, argv, NULL, 0, &word, 1, 1) < 0 ||
	    cli_index(word, &index) != 0)
		return (cli_fail(CLI_USAGE, "usage: custos finding show ID"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!state_finding_row(t.state, index, &f))
		cli_fail(CLI_FAILED, "%s: no finding has that id", word);
	else if ((e = cli_tables_entry(&t, index)) != NULL) {
		cli_trial_note(t.state);
		show_line(&t, &f);
		printf("  seen: %s\n  it rests on:\n",
		    text_or(jv_get(e->own, "word"), "-"));
		rests = jv_get(e->own, "rests");
		for (i = 0; i < jv_len(rests); i++)
			if (jv_dec(jv_at(rests, i), &on) == 0)
				show_entry(&t, on);
		code = CLI_DONE;
	}
	record_entry_free(e);
	cli_tables_close(&t);
	return (code);
}

static int
finding_say(struct cli *c, int argc, char **argv, enum record_verb verb)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	const char *word, *reason = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a),
	    { "--reason", CLI_TEXT, &reason } };
	struct record_payload p = { .kind = RECORD_FINDING, .verb = verb };
	struct record_sds sds;
	int code = CLI_FAILED;

	if (cli_options(argc, argv, opt, 3, &word, 1, 1) < 0 ||
	    reason == NULL || cli_index(word, &p.finding) != 0)
		return (cli_fail(CLI_USAGE, "usage: custos finding %s ID "
		    "--reason TEXT --sign KEYFILE [--out FILE]",
		    record_verb_name(verb)));
	record_sds_init(&sds);
	if (record_sds_str(&sds, "reason", reason) == 0)
		code = cli_act(c, &a, &p, &sds);
	record_sds_fini(&sds);
	return (code);
}

static int
finding_note(struct cli *c, int argc, char **argv)
{
	return (finding_say(c, argc, argv, RECORD_NOTE));
}

static int
finding_close(struct cli *c, int argc, char **argv)
{
	return (finding_say(c, argc, argv, RECORD_CLOSE));
}

int
cli_finding(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", finding_list, "[--all]" },
		{ "show", finding_show, "ID" },
		{ "note", finding_note, "ID --reason TEXT --sign KEYFILE" },
		{ "close", finding_close,
		    "ID --reason TEXT --sign KEYFILE" },
	};

	return (cli_dispatch(c, "custos finding", verbs, 4, argc, argv));
}

/* ---- why ---------------------------------------------------------------- */

static void
why_covers(struct cli_tables *t, const struct jv *covers)
{
	struct state_revision r;
	uint8_t id[DIGEST_LEN];
	size_t i;

	for (i = 0; i < jv_len(covers); i++) {
		const struct jv *row = jv_at(covers, i);

		printf("  covered by warrant %s", text_or(jv_at(row, 0), "?"));
		if (jv_bytes(jv_at(row, 1), id, DIGEST_LEN) == 0 &&
		    state_revision(t->state, id, &r))
			printf(", revision %" PRIu64 ": submitted by entry %"
			    PRIu64 ", approved by entry %" PRIu64, r.revision,
			    r.index, r.approved);
		putchar('\n');
	}
}

/* Say all that the log says of one command.  0, or -1 if it is none. */
static int
why_command(struct cli_tables *t, uint64_t index)
{
	struct record_entry *e;
	struct state_element el;
	uint64_t at;
	char when[32];

	if ((e = cli_tables_entry(t, index)) == NULL)
		return (-1);
	if (e->kind != RECORD_COMMAND && e->kind != RECORD_LATE) {
		cli_fail(CLI_FAILED, "entry %" PRIu64 " is a %s, not a command",
		    index, record_kind_name(e->kind));
		record_entry_free(e);
		return (-1);
	}
	printf("entry %" PRIu64 ", %s UTC, by %s\n", index,
	    cli_when(when, e->time), e->source.instance);
	printf("  %s of %s", text_or(jv_get(e->said_v, "type"), "unreadable"),
	    text_or(jv_get(e->said_v, "requester"), "an unknown peer"));
	if (jv_dec(jv_get(e->said_v, "element"), &at) == 0 &&
	    state_element_at(t->state, at, &el))
		printf(" to %s", el.id);
	printf("\n  XID  %s\n", text_or(jv_get(e->said_v, "xid"), "-"));
	if (e->kind == RECORD_LATE)
		printf("  left from the gate's own spool while the keeper was "
		    "away: it narrows\n");
	else
		printf("  %s by rule %s (docs/rules.md)\n",
		    text_or(jv_get(e->own, "decision"), "?"),
		    text_or(jv_get(e->own, "rule"), "?"));
	why_covers(t, jv_get(e->own, "covers"));
	record_entry_free(e);
	return (0);
}

/* Outcomes of one command, or commands on one XID, as they come by. */
struct seeking {
	struct cli_tables *t;
	uint64_t command;	/* whose outcome */
	const char *xid;	/* or which XID */
	size_t found;
};

static int
on_seek(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct seeking *s = cookie;
	struct record_entry *e;
	uint64_t of;

	if (record_entry_read(&e, p, len, NULL) != 0)
		return (0);
	if (s->xid != NULL && (e->kind == RECORD_COMMAND ||
	    e->kind == RECORD_LATE) &&
	    jv_streq(jv_get(e->said_v, "xid"), s->xid)) {
		s->found++;
		(void)why_command(s->t, index);
	} else if (e->kind == RECORD_OUTCOME && s->xid == NULL &&
	    jv_dec(jv_get(e->said_v, "command"), &of) == 0 &&
	    of == s->command) {
		s->found++;
		printf("  outcome, entry %" PRIu64 ": %s %s %s\n", index,
		    text_or(jv_get(e->said_v, "what"), "?"),
		    text_or(jv_get(e->said_v, "why"), ""),
		    text_or(jv_get(e->said_v, "answer"), ""));
	}
	record_entry_free(e);
	return (0);
}

int
cli_why(struct cli *c, int argc, char **argv)
{
	struct cli_tables t;
	struct seeking s;
	const char *word;
	uint64_t index = 0, size;
	int code = CLI_DONE;

	if (cli_options(argc, argv, NULL, 0, &word, 1, 1) < 0)
		return (cli_fail(CLI_USAGE, "usage: custos why ENTRY|XID"));
	if (!text_is_uuid(word, strlen(word)) && cli_index(word, &index) != 0)
		return (CLI_USAGE);
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	cli_trial_note(t.state);
	size = state_size(t.state);
	s = (struct seeking){ &t, index, NULL, 0 };
	if (text_is_uuid(word, strlen(word))) {
		s.xid = word;
		(void)journal_reader_each(t.reader, 0, size, on_seek, &s);
		if (s.found == 0) {
			printf("no command of the log names it\n");
			code = CLI_NO;
		}
	} else if (why_command(&t, index) != 0) {
		code = CLI_NO;
	} else {
		(void)journal_reader_each(t.reader, index, size, on_seek, &s);
		if (s.found == 0)
			printf("  no outcome in the log\n");
	}
	cli_tables_close(&t);
	return (code);
}
