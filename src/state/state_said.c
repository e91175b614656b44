/* src/state/state_said.c: what processes report, into the tables */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "state/state_int.h"

enum { C_REQUESTER, C_CERTIFICATE, C_BOUND, C_ADMF, C_NE, C_ELEMENT, C_TYPE,
	C_TRANSACTION, C_STAMP, C_VERSION, C_XID, C_DIDS, C_PRODUCT,
	C_CORRELATION, C_IMPLICIT, C_DELIVERY, C_SERVICES, C_MEDIATION,
	C_LENIENCIES, C_FORM, C_SIZE, C_VOID, C_LAST, C_SD, C_REQUEST, C_N };
static const struct scan_member command_members[C_N] = {
	SCAN_M("requester"), SCAN_M("certificate"), SCAN_M("bound"),
	SCAN_M("admf"), SCAN_M("ne"), SCAN_M("element"), SCAN_M("type"),
	SCAN_M("transaction"), SCAN_M("stamp"), SCAN_M("version"),
	SCAN_M("xid"), SCAN_M("dids"), SCAN_M("product"),
	SCAN_M("correlation"), SCAN_M("implicit"), SCAN_M("delivery"),
	SCAN_M("services"), SCAN_M("mediation"), SCAN_M("leniencies"),
	SCAN_M("form"), SCAN_M("size"), SCAN_MAY("void"), SCAN_MAY("last"),
	SCAN_MAY("_sd"), SCAN_M("request")	/* of a late alone */
};

enum { O_COMMAND, O_WHAT, O_WHY, O_MINE, O_SENT_AT, O_ANSWERED_AT, O_ANSWER,
	O_CODE, O_HTTP, O_CERTIFICATE, O_CHECKPOINT, O_LENIENCIES,
	O_VOID, O_LAST, O_SD, O_N };
static const struct scan_member outcome_members[O_N] = {
	SCAN_M("command"), SCAN_M("what"), SCAN_M("why"), SCAN_M("mine"),
	SCAN_M("sent_at"), SCAN_M("answered_at"), SCAN_M("answer"),
	SCAN_M("code"), SCAN_M("http"), SCAN_M("certificate"),
	SCAN_M("checkpoint"), SCAN_MAY("leniencies"), SCAN_MAY("void"),
	SCAN_MAY("last"), SCAN_MAY("_sd")
};

enum { B_SIZE, B_ROOT, B_SPOOL, B_TLS, B_REFUSED, B_FAILED, B_VOID, B_LAST,
	B_VERSION, B_BUILD, B_CONFIG, B_N };
static const struct scan_member beat_members[B_N] = {
	SCAN_MAY("size"), SCAN_MAY("root"), SCAN_MAY("spool"),
	SCAN_MAY("tls_refused"), SCAN_MAY("refused"),
	SCAN_MAY("spool_failed"), SCAN_MAY("void"), SCAN_MAY("last"),
	SCAN_MAY("version"), SCAN_MAY("build"), SCAN_MAY("config")
};

static bool
copy(const struct scan *s, uint32_t t, char *out, size_t cap,
    bool (*valid)(const char *, size_t))
{
	const char *p;
	size_t n;

	out[0] = '\0';
	if (scan_null(s, t))
		return (true);
	if (scan_str(s, t, &p, &n) != 0 || n >= cap || !valid(p, n))
		return (false);
	memcpy(out, p, n);
	out[n] = '\0';
	return (true);
}

static bool
any(const char *p, size_t n)
{
	return (p != NULL && n > 0);
}

static bool
read_shape(struct state_command *c, const struct scan *s, const uint32_t *v)
{
	struct li_shape *shape = &c->law.shape;
	const char *p;
	uint32_t t;
	size_t n;
	unsigned int bit;

	shape->dids = c->did;
	if (!scan_null(s, v[C_DELIVERY]) &&
	    (scan_str(s, v[C_DELIVERY], &p, &n) != 0 ||
	    (shape->delivery = li_delivery_find(p, n)) == LI_DELIVERY_NONE))
		return (false);
	if (!scan_null(s, v[C_DIDS])) {
		if (s->tok[v[C_DIDS]].type != SCAN_ARRAY)
			return (false);
		for (t = v[C_DIDS] + 1; t < s->tok[v[C_DIDS]].next; t++) {
			if (shape->dids_n == LI_DIDS_MAX ||
			    scan_null(s, t) || !copy(s, t,
			    c->did[shape->dids_n], sizeof(li_uuid),
			    text_is_uuid) || (shape->dids_n > 0 &&
			    strcmp(c->did[shape->dids_n - 1],
			    c->did[shape->dids_n]) >= 0))
				return (false);
			shape->dids_n++;
		}
	}
	if (!scan_null(s, v[C_SERVICES])) {
		if (s->tok[v[C_SERVICES]].type != SCAN_ARRAY ||
		    scan_count(s, v[C_SERVICES]) == 0)
			return (false);
		for (t = v[C_SERVICES] + 1; t < s->tok[v[C_SERVICES]].next;
		    t++) {
			if (scan_str(s, t, &p, &n) != 0 ||
			    (bit = li_service_find(p, n)) == 0 ||
			    (shape->services & bit) != 0)
				return (false);
			shape->services |= bit;
		}
	}
	return (true);
}

static bool
read_numbers(struct state_command *c, const struct scan *s, const uint32_t *v)
{
	struct law_command *l = &c->law;
	int64_t n;

	c->element = STATE_NONE;
	if (!scan_null(s, v[C_ELEMENT]) &&
	    scan_dec(s, v[C_ELEMENT], &c->element) != 0)
		return (false);
	if (!scan_null(s, v[C_STAMP])) {
		if (scan_utc(s, v[C_STAMP], &l->stamp) != 0)
			return (false);
		l->has_stamp = true;
	}
	if (!scan_null(s, v[C_CORRELATION])) {
		if (scan_dec(s, v[C_CORRELATION], &l->correlation) != 0)
			return (false);
		l->has_correlation = true;
	}
	if (!scan_null(s, v[C_IMPLICIT])) {
		if (scan_bool(s, v[C_IMPLICIT], &l->implicit) != 0)
			return (false);
		l->has_implicit = true;
	}
	if (!scan_null(s, v[C_MEDIATION])) {
		if (scan_int(s, v[C_MEDIATION], &n) != 0 || n < 0 ||
		    n > LI_MEDS_MAX)
			return (false);
		l->mediation = (unsigned int)n;
	}
	if (v[C_REQUEST] != 0 && !scan_null(s, v[C_REQUEST])) {
		if (scan_int(s, v[C_REQUEST], &n) != 0 || n < 1)
			return (false);
		c->has_request = true;
		c->request = (uint64_t)n;
	}
	return (scan_dec(s, v[C_SIZE], &c->size) == 0);
}

int
state_said_command(struct state_command *c, const struct scan *s, bool late,
    struct cu_why *why)
{
	uint32_t v[C_N];
	const char *p, *bad;
	char word[8];
	size_t n;

	memset(c, 0, offsetof(struct state_command, target));
	if (scan_members(s, 0, command_members, late ? C_N : C_N - 1, v,
	    &bad) != 0) {
		cu_why_set(why, "said: %s", bad);
		return (CU_EMALFORMED);
	}
	if (!late)
		v[C_REQUEST] = 0;
	cu_why_set(why, "said: a member's form");
	if (!copy(s, v[C_REQUESTER], c->requester, sizeof(c->requester),
	    text_is_id) ||
	    !copy(s, v[C_ADMF], c->admf, sizeof(c->admf), text_is_id) ||
	    !copy(s, v[C_NE], c->ne, sizeof(c->ne), text_is_id) ||
	    !copy(s, v[C_TRANSACTION], c->law.transaction, sizeof(li_uuid),
	    text_is_uuid) ||
	    !copy(s, v[C_XID], c->law.xid, sizeof(li_uuid), text_is_uuid) ||
	    !copy(s, v[C_PRODUCT], c->law.product, sizeof(li_uuid),
	    text_is_uuid) ||
	    !copy(s, v[C_FORM], c->form, sizeof(c->form), any) ||
	    !copy(s, v[C_BOUND], word, sizeof(word), any) ||
	    !read_numbers(c, s, v) || !read_shape(c, s, v))
		return (CU_EMALFORMED);
	if (word[0] != '\0' && (c->bound = cert_rule_find(word)) == 0)
		return (CU_EMALFORMED);
	if (c->form[0] != '\0') {
		if (!law_rule_form(c->form))
			return (CU_EMALFORMED);
		c->law.form = c->form;
	}
	if (!scan_null(s, v[C_CERTIFICATE])) {
		if (scan_bytes(s, v[C_CERTIFICATE], c->certificate,
		    DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
		c->has_certificate = true;
	}
	if (!scan_null(s, v[C_TYPE])) {
		if (scan_str(s, v[C_TYPE], &p, &n) != 0)
			return (CU_EMALFORMED);
		c->law.type = law_type_find(p, n);
	}
	return (0);
}

/* ---- objects and their histories --------------------------------------- */

struct object *
state_object_get(struct state *st, uint32_t element, bool task, const char *id,
    bool make)
{
	struct map_key k = state_key2(st, task ? T_TASK : T_DESTINATION,
	    element, id, TEXT_UUID_LEN);
	uint32_t row = map_get(&st->map, k);
	struct object *o;

	if (row == MAP_NONE) {
		if (!make || ROOM(&st->object, 1) != 0 ||
		    map_put(&st->map, k, (uint32_t)st->object.n) != 0)
			return (NULL);
		row = (uint32_t)st->object.n++;
		o = &st->object.v[row];
		memset(o, 0, sizeof(*o));
		o->element = element;
		o->task = task;
		memcpy(o->id, id, sizeof(li_uuid));
		o->base_absent = true;
		o->command = o->outcome = o->answer = STATE_NONE;
		o->requester = o->revision = o->shape = MAP_NONE;
	}
	o = &st->object.v[row];
	if (make && !o->listed) {
		o->listed = true;
		o->next = st->element.v[element].objects;
		st->element.v[element].objects = row;
	}
	return (o);
}

void
state_history(const struct state *st, const struct object *o,
    struct law_set *base, struct law_history *h)
{
	size_t i;

	memset(base, 0, offsetof(struct law_set, line));
	base->absent = o->base_absent;
	base->unlined = o->base_unlined;
	base->over = o->base_over;
	for (i = 0; i < o->base.n; i++) {
		memcpy(base->line[i], o->base.v[i].line, DIGEST_LEN);
		base->shape[i] = o->base.v[i].shape;
	}
	base->n = o->base.n;
	h->base = base;
	h->effect = o->effect.v;
	h->n = o->effect.n;
}

static int
keep_base(struct object *o, const struct law_set *s)
{
	size_t i;

	o->base.n = 0;
	if (s->n > 0 && ROOM(&o->base, s->n) != 0)
		return (CU_ENOMEM);
	for (i = 0; i < s->n; i++) {
		memcpy(o->base.v[i].line, s->line[i], DIGEST_LEN);
		o->base.v[i].shape = s->shape[i];
	}
	o->base.n = s->n;
	o->base_absent = s->absent;
	o->base_unlined = s->unlined;
	o->base_over = s->over;
	return (0);
}

/* Take what is past for every answer asked at ${i} or later into the base. */
int
state_fold(struct state *st, struct object *o, uint64_t i)
{
	struct law_history h;
	struct law_set s;
	size_t n, k;

	if (o->effect.n == 0)
		return (0);
	state_history(st, o, &s, &h);
	if ((n = law_fold(&s, o->effect.v, o->effect.n, i)) == 0)
		return (0);
	for (k = 0; k < n; k++)
		law_count_fold(&o->counter, &o->effect.v[k]);
	memmove(o->effect.v, o->effect.v + n,
	    (o->effect.n - n) * sizeof(*o->effect.v));
	o->effect.n -= n;
	if (o->effect.n == 0) {
		free(o->effect.v);
		memset(&o->effect, 0, sizeof(o->effect));
	}
	return (keep_base(o, &s));
}

static uint32_t
keep_shape(struct state *st, const struct li_shape *shape)
{
	uint8_t b[8 + LI_DIDS_MAX * TEXT_UUID_LEN];
	struct map_key k;
	uint32_t row;
	size_t i, n = 0;

	b[n++] = (uint8_t)shape->delivery;
	b[n++] = (uint8_t)shape->services;
	for (i = 0; i < shape->dids_n; i++, n += TEXT_UUID_LEN)
		memcpy(b + n, shape->dids[i], TEXT_UUID_LEN);
	k = state_key(st, T_SHAPE, b, n);
	if ((row = map_get(&st->map, k)) != MAP_NONE)
		return (row);
	if (ROOM(&st->shape, 1) != 0 ||
	    li_shape_copy(&st->shape.v[st->shape.n], shape) != 0 ||
	    map_put(&st->map, k, (uint32_t)st->shape.n) != 0)
		return (MAP_NONE);
	return ((uint32_t)st->shape.n++);
}

/* What an allowed command or a late does to its object, once it is sent. */
static int
add_effect(struct state *st, struct object *o, const struct state_command *c,
    uint64_t index, bool late, const uint8_t *line, uint64_t to)
{
	struct law_effect *e;
	uint32_t shape = MAP_NONE;
	bool makes = c->law.type != LAW_DEACTIVATE_TASK &&
	    c->law.type != LAW_REMOVE_DESTINATION;

	/* Of a destination the version that counts is where it points. */
	if (!o->task)
		shape = (uint32_t)to;
	else if (makes &&
	    (shape = keep_shape(st, &c->law.shape)) == MAP_NONE)
		return (CU_ENOMEM);
	if (o->effect.n >= EFFECTS_MAX && state_fold(st, o, index) != 0)
		return (CU_ENOMEM);
	if (ROOM(&o->effect, 1) != 0)
		return (CU_ENOMEM);
	e = &o->effect.v[o->effect.n++];
	memset(e, 0, sizeof(*e));
	e->command = index;
	e->outcome = LAW_INDEX_NONE;
	e->late = late;
	e->modifies = c->law.type == LAW_MODIFY_TASK;
	e->activates = c->law.type == LAW_ACTIVATE_TASK;
	e->shape = shape;
	if (!makes)
		e->to.presence = LAW_ABSENT;
	else if (line == NULL)
		e->to.presence = LAW_UNLINED;
	else {
		e->to.presence = LAW_LINED;
		memcpy(e->to.line, line, DIGEST_LEN);
	}
	if (e->activates || c->law.type == LAW_DEACTIVATE_TASK) {
		/* The element counts anew from the next activation. */
		o->has_base = o->has_base_last = false;
		memset(&o->counter, 0, sizeof(o->counter));
	}
	o->type = c->law.type;
	o->fate = LAW_FATE_NONE;
	o->command = index;
	o->outcome = STATE_NONE;
	if (makes)
		o->shape = shape;
	st->element.v[o->element].dirty = true;
	return (0);
}

static struct object *
object_of(struct state *st, const struct state_command *c, uint32_t element,
    bool make)
{
	switch (c->law.type) {
	case LAW_ACTIVATE_TASK:
	case LAW_MODIFY_TASK:
	case LAW_DEACTIVATE_TASK:
		return (state_object_get(st, element, true, c->law.xid, make));
	case LAW_CREATE_DESTINATION:
	case LAW_MODIFY_DESTINATION:
	case LAW_REMOVE_DESTINATION:
		return (state_object_get(st, element, false, c->did[0], make));
	default:
		return (NULL);
	}
}

static bool
changes(enum law_type t)
{
	return (t >= LAW_ACTIVATE_TASK && t <= LAW_REMOVE_DESTINATION);
}

static int
add_open(struct state *st, uint64_t index, uint32_t object, uint32_t instance,
    uint32_t element, uint64_t start, uint64_t n, enum law_type type)
{
	struct open_row *r;

	if (ROOM(&st->open, 1) != 0)
		return (CU_ENOMEM);
	r = &st->open.v[st->open.n];
	*r = (struct open_row){ index, STATE_NONE, object, instance, element,
	    start, n, type };
	return (map_put(&st->map, state_key(st, T_OPEN, &index, sizeof(index)),
	    (uint32_t)st->open.n++));
}

static int
close_open(struct state *st, uint32_t row)
{
	struct open_row *r = &st->open.v[row], *last;

	map_del(&st->map, state_key(st, T_OPEN, &r->index, sizeof(r->index)));
	if (r->alias != STATE_NONE)
		map_del(&st->map, state_key(st, T_OPEN, &r->alias,
		    sizeof(r->alias)));
	last = &st->open.v[--st->open.n];
	if (last == r)
		return (0);
	*r = *last;
	if (r->alias != STATE_NONE && map_put(&st->map, state_key(st, T_OPEN,
	    &r->alias, sizeof(r->alias)), row) != 0)
		return (CU_ENOMEM);
	return (map_put(&st->map, state_key(st, T_OPEN, &r->index,
	    sizeof(r->index)), row));
}

static bool
bound_to(const struct binding *b, uint32_t warrant)
{
	size_t i;

	for (i = 0; i < b->warrant.n; i++)
		if (b->warrant.v[i] == warrant)
			return (true);
	return (false);
}

/* Lines of a task bound to that warrant are keyed by this revision. */
static int
note_lines(struct revision *r, uint32_t warrant)
{
	size_t i;

	for (i = 0; i < r->lines.n; i++)
		if (r->lines.v[i] == warrant)
			return (0);
	if (ROOM(&r->lines, 1) != 0)
		return (CU_ENOMEM);
	r->lines.v[r->lines.n++] = warrant;
	return (0);
}

static int
bind(struct state *st, bool product, const char *id, uint64_t index,
    uint32_t owner, const struct cover_row *c, size_t n)
{
	struct map_key k = state_key(st, product ? T_PRODUCT : T_XID, id,
	    TEXT_UUID_LEN);
	uint32_t row = map_get(&st->map, k), w;
	struct binding *b;
	size_t i;

	if (row == MAP_NONE) {
		if (product ? ROOM(&st->product, 1) != 0 :
		    ROOM(&st->xid, 1) != 0)
			return (CU_ENOMEM);
		row = (uint32_t)(product ? st->product.n++ : st->xid.n++);
		b = product ? &st->product.v[row] : &st->xid.v[row];
		memset(b, 0, sizeof(*b));
		memcpy(b->id, id, sizeof(li_uuid));
		b->index = index;
		b->owner = owner;
		b->keyed = c[0].revision;
		if (map_put(&st->map, k, row) != 0)
			return (CU_ENOMEM);
	}
	b = product ? &st->product.v[row] : &st->xid.v[row];
	for (i = 0; i < n; i++) {
		w = st->revision.v[c[i].revision].warrant;
		if (bound_to(b, w))
			continue;
		if (ROOM(&b->warrant, 1) != 0 || (!product &&
		    note_lines(&st->revision.v[b->keyed], w) != 0))
			return (CU_ENOMEM);
		b->warrant.v[b->warrant.n++] = w;
	}
	return (0);
}

/* Forget transaction ids that the stamp's tolerance refuses anyway. */
static void
purge_transactions(struct state *st, utc_us now)
{
	utc_us keep = 2000 * st->rules.v[RECORD_RULE_X1_TIME_TOLERANCE];
	size_t drop = 0;

	/* In large steps, so that looking and moving cost little. */
	if (st->tx.n < 1024 || st->tx.v[st->tx.n / 2].time + keep >= now)
		return;
	while (drop < st->tx.n && st->tx.v[drop].time + keep < now)
		drop++;
	while (drop-- > 0) {
		if (map_get(&st->map, st->tx.v[drop].key) ==
		    ((uint32_t)(st->tx_first + drop) & 0x7fffffff))
			map_del(&st->map, st->tx.v[drop].key);
		st->tx.v[drop].time = INT64_MIN;
	}
	for (drop = 0; drop < st->tx.n && st->tx.v[drop].time == INT64_MIN;)
		drop++;
	memmove(st->tx.v, st->tx.v + drop, (st->tx.n - drop) *
	    sizeof(*st->tx.v));
	st->tx.n -= drop;
	st->tx_first = (st->tx_first + drop) & 0x7fffffff;
}

static int
keep_transaction(struct state *st, const struct state_command *c,
    uint32_t requester, uint64_t index, utc_us time)
{
	struct transaction *t;

	if (c->law.transaction[0] == '\0' || requester == MAP_NONE)
		return (0);
	purge_transactions(st, time);
	if (ROOM(&st->tx, 1) != 0)
		return (CU_ENOMEM);
	t = &st->tx.v[st->tx.n];
	t->key = state_key2(st, T_TRANSACTION, requester, c->law.transaction,
	    TEXT_UUID_LEN);
	t->time = time;
	t->index = index;
	t->before = map_get(&st->map, t->key);
	return (map_put(&st->map, t->key,
	    (uint32_t)(st->tx_first + st->tx.n++) & 0x7fffffff));
}

/* Of that entry, for the outcomes to come. */
static int
keep_word(struct state *st, uint64_t index, uint32_t bits)
{
	if ((st->flags & STATE_STRUCTURE) == 0)
		return (0);
	if (index >= st->word.n) {
		if (ROOM(&st->word, (size_t)index + 1 - st->word.n) != 0)
			return (CU_ENOMEM);
		memset(st->word.v + st->word.n, 0, ((size_t)index + 1 -
		    st->word.n) * sizeof(*st->word.v));
		st->word.n = (size_t)index + 1;
	}
	st->word.v[index] |= bits;
	return (0);
}

static uint32_t
word_of(const struct state *st, uint64_t index)
{
	return (index < st->word.n ? st->word.v[index] : 0);
}

/* The keeper's own members, whose tokens stand in state.c's order. */
static const struct scan_member own_members[] = {
	SCAN_MAY("decision"), SCAN_MAY("rule"), SCAN_MAY("covers"),
	SCAN_MAY("line"), SCAN_MAY("to"), SCAN_MAY("v"), SCAN_MAY("kind"),
	SCAN_MAY("time"), SCAN_MAY("nonce"), SCAN_MAY("source"),
	SCAN_MAY("said"), SCAN_MAY("sig"), SCAN_MAY("_sealed")
};
enum { W_DECISION, W_RULE, W_COVERS, W_LINE, W_TO,
	W_N = sizeof(own_members) / sizeof(own_members[0]) };

/* A row of `covers`: a revision, and which of its sets the tokens are. */
static int
read_cover(const struct state *st, uint32_t t, struct cover_row *out,
    struct cu_why *why)
{
	const struct scan *s = &st->line;
	struct record_token token[RECORD_SET_MAX];
	uint8_t digest[DIGEST_LEN];
	const struct revision *r;
	const char *id;
	uint32_t k;
	size_t len, n = 0;
	int set;

	cu_why_set(why, "covers: form");
	if (scan_count(s, t) != 3 || scan_str(s, t + 1, &id, &len) != 0 ||
	    scan_bytes(s, t + 2, digest, DIGEST_LEN) != 0 ||
	    s->tok[t + 3].type != SCAN_ARRAY)
		return (CU_EMALFORMED);
	for (k = t + 4; k < s->tok[t + 3].next; k++)
		if (n == RECORD_SET_MAX ||
		    scan_bytes(s, k, token[n++].b, DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
	cu_why_set(why, "covers: no such revision");
	out->revision = map_get(&st->map, state_key(st, T_REVISION, digest,
	    DIGEST_LEN));
	if (out->revision == MAP_NONE)
		return (CU_EDENIED);
	r = &st->revision.v[out->revision];
	if (!text_eq(id, len, st->warrant.v[r->warrant].id))
		return (CU_EDENIED);
	cu_why_set(why, "covers: tokens of no set of the revision");
	if ((set = record_sets_find(&r->sets, token, n)) < 0)
		return (CU_EDENIED);
	out->set = (uint32_t)set;
	return (0);
}

static int
read_own(const struct state *st, struct own *o, bool late, struct cu_why *why)
{
	const struct scan *s = &st->line;
	uint32_t v[W_N], t;
	int rc;

	memset(o, 0, sizeof(*o));
	o->to = STATE_NONE;
	cu_why_set(why, "the keeper's members");
	if (scan_members(s, 0, own_members, W_N, v, NULL) != 0)
		return (CU_EMALFORMED);
	if (late) {
		if (v[W_DECISION] != 0 || v[W_RULE] != 0 || v[W_COVERS] != 0 ||
		    v[W_TO] != 0)
			return (CU_EMALFORMED);
		o->allowed = true;
	} else {
		o->allowed = scan_is(s, v[W_DECISION], "allowed");
		if ((!o->allowed && !scan_is(s, v[W_DECISION], "refused")) ||
		    scan_str(s, v[W_RULE], &o->rule, &o->rule_len) != 0)
			return (CU_EMALFORMED);
	}
	if ((!o->allowed && (v[W_COVERS] != 0 || v[W_LINE] != 0 ||
	    v[W_TO] != 0)) ||
	    (v[W_TO] != 0 && scan_dec(s, v[W_TO], &o->to) != 0))
		return (CU_EMALFORMED);
	if (v[W_LINE] != 0) {
		if (scan_bytes(s, v[W_LINE], o->line, DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
		o->has_line = true;
	}
	if (v[W_COVERS] == 0)
		return (0);
	o->has_covers = true;
	if (s->tok[v[W_COVERS]].type != SCAN_ARRAY ||
	    scan_count(s, v[W_COVERS]) > LAW_COVERS_MAX)
		return (CU_EMALFORMED);
	for (t = v[W_COVERS] + 1; t < s->tok[v[W_COVERS]].next;
	    t = s->tok[t].next)
		if ((rc = read_cover(st, t, &o->cover[o->covers_n++], why)) !=
		    0)
			return (rc);
	return (0);
}

static int
take_allowed(struct state *st, const struct state_command *c,
    const struct own *own, uint64_t index, utc_us time, uint32_t element,
    uint32_t requester, uint32_t instance, uint64_t start, uint64_t n)
{
	uint32_t row = MAP_NONE;
	struct object *o;

	if (c->law.type == LAW_ACTIVATE_TASK || c->law.type == LAW_MODIFY_TASK)
		if (own->covers_n > 0 && (bind(st, false, c->law.xid, index,
		    requester, own->cover, own->covers_n) != 0 ||
		    (c->law.product[0] != '\0' && bind(st, true,
		    c->law.product, index, requester, own->cover,
		    own->covers_n) != 0)))
			return (CU_ENOMEM);
	if (changes(c->law.type)) {
		if ((o = object_of(st, c, element, true)) == NULL ||
		    add_effect(st, o, c, index, false,
		    own->has_line ? own->line : NULL, own->to) != 0)
			return (CU_ENOMEM);
		row = (uint32_t)(o - st->object.v);
		if (c->law.type != LAW_DEACTIVATE_TASK &&
		    c->law.type != LAW_REMOVE_DESTINATION)
			o->commanded = true;
		o->requester = requester;
		if (own->covers_n > 0) {
			o->revision = own->cover[0].revision;
			o->set = own->cover[0].set;
		}
		if (c->law.type == LAW_DEACTIVATE_TASK) {
			if (ROOM(&st->stop, 1) != 0)
				return (CU_ENOMEM);
			st->stop.v[st->stop.n++] = (struct stop){ index, row,
			    time };
			state_due_at(st, time + 1000 *
			    st->rules.v[RECORD_RULE_OVERDUE_AFTER]);
		}
	}
	return (add_open(st, index, row, instance, element, start, n,
	    c->law.type));
}

#define WHO_MAX	(TEXT_ID_MAX + 2 * DIGEST_LEN)	/* an id, or hex; or word@id */

/* What was refused: one finding for a peer, an element, an hour. */
static int
pend_refused(struct state *st, enum severity severity, const char *who,
    uint32_t element, uint32_t instance, uint64_t index, utc_us time,
    const char *word)
{
	char key[WHO_MAX + UTC_LEN + 2], hour[UTC_LEN + 1];

	utc_text(hour, time);
	snprintf(key, sizeof(key), "%s@%.13s", who, hour);
	return (state_pend(st, F_COMMAND_REFUSED, severity, key, element,
	    instance, NULL, index, time, STATE_NONE, word));
}

/* What a gate counted and did not read: the gate is all that names it. */
static int
pend_counted(struct state *st, enum severity severity, const char *word,
    uint32_t instance, uint64_t index, utc_us time)
{
	char who[WHO_MAX + 1];

	snprintf(who, sizeof(who), "%s@%s", word, st->instance.v[instance].id);
	return (pend_refused(st, severity, who, MAP_NONE, instance, index,
	    time, word));
}

static int
take_command(struct state *st, uint64_t index, utc_us time, uint32_t instance,
    uint64_t start, uint64_t n, struct cu_why *why)
{
	struct state_command c;
	uint32_t requester, element = MAP_NONE;
	char who[WHO_MAX + 1];
	struct own own;
	int rc;

	if (st->instance.v[instance].role != RECORD_ROLE_GATE) {
		cu_why_set(why, "source: not a gate");
		return (CU_EDENIED);
	}
	if ((rc = state_said_command(&c, &st->said, false, why)) != 0 ||
	    (rc = read_own(st, &own, false, why)) != 0)
		return (rc);
	requester = c.requester[0] == '\0' ? MAP_NONE :
	    state_find(st, T_ELEMENT, c.requester);
	if (c.element != STATE_NONE)
		element = state_find_index(st, T_REGISTRATION, c.element);
	cu_why_set(why, "an allowed command on nothing");
	if (own.allowed && (element == MAP_NONE || requester == MAP_NONE ||
	    (changes(c.law.type) && c.law.type <= LAW_DEACTIVATE_TASK &&
	    c.law.xid[0] == '\0') || (c.law.type >= LAW_CREATE_DESTINATION &&
	    c.law.type <= LAW_REMOVE_DESTINATION && c.law.shape.dids_n != 1)))
		return (CU_EDENIED);
	if (own.has_covers != (own.allowed &&
	    (c.law.type == LAW_ACTIVATE_TASK ||
	    c.law.type == LAW_MODIFY_TASK))) {
		cu_why_set(why, "covers: where it does not belong");
		return (CU_EMALFORMED);
	}
	if ((st->flags & STATE_STRUCTURE) && (rc = state_check_command(st, &c,
	    &own, st->instance.v[instance].id, time, why)) != 0)
		return (rc);
	if (keep_transaction(st, &c, requester, index, time) != 0 ||
	    keep_word(st, index, instance << WORD_BITS | (own.allowed ?
	    WORD_COMMAND : WORD_REFUSED)) != 0)
		return (CU_ENOMEM);
	if (own.allowed)
		return (take_allowed(st, &c, &own, index, time, element,
		    requester, instance, start, n));
	if (c.requester[0] == '\0' && c.has_certificate)
		text_hex(who, c.certificate, DIGEST_LEN);
	else
		text_put(who, c.requester);
	return (pend_refused(st, requester == MAP_NONE ? SEV_CRITICAL :
	    SEV_NOTICE, who, element, instance, index, time, NULL));
}

static int
take_late(struct state *st, uint64_t index, utc_us time, uint32_t instance,
    uint64_t start, uint64_t n, struct cu_why *why)
{
	struct state_command c;
	uint32_t element = MAP_NONE, requester, row;
	uint64_t same = STATE_NONE;
	struct object *o;
	struct own own;
	int rc;

	if (st->instance.v[instance].role != RECORD_ROLE_GATE) {
		cu_why_set(why, "source: not a gate");
		return (CU_EDENIED);
	}
	if ((rc = state_said_command(&c, &st->said, true, why)) != 0 ||
	    (rc = read_own(st, &own, true, why)) != 0)
		return (rc);
	requester = state_find(st, T_ELEMENT, c.requester);
	if (c.element != STATE_NONE)
		element = state_find_index(st, T_REGISTRATION, c.element);
	cu_why_set(why, "a late that is no narrowing");
	if (element == MAP_NONE || (c.law.type != LAW_DEACTIVATE_TASK &&
	    c.law.type != LAW_MODIFY_TASK &&
	    c.law.type != LAW_REMOVE_DESTINATION &&
	    c.law.type != LAW_KEEPALIVE) ||
	    (c.law.type == LAW_REMOVE_DESTINATION ? c.law.shape.dids_n != 1 :
	    c.law.type != LAW_KEEPALIVE && c.law.xid[0] == '\0'))
		return (CU_EDENIED);
	if (c.has_request && state_report(st, st->instance.v[instance].id,
	    start, c.request, &same) != 0)
		same = STATE_NONE;
	if (keep_transaction(st, &c, requester, index, time) != 0 ||
	    keep_word(st, index, instance << WORD_BITS | WORD_LATE |
	    (word_of(st, same) & WORD_LEFT)) != 0)
		return (CU_ENOMEM);
	/* Asked of the keeper before: the same sending, not a second. */
	if (same != STATE_NONE &&
	    (row = state_find_index(st, T_OPEN, same)) != MAP_NONE) {
		st->open.v[row].alias = index;
		return (map_put(&st->map, state_key(st, T_OPEN, &index,
		    sizeof(index)), row));
	}
	row = MAP_NONE;
	if (changes(c.law.type)) {
		if ((o = object_of(st, &c, element, true)) == NULL ||
		    add_effect(st, o, &c, index, true,
		    own.has_line ? own.line : NULL, STATE_NONE) != 0)
			return (CU_ENOMEM);
		row = (uint32_t)(o - st->object.v);
		o->requester = requester;
		if (c.law.type == LAW_DEACTIVATE_TASK) {
			if (ROOM(&st->stop, 1) != 0)
				return (CU_ENOMEM);
			st->stop.v[st->stop.n++] = (struct stop){ index, row,
			    time };
			state_due_at(st, time + 1000 *
			    st->rules.v[RECORD_RULE_OVERDUE_AFTER]);
		}
	}
	return (add_open(st, index, row, instance, element, start, n,
	    c.law.type));
}

/* An acknowledged stop answers for those before it, too. */
static void
drop_stops(struct state *st, uint32_t object, uint64_t command)
{
	size_t i = 0;

	while (i < st->stop.n)
		if (st->stop.v[i].object == object &&
		    st->stop.v[i].command <= command)
			st->stop.v[i] = st->stop.v[--st->stop.n];
		else
			i++;
}

static int
settle_outcome(struct state *st, uint32_t row, uint64_t index, utc_us time,
    enum law_fate fate, bool acknowledged)
{
	struct open_row r = st->open.v[row];
	struct law_effect *e;
	struct object *o;
	size_t i;

	if (r.object != MAP_NONE) {
		o = &st->object.v[r.object];
		for (i = 0; i < o->effect.n; i++) {
			e = &o->effect.v[i];
			if (e->command != r.index)
				continue;
			e->fate = fate;
			e->outcome = index;
			e->outcome_time = time;
		}
		if (o->command == r.index) {
			o->fate = fate;
			o->outcome = index;
			o->done_time = time;
		}
		st->element.v[o->element].dirty = true;
		if (r.type == LAW_DEACTIVATE_TASK && acknowledged)
			drop_stops(st, r.object, r.index);
	}
	return (close_open(st, row));
}

/*
 * May this be said of that entry?  Nothing leaves that was refused, nothing
 * leaves twice; a command leaves under a checkpoint that holds it, what left
 * by the spool under none.
 */
static int
check_outcome(const struct state *st, const uint32_t *v, uint64_t command,
    uint32_t instance, bool left, struct cu_why *why)
{
	const struct scan *s = &st->said;
	bool sent = scan_is(s, v[O_WHAT], "sent");
	bool unsent = scan_is(s, v[O_WHAT], "not sent");
	uint32_t w = word_of(st, command);
	uint64_t checkpoint = 0;

	cu_why_set(why, "command: neither a command nor a late");
	if ((w & (WORD_COMMAND | WORD_REFUSED | WORD_LATE)) == 0)
		return (CU_EDENIED);
	cu_why_set(why, "command: of another instance");
	if (w >> WORD_BITS != instance)
		return (CU_EDENIED);
	cu_why_set(why, "command: refused, so it was not sent");
	if ((w & WORD_REFUSED) && !unsent)
		return (CU_EDENIED);
	cu_why_set(why, "command: what became of it was said before");
	if (left && (w & (WORD_OUTCOME | WORD_LEFT)))
		return (CU_EDENIED);
	cu_why_set(why, "sent, without times or an answer");
	if (sent && (scan_null(s, v[O_SENT_AT]) ||
	    scan_null(s, v[O_ANSWERED_AT]) || scan_null(s, v[O_ANSWER])))
		return (CU_EDENIED);
	cu_why_set(why, "not sent, and answered");
	if (unsent && (!scan_null(s, v[O_SENT_AT]) ||
	    !scan_null(s, v[O_ANSWERED_AT]) || !scan_null(s, v[O_ANSWER])))
		return (CU_EDENIED);
	cu_why_set(why, "checkpoint: does not hold the command");
	if (scan_null(s, v[O_CHECKPOINT]))
		return (sent && (w & WORD_COMMAND) ? CU_EDENIED : 0);
	if (scan_dec(s, v[O_CHECKPOINT], &checkpoint) != 0 ||
	    checkpoint > st->size ||
	    (left && (w & WORD_COMMAND) && checkpoint <= command))
		return (CU_EDENIED);
	return (0);
}

/* What was said of it, and of the late that is the same sending. */
static int
keep_outcome(struct state *st, uint64_t command, uint32_t row, bool left)
{
	uint32_t bits = left ? WORD_LEFT : 0;

	if (keep_word(st, command, WORD_OUTCOME | bits) != 0)
		return (CU_ENOMEM);
	if (row == MAP_NONE || st->open.v[row].alias == STATE_NONE)
		return (0);
	return (keep_word(st, st->open.v[row].index, bits) != 0 ||
	    keep_word(st, st->open.v[row].alias, bits) != 0 ? CU_ENOMEM : 0);
}

static int
take_outcome(struct state *st, uint64_t index, utc_us time, uint32_t instance,
    struct cu_why *why)
{
	const struct scan *s = &st->said;
	uint32_t v[O_N], row, element;
	enum law_fate fate;
	uint64_t command;
	int64_t code = 0;
	bool stop, left, ack = false;
	int rc;

	cu_why_set(why, "said: outcome");
	if (scan_members(s, 0, outcome_members, O_N, v, NULL) != 0 ||
	    scan_dec(s, v[O_COMMAND], &command) != 0 ||
	    (!scan_null(s, v[O_CODE]) && scan_int(s, v[O_CODE], &code) != 0))
		return (CU_EMALFORMED);
	cu_why_set(why, "command: not an entry yet");
	if (command >= st->size)
		return (CU_EDENIED);
	row = state_find_index(st, T_OPEN, command);
	element = row == MAP_NONE ? MAP_NONE : st->open.v[row].element;
	cu_why_set(why, "command: of another instance");
	if (row != MAP_NONE && st->open.v[row].instance != instance)
		return (CU_EDENIED);
	stop = row != MAP_NONE && st->open.v[row].type == LAW_DEACTIVATE_TASK;
	if (scan_is(s, v[O_WHAT], "sent")) {
		if (scan_is(s, v[O_ANSWER], "Acknowledged"))
			fate = LAW_FATE_TAKEN;
		else if (scan_is(s, v[O_ANSWER], "ErrorResponse") ||
		    scan_is(s, v[O_ANSWER], "TopLevelError"))
			fate = LAW_FATE_NOT;
		else
			fate = LAW_FATE_DONE;
		/* 2020: it does not hold the task, so nothing is left open. */
		ack = fate != LAW_FATE_NOT || (stop && code == 2020);
	} else if (scan_is(s, v[O_WHAT], "not sent"))
		fate = LAW_FATE_NOT;
	else if (scan_is(s, v[O_WHAT], "in doubt"))
		fate = LAW_FATE_DOUBT;
	else {
		cu_why_set(why, "what");
		return (CU_EMALFORMED);
	}
	/* In doubt after a restart: nobody knows whether it left. */
	left = fate != LAW_FATE_NOT || scan_is(s, v[O_WHAT], "sent");
	if (scan_is(s, v[O_WHY], "restart"))
		left = false;
	if ((st->flags & STATE_STRUCTURE) && ((rc = check_outcome(st, v,
	    command, instance, left, why)) != 0 ||
	    (rc = keep_outcome(st, command, row, left)) != 0))
		return (rc);
	if (scan_is(s, v[O_WHY], "diverges") && state_pend(st,
	    F_DECISION_DIVERGES, SEV_CRITICAL, NULL, element, instance, NULL,
	    index, time, command, NULL) != 0)
		return (CU_ENOMEM);
	if (scan_is(s, v[O_WHY], "clock") && state_pend(st, F_CLOCK_STEP,
	    SEV_CRITICAL, NULL, element, instance, NULL, index, time, command,
	    NULL) != 0)
		return (CU_ENOMEM);
	if (scan_is(s, v[O_WHY], "identity") && element != MAP_NONE &&
	    state_pend(st, F_ELEMENT_IDENTITY, SEV_CRITICAL, NULL, element,
	    MAP_NONE, NULL, index, time, STATE_NONE, NULL) != 0)
		return (CU_ENOMEM);
	if (fate == LAW_FATE_DOUBT && state_pend(st, F_COMMAND_IN_DOUBT,
	    SEV_WARNING, NULL, element, MAP_NONE, row == MAP_NONE ||
	    st->open.v[row].object == MAP_NONE ? NULL :
	    &st->object.v[st->open.v[row].object], index, time, command,
	    NULL) != 0)
		return (CU_ENOMEM);
	if (row == MAP_NONE)
		return (0);	/* of a refused one, or a second word */
	return (settle_outcome(st, row, index, time, fate, ack));
}

static int
take_word(struct state *st, enum record_kind kind, uint64_t index, utc_us time,
    uint32_t instance, struct cu_why *why)
{
	const struct scan *s = &st->said;
	struct instance *p = &st->instance.v[instance];
	uint32_t v[B_N];
	int64_t spool = 0, tls = 0, refused = 0;
	bool failed = false;
	uint64_t size = 0;

	cu_why_set(why, "said: %s", record_kind_name(kind));
	if (scan_members(s, 0, beat_members, B_N, v, NULL) != 0 ||
	    (v[B_SIZE] != 0 && scan_dec(s, v[B_SIZE], &size) != 0) ||
	    (!scan_null(s, v[B_SPOOL]) &&
	    scan_int(s, v[B_SPOOL], &spool) != 0) ||
	    (!scan_null(s, v[B_TLS]) && scan_int(s, v[B_TLS], &tls) != 0) ||
	    (!scan_null(s, v[B_REFUSED]) &&
	    scan_int(s, v[B_REFUSED], &refused) != 0) ||
	    (!scan_null(s, v[B_FAILED]) &&
	    scan_bool(s, v[B_FAILED], &failed) != 0) || spool < 0)
		return (CU_EMALFORMED);
	if ((st->flags & STATE_STRUCTURE) && size > st->size) {
		cu_why_set(why, "size: beyond the log");
		return (CU_EDENIED);
	}
	st->beat = kind == RECORD_BEAT && v[B_SIZE] != 0 &&
	    v[B_ROOT] != 0 && scan_bytes(s, v[B_ROOT], st->beat_root,
	    sizeof(st->beat_root)) == 0;
	st->beat_size = size;
	p->stopped = kind == RECORD_STOP;
	if (kind == RECORD_START)
		st->timed_next = 0;
	p->size = size;
	if (tls > 0 && pend_counted(st, SEV_CRITICAL, "tls", instance, index,
	    time) != 0)
		return (CU_ENOMEM);
	if (refused > 0 && pend_counted(st, SEV_NOTICE, "rate", instance,
	    index, time) != 0)
		return (CU_ENOMEM);
	if (failed && state_pend(st, F_STOP_UNRECORDED, SEV_CRITICAL, NULL,
	    MAP_NONE, instance, NULL, index, time, STATE_NONE, NULL) != 0)
		return (CU_ENOMEM);
	if (kind == RECORD_STOP || p->role != RECORD_ROLE_GATE)
		return (0);
	p->spool = (uint64_t)spool;
	if (spool != 0)
		return (0);
	p->spool_index = index;
	return (state_spool_empty(st, instance, index, time));
}

int
state_take_said(struct state *st, enum record_kind kind, uint64_t index,
    utc_us time, uint32_t instance, uint64_t start, uint64_t n,
    struct cu_why *why)
{
	switch (kind) {
	case RECORD_COMMAND:
		return (take_command(st, index, time, instance, start, n,
		    why));
	case RECORD_LATE:
		return (take_late(st, index, time, instance, start, n, why));
	case RECORD_OUTCOME:
		return (take_outcome(st, index, time, instance, why));
	case RECORD_SNAPSHOT:
	case RECORD_ROUND:
		return (state_take_answer(st, kind, index, time, instance,
		    start, n, why));
	case RECORD_START:
	case RECORD_STOP:
	case RECORD_BEAT:
		return (take_word(st, kind, index, time, instance, why));
	case RECORD_REPORT:
		return (0);	/* nothing rests on what an element says */
	default:
		cu_why_set(why, "kind: no report of this kind");
		return (CU_EMALFORMED);
	}
}
