/*
 * src/journal/journal_read.c: a log directory, read by anybody.
 * The segments are the truth; level and offset files are tried first and
 * checked by what they lead to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "crypto/digest.h"
#include "journal/journal_read.h"
#include "journal/journal_segment.h"

/* Of a stream, at first: of whole batches, and of one frame after the other,
 * where the cache should hold it and most calls want a single entry. */
#define WINDOW		(UINT32_C(2) << 20)
#define WINDOW_FRAMES	(UINT32_C(128) << 10)
#define WINDOW_MAX	(JOURNAL_BATCH_MAX + WINDOW)
#define ROOTS		65536			/* remembered by verify */
#define LOOK_AGAIN	3
#define LOOK_AGAIN_NS	50000000

struct journal_reader {
	struct io *io;
	int dir, segs;
	uint32_t segment_size;
	uint8_t origin[32];
	bool plain;
	int offset, level[JOURNAL_LEVELS];		/* opened when first asked for */
	bool placed;			/* ${chain} stands in ${number} */
	uint32_t number;
	struct journal_chain chain;	/* behind the last commit seen */
	uint64_t time_us;
};

/* A segment read from front to end through a window. */
struct stream {
	struct journal_reader *r;
	uint32_t number;
	int fd;
	uint8_t *buf;
	size_t cap, start, end;
	uint64_t offset;		/* in the file, of buf[start] */
	bool last;			/* the file ends at buf[end] */
};

/* Read the header of a segment.  0, CU_ENOENT: none there or zeros. */
static int
read_header(struct journal_reader *r, uint32_t number,
    struct journal_header *h)
{
	uint8_t raw[JOURNAL_HEADER_LEN];
	int rc;

	rc = journal_segment_load(r->io, r->segs, number, raw, sizeof(raw));
	if (rc == 0 && (rc = journal_header_get(h, raw)) == 0 &&
	    h->number != number)
		rc = CU_EMALFORMED;
	return (rc);
}

int
journal_reader_open_io(struct journal_reader **out, struct io *io,
    const char *dir, struct cu_why *why)
{
	struct journal_reader *r;
	struct journal_header h;
	uint32_t max;
	int rc = CU_ENOMEM;
	size_t i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (rc);
	r->io = io;
	r->dir = r->segs = r->offset = -1;
	for (i = 0; i < JOURNAL_LEVELS; i++)
		r->level[i] = -1;
	if ((r->dir = io->openat(io, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY,
	    0)) < 0 || (r->segs = io->openat(io, r->dir, "journal",
	    O_RDONLY | O_DIRECTORY, 0)) < 0) {
		rc = errno == ENOENT ? CU_ENOENT : CU_EIO;
		cu_why_set(why, "%s/journal: %s", dir, strerror(errno));
		goto err;
	}
	if ((rc = journal_segment_last(io, r->segs, &max)) != 0) {
		cu_why_set(why, "%s/journal: segment %u is far beyond the "
		    "others", dir, max);
		goto err;
	}
	rc = CU_ENOENT;
	/* Any header will do: all repeat size and origin. */
	for (; max > 0 && (rc = read_header(r, max, &h)) != 0; max--)
		if (rc == CU_EIO)
			goto err;
	if (rc != 0) {
		rc = CU_EMALFORMED;
		cu_why_set(why, "%s/journal: no segment with a header", dir);
		goto err;
	}
	r->segment_size = h.segment_size;
	memcpy(r->origin, h.origin, 32);
	*out = r;
	return (0);

err:	journal_reader_free(r);
	return (rc);
}

int
journal_reader_open(struct journal_reader **out, const char *dir,
    struct cu_why *why)
{
	return (journal_reader_open_io(out, io_system(), dir, why));
}

void
journal_reader_free(struct journal_reader *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < JOURNAL_LEVELS; i++)
		if (r->level[i] >= 0)
			r->io->close(r->io, r->level[i]);
	if (r->offset >= 0)
		r->io->close(r->io, r->offset);
	if (r->segs >= 0)
		r->io->close(r->io, r->segs);
	if (r->dir >= 0)
		r->io->close(r->io, r->dir);
	free(r);
}

const uint8_t *
journal_reader_origin(const struct journal_reader *r)
{
	return (r->origin);
}

int
journal_reader_dir(const struct journal_reader *r)
{
	return (r->dir);
}

void
journal_reader_plain(struct journal_reader *r)
{
	r->plain = true;
}

/* Open segment ${number} at ${offset}.  0, CU_ENOENT, CU_EIO, CU_ENOMEM. */
static int
stream_open(struct stream *s, struct journal_reader *r, uint32_t number,
    uint64_t offset)
{
	char name[JOURNAL_SEGMENT_NAME];

	if (s->buf == NULL) {
		if (s->cap == 0)
			s->cap = WINDOW;
		if ((s->buf = malloc(s->cap)) == NULL)
			return (CU_ENOMEM);
		s->fd = -1;
	}
	if (s->fd >= 0)
		r->io->close(r->io, s->fd);
	journal_segment_name(name, number);
	s->r = r;
	s->number = number;
	s->offset = offset;
	s->start = s->end = 0;
	s->last = false;
	if ((s->fd = r->io->openat(r->io, r->segs, name, O_RDONLY, 0)) < 0)
		return (errno == ENOENT ? CU_ENOENT : CU_EIO);
	return (0);
}

static void
stream_close(struct stream *s)
{
	if (s->buf != NULL && s->fd >= 0)
		s->r->io->close(s->r->io, s->fd);
	free(s->buf);
	s->buf = NULL;
}

/* Have more bytes behind what is there.  0, CU_EIO, CU_ENOMEM, CU_ELIMIT. */
static int
stream_fill(struct stream *s)
{
	uint64_t at, left;
	size_t n, got;
	uint8_t *p;
	int rc;

	if (s->last)
		return (0);
	memmove(s->buf, s->buf + s->start, s->end - s->start);
	s->end -= s->start;
	s->start = 0;
	if (s->end == s->cap) {
		if (s->cap >= WINDOW_MAX)
			return (CU_ELIMIT);
		n = s->cap * 2 < WINDOW_MAX ? s->cap * 2 : WINDOW_MAX;
		if ((p = realloc(s->buf, n)) == NULL)
			return (CU_ENOMEM);
		s->buf = p;
		s->cap = n;
	}
	at = s->offset + s->end;
	left = at < s->r->segment_size ? s->r->segment_size - at : 0;
	n = s->cap - s->end < left ? s->cap - s->end : left;
	if ((rc = io_pread(s->r->io, s->fd, s->buf + s->end, n, at,
	    &got)) != 0)
		return (rc);
	s->end += got;
	s->last = got < n || n == left;
	return (0);
}

static void
stream_skip(struct stream *s, size_t n)
{
	s->start += n;
	s->offset += n;
}

/* Is everything up to the end of the file zero?  0, 1: no, or CU_EIO. */
static int
stream_rest_zero(struct stream *s, uint64_t *where)
{
	const uint8_t *p;
	size_t i, n;
	int rc;

	for (;;) {
		p = s->buf + s->start;
		n = s->end - s->start;
		/* All equal and the first zero: the fast way to be sure. */
		if (n > 0 && (p[0] != 0 || memcmp(p, p + 1, n - 1) != 0)) {
			for (i = 0; p[i] == 0; i++)
				;
			*where = s->offset + i;
			return (1);
		}
		if (s->last)
			return (0);
		stream_skip(s, s->end - s->start);
		if ((rc = stream_fill(s)) != 0)
			return (rc);
	}
}

/* One batch, the window being filled as needed. */
static int
stream_batch(struct stream *s, struct journal_chain *chain,
    struct journal_batch *b, struct journal_fault *fault)
{
	int rc;

	for (;;) {
		rc = journal_batch_read(chain, s->buf + s->start,
		    s->end - s->start, s->last, NULL, NULL, NULL, b, fault);
		if (rc != JOURNAL_E_MORE)
			return (rc);
		if ((rc = stream_fill(s)) != 0)
			return (rc);
	}
}

/* Stand at the start of the last segment that has a header. */
static int
place(struct journal_reader *r)
{
	struct journal_header h;
	uint32_t max;
	int rc;

	if ((rc = journal_segment_last(r->io, r->segs, &max)) != 0)
		return (rc);
	for (; max > 0; max--) {
		rc = read_header(r, max, &h);
		if (rc == CU_EIO)
			return (rc);
		if (rc == 0 && h.segment_size == r->segment_size &&
		    memcmp(h.origin, r->origin, 32) == 0)
			break;
	}
	if (max == 0)
		return (CU_EMALFORMED);
	r->number = max;
	r->chain.segment_size = r->segment_size;
	r->chain.position = h.position + JOURNAL_HEADER_LEN;
	memcpy(r->chain.last_k, h.last_k, 32);
	r->chain.range = h.range;
	r->placed = true;
	return (0);
}

/* Does ${h} go on where ${c} stands? */
static bool
continues(const struct journal_chain *c, const struct journal_header *h,
    const uint8_t origin[32])
{
	return (h->segment_size == c->segment_size &&
	    memcmp(h->origin, origin, 32) == 0 &&
	    memcmp(h->last_k, c->last_k, 32) == 0 &&
	    h->range.size == c->range.size &&
	    memcmp(h->range.hash, c->range.hash,
	    (size_t)tlog_range_count(h->range.size) * TLOG_HASH_LEN) == 0);
}

int
journal_reader_head(struct journal_reader *r, struct journal_head *head)
{
	struct stream s = { 0 };
	struct journal_header h;
	struct journal_batch b;
	int rc;

	if (!r->placed && (rc = place(r)) != 0)
		return (rc);
	for (;;) {
		if ((rc = stream_open(&s, r, r->number, r->chain.position -
		    (uint64_t)(r->number - 1) * r->segment_size)) != 0)
			break;
		while ((rc = stream_batch(&s, &r->chain, &b, NULL)) == 0) {
			stream_skip(&s, b.len);
			r->time_us = b.commit.time_us;
		}
		if (rc < 0 || (rc = read_header(r, r->number + 1, &h)) != 0)
			break;
		if (!continues(&r->chain, &h, r->origin))
			break;
		r->number++;
		r->chain.position = h.position + JOURNAL_HEADER_LEN;
	}
	stream_close(&s);
	/* A next segment that is not there or not begun ends the log. */
	if (rc != 0 && rc != CU_ENOENT && rc != CU_EMALFORMED)
		return (rc);
	head->size = r->chain.range.size;
	tlog_range_root(&r->chain.range, head->root);
	head->time_us = r->time_us;
	head->position = r->chain.position;
	return (0);
}

/* The next frame of a stream, with its padding.  0, CU_ENOENT, ... */
static int
stream_frame(struct stream *s, struct journal_shown *out)
{
	uint64_t base = (uint64_t)(s->number - 1) * s->r->segment_size;
	size_t have;
	int rc;

	for (;;) {
		have = s->end - s->start;
		if (have >= JOURNAL_FRAME_HEAD) {
			rc = journal_frame_get(&out->frame, s->buf + s->start);
			if (rc != 0)
				return (rc);
			if (out->frame.position != base + s->offset ||
			    journal_frame_size(out->frame.len) >
			    JOURNAL_BATCH_MAX)
				return (CU_EMALFORMED);
			if (journal_frame_size(out->frame.len) <= have)
				break;
		}
		if (s->last)
			return (have < JOURNAL_FRAME_HEAD ? CU_ENOENT :
			    CU_EMALFORMED);
		if ((rc = stream_fill(s)) != 0)
			return (rc);
	}
	out->payload = s->buf + s->start + JOURNAL_FRAME_HEAD;
	stream_skip(s, journal_frame_size(out->frame.len));
	return (0);
}

/* The next frame, in the next segment where one ends. */
static int
next_frame(struct stream *s, struct journal_shown *out)
{
	struct journal_header h;
	int rc;

	for (;;) {
		rc = stream_frame(s, out);
		if (rc != CU_ENOENT)
			return (rc);
		if ((rc = read_header(s->r, s->number + 1, &h)) != 0)
			return (rc == CU_EMALFORMED ? CU_ENOENT : rc);
		if ((rc = stream_open(s, s->r, s->number + 1,
		    JOURNAL_HEADER_LEN)) != 0)
			return (rc);
	}
}

int
journal_reader_frames(struct journal_reader *r, uint64_t position,
    journal_show_fn show, void *cookie)
{
	struct stream s = { .cap = WINDOW_FRAMES };
	struct journal_shown f;
	int rc;

	rc = stream_open(&s, r, (uint32_t)(position / r->segment_size) + 1,
	    position % r->segment_size);
	while (rc == 0 && (rc = next_frame(&s, &f)) == 0) {
		if (!journal_frame_holds(&f))
			rc = CU_EMALFORMED;
		else
			rc = show(cookie, &f);
	}
	stream_close(&s);
	return (rc == CU_ENOENT ? 0 : rc);
}

/* A derived file, opened once.  -1 if it is not there. */
static int
derived(struct journal_reader *r, int *fd, const char *name)
{
	if (r->plain)
		return (-1);
	if (*fd < 0)
		*fd = r->io->openat(r->io, r->dir, name, O_RDONLY, 0);
	return (*fd);
}

/* Where the offset file says that an entry stands; 0 if it does not. */
static uint64_t
offset_of(struct journal_reader *r, uint64_t index)
{
	uint8_t raw[8];
	uint64_t v = 0;
	size_t got, i;
	int fd;

	if ((fd = derived(r, &r->offset, "offset")) < 0 ||
	    index > INT64_MAX / 8 ||
	    io_pread(r->io, fd, raw, 8, index * 8, &got) != 0 || got != 8)
		return (0);
	for (i = 0; i < JOURNAL_LEVELS; i++)
		v = v << 8 | raw[i];
	return (v);
}

/* Stand before the E frame of ${index}. */
static int
seek(struct journal_reader *r, struct stream *s, uint64_t index)
{
	struct journal_header h;
	struct journal_shown f;
	uint64_t position, at;
	uint32_t number, max;
	int rc;

	position = offset_of(r, index);
	if (position != 0 && position / r->segment_size <
	    JOURNAL_SEGMENTS_MAX && position % 8 == 0) {
		at = position % r->segment_size;
		number = (uint32_t)(position / r->segment_size) + 1;
		if ((rc = stream_open(s, r, number, at)) == 0 &&
		    (rc = stream_frame(s, &f)) == 0 &&
		    f.frame.kind == JOURNAL_E && f.frame.number == index)
			return (stream_open(s, r, number, at));
		if (rc == CU_EIO || rc == CU_ENOMEM)
			return (rc);
	}
	/* Without it: the segment by its header, then frame by frame. */
	if ((rc = journal_segment_last(r->io, r->segs, &max)) != 0)
		return (rc);
	for (; max > 0; max--) {
		rc = read_header(r, max, &h);
		if (rc == CU_EIO)
			return (rc);
		if (rc == 0 && h.range.size <= index)
			break;
	}
	if (max == 0)
		return (CU_ENOENT);
	if ((rc = stream_open(s, r, max, JOURNAL_HEADER_LEN)) != 0)
		return (rc);
	for (;;) {
		at = s->offset;
		number = s->number;
		if ((rc = next_frame(s, &f)) != 0)
			return (rc);
		if (f.frame.kind == JOURNAL_E && f.frame.number == index)
			return (stream_open(s, r, s->number,
			    number == s->number ? at : JOURNAL_HEADER_LEN));
	}
}


int
journal_reader_each(struct journal_reader *r, uint64_t from, uint64_t to,
    journal_entry_fn fn, void *cookie)
{
	struct stream s = { .cap = WINDOW_FRAMES };
	struct journal_shown f;
	int rc = 0;

	if (from < to)
		rc = seek(r, &s, from);
	while (rc == 0 && from < to && (rc = next_frame(&s, &f)) == 0) {
		if (f.frame.kind != JOURNAL_E)
			continue;
		if (f.frame.number != from || f.frame.len == 0 ||
		    f.frame.len > JOURNAL_ENTRY_MAX || !journal_frame_holds(&f))
			rc = CU_EMALFORMED;
		else
			rc = fn(cookie, from++, f.payload, f.frame.len);
	}
	stream_close(&s);
	return (rc);
}

static int
on_one_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct buf *b = cookie;

	buf_add(b, p, len);
	return (b->rc);
}

int
journal_reader_entry(struct journal_reader *r, uint64_t index, struct buf *b)
{
	return (journal_reader_each(r, index, index + 1, on_one_entry, b));
}

int
journal_reader_sealed(struct journal_reader *r, uint64_t index, struct buf *b)
{
	struct stream s = { .cap = WINDOW_FRAMES };
	struct journal_shown f;
	int rc;

	rc = seek(r, &s, index);
	while (rc == 0 && (rc = next_frame(&s, &f)) == 0) {
		if (f.frame.kind == JOURNAL_K) {
			rc = CU_ENOENT;
		} else if (f.frame.kind == JOURNAL_S &&
		    f.frame.number == index) {
			if (!journal_frame_holds(&f))
				rc = CU_EMALFORMED;
			else
				buf_add(b, f.payload, f.frame.len);
			break;
		}
	}
	stream_close(&s);
	return (rc != 0 ? rc : b->rc);
}

static int
on_leaf(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	uint8_t leaf[TLOG_HASH_LEN];

	tlog_leaf(leaf, p, len);
	tlog_range_append(cookie, leaf, NULL, NULL);
	return (0);
}

/* From a level file: 0, or CU_ENOENT if it is not all there. */
static int
hash_from_level(struct journal_reader *r, unsigned int height, uint64_t index,
    uint8_t out[TLOG_HASH_LEN])
{
	unsigned int level = height / 8, i, n = 1U << height % 8;
	static const uint8_t none[TLOG_HASH_LEN];
	uint8_t h[128][TLOG_HASH_LEN];
	char name[24];
	size_t got;
	int fd;

	snprintf(name, sizeof(name), "level.%u", level);
	if (level >= 8 || index > (INT64_MAX / TLOG_HASH_LEN) / n ||
	    (fd = derived(r, &r->level[level], name)) < 0 ||
	    io_pread(r->io, fd, h, (size_t)n * TLOG_HASH_LEN,
	    index * n * TLOG_HASH_LEN, &got) != 0 ||
	    got != (size_t)n * TLOG_HASH_LEN)
		return (CU_ENOENT);
	for (i = 0; i < n; i++)
		if (memcmp(h[i], none, sizeof(none)) == 0)
			return (CU_ENOENT);
	for (; n > 1; n /= 2)
		for (i = 0; i < n / 2; i++)
			tlog_node(h[i], h[2 * i], h[2 * i + 1]);
	memcpy(out, h[0], TLOG_HASH_LEN);
	return (0);
}

int
journal_reader_hash(void *cookie, unsigned int height, uint64_t index,
    uint8_t out[TLOG_HASH_LEN])
{
	struct journal_reader *r = cookie;
	struct tlog_range range;
	int rc;

	if (height >= 63 || index > (TLOG_SIZE_MAX >> height) - 1)
		return (CU_ELIMIT);
	if (hash_from_level(r, height, index, out) == 0)
		return (0);
	tlog_range_init(&range);
	if ((rc = journal_reader_each(r, index << height,
	    (index + 1) << height, on_leaf, &range)) != 0)
		return (rc);
	tlog_range_root(&range, out);
	return (0);
}

/* The whole journal, read from its first byte. */
struct verifying {
	struct journal_reader *r;
	const struct journal_verify_hooks *hooks;
	struct journal_verdict *v;
	struct journal_chain chain;
	struct stream s;
	struct { uint64_t size; uint8_t root[TLOG_HASH_LEN]; } *roots;
	uint64_t roots_n;		/* ever remembered */
	uint64_t all;			/* bytes of the segment files */
};

static void
remember(struct verifying *w, uint64_t size, const uint8_t root[TLOG_HASH_LEN])
{
	w->roots[w->roots_n % ROOTS].size = size;
	memcpy(w->roots[w->roots_n % ROOTS].root, root, TLOG_HASH_LEN);
	w->roots_n++;
}

static const uint8_t *
root_at(const struct verifying *w, uint64_t size)
{
	uint64_t i, lo = w->roots_n > ROOTS ? w->roots_n - ROOTS : 0;

	/* Notes are of recent sizes: from the newest back. */
	for (i = w->roots_n; i > lo; i--)
		if (w->roots[(i - 1) % ROOTS].size <= size)
			return (w->roots[(i - 1) % ROOTS].size == size ?
			    w->roots[(i - 1) % ROOTS].root : NULL);
	return (NULL);
}

static int
on_verified(void *cookie, const struct journal_shown *f)
{
	struct verifying *w = cookie;
	const struct journal_verify_hooks *h = w->hooks;

	switch (f->frame.kind) {
	case JOURNAL_E:
		return (h->entry == NULL ? 0 : h->entry(h->cookie,
		    f->frame.number, f->payload, f->frame.len));
	case JOURNAL_S:
		w->v->sealed++;
		return (h->sealed == NULL ? 0 : h->sealed(h->cookie,
		    f->frame.number, f->payload, f->frame.len));
	case JOURNAL_N:
		w->v->notes++;
		return (h->note == NULL ? 0 : h->note(h->cookie,
		    f->frame.number, root_at(w, f->frame.number), f->payload,
		    f->frame.len));
	case JOURNAL_K:
		break;
	}
	return (0);
}

static void
found_fault(struct verifying *w, const char *what, uint64_t position)
{
	w->v->fault.what = what;
	w->v->fault.position = position;
	w->v->fault.entry = false;
}

/*
 * A batch may be on its way into the file while it is read: what does not
 * hold is looked at again before it is called a fault.  True: once more.
 */
static bool
look_again(struct verifying *w, unsigned int *tries, uint64_t at)
{
	const struct timespec pause = { 0, LOOK_AGAIN_NS };

	if (++*tries > LOOK_AGAIN)
		return (false);
	nanosleep(&pause, NULL);
	return (stream_open(&w->s, w->r, w->s.number, at) == 0);
}

/* A batch that holds: show its frames, go on behind it. */
static int
verified_batch(struct verifying *w, const struct journal_batch *b)
{
	int rc;

	if ((rc = journal_batch_each(w->s.buf + w->s.start, b->len,
	    b->position, on_verified, w)) != 0)
		return (rc);
	stream_skip(&w->s, b->len);
	remember(w, b->size, b->commit.root);
	w->v->batches++;
	w->v->bytes += b->len;
	w->v->size = b->size;
	w->v->position = w->chain.position;
	memcpy(w->v->root, b->commit.root, TLOG_HASH_LEN);
	if (w->hooks->progress != NULL)
		w->hooks->progress(w->hooks->cookie, w->chain.position,
		    w->all);
	return (0);
}

/* The batches of one segment.  0: its end; 1: a fault; or an error. */
static int
verify_segment(struct verifying *w)
{
	uint64_t where, at, base = (uint64_t)(w->s.number - 1) *
	    w->r->segment_size;
	struct journal_batch b;
	unsigned int tries = 0;
	int rc;

	for (;;) {
		at = w->s.offset;
		rc = stream_batch(&w->s, &w->chain, &b, &w->v->fault);
		if (rc == 0) {
			tries = 0;
			if ((rc = verified_batch(w, &b)) != 0)
				return (rc);
			continue;
		}
		if (rc == JOURNAL_E_END) {
			w->v->fault.what = NULL;
			rc = stream_rest_zero(&w->s, &where);
			if (rc == 1 && !look_again(w, &tries, at)) {
				found_fault(w, "bytes after the last batch of "
				    "a segment", base + where);
				return (1);
			}
			if (rc != 1)
				return (rc);
		} else if (rc != JOURNAL_E_BAD) {
			return (rc);
		} else if (!look_again(w, &tries, at)) {
			return (1);
		}
	}
}

/* After the last segment with a header: are all later files zero? */
static int
verify_spares(struct verifying *w, uint32_t number, uint32_t max)
{
	uint64_t where = 0;
	int rc;

	for (; number <= max; number++) {
		rc = stream_open(&w->s, w->r, number, 0);
		if (rc == CU_ENOENT)
			continue;
		if (rc == 0)
			rc = stream_rest_zero(&w->s, &where);
		if (rc == 1)
			found_fault(w, "bytes in a segment without a header",
			    (uint64_t)(number - 1) * w->r->segment_size +
			    where);
		if (rc != 0)
			return (rc);
	}
	return (0);
}

static int
verify_all(struct verifying *w)
{
	struct journal_header h;
	uint32_t number, max;
	int rc;

	if ((rc = journal_segment_last(w->r->io, w->r->segs, &max)) != 0)
		return (rc);
	w->all = (uint64_t)max * w->r->segment_size;
	for (number = 1; number <= max; number++) {
		rc = read_header(w->r, number, &h);
		if (rc == CU_ENOENT && number > 1) {
			rc = verify_spares(w, number, max);
			/* Begun meanwhile? */
			if (rc != 1 || read_header(w->r, number, &h) != 0)
				return (rc);
			w->v->fault.what = NULL;
			rc = 0;
		}
		if (rc != 0 && rc != CU_ENOENT && rc != CU_EMALFORMED)
			return (rc);
		if (rc != 0 || !continues(&w->chain, &h, w->r->origin)) {
			found_fault(w, rc != 0 ? "header of a segment" :
			    "header does not go on where the last segment "
			    "ended", (uint64_t)(number - 1) *
			    w->r->segment_size);
			return (1);
		}
		w->chain.position = h.position + JOURNAL_HEADER_LEN;
		w->v->position = w->chain.position;
		if ((rc = stream_open(&w->s, w->r, number,
		    JOURNAL_HEADER_LEN)) != 0 ||
		    (rc = verify_segment(w)) != 0)
			return (rc);
		w->v->segments++;
	}
	return (rc);
}

int
journal_verify(struct journal_reader *r,
    const struct journal_verify_hooks *hooks, struct journal_verdict *v)
{
	static const struct journal_verify_hooks none;
	struct verifying w = { .r = r, .v = v };
	int rc;

	w.hooks = hooks != NULL ? hooks : &none;
	memset(v, 0, sizeof(*v));
	w.chain.segment_size = r->segment_size;
	tlog_range_init(&w.chain.range);
	tlog_range_root(&w.chain.range, v->root);
	if ((w.roots = calloc(ROOTS, sizeof(*w.roots))) == NULL)
		return (CU_ENOMEM);
	remember(&w, 0, v->root);
	rc = verify_all(&w);
	v->clean = rc == 0;
	stream_close(&w.s);
	free(w.roots);
	return (rc == 1 ? 0 : rc);
}
