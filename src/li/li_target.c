/*
 * src/li/li_target.c: the normal form of a target.  Almost nothing is
 * converted: one spelling is accepted, any other is refused with the reason,
 * because two systems that read one text differently tap two different people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "li/li_target.h"

/* How the value of a kind is judged. */
enum rule {
	RULE_NONE, RULE_DIGITS, RULE_OCTETS, RULE_IPV4, RULE_IPV6, RULE_CIDR4,
	RULE_CIDR6, RULE_TCP, RULE_UDP, RULE_EMAIL, RULE_INTL_EMAIL, RULE_SIP,
	RULE_TEL, RULE_H323, RULE_IMPU, RULE_STRING, RULE_HEX, RULE_TEID,
	RULE_ROLE, RULE_LOCAL, RULE_LATER
};

/* Is a target of this kind alone enough to say who is meant (formats 8)? */
enum naming { QUALIFIES, NAMES, BY_LENGTH };

static const struct {
	const char *name;
	enum rule rule;
	enum li_form form;
	enum naming naming;
	unsigned int min, max;	/* digits; octets; characters (0: the limit) */
} kinds[LI_KIND_MAX] = {
#define KIND(k, n, r, f, g, ...) [LI_KIND_##k] = { n, RULE_##r, LI_FORM_##f, \
	g, __VA_ARGS__ }
	[LI_KIND_NONE] = { "", RULE_NONE, 0, QUALIFIES, 0, 0 },
	KIND(E164_NUMBER, "e164Number", DIGITS, TEXT, NAMES, 1, 15),
	KIND(IMSI, "imsi", DIGITS, TEXT, NAMES, 6, 15),
	KIND(IMEI, "imei", DIGITS, TEXT, NAMES, 14, 14),
	KIND(MAC_ADDRESS, "macAddress", OCTETS, TEXT, NAMES, 6, 6),
	KIND(IPV4_ADDRESS, "ipv4Address", IPV4, TEXT, NAMES, 0, 0),
	KIND(IPV6_ADDRESS, "ipv6Address", IPV6, TEXT, NAMES, 0, 0),
	KIND(IPV4_CIDR, "ipv4Cidr", CIDR4, CIDR4, BY_LENGTH, 0, 0),
	KIND(IPV6_CIDR, "ipv6Cidr", CIDR6, TEXT, BY_LENGTH, 0, 0),
	KIND(TCP_PORT, "tcpPort", TCP, TEXT, QUALIFIES, 0, 0),
	KIND(TCP_PORT_RANGE, "tcpPortRange", TCP, RANGE, QUALIFIES, 0, 0),
	KIND(TCP_PORT_LIST, "tcpPortList", TCP, LIST, QUALIFIES, 0, 0),
	KIND(UDP_PORT, "udpPort", UDP, TEXT, QUALIFIES, 0, 0),
	KIND(UDP_PORT_RANGE, "udpPortRange", UDP, RANGE, QUALIFIES, 0, 0),
	KIND(UDP_PORT_LIST, "udpPortList", UDP, LIST, QUALIFIES, 0, 0),
	KIND(EMAIL_ADDRESS, "emailAddress", EMAIL, TEXT, NAMES, 0, 255),
	KIND(INTL_EMAIL_ADDRESS, "internationalizedEmailAddress", INTL_EMAIL,
	    TEXT, NAMES, 0, 255),
	KIND(SIP_URI, "sipUri", SIP, TEXT, NAMES, 0, 0),
	KIND(TEL_URI, "telUri", TEL, TEXT, NAMES, 0, 0),
	KIND(H323_URI, "h323Uri", H323, TEXT, NAMES, 0, 255),
	KIND(IMPU, "impu", IMPU, TEXT, NAMES, 0, 255),
	KIND(IMPI, "impi", STRING, TEXT, NAMES, 0, 0),
	KIND(NAI, "nai", STRING, TEXT, NAMES, 0, 0),
	KIND(RADIUS_ATTRIBUTE, "radiusAttribute", HEX, TEXT, QUALIFIES, 0, 0),
	KIND(GTPU_TUNNEL_ID, "gtpuTunnelId", TEID, TEXT, QUALIFIES, 0, 0),
	KIND(GTPC_TUNNEL_ID, "gtpcTunnelId", TEID, TEXT, QUALIFIES, 0, 0),
	KIND(CALL_PARTY_ROLE, "callPartyRole", ROLE, TEXT, QUALIFIES, 0, 0),
	KIND(NON_LOCAL_IDENTIFIER, "nonLocalIdentifier", LOCAL, TEXT,
	    QUALIFIES, 0, 0),
	KIND(SUPIIMSI, "supiimsi", DIGITS, TEXT, NAMES, 6, 15),
	KIND(SUPINAI, "supinai", STRING, TEXT, NAMES, 0, 0),
	KIND(SUCI, "suci", HEX, TEXT, NAMES, 0, 0),
	KIND(PEI_IMEI, "peiImei", DIGITS, TEXT, NAMES, 14, 14),
	KIND(PEI_IMEI_CHECK_DIGIT, "peiImeiCheckDigit", DIGITS, TEXT, NAMES,
	    15, 15),
	KIND(PEI_IMEISV, "peiImeisv", DIGITS, TEXT, NAMES, 16, 16),
	KIND(GPSI_MSISDN, "gpsiMsisdn", DIGITS, TEXT, NAMES, 1, 15),
	KIND(GPSI_NAI, "gpsiNai", STRING, TEXT, NAMES, 0, 0),
	KIND(EUI64, "eui64", OCTETS, TEXT, NAMES, 8, 8),
	KIND(SERVICE_ACCESS_IDENTIFIER, "serviceAccessIdentifier", STRING,
	    TEXT, NAMES, 0, 0),
	KIND(VRF, "vrf", STRING, TEXT, QUALIFIES, 0, 255),
	KIND(HASHED_IDENTIFIER, "hashedIdentifier", LATER, TEXT, QUALIFIES,
	    0, 0),
	KIND(EXTENSION, "targetIdentifierExtension", LATER, TEXT, QUALIFIES,
	    0, 0),
#undef KIND
};

/* A value under way: in place, so that nothing is converted unseen. */
struct value {
	enum li_kind kind;
	char s[LI_VALUE_MAX + 1];
	size_t n;
	struct cu_why *why;
};

enum li_kind
li_kind_find(const char *name, size_t n)
{
	int k;

	for (k = LI_KIND_NONE + 1; k < LI_KIND_MAX; k++)
		if (text_eq(name, n, kinds[k].name))
			return ((enum li_kind)k);
	return (LI_KIND_NONE);
}

const char *
li_kind_name(enum li_kind kind)
{
	return (kind < LI_KIND_MAX ? kinds[kind].name : "");
}

enum li_form
li_kind_form(enum li_kind kind)
{
	return (kind < LI_KIND_MAX ? kinds[kind].form : 0);
}

static int
refuse(const struct value *v, int rc, const char *what)
{
	cu_why_set(v->why, "%s: %s", kinds[v->kind].name, what);
	return (rc);
}

static bool
is_digit(int c)
{
	return (c >= '0' && c <= '9');
}

static bool
is_alnum(int c)
{
	return (is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'));
}

static bool
is_hex(int c)
{
	return (is_digit(c) || (c >= 'a' && c <= 'f'));
}

static void
lower(char *p, const char *end)
{
	for (; p < end; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
}

/* XML's white space, as xs:token collapses it. */
static bool
is_xml_space(int c)
{
	return (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

static void
collapse(struct value *v)
{
	size_t r, w = 0;

	for (r = 0; r < v->n; r++) {
		if (!is_xml_space(v->s[r]))
			v->s[w++] = v->s[r];
		else if (w > 0 && v->s[w - 1] != ' ')
			v->s[w++] = ' ';
	}
	if (w > 0 && v->s[w - 1] == ' ')
		w--;
	v->s[w] = '\0';
	v->n = w;
}

/* Take a text in: UTF-8, not too long, and for an xs:token collapsed. */
static int
load(struct value *v, const struct li_text *t)
{
	enum rule r = kinds[v->kind].rule;
	const char *p = t->p;
	size_t n = t->n, chars = 0, k, max = kinds[v->kind].max;
	uint32_t cp;

	/* White space around a token does not count against its length. */
	if (r >= RULE_DIGITS && r <= RULE_CIDR6) {
		for (; n > 0 && is_xml_space(p[0]); p++)
			n--;
		while (n > 0 && is_xml_space(p[n - 1]))
			n--;
	}
	if (n > LI_VALUE_MAX)
		return (refuse(v, CU_ELIMIT, "too long"));
	memcpy(v->s, p, n);
	v->s[n] = '\0';
	v->n = n;
	if (r >= RULE_DIGITS && r <= RULE_CIDR6)
		collapse(v);
	if (v->n == 0)
		return (refuse(v, CU_EMALFORMED, "empty"));
	for (p = v->s, n = v->n; n > 0; p += k, n -= k, chars++) {
		if ((k = text_utf8_next(p, n, &cp)) == 0)
			return (refuse(v, CU_EMALFORMED, "not UTF-8"));
		if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			return (refuse(v, CU_EMALFORMED,
			    "a control character"));
	}
	if (r < RULE_EMAIL || r == RULE_HEX || r == RULE_TEID || max == 0)
		max = LI_VALUE_CHARS_MAX;
	if (chars > max)
		return (refuse(v, CU_ELIMIT, "too long"));
	if (v->s[0] == ' ' || v->s[v->n - 1] == ' ')
		return (refuse(v, CU_EMALFORMED, "space around the value"));
	return (0);
}

static int
bad_form(const struct value *v)
{
	return (refuse(v, CU_EMALFORMED, "not of the form of its kind"));
}

static int
take_digits(const struct value *v)
{
	size_t i;

	if (v->n < kinds[v->kind].min || v->n > kinds[v->kind].max)
		return (bad_form(v));
	for (i = 0; i < v->n; i++)
		if (!is_digit(v->s[i]))
			return (bad_form(v));
	return (0);
}

static int
take_octets(const struct value *v)
{
	size_t i;

	if (v->n != 3 * (size_t)kinds[v->kind].max - 1)
		return (bad_form(v));
	for (i = 0; i < v->n; i++)
		if (i % 3 == 2 ? v->s[i] != ':' : !is_hex(v->s[i]))
			return (bad_form(v));
	return (0);
}

/* A decimal at ${*p} up to ${max}; 1 if a leading zero gives two readings. */
static int
take_number(const char **p, unsigned int max, size_t digits_max,
    unsigned int *out)
{
	const char *start = *p;
	unsigned int x = 0;

	for (; is_digit(**p); ++*p) {
		if ((size_t)(*p - start) == digits_max)
			return (-1);
		x = x * 10 + (unsigned int)(**p - '0');
	}
	if (*p == start || x > max)
		return (-1);
	*out = x;
	return (*start == '0' && *p - start > 1);
}

static int
take_ipv4(const struct value *v, const char **end, uint32_t *out)
{
	const char *p = v->s;
	unsigned int x, i;
	bool zero = false;
	int rc;

	for (i = 0, *out = 0; i < 4; i++) {
		if (i > 0 && *p++ != '.')
			return (bad_form(v));
		if ((rc = take_number(&p, 255, 3, &x)) < 0)
			return (bad_form(v));
		zero = zero || rc == 1;
		*out = *out << 8 | x;
	}
	*end = p;
	return (zero ? refuse(v, CU_EMALFORMED, "an octet with a leading zero")
	    : 0);
}

static int
take_ipv6(const struct value *v, const char **end, uint8_t out[16])
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;
	int x;

	memset(out, 0, 16);
	if (v->n < 39)
		return (bad_form(v));
	for (i = 0; i < 39; i++) {
		if (i % 5 == 4 ? v->s[i] != ':' : !is_hex(v->s[i]))
			return (bad_form(v));
		if (i % 5 == 4)
			continue;
		x = (int)(strchr(digits, v->s[i]) - digits);
		out[i / 5 * 2 + i % 5 / 2] |=
		    (uint8_t)(i % 5 % 2 == 0 ? x << 4 : x);
	}
	*end = v->s + 39;
	return (0);
}

static int
bad_address(const struct value *v)
{
	return (refuse(v, CU_EMALFORMED,
	    "an unspecified, broadcast or multicast address"));
}

/* ${bits} < 0: an address; else a CIDR of that length. */
static int
check_ipv4(const struct value *v, uint32_t a, int bits)
{
	if (bits >= 0 && bits < 32 && (a & (UINT32_MAX >> bits)) != 0)
		return (refuse(v, CU_EMALFORMED, "host bits"));
	if ((bits < 0 || bits == 32) && (a == 0 || a == UINT32_MAX))
		return (bad_address(v));
	if ((bits < 0 || bits >= 4) && a >> 28 == 0xe)
		return (bad_address(v));
	return (0);
}

static int
check_ipv6(const struct value *v, const uint8_t a[16], int bits)
{
	bool zero = true;
	int i;

	for (i = 0; i < 128; i++) {
		if ((a[i / 8] >> (7 - i % 8) & 1) == 0)
			continue;
		zero = false;
		if (bits >= 0 && i >= bits)
			return (refuse(v, CU_EMALFORMED, "host bits"));
	}
	if ((bits < 0 || bits == 128) && zero)
		return (bad_address(v));
	if ((bits < 0 || bits >= 8) && a[0] == 0xff)
		return (bad_address(v));
	return (0);
}

static int
take_address(const struct value *v, bool cidr, bool six)
{
	unsigned int bits = 0;
	const char *p = NULL;
	uint8_t a6[16];
	uint32_t a4 = 0;
	int rc;

	rc = six ? take_ipv6(v, &p, a6) : take_ipv4(v, &p, &a4);
	if (rc != 0)
		return (rc);
	if (cidr) {
		if (*p++ != '/' ||
		    (rc = take_number(&p, six ? 128 : 32, 3, &bits)) < 0 ||
		    (six && bits == 0))
			return (bad_form(v));
		if (rc == 1)
			return (refuse(v, CU_EMALFORMED,
			    "a length with a leading zero"));
	}
	if (p != v->s + v->n)
		return (bad_form(v));
	return (six ? check_ipv6(v, a6, cidr ? (int)bits : -1) :
	    check_ipv4(v, a4, cidr ? (int)bits : -1));
}

static int
take_port(const struct value *v, unsigned int *port)
{
	const char *p = v->s;
	int rc;

	rc = take_number(&p, 65535, 8, port);
	if (rc < 0 || *p != '\0' ||
	    (kinds[v->kind].rule == RULE_TCP && *port < 2))
		return (bad_form(v));
	return (rc == 1 ? refuse(v, CU_EMALFORMED, "a leading zero") : 0);
}

static int
take_teid(const struct value *v)
{
	uint64_t x;

	if (v->n > 1 && v->s[0] == '0')
		return (refuse(v, CU_EMALFORMED, "a leading zero"));
	if (text_dec(v->s, v->n, &x) != 0 || x > UINT32_MAX)
		return (bad_form(v));
	return (0);
}

static int
take_hex(struct value *v)
{
	size_t i;

	lower(v->s, v->s + v->n);
	for (i = 0; i < v->n; i++)
		if (!is_hex(v->s[i]))
			return (bad_form(v));
	return (v->n % 2 != 0 ? bad_form(v) : 0);
}

static int
take_intl_email(struct value *v)
{
	char *at = strrchr(v->s, '@'), *p;

	/* The pattern is .+@.+: any @ that is neither first nor last. */
	p = v->s[0] == '\0' ? NULL : strchr(v->s + 1, '@');
	if (p == NULL || p[1] == '\0')
		return (bad_form(v));
	lower(at + 1, v->s + v->n);
	return (0);
}

static int
take_email(struct value *v)
{
	static const char local[] = ".!#$%&'*+\\/=?^_`{|}~-";
	char *at = strchr(v->s, '@'), *p, *label;

	if (at == NULL || at == v->s || at[1] == '\0')
		return (bad_form(v));
	for (p = v->s; p < at; p++)
		if (!is_alnum(*p) && strchr(local, *p) == NULL)
			return (bad_form(v));
	lower(at + 1, v->s + v->n);
	for (label = p = at + 1; p <= v->s + v->n; p++) {
		if (*p != '.' && *p != '\0') {
			if (!is_alnum(*p) && *p != '-')
				return (bad_form(v));
			continue;
		}
		if (p == label || p - label > 63 || label[0] == '-' ||
		    p[-1] == '-')
			return (bad_form(v));
		label = p + 1;
	}
	return (0);
}

static bool
starts(const struct value *v, const char *scheme)
{
	return (strncmp(v->s, scheme, strlen(scheme)) == 0);
}

/* The characters of the URI kinds, and escapes with one spelling only. */
static int
check_uri(const struct value *v)
{
	static const char more[] = "!#$&'()*+,-./:;=?@[]_~%";
	static const char unreserved[] = "-_.!~*'()";
	const char *p, *q;
	int c, i;

	for (p = v->s; *p != '\0'; p++)
		if (!is_alnum(*p) && strchr(more, *p) == NULL)
			return (bad_form(v));
	for (p = v->s; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		for (q = p + 1, i = 0, c = 0; i < 2; i++, q++) {
			if (*q >= 'a' && *q <= 'f')
				return (refuse(v, CU_EMALFORMED,
				    "an escape in lower case"));
			if (!is_digit(*q) && !(*q >= 'A' && *q <= 'F'))
				return (refuse(v, CU_EMALFORMED,
				    "a broken escape"));
			c = c << 4 | (is_digit(*q) ? *q - '0' : *q - 'A' + 10);
		}
		if (c != 0 && (is_alnum(c) || strchr(unreserved, c) != NULL))
			return (refuse(v, CU_EMALFORMED,
			    "an escape of an unreserved character"));
	}
	return (0);
}

/*
 * The host of a SIP or H.323 URI in lower case: behind @, else (SIP) behind
 * the scheme, as far as : ; or ?, or the ] that closes an IPv6 address.
 */
static int
lower_host(struct value *v, const char *scheme, bool needs_at)
{
	char *at, *host, *end;

	if ((at = strchr(v->s, '@')) != NULL && strchr(at + 1, '@') != NULL)
		return (refuse(v, CU_EMALFORMED, "two @"));
	if (at == NULL && needs_at)
		return (0);
	host = at != NULL ? at + 1 : v->s + strlen(scheme);
	end = host + strcspn(host, ":;?");
	if (*host == '[') {
		if ((end = strchr(host, ']')) == NULL || end == host + 1)
			return (refuse(v, CU_EMALFORMED, "no host"));
		end++;
	}
	if (end == host)
		return (refuse(v, CU_EMALFORMED, "no host"));
	/* No host has one; and in lower case it would be no escape of ours. */
	if (memchr(host, '%', (size_t)(end - host)) != NULL)
		return (refuse(v, CU_EMALFORMED, "an escape in the host"));
	lower(host, end);
	return (0);
}

static int
take_uri(struct value *v)
{
	static const char *const cased[] = { "sip:", "sips:", "tel:" };
	enum rule r = kinds[v->kind].rule;
	const char *scheme;
	size_t i;
	int rc;

	if (r == RULE_TEL || r == RULE_H323)
		scheme = r == RULE_TEL ? "tel:" : "h323:";
	else
		scheme = starts(v, "sips:") ? "sips:" : "sip:";
	if (r == RULE_IMPU && !starts(v, scheme)) {
		for (i = 0; i < sizeof(cased) / sizeof(cased[0]); i++)
			if (strncasecmp(v->s, cased[i], strlen(cased[i])) == 0
			    && !starts(v, cased[i]))
				return (bad_form(v));
		return (check_uri(v));
	}
	if (!starts(v, scheme) || (v->n == strlen(scheme) && r != RULE_IMPU))
		return (bad_form(v));
	if ((rc = check_uri(v)) != 0 || r == RULE_TEL)
		return (rc);
	return (lower_host(v, scheme, r == RULE_H323));
}

static int
take_word(const struct value *v, const char *const *words, size_t n)
{
	while (n-- > 0)
		if (strcmp(v->s, words[n]) == 0)
			return (0);
	return (bad_form(v));
}

static int
take_text(struct value *v)
{
	static const char *const roles[] = { "Originating", "Terminating",
	    "Forwarded-To" };
	static const char *const locals[] = { "Local", "NonLocal" };
	unsigned int port;

	switch (kinds[v->kind].rule) {
	case RULE_DIGITS:
		return (take_digits(v));
	case RULE_OCTETS:
		return (take_octets(v));
	case RULE_IPV4:
	case RULE_CIDR4:
		return (take_address(v, kinds[v->kind].rule == RULE_CIDR4,
		    false));
	case RULE_IPV6:
	case RULE_CIDR6:
		return (take_address(v, kinds[v->kind].rule == RULE_CIDR6,
		    true));
	case RULE_TCP:
	case RULE_UDP:
		return (take_port(v, &port));
	case RULE_EMAIL:
		return (take_email(v));
	case RULE_INTL_EMAIL:
		return (take_intl_email(v));
	case RULE_SIP:
	case RULE_TEL:
	case RULE_H323:
	case RULE_IMPU:
		return (take_uri(v));
	case RULE_STRING:
		return (0);
	case RULE_HEX:
		return (take_hex(v));
	case RULE_TEID:
		return (take_teid(v));
	case RULE_ROLE:
		return (take_word(v, roles, 3));
	case RULE_LOCAL:
		return (take_word(v, locals, 2));
	default:
		return (bad_form(v));
	}
}

static int
by_number(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

/* A range or list of ports becomes one value text. */
static int
take_ports(struct value *v, enum li_form form, const struct li_text *t,
    size_t n)
{
	unsigned int port[LI_LIST_MAX];
	size_t i, len = 0;
	int rc;

	if (n == 0)
		return (refuse(v, CU_EMALFORMED, "empty"));
	if (n > LI_LIST_MAX)
		return (refuse(v, CU_ELIMIT, "too long"));
	if (form == LI_FORM_RANGE && n != 2)
		return (bad_form(v));
	for (i = 0; i < n; i++)
		if ((rc = load(v, &t[i])) != 0 ||
		    (rc = take_port(v, &port[i])) != 0)
			return (rc);
	if (form == LI_FORM_RANGE && port[0] > port[1])
		return (refuse(v, CU_EMALFORMED, "start > end"));
	if (form == LI_FORM_LIST)
		qsort(port, n, sizeof(port[0]), by_number);
	for (i = 0; i < n; i++) {
		if (form == LI_FORM_LIST && i > 0 && port[i] == port[i - 1])
			return (refuse(v, CU_EMALFORMED, "a repeated port"));
		len += (size_t)snprintf(v->s + len, sizeof(v->s) - len, "%s%u",
		    i == 0 ? "" : form == LI_FORM_LIST ? "," : "-", port[i]);
	}
	v->n = len;
	return (len > LI_VALUE_CHARS_MAX ? refuse(v, CU_ELIMIT, "too long") :
	    0);
}

int
li_target_normalise(struct li_target *out, enum li_kind kind,
    enum li_form form, const struct li_text *t, size_t n, struct cu_why *why)
{
	struct value v = { .kind = kind, .why = why };
	char *value;
	int rc;

	if (kind <= LI_KIND_NONE || kind >= LI_KIND_MAX) {
		cu_why_set(why, "no such kind of target");
		return (CU_EMALFORMED);
	}
	if (kinds[kind].rule == RULE_LATER)
		return (refuse(&v, CU_EMALFORMED, "not supported yet"));
	if (form != kinds[kind].form)
		return (form == LI_FORM_CIDR6 ? refuse(&v, CU_EMALFORMED,
		    "an IPv6 prefix in it") : bad_form(&v));
	if (form == LI_FORM_RANGE || form == LI_FORM_LIST)
		rc = take_ports(&v, form, t, n);
	else if (n != 1)
		rc = bad_form(&v);
	else if ((rc = load(&v, &t[0])) == 0)
		rc = take_text(&v);
	if (rc == 0 && (value = strndup(v.s, v.n)) == NULL)
		rc = CU_ENOMEM;
	explicit_bzero(v.s, sizeof(v.s));
	if (rc != 0)
		return (rc);
	out->kind = kind;
	out->value = value;
	return (0);
}

int
li_target_from(struct li_target *out, enum li_kind kind, const char *value,
    size_t n, struct cu_why *why)
{
	struct li_text t[LI_LIST_MAX];
	enum li_form form = li_kind_form(kind);
	const char *p = value, *end = value + n, *q;
	struct li_target got;
	size_t i = 0;
	int rc;

	if (form == LI_FORM_RANGE || form == LI_FORM_LIST) {
		for (; i < LI_LIST_MAX; p = q + 1) {
			q = memchr(p, form == LI_FORM_LIST ? ',' : '-',
			    (size_t)(end - p));
			t[i].p = p;
			t[i++].n = (size_t)((q == NULL ? end : q) - p);
			if (q == NULL)
				break;
		}
	} else {
		t[i].p = value;
		t[i++].n = n;
	}
	if ((rc = li_target_normalise(&got, kind, form, t, i, why)) != 0)
		return (rc);
	if (!text_eq(value, n, got.value)) {
		li_target_fini(&got);
		cu_why_set(why, "%s: not in its normal form",
		    kinds[kind].name);
		return (CU_EMALFORMED);
	}
	*out = got;
	return (0);
}

int
li_target_valid(enum li_kind kind, const char *value, size_t n,
    struct cu_why *why)
{
	struct li_target t;
	int rc;

	if ((rc = li_target_from(&t, kind, value, n, why)) == 0)
		li_target_fini(&t);
	return (rc);
}

void
li_target_fini(struct li_target *t)
{
	if (t->value != NULL) {
		explicit_bzero(t->value, strlen(t->value));
		free(t->value);
	}
	t->value = NULL;
	t->kind = LI_KIND_NONE;
}

bool
li_target_names(const struct li_target *t, unsigned int cidr4_min,
    unsigned int cidr6_min)
{
	const char *slash;

	if (kinds[t->kind].naming != BY_LENGTH)
		return (kinds[t->kind].naming == NAMES);
	slash = strchr(t->value, '/');
	return (slash != NULL && strtoul(slash + 1, NULL, 10) >=
	    (t->kind == LI_KIND_IPV4_CIDR ? cidr4_min : cidr6_min));
}
