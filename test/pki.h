/* test/pki.h: a CA, certificates under it and TLS contexts, in one folder */
#ifndef PKI_H_
#define PKI_H_
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/utc.h"
#include "crypto/certmake.h"
#include "net/net_tls.h"

/* DIR/NAMEEND; the text lasts for seven more calls. */
static inline const char *
pki_file(const char *dir, const char *name, const char *end)
{
	static char path[8][256];
	static unsigned int k;

	k = (k + 1) % 8;
	snprintf(path[k], sizeof(path[k]), "%s/%s%s", dir, name, end);
	return (path[k]);
}

static inline void
pki_write(const char *dir, const char *name, const struct certmake *m)
{
	if (certmake_write(m, pki_file(dir, name, ".pem"),
	    pki_file(dir, name, ".key")) != 0) {
		printf("Bail out! no certificate %s\n", name);
		exit(1);
	}
}

/* DIR/NAME.pem and its key; to be freed. */
static inline struct certmake *
pki_ca(const char *dir, const char *name)
{
	struct certmake *m;
	utc_us now = utc_now();

	if (certmake_ca(&m, name, now - 3600 * UTC_SECOND,
	    now + 3600 * UTC_SECOND) != 0)
		exit(1);
	pki_write(dir, name, m);
	return (m);
}

/* DIR/CN.pem and its key, under ${ca}. */
static inline void
pki_leaf(const char *dir, const struct certmake *ca,
    const struct certmake_names *names)
{
	struct certmake *m;
	utc_us now = utc_now();

	if (certmake_leaf(&m, ca, names, now - 3600 * UTC_SECOND,
	    now + 3600 * UTC_SECOND) != 0)
		exit(1);
	pki_write(dir, names->cn, m);
	certmake_free(m);
}

/* The same of 127.0.0.1 and localhost, with ${n} URIs. */
static inline void
pki_local(const char *dir, const struct certmake *ca, const char *name,
    const char *const *uri, size_t n)
{
	static const char *const dns = "localhost", *const ip = "127.0.0.1";
	struct certmake_names names = { .cn = name, .dns = &dns, .dns_n = 1,
	    .ip = &ip, .ip_n = 1, .uri = uri, .uri_n = n };

	pki_leaf(dir, ca, &names);
}

/* With DIR/NAME.pem, believing what DIR/CA.pem signed. */
static inline struct net_tls *
pki_tls(const char *dir, const char *name, const char *ca, bool server)
{
	struct net_tls_conf conf = { pki_file(dir, name, ".pem"),
	    pki_file(dir, name, ".key"), pki_file(dir, ca, ".pem") };
	struct cu_why why = { "" };
	struct net_tls *tls = NULL;

	if ((server ? net_tls_server : net_tls_client)(&tls, &conf, &why) !=
	    0) {
		printf("Bail out! %s\n", why.text);
		exit(1);
	}
	return (tls);
}
#endif /* !PKI_H_ */
