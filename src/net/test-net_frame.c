/* src/net/test-net_frame.c: link.json, and frames of no form */
#include <limits.h>
#include "base/err.h"
#include "base/rd.h"
#include "base/text.h"
#include "check.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "load.h"
#include "net/net_frame.h"
#include "net/net_link.h"

static struct jv *vectors;

static size_t
unhex(const struct jv *v, uint8_t *out)
{
	const char *s;
	size_t n;

	s = jv_str(v, &n);
	CHECK(s != NULL && n % 2 == 0 && text_unhex(out, s, n / 2) == 0);
	return (n / 2);
}

/* A whole frame: as net_link reads it. */
static int
decode(struct net_msg **m, const uint8_t *p, size_t n)
{
	struct cu_why why = { "" };
	uint32_t json, blob;
	int rc;

	if (n < NET_FRAME_HEAD)
		return (CU_EMALFORMED);
	if ((rc = net_frame_head(p, &json, &blob, &why)) != 0)
		return (rc);
	if (n - NET_FRAME_HEAD != (size_t)json + blob)
		return (CU_EMALFORMED);
	return (net_msg_decode(m, p + NET_FRAME_HEAD, json,
	    p + NET_FRAME_HEAD + json, blob, &why));
}

static void
vector_frames(void)
{
	const struct jv *rows = jv_get(vectors, "frames"), *r, *parts;
	static uint8_t frame[4096], part[4096];
	struct net_msg *m;
	struct net_out o;
	struct buf b;
	size_t i, j, n;

	REQUIRE(jv_len(rows) == 2);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		parts = jv_get(r, "parts_hex");
		n = unhex(jv_get(r, "frame_hex"), frame);
		REQUIRE(decode(&m, frame, n) == 0);
		CHECK(m->kind == (i == 0 ? NET_FOLLOW : NET_ENTRIES));
		CHECK(m->part_n == jv_len(parts));
		net_out_init(&o, m->kind);
		jw_str(&o.w, i == 0 ? "from" : "first", "7");
		for (j = 0; j < m->part_n; j++) {
			CHECK(unhex(jv_at(parts, j), part) == m->part[j].len);
			CHECK_MEM(part, m->part[j].p, m->part[j].len);
			net_out_part(&o, m->part[j].p, m->part[j].len);
		}
		buf_init(&b, 4096);
		CHECK(net_out_end(&o, 0, &b) == 0);
		CHECK(b.len == n && memcmp(b.p, frame, n) == 0);
		buf_fini(&b);
		net_msg_free(m);
		for (j = 0; j < n; j++)
			CHECK(decode(&m, frame, j) < 0);
	}
}

static void
vector_frames_refused(void)
{
	const struct jv *rows = jv_get(vectors, "negative_frames"), *r;
	static uint8_t frame[4096];
	uint32_t json, blob;
	struct net_msg *m;
	size_t i, n;

	REQUIRE(jv_len(rows) == 21);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		n = unhex(jv_get(r, "frame_hex"), frame);
		CHECK_ROW(decode(&m, frame, n) < 0,
		    jv_str(jv_get(r, "name"), NULL));
		if (jv_get(r, "also") != NULL)
			CHECK_ROW(net_frame_head(frame, &json, &blob, NULL) ==
			    CU_ELIMIT, jv_str(jv_get(r, "name"), NULL));
	}
	/* The largest lengths are still lengths. */
	CHECK(net_frame_head((const uint8_t *)"\0\1\0\0\2\0\0\0", &json, &blob,
	    NULL) == 0 && json == NET_JSON_MAX && blob == NET_BLOB_MAX);
}

static size_t
proof_text(char *out, const struct jv *r, const struct jv *channel)
{
	uint8_t genesis[32], mine[32], yours[32], ex[32];

	CHECK(jv_hex(jv_get(vectors, "genesis_digest"), genesis, 32) == 0);
	unhex(jv_get(r, "mine_hex"), mine);
	unhex(jv_get(r, "yours_hex"), yours);
	if (jv_is(channel, JV_STRING))
		unhex(channel, ex);
	return (net_proof_text(out, jv_str(jv_get(vectors, "origin"), NULL),
	    genesis, jv_str(jv_get(r, "from"), NULL),
	    jv_str(jv_get(r, "to"), NULL), mine, yours,
	    jv_is(channel, JV_STRING) ? ex : NULL));
}

static void
vector_proofs(void)
{
	const struct jv *rows = jv_get(vectors, "proofs"), *r, *good;
	uint8_t public[32], sig[64];
	char text[NET_PROOF_MAX];
	const char *want;
	size_t i, n, len;

	REQUIRE(jv_len(rows) == 4);
	for (i = 0; i < 4; i++) {
		r = jv_at(rows, i);
		n = proof_text(text, r, jv_get(r, "exporter_hex"));
		want = jv_str(jv_get(r, "text"), &len);
		CHECK(n == len && memcmp(text, want, n) == 0);
		CHECK(jv_bytes(jv_get(r, "public"), public, 32) == 0 &&
		    jv_bytes(jv_get(r, "signature"), sig, 64) == 0);
		CHECK(sign_verify(public, sig, text, n));
	}
	rows = jv_get(vectors, "negative_proofs");
	REQUIRE(jv_len(rows) == 24);
	for (i = 0; i < 24; i++) {
		/* A receiver writes the text itself, and has the key itself. */
		r = jv_at(rows, i);
		good = jv_at(jv_get(vectors, "proofs"),
		    jv_get(r, "exporter_hex") != NULL ? 2 : 0);
		n = proof_text(text, good, jv_get(good, "exporter_hex"));
		CHECK(jv_bytes(jv_get(good, "public"), public, 32) == 0 &&
		    jv_bytes(jv_get(r, "signature"), sig, 64) == 0);
		CHECK_ROW(!sign_verify(public, sig, text, n),
		    jv_str(jv_get(r, "name"), NULL));
	}
}

static void
proof_form(void)
{
	uint8_t a[32] = { 1 }, b[32] = { 2 };
	char text[NET_PROOF_MAX], origin[300];

	CHECK(net_proof_text(text, "o", a, "x", "y", a, b, NULL) > 0);
	CHECK(net_proof_text(text, "o", a, "x", "x", a, b, NULL) == 0);
	CHECK(net_proof_text(text, "o", a, "x", "y", a, a, NULL) == 0);
	CHECK(net_proof_text(text, "", a, "x", "y", a, b, NULL) == 0);
	CHECK(net_proof_text(text, "o\nfrom z", a, "x", "y", a, b, NULL) == 0);
	CHECK(net_proof_text(text, "o", a, "x\n", "y", a, b, NULL) == 0);
	memset(origin, 'o', sizeof(origin));
	origin[255] = '\0';
	CHECK(net_proof_text(text, origin, a,
	    "a123456789012345678901234567890123456789012345678901234567890123",
	    "b123456789012345678901234567890123456789012345678901234567890123",
	    a, b, b) > 0);
	origin[255] = 'o';
	origin[256] = '\0';
	CHECK(net_proof_text(text, origin, a, "x", "y", a, b, NULL) == 0);
}

static int
decode_text(const char *text, const char *blob)
{
	struct net_msg *m;
	int rc;

	rc = net_msg_decode(&m, (const uint8_t *)text, strlen(text),
	    (const uint8_t *)blob, strlen(blob), NULL);
	if (rc == 0)
		net_msg_free(m);
	return (rc);
}

#define SUM "\"sha256\":\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\""

static void
members(void)
{
	static const struct { int rc; const char *json, *blob; } row[] = {
		{ 0, "{\"kind\":\"act\",\"id\":\"1\",\"parts\":[3]," SUM "}",
		    "abc" },
		{ 0, "{\"kind\":\"ask\",\"id\":\"1\",\"what\":\"head\"}", "" },
		{ 0, "{\"kind\":\"ask\",\"id\":\"1\",\"what\":\"head\","
		    "\"args\":{\"a\":1}}", "" },
		{ 0, "{\"kind\":\"kept\",\"id\":\"1\",\"index\":null}", "" },
		{ 0, "{\"kind\":\"error\",\"code\":\"a\",\"text\":\"b\"}", "" },
		{ 0, "{\"kind\":\"answer\",\"id\":\"3\",\"parts\":[1,0,2],"
		    SUM "}", "abc" },
		{ 0, "{\"kind\":\"open\",\"element\":\"ne-1\",\"parts\":[3],"
		    SUM "}", "abc" },
		{ -2, "{\"kind\":\"open\",\"parts\":[3]," SUM "}", "abc" },
		{ -2, "{\"kind\":\"act\",\"id\":\"1\"}", "" },
		{ -2, "{\"kind\":\"act\",\"parts\":[3]," SUM "}", "abc" },
		{ -2, "{\"kind\":\"act\",\"id\":1,\"parts\":[3]," SUM "}",
		    "abc" },
		{ -2, "{\"kind\":\"act\",\"id\":\"0\",\"parts\":[3]," SUM "}",
		    "abc" },
		{ -2, "{\"kind\":\"act\",\"id\":\"1\",\"parts\":[]," SUM "}",
		    "abc" },
		{ -2, "{\"kind\":\"kept\",\"id\":\"1\"}", "" },
		{ -2, "{\"kind\":\"kept\",\"id\":\"1\",\"index\":1}", "" },
		{ -2, "{\"kind\":\"follow\",\"id\":\"1\",\"from\":\"1\"}", "" },
		{ -2, "{\"kind\":\"follow\",\"from\":\"01\"}", "" },
		{ -2, "{\"kind\":\"follow\",\"from\":\"-1\"}", "" },
		{ -2, "{\"kind\":\"follow\",\"from\":\"1\",\"x\":0}", "" },
		{ -2, "{\"kind\":\"done\",\"start\":1,\"number\":-1}", "" },
		{ 0, "{\"kind\":\"done\",\"start\":1,"
		    "\"number\":9007199254740991}", "" },
		{ -2, "{\"kind\":\"done\",\"start\":1,"
		    "\"number\":9007199254740992}", "" },
		{ -2, "{\"kind\":\"done\",\"start\":1.0,\"number\":1}", "" },
		{ -2, "{\"kind\":\"error\",\"code\":\"a\\u0000\","
		    "\"text\":\"b\"}", "" },
		{ -2, "{\"from\":\"1\"}", "" },
		{ -2, "{\"kind\":1}", "" },
		{ -2, " {\"kind\":\"follow\",\"from\":\"1\"}", "" },
		{ -2, "", "" }, { -2, "{", "" }, { -2, "{}", "" },
	};
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_ROW(decode_text(row[i].json, row[i].blob) == row[i].rc,
		    row[i].json);
}

static void
limits(void)
{
	static uint8_t byte[1] = { 'x' };
	struct net_msg *m;
	struct net_out o;
	struct buf b;
	size_t i;

	buf_init(&b, 1 << 20);
	net_out_init(&o, NET_ENTRIES);
	jw_dec(&o.w, "first", UINT64_MAX);
	for (i = 0; i < NET_PARTS_MAX; i++)
		net_out_part(&o, byte, 1);
	CHECK(net_out_end(&o, 0, &b) == 0);
	CHECK(decode(&m, b.p, b.len) == 0);
	CHECK(m->part_n == NET_PARTS_MAX);
	net_msg_free(m);
	net_out_init(&o, NET_ENTRIES);
	for (i = 0; i <= NET_PARTS_MAX; i++)
		net_out_part(&o, byte, 1);
	CHECK(net_out_end(&o, 0, &b) == CU_ELIMIT);
	/* A blob where none may be, and none where one must be. */
	net_out_init(&o, NET_FOLLOW);
	net_out_part(&o, byte, 1);
	CHECK(net_out_end(&o, 0, &b) == CU_EMALFORMED);
	net_out_init(&o, NET_HEAD);
	CHECK(net_out_end(&o, 0, &b) == CU_EMALFORMED);
	net_out_init(&o, NET_ASK);
	net_out_part(&o, byte, NET_BLOB_MAX);
	net_out_part(&o, byte, 1);
	CHECK(net_out_end(&o, 1, &b) == CU_ELIMIT);
	buf_fini(&b);
}

int
main(void)
{
	vectors = load_json(TEST_DIR "/vectors/custos/link.json");
	if (vectors == NULL) {
		printf("Bail out! no vectors\n");
		return (1);
	}
	CHECK_RUN(vector_frames);
	CHECK_RUN(vector_frames_refused);
	CHECK_RUN(vector_proofs);
	CHECK_RUN(proof_form);
	CHECK_RUN(members);
	CHECK_RUN(limits);
	jv_free(vectors);
	return (check_done());
}
