/* src/cli/cli_demo.c: a whole small operator, attacked before your eyes */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/text.h"
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/cli_process.h"
#include "cli/cli_run.h"
#include "cli/cli_trial.h"
#include "json/jw.h"

#define WORDS_MAX	40
#define WIDTH		96	/* columns of what is shown */
#define OUTPUT_MAX	(8U << 20)
#define ROWS_MAX	24
#define FIND_WAIT	(20 * UTC_SECOND)	/* for any one finding */
#define SHORT_WINDOW	(12 * UTC_SECOND)	/* of w-2 */

/* What the story is about: test numbers and addresses, nobody's. */
#define NUMBER		"e164Number=4915112345678"
#define WRONG		"e164Number=4915112345679"
#define OTHER		"e164Number=4915112345690"
#define DID1		"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c01"
#define DID2		"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02"
#define MDF		"ipv4:192.0.2.10:tcp:42069"
#define ELSEWHERE	"ipv4:198.51.100.66:tcp:42069"
#define XID1		"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
#define XID2		"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a02"
#define XID3		"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a03"
#define XID4		"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a04"
#define HIDDEN		"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7aff"

struct row {
	char what[64], seen[64], entry[24];
	bool ok, run;
};

struct demo {
	struct cli *c;
	char dir[PATH_MAX], self[PATH_MAX];
	const char *second;		/* verify.py, or NULL */
	char second_path[PATH_MAX];
	struct cli_runs runs;
	struct buf out;			/* of the last command */
	bool colour;
	char genesis[65];
	uint64_t covered;		/* entry of the covered activation */
	struct row row[ROWS_MAX];
	size_t rows_n;
};

static void
pause_us(utc_us us)
{
	struct timespec ts = { us / UTC_SECOND, us % UTC_SECOND * 1000 };

	if (us > 0)
		nanosleep(&ts, NULL);
}

static void
headline(const struct demo *d, const char *text)
{
	printf("\n%s== %s%s\n", d->colour ? "\033[1m" : "", text,
	    d->colour ? "\033[0m" : "");
}

/* Read what a child says, to its end. */
static void
collect(struct demo *d, int fd)
{
	char part[4096];
	ssize_t k;

	while ((k = read(fd, part, sizeof(part))) > 0 ||
	    (k < 0 && errno == EINTR))
		if (k > 0)
			buf_add(&d->out, part, (size_t)k);
	close(fd);
}

/* Run a program; its output stays in d->out.  Its exit code. */
static int
execute(struct demo *d, char *const *argv)
{
	int fd[2], status;
	pid_t pid;

	buf_reset(&d->out);
	if (pipe2(fd, O_CLOEXEC) != 0 || (pid = fork()) == -1)
		return (CLI_FAILED);
	if (pid == 0) {
		dup2(fd[1], STDOUT_FILENO);
		dup2(fd[1], STDERR_FILENO);
		if (chdir(d->dir) != 0)
			_exit(CLI_FAILED);
		execvp(argv[0], argv);
		_exit(CLI_FAILED);
	}
	close(fd[1]);
	collect(d, fd[0]);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (CLI_FAILED);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED);
}

static void
show_output(const struct demo *d)
{
	const char *p = buf_text(&d->out), *end;

	for (; *p != '\0'; p = end) {
		end = strchr(p, '\n');
		end = end == NULL ? p + strlen(p) : end + 1;
		printf("    %.*s", (int)(end - p), p);
	}
	if (d->out.len > 0 && d->out.p[d->out.len - 1] != '\n')
		putchar('\n');
}

/* A command as a person would type it in the folder, broken at WIDTH. */
static void
show_words(const struct demo *d, const char *program, char *const *word)
{
	int at = 4 + (int)strlen(program), len;
	bool spaced;

	printf("%s  $ %s", d->colour ? "\033[36m" : "", program);
	for (; *word != NULL; word++) {
		const char *w = strcmp(*word, d->genesis) == 0 ?
		    "$(cat genesis)" : *word;

		spaced = strpbrk(w, " ") != NULL && w == *word;
		len = (int)strlen(w) + (spaced ? 3 : 1);
		if (at + len > WIDTH) {
			printf(" \\\n     ");
			at = 5;
		}
		printf(spaced ? " '%s'" : " %s", w);
		at += len;
	}
	printf("%s\n", d->colour ? "\033[0m" : "");
}

/* Show a command, run it in the folder, show what it says. */
static int
verb(struct demo *d, bool shown, ...)
{
	static char store[WORDS_MAX][256];
	char *full[WORDS_MAX + 3], yes[] = "--yes";
	const char *w;
	int n = 2, code;
	va_list ap;

	full[0] = d->self;
	full[1] = yes;
	va_start(ap, shown);
	while ((w = va_arg(ap, const char *)) != NULL && n < WORDS_MAX) {
		snprintf(store[n], sizeof(store[n]), "%s", w);
		full[n] = store[n];
		n++;
	}
	va_end(ap);
	full[n] = NULL;
	if (shown)
		show_words(d, "custos", full + 2);
	code = execute(d, full);
	if (shown)
		show_output(d);
	return (code);
}

/* The number behind the first ${word} of the output, or none. */
static bool
number_after(const struct demo *d, const char *word, uint64_t *out)
{
	const char *p = strstr(buf_text(&d->out), word);
	size_t n;

	if (p == NULL)
		return (false);
	p += strlen(word);
	n = strspn(p, "0123456789");
	return (text_dec(p, n, out) == 0);
}

static void
row(struct demo *d, bool ok, const char *what, const char *seen,
    uint64_t entry)
{
	struct row *r = &d->row[d->rows_n];

	if (d->rows_n == ROWS_MAX)
		return;
	d->rows_n++;
	snprintf(r->what, sizeof(r->what), "%s", what);
	snprintf(r->seen, sizeof(r->seen), "%s", seen);
	if (entry != UINT64_MAX)
		snprintf(r->entry, sizeof(r->entry), "%" PRIu64, entry);
	r->ok = ok;
	r->run = true;
	printf("%s  -> %s: %s%s\n", d->colour ?
	    (ok ? "\033[32m" : "\033[31m") : "", ok ? "as it must be" :
	    "NOT AS IT MUST BE", seen, d->colour ? "\033[0m" : "");
}

/* The newest finding of ${type} after entry ${after}, as `finding list --all
 * --json` has it. */
static bool
finding_of(struct demo *d, const char *type, uint64_t after, uint64_t *id)
{
	char want[80];
	const char *p, *q;
	uint64_t v;

	if (verb(d, false, "--json", "finding", "list", "--all", NULL) != 0)
		return (false);
	snprintf(want, sizeof(want), "\"type\":\"%s\"", type);
	for (p = buf_text(&d->out); (q = strstr(p, "{\"id\":\"")) != NULL;
	    p = q + 1) {
		size_t n = strspn(q + 7, "0123456789");

		if (text_dec(q + 7, n, &v) == 0 && v >= after &&
		    strncmp(q + 7 + n + 2, want, strlen(want)) == 0) {
			*id = v;
			return (true);
		}
	}
	return (false);
}

/* Size of the log now. */
static uint64_t
log_size(struct demo *d)
{
	uint64_t n = 0;

	(void)verb(d, false, "status", NULL);
	if (number_after(d, "x1, ", &n))
		return (n);
	return (0);
}

/* Wait for a finding and tell how long it took. */
static void
expect_finding(struct demo *d, const char *what, const char *type,
    uint64_t after)
{
	utc_us began = utc_mono();
	char seen[64];
	uint64_t id = UINT64_MAX;

	while (!finding_of(d, type, after, &id) &&
	    utc_mono() - began < FIND_WAIT)
		pause_us(UTC_SECOND / 5);
	if (id == UINT64_MAX) {
		snprintf(seen, sizeof(seen), "no %s in %d s", type,
		    (int)(FIND_WAIT / UTC_SECOND));
	} else {
		char n[24];

		snprintf(seen, sizeof(seen), "%s after %.1f s", type,
		    (double)(utc_mono() - began) / (double)UTC_SECOND);
		snprintf(n, sizeof(n), "%" PRIu64, id);
		(void)verb(d, true, "finding", "show", n, NULL);
	}
	row(d, id != UINT64_MAX, what, seen, id);
}

/* ---- the story ----------------------------------------------------------- */

/* A warrant document of the clerk, in the folder. */
static int
write_order(struct demo *d, const char *id, const char *target, utc_us from,
    utc_us until)
{
	char path[PATH_MAX], name[80];
	struct buf b;
	struct jw w;
	int rc;

	buf_init(&b, 4096);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_str(&w, "id", id);
	jw_str(&w, "kind", "ordinary");
	jw_str(&w, "authority", "District Court of Exampleton");
	jw_str(&w, "reference", "12 Gs 34/26");
	jw_str(&w, "legal_basis", "Criminal Procedure Act, s. 100");
	jw_utc(&w, "from", from);
	jw_utc(&w, "until", until);
	jw_str(&w, "scope", "iri");
	jw_str(&w, "liid", "LIID-0001");
	jw_arr(&w, "elements");
	jw_str(&w, NULL, "ne-1");
	jw_str(&w, NULL, "ne-2");
	jw_end(&w);
	jw_arr(&w, "deliver_to");
	jw_str(&w, NULL, "lemf-1");
	jw_end(&w);
	jw_arr(&w, "targets");
	jw_arr(&w, NULL);
	jw_obj(&w, NULL);
	jw_str(&w, "kind", "e164Number");
	jw_str(&w, "value", strchr(target, '=') + 1);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
	buf_ch(&b, '\n');
	snprintf(name, sizeof(name), "%s.json", id);
	rc = cli_join(path, d->dir, name) == 0 ?
	    cli_write(path, b.p, b.len, 0600) : -1;
	buf_fini(&b);
	return (rc);
}

static void
orders(struct demo *d)
{
	utc_us now = utc_now();

	headline(d, "A court's order arrives; people sign it");
	if (write_order(d, "w-1", NUMBER, now - UTC_SECOND,
	    now + 3600 * UTC_SECOND) != 0)
		return;
	(void)verb(d, true, "warrant", "submit", "w-1.json", "--sign",
	    "holders/intake-1.key", "--keep", "w-1.act", NULL);
	row(d, verb(d, true, "warrant", "approve", "w-1", "--act", "w-1.act",
	    "--sign", "holders/approver-1.key", NULL) == CLI_DONE &&
	    strstr(buf_text(&d->out), "Exampleton") != NULL,
	    "an approver is shown what they sign", "read, then signed",
	    UINT64_MAX);
	(void)verb(d, true, "warrant", "list", NULL);
}

/* Does the last answer refuse, and which entry says why? */
static void
refused(struct demo *d, int code, const char *what)
{
	uint64_t entry = UINT64_MAX;
	bool named = number_after(d, "(entry ", &entry);
	char n[24];

	if (named) {
		snprintf(n, sizeof(n), "%" PRIu64, entry);
		(void)verb(d, true, "why", n, NULL);
	}
	row(d, code == CLI_NO && named, what, "refused, in the log", entry);
}

static void
commands(struct demo *d)
{
	int code;

	headline(d, "The ADMF commands the honest element, through custos");
	(void)verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "create-destination", DID1, MDF, NULL);
	code = verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "activate", XID1, NUMBER, "--did", DID1, "--deliver", "X2Only",
	    NULL);
	(void)verb(d, true, "why", XID1, NULL);
	if (!number_after(d, "entry ", &d->covered))
		d->covered = UINT64_MAX;
	row(d, code == CLI_DONE && strstr(buf_text(&d->out),
	    "covered by warrant w-1") != NULL, "a covered activation",
	    "passed, under w-1", d->covered);

	headline(d, "One digit of the number is wrong");
	code = verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "activate", XID2, WRONG, "--did", DID1, "--deliver", "X2Only",
	    NULL);
	refused(d, code, "one digit wrong");

	headline(d, "Content, under an order for IRI only");
	code = verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "activate", XID3, NUMBER, "--did", DID1, "--deliver", "X2andX3",
	    NULL);
	refused(d, code, "content under an IRI-only order");
}

static void
alone(struct demo *d)
{
	uint64_t finding = UINT64_MAX;
	int code;

	headline(d, "One overseer alone enrols an approver");
	(void)verb(d, false, "key", "new", "holders/friend.key",
	    "--no-passphrase", NULL);
	code = verb(d, true, "holder", "add", "friend", "--role", "approver",
	    "--public", "holders/friend.key", "--name", "A Friend", "--sign",
	    "holders/overseer-1.key", NULL);
	(void)number_after(d, "finding ", &finding);
	row(d, code == CLI_NO && finding != UINT64_MAX,
	    "one overseer alone", "refused: quorum; act.refused", finding);
}

static void
lies(struct demo *d)
{
	uint64_t before;

	headline(d, "The other element lies; its auditor path is asked");
	(void)verb(d, false, "sim", "admf", "-C", "admf", "--id", "ne-2",
	    "create-destination", DID2, MDF, NULL);
	(void)verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-2",
	    "activate", XID1, NUMBER, "--did", DID2, "--deliver", "X2Only",
	    NULL);
	pause_us(5 * UTC_SECOND);	/* until the auditor has seen it */

	before = log_size(d);
	(void)verb(d, true, "sim", "tell", "-C", "ne-2", "alter-restore",
	    XID1, "e164Number", strchr(WRONG, '=') + 1, NULL);
	expect_finding(d, "a target altered, and restored",
	    "task.modified-aside", before);

	before = log_size(d);
	(void)verb(d, true, "sim", "tell", "-C", "ne-2", "inject-task",
	    HIDDEN, "e164Number", "4915100000666", DID2, NULL);
	expect_finding(d, "a task that nobody commanded", "task.unknown",
	    before);

	before = log_size(d);
	(void)verb(d, true, "sim", "tell", "-C", "ne-2", "alter-target", XID1,
	    "e164Number", strchr(WRONG, '=') + 1, NULL);
	expect_finding(d, "a target altered in the element", "task.altered",
	    before);

	before = log_size(d);
	(void)verb(d, true, "sim", "tell", "-C", "ne-2", "repoint", DID2,
	    ELSEWHERE, NULL);
	expect_finding(d, "a destination re-pointed in the element",
	    "destination.altered", before);
}

/* Is there a `late` in the log from ${from} on? */
static bool
late_after(struct demo *d, uint64_t from, uint64_t *index)
{
	char range[32];
	const char *p, *q;

	snprintf(range, sizeof(range), "%" PRIu64 "-", from);
	if (verb(d, false, "--json", "log", "show", range, NULL) != CLI_DONE)
		return (false);
	if ((p = strstr(buf_text(&d->out), "\"kind\":\"late\"")) == NULL)
		return (false);
	*index = from;
	for (q = buf_text(&d->out); q < p; q++)
		*index += *q == '\n';
	return (true);
}

static void
keeper_killed(struct demo *d)
{
	struct cli_running *k = cli_run_find(&d->runs, "keeper");
	utc_us began = utc_now(), end = began + SHORT_WINDOW;
	uint64_t before, late = UINT64_MAX;
	int code;
	bool gone;

	headline(d, "The keeper is killed just before a window ends");
	if (write_order(d, "w-2", OTHER, began - UTC_SECOND, end) != 0)
		return;
	(void)verb(d, true, "warrant", "submit", "w-2.json", "--sign",
	    "holders/intake-1.key", "--keep", "w-2.act", NULL);
	(void)verb(d, true, "warrant", "approve", "w-2", "--act", "w-2.act",
	    "--sign", "holders/approver-2.key", NULL);
	(void)verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "activate", XID4, OTHER, "--did", DID1, "--deliver", "X2Only",
	    NULL);
	before = log_size(d);
	if (k == NULL || k->pid <= 0)
		return;
	printf("  $ kill -9 %d          # the keeper\n", (int)k->pid);
	(void)cli_process_stop(k->pid, SIGKILL, 5000);
	k->pid = 0;
	printf("  ... waiting for the end of the window of w-2\n");
	pause_us(end - utc_now());
	code = verb(d, true, "sim", "admf", "-C", "admf", "--id", "ne-1",
	    "deactivate", XID4, NULL);
	(void)verb(d, false, "sim", "tell", "-C", "ne-1", "list", NULL);
	gone = strstr(buf_text(&d->out), XID4) == NULL;
	row(d, code == CLI_DONE && gone, "a stop while the keeper is dead",
	    gone ? "left all the same; the task is gone" : "did not leave",
	    UINT64_MAX);

	printf("  the keeper starts again\n");
	d->runs.n--;		/* its place is taken by the new one */
	memmove(k, k + 1, (size_t)(&d->runs.v[d->runs.n] - k) * sizeof(*k));
	{
		char home[PATH_MAX];

		if (cli_join(home, d->dir, "keeper") != 0 ||
		    cli_run_start(&d->runs, home, HOME_KEEPER) != 0)
			return;
	}
	began = utc_mono();
	while (!late_after(d, before, &late) &&
	    utc_mono() - began < FIND_WAIT)
		pause_us(UTC_SECOND / 4);
	row(d, late != UINT64_MAX, "the same stop, when the keeper is back",
	    "taken into the log as `late`", late);
}

/* Change one byte of the copied log: in the first frame that names XID1. */
static bool
spoil(const char *path)
{
	char *bytes, *at;
	size_t len;
	bool done = false;
	int fd;

	if ((bytes = cli_read(path, 128U << 20, &len)) == NULL)
		return (false);
	at = memmem(bytes, len, XID1, strlen(XID1));
	if (at != NULL && (fd = open(path, O_WRONLY | O_CLOEXEC)) != -1) {
		done = pwrite(fd, "c", 1, at - bytes) == 1;
		close(fd);
	}
	free(bytes);
	return (done);
}

/* Run the second verifier on the copy of the log. */
static int
second(struct demo *d, bool vault)
{
	char py[] = "python3", g[] = "--genesis", v[] = "--vault";
	char k[] = "--vault-key", key[] = "keeper/keys/vault.key";
	char vd[] = "keeper/vault", log[] = "copy-of-log";
	char *argv[] = { py, d->second_path, log, g, d->genesis,
	    vault ? v : NULL, vd, k, key, NULL };

	show_words(d, "python3", argv + 1);
	return (execute(d, argv));
}

/* Which entry do both name? */
static bool
names_entry(const struct demo *d, uint64_t index)
{
	char word[32];

	snprintf(word, sizeof(word), "entry %" PRIu64, index);
	return (strstr(buf_text(&d->out), word) != NULL);
}

/*
 * Copy a log that is being written.  Its checkpoint first: what is signed then
 * stands in the segments that are copied after it.
 */
static int
copy_log(struct demo *d, char *log, char *copy)
{
	char cp[] = "cp", a[] = "-a", note[PATH_MAX], kept[PATH_MAX];
	char over[PATH_MAX];
	char *first[] = { cp, note, kept, NULL };
	char *then[] = { cp, a, log, copy, NULL };
	char *last[] = { cp, kept, over, NULL };

	if (cli_join(note, log, "checkpoint") != 0 ||
	    cli_join(kept, d->dir, "copy-of-checkpoint") != 0 ||
	    cli_join(over, copy, "checkpoint") != 0)
		return (-1);
	return (execute(d, first) != 0 || execute(d, then) != 0 ||
	    execute(d, last) != 0 ? -1 : 0);
}

static void
verified(struct demo *d)
{
	char log[PATH_MAX], copy[PATH_MAX], segment[PATH_MAX];
	int code;

	headline(d, "A stranger verifies the log");
	if (cli_join(log, d->dir, "keeper/log") != 0 ||
	    cli_join(copy, d->dir, "copy-of-log") != 0 ||
	    cli_join(segment, copy, "journal/00000001.seg") != 0 ||
	    copy_log(d, log, copy) != 0)
		return;
	code = verb(d, true, "log", "verify", "--log", "copy-of-log",
	    "--genesis", d->genesis, NULL);
	row(d, code == CLI_DONE, "the log, verified", "whole", UINT64_MAX);
	if (d->second != NULL) {
		code = second(d, true);
		show_output(d);
		row(d, code == 0, "the same by a second program", "whole",
		    UINT64_MAX);
	}

	headline(d, "One byte of a copy of the log is changed");
	if (!spoil(segment))
		return;
	code = verb(d, true, "log", "verify", "--log", "copy-of-log",
	    "--genesis", d->genesis, NULL);
	row(d, code == CLI_NO && names_entry(d, d->covered),
	    "one byte changed", "named by custos", d->covered);
	if (d->second != NULL) {
		code = second(d, false);
		show_output(d);
		row(d, code == 1 && names_entry(d, d->covered),
		    "one byte changed", "named by the second program",
		    d->covered);
	}
}

static int
table(const struct demo *d)
{
	size_t i, bad = 0;

	headline(d, "What was tried, and what was seen");
	printf("  %-42s %-38s %-7s\n", "tried", "seen", "entry");
	for (i = 0; i < d->rows_n; i++) {
		printf("%s%s %-42s %-38s %-7s%s\n", d->colour ?
		    (d->row[i].ok ? "\033[32m" : "\033[31m") : "",
		    d->row[i].ok ? " " : "!", d->row[i].what, d->row[i].seen,
		    d->row[i].entry, d->colour ? "\033[0m" : "");
		bad += !d->row[i].ok;
	}
	if (d->second == NULL)
		printf("  (the second verifier was not named: --second FILE)\n");
	printf("  TRIAL: all keys were made on one machine\n");
	return (bad == 0 && d->rows_n >= 13 ? CLI_DONE : CLI_NO);
}

static int
story(struct demo *d, bool once)
{
	char file[PATH_MAX], *digest;
	size_t len;
	int code;

	headline(d, "A whole small operator");
	printf("%s  $ custos init %s --trial\n  $ custos run --all %s &\n"
	    "  $ cd %s%s\n", d->colour ? "\033[36m" : "", d->dir, d->dir,
	    d->dir, d->colour ? "\033[0m" : "");
	d->c->quiet = true;
	if (cli_trial_make(d->c, d->dir) != CLI_DONE ||
	    cli_join(file, d->dir, "genesis") != 0 ||
	    (digest = cli_read(file, 4096, &len)) == NULL)
		return (CLI_FAILED);
	snprintf(d->genesis, sizeof(d->genesis), "%.64s", digest);
	free(digest);
	if (cli_run_all(&d->runs, d->dir) != 0)
		return (CLI_FAILED);
	pause_us(2 * UTC_SECOND);	/* gate and auditor follow the log */
	(void)verb(d, true, "status", NULL);
	orders(d);
	commands(d);
	alone(d);
	lies(d);
	keeper_killed(d);
	verified(d);
	headline(d, "Everything that is found now");
	(void)verb(d, true, "finding", "list", NULL);
	code = table(d);
	if (!once) {
		printf("\nThe operator goes on running. In another terminal:\n"
		    "  alias custos=%s; cd %s\n"
		    "  custos status\n  custos finding list\n"
		    "  custos sim tell -C ne-2 list\n"
		    "  custos sim tell -C ne-1 inject-task "
		    HIDDEN " \\\n      e164Number 4915100000666 "
		    DID1 "\nCtrl-C ends it.\n",
		    d->self, d->dir);
		(void)cli_run_watch(&d->runs);
	}
	return (code);
}

int
cli_demo(struct cli *c, int argc, char **argv)
{
	static struct demo d;
	char fresh[] = "/tmp/custos-demo-XXXXXX";
	const char *dir = NULL;
	bool once = false;
	struct cli_opt opt[] = { { "--once", CLI_FLAG, &once },
	    { "--dir", CLI_TEXT, &dir },
	    { "--second", CLI_TEXT, &d.second } };
	utc_us began = utc_mono();
	ssize_t n;
	int code;

	if (cli_options(argc, argv, opt, 3, NULL, 0, 0) < 0)
		return (cli_usage("custos demo [--once] "
		    "[--dir DIR] [--second verify.py]"));
	/* Short, because UNIX sockets live below it. */
	if (dir == NULL && (dir = mkdtemp(fresh)) == NULL)
		return (cli_fail(CLI_FAILED, "%s: %s", fresh, strerror(errno)));
	d.c = c;
	d.colour = isatty(STDOUT_FILENO) != 0;
	buf_init(&d.out, OUTPUT_MAX);
	if (dir[0] == '/')
		snprintf(d.dir, sizeof(d.dir), "%s", dir);
	else if (getcwd(d.self, sizeof(d.self)) == NULL ||
	    cli_join(d.dir, d.self, dir) != 0)
		return (CLI_FAILED);
	if (d.second != NULL && realpath(d.second, d.second_path) == NULL)
		return (cli_fail(CLI_FAILED, "%s: %s", d.second,
		    strerror(errno)));
	if ((n = readlink("/proc/self/exe", d.self, sizeof(d.self) - 1)) <= 0)
		return (CLI_FAILED);
	d.self[n] = '\0';
	signal(SIGPIPE, SIG_IGN);
	code = story(&d, once);
	cli_run_stop(&d.runs);
	printf("\n%s in %.0f s\n", code == CLI_DONE ? "all as it must be" :
	    "NOT all as it must be",
	    (double)(utc_mono() - began) / (double)UTC_SECOND);
	buf_fini(&d.out);
	return (code);
}
