/* src/sim/sim_store.c: sorted arrays, because a lying element may be large */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "sim/sim_ne.h"
#include "sim/sim_store.h"

static void
task_fini(struct sim_task *t)
{
	li_task_fini(&t->task);
	memset(t, 0, sizeof(*t));
}

/* Where ${id} stands or would stand; every row begins with its id. */
static size_t
place(const void *rows, size_t n, size_t size, const char *id, bool *found)
{
	size_t lo = 0, hi = n, mid;
	int c;

	*found = false;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		c = strcmp((const char *)rows + mid * size, id);
		if (c == 0) {
			*found = true;
			return (mid);
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

/* Make room for one more row at ${at}; the row is zero. */
static int
make_room(void **rows, size_t *n, size_t *cap, size_t size, size_t at)
{
	size_t want = *cap == 0 ? 16 : *cap * 2;
	uint8_t *p;

	if (*n >= SIM_TASKS_MAX)
		return (CU_ELIMIT);
	if (*n == *cap) {
		if ((p = reallocarray(*rows, want, size)) == NULL)
			return (CU_ENOMEM);
		*rows = p;
		*cap = want;
	}
	p = (uint8_t *)*rows + at * size;
	memmove(p + size, p, (*n - at) * size);
	memset(p, 0, size);
	(*n)++;
	return (0);
}

static void
close_gap(void *rows, size_t *n, size_t size, size_t at)
{
	uint8_t *p = (uint8_t *)rows + at * size;

	memmove(p, p + size, (*n - at - 1) * size);
	(*n)--;
}

void
sim_store_clear(struct sim_store *s)
{
	size_t i;

	for (i = 0; i < s->task_n; i++)
		task_fini(&s->task[i]);
	for (i = 0; i < s->ended_n; i++)
		task_fini(&s->ended[i]);
	for (i = 0; i < s->dest_n; i++)
		li_destination_fini(&s->dest[i]);
	s->task_n = s->ended_n = s->dest_n = 0;
}

void
sim_store_fini(struct sim_store *s)
{
	sim_store_clear(s);
	free(s->task);
	free(s->ended);
	free(s->dest);
	memset(s, 0, sizeof(*s));
}

struct sim_task *
sim_store_task(struct sim_store *s, const char *xid)
{
	bool found;
	size_t i = place(s->task, s->task_n, sizeof(*s->task), xid, &found);

	return (found ? &s->task[i] : NULL);
}

struct li_destination *
sim_store_dest(struct sim_store *s, const char *did)
{
	bool found;
	size_t i = place(s->dest, s->dest_n, sizeof(*s->dest), did, &found);

	return (found ? &s->dest[i] : NULL);
}

int
sim_store_add(struct sim_store *s, const struct li_task *task)
{
	struct li_task copy;
	bool found;
	size_t at;
	int rc;

	at = place(s->task, s->task_n, sizeof(*s->task), task->xid, &found);
	if (found)
		return (CU_EEXIST);
	if ((rc = li_task_copy(&copy, task)) != 0)
		return (rc);
	rc = make_room((void **)&s->task, &s->task_n, &s->task_cap,
	    sizeof(*s->task), at);
	if (rc != 0) {
		li_task_fini(&copy);
		return (rc);
	}
	s->task[at].task = copy;
	s->task[at].changed = LI_TIME_NONE;
	return (0);
}

int
sim_store_add_dest(struct sim_store *s, const struct li_destination *d)
{
	struct li_destination copy;
	bool found;
	size_t at;
	int rc;

	at = place(s->dest, s->dest_n, sizeof(*s->dest), d->did, &found);
	if (found)
		return (CU_EEXIST);
	if ((rc = li_destination_copy(&copy, d)) != 0)
		return (rc);
	rc = make_room((void **)&s->dest, &s->dest_n, &s->dest_cap,
	    sizeof(*s->dest), at);
	if (rc != 0) {
		li_destination_fini(&copy);
		return (rc);
	}
	s->dest[at] = copy;
	return (0);
}

int
sim_store_change(struct sim_task *t, const struct li_task *task, utc_us now)
{
	struct li_task copy;
	int rc;

	if ((rc = li_task_copy(&copy, task)) != 0)
		return (rc);
	li_task_fini(&t->task);
	t->task = copy;
	t->bare = false;
	if (now != LI_TIME_NONE) {
		t->changes++;
		t->changed = now;
	}
	return (0);
}

int
sim_store_end(struct sim_store *s, const char *xid, bool keep)
{
	struct sim_task *t = sim_store_task(s, xid);
	size_t i, at;
	bool found;

	if (t == NULL)
		return (CU_ENOENT);
	i = (size_t)(t - s->task);
	at = place(s->ended, s->ended_n, sizeof(*s->ended), xid, &found);
	if (keep && found) {
		task_fini(&s->ended[at]);
		s->ended[at] = *t;
	} else if (keep && make_room((void **)&s->ended, &s->ended_n,
	    &s->ended_cap, sizeof(*s->ended), at) == 0)
		s->ended[at] = *t;
	else
		task_fini(t);
	close_gap(s->task, &s->task_n, sizeof(*s->task), i);
	return (0);
}

int
sim_store_back(struct sim_store *s)
{
	size_t i, at;
	bool found;
	int rc;

	for (i = 0; i < s->ended_n; i++) {
		at = place(s->task, s->task_n, sizeof(*s->task),
		    s->ended[i].task.xid, &found);
		if (found) {
			task_fini(&s->ended[i]);
			continue;
		}
		rc = make_room((void **)&s->task, &s->task_n, &s->task_cap,
		    sizeof(*s->task), at);
		if (rc != 0) {
			/* What has returned already is no longer kept. */
			memmove(s->ended, s->ended + i,
			    (s->ended_n - i) * sizeof(*s->ended));
			s->ended_n -= i;
			return (rc);
		}
		s->task[at] = s->ended[i];
	}
	s->ended_n = 0;
	return (0);
}

int
sim_store_drop_dest(struct sim_store *s, const char *did)
{
	struct li_destination *d = sim_store_dest(s, did);

	if (d == NULL)
		return (CU_ENOENT);
	li_destination_fini(d);
	close_gap(s->dest, &s->dest_n, sizeof(*s->dest),
	    (size_t)(d - s->dest));
	return (0);
}

const char *
sim_store_user(const struct sim_store *s, const char *did)
{
	const struct li_task *t;
	size_t i, j;

	for (i = 0; i < s->task_n; i++) {
		t = &s->task[i].task;
		for (j = 0; j < t->shape.dids_n; j++)
			if (strcmp(t->shape.dids[j], did) == 0)
				return (t->xid);
	}
	return (NULL);
}
