/* fuzz/fuzz-bundle.c: entry bundles, and paths of tiles */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/rd.h"
#include "base/err.h"
#include "tlog/tlog_tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char path[TLOG_TILE_PATH_MAX];
	struct rd r = { p, n };
	struct tlog_tile t;
	const uint8_t *entry;
	struct buf b;
	size_t len;

	if (tlog_tile_parse(&t, (const char *)p, n) == 0) {
		tlog_tile_path(path, &t);
		if (strlen(path) != n || memcmp(path, p, n) != 0)
			abort();
	}
	buf_init(&b, n + 1);
	while (tlog_bundle_next(&r, &entry, &len) == 0)
		tlog_bundle_add(&b, entry, len);
	if (b.rc != 0 || b.len != n - r.left ||
	    (b.len > 0 && memcmp(b.p, p, b.len) != 0))
		abort();
	buf_fini(&b);
	return (0);
}
