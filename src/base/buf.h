/* src/base/buf.h: a growing write buffer with a limit and a sticky error */
#ifndef BUF_H_
#define BUF_H_
#include <stddef.h>
#include <stdint.h>

/*
 * Writers add without checking and ask ${rc} once at the end: after the first
 * failure (CU_ENOMEM, CU_ELIMIT) nothing more is added.
 */
struct buf {
	uint8_t *p;		/* always followed by a NUL when not NULL */
	size_t len, cap, max;
	int rc;
};

/** buf_init(b, max): Make ${b} empty; it will never hold more than ${max}. */
void buf_init(struct buf *, size_t);

/** buf_fini(b): Free what ${b} holds and make it empty, its limit kept. */
void buf_fini(struct buf *);

/** buf_wipe(b): As buf_fini, but the bytes are overwritten first. */
void buf_wipe(struct buf *);

/** buf_reset(b): Forget the content and the error; keep the memory. */
void buf_reset(struct buf *);

/** buf_add(b, p, n), buf_str(b, s), buf_ch(b, c): Append. */
void buf_add(struct buf *, const void *, size_t);
void buf_str(struct buf *, const char *);
void buf_ch(struct buf *, int);

/** buf_be(b, n, v): Append ${v} as an ${n}-byte big-endian integer. */
void buf_be(struct buf *, size_t, uint64_t);

/** buf_fill(b, c, n): Append ${n} bytes of value ${c}. */
void buf_fill(struct buf *, int, size_t);

/** buf_printf(b, fmt, ...): Append formatted text. */
void buf_printf(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/** buf_drop(b, n): Remove the first ${n} bytes (n <= len). */
void buf_drop(struct buf *, size_t);

/**
 * buf_text(b): Borrow the content as a NUL-terminated string ("" if empty),
 * valid until the next append.
 */
const char *buf_text(const struct buf *);

/**
 * buf_take(b, len):
 * Return the owned content (to be freed with free) and its length, and leave
 * ${b} empty; or NULL if ${b} is in error or memory is out.
 */
uint8_t *buf_take(struct buf *, size_t *);
#endif /* !BUF_H_ */
