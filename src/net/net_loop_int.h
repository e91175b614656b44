/* src/net/net_loop_int.h: what only src/net may use of the loop */
#ifndef NET_LOOP_INT_H_
#define NET_LOOP_INT_H_
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct net_loop;
struct net_resolve;

#define NET_RESOLVE_MAX	8	/* addresses taken of a name */

struct net_sockaddr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/**
 * net_resolve(out, l, host, port, fn, cookie):
 * Look ${host} up without blocking; call fn(cookie, addr, n) once, never
 * before this returned: n is 0 if there is no address.  No deadline of its
 * own: the caller has one, and ends it by net_resolve_free.
 */
int net_resolve(struct net_resolve **, struct net_loop *, const char *,
    uint16_t, void (*)(void *, const struct net_sockaddr *, size_t), void *);
void net_resolve_free(struct net_resolve *);

/** net_addr_text(out, sa): NET_ADDR_MAX bytes: the address without its port. */
void net_addr_text(char *, const struct sockaddr *);
#endif /* !NET_LOOP_INT_H_ */
