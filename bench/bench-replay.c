/*
 * bench/bench-replay.c: a start after SIGKILL, over short and long logs.
 * The journal is ready after one segment, whatever the log's length; the live
 * tables are replayed from entry 0.  Both figures are of the real keeper on a
 * real home; the rate of the replay is taken in this process, too, alone.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/err.h"
#include "base/text.h"
#include "base/utc.h"
#include "bench_log.h"
#include "journal/journal_read.h"
#include "state/state.h"

#define ROUNDS		9
#define RATE_BAR	200000.0	/* entries a second */
#define MEMORY_BAR	300.0		/* MB, at 1,000,000 entries */
#define START_LIMIT	(600 * UTC_SECOND)

struct side { double wall, cpu, rate; };

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench-replay: %s: %s\n", what, why);
	exit(3);
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return ((double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

/* ---- the tables alone ------------------------------------------------------ */

struct replay {
	struct state *st;		/* NULL: read only */
	struct cu_why why;
	uint64_t bytes;
};

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct replay *r = cookie;

	r->bytes += len;
	return (r->st == NULL ? 0 : state_apply(r->st, index, p, len,
	    &r->why));
}

/* Whole logs, until a second has passed. */
static void
run(struct journal_reader *reader, uint64_t size, bool tables,
    struct side *out, uint64_t *bytes)
{
	struct replay r;
	double c = cpu();
	utc_us t = utc_mono(), past;
	uint64_t done = 0;

	do {
		memset(&r, 0, sizeof(r));
		if (tables && state_create(&r.st, 0) != 0)
			die("state", "no memory");
		if (journal_reader_each(reader, 0, size, on_entry, &r) != 0)
			die("replay", r.why.text);
		state_free(r.st);
		done += size;
		past = utc_mono() - t;
	} while (past < UTC_SECOND);
	out->cpu = cpu() - c;
	out->wall = (double)past / (double)UTC_SECOND;
	out->rate = (double)done / out->wall;
	*bytes = r.bytes;
}

static struct journal_reader *
open_log(const char *dir, struct journal_head *head)
{
	struct journal_reader *reader;
	struct cu_why why = { "" };
	char path[4096];

	snprintf(path, sizeof(path), "%s/log", dir);
	if (journal_reader_open(&reader, path, &why) != 0 ||
	    journal_reader_head(reader, head) != 0)
		die(path, why.text);
	return (reader);
}

/* The tables once, with nothing beside them: for a profiler. */
static int
profile(const char *dir)
{
	struct journal_head head;
	struct journal_reader *reader = open_log(dir, &head);
	struct side side;
	uint64_t bytes;

	run(reader, head.size, true, &side, &bytes);
	printf("%.0f entries per CPU second\n", side.rate * side.wall /
	    side.cpu);
	journal_reader_free(reader);
	return (0);
}

static int
rounds(const char *dir)
{
	double ratio[ROUNDS], rate[ROUNDS], percpu[ROUNDS], readrate[ROUNDS];
	struct journal_head head;
	struct journal_reader *reader = open_log(dir, &head);
	struct side ours, base;
	uint64_t bytes = 0;
	int i;

	run(reader, head.size, false, &base, &bytes);	/* the page cache */
	for (i = 0; i < ROUNDS; i++) {
		run(reader, head.size, true, &ours, &bytes);
		run(reader, head.size, false, &base, &bytes);
		rate[i] = ours.rate;
		percpu[i] = ours.rate * ours.wall / ours.cpu;
		readrate[i] = base.rate;
		ratio[i] = ours.rate / base.rate;
	}
	journal_reader_free(reader);
	qsort(rate, ROUNDS, sizeof(rate[0]), by_value);
	qsort(percpu, ROUNDS, sizeof(rate[0]), by_value);
	qsort(readrate, ROUNDS, sizeof(rate[0]), by_value);
	qsort(ratio, ROUNDS, sizeof(rate[0]), by_value);
	printf("replay of %llu entries of %llu bytes, one core\n",
	    (unsigned long long)head.size,
	    (unsigned long long)(bytes / head.size));
	printf("  live tables            %8.0f /s (quartiles %.0f-%.0f), "
	    "%.0f per CPU second; bar %.0f: %s\n", rate[ROUNDS / 2],
	    rate[ROUNDS / 4], rate[ROUNDS * 3 / 4], percpu[ROUNDS / 2],
	    RATE_BAR, rate[ROUNDS * 3 / 4] < RATE_BAR ? "MISSED" : "met");
	printf("  reading, checks alone  %8.0f /s (quartiles %.0f-%.0f); "
	    "ratio %.2fx (%.2f-%.2f)\n", readrate[ROUNDS / 2],
	    readrate[ROUNDS / 4], readrate[ROUNDS * 3 / 4],
	    ratio[ROUNDS / 2], ratio[ROUNDS / 4], ratio[ROUNDS * 3 / 4]);
	return (rate[ROUNDS * 3 / 4] < RATE_BAR);
}

/* ---- the real keeper -------------------------------------------------------- */

struct start { double journal, tables, cpu, rss, peak; uint64_t entries; };

static double
status_mb(pid_t pid, const char *name)
{
	char path[64], line[256];
	double kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		die(path, strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtod(line + strlen(name), NULL);
	fclose(f);
	return (kb * 1024 / 1e6);
}

/* Seconds of CPU that it has used. */
static double
status_cpu(pid_t pid)
{
	unsigned long user = 0, sys = 0;
	char path[64], line[1024];
	const char *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		die(path, strerror(errno));
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strrchr(line, ')')) != NULL)
		sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		    "%lu %lu", &user, &sys);
	fclose(f);
	return ((double)(user + sys) / (double)sysconf(_SC_CLK_TCK));
}

/* Start it, wait until it serves, measure, and kill it as a power cut would. */
static void
start_once(const char *keeper, const char *dir, struct start *out)
{
	unsigned long long entries = 0;
	char line[1024];
	bool serves = false;
	const char *p;
	pid_t pid;
	int fd[2];
	FILE *f;

	if (pipe(fd) != 0 || (pid = fork()) < 0)
		die("fork", strerror(errno));
	if (pid == 0) {
		dup2(fd[1], 2);
		close(fd[0]);
		close(fd[1]);
		execl(keeper, keeper, "-C", dir, (char *)NULL);
		_exit(127);
	}
	close(fd[1]);
	if ((f = fdopen(fd[0], "r")) == NULL)
		die("pipe", strerror(errno));
	memset(out, 0, sizeof(*out));
	while (!serves && fgets(line, sizeof(line), f) != NULL) {
		if ((p = strstr(line, "journal ready: ")) != NULL)
			sscanf(p, "journal ready: %llu entries in %lf", &entries,
			    &out->journal);
		else if ((p = strstr(line, "tables ready: replayed in ")) !=
		    NULL)
			sscanf(p, "tables ready: replayed in %lf",
			    &out->tables);
		else if (strstr(line, "serving at ") != NULL)
			serves = true;
		else
			fputs(line, stderr);
	}
	if (!serves)
		die(keeper, "did not start");
	out->entries = entries;
	out->cpu = status_cpu(pid);
	out->rss = status_mb(pid, "VmRSS:");
	out->peak = status_mb(pid, "VmHWM:");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(f);
}

static int
starts(const char *keeper, const char *dir, bool bar)
{
	double journal[ROUNDS], tables[ROUNDS], rate[ROUNDS], used[ROUNDS];
	double peak = 0, rss = 0;
	struct start s;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		start_once(keeper, dir, &s);
		journal[i] = s.journal;
		tables[i] = s.tables;
		rate[i] = (double)s.entries / s.tables;
		used[i] = s.cpu;
		peak = s.peak > peak ? s.peak : peak;
		rss = s.rss > rss ? s.rss : rss;
	}
	qsort(journal, ROUNDS, sizeof(journal[0]), by_value);
	qsort(tables, ROUNDS, sizeof(tables[0]), by_value);
	qsort(rate, ROUNDS, sizeof(rate[0]), by_value);
	qsort(used, ROUNDS, sizeof(used[0]), by_value);
	printf("the keeper after SIGKILL, %llu entries, %d starts\n",
	    (unsigned long long)s.entries, ROUNDS);
	printf("  journal ready          %8.3f s  (quartiles %.3f-%.3f)\n",
	    journal[ROUNDS / 2], journal[ROUNDS / 4], journal[ROUNDS * 3 / 4]);
	printf("  live tables, openings  %8.3f s  (quartiles %.3f-%.3f): "
	    "%.0f entries/s (%.0f-%.0f)\n", tables[ROUNDS / 2],
	    tables[ROUNDS / 4], tables[ROUNDS * 3 / 4], rate[ROUNDS / 2],
	    rate[ROUNDS / 4], rate[ROUNDS * 3 / 4]);
	printf("  CPU until it serves    %8.3f s  (quartiles %.3f-%.3f)\n",
	    used[ROUNDS / 2], used[ROUNDS / 4], used[ROUNDS * 3 / 4]);
	printf("  memory when it serves  %8.1f MB, peak %.1f MB", rss, peak);
	if (bar)
		printf("; bar %.0f MB: %s", MEMORY_BAR,
		    peak < MEMORY_BAR ? "met" : "MISSED");
	putchar('\n');
	return (bar && peak >= MEMORY_BAR);
}

static int
usage(void)
{
	fprintf(stderr, "usage: bench-replay make HOME ENTRIES\n"
	    "       bench-replay profile HOME\n"
	    "       bench-replay replay HOME\n"
	    "       bench-replay start KEEPER HOME\n"
	    "       bench-replay all KEEPER DIR [ENTRIES ...]\n");
	return (2);
}

static void
make(const char *dir, uint64_t entries)
{
	struct cu_why why = { "" };
	utc_us t = utc_mono();

	if (bench_log_make(dir, entries, &why) != 0)
		die(dir, why.text);
	printf("%s: %llu entries made in %.1f s\n", dir,
	    (unsigned long long)entries,
	    (double)(utc_mono() - t) / (double)UTC_SECOND);
}

/* Homes that are there already are taken as they are. */
static int
all(const char *keeper, const char *dir, int n, char **sizes)
{
	static char small[] = "100000", large[] = "1000000";
	char *both[] = { small, large }, home[4096];
	uint64_t entries;
	int i, missed = 0;

	if (n == 0) {
		sizes = both;
		n = 2;
	}
	for (i = 0; i < n; i++) {
		if (text_dec(sizes[i], strlen(sizes[i]), &entries) != 0)
			return (usage());
		snprintf(home, sizeof(home), "%s/%s", dir, sizes[i]);
		if (access(home, F_OK) != 0)
			make(home, entries);
		missed |= rounds(home);
		missed |= starts(keeper, home, entries >= 1000000);
		fflush(stdout);
	}
	return (missed);
}

int
main(int argc, char **argv)
{
	uint64_t entries;

	if (argc == 4 && strcmp(argv[1], "make") == 0 &&
	    text_dec(argv[3], strlen(argv[3]), &entries) == 0) {
		make(argv[2], entries);
		return (0);
	}
	if (argc == 3 && strcmp(argv[1], "profile") == 0)
		return (profile(argv[2]));
	if (argc == 3 && strcmp(argv[1], "replay") == 0)
		return (rounds(argv[2]));
	if (argc == 4 && strcmp(argv[1], "start") == 0)
		return (starts(argv[2], argv[3], true));
	if (argc >= 4 && strcmp(argv[1], "all") == 0)
		return (all(argv[2], argv[3], argc - 4, argv + 4));
	return (usage());
}
