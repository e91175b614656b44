/* src/record/record_form.c: the members of said and of the keeper, checked */
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_form.h"
#include "record/record_read.h"
#include "record/record_token.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define NULLS	1U		/* may be null */
#define MAYBE	2U		/* may be absent */
#define LIST	4U		/* a sorted array of them, each once */
#define TEXT	128		/* bytes of a text */
#define ROWS	4096		/* of a list */

/* docs/format/entries.md names these forms; a member has one. */
enum form {
	F_DEC, F_INT, F_BOOL, F_ID, F_UUID, F_TIME, F_HASH, F_TEXT, F_WORD,
	F_FINE			/* a function looks at it */
};

struct member {
	const char *name;
	enum form form;
	unsigned int flags;
	const char *const *words;	/* F_WORD; ended by NULL */
	bool (*fine)(const struct jv *);
};

static bool
is_word(const struct jv *v, const char *const *words)
{
	const char *s = record_cstr(v);

	for (; s != NULL && *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return (true);
	return (false);
}

static bool
is_count(const struct jv *v)
{
	int64_t x;

	return (jv_int(v, &x) == 0 && x >= 0 &&
	    (uint64_t)x <= RECORD_COUNT_MAX);
}

static bool
has_form(const struct jv *v, const struct member *m)
{
	uint8_t raw[DIGEST_LEN];
	const char *s;
	uint64_t dec;
	utc_us t;
	size_t n;

	switch (m->form) {
	case F_DEC:	return (jv_dec(v, &dec) == 0);
	case F_INT:	return (is_count(v));
	case F_BOOL:	return (jv_is(v, JV_BOOL));
	case F_ID:	return (record_id(v) != NULL);
	case F_UUID:
		return ((s = jv_str(v, &n)) != NULL && text_is_uuid(s, n));
	case F_TIME:	return (jv_utc(v, &t) == 0);
	case F_HASH:	return (jv_bytes(v, raw, sizeof(raw)) == 0);
	case F_TEXT:	return (record_text(v, TEXT) != NULL);
	case F_WORD:	return (is_word(v, m->words));
	case F_FINE:	return (m->fine(v));
	}
	return (false);
}

/* An array, sorted by the text of its items, of items that have the form. */
static bool
has_list(const struct jv *v, const struct member *m)
{
	const char *s, *last = NULL;
	size_t i;

	if (!jv_is(v, JV_ARRAY) || jv_len(v) > ROWS)
		return (false);
	for (i = 0; i < jv_len(v); i++, last = s) {
		if (!has_form(jv_at(v, i), m) ||
		    (s = record_cstr(jv_at(v, i))) == NULL ||
		    (last != NULL && strcmp(last, s) >= 0))
			return (false);
	}
	return (true);
}

/* Take the members of a table that are there; count them. */
static int
check(const struct jv *obj, const struct member *m, size_t n, size_t *seen,
    struct cu_why *why)
{
	const struct jv *v;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((v = jv_get(obj, m[i].name)) == NULL) {
			if ((m[i].flags & MAYBE) != 0)
				continue;
			return (record_bad(why, m[i].name, "missing"));
		}
		(*seen)++;
		if (jv_is(v, JV_NULL) && (m[i].flags & NULLS) != 0)
			continue;
		if ((m[i].flags & LIST) != 0 ? !has_list(v, &m[i]) :
		    !has_form(v, &m[i]))
			return (record_bad(why, m[i].name, "not its form"));
	}
	return (0);
}

/* Arrays of another order than sorted. */
static bool
list_of(const struct jv *v, size_t max, bool (*one)(const struct jv *))
{
	size_t i;

	if (!jv_is(v, JV_ARRAY) || jv_len(v) > max)
		return (false);
	for (i = 0; i < jv_len(v); i++)
		if (!one(jv_at(v, i)))
			return (false);
	return (true);
}

static bool
is_dec(const struct jv *v)
{
	uint64_t x;

	return (jv_dec(v, &x) == 0);
}

static bool
is_covers_row(const struct jv *v)
{
	struct record_token t[2];
	const struct jv *tokens = jv_at(v, 2);
	uint8_t raw[DIGEST_LEN];
	size_t i, n = jv_len(tokens);

	if (!jv_is(v, JV_ARRAY) || jv_len(v) != 3 ||
	    record_id(jv_at(v, 0)) == NULL ||
	    jv_bytes(jv_at(v, 1), raw, sizeof(raw)) != 0 ||
	    !jv_is(tokens, JV_ARRAY) || n < 1 || n > RECORD_SET_MAX)
		return (false);
	for (i = 0; i < n; i++)
		if (jv_bytes(jv_at(tokens, i), t[i & 1].b, DIGEST_LEN) != 0 ||
		    (i > 0 && record_token_cmp(&t[~i & 1], &t[i & 1]) >= 0))
			return (false);
	return (true);
}

static bool
is_covers(const struct jv *v)
{
	return (list_of(v, RECORD_COVERS_MAX, is_covers_row));
}

static bool
is_rests(const struct jv *v)
{
	return (list_of(v, RECORD_RESTS_MAX, is_dec));
}

static bool
is_void(const struct jv *v)
{
	return (jv_len(v) > 0 && list_of(v, RECORD_VOID_MAX, is_count));
}

static bool
is_mine(const struct jv *v)
{
	static const char *const words[] = { "allowed", "refused", NULL };

	return (jv_is(v, JV_ARRAY) && jv_len(v) == 2 &&
	    is_word(jv_at(v, 0), words) &&
	    record_text(jv_at(v, 1), TEXT) != NULL);
}

static bool
is_round_row(const struct jv *v)
{
	utc_us t;

	return (jv_is(v, JV_ARRAY) && jv_len(v) == 6 && is_dec(jv_at(v, 0)) &&
	    is_dec(jv_at(v, 1)) && is_dec(jv_at(v, 2)) &&
	    jv_utc(jv_at(v, 3), &t) == 0 && jv_utc(jv_at(v, 4), &t) == 0 &&
	    is_count(jv_at(v, 5)));
}

static bool
is_rows(const struct jv *v)
{
	return (jv_len(v) > 0 && list_of(v, RECORD_ROUND_MAX, is_round_row));
}

/* Tables: entries.md in C. */
static const char *const w_bound[] = { "urn", "uid", "cn", NULL };
static const char *const w_delivery[] = { "X2Only", "X3Only", "X2andX3",
    NULL };
static const char *const w_decision[] = { "allowed", "refused", NULL };
static const char *const w_what[] = { "sent", "not sent", "in doubt", NULL };
static const char *const w_why[] = { "diverges", "not opened", "law", "clock",
    "cancelled", "release timeout", "connection", "identity",
    "keeper timeout", "restart", "timeout", "cut", "http", "form", NULL };
static const char *const w_report[] = { "ReportTaskIssue",
    "ReportDestinationIssue", "ReportNEIssue", "Ping", "Keepalive", NULL };
static const char *const w_error[] = { "connect", "tls", "identity",
    "timeout", "http", "form", "cut", "unsupported", NULL };
static const char *const w_item[] = { "task", "destination", NULL };
static const char *const w_item_why[] = { "unbound", "form", NULL };
static const char *const w_finding[] = { "open", "note", NULL };
static const char *const w_severity[] = { "notice", "warning", "critical",
    NULL };

static const struct member m_command[] = {
	{ "requester", F_ID, NULLS }, { "certificate", F_HASH, NULLS },
	{ "bound", F_WORD, NULLS, w_bound }, { "admf", F_ID, NULLS },
	{ "ne", F_ID, NULLS }, { "element", F_DEC, NULLS },
	{ "type", F_ID, NULLS }, { "transaction", F_UUID, NULLS },
	{ "stamp", F_TIME, NULLS }, { "version", F_TEXT, NULLS },
	{ "xid", F_UUID, NULLS }, { "dids", F_UUID, NULLS | LIST },
	{ "product", F_UUID, NULLS }, { "correlation", F_DEC, NULLS },
	{ "implicit", F_BOOL, NULLS },
	{ "delivery", F_WORD, NULLS, w_delivery },
	{ "services", F_ID, NULLS | LIST }, { "mediation", F_INT, NULLS },
	{ "leniencies", F_ID, LIST }, { "form", F_ID, NULLS },
	{ "size", F_DEC },
};
static const struct member m_late[] = {
	{ "request", F_INT, NULLS },
};
static const struct member m_outcome[] = {
	{ "command", F_DEC }, { "what", F_WORD, 0, w_what },
	{ "why", F_WORD, NULLS, w_why },
	{ "mine", F_FINE, NULLS, NULL, is_mine },
	{ "sent_at", F_TIME, NULLS }, { "answered_at", F_TIME, NULLS },
	{ "answer", F_ID, NULLS }, { "code", F_INT, NULLS },
	{ "http", F_INT, NULLS }, { "certificate", F_HASH, NULLS },
	{ "checkpoint", F_DEC, NULLS }, { "leniencies", F_ID, LIST | MAYBE },
};
static const struct member m_report[] = {
	{ "element", F_DEC, NULLS }, { "certificate", F_HASH, NULLS },
	{ "bound", F_WORD, NULLS, w_bound }, { "ne", F_ID, NULLS },
	{ "admf", F_ID, NULLS }, { "type", F_WORD, NULLS, w_report },
	{ "transaction", F_UUID, NULLS }, { "stamp", F_TIME, NULLS },
	{ "version", F_TEXT, NULLS }, { "xid", F_UUID, NULLS },
	{ "did", F_UUID, NULLS }, { "issue", F_TEXT, NULLS },
	{ "code", F_INT, NULLS }, { "leniencies", F_ID, LIST },
	{ "size", F_DEC },
};
static const struct member m_item[] = {
	{ "type", F_WORD, 0, w_item }, { "id", F_UUID },
	{ "line", F_HASH, NULLS }, { "why", F_WORD, NULLS, w_item_why },
	{ "n", F_DEC, NULLS }, { "last", F_TIME, NULLS },
};

static bool
is_item(const struct jv *v)
{
	size_t seen = 0;

	/* A line, or why there is none. */
	return (jv_is(v, JV_OBJECT) &&
	    check(v, m_item, N(m_item), &seen, NULL) == 0 &&
	    seen == jv_len(v) && jv_is(jv_get(v, "line"), JV_NULL) !=
	    jv_is(jv_get(v, "why"), JV_NULL));
}

static bool
is_items(const struct jv *v)
{
	return (list_of(v, RECORD_ITEMS_MAX, is_item));
}

static const struct member m_snapshot[] = {
	{ "element", F_DEC }, { "question", F_DEC }, { "asked", F_TIME },
	{ "answered", F_TIME, NULLS }, { "complete", F_BOOL },
	{ "error", F_WORD, NULLS, w_error }, { "certificate", F_HASH, NULLS },
	{ "base", F_DEC, NULLS }, { "part", F_INT }, { "parts", F_INT },
	{ "items", F_FINE, 0, NULL, is_items }, { "gone", F_UUID, LIST },
	{ "leniencies", F_ID, LIST | MAYBE },
};
static const struct member m_round[] = {
	{ "rows", F_FINE, 0, NULL, is_rows },
};
static const struct member m_start[] = {
	{ "version", F_TEXT }, { "build", F_TEXT }, { "config", F_HASH },
	{ "size", F_DEC }, { "spool", F_INT, NULLS },
};
static const struct member m_stop[] = { { "size", F_DEC } };
static const struct member m_beat[] = {
	{ "size", F_DEC }, { "root", F_HASH }, { "spool", F_INT, NULLS },
	{ "tls_refused", F_INT }, { "refused", F_INT },
	{ "spool_failed", F_BOOL },
};
/* What all that is said can end in; `_sd` is read elsewhere. */
static const struct member m_tail[] = {
	{ "void", F_FINE, MAYBE, NULL, is_void }, { "last", F_INT, MAYBE },
};

static const struct member m_decided[] = {
	{ "decision", F_WORD, 0, w_decision }, { "rule", F_ID },
	{ "covers", F_FINE, MAYBE, NULL, is_covers },
	{ "line", F_HASH, MAYBE }, { "to", F_DEC, MAYBE },
};
static const struct member m_late_own[] = { { "line", F_HASH, MAYBE } };
static const struct member m_start_own[] = {
	{ "version", F_TEXT }, { "build", F_TEXT }, { "config", F_HASH },
	{ "recovered", F_DEC }, { "dropped", F_DEC },
};
static const struct member m_finding[] = {
	{ "verb", F_WORD, 0, w_finding }, { "finding", F_DEC, NULLS },
	{ "type", F_ID }, { "severity", F_WORD, 0, w_severity },
	{ "element", F_DEC, NULLS }, { "instance", F_ID, NULLS },
	{ "holder", F_ID, NULLS }, { "xid", F_UUID, NULLS },
	{ "did", F_UUID, NULLS },
	{ "rests", F_FINE, 0, NULL, is_rests }, { "word", F_TEXT, NULLS },
};

/* Who may say what, and with which members. */
#define GATE	(1U << RECORD_ROLE_GATE)
#define AUDITOR	(1U << RECORD_ROLE_AUDITOR)
static const struct {
	unsigned int roles;
	const struct member *m;
	size_t n;
} said[RECORD_KIND_N] = {
	[RECORD_COMMAND] = { GATE, m_command, N(m_command) },
	[RECORD_LATE] = { GATE, m_command, N(m_command) },
	[RECORD_OUTCOME] = { GATE, m_outcome, N(m_outcome) },
	[RECORD_REPORT] = { GATE, m_report, N(m_report) },
	[RECORD_SNAPSHOT] = { AUDITOR, m_snapshot, N(m_snapshot) },
	[RECORD_ROUND] = { AUDITOR, m_round, N(m_round) },
	[RECORD_START] = { GATE | AUDITOR, m_start, N(m_start) },
	[RECORD_STOP] = { GATE | AUDITOR, m_stop, N(m_stop) },
	[RECORD_BEAT] = { GATE | AUDITOR, m_beat, N(m_beat) },
};

/* How many common members the object has, of those it can have. */
static size_t
common(const struct jv *obj, const char *const *names, size_t n)
{
	size_t i, seen = 0;

	for (i = 0; i < n; i++)
		seen += jv_get(obj, names[i]) != NULL;
	return (seen);
}

/* What a table cannot say of an outcome or a snapshot. */
static int
check_more(const struct jv *v, enum record_kind kind, struct cu_why *why)
{
	int64_t part = 0, parts = 0;
	bool sent, diverges;

	if (kind == RECORD_OUTCOME) {
		sent = jv_streq(jv_get(v, "what"), "sent");
		if (sent != jv_is(jv_get(v, "why"), JV_NULL))
			return (record_bad(why, "why", "null where sent, "
			    "and only there"));
		diverges = jv_streq(jv_get(v, "why"), "diverges");
		if (diverges == jv_is(jv_get(v, "mine"), JV_NULL))
			return (record_bad(why, "mine", "where it diverges, "
			    "and only there"));
	}
	if (kind == RECORD_SNAPSHOT) {
		jv_int(jv_get(v, "part"), &part);
		jv_int(jv_get(v, "parts"), &parts);
		if (part < 1 || part > parts || parts > RECORD_PARTS_MAX)
			return (record_bad(why, "part", "not 1 to parts"));
		if (part > 1 && jv_len(jv_get(v, "gone")) > 0)
			return (record_bad(why, "gone", "stands in part 1"));
		if (part > 1 && jv_get(v, "leniencies") != NULL)
			return (record_bad(why, "leniencies",
			    "stand in part 1"));
	}
	/* One spelling of none: only a request's member is ever empty. */
	if ((kind == RECORD_OUTCOME || kind == RECORD_SNAPSHOT) &&
	    jv_get(v, "leniencies") != NULL &&
	    jv_len(jv_get(v, "leniencies")) == 0)
		return (record_bad(why, "leniencies", "absent where none"));
	return (0);
}

int
record_form_said(const struct jv *v, enum record_kind kind,
    enum record_role role, struct cu_why *why)
{
	static const char *const tail[] = { "_sd" };
	size_t seen;
	int rc;

	if (!jv_is(v, JV_OBJECT))
		return (record_bad(why, "said", "not an object"));
	if ((said[kind].roles & 1U << role) == 0)
		return (record_bad(why, "kind", "not said by such a process"));
	seen = common(v, tail, 1);
	if ((rc = check(v, said[kind].m, said[kind].n, &seen, why)) != 0 ||
	    (kind == RECORD_LATE && (rc = check(v, m_late, N(m_late), &seen,
	    why)) != 0) ||
	    (rc = check(v, m_tail, N(m_tail), &seen, why)) != 0)
		return (rc);
	if (seen != jv_len(v))
		return (record_bad(why, "said", "an unknown member"));
	return (check_more(v, kind, why));
}

int
record_form_own(const struct jv *v, enum record_kind kind, bool reported,
    bool act, struct cu_why *why)
{
	static const char *const all[] = { "v", "kind", "time", "nonce",
	    "source", "act", "said", "sig", "_sealed" };
	const struct member *m = NULL;
	size_t n = 0, seen = common(v, all, N(all));
	bool open;
	int rc;

	if (kind == RECORD_COMMAND) {
		m = m_decided;
		n = N(m_decided);
	} else if (kind == RECORD_LATE) {
		m = m_late_own;
		n = N(m_late_own);
	} else if (kind == RECORD_START && !reported) {
		m = m_start_own;
		n = N(m_start_own);
	} else if (kind == RECORD_FINDING && !act) {
		m = m_finding;
		n = N(m_finding);
		seen += jv_get(v, "_sd") != NULL;
	}
	if ((rc = check(v, m, n, &seen, why)) != 0)
		return (rc);
	if (seen != jv_len(v))
		return (record_bad(why, "kind", "an unknown member"));
	if (m == m_finding) {
		open = jv_streq(jv_get(v, "verb"), "open");
		if (open != jv_is(jv_get(v, "finding"), JV_NULL))
			return (record_bad(why, "finding",
			    "null where it opens, and only there"));
	}
	if (m == m_decided && jv_streq(jv_get(v, "decision"), "refused") &&
	    (jv_get(v, "covers") != NULL || jv_get(v, "line") != NULL ||
	    jv_get(v, "to") != NULL))
		return (record_bad(why, "decision",
		    "covers, line and to stand where allowed"));
	return (0);
}
