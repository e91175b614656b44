/* A whole gate between a keeper, an element and an ADMF. */
#include <sys/resource.h>
#include <fcntl.h>
#include <signal.h>
#include "gate/test-gate_world.h"

/* Up, replayed, its start and first beat in the log. */
static void
begins(void)
{
	order("w-1", "262019876543210");
	keeper_up();
	gate_up();
	RUN(gate.ready && kp.beats >= 1);
	RUN(gate_follow_size(&gate) == kp.n);
	CHECK(kp.starts == 1);
}

static void
covered(void)
{
	struct x1_msg m;

	/* A destination that nobody registered. */
	destination_message(&m, "ipv4:192.0.2.99:tcp:42069");
	ask_admf(&m, 1);
	CHECK(admf.status == 200 && admf.n == 1 && admf.is_error[0]);
	CHECK(admf.code[0] == 6000 && strstr(admf.text[0],
	    "custos: not authorised (entry ") == admf.text[0]);
	CHECK(ne.got == 0);
	destination_message(&m, "ipv4:192.0.2.10:tcp:42069");
	ask_admf(&m, 1);
	CHECK(admf.n == 1 && !admf.is_error[0] && ne.got == 1);
	start_task(1, "262019876543210");
	CHECK(admf.n == 1 && !admf.is_error[0] && ne.got == 2);
	CHECK(ne.op[1] == X1_OP_ACTIVATE_TASK);
	/* One digit wrong. */
	start_task(2, "262019876543211");
	CHECK(admf.n == 1 && admf.is_error[0] && admf.code[0] == 3000);
	CHECK(ne.got == 2);
	RUN(kp.outcomes == 2);
	CHECK(strstr(kp.last_outcome, "\"what\":\"sent\"") != NULL);
	stop_task(1);
	CHECK(!admf.is_error[0] && ne.got == 3 &&
	    ne.op[2] == X1_OP_DEACTIVATE_TASK);
	RUN(kp.outcomes == 3 && gate_machine_known(gate.m) == 0);
}

/* One container: each message sent alone, one answer, refusals in place. */
static void
container(void)
{
	int got = ne.got;
	struct x1_msg m[3];

	start_message(&m[0], 3, "262019876543210");
	start_message(&m[1], 4, "262019876543211");
	stop_message(&m[2], 3);
	ask_admf(m, 3);
	CHECK(admf.n == 3 && !admf.is_error[0] && admf.is_error[1] &&
	    !admf.is_error[2]);
	CHECK(ne.got == got + 2);
	/* Two elements in one container. */
	stop_message(&m[0], 3);
	stop_message(&m[1], 3);
	strcpy(m[1].head.ne, "ne-2");
	ask_admf(m, 2);
	CHECK(admf.status == 200 && admf.top_level && ne.got == got + 2);
}

static void
not_understood(void)
{
	int commands = kp.commands, before = admf.done;
	static const char doctype[] = "<!DOCTYPE x><x/>";

	post(admf.peer, doctype, strlen(doctype));
	RUN(admf.done == before + 1);
	CHECK(admf.status == 200 && admf.top_level);
	RUN(kp.commands == commands + 1);
	CHECK(strstr(kp.last_said, "\"form\":\"form.syntax\"") != NULL);
	post(admf.stranger, doctype, strlen(doctype));
	RUN(admf.done == before + 2);
	CHECK(admf.status == 403);
	RUN(kp.commands == commands + 2);
	CHECK(strstr(kp.last_said, "\"requester\":null") != NULL);
	/* After ten in a second the gate itself refuses. */
	for (commands = 0; commands < 15; commands++)
		post(admf.stranger, doctype, strlen(doctype));
	RUN(admf.done == before + 17);
	CHECK(gate.refused > 0);
}

static void
element_says_no(void)
{
	ne.how = NE_ERROR;
	start_task(5, "262019876543210");
	CHECK(admf.is_error[0] && admf.code[0] == 3000);
	CHECK_STR(admf.text[0], "the element says no");
	RUN(strstr(kp.last_outcome, "\"answer\":\"ErrorResponse\"") != NULL);
	ne.how = NE_STATUS;
	start_task(5, "262019876543210");
	CHECK(admf.is_error[0] && admf.code[0] == 1000);
	RUN(strstr(kp.last_outcome, "\"why\":\"http\"") != NULL);
	CHECK(strstr(kp.last_outcome, "\"what\":\"in doubt\"") != NULL);
	ne.how = NE_GARBAGE;
	start_task(5, "262019876543210");
	RUN(strstr(kp.last_outcome, "\"why\":\"form\"") != NULL);
	CHECK(strstr(kp.last_outcome, "leniencies") == NULL);
	/* As it is declared, it is read; and each time that is recorded. */
	ne.how = NE_STAMP;
	start_task(5, "262019876543210");
	CHECK(!admf.is_error[0]);
	RUN(strstr(kp.last_outcome, "\"leniencies\":[\"stamp\"]") != NULL);
	ne.how = NE_OK;
	stop_task(5);
	CHECK(!admf.is_error[0]);
	RUN(strstr(kp.last_outcome, "leniencies") == NULL);
}

/* What the keeper says of a command is believed only if we say the same. */
static void
diverges(void)
{
	int got = ne.got;

	RUN(gate_machine_known(gate.m) == 0);
	kp.lie_cover = true;
	start_task(6, "262019876543210");
	kp.lie_cover = false;
	CHECK(admf.is_error[0] && ne.got == got);
	RUN(strstr(kp.last_outcome, "\"why\":\"diverges\"") != NULL);
	CHECK(strstr(kp.last_outcome, "\"mine\":[\"allowed\",\"task.covered\"]")
	    != NULL);
	/* A stop that it refuses leaves all the same, and is taken in. */
	kp.lie_refuse = true;
	stop_task(3);
	kp.lie_refuse = false;
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	RUN(kp.lates == 1 && gate_spool_n(gate.spool) == 0 &&
	    gate_machine_known(gate.m) == 0);
}

static void
keeper_away(void)
{
	int got = ne.got, lates = kp.lates, outcomes;

	start_task(7, "262019876543210");
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	RUN(gate_machine_known(gate.m) == 0);
	outcomes = kp.outcomes;
	keeper_down();
	settle(20);
	start_task(8, "262019876543210");
	CHECK(admf.is_error[0] && admf.code[0] == 1000 &&
	    ne.got == got + 1);
	stop_task(7);
	CHECK(!admf.is_error[0] && ne.got == got + 2);
	CHECK(gate_spool_n(gate.spool) >= 1);
	keeper_up();
	RUN(kp.lates == lates + 1 && kp.outcomes == outcomes + 1 &&
	    gate_spool_n(gate.spool) == 0);
	start_task(9, "262019876543210");
	CHECK(!admf.is_error[0]);
	stop_task(9);
	RUN(gate_machine_known(gate.m) == 0);
}

/* It hangs instead: a stop after keeper_timeout. */
static void
keeper_hangs(void)
{
	int got = ne.got, lates = kp.lates;

	kp.mute = true;
	stop_task(9);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	start_task(9, "262019876543210");
	CHECK(admf.is_error[0] && ne.got == got + 1);
	kp.mute = false;
	keeper_down();
	keeper_up();
	RUN(kp.lates == lates + 1 && gate_spool_n(gate.spool) == 0 &&
	    gate_machine_known(gate.m) == 0);
	/* A head that does not come is the same. */
	kp.no_head = true;
	start_task(10, "262019876543210");
	CHECK(admf.is_error[0] && admf.code[0] == 1000 &&
	    ne.got == got + 1);
	kp.no_head = false;
	stream();
	RUN(strstr(kp.last_outcome, "\"why\":\"keeper timeout\"") != NULL);
	RUN(gate_machine_known(gate.m) == 0);
}

/* The spool cannot be written: the stop leaves all the same, and it is said. */
static void
spool_fails(void)
{
	struct rlimit was, none = { GATE_SPOOL_HEAD, RLIM_INFINITY };
	int got = ne.got, lates = kp.lates, beats;

	RUN(gate_machine_known(gate.m) == 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
	none.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	keeper_down();
	RUN(!gate.up);
	CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
	stop_task(9);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	CHECK(gate_spool_failed(gate.spool));
	beats = kp.beats;
	kp.spool_failed = false;
	keeper_up();
	/* What memory still holds of it is recorded, too. */
	RUN(kp.lates == lates + 1 && kp.beats > beats && kp.spool_failed &&
	    gate_machine_known(gate.m) == 0);
	RUN(!gate_spool_failed(gate.spool));
}

/* A gate that was just started, without a keeper: a stop passes. */
static void
restarts(void)
{
	int got = ne.got, lates = kp.lates, outcomes = kp.outcomes;
	uint64_t start = gate.book.start;
	struct x1_msg m;

	keeper_down();
	gate_down();
	gate_up();
	CHECK(gate.book.start == start + 1 && !gate.ready);
	start_task(11, "262019876543210");
	CHECK(admf.is_error[0] && ne.got == got);
	/* It dies with the late in its spool, and no answer. */
	ne.how = NE_HOLD;
	stop_message(&m, 11);
	send_messages(&m, 1);
	RUN(ne.held != NULL);
	CHECK(gate_spool_n(gate.spool) == 1);
	gate_down();
	gate_up();
	x1http_reply(ne.held, 503, NULL, 0);
	ne.held = NULL;
	ne.how = NE_OK;
	CHECK(gate_spool_n(gate.spool) == 1);
	keeper_up();
	RUN(gate.ready && kp.lates == lates + 1 &&
	    kp.outcomes == outcomes + 1 && gate_spool_n(gate.spool) == 0);
	CHECK(ne.got == got);
	CHECK(strstr(kp.last_outcome, "\"why\":\"restart\"") != NULL);
	RUN(kp.beats > 1 && gate_machine_known(gate.m) == 0);
}

/* A command is on the wire when the gate dies: in doubt, restart. */
static void
dies_on_the_wire(void)
{
	struct x1_msg m;
	int outcomes = kp.outcomes;

	ne.how = NE_HOLD;
	start_message(&m, 12, "262019876543210");
	send_messages(&m, 1);
	RUN(ne.held != NULL);
	gate_down();
	gate_up();
	RUN(gate.ready && kp.outcomes == outcomes + 1);
	CHECK(strstr(kp.last_outcome, "\"why\":\"restart\"") != NULL);
	x1http_reply(ne.held, 503, NULL, 0);
	ne.held = NULL;
	ne.how = NE_OK;
	RUN(gate_machine_known(gate.m) == 0);
	stop_task(12);
	CHECK(!admf.is_error[0]);
	RUN(gate_machine_known(gate.m) == 0);
}

static void
report(enum x1_op op)
{
	struct x1_msg m;
	struct buf b;
	int before = admf.done;

	message(&m, op);
	if (op == X1_OP_REPORT_TASK_ISSUE) {
		snprintf(m.xid, sizeof(m.xid), XID, 1);
		m.report.type = X1_REPORT_WARNING;
		m.report.has_code = true;
		m.report.code = 3000;
		m.report.text = strdup("something");
	}
	buf_init(&b, 65536);
	CHECK(x1_request_write(&b, &m, 1) == 0);
	post(admf.element, b.p, b.len);
	buf_fini(&b);
	x1_msg_fini(&m);
	RUN(admf.done == before + 1);
}

static void
reports(void)
{
	int n = kp.reports;

	report(X1_OP_REPORT_TASK_ISSUE);
	CHECK(admf.status == 200 && admf.n == 1 && !admf.is_error[0]);
	RUN(kp.reports == n + 1 && admf.forwarded == 1);
	CHECK(strstr(kp.last_said, "\"type\":\"ReportTaskIssue\"") != NULL);
	report(X1_OP_KEEPALIVE);
	CHECK(admf.status == 200 && !admf.is_error[0]);
	/* Some pull their tasks and obey the answer: they get none. */
	report(X1_OP_GET_ALL_DETAILS);
	CHECK(admf.status == 503);
	RUN(kp.reports == n + 3);
	/* Without a keeper: spooled, answered, taken in later. */
	keeper_down();
	settle(20);
	report(X1_OP_REPORT_TASK_ISSUE);
	CHECK(admf.status == 200 && !admf.is_error[0]);
	keeper_up();
	RUN(kp.reports == n + 4 && gate_spool_n(gate.spool) == 0);
}

/* ---- people at run/gate.sock -------------------------------------------- */

static struct {
	struct net_link *l;
	bool ready;
	int answers;
	enum net_kind kind;
	char json[4096];
} cli;

static void
cli_ready(void *cookie, struct net_link *l)
{
	cli.ready = true;
}

static void
cli_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
}

static void
cli_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
}

static void
cli_close(void *cookie, struct net_link *l, const char *why)
{
	cli.ready = false;
}

static void
cli_answer(void *cookie, struct net_link *l, int rc, const struct net_msg *m)
{
	cli.answers++;
	CHECK(rc == 0);
	cli.kind = rc == 0 ? m->kind : 0;
	if (rc == 0 && m->kind == NET_REFUSED)
		printf("# refused: %s\n",
		    jv_str(jv_get(m->json, "why"), NULL));
}

static void
direct(const char *id, enum record_verb verb, unsigned int who)
{
	static const struct net_link_ops ops = { .on_hello = cli_hello,
	    .on_ready = cli_ready, .on_message = cli_message,
	    .on_close = cli_close };
	struct net_link_conf conf = { .role = NET_ROLE_CLI,
	    .use = NET_USE_TALK, .build = "test", .origin = ORIGIN };
	char path[256], payload[256], subject[96], d[64];
	struct record_sds sds;
	struct record_act *a;
	struct net_out m;
	struct buf b;
	int before = cli.answers;

	snprintf(path, sizeof(path), "%s/gate/run/gate.sock", dir);
	REQUIRE(net_link_once(&cli.l, loop, path, &conf, &ops, NULL) == 0);
	RUN(cli.ready);
	text_b64url(d, warrant_digest, DIGEST_LEN);
	snprintf(subject, sizeof(subject), "warrant/%s", id);
	snprintf(payload, sizeof(payload), "{\"id\":\"%s\",\"digest\":\"%s\"}",
	    id, d);
	REQUIRE(record_act_make(&a, RECORD_WARRANT, verb, subject,
	    *world_seq(&world, subject) + 1, payload, strlen(payload),
	    NULL) == 0);
	CHECK(record_act_sign(a, state_log(world.st[0]), world.key[who],
	    utc_now()) == 0);
	record_sds_init(&sds);
	buf_init(&b, RECORD_ACT_FILE_MAX);
	record_act_file_write(&b, a, state_log(world.st[0]), &sds);
	net_out_init(&m, NET_ACT);
	net_out_part(&m, b.p, b.len);
	CHECK(net_link_ask(cli.l, &m, UTC_SECOND, cli_answer, NULL) == 0);
	RUN(cli.answers == before + 1);
	buf_fini(&b);
	record_act_free(a);
	net_link_free(cli.l);
	cli.ready = false;
}

static void
revoked_directly(void)
{
	int got, acts = kp.acts, beats, lied;

	RUN(gate_machine_known(gate.m) == 0);
	start_task(13, "262019876543210");
	CHECK(!admf.is_error[0]);
	RUN(gate_machine_known(gate.m) == 0);
	got = ne.got;
	keeper_down();
	settle(20);
	/* Not everybody may, and not what widens. */
	direct("w-1", RECORD_REVOKE, W_AUDITOR);
	CHECK(cli.kind == NET_REFUSED && gate_spool_n(gate.spool) == 0);
	direct("w-1", RECORD_REVOKE, W_APPR1);
	CHECK(cli.kind == NET_KEPT && gate_spool_n(gate.spool) == 1);
	/* It outlives the gate, and counts before the log has it. */
	gate_down();
	gate_up();
	CHECK(gate_spool_n(gate.spool) == 1);
	beats = kp.beats;
	/* A keeper that throws it away is asked again, whatever it says. */
	kp.lie = NET_KEPT;
	keeper_up();
	RUN(kp.lied >= 2);
	kp.lie = NET_REFUSED;
	lied = kp.lied;
	RUN(kp.lied >= lied + 2);
	CHECK(kp.acts == acts && gate_spool_n(gate.spool) == 1);
	kp.lie = 0;
	RUN(gate.ready && kp.acts == acts + 1 &&
	    gate_spool_n(gate.spool) == 0);
	RUN(kp.beats > beats);
	start_task(14, "262019876543210");
	CHECK(admf.is_error[0] && ne.got == got);
	stop_task(13);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	RUN(gate_machine_known(gate.m) == 0);
}

/* A new order, for another subscriber. */
static void
another_order(void)
{
	int got = ne.got;

	order("w-1b", "262010000000001");
	RUN(gate_follow_size(&gate) == kp.n);
	start_task(20, "262010000000001");
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	RUN(gate_machine_known(gate.m) == 0);
}

/*
 * A start that waits behind another of its XID, when the holder revokes at the
 * gate: the last check sees it, the comparison with the keeper does not.
 */
static void
revoked_while_waiting(void)
{
	int got = ne.got, done = admf.done;
	struct x1_msg m;

	RUN(gate_machine_known(gate.m) == 0);
	ne.how = NE_HOLD;
	start_message(&m, 30, "262010000000001");
	send_messages(&m, 1);
	RUN(ne.held != NULL);
	start_message(&m, 30, "262010000000001");
	send_messages(&m, 1);
	/* Both stand in the log, allowed; the second waits its turn. */
	RUN(gate_machine_known(gate.m) == 2);
	settle(50);
	kp.no_stream = true;
	direct("w-1b", RECORD_REVOKE, W_APPR1);
	CHECK(cli.kind == NET_KEPT);
	ne.how = NE_OK;
	ne_answer(ne.held);
	ne.held = NULL;
	RUN(admf.done == done + 2);
	CHECK(ne.got == got + 1);
	kp.no_stream = false;
	stream();
	RUN(gate_machine_known(gate.m) == 0 && gate_spool_n(gate.spool) == 0);
	CHECK(strstr(kp.last_outcome, "\"why\":\"law\"") != NULL);
	stop_task(30);
	order("w-1c", "262010000000001");
	RUN(gate_follow_size(&gate) == kp.n);
}

/*
 * Taken directly while the keeper was away, where meanwhile another act on the
 * same order came first: it ends in a finding, and not before.
 */
static void
revoked_too_late(void)
{
	char d[64];
	struct world_order o = { .id = "w-1d", .supersedes = d,
	    .revision = 2, .imsi = "262010000000004", .from = utc_now(),
	    .until = utc_now() + 3600 * UTC_SECOND, .element = "ne-1" };
	size_t n;

	order("w-1d", "262010000000004");
	RUN(gate_follow_size(&gate) == kp.n && gate_spool_n(gate.spool) == 0);
	keeper_down();
	direct("w-1d", RECORD_REVOKE, W_APPR1);
	CHECK(cli.kind == NET_KEPT && gate_spool_n(gate.spool) == 1);
	text_b64url(d, warrant_digest, DIGEST_LEN);
	CHECK(world_submit(&world, &o, warrant_digest, 1U << W_INTAKE,
	    NULL) == 0);
	kp.refusals = 0;
	kp.no_trace = true;
	keeper_up();
	RUN(kp.refusals >= 2);
	CHECK(gate_spool_n(gate.spool) == 1);
	n = kp.n;
	kp.no_trace = false;
	RUN(gate_spool_n(gate.spool) == 0);
	CHECK(kp.n > n && gate_follow_size(&gate) > n);
	/* It ended one revision, and nothing of the next. */
	CHECK(world_decide(&world, "w-1d", RECORD_APPROVE, warrant_digest,
	    1U << W_APPR1, NULL) == 0);
	kp.open[kp.open_n - 1].after = kp.n;
	stream();
	RUN(gate_follow_size(&gate) == kp.n);
	start_task(46, "262010000000004");
	CHECK(!admf.is_error[0]);
	RUN(gate_machine_known(gate.m) == 0);
}

/* A revocation is followed: a signed beat says so at once. */
static void
revoked_by_the_log(void)
{
	int beats = kp.beats;
	uint64_t size;

	order("w-2", "262010000000002");
	RUN(gate_follow_size(&gate) == kp.n);
	settle(50);
	beats = kp.beats;
	CHECK(world_decide(&world, "w-2", RECORD_REVOKE, warrant_digest,
	    1U << W_APPR1, NULL) == 0);
	size = kp.n;
	stream();
	RUN(kp.beats == beats + 1);
	/* What it says to hold a restart would know. */
	CHECK(gate.book.size >= size);
	start_task(31, "262010000000002");
	CHECK(admf.is_error[0] && admf.code[0] == 3000);
}

/* Another's certificate at the element's address: nothing is sent. */
static void
other_element(void)
{
	struct net_tls *was = ne.tls;
	uint16_t port = x1http_server_port(ne.s);
	char listen[32];
	struct x1http_server_conf conf = { .listen = listen,
	    .on_request = ne_request };
	int got = ne.got;

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
	x1http_server_free(ne.s);
	conf.tls = pki_tls(dir, "stranger", "ca", true);
	REQUIRE(x1http_server_create(&ne.s, loop, &conf, NULL) == 0);
	start_task(32, "262010000000001");
	CHECK(admf.is_error[0] && ne.got == got);
	RUN(strstr(kp.last_outcome, "\"why\":\"identity\"") != NULL);
	CHECK(strstr(kp.last_outcome, "\"what\":\"not sent\"") != NULL);
	x1http_server_free(ne.s);
	net_tls_unref(conf.tls);
	/* Nobody at all. */
	start_task(33, "262010000000001");
	CHECK(admf.is_error[0]);
	RUN(strstr(kp.last_outcome, "\"why\":\"connection\"") != NULL);
	conf.tls = was;
	REQUIRE(x1http_server_create(&ne.s, loop, &conf, NULL) == 0);
	start_task(34, "262010000000001");
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	/* An answer that is late is none. */
	ne.how = NE_HOLD;
	start_task(35, "262010000000001");
	CHECK(admf.is_error[0] && admf.code[0] == 1000);
	RUN(strstr(kp.last_outcome, "\"why\":\"timeout\"") != NULL);
	x1http_reply(ne.held, 503, NULL, 0);
	ne.held = NULL;
	ne.how = NE_OK;
	RUN(gate_machine_known(gate.m) == 0);
}

static bool
contradiction_kept(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/gate/contradiction", dir);
	return (access(path, F_OK) == 0 && unlink(path) == 0);
}

/* Nothing is believed under a head that is not the root of its entries. */
static void
forged(void)
{
	int got = ne.got;

	kp.forge_root = true;
	start_task(21, "262010000000001");
	CHECK(admf.is_error[0] && ne.got == got);
	RUN(gate.contradicted);
	kp.forge_root = false;
	/* A stop still leaves. */
	stop_task(20);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	gate_down();
	gate_up();
	RUN(gate.ready && gate_spool_n(gate.spool) == 0);
	CHECK(!gate.contradicted && contradiction_kept());
}

/* A second history, signed for a size that was followed already. */
static void
forked_below(void)
{
	uint64_t size[2];
	size_t i;

	/* Heads of before, as they were, are nothing. */
	for (i = 1; i <= kp.n; i++)
		send_head_at(i, false);
	settle(100);
	CHECK(!gate.contradicted && gate.up && !contradiction_kept());
	size[0] = gate.range.size;
	size[1] = gate.range.size & (gate.range.size - 1);
	for (i = 0; i < 2; i++) {
		RUN(gate.up && gate_follow_size(&gate) == kp.n);
		send_head_at(i == 0 ? kp.n : size[1], true);
		RUN(gate.contradicted);
		CHECK(!gate.up && contradiction_kept());
		CHECK(gate.book.size == gate.range.size);
		gate_down();
		gate_up();
		RUN(gate.ready && kp.n >= size[0]);
		size[1] = kp.n & (kp.n - 1);
	}
	RUN(gate_machine_known(gate.m) == 0 && gate.started &&
	    !gate.beat_out && gate_follow_size(&gate) == kp.n);
}

/* Entries that were streamed, and lost before a head was signed for them. */
static void
batch_lost(void)
{
	size_t n;
	int got, outcomes, lates;

	start_task(40, "262010000000001");
	CHECK(!admf.is_error[0]);
	RUN(gate_machine_known(gate.m) == 0 &&
	    gate_follow_size(&gate) == kp.n);
	settle(50);
	n = kp.n;
	got = ne.got;
	outcomes = kp.outcomes;
	kp.no_head = true;
	start_task(41, "262010000000001");
	CHECK(admf.is_error[0] && admf.code[0] == 1000 && ne.got == got);
	CHECK(kp.n > n && state_size(gate.st) == kp.n);
	keeper_down();
	kp.no_head = false;
	keeper_rewinds(n);
	RUN(!gate.up);
	/* The tables begin anew: until they are there it is as at a start. */
	kp.no_head = true;
	keeper_up();
	RUN(state_size(gate.st) == kp.n && gate_follow_size(&gate) == 0);
	settle(300);
	CHECK(!gate.ready && !gate.up);
	start_task(43, "262010000000001");
	CHECK(admf.is_error[0] && admf.code[0] == 1000 && ne.got == got);
	stop_task(40);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	lates = kp.lates;
	kp.no_head = false;
	stream();
	RUN(gate.ready && kp.lates == lates + 1);
	RUN(gate.up && state_size(gate.st) == kp.n &&
	    gate_follow_size(&gate) == kp.n);
	settle(50);
	/* Nothing of what was sent before is said again, or otherwise. */
	CHECK(kp.outcomes == outcomes + 1 && !gate.contradicted);
	start_task(42, "262010000000001");
	CHECK(!admf.is_error[0] && ne.got == got + 2);
	stop_task(42);
	CHECK(!admf.is_error[0] && ne.got == got + 3);
	RUN(gate_machine_known(gate.m) <= 1);
}

/* A keeper that cannot prove what the notebook knows. */
static void
rolled_back(void)
{
	struct tlog_range r;
	uint8_t leaf[DIGEST_LEN];
	size_t i, n;

	/* One whose entry was lost is remembered, in case it stands. */
	RUN(gate_machine_known(gate.m) <= 1);
	CHECK(gate_follow_sync(&gate) == 0);
	keeper_down();
	gate_down();
	/* Two entries less than the gate has written down. */
	n = kp.n;
	r = kp.range;
	tlog_range_init(&kp.range);
	kp.n -= 2;
	for (i = 0; i < kp.n; i++) {
		tlog_leaf(leaf, kp.line[i].p, kp.line[i].len);
		tlog_range_append(&kp.range, leaf, NULL, NULL);
	}
	gate_up();
	keeper_up();
	RUN(gate.contradicted);
	CHECK(!gate.ready);
	kp.n = n;
	kp.range = r;
	keeper_down();
	gate_down();
	gate_up();
	keeper_up();
	RUN(gate.ready);
}

static void
another_keeper(void)
{
	keeper_down();
	gate_down();
	kp.other_proof = true;
	gate_up();
	keeper_up();
	settle(500);
	CHECK(!gate.ready && !gate.up);
	kp.other_proof = false;
	keeper_down();
	keeper_up();
	RUN(gate.ready && gate.up);
}

static bool
log_has(const char *text)
{
	size_t i;

	for (i = 0; i < kp.n; i++)
		if (memmem(kp.line[i].p, kp.line[i].len, text,
		    strlen(text)) != NULL)
			return (true);
	return (false);
}

/*
 * Two starts that the element does not answer hold both connections.  A stop
 * does not wait for them; a start that waits too long for one is dead.
 */
static void
slow_element(void)
{
	struct x1http_req *held[2];
	utc_us since;
	struct x1_msg m;
	int got, done, i;

	RUN(gate.ready);
	order("w-8", "262010000000008");
	RUN(gate_follow_size(&gate) == kp.n);
	ne.how = NE_HOLD;
	for (i = 0; i < 2; i++) {
		start_message(&m, 60 + i, "262010000000008");
		send_messages(&m, 1);
		RUN(ne.held != NULL);
		held[i] = ne.held;
		ne.held = NULL;
	}
	ne.how = NE_OK;
	got = ne.got;
	since = utc_mono();
	stop_task(62);
	CHECK(ne.got == got + 1 && utc_mono() - since < 2 * UTC_SECOND);
	start_message(&m, 63, "262010000000008");
	CHECK(!log_has("release timeout"));
	done = admf.done;
	send_messages(&m, 1);
	RUN(admf.done == done + 3);
	CHECK(ne.got == got + 1);
	RUN(log_has("release timeout"));
	for (i = 0; i < 2; i++)
		x1http_reply(held[i], 503, NULL, 0);
	RUN(gate_machine_known(gate.m) == 0);
}

/* Two hours ahead the keeper finds every stop too old. */
static void
keeper_clock(void)
{
	int got, lates;

	RUN(gate.ready);
	order("w-9", "262010000000009");
	RUN(gate_follow_size(&gate) == kp.n);
	start_task(50, "262010000000009");
	CHECK(!admf.is_error[0]);
	RUN(gate_machine_known(gate.m) == 0);
	got = ne.got;
	lates = kp.lates;
	kp.ahead = 7200 * UTC_SECOND;
	stop_task(50);
	CHECK(!admf.is_error[0] && ne.got == got + 1);
	RUN(kp.lates == lates + 1 && gate_spool_n(gate.spool) == 0 &&
	    gate_machine_known(gate.m) == 0);
	/* A start waits for a clock that can be believed. */
	start_task(51, "262010000000009");
	CHECK(admf.is_error[0] && ne.got == got + 1);
}

/* Of this start: numbers below its stop that are no entries and not named. */
static size_t
unnamed(uint64_t start)
{
	static bool known[4096];
	const struct jv *gap;
	struct record_entry *e;
	uint64_t stop = 0, n;
	int64_t x;
	size_t i, k, left = 0;

	memset(known, 0, sizeof(known));
	for (i = 0; i < kp.n; i++) {
		if (record_entry_read(&e, kp.line[i].p, kp.line[i].len,
		    NULL) != 0)
			continue;
		if (e->said != NULL && e->source.start == start) {
			known[e->source.n] = true;
			if (e->kind == RECORD_STOP)
				stop = e->source.n;
			gap = jv_get(e->said_v, "void");
			for (k = 0; gap != NULL && k < jv_len(gap); k++)
				if (jv_int(jv_at(gap, k), &x) == 0)
					known[x] = true;
		}
		record_entry_free(e);
	}
	CHECK(stop != 0);
	for (n = 1; n < stop; n++)
		left += !known[n];
	return (left);
}

/*
 * A stop while an outcome is under way, that the keeper never took: the stop
 * names its number.  Nothing of the gate comes behind the stop.
 */
static void
stop_closes(void)
{
	int beats, outcomes, stops = kp.stops;
	uint64_t start, number;
	struct x1_msg m;

	RUN(gate.started && !gate.beat_out && gate_machine_known(gate.m) == 0);
	start = gate.book.start;
	kp.deaf = NET_OUTCOME;
	number = gate.words.number;
	stop_message(&m, 60);
	send_messages(&m, 1);
	/* The command, and its outcome that nobody answers. */
	RUN(gate.words.number == number + 2);
	CHECK(gate_talk_stop(&gate) == 0);
	gate.stop_said = true;
	number = gate.words.number;
	RUN(kp.stops == stops + 1);
	CHECK(unnamed(start) == 0);
	beats = kp.beats;
	outcomes = kp.outcomes;
	gate.beat_due = true;
	gate_talk_self(&gate);
	settle(200);
	CHECK(kp.beats == beats && gate.words.number == number);
	kp.deaf = 0;
	gate_down();
	gate_up();
	/* What it was is said by the next start. */
	RUN(gate.ready && gate_machine_known(gate.m) == 0 &&
	    kp.outcomes == outcomes + 1);
	CHECK(unnamed(start) == 0);
}

/*
 * Half of what a report can name is void, and the keeper takes no beat: the
 * same one is offered again, under its number, until it takes it.
 */
static void
takes_nothing(void)
{
	int i, refused, beats, stops = kp.stops;
	uint64_t number;

	RUN(gate.started && !gate.beat_out && gate.words.lost_n == 0);
	for (i = 0; i < GATE_VOID_BRAKE; i++)
		gate_words_lost(&gate.words, gate_words_draw(&gate.words,
		    NULL));
	beats = kp.beats;
	kp.word_error = "disk";
	for (i = 0; i < 5; i++) {
		refused = kp.refused;
		gate.beat_due = gate.again_due = true;
		gate_talk_self(&gate);
		RUN(kp.refused == refused + 1 && gate.again != NULL);
		if (i == 0)
			number = gate.words.number;
		CHECK(gate.words.number == number && kp.word_n == number);
	}
	/* No other is drawn meanwhile; a new connection offers it, too. */
	gate_talk_self(&gate);
	settle(100);
	CHECK(kp.refused == refused + 1);
	keeper_down();
	RUN(!gate.up);
	keeper_up();
	RUN(kp.refused == refused + 2 && gate.again != NULL);
	CHECK(kp.word_n == number);
	kp.word_error = NULL;
	gate.again_due = true;
	gate_talk_self(&gate);
	RUN(kp.beats > beats && gate.words.lost_n == 0 && !gate.beat_out);
	CHECK(gate.again == NULL);
	gate.beat_due = true;
	gate_talk_self(&gate);
	RUN(kp.beats > beats + 1 && kp.word_n > number);
	CHECK(gate_talk_stop(&gate) == 0);
	gate.stop_said = true;
	RUN(kp.stops == stops + 1);
	CHECK(unnamed(gate.book.start) == 0);
	gate_down();
	gate_up();
	RUN(gate.ready && gate_machine_known(gate.m) == 0);
}

static void
ends(void)
{
	gate_down();
	keeper_down();
}

int
main(void)
{
	char cmd[64];
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdtemp(dir) == NULL || net_loop_create(&loop) != 0)
		return (1);
	certificates();
	world_up();
	home("keeper_timeout: 1500ms\noutcome_timeout: 1500ms\n"
	    "element_timeout: 4s\npace: 1000\n");
	CHECK_RUN(begins);
	CHECK_RUN(covered);
	CHECK_RUN(container);
	CHECK_RUN(not_understood);
	CHECK_RUN(element_says_no);
	CHECK_RUN(diverges);
	CHECK_RUN(keeper_away);
	CHECK_RUN(keeper_hangs);
	CHECK_RUN(spool_fails);
	CHECK_RUN(restarts);
	CHECK_RUN(dies_on_the_wire);
	CHECK_RUN(reports);
	CHECK_RUN(revoked_directly);
	CHECK_RUN(another_order);
	CHECK_RUN(revoked_while_waiting);
	CHECK_RUN(revoked_too_late);
	CHECK_RUN(revoked_by_the_log);
	CHECK_RUN(other_element);
	CHECK_RUN(forged);
	CHECK_RUN(forked_below);
	CHECK_RUN(batch_lost);
	CHECK_RUN(rolled_back);
	CHECK_RUN(another_keeper);
	CHECK_RUN(slow_element);
	CHECK_RUN(stop_closes);
	CHECK_RUN(takes_nothing);
	CHECK_RUN(keeper_clock);
	CHECK_RUN(ends);
	for (i = 0; i < kp.open_n; i++)
		record_sds_fini(&kp.open[i].sds);
	for (i = 0; i < kp.n; i++)
		free(kp.line[i].p);
	x1http_server_free(ne.s);
	x1http_server_free(admf.s);
	net_tls_unref(ne.tls);
	net_tls_unref(admf.tls);
	net_tls_unref(admf.stranger_tls);
	net_tls_unref(admf.ne_tls);
	world_free(&world);
	net_loop_free(loop);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd) != 0)
		return (1);
	return (check_done());
}
