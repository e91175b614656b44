/* src/record/record_payload.c: what the statements say, per kind and verb */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "json/jv.h"
#include "record/record_payload.h"
#include "record/record_read.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define DAY	INT64_C(86400000)

static const char *const element_kinds[RECORD_ELEMENT_KIND_N] = {
	NULL, "ne", "mdf", "admf", "lemf",
};
static const char *const orders[RECORD_ORDER_N] = {
	NULL, "ordinary", "emergency", "test",
};
/* Leniencies that this version can grant. */
static const char *const dialects[] = { NULL, "stamp" };

static const struct {
	const char *name;
	int64_t least, most, normal;
} rules[RECORD_RULE_N] = {
	{ "approvals", 1, 2, 1 },
	{ "x1_time_tolerance", 0, DAY, 300000 },
	{ "release_timeout", 1, 3600000, 3000 },
	{ "clock_skew", 0, 3600000, 5000 },
	{ "overdue_after", 1, 30 * DAY, 30000 },
	{ "missing_after", 1, 365 * DAY, DAY },
	{ "beat_missing", 1, DAY, 150000 },
	{ "window_max", 1, 3650 * DAY, RECORD_RULE_NONE },
	{ "cidr4_min", 1, 32, 32 },
	{ "cidr6_min", 1, 128, 64 },
	{ "container", 1, 32, 32 },
	{ "refusals", 1, 1000000, 10 },
};

const char *
record_element_kind_name(enum record_element_kind kind)
{
	return (element_kinds[kind]);
}

const char *
record_order_name(enum record_order kind)
{
	return (orders[kind]);
}

enum record_order
record_order_find(const char *s)
{
	return ((enum record_order)record_word(s, orders, RECORD_ORDER_N));
}

const char *
record_rule_name(enum record_rule i)
{
	return (rules[i].name);
}

void
record_rules_default(struct record_rules *r)
{
	int i;

	for (i = 0; i < RECORD_RULE_N; i++)
		r->v[i] = rules[i].normal;
}

/* A decimal of ${least} to ${most} at ${s}: how many characters, or 0. */
static size_t
take_dec(const char *s, size_t n, uint64_t least, uint64_t most)
{
	uint64_t v;
	size_t k;

	for (k = 0; k < n && s[k] >= '0' && s[k] <= '9'; k++)
		;
	return (text_dec(s, k, &v) == 0 && v >= least && v <= most ? k : 0);
}

bool
record_addr_valid(const char *s, size_t n)
{
	size_t i, k, at = 5;

	if (n > 5 && memcmp(s, "ipv4:", 5) == 0) {
		for (i = 0; i < 4; i++) {
			if ((k = take_dec(s + at, n - at, 0, 255)) == 0)
				return (false);
			at += k;
			if (at >= n || s[at++] != (i < 3 ? '.' : ':'))
				return (false);
		}
	} else if (n > 5 && memcmp(s, "ipv6:", 5) == 0) {
		for (i = 0; i < 40; i++, at++) {
			if (at >= n || (i % 5 == 4 ? s[at] != ':' :
			    memchr("0123456789abcdef", s[at], 16) == NULL))
				return (false);
		}
	} else {
		return (false);
	}
	if (n - at < 5 || (memcmp(s + at, "tcp:", 4) != 0 &&
	    memcmp(s + at, "udp:", 4) != 0))
		return (false);
	at += 4;
	return (take_dec(s + at, n - at, 1, 65535) == n - at);
}

static bool
addr_ok(const struct jv *v)
{
	const char *s;
	size_t n;

	return ((s = jv_str(v, &n)) != NULL && record_addr_valid(s, n));
}

static bool
id_ok(const struct jv *v)
{
	return (record_id(v) != NULL);
}

static bool
dialect_ok(const struct jv *v)
{
	return (record_word(record_cstr(v), dialects, N(dialects)) != 0);
}

/* A list of strings of one form, none twice. */
static int
read_strs(struct record_strs *out, const struct jv *v, size_t max,
    bool (*ok)(const struct jv *), const char *name, struct cu_why *why)
{
	size_t i, k, n = jv_len(v);

	if (!jv_is(v, JV_ARRAY))
		return (record_bad(why, name, "not an array"));
	if (n > max) {
		cu_why_set(why, "member %s: more than %zu", name, max);
		return (CU_ELIMIT);
	}
	if (n == 0)
		return (0);
	if ((out->v = calloc(n, sizeof(*out->v))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < n; i++) {
		if (!ok(jv_at(v, i)))
			return (record_bad(why, name,
			    "an item not of its form"));
		out->v[i] = record_cstr(jv_at(v, i));
		for (k = 0; k < i; k++)
			if (strcmp(out->v[k], out->v[i]) == 0)
				return (record_bad(why, name, "an item twice"));
	}
	out->n = n;
	return (0);
}

/* Public keys that may be registered at all, none twice. */
static int
read_keys(uint8_t (*key)[SIGN_PUBLIC_LEN], size_t *out_n, const struct jv *v,
    const char *name, struct cu_why *why)
{
	size_t i, k, n = jv_len(v);

	if (!jv_is(v, JV_ARRAY) || n < 1 || n > RECORD_KEYS_MAX)
		return (record_bad(why, name, "not 1 to 8 keys"));
	for (i = 0; i < n; i++) {
		if (jv_bytes(jv_at(v, i), key[i], SIGN_PUBLIC_LEN) != 0 ||
		    !sign_public_valid(key[i]))
			return (record_bad(why, name, "not a valid key"));
		for (k = 0; k < i; k++)
			if (memcmp(key[k], key[i], SIGN_PUBLIC_LEN) == 0)
				return (record_bad(why, name, "a key twice"));
	}
	*out_n = n;
	return (0);
}

static int
read_rules(struct record_rules *out, const struct jv *v, struct cu_why *why)
{
	struct jv_member m[RECORD_RULE_N];
	const struct jv *got[RECORD_RULE_N];
	int64_t x;
	int i, rc;

	for (i = 0; i < RECORD_RULE_N; i++) {
		m[i].name = rules[i].name;
		m[i].type = JV_INTEGER;
		m[i].flags = i == RECORD_RULE_WINDOW_MAX ? JV_NULLABLE : 0;
	}
	if ((rc = jv_members(v, m, RECORD_RULE_N, got, why)) != 0) {
		cu_why_in(why, "rules");
		return (rc);
	}
	for (i = 0; i < RECORD_RULE_N; i++) {
		x = RECORD_RULE_NONE;
		if (jv_int(got[i], &x) == 0 &&
		    (x < rules[i].least || x > rules[i].most))
			return (record_bad(why, rules[i].name,
			    "out of its range"));
		out->v[i] = x;
	}
	return (0);
}

static int
read_overseers(struct record_genesis *g, const struct jv *v,
    struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "key", JV_STRING, 0 },
	};
	const struct jv *got[N(m)];
	size_t i, k, n = jv_len(v);
	struct record_overseer *o;
	int rc;

	if (n < 2 || n > RECORD_OVERSEERS_MAX)
		return (record_bad(why, "overseers", "not 2 to 8"));
	for (i = 0; i < n; i++) {
		o = &g->overseer[i];
		if ((rc = jv_members(jv_at(v, i), m, N(m), got, why)) != 0)
			return (rc);
		if ((o->id = record_id(got[0])) == NULL)
			return (record_bad(why, "overseers", "not an id"));
		if (jv_bytes(got[1], o->key, SIGN_PUBLIC_LEN) != 0 ||
		    !sign_public_valid(o->key))
			return (record_bad(why, "overseers",
			    "not a valid key"));
		if (memcmp(o->key, g->log_key, SIGN_PUBLIC_LEN) == 0)
			return (record_bad(why, "overseers",
			    "one has the log's key"));
		for (k = 0; k < i; k++)
			if (strcmp(g->overseer[k].id, o->id) == 0 ||
			    memcmp(g->overseer[k].key, o->key,
			    SIGN_PUBLIC_LEN) == 0)
				return (record_bad(why, "overseers",
				    "one of them twice"));
	}
	g->overseers_n = n;
	return (0);
}

static int
read_genesis(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "origin", JV_STRING, 0 }, { "log_key", JV_STRING, 0 },
		{ "overseers", JV_ARRAY, 0 }, { "quorum", JV_INTEGER, 0 },
		{ "rules", JV_OBJECT, 0 }, { "law", JV_INTEGER, 0 },
		{ "continues", JV_NULL, JV_NULLABLE }, { "trial", JV_BOOL, 0 },
	};
	struct record_genesis *g = &p->genesis;
	const struct jv *got[N(m)];
	int rc;

	if ((rc = jv_members(p->root, m, N(m), got, why)) != 0)
		return (rc);
	if ((g->origin = record_cstr(got[0])) == NULL ||
	    strcmp(g->origin, id) != 0)
		return (record_bad(why, "origin", "not the subject"));
	if (jv_bytes(got[1], g->log_key, SIGN_PUBLIC_LEN) != 0 ||
	    !sign_public_valid(g->log_key))
		return (record_bad(why, "log_key", "not a valid key"));
	if ((rc = read_overseers(g, got[2], why)) != 0)
		return (rc);
	jv_int(got[3], &g->quorum);
	if (g->quorum < 2 || g->quorum > (int64_t)g->overseers_n)
		return (record_bad(why, "quorum",
		    "not 2 to the number of overseers"));
	record_rules_default(&g->rules);
	g->rules_named = jv_len(got[4]) > 0;
	if (g->rules_named && (rc = read_rules(&g->rules, got[4], why)) != 0)
		return (rc);
	jv_int(got[5], &g->law);
	if (g->law != 1)
		return (record_bad(why, "law", "not 1"));
	jv_bool(got[7], &g->trial);
	return (0);
}

/* No one holds two of overseer, approver, implementer, auditor. */
static int
read_roles(unsigned int *out, const struct jv *v, struct cu_why *why)
{
	unsigned int bit, may = 0, apart;
	size_t i;

	for (i = 0; i < jv_len(v); i++) {
		bit = record_may_find(record_cstr(jv_at(v, i)));
		if (bit == 0 || (may & bit) != 0)
			return (record_bad(why, "roles", "unknown or twice"));
		may |= bit;
	}
	apart = may & (RECORD_MAY_OVERSEER | RECORD_MAY_APPROVER |
	    RECORD_MAY_IMPLEMENTER | RECORD_MAY_AUDITOR);
	if (may == 0 || (apart & (apart - 1)) != 0)
		return (record_bad(why, "roles", may == 0 ? "none" :
		    "two that nobody may hold together"));
	*out = may;
	return (0);
}

static int
read_holder(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "form", JV_STRING, 0 },
		{ "keys", JV_ARRAY, 0 }, { "roles", JV_ARRAY, 0 },
		{ "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	static const struct jv_member m_revoke[] = {
		{ "id", JV_STRING, 0 },
		{ "void_since", JV_STRING, JV_OPTIONAL },
		{ "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	struct record_holder *h = &p->holder;
	const struct jv *got[N(m)];
	bool revoke = p->verb == RECORD_REVOKE;
	int rc;

	rc = revoke ? jv_members(p->root, m_revoke, N(m_revoke), got, why) :
	    jv_members(p->root, m, N(m), got, why);
	if (rc != 0)
		return (rc);
	h->id = id;
	h->void_since = RECORD_NONE;
	if (revoke)
		return (got[1] != NULL && (jv_dec(got[1], &h->void_since) !=
		    0 || h->void_since > RECORD_COUNT_MAX) ?
		    record_bad(why, "void_since", "not an index") : 0);
	if (!jv_streq(got[1], "ed25519"))
		return (record_bad(why, "form", "not ed25519"));
	if ((rc = read_keys(h->key, &h->keys_n, got[2], "keys", why)) != 0)
		return (rc);
	return (read_roles(&h->may, got[3], why));
}

static int
read_instance(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "role", JV_STRING, 0 },
		{ "key", JV_STRING, 0 }, { "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	struct record_instance *in = &p->instance;
	const struct jv *got[N(m)];
	int rc;

	in->id = id;
	if ((rc = jv_members(p->root, m, N(m), got, why)) != 0)
		return (rc);
	in->role = record_role_find(record_cstr(got[1]));
	if (in->role == 0)
		return (record_bad(why, "role", "unknown"));
	if (jv_bytes(got[2], in->key, SIGN_PUBLIC_LEN) != 0 ||
	    !sign_public_valid(in->key))
		return (record_bad(why, "key", "not a valid key"));
	return (0);
}

/* Payloads that have an id and perhaps _sd. */
static int
read_id_alone(struct record_payload *p, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	const struct jv *got[N(m)];

	return (jv_members(p->root, m, N(m), got, why));
}

enum { E_ID, E_KIND, E_X1, E_DELIVERY, E_IDENTITY, E_PINS, E_MAKER, E_MODEL,
	E_ZONE, E_JURISDICTION, E_MULTI, E_MODE, E_UNTIL, E_GATE, E_ADMFS,
	E_READS, E_DIALECT, E_TRIGGERED, E_SD, E_N };

static int
read_identity(struct record_element *e, const struct jv *v,
    struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "rule", JV_STRING, 0 }, { "value", JV_STRING, 0 },
	};
	const struct jv *got[N(m)];
	const char *rule;
	int rc;

	if (jv_is(v, JV_NULL))
		return (0);
	if ((rc = jv_members(v, m, N(m), got, why)) != 0)
		return (rc);
	if ((rule = record_cstr(got[0])) == NULL ||
	    (e->rule = cert_rule_find(rule)) == 0)
		return (record_bad(why, "identity", "an unknown rule"));
	if ((e->identity = record_text(got[1], RECORD_TEXT_MAX)) == NULL)
		return (record_bad(why, "identity", "not a text"));
	return (0);
}

/* The members that are text or null. */
static int
read_labels(struct record_element *e, const struct jv *v[E_N],
    struct cu_why *why)
{
	const struct {
		int i;
		const char *name;
		const char **out;
	} label[] = {
		{ E_MAKER, "maker", &e->maker },
		{ E_MODEL, "model", &e->model },
		{ E_ZONE, "zone", &e->zone },
		{ E_JURISDICTION, "jurisdiction", &e->jurisdiction },
		{ E_GATE, "gate", &e->gate },
	};
	const struct jv *x;
	size_t i;

	for (i = 0; i < N(label); i++) {
		x = v[label[i].i];
		if (jv_is(x, JV_NULL))
			continue;
		*label[i].out = label[i].i == E_ZONE || label[i].i == E_GATE ?
		    record_id(x) : record_text(x, RECORD_TEXT_MAX);
		if (*label[i].out == NULL)
			return (record_bad(why, label[i].name,
			    "not of its form"));
	}
	return (0);
}

static int
read_url(struct record_element *e, const struct jv *v, struct cu_why *why)
{
	const char *s;

	if (jv_is(v, JV_NULL))
		return (0);
	e->x1 = record_text(v, RECORD_URL_MAX);
	if (e->x1 == NULL || strncmp(e->x1, "https://", 8) != 0 ||
	    e->x1[8] == '\0')
		return (record_bad(why, "x1", "not an https URL"));
	for (s = e->x1; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return (record_bad(why, "x1", "not an https URL"));
	return (0);
}

/* What this version does not know yet, and what each kind must have. */
static int
check_element(const struct record_element *e, const struct jv *v[E_N],
    struct cu_why *why)
{
	bool ne = e->kind == RECORD_NE || e->kind == RECORD_MDF;

	if (!jv_streq(v[E_MODE], "enforce"))
		return (record_bad(why, "mode", "only enforce is known"));
	if (!jv_streq(v[E_READS], "own"))
		return (record_bad(why, "reads", "only own is known"));
	if (ne && e->x1 == NULL)
		return (record_bad(why, "x1", "this kind has one"));
	if (ne && e->zone == NULL)
		return (record_bad(why, "zone", "this kind has one"));
	if (e->kind != RECORD_LEMF && e->identity == NULL)
		return (record_bad(why, "identity", "this kind has one"));
	if (e->kind != RECORD_LEMF && e->gate == NULL)
		return (record_bad(why, "gate", "this kind has one"));
	return (0);
}

static int
read_element(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[E_N] = {
		{ "id", JV_STRING, 0 }, { "kind", JV_STRING, 0 },
		{ "x1", JV_STRING, JV_NULLABLE }, { "delivery", JV_ARRAY, 0 },
		{ "identity", JV_OBJECT, JV_NULLABLE }, { "pins", JV_ARRAY, 0 },
		{ "maker", JV_STRING, JV_NULLABLE },
		{ "model", JV_STRING, JV_NULLABLE },
		{ "zone", JV_STRING, JV_NULLABLE },
		{ "jurisdiction", JV_STRING, JV_NULLABLE },
		{ "multi", JV_STRING, 0 }, { "mode", JV_STRING, 0 },
		{ "until", JV_NULL, JV_NULLABLE },
		{ "gate", JV_STRING, JV_NULLABLE }, { "admfs", JV_ARRAY, 0 },
		{ "reads", JV_STRING, 0 }, { "dialect", JV_ARRAY, 0 },
		{ "triggered_by", JV_ARRAY, JV_NULLABLE },
		{ "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	struct record_element *e = &p->element;
	const struct jv *v[E_N];
	size_t i;
	int rc;

	if ((rc = jv_members(p->root, m, E_N, v, why)) != 0)
		return (rc);
	e->id = id;
	e->kind = (enum record_element_kind)record_word(
	    record_cstr(v[E_KIND]), element_kinds, RECORD_ELEMENT_KIND_N);
	if (e->kind == 0)
		return (record_bad(why, "kind", "unknown"));
	e->pins_n = jv_len(v[E_PINS]);
	if (e->pins_n > RECORD_PINS_MAX)
		return (record_bad(why, "pins", "more than 4"));
	for (i = 0; i < e->pins_n; i++)
		if (jv_bytes(jv_at(v[E_PINS], i), e->pin[i], DIGEST_LEN) != 0)
			return (record_bad(why, "pins", "not a SHA-256"));
	e->multi_all = jv_streq(v[E_MULTI], "all");
	if (!e->multi_all && !jv_streq(v[E_MULTI], "each"))
		return (record_bad(why, "multi", "neither each nor all"));
	e->triggered = jv_is(v[E_TRIGGERED], JV_ARRAY);
	if ((rc = read_url(e, v[E_X1], why)) != 0 ||
	    (rc = read_strs(&e->delivery, v[E_DELIVERY], RECORD_ADDRS_MAX,
	    addr_ok, "delivery", why)) != 0 ||
	    (rc = read_identity(e, v[E_IDENTITY], why)) != 0 ||
	    (rc = read_labels(e, v, why)) != 0 ||
	    (rc = read_strs(&e->admfs, v[E_ADMFS], 16, id_ok, "admfs",
	    why)) != 0 ||
	    (rc = read_strs(&e->dialect, v[E_DIALECT], 16, dialect_ok,
	    "dialect", why)) != 0 ||
	    (e->triggered && (rc = read_strs(&e->triggered_by,
	    v[E_TRIGGERED], RECORD_LIST_MAX, id_ok, "triggered_by",
	    why)) != 0))
		return (rc);
	return (check_element(e, v, why));
}

/* `sets`: rows of sorted tokens. */
static int
read_sets(struct record_sets *out, const struct jv *v, struct cu_why *why)
{
	size_t i, k, n = jv_len(v), total = 0;
	const struct jv *row;
	struct record_token *t;

	if (n < 1 || n > RECORD_SETS_MAX)
		return (record_bad(why, "sets", "not 1 to 64"));
	for (i = 0; i < n; i++) {
		out->len[i] = jv_len(jv_at(v, i));
		if (!jv_is(jv_at(v, i), JV_ARRAY) || out->len[i] < 1 ||
		    out->len[i] > RECORD_SET_MAX)
			return (record_bad(why, "sets", "a row not 1 to 16"));
		total += out->len[i];
	}
	if (total > RECORD_MEMBERS_MAX)
		return (record_bad(why, "sets", "more than 512 together"));
	if ((out->token = calloc(total, sizeof(*t))) == NULL)
		return (CU_ENOMEM);
	for (i = 0, t = out->token; i < n; t += out->len[i++]) {
		row = jv_at(v, i);
		for (k = 0; k < out->len[i]; k++)
			if (jv_bytes(jv_at(row, k), t[k].b, DIGEST_LEN) != 0 ||
			    (k > 0 && record_token_cmp(&t[k - 1], &t[k]) >= 0))
				return (record_bad(why, "sets",
				    "not sorted tokens, each once"));
		out->n = i;
		if (record_sets_find(out, t, out->len[i]) >= 0)
			return (record_bad(why, "sets", "a row twice"));
	}
	out->n = n;
	return (0);
}

enum { W_ID, W_REVISION, W_SUPERSEDES, W_KIND, W_FROM, W_UNTIL, W_SCOPE,
	W_SERVICES, W_ELEMENTS, W_ZONES, W_DELIVER_TO, W_SETS, W_SD, W_N };

static int
read_warrant(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[W_N] = {
		{ "id", JV_STRING, 0 }, { "revision", JV_INTEGER, 0 },
		{ "supersedes", JV_STRING, JV_NULLABLE },
		{ "kind", JV_STRING, 0 }, { "from", JV_STRING, 0 },
		{ "until", JV_STRING, 0 }, { "scope", JV_STRING, 0 },
		{ "services", JV_ARRAY, 0 }, { "elements", JV_ARRAY, 0 },
		{ "zones", JV_ARRAY, 0 }, { "deliver_to", JV_ARRAY, 0 },
		{ "sets", JV_ARRAY, 0 }, { "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	struct record_warrant *w = &p->warrant;
	const struct jv *v[W_N];
	int rc;

	if ((rc = jv_members(p->root, m, W_N, v, why)) != 0)
		return (rc);
	w->id = id;
	jv_int(v[W_REVISION], &w->revision);
	if (w->revision < 1 || w->revision > INT32_MAX)
		return (record_bad(why, "revision", "out of range"));
	w->has_supersedes = !jv_is(v[W_SUPERSEDES], JV_NULL);
	if (w->has_supersedes && jv_bytes(v[W_SUPERSEDES], w->supersedes,
	    DIGEST_LEN) != 0)
		return (record_bad(why, "supersedes", "not a digest"));
	if (w->has_supersedes != (w->revision > 1))
		return (record_bad(why, "supersedes",
		    "from revision 2 on, and only there"));
	if ((w->kind = record_order_find(record_cstr(v[W_KIND]))) == 0)
		return (record_bad(why, "kind", "unknown"));
	if (jv_utc(v[W_FROM], &w->from) != 0)
		return (record_bad(why, "from", "not a time"));
	if (jv_utc(v[W_UNTIL], &w->until) != 0)
		return (record_bad(why, "until", "not a time"));
	if (w->from >= w->until)
		return (record_bad(why, "until", "not after from"));
	w->cc = jv_streq(v[W_SCOPE], "iri+cc");
	if (!w->cc && !jv_streq(v[W_SCOPE], "iri"))
		return (record_bad(why, "scope", "neither iri nor iri+cc"));
	if ((rc = read_strs(&w->services, v[W_SERVICES], 16, id_ok,
	    "services", why)) != 0 ||
	    (rc = read_strs(&w->elements, v[W_ELEMENTS], RECORD_LIST_MAX,
	    id_ok, "elements", why)) != 0 ||
	    (rc = read_strs(&w->zones, v[W_ZONES], RECORD_LIST_MAX, id_ok,
	    "zones", why)) != 0 ||
	    (rc = read_strs(&w->deliver_to, v[W_DELIVER_TO], RECORD_LIST_MAX,
	    id_ok, "deliver_to", why)) != 0)
		return (rc);
	if (w->elements.n == 0 && w->zones.n == 0)
		return (record_bad(why, "elements",
		    "neither elements nor zones are named"));
	return (read_sets(&w->sets, v[W_SETS], why));
}

static int
read_decide(struct record_payload *p, const char *id, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "digest", JV_STRING, 0 },
		{ "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	const struct jv *got[N(m)];
	int rc;

	if ((rc = jv_members(p->root, m, N(m), got, why)) != 0)
		return (rc);
	p->decide.id = id;
	if (jv_bytes(got[1], p->decide.digest, DIGEST_LEN) != 0)
		return (record_bad(why, "digest", "not a SHA-256"));
	return (0);
}

static int
read_policy(struct record_payload *p, struct cu_why *why)
{
	static const struct jv_member m_set[] = {
		{ "rules", JV_OBJECT, 0 }, { "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	static const struct jv_member m_clock[] = {
		{ "after", JV_STRING, 0 }, { "_sd", JV_ARRAY, JV_OPTIONAL },
	};
	const struct jv *got[2];
	int rc;

	if (p->verb == RECORD_SET) {
		rc = jv_members(p->root, m_set, 2, got, why);
		return (rc != 0 ? rc : read_rules(&p->rules, got[0], why));
	}
	if ((rc = jv_members(p->root, m_clock, 2, got, why)) != 0)
		return (rc);
	if (jv_dec(got[0], &p->after) != 0 || p->after > RECORD_COUNT_MAX)
		return (record_bad(why, "after", "not an index"));
	return (0);
}

/* Is the subject KIND/ID? */
static bool
subject_is(const char *subject, enum record_kind kind, const char *id)
{
	const char *name = record_kind_name(kind);
	size_t len = strlen(name);

	return (strncmp(subject, name, len) == 0 && subject[len] == '/' &&
	    strcmp(subject + len + 1, id) == 0);
}

static int
read_kind(struct record_payload *p, const char *subject, struct cu_why *why)
{
	const char *id = record_cstr(jv_get(p->root, "id"));

	if (p->kind == RECORD_GENESIS)
		return (read_genesis(p, subject, why));
	if (p->kind == RECORD_POLICY)
		return (strcmp(subject, "policy") != 0 ?
		    record_bad(why, "subject", "not policy") :
		    read_policy(p, why));
	/* The payload's own string: it lives as long as the payload. */
	if (id == NULL || !subject_is(subject, p->kind, id))
		return (record_bad(why, "id", "not that of the subject"));
	if (p->kind == RECORD_FINDING) {
		if (text_dec(id, strlen(id), &p->finding) != 0)
			return (record_bad(why, "id", "not an index"));
		return (read_id_alone(p, why));
	}
	if (!text_is_id(id, strlen(id)))
		return (record_bad(why, "id", "not the form of an id"));
	switch (p->kind) {
	case RECORD_HOLDER:
		return (read_holder(p, id, why));
	case RECORD_INSTANCE:
		p->instance.id = id;
		return (p->verb == RECORD_RETIRE ? read_id_alone(p, why) :
		    read_instance(p, id, why));
	case RECORD_ELEMENT:
		p->element.id = id;
		return (p->verb == RECORD_RETIRE ? read_id_alone(p, why) :
		    read_element(p, id, why));
	case RECORD_WARRANT:
		return (p->verb == RECORD_SUBMIT ? read_warrant(p, id, why) :
		    read_decide(p, id, why));
	default:
		return (record_bad(why, "kind", "not one of statements"));
	}
}

int
record_payload_read(struct record_payload **out, enum record_kind kind,
    enum record_verb verb, const char *subject, const char *text, size_t len,
    struct cu_why *why)
{
	struct record_payload *p;
	int rc;

	if (!record_verb_of(kind, verb))
		return (record_bad(why, "verb", "not one of this kind"));
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CU_ENOMEM);
	p->kind = kind;
	p->verb = verb;
	rc = record_parse(&p->root, text, len, RECORD_PAYLOAD_MAX, why);
	if (rc == 0)
		rc = read_kind(p, subject, why);
	if (rc == 0)
		rc = record_sd_list(jv_get(p->root, "_sd"), &p->sd, &p->sd_n,
		    why);
	if (rc == 0)
		rc = record_payload_count(p, why);
	if (rc != 0) {
		cu_why_in(why, "payload");
		record_payload_free(p);
		return (rc);
	}
	*out = p;
	return (0);
}

void
record_payload_free(struct record_payload *p)
{
	if (p == NULL)
		return;
	if (p->kind == RECORD_ELEMENT) {
		free(p->element.delivery.v);
		free(p->element.admfs.v);
		free(p->element.dialect.v);
		free(p->element.triggered_by.v);
	} else if (p->kind == RECORD_WARRANT && p->verb == RECORD_SUBMIT) {
		free(p->warrant.services.v);
		free(p->warrant.elements.v);
		free(p->warrant.zones.v);
		free(p->warrant.deliver_to.v);
		free(p->warrant.sets.token);
	}
	free(p->sd);
	jv_free(p->root);
	free(p);
}
