/* src/x1/x1_answer.c: writing answers, item by item */
#include <stdio.h>
#include <string.h>
#include "x1/x1_command.h"
#include "x1/x1_write.h"

/* The lists of an answer in their order, and which items each takes. */
struct section {
	const char *name;
	enum x1_item_kind kind;
};

static const struct section *
sections(enum x1_op op, int *n)
{
	static const struct section all[] = {
		{ "listOfTaskResponseDetails", X1_ITEM_TASK },
		{ "listOfDestinationResponseDetails", X1_ITEM_DESTINATION },
	};
	static const struct section ids[] = {
		{ "ListOfXIDs", X1_ITEM_XID }, { "ListOfDIDs", X1_ITEM_DID },
		{ "ListOfGenericObjectIDs", X1_ITEM_OBJECT_ID },
	};
	static const struct section one[] = {
		{ NULL, X1_ITEM_TASK }, { NULL, X1_ITEM_DESTINATION },
	};

	*n = 1;
	switch (op) {
	case X1_OP_GET_TASK_DETAILS:
		return (&one[0]);
	case X1_OP_GET_DESTINATION_DETAILS:
		return (&one[1]);
	case X1_OP_GET_ALL_TASK_DETAILS:
		return (&all[0]);
	case X1_OP_GET_ALL_DESTINATION_DETAILS:
		return (&all[1]);
	case X1_OP_GET_ALL_DETAILS:
		*n = 2;
		return (all);
	case X1_OP_LIST_ALL_DETAILS:
		*n = 3;
		return (ids);
	default:
		*n = 0;
		return (NULL);
	}
}

/* The third list is optional: it is opened by its first item alone. */
#define OPTIONAL_SECTION	2

static void
fail(struct x1_writer *w, int rc)
{
	if (w->rc == 0)
		w->rc = rc;
}

void
x1_writer_init(struct x1_writer *w, struct buf *b)
{
	memset(w, 0, sizeof(*w));
	w->b = b;
	x1_write_root(b, "X1Response");
}

/* Close the open list and open the next. */
static void
advance(struct x1_writer *w, const struct section *s, int to)
{
	for (; w->section < to; w->section++) {
		if (w->section >= 0 && s[w->section].name != NULL)
			xml_write_close(w->b, s[w->section].name);
		if (s[w->section + 1].name != NULL)
			xml_write_open(w->b, s[w->section + 1].name);
	}
}

static void
close_message(struct x1_writer *w)
{
	const struct section *s;
	int n;

	if (w->op == X1_OP_NONE)
		return;
	s = sections(w->op, &n);
	if (n > 0) {
		if (w->section < OPTIONAL_SECTION)
			advance(w, s, n > OPTIONAL_SECTION ?
			    OPTIONAL_SECTION - 1 : n - 1);
		if (s[w->section].name != NULL)
			xml_write_close(w->b, s[w->section].name);
		else if (w->n != 1)
			fail(w, CU_ESTATE);
		xml_write_close(w->b, "x1ResponseMessage");
	}
	w->op = X1_OP_NONE;
}

static void
write_ack(struct x1_writer *w, const struct x1_answer *a)
{
	if (a->ack == X1_ACK_NONE || (a->ack == X1_ACK_ACCEPTED &&
	    a->op == X1_OP_REPORT_NE_ISSUE))
		fail(w, CU_ESTATE);
	x1_write_leaf(w->b, "oK", a->ack == X1_ACK_ACCEPTED ? "Acknowledged" :
	    "AcknowledgedAndCompleted");
}

static void
write_ne_status(struct x1_writer *w, const struct x1_answer *a)
{
	if (a->ne_state == X1_NE_NONE)
		fail(w, CU_ESTATE);
	xml_write_open(w->b, "neStatusDetails");
	x1_write_leaf(w->b, "neStatus", a->ne_state == X1_NE_OK ? "OK" :
	    "Faults");
	x1_write_faults(w->b, &a->ne_faults);
	xml_write_close(w->b, "neStatusDetails");
}

void
x1_writer_answer(struct x1_writer *w, const struct x1_answer *a)
{
	char type[64];
	int n;

	close_message(w);
	w->n = 0;
	if (a->op >= X1_OP_MAX || (!a->is_error && (a->op == X1_OP_NONE ||
	    a->op >= X1_OP_GENERIC))) {
		fail(w, CU_ESTATE);
		return;
	}
	snprintf(type, sizeof(type), "%sResponse", a->is_error ? "Error" :
	    x1_op_name(a->op));
	x1_write_message(w->b, "x1ResponseMessage", type, &a->head);
	if (a->is_error) {
		/* The schema has one name for what is no type of X1. */
		x1_write_leaf(w->b, "requestMessageType", x1_op_name(
		    a->op == X1_OP_NONE ? X1_OP_EXTENDED : a->op));
		x1_write_error(w->b, "errorInformation", a->code, a->text);
	} else if (sections(a->op, &n) != NULL) {
		if (a->op == X1_OP_GET_ALL_DETAILS)
			write_ne_status(w, a);
		w->op = a->op;
		w->section = -1;
		advance(w, sections(a->op, &n), 0);
		return;
	} else if (a->op == X1_OP_GET_NE_STATUS)
		write_ne_status(w, a);
	else
		write_ack(w, a);
	xml_write_close(w->b, "x1ResponseMessage");
}

void
x1_writer_item(struct x1_writer *w, const struct x1_item *i)
{
	const struct section *s;
	int k, n;

	s = sections(w->op, &n);
	for (k = w->section; k < n && s[k].kind != i->kind; k++)
		;
	if (i->form != X1_FORM_OK || w->op == X1_OP_NONE || k >= n) {
		fail(w, CU_ESTATE);
		return;
	}
	advance(w, s, k);
	w->n++;
	switch (i->kind) {
	case X1_ITEM_TASK:
		xml_write_open(w->b, "taskResponseDetails");
		x1_write_task(w->b, &i->task);
		x1_write_task_status(w->b, &i->task_status);
		xml_write_close(w->b, "taskResponseDetails");
		break;
	case X1_ITEM_DESTINATION:
		xml_write_open(w->b, "destinationResponseDetails");
		x1_write_destination(w->b, &i->destination);
		x1_write_destination_status(w->b, &i->destination_status);
		xml_write_close(w->b, "destinationResponseDetails");
		break;
	case X1_ITEM_XID:
		x1_write_leaf(w->b, "xId", i->id);
		break;
	case X1_ITEM_DID:
		x1_write_leaf(w->b, "dId", i->id);
		break;
	default:
		x1_write_leaf(w->b, "objectId", i->id);
	}
}

int
x1_writer_end(struct x1_writer *w)
{
	close_message(w);
	xml_write_close(w->b, "X1Response");
	return (w->rc != 0 ? w->rc : w->b->rc);
}

int
x1_top_level_write(struct buf *b, const char *admf, const char *ne,
    utc_us stamp, const char *version)
{
	struct x1_head h = { .stamp = stamp };

	if (strlen(admf) > X1_ID_MAX || strlen(ne) > X1_ID_MAX ||
	    strlen(version) > X1_VERSION_MAX)
		return (CU_ELIMIT);
	memcpy(h.admf, admf, strlen(admf) + 1);
	memcpy(h.ne, ne, strlen(ne) + 1);
	memcpy(h.version, version, strlen(version) + 1);
	x1_write_root(b, "X1TopLevelErrorResponse");
	x1_write_head(b, &h, false);
	xml_write_close(b, "X1TopLevelErrorResponse");
	return (b->rc);
}
