/* fuzz/one_file.h: file calls over the bytes of one input, whatever its name;
 * what is written goes nowhere */
#ifndef ONE_FILE_H_
#define ONE_FILE_H_
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include "base/io.h"

struct one_file {
	struct io io;			/* to be used; first */
	const uint8_t *p;
	size_t n, size;			/* zeros from n on */
};

static int
one_open(struct io *io, int dir, const char *name, int flags, mode_t mode)
{
	return (3);
}

static int
one_done(struct io *io, int fd)
{
	return (0);
}

static ssize_t
one_read(struct io *io, int fd, void *out, size_t n, off_t off)
{
	const struct one_file *f = (const struct one_file *)io;
	size_t at = (size_t)off, has;

	if (at >= f->size)
		return (0);
	if (n > f->size - at)
		n = f->size - at;
	has = at >= f->n ? 0 : f->n - at < n ? f->n - at : n;
	if (has > 0)
		memcpy(out, f->p + at, has);
	memset((uint8_t *)out + has, 0, n - has);
	return ((ssize_t)n);
}

static ssize_t
one_write(struct io *io, int fd, const struct iovec *v, int n, off_t off)
{
	ssize_t sum = 0;

	while (n-- > 0)
		sum += (ssize_t)(v++)->iov_len;
	return (sum);
}

static int
one_rename(struct io *io, int from_dir, const char *from, int dir,
    const char *name)
{
	return (0);
}

static int
one_stat(struct io *io, int fd, struct io_stat *st)
{
	st->size = ((const struct one_file *)io)->size;
	st->dir = false;
	return (0);
}

static inline struct one_file
one_file(const uint8_t *p, size_t n, size_t size)
{
	return ((struct one_file){ .io = { .openat = one_open,
	    .close = one_done, .pread = one_read, .pwritev = one_write,
	    .fdatasync = one_done, .fsync = one_done,
	    .renameat = one_rename, .stat = one_stat }, .p = p, .n = n,
	    .size = size });
}
#endif /* !ONE_FILE_H_ */
