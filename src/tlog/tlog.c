/* src/tlog/tlog.c: the Merkle tree of RFC 6962 */
#include <string.h>
#include "base/err.h"
#include "crypto/digest.h"
#include "tlog/tlog.h"

_Static_assert(TLOG_HASH_LEN == DIGEST_LEN, "the tree is one of SHA-256");

/*
 * A proof is a walk from the root down to the subtree that it is about.  One
 * step for each level: on which side of the walk the other half of the range
 * lies, and whether that half belongs to the subtree.
 */
enum side { RIGHT, LEFT, LEFT_INSIDE };

struct walk {
	struct {
		enum side side;
		uint64_t start, end;	/* the other half */
	} step[64];
	unsigned int n;
	uint64_t start, end;		/* where the walk ended */
	bool whole;			/* that is the subtree itself */
};

void
tlog_leaf(uint8_t out[TLOG_HASH_LEN], const void *entry, size_t len)
{
	static const uint8_t prefix = 0;
	const struct digest_part part[] = { { &prefix, 1 }, { entry, len } };

	digest_parts(out, part, 2);
}

void
tlog_node(uint8_t out[TLOG_HASH_LEN], const uint8_t left[TLOG_HASH_LEN],
    const uint8_t right[TLOG_HASH_LEN])
{
	uint8_t both[1 + 2 * TLOG_HASH_LEN];

	both[0] = 1;
	memcpy(both + 1, left, TLOG_HASH_LEN);
	memcpy(both + 1 + TLOG_HASH_LEN, right, TLOG_HASH_LEN);
	digest(out, both, sizeof(both));
}

void
tlog_range_init(struct tlog_range *r)
{
	r->size = 0;
}

unsigned int
tlog_range_count(uint64_t size)
{
	return ((unsigned int)__builtin_popcountll(size));
}

int
tlog_range_load(struct tlog_range *r, uint64_t size, const uint8_t *hashes,
    size_t n)
{
	if (size > TLOG_SIZE_MAX || n != tlog_range_count(size))
		return (CU_EMALFORMED);
	r->size = size;
	if (n > 0)
		memcpy(r->hash, hashes, n * TLOG_HASH_LEN);
	return (0);
}

void
tlog_range_append(struct tlog_range *r, const uint8_t leaf[TLOG_HASH_LEN],
    tlog_node_fn fn, void *cookie)
{
	unsigned int n = tlog_range_count(r->size), height = 0;
	uint64_t left = r->size;
	uint8_t *top = r->hash[n];

	memcpy(top, leaf, TLOG_HASH_LEN);
	if (fn != NULL)
		fn(cookie, 0, left, top);
	/* A set bit is a perfect subtree that the new one completes. */
	for (; (left & 1) != 0; left >>= 1) {
		top -= TLOG_HASH_LEN;
		tlog_node(top, top, top + TLOG_HASH_LEN);
		height++;
		if (fn != NULL)
			fn(cookie, height, left >> 1, top);
	}
	r->size++;
}

void
tlog_range_root(const struct tlog_range *r, uint8_t out[TLOG_HASH_LEN])
{
	unsigned int n = tlog_range_count(r->size);

	if (n == 0) {
		digest(out, "", 0);
		return;
	}
	memcpy(out, r->hash[--n], TLOG_HASH_LEN);
	while (n > 0)
		tlog_node(out, r->hash[--n], out);
}

/* The largest power of two strictly below n >= 2. */
static uint64_t
split(uint64_t n)
{
	return (UINT64_C(1) << (63 - __builtin_clzll(n - 1)));
}

/* The root of leaves [start, end), start aligned as a node's range is. */
static int
range_hash(uint8_t out[TLOG_HASH_LEN], uint64_t start, uint64_t end,
    tlog_read_fn read, void *cookie)
{
	uint8_t part[64][TLOG_HASH_LEN];
	unsigned int height, n = 0;
	int rc;

	do {
		height = 63 - (unsigned int)__builtin_clzll(end - start);
		if ((rc = read(cookie, height, start >> height, part[n++])) != 0)
			return (rc);
		start += UINT64_C(1) << height;
	} while (start < end);
	memcpy(out, part[--n], TLOG_HASH_LEN);
	while (n > 0)
		tlog_node(out, part[--n], out);
	return (0);
}

int
tlog_root_at(uint8_t out[TLOG_HASH_LEN], uint64_t size, tlog_read_fn read,
    void *cookie)
{
	if (size > TLOG_SIZE_MAX)
		return (CU_ELIMIT);
	if (size == 0) {
		digest(out, "", 0);
		return (0);
	}
	return (range_hash(out, 0, size, read, cookie));
}

/* Walk from [0, size) to [start, end).  0, or CU_ELIMIT. */
static int
walk_to(struct walk *w, uint64_t start, uint64_t end, uint64_t size)
{
	uint64_t a = 0, b = size, mid, unit = 1;

	if (start >= end || end > size || size > TLOG_SIZE_MAX)
		return (CU_ELIMIT);
	while (unit < end - start)
		unit <<= 1;
	if (start % unit != 0)
		return (CU_ELIMIT);
	w->n = 0;
	w->whole = true;
	while (a != start || b != end) {
		mid = a + split(b - a);
		if (end <= mid) {
			w->step[w->n].side = RIGHT;
			w->step[w->n].start = mid;
			w->step[w->n].end = b;
			b = mid;
		} else {
			w->step[w->n].start = a;
			w->step[w->n].end = mid;
			w->step[w->n].side = start >= mid ? LEFT : LEFT_INSIDE;
			/* Astride: the rest of the subtree is no node. */
			if (start < mid) {
				start = mid;
				w->whole = false;
			}
			a = mid;
		}
		w->n++;
	}
	w->start = a;
	w->end = b;
	return (0);
}

int
tlog_prove_subtree(struct tlog_path *path, uint64_t start, uint64_t end,
    uint64_t size, tlog_read_fn read, void *cookie)
{
	struct walk w;
	size_t n = 0;
	unsigned int i;
	int rc;

	if ((rc = walk_to(&w, start, end, size)) != 0)
		return (rc);
	if (!w.whole && (rc = range_hash(path->hash[n++], w.start, w.end, read,
	    cookie)) != 0)
		return (rc);
	for (i = w.n; i-- > 0; )
		if ((rc = range_hash(path->hash[n++], w.step[i].start,
		    w.step[i].end, read, cookie)) != 0)
			return (rc);
	path->n = n;
	return (0);
}

int
tlog_prove_inclusion(struct tlog_path *path, uint64_t index, uint64_t size,
    tlog_read_fn read, void *cookie)
{
	if (index >= size)
		return (CU_ELIMIT);
	return (tlog_prove_subtree(path, index, index + 1, size, read, cookie));
}

int
tlog_prove_consistency(struct tlog_path *path, uint64_t old, uint64_t size,
    tlog_read_fn read, void *cookie)
{
	return (tlog_prove_subtree(path, 0, old, size, read, cookie));
}

bool
tlog_check_subtree(const uint8_t (*proof)[TLOG_HASH_LEN], size_t n,
    uint64_t start, uint64_t end, uint64_t size,
    const uint8_t subtree[TLOG_HASH_LEN], const uint8_t root[TLOG_HASH_LEN])
{
	uint8_t inner[TLOG_HASH_LEN], outer[TLOG_HASH_LEN];
	struct walk w;
	size_t at = 0;
	unsigned int i;

	if (walk_to(&w, start, end, size) != 0 || n != w.n + (w.whole ? 0 : 1))
		return (false);
	memcpy(inner, w.whole ? subtree : proof[at++], TLOG_HASH_LEN);
	memcpy(outer, inner, TLOG_HASH_LEN);
	for (i = w.n; i-- > 0; at++) {
		if (w.step[i].side == RIGHT) {
			tlog_node(outer, outer, proof[at]);
			continue;
		}
		tlog_node(outer, proof[at], outer);
		if (w.step[i].side == LEFT_INSIDE)
			tlog_node(inner, proof[at], inner);
	}
	return (memcmp(inner, subtree, TLOG_HASH_LEN) == 0 &&
	    memcmp(outer, root, TLOG_HASH_LEN) == 0);
}

bool
tlog_check_inclusion(const uint8_t (*proof)[TLOG_HASH_LEN], size_t n,
    uint64_t index, uint64_t size, const uint8_t leaf[TLOG_HASH_LEN],
    const uint8_t root[TLOG_HASH_LEN])
{
	if (index >= size)
		return (false);
	return (tlog_check_subtree(proof, n, index, index + 1, size, leaf,
	    root));
}

bool
tlog_check_consistency(const uint8_t (*proof)[TLOG_HASH_LEN], size_t n,
    uint64_t old, uint64_t size, const uint8_t old_root[TLOG_HASH_LEN],
    const uint8_t root[TLOG_HASH_LEN])
{
	return (tlog_check_subtree(proof, n, 0, old, size, old_root, root));
}
