/* src/tlog/test-tlog.c: hashes and proofs against the published vectors */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "json/jv.h"
#include "load.h"
#include "tlog/tlog.h"

#define DIR	TEST_DIR "/vectors/"
#define LEAVES	1024		/* of the be64 tree that are kept */

static uint8_t leaves[LEAVES][32];

static void
be64_leaf(uint64_t i, uint8_t out[32])
{
	uint8_t p[8];
	size_t k;

	for (k = 0; k < 8; k++)
		p[k] = (uint8_t)(i >> (56 - 8 * k));
	tlog_leaf(out, p, 8);
}

/* A tlog_read_fn over ${cookie}: an array of leaf hashes. */
static int
read_leaves(void *cookie, unsigned int height, uint64_t index,
    uint8_t out[32])
{
	const uint8_t (*leaf)[32] = cookie;
	struct tlog_range r;
	uint64_t i;

	tlog_range_init(&r);
	for (i = index << height; i < (index + 1) << height; i++) {
		if (i >= LEAVES)
			return (CU_ENOENT);
		tlog_range_append(&r, leaf[i], NULL, NULL);
	}
	tlog_range_root(&r, out);
	return (0);
}

static void
roots(void)
{
	struct jv *small = load_json(DIR "be64_roots.json");
	struct jv *large = load_json(DIR "be64_large_roots.json");
	const struct jv *a, *row;
	uint8_t want[32], root[32], leaf[32];
	struct tlog_range r, again;
	uint64_t i, size;
	int64_t n;

	a = jv_get(small, "roots");
	CHECK(jv_len(a) == 1001);
	tlog_range_init(&r);
	for (i = 0; i < jv_len(a); i++) {
		CHECK(jv_hex(jv_at(a, i), want, 32) == 0);
		tlog_range_root(&r, root);
		CHECK_MEM(root, want, 32);
		CHECK(tlog_root_at(root, i, read_leaves, leaves) == 0);
		CHECK_MEM(root, want, 32);
		CHECK(tlog_range_load(&again, r.size, r.hash[0],
		    tlog_range_count(r.size)) == 0);
		CHECK(tlog_range_load(&again, r.size, r.hash[0],
		    tlog_range_count(r.size) + 1) == CU_EMALFORMED);
		be64_leaf(i, leaf);
		tlog_range_append(&r, leaf, NULL, NULL);
		tlog_range_append(&again, leaf, NULL, NULL);
		CHECK_MEM(&r.hash, &again.hash, 32);
	}
	a = jv_get(large, "roots");
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		jv_int(jv_get(row, "size"), &n);
		size = (uint64_t)n;
		CHECK(jv_hex(jv_get(row, "root"), want, 32) == 0);
		while (r.size < size) {
			be64_leaf(r.size, leaf);
			tlog_range_append(&r, leaf, NULL, NULL);
		}
		tlog_range_root(&r, root);
		CHECK_MEM(root, want, 32);
	}
	CHECK(i == 12 && r.size == 1000000);
	jv_free(small);
	jv_free(large);
}

static size_t
take_proof(const struct jv *a, uint8_t (*out)[32])
{
	size_t i;

	for (i = 0; i < jv_len(a) && i < 128; i++)
		if (jv_hex(jv_at(a, i), out[i], 32) != 0)
			return (SIZE_MAX);	/* not of 32 bytes */
	return (jv_len(a));
}

/* Every proof of a file: made again if its leaves are known, and checked. */
static void
proofs(const char *path, uint8_t (*leaf)[32])
{
	struct jv *v = load_json("%s", path);
	const struct jv *a = jv_get(v, "proofs"), *row;
	uint8_t proof[128][32], root[32], from[32];
	struct tlog_path made;
	int64_t m, size, start;
	size_t i, n, k;
	int rc;

	CHECK(jv_len(a) > 0);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		n = take_proof(jv_get(row, "proof"), proof);
		jv_int(jv_get(row, jv_get(row, "new") ? "new" : "size"), &size);
		if (jv_int(jv_get(row, "index"), &m) == 0) {
			CHECK(jv_hex(jv_get(row, "leaf_hash"), from, 32) == 0);
			CHECK(jv_hex(jv_get(row, "root"), root, 32) == 0);
			CHECK(tlog_check_inclusion((void *)proof, n,
			    (uint64_t)m, (uint64_t)size, from, root));
			rc = tlog_prove_inclusion(&made, (uint64_t)m,
			    (uint64_t)size, read_leaves, leaf);
		} else if (jv_int(jv_get(row, "old"), &m) == 0) {
			CHECK(jv_hex(jv_get(row, "old_root"), from, 32) == 0);
			CHECK(jv_hex(jv_get(row, "new_root"), root, 32) == 0);
			CHECK(tlog_check_consistency((void *)proof, n,
			    (uint64_t)m, (uint64_t)size, from, root));
			rc = tlog_prove_consistency(&made, (uint64_t)m,
			    (uint64_t)size, read_leaves, leaf);
		} else {
			jv_int(jv_get(row, "start"), &start);
			jv_int(jv_get(row, "end"), &m);
			CHECK(jv_hex(jv_get(row, "subtree_root"), from,
			    32) == 0);
			CHECK(jv_hex(jv_get(row, "root"), root, 32) == 0);
			CHECK(tlog_check_subtree((void *)proof, n,
			    (uint64_t)start, (uint64_t)m, (uint64_t)size,
			    from, root));
			from[31] ^= 1;
			CHECK(!tlog_check_subtree((void *)proof, n,
			    (uint64_t)start, (uint64_t)m, (uint64_t)size,
			    from, root));
			rc = tlog_prove_subtree(&made, (uint64_t)start,
			    (uint64_t)m, (uint64_t)size, read_leaves, leaf);
		}
		if (size > LEAVES)
			continue;
		CHECK(rc == 0 && made.n == n);
		for (k = 0; k < n && k < made.n; k++)
			CHECK_MEM(made.hash[k], proof[k], 32);
	}
	jv_free(v);
}

static void
be64_proofs(void)
{
	proofs(DIR "be64_inclusion.json", leaves);
	proofs(DIR "be64_consistency.json", leaves);
	proofs(DIR "be64_subtree_consistency.json", leaves);
}

static void
rfc6962(void)
{
	struct jv *v = load_json(DIR "rfc6962_leaves.json");
	const struct jv *a = jv_get(v, "leaves"), *h, *r;
	static uint8_t leaf[LEAVES][32];
	uint8_t raw[64], want[32], root[32];
	struct tlog_range range;
	size_t i, n;
	const char *s;

	h = jv_get(v, "leaf_hashes");
	r = jv_get(v, "roots");
	CHECK(jv_len(a) == 8 && jv_len(h) == 8 && jv_len(r) == 9);
	tlog_range_init(&range);
	for (i = 0; i <= 8; i++) {
		tlog_range_root(&range, root);
		CHECK(jv_hex(jv_at(r, i), want, 32) == 0);
		CHECK_MEM(root, want, 32);
		if (i == 8)
			break;
		s = jv_str(jv_at(a, i), &n);
		CHECK(text_unhex(raw, s, n / 2) == 0);
		tlog_leaf(leaf[i], raw, n / 2);
		CHECK(jv_hex(jv_at(h, i), want, 32) == 0);
		CHECK_MEM(leaf[i], want, 32);
		tlog_range_append(&range, leaf[i], NULL, NULL);
	}
	jv_free(v);
	proofs(DIR "rfc6962_inclusion.json", leaf);
	proofs(DIR "rfc6962_consistency.json", leaf);
}

static uint64_t
number(const struct jv *row, const char *name)
{
	const struct jv *v = jv_get(row, name);
	int64_t n;
	uint64_t u;

	if (jv_dec(v, &u) == 0)
		return (u);
	return (jv_int(v, &n) == 0 ? (uint64_t)n : UINT64_MAX);
}

static void
negative(void)
{
	struct jv *v = load_json(DIR "negative_proofs.json");
	const struct jv *a = jv_get(v, "proofs"), *row;
	uint8_t proof[128][32], root[32], from[32];
	size_t i, n, inclusion = 0, whole = 0;
	bool bad;

	CHECK(jv_len(a) == 205);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		n = take_proof(jv_get(row, "proof"), proof);
		if (jv_streq(jv_get(row, "kind"), "inclusion")) {
			inclusion++;
			bad = jv_hex(jv_get(row, "leaf_hash"), from, 32) != 0 ||
			    jv_hex(jv_get(row, "root"), root, 32) != 0;
			if (n == SIZE_MAX || bad)
				continue;	/* no hashes: refused as text */
			CHECK(!tlog_check_inclusion((void *)proof, n,
			    number(row, "index"), number(row, "size"), from,
			    root));
		} else {
			bad = jv_hex(jv_get(row, "old_root"), from, 32) != 0 ||
			    jv_hex(jv_get(row, "new_root"), root, 32) != 0;
			if (n == SIZE_MAX || bad)
				continue;
			CHECK(!tlog_check_consistency((void *)proof, n,
			    number(row, "old"), number(row, "new"), from,
			    root));
		}
		whole++;
	}
	CHECK(inclusion > 0 && inclusion < 205 && whole > 190);
	jv_free(v);
}

static void
limits(void)
{
	struct tlog_path path;
	uint8_t h[32];

	CHECK(tlog_prove_inclusion(&path, 4, 4, read_leaves, leaves) ==
	    CU_ELIMIT);
	CHECK(tlog_prove_consistency(&path, 0, 4, read_leaves, leaves) ==
	    CU_ELIMIT);
	CHECK(tlog_prove_consistency(&path, 5, 4, read_leaves, leaves) ==
	    CU_ELIMIT);
	CHECK(tlog_prove_subtree(&path, 1, 3, 4, read_leaves, leaves) ==
	    CU_ELIMIT);
	CHECK(tlog_prove_inclusion(&path, 0, TLOG_SIZE_MAX + 1, read_leaves,
	    leaves) == CU_ELIMIT);
	CHECK(tlog_root_at(h, TLOG_SIZE_MAX + 1, read_leaves, leaves) ==
	    CU_ELIMIT);
	/* What reading says is forwarded. */
	CHECK(tlog_prove_inclusion(&path, 0, LEAVES * 4, read_leaves,
	    leaves) == CU_ENOENT);
}

int
main(void)
{
	uint64_t i;

	for (i = 0; i < LEAVES; i++)
		be64_leaf(i, leaves[i]);
	CHECK_RUN(roots);
	CHECK_RUN(rfc6962);
	CHECK_RUN(be64_proofs);
	CHECK_RUN(negative);
	CHECK_RUN(limits);
	return (check_done());
}
