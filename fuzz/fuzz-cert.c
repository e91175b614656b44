/* fuzz/fuzz-cert.c: a certificate, DER or PEM */
#include "crypto/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cert *c;

	if (cert_from_der(&c, p, n) == 0) {
		cert_binds(c, CERT_RULE_URN, CERT_SIDE_NE, "ne-1");
		cert_binds(c, CERT_RULE_UID, CERT_SIDE_ADMF, "ne-1");
		cert_binds(c, CERT_RULE_CN, CERT_SIDE_ADMF, "ne-1");
		cert_free(c);
	}
	if (cert_from_pem(&c, p, n) == 0)
		cert_free(c);
	return (0);
}
