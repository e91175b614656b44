/* src/net/net_tls.h: what every TLS session of custos keeps to */
#ifndef NET_TLS_H_
#define NET_TLS_H_

/*
 * TLS 1.2 or later, both sides with certificates under one CA file; no session
 * cache, no tickets, no renegotiation, no early data, no compression: every
 * session is verified.  A server selects http/1.1 where it is offered and never
 * h2; a client offers nothing (design 6).
 */
struct cu_why;
struct net_tls;

#define NET_PIN_LEN	32	/* SHA-256 of a certificate in DER */

struct net_tls_conf {
	const char *cert;	/* PEM: own certificate, then its chain */
	const char *key;	/* PEM, not encrypted */
	const char *ca;		/* PEM: what the peer's must lead to */
};

/** net_tls_server(out, conf, why), net_tls_client(...):
 * Return an owned context.  0; or CU_ENOENT (a file cannot be read),
 * CU_ECRYPTO (certificate, key and CA do not fit), CU_ENOMEM; ${why} names the
 * file.
 */
int net_tls_server(struct net_tls **, const struct net_tls_conf *,
    struct cu_why *);
int net_tls_client(struct net_tls **, const struct net_tls_conf *,
    struct cu_why *);
struct net_tls *net_tls_ref(struct net_tls *);
void net_tls_unref(struct net_tls *);
#endif /* !NET_TLS_H_ */
