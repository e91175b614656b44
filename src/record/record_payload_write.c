/* src/record/record_payload_write.c: payloads written, in the page's order */
#include <inttypes.h>
#include <stdio.h>
#include "base/buf.h"
#include "json/jw.h"
#include "record/record_payload.h"

static void
put_strs(struct jw *w, const char *name, const struct record_strs *s)
{
	size_t i;

	jw_arr(w, name);
	for (i = 0; i < s->n; i++)
		jw_str(w, NULL, s->v[i]);
	jw_end(w);
}

static void
put_rules(struct jw *w, const struct record_rules *r)
{
	int i;

	jw_obj(w, "rules");
	for (i = 0; r != NULL && i < RECORD_RULE_N; i++) {
		if (r->v[i] == RECORD_RULE_NONE)
			jw_null(w, record_rule_name((enum record_rule)i));
		else
			jw_int(w, record_rule_name((enum record_rule)i),
			    r->v[i]);
	}
	jw_end(w);
}

static void
put_genesis(struct jw *w, const struct record_genesis *g)
{
	size_t i;

	jw_str(w, "origin", g->origin);
	jw_bytes(w, "log_key", g->log_key, SIGN_PUBLIC_LEN);
	jw_arr(w, "overseers");
	for (i = 0; i < g->overseers_n; i++) {
		jw_obj(w, NULL);
		jw_str(w, "id", g->overseer[i].id);
		jw_bytes(w, "key", g->overseer[i].key, SIGN_PUBLIC_LEN);
		jw_end(w);
	}
	jw_end(w);
	jw_int(w, "quorum", g->quorum);
	put_rules(w, g->rules_named ? &g->rules : NULL);
	jw_int(w, "law", g->law);
	jw_null(w, "continues");
	jw_bool(w, "trial", g->trial);
}

static void
put_holder(struct jw *w, const struct record_holder *h, enum record_verb verb)
{
	unsigned int i;
	size_t k;

	jw_str(w, "id", h->id);
	if (verb == RECORD_REVOKE) {
		if (h->void_since != RECORD_NONE)
			jw_dec(w, "void_since", h->void_since);
		return;
	}
	jw_str(w, "form", "ed25519");
	jw_arr(w, "keys");
	for (k = 0; k < h->keys_n; k++)
		jw_bytes(w, NULL, h->key[k], SIGN_PUBLIC_LEN);
	jw_end(w);
	jw_arr(w, "roles");
	for (i = 0; i < RECORD_MAY_N; i++)
		if ((h->may & 1U << i) != 0)
			jw_str(w, NULL, record_may_name(1U << i));
	jw_end(w);
}

static void
put_element(struct jw *w, const struct record_element *e)
{
	size_t i;

	jw_str(w, "id", e->id);
	jw_str(w, "kind", record_element_kind_name(e->kind));
	jw_strz(w, "x1", e->x1);
	put_strs(w, "delivery", &e->delivery);
	if (e->identity == NULL) {
		jw_null(w, "identity");
	} else {
		jw_obj(w, "identity");
		jw_str(w, "rule", cert_rule_name(e->rule));
		jw_str(w, "value", e->identity);
		jw_end(w);
	}
	jw_arr(w, "pins");
	for (i = 0; i < e->pins_n; i++)
		jw_bytes(w, NULL, e->pin[i], DIGEST_LEN);
	jw_end(w);
	jw_strz(w, "maker", e->maker);
	jw_strz(w, "model", e->model);
	jw_strz(w, "zone", e->zone);
	jw_strz(w, "jurisdiction", e->jurisdiction);
	jw_str(w, "multi", e->multi_all ? "all" : "each");
	jw_str(w, "mode", "enforce");
	jw_null(w, "until");
	jw_strz(w, "gate", e->gate);
	put_strs(w, "admfs", &e->admfs);
	jw_str(w, "reads", "own");
	put_strs(w, "dialect", &e->dialect);
	if (e->triggered)
		put_strs(w, "triggered_by", &e->triggered_by);
	else
		jw_null(w, "triggered_by");
}

static void
put_warrant(struct jw *w, const struct record_warrant *x)
{
	const struct record_token *t = x->sets.token;
	size_t i, k;

	jw_str(w, "id", x->id);
	jw_int(w, "revision", x->revision);
	if (x->has_supersedes)
		jw_bytes(w, "supersedes", x->supersedes, DIGEST_LEN);
	else
		jw_null(w, "supersedes");
	jw_str(w, "kind", record_order_name(x->kind));
	jw_utc(w, "from", x->from);
	jw_utc(w, "until", x->until);
	jw_str(w, "scope", x->cc ? "iri+cc" : "iri");
	put_strs(w, "services", &x->services);
	put_strs(w, "elements", &x->elements);
	put_strs(w, "zones", &x->zones);
	put_strs(w, "deliver_to", &x->deliver_to);
	jw_arr(w, "sets");
	for (i = 0; i < x->sets.n; t += x->sets.len[i++]) {
		jw_arr(w, NULL);
		for (k = 0; k < x->sets.len[i]; k++)
			jw_bytes(w, NULL, t[k].b, DIGEST_LEN);
		jw_end(w);
	}
	jw_end(w);
}

static void
put_kind(struct jw *w, const struct record_payload *p)
{
	char id[21];

	switch (p->kind) {
	case RECORD_GENESIS:
		put_genesis(w, &p->genesis);
		break;
	case RECORD_HOLDER:
		put_holder(w, &p->holder, p->verb);
		break;
	case RECORD_INSTANCE:
		jw_str(w, "id", p->instance.id);
		if (p->verb == RECORD_RETIRE)
			break;
		jw_str(w, "role", record_role_name(p->instance.role));
		jw_bytes(w, "key", p->instance.key, SIGN_PUBLIC_LEN);
		break;
	case RECORD_ELEMENT:
		if (p->verb == RECORD_RETIRE)
			jw_str(w, "id", p->element.id);
		else
			put_element(w, &p->element);
		break;
	case RECORD_WARRANT:
		if (p->verb == RECORD_SUBMIT) {
			put_warrant(w, &p->warrant);
			break;
		}
		jw_str(w, "id", p->decide.id);
		jw_bytes(w, "digest", p->decide.digest, DIGEST_LEN);
		break;
	case RECORD_POLICY:
		if (p->verb == RECORD_SET)
			put_rules(w, &p->rules);
		else
			jw_dec(w, "after", p->after);
		break;
	case RECORD_FINDING:
		snprintf(id, sizeof(id), "%" PRIu64, p->finding);
		jw_str(w, "id", id);
		break;
	default:
		break;
	}
}

void
record_payload_write(struct buf *b, const struct record_payload *p,
    const struct record_sds *sds)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	put_kind(&w, p);
	if (sds != NULL)
		record_sds_write(sds, &w);
	jw_end(&w);
}

void
record_payload_subject(char *out, size_t cap, const struct record_payload *p)
{
	const char *kind = record_kind_name(p->kind);

	switch (p->kind) {
	case RECORD_GENESIS:
		snprintf(out, cap, "%s", p->genesis.origin);
		break;
	case RECORD_HOLDER:
		snprintf(out, cap, "%s/%s", kind, p->holder.id);
		break;
	case RECORD_INSTANCE:
		snprintf(out, cap, "%s/%s", kind, p->instance.id);
		break;
	case RECORD_ELEMENT:
		snprintf(out, cap, "%s/%s", kind, p->element.id);
		break;
	case RECORD_WARRANT:
		snprintf(out, cap, "%s/%s", kind, p->verb == RECORD_SUBMIT ?
		    p->warrant.id : p->decide.id);
		break;
	case RECORD_FINDING:
		snprintf(out, cap, "%s/%" PRIu64, kind, p->finding);
		break;
	default:
		snprintf(out, cap, "%s", kind);
		break;
	}
}
