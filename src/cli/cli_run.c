/* src/cli/cli_run.c: run the process of a home, or of all homes of a folder */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cli_held.h"
#include "cli/cli_process.h"
#include "cli/cli_run.h"
#include "home/home.h"
#include "journal/journal_read.h"

static const struct {
	enum home_role role;
	const char *program, *word;	/* ${word}: before -C, or NULL */
} programs[] = {
	/* In the order in which they start. */
	{ HOME_KEEPER, "custos-keeper", NULL },
	{ HOME_SIM_NE, "custos-sim", "ne" },
	{ HOME_GATE, "custos-gate", NULL },
	{ HOME_AUDITOR, "custos-auditor", NULL },
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

/* The words that start the process of a home of ${role}.  0, or -1. */
static int
words_of(enum home_role role, char program[PATH_MAX], const char *dir,
    const char **argv)
{
	size_t i, n = 0;

	for (i = 0; i < PROGRAMS && programs[i].role != role; i++)
		;
	if (i == PROGRAMS) {
		cli_fail(CLI_FAILED, "%s: a home of a %s runs no process; "
		    "custos sim admf -C %s sends commands", dir,
		    home_role_name(role), dir);
		return (-1);
	}
	if (cli_program(program, programs[i].program) != 0)
		return (-1);
	argv[n++] = program;
	if (programs[i].word != NULL)
		argv[n++] = programs[i].word;
	argv[n++] = "-C";
	argv[n++] = dir;
	argv[n] = NULL;
	return (0);
}

/* What process a home is for; it must not run already.  0, or -1. */
static int
role_of(const char *dir, enum home_role *role)
{
	struct home *h = NULL;
	struct cu_why why = { "" };
	int rc;

	if ((rc = home_open(&h, dir, &why)) == 0) {
		*role = home_conf(h)->role;
		rc = *role == HOME_SIM_ADMF ? 0 : home_lock(h, &why);
	}
	if (rc != 0)
		cli_fail(CLI_FAILED, "%s", why.text[0] != '\0' ? why.text :
		    cu_strerror(rc));
	home_free(h);
	return (rc == 0 ? 0 : -1);
}

int
cli_run_start(struct cli_runs *runs, const char *dir, enum home_role role)
{
	struct cli_running *r = &runs->v[runs->n];
	char program[PATH_MAX], log[PATH_MAX];
	const char *argv[6];

	if (runs->n == CLI_RUNS_MAX || words_of(role, program, dir, argv) != 0 ||
	    cli_join(log, dir, "run/log") != 0)
		return (-1);
	snprintf(r->name, sizeof(r->name), "%s", strrchr(dir, '/') != NULL ?
	    strrchr(dir, '/') + 1 : dir);
	snprintf(r->dir, sizeof(r->dir), "%s", dir);
	r->role = role;
	if ((r->pid = cli_process_start(argv, log)) == -1)
		return (-1);
	runs->n++;
	return (0);
}

bool
cli_run_below(char at[PATH_MAX], const char *dir, const char *name,
    bool *denied)
{
	char file[PATH_MAX];

	if (name[0] == '.' || cli_join(at, dir, name) != 0 ||
	    cli_join(file, at, HOME_FILE) != 0)
		return (false);
	if (access(file, F_OK) == 0)
		return (true);
	*denied = *denied || errno == EACCES;
	return (false);
}

static int
none_below(const char *dir, bool denied)
{
	return (cli_fail(CLI_FAILED, "%s: no home of a process below it%s",
	    dir, denied ? " that we may read" : ""));
}

/* The homes below ${dir}, in the order in which they start.  0, or -1. */
static int
start_below(struct cli_runs *runs, const char *dir)
{
	char name[CLI_RUNS_MAX][256], at[PATH_MAX];
	enum home_role role[CLI_RUNS_MAX];
	struct dirent *e;
	size_t i, k, n = 0;
	bool denied = false;
	DIR *d;

	if ((d = opendir(dir)) == NULL) {
		cli_fail(CLI_FAILED, "%s: %s", dir, strerror(errno));
		return (-1);
	}
	while ((e = readdir(d)) != NULL) {
		if (!cli_run_below(at, dir, e->d_name, &denied))
			continue;
		if (n == CLI_RUNS_MAX) {
			cli_fail(CLI_FAILED, "%s: more than %d homes below it",
			    dir, CLI_RUNS_MAX);
			break;
		}
		if (role_of(at, &role[n]) != 0)
			break;
		snprintf(name[n++], sizeof(name[0]), "%s", e->d_name);
	}
	closedir(d);
	if (e != NULL)
		return (-1);
	for (k = 0; k < PROGRAMS; k++)
		for (i = 0; i < n; i++)
			if (role[i] == programs[k].role &&
			    (cli_join(at, dir, name[i]) != 0 ||
			    cli_run_start(runs, at, role[i]) != 0))
				return (-1);
	if (runs->n == 0)
		none_below(dir, denied);
	return (runs->n > 0 ? 0 : -1);
}

int
cli_run_all(struct cli_runs *runs, const char *dir)
{
	char full[PATH_MAX], sock[PATH_MAX];
	size_t i;

	if (realpath(dir, full) == NULL) {
		cli_fail(CLI_FAILED, "%s: %s", dir, strerror(errno));
		return (-1);
	}
	if (start_below(runs, full) != 0) {
		cli_run_stop(runs);
		return (-1);
	}
	for (i = 0; i < runs->n; i++) {
		if (runs->v[i].role != HOME_KEEPER)
			continue;
		if (cli_join(sock, runs->v[i].dir, "run/keeper.sock") != 0 ||
		    !cli_process_ready(sock, runs->v[i].pid, 15000)) {
			cli_fail(CLI_FAILED, "%s does not start; see "
			    "%s/run/log", runs->v[i].name, runs->v[i].dir);
			cli_run_stop(runs);
			return (-1);
		}
	}
	return (0);
}

void
cli_run_stop(struct cli_runs *runs)
{
	struct cli_running *r;
	unsigned int pass;
	size_t i;

	/* The keeper last: the others tell it that they stop. */
	for (pass = 0; pass < 2; pass++)
		for (i = runs->n; i-- > 0;) {
			r = &runs->v[i];
			if (r->pid <= 0 || (r->role == HOME_KEEPER) != pass)
				continue;
			(void)cli_process_stop(r->pid, SIGTERM, 5000);
			r->pid = 0;
		}
	runs->n = 0;
}

struct cli_running *
cli_run_find(struct cli_runs *runs, const char *name)
{
	size_t i;

	for (i = 0; i < runs->n; i++)
		if (strcmp(runs->v[i].name, name) == 0)
			return (&runs->v[i]);
	return (NULL);
}

/*
 * Serve until a signal, or until all have ended; name whatever ends before,
 * and restart nothing.  An exit code.
 */
static int
watch(struct cli_runs *runs)
{
	sigset_t set;
	siginfo_t info;
	size_t i, left;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		signo = sigwaitinfo(&set, &info);
		if (signo == SIGINT || signo == SIGTERM)
			return (CLI_DONE);
		for (i = left = 0; i < runs->n; i++) {
			if (runs->v[i].pid > 0 &&
			    !cli_process_alive(runs->v[i].pid)) {
				cli_fail(CLI_FAILED, "%s has ended; see "
				    "%s/run/log", runs->v[i].name,
				    runs->v[i].dir);
				runs->v[i].pid = 0;
			}
			left += runs->v[i].pid > 0;
		}
		if (left == 0)
			return (cli_fail(CLI_FAILED, "none is left"));
	}
}

int
cli_run_watch(struct cli_runs *runs)
{
	sigset_t set, was;
	int code;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &was);
	code = watch(runs);
	sigprocmask(SIG_SETMASK, &was, NULL);
	cli_run_stop(runs);
	return (code);
}

int
cli_run(struct cli *c, int argc, char **argv)
{
	bool all = false;
	struct cli_opt opt[] = { { "--all", CLI_FLAG, &all } };
	struct cli_runs runs = { .n = 0 };
	char program[PATH_MAX];
	const char *words[6], *dir;
	enum home_role role;
	size_t i;

	if (cli_options(argc, argv, opt, 1, &dir, 1, 1) < 0)
		return (cli_usage("custos run HOME\n"
		    "       custos run --all DIR"));
	if (!all) {
		if (role_of(dir, &role) != 0 ||
		    words_of(role, program, dir, words) != 0)
			return (CLI_FAILED);
		execv(program, (char *const *)(uintptr_t)words);
		return (cli_fail(CLI_FAILED, "%s: %s", program,
		    strerror(errno)));
	}
	if (cli_run_all(&runs, dir) != 0)
		return (CLI_FAILED);
	for (i = 0; i < runs.n; i++)
		printf("%-12s pid %d\n", runs.v[i].name, (int)runs.v[i].pid);
	printf("Ctrl-C ends all.\n");
	return (cli_run_watch(&runs));
}

/* What a keeper's disk remembers of its log, against the log. */
static unsigned int
check_log(const char *dir)
{
	struct cu_why why = { "" };
	struct journal_reader *r;
	char log[PATH_MAX];
	struct cli_held held = { .n = 0 };

	if (cli_join(log, dir, "log") != 0)
		return (0);
	if (journal_reader_open(&r, log, &why) != 0) {
		printf("%s: %s\n", log, why.text);
		return (1);
	}
	cli_held_keeper(&held, r, log);
	journal_reader_free(r);
	cli_held_print(&held);
	return ((unsigned int)held.n);
}

/* What a gate was shown beside the log that it followed. */
static unsigned int
check_follower(const char *dir)
{
	struct cli_held held = { .n = 0 };

	cli_held_follower(&held, NULL, dir);
	cli_held_print(&held);
	return ((unsigned int)held.n);
}

static int
check_one(const char *dir)
{
	struct home *h;
	struct cu_why why = { "" };
	struct buf b;
	unsigned int n;

	if (home_open(&h, dir, &why) != 0) {
		printf("%s\n", why.text);
		return (CLI_NO);
	}
	buf_init(&b, 1 << 20);
	n = home_check(h, &b);
	fputs(buf_text(&b), stdout);
	if (home_conf(h)->role == HOME_KEEPER)
		n += check_log(dir);
	else
		n += check_follower(dir);
	if (n == 0)
		printf("%s: role %s; nothing stands against starting it\n", dir,
		    home_role_name(home_conf(h)->role));
	buf_fini(&b);
	home_free(h);
	return (n == 0 ? CLI_DONE : CLI_NO);
}

/* Check each home below ${dir}.  CLI_NO if one complains, -1 if none is. */
static int
check_below(const char *dir, bool *denied)
{
	char at[PATH_MAX];
	struct dirent **e;
	int i, n, code = -1;

	n = scandir(dir, &e, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (cli_run_below(at, dir, e[i]->d_name, denied))
			code = check_one(at) != CLI_DONE || code == CLI_NO ?
			    CLI_NO : CLI_DONE;
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return (code);
}

int
cli_check(struct cli *c, int argc, char **argv)
{
	const char *dir = c->home;
	char file[PATH_MAX];
	bool denied = false;
	int code;

	if (cli_options(argc, argv, NULL, 0, &dir, 0, 1) < 0)
		return (cli_usage("custos check [HOME | DIR]"));
	if (cli_join(file, dir, HOME_FILE) != 0)
		return (CLI_FAILED);
	code = access(file, F_OK) == 0 ? -1 : check_below(dir, &denied);
	if (code == -1 && denied)
		return (none_below(dir, denied));
	return (code != -1 ? code : check_one(dir));
}

int
cli_sim(struct cli *c, int argc, char **argv)
{
	char program[PATH_MAX];

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0))
		cli_help_ask();
	if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return (cli_usage("custos sim ne -C HOME\n"
		    "       custos sim tell -C HOME WORD...\n"
		    "       custos sim admf -C HOME [--id NE] WORD...\n"
		    "custos-sim(8) tells the words."));
	if (cli_program(program, "custos-sim") != 0)
		return (CLI_FAILED);
	argv[0] = program;
	execv(program, argv);
	return (cli_fail(CLI_FAILED, "%s: %s", program, strerror(errno)));
}
