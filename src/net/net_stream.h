/* src/net/net_stream.h: bytes over TCP with TLS, or over a UNIX socket */
#ifndef NET_STREAM_H_
#define NET_STREAM_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_tls.h"

struct buf;
struct net_listen;
struct net_loop;
struct net_stream;

#define NET_ADDR_MAX	64	/* an address as text, with its NUL */
#define NET_STREAM_IN	65536	/* read at once; more only on request */

/* Why a stream ended. */
enum net_end {
	NET_END_EOF = 1,	/* the peer closed in good order */
	NET_END_CUT,		/* reset, or closed without close_notify */
	NET_END_RESOLVE,	/* the name has no address */
	NET_END_CONNECT,	/* nobody answers there */
	NET_END_TLS,		/* the handshake or a record failed */
	NET_END_IDENTITY	/* certificate missing, untrusted, other host */
};

struct net_stream_ops {
	/* Connected, and the handshake is done: now it may be written to. */
	void (*on_open)(void *);
	/* There is more to read: take it from net_stream_in with buf_drop. */
	void (*on_data)(void *);
	/* Some of what was queued has left this process; may be NULL. */
	void (*on_drain)(void *);
	/* It is over; said once, never after net_stream_free. */
	void (*on_end)(void *, enum net_end, const char *);
};

/**
 * net_stream_connect(out, loop, tls, host, port, ops, cookie):
 * Open a TCP connection to ${host} (address or name) and, where ${tls} is not
 * NULL, a session in which the peer's certificate names that host.  ${ops} is
 * borrowed for ever.  Nothing is called back before this returns.
 */
int net_stream_connect(struct net_stream **, struct net_loop *,
    struct net_tls *, const char *, uint16_t, const struct net_stream_ops *,
    void *);
/** net_stream_unix(out, loop, path, ops, cookie): To a UNIX socket. */
int net_stream_unix(struct net_stream **, struct net_loop *, const char *,
    const struct net_stream_ops *, void *);
/** net_stream_accept(out, loop, tls, fd, ops, cookie): Take ${fd}. */
int net_stream_accept(struct net_stream **, struct net_loop *,
    struct net_tls *, int, const struct net_stream_ops *, void *);
/** net_stream_free(s): Close at once; what is not sent is lost. */
void net_stream_free(struct net_stream *);

/** net_stream_in(s): Borrow what was read and not yet taken. */
struct buf *net_stream_in(struct net_stream *);
/** net_stream_pause(s, yes): Stop or go on reading. */
void net_stream_pause(struct net_stream *, bool);
/**
 * net_stream_want(s, n):
 * Read on until the input holds ${n} bytes, if that is above NET_STREAM_IN.
 * Who took input outside the callbacks above calls this, or a full one is never
 * read on.
 */
void net_stream_want(struct net_stream *, size_t);
/** net_stream_write(s, p, n): Queue a copy of ${n} bytes.  0, CU_ENOMEM. */
int net_stream_write(struct net_stream *, const void *, size_t);
/** net_stream_pending(s): How many bytes have not left yet. */
size_t net_stream_pending(const struct net_stream *);
/** net_stream_touched(s): Was a byte written since the last net_stream_mark? */
bool net_stream_touched(const struct net_stream *);
void net_stream_mark(struct net_stream *);
/** net_stream_alive(s): Has the peer not ended it, as far as we can know? */
bool net_stream_alive(struct net_stream *);
/** net_stream_finish(s): Send what is queued and say good-bye, then end. */
void net_stream_finish(struct net_stream *);

/** net_stream_peer(s): The peer's address as text, without its port. */
const char *net_stream_peer(const struct net_stream *);
/** net_stream_uid(s, uid): Of the peer on a UNIX socket (SO_PEERCRED). */
int net_stream_uid(const struct net_stream *, unsigned int *);
/** net_stream_cert(s, len): Borrow the peer's certificate (DER), or NULL. */
const uint8_t *net_stream_cert(const struct net_stream *, size_t *);
/** net_stream_exporter(s, label, out): Keying material of the session without
 * context (RFC 5705, RFC 8446 7.5).  0; CU_ESTATE without a session. */
int net_stream_exporter(const struct net_stream *, const char *, uint8_t[32]);
/** net_stream_pin(s): Borrow SHA-256 of it, or NULL without one. */
const uint8_t *net_stream_pin(const struct net_stream *);

/**
 * net_listen_tcp(out, loop, address, fn, cookie, why):
 * Listen at "192.0.2.1:8443" or "[2001:db8::1]:8443" (port 0: any free one);
 * call fn(cookie, fd, peer) with each owned connection.
 * CU_EBUSY if the address is taken, else CU_EMALFORMED, CU_EIO, CU_ENOMEM.
 */
int net_listen_tcp(struct net_listen **, struct net_loop *, const char *,
    void (*)(void *, int, const char *), void *, struct cu_why *);
/** net_listen_unix(out, loop, path, fn, cookie, why): Mode 0660. */
int net_listen_unix(struct net_listen **, struct net_loop *, const char *,
    void (*)(void *, int, const char *), void *, struct cu_why *);
uint16_t net_listen_port(const struct net_listen *);
/** net_listen_free(l): A UNIX socket's file is removed, too. */
void net_listen_free(struct net_listen *);

/**
 * net_addr_split(text, host, port):
 * "host:port" or "[v6]:port" into NET_ADDR_HOST bytes and a port.  0, or -1.
 */
#define NET_ADDR_HOST	256
int net_addr_split(const char *, char[NET_ADDR_HOST], uint16_t *);
#endif /* !NET_STREAM_H_ */
