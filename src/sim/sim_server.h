/* src/sim/sim_server.h: a simulated element's own HTTP, which may lie, too */
#ifndef SIM_SERVER_H_
#define SIM_SERVER_H_
#include <stdint.h>

struct cu_why;
struct net_loop;
struct net_tls;
struct sim_ne;
struct sim_server;

/*
 * Not x1http_server: what an element does wrong (half an answer, none, another
 * certificate) must not be something that a guard's own server can do.
 */

/**
 * sim_server_create(out, loop, ne, listen, tls, why):
 * Answer for ${ne} (borrowed) at "host:port".  0; CU_EBUSY, CU_E*.
 */
int sim_server_create(struct sim_server **, struct net_loop *, struct sim_ne *,
    const char *, struct net_tls *, struct cu_why *);
void sim_server_free(struct sim_server *);

/** sim_server_tls(s, tls): Show another certificate; connections end. */
void sim_server_tls(struct sim_server *, struct net_tls *);

uint16_t sim_server_port(const struct sim_server *);
#endif /* !SIM_SERVER_H_ */
