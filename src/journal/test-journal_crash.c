/*
 * src/journal/test-journal_crash.c: the power goes at every moment, and every
 * call fails once.  Whatever the disk then holds: what was acknowledged is
 * there, the root is its root, and the log goes on without repair by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "crashfs.h"
#include "crypto/sign.h"
#include "journal/journal.h"
#include "journal/journal_segment.h"
#include "tlog/tlog_note.h"

#define SEGMENT	(1 << 20)
#define ENTRIES	400		/* over three segments, with seals */
#define PREFIX	4
#define RANDOM	64

static struct tlog_key key;
static struct sign_key *secret;

/* The tree as it must be, size by size. */
static uint8_t roots[ENTRIES * 4 + 2][32];

/* Entry ${i}: its bytes depend on i alone. */
static size_t
entry_of(uint64_t i, char out[64])
{
	return ((size_t)snprintf(out, 64, "entry %llu of a test",
	    (unsigned long long)i));
}

static void
make_roots(void)
{
	struct tlog_range r;
	uint8_t leaf[32];
	char text[64];
	size_t i;

	tlog_range_init(&r);
	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		tlog_range_root(&r, roots[i]);
		tlog_leaf(leaf, text, entry_of(i, text));
		tlog_range_append(&r, leaf, NULL, NULL);
	}
}

static struct journal_options
options(struct io *io)
{
	return ((struct journal_options){ .io = io, .dir = "log", .key = &key,
	    .segment_size = SEGMENT, .in_line = true });
}

/* Append ${n} entries, some with ${sealed} bytes; sign; note.  0 or error. */
static int
append(struct journal *j, size_t n, size_t sealed, uint64_t *acknowledged)
{
	static uint8_t seal[SEGMENT / 4];
	struct journal_add add[JOURNAL_BATCH_ENTRIES];
	char text[JOURNAL_BATCH_ENTRIES][64];
	struct journal_head head;
	struct buf note;
	size_t i;
	int rc;

	journal_head(j, &head);
	for (i = 0; i < n; i++)
		add[i] = (struct journal_add){ text[i],
		    entry_of(head.size + i, text[i]),
		    sealed > 0 && i == 0 ? seal : NULL, sealed };
	memset(seal, 's', sizeof(seal));
	if ((rc = journal_write(j, add, n, 1)) != 0)
		return (rc);
	journal_head(j, &head);
	CHECK_MEM(head.root, roots[head.size], 32);
	*acknowledged = head.size;
	buf_init(&note, TLOG_NOTE_MAX);
	CHECK(tlog_checkpoint_sign(&note, head.size, head.root, &key,
	    secret) == 0);
	rc = journal_note(j, note.p, note.len);
	buf_fini(&note);
	return (rc);
}

/* Two batches, the second handed over before the end of the first. */
static int
append_two(struct journal *j, uint64_t *acknowledged)
{
	struct journal_add add[2];
	struct journal_head head, landed;
	char text[2][64];
	uint64_t size = *acknowledged;
	size_t i;
	int rc;

	for (i = 0; i < 2; i++) {
		add[i] = (struct journal_add){ text[i],
		    entry_of(size + i, text[i]), NULL, 0 };
		rc = journal_append(j, &add[i], 1, 1, &head);
		/* The second may need the next segment. */
		if (rc == CU_ESTATE && i == 1)
			break;
		if (rc != 0)
			return (rc);
		CHECK_MEM(head.root, roots[size + i + 1], 32);
	}
	/* Never a third. */
	if (i == 2)
		CHECK(journal_append(j, add, 1, 1, &landed) == CU_ESTATE);
	while (i-- > 0) {
		if ((rc = journal_wait(j)) != 0)
			return (rc);
		journal_head(j, &landed);
		CHECK(landed.size == ++*acknowledged);
		CHECK_MEM(landed.root, roots[landed.size], 32);
	}
	return (0);
}

/* What a start must find on ${io}: at least ${acknowledged} entries. */
static uint64_t
check_start(struct io *io, uint64_t acknowledged, bool whole)
{
	struct journal_options o = options(io);
	struct journal_verdict v;
	struct journal_head head;
	struct tlog_path path;
	struct journal_reader *r;
	struct journal *j = NULL;
	uint8_t leaf[32];
	struct cu_why why = { "" };
	uint64_t ack = 0, i;
	char text[64];
	int rc;

	rc = journal_open(&j, &o, NULL, &why);
	if (rc == CU_ENOENT && acknowledged == 0)
		return (0);		/* creation had not come that far */
	if (!CHECK(rc == 0)) {
		printf("# %d %s\n", rc, why.text);
		return (0);
	}
	journal_head(j, &head);
	CHECK(head.size >= acknowledged);
	CHECK_MEM(head.root, roots[head.size], 32);
	CHECK(append(j, 1, 0, &ack) == 0);
	CHECK(ack == head.size + 1);
	if (whole) {
		if (CHECK((r = journal_reader(j)) != NULL)) {
			CHECK(journal_verify(r, NULL, &v) == 0);
			CHECK(v.clean && v.size == ack);
			/* The derived files lead to the same root. */
			i = ack / 2;
			tlog_leaf(leaf, text, entry_of(i, text));
			CHECK(tlog_prove_inclusion(&path, i, ack,
			    journal_reader_hash, r) == 0);
			CHECK(tlog_check_inclusion((const uint8_t (*)[32])
			    path.hash, path.n, i, ack, leaf, roots[ack]));
		}
	}
	journal_free(j);
	return (head.size);
}

struct crash {
	struct crashfs *fs;
	uint64_t acknowledged, states, tried;
	unsigned int random;		/* states of each kind after a call */
	bool off;
};

/* After each call: every state that the disk may hold. */
static void
on_call(void *cookie)
{
	struct crash *c = cookie;
	struct crashfs *left;
	uint64_t i, n;

	if (c->off)
		return;
	c->tried++;
	if (crashfs_dirty(c->fs) == 0)
		n = 1;
	else
		n = 2 + PREFIX + (c->tried < 30 || c->tried % 8 == 0 ?
		    c->random : 4);
	for (i = 0; i < n; i++) {
		left = crashfs_crash(c->fs, i == 0 ? CRASHFS_NONE : i == 1 ?
		    CRASHFS_ALL : i < 2 + PREFIX ? CRASHFS_PREFIX :
		    CRASHFS_RANDOM, c->tried * 1000 + i);
		check_start(crashfs_io(left), c->acknowledged, i % 16 == 1);
		crashfs_free(left);
		c->states++;
		if (check_bad) {
			printf("# after call %llu, state %llu\n",
			    (unsigned long long)c->tried,
			    (unsigned long long)i);
			c->off = true;
			return;
		}
	}
}

static void
power_cut(void)
{
	struct crash c = { .fs = crashfs_create(), .random = RANDOM };
	struct journal_options o = options(crashfs_io(c.fs));
	struct journal *j;
	struct cu_why why;
	size_t i;

	crashfs_after(c.fs, on_call, &c);
	REQUIRE(journal_create(&j, &o, &why) == 0);
	for (i = 0; i < 6 && !check_bad; i++)
		CHECK(append(j, 1 + i % 3, 0, &c.acknowledged) == 0 &&
		    append_two(j, &c.acknowledged) == 0);
	/* Fill segments fast, so that some begin under the eyes of the test. */
	for (i = 0; i < 7 && !check_bad; i++) {
		CHECK(append(j, 1, SEGMENT / 4 - 32, &c.acknowledged) == 0);
		CHECK(append(j, 2, 0, &c.acknowledged) == 0);
		CHECK(append_two(j, &c.acknowledged) == 0);
	}
	c.off = true;
	journal_free(j);
	printf("# %llu calls, %llu states, %llu entries\n",
	    (unsigned long long)c.tried, (unsigned long long)c.states,
	    (unsigned long long)c.acknowledged);
	CHECK(c.states > 1000);
	crashfs_free(c.fs);
}

/* A crash within recovery itself: again and again. */
static void
power_cut_in_recovery(void)
{
	struct crashfs *fs = crashfs_create(), *left;
	struct journal_options o = options(crashfs_io(fs));
	struct crash c = { 0 };
	struct journal *j;
	struct cu_why why;
	uint64_t ack = 0, n = 0, again = 0;
	size_t i;

	REQUIRE(journal_create(&j, &o, &why) == 0);
	for (i = 0; i < 5; i++)
		CHECK(append(j, 3, 5000, &ack) == 0);
	/* A batch that does not end, and one behind it that never begins. */
	o.in_line = false;
	{
		struct iofail f;
		struct journal *k;

		journal_free(j);
		iofail_init(&f, crashfs_io(fs), IOFAIL_EIO, 1 << 30);
		o = options(&f.io);
		REQUIRE(journal_open(&k, &o, NULL, &why) == 0);
		f.at = f.count + 2;	/* its sync */
		again = ack;
		CHECK(append_two(k, &again) == CU_EIO);
		CHECK(f.failed && f.count == f.at);
		CHECK(append(k, 1, 0, &again) == CU_EIO);
		CHECK(again == ack);
		journal_free(k);
	}
	for (n = 0; n < 8 && !check_bad; n++) {
		left = crashfs_crash(fs, CRASHFS_RANDOM, n);
		c = (struct crash){ .fs = left, .acknowledged = ack,
		    .random = 4 };
		crashfs_after(left, on_call, &c);
		check_start(crashfs_io(left), ack, true);
		crashfs_free(left);
	}
	crashfs_free(fs);
}

/* Every call fails once, in every way. */
static void
calls_fail(void)
{
	struct journal_options o;
	struct crashfs *fs, *left;
	struct journal *j;
	struct iofail f;
	struct cu_why why;
	uint64_t at, ack, runs = 0;
	int how, rc;
	size_t i;

	for (how = 0; how < IOFAIL_N && !check_bad; how++) {
		for (at = 1; !check_bad; at++) {
			fs = crashfs_create();
			iofail_init(&f, crashfs_io(fs), (enum iofail_how)how,
			    at);
			o = options(&f.io);
			ack = 0;
			j = NULL;
			rc = journal_create(&j, &o, &why);
			/* The fifth batch needs a second segment. */
			for (i = 0; rc == 0 && i < 5; i++)
				rc = append(j, 2, i == 0 ? 0 :
				    SEGMENT / 4 - 32, &ack);
			/* A short read or write is no failure at all. */
			if (how == IOFAIL_SHORT)
				CHECK(rc == 0 && ack == 10);
			journal_free(j);
			runs++;
			left = crashfs_crash(fs, at % 2 ? CRASHFS_ALL :
			    CRASHFS_RANDOM, at);
			check_start(crashfs_io(left), ack, true);
			crashfs_free(left);
			/* And without a crash, on what the cache shows. */
			check_start(crashfs_io(fs), ack, true);
			crashfs_free(fs);
			if (check_bad)
				printf("# way %d, call %llu, rc %d\n", how,
				    (unsigned long long)at, rc);
			if (!f.failed)
				break;
		}
		CHECK(at > 50);
	}
	printf("# %llu runs\n", (unsigned long long)runs);
}

/*
 * The disk is full: there is no spare, which is told while half a segment is
 * left for what must always pass; then nothing is taken, and nothing is lost.
 */
static void
disk_full(void)
{
	struct crashfs *fs = crashfs_create();
	struct journal_options o = options(crashfs_io(fs));
	struct journal *j;
	struct cu_why why;
	uint64_t ack = 0, taken = 0;
	int rc = 0;

	REQUIRE(journal_create(&j, &o, &why) == 0);
	CHECK(journal_room(j) == JOURNAL_ROOM);
	crashfs_full(fs, true);
	CHECK(append(j, 1, 0, &ack) == 0);
	CHECK(journal_room(j) == JOURNAL_ROOM_NARROW);
	while (rc == 0 && taken < 20000) {
		if ((rc = append(j, 50, 0, &ack)) == 0)
			taken += 50;
		if (ack + 51 >= sizeof(roots) / sizeof(roots[0]))
			break;
	}
	CHECK(rc == 0 && taken > 1000);
	while (rc == 0)
		rc = append(j, 1, SEGMENT / 4 - 32, &ack) == 0 ? 0 : 1;
	CHECK(append(j, 1, SEGMENT / 4 - 32, &taken) == JOURNAL_E_FULL);
	/* Room again: the same append is taken, and a start agrees. */
	crashfs_full(fs, false);
	CHECK(append(j, 1, SEGMENT / 4 - 32, &taken) == 0);
	CHECK(taken == ack + 1);
	CHECK(append(j, 1, 0, &ack) == 0);
	CHECK(journal_room(j) == JOURNAL_ROOM);
	journal_free(j);
	check_start(crashfs_io(fs), ack, true);
	crashfs_free(fs);
}

static void
locked(void)
{
	struct crashfs *fs = crashfs_create();
	struct journal_options o = options(crashfs_io(fs));
	struct journal *j, *k;
	struct cu_why why;
	uint64_t ack;

	CHECK(journal_open(&j, &o, NULL, &why) == CU_ENOENT);
	REQUIRE(journal_create(&j, &o, &why) == 0);
	CHECK(journal_create(&k, &o, &why) == CU_EBUSY);
	CHECK(append(j, 1, 0, &ack) == 0);
	CHECK(journal_open(&k, &o, NULL, &why) == CU_EBUSY);
	journal_free(j);
	CHECK(journal_create(&k, &o, &why) == CU_EEXIST);
	REQUIRE(journal_open(&k, &o, NULL, &why) == 0);
	journal_free(k);
	crashfs_free(fs);
}

/* Freed disks are many and large: do not keep them to catch late uses. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return ("quarantine_size_mb=1");
}

/* Open the writer and a reader beside a stray file of segment ${n}. */
static int
open_beside(struct io *io, int segs, uint32_t n, struct cu_why *why)
{
	struct journal_options o = options(io);
	struct journal_reader *r;
	struct journal *j;
	char name[16];
	int fd, rc;

	snprintf(name, sizeof(name), "%08u.seg", n);
	fd = io->openat(io, segs, name, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	io->close(io, fd);
	if ((rc = journal_open(&j, &o, NULL, why)) == 0)
		journal_free(j);
	if (journal_reader_open_io(&r, io, "log", NULL) == 0) {
		CHECK(rc == 0);
		journal_reader_free(r);
	} else
		CHECK(rc == CU_EMALFORMED);
	CHECK(io->unlinkat(io, segs, name) == 0);
	return (rc);
}

/* A name alone sends nobody through all the numbers below it. */
static void
stray_name(void)
{
	struct crashfs *fs = crashfs_create();
	struct io *io = crashfs_io(fs);
	struct journal_options o = options(io);
	struct cu_why why = { "" };
	uint64_t size = 0;
	struct journal *j;
	uint32_t last;
	int segs;

	REQUIRE(journal_create(&j, &o, NULL) == 0);
	CHECK(append(j, 3, 0, &size) == 0);
	journal_free(j);
	segs = io->openat(io, AT_FDCWD, "log/journal", O_RDONLY | O_DIRECTORY,
	    0);
	REQUIRE(segs >= 0 && journal_segment_last(io, segs, &last) == 0);
	CHECK(open_beside(io, segs, last + 1 + JOURNAL_MISSING_MAX, &why) == 0);
	CHECK(open_beside(io, segs, last + 2 + JOURNAL_MISSING_MAX, &why) ==
	    CU_EMALFORMED);
	CHECK(open_beside(io, segs, JOURNAL_SEGMENTS_MAX, &why) ==
	    CU_EMALFORMED);
	CHECK(strstr(why.text, "99999999") != NULL);
	io->close(io, segs);
	crashfs_free(fs);
}

int
main(void)
{
	static const uint8_t seed[32] = "a log key of the crash tests";

	if (sign_key_create(&secret, seed) != 0 || tlog_key_init(&key,
	    "log.example", TLOG_ED25519, sign_key_public(secret)) != 0)
		return (1);
	make_roots();
	CHECK_RUN(locked);
	CHECK_RUN(stray_name);
	CHECK_RUN(disk_full);
	CHECK_RUN(power_cut);
	CHECK_RUN(power_cut_in_recovery);
	CHECK_RUN(calls_fail);
	sign_key_free(secret);
	return (check_done());
}
