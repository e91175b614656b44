/* src/cli/cli_trial.c: a whole small operator on one machine */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_process.h"
#include "cli/cli_trial.h"
#include "crypto/cert.h"
#include "crypto/certmake.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "home/home.h"
#include "json/jw.h"
#include "record/record_act.h"
#include "record/record_key.h"
#include "record/record_payload.h"

#define ORIGIN	"trial.custos.example/x1"
#define YEAR	(INT64_C(365) * 86400 * UTC_SECOND)
#define URN	CERT_URN

/* The seven people. */
static const struct person {
	const char *id, *role, *name;
} people[] = {
	{ "overseer-1", "overseer", "Ola Overseer" },
	{ "overseer-2", "overseer", "Ossi Overseer" },
	{ "intake-1", "intake", "Ines Intake" },
	{ "approver-1", "approver", "Arno Approver" },
	{ "approver-2", "approver", "Asta Approver" },
	{ "implementer-1", "implementer", "Ivo Implementer" },
	{ "auditor-1", "auditor", "Aino Auditor" },
};
#define PEOPLE	(sizeof(people) / sizeof(people[0]))

/* The processes: their homes, and how their certificates name them. */
enum { KEEPER, GATE, AUDITOR, NE1, NE2, MDF1, ADMF, PROCESSES };
static const struct process {
	const char *home;
	enum home_role role;
	const char *uri[4];
	size_t uri_n;
} process[PROCESSES] = {
	[KEEPER] = { "keeper", HOME_KEEPER, { NULL }, 0 },
	[GATE] = { "gate", HOME_GATE, { URN "NE:ne-1", URN "NE:ne-2",
	    URN "NE:mdf-1", URN "ADMF:admf-1" }, 4 },
	[AUDITOR] = { "auditor", HOME_AUDITOR, { URN "ADMF:audit-1" }, 1 },
	[NE1] = { "ne-1", HOME_SIM_NE, { URN "NE:ne-1" }, 1 },
	[NE2] = { "ne-2", HOME_SIM_NE, { URN "NE:ne-2" }, 1 },
	[MDF1] = { "mdf-1", HOME_SIM_NE, { URN "NE:mdf-1" }, 1 },
	[ADMF] = { "admf", HOME_SIM_ADMF, { URN "ADMF:admf-1" }, 1 },
};

struct trial {
	struct cli *c;
	char dir[PATH_MAX];		/* absolute */
	struct certmake *ca;
	unsigned int port[PROCESSES];
	uint8_t pin[PROCESSES][DIGEST_LEN];
	char genesis[2 * DIGEST_LEN + 1];
};

static int
path_of(const struct trial *t, char out[PATH_MAX], const char *fmt,
    const char *a, const char *b)
{
	char rest[256];

	snprintf(rest, sizeof(rest), fmt, a, b);
	return (cli_join(out, t->dir, rest));
}

static int
make_dir(const struct trial *t, const char *a, const char *b)
{
	char path[PATH_MAX];

	if (path_of(t, path, "%s/%s", a, b) != 0)
		return (-1);
	if (mkdir(path, 0700) == 0)
		return (0);
	cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
	return (-1);
}

/* A free port of the loopback address; found once, then written down. */
static unsigned int
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	unsigned int port = 0;
	int fd;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (0);
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0)
		port = ntohs(sin.sin_port);
	close(fd);
	return (port);
}

/* A key file without a passphrase: of a process, or of a trial's person. */
static int
make_key(const char *path)
{
	uint8_t seed[SIGN_SEED_LEN];
	struct buf b;
	int rc;

	buf_init(&b, RECORD_KEY_FILE_MAX);
	random_bytes(seed, sizeof(seed));
	rc = record_key_write(&b, seed, NULL, 0, NULL, NULL);
	wipe(seed, sizeof(seed));
	if (rc == 0)
		rc = cli_write(path, b.p, b.len, 0600);
	buf_wipe(&b);
	return (rc == 0 ? 0 : -1);
}

static int
make_random(const char *path)
{
	uint8_t key[32];
	int rc;

	random_bytes(key, sizeof(key));
	rc = cli_write(path, key, sizeof(key), 0600);
	wipe(key, sizeof(key));
	return (rc);
}

/* The certificate and key of a process, under the trial's CA. */
static int
make_cert(struct trial *t, unsigned int i)
{
	static const char *const dns[] = { "localhost" }, *ip[] = { "127.0.0.1" };
	const struct process *p = &process[i];
	struct certmake_names names = { .cn = p->home, .dns = dns, .dns_n = 1,
	    .ip = ip, .ip_n = 1, .uri = p->uri, .uri_n = p->uri_n };
	char cert[PATH_MAX], key[PATH_MAX];
	struct certmake *leaf;
	struct cert *read;
	size_t len;
	char *pem;
	int rc;

	if (path_of(t, cert, "%s/keys/%s", p->home, "tls.pem") != 0 ||
	    path_of(t, key, "%s/keys/%s", p->home, "tls.key") != 0)
		return (-1);
	rc = certmake_leaf(&leaf, t->ca, &names, utc_now() - 3600 * UTC_SECOND,
	    utc_now() + YEAR);
	if (rc == 0) {
		rc = certmake_write(leaf, cert, key);
		certmake_free(leaf);
	}
	if (rc != 0 || (pem = cli_read(cert, CLI_FILE_MAX, &len)) == NULL) {
		cli_fail(CLI_FAILED, "%s: cannot be made", cert);
		return (-1);
	}
	if ((rc = cert_from_pem(&read, pem, len)) == 0) {
		memcpy(t->pin[i], cert_digest(read), DIGEST_LEN);
		cert_free(read);
	}
	free(pem);
	return (rc == 0 ? 0 : -1);
}

/* Keys that the processes need beside their certificates. */
static int
make_process_keys(struct trial *t)
{
	static const char *const signing[][2] = {
		{ "keeper/keys", "instance.key" }, { "keeper/keys", "log.key" },
		{ "gate/keys", "instance.key" },
		{ "auditor/keys", "instance.key" },
	};
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(signing) / sizeof(signing[0]); i++)
		if (path_of(t, path, "%s/%s", signing[i][0],
		    signing[i][1]) != 0 || make_key(path) != 0)
			return (-1);
	if (path_of(t, path, "%s/%s", "keeper/keys", "vault.key") != 0 ||
	    make_random(path) != 0)
		return (-1);
	if (path_of(t, path, "%s/%s", "gate/keys", "spool.key") != 0)
		return (-1);
	return (make_random(path));
}

static int
make_folders(struct trial *t)
{
	unsigned int i;

	for (i = 0; i < PROCESSES; i++)
		if (make_dir(t, process[i].home, "") != 0 ||
		    make_dir(t, process[i].home, "keys") != 0 ||
		    make_dir(t, process[i].home, "run") != 0)
			return (-1);
	return (make_dir(t, "holders", "") != 0 ||
	    make_dir(t, "elements", "") != 0 ? -1 : 0);
}

static int
make_keys(struct trial *t)
{
	char cert[PATH_MAX], key[PATH_MAX], path[PATH_MAX], name[80];
	size_t i;

	if (cli_join(cert, t->dir, "ca.pem") != 0 ||
	    cli_join(key, t->dir, "ca.key") != 0)
		return (-1);
	if (certmake_ca(&t->ca, "custos trial CA",
	    utc_now() - 3600 * UTC_SECOND, utc_now() + YEAR) != 0 ||
	    certmake_write(t->ca, cert, key) != 0) {
		cli_fail(CLI_FAILED, "%s: cannot be made", cert);
		return (-1);
	}
	for (i = 0; i < PROCESSES; i++)
		if (i != KEEPER && make_cert(t, (unsigned int)i) != 0)
			return (-1);
	for (i = 0; i < PEOPLE; i++) {
		snprintf(name, sizeof(name), "%s.key", people[i].id);
		if (path_of(t, path, "%s/%s", "holders", name) != 0 ||
		    make_key(path) != 0)
			return (-1);
	}
	return (make_process_keys(t));
}

/* Put a text of our own into a configuration. */
static int
set(char **where, const char *text)
{
	free(*where);
	return ((*where = strdup(text)) != NULL ? 0 : -1);
}

static int
set_path(const struct trial *t, char **where, const char *home,
    const char *name)
{
	char path[PATH_MAX];

	return (path_of(t, path, "%s/%s", home, name) == 0 ?
	    set(where, path) : -1);
}

static int
set_tls(const struct trial *t, struct home_tls *tls, const char *home)
{
	char ca[PATH_MAX];

	return (cli_join(ca, t->dir, "ca.pem") != 0 || set(&tls->ca, ca) != 0 ||
	    set_path(t, &tls->cert, home, "keys/tls.pem") != 0 ||
	    set_path(t, &tls->key, home, "keys/tls.key") != 0 ? -1 : 0);
}

static int
set_listen(const struct trial *t, struct home_conf *k, unsigned int i)
{
	char text[32];

	snprintf(text, sizeof(text), "127.0.0.1:%u", t->port[i]);
	k->listen_n = 1;
	return (set(&k->listen[0], text));
}

static int
set_url(const struct trial *t, char **where, unsigned int i, const char *path)
{
	char text[64];

	snprintf(text, sizeof(text), "https://127.0.0.1:%u%s", t->port[i],
	    path);
	return (set(where, text));
}

/* What the home of process ${i} says beside its defaults.  0, or -1. */
static int
conf_fill(const struct trial *t, unsigned int i, struct home_conf *k)
{
	int rc = set(&k->origin, ORIGIN);

	if (t->genesis[0] != '\0') {
		k->has_genesis = true;
		rc |= text_unhex(k->genesis, t->genesis, DIGEST_LEN);
	}
	if (i != KEEPER)
		rc |= set_tls(t, &k->tls, process[i].home);
	if (i == GATE || i == AUDITOR)
		rc |= set_path(t, &k->keeper, "keeper", "run/keeper.sock");
	switch (i) {
	case KEEPER:
		rc |= set(&k->instance, "keeper-1");
		rc |= set_path(t, &k->vault_key, "keeper", "keys/vault.key");
		k->segment_size = 4U << 20;
		k->disk_low = 16U << 20;
		break;
	case GATE:
		rc |= set(&k->instance, "gate-1") | set_listen(t, k, i);
		k->identity_n = 1;
		rc |= set(&k->identity[0].admf, "admf-1");
		rc |= set_tls(t, &k->identity[0].tls, "gate");
		break;
	case AUDITOR:
		rc |= set(&k->instance, "auditor-1") | set(&k->admf, "audit-1");
		k->audit_interval = 2 * UTC_SECOND;
		break;
	case NE1:
	case NE2:
	case MDF1:
		rc |= set(&k->ne, process[i].home) | set(&k->admf, "admf-1");
		rc |= set_listen(t, k, i);
		rc |= set_url(t, &k->url, GATE, "/X1/ADMF");
		break;
	default:
		rc |= set(&k->admf, "admf-1") | set(&k->ne, "ne-1");
		rc |= set_listen(t, k, i);
		rc |= set_url(t, &k->url, GATE, "/X1/NE");
		break;
	}
	return (rc == 0 ? 0 : -1);
}

static int
write_home(const struct trial *t, unsigned int i)
{
	char dir[PATH_MAX], file[PATH_MAX];
	struct home_conf k;
	struct buf b;
	int rc = -1;

	if (cli_join(dir, t->dir, process[i].home) != 0 ||
	    cli_join(file, dir, HOME_FILE) != 0)
		return (-1);
	memset(&k, 0, sizeof(k));
	buf_init(&b, HOME_FILE_MAX);
	if (home_defaults(&k, process[i].role, dir) == 0 &&
	    conf_fill(t, i, &k) == 0) {
		home_write(&b, &k, dir);
		/* The keeper's is written twice: its log's digest comes last. */
		unlink(file);
		rc = b.rc == 0 ? cli_write(file, b.p, b.len, 0600) : -1;
	}
	home_conf_fini(&k);
	buf_fini(&b);
	return (rc);
}

/* ---- the genesis --------------------------------------------------------- */

static int
public_of(const char *path, uint8_t out[SIGN_PUBLIC_LEN])
{
	struct record_key_info info;
	size_t len;
	char *file;
	int rc;

	if ((file = cli_read(path, RECORD_KEY_FILE_MAX, &len)) == NULL)
		return (-1);
	if ((rc = record_key_info(&info, file, len, NULL)) == 0)
		memcpy(out, info.public, SIGN_PUBLIC_LEN);
	wipe(file, len);
	free(file);
	return (rc == 0 ? 0 : -1);
}

static int
holder_key(const struct trial *t, const char *id, char out[PATH_MAX])
{
	char name[80];

	snprintf(name, sizeof(name), "%s.key", id);
	return (path_of(t, out, "%s/%s", "holders", name));
}

/* The genesis act, signed by both overseers. */
static struct record_act *
genesis_act(const struct trial *t)
{
	struct record_log log = { ORIGIN, NULL };
	struct record_payload p = { .kind = RECORD_GENESIS,
	    .verb = RECORD_CREATE };
	struct record_act *act = NULL;
	struct sign_key *key;
	struct cu_why why = { "" };
	char path[PATH_MAX];
	struct buf b;
	size_t i;
	int rc;

	p.genesis.origin = ORIGIN;
	p.genesis.quorum = p.genesis.overseers_n = 2;
	p.genesis.law = 1;
	p.genesis.trial = true;
	rc = path_of(t, path, "%s/%s", "keeper/keys", "log.key");
	rc |= public_of(path, p.genesis.log_key);
	for (i = 0; i < 2; i++) {
		p.genesis.overseer[i].id = people[i].id;
		rc |= holder_key(t, people[i].id, path);
		rc |= public_of(path, p.genesis.overseer[i].key);
	}
	buf_init(&b, RECORD_PAYLOAD_MAX);
	record_payload_write(&b, &p, NULL);
	if (rc != 0 || record_act_make(&act, RECORD_GENESIS, RECORD_CREATE,
	    ORIGIN, 1, buf_text(&b), b.len, &why) != 0)
		cli_fail(CLI_FAILED, "genesis: %s", why.text);
	for (i = 0; act != NULL && i < 2; i++) {
		key = holder_key(t, people[i].id, path) == 0 ?
		    cli_key_open(t->c, path) : NULL;
		if (key == NULL ||
		    record_act_sign(act, &log, key, utc_now()) != 0) {
			record_act_free(act);
			act = NULL;
		}
		sign_key_free(key);
	}
	buf_fini(&b);
	return (act);
}

/* Begin the log, and learn the digest of entry 0. */
static int
create_log(struct trial *t)
{
	char program[PATH_MAX], home[PATH_MAX], file[PATH_MAX], out[512];
	const char *argv[] = { program, "-C", home, "--create", file, NULL };
	struct record_log log = { ORIGIN, NULL };
	struct record_sds none;
	struct record_act *act;
	struct buf b;
	int rc = -1;

	if (cli_program(program, "custos-keeper") != 0 ||
	    cli_join(home, t->dir, "keeper") != 0 ||
	    cli_join(file, t->dir, "genesis.act") != 0 ||
	    (act = genesis_act(t)) == NULL)
		return (-1);
	buf_init(&b, RECORD_ACT_FILE_MAX);
	record_sds_init(&none);
	record_act_file_write(&b, act, &log, &none);
	record_act_free(act);
	if (b.rc == 0 && cli_write(file, b.p, b.len, 0600) == 0 &&
	    cli_process_output(argv, out, sizeof(out)) == 0 &&
	    strlen(out) >= 2 * DIGEST_LEN) {
		memcpy(t->genesis, out, 2 * DIGEST_LEN);
		t->genesis[2 * DIGEST_LEN] = '\0';
		rc = 0;
	}
	buf_fini(&b);
	if (rc == 0 && cli_join(file, t->dir, "genesis") == 0)
		rc = cli_write(file, out, strlen(out), 0644);
	return (rc);
}

/* ---- registrations ------------------------------------------------------- */

/* Run a verb of ours on the trial, signed by both overseers. */
static int
by_quorum(const struct trial *t, int (*verb)(struct cli *, int, char **),
    char **words, int n)
{
	char one[PATH_MAX], two[PATH_MAX], sign[] = "--sign", *argv[24];
	struct cli c = { .home = t->dir, .yes = true, .quiet = true };
	int i;

	if (holder_key(t, "overseer-1", one) != 0 ||
	    holder_key(t, "overseer-2", two) != 0)
		return (-1);
	for (i = 0; i < n; i++)
		argv[i] = words[i];
	argv[i++] = sign;
	argv[i++] = one;
	argv[i++] = sign;
	argv[i++] = two;
	argv[i] = NULL;
	return (verb(&c, i, argv) == CLI_DONE ? 0 : -1);
}

static int
register_instances(const struct trial *t)
{
	static char role[][16] = { "keeper", "gate", "auditor" };
	static char id[][16] = { "keeper-1", "gate-1", "auditor-1" };
	char v0[] = "instance", v1[] = "add", r[] = "--role", k[] = "--public";
	char key[PATH_MAX];
	size_t i;

	for (i = 0; i < 3; i++) {
		char *w[] = { v0, v1, id[i], r, role[i], k, key };

		if (path_of(t, key, "%s/%s", role[i], "keys/instance.key") != 0
		    || by_quorum(t, cli_instance, w, 7) != 0)
			return (-1);
	}
	return (0);
}

static int
register_holders(const struct trial *t)
{
	char v0[] = "holder", v1[] = "add", r[] = "--role", k[] = "--public";
	char n[] = "--name", id[64], role[32], name[64], key[PATH_MAX];
	size_t i;

	for (i = 2; i < PEOPLE; i++) {	/* the genesis made the overseers */
		char *w[] = { v0, v1, id, r, role, k, key, n, name };

		snprintf(id, sizeof(id), "%s", people[i].id);
		snprintf(role, sizeof(role), "%s", people[i].role);
		snprintf(name, sizeof(name), "%s", people[i].name);
		if (holder_key(t, people[i].id, key) != 0 ||
		    by_quorum(t, cli_holder, w, 9) != 0)
			return (-1);
	}
	return (0);
}

/* What a person would write down of element ${id}. */
static void
element_document(const struct trial *t, struct buf *b, const char *id,
    const char *kind, unsigned int i, const char *delivery)
{
	char url[64];
	struct jw w;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/X1/NE", t->port[i]);
	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_str(&w, "id", id);
	jw_str(&w, "kind", kind);
	if (i != ADMF)
		jw_str(&w, "x1", url);
	if (delivery != NULL) {
		jw_arr(&w, "delivery");
		jw_str(&w, NULL, delivery);
		jw_end(&w);
	}
	if (strcmp(kind, "lemf") != 0) {
		jw_obj(&w, "identity");
		jw_str(&w, "rule", "urn");
		jw_str(&w, "value", id);
		jw_end(&w);
		jw_str(&w, "gate", "gate-1");
	}
	if (strcmp(kind, "lemf") != 0) {
		jw_arr(&w, "pins");
		jw_bytes(&w, NULL, t->pin[i], DIGEST_LEN);
		jw_end(&w);
	}
	jw_str(&w, "maker", "custos simulators");
	jw_str(&w, "model", kind);
	if (strcmp(kind, "ne") == 0 || strcmp(kind, "mdf") == 0) {
		jw_str(&w, "zone", "north");
		jw_arr(&w, "admfs");
		jw_str(&w, NULL, "admf-1");
		jw_end(&w);
	}
	jw_str(&w, "multi", "each");
	jw_end(&w);
}

static int
register_elements(const struct trial *t)
{
	static const struct {
		const char *id, *kind;
		unsigned int i;
		const char *delivery;
	} e[] = {
		{ "admf-1", "admf", ADMF, NULL },
		{ "lemf-1", "lemf", ADMF, "ipv4:192.0.2.50:tcp:42070" },
		{ "mdf-1", "mdf", MDF1, "ipv4:192.0.2.10:tcp:42069" },
		{ "ne-1", "ne", NE1, NULL },
		{ "ne-2", "ne", NE2, NULL },
	};
	char v0[] = "element", v1[] = "add", path[PATH_MAX], name[80];
	char *w[] = { v0, v1, path };
	struct buf b;
	size_t i;
	int rc = 0;

	buf_init(&b, 65536);
	for (i = 0; rc == 0 && i < sizeof(e) / sizeof(e[0]); i++) {
		buf_reset(&b);
		element_document(t, &b, e[i].id, e[i].kind, e[i].i,
		    e[i].delivery);
		buf_ch(&b, '\n');
		snprintf(name, sizeof(name), "%s.json", e[i].id);
		if (path_of(t, path, "%s/%s", "elements", name) != 0 ||
		    cli_write(path, b.p, b.len, 0600) != 0 ||
		    by_quorum(t, cli_element, w, 3) != 0)
			rc = -1;
	}
	buf_fini(&b);
	return (rc);
}

/* Let the keeper take all registrations as ordinary acts. */
static int
register_all(const struct trial *t)
{
	char program[PATH_MAX], home[PATH_MAX], sock[PATH_MAX], log[PATH_MAX];
	const char *argv[] = { program, "-C", home, NULL };
	pid_t pid;
	int rc = -1;

	if (cli_program(program, "custos-keeper") != 0 ||
	    cli_join(home, t->dir, "keeper") != 0 ||
	    cli_join(sock, home, "run/keeper.sock") != 0 ||
	    cli_join(log, t->dir, "keeper/run/init.log") != 0)
		return (-1);
	if ((pid = cli_process_start(argv, log)) == -1)
		return (-1);
	if (!cli_process_ready(sock, pid, 10000))
		cli_fail(CLI_FAILED, "the keeper does not start; see %s", log);
	else if (register_instances(t) == 0 && register_holders(t) == 0 &&
	    register_elements(t) == 0)
		rc = 0;
	if (!cli_process_stop(pid, SIGTERM, 10000)) {
		cli_fail(CLI_FAILED, "the keeper did not end in order; see %s",
		    log);
		rc = -1;
	}
	return (rc);
}

int
cli_trial_make(struct cli *c, const char *dir)
{
	struct trial t = { .c = c };
	unsigned int i;
	int code = CLI_FAILED;

	if (mkdir(dir, 0700) != 0 && (errno != EEXIST || rmdir(dir) != 0 ||
	    mkdir(dir, 0700) != 0))
		return (cli_fail(CLI_FAILED, "%s: %s", dir, errno == ENOTEMPTY ?
		    "is not empty: a trial makes a new folder" :
		    strerror(errno)));
	if (realpath(dir, t.dir) == NULL)
		return (cli_fail(CLI_FAILED, "%s: %s", dir, strerror(errno)));
	for (i = 0; i < PROCESSES; i++)
		if ((t.port[i] = free_port()) == 0)
			return (cli_fail(CLI_FAILED, "no free port on this "
			    "machine"));
	if (make_folders(&t) != 0 || make_keys(&t) != 0 ||
	    write_home(&t, KEEPER) != 0 || create_log(&t) != 0)
		goto out;
	for (i = 0; i < PROCESSES; i++)
		if (write_home(&t, i) != 0)
			goto out;
	if (register_all(&t) != 0)
		goto out;
	if (!c->quiet)
		printf("%s: a trial operator; all its keys were made on this "
		    "machine\n  genesis  %s\n  start it  custos run --all "
		    "%s\n", t.dir, t.genesis, t.dir);
	code = CLI_DONE;
out:
	certmake_free(t.ca);
	return (code);
}
