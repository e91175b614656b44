/* src/record/test-record_act.c: statements.json, reports.json */
#include "base/buf.h"
#include "json/jw.h"
#include "record/record_act.h"
#include "record/record_payload.h"
#include "record/record_report.h"
#include "test-record.h"

static struct jv *st;		/* statements.json */

/* The act of a row: from its payload, and without signatures. */
static struct record_act *
act_of(const struct jv *r)
{
	struct record_act *a = NULL;
	struct cu_why why;
	int64_t seq = 0;

	jv_int(jv_get(r, "seq"), &seq);
	if (!CHECK_ROW(record_act_make(&a, record_kind_find(str(r, "kind")),
	    record_verb_find(str(r, "verb")), str(r, "subject"),
	    (uint64_t)seq, str(r, "payload"), str_len(r, "payload"),
	    &why) == 0, str(r, "name")))
		printf("# %s\n", why.text);
	return (a);
}

static const struct jv *
act_named(const char *name)
{
	const struct jv *rows = jv_get(st, "acts");
	size_t i;

	for (i = 0; i < jv_len(rows); i++)
		if (jv_streq(jv_get(jv_at(rows, i), "name"), name))
			return (jv_at(rows, i));
	return (NULL);
}

static void
the_log(struct record_log *log, const struct record_act *a)
{
	log->origin = str(st, "origin");
	log->genesis = a->kind == RECORD_GENESIS ? NULL :
	    str(st, "genesis_digest");
}

/* Keys.json has the seeds, by signer. */
static struct sign_key *
signer(const char *name)
{
	struct jv *v = vectors("keys.json");
	const struct jv *rows = jv_get(v, "keys");
	struct sign_key *k = NULL;
	uint8_t seed[32];
	size_t i;

	for (i = 0; i < jv_len(rows); i++)
		if (jv_streq(jv_get(jv_at(rows, i), "name"), name) &&
		    unhex(jv_at(rows, i), "seed_hex", seed, 32) == 32)
			CHECK(sign_key_create(&k, seed) == 0);
	jv_free(v);
	CHECK_ROW(k != NULL, name);
	return (k);
}

static void
spelling(void)
{
	const struct jv *rows = jv_get(st, "spelling"), *r;
	uint8_t raw[64];
	struct buf b;
	size_t i, n;

	REQUIRE(jv_len(rows) == 11);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		n = unhex(r, "text_hex", raw, sizeof(raw));
		buf_init(&b, 256);
		jw_quote(&b, raw, n);
		CHECK_STR(buf_text(&b), str(r, "json"));
		CHECK(jv_spelled(buf_text(&b), b.len));
		buf_fini(&b);
	}
}

static void
display(void)
{
	const struct jv *rows = jv_get(st, "display"), *r;
	struct buf b;
	size_t i;

	REQUIRE(jv_len(rows) == 8);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		buf_init(&b, 1024);
		text_show(&b, str(r, "text"), str_len(r, "text"));
		CHECK_STR(buf_text(&b), str(r, "shown"));
		buf_fini(&b);
	}
}

/* The texts, the signatures and the member are those of the vectors. */
static void
check_act(const struct jv *r)
{
	struct record_act *a = act_of(r), *back = NULL;
	const struct jv *sigs = jv_get(r, "signatures"), *s;
	struct record_statement text;
	struct record_log log;
	struct sign_key *k;
	struct jw w;
	struct buf b;
	char hex[65];
	utc_us t = 0;
	struct jv *v = NULL;
	size_t i, n;

	REQUIRE(a != NULL);
	the_log(&log, a);
	text_hex(hex, a->digest, 32);
	CHECK_STR(hex, str(r, "payload_sha256"));
	for (i = 0; i < jv_len(sigs); i++) {
		s = jv_at(sigs, i);
		k = signer(str(s, "signer"));
		REQUIRE(jv_utc(jv_get(s, "time"), &t) == 0);
		CHECK(record_act_sign(a, &log, k, t) == 0);
		CHECK(record_act_sign(a, &log, k, t) == CU_EEXIST);
		CHECK(record_act_verify(a, &log, i, sign_key_public(k)));
		CHECK(!record_act_verify(a, &log, i + 1, sign_key_public(k)));
		buf_init(&b, 4096);
		record_act_text(&b, a, &log, str(s, "key"), t);
		CHECK_STR(buf_text(&b), str(s, "text"));
		CHECK(record_statement_read(&text, buf_text(&b), b.len, false,
		    NULL) == 0);
		CHECK(text.seq == a->seq && text.kind == a->kind);
		for (n = 0; n < b.len; n++)
			CHECK(record_statement_read(&text, buf_text(&b), n,
			    false, NULL) == CU_EMALFORMED);
		buf_fini(&b);
		sign_key_free(k);
	}
	buf_init(&b, 1 << 16);
	jw_init(&w, &b);
	record_act_write(a, &w, NULL);
	CHECK_STR(buf_text(&b), str(r, "act"));
	REQUIRE(jv_parse(&v, buf_text(&b), b.len, NULL) == 0);
	REQUIRE(record_act_read(&back, v, NULL) == 0);
	CHECK(back->sigs_n == a->sigs_n && back->seq == a->seq);
	CHECK_STR(back->subject, a->subject);
	jv_free(v);
	record_act_free(back);
	record_act_free(a);
	buf_fini(&b);
}

static void
acts(void)
{
	const struct jv *rows = jv_get(st, "acts");
	size_t i;

	REQUIRE(jv_len(rows) == 19);
	for (i = 0; i < jv_len(rows); i++)
		check_act(jv_at(rows, i));
}

/* Payloads read into structs and written again are the same bytes. */
static void
payloads_written(void)
{
	const struct jv *rows = jv_get(st, "acts"), *r, *d;
	struct record_payload *p;
	struct record_sds sds;
	char subject[256];
	struct cu_why why;
	struct buf b;
	size_t i, k;

	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		p = NULL;
		if (!CHECK_ROW(record_payload_read(&p,
		    record_kind_find(str(r, "kind")),
		    record_verb_find(str(r, "verb")), str(r, "subject"),
		    str(r, "payload"), str_len(r, "payload"), &why) == 0,
		    why.text))
			continue;
		record_sds_init(&sds);
		for (k = 0; k < jv_len(jv_get(r, "disclosures")); k++) {
			d = jv_at(jv_get(r, "disclosures"), k);
			CHECK(record_sds_take(&sds, str(d, "text"),
			    str_len(d, "text")) == 0);
		}
		CHECK(record_sds_sort(&sds) == 0);
		CHECK_ROW(record_sd_match(&sds, p->sd, p->sd_n),
		    str(r, "name"));
		buf_init(&b, RECORD_PAYLOAD_MAX);
		record_payload_write(&b, p, &sds);
		CHECK_STR(buf_text(&b), str(r, "payload"));
		record_payload_subject(subject, sizeof(subject), p);
		CHECK_STR(subject, str(r, "subject"));
		buf_fini(&b);
		record_sds_fini(&sds);
		record_payload_free(p);
	}
}

static void
payloads(void)
{
	const struct jv *rows = jv_get(st, "payloads"), *r;
	size_t i, refused = 0;
	struct record_payload *p;
	struct cu_why why;
	int rc;

	REQUIRE(jv_len(rows) == 38);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		p = NULL;
		why.text[0] = '\0';
		rc = record_payload_read(&p, record_kind_find(str(r, "kind")),
		    record_verb_find(str(r, "verb")), str(r, "subject"),
		    str(r, "payload"), str_len(r, "payload"), &why);
		if (!CHECK_ROW((rc == 0) == jv_streq(jv_get(r, "expect"),
		    "accept"), str(r, "name")))
			printf("# %s\n", why.text);
		CHECK_ROW((rc == 0) == (p != NULL), str(r, "name"));
		record_payload_free(p);
		refused += rc != 0;
	}
	CHECK(refused == 30);
}

/*
 * A text that was signed counts only if it is the one that the log builds from
 * the act, and the signature verifies over that one.
 */
static bool
statement_accepted(const struct jv *r, const struct record_act *a,
    const struct record_log *log, const struct jv *good)
{
	const struct jv *public = jv_get(st, "public");
	struct record_statement text;
	struct record_act copy = *a;
	uint8_t key[32];
	struct buf b;
	bool same;

	if (record_statement_read(&text, str(r, "text"), str_len(r, "text"),
	    false, NULL) != 0)
		return (false);
	buf_init(&b, 4096);
	record_act_text(&b, a, log, text.key, text.time);
	same = b.len == str_len(r, "text") &&
	    memcmp(b.p, str(r, "text"), b.len) == 0;
	buf_fini(&b);
	if (!same || jv_bytes(jv_get(r, "signature"), copy.sig[0].sig, 64) != 0)
		return (false);
	memcpy(copy.sig[0].key, text.key, sizeof(text.key));
	copy.sig[0].time = text.time;
	copy.sigs_n = 1;
	/* Who may sign: the holder that signed the good one. */
	if (jv_bytes(jv_get(public, str(jv_at(jv_get(good, "signatures"), 0),
	    "signer")), key, 32) != 0)
		return (false);
	return (record_act_verify(&copy, log, 0, key));
}

static void
refused_statements(void)
{
	const struct jv *rows = jv_get(st, "negative"), *r, *good, *first;
	struct record_log log;
	struct record_act *a;
	size_t i;

	REQUIRE(jv_len(rows) == 54);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		good = act_named(str(r, "of") != NULL ? str(r, "of") :
		    "warrant approve");
		REQUIRE(good != NULL && (a = act_of(good)) != NULL);
		the_log(&log, a);
		first = jv_at(jv_get(good, "signatures"), 0);
		CHECK(statement_accepted(first, a, &log, good));
		CHECK_ROW(!statement_accepted(r, a, &log, good),
		    str(r, "name"));
		record_act_free(a);
	}
}

static void
act_files(void)
{
	const struct jv *rows = jv_get(st, "act_files"), *r;
	struct record_act_file *f;
	struct record_log log;
	struct cu_why why;
	const char *text;
	struct buf b;
	char *bad;
	size_t i, n, len, lf;

	REQUIRE(jv_len(rows) == 2);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		text = str(r, "file");
		len = str_len(r, "file");
		if (!CHECK_ROW(record_act_file_read(&f, text, len, &why) == 0,
		    why.text))
			continue;
		record_act_file_log(f, &log);
		CHECK_STR(log.genesis, str(st, "genesis_digest"));
		buf_init(&b, RECORD_ACT_FILE_MAX);
		record_act_file_write(&b, f->act, &log, &f->sds);
		CHECK_STR(buf_text(&b), text);
		buf_fini(&b);
		CHECK(f->act->sigs_n > 0 && f->sds.n > 0);
		record_act_file_free(f);
		/* A prefix is a file only if it ends behind a signature's or
		 * the last disclosure's line. */
		for (n = 0, lf = 0; n < len; lf += text[n++] == '\n') {
			f = NULL;
			if (record_act_file_read(&f, text, n, &why) == 0)
				CHECK(text[n - 1] == '\n' && lf >= 2);
			record_act_file_free(f);
		}
		/* A changed payload, or a disclosure of another. */
		REQUIRE((bad = strdup(text)) != NULL);
		f = NULL;
		bad[strcspn(bad, "\n") + 10] ^= 1;
		CHECK(record_act_file_read(&f, bad, len, &why) < 0);
		free(bad);
		CHECK(record_act_file_read(&f, text, RECORD_ACT_FILE_MAX + 1,
		    &why) == CU_ELIMIT);
	}
}

/* One disclosure. */
#define SD	",\"_sd\":[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]"

static void
roles_and_limits(void)
{
	static const struct {
		const char *kind, *verb, *subject, *payload;
		int rc;
	} rows[] = {
		{ "finding", "note", "finding/7", "{\"id\":\"7\"" SD "}", 0 },
		{ "finding", "note", "finding/7", "{\"id\":\"7\"}", 1 },
		{ "finding", "close", "finding/7", "{\"id\":\"7\"}", 1 },
		{ "finding", "note", "finding/7", "{\"id\":\"8\"" SD "}", 1 },
		{ "finding", "note", "finding/07", "{\"id\":\"07\"" SD "}",
		    1 },
		{ "policy", "clock", "policy", "{\"after\":\"12\"}", 0 },
		{ "policy", "clock", "policy", "{\"after\":12}", 1 },
		{ "policy", "clock", "policyx", "{\"after\":\"12\"}", 1 },
		{ "policy", "add", "policy", "{\"after\":\"12\"}", 1 },
		{ "instance", "retire", "instance/a", "{\"id\":\"a\"}", 0 },
		{ "instance", "retire", "instance/a", "{\"id\":\"a\"" SD "}",
		    0 },
		{ "instance", "retire", "instance/a",
		    "{\"id\":\"a\",\"role\":\"gate\"}", 1 },
		{ "instance", "retire", "instances/a", "{\"id\":\"a\"}", 1 },
		{ "instance", "retire", "holder/a", "{\"id\":\"a\"}", 1 },
		{ "instance", "retire", "instance/a", "[\"a\"]", 1 },
		{ "instance", "retire", "instance/a", "", 1 },
		{ "holder", "revoke", "holder/a",
		    "{\"id\":\"a\",\"void_since\":\"007\"}", 1 },
	};
	struct record_payload *p;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = NULL;
		rc = record_payload_read(&p, record_kind_find(rows[i].kind),
		    record_verb_find(rows[i].verb), rows[i].subject,
		    rows[i].payload, strlen(rows[i].payload), NULL);
		CHECK_ROW((rc != 0) == rows[i].rc, rows[i].payload);
		record_payload_free(p);
	}
	CHECK(record_addr_valid("ipv4:192.0.2.10:tcp:42069", 25));
	CHECK(!record_addr_valid("ipv4:192.0.2.010:tcp:1", 22));
	CHECK(!record_addr_valid("ipv4:192.0.2.256:tcp:1", 22));
	CHECK(!record_addr_valid("ipv4:192.0.2.1:tcp:0", 20));
	CHECK(!record_addr_valid("ipv4:192.0.2.1:tcp:65536", 24));
	CHECK(record_addr_valid("ipv4:192.0.2.1:udp:65535", 24));
	CHECK(!record_addr_valid("ipv4:192.0.2.1:sctp:1", 21));
	CHECK(record_addr_valid(
	    "ipv6:2001:0db8:0000:0000:0000:0000:0000:0010:tcp:1", 50));
	CHECK(!record_addr_valid(
	    "ipv6:2001:0DB8:0000:0000:0000:0000:0000:0010:tcp:1", 50));
	CHECK(!record_addr_valid("ipv6:2001:db8::10:tcp:1", 23));
}

static bool
report_accepted(const struct jv *rep, const struct jv *r,
    const struct jv *good)
{
	struct record_report_text text;
	struct record_report want;
	struct record_log log;
	struct record_sig sig;
	uint8_t key[32];
	int64_t n = 0;
	struct buf b;
	bool same;

	want.kind = record_kind_find(str(good, "kind"));
	want.instance = str(good, "instance");
	jv_int(jv_get(good, "start"), &n);
	want.start = (uint64_t)n;
	jv_int(jv_get(good, "number"), &n);
	want.n = (uint64_t)n;
	want.said = str(good, "said");
	want.said_len = str_len(good, "said");
	log.origin = str(rep, "origin");
	log.genesis = str(rep, "genesis_digest");
	if (record_report_read(&text, str(r, "text"), str_len(r, "text"),
	    NULL) != 0)
		return (false);
	buf_init(&b, 4096);
	record_report_text(&b, &want, &log, text.key, text.time);
	same = b.len == str_len(r, "text") &&
	    memcmp(b.p, str(r, "text"), b.len) == 0;
	buf_fini(&b);
	if (!same || jv_bytes(jv_get(r, "signature"), sig.sig, 64) != 0)
		return (false);
	memcpy(sig.key, text.key, sizeof(sig.key));
	sig.time = text.time;
	return (jv_bytes(jv_get(jv_get(rep, "public"), want.instance), key,
	    32) == 0 && record_report_verify(&want, &log, &sig, key));
}

static void
reports(void)
{
	struct jv *rep = vectors("reports.json");
	const struct jv *rows = jv_get(rep, "reports"), *r;
	struct record_report want;
	struct record_log log;
	struct record_sig sig;
	struct sign_key *k;
	struct jw w;
	struct buf b;
	utc_us t = 0;
	int64_t n = 0;
	size_t i;

	REQUIRE(jv_len(rows) == 5);
	log.origin = str(rep, "origin");
	log.genesis = str(rep, "genesis_digest");
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		CHECK(report_accepted(rep, r, r));
		k = signer(str(r, "instance"));
		want.kind = record_kind_find(str(r, "kind"));
		want.instance = str(r, "instance");
		jv_int(jv_get(r, "start"), &n);
		want.start = (uint64_t)n;
		jv_int(jv_get(r, "number"), &n);
		want.n = (uint64_t)n;
		want.said = str(r, "said");
		want.said_len = str_len(r, "said");
		REQUIRE(jv_utc(jv_get(r, "time"), &t) == 0);
		CHECK(record_report_sign(&sig, &want, &log, k, t) == 0);
		buf_init(&b, 1024);
		jw_init(&w, &b);
		record_sig_write(&sig, &w, NULL);
		CHECK_STR(buf_text(&b), str(r, "sig"));
		buf_fini(&b);
		want.n = RECORD_COUNT_MAX + 1;
		CHECK(record_report_sign(&sig, &want, &log, k, t) ==
		    CU_EMALFORMED);
		sign_key_free(k);
	}
	r = jv_at(rows, 0);
	rows = jv_get(rep, "negative");
	REQUIRE(jv_len(rows) == 22);
	for (i = 0; i < jv_len(rows); i++)
		CHECK_ROW(!report_accepted(rep, jv_at(rows, i), r),
		    str(jv_at(rows, i), "name"));
	jv_free(rep);
}

int
main(void)
{
	st = vectors("statements.json");
	CHECK_RUN(spelling);
	CHECK_RUN(display);
	CHECK_RUN(acts);
	CHECK_RUN(payloads_written);
	CHECK_RUN(payloads);
	CHECK_RUN(refused_statements);
	CHECK_RUN(act_files);
	CHECK_RUN(roles_and_limits);
	CHECK_RUN(reports);
	jv_free(st);
	return (check_done());
}
