/* src/crypto/test-crypto.c: published answers, and keys that are no keys */
#include "base/buf.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "check.h"

static void
sha256_and_hmac(void)
{
	struct digest_part what = { "what do ya want for nothing?", 28 };
	uint8_t d[DIGEST_LEN];
	char hex[65];

	digest(d, "abc", 3);		/* FIPS 180-4 */
	text_hex(hex, d, 32);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	digest_hmac(d, "Jefe", 4, &what, 1);	/* RFC 4231, case 2 */
	text_hex(hex, d, 32);
	CHECK_STR(hex, "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
}

static void
ed25519_rfc8032_test_1(void)
{
	uint8_t seed[32], sig[64];
	struct sign_key *k = NULL;
	char hex[129];

	REQUIRE(text_unhex(seed, "9d61b19deffd5a60ba844af492ec2cc4"
	    "4449c5697b326919703bac031cae7f60", 32) == 0);
	REQUIRE(sign_key_create(&k, seed) == 0);
	text_hex(hex, sign_key_public(k), 32);
	CHECK_STR(hex, "d75a980182b10ab7d54bfed3c964073a"
	    "0ee172f3daa62325af021a68f707511a");
	CHECK(sign_make(k, sig, "", 0) == 0);
	text_hex(hex, sig, 64);
	CHECK_STR(hex, "e5564300c360ac729086e2cc806e828a"
	    "84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
	    "d25bf5f0595bbe24655141438e7a100b");
	CHECK(sign_verify(sign_key_public(k), sig, "", 0));
	CHECK(!sign_verify(sign_key_public(k), sig, "x", 1));
	sig[0] ^= 1;
	CHECK(!sign_verify(sign_key_public(k), sig, "", 0));
	CHECK(sign_public_valid(sign_key_public(k)));
	sign_key_free(k);
}

static void
keys_of_small_order_are_refused(void)
{
	uint8_t y[32] = { 0 };

	CHECK(!sign_public_valid(y));
	y[0] = 1;
	CHECK(!sign_public_valid(y));
	y[31] = 0x80;
	CHECK(!sign_public_valid(y));
	memset(y, 0xff, 32);
	CHECK(!sign_public_valid(y));
	y[31] = 0x7f;
	y[0] = 0xec;
	CHECK(!sign_public_valid(y));
	y[0] = 0xed;
	CHECK(!sign_public_valid(y));
	y[0] = 0xeb;
	CHECK(sign_public_valid(y));
}

int
main(void)
{
	CHECK_RUN(sha256_and_hmac);
	CHECK_RUN(ed25519_rfc8032_test_1);
	CHECK_RUN(keys_of_small_order_are_refused);
	return (check_done());
}
