/* src/cli/cli_status.c: what stands where; open findings first */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "state/state.h"

static size_t
show_findings(const struct state *st)
{
	struct state_finding_row f;
	size_t i, open = 0, critical = 0;

	for (i = 0; state_finding_nth(st, i, &f); i++) {
		open += !f.closed;
		critical += !f.closed && strcmp(f.severity, "critical") == 0;
	}
	printf("findings    %zu open, %zu of them critical%s\n", open, critical,
	    open > 0 ? " (custos finding list)" : "");
	return (critical);
}

static void
show_processes(const struct state *st)
{
	struct state_instance n;
	utc_us now = utc_now();
	size_t i;

	for (i = 0; state_instance_nth(st, i, &n); i++) {
		if (!n.live)
			continue;
		printf("%-11s %s", record_role_name(n.role), n.id);
		if (n.heard == 0)
			printf(", never heard");
		else
			printf(", heard %" PRId64 " s ago%s",
			    (now - n.heard) / UTC_SECOND,
			    n.stopped ? " (its last word: stop)" : "");
		if (n.role != RECORD_ROLE_KEEPER && n.heard != 0)
			printf(", holds %" PRIu64, n.size);
		if (n.spool > 0)
			printf(", %" PRIu64 " records in its spool", n.spool);
		putchar('\n');
	}
}

static void
show_warrants(const struct state *st)
{
	struct state_revision r;
	utc_us now = utc_now();
	size_t i, live = 0, waiting = 0;

	for (i = 0; state_revision_nth(st, i, &r); i++) {
		live += state_live(&r, now);
		waiting += r.approved == STATE_NONE && r.ended == STATE_NONE;
	}
	printf("warrants    %zu live, %zu wait for approval\n", live, waiting);
}

static void
show_elements(const struct state *st)
{
	struct state_element e;
	struct state_object o;
	size_t i, k, tasks, strange;

	for (i = 0; state_element_nth(st, i, &e); i++) {
		if (!e.live || e.reg->x1 == NULL ||
		    e.reg->kind == RECORD_ADMF || e.reg->kind == RECORD_LEMF)
			continue;
		for (k = tasks = strange = 0; state_object_nth(st, k, &o); k++)
			if (strcmp(o.element, e.id) == 0 &&
			    o.answer != STATE_NONE && o.seen != LAW_ABSENT) {
				tasks += o.task;
				strange += !o.commanded;
			}
		printf("element     %s: level 3, lists %zu task%s%s\n",
		    e.id, tasks, tasks == 1 ? "" : "s", strange > 0 ?
		    ", AND WHAT NOBODY COMMANDED" : "");
	}
}

int
cli_status(struct cli *c, int argc, char **argv)
{
	struct cli_tables t;
	char when[32];
	size_t critical;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_fail(CLI_USAGE, "usage: custos status"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	cli_trial_note(t.state);
	critical = show_findings(t.state);
	printf("log         %s, %" PRIu64 " entries, the last at %s UTC\n",
	    state_log(t.state)->origin, state_size(t.state),
	    cli_when(when, state_time(t.state)));
	show_warrants(t.state);
	show_processes(t.state);
	show_elements(t.state);
	printf("not seen    delivered product (X2, X3); copies that leave as "
	    "ordinary traffic;\n            a history shown to one reader only "
	    "(no witness yet)\n");
	cli_tables_close(&t);
	return (critical > 0 ? CLI_NO : CLI_DONE);
}
