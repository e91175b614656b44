/* src/record/test-record_key.c: keys.json, and key files cut and damaged */
#include "base/buf.h"
#include "crypto/sign.h"
#include "record/record_key.h"
#include "test-record.h"

static void
ids(void)
{
	struct jv *v = vectors("keys.json");
	const struct jv *rows = jv_get(v, "keys"), *r;
	char id[RECORD_KEY_ID_LEN + 1];
	uint8_t seed[32], public[32];
	struct sign_key *k;
	size_t i;

	REQUIRE(jv_len(rows) == 14);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		REQUIRE(unhex(r, "seed_hex", seed, 32) == 32);
		REQUIRE(unhex(r, "public_hex", public, 32) == 32);
		REQUIRE(sign_key_create(&k, seed) == 0);
		CHECK_MEM(sign_key_public(k), public, 32);
		record_key_id(id, public);
		CHECK_STR(id, str(r, "id"));
		CHECK(record_key_id_valid(id, 32));
		CHECK(!record_key_id_valid(id, 31));
		sign_key_free(k);
	}
	jv_free(v);
}

/* The same seed, passphrase, salt and iv give the same file. */
static void
check_written(const struct jv *r)
{
	uint8_t seed[32], salt[16], iv[12];
	const char *pass = str(r, "passphrase");
	struct buf b;

	REQUIRE(unhex(r, "seed_hex", seed, 32) == 32);
	if (pass != NULL) {
		REQUIRE(unhex(r, "salt_hex", salt, 16) == 16);
		REQUIRE(unhex(r, "iv_hex", iv, 12) == 12);
	}
	buf_init(&b, 4096);
	CHECK(record_key_write(&b, seed, pass, str_len(r, "passphrase"),
	    salt, iv) == 0);
	CHECK_STR(buf_text(&b), str(r, "file"));
	buf_fini(&b);
}

static void
files(void)
{
	struct jv *v = vectors("keys.json");
	const struct jv *rows = jv_get(v, "key_files"), *r;
	struct record_key_info info;
	struct cu_why why;
	struct sign_key *k;
	uint8_t seed[32];
	size_t i, n;
	bool open;
	int rc;

	REQUIRE(jv_len(rows) == 26);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		open = jv_streq(jv_get(r, "expect"), "open");
		k = NULL;
		why.text[0] = '\0';
		rc = record_key_open(&k, str(r, "file"), str_len(r, "file"),
		    str(r, "passphrase"), str_len(r, "passphrase"), &why);
		if (!CHECK_ROW((rc == 0) == open, str(r, "name"))) {
			printf("# %s\n", why.text);
			sign_key_free(k);
			continue;
		}
		if (!open) {
			CHECK_ROW(k == NULL && why.text[0] != '\0',
			    str(r, "name"));
			continue;
		}
		REQUIRE(unhex(r, "seed_hex", seed, 32) == 32);
		CHECK(record_key_info(&info, str(r, "file"),
		    str_len(r, "file"), NULL) == 0);
		CHECK(info.locked == (str(r, "passphrase") != NULL));
		CHECK_MEM(info.public, sign_key_public(k), 32);
		sign_key_free(k);
		check_written(r);
		if (info.locked)
			continue;
		/* Every prefix is refused. */
		for (n = 0; n < str_len(r, "file"); n++)
			CHECK(record_key_open(&k, str(r, "file"), n, NULL, 0,
			    NULL) < 0);
	}
	r = jv_at(rows, 0);
	CHECK(record_key_open(&k, str(r, "file"), str_len(r, "file"), NULL, 0,
	    &why) == CU_EDENIED);
	CHECK(record_pass_len("abc\n\n", 5) == 4);
	CHECK(record_pass_len("", 0) == 0);
	jv_free(v);
}

static size_t
load_known(struct record_known *out, size_t cap, const struct jv *rows)
{
	const char *state;
	size_t i;

	for (i = 0; i < jv_len(rows) && i < cap; i++) {
		out[i].of = str(jv_at(rows, i), "of");
		state = str(jv_at(rows, i), "state");
		out[i].state = state == NULL ? RECORD_KNOWN_LIVE :
		    strcmp(state, "dropped by a change") == 0 ?
		    RECORD_KNOWN_DROPPED : RECORD_KNOWN_ENDED;
		CHECK(jv_bytes(jv_get(jv_at(rows, i), "public"),
		    out[i].public, 32) == 0);
	}
	return (i);
}

static void
registrations(void)
{
	struct jv *v = vectors("keys.json");
	const struct jv *rows = jv_get(v, "registrations"), *r, *keys;
	uint8_t key[RECORD_KEYS_MAX][32];
	struct record_known known[16];
	size_t i, k, n, refused = 0;
	struct cu_why why;
	bool spelled;
	int rc;

	n = load_known(known, 16, jv_get(v, "known"));
	REQUIRE(n == 8 && jv_len(rows) == 47);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		keys = jv_get(r, "keys");
		spelled = true;
		for (k = 0; k < jv_len(keys) && k < RECORD_KEYS_MAX; k++)
			if (jv_bytes(jv_at(keys, k), key[k], 32) != 0)
				spelled = false;
		rc = !spelled ? CU_EMALFORMED : record_key_admit(known, n,
		    jv_streq(jv_get(r, "verb"), "change"), str(r, "subject"),
		    key[0], jv_len(keys), &why);
		if (!CHECK_ROW((rc == 0) == jv_streq(jv_get(r, "expect"),
		    "accept"), str(r, "name")))
			printf("# %d %s\n", rc, why.text);
		refused += rc != 0;
	}
	CHECK(refused == 37);
	/* Eight keys, and nine. */
	for (k = 0; k < RECORD_KEYS_MAX; k++) {
		memset(key[k], 0x11, 32);
		key[k][0] = (uint8_t)(3 + k);
		key[k][31] = 0;
	}
	CHECK(record_key_admit(known, n, false, "holder/x", key[0], 8,
	    &why) == 0);
	CHECK(record_key_admit(known, n, false, "holder/x", key[0], 9,
	    &why) == CU_ELIMIT);
	jv_free(v);
}

static void
public_keys(void)
{
	struct jv *v = vectors("keys.json");
	const struct jv *rows, *r;
	uint8_t public[32];
	size_t i;

	rows = jv_get(jv_get(v, "public_keys"), "rows");
	REQUIRE(jv_len(rows) == 50);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		REQUIRE(unhex(r, "public_hex", public, 32) == 32);
		CHECK_ROW(sign_public_valid(public) == jv_streq(jv_get(r,
		    "expect"), "accept"), str(r, "public_hex"));
	}
	jv_free(v);
}

int
main(void)
{
	CHECK_RUN(ids);
	CHECK_RUN(files);
	CHECK_RUN(registrations);
	CHECK_RUN(public_keys);
	return (check_done());
}
