/*
 * What elements send on their own: recorded, answered, and passed on to the
 * ADMFs that are registered for them.  An element that asks for its tasks gets
 * HTTP 503: it obeys the answer, and reads an error under 200 as an empty list.
 */
#include <stdio.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "record/record_payload.h"
#include "x1http/x1http_server.h"

static bool
is_report(enum x1_op op)
{
	return (op == X1_OP_REPORT_TASK_ISSUE ||
	    op == X1_OP_REPORT_DESTINATION_ISSUE ||
	    op == X1_OP_REPORT_NE_ISSUE || op == X1_OP_PING ||
	    op == X1_OP_KEEPALIVE);
}

/* ${reg}: the element that sent it.  What has no such type is recorded as
 * `type` null. */
static int
make_report(struct gate *g, struct gate_box *box, const struct x1_msg *x1,
    struct gate_reg *reg, struct gate_msg **out)
{
	struct gate_msg *m;
	bool bound;
	int rc;

	if (!gate_register_peer(g->reg, box->cert, CERT_SIDE_NE, x1->head.ne,
	    reg, &bound))
		return (CU_EDENIED);
	if ((rc = gate_msg_create(g, &m)) != 0)
		return (rc);
	m->class = GATE_REPORT;
	m->box = gate_box_ref(box);
	m->x1 = m->said.msg = x1;
	memcpy(m->pin, box->pin, sizeof(m->pin));
	m->said.certificate = m->pin;
	m->said.bound = bound ? cert_rule_name(reg->e->rule) : NULL;
	m->said.element = reg->index;
	snprintf(m->element, sizeof(m->element), "%s", reg->e->id);
	m->said.form = gate_form_rule(x1);
	rc = record_sds_bytes(&m->sds, "root", box->x1->root,
	    box->x1->root_len);
	if (rc == 0)
		rc = record_sds_bytes(&m->sds, "received", x1->received,
		    x1->received_len);
	if (rc == 0 && m->said.form == NULL && x1->report.text != NULL)
		rc = record_sds_str(&m->sds, "description", x1->report.text);
	if (rc == 0)
		rc = record_sds_sort(&m->sds);
	if (rc != 0) {
		gate_msg_free(g, m);
		return (rc);
	}
	*out = m;
	return (0);
}

static int
issue(struct gate *g, struct gate_msg *m)
{
	return (gate_step(g, (struct gate_event){ .kind = GATE_EV_ISSUE,
	    .id = m->id, .class = GATE_REPORT, .key = "",
	    .may_spool = true }));
}

/* Recorded, but nobody waits for it: the answer is given here. */
static void
record_only(struct gate *g, struct gate_msg *m)
{
	if (issue(g, m) != 0)
		gate_msg_free(g, m);
}

void
gate_report_next(struct gate_box *box)
{
	struct gate *g = box->g;
	struct x1http_req *req;
	const struct x1_msg *x1;
	struct gate_reg reg;
	struct gate_msg *m;

	for (; box->at < box->x1->n; box->at++) {
		x1 = &box->x1->msgs[box->at];
		if (make_report(g, box, x1, &reg, &m) != 0) {
			gate_answer_error(box, x1, X1_CODE_GENERIC,
			    "custos: not now");
			continue;
		}
		if (is_report(x1->op) && m->said.form == NULL &&
		    m->said.bound != NULL) {
			gate_ne_forward(g, &reg, x1);
			if (issue(g, m) == 0)
				return;	/* gate_front_say goes on */
			gate_msg_free(g, m);
			gate_answer_error(box, x1, X1_CODE_GENERIC,
			    "custos: not now");
			continue;
		}
		diag("element %s: sends what is not an element's",
		    reg.e->id);
		if (x1->op == X1_OP_GET_ALL_DETAILS) {
			req = box->req;
			box->req = NULL;
			record_only(g, m);
			(void)x1_writer_end(&box->w);
			x1http_reply(req, 503, NULL, 0);
			return;
		}
		gate_answer_error(box, x1, x1->form != X1_FORM_OK ? x1->code :
		    X1_CODE_UNSUPPORTED, "custos: not authorised");
		/* Its entry is another's to wait for: not the current one. */
		box->at++;
		record_only(g, m);
		box->at--;
	}
	req = box->req;
	box->req = NULL;
	if (x1_writer_end(&box->w) == 0 && box->answer.rc == 0)
		x1http_reply(req, 200, box->answer.p, box->answer.len);
	else
		x1http_reply(req, 503, NULL, 0);
}
