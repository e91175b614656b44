/* src/sim/test-sim_wire.c: ADMF and element over mutual TLS, and being told */
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "pki.h"
#include "sim/sim_admf.h"
#include "sim/sim_control.h"
#include "sim/sim_ne.h"
#include "sim/sim_server.h"

#define URN	"urn:etsi:li:103221-1:cert-binding:"

static char dir[] = "/tmp/sim_wire.XXXXXX";
static struct net_loop *loop;
static struct sim_ne *ne;
static struct sim_server *server;
static struct net_tls *ne_tls, *other_tls, *admf_tls;
static struct buf out;
static struct cu_why why;

static const char *
file(const char *name, const char *end)
{
	return (pki_file(dir, name, end));
}

static int
ne_answer(void *cookie, const void *body, size_t len, const struct cert *cert,
    struct buf *b)
{
	return (sim_ne_answer(cookie, body, len, cert, utc_now(), b));
}

static int
admf_answer(void *cookie, const void *body, size_t len,
    const struct cert *cert, struct buf *b)
{
	struct sim_admf_conf conf = { "admf-1", "ne-1", 0 };

	return (sim_admf_answer(&conf, body, len, utc_now(), b, cookie));
}

static void
set_up(void)
{
	struct sim_server_conf sc = { "127.0.0.1:0", NULL, NET_HTTP_NE,
	    ne_answer, sim_ne_manner_for, NULL };
	static const char *const uri[] = { URN "NE:ne-1", URN "NE:ne-2",
	    URN "ADMF:admf-1" };
	struct certmake *ca;

	if (mkdtemp(dir) == NULL)
		abort();
	ca = pki_ca(dir, "ca");
	pki_local(dir, ca, "ne", &uri[0], 1);
	pki_local(dir, ca, "other", &uri[1], 1);
	pki_local(dir, ca, "admf", &uri[2], 1);
	certmake_free(ca);
	ne_tls = pki_tls(dir, "ne", "ca", true);
	other_tls = pki_tls(dir, "other", "ca", true);
	admf_tls = pki_tls(dir, "admf", "ca", false);
	if (net_loop_create(&loop) != 0 || sim_ne_create(&ne, "ne-1") != 0)
		abort();
	sc.tls = ne_tls;
	sc.cookie = ne;
	if (sim_server_create(&server, loop, &sc, &why) != 0)
		abort();
	buf_init(&out, 1 << 22);
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *f)
{
	return (remove(path));
}

static void
tear_down(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	sim_server_free(server);
	sim_ne_free(ne);
	net_tls_unref(ne_tls);
	net_tls_unref(other_tls);
	net_tls_unref(admf_tls);
	net_loop_free(loop);
	buf_fini(&out);
}

static enum sim_told
send_as(const char *admf, const char *path, const char *words,
    unsigned int dialect)
{
	struct sim_admf_conf conf = { admf, "ne-1", dialect };
	char copy[1024], url[128], *p = copy, *v[32];
	enum sim_told told = SIM_TOLD_FAILED;
	struct buf body;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	while (p != NULL && n < 32)
		v[n++] = strsep(&p, " ");
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/X1/%s",
	    sim_server_port(server), path);
	buf_init(&body, 1 << 20);
	buf_reset(&out);
	if (CHECK(sim_admf_build(&body, &conf, n, v, utc_now(), &why) == 0))
		told = sim_admf_send(loop, url, admf_tls, &conf, body.p,
		    body.len, 2 * UTC_SECOND, &out, &why);
	buf_fini(&body);
	return (told);
}

static enum sim_told
say(const char *words)
{
	return (send_as("admf-1", "NE", words, 0));
}

static void
tell(const char *words)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	CHECK(sim_ne_tell(ne, words, strlen(words), utc_now(), &b, &why) == 0);
	buf_fini(&b);
}

static void
honest(void)
{
	CHECK(say("ping") == SIM_TOLD_OK);
	CHECK_STR(buf_text(&out), "Ping AcknowledgedAndCompleted\n");
	CHECK(say("create-destination 0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02 "
	    "ipv4:192.0.2.10:tcp:42069 --then activate "
	    "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01 imsi=001010000000001 "
	    "--did 0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02 --service voice")
	    == SIM_TOLD_OK);
	CHECK(say("get-task b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01") ==
	    SIM_TOLD_OK);
	CHECK(strstr(buf_text(&out), "services=voice") != NULL);
	CHECK(say("deactivate b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a02") ==
	    SIM_TOLD_REFUSED);
}

static void
identities(void)
{
	CHECK(send_as("admf-2", "NE", "ping", 0) == SIM_TOLD_REFUSED);
	CHECK_STR(buf_text(&out),
	    "Ping error 1030 not bound to the certificate\n");
	CHECK(send_as("admf-1", "ADMF", "ping", 0) == SIM_TOLD_FAILED);
}

static void
dialect(void)
{
	CHECK(send_as("admf-1", "NE", "ping", X1_DIALECT_STAMP) ==
	    SIM_TOLD_REFUSED);
	tell("dialect stamp");
	CHECK(send_as("admf-1", "NE", "ping", X1_DIALECT_STAMP) ==
	    SIM_TOLD_OK);
	tell("dialect none");
}

static void
lies(void)
{
	utc_us before;

	tell("cut on");
	CHECK(say("ping") == SIM_TOLD_FAILED);
	tell("cut off");
	tell("garbage on");
	CHECK(say("ping") == SIM_TOLD_FAILED);
	tell("garbage off");
	tell("status 429");
	CHECK(say("ping") == SIM_TOLD_FAILED);
	CHECK(strstr(buf_text(&out), "HTTP 429") != NULL);
	tell("status 0");
	tell("slow 300");
	before = utc_mono();
	CHECK(say("ping") == SIM_TOLD_OK);
	CHECK(utc_mono() - before >= 300000);
	tell("slow 0");
	tell("silent on admf-1");
	before = utc_mono();
	CHECK(say("ping") == SIM_TOLD_FAILED);
	CHECK(utc_mono() - before >= 2 * UTC_SECOND);
	/* Silent to one, not to another. */
	tell("silent on auditor-1");
	CHECK(say("ping") == SIM_TOLD_OK);
	tell("honest");
}

static void
another_certificate(void)
{
	/* The name still fits, so that only a pin or the identity tells. */
	sim_server_tls(server, other_tls);
	CHECK(say("ping") == SIM_TOLD_OK);
	sim_server_tls(server, ne_tls);
	CHECK(say("ping") == SIM_TOLD_OK);
}

/* What an element reports on its own, to an ADMF that listens. */
static void
reports(void)
{
	static const char *const line[] = {
		"report-task b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01 "
		    "TerminatingFault 9030",
		"report-destination 0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02 "
		    "Warning",
		"report-ne Alert 10000",
	};
	static const char *const bad[] = { "report-ne", "report-ne Joy",
		"report-task x Warning", "report-x Alert", "report-ne Alert x",
		"report-task b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01" };
	struct sim_server_conf sc = { "127.0.0.1:0", ne_tls, NET_HTTP_ADMF,
	    admf_answer, NULL, NULL };
	struct sim_admf_conf conf = { "admf-1", "ne-1", 0 };
	struct sim_server *admf = NULL;
	struct buf told, body;
	char url[128];
	size_t i;

	buf_init(&told, 4096);
	buf_init(&body, 65536);
	sc.cookie = &told;
	REQUIRE(sim_server_create(&admf, loop, &sc, &why) == 0);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/X1/ADMF",
	    sim_server_port(admf));
	for (i = 0; i < 3; i++) {
		buf_reset(&body);
		buf_reset(&out);
		CHECK(sim_ne_report(ne, "admf-1", line[i], strlen(line[i]),
		    utc_now(), &body, &why) == 0);
		CHECK(sim_admf_send(loop, url, admf_tls, &conf, body.p,
		    body.len, 2 * UTC_SECOND, &out, &why) == SIM_TOLD_OK);
	}
	CHECK_STR(buf_text(&told), "ReportTaskIssue from ne-1 "
	    "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01 TerminatingFault 9030\n"
	    "ReportDestinationIssue from ne-1 "
	    "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02 Warning\n"
	    "ReportNEIssue from ne-1 Alert 10000\n");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(sim_ne_report(ne, "admf-1", bad[i], strlen(bad[i]),
		    utc_now(), &body, &why) == CU_EMALFORMED, bad[i]);
	CHECK(sim_ne_report(ne, "admf-1", "list", 4, utc_now(), &body, &why)
	    == CU_ENOENT);
	/* Nobody commands an ADMF. */
	buf_reset(&body);
	buf_reset(&out);
	{
		char words[] = "deactivate-all", *v[] = { words };

		CHECK(sim_admf_build(&body, &conf, 1, v, utc_now(), &why) ==
		    0);
	}
	CHECK(sim_admf_send(loop, url, admf_tls, &conf, body.p, body.len,
	    2 * UTC_SECOND, &out, &why) == SIM_TOLD_REFUSED);
	CHECK(strstr(buf_text(&out), "error 1080") != NULL);
	sim_server_free(admf);
	buf_fini(&told);
	buf_fini(&body);
}

/* ---- the control socket ------------------------------------------------ */

static int
on_tell(void *cookie, const char *line, size_t len, struct buf *b,
    struct cu_why *w)
{
	return (sim_ne_tell(ne, line, len, utc_now(), b, w));
}

static void *
run(void *cookie)
{
	net_loop_run(loop);
	return (NULL);
}

static void
on_stop(void *cookie, int signo)
{
	net_loop_stop(loop);
}

static void
control(void)
{
	struct sim_control *c;
	struct net_signal *s;
	const char *path = file("sim", ".sock");
	pthread_t thread;
	struct buf b;

	buf_init(&b, 1 << 20);
	REQUIRE(sim_control_create(&c, loop, path, on_tell, NULL, &why) == 0);
	REQUIRE(net_signal_create(&s, loop, SIGUSR1, on_stop, NULL) == 0);
	REQUIRE(pthread_create(&thread, NULL, run, NULL) == 0);
	CHECK(sim_control_say(path, "add-destination - "
	    "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c09 ipv4:192.0.2.9:tcp:9", &b,
	    &why) == 0);
	CHECK(b.len == 0);
	CHECK(sim_control_say(path, "list", &b, &why) == 0);
	CHECK(strstr(buf_text(&b), "destination 0d6a9a52-3f0b-4f0d-8a55-"
	    "6a1f6f0b2c09 deliver=X2andX3 at=ipv4:192.0.2.9:tcp:9\n") != NULL);
	buf_reset(&b);
	CHECK(sim_control_say(path, "dance", &b, &why) == 1);
	CHECK(strstr(why.text, "no such word") != NULL && b.len == 0);
	CHECK(sim_control_say(file("none", ".sock"), "list", &b, &why) < 0);
	kill(getpid(), SIGUSR1);
	pthread_join(thread, NULL);
	net_signal_free(s);
	sim_control_free(c);
	buf_fini(&b);
}

int
main(void)
{
	set_up();
	CHECK_RUN(honest);
	CHECK_RUN(identities);
	CHECK_RUN(dialect);
	CHECK_RUN(lies);
	CHECK_RUN(another_certificate);
	CHECK_RUN(reports);
	CHECK_RUN(control);
	tear_down();
	return (check_done());
}
