/* src/base/io.c: the system's file calls, and whole operations over any */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"

#define ZERO_STEP	(UINT64_C(1) << 20)
#define NAME_MAX_LEN	255

static int
sys_openat(struct io *io, int dir, const char *path, int flags, mode_t mode)
{
	return (openat(dir, path, flags | O_CLOEXEC, mode));
}

static int
sys_close(struct io *io, int fd)
{
	return (close(fd));
}

static ssize_t
sys_pread(struct io *io, int fd, void *p, size_t n, off_t off)
{
	return (pread(fd, p, n, off));
}

static ssize_t
sys_pwritev(struct io *io, int fd, const struct iovec *iov, int n, off_t off)
{
	return (pwritev(fd, iov, n, off));
}

static int
sys_fdatasync(struct io *io, int fd)
{
	return (fdatasync(fd));
}

static int
sys_fsync(struct io *io, int fd)
{
	return (fsync(fd));
}

static int
sys_ftruncate(struct io *io, int fd, off_t len)
{
	return (ftruncate(fd, len));
}

static int
sys_renameat(struct io *io, int from_dir, const char *from, int to_dir,
    const char *to)
{
	return (renameat(from_dir, from, to_dir, to));
}

static int
sys_unlinkat(struct io *io, int dir, const char *path)
{
	return (unlinkat(dir, path, 0));
}

static int
sys_mkdirat(struct io *io, int dir, const char *path, mode_t mode)
{
	return (mkdirat(dir, path, mode));
}

static int
sys_stat(struct io *io, int fd, struct io_stat *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (-1);
	out->size = (uint64_t)st.st_size;
	out->dir = S_ISDIR(st.st_mode);
	return (0);
}

static int
sys_lock(struct io *io, int fd)
{
	return (flock(fd, LOCK_EX | LOCK_NB));
}

static int
sys_list(struct io *io, int dir, int (*fn)(void *, const char *), void *cookie)
{
	struct dirent *e;
	DIR *d;
	int fd, rc = 0;

	/* An open of its own: closedir closes it, and the offset is fresh. */
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return (-1);
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return (-1);
	}
	while (errno = 0, (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((rc = fn(cookie, e->d_name)) != 0)
			break;
	}
	if (e == NULL && errno != 0)
		rc = -1;
	closedir(d);
	return (rc);
}

static int
sys_space(struct io *io, int fd, uint64_t *out)
{
	struct statvfs st;

	if (fstatvfs(fd, &st) != 0)
		return (-1);
	*out = (uint64_t)st.f_bavail * st.f_frsize;
	return (0);
}

static void
sys_forget(struct io *io, int fd)
{
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

struct io *
io_system(void)
{
	static struct io sys = {
		.openat = sys_openat, .close = sys_close, .pread = sys_pread,
		.pwritev = sys_pwritev, .fdatasync = sys_fdatasync,
		.fsync = sys_fsync, .ftruncate = sys_ftruncate,
		.renameat = sys_renameat, .unlinkat = sys_unlinkat,
		.mkdirat = sys_mkdirat, .stat = sys_stat, .lock = sys_lock,
		.list = sys_list, .space = sys_space, .forget = sys_forget,
	};

	return (&sys);
}

int
io_pread(struct io *io, int fd, void *p, size_t n, uint64_t off, size_t *got)
{
	size_t done = 0;
	ssize_t k;

	while (done < n) {
		k = io->pread(io, fd, (uint8_t *)p + done, n - done,
		    (off_t)(off + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return (CU_EIO);
		if (k == 0)
			break;
		done += (size_t)k;
	}
	*got = done;
	return (0);
}

int
io_pwritev(struct io *io, int fd, struct iovec *iov, int n, uint64_t off)
{
	size_t left;
	ssize_t k;

	for (;;) {
		while (n > 0 && iov->iov_len == 0) {
			iov++;
			n--;
		}
		if (n == 0)
			return (0);
		k = io->pwritev(io, fd, iov, n < IOV_MAX ? n : IOV_MAX,
		    (off_t)off);
		if (k < 0 && errno == EINTR)
			continue;
		if (k == 0)
			errno = ENOSPC;	/* a write that never ends */
		if (k <= 0)
			return (CU_EIO);
		off += (uint64_t)k;
		for (left = (size_t)k; left > 0; iov++, n--) {
			if (left < iov->iov_len) {
				iov->iov_base = (uint8_t *)iov->iov_base + left;
				iov->iov_len -= left;
				break;
			}
			left -= iov->iov_len;
		}
	}
}

int
io_pwrite(struct io *io, int fd, const void *p, size_t n, uint64_t off)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	return (io_pwritev(io, fd, &iov, 1, off));
}

int
io_zero(struct io *io, int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[ZERO_STEP];
	uint64_t n;
	int rc;

	for (; from < to; from += n) {
		n = to - from < ZERO_STEP ? to - from : ZERO_STEP;
		if ((rc = io_pwrite(io, fd, zeros, n, from)) != 0)
			return (rc);
	}
	return (0);
}

int
io_read_file(struct io *io, int dir, const char *name, struct buf *b)
{
	uint8_t part[4096];
	uint64_t off = 0;
	size_t got;
	int fd, rc, saved;

	if ((fd = io->openat(io, dir, name, O_RDONLY, 0)) < 0)
		return (errno == ENOENT ? CU_ENOENT : CU_EIO);
	do {
		if ((rc = io_pread(io, fd, part, sizeof(part), off, &got)) != 0)
			break;
		buf_add(b, part, got);
		off += got;
	} while (got == sizeof(part) && b->rc == 0);
	saved = errno;
	io->close(io, fd);
	errno = saved;
	return (rc != 0 ? rc : b->rc);
}

int
io_replace(struct io *io, int dir, const char *name, const void *p, size_t n,
    bool sync)
{
	char fresh[NAME_MAX_LEN + 1];
	int fd, rc, saved;

	if (snprintf(fresh, sizeof(fresh), "%s.new", name) >=
	    (int)sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return (CU_EIO);
	}
	if ((fd = io->openat(io, dir, fresh, O_WRONLY | O_CREAT | O_TRUNC,
	    0640)) < 0)
		return (CU_EIO);
	if ((rc = io_pwrite(io, fd, p, n, 0)) == 0 && sync &&
	    io->fdatasync(io, fd) != 0)
		rc = CU_EIO;
	saved = errno;
	if (io->close(io, fd) != 0 && rc == 0) {
		saved = errno;
		rc = CU_EIO;
	}
	/* The name moves only to a file whose bytes are there. */
	if (rc == 0 && (io->renameat(io, dir, fresh, dir, name) != 0 ||
	    (sync && io->fsync(io, dir) != 0))) {
		saved = errno;
		rc = CU_EIO;
	}
	errno = saved;
	return (rc);
}
