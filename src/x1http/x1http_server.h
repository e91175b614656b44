/* src/x1http/x1http_server.h: takes X1 requests over HTTP/1.1 and TLS */
#ifndef X1HTTP_SERVER_H_
#define X1HTTP_SERVER_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_http.h"

struct cu_why;
struct net_loop;
struct net_tls;
struct x1http_req;		/* one request, until it is answered */
struct x1http_server;

struct x1http_server_conf {
	const char *listen;	/* "192.0.2.1:8443", "[2001:db8::1]:0" */
	struct net_tls *tls;	/* a server context; NULL refuses to start */
	size_t body_max;	/* 0: NET_HTTP_REQUEST_MAX */
	/*
	 * Connections open at once: in all, of one address, of one certificate.
	 * 0: 1024, 64, 32.  Where all are taken a new one has the place of the
	 * oldest that has shown no certificate yet.
	 */
	unsigned int conns, conns_addr, conns_cert;
	/* Absolute times from the start of each phase; 0: 10 s, 10 s, 30 s,
	 * 120 s.  Idle is above 90 s, after which real clients close. */
	utc_us handshake, head, body, idle;
	/* A request; answer it now or later by x1http_reply, exactly once. */
	void (*on_request)(void *, struct x1http_req *);
	/* A handshake failed at ${address} (no or untrusted certificate, no
	 * TLS), or a quota was over; may be NULL. */
	void (*on_refused)(void *, const char *, const char *);
	/* A peer with a trusted certificate at ${address} sent what is no HTTP
	 * as it is read here, or too slowly, and got ${status}; may be NULL. */
	void (*on_bad)(void *, const char *, int);
	void *cookie;
};

/** x1http_server_create(out, loop, conf, why): Listen.
 * 0; CU_EBUSY if the address is taken, CU_EMALFORMED, CU_EIO, CU_ENOMEM.
 */
int x1http_server_create(struct x1http_server **, struct net_loop *,
    const struct x1http_server_conf *, struct cu_why *);
/** x1http_server_free(s): Close all.  Requests stay until x1http_reply. */
void x1http_server_free(struct x1http_server *);
uint16_t x1http_server_port(const struct x1http_server *);

/* All borrowed until x1http_reply. */
enum net_http_path x1http_req_path(const struct x1http_req *);
const uint8_t *x1http_req_body(const struct x1http_req *, size_t *);
/** The peer's certificate in DER; there always is one. */
const uint8_t *x1http_req_cert(const struct x1http_req *, size_t *);
/** SHA-256 of it. */
const uint8_t *x1http_req_pin(const struct x1http_req *);
/** The peer's address as text. */
const char *x1http_req_peer(const struct x1http_req *);
/**
 * x1http_req_alive(r): Is the connection still there?  While a request is in
 * flight nothing is read of it, so a peer that left may go unnoticed.
 */
bool x1http_req_alive(const struct x1http_req *);

/**
 * x1http_reply(r, status, body, len):
 * Answer with a copy of ${body} (application/xml; charset=UTF-8) and free
 * ${r}; dropped if the peer has gone.  Its next request is read once this has
 * left; a peer that does not take it within the time of a body is dropped.
 * With an empty body only the status says anything: 403 for an unknown
 * certificate, 503 where nothing may be taken for an answer.
 */
void x1http_reply(struct x1http_req *, int, const void *, size_t);
#endif /* !X1HTTP_SERVER_H_ */
