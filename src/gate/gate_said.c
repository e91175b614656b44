/* What a gate says, in the members' order of docs/format/entries.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "gate/gate_said.h"
#include "json/jw.h"
#include "record/record_payload.h"

static void
bytes_or_null(struct jw *w, const char *name, const uint8_t *p)
{
	if (p != NULL)
		jw_bytes(w, name, p, DIGEST_LEN);
	else
		jw_null(w, name);
}

static void
dec_or_null(struct jw *w, const char *name, uint64_t v)
{
	if (v != RECORD_NONE)
		jw_dec(w, name, v);
	else
		jw_null(w, name);
}

static void
utc_or_null(struct jw *w, const char *name, utc_us t)
{
	if (t > 0)
		jw_utc(w, name, t);
	else
		jw_null(w, name);
}

static void
uuid_or_null(struct jw *w, const char *name, const char *s)
{
	jw_strz(w, name, s != NULL && s[0] != '\0' ? s : NULL);
}

/* Only where it has the form of an id: a peer's text stands nowhere. */
static void
id_or_null(struct jw *w, const char *name, const char *s)
{
	jw_strz(w, name, s != NULL && text_is_id(s, strlen(s)) ? s : NULL);
}

static void
words(struct jw *w, const struct gate_void *v, const struct record_sds *sds)
{
	size_t i;

	if (v != NULL && v->n > 0) {
		jw_arr(w, "void");
		for (i = 0; i < v->n; i++)
			jw_int(w, NULL, (int64_t)v->number[i]);
		jw_end(w);
	}
	if (v != NULL && v->first)
		jw_int(w, "last", (int64_t)v->last);
	if (sds != NULL)
		record_sds_write(sds, w);
}

const char *
gate_form_rule(const struct x1_msg *m)
{
	switch (m->form) {
	case X1_FORM_OK:
		return (NULL);
	case X1_FORM_VERSION:
		return ("form.version");
	case X1_FORM_TYPE:
		return ("form.type");
	case X1_FORM_LATER:
		return ("form.later");
	default:
		break;
	}
	switch (m->code) {
	case X1_CODE_TARGET_KIND:
		return ("form.target");
	case 3050:
		return ("form.services");
	case 6020:
		return ("form.address");
	default:
		return ("form.syntax");
	}
}

static const struct x1_msg *
understood(const struct gate_said *in)
{
	return (in->msg != NULL && in->form == NULL ? in->msg : NULL);
}

static bool
is_task(const struct x1_msg *m)
{
	return (m != NULL && (m->op == X1_OP_ACTIVATE_TASK ||
	    m->op == X1_OP_MODIFY_TASK));
}

static bool
is_destination(const struct x1_msg *m)
{
	return (m != NULL && (m->op == X1_OP_CREATE_DESTINATION ||
	    m->op == X1_OP_MODIFY_DESTINATION));
}

static int
add_targets(struct record_sds *sds, const struct li_task *t)
{
	struct buf b;
	struct jw w;
	size_t i;
	int rc = 0;

	buf_init(&b, 16384);
	for (i = 0; rc == 0 && i < t->targets_n; i++) {
		buf_reset(&b);
		jw_init(&w, &b);
		jw_arr(&w, NULL);
		jw_str(&w, NULL, li_kind_name(t->targets[i].kind));
		jw_str(&w, NULL, t->targets[i].value);
		jw_end(&w);
		if ((rc = b.rc) == 0)
			rc = record_sds_json(sds, "target", buf_text(&b),
			    b.len);
	}
	buf_wipe(&b);
	return (rc);
}

static int
add_address(struct record_sds *sds, const struct li_address *a)
{
	struct buf b;
	int rc;

	buf_init(&b, 8192);
	li_address_text(&b, a);
	if ((rc = b.rc) == 0)
		rc = record_sds_str(sds, "address", buf_text(&b));
	buf_wipe(&b);
	return (rc);
}

static int
add_received(struct record_sds *sds, const void *p, size_t len, size_t max)
{
	char text[24];
	int rc;

	rc = record_sds_bytes(sds, "received", p, len < max ? len : max);
	if (rc != 0 || len <= max)
		return (rc);
	snprintf(text, sizeof(text), "%zu", len);
	return (record_sds_str(sds, "received_len", text));
}

int
gate_said_sds(struct record_sds *sds, const struct gate_said *in,
    const void *root, size_t root_len, const void *received,
    size_t received_len, const struct buf *sent)
{
	const struct x1_msg *m = understood(in);
	int rc = 0;

	if (root != NULL)
		rc = record_sds_bytes(sds, "root", root, root_len);
	if (rc == 0 && received != NULL)
		rc = add_received(sds, received, received_len,
		    m == NULL ? GATE_RECEIVED_MAX : received_len);
	if (rc == 0 && is_task(m))
		rc = add_targets(sds, &m->task);
	if (rc == 0 && is_destination(m))
		rc = add_address(sds, &m->destination.address);
	if (rc == 0 && sent != NULL)
		rc = record_sds_bytes(sds, "sent", sent->p, sent->len);
	return (rc == 0 ? record_sds_sort(sds) : rc);
}

static int
compare_uuid(const void *a, const void *b)
{
	return (strcmp(a, b));
}

static void
write_dids(struct jw *w, const struct x1_msg *m)
{
	li_uuid *dids;
	size_t i, n;

	if (is_task(m)) {
		n = m->task.shape.dids_n;
		if ((dids = calloc(n + 1, sizeof(*dids))) == NULL) {
			w->b->rc = w->b->rc != 0 ? w->b->rc : CU_ENOMEM;
			return;
		}
		memcpy(dids, m->task.shape.dids, n * sizeof(*dids));
		qsort(dids, n, sizeof(*dids), compare_uuid);
		jw_arr(w, "dids");
		for (i = 0; i < n; i++)
			jw_str(w, NULL, dids[i]);
		jw_end(w);
		free(dids);
	} else if (m != NULL && m->did[0] != '\0') {
		jw_arr(w, "dids");
		jw_str(w, NULL, m->did);
		jw_end(w);
	} else
		jw_null(w, "dids");
}

static void
write_services(struct jw *w, unsigned int services)
{
	unsigned int bit;

	if (services == 0) {
		jw_null(w, "services");
		return;
	}
	/* The bits are in the order of their names. */
	jw_arr(w, "services");
	for (bit = 1; bit <= LI_SERVICES; bit <<= 1)
		if ((services & bit) != 0)
			jw_str(w, NULL, li_service_name(bit));
	jw_end(w);
}

static void
write_task(struct jw *w, const struct x1_msg *m)
{
	const struct li_task *t = is_task(m) ? &m->task : NULL;
	enum li_delivery delivery = t != NULL ? t->shape.delivery :
	    is_destination(m) ? m->destination.delivery : LI_DELIVERY_NONE;

	write_dids(w, m);
	uuid_or_null(w, "product", t != NULL ? t->product : NULL);
	dec_or_null(w, "correlation", t != NULL && t->has_correlation ?
	    t->correlation : RECORD_NONE);
	if (t != NULL)
		jw_bool(w, "implicit", t->has_implicit && t->implicit);
	else
		jw_null(w, "implicit");
	jw_strz(w, "delivery", delivery != LI_DELIVERY_NONE ?
	    li_delivery_name(delivery) : NULL);
	write_services(w, t != NULL ? t->shape.services : 0);
	if (t != NULL)
		jw_int(w, "mediation", (int64_t)t->meds_n);
	else
		jw_null(w, "mediation");
}

static void
write_leniencies(struct jw *w, unsigned int left)
{
	unsigned int bit;

	jw_arr(w, "leniencies");
	for (bit = 1; left != 0; bit <<= 1)
		if ((left & bit) != 0) {
			jw_str(w, NULL, x1_dialect_name(bit));
			left &= ~bit;
		}
	jw_end(w);
}

static void
write_envelope(struct jw *w, const struct x1_msg *m)
{
	uuid_or_null(w, "transaction", m != NULL ? m->head.transaction : NULL);
	if (m != NULL && m->head.stamp != LI_TIME_NONE)
		jw_utc(w, "stamp", m->head.stamp);
	else
		jw_null(w, "stamp");
	uuid_or_null(w, "version", m != NULL ? m->head.version : NULL);
}

static void
write_type(struct jw *w, const struct x1_msg *m)
{
	jw_strz(w, "type", m != NULL && m->op != X1_OP_NONE ?
	    x1_op_name(m->op) : NULL);
}

static void
write_command(struct jw *w, const struct gate_said *in)
{
	const struct x1_msg *m = in->msg, *ok = understood(in);

	jw_strz(w, "requester", in->requester);
	bytes_or_null(w, "certificate", in->certificate);
	jw_strz(w, "bound", in->bound);
	id_or_null(w, "admf", m != NULL ? m->head.admf : NULL);
	id_or_null(w, "ne", m != NULL ? m->head.ne : NULL);
	dec_or_null(w, "element", in->element);
	write_type(w, m);
	write_envelope(w, m);
	uuid_or_null(w, "xid", ok != NULL ? ok->xid : NULL);
	write_task(w, ok);
	write_leniencies(w, m != NULL ? m->leniencies : 0);
	jw_strz(w, "form", in->form);
	jw_dec(w, "size", in->size);
}

void
gate_said_command(struct buf *b, const struct gate_said *in,
    const struct record_sds *sds, const struct gate_void *v)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	write_command(&w, in);
	words(&w, v, sds);
	jw_end(&w);
}

void
gate_said_late(struct buf *b, const struct gate_said *in, uint64_t request,
    const struct record_sds *sds, const struct gate_void *v)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	write_command(&w, in);
	if (request != 0)
		jw_int(&w, "request", (int64_t)request);
	else
		jw_null(&w, "request");
	words(&w, v, sds);
	jw_end(&w);
}

void
gate_said_report(struct buf *b, const struct gate_said *in,
    const struct record_sds *sds, const struct gate_void *v)
{
	const struct x1_msg *m = in->msg, *ok = understood(in);
	const char *issue = NULL;
	struct jw w;

	if (ok != NULL && ok->op == X1_OP_REPORT_NE_ISSUE)
		issue = x1_ne_issue_name(ok->report.ne_issue);
	else if (ok != NULL && ok->report.type != X1_REPORT_NONE)
		issue = x1_report_type_name(ok->report.type);
	jw_init(&w, b);
	jw_obj(&w, NULL);
	dec_or_null(&w, "element", in->element);
	bytes_or_null(&w, "certificate", in->certificate);
	jw_strz(&w, "bound", in->bound);
	id_or_null(&w, "ne", m != NULL ? m->head.ne : NULL);
	id_or_null(&w, "admf", m != NULL ? m->head.admf : NULL);
	/* Only what an element has to send has a name here. */
	write_type(&w, m != NULL && m->op >= X1_OP_REPORT_TASK_ISSUE &&
	    m->op <= X1_OP_KEEPALIVE ? m : NULL);
	write_envelope(&w, m);
	uuid_or_null(&w, "xid", ok != NULL ? ok->xid : NULL);
	uuid_or_null(&w, "did", ok != NULL ? ok->did : NULL);
	uuid_or_null(&w, "issue", issue);
	if (ok != NULL && ok->report.has_code)
		jw_int(&w, "code", ok->report.code);
	else
		jw_null(&w, "code");
	write_leniencies(&w, m != NULL ? m->leniencies : 0);
	jw_dec(&w, "size", in->size);
	words(&w, v, sds);
	jw_end(&w);
}

static void
write_outcome(struct jw *w, const struct gate_result *r)
{
	jw_str(w, "what", r->what);
	jw_strz(w, "why", r->why);
	if (r->mine_decision != NULL) {
		jw_arr(w, "mine");
		jw_str(w, NULL, r->mine_decision);
		jw_str(w, NULL, r->mine_rule);
		jw_end(w);
	} else
		jw_null(w, "mine");
	utc_or_null(w, "sent_at", r->sent_at);
	utc_or_null(w, "answered_at", r->answered_at);
	jw_strz(w, "answer", r->answer);
	if (r->has_code)
		jw_int(w, "code", r->code);
	else
		jw_null(w, "code");
	if (r->http != 0)
		jw_int(w, "http", r->http);
	else
		jw_null(w, "http");
	bytes_or_null(w, "certificate", r->has_certificate ? r->certificate :
	    NULL);
	dec_or_null(w, "checkpoint", r->checkpoint);
	if (r->leniencies != 0)
		write_leniencies(w, r->leniencies);
}

void
gate_said_outcome_rest(struct buf *b, const struct gate_result *r,
    const struct record_sds *sds, const struct gate_void *v)
{
	struct jw w;
	size_t at = b->len;

	/* As an object of its own, whose brace then becomes the comma. */
	jw_init(&w, b);
	jw_obj(&w, NULL);
	write_outcome(&w, r);
	words(&w, v, sds);
	jw_end(&w);
	if (b->rc == 0)
		b->p[at] = ',';
}

void
gate_said_outcome_join(struct buf *b, uint64_t command, const char *rest,
    size_t len)
{
	buf_printf(b, "{\"command\":\"%llu\"", (unsigned long long)command);
	buf_add(b, rest, len);
}

void
gate_said_outcome(struct buf *b, uint64_t command, const struct gate_result *r,
    const struct record_sds *sds, const struct gate_void *v)
{
	buf_printf(b, "{\"command\":\"%llu\"", (unsigned long long)command);
	gate_said_outcome_rest(b, r, sds, v);
}

int
gate_said_answer(struct record_sds *sds, const void *p, size_t len,
    bool digest_only)
{
	uint8_t hash[DIGEST_LEN];
	struct buf b;
	struct jw w;
	int rc;

	if (!digest_only && len <= GATE_ANSWER_MAX)
		return (record_sds_bytes(sds, "answer", p, len));
	digest(hash, p, len);
	buf_init(&b, 256);
	jw_init(&w, &b);
	jw_arr(&w, NULL);
	jw_dec(&w, NULL, len);
	jw_bytes(&w, NULL, hash, sizeof(hash));
	jw_end(&w);
	if ((rc = b.rc) == 0)
		rc = record_sds_json(sds, "answer", buf_text(&b), b.len);
	buf_fini(&b);
	return (rc);
}

void
gate_said_start(struct buf *b, const struct gate_self *s,
    const struct gate_void *v)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_str(&w, "version", s->version);
	jw_str(&w, "build", s->build);
	jw_bytes(&w, "config", s->config, DIGEST_LEN);
	jw_dec(&w, "size", s->size);
	jw_int(&w, "spool", (int64_t)s->spool);
	words(&w, v, NULL);
	jw_end(&w);
}

void
gate_said_stop(struct buf *b, const struct gate_self *s,
    const struct gate_void *v)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_dec(&w, "size", s->size);
	words(&w, v, NULL);
	jw_end(&w);
}

void
gate_said_beat(struct buf *b, const struct gate_self *s,
    const struct gate_void *v)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_dec(&w, "size", s->size);
	jw_bytes(&w, "root", s->root, DIGEST_LEN);
	jw_int(&w, "spool", (int64_t)s->spool);
	jw_int(&w, "tls_refused", (int64_t)s->tls_refused);
	jw_int(&w, "refused", (int64_t)s->refused);
	jw_bool(&w, "spool_failed", s->spool_failed);
	words(&w, v, NULL);
	jw_end(&w);
}
