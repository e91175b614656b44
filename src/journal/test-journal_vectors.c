/*
 * src/journal/test-journal_vectors.c: the published journals and what is left
 * of them after damage: written byte for byte, read, judged.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "check.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "journal/journal.h"
#include "journal/journal_recover.h"
#include "json/jv.h"
#include "load.h"
#include "tlog/tlog_note.h"

#define SEGMENT	(1 << 20)
#define CUSTOS	TEST_DIR "/vectors/custos/"

static struct jv *vectors, *variants;
static struct tlog_key key;
static char top[] = "/tmp/custos-journal-XXXXXX";

/* What a command prints.  Freed by the caller. */
static struct buf
printed(const char *command)
{
	char part[65536];
	struct buf b;
	FILE *f;
	size_t n;

	buf_init(&b, 64 << 20);
	if (!CHECK_ROW((f = popen(command, "r")) != NULL, command))
		return (b);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	CHECK_ROW(pclose(f) == 0 && b.rc == 0, command);
	return (b);
}

static struct buf
segment(const char *journal, unsigned int n)
{
	char command[512];
	struct buf b;

	snprintf(command, sizeof(command), "gzip -dc " CUSTOS
	    "journal/%s.%08u.seg.gz", journal, n);
	b = printed(command);
	CHECK(b.len == SEGMENT);
	return (b);
}

static void
put(const char *dir, const char *name, const void *p, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!CHECK((f = fopen(path, "w")) != NULL))
		return;
	CHECK(fwrite(p, 1, n, f) == n);
	CHECK(fclose(f) == 0);
}

static void
fresh_dir(char out[128], const char *name)
{
	char command[512];

	snprintf(out, 128, "%s/%s", top, name);
	snprintf(command, sizeof(command), "rm -rf %s && mkdir -p %s/journal",
	    out, out);
	CHECK(system(command) == 0);
}

static const char *
text_of(const struct jv *v)
{
	size_t n;

	return (jv_str(v, &n));
}

/* Hex of any length, repeated; the caller frees. */
static struct buf
unhex(const char *s, size_t n, int64_t times)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, 64 << 20);
	if (!CHECK((p = malloc(n / 2 + 1)) != NULL))
		return (b);
	CHECK(n % 2 == 0 && text_unhex(p, s, n / 2) == 0);
	while (times-- > 0)
		buf_add(&b, p, n / 2);
	free(p);
	return (b);
}

static struct buf
hex_member(const struct jv *v, const char *name)
{
	size_t n;
	const char *s = jv_str(jv_get(v, name), &n);

	return (unhex(s != NULL ? s : "", s != NULL ? n : 0, 1));
}

/* Compare a file below ${dir} with bytes. */
static void
same_file(const char *dir, const char *name, const struct buf *want)
{
	struct buf b = load_file("%s/%s", dir, name);

	if (CHECK_ROW(b.len == want->len, name) && b.len > 0)
		CHECK_ROW(memcmp(b.p, want->p, b.len) == 0, name);
	buf_fini(&b);
}

/* Write a journal of the vectors again, from its frames. */
static void
write_again(const char *name)
{
	const struct jv *j = jv_get(vectors, name), *batches, *frames, *f, *b;
	struct journal_options o = { .key = &key, .segment_size = SEGMENT };
	struct journal_add add[JOURNAL_BATCH_ENTRIES];
	struct journal_head head, now;
	struct journal *w = NULL;
	struct buf seg, want;
	uint8_t root[32];
	char dir[128], file[32];
	struct cu_why why;
	size_t i, k, n, len;
	int64_t time, at, number, segs, before;

	fresh_dir(dir, name);
	o.dir = dir;
	if (!CHECK(journal_create(&w, &o, &why) == 0)) {
		printf("# %s\n", why.text);
		return;
	}
	batches = jv_get(j, "batches");
	for (i = 0; i < jv_len(batches); i++) {
		b = jv_at(batches, i);
		frames = jv_get(b, "frames");
		jv_int(jv_get(b, "segment"), &segs);
		jv_int(jv_get(b, "time_us"), &time);
		jv_int(jv_get(b, "size_before"), &before);
		seg = segment(name, (unsigned int)segs);
		n = 0;
		for (k = 0; k < jv_len(frames); k++) {
			const char *kind;

			f = jv_at(frames, k);
			kind = text_of(jv_get(f, "kind"));
			jv_int(jv_get(f, "offset"), &at);
			jv_int(jv_get(f, "length"), &number);
			len = (size_t)number;
			jv_int(jv_get(f, "number"), &number);
			if (*kind == 'N')
				CHECK(journal_note(w, seg.p + at + 32,
				    len) == 0);
			if (*kind == 'E')
				add[n++] = (struct journal_add){
				    seg.p + at + 32, len, NULL, 0 };
			if (*kind == 'S') {
				add[number - before].sealed = seg.p + at + 32;
				add[number - before].sealed_len = len;
			}
		}
		CHECK(journal_fits(w, add, n - 1, &add[n - 1]));
		CHECK(journal_append(w, add, n, time, &head) == 0);
		buf_fini(&seg);
		CHECK(journal_wait(w) == 0);
		journal_head(w, &now);
		CHECK(jv_hex(jv_get(b, "root_hex"), root, 32) == 0);
		CHECK(memcmp(head.root, root, 32) == 0);
		CHECK(memcmp(now.root, root, 32) == 0);
	}
	journal_free(w);
	for (i = 1; i <= jv_len(jv_get(j, "files")); i++) {
		seg = segment(name, (unsigned int)i);
		snprintf(file, sizeof(file), "journal/%08zu.seg", i);
		same_file(dir, file, &seg);
		buf_fini(&seg);
	}
	want = hex_member(j, "offset_hex");
	same_file(dir, "offset", &want);
	buf_fini(&want);
	want = hex_member(j, "level_0_hex");
	same_file(dir, "level.0", &want);
	buf_fini(&want);
}

static void
written_one(void)
{
	write_again("one");
}

static void
written_two(void)
{
	write_again("two");
}

/* Every header of the vectors, decoded and encoded. */
static void
headers(void)
{
	static const char *const names[] = { "one", "two" };
	uint8_t raw[JOURNAL_HEADER_LEN];
	struct journal_header h;
	struct buf seg;
	size_t i, n, k;

	for (i = 0; i < 2; i++) {
		n = jv_len(jv_get(jv_get(vectors, names[i]), "headers"));
		for (k = 1; k <= n; k++) {
			seg = segment(names[i], (unsigned int)k);
			CHECK(journal_header_get(&h, seg.p) == 0);
			CHECK(h.number == k);
			journal_header_put(raw, &h);
			CHECK_MEM(raw, seg.p, sizeof(raw));
			buf_fini(&seg);
		}
	}
}

/* Lay a variant out in a directory. */
static void
lay_out(const struct jv *v, char dir[128])
{
	const struct jv *patches = jv_get(v, "patches"), *p;
	const char *name = text_of(jv_get(v, "journal")), *s;
	struct buf seg[2], b;
	int64_t n, at, zero, times;
	char file[32];
	size_t i, len;

	fresh_dir(dir, "variant");
	buf_init(&seg[1], SEGMENT);
	seg[0] = segment(name, 1);
	if (strcmp(name, "two") == 0)
		seg[1] = segment(name, 2);
	for (i = 0; i < jv_len(patches); i++) {
		p = jv_at(patches, i);
		jv_int(jv_get(p, "segment"), &n);
		jv_int(jv_get(p, "offset"), &at);
		if (n == 2 && seg[1].len == 0)
			buf_fill(&seg[1], 0, SEGMENT);
		if (jv_int(jv_get(p, "zero"), &zero) == 0) {
			memset(seg[n - 1].p + at, 0, (size_t)zero);
			continue;
		}
		times = 1;
		jv_int(jv_get(p, "times"), &times);
		s = jv_str(jv_get(p, "hex"), &len);
		b = unhex(s, len, times);
		if (CHECK((size_t)at + b.len <= SEGMENT))
			memcpy(seg[n - 1].p + at, b.p, b.len);
		buf_fini(&b);
	}
	for (i = 0; i < 2; i++) {
		snprintf(file, sizeof(file), "journal/%08zu.seg", i + 1);
		if (seg[i].len > 0)
			put(dir, file, seg[i].p, seg[i].len);
		buf_fini(&seg[i]);
	}
	if ((s = jv_str(jv_get(v, "checkpoint"), &len)) != NULL)
		put(dir, "checkpoint", s, len);
	if (text_of(jv_get(v, "level_0_hex")) != NULL) {
		b = hex_member(v, "level_0_hex");
		put(dir, "level.0", b.p, b.len);
		buf_fini(&b);
	}
}

static const char *
verdict_of(int rc, const struct journal_found *f)
{
	if (rc == JOURNAL_E_DAMAGED)
		return ("refuse: damaged");
	if (rc == JOURNAL_E_MEMORY)
		return ("refuse: memory");
	if (rc != 0)
		return ("error");
	return (f->state == JOURNAL_TORN ? "torn" : "clean");
}

static bool
expected(const struct jv *v, const char *got)
{
	const struct jv *also = jv_get(v, "also_allowed");
	size_t i;

	if (jv_streq(jv_get(v, "verdict"), got))
		return (true);
	for (i = 0; i < jv_len(also); i++)
		if (jv_streq(jv_at(also, i), got))
			return (true);
	return (false);
}

/* All bytes below a directory, as one digest. */
static void
digest_dir(const char *dir, uint8_t out[32])
{
	char command[512];
	struct buf b;

	snprintf(command, sizeof(command), "cd %s && find . -type f ! -name "
	    "lock | sort | xargs sha256sum", dir);
	b = printed(command);
	digest(out, b.p, b.len);
	buf_fini(&b);
}

/* The size that a variant leaves, and one more entry after it. */
static void
go_on(struct journal *j, const char *name, uint64_t size)
{
	struct journal_add add = { "one more", 8, NULL, 0 };
	struct journal_head head;

	CHECK_ROW(journal_append(j, &add, 1, 1, &head) == 0, name);
	CHECK_ROW(journal_wait(j) == 0, name);
	CHECK_ROW(head.size == size + 1, name);
}

static void
damaged(void)
{
	const struct jv *all = jv_get(variants, "variants"), *v;
	struct journal_options o = { .key = &key, .in_line = true };
	struct journal_found f;
	struct journal_reader *r;
	struct journal_verdict verdict;
	uint8_t before[32], after[32];
	struct journal *j;
	struct cu_why why;
	int64_t size, p;
	const char *name, *got;
	char dir[128];
	size_t i, same;
	int rc;

	CHECK(jv_len(all) == 95);
	for (i = 0; i < jv_len(all); i++) {
		v = jv_at(all, i);
		name = text_of(jv_get(v, "name"));
		jv_int(jv_get(v, "size"), &size);
		jv_int(jv_get(v, "P"), &p);
		lay_out(v, dir);
		digest_dir(dir, before);
		o.dir = dir;
		j = NULL;
		memset(&f, 0, sizeof(f));
		rc = journal_open(&j, &o, &f, &why);
		got = verdict_of(rc, &f);
		if (!CHECK_ROW(expected(v, got), name))
			printf("# got %s: %s\n", got, why.text);
		CHECK_ROW(f.size == (uint64_t)size, name);
		CHECK_ROW(f.position == (uint64_t)p, name);
		if (rc != 0) {
			/* Refused: nothing was changed. */
			digest_dir(dir, after);
			CHECK_ROW(memcmp(before, after, 32) == 0, name);
			continue;
		}
		go_on(j, name, (uint64_t)size);
		journal_free(j);
		/* Again: clean, and one longer. */
		if (CHECK_ROW(journal_open(&j, &o, &f, &why) == 0, name)) {
			CHECK_ROW(f.state == JOURNAL_CLEAN, name);
			CHECK_ROW(f.size == (uint64_t)size + 1, name);
			journal_free(j);
		}
		/* Damage further back is for verify. */
		same = strcmp(name, "two segments, damage in the first") == 0 ||
		    strcmp(name, "two segments, a K in the rest of the first")
		    == 0;
		if (!CHECK_ROW(journal_reader_open(&r, dir, &why) == 0, name))
			continue;
		CHECK_ROW(journal_verify(r, NULL, &verdict) == 0, name);
		if (!CHECK_ROW(verdict.clean == !same, name))
			printf("# %s at %llu\n", verdict.fault.what,
			    (unsigned long long)verdict.fault.position);
		if (!same)
			CHECK_ROW(verdict.size == (uint64_t)size + 1, name);
		journal_reader_free(r);
	}
}

static int
on_entry(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct tlog_range *r = cookie;
	uint8_t leaf[32];

	CHECK(index == r->size);
	tlog_leaf(leaf, p, len);
	tlog_range_append(r, leaf, NULL, NULL);
	return (0);
}

/* What a reader shows of journal "two" and of "one". */
static void
read_back(void)
{
	struct journal_reader *r;
	struct journal_head head;
	struct tlog_range range;
	struct tlog_path path;
	struct cu_why why;
	uint8_t root[32], leaf[32];
	struct buf b;
	char dir[128];
	uint64_t i;
	int plain;

	snprintf(dir, sizeof(dir), "%s/two", top);
	for (plain = 0; plain < 2; plain++) {
		REQUIRE(journal_reader_open(&r, dir, &why) == 0);
		if (plain)
			journal_reader_plain(r);
		CHECK(journal_reader_head(r, &head) == 0);
		CHECK(head.size == 18 && head.position == 1316240);
		tlog_range_init(&range);
		CHECK(journal_reader_each(r, 0, 18, on_entry, &range) == 0);
		tlog_range_root(&range, root);
		CHECK_MEM(root, head.root, 32);
		buf_init(&b, 1 << 20);
		for (i = 0; i < 18; i++) {
			buf_reset(&b);
			CHECK(journal_reader_entry(r, i, &b) == 0);
			tlog_leaf(leaf, b.p, b.len);
			CHECK(tlog_prove_inclusion(&path, i, 18,
			    journal_reader_hash, r) == 0);
			CHECK(tlog_check_inclusion(
			    (const uint8_t (*)[32])path.hash, path.n, i, 18,
			    leaf, head.root));
		}
		CHECK(journal_reader_entry(r, 18, &b) == CU_ENOENT);
		buf_reset(&b);
		CHECK(journal_reader_sealed(r, 13, &b) == 0);
		CHECK(b.len == 262112);
		CHECK(journal_reader_sealed(r, 12, &b) == CU_ENOENT);
		buf_fini(&b);
		journal_reader_free(r);
	}
	CHECK(journal_reader_open(&r, "/nonexistent", &why) == CU_ENOENT);
}

/* No prefix of a batch is one. */
static void
truncated(void)
{
	struct journal_chain chain = { .segment_size = SEGMENT,
	    .position = JOURNAL_HEADER_LEN }, c;
	struct journal_batch b;
	struct buf seg = segment("one", 1);
	size_t n;

	for (n = 0; n < 5240 - 4096; n++) {
		c = chain;
		CHECK(journal_batch_read(&c, seg.p + 4096, n, false, NULL,
		    NULL, NULL, &b, NULL) == JOURNAL_E_MORE);
		CHECK(journal_batch_read(&c, seg.p + 4096, n, true, NULL,
		    NULL, NULL, &b, NULL) == (n < JOURNAL_FRAME_HEAD ?
		    JOURNAL_E_END : JOURNAL_E_BAD));
		CHECK(c.range.size == 0);
	}
	CHECK(journal_batch_read(&chain, seg.p + 4096, n, false, NULL, NULL,
	    NULL, &b, NULL) == 0);
	CHECK(b.size == 1 && b.len == 1144 && chain.range.size == 1);
	buf_fini(&seg);
}

int
main(void)
{
	char command[256];
	size_t n;
	const char *vkey;

	vectors = load_json(CUSTOS "journal.json");
	variants = load_json(CUSTOS "journal_variants.json");
	if (vectors == NULL || variants == NULL || mkdtemp(top) == NULL)
		return (1);
	vkey = jv_str(jv_get(vectors, "log_vkey"), &n);
	if (tlog_key_parse(&key, vkey, n) != 0)
		return (1);
	CHECK_RUN(headers);
	CHECK_RUN(truncated);
	CHECK_RUN(written_one);
	CHECK_RUN(written_two);
	CHECK_RUN(read_back);
	CHECK_RUN(damaged);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (system(command) != 0)
		return (1);
	jv_free(vectors);
	jv_free(variants);
	return (check_done());
}
