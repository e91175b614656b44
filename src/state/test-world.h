/* src/state/test-world.h: a small operator in memory, whose log is real:
 * signed acts, signed reports, disclosures; no clock but the test's own */
#ifndef TEST_WORLD_H_
#define TEST_WORLD_H_
#include <stdarg.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "json/jw.h"
#include "record/record_entry.h"
#include "record/record_report.h"
#include "state/state.h"

#define WORLD_START (INT64_C(20454) * 86400 * UTC_SECOND)
#define WORLD_STATES 3		/* keeper, gate, verifier */

enum { W_OVER1, W_OVER2, W_INTAKE, W_APPR1, W_APPR2, W_AUDITOR, W_KEEPER,
	W_GATE, W_AUDIT, W_LOG, W_APPR3, W_KEYS };
static const char *const world_name[W_KEYS] = { "overseer-1", "overseer-2",
	"intake-1", "approver-1", "approver-2", "auditor-p", "keeper-1",
	"gate-1", "auditor-1", "log", "approver-3" };

struct world {
	struct state *st[WORLD_STATES];
	struct sign_key *key[W_KEYS];
	utc_us now;
	uint64_t n[W_KEYS], start[W_KEYS];
	uint64_t seq[64];
	char subject[64][RECORD_SUBJECT_MAX + 1];
	size_t subjects;
	struct cu_why why;
	struct buf line;		/* of the last entry */
	unsigned int salt;
	bool quiet;			/* no signatures: for speed */
};

static inline void
world_salt(void *cookie, uint8_t out[RECORD_SALT_LEN])
{
	struct world *w = cookie;

	memset(out, 0, RECORD_SALT_LEN);
	memcpy(out, &w->salt, sizeof(w->salt));
	w->salt++;
}

static inline void
world_sds(struct world *w, struct record_sds *s)
{
	record_sds_init(s);
	s->salt = world_salt;
	s->cookie = w;
}

/* Rows of `_sealed` that have the right form; nothing is sealed here. */
static inline size_t
world_sealed(struct record_sealed *out, const struct record_sds *s)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		memcpy(out[i].digest, s->row[i].digest, DIGEST_LEN);
		memset(out[i].key, '0', RECORD_SEAL_ID_LEN);
	}
	return (s == NULL ? 0 : s->n);
}

/* Told of each line that stands. */
static void (*world_kept)(const struct buf *);

/* Told of what was opened: an element (by id), or a revision. */
static void (*world_opened)(const char *, const uint8_t *,
    const struct record_sds *);

/* Write the entry and give it to every state; 0, or the keeper's refusal. */
static inline int
world_put(struct world *w, struct record_entry_parts *p,
    const struct record_sds *sds)
{
	static struct record_sealed sealed[256];
	uint64_t index = state_size(w->st[0]);
	int rc, k, first;

	p->time = w->now > state_time(w->st[0]) ? w->now :
	    state_time(w->st[0]) + 1;
	memcpy(p->nonce, &index, sizeof(index));
	p->sealed = sealed;
	p->sealed_n = world_sealed(sealed, sds);
	buf_reset(&w->line);
	if ((rc = record_entry_write(&w->line, p, &w->why)) != 0)
		return (rc);
	first = state_apply(w->st[0], index, w->line.p, w->line.len, &w->why);
	for (k = 1; k < WORLD_STATES; k++) {
		struct cu_why why;

		if (w->st[k] == NULL)
			continue;
		rc = state_apply(w->st[k], index, w->line.p, w->line.len,
		    &why);
		if ((rc == 0) != (first == 0)) {
			printf("# entry %llu: state %d says %d, %s\n# %s\n",
			    (unsigned long long)index, k, rc, why.text,
			    buf_text(&w->line));
			w->why = why;
			return (CU_ESTATE);
		}
	}
	if (first == 0 && world_kept != NULL)
		world_kept(&w->line);
	return (first);
}

static inline uint64_t *
world_seq(struct world *w, const char *subject)
{
	size_t i;

	for (i = 0; i < w->subjects; i++)
		if (strcmp(w->subject[i], subject) == 0)
			return (&w->seq[i]);
	strcpy(w->subject[w->subjects], subject);
	return (&w->seq[w->subjects++]);
}

/* An act signed by ${who}, a mask of W_*; ${result} as state_act_check. */
static inline int
world_act(struct world *w, enum record_kind kind, enum record_verb verb,
    const char *subject, const char *payload, struct record_sds *sds,
    unsigned int who, int *result)
{
	struct record_entry_parts p = { .kind = kind };
	struct record_log log = { "li.example.net/x1log", NULL };
	struct state_act_result r;
	struct record_act *a;
	uint64_t *seq = world_seq(w, subject);
	int rc, k;

	if ((rc = record_act_make(&a, kind, verb, subject, *seq + 1, payload,
	    strlen(payload), &w->why)) != 0)
		return (rc);
	for (k = 0; k < W_KEYS; k++)
		if ((who & 1U << k) && (rc = record_act_sign(a,
		    kind == RECORD_GENESIS ? &log : state_log(w->st[0]),
		    w->key[k], w->now)) != 0)
			return (rc);
	rc = state_act_check(w->st[0], a, &r, &w->why);
	if (result != NULL)
		*result = rc;
	if (rc == 0) {
		p.act = a;
		p.source.role = RECORD_ROLE_KEEPER;
		strcpy(p.source.instance, "keeper-1");
		p.source.start = w->start[W_KEEPER];
		p.source.n = ++w->n[W_KEEPER];
		rc = world_put(w, &p, sds);
		if (rc == 0)
			(*seq)++;
	}
	record_act_free(a);
	return (rc);
}

/* An act whose payload is ${fmt} with `_sd` of one disclosure if named. */
static inline int
world_actf(struct world *w, enum record_kind kind, enum record_verb verb,
    const char *subject, const char *sd, unsigned int who, const char *fmt,
    ...)
{
	static const uint8_t secret[32] = { 7 };
	struct record_sds sds;
	struct buf b;
	struct jw j;
	va_list ap;
	char text[4096];
	int rc;

	world_sds(w, &sds);
	buf_init(&b, 65536);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_str(&b, text);
	if (sd != NULL) {
		if (strcmp(sd, "audit_key") == 0)
			record_sds_bytes(&sds, sd, secret, sizeof(secret));
		else
			record_sds_str(&sds, sd, "x");
		record_sds_sort(&sds);
		b.len--;
		buf_ch(&b, ',');
		jw_init(&j, &b);
		record_sds_write(&sds, &j);
		buf_ch(&b, '}');
	}
	rc = world_act(w, kind, verb, subject, buf_text(&b), &sds, who, NULL);
	if (rc == 0 && sd != NULL && strcmp(sd, "audit_key") == 0) {
		rc = state_open_element(w->st[0], subject + 8, &sds, &w->why);
		if (rc == 0 && w->st[1] != NULL)
			rc = state_open_element(w->st[1], subject + 8, &sds,
			    &w->why);
		if (world_opened != NULL)
			world_opened(subject + 8, NULL, &sds);
	}
	buf_fini(&b);
	record_sds_fini(&sds);
	return (rc);
}

/* A report of an instance; `void`, `last` none; ${own} the keeper's words. */
static inline int
world_said(struct world *w, enum record_kind kind, int who, const char *said,
    const char *own, const struct record_sds *sds)
{
	struct record_entry_parts p = { .kind = kind };
	struct record_report r = { kind, world_name[who], 1, 0, said,
	    strlen(said) };

	r.start = w->start[who];
	r.n = ++w->n[who];
	if (w->quiet)
		memset(&p.sig, 0, sizeof(p.sig));
	if (w->quiet)
		memset(p.sig.key, '0', RECORD_KEY_ID_LEN);
	else if (record_report_sign(&p.sig, &r, state_log(w->st[0]),
	    w->key[who], w->now) != 0)
		return (CU_ECRYPTO);
	p.said = said;
	p.said_len = strlen(said);
	p.own = own;
	p.own_len = own == NULL ? 0 : strlen(own);
	p.source.role = who == W_GATE ? RECORD_ROLE_GATE : RECORD_ROLE_AUDITOR;
	strcpy(p.source.instance, world_name[who]);
	p.source.start = r.start;
	p.source.n = r.n;
	return (world_put(w, &p, sds));
}

static inline int
world_own(struct world *w, enum record_kind kind, const char *own)
{
	struct record_entry_parts p = { .kind = kind, .own = own,
	    .own_len = strlen(own) };

	p.source.role = RECORD_ROLE_KEEPER;
	strcpy(p.source.instance, "keeper-1");
	p.source.start = w->start[W_KEEPER];
	p.source.n = ++w->n[W_KEEPER];
	return (world_put(w, &p, NULL));
}

static inline char *
world_key(struct world *w, int k, char out[64])
{
	text_b64url(out, sign_key_public(w->key[k]), SIGN_PUBLIC_LEN);
	return (out);
}

static inline int
world_element(struct world *w, const char *id, const char *kind,
    const char *zone, const char *delivery, const char *admfs)
{
	char subject[96], z[80] = "null";
	bool admf = strcmp(kind, "admf") == 0;

	snprintf(subject, sizeof(subject), "element/%s", id);
	if (zone != NULL)
		snprintf(z, sizeof(z), "\"%s\"", zone);
	return (world_actf(w, RECORD_ELEMENT, RECORD_ADD, subject, "audit_key",
	    1U << W_OVER1 | 1U << W_OVER2, "{\"id\":\"%s\",\"kind\":\"%s\","
	    "\"x1\":%s,\"delivery\":[%s],\"identity\":{\"rule\":\"urn\","
	    "\"value\":\"%s\"},\"pins\":[],\"maker\":null,\"model\":null,"
	    "\"zone\":%s,\"jurisdiction\":null,\"multi\":\"all\","
	    "\"mode\":\"enforce\",\"until\":null,\"gate\":\"gate-1\","
	    "\"admfs\":[%s],\"reads\":\"own\",\"dialect\":[],"
	    "\"triggered_by\":null}", id, kind, admf ? "null" :
	    "\"https://192.0.2.1:8443/X1/NE\"", delivery, id, z, admfs));
}

/* Everybody and everything registered; the gate and the auditor started. */
static inline int
world_create(struct world *w, unsigned int flags)
{
	static const unsigned int two = 1U << W_OVER1 | 1U << W_OVER2;
	static const struct { int who; const char *role; } people[] = {
		{ W_INTAKE, "intake" }, { W_APPR1, "approver" },
		{ W_APPR2, "approver" }, { W_AUDITOR, "auditor" }
	}, processes[] = {
		{ W_KEEPER, "keeper" }, { W_GATE, "gate" },
		{ W_AUDIT, "auditor" }
	};
	uint8_t seed[SIGN_SEED_LEN] = { 0 };
	char subject[96], a[64], b[64], c[64];
	int i, rc;

	memset(w, 0, sizeof(*w));
	w->now = WORLD_START;
	buf_init(&w->line, 1 << 20);
	for (i = 0; i < W_KEYS; i++) {
		seed[0] = (uint8_t)(i + 1);
		w->start[i] = 1;
		if (sign_key_create(&w->key[i], seed) != 0)
			return (CU_ECRYPTO);
	}
	for (i = 0; i < WORLD_STATES; i++)
		if (state_create(&w->st[i], i == 2 ? flags : 0) != 0)
			return (CU_ENOMEM);
	rc = world_actf(w, RECORD_GENESIS, RECORD_CREATE,
	    "li.example.net/x1log", NULL, two,
	    "{\"origin\":\"li.example.net/x1log\",\"log_key\":\"%s\","
	    "\"overseers\":[{\"id\":\"overseer-1\",\"key\":\"%s\"},"
	    "{\"id\":\"overseer-2\",\"key\":\"%s\"}],\"quorum\":2,\"rules\":{},"
	    "\"law\":1,\"continues\":null,\"trial\":true}",
	    world_key(w, W_LOG, a), world_key(w, W_OVER1, b),
	    world_key(w, W_OVER2, c));
	for (i = 0; i < 4 && rc == 0; i++) {
		snprintf(subject, sizeof(subject), "holder/%s",
		    world_name[people[i].who]);
		rc = world_actf(w, RECORD_HOLDER, RECORD_ADD, subject, "name",
		    two, "{\"id\":\"%s\",\"form\":\"ed25519\","
		    "\"keys\":[\"%s\"],\"roles\":[\"%s\"]}", subject + 7,
		    world_key(w, people[i].who, a), people[i].role);
	}
	for (i = 0; i < 3 && rc == 0; i++) {
		snprintf(subject, sizeof(subject), "instance/%s",
		    world_name[processes[i].who]);
		rc = world_actf(w, RECORD_INSTANCE, RECORD_ADD, subject, NULL,
		    two, "{\"id\":\"%s\",\"role\":\"%s\",\"key\":\"%s\"}",
		    subject + 9, processes[i].role,
		    world_key(w, processes[i].who, a));
	}
	if (rc != 0 ||
	    (rc = world_element(w, "mdf-1", "mdf", "north",
	    "\"ipv4:192.0.2.10:tcp:42069\"", "")) != 0 ||
	    (rc = world_element(w, "mdf-2", "mdf", "south",
	    "\"ipv4:192.0.2.20:tcp:42069\"", "")) != 0 ||
	    (rc = world_element(w, "admf-1", "admf", NULL, "", "")) != 0 ||
	    (rc = world_element(w, "ne-1", "ne", "north", "",
	    "\"admf-1\"")) != 0 ||
	    (rc = world_element(w, "ne-2", "ne", "south", "",
	    "\"admf-1\"")) != 0)
		printf("# the world is not made: %d %s\n", rc, w->why.text);
	return (rc);
}

static inline void
world_free(struct world *w)
{
	int i;

	for (i = 0; i < WORLD_STATES; i++)
		state_free(w->st[i]);
	for (i = 0; i < W_KEYS; i++)
		sign_key_free(w->key[i]);
	buf_fini(&w->line);
}

struct world_order {
	const char *id, *supersedes;	/* supersedes: digest text or NULL */
	unsigned int revision;
	const char *imsi;
	utc_us from, until;
	bool cc;
	const char *element;
};

/* Submit (and open) a revision for one IMSI; its digest comes back. */
static inline int
world_submit(struct world *w, const struct world_order *o,
    uint8_t digest_out[DIGEST_LEN], unsigned int who, int *result)
{
	struct record_target t = { "imsi", o->imsi };
	uint8_t key[32] = { 9 };
	struct record_token token;
	struct record_sds sds;
	char subject[96], json[256], from[UTC_LEN + 1], until[UTC_LEN + 1];
	struct buf b;
	struct jw j;
	int rc;

	memcpy(key + 1, o->id, strlen(o->id) > 30 ? 30 : strlen(o->id));
	key[31] = (uint8_t)o->revision;
	record_token_set(&token, key, &t, 1);
	world_sds(w, &sds);
	record_sds_str(&sds, "authority", "court");
	record_sds_str(&sds, "reference", "12 Gs 34/26");
	record_sds_str(&sds, "legal_basis", "100a");
	record_sds_str(&sds, "liid", "LIID-1");
	record_sds_bytes(&sds, "token_key", key, sizeof(key));
	snprintf(json, sizeof(json), "[[[\"imsi\",\"%s\"]]]", o->imsi);
	record_sds_json(&sds, "targets", json, strlen(json));
	record_sds_sort(&sds);
	buf_init(&b, 65536);
	jw_init(&j, &b);
	utc_text(from, o->from);
	utc_text(until, o->until);
	jw_obj(&j, NULL);
	jw_str(&j, "id", o->id);
	jw_int(&j, "revision", o->revision);
	jw_strz(&j, "supersedes", o->supersedes);
	jw_str(&j, "kind", "ordinary");
	jw_str(&j, "from", from);
	jw_str(&j, "until", until);
	jw_str(&j, "scope", o->cc ? "iri+cc" : "iri");
	jw_arr(&j, "services");
	jw_end(&j);
	jw_arr(&j, "elements");
	jw_str(&j, NULL, o->element);
	jw_end(&j);
	jw_arr(&j, "zones");
	jw_end(&j);
	jw_arr(&j, "deliver_to");
	jw_end(&j);
	jw_arr(&j, "sets");
	jw_arr(&j, NULL);
	jw_bytes(&j, NULL, token.b, DIGEST_LEN);
	jw_end(&j);
	jw_end(&j);
	record_sds_write(&sds, &j);
	jw_end(&j);
	snprintf(subject, sizeof(subject), "warrant/%s", o->id);
	digest(digest_out, b.p, b.len);
	rc = world_act(w, RECORD_WARRANT, RECORD_SUBMIT, subject, buf_text(&b),
	    &sds, who, result);
	if (rc == 0)
		rc = state_open_revision(w->st[0], digest_out, &sds, &w->why);
	if (rc == 0 && w->st[1] != NULL)
		rc = state_open_revision(w->st[1], digest_out, &sds, &w->why);
	if (rc == 0 && world_opened != NULL)
		world_opened(NULL, digest_out, &sds);
	buf_fini(&b);
	record_sds_fini(&sds);
	return (rc);
}

static inline int
world_decide(struct world *w, const char *id, enum record_verb verb,
    const uint8_t digest_of[DIGEST_LEN], unsigned int who, int *result)
{
	char subject[96], payload[256], d[64];

	text_b64url(d, digest_of, DIGEST_LEN);
	snprintf(subject, sizeof(subject), "warrant/%s", id);
	snprintf(payload, sizeof(payload), "{\"id\":\"%s\",\"digest\":\"%s\"}",
	    id, d);
	return (world_act(w, RECORD_WARRANT, verb, subject, payload, NULL, who,
	    result));
}
#endif /* !TEST_WORLD_H_ */
