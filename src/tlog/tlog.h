/* src/tlog/tlog.h: the Merkle tree of RFC 6962: hashes, ranges, proofs */
#ifndef TLOG_H_
#define TLOG_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLOG_HASH_LEN	32
#define TLOG_SIZE_MAX	(UINT64_MAX >> 1)	/* entries of a tree (C2SP tlog-witness) */
#define TLOG_ENTRY_MAX	65535		/* bytes of an entry (C2SP tlog-tiles) */
#define TLOG_PROOF_MAX	63		/* hashes of a proof in such a tree */

/** tlog_leaf(out, entry, len): H(0x00 || entry). */
void tlog_leaf(uint8_t[TLOG_HASH_LEN], const void *, size_t);

/** tlog_node(out, left, right): H(0x01 || left || right); may be in place. */
void tlog_node(uint8_t[TLOG_HASH_LEN], const uint8_t[TLOG_HASH_LEN],
    const uint8_t[TLOG_HASH_LEN]);

/*
 * A compact range: all that is needed of a tree to append to it and to know
 * its root, the roots of its perfect subtrees, largest first.
 */
struct tlog_range {
	uint64_t size;				/* leaves */
	uint8_t hash[63][TLOG_HASH_LEN];	/* tlog_range_count of them */
};

/** tlog_range_init(r): The empty tree. */
void tlog_range_init(struct tlog_range *);

/** tlog_range_count(size): How many hashes a range of that size holds. */
unsigned int tlog_range_count(uint64_t);

/**
 * tlog_range_load(r, size, hashes, n):
 * Take a range from its ${n} hashes, as tlog_range_count and ${r}->hash give
 * them.  Return 0, or CU_EMALFORMED if ${n} does not fit ${size}.
 */
int tlog_range_load(struct tlog_range *, uint64_t, const uint8_t *, size_t);

/* Called for each perfect subtree that an append completes, leaf first. */
typedef void (*tlog_node_fn)(void *, unsigned int height, uint64_t index,
    const uint8_t[TLOG_HASH_LEN]);

/**
 * tlog_range_append(r, leaf, fn, cookie):
 * Append a leaf hash and tell ${fn} (may be NULL) each subtree so completed:
 * that of 2^height leaves from index * 2^height on.  ${r}->size must be below
 * TLOG_SIZE_MAX.
 */
void tlog_range_append(struct tlog_range *, const uint8_t[TLOG_HASH_LEN],
    tlog_node_fn, void *);

/** tlog_range_root(r, out): The root; of the empty tree H(""). */
void tlog_range_root(const struct tlog_range *, uint8_t[TLOG_HASH_LEN]);

/*
 * Where proofs get their hashes: the root of the perfect subtree of 2^height
 * leaves from index * 2^height on.  0, or a CU_E* that is forwarded.
 */
typedef int (*tlog_read_fn)(void *, unsigned int height, uint64_t index,
    uint8_t[TLOG_HASH_LEN]);

/* A proof on its way: hashes in the order of the wire, leaf side first. */
struct tlog_path {
	size_t n;
	uint8_t hash[TLOG_PROOF_MAX + 1][TLOG_HASH_LEN];
};

/**
 * tlog_root_at(out, size, read, cookie): The root of the first ${size} leaves.
 * Return 0, CU_ELIMIT, or what ${read} returned.
 */
int tlog_root_at(uint8_t[TLOG_HASH_LEN], uint64_t, tlog_read_fn, void *);

/**
 * tlog_prove_inclusion(path, index, size, read, cookie),
 * tlog_prove_consistency(path, old, size, read, cookie),
 * tlog_prove_subtree(path, start, end, size, read, cookie):
 * Make the proof that leaf ${index}, the tree of the first ${old} leaves, or
 * the leaves [start, end) belong to the tree of ${size} leaves.  Return 0;
 * CU_ELIMIT if the numbers do not fit each other (index < size, 1 <= old <=
 * size; start a multiple of the smallest power of two >= end - start); or what
 * ${read} returned.
 */
int tlog_prove_inclusion(struct tlog_path *, uint64_t, uint64_t, tlog_read_fn,
    void *);
int tlog_prove_consistency(struct tlog_path *, uint64_t, uint64_t,
    tlog_read_fn, void *);
int tlog_prove_subtree(struct tlog_path *, uint64_t, uint64_t, uint64_t,
    tlog_read_fn, void *);

/**
 * tlog_check_inclusion(hashes, n, index, size, leaf, root),
 * tlog_check_consistency(hashes, n, old, size, old_root, root),
 * tlog_check_subtree(hashes, n, start, end, size, subtree, root):
 * Does the proof of ${n} hashes show it?  An old size of 0 is no proof: the
 * empty tree is a prefix of every tree, which the caller decides.
 */
bool tlog_check_inclusion(const uint8_t (*)[TLOG_HASH_LEN], size_t, uint64_t,
    uint64_t, const uint8_t[TLOG_HASH_LEN], const uint8_t[TLOG_HASH_LEN]);
bool tlog_check_consistency(const uint8_t (*)[TLOG_HASH_LEN], size_t, uint64_t,
    uint64_t, const uint8_t[TLOG_HASH_LEN], const uint8_t[TLOG_HASH_LEN]);
bool tlog_check_subtree(const uint8_t (*)[TLOG_HASH_LEN], size_t, uint64_t,
    uint64_t, uint64_t, const uint8_t[TLOG_HASH_LEN],
    const uint8_t[TLOG_HASH_LEN]);
#endif /* !TLOG_H_ */
