/* src/x1/x1_msg.c: names of X1 and the ends of its values */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "x1/x1_msg.h"

static const char *const ops[X1_OP_MAX] = {
	[X1_OP_NONE] = "",
	[X1_OP_ACTIVATE_TASK] = "ActivateTask",
	[X1_OP_MODIFY_TASK] = "ModifyTask",
	[X1_OP_DEACTIVATE_TASK] = "DeactivateTask",
	[X1_OP_DEACTIVATE_ALL_TASKS] = "DeactivateAllTasks",
	[X1_OP_GET_TASK_DETAILS] = "GetTaskDetails",
	[X1_OP_CREATE_DESTINATION] = "CreateDestination",
	[X1_OP_MODIFY_DESTINATION] = "ModifyDestination",
	[X1_OP_REMOVE_DESTINATION] = "RemoveDestination",
	[X1_OP_REMOVE_ALL_DESTINATIONS] = "RemoveAllDestinations",
	[X1_OP_GET_DESTINATION_DETAILS] = "GetDestinationDetails",
	[X1_OP_GET_NE_STATUS] = "GetNEStatus",
	[X1_OP_GET_ALL_DETAILS] = "GetAllDetails",
	[X1_OP_GET_ALL_TASK_DETAILS] = "GetAllTaskDetails",
	[X1_OP_GET_ALL_DESTINATION_DETAILS] = "GetAllDestinationDetails",
	[X1_OP_LIST_ALL_DETAILS] = "ListAllDetails",
	[X1_OP_REPORT_TASK_ISSUE] = "ReportTaskIssue",
	[X1_OP_REPORT_DESTINATION_ISSUE] = "ReportDestinationIssue",
	[X1_OP_REPORT_NE_ISSUE] = "ReportNEIssue",
	[X1_OP_PING] = "Ping",
	[X1_OP_KEEPALIVE] = "Keepalive",
	[X1_OP_GET_ALL_GENERIC_OBJECT_DETAILS] = "GetAllGenericObjectDetails",
	[X1_OP_CREATE_OBJECT] = "CreateObject",
	[X1_OP_MODIFY_OBJECT] = "ModifyObject",
	[X1_OP_GET_OBJECT] = "GetObject",
	[X1_OP_DELETE_OBJECT] = "DeleteObject",
	[X1_OP_LIST_OBJECTS_OF_TYPE] = "ListObjectsOfType",
	[X1_OP_DELETE_ALL_OBJECTS] = "DeleteAllObjects",
	[X1_OP_EXTENDED] = "ExtendedRequestMessageType",
};

const char *
x1_op_name(enum x1_op op)
{
	return (op < X1_OP_MAX ? ops[op] : "");
}

enum x1_op
x1_op_find(const char *s, size_t n)
{
	int i;

	for (i = 1; i < X1_OP_MAX; i++)
		if (text_eq(s, n, ops[i]))
			return ((enum x1_op)i);
	return (X1_OP_NONE);
}

unsigned int
x1_dialect_find(const char *s, size_t n)
{
	return (text_eq(s, n, "stamp") ? X1_DIALECT_STAMP : 0);
}

const char *
x1_dialect_name(unsigned int bit)
{
	return (bit == X1_DIALECT_STAMP ? "stamp" : "");
}

const char *
x1_report_type_name(enum x1_report_type t)
{
	static const char *const name[] = {
		"", "AllClear", "Warning", "NonTerminatingFault",
		"TerminatingFault", "ImplicitDeactivation",
		"FullyActionedAndSuccessful", "FullyActionedAndUnsuccessful"
	};

	return (t < sizeof(name) / sizeof(name[0]) ? name[t] : "");
}

const char *
x1_ne_issue_name(enum x1_ne_issue i)
{
	static const char *const name[] = {
		"", "Warning", "FaultCleared", "FaultReport", "Alert"
	};

	return (i < sizeof(name) / sizeof(name[0]) ? name[i] : "");
}

const char *
x1_form_name(enum x1_form f)
{
	static const char *const name[] = {
		"ok", "syntax", "version", "type", "later"
	};

	return (f < sizeof(name) / sizeof(name[0]) ? name[f] : "");
}

void
x1_msg_fini(struct x1_msg *m)
{
	li_task_fini(&m->task);
	li_destination_fini(&m->destination);
	free(m->report.text);
	memset(m, 0, sizeof(*m));
}

void
x1_answer_fini(struct x1_answer *a)
{
	free(a->text);
	li_faults_fini(&a->ne_faults);
	memset(a, 0, sizeof(*a));
}

void
x1_item_fini(struct x1_item *i)
{
	li_task_fini(&i->task);
	li_task_status_fini(&i->task_status);
	li_destination_fini(&i->destination);
	li_destination_status_fini(&i->destination_status);
	memset(i, 0, sizeof(*i));
}
