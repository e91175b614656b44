/* src/tlog/test-tlog_tile.c: paths, layout, tiles and bundles of the vectors */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/text.h"
#include "check.h"
#include "crypto/digest.h"
#include "json/jv.h"
#include "load.h"
#include "tlog/tlog.h"
#include "tlog/tlog_tile.h"

#define DIR	TEST_DIR "/vectors/"

static void
paths(void)
{
	static const char *const bad[] = {
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/00",
		"tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/0/000.p/", "tile/0/x000/001", "tile/0/x01/000",
		"tile/0/001/000", "tile/0/x001", "tile/0/000/", "tile/0/000x",
		"tile/entries", "tile/data/000", "/tile/0/000",
		"tile/0/x999/x999/x999/x999/x999/x999/999",
	};
	struct jv *v = load_json(DIR "tile_paths.json");
	const struct jv *a = jv_get(v, "paths"), *row;
	char out[TLOG_TILE_PATH_MAX];
	struct tlog_tile t, back;
	const char *want;
	int64_t n;
	size_t i, len;

	CHECK(jv_len(a) == 24);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		t.level = jv_int(jv_get(row, "level"), &n) == 0 ? (int)n :
		    TLOG_TILE_ENTRIES;
		jv_int(jv_get(row, "index"), &n);
		t.index = (uint64_t)n;
		jv_int(jv_get(row, "width"), &n);
		t.width = n == 0 ? TLOG_TILE_WIDTH : (unsigned int)n;
		want = jv_str(jv_get(row, "path"), &len);
		tlog_tile_path(out, &t);
		CHECK_STR(out, want);
		CHECK(tlog_tile_parse(&back, want, len) == 0);
		CHECK(back.level == t.level && back.index == t.index &&
		    back.width == t.width);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(tlog_tile_parse(&t, bad[i], strlen(bad[i])) ==
		    CU_EMALFORMED, bad[i]);
	jv_free(v);
}

static void
layout(void)
{
	struct jv *v = load_json(DIR "tile_layout.json");
	const struct jv *a = jv_get(v, "sizes"), *levels, *row;
	unsigned int partial;
	uint64_t full, size;
	int64_t n, want;
	size_t i, k;

	for (i = 0; i < jv_len(a); i++) {
		if (jv_int(jv_get(jv_at(a, i), "size"), &n) != 0)
			CHECK(jv_dec(jv_get(jv_at(a, i), "size"), &size) == 0);
		else
			size = (uint64_t)n;
		levels = jv_get(jv_at(a, i), "levels");
		for (k = 0; k < TLOG_TILE_LEVELS; k++) {
			tlog_tile_layout(size, (int)k, &full, &partial);
			row = jv_at(levels, k);
			if (row == NULL) {
				CHECK(full == 0 && partial == 0);
				continue;
			}
			jv_int(jv_get(row, "full"), &want);
			CHECK(full == (uint64_t)want);
			jv_int(jv_get(row, "partial_width"), &want);
			CHECK(partial == (unsigned int)want);
		}
	}
	CHECK(i == 15);
	jv_free(v);
}

/* The tiles of the be64 tree, level by level, as appending gives them. */
static struct buf level[TLOG_TILE_LEVELS];

static void
on_node(void *cookie, unsigned int height, uint64_t index,
    const uint8_t hash[32])
{
	if (height % 8 == 0) {
		CHECK(level[height / 8].len == index * 32);
		buf_add(&level[height / 8], hash, 32);
	}
}

static void
grow(uint64_t size)
{
	struct tlog_range r;
	uint8_t p[8], leaf[32];
	uint64_t i, k;

	for (k = 0; k < TLOG_TILE_LEVELS; k++)
		buf_init(&level[k], 1 << 24);
	tlog_range_init(&r);
	for (i = 0; i < size; i++) {
		for (k = 0; k < 8; k++)
			p[k] = (uint8_t)(i >> (56 - 8 * k));
		tlog_leaf(leaf, p, 8);
		tlog_range_append(&r, leaf, on_node, NULL);
	}
}

static void
shrink(void)
{
	size_t k;

	for (k = 0; k < TLOG_TILE_LEVELS; k++)
		buf_fini(&level[k]);
}

static void
tiles70000(void)
{
	struct jv *v = load_json(DIR "tiles70000_digests.json");
	const struct jv *tiles = jv_get(v, "tiles"), *want;
	uint8_t sum[32], expect[32];
	struct tlog_tile t;
	const char *name;
	size_t i;

	grow(70000);
	CHECK(jv_len(tiles) == 277);
	for (i = 0; i < jv_len(tiles); i++) {
		name = jv_key_at(tiles, i, &want);
		CHECK(tlog_tile_parse(&t, name, strlen(name)) == 0);
		CHECK(jv_hex(want, expect, 32) == 0);
		digest(sum, level[t.level].p + t.index * 8192, t.width * 32);
		CHECK_ROW(memcmp(sum, expect, 32) == 0, name);
	}
	shrink();
	jv_free(v);
}

static void
bundles(const char *dir, const char *name, struct tlog_range *r)
{
	struct buf b = load_file(DIR "%s/%s", dir, name), again;
	struct rd rd = { b.p, b.len };
	const uint8_t *entry;
	uint8_t leaf[32];
	size_t len, n;
	int rc;

	buf_init(&again, 1 << 20);
	while ((rc = tlog_bundle_next(&rd, &entry, &len)) == 0) {
		tlog_leaf(leaf, entry, len);
		tlog_range_append(r, leaf, NULL, NULL);
		tlog_bundle_add(&again, entry, len);
	}
	CHECK(rc == CU_ENOENT);
	CHECK(again.len == b.len && memcmp(again.p, b.p, b.len) == 0);
	/* A cut bundle is one only where an entry ends. */
	for (n = 1; n < 12; n++) {
		rd = (struct rd){ b.p, n };
		while ((rc = tlog_bundle_next(&rd, &entry, &len)) == 0)
			;
		CHECK(rc == (rd.left == 0 ? CU_ENOENT : CU_EMALFORMED));
	}
	buf_fini(&b);
	buf_fini(&again);
}

static void
tiles600(void)
{
	static const char *const names[] = { "tile/0/000", "tile/0/001",
		"tile/0/002.p/88", "tile/1/000.p/2" };
	struct jv *v = load_json(DIR "tiles600/manifest.json");
	uint8_t root[32], want[32];
	struct tlog_range r;
	struct tlog_tile t;
	struct buf b;
	size_t i;

	grow(600);
	for (i = 0; i < 4; i++) {
		b = load_file(DIR "tiles600/%s", names[i]);
		CHECK(tlog_tile_parse(&t, names[i], strlen(names[i])) == 0);
		CHECK(b.len == t.width * 32);
		CHECK_MEM(b.p, level[t.level].p + t.index * 8192, b.len);
		buf_fini(&b);
	}
	shrink();
	tlog_range_init(&r);
	bundles("tiles600", "tile/entries/000", &r);
	bundles("tiles600", "tile/entries/001", &r);
	bundles("tiles600", "tile/entries/002.p/88", &r);
	tlog_range_root(&r, root);
	CHECK(jv_hex(jv_get(v, "root"), want, 32) == 0);
	CHECK_MEM(root, want, 32);
	jv_free(v);
}

static void
bundle_edge(void)
{
	struct jv *v = load_json(DIR "bundle_edge/manifest.json");
	uint8_t root[32], want[32];
	struct tlog_range r;
	struct buf b;

	tlog_range_init(&r);
	bundles("bundle_edge", "tile/entries/000.p/4", &r);
	CHECK(r.size == 4);
	tlog_range_root(&r, root);
	CHECK(jv_hex(jv_get(v, "root"), want, 32) == 0);
	CHECK_MEM(root, want, 32);
	buf_init(&b, 1 << 20);
	tlog_bundle_add(&b, root, 0);
	CHECK(b.rc == 0 && b.len == 2);
	tlog_bundle_add(&b, NULL, TLOG_ENTRY_MAX + 1);
	CHECK(b.rc == CU_ELIMIT);
	buf_fini(&b);
	jv_free(v);
}

int
main(void)
{
	CHECK_RUN(paths);
	CHECK_RUN(layout);
	CHECK_RUN(tiles600);
	CHECK_RUN(tiles70000);
	CHECK_RUN(bundle_edge);
	return (check_done());
}
