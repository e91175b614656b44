/* src/home/home.c: a home: its configuration, its lock, its paths */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "home/home.h"

struct home {
	char dir[PATH_MAX];
	struct home_conf conf;
	uint8_t digest[DIGEST_LEN];
	int lock;
};

static int
read_conf(struct home *h, struct cu_why *why)
{
	struct buf b;
	int dir, rc;

	if ((dir = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		cu_why_set(why, "%s: %s", h->dir, strerror(errno));
		return (CU_ENOENT);
	}
	buf_init(&b, HOME_FILE_MAX + 1);
	rc = io_read_file(io_system(), dir, HOME_FILE, &b);
	if (rc == CU_ENOENT)
		cu_why_set(why, "%s: not a home: it has no " HOME_FILE,
		    h->dir);
	else if (rc != 0)
		cu_why_set(why, "%s/" HOME_FILE ": %s", h->dir,
		    rc == CU_EIO ? strerror(errno) : cu_strerror(rc));
	close(dir);
	if (rc == 0) {
		digest(h->digest, b.p, b.len);
		rc = home_parse(&h->conf, buf_text(&b), b.len, h->dir, why);
		if (rc != 0)
			cu_why_in(why, "%s/" HOME_FILE, h->dir);
	}
	buf_fini(&b);
	return (rc);
}

int
home_open(struct home **out, const char *dir, struct cu_why *why)
{
	struct home *h;
	int rc;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (CU_ENOMEM);
	h->lock = -1;
	if (realpath(dir, h->dir) == NULL) {
		cu_why_set(why, "%s: %s", dir, strerror(errno));
		free(h);
		return (CU_ENOENT);
	}
	if ((rc = read_conf(h, why)) != 0) {
		free(h);
		return (rc);
	}
	*out = h;
	return (0);
}

/* Who holds it: for the message only, since the lock is what counts. */
static void
say_in_use(const struct home *h, int fd, struct cu_why *why)
{
	char text[32];
	ssize_t n;
	uint64_t pid;

	n = pread(fd, text, sizeof(text), 0);
	if (n > 1 && text_dec(text, (size_t)n - 1, &pid) == 0)
		cu_why_set(why, "%s: home in use by pid %llu", h->dir,
		    (unsigned long long)pid);
	else
		cu_why_set(why, "%s: home in use", h->dir);
}

int
home_lock(struct home *h, struct cu_why *why)
{
	char path[PATH_MAX], text[32];
	int fd, n;

	if (h->lock >= 0)
		return (0);
	if (home_path(h, path, sizeof(path), "run") != 0)
		return (CU_ELIMIT);
	mkdir(path, 0750);	/* one that is missing; else open says why */
	if (home_path(h, path, sizeof(path), "run/lock") != 0)
		return (CU_ELIMIT);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		cu_why_set(why, "%s: %s", path, strerror(errno));
		return (CU_EIO);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		n = errno;
		say_in_use(h, fd, why);
		close(fd);
		return (n == EWOULDBLOCK ? CU_EBUSY : CU_EIO);
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
		/* The disk is full: the lock holds all the same. */
		(void)n;
	}
	h->lock = fd;
	return (0);
}

void
home_free(struct home *h)
{
	if (h == NULL)
		return;
	home_conf_fini(&h->conf);
	if (h->lock >= 0)
		close(h->lock);
	free(h);
}

const struct home_conf *
home_conf(const struct home *h)
{
	return (&h->conf);
}

const char *
home_dir(const struct home *h)
{
	return (h->dir);
}

struct net_tls_conf
home_tls_conf(const struct home_tls *t)
{
	return ((struct net_tls_conf){ t->cert, t->key, t->ca });
}

const uint8_t *
home_digest(const struct home *h)
{
	return (h->digest);
}

int
home_path(const struct home *h, char *out, size_t cap, const char *name)
{
	int n;

	n = snprintf(out, cap, "%s/%s", h->dir, name);
	return (n < 0 || (size_t)n >= cap ? CU_ELIMIT : 0);
}
