/* src/tlog/tlog_tile.h: tiles and entry bundles (C2SP tlog-tiles) */
#ifndef TLOG_TILE_H_
#define TLOG_TILE_H_
#include <stddef.h>
#include <stdint.h>

struct buf;
struct rd;

#define TLOG_TILE_WIDTH		256	/* hashes of a full tile */
#define TLOG_TILE_LEVELS	8	/* of a tree below 2^63 leaves */
#define TLOG_TILE_ENTRIES	(-1)	/* in place of a level: an entry bundle */
#define TLOG_TILE_PATH_MAX	64

/* Which resource: level or TLOG_TILE_ENTRIES, number, width 1..256 (full). */
struct tlog_tile {
	int level;
	uint64_t index;
	unsigned int width;
};

/** tlog_tile_path(out, t): Write the path from "tile/" on, with a NUL. */
void tlog_tile_path(char[TLOG_TILE_PATH_MAX], const struct tlog_tile *);

/** tlog_tile_parse(t, path, len): Read such a path.  0, or CU_EMALFORMED. */
int tlog_tile_parse(struct tlog_tile *, const char *, size_t);

/**
 * tlog_tile_layout(size, level, full, partial):
 * How many full tiles level ${level} of a tree of ${size} leaves has, and how
 * wide the partial one after them is (0: none).
 */
void tlog_tile_layout(uint64_t, int, uint64_t *, unsigned int *);

/** tlog_bundle_add(b, entry, len): Append an entry (len <= 65,535). */
void tlog_bundle_add(struct buf *, const void *, size_t);

/**
 * tlog_bundle_next(r, entry, len):
 * Borrow the next entry of a bundle.  Return 0; CU_ENOENT at its end;
 * CU_EMALFORMED if it is cut.
 */
int tlog_bundle_next(struct rd *, const uint8_t **, size_t *);
#endif /* !TLOG_TILE_H_ */
