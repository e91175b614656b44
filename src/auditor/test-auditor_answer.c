/* src/auditor/test-auditor_answer.c: an answer is complete, or it is none */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_answer.h"
#include "base/buf.h"
#include "base/err.h"
#include "check.h"

#define HEAD	"<admfIdentifier>auditor-1</admfIdentifier>" \
		"<neIdentifier>ne-1</neIdentifier><messageTimestamp>" \
		"2026-01-02T03:04:05.000006Z</messageTimestamp>" \
		"<version>v1.22.1</version><x1TransactionId>" \
		"00000000-0000-4000-8000-000000000001</x1TransactionId>"
#define OPEN	"<X1Response xmlns=\"http://uri.etsi.org/03221/X1/2017/10\"" \
		" xmlns:c=\"http://uri.etsi.org/03280/common/2017/07\"" \
		" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
#define MSG(t)	"<x1ResponseMessage xsi:type=\"" t "Response\">" HEAD
#define END	"</x1ResponseMessage>"
#define CLOSE	"</X1Response>"
#define ERROR	"<x1ResponseMessage xsi:type=\"ErrorResponse\">" HEAD \
		"<requestMessageType>GetAllDetails</requestMessageType>" \
		"<errorInformation><errorCode>1080</errorCode>" \
		"<errorDescription>no</errorDescription></errorInformation>" \
		END
#define NE	"<neStatusDetails><neStatus>OK</neStatus><listOfFaults/>" \
		"</neStatusDetails>"
#define X(n)	"b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a0" #n
#define DID	"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02"
#define TASK(x, targets, count) "<taskResponseDetails><taskDetails><xId>" x \
		"</xId><targetIdentifiers>" targets "</targetIdentifiers>" \
		"<deliveryType>X2andX3</deliveryType><listOfDIDs><dId>" DID \
		"</dId></listOfDIDs></taskDetails><taskStatus>" \
		"<provisioningStatus>complete</provisioningStatus>" \
		"<listOfFaults/>" count "</taskStatus></taskResponseDetails>"
#define IMSI	"<targetIdentifier><imsi>001010000000001</imsi>" \
		"</targetIdentifier>"
#define COUNT	"<timeOfLastModification>2026-01-02T03:04:05.000006Z" \
		"</timeOfLastModification>" \
		"<numberOfModifications>3</numberOfModifications>"
#define DEST	"<destinationResponseDetails><destinationDetails><dId>" DID \
		"</dId><friendlyName>a</friendlyName><deliveryType>X2andX3" \
		"</deliveryType><deliveryAddress><ipAddressAndPort>" \
		"<c:address><c:IPv4Address>192.0.2.10</c:IPv4Address>" \
		"</c:address><c:port><c:TCPPort>42069</c:TCPPort></c:port>" \
		"</ipAddressAndPort></deliveryAddress></destinationDetails>" \
		"<destinationStatus><destinationDeliveryStatus>" \
		"activeAndWorking</destinationDeliveryStatus><listOfFaults/>" \
		"</destinationStatus></destinationResponseDetails>"
#define ALL(t, d) OPEN MSG("GetAllDetails") NE \
		"<listOfTaskResponseDetails>" t "</listOfTaskResponseDetails>" \
		"<listOfDestinationResponseDetails>" d \
		"</listOfDestinationResponseDetails>" END CLOSE

static struct auditor_objects got;
static struct cu_why why;
static int64_t code;
static unsigned int dialect, used;

/* Tasks whose XID ends in 1 are bound. */
static bool
bound(void *cookie, const char *xid)
{
	return (xid[35] == '1');
}

static int
take_n(const char *body, size_t len, enum x1_op op)
{
	struct x1_head head = { .admf = "auditor-1", .ne = "ne-1",
	    .version = X1_VERSION, .transaction =
	    "00000000-0000-4000-8000-000000000001" };

	auditor_objects_fini(&got);
	why.text[0] = '\0';
	code = -1;
	used = ~0U;
	return (auditor_answer_take(&got, body, len, dialect, &head, op, bound,
	    NULL, &code, &used, &why));
}

static int
take(const char *body, enum x1_op op)
{
	return (take_n(body, strlen(body), op));
}

static void
complete(void)
{
	const struct auditor_object *o;

	REQUIRE(take(ALL(TASK(X(2), IMSI, "") TASK(X(1), IMSI, COUNT), DEST),
	    X1_OP_GET_ALL_DETAILS) == 0);
	REQUIRE(got.n == 3);
	o = &got.v[0];			/* the DID sorts before the XIDs */
	CHECK_STR(o->id, DID);
	CHECK(!o->task && !o->listed && !o->form && !o->n.present);
	CHECK_STR(o->line, "destination " DID
	    " deliver=X2andX3 at=ipv4:192.0.2.10:tcp:42069");
	CHECK(o->kept == NULL);
	o = &got.v[1];
	CHECK_STR(o->id, X(1));
	CHECK(o->task && !o->form && o->n.present && o->n.v == 3);
	CHECK(o->last == INT64_C(1767323045000006));
	CHECK(o->kept == NULL);
	CHECK_STR(o->line, "task " X(1) " deliver=X2andX3 "
	    "set=imsi%3D001010000000001%0A dids=" DID
	    " product=- corr=- implicit=0 services=* rest=-");
	/* What is bound to nothing keeps what was received. */
	o = &got.v[2];
	CHECK_STR(o->id, X(2));
	CHECK(o->line != NULL && o->kept_len > 100);
	CHECK(o->last == LI_TIME_NONE && !o->n.present);
	CHECK(memmem(o->kept, o->kept_len, "001010000000001", 15) != NULL);
}

static void
empty(void)
{
	CHECK(take(ALL("", ""), X1_OP_GET_ALL_DETAILS) == 0 && got.n == 0);
	CHECK(take(OPEN MSG("ListAllDetails") "<ListOfXIDs/><ListOfDIDs/>" END
	    CLOSE, X1_OP_LIST_ALL_DETAILS) == 0 && got.n == 0);
}

static void
lists(void)
{
	REQUIRE(take(OPEN MSG("ListAllDetails") "<ListOfXIDs><xId>" X(2)
	    "</xId><xId>" X(1) "</xId></ListOfXIDs><ListOfDIDs><dId>" DID
	    "</dId></ListOfDIDs>" END CLOSE, X1_OP_LIST_ALL_DETAILS) == 0);
	REQUIRE(got.n == 3);
	CHECK(got.v[0].listed && !got.v[0].task);
	CHECK(got.v[1].listed && got.v[1].task);
	CHECK_STR(got.v[1].id, X(1));
	CHECK(take(OPEN MSG("ListAllDetails") "<ListOfXIDs><xId>" X(1)
	    "</xId><xId>" X(1) "</xId></ListOfXIDs><ListOfDIDs/>" END CLOSE,
	    X1_OP_LIST_ALL_DETAILS) == AUDITOR_E_FORM);
}

/* Not understood is not unseen. */
static void
no_normal_form(void)
{
	REQUIRE(take(ALL(TASK(X(1), "<targetIdentifier/>", COUNT)
	    TASK(X(2), IMSI, ""), DEST), X1_OP_GET_ALL_DETAILS) == 0);
	REQUIRE(got.n == 3);
	CHECK(got.v[1].form && got.v[1].line == NULL);
	CHECK(got.v[1].kept_len > 0 && !got.v[2].form);
	REQUIRE(take(ALL(TASK(X(1), "<targetIdentifier><ipv4Address>"
	    "010.0.0.1</ipv4Address></targetIdentifier>", ""), ""),
	    X1_OP_GET_ALL_DETAILS) == 0);
	CHECK(got.n == 1 && got.v[0].form);
}

static void
not_an_answer(void)
{
	static const struct { const char *body, *name; int want; } row[] = {
		{ "", "empty", AUDITOR_E_FORM },
		{ "<html/>", "another root", AUDITOR_E_FORM },
		{ OPEN CLOSE, "no message", AUDITOR_E_FORM },
		{ OPEN MSG("ListAllDetails") "<ListOfXIDs/><ListOfDIDs/>" END
		    CLOSE, "another type", AUDITOR_E_FORM },
		{ OPEN ERROR ERROR CLOSE, "two messages", AUDITOR_E_FORM },
		{ OPEN ERROR CLOSE, "an error", AUDITOR_E_CODE },
		{ ALL(TASK(X(1), IMSI, "") TASK(X(1), IMSI, ""), ""),
		    "a task twice", AUDITOR_E_FORM },
		{ ALL("<taskResponseDetails/>", ""), "no id",
		    AUDITOR_E_FORM },
		{ ALL("<x/>", ""), "a foreign item", AUDITOR_E_FORM },
		{ "<X1TopLevelErrorResponse xmlns=\"http://uri.etsi.org/03221/"
		    "X1/2017/10\"><admfIdentifier>a</admfIdentifier>"
		    "<neIdentifier>n</neIdentifier><messageTimestamp>"
		    "2026-01-02T03:04:05.000006Z</messageTimestamp>"
		    "<version>v1.22.1</version></X1TopLevelErrorResponse>",
		    "top level", AUDITOR_E_CODE },
	};
	char other[8192], *p;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_ROW(take(row[i].body, X1_OP_GET_ALL_DETAILS) ==
		    row[i].want && got.n == 0, row[i].name);
	CHECK(take(OPEN ERROR CLOSE, X1_OP_GET_ALL_DETAILS) == AUDITOR_E_CODE
	    && code == 1080);
	/* The answer to somebody else's question. */
	snprintf(other, sizeof(other), "%s", ALL("", ""));
	p = strstr(other, "000000000001");
	p[11] = '2';
	CHECK(take(other, X1_OP_GET_ALL_DETAILS) == AUDITOR_E_FORM);
	snprintf(other, sizeof(other), "%s", ALL("", ""));
	p = strstr(other, ">ne-1<");
	p[4] = '2';
	CHECK(take(other, X1_OP_GET_ALL_DETAILS) == AUDITOR_E_FORM);
}

/* No prefix of a good answer is one. */
static void
every_cut(void)
{
	static const char good[] = ALL(TASK(X(1), IMSI, COUNT), DEST);
	size_t n;

	for (n = 0; n < sizeof(good) - 1; n++)
		if (!CHECK(take_n(good, n, X1_OP_GET_ALL_DETAILS) ==
		    AUDITOR_E_FORM && got.n == 0))
			break;
	CHECK(take_n(good, n, X1_OP_GET_ALL_DETAILS) == 0);
}

static void
one_object(void)
{
	CHECK(take(OPEN MSG("GetTaskDetails") TASK(X(1), IMSI, "") END CLOSE,
	    X1_OP_GET_TASK_DETAILS) == 0 && got.n == 1 && got.v[0].task);
	CHECK(take(OPEN MSG("GetDestinationDetails") DEST END CLOSE,
	    X1_OP_GET_DESTINATION_DETAILS) == 0 && got.n == 1 &&
	    !got.v[0].task);
	auditor_objects_fini(&got);
}

/* What it took to read an answer is told, and taken only where declared. */
static void
lenient(void)
{
	static const char body[] = ALL(TASK(X(1), IMSI, "<timeOfLastModification>"
	    "2026-01-02T03:04:05.006Z</timeOfLastModification>"), "");

	REQUIRE(take(body, X1_OP_GET_ALL_DETAILS) == 0 && got.n == 1);
	CHECK(got.v[0].form && used == 0);
	dialect = X1_DIALECT_STAMP;
	REQUIRE(take(body, X1_OP_GET_ALL_DETAILS) == 0 && got.n == 1);
	CHECK(!got.v[0].form && used == X1_DIALECT_STAMP);
	CHECK(take(ALL(TASK(X(1), IMSI, COUNT), ""), X1_OP_GET_ALL_DETAILS) ==
	    0 && used == 0);
	/* Another question's answer was read so, too. */
	CHECK(take(body, X1_OP_LIST_ALL_DETAILS) == AUDITOR_E_FORM);
	CHECK(used == 0);
	auditor_objects_fini(&got);
	dialect = 0;
}

int
main(void)
{
	CHECK_RUN(complete);
	CHECK_RUN(empty);
	CHECK_RUN(lists);
	CHECK_RUN(no_normal_form);
	CHECK_RUN(not_an_answer);
	CHECK_RUN(every_cut);
	CHECK_RUN(one_object);
	CHECK_RUN(lenient);
	return (check_done());
}
