/* src/cli/cli_log_export.c: custos log export: the C2SP tile tree as files */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/err.h"
#include "base/io.h"
#include "cli/cli_log.h"
#include "tlog/tlog_tile.h"

#define BUNDLE_MAX	(TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX))

struct export {
	struct cli_log *l;
	struct io *io;
	int dir;
	struct tlog_range range;
	struct buf bundle, tile[TLOG_TILE_LEVELS];
	uint64_t next[TLOG_TILE_LEVELS];	/* number of the open tile */
	uint64_t next_bundle;
	uint64_t files;
	int rc;
};

/* Write one resource, making its folders. */
static int
put(struct export *e, const struct tlog_tile *t, const struct buf *b)
{
	char path[TLOG_TILE_PATH_MAX], *slash;
	int rc;

	tlog_tile_path(path, t);
	for (slash = strchr(path, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		rc = e->io->mkdirat(e->io, e->dir, path, 0755);
		*slash = '/';
		if (rc != 0 && errno != EEXIST)
			return (CU_EIO);
	}
	e->files++;
	return (io_replace(e->io, e->dir, path, b->p, b->len, false));
}

/* Write what a tile or bundle holds; ${width} hashes or entries. */
static void
flush(struct export *e, int level, unsigned int width)
{
	struct buf *b = level < 0 ? &e->bundle : &e->tile[level];
	uint64_t *next = level < 0 ? &e->next_bundle : &e->next[level];
	struct tlog_tile t = { level, *next, width };

	if (e->rc == 0)
		e->rc = b->rc != 0 ? b->rc : put(e, &t, b);
	buf_reset(b);
	++*next;
}

static void
on_node(void *cookie, unsigned int height, uint64_t index,
    const uint8_t hash[TLOG_HASH_LEN])
{
	struct export *e = cookie;
	unsigned int level = height / 8;

	if (height % 8 != 0 || level >= TLOG_TILE_LEVELS)
		return;
	buf_add(&e->tile[level], hash, TLOG_HASH_LEN);
	if (index % TLOG_TILE_WIDTH == TLOG_TILE_WIDTH - 1)
		flush(e, (int)level, TLOG_TILE_WIDTH);
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct export *e = cookie;
	uint8_t leaf[TLOG_HASH_LEN];

	tlog_leaf(leaf, p, len);
	tlog_range_append(&e->range, leaf, on_node, e);
	tlog_bundle_add(&e->bundle, p, len);
	if (index % TLOG_TILE_WIDTH == TLOG_TILE_WIDTH - 1)
		flush(e, TLOG_TILE_ENTRIES, TLOG_TILE_WIDTH);
	return (e->rc);
}

static int
export(struct export *e)
{
	struct cli_log *l = e->l;
	uint8_t root[TLOG_HASH_LEN];
	unsigned int partial;
	uint64_t full;
	int rc, i;

	if ((rc = journal_reader_each(l->r, 0, l->cp.size, on_entry, e)) != 0)
		return (cli_fail(CLI_FAILED, "%s: %s", l->dir,
		    cu_strerror(rc)));
	for (i = TLOG_TILE_ENTRIES; i < TLOG_TILE_LEVELS; i++) {
		tlog_tile_layout(l->cp.size, i, &full, &partial);
		if (partial > 0)
			flush(e, i, partial);
	}
	tlog_range_root(&e->range, root);
	if (memcmp(root, l->cp.root, sizeof(root)) != 0)
		return (cli_fail(CLI_NO, "the entries do not lead to the root "
		    "of log/checkpoint: run custos log verify"));
	/* The checkpoint last: it promises all the others. */
	if (e->rc == 0)
		e->rc = io_replace(e->io, e->dir, "checkpoint", l->note.p,
		    l->note.len, true);
	if (e->rc != 0)
		return (cli_fail(CLI_FAILED, "%s: %s", l->word,
		    cu_strerror(e->rc)));
	printf(l->json ? "{\"size\":\"%" PRIu64 "\",\"files\":\"%" PRIu64
	    "\"}\n" : "%" PRIu64 " entries, %" PRIu64 " files and the "
	    "checkpoint\n", l->cp.size, e->files);
	return (CLI_DONE);
}

int
cli_log_export(struct cli *c, int argc, char **argv)
{
	struct cli_log l;
	struct export e = { .l = &l, .io = io_system(), .dir = -1 };
	size_t i;
	int rc;

	tlog_range_init(&e.range);
	buf_init(&e.bundle, BUNDLE_MAX);
	for (i = 0; i < TLOG_TILE_LEVELS; i++)
		buf_init(&e.tile[i], TLOG_TILE_WIDTH * TLOG_HASH_LEN);
	if ((rc = cli_log_begin(&l, c, argc, argv)) != 0 ||
	    (rc = cli_log_key(&l)) != 0 || (rc = cli_log_checkpoint(&l)) != 0)
		goto out;
	if ((mkdir(l.word, 0755) != 0 && errno != EEXIST) ||
	    (e.dir = e.io->openat(e.io, AT_FDCWD, l.word,
	    O_RDONLY | O_DIRECTORY, 0)) < 0) {
		rc = cli_fail(CLI_FAILED, "%s: %s", l.word, strerror(errno));
		goto out;
	}
	rc = export(&e);
	e.io->close(e.io, e.dir);
out:	for (i = 0; i < TLOG_TILE_LEVELS; i++)
		buf_fini(&e.tile[i]);
	buf_fini(&e.bundle);
	cli_log_end(&l);
	return (rc);
}
