/*
 * src/journal/journal_recover.c: what a crash left, judged.
 * Nothing in this file writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/io.h"
#include "crypto/digest.h"
#include "journal/journal_recover.h"
#include "tlog/tlog_note.h"

#define DERIVED_MAX	(SIZE_MAX / 2)

struct judging {
	struct journal_judged *out;
	struct io *io;
	int dir, segs;
	const struct tlog_key *key;
	uint8_t origin[32];
	uint32_t max;			/* largest number of a segment file */
	uint8_t *buf;			/* one segment */
	/* log/checkpoint, if it counts. */
	bool remembered, stands;
	struct tlog_checkpoint memory;
	uint8_t root[TLOG_HASH_LEN];	/* ours at its size, if it stands */
	/* The batch being read. */
	struct buf offset, level[JOURNAL_LEVELS];
	/* The search after P. */
	bool dirty;
	unsigned int commits;
	const char *damage;
	uint64_t damage_at;
};

void
journal_judged_fini(struct journal_judged *g)
{
	size_t i;

	buf_fini(&g->offset);
	for (i = 0; i < JOURNAL_LEVELS; i++)
		buf_fini(&g->level[i]);
	buf_fini(&g->tails);
}

/* Read the first ${n} bytes of a segment file; what is not there is zeros. */
static int
load(struct judging *j, uint32_t number, uint8_t *p, size_t n)
{
	int rc = journal_segment_load(j->io, j->segs, number, p, n);

	return (rc == CU_ENOENT ? 0 : rc);
}

/* Find the last segment that has a header of this log. */
static int
find_last(struct judging *j, struct cu_why *why)
{
	struct journal_judged *g = j->out;
	uint8_t raw[JOURNAL_HEADER_LEN];
	struct journal_header h;
	uint32_t n;
	int rc;

	for (n = j->max; n > 0; n--) {
		if ((rc = load(j, n, raw, sizeof(raw))) != 0)
			return (rc);
		if (journal_header_get(&h, raw) != 0 || h.number != n)
			continue;
		g->segment_size = h.segment_size;
		if (memcmp(h.origin, j->origin, 32) != 0) {
			cu_why_set(why, "segment %" PRIu32 " is of another "
			    "origin than %s", n, j->key->name);
			continue;
		}
		g->begun = true;
		g->number = n;
		g->header = h;
		return (0);
	}
	return (0);
}

/* Is what ${key} signed in log/checkpoint a memory of this log? */
static int
load_memory(struct judging *j)
{
	struct buf b;
	int rc;

	buf_init(&b, TLOG_NOTE_MAX);
	rc = io_read_file(j->io, j->dir, "checkpoint", &b);
	/* Absent or unreadable counts as none. */
	if (rc == 0 && tlog_checkpoint_open(&j->memory, b.p, b.len,
	    j->key) == 0)
		j->remembered = true;
	buf_fini(&b);
	return (rc == CU_ENOMEM ? rc : 0);
}

static void
on_node(void *cookie, unsigned int height, uint64_t index,
    const uint8_t hash[TLOG_HASH_LEN])
{
	struct judging *j = cookie;

	if (height % 8 == 0 && height / 8 < JOURNAL_LEVELS)
		buf_add(&j->level[height / 8], hash, TLOG_HASH_LEN);
}

static int
on_frame(void *cookie, const struct journal_shown *f)
{
	struct judging *j = cookie;

	if (f->frame.kind == JOURNAL_E)
		buf_be(&j->offset, 8, f->frame.position);
	return (0);
}

/* The root at the size of log/checkpoint, if this batch has that size. */
static void
compare_root(struct judging *j, const struct tlog_range *r)
{
	if (!j->remembered || r->size != j->memory.size)
		return;
	j->stands = true;
	tlog_range_root(r, j->root);
}

/* Read the batches of the last segment, which is in ${buf}. */
static int
read_batches(struct judging *j)
{
	struct journal_judged *g = j->out;
	uint64_t base = g->header.position, at;
	struct journal_batch b;
	size_t i;

	g->chain.segment_size = g->segment_size;
	g->chain.position = base + JOURNAL_HEADER_LEN;
	memcpy(g->chain.last_k, g->header.last_k, 32);
	g->chain.range = g->header.range;
	compare_root(j, &g->chain.range);
	buf_init(&j->offset, DERIVED_MAX);
	for (i = 0; i < JOURNAL_LEVELS; i++)
		buf_init(&j->level[i], DERIVED_MAX);
	for (;;) {
		at = g->chain.position - base;
		if (journal_batch_read(&g->chain, j->buf + at,
		    g->segment_size - at, true, on_node, on_frame, j, &b,
		    NULL) != 0)
			break;
		g->last_position = b.position;
		g->last_len = b.len;
		g->found.root_time_us = b.commit.time_us;
		compare_root(j, &g->chain.range);
		buf_add(&g->offset, j->offset.p, j->offset.len);
		buf_reset(&j->offset);
		for (i = 0; i < JOURNAL_LEVELS; i++) {
			buf_add(&g->level[i], j->level[i].p, j->level[i].len);
			buf_reset(&j->level[i]);
		}
	}
	buf_fini(&j->offset);
	for (i = 0; i < JOURNAL_LEVELS; i++)
		buf_fini(&j->level[i]);
	return (g->offset.rc != 0 || g->level[0].rc != 0 ? CU_ENOMEM : 0);
}

/*
 * Does a level file know a leaf that was not recovered, or another one?  It
 * grows after the acknowledgement only, so its length alone says what was;
 * a hash of zeros within it never reached the disk.
 */
static bool
ask_level(struct judging *j, unsigned int level)
{
	static const uint8_t none[TLOG_HASH_LEN];
	const struct journal_judged *g = j->out;
	uint64_t at = g->begun ? g->header.range.size >> (8 * level) : 0;
	const struct buf *ours = &g->level[level];
	uint8_t part[64][TLOG_HASH_LEN];
	struct io_stat st;
	char name[24];
	size_t got = 0, i, k = 0;
	bool knows = false;
	int fd;

	snprintf(name, sizeof(name), "level.%u", level);
	if ((fd = j->io->openat(j->io, j->dir, name, O_RDONLY, 0)) < 0)
		return (false);
	if (j->io->stat(j->io, fd, &st) == 0 && st.size / TLOG_HASH_LEN >
	    g->chain.range.size >> (8 * level))
		knows = true;
	while (!knows && k < ours->len) {
		if (io_pread(j->io, fd, part, sizeof(part),
		    at * TLOG_HASH_LEN + k, &got) != 0)
			break;			/* unreadable: none */
		for (i = 0; i < got / TLOG_HASH_LEN && k < ours->len; i++) {
			if (memcmp(part[i], none, sizeof(none)) != 0 &&
			    memcmp(part[i], ours->p + k, TLOG_HASH_LEN) != 0)
				knows = true;
			k += TLOG_HASH_LEN;
		}
		if (got < sizeof(part))
			break;
	}
	j->io->close(j->io, fd);
	return (knows);
}

static void
ask_memories(struct judging *j, struct cu_why *why)
{
	struct journal_judged *g = j->out;
	uint64_t size = g->chain.range.size;
	bool knows = false;
	unsigned int i;

	if (j->remembered && j->memory.size > size) {
		cu_why_set(why, "log/checkpoint knows size %" PRIu64
		    ", the journal holds %" PRIu64 " up to position %" PRIu64
		    ": what stood there was acknowledged", j->memory.size,
		    size, g->found.position);
		knows = true;
	} else if (j->stands && memcmp(j->root, j->memory.root,
	    TLOG_HASH_LEN) != 0) {
		cu_why_set(why, "log/checkpoint has another root at size %"
		    PRIu64 " (position %" PRIu64 ")", j->memory.size,
		    g->found.position);
		knows = true;
	}
	for (i = 0; i < JOURNAL_LEVELS && !knows; i++) {
		if ((knows = ask_level(j, i)))
			cu_why_set(why, "log/level.%u knows other entries than "
			    "the %" PRIu64 " up to position %" PRIu64, i, size,
			    g->found.position);
	}
	if (knows)
		g->verdict = JOURNAL_E_MEMORY;
}

/* A well-formed frame at ${p}?  Of K and N only. */
static bool
well_formed(const uint8_t *p, size_t left, uint64_t position,
    struct journal_frame *f)
{
	uint8_t sum[DIGEST_LEN];

	if (left < JOURNAL_FRAME_HEAD || journal_frame_get(f, p) != 0 ||
	    f->position != position || f->len > left - JOURNAL_FRAME_HEAD)
		return (false);
	if (f->kind == JOURNAL_K ? f->len != JOURNAL_K_LEN :
	    f->kind != JOURNAL_N || f->len > JOURNAL_NOTE_MAX)
		return (false);
	digest(sum, p + JOURNAL_FRAME_HEAD, f->len);
	return (memcmp(sum, f->check, sizeof(f->check)) == 0);
}

static void
damaged(struct judging *j, const char *what, uint64_t position)
{
	if (j->damage != NULL)
		return;
	j->damage = what;
	j->damage_at = position;
}

/* Search [from, segment size) of the segment in ${buf}. */
static int
search(struct judging *j, uint32_t number, uint64_t from)
{
	struct journal_judged *g = j->out;
	uint64_t base = (uint64_t)(number - 1) * g->segment_size, at;
	struct journal_tail tail = { number, from, from };
	struct tlog_checkpoint cp;
	struct journal_frame f;
	const uint8_t *p;
	uint64_t word;

	for (at = from; at < g->segment_size; at += 8) {
		p = j->buf + at;
		memcpy(&word, p, sizeof(word));
		if (word == 0)
			continue;
		tail.to = at + 8;
		if (!well_formed(p, g->segment_size - at, base + at, &f))
			continue;
		p += JOURNAL_FRAME_HEAD;
		if (f.kind == JOURNAL_K) {
			if (j->commits++ > 0)
				damaged(j, "a second commit", base + at);
			else if (memcmp(p + 32, g->chain.last_k, 32) != 0)
				damaged(j, "a commit that follows another "
				    "one", base + at);
		} else if (tlog_checkpoint_open(&cp, p, f.len, j->key) == 0 &&
		    cp.size > g->chain.range.size) {
			damaged(j, "a signed note of a larger size",
			    base + at);
		}
	}
	if (tail.to > tail.from) {
		j->dirty = true;
		g->found.dropped += tail.to - tail.from;
		buf_add(&g->tails, &tail, sizeof(tail));
	}
	return (g->tails.rc);
}

/* Everything after P: this segment's rest, then all later files. */
static int
search_all(struct judging *j, struct cu_why *why)
{
	struct journal_judged *g = j->out;
	uint32_t n = g->begun ? g->number : 1;
	uint64_t from = g->found.position -
	    (uint64_t)(n - 1) * g->segment_size;
	int rc = 0;

	for (; n <= j->max && rc == 0; n++, from = 0)
		if ((rc = load(j, n, j->buf, g->segment_size)) == 0)
			rc = search(j, n, from);
	if (rc != 0)
		return (rc);
	if (j->damage != NULL) {
		g->verdict = JOURNAL_E_DAMAGED;
		if (why != NULL && why->text[0] != '\0')
			cu_why_in(why, "damaged");
		else
			cu_why_set(why, "acknowledged data is damaged at "
			    "position %" PRIu64 " (size %" PRIu64 "): %s stands "
			    "at %" PRIu64, g->found.position,
			    g->chain.range.size, j->damage, j->damage_at);
		return (0);
	}
	g->found.state = j->dirty ? JOURNAL_TORN : JOURNAL_CLEAN;
	return (0);
}

/* Where no header names it: the first file's length, if that is a size. */
static int
guess_size(struct judging *j, uint32_t otherwise)
{
	struct io_stat st;
	char name[JOURNAL_SEGMENT_NAME];
	int fd;

	j->out->segment_size = otherwise;
	journal_segment_name(name, 1);
	if ((fd = j->io->openat(j->io, j->segs, name, O_RDONLY, 0)) < 0)
		return (errno == ENOENT ? 0 : CU_EIO);
	if (j->io->stat(j->io, fd, &st) == 0 &&
	    st.size >= JOURNAL_SEGMENT_MIN && st.size <= JOURNAL_SEGMENT_MAX &&
	    (st.size & (st.size - 1)) == 0)
		j->out->segment_size = (uint32_t)st.size;
	j->io->close(j->io, fd);
	return (0);
}

int
journal_judge(struct journal_judged *g, struct io *io, int dir, int segs,
    const struct tlog_key *key, uint32_t segment_size, struct cu_why *why)
{
	struct judging j = { .out = g, .io = io, .dir = dir, .segs = segs,
	    .key = key };
	size_t i;
	int rc;

	memset(g, 0, sizeof(*g));
	buf_init(&g->offset, DERIVED_MAX);
	for (i = 0; i < JOURNAL_LEVELS; i++)
		buf_init(&g->level[i], DERIVED_MAX);
	buf_init(&g->tails, DERIVED_MAX);
	if (why != NULL)
		why->text[0] = '\0';
	digest(j.origin, key->name, strlen(key->name));
	if ((rc = journal_segment_last(io, segs, &j.max)) != 0) {
		if (rc == CU_EMALFORMED)
			cu_why_set(why, "segment %" PRIu32 " is far beyond "
			    "the others: whose file is that?", j.max);
		return (rc);
	}
	if ((rc = guess_size(&j, segment_size)) != 0 ||
	    (rc = find_last(&j, why)) != 0 || (rc = load_memory(&j)) != 0)
		return (rc);
	if ((j.buf = malloc(g->segment_size)) == NULL)
		return (CU_ENOMEM);
	if (g->begun) {
		if ((rc = load(&j, g->number, j.buf, g->segment_size)) == 0)
			rc = read_batches(&j);
		g->found.position = g->chain.position;
	} else {
		g->chain.segment_size = g->segment_size;
		tlog_range_init(&g->chain.range);
		compare_root(&j, &g->chain.range);
	}
	g->found.size = g->chain.range.size;
	if (rc == 0)
		ask_memories(&j, why);
	if (rc == 0 && g->verdict == 0)
		rc = search_all(&j, why);
	free(j.buf);
	return (rc);
}
