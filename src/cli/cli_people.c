/* src/cli/cli_people.c: holders, instances and the policy: who may what */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "record/record_key.h"
#include "record/record_payload.h"
#include "state/state.h"

static int
holder_put(struct cli *c, int argc, char **argv, enum record_verb verb)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_list roles = { .n = 0 }, keys = { .n = 0 };
	const char *id, *name = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a),
	    { "--role", CLI_MANY | CLI_NEED, &roles },
	    { "--public", CLI_MANY | CLI_NEED, &keys },
	    { "--name", CLI_TEXT | CLI_NEED, &name } };
	struct record_payload p = { .kind = RECORD_HOLDER, .verb = verb };
	unsigned int bit;
	size_t i;

	if (cli_options(argc, argv, opt, 5, &id, 1, 1) < 0)
		return (cli_usage("custos holder %s ID --role "
		    "ROLE... --public KEY... --name NAME --sign KEYFILE... "
		    "[--out FILE]", record_verb_name(verb)));
	p.holder.id = id;
	p.holder.void_since = RECORD_NONE;
	for (i = 0; i < roles.n; i++) {
		if ((bit = record_may_find(roles.v[i])) == 0)
			return (cli_fail(CLI_USAGE, "%s: no such role "
			    "(overseer intake approver implementer auditor "
			    "reader)", roles.v[i]));
		p.holder.may |= bit;
	}
	if (keys.n > RECORD_KEYS_MAX)
		return (cli_fail(CLI_USAGE, "--public: a holder has at most %d "
		    "keys", RECORD_KEYS_MAX));
	for (i = 0; i < keys.n; i++)
		if (cli_public_key(keys.v[i], p.holder.key[i]) != 0)
			return (CLI_USAGE);
	p.holder.keys_n = keys.n;
	return (cli_act_with(c, &a, &p, "name", name));
}

static int
holder_add(struct cli *c, int argc, char **argv)
{
	return (holder_put(c, argc, argv, RECORD_ADD));
}

static int
holder_change(struct cli *c, int argc, char **argv)
{
	return (holder_put(c, argc, argv, RECORD_CHANGE));
}

static int
holder_revoke(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	const char *id, *since = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a),
	    { "--void-since", CLI_TEXT, &since } };
	struct record_payload p = { .kind = RECORD_HOLDER,
	    .verb = RECORD_REVOKE };

	if (cli_options(argc, argv, opt, 3, &id, 1, 1) < 0)
		return (cli_usage("custos holder revoke ID "
		    "[--void-since INDEX] --sign KEYFILE [--out FILE]"));
	p.holder.id = id;
	p.holder.void_since = RECORD_NONE;
	if (since != NULL && cli_index(since, &p.holder.void_since) != 0)
		return (CLI_USAGE);
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

static void
holder_json(const struct state_holder *h)
{
	struct cli_json j;
	unsigned int k;
	size_t i;

	cli_json_begin(&j);
	jw_str(&j.w, "id", h->id);
	jw_bool(&j.w, "live", h->live);
	jw_dec(&j.w, "entry", h->index);
	jw_arr(&j.w, "roles");
	for (k = 0; k < RECORD_MAY_N; k++)
		if ((h->may & 1U << k) != 0)
			jw_str(&j.w, NULL, record_may_name(1U << k));
	jw_end(&j.w);
	jw_arr(&j.w, "keys");
	for (i = 0; i < h->keys_n; i++)
		jw_bytes(&j.w, NULL, h->key[i], sizeof(h->key[i]));
	jw_end(&j.w);
	cli_json_end(&j);
}

static int
holder_list(struct cli *c, int argc, char **argv)
{
	struct state_holder h;
	struct cli_tables t;
	unsigned int k;
	size_t i;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] holder list"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_holder_nth(t.state, i, &h); i++) {
		if (c->json) {
			holder_json(&h);
			continue;
		}
		printf("%-20s %-8s entry %-6" PRIu64, h.id,
		    h.live ? "live" : "revoked", h.index);
		for (k = 0; k < RECORD_MAY_N; k++)
			if ((h.may & 1U << k) != 0)
				printf(" %s", record_may_name(1U << k));
		putchar('\n');
	}
	cli_tables_close(&t);
	return (CLI_DONE);
}

int
cli_holder(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", holder_list, "- who may do what" },
		{ "add", holder_add, "ID --role R --public KEY --name N "
		    "--sign KEYFILE..." },
		{ "change", holder_change, "ID (repeats the whole)" },
		{ "revoke", holder_revoke, "ID [--void-since INDEX]" },
	};

	return (cli_dispatch(c, "custos holder", verbs, 4, argc, argv));
}

static int
instance_add(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	const char *id, *role = NULL, *key = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a),
	    { "--role", CLI_TEXT | CLI_NEED, &role },
	    { "--public", CLI_TEXT | CLI_NEED, &key } };
	struct record_payload p = { .kind = RECORD_INSTANCE,
	    .verb = RECORD_ADD };

	if (cli_options(argc, argv, opt, 4, &id, 1, 1) < 0)
		return (cli_usage("custos instance add ID "
		    "--role keeper|gate|auditor --public KEY --sign KEYFILE... "
		    "[--out FILE]"));
	if ((p.instance.role = record_role_find(role)) == 0)
		return (cli_fail(CLI_USAGE, "%s: no such role of a process "
		    "(keeper gate auditor)", role));
	p.instance.id = id;
	if (cli_public_key(key, p.instance.key) != 0)
		return (CLI_USAGE);
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

static int
instance_retire(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_opt opt[] = { CLI_ACTING(a) };
	struct record_payload p = { .kind = RECORD_INSTANCE,
	    .verb = RECORD_RETIRE };
	const char *id;

	if (cli_options(argc, argv, opt, 2, &id, 1, 1) < 0)
		return (cli_usage("custos instance retire ID "
		    "--sign KEYFILE [--out FILE]"));
	p.instance.id = id;
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

void
cli_instance_json(struct jw *w, const struct state_instance *n)
{
	jw_str(w, "id", n->id);
	jw_str(w, "role", record_role_name(n->role));
	jw_bool(w, "live", n->live);
	jw_dec(w, "entry", n->index);
	if (n->heard == 0)
		jw_null(w, "heard");
	else
		jw_utc(w, "heard", n->heard);
	jw_bool(w, "stopped", n->stopped);
	jw_dec(w, "start", n->start);
	jw_dec(w, "spool", n->spool);
	jw_dec(w, "size", n->size);
}

static int
instance_list(struct cli *c, int argc, char **argv)
{
	struct state_instance n;
	struct cli_tables t;
	struct cli_json j;
	char when[32];
	size_t i;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] instance list"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_instance_nth(t.state, i, &n); i++) {
		if (c->json) {
			cli_json_begin(&j);
			cli_instance_json(&j.w, &n);
			cli_json_end(&j);
			continue;
		}
		printf("%-20s %-8s %-8s start %" PRIu64 "  heard %s\n", n.id,
		    record_role_name(n.role), n.live ? "live" : "retired",
		    n.start, n.heard == 0 ? "never" : cli_when(when, n.heard));
	}
	cli_tables_close(&t);
	return (CLI_DONE);
}

int
cli_instance(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", instance_list, "- when each was last heard" },
		{ "add", instance_add, "ID --role R --public KEY "
		    "--sign KEYFILE..." },
		{ "retire", instance_retire, "ID --sign KEYFILE" },
	};

	return (cli_dispatch(c, "custos instance", verbs, 3, argc, argv));
}

static bool
is_duration(enum record_rule r)
{
	return (r >= RECORD_RULE_X1_TIME_TOLERANCE &&
	    r <= RECORD_RULE_WINDOW_MAX);
}

static void
rule_show(enum record_rule r, int64_t v)
{
	if (v == RECORD_RULE_NONE)
		printf("%-18s none\n", record_rule_name(r));
	else
		printf("%-18s %" PRId64 "%s\n", record_rule_name(r), v,
		    is_duration(r) ? " ms" : "");
}

static int
policy_show(struct cli *c, int argc, char **argv)
{
	struct cli_tables t;
	const int64_t *v;
	struct cli_json j;
	unsigned int i;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] policy show"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	v = state_rules(t.state)->v;
	if (c->json)
		cli_json_begin(&j);
	else
		cli_trial_note(t.state);
	for (i = 0; i < RECORD_RULE_N; i++)
		if (!c->json)
			rule_show((enum record_rule)i, v[i]);
		else if (v[i] == RECORD_RULE_NONE)
			jw_null(&j.w, record_rule_name((enum record_rule)i));
		else
			jw_int(&j.w, record_rule_name((enum record_rule)i),
			    v[i]);
	if (c->json)
		cli_json_end(&j);
	cli_tables_close(&t);
	return (CLI_DONE);
}

/* Take NAME=VALUE; durations in milliseconds.  0, or -1 after saying why. */
static int
rule_take(struct record_rules *rules, const char *word)
{
	const char *eq = strchr(word, '=');
	uint64_t v;
	unsigned int i;

	for (i = 0; eq != NULL && i < RECORD_RULE_N; i++)
		if (text_eq(word, (size_t)(eq - word),
		    record_rule_name((enum record_rule)i)))
			break;
	if (eq == NULL || i == RECORD_RULE_N) {
		cli_fail(CLI_USAGE, "%s: not RULE=VALUE of a rule (custos "
		    "policy show)", word);
		return (-1);
	}
	if (strcmp(eq + 1, "none") == 0) {
		rules->v[i] = RECORD_RULE_NONE;
	} else if (text_dec(eq + 1, strlen(eq + 1), &v) == 0 &&
	    v <= INT64_MAX) {
		rules->v[i] = (int64_t)v;
	} else {
		cli_fail(CLI_USAGE, "%s: the value is a number (of "
		    "milliseconds, where it is a time), or none", word);
		return (-1);
	}
	return (0);
}

static int
policy_set(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_opt opt[] = { CLI_ACTING(a) };
	struct record_payload p = { .kind = RECORD_POLICY, .verb = RECORD_SET };
	const char *word[RECORD_RULE_N];
	struct cli_tables t;
	int i, n;

	n = cli_options(argc, argv, opt, 2, word, 1, RECORD_RULE_N);
	if (n < 0)
		return (cli_usage("custos policy set "
		    "RULE=VALUE... --sign KEYFILE... [--out FILE]"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	p.rules = *state_rules(t.state);
	cli_tables_close(&t);
	for (i = 0; i < n; i++)
		if (rule_take(&p.rules, word[i]) != 0)
			return (CLI_USAGE);
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

static int
policy_clock(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_opt opt[] = { CLI_ACTING(a) };
	struct record_payload p = { .kind = RECORD_POLICY,
	    .verb = RECORD_CLOCK };
	const char *after;

	if (cli_options(argc, argv, opt, 2, &after, 1, 1) < 0 ||
	    cli_index(after, &p.after) != 0)
		return (cli_usage("custos policy clock "
		    "AFTER-INDEX --sign KEYFILE [--out FILE]"));
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

int
cli_policy(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "show", policy_show, "- every rule and its value" },
		{ "set", policy_set, "RULE=VALUE... --sign KEYFILE..." },
		{ "clock", policy_clock, "AFTER-INDEX --sign KEYFILE" },
	};

	return (cli_dispatch(c, "custos policy", verbs, 3, argc, argv));
}
