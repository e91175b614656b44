/* src/x1/x1_response.c: answers, message by message and item by item */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "x1/x1_decode.h"
#include "x1/x1_read.h"

#define LISTS_MAX	3	/* lists of an answer: GetAllDetails has three */

/* A run of items that are siblings. */
struct list {
	const struct xml_node *next;
	bool one;		/* a single item, not the first of a list */
};

struct x1_response {
	struct xml_doc *doc;
	unsigned int dialect;
	unsigned int leniencies;	/* used so far */
	bool top_level;
	struct x1_head head;		/* of a top-level error */
	size_t n;			/* messages */
	const struct xml_node *message;	/* the next one */
	struct list list[LISTS_MAX];	/* of the message last returned */
	size_t list_n, list_at;
	const struct xml_node *item;	/* last returned */
};

static int
open_top_level(struct x1_response *a, struct cu_why *why)
{
	struct x1_reader r;
	struct x1_seq s;
	int rc;

	x1_reader_init(&r, a->dialect, why);
	if ((rc = x1_seq_open(&r, &s, xml_root(a->doc))) == 0 &&
	    (rc = x1_read_head(&r, &s, &a->head, false)) == 0)
		rc = x1_seq_end(&r, &s);
	a->leniencies |= r.leniencies;
	x1_reader_fini(&r);
	a->top_level = true;
	return (rc);
}

static int
open_container(struct x1_response *a, struct cu_why *why)
{
	const struct xml_node *root = xml_root(a->doc), *c;

	if (!xml_is(root, X1_NS, "X1Response")) {
		cu_why_set(why, "the root is no answer of X1");
		return (CU_EMALFORMED);
	}
	if (!xml_plain(root) || !xml_pure(root)) {
		cu_why_set(why, "X1Response: text or an attribute");
		return (CU_EMALFORMED);
	}
	a->message = xml_child(root);
	for (c = a->message; c != NULL; c = xml_next(c), a->n++) {
		if (!xml_is(c, X1_NS, "x1ResponseMessage")) {
			cu_why_set(why, "X1Response: an element that is not "
			    "x1ResponseMessage");
			return (CU_EMALFORMED);
		}
	}
	if (a->n == 0) {
		cu_why_set(why, "X1Response: no x1ResponseMessage");
		return (CU_EMALFORMED);
	}
	return (0);
}

int
x1_response_open(struct x1_response **out, const void *body, size_t len,
    unsigned int dialect, struct cu_why *why)
{
	struct x1_response *a;
	int rc;

	if (len > X1_RESPONSE_MAX) {
		cu_why_set(why, "%zu bytes are too many", len);
		return (CU_ELIMIT);
	}
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (CU_ENOMEM);
	a->dialect = dialect;
	if ((rc = xml_parse(&a->doc, NULL, body, len, XML_RESPONSE_TAGS_MAX,
	    why)) == 0)
		rc = xml_is(xml_root(a->doc), X1_NS, "X1TopLevelErrorResponse")
		    ? open_top_level(a, why) : open_container(a, why);
	if (rc != 0) {
		x1_response_free(a);
		return (rc);
	}
	*out = a;
	return (0);
}

void
x1_response_free(struct x1_response *a)
{
	if (a == NULL)
		return;
	xml_free(a->doc);
	free(a);
}

bool
x1_response_top_level(const struct x1_response *a, struct x1_head *head)
{
	if (a->top_level && head != NULL)
		*head = a->head;
	return (a->top_level);
}

unsigned int
x1_response_leniencies(const struct x1_response *a)
{
	return (a->leniencies);
}

size_t
x1_response_count(const struct x1_response *a)
{
	return (a->n);
}

/* Keep a list for x1_response_item; all that it holds are ${names}. */
static int
keep_list(struct x1_response *a, struct x1_reader *r,
    const struct xml_node *n, const char *first, const char *second)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	while ((c = x1_seq_opt(&s, X1_NS, first)) != NULL)
		;
	while (second != NULL && (c = x1_seq_opt(&s, X1_NS, second)) != NULL)
		;
	if ((rc = x1_seq_end(r, &s)) != 0)
		return (rc);
	a->list[a->list_n].next = xml_child(n);
	a->list[a->list_n++].one = false;
	return (0);
}

static int
keep_one(struct x1_response *a, struct x1_reader *r, struct x1_seq *s,
    const char *name)
{
	const struct xml_node *c;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, name, &c)) != 0)
		return (rc);
	a->list[a->list_n].next = c;
	a->list[a->list_n++].one = true;
	return (0);
}

static int
take_list(struct x1_response *a, struct x1_reader *r, struct x1_seq *s,
    const char *name, bool needed, const char *first, const char *second)
{
	const struct xml_node *c;
	int rc;

	if (!needed && (c = x1_seq_opt(s, X1_NS, name)) == NULL)
		return (0);
	if (needed && (rc = x1_seq_need(r, s, X1_NS, name, &c)) != 0)
		return (rc);
	return (keep_list(a, r, c, first, second));
}

static int
read_ok(struct x1_reader *r, struct x1_seq *s, struct x1_answer *out)
{
	const struct xml_node *c;
	const char *text;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, "oK", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	text = buf_text(&r->text);
	if (strcmp(text, "AcknowledgedAndCompleted") == 0)
		out->ack = X1_ACK_COMPLETED;
	else if (strcmp(text, "Acknowledged") == 0 &&
	    out->op != X1_OP_REPORT_NE_ISSUE)
		out->ack = X1_ACK_ACCEPTED;
	else
		return (x1_refuse(r, c, "not one of its values"));
	return (0);
}

static int
read_ne_status(struct x1_reader *r, struct x1_seq *s, struct x1_answer *out)
{
	const struct xml_node *c;
	struct x1_seq in;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, "neStatusDetails", &c)) != 0 ||
	    (rc = x1_seq_open(r, &in, c)) != 0 ||
	    (rc = x1_seq_need(r, &in, X1_NS, "neStatus", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	if (strcmp(buf_text(&r->text), "OK") == 0)
		out->ne_state = X1_NE_OK;
	else if (strcmp(buf_text(&r->text), "Faults") == 0)
		out->ne_state = X1_NE_FAULTS;
	else
		return (x1_refuse(r, c, "not one of its values"));
	if ((rc = x1_seq_need(r, &in, X1_NS, "listOfFaults", &c)) != 0 ||
	    (rc = x1_read_faults(r, c, &out->ne_faults)) != 0)
		return (rc);
	return (x1_seq_end(r, &in));
}

static int
read_error(struct x1_reader *r, struct x1_seq *s, struct x1_answer *out)
{
	const struct xml_node *c;
	int rc;

	out->is_error = true;
	if ((rc = x1_seq_need(r, s, X1_NS, "requestMessageType", &c)) != 0 ||
	    (rc = x1_read_leaf(r, c)) != 0)
		return (rc);
	out->op = x1_op_find(buf_text(&r->text), r->text.len);
	if (out->op == X1_OP_NONE)
		return (x1_refuse(r, c, "not one of its values"));
	if ((rc = x1_seq_need(r, s, X1_NS, "errorInformation", &c)) != 0 ||
	    (rc = x1_read_error(r, c, &out->code, &out->text)) != 0)
		return (rc);
	if (xml_is(s->next, X1_NS, "extensionInformation"))
		return (x1_later(r, "extensionInformation", r->later_code));
	return (0);
}

#define TASKS(a, r, s, needed)	take_list(a, r, s,			\
	"listOfTaskResponseDetails", needed, "taskResponseDetails", NULL)
#define DESTINATIONS(a, r, s, needed)	take_list(a, r, s,		\
	"listOfDestinationResponseDetails", needed,			\
	"destinationResponseDetails", NULL)

static int
read_body(struct x1_response *a, struct x1_reader *r, struct x1_seq *s,
    struct x1_answer *out)
{
	int rc;

	switch (out->op) {
	case X1_OP_GET_TASK_DETAILS:
		return (keep_one(a, r, s, "taskResponseDetails"));
	case X1_OP_GET_DESTINATION_DETAILS:
		return (keep_one(a, r, s, "destinationResponseDetails"));
	case X1_OP_GET_NE_STATUS:
		return (read_ne_status(r, s, out));
	case X1_OP_GET_ALL_TASK_DETAILS:
		return (TASKS(a, r, s, false));
	case X1_OP_GET_ALL_DESTINATION_DETAILS:
		return (DESTINATIONS(a, r, s, false));
	case X1_OP_GET_ALL_DETAILS:
		if ((rc = read_ne_status(r, s, out)) != 0 ||
		    (rc = TASKS(a, r, s, true)) != 0 ||
		    (rc = DESTINATIONS(a, r, s, true)) != 0)
			return (rc);
		return (take_list(a, r, s,
		    "listOfGenericObjectResponseDetails", false,
		    "genericObjectResponseDetails", NULL));
	case X1_OP_LIST_ALL_DETAILS:
		if ((rc = take_list(a, r, s, "ListOfXIDs", true, "xId",
		    NULL)) != 0 || (rc = take_list(a, r, s, "ListOfDIDs",
		    true, "dId", "dSId")) != 0)
			return (rc);
		return (take_list(a, r, s, "ListOfGenericObjectIDs", false,
		    "objectId", NULL));
	default:
		if (out->op >= X1_OP_GENERIC)
			return (x1_later(r, x1_op_name(out->op),
			    X1_CODE_UNSUPPORTED));
		return (read_ok(r, s, out));
	}
}

static int
read_message(struct x1_response *a, struct x1_reader *r,
    const struct xml_node *n, struct x1_answer *out)
{
	struct x1_seq s = { n, xml_child(n) };
	const char *name;
	size_t len;
	int rc;

	if ((rc = x1_read_type(r, n, "Response", &name, &len)) != 0)
		return (rc);
	if (!xml_pure(n))
		return (x1_refuse(r, n, "text between elements"));
	if ((rc = x1_read_head(r, &s, &out->head, true)) != 0)
		return (rc);
	if (text_eq(name, len, "Error")) {
		rc = read_error(r, &s, out);
	} else {
		out->op = x1_op_find(name, len);
		if (out->op == X1_OP_NONE || out->op == X1_OP_EXTENDED)
			return (x1_refuse(r, n, "xsi:type of no message"));
		rc = read_body(a, r, &s, out);
	}
	return (rc != 0 ? rc : x1_seq_end(r, &s));
}

int
x1_response_next(struct x1_response *a, struct x1_answer *out,
    struct cu_why *why)
{
	const struct xml_node *n = a->message;
	struct x1_answer answer = { .head = { .stamp = LI_TIME_NONE } };
	struct x1_reader r;
	int rc;

	a->list_n = a->list_at = 0;
	a->item = NULL;
	if (n == NULL)
		return (X1_E_END);
	a->message = xml_next(n);
	x1_reader_init(&r, a->dialect, why);
	r.answer = true;
	rc = read_message(a, &r, n, &answer);
	a->leniencies |= r.leniencies;
	x1_reader_fini(&r);
	if (rc != 0) {
		a->list_n = 0;
		x1_answer_fini(&answer);
		return (rc);
	}
	*out = answer;
	return (0);
}

static enum x1_item_kind
item_kind(const struct xml_node *n)
{
	static const struct { const char *name; enum x1_item_kind kind; }
	    row[] = {
		{ "xId", X1_ITEM_XID }, { "dId", X1_ITEM_DID },
		{ "dSId", X1_ITEM_OBJECT_ID },
		{ "objectId", X1_ITEM_OBJECT_ID },
		{ "taskResponseDetails", X1_ITEM_TASK },
		{ "destinationResponseDetails", X1_ITEM_DESTINATION },
		{ "genericObjectResponseDetails", X1_ITEM_OBJECT },
	};
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strcmp(xml_name(n), row[i].name) == 0)
			return (row[i].kind);
	return (X1_ITEM_NONE);
}

/* The id of an item that may be broken elsewhere; "" if that is, too. */
static void
find_id(struct x1_response *a, const struct xml_node *n, const char *in,
    const char *name, char *id)
{
	const struct xml_node *c;
	struct x1_reader r;

	id[0] = '\0';
	for (c = xml_child(n); c != NULL && !xml_is(c, X1_NS, in);)
		c = xml_next(c);
	if (c == NULL)
		return;
	for (c = xml_child(c); c != NULL && !xml_is(c, X1_NS, name);)
		c = xml_next(c);
	if (c == NULL)
		return;
	x1_reader_init(&r, a->dialect, NULL);
	if (x1_read_uuid(&r, c, id) != 0)
		id[0] = '\0';
	x1_reader_fini(&r);
}

static int
read_item(struct x1_response *a, struct x1_reader *r,
    const struct xml_node *n, struct x1_item *out)
{
	const struct xml_node *c;
	struct x1_seq s;
	int rc;

	switch (out->kind) {
	case X1_ITEM_TASK:
		find_id(a, n, "taskDetails", "xId", out->id);
		if ((rc = x1_seq_open(r, &s, n)) != 0 ||
		    (rc = x1_seq_need(r, &s, X1_NS, "taskDetails", &c)) != 0 ||
		    (rc = x1_read_task(r, c, &out->task)) != 0 ||
		    (rc = x1_seq_need(r, &s, X1_NS, "taskStatus", &c)) != 0 ||
		    (rc = x1_read_task_status(r, c, &out->task_status)) != 0)
			return (rc);
		return (x1_seq_end(r, &s));
	case X1_ITEM_DESTINATION:
		find_id(a, n, "destinationDetails", "dId", out->id);
		if ((rc = x1_seq_open(r, &s, n)) != 0 ||
		    (rc = x1_seq_need(r, &s, X1_NS, "destinationDetails",
		    &c)) != 0 ||
		    (rc = x1_read_destination(r, c, &out->destination)) != 0 ||
		    (rc = x1_seq_need(r, &s, X1_NS, "destinationStatus",
		    &c)) != 0 || (rc = x1_read_destination_status(r, c,
		    &out->destination_status)) != 0)
			return (rc);
		return (x1_seq_end(r, &s));
	case X1_ITEM_OBJECT:
		find_id(a, n, "object", "objectId", out->id);
		return (x1_later(r, "genericObjectResponseDetails",
		    X1_CODE_UNSUPPORTED));
	default:
		return (x1_read_uuid(r, n, out->id));
	}
}

int
x1_response_item(struct x1_response *a, struct x1_item *out)
{
	struct x1_item item = { 0 };
	struct x1_reader r;
	struct list *l;
	li_uuid id;
	int rc;

	while (a->list_at < a->list_n && a->list[a->list_at].next == NULL)
		a->list_at++;
	if (a->list_at == a->list_n)
		return (X1_E_END);
	l = &a->list[a->list_at];
	a->item = l->next;
	l->next = l->one ? NULL : xml_next(l->next);
	li_task_status_init(&item.task_status);
	item.kind = item_kind(a->item);
	x1_reader_init(&r, a->dialect, &item.why);
	r.answer = true;
	rc = read_item(a, &r, a->item, &item);
	a->leniencies |= r.leniencies;
	item.form = r.form;
	x1_reader_fini(&r);
	if (rc == CU_EMALFORMED) {
		/* Nothing half-read stays: the id and the reason count. */
		struct x1_item bare = { .kind = item.kind, .form = item.form };

		bare.why = item.why;
		memcpy(id, item.id, sizeof(id));
		x1_item_fini(&item);
		item = bare;
		memcpy(item.id, id, sizeof(id));
	} else if (rc != 0) {
		x1_item_fini(&item);
		return (rc);
	}
	*out = item;
	return (0);
}

int
x1_response_item_xml(struct x1_response *a, struct buf *b)
{
	int rc;

	if (a->item == NULL)
		return (CU_ESTATE);
	rc = xml_c14n(b, a->item);
	return (rc == CU_EMALFORMED ? xml_dump(b, a->item) : rc);
}

int
x1_answer_matches(const struct x1_answer *a, const struct x1_head *head,
    enum x1_op op, struct cu_why *why)
{
	const char *what = NULL;

	if (a->op != op)
		what = "its type";
	else if (strcmp(a->head.transaction, head->transaction) != 0)
		what = "x1TransactionId";
	else if (strcmp(a->head.admf, head->admf) != 0)
		what = "admfIdentifier";
	else if (strcmp(a->head.ne, head->ne) != 0)
		what = "neIdentifier";
	if (what == NULL)
		return (0);
	cu_why_set(why, "%s: not that of the request", what);
	return (CU_EMALFORMED);
}
