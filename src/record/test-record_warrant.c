/* src/record/test-record_warrant.c: documents, and revisions opened */
#include <ctype.h>
#include "base/buf.h"
#include "json/jw.h"
#include "record/record_act.h"
#include "record/record_warrant.h"
#include "test-record.h"

/* As a normaliser would: lower case, and no space. */
static int
normal(void *cookie, struct buf *b, const char *kind, const char *value,
    size_t len, struct cu_why *why)
{
	size_t i;

	(*(int *)cookie)++;
	if (strcmp(kind, "nothing") == 0) {
		cu_why_set(why, "kind unknown");
		return (CU_EMALFORMED);
	}
	for (i = 0; i < len; i++) {
		if (value[i] == ' ') {
			cu_why_set(why, "a space");
			return (CU_EMALFORMED);
		}
		buf_ch(b, tolower((unsigned char)value[i]));
	}
	return (b->rc);
}

#define HEAD	"{ \"id\": \"w-1\", \"kind\": \"ordinary\","		\
	"\"authority\": \"Court \\u00e9\", \"reference\": \"12 Gs\","	\
	"\"legal_basis\": \"100a\", \"from\": \"2026-01-02T00:00:00Z\","\
	"\"until\": \"2026-03-31T22:00:00.000001Z\","			\
	"\"scope\": \"iri\", \"liid\": \"LIID-0001\",\n"
#define REST	"\"elements\": [\"ne-1\"], \"deliver_to\": [\"lemf-1\"],"	\
	"\"documents\": [{\"name\": \"a.pdf\", \"sha256\": \"3e6a0c1d"	\
	"4067700d4a1d978430cac2ef75d93e4983fdf814096a5ab0a07d76d5\"}],"
#define TARGETS	"\"targets\": [[{\"kind\":\"imsi\",\"value\":\"001010000000001\"}],"\
	"[{\"kind\":\"tcpPort\",\"value\":\"80\"},"			\
	"{\"kind\":\"sipUri\",\"value\":\"SIP:A@B\"}]]}"

static const uint8_t token_key[32] = { 9 };

static void
one_salt(void *cookie, uint8_t salt[RECORD_SALT_LEN])
{
	memset(salt, ++*(int *)cookie, RECORD_SALT_LEN);
}

/* Read a document with salts and token key that do not change. */
static int
read_doc(struct buf *b, struct record_sds *sds, const char *text,
    struct cu_why *why)
{
	static int salts, calls;

	salts = 0;
	buf_init(b, RECORD_PAYLOAD_MAX);
	record_sds_init(sds);
	sds->salt = one_salt;
	sds->cookie = &salts;
	return (record_warrant_doc(b, sds, text, strlen(text), normal, &calls,
	    token_key, why));
}

static void
document(void)
{
	struct record_opened *o = NULL;
	struct record_payload *p = NULL;
	struct record_sds sds, again_sds;
	struct buf b, again;
	struct cu_why why;
	int calls = 0;

	if (!CHECK_ROW(read_doc(&b, &sds, HEAD REST TARGETS, &why) == 0,
	    why.text))
		return;
	CHECK(strncmp(buf_text(&b), "{\"id\":\"w-1\",\"revision\":1,"
	    "\"supersedes\":null,\"kind\":\"ordinary\","
	    "\"from\":\"2026-01-02T00:00:00.000000Z\","
	    "\"until\":\"2026-03-31T22:00:00.000001Z\",\"scope\":\"iri\","
	    "\"services\":[],\"elements\":[\"ne-1\"],\"zones\":[],"
	    "\"deliver_to\":[\"lemf-1\"],\"sets\":[[", 220) == 0);
	CHECK(sds.n == 7);
	REQUIRE(record_payload_read(&p, RECORD_WARRANT, RECORD_SUBMIT,
	    "warrant/w-1", buf_text(&b), b.len, &why) == 0);
	CHECK(p->warrant.sets.n == 2 && p->warrant.sets.len[1] == 2);
	CHECK(record_payload_open(p, &sds, &why) == 0);
	REQUIRE(record_warrant_open(&o, p, &sds, true, normal, &calls,
	    &why) == 0);
	CHECK(calls == 3);
	CHECK_STR(o->authority, "Court é");
	CHECK_STR(o->liid, "LIID-0001");
	CHECK(o->documents_n == 1);
	CHECK_STR(o->document[0].name, "a.pdf");
	CHECK_STR(o->target[0].kind, "imsi");
	CHECK_STR(o->target[1].kind, "sipUri");
	CHECK_STR(o->target[1].value, "sip:a@b");
	CHECK_STR(o->target[2].kind, "tcpPort");
	CHECK_MEM(o->token_key, token_key, 32);
	record_opened_free(o);
	/* The same salts and key: the same bytes; drawn ones: others. */
	CHECK(read_doc(&again, &again_sds, HEAD REST TARGETS, &why) == 0);
	CHECK_STR(buf_text(&again), buf_text(&b));
	record_sds_fini(&again_sds);
	buf_reset(&again);
	record_sds_init(&again_sds);
	CHECK(record_warrant_doc(&again, &again_sds, HEAD REST TARGETS,
	    strlen(HEAD REST TARGETS), normal, &calls, NULL, &why) == 0);
	CHECK(again.len == b.len && memcmp(again.p, b.p, b.len) != 0);
	record_sds_fini(&again_sds);
	buf_fini(&again);
	record_sds_fini(&sds);
	record_payload_free(p);
	buf_fini(&b);
}

/* What is wrong with a document is said with the member's name. */
static void
refused_documents(void)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "", "not JSON" }, { "[]", "object" },
		{ HEAD REST "\"targets\":[]}", "targets" },
		{ HEAD REST "\"targets\":[[]]}", "targets: set 1" },
		{ HEAD REST "\"targets\":[[{\"kind\":\"imsi\"}]]}",
		    "targets: set 1, member 1: value" },
		{ HEAD REST "\"targets\":[[{\"kind\":\"imsi\",\"value\":"
		    "\"1 2\"}]]}", "set 1, member 1: a space" },
		{ HEAD REST "\"targets\":[[{\"kind\":\"nothing\",\"value\":"
		    "\"12\"}]]}", "kind unknown" },
		{ HEAD REST "\"targets\":[[{\"kind\":\"imsi\",\"value\":\"1\"},"
		    "{\"kind\":\"imsi\",\"value\":\"1\"}]]}", "twice" },
		{ HEAD REST "\"targets\":[[{\"kind\":\"imsi\",\"value\":"
		    "\"1\"}],[{\"kind\":\"imsi\",\"value\":\"1\"}]]}",
		    "set 2 stands twice" },
		{ HEAD TARGETS, "elements" },
		{ HEAD "\"elements\":[\"a b\"]," TARGETS, "elements" },
		{ HEAD "\"elements\":[\"a\",\"a\"]," TARGETS, "elements" },
		{ HEAD REST "\"revision\":2," TARGETS, "supersedes" },
		{ HEAD REST "\"supersedes\":\"x\"," TARGETS, "supersedes" },
		{ HEAD REST "\"revision\":0," TARGETS, "revision" },
		{ HEAD REST "\"issued\":\"x\"," TARGETS, "issued" },
		{ HEAD REST "\"id\":\"w-2\"," TARGETS, "twice" },
		{ HEAD REST "\"services\":\"voice\"," TARGETS, "services" },
		{ HEAD "\"elements\":[\"a\"],\"documents\":[{\"name\":\"x\","
		    "\"sha256\":\"00\"}]," TARGETS, "documents" },
		{ "{\"id\":\"w 1\"}", "missing" },
	};
	struct record_sds sds;
	struct cu_why why;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		why.text[0] = '\0';
		CHECK_ROW(read_doc(&b, &sds, rows[i].text, &why) < 0,
		    rows[i].text);
		if (!CHECK_ROW(strstr(why.text, rows[i].says) != NULL,
		    rows[i].text))
			printf("# %s\n", why.text);
		CHECK(b.len == 0);
		record_sds_fini(&sds);
		buf_fini(&b);
	}
}

/* 64 sets of 8 are the 512 that a warrant can have; one more is refused. */
static void
limits(void)
{
	struct record_sds sds;
	struct cu_why why;
	struct buf doc, b;
	size_t i, k, extra;

	for (extra = 0; extra < 2; extra++) {
		buf_init(&doc, 1 << 20);
		buf_str(&doc, HEAD REST "\"targets\":[");
		for (i = 0; i < 64; i++) {
			buf_str(&doc, i > 0 ? ",[" : "[");
			for (k = 0; k < 8 + (i == 63 ? extra : 0); k++)
				buf_printf(&doc, "%s{\"kind\":\"imsi\","
				    "\"value\":\"%zu\"}", k > 0 ? "," : "",
				    100 * i + k);
			buf_ch(&doc, ']');
		}
		buf_str(&doc, "]}");
		if (!CHECK((read_doc(&b, &sds, buf_text(&doc), &why) == 0) ==
		    (extra == 0)))
			printf("# %s\n", why.text);
		record_sds_fini(&sds);
		buf_fini(&b);
		buf_fini(&doc);
	}
}

/* The vectors' revisions are honest; with anything changed they are not. */
static void
opened(void)
{
	struct jv *st = vectors("statements.json");
	const struct jv *acts = jv_get(st, "acts"), *a, *d;
	struct record_payload *p;
	struct record_opened *o;
	struct record_sds sds, some;
	struct cu_why why;
	size_t i, k, seen = 0;
	uint8_t other;
	int rc;

	for (i = 0; i < jv_len(acts); i++) {
		a = jv_at(acts, i);
		REQUIRE(record_payload_read(&p,
		    record_kind_find(str(a, "kind")),
		    record_verb_find(str(a, "verb")), str(a, "subject"),
		    str(a, "payload"), str_len(a, "payload"), &why) == 0);
		record_sds_init(&sds);
		record_sds_init(&some);
		for (k = 0; k < jv_len(jv_get(a, "disclosures")); k++) {
			d = jv_at(jv_get(a, "disclosures"), k);
			REQUIRE(record_sds_take(&sds, str(d, "text"),
			    str_len(d, "text")) == 0);
			if (strstr(str(d, "json"), "\"targets\"") != NULL ||
			    strstr(str(d, "json"), "\"token_key\"") != NULL)
				REQUIRE(record_sds_take(&some, str(d, "text"),
				    str_len(d, "text")) == 0);
		}
		REQUIRE(record_sds_sort(&sds) == 0);
		if (!CHECK_ROW(record_payload_open(p, &sds, &why) == 0,
		    why.text))
			printf("# %s\n", str(a, "name"));
		if (p->kind == RECORD_WARRANT && p->verb == RECORD_SUBMIT) {
			seen++;
			rc = record_warrant_open(&o, p, &sds, true, NULL, NULL,
			    &why);
			if (CHECK_ROW(rc == 0, why.text))
				record_opened_free(o);
			rc = record_warrant_open(&o, p, &some, false, NULL,
			    NULL, &why);
			if (CHECK_ROW(rc == 0, why.text))
				record_opened_free(o);
			CHECK(record_warrant_open(&o, p, &some, true, NULL,
			    NULL, &why) < 0);
			/* A token of another target. */
			other = p->warrant.sets.token[0].b[5] ^= 1;
			CHECK(record_warrant_open(&o, p, &some, false, NULL,
			    NULL, &why) == CU_EMALFORMED);
			p->warrant.sets.token[0].b[5] = other ^ 1;
			/* A disclosure that is not listed. */
			p->sd[0][0] ^= 1;
			CHECK(record_warrant_open(&o, p, &sds, false, NULL,
			    NULL, &why) == CU_EMALFORMED);
		}
		record_sds_fini(&sds);
		record_sds_fini(&some);
		record_payload_free(p);
	}
	CHECK(seen == 2);
	jv_free(st);
}

static void
order_of_set_text(void)
{
	struct jv *v = vectors("tokens.json");
	const struct jv *rows = jv_get(v, "sets"), *m;
	struct record_target t[16];
	const char *text, *eq;
	size_t i, k, n;

	for (i = 0; i < jv_len(rows); i++) {
		m = jv_get(jv_at(rows, i), "members");
		for (k = 0; k < jv_len(m); k++) {
			t[k].kind = jv_str(jv_at(jv_at(m, k), 0), &n);
			t[k].value = jv_str(jv_at(jv_at(m, k), 1), &n);
		}
		CHECK(record_set_sort(t, jv_len(m)) == 0);
		text = str(jv_at(rows, i), "set_text");
		for (k = 0; k < jv_len(m); k++) {
			REQUIRE((eq = strchr(text, '=')) != NULL);
			CHECK(strlen(t[k].kind) == (size_t)(eq - text) &&
			    strncmp(t[k].kind, text, strlen(t[k].kind)) == 0);
			text = strchr(text, '\n') + 1;
		}
	}
	/* Escaped, `;` comes before `-`; and the end before anything. */
	t[0] = (struct record_target){ "a", "x-" };
	t[1] = (struct record_target){ "a", "x;" };
	t[2] = (struct record_target){ "a", "x" };
	t[3] = (struct record_target){ "a1", "x" };
	t[4] = (struct record_target){ "a", "x\xc3\xa9" };
	CHECK(record_set_sort(t, 5) == 0);
	CHECK_STR(t[0].kind, "a1");
	CHECK_STR(t[1].value, "x");
	CHECK_STR(t[2].value, "x;");
	CHECK_STR(t[3].value, "x\xc3\xa9");
	CHECK_STR(t[4].value, "x-");
	t[0] = t[4];
	CHECK(record_set_sort(t, 5) == CU_EMALFORMED);
	jv_free(v);
}

int
main(void)
{
	CHECK_RUN(document);
	CHECK_RUN(refused_documents);
	CHECK_RUN(limits);
	CHECK_RUN(opened);
	CHECK_RUN(order_of_set_text);
	return (check_done());
}
