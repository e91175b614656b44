/*
 * src/x1/test-x1_trip.h: decode, encode, decode: what is understood must
 * survive, and what is written must be valid.
 */
#ifndef TEST_X1_TRIP_H_
#define TEST_X1_TRIP_H_
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"
#include "xml/xml.h"

#define TRIP_MAX	(8 * 1024 * 1024)

static struct xml_schema *trip_schema;	/* NULL: ../shared is absent */
static size_t trip_valid_n;		/* documents that it was asked of */

/* The envelope's members, as all written messages here have them. */
#define TRIP_HEAD "<admfIdentifier>admf-1</admfIdentifier>"		\
	"<neIdentifier>ne-1</neIdentifier>"				\
	"<messageTimestamp>2026-01-02T03:04:05.000006Z</messageTimestamp>" \
	"<version>v1.22.1</version>"					\
	"<x1TransactionId>00000000-0000-4000-8000-000000000001"		\
	"</x1TransactionId>"
#define TRIP_ROOT(name) "<" name " xmlns=\"" X1_NS "\" xmlns:c=\""	\
	X1_NS_COMMON							\
	"\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
#define TRIP_XID "b7c5b1c0-6a1e-4f0e-9d2a-0c6d5f1e7a01"
#define TRIP_DID "0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02"

static inline void
trip_begin(void)
{
	if (xml_schema_create(&trip_schema,
	    SHARED_DIR "/specs/xsd/x1-validate.xsd") != 0)
		trip_schema = NULL;
}

/* A case of its own: without the schema all others are worth less. */
static void
written_is_valid_by_the_schema(void)
{
	if (trip_schema == NULL)
		check_skip("no ../shared/specs/xsd/x1-validate.xsd");
	else
		CHECK(trip_valid_n > 0);	/* each was, where it stands */
}

static inline int
trip_done(void)
{
	CHECK_RUN(written_is_valid_by_the_schema);
	xml_schema_free(trip_schema);
	return (check_done());
}

static inline void
trip_valid(const struct buf *b, const char *name)
{
	struct xml_doc *doc;
	struct cu_why why = { "" };

	if (!CHECK_ROW(xml_parse(&doc, NULL, b->p, b->len,
	    XML_RESPONSE_TAGS_MAX, &why) == 0, name))
		return;
	if (trip_schema != NULL) {
		trip_valid_n++;
		if (!CHECK_ROW(xml_schema_valid(trip_schema, doc), name))
			printf("# %s\n", buf_text(b));
	}
	xml_free(doc);
}

/* Decode into ${out} what all of the answer says, written anew. */
static inline int
trip_answer(struct buf *out, const void *p, size_t n, unsigned int dialect,
    struct cu_why *why, unsigned int *leniencies)
{
	struct x1_response *r;
	struct x1_answer a;
	struct x1_head head;
	struct x1_writer w;
	struct x1_item i;
	int rc, irc;

	if ((rc = x1_response_open(&r, p, n, dialect, why)) != 0)
		return (rc);
	if (x1_response_top_level(r, &head)) {
		rc = x1_top_level_write(out, head.admf, head.ne, head.stamp,
		    head.version);
		x1_response_free(r);
		return (rc);
	}
	x1_writer_init(&w, out);
	while ((rc = x1_response_next(r, &a, why)) == 0) {
		x1_writer_answer(&w, &a);
		x1_answer_fini(&a);
		while ((irc = x1_response_item(r, &i)) == 0) {
			if (i.form != X1_FORM_OK) {
				*why = i.why;
				cu_why_in(why, "item %s", i.id[0] != '\0' ?
				    i.id : "-");
				x1_item_fini(&i);
				rc = CU_EMALFORMED;
				break;
			}
			x1_writer_item(&w, &i);
			x1_item_fini(&i);
		}
		if (rc == 0 && irc != X1_E_END)
			rc = irc;
		if (rc != 0)
			break;
	}
	*leniencies |= x1_response_leniencies(r);
	x1_response_free(r);
	irc = x1_writer_end(&w);
	return (rc != X1_E_END ? rc : irc);
}

/* The same of a request; a message that is refused gives its reason. */
static inline int
trip_request(struct buf *out, const void *p, size_t n, unsigned int dialect,
    struct cu_why *why, unsigned int *leniencies)
{
	struct x1_request *r;
	size_t i;
	int rc;

	if ((rc = x1_request_decode(&r, p, n, dialect, 32, why)) != 0)
		return (rc);
	for (i = 0; rc == 0 && i < r->n; i++) {
		*leniencies |= r->msgs[i].leniencies;
		if (r->msgs[i].form != X1_FORM_OK) {
			*why = r->msgs[i].why;
			cu_why_in(why, "%s %d", x1_form_name(r->msgs[i].form),
			    r->msgs[i].code);
			rc = CU_EMALFORMED;
		}
	}
	if (rc == 0)
		rc = x1_request_write(out, r->msgs, r->n);
	x1_request_free(r);
	return (rc);
}

/*
 * The whole way for one body.  Return 0 if it was understood (then all checks
 * of the way back were made), else the reason in ${why}.
 */
static inline int
trip(const char *name, const void *p, size_t n, unsigned int dialect,
    struct cu_why *why)
{
	int (*way)(struct buf *, const void *, size_t, unsigned int,
	    struct cu_why *, unsigned int *) = trip_request;
	unsigned int used = 0, again = 0;
	struct buf one, two;
	int rc;

	why->text[0] = '\0';
	buf_init(&one, TRIP_MAX);
	buf_init(&two, TRIP_MAX);
	rc = way(&one, p, n, dialect, why, &used);
	if (rc != 0 && strstr(why->text, "root is not X1Request") != NULL) {
		way = trip_answer;
		buf_reset(&one);
		rc = way(&one, p, n, dialect, why, &used);
	}
	if (rc == 0) {
		CHECK_ROW((used & ~dialect) == 0, name);
		trip_valid(&one, name);
		/* Strictly now: what we write needs no leniency. */
		CHECK_ROW(way(&two, one.p, one.len, 0, why, &again) == 0, name);
		CHECK_ROW(again == 0, name);
		CHECK_STR(buf_text(&two), buf_text(&one));
	}
	buf_fini(&one);
	buf_fini(&two);
	return (rc);
}
#endif /* !TEST_X1_TRIP_H_ */
