/* src/auditor/auditor_said.c: members of an auditor's reports */
#include <string.h>
#include "auditor/auditor_said.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/jw.h"
#include "record/record_sd.h"
#include "x1/x1_msg.h"

#define VALUE_MAX	(8U << 20)	/* of one disclosed item */

/* Members without braces: an object is written, and its braces cut off. */
static void
open_members(struct jw *w, struct buf *b, size_t *from)
{
	*from = b->len;
	jw_init(w, b);
	jw_obj(w, NULL);
}

static void
close_members(struct jw *w, struct buf *b, size_t from)
{
	jw_end(w);
	if (b->rc != 0)
		return;
	memmove(b->p + from, b->p + from + 1, b->len - from - 2);
	b->len -= 2;
	b->p[b->len] = '\0';
}

static const char *
lack_name(enum auditor_lack lack)
{
	return (lack == AUDITOR_LACK_NONE ? NULL :
	    lack == AUDITOR_LACK_UNBOUND ? "unbound" : "form");
}

static void
say_item(struct jw *w, const struct auditor_row *r)
{
	jw_obj(w, NULL);
	jw_str(w, "type", r->task ? "task" : "destination");
	jw_str(w, "id", r->id);
	if (r->lack == AUDITOR_LACK_NONE)
		jw_bytes(w, "line", r->mark, DIGEST_LEN);
	else
		jw_null(w, "line");
	jw_strz(w, "why", lack_name(r->lack));
	if (r->n.present)
		jw_dec(w, "n", r->n.v);
	else
		jw_null(w, "n");
	if (r->last != LI_TIME_NONE)
		jw_utc(w, "last", r->last);
	else
		jw_null(w, "last");
	jw_end(w);
}

/* The sealed side of an item: [id, line], or [id, reason, bytes]. */
static int
disclose_item(struct record_sds *sds, const struct auditor_row *r,
    const struct auditor_object *o)
{
	struct buf b;
	struct jw w;
	int rc;

	if (o->listed)
		return (CU_ESTATE);
	buf_init(&b, VALUE_MAX);
	jw_init(&w, &b);
	jw_arr(&w, NULL);
	jw_str(&w, NULL, r->id);
	if (r->lack == AUDITOR_LACK_NONE)
		jw_strn(&w, NULL, o->line, o->line_len);
	else {
		jw_str(&w, NULL, lack_name(r->lack));
		jw_bytes(&w, NULL, o->kept, o->kept_len);
	}
	jw_end(&w);
	rc = b.rc != 0 ? b.rc :
	    record_sds_json(sds, "item", (char *)b.p, b.len);
	buf_wipe(&b);
	return (rc);
}

unsigned int
auditor_said_parts(const struct auditor_diff *d)
{
	size_t n = d != NULL ? d->changed_n : 0;

	if (n == 0)
		return (1);
	return ((unsigned int)((n + AUDITOR_PART_ITEMS - 1) /
	    AUDITOR_PART_ITEMS));
}

/* Absent where the standard's own form was enough. */
static void
say_leniencies(struct jw *w, unsigned int left)
{
	unsigned int bit;

	if (left == 0)
		return;
	jw_arr(w, "leniencies");
	for (bit = 1; left != 0; left &= ~bit, bit <<= 1)
		if ((left & bit) != 0)
			jw_str(w, NULL, x1_dialect_name(bit));
	jw_end(w);
}

static void
dec_or_null(struct jw *w, const char *key, uint64_t v)
{
	if (v == AUDITOR_NO_INDEX)
		jw_null(w, key);
	else
		jw_dec(w, key, v);
}

static void
say_question(struct jw *w, const struct auditor_question *q)
{
	jw_dec(w, "element", q->element);
	jw_dec(w, "question", q->index);
	jw_utc(w, "asked", q->asked);
	if (q->answered != LI_TIME_NONE)
		jw_utc(w, "answered", q->answered);
	else
		jw_null(w, "answered");
	jw_bool(w, "complete", q->error == AUDITOR_ERROR_NONE);
	jw_strz(w, "error", auditor_error_name(q->error));
	if (q->has_certificate)
		jw_bytes(w, "certificate", q->certificate, DIGEST_LEN);
	else
		jw_null(w, "certificate");
}

int
auditor_said_part(struct buf *b, struct record_sds *sds,
    const struct auditor_question *q, const struct auditor_rows *rows,
    const struct auditor_objects *a, const struct auditor_diff *d,
    unsigned int part)
{
	size_t from, i, k, first = (size_t)(part - 1) * AUDITOR_PART_ITEMS;
	struct jw w;
	int rc = 0;

	open_members(&w, b, &from);
	say_question(&w, q);
	dec_or_null(&w, "base", d == NULL || d->all ? AUDITOR_NO_INDEX :
	    q->base);
	jw_int(&w, "part", part);
	jw_int(&w, "parts", auditor_said_parts(d));
	jw_arr(&w, "items");
	for (i = first; d != NULL && i < d->changed_n &&
	    i < first + AUDITOR_PART_ITEMS && rc == 0; i++) {
		k = d->changed[i];
		say_item(&w, &rows->v[k]);
		rc = disclose_item(sds, &rows->v[k], &a->v[k]);
	}
	jw_end(&w);
	jw_arr(&w, "gone");
	for (i = 0; d != NULL && part == 1 && i < d->gone_n; i++)
		if (i == 0 || strcmp(d->gone[i]->id, d->gone[i - 1]->id) != 0)
			jw_str(&w, NULL, d->gone[i]->id);
	jw_end(&w);
	say_leniencies(&w, part == 1 ? q->leniencies : 0);
	close_members(&w, b, from);
	if (rc == 0)
		rc = record_sds_sort(sds);
	return (rc != 0 ? rc : b->rc);
}

void
auditor_said_round(struct buf *b, const struct auditor_question *q, size_t n)
{
	size_t from, i;
	struct jw w;

	open_members(&w, b, &from);
	jw_arr(&w, "rows");
	for (i = 0; i < n; i++) {
		jw_arr(&w, NULL);
		jw_dec(&w, NULL, q[i].element);
		jw_dec(&w, NULL, q[i].base);
		jw_dec(&w, NULL, q[i].index);
		jw_utc(&w, NULL, q[i].asked);
		jw_utc(&w, NULL, q[i].answered);
		jw_int(&w, NULL, (int64_t)q[i].objects);
		jw_end(&w);
	}
	jw_end(&w);
	close_members(&w, b, from);
}

void
auditor_said_start(struct buf *b, const char *version, const char *build,
    const uint8_t config[DIGEST_LEN], uint64_t size)
{
	size_t from;
	struct jw w;

	open_members(&w, b, &from);
	jw_str(&w, "version", version);
	jw_str(&w, "build", build);
	jw_bytes(&w, "config", config, DIGEST_LEN);
	jw_dec(&w, "size", size);
	jw_null(&w, "spool");
	close_members(&w, b, from);
}

void
auditor_said_stop(struct buf *b, uint64_t size)
{
	size_t from;
	struct jw w;

	open_members(&w, b, &from);
	jw_dec(&w, "size", size);
	close_members(&w, b, from);
}

void
auditor_said_beat(struct buf *b, uint64_t size, const uint8_t root[DIGEST_LEN])
{
	size_t from;
	struct jw w;

	open_members(&w, b, &from);
	jw_dec(&w, "size", size);
	jw_bytes(&w, "root", root, DIGEST_LEN);
	jw_null(&w, "spool");
	jw_int(&w, "tls_refused", 0);
	jw_int(&w, "refused", 0);
	jw_bool(&w, "spool_failed", false);
	close_members(&w, b, from);
}

void
auditor_said_end(struct buf *out, const void *members, size_t len,
    const uint64_t *gaps, size_t gaps_n, const uint64_t *last,
    const struct record_sds *sds)
{
	size_t from, i;
	struct jw w;

	buf_ch(out, '{');
	buf_add(out, members, len);
	if (gaps_n > 0 || last != NULL || (sds != NULL && sds->n > 0)) {
		buf_ch(out, ',');
		open_members(&w, out, &from);
		if (gaps_n > 0) {
			jw_arr(&w, "void");
			for (i = 0; i < gaps_n; i++)
				jw_int(&w, NULL, (int64_t)gaps[i]);
			jw_end(&w);
		}
		if (last != NULL)
			jw_int(&w, "last", (int64_t)*last);
		if (sds != NULL && sds->n > 0)
			record_sds_write(sds, &w);
		close_members(&w, out, from);
	}
	buf_ch(out, '}');
}
