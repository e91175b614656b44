/*
 * src/x1/x1_read.c: the simple types and the sequences of the schema.  Each
 * child is known, stands where the schema wants it, and appears once; names
 * of elements are matched by namespace, and only names that the schema has
 * are ever repeated in a reason.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "x1/x1_read.h"

/* Elements that a reason may name: all of the X1 schema that can go wrong. */
static const char *const known[] = {
	"X1Request", "X1Response", "X1TopLevelErrorResponse",
	"x1RequestMessage", "x1ResponseMessage", "admfIdentifier",
	"neIdentifier", "messageTimestamp", "version", "x1TransactionId",
	"taskDetails", "xId", "dId", "dSId", "targetIdentifiers",
	"targetIdentifier", "deliveryType", "listOfDIDs",
	"listOfMediationDetails", "mediationDetails", "correlationID",
	"implicitDeactivationAllowed", "productID", "listOfServiceTypes",
	"serviceType", "taskDetailsExtensions",
	"listOfTrafficPolicyReferences", "trafficPolicyReference", "LIID",
	"StartTime", "EndTime", "mediationDetailsExtensions",
	"serviceScopingOptions", "destinationDetails", "friendlyName",
	"deliveryAddress", "ipAddressAndPort", "uri", "address", "port",
	"TCPPort", "UDPPort", "IPv4Address", "IPv6Address", "IPv4CIDR",
	"IPv6CIDR", "start", "end", "destinationDetailsExtensions", "oK",
	"requestMessageType", "errorInformation", "errorCode",
	"errorDescription", "extensionInformation", "taskResponseDetails",
	"taskStatus", "provisioningStatus", "listOfFaults", "unresolvedFault",
	"timeOfLastIntercept", "amountOfX2Data", "amountOfX3Data",
	"timeOfLastModification", "numberOfModifications",
	"taskStatusExtensions", "destinationResponseDetails",
	"destinationStatus", "destinationDeliveryStatus", "neStatusDetails",
	"neStatus", "listOfTaskResponseDetails",
	"listOfDestinationResponseDetails",
	"listOfGenericObjectResponseDetails", "genericObjectResponseDetails",
	"ListOfXIDs", "ListOfDIDs", "ListOfGenericObjectIDs", "objectId",
	"taskReportType", "taskIssueErrorCode", "taskIssueDetails",
	"taskIssueExtensions", "destinationReportType",
	"destinationIssueErrorCode", "destinationIssueDetails",
	"typeOfNeIssueMessage", "description", "issueCode",
	"nEIssueExtensions", "createObject", "modifyObject", "objectType",
	"errorResponse", "TopLevelErrorResponse", "Owner",
};

static const char *
safe_name(const struct xml_node *n)
{
	const char *name = xml_name(n);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return (known[i]);
	if (li_kind_find(name, strlen(name)) != LI_KIND_NONE)
		return (li_kind_name(li_kind_find(name, strlen(name))));
	return ("an unknown element");
}

void
x1_reader_init(struct x1_reader *r, unsigned int dialect, struct cu_why *why)
{
	memset(r, 0, sizeof(*r));
	r->dialect = dialect;
	r->later_code = X1_CODE_UNSUPPORTED;
	r->why = why;
	buf_init(&r->text, X1_TEXT_MAX);
}

void
x1_reader_fini(struct x1_reader *r)
{
	buf_wipe(&r->text);
}

int
x1_refuse(struct x1_reader *r, const struct xml_node *n, const char *reason)
{
	r->form = X1_FORM_SYNTAX;
	r->code = X1_CODE_SYNTAX;
	cu_why_set(r->why, "%s: %s", safe_name(n), reason);
	return (CU_EMALFORMED);
}

int
x1_later(struct x1_reader *r, const char *name, int code)
{
	r->form = X1_FORM_LATER;
	r->code = code;
	cu_why_set(r->why, "%s: not supported yet", name);
	return (CU_EMALFORMED);
}

int
x1_seq_open(struct x1_reader *r, struct x1_seq *s, const struct xml_node *n)
{
	if (!xml_plain(n))
		return (x1_refuse(r, n, "an attribute"));
	if (!xml_pure(n))
		return (x1_refuse(r, n, "text between elements"));
	s->parent = n;
	s->next = xml_child(n);
	return (0);
}

const struct xml_node *
x1_seq_opt(struct x1_seq *s, const char *ns, const char *name)
{
	const struct xml_node *n = s->next;

	if (!xml_is(n, ns, name))
		return (NULL);
	s->next = xml_next(n);
	return (n);
}

int
x1_seq_need(struct x1_reader *r, struct x1_seq *s, const char *ns,
    const char *name, const struct xml_node **out)
{
	if ((*out = x1_seq_opt(s, ns, name)) != NULL)
		return (0);
	x1_refuse(r, s->parent, "");
	if (s->next == NULL)
		cu_why_set(r->why, "%s: missing in %s", name,
		    safe_name(s->parent));
	else
		cu_why_set(r->why, "%s: in %s where %s must be",
		    safe_name(s->next), safe_name(s->parent), name);
	return (CU_EMALFORMED);
}

int
x1_seq_end(struct x1_reader *r, const struct x1_seq *s)
{
	if (s->next == NULL)
		return (0);
	x1_refuse(r, s->next, "");
	cu_why_set(r->why, "%s: repeated, foreign or out of place in %s",
	    safe_name(s->next), safe_name(s->parent));
	return (CU_EMALFORMED);
}

static int
leaf(struct x1_reader *r, const struct xml_node *n,
    int (*text)(struct buf *, const struct xml_node *))
{
	int rc;

	buf_reset(&r->text);
	if (!xml_plain(n))
		return (x1_refuse(r, n, "an attribute"));
	rc = text(&r->text, n);
	if (rc == CU_EMALFORMED)
		return (x1_refuse(r, n, "an element inside"));
	if (rc == CU_ELIMIT)
		return (x1_refuse(r, n, "too long"));
	return (rc);
}

int
x1_read_leaf(struct x1_reader *r, const struct xml_node *n)
{
	return (leaf(r, n, xml_text));
}

int
x1_read_collapsed(struct x1_reader *r, const struct xml_node *n)
{
	return (leaf(r, n, xml_token));
}

int
x1_read_uuid(struct x1_reader *r, const struct xml_node *n, char *out)
{
	int rc;

	if ((rc = x1_read_collapsed(r, n)) != 0)
		return (rc);
	if (!text_is_uuid(buf_text(&r->text), r->text.len))
		return (x1_refuse(r, n, "not a UUID in lower case"));
	memcpy(out, r->text.p, TEXT_UUID_LEN + 1);
	return (0);
}

static bool
has_control(const char *s, size_t n)
{
	uint32_t cp;
	size_t k;

	for (; n > 0; s += k, n -= k) {
		if ((k = text_utf8_next(s, n, &cp)) == 0 || cp < 0x20 ||
		    (cp >= 0x7f && cp <= 0x9f))
			return (true);
	}
	return (false);
}

int
x1_read_token(struct x1_reader *r, const struct xml_node *n, char *out,
    size_t max)
{
	int rc;

	if ((rc = x1_read_collapsed(r, n)) != 0)
		return (rc);
	if (r->text.len == 0)
		return (x1_refuse(r, n, "empty"));
	if (r->text.len > max)
		return (x1_refuse(r, n, "too long"));
	if (has_control(buf_text(&r->text), r->text.len))
		return (x1_refuse(r, n, "a control character"));
	memcpy(out, r->text.p, r->text.len + 1);
	return (0);
}

int
x1_read_string(struct x1_reader *r, const struct xml_node *n, char **out,
    size_t max)
{
	char *s;
	int rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	if (r->text.len > max)
		return (x1_refuse(r, n, "too long"));
	if ((s = strdup(buf_text(&r->text))) == NULL)
		return (CU_ENOMEM);
	*out = s;
	return (0);
}

/* Two to four digits at ${*p}; -1 if they are none. */
static int
digits(const char **p, int n)
{
	int v = 0;

	for (; n > 0; n--, ++*p) {
		if (**p < '0' || **p > '9')
			return (-1);
		v = v * 10 + (**p - '0');
	}
	return (v);
}

static bool
sign(const char **p, char c)
{
	if (**p != c)
		return (false);
	++*p;
	return (true);
}

/* Behind the seconds: the fraction in microseconds, and how many digits. */
static int
fraction(const char **p, int *us)
{
	int n = 0, scale = 100000;

	*us = 0;
	if (!sign(p, '.'))
		return (0);
	for (; **p >= '0' && **p <= '9'; ++*p, n++, scale /= 10)
		*us += (**p - '0') * scale;	/* cut behind six */
	return (n == 0 ? -1 : n);
}

/* Z or an offset of at most 14 hours, in minutes. */
static bool
offset(const char **p, int *minutes)
{
	int h, m, sgn = **p == '-' ? -1 : 1;

	*minutes = 0;
	if (sign(p, 'Z'))
		return (true);
	if (!sign(p, '+') && !sign(p, '-'))
		return (false);
	h = digits(p, 2);
	if (h < 0 || !sign(p, ':') || (m = digits(p, 2)) < 0 || m > 59 ||
	    h * 60 + m > 14 * 60)
		return (false);
	*minutes = sgn * (h * 60 + m);
	return (true);
}

int
x1_read_time(struct x1_reader *r, const struct xml_node *n, utc_us *out)
{
	int y, mo, d, h, mi, s, us, places, minutes, rc;
	const char *p;
	utc_us t;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	p = buf_text(&r->text);
	if ((y = digits(&p, 4)) < 0 || !sign(&p, '-') ||
	    (mo = digits(&p, 2)) < 0 || !sign(&p, '-') ||
	    (d = digits(&p, 2)) < 0 || !sign(&p, 'T') ||
	    (h = digits(&p, 2)) < 0 || !sign(&p, ':') ||
	    (mi = digits(&p, 2)) < 0 || !sign(&p, ':') ||
	    (s = digits(&p, 2)) < 0 || (places = fraction(&p, &us)) < 0 ||
	    !offset(&p, &minutes) || *p != '\0' ||
	    strlen(buf_text(&r->text)) != r->text.len)
		return (x1_refuse(r, n, "not a time"));
	if (places != 6) {
		if ((r->dialect & X1_DIALECT_STAMP) == 0 || places > 9)
			return (x1_refuse(r, n, "not six fraction digits"));
		r->leniencies |= X1_DIALECT_STAMP;
	}
	if (!utc_civil_valid(y, mo, d, h, mi, s))
		return (x1_refuse(r, n, "a moment that never was"));
	t = utc_from_civil(y, mo, d, h, mi, s, us) -
	    minutes * 60 * UTC_SECOND;
	if (t < 0 || t > UTC_MAX)
		return (x1_refuse(r, n, "before 1970 or after 9999"));
	*out = t;
	return (0);
}

int
x1_read_bool(struct x1_reader *r, const struct xml_node *n, bool *out)
{
	const char *s;
	int rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	s = buf_text(&r->text);
	if (strcmp(s, "true") == 0 || strcmp(s, "1") == 0)
		*out = true;
	else if (strcmp(s, "false") == 0 || strcmp(s, "0") == 0)
		*out = false;
	else
		return (x1_refuse(r, n, "not a boolean"));
	return (0);
}

/* xs:integer: a sign and leading zeros do not change it. */
static int
read_integer(struct x1_reader *r, const struct xml_node *n, bool *negative,
    uint64_t *out)
{
	const char *s;
	int rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	s = buf_text(&r->text);
	*negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	while (*s == '0' && s[1] != '\0')
		s++;
	if (text_dec(s, strlen(s), out) != 0)
		return (x1_refuse(r, n, "not an integer of 64 bits"));
	return (0);
}

int
x1_read_int(struct x1_reader *r, const struct xml_node *n, int64_t *out)
{
	bool negative;
	uint64_t v;
	int rc;

	if ((rc = read_integer(r, n, &negative, &v)) != 0)
		return (rc);
	if (v > INT64_MAX)
		return (x1_refuse(r, n, "not an integer of 64 bits"));
	*out = negative ? -(int64_t)v : (int64_t)v;
	return (0);
}

int
x1_read_count(struct x1_reader *r, const struct xml_node *n,
    struct li_count *out)
{
	bool negative;
	uint64_t v;
	int rc;

	if ((rc = read_integer(r, n, &negative, &v)) != 0)
		return (rc);
	if (negative && v != 0)
		return (x1_refuse(r, n, "a negative counter"));
	out->present = true;
	out->v = v;
	return (0);
}

int
x1_read_error(struct x1_reader *r, const struct xml_node *n, int64_t *code,
    char **text)
{
	const struct xml_node *c, *t;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "errorCode", &c)) != 0 ||
	    (rc = x1_seq_need(r, &s, X1_NS, "errorDescription", &t)) != 0 ||
	    (rc = x1_seq_end(r, &s)) != 0 ||
	    (rc = x1_read_int(r, c, code)) != 0)
		return (rc);
	return (x1_read_string(r, t, text, X1_TEXT_MAX));
}

int
x1_read_faults(struct x1_reader *r, const struct xml_node *n,
    struct li_faults *out)
{
	const struct xml_node *c;
	struct li_fault *v;
	struct x1_seq s;
	int rc;

	if ((rc = x1_seq_open(r, &s, n)) != 0)
		return (rc);
	while ((c = x1_seq_opt(&s, X1_NS, "unresolvedFault")) != NULL) {
		if (out->n == LI_FAULTS_MAX)
			return (x1_refuse(r, n, "too many"));
		v = realloc(out->v, (out->n + 1) * sizeof(*v));
		if (v == NULL)
			return (CU_ENOMEM);
		out->v = v;
		v[out->n].text = NULL;
		rc = x1_read_error(r, c, &v[out->n].code, &v[out->n].text);
		if (rc != 0)
			return (rc);
		out->n++;
	}
	return (x1_seq_end(r, &s));
}

/* The only direct child of that name, or NULL. */
static const struct xml_node *
only_child(const struct xml_node *n, const char *name)
{
	const struct xml_node *c, *found = NULL;

	for (c = xml_child(n); c != NULL; c = xml_next(c)) {
		if (!xml_is(c, X1_NS, name))
			continue;
		if (found != NULL)
			return (NULL);
		found = c;
	}
	return (found);
}

int
x1_read_ids(struct x1_reader *r, const struct xml_node *n,
    struct x1_head *head, bool transaction)
{
	const struct xml_node *c;
	int rc;

	memset(head, 0, sizeof(*head));
	head->stamp = LI_TIME_NONE;
	if ((c = only_child(n, "admfIdentifier")) == NULL)
		return (x1_refuse(r, n, "not one admfIdentifier"));
	if ((rc = x1_read_token(r, c, head->admf, X1_ID_MAX)) != 0)
		return (rc);
	if ((c = only_child(n, "neIdentifier")) == NULL)
		return (x1_refuse(r, n, "not one neIdentifier"));
	if ((rc = x1_read_token(r, c, head->ne, X1_ID_MAX)) != 0 ||
	    !transaction)
		return (rc);
	if ((c = only_child(n, "x1TransactionId")) == NULL)
		return (x1_refuse(r, n, "not one x1TransactionId"));
	return (x1_read_uuid(r, c, head->transaction));
}

/* v1.<digits>.<digits>; another first number is another major version. */
static int
read_version(struct x1_reader *r, const struct xml_node *n, char *out)
{
	const char *p;
	int part, rc;

	if ((rc = x1_read_leaf(r, n)) != 0)
		return (rc);
	p = buf_text(&r->text);
	if (r->text.len > X1_VERSION_MAX || *p++ != 'v')
		return (x1_refuse(r, n, "not of the form v1.n.n"));
	for (part = 0; part < 3; part++) {
		if (part > 0 && *p++ != '.')
			return (x1_refuse(r, n, "not of the form v1.n.n"));
		if (*p < '0' || *p > '9')
			return (x1_refuse(r, n, "not of the form v1.n.n"));
		while (*p >= '0' && *p <= '9')
			p++;
	}
	if (*p != '\0')
		return (x1_refuse(r, n, "not of the form v1.n.n"));
	if (strncmp(buf_text(&r->text), "v1.", 3) != 0) {
		x1_refuse(r, n, "another major version than " X1_VERSION);
		r->form = X1_FORM_VERSION;
		r->code = X1_CODE_VERSION;
		return (CU_EMALFORMED);
	}
	memcpy(out, r->text.p, r->text.len + 1);
	return (0);
}

int
x1_read_head(struct x1_reader *r, struct x1_seq *s, struct x1_head *head,
    bool transaction)
{
	const struct xml_node *c;
	int rc;

	if ((rc = x1_seq_need(r, s, X1_NS, "admfIdentifier", &c)) != 0 ||
	    (rc = x1_read_token(r, c, head->admf, X1_ID_MAX)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "neIdentifier", &c)) != 0 ||
	    (rc = x1_read_token(r, c, head->ne, X1_ID_MAX)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "messageTimestamp", &c)) != 0 ||
	    (rc = x1_read_time(r, c, &head->stamp)) != 0 ||
	    (rc = x1_seq_need(r, s, X1_NS, "version", &c)) != 0 ||
	    (rc = read_version(r, c, head->version)) != 0)
		return (rc);
	if (!transaction)
		return (0);
	if ((rc = x1_seq_need(r, s, X1_NS, "x1TransactionId", &c)) != 0)
		return (rc);
	return (x1_read_uuid(r, c, head->transaction));
}

static bool
is_ncname(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || (s[0] >= '0' && s[0] <= '9') || s[0] == '-' ||
	    s[0] == '.')
		return (false);
	for (i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9') || s[i] == '_' ||
		    s[i] == '-' || s[i] == '.' || (unsigned char)s[i] >= 0x80))
			return (false);
	return (true);
}

int
x1_read_type(struct x1_reader *r, const struct xml_node *n,
    const char *suffix, const char **name, size_t *name_n)
{
	const char *type, *local, *ns;
	size_t len, cut = strlen(suffix);
	char prefix[64] = "";

	if ((type = xml_attr(n, X1_NS_XSI, "type")) == NULL)
		return (x1_refuse(r, n, "no xsi:type"));
	if (xml_attrs(n) != 1)
		return (x1_refuse(r, n, "an attribute beside xsi:type"));
	if ((local = strchr(type, ':')) != NULL) {
		len = (size_t)(local++ - type);
		if (!is_ncname(type, len) || len >= sizeof(prefix))
			return (x1_refuse(r, n, "xsi:type is not a QName"));
		memcpy(prefix, type, len);
	} else
		local = type;
	len = strlen(local);
	if (!is_ncname(local, len))
		return (x1_refuse(r, n, "xsi:type is not a QName"));
	ns = xml_prefix_ns(n, prefix);
	if (ns == NULL && prefix[0] != '\0')
		return (x1_refuse(r, n, "xsi:type has an unknown prefix"));
	if (ns == NULL || strcmp(ns, X1_NS) != 0 || len <= cut ||
	    strcmp(local + len - cut, suffix) != 0) {
		x1_refuse(r, n, ns == NULL || strcmp(ns, X1_NS) != 0 ?
		    "xsi:type of another namespace" : "xsi:type of no message");
		r->form = X1_FORM_TYPE;
		r->code = X1_CODE_UNSUPPORTED;
		return (CU_EMALFORMED);
	}
	*name = local;
	*name_n = len - cut;
	return (0);
}
