/* src/cli/cli_status.c: what stands where; open findings first */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/cli_held.h"
#include "cli/cli_process.h"
#include "cli/cli_tables.h"
#include "home/home.h"
#include "state/state.h"

/* The blind rows of SECURITY.md, in its order. */
static const char *const unseen[] = {
	"copies that leave an element as ordinary user traffic",
	"equipment without an interception interface that taps",
	"a target list read inside a foreign ADMF",
	"a task that exists only between two audits",
	"the delivered product (X2, X3)",
	"the software that an element really runs",
	"a history shown to one reader only"
};
#define UNSEEN_N	(sizeof(unseen) / sizeof(unseen[0]))

/* Counted once, then told to a person or to a program. */
struct counts {
	size_t open, critical;		/* findings */
	size_t live, waiting;		/* revisions of warrants */
	bool running;			/* the keeper answers */
};

static void
count(struct counts *n, const struct state *st)
{
	struct state_finding_row f;
	struct state_revision r;
	utc_us now = utc_now();
	size_t i;

	memset(n, 0, sizeof(*n));
	for (i = 0; state_finding_nth(st, i, &f); i++) {
		n->open += !f.closed;
		n->critical += !f.closed && strcmp(f.severity, "critical") == 0;
	}
	for (i = 0; state_revision_nth(st, i, &r); i++) {
		n->live += state_live(&r, now);
		n->waiting += r.approved == STATE_NONE && r.ended == STATE_NONE;
	}
}

/* What custos does at an element, in the words of README's levels. */
static int
level(const struct state_element *e)
{
	return (e->reg->gate != NULL ? 3 : 1);
}

/* Elements that can be asked, one after the other. */
static bool
asked(const struct state *st, size_t *i, struct state_element *e)
{
	while (state_element_nth(st, (*i)++, e))
		if (e->live && e->reg->x1 != NULL &&
		    e->reg->kind != RECORD_ADMF && e->reg->kind != RECORD_LEMF)
			return (true);
	return (false);
}

/* Tasks and destinations that the element's last answer shows. */
static void
listed(const struct state *st, const char *id, size_t *tasks, size_t *strange)
{
	struct state_object o;
	size_t k;

	for (k = *tasks = *strange = 0; state_object_nth(st, k, &o); k++)
		if (strcmp(o.element, id) == 0 && o.answer != STATE_NONE &&
		    o.seen != LAW_ABSENT) {
			*tasks += o.task;
			*strange += !o.commanded;
		}
}

/* Does the keeper of -C answer at its socket? */
static bool
keeper_runs(const struct cli *c)
{
	struct home *h = cli_home(c, "keeper");
	bool runs = h != NULL && cli_process_listens(home_conf(h)->socket);

	home_free(h);
	return (runs);
}

static void
show_processes(const struct state *st, bool running)
{
	int64_t patience = state_rules(st)->v[RECORD_RULE_BEAT_MISSING];
	struct state_instance n;
	utc_us ago, now = utc_now();
	size_t i;

	for (i = 0; state_instance_nth(st, i, &n); i++) {
		if (!n.live)
			continue;
		ago = now - n.heard;
		printf("%-11s %s", record_role_name(n.role), n.id);
		if (n.role == RECORD_ROLE_KEEPER && !running)
			printf(" DOES NOT ANSWER");
		if (n.heard == 0)
			printf(", never heard");
		else
			printf(", heard %" PRId64 " s ago%s", ago / UTC_SECOND,
			    n.stopped ? " (its last word: stop)" :
			    ago / 1000 > patience ? " (SILENT: is it "
			    "running?)" : "");
		if (n.role != RECORD_ROLE_KEEPER && n.heard != 0)
			printf(", holds %" PRIu64, n.size);
		if (n.spool > 0)
			printf(", %" PRIu64 " records in its spool", n.spool);
		putchar('\n');
	}
}

static void
show_elements(const struct state *st)
{
	struct state_element e;
	size_t i = 0, tasks, strange;

	while (asked(st, &i, &e)) {
		listed(st, e.id, &tasks, &strange);
		printf("element     %s: level %d (%s), lists %zu task%s%s\n",
		    e.id, level(&e), level(&e) == 3 ? "enforce" : "audit",
		    tasks, tasks == 1 ? "" : "s", strange > 0 ?
		    ", AND WHAT NOBODY COMMANDED" : "");
	}
}

static void
show(const struct state *st, const struct counts *n,
    const struct cli_held *held)
{
	char when[32];
	size_t i;

	cli_held_print(held);
	cli_trial_note(st);
	printf("findings    %zu open, %zu of them critical%s\n", n->open,
	    n->critical, n->open > 0 ? " (custos finding list)" : "");
	printf("log         %s, %" PRIu64 " entries, the last at %s UTC\n",
	    state_log(st)->origin, state_size(st),
	    cli_when(when, state_time(st)));
	printf("warrants    %zu live, %zu wait%s for approval\n", n->live,
	    n->waiting, n->waiting == 1 ? "s" : "");
	show_processes(st, n->running);
	show_elements(st);
	for (i = 0; i < UNSEEN_N; i++)
		printf("%-11s %s\n", i == 0 ? "not seen" : "", unseen[i]);
}

static void
tell(const struct state *st, const struct counts *n,
    const struct cli_held *held)
{
	struct state_instance in;
	struct state_element e;
	struct cli_json j;
	size_t i, tasks, strange;

	cli_json_begin(&j);
	cli_held_json(&j.w, held);
	jw_bool(&j.w, "trial", state_trial(st));
	jw_int(&j.w, "findings_open", (int64_t)n->open);
	jw_int(&j.w, "findings_critical", (int64_t)n->critical);
	jw_str(&j.w, "origin", state_log(st)->origin);
	jw_dec(&j.w, "size", state_size(st));
	jw_utc(&j.w, "time", state_time(st));
	jw_int(&j.w, "warrants_live", (int64_t)n->live);
	jw_int(&j.w, "warrants_waiting", (int64_t)n->waiting);
	jw_bool(&j.w, "keeper_answers", n->running);
	jw_arr(&j.w, "instances");
	for (i = 0; state_instance_nth(st, i, &in); i++) {
		jw_obj(&j.w, NULL);
		cli_instance_json(&j.w, &in);
		jw_end(&j.w);
	}
	jw_end(&j.w);
	jw_arr(&j.w, "elements");
	i = 0;
	while (asked(st, &i, &e)) {
		listed(st, e.id, &tasks, &strange);
		jw_obj(&j.w, NULL);
		jw_str(&j.w, "id", e.id);
		jw_int(&j.w, "level", level(&e));
		jw_int(&j.w, "tasks", (int64_t)tasks);
		jw_int(&j.w, "never_commanded", (int64_t)strange);
		jw_end(&j.w);
	}
	jw_end(&j.w);
	jw_arr(&j.w, "not_seen");
	for (i = 0; i < UNSEEN_N; i++)
		jw_str(&j.w, NULL, unseen[i]);
	jw_end(&j.w);
	cli_json_end(&j);
}

int
cli_status(struct cli *c, int argc, char **argv)
{
	struct cli_tables t;
	struct cli_held held = { .n = 0 };
	char log[PATH_MAX];
	struct counts n;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] status"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	count(&n, t.state);
	n.running = keeper_runs(c);
	if (cli_join(log, t.folder, "log") == 0)
		cli_held_keeper(&held, t.reader, log);
	cli_held_below(&held, t.reader, c->home);
	if (c->json)
		tell(t.state, &n, &held);
	else
		show(t.state, &n, &held);
	cli_tables_close(&t);
	return (n.critical > 0 || held.n > 0 ? CLI_NO : CLI_DONE);
}
