/* src/state/test-state.c: scenario files (test/scenario/state-*.txt) replayed
 * with a fake clock on three tables at once: a keeper's, a gate's, a verifier's */
#include <dirent.h>
#include "any.h"
#include "test-world.h"

#define NAMES 4096

struct play {
	struct world w;
	struct {
		char name[16];
		uint64_t index;
		bool allowed, has_line;
		uint8_t line[DIGEST_LEN];
		char xid[40];
	} cmd[NAMES];
	size_t cmds;
	struct { char id[32]; uint8_t digest[DIGEST_LEN]; char text[64];
		unsigned int revision; } order[NAMES];
	size_t orders;
	uint64_t question, base[2], seq;
	utc_us asked;
	char place[600];
};

static struct play p;

/* What a keeper that starts again reads of its own log. */
static struct {
	struct buf line[NAMES];
	size_t lines;
	struct { char element[64]; uint8_t digest[DIGEST_LEN];
		struct record_sds sds; } open[NAMES];
	size_t opens;
} kept;

static void
keep_line(const struct buf *line)
{
	if (kept.lines < NAMES) {
		buf_init(&kept.line[kept.lines], RECORD_ENTRY_MAX);
		buf_add(&kept.line[kept.lines++], line->p, line->len);
	}
}

static void
keep_opened(const char *element, const uint8_t *digest_of,
    const struct record_sds *sds)
{
	struct record_sds *s = &kept.open[kept.opens].sds;
	struct record_sd sd;
	size_t i;

	if (kept.opens == NAMES)
		return;
	snprintf(kept.open[kept.opens].element, 64, "%s",
	    element != NULL ? element : "");
	if (digest_of != NULL)
		memcpy(kept.open[kept.opens].digest, digest_of, DIGEST_LEN);
	record_sds_init(s);
	for (i = 0; i < sds->n; i++) {
		if (record_sd_read(&sd, sds->row[i].text, sds->row[i].len,
		    NULL) != 0)
			continue;
		if (element != NULL || strcmp(sd.name, "token_key") == 0 ||
		    strcmp(sd.name, "targets") == 0)
			record_sds_take(s, sds->row[i].text, sds->row[i].len);
		record_sd_fini(&sd);
	}
	kept.opens++;
}

static void
forget_kept(void)
{
	while (kept.lines > 0)
		buf_fini(&kept.line[--kept.lines]);
	while (kept.opens > 0)
		record_sds_fini(&kept.open[--kept.opens].sds);
}

/* REPLAY: the keeper starts again; what was sealed is shown by HINT alone. */
static bool
do_replay(void)
{
	struct state *st;
	size_t i;
	int rc;

	if ((rc = state_create(&st, STATE_REPLAY)) != 0)
		return (false);
	for (i = 0; i < kept.lines && rc == 0; i++)
		rc = state_apply(st, i, kept.line[i].p, kept.line[i].len,
		    &p.w.why);
	state_flags(st, 0);
	for (i = 0; i < kept.opens && rc == 0; i++)
		rc = kept.open[i].element[0] != '\0' ?
		    state_open_element(st, kept.open[i].element,
		    &kept.open[i].sds, &p.w.why) :
		    state_open_revision(st, kept.open[i].digest,
		    &kept.open[i].sds, &p.w.why);
	if (rc != 0)
		printf("# replay: %d %s\n", rc, p.w.why.text);
	state_free(p.w.st[0]);
	p.w.st[0] = st;
	return (rc == 0);
}

static void
xid_text(char *out, const char *n)
{
	snprintf(out, 37, "e0000000-0000-4000-8000-%012u",
	    (unsigned int)atoi(n));
}

static void
did_text(char *out, const char *n)
{
	snprintf(out, 37, "d0000000-0000-4000-8000-%012u",
	    (unsigned int)atoi(n));
}

/* The value of `name=` among the words, or ${other}. */
static const char *
opt(char **w, size_t n, const char *name, const char *other)
{
	size_t i, len = strlen(name);

	for (i = 0; i < n; i++)
		if (strncmp(w[i], name, len) == 0 && w[i][len] == '=')
			return (w[i] + len + 1);
	return (other);
}

static uint64_t
element_index(const char *id)
{
	struct state_element e;

	return (state_element(p.w.st[0], id, &e) ? e.index : 0);
}

/* What a gate says of a command, and what it discloses. */
static void
make_said(struct buf *b, struct record_sds *sds, char **w, size_t n,
    const char *type, bool late)
{
	const char *element = opt(w, n, "element", "ne-1");
	const char *xid = opt(w, n, "xid", NULL), *v;
	bool task = strcmp(type, "ActivateTask") == 0 ||
	    strcmp(type, "ModifyTask") == 0;
	bool dest = strstr(type, "Destination") != NULL;
	char id[64], json[256];
	struct jw j;
	char *dids, *d;

	world_sds(&p.w, sds);
	buf_init(b, 65536);
	jw_init(&j, b);
	jw_obj(&j, NULL);
	jw_strz(&j, "requester", strcmp(opt(w, n, "peer", "admf-1"), "-") ?
	    opt(w, n, "peer", "admf-1") : NULL);
	jw_null(&j, "certificate");
	jw_str(&j, "bound", "urn");
	jw_str(&j, "admf", "admf-1");
	jw_str(&j, "ne", element);
	jw_dec(&j, "element", element_index(element));
	jw_str(&j, "type", type);
	snprintf(id, sizeof(id), "f0000000-0000-4000-8000-%012llu",
	    (unsigned long long)(opt(w, n, "transaction", NULL) ?
	    (unsigned long long)atoi(opt(w, n, "transaction", "")) :
	    1000000 + ++p.seq));
	jw_str(&j, "transaction", id);
	jw_utc(&j, "stamp", p.w.now + atoi(opt(w, n, "stamp", "0")) *
	    UTC_SECOND);
	jw_str(&j, "version", "v1.22.1");
	if (xid != NULL) {
		xid_text(id, xid);
		jw_str(&j, "xid", id);
	} else
		jw_null(&j, "xid");
	if (task || dest) {
		jw_arr(&j, "dids");
		dids = strdup(opt(w, n, "dids", "1"));
		for (v = dids; (d = strsep((char **)&v, ",")) != NULL;)
			if (*d != '\0') {
				did_text(id, d);
				jw_str(&j, NULL, id);
			}
		free(dids);
		jw_end(&j);
	} else
		jw_null(&j, "dids");
	jw_null(&j, "product");
	jw_null(&j, "correlation");
	if (task)
		jw_bool(&j, "implicit", false);
	else
		jw_null(&j, "implicit");
	if (task || (dest && strncmp(type, "Remove", 6) != 0))
		jw_str(&j, "delivery", opt(w, n, "delivery", "X2andX3"));
	else
		jw_null(&j, "delivery");
	jw_null(&j, "services");
	if (task)
		jw_int(&j, "mediation", 0);
	else
		jw_null(&j, "mediation");
	jw_arr(&j, "leniencies");
	jw_end(&j);
	jw_null(&j, "form");
	jw_dec(&j, "size", state_size(p.w.st[0]));
	if (late) {
		v = opt(w, n, "request", NULL);
		if (v != NULL)
			jw_int(&j, "request", atoi(v));
		else
			jw_null(&j, "request");
	}
	if (task) {
		snprintf(json, sizeof(json), "[\"imsi\",\"%s\"]",
		    opt(w, n, "imsi", "001010000000001"));
		record_sds_json(sds, "target", json, strlen(json));
	}
	if (dest && strncmp(type, "Remove", 6) != 0)
		record_sds_str(sds, "address", opt(w, n, "at",
		    "ipv4:192.0.2.10:tcp:42069"));
	record_sds_sort(sds);
	if (sds->n > 0)
		record_sds_write(sds, &j);
	jw_end(&j);
}

/* Both decide, before the entry; the same words, or the run has failed. */
static bool
decide(const struct buf *said, const struct record_sds *sds, struct buf *own,
    struct law_decision *d, struct state_members *m)
{
	struct state_moment at = { "gate-1", p.w.now, p.w.now, false,
	    STATE_NONE, false };
	struct state_command *c;
	struct law_decision d2;
	struct state_members m2;
	struct buf own2;
	bool same;
	int rc;

	if (p.w.now <= state_time(p.w.st[0]))
		at.lo = at.hi = state_time(p.w.st[0]) + 1;
	buf_init(own, 65536);
	buf_init(&own2, 65536);
	rc = state_command_create(&c, (const char *)said->p, said->len, sds,
	    &p.w.why);
	if (rc != 0) {
		printf("# said: %s\n", p.w.why.text);
		return (false);
	}
	rc = state_decide(p.w.st[0], c, &at, d, m);
	if (rc == 0)
		rc = state_decide(p.w.st[1], c, &at, &d2, &m2);
	if (rc == 0) {
		state_members_write(own, d, m);
		state_members_write(&own2, &d2, &m2);
	}
	same = rc == 0 && own->len == own2.len &&
	    memcmp(own->p, own2.p, own->len) == 0;
	if (!same)
		printf("# decide: %d\n# %s\n# %s\n", rc, buf_text(own),
		    buf_text(&own2));
	state_command_free(c);
	buf_fini(&own2);
	return (same);
}

static bool
do_command(char **w, size_t n, bool late)
{
	struct law_decision d = { .allowed = true, .rule = "late" };
	struct state_members m = { .to = STATE_NONE };
	struct state_command *c;
	struct record_sds sds;
	struct buf said, own;
	const char *text, *got;
	size_t len;
	bool ok = true;
	int rc = 0;

	if (n < 3 || p.cmds == NAMES)
		return (false);
	make_said(&said, &sds, w, n, w[2], late);
	if (late) {
		buf_init(&own, 65536);
		rc = state_command_create(&c, (const char *)said.p, said.len,
		    &sds, &p.w.why);
		if (rc == 0) {
			rc = state_late_write(p.w.st[0], &own, c);
			state_command_free(c);
		}
	} else
		ok = decide(&said, &sds, &own, &d, &m);
	snprintf(p.cmd[p.cmds].name, 16, "%s", w[1]);
	p.cmd[p.cmds].index = state_size(p.w.st[0]);
	p.cmd[p.cmds].allowed = d.allowed;
	p.cmd[p.cmds].has_line = m.has_line;
	memcpy(p.cmd[p.cmds].line, m.line, DIGEST_LEN);
	if (late && own.len > 0)
		p.cmd[p.cmds].has_line = text_unb64url(p.cmd[p.cmds].line,
		    DIGEST_LEN, &len, buf_text(&own) + 8, 43) == 0;
	p.cmds++;
	if (ok && rc == 0)
		rc = world_said(&p.w, late ? RECORD_LATE : RECORD_COMMAND,
		    W_GATE, buf_text(&said), own.len == 0 ? NULL :
		    buf_text(&own), &sds);
	if (rc != 0)
		printf("# entry: %d %s\n# %s\n", rc, p.w.why.text,
		    buf_text(&own));
	/* The entry's own words are found again in its bytes. */
	if (ok && rc == 0 && (state_own(p.w.line.p, p.w.line.len, &got,
	    &len) != 0 || len != own.len || memcmp(got, buf_text(&own), len)))
		ok = false;
	text = opt(w, n, "rule", NULL);
	if (ok && text != NULL && strcmp(text, d.rule) != 0) {
		printf("# rule is %s\n", d.rule);
		ok = false;
	}
	buf_fini(&said);
	buf_fini(&own);
	record_sds_fini(&sds);
	return (ok && rc == 0);
}

static int
cmd_find(const char *name)
{
	size_t i;

	for (i = p.cmds; i-- > 0;)
		if (strcmp(p.cmd[i].name, name) == 0)
			return ((int)i);
	return (-1);
}

/* OUTCOME name what word: `sent AcknowledgedAndCompleted`, `doubt timeout`,
 * `not law`. */
static bool
do_outcome(char **w, size_t n)
{
	char said[1024], code[16], at[UTC_LEN + 3] = "null", cp[32];
	int i = n < 4 ? -1 : cmd_find(w[1]), rc;
	bool sent = strcmp(w[2], "sent") == 0;

	if (i < 0)
		return (false);
	/* Sent under a checkpoint; by the spool under none: `cp=-`. */
	snprintf(cp, sizeof(cp), "\"%s\"", opt(w, n, "cp", ""));
	if (cp[1] == '"')
		snprintf(cp, sizeof(cp), "\"%llu\"",
		    (unsigned long long)state_size(p.w.st[0]));
	if (!sent || cp[1] == '-')
		strcpy(cp, "null");
	if (strcmp(opt(w, n, "times", sent ? "yes" : "no"), "yes") == 0) {
		at[0] = '"';
		utc_text(at + 1, p.w.now);
		strcat(at, "\"");
	}
	snprintf(code, sizeof(code), "%s", opt(w, n, "code", "null"));
	snprintf(said, sizeof(said), "{\"command\":\"%llu\",\"what\":\"%s\","
	    "\"why\":%s%s%s,\"mine\":%s,\"sent_at\":%s,\"answered_at\":%s,"
	    "\"answer\":%s%s%s,\"code\":%s,\"http\":null,\"certificate\":null,"
	    "\"checkpoint\":%s}", (unsigned long long)p.cmd[i].index,
	    sent ? "sent" : strcmp(w[2], "doubt") == 0 ? "in doubt" :
	    "not sent", sent ? "null" : "\"", sent ? "" : w[3],
	    sent ? "" : "\"", strcmp(w[3], "diverges") == 0 ?
	    "[\"refused\",\"task.cover.none\"]" : "null", at, at,
	    sent ? "\"" : "null", sent ? w[3] : "", sent ? "\"" : "", code,
	    cp);
	rc = world_said(&p.w, RECORD_OUTCOME, W_GATE, said, NULL, NULL);
	if (rc != 0)
		printf("# outcome: %s\n", p.w.why.text);
	return (rc == 0);
}

/*
 * ANSWER [element=] [part= parts=] [object ...]: `1=A` the task 1 as command A made it,
 * `1=x` as nobody made it, `1=?` not to be normalised, `d1=A` a destination;
 * `:n` after it the counter, `:n@s` and the time of the last change.  All that
 * is not named is not there.
 */
static bool
do_answer(char **w, size_t n)
{
	const char *element = opt(w, n, "element", "ne-1");
	int part = atoi(opt(w, n, "part", "1"));
	char id[40], *at, *name, *count;
	struct record_sds sds;
	unsigned int items = 0;
	struct buf b;
	struct jw j;
	uint8_t line[DIGEST_LEN];
	size_t i;
	bool dest;
	int k, rc;

	world_sds(&p.w, &sds);
	buf_init(&b, 65536);
	jw_init(&j, &b);
	jw_obj(&j, NULL);
	jw_dec(&j, "element", element_index(element));
	jw_dec(&j, "question", p.question);
	jw_utc(&j, "asked", p.asked);
	jw_utc(&j, "answered", p.w.now);
	jw_bool(&j, "complete", true);
	jw_null(&j, "error");
	jw_null(&j, "certificate");
	jw_null(&j, "base");
	jw_int(&j, "part", part);
	jw_int(&j, "parts", atoi(opt(w, n, "parts", "1")));
	jw_arr(&j, "items");
	for (i = 1; i < n; i++) {
		if (strncmp(w[i], "element=", 8) == 0 ||
		    strncmp(w[i], "part", 4) == 0)
			continue;
		name = strdup(w[i]);
		at = strchr(name, '=');
		*at++ = '\0';
		if ((count = strchr(at, ':')) != NULL)
			*count++ = '\0';
		dest = name[0] == 'd';
		if (dest)
			did_text(id, name + 1);
		else
			xid_text(id, name);
		memset(line, 0xaa, sizeof(line));
		k = cmd_find(at);
		if (k >= 0)
			memcpy(line, p.cmd[k].line, sizeof(line));
		jw_obj(&j, NULL);
		jw_str(&j, "type", dest ? "destination" : "task");
		jw_str(&j, "id", id);
		if (strcmp(at, "?") == 0) {
			jw_null(&j, "line");
			jw_str(&j, "why", "form");
		} else {
			jw_bytes(&j, "line", line, sizeof(line));
			jw_null(&j, "why");
		}
		if (count != NULL && *count != '@')
			jw_dec(&j, "n", strtoull(count, NULL, 10));
		else
			jw_null(&j, "n");
		if (count != NULL && strchr(count, '@') != NULL)
			jw_utc(&j, "last", WORLD_START +
			    atoi(strchr(count, '@') + 1) * UTC_SECOND);
		else
			jw_null(&j, "last");
		jw_end(&j);
		record_sds_str(&sds, "item", "[]");
		items++;
		free(name);
	}
	jw_end(&j);
	jw_arr(&j, "gone");
	jw_end(&j);
	record_sds_sort(&sds);
	if (items > 0)
		record_sds_write(&sds, &j);
	jw_end(&j);
	if (part == 1)
		p.base[strcmp(element, "ne-2") == 0] = state_size(p.w.st[0]);
	rc = world_said(&p.w, RECORD_SNAPSHOT, W_AUDIT, buf_text(&b), NULL,
	    &sds);
	if (rc != 0)
		printf("# answer: %s\n# %s\n", p.w.why.text, buf_text(&b));
	buf_fini(&b);
	record_sds_fini(&sds);
	return (rc == 0);
}

/* ROUND: the same answer as the last stored one. */
static bool
do_round(char **w, size_t n)
{
	const char *element = opt(w, n, "element", "ne-1");
	char said[512], asked[UTC_LEN + 1], now[UTC_LEN + 1];
	int rc;

	utc_text(asked, p.asked);
	utc_text(now, p.w.now);
	snprintf(said, sizeof(said), "{\"rows\":[[\"%llu\",\"%llu\",\"%llu\","
	    "\"%s\",\"%s\",1]]}", (unsigned long long)element_index(element),
	    (unsigned long long)p.base[strcmp(element, "ne-2") == 0],
	    (unsigned long long)p.question, asked, now);
	rc = world_said(&p.w, RECORD_ROUND, W_AUDIT, said, NULL, NULL);
	if (rc != 0)
		printf("# round: %s\n", p.w.why.text);
	return (rc == 0);
}

/* SILENT error: a failed question. */
static bool
do_silent(char **w, size_t n)
{
	char said[512], asked[UTC_LEN + 1];

	utc_text(asked, p.asked);
	snprintf(said, sizeof(said), "{\"element\":\"%llu\",\"question\":"
	    "\"%llu\",\"asked\":\"%s\",\"answered\":null,\"complete\":false,"
	    "\"error\":\"%s\",\"certificate\":null,\"base\":null,\"part\":1,"
	    "\"parts\":1,\"items\":[],\"gone\":[]}",
	    (unsigned long long)element_index("ne-1"),
	    (unsigned long long)p.question, asked, n > 1 ? w[1] : "timeout");
	return (world_said(&p.w, RECORD_SNAPSHOT, W_AUDIT, said, NULL, NULL) ==
	    0);
}

/* KEEPER START|STOP|BEAT */
static bool
do_keeper(const char *what)
{
	char own[256], zero[64];

	memset(zero, 'A', 43);
	zero[43] = '\0';
	if (strcmp(what, "START") != 0)
		return (world_own(&p.w, strcmp(what, "STOP") == 0 ?
		    RECORD_STOP : RECORD_BEAT, "") == 0);
	p.w.start[W_KEEPER]++;
	p.w.n[W_KEEPER] = 0;
	snprintf(own, sizeof(own), "\"version\":\"1\",\"build\":\"b\","
	    "\"config\":\"%s\",\"recovered\":\"0\",\"dropped\":\"0\"",
	    zero);
	return (world_own(&p.w, RECORD_START, own) == 0);
}

/* BEAT gate|audit [spool=] [tls=] [refused=] [failed]; START, STOP. */
static bool
do_word(char **w, size_t n)
{
	int who = n > 1 && strcmp(w[1], "audit") == 0 ? W_AUDIT : W_GATE;
	bool failed = n > 2 && strcmp(w[n - 1], "failed") == 0;
	char said[512], spool[32], zero[64];
	const char *gap = opt(w, n, "void", NULL);
	enum record_kind kind;

	snprintf(spool, sizeof(spool), "%s", who == W_AUDIT ? "null" :
	    opt(w, n, "spool", "0"));
	memset(zero, 'A', 43);
	zero[43] = '\0';
	if (strcmp(w[0], "START") == 0) {
		kind = RECORD_START;
		p.w.start[who]++;
		p.w.n[who] = 0;
		snprintf(said, sizeof(said), "{\"version\":\"1\",\"build\":"
		    "\"b\",\"config\":\"%s\",\"size\":\"0\",\"spool\":%s,"
		    "\"last\":0}", zero, spool);
	} else if (strcmp(w[0], "STOP") == 0) {
		kind = RECORD_STOP;
		snprintf(said, sizeof(said), "{\"size\":\"0\"}");
	} else {
		kind = RECORD_BEAT;
		snprintf(said, sizeof(said), "{\"size\":\"%s\",\"root\":\"%s\","
		    "\"spool\":%s,\"tls_refused\":%s,\"refused\":%s,"
		    "\"spool_failed\":%s}", opt(w, n, "size", "0"), zero,
		    spool, opt(w, n, "tls", "0"),
		    opt(w, n, "refused", "0"), failed ? "true" : "false");
	}
	if (gap != NULL)
		snprintf(said + strlen(said) - 1, sizeof(said) - strlen(said),
		    ",\"void\":[%s]}", gap);
	if (world_said(&p.w, kind, who, said, NULL, NULL) != 0) {
		printf("# %s: %s\n", w[0], p.w.why.text);
		return (false);
	}
	return (true);
}

/* EXPECT type [xid=] [did=] [severity=]: the next finding, which is written;
 * EXPECT note word; EXPECT nothing. */
static bool
do_expect(char **w, size_t n)
{
	struct state_finding f, v;
	struct buf own;
	char id[40] = "";
	bool any;
	int rc;

	any = state_finding_due(p.w.st[0], p.w.now, &f);
	if (n > 1 && strcmp(w[1], "nothing") == 0) {
		if (any)
			printf("# due: %s %s%s rests %llu\n", f.type, f.xid,
			    f.did, (unsigned long long)f.rests[0]);
		return (!any);
	}
	if (!any)
		return (false);
	if (opt(w, n, "xid", NULL) != NULL)
		xid_text(id, opt(w, n, "xid", ""));
	if (opt(w, n, "did", NULL) != NULL)
		did_text(id, opt(w, n, "did", ""));
	if (strcmp(w[1], "note") == 0 ? f.note_of == STATE_NONE ||
	    strcmp(f.word, w[2]) != 0 || strcmp(opt(w, n, "severity",
	    f.severity), f.severity) != 0 : (strcmp(f.type, w[1]) != 0 ||
	    (id[0] != '\0' && strcmp(id, f.xid) != 0 &&
	    strcmp(id, f.did) != 0) || strcmp(opt(w, n, "severity",
	    f.severity), f.severity) != 0) || (opt(w, n, "of", NULL) != NULL &&
	    (f.instance == NULL || strcmp(opt(w, n, "of", ""), f.instance) !=
	    0))) {
		printf("# due: %s %s %s%s\n", f.type, f.severity, f.xid,
		    f.did);
		return (false);
	}
	buf_init(&own, 4096);
	state_finding_write(&own, &f);
	rc = world_own(&p.w, RECORD_FINDING, buf_text(&own));
	if (rc != 0)
		printf("# finding: %s\n# %s\n", p.w.why.text, buf_text(&own));
	buf_fini(&own);
	/* The verifier asks for no finding that is written. */
	return (rc == 0 && !state_finding_overdue(p.w.st[2], true, &v));
}

static bool
do_close(char **w, size_t n)
{
	struct state_finding_row r;
	char subject[64];
	size_t i;
	int rc = CU_ENOENT;

	for (i = 0; state_finding_nth(p.w.st[0], i, &r); i++) {
		if (strcmp(r.type, w[1]) != 0 || r.closed)
			continue;
		snprintf(subject, sizeof(subject), "finding/%llu",
		    (unsigned long long)r.index);
		rc = world_actf(&p.w, RECORD_FINDING, RECORD_CLOSE, subject,
		    "reason", 1U << W_AUDITOR, "{\"id\":\"%llu\"}",
		    (unsigned long long)r.index);
		break;
	}
	if (rc != 0)
		printf("# close: %d %s\n", rc, p.w.why.text);
	return (rc == 0);
}

static unsigned int
who_are(const char *s)
{
	unsigned int m = 0;
	int k;

	for (k = 0; k < W_KEYS; k++)
		if (strstr(s, world_name[k]) != NULL)
			m |= 1U << k;
	return (m);
}

/* ORDER id [imsi=] [from=] [until=] [scope=] [element=] [by=] [approve=no] */
static bool
do_order(char **w, size_t n)
{
	struct world_order o = { .id = w[1], .revision = 1 };
	size_t i;
	int rc, result = 0;
	const char *expect = opt(w, n, "refused", NULL);

	for (i = 0; i < p.orders; i++)
		if (strcmp(p.order[i].id, w[1]) == 0) {
			o.supersedes = p.order[i].text;
			o.revision = p.order[i].revision + 1;
			break;
		}
	if (i == p.orders)
		p.orders++;
	o.imsi = opt(w, n, "imsi", "001010000000001");
	o.from = WORLD_START + atoi(opt(w, n, "from", "0")) * UTC_SECOND;
	o.until = WORLD_START + atoi(opt(w, n, "until", "86400")) * UTC_SECOND;
	o.cc = strcmp(opt(w, n, "scope", "iri+cc"), "iri+cc") == 0;
	o.element = opt(w, n, "element", "ne-1");
	rc = world_submit(&p.w, &o, p.order[i].digest,
	    who_are(opt(w, n, "by", "intake-1")), &result);
	if (expect != NULL)
		return (rc != 0);
	if (rc != 0) {
		printf("# submit: %d %s\n", rc, p.w.why.text);
		return (false);
	}
	snprintf(p.order[i].id, sizeof(p.order[i].id), "%s", w[1]);
	p.order[i].revision = o.revision;
	text_b64url(p.order[i].text, p.order[i].digest, DIGEST_LEN);
	if (strcmp(opt(w, n, "approve", "yes"), "no") == 0)
		return (true);
	rc = world_decide(&p.w, w[1], RECORD_APPROVE, p.order[i].digest,
	    1U << W_APPR1, &result);
	if (rc != 0)
		printf("# approve: %d %s\n", rc, p.w.why.text);
	return (rc == 0);
}

/* APPROVE|REVOKE|REFUSE id by=... [refused | self] */
static bool
do_decide(char **w, size_t n)
{
	enum record_verb verb = w[0][0] == 'A' ? RECORD_APPROVE :
	    strcmp(w[0], "REVOKE") == 0 ? RECORD_REVOKE : RECORD_REFUSE;
	int rc, result = 0;
	size_t i;

	for (i = 0; i < p.orders && strcmp(p.order[i].id, w[1]) != 0; i++)
		;
	if (i == p.orders)
		return (false);
	rc = world_decide(&p.w, w[1], verb, p.order[i].digest,
	    who_are(opt(w, n, "by", "approver-1")), &result);
	if (strcmp(w[n - 1], "self") == 0)
		return (result == STATE_ACT_SELF);
	if (strcmp(w[n - 1], "refused") == 0)
		return (result == STATE_ACT_REFUSED);
	if (rc != 0)
		printf("# %s: %d %s\n", w[0], rc, p.w.why.text);
	return (rc == 0);
}

/* HINT xid delivery dids: the keeper opened the item and reads its line. */
static bool
do_hint(char **w, size_t n)
{
	char id[40], did[40], line[1024], *list, *d, *at;
	size_t len;

	xid_text(id, w[1]);
	len = (size_t)snprintf(line, sizeof(line), "task %s deliver=%s "
	    "set=imsi%%3D001010000000001%%0A dids=", id, w[2]);
	at = list = strdup(w[3]);
	while ((d = strsep(&at, ",")) != NULL) {
		did_text(did, d);
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s",
		    d == list ? "" : ",", did);
	}
	free(list);
	len += (size_t)snprintf(line + len, sizeof(line) - len, " product=- "
	    "corr=- implicit=0 services=* rest=-");
	state_narrower(p.w.st[0], element_index("ne-1"), id, line, len);
	return (n == 4);
}

static bool
do_line(char *text)
{
	char *w[32], *word;
	unsigned int wants;
	size_t n = 0;

	while ((word = strsep(&text, " ")) != NULL && n < 32)
		if (*word != '\0')
			w[n++] = word;
	if (n == 0)
		return (true);
	if (strcmp(w[0], "AT") == 0) {
		p.w.now = WORLD_START + (utc_us)(atof(w[1]) * 1000000);
		return (true);
	}
	if (strcmp(w[0], "COMMAND") == 0 || strcmp(w[0], "LATE") == 0)
		return (do_command(w, n, w[0][0] == 'L'));
	if (strcmp(w[0], "OUTCOME") == 0)
		return (do_outcome(w, n));
	if (strcmp(w[0], "ASK") == 0) {
		p.question = state_size(p.w.st[0]);
		p.asked = p.w.now;
		return (true);
	}
	if (strcmp(w[0], "ANSWER") == 0)
		return (do_answer(w, n));
	if (strcmp(w[0], "ROUND") == 0)
		return (do_round(w, n));
	if (strcmp(w[0], "SILENT") == 0)
		return (do_silent(w, n));
	if (strcmp(w[0], "BEAT") == 0 || strcmp(w[0], "START") == 0 ||
	    strcmp(w[0], "STOP") == 0)
		return (do_word(w, n));
	if (strcmp(w[0], "KEEPER") == 0 && n == 2)
		return (do_keeper(w[1]));
	/* OVERDUE type: the verifier names what is not opened. */
	if (strcmp(w[0], "OVERDUE") == 0) {
		struct state_finding f;

		return (state_finding_overdue(p.w.st[2], true,
		    &f) &&
		    strcmp(f.type, w[1]) == 0);
	}
	/* ENTRY name element/id: an entry that is no command, by a name. */
	if (strcmp(w[0], "ENTRY") == 0 && n == 3) {
		snprintf(p.cmd[p.cmds].name, 16, "%s", w[1]);
		p.cmd[p.cmds++].index = element_index(w[2] + 8);
		return (true);
	}
	/* A report gets a number and becomes no entry. */
	if (strcmp(w[0], "LOSE") == 0) {
		p.w.n[strcmp(w[1], "keeper") == 0 ? W_KEEPER :
		    strcmp(w[1], "audit") == 0 ? W_AUDIT : W_GATE]++;
		return (true);
	}
	if (strcmp(w[0], "ORDER") == 0)
		return (do_order(w, n));
	if (strcmp(w[0], "APPROVE") == 0 || strcmp(w[0], "REVOKE") == 0 ||
	    strcmp(w[0], "REFUSE") == 0)
		return (do_decide(w, n));
	if (strcmp(w[0], "EXPECT") == 0)
		return (do_expect(w, n));
	if (strcmp(w[0], "CLOSE") == 0)
		return (do_close(w, n));
	if (strcmp(w[0], "HINT") == 0)
		return (do_hint(w, n));
	if (strcmp(w[0], "REPLAY") == 0)
		return (do_replay());
	if (strcmp(w[0], "ENDED") == 0) {
		char id[40];

		xid_text(id, w[1]);
		return (state_task_ended(p.w.st[1], "ne-1", id) ==
		    (strcmp(w[2], "yes") == 0));
	}
	/* KEY order n yes|no: the key of its revision n is needed. */
	if (strcmp(w[0], "KEY") == 0 && n == 4) {
		struct state_revision r;

		return (state_warrant(p.w.st[0], w[1], (size_t)atoi(w[2]) - 1,
		    &r) && state_needs_key(p.w.st[0], r.digest) ==
		    (strcmp(w[3], "yes") == 0));
	}
	/* SEVERITY type severity: of the last finding of the type. */
	if (strcmp(w[0], "SEVERITY") == 0 && n == 3) {
		struct state_finding_row r;
		bool is = false;
		size_t i;

		for (i = 0; state_finding_nth(p.w.st[2], i, &r); i++)
			if (strcmp(r.type, w[1]) == 0)
				is = strcmp(r.severity, w[2]) == 0;
		return (is);
	}
	if (strcmp(w[0], "WANTS") == 0) {
		wants = state_wants(p.w.st[0], element_index("ne-1"));
		return (wants == (unsigned int)atoi(w[1]));
	}
	return (false);
}

static void
one_file(const char *name)
{
	char line[512], shown[640];
	struct state_finding v;
	unsigned int number = 0;
	uint8_t a[DIGEST_LEN];
	FILE *f;

	memset(&p, 0, sizeof(p));
	snprintf(line, sizeof(line), "%s/scenario/%s", TEST_DIR, name);
	REQUIRE((f = fopen(line, "r")) != NULL);
	world_kept = keep_line;
	world_opened = keep_opened;
	REQUIRE(world_create(&p.w, STATE_SIGNATURES | STATE_STRUCTURE) == 0);
	while (fgets(line, sizeof(line), f) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		snprintf(shown, sizeof(shown), "%s line %u: %s", name, number,
		    line);
		if (!CHECK_ROW(do_line(line), shown))
			break;
	}
	fclose(f);
	if (state_finding_overdue(p.w.st[2], true, &v))
		CHECK_STR(v.type, "nothing overdue");
	CHECK(state_root(p.w.st[0], a) == CU_ESTATE);
	world_free(&p.w);
	world_kept = NULL;
	world_opened = NULL;
	forget_kept();
}

static void
scenarios(void)
{
	struct dirent **d;
	int i, n, seen = 0;

	n = scandir(TEST_DIR "/scenario", &d, NULL, alphasort);
	REQUIRE(n > 0);
	for (i = 0; i < n; i++) {
		if (strncmp(d[i]->d_name, "state-", 6) == 0) {
			one_file(d[i]->d_name);
			seen++;
		}
		free(d[i]);
	}
	free(d);
	CHECK(seen > 0);
}

/* ---- random histories --------------------------------------------------- */

static bool
dof(const char *fmt, ...)
{
	char line[512], shown[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	memcpy(shown, line, sizeof(line));
	return (CHECK_ROW(do_line(line), shown));
}

/* What the test itself knows: orders, tasks, and what the element holds. */
struct knows {
	struct { bool live, cc; unsigned int imsi, from, until; } order[8];
	struct { int bound; unsigned int order[8]; size_t n;
		char at[16], last[16]; bool x2, two; } task[4];
	unsigned int now, cmds;
	char dest[16];
};

static bool
knows_covered(const struct knows *k, unsigned int imsi, bool x2, int task)
{
	bool some = false, mine = !k->task[task].bound;
	size_t i, j;

	for (i = 0; i < 8; i++) {
		if (!k->order[i].live || k->order[i].imsi != imsi ||
		    k->now < k->order[i].from || k->now >= k->order[i].until ||
		    (!x2 && !k->order[i].cc))
			continue;
		some = true;
		for (j = 0; j < k->task[task].n; j++)
			mine = mine || k->task[task].order[j] == i;
	}
	return (some && mine);
}

static void
knows_bind(struct knows *k, unsigned int imsi, bool x2, int task)
{
	size_t i, j;

	k->task[task].bound = 1;
	for (i = 0; i < 8; i++) {
		if (!k->order[i].live || k->order[i].imsi != imsi ||
		    k->now < k->order[i].from || k->now >= k->order[i].until ||
		    (!x2 && !k->order[i].cc))
			continue;
		for (j = 0; j < k->task[task].n; j++)
			if (k->task[task].order[j] == i)
				break;
		if (j == k->task[task].n)
			k->task[task].order[k->task[task].n++] = (unsigned)i;
	}
}

static bool
answer(const struct knows *k)
{
	char line[256];
	size_t i, n;

	n = (size_t)snprintf(line, sizeof(line), "ANSWER d1=D d2=E");
	for (i = 0; i < 4; i++)
		if (k->task[i].at[0] != '\0')
			n += (size_t)snprintf(line + n, sizeof(line) - n,
			    " %zu=%s", i + 1, k->task[i].at);
	return (dof("%s", line));
}

/* The findings that an honest element and honest people may cause. */
static bool
only_honest(const struct knows *k)
{
	struct state_finding f, v;
	struct buf own;
	bool ok = true;

	while (ok && state_finding_due(p.w.st[0], p.w.now, &f)) {
		ok = f.note_of != STATE_NONE ||
		    strcmp(f.type, "command.refused") == 0 ||
		    strcmp(f.type, "command.in-doubt") == 0 ||
		    strcmp(f.type, "task.overdue") == 0 ||
		    strcmp(f.type, "stop.unacknowledged") == 0;
		if (!ok)
			printf("# %s %s\n", f.type, f.xid);
		buf_init(&own, 4096);
		state_finding_write(&own, &f);
		ok = world_own(&p.w, RECORD_FINDING, buf_text(&own)) == 0 &&
		    ok;
		buf_fini(&own);
	}
	if (!ok)
		printf("# %s\n", p.w.why.text);
	if (state_finding_overdue(p.w.st[2], true, &v)) {
		printf("# overdue: %s %s rests %llu\n", v.type, v.xid,
		    (unsigned long long)v.rests[0]);
		return (false);
	}
	return (ok);
}

static bool
random_command(struct knows *k)
{
	static const char *const how[] = { "sent AcknowledgedAndCompleted",
	    "sent ErrorResponse", "doubt timeout", "not law" };
	unsigned int imsi = 1 + any(3), t = any(4), kind = any(4), how_it;
	bool x2 = any(2), two = any(2), covered, asked = any(4) == 0;
	bool known = k->task[t].at[0] != '\0', read_early = any(2), done;
	char name[16], reply[600];
	struct knows before;

	if (kind == 3)
		kind = 0;
	snprintf(name, sizeof(name), "c%u", k->cmds++);
	if (asked && !dof("ASK"))
		return (false);
	covered = kind != 2 && knows_covered(k, imsi, x2, (int)t);
	if (kind == 2) {
		if (!dof("COMMAND %s DeactivateTask xid=%u rule=task.stop",
		    name, t + 1))
			return (false);
	} else if (!dof("COMMAND %s %s xid=%u imsi=00101000000000%u "
	    "delivery=%s dids=%s", name, kind == 0 ? "ActivateTask" :
	    "ModifyTask", t + 1, imsi, x2 ? "X2Only" : "X2andX3",
	    two ? "1,2" : "1"))
		return (false);
	if (kind == 0 && !CHECK(p.cmd[p.cmds - 1].allowed == covered))
		return (false);
	/* A ModifyTask may also pass because it narrows. */
	if (kind == 1 && !CHECK(!covered || !k->task[t].bound ||
	    p.cmd[p.cmds - 1].allowed))
		return (false);
	if (!p.cmd[p.cmds - 1].allowed)
		return (!asked || answer(k));
	if (kind != 2 && covered)
		knows_bind(k, imsi, x2, (int)t);
	how_it = any(8);
	how_it = how_it < 5 ? 0 : how_it - 4;
	/* The element does what it is told, or says that it does not. */
	done = how_it == 0 || (how_it == 2 && any(2));
	if ((kind == 0) == known)
		done = false;
	if (how_it == 0 && !done)
		how_it = 1;
	before = *k;
	if (done)
		snprintf(k->task[t].at, 16, "%s", kind == 2 ? "" : name);
	if (asked && any(2) && !answer(read_early ? &before : k))
		return (false);
	else if (asked)
		asked = !asked;
	snprintf(reply, sizeof(reply), "OUTCOME %s %s", name, how[how_it]);
	if (kind == 2 && how_it == 1)
		strcat(reply, " code=2020");
	return (dof("%s", reply));
}

static void
histories(void)
{
	static struct knows k;
	unsigned int run, step, o;

	for (run = 0; run < 12; run++) {
		memset(&p, 0, sizeof(p));
		memset(&k, 0, sizeof(k));
		REQUIRE(world_create(&p.w, STATE_SIGNATURES |
		    STATE_STRUCTURE) == 0);
		REQUIRE(dof("START gate") && dof("START audit"));
		REQUIRE(dof("COMMAND D CreateDestination dids=1") &&
		    dof("OUTCOME D sent AcknowledgedAndCompleted") &&
		    dof("COMMAND E CreateDestination dids=2") &&
		    dof("OUTCOME E sent AcknowledgedAndCompleted"));
		k.now = 10;
		for (step = 0; step < 120; step++) {
			k.now += any(8) == 0 ? 40 : 1;
			REQUIRE(dof("AT %u", k.now));
			REQUIRE(dof("BEAT gate") && dof("BEAT audit"));
			o = any(8);
			switch (any(6)) {
			case 0:
				if (k.order[o].until != 0)
					break;
				k.order[o].live = true;
				k.order[o].cc = any(2);
				k.order[o].imsi = 1 + any(3);
				k.order[o].from = k.now + any(3) * 20;
				k.order[o].until = k.order[o].from + 20 +
				    any(400);
				REQUIRE(dof("ORDER w-%u imsi=00101000000000%u "
				    "from=%u until=%u scope=%s", o,
				    k.order[o].imsi, k.order[o].from,
				    k.order[o].until, k.order[o].cc ?
				    "iri+cc" : "iri"));
				break;
			case 1:
				if (!k.order[o].live || any(4) != 0)
					break;
				k.order[o].live = false;
				REQUIRE(dof("REVOKE w-%u by=approver-2", o));
				break;
			case 2:
				REQUIRE(dof("ASK") && answer(&k));
				REQUIRE(dof("BEAT gate"));
				break;
			default:
				REQUIRE(random_command(&k));
				break;
			}
			if (!CHECK(only_honest(&k)))
				return;
		}
		world_free(&p.w);
	}
}

/* One of so many reports behind a lost number names it, or it was dropped. */
static void
gaps(void)
{
	char text[2][32];
	unsigned int named, n;

	strcpy(text[0], "BEAT audit");
	strcpy(text[1], "BEAT audit void=2");
	for (named = 0; named < 2; named++) {
		memset(&p, 0, sizeof(p));
		REQUIRE(world_create(&p.w, STATE_STRUCTURE) == 0);
		p.w.quiet = true;
		REQUIRE(dof("START audit") && dof("LOSE audit"));
		for (n = 1; n < RECORD_VOID_LATE; n++)
			REQUIRE(dof("BEAT audit"));
		/* The keeper takes both; a verifier must not take one. */
		CHECK(do_line(text[named]) == (named == 1));
		world_free(&p.w);
	}
}

/* What is missing when a start stops, and was not named, was dropped. */
static void
closes(void)
{
	static const struct { const char *before, *stop; bool good; } row[] = {
		{ "BEAT audit", "STOP audit", true },
		{ "LOSE audit", "STOP audit", false },
		{ "LOSE audit", "STOP audit void=3", false },
		{ "LOSE audit", "STOP audit void=2", true },
		{ "LOSE audit", "STOP audit void=1,2,3", true },
	};
	unsigned int i, behind;
	char text[32];

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (behind = 0; behind < 2; behind++) {
			memset(&p, 0, sizeof(p));
			REQUIRE(world_create(&p.w, STATE_STRUCTURE) == 0);
			p.w.quiet = true;
			REQUIRE(dof("START audit") && dof(row[i].before));
			REQUIRE(behind == 0 || dof("BEAT audit"));
			strcpy(text, row[i].stop);
			CHECK(do_line(text) == row[i].good);
			world_free(&p.w);
		}
}

/* A stop and its repeat behind it: the repeat does not speak against it. */
static void
repeated(void)
{
	static char text[] = "- - DeactivateTask xid=1 transaction=5";
	struct state_moment at = { .gate = "gate-1", .less = STATE_NONE };
	struct state_command *c;
	struct law_decision d;
	struct state_members m;
	struct record_sds sds;
	char *w[8], *word, *rest = text;
	uint64_t first;
	struct buf said;
	size_t n = 0;

	memset(&p, 0, sizeof(p));
	REQUIRE(world_create(&p.w, STATE_SIGNATURES | STATE_STRUCTURE) == 0);
	while ((word = strsep(&rest, " ")) != NULL)
		w[n++] = word;
	make_said(&said, &sds, w, n, "DeactivateTask", false);
	REQUIRE(state_command_create(&c, (const char *)said.p, said.len, &sds,
	    &p.w.why) == 0);
	first = state_size(p.w.st[0]);
	REQUIRE(dof("COMMAND S DeactivateTask xid=1 transaction=5"));
	CHECK(dof("COMMAND S2 DeactivateTask xid=1 transaction=5 "
	    "rule=transaction.repeated"));
	CHECK(dof("COMMAND S3 DeactivateTask xid=1 transaction=5 "
	    "rule=transaction.repeated"));
	/* As a gate asks just before it sends. */
	at.lo = at.hi = state_time(p.w.st[1]) + 1;
	at.less = first;
	CHECK(state_decide(p.w.st[1], c, &at, &d, &m) == 0 && d.allowed);
	/* The repeat itself stays one. */
	at.less = first + 1;
	CHECK(state_decide(p.w.st[1], c, &at, &d, &m) == 0 && !d.allowed);
	CHECK_STR(d.rule, "transaction.repeated");
	state_command_free(c);
	buf_fini(&said);
	record_sds_fini(&sds);
	world_free(&p.w);
}

/*
 * Two overseers, of whom one was somebody else, enrol an approver, who
 * approves.  What the approver signed goes with them, revoked before or not.
 */
static void
void_enrolment(bool revoked)
{
	static const unsigned int two = 1U << W_OVER1 | 1U << W_OVER2;
	struct world_order o = { .id = "w-1", .revision = 1,
	    .imsi = "001010000000001", .from = WORLD_START,
	    .until = WORLD_START + 86400 * UTC_SECOND, .element = "ne-1" };
	uint8_t digest[DIGEST_LEN], other[DIGEST_LEN];
	struct state_revision r;
	struct state_holder h;
	uint64_t since;
	char key[64];
	int k;

	memset(&p, 0, sizeof(p));
	REQUIRE(world_create(&p.w, STATE_SIGNATURES | STATE_STRUCTURE) == 0);
	since = state_size(p.w.st[0]);
	REQUIRE(world_actf(&p.w, RECORD_HOLDER, RECORD_ADD,
	    "holder/approver-3", "name", two, "{\"id\":\"approver-3\","
	    "\"form\":\"ed25519\",\"keys\":[\"%s\"],"
	    "\"roles\":[\"approver\"]}", world_key(&p.w, W_APPR3, key)) == 0);
	REQUIRE(world_submit(&p.w, &o, digest, 1U << W_INTAKE, NULL) == 0);
	REQUIRE(world_decide(&p.w, "w-1", RECORD_APPROVE, digest,
	    1U << W_APPR3, NULL) == 0);
	o.id = "w-2";
	REQUIRE(world_submit(&p.w, &o, other, 1U << W_INTAKE, NULL) == 0);
	REQUIRE(world_decide(&p.w, "w-2", RECORD_APPROVE, other,
	    1U << W_APPR1, NULL) == 0);
	if (revoked)
		REQUIRE(world_actf(&p.w, RECORD_HOLDER, RECORD_REVOKE,
		    "holder/approver-3", NULL, 1U << W_OVER2,
		    "{\"id\":\"approver-3\"}") == 0);
	REQUIRE(world_actf(&p.w, RECORD_HOLDER, RECORD_REVOKE,
	    "holder/overseer-1", NULL, 1U << W_OVER2,
	    "{\"id\":\"overseer-1\",\"void_since\":\"%llu\"}",
	    (unsigned long long)since) == 0);
	for (k = 0; k < WORLD_STATES; k++) {
		CHECK(state_holder(p.w.st[k], "approver-3", &h) && !h.live);
		CHECK(state_revision(p.w.st[k], digest, &r) &&
		    r.ended == state_size(p.w.st[k]) - 1);
		CHECK_STR(r.end != NULL ? r.end : "-", "void");
		/* What rests on others stands. */
		CHECK(state_revision(p.w.st[k], other, &r) &&
		    r.ended == STATE_NONE);
	}
	world_free(&p.w);
}

/* Rules that such a quorum set end with it; those before stand again. */
static void
void_policy(void)
{
	static const unsigned int two = 1U << W_OVER1 | 1U << W_OVER2;
	static const char rules[] = "{\"rules\":{\"approvals\":%d,"
	    "\"x1_time_tolerance\":300000,\"release_timeout\":3000,"
	    "\"clock_skew\":5000,\"overdue_after\":%d,"
	    "\"missing_after\":86400000,\"beat_missing\":150000,"
	    "\"window_max\":null,\"cidr4_min\":32,\"cidr6_min\":64,"
	    "\"container\":32,\"refusals\":10}}";
	uint64_t since;
	int k;

	memset(&p, 0, sizeof(p));
	REQUIRE(world_create(&p.w, STATE_SIGNATURES | STATE_STRUCTURE) == 0);
	REQUIRE(world_actf(&p.w, RECORD_POLICY, RECORD_SET, "policy", NULL,
	    two, rules, 2, 20000) == 0);
	since = state_size(p.w.st[0]);
	REQUIRE(world_actf(&p.w, RECORD_POLICY, RECORD_SET, "policy", NULL,
	    two, rules, 1, 3600000) == 0);
	for (k = 0; k < WORLD_STATES; k++)
		CHECK(state_rules(p.w.st[k])->v[RECORD_RULE_OVERDUE_AFTER] ==
		    3600000);
	REQUIRE(world_actf(&p.w, RECORD_HOLDER, RECORD_REVOKE,
	    "holder/overseer-1", NULL, 1U << W_OVER2,
	    "{\"id\":\"overseer-1\",\"void_since\":\"%llu\"}",
	    (unsigned long long)since) == 0);
	for (k = 0; k < WORLD_STATES; k++)
		CHECK(state_rules(p.w.st[k])->v[RECORD_RULE_APPROVALS] == 2 &&
		    state_rules(p.w.st[k])->v[RECORD_RULE_OVERDUE_AFTER] ==
		    20000);
	/* And that of the genesis, where the former goes, too. */
	REQUIRE(world_actf(&p.w, RECORD_HOLDER, RECORD_REVOKE,
	    "holder/overseer-2", NULL, 1U << W_OVER2,
	    "{\"id\":\"overseer-2\",\"void_since\":\"1\"}") == 0);
	for (k = 0; k < WORLD_STATES; k++)
		CHECK(state_rules(p.w.st[k])->v[RECORD_RULE_APPROVALS] == 1 &&
		    state_rules(p.w.st[k])->v[RECORD_RULE_OVERDUE_AFTER] ==
		    30000);
	world_free(&p.w);
}

static void
void_since(void)
{
	void_policy();
	void_enrolment(false);
	void_enrolment(true);
}

/*
 * What the keeper takes from its gates and writes into a log of its own, and a
 * verifier must not: the last line of each is the lie, ${why} what is said.
 */
static const struct { const char *line[10], *why; } lies[] = {
	{ { "COMMAND B Ping rule=alive", "OUTCOME B not law",
	    "OUTCOME B sent Acknowledged" }, "was said before" },
	{ { "COMMAND B Ping rule=alive", "OUTCOME B sent Acknowledged",
	    "OUTCOME B sent Acknowledged" }, "was said before" },
	{ { "COMMAND B Ping rule=alive", "OUTCOME B doubt timeout",
	    "OUTCOME B doubt cut" }, "was said before" },
	{ { "COMMAND B Ping rule=alive", "OUTCOME B sent Acknowledged cp=3" },
	    "does not hold the command" },
	{ { "COMMAND B Ping rule=alive",
	    "OUTCOME B sent Acknowledged cp=999" },
	    "does not hold the command" },
	{ { "COMMAND B Ping rule=alive", "OUTCOME B sent Acknowledged cp=-" },
	    "does not hold the command" },
	{ { "COMMAND B Ping rule=alive",
	    "OUTCOME B sent Acknowledged times=no" }, "without times" },
	{ { "COMMAND B Ping rule=alive", "OUTCOME B not law times=yes" },
	    "and answered" },
	{ { "COMMAND B ListAllDetails rule=read.bulk",
	    "OUTCOME B sent Acknowledged" }, "refused, so" },
	{ { "COMMAND B ListAllDetails rule=read.bulk",
	    "OUTCOME B doubt timeout" }, "refused, so" },
	{ { "COMMAND S DeactivateTask xid=1",
	    "OUTCOME S sent Acknowledged",
	    "LATE L DeactivateTask xid=1 request=2",
	    "OUTCOME L sent Acknowledged cp=-" }, "was said before" },
	{ { "COMMAND S DeactivateTask xid=1",
	    "LATE L DeactivateTask xid=1 request=2",
	    "OUTCOME L sent Acknowledged cp=-",
	    "OUTCOME S sent Acknowledged" }, "was said before" },
	{ { "ENTRY E element/ne-1", "OUTCOME E sent Acknowledged" },
	    "neither a command" },
	{ { "BEAT gate size=999" }, "beyond the log" },
	{ { "BEAT gate", "LOSE keeper", "ORDER w-1 until=100000" },
	    "of the keeper is missing" },
};

static void
lied(void)
{
	char text[512];
	size_t i, k;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		memset(&p, 0, sizeof(p));
		REQUIRE(world_create(&p.w, STATE_STRUCTURE) == 0);
		REQUIRE(dof("START gate") && dof("START audit"));
		for (k = 0; lies[i].line[k + 1] != NULL; k++)
			REQUIRE(dof("%s", lies[i].line[k]));
		strcpy(text, lies[i].line[k]);
		CHECK_ROW(!do_line(text), lies[i].line[k]);
		CHECK_ROW(strstr(p.w.why.text, lies[i].why) != NULL,
		    p.w.why.text);
		world_free(&p.w);
	}
}

/*
 * A finding that is withheld is named while the log goes on, not only at its
 * end; one that a keeper could not write any sooner is not.
 */
static void
withheld(void)
{
	struct state_finding f;
	unsigned int run, n;

	/* Never opened; opened in time, just before it is named; a keeper that
	 * starts again is given its time anew. */
	for (run = 0; run < 3; run++) {
		memset(&p, 0, sizeof(p));
		REQUIRE(world_create(&p.w, STATE_STRUCTURE) == 0);
		REQUIRE(dof("START gate"));
		REQUIRE(dof("COMMAND S DeactivateTask xid=1"));
		REQUIRE(dof("AT 31") && dof("BEAT gate"));
		REQUIRE(dof("AT 92"));
		for (n = 0; n < 17; n++) {
			REQUIRE(dof("BEAT gate"));
			CHECK(!state_finding_overdue(p.w.st[2], false, &f));
		}
		if (run == 1)
			REQUIRE(dof("EXPECT stop.unacknowledged"));
		if (run == 2)
			REQUIRE(world_own(&p.w, RECORD_START, "\"version\":"
			    "\"1\",\"build\":\"b\",\"config\":"
			    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
			    "\"recovered\":\"0\",\"dropped\":\"0\"") == 0);
		REQUIRE(dof("BEAT gate"));
		CHECK(state_finding_overdue(p.w.st[2], false, &f) ==
		    (run == 0));
		if (run == 0)
			CHECK_STR(f.type, "stop.unacknowledged");
		/* It is told once. */
		REQUIRE(dof("BEAT gate"));
		CHECK(!state_finding_overdue(p.w.st[2], false, &f));
		world_free(&p.w);
	}
}

int
main(void)
{
	CHECK_RUN(lied);
	CHECK_RUN(withheld);
	CHECK_RUN(gaps);
	CHECK_RUN(closes);
	CHECK_RUN(repeated);
	CHECK_RUN(void_since);
	CHECK_RUN(histories);
	CHECK_RUN(scenarios);
	return (check_done());
}
