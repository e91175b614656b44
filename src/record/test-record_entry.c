/* src/record/test-record_entry.c: entries read, written, cut and bent */
#include "base/buf.h"
#include "json/jw.h"
#include "record/record_entry.h"
#include "record/record_genesis.h"
#include "record/record_payload.h"
#include "record/record_report.h"
#include "test-record.h"

#define UUID	"\"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01\""
#define B32	"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define TIME	"\"2026-01-02T03:20:00.000006Z\""
#define COMMAND	"\"requester\":\"admf-1\",\"certificate\":" B32 ","	\
	"\"bound\":\"urn\",\"admf\":\"admf-1\",\"ne\":\"ne-1\","	\
	"\"element\":\"4\",\"type\":\"ActivateTask\","			\
	"\"transaction\":" UUID ",\"stamp\":" TIME ","			\
	"\"version\":\"v1.13.1\",\"xid\":" UUID ",\"dids\":[" UUID "],"	\
	"\"product\":null,\"correlation\":null,\"implicit\":false,"	\
	"\"delivery\":\"X2Only\",\"services\":null,\"mediation\":0,"	\
	"\"leniencies\":[\"stamp\"],\"form\":null,\"size\":\"7\""
#define ITEM	"{\"type\":\"task\",\"id\":" UUID ",\"line\":" B32	\
	",\"why\":null,\"n\":\"0\",\"last\":null}"
#define SNAPSHOT "\"element\":\"4\",\"question\":\"7\",\"asked\":" TIME	\
	",\"answered\":" TIME ",\"complete\":true,\"error\":null,"	\
	"\"certificate\":" B32 ",\"base\":null,\"part\":1,\"parts\":1,"	\
	"\"items\":[" ITEM "],\"gone\":[]"
#define OUTCOME	"\"command\":\"7\",\"what\":\"sent\",\"why\":null,"	\
	"\"mine\":null,\"sent_at\":" TIME ",\"answered_at\":" TIME ","	\
	"\"answer\":\"AcknowledgedAndCompleted\",\"code\":null,"	\
	"\"http\":200,\"certificate\":" B32 ",\"checkpoint\":\"8\""
#define REPORT	"\"element\":\"4\",\"certificate\":" B32 ","		\
	"\"bound\":\"cn\",\"ne\":\"ne-1\",\"admf\":null,"		\
	"\"type\":\"ReportTaskIssue\",\"transaction\":" UUID ","	\
	"\"stamp\":" TIME ",\"version\":\"v1\",\"xid\":" UUID ","	\
	"\"did\":null,\"issue\":\"AllClear\",\"code\":null,"		\
	"\"leniencies\":[],\"size\":\"7\""
#define ROW	"[\"4\",\"9\",\"12\"," TIME "," TIME ",3]"
#define BEAT	"\"size\":\"8\",\"root\":" B32 ",\"spool\":0,"		\
	"\"tls_refused\":0,\"refused\":0,\"spool_failed\":false"

/* What processes say: the members of entries.md, and one thing wrong. */
static void
said(void)
{
	static const struct {
		enum record_kind kind;
		enum record_role role;
		const char *said;
		bool good;
	} rows[] = {
		{ RECORD_COMMAND, RECORD_ROLE_GATE, "{" COMMAND "}", true },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"void\":[3,4],\"last\":0}", true },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"_sd\":[" B32 "]}", true },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"_sd\":[]}", false },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"void\":[]}", false },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"target\":\"x\"}", false },
		{ RECORD_COMMAND, RECORD_ROLE_AUDITOR, "{" COMMAND "}",
		    false },
		{ RECORD_COMMAND, RECORD_ROLE_KEEPER, "{" COMMAND "}", false },
		{ RECORD_LATE, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"request\":7}", true },
		{ RECORD_LATE, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"request\":null}", true },
		{ RECORD_LATE, RECORD_ROLE_GATE, "{" COMMAND "}", false },
		{ RECORD_COMMAND, RECORD_ROLE_GATE,
		    "{" COMMAND ",\"request\":7}", false },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE, "{" OUTCOME "}", true },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE,
		    "{" OUTCOME ",\"x\":1}", false },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE,
		    "{" OUTCOME ",\"leniencies\":[\"stamp\"]}", true },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE,
		    "{" OUTCOME ",\"leniencies\":[]}", false },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE,
		    "{" OUTCOME ",\"leniencies\":null}", false },
		{ RECORD_REPORT, RECORD_ROLE_GATE, "{" REPORT "}", true },
		{ RECORD_SNAPSHOT, RECORD_ROLE_AUDITOR, "{" SNAPSHOT "}",
		    true },
		{ RECORD_SNAPSHOT, RECORD_ROLE_AUDITOR,
		    "{" SNAPSHOT ",\"leniencies\":[\"a\",\"stamp\"]}", true },
		{ RECORD_SNAPSHOT, RECORD_ROLE_AUDITOR,
		    "{" SNAPSHOT ",\"leniencies\":[\"stamp\",\"a\"]}", false },
		{ RECORD_SNAPSHOT, RECORD_ROLE_AUDITOR,
		    "{" SNAPSHOT ",\"leniencies\":[]}", false },
		{ RECORD_SNAPSHOT, RECORD_ROLE_GATE, "{" SNAPSHOT "}", false },
		{ RECORD_ROUND, RECORD_ROLE_AUDITOR,
		    "{\"rows\":[" ROW "," ROW "]}", true },
		{ RECORD_ROUND, RECORD_ROLE_AUDITOR, "{\"rows\":[]}", false },
		{ RECORD_ROUND, RECORD_ROLE_AUDITOR,
		    "{\"rows\":[[\"4\",\"9\"]]}", false },
		{ RECORD_BEAT, RECORD_ROLE_GATE, "{" BEAT "}", true },
		{ RECORD_BEAT, RECORD_ROLE_AUDITOR, "{" BEAT "}", true },
		{ RECORD_BEAT, RECORD_ROLE_GATE, "{" BEAT ", \"last\":1}",
		    false },
		{ RECORD_STOP, RECORD_ROLE_GATE, "{\"size\":\"8\"}", true },
		{ RECORD_STOP, RECORD_ROLE_GATE, "{\"size\":8}", false },
		{ RECORD_STOP, RECORD_ROLE_GATE, "[\"8\"]", false },
		{ RECORD_START, RECORD_ROLE_GATE, "{\"version\":\"0.1.0\","
		    "\"build\":\"x\",\"config\":" B32 ",\"size\":\"0\","
		    "\"spool\":null,\"last\":0}", true },
		{ RECORD_WARRANT, RECORD_ROLE_GATE, "{}", false },
		{ RECORD_FINDING, RECORD_ROLE_GATE, "{}", false },
	};
	struct cu_why why;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!CHECK_ROW((record_said_check(rows[i].kind, rows[i].role,
		    rows[i].said, strlen(rows[i].said), NULL, &why) == 0) ==
		    rows[i].good, rows[i].said))
			printf("# %s\n", why.text);
}

/* Every member is needed, and none may have another type. */
static void
every_member(void)
{
	static const struct {
		enum record_kind kind;
		enum record_role role;
		const char *said;
	} rows[] = {
		{ RECORD_COMMAND, RECORD_ROLE_GATE, "{" COMMAND "}" },
		{ RECORD_OUTCOME, RECORD_ROLE_GATE, "{" OUTCOME "}" },
		{ RECORD_REPORT, RECORD_ROLE_GATE, "{" REPORT "}" },
		{ RECORD_SNAPSHOT, RECORD_ROLE_AUDITOR, "{" SNAPSHOT "}" },
		{ RECORD_BEAT, RECORD_ROLE_GATE, "{" BEAT "}" },
	};
	const struct jv *x;
	const char *key, *next, *at, *end;
	char bent[2048], name[64], after[64];
	struct cu_why why;
	struct jv *v;
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		REQUIRE(jv_parse(&v, rows[i].said, strlen(rows[i].said),
		    NULL) == 0);
		for (k = 0; (key = jv_key_at(v, k, &x)) != NULL; k++) {
			snprintf(name, sizeof(name), "\"%s\":", key);
			REQUIRE((at = strstr(rows[i].said, name)) != NULL);
			/* Renamed: one missing, one unknown. */
			snprintf(bent, sizeof(bent), "%.*s\"z%s",
			    (int)(at - rows[i].said), rows[i].said, at + 1);
			CHECK_ROW(record_said_check(rows[i].kind,
			    rows[i].role, bent, strlen(bent), NULL, NULL) ==
			    CU_EMALFORMED, key);
			/* An object in its place, the rest as it was. */
			next = jv_key_at(v, k + 1, &x);
			if (next != NULL)
				snprintf(after, sizeof(after), ",\"%s\":",
				    next);
			end = next != NULL ? strstr(at, after) :
			    rows[i].said + strlen(rows[i].said) - 1;
			REQUIRE(end != NULL);
			snprintf(bent, sizeof(bent), "%.*s%s{}%s",
			    (int)(at - rows[i].said), rows[i].said, name, end);
			CHECK_ROW(record_said_check(rows[i].kind,
			    rows[i].role, bent, strlen(bent), NULL, &why) ==
			    CU_EMALFORMED, key);
			CHECK_ROW(strstr(why.text, key) != NULL, why.text);
		}
		jv_free(v);
	}
}

/* Journal `one` holds whole acts with seals: read, written, the same bytes. */
static void
vectors_round_trip(void)
{
	struct jv *j = vectors("journal.json");
	const struct jv *batches = jv_get(jv_get(j, "one"), "batches");
	const struct jv *frames, *f;
	struct record_entry_parts parts;
	struct record_entry *e;
	size_t b, i, n, entries = 0, sealed = 0;
	struct cu_why why;
	struct buf out;

	for (b = 0; b < jv_len(batches); b++) {
		frames = jv_get(jv_at(batches, b), "frames");
		for (i = 0; i < jv_len(frames); i++) {
			f = jv_at(frames, i);
			if (!jv_streq(jv_get(f, "kind"), "E"))
				continue;
			e = NULL;
			if (!CHECK_ROW(record_entry_read(&e, str(f, "payload"),
			    str_len(f, "payload"), &why) == 0, why.text))
				continue;
			memset(&parts, 0, sizeof(parts));
			parts.kind = e->kind;
			parts.time = e->time;
			memcpy(parts.nonce, e->nonce, RECORD_NONCE_LEN);
			parts.source = e->source;
			parts.act = e->act;
			parts.sealed = e->sealed;
			parts.sealed_n = e->sd_n;
			buf_init(&out, RECORD_ENTRY_MAX);
			CHECK(record_entry_write(&out, &parts, &why) == 0);
			CHECK_STR(buf_text(&out), str(f, "payload"));
			buf_fini(&out);
			entries++;
			sealed += e->sd_n;
			record_entry_free(e);
			for (n = 0; n < str_len(f, "payload"); n++)
				CHECK(record_entry_read(&e, str(f, "payload"),
				    n, NULL) == CU_EMALFORMED);
		}
	}
	CHECK(entries == 7 && sealed > 0);
	jv_free(j);
}

static void
genesis(void)
{
	struct jv *v = vectors("statements.json");
	const char *line = str(v, "genesis_entry"), *at;
	struct record_payload *p = NULL;
	struct cu_why why;
	char hex[65], *bent;

	REQUIRE(record_genesis_read(&p, hex, line, strlen(line), &why) == 0);
	CHECK_STR(hex, str(v, "genesis_digest"));
	CHECK(p->genesis.quorum == 2 && p->genesis.overseers_n == 2);
	CHECK(p->genesis.rules.v[RECORD_RULE_CLOCK_SKEW] == 5000);
	record_payload_free(p);
	p = NULL;
	/* One signature less; one bit of another. */
	REQUIRE((bent = strdup(line)) != NULL);
	REQUIRE((at = strstr(line, "},{\"key\":\"0ff3175f")) != NULL);
	strcpy(bent + (at - line), "}]}}");
	CHECK(record_genesis_read(&p, hex, bent, strlen(bent), &why) < 0);
	strcpy(bent, line);
	bent[strstr(line, "\"sig\":\"") - line + 9] ^= 1;
	CHECK(record_genesis_read(&p, hex, bent, strlen(bent), &why) < 0);
	CHECK(p == NULL);
	free(bent);
	jv_free(v);
}

static void
common(struct record_entry_parts *p, enum record_kind kind,
    enum record_role role)
{
	memset(p, 0, sizeof(*p));
	p->kind = kind;
	p->time = utc_from_civil(2026, 1, 2, 3, 20, 0, 7);
	p->source.role = role;
	snprintf(p->source.instance, sizeof(p->source.instance), "i-1");
	p->source.start = p->source.n = 1;
	memset(p->sig.key, '0', RECORD_KEY_ID_LEN);
}

/* A decided command: signed by the gate, the keeper's members behind it. */
static void
reported(void)
{
	static const char text[] = "{" COMMAND "}";
	static const char *const own[] = {
		"\"decision\":\"allowed\",\"rule\":\"task.covered\","
		    "\"covers\":[[\"w-1\"," B32 ",[" B32 "]]],\"line\":" B32,
		"\"decision\":\"refused\",\"rule\":\"task.uncovered\"",
	};
	static const char *const bad[] = {
		"\"decision\":\"allowed\"",
		"\"decision\":\"maybe\",\"rule\":\"x\"",
		"\"decision\":\"refused\",\"rule\":\"x\",\"line\":" B32,
		"\"decision\":\"allowed\",\"rule\":\"x\",\"covers\":[[\"w\","
		    B32 ",[]]]",
		"\"decision\":\"allowed\",\"rule\":\"x\",\"covers\":[[\"w\","
		    B32 ",[" B32 "," B32 "]]]",
		"\"decision\":\"allowed\",\"rule\":\"x\",\"to\":4",
		"\"decision\":\"allowed\",\"rule\":\"x\",\"more\":1",
		"\"decision\":\"allowed\",\"rule\":\"x\",\"_sd\":[" B32 "]",
	};
	struct record_log log = { "o", "0000000000000000000000000000000000000"
	    "000000000000000000000000000" };
	struct record_entry_parts p;
	struct record_report r;
	struct record_entry *e;
	struct sign_key *k;
	uint8_t seed[32] = { 7 };
	struct cu_why why;
	struct buf b;
	size_t i;

	REQUIRE(sign_key_create(&k, seed) == 0);
	common(&p, RECORD_COMMAND, RECORD_ROLE_GATE);
	p.said = text;
	p.said_len = strlen(text);
	r.kind = p.kind;
	r.instance = p.source.instance;
	r.start = r.n = 1;
	r.said = text;
	r.said_len = p.said_len;
	REQUIRE(record_report_sign(&p.sig, &r, &log, k, p.time) == 0);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		p.own = own[i];
		p.own_len = strlen(own[i]);
		buf_init(&b, RECORD_ENTRY_MAX);
		if (!CHECK_ROW(record_entry_write(&b, &p, &why) == 0,
		    why.text))
			continue;
		REQUIRE(record_entry_read(&e, b.p, b.len, &why) == 0);
		record_entry_report(e, &r);
		CHECK(record_report_verify(&r, &log, &e->sig,
		    sign_key_public(k)));
		CHECK(jv_get(e->own, "decision") != NULL);
		CHECK(jv_streq(jv_get(e->said_v, "type"), "ActivateTask"));
		record_entry_free(e);
		buf_fini(&b);
	}
	buf_init(&b, RECORD_ENTRY_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.own = bad[i];
		p.own_len = strlen(bad[i]);
		CHECK_ROW(record_entry_write(&b, &p, &why) == CU_EMALFORMED,
		    bad[i]);
		CHECK(b.len == 0);
	}
	/* Another process's word, or no keeper's members at all. */
	p.own_len = 0;
	CHECK(record_entry_write(&b, &p, &why) == CU_EMALFORMED);
	p.own = own[1];
	p.own_len = strlen(own[1]);
	p.source.role = RECORD_ROLE_AUDITOR;
	CHECK(record_entry_write(&b, &p, &why) == CU_EMALFORMED);
	buf_fini(&b);
	sign_key_free(k);
}

static void
the_keepers_own(void)
{
	static const struct {
		enum record_kind kind;
		const char *own;
		bool good;
	} rows[] = {
		{ RECORD_BEAT, "", true }, { RECORD_STOP, "", true },
		{ RECORD_START, "", false },
		{ RECORD_START, "\"version\":\"0.1.0\",\"build\":\"b\","
		    "\"config\":" B32 ",\"recovered\":\"7\",\"dropped\":\"0\"",
		    true },
		{ RECORD_BEAT, "\"size\":\"1\"", false },
		{ RECORD_COMMAND, "\"decision\":\"refused\",\"rule\":\"x\"",
		    false },
		{ RECORD_WARRANT, "", false }, { RECORD_GENESIS, "", false },
		{ RECORD_FINDING, "\"verb\":\"open\",\"finding\":null,"
		    "\"type\":\"task.unknown\",\"severity\":\"critical\","
		    "\"element\":\"4\",\"instance\":null,\"holder\":null,"
		    "\"xid\":" UUID ",\"did\":null,\"rests\":[\"9\",\"4\"],"
		    "\"word\":null", true },
		{ RECORD_FINDING, "\"verb\":\"open\",\"finding\":\"3\","
		    "\"type\":\"task.unknown\",\"severity\":\"critical\","
		    "\"element\":\"4\",\"instance\":null,\"holder\":null,"
		    "\"xid\":" UUID ",\"did\":null,\"rests\":[\"9\"],"
		    "\"word\":null", false },
	};
	struct record_entry_parts p;
	struct record_sealed row = { { 1 }, "", { 2 } };
	struct cu_why why;
	struct buf b;
	size_t i;
	char own[512];

	memset(row.key, 'a', RECORD_SEAL_ID_LEN);
	buf_init(&b, RECORD_ENTRY_MAX);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		common(&p, rows[i].kind, RECORD_ROLE_KEEPER);
		p.own = rows[i].own;
		p.own_len = strlen(rows[i].own);
		buf_reset(&b);
		CHECK_ROW((record_entry_write(&b, &p, &why) == 0) ==
		    rows[i].good, rows[i].own);
	}
	/* A sealed detail: the row stands where `_sd` has its digest. */
	snprintf(own, sizeof(own), "%s,\"_sd\":[\"AQAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAA\"]", rows[8].own);
	common(&p, RECORD_FINDING, RECORD_ROLE_KEEPER);
	p.own = own;
	p.own_len = strlen(own);
	buf_reset(&b);
	CHECK(record_entry_write(&b, &p, &why) == CU_EMALFORMED);
	p.sealed = &row;
	p.sealed_n = 1;
	CHECK(record_entry_write(&b, &p, &why) == 0);
	row.digest[1] = 1;
	CHECK(record_entry_write(&b, &p, &why) == CU_EMALFORMED);
	buf_fini(&b);
}

/* 65,535 bytes and one more; a payload of 49,152 and one more. */
static void
limits(void)
{
	struct record_entry *e;
	struct buf b, text;
	struct cu_why why;
	size_t i;
	int rc;

	buf_init(&b, 2 * RECORD_PAYLOAD_MAX);
	buf_str(&b, "{\"size\":\"1\",\"void\":[1");
	for (i = 0; i < RECORD_VOID_MAX - 1; i++)
		buf_str(&b, ",1");
	buf_str(&b, "]}");
	CHECK(record_said_check(RECORD_STOP, RECORD_ROLE_GATE, buf_text(&b),
	    b.len, NULL, &why) == 0);
	b.len -= 2;
	buf_str(&b, ",1]}");
	CHECK(record_said_check(RECORD_STOP, RECORD_ROLE_GATE, buf_text(&b),
	    b.len, NULL, &why) == CU_EMALFORMED);
	buf_init(&text, 2 * RECORD_ENTRY_MAX);
	buf_fill(&text, ' ', RECORD_PAYLOAD_MAX + 1);
	CHECK(record_said_check(RECORD_STOP, RECORD_ROLE_GATE,
	    buf_text(&text), text.len, NULL, &why) == CU_ELIMIT);
	CHECK(record_said_check(RECORD_STOP, RECORD_ROLE_GATE,
	    buf_text(&text), text.len - 1, NULL, &why) == CU_EMALFORMED);
	buf_fill(&text, ' ', RECORD_ENTRY_MAX - text.len);
	rc = record_entry_read(&e, text.p, text.len, &why);
	CHECK(rc == CU_EMALFORMED);
	buf_ch(&text, ' ');
	rc = record_entry_read(&e, text.p, text.len, &why);
	CHECK(rc == CU_ELIMIT);
	buf_fini(&b);
	buf_fini(&text);
}

int
main(void)
{
	CHECK_RUN(said);
	CHECK_RUN(every_member);
	CHECK_RUN(vectors_round_trip);
	CHECK_RUN(genesis);
	CHECK_RUN(reported);
	CHECK_RUN(the_keepers_own);
	CHECK_RUN(limits);
	return (check_done());
}
