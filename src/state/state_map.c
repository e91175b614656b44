/* src/state/state_map.c: open addressing with linear probing */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "state/state_map.h"

static inline uint64_t
rotl(uint64_t x, unsigned int n)
{
	return (x << n | x >> (64 - n));
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

struct map_key
map_hash(const struct map_seed *seed, unsigned int tag, const void *p, size_t n)
{
	uint64_t v[4] = { seed->k0 ^ UINT64_C(0x736f6d6570736575),
	    seed->k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
	    seed->k0 ^ UINT64_C(0x6c7967656e657261),
	    seed->k1 ^ UINT64_C(0x7465646279746573) };
	const uint8_t *s = p;
	struct map_key out;
	uint64_t m;
	size_t left;
	int i;

	/* The tag is a first word, so that equal ids in two tables differ. */
	sip_word(v, tag);
	for (left = n; left >= 8; left -= 8, s += 8) {
		memcpy(&m, s, 8);
		sip_word(v, m);
	}
	m = (uint64_t)n << 56;
	if (left > 0)
		memcpy(&m, s, left);
	m = (m & UINT64_C(0x00ffffffffffffff)) | (uint64_t)n << 56;
	sip_word(v, m);
	v[2] ^= 0xee;
	for (i = 0; i < 4; i++)
		sip_round(v);
	out.a = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	for (i = 0; i < 4; i++)
		sip_round(v);
	out.b = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (out);
}

void
map_init(struct map *m)
{
	memset(m, 0, sizeof(*m));
}

void
map_fini(struct map *m)
{
	free(m->slot);
	map_init(m);
}

static size_t
place(const struct map *m, struct map_key k)
{
	size_t i = (size_t)k.a & (m->cap - 1);

	while (m->slot[i].value != MAP_NONE &&
	    (m->slot[i].key.a != k.a || m->slot[i].key.b != k.b))
		i = (i + 1) & (m->cap - 1);
	return (i);
}

uint32_t
map_get(const struct map *m, struct map_key k)
{
	return (m->cap == 0 ? MAP_NONE : m->slot[place(m, k)].value);
}

static int
grow(struct map *m)
{
	struct map bigger;
	size_t i;

	bigger.cap = m->cap == 0 ? 16 : m->cap * 2;
	bigger.n = m->n;
	if ((bigger.slot = malloc(bigger.cap * sizeof(*bigger.slot))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < bigger.cap; i++)
		bigger.slot[i].value = MAP_NONE;
	for (i = 0; i < m->cap; i++)
		if (m->slot[i].value != MAP_NONE)
			bigger.slot[place(&bigger, m->slot[i].key)] =
			    m->slot[i];
	free(m->slot);
	*m = bigger;
	return (0);
}

int
map_put(struct map *m, struct map_key k, uint32_t value)
{
	size_t i;

	if ((m->n + 1) * 4 > m->cap * 3 && grow(m) != 0)
		return (CU_ENOMEM);
	i = place(m, k);
	m->n += m->slot[i].value == MAP_NONE;
	m->slot[i].key = k;
	m->slot[i].value = value;
	return (0);
}

void
map_del(struct map *m, struct map_key k)
{
	size_t i, j, home;

	if (m->cap == 0)
		return;
	i = place(m, k);
	if (m->slot[i].value == MAP_NONE)
		return;
	m->n--;
	/* Move back what would no longer be found across the hole. */
	for (j = i;;) {
		m->slot[i].value = MAP_NONE;
		do {
			j = (j + 1) & (m->cap - 1);
			if (m->slot[j].value == MAP_NONE)
				return;
			home = (size_t)m->slot[j].key.a & (m->cap - 1);
		} while (i <= j ? (i < home && home <= j) :
		    (i < home || home <= j));
		m->slot[i] = m->slot[j];
		i = j;
	}
}
