/* src/state/state_facts.c: what law is given, and what the keeper adds */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_warrant.h"
#include "state/state_int.h"

/* ---- commands with their disclosures ----------------------------------- */

void
state_command_free(struct state_command *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->targets_n; i++)
		li_target_fini(&c->target[i]);
	if (c->set_text != NULL)
		wipe(c->set_text, c->set_len);
	free(c->set_text);
	free(c->address);
	free(c);
}

static int
take_target(struct state_command *c, const struct jv *v)
{
	const char *kind, *value;
	size_t kind_n, value_n;
	int rc;

	if (jv_len(v) != 2 ||
	    (kind = jv_str(jv_at(v, 0), &kind_n)) == NULL ||
	    (value = jv_str(jv_at(v, 1), &value_n)) == NULL ||
	    c->targets_n == LI_SET_MAX)
		return (CU_EMALFORMED);
	rc = li_target_from(&c->target[c->targets_n], li_kind_find(kind,
	    kind_n), value, value_n, NULL);
	if (rc == 0)
		c->targets_n++;
	else if (rc != CU_ENOMEM)
		c->bad = true;
	return (rc == CU_ENOMEM ? rc : 0);
}

/* Those of a command's disclosures that decide. */
static int
take_disclosures(struct state_command *c, const struct scan *s, uint32_t sd,
    const struct record_sds *sds, struct cu_why *why)
{
	struct record_sd d;
	const char *p;
	uint32_t t;
	size_t i, n;
	int rc;

	for (i = 0; i < sds->n; i++) {
		for (t = sd + 1; sd != 0 && t < s->tok[sd].next; t++)
			if (scan_is(s, t, sds->row[i].b64))
				break;
		if (sd == 0 || t == s->tok[sd].next) {
			cu_why_set(why, "a disclosure that _sd has not");
			return (CU_EDENIED);
		}
		if ((rc = record_sd_read(&d, sds->row[i].text,
		    sds->row[i].len, why)) != 0)
			return (rc);
		if (strcmp(d.name, "target") == 0) {
			c->opened = true;
			rc = take_target(c, d.value);
		} else if (strcmp(d.name, "address") == 0) {
			if (c->address != NULL ||
			    (p = jv_str(d.value, &n)) == NULL)
				rc = CU_EMALFORMED;
			else if ((c->address = strdup(p)) == NULL)
				rc = CU_ENOMEM;
		}
		record_sd_fini(&d);
		if (rc != 0) {
			cu_why_set(why, "disclosure: its form");
			return (rc);
		}
	}
	return (0);
}

static int
make_set_text(struct state_command *c)
{
	struct buf b;
	int rc;

	if (c->bad || c->targets_n == 0)
		return (0);
	buf_init(&b, 1 << 20);
	rc = li_set_text(&b, c->target, c->targets_n, NULL);
	if (rc == 0)
		rc = b.rc;
	if (rc == 0 && (c->set_text = (char *)buf_take(&b, &c->set_len)) ==
	    NULL)
		rc = CU_ENOMEM;
	buf_wipe(&b);
	if (rc == CU_EMALFORMED || rc == CU_ELIMIT) {
		c->bad = true;		/* a member twice */
		rc = 0;
	}
	return (rc);
}

int
state_command_create(struct state_command **out, const char *said, size_t len,
    const struct record_sds *sds, struct cu_why *why)
{
	struct scan s = { .cap = SCAN_TOKS_MAX };
	struct state_command *c;
	uint32_t t, sd = 0;
	bool late = false;
	int rc = CU_ENOMEM;

	c = calloc(1, sizeof(*c));
	s.tok = malloc(s.cap * sizeof(*s.tok));
	if (c == NULL || s.tok == NULL)
		goto fail;
	cu_why_set(why, "said: not JSON in its one spelling");
	if ((rc = scan_read(&s, said, len)) != 0)
		goto fail;
	for (t = 1; t < s.tok[0].next; t = s.tok[t + 1].next) {
		if (text_eq(s.p + s.tok[t].off, s.tok[t].len, "_sd"))
			sd = t + 1;
		if (text_eq(s.p + s.tok[t].off, s.tok[t].len, "request"))
			late = true;
	}
	if ((rc = state_said_command(c, &s, late, why)) != 0 ||
	    (sds != NULL &&
	    (rc = take_disclosures(c, &s, sd, sds, why)) != 0) ||
	    (rc = make_set_text(c)) != 0)
		goto fail;
	free(s.tok);
	*out = c;
	return (0);

fail:	free(s.tok);
	state_command_free(c);
	return (rc);
}

const struct law_command *
state_command_law(const struct state_command *c)
{
	return (&c->law);
}

uint64_t
state_command_element(const struct state_command *c)
{
	return (c->element);
}

/* ---- tags and opening -------------------------------------------------- */

static struct map_key
tag_of(const struct state *st, const char *text, size_t len)
{
	struct digest_part part = { text, len };
	uint8_t d[DIGEST_LEN];
	struct map_key k;

	digest_hmac(d, st->tag_key, sizeof(st->tag_key), &part, 1);
	memcpy(&k.a, d, 8);
	memcpy(&k.b, d + 8, 8);
	return (k);
}

static int
normal(void *cookie, struct buf *b, const char *kind, const char *value,
    size_t len, struct cu_why *why)
{
	struct li_target t;
	int rc;

	rc = li_target_from(&t, li_kind_find(kind, strlen(kind)), value, len,
	    why);
	if (rc != 0)
		return (rc);
	buf_str(b, t.value);
	li_target_fini(&t);
	return (0);
}

/*
 * The set text of each set of a revision, its naming checked; ${fn} may be
 * NULL.
 */
static int
each_set(struct state *st, const struct record_opened *o,
    int (*fn)(struct state *, uint32_t, size_t, const struct buf *),
    uint32_t row, struct cu_why *why)
{
	struct li_target t[RECORD_SET_MAX];
	const struct record_target *r = o->target;
	struct buf b;
	size_t i, k, n;
	int rc = 0;

	buf_init(&b, 1 << 20);
	for (i = 0; i < o->sets_n && rc == 0; i++, r += k) {
		k = o->len[i];
		for (n = 0; n < k && rc == 0; n += rc == 0)
			rc = li_target_from(&t[n], li_kind_find(r[n].kind,
			    strlen(r[n].kind)), r[n].value,
			    strlen(r[n].value), why);
		if (rc == 0)
			rc = li_set_check(t, n, (unsigned int)
			    st->rules.v[RECORD_RULE_CIDR4_MIN], (unsigned int)
			    st->rules.v[RECORD_RULE_CIDR6_MIN], why);
		buf_reset(&b);
		if (rc == 0)
			rc = li_set_text(&b, t, n, why);
		if (rc == 0 && (rc = b.rc) == 0 && fn != NULL)
			rc = fn(st, row, i, &b);
		else if (rc == CU_EMALFORMED || rc == CU_ELIMIT)
			cu_why_in(why, "targets: set %zu", i + 1);
		while (n > 0)
			li_target_fini(&t[--n]);
	}
	buf_wipe(&b);
	return (rc);
}

static int
keep_tag(struct state *st, uint32_t row, size_t set, const struct buf *b)
{
	struct map_key k = tag_of(st, (const char *)b->p, b->len);
	struct set_row *s;

	st->revision.v[row].tag[set] = k;
	if (ROOM(&st->set, 1) != 0)
		return (CU_ENOMEM);
	s = &st->set.v[st->set.n];
	s->revision = row;
	s->set = (uint32_t)set;
	s->next = map_get(&st->map, k);
	return (map_put(&st->map, k, (uint32_t)st->set.n++));
}

static bool
listed(const struct record_payload *p, const uint8_t digest[DIGEST_LEN])
{
	size_t i;

	for (i = 0; i < p->sd_n; i++)
		if (memcmp(p->sd[i], digest, DIGEST_LEN) == 0)
			return (true);
	return (false);
}

/* A disclosure of 32 bytes by its name; ${targets} says whether any came. */
static int
find_key(const struct record_sds *sds, const struct record_payload *p,
    const char *name, uint8_t key[32], bool *targets, struct cu_why *why)
{
	struct record_sd d;
	bool found = false;
	size_t i;
	int rc;

	for (i = 0; i < sds->n; i++) {
		if ((rc = record_sd_read(&d, sds->row[i].text,
		    sds->row[i].len, why)) != 0)
			return (rc);
		if (p != NULL && !listed(p, d.digest))
			rc = CU_EDENIED;
		if (targets != NULL && strcmp(d.name, "targets") == 0)
			*targets = true;
		if (rc == 0 && strcmp(d.name, name) == 0) {
			found = true;
			if (jv_bytes(d.value, key, 32) != 0)
				rc = CU_EDENIED;
		}
		record_sd_fini(&d);
		if (rc != 0) {
			cu_why_set(why, "%s: not what _sd has", name);
			return (rc);
		}
	}
	cu_why_set(why, "%s: missing", name);
	return (found ? 0 : CU_EDENIED);
}

static int
open_targets(struct state *st, uint32_t row, const struct record_payload *p,
    const struct record_sds *sds, struct cu_why *why)
{
	struct revision *r = &st->revision.v[row];
	struct record_opened *o;
	int rc;

	rc = record_warrant_open(&o, p, sds, false, normal, NULL, why);
	if (rc != 0)
		return (rc == CU_ENOMEM ? rc : CU_EDENIED);
	/* All sets are looked at before the first tag is kept. */
	if ((rc = each_set(st, o, NULL, row, why)) != 0) {
		rc = rc == CU_ENOMEM ? rc : CU_EDENIED;
		goto done;
	}
	if ((r->tag = calloc(r->sets.n, sizeof(*r->tag))) == NULL ||
	    each_set(st, o, keep_tag, row, why) != 0) {
		st->broken = true;
		rc = CU_ENOMEM;
		goto done;
	}
	r->opened = true;
done:	record_opened_free(o);
	return (rc);
}

int
state_open_revision(struct state *st, const uint8_t digest[DIGEST_LEN],
    const struct record_sds *sds, struct cu_why *why)
{
	uint32_t row = map_get(&st->map, state_key(st, T_REVISION, digest,
	    DIGEST_LEN));
	char subject[RECORD_SUBJECT_MAX + 1];
	struct record_payload *p;
	uint8_t key[RECORD_TOKEN_KEY_LEN];
	struct revision *r;
	bool targets = false;
	int rc;

	if (st->broken)
		return (CU_ENOMEM);
	cu_why_set(why, "no such revision");
	if (row == MAP_NONE)
		return (CU_ENOENT);
	r = &st->revision.v[row];
	snprintf(subject, sizeof(subject), "warrant/%s",
	    st->warrant.v[r->warrant].id);
	if ((rc = record_payload_read(&p, RECORD_WARRANT, RECORD_SUBMIT,
	    subject, r->payload, r->payload_len, why)) != 0)
		return (rc);
	rc = find_key(sds, p, "token_key", key, &targets, why);
	if (rc == 0 && targets && !r->opened)
		rc = open_targets(st, row, p, sds, why);
	if (rc == 0) {
		memcpy(r->token_key, key, sizeof(r->token_key));
		r->keyed = true;
	}
	wipe(key, sizeof(key));
	record_payload_free(p);
	return (rc);
}

int
state_submit_check(struct state *st, const struct record_act *a,
    const struct record_sds *sds, struct cu_why *why)
{
	struct record_opened *o;
	struct record_payload *p;
	int rc;

	if ((rc = record_payload_read(&p, a->kind, a->verb, a->subject,
	    a->payload, a->payload_len, why)) != 0)
		return (rc);
	if (a->kind != RECORD_WARRANT || a->verb != RECORD_SUBMIT)
		rc = CU_EDENIED;
	else if ((rc = record_warrant_open(&o, p, sds, true, normal, NULL,
	    why)) == 0) {
		rc = each_set(st, o, NULL, 0, why);
		record_opened_free(o);
	}
	record_payload_free(p);
	return (rc == 0 || rc == CU_ENOMEM ? rc : CU_EDENIED);
}

int
state_open_element(struct state *st, const char *id,
    const struct record_sds *sds, struct cu_why *why)
{
	uint32_t row = state_find(st, T_ELEMENT, id);
	struct element *e;
	struct record_sd d;
	int rc;

	cu_why_set(why, "no such element");
	if (row == MAP_NONE)
		return (CU_ENOENT);
	e = &st->element.v[row];
	cu_why_set(why, "audit_key: one disclosure, and the registered one");
	if (sds->n != 1 || !e->has_audit)
		return (CU_EDENIED);
	if ((rc = record_sd_read(&d, sds->row[0].text, sds->row[0].len,
	    why)) != 0)
		return (rc);
	if (memcmp(d.digest, e->audit_sd, DIGEST_LEN) != 0 ||
	    strcmp(d.name, "audit_key") != 0 ||
	    jv_bytes(d.value, e->audit_key, sizeof(e->audit_key)) != 0)
		rc = CU_EDENIED;
	else
		e->opened = true;
	record_sd_fini(&d);
	return (rc);
}

/* ---- lines ------------------------------------------------------------- */

static void
line_token(uint8_t out[DIGEST_LEN], const uint8_t key[RECORD_TOKEN_KEY_LEN],
    const void *line, size_t len)
{
	struct record_token t;

	record_token_make(&t, key, "line", line, len);
	memcpy(out, t.b, DIGEST_LEN);
}

static const struct binding *
find_binding(const struct state *st, bool product, const char *id,
    uint64_t less)
{
	uint32_t row = map_get(&st->map, state_key(st, product ? T_PRODUCT :
	    T_XID, id, TEXT_UUID_LEN));
	const struct binding *b;

	if (id[0] == '\0' || row == MAP_NONE)
		return (NULL);
	b = product ? &st->product.v[row] : &st->xid.v[row];
	return (b->index == less ? NULL : b);
}

int
state_task_token(const struct state *st, const char *xid, const void *line,
    size_t len, uint8_t out[DIGEST_LEN])
{
	const struct binding *b = find_binding(st, false, xid, STATE_NONE);

	if (b == NULL)
		return (CU_ENOENT);
	if (!st->revision.v[b->keyed].keyed)
		return (CU_ESTATE);
	line_token(out, st->revision.v[b->keyed].token_key, line, len);
	return (0);
}

int
state_destination_token(const struct state *st, const char *id,
    const void *line, size_t len, uint8_t out[DIGEST_LEN])
{
	uint32_t row = state_find(st, T_ELEMENT, id);

	if (row == MAP_NONE)
		return (CU_ENOENT);
	if (!st->element.v[row].opened)
		return (CU_ESTATE);
	line_token(out, st->element.v[row].audit_key, line, len);
	return (0);
}

/* The command as a task; it borrows all. */
static void
as_task(struct li_task *t, const struct state_command *c)
{
	li_task_init(t);
	memcpy(t->xid, c->law.xid, sizeof(li_uuid));
	memcpy(t->product, c->law.product, sizeof(li_uuid));
	t->targets = (struct li_target *)(uintptr_t)c->target;
	t->targets_n = c->targets_n;
	t->shape = c->law.shape;
	t->has_correlation = c->law.has_correlation;
	t->correlation = c->law.correlation;
	t->has_implicit = c->law.has_implicit;
	t->implicit = c->law.implicit;
}

/* The line token of the command, with ${with} put back if it is not NULL. */
static int
command_token(const struct state_command *c, const struct li_shape *with,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], uint8_t out[DIGEST_LEN])
{
	struct li_task t;
	struct buf b;
	int rc;

	as_task(&t, c);
	buf_init(&b, 1 << 20);
	rc = with == NULL ? li_task_line(&b, &t) :
	    li_task_line_with(&b, &t, with);
	if (rc == 0 && (rc = b.rc) == 0)
		line_token(out, key, b.p, b.len);
	buf_wipe(&b);
	return (rc);
}

static int
destination_token(const struct state_command *c,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], uint8_t out[DIGEST_LEN])
{
	struct li_destination d;
	struct buf b;
	int rc;

	memset(&d, 0, sizeof(d));
	memcpy(d.did, c->did[0], sizeof(li_uuid));
	d.delivery = c->law.shape.delivery;
	if (c->address == NULL)
		return (CU_EMALFORMED);
	if ((rc = li_address_parse(&d.address, c->address, strlen(c->address),
	    NULL)) != 0)
		return (rc);
	buf_init(&b, 1 << 16);
	li_destination_line(&b, &d);
	if ((rc = b.rc) == 0)
		line_token(out, key, b.p, b.len);
	buf_wipe(&b);
	li_address_fini(&d.address);
	return (rc);
}

/* ---- facts ------------------------------------------------------------- */

bool
state_in_force(const struct state *st, const struct revision *r, utc_us t)
{
	return (r->approved != STATE_NONE && r->ended == STATE_NONE &&
	    r->until > t);
}

static bool
names_element(const struct revision *r, const struct element *e)
{
	const char *zone = e->payload->element.zone;
	size_t i;

	for (i = 0; i < r->elements_n; i++)
		if (strcmp(r->element[i], e->id) == 0)
			return (true);
	for (i = 0; zone != NULL && i < r->zones_n; i++)
		if (strcmp(r->zone[i], zone) == 0)
			return (true);
	return (false);
}

static bool
has_warrant(const struct binding *b, uint32_t warrant)
{
	size_t i;

	for (i = 0; b != NULL && i < b->warrant.n; i++)
		if (b->warrant.v[i] == warrant)
			return (true);
	return (false);
}

static bool
chain_has(const struct state *st, struct map_key tag, uint32_t revision)
{
	uint32_t row;

	for (row = map_get(&st->map, tag); row != MAP_NONE;
	    row = st->set.v[row].next)
		if (st->set.v[row].revision == revision)
			return (true);
	return (false);
}

/* The bindings that a command meets. */
struct bindings {
	const struct binding *xid, *product, *product_xid, *xid_product;
};

static void
add_warrant(struct state *st, struct law_facts *f, const struct bindings *b,
    const struct element *e, struct cover_row c, bool alone)
{
	const struct revision *r = &st->revision.v[c.revision], *q;
	struct law_warrant w;
	size_t i;
	int cmp;

	memset(&w, 0, sizeof(w));
	w.from = r->from;
	w.until = r->until;
	w.cc = r->cc;
	w.services = r->services;
	w.element = names_element(r, e);
	w.set = true;
	w.alone = alone;
	w.bound = has_warrant(b->xid, r->warrant);
	w.product = (b->product == NULL || has_warrant(b->product,
	    r->warrant)) && (b->product_xid == NULL ||
	    has_warrant(b->product_xid, r->warrant));
	w.xid_product = has_warrant(b->xid_product, r->warrant);
	/* Latest until first, then by id. */
	for (i = f->warrants_n; i > 0; i--) {
		q = &st->revision.v[st->met[i - 1].revision];
		cmp = strcmp(st->warrant.v[q->warrant].id,
		    st->warrant.v[r->warrant].id);
		if (q->until > r->until || (q->until == r->until && cmp <= 0))
			break;
		if (i < LAW_WARRANTS_MAX) {
			f->warrant[i] = f->warrant[i - 1];
			st->met[i] = st->met[i - 1];
		}
	}
	if (i == LAW_WARRANTS_MAX)
		return;
	f->warrant[i] = w;
	st->met[i] = c;
	if (f->warrants_n < LAW_WARRANTS_MAX)
		f->warrants_n++;
}

/* Which revisions in force have the command's set? */
static void
find_warrants(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f,
    const struct bindings *b, const struct element *e)
{
	struct map_key single[LI_SET_MAX];
	const struct revision *r;
	struct cover_row row;
	struct buf text;
	uint32_t k;
	size_t i;
	bool alone;

	buf_init(&text, 1 << 16);
	for (i = 0; i < c->targets_n; i++) {
		buf_reset(&text);
		(void)li_set_text(&text, &c->target[i], 1, NULL);
		single[i] = tag_of(st, buf_text(&text), text.len);
	}
	buf_wipe(&text);
	for (k = map_get(&st->map, tag_of(st, c->set_text, c->set_len));
	    k != MAP_NONE; k = st->set.v[k].next) {
		row.revision = st->set.v[k].revision;
		row.set = st->set.v[k].set;
		r = &st->revision.v[row.revision];
		if (!state_in_force(st, r, m->lo) ||
		    (m->overlay && r->overlay))
			continue;
		for (alone = true, i = 0; i < c->targets_n; i++)
			alone = alone && chain_has(st, single[i],
			    row.revision);
		add_warrant(st, f, b, e, row, alone);
	}
}

/* The history less the effects of one entry; ${tmp} has EFFECTS room. */
static int
history_less(const struct state *st, const struct object *o, uint64_t less,
    struct law_set *base, struct law_history *h, struct law_effect **tmp)
{
	size_t i, n = 0;

	*tmp = NULL;
	state_history(st, o, base, h);
	if (less == STATE_NONE || h->n == 0)
		return (0);
	if ((*tmp = malloc(h->n * sizeof(**tmp))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < h->n; i++)
		if (h->effect[i].command != less)
			(*tmp)[n++] = h->effect[i];
	h->effect = *tmp;
	h->n = n;
	return (0);
}

static int
versions_of(const struct state *st, const struct object *o, utc_us now,
    uint64_t less, struct law_set *out)
{
	struct law_effect *tmp;
	struct law_history h;
	struct law_set base;
	int rc;

	if ((rc = history_less(st, o, less, &base, &h, &tmp)) != 0)
		return (rc);
	law_state(out, &h, UINT64_MAX - 1, now,
	    1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER]);
	free(tmp);
	return (0);
}

static int
task_versions(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f, uint32_t element,
    const struct binding *b, bool same)
{
	const struct object *o = state_object_get(st, element, true,
	    c->law.xid, false);
	uint8_t token[DIGEST_LEN];
	struct law_version *v;
	struct law_set s;
	size_t i;
	int rc;

	if (o == NULL)
		return (0);
	if ((rc = versions_of(st, o, m->lo, m->less, &s)) != 0)
		return (rc);
	f->versions_over = s.over || s.unlined || s.n > LAW_VERSIONS_MAX;
	if (f->versions_over)
		return (0);
	for (i = 0; i < s.n; i++) {
		v = &f->version[f->versions_n++];
		v->shape = st->shape.v[s.shape[i]];
		v->same = same;
		if (same || c->set_text == NULL || b == NULL ||
		    !st->revision.v[b->keyed].keyed)
			continue;
		rc = command_token(c, &v->shape,
		    st->revision.v[b->keyed].token_key, token);
		if (rc != 0)
			return (rc);
		v->same = memcmp(token, s.line[i], DIGEST_LEN) == 0;
	}
	return (0);
}

/* May any task of the element still deliver to this destination? */
static int
did_used(const struct state *st, uint32_t element, const char *did,
    const struct state_moment *m, bool *used)
{
	const struct li_shape *shape;
	const struct object *o;
	struct law_set s;
	uint32_t k;
	size_t i, j;
	int rc;

	*used = false;
	for (k = st->element.v[element].objects; k != MAP_NONE; k = o->next) {
		o = &st->object.v[k];
		if (!o->task || !o->commanded)
			continue;
		if ((rc = versions_of(st, o, m->lo, m->less, &s)) != 0)
			return (rc);
		/* A version that nobody knows may deliver anywhere. */
		*used = s.unlined || s.over;
		for (i = 0; i < s.n && !*used; i++) {
			shape = &st->shape.v[s.shape[i]];
			for (j = 0; j < shape->dids_n && !*used; j++)
				*used = strcmp(shape->dids[j], did) == 0;
		}
		if (*used)
			break;
	}
	return (0);
}

static const char *
zone_of(const struct element *e)
{
	return (e->payload->element.zone);
}

static bool
same_zone(const struct element *a, const struct element *b)
{
	return (zone_of(a) != NULL && zone_of(b) != NULL &&
	    strcmp(zone_of(a), zone_of(b)) == 0);
}

static int
did_facts(struct state *st, uint32_t element, const char *did,
    const struct state_moment *m, struct law_did *d)
{
	const struct object *o = state_object_get(st, element, false, did,
	    false);
	const struct element *e = &st->element.v[element], *to;
	struct law_set s;
	uint32_t row;
	int rc;

	if (o == NULL || !o->commanded)
		return (0);
	d->known = true;
	if ((rc = versions_of(st, o, m->lo, m->less, &s)) != 0)
		return (rc);
	d->settled = s.n == 1 && !s.absent && !s.unlined && !s.over;
	d->contradicted = o->verdict != LAW_FINE ||
	    state_open_finding(st, "destination.altered", e->id, did) !=
	    STATE_NONE || state_open_finding(st, "destination.unknown", e->id,
	    did) != STATE_NONE;
	if (!d->settled)
		return (0);
	row = state_find_index(st, T_REGISTRATION, s.shape[0]);
	if (row == MAP_NONE)
		return (0);
	to = &st->element.v[row];
	d->mdf = to->live && to->payload->element.kind == RECORD_MDF &&
	    s.shape[0] >= to->delivery_since &&
	    !(m->overlay && to->overlay);
	d->zone = same_zone(e, to);
	return (0);
}

static void
peer_facts(const struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f, uint32_t requester)
{
	const struct element *e;
	const struct record_element *r;
	size_t i;

	if (requester == MAP_NONE)
		return;
	e = &st->element.v[requester];
	r = &e->payload->element;
	f->peer_known = true;
	f->peer_admf = e->live && r->kind == RECORD_ADMF &&
	    !(m->overlay && e->overlay);
	f->peer_pinned = r->pins_n == 0;
	for (i = 0; i < r->pins_n; i++)
		f->peer_pinned = f->peer_pinned || (c->has_certificate &&
		    memcmp(r->pin[i], c->certificate, DIGEST_LEN) == 0);
	f->peer_bound = c->bound != 0 && c->bound == r->rule &&
	    r->identity != NULL && strcmp(c->admf, r->identity) == 0;
}

static void
element_facts(const struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f, uint32_t element)
{
	const struct element *e = &st->element.v[element];
	const struct record_element *r = &e->payload->element;
	size_t i;

	f->element_known = e->live && e->index == c->element &&
	    !(m->overlay && e->overlay);
	f->element_named = r->identity != NULL &&
	    strcmp(c->ne, r->identity) == 0;
	f->element_kind = r->kind;
	f->element_gate = r->gate != NULL && m->gate != NULL &&
	    strcmp(r->gate, m->gate) == 0;
	for (i = 0; i < r->admfs.n; i++)
		f->element_admf = f->element_admf ||
		    strcmp(r->admfs.v[i], c->requester) == 0;
	f->multi_all = r->multi_all;
}

static bool
transaction_new(const struct state *st, const struct state_command *c,
    const struct state_moment *m, uint32_t requester)
{
	const struct transaction *t;
	size_t at;
	uint32_t v;

	if (requester == MAP_NONE)
		return (true);
	v = map_get(&st->map, state_key2(st, T_TRANSACTION, requester,
	    c->law.transaction, TEXT_UUID_LEN));
	for (; v != MAP_NONE; v = t->before) {
		at = (v - st->tx_first) & 0x7fffffff;
		if (at >= st->tx.n)
			break;		/* forgotten: far too old */
		t = &st->tx.v[at];
		/* A repeat that came behind it says nothing against it. */
		if (m->less == STATE_NONE || t->index < m->less)
			return (t->time + 2000 *
			    st->rules.v[RECORD_RULE_X1_TIME_TOLERANCE] <
			    m->lo);
	}
	return (true);
}

/* What only openings tell, as a structural check has it: from `covers`. */
static void
given_warrants(struct state *st, const struct own *own, struct law_facts *f,
    const struct bindings *b, const struct element *e, utc_us t)
{
	const struct revision *r;
	const struct record_token *token;
	size_t i, k, set;
	bool alone;

	for (i = 0; i < own->covers_n; i++) {
		r = &st->revision.v[own->cover[i].revision];
		if (!state_in_force(st, r, t))
			continue;
		for (token = r->sets.token, set = 0; set < own->cover[i].set;)
			token += r->sets.len[set++];
		for (alone = true, k = 0; k < r->sets.len[set]; k++)
			alone = alone && record_sets_find(&r->sets, token + k,
			    1) >= 0;
		add_warrant(st, f, b, e, own->cover[i], alone);
	}
}

static int
destination_facts(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f, uint32_t element,
    const struct own *own)
{
	const struct element *e = &st->element.v[element], *to = NULL;
	uint32_t row = MAP_NONE;
	int rc = 0;

	if (own != NULL && own->to != STATE_NONE)
		row = state_find_index(st, T_REGISTRATION, own->to);
	else if (c->address != NULL)
		row = state_find(st, T_ADDRESS, c->address);
	if (row != MAP_NONE)
		to = &st->element.v[row];
	if (to != NULL && own != NULL && to->index != own->to)
		to = NULL;
	f->address_mdf = to != NULL && to->live &&
	    to->payload->element.kind == RECORD_MDF &&
	    !(m->overlay && to->overlay);
	f->address_zone = f->address_mdf && same_zone(e, to);
	if (c->law.type == LAW_REMOVE_DESTINATION || !f->address_zone)
		rc = did_used(st, element, c->did[0], m, &f->did[0].used);
	return (rc);
}

static int
make_facts(struct state *st, const struct state_command *c,
    const struct state_moment *m, const struct own *own, struct law_facts *f)
{
	uint32_t requester, element = MAP_NONE;
	const struct law_command *l = &c->law;
	struct bindings b;
	size_t i;
	int rc = 0;

	/* The large arrays are written where they are counted. */
	memset(f, 0, sizeof(*f));
	f->lo = m->lo;
	f->hi = m->hi;
	f->held = m->held;
	f->rules = st->rules;
	requester = c->requester[0] == '\0' ? MAP_NONE :
	    state_find(st, T_ELEMENT, c->requester);
	if (c->element != STATE_NONE)
		element = state_find_index(st, T_REGISTRATION, c->element);
	peer_facts(st, c, m, f, requester);
	f->transaction_new = transaction_new(st, c, m, requester);
	if (element == MAP_NONE)
		return (0);
	element_facts(st, c, m, f, element);

	b.xid = find_binding(st, false, l->xid, m->less);
	b.product = find_binding(st, true, l->product, m->less);
	b.product_xid = strcmp(l->product, l->xid) == 0 ? NULL :
	    find_binding(st, false, l->product, m->less);
	b.xid_product = find_binding(st, true, l->xid, m->less);
	f->xid_bound = b.xid != NULL;
	f->xid_own = b.xid != NULL && b.xid->owner == requester;
	f->xid_product = b.xid_product != NULL;
	f->product_known = b.product != NULL || b.product_xid != NULL;
	switch (l->type) {
	case LAW_ACTIVATE_TASK:
	case LAW_MODIFY_TASK:
		if (own != NULL) {
			f->members = true;
			given_warrants(st, own, f, &b, &st->element.v[element],
			    m->lo);
		} else if (c->set_text != NULL && li_set_check(c->target,
		    c->targets_n, (unsigned int)
		    st->rules.v[RECORD_RULE_CIDR4_MIN], (unsigned int)
		    st->rules.v[RECORD_RULE_CIDR6_MIN], NULL) == 0) {
			f->members = true;
			find_warrants(st, c, m, f, &b,
			    &st->element.v[element]);
		}
		if (l->type == LAW_MODIFY_TASK)
			rc = task_versions(st, c, m, f, element, b.xid,
			    own != NULL && text_eq(own->rule, own->rule_len,
			    "task.narrows"));
		/* FALLTHROUGH */
	case LAW_GET_DESTINATION_DETAILS:
		for (i = 0; i < l->shape.dids_n && rc == 0; i++)
			rc = did_facts(st, element, l->shape.dids[i], m,
			    &f->did[i]);
		break;
	case LAW_CREATE_DESTINATION:
	case LAW_MODIFY_DESTINATION:
	case LAW_REMOVE_DESTINATION:
		if (l->shape.dids_n == 1)
			rc = destination_facts(st, c, m, f, element, own);
		break;
	default:
		break;
	}
	return (rc);
}

int
state_facts(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_facts *f)
{
	return (st->broken ? CU_ENOMEM : make_facts(st, c, m, NULL, f));
}

/* Is a revision in force that was never opened here? */
static bool
unopened(struct state *st, utc_us t)
{
	const struct revision *r;
	size_t i = 0;

	while (i < st->unopened.n) {
		r = &st->revision.v[st->unopened.v[i]];
		if (r->opened || r->ended != STATE_NONE ||
		    r->until <= st->time)
			st->unopened.v[i] = st->unopened.v[--st->unopened.n];
		else if (state_in_force(st, r, t))
			return (true);
		else
			i++;
	}
	return (false);
}

static int
make_members(struct state *st, const struct state_command *c,
    const struct state_moment *m, const struct law_decision *d,
    struct state_members *out)
{
	const struct binding *b;
	const struct revision *r;
	uint32_t keyed = MAP_NONE, row;
	size_t i, k;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->to = STATE_NONE;
	if (!d->allowed)
		return (0);
	for (i = 0; i < d->covers_n; i++) {
		r = &st->revision.v[st->met[d->cover[i]].revision];
		out->cover[i].warrant = st->warrant.v[r->warrant].id;
		memcpy(out->cover[i].digest, r->digest, DIGEST_LEN);
		out->cover[i].index = r->index;
		out->cover[i].token = r->sets.token;
		for (k = 0; k < st->met[d->cover[i]].set; k++)
			out->cover[i].token += r->sets.len[k];
		out->cover[i].tokens_n = r->sets.len[k];
	}
	out->covers_n = d->covers_n;
	if (c->law.type == LAW_ACTIVATE_TASK || c->law.type == LAW_MODIFY_TASK) {
		b = find_binding(st, false, c->law.xid, m->less);
		if (b != NULL)
			keyed = b->keyed;
		else if (d->covers_n > 0)
			keyed = st->met[d->cover[0]].revision;
		if (keyed == MAP_NONE)
			return (0);
		if (!st->revision.v[keyed].keyed)
			return (CU_ESTATE);
		rc = command_token(c, NULL, st->revision.v[keyed].token_key,
		    out->line);
		out->has_line = rc == 0;
	} else if (c->law.type == LAW_CREATE_DESTINATION ||
	    c->law.type == LAW_MODIFY_DESTINATION) {
		row = state_find_index(st, T_REGISTRATION, c->element);
		if (!st->element.v[row].opened)
			return (CU_ESTATE);
		rc = destination_token(c, st->element.v[row].audit_key,
		    out->line);
		out->has_line = rc == 0;
		row = state_find(st, T_ADDRESS, c->address);
		out->to = st->element.v[row].index;
	}
	return (rc);
}

int
state_decide(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_decision *d,
    struct state_members *out)
{
	int rc;

	if (st->broken)
		return (CU_ENOMEM);
	if ((rc = make_facts(st, c, m, NULL, st->facts)) != 0)
		return (rc);
	law_decide(st->facts, &c->law, d);
	if ((rc = make_members(st, c, m, d, out)) != 0)
		return (rc);
	if ((c->law.type == LAW_ACTIVATE_TASK ||
	    c->law.type == LAW_MODIFY_TASK) && unopened(st, m->lo))
		return (STATE_E_UNOPENED);
	return (0);
}

/* Rules that rest on what is sealed, or on a clock: not to be repeated. */
static bool
hidden(const char *rule, size_t len)
{
	static const char *const h[] = { "task.cover.", "task.target",
	    "task.bound", "task.product", "task.did.", "destination.address",
	    "destination.zone", "clock.", "task.unbound", "task.narrows",
	    "element.requester" };
	size_t i;

	for (i = 0; i < sizeof(h) / sizeof(h[0]); i++)
		if (len >= strlen(h[i]) &&
		    memcmp(rule, h[i], strlen(h[i])) == 0)
			return (true);
	return (false);
}

/* The decision again, with what stands in clear (design 7, structural). */
int
state_check_command(struct state *st, const struct state_command *c,
    const struct own *own, const char *gate, utc_us t, struct cu_why *why)
{
	struct state_moment m = { gate, t, t, false, STATE_NONE, false };
	struct law_decision d;
	size_t i;
	int rc;

	if ((rc = make_facts(st, c, &m, own, st->facts)) != 0)
		return (rc);
	law_decide(st->facts, &c->law, &d);
	cu_why_set(why, "decision: %.*s, but %s by the tables",
	    (int)own->rule_len, own->rule, d.rule);
	if (!own->allowed) {
		if (hidden(own->rule, own->rule_len) &&
		    (d.allowed || hidden(d.rule, strlen(d.rule))))
			return (0);
		return (!d.allowed && (text_eq(own->rule, own->rule_len,
		    d.rule) || hidden(d.rule, strlen(d.rule))) ? 0 :
		    CU_EDENIED);
	}
	if (!d.allowed || !text_eq(own->rule, own->rule_len, d.rule))
		return (CU_EDENIED);
	cu_why_set(why, "covers: a row that does not cover, or out of order");
	if (d.covers_n != own->covers_n)
		return (CU_EDENIED);
	for (i = 0; i < d.covers_n; i++)
		if (st->met[d.cover[i]].revision != own->cover[i].revision)
			return (CU_EDENIED);
	cu_why_set(why, "line, to: where they do not belong");
	if (own->has_line != (c->law.type == LAW_ACTIVATE_TASK ||
	    c->law.type == LAW_MODIFY_TASK ||
	    c->law.type == LAW_CREATE_DESTINATION ||
	    c->law.type == LAW_MODIFY_DESTINATION) ||
	    (own->to != STATE_NONE) != (c->law.type == LAW_CREATE_DESTINATION ||
	    c->law.type == LAW_MODIFY_DESTINATION))
		return (CU_EMALFORMED);
	return (0);
}

void
state_members_write(struct buf *b, const struct law_decision *d,
    const struct state_members *m)
{
	struct jw w;
	size_t i, k;

	/* Members without braces: the entry's writer puts them in its own. */
	jw_init(&w, b);
	jw_str(&w, "decision", d->allowed ? "allowed" : "refused");
	jw_str(&w, "rule", d->rule);
	if (d->allowed && (m->covers_n > 0 ||
	    strcmp(d->rule, "task.narrows") == 0)) {
		jw_arr(&w, "covers");
		for (i = 0; i < m->covers_n; i++) {
			jw_arr(&w, NULL);
			jw_str(&w, NULL, m->cover[i].warrant);
			jw_bytes(&w, NULL, m->cover[i].digest, DIGEST_LEN);
			jw_arr(&w, NULL);
			for (k = 0; k < m->cover[i].tokens_n; k++)
				jw_bytes(&w, NULL, m->cover[i].token[k].b,
				    DIGEST_LEN);
			jw_end(&w);
			jw_end(&w);
		}
		jw_end(&w);
	}
	if (m->has_line)
		jw_bytes(&w, "line", m->line, DIGEST_LEN);
	if (m->to != STATE_NONE)
		jw_dec(&w, "to", m->to);
}

/* Does it take away from a version that the element may hold, and no more? */
static int
late_narrows(struct state *st, const struct state_command *c,
    const uint8_t key[RECORD_TOKEN_KEY_LEN], bool *narrows)
{
	uint32_t row = state_find_index(st, T_REGISTRATION, c->element);
	const struct object *o = row == MAP_NONE ? NULL :
	    state_object_get(st, row, true, c->law.xid, false);
	const struct li_shape *shape;
	uint8_t token[DIGEST_LEN];
	enum li_narrow n;
	struct law_set s;
	size_t i;
	int rc;

	*narrows = false;
	if (o == NULL)
		return (0);
	if ((rc = versions_of(st, o, st->time, STATE_NONE, &s)) != 0)
		return (rc);
	for (i = 0; i < s.n && !*narrows; i++) {
		shape = &st->shape.v[s.shape[i]];
		n = li_shape_narrows(shape, &c->law.shape);
		if (n != LI_NARROWS && n != LI_NARROW_NOTHING)
			continue;
		if ((rc = command_token(c, shape, key, token)) != 0)
			return (rc);
		*narrows = memcmp(token, s.line[i], DIGEST_LEN) == 0;
	}
	return (0);
}

int
state_late_write(struct state *st, struct buf *b,
    const struct state_command *c)
{
	const struct binding *bound = find_binding(st, false, c->law.xid,
	    STATE_NONE);
	const uint8_t *key;
	uint8_t line[DIGEST_LEN];
	struct jw w;
	bool narrows;
	int rc;

	if (c->law.type != LAW_MODIFY_TASK || bound == NULL ||
	    c->set_text == NULL)
		return (0);
	if (!st->revision.v[bound->keyed].keyed)
		return (CU_ESTATE);
	key = st->revision.v[bound->keyed].token_key;
	/*
	 * It has left already, and only a gate says so.  What no narrowing
	 * explains gets no line: what it made of the task stays an alteration.
	 */
	if ((rc = late_narrows(st, c, key, &narrows)) != 0 || !narrows)
		return (rc);
	if ((rc = command_token(c, NULL, key, line)) != 0)
		return (rc);
	jw_init(&w, b);
	jw_bytes(&w, "line", line, DIGEST_LEN);
	return (b->rc);
}

/* Does this revision still cover the task as it was last commanded? */
static bool
still_covers(const struct state *st, const struct object *o,
    const struct revision *r, uint32_t row)
{
	const struct li_shape *s;
	const struct revision *q;

	if (o->shape == MAP_NONE || o->revision == MAP_NONE)
		return (true);
	s = &st->shape.v[o->shape];
	q = &st->revision.v[o->revision];
	if (!names_element(r, &st->element.v[o->element]) ||
	    (s->delivery != LI_DELIVERY_X2 && !r->cc) ||
	    (r->services != 0 && (s->services == 0 ||
	    (s->services & ~r->services) != 0)))
		return (false);
	/* A set that a later revision dropped: where both were opened. */
	if (row == o->revision || !r->opened || !q->opened)
		return (true);
	return (chain_has(st, q->tag[o->set], row));
}

utc_us
state_over(const struct state *st, const struct object *o, utc_us now,
    utc_us *next)
{
	const struct binding *b = find_binding(st, false, o->id, STATE_NONE);
	utc_us over = INT64_MIN, end;
	const struct warrant *w;
	const struct revision *r;
	size_t i, k;
	bool covered = false;

	*next = UTC_MAX;
	if (b == NULL || o->revision == MAP_NONE)
		return (UTC_MAX);
	for (i = 0; i < b->warrant.n; i++) {
		w = &st->warrant.v[b->warrant.v[i]];
		for (k = 0; k < w->revision.n; k++) {
			r = &st->revision.v[w->revision.v[k]];
			if (r->approved == STATE_NONE ||
			    !still_covers(st, o, r, w->revision.v[k]))
				continue;
			end = r->until;
			if (r->ended != STATE_NONE && r->ended_time < end)
				end = r->ended_time;
			if (end > over)
				over = end;
			covered = covered || (end > now && r->from <= now);
		}
	}
	if (covered) {
		*next = over;
		return (UTC_MAX);
	}
	if (over == INT64_MIN)
		return (UTC_MAX);
	*next = over;		/* past, but not yet overdue_after ago */
	return (over);
}

bool
state_keys_lines(const struct state *st, const uint8_t digest[DIGEST_LEN],
    const char *warrant)
{
	uint32_t row = map_get(&st->map, state_key(st, T_REVISION, digest,
	    DIGEST_LEN));
	const struct revision *r;
	size_t i;

	if (row == MAP_NONE)
		return (false);
	r = &st->revision.v[row];
	for (i = 0; i < r->lines.n; i++)
		if (strcmp(st->warrant.v[r->lines.v[i]].id, warrant) == 0)
			return (true);
	return (false);
}

/* Can it still cover a command, now or once it is approved? */
static bool
may_cover(const struct state *st, const struct warrant *w)
{
	const struct revision *r;
	size_t i;

	for (i = 0; i < w->revision.n; i++) {
		r = &st->revision.v[w->revision.v[i]];
		if (r->ended == STATE_NONE && r->until > st->time)
			return (true);
	}
	return (false);
}

bool
state_needs_key(const struct state *st, const uint8_t digest[DIGEST_LEN])
{
	uint32_t row = map_get(&st->map, state_key(st, T_REVISION, digest,
	    DIGEST_LEN));
	const struct revision *r;
	const struct object *o;
	const struct binding *b;
	size_t i;

	if (row == MAP_NONE)
		return (false);
	r = &st->revision.v[row];
	if (state_in_force(st, r, st->time))
		return (true);
	/* A task that has ended, and that one of its warrants allows anew. */
	for (i = 0; i < r->lines.n; i++)
		if (may_cover(st, &st->warrant.v[r->lines.v[i]]))
			return (true);
	/* A task that is keyed by it, and that may still be there. */
	for (i = 0; i < st->object.n; i++) {
		o = &st->object.v[i];
		if (!o->task || !o->commanded || (o->effect.n == 0 &&
		    o->base.n == 0 && o->seen.presence == LAW_ABSENT))
			continue;
		b = find_binding(st, false, o->id, STATE_NONE);
		if (b != NULL && b->keyed == row)
			return (true);
	}
	return (false);
}
