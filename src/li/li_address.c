/* src/li/li_address.c: where product is delivered to, in one spelling */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "li/li_task.h"

#define IPV6_LEN	39	/* eight groups of four hex digits */

static int
refuse(struct cu_why *why, int rc, const char *what)
{
	cu_why_set(why, "delivery address: %s", what);
	return (rc);
}

static bool
is_hex(int c)
{
	return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
}

static bool
is_any_hex(int c)
{
	return (is_hex(c) || (c >= 'A' && c <= 'F'));
}

static bool
is_ipv4(const char *s, size_t n)
{
	const char *dot;
	uint64_t x;
	size_t k;
	int i;

	for (i = 0; i < 4; i++, s += k + 1, n -= k + 1) {
		dot = memchr(s, '.', n);
		k = dot != NULL ? (size_t)(dot - s) : n;
		if (k > 3 || text_dec(s, k, &x) != 0 || x > 255)
			return (false);
		if (i == 3)
			return (dot == NULL);
		if (dot == NULL)
			return (false);
	}
	return (false);
}

static bool
is_ipv6(const char *s, size_t n)
{
	size_t i;

	if (n != IPV6_LEN)
		return (false);
	for (i = 0; i < n; i++)
		if (i % 5 == 4 ? s[i] != ':' : !is_hex(s[i]))
			return (false);
	return (true);
}

/* The characters of RFC 3986, with whole escapes. */
static bool
is_uri(const char *s, size_t n)
{
	static const char more[] = "-._~:/?#[]@!$&'()*+,;=";
	size_t i;
	int c;

	for (i = 0; i < n; i++) {
		c = s[i];
		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (c == '%' && n - i > 2 && is_any_hex(s[i + 1]) &&
		    is_any_hex(s[i + 2]))
			i += 2;
		else if (c == '\0' || strchr(more, c) == NULL)
			return (false);
	}
	return (n > 0);
}

/* E.164 and e-mail have the types that targets have: the same normal forms. */
static int
as_target(char **out, enum li_kind kind, const char *s, size_t n,
    struct cu_why *why)
{
	struct li_text text = { s, n };
	struct li_target t;
	int rc;

	rc = li_target_normalise(&t, kind, LI_FORM_TEXT, &text, 1, why);
	if (rc == 0)
		*out = t.value;
	return (rc);
}

static int
take_port(struct li_address *a, enum li_proto proto, const char *s, size_t n,
    struct cu_why *why)
{
	uint64_t port;

	/* TCPPort is 2 to 65535, UDPPort 0 to 65535 (TS 103 280). */
	if (proto == LI_PROTO_NONE || text_dec(s, n, &port) != 0 ||
	    port > 65535 || (proto == LI_PROTO_TCP && port < 2))
		return (refuse(why, CU_EMALFORMED, "no port"));
	a->proto = proto;
	a->port = (uint16_t)port;
	return (0);
}

int
li_address_set(struct li_address *out, enum li_address_kind kind,
    const char *s, size_t n, enum li_proto proto, const char *port,
    size_t port_n, struct cu_why *why)
{
	struct li_address a = { .kind = kind };
	int rc = 0;

	if (n > LI_URI_MAX)
		return (refuse(why, CU_ELIMIT, "too long"));
	switch (kind) {
	case LI_ADDRESS_IPV4:
	case LI_ADDRESS_IPV6:
		if (kind == LI_ADDRESS_IPV4 ? !is_ipv4(s, n) : !is_ipv6(s, n))
			return (refuse(why, CU_EMALFORMED,
			    "not the one spelling of an IP address"));
		rc = take_port(&a, proto, port, port_n, why);
		break;
	case LI_ADDRESS_E164:
		rc = as_target(&a.value, LI_KIND_E164_NUMBER, s, n, why);
		break;
	case LI_ADDRESS_EMAIL:
		rc = as_target(&a.value, LI_KIND_EMAIL_ADDRESS, s, n, why);
		break;
	case LI_ADDRESS_URI:
		if (!is_uri(s, n))
			rc = refuse(why, CU_EMALFORMED, "not a URI");
		break;
	default:
		rc = refuse(why, CU_EMALFORMED, "of no known kind");
	}
	if (rc == 0 && a.value == NULL && (a.value = strndup(s, n)) == NULL)
		rc = CU_ENOMEM;
	if (rc == 0)
		*out = a;
	return (rc);
}

void
li_address_text(struct buf *b, const struct li_address *a)
{
	static const char *const name[] = { "", "ipv4", "ipv6", "e164Number",
	    "uri", "emailAddress" };

	buf_printf(b, "%s:", name[a->kind]);
	if (a->kind != LI_ADDRESS_IPV4 && a->kind != LI_ADDRESS_IPV6) {
		li_escape(b, a->value, strlen(a->value));
		return;
	}
	buf_printf(b, "%s:%s:%u", a->value,
	    a->proto == LI_PROTO_TCP ? "tcp" : "udp", a->port);
}

static int
unescape(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *hi, *lo;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] != '%') {
			buf_ch(b, s[i]);
			continue;
		}
		if (n - i < 3 || s[i + 1] == '\0' || s[i + 2] == '\0' ||
		    (hi = strchr(hex, s[i + 1])) == NULL ||
		    (lo = strchr(hex, s[i + 2])) == NULL)
			return (CU_EMALFORMED);
		buf_ch(b, (int)((hi - hex) << 4 | (lo - hex)));
		i += 2;
	}
	return (b->rc);
}

/* "<address>:tcp:<port>" */
static int
parse_ip(struct li_address *out, enum li_address_kind kind, const char *s,
    size_t n, struct cu_why *why)
{
	enum li_proto proto = LI_PROTO_NONE;
	const char *port, *p;

	if ((port = memrchr(s, ':', n)) == NULL || port - s < 4)
		return (refuse(why, CU_EMALFORMED, "no port"));
	p = port - 4;
	if (memcmp(p, ":tcp", 4) == 0)
		proto = LI_PROTO_TCP;
	else if (memcmp(p, ":udp", 4) == 0)
		proto = LI_PROTO_UDP;
	return (li_address_set(out, kind, s, (size_t)(p - s), proto, port + 1,
	    n - (size_t)(port + 1 - s), why));
}

int
li_address_parse(struct li_address *out, const char *s, size_t n,
    struct cu_why *why)
{
	static const struct { const char *name; enum li_address_kind kind; }
	    names[] = {
		{ "ipv4", LI_ADDRESS_IPV4 }, { "ipv6", LI_ADDRESS_IPV6 },
		{ "e164Number", LI_ADDRESS_E164 }, { "uri", LI_ADDRESS_URI },
		{ "emailAddress", LI_ADDRESS_EMAIL },
	};
	enum li_address_kind kind = LI_ADDRESS_NONE;
	struct li_address a;
	struct buf value, again;
	const char *colon;
	size_t i, rest;
	int rc;

	if ((colon = memchr(s, ':', n)) == NULL)
		return (refuse(why, CU_EMALFORMED, "not of the form "
		    "KIND:VALUE (ipv4:192.0.2.10:tcp:42069)"));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_eq(s, (size_t)(colon - s), names[i].name))
			kind = names[i].kind;
	rest = n - (size_t)(colon + 1 - s);
	if (kind == LI_ADDRESS_IPV4 || kind == LI_ADDRESS_IPV6)
		return (parse_ip(out, kind, colon + 1, rest, why));
	buf_init(&value, LI_URI_MAX);
	buf_init(&again, 4 * LI_URI_MAX);
	if (unescape(&value, colon + 1, rest) != 0) {
		rc = refuse(why, CU_EMALFORMED, "a broken escape");
		goto out;
	}
	if ((rc = li_address_set(&a, kind, buf_text(&value), value.len,
	    LI_PROTO_NONE, NULL, 0, why)) != 0)
		goto out;
	/* One spelling: what we would write, byte by byte. */
	li_address_text(&again, &a);
	if (again.rc == 0 && text_eq(s, n, buf_text(&again))) {
		*out = a;
	} else {
		li_address_fini(&a);
		rc = refuse(why, CU_EMALFORMED, "not its one spelling");
	}
out:	buf_fini(&value);
	buf_fini(&again);
	return (rc);
}
