/* src/law/law_audit.c: which versions an answer may show (formats 9) */
#include <string.h>
#include "law/law_audit.h"

static bool
same(const struct law_seen *a, const struct law_seen *b)
{
	if (a->presence != b->presence || a->presence == LAW_UNLINED)
		return (false);
	return (a->presence == LAW_ABSENT ||
	    memcmp(a->line, b->line, DIGEST_LEN) == 0);
}

bool
law_set_has(const struct law_set *s, const struct law_seen *v)
{
	size_t i;

	if (v->presence == LAW_ABSENT)
		return (s->absent);
	if (v->presence == LAW_UNLINED)
		return (false);
	for (i = 0; i < s->n; i++)
		if (memcmp(s->line[i], v->line, DIGEST_LEN) == 0)
			return (true);
	return (false);
}

void
law_set_add(struct law_set *s, const struct law_seen *v, uint32_t shape)
{
	if (v->presence == LAW_ABSENT)
		s->absent = true;
	else if (v->presence == LAW_UNLINED)
		s->unlined = true;
	else if (law_set_has(s, v))
		return;
	else if (s->n == LAW_SET_MAX)
		s->over = true;
	else {
		memcpy(s->line[s->n], v->line, DIGEST_LEN);
		s->shape[s->n++] = shape;
	}
}

void
law_set_only(struct law_set *s, const struct law_seen *v, uint32_t shape)
{
	s->absent = s->unlined = s->over = false;
	s->n = 0;
	law_set_add(s, v, shape);
}

/* One effect upon the set, as it is known when ${n} entries stand. */
static void
step(struct law_set *s, const struct law_effect *e, uint64_t n, utc_us now,
    utc_us overdue_after)
{
	enum law_fate fate = e->outcome < n ? e->fate : LAW_FATE_NONE;

	switch (fate) {
	case LAW_FATE_DONE:
		law_set_only(s, &e->to, e->shape);
		break;
	case LAW_FATE_TAKEN:
		if (e->settled == 2 || now - e->outcome_time > overdue_after)
			law_set_only(s, &e->to, e->shape);
		else
			law_set_add(s, &e->to, e->shape);
		break;
	case LAW_FATE_NOT:
		break;
	case LAW_FATE_DOUBT:
		if (e->settled == 2)
			law_set_only(s, &e->to, e->shape);
		else if (e->settled == 0)
			law_set_add(s, &e->to, e->shape);
		break;
	case LAW_FATE_NONE:
		law_set_add(s, &e->to, e->shape);
		break;
	}
}

void
law_state(struct law_set *out, const struct law_history *h, uint64_t n,
    utc_us now, utc_us overdue_after)
{
	size_t k;

	*out = *h->base;
	for (k = 0; k < h->n && h->effect[k].command < n; k++)
		step(out, &h->effect[k], n, now, overdue_after);
}

/* Does the answer know of this command: logged before j, a late before
 * `until`? */
static bool
logged(const struct law_effect *e, const struct law_answer *a)
{
	return (e->command < a->j || (e->late && e->command < a->until));
}

void
law_admissible(struct law_set *out, const struct law_history *h,
    const struct law_answer *a)
{
	const struct law_effect *e;
	size_t k;

	law_state(out, h, a->i, a->asked, a->overdue_after);
	for (k = 0; k < h->n; k++) {
		e = &h->effect[k];
		if (logged(e, a) && e->outcome >= a->i)
			law_set_add(out, &e->to, e->shape);
	}
}

unsigned int
law_settle(struct law_effect *effect, size_t n, const struct law_set *base,
    const struct law_answer *a, const struct law_seen *seen)
{
	struct law_set s = *base;
	struct law_effect *e;
	unsigned int changed = 0;
	bool late;
	size_t k;

	for (k = 0; k < n && effect[k].command < a->i; k++) {
		e = &effect[k];
		late = a->asked - e->outcome_time > a->overdue_after;
		if (e->outcome < a->i && e->settled == 0) {
			if (e->fate == LAW_FATE_TAKEN &&
			    (late || same(&e->to, seen)))
				e->settled = 2;
			else if (e->fate == LAW_FATE_DOUBT && late &&
			    same(&e->to, seen))
				e->settled = 2;
			else if (e->fate == LAW_FATE_DOUBT && late &&
			    law_set_has(&s, seen))
				e->settled = 1;
			changed += e->settled != 0;
		}
		step(&s, e, a->i, a->asked, a->overdue_after);
	}
	return (changed);
}

size_t
law_fold(struct law_set *base, const struct law_effect *effect, size_t n,
    uint64_t i)
{
	const struct law_effect *e;
	size_t k;

	for (k = 0; k < n; k++) {
		e = &effect[k];
		if (e->outcome >= i || e->fate == LAW_FATE_NONE ||
		    ((e->fate == LAW_FATE_TAKEN || e->fate == LAW_FATE_DOUBT) &&
		    e->settled == 0))
			break;
		step(base, e, i, e->outcome_time, 0);
	}
	return (k);
}

void
law_count_fold(struct law_counter *c, const struct law_effect *e)
{
	if (!e->modifies || e->count == LAW_COUNT_IN ||
	    e->fate == LAW_FATE_NOT || e->fate == LAW_FATE_NONE)
		return;
	/* In doubt it may have been done, whatever the element showed since. */
	if (e->count == LAW_COUNT_MAYBE || e->fate == LAW_FATE_DOUBT)
		c->doubt++;
	else
		c->done++;
}

bool
law_counted(const struct law_history *h, const struct law_answer *a,
    const struct law_counter *c, uint64_t n)
{
	uint64_t lo = c->base + c->done, hi = lo + c->doubt;
	const struct law_effect *e;
	size_t k;

	for (k = 0; k < h->n; k++) {
		e = &h->effect[k];
		if (!e->modifies || e->count == LAW_COUNT_IN || !logged(e, a))
			continue;
		if (e->outcome >= a->i || e->fate == LAW_FATE_DOUBT ||
		    e->fate == LAW_FATE_NONE)
			hi++;
		else if (e->fate == LAW_FATE_DONE ||
		    e->fate == LAW_FATE_TAKEN) {
			hi++;
			lo += e->count == LAW_COUNT_AFTER &&
			    (e->fate == LAW_FATE_DONE || e->settled == 2);
		}
	}
	return (n >= lo && n <= hi);
}

enum law_verdict
law_judge(const struct law_object *o, const struct law_set *s,
    const struct law_answer *a, const struct law_seen *seen)
{
	if (seen->presence == LAW_ABSENT)
		return (s->absent || !o->commanded ? LAW_FINE : LAW_V_MISSING);
	if (!o->commanded)
		return (LAW_V_UNKNOWN);
	if (!s->over && s->n == 0 && !s->unlined)
		return (LAW_V_OVERDUE);
	if (!law_set_has(s, seen) && !s->over)
		return (o->narrower ? LAW_V_NARROWER : LAW_V_ALTERED);
	/* The version is right; is it still ordered? */
	if (o->over != UTC_MAX && a->asked - o->over > a->overdue_after)
		return (LAW_V_OVERDUE);
	return (LAW_FINE);
}
