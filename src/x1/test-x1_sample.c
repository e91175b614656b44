/*
 * src/x1/test-x1_sample.c: every message that we have from anyone.  A sample
 * survives the way there and back, or stands in the table with the reason.
 */
#include <dirent.h>
#include "load.h"
#include "x1/test-x1_trip.h"

/* Recognised and refused: what of the reason must be seen. */
static const struct expect { const char *dir, *file, *why; } table[] = {
	{ "own", "ActivateTaskRequest_all_target_types.xml",
	  "later 3010: hashedIdentifier: not supported yet" },
	{ "own", "CreateObjectRequest.xml",
	  "later 1080: CreateObject: not supported yet" },
	{ "own", "CreateObjectRequest_DestinationSet.xml",
	  "later 1080: CreateObject: not supported yet" },
	{ "own", "CreateObjectResponse.xml",
	  "CreateObject: not supported yet" },
	{ "own", "DeleteAllObjectsRequest.xml",
	  "later 1080: DeleteAllObjects: not supported yet" },
	{ "own", "DeleteAllObjectsResponse.xml",
	  "DeleteAllObjects: not supported yet" },
	{ "own", "DeleteObjectRequest.xml",
	  "later 1080: DeleteObject: not supported yet" },
	{ "own", "DeleteObjectResponse.xml",
	  "DeleteObject: not supported yet" },
	{ "own", "GetAllGenericObjectDetailsRequest.xml",
	  "later 1080: GetAllGenericObjectDetails: not supported yet" },
	{ "own", "GetAllGenericObjectDetailsResponse.xml",
	  "GetAllGenericObjectDetails: not supported yet" },
	{ "own", "GetObjectRequest.xml",
	  "later 1080: GetObject: not supported yet" },
	{ "own", "GetObjectResponse.xml",
	  "GetObject: not supported yet" },
	{ "own", "ListObjectsOfTypeRequest.xml",
	  "later 1080: ListObjectsOfType: not supported yet" },
	{ "own", "ListObjectsOfTypeResponse.xml",
	  "ListObjectsOfType: not supported yet" },
	{ "own", "ModifyObjectRequest.xml",
	  "later 1080: ModifyObject: not supported yet" },
	{ "own", "ModifyObjectResponse.xml",
	  "ModifyObject: not supported yet" },
	{ "etsi", "ActivateTaskRequest_LIHIQR.xml",
	  "later 3010: targetIdentifierExtension: not supported yet" },
	{ "etsi", "CreateDestinationSet_example.xml",
	  "later 1080: CreateObject: not supported yet" },
	{ "etsi", "CreateHashedID_example.xml",
	  "later 1080: CreateObject: not supported yet" },
	{ "etsi", "CreateObject_example.xml",
	  "later 1080: CreateObject: not supported yet" },
	{ "etsi", "DeleteAllObjectsRequest_example.xml",
	  "message 1: x1TransactionId: not a UUID in lower case" },
	{ "etsi", "DeleteAllObjectsResponse_example.xml",
	  "DeleteAllObjects: not supported yet" },
	{ "etsi", "GetAllDetailsResponse_example2.xml",
	  "genericObjectResponseDetails: not supported yet" },
	{ "etsi", "GetObjectResponse_example.xml",
	  "GetObject: not supported yet" },
	{ "etsi", "GetObject_example.xml",
	  "later 1080: GetObject: not supported yet" },
	{ "etsi", "IdentityAssociationRequest_example.xml",
	  "type 1080: x1RequestMessage: xsi:type of another namespace" },
	{ "etsi", "IdentityAssociationResponse_example.xml",
	  "x1ResponseMessage: xsi:type of another namespace" },
	{ "etsi", "ListObjectResponse_example.xml",
	  "ListObjectsOfType: not supported yet" },
	{ "etsi", "ListObject_example.xml",
	  "later 1080: ListObjectsOfType: not supported yet" },
	{ "etsi", "PrivateIdentityAssociationRequest_example.xml",
	  "type 1080: x1RequestMessage: xsi:type of another namespace" },
	{ "etsi", "PrivateIdentityAssociationResponse_example.xml",
	  "x1ResponseMessage: xsi:type of another namespace" },
	{ "lib", "NoResponsesInResponseContainer_example.xml",
	  "X1Response: no x1ResponseMessage" },
	{ "lib", "X1HttpServerHandlerTest_BadVersionRequest_example.xml",
	  "syntax 1010: version: not of the form v1.n.n" },
	{ "lib", "X1HttpServerHandlerTest_EmptyRequest_example.xml",
	  "X1Request: no x1RequestMessage" },
	{ "lib", "xxe.xml",
	  "byte 39: a declaration (<!)" },
	{ "sim", "DestinationAdded_ActivateTask_"
	  "InvalidCombinationOfDeliveryTypeAndDestinations.xml",
	  "errorDescription: missing in errorInformation" },
	{ "sim", "DestinationAdded_GetDestinationDetailsResponse_positive.xml",
	  "friendlyName: in destinationDetails where deliveryAddress "
	  "must be" },
	{ "sim", "DestinationModified_"
	  "GetDestinationDetailsResponse_positive.xml",
	  "friendlyName: in destinationDetails where deliveryAddress "
	  "must be" },
	{ "sim", "TaskAdded_ModifyTask_"
	  "InvalidCombinationOfDeliveryTypeAndDestinations.xml",
	  "errorDescription: missing in errorInformation" },
	{ "sim", "TaskModified_GetTaskDetailsResponse_positive.xml",
	  "dId: not a UUID in lower case" },
	{ "ext", "erlsom_activate_task.xml",
	  "later 3010: targetIdentifierExtension: not supported yet" },
	{ "wire", "lc-admf-01-get-all-details-empty-admf.http",
	  "message 1: admfIdentifier: empty" },
	{ "wire", "lc-admf-02-report-ne-startup.http",
	  "message 1: admfIdentifier: empty" },
	{ "wire", "lc-ne-01-ping.http",
	  "x1ResponseMessage: no xsi:type" },
	{ "wire", "lc-ne-02-error-302.http",
	  "X1Response: an element that is not x1ResponseMessage" },
	{ "wire", "lc-ne-03-get-task-details.http",
	  "x1ResponseMessage: no xsi:type" },
	{ "wire", "lc-ne-04-top-level-error-400.http",
	  "the root is no answer of X1" },
	{ "wire", "lc-ne-05-batch-last-wins.http",
	  "x1ResponseMessage: no xsi:type" },
	{ "wire", "lc-ne-06-http-429.http",
	  "byte 0: text outside the root" },
	{ "wire", "lc-ne-07-chunked-error.http",
	  "byte 0: text outside the root" },
	{ "wire", "sg-admf-07-activate-task-bad-values.http",
	  "syntax 1010: xId: not a UUID in lower case" },
	{ "wire", "sg-admf-09-h2-preface.http",
	  "byte 0: text outside the root" },
	{ "wire", "sg-ne-03-error-6000-no-description.http",
	  "errorDescription: missing in errorInformation" },
	{ "wire", "sg-ne-04-task-empty-target.http",
	  "targetIdentifier: empty" },
	{ "wire", "sg-ne-08-no-ne-identifier.http",
	  "messageTimestamp: in x1ResponseMessage where neIdentifier "
	  "must be" },
	{ "wire", "sg-ne-09-http-413.http",
	  "byte 0: no element" },
};

static const struct expect *
find(const char *dir, const char *file)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].dir, dir) == 0 &&
		    strcmp(table[i].file, file) == 0)
			return (&table[i]);
	return (NULL);
}

static void
check_dir(const char *path, const char *dir, unsigned int dialect, size_t want)
{
	const struct expect *e;
	const char *body, *at;
	struct buf b;
	struct cu_why why;
	struct dirent *d;
	size_t count = 0;
	DIR *list;
	int rc;

	if ((list = opendir(path)) == NULL) {
		check_skip("no shared samples");
		return;
	}
	while ((d = readdir(list)) != NULL) {
		if (strstr(d->d_name, ".xml") == NULL &&
		    strstr(d->d_name, ".http") == NULL)
			continue;
		b = load_file("%s/%s", path, d->d_name);
		body = buf_text(&b);
		if (strstr(d->d_name, ".http") != NULL)
			body = (at = strstr(body, "\r\n\r\n")) != NULL ?
			    at + 4 : body + b.len;
		count++;
		e = find(dir, d->d_name);
		rc = trip(d->d_name, body, b.len - (size_t)(body -
		    buf_text(&b)), dialect, &why);
		if ((rc != 0) != (e != NULL) || (e != NULL &&
		    strstr(why.text, e->why) == NULL)) {
			printf("# { \"%s\", \"%s\", \"%s\" },\n", dir,
			    d->d_name, why.text);
			CHECK(rc == -1000);
		}
		buf_fini(&b);
	}
	closedir(list);
	CHECK(count == want);
}

static void
own(void)
{
	check_dir(TEST_DIR "/samples/x1-own", "own", 0, 60);
}

static void
etsi(void)
{
	check_dir(SHARED_DIR "/specs/samples/x1-etsi-v1.13.1", "etsi", 0, 49);
}

static void
library(void)
{
	check_dir(SHARED_DIR "/specs/samples/x1-sipgate-lib", "lib", 0, 14);
}

static void
simulator(void)
{
	check_dir(SHARED_DIR "/specs/samples/x1-sipgate-simulator", "sim", 0,
	    28);
}

static void
extension(void)
{
	check_dir(SHARED_DIR "/specs/samples/x1-3gpp-ext", "ext", 0, 1);
}

static void
wire_with_stamp(void)
{
	check_dir(SHARED_DIR "/specs/samples/x1-wire", "wire",
	    X1_DIALECT_STAMP, 31);
}

int
main(void)
{
	trip_begin();
	CHECK_RUN(own);
	CHECK_RUN(etsi);
	CHECK_RUN(library);
	CHECK_RUN(simulator);
	CHECK_RUN(extension);
	CHECK_RUN(wire_with_stamp);
	return (trip_done());
}
