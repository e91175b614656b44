/* src/record/test-record_sd.c: disclosures.json, tokens.json */
#include "base/buf.h"
#include "json/jw.h"
#include "record/record_sd.h"
#include "record/record_token.h"
#include "test-record.h"

static struct jv *ds;		/* disclosures.json */

static void
disclosures(void)
{
	const struct jv *rows = jv_get(ds, "disclosures"), *r;
	uint8_t salt[16], dg[32], want[32];
	const char *json, *value;
	struct record_sd sd;
	struct buf b;
	size_t i, n;

	REQUIRE(jv_len(rows) == 10);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		json = str(r, "json");
		REQUIRE(unhex(r, "salt_hex", salt, 16) == 16);
		REQUIRE(unhex(r, "digest_hex", want, 32) == 32);
		REQUIRE(record_sd_read(&sd, str(r, "text"), str_len(r, "text"),
		    NULL) == 0);
		CHECK_MEM(sd.salt, salt, 16);
		CHECK_MEM(sd.digest, want, 32);
		CHECK_STR(sd.name, str(r, "name"));
		record_sd_fini(&sd);
		/* Written from its parts: `["salt","name",value]`. */
		value = json + 2 + 22 + 3 + str_len(r, "name") + 2;
		buf_init(&b, 4096);
		record_sd_write(&b, dg, salt, str(r, "name"), value,
		    strlen(value) - 1);
		CHECK_STR(buf_text(&b), str(r, "text"));
		CHECK_MEM(dg, want, 32);
		for (n = 0; n < b.len; n++)
			CHECK(record_sd_read(&sd, buf_text(&b), n, NULL) < 0);
		buf_fini(&b);
	}
	rows = jv_get(ds, "negative_disclosures");
	REQUIRE(jv_len(rows) == 14);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		CHECK_ROW(record_sd_read(&sd, str(r, "text"),
		    str_len(r, "text"), NULL) == CU_EMALFORMED,
		    str(r, "name"));
	}
}

static void
next_salt(void *cookie, uint8_t salt[RECORD_SALT_LEN])
{
	memset(salt, ++*(int *)cookie, RECORD_SALT_LEN);
}

static void
lists(void)
{
	const struct jv *rows = jv_get(ds, "negative_sd"), *sorted;
	uint8_t (*d)[DIGEST_LEN];
	struct record_sds s;
	int salts = 0;
	size_t i, n;

	REQUIRE(jv_len(rows) == 6);
	for (i = 0; i < jv_len(rows); i++)
		CHECK_ROW(record_sd_list(jv_get(jv_at(rows, i), "_sd"), &d, &n,
		    NULL) == CU_EMALFORMED, str(jv_at(rows, i), "name"));
	sorted = jv_get(jv_get(ds, "sorted"), "_sd");
	REQUIRE(record_sd_list(sorted, &d, &n, NULL) == 0 && n == 3);
	free(d);
	CHECK(record_sd_list(NULL, &d, &n, NULL) == 0 && d == NULL && n == 0);
	record_sds_init(&s);
	s.salt = next_salt;
	s.cookie = &salts;
	CHECK(record_sds_str(&s, "name", "x") == 0);
	CHECK(record_sds_bytes(&s, "audit_key", "\1\2\3", 3) == 0);
	CHECK(record_sds_json(&s, "targets", "[]", 2) == 0);
	CHECK_STR(s.row[0].text, "WyJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRIiwibmFtZSI"
	    "sIngiXQ");
	CHECK(record_sds_sort(&s) == 0);
	CHECK(strcmp(s.row[0].b64, s.row[1].b64) < 0 &&
	    strcmp(s.row[1].b64, s.row[2].b64) < 0);
	CHECK(record_sds_take(&s, s.row[1].text, s.row[1].len) == 0);
	CHECK(record_sds_sort(&s) == CU_EMALFORMED);
	for (i = s.n; i < RECORD_SD_MAX; i++)
		REQUIRE(record_sds_json(&s, "n", "1", 1) == 0);
	CHECK(record_sds_json(&s, "n", "1", 1) == CU_ELIMIT);
	record_sds_fini(&s);
}

static void
load_row(struct record_sealed *row, const struct jv *r)
{
	memset(row, 0, sizeof(*row));
	CHECK(jv_bytes(jv_get(r, "digest"), row->digest, 32) == 0);
	CHECK(jv_bytes(jv_get(r, "ciphertext_digest"), row->cipher, 32) == 0);
}

static void
seals(void)
{
	const struct jv *sealed = jv_get(ds, "sealed");
	const struct jv *items = jv_get(sealed, "items"), *r;
	uint8_t nonce[16], iv[12], dg[32], payload[4096];
	struct record_sealed row[3], one;
	struct record_seal_key key = { "" };
	struct record_item item[3];
	struct buf s, b;
	size_t i, n, cut;

	REQUIRE(jv_len(items) == 3);
	REQUIRE(unhex(sealed, "nonce_hex", nonce, 16) == 16);
	n = unhex(sealed, "s_payload_hex", payload, sizeof(payload));
	buf_init(&s, RECORD_SEALED_MAX);
	for (i = 0; i < 3; i++) {
		r = jv_at(items, i);
		REQUIRE(unhex(r, "key_hex", key.key, 32) == 32);
		REQUIRE(unhex(r, "iv_hex", iv, 12) == 12);
		memcpy(key.id, str(r, "key_id"), 33);
		REQUIRE(jv_bytes(jv_get(r, "digest"), dg, 32) == 0);
		REQUIRE(record_seal(&s, &row[i], nonce, &key, iv, dg,
		    str(r, "text"), str_len(r, "text")) == 0);
		load_row(&one, r);
		CHECK_MEM(one.cipher, row[i].cipher, 32);
	}
	CHECK(s.len == n && memcmp(s.p, payload, n) == 0);
	REQUIRE(record_items(item, row, 3, payload, n) == 0);
	for (i = 0; i < 3; i++) {
		r = jv_at(items, i);
		REQUIRE(unhex(r, "key_hex", key.key, 32) == 32);
		memcpy(key.id, str(r, "key_id"), 33);
		buf_init(&b, 4096);
		CHECK(record_unseal(&b, &row[i], nonce, &key, item[i].p,
		    item[i].len) == 0);
		CHECK_STR(buf_text(&b), str(r, "text"));
		/* A key of another id is not even tried. */
		key.id[0] ^= 1;
		CHECK(record_unseal(&b, &row[i], nonce, &key, item[i].p,
		    item[i].len) == CU_ECRYPTO);
		buf_fini(&b);
	}
	for (cut = 0; cut < n; cut++)
		CHECK(record_items(item, row, 3, payload, cut) ==
		    CU_EMALFORMED);
	buf_fini(&s);
}

static void
refused_seals(void)
{
	const struct jv *rows = jv_get(ds, "negative_seals"), *r;
	const struct jv *items = jv_get(jv_get(ds, "sealed"), "items");
	struct record_seal_key key = { "" };
	struct record_sealed row[3];
	struct record_item item[64];
	uint8_t sealed[4096], nonce[16];
	struct buf b;
	int64_t want;
	size_t i, n;

	REQUIRE(jv_len(rows) == 15);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		n = unhex(r, "sealed_hex", sealed, sizeof(sealed));
		load_row(row, r);
		REQUIRE(unhex(r, "key_hex", key.key, 32) == 32);
		REQUIRE(unhex(r, "nonce_hex", nonce, 16) == 16);
		buf_init(&b, 4096);
		CHECK_ROW(record_unseal(&b, row, nonce, &key, sealed, n) < 0,
		    str(r, "name"));
		CHECK(b.len == 0);
		buf_fini(&b);
	}
	for (i = 0; i < 3; i++)
		load_row(&row[i], jv_at(items, i));
	rows = jv_get(ds, "negative_s_payloads");
	REQUIRE(jv_len(rows) == 10);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		n = unhex(r, "payload_hex", sealed, sizeof(sealed));
		REQUIRE(jv_int(jv_get(r, "rows"), &want) == 0 && want == 3);
		CHECK_ROW(record_items(item, row, 3, sealed, n) < 0,
		    str(r, "name"));
	}
}

static void
tokens(void)
{
	struct jv *v = vectors("tokens.json");
	const struct jv *rows = jv_get(v, "tokens"), *r;
	char text[44];
	struct record_token t;
	uint8_t key[32];
	size_t i;

	REQUIRE(jv_len(rows) == 21);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		REQUIRE(unhex(r, "token_key_hex", key, 32) == 32);
		record_token_make(&t, key, str(r, "kind"), str(r, "value"),
		    str_len(r, "value"));
		text_b64url(text, t.b, 32);
		CHECK_STR(text, str(r, "token"));
	}
	rows = jv_get(v, "negative");
	REQUIRE(jv_len(rows) == 6);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		REQUIRE(unhex(r, "token_key_hex", key, 32) == 32);
		record_token_make(&t, key, str(r, "kind"), str(r, "value"),
		    str_len(r, "value"));
		text_b64url(text, t.b, 32);
		CHECK_ROW(strcmp(text, str(r, "not")) != 0, str(r, "name"));
	}
	jv_free(v);
}

/* Members of a row as targets. */
static size_t
members(struct record_target *t, const struct jv *rows)
{
	size_t i, n;

	for (i = 0; i < jv_len(rows) && i < RECORD_SET_MAX; i++) {
		t[i].kind = jv_str(jv_at(jv_at(rows, i), 0), &n);
		t[i].value = jv_str(jv_at(jv_at(rows, i), 1), &n);
	}
	return (i);
}

static void
sets(void)
{
	struct jv *v = vectors("tokens.json");
	const struct jv *rows = jv_get(v, "sets"), *want;
	struct record_target target[RECORD_SET_MAX];
	struct record_token t[RECORD_SET_MAX];
	char text[44];
	uint8_t key[32];
	size_t i, k, n;

	REQUIRE(jv_len(rows) == 4);
	REQUIRE(unhex(jv_at(jv_get(v, "tokens"), 0), "token_key_hex", key,
	    32) == 32);
	for (i = 0; i < jv_len(rows); i++) {
		n = members(target, jv_get(jv_at(rows, i), "members"));
		want = jv_get(jv_at(rows, i), "tokens");
		REQUIRE(n == jv_len(want));
		record_token_set(t, key, target, n);
		for (k = 0; k < n; k++) {
			text_b64url(text, t[k].b, 32);
			CHECK(jv_streq(jv_at(want, k), text));
		}
	}
	jv_free(v);
}

static void
covers(void)
{
	struct jv *v = vectors("tokens.json");
	const struct jv *c = jv_get(v, "covers"), *rows, *r, *list;
	struct record_token all[16], t[RECORD_SET_MAX];
	struct record_sets s = { 0 };
	size_t i, k, at = 0;
	bool spelled;

	rows = jv_get(c, "revision_sets");
	s.token = all;
	for (i = 0; i < jv_len(rows); i++) {
		s.len[s.n++] = jv_len(jv_at(rows, i));
		for (k = 0; k < jv_len(jv_at(rows, i)); k++)
			CHECK(jv_bytes(jv_at(jv_at(rows, i), k), all[at++].b,
			    32) == 0);
	}
	rows = jv_get(c, "cases");
	REQUIRE(jv_len(rows) == 13);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		list = jv_get(r, "tokens");
		REQUIRE(jv_len(list) <= RECORD_SET_MAX);
		spelled = true;
		for (k = 0; k < jv_len(list); k++)
			if (jv_bytes(jv_at(list, k), t[k].b, 32) != 0)
				spelled = false;
		CHECK_ROW((spelled && record_sets_find(&s, t,
		    jv_len(list)) >= 0) == jv_streq(jv_get(r, "expect"),
		    "covered"), str(r, "name"));
	}
	jv_free(v);
}

int
main(void)
{
	ds = vectors("disclosures.json");
	CHECK_RUN(disclosures);
	CHECK_RUN(lists);
	CHECK_RUN(seals);
	CHECK_RUN(refused_seals);
	CHECK_RUN(tokens);
	CHECK_RUN(sets);
	CHECK_RUN(covers);
	jv_free(ds);
	return (check_done());
}
