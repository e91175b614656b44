/* src/state/state_view.c: what others may see of the tables */
#include <string.h>
#include "state/state_int.h"

static void
view_holder(const struct holder *h, struct state_holder *out)
{
	*out = (struct state_holder){ h->id, h->may, h->index, h->live,
	    h->void_since, h->keys_n, h->key };
}

static void
view_instance(const struct instance *p, struct state_instance *out)
{
	*out = (struct state_instance){ p->id, p->role, p->key, p->index,
	    p->live, p->start, p->n, p->heard, p->stopped, p->spool,
	    p->spool_index, p->size };
}

static void
view_element(const struct element *e, struct state_element *out)
{
	*out = (struct state_element){ e->id, e->index, e->live,
	    &e->payload->element, e->opened };
}

static void
view_revision(const struct state *st, const struct revision *r,
    struct state_revision *out)
{
	memset(out, 0, sizeof(*out));
	out->id = st->warrant.v[r->warrant].id;
	out->revision = r->revision;
	out->index = r->index;
	memcpy(out->digest, r->digest, DIGEST_LEN);
	out->kind = r->kind;
	out->from = r->from;
	out->until = r->until;
	out->cc = r->cc;
	out->services = r->services;
	out->elements_n = r->elements_n;
	out->zones_n = r->zones_n;
	out->sets_n = r->sets.n;
	out->approved = r->approved;
	out->ended = r->ended;
	out->end = r->end;
	out->opened = r->opened;
	out->keyed = r->keyed;
}

bool
state_holder_nth(const struct state *st, size_t i, struct state_holder *out)
{
	if (i >= st->holder.n)
		return (false);
	view_holder(&st->holder.v[i], out);
	return (true);
}

bool
state_holder(const struct state *st, const char *id, struct state_holder *out)
{
	return (state_holder_nth(st, state_find(st, T_HOLDER, id), out));
}

bool
state_instance_nth(const struct state *st, size_t i,
    struct state_instance *out)
{
	if (i >= st->instance.n)
		return (false);
	view_instance(&st->instance.v[i], out);
	return (true);
}

bool
state_instance(const struct state *st, const char *id,
    struct state_instance *out)
{
	return (state_instance_nth(st, state_find(st, T_INSTANCE, id), out));
}

bool
state_element_nth(const struct state *st, size_t i, struct state_element *out)
{
	if (i >= st->element.n)
		return (false);
	view_element(&st->element.v[i], out);
	return (true);
}

bool
state_element(const struct state *st, const char *id,
    struct state_element *out)
{
	return (state_element_nth(st, state_find(st, T_ELEMENT, id), out));
}

bool
state_element_at(const struct state *st, uint64_t index,
    struct state_element *out)
{
	return (state_element_nth(st, state_find_index(st, T_REGISTRATION,
	    index), out));
}

static uint32_t
find_revision(const struct state *st, const uint8_t digest[DIGEST_LEN])
{
	return (map_get(&st->map, state_key(st, T_REVISION, digest,
	    DIGEST_LEN)));
}

bool
state_revision_nth(const struct state *st, size_t i,
    struct state_revision *out)
{
	if (i >= st->revision.n)
		return (false);
	view_revision(st, &st->revision.v[i], out);
	return (true);
}

bool
state_revision(const struct state *st, const uint8_t digest[DIGEST_LEN],
    struct state_revision *out)
{
	return (state_revision_nth(st, find_revision(st, digest), out));
}

bool
state_warrant(const struct state *st, const char *id, size_t i,
    struct state_revision *out)
{
	uint32_t row = state_find(st, T_WARRANT, id);

	if (row == MAP_NONE || i >= st->warrant.v[row].revision.n)
		return (false);
	return (state_revision_nth(st, st->warrant.v[row].revision.v[i],
	    out));
}

const char *
state_revision_element(const struct state *st,
    const uint8_t digest[DIGEST_LEN], size_t i)
{
	uint32_t row = find_revision(st, digest);

	return (row == MAP_NONE || i >= st->revision.v[row].elements_n ?
	    NULL : st->revision.v[row].element[i]);
}

const char *
state_revision_zone(const struct state *st, const uint8_t digest[DIGEST_LEN],
    size_t i)
{
	uint32_t row = find_revision(st, digest);

	return (row == MAP_NONE || i >= st->revision.v[row].zones_n ? NULL :
	    st->revision.v[row].zone[i]);
}

bool
state_live(const struct state_revision *r, utc_us t)
{
	return (r->approved != STATE_NONE && r->ended == STATE_NONE &&
	    r->from <= t && t < r->until);
}

const char *
state_bound(const struct state *st, const char *xid, size_t i)
{
	uint32_t row = state_find(st, T_XID, xid);
	const struct binding *b;

	if (row == MAP_NONE)
		return (NULL);
	b = &st->xid.v[row];
	return (i >= b->warrant.n ? NULL :
	    st->warrant.v[b->warrant.v[i]].id);
}

bool
state_task_ended(const struct state *st, const char *element, const char *xid)
{
	uint32_t row = state_find(st, T_ELEMENT, element);
	struct law_history h;
	struct law_set base, set;

	if (row != MAP_NONE)
		row = map_get(&st->map, state_key2(st, T_TASK, row, xid,
		    TEXT_UUID_LEN));
	if (row == MAP_NONE)
		return (true);
	state_history(st, &st->object.v[row], &base, &h);
	law_state(&set, &h, st->size, st->time,
	    1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER]);
	return (set.n == 0 && !set.unlined && !set.over);
}

bool
state_object_nth(const struct state *st, size_t i, struct state_object *out)
{
	const struct object *o;
	struct law_history h;
	struct law_set base, set;

	if (i >= st->object.n)
		return (false);
	o = &st->object.v[i];
	memset(out, 0, sizeof(*out));
	out->element = st->element.v[o->element].id;
	out->task = o->task;
	memcpy(out->id, o->id, sizeof(li_uuid));
	out->commanded = o->commanded;
	out->command = o->command;
	out->outcome = o->outcome;
	out->type = o->type;
	out->fate = o->fate;
	out->seen = o->seen.presence;
	out->answer = o->answer;
	state_history(st, o, &base, &h);
	law_state(&set, &h, st->size, st->time,
	    1000 * st->rules.v[RECORD_RULE_OVERDUE_AFTER]);
	out->may_be = set.n > 0 || set.unlined;
	if (o->requester != MAP_NONE)
		out->requester = st->element.v[o->requester].id;
	return (true);
}

int
state_report(const struct state *st, const char *instance, uint64_t start,
    uint64_t n, uint64_t *index)
{
	uint32_t row = state_find(st, T_INSTANCE, instance);
	const struct instance *p;
	size_t k = n % REPORTS_KEPT;

	if (row == MAP_NONE)
		return (CU_ENOENT);
	p = &st->instance.v[row];
	if (p->kept != NULL && p->kept[k].start == start &&
	    p->kept[k].n == n && n != 0) {
		*index = p->kept[k].index;
		return (0);
	}
	return (start > p->start || (start == p->start && n > p->n) ?
	    CU_ENOENT : STATE_E_GONE);
}

bool
state_open_nth(const struct state *st, size_t i, struct state_open *out)
{
	const struct open_row *r;

	if (i >= st->open.n)
		return (false);
	r = &st->open.v[i];
	*out = (struct state_open){ r->index, st->instance.v[r->instance].id,
	    r->start, r->n };
	return (true);
}
