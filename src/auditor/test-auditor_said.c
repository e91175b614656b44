/* src/auditor/test-auditor_said.c: reports have the form that entries have */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_said.h"
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_sd.h"

#define WHEN	INT64_C(1767323045000000)

static struct buf members, said;
static struct record_sds sds;
static struct jv *v;
static struct auditor_rows rows;
static struct auditor_objects objects;
static struct auditor_diff diff;

static void
start(void)
{
	buf_init(&members, 1 << 20);
	buf_init(&said, 1 << 20);
	record_sds_init(&sds);
	v = NULL;
}

static void
again(void)
{
	buf_reset(&members);
	buf_reset(&said);
	record_sds_fini(&sds);
	record_sds_init(&sds);
	jv_free(v);
	v = NULL;
}

static void
stop(void)
{
	again();
	buf_fini(&members);
	buf_fini(&said);
	record_sds_fini(&sds);
	auditor_rows_fini(&rows);
	auditor_objects_fini(&objects);
	auditor_diff_fini(&diff);
}

/* Complete what is in members and check it as an entry's reader does. */
static int
check_said(enum record_kind kind)
{
	struct cu_why why = { "" };
	int rc;

	auditor_said_end(&said, members.p, members.len, NULL, 0, NULL, &sds);
	rc = record_said_check(kind, RECORD_ROLE_AUDITOR, (char *)said.p,
	    said.len, &v, &why);
	if (rc != 0)
		printf("# %s: %.200s\n", why.text, buf_text(&said));
	return (rc);
}

static int
token(void *cookie, bool task, const char *id, const void *line, size_t len,
    uint8_t out[DIGEST_LEN])
{
	digest(out, line, len);
	return (0);
}

/* ${n} tasks with lines, all of them counted. */
static void
make(size_t n)
{
	struct auditor_object *o;
	size_t i;

	objects.v = calloc(n, sizeof(*objects.v));
	objects.n = n;
	for (i = 0; i < n; i++) {
		o = &objects.v[i];
		o->task = i % 2 == 0;
		snprintf(o->id, sizeof(o->id),
		    "b7c5b1c0-6a1e-4f0e-9d2a-%012zx", i);
		o->line = strdup("task and so on");
		o->line_len = strlen(o->line);
		o->n.present = true;
		o->n.v = UINT64_MAX;
		o->last = WHEN;
	}
	if (auditor_rows_make(&rows, &objects, &rows, token, NULL) != 0 ||
	    auditor_diff_make(&diff, &rows, NULL) != 0)
		abort();
}

static struct auditor_question question = { .element = 7, .index = 41,
    .asked = WHEN, .answered = WHEN + 5, .base = 12 };

static void
parts(void)
{
	struct auditor_question q = question;
	const struct jv *items, *it;
	struct record_sd sd;
	char bytes[64];
	size_t i;

	start();
	make(300);
	CHECK(auditor_said_parts(&diff) == 3);
	q.leniencies = X1_DIALECT_STAMP;
	for (i = 1; i <= 3; i++) {
		again();
		CHECK(auditor_said_part(&members, &sds, &q, &rows,
		    &objects, &diff, (unsigned int)i) == 0);
		REQUIRE(check_said(RECORD_SNAPSHOT) == 0);
		items = jv_get(v, "items");
		CHECK(jv_len(items) == (i < 3 ? 128U : 44U));
		CHECK(jv_len(jv_get(v, "_sd")) == jv_len(items));
		CHECK(jv_is(jv_get(v, "base"), JV_NULL));
		CHECK(jv_len(jv_get(v, "leniencies")) == (i == 1));
		/* Room for the keeper's members, escapes and seals. */
		CHECK(said.len + 24 * jv_len(items) + 140 * jv_len(items) <
		    RECORD_ENTRY_MAX - 1500);
	}
	CHECK(strstr(buf_text(&said), "leniencies") == NULL);
	it = jv_at(items, 43);
	CHECK(jv_streq(jv_get(it, "id"), objects.v[299].id));
	CHECK(jv_streq(jv_get(it, "type"), "destination"));
	text_b64url(bytes, rows.v[299].mark, DIGEST_LEN);
	CHECK(jv_streq(jv_get(it, "line"), bytes));
	CHECK(jv_streq(jv_get(it, "n"), "18446744073709551615"));
	CHECK(jv_streq(jv_get(it, "last"), "2026-01-02T03:04:05.000000Z"));
	REQUIRE(record_sd_read(&sd, sds.row[0].text, sds.row[0].len, NULL) ==
	    0);
	CHECK_STR(sd.name, "item");
	CHECK(jv_len(sd.value) == 2);
	CHECK(jv_streq(jv_at(sd.value, 1), "task and so on"));
	record_sd_fini(&sd);
	stop();
}

static void
lacks_and_gone(void)
{
	const struct auditor_row *gone[2];
	struct auditor_row was[2] = { { .id =
	    "00000000-0000-4000-8000-000000000001", .task = true }, { .id =
	    "00000000-0000-4000-8000-000000000002" } };
	struct record_sd sd;

	start();
	make(2);
	rows.v[0].lack = AUDITOR_LACK_UNBOUND;
	objects.v[0].kept = (uint8_t *)strdup("<a>\xc3\xa9</a>");
	objects.v[0].kept_len = 9;
	rows.v[1].lack = AUDITOR_LACK_FORM;
	rows.v[1].n.present = false;
	rows.v[1].last = LI_TIME_NONE;
	diff.all = false;
	gone[0] = &was[0];
	gone[1] = &was[1];
	free(diff.gone);
	diff.gone = calloc(2, sizeof(*diff.gone));
	memcpy(diff.gone, gone, sizeof(gone));
	diff.gone_n = 2;
	CHECK(auditor_said_part(&members, &sds, &question, &rows, &objects,
	    &diff, 1) == 0);
	REQUIRE(check_said(RECORD_SNAPSHOT) == 0);
	CHECK(jv_len(jv_get(v, "gone")) == 2);
	CHECK(jv_streq(jv_get(v, "base"), "12"));
	CHECK(jv_is(jv_get(jv_at(jv_get(v, "items"), 0), "line"), JV_NULL));
	CHECK(jv_streq(jv_get(jv_at(jv_get(v, "items"), 0), "why"),
	    "unbound"));
	CHECK(jv_streq(jv_get(jv_at(jv_get(v, "items"), 1), "why"), "form"));
	CHECK(jv_is(jv_get(jv_at(jv_get(v, "items"), 1), "n"), JV_NULL));
	REQUIRE(record_sd_read(&sd, sds.row[0].text, sds.row[0].len, NULL) ==
	    0);
	CHECK(jv_len(sd.value) == 3);
	record_sd_fini(&sd);
	/* What was only listed cannot be carried. */
	again();
	objects.v[1].listed = true;
	CHECK(auditor_said_part(&members, &sds, &question, &rows, &objects,
	    &diff, 1) == CU_ESTATE);
	stop();
}

static void
failed_question(void)
{
	static const enum auditor_error e[] = { AUDITOR_ERROR_CONNECT,
	    AUDITOR_ERROR_TLS, AUDITOR_ERROR_IDENTITY, AUDITOR_ERROR_TIMEOUT,
	    AUDITOR_ERROR_HTTP, AUDITOR_ERROR_FORM, AUDITOR_ERROR_CUT,
	    AUDITOR_ERROR_UNSUPPORTED };
	struct auditor_question q = question;
	bool complete = true;
	size_t i;

	start();
	q.answered = LI_TIME_NONE;
	for (i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
		again();
		q.error = e[i];
		q.has_certificate = i % 2;
		CHECK(auditor_said_parts(NULL) == 1);
		CHECK(auditor_said_part(&members, &sds, &q, NULL, NULL, NULL,
		    1) == 0);
		REQUIRE(check_said(RECORD_SNAPSHOT) == 0);
		CHECK(jv_bool(jv_get(v, "complete"), &complete) == 0 &&
		    !complete);
		CHECK(jv_streq(jv_get(v, "error"), auditor_error_name(e[i])));
		CHECK(jv_is(jv_get(v, "answered"), JV_NULL));
		CHECK(jv_is(jv_get(v, "certificate"), JV_NULL) == (i % 2 ==
		    0));
	}
	stop();
}

static void
rounds(void)
{
	struct auditor_question q[AUDITOR_ROUND_ROWS];
	size_t i;

	start();
	for (i = 0; i < AUDITOR_ROUND_ROWS; i++) {
		q[i] = question;
		q[i].index = q[i].base = q[i].element = UINT64_MAX - 1;
		q[i].objects = 500000;
	}
	auditor_said_round(&members, q, AUDITOR_ROUND_ROWS);
	CHECK(check_said(RECORD_ROUND) == 0);
	CHECK(said.len < RECORD_PAYLOAD_MAX);
	again();
	auditor_said_round(&members, q, 1);
	CHECK(check_said(RECORD_ROUND) == 0);
	stop();
}

static void
life(void)
{
	uint8_t config[DIGEST_LEN] = { 1 }, root[DIGEST_LEN] = { 2 };
	uint64_t gaps[3] = { 4, 5, 9 }, last = 0;

	start();
	auditor_said_start(&members, "0.1.0", "0.1.0", config, 12);
	CHECK(check_said(RECORD_START) == 0);
	again();
	auditor_said_start(&members, "0.1.0", "0.1.0", config, 12);
	auditor_said_end(&said, members.p, members.len, gaps, 3, &last, NULL);
	CHECK(strstr(buf_text(&said), ",\"void\":[4,5,9],\"last\":0}") !=
	    NULL);
	CHECK(record_said_check(RECORD_START, RECORD_ROLE_AUDITOR,
	    (char *)said.p, said.len, NULL, NULL) == 0);
	again();
	auditor_said_beat(&members, 12, root);
	CHECK(check_said(RECORD_BEAT) == 0);
	again();
	auditor_said_stop(&members, 12);
	CHECK(check_said(RECORD_STOP) == 0);
	stop();
}

int
main(void)
{
	CHECK_RUN(parts);
	CHECK_RUN(lacks_and_gone);
	CHECK_RUN(failed_question);
	CHECK_RUN(rounds);
	CHECK_RUN(life);
	return (check_done());
}
