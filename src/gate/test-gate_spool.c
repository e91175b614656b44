/* The spool: round trips, truncations, a full file, syncs that fail. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "gate/gate_spool.h"

static char dir[] = "/tmp/custos-spool-XXXXXX";
static int dirfd_ = -1;
static const uint8_t key[AEAD_KEY_LEN] = { 1, 2, 3 };
static const uint8_t other[AEAD_KEY_LEN] = { 3, 2, 1 };

static struct io failing;
static int fail_sync, fail_write;

static int
sync_or_fail(struct io *io, int fd)
{
	if (fail_sync) {
		errno = EIO;
		return (-1);
	}
	return (fdatasync(fd));
}

static ssize_t
write_or_fail(struct io *io, int fd, const struct iovec *v, int n, off_t off)
{
	if (fail_write) {
		errno = ENOSPC;
		return (-1);
	}
	return (pwritev(fd, v, n, off));
}

static void
setup(void)
{
	fail_sync = fail_write = 0;
	failing = *io_system();
	failing.fdatasync = sync_or_fail;
	failing.pwritev = write_or_fail;
	unlinkat(dirfd_, GATE_SPOOL_FILE, 0);
}

static struct gate_spool *
open_spool(const uint8_t *k)
{
	struct gate_spool *s = NULL;

	if (gate_spool_open(&s, &failing, dirfd_, k, NULL) != 0)
		return (NULL);
	return (s);
}

static void
fill(struct gate_record *r, uint64_t n, size_t len)
{
	gate_record_init(r, GATE_RECORD_REPORT);
	r->kind = RECORD_LATE;
	r->start = 3;
	r->n = n;
	memset(r->sig.key, 'a', RECORD_KEY_ID_LEN);
	r->sig.time = 1700000000000000;
	memset(r->sig.sig, 7, sizeof(r->sig.sig));
	r->text = malloc(len + 1);
	memset(r->text, 't', len);
	r->text[len] = '\0';
	r->text_len = len;
	record_sds_str(&r->sds, "root", "<x>");
	record_sds_str(&r->sds, "sent", "<y>");
}

static int
add(struct gate_spool *s, uint64_t n, size_t len)
{
	struct gate_record r;
	int rc;

	fill(&r, n, len);
	rc = gate_spool_add(s, &r);
	gate_record_fini(&r);
	return (rc);
}

static bool
holds(const struct gate_spool *s, size_t i, uint64_t n, size_t len)
{
	const struct gate_record *r = gate_spool_at(s, i);

	return (r != NULL && r->n == n && r->start == 3 &&
	    r->type == GATE_RECORD_REPORT && r->kind == RECORD_LATE &&
	    r->text_len == len && strlen(r->text) == len &&
	    strlen(r->sig.key) == RECORD_KEY_ID_LEN && r->sds.n == 2);
}

static void
record_round_trip(void)
{
	struct gate_record r, back;
	struct buf b, again;
	size_t i;

	fill(&r, 9, 100);
	buf_init(&b, GATE_RECORD_MAX);
	buf_init(&again, GATE_RECORD_MAX);
	gate_record_encode(&b, &r);
	REQUIRE(b.rc == 0);
	REQUIRE(gate_record_decode(&back, b.p, b.len) == 0);
	gate_record_encode(&again, &back);
	CHECK(again.len == b.len && memcmp(again.p, b.p, b.len) == 0);
	CHECK(memcmp(back.sds.row[1].digest, r.sds.row[1].digest,
	    DIGEST_LEN) == 0);
	gate_record_fini(&back);
	for (i = 0; i < b.len; i++)
		CHECK(gate_record_decode(&back, b.p, i) == CU_EMALFORMED);
	buf_ch(&b, 0);
	CHECK(gate_record_decode(&back, b.p, b.len) == CU_EMALFORMED);
	CHECK(gate_record_decode(&back, b.p, GATE_RECORD_MAX + 1) ==
	    CU_ELIMIT);
	gate_record_fini(&r);
	buf_fini(&b);
	buf_fini(&again);
}

/* What no type has. */
static void
record_refused(void)
{
	static const struct { const char *name; int at, was, now; } row[] = {
		{ "version", 0, 1, 2 }, { "type 0", 1, 1, 0 },
		{ "type", 1, 1, GATE_RECORD_N }, { "kind", 2, RECORD_LATE, 0 },
		{ "kind of a report", 2, RECORD_LATE, RECORD_COMMAND },
		{ "zero", 3, 0, 1 }, { "start 0", 11, 3, 0 },
		{ "number 0", 19, 9, 0 }, { "start above", 4, 0, 1 },
		{ "ref", 27, 0, 1 }, { "key", 36, 'a', 'A' },
		{ "text NUL", 144, 't', 0 },
		{ "act with a number", 1, 1, GATE_RECORD_ACT },
		{ "draft without ref", 1, 1, GATE_RECORD_DRAFT },
	};
	struct gate_record r, back;
	struct buf b;
	size_t i;

	fill(&r, 9, 100);
	buf_init(&b, GATE_RECORD_MAX);
	gate_record_encode(&b, &r);
	REQUIRE(b.rc == 0);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_ROW(b.p[row[i].at] == row[i].was, row[i].name);
		b.p[row[i].at] = (uint8_t)row[i].now;
		CHECK_ROW(gate_record_decode(&back, b.p, b.len) ==
		    CU_EMALFORMED, row[i].name);
		b.p[row[i].at] = (uint8_t)row[i].was;
	}
	gate_record_fini(&r);
	buf_fini(&b);
}

static void
survives(void)
{
	struct gate_spool *s;
	struct gate_record r;
	uint64_t n;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 0 && gate_spool_at(s, 0) == NULL);
	for (n = 1; n <= 20; n++)
		CHECK(add(s, n, n * 37) == 0);
	gate_record_init(&r, GATE_RECORD_ACT);
	r.text = strdup("act file");
	r.text_len = 8;
	CHECK(gate_spool_add(s, &r) == 0 && r.text == NULL);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 21 && !gate_spool_failed(s));
	for (n = 1; n <= 20; n++)
		CHECK(holds(s, n - 1, n, n * 37));
	CHECK(gate_spool_at(s, 20)->type == GATE_RECORD_ACT);
	CHECK_STR(gate_spool_at(s, 20)->text, "act file");
	/* Dropped in memory; found again until all are gone. */
	gate_spool_drop(s);
	CHECK(gate_spool_n(s) == 20 && holds(s, 0, 2, 74));
	CHECK(add(s, 21, 5) == 0);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 22);
	while (gate_spool_n(s) > 0)
		gate_spool_drop(s);
	gate_spool_drop(s);
	/* A new generation: what lies behind does not count. */
	CHECK(add(s, 30, 3) == 0);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 1 && holds(s, 0, 30, 3));
	gate_spool_free(s);
	/* Under another key nothing can be read. */
	REQUIRE((s = open_spool(other)) != NULL);
	CHECK(gate_spool_n(s) == 0);
	gate_spool_free(s);
}

/* A report gets another number, and a draft names it: a restart knows. */
static void
renumbered(void)
{
	struct gate_record r, *first;
	struct gate_spool *s;
	struct record_sig sig;
	int i;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(add(s, 1, 10) == 0);
	gate_record_init(&r, GATE_RECORD_DRAFT);
	r.kind = RECORD_OUTCOME;
	r.start = 3;
	r.n = 2;
	r.ref_start = 3;
	r.ref_n = 1;
	r.text = strdup("draft");
	r.text_len = 5;
	CHECK(gate_spool_add(s, &r) == 0);
	CHECK(add(s, 3, 30) == 0);
	first = gate_spool_at(s, 0);
	sig = first->sig;
	sig.time++;
	CHECK(gate_spool_renumber(s, first, 4, 7, &sig) == 0);
	for (i = 0; i < 2; i++) {
		REQUIRE(gate_spool_n(s) == 3);
		first = gate_spool_at(s, 0);
		CHECK(first->start == 4 && first->n == 7 &&
		    first->ref_start == 0 && first->ref_n == 0 &&
		    first->sig.time == sig.time && first->text_len == 10 &&
		    first->sds.n == 2);
		CHECK(gate_spool_at(s, 1)->ref_start == 4 &&
		    gate_spool_at(s, 1)->ref_n == 7);
		CHECK(holds(s, 2, 3, 30));
		gate_spool_free(s);
		REQUIRE((s = open_spool(key)) != NULL);
	}
	/* Where that could not be written it stands in memory alone. */
	fail_sync = fail_write = 1;
	CHECK(gate_spool_renumber(s, gate_spool_at(s, 0), 5, 1, &sig) ==
	    CU_EIO && gate_spool_failed(s));
	fail_sync = fail_write = 0;
	CHECK(gate_spool_at(s, 0)->start == 5);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_at(s, 0)->start == 4);
	gate_spool_free(s);
}

/* No secret of a record stands in the file. */
static void
encrypted(void)
{
	struct gate_spool *s;
	struct buf b;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(add(s, 1, 64) == 0);
	gate_spool_free(s);
	buf_init(&b, GATE_SPOOL_SIZE);
	CHECK(io_read_file(&failing, dirfd_, GATE_SPOOL_FILE, &b) == 0);
	CHECK(b.len == GATE_SPOOL_SIZE);
	CHECK(memmem(b.p, b.len, "tttttttt", 8) == NULL);
	buf_fini(&b);
}

/* Each byte of the last frame cut away: what was before it stays. */
static void
torn(void)
{
	struct gate_spool *s;
	struct buf b;
	size_t first, i, end;
	int fd;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(add(s, 1, 8) == 0 && add(s, 2, 8) == 0);
	gate_spool_free(s);
	buf_init(&b, GATE_SPOOL_SIZE);
	REQUIRE(io_read_file(&failing, dirfd_, GATE_SPOOL_FILE, &b) == 0);
	first = GATE_SPOOL_HEAD;
	for (end = GATE_SPOOL_SIZE; b.p[end - 1] == 0; )
		end--;
	REQUIRE((fd = openat(dirfd_, GATE_SPOOL_FILE, O_RDWR)) >= 0);
	for (i = end; i-- > end - 100; ) {
		CHECK(pwrite(fd, "", 1, (off_t)i) == 1);
		REQUIRE((s = open_spool(key)) != NULL);
		CHECK(gate_spool_n(s) == 1 && holds(s, 0, 1, 8));
		CHECK(!gate_spool_failed(s));
		gate_spool_free(s);
	}
	/* A damaged first one: the second still counts, and it is said. */
	CHECK(pwrite(fd, b.p, b.len, 0) == (ssize_t)b.len);
	CHECK(pwrite(fd, "x", 1, (off_t)first + 60) == 1);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 1 && holds(s, 0, 2, 8));
	CHECK(gate_spool_failed(s));
	gate_spool_told(s);
	CHECK(!gate_spool_failed(s));
	gate_spool_free(s);
	/* Cut while it was made; or not a spool at all. */
	CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, 1000) == 0);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 0 && add(s, 5, 5) == 0);
	gate_spool_free(s);
	CHECK(pwrite(fd, "garbage!", 8, 0) == 8 &&
	    pwrite(fd, "garbage!", 8, 2048) == 8);
	CHECK(open_spool(key) == NULL);
	close(fd);
	buf_fini(&b);
}

static void
full(void)
{
	struct gate_spool *s;
	uint64_t n = 0;
	int rc;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	while ((rc = add(s, ++n, 64000)) == 0)
		;
	CHECK(rc == CU_ELIMIT && gate_spool_failed(s));
	CHECK(n > 60 && gate_spool_n(s) == n);
	CHECK(holds(s, n - 1, n, 64000));
	gate_spool_free(s);
	/* The one in memory alone is gone, and only that. */
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == n - 1);
	while (gate_spool_n(s) > 0)
		gate_spool_drop(s);
	CHECK(add(s, 1000, 64000) == 0);
	gate_spool_free(s);
}

static void
disk_fails(void)
{
	struct gate_spool *s;
	size_t i;

	setup();
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(add(s, 1, 10) == 0);
	fail_sync = 1;
	CHECK(add(s, 2, 10) == CU_EIO && gate_spool_failed(s));
	fail_sync = 0;
	fail_write = 1;
	CHECK(add(s, 3, 10) == CU_EIO);
	fail_write = 0;
	CHECK(add(s, 4, 10) == 0);
	CHECK(gate_spool_n(s) == 4);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(holds(s, 0, 1, 10));
	CHECK(holds(s, gate_spool_n(s) - 1, 4, 10));
	/* It cannot begin anew: nothing counts as durable until it can. */
	fail_sync = 1;
	while (gate_spool_n(s) > 0)
		gate_spool_drop(s);
	CHECK(add(s, 5, 10) == CU_EIO);
	fail_sync = 0;
	CHECK(add(s, 6, 10) == 0);
	gate_spool_free(s);
	REQUIRE((s = open_spool(key)) != NULL);
	CHECK(gate_spool_n(s) == 1 && holds(s, 0, 6, 10));
	/* Memory is bounded, too. */
	fail_sync = 1;
	for (i = 0; i < GATE_SPOOL_LOOSE_MAX; i++)
		CHECK(add(s, 7 + i, 10) == CU_EIO);
	CHECK(add(s, 7 + i, 10) == CU_ENOMEM);
	gate_spool_free(s);
}

static void
cannot_be_made(void)
{
	setup();
	fail_write = 1;
	CHECK(open_spool(key) == NULL);
	fail_write = 0;
	fail_sync = 1;
	CHECK(open_spool(key) == NULL);
	gate_spool_free(NULL);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL ||
	    (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		return (1);
	CHECK_RUN(record_round_trip);
	CHECK_RUN(record_refused);
	CHECK_RUN(survives);
	CHECK_RUN(renumbered);
	CHECK_RUN(encrypted);
	CHECK_RUN(torn);
	CHECK_RUN(full);
	CHECK_RUN(disk_fails);
	CHECK_RUN(cannot_be_made);
	unlinkat(dirfd_, GATE_SPOOL_FILE, 0);
	close(dirfd_);
	rmdir(dir);
	return (check_done());
}
