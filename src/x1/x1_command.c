/* src/x1/x1_command.c: requests, fresh from what was decoded */
#include <stdio.h>
#include <string.h>
#include "x1/x1_command.h"
#include "x1/x1_write.h"

static void
fail(struct buf *b, int rc)
{
	if (b->rc == 0)
		b->rc = rc;
}

static void
write_id(struct buf *b, const char *name, const char *id)
{
	if (id[0] == '\0')
		fail(b, CU_ESTATE);
	x1_write_leaf(b, name, id);
}

static void
write_code(struct buf *b, const char *name, const struct x1_report *p)
{
	if (p->has_code)
		buf_printf(b, "<%s>%lld</%s>", name, (long long)p->code, name);
}

static void
write_issue(struct buf *b, const struct x1_msg *m)
{
	const struct x1_report *p = &m->report;
	bool task = m->op == X1_OP_REPORT_TASK_ISSUE;

	write_id(b, task ? "xId" : "dId", task ? m->xid : m->did);
	if (p->type == X1_REPORT_NONE)
		fail(b, CU_ESTATE);
	x1_write_leaf(b, task ? "taskReportType" : "destinationReportType",
	    x1_report_type_name(p->type));
	write_code(b, task ? "taskIssueErrorCode" :
	    "destinationIssueErrorCode", p);
	if (p->text != NULL)
		x1_write_leaf(b, task ? "taskIssueDetails" :
		    "destinationIssueDetails", p->text);
}

static void
write_ne_issue(struct buf *b, const struct x1_report *p)
{
	if (p->ne_issue == X1_NE_ISSUE_NONE)
		fail(b, CU_ESTATE);
	x1_write_leaf(b, "typeOfNeIssueMessage",
	    x1_ne_issue_name(p->ne_issue));
	x1_write_leaf(b, "description", p->text != NULL ? p->text : "");
	write_code(b, "issueCode", p);
}

static void
write_msg(struct buf *b, const struct x1_msg *m)
{
	char type[64];

	if (m->form != X1_FORM_OK || m->op == X1_OP_NONE ||
	    m->op >= X1_OP_GENERIC) {
		fail(b, CU_ESTATE);
		return;
	}
	snprintf(type, sizeof(type), "%sRequest", x1_op_name(m->op));
	x1_write_message(b, "x1RequestMessage", type, &m->head);
	switch (m->op) {
	case X1_OP_ACTIVATE_TASK:
	case X1_OP_MODIFY_TASK:
		x1_write_task(b, &m->task);
		break;
	case X1_OP_DEACTIVATE_TASK:
	case X1_OP_GET_TASK_DETAILS:
		write_id(b, "xId", m->xid);
		break;
	case X1_OP_CREATE_DESTINATION:
	case X1_OP_MODIFY_DESTINATION:
		x1_write_destination(b, &m->destination);
		break;
	case X1_OP_REMOVE_DESTINATION:
	case X1_OP_GET_DESTINATION_DETAILS:
		write_id(b, "dId", m->did);
		break;
	case X1_OP_REPORT_TASK_ISSUE:
	case X1_OP_REPORT_DESTINATION_ISSUE:
		write_issue(b, m);
		break;
	case X1_OP_REPORT_NE_ISSUE:
		write_ne_issue(b, &m->report);
		break;
	default:
		break;
	}
	xml_write_close(b, "x1RequestMessage");
}

int
x1_request_write(struct buf *b, const struct x1_msg *m, size_t n)
{
	size_t i;

	if (n == 0)
		return (CU_ESTATE);
	x1_write_root(b, "X1Request");
	for (i = 0; i < n; i++)
		write_msg(b, &m[i]);
	xml_write_close(b, "X1Request");
	return (b->rc);
}
