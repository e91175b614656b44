/* src/cli/cli_why.c: why a command passed or did not, from the log alone */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "journal/journal_read.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "state/state.h"

static const char *
text_of(const struct jv *v)
{
	size_t n;

	return (jv_str(v, &n));
}

static bool
is_command(const struct record_entry *e)
{
	return (e->kind == RECORD_COMMAND || e->kind == RECORD_LATE);
}

static void
why_covers(struct cli_tables *t, const struct jv *covers)
{
	struct state_revision r;
	uint8_t id[DIGEST_LEN];
	size_t i;

	for (i = 0; i < jv_len(covers); i++) {
		const struct jv *row = jv_at(covers, i);

		printf("  covered by warrant %s", text_of(jv_at(row, 0)));
		if (jv_bytes(jv_at(row, 1), id, DIGEST_LEN) == 0 &&
		    state_revision(t->state, id, &r))
			printf(", revision %" PRIu64 ": submitted by entry %"
			    PRIu64 ", approved by entry %" PRIu64, r.revision,
			    r.index, r.approved);
		putchar('\n');
	}
}

static void
why_decision(struct cli_tables *t, const struct record_entry *e)
{
	const char *rule = text_of(jv_get(e->own, "rule")), *words;

	if (e->kind == RECORD_LATE) {
		printf("  left from the gate's own spool while the keeper was "
		    "away: it narrows\n");
		return;
	}
	if (rule == NULL)
		return;
	words = cli_rule_words(rule);
	printf("  %s by rule %s%s%s\n", text_of(jv_get(e->own, "decision")),
	    rule, words != NULL ? ": " : "", words != NULL ? words : "");
	why_covers(t, jv_get(e->own, "covers"));
}

/* Say all that its entry says of one command. */
static void
why_command(struct cli_tables *t, uint64_t index, const struct record_entry *e)
{
	const char *s;
	struct state_element el;
	uint64_t at;
	char when[32];

	printf("entry %" PRIu64 ", %s UTC, by %s\n  ", index,
	    cli_when(when, e->time), e->source.instance);
	s = text_of(jv_get(e->said_v, "type"));
	cli_put(s != NULL ? s : "something unreadable");
	printf(" of ");
	s = text_of(jv_get(e->said_v, "requester"));
	cli_put(s != NULL ? s : "an unknown peer");
	if (jv_dec(jv_get(e->said_v, "element"), &at) == 0 &&
	    state_element_at(t->state, at, &el))
		printf(" to %s", el.id);
	if ((s = text_of(jv_get(e->said_v, "xid"))) != NULL) {
		printf("\n  XID  ");
		cli_put(s);
	}
	putchar('\n');
	why_decision(t, e);
}

static void
why_outcome(uint64_t index, const struct record_entry *e)
{
	static const char *const member[] = { "what", "why", "answer" };
	const char *s;
	size_t i;

	printf("  outcome, entry %" PRIu64 ":", index);
	for (i = 0; i < 3; i++)
		if ((s = text_of(jv_get(e->said_v, member[i]))) != NULL) {
			putchar(' ');
			cli_put(s);
		}
	putchar('\n');
}

static void
tell(struct cli_tables *t, uint64_t index, const struct record_entry *e)
{
	struct state_element el;
	struct cli_json j;
	const struct jv *covers = jv_get(e->own, "covers");
	uint64_t at;
	size_t i;

	cli_json_begin(&j);
	jw_dec(&j.w, "entry", index);
	jw_str(&j.w, "kind", record_kind_name(e->kind));
	jw_utc(&j.w, "time", e->time);
	jw_str(&j.w, "instance", e->source.instance);
	if (e->kind == RECORD_OUTCOME) {
		if (jv_dec(jv_get(e->said_v, "command"), &at) == 0)
			jw_dec(&j.w, "command", at);
		jw_strz(&j.w, "what", text_of(jv_get(e->said_v, "what")));
		jw_strz(&j.w, "why", text_of(jv_get(e->said_v, "why")));
		jw_strz(&j.w, "answer", text_of(jv_get(e->said_v, "answer")));
		cli_json_end(&j);
		return;
	}
	jw_strz(&j.w, "type", text_of(jv_get(e->said_v, "type")));
	jw_strz(&j.w, "requester", text_of(jv_get(e->said_v, "requester")));
	jw_strz(&j.w, "element", jv_dec(jv_get(e->said_v, "element"), &at) ==
	    0 && state_element_at(t->state, at, &el) ? el.id : NULL);
	jw_strz(&j.w, "xid", text_of(jv_get(e->said_v, "xid")));
	jw_strz(&j.w, "decision", text_of(jv_get(e->own, "decision")));
	jw_strz(&j.w, "rule", text_of(jv_get(e->own, "rule")));
	jw_arr(&j.w, "warrants");
	for (i = 0; i < jv_len(covers); i++)
		jw_str(&j.w, NULL, text_of(jv_at(jv_at(covers, i), 0)));
	jw_end(&j.w);
	cli_json_end(&j);
}

#define FOLLOWED_MAX	4096	/* commands on one XID */

/* Commands and their outcomes, as they come by. */
struct seeking {
	struct cli_tables *t;
	bool json;
	const char *xid;		/* of that XID; or NULL: the one entry */
	uint64_t command[FOLLOWED_MAX];
	bool waits[FOLLOWED_MAX];	/* allowed, and no outcome yet */
	size_t n;
};

static void
on_command(struct seeking *s, uint64_t index, const struct record_entry *e)
{
	if (s->xid != NULL ? !jv_streq(jv_get(e->said_v, "xid"), s->xid) :
	    s->n > 0)
		return;
	if (s->n < FOLLOWED_MAX) {
		s->waits[s->n] = e->kind == RECORD_LATE ||
		    jv_streq(jv_get(e->own, "decision"), "allowed");
		s->command[s->n++] = index;
	}
	if (s->json)
		tell(s->t, index, e);
	else
		why_command(s->t, index, e);
}

static int
on_seek(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct seeking *s = cookie;
	struct record_entry *e;
	uint64_t of;
	size_t i;

	if (record_entry_read(&e, p, len, NULL) != 0)
		return (0);
	if (is_command(e))
		on_command(s, index, e);
	else if (e->kind == RECORD_OUTCOME &&
	    jv_dec(jv_get(e->said_v, "command"), &of) == 0) {
		for (i = 0; i < s->n && s->command[i] != of; i++)
			;
		if (i < s->n) {
			s->waits[i] = false;
			if (s->json)
				tell(s->t, index, e);
			else
				why_outcome(index, e);
		}
	}
	record_entry_free(e);
	return (0);
}

/* Is that entry a command?  CLI_DONE, or a code after saying what it is. */
static int
look_at(struct cli_tables *t, uint64_t index)
{
	struct record_entry *e;
	int code = CLI_DONE;

	if (index >= state_size(t->state))
		return (cli_fail(CLI_NO, "the log has %" PRIu64 " entries",
		    state_size(t->state)));
	if ((e = cli_tables_entry(t, index)) == NULL)
		return (CLI_FAILED);
	if (!is_command(e))
		code = cli_fail(CLI_NO, "entry %" PRIu64 " is of kind %s, not a "
		    "command (custos log show %" PRIu64 ")", index,
		    record_kind_name(e->kind), index);
	record_entry_free(e);
	return (code);
}

int
cli_why(struct cli *c, int argc, char **argv)
{
	static struct seeking s;
	struct cli_tables t;
	const char *word;
	uint64_t index = 0;
	size_t i;
	int code = CLI_DONE;

	if (cli_options(argc, argv, NULL, 0, &word, 1, 1) < 0)
		return (cli_usage("custos [--json] why ENTRY|XID"));
	if (text_is_uuid(word, strlen(word)))
		s.xid = word;
	else if (text_dec(word, strlen(word), &index) != 0)
		return (cli_fail(CLI_USAGE, "%s: neither the index of an entry "
		    "nor an XID (in lower case)", word));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	s.t = &t;
	s.json = c->json;
	if (s.xid == NULL)
		code = look_at(&t, index);
	if (code == CLI_DONE && !c->json)
		cli_trial_note(t.state);
	if (code == CLI_DONE)
		(void)journal_reader_each(t.reader, index, state_size(t.state),
		    on_seek, &s);
	if (code == CLI_DONE && s.n == 0)
		code = cli_fail(CLI_NO, "no command of the log names %s",
		    word);
	for (i = 0; i < s.n && !c->json; i++)
		if (s.waits[i])
			printf("  entry %" PRIu64 " has no outcome in the log "
			    "yet\n", s.command[i]);
	cli_tables_close(&t);
	return (code);
}
