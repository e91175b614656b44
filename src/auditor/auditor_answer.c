/* src/auditor/auditor_answer.c: an answer is complete, or it is none */
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_answer.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "x1/x1_decode.h"

#define OBJECTS_MAX	500000	/* as many as an answer can have tags */
#define LINE_MAX_LEN	(1U << 20)
#define ITEM_MAX_LEN	(32U << 20)

const char *
auditor_error_name(enum auditor_error e)
{
	static const char *const name[] = { NULL, "connect", "tls",
	    "identity", "timeout", "http", "form", "cut", "unsupported" };

	return (name[e]);
}

void
auditor_object_fini(struct auditor_object *o)
{
	free(o->line);
	free(o->kept);
	memset(o, 0, sizeof(*o));
}

void
auditor_objects_fini(struct auditor_objects *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		auditor_object_fini(&s->v[i]);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

int
auditor_order(bool task_a, const char *a, bool task_b, const char *b)
{
	int c = strcmp(a, b);

	return (c != 0 ? c : (int)task_b - (int)task_a);
}

static int
by_order(const void *a, const void *b)
{
	const struct auditor_object *x = a, *y = b;

	return (auditor_order(x->task, x->id, y->task, y->id));
}

static struct auditor_object *
new_object(struct auditor_objects *s)
{
	size_t cap = s->cap == 0 ? 32 : s->cap * 2;
	struct auditor_object *p;

	if (s->n == s->cap) {
		if ((p = reallocarray(s->v, cap, sizeof(*p))) == NULL)
			return (NULL);
		s->v = p;
		s->cap = cap;
	}
	p = &s->v[s->n++];
	memset(p, 0, sizeof(*p));
	p->last = LI_TIME_NONE;
	return (p);
}

/* Keep the start of what was received: the evidence where no line is. */
static int
keep(struct auditor_object *o, struct x1_response *r)
{
	struct buf b;
	int rc;

	buf_init(&b, ITEM_MAX_LEN);
	if ((rc = x1_response_item_xml(r, &b)) == 0 && b.len > 0) {
		o->kept_len = b.len < AUDITOR_KEPT_MAX ? b.len :
		    AUDITOR_KEPT_MAX;
		if ((o->kept = malloc(o->kept_len)) == NULL)
			rc = CU_ENOMEM;
		else
			memcpy(o->kept, b.p, o->kept_len);
	}
	buf_wipe(&b);
	return (rc);
}

static int
draw_line(struct auditor_object *o, const struct x1_item *it)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, LINE_MAX_LEN);
	if (o->task)
		rc = li_task_line(&b, &it->task);
	else
		li_destination_line(&b, &it->destination);
	if (rc == 0)
		rc = b.rc;
	if (rc == 0 && (o->line = (char *)buf_take(&b, &o->line_len)) == NULL)
		rc = CU_ENOMEM;
	buf_wipe(&b);
	return (rc);
}

/* One item into an object.  0, AUDITOR_E_FORM, CU_ENOMEM. */
static int
take_item(struct auditor_objects *out, struct x1_response *r,
    const struct x1_item *it, auditor_bound_fn *bound, void *cookie,
    struct cu_why *why)
{
	struct auditor_object *o;
	int rc;

	if (it->kind == X1_ITEM_OBJECT || it->kind == X1_ITEM_OBJECT_ID)
		return (0);
	if (!text_is_uuid(it->id, strlen(it->id))) {
		cu_why_set(why, "an item without an id");
		return (AUDITOR_E_FORM);
	}
	if (out->n >= OBJECTS_MAX) {
		cu_why_set(why, "more than %d objects", OBJECTS_MAX);
		return (AUDITOR_E_FORM);
	}
	if ((o = new_object(out)) == NULL)
		return (CU_ENOMEM);
	text_put(o->id, it->id);
	o->task = it->kind == X1_ITEM_XID || it->kind == X1_ITEM_TASK;
	o->listed = it->kind == X1_ITEM_XID || it->kind == X1_ITEM_DID;
	if (o->listed)
		return (0);
	o->form = it->form != X1_FORM_OK;
	if (!o->form) {
		rc = draw_line(o, it);
		o->form = rc == CU_EMALFORMED || rc == CU_ELIMIT;
		if (rc == CU_ENOMEM)
			return (rc);
	}
	if (o->task && it->form == X1_FORM_OK) {
		o->n = it->task_status.modifications;
		o->last = it->task_status.last_modification;
	}
	if (o->form || (o->task && !bound(cookie, o->id)))
		return (keep(o, r) == CU_ENOMEM ? CU_ENOMEM : 0);
	return (0);
}

static int
take_items(struct auditor_objects *out, struct x1_response *r,
    auditor_bound_fn *bound, void *cookie, struct cu_why *why)
{
	struct x1_item it;
	size_t i;
	int rc;

	while ((rc = x1_response_item(r, &it)) == 0) {
		rc = take_item(out, r, &it, bound, cookie, why);
		x1_item_fini(&it);
		if (rc != 0)
			return (rc);
	}
	if (rc != X1_E_END)
		return (rc);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_order);
	for (i = 1; i < out->n; i++)
		if (by_order(&out->v[i - 1], &out->v[i]) == 0) {
			cu_why_set(why, "an id stands twice");
			return (AUDITOR_E_FORM);
		}
	return (0);
}

int
auditor_answer_take(struct auditor_objects *out, const void *body, size_t len,
    unsigned int dialect, const struct x1_head *asked, enum x1_op op,
    auditor_bound_fn *bound, void *cookie, int64_t *code, unsigned int *used,
    struct cu_why *why)
{
	struct auditor_objects got = { 0 };
	struct x1_response *r;
	struct x1_answer a;
	int rc;

	*used = 0;
	rc = x1_response_open(&r, body, len, dialect, why);
	if (rc != 0)
		return (rc == CU_ENOMEM ? rc : AUDITOR_E_FORM);
	if (x1_response_top_level(r, NULL)) {
		*code = 0;
		rc = AUDITOR_E_CODE;
		goto out;
	}
	rc = AUDITOR_E_FORM;
	if (x1_response_count(r) != 1) {
		cu_why_set(why, "not one answer to one question");
		goto out;
	}
	if ((rc = x1_response_next(r, &a, why)) != 0) {
		rc = rc == CU_ENOMEM ? rc : AUDITOR_E_FORM;
		goto out;
	}
	if (x1_answer_matches(&a, asked, op, why) != 0)
		rc = AUDITOR_E_FORM;
	else if (a.is_error) {
		*code = a.code;
		rc = AUDITOR_E_CODE;
	} else
		rc = take_items(&got, r, bound, cookie, why);
	x1_answer_fini(&a);
out:	*used = x1_response_leniencies(r);
	x1_response_free(r);
	if (rc == 0)
		*out = got;
	else
		auditor_objects_fini(&got);
	return (rc);
}
