/*
 * src/base/io.h: the file calls of everything that must survive a crash.
 * A table, so that tests can fail call number n, and can keep a disk in memory
 * that forgets what was not synced.
 */
#ifndef IO_H_
#define IO_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct iovec;

/* What io_stat tells. */
struct io_stat {
	uint64_t size;
	bool dir;
};

/*
 * Each call is the system call of its name: -1 and errno where it fails.  The
 * owner of an implementation embeds this struct and finds itself again from
 * the first argument.  Calls of several threads may run at once.
 */
struct io {
	int (*openat)(struct io *, int, const char *, int, mode_t);
	int (*close)(struct io *, int);
	ssize_t (*pread)(struct io *, int, void *, size_t, off_t);
	ssize_t (*pwritev)(struct io *, int, const struct iovec *, int, off_t);
	int (*fdatasync)(struct io *, int);
	int (*fsync)(struct io *, int);
	int (*ftruncate)(struct io *, int, off_t);
	int (*renameat)(struct io *, int, const char *, int, const char *);
	int (*unlinkat)(struct io *, int, const char *);
	int (*mkdirat)(struct io *, int, const char *, mode_t);
	int (*stat)(struct io *, int, struct io_stat *);
	int (*lock)(struct io *, int);		/* flock(LOCK_EX | LOCK_NB) */
	/* Each name in a directory but . and ..; a return but 0 ends it. */
	int (*list)(struct io *, int, int (*)(void *, const char *), void *);
	int (*space)(struct io *, int, uint64_t *);	/* bytes left to us */
	/* This file will hardly be read: its memory is free.  Advice only. */
	void (*forget)(struct io *, int);
};

/** io_system(): The operating system's own. */
struct io *io_system(void);

/*
 * Below: whole operations.  0, or CU_EIO with errno.  An interrupted or short
 * read or write goes on; a sync is never tried again, since a second one may
 * succeed without having written what the first one lost.
 */

/** io_pread(io, fd, p, n, off, got): Read up to ${n} bytes; fewer at the end. */
int io_pread(struct io *, int, void *, size_t, uint64_t, size_t *);

/** io_pwrite(io, fd, p, n, off): Write all. */
int io_pwrite(struct io *, int, const void *, size_t, uint64_t);

/** io_pwritev(io, fd, iov, n, off): Write all; ${iov} is used up. */
int io_pwritev(struct io *, int, struct iovec *, int, uint64_t);

/**
 * io_zero(io, fd, from, to): Write zeros to [from, to), in steps of 1 MiB.
 */
int io_zero(struct io *, int, uint64_t, uint64_t);

/**
 * io_read_file(io, dirfd, name, b):
 * Append the whole file.  Return 0; CU_ENOENT; CU_ELIMIT if ${b} cannot hold
 * it; CU_ENOMEM; CU_EIO, with the reason in errno.
 */
int io_read_file(struct io *, int, const char *, struct buf *);

/**
 * io_replace(io, dirfd, name, p, n, sync):
 * Put a file in the place of ${name}: written beside it as "name.new", then
 * renamed.  With ${sync} file and directory are synced, in that order around
 * the rename, and a crash leaves the old file or the new one, whole.
 */
int io_replace(struct io *, int, const char *, const void *, size_t, bool);
#endif /* !IO_H_ */
