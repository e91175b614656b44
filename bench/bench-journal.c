/*
 * bench/bench-journal.c: the journal beside what the machine itself can do.
 * Ours and the baseline alternate, round by round, and what counts is the
 * median of the rounds' ratios: whatever else the machine does meets both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/utc.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "journal/journal.h"
#include "tlog/tlog_note.h"

#define ROUNDS		9
#define ENTRY		512
#define FILE_LEN	(UINT64_C(64) << 20)

static const char *dir;
static struct tlog_key key;
static struct sign_key *secret;
static uint8_t entry[JOURNAL_BATCH_ENTRIES][ENTRY];

static void
die(const char *what, int rc)
{
	fprintf(stderr, "bench-journal: %s: %s (%s)\n", what,
	    cu_strerror(rc), strerror(errno));
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

/* One side of a round: how much it did, in how long. */
struct side {
	double done, wall, cpu;
};

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

/* The end of a figure.  1 if its bar, unless that is 0, is missed. */
static int
report(const char *name, const char *unit, double *ratio,
    const struct side *ours, const struct side *base, double bar)
{
	double r[ROUNDS];

	memcpy(r, ratio, sizeof(r));
	qsort(r, ROUNDS, sizeof(r[0]), by_value);
	printf("%-42s %.2fx (quartiles %.2f-%.2f", name, r[ROUNDS / 2],
	    r[ROUNDS / 4], r[ROUNDS * 3 / 4]);
	if (bar > 0)
		printf(", bar %.1f: %s", bar, r[ROUNDS * 3 / 4] < bar ?
		    "MISSED" : "met");
	printf(")\n");
	printf("%-42s ours %.0f %s/s, cpu %.2f s of %.1f; baseline %.0f, "
	    "cpu %.2f s of %.1f\n", "", ours->done / ours->wall, unit,
	    ours->cpu, ours->wall, base->done / base->wall, base->cpu,
	    base->wall);
	fflush(stdout);
	return (r[ROUNDS * 3 / 4] < bar);
}

static void
start(double *wall, double *c)
{
	*wall = (double)utc_mono() / 1e6;
	*c = cpu();
}

static void
stop(struct side *s, double wall, double c, double done)
{
	s->done += done;
	s->wall += (double)utc_mono() / 1e6 - wall;
	s->cpu += cpu() - c;
}

static struct journal *
open_log(const char *path, bool make)
{
	struct journal_options o = { .dir = path, .key = &key };
	struct journal_found found;
	struct journal *j;
	struct cu_why why = { "" };
	int rc;

	rc = make ? journal_create(&j, &o, &why) :
	    journal_open(&j, &o, &found, &why);
	if (rc != 0)
		die(why.text, rc);
	return (j);
}

/* How entries are brought to the disk. */
enum way {
	ALONE,		/* the writer writes and syncs */
	BEHIND,		/* the thread does; the writer waits for it */
	BESIDE		/* the thread does; meanwhile the next group is made */
};

static const char *const way_name[] = { "", ", by the thread", "" };

static void
group(struct journal_add *add, size_t n)
{
	static uint64_t count;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(entry[i], &count, sizeof(count));
		count++;
		add[i] = (struct journal_add){ entry[i], ENTRY, NULL, 0 };
	}
}

/* Who appends by the thread: batches made, and under way of them. */
struct writer {
	struct journal *j;
	bool sign;
	uint64_t made;
	unsigned int under_way;
	struct buf note[2];
};

/* Take the end of the oldest batch under way; note its checkpoint. */
static void
land(struct writer *w)
{
	struct buf *note = &w->note[(w->made - w->under_way) % 2];
	int rc;

	if ((rc = journal_wait(w->j)) != 0)
		die("sync", rc);
	if (w->sign && (rc = journal_note(w->j, note->p, note->len)) != 0)
		die("note", rc);
	w->under_way--;
}

static void
hand_over(struct writer *w, const struct journal_add *add, size_t n)
{
	struct buf *note = &w->note[w->made % 2];
	struct journal_head head;
	int rc;

	rc = journal_append(w->j, add, n, utc_now(), &head);
	if (rc == CU_ESTATE && w->under_way > 0) {
		/* It begins a segment. */
		land(w);
		rc = journal_append(w->j, add, n, utc_now(), &head);
	}
	if (rc != 0)
		die("append", rc);
	buf_reset(note);
	if (w->sign && (rc = tlog_checkpoint_sign(note, head.size, head.root,
	    &key, secret)) != 0)
		die("sign", rc);
	w->made++;
	w->under_way++;
}

/* Append groups of ${n} for a second, or ${most} entries.  How many. */
static uint64_t
append(struct journal *j, size_t n, enum way way, bool sign, uint64_t most)
{
	double wall = (double)utc_mono() / 1e6;
	struct writer w = { .j = j, .sign = sign };
	struct journal_add add[JOURNAL_BATCH_ENTRIES];
	int rc;

	buf_init(&w.note[0], TLOG_NOTE_MAX);
	buf_init(&w.note[1], TLOG_NOTE_MAX);
	while (most > 0 ? w.made * n < most :
	    (double)utc_mono() / 1e6 - wall < 1) {
		group(add, n);
		if (way == ALONE) {
			if ((rc = journal_write(j, add, n, utc_now())) != 0)
				die("write", rc);
			w.made++;
			continue;
		}
		hand_over(&w, add, n);
		if (way == BEHIND || w.under_way == 2)
			land(&w);
	}
	while (w.under_way > 0)
		land(&w);
	buf_fini(&w.note[0]);
	buf_fini(&w.note[1]);
	return (w.made * n);
}

/* Durable appends of groups of ${n}, against write + fdatasync. */
static int
bench_append(size_t n, enum way way, bool sign, double bar)
{
	struct side ours = { 0 }, base = { 0 }, one;
	double ratio[ROUNDS], wall, c, rate;
	char path[512], name[64];
	struct journal *j;
	struct io *io = io_system();
	uint64_t at = 0;
	uint64_t done;
	int fd, r;

	snprintf(path, sizeof(path), "%s/append-%zu-%d-%d", dir, n, way, sign);
	j = open_log(path, true);
	snprintf(path, sizeof(path), "%s/plain-%zu-%d-%d", dir, n, way, sign);
	if ((fd = open(path, O_RDWR | O_CREAT, 0600)) < 0 ||
	    io_zero(io, fd, 0, FILE_LEN) != 0 || fsync(fd) != 0)
		die(path, CU_EIO);
	for (r = 0; r < ROUNDS; r++) {
		one = ours;
		start(&wall, &c);
		done = append(j, n, way, sign, 0);
		stop(&ours, wall, c, (double)done);
		rate = (ours.done - one.done) / (ours.wall - one.wall);
		one = base;
		start(&wall, &c);
		for (done = 0; (double)utc_mono() / 1e6 - wall < 1;
		    done += n) {
			if (at + n * ENTRY > FILE_LEN)
				at = 0;
			if (io_pwrite(io, fd, entry, n * ENTRY, at) != 0 ||
			    fdatasync(fd) != 0)
				die(path, CU_EIO);
			at += n * ENTRY;
		}
		stop(&base, wall, c, (double)done);
		ratio[r] = rate / ((base.done - one.done) /
		    (base.wall - one.wall));
	}
	close(fd);
	journal_free(j);
	snprintf(name, sizeof(name), "append, groups of %zu%s%s", n,
	    way_name[way], sign ? ", signed" : "");
	return (report(name, "entries", ratio, &ours, &base, bar));
}

static void
fill(const char *path, uint64_t entries, size_t n)
{
	struct journal *j = open_log(path, true);

	append(j, n, BESIDE, false, entries);
	journal_free(j);
}

/* The hashing of a log of batches of ${n}, from memory, by the same calls. */
static void
hash_alone(uint64_t batches, size_t n)
{
	static uint8_t heads[JOURNAL_BATCH_ENTRIES][JOURNAL_FRAME_HEAD];
	uint8_t leaf[32], root[32], k[JOURNAL_FRAME_HEAD + JOURNAL_K_LEN];
	struct digest_part two[] = { { k, JOURNAL_FRAME_HEAD },
	    { k + JOURNAL_FRAME_HEAD, JOURNAL_K_LEN } };
	struct tlog_range range;
	uint64_t b;
	size_t i;

	memset(k, 0, sizeof(k));
	tlog_range_init(&range);
	for (b = 0; b < batches; b++) {
		for (i = 0; i < n; i++) {
			tlog_leaf(leaf, entry[i], ENTRY);
			tlog_range_append(&range, leaf, NULL, NULL);
		}
		digest(k, k + JOURNAL_FRAME_HEAD, JOURNAL_K_LEN);
		digest(k, heads, n * JOURNAL_FRAME_HEAD);
		tlog_range_root(&range, root);
		digest_parts(k, two, 2);
	}
}

static int
bench_verify(double bar)
{
	const uint64_t batches = 5000;
	const size_t n = 100;
	struct side ours = { 0 }, base = { 0 }, one;
	double ratio[ROUNDS], wall, c, cost;
	struct journal_verdict v;
	struct journal_reader *reader;
	struct cu_why why;
	char path[512];
	uint64_t done;
	int r, rc;

	snprintf(path, sizeof(path), "%s/verify", dir);
	fill(path, batches * n, n);
	for (r = 0; r < ROUNDS; r++) {
		one = ours;
		start(&wall, &c);
		for (done = 0; (double)utc_mono() / 1e6 - wall < 1;
		    done += batches * n) {
			if ((rc = journal_reader_open(&reader, path,
			    &why)) != 0 || (rc = journal_verify(reader, NULL,
			    &v)) != 0)
				die("verify", rc);
			if (!v.clean || v.size != batches * n)
				die("verify", CU_EMALFORMED);
			journal_reader_free(reader);
		}
		stop(&ours, wall, c, (double)done);
		/* Per core: by CPU time. */
		cost = (ours.cpu - one.cpu) / (ours.done - one.done);
		one = base;
		start(&wall, &c);
		for (done = 0; (double)utc_mono() / 1e6 - wall < 1;
		    done += batches * n)
			hash_alone(batches, n);
		stop(&base, wall, c, (double)done);
		ratio[r] = (base.cpu - one.cpu) / (base.done - one.done) /
		    cost;
	}
	return (report("verify, per core", "entries", ratio, &ours, &base,
	    bar));
}

/* Appends until killed; ready again in how long? */
static double
ready_after_kill(uint64_t entries)
{
	struct journal_found found;
	struct journal_options o = { .key = &key };
	struct journal *j;
	struct cu_why why = { "" };
	char path[512], gone;
	double best = 0, wall;
	int go[2], rc, i;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/ready-%llu", dir,
	    (unsigned long long)entries);
	if (pipe(go) != 0 || (pid = fork()) < 0)
		die("fork", CU_EIO);
	if (pid == 0) {
		j = open_log(path, true);
		append(j, 100, BESIDE, false, entries);
		if (write(go[1], "", 1) != 1)
			_exit(1);
		append(j, 100, BESIDE, false, UINT64_MAX);
		_exit(1);
	}
	if (read(go[0], &gone, 1) != 1)
		die("child", CU_EIO);
	usleep(20000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(go[0]);
	close(go[1]);
	o.dir = path;
	for (i = 0; i < 5; i++) {
		wall = (double)utc_mono() / 1e6;
		if ((rc = journal_open(&j, &o, &found, &why)) != 0)
			die(why.text, rc);
		wall = (double)utc_mono() / 1e6 - wall;
		if (found.size < entries)
			die("lost", CU_EMALFORMED);
		journal_free(j);
		if (i == 0)
			printf("ready, %8llu entries: %.0f ms after SIGKILL "
			    "(%s)", (unsigned long long)found.size,
			    wall * 1e3, found.state == JOURNAL_TORN ? "torn" :
			    "clean");
		if (i == 0 || wall < best)
			best = wall;
	}
	printf(", %.0f ms at best of the next four\n", best * 1e3);
	fflush(stdout);
	return (best);
}

int
main(int argc, char **argv)
{
	static const uint8_t seed[32] = "a log key of the benchmarks";
	double small, large;
	int missed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-journal DIR [append|verify|"
		    "ready]\n");
		return (2);
	}
	dir = argv[1];
	if (sign_key_create(&secret, seed) != 0 || tlog_key_init(&key,
	    "bench.example", TLOG_ED25519, sign_key_public(secret)) != 0)
		return (3);
	memset(entry, 'e', sizeof(entry));
	if (argc == 2 || strcmp(argv[2], "append") == 0) {
		missed += bench_append(1, ALONE, false, 0.8);
		missed += bench_append(100, BESIDE, false, 0.6);
		/* As a keeper does it; no bars of their own. */
		bench_append(1, BEHIND, true, 0);
		bench_append(100, BESIDE, true, 0);
	}
	if (argc == 2 || strcmp(argv[2], "verify") == 0)
		missed += bench_verify(0.8);
	if (argc == 2 || strcmp(argv[2], "ready") == 0) {
		small = ready_after_kill(100000);
		large = ready_after_kill(1000000);
		/* Independent of the length: both read one segment. */
		missed += large > 2 * small + 0.2;
	}
	sign_key_free(secret);
	return (missed > 0);
}
