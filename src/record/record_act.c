/* src/record/record_act.c: statements: what is signed, and the signatures */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_act.h"
#include "record/record_lines.h"
#include "record/record_payload.h"
#include "record/record_read.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX	1024	/* bytes of a signed text */

int
record_sig_read(struct record_sig *out, const struct jv *v, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "key", JV_STRING, 0 }, { "time", JV_STRING, 0 },
		{ "sig", JV_STRING, 0 },
	};
	const struct jv *got[N(m)];
	struct record_sig sig;
	const char *s;
	size_t n;
	int rc;

	if ((rc = jv_members(v, m, N(m), got, why)) != 0)
		return (rc);
	if ((s = jv_str(got[0], &n)) == NULL || !record_key_id_valid(s, n))
		return (record_bad(why, "key", "not a key id"));
	memcpy(sig.key, s, n + 1);
	if (jv_utc(got[1], &sig.time) != 0)
		return (record_bad(why, "time", "not a time"));
	if (jv_bytes(got[2], sig.sig, SIGN_LEN) != 0)
		return (record_bad(why, "sig", "not 64 bytes"));
	*out = sig;
	return (0);
}

void
record_sig_write(const struct record_sig *s, struct jw *w, const char *name)
{
	jw_obj(w, name);
	jw_str(w, "key", s->key);
	jw_utc(w, "time", s->time);
	jw_bytes(w, "sig", s->sig, SIGN_LEN);
	jw_end(w);
}

void
record_act_free(struct record_act *a)
{
	if (a == NULL)
		return;
	free(a->payload);
	free(a);
}

/* Has the subject the form that belongs to the kind? */
static bool
subject_valid(enum record_kind kind, const char *s, size_t n)
{
	const char *name = record_kind_name(kind);
	size_t len = strlen(name);
	uint64_t index;

	if (kind == RECORD_GENESIS)
		return (record_origin_valid(s, n));
	if (kind == RECORD_POLICY)
		return (text_eq(s, n, "policy"));
	if (n <= len + 1 || memcmp(s, name, len) != 0 || s[len] != '/')
		return (false);
	s += len + 1;
	n -= len + 1;
	return (kind == RECORD_FINDING ? text_dec(s, n, &index) == 0 :
	    text_is_id(s, n));
}

/* An act whose head is checked and whose payload is a copy. */
static int
make(struct record_act **out, enum record_kind kind, enum record_verb verb,
    const char *subject, size_t subject_len, uint64_t seq, const char *payload,
    size_t len, struct cu_why *why)
{
	struct record_act *a;

	if (!record_verb_of(kind, verb))
		return (record_bad(why, "verb", "not one of this kind"));
	if (!subject_valid(kind, subject, subject_len))
		return (record_bad(why, "subject", "not one of this kind"));
	if (seq < 1 || seq > RECORD_COUNT_MAX ||
	    (kind == RECORD_GENESIS && seq != 1))
		return (record_bad(why, "seq", "out of range"));
	if (len > RECORD_PAYLOAD_MAX) {
		cu_why_set(why, "member payload: more than %d bytes",
		    RECORD_PAYLOAD_MAX);
		return (CU_ELIMIT);
	}
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->payload = malloc(len + 1)) == NULL) {
		free(a);
		return (CU_ENOMEM);
	}
	a->kind = kind;
	a->verb = verb;
	memcpy(a->subject, subject, subject_len);
	a->subject[subject_len] = '\0';
	a->seq = seq;
	memcpy(a->payload, payload, len);
	a->payload[len] = '\0';
	a->payload_len = len;
	digest(a->digest, payload, len);
	*out = a;
	return (0);
}

int
record_act_make(struct record_act **out, enum record_kind kind,
    enum record_verb verb, const char *subject, uint64_t seq,
    const char *payload, size_t len, struct cu_why *why)
{
	struct record_payload *p;
	int rc;

	if ((rc = record_payload_read(&p, kind, verb, subject, payload, len,
	    why)) != 0)
		return (rc);
	record_payload_free(p);
	return (make(out, kind, verb, subject, strlen(subject), seq, payload,
	    len, why));
}

/* Read `sigs` into the act. */
static int
read_sigs(struct record_act *a, const struct jv *v, struct cu_why *why)
{
	size_t i, k, n = jv_len(v);
	int rc;

	if (n < 1 || n > RECORD_SIGS_MAX)
		return (record_bad(why, "sigs", "not 1 to 8"));
	for (i = 0; i < n; i++) {
		if ((rc = record_sig_read(&a->sig[i], jv_at(v, i), why)) != 0)
			return (rc);
		for (k = 0; k < i; k++)
			if (strcmp(a->sig[k].key, a->sig[i].key) == 0)
				return (record_bad(why, "sigs",
				    "one key twice"));
	}
	a->sigs_n = n;
	return (0);
}

int
record_act_read(struct record_act **out, const struct jv *v,
    struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "kind", JV_STRING, 0 }, { "verb", JV_STRING, 0 },
		{ "subject", JV_STRING, 0 }, { "seq", JV_INTEGER, 0 },
		{ "payload", JV_STRING, 0 }, { "sigs", JV_ARRAY, 0 },
	};
	const struct jv *got[N(m)];
	const char *subject, *payload;
	size_t subject_len, payload_len;
	enum record_kind kind;
	enum record_verb verb;
	struct record_act *a;
	int64_t seq = 0;
	int rc;

	if ((rc = jv_members(v, m, N(m), got, why)) != 0)
		goto out;
	kind = record_kind_find(record_cstr(got[0]));
	verb = record_verb_find(record_cstr(got[1]));
	subject = jv_str(got[2], &subject_len);
	jv_int(got[3], &seq);
	payload = jv_str(got[4], &payload_len);
	if ((rc = make(&a, kind, verb, subject, subject_len,
	    seq < 0 ? 0 : (uint64_t)seq, payload, payload_len, why)) != 0)
		goto out;
	if (!jv_spelled(payload, payload_len))
		rc = record_bad(why, "payload", "not in the one spelling");
	else
		rc = read_sigs(a, got[5], why);
	if (rc == 0)
		*out = a;
	else
		record_act_free(a);
out:	if (rc != 0)
		cu_why_in(why, "act");
	return (rc);
}

void
record_act_write(const struct record_act *a, struct jw *w, const char *name)
{
	size_t i;

	jw_obj(w, name);
	jw_str(w, "kind", record_kind_name(a->kind));
	jw_str(w, "verb", record_verb_name(a->verb));
	jw_str(w, "subject", a->subject);
	jw_int(w, "seq", (int64_t)a->seq);
	jw_strn(w, "payload", a->payload, a->payload_len);
	jw_arr(w, "sigs");
	for (i = 0; i < a->sigs_n; i++)
		record_sig_write(&a->sig[i], w, NULL);
	jw_end(w);
	jw_end(w);
}

void
record_act_text(struct buf *b, const struct record_act *a,
    const struct record_log *log, const char *key, utc_us time)
{
	buf_str(b, "custos-statement/v1\n");
	record_put_log(b, log);
	buf_printf(b, "act %s %s\nsubject %s\nseq %llu\n",
	    record_kind_name(a->kind), record_verb_name(a->verb), a->subject,
	    (unsigned long long)a->seq);
	record_put_payload(b, a->digest);
	if (key != NULL)
		record_put_key(b, key, time);
}

/* genesis create names no genesis; everything else does. */
static bool
log_fits(const struct record_act *a, const struct record_log *log)
{
	return ((a->kind == RECORD_GENESIS) == (log->genesis == NULL) &&
	    (a->kind != RECORD_GENESIS || strcmp(a->subject,
	    log->origin) == 0));
}

int
record_act_sign(struct record_act *a, const struct record_log *log,
    struct sign_key *key, utc_us time)
{
	struct record_sig sig;
	struct buf b;
	size_t i;
	int rc;

	if (!log_fits(a, log))
		return (CU_ESTATE);
	if (a->sigs_n == RECORD_SIGS_MAX)
		return (CU_ELIMIT);
	record_key_id(sig.key, sign_key_public(key));
	sig.time = time;
	for (i = 0; i < a->sigs_n; i++)
		if (strcmp(a->sig[i].key, sig.key) == 0)
			return (CU_EEXIST);
	buf_init(&b, TEXT_MAX);
	record_act_text(&b, a, log, sig.key, time);
	if ((rc = b.rc) == 0)
		rc = sign_make(key, sig.sig, b.p, b.len);
	buf_fini(&b);
	if (rc == 0)
		a->sig[a->sigs_n++] = sig;
	return (rc);
}

bool
record_act_verify(const struct record_act *a, const struct record_log *log,
    size_t i, const uint8_t public[SIGN_PUBLIC_LEN])
{
	char id[RECORD_KEY_ID_LEN + 1];
	struct buf b;
	bool ok;

	record_key_id(id, public);
	if (i >= a->sigs_n || strcmp(a->sig[i].key, id) != 0 ||
	    !log_fits(a, log))
		return (false);
	buf_init(&b, TEXT_MAX);
	record_act_text(&b, a, log, id, a->sig[i].time);
	ok = b.rc == 0 && sign_verify(public, a->sig[i].sig, b.p, b.len);
	buf_fini(&b);
	return (ok);
}

/* "KIND VERB" of the line `act`. */
static int
read_act_line(struct record_lines *l, struct record_statement *st)
{
	char word[2][16];
	const char *s, *sp;
	size_t n, a, b;

	if (record_line(l, "act", &s, &n) != 0 ||
	    (sp = memchr(s, ' ', n)) == NULL)
		return (-1);
	a = (size_t)(sp - s);
	b = n - a - 1;
	if (a >= sizeof(word[0]) || b >= sizeof(word[1]))
		return (-1);
	memcpy(word[0], s, a);
	word[0][a] = '\0';
	memcpy(word[1], sp + 1, b);
	word[1][b] = '\0';
	st->kind = record_kind_find(word[0]);
	st->verb = record_verb_find(word[1]);
	/* A word with a NUL inside would be found shorter than it is. */
	if (strlen(word[0]) != a || strlen(word[1]) != b)
		return (-1);
	return (record_verb_of(st->kind, st->verb) ? 0 : -1);
}

int
record_statement_read(struct record_statement *out, const char *text,
    size_t len, bool head, struct cu_why *why)
{
	struct record_statement st = { 0 };
	struct record_lines l = { text, len };
	const char *line = "custos-statement/v1";

	if (record_line_is(&l, line) != 0)
		goto bad;
	line = "log";
	if (record_line_log(&l, &st.origin, &st.origin_len, st.genesis) != 0)
		goto bad;
	line = "act";
	if (read_act_line(&l, &st) != 0 ||
	    (st.kind == RECORD_GENESIS) != (st.genesis[0] == '\0'))
		goto bad;
	line = "subject";
	if (record_line(&l, "subject", &st.subject, &st.subject_len) != 0 ||
	    !subject_valid(st.kind, st.subject, st.subject_len))
		goto bad;
	line = "seq";
	if (record_line_count(&l, "seq", &st.seq) != 0)
		goto bad;
	line = "payload";
	if (record_line_digest(&l, st.digest) != 0)
		goto bad;
	line = "key or time";
	if (!head && record_line_key(&l, st.key, &st.time) != 0)
		goto bad;
	line = "after the last";
	if (l.left != 0)
		goto bad;
	*out = st;
	return (0);

bad:	cu_why_set(why, "signed text: line %s", line);
	return (CU_EMALFORMED);
}

/* The next line of a file, without its LF; false at the end. */
static bool
next_line(struct record_lines *l, const char **s, size_t *n)
{
	const char *end;

	if (l->left == 0 || (end = memchr(l->p, '\n', l->left)) == NULL)
		return (false);
	*s = l->p;
	*n = (size_t)(end - l->p);
	l->left -= *n + 1;
	l->p = end + 1;
	return (true);
}

/* Line 1: the head, a JSON string.  An array around it makes it a text. */
static int
read_head(struct record_act_file *f, struct record_statement *st,
    struct jv **root, const char *s, size_t n, struct cu_why *why)
{
	const char *head;
	size_t head_len;
	struct buf b;
	int rc;

	buf_init(&b, 4 * TEXT_MAX);
	buf_ch(&b, '[');
	buf_add(&b, s, n);
	buf_ch(&b, ']');
	rc = b.rc != 0 ? b.rc : record_parse(root, (const char *)b.p, b.len,
	    b.max, why);
	buf_fini(&b);
	if (rc != 0)
		return (rc);
	head = jv_str(jv_at(*root, 0), &head_len);
	if (head == NULL || jv_len(*root) != 1) {
		cu_why_set(why, "not a JSON string");
		return (CU_EMALFORMED);
	}
	if ((rc = record_statement_read(st, head, head_len, true, why)) != 0)
		return (rc);
	memcpy(f->origin, st->origin, st->origin_len);
	f->origin[st->origin_len] = '\0';
	memcpy(f->genesis, st->genesis, sizeof(f->genesis));
	return (0);
}

/* A line after the payload: a signature, or (before all of them) a text. */
static int
read_rest(struct record_act_file *f, const char *s, size_t n,
    struct cu_why *why)
{
	struct record_act *a = f->act;
	struct record_sd sd;
	struct jv *v;
	size_t i;
	int rc;

	if (n == 0 || s[0] != '{') {
		if (a->sigs_n > 0) {
			cu_why_set(why, "a disclosure after a signature");
			return (CU_EMALFORMED);
		}
		if ((rc = record_sd_read(&sd, s, n, why)) != 0)
			return (rc);
		record_sd_fini(&sd);
		return (record_sds_take(&f->sds, s, n));
	}
	if (a->sigs_n == RECORD_SIGS_MAX) {
		cu_why_set(why, "more than %d signatures", RECORD_SIGS_MAX);
		return (CU_ELIMIT);
	}
	if ((rc = record_parse(&v, s, n, TEXT_MAX, why)) != 0)
		return (rc);
	rc = record_sig_read(&a->sig[a->sigs_n], v, why);
	jv_free(v);
	for (i = 0; rc == 0 && i < a->sigs_n; i++)
		if (strcmp(a->sig[i].key, a->sig[a->sigs_n].key) == 0) {
			cu_why_set(why, "signed twice by one key");
			rc = CU_EMALFORMED;
		}
	if (rc == 0)
		a->sigs_n++;
	return (rc);
}

/* Are the file's disclosures those of the payload's `_sd`? */
static int
check_sds(struct record_act_file *f, const struct record_payload *p,
    struct cu_why *why)
{
	struct record_sds copy;
	size_t i;
	int rc = 0;

	record_sds_init(&copy);
	for (i = 0; i < f->sds.n && rc == 0; i++)
		rc = record_sds_take(&copy, f->sds.row[i].text,
		    f->sds.row[i].len);
	if (rc == 0 && (record_sds_sort(&copy) != 0 ||
	    !record_sd_match(&copy, p->sd, p->sd_n))) {
		cu_why_set(why, "the disclosures are not those of _sd");
		rc = CU_EMALFORMED;
	}
	record_sds_fini(&copy);
	return (rc);
}

int
record_act_file_read(struct record_act_file **out, const char *text,
    size_t len, struct cu_why *why)
{
	struct record_lines l = { text, len };
	struct record_payload *p = NULL;
	struct record_act_file *f;
	struct record_statement st;
	struct jv *root = NULL;
	unsigned int line = 1;
	const char *s;
	size_t n;
	int rc;

	if (len > RECORD_ACT_FILE_MAX) {
		cu_why_set(why, "an act file over %d bytes",
		    RECORD_ACT_FILE_MAX);
		return (CU_ELIMIT);
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (CU_ENOMEM);
	record_sds_init(&f->sds);
	rc = CU_EMALFORMED;
	cu_why_set(why, "the line is missing");
	if (!next_line(&l, &s, &n) ||
	    (rc = read_head(f, &st, &root, s, n, why)) != 0)
		goto out;
	line++;
	rc = CU_EMALFORMED;
	cu_why_set(why, "the line is missing");
	if (!next_line(&l, &s, &n))
		goto out;
	if ((rc = make(&f->act, st.kind, st.verb, st.subject, st.subject_len,
	    st.seq, s, n, why)) != 0)
		goto out;
	if ((rc = record_payload_read(&p, st.kind, st.verb, f->act->subject,
	    s, n, why)) != 0)
		goto out;
	rc = CU_EMALFORMED;
	if (memcmp(f->act->digest, st.digest, DIGEST_LEN) != 0) {
		cu_why_set(why, "not the payload that line 1 names");
		goto out;
	}
	for (rc = 0; rc == 0 && next_line(&l, &s, &n);) {
		line++;
		rc = read_rest(f, s, n, why);
	}
	if (rc == 0 && l.left != 0) {
		cu_why_set(why, "the last line has no LF");
		rc = CU_EMALFORMED;
	}
	if (rc == 0)
		rc = check_sds(f, p, why);
out:	if (rc == 0)
		*out = f;
	else {
		cu_why_in(why, "line %u", line);
		record_act_file_free(f);
	}
	record_payload_free(p);
	jv_free(root);
	return (rc);
}

void
record_act_file_free(struct record_act_file *f)
{
	if (f == NULL)
		return;
	record_act_free(f->act);
	record_sds_fini(&f->sds);
	free(f);
}

void
record_act_file_log(const struct record_act_file *f, struct record_log *log)
{
	log->origin = f->origin;
	log->genesis = f->genesis[0] != '\0' ? f->genesis : NULL;
}

void
record_act_file_write(struct buf *b, const struct record_act *a,
    const struct record_log *log, const struct record_sds *sds)
{
	struct buf head;
	struct jw w;
	size_t i;

	buf_init(&head, TEXT_MAX);
	record_act_text(&head, a, log, NULL, 0);
	if (head.rc != 0 && b->rc == 0)
		b->rc = head.rc;
	jw_quote(b, head.p, head.len);
	buf_fini(&head);
	buf_ch(b, '\n');
	buf_add(b, a->payload, a->payload_len);
	buf_ch(b, '\n');
	for (i = 0; sds != NULL && i < sds->n; i++) {
		buf_add(b, sds->row[i].text, sds->row[i].len);
		buf_ch(b, '\n');
	}
	for (i = 0; i < a->sigs_n; i++) {
		jw_init(&w, b);
		record_sig_write(&a->sig[i], &w, NULL);
		buf_ch(b, '\n');
	}
}
