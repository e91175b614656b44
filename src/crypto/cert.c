/* src/crypto/cert.c: digest, names and validity of a certificate */
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/err.h"
#include "crypto/cert.h"

struct cert {
	uint8_t digest[DIGEST_LEN];
	utc_us not_before, not_after;
	char *cn, *uid;
	char *uri[CERT_URIS_MAX];
	size_t uris_n;
};

void
cert_free(struct cert *c)
{
	size_t i;

	if (c == NULL)
		return;
	free(c->cn);
	free(c->uid);
	for (i = 0; i < c->uris_n; i++)
		free(c->uri[i]);
	free(c);
}

static int
take_time(utc_us *out, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return (CU_EMALFORMED);
	*out = utc_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, 0);
	return (0);
}

/* The one value of that name, or NULL: what is there twice names nobody. */
static int
take_name(char **out, const X509_NAME *name, int nid)
{
	unsigned char *utf8 = NULL;
	int at, len, rc = 0;

	if ((at = X509_NAME_get_index_by_NID(name, nid, -1)) < 0 ||
	    X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return (0);
	len = ASN1_STRING_to_UTF8(&utf8,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0 && len <= CERT_NAME_MAX &&
	    memchr(utf8, '\0', (size_t)len) == NULL &&
	    (*out = strndup((char *)utf8, (size_t)len)) == NULL)
		rc = CU_ENOMEM;
	if (len >= 0)
		OPENSSL_free(utf8);
	return (rc);
}

static int
take_uris(struct cert *c, X509 *x)
{
	const ASN1_IA5STRING *s;
	const GENERAL_NAME *name;
	GENERAL_NAMES *names;
	int i, crit = 0, len, rc = 0;

	names = X509_get_ext_d2i(x, NID_subject_alt_name, &crit, NULL);
	if (names == NULL)
		return (crit == -1 ? 0 : CU_EMALFORMED);
	for (i = 0; i < sk_GENERAL_NAME_num(names) && rc == 0; i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_URI)
			continue;
		s = name->d.uniformResourceIdentifier;
		len = ASN1_STRING_length(s);
		if (len < 1 || len > CERT_NAME_MAX ||
		    memchr(ASN1_STRING_get0_data(s), '\0', (size_t)len))
			continue;	/* binds nobody */
		if (c->uris_n == CERT_URIS_MAX) {
			rc = CU_ELIMIT;
			break;
		}
		c->uri[c->uris_n] = strndup(
		    (const char *)ASN1_STRING_get0_data(s), (size_t)len);
		if (c->uri[c->uris_n] == NULL)
			rc = CU_ENOMEM;
		else
			c->uris_n++;
	}
	GENERAL_NAMES_free(names);
	return (rc);
}

static int
from_x509(struct cert **out, X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	unsigned char *der = NULL;
	struct cert *c;
	int len, rc = CU_ENOMEM;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (rc);
	if ((len = i2d_X509(x, &der)) < 0)
		goto err;
	digest(c->digest, der, (size_t)len);
	OPENSSL_free(der);
	if ((rc = take_time(&c->not_before, X509_get0_notBefore(x))) != 0 ||
	    (rc = take_time(&c->not_after, X509_get0_notAfter(x))) != 0 ||
	    (rc = take_name(&c->cn, subject, NID_commonName)) != 0 ||
	    (rc = take_name(&c->uid, subject, NID_userId)) != 0 ||
	    (rc = take_uris(c, x)) != 0)
		goto err;
	*out = c;
	return (0);

err:	cert_free(c);
	return (rc);
}

int
cert_from_der(struct cert **out, const void *p, size_t len)
{
	const unsigned char *q = p;
	X509 *x;
	int rc;

	if (len > CERT_DER_MAX)
		return (CU_ELIMIT);
	if ((x = d2i_X509(NULL, &q, (long)len)) == NULL)
		return (CU_EMALFORMED);
	rc = q == (const unsigned char *)p + len ? from_x509(out, x) :
	    CU_EMALFORMED;
	X509_free(x);
	return (rc);
}

int
cert_from_pem(struct cert **out, const void *p, size_t len)
{
	X509 *x;
	BIO *bio;
	int rc;

	if (len > 2 * CERT_DER_MAX)
		return (CU_ELIMIT);
	if ((bio = BIO_new_mem_buf(p, (int)len)) == NULL)
		return (CU_ENOMEM);
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (x == NULL)
		return (CU_EMALFORMED);
	rc = from_x509(out, x);
	X509_free(x);
	return (rc);
}

const uint8_t *
cert_digest(const struct cert *c)
{
	return (c->digest);
}

utc_us
cert_not_before(const struct cert *c)
{
	return (c->not_before);
}

utc_us
cert_not_after(const struct cert *c)
{
	return (c->not_after);
}

const char *
cert_cn(const struct cert *c)
{
	return (c->cn);
}

const char *
cert_uid(const struct cert *c)
{
	return (c->uid);
}

size_t
cert_uris_n(const struct cert *c)
{
	return (c->uris_n);
}

const char *
cert_uri(const struct cert *c, size_t i)
{
	return (i < c->uris_n ? c->uri[i] : NULL);
}

static const char *const rules[] = { NULL, "urn", "uid", "cn" };

const char *
cert_rule_name(enum cert_rule rule)
{
	return (rules[rule]);
}

enum cert_rule
cert_rule_find(const char *name)
{
	int i;

	for (i = CERT_RULE_URN; i <= CERT_RULE_CN; i++)
		if (strcmp(name, rules[i]) == 0)
			return ((enum cert_rule)i);
	return ((enum cert_rule)0);
}

bool
cert_binds(const struct cert *c, enum cert_rule rule, enum cert_side side,
    const char *id)
{
	const char *role = side == CERT_SIDE_ADMF ? "ADMF:" : "NE:";
	size_t i, a = strlen(CERT_URN), b = strlen(role);

	switch (rule) {
	case CERT_RULE_URN:
		for (i = 0; i < c->uris_n; i++)
			if (strncmp(c->uri[i], CERT_URN, a) == 0 &&
			    strncmp(c->uri[i] + a, role, b) == 0 &&
			    strcmp(c->uri[i] + a + b, id) == 0)
				return (true);
		return (false);
	case CERT_RULE_UID:
		return (c->uid != NULL && strcmp(c->uid, id) == 0);
	case CERT_RULE_CN:
		return (c->cn != NULL && strcmp(c->cn, id) == 0);
	}
	return (false);
}
