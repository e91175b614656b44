/* src/net/net_listen.c: listening sockets, and addresses as text */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/err.h"
#include "base/text.h"
#include "net/net_loop.h"
#include "net/net_loop_int.h"
#include "net/net_stream.h"

#define BACKLOG		128
#define ACCEPT_MAX	16			/* in one turn */
#define PAUSE_US	(UTC_SECOND / 10)	/* when descriptors are out */

struct net_listen {
	int fd;
	struct net_watch *watch;
	struct net_timer *pause;
	void (*fn)(void *, int, const char *);
	void *cookie;
	uint16_t port;
	char *path;
	bool *gone;		/* set if freed inside a callback */
};

void
net_addr_text(char *out, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_in *in4 = (const void *)sa;

	out[0] = '\0';
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, out, NET_ADDR_MAX);
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, out, NET_ADDR_MAX);
	else
		snprintf(out, NET_ADDR_MAX, "unix");
}

int
net_addr_split(const char *text, char host[NET_ADDR_HOST], uint16_t *port)
{
	const char *end, *colon;
	uint64_t v;
	size_t n;

	if (text[0] == '[') {
		if ((end = strchr(++text, ']')) == NULL || end[1] != ':')
			return (-1);
		colon = end + 1;
	} else {
		/* A bare IPv6 address would have two readings. */
		if ((colon = end = strrchr(text, ':')) == NULL ||
		    strchr(text, ':') != colon)
			return (-1);
	}
	n = (size_t)(end - text);
	if (n == 0 || n >= NET_ADDR_HOST ||
	    text_dec(colon + 1, strlen(colon + 1), &v) != 0 || v > 65535)
		return (-1);
	memcpy(host, text, n);
	host[n] = '\0';
	*port = (uint16_t)v;
	return (0);
}

static void
on_pause(void *cookie)
{
	struct net_listen *l = cookie;

	net_watch_set(l->watch, NET_READ);
}

static void
on_accept(void *cookie, unsigned int what)
{
	struct net_listen *l = cookie;
	struct sockaddr_storage ss;
	char text[NET_ADDR_MAX];
	socklen_t len;
	bool gone = false;
	int i, fd;

	(void)what;
	l->gone = &gone;
	for (i = 0; i < ACCEPT_MAX; i++) {
		memset(&ss, 0, sizeof(ss));
		len = sizeof(ss);
		fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM) {
				net_watch_set(l->watch, 0);
				net_timer_set(l->pause, PAUSE_US);
			}
			break;
		}
		net_addr_text(text, (struct sockaddr *)&ss);
		l->fn(l->cookie, fd, text);
		if (gone)
			return;
	}
	l->gone = NULL;
}

static int
create(struct net_listen **out, struct net_loop *loop, int fd,
    void (*fn)(void *, int, const char *), void *cookie)
{
	struct net_listen *l;
	int rc = CU_ENOMEM;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		goto err0;
	l->fd = fd;
	l->fn = fn;
	l->cookie = cookie;
	if ((rc = net_timer_create(&l->pause, loop, on_pause, l)) != 0)
		goto err1;
	if ((rc = net_watch_create(&l->watch, loop, fd, on_accept, l)) != 0)
		goto err2;
	if ((rc = net_watch_set(l->watch, NET_READ)) != 0)
		goto err3;
	*out = l;
	return (0);

err3:	net_watch_free(l->watch);
err2:	net_timer_free(l->pause);
err1:	free(l);
err0:	return (rc);
}

int
net_listen_tcp(struct net_listen **out, struct net_loop *loop,
    const char *address, void (*fn)(void *, int, const char *), void *cookie,
    struct cu_why *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[NET_ADDR_HOST], text[8];
	struct addrinfo *ai;
	uint16_t port;
	int fd, one = 1, rc;

	if (net_addr_split(address, host, &port) != 0) {
		cu_why_set(why, "%s: not an address and port", address);
		return (CU_EMALFORMED);
	}
	snprintf(text, sizeof(text), "%u", (unsigned int)port);
	if (getaddrinfo(host, text, &hints, &ai) != 0) {
		cu_why_set(why, "%s: not a numeric address", address);
		return (CU_EMALFORMED);
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd < 0) {
		freeaddrinfo(ai);
		cu_why_set(why, "%s: %s", address, strerror(errno));
		return (CU_EIO);
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* An IPv4 peer must not appear under a second spelling. */
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	rc = bind(fd, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	if (rc != 0 || listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) != 0) {
		cu_why_set(why, "%s: %s", address, strerror(errno));
		rc = errno == EADDRINUSE ? CU_EBUSY : CU_EIO;
		goto err;
	}
	if ((rc = create(out, loop, fd, fn, cookie)) != 0)
		goto err;
	(*out)->port = ntohs(ss.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&ss)->sin6_port :
	    ((struct sockaddr_in *)&ss)->sin_port);
	return (0);

err:	close(fd);
	return (rc);
}

/* A socket file that nobody serves is left from a crash. */
static int
clear_stale(const struct sockaddr_un *un)
{
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return (CU_EIO);
	rc = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	close(fd);
	if (rc == 0)
		return (CU_EBUSY);
	if (errno == ECONNREFUSED)
		unlink(un->sun_path);
	return (0);
}

int
net_listen_unix(struct net_listen **out, struct net_loop *loop,
    const char *path, void (*fn)(void *, int, const char *), void *cookie,
    struct cu_why *why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	mode_t mask;
	char *copy;
	int fd, rc;

	if (strlen(path) >= sizeof(un.sun_path)) {
		cu_why_set(why, "%s: too long for a socket (%zu bytes)", path,
		    sizeof(un.sun_path) - 1);
		return (CU_ELIMIT);
	}
	text_put(un.sun_path, path);
	if ((rc = clear_stale(&un)) != 0) {
		cu_why_set(why, "%s: somebody serves it already", path);
		return (rc);
	}
	if ((copy = strdup(path)) == NULL)
		return (CU_ENOMEM);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = CU_EIO;
	if (fd < 0)
		goto err0;
	mask = umask(0117);	/* never wider than 0660, not for a moment */
	rc = bind(fd, (struct sockaddr *)&un, sizeof(un));
	umask(mask);
	if (rc != 0 || listen(fd, BACKLOG) != 0) {
		cu_why_set(why, "%s: %s", path, strerror(errno));
		rc = errno == EADDRINUSE ? CU_EBUSY : CU_EIO;
		goto err1;
	}
	if ((rc = create(out, loop, fd, fn, cookie)) != 0)
		goto err2;
	(*out)->path = copy;
	return (0);

err2:	unlink(path);
err1:	close(fd);
err0:	free(copy);
	return (rc);
}

uint16_t
net_listen_port(const struct net_listen *l)
{
	return (l->port);
}

void
net_listen_free(struct net_listen *l)
{
	if (l == NULL)
		return;
	if (l->gone != NULL)
		*l->gone = true;
	if (l->path != NULL)
		unlink(l->path);
	free(l->path);
	net_watch_free(l->watch);
	net_timer_free(l->pause);
	close(l->fd);
	free(l);
}
