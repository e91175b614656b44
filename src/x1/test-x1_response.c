/* src/x1/test-x1_response.c: answers, whole, broken and very long */
#include "base/text.h"
#include "base/utc.h"
#include "li/test-li_vectors.h"
#include "x1/test-x1_trip.h"

#define ROOT	TRIP_ROOT("X1Response")
#define HEAD	TRIP_HEAD
#define XID	TRIP_XID
#define DID	TRIP_DID
#define MSG(type, body)	"<x1ResponseMessage xsi:type=\"" type "\">" HEAD \
	body "</x1ResponseMessage>"
#define ONE(type, body)	ROOT MSG(type, body) "</X1Response>"
#define OK	"<oK>AcknowledgedAndCompleted</oK>"
#define NE_OK	"<neStatusDetails><neStatus>OK</neStatus><listOfFaults/>" \
	"</neStatusDetails>"
#define DETAILS	"<xId>" XID "</xId><targetIdentifiers><targetIdentifier>" \
	"<imsi>001010000000001</imsi></targetIdentifier></targetIdentifiers>" \
	"<deliveryType>X2Only</deliveryType><listOfDIDs/>"
#define STATUS	"<taskStatus><provisioningStatus>complete"		\
	"</provisioningStatus><listOfFaults/></taskStatus>"
#define TASK	"<taskResponseDetails><taskDetails>" DETAILS		\
	"</taskDetails>" STATUS "</taskResponseDetails>"
#define BROKEN	"<taskResponseDetails><taskDetails><xId>" DID "</xId>"	\
	"<targetIdentifiers><targetIdentifier/></targetIdentifiers>"	\
	"</taskDetails></taskResponseDetails>"
#define DEST	"<destinationResponseDetails><destinationDetails><dId>" DID \
	"</dId><deliveryType>X3Only</deliveryType><deliveryAddress><uri>x" \
	"</uri></deliveryAddress></destinationDetails><destinationStatus>" \
	"<destinationDeliveryStatus>deliveryFault</destinationDeliveryStatus>" \
	"<listOfFaults/></destinationStatus></destinationResponseDetails>"

static void
table(void)
{
	static const struct { const char *text, *why; } row[] = {
		{ ONE("PingResponse", OK), NULL },
		{ ONE("PingResponse", "<oK>Acknowledged</oK>"), NULL },
		{ ONE("PingResponse", "<oK>Done</oK>"), "oK: not one of" },
		{ ONE("PingResponse", ""), "oK: missing" },
		{ ONE("PingResponse", OK OK), "oK: repeated" },
		{ ONE("ReportNEIssueResponse", OK), NULL },
		{ ONE("ReportNEIssueResponse", "<oK>Acknowledged</oK>"),
		  "oK: not one of" },
		{ ONE("PingRequest", OK), "xsi:type of no message" },
		{ ONE("PongResponse", OK), "xsi:type of no message" },
		{ ONE("c:PingResponse", OK), "another namespace" },
		{ ONE("GetObjectResponse", ""), "GetObject: not supported" },
		{ ROOT "</X1Response>", "no x1ResponseMessage" },
		{ ROOT "<errorResponse/></X1Response>",
		  "not x1ResponseMessage" },
		{ ROOT MSG("PingResponse", OK) "<c:x1ResponseMessage/>"
		  "</X1Response>", "not x1ResponseMessage" },
		{ "<TopLevelErrorResponse/>", "no answer of X1" },
		{ ONE("ErrorResponse", "<requestMessageType>Ping"
		  "</requestMessageType><errorInformation><errorCode>1010"
		  "</errorCode><errorDescription>a&lt;b</errorDescription>"
		  "</errorInformation>"), NULL },
		{ ONE("ErrorResponse", "<requestMessageType>PingRequest"
		  "</requestMessageType><errorInformation><errorCode>1010"
		  "</errorCode><errorDescription/></errorInformation>"),
		  "requestMessageType: not one of" },
		{ ONE("ErrorResponse", "<requestMessageType>Ping"
		  "</requestMessageType><errorInformation><errorCode>x"
		  "</errorCode><errorDescription/></errorInformation>"),
		  "errorCode: not an integer" },
		{ ONE("ErrorResponse", "<requestMessageType>Ping"
		  "</requestMessageType><errorInformation><errorCode>1"
		  "</errorCode><errorDescription/></errorInformation>"
		  "<extensionInformation/>"), "extensionInformation" },
		{ ONE("GetNEStatusResponse", NE_OK), NULL },
		{ ONE("GetNEStatusResponse", "<neStatusDetails><neStatus>"
		  "Faults</neStatus><listOfFaults><unresolvedFault><errorCode>"
		  "+007</errorCode><errorDescription>d</errorDescription>"
		  "</unresolvedFault></listOfFaults></neStatusDetails>"),
		  NULL },
		{ ONE("GetNEStatusResponse", "<neStatusDetails><neStatus>OK"
		  "</neStatus></neStatusDetails>"), "listOfFaults: missing" },
		{ ONE("GetTaskDetailsResponse", TASK), NULL },
		{ ONE("GetTaskDetailsResponse", TASK TASK), "repeated" },
		{ ONE("GetTaskDetailsResponse", ""), "missing" },
		{ ONE("GetDestinationDetailsResponse", DEST), NULL },
		{ ONE("GetDestinationDetailsResponse", TASK),
		  "destinationResponseDetails must be" },
		{ ONE("GetAllTaskDetailsResponse", ""), NULL },
		{ ONE("GetAllTaskDetailsResponse", "<listOfTaskResponseDetails"
		  ">" TASK "</listOfTaskResponseDetails>"), NULL },
		{ ONE("GetAllTaskDetailsResponse", "<listOfTaskResponseDetails"
		  ">" TASK DEST "</listOfTaskResponseDetails>"),
		  "destinationResponseDetails: repeated, foreign" },
		{ ONE("GetAllTaskDetailsResponse", "<listOfTaskResponseDetails"
		  ">" TASK BROKEN "</listOfTaskResponseDetails>"),
		  "item " DID ": targetIdentifier: empty" },
		{ ONE("GetAllDestinationDetailsResponse",
		  "<listOfDestinationResponseDetails>" DEST
		  "</listOfDestinationResponseDetails>"), NULL },
		{ ONE("GetAllDetailsResponse", NE_OK
		  "<listOfTaskResponseDetails/>"
		  "<listOfDestinationResponseDetails/>"), NULL },
		{ ONE("GetAllDetailsResponse", NE_OK
		  "<listOfTaskResponseDetails/>"),
		  "listOfDestinationResponseDetails: missing" },
		{ ONE("GetAllDetailsResponse", NE_OK
		  "<listOfTaskResponseDetails>" TASK
		  "</listOfTaskResponseDetails>"
		  "<listOfDestinationResponseDetails>" DEST
		  "</listOfDestinationResponseDetails>"
		  "<listOfGenericObjectResponseDetails/>"), NULL },
		{ ONE("ListAllDetailsResponse", "<ListOfXIDs><xId>" XID
		  "</xId></ListOfXIDs><ListOfDIDs/>"), NULL },
		{ ONE("ListAllDetailsResponse", "<ListOfXIDs/><ListOfDIDs>"
		  "<dId>" DID "</dId><dSId>" XID "</dSId></ListOfDIDs>"
		  "<ListOfGenericObjectIDs><objectId>" XID "</objectId>"
		  "</ListOfGenericObjectIDs>"), NULL },
		{ ONE("ListAllDetailsResponse", "<ListOfXIDs><xId>x</xId>"
		  "</ListOfXIDs><ListOfDIDs/>"), "xId: not a UUID" },
		{ ONE("ListAllDetailsResponse", "<listOfXIDs/><ListOfDIDs/>"),
		  "ListOfXIDs must be" },
	};
	struct cu_why why;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rc = trip(row[i].text, row[i].text, strlen(row[i].text), 0,
		    &why);
		CHECK_ROW((rc == 0) == (row[i].why == NULL), row[i].text);
		if (row[i].why != NULL &&
		    !CHECK_ROW(strstr(why.text, row[i].why) != NULL, why.text))
			printf("# want %s\n", row[i].why);
	}
}

#define WITH_STATUS(s)	ONE("GetTaskDetailsResponse", "<taskResponseDetails>" \
	"<taskDetails>" DETAILS "</taskDetails><taskStatus>"		\
	"<provisioningStatus>failed</provisioningStatus>" s "</taskStatus>" \
	"</taskResponseDetails>")

static void
counters(void)
{
	static const char text[] = WITH_STATUS("<listOfFaults/>"
	    "<timeOfLastIntercept>2026-01-02T03:04:05.000006Z"
	    "</timeOfLastIntercept><amountOfX2Data>1</amountOfX2Data>"
	    "<amountOfX3Data>18446744073709551615</amountOfX3Data>"
	    "<timeOfLastModification>2026-01-02T03:04:05.000006+05:30"
	    "</timeOfLastModification><numberOfModifications>2"
	    "</numberOfModifications>");
	static const char bad[] = WITH_STATUS("<listOfFaults/>"
	    "<numberOfModifications>-1</numberOfModifications>");
	struct x1_response *r;
	struct x1_answer a;
	struct x1_item i;
	struct cu_why why;
	struct buf b;

	CHECK(trip("counters", text, sizeof(text) - 1, 0, &why) == 0);
	CHECK(trip("negative", bad, sizeof(bad) - 1, 0, &why) != 0);
	CHECK(strstr(why.text, "a negative counter") != NULL);
	REQUIRE(x1_response_open(&r, text, sizeof(text) - 1, 0, &why) == 0);
	CHECK(x1_response_count(r) == 1 && !x1_response_top_level(r, NULL));
	buf_init(&b, 65536);
	CHECK(x1_response_item(r, &i) == X1_E_END);
	CHECK(x1_response_item_xml(r, &b) == CU_ESTATE);
	REQUIRE(x1_response_next(r, &a, &why) == 0);
	CHECK(a.op == X1_OP_GET_TASK_DETAILS && !a.is_error);
	REQUIRE(x1_response_item(r, &i) == 0);
	CHECK(i.kind == X1_ITEM_TASK && i.form == X1_FORM_OK);
	CHECK_STR(i.id, XID);
	CHECK(i.task_status.provisioning == LI_PROVISIONING_FAILED);
	CHECK(i.task_status.modifications.present &&
	    i.task_status.modifications.v == 2);
	CHECK(i.task_status.x3.v == UINT64_MAX);
	li_count_line(&b, i.id, &i.task_status);
	CHECK_STR(buf_text(&b), "count " XID
	    " n=2 last=2026-01-01T21:34:05.000006Z");
	buf_reset(&b);
	CHECK(x1_response_item_xml(r, &b) == 0);
	CHECK(strncmp(buf_text(&b), "<taskResponseDetails xmlns=", 27) == 0);
	CHECK(x1_response_item(r, &(struct x1_item){ 0 }) == X1_E_END);
	CHECK(x1_response_next(r, &a, &why) == X1_E_END);
	buf_fini(&b);
	x1_item_fini(&i);
	x1_answer_fini(&a);
	x1_response_free(r);
}

/* A broken item has its id and reason, and the others are still read. */
static void
broken_item_in_the_middle(void)
{
	static const char text[] = ONE("GetAllTaskDetailsResponse",
	    "<listOfTaskResponseDetails>" TASK BROKEN TASK
	    "</listOfTaskResponseDetails>");
	struct x1_response *r;
	struct x1_answer a;
	struct x1_item i;
	struct cu_why why;
	int n;

	REQUIRE(x1_response_open(&r, text, sizeof(text) - 1, 0, &why) == 0);
	REQUIRE(x1_response_next(r, &a, &why) == 0);
	for (n = 0; x1_response_item(r, &i) == 0; n++) {
		CHECK(i.form == (n == 1 ? X1_FORM_SYNTAX : X1_FORM_OK));
		CHECK_STR(i.id, n == 1 ? DID : XID);
		CHECK((i.why.text[0] != '\0') == (n == 1));
		CHECK((i.task.targets == NULL) == (n == 1));
		x1_item_fini(&i);
	}
	CHECK(n == 3);
	x1_answer_fini(&a);
	x1_response_free(r);
}

static void
one_bad_message_among_others(void)
{
	static const char text[] = ROOT MSG("PingResponse", OK)
	    MSG("PingResponse", "") MSG("KeepaliveResponse", OK)
	    "</X1Response>";
	struct x1_response *r;
	struct x1_answer a;
	struct cu_why why;

	REQUIRE(x1_response_open(&r, text, sizeof(text) - 1, 0, &why) == 0);
	CHECK(x1_response_count(r) == 3);
	CHECK(x1_response_next(r, &a, &why) == 0 && a.op == X1_OP_PING);
	x1_answer_fini(&a);
	CHECK(x1_response_next(r, &a, &why) == CU_EMALFORMED);
	CHECK(x1_response_next(r, &a, &why) == 0 && a.op == X1_OP_KEEPALIVE);
	x1_answer_fini(&a);
	CHECK(x1_response_next(r, &a, &why) == X1_E_END);
	x1_response_free(r);
}

static void
top_level(void)
{
	struct x1_response *r;
	struct x1_answer a;
	struct x1_head h;
	struct cu_why why;
	struct buf b;

	buf_init(&b, 4096);
	CHECK(x1_top_level_write(&b, "admf-1", "ne & 1", 6, X1_VERSION) == 0);
	CHECK(trip("top level", b.p, b.len, 0, &why) == 0);
	REQUIRE(x1_response_open(&r, b.p, b.len, 0, &why) == 0);
	CHECK(x1_response_top_level(r, &h) && x1_response_count(r) == 0);
	CHECK_STR(h.ne, "ne & 1");
	CHECK(h.stamp == 6);
	CHECK(x1_response_next(r, &a, &why) == X1_E_END);
	x1_response_free(r);
	buf_fini(&b);
}

static void
matching(void)
{
	static const char text[] = ONE("PingResponse", OK);
	struct x1_head h = { .admf = "admf-1", .ne = "ne-1",
	    .transaction = "00000000-0000-4000-8000-000000000001" };
	struct x1_response *r;
	struct x1_answer a;
	struct cu_why why;

	REQUIRE(x1_response_open(&r, text, sizeof(text) - 1, 0, &why) == 0);
	REQUIRE(x1_response_next(r, &a, &why) == 0);
	CHECK(x1_answer_matches(&a, &h, X1_OP_PING, &why) == 0);
	CHECK(x1_answer_matches(&a, &h, X1_OP_KEEPALIVE, &why) != 0);
	h.transaction[0] = 'f';
	CHECK(x1_answer_matches(&a, &h, X1_OP_PING, &why) != 0);
	CHECK(strstr(why.text, "x1TransactionId") != NULL);
	h.transaction[0] = '0';
	h.ne[0] = 'x';
	CHECK(x1_answer_matches(&a, &h, X1_OP_PING, &why) != 0);
	x1_answer_fini(&a);
	x1_response_free(r);
}

/* The line of a task in an answer, whose taskDetails stands in a vector. */
static void
check_rest(const struct jv *row, const char *than)
{
	const char *xml, *line;
	struct x1_response *r;
	struct x1_answer a;
	struct x1_item i = { 0 };
	struct cu_why why;
	struct buf b, out;
	size_t n;

	xml = text_of(jv_get(row, "xml"), &n);
	line = text_of(jv_get(row, "line"), &n);
	buf_init(&b, 65536);
	buf_init(&out, 65536);
	buf_str(&b, ROOT "<x1ResponseMessage xsi:type=\""
	    "GetTaskDetailsResponse\">" HEAD "<taskResponseDetails>");
	buf_str(&b, xml);
	buf_str(&b, STATUS "</taskResponseDetails></x1ResponseMessage>"
	    "</X1Response>");
	if (!CHECK_ROW(x1_response_open(&r, b.p, b.len, 0, &why) == 0,
	    why.text))
		goto out;
	if (CHECK(x1_response_next(r, &a, &why) == 0)) {
		CHECK(x1_response_item(r, &i) == 0);
		CHECK_ROW(i.form == X1_FORM_OK, i.why.text);
		buf_reset(&b);
		CHECK(li_task_line(&b, &i.task) == 0);
		CHECK_STR(buf_text(&b), line);
		CHECK(than == NULL || strcmp(buf_text(&b), than) != 0);
		/* What is known by its digest alone cannot go on. */
		if (i.task.rest[0] != '\0') {
			struct x1_writer w;

			x1_writer_init(&w, &out);
			x1_writer_answer(&w, &a);
			x1_writer_item(&w, &i);
			CHECK(x1_writer_end(&w) == CU_ESTATE);
		}
		x1_item_fini(&i);
		x1_answer_fini(&a);
	}
	x1_response_free(r);
out:	buf_fini(&b);
	buf_fini(&out);
}

static void
rest_of_answers(void)
{
	struct jv *root = vectors("lines.json");
	const struct jv *list;
	const char *of;
	size_t i, n;

	REQUIRE(root != NULL);
	list = jv_get(root, "tasks");
	check_rest(jv_at(list, 7), NULL);
	check_rest(jv_at(list, 8), NULL);
	list = jv_get(jv_get(root, "rest"), "same");
	CHECK(jv_len(list) == 2);
	for (i = 0; i < jv_len(list); i++)
		check_rest(jv_at(list, i), NULL);
	of = text_of(jv_get(jv_get(root, "rest"), "of"), &n);
	list = jv_get(jv_get(root, "rest"), "other");
	CHECK(jv_len(list) == 5);
	for (i = 0; i < jv_len(list); i++)
		check_rest(jv_at(list, i), of);
	jv_free(root);
}

static void
every_truncation(void)
{
	static const char text[] = ONE("GetAllTaskDetailsResponse",
	    "<listOfTaskResponseDetails>" TASK "</listOfTaskResponseDetails>");
	struct x1_response *r;
	struct cu_why why;
	size_t n;

	for (n = 0; n < sizeof(text) - 1; n++)
		CHECK(x1_response_open(&r, text, n, 0, &why) == CU_EMALFORMED);
}

/* Items out of order, unread ones and a missing one are not written. */
static void
writer_refuses(void)
{
	struct x1_answer a = { .op = X1_OP_GET_ALL_DETAILS, .ne_state =
	    X1_NE_OK, .head = { .admf = "a", .ne = "n", .version = X1_VERSION,
	    .transaction = XID } };
	struct x1_item x = { .kind = X1_ITEM_XID, .id = XID };
	struct x1_item d = { .kind = X1_ITEM_DID, .id = DID };
	struct x1_writer w;
	struct cu_why why;
	struct buf b;

	buf_init(&b, 65536);
	x1_writer_init(&w, &b);
	x1_writer_answer(&w, &a);
	x1_writer_item(&w, &x);		/* not of this answer */
	CHECK(x1_writer_end(&w) == CU_ESTATE);
	buf_reset(&b);
	a.op = X1_OP_GET_TASK_DETAILS;
	x1_writer_init(&w, &b);
	x1_writer_answer(&w, &a);
	CHECK(x1_writer_end(&w) == CU_ESTATE);
	buf_reset(&b);
	a.op = X1_OP_LIST_ALL_DETAILS;
	x1_writer_init(&w, &b);
	x1_writer_answer(&w, &a);
	x1_writer_item(&w, &d);
	x1_writer_item(&w, &x);		/* XIDs come first */
	CHECK(x1_writer_end(&w) == CU_ESTATE);
	buf_reset(&b);
	x1_writer_init(&w, &b);
	x1_writer_answer(&w, &a);
	x1_writer_item(&w, &x);
	x1_writer_item(&w, &d);
	x1_writer_answer(&w, &a);
	CHECK(x1_writer_end(&w) == 0);
	CHECK(trip("two lists", b.p, b.len, 0, &why) == 0);
	buf_reset(&b);
	a.is_error = true;		/* of a request of no type */
	a.op = X1_OP_NONE;
	a.code = 1080;
	x1_writer_init(&w, &b);
	x1_writer_answer(&w, &a);
	CHECK(x1_writer_end(&w) == 0);
	CHECK(trip("error", b.p, b.len, 0, &why) == 0);
	buf_fini(&b);
}

/* Nearly as many tags as an answer may have, and one too many. */
static void
very_long_answers(void)
{
	const size_t tasks = XML_RESPONSE_TAGS_MAX / 11 - 2;
	struct x1_response *r;
	struct x1_answer a;
	struct x1_item i;
	struct cu_why why;
	struct buf b;
	size_t n;
	utc_us t;

	buf_init(&b, X1_RESPONSE_MAX);
	buf_str(&b, ROOT "<x1ResponseMessage xsi:type=\""
	    "GetAllTaskDetailsResponse\">" HEAD "<listOfTaskResponseDetails>");
	for (n = 0; n < tasks; n++)
		buf_str(&b, TASK);
	buf_str(&b, "</listOfTaskResponseDetails></x1ResponseMessage>"
	    "</X1Response>");
	REQUIRE(b.rc == 0);
	t = utc_mono();
	if (CHECK_ROW(x1_response_open(&r, b.p, b.len, 0, &why) == 0,
	    why.text)) {
		CHECK(x1_response_next(r, &a, &why) == 0);
		for (n = 0; x1_response_item(r, &i) == 0; n++) {
			if (!CHECK(i.form == X1_FORM_OK))
				break;
			x1_item_fini(&i);
		}
		CHECK(n == tasks);
		x1_answer_fini(&a);
		x1_response_free(r);
	}
	printf("# %zu bytes, %zu tasks: %lld ms\n", b.len, n,
	    (long long)(utc_mono() - t) / 1000);
	buf_reset(&b);
	buf_str(&b, ROOT);
	for (n = 0; n < XML_RESPONSE_TAGS_MAX; n++)
		buf_str(&b, "<a/>");
	buf_str(&b, "</X1Response>");
	CHECK(x1_response_open(&r, b.p, b.len, 0, &why) == CU_ELIMIT);
	CHECK(strstr(why.text, "too many elements") != NULL);
	buf_reset(&b);
	buf_str(&b, ROOT);
	buf_fill(&b, ' ', X1_RESPONSE_MAX - b.len);
	CHECK(x1_response_open(&r, b.p, b.len + 1, 0, &why) == CU_ELIMIT);
	buf_fini(&b);
}

int
main(void)
{
	trip_begin();
	CHECK_RUN(table);
	CHECK_RUN(counters);
	CHECK_RUN(broken_item_in_the_middle);
	CHECK_RUN(one_bad_message_among_others);
	CHECK_RUN(top_level);
	CHECK_RUN(matching);
	CHECK_RUN(rest_of_answers);
	CHECK_RUN(every_truncation);
	CHECK_RUN(writer_refuses);
	CHECK_RUN(very_long_answers);
	return (trip_done());
}
