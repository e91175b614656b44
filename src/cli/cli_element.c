/* src/cli/cli_element.c: network elements, MDFs, ADMFs, LEMFs */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "record/record_payload.h"
#include "state/state.h"

#define DOC_MAX	65536		/* bytes of an element's document */

/* The members of an element's document: its registration, less `_sd`. */
enum { D_ID, D_KIND, D_X1, D_DELIVERY, D_IDENTITY, D_PINS, D_MAKER, D_MODEL,
    D_ZONE, D_JURISDICTION, D_MULTI, D_GATE, D_ADMFS, D_DIALECT,
    D_TRIGGERED_BY, D_N };

#define MAY	(JV_OPTIONAL | JV_NULLABLE)
static const struct jv_member members[D_N] = {
	[D_ID] = { "id", JV_STRING, 0 },
	[D_KIND] = { "kind", JV_STRING, 0 },
	[D_X1] = { "x1", JV_STRING, MAY },
	[D_DELIVERY] = { "delivery", JV_ARRAY, JV_OPTIONAL },
	[D_IDENTITY] = { "identity", JV_OBJECT, MAY },
	[D_PINS] = { "pins", JV_ARRAY, JV_OPTIONAL },
	[D_MAKER] = { "maker", JV_STRING, MAY },
	[D_MODEL] = { "model", JV_STRING, MAY },
	[D_ZONE] = { "zone", JV_STRING, MAY },
	[D_JURISDICTION] = { "jurisdiction", JV_STRING, MAY },
	[D_MULTI] = { "multi", JV_STRING, JV_OPTIONAL },
	[D_GATE] = { "gate", JV_STRING, MAY },
	[D_ADMFS] = { "admfs", JV_ARRAY, JV_OPTIONAL },
	[D_DIALECT] = { "dialect", JV_ARRAY, JV_OPTIONAL },
	[D_TRIGGERED_BY] = { "triggered_by", JV_ARRAY, MAY },
};

static const char *
text(const struct jv *v)
{
	size_t n;

	return (jv_str(v, &n));
}

/* Take an array of strings into an owned list. */
static int
take_strs(struct record_strs *out, const struct jv *v, struct cu_why *why,
    const char *name)
{
	size_t i, n = jv_len(v);

	if (n > RECORD_LIST_MAX) {
		cu_why_set(why, "%s: too many", name);
		return (-1);
	}
	if (n == 0)
		return (0);
	if ((out->v = calloc(n, sizeof(*out->v))) == NULL)
		return (-1);
	for (i = 0; i < n; i++)
		if ((out->v[i] = text(jv_at(v, i))) == NULL) {
			cu_why_set(why, "%s: item %zu is not a string", name,
			    i + 1);
			return (-1);
		}
	out->n = n;
	return (0);
}

static int
take_identity(struct record_element *e, const struct jv *v, struct cu_why *why)
{
	static const struct jv_member two[] = { { "rule", JV_STRING, 0 },
	    { "value", JV_STRING, 0 } };
	const struct jv *m[2];

	if (!jv_is(v, JV_OBJECT))
		return (0);
	if (jv_members(v, two, 2, m, why) != 0) {
		cu_why_in(why, "identity");
		return (-1);
	}
	if ((e->rule = cert_rule_find(text(m[0]))) == 0) {
		cu_why_set(why, "identity: rule is urn, uid or cn");
		return (-1);
	}
	e->identity = text(m[1]);
	return (0);
}

static int
take_rest(struct record_element *e, const struct jv **m, struct cu_why *why)
{
	size_t i;

	for (i = 0; i < jv_len(m[D_PINS]); i++)
		if (i == RECORD_PINS_MAX || jv_bytes(jv_at(m[D_PINS], i),
		    e->pin[i], DIGEST_LEN) != 0) {
			cu_why_set(why, "pins: at most %d SHA-256 of DER, in "
			    "base64url", RECORD_PINS_MAX);
			return (-1);
		}
	e->pins_n = jv_len(m[D_PINS]);
	e->multi_all = jv_streq(m[D_MULTI], "all");
	if (m[D_MULTI] != NULL && !e->multi_all &&
	    !jv_streq(m[D_MULTI], "each")) {
		cu_why_set(why, "multi: is each or all");
		return (-1);
	}
	e->triggered = jv_is(m[D_TRIGGERED_BY], JV_ARRAY);
	if (take_identity(e, m[D_IDENTITY], why) != 0 ||
	    take_strs(&e->delivery, m[D_DELIVERY], why, "delivery") != 0 ||
	    take_strs(&e->admfs, m[D_ADMFS], why, "admfs") != 0 ||
	    take_strs(&e->dialect, m[D_DIALECT], why, "dialect") != 0 ||
	    take_strs(&e->triggered_by, m[D_TRIGGERED_BY], why,
	    "triggered_by") != 0)
		return (-1);
	return (0);
}

/* Read the document into ${e}, which borrows from ${root}. */
static int
take_document(struct record_element *e, const struct jv *root,
    struct cu_why *why)
{
	static const char *const kind[] = { "ne", "mdf", "admf", "lemf" };
	const struct jv *m[D_N];
	unsigned int k;

	if (jv_members(root, members, D_N, m, why) != 0)
		return (-1);
	for (k = 0; k < 4 && !jv_streq(m[D_KIND], kind[k]); k++)
		;
	if (k == 4) {
		cu_why_set(why, "kind: is ne, mdf, admf or lemf");
		return (-1);
	}
	e->kind = (enum record_element_kind)(k + 1);
	e->id = text(m[D_ID]);
	e->x1 = text(m[D_X1]);
	e->maker = text(m[D_MAKER]);
	e->model = text(m[D_MODEL]);
	e->zone = text(m[D_ZONE]);
	e->jurisdiction = text(m[D_JURISDICTION]);
	e->gate = text(m[D_GATE]);
	return (take_rest(e, m, why));
}

static int
element_put(struct cli *c, int argc, char **argv, enum record_verb verb)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_opt opt[] = { CLI_ACTING(a) };
	struct record_payload p = { .kind = RECORD_ELEMENT, .verb = verb };
	uint8_t audit_key[RECORD_TOKEN_KEY_LEN];
	struct jv *root = NULL;
	struct cu_why why = { "" };
	struct record_sds sds;
	const char *path;
	char *doc;
	size_t len;
	int code = CLI_USAGE;

	if (cli_options(argc, argv, opt, 2, &path, 1, 1) < 0)
		return (cli_usage("custos element %s "
		    "FILE.json --sign KEYFILE... [--out FILE]",
		    record_verb_name(verb)));
	if ((doc = cli_read(path, DOC_MAX, &len)) == NULL)
		return (CLI_FAILED);
	record_sds_init(&sds);
	if (jv_parse(&root, doc, len, &why) != 0 ||
	    take_document(&p.element, root, &why) != 0) {
		cli_fail(CLI_FAILED, "%s: %s", path, why.text);
		goto out;
	}
	random_bytes(audit_key, sizeof(audit_key));
	if (verb == RECORD_ADD && record_sds_bytes(&sds, "audit_key",
	    audit_key, sizeof(audit_key)) != 0)
		goto out;
	code = cli_act(c, &a, &p, &sds);
out:
	wipe(audit_key, sizeof(audit_key));
	free(p.element.delivery.v);
	free(p.element.admfs.v);
	free(p.element.dialect.v);
	free(p.element.triggered_by.v);
	record_sds_fini(&sds);
	jv_free(root);
	free(doc);
	return (code);
}

static int
element_add(struct cli *c, int argc, char **argv)
{
	return (element_put(c, argc, argv, RECORD_ADD));
}

static int
element_change(struct cli *c, int argc, char **argv)
{
	return (element_put(c, argc, argv, RECORD_CHANGE));
}

static int
element_retire(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	struct cli_opt opt[] = { CLI_ACTING(a),
	    { "--gate", CLI_TEXT, &a.socket } };
	struct record_payload p = { .kind = RECORD_ELEMENT,
	    .verb = RECORD_RETIRE };
	const char *id;

	if (cli_options(argc, argv, opt, 3, &id, 1, 1) < 0)
		return (cli_usage("custos element retire ID "
		    "--sign KEYFILE [--gate SOCKET] [--out FILE]"));
	p.element.id = id;
	return (cli_act_with(c, &a, &p, NULL, NULL));
}

static void
element_json(struct jw *w, const struct state_element *e)
{
	size_t i;

	jw_str(w, "id", e->id);
	jw_str(w, "kind", record_element_kind_name(e->reg->kind));
	jw_bool(w, "live", e->live);
	jw_dec(w, "entry", e->index);
	jw_strz(w, "x1", e->reg->x1);
	jw_arr(w, "delivery");
	for (i = 0; i < e->reg->delivery.n; i++)
		jw_str(w, NULL, e->reg->delivery.v[i]);
	jw_end(w);
	jw_strz(w, "zone", e->reg->zone);
	jw_strz(w, "gate", e->reg->gate);
	jw_strz(w, "maker", e->reg->maker);
	jw_strz(w, "model", e->reg->model);
}

static void
element_line(const struct state_element *e)
{
	printf("%-16s %-5s %-8s entry %-5" PRIu64 " zone ", e->id,
	    record_element_kind_name(e->reg->kind),
	    e->live ? "live" : "retired", e->index);
	cli_put(e->reg->zone);
	printf("  ");
	cli_put(e->reg->x1);
	putchar('\n');
}

static int
element_list(struct cli *c, int argc, char **argv)
{
	struct state_element e;
	struct cli_tables t;
	struct cli_json j;
	size_t i;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] element list"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_element_nth(t.state, i, &e); i++) {
		if (!c->json) {
			element_line(&e);
			continue;
		}
		cli_json_begin(&j);
		element_json(&j.w, &e);
		cli_json_end(&j);
	}
	cli_tables_close(&t);
	return (CLI_DONE);
}

static const char *
presence(const struct state_object *o)
{
	return (o->answer == STATE_NONE ? "not asked yet" :
	    o->seen == LAW_ABSENT ? "not listed" : "listed");
}

static void
element_tell(const struct state *st, const struct state_element *e)
{
	struct state_object o;
	struct cli_json j;
	size_t i;

	cli_json_begin(&j);
	element_json(&j.w, e);
	jw_arr(&j.w, "objects");
	for (i = 0; state_object_nth(st, i, &o); i++) {
		if (strcmp(o.element, e->id) != 0)
			continue;
		jw_obj(&j.w, NULL);
		jw_str(&j.w, "what", o.task ? "task" : "destination");
		jw_str(&j.w, "id", o.id);
		jw_bool(&j.w, "commanded", o.commanded);
		jw_str(&j.w, "presence", presence(&o));
		jw_end(&j.w);
	}
	jw_end(&j.w);
	cli_json_end(&j);
}

static void
element_tell_person(const struct state *st, const struct state_element *e)
{
	const struct record_element *r = e->reg;
	struct state_object o;
	size_t i;

	printf("%s: %s, %s, registered by entry %" PRIu64 "\n  X1       ",
	    e->id, record_element_kind_name(r->kind),
	    e->live ? "live" : "retired", e->index);
	cli_put(r->x1);
	for (i = 0; i < r->delivery.n; i++) {
		printf("\n  delivery ");
		cli_put(r->delivery.v[i]);
	}
	printf("\n  maker    ");
	cli_put(r->maker);
	printf("\n  model    ");
	cli_put(r->model);
	printf("\n  zone     ");
	cli_put(r->zone);
	printf("\n  gate     ");
	cli_put(r->gate);
	putchar('\n');
	for (i = 0; state_object_nth(st, i, &o); i++)
		if (strcmp(o.element, e->id) == 0)
			printf("  %-11s %s %s, %s\n",
			    o.task ? "task" : "destination", o.id,
			    o.commanded ? "commanded" : "NEVER COMMANDED",
			    presence(&o));
}

static int
element_show(struct cli *c, int argc, char **argv)
{
	struct state_element e;
	struct cli_tables t;
	const char *id;
	int code = CLI_NO;

	if (cli_options(argc, argv, NULL, 0, &id, 1, 1) < 0)
		return (cli_usage("custos [--json] element show ID"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	if (!state_element(t.state, id, &e)) {
		cli_fail(CLI_NO, "%s: no such element (custos element list)",
		    id);
		goto out;
	}
	if (c->json)
		element_tell(t.state, &e);
	else
		element_tell_person(t.state, &e);
	code = CLI_DONE;
out:
	cli_tables_close(&t);
	return (code);
}

int
cli_element(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", element_list, "- all that is registered" },
		{ "show", element_show, "ID" },
		{ "add", element_add, "FILE.json --sign KEYFILE..." },
		{ "change", element_change,
		    "FILE.json --sign KEYFILE..." },
		{ "retire", element_retire, "ID --sign KEYFILE" },
	};

	return (cli_dispatch(c, "custos element", verbs, 5, argc, argv));
}
