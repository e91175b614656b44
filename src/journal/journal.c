/* src/journal/journal.c: create, open, append */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "crypto/digest.h"
#include "journal/journal.h"
#include "journal/journal_recover.h"
#include "journal/journal_sync.h"
#include "tlog/tlog_note.h"

#define STEP		(UINT32_C(1) << 20)	/* of zeros */
#define DERIVED_N	(1 + JOURNAL_LEVELS)	/* offset, levels */
#define DERIVED_NAME	24
#define TEND_US		UTC_SECOND		/* between tries for a spare */

/* A derived file, and what of it is not yet written. */
struct derived {
	int fd;
	uint64_t at;			/* bytes in the file */
	struct buf more;
};

/* A batch between journal_append and its end. */
struct flight {
	struct buf bytes;
	uint64_t position;		/* of the first of them */
	uint32_t frames;
	struct journal_head head;	/* once it is acknowledged */
};

struct journal {
	struct io *io;
	struct tlog_key key;
	uint8_t origin[32];
	uint64_t disk_low;
	int dir, segs, lock;
	struct journal_sync *sync;	/* of batches */
	struct journal_sync *zero;	/* of the spare */
	struct journal_reader *reader;	/* opened when first asked for */
	char *path;
	uint32_t segment_size;
	struct digest *heads;		/* of the batch being made */
	struct journal_chain chain;	/* with the batches in flight */
	struct journal_head head;	/* acknowledged */
	struct flight flight[JOURNAL_SYNC_DEPTH];	/* a ring */
	unsigned int first, flying;
	int failed;			/* CU_EIO for ever */
	/* The segment being written. */
	uint32_t number;
	int seg;
	uint64_t used;			/* offset; 0: no header yet */
	/* The one after it, zeroed up to ${spare_len}, under way to asked. */
	int spare;
	uint64_t spare_len, spare_asked;
	bool spare_failed;
	utc_us tended;
	struct derived file[DERIVED_N];
	struct buf note;		/* N of the next batch */
	uint64_t note_size;
	bool noted;
};

static void
note_error(struct cu_why *why, const char *dir, const char *what)
{
	cu_why_set(why, "%s: %s: %s", dir, what, strerror(errno));
}

void
journal_free(struct journal *j)
{
	size_t i;

	if (j == NULL)
		return;
	journal_sync_free(j->sync);
	journal_sync_free(j->zero);
	journal_reader_free(j->reader);
	digest_free(j->heads);
	free(j->path);
	for (i = 0; i < DERIVED_N; i++) {
		if (j->file[i].fd >= 0)
			j->io->close(j->io, j->file[i].fd);
		buf_fini(&j->file[i].more);
	}
	for (i = 0; i < JOURNAL_SYNC_DEPTH; i++)
		buf_fini(&j->flight[i].bytes);
	buf_fini(&j->note);
	if (j->spare >= 0)
		j->io->close(j->io, j->spare);
	if (j->seg >= 0)
		j->io->close(j->io, j->seg);
	/* The lock goes last. */
	if (j->segs >= 0)
		j->io->close(j->io, j->segs);
	if (j->dir >= 0)
		j->io->close(j->io, j->dir);
	if (j->lock >= 0)
		j->io->close(j->io, j->lock);
	free(j);
}

static void
derived_name(char out[DERIVED_NAME], unsigned int i)
{
	if (i == 0)
		snprintf(out, DERIVED_NAME, "offset");
	else
		snprintf(out, DERIVED_NAME, "level.%u", i - 1);
}

/* Bytes of derived file ${i} for a tree of ${size} leaves. */
static uint64_t
derived_len(unsigned int i, uint64_t size)
{
	if (i == 0)
		return (size * 8);
	return ((size >> (8 * (i - 1))) * TLOG_HASH_LEN);
}

/*
 * Write what the derived files lack of the acknowledged tree, and no more: to
 * a start they are a memory.  They may lack it: a full disk must not stop the
 * log, and a start makes them again.  True if all is written.
 */
static bool
derived_write(struct journal *j)
{
	struct derived *d;
	char name[DERIVED_NAME];
	uint64_t len;
	unsigned int i;
	bool all = true;

	for (i = 0; i < DERIVED_N; i++) {
		d = &j->file[i];
		len = derived_len(i, j->head.size) - d->at;
		if (len > d->more.len)
			len = d->more.len;
		if (len == 0)
			continue;
		if (d->fd < 0) {
			derived_name(name, i);
			d->fd = j->io->openat(j->io, j->dir, name,
			    O_RDWR | O_CREAT, 0640);
		}
		if (d->fd < 0 || io_pwrite(j->io, d->fd, d->more.p, len,
		    d->at) != 0) {
			all = false;
			continue;
		}
		d->at += len;
		buf_drop(&d->more, len);
	}
	return (all);
}

static void
on_node(void *cookie, unsigned int height, uint64_t index,
    const uint8_t hash[TLOG_HASH_LEN])
{
	struct journal *j = cookie;

	if (height % 8 == 0 && height / 8 < JOURNAL_LEVELS)
		buf_add(&j->file[1 + height / 8].more, hash, TLOG_HASH_LEN);
}

/* Is ${fd} at ${at} what ${b} holds? */
static bool
same(struct io *io, int fd, uint64_t at, const struct buf *b)
{
	uint8_t *p;
	size_t got;
	bool ok;

	if (b->len == 0)
		return (true);
	if ((p = malloc(b->len)) == NULL)
		return (false);
	ok = io_pread(io, fd, p, b->len, at, &got) == 0 && got == b->len &&
	    memcmp(p, b->p, got) == 0;
	free(p);
	return (ok);
}

struct rebuilding {
	struct journal *j;
	struct tlog_range range;
	uint64_t to;
};

static int
on_rebuild(void *cookie, const struct journal_shown *f)
{
	struct rebuilding *r = cookie;
	struct journal *j = r->j;

	if (f->frame.kind != JOURNAL_E)
		return (0);
	if (r->range.size == r->to)
		return (1);
	buf_be(&j->file[0].more, 8, f->frame.position);
	tlog_range_append(&r->range, f->leaf, on_node, j);
	if (j->file[0].more.len >= STEP && !derived_write(j))
		return (CU_EIO);
	return (0);
}

/*
 * Bring offset and levels to the recovered size.  Up to the last segment's
 * start they were synced, so only their tail is compared; if a file is too
 * short even for that it was lost, and all are made again from the segments.
 */
static int
derived_repair(struct journal *j, struct journal_judged *g)
{
	uint64_t start = g->begun ? g->header.range.size : 0;
	struct rebuilding again = { .j = j, .to = start };
	struct derived *d;
	struct io_stat st;
	char name[DERIVED_NAME];
	bool lost = false;
	unsigned int i;
	int rc;

	for (i = 0; i < DERIVED_N; i++) {
		d = &j->file[i];
		d->at = derived_len(i, start);
		derived_name(name, i);
		d->fd = j->io->openat(j->io, j->dir, name, O_RDWR, 0);
		if (d->fd < 0 && errno != ENOENT)
			return (CU_EIO);
		st.size = 0;
		if (d->fd >= 0 && j->io->stat(j->io, d->fd, &st) != 0)
			return (CU_EIO);
		if (st.size < d->at)
			lost = true;
	}
	if (lost) {
		if (journal_reader(j) == NULL)
			return (CU_EIO);
		for (i = 0; i < DERIVED_N; i++)
			j->file[i].at = 0;
		tlog_range_init(&again.range);
		rc = journal_reader_frames(j->reader, JOURNAL_HEADER_LEN,
		    on_rebuild, &again);
		if (rc < 0 && rc != CU_EMALFORMED)
			return (rc);
		/* Damage further back: verify names it, readers do without. */
		if (again.range.size != start)
			for (i = 0; i < DERIVED_N; i++) {
				buf_reset(&j->file[i].more);
				j->file[i].at = derived_len(i, start);
			}
	}
	for (i = 0; i < DERIVED_N; i++) {
		const struct buf *have = i == 0 ? &g->offset :
		    &g->level[i - 1];

		d = &j->file[i];
		if (d->more.len == 0 && d->fd >= 0 &&
		    same(j->io, d->fd, d->at, have))
			d->at += have->len;
		else
			buf_add(&d->more, have->p, have->len);
		if (d->more.rc != 0)
			return (d->more.rc);
	}
	derived_write(j);
	return (0);
}

/* Open a segment's file; with ${make} it may be new. */
static int
segment_open(struct journal *j, uint32_t number, bool make)
{
	char name[JOURNAL_SEGMENT_NAME];

	journal_segment_name(name, number);
	return (j->io->openat(j->io, j->segs, name,
	    O_RDWR | (make ? O_CREAT : 0), 0640));
}

/* Copy one stretch to log/torn/ and sync it. */
static int
keep_torn(struct journal *j, int torn, const struct journal_tail *t)
{
	char name[64];
	uint8_t *p;
	size_t got, len = t->to - t->from;
	unsigned int try;
	int fd, from, rc = CU_EIO;

	if ((p = malloc(len)) == NULL)
		return (CU_ENOMEM);
	if ((from = segment_open(j, t->number, false)) < 0)
		goto err0;
	if ((rc = io_pread(j->io, from, p, len, t->from, &got)) != 0)
		goto err1;
	fd = -1;
	for (try = 0; fd < 0 && try < 1000; try++) {
		snprintf(name, sizeof(name), "%08" PRIu32 ".%08" PRIu64
		    ".%u", t->number, t->from, try);
		fd = j->io->openat(j->io, torn, name,
		    O_WRONLY | O_CREAT | O_EXCL, 0640);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	rc = CU_EIO;
	if (fd < 0)
		goto err1;
	if (io_pwrite(j->io, fd, p, got, 0) == 0 &&
	    j->io->fsync(j->io, fd) == 0)
		rc = 0;
	j->io->close(j->io, fd);
err1:	j->io->close(j->io, from);
err0:	free(p);
	return (rc);
}

/* Keep what a torn batch left, then zero it: in that order, each synced. */
static int
clear_torn(struct journal *j, const struct journal_judged *g)
{
	const struct journal_tail *t = (const void *)g->tails.p;
	size_t i, n = g->tails.len / sizeof(*t);
	int torn, fd, rc = 0;

	if (n == 0)
		return (0);
	if (j->io->mkdirat(j->io, j->dir, "torn", 0750) != 0 &&
	    errno != EEXIST)
		return (CU_EIO);
	if ((torn = j->io->openat(j->io, j->dir, "torn",
	    O_RDONLY | O_DIRECTORY, 0)) < 0)
		return (CU_EIO);
	for (i = 0; i < n && rc == 0; i++)
		rc = keep_torn(j, torn, &t[i]);
	if (rc == 0 && (j->io->fsync(j->io, torn) != 0 ||
	    j->io->fsync(j->io, j->dir) != 0))
		rc = CU_EIO;
	j->io->close(j->io, torn);
	for (i = 0; i < n && rc == 0; i++) {
		if ((fd = segment_open(j, t[i].number, false)) < 0)
			return (CU_EIO);
		if ((rc = io_zero(j->io, fd, t[i].from, t[i].to)) == 0 &&
		    j->io->fdatasync(j->io, fd) != 0)
			rc = CU_EIO;
		j->io->close(j->io, fd);
	}
	return (rc);
}

/*
 * Write again what is believed, from the header on where that came with it:
 * after a sync that failed the page cache may show what the disk never got.
 */
static int
write_again(struct journal *j, const struct journal_judged *g)
{
	uint64_t from, to, base;
	uint8_t *p;
	size_t got;
	int rc;

	if (!g->begun)
		return (0);
	base = g->header.position;
	from = g->last_len == 0 ? 0 : g->last_position - base;
	to = g->last_len == 0 ? JOURNAL_HEADER_LEN : from + g->last_len;
	if (from == JOURNAL_HEADER_LEN)
		from = 0;
	if ((p = malloc(to - from)) == NULL)
		return (CU_ENOMEM);
	if ((rc = io_pread(j->io, j->seg, p, to - from, from, &got)) == 0 &&
	    got == to - from)
		rc = io_pwrite(j->io, j->seg, p, got, from);
	free(p);
	return (rc);
}

/* The current segment at its full length, all of it synced. */
static int
segment_ready(struct journal *j, const struct journal_judged *g)
{
	struct io_stat st;
	int rc;

	if ((j->seg = segment_open(j, j->number, true)) < 0)
		return (CU_EIO);
	if ((rc = write_again(j, g)) != 0)
		return (rc);
	if (j->io->stat(j->io, j->seg, &st) != 0)
		return (CU_EIO);
	if ((rc = io_zero(j->io, j->seg, st.size, j->segment_size)) != 0)
		return (rc);
	return (j->io->fsync(j->io, j->seg) != 0 ||
	    j->io->fsync(j->io, j->segs) != 0 ? CU_EIO : 0);
}

/* How far the file after the current one is a spare already. */
static int
spare_find(struct journal *j)
{
	struct io_stat st;

	if ((j->spare = segment_open(j, j->number + 1, false)) < 0)
		return (errno == ENOENT ? 0 : CU_EIO);
	if (j->io->stat(j->io, j->spare, &st) != 0)
		return (CU_EIO);
	j->spare_len = st.size < j->segment_size ? st.size : j->segment_size;
	j->spare_asked = j->spare_len;
	return (0);
}

/* Open or make the directories; lock. */
static int
dirs_open(struct journal *j, const char *dir, bool make, struct cu_why *why)
{
	struct io *io = j->io;
	int parent;

	if (make && io->mkdirat(io, AT_FDCWD, dir, 0750) != 0 &&
	    errno != EEXIST)
		goto err;
	if ((j->dir = io->openat(io, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY,
	    0)) < 0)
		goto err;
	if (make && io->mkdirat(io, j->dir, "journal", 0750) != 0 &&
	    errno != EEXIST)
		goto err;
	if ((j->segs = io->openat(io, j->dir, "journal",
	    O_RDONLY | O_DIRECTORY, 0)) < 0)
		goto err;
	if ((j->lock = io->openat(io, j->dir, "lock", O_RDWR | O_CREAT,
	    0640)) < 0)
		goto err;
	if (io->lock(io, j->lock) != 0) {
		if (errno != EWOULDBLOCK)
			goto err;
		cu_why_set(why, "%s: another process writes this log", dir);
		return (CU_EBUSY);
	}
	if (!make)
		return (0);
	/* The names must last as long as what will stand in them. */
	if (io->fsync(io, j->dir) != 0)
		goto err;
	if ((parent = io->openat(io, j->dir, "..", O_RDONLY | O_DIRECTORY,
	    0)) < 0)
		goto err;
	if (io->fsync(io, parent) != 0) {
		io->close(io, parent);
		goto err;
	}
	io->close(io, parent);
	return (0);

err:	note_error(why, dir, "cannot be opened");
	return (errno == ENOENT && !make ? CU_ENOENT : CU_EIO);
}

/* All that changes something, once the judgement allows it. */
static int
recover(struct journal *j, struct journal_judged *g)
{
	int rc;

	j->segment_size = g->segment_size;
	j->chain = g->chain;
	j->number = g->begun ? g->number : 1;
	j->used = g->begun ? g->found.position - g->header.position : 0;
	j->head.size = g->found.size;
	j->head.time_us = g->found.root_time_us;
	j->head.position = g->found.position;
	tlog_range_root(&j->chain.range, j->head.root);
	if ((rc = clear_torn(j, g)) != 0 || (rc = segment_ready(j, g)) != 0 ||
	    (rc = spare_find(j)) != 0)
		return (rc);
	if ((rc = derived_repair(j, g)) != 0)
		return (rc);
	return (j->io->fsync(j->io, j->dir) != 0 ? CU_EIO : 0);
}

static int
open_any(struct journal **out, const struct journal_options *o, bool make,
    struct journal_found *found, struct cu_why *why)
{
	uint32_t size = o->segment_size != 0 ? o->segment_size :
	    JOURNAL_SEGMENT_MAX;
	struct journal_judged g;
	struct journal *j;
	size_t i;
	int rc;

	if (size < JOURNAL_SEGMENT_MIN || size > JOURNAL_SEGMENT_MAX ||
	    (size & (size - 1)) != 0)
		return (CU_ELIMIT);
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return (CU_ENOMEM);
	j->io = o->io != NULL ? o->io : io_system();
	j->key = *o->key;
	digest(j->origin, j->key.name, strlen(j->key.name));
	j->disk_low = o->disk_low;
	j->dir = j->segs = j->lock = j->seg = j->spare = -1;
	for (i = 0; i < DERIVED_N; i++) {
		j->file[i].fd = -1;
		buf_init(&j->file[i].more, SIZE_MAX / 2);
	}
	for (i = 0; i < JOURNAL_SYNC_DEPTH; i++)
		buf_init(&j->flight[i].bytes,
		    JOURNAL_HEADER_LEN + JOURNAL_BATCH_MAX);
	buf_init(&j->note, JOURNAL_NOTE_MAX);
	rc = CU_ENOMEM;
	if ((j->heads = digest_create()) == NULL ||
	    (j->path = strdup(o->dir)) == NULL)
		goto err0;
	if ((rc = dirs_open(j, o->dir, make, why)) != 0)
		goto err0;
	rc = journal_judge(&g, j->io, j->dir, j->segs, &j->key, size, why);
	if (rc == 0) {
		if (found != NULL)
			*found = g.found;
		rc = g.verdict;
	}
	if (rc == 0 && make && g.found.size > 0) {
		cu_why_set(why, "%s holds a log already", o->dir);
		rc = CU_EEXIST;
	}
	if (rc == 0 && (rc = recover(j, &g)) == CU_EIO)
		note_error(why, o->dir, "recovery");
	journal_judged_fini(&g);
	if (rc == 0)
		rc = journal_sync_create(&j->sync, j->io, o->in_line);
	if (rc == 0)
		rc = journal_sync_create(&j->zero, j->io, o->in_line);
	if (rc != 0)
		goto err0;
	*out = j;
	return (0);

err0:	journal_free(j);
	return (rc);
}

int
journal_create(struct journal **out, const struct journal_options *o,
    struct cu_why *why)
{
	return (open_any(out, o, true, NULL, why));
}

int
journal_open(struct journal **out, const struct journal_options *o,
    struct journal_found *found, struct cu_why *why)
{
	return (open_any(out, o, false, found, why));
}

void
journal_head(const struct journal *j, struct journal_head *head)
{
	*head = j->head;
}

uint32_t
journal_segment_size(const struct journal *j)
{
	return (j->segment_size);
}

bool
journal_fits(const struct journal *j, const struct journal_add *add, size_t n,
    const struct journal_add *more)
{
	uint64_t e = 0, s = 0, all;
	const struct journal_add *a;
	bool own = false;
	size_t i;

	if (n >= JOURNAL_BATCH_ENTRIES)
		return (false);
	for (i = 0; i <= n; i++) {
		a = i < n ? &add[i] : more;
		if (a->entry_len == 0 || a->entry_len > JOURNAL_ENTRY_MAX ||
		    (a->sealed != NULL && (a->sealed_len == 0 ||
		    a->sealed_len > JOURNAL_BATCH_MAX)))
			return (false);
		e += journal_frame_size(a->entry_len);
		if (a->sealed != NULL)
			s += journal_frame_size(a->sealed_len);
		if (a->sealed != NULL && a->sealed_len > JOURNAL_OWN_BATCH)
			own = true;
	}
	/* Room for a note and the commit, whether or not there is one. */
	all = e + s + journal_frame_size(JOURNAL_NOTE_MAX) +
	    journal_frame_size(JOURNAL_K_LEN);
	return ((!own || n == 0) && e <= journal_limit_e(j->segment_size) &&
	    s <= journal_limit_s(j->segment_size) &&
	    all <= JOURNAL_BATCH_MAX);
}

/* Append one frame to the batch. */
static void
put_frame(struct journal *j, struct flight *f, enum journal_kind kind,
    uint64_t number, const void *p, size_t len)
{
	struct journal_frame frame = { kind, (uint32_t)len, number,
	    f->position + f->bytes.len, { 0 } };
	uint8_t head[JOURNAL_FRAME_HEAD], sum[DIGEST_LEN];

	if (kind == JOURNAL_E) {
		tlog_leaf(sum, p, len);
		tlog_range_append(&j->chain.range, sum, on_node, j);
		buf_be(&j->file[0].more, 8, frame.position);
	} else {
		digest(sum, p, len);
	}
	memcpy(frame.check, sum, sizeof(frame.check));
	journal_frame_put(head, &frame);
	/* K holds the digest of those before it. */
	if (kind != JOURNAL_K)
		digest_add(j->heads, head, sizeof(head));
	f->frames++;
	buf_add(&f->bytes, head, sizeof(head));
	buf_add(&f->bytes, p, len);
	buf_fill(&f->bytes, 0, journal_frame_size(len) - sizeof(head) - len);
}

/* The header of the segment that begins with this batch. */
static void
put_header(struct journal *j, struct flight *f)
{
	uint8_t raw[JOURNAL_HEADER_LEN];
	struct journal_header h = {
		.number = j->number, .segment_size = j->segment_size,
		.position = f->position, .range = j->chain.range,
	};

	memcpy(h.origin, j->origin, 32);
	memcpy(h.last_k, j->chain.last_k, 32);
	journal_header_put(raw, &h);
	buf_add(&f->bytes, raw, sizeof(raw));
}

/* Make the bytes of a batch; the chain, levels and offsets move on. */
static int
build(struct journal *j, const struct journal_add *add, size_t n, utc_us time,
    struct flight *f)
{
	uint64_t first = j->chain.range.size;
	struct journal_commit c = { .time_us = (uint64_t)time };
	uint8_t k[JOURNAL_K_LEN];
	size_t i, at;

	buf_reset(&f->bytes);
	f->frames = 0;
	f->position = (uint64_t)(j->number - 1) * j->segment_size + j->used;
	digest_start(j->heads);
	if (j->used == 0)
		put_header(j, f);
	if (j->note.len > 0)
		put_frame(j, f, JOURNAL_N, j->note_size, j->note.p,
		    j->note.len);
	for (i = 0; i < n; i++)
		put_frame(j, f, JOURNAL_E, first + i, add[i].entry,
		    add[i].entry_len);
	for (i = 0; i < n; i++)
		if (add[i].sealed != NULL)
			put_frame(j, f, JOURNAL_S, first + i, add[i].sealed,
			    add[i].sealed_len);
	c.frames = f->frames;
	c.size = j->chain.range.size;
	tlog_range_root(&j->chain.range, c.root);
	memcpy(c.previous, j->chain.last_k, 32);
	digest_end(j->heads, c.headers);
	journal_commit_put(k, &c);
	at = f->bytes.len;
	put_frame(j, f, JOURNAL_K, c.size, k, sizeof(k));
	if (f->bytes.rc != 0 || j->file[0].more.rc != 0 ||
	    j->file[1].more.rc != 0)
		return (CU_ENOMEM);
	digest(j->chain.last_k, f->bytes.p + at,
	    JOURNAL_FRAME_HEAD + JOURNAL_K_LEN);
	f->head.size = c.size;
	memcpy(f->head.root, c.root, TLOG_HASH_LEN);
	f->head.time_us = c.time_us;
	f->head.position = j->chain.position = f->position + f->bytes.len;
	return (0);
}

/* Take in what has become of the spare. */
static int
spare_news(struct journal *j, bool wait)
{
	int rc;

	if (j->spare_asked == j->spare_len ||
	    !journal_sync_done(j->zero, wait, &rc))
		return (0);
	if (rc == 0)
		j->spare_len = j->spare_asked;
	else
		j->spare_asked = j->spare_len;
	j->spare_failed = rc != 0;
	if (rc == CU_EIO)
		j->failed = rc;
	return (j->failed);
}

/*
 * Zero as much of the spare as the current segment's fill asks: two bytes for
 * each byte used, so that it is whole at half.
 */
static void
spare_ask(struct journal *j, uint64_t used)
{
	struct journal_job job = { .before_n = 0 };
	uint64_t need = 2 * used;

	need = (need + STEP - 1) / STEP * STEP;
	if (need > j->segment_size)
		need = j->segment_size;
	if (j->spare_asked > j->spare_len || j->spare_len >= need ||
	    j->number == JOURNAL_SEGMENTS_MAX)
		return;
	if (j->spare < 0) {
		if ((j->spare = segment_open(j, j->number + 1, true)) < 0) {
			j->spare_failed = true;
			return;
		}
		/* Its name must last before a header is written to it. */
		if (j->io->fsync(j->io, j->segs) != 0) {
			j->failed = CU_EIO;
			return;
		}
	}
	job.fd = j->spare;
	job.offset = j->spare_len;
	job.len = need - j->spare_len;
	j->spare_asked = need;
	journal_sync_start(j->zero, &job);
}

/* The batch does not fit: go to the next segment.  0, JOURNAL_E_FULL, ... */
static int
roll(struct journal *j, struct journal_job *job)
{
	unsigned int i;
	int rc;

	/* Nothing of a spare is under way afterwards. */
	if ((rc = spare_news(j, true)) != 0)
		return (rc);
	if (j->spare_len < j->segment_size) {
		spare_ask(j, j->segment_size);
		if (j->failed != 0 || (rc = spare_news(j, true)) != 0)
			return (j->failed);
		if (j->spare_len < j->segment_size)
			return (JOURNAL_E_FULL);
	}
	/* A header vouches that all derived before it is on the disk. */
	if (!derived_write(j))
		return (JOURNAL_E_FULL);
	job->before[job->before_n++] = j->dir;
	for (i = 0; i < DERIVED_N; i++)
		if (j->file[i].fd >= 0)
			job->before[job->before_n++] = j->file[i].fd;
	/* A log of years shall not push what is in use out of memory. */
	j->io->forget(j->io, j->seg);
	if (j->io->close(j->io, j->seg) != 0) {
		j->seg = -1;
		return (CU_EIO);
	}
	j->seg = j->spare;
	j->spare = -1;
	j->spare_len = j->spare_asked = 0;
	j->number++;
	j->used = 0;
	return (0);
}

/* Make the next flight, and the job that lands it.  As journal_append. */
static int
make(struct journal *j, const struct journal_add *add, size_t n, utc_us time,
    struct flight *f, struct journal_job *job)
{
	uint64_t len, from;
	size_t i;
	int rc;

	if (n == 0 || !journal_fits(j, add, n - 1, &add[n - 1]))
		return (CU_ELIMIT);
	if ((rc = spare_news(j, false)) != 0)
		return (rc);
	len = journal_frame_size(JOURNAL_K_LEN);
	if (j->note.len > 0)
		len += journal_frame_size(j->note.len);
	for (i = 0; i < n; i++) {
		len += journal_frame_size(add[i].entry_len);
		if (add[i].sealed != NULL)
			len += journal_frame_size(add[i].sealed_len);
	}
	from = j->used == 0 ? JOURNAL_HEADER_LEN : j->used;
	if (len > j->segment_size - from) {
		/* The batches of a segment end before the next one begins. */
		if (j->flying > 0)
			return (CU_ESTATE);
		if ((rc = roll(j, job)) != 0) {
			if (rc != JOURNAL_E_FULL)
				j->failed = rc;
			return (rc);
		}
	}
	/* From here on a failure leaves tree and files apart: it is final. */
	from = j->used;
	if ((rc = build(j, add, n, time, f)) != 0) {
		j->failed = rc;
		return (rc);
	}
	buf_reset(&j->note);
	job->fd = j->seg;
	job->p = f->bytes.p;
	job->len = f->bytes.len;
	job->offset = from;
	j->used = from + f->bytes.len;
	spare_ask(j, j->used);
	return (j->failed);
}

/* A flight has ended. */
static int
land(struct journal *j, const struct flight *f, int rc)
{
	if (rc != 0) {
		j->failed = rc;
		return (rc);
	}
	j->head = f->head;
	derived_write(j);
	return (0);
}

int
journal_append(struct journal *j, const struct journal_add *add, size_t n,
    utc_us time, struct journal_head *head)
{
	struct flight *f = &j->flight[(j->first + j->flying) %
	    JOURNAL_SYNC_DEPTH];
	struct journal_job job = { .before_n = 0 };
	int rc;

	if (j->failed != 0)
		return (j->failed);
	if (j->flying == JOURNAL_SYNC_DEPTH)
		return (CU_ESTATE);
	if ((rc = make(j, add, n, time, f, &job)) != 0)
		return (rc);
	j->flying++;
	*head = f->head;
	journal_sync_start(j->sync, &job);
	return (0);
}

int
journal_write(struct journal *j, const struct journal_add *add, size_t n,
    utc_us time)
{
	struct flight *f = &j->flight[j->first];
	struct journal_job job = { .before_n = 0 };
	int rc;

	if (j->failed != 0)
		return (j->failed);
	if (j->flying > 0)
		return (CU_ESTATE);
	if ((rc = make(j, add, n, time, f, &job)) != 0)
		return (rc);
	return (land(j, f, journal_sync_do(j->io, &job)));
}

int
journal_fd(const struct journal *j)
{
	return (journal_sync_fd(j->sync));
}

static int
finish(struct journal *j, bool wait)
{
	const struct flight *f = &j->flight[j->first];
	int rc;

	if (j->flying == 0)
		return (j->failed != 0 ? j->failed : CU_ESTATE);
	if (!journal_sync_done(j->sync, wait, &rc))
		return (CU_ESTATE);
	j->first = (j->first + 1) % JOURNAL_SYNC_DEPTH;
	j->flying--;
	return (land(j, f, rc));
}

int
journal_done(struct journal *j)
{
	return (finish(j, false));
}

int
journal_wait(struct journal *j)
{
	return (finish(j, true));
}

int
journal_note(struct journal *j, const void *note, size_t len)
{
	struct tlog_checkpoint cp;
	int rc;

	if (len > JOURNAL_NOTE_MAX)
		return (CU_ELIMIT);
	if (tlog_checkpoint_open(&cp, note, len, &j->key) != 0)
		return (CU_EMALFORMED);
	/* A checkpoint outside must never be ahead of the disk. */
	if (cp.size > j->head.size || (cp.size == j->head.size &&
	    memcmp(cp.root, j->head.root, TLOG_HASH_LEN) != 0) ||
	    (j->noted && cp.size < j->note_size))
		return (CU_ESTATE);
	buf_reset(&j->note);
	buf_add(&j->note, note, len);
	if (j->note.rc != 0)
		return (j->note.rc);
	j->note_size = cp.size;
	j->noted = true;
	rc = io_replace(j->io, j->dir, "checkpoint", note, len, false);
	/* A full disk takes the memory, not the log: N follows. */
	if (rc == CU_EIO && (errno == ENOSPC || errno == EDQUOT))
		rc = 0;
	return (rc);
}

enum journal_room
journal_room(struct journal *j)
{
	uint64_t left, half = j->segment_size / 2;
	utc_us now = utc_mono();

	if (j->failed != 0 || spare_news(j, false) != 0)
		return (JOURNAL_ROOM_NARROW);
	/* With nothing to append nobody else would try again. */
	if (j->spare_failed && j->flying == 0 && now - j->tended >= TEND_US) {
		j->tended = now;
		spare_ask(j, j->used);
	}
	if (j->spare_failed || (j->used >= half &&
	    j->spare_len < j->segment_size && j->spare_asked == j->spare_len))
		return (JOURNAL_ROOM_NARROW);
	if (j->disk_low > 0 && (j->io->space(j->io, j->dir, &left) != 0 ||
	    left < j->disk_low))
		return (JOURNAL_ROOM_NARROW);
	return (JOURNAL_ROOM);
}

struct journal_reader *
journal_reader(struct journal *j)
{
	if (j->reader == NULL)
		journal_reader_open_io(&j->reader, j->io, j->path, NULL);
	return (j->reader);
}
