/* src/x1/x1_msg.h: the messages of X1 (TS 103 221-1) as plain values */
#ifndef X1_MSG_H_
#define X1_MSG_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/utc.h"
#include "li/li_task.h"

#define X1_NS		"http://uri.etsi.org/03221/X1/2017/10"
#define X1_NS_COMMON	"http://uri.etsi.org/03280/common/2017/07"

#define X1_REQUEST_MAX		(1024 * 1024)	/* bytes of a request body */
#define X1_RESPONSE_MAX		(32 * 1024 * 1024)
#define X1_CONTAINER_MAX	1024	/* whatever the rule `container` says */
#define X1_ID_MAX		255	/* bytes of admf- and neIdentifier */
#define X1_VERSION_MAX		31
#define X1_TEXT_MAX		65535	/* bytes of a description or detail */

/* The version that custos speaks when it speaks for itself. */
#define X1_VERSION		"v1.22.1"

/*
 * Request types, in the order of the schema's RequestMessageType.  From
 * GENERIC on they are known by name only; their issue is later.
 */
enum x1_op {
	X1_OP_NONE = 0,
	X1_OP_ACTIVATE_TASK, X1_OP_MODIFY_TASK, X1_OP_DEACTIVATE_TASK,
	X1_OP_DEACTIVATE_ALL_TASKS, X1_OP_GET_TASK_DETAILS,
	X1_OP_CREATE_DESTINATION, X1_OP_MODIFY_DESTINATION,
	X1_OP_REMOVE_DESTINATION, X1_OP_REMOVE_ALL_DESTINATIONS,
	X1_OP_GET_DESTINATION_DETAILS, X1_OP_GET_NE_STATUS,
	X1_OP_GET_ALL_DETAILS, X1_OP_GET_ALL_TASK_DETAILS,
	X1_OP_GET_ALL_DESTINATION_DETAILS, X1_OP_LIST_ALL_DETAILS,
	X1_OP_REPORT_TASK_ISSUE, X1_OP_REPORT_DESTINATION_ISSUE,
	X1_OP_REPORT_NE_ISSUE, X1_OP_PING, X1_OP_KEEPALIVE,
	X1_OP_GENERIC,
	X1_OP_GET_ALL_GENERIC_OBJECT_DETAILS = X1_OP_GENERIC,
	X1_OP_CREATE_OBJECT, X1_OP_MODIFY_OBJECT, X1_OP_GET_OBJECT,
	X1_OP_DELETE_OBJECT, X1_OP_LIST_OBJECTS_OF_TYPE,
	X1_OP_DELETE_ALL_OBJECTS, X1_OP_EXTENDED,
	X1_OP_MAX
};

/** x1_op_name(op): "ActivateTask", as requestMessageType; "" for NONE. */
const char *x1_op_name(enum x1_op);
/** x1_op_find(name, n): The op of that name, or NONE. */
enum x1_op x1_op_find(const char *, size_t);

/*
 * Error codes (clause 6.7) that custos gives by itself.  Any integer is read.
 */
#define X1_CODE_GENERIC		1000
#define X1_CODE_SYNTAX		1010
#define X1_CODE_VERSION		1020
#define X1_CODE_UNSUPPORTED	1080
#define X1_CODE_TASK		3000	/* ActivateTask; ModifyTask: 3001 */
#define X1_CODE_TARGET_KIND	3010
#define X1_CODE_DESTINATION	6000	/* CreateDestination; Modify: 6001 */

/* Declared deviations of a peer ("dialect" of an element or ADMF). */
#define X1_DIALECT_STAMP	1U	/* 0 to 9 fraction digits are read */

/** x1_dialect_find(name, n): The bit of a dialect's name; 0 if unknown. */
unsigned int x1_dialect_find(const char *, size_t);
/** x1_dialect_name(bit): The name of one bit. */
const char *x1_dialect_name(unsigned int);

/* The envelope of every message (clause 6.1). */
struct x1_head {
	char admf[X1_ID_MAX + 1], ne[X1_ID_MAX + 1];
	utc_us stamp;			/* LI_TIME_NONE if unreadable */
	char version[X1_VERSION_MAX + 1];	/* "" if unreadable */
	li_uuid transaction;
};

/* ReportTaskIssue, ReportDestinationIssue (TaskReportType). */
enum x1_report_type {
	X1_REPORT_NONE = 0,
	X1_REPORT_ALL_CLEAR, X1_REPORT_WARNING, X1_REPORT_NON_TERMINATING,
	X1_REPORT_TERMINATING, X1_REPORT_IMPLICIT_DEACTIVATION,
	X1_REPORT_ACTIONED_OK, X1_REPORT_ACTIONED_BAD
};

/* ReportNEIssue (TypeOfNeIssueMessage). */
enum x1_ne_issue {
	X1_NE_ISSUE_NONE = 0,
	X1_NE_ISSUE_WARNING, X1_NE_ISSUE_FAULT_CLEARED,
	X1_NE_ISSUE_FAULT_REPORT, X1_NE_ISSUE_ALERT
};

const char *x1_report_type_name(enum x1_report_type);
const char *x1_ne_issue_name(enum x1_ne_issue);

struct x1_report {
	enum x1_report_type type;	/* of a task or destination */
	enum x1_ne_issue ne_issue;	/* of the element itself */
	bool has_code;
	int64_t code;
	char *text;			/* owned; NULL if absent */
};

/* Was a message understood?  If not, the rule of its refusal is form.*. */
enum x1_form {
	X1_FORM_OK = 0,
	X1_FORM_SYNTAX,		/* breaks the schema or a normal form */
	X1_FORM_VERSION,	/* another major version */
	X1_FORM_TYPE,		/* no request type of X1 */
	X1_FORM_LATER		/* known, not supported yet; why names it */
};

/** x1_form_name(form): "syntax", "version", "type", "later"; "ok". */
const char *x1_form_name(enum x1_form);

/*
 * One request.  Of a message that was not understood (form != OK) head, op,
 * received and the reason count, nothing else.
 */
struct x1_msg {
	enum x1_op op;
	struct x1_head head;
	enum x1_form form;
	int code;			/* to answer with, if form != OK */
	struct cu_why why;		/* names element and reason */
	unsigned int leniencies;	/* X1_DIALECT_* that were needed */
	li_uuid xid;	/* of each op that names one, also inside task */
	li_uuid did;	/* of each op that names one, also in destination */
	struct li_task task;			/* ActivateTask, ModifyTask */
	struct li_destination destination;	/* Create-, ModifyDestination */
	struct x1_report report;		/* the three reports */
	const uint8_t *received;	/* its x1RequestMessage, '<' to '>' */
	size_t received_len;
};

/** x1_msg_fini(m): Free all that ${m} owns. */
void x1_msg_fini(struct x1_msg *);

/* What an answer says beside its lists. */
enum x1_ack { X1_ACK_NONE = 0, X1_ACK_COMPLETED, X1_ACK_ACCEPTED };

enum x1_ne_state { X1_NE_NONE = 0, X1_NE_OK, X1_NE_FAULTS };

/* One x1ResponseMessage, without the items of its lists. */
struct x1_answer {
	struct x1_head head;
	enum x1_op op;		/* of the request; of an ErrorResponse: what
				   it names; NONE: unknown there */
	bool is_error;
	int64_t code;		/* of an ErrorResponse */
	char *text;		/* its errorDescription, owned */
	enum x1_ack ack;	/* `Acknowledged` is ACCEPTED */
	enum x1_ne_state ne_state;	/* GetNEStatus, GetAllDetails */
	struct li_faults ne_faults;
};

/** x1_answer_fini(a): Free all that ${a} owns. */
void x1_answer_fini(struct x1_answer *);

enum x1_item_kind {
	X1_ITEM_NONE = 0,
	X1_ITEM_XID, X1_ITEM_DID, X1_ITEM_OBJECT_ID,	/* of a list of ids */
	X1_ITEM_TASK, X1_ITEM_DESTINATION,
	X1_ITEM_OBJECT		/* recognised, never decoded here: form LATER */
};

/*
 * One member of an answer's lists.  An item with form != OK has ${id} where
 * that could be read ("" else) and the reason; the answer goes on behind it.
 */
struct x1_item {
	enum x1_item_kind kind;
	enum x1_form form;
	struct cu_why why;
	li_uuid id;			/* XID, DID or object id */
	struct li_task task;
	struct li_task_status task_status;
	struct li_destination destination;
	struct li_destination_status destination_status;
};

/** x1_item_fini(i): Free all that ${i} owns. */
void x1_item_fini(struct x1_item *);
#endif /* !X1_MSG_H_ */
