/* src/sim/test-sim_ne.c: an honest element, and each of its lies */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "sim/sim_admf.h"
#include "sim/sim_ne.h"
#include "x1/x1_decode.h"

#define X1	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
#define X2	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a02"
#define D1	"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c01"
#define D2	"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02"
#define AT1	"ipv4:192.0.2.10:tcp:42069"
#define AT2	"ipv4:192.0.2.66:tcp:42069"
#define NOW	INT64_C(1767323045000006)

static struct sim_ne *ne;
static struct buf body, answer, text;
static enum sim_told told;
static unsigned int dialect;

static void
start(void)
{
	buf_init(&body, 1 << 24);
	buf_init(&answer, 1 << 24);
	buf_init(&text, 1 << 24);
	dialect = 0;
	if (sim_ne_create(&ne, "ne-1") != 0)
		abort();
}

static void
stop(void)
{
	sim_ne_free(ne);
	buf_fini(&body);
	buf_fini(&answer);
	buf_fini(&text);
}

/* Words through a request, the element, its answer, into lines. */
static const char *
say(const char *words)
{
	struct sim_admf_conf conf = { "admf-1", "ne-1", dialect };
	struct cu_why why = { "" };
	char copy[2048], *p = copy, *v[64];
	int n = 0;

	buf_reset(&body);
	buf_reset(&answer);
	buf_reset(&text);
	snprintf(copy, sizeof(copy), "%s", words);
	while (p != NULL && n < 64)
		v[n++] = strsep(&p, " ");
	if (sim_admf_build(&body, &conf, n, v, NOW, &why) != 0) {
		printf("# %s: %s\n", words, why.text);
		return ("build");
	}
	if (sim_ne_answer(ne, body.p, body.len, NULL, NOW, &answer) != 0)
		return ("answer");
	told = sim_admf_tell(&text, 200, answer.p, answer.len);
	return (buf_text(&text));
}

static int
tell(const char *words)
{
	struct cu_why why = { "" };
	int rc;

	buf_reset(&text);
	rc = sim_ne_tell(ne, words, strlen(words), NOW + 1, &text, &why);
	if (rc != 0)
		printf("# %s: %s\n", words, why.text);
	return (rc);
}

static void
begin_with_task(void)
{
	start();
	CHECK_STR(say("create-destination " D1 " " AT1),
	    "CreateDestination AcknowledgedAndCompleted\n");
	CHECK_STR(say("activate " X1 " e164Number=4915112345678 --did " D1),
	    "ActivateTask AcknowledgedAndCompleted\n");
	CHECK(told == SIM_TOLD_OK);
}

static void
codes(void)
{
	static const struct { const char *words, *want; } row[] = {
		{ "activate " X1 " imsi=001010000000001 --did " D1,
		    "ActivateTask error 2010 " X1 "\n" },
		{ "activate " X2 " imsi=001010000000001 --did " D2,
		    "ActivateTask error 2040 " D2 "\n" },
		{ "modify " X2 " imsi=001010000000001 --did " D1,
		    "ModifyTask error 2020 " X2 "\n" },
		{ "deactivate " X2, "DeactivateTask error 2020 " X2 "\n" },
		{ "create-destination " D1 " " AT1,
		    "CreateDestination error 2030 " D1 "\n" },
		{ "modify-destination " D2 " " AT1,
		    "ModifyDestination error 2040 " D2 "\n" },
		{ "create-destination " D2 " ipv4:192.0.2.1:udp:9",
		    "CreateDestination error 6020 only IP addresses and TCP "
		    "ports\n" },
		{ "remove-destination " D1,
		    "RemoveDestination error 7010 " X1 "\n" },
		{ "remove-destination " D2,
		    "RemoveDestination error 2040 " D2 "\n" },
		{ "remove-all-destinations",
		    "RemoveAllDestinations error 8020 not enabled\n" },
		{ "get-task " X2, "GetTaskDetails error 2020 " X2 "\n" },
		{ "ping", "Ping AcknowledgedAndCompleted\n" },
		{ "keepalive", "Keepalive AcknowledgedAndCompleted\n" },
		{ "status", "GetNEStatus answered\n" },
		{ "deactivate " X1,
		    "DeactivateTask AcknowledgedAndCompleted\n" },
		{ "remove-destination " D1,
		    "RemoveDestination AcknowledgedAndCompleted\n" },
		{ "list", "ListAllDetails answered\n" },
	};
	size_t i;

	begin_with_task();
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_ROW(CHECK_STR(say(row[i].words), row[i].want),
		    row[i].words);
	stop();
}

#define TASK	"  task " X1 " deliver=X2andX3 " \
		"set=e164Number%3D4915112345678%0A dids=" D1 \
		" product=- corr=- implicit=0 services=* rest=-\n"
#define DEST	"  destination " D1 " deliver=X2andX3 at=" AT1 "\n"

static void
queries(void)
{
	begin_with_task();
	CHECK_STR(say("list"), "ListAllDetails answered\n  xid " X1
	    "\n  did " D1 "\n");
	CHECK_STR(say("get-all"), "GetAllDetails answered\n" TASK
	    "  count " X1 " n=0 last=-\n" DEST);
	CHECK_STR(say("get-tasks"), "GetAllTaskDetails answered\n" TASK
	    "  count " X1 " n=0 last=-\n");
	CHECK_STR(say("get-destinations"),
	    "GetAllDestinationDetails answered\n" DEST);
	CHECK_STR(say("get-task " X1), "GetTaskDetails answered\n" TASK
	    "  count " X1 " n=0 last=-\n");
	CHECK_STR(say("get-destination " D1),
	    "GetDestinationDetails answered\n" DEST);
	say("modify " X1 " e164Number=4915112345678 --did " D1);
	CHECK_STR(say("get-task " X1), "GetTaskDetails answered\n" TASK
	    "  count " X1 " n=1 last=2026-01-02T03:04:05.000006Z\n");
	stop();
}

static void
containers(void)
{
	start();
	CHECK_STR(say("create-destination " D1 " " AT1
	    " --then activate " X1 " imsi=001010000000001 --did " D1
	    " --then activate " X2 " imsi=001010000000001 --did " D2
	    " --then ping"),
	    "CreateDestination AcknowledgedAndCompleted\n"
	    "ActivateTask AcknowledgedAndCompleted\n"
	    "ActivateTask error 2040 " D2 "\n"
	    "Ping AcknowledgedAndCompleted\n");
	CHECK(told == SIM_TOLD_REFUSED);
	CHECK(tell("last-only on") == 0);
	CHECK_STR(say("deactivate " X1 " --then ping"),
	    "Ping AcknowledgedAndCompleted\n");
	CHECK(strstr(say("list"), X1) != NULL);
	stop();
}

/* What cannot be read is answered by a top-level error, never executed. */
static void
unreadable(void)
{
	static const char *const bad[] = { "", "<", "<X1Request/>",
	    "<!DOCTYPE x><x/>", "GET / HTTP/1.1" };
	size_t i;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_reset(&answer);
		buf_reset(&text);
		CHECK_ROW(sim_ne_answer(ne, bad[i], strlen(bad[i]), NULL, NOW,
		    &answer) == 0, bad[i]);
		CHECK_ROW(sim_admf_tell(&text, 200, answer.p, answer.len) ==
		    SIM_TOLD_REFUSED, bad[i]);
		CHECK_STR(buf_text(&text), "TopLevelError\n");
	}
	stop();
}

static void
wrong_element(void)
{
	struct sim_admf_conf conf = { "admf-1", "ne-2", 0 };
	char ping[] = "ping", *v[] = { ping };

	start();
	REQUIRE(sim_admf_build(&body, &conf, 1, v, NOW, NULL) == 0);
	REQUIRE(sim_ne_answer(ne, body.p, body.len, NULL, NOW, &answer) == 0);
	CHECK(sim_admf_tell(&text, 200, answer.p, answer.len) ==
	    SIM_TOLD_REFUSED);
	CHECK_STR(buf_text(&text), "Ping error 1060 ne-1\n");
	stop();
}

static void
lies_in_the_store(void)
{
	begin_with_task();
	CHECK(tell("inject-task " X2 " imsi 001010000000009 " D2) == 0);
	CHECK(strstr(say("get-all"), "set=imsi%3D001010000000009%0A dids=" D2)
	    != NULL);
	CHECK(tell("inject-task " X2 " imsi 001010000000009 " D2) ==
	    CU_EEXIST);
	CHECK(tell("hide-task " X2) == 0);
	CHECK(strstr(say("get-all"), X2) == NULL);
	CHECK_STR(say("get-task " X2), "GetTaskDetails error 2020 " X2 "\n");
	CHECK(tell("hide-task " X2 " off") == 0);
	CHECK(strstr(say("list"), X2) != NULL);
	CHECK(tell("drop-task " X2) == 0);
	CHECK(strstr(say("list"), X2) == NULL);
	CHECK(tell("drop-task " X2) == CU_ENOENT);

	CHECK(tell("alter-target " X1 " e164Number 4915112345679") == 0);
	CHECK(strstr(say("get-task " X1), "4915112345679%0A") != NULL);
	CHECK(strstr(say("get-task " X1), " n=0 ") != NULL);
	CHECK(tell("alter-target " X1 " e164Number 4915112345678") == 0);
	CHECK(tell("alter-restore " X1 " e164Number 4915112345679") == 0);
	CHECK_STR(say("get-task " X1), "GetTaskDetails answered\n" TASK
	    "  count " X1 " n=2 last=2026-01-02T03:04:05.000007Z\n");

	CHECK(tell("repoint " D1 " " AT2) == 0);
	CHECK(strstr(say("get-destination " D1), "at=" AT2) != NULL);
	CHECK(tell("add-destination " X1 " " D2 " " AT2) == 0);
	CHECK(strstr(say("get-task " X1), "dids=" D1 "," D2) != NULL);
	CHECK(strstr(say("get-destinations"), D2) != NULL);
	stop();
}

static void
lies_in_time(void)
{
	begin_with_task();
	CHECK(tell("flicker " X1) == 0);
	CHECK(strstr(say("list"), X1) != NULL);
	CHECK(strstr(say("list"), X1) == NULL);
	CHECK(strstr(say("get-all"), X1) != NULL);
	CHECK(strstr(say("get-all"), X1) == NULL);
	CHECK(tell("honest") == 0);
	CHECK(strstr(say("list"), X1) != NULL);
	CHECK(strstr(say("list"), X1) != NULL);

	say("deactivate " X1);
	CHECK(strstr(say("list"), X1) == NULL);
	CHECK(tell("restore-ended") == 0);
	CHECK(strstr(say("get-all"), TASK) != NULL);
	CHECK(tell("forget") == 0);
	CHECK_STR(say("list"), "ListAllDetails answered\n");
	stop();
}

static void
lies_in_answers(void)
{
	begin_with_task();
	CHECK(tell("refuse-stop") == 0);
	CHECK_STR(say("deactivate " X1),
	    "DeactivateTask error 4000 task cannot be deactivated\n");
	CHECK(tell("refuse-stop off") == 0 && tell("ignore-stop") == 0);
	CHECK_STR(say("deactivate " X1),
	    "DeactivateTask AcknowledgedAndCompleted\n");
	CHECK(strstr(say("list"), X1) != NULL);
	CHECK(tell("honest") == 0 && tell("ack-only") == 0);
	CHECK_STR(say("deactivate " X1), "DeactivateTask Acknowledged\n");
	CHECK(strstr(say("list"), X1) == NULL);
	CHECK(tell("ack-only never") == 0);
	CHECK_STR(say("activate " X2 " imsi=001010000000001 --did " D1),
	    "ActivateTask Acknowledged\n");
	CHECK(strstr(say("list"), X2) == NULL);
	CHECK(tell("honest") == 0 && tell("execute-and-error") == 0);
	CHECK_STR(say("activate " X2 " imsi=001010000000001 --did " D1),
	    "ActivateTask error 1000 failed\n");
	CHECK(strstr(say("list"), X2) != NULL);
	stop();
}

static void
dropped_target(void)
{
	begin_with_task();
	CHECK(tell("acknowledge-and-drop-target") == 0);
	CHECK_STR(say("activate " X2 " imsi=001010000000001 tcpPort=80 --did "
	    D1), "ActivateTask AcknowledgedAndCompleted\n");
	CHECK(strstr(say("get-task " X2), "set=imsi%3D001010000000001%0A ") !=
	    NULL);
	/* Of a single target nothing is left, and the schema is broken. */
	CHECK_STR(say("modify " X2 " imsi=001010000000001 --did " D1),
	    "ModifyTask AcknowledgedAndCompleted\n");
	CHECK(strstr(say("get-all"), X2 " not understood: ") != NULL);
	CHECK(strstr(buf_text(&answer), "<targetIdentifiers>"
	    "<targetIdentifier/></targetIdentifiers>") != NULL);
	CHECK(strstr(say("get-all"), TASK) != NULL);
	stop();
}

static void
three_digits(void)
{
	begin_with_task();
	dialect = X1_DIALECT_STAMP;
	CHECK_STR(say("ping"), "Ping error 1010 messageTimestamp: not six "
	    "fraction digits\n");
	CHECK(strstr(buf_text(&body), "03:04:05.000Z<") != NULL);
	CHECK(tell("dialect stamp") == 0);
	CHECK_STR(say("ping"), "Ping AcknowledgedAndCompleted\n");
	CHECK(strstr(buf_text(&answer), ">2026-01-02T03:04:05.000Z<") !=
	    NULL);
	CHECK(tell("dialect none") == 0);
	dialect = 0;
	CHECK_STR(say("ping"), "Ping AcknowledgedAndCompleted\n");
	CHECK(strstr(buf_text(&answer), ">2026-01-02T03:04:05.000006Z<") !=
	    NULL);
	stop();
}

static void
manners(void)
{
	const struct sim_manner *m;

	start();
	m = sim_ne_manner(ne);
	CHECK(tell("silent on") == 0 && m->silent);
	CHECK(sim_ne_manner_for(ne, NULL) == m);
	CHECK(tell("silent off") == 0 && !m->silent);
	CHECK(tell("slow 250 auditor-1") == 0 && m->slow_ms == 250);
	CHECK(sim_ne_manner_for(ne, NULL) == NULL);
	CHECK(tell("garbage on") == 0 && m->garbage && m->to[0] == '\0');
	CHECK(tell("cut on") == 0 && m->cut);
	CHECK(tell("status 429") == 0 && m->status == 429);
	CHECK(tell("honest") == 0 && !m->cut && m->slow_ms == 0);
	stop();
}

static void
words(void)
{
	static const char *const bad[] = { "", " ", "lie", "silent",
	    "silent maybe", "slow x", "slow 600001", "status 99",
	    "inject-task x imsi 001010000000001 " D1,
	    "inject-task " X1 " nosuch 1 " D1,
	    "inject-task " X1 " imsi 12 " D1,
	    "inject-task " X1 " imsi 001010000000001 " D1 " X9Only",
	    "fill 100001 " D1, "dialect sip", "list all", "a b c d e f g h i",
	    "repoint " D1 " " AT1, "alter-target " X1 " imsi 001010000000001",
	    "flicker " X1, "hide-task " X1, "add-destination " X1 " " D1 };
	char longest[SIM_LINE_MAX + 2];
	size_t i;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(tell(bad[i]) != 0, bad[i]);
	memset(longest, 'a', sizeof(longest));
	CHECK(sim_ne_tell(ne, longest, SIM_LINE_MAX + 1, NOW, &text, NULL) ==
	    CU_ELIMIT);
	CHECK(sim_ne_tell(ne, longest, SIM_LINE_MAX, NOW, &text, NULL) ==
	    CU_EMALFORMED);
	stop();
}

static void
many(void)
{
	struct x1_response *r = NULL;
	struct x1_answer a;
	struct x1_item it;
	size_t n = 0;

	start();
	CHECK(tell("fill 1500 " D1) == 0);
	say("get-all");
	REQUIRE(x1_response_open(&r, answer.p, answer.len, 0, NULL) == 0);
	if (CHECK(x1_response_next(r, &a, NULL) == 0)) {
		while (x1_response_item(r, &it) == 0) {
			n += it.form == X1_FORM_OK;
			x1_item_fini(&it);
		}
		x1_answer_fini(&a);
	}
	CHECK(n == 1500);
	x1_response_free(r);
	stop();
}

int
main(void)
{
	CHECK_RUN(codes);
	CHECK_RUN(queries);
	CHECK_RUN(containers);
	CHECK_RUN(unreadable);
	CHECK_RUN(wrong_element);
	CHECK_RUN(lies_in_the_store);
	CHECK_RUN(lies_in_time);
	CHECK_RUN(lies_in_answers);
	CHECK_RUN(dropped_target);
	CHECK_RUN(three_digits);
	CHECK_RUN(manners);
	CHECK_RUN(words);
	CHECK_RUN(many);
	return (check_done());
}
