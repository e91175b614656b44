/* src/state/state.c: one entry after the other into the tables */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "crypto/random.h"
#include "state/state_int.h"

int
state_room(void **v, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap;
	void *p;

	if (want <= n)
		return (0);
	/* From one and by half: most lists are short, some tables large. */
	for (n = n == 0 ? 1 : n; n < want; n += n / 2 + 1)
		;
	if (n >= MAP_NONE || (p = realloc(*v, n * size)) == NULL)
		return (CU_ENOMEM);
	*v = p;
	*cap = n;
	return (0);
}

struct map_key
state_key(const struct state *st, enum tab tab, const void *p, size_t n)
{
	return (map_hash(&st->seed, tab, p, n));
}

struct map_key
state_key2(const struct state *st, enum tab tab, uint64_t a, const void *p,
    size_t n)
{
	uint8_t b[8 + 300];

	memcpy(b, &a, 8);
	if (n > sizeof(b) - 8)
		n = sizeof(b) - 8;
	memcpy(b + 8, p, n);
	return (map_hash(&st->seed, tab, b, n + 8));
}

uint32_t
state_find(const struct state *st, enum tab tab, const char *s)
{
	return (map_get(&st->map, state_key(st, tab, s, strlen(s))));
}

uint32_t
state_find_index(const struct state *st, enum tab tab, uint64_t index)
{
	return (map_get(&st->map, state_key(st, tab, &index, sizeof(index))));
}

int
state_create(struct state **out, unsigned int flags)
{
	struct state *st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		return (CU_ENOMEM);
	st->flags = flags;
	random_bytes(&st->seed, sizeof(st->seed));
	random_bytes(st->tag_key, sizeof(st->tag_key));
	tlog_range_init(&st->range);
	map_init(&st->map);
	record_rules_default(&st->rules);
	st->clock_after = STATE_NONE;
	st->overdue_next = UTC_MAX;
	st->line.cap = st->said.cap = SCAN_TOKS_MAX;
	st->line.tok = malloc(SCAN_TOKS_MAX * sizeof(*st->line.tok));
	st->said.tok = malloc(SCAN_TOKS_MAX * sizeof(*st->said.tok));
	st->said_text = malloc(RECORD_ENTRY_MAX + 1);
	st->facts = malloc(sizeof(*st->facts));
	if (st->line.tok == NULL || st->said.tok == NULL ||
	    st->said_text == NULL || st->facts == NULL) {
		state_free(st);
		return (CU_ENOMEM);
	}
	*out = st;
	return (0);
}

static void
free_element(struct element *e)
{
	free(e->id);
	record_payload_free(e->payload);
	free(e->part.v);
	free(e->gone.v);
	wipe(e->audit_key, sizeof(e->audit_key));
}

static void
free_revision(struct revision *r)
{
	free(r->element);
	free(r->zone);
	free(r->sets.token);
	free(r->payload);
	free(r->tag);
	free(r->lines.v);
	wipe(r->token_key, sizeof(r->token_key));
}

void
state_flags(struct state *st, unsigned int flags)
{
	st->flags = flags;
}

void
state_free(struct state *st)
{
	size_t i;

	if (st == NULL)
		return;
	for (i = 0; i < st->holder.n; i++)
		free(st->holder.v[i].id);
	for (i = 0; i < st->known.n; i++)
		free(st->known.v[i].of);
	for (i = 0; i < st->instance.n; i++) {
		free(st->instance.v[i].id);
		free(st->instance.v[i].kept);
		free(st->instance.v[i].gap.v);
	}
	for (i = 0; i < st->element.n; i++)
		free_element(&st->element.v[i]);
	for (i = 0; i < st->warrant.n; i++) {
		free(st->warrant.v[i].id);
		free(st->warrant.v[i].revision.v);
	}
	for (i = 0; i < st->revision.n; i++)
		free_revision(&st->revision.v[i]);
	for (i = 0; i < st->xid.n; i++)
		free(st->xid.v[i].warrant.v);
	for (i = 0; i < st->product.n; i++)
		free(st->product.v[i].warrant.v);
	for (i = 0; i < st->object.n; i++) {
		free(st->object.v[i].base.v);
		free(st->object.v[i].effect.v);
	}
	for (i = 0; i < st->shape.n; i++)
		free(st->shape.v[i].dids);
	free(st->policy.v);
	free(st->holder.v);
	free(st->known.v);
	free(st->instance.v);
	free(st->element.v);
	free(st->warrant.v);
	free(st->revision.v);
	free(st->set.v);
	free(st->xid.v);
	free(st->product.v);
	free(st->object.v);
	free(st->open.v);
	free(st->shape.v);
	free(st->finding.v);
	free(st->pending.v);
	free(st->stop.v);
	free(st->word.v);
	free(st->tx.v);
	free(st->unopened.v);
	free(st->origin);
	free(st->line.tok);
	free(st->said.tok);
	free(st->said_text);
	free(st->gap.v);
	free(st->facts);
	map_fini(&st->map);
	wipe(st->tag_key, sizeof(st->tag_key));
	free(st);
}

/* Members of an entry; the keeper's own of all kinds stand together. */
enum { M_V, M_KIND, M_TIME, M_NONCE, M_SOURCE, M_ACT, M_SAID, M_SIG, M_SEALED,
	M_OWN };
static const struct scan_member common[] = {
	SCAN_M("v"), SCAN_M("kind"), SCAN_M("time"), SCAN_M("nonce"),
	SCAN_M("source"), SCAN_MAY("act"), SCAN_MAY("said"), SCAN_MAY("sig"),
	SCAN_MAY("_sealed"),
	/* command */
	SCAN_MAY("decision"), SCAN_MAY("rule"), SCAN_MAY("covers"),
	SCAN_MAY("line"), SCAN_MAY("to"),
	/* start of the keeper */
	SCAN_MAY("version"), SCAN_MAY("build"), SCAN_MAY("config"),
	SCAN_MAY("recovered"), SCAN_MAY("dropped"),
	/* finding */
	SCAN_MAY("verb"), SCAN_MAY("finding"), SCAN_MAY("type"),
	SCAN_MAY("severity"), SCAN_MAY("element"), SCAN_MAY("instance"),
	SCAN_MAY("holder"), SCAN_MAY("xid"), SCAN_MAY("did"),
	SCAN_MAY("rests"), SCAN_MAY("word"), SCAN_MAY("_sd")
};
#define COMMON_N (sizeof(common) / sizeof(common[0]))

static const struct scan_member source_members[] = {
	SCAN_M("role"), SCAN_M("instance"), SCAN_M("start"), SCAN_M("n")
};

struct head {
	enum record_kind kind;
	utc_us time;
	enum record_role role;
	char instance[TEXT_ID_MAX + 1];
	uint64_t start, n;
	uint32_t v[COMMON_N];
};

static int
copy_id(const struct scan *s, uint32_t t, char *out)
{
	const char *p;
	size_t n;

	if (scan_str(s, t, &p, &n) != 0 || !text_is_id(p, n))
		return (-1);
	memcpy(out, p, n);
	out[n] = '\0';
	return (0);
}

static int
copy_name(const struct scan *s, uint32_t t, char *out, size_t cap)
{
	const char *p;
	size_t n;

	if (scan_str(s, t, &p, &n) != 0 || n >= cap)
		return (-1);
	memcpy(out, p, n);
	out[n] = '\0';
	return (0);
}

static int
read_head(struct state *st, struct head *h, struct cu_why *why)
{
	const struct scan *s = &st->line;
	uint8_t nonce[RECORD_NONCE_LEN];
	const char *bad;
	char name[32];
	uint32_t v[4];
	int64_t one, start, n;

	if (scan_members(s, 0, common, COMMON_N, h->v, &bad) != 0) {
		cu_why_set(why, "%s", bad);
		return (CU_EMALFORMED);
	}
	cu_why_set(why, "common members");
	if (scan_int(s, h->v[M_V], &one) != 0 || one != 1 ||
	    copy_name(s, h->v[M_KIND], name, sizeof(name)) != 0 ||
	    (h->kind = record_kind_find(name)) == 0 ||
	    scan_utc(s, h->v[M_TIME], &h->time) != 0 ||
	    scan_bytes(s, h->v[M_NONCE], nonce, sizeof(nonce)) != 0 ||
	    scan_members(s, h->v[M_SOURCE], source_members, 4, v, NULL) != 0 ||
	    copy_name(s, v[0], name, sizeof(name)) != 0 ||
	    (h->role = record_role_find(name)) == 0 ||
	    copy_id(s, v[1], h->instance) != 0 ||
	    scan_int(s, v[2], &start) != 0 || scan_int(s, v[3], &n) != 0 ||
	    start < 1 || n < 1 || (uint64_t)start > RECORD_COUNT_MAX ||
	    (uint64_t)n > RECORD_COUNT_MAX)
		return (CU_EMALFORMED);
	h->start = (uint64_t)start;
	h->n = (uint64_t)n;
	if ((h->v[M_ACT] != 0) + (h->v[M_SAID] != 0) > 1 ||
	    (h->v[M_SAID] != 0) != (h->v[M_SIG] != 0))
		return (CU_EMALFORMED);
	return (0);
}

/* Whose word is it?  The registered instance, its numbers in order. */
static int
check_source(struct state *st, const struct head *h, uint32_t *out,
    struct cu_why *why)
{
	struct instance *p;
	uint32_t i = state_find(st, T_INSTANCE, h->instance);

	*out = i;
	if (h->role == RECORD_ROLE_KEEPER) {
		/* It speaks before it is registered, under one id. */
		if (st->size > 0 && strcmp(h->instance, st->keeper) != 0 &&
		    (i == MAP_NONE || !st->instance.v[i].live ||
		    st->instance.v[i].role != RECORD_ROLE_KEEPER)) {
			cu_why_set(why, "source: another keeper");
			return (CU_EDENIED);
		}
		if (h->v[M_SAID] != 0) {
			cu_why_set(why, "said: by a keeper");
			return (CU_EMALFORMED);
		}
	} else if (i == MAP_NONE || !st->instance.v[i].live ||
	    st->instance.v[i].role != h->role || h->v[M_SAID] == 0) {
		cu_why_set(why, "source: no such instance");
		return (CU_EDENIED);
	}
	if (i == MAP_NONE)
		return (0);
	p = &st->instance.v[i];
	if (h->start < p->start || (h->start == p->start && h->n <= p->n)) {
		cu_why_set(why, "source: number out of order");
		return (CU_ESTATE);
	}
	/* A keeper numbers what it writes, so that none is left out. */
	if ((st->flags & STATE_STRUCTURE) && h->role == RECORD_ROLE_KEEPER &&
	    p->start != 0 && h->n != (h->start == p->start ? p->n + 1 : 1)) {
		cu_why_set(why, "source: a number of the keeper is missing");
		return (CU_EDENIED);
	}
	return (0);
}

static int
missing(const struct instance *p, size_t n, uint64_t start,
    struct cu_why *why)
{
	cu_why_set(why, "%s: %zu reports of start %llu are missing", p->id, n,
	    (unsigned long long)start);
	return (CU_EDENIED);
}

/* Take what a `void` names from what is missing; its numbers ascend. */
static int
take_void(struct state *st, uint32_t t, struct cu_why *why)
{
	const struct scan *s = &st->said;
	size_t i = 0, k = 0;
	uint32_t end = s->tok[t].next;
	int64_t x, last = 0;

	for (t++; t < end; t = s->tok[t].next, last = x) {
		if (scan_int(s, t, &x) != 0 || x <= last) {
			cu_why_set(why, "void");
			return (CU_EMALFORMED);
		}
		while (i < st->gap.n && st->gap.v[i] < (uint64_t)x)
			st->gap.v[k++] = st->gap.v[i++];
		if (i < st->gap.n && st->gap.v[i] == (uint64_t)x)
			i++;
	}
	while (i < st->gap.n)
		st->gap.v[k++] = st->gap.v[i++];
	st->gap.n = k;
	return (0);
}

/*
 * A number that is missing and that no `void` names is a dropped report.
 * Reports that were under way beside one that became no entry cannot name it:
 * one of the next RECORD_VOID_LATE must, and a `stop`, which knows what is open,
 * at the latest.  What ended without a word, by a crash, can name nothing: with
 * its next start that is over.
 */
static int
check_gap(struct state *st, const struct head *h, uint32_t i,
    uint32_t void_tok, struct cu_why *why)
{
	const struct instance *p = &st->instance.v[i];
	bool same = h->start == p->start;
	uint64_t from = same ? p->n + 1 : 1;
	size_t k;

	st->gap.n = 0;
	if ((st->flags & STATE_STRUCTURE) == 0)
		return (0);
	if (h->n - from > RECORD_VOID_MAX)
		return (missing(p, (size_t)(h->n - from), h->start, why));
	if (ROOM(&st->gap, p->gap.n + (size_t)(h->n - from)) != 0)
		return (CU_ENOMEM);
	for (k = 0; same && k < p->gap.n; k++)
		st->gap.v[st->gap.n++] = p->gap.v[k];
	for (; from < h->n; from++)
		st->gap.v[st->gap.n++] = from;
	if (void_tok != 0 && take_void(st, void_tok, why) != 0)
		return (CU_EMALFORMED);
	if (st->gap.n > 0 && (h->kind == RECORD_STOP ||
	    h->n - st->gap.v[0] >= RECORD_VOID_LATE))
		return (missing(p, st->gap.n, h->start, why));
	return (0);
}

/* The entry stands: what is missing from now on. */
static void
keep_gap(struct state *st, struct instance *p)
{
	struct gap was = p->gap;

	p->gap = st->gap;
	st->gap = was;
}

static void
keep_number(struct state *st, const struct head *h, uint32_t i, uint64_t index)
{
	struct instance *p = &st->instance.v[i];
	size_t k = h->n % REPORTS_KEPT;

	p->start = h->start;
	p->n = h->n;
	p->heard = h->time;
	if (h->role != RECORD_ROLE_KEEPER)
		keep_gap(st, p);
	/* Of gate and auditor, state_take_said knows. */
	if (h->role == RECORD_ROLE_KEEPER)
		p->stopped = h->kind == RECORD_STOP;
	if (p->kept != NULL) {
		p->kept[k].start = h->start;
		p->kept[k].n = h->n;
		p->kept[k].index = index;
	}
}

static int
check_signature(struct state *st, const struct head *h, uint32_t i,
    const char *said, size_t len, struct cu_why *why)
{
	static const struct scan_member m[] = { SCAN_M("key"), SCAN_M("time"),
	    SCAN_M("sig") };
	struct record_report r = { h->kind, h->instance, h->start, h->n, said,
	    len };
	struct record_sig sig;
	uint32_t v[3];

	if (scan_members(&st->line, h->v[M_SIG], m, 3, v, NULL) != 0 ||
	    copy_name(&st->line, v[0], sig.key, sizeof(sig.key)) != 0 ||
	    scan_utc(&st->line, v[1], &sig.time) != 0 ||
	    scan_bytes(&st->line, v[2], sig.sig, sizeof(sig.sig)) != 0) {
		cu_why_set(why, "sig");
		return (CU_EMALFORMED);
	}
	if ((st->flags & STATE_SIGNATURES) && !record_report_verify(&r,
	    &st->log, &sig, st->instance.v[i].key)) {
		cu_why_set(why, "sig: not %s's", h->instance);
		return (CU_EDENIED);
	}
	return (0);
}

/* The strict reading of the record floor, of what is rare or verified. */
static int
apply_act(struct state *st, uint64_t index, const struct head *h,
    const void *line, size_t len, struct cu_why *why)
{
	struct record_entry *e;
	int rc;

	if ((rc = record_entry_read(&e, line, len, why)) != 0)
		return (rc);
	if (e->act == NULL) {
		cu_why_set(why, "act: missing");
		rc = CU_EMALFORMED;
	} else if (index == 0)
		memcpy(st->keeper, h->instance, sizeof(st->keeper));
	if (rc == 0)
		rc = state_take_act(st, index, h->time, e->act, why);
	record_entry_free(e);
	return (rc);
}

/*
 * Who does not hear is not heard: a keeper that ended without a word and came
 * back late was silent itself, whoever ended it.
 */
static int
keeper_returns(struct state *st, uint64_t index, const struct head *h,
    uint32_t i)
{
	utc_us allowed = 1000 * st->rules.v[RECORD_RULE_BEAT_MISSING];

	if (st->keeper_start == 0 || st->keeper_stopped || i == MAP_NONE ||
	    h->time - st->time <= allowed)
		return (0);
	return (state_pend(st, F_BEAT_MISSING, SEV_CRITICAL, NULL, MAP_NONE, i,
	    NULL, index, h->time, index - 1, NULL));
}

static int
apply_own(struct state *st, uint64_t index, const struct head *h, uint32_t i,
    struct cu_why *why)
{
	switch (h->kind) {
	case RECORD_FINDING:
		return (state_take_finding(st, index, h->time, h->v + M_OWN,
		    why));
	case RECORD_START:
		if (keeper_returns(st, index, h, i) != 0)
			return (CU_ENOMEM);
		/* What is lacking is derived anew, and due anew. */
		st->keeper_start = h->time;
		return (0);
	case RECORD_STOP:
	case RECORD_BEAT:
		return (0);
	default:
		cu_why_set(why, "kind: not the keeper's");
		return (CU_EMALFORMED);
	}
}

static int
apply_said(struct state *st, uint64_t index, const struct head *h, uint32_t i,
    struct cu_why *why)
{
	const struct scan *s = &st->said;
	size_t n = scan_unescape(st->said_text, &st->line, h->v[M_SAID]);
	uint32_t t, gap = 0;
	int rc;

	if (n > RECORD_PAYLOAD_MAX) {
		cu_why_set(why, "said: over its limit");
		return (CU_ELIMIT);
	}
	cu_why_set(why, "said");
	if ((rc = scan_read(&st->said, st->said_text, n)) != 0 ||
	    (rc = check_signature(st, h, i, st->said_text, n, why)) != 0)
		return (rc);
	for (t = 1; t < s->tok[0].next; t = s->tok[t + 1].next)
		if (s->tok[t].len == 4 &&
		    memcmp(s->p + s->tok[t].off, "void", 4) == 0)
			gap = t + 1;
	if ((rc = check_gap(st, h, i, gap, why)) != 0)
		return (rc);
	cu_why_set(why, "said");
	return (state_take_said(st, h->kind, index, h->time, i, h->start, h->n,
	    why));
}

int
state_apply(struct state *st, uint64_t index, const void *line, size_t len,
    struct cu_why *why)
{
	struct record_entry *strict;
	uint8_t leaf[DIGEST_LEN];
	struct cu_why dummy;
	struct head h;
	uint32_t i;
	int rc;

	if (why == NULL)
		why = &dummy;
	st->beat = false;
	if (st->broken)
		return (CU_ENOMEM);
	if (index != st->size) {
		cu_why_set(why, "index: not the next");
		return (CU_ESTATE);
	}
	if (len > RECORD_ENTRY_MAX) {
		cu_why_set(why, "over %d bytes", RECORD_ENTRY_MAX);
		return (CU_ELIMIT);
	}
	cu_why_set(why, "not JSON in its one spelling");
	if ((rc = scan_read(&st->line, line, len)) != 0 ||
	    (rc = read_head(st, &h, why)) != 0)
		return (rc);
	if (st->size > 0 && h.time <= st->time) {
		cu_why_set(why, "time: not after the entry before");
		return (CU_ESTATE);
	}
	if ((st->size == 0) != (h.kind == RECORD_GENESIS)) {
		cu_why_set(why, "genesis: entry 0 and no other");
		return (CU_EDENIED);
	}
	if ((rc = check_source(st, &h, &i, why)) != 0)
		return (rc);
	if (st->flags & STATE_STRUCTURE) {
		if ((rc = record_entry_read(&strict, line, len, why)) != 0)
			return (rc);
		record_entry_free(strict);
	}
	if (index == 0)
		tlog_leaf(leaf, line, len);
	if (h.v[M_ACT] != 0) {
		if (h.role != RECORD_ROLE_KEEPER)
			return (CU_EMALFORMED);
		rc = apply_act(st, index, &h, line, len, why);
	} else if (h.v[M_SAID] != 0)
		rc = apply_said(st, index, &h, i, why);
	else
		rc = apply_own(st, index, &h, i, why);
	if (rc == CU_ENOMEM)
		st->broken = true;
	if (rc != 0)
		return (rc);

	/* From here on nothing can be refused. */
	if (index == 0) {
		text_hex(st->genesis, leaf, sizeof(leaf));
		st->log.origin = st->origin;
		st->log.genesis = st->genesis;
	}
	if (st->follow) {
		if (index != 0)
			tlog_leaf(leaf, line, len);
		tlog_range_append(&st->range, leaf, NULL, NULL);
	}
	if (st->size == 0 || state_leaps(st, h.time))
		st->listened = h.time;
	st->size = index + 1;
	st->time = h.time;
	if (h.role == RECORD_ROLE_KEEPER)
		st->keeper_stopped = h.kind == RECORD_STOP;
	/* An instance registers itself with the entry of its own act. */
	if (i != MAP_NONE)
		keep_number(st, &h, i, index);
	/* Here as at a verifier: what time brings about up to this entry. */
	if (state_timed(st, st->time) != 0) {
		st->broken = true;
		return (CU_ENOMEM);
	}
	if ((st->flags & STATE_STRUCTURE) && h.kind != RECORD_FINDING)
		state_passed_over(st);
	return (0);
}

uint64_t
state_size(const struct state *st)
{
	return (st->size);
}

utc_us
state_time(const struct state *st)
{
	return (st->time);
}

const struct record_log *
state_log(const struct state *st)
{
	return (st->size == 0 ? NULL : &st->log);
}

const uint8_t *
state_log_key(const struct state *st)
{
	return (st->log_key);
}

bool
state_beat(const struct state *st, uint64_t *size, uint8_t root[DIGEST_LEN])
{
	*size = st->beat_size;
	memcpy(root, st->beat_root, DIGEST_LEN);
	return (st->beat);
}

bool
state_trial(const struct state *st)
{
	return (st->trial);
}

const struct record_rules *
state_rules(const struct state *st)
{
	return (&st->rules);
}

int
state_follow(struct state *st)
{
	if (st->size != 0)
		return (CU_ESTATE);
	st->follow = true;
	return (0);
}

int
state_root(const struct state *st, uint8_t root[DIGEST_LEN])
{
	if (!st->follow)
		return (CU_ESTATE);
	tlog_range_root(&st->range, root);
	return (0);
}

int
state_own(const void *line, size_t len, const char **own, size_t *own_len)
{
	struct scan s = { .cap = SCAN_TOKS_MAX };
	uint32_t t, from = 0, to = 0, i;
	int rc;

	if ((s.tok = malloc(s.cap * sizeof(*s.tok))) == NULL)
		return (CU_ENOMEM);
	if ((rc = scan_read(&s, line, len)) != 0)
		goto done;
	/* Own members stand together, behind the common, before _sealed. */
	for (t = 1; t < s.tok[0].next; t = s.tok[t + 1].next) {
		for (i = 0; i < M_OWN; i++)
			if (text_eq(s.p + s.tok[t].off, s.tok[t].len,
			    common[i].name))
				break;
		if (i < M_OWN)
			continue;
		if (from == 0)
			from = s.tok[t].off - 1;
		to = s.tok[t + 1].off + s.tok[t + 1].len +
		    (s.tok[t + 1].type == SCAN_STRING);
	}
	*own = (const char *)line + from;
	*own_len = to - from;
done:	free(s.tok);
	return (rc);
}
