/* src/sim/sim_server.h: a simulated peer's own HTTP, which may lie, too */
#ifndef SIM_SERVER_H_
#define SIM_SERVER_H_
#include <stddef.h>
#include <stdint.h>
#include "net/net_http.h"

struct buf;
struct cert;
struct cu_why;
struct net_loop;
struct net_tls;
struct sim_manner;
struct sim_server;

/*
 * Not x1http_server: what an element does wrong (half an answer, none, another
 * certificate) must not be something that a guard's own server can do.
 */

struct sim_server_conf {
	const char *listen;		/* "host:port" */
	struct net_tls *tls;
	enum net_http_path path;	/* the only one that is there */
	/* Append the answer to a body; 0, or CU_E*: the connection ends. */
	int (*answer)(void *, const void *, size_t, const struct cert *,
	    struct buf *);
	/* How it leaves, or NULL: as it should.  May be NULL itself. */
	const struct sim_manner *(*manner)(void *, const struct cert *);
	void *cookie;
};

/** sim_server_create(out, loop, conf, why): 0; CU_EBUSY, CU_E*. */
int sim_server_create(struct sim_server **, struct net_loop *,
    const struct sim_server_conf *, struct cu_why *);
void sim_server_free(struct sim_server *);

/** sim_server_tls(s, tls): Show another certificate; connections end. */
void sim_server_tls(struct sim_server *, struct net_tls *);

uint16_t sim_server_port(const struct sim_server *);
#endif /* !SIM_SERVER_H_ */
