/* src/auditor/test-auditor_ne.c: questions, pace, failures, by a fake clock */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_ne.h"
#include "base/err.h"
#include "check.h"

#define S	UTC_SECOND
#define WHEN	INT64_C(1767323045000000)

static struct auditor_ne *ne;
static struct auditor_step step;
static struct auditor_report report;
static utc_us now;
static int token_rc;

/* An id that ends in `u` is bound to nothing. */
static bool
bound(void *cookie, const char *xid)
{
	return (*xid == '\0' || xid[strlen(xid) - 1] != 'u');
}

static void
start(unsigned int seed)
{
	struct auditor_ne_conf conf = { 60 * S, 900 * S, 86400 * S, 8, seed,
	    bound, NULL };

	now = 1000 * S;
	token_rc = 0;
	if (auditor_ne_create(&ne, &conf, now) != 0)
		abort();
}

static void
stop(void)
{
	auditor_ne_free(ne);
}

/* A line is its own token. */
static int
token(void *cookie, bool task, const char *id, const void *line, size_t len,
    uint8_t out[DIGEST_LEN])
{
	if (token_rc != 0)
		return (token_rc);
	if (task && !bound(cookie, id))
		return (CU_ENOENT);
	digest(out, line, len);
	return (0);
}

/* "xA=1 dB=2": tasks and destinations with lines; "xA": listed alone. */
static void
objects(struct auditor_objects *o, const char *text)
{
	static char copy[1 << 20];
	char *p = copy, *w, *eq;

	memset(o, 0, sizeof(*o));
	snprintf(copy, sizeof(copy), "%s", text);
	while ((w = strsep(&p, " ")) != NULL) {
		struct auditor_object *a;

		if (*w == '\0')
			continue;
		o->v = reallocarray(o->v, o->n + 1, sizeof(*o->v));
		a = &o->v[o->n++];
		memset(a, 0, sizeof(*a));
		a->task = *w == 'x';
		a->last = LI_TIME_NONE;
		if ((eq = strchr(w, '=')) != NULL) {
			*eq = '\0';
			a->line = strdup(eq + 1);
			a->line_len = strlen(eq + 1);
		} else
			a->listed = true;
		snprintf(a->id, sizeof(a->id), "%s", w + 1);
	}
}

/* Let time pass until something is to be done; false: nothing ever. */
static bool
until_step(void)
{
	for (;;) {
		auditor_ne_next(ne, now, &step);
		if (step.what != AUDITOR_DO_WAIT)
			return (true);
		if (step.at == INT64_MAX)
			return (false);
		now = step.at;
	}
}

static void
give_used(const char *text, size_t body_len, unsigned int leniencies)
{
	struct auditor_objects o;
	struct auditor_got g = { .objects = &o, .body_len = body_len,
	    .leniencies = leniencies, .sent = WHEN, .came = WHEN + 1000 };

	objects(&o, text);
	CHECK(auditor_ne_answered(ne, now, &g) == 0);
}

static void
give(const char *text, size_t body_len)
{
	give_used(text, body_len, 0);
}

static void
give_code(int64_t code)
{
	struct auditor_got g = { .is_code = true, .code = code, .sent = WHEN,
	    .came = WHEN + 1000 };

	CHECK(auditor_ne_answered(ne, now, &g) == 0);
}

static void
give_error(enum auditor_error e)
{
	struct auditor_got g = { .error = e, .sent = WHEN };

	CHECK(auditor_ne_answered(ne, now, &g) == 0);
}

/* A question as far as its first request. */
static enum x1_op
begin(uint64_t index)
{
	CHECK(until_step() && step.what == AUDITOR_DO_BEGIN);
	auditor_ne_begun(ne, now, true, index);
	CHECK(until_step() && step.what == AUDITOR_DO_ASK);
	return (step.op);
}

static int
judge(void)
{
	CHECK(until_step() && step.what == AUDITOR_DO_FOLLOW);
	auditor_ne_followed(ne, now, true);
	CHECK(until_step() && step.what == AUDITOR_DO_STORE);
	return (auditor_ne_judge(ne, now, token, NULL, &report));
}

/* A whole question answered by GetAllDetails; stored at ${index}. */
static void
ask(const char *text, uint64_t index)
{
	CHECK(begin(index - 1) == X1_OP_GET_ALL_DETAILS);
	give(text, 100);
	CHECK(judge() == 0);
	auditor_ne_stored(ne, now, true, index, false);
}

static void
changes(void)
{
	start(7);
	CHECK(begin(10) == X1_OP_GET_ALL_DETAILS);
	give("xa=1 xb=2 dz=3", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all && report.diff->changed_n == 3);
	CHECK(report.question.base == AUDITOR_NO_INDEX);
	CHECK(report.question.index == 10 && report.question.objects == 3);
	CHECK(report.question.asked == WHEN);
	CHECK(report.question.answered == WHEN + 1000 && !report.unchanged);
	auditor_ne_stored(ne, now, true, 12, false);

	begin(20);
	give("xa=1 xb=2 dz=3", 100);
	REQUIRE(judge() == 0);
	CHECK(report.unchanged && report.question.base == 12);
	auditor_ne_stored(ne, now, true, 21, false);

	/* A round has no changes: the base stays. */
	begin(30);
	give("xb=9 xc=4 dz=3", 100);
	REQUIRE(judge() == 0);
	CHECK(!report.unchanged && !report.diff->all);
	CHECK(report.question.base == 12 && report.diff->changed_n == 2);
	CHECK(report.diff->gone_n == 1);
	CHECK_STR(report.diff->gone[0]->id, "a");
	CHECK_STR(report.rows->v[report.diff->changed[0]].id, "b");
	auditor_ne_stored(ne, now, true, 33, false);

	begin(40);
	give("", 100);
	REQUIRE(judge() == 0);
	CHECK(report.question.base == 33 && report.diff->gone_n == 3);
	CHECK(report.rows != NULL && report.question.objects == 0);
	auditor_ne_stored(ne, now, true, 44, false);
	stop();
}

/* How an answer was read belongs to what is stored of it. */
static void
lenient(void)
{
	static const struct { unsigned int used; bool unchanged; } row[] = {
		{ X1_DIALECT_STAMP, false }, { X1_DIALECT_STAMP, true },
		{ 0, false }, { 0, true }, { X1_DIALECT_STAMP, false }
	};
	uint64_t index = 12, base = AUDITOR_NO_INDEX;
	size_t i;

	start(7);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++, index += 10) {
		begin(index - 2);
		give_used("xa=1 dz=3", 100, row[i].used);
		REQUIRE(judge() == 0);
		CHECK(report.question.leniencies == row[i].used);
		CHECK(report.question.base == base);
		CHECK(report.unchanged == row[i].unchanged);
		CHECK(report.diff->changed_n == (i == 0 ? 2 : 0));
		auditor_ne_stored(ne, now, true, index, false);
		base = row[i].unchanged ? base : index;
	}
	/* One message of several is enough, and a failure hides it not. */
	begin(index);
	give_used("xa=1 dz=3", AUDITOR_BULK_MAX + 1, 0);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, index + 1, false);
	CHECK(begin(index + 9) == X1_OP_LIST_ALL_DETAILS);
	give_used("xa xb dz", 100, X1_DIALECT_STAMP);
	CHECK(until_step() && step.op == X1_OP_GET_TASK_DETAILS);
	give_error(AUDITOR_ERROR_CUT);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_CUT);
	CHECK(report.question.leniencies == X1_DIALECT_STAMP);
	stop();
}

static void
failures(void)
{
	static const enum auditor_error e[] = { AUDITOR_ERROR_CONNECT,
	    AUDITOR_ERROR_IDENTITY, AUDITOR_ERROR_TIMEOUT, AUDITOR_ERROR_CUT,
	    AUDITOR_ERROR_FORM, AUDITOR_ERROR_HTTP, AUDITOR_ERROR_TLS };
	size_t i;

	start(3);
	ask("xa=1", 12);
	for (i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
		begin(20);
		give_error(e[i]);
		REQUIRE(judge() == 0);
		CHECK(report.question.error == e[i] && report.rows == NULL);
		CHECK(report.diff == NULL && !report.unchanged);
		CHECK(report.question.answered == LI_TIME_NONE);
		auditor_ne_stored(ne, now, true, 20, false);
	}
	/* What was known before is what the next answer is compared with. */
	begin(30);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.unchanged && report.question.base == 12);
	auditor_ne_stored(ne, now, true, 31, false);
	stop();
}

static void
unbound_and_form(void)
{
	start(4);
	ask("xau=1", 12);
	CHECK(begin(20) == X1_OP_GET_ALL_DETAILS);
	give("xau=2", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->changed_n == 1);
	CHECK(report.rows->v[0].lack == AUDITOR_LACK_UNBOUND);
	auditor_ne_stored(ne, now, true, 21, false);
	stop();
}

static void
keys_missing(void)
{
	start(5);
	begin(10);
	give("xa=1", 100);
	token_rc = CU_ESTATE;
	CHECK(judge() == CU_ESTATE);
	/* It is stored as a failed question, and never as no tasks. */
	REQUIRE(auditor_ne_judge(ne, now, token, NULL, &report) == 0);
	CHECK(report.question.error == AUDITOR_ERROR_FORM);
	CHECK(report.rows == NULL);
	auditor_ne_stored(ne, now, true, 11, false);
	token_rc = 0;
	begin(20);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all);
	auditor_ne_stored(ne, now, true, 21, false);
	stop();
}

static void
times(void)
{
	utc_us was, first;
	unsigned int i;

	for (i = 1; i < 40; i++) {
		start(i);
		first = now;
		ask("xa=1", 2);
		CHECK(now >= first && now <= first + 6 * S);
		was = now;
		CHECK(until_step() && step.what == AUDITOR_DO_BEGIN);
		CHECK(now >= was + 54 * S && now <= was + 66 * S);
		stop();
	}
}

static void
again_and_hurry(void)
{
	utc_us was;

	start(6);
	begin(10);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 11, true);
	was = now;
	begin(12);
	CHECK(now <= was + S / 8);
	auditor_ne_hurry(ne, now);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 13, false);
	was = now;
	begin(14);
	CHECK(now <= was + S / 8);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 15, false);
	was = now;
	auditor_ne_next(ne, now, &step);
	CHECK(step.what == AUDITOR_DO_WAIT && step.at > was + 30 * S);
	auditor_ne_hurry(ne, now);
	begin(16);
	CHECK(now <= was + S / 8);
	stop();
}

static void
keeper_away(void)
{
	utc_us was;

	start(8);
	CHECK(until_step() && step.what == AUDITOR_DO_BEGIN);
	auditor_ne_begun(ne, now, false, 0);
	was = now;
	begin(10);
	CHECK(now == was + AUDITOR_RETRY_US);
	give("xa=1", 100);
	CHECK(until_step() && step.what == AUDITOR_DO_FOLLOW);
	auditor_ne_followed(ne, now, false);
	begin(11);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, false, 0, false);
	/* Nothing of it stood: the next carries all again. */
	begin(12);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all);
	stop();
}

static void
list_and_details(void)
{
	utc_us was;

	start(9);
	begin(10);
	give("xa=1 xb=2 dz=3", AUDITOR_BULK_MAX + 1);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 11, false);
	/* Now by list: nothing is due, and what is new is asked at once. */
	CHECK(begin(20) == X1_OP_LIST_ALL_DETAILS);
	give("xa xb xc dz", 100);
	was = now;
	REQUIRE(until_step() && step.what == AUDITOR_DO_ASK);
	CHECK(step.op == X1_OP_GET_TASK_DETAILS);
	CHECK_STR(step.id, "c");
	CHECK(now - was <= S / 8);
	give("xc=4", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->changed_n == 1 && report.question.objects == 4);
	CHECK_STR(report.rows->v[report.diff->changed[0]].id, "c");
	auditor_ne_stored(ne, now, true, 21, false);
	stop();
}

static void
details_in_time(void)
{
	unsigned int asked = 0, rounds = 0, a = 0, paced = 0;
	utc_us begun, last = 0;

	start(10);
	begin(10);
	give_code(1080);
	CHECK(until_step() && step.op == X1_OP_LIST_ALL_DETAILS);
	give("xa xb dz", 100);
	begun = now;
	while (now < begun + 1800 * S) {
		REQUIRE(until_step());
		switch (step.what) {
		case AUDITOR_DO_BEGIN:
			auditor_ne_begun(ne, now, true, ++rounds + 20);
			break;
		case AUDITOR_DO_ASK:
			paced += last != 0 && now - last < S / 8;
			last = now;
			if (step.op == X1_OP_LIST_ALL_DETAILS) {
				give("xa xb dz", 100);
				break;
			}
			asked++;
			a += strcmp(step.id, "a") == 0;
			give(strcmp(step.id, "a") == 0 ? "xa=1" :
			    strcmp(step.id, "b") == 0 ? "xb=2" : "dz=3", 100);
			break;
		case AUDITOR_DO_FOLLOW:
			auditor_ne_followed(ne, now, true);
			break;
		default:
			CHECK(auditor_ne_judge(ne, now, token, NULL, &report)
			    == 0);
			CHECK(report.question.objects == 3);
			auditor_ne_stored(ne, now, true, 20, false);
			break;
		}
	}
	/* Half an hour: each at least twice more than the first, not often. */
	CHECK(a >= 3 && a <= 5);
	CHECK(asked >= 9 && asked <= 15 && rounds > 25 && paced == 0);
	stop();
}

static void
gone_between(void)
{
	start(11);
	begin(10);
	give_code(1080);
	CHECK(until_step() && step.op == X1_OP_LIST_ALL_DETAILS);
	give("xa", 100);
	CHECK(until_step() && step.op == X1_OP_GET_TASK_DETAILS);
	give_code(2020);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_NONE);
	CHECK(report.question.objects == 0);
	auditor_ne_stored(ne, now, true, 11, false);

	CHECK(begin(20) == X1_OP_LIST_ALL_DETAILS);
	give("xa", 100);
	CHECK(until_step() && step.op == X1_OP_GET_TASK_DETAILS);
	give_code(1000);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_UNSUPPORTED);
	auditor_ne_stored(ne, now, true, 21, false);

	CHECK(begin(30) == X1_OP_LIST_ALL_DETAILS);
	give("xa", 100);
	CHECK(until_step());
	give("xb=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_FORM);
	auditor_ne_stored(ne, now, true, 31, false);

	CHECK(begin(40) == X1_OP_LIST_ALL_DETAILS);
	give_code(1080);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_UNSUPPORTED);
	stop();
}

static void
full_each_day(void)
{
	start(12);
	ask("xa=1", 12);
	now += 86400 * S;
	begin(20);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all && !report.unchanged);
	auditor_ne_stored(ne, now, true, 21, false);
	begin(30);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.unchanged && report.question.base == 21);
	stop();
}

/* More gone than one part names: everything is carried anew. */
static void
many_gone(void)
{
	char text[4096] = "";
	size_t i;

	start(13);
	for (i = 0; i <= AUDITOR_GONE_MAX; i++)
		sprintf(text + strlen(text), "x%03zu=1 ", i);
	ask(text, 12);
	begin(20);
	give("x000=1", 100);
	REQUIRE(judge() == 0);
	CHECK(!report.diff->all && report.diff->gone_n == AUDITOR_GONE_MAX);
	auditor_ne_stored(ne, now, false, 0, false);
	begin(30);
	give("", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all && report.diff->gone_n == 0);
	stop();
}

static void
many_gone_from_a_list(void)
{
	char text[4096] = "";
	size_t i;

	start(14);
	for (i = 0; i <= AUDITOR_GONE_MAX + 1; i++)
		sprintf(text + strlen(text), "x%03zu=1 ", i);
	begin(10);
	give(text, AUDITOR_BULK_MAX + 1);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 12, false);
	CHECK(begin(20) == X1_OP_LIST_ALL_DETAILS);
	give("x000", 100);
	CHECK(judge() == CU_EBUSY);
	auditor_ne_stored(ne, now, false, 0, false);
	begin(30);
	give("x000=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all && report.diff->changed_n == 1);
	stop();
}

static void
registered_anew(void)
{
	start(15);
	ask("xa=1", 12);
	begin(20);
	auditor_ne_reset(ne, now);
	give("xa=1", 100);
	/* What the former registration said is not stored. */
	begin(22);
	give("xa=1", 100);
	REQUIRE(judge() == 0);
	CHECK(report.diff->all && report.question.index == 22);
	auditor_ne_stored(ne, now, true, 23, false);
	begin(24);
	give("xa=1", 100);
	CHECK(judge() == 0 && report.unchanged);
	stop();
}

/* "x000u x001u ..." or with details. */
static const char *
many(size_t n, const char *end)
{
	static char text[1 << 16];
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "x%05zu%s ", i, end);
	return (text);
}

/* More is due than fits: all at once, if it can. */
static void
many_due_at_once(void)
{
	start(17);
	begin(10);
	give("xa=1", AUDITOR_BULK_MAX + 1);
	REQUIRE(judge() == 0);
	auditor_ne_stored(ne, now, true, 12, false);
	CHECK(begin(20) == X1_OP_LIST_ALL_DETAILS);
	give(many(600, ""), 100);
	REQUIRE(until_step() && step.what == AUDITOR_DO_ASK);
	CHECK(step.op == X1_OP_GET_ALL_DETAILS);
	give(many(600, "=1"), AUDITOR_BULK_MAX + 1);
	REQUIRE(judge() == 0);
	CHECK(report.question.objects == 600);
	CHECK(report.diff->changed_n == 600);
	stop();
}

/* Unknown tasks by the thousand: the first is reported at once. */
static void
flooded(void)
{
	static char list[1 << 17];
	char one[64];
	unsigned int asked = 0;
	bool again = false;
	size_t i, lacking = 0;
	utc_us was;

	start(18);
	begin(10);
	give_code(1080);
	CHECK(until_step() && step.op == X1_OP_LIST_ALL_DETAILS);
	snprintf(list, sizeof(list), "%sxzz", many(3000, "u"));
	give(list, 100);
	was = now;
	for (;;) {
		REQUIRE(until_step());
		if (step.what != AUDITOR_DO_ASK)
			break;
		/* What is bound comes first. */
		if (asked++ == 0)
			CHECK_STR(step.id, "zz");
		snprintf(one, sizeof(one), "x%s=1", step.id);
		give(one, 100);
	}
	CHECK(asked == 480 && now - was <= 61 * S);
	auditor_ne_followed(ne, now, true);
	CHECK(until_step() && step.what == AUDITOR_DO_STORE);
	REQUIRE(auditor_ne_judge(ne, now, token, NULL, &report) == 0);
	CHECK(report.question.objects == 3001);
	for (i = 0; i < report.rows->n; i++)
		lacking += report.rows->v[i].lack == AUDITOR_LACK_UNBOUND;
	CHECK(lacking == 3000);
	auditor_ne_stored(ne, now, true, 12, false);

	/* And what is unbound is not asked for in every question. */
	CHECK(begin(20) == X1_OP_LIST_ALL_DETAILS);
	give(list, 100);
	for (asked = 0; !again;) {
		REQUIRE(until_step());
		if (step.what != AUDITOR_DO_ASK)
			break;
		again = strcmp(step.id, "zz") == 0;
		asked++;
		snprintf(one, sizeof(one), "x%s=1", step.id);
		give(one, 100);
	}
	CHECK(asked == 480 && !again);
	stop();
}

static void
too_large(void)
{
	struct auditor_got g = { .too_large = true, .sent = WHEN,
	    .came = WHEN };

	start(16);
	begin(10);
	CHECK(auditor_ne_answered(ne, now, &g) == 0);
	CHECK(until_step() && step.op == X1_OP_LIST_ALL_DETAILS);
	CHECK(auditor_ne_answered(ne, now, &g) == 0);
	REQUIRE(judge() == 0);
	CHECK(report.question.error == AUDITOR_ERROR_FORM);
	stop();
}

int
main(void)
{
	CHECK_RUN(changes);
	CHECK_RUN(lenient);
	CHECK_RUN(failures);
	CHECK_RUN(unbound_and_form);
	CHECK_RUN(keys_missing);
	CHECK_RUN(times);
	CHECK_RUN(again_and_hurry);
	CHECK_RUN(keeper_away);
	CHECK_RUN(list_and_details);
	CHECK_RUN(details_in_time);
	CHECK_RUN(gone_between);
	CHECK_RUN(full_each_day);
	CHECK_RUN(many_gone);
	CHECK_RUN(many_gone_from_a_list);
	CHECK_RUN(registered_anew);
	CHECK_RUN(many_due_at_once);
	CHECK_RUN(flooded);
	CHECK_RUN(too_large);
	return (check_done());
}
