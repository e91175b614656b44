/* src/base/buf.c: a growing write buffer with a limit and a sticky error */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_fini(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->rc = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

/* Make room for ${n} more bytes and the NUL behind them. */
static int
reserve(struct buf *b, size_t n)
{
	uint8_t *p;
	size_t cap;

	if (b->rc != 0)
		return (-1);
	if (n > b->max - b->len) {
		b->rc = CU_ELIMIT;
		return (-1);
	}
	if (b->p != NULL && n < b->cap - b->len)
		return (0);
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap - b->len <= n)
		cap += cap / 2;
	/* Not realloc: the old bytes may be a secret, and must not stay. */
	if ((p = malloc(cap)) == NULL) {
		b->rc = CU_ENOMEM;
		return (-1);
	}
	if (b->len > 0)
		memcpy(p, b->p, b->len);
	if (b->p != NULL)
		explicit_bzero(b->p, b->len);
	free(b->p);
	b->p = p;
	b->cap = cap;
	return (0);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (reserve(b, n) != 0)
		return;
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_ch(struct buf *b, int c)
{
	uint8_t byte = (uint8_t)c;

	buf_add(b, &byte, 1);
}

void
buf_be(struct buf *b, size_t n, uint64_t v)
{
	while (n-- > 0)
		buf_ch(b, (int)(n >= 8 ? 0 : v >> (8 * n) & 0xff));
}

void
buf_fill(struct buf *b, int c, size_t n)
{
	if (reserve(b, n) != 0)
		return;
	memset(b->p + b->len, c, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->rc = CU_EMALFORMED;
		return;
	}
	if (reserve(b, (size_t)n) != 0)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
	b->p[b->len] = '\0';
}

const char *
buf_text(const struct buf *b)
{
	return (b->p == NULL ? "" : (const char *)b->p);
}

uint8_t *
buf_take(struct buf *b, size_t *len)
{
	uint8_t *p;

	if (reserve(b, 0) != 0)
		return (NULL);
	p = b->p;
	p[b->len] = '\0';
	*len = b->len;
	b->p = NULL;
	buf_fini(b);
	return (p);
}
