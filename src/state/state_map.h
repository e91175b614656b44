/* src/state/state_map.h: a hash table from keys of any bytes to numbers */
#ifndef STATE_MAP_H_
#define STATE_MAP_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A key is kept as its 128-bit keyed hash (SipHash-2-4-128, a random key per
 * process), so rows are small and nobody outside can choose collisions.
 */
struct map_key { uint64_t a, b; };

struct map {
	struct map_slot {
		struct map_key key;
		uint32_t value;		/* MAP_NONE: free */
	} *slot;
	size_t cap, n;
};
#define MAP_NONE	UINT32_MAX

struct map_seed { uint64_t k0, k1; };

/** map_hash(seed, tag, p, n): Hash ${n} bytes, apart for each ${tag}. */
struct map_key map_hash(const struct map_seed *, unsigned int, const void *,
    size_t);

void map_init(struct map *);
void map_fini(struct map *);
/** map_get(m, key): The value, or MAP_NONE. */
uint32_t map_get(const struct map *, struct map_key);
/** map_put(m, key, value): Set (value < MAP_NONE).  0, CU_ENOMEM. */
int map_put(struct map *, struct map_key, uint32_t);
/** map_del(m, key): Forget it, if it is there. */
void map_del(struct map *, struct map_key);
#endif /* !STATE_MAP_H_ */
