/* src/crypto/test-cert.c: sealing, key derivation, certificates */
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/certmake.h"
#include "crypto/kdf.h"

#define T0	INT64_C(1767225600000000)	/* 2026-01-01 */
#define T1	INT64_C(1798761600000000)	/* 2027-01-01 */

static void
gcm_known_answer(void)
{
	uint8_t key[32] = { 0 }, iv[12] = { 0 }, in[16] = { 0 }, out[16];
	uint8_t tag[16];
	char hex[33];

	/* Test case 14 of McGrew and Viega's set. */
	REQUIRE(aead_seal(out, tag, key, iv, NULL, 0, in, 16) == 0);
	text_hex(hex, out, 16);
	CHECK_STR(hex, "cea7403d4d606b6e074ec5d3baf39d18");
	text_hex(hex, tag, 16);
	CHECK_STR(hex, "d0d1c8a799996bf0265b98b5d48ab919");
	memset(in, 1, 16);
	CHECK(aead_open(in, tag, key, iv, NULL, 0, out, 16) == 0);
	CHECK(in[0] == 0 && in[15] == 0);
	tag[3] ^= 1;
	memset(in, 1, 16);
	CHECK(aead_open(in, tag, key, iv, NULL, 0, out, 16) == CU_ECRYPTO);
	CHECK(in[0] == 0 && in[15] == 0);	/* nothing unproven comes out */
	tag[3] ^= 1;
	CHECK(aead_open(in, tag, key, iv, "a", 1, out, 16) == CU_ECRYPTO);
	/* In place, with associated data; and nothing at all. */
	CHECK(aead_seal(out, tag, key, iv, "ad", 2, out, 16) == 0);
	CHECK(aead_open(out, tag, key, iv, "ad", 2, out, 16) == 0);
	CHECK(out[0] == 0xce);
	CHECK(aead_seal(NULL, tag, key, iv, "ad", 2, NULL, 0) == 0);
	CHECK(aead_open(NULL, tag, key, iv, "ad", 2, NULL, 0) == 0);
	CHECK(aead_open(NULL, tag, key, iv, "aD", 2, NULL, 0) == CU_ECRYPTO);
}

static void
kdf_known_answers(void)
{
	uint8_t out[32], ikm[22], salt[13];
	char hex[65];
	int i;

	/* RFC 7914, 12: the first half of its 64 bytes. */
	REQUIRE(kdf_scrypt(out, "password", 8, "NaCl", 4, 1024, 8, 16) == 0);
	text_hex(hex, out, 32);
	CHECK_STR(hex, "fdbabe1c9d3472007856e7190d01e9fe"
	    "7c6ad7cbc8237830e77376634b373162");
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 0, 8, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 1, 8, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 1000, 8, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 1 << 21, 1, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 2, 32, 16) == 0);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 2, 33, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 2, 0, 1) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 2, 1, 17) == CU_ELIMIT);
	CHECK(kdf_scrypt(out, "p", 1, "s", 1, 2, 1, 0) == CU_ELIMIT);
	/* RFC 5869, test case 1. */
	memset(ikm, 0x0b, sizeof(ikm));
	for (i = 0; i < 13; i++)
		salt[i] = (uint8_t)i;
	REQUIRE(kdf_hkdf(out, ikm, 22, salt, 13,
	    "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9") == 0);
	text_hex(hex, out, 32);
	CHECK_STR(hex, "3cb25f25faacd57a90434f64d0362f2a"
	    "2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

static void
made_and_read(void)
{
	static const char *const dns[] = { "ne-1.example.net", "localhost" };
	static const char *const ip[] = { "127.0.0.1", "::1" };
	static const char *const uri[] = { CERT_URN "NE:ne-1",
	    CERT_URN "NE:ne-2" };
	static const char *const bad[] = { "127.0.0.1.5" };
	struct certmake_names names = { "Jörg", "ne-uid", dns, ip, uri,
	    2, 2, 2 };
	struct certmake *ca = NULL, *leaf = NULL, *none = NULL;
	char dir[] = "/tmp/custos-cert.XXXXXX", crt[64], key[64];
	uint8_t pem[8192];
	struct cert *c = NULL;
	struct stat st;
	size_t n, i;
	FILE *f;

	REQUIRE(mkdtemp(dir) != NULL);
	snprintf(crt, sizeof(crt), "%s/a.crt", dir);
	snprintf(key, sizeof(key), "%s/a.key", dir);
	REQUIRE(certmake_ca(&ca, "trial CA", T0, T1) == 0);
	REQUIRE(certmake_leaf(&leaf, ca, &names, T0, T1) == 0);
	names.ip = bad;
	names.ip_n = 1;
	CHECK(certmake_leaf(&none, ca, &names, T0, T1) < 0 && none == NULL);
	names.ip_n = CERTMAKE_NAMES_MAX + 1;
	CHECK(certmake_leaf(&none, ca, &names, T0, T1) == CU_EMALFORMED);
	names.ip_n = 0;
	CHECK(certmake_leaf(&none, ca, &names, T1, T0) == CU_EMALFORMED);
	CHECK(certmake_write(leaf, crt, key) == 0);
	CHECK(stat(key, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(certmake_write(leaf, crt, key) == CU_EEXIST);
	certmake_free(leaf);
	certmake_free(ca);

	REQUIRE((f = fopen(crt, "r")) != NULL);
	n = fread(pem, 1, sizeof(pem), f);
	fclose(f);
	CHECK(cert_from_pem(&c, pem, n - 40) == CU_EMALFORMED && c == NULL);
	REQUIRE(cert_from_pem(&c, pem, n) == 0);
	CHECK_STR(cert_cn(c), "Jörg");
	CHECK_STR(cert_uid(c), "ne-uid");
	CHECK(cert_not_before(c) == T0 && cert_not_after(c) == T1);
	CHECK(cert_uris_n(c) == 2);
	CHECK_STR(cert_uri(c, 1), uri[1]);
	CHECK(cert_binds(c, CERT_RULE_URN, CERT_SIDE_NE, "ne-2"));
	CHECK(!cert_binds(c, CERT_RULE_URN, CERT_SIDE_ADMF, "ne-2"));
	CHECK(!cert_binds(c, CERT_RULE_URN, CERT_SIDE_NE, "ne-22"));
	CHECK(!cert_binds(c, CERT_RULE_URN, CERT_SIDE_NE, "ne-"));
	CHECK(!cert_binds(c, CERT_RULE_URN, CERT_SIDE_NE, ""));
	CHECK(cert_binds(c, CERT_RULE_UID, CERT_SIDE_NE, "ne-uid"));
	CHECK(!cert_binds(c, CERT_RULE_UID, CERT_SIDE_NE, "Jörg"));
	CHECK(cert_binds(c, CERT_RULE_CN, CERT_SIDE_NE, "Jörg"));
	CHECK(!cert_binds(c, CERT_RULE_CN, CERT_SIDE_NE, "jörg"));
	cert_free(c);
	c = NULL;
	for (i = 0; i < n; i++)
		pem[i] = (uint8_t)(i * 7);
	CHECK(cert_from_der(&c, pem, n) == CU_EMALFORMED);
	CHECK(cert_from_der(&c, pem, CERT_DER_MAX + 1) == CU_ELIMIT);
	CHECK(cert_rule_find("urn") == CERT_RULE_URN);
	CHECK(cert_rule_find("URN") == 0);
	unlink(crt);
	unlink(key);
	rmdir(dir);
}

int
main(void)
{
	CHECK_RUN(gcm_known_answer);
	CHECK_RUN(kdf_known_answers);
	CHECK_RUN(made_and_read);
	return (check_done());
}
