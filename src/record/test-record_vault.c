/* src/record/test-record_vault.c: vault.json, and a vault on disk */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/io.h"
#include "record/record_vault.h"
#include "test-record.h"

static struct jv *vs;		/* vault.json */
static uint8_t master[RECORD_MASTER_LEN];

static void
load_lock(struct record_master_lock *lock, uint8_t *key_file,
    const struct jv *r)
{
	memset(lock, 0, sizeof(*lock));
	lock->pass = str(r, "passphrase");
	lock->pass_len = str_len(r, "passphrase");
	lock->key_file_len = unhex(r, "key_file_hex", key_file, 64);
	if (lock->key_file_len > 0)
		lock->key_file = key_file;
}

static void
masters(void)
{
	const struct jv *rows = jv_get(vs, "masters"), *r;
	struct record_master_lock lock;
	uint8_t got[32], key_file[64], salt[16], iv[12];
	struct cu_why why;
	struct buf b;
	struct jv *v;
	size_t i, n;

	REQUIRE(jv_len(rows) == 5);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		load_lock(&lock, key_file, r);
		memset(got, 0, 32);
		CHECK_ROW(record_master_read(got, str(r, "file"),
		    str_len(r, "file"), &lock, &why) == 0, why.text);
		CHECK_MEM(got, master, 32);
		if (str(r, "note") != NULL)	/* custos writes one cost */
			continue;
		REQUIRE(jv_parse(&v, str(r, "file"), str_len(r, "file"),
		    NULL) == 0);
		REQUIRE(jv_bytes(jv_get(v, "salt"), salt, 16) == 0);
		REQUIRE(jv_bytes(jv_get(v, "iv"), iv, 12) == 0);
		jv_free(v);
		buf_init(&b, RECORD_MASTER_FILE_MAX);
		CHECK(record_master_write(&b, master, &lock, salt, iv) == 0);
		CHECK_STR(buf_text(&b), str(r, "file"));
		for (n = 0; n < b.len; n++)
			CHECK(record_master_read(got, buf_text(&b), n, &lock,
			    NULL) == CU_EMALFORMED);
		buf_fini(&b);
	}
	rows = jv_get(vs, "negative_masters");
	REQUIRE(jv_len(rows) == 26);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		load_lock(&lock, key_file, r);
		why.text[0] = '\0';
		CHECK_ROW(record_master_read(got, str(r, "file"),
		    str_len(r, "file"), &lock, &why) < 0, str(r, "name"));
		CHECK_ROW(why.text[0] != '\0', str(r, "name"));
	}
}

static void
lines(void)
{
	const struct jv *rows = jv_get(vs, "keys"), *r;
	struct record_vault_line line;
	uint8_t key[32], iv[12];
	struct buf b;
	size_t i, n;

	REQUIRE(jv_len(rows) == 7);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		n = str_len(r, "line") - 1;
		REQUIRE(record_vault_line_read(&line, master, str(r, "line"),
		    n, NULL) == 0);
		REQUIRE(unhex(r, "key_hex", key, 32) == 32);
		REQUIRE(unhex(r, "iv_hex", iv, 12) == 12);
		CHECK_MEM(line.key.key, key, 32);
		CHECK_STR(line.key.id, str(r, "id"));
		CHECK_STR(line.scope, str(r, "scope"));
		CHECK_STR(record_class_name(line.class), str(r, "class"));
		buf_init(&b, RECORD_VAULT_LINE_MAX);
		CHECK(record_vault_line_write(&b, master, &line, iv) == 0);
		CHECK_STR(buf_text(&b), str(r, "line"));
		buf_fini(&b);
		while (n-- > 0)
			CHECK(record_vault_line_read(&line, master,
			    str(r, "line"), n, NULL) < 0);
	}
}

static void
files(void)
{
	const struct jv *rows = jv_get(vs, "keys_files"), *r, *want;
	const struct record_vault_line *line;
	struct record_vault *v;
	struct cu_why why;
	size_t i, k, n, kept;
	int rc;

	REQUIRE(jv_len(rows) == 11);
	for (i = 0; i < jv_len(rows); i++) {
		r = jv_at(rows, i);
		v = NULL;
		rc = record_vault_load(&v, master, str(r, "file"),
		    str_len(r, "file"), &kept, &why);
		CHECK_ROW((rc == 0) == jv_streq(jv_get(r, "expect"), "open"),
		    str(r, "name"));
		if (rc != 0) {
			CHECK(v == NULL);
			continue;
		}
		want = jv_get(r, "keys");
		for (k = 0; k < jv_len(want); k++) {
			line = record_vault_find(v, jv_str(jv_at(want, k),
			    &n));
			CHECK_ROW(line != NULL, str(r, "name"));
		}
		CHECK(kept <= str_len(r, "file"));
		CHECK(record_vault_find(v, "00000000000000000000000000000000")
		    == NULL);
		record_vault_free(v);
	}
}

static void
scopes(void)
{
	static const char *const yes[] = { "warrant:w-1", "element:a",
	    "holder:h", "element:ne-1:2026-01", "instance:g:1970-12" };
	static const char *const no[] = { "", "warrant", "warrant:",
	    "warrant:w:2026-01", "holder:h:2026-01", "instance:g", "case:1",
	    "element:a:2026-13", "element:a:2026-1", "element:a:2026-01:",
	    "element::2026-01", "element:a b", "element:a:1969-12" };
	char text[RECORD_SCOPE_MAX + 1], id[65];
	utc_us t = utc_from_civil(2026, 1, 31, 23, 59, 59, 999999);
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		CHECK_ROW(record_scope_valid(yes[i]), yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK_ROW(!record_scope_valid(no[i]), no[i]);
	record_scope_text(text, RECORD_SCOPE_ELEMENT_MONTH, "ne-1", t);
	CHECK_STR(text, "element:ne-1:2026-01");
	record_scope_text(text, RECORD_SCOPE_ELEMENT_MONTH, "ne-1", t + 1);
	CHECK_STR(text, "element:ne-1:2026-02");
	record_scope_text(text, RECORD_SCOPE_HOLDER, "h", t);
	CHECK_STR(text, "holder:h");
	memset(id, 'a', 64);
	id[64] = '\0';
	record_scope_text(text, RECORD_SCOPE_INSTANCE_MONTH, id, t);
	CHECK(record_scope_valid(text));
	CHECK(strlen(text) == RECORD_SCOPE_MAX);
	CHECK(record_class_of("targets") == RECORD_CLASS_TARGET);
	CHECK(record_class_of("name") == RECORD_CLASS_PERSON);
	CHECK(record_class_of("audit_key") == RECORD_CLASS_TEXT);
}

/* What was synced is there after a restart; what was torn is cut off. */
static void
on_disk(void)
{
	char dir[] = "/tmp/custos-vault.XXXXXX", vault[64], keys[80], m[80];
	struct record_master_lock lock = { "pass", 4, NULL, 0 };
	struct record_master_lock wrong = { "Pass", 4, NULL, 0 };
	const struct record_seal_key *a, *b;
	struct record_vault *v = NULL;
	char first[33], second[33];
	struct cu_why why;
	struct stat st;
	int fd;

	REQUIRE(mkdtemp(dir) != NULL);
	snprintf(vault, sizeof(vault), "%s/vault", dir);
	snprintf(keys, sizeof(keys), "%s/keys", vault);
	snprintf(m, sizeof(m), "%s/master", vault);
	CHECK(record_vault_open(&v, vault, &lock, true, &why) == CU_ENOENT);
	REQUIRE(record_vault_create(vault, &lock, &why) == 0);
	CHECK(record_vault_create(vault, &lock, &why) == CU_EEXIST);
	CHECK(stat(m, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(stat(keys, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(record_vault_open(&v, vault, &wrong, true, &why) == CU_EDENIED);
	REQUIRE(record_vault_open(&v, vault, &lock, true, &why) == 0);
	REQUIRE(record_vault_use(v, "warrant:w-1", RECORD_CLASS_TARGET,
	    &a) == 0);
	memcpy(first, a->id, 33);
	REQUIRE(record_vault_use(v, "warrant:w-1", RECORD_CLASS_TARGET,
	    &b) == 0);
	CHECK_STR(b->id, first);
	REQUIRE(record_vault_use(v, "warrant:w-1", RECORD_CLASS_TEXT,
	    &b) == 0);
	CHECK(strcmp(b->id, first) != 0);
	CHECK(record_vault_use(v, "case:1", RECORD_CLASS_TEXT, &b) ==
	    CU_EMALFORMED);
	CHECK(stat(keys, &st) == 0 && st.st_size == 0);
	CHECK(record_vault_sync(v) == 0 && record_vault_sync(v) == 0);
	/* A key that has sealed enough is followed by another. */
	record_vault_used(v, first, RECORD_SEALS_MAX);
	REQUIRE(record_vault_use(v, "warrant:w-1", RECORD_CLASS_TARGET,
	    &b) == 0);
	memcpy(second, b->id, 33);
	CHECK(strcmp(second, first) != 0);
	CHECK(record_vault_sync(v) == 0);
	/* One that was never synced is lost with the process. */
	REQUIRE(record_vault_use(v, "holder:h", RECORD_CLASS_PERSON, &b) == 0);
	record_vault_free(v);
	v = NULL;
	CHECK(stat(keys, &st) == 0);
	REQUIRE((fd = open(keys, O_WRONLY | O_APPEND)) != -1);
	CHECK(write(fd, "{\"id\":\"00", 9) == 9);
	close(fd);
	REQUIRE(record_vault_open(&v, vault, &lock, false, &why) == 0);
	CHECK(record_vault_use(v, "holder:h", RECORD_CLASS_PERSON, &b) ==
	    CU_ESTATE);
	record_vault_free(v);
	v = NULL;
	REQUIRE(record_vault_open(&v, vault, &lock, true, &why) == 0);
	CHECK(record_vault_find(v, first) != NULL);
	CHECK_STR(record_vault_newest(v, "warrant:w-1",
	    RECORD_CLASS_TARGET)->key.id, second);
	CHECK(record_vault_newest(v, "holder:h", RECORD_CLASS_PERSON) == NULL);
	record_vault_free(v);
	v = NULL;
	{
		struct stat now;

		CHECK(stat(keys, &now) == 0 && now.st_size == st.st_size);
	}
	unlink(keys);
	unlink(m);
	rmdir(vault);
	rmdir(dir);
}

static void
many_keys(void)
{
	struct record_vault_line line = { 0 };
	struct record_vault *v = NULL;
	char id[16];
	uint8_t iv[12] = { 0 }, raw[16] = { 0 };
	size_t i, kept;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (i = 0; i < 1000; i++) {
		raw[0] = (uint8_t)i;
		raw[1] = (uint8_t)(i >> 8);
		text_hex(line.key.id, raw, 16);
		snprintf(id, sizeof(id), "e%zu", i % 500);
		record_scope_text(line.scope, RECORD_SCOPE_ELEMENT, id, 0);
		line.class = RECORD_CLASS_TEXT;
		REQUIRE(record_vault_line_write(&b, master, &line, iv) == 0);
	}
	REQUIRE(record_vault_load(&v, master, buf_text(&b), b.len, &kept,
	    NULL) == 0);
	CHECK(kept == b.len);
	for (i = 500; i < 1000; i++) {
		raw[0] = (uint8_t)i;
		raw[1] = (uint8_t)(i >> 8);
		text_hex(line.key.id, raw, 16);
		snprintf(id, sizeof(id), "e%zu", i % 500);
		record_scope_text(line.scope, RECORD_SCOPE_ELEMENT, id, 0);
		CHECK(record_vault_find(v, line.key.id) != NULL);
		CHECK_STR(record_vault_newest(v, line.scope,
		    RECORD_CLASS_TEXT)->key.id, line.key.id);
	}
	record_vault_free(v);
	buf_fini(&b);
}

/* A table of file calls of which call number ${left} fails. */
struct failing {
	struct io io;
	int left;
};

static bool
fails(struct io *io)
{
	if (((struct failing *)io)->left-- != 0)
		return (false);
	errno = EIO;
	return (true);
}

static int
fail_openat(struct io *io, int d, const char *name, int flags, mode_t mode)
{
	return (fails(io) ? -1 : io_system()->openat(io_system(), d, name,
	    flags, mode));
}

static ssize_t
fail_pwritev(struct io *io, int fd, const struct iovec *iov, int n, off_t off)
{
	return (fails(io) ? -1 : io_system()->pwritev(io_system(), fd, iov, n,
	    off));
}

static int
fail_fdatasync(struct io *io, int fd)
{
	return (fails(io) ? -1 : io_system()->fdatasync(io_system(), fd));
}

static int
fail_ftruncate(struct io *io, int fd, off_t n)
{
	return (fails(io) ? -1 : io_system()->ftruncate(io_system(), fd, n));
}

/* Whatever call fails: what a sync acknowledged is there afterwards. */
static void
failing_calls(void)
{
	static const uint8_t file[32] = { 1 };
	struct record_master_lock lock = { NULL, 0, file, sizeof(file) };
	struct failing f = { .io = *io_system() };
	const struct record_seal_key *k;
	char dir[] = "/tmp/custos-vault.XXXXXX", vault[64], path[80];
	char kept[4][33];
	struct record_vault *v;
	size_t i, n, at;
	int call, rc;

	f.io.openat = fail_openat;
	f.io.pwritev = fail_pwritev;
	f.io.fdatasync = fail_fdatasync;
	f.io.ftruncate = fail_ftruncate;
	REQUIRE(mkdtemp(dir) != NULL);
	snprintf(vault, sizeof(vault), "%s/vault", dir);
	for (call = 0, rc = 1; rc != 0 && call < 64; call++) {
		REQUIRE(record_vault_create(vault, &lock, NULL) == 0);
		f.left = call;
		n = 0;
		v = NULL;
		rc = record_vault_open_io(&v, &f.io, vault, &lock, true, NULL);
		for (i = 0; i < 4 && rc == 0; i++) {
			REQUIRE(record_vault_use(v, "warrant:w",
			    (enum record_class)(1 + i % 3), &k) == 0);
			snprintf(kept[n], 33, "%s", k->id);
			if ((rc = record_vault_sync(v)) == 0)
				n++;
		}
		CHECK(rc == 0 || rc == CU_EIO);
		record_vault_free(v);
		v = NULL;
		REQUIRE(record_vault_open(&v, vault, &lock, true, NULL) == 0);
		for (at = 0; at < n; at++)
			CHECK(record_vault_find(v, kept[at]) != NULL);
		record_vault_free(v);
		snprintf(path, sizeof(path), "%s/keys", vault);
		unlink(path);
		snprintf(path, sizeof(path), "%s/master", vault);
		unlink(path);
		rmdir(vault);
	}
	CHECK(rc == 0 && call > 8);
	rmdir(dir);
}

int
main(void)
{
	vs = vectors("vault.json");
	if (unhex(vs, "master_hex", master, 32) != 32)
		return (1);
	CHECK_RUN(masters);
	CHECK_RUN(lines);
	CHECK_RUN(files);
	CHECK_RUN(scopes);
	CHECK_RUN(on_disk);
	CHECK_RUN(many_keys);
	CHECK_RUN(failing_calls);
	jv_free(vs);
	return (check_done());
}
