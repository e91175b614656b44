/* src/crypto/certmake.c: a small CA over libcrypto, for trials and tests */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "crypto/certmake.h"
#include "crypto/random.h"

struct certmake {
	EVP_PKEY *key;		/* cleansed by libcrypto when freed */
	X509 *cert;
};

void
certmake_free(struct certmake *m)
{
	if (m == NULL)
		return;
	EVP_PKEY_free(m->key);
	X509_free(m->cert);
	free(m);
}

static int
set_time(ASN1_TIME *t, utc_us at)
{
	return (ASN1_TIME_set(t, (time_t)(at / UTC_SECOND)) == NULL);
}

static int
set_serial(X509 *x)
{
	uint8_t raw[16];
	BIGNUM *bn;
	int bad;

	random_bytes(raw, sizeof(raw));
	raw[0] = (raw[0] & 0x7f) | 0x40;	/* positive, always 16 bytes */
	if ((bn = BN_bin2bn(raw, sizeof(raw), NULL)) == NULL)
		return (-1);
	bad = BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) == NULL;
	BN_free(bn);
	return (bad);
}

static int
add_name(X509_NAME *name, int nid, const char *s)
{
	return (s != NULL && X509_NAME_add_entry_by_NID(name, nid,
	    MBSTRING_UTF8, (const unsigned char *)s, -1, -1, 0) != 1);
}

static int
add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	int bad;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	if ((ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) == NULL)
		return (-1);
	bad = X509_add_ext(x, ext, -1) != 1;
	X509_EXTENSION_free(ext);
	return (bad);
}

static int
add_san(GENERAL_NAMES *names, int type, const char *s)
{
	ASN1_STRING *str;
	GENERAL_NAME *n;
	uint8_t raw[16];
	int len = (int)strlen(s), bad;
	const void *p = s;

	if (type == GEN_IPADD) {
		p = raw;
		if (inet_pton(AF_INET, s, raw) == 1)
			len = 4;
		else if (inet_pton(AF_INET6, s, raw) == 1)
			len = 16;
		else
			return (-1);
	}
	if ((n = GENERAL_NAME_new()) == NULL)
		return (-1);
	str = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING :
	    V_ASN1_IA5STRING);
	bad = str == NULL || ASN1_STRING_set(str, p, len) != 1;
	if (bad) {
		ASN1_STRING_free(str);
		GENERAL_NAME_free(n);
		return (-1);
	}
	GENERAL_NAME_set0_value(n, type, str);
	if (sk_GENERAL_NAME_push(names, n) <= 0) {
		GENERAL_NAME_free(n);
		return (-1);
	}
	return (0);
}

static int
add_sans(X509 *x, const struct certmake_names *names)
{
	GENERAL_NAMES *sans;
	size_t i;
	int bad = 0;

	if (names->dns_n + names->ip_n + names->uri_n == 0)
		return (0);
	if ((sans = GENERAL_NAMES_new()) == NULL)
		return (-1);
	for (i = 0; i < names->dns_n && !bad; i++)
		bad = add_san(sans, GEN_DNS, names->dns[i]);
	for (i = 0; i < names->ip_n && !bad; i++)
		bad = add_san(sans, GEN_IPADD, names->ip[i]);
	for (i = 0; i < names->uri_n && !bad; i++)
		bad = add_san(sans, GEN_URI, names->uri[i]);
	if (!bad)
		bad = X509_add1_ext_i2d(x, NID_subject_alt_name, sans, 0,
		    X509V3_ADD_DEFAULT) != 1;
	GENERAL_NAMES_free(sans);
	return (bad);
}

/* A fresh key and a certificate for it, under ${ca} or its own. */
static int
make(struct certmake **out, const struct certmake *ca,
    const struct certmake_names *names, utc_us from, utc_us until)
{
	struct certmake *m;
	X509 *issuer;
	X509_NAME *name;

	if (names->cn == NULL || from < 0 || until <= from ||
	    until > UTC_MAX || names->dns_n > CERTMAKE_NAMES_MAX ||
	    names->ip_n > CERTMAKE_NAMES_MAX ||
	    names->uri_n > CERTMAKE_NAMES_MAX)
		return (CU_EMALFORMED);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (CU_ENOMEM);
	if ((m->key = EVP_EC_gen("P-256")) == NULL ||
	    (m->cert = X509_new()) == NULL)
		goto err;
	issuer = ca != NULL ? ca->cert : m->cert;
	name = X509_get_subject_name(m->cert);
	if (X509_set_version(m->cert, X509_VERSION_3) != 1 ||
	    set_serial(m->cert) != 0 || add_name(name, NID_commonName,
	    names->cn) || add_name(name, NID_userId, names->uid) ||
	    X509_set_issuer_name(m->cert, X509_get_subject_name(issuer)) != 1 ||
	    set_time(X509_getm_notBefore(m->cert), from) ||
	    set_time(X509_getm_notAfter(m->cert), until) ||
	    X509_set_pubkey(m->cert, m->key) != 1)
		goto err;
	if (add_ext(m->cert, issuer, NID_basic_constraints, ca == NULL ?
	    "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") ||
	    add_ext(m->cert, issuer, NID_key_usage, ca == NULL ?
	    "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
	    add_ext(m->cert, issuer, NID_subject_key_identifier, "hash") ||
	    (ca != NULL && (add_ext(m->cert, issuer,
	    NID_authority_key_identifier, "keyid:always") ||
	    add_ext(m->cert, issuer, NID_ext_key_usage,
	    "serverAuth,clientAuth"))) || add_sans(m->cert, names))
		goto err;
	if (X509_sign(m->cert, ca != NULL ? ca->key : m->key,
	    EVP_sha256()) == 0)
		goto err;
	*out = m;
	return (0);

err:	certmake_free(m);
	return (CU_ECRYPTO);
}

int
certmake_ca(struct certmake **out, const char *cn, utc_us from, utc_us until)
{
	struct certmake_names names = { .cn = cn };

	return (make(out, NULL, &names, from, until));
}

int
certmake_leaf(struct certmake **out, const struct certmake *ca,
    const struct certmake_names *names, utc_us from, utc_us until)
{
	return (make(out, ca, names, from, until));
}

/* A new file of that mode, to be written through a BIO. */
static int
open_new(BIO **out, const char *path, mode_t mode)
{
	FILE *f;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return (errno == EEXIST ? CU_EEXIST : CU_EIO);
	if ((f = fdopen(fd, "w")) == NULL) {
		close(fd);
		return (CU_EIO);
	}
	if ((*out = BIO_new_fp(f, BIO_CLOSE)) == NULL) {
		fclose(f);
		return (CU_ENOMEM);
	}
	return (0);
}

int
certmake_write(const struct certmake *m, const char *cert, const char *key)
{
	BIO *bio;
	int ok, rc;

	if ((rc = open_new(&bio, cert, 0644)) != 0)
		return (rc);
	ok = PEM_write_bio_X509(bio, m->cert) == 1 && BIO_flush(bio) == 1;
	BIO_free(bio);
	if (!ok)
		return (CU_EIO);
	if (key == NULL)
		return (0);
	if ((rc = open_new(&bio, key, 0600)) != 0)
		return (rc);
	ok = PEM_write_bio_PrivateKey(bio, m->key, NULL, NULL, 0, NULL,
	    NULL) == 1 && BIO_flush(bio) == 1;
	BIO_free(bio);
	return (ok ? 0 : CU_EIO);
}
