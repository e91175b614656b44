/*
 * fuzz/fuzz-journal.c: a log directory, read and recovered.
 * Input: a byte; then files, each u32 length and bytes, in the order of
 * ${file}, the last one with what is left.  With bit 0 of the byte segments get
 * headers that hold, with bit 1 frames their checks; with bit 2 the log is
 * recovered, which is slow.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/rd.h"
#include "crashfs.h"
#include "crypto/digest.h"
#include "journal/journal.h"
#include "tlog/tlog_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FILE_MAX	65536

/* Freed windows are many and large: do not keep them to catch late uses. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("quarantine_size_mb=1");
}

static const char vkey[] = "li.example.net/x1log+1fc9194c+AT9iCn4SmL+"
    "UrNVOVMsjeSQg50lDEEh0cLGWNlUiDXo5";
static const char *const file[] = { "journal/00000001.seg",
    "journal/00000002.seg", "checkpoint", "offset", "level.0", "level.1" };
#define FILES (sizeof(file) / sizeof(file[0]))

static void
fix_header(uint8_t *p, size_t n)
{
	if (n >= JOURNAL_HEADER_LEN)
		digest(p + JOURNAL_HEADER_LEN - 32, p,
		    JOURNAL_HEADER_LEN - 32);
}

static void
fix_frames(uint8_t *p, size_t n)
{
	uint8_t hash[DIGEST_LEN];
	struct journal_frame f;
	size_t at = JOURNAL_HEADER_LEN;

	while (at + JOURNAL_FRAME_HEAD <= n &&
	    journal_frame_get(&f, p + at) == 0 &&
	    f.len <= n - at - JOURNAL_FRAME_HEAD) {
		if (f.kind == JOURNAL_E)
			tlog_leaf(hash, p + at + JOURNAL_FRAME_HEAD, f.len);
		else
			digest(hash, p + at + JOURNAL_FRAME_HEAD, f.len);
		memcpy(f.check, hash, sizeof(f.check));
		journal_frame_put(p + at, &f);
		at += journal_frame_size(f.len);
	}
}

static void
put(struct io *io, int dir, size_t i, const uint8_t *p, size_t n,
    unsigned int fix)
{
	uint8_t *copy;
	int fd;

	if (n == 0 || (copy = malloc(n)) == NULL)
		return;
	memcpy(copy, p, n);
	if (i < 2 && (fix & 1) != 0)
		fix_header(copy, n);
	if (i < 2 && (fix & 2) != 0)
		fix_frames(copy, n);
	fd = io->openat(io, dir, file[i], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || io_pwrite(io, fd, copy, n, 0) != 0)
		abort();
	io->close(io, fd);
	free(copy);
}

static int
show(void *cookie, const struct journal_shown *s)
{
	return (s->frame.len > JOURNAL_BATCH_MAX ? -1 : 0);
}

static int
each(void *cookie, uint64_t index, const uint8_t *p, size_t n)
{
	if (n > JOURNAL_ENTRY_MAX)
		abort();
	return (0);
}

static void
read_it(struct io *io)
{
	struct journal_verify_hooks hooks = { .entry = each };
	uint8_t hash[TLOG_HASH_LEN];
	struct journal_verdict v;
	struct journal_reader *r;
	struct journal_head h;
	struct buf b;
	uint64_t i;

	if (journal_reader_open_io(&r, io, "log", NULL) != 0)
		return;
	buf_init(&b, JOURNAL_BATCH_MAX);
	memset(&h, 0, sizeof(h));
	(void)journal_reader_head(r, &h);
	for (i = 0; i < 4; i++) {
		(void)journal_reader_entry(r, i, &b);
		(void)journal_reader_sealed(r, i, &b);
		(void)journal_reader_hash(r, i % 2, i, hash);
		buf_reset(&b);
	}
	(void)journal_reader_frames(r, JOURNAL_HEADER_LEN, show, NULL);
	(void)journal_reader_each(r, 0, h.size, each, NULL);
	if (journal_verify(r, &hooks, &v) == 0 && v.clean &&
	    v.fault.what != NULL)
		abort();
	buf_fini(&b);
	journal_reader_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct journal_options o = { .dir = "log",
	    .segment_size = JOURNAL_SEGMENT_MIN, .in_line = true };
	struct journal_found found;
	struct tlog_key key;
	struct rd rd = { p + 1, n - 1 };
	struct crashfs *fs;
	struct journal *j;
	const uint8_t *got;
	struct io *io;
	uint64_t len;
	size_t i;
	int dir;

	if (n < 1 || tlog_key_parse(&key, vkey, strlen(vkey)) != 0)
		return (0);
	fs = crashfs_create();
	io = crashfs_io(fs);
	if (io->mkdirat(io, AT_FDCWD, "log", 0700) != 0 ||
	    io->mkdirat(io, AT_FDCWD, "log/journal", 0700) != 0 ||
	    (dir = io->openat(io, AT_FDCWD, "log", O_RDONLY | O_DIRECTORY,
	    0)) < 0)
		abort();
	for (i = 0; i < FILES; i++) {
		if (i == FILES - 1 || rd_be(&rd, 4, &len) != 0 ||
		    len > rd.left)
			len = rd.left;
		(void)rd_bytes(&rd, &got, (size_t)len);
		put(io, dir, i, got, len < FILE_MAX ? (size_t)len : FILE_MAX,
		    p[0]);
	}
	io->close(io, dir);
	read_it(io);
	o.io = io;
	o.key = &key;
	if ((p[0] & 4) != 0 && journal_open(&j, &o, &found, NULL) == 0) {
		journal_free(j);
		/* What was recovered is read, and needs no second recovery. */
		read_it(io);
		if (journal_open(&j, &o, &found, NULL) != 0 ||
		    found.state != JOURNAL_CLEAN)
			abort();
		journal_free(j);
	}
	crashfs_free(fs);
	return (0);
}
