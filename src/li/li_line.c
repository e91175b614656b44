/*
 * src/li/li_line.c: the one line that a task or destination is (formats 9).
 * Two parties that write the same line mean the same interception.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "li/li_task.h"

#define SET_TEXT_MAX	(LI_SET_MAX * (64 + 3 * LI_VALUE_MAX))
#define LINE_BYTES_MAX	(4 * SET_TEXT_MAX)
#define MED_BYTES_MAX	(4 * LI_LIID_MAX + 128 + \
			LI_DIDS_MAX * (TEXT_UUID_LEN + 1))

static int
by_bytes(const void *a, const void *b)
{
	return (strcmp(a, b));
}

static int
by_text(const void *a, const void *b)
{
	return (strcmp(buf_text(a), buf_text(b)));
}

static void
write_dids(struct buf *b, li_uuid *v, size_t n)
{
	li_uuid *sorted;
	size_t i;

	if (n == 0)
		return;
	if ((sorted = calloc(n, sizeof(*sorted))) == NULL) {
		b->rc = b->rc != 0 ? b->rc : CU_ENOMEM;
		return;
	}
	memcpy(sorted, v, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_bytes);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_ch(b, ',');
		buf_str(b, sorted[i]);
	}
	free(sorted);
}

static void
write_services(struct buf *b, unsigned int services)
{
	unsigned int bit;
	bool first = true;

	if (services == 0)
		buf_ch(b, '*');
	for (bit = 1; bit <= LI_SERVICES; bit <<= 1) {
		if ((services & bit) == 0)
			continue;
		if (!first)
			buf_ch(b, ',');
		buf_str(b, li_service_name(bit));
		first = false;
	}
}

static void
write_time(struct buf *b, utc_us t)
{
	char text[UTC_LEN + 1] = "-";

	if (t != LI_TIME_NONE)
		utc_text(text, t);
	buf_str(b, text);
}

static void
write_med(struct buf *b, const struct li_med *m)
{
	buf_str(b, " med=");
	li_escape(b, m->liid, strlen(m->liid));
	buf_ch(b, ';');
	buf_str(b, li_med_delivery_name(m->delivery));
	buf_ch(b, ';');
	write_time(b, m->start);
	buf_ch(b, ';');
	write_time(b, m->end);
	buf_ch(b, ';');
	if (!m->own_dids)
		buf_ch(b, '-');
	else
		write_dids(b, m->dids, m->dids_n);
}

static int
write_meds(struct buf *b, const struct li_med *m, size_t n)
{
	struct buf line[LI_MEDS_MAX];
	size_t i;
	int rc = 0;

	if (n > LI_MEDS_MAX)
		return (CU_ELIMIT);
	for (i = 0; i < n; i++) {
		buf_init(&line[i], MED_BYTES_MAX);
		write_med(&line[i], &m[i]);
		if (rc == 0)
			rc = line[i].rc;
	}
	if (rc == 0)
		qsort(line, n, sizeof(line[0]), by_text);
	for (i = 0; i < n; i++) {
		if (rc == 0)
			buf_add(b, line[i].p, line[i].len);
		buf_wipe(&line[i]);
	}
	return (rc);
}

int
li_task_line_with(struct buf *b, const struct li_task *t,
    const struct li_shape *shape)
{
	struct buf set;
	int rc;

	buf_init(&set, SET_TEXT_MAX);
	if ((rc = li_set_text(&set, t->targets, t->targets_n, NULL)) != 0)
		goto out;
	buf_printf(b, "task %s deliver=%s set=", t->xid,
	    li_delivery_name(shape->delivery));
	li_escape(b, set.p, set.len);
	buf_str(b, " dids=");
	write_dids(b, shape->dids, shape->dids_n);
	buf_printf(b, " product=%s corr=",
	    t->product[0] != '\0' ? t->product : "-");
	if (t->has_correlation)
		buf_printf(b, "%llu", (unsigned long long)t->correlation);
	else
		buf_ch(b, '-');
	buf_printf(b, " implicit=%d services=", t->implicit ? 1 : 0);
	write_services(b, shape->services);
	if ((rc = write_meds(b, t->meds, t->meds_n)) != 0)
		goto out;
	buf_printf(b, " rest=%s", t->rest[0] != '\0' ? t->rest : "-");
	rc = b->rc;
out:	buf_wipe(&set);
	return (rc);
}

int
li_task_line(struct buf *b, const struct li_task *t)
{
	return (li_task_line_with(b, t, &t->shape));
}

void
li_count_line(struct buf *b, const char *xid, const struct li_task_status *s)
{
	buf_printf(b, "count %s n=", xid);
	if (s->modifications.present)
		buf_printf(b, "%llu", (unsigned long long)s->modifications.v);
	else
		buf_ch(b, '-');
	buf_str(b, " last=");
	write_time(b, s->last_modification);
}

void
li_destination_line(struct buf *b, const struct li_destination *d)
{
	buf_printf(b, "destination %s deliver=%s at=", d->did,
	    li_delivery_name(d->delivery));
	li_address_text(b, &d->address);
}

bool
li_task_equal(const struct li_task *x, const struct li_task *y)
{
	struct buf a, b;
	bool equal;

	buf_init(&a, LINE_BYTES_MAX);
	buf_init(&b, LINE_BYTES_MAX);
	equal = li_task_line(&a, x) == 0 && li_task_line(&b, y) == 0 &&
	    by_text(&a, &b) == 0;
	buf_wipe(&a);
	buf_wipe(&b);
	return (equal);
}

bool
li_destination_equal(const struct li_destination *x,
    const struct li_destination *y)
{
	struct buf a, b;
	bool equal;

	buf_init(&a, 4 * LI_URI_MAX);
	buf_init(&b, 4 * LI_URI_MAX);
	li_destination_line(&a, x);
	li_destination_line(&b, y);
	equal = a.rc == 0 && b.rc == 0 && by_text(&a, &b) == 0;
	buf_fini(&a);
	buf_fini(&b);
	return (equal);
}
