/* src/crypto/cert.h: what custos reads of a certificate */
#ifndef CERT_H_
#define CERT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"

struct cert;			/* opaque */

#define CERT_DER_MAX	65536
#define CERT_URIS_MAX	64	/* of a gate's server: one per element */
#define CERT_NAME_MAX	256	/* bytes of a CN, UID or URI */

/**
 * cert_from_der(out, p, len), cert_from_pem(out, p, len):
 * Read exactly one X.509 certificate (PEM: the first block; text around it is
 * ignored).  Return 0 with an owned certificate; CU_EMALFORMED, CU_ELIMIT,
 * CU_ENOMEM.  Nothing is verified here: that is TLS's work.
 */
int cert_from_der(struct cert **, const void *, size_t);
int cert_from_pem(struct cert **, const void *, size_t);
void cert_free(struct cert *);

/** cert_digest(c): Borrow the SHA-256 of the DER bytes. */
const uint8_t *cert_digest(const struct cert *);

/** cert_not_before(c), cert_not_after(c): The validity (both inclusive). */
utc_us cert_not_before(const struct cert *);
utc_us cert_not_after(const struct cert *);

/*
 * Subject CN and UID (0.9.2342.19200300.100.1.1) as UTF-8: NULL where there is
 * none, more than one, one with a NUL, or one over CERT_NAME_MAX.
 */
const char *cert_cn(const struct cert *);
const char *cert_uid(const struct cert *);

/** cert_uris_n(c), cert_uri(c, i): The URIs among the subjectAltNames. */
size_t cert_uris_n(const struct cert *);
const char *cert_uri(const struct cert *, size_t);

/* How an X1 identifier is bound to a certificate (103 221-1, 8.2.4). */
enum cert_rule { CERT_RULE_URN = 1, CERT_RULE_UID, CERT_RULE_CN };
enum cert_side { CERT_SIDE_ADMF = 1, CERT_SIDE_NE };

#define CERT_URN	"urn:etsi:li:103221-1:cert-binding:"

/** cert_rule_name(rule), cert_rule_find(name): "urn", "uid", "cn"; NULL, 0. */
const char *cert_rule_name(enum cert_rule);
enum cert_rule cert_rule_find(const char *);

/**
 * cert_binds(c, rule, side, id):
 * Is ${id} bound to this certificate?  urn: one URI equals
 * CERT_URN "ADMF:" or "NE:" ${id}, bytewise; uid, cn: that name equals ${id}.
 */
bool cert_binds(const struct cert *, enum cert_rule, enum cert_side,
    const char *);
#endif /* !CERT_H_ */
