/* src/x1http/x1http_client.h: sends X1 requests; nothing is ever sent twice */
#ifndef X1HTTP_CLIENT_H_
#define X1HTTP_CLIENT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_http.h"
#include "net/net_tls.h"

struct cu_why;
struct net_loop;
struct x1http_call;		/* a request under way */
struct x1http_peer;		/* the pool towards one element, as one */

#define X1HTTP_PINS_MAX	4

/* What can be said of the request. */
enum x1http_fate {
	X1HTTP_UNSENT = 1,	/* no byte of it has left */
	X1HTTP_DOUBT,		/* it may have arrived; there is no answer */
	X1HTTP_ANSWERED		/* one whole HTTP answer, of whatever status */
};

/* Why there is no answer. */
enum x1http_why {
	X1HTTP_WHY_NONE = 0,
	X1HTTP_WHY_CONNECT,	/* no name, no route, nobody there */
	X1HTTP_WHY_TLS,		/* handshake or record */
	X1HTTP_WHY_IDENTITY,	/* certificate untrusted, other host, no pin */
	X1HTTP_WHY_TIMEOUT,	/* the deadline */
	X1HTTP_WHY_CUT,		/* the connection ended before a whole answer */
	X1HTTP_WHY_HTTP,	/* what came is not HTTP as we read it */
	X1HTTP_WHY_LIMIT,	/* the answer's body or head is too large */
	X1HTTP_WHY_STOPPED,	/* before() said no, or cancelled */
	X1HTTP_WHY_MEMORY
};
/** x1http_why_text(w): `connect`, `tls`, ... */
const char *x1http_why_text(enum x1http_why);

/* Borrowed during the callback. */
struct x1http_result {
	enum x1http_fate fate;
	enum x1http_why why;
	int status;		/* HTTP; 0 without an answer */
	const uint8_t *body;
	size_t body_len;
	bool has_pin;		/* the element showed a certificate: */
	uint8_t pin[NET_PIN_LEN];	/* its digest, trusted or not */
	const uint8_t *cert;	/* DER, or NULL */
	size_t cert_len;
	utc_us sent_at;		/* utc_now; 0 if unsent */
	utc_us answered_at;	/* 0 without an answer */
};

struct x1http_peer_conf {
	const char *url;	/* https://host:port/X1/NE or .../X1/ADMF */
	struct net_tls *tls;	/* a client context: the identity; referenced */
	const void *pins;	/* ${pins_n} times NET_PIN_LEN bytes */
	size_t pins_n;		/* 0: the CA alone decides */
	/*
	 * Is this (DER) the peer that is meant?  Asked once per connection,
	 * before anything is sent on it; false: X1HTTP_WHY_IDENTITY.  It must
	 * not free the peer.  May be NULL.
	 */
	bool (*admit)(void *, const uint8_t *, size_t);
	void *cookie;		/* of admit */
	unsigned int conns;	/* at once; 0: 2 */
	utc_us idle;		/* close an idle connection; 0: 60 s */
	size_t body_max;	/* 0: NET_HTTP_ANSWER_MAX */
};

/** x1http_url(url, host, port, path): Take an X1 URL apart.
 * ${host} has NET_ADDR_HOST bytes.  0; CU_EMALFORMED: not https, user info,
 * query, fragment, another path.
 */
int x1http_url(const char *, char *, uint16_t *, enum net_http_path *);

/** x1http_peer_create(out, loop, conf, why): 0, CU_EMALFORMED, CU_ENOMEM. */
int x1http_peer_create(struct x1http_peer **, struct net_loop *,
    const struct x1http_peer_conf *, struct cu_why *);
/** x1http_peer_free(p): Calls under way are dropped without a callback. */
void x1http_peer_free(struct x1http_peer *);
/** x1http_peer_drop(p): Close idle connections (a pin was changed...). */
void x1http_peer_drop(struct x1http_peer *);
/** x1http_peer_busy(p): How many calls wait or are under way? */
unsigned int x1http_peer_busy(const struct x1http_peer *);

struct x1http_call_ops {
	/*
	 * All is ready, and the next thing is the first byte: the last moment
	 * to refuse.  0: send.  Anything else ends it as X1HTTP_UNSENT.  It
	 * must not free the peer or the call.  May be NULL.
	 */
	int (*before)(void *);
	/* How it ended; called exactly once, then the call is gone. */
	void (*done)(void *, const struct x1http_result *);
};

/**
 * x1http_call(out, peer, body, len, deadline, ops, cookie):
 * POST a copy of ${body} once, before ${deadline} (utc_mono).  ${out} may be
 * NULL; else it is borrowed until done.  Calls of a peer that find no free
 * connection wait in order.  Never calls back before it returned.
 */
int x1http_call(struct x1http_call **, struct x1http_peer *, const void *,
    size_t, utc_us, const struct x1http_call_ops *, void *);
/** x1http_call_cancel(c): End a call that is not sent (done says so).
 * 0; CU_ESTATE if its first byte has left: it goes on.
 */
int x1http_call_cancel(struct x1http_call *);
#endif /* !X1HTTP_CLIENT_H_ */
