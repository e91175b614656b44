/* test/crashfs.c: a disk in memory that forgets, and a call that fails */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include "crashfs.h"

#define SECTOR	512
#define NODES	256
#define NAMES	256
#define FDS	64
#define PATH	96

/* A file or directory: what the cache shows, what the disk has. */
struct node {
	bool used, dir;
	uint8_t *now, *disk;
	uint64_t now_len, disk_len, cap;
	uint64_t *when;			/* by sector: 0 or when it was written */
	bool locked;
};

/* Where a path leads, in the cache and on the disk. */
struct name {
	char path[PATH];
	int now, disk;			/* node, or -1 */
	uint64_t when;
};

struct crashfs {
	struct io io;
	pthread_mutex_t lock;
	struct node node[NODES];
	struct name name[NAMES];
	unsigned int nodes, names;
	struct { bool used, locked; int node; char path[PATH]; } fd[FDS];
	uint64_t clock, calls;
	bool full;
	void (*after)(void *);
	void *cookie;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return (p);
}

/* Also given to io.h's callers: a file call changed or synced something. */
static void
changed(struct crashfs *fs)
{
	void (*after)(void *) = fs->after;

	fs->calls++;
	pthread_mutex_unlock(&fs->lock);
	if (after != NULL)
		after(fs->cookie);
}

static struct crashfs *
enter(struct io *io)
{
	struct crashfs *fs = (struct crashfs *)io;

	pthread_mutex_lock(&fs->lock);
	return (fs);
}

static int
leave(struct crashfs *fs, int rc, int err)
{
	pthread_mutex_unlock(&fs->lock);
	if (rc < 0)
		errno = err;
	return (rc);
}

/* The full path, by the directory that ${dir} is open on. */
static void
resolve(struct crashfs *fs, int dir, const char *path, char out[PATH])
{
	char *slash;

	if (dir == AT_FDCWD)
		snprintf(out, PATH, "%s", path);
	else
		snprintf(out, PATH, "%s/%s", fs->fd[dir].path, path);
	if (strlen(out) >= 3 && strcmp(out + strlen(out) - 3, "/..") == 0) {
		out[strlen(out) - 3] = '\0';
		slash = strrchr(out, '/');
		if (slash != NULL)
			*slash = '\0';
		else
			strcpy(out, ".");
	}
}

static struct name *
find(struct crashfs *fs, const char *path)
{
	unsigned int i;

	for (i = 0; i < fs->names; i++)
		if (strcmp(fs->name[i].path, path) == 0)
			return (&fs->name[i]);
	return (NULL);
}

static struct name *
bind(struct crashfs *fs, const char *path, int node)
{
	struct name *n = find(fs, path);

	if (n == NULL) {
		if (fs->names == NAMES)
			abort();
		n = &fs->name[fs->names++];
		snprintf(n->path, PATH, "%s", path);
		n->disk = -1;
	}
	n->now = node;
	n->when = ++fs->clock;
	return (n);
}

static int
new_node(struct crashfs *fs, bool dir)
{
	if (fs->nodes == NODES)
		abort();
	fs->node[fs->nodes].used = true;
	fs->node[fs->nodes].dir = dir;
	return ((int)fs->nodes++);
}

/*
 * Fresh zeros with ${from} copied over, page by page: most of a journal is
 * zeros, and untouched pages cost nothing.
 */
static uint8_t *
copy(const uint8_t *from, uint64_t len, uint64_t cap)
{
	static const uint8_t zeros[4096];
	uint8_t *p = must(calloc(1, cap));
	uint64_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < sizeof(zeros) ? len - at : sizeof(zeros);
		if (memcmp(from + at, zeros, n) != 0)
			memcpy(p + at, from + at, n);
	}
	return (p);
}

static void
grow(struct node *n, uint64_t len)
{
	uint8_t *old;

	uint64_t cap = n->cap == 0 ? 4096 : n->cap;

	while (cap < len)
		cap *= 2;
	if (cap == n->cap)
		return;
	old = n->now;
	n->now = copy(old, n->cap, cap);
	free(old);
	old = n->disk;
	n->disk = copy(old, n->cap, cap);
	free(old);
	n->when = must(realloc(n->when, cap / SECTOR * sizeof(*n->when)));
	memset(n->when + n->cap / SECTOR, 0,
	    (cap - n->cap) / SECTOR * sizeof(*n->when));
	n->cap = cap;
}

/* Shorten: what is cut off reads as zeros if the file grows again. */
static void
cut(struct crashfs *fs, struct node *f, uint64_t len)
{
	uint64_t s;

	if (len < f->now_len) {
		memset(f->now + len, 0, f->now_len - len);
		for (s = len / SECTOR; s * SECTOR < f->now_len; s++)
			f->when[s] = ++fs->clock;
	}
	f->now_len = len;
}

static int
c_openat(struct io *io, int dir, const char *path, int flags, mode_t mode)
{
	struct crashfs *fs = enter(io);
	char full[PATH];
	struct name *n;
	bool made = false;
	int fd, node;

	resolve(fs, dir, path, full);
	n = find(fs, full);
	node = strcmp(full, ".") == 0 ? 0 : n != NULL ? n->now : -1;
	if (node < 0 && (flags & O_CREAT) == 0)
		return (leave(fs, -1, ENOENT));
	if (node < 0 && fs->full)
		return (leave(fs, -1, ENOSPC));
	if (node >= 0 && (flags & O_EXCL) != 0)
		return (leave(fs, -1, EEXIST));
	if (node >= 0 && (flags & O_DIRECTORY) != 0 && !fs->node[node].dir)
		return (leave(fs, -1, ENOTDIR));
	for (fd = 3; fd < FDS && fs->fd[fd].used; fd++)
		;
	if (fd == FDS)
		return (leave(fs, -1, EMFILE));
	if (node < 0) {
		node = new_node(fs, false);
		bind(fs, full, node);
		made = true;
	}
	if ((flags & O_TRUNC) != 0) {
		cut(fs, &fs->node[node], 0);
		made = true;
	}
	fs->fd[fd].used = true;
	fs->fd[fd].locked = false;
	fs->fd[fd].node = node;
	snprintf(fs->fd[fd].path, PATH, "%s", full);
	if (made)
		changed(fs);
	else
		leave(fs, 0, 0);
	return (fd);
}

static int
c_close(struct io *io, int fd)
{
	struct crashfs *fs = enter(io);

	if (fs->fd[fd].locked)
		fs->node[fs->fd[fd].node].locked = false;
	fs->fd[fd].used = false;
	return (leave(fs, 0, 0));
}

static ssize_t
c_pread(struct io *io, int fd, void *p, size_t n, off_t off)
{
	struct crashfs *fs = enter(io);
	struct node *f = &fs->node[fs->fd[fd].node];
	uint64_t at = (uint64_t)off;

	if (at >= f->now_len)
		n = 0;
	else if (n > f->now_len - at)
		n = f->now_len - at;
	if (n > 0)
		memcpy(p, f->now + at, n);
	leave(fs, 0, 0);
	return ((ssize_t)n);
}

static ssize_t
c_pwritev(struct io *io, int fd, const struct iovec *iov, int n, off_t off)
{
	struct crashfs *fs = enter(io);
	struct node *f = &fs->node[fs->fd[fd].node];
	uint64_t at = (uint64_t)off, first = at, s;
	int i;

	for (i = 0; i < n; i++)
		at += iov[i].iov_len;
	if (fs->full && at > f->now_len)
		return (leave(fs, -1, ENOSPC));
	for (i = 0, at = first; i < n; i++) {
		grow(f, at + iov[i].iov_len);
		memcpy(f->now + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	for (s = first / SECTOR; s * SECTOR < at; s++)
		f->when[s] = ++fs->clock;
	if (at > f->now_len)
		f->now_len = at;
	changed(fs);
	return ((ssize_t)(at - first));
}

/* The parent of ${path} is ${dir}. */
static bool
within(const char *path, const char *dir)
{
	const char *slash = strrchr(path, '/');
	size_t n = strlen(dir);

	if (slash == NULL)
		return (strcmp(dir, ".") == 0);
	return ((size_t)(slash - path) == n && memcmp(path, dir, n) == 0);
}

static int
c_fsync(struct io *io, int fd)
{
	struct crashfs *fs = enter(io);
	struct node *f = &fs->node[fs->fd[fd].node];
	unsigned int i;
	uint64_t s;

	if (f->dir) {
		for (i = 0; i < fs->names; i++)
			if (within(fs->name[i].path, fs->fd[fd].path)) {
				fs->name[i].disk = fs->name[i].now;
				fs->name[i].when = 0;
			}
	} else if (f->cap > 0) {
		for (s = 0; s < f->cap / SECTOR; s++)
			if (f->when[s] != 0)
				memcpy(f->disk + s * SECTOR,
				    f->now + s * SECTOR, SECTOR);
		memset(f->when, 0, f->cap / SECTOR * sizeof(*f->when));
	}
	f->disk_len = f->now_len;
	changed(fs);
	return (0);
}

static int
c_ftruncate(struct io *io, int fd, off_t len)
{
	struct crashfs *fs = enter(io);
	struct node *f = &fs->node[fs->fd[fd].node];

	grow(f, (uint64_t)len);
	cut(fs, f, (uint64_t)len);
	changed(fs);
	return (0);
}

static int
c_renameat(struct io *io, int from_dir, const char *from, int to_dir,
    const char *to)
{
	struct crashfs *fs = enter(io);
	char a[PATH], b[PATH];
	struct name *n;
	int node;

	resolve(fs, from_dir, from, a);
	resolve(fs, to_dir, to, b);
	if ((n = find(fs, a)) == NULL || n->now < 0)
		return (leave(fs, -1, ENOENT));
	node = n->now;
	bind(fs, a, -1);
	bind(fs, b, node);
	changed(fs);
	return (0);
}

static int
c_unlinkat(struct io *io, int dir, const char *path)
{
	struct crashfs *fs = enter(io);
	char full[PATH];
	struct name *n;

	resolve(fs, dir, path, full);
	if ((n = find(fs, full)) == NULL || n->now < 0)
		return (leave(fs, -1, ENOENT));
	bind(fs, full, -1);
	changed(fs);
	return (0);
}

static int
c_mkdirat(struct io *io, int dir, const char *path, mode_t mode)
{
	struct crashfs *fs = enter(io);
	char full[PATH];
	struct name *n;

	resolve(fs, dir, path, full);
	if ((n = find(fs, full)) != NULL && n->now >= 0)
		return (leave(fs, -1, EEXIST));
	bind(fs, full, new_node(fs, true));
	changed(fs);
	return (0);
}

static int
c_stat(struct io *io, int fd, struct io_stat *out)
{
	struct crashfs *fs = enter(io);

	out->size = fs->node[fs->fd[fd].node].now_len;
	out->dir = fs->node[fs->fd[fd].node].dir;
	return (leave(fs, 0, 0));
}

static int
c_lock(struct io *io, int fd)
{
	struct crashfs *fs = enter(io);
	struct node *f = &fs->node[fs->fd[fd].node];

	if (f->locked && !fs->fd[fd].locked)
		return (leave(fs, -1, EWOULDBLOCK));
	f->locked = fs->fd[fd].locked = true;
	return (leave(fs, 0, 0));
}

static int
c_list(struct io *io, int dir, int (*fn)(void *, const char *), void *cookie)
{
	struct crashfs *fs = enter(io);
	char found[NAMES][PATH];
	unsigned int i, n = 0;
	int rc = 0;

	for (i = 0; i < fs->names; i++)
		if (fs->name[i].now >= 0 &&
		    within(fs->name[i].path, fs->fd[dir].path))
			strcpy(found[n++], strrchr(fs->name[i].path, '/') + 1);
	leave(fs, 0, 0);
	for (i = 0; i < n && rc == 0; i++)
		rc = fn(cookie, found[i]);
	return (rc);
}

static int
c_space(struct io *io, int fd, uint64_t *out)
{
	*out = UINT64_C(1) << 40;
	return (0);
}

static void
c_forget(struct io *io, int fd)
{
}

struct crashfs *
crashfs_create(void)
{
	struct crashfs *fs = must(calloc(1, sizeof(*fs)));

	fs->io = (struct io){
		.openat = c_openat, .close = c_close, .pread = c_pread,
		.pwritev = c_pwritev, .fdatasync = c_fsync, .fsync = c_fsync,
		.ftruncate = c_ftruncate, .renameat = c_renameat,
		.unlinkat = c_unlinkat, .mkdirat = c_mkdirat, .stat = c_stat,
		.lock = c_lock, .list = c_list, .space = c_space,
		.forget = c_forget,
	};
	pthread_mutex_init(&fs->lock, NULL);
	new_node(fs, true);			/* the root, "." */
	return (fs);
}

void
crashfs_free(struct crashfs *fs)
{
	unsigned int i;

	if (fs == NULL)
		return;
	for (i = 0; i < fs->nodes; i++) {
		free(fs->node[i].now);
		free(fs->node[i].disk);
		free(fs->node[i].when);
	}
	pthread_mutex_destroy(&fs->lock);
	free(fs);
}

struct io *
crashfs_io(struct crashfs *fs)
{
	return (&fs->io);
}

void
crashfs_full(struct crashfs *fs, bool full)
{
	pthread_mutex_lock(&fs->lock);
	fs->full = full;
	pthread_mutex_unlock(&fs->lock);
}

uint64_t
crashfs_calls(const struct crashfs *fs)
{
	return (fs->calls);
}

void
crashfs_after(struct crashfs *fs, void (*fn)(void *), void *cookie)
{
	fs->after = fn;
	fs->cookie = cookie;
}

uint64_t
crashfs_dirty(const struct crashfs *fs)
{
	const struct node *f;
	uint64_t n = 0, s;
	unsigned int i;

	for (i = 0; i < fs->nodes; i++) {
		f = &fs->node[i];
		n += f->now_len != f->disk_len;
		for (s = 0; s < f->cap / SECTOR; s++)
			n += f->when[s] != 0;
	}
	for (i = 0; i < fs->names; i++)
		n += fs->name[i].when != 0;
	return (n);
}

/* Does what was written at ${when} reach the disk? */
static bool
kept(const struct crashfs *fs, enum crashfs_keep keep, uint64_t *seed,
    uint64_t point, uint64_t when)
{
	switch (keep) {
	case CRASHFS_NONE:
		return (false);
	case CRASHFS_ALL:
		return (true);
	case CRASHFS_PREFIX:
		return (when <= point);
	case CRASHFS_RANDOM:
		break;
	}
	/* splitmix64 */
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	when = *seed;
	when = (when ^ when >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	when = (when ^ when >> 27) * UINT64_C(0x94d049bb133111eb);
	return (((when ^ when >> 31) & 1) != 0);
}

/* The earliest moment of anything not synced. */
static uint64_t
earliest(const struct crashfs *fs)
{
	uint64_t min = fs->clock, s;
	unsigned int i;

	for (i = 0; i < fs->nodes; i++)
		for (s = 0; s < fs->node[i].cap / SECTOR; s++)
			if (fs->node[i].when[s] != 0 &&
			    fs->node[i].when[s] < min)
				min = fs->node[i].when[s];
	for (i = 0; i < fs->names; i++)
		if (fs->name[i].when != 0 && fs->name[i].when < min)
			min = fs->name[i].when;
	return (min);
}

/* The disk's bytes up to ${len}, with the sectors that ${keep} marks. */
static uint8_t *
mixed(const struct node *f, const uint64_t *keep, uint64_t len)
{
	uint8_t *p = copy(f->disk, len < f->disk_len ? len : f->disk_len,
	    f->cap);
	uint64_t s, n;

	for (s = 0; s * SECTOR < len; s++) {
		n = len - s * SECTOR < SECTOR ? len - s * SECTOR : SECTOR;
		if (keep[s] != 0)
			memcpy(p + s * SECTOR, f->now + s * SECTOR, n);
	}
	return (p);
}

static void
crash_node(struct crashfs *to, const struct crashfs *fs, unsigned int i,
    enum crashfs_keep keep, uint64_t *seed, uint64_t point)
{
	const struct node *f = &fs->node[i];
	struct node *n = &to->node[i];
	uint64_t s, last = f->disk_len;

	n->used = true;
	n->dir = f->dir;
	if (f->cap == 0)
		return;
	n->cap = f->cap;
	n->when = must(calloc(n->cap / SECTOR, sizeof(*n->when)));
	for (s = 0; s < f->cap / SECTOR; s++) {
		if (f->when[s] == 0 || !kept(fs, keep, seed, point,
		    f->when[s]))
			continue;
		n->when[s] = 1;
		/* A sector that is there makes the file that long. */
		if ((s + 1) * SECTOR > last)
			last = (s + 1) * SECTOR < f->now_len ?
			    (s + 1) * SECTOR : f->now_len;
	}
	if (f->now_len < f->disk_len && kept(fs, keep, seed, point, 0))
		last = f->now_len;
	n->now = mixed(f, n->when, last);
	n->disk = mixed(f, n->when, last);
	memset(n->when, 0, n->cap / SECTOR * sizeof(*n->when));
	n->now_len = n->disk_len = last;
}

struct crashfs *
crashfs_crash(struct crashfs *fs, enum crashfs_keep keep, uint64_t seed)
{
	struct crashfs *to = crashfs_create();
	uint64_t point, low;
	unsigned int i;

	pthread_mutex_lock(&fs->lock);
	low = earliest(fs);
	point = low + (fs->clock > low ? seed % (fs->clock - low + 1) : 0);
	to->nodes = fs->nodes;
	for (i = 0; i < fs->nodes; i++)
		crash_node(to, fs, i, keep, &seed, point);
	to->names = fs->names;
	for (i = 0; i < fs->names; i++) {
		to->name[i] = fs->name[i];
		if (fs->name[i].when == 0 || kept(fs, keep, &seed, point,
		    fs->name[i].when))
			to->name[i].disk = fs->name[i].now;
		to->name[i].now = to->name[i].disk;
		to->name[i].when = 0;
	}
	pthread_mutex_unlock(&fs->lock);
	return (to);
}

/* Should this call fail?  0, or -1 with errno. */
static int
trip(struct iofail *f)
{
	static const int err[] = { EIO, ENOSPC, EINTR, 0 };

	f->count++;
	if (f->count != f->at && !(f->for_ever && f->failed))
		return (0);
	f->failed = true;
	if (f->how == IOFAIL_SHORT)
		return (0);
	errno = err[f->how];
	return (-1);
}

static int
f_openat(struct io *io, int dir, const char *path, int flags, mode_t mode)
{
	struct iofail *f = (struct iofail *)io;

	return (trip(f) != 0 ? -1 : f->under->openat(f->under, dir, path,
	    flags, mode));
}

static int
f_close(struct io *io, int fd)
{
	struct iofail *f = (struct iofail *)io;

	return (f->under->close(f->under, fd));
}

static ssize_t
f_pread(struct io *io, int fd, void *p, size_t n, off_t off)
{
	struct iofail *f = (struct iofail *)io;

	if (trip(f) != 0)
		return (-1);
	if (f->count == f->at && f->how == IOFAIL_SHORT && n > 1)
		n /= 2;
	return (f->under->pread(f->under, fd, p, n, off));
}

static ssize_t
f_pwritev(struct io *io, int fd, const struct iovec *iov, int n, off_t off)
{
	struct iofail *f = (struct iofail *)io;
	struct iovec half;

	if (trip(f) != 0)
		return (-1);
	if (f->count == f->at && f->how == IOFAIL_SHORT &&
	    iov[0].iov_len > 1) {
		half = iov[0];
		half.iov_len /= 2;
		return (f->under->pwritev(f->under, fd, &half, 1, off));
	}
	return (f->under->pwritev(f->under, fd, iov, n, off));
}

#define SIMPLE(name, params, args)					\
static int								\
f_##name params								\
{									\
	struct iofail *f = (struct iofail *)io;				\
									\
	return (trip(f) != 0 ? -1 : f->under->name args);		\
}
SIMPLE(fdatasync, (struct io *io, int fd), (f->under, fd))
SIMPLE(fsync, (struct io *io, int fd), (f->under, fd))
SIMPLE(ftruncate, (struct io *io, int fd, off_t len), (f->under, fd, len))
SIMPLE(renameat, (struct io *io, int a, const char *b, int c, const char *d),
    (f->under, a, b, c, d))
SIMPLE(unlinkat, (struct io *io, int a, const char *b), (f->under, a, b))
SIMPLE(mkdirat, (struct io *io, int a, const char *b, mode_t m),
    (f->under, a, b, m))
SIMPLE(stat, (struct io *io, int fd, struct io_stat *st), (f->under, fd, st))
SIMPLE(lock, (struct io *io, int fd), (f->under, fd))
SIMPLE(list, (struct io *io, int fd, int (*fn)(void *, const char *),
    void *cookie), (f->under, fd, fn, cookie))
SIMPLE(space, (struct io *io, int fd, uint64_t *out), (f->under, fd, out))

static void
f_forget(struct io *io, int fd)
{
	struct iofail *f = (struct iofail *)io;

	f->under->forget(f->under, fd);
}

void
iofail_init(struct iofail *f, struct io *under, enum iofail_how how,
    uint64_t at)
{
	memset(f, 0, sizeof(*f));
	f->io = (struct io){
		.openat = f_openat, .close = f_close, .pread = f_pread,
		.pwritev = f_pwritev, .fdatasync = f_fdatasync,
		.fsync = f_fsync, .ftruncate = f_ftruncate,
		.renameat = f_renameat, .unlinkat = f_unlinkat,
		.mkdirat = f_mkdirat, .stat = f_stat, .lock = f_lock,
		.list = f_list, .space = f_space, .forget = f_forget,
	};
	f->under = under;
	f->how = how;
	f->at = at;
}
