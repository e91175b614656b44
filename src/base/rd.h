/* src/base/rd.h: a read cursor over borrowed bytes that cannot pass its end */
#ifndef RD_H_
#define RD_H_
#include <stddef.h>
#include <stdint.h>

struct rd { const uint8_t *p; size_t left; };

/** rd_bytes(r, p, n): Borrow the next ${n} bytes in ${p}.  0, or -1. */
static inline int
rd_bytes(struct rd *r, const uint8_t **p, size_t n)
{
	if (n > r->left)
		return (-1);
	*p = r->p;
	r->p += n;
	r->left -= n;
	return (0);
}

/** rd_be(r, n, v): Read an ${n}-byte big-endian integer.  0, or -1. */
static inline int
rd_be(struct rd *r, size_t n, uint64_t *v)
{
	const uint8_t *p;

	if (n > sizeof(*v) || rd_bytes(r, &p, n))
		return (-1);
	for (*v = 0; n > 0; n--)
		*v = *v << 8 | *p++;
	return (0);
}
#endif /* !RD_H_ */
