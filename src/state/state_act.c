/* src/state/state_act.c: who may do which act, and what it changes */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "state/state_int.h"

/* The people behind an act: each once, whatever number of keys signed. */
struct signers {
	uint32_t holder[SIGNERS_MAX];
	size_t n;
	bool known;		/* a registered key's signature verified */
	bool twice;		/* one person with two keys */
};

static bool
has(const uint32_t *v, size_t n, uint32_t x)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i] == x)
			return (true);
	return (false);
}

static int
refuse(struct cu_why *why, const char *text)
{
	cu_why_set(why, "%s", text);
	return (STATE_ACT_REFUSED);
}

/*
 * Every signature must be good, and a live holder's.  ${verify}: whether the
 * arithmetic is done, too; a log that was verified before need not be again.
 */
static int
take_signers(const struct state *st, const struct record_act *a, bool verify,
    struct signers *s, const char **holder, struct cu_why *why)
{
	const struct known *k;
	uint32_t row;
	size_t i;
	int rc = 0;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < a->sigs_n; i++) {
		row = state_find(st, T_KEY, a->sig[i].key);
		if (row == MAP_NONE || st->known.v[row].holder == MAP_NONE) {
			rc = refuse(why, "signed by a key of no holder");
			continue;
		}
		k = &st->known.v[row];
		if (verify && !record_act_verify(a, &st->log, i, k->public)) {
			rc = refuse(why, "a signature is wrong");
			continue;
		}
		/* Also one that was revoked leaves its trace. */
		s->known = true;
		if (holder != NULL && *holder == NULL)
			*holder = st->holder.v[k->holder].id;
		if (k->state != RECORD_KNOWN_LIVE ||
		    !st->holder.v[k->holder].live) {
			rc = refuse(why, "signed by a key that is not live");
			continue;
		}
		if (has(s->holder, s->n, k->holder))
			s->twice = true;
		else
			s->holder[s->n++] = k->holder;
	}
	if (a->sigs_n == 0)
		rc = refuse(why, "not signed");
	return (rc);
}

/* Do all signers hold one of these roles, and are they enough? */
static int
need(const struct state *st, const struct signers *s, unsigned int may,
    int64_t count, struct cu_why *why)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if ((st->holder.v[s->holder[i]].may & may) == 0) {
			cu_why_set(why, "%s has not the role for it",
			    st->holder.v[s->holder[i]].id);
			return (STATE_ACT_REFUSED);
		}
	if ((int64_t)s->n < count) {
		cu_why_set(why, "signed by %zu of %lld people", s->n,
		    (long long)count);
		return (STATE_ACT_REFUSED);
	}
	return (0);
}

/* Overseers: one for what takes authority away, else the quorum. */
static int
need_overseers(const struct state *st, const struct signers *s, bool takes_away,
    struct cu_why *why)
{
	return (need(st, s, RECORD_MAY_OVERSEER, takes_away ? 1 : st->quorum,
	    why));
}

/* record_key_admit over all keys that ever were. */
static int
admit(const struct state *st, bool change, const char *subject,
    const uint8_t *key, size_t n, struct cu_why *why)
{
	struct record_known *k;
	size_t i;
	int rc;

	if ((k = calloc(st->known.n + 1, sizeof(*k))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < st->known.n; i++) {
		k[i].of = st->known.v[i].of;
		memcpy(k[i].public, st->known.v[i].public, SIGN_PUBLIC_LEN);
		k[i].state = st->known.v[i].state;
	}
	rc = record_key_admit(k, st->known.n, change, subject, key, n, why);
	free(k);
	return (rc == 0 || rc == CU_ENOMEM ? rc : STATE_ACT_REFUSED);
}

static int
check_holder(const struct state *st, const struct record_act *a,
    const struct record_holder *p, const struct signers *s,
    struct cu_why *why)
{
	static const unsigned int apart = RECORD_MAY_OVERSEER |
	    RECORD_MAY_APPROVER | RECORD_MAY_IMPLEMENTER | RECORD_MAY_AUDITOR;
	uint32_t i = state_find(st, T_HOLDER, p->id);
	unsigned int both;
	int rc;

	if ((rc = need_overseers(st, s, a->verb == RECORD_REVOKE, why)) != 0)
		return (rc);
	if (a->verb == RECORD_REVOKE) {
		if (i == MAP_NONE || !st->holder.v[i].live)
			return (refuse(why, "holder: not a live one"));
		if (p->void_since != RECORD_NONE && p->void_since >= st->size)
			return (refuse(why, "void_since: not an entry yet"));
		return (0);
	}
	both = p->may & apart;
	if ((both & (both - 1)) != 0)
		return (refuse(why, "roles: no two of overseer, approver, "
		    "implementer, auditor"));
	return (admit(st, a->verb == RECORD_CHANGE, a->subject,
	    p->key[0], p->keys_n, why));
}

static int
check_instance(const struct state *st, const struct record_act *a,
    const struct record_instance *p, const struct signers *s,
    struct cu_why *why)
{
	uint32_t i = state_find(st, T_INSTANCE, p->id);
	size_t k;
	int rc;

	if ((rc = need_overseers(st, s, a->verb == RECORD_RETIRE, why)) != 0)
		return (rc);
	if (a->verb == RECORD_RETIRE) {
		if (i == MAP_NONE || !st->instance.v[i].live)
			return (refuse(why, "instance: not a live one"));
		return (0);
	}
	if (p->role == RECORD_ROLE_KEEPER)
		for (k = 0; k < st->instance.n; k++)
			if (st->instance.v[k].live && st->instance.v[k].role ==
			    RECORD_ROLE_KEEPER)
				return (refuse(why, "role: there is a keeper"));
	return (admit(st, false, a->subject, p->key, 1, why));
}

static bool
live_element(const struct state *st, const char *id,
    enum record_element_kind kind)
{
	uint32_t i = state_find(st, T_ELEMENT, id);

	return (i != MAP_NONE && st->element.v[i].live && (kind == 0 ||
	    st->element.v[i].payload->element.kind == kind));
}

static int
check_element(const struct state *st, const struct record_act *a,
    const struct record_element *p, const struct signers *s,
    struct cu_why *why)
{
	uint32_t i = state_find(st, T_ELEMENT, p->id), g, owner;
	size_t k;
	int rc;

	if ((rc = need_overseers(st, s, a->verb == RECORD_RETIRE, why)) != 0)
		return (rc);
	if (a->verb != RECORD_ADD &&
	    (i == MAP_NONE || !st->element.v[i].live))
		return (refuse(why, "element: not a live one"));
	if (a->verb == RECORD_RETIRE)
		return (0);
	if (a->verb == RECORD_ADD && i != MAP_NONE)
		return (refuse(why, "element: the id is known"));
	if (a->verb == RECORD_CHANGE &&
	    st->element.v[i].payload->element.kind != p->kind)
		return (refuse(why, "kind: stays for ever"));
	if (p->gate != NULL) {
		g = state_find(st, T_INSTANCE, p->gate);
		if (g == MAP_NONE || !st->instance.v[g].live ||
		    st->instance.v[g].role != RECORD_ROLE_GATE)
			return (refuse(why, "gate: not a live gate"));
	}
	for (k = 0; k < p->admfs.n; k++)
		if (!live_element(st, p->admfs.v[k], RECORD_ADMF))
			return (refuse(why, "admfs: not a live ADMF"));
	for (k = 0; k < p->triggered_by.n; k++)
		if (!live_element(st, p->triggered_by.v[k], 0))
			return (refuse(why, "triggered_by: not a live element"));
	for (k = 0; k < p->delivery.n; k++) {
		owner = state_find(st, T_ADDRESS, p->delivery.v[k]);
		if (owner != MAP_NONE && owner != i &&
		    st->element.v[owner].live)
			return (refuse(why, "delivery: another element's"));
	}
	return (0);
}

static int
services_of(const struct record_strs *s, unsigned int *out)
{
	unsigned int bit;
	size_t i;

	for (*out = 0, i = 0; i < s->n; i++) {
		if ((bit = li_service_find(s->v[i], strlen(s->v[i]))) == 0)
			return (-1);
		*out |= bit;
	}
	return (0);
}

static int
check_submit(const struct state *st, const struct record_warrant *p,
    const struct signers *s, struct cu_why *why)
{
	uint32_t i = state_find(st, T_WARRANT, p->id);
	const struct warrant *w = i == MAP_NONE ? NULL : &st->warrant.v[i];
	const struct revision *last = w == NULL ? NULL :
	    &st->revision.v[w->revision.v[w->revision.n - 1]];
	unsigned int bits;
	size_t k;
	int rc;

	if ((rc = need(st, s, RECORD_MAY_INTAKE, 1, why)) != 0)
		return (rc);
	if (p->kind != RECORD_ORDINARY)
		return (refuse(why, "kind: only ordinary ones are taken yet"));
	if (p->revision != (last == NULL ? 1 : (int64_t)last->revision + 1))
		return (refuse(why, "revision: not the next"));
	if (p->has_supersedes != (last != NULL) || (last != NULL &&
	    memcmp(p->supersedes, last->digest, DIGEST_LEN) != 0))
		return (refuse(why, "supersedes: not the revision before"));
	if (p->from >= p->until)
		return (refuse(why, "until: not after from"));
	if (st->rules.v[RECORD_RULE_WINDOW_MAX] != RECORD_RULE_NONE &&
	    (p->until - p->from) / 1000 > st->rules.v[RECORD_RULE_WINDOW_MAX])
		return (refuse(why, "until: window longer than window_max"));
	if (services_of(&p->services, &bits) != 0)
		return (refuse(why, "services: not one of X1's"));
	if (p->elements.n + p->zones.n == 0)
		return (refuse(why, "names neither elements nor zones"));
	for (k = 0; k < p->elements.n; k++)
		if (!live_element(st, p->elements.v[k], 0))
			return (refuse(why, "elements: not a live one"));
	for (k = 0; k < p->deliver_to.n; k++)
		if (!live_element(st, p->deliver_to.v[k], RECORD_LEMF))
			return (refuse(why, "deliver_to: not a live LEMF"));
	return (0);
}

static int
check_decide(const struct state *st, const struct record_act *a,
    const struct record_decide *p, const struct signers *s,
    struct cu_why *why)
{
	const struct revision *r;
	const struct warrant *w;
	uint32_t i;
	size_t k;
	int rc;

	if (a->verb == RECORD_CONFIRM)
		return (refuse(why, "confirm: there are no emergency orders "
		    "yet"));
	rc = need(st, s, a->verb == RECORD_REVOKE ? RECORD_MAY_APPROVER |
	    RECORD_MAY_INTAKE | RECORD_MAY_OVERSEER : RECORD_MAY_APPROVER, 1,
	    why);
	if (rc != 0)
		return (rc);
	i = map_get(&st->map, state_key(st, T_REVISION, p->digest,
	    DIGEST_LEN));
	if (i == MAP_NONE || strcmp(
	    st->warrant.v[st->revision.v[i].warrant].id, p->id) != 0)
		return (refuse(why, "digest: no such revision"));
	r = &st->revision.v[i];
	w = &st->warrant.v[r->warrant];
	if (r->ended != STATE_NONE)
		return (refuse(why, "the revision has ended"));
	if (a->verb == RECORD_REVOKE)
		return (0);
	for (k = 0; k < s->n; k++)
		if (has(r->submitter, r->submitters_n, s->holder[k])) {
			cu_why_set(why, "own submission");
			return (STATE_ACT_SELF);
		}
	if (a->verb == RECORD_APPROVE && s->twice) {
		cu_why_set(why, "one person twice");
		return (STATE_ACT_SELF);
	}
	if (r->approved != STATE_NONE)
		return (refuse(why, "the revision is approved"));
	if (a->verb == RECORD_REFUSE)
		return (0);
	for (k = 0; k < s->n; k++)
		if (has(r->approver, r->approvers_n, s->holder[k])) {
			cu_why_set(why, "one person twice");
			return (STATE_ACT_SELF);
		}
	if (w->revision.v[w->revision.n - 1] != i)
		return (refuse(why, "a later revision was submitted"));
	return (0);
}

static uint32_t
finding_row(const struct state *st, uint64_t id)
{
	return (state_find_index(st, T_FINDING_ID, id));
}

static int
check_act(const struct state *st, const struct record_act *a,
    const struct record_payload *p, const struct signers *s,
    struct cu_why *why)
{
	uint32_t i;

	switch (a->kind) {
	case RECORD_HOLDER:
		return (check_holder(st, a, &p->holder, s, why));
	case RECORD_INSTANCE:
		return (check_instance(st, a, &p->instance, s, why));
	case RECORD_ELEMENT:
		return (check_element(st, a, &p->element, s, why));
	case RECORD_POLICY:
		if (a->verb == RECORD_CLOCK && p->after >= st->size)
			return (refuse(why, "after: not an entry yet"));
		return (need_overseers(st, s, a->verb == RECORD_CLOCK, why));
	case RECORD_WARRANT:
		return (a->verb == RECORD_SUBMIT ?
		    check_submit(st, &p->warrant, s, why) :
		    check_decide(st, a, &p->decide, s, why));
	case RECORD_FINDING:
		i = finding_row(st, p->finding);
		if (i == MAP_NONE)
			return (refuse(why, "no such finding"));
		if (a->verb == RECORD_CLOSE && st->finding.v[i].closed)
			return (refuse(why, "the finding is closed"));
		return (need(st, s, RECORD_MAY_AUDITOR, 1, why));
	default:
		return (refuse(why, "no act of this kind"));
	}
}

static int
check_genesis(const struct state *st, const struct record_act *a,
    const struct record_genesis *p, bool verify, struct cu_why *why)
{
	struct record_log log = { p->origin, NULL };
	char id[RECORD_KEY_ID_LEN + 1];
	size_t i, k;

	if (a->seq != 1)
		return (refuse(why, "seq: not 1"));
	if (p->law != LAW_VERSION)
		return (refuse(why, "law: not this version"));
	if (p->quorum < 2 || (size_t)p->quorum > p->overseers_n)
		return (refuse(why, "quorum: from 2 to the overseers' number"));
	if (!sign_public_valid(p->log_key))
		return (refuse(why, "log_key: not a good key"));
	if (a->sigs_n != p->overseers_n)
		return (refuse(why, "not signed by every overseer"));
	for (i = 0; i < p->overseers_n; i++) {
		if (!sign_public_valid(p->overseer[i].key))
			return (refuse(why, "overseers: not a good key"));
		record_key_id(id, p->overseer[i].key);
		for (k = 0; k < a->sigs_n; k++)
			if (strcmp(a->sig[k].key, id) == 0)
				break;
		if (k == a->sigs_n || (verify && !record_act_verify(a, &log, k,
		    p->overseer[i].key)))
			return (refuse(why, "not signed by every overseer"));
	}
	return (0);
}

/* An act that stands: by subject, seq, kind, verb and payload. */
static struct map_key
act_key(const struct state *st, const struct record_act *a)
{
	uint8_t b[10 + DIGEST_LEN];

	memcpy(b, &a->seq, 8);
	b[8] = (uint8_t)a->kind;
	b[9] = (uint8_t)a->verb;
	memcpy(b + 10, a->digest, DIGEST_LEN);
	/* The payload has the subject's id in it. */
	return (state_key(st, T_ACT, b, sizeof(b)));
}

uint64_t
state_subject(const struct state *st, const char *subject)
{
	uint32_t seq = state_find(st, T_SUBJECT, subject);

	return (seq == MAP_NONE ? 0 : seq);
}

static int
check_all(struct state *st, const struct record_act *a,
    const struct record_payload *p, bool verify, struct signers *s,
    struct state_act_result *out, struct cu_why *why)
{
	uint32_t stands;
	int rc;

	memset(s, 0, sizeof(*s));
	if (st->size == 0)
		return (a->kind == RECORD_GENESIS ? check_genesis(st, a,
		    &p->genesis, verify, why) :
		    refuse(why, "the log has no genesis"));
	rc = take_signers(st, a, verify, s, out == NULL ? NULL : &out->holder,
	    why);
	if (out != NULL)
		out->known = s->known;
	if (rc != 0)
		return (rc);
	stands = map_get(&st->map, act_key(st, a));
	if (stands != MAP_NONE) {
		if (out != NULL)
			out->stands = stands;
		cu_why_set(why, "this act stands already");
		return (STATE_ACT_STANDS);
	}
	if (a->seq != state_subject(st, a->subject) + 1 || a->seq >= MAP_NONE) {
		cu_why_set(why, "seq: %llu is next",
		    (unsigned long long)state_subject(st, a->subject) + 1);
		return (STATE_ACT_REFUSED);
	}
	return (check_act(st, a, p, s, why));
}

int
state_act_check(struct state *st, const struct record_act *a,
    struct state_act_result *out, struct cu_why *why)
{
	struct record_payload *p;
	struct signers s;
	int rc;

	memset(out, 0, sizeof(*out));
	out->stands = STATE_NONE;
	if (st->broken)
		return (CU_ENOMEM);
	rc = record_payload_read(&p, a->kind, a->verb, a->subject, a->payload,
	    a->payload_len, why);
	if (rc != 0) {
		if (st->size > 0)
			(void)take_signers(st, a, true, &s, &out->holder,
			    NULL);
		out->known = st->size > 0 && s.known;
		return (rc);
	}
	rc = check_all(st, a, p, true, &s, out, why);
	record_payload_free(p);
	return (rc);
}

int
state_overlay(struct state *st, const struct record_act *a, struct cu_why *why)
{
	struct state_act_result r;
	struct record_payload *p;
	uint32_t i = MAP_NONE;
	int rc;

	if (!(a->kind == RECORD_WARRANT && a->verb == RECORD_REVOKE) &&
	    !(a->kind == RECORD_ELEMENT && a->verb == RECORD_RETIRE)) {
		cu_why_set(why, "only revoke of a warrant, retire of an "
		    "element");
		return (CU_EDENIED);
	}
	if ((rc = state_act_check(st, a, &r, why)) != 0)
		return (rc == STATE_ACT_STANDS ? 0 : rc > 0 ? CU_EDENIED : rc);
	if ((rc = record_payload_read(&p, a->kind, a->verb, a->subject,
	    a->payload, a->payload_len, why)) != 0)
		return (rc);
	if (a->kind == RECORD_WARRANT) {
		i = map_get(&st->map, state_key(st, T_REVISION,
		    p->decide.digest, DIGEST_LEN));
		st->revision.v[i].overlay = true;
	} else {
		i = state_find(st, T_ELEMENT, p->element.id);
		st->element.v[i].overlay = true;
	}
	record_payload_free(p);
	return (0);
}

/* ---- what an act changes.  All below was checked: only memory can fail. -- */

static int
put(struct state *st, enum tab tab, const char *s, size_t row)
{
	return (map_put(&st->map, state_key(st, tab, s, strlen(s)),
	    (uint32_t)row));
}

static int
add_known(struct state *st, const char *kind, const char *id,
    const uint8_t key[SIGN_PUBLIC_LEN], uint32_t holder, uint32_t instance)
{
	char kid[RECORD_KEY_ID_LEN + 1];
	struct known *k;
	size_t kind_len = strlen(kind), of_max = kind_len + strlen(id) + 1;
	uint32_t row;

	record_key_id(kid, key);
	row = state_find(st, T_KEY, kid);
	if (row != MAP_NONE) {		/* a change repeats it */
		st->known.v[row].state = RECORD_KNOWN_LIVE;
		return (0);
	}
	if (ROOM(&st->known, 1) != 0)
		return (CU_ENOMEM);
	k = &st->known.v[st->known.n];
	memset(k, 0, sizeof(*k));
	if ((k->of = malloc(of_max)) == NULL)
		return (CU_ENOMEM);
	text_copy(k->of, of_max, kind);
	text_copy(k->of + kind_len, of_max - kind_len, id);
	memcpy(k->public, key, SIGN_PUBLIC_LEN);
	k->state = RECORD_KNOWN_LIVE;
	k->holder = holder;
	k->instance = instance;
	return (put(st, T_KEY, kid, st->known.n++));
}

static void
copy_signers(uint32_t *v, size_t *n, const struct signers *s)
{
	memcpy(v, s->holder, sizeof(s->holder));
	*n = s->n;
}

static int
set_holder(struct state *st, const char *id, unsigned int may,
    const uint8_t (*key)[SIGN_PUBLIC_LEN], size_t keys_n, uint64_t index,
    const struct signers *s)
{
	uint32_t i = state_find(st, T_HOLDER, id), k;
	struct holder *h;
	size_t j;

	if (i == MAP_NONE) {
		if (ROOM(&st->holder, 1) != 0)
			return (CU_ENOMEM);
		i = (uint32_t)st->holder.n;
		h = &st->holder.v[i];
		memset(h, 0, sizeof(*h));
		if ((h->id = strdup(id)) == NULL)
			return (CU_ENOMEM);
		st->holder.n++;
		if (put(st, T_HOLDER, id, i) != 0)
			return (CU_ENOMEM);
	}
	h = &st->holder.v[i];
	h->may = may;
	h->index = h->since = index;
	h->live = true;
	h->void_since = STATE_NONE;
	h->keys_n = keys_n;
	memcpy(h->key, key, keys_n * SIGN_PUBLIC_LEN);
	copy_signers(h->signer, &h->signers_n, s);
	for (k = 0; k < st->known.n; k++)
		if (st->known.v[k].holder == i)
			st->known.v[k].state = RECORD_KNOWN_DROPPED;
	for (j = 0; j < keys_n; j++)
		if (add_known(st, "holder/", id, key[j], i, MAP_NONE) != 0)
			return (CU_ENOMEM);
	return (0);
}

static void
end_keys(struct state *st, uint32_t holder, uint32_t instance)
{
	size_t k;

	for (k = 0; k < st->known.n; k++)
		if ((holder != MAP_NONE && st->known.v[k].holder == holder) ||
		    (instance != MAP_NONE &&
		    st->known.v[k].instance == instance))
			st->known.v[k].state = RECORD_KNOWN_ENDED;
}

static void
end_revision(struct state *st, struct revision *r, uint64_t index, utc_us time,
    const char *end)
{
	if (r->ended != STATE_NONE)
		return;
	r->ended = index;
	r->ended_time = time;
	r->end = end;
	st->epoch++;
}

/* How many who signed at ${index} still count, now that ${i} is void? */
static size_t
counted(const struct state *st, const uint32_t *v, size_t n, uint64_t index)
{
	size_t k, left = 0;

	for (k = 0; k < n; k++)
		left += st->holder.v[v[k]].void_since == STATE_NONE ||
		    index < st->holder.v[v[k]].void_since;
	return (left);
}

/*
 * Whoever was enrolled by what is void is void from that enrolment on, and so
 * is what they signed, also where they were revoked since: until nobody more
 * is found.
 */
static void
void_holders(struct state *st)
{
	struct holder *h;
	bool again;
	size_t i;

	do {
		for (again = false, i = 0; i < st->holder.n; i++) {
			h = &st->holder.v[i];
			if (h->signers_n == 0 || h->void_since <= h->since ||
			    counted(st, h->signer, h->signers_n, h->since) >=
			    (size_t)st->quorum)
				continue;
			h->void_since = h->since;
			h->live = false;
			end_keys(st, (uint32_t)i, MAP_NONE);
			again = true;
		}
	} while (again);
}

/* The newest rules that people set who still count; at last the genesis'. */
static void
void_policies(struct state *st)
{
	const struct policy *p;
	size_t i = st->policy.n;

	do {
		p = &st->policy.v[--i];
	} while (i > 0 && counted(st, p->signer, p->signers_n, p->index) <
	    (size_t)st->quorum);
	st->rules = p->rules;
	st->timed_next = 0;
}

/* What rested on a void authority ends here; nothing is undone backwards. */
static void
void_acts(struct state *st, uint64_t index, utc_us time)
{
	struct revision *r;
	size_t i, k, left;

	void_holders(st);
	void_policies(st);
	for (i = 0; i < st->instance.n; i++)
		if (st->instance.v[i].live && counted(st,
		    st->instance.v[i].signer, st->instance.v[i].signers_n,
		    st->instance.v[i].index) < (size_t)st->quorum) {
			st->instance.v[i].live = false;
			end_keys(st, MAP_NONE, (uint32_t)i);
		}
	for (i = 0; i < st->element.n; i++)
		if (st->element.v[i].live && counted(st,
		    st->element.v[i].signer, st->element.v[i].signers_n,
		    st->element.v[i].index) < (size_t)st->quorum)
			st->element.v[i].live = false;
	for (i = 0; i < st->revision.n; i++) {
		r = &st->revision.v[i];
		for (left = k = 0; k < r->approvers_n; k++)
			left += counted(st, &r->approver[k], 1,
			    r->approver_index[k]);
		if (counted(st, r->submitter, r->submitters_n, r->index) == 0 ||
		    (r->approved != STATE_NONE && left <
		    (size_t)st->rules.v[RECORD_RULE_APPROVALS]))
			end_revision(st, r, index, time, "void");
	}
}

static int
take_holder(struct state *st, uint64_t index, utc_us time,
    const struct record_act *a, const struct record_holder *p,
    const struct signers *s)
{
	uint32_t i;

	if (a->verb != RECORD_REVOKE)
		return (set_holder(st, p->id, p->may, p->key, p->keys_n, index,
		    s));
	i = state_find(st, T_HOLDER, p->id);
	st->holder.v[i].live = false;
	st->holder.v[i].index = index;
	end_keys(st, i, MAP_NONE);
	st->epoch++;
	if (p->void_since != RECORD_NONE) {
		st->holder.v[i].void_since = p->void_since;
		void_acts(st, index, time);
	}
	return (0);
}

static int
take_instance(struct state *st, uint64_t index, const struct record_act *a,
    const struct record_instance *p, const struct signers *s)
{
	uint32_t i = state_find(st, T_INSTANCE, p->id);
	struct instance *q;

	if (a->verb == RECORD_RETIRE) {
		st->instance.v[i].live = false;
		end_keys(st, MAP_NONE, i);
		return (0);
	}
	if (ROOM(&st->instance, 1) != 0)
		return (CU_ENOMEM);
	i = (uint32_t)st->instance.n;
	q = &st->instance.v[i];
	memset(q, 0, sizeof(*q));
	q->id = strdup(p->id);
	q->kept = calloc(REPORTS_KEPT, sizeof(*q->kept));
	st->instance.n++;
	if (q->id == NULL || q->kept == NULL)
		return (CU_ENOMEM);
	q->role = p->role;
	memcpy(q->key, p->key, sizeof(q->key));
	q->index = index;
	q->live = true;
	/* Not expected to be heard before it has said its first word. */
	q->stopped = true;
	q->spool_index = STATE_NONE;
	copy_signers(q->signer, &q->signers_n, s);
	if (put(st, T_INSTANCE, p->id, i) != 0)
		return (CU_ENOMEM);
	return (add_known(st, "instance/", p->id, p->key, MAP_NONE, i));
}

/* Has ${new} every address that ${old} had? */
static bool
keeps_delivery(const struct record_element *old,
    const struct record_element *new)
{
	size_t i, k;

	for (i = 0; i < old->delivery.n; i++) {
		for (k = 0; k < new->delivery.n; k++)
			if (strcmp(old->delivery.v[i], new->delivery.v[k]) ==
			    0)
				break;
		if (k == new->delivery.n)
			return (false);
	}
	return (true);
}

/* ${p} is taken over by the element where it is an add or change. */
static int
take_element(struct state *st, uint64_t index, const struct record_act *a,
    struct record_payload **p, const struct signers *s)
{
	const struct record_element *r = &(*p)->element;
	uint32_t i = state_find(st, T_ELEMENT, r->id);
	struct element *e;
	size_t k;

	st->epoch++;
	if (a->verb == RECORD_RETIRE) {
		st->element.v[i].live = false;
		st->element.v[i].overlay = false;
		return (0);
	}
	if (i == MAP_NONE) {
		if (ROOM(&st->element, 1) != 0)
			return (CU_ENOMEM);
		i = (uint32_t)st->element.n;
		e = &st->element.v[i];
		memset(e, 0, sizeof(*e));
		e->objects = MAP_NONE;
		e->base = STATE_NONE;
		if ((e->id = strdup(r->id)) == NULL)
			return (CU_ENOMEM);
		st->element.n++;
		if (put(st, T_ELEMENT, r->id, i) != 0)
			return (CU_ENOMEM);
		if ((*p)->sd_n == 1) {
			memcpy(e->audit_sd, (*p)->sd[0], DIGEST_LEN);
			e->has_audit = true;
		}
	}
	e = &st->element.v[i];
	if (e->payload == NULL || !keeps_delivery(&e->payload->element, r))
		e->delivery_since = index;
	if (e->payload != NULL)
		for (k = 0; k < e->payload->element.delivery.n; k++)
			map_del(&st->map, state_key(st, T_ADDRESS,
			    e->payload->element.delivery.v[k],
			    strlen(e->payload->element.delivery.v[k])));
	for (k = 0; k < r->delivery.n; k++)
		if (put(st, T_ADDRESS, r->delivery.v[k], i) != 0)
			return (CU_ENOMEM);
	e->index = index;
	e->live = true;
	copy_signers(e->signer, &e->signers_n, s);
	record_payload_free(e->payload);
	e->payload = *p;
	*p = NULL;
	return (map_put(&st->map, state_key(st, T_REGISTRATION, &index,
	    sizeof(index)), i));
}

/* A list of strings in one block: the pointers, then the text. */
static int
keep_strs(char ***out, size_t *n, const struct record_strs *s)
{
	size_t i, one, len = 0;
	char **v, *q;

	for (i = 0; i < s->n; i++)
		len += strlen(s->v[i]) + 1;
	if ((v = malloc(s->n * sizeof(*v) + len + 1)) == NULL)
		return (CU_ENOMEM);
	for (q = (char *)(v + s->n), i = 0; i < s->n; i++) {
		one = strlen(s->v[i]) + 1;
		v[i] = memcpy(q, s->v[i], one);
		q += one;
	}
	*out = v;
	*n = s->n;
	return (0);
}

static int
take_submit(struct state *st, uint64_t index, const struct record_act *a,
    const struct record_warrant *p, const struct signers *s)
{
	uint32_t i = state_find(st, T_WARRANT, p->id);
	struct revision *r;
	struct warrant *w;
	size_t k, total = 0;

	if (i == MAP_NONE) {
		if (ROOM(&st->warrant, 1) != 0)
			return (CU_ENOMEM);
		i = (uint32_t)st->warrant.n;
		memset(&st->warrant.v[i], 0, sizeof(st->warrant.v[i]));
		if ((st->warrant.v[i].id = strdup(p->id)) == NULL)
			return (CU_ENOMEM);
		st->warrant.n++;
		if (put(st, T_WARRANT, p->id, i) != 0)
			return (CU_ENOMEM);
	}
	w = &st->warrant.v[i];
	if (ROOM(&w->revision, 1) != 0 || ROOM(&st->revision, 1) != 0)
		return (CU_ENOMEM);
	r = &st->revision.v[st->revision.n];
	memset(r, 0, sizeof(*r));
	w->revision.v[w->revision.n++] = (uint32_t)st->revision.n++;
	r->warrant = i;
	r->revision = (uint64_t)p->revision;
	r->index = index;
	memcpy(r->digest, a->digest, DIGEST_LEN);
	r->kind = p->kind;
	r->from = p->from;
	r->until = p->until;
	r->cc = p->cc;
	(void)services_of(&p->services, &r->services);
	r->approved = r->ended = STATE_NONE;
	copy_signers(r->submitter, &r->submitters_n, s);
	if (keep_strs(&r->element, &r->elements_n, &p->elements) != 0 ||
	    keep_strs(&r->zone, &r->zones_n, &p->zones) != 0)
		return (CU_ENOMEM);
	for (k = 0; k < p->sets.n; k++)
		total += p->sets.len[k];
	r->sets = p->sets;
	r->sets.token = malloc(total * sizeof(struct record_token) + 1);
	r->payload = malloc(a->payload_len + 1);
	if (r->sets.token == NULL || r->payload == NULL)
		return (CU_ENOMEM);
	memcpy(r->sets.token, p->sets.token, total * sizeof(struct record_token));
	memcpy(r->payload, a->payload, a->payload_len);
	r->payload[a->payload_len] = '\0';
	r->payload_len = a->payload_len;
	return (map_put(&st->map, state_key(st, T_REVISION, r->digest,
	    DIGEST_LEN), (uint32_t)(st->revision.n - 1)));
}

static int
take_decide(struct state *st, uint64_t index, utc_us time,
    const struct record_act *a, const struct record_decide *p,
    const struct signers *s)
{
	uint32_t i = map_get(&st->map, state_key(st, T_REVISION, p->digest,
	    DIGEST_LEN));
	struct revision *r = &st->revision.v[i];
	struct warrant *w = &st->warrant.v[r->warrant];
	size_t k;

	if (a->verb == RECORD_REFUSE)
		end_revision(st, r, index, time, "refused");
	else if (a->verb == RECORD_REVOKE)
		end_revision(st, r, index, time, "revoked");
	else {
		for (k = 0; k < s->n && r->approvers_n < SIGNERS_MAX; k++) {
			r->approver[r->approvers_n] = s->holder[k];
			r->approver_index[r->approvers_n++] = index;
		}
		if ((int64_t)r->approvers_n <
		    st->rules.v[RECORD_RULE_APPROVALS])
			return (0);
		r->approved = index;
		/* No task is bound to a warrant before its first approval. */
		if (w->revision.n > 1)
			st->epoch++;
		if (!r->opened) {
			if (ROOM(&st->unopened, 1) != 0)
				return (CU_ENOMEM);
			st->unopened.v[st->unopened.n++] = i;
		}
		/* Approving one ends the former at that index. */
		for (k = 0; k + 1 < w->revision.n; k++)
			end_revision(st, &st->revision.v[w->revision.v[k]],
			    index, time, "superseded");
	}
	return (0);
}

static int
set_rules(struct state *st, uint64_t index, const struct record_rules *rules,
    const struct signers *s)
{
	struct policy *p;

	if (ROOM(&st->policy, 1) != 0)
		return (CU_ENOMEM);
	p = &st->policy.v[st->policy.n++];
	p->index = index;
	p->rules = st->rules = *rules;
	copy_signers(p->signer, &p->signers_n, s);
	st->timed_next = 0;
	return (0);
}

static int
take_genesis(struct state *st, const struct record_genesis *p)
{
	struct signers none = { .n = 0 };
	size_t i;

	if ((st->origin = strdup(p->origin)) == NULL)
		return (CU_ENOMEM);
	memcpy(st->log_key, p->log_key, sizeof(st->log_key));
	st->trial = p->trial;
	st->quorum = p->quorum;
	if (set_rules(st, 0, &p->rules, &none) != 0 ||
	    add_known(st, "log", "", p->log_key, MAP_NONE, MAP_NONE) != 0)
		return (CU_ENOMEM);
	for (i = 0; i < p->overseers_n; i++)
		if (set_holder(st, p->overseer[i].id, RECORD_MAY_OVERSEER,
		    &p->overseer[i].key, 1, 0, &none) != 0)
			return (CU_ENOMEM);
	return (0);
}

static int
change(struct state *st, uint64_t index, utc_us time,
    const struct record_act *a, struct record_payload **p,
    const struct signers *s)
{
	uint32_t i;

	switch (a->kind) {
	case RECORD_GENESIS:
		return (take_genesis(st, &(*p)->genesis));
	case RECORD_HOLDER:
		return (take_holder(st, index, time, a, &(*p)->holder, s));
	case RECORD_INSTANCE:
		return (take_instance(st, index, a, &(*p)->instance, s));
	case RECORD_ELEMENT:
		return (take_element(st, index, a, p, s));
	case RECORD_POLICY:
		if (a->verb == RECORD_SET)
			return (set_rules(st, index, &(*p)->rules, s));
		st->clock_after = (*p)->after;
		st->timed_next = 0;
		return (0);
	case RECORD_WARRANT:
		if (a->verb == RECORD_SUBMIT)
			return (take_submit(st, index, a, &(*p)->warrant, s));
		return (take_decide(st, index, time, a, &(*p)->decide, s));
	case RECORD_FINDING:
		i = finding_row(st, (*p)->finding);
		if (a->verb == RECORD_CLOSE) {
			st->finding.v[i].closed = true;
			map_del(&st->map, st->finding.v[i].key);
			/* The next answer that shows it opens a new one. */
			for (i = 0; i < st->element.n; i++)
				st->element.v[i].dirty = true;
		}
		return (0);
	default:
		return (0);
	}
}

int
state_take_act(struct state *st, uint64_t index, utc_us time,
    const struct record_act *a, struct cu_why *why)
{
	struct record_payload *p;
	struct signers s;
	int rc;

	rc = record_payload_read(&p, a->kind, a->verb, a->subject, a->payload,
	    a->payload_len, why);
	if (rc != 0)
		return (rc);
	rc = check_all(st, a, p, (st->flags & STATE_SIGNATURES) != 0, &s, NULL,
	    why);
	if (rc != 0) {
		rc = rc > 0 ? CU_EDENIED : rc;
		goto done;
	}
	if (put(st, T_SUBJECT, a->subject, (size_t)a->seq) != 0 ||
	    map_put(&st->map, act_key(st, a), (uint32_t)index) != 0 ||
	    change(st, index, time, a, &p, &s) != 0)
		rc = CU_ENOMEM;
done:	record_payload_free(p);
	return (rc);
}
