/* src/home/home_check.c: everything that can be checked before starting */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "net/net_tls.h"

struct complaints {
	struct buf *b;
	unsigned int n;
};

__attribute__((format(printf, 2, 3)))
static void
complain(struct complaints *c, const char *fmt, ...)
{
	char text[PATH_MAX + CU_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(c->b, "%s\n", text);
	c->n++;
}

/* A secret that others may read is none. */
static void
check_secret(struct complaints *c, const char *path)
{
	struct stat st;

	if (path == NULL)
		return;
	if (stat(path, &st) != 0)
		complain(c, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		complain(c, "%s: not a file", path);
	else if ((st.st_mode & 077) != 0)
		complain(c, "%s: others may read it: chmod 600", path);
	else if (access(path, R_OK) != 0)
		complain(c, "%s: %s", path, strerror(errno));
}

static void
check_dir(struct complaints *c, const struct home *h, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (home_path(h, path, sizeof(path), name) != 0)
		complain(c, "%s: its path is too long", name);
	else if (stat(path, &st) != 0)
		complain(c, "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode) || access(path, R_OK | W_OK | X_OK) != 0)
		complain(c, "%s: not a directory that I may write", path);
	else if ((st.st_mode & 07) != 0 && strcmp(name, "keys") == 0)
		complain(c, "%s: others may enter it: chmod 700", path);
}

static void
check_socket(struct complaints *c, const char *path)
{
	struct sockaddr_un un;

	if (path != NULL && !net_link_remote(path) && strlen(path) >= sizeof(un.sun_path))
		complain(c, "%s: over %zu bytes, too long for a socket", path,
		    sizeof(un.sun_path) - 1);
}

static void
check_tls(struct complaints *c, const struct home_tls *t, bool server)
{
	struct net_tls_conf f = home_tls_conf(t);
	struct cu_why why = { "" };
	struct net_tls *tls;
	int rc;

	if (t->cert == NULL)
		return;
	check_secret(c, t->key);
	rc = (server ? net_tls_server : net_tls_client)(&tls, &f, &why);
	if (rc == 0)
		net_tls_unref(tls);
	else
		complain(c, "%s", why.text[0] != '\0' ? why.text :
		    cu_strerror(rc));
}

static void
on_nobody(void *cookie, int fd, const char *peer)
{
	(void)cookie, (void)peer;
	close(fd);
}

static void
check_listen(struct complaints *c, const struct home_conf *f)
{
	struct cu_why why = { "" };
	struct net_listen *listen;
	struct net_loop *loop;
	size_t i;

	if (f->listen_n == 0)
		return;
	if (net_loop_create(&loop) != 0) {
		complain(c, "no event loop: %s", strerror(errno));
		return;
	}
	for (i = 0; i < f->listen_n; i++) {
		if (net_listen_tcp(&listen, loop, f->listen[i], on_nobody,
		    NULL, &why) == 0)
			net_listen_free(listen);
		else
			complain(c, "listen: %s", why.text);
	}
	net_loop_free(loop);
}

static void
check_space(struct complaints *c, const struct home *h)
{
	const struct home_conf *f = home_conf(h);
	struct statvfs vfs;
	uint64_t left;

	if (f->disk_low == 0)
		return;
	if (statvfs(home_dir(h), &vfs) != 0) {
		complain(c, "%s: %s", home_dir(h), strerror(errno));
		return;
	}
	left = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (left < f->disk_low)
		complain(c, "%s: %llu MiB left, below disk_low", home_dir(h),
		    (unsigned long long)(left >> 20));
}

unsigned int
home_check(const struct home *h, struct buf *b)
{
	const struct home_conf *f = home_conf(h);
	struct complaints c = { b, 0 };
	struct cu_why why = { "" };
	struct home *again;
	bool running = false;
	size_t i;

	/* A second look at the lock, as another process would see it. */
	if (home_open(&again, home_dir(h), &why) == 0) {
		running = home_lock(again, &why) == CU_EBUSY;
		home_free(again);
	}
	if (running)
		complain(&c, "%s", why.text);
	check_dir(&c, h, "run");
	check_secret(&c, f->instance_key);
	check_secret(&c, f->log_key);
	check_secret(&c, f->vault_key);
	check_secret(&c, f->spool_key);
	if (f->role == HOME_KEEPER || f->role == HOME_GATE ||
	    f->role == HOME_AUDITOR)
		check_dir(&c, h, "keys");
	if (f->role == HOME_KEEPER) {
		check_dir(&c, h, "log");
		check_dir(&c, h, "vault");
	}
	check_socket(&c, f->socket);
	check_socket(&c, f->keeper);
	check_tls(&c, &f->tls, f->listen_n > 0);
	check_tls(&c, &f->keeper_tls, false);
	for (i = 0; i < f->identity_n; i++)
		check_tls(&c, &f->identity[i].tls, false);
	/* A running process has its own addresses. */
	if (!running)
		check_listen(&c, f);
	check_space(&c, h);
	return (c.n);
}
