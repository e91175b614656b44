/* src/x1/x1_request.c: request containers (TS 103 221-1 clauses 6.1 to 6.6) */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "x1/x1_decode.h"
#include "x1/x1_read.h"

/* What follows the envelope of a request. */
enum body { BODY_NONE, BODY_TASK, BODY_XID, BODY_DESTINATION, BODY_DID,
	BODY_TASK_ISSUE, BODY_DESTINATION_ISSUE, BODY_NE_ISSUE };

static enum body
body_of(enum x1_op op)
{
	switch (op) {
	case X1_OP_ACTIVATE_TASK:
	case X1_OP_MODIFY_TASK:
		return (BODY_TASK);
	case X1_OP_DEACTIVATE_TASK:
	case X1_OP_GET_TASK_DETAILS:
		return (BODY_XID);
	case X1_OP_CREATE_DESTINATION:
	case X1_OP_MODIFY_DESTINATION:
		return (BODY_DESTINATION);
	case X1_OP_REMOVE_DESTINATION:
	case X1_OP_GET_DESTINATION_DETAILS:
		return (BODY_DID);
	case X1_OP_REPORT_TASK_ISSUE:
		return (BODY_TASK_ISSUE);
	case X1_OP_REPORT_DESTINATION_ISSUE:
		return (BODY_DESTINATION_ISSUE);
	case X1_OP_REPORT_NE_ISSUE:
		return (BODY_NE_ISSUE);
	default:
		return (BODY_NONE);
	}
}

/* The code for a well-formed request with parts that we do not support yet. */
static int
later_code(enum x1_op op)
{
	switch (op) {
	case X1_OP_ACTIVATE_TASK:
		return (X1_CODE_TASK);
	case X1_OP_MODIFY_TASK:
		return (X1_CODE_TASK + 1);
	case X1_OP_CREATE_DESTINATION:
		return (X1_CODE_DESTINATION);
	case X1_OP_MODIFY_DESTINATION:
		return (X1_CODE_DESTINATION + 1);
	default:
		return (X1_CODE_UNSUPPORTED);
	}
}

static int
read_report_type(struct x1_reader *r, const struct xml_node *n,
    enum x1_report_type *out)
{
	int i, rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	for (i = X1_REPORT_ALL_CLEAR; i <= X1_REPORT_ACTIONED_BAD; i++) {
		if (text_eq(buf_text(&r->text), r->text.len,
		    x1_report_type_name((enum x1_report_type)i))) {
			*out = (enum x1_report_type)i;
			return (0);
		}
	}
	return (x1_refuse(r, n, "not one of its values"));
}

/* The parts that reports of tasks and destinations have in common. */
static int
read_issue(struct x1_reader *r, struct x1_seq *s, struct x1_report *p,
    const char *type, const char *code, const char *details)
{
	const struct xml_node *c;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, type, &c)) != 0 ||
	    (rc = read_report_type(r, c, &p->type)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, code)) != NULL) {
		if ((rc = x1_read_int(r, c, &p->code)) != 0)
			return (rc);
		p->has_code = true;
	}
	if ((c = x1_seq_opt(s, X1_NS, details)) != NULL &&
	    (rc = x1_read_string(r, c, &p->text, X1_TEXT_MAX)) != 0)
		return (rc);
	if (xml_is(s->next, X1_NS, "taskIssueExtensions"))
		return (x1_later(r, "taskIssueExtensions", r->later_code));
	return (0);
}

static int
read_ne_issue(struct x1_reader *r, struct x1_seq *s, struct x1_report *p)
{
	const struct xml_node *c;
	int i, rc;

	if ((rc = x1_seq_need(r, s, X1_NS, "typeOfNeIssueMessage", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	for (i = X1_NE_ISSUE_WARNING; i <= X1_NE_ISSUE_ALERT; i++)
		if (text_eq(buf_text(&r->text), r->text.len,
		    x1_ne_issue_name((enum x1_ne_issue)i)))
			p->ne_issue = (enum x1_ne_issue)i;
	if (p->ne_issue == X1_NE_ISSUE_NONE)
		return (x1_refuse(r, c, "not one of its values"));
	if ((rc = x1_seq_need(r, s, X1_NS, "description", &c)) != 0 ||
	    (rc = x1_read_string(r, c, &p->text, X1_TEXT_MAX)) != 0)
		return (rc);
	if ((c = x1_seq_opt(s, X1_NS, "issueCode")) != NULL) {
		if ((rc = x1_read_int(r, c, &p->code)) != 0)
			return (rc);
		p->has_code = true;
	}
	if (xml_is(s->next, X1_NS, "nEIssueExtensions"))
		return (x1_later(r, "nEIssueExtensions", r->later_code));
	return (0);
}

static int
read_body(struct x1_reader *r, struct x1_seq *s, struct x1_msg *m)
{
	enum body body = body_of(m->op);
	const struct xml_node *c;
	int rc = 0;

	switch (body) {
	case BODY_NONE:
		break;
	case BODY_TASK:
		if ((rc = x1_seq_need(r, s, X1_NS, "taskDetails", &c)) == 0 &&
		    (rc = x1_read_task(r, c, &m->task)) == 0)
			memcpy(m->xid, m->task.xid, sizeof(m->xid));
		break;
	case BODY_DESTINATION:
		if ((rc = x1_seq_need(r, s, X1_NS, "destinationDetails", &c))
		    == 0 && (rc = x1_read_destination(r, c, &m->destination))
		    == 0)
			memcpy(m->did, m->destination.did, sizeof(m->did));
		break;
	case BODY_XID:
	case BODY_TASK_ISSUE:
		if ((rc = x1_seq_need(r, s, X1_NS, "xId", &c)) == 0)
			rc = x1_read_uuid(r, c, m->xid);
		if (rc == 0 && body == BODY_TASK_ISSUE)
			rc = read_issue(r, s, &m->report, "taskReportType",
			    "taskIssueErrorCode", "taskIssueDetails");
		break;
	case BODY_DID:
	case BODY_DESTINATION_ISSUE:
		if ((rc = x1_seq_need(r, s, X1_NS, "dId", &c)) == 0)
			rc = x1_read_uuid(r, c, m->did);
		if (rc == 0 && body == BODY_DESTINATION_ISSUE)
			rc = read_issue(r, s, &m->report,
			    "destinationReportType",
			    "destinationIssueErrorCode",
			    "destinationIssueDetails");
		break;
	case BODY_NE_ISSUE:
		rc = read_ne_issue(r, s, &m->report);
		break;
	}
	return (rc != 0 ? rc : x1_seq_end(r, s));
}

/* All of a message behind its identifiers, which were read already. */
static int
read_message(struct x1_reader *r, const struct xml_node *n, struct x1_msg *m)
{
	struct x1_seq s = { n, xml_child(n) };
	const char *name;
	size_t len;
	int rc;

	if ((rc = x1_read_type(r, n, "Request", &name, &len)) != 0)
		return (rc);
	m->op = x1_op_find(name, len);
	if (m->op == X1_OP_NONE || m->op == X1_OP_EXTENDED) {
		m->op = X1_OP_NONE;
		x1_refuse(r, n, "xsi:type of no message");
		r->form = X1_FORM_TYPE;
		r->code = X1_CODE_UNSUPPORTED;
		return (CU_EMALFORMED);
	}
	if (!xml_pure(n))
		return (x1_refuse(r, n, "text between elements"));
	r->later_code = later_code(m->op);
	if ((rc = x1_read_head(r, &s, &m->head, true)) != 0)
		return (rc);
	if (m->op >= X1_OP_GENERIC)
		return (x1_later(r, x1_op_name(m->op), X1_CODE_UNSUPPORTED));
	return (read_body(r, &s, m));
}

/* Forget what was read of a message that was not understood. */
static void
forget(struct x1_msg *m)
{
	li_task_fini(&m->task);
	li_destination_fini(&m->destination);
	free(m->report.text);
	memset(&m->report, 0, sizeof(m->report));
	m->xid[0] = m->did[0] = '\0';
}

static int
take_message(struct x1_msg *m, const struct xml_node *n, unsigned int dialect,
    struct cu_why *why)
{
	struct x1_reader r;
	int rc;

	x1_reader_init(&r, dialect, why);
	if ((rc = x1_read_ids(&r, n, &m->head, true)) != 0)
		goto out;		/* nobody to answer to */
	r.why = &m->why;
	rc = read_message(&r, n, m);
	m->leniencies = r.leniencies;
	if (rc == CU_EMALFORMED) {
		m->form = r.form;
		m->code = r.code;
		forget(m);
		rc = 0;
	}
out:	x1_reader_fini(&r);
	return (rc);
}

/* The container: X1Request with nothing but messages, at most ${max}. */
static int
count_messages(const struct xml_node *root, size_t max, size_t *n,
    struct cu_why *why)
{
	const struct xml_node *c;

	if (!xml_is(root, X1_NS, "X1Request")) {
		cu_why_set(why, "the root is not X1Request of the namespace");
		return (CU_EMALFORMED);
	}
	if (!xml_plain(root) || !xml_pure(root)) {
		cu_why_set(why, "X1Request: text or an attribute");
		return (CU_EMALFORMED);
	}
	for (*n = 0, c = xml_child(root); c != NULL; c = xml_next(c), ++*n) {
		if (!xml_is(c, X1_NS, "x1RequestMessage")) {
			cu_why_set(why, "X1Request: an element that is not "
			    "x1RequestMessage");
			return (CU_EMALFORMED);
		}
	}
	if (*n == 0) {
		cu_why_set(why, "X1Request: no x1RequestMessage");
		return (CU_EMALFORMED);
	}
	if (*n > max || *n > X1_CONTAINER_MAX) {
		cu_why_set(why, "X1Request: %zu messages are too many", *n);
		return (CU_ELIMIT);
	}
	return (0);
}

int
x1_request_decode(struct x1_request **out, const void *body, size_t len,
    unsigned int dialect, size_t max, struct cu_why *why)
{
	const struct xml_node *c;
	struct x1_request *r;
	struct xml_scan scan = { 0 };
	struct xml_doc *doc;
	size_t n;
	int rc;

	if (len > X1_REQUEST_MAX) {
		cu_why_set(why, "%zu bytes are too many", len);
		return (CU_ELIMIT);
	}
	/* Its limits are a matter of form; CU_ELIMIT is of the container. */
	if ((rc = xml_parse(&doc, &scan, body, len, XML_REQUEST_TAGS_MAX,
	    why)) != 0)
		return (rc == CU_ELIMIT ? CU_EMALFORMED : rc);
	if ((rc = count_messages(xml_root(doc), max, &n, why)) != 0)
		goto err0;
	/* The prescan and libxml2 must have seen the same children. */
	if (n != scan.child_n) {
		cu_why_set(why, "X1Request: two readings");
		rc = CU_EMALFORMED;
		goto err0;
	}
	rc = CU_ENOMEM;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		goto err0;
	if ((r->msgs = calloc(n, sizeof(*r->msgs))) == NULL ||
	    (r->body = malloc(len)) == NULL)
		goto err1;
	memcpy(r->body, body, len);
	r->root = r->body + scan.root.off;
	r->root_len = scan.root.len;
	for (c = xml_child(xml_root(doc)); c != NULL; c = xml_next(c), r->n++) {
		r->msgs[r->n].received = r->body + scan.child[r->n].off;
		r->msgs[r->n].received_len = scan.child[r->n].len;
		if ((rc = take_message(&r->msgs[r->n], c, dialect, why)) != 0) {
			cu_why_in(why, "message %zu", r->n + 1);
			goto err1;
		}
	}
	xml_scan_fini(&scan);
	xml_free(doc);
	*out = r;
	return (0);

err1:	x1_request_free(r);
err0:	xml_scan_fini(&scan);
	xml_free(doc);
	return (rc);
}

void
x1_request_free(struct x1_request *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++)
		x1_msg_fini(&r->msgs[i]);
	free(r->msgs);
	free(r->body);
	free(r);
}
