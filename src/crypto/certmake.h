/* src/crypto/certmake.h: certificates for trials and tests, for nobody else */
#ifndef CERTMAKE_H_
#define CERTMAKE_H_
#include <stdbool.h>
#include <stddef.h>
#include "base/utc.h"

struct certmake;		/* a P-256 key and its certificate */

#define CERTMAKE_NAMES_MAX	64	/* of each of dns, ip, uri */

/* What a leaf shall say.  Borrowed for the call. */
struct certmake_names {
	const char *cn;		/* never NULL */
	const char *uid;	/* or NULL */
	const char *const *dns, *const *ip, *const *uri;
	size_t dns_n, ip_n, uri_n;
};

/**
 * certmake_ca(out, cn, from, until):
 * Make a self-signed CA.  Return 0 with an owned pair; CU_EMALFORMED,
 * CU_ECRYPTO, CU_ENOMEM.
 */
int certmake_ca(struct certmake **, const char *, utc_us, utc_us);

/**
 * certmake_leaf(out, ca, names, from, until):
 * Make a certificate for a TLS server and client under ${ca}.
 */
int certmake_leaf(struct certmake **, const struct certmake *,
    const struct certmake_names *, utc_us, utc_us);

/**
 * certmake_write(m, cert_path, key_path):
 * Write the certificate (mode 0644) and, if ${key_path} is not NULL, the
 * private key (mode 0600) as PEM; no file may exist.  0, CU_EEXIST, CU_EIO.
 */
int certmake_write(const struct certmake *, const char *, const char *);

/** certmake_free(m): Wipe the key and free; NULL has no effect. */
void certmake_free(struct certmake *);
#endif /* !CERTMAKE_H_ */
