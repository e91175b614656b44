/* src/sim/main.c: custos-sim: elements and ADMFs for trials, tests, drills */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "home/home.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "sim/sim_admf.h"
#include "sim/sim_control.h"
#include "sim/sim_ne.h"
#include "sim/sim_server.h"

#define EXIT_USAGE	2
#define EXIT_COULD_NOT	3
#define WAIT_US		(30 * UTC_SECOND)
#define RAW_MAX		(64U << 20)

/* A running simulated element. */
struct ne_run {
	struct home *home;
	struct net_loop *loop;
	struct sim_ne *ne;
	struct sim_server *server;
	struct net_tls *client;		/* for reports; or NULL */
	struct sim_call *report;	/* under way */
};

static int
usage(FILE *f, int code)
{
	fprintf(f,
	    "usage: custos-sim ne -C HOME\n"
	    "       custos-sim tell -C HOME WORD...\n"
	    "       custos-sim admf -C HOME [--ne URL] [--id NE] "
	    "[--admf ADMF]\n           [--dialect stamp] WORD...\n%s",
	    sim_admf_words());
	return (code);
}

static int
could_not(const char *what, const struct cu_why *why)
{
	diag("%s: %s", what, why->text);
	return (EXIT_COULD_NOT);
}

/* certificate FILE [KEY]|own: below the home; one FILE may hold both. */
static int
tell_certificate(struct ne_run *r, const char *line, size_t len,
    struct cu_why *why)
{
	const struct home_conf *c = home_conf(r->home);
	struct net_tls_conf conf = home_tls_conf(&c->tls);
	char copy[SIM_LINE_MAX + 1], *p = copy, *word[4];
	char cert[4096], key[4096];
	struct net_tls *tls;
	size_t n = 0;
	int rc;

	if (len > SIM_LINE_MAX)
		return (CU_ELIMIT);
	memcpy(copy, line, len);
	copy[len] = '\0';
	while (n < 4 && (word[n] = strsep(&p, " ")) != NULL)
		n++;
	if (n < 2 || n > 3 || *word[1] == '\0') {
		cu_why_set(why, "certificate: takes a file, or two, or `own`");
		return (CU_EMALFORMED);
	}
	if (strcmp(word[1], "own") != 0) {
		if (home_path(r->home, cert, sizeof(cert), word[1]) != 0 ||
		    home_path(r->home, key, sizeof(key), word[n - 1]) != 0)
			return (CU_ELIMIT);
		conf.cert = word[1][0] == '/' ? word[1] : cert;
		conf.key = word[n - 1][0] == '/' ? word[n - 1] : key;
	}
	if ((rc = net_tls_server(&tls, &conf, why)) != 0)
		return (rc);
	sim_server_tls(r->server, tls);
	net_tls_unref(tls);
	return (0);
}

static void
on_reported(void *cookie, int status, const void *body, size_t len,
    const char *why)
{
	struct ne_run *r = cookie;
	struct buf out;

	r->report = NULL;
	buf_init(&out, RAW_MAX);
	if (status != 0)
		sim_admf_tell(&out, status, body, len);
	diag("report: %s", status != 0 ? buf_text(&out) : why);
	buf_fini(&out);
}

/* Say what the element reports on its own.  Its answer goes to stderr. */
static int
tell_report(struct ne_run *r, const char *line, size_t len, struct cu_why *why)
{
	const struct home_conf *c = home_conf(r->home);
	struct net_tls_conf conf = home_tls_conf(&c->tls);
	struct buf body;
	int rc = 0;

	if (c->url == NULL || c->admf == NULL) {
		cu_why_set(why, "its home has no `url` and `admf`");
		return (CU_ESTATE);
	}
	if (r->report != NULL) {
		cu_why_set(why, "a report is under way");
		return (CU_EBUSY);
	}
	buf_init(&body, RAW_MAX);
	if (r->client == NULL)
		rc = net_tls_client(&r->client, &conf, why);
	if (rc == 0)
		rc = sim_ne_report(r->ne, c->admf, line, len, utc_now(), &body,
		    why);
	if (rc == 0)
		rc = sim_call_create(&r->report, r->loop, c->url, r->client, 0,
		    body.p, body.len, WAIT_US, on_reported, r, why);
	buf_fini(&body);
	return (rc);
}

static int
ne_answer(void *cookie, const void *body, size_t len, const struct cert *cert,
    struct buf *out)
{
	return (sim_ne_answer(cookie, body, len, cert, utc_now(), out));
}

static int
on_tell(void *cookie, const char *line, size_t len, struct buf *out,
    struct cu_why *why)
{
	struct ne_run *r = cookie;

	if (len > 7 && memcmp(line, "report-", 7) == 0)
		return (tell_report(r, line, len, why));
	if (len > 12 && memcmp(line, "certificate ", 12) == 0)
		return (tell_certificate(r, line, len, why));
	return (sim_ne_tell(r->ne, line, len, utc_now(), out, why));
}

static void
on_signal(void *cookie, int signo)
{
	net_loop_stop(cookie);
}

static int
run_ne(struct home *home)
{
	const struct home_conf *c = home_conf(home);
	struct ne_run r = { .home = home };
	struct net_tls_conf conf = home_tls_conf(&c->tls);
	struct sim_server_conf sc = { .path = NET_HTTP_NE,
	    .answer = ne_answer, .manner = sim_ne_manner_for };
	struct net_signal *term = NULL, *intr = NULL;
	struct sim_control *control = NULL;
	struct cu_why why = { "out of memory" };
	int rc = EXIT_COULD_NOT;

	if (c->role != HOME_SIM_NE || c->ne == NULL || c->listen_n == 0) {
		diag("%s: role must be sim-ne, with `ne` and `listen`",
		    home_dir(home));
		return (EXIT_COULD_NOT);
	}
	sc.listen = c->listen[0];
	if (home_lock(home, &why) != 0) {
		diag("%s", why.text);		/* it names the home */
		return (EXIT_COULD_NOT);
	}
	if (net_loop_create(&r.loop) != 0 ||
	    sim_ne_create(&r.ne, c->ne) != 0 ||
	    net_tls_server(&sc.tls, &conf, &why) != 0 ||
	    (sc.cookie = r.ne) == NULL ||
	    sim_server_create(&r.server, r.loop, &sc, &why) != 0 ||
	    sim_control_create(&control, r.loop, c->socket, on_tell, &r,
	    &why) != 0 ||
	    net_signal_create(&term, r.loop, SIGTERM, on_signal, r.loop) ||
	    net_signal_create(&intr, r.loop, SIGINT, on_signal, r.loop)) {
		could_not(home_dir(home), &why);
		goto out;
	}
	diag("%s answers at %s", c->ne, c->listen[0]);
	if (net_loop_run(r.loop) == 0)
		rc = 0;
out:	net_signal_free(intr);
	net_signal_free(term);
	sim_control_free(control);
	sim_call_free(r.report);
	sim_server_free(r.server);
	net_tls_unref(r.client);
	net_tls_unref(sc.tls);
	sim_ne_free(r.ne);
	if (r.loop != NULL)
		net_loop_free(r.loop);
	return (rc);
}

static int
run_tell(struct home *home, int argc, char **argv)
{
	struct cu_why why = { "" };
	struct buf line, out;
	int i, rc = CU_ELIMIT;

	buf_init(&line, SIM_LINE_MAX);
	buf_init(&out, RAW_MAX);
	for (i = 0; i < argc; i++)
		buf_printf(&line, "%s%s", i > 0 ? " " : "", argv[i]);
	if (line.rc == 0)
		rc = sim_control_say(home_conf(home)->socket, buf_text(&line),
		    &out, &why);
	if (rc == 0)
		fwrite(out.p, 1, out.len, stdout);
	else
		diag("%s", rc == CU_ELIMIT ? "too many words" : why.text);
	buf_fini(&line);
	buf_fini(&out);
	return (rc == 0 ? 0 : rc == 1 ? 1 : EXIT_COULD_NOT);
}

/* The bytes of a file, whatever they are. */
static int
raw_body(struct buf *b, const char *path, struct cu_why *why)
{
	char chunk[65536];
	FILE *f;
	size_t n;

	if ((f = fopen(path, "rb")) == NULL) {
		cu_why_set(why, "%s cannot be read", path);
		return (CU_ENOENT);
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	return (b->rc);
}

/* An ADMF that takes what elements report. */
static int
admf_answer(void *cookie, const void *body, size_t len,
    const struct cert *cert, struct buf *out)
{
	struct buf told;
	int rc;

	buf_init(&told, RAW_MAX);
	rc = sim_admf_answer(cookie, body, len, utc_now(), out, &told);
	fwrite(told.p, 1, told.len, stdout);
	fflush(stdout);
	buf_fini(&told);
	return (rc);
}

static int
listen_admf(struct home *home, const struct sim_admf_conf *conf)
{
	const struct home_conf *c = home_conf(home);
	struct sim_admf_conf mine = *conf;
	struct net_tls_conf tc = home_tls_conf(&c->tls);
	struct sim_server_conf sc = { .path = NET_HTTP_ADMF,
	    .answer = admf_answer, .cookie = &mine };
	struct net_signal *term = NULL, *intr = NULL;
	struct sim_server *server = NULL;
	struct net_loop *loop = NULL;
	struct cu_why why = { "out of memory" };
	int rc = EXIT_COULD_NOT;

	sc.listen = c->listen_n > 0 ? c->listen[0] : "127.0.0.1:0";
	if (net_loop_create(&loop) != 0 ||
	    net_tls_server(&sc.tls, &tc, &why) != 0 ||
	    sim_server_create(&server, loop, &sc, &why) != 0 ||
	    net_signal_create(&term, loop, SIGTERM, on_signal, loop) != 0 ||
	    net_signal_create(&intr, loop, SIGINT, on_signal, loop) != 0)
		could_not(home_dir(home), &why);
	else {
		diag("%s listens at %s", conf->admf, sc.listen);
		rc = net_loop_run(loop) == 0 ? 0 : EXIT_COULD_NOT;
	}
	net_signal_free(term);
	net_signal_free(intr);
	sim_server_free(server);
	net_tls_unref(sc.tls);
	if (loop != NULL)
		net_loop_free(loop);
	return (rc);
}

static int
run_admf(struct home *home, int argc, char **argv)
{
	const struct home_conf *c = home_conf(home);
	struct sim_admf_conf conf = { c->admf, c->ne, 0 };
	struct net_tls_conf tc = home_tls_conf(&c->tls);
	const char *url = c->url;
	struct net_loop *loop = NULL;
	struct net_tls *tls = NULL;
	struct cu_why why = { "out of memory" };
	struct buf body, out;
	int rc;

	for (; argc >= 2 && strncmp(argv[0], "--", 2) == 0; argc -= 2,
	    argv += 2) {
		if (strcmp(argv[0], "--ne") == 0)
			url = argv[1];
		else if (strcmp(argv[0], "--id") == 0)
			conf.ne = argv[1];
		else if (strcmp(argv[0], "--admf") == 0)
			conf.admf = argv[1];
		else if (strcmp(argv[0], "--dialect") == 0 &&
		    strcmp(argv[1], "stamp") == 0)
			conf.dialect = X1_DIALECT_STAMP;
		else
			return (usage(stderr, EXIT_USAGE));
	}
	if (argc == 0)
		return (usage(stderr, EXIT_USAGE));
	if (conf.admf == NULL || conf.ne == NULL || url == NULL) {
		diag("%s: `admf`, `ne` (or --id) and `url` (or --ne) are "
		    "needed", home_dir(home));
		return (EXIT_COULD_NOT);
	}
	if (argc == 1 && strcmp(argv[0], "listen") == 0)
		return (listen_admf(home, &conf));
	buf_init(&body, RAW_MAX);
	buf_init(&out, RAW_MAX);
	if (argc == 2 && strcmp(argv[0], "raw") == 0)
		rc = raw_body(&body, argv[1], &why);
	else
		rc = sim_admf_build(&body, &conf, argc, argv, utc_now(), &why);
	if (rc != 0) {
		diag("%s", why.text);
		rc = rc == CU_EMALFORMED || rc == CU_ELIMIT ? EXIT_USAGE :
		    EXIT_COULD_NOT;
	} else if (net_loop_create(&loop) != 0 ||
	    net_tls_client(&tls, &tc, &why) != 0) {
		rc = could_not(home_dir(home), &why);
	} else {
		rc = (int)sim_admf_send(loop, url, tls, &conf, body.p,
		    body.len, WAIT_US, &out, &why);
		if (out.len > 0)
			fwrite(out.p, 1, out.len, stdout);
		if (rc == SIM_TOLD_FAILED && out.len == 0)
			could_not(url, &why);
	}
	net_tls_unref(tls);
	if (loop != NULL)
		net_loop_free(loop);
	buf_fini(&body);
	buf_fini(&out);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct cu_why why = { "" };
	struct home *home;
	const char *verb;
	int rc;

	diag_name("custos-sim");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return (usage(stdout, 0));
	if (argc < 4 || strcmp(argv[2], "-C") != 0)
		return (usage(stderr, EXIT_USAGE));
	verb = argv[1];
	if (home_open(&home, argv[3], &why) != 0) {
		diag("%s", why.text);
		return (EXIT_COULD_NOT);
	}
	argc -= 4;
	argv += 4;
	if (strcmp(verb, "ne") == 0 && argc == 0)
		rc = run_ne(home);
	else if (strcmp(verb, "tell") == 0 && argc > 0)
		rc = run_tell(home, argc, argv);
	else if (strcmp(verb, "admf") == 0)
		rc = run_admf(home, argc, argv);
	else
		rc = usage(stderr, EXIT_USAGE);
	home_free(home);
	return (rc);
}
