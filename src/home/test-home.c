/* src/home/test-home.c: custos.yaml, its refusals, the lock, the notebook */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "home/home.h"
#include "home/home_notebook.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEEPER "role: keeper\norigin: li.example.net/x1log\ninstance: k-1\n"
#define TLS "tls: {cert: tls/c.pem, key: tls/k.pem, ca: /etc/ca.pem}\n"
#define GATE_OF(keeper) "role: gate\norigin: o\ngenesis: " HEX		\
    "\ninstance: g-1\nkeeper: " keeper "\nlisten: 127.0.0.1:8443\n" TLS	\
    "identities:\n  - admf: a-1\n    cert: c\n    key: k\n"
#define GATE GATE_OF("../keeper/run/keeper.sock")

static char dir[] = "/tmp/test-home.XXXXXX";

static void
good(void)
{
	struct home_conf c;

	REQUIRE(home_parse(&c, KEEPER, strlen(KEEPER), "/h", NULL) == 0);
	CHECK(c.role == HOME_KEEPER && !c.has_genesis);
	CHECK_STR(c.origin, "li.example.net/x1log");
	CHECK_STR(c.socket, "/h/run/keeper.sock");
	CHECK_STR(c.log_key, "/h/keys/log.key");
	CHECK(c.vault_key == NULL && c.spool_key == NULL && c.keeper == NULL);
	CHECK(c.segment_size == 64 << 20 && c.beat == 60 * UTC_SECOND);
	CHECK(c.disk_low == 256 << 20 && c.uid_gate == (int64_t)getuid());
	CHECK(c.audit_interval == 0 && c.pace == 0);
	home_conf_fini(&c);
	REQUIRE(home_parse(&c, GATE, strlen(GATE), "/h", NULL) == 0);
	CHECK(c.has_genesis && c.genesis[1] == 0x23);
	CHECK_STR(c.keeper, "/h/../keeper/run/keeper.sock");
	CHECK_STR(c.tls.cert, "/h/tls/c.pem");
	CHECK_STR(c.tls.ca, "/etc/ca.pem");
	CHECK(c.identity_n == 1 && c.listen_n == 1);
	CHECK_STR(c.identity[0].tls.ca, "/etc/ca.pem");
	CHECK_STR(c.identity[0].tls.key, "/h/k");
	CHECK(c.keeper_timeout == 2 * UTC_SECOND && c.pace == 8);
	home_conf_fini(&c);
}

/* A keeper that serves at an address, and a gate that finds it there. */
static void
remote(void)
{
	static const char keeper[] = KEEPER "listen: \"[::1]:7443\"\n" TLS;
	static const char gate[] = GATE_OF("keeper.example.net:7443")
	    "keeper_tls: {cert: k/c.pem, key: k/k.pem, ca: k/ca.pem}\n";
	struct home_conf c, d;
	struct buf b;

	REQUIRE(home_parse(&c, keeper, strlen(keeper), "/h", NULL) == 0);
	CHECK(c.listen_n == 1);
	CHECK_STR(c.listen[0], "[::1]:7443");
	home_conf_fini(&c);
	REQUIRE(home_parse(&c, gate, strlen(gate), "/h", NULL) == 0);
	CHECK_STR(c.keeper, "keeper.example.net:7443");
	CHECK_STR(c.keeper_tls.ca, "/h/k/ca.pem");
	buf_init(&b, HOME_FILE_MAX);
	home_write(&b, &c, "/h");
	REQUIRE(home_parse(&d, buf_text(&b), b.len, "/h", NULL) == 0);
	CHECK_STR(d.keeper, c.keeper);
	CHECK_STR(d.keeper_tls.key, "/h/k/k.pem");
	CHECK_STR(d.tls.key, "/h/tls/k.pem");
	home_conf_fini(&d);
	/* A socket beside the file is no address. */
	free(c.keeper);
	REQUIRE((c.keeper = strdup("/h/keeper.sock")) != NULL);
	buf_reset(&b);
	home_write(&b, &c, "/h");
	REQUIRE(home_parse(&d, buf_text(&b), b.len, "/h", NULL) == 0);
	CHECK_STR(d.keeper, "/h/./keeper.sock");
	buf_fini(&b);
	home_conf_fini(&c);
	home_conf_fini(&d);
}

/* Each with the line that the refusal names. */
static void
refused(void)
{
	static const struct { const char *text, *why; } row[] = {
		{ "", "line 1: empty" },
		{ KEEPER "listen: 127.0.0.1:7443\n", "line 1: tls: is "
		    "missing, as the keeper listens" },
		{ GATE_OF("127.0.0.1:7443"), "line 1: keeper_tls: is missing, "
		    "as the keeper is at an address" },
		{ GATE_OF("keeper.sock"), "line 5: keeper: a path with a "
		    "slash in it, or an address and port" },
		{ GATE_OF("127.0.0.1:99999"), "line 5: keeper: a path" },
		{ "a", "line 1: role: is missing" },
		{ "origin: o\n", "line 1: role: is missing" },
		{ "role: king\n", "line 1: role: keeper, gate" },
		{ "role: [keeper]\n", "line 1: role: must be one value" },
		{ KEEPER "\nfoo: 1\n", "line 5: foo: unknown name" },
		{ KEEPER "Beat: 60s\n", "line 4: Beat: unknown name" },
		{ KEEPER "origin: o\n", "line 4: origin: appears twice" },
		{ KEEPER "pace: 8\n", "line 4: pace: not in a home" },
		{ "role: keeper\norigin: o\n", "line 1: instance: is missing" },
		{ KEEPER "beat: 60\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 60 s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 0s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 01s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: -1s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 1m\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 1.5s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 367d\n", "line 4: beat: a duration with" },
		{ KEEPER "beat: 99999999999999999999d\n", "line 4: beat:" },
		{ KEEPER "beat: s\n", "line 4: beat: a duration with" },
		{ KEEPER "beat:\n", "line 4: beat: must not be empty" },
		{ KEEPER "disk_low: 1\n", "line 4: disk_low: a size with" },
		{ KEEPER "disk_low: 1MB\n", "line 4: disk_low: a size with" },
		{ KEEPER "segment_size: 3MiB\n", "line 4: segment_size:" },
		{ KEEPER "segment_size: 128MiB\n", "line 4: segment_size:" },
		{ KEEPER "segment_size: 512KiB\n", "line 4: segment_size:" },
		{ KEEPER "genesis: ABCD\n", "line 4: genesis: 64 lower" },
		{ KEEPER "uids: {gate: -1}\n", "line 4: uids.gate: a uid" },
		{ KEEPER "uids: {king: 1}\n", "line 4: uids.king: unknown" },
		{ KEEPER "uids: 7\n", "line 4: uids: must have members" },
		{ KEEPER "socket: &a run/x\n", "line 4: an anchor" },
		{ KEEPER "socket: !!str run/x\n", "line 4: a tag" },
		{ KEEPER "log_key: *a\n", "line 4: an alias" },
		{ KEEPER "---\nrole: gate\n", "line 4: a second document" },
		{ "%YAML 1.1\n---\n" KEEPER, "a directive" },
		{ KEEPER "socket: \"a\\nb\"\n", "line 4: socket: must not" },
		{ KEEPER "? [a]\n: b\n", "line 4: ?: not a name" },
		{ KEEPER "  bad\n x: [\n", "not YAML" },
		{ KEEPER "socket: [[[[[a]]]]]\n", "line 4: nested too deep" },
		{ "role: keeper\norigin: a b\ninstance: k\n",
		    "line 2: origin: a log's origin" },
		{ "role: keeper\norigin: o\ninstance: -k\n",
		    "line 3: instance: an id" },
		{ GATE "pace: 0\n", "pace: a number" },
		{ GATE "pace: 1001\n", "pace: a number" },
		{ "role: gate\norigin: o\ngenesis: " HEX "\ninstance: g\n"
		    "keeper: ./k\nlisten: []\n" TLS "identities: []\n",
		    "line 6: listen: an address" },
		{ "role: gate\norigin: o\ngenesis: " HEX "\ninstance: g\n"
		    "keeper: ./k\nlisten: a:1\n" TLS "identities: []\n",
		    "line 8: identities: must not be empty" },
		{ GATE "  - admf: a-1\n    cert: c\n    key: k\n",
		    "identities.admf: appears twice" },
		{ GATE "  - admf: a-2\n    cert: c\n",
		    "line 12: identities.key: is missing" },
	};
	struct home_conf c;
	struct cu_why why;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		why.text[0] = '\0';
		CHECK_ROW(home_parse(&c, row[i].text, strlen(row[i].text),
		    "/h", &why) == CU_EMALFORMED, row[i].text);
		if (strstr(why.text, row[i].why) == NULL)
			printf("# %s\n", why.text);
		CHECK_ROW(strstr(why.text, row[i].why) != NULL, row[i].text);
	}
}

static void
bounds(void)
{
	struct home_conf c;
	struct buf b;
	size_t n, i;

	for (n = HOME_LISTS_MAX; n <= HOME_LISTS_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, "role: sim-admf\ninstance: s\nadmf: a\nne: n\n"
		    "url: https://h/X1/NE\n" TLS "listen:\n");
		for (i = 0; i < n; i++)
			buf_printf(&b, "  - 127.0.0.1:%zu\n", i);
		CHECK(home_parse(&c, buf_text(&b), b.len, "/h", NULL) ==
		    (n == HOME_LISTS_MAX ? 0 : CU_EMALFORMED));
		if (n == HOME_LISTS_MAX) {
			CHECK(c.listen_n == HOME_LISTS_MAX);
			home_conf_fini(&c);
		}
		buf_fini(&b);
	}
	for (n = HOME_FILE_MAX; n <= HOME_FILE_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, KEEPER "#");
		buf_fill(&b, 'x', n - b.len);
		CHECK(home_parse(&c, buf_text(&b), b.len, "/h", NULL) ==
		    (n == HOME_FILE_MAX ? 0 : CU_ELIMIT));
		if (n == HOME_FILE_MAX)
			home_conf_fini(&c);
		buf_fini(&b);
	}
}

/* No prefix crashes, leaks, or is taken for more than it says. */
static void
truncations(void)
{
	struct home_conf c;
	size_t n;

	for (n = 0; n < strlen(GATE); n++)
		if (home_parse(&c, GATE, n, "/h", NULL) == 0)
			home_conf_fini(&c);
	CHECK(home_parse(&c, GATE, strlen(GATE) - 4, "/h", NULL) ==
	    CU_EMALFORMED);
}

static void
round_trip(void)
{
	static const char text[] = GATE
	    "  - admf: \"a-2\"\n    cert: \"x \\\" y\"\n    key: k2\n"
	    "    ca: /c\nbeat: 90s\npace: 3\nsocket: other.sock\n"
	    "element_timeout: 1500ms\nuids: {cli: 7}\n";
	struct home_conf c, d;
	struct buf a, b;

	REQUIRE(home_parse(&c, text, strlen(text), "/h", NULL) == 0);
	buf_init(&a, HOME_FILE_MAX);
	buf_init(&b, HOME_FILE_MAX);
	home_write(&a, &c, "/h");
	CHECK(a.rc == 0);
	CHECK(strstr(buf_text(&a), "element_timeout: 1500ms\n") != NULL);
	CHECK(strstr(buf_text(&a), "socket: \"other.sock\"\n") != NULL);
	CHECK(strstr(buf_text(&a), "keeper_timeout") == NULL);
	REQUIRE(home_parse(&d, buf_text(&a), a.len, "/h", NULL) == 0);
	home_write(&b, &d, "/h");
	CHECK_STR(buf_text(&a), buf_text(&b));
	CHECK_STR(d.identity[1].tls.cert, "/h/x \" y");
	CHECK_STR(d.keeper, "/h/../keeper/run/keeper.sock");
	CHECK(d.uid_cli == 7 && d.beat == 90 * UTC_SECOND && d.pace == 3);
	CHECK(memcmp(d.genesis, c.genesis, 32) == 0 && d.has_genesis);
	buf_fini(&a);
	buf_fini(&b);
	home_conf_fini(&c);
	home_conf_fini(&d);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text));
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static void
lock(void)
{
	struct cu_why why = { "" };
	struct home *h, *i;
	char want[64];
	int status;
	pid_t pid;

	put(HOME_FILE, KEEPER, 0644);
	REQUIRE(home_open(&h, dir, &why) == 0);
	CHECK_STR(home_dir(h), dir);
	CHECK(home_conf(h)->role == HOME_KEEPER);
	CHECK(home_lock(h, &why) == 0);
	CHECK(home_lock(h, &why) == 0);
	REQUIRE(home_open(&i, dir, &why) == 0);
	CHECK(home_lock(i, &why) == CU_EBUSY);
	snprintf(want, sizeof(want), "home in use by pid %ld", (long)getpid());
	CHECK(strstr(why.text, want) != NULL);
	fflush(stdout);
	if ((pid = fork()) == 0)
		_exit(home_lock(i, NULL) == CU_EBUSY ? 3 : 0);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	home_free(h);
	CHECK(home_lock(i, &why) == 0);
	home_free(i);
	CHECK(home_open(&h, "/nonexistent", &why) == CU_ENOENT);
	CHECK(home_open(&h, "/tmp", &why) == CU_ENOENT);
	CHECK(strstr(why.text, "not a home") != NULL);
	put(HOME_FILE, KEEPER "x: y\n", 0644);
	CHECK(home_open(&h, dir, &why) == CU_EMALFORMED);
	CHECK(strstr(why.text, HOME_FILE ": line 4: x: unknown") != NULL);
}

static void
check(void)
{
	static const char *const dirs[] = { "keys", "log", "vault" };
	struct cu_why why = { "" };
	struct home *h;
	struct buf b;
	char path[256];
	size_t i;

	put(HOME_FILE, KEEPER, 0644);
	REQUIRE(home_open(&h, dir, &why) == 0);
	buf_init(&b, 1 << 16);
	CHECK(home_check(h, &b) == 5);	/* two keys, three directories */
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, dirs[i]);
		CHECK(mkdir(path, 0700) == 0);
	}
	put("keys/log.key", "x", 0600);
	put("keys/instance.key", "x", 0640);
	buf_reset(&b);
	CHECK(home_check(h, &b) == 1);
	CHECK(strstr(buf_text(&b), "instance.key: others may read it") != NULL);
	put("keys/instance.key", "x", 0600);
	buf_reset(&b);
	CHECK(home_check(h, &b) == 0);
	CHECK_STR(buf_text(&b), "");
	buf_fini(&b);
	home_free(h);
}

static void
notebook(void)
{
	struct home_notebook n = { .origin = "o", .start = 3,
	    .last_number = 17, .size = UINT64_C(1) << 60,
	    .note = "o\n1\nx\n\n\xe2\x80\x94 sig\n" }, m;
	struct cu_why why;
	char path[256], text[HOME_NOTEBOOK_MAX];
	size_t len, i;
	FILE *f;

	memset(&m, 0x55, sizeof(m));
	memset(n.genesis, 1, sizeof(n.genesis));
	memset(n.root, 2, sizeof(n.root));
	CHECK(home_notebook_read(&m, dir, &why) == CU_ENOENT);
	CHECK(home_notebook_write(&n, dir) == 0);
	n.start = 4;
	CHECK(home_notebook_write(&n, dir) == 0);
	REQUIRE(home_notebook_read(&m, dir, &why) == 0);
	CHECK(m.start == 4 && m.last_number == 17 && m.size == n.size);
	CHECK_STR(m.origin, "o");
	CHECK_STR(m.note, n.note);
	CHECK_MEM(m.root, n.root, 32);
	CHECK_MEM(m.genesis, n.genesis, 32);
	snprintf(path, sizeof(path), "%s/notebook", dir);
	REQUIRE((f = fopen(path, "rb")) != NULL);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	/* Every truncation and every changed byte is seen. */
	for (i = 0; i < len; i++) {
		REQUIRE((f = fopen(path, "wb")) != NULL);
		CHECK(fwrite(text, 1, i, f) == i);
		fclose(f);
		CHECK(home_notebook_read(&m, dir, &why) == CU_EMALFORMED);
		text[i] ^= 1;
		REQUIRE((f = fopen(path, "wb")) != NULL);
		CHECK(fwrite(text, 1, len, f) == len);
		fclose(f);
		CHECK(home_notebook_read(&m, dir, &why) == CU_EMALFORMED);
		text[i] ^= 1;
	}
	memset(n.note, 'x', sizeof(n.note) - 1);
	CHECK(home_notebook_write(&n, dir) == 0);
	CHECK(home_notebook_read(&m, dir, &why) == 0);
}

int
main(void)
{
	char cmd[64];
	int rc;

	if (mkdtemp(dir) == NULL)
		return (1);
	CHECK_RUN(good);
	CHECK_RUN(remote);
	CHECK_RUN(refused);
	CHECK_RUN(bounds);
	CHECK_RUN(truncations);
	CHECK_RUN(round_trip);
	CHECK_RUN(lock);
	CHECK_RUN(check);
	CHECK_RUN(notebook);
	rc = check_done();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return (system(cmd) != 0 || rc);
}
