/* bench/bench_log.c: a keeper's home whose log is long, real and quiet */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "bench_log.h"
#include "crypto/random.h"
#include "home/home.h"
#include "journal/journal.h"
#include "json/jw.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "record/record_report.h"
#include "record/record_vault.h"
#include "record/record_warrant.h"
#include "state/state.h"
#include "tlog/tlog_note.h"

#define ORIGIN	"bench.custos.example/x1"
#define BATCH	64
#define COMMANDS_PER_WARRANT 250
#define MINUTE	(60 * UTC_SECOND)
#define MDF_ADDRESS "ipv4:192.0.2.10:tcp:42069"

/* Whose keys there are. */
enum { K_LOG, K_KEEPER, K_GATE, K_AUDITOR, K_OVER1, K_OVER2, K_INTAKE, K_APPR,
	KEYS };
static const char *const names[KEYS] = { "log", "keeper-1", "gate-1",
	"auditor-1", "overseer-1", "overseer-2", "intake-1", "approver-1" };

struct task {
	li_uuid xid;
	unsigned int element, imsi;
	bool live, narrowed;
	uint8_t line[DIGEST_LEN];	/* as the element holds it */
};

struct element {
	char id[16];
	uint64_t index;			/* its registration */
	li_uuid did;
	uint8_t did_line[DIGEST_LEN];
	uint64_t base;			/* of the auditor's answers */
	/* since the last answer */
	struct item { li_uuid id; uint8_t line[DIGEST_LEN]; bool task;
		unsigned int n; } *item;
	size_t items_n;
	li_uuid *gone;
	size_t gone_n;
};

struct log {
	const char *dir;
	struct cu_why *why;
	struct journal *journal;
	struct record_vault *vault;
	struct state *state;
	struct tlog_key tlog;
	struct sign_key *key[KEYS];
	uint64_t n[KEYS];
	utc_us now;

	struct journal_add add[BATCH];
	size_t adds_n;

	struct element element[BENCH_ELEMENTS];
	uint64_t mdf;
	struct task *task;		/* a ring of BENCH_TASKS */
	size_t head, tasks_n;
	uint64_t commands, warrants;
	utc_us minute;
	uint64_t random;
};

static unsigned int
any(struct log *g, unsigned int n)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return ((unsigned int)(g->random % n));
}

/* ---- entries ------------------------------------------------------------- */

/* Make what was collected durable, as a keeper does. */
static int
flush(struct log *g)
{
	struct journal_head head;
	struct buf note;
	size_t i;
	int rc;

	if (g->adds_n == 0)
		return (0);
	buf_init(&note, TLOG_NOTE_MAX);
	if ((rc = record_vault_sync(g->vault)) == 0)
		rc = journal_write(g->journal, g->add, g->adds_n, g->now);
	journal_head(g->journal, &head);
	if (rc != 0 || (rc = tlog_checkpoint_sign(&note, head.size, head.root, &g->tlog,
	    g->key[K_LOG])) != 0 ||
	    (rc = journal_note(g->journal, note.p, note.len)) != 0)
		cu_why_set(g->why, "journal: %s", cu_strerror(rc));
	for (i = 0; i < g->adds_n; i++) {
		free((void *)(uintptr_t)g->add[i].entry);
		free((void *)(uintptr_t)g->add[i].sealed);
	}
	g->adds_n = 0;
	buf_fini(&note);
	return (rc);
}

/* Seal each disclosure under the key that entries.md names for it. */
static int
seal(struct log *g, const struct record_sds *sds, const char *warrant,
    const char *of, const uint8_t *nonce, struct buf *b,
    struct record_sealed *row)
{
	const struct record_seal_key *key;
	char scope[RECORD_SCOPE_MAX + 1];
	struct record_sd sd;
	enum record_class class;
	size_t i;
	int rc;

	for (i = 0; i < sds->n; i++) {
		if ((rc = record_sd_read(&sd, sds->row[i].text,
		    sds->row[i].len, g->why)) != 0)
			return (rc);
		class = record_class_of(sd.name);
		if (warrant != NULL)
			record_scope_text(scope, RECORD_SCOPE_WARRANT, warrant,
			    g->now);
		else if (strcmp(sd.name, "name") == 0)
			record_scope_text(scope, RECORD_SCOPE_HOLDER, of,
			    g->now);
		else
			record_scope_text(scope, strcmp(sd.name,
			    "audit_key") == 0 ? RECORD_SCOPE_ELEMENT :
			    RECORD_SCOPE_ELEMENT_MONTH, of, g->now);
		record_sd_fini(&sd);
		if ((rc = record_vault_use(g->vault, scope, class,
		    &key)) != 0 || (rc = record_seal(b, &row[i], nonce, key,
		    NULL, sds->row[i].digest, sds->row[i].text,
		    sds->row[i].len)) != 0)
			return (rc);
	}
	return (0);
}

static int findings(struct log *);

/* Write, apply, collect. */
static int
put(struct log *g, struct record_entry_parts *p, const struct record_sds *sds,
    const char *warrant, const char *of)
{
	uint64_t index = state_size(g->state);
	struct record_sealed row[256];
	struct journal_add add = { 0 };
	struct buf line, sealed;
	size_t len;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	buf_init(&sealed, RECORD_SEALED_MAX);
	p->time = g->now;
	random_bytes(p->nonce, sizeof(p->nonce));
	if (sds != NULL && sds->n > 0) {
		if ((rc = seal(g, sds, warrant, of, p->nonce, &sealed,
		    row)) != 0)
			goto out;
		p->sealed = row;
		p->sealed_n = sds->n;
	}
	if ((rc = record_entry_write(&line, p, g->why)) != 0 ||
	    (rc = state_apply(g->state, index, line.p, line.len,
	    g->why)) != 0)
		goto out;
	add.entry = buf_take(&line, &len);
	add.entry_len = len;
	if (p->sealed_n > 0) {
		add.sealed = buf_take(&sealed, &len);
		add.sealed_len = len;
	}
	if (g->adds_n == BATCH || !journal_fits(g->journal, g->add, g->adds_n,
	    &add))
		rc = flush(g);
	g->add[g->adds_n++] = add;
	g->now += BENCH_TICK_US;
out:	if (rc != 0)
		cu_why_in(g->why, "entry %llu", (unsigned long long)index);
	buf_fini(&sealed);
	buf_fini(&line);
	return (rc);
}

static int
put_own(struct log *g, enum record_kind kind, const char *own)
{
	struct record_entry_parts p = { .kind = kind, .own = own,
	    .own_len = strlen(own) };

	p.source.role = RECORD_ROLE_KEEPER;
	strcpy(p.source.instance, names[K_KEEPER]);
	p.source.start = 1;
	p.source.n = ++g->n[K_KEEPER];
	return (put(g, &p, NULL, NULL, NULL));
}

static int
findings(struct log *g)
{
	struct state_finding f;
	struct buf b;
	int rc = 0;

	while (rc == 0 && state_finding_due(g->state, g->now, &f)) {
		buf_init(&b, RECORD_ENTRY_MAX);
		state_finding_write(&b, &f);
		rc = put_own(g, RECORD_FINDING, buf_text(&b));
		buf_fini(&b);
	}
	return (rc);
}

static int
say(struct log *g, enum record_kind kind, int who, const struct buf *said,
    const char *own, const struct record_sds *sds, const char *warrant,
    const char *of)
{
	struct record_entry_parts p = { .kind = kind };
	struct record_report r = { kind, names[who], 1, ++g->n[who],
	    buf_text(said), said->len };
	int rc;

	if ((rc = said->rc) != 0 || (rc = record_report_sign(&p.sig, &r,
	    state_log(g->state), g->key[who], g->now)) != 0)
		return (rc);
	p.said = r.said;
	p.said_len = r.said_len;
	p.own = own;
	p.own_len = own == NULL ? 0 : strlen(own);
	p.source.role = who == K_GATE ? RECORD_ROLE_GATE : RECORD_ROLE_AUDITOR;
	strcpy(p.source.instance, names[who]);
	p.source.start = 1;
	p.source.n = r.n;
	return (put(g, &p, sds, warrant, of));
}

/* ---- acts ---------------------------------------------------------------- */

static int
act(struct log *g, const struct record_payload *p, struct record_sds *sds,
    unsigned int who, uint64_t seq, const char *warrant, const char *of)
{
	struct record_entry_parts e = { .kind = p->kind };
	struct record_log first = { ORIGIN, NULL };
	char subject[RECORD_SUBJECT_MAX + 1];
	struct record_act *a = NULL;
	struct buf b;
	int rc, k;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	record_payload_subject(subject, sizeof(subject), p);
	record_payload_write(&b, p, sds);
	rc = record_act_make(&a, p->kind, p->verb, subject, seq, buf_text(&b),
	    b.len, g->why);
	for (k = 0; k < KEYS && rc == 0; k++)
		if (who & 1U << k)
			rc = record_act_sign(a, p->kind == RECORD_GENESIS ?
			    &first : state_log(g->state), g->key[k], g->now);
	if (rc == 0) {
		e.act = a;
		e.source.role = RECORD_ROLE_KEEPER;
		strcpy(e.source.instance, names[K_KEEPER]);
		e.source.start = 1;
		e.source.n = ++g->n[K_KEEPER];
		rc = put(g, &e, sds, warrant, of);
	}
	record_act_free(a);
	buf_fini(&b);
	return (rc);
}

#define BOTH	(1U << K_OVER1 | 1U << K_OVER2)

static int
add_people(struct log *g)
{
	static const struct { int who; enum record_role role; } process[] = {
		{ K_KEEPER, RECORD_ROLE_KEEPER }, { K_GATE, RECORD_ROLE_GATE },
		{ K_AUDITOR, RECORD_ROLE_AUDITOR } };
	struct record_payload p = { .kind = RECORD_GENESIS,
	    .verb = RECORD_CREATE };
	struct record_sds sds;
	int rc, i;

	p.genesis.origin = ORIGIN;
	memcpy(p.genesis.log_key, sign_key_public(g->key[K_LOG]),
	    SIGN_PUBLIC_LEN);
	p.genesis.overseers_n = p.genesis.quorum = 2;
	for (i = 0; i < 2; i++) {
		p.genesis.overseer[i].id = names[K_OVER1 + i];
		memcpy(p.genesis.overseer[i].key,
		    sign_key_public(g->key[K_OVER1 + i]), SIGN_PUBLIC_LEN);
	}
	p.genesis.law = 1;
	p.genesis.trial = true;
	rc = act(g, &p, NULL, BOTH, 1, NULL, NULL);
	for (i = 0; i < 3 && rc == 0; i++) {
		memset(&p, 0, sizeof(p));
		p.kind = RECORD_INSTANCE;
		p.verb = RECORD_ADD;
		p.instance.id = names[process[i].who];
		p.instance.role = process[i].role;
		memcpy(p.instance.key, sign_key_public(g->key[process[i].who]),
		    SIGN_PUBLIC_LEN);
		rc = act(g, &p, NULL, BOTH, 1, NULL, NULL);
	}
	for (i = K_INTAKE; i <= K_APPR && rc == 0; i++) {
		memset(&p, 0, sizeof(p));
		p.kind = RECORD_HOLDER;
		p.verb = RECORD_ADD;
		p.holder.id = names[i];
		p.holder.may = i == K_INTAKE ? RECORD_MAY_INTAKE :
		    RECORD_MAY_APPROVER;
		p.holder.keys_n = 1;
		memcpy(p.holder.key[0], sign_key_public(g->key[i]),
		    SIGN_PUBLIC_LEN);
		record_sds_init(&sds);
		rc = record_sds_str(&sds, "name", "Nobody of that name");
		if (rc == 0)
			rc = act(g, &p, &sds, BOTH, 1, NULL, names[i]);
		record_sds_fini(&sds);
	}
	return (rc);
}

static int
add_element(struct log *g, const char *id, enum record_element_kind kind,
    uint64_t *index)
{
	static const char *admfs[] = { "admf-1" }, *to[] = { MDF_ADDRESS };
	struct record_payload p = { .kind = RECORD_ELEMENT,
	    .verb = RECORD_ADD };
	struct record_sds sds;
	uint8_t key[32];
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "https://%s.example:8443/X1/NE", id);
	p.element.id = p.element.identity = id;
	p.element.rule = CERT_RULE_URN;
	p.element.kind = kind;
	p.element.gate = names[K_GATE];
	p.element.maker = "Maker";
	p.element.multi_all = true;
	if (kind != RECORD_ADMF) {
		p.element.x1 = url;
		p.element.zone = "north";
		p.element.admfs = (struct record_strs){ admfs, 1 };
	}
	if (kind == RECORD_MDF)
		p.element.delivery = (struct record_strs){ to, 1 };
	record_sds_init(&sds);
	random_bytes(key, sizeof(key));
	*index = state_size(g->state);
	rc = record_sds_bytes(&sds, "audit_key", key, sizeof(key));
	if (rc == 0)
		rc = act(g, &p, &sds, BOTH, 1, NULL, id);
	if (rc == 0)
		rc = state_open_element(g->state, id, &sds, g->why);
	record_sds_fini(&sds);
	return (rc);
}

/* The number that order ${w} is for. */
static void
number_of(char out[16], uint64_t w)
{
	snprintf(out, 16, "00101%010llu", (unsigned long long)w);
}

static int
add_warrant(struct log *g)
{
	static const char *zones[] = { "north" };
	struct record_payload p = { .kind = RECORD_WARRANT,
	    .verb = RECORD_SUBMIT };
	char id[32], imsi[16], subject_sd[64];
	struct record_target t = { "imsi", imsi };
	struct record_token token;
	uint8_t key[RECORD_TOKEN_KEY_LEN], digest_of[DIGEST_LEN];
	struct record_sds sds;
	struct buf b;
	int rc;

	snprintf(id, sizeof(id), "w-%llu", (unsigned long long)g->warrants);
	number_of(imsi, g->warrants);
	random_bytes(key, sizeof(key));
	record_token_set(&token, key, &t, 1);
	p.warrant.id = id;
	p.warrant.revision = 1;
	p.warrant.kind = RECORD_ORDINARY;
	p.warrant.from = g->now - UTC_SECOND;
	p.warrant.until = g->now + 90 * (utc_us)86400 * UTC_SECOND;
	p.warrant.cc = true;
	p.warrant.zones = (struct record_strs){ zones, 1 };
	p.warrant.sets.n = 1;
	p.warrant.sets.len[0] = 1;
	p.warrant.sets.token = &token;
	record_sds_init(&sds);
	buf_init(&b, RECORD_PAYLOAD_MAX);
	snprintf(subject_sd, sizeof(subject_sd), "[[[\"imsi\",\"%s\"]]]",
	    imsi);
	if ((rc = record_sds_str(&sds, "authority", "District Court")) != 0 ||
	    (rc = record_sds_str(&sds, "reference", "12 Gs 34/26")) != 0 ||
	    (rc = record_sds_str(&sds, "legal_basis", "100a StPO")) != 0 ||
	    (rc = record_sds_str(&sds, "liid", "LIID-0001")) != 0 ||
	    (rc = record_sds_bytes(&sds, "token_key", key,
	    sizeof(key))) != 0 || (rc = record_sds_json(&sds, "targets",
	    subject_sd, strlen(subject_sd))) != 0 ||
	    (rc = record_sds_sort(&sds)) != 0)
		goto out;
	record_payload_write(&b, &p, &sds);
	digest(digest_of, b.p, b.len);
	if ((rc = act(g, &p, &sds, 1U << K_INTAKE, 1, id, NULL)) != 0 ||
	    (rc = state_open_revision(g->state, digest_of, &sds,
	    g->why)) != 0)
		goto out;
	memset(&p, 0, sizeof(p));
	p.kind = RECORD_WARRANT;
	p.verb = RECORD_APPROVE;
	p.decide.id = id;
	memcpy(p.decide.digest, digest_of, DIGEST_LEN);
	rc = act(g, &p, NULL, 1U << K_APPR, 2, id, NULL);
	g->warrants++;
out:	buf_fini(&b);
	record_sds_fini(&sds);
	return (rc);
}

/* ---- commands ------------------------------------------------------------ */

/* What a gate seals beside the targets: three pieces of XML of usual size. */
static int
add_wire(struct record_sds *sds, const char *type, const char *xid,
    const char *ne)
{
	static const char head[] = "<X1Request xmlns=\"http://uri.etsi.org/"
	    "03221/X1/2017/10\" xmlns:xsi=\"http://www.w3.org/2001/"
	    "XMLSchema-instance\" xmlns:common=\"http://uri.etsi.org/03280/"
	    "common/2017/07\">";
	char text[2048];
	int n, rc;

	n = snprintf(text, sizeof(text), "%s<x1RequestMessage xsi:type="
	    "\"%sRequest\"><admfIdentifier>admf-1</admfIdentifier>"
	    "<neIdentifier>%s</neIdentifier><messageTimestamp>"
	    "2026-01-02T03:04:05.678901Z</messageTimestamp><version>v1.22.1"
	    "</version><x1TransactionId>3741800e-971b-4aa9-85f4-466d2b1adc7f"
	    "</x1TransactionId>", head, type, ne);
	if (xid[0] != '\0')
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    "<taskDetails><xId>%s</xId><targetIdentifiers>"
		    "<targetIdentifier><imsi>001010000000001</imsi>"
		    "</targetIdentifier></targetIdentifiers><deliveryType>"
		    "X2andX3</deliveryType><listOfDIDs><dId>"
		    "19867c20-8c94-473e-b9cd-8b72b7b05fd4</dId></listOfDIDs>"
		    "</taskDetails>", xid);
	n += snprintf(text + n, sizeof(text) - (size_t)n,
	    "</x1RequestMessage></X1Request>");
	if ((rc = record_sds_bytes(sds, "root", head, sizeof(head) - 1)) != 0 ||
	    (rc = record_sds_bytes(sds, "received", text + sizeof(head) - 1,
	    (size_t)n - sizeof(head) + 1 - 12)) != 0)
		return (rc);
	return (record_sds_bytes(sds, "sent", text, (size_t)n));
}

/* What is asked for. */
struct command {
	enum law_type type;
	unsigned int element;
	const struct task *task;	/* or NULL */
	const char *imsi;		/* of an ActivateTask or ModifyTask */
	const char *delivery;
	bool destination;
};

static void
write_said(struct log *g, struct buf *b, const struct command *c,
    const struct record_sds *sds)
{
	const struct element *e = &g->element[c->element];
	static const uint8_t certificate[DIGEST_LEN] = { 1 };
	bool task = c->imsi != NULL;
	li_uuid transaction;
	struct jw w;

	random_uuid(transaction);
	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_str(&w, "requester", "admf-1");
	jw_bytes(&w, "certificate", certificate, sizeof(certificate));
	jw_str(&w, "bound", "urn");
	jw_str(&w, "admf", "admf-1");
	jw_str(&w, "ne", e->id);
	jw_dec(&w, "element", e->index);
	jw_str(&w, "type", law_type_name(c->type));
	jw_str(&w, "transaction", transaction);
	jw_utc(&w, "stamp", g->now - 20000);
	jw_str(&w, "version", "v1.22.1");
	jw_strz(&w, "xid", c->task == NULL ? NULL : c->task->xid);
	if (task || c->destination) {
		jw_arr(&w, "dids");
		jw_str(&w, NULL, e->did);
		jw_end(&w);
	} else
		jw_null(&w, "dids");
	jw_null(&w, "product");
	jw_null(&w, "correlation");
	if (task)
		jw_bool(&w, "implicit", false);
	else
		jw_null(&w, "implicit");
	jw_strz(&w, "delivery", c->delivery);
	jw_null(&w, "services");
	if (task)
		jw_int(&w, "mediation", 0);
	else
		jw_null(&w, "mediation");
	jw_arr(&w, "leniencies");
	jw_end(&w);
	jw_null(&w, "form");
	jw_dec(&w, "size", state_size(g->state));
	record_sds_write(sds, &w);
	jw_end(&w);
}

/* Decide it, and keep it.  1: refused; ${line} as the keeper has it. */
static int
command(struct log *g, const struct command *c, uint8_t line[DIGEST_LEN])
{
	const struct element *e = &g->element[c->element];
	struct state_moment m = { names[K_GATE], g->now, g->now, false,
	    STATE_NONE, false };
	struct state_command *sc = NULL;
	struct state_members members;
	struct law_decision d;
	struct record_sds sds;
	struct buf said, own;
	char target[64];
	const char *warrant;
	int rc;

	record_sds_init(&sds);
	buf_init(&said, RECORD_PAYLOAD_MAX);
	buf_init(&own, RECORD_ENTRY_MAX);
	rc = add_wire(&sds, law_type_name(c->type), c->task == NULL ? "" :
	    c->task->xid, e->id);
	snprintf(target, sizeof(target), "[\"imsi\",\"%s\"]",
	    c->imsi == NULL ? "" : c->imsi);
	if (rc == 0 && c->imsi != NULL)
		rc = record_sds_json(&sds, "target", target, strlen(target));
	if (rc == 0 && c->destination)
		rc = record_sds_str(&sds, "address", MDF_ADDRESS);
	if (rc != 0 || (rc = record_sds_sort(&sds)) != 0)
		goto out;
	write_said(g, &said, c, &sds);
	if ((rc = state_command_create(&sc, buf_text(&said), said.len, &sds,
	    g->why)) != 0 ||
	    (rc = state_decide(g->state, sc, &m, &d, &members)) != 0)
		goto out;
	state_members_write(&own, &d, &members);
	if (members.has_line)
		memcpy(line, members.line, DIGEST_LEN);
	warrant = c->task == NULL ? NULL :
	    state_bound(g->state, c->task->xid, 0);
	if (warrant == NULL && members.covers_n > 0)
		warrant = members.cover[0].warrant;
	rc = say(g, RECORD_COMMAND, K_GATE, &said, buf_text(&own), &sds,
	    warrant, e->id);
	if (rc == 0)
		rc = !d.allowed;
out:	state_command_free(sc);
	buf_fini(&own);
	buf_fini(&said);
	record_sds_fini(&sds);
	return (rc);
}

static int
outcome(struct log *g, const struct command *c, uint64_t index)
{
	const struct element *e = &g->element[c->element];
	static const uint8_t certificate[DIGEST_LEN] = { 2 };
	bool get = c->type == LAW_GET_TASK_DETAILS;
	uint8_t answer[600];
	char json[64], d64[TEXT_B64URL_LEN(DIGEST_LEN) + 1];
	struct record_sds sds;
	struct buf said;
	struct jw w;
	int rc;

	record_sds_init(&sds);
	buf_init(&said, RECORD_PAYLOAD_MAX);
	random_bytes(answer, sizeof(answer));
	text_b64url(d64, answer, DIGEST_LEN);
	snprintf(json, sizeof(json), "[\"1843\",\"%s\"]", d64);
	rc = get ? record_sds_json(&sds, "answer", json, strlen(json)) :
	    record_sds_bytes(&sds, "answer", answer, sizeof(answer));
	jw_init(&w, &said);
	jw_obj(&w, NULL);
	jw_dec(&w, "command", index);
	jw_str(&w, "what", "sent");
	jw_null(&w, "why");
	jw_null(&w, "mine");
	jw_utc(&w, "sent_at", g->now - 8000);
	jw_utc(&w, "answered_at", g->now - 1000);
	jw_str(&w, "answer", get ? "GetTaskDetails" :
	    "AcknowledgedAndCompleted");
	jw_null(&w, "code");
	jw_int(&w, "http", 200);
	jw_bytes(&w, "certificate", certificate, sizeof(certificate));
	jw_dec(&w, "checkpoint", state_size(g->state));
	record_sds_write(&sds, &w);
	jw_end(&w);
	if (rc == 0)
		rc = say(g, RECORD_OUTCOME, K_GATE, &said, NULL, &sds,
		    c->task == NULL ? NULL : state_bound(g->state,
		    c->task->xid, 0), e->id);
	buf_fini(&said);
	record_sds_fini(&sds);
	return (rc);
}

/* A command that is allowed, and its outcome. */
static int
pass(struct log *g, const struct command *c, uint8_t line[DIGEST_LEN])
{
	uint64_t index = state_size(g->state);
	uint8_t none[DIGEST_LEN];
	int rc = command(g, c, line == NULL ? none : line);

	if (rc == 1) {
		cu_why_set(g->why, "%s was refused", law_type_name(c->type));
		rc = CU_EDENIED;
	}
	return (rc == 0 ? outcome(g, c, index) : rc);
}

/* ---- what the element will show -------------------------------------------- */

#define ITEMS_MAX	2048

static void
shows(struct element *e, const char *id, bool task, const uint8_t *line,
    unsigned int n)
{
	struct item *x;
	size_t i;

	for (i = 0; i < e->items_n; i++)
		if (strcmp(e->item[i].id, id) == 0)
			break;
	x = &e->item[i];
	e->items_n += i == e->items_n;
	memcpy(x->id, id, sizeof(li_uuid));
	memcpy(x->line, line, DIGEST_LEN);
	x->task = task;
	x->n = n;
}

static void
shows_no_more(struct element *e, const char *id)
{
	size_t i;

	for (i = 0; i < e->items_n; i++)
		if (strcmp(e->item[i].id, id) == 0) {
			e->item[i] = e->item[--e->items_n];
			return;		/* nobody asked while it was there */
		}
	memcpy(e->gone[e->gone_n++], id, sizeof(li_uuid));
}

static int
by_id(const void *a, const void *b)
{
	return (strcmp(a, b));		/* id comes first in an item */
}

static int
snapshot(struct log *g, struct element *e)
{
	static const uint8_t certificate[DIGEST_LEN] = { 2 };
	struct record_sds sds;
	uint64_t index = state_size(g->state);
	struct buf said, text;
	struct jw w;
	size_t i;
	int rc = 0;

	qsort(e->item, e->items_n, sizeof(*e->item), by_id);
	qsort(e->gone, e->gone_n, sizeof(*e->gone), by_id);
	record_sds_init(&sds);
	buf_init(&said, RECORD_PAYLOAD_MAX);
	buf_init(&text, 4096);
	jw_init(&w, &said);
	jw_obj(&w, NULL);
	jw_dec(&w, "element", e->index);
	jw_dec(&w, "question", index);
	jw_utc(&w, "asked", g->now - 30000);
	jw_utc(&w, "answered", g->now - 10000);
	jw_bool(&w, "complete", true);
	jw_null(&w, "error");
	jw_bytes(&w, "certificate", certificate, sizeof(certificate));
	if (e->base == STATE_NONE)
		jw_null(&w, "base");
	else
		jw_dec(&w, "base", e->base);
	jw_int(&w, "part", 1);
	jw_int(&w, "parts", 1);
	jw_arr(&w, "items");
	for (i = 0; i < e->items_n && rc == 0; i++) {
		jw_obj(&w, NULL);
		jw_str(&w, "type", e->item[i].task ? "task" : "destination");
		jw_str(&w, "id", e->item[i].id);
		jw_bytes(&w, "line", e->item[i].line, DIGEST_LEN);
		jw_null(&w, "why");
		if (e->item[i].task)
			jw_dec(&w, "n", e->item[i].n);
		else
			jw_null(&w, "n");
		jw_null(&w, "last");
		jw_end(&w);
		buf_reset(&text);
		buf_printf(&text, "[\"%s\",\"task %s deliver=X2andX3 "
		    "set=imsi%%3D001010000000001%%0A dids=%s product=- corr=- "
		    "implicit=0 services=* rest=-\"]", e->item[i].id,
		    e->item[i].id, e->did);
		rc = record_sds_json(&sds, "item", buf_text(&text), text.len);
	}
	jw_end(&w);
	jw_arr(&w, "gone");
	for (i = 0; i < e->gone_n; i++)
		jw_str(&w, NULL, e->gone[i]);
	jw_end(&w);
	if (rc == 0)
		rc = record_sds_sort(&sds);
	record_sds_write(&sds, &w);
	jw_end(&w);
	if (rc == 0)
		rc = say(g, RECORD_SNAPSHOT, K_AUDITOR, &said, NULL, &sds,
		    NULL, e->id);
	e->base = index;
	e->items_n = e->gone_n = 0;
	buf_fini(&text);
	buf_fini(&said);
	record_sds_fini(&sds);
	return (rc);
}

/* Every element is asked; those that have not changed share a round. */
static int
audit(struct log *g)
{
	struct element *e;
	struct buf said;
	bool some = false;
	struct jw w;
	int rc = 0, i;

	buf_init(&said, RECORD_PAYLOAD_MAX);
	jw_init(&w, &said);
	jw_obj(&w, NULL);
	jw_arr(&w, "rows");
	for (i = 0; i < BENCH_ELEMENTS; i++) {
		e = &g->element[i];
		if (e->items_n + e->gone_n > 0)
			continue;
		some = true;
		jw_arr(&w, NULL);
		jw_dec(&w, NULL, e->index);
		jw_dec(&w, NULL, e->base);
		jw_dec(&w, NULL, state_size(g->state));
		jw_utc(&w, NULL, g->now - 30000);
		jw_utc(&w, NULL, g->now - 10000);
		jw_int(&w, NULL, BENCH_TASKS / BENCH_ELEMENTS);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	if (some)
		rc = say(g, RECORD_ROUND, K_AUDITOR, &said, NULL, NULL, NULL,
		    NULL);
	for (i = 0; i < BENCH_ELEMENTS && rc == 0; i++)
		if (g->element[i].items_n + g->element[i].gone_n > 0)
			rc = snapshot(g, &g->element[i]);
	buf_fini(&said);
	return (rc);
}

/* ---- processes' own words -------------------------------------------------- */

static int
word(struct log *g, enum record_kind kind, int who)
{
	static const uint8_t zero[DIGEST_LEN];
	uint8_t root[DIGEST_LEN];
	struct buf said;
	struct jw w;
	int rc;

	buf_init(&said, RECORD_PAYLOAD_MAX);
	jw_init(&w, &said);
	jw_obj(&w, NULL);
	if (kind == RECORD_START) {
		jw_str(&w, "version", "0.1.0");
		jw_str(&w, "build", "custos 0.1.0");
		jw_bytes(&w, "config", zero, sizeof(zero));
	}
	jw_dec(&w, "size", state_size(g->state));
	if (kind == RECORD_BEAT && state_root(g->state, root) == 0)
		jw_bytes(&w, "root", root, sizeof(root));
	if (who == K_GATE)
		jw_int(&w, "spool", 0);
	else
		jw_null(&w, "spool");
	if (kind == RECORD_BEAT) {
		jw_int(&w, "tls_refused", 0);
		jw_int(&w, "refused", 0);
		jw_bool(&w, "spool_failed", false);
	} else
		jw_int(&w, "last", 0);
	jw_end(&w);
	rc = say(g, kind, who, &said, NULL, NULL, NULL, NULL);
	buf_fini(&said);
	return (rc);
}

/* ---- the operator's day ------------------------------------------------------ */

static int
begin(struct log *g)
{
	uint64_t admf;
	int rc, i;

	if ((rc = add_people(g)) != 0 ||
	    (rc = put_own(g, RECORD_START, "\"version\":\"0.1.0\",\"build\":"
	    "\"custos 0.1.0\",\"config\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	    "\"recovered\":\"1\",\"dropped\":\"0\"")) != 0 ||
	    (rc = add_element(g, "admf-1", RECORD_ADMF, &admf)) != 0 ||
	    (rc = add_element(g, "mdf-1", RECORD_MDF, &g->mdf)) != 0 ||
	    (rc = word(g, RECORD_START, K_GATE)) != 0 ||
	    (rc = word(g, RECORD_START, K_AUDITOR)) != 0)
		return (rc);
	for (i = 0; i < BENCH_ELEMENTS && rc == 0; i++) {
		struct element *e = &g->element[i];
		struct command c = { LAW_CREATE_DESTINATION, (unsigned int)i,
		    NULL, NULL, "X2andX3", true };

		snprintf(e->id, sizeof(e->id), "ne-%d", i + 1);
		random_uuid(e->did);
		e->base = STATE_NONE;
		e->item = calloc(ITEMS_MAX, sizeof(*e->item));
		e->gone = calloc(ITEMS_MAX, sizeof(*e->gone));
		if (e->item == NULL || e->gone == NULL)
			return (CU_ENOMEM);
		if ((rc = add_element(g, e->id, RECORD_NE, &e->index)) == 0)
			rc = pass(g, &c, e->did_line);
		shows(e, e->did, false, e->did_line, 0);
	}
	return (rc);
}

static int
start_task(struct log *g)
{
	struct task *t = &g->task[g->head];
	struct command c = { LAW_ACTIVATE_TASK, any(g, BENCH_ELEMENTS), t,
	    NULL, "X2andX3", false };
	char imsi[16];
	int rc;

	memset(t, 0, sizeof(*t));
	random_uuid(t->xid);
	t->element = c.element;
	/* One of the newest twenty orders. */
	t->imsi = (unsigned int)g->warrants - 1 - any(g, g->warrants < 20 ?
	    (unsigned int)g->warrants : 20);
	number_of(imsi, t->imsi);
	c.imsi = imsi;
	if ((rc = pass(g, &c, t->line)) != 0)
		return (rc);
	t->live = true;
	shows(&g->element[t->element], t->xid, true, t->line, 0);
	g->head = (g->head + 1) % BENCH_TASKS;
	g->tasks_n += g->tasks_n < BENCH_TASKS;
	return (0);
}

static int
stop_oldest(struct log *g)
{
	struct task *t = &g->task[g->head];
	struct command c = { LAW_DEACTIVATE_TASK, t->element, t, NULL, NULL,
	    false };
	int rc;

	if (!t->live)
		return (0);
	if ((rc = pass(g, &c, NULL)) == 0)
		shows_no_more(&g->element[t->element], t->xid);
	t->live = false;
	return (rc);
}

static int
ask_task(struct log *g)
{
	struct task *t = &g->task[any(g, (unsigned int)g->tasks_n)];
	struct command c = { LAW_GET_TASK_DETAILS, t->element, t, NULL, NULL,
	    false };

	return (t->live ? pass(g, &c, NULL) : 0);
}

static int
narrow_task(struct log *g)
{
	struct task *t = &g->task[any(g, (unsigned int)g->tasks_n)];
	struct command c = { LAW_MODIFY_TASK, t->element, t, NULL, "X2Only",
	    false };
	char imsi[16];
	int rc;

	if (!t->live || t->narrowed)
		return (0);
	number_of(imsi, t->imsi);
	c.imsi = imsi;
	if ((rc = pass(g, &c, t->line)) == 0) {
		t->narrowed = true;
		shows(&g->element[t->element], t->xid, true, t->line, 1);
	}
	return (rc);
}

static int
ping(struct log *g)
{
	struct command c = { LAW_PING, any(g, BENCH_ELEMENTS), NULL, NULL,
	    NULL, false };

	return (pass(g, &c, NULL));
}

/* A number that no order names: refused, and a finding once an hour. */
static int
refused(struct log *g)
{
	struct task t = { .xid = "" };
	struct command c = { LAW_ACTIVATE_TASK, any(g, BENCH_ELEMENTS), &t,
	    "999990000000001", "X2andX3", false };
	uint8_t line[DIGEST_LEN];
	int rc;

	random_uuid(t.xid);
	rc = command(g, &c, line);
	return (rc == 1 ? 0 : rc == 0 ? CU_EDENIED : rc);
}

static int
step(struct log *g)
{
	int rc = 0;

	if (g->commands % COMMANDS_PER_WARRANT == 0 &&
	    (rc = add_warrant(g)) != 0)
		return (rc);
	if (g->commands % 200 == 199) {
		g->commands++;
		return (refused(g));
	}
	switch (g->commands++ % 10) {
	case 0:
		/* The ring's next is the oldest once it is full. */
		if ((rc = stop_oldest(g)) == 0)
			rc = start_task(g);
		return (rc);
	case 1:
	case 2:
	case 3:
		return (ask_task(g));
	case 4:
		return (any(g, 4) == 0 ? narrow_task(g) : ping(g));
	default:
		return (ping(g));
	}
}

static int
live(struct log *g, uint64_t entries)
{
	int rc = 0;

	while (rc == 0 && state_size(g->state) < entries) {
		rc = step(g);
		if (rc == 0 && g->now >= g->minute) {
			g->minute = g->now + MINUTE;
			if ((rc = audit(g)) == 0 &&
			    (rc = word(g, RECORD_BEAT, K_GATE)) == 0 &&
			    (rc = word(g, RECORD_BEAT, K_AUDITOR)) == 0)
				rc = put_own(g, RECORD_BEAT, "");
		}
		if (rc == 0)
			rc = findings(g);
	}
	return (rc == 0 ? flush(g) : rc);
}

/* ---- the home ---------------------------------------------------------------- */

static int
write_file(const char *path, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return (CU_EIO);
	ok = write(fd, p, len) == (ssize_t)len;
	return (close(fd) == 0 && ok ? 0 : CU_EIO);
}

static int
make_keys(struct log *g)
{
	uint8_t seed[SIGN_SEED_LEN];
	char path[4096];
	struct buf b;
	int rc = 0, i;

	for (i = 0; i < KEYS && rc == 0; i++) {
		random_bytes(seed, sizeof(seed));
		rc = sign_key_create(&g->key[i], seed);
		if (rc != 0 || i > K_KEEPER)
			continue;
		buf_init(&b, RECORD_KEY_FILE_MAX);
		snprintf(path, sizeof(path), "%s/keys/%s.key", g->dir,
		    i == K_LOG ? "log" : "instance");
		if ((rc = record_key_write(&b, seed, NULL, 0, NULL,
		    NULL)) == 0)
			rc = write_file(path, b.p, b.len);
		buf_wipe(&b);
	}
	wipe(seed, sizeof(seed));
	return (rc != 0 ? rc : tlog_key_init(&g->tlog, ORIGIN, TLOG_ED25519,
	    sign_key_public(g->key[K_LOG])));
}

static int
make_vault(struct log *g)
{
	struct record_master_lock lock = { 0 };
	uint8_t key[RECORD_MASTER_LEN];
	char path[4096];
	int rc;

	random_bytes(key, sizeof(key));
	lock.key_file = key;
	lock.key_file_len = sizeof(key);
	snprintf(path, sizeof(path), "%s/keys/vault.key", g->dir);
	if ((rc = write_file(path, key, sizeof(key))) != 0)
		return (rc);
	snprintf(path, sizeof(path), "%s/vault", g->dir);
	if ((rc = record_vault_create(path, &lock, g->why)) == 0)
		rc = record_vault_open(&g->vault, path, &lock, true, g->why);
	wipe(key, sizeof(key));
	return (rc);
}

static int
make_home(struct log *g)
{
	static const char *const dirs[] = { "", "/keys", "/run" };
	struct home_conf k;
	char path[4096];
	struct buf b;
	size_t i;
	int rc;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", g->dir, dirs[i]);
		if (mkdir(path, 0700) != 0) {
			cu_why_set(g->why, "%s: %s", path, strerror(errno));
			return (CU_EIO);
		}
	}
	if ((rc = make_keys(g)) != 0 || (rc = make_vault(g)) != 0)
		return (rc);
	memset(&k, 0, sizeof(k));
	buf_init(&b, HOME_FILE_MAX);
	if ((rc = home_defaults(&k, HOME_KEEPER, g->dir)) == 0) {
		k.origin = strdup(ORIGIN);
		k.instance = strdup(names[K_KEEPER]);
		snprintf(path, sizeof(path), "%s/keys/vault.key", g->dir);
		free(k.vault_key);
		k.vault_key = strdup(path);
		home_write(&b, &k, g->dir);
		snprintf(path, sizeof(path), "%s/" HOME_FILE, g->dir);
		rc = b.rc != 0 ? b.rc : write_file(path, b.p, b.len);
	}
	home_conf_fini(&k);
	buf_fini(&b);
	return (rc);
}

int
bench_log_make(const char *dir, uint64_t entries, struct cu_why *why)
{
	struct journal_options o = { .in_line = true };
	char path[4096];
	struct log *g;
	size_t i;
	int rc;

	if ((g = calloc(1, sizeof(*g))) == NULL ||
	    (g->task = calloc(BENCH_TASKS, sizeof(*g->task))) == NULL) {
		free(g);
		return (CU_ENOMEM);
	}
	g->dir = dir;
	g->why = why;
	g->random = UINT64_C(88172645463325252);
	g->now = utc_now() - (utc_us)(entries + 1000) * BENCH_TICK_US;
	snprintf(path, sizeof(path), "%s/log", dir);
	o.dir = path;
	o.key = &g->tlog;
	if ((rc = make_home(g)) == 0 &&
	    (rc = journal_create(&g->journal, &o, why)) == 0 &&
	    (rc = state_create(&g->state, 0)) == 0 &&
	    (rc = state_follow(g->state)) == 0 && (rc = begin(g)) == 0)
		rc = live(g, entries);
	if (rc != 0 && why->text[0] == '\0')
		cu_why_set(why, "%s", cu_strerror(rc));
	for (i = 0; i < BENCH_ELEMENTS; i++) {
		free(g->element[i].item);
		free(g->element[i].gone);
	}
	for (i = 0; i < g->adds_n; i++) {
		free((void *)(uintptr_t)g->add[i].entry);
		free((void *)(uintptr_t)g->add[i].sealed);
	}
	for (i = 0; i < KEYS; i++)
		sign_key_free(g->key[i]);
	journal_free(g->journal);
	record_vault_free(g->vault);
	state_free(g->state);
	free(g->task);
	free(g);
	return (rc);
}
