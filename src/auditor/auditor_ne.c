/* src/auditor/auditor_ne.c: the life of a question */
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_ne.h"
#include "base/err.h"

#define CODE_XID_UNKNOWN	2020
#define CODE_DID_UNKNOWN	2040

enum state {
	REST,		/* until next_at */
	BEGIN,		/* the keeper was told */
	ASK,		/* a request is due */
	ASKED,		/* one is under way */
	FOLLOW, FOLLOWED,	/* due; under way */
	STORE, STORED	/* due; under way */
};

struct auditor_ne {
	struct auditor_ne_conf conf;
	uint64_t random;
	enum state state;
	utc_us next_at;		/* REST: when the next question is due */
	utc_us request_at;	/* pace: when the next request may leave */
	utc_us begun_at;
	bool hurry;		/* ask once more as soon as this one is over */
	bool stale;		/* registered anew meanwhile: this is void */
	bool big;		/* by list and details */
	bool no_bulk;		/* it refuses GetAllDetails */
	bool over;		/* ... or answers it with too much */
	bool anew;		/* carry all: the next diff has no base */
	utc_us full_at;		/* when everything was stored last */

	/* The question under way. */
	struct auditor_question q;
	enum x1_op op;
	struct auditor_objects objects;
	size_t *todo;		/* owned: indices of objects to be detailed */
	size_t todo_n, todo_i;
	struct auditor_rows rows;
	struct auditor_diff diff;
	bool judged;

	/* The last stored answer. */
	struct auditor_rows memory;
	unsigned int leniencies;	/* said of ${base} */
	uint64_t base;
};

/* xorshift64*: order and jitter only. */
static uint64_t
draw(struct auditor_ne *ne)
{
	ne->random ^= ne->random >> 12;
	ne->random ^= ne->random << 25;
	ne->random ^= ne->random >> 27;
	return (ne->random * UINT64_C(2685821657736338717));
}

/* A time from ${lo} to ${hi}. */
static utc_us
between(struct auditor_ne *ne, utc_us lo, utc_us hi)
{
	if (hi <= lo)
		return (lo);
	return (lo + (utc_us)(draw(ne) % (uint64_t)(hi - lo + 1)));
}

int
auditor_ne_create(struct auditor_ne **out, const struct auditor_ne_conf *conf,
    utc_us now)
{
	struct auditor_ne *ne;

	if ((ne = calloc(1, sizeof(*ne))) == NULL)
		return (CU_ENOMEM);
	ne->conf = *conf;
	ne->random = conf->seed != 0 ? conf->seed : 1;
	ne->base = AUDITOR_NO_INDEX;
	/* Elements that start together are not asked in one moment. */
	ne->next_at = now + between(ne, 0, conf->interval / 10);
	*out = ne;
	return (0);
}

/* Drop what belongs to the question under way. */
static void
drop_question(struct auditor_ne *ne)
{
	auditor_diff_fini(&ne->diff);
	auditor_rows_fini(&ne->rows);
	auditor_objects_fini(&ne->objects);
	free(ne->todo);
	ne->todo = NULL;
	ne->todo_n = ne->todo_i = 0;
	ne->judged = false;
}

void
auditor_ne_free(struct auditor_ne *ne)
{
	if (ne == NULL)
		return;
	drop_question(ne);
	auditor_rows_fini(&ne->memory);
	free(ne);
}

void
auditor_ne_hurry(struct auditor_ne *ne, utc_us now)
{
	if (ne->state == REST)
		ne->next_at = now;
	else
		ne->hurry = true;
}

void
auditor_ne_reset(struct auditor_ne *ne, utc_us now)
{
	ne->anew = true;
	ne->big = ne->no_bulk = ne->over = false;
	ne->stale = ne->state != REST;
	auditor_ne_hurry(ne, now);
}

static void
begin_question(struct auditor_ne *ne, utc_us now)
{
	drop_question(ne);
	memset(&ne->q, 0, sizeof(ne->q));
	ne->q.answered = ne->q.asked = LI_TIME_NONE;
	ne->q.base = ne->base;
	ne->begun_at = now;
	ne->state = BEGIN;
	if (ne->base == AUDITOR_NO_INDEX ||
	    now - ne->full_at >= ne->conf.keep)
		ne->anew = true;
}

/* Rest until the next question. */
static void
rest(struct auditor_ne *ne, utc_us now, utc_us at)
{
	drop_question(ne);
	ne->state = REST;
	ne->next_at = at > now && !ne->hurry ? at : now;
	ne->hurry = ne->stale = false;
}

static utc_us
regular(struct auditor_ne *ne)
{
	utc_us tenth = ne->conf.interval / 10;

	return (ne->begun_at + between(ne, ne->conf.interval - tenth,
	    ne->conf.interval + tenth));
}

void
auditor_ne_next(struct auditor_ne *ne, utc_us now, struct auditor_step *s)
{
	memset(s, 0, sizeof(*s));
	s->what = AUDITOR_DO_WAIT;
	s->at = INT64_MAX;
	if (ne->stale && (ne->state == ASK || ne->state == FOLLOW ||
	    ne->state == STORE))
		rest(ne, now, now);
	switch (ne->state) {
	case REST:
		if (now < ne->next_at) {
			s->at = ne->next_at;
			break;
		}
		begin_question(ne, now);
		s->what = AUDITOR_DO_BEGIN;
		break;
	case ASK:
		if (now < ne->request_at) {
			s->at = ne->request_at;
			break;
		}
		ne->request_at = now + UTC_SECOND / ne->conf.pace;
		ne->state = ASKED;
		s->what = AUDITOR_DO_ASK;
		s->op = ne->op;
		if (ne->todo_i < ne->todo_n)
			s->id = ne->objects.v[ne->todo[ne->todo_i]].id;
		break;
	case FOLLOW:
		ne->state = FOLLOWED;
		s->what = AUDITOR_DO_FOLLOW;
		break;
	case STORE:
		ne->state = STORED;
		s->what = AUDITOR_DO_STORE;
		break;
	default:
		break;
	}
}

void
auditor_ne_begun(struct auditor_ne *ne, utc_us now, bool ok, uint64_t index)
{
	if (ne->state != BEGIN)
		return;
	if (!ok) {
		rest(ne, now, now + AUDITOR_RETRY_US);
		ne->next_at = now + AUDITOR_RETRY_US;
		return;
	}
	ne->q.index = index;
	ne->op = ne->big ? X1_OP_LIST_ALL_DETAILS : X1_OP_GET_ALL_DETAILS;
	ne->state = ASK;
}

/* The question has failed: that is what is stored, and nothing of it. */
static void
fail(struct auditor_ne *ne, enum auditor_error error)
{
	utc_us answered = ne->q.answered;

	drop_question(ne);
	ne->q.error = error;
	ne->q.answered = answered;
	ne->q.objects = 0;
	ne->state = FOLLOW;
}

/* By which details the next object is asked, or the answer is complete. */
static void
next_detail(struct auditor_ne *ne)
{
	struct auditor_objects *a = &ne->objects;
	size_t i, n = 0;

	if (ne->todo_i < ne->todo_n) {
		ne->op = a->v[ne->todo[ne->todo_i]].task ?
		    X1_OP_GET_TASK_DETAILS : X1_OP_GET_DESTINATION_DETAILS;
		ne->state = ASK;
		return;
	}
	/* What it said was gone between list and details has no id now. */
	for (i = 0; i < a->n; i++) {
		if (a->v[i].id[0] == '\0')
			auditor_object_fini(&a->v[i]);
		else if (n++ != i) {
			a->v[n - 1] = a->v[i];
			memset(&a->v[i], 0, sizeof(a->v[i]));
		}
	}
	a->n = n;
	ne->q.objects = n;
	ne->state = FOLLOW;
}

static void
shuffle(struct auditor_ne *ne, size_t *v, size_t n)
{
	size_t i, j, t;

	for (i = n; i > 1; i--) {
		j = draw(ne) % i;
		t = v[i - 1];
		v[i - 1] = v[j];
		v[j] = t;
	}
}

/* Details that one question may ask for. */
static size_t
details_max(const struct auditor_ne *ne)
{
	size_t n = (size_t)(ne->conf.interval / UTC_SECOND) * ne->conf.pace;

	return (n > AUDITOR_DETAILS_MIN ? n : AUDITOR_DETAILS_MIN);
}

/* What of an object must be asked in this question, if anything. */
enum due { DUE_NOT, DUE_NOW, DUE_MAY_WAIT };

static enum due
due(const struct auditor_ne *ne, const struct auditor_object *o,
    const struct auditor_row *r, utc_us now)
{
	bool bound = !o->task || ne->conf.bound(ne->conf.cookie, o->id);

	if (r == NULL || ne->anew ||
	    (r->lack == AUDITOR_LACK_UNBOUND && bound))
		return (bound ? DUE_NOW : DUE_MAY_WAIT);
	return (now < r->due ? DUE_NOT : DUE_MAY_WAIT);
}

/* What waits is as it is remembered, or bound to nothing. */
static void
put_off(struct auditor_ne *ne, size_t from)
{
	struct auditor_object *o;
	size_t i;

	for (i = from; i < ne->todo_n; i++) {
		o = &ne->objects.v[ne->todo[i]];
		if (!ne->anew && auditor_rows_find(&ne->memory, o->task,
		    o->id) != NULL)
			continue;
		o->listed = false;
		o->put_off = true;
	}
	ne->todo_n = from;
}

/* Choose, in random order, whose details are due.  0 or CU_ENOMEM. */
static int
choose(struct auditor_ne *ne, utc_us now)
{
	struct auditor_objects *a = &ne->objects;
	size_t *late, i, late_n = 0, first, max = details_max(ne);

	free(ne->todo);
	ne->todo_n = ne->todo_i = 0;
	ne->todo = calloc(a->n + 1, sizeof(*ne->todo));
	late = calloc(a->n + 1, sizeof(*late));
	if (ne->todo == NULL || late == NULL) {
		free(late);
		return (CU_ENOMEM);
	}
	for (i = 0; i < a->n; i++)
		switch (due(ne, &a->v[i], auditor_rows_find(&ne->memory,
		    a->v[i].task, a->v[i].id), now)) {
		case DUE_NOW:
			ne->todo[ne->todo_n++] = i;
			break;
		case DUE_MAY_WAIT:
			late[late_n++] = i;
			break;
		default:
			break;
		}
	shuffle(ne, ne->todo, ne->todo_n);
	shuffle(ne, late, late_n);
	first = ne->todo_n;
	memcpy(ne->todo + first, late, late_n * sizeof(*late));
	ne->todo_n += late_n;
	free(late);
	ne->big = ne->no_bulk || a->n > AUDITOR_SMALL_LIST;
	if (ne->todo_n > max && (ne->no_bulk || ne->over))
		put_off(ne, first > max ? first : max);
	return (0);
}

static void
got_code(struct auditor_ne *ne, int64_t code)
{
	struct auditor_object *o;

	switch (ne->op) {
	case X1_OP_GET_ALL_DETAILS:
		ne->big = ne->no_bulk = true;
		ne->op = X1_OP_LIST_ALL_DETAILS;
		ne->state = ASK;
		return;
	case X1_OP_GET_TASK_DETAILS:
	case X1_OP_GET_DESTINATION_DETAILS:
		o = &ne->objects.v[ne->todo[ne->todo_i]];
		if (code != (o->task ? CODE_XID_UNKNOWN : CODE_DID_UNKNOWN))
			break;
		o->id[0] = '\0';
		ne->todo_i++;
		next_detail(ne);
		return;
	default:
		break;
	}
	fail(ne, AUDITOR_ERROR_UNSUPPORTED);
}

/* One object's details, which must be those that were asked for. */
static void
got_detail(struct auditor_ne *ne, struct auditor_objects *got)
{
	struct auditor_object *o = &ne->objects.v[ne->todo[ne->todo_i]];

	if (got->n != 1 || got->v[0].listed || got->v[0].task != o->task ||
	    strcmp(got->v[0].id, o->id) != 0) {
		fail(ne, AUDITOR_ERROR_FORM);
		return;
	}
	auditor_object_fini(o);
	*o = got->v[0];
	memset(&got->v[0], 0, sizeof(got->v[0]));
	ne->todo_i++;
	next_detail(ne);
}

static int
got_objects(struct auditor_ne *ne, utc_us now, struct auditor_got *g)
{
	if (ne->op != X1_OP_GET_ALL_DETAILS &&
	    ne->op != X1_OP_LIST_ALL_DETAILS) {
		got_detail(ne, g->objects);
		return (0);
	}
	ne->objects = *g->objects;
	memset(g->objects, 0, sizeof(*g->objects));
	if (ne->op == X1_OP_GET_ALL_DETAILS) {
		if (g->body_len > AUDITOR_BULK_MAX)
			ne->big = true;
	} else if (choose(ne, now) != 0) {
		fail(ne, AUDITOR_ERROR_FORM);
		return (CU_ENOMEM);
	} else if (ne->todo_n > details_max(ne) && !ne->no_bulk &&
	    !ne->over) {
		/* All at once is less, for both, than one by one. */
		auditor_objects_fini(&ne->objects);
		ne->todo_n = 0;
		ne->op = X1_OP_GET_ALL_DETAILS;
		ne->state = ASK;
		return (0);
	}
	next_detail(ne);
	return (0);
}

int
auditor_ne_answered(struct auditor_ne *ne, utc_us now, struct auditor_got *g)
{
	int rc = 0;

	if (ne->state != ASKED)
		goto out;
	if (ne->stale) {
		rest(ne, now, now);
		goto out;
	}
	if (ne->q.asked == LI_TIME_NONE)
		ne->q.asked = g->sent;
	if (g->came != 0)
		ne->q.answered = g->came;
	if (g->has_certificate) {
		ne->q.has_certificate = true;
		memcpy(ne->q.certificate, g->certificate, DIGEST_LEN);
	}
	ne->q.leniencies |= g->leniencies;
	if (g->error != AUDITOR_ERROR_NONE)
		fail(ne, g->error);
	else if (g->too_large && ne->op == X1_OP_GET_ALL_DETAILS) {
		ne->big = ne->over = true;
		ne->op = X1_OP_LIST_ALL_DETAILS;
		ne->state = ASK;
	} else if (g->too_large || (!g->is_code && g->objects == NULL))
		fail(ne, AUDITOR_ERROR_FORM);
	else if (g->is_code)
		got_code(ne, g->code);
	else
		rc = got_objects(ne, now, g);
out:	if (g->objects != NULL)
		auditor_objects_fini(g->objects);
	return (rc);
}

void
auditor_ne_followed(struct auditor_ne *ne, utc_us now, bool ok)
{
	if (ne->state != FOLLOWED)
		return;
	if (ok)
		ne->state = STORE;
	else
		rest(ne, now, now + AUDITOR_RETRY_US);
}

/* Its base says all that there is to say of it, and of how it was read. */
static bool
unchanged(const struct auditor_ne *ne)
{
	return (auditor_diff_none(&ne->diff) &&
	    ne->q.leniencies == ne->leniencies);
}

int
auditor_ne_judge(struct auditor_ne *ne, utc_us now, auditor_token_fn *token,
    void *cookie, struct auditor_report *out)
{
	utc_us half = ne->conf.full / 2;
	size_t i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (ne->q.error == AUDITOR_ERROR_NONE && !ne->judged) {
		rc = auditor_rows_make(&ne->rows, &ne->objects, &ne->memory,
		    token, cookie);
		if (rc == 0)
			rc = auditor_diff_make(&ne->diff, &ne->rows,
			    ne->anew ? NULL : &ne->memory);
		ne->judged = rc == 0;
	}
	if (rc == CU_ESTATE) {
		fail(ne, AUDITOR_ERROR_FORM);
		ne->state = STORED;
	}
	if (rc != 0)
		return (rc);
	out->question = ne->q;
	if (!ne->judged)
		return (0);
	/* Too much is gone for `gone`, and the list alone cannot carry all. */
	for (i = 0; ne->diff.all && i < ne->objects.n; i++)
		if (ne->objects.v[i].listed) {
			ne->anew = true;
			return (CU_EBUSY);
		}
	for (i = 0; i < ne->rows.n; i++)
		if (ne->objects.v[i].put_off)
			ne->rows.v[i].due = now;
		else if (!ne->objects.v[i].listed)
			ne->rows.v[i].due = now + between(ne, half,
			    2 * half - ne->conf.interval);
	out->rows = &ne->rows;
	out->objects = &ne->objects;
	out->diff = &ne->diff;
	out->unchanged = unchanged(ne);
	return (0);
}

void
auditor_ne_stored(struct auditor_ne *ne, utc_us now, bool ok, uint64_t index,
    bool again)
{
	if (ne->state != STORED)
		return;
	if (!ok) {
		rest(ne, now, now + AUDITOR_RETRY_US);
		return;
	}
	if (ne->judged) {
		if (!unchanged(ne)) {
			ne->base = index;
			ne->leniencies = ne->q.leniencies;
		}
		if (ne->diff.all) {
			ne->anew = false;
			ne->full_at = now;
		}
		auditor_rows_fini(&ne->memory);
		ne->memory = ne->rows;
		memset(&ne->rows, 0, sizeof(ne->rows));
	}
	if (again)
		ne->hurry = true;
	rest(ne, now, regular(ne));
}
