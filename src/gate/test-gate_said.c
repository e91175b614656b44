/* What a gate says is what an entry may hold; numbers, voids, the rate rule. */
#include <dirent.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "gate/gate_rate.h"
#include "gate/gate_said.h"
#include "gate/gate_words.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"

static const uint8_t pin[DIGEST_LEN] = { 7 };
static struct cu_why why;

static struct jv *
checked(enum record_kind kind, const struct buf *b, const char *name)
{
	struct jv *v = NULL;

	why.text[0] = '\0';
	if (!CHECK_ROW(b->rc == 0 && record_said_check(kind, RECORD_ROLE_GATE,
	    buf_text(b), b->len, &v, &why) == 0, name)) {
		printf("# %s\n# %s\n", why.text, buf_text(b));
		return (NULL);
	}
	return (v);
}

static size_t
sd_named(const struct record_sds *sds, const char *name)
{
	struct record_sd sd;
	size_t i, n = 0;

	for (i = 0; i < sds->n; i++) {
		if (record_sd_read(&sd, sds->row[i].text, sds->row[i].len,
		    NULL) != 0)
			continue;
		n += strcmp(sd.name, name) == 0;
		record_sd_fini(&sd);
	}
	return (n);
}

static bool
sorted(const struct jv *list)
{
	size_t i;

	for (i = 1; i < jv_len(list); i++)
		if (strcmp(jv_str(jv_at(list, i - 1), NULL),
		    jv_str(jv_at(list, i), NULL)) >= 0)
			return (false);
	return (true);
}

/* One message of a sample, as the gate would say it. */
static void
one(const struct x1_request *r, const struct x1_msg *m, const char *name)
{
	struct gate_said in = { .requester = "admf-1", .certificate = pin,
	    .bound = "urn", .element = 12, .msg = m, .size = 40 };
	struct record_sds sds;
	struct gate_void v = { .first = true, .last = 9 };
	struct buf b, sent;
	struct jv *said;

	in.form = gate_form_rule(m);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	buf_init(&sent, X1_REQUEST_MAX);
	record_sds_init(&sds);
	if (in.form == NULL)
		CHECK_ROW(x1_request_write(&sent, m, 1) == 0, name);
	CHECK_ROW(gate_said_sds(&sds, &in, r->root, r->root_len, m->received,
	    m->received_len, in.form == NULL ? &sent : NULL) == 0, name);
	gate_said_command(&b, &in, &sds, &v);
	if ((said = checked(RECORD_COMMAND, &b, name)) != NULL) {
		if (in.form == NULL) {
			CHECK_ROW(jv_streq(jv_get(said, "type"),
			    x1_op_name(m->op)), name);
			CHECK_ROW(sd_named(&sds, "sent") == 1, name);
			CHECK_ROW(sd_named(&sds, "target") ==
			    m->task.targets_n, name);
			CHECK_ROW(sorted(jv_get(said, "dids")), name);
			CHECK_ROW(sorted(jv_get(said, "services")), name);
		}
		CHECK_ROW(sorted(jv_get(said, "_sd")), name);
		CHECK_ROW(sd_named(&sds, "root") == 1, name);
		jv_free(said);
	}
	v.n = 2;
	v.number[0] = 3;
	v.number[1] = 5;
	buf_reset(&b);
	gate_said_late(&b, &in, 17, &sds, &v);
	jv_free(checked(RECORD_LATE, &b, name));
	buf_reset(&b);
	gate_said_late(&b, &in, 0, &sds, NULL);
	jv_free(checked(RECORD_LATE, &b, name));
	record_sds_fini(&sds);
	buf_fini(&b);
	buf_fini(&sent);
}

static void
samples(void)
{
	struct x1_request *r;
	struct dirent *e;
	char path[1024];
	static uint8_t body[X1_REQUEST_MAX];
	size_t len, i, n = 0;
	FILE *f;
	DIR *d;

	REQUIRE((d = opendir(TEST_DIR "/samples/x1-own")) != NULL);
	while ((e = readdir(d)) != NULL) {
		if (strstr(e->d_name, "Request") == NULL ||
		    strstr(e->d_name, ".xml") == NULL)
			continue;
		snprintf(path, sizeof(path), TEST_DIR "/samples/x1-own/%s",
		    e->d_name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		len = fread(body, 1, sizeof(body), f);
		fclose(f);
		if (x1_request_decode(&r, body, len, X1_DIALECT_STAMP, 32,
		    NULL) != 0)
			continue;
		for (i = 0; i < r->n; i++) {
			one(r, &r->msgs[i], e->d_name);
			n++;
		}
		x1_request_free(r);
	}
	closedir(d);
	CHECK(n > 20);
}

/* Of a stranger, and of bytes without form, only a piece is kept. */
static void
raw(void)
{
	static uint8_t body[10000];
	struct gate_said in = { .certificate = pin,
	    .element = RECORD_NONE };
	struct record_sds sds;
	struct buf b;
	struct jv *v;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	record_sds_init(&sds);
	CHECK(gate_said_sds(&sds, &in, NULL, 0, body, sizeof(body),
	    NULL) == 0);
	gate_said_command(&b, &in, &sds, NULL);
	REQUIRE((v = checked(RECORD_COMMAND, &b, "stranger")) != NULL);
	CHECK(jv_is(jv_get(v, "requester"), JV_NULL));
	CHECK(jv_is(jv_get(v, "type"), JV_NULL));
	CHECK(jv_get(v, "void") == NULL && jv_get(v, "last") == NULL);
	CHECK(sd_named(&sds, "received") == 1 &&
	    sd_named(&sds, "received_len") == 1 && sds.n == 2);
	jv_free(v);
	record_sds_fini(&sds);
	record_sds_init(&sds);
	CHECK(gate_said_sds(&sds, &in, NULL, 0, body, GATE_RECEIVED_MAX,
	    NULL) == 0 && sds.n == 1);
	record_sds_fini(&sds);
	buf_fini(&b);
}

static void
outcomes(void)
{
	static const char answer[] = "<answer/>";
	struct gate_result r = { .what = "sent", .sent_at = 1700000000000000,
	    .answered_at = 1700000000200000,
	    .answer = "AcknowledgedAndCompleted", .http = 200,
	    .has_certificate = true, .checkpoint = 77 };
	static char big[GATE_ANSWER_MAX + 1];
	struct record_sds sds;
	struct buf b, rest, joined;
	struct jv *v;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	buf_init(&rest, RECORD_PAYLOAD_MAX);
	buf_init(&joined, RECORD_PAYLOAD_MAX);
	record_sds_init(&sds);
	CHECK(gate_said_answer(&sds, answer, strlen(answer), false) == 0);
	gate_said_outcome(&b, 41, &r, &sds, NULL);
	REQUIRE((v = checked(RECORD_OUTCOME, &b, "sent")) != NULL);
	CHECK(jv_streq(jv_get(v, "command"), "41"));
	CHECK(jv_streq(jv_get(v, "checkpoint"), "77"));
	CHECK(jv_get(v, "leniencies") == NULL);
	jv_free(v);
	/* A draft, joined when its index is known, is the same text. */
	gate_said_outcome_rest(&rest, &r, &sds, NULL);
	gate_said_outcome_join(&joined, 41, buf_text(&rest), rest.len);
	CHECK_STR(buf_text(&joined), buf_text(&b));
	record_sds_fini(&sds);
	/* Answers to Get and List, and long ones: length and digest. */
	record_sds_init(&sds);
	CHECK(gate_said_answer(&sds, answer, strlen(answer), true) == 0);
	CHECK(gate_said_answer(&sds, big, sizeof(big), false) == 0);
	CHECK(sds.row[0].len < 200 && sds.row[1].len < 200);
	CHECK(gate_said_answer(&sds, big, sizeof(big) - 1, false) == 0);
	CHECK(sds.row[2].len > GATE_ANSWER_MAX);
	record_sds_fini(&sds);
	memset(&r, 0, sizeof(r));
	r.what = "not sent";
	r.why = "diverges";
	r.mine_decision = "refused";
	r.mine_rule = "task.cover.none";
	r.checkpoint = RECORD_NONE;
	buf_reset(&b);
	r.leniencies = X1_DIALECT_STAMP;
	gate_said_outcome(&b, 41, &r, NULL, NULL);
	CHECK(strstr(buf_text(&b), ",\"leniencies\":[\"stamp\"]}") != NULL);
	jv_free(checked(RECORD_OUTCOME, &b, "diverges"));
	buf_fini(&b);
	buf_fini(&rest);
	buf_fini(&joined);
}

static void
of_itself(void)
{
	struct gate_self s = { .version = "0.1.0", .build = "custos 0.1.0",
	    .config = pin, .size = 9, .spool = 2, .tls_refused = 1,
	    .refused = 3, .spool_failed = true };
	struct gate_void v = { .first = true };
	struct buf b;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	gate_said_start(&b, &s, &v);
	jv_free(checked(RECORD_START, &b, "start"));
	buf_reset(&b);
	gate_said_beat(&b, &s, NULL);
	jv_free(checked(RECORD_BEAT, &b, "beat"));
	buf_reset(&b);
	gate_said_stop(&b, &s, NULL);
	jv_free(checked(RECORD_STOP, &b, "stop"));
	buf_fini(&b);
}

static void
voids(void)
{
	struct gate_words w;
	struct gate_void v;
	uint64_t i;

	gate_words_init(&w, 44);
	CHECK(gate_words_draw(&w, &v) == 1 && v.first && v.last == 44);
	CHECK(gate_words_draw(&w, &v) == 2 && !v.first && v.n == 0);
	gate_words_lost(&w, 1);
	gate_words_lost(&w, 1);
	CHECK(gate_words_draw(&w, &v) == 3 && v.n == 1 && v.number[0] == 1);
	CHECK(gate_words_draw(&w, &v) == 4 && v.n == 0);
	/* What 3 said is said again, if 3 stands nowhere. */
	gate_words_lost(&w, 3);
	CHECK(gate_words_draw(&w, &v) == 5 && v.n == 2 &&
	    v.number[0] == 1 && v.number[1] == 3);
	gate_words_kept(&w, 5);
	CHECK(gate_words_draw(&w, &v) == 6 && v.n == 0);
	/* Ascending, in whatever order they were lost. */
	gate_words_lost(&w, 6);
	gate_words_lost(&w, 4);
	CHECK(gate_words_draw(&w, &v) == 7 && v.n == 2 &&
	    v.number[0] == 4 && v.number[1] == 6);
	gate_words_kept(&w, 7);
	/* One that names nothing leaves it to the next. */
	gate_words_lost(&w, 3);
	CHECK(gate_words_draw(&w, NULL) == 8);
	gate_words_kept(&w, 8);
	CHECK(gate_words_draw(&w, &v) == 9 && v.n == 1 && v.number[0] == 3);
	gate_words_kept(&w, 9);
	/* At most so many, the newest. */
	for (i = 100; i < 101 + GATE_VOID_MAX; i++)
		gate_words_lost(&w, i);
	gate_words_draw(&w, &v);
	CHECK(v.n == GATE_VOID_MAX && v.number[0] == 101);
}

static void
rate(void)
{
	static struct gate_rate r;
	uint8_t a[DIGEST_LEN] = { 1 }, b[DIGEST_LEN] = { 2 };
	utc_us t = 5 * UTC_SECOND;
	int i;

	for (i = 0; i < 10; i++) {
		CHECK(!gate_rate_over(&r, a, t, 10));
		gate_rate_refused(&r, a, t);
	}
	CHECK(gate_rate_over(&r, a, t, 10));
	CHECK(gate_rate_over(&r, a, t + UTC_SECOND - 1, 10));
	CHECK(!gate_rate_over(&r, a, t + UTC_SECOND, 10));
	CHECK(!gate_rate_over(&r, b, t, 10));
	gate_rate_refused(&r, a, t + UTC_SECOND);
	CHECK(!gate_rate_over(&r, a, t + UTC_SECOND, 10));
	/* Many peers: the one longest quiet is forgotten. */
	for (i = 0; i < GATE_RATE_PEERS; i++) {
		b[1] = (uint8_t)(i + 1);
		b[2] = (uint8_t)((i + 1) >> 8);
		gate_rate_refused(&r, b, t + 2 * UTC_SECOND);
	}
	CHECK(r.peers_n == GATE_RATE_PEERS);
	CHECK(gate_rate_over(&r, b, t + 2 * UTC_SECOND, 1));
	CHECK(!gate_rate_over(&r, a, t + UTC_SECOND, 1));
}

int
main(void)
{
	CHECK_RUN(samples);
	CHECK_RUN(raw);
	CHECK_RUN(outcomes);
	CHECK_RUN(of_itself);
	CHECK_RUN(voids);
	CHECK_RUN(rate);
	return (check_done());
}
