/* src/net/net_tls_int.h: what only src/net may use of a context */
#ifndef NET_TLS_INT_H_
#define NET_TLS_INT_H_
#include <openssl/ssl.h>

struct net_tls;

/** net_tls_ctx(t): Borrow OpenSSL's context. */
SSL_CTX *net_tls_ctx(struct net_tls *);
#endif /* !NET_TLS_INT_H_ */
