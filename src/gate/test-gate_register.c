/* The register: who may speak, from entries and from its synced copy. */
#include <fcntl.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "check.h"
#include "crypto/certmake.h"
#include "gate/gate_register.h"
#include "record/record_entry.h"
#include "tlog/tlog.h"
#include "x1/x1_msg.h"

#define ORIGIN	"li.example.net/x1log"

static char dir[] = "/tmp/custos-register-XXXXXX";
static int dirfd_;
static struct sign_key *key[2];
static uint8_t genesis[DIGEST_LEN];
static struct buf line[16];
static size_t lines;
static struct cert *of_admf, *of_ne, *of_nobody, *of_pinned;

/* An entry with an act; what the register reads of it is real. */
static void
entry(enum record_kind kind, enum record_verb verb, const char *subject,
    const char *payload)
{
	struct record_entry_parts p = { .kind = kind,
	    .time = 1700000000000000 + (utc_us)lines };
	struct record_log log = { ORIGIN, NULL };
	struct cu_why why = { "" };
	struct record_act *a;
	char hex[65];
	int i, rc;

	text_hex(hex, genesis, sizeof(genesis));
	log.genesis = kind == RECORD_GENESIS ? NULL : hex;
	rc = record_act_make(&a, kind, verb, subject, 1, payload,
	    strlen(payload), &why);
	if (!CHECK_ROW(rc == 0, why.text))
		return;
	for (i = 0; i < 2; i++)
		CHECK(record_act_sign(a, &log, key[i], p.time) == 0);
	p.act = a;
	p.source.role = RECORD_ROLE_KEEPER;
	strcpy(p.source.instance, "keeper-1");
	p.source.start = 1;
	p.source.n = lines + 1;
	buf_init(&line[lines], RECORD_ENTRY_MAX);
	CHECK_ROW(record_entry_write(&line[lines], &p, &why) == 0, why.text);
	if (lines == 0)
		tlog_leaf(genesis, line[0].p, line[0].len);
	lines++;
	record_act_free(a);
}

static void
element(enum record_verb verb, const char *id, const char *kind,
    const char *pin)
{
	char subject[96], payload[2048];

	snprintf(subject, sizeof(subject), "element/%s", id);
	if (verb == RECORD_RETIRE)
		snprintf(payload, sizeof(payload), "{\"id\":\"%s\"}", id);
	else
		snprintf(payload, sizeof(payload), "{\"id\":\"%s\","
		    "\"kind\":\"%s\",\"x1\":%s,\"delivery\":[],"
		    "\"identity\":{\"rule\":\"urn\",\"value\":\"%s\"},"
		    "\"pins\":[%s],\"maker\":null,\"model\":null,"
		    "\"zone\":%s,\"jurisdiction\":null,\"multi\":\"each\","
		    "\"mode\":\"enforce\",\"until\":null,\"gate\":\"gate-1\","
		    "\"admfs\":[],\"reads\":\"own\",\"dialect\":[\"stamp\"],"
		    "\"triggered_by\":null}", id, kind,
		    strcmp(kind, "ne") == 0 ?
		    "\"https://192.0.2.1:8443/X1/NE\"" : "null", id, pin,
		    strcmp(kind, "ne") == 0 ? "\"north\"" : "null");
	entry(RECORD_ELEMENT, verb, subject, payload);
}

static struct cert *
certificate(struct certmake *ca, const char *uri)
{
	static int n;
	struct certmake_names names = { .cn = "x", .uri = &uri,
	    .uri_n = uri != NULL };
	char path[128], pk[144];
	struct cert *c = NULL;
	struct certmake *m;
	struct buf b;

	snprintf(path, sizeof(path), "%s/%d.pem", dir, n++);
	snprintf(pk, sizeof(pk), "%s.key", path);
	buf_init(&b, 65536);
	CHECK(certmake_leaf(&m, ca, &names, utc_now(), utc_now() +
	    3600 * UTC_SECOND) == 0);
	CHECK(certmake_write(m, path, pk) == 0);
	CHECK(io_read_file(io_system(), AT_FDCWD, path, &b) == 0);
	CHECK(cert_from_pem(&c, buf_text(&b), b.len) == 0);
	unlink(path);
	unlink(pk);
	buf_fini(&b);
	certmake_free(m);
	return (c);
}

static void
world(void)
{
	uint8_t seed[2][SIGN_SEED_LEN] = { { 1 }, { 2 } };
	char payload[1024], a[64], b[64], pin[64], quoted[80];
	struct certmake *ca;

	CHECK(sign_key_create(&key[0], seed[0]) == 0);
	CHECK(sign_key_create(&key[1], seed[1]) == 0);
	CHECK(certmake_ca(&ca, "ca", utc_now(), utc_now() +
	    3600 * UTC_SECOND) == 0);
	of_admf = certificate(ca, CERT_URN "ADMF:admf-1");
	of_ne = certificate(ca, CERT_URN "NE:ne-1");
	of_nobody = certificate(ca, NULL);
	of_pinned = certificate(ca, NULL);
	certmake_free(ca);
	text_b64url(a, sign_key_public(key[0]), SIGN_PUBLIC_LEN);
	text_b64url(b, sign_key_public(key[1]), SIGN_PUBLIC_LEN);
	snprintf(payload, sizeof(payload), "{\"origin\":\"" ORIGIN "\","
	    "\"log_key\":\"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw\","
	    "\"overseers\":[{\"id\":\"o-1\",\"key\":\"%s\"},"
	    "{\"id\":\"o-2\",\"key\":\"%s\"}],\"quorum\":2,\"rules\":{},"
	    "\"law\":1,\"continues\":null,\"trial\":true}", a, b);
	entry(RECORD_GENESIS, RECORD_CREATE, ORIGIN, payload);
	text_b64url(pin, cert_digest(of_pinned), DIGEST_LEN);
	snprintf(quoted, sizeof(quoted), "\"%s\"", pin);
	element(RECORD_CHANGE, "admf-1", "admf", "");
	element(RECORD_CHANGE, "ne-1", "ne", "");
	element(RECORD_CHANGE, "admf-2", "admf", quoted);
	element(RECORD_CHANGE, "ne-2", "ne", "");
}

static struct gate_register *
followed(size_t n)
{
	struct gate_register *r;
	size_t i;

	CHECK(gate_register_create(&r) == 0);
	gate_register_reset(r);
	for (i = 0; i < n; i++)
		CHECK(gate_register_take(r, i, line[i].p, line[i].len) == 0);
	return (r);
}

static void
peers(void)
{
	struct gate_register *r = followed(lines);
	struct gate_reg e;
	bool bound;

	/* What was followed counts when all was. */
	CHECK(!gate_register_id(r, "ne-1", &e));
	gate_register_ready(r);
	CHECK(gate_register_id(r, "ne-1", &e) && e.index == 2);
	CHECK(e.dialect == X1_DIALECT_STAMP);
	CHECK(gate_register_element(r, "ne-2", &e) && e.index == 4);
	CHECK(!gate_register_element(r, "admf-1", &e));
	CHECK(gate_register_peer(r, of_admf, CERT_SIDE_ADMF, "admf-1", &e,
	    &bound) && bound);
	CHECK_STR(e.e->id, "admf-1");
	/* Its certificate, another's identifier: known, not bound. */
	CHECK(gate_register_peer(r, of_admf, CERT_SIDE_ADMF, "admf-2", &e,
	    &bound) && !bound);
	CHECK_STR(e.e->id, "admf-1");
	CHECK(!gate_register_peer(r, of_admf, CERT_SIDE_NE, "admf-1", &e,
	    &bound));
	CHECK(gate_register_peer(r, of_ne, CERT_SIDE_NE, NULL, &e, &bound));
	CHECK(!gate_register_peer(r, of_nobody, CERT_SIDE_ADMF, "admf-1", &e,
	    &bound));
	/* Pinned is known, but bound is what the rule says. */
	CHECK(gate_register_peer(r, of_pinned, CERT_SIDE_ADMF, "admf-2", &e,
	    &bound) && !bound);
	gate_register_free(r);
}

static void
retired(void)
{
	struct gate_register *r;
	struct gate_reg e;
	size_t n = lines;
	bool bound;

	element(RECORD_RETIRE, "ne-1", NULL, NULL);
	element(RECORD_CHANGE, "ne-2", "ne", "");
	r = followed(lines);
	gate_register_ready(r);
	CHECK(!gate_register_id(r, "ne-1", &e));
	CHECK(!gate_register_element(r, "ne-1", &e));
	CHECK(!gate_register_peer(r, of_ne, CERT_SIDE_NE, "ne-1", &e, &bound));
	CHECK(gate_register_id(r, "ne-2", &e) && e.index == n + 1);
	gate_register_free(r);
	while (lines > n)
		buf_fini(&line[--lines]);
}

static void
copy(void)
{
	struct gate_register *r = followed(lines);
	struct cu_why why;
	struct gate_reg e;
	struct buf b;
	size_t i;
	int fd;

	/* Not while it follows: half a register is none. */
	CHECK(gate_register_sync(r, io_system(), dirfd_) == 0);
	CHECK(faccessat(dirfd_, GATE_REGISTER_FILE, F_OK, 0) != 0);
	gate_register_ready(r);
	CHECK(gate_register_sync(r, io_system(), dirfd_) == 0);
	gate_register_free(r);
	CHECK(gate_register_create(&r) == 0);
	CHECK(gate_register_load(r, io_system(), dirfd_, genesis, &why) == 0);
	CHECK(gate_register_id(r, "ne-1", &e) && e.index == 2);
	/* It counts until what is followed anew is complete. */
	gate_register_reset(r);
	CHECK(gate_register_id(r, "ne-1", &e));
	gate_register_ready(r);
	CHECK(!gate_register_id(r, "ne-1", &e));
	gate_register_free(r);
	/* Another log's; each cut; a byte that differs. */
	CHECK(gate_register_create(&r) == 0);
	genesis[0] ^= 1;
	CHECK(gate_register_load(r, io_system(), dirfd_, genesis, &why) ==
	    CU_EMALFORMED);
	genesis[0] ^= 1;
	buf_init(&b, GATE_REGISTER_MAX);
	CHECK(io_read_file(io_system(), dirfd_, GATE_REGISTER_FILE, &b) == 0);
	REQUIRE((fd = openat(dirfd_, GATE_REGISTER_FILE, O_RDWR)) >= 0);
	for (i = b.len; i-- > 0; ) {
		if (i % 97 != 0 && i + 70 < b.len)
			continue;
		CHECK(ftruncate(fd, (off_t)i) == 0);
		CHECK(gate_register_load(r, io_system(), dirfd_, genesis,
		    &why) == CU_EMALFORMED);
	}
	b.p[b.len / 2] ^= 1;
	CHECK(pwrite(fd, b.p, b.len, 0) == (ssize_t)b.len);
	CHECK(gate_register_load(r, io_system(), dirfd_, genesis, &why) ==
	    CU_EMALFORMED);
	CHECK(!gate_register_id(r, "ne-1", &e));
	close(fd);
	unlinkat(dirfd_, GATE_REGISTER_FILE, 0);
	CHECK(gate_register_load(r, io_system(), dirfd_, genesis, &why) ==
	    CU_ENOENT);
	gate_register_free(r);
	buf_fini(&b);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL ||
	    (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		return (1);
	CHECK_RUN(world);
	CHECK_RUN(peers);
	CHECK_RUN(retired);
	CHECK_RUN(copy);
	while (lines > 0)
		buf_fini(&line[--lines]);
	cert_free(of_admf);
	cert_free(of_ne);
	cert_free(of_nobody);
	cert_free(of_pinned);
	sign_key_free(key[0]);
	sign_key_free(key[1]);
	close(dirfd_);
	rmdir(dir);
	return (check_done());
}
