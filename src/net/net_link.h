/* src/net/net_link.h: joins the processes (docs/format/link.md) */
#ifndef NET_LINK_H_
#define NET_LINK_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_frame.h"

struct cu_why;
struct net_link;
struct net_link_server;
struct net_loop;
struct net_tls;
struct sign_key;

#define NET_NONCE_LEN	32
#define NET_WINDOW	64	/* requests open on a connection */
#define NET_PROOF_MAX	768	/* the longest text of a proof */
#define NET_LINK_OUT_MAX (96U << 20)	/* bytes waiting to be sent */
#define NET_LINK_OUT_LOW (1U << 20)	/* on_drain below this */

enum net_role {
	NET_ROLE_KEEPER = 1, NET_ROLE_GATE, NET_ROLE_AUDITOR, NET_ROLE_CLI,
	NET_ROLE_SIM, NET_ROLE_N
};
/** net_role_name(r): As it stands in `hello`. */
const char *net_role_name(enum net_role);

enum net_use { NET_USE_TALK = 1, NET_USE_FOLLOW };

/* Both hellos; text members are borrowed, and NULL where absent. */
struct net_hello {
	enum net_role role;
	enum net_use use;
	const char *instance;	/* NULL: the command line */
	const char *build;
	const char *origin;
	bool has_genesis;	/* false only of a command line */
	uint8_t genesis[32];
	uint64_t start;
	uint64_t size;		/* followed and checked; a keeper: durable */
	const char *note;	/* signed note of the largest head known */
	uint64_t spool;		/* records waiting */
	unsigned int window;
	uint8_t nonce[NET_NONCE_LEN];
};

/* What this end is; borrowed for as long as a link uses it. */
struct net_link_conf {
	enum net_role role;
	enum net_use use;
	const char *instance, *build, *origin;
	const uint8_t *genesis;		/* 32 bytes; NULL: cli that takes any */
	uint64_t start;
	struct sign_key *key;		/* NULL: cli and sim prove nothing */
	struct net_tls *tls;		/* for an address; NULL: UNIX alone */
	/* Fill size, note and spool just before hello leaves; may be NULL. */
	void (*fill)(void *, struct net_link *, struct net_hello *);
	void *fill_cookie;
};

struct net_link_ops {
	/*
	 * The peer's hello has come, with our origin and genesis.  A server
	 * answers by net_link_welcome, now or later (once what it took from an
	 * older connection of that instance is durable), or net_link_fail.
	 */
	void (*on_hello)(void *, struct net_link *, const struct net_hello *);
	/*
	 * Both sides have said hello, and proof where they have one.  Nothing
	 * is verified: net_link_prove does that.
	 */
	void (*on_ready)(void *, struct net_link *);
	/* A request (answer it by its id) or a message without answer. */
	void (*on_message)(void *, struct net_link *, const struct net_msg *);
	/* What was queued fell below NET_LINK_OUT_LOW; may be NULL. */
	void (*on_drain)(void *, struct net_link *);
	/*
	 * The connection is over (each open request was told before).  A
	 * dialled link tries again by itself; a server's is freed after this.
	 */
	void (*on_close)(void *, struct net_link *, const char *);
};

/**
 * net_link_remote(where):
 * Is that "host:port" or "[v6]:port", for TLS?  Else the path of a UNIX socket,
 * which has a slash.
 */
bool net_link_remote(const char *);

/**
 * net_link_dial(out, loop, where, conf, ops, cookie):
 * Keep a connection to ${where}, tried again after 100 ms, later each second.
 * on_close is called for a connection that was open, and for each failed try.
 */
int net_link_dial(struct net_link **, struct net_loop *, const char *,
    const struct net_link_conf *, const struct net_link_ops *, void *);
/** net_link_once(...): As net_link_dial, but never tried again. */
int net_link_once(struct net_link **, struct net_loop *, const char *,
    const struct net_link_conf *, const struct net_link_ops *, void *);
/** net_link_free(l): Close; its callbacks and requests are not called. */
void net_link_free(struct net_link *);
/** net_link_redial(l): Close and try again at once (dialled links). */
void net_link_redial(struct net_link *);

/**
 * net_link_listen(out, loop, where, conf, ops, on_accept, cookie, why):
 * Serve at a path (mode 0660) or an address.  For each connection, over TLS
 * once the peer has shown its certificate, on_accept(cookie, link, uid) returns
 * the cookie of its callbacks, or NULL to drop it.
 */
#define NET_UID_NONE	(~0U)		/* nobody's: the peer is remote */
int net_link_listen(struct net_link_server **, struct net_loop *, const char *,
    const struct net_link_conf *, const struct net_link_ops *,
    void *(*)(void *, struct net_link *, unsigned int), void *,
    struct cu_why *);
/** net_link_port(s): The TCP port it serves, where ${where} said 0. */
uint16_t net_link_port(const struct net_link_server *);
/** net_link_server_free(s): Closes its links, without callbacks. */
void net_link_server_free(struct net_link_server *);

/** net_link_welcome(l): Server: say hello (and proof) to a peer we accept. */
void net_link_welcome(struct net_link *);
/** net_link_fail(l, code, text): Send error{code,text}, then close. */
void net_link_fail(struct net_link *, const char *, const char *);
/** net_link_prove(l, public): Did the peer sign this connection with it? */
bool net_link_prove(const struct net_link *, const uint8_t[32]);
/** net_link_ready(l): Has on_ready been called for this connection? */
bool net_link_ready(const struct net_link *);
/** net_link_hello(l): Borrow the peer's hello, or NULL before it came. */
const struct net_hello *net_link_hello(const struct net_link *);
/** net_link_uid(l): The peer's uid, or NET_UID_NONE. */
unsigned int net_link_uid(const struct net_link *);
/** net_link_named(l, id): Is that the CN of the peer's certificate? */
bool net_link_named(const struct net_link *, const char *);
void *net_link_cookie(const struct net_link *);

/** net_link_send(l, m): Send a message without answer.  Ends ${m}.
 * 0; CU_ESTATE (not ready), CU_ELIMIT (too large, or too much is waiting),
 * CU_EMALFORMED, CU_ENOMEM.
 */
int net_link_send(struct net_link *, struct net_out *);

/*
 * rc 0 and the answer (its kind is decided, kept, refused, answer or error);
 * CU_ETIME at the deadline (a later answer is dropped); CU_EIO if the
 * connection ended.  Called exactly once, never before net_link_ask returned.
 */
typedef void net_answer_fn(void *, struct net_link *, int,
    const struct net_msg *);

/** net_link_ask(l, m, wait, fn, cookie): Send a request.  Ends ${m}.
 * As net_link_send, and CU_EBUSY while NET_WINDOW are open.  ${wait} in us.
 */
int net_link_ask(struct net_link *, struct net_out *, utc_us, net_answer_fn *,
    void *);
/** net_link_room(l): How many more requests may be asked now? */
unsigned int net_link_room(const struct net_link *);

/** net_link_answer(l, id, m): Answer request ${id}.  Ends ${m}. */
int net_link_answer(struct net_link *, uint64_t, struct net_out *);
/** net_link_answer_error(l, id, code, text): Answer it by error{...}. */
int net_link_answer_error(struct net_link *, uint64_t, const char *,
    const char *);
/** net_link_pending(l): Bytes queued and not sent. */
size_t net_link_pending(const struct net_link *);

/** net_proof_text(out, origin, genesis, from, to, mine, yours, channel):
 * Write what is signed; ${channel} is the 32-byte exporter, or NULL.
 * Return its length; 0 if a text has not its form, from equals to, or the
 * nonces are equal.
 */
size_t net_proof_text(char[NET_PROOF_MAX], const char *, const uint8_t[32],
    const char *, const char *, const uint8_t[NET_NONCE_LEN],
    const uint8_t[NET_NONCE_LEN], const uint8_t *);
#endif /* !NET_LINK_H_ */
