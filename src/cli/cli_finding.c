/* src/cli/cli_finding.c: findings: what was found, noted and closed */
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

/* How a finding is told: in a list of those that are open, or of all, by
 * itself, or for a program. */
enum how { LIST, LIST_ALL, ALONE, JSON };

/* A finding's opening, in a line or two. */
static void
show_line(struct cli_tables *t, const struct state_finding_row *f,
    enum how how)
{
	struct record_entry *e;
	struct cli_json j;
	size_t i;
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
	if (how == JSON) {
		cli_json_begin(&j);
		jw_dec(&j.w, "id", f->index);
		jw_str(&j.w, "type", f->type);
		jw_str(&j.w, "severity", f->severity);
		jw_bool(&j.w, "closed", f->closed);
		jw_utc(&j.w, "time", e->time);
		jw_str(&j.w, "where", where);
		jw_strz(&j.w, "what", what[0] != '\0' ? what : NULL);
		jw_arr(&j.w, "rests");
		for (i = 0; i < jv_len(jv_get(e->own, "rests")); i++)
			if (jv_dec(jv_at(jv_get(e->own, "rests"), i),
			    &index) == 0)
				jw_dec(&j.w, NULL, index);
		jw_end(&j.w);
		cli_json_end(&j);
	} else if (how == ALONE) {
		printf("finding %" PRIu64 ": %s, %s, %s\n  %s, %s UTC",
		    f->index, f->type, f->severity, f->closed ? "closed" :
		    "OPEN", where, cli_when(when, e->time));
		printf(what[0] != '\0' ? ", %s\n" : "\n", what);
	} else {
		printf("%-5" PRIu64 " %-8s %s%-19s %-10s %.11s", f->index,
		    f->severity, how == LIST ? "" : f->closed ? "closed " :
		    "OPEN   ", f->type, where, cli_when(when, e->time) + 5);
		printf(what[0] != '\0' ? " %s\n" : "\n", what);
	}
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
		return (cli_usage("custos [--json] finding list "
		    "[--all]"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_finding_nth(t.state, i, &f); i++) {
		open += !f.closed;
		if (f.closed && !all)
			continue;
		show_line(&t, &f, c->json ? JSON : all ? LIST_ALL : LIST);
	}
	if (!c->json)
		printf("%zu open, %zu in all%s\n", open, i, open == i || all ?
		    "" : " (--all shows them)");
	cli_tables_close(&t);
	return (CLI_DONE);
}

/* An entry that a finding rests on, in a line. */
static void
show_entry(struct cli_tables *t, uint64_t index)
{
	static const char *const member[] = { "type", "decision", "rule",
	    "what", "why" };
	struct record_entry *e;
	const char *s;
	char when[32];
	size_t i;

	if ((e = cli_tables_entry(t, index)) == NULL)
		return;
	printf("    entry %-5" PRIu64 " %s  %s by %s", index,
	    cli_when(when, e->time) + 5, record_kind_name(e->kind),
	    e->source.instance);
	for (i = 0; i < sizeof(member) / sizeof(member[0]); i++) {
		s = text_or(jv_get(e->said_v, member[i]),
		    text_or(jv_get(e->own, member[i]), NULL));
		if (s != NULL) {
			printf(i == 0 ? ": " : " ");
			cli_put(s);
		}
	}
	if (e->act != NULL) {
		printf(": %s of ", record_verb_name(e->act->verb));
		cli_put(e->act->subject);
	}
	putchar('\n');
	record_entry_free(e);
}

/* What a finding says and rests on, for a person. */
static void
show_finding(struct cli_tables *t, const struct state_finding_row *f,
    const struct record_entry *e)
{
	const struct jv *rests = jv_get(e->own, "rests");
	const char *word = text_or(jv_get(e->own, "word"), NULL);
	uint64_t on;
	size_t i;

	show_line(t, f, ALONE);
	if (word != NULL) {
		printf("  word: ");
		cli_put(word);
		putchar('\n');
	}
	printf(jv_len(rests) > 0 ? "  it rests on\n" : "  it rests on no "
	    "other entry: what was tried is sealed in it\n");
	for (i = 0; i < jv_len(rests); i++)
		if (jv_dec(jv_at(rests, i), &on) == 0)
			show_entry(t, on);
	printf("  (docs/findings.md: when it opens; custos log show N --json: "
	    "an entry whole)\n");
}

static int
finding_show(struct cli *c, int argc, char **argv)
{
	struct state_finding_row f;
	struct record_entry *e = NULL;
	struct cli_tables t;
	const char *word;
	uint64_t index;
	int code = CLI_NO;

	if (cli_options(argc, argv, NULL, 0, &word, 1, 1) < 0 ||
	    cli_index(word, &index) != 0)
		return (cli_usage("custos [--json] finding show ID"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!state_finding_row(t.state, index, &f))
		cli_fail(CLI_NO, "%s: no finding has that id (custos finding "
		    "list --all)", word);
	else if (c->json) {
		show_line(&t, &f, JSON);
		code = CLI_DONE;
	} else if ((e = cli_tables_entry(&t, index)) != NULL) {
		cli_trial_note(t.state);
		show_finding(&t, &f, e);
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
	    { "--reason", CLI_TEXT | CLI_NEED, &reason } };
	struct record_payload p = { .kind = RECORD_FINDING, .verb = verb };

	if (cli_options(argc, argv, opt, 3, &word, 1, 1) < 0 ||
	    cli_index(word, &p.finding) != 0)
		return (cli_usage("custos finding %s ID "
		    "--reason TEXT --sign KEYFILE [--out FILE]",
		    record_verb_name(verb)));
	return (cli_act_with(c, &a, &p, "reason", reason));
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
