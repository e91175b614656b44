/*
 * src/cli/cli_verify_sent.c: log verify, full: the bytes that were received and
 * that were to be sent say what was decided, and nothing else
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "cli/cli_verify_impl.h"
#include "x1/x1_decode.h"

#define ROOT_NAME_MAX	256	/* bytes of "prefix:X1Request" */

static bool
is_task(const struct x1_msg *m)
{
	return (m->op == X1_OP_ACTIVATE_TASK || m->op == X1_OP_MODIFY_TASK);
}

static bool
is_destination(const struct x1_msg *m)
{
	return (m->op == X1_OP_CREATE_DESTINATION ||
	    m->op == X1_OP_MODIFY_DESTINATION);
}

/* Is the member that text; null where there is none? */
static bool
is_text(const struct jv *said, const char *name, const char *text)
{
	const struct jv *v = jv_get(said, name);

	return (text[0] == '\0' ? jv_is(v, JV_NULL) : jv_streq(v, text));
}

/* An identifier stands in clear only where it has the form of an id. */
static bool
is_identifier(const struct jv *said, const char *name, const char *text)
{
	return (is_text(said, name, text_is_id(text, strlen(text)) ? text :
	    ""));
}

static size_t
count(const struct rules *r, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < r->value_n; i++)
		n += strcmp(r->value[i].sd.name, name) == 0;
	return (n);
}

/* The envelope: the member that differs, or NULL. */
static const char *
envelope_differs(const struct jv *said, const struct x1_msg *m)
{
	utc_us stamp;

	if (!is_text(said, "type", x1_op_name(m->op)))
		return ("type");
	if (!is_identifier(said, "admf", m->head.admf))
		return ("admf");
	if (!is_identifier(said, "ne", m->head.ne))
		return ("ne");
	if (!is_text(said, "version", m->head.version))
		return ("version");
	if (!is_text(said, "transaction", m->head.transaction))
		return ("transaction");
	if (jv_utc(jv_get(said, "stamp"), &stamp) != 0 ||
	    stamp != m->head.stamp)
		return ("stamp");
	return (is_text(said, "xid", m->xid) ? NULL : "xid");
}

/* The same DIDs, whatever their order? */
static bool
same_dids(const struct jv *said, const struct x1_msg *m)
{
	const struct jv *dids = jv_get(said, "dids");
	size_t i, k;

	if (!is_task(m))
		return (m->did[0] == '\0' ? jv_is(dids, JV_NULL) :
		    jv_len(dids) == 1 && jv_streq(jv_at(dids, 0), m->did));
	if (!jv_is(dids, JV_ARRAY) || jv_len(dids) != m->task.shape.dids_n)
		return (false);
	/* Sorted, each once: as many on both sides are the same. */
	for (i = 0; i < jv_len(dids); i++) {
		for (k = 0; k < m->task.shape.dids_n; k++)
			if (jv_streq(jv_at(dids, i), m->task.shape.dids[k]))
				break;
		if (k == m->task.shape.dids_n)
			return (false);
	}
	return (true);
}

static bool
same_services(const struct jv *v, unsigned int services)
{
	unsigned int all = 0, bit;
	const char *s;
	size_t i, len;

	if (services == 0)
		return (jv_is(v, JV_NULL));
	for (i = 0; i < jv_len(v); i++) {
		if ((s = jv_str(jv_at(v, i), &len)) == NULL ||
		    (bit = li_service_find(s, len)) == 0)
			return (false);
		all |= bit;
	}
	return (all == services);
}

/* Are the disclosed targets those of the task, one for one? */
static bool
same_targets(const struct rules *r, const struct li_task *t)
{
	const struct jv *v;
	size_t i, k;

	if (count(r, "target") != t->targets_n)
		return (false);
	for (i = 0; i < t->targets_n; i++) {
		for (k = 0; k < r->value_n; k++) {
			v = r->value[k].sd.value;
			if (strcmp(r->value[k].sd.name, "target") == 0 &&
			    jv_len(v) == 2 && jv_streq(jv_at(v, 0),
			    li_kind_name(t->targets[i].kind)) &&
			    jv_streq(jv_at(v, 1), t->targets[i].value))
				break;
		}
		if (k == r->value_n)
			return (false);
	}
	return (true);
}

static const char *
task_differs(const struct rules *r, const struct jv *said,
    const struct li_task *t)
{
	uint64_t correlation;
	int64_t mediation;
	bool implicit;

	if (!is_text(said, "product", t->product))
		return ("product");
	if (t->has_correlation ? jv_dec(jv_get(said, "correlation"),
	    &correlation) != 0 || correlation != t->correlation :
	    !jv_is(jv_get(said, "correlation"), JV_NULL))
		return ("correlation");
	if (jv_bool(jv_get(said, "implicit"), &implicit) != 0 ||
	    implicit != (t->has_implicit && t->implicit))
		return ("implicit");
	if (!is_text(said, "delivery", li_delivery_name(t->shape.delivery)))
		return ("delivery");
	if (!same_services(jv_get(said, "services"), t->shape.services))
		return ("services");
	if (jv_int(jv_get(said, "mediation"), &mediation) != 0 ||
	    mediation != (int64_t)t->meds_n)
		return ("mediation");
	return (same_targets(r, t) ? NULL : "target");
}

static const char *
destination_differs(const struct rules *r, const struct jv *said,
    const struct li_destination *d)
{
	struct buf at;
	bool same;

	if (!is_text(said, "delivery", li_delivery_name(d->delivery)))
		return ("delivery");
	buf_init(&at, RECORD_ENTRY_MAX);
	li_address_text(&at, &d->address);
	same = at.rc == 0 && count(r, "address") == 1 &&
	    jv_streq(verify_value(r, "address"), buf_text(&at));
	buf_wipe(&at);
	return (same ? NULL : "address");
}

/* Is the token that the keeper made that of this message's line? */
static int
check_line(struct rules *r, const struct record_entry *e,
    const struct x1_msg *m)
{
	uint8_t token[DIGEST_LEN], want[DIGEST_LEN];
	struct state_element el;
	uint64_t index;
	struct buf line;
	int rc = 0;

	if (jv_bytes(jv_get(e->own, "line"), want, sizeof(want)) != 0)
		return (0);
	buf_init(&line, RECORD_ENTRY_MAX);
	if (is_task(m)) {
		if ((rc = li_task_line(&line, &m->task)) == 0)
			rc = state_task_token(r->state, m->xid, line.p,
			    line.len, token);
	} else if (is_destination(m)) {
		li_destination_line(&line, &m->destination);
		rc = jv_dec(jv_get(e->said_v, "element"), &index) == 0 &&
		    state_element_at(r->state, index, &el) ?
		    state_destination_token(r->state, el.id, line.p, line.len,
		    token) : CU_EDENIED;
	} else
		rc = CU_EDENIED;
	buf_wipe(&line);
	if (rc == CU_ESTATE)
		return (0);		/* its key was deleted */
	return (rc == 0 && memcmp(token, want, sizeof(want)) != 0 ?
	    CU_EDENIED : rc);
}

/* Compare one decoded message with the clear members and what was disclosed. */
static int
compare(struct rules *r, const struct record_entry *e, const struct x1_msg *m)
{
	const struct jv *said = e->said_v;
	const char *differs;
	int rc;

	if ((differs = envelope_differs(said, m)) == NULL &&
	    !same_dids(said, m))
		differs = "dids";
	if (differs == NULL && is_task(m))
		differs = task_differs(r, said, &m->task);
	else if (differs == NULL && is_destination(m))
		differs = destination_differs(r, said, &m->destination);
	if (differs == NULL && (rc = check_line(r, e, m)) != 0) {
		if (rc == CU_ENOMEM)
			return (rc);
		differs = "line";
	}
	if (differs == NULL)
		return (0);
	cu_why_set(r->why, "%s differs", differs);
	return (CU_EDENIED);
}

/* Decode a container of one message, with the leniencies that are declared. */
static int
check_bytes(struct rules *r, const struct record_entry *e, const struct buf *b,
    unsigned int dialect)
{
	struct x1_request *q = NULL;
	int rc = b->rc;

	if (rc == 0)
		rc = x1_request_decode(&q, b->p, b->len, dialect, 1, r->why);
	if (rc == 0 && (q->n != 1 || q->msgs[0].form != X1_FORM_OK)) {
		cu_why_set(r->why, "not understood");
		rc = CU_EMALFORMED;
	}
	if (rc == 0 && q->msgs[0].leniencies != dialect) {
		cu_why_set(r->why, "leniencies differs");
		rc = CU_EDENIED;
	}
	if (rc == 0)
		rc = compare(r, e, &q->msgs[0]);
	x1_request_free(q);
	return (rc);
}

/* Append the bytes that were disclosed under that name. */
static int
append(struct rules *r, const char *name, struct buf *b)
{
	uint8_t *raw;
	const char *s;
	size_t len, n;
	int rc = CU_EMALFORMED;

	if ((s = jv_str(verify_value(r, name), &len)) == NULL)
		return (rc);
	if ((raw = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	if (text_unb64url(raw, len, &n, s, len) == 0) {
		buf_add(b, raw, n);
		rc = b->rc;
	}
	explicit_bzero(raw, len);
	free(raw);
	return (rc);
}

static int
check_sent(struct rules *r, const struct record_entry *e)
{
	struct buf b;
	int rc;

	buf_init(&b, X1_REQUEST_MAX);
	if ((rc = append(r, "sent", &b)) == 0)
		rc = check_bytes(r, e, &b, 0);
	if (rc != 0)
		cu_why_in(r->why, "the bytes to be sent are not the command "
		    "that was decided");
	buf_wipe(&b);
	r->did->sent++;
	return (rc);
}

/* Append the end tag that the start tag in front, of ${len} bytes, asks for. */
static void
close_root(struct buf *b, size_t len)
{
	char name[ROOT_NAME_MAX];
	size_t n;

	for (n = 0; n + 1 < len && n < sizeof(name) &&
	    strchr("> \t\r\n", b->p[n + 1]) == NULL; n++)
		name[n] = (char)b->p[n + 1];
	buf_str(b, "</");
	buf_add(b, name, n);
	buf_ch(b, '>');
}

static int
check_received(struct rules *r, const struct record_entry *e)
{
	const struct jv *lenient = jv_get(e->said_v, "leniencies");
	unsigned int dialect = 0;
	struct buf b;
	const char *s;
	size_t i, len, root;
	int rc;

	for (i = 0; i < jv_len(lenient); i++)
		if ((s = jv_str(jv_at(lenient, i), &len)) != NULL)
			dialect |= x1_dialect_find(s, len);
	buf_init(&b, X1_REQUEST_MAX);
	rc = append(r, "root", &b);
	root = b.len;
	if (rc == 0 && (rc = append(r, "received", &b)) == 0) {
		close_root(&b, root);
		rc = check_bytes(r, e, &b, dialect);
	}
	if (rc != 0)
		cu_why_in(r->why, "the bytes received are not the command that "
		    "was decided");
	buf_wipe(&b);
	return (rc);
}

int
verify_messages(struct rules *r, const struct record_entry *e)
{
	static const char *const once[] = { "root", "received", "sent",
	    "address", "received_len" };
	bool read = jv_is(jv_get(e->said_v, "form"), JV_NULL) &&
	    !jv_is(jv_get(e->said_v, "type"), JV_NULL);
	size_t i, n;
	int rc;

	if (!r->whole)
		return (0);
	for (i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		n = count(r, once[i]);
		/* Where it was understood, the first three are all there. */
		if (n <= 1 && (!read || i >= 3 || n == 1))
			continue;
		cu_why_set(r->why, "disclosure %s: %s", once[i], n > 1 ?
		    "twice" : "missing");
		return (CU_EMALFORMED);
	}
	if (!read && count(r, "sent") + count(r, "target") +
	    count(r, "address") > 0) {
		cu_why_set(r->why, "the bytes to be sent of what was not "
		    "understood");
		return (CU_EMALFORMED);
	}
	if (!read)
		return (0);
	if ((rc = check_sent(r, e)) != 0)
		return (rc);
	return (check_received(r, e));
}
