/* src/x1/x1_query.c: questions; nothing here can change an element */
#include <stdio.h>
#include "x1/x1_query.h"
#include "x1/x1_write.h"

int
x1_query_write(struct buf *b, enum x1_op op, const struct x1_head *head,
    const char *id)
{
	const char *name = NULL;
	char type[64];

	switch (op) {
	case X1_OP_GET_TASK_DETAILS:
		name = "xId";
		break;
	case X1_OP_GET_DESTINATION_DETAILS:
		name = "dId";
		break;
	case X1_OP_GET_NE_STATUS:
	case X1_OP_GET_ALL_DETAILS:
	case X1_OP_GET_ALL_TASK_DETAILS:
	case X1_OP_GET_ALL_DESTINATION_DETAILS:
	case X1_OP_LIST_ALL_DETAILS:
	case X1_OP_PING:
	case X1_OP_KEEPALIVE:
		break;
	default:
		return (CU_EDENIED);
	}
	if ((name != NULL) != (id != NULL))
		return (CU_ESTATE);
	snprintf(type, sizeof(type), "%sRequest", x1_op_name(op));
	x1_write_root(b, "X1Request");
	x1_write_message(b, "x1RequestMessage", type, head);
	if (name != NULL)
		x1_write_leaf(b, name, id);
	xml_write_close(b, "x1RequestMessage");
	xml_write_close(b, "X1Request");
	return (b->rc);
}
