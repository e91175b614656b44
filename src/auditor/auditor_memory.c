/* src/auditor/auditor_memory.c: tokens of the last stored answer, compared */
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_memory.h"
#include "base/err.h"
#include "base/text.h"

void
auditor_rows_fini(struct auditor_rows *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

struct auditor_row *
auditor_rows_find(const struct auditor_rows *s, bool task, const char *id)
{
	size_t lo = 0, hi = s->n, mid;
	int c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		c = auditor_order(s->v[mid].task, s->v[mid].id, task, id);
		if (c == 0)
			return (&s->v[mid]);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (NULL);
}

static int
make_row(struct auditor_row *r, const struct auditor_object *o,
    auditor_token_fn *token, void *cookie)
{
	int rc;

	text_put(r->id, o->id);
	r->task = o->task;
	r->n = o->n;
	r->last = o->last;
	r->lack = AUDITOR_LACK_FORM;
	if (o->put_off) {
		/* Bound meanwhile: only its details could say what it is. */
		rc = token(cookie, o->task, o->id, "", 0, r->mark);
		r->lack = AUDITOR_LACK_UNBOUND;
		memset(r->mark, 0, sizeof(r->mark));
		return (rc == CU_ENOENT ? 0 : CU_ESTATE);
	}
	if (!o->form) {
		rc = token(cookie, o->task, o->id, o->line, o->line_len,
		    r->mark);
		if (rc == 0)
			r->lack = AUDITOR_LACK_NONE;
		if (rc == 0 || rc != CU_ENOENT)
			return (rc);
		r->lack = AUDITOR_LACK_UNBOUND;
		digest(r->mark, o->line, o->line_len);
		return (0);
	}
	digest(r->mark, o->kept, o->kept_len);
	return (0);
}

int
auditor_rows_make(struct auditor_rows *out, const struct auditor_objects *a,
    const struct auditor_rows *memory, auditor_token_fn *token, void *cookie)
{
	struct auditor_rows s = { .n = a->n, .cap = a->n };
	const struct auditor_row *known;
	size_t i;
	int rc = 0;

	if (a->n > 0 && (s.v = calloc(a->n, sizeof(*s.v))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < a->n && rc == 0; i++) {
		if (!a->v[i].listed) {
			rc = make_row(&s.v[i], &a->v[i], token, cookie);
			continue;
		}
		known = auditor_rows_find(memory, a->v[i].task, a->v[i].id);
		if (known == NULL)
			rc = CU_ESTATE;
		else
			s.v[i] = *known;
	}
	if (rc == 0)
		*out = s;
	else
		auditor_rows_fini(&s);
	return (rc);
}

static bool
same(const struct auditor_row *a, const struct auditor_row *b)
{
	return (a->lack == b->lack &&
	    memcmp(a->mark, b->mark, DIGEST_LEN) == 0 &&
	    a->n.present == b->n.present &&
	    (!a->n.present || a->n.v == b->n.v) && a->last == b->last);
}

int
auditor_diff_make(struct auditor_diff *out, const struct auditor_rows *rows,
    const struct auditor_rows *memory)
{
	struct auditor_diff d = { .all = memory == NULL };
	size_t i = 0, j = 0, old_n = memory != NULL ? memory->n : 0;
	int c;

	d.changed = calloc(rows->n + 1, sizeof(*d.changed));
	d.gone = calloc(AUDITOR_GONE_MAX, sizeof(*d.gone));
	if (d.changed == NULL || d.gone == NULL) {
		auditor_diff_fini(&d);
		return (CU_ENOMEM);
	}
	while (!d.all && (i < rows->n || j < old_n)) {
		c = i == rows->n ? 1 : j == old_n ? -1 :
		    auditor_order(rows->v[i].task, rows->v[i].id,
		    memory->v[j].task, memory->v[j].id);
		if (c > 0 && d.gone_n == AUDITOR_GONE_MAX)
			d.all = true;
		else if (c > 0)
			d.gone[d.gone_n++] = &memory->v[j];
		else if (c < 0 || !same(&rows->v[i], &memory->v[j]))
			d.changed[d.changed_n++] = i;
		i += c <= 0;
		j += c >= 0;
	}
	if (d.all) {
		d.gone_n = 0;
		for (d.changed_n = 0; d.changed_n < rows->n; d.changed_n++)
			d.changed[d.changed_n] = d.changed_n;
	}
	*out = d;
	return (0);
}

void
auditor_diff_fini(struct auditor_diff *d)
{
	free(d->changed);
	free(d->gone);
	memset(d, 0, sizeof(*d));
}

bool
auditor_diff_none(const struct auditor_diff *d)
{
	return (!d->all && d->changed_n == 0 && d->gone_n == 0);
}
