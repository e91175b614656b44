/* Answers: an element's taken apart, and ours written for the ADMF. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "gate/gate.h"
#include "record/record_payload.h"

enum law_type
gate_law_type(enum x1_op op)
{
	const char *name = x1_op_name(op);

	return (op == X1_OP_NONE ? LAW_NONE :
	    law_type_find(name, strlen(name)));
}

static bool
reads(enum x1_op op)
{
	return (op == X1_OP_GET_TASK_DETAILS ||
	    (op >= X1_OP_GET_DESTINATION_DETAILS &&
	    op <= X1_OP_LIST_ALL_DETAILS));
}

/* The one message that we asked for, and all of its items. */
static int
read_message(struct x1_response *r, struct gate_msg *m)
{
	struct x1_answer a;
	struct x1_item item;
	int rc;

	if (x1_response_count(r) != 1 ||
	    x1_response_next(r, &a, NULL) != 0)
		return (CU_EMALFORMED);
	rc = x1_answer_matches(&a, &m->x1->head, m->x1->op, NULL);
	if (rc == 0 && a.is_error) {
		m->out.answer = "ErrorResponse";
		m->out.has_code = true;
		m->out.code = a.code;
	} else if (rc == 0 && a.ack == X1_ACK_COMPLETED)
		m->out.answer = "AcknowledgedAndCompleted";
	else if (rc == 0 && a.ack == X1_ACK_ACCEPTED)
		m->out.answer = "Acknowledged";
	else if (rc == 0)
		m->out.answer = x1_op_name(a.op);
	while (rc == 0 && (rc = x1_response_item(r, &item)) == 0)
		x1_item_fini(&item);
	x1_answer_fini(&a);
	return (rc == X1_E_END ? 0 : rc);
}

enum gate_why
gate_answer_read(struct gate *g, struct gate_msg *m)
{
	struct x1_response *r;
	struct gate_reg reg;
	int rc;

	rc = gate_said_answer(&m->out_sds, m->answer, m->answer_len,
	    reads(m->x1->op));
	if (rc == 0)
		rc = record_sds_sort(&m->out_sds);
	if (rc != 0)
		return (GATE_WHY_FORM);
	if (!gate_register_id(g->reg, m->element, &reg))
		return (GATE_WHY_FORM);
	if (x1_response_open(&r, m->answer, m->answer_len, reg.dialect,
	    NULL) != 0)
		return (GATE_WHY_FORM);
	if (x1_response_top_level(r, NULL))
		m->out.answer = "TopLevelError";
	else
		rc = read_message(r, m);
	/* Also of one that was read in vain: it was used. */
	m->out.leniencies = x1_response_leniencies(r);
	x1_response_free(r);
	return (rc == 0 ? GATE_WHY_NONE : GATE_WHY_FORM);
}

/* The envelope of our own word on a message. */
static void
own_head(struct x1_head *h, const struct x1_msg *m)
{
	*h = m->head;
	h->stamp = utc_now();
	if (h->version[0] == '\0')
		text_put(h->version, X1_VERSION);
}

void
gate_answer_error(struct gate_box *box, const struct x1_msg *m, int64_t code,
    const char *text)
{
	struct x1_answer a = { .op = m->op, .is_error = true, .code = code };

	own_head(&a.head, m);
	a.text = strdup(text);
	x1_writer_answer(&box->w, &a);
	free(a.text);
}

void
gate_answer_ok(struct gate_box *box, const struct x1_msg *m)
{
	struct x1_answer a = { .op = m->op, .ack = X1_ACK_COMPLETED };

	own_head(&a.head, m);
	x1_writer_answer(&box->w, &a);
}

/*
 * The element's answer, encoded afresh.  It was read whole before, so that a
 * failure here is of memory alone, or of an item that only names itself.
 */
static int
write_element(struct gate_msg *m, struct x1_writer *w)
{
	struct x1_response *r;
	struct x1_answer a;
	struct x1_item item;
	struct gate_reg reg;
	unsigned int dialect = 0;
	int rc;

	if (gate_register_id(m->box->g->reg, m->element, &reg))
		dialect = reg.dialect;
	if ((rc = x1_response_open(&r, m->answer, m->answer_len, dialect,
	    NULL)) != 0)
		return (rc);
	if ((rc = x1_response_next(r, &a, NULL)) == 0) {
		x1_writer_answer(w, &a);
		x1_answer_fini(&a);
		while ((rc = x1_response_item(r, &item)) == 0) {
			x1_writer_item(w, &item);
			x1_item_fini(&item);
		}
		rc = rc == X1_E_END ? 0 : rc;
	}
	x1_response_free(r);
	return (rc);
}

/* Can it be written at all?  Tried aside, for a writer cannot take back. */
static bool
writable(struct gate_msg *m)
{
	struct x1_writer w;
	struct buf b;
	bool ok;

	buf_init(&b, X1_RESPONSE_MAX);
	x1_writer_init(&w, &b);
	ok = write_element(m, &w) == 0;
	ok = x1_writer_end(&w) == 0 && ok && b.rc == 0;
	buf_wipe(&b);
	return (ok);
}

void
gate_answer_element(struct gate_msg *m)
{
	char text[64];

	if (m->out.why == NULL && m->answer != NULL &&
	    m->out.answer != NULL &&
	    strcmp(m->out.answer, "TopLevelError") != 0 && writable(m) &&
	    write_element(m, &m->box->w) == 0)
		return;
	if (m->index != RECORD_NONE)
		snprintf(text, sizeof(text),
		    "custos: no good answer (entry %llu)",
		    (unsigned long long)m->index);
	else
		snprintf(text, sizeof(text), "custos: no good answer");
	gate_answer_error(m->box, m->x1, X1_CODE_GENERIC, text);
}
