/* src/tlog/tlog_tile.c: tile paths, layout and entry bundles */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/text.h"
#include "tlog/tlog.h"
#include "tlog/tlog_tile.h"

#define GROUPS_MAX 7		/* of three digits: all of 64 bits */

void
tlog_tile_path(char out[TLOG_TILE_PATH_MAX], const struct tlog_tile *t)
{
	unsigned int group[GROUPS_MAX], n = 0;
	uint64_t index = t->index;
	int at;

	do {
		group[n++] = (unsigned int)(index % 1000);
		index /= 1000;
	} while (index > 0);
	/* At most: 12, seven groups of 5, 13 for the width. */
	if (t->level == TLOG_TILE_ENTRIES)
		at = snprintf(out, TLOG_TILE_PATH_MAX, "tile/entries");
	else
		at = snprintf(out, TLOG_TILE_PATH_MAX, "tile/%u",
		    (unsigned int)t->level & 63);
	while (n-- > 0)
		at += snprintf(out + at, (size_t)(TLOG_TILE_PATH_MAX - at),
		    "/%s%03u", n > 0 ? "x" : "", group[n]);
	if (t->width < TLOG_TILE_WIDTH)
		snprintf(out + at, (size_t)(TLOG_TILE_PATH_MAX - at), ".p/%u",
		    t->width);
}

/* The decimal that stands next, at most ${max}.  0, or -1. */
static int
decimal(struct rd *r, uint64_t max, uint64_t *v)
{
	size_t n = 0;

	while (n < r->left && r->p[n] >= '0' && r->p[n] <= '9')
		n++;
	if (n == 0 || text_dec((const char *)r->p, n, v) != 0 || *v > max)
		return (-1);
	r->p += n;
	r->left -= n;
	return (0);
}

static bool
take(struct rd *r, const char *lit)
{
	size_t n = strlen(lit);

	if (r->left < n || memcmp(r->p, lit, n) != 0)
		return (false);
	r->p += n;
	r->left -= n;
	return (true);
}

/* The groups of three digits, all but the last with an x before it. */
static int
parse_index(struct rd *r, uint64_t *index)
{
	unsigned int n, i;
	bool more = true, first_zero = false;
	uint64_t v = 0, group;

	for (n = 0; more; n++) {
		if (n == GROUPS_MAX || !take(r, "/"))
			return (CU_EMALFORMED);
		more = take(r, "x");
		if (r->left < 3)
			return (CU_EMALFORMED);
		for (group = 0, i = 0; i < 3; i++) {
			if (r->p[i] < '0' || r->p[i] > '9')
				return (CU_EMALFORMED);
			group = group * 10 + (r->p[i] - '0');
		}
		r->p += 3;
		r->left -= 3;
		if (n == 0)
			first_zero = group == 0 && more;
		if (v > (TLOG_SIZE_MAX - group) / 1000)
			return (CU_EMALFORMED);
		v = v * 1000 + group;
	}
	if (first_zero)
		return (CU_EMALFORMED);
	*index = v;
	return (0);
}

int
tlog_tile_parse(struct tlog_tile *t, const char *path, size_t len)
{
	struct rd r = { (const uint8_t *)path, len };
	struct tlog_tile made;
	uint64_t v;

	if (!take(&r, "tile/"))
		return (CU_EMALFORMED);
	if (take(&r, "entries"))
		made.level = TLOG_TILE_ENTRIES;
	else if (decimal(&r, 63, &v) != 0)
		return (CU_EMALFORMED);
	else
		made.level = (int)v;
	if (parse_index(&r, &made.index) != 0)
		return (CU_EMALFORMED);
	made.width = TLOG_TILE_WIDTH;
	if (r.left > 0) {
		if (!take(&r, ".p/") ||
		    decimal(&r, TLOG_TILE_WIDTH - 1, &v) != 0 || v == 0)
			return (CU_EMALFORMED);
		made.width = (unsigned int)v;
	}
	if (r.left > 0)
		return (CU_EMALFORMED);
	*t = made;
	return (0);
}

void
tlog_tile_layout(uint64_t size, int level, uint64_t *full,
    unsigned int *partial)
{
	unsigned int shift = level > 0 ? 8 * (unsigned int)level : 0;
	uint64_t count = shift < 64 ? size >> shift : 0;

	*full = count / TLOG_TILE_WIDTH;
	*partial = (unsigned int)(count % TLOG_TILE_WIDTH);
}

void
tlog_bundle_add(struct buf *b, const void *entry, size_t len)
{
	if (len > TLOG_ENTRY_MAX) {
		if (b->rc == 0)
			b->rc = CU_ELIMIT;
		return;
	}
	buf_be(b, 2, len);
	buf_add(b, entry, len);
}

int
tlog_bundle_next(struct rd *r, const uint8_t **entry, size_t *len)
{
	struct rd next = *r;
	const uint8_t *p;
	uint64_t n;

	if (r->left == 0)
		return (CU_ENOENT);
	if (rd_be(&next, 2, &n) != 0 || rd_bytes(&next, &p, n) != 0)
		return (CU_EMALFORMED);
	*r = next;
	*entry = p;
	*len = n;
	return (0);
}
