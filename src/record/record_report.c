/* src/record/record_report.c: what a process says, signed with its key */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "record/record_lines.h"
#include "record/record_report.h"

#define TEXT_MAX	1024	/* bytes of a signed text */

/* Kinds that processes report; statements and findings are none. */
static bool
is_report(enum record_kind kind)
{
	return (kind >= RECORD_COMMAND && kind < RECORD_KIND_N);
}

void
record_report_text(struct buf *b, const struct record_report *r,
    const struct record_log *log, const char *key, utc_us time)
{
	uint8_t dg[DIGEST_LEN];

	digest(dg, r->said, r->said_len);
	buf_str(b, "custos-report/v1\n");
	record_put_log(b, log);
	buf_printf(b, "kind %s\ninstance %s\nstart %llu\nnumber %llu\n",
	    record_kind_name(r->kind), r->instance,
	    (unsigned long long)r->start, (unsigned long long)r->n);
	record_put_payload(b, dg);
	record_put_key(b, key, time);
}

/* May this be signed, or have been? */
static bool
valid(const struct record_report *r, const struct record_log *log)
{
	return (is_report(r->kind) && log->genesis != NULL && r->start >= 1 &&
	    r->start <= RECORD_COUNT_MAX && r->n >= 1 &&
	    r->n <= RECORD_COUNT_MAX && r->said_len <= RECORD_PAYLOAD_MAX &&
	    text_is_id(r->instance, strlen(r->instance)));
}

int
record_report_sign(struct record_sig *out, const struct record_report *r,
    const struct record_log *log, struct sign_key *key, utc_us time)
{
	struct buf b;
	int rc;

	if (!valid(r, log))
		return (CU_EMALFORMED);
	record_key_id(out->key, sign_key_public(key));
	out->time = time;
	buf_init(&b, TEXT_MAX);
	record_report_text(&b, r, log, out->key, time);
	if ((rc = b.rc) == 0)
		rc = sign_make(key, out->sig, b.p, b.len);
	buf_fini(&b);
	return (rc);
}

bool
record_report_verify(const struct record_report *r,
    const struct record_log *log, const struct record_sig *sig,
    const uint8_t public[SIGN_PUBLIC_LEN])
{
	char id[RECORD_KEY_ID_LEN + 1];
	struct buf b;
	bool ok;

	record_key_id(id, public);
	if (!valid(r, log) || strcmp(id, sig->key) != 0)
		return (false);
	buf_init(&b, TEXT_MAX);
	record_report_text(&b, r, log, id, sig->time);
	ok = b.rc == 0 && sign_verify(public, sig->sig, b.p, b.len);
	buf_fini(&b);
	return (ok);
}

int
record_report_read(struct record_report_text *out, const char *text,
    size_t len, struct cu_why *why)
{
	struct record_report_text r = { 0 };
	struct record_lines l = { text, len };
	const char *line = "custos-report/v1", *s;
	char kind[16];
	size_t n;

	if (record_line_is(&l, line) != 0)
		goto bad;
	line = "log";
	if (record_line_log(&l, &r.origin, &r.origin_len, r.genesis) != 0 ||
	    r.genesis[0] == '\0')
		goto bad;
	line = "kind";
	if (record_line(&l, line, &s, &n) != 0 || n >= sizeof(kind))
		goto bad;
	memcpy(kind, s, n);
	kind[n] = '\0';
	if (strlen(kind) != n || !is_report(r.kind = record_kind_find(kind)))
		goto bad;
	line = "instance";
	if (record_line(&l, line, &s, &n) != 0 || !text_is_id(s, n))
		goto bad;
	memcpy(r.instance, s, n);
	line = "start";
	if (record_line_count(&l, line, &r.start) != 0)
		goto bad;
	line = "number";
	if (record_line_count(&l, line, &r.n) != 0)
		goto bad;
	line = "payload";
	if (record_line_digest(&l, r.digest) != 0)
		goto bad;
	line = "key or time";
	if (record_line_key(&l, r.key, &r.time) != 0)
		goto bad;
	line = "after the last";
	if (l.left != 0)
		goto bad;
	*out = r;
	return (0);

bad:	cu_why_set(why, "signed text: line %s", line);
	return (CU_EMALFORMED);
}
