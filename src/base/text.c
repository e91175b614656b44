/* src/base/text.c: strict texts: UTF-8, base64, hex, decimals, ids */
#include <string.h>
#include "base/buf.h"
#include "base/text.h"

static const char b64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char b64std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
text_utf8_next(const void *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = s;
	size_t i, len;
	uint32_t c, min;

	if (n == 0)
		return (0);
	if (p[0] < 0x80) {
		*cp = p[0];
		return (1);
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2; c = p[0] & 0x1f; min = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3; c = p[0] & 0x0f; min = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4; c = p[0] & 0x07; min = 0x10000;
	} else {
		return (0);
	}
	if (len > n)
		return (0);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return (0);
	*cp = c;
	return (len);
}

bool
text_utf8_valid(const void *s, size_t n)
{
	const uint8_t *p = s;
	uint64_t eight;
	uint32_t cp;
	size_t k;

	while (n > 0) {
		/* Eight ASCII characters at once: entries are made of them. */
		if (n >= sizeof(eight)) {
			memcpy(&eight, p, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				p += sizeof(eight);
				n -= sizeof(eight);
				continue;
			}
		}
		if ((k = text_utf8_next(p, n, &cp)) == 0)
			return (false);
		p += k;
		n -= k;
	}
	return (true);
}

bool
text_eq(const void *s, size_t n, const char *lit)
{
	return (strlen(lit) == n && memcmp(s, lit, n) == 0);
}

int
text_dec(const char *s, size_t n, uint64_t *v)
{
	uint64_t x = 0;
	size_t i;

	if (n == 0 || n > 20 || (n > 1 && s[0] == '0'))
		return (-1);
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		if (x > (UINT64_MAX - (uint64_t)(s[i] - '0')) / 10)
			return (-1);
		x = x * 10 + (uint64_t)(s[i] - '0');
	}
	*v = x;
	return (0);
}

void
text_hex(char *out, const void *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digit[b[i] >> 4];
		*out++ = digit[b[i] & 15];
	}
	*out = '\0';
}

static int
nibble(int c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (-1);
}

int
text_unhex(void *out, const char *s, size_t n)
{
	uint8_t *b = out;
	size_t i;
	int hi, lo;

	for (i = 0; i < n; i++) {
		if ((hi = nibble(s[2 * i])) < 0 ||
		    (lo = nibble(s[2 * i + 1])) < 0)
			return (-1);
		b[i] = (uint8_t)(hi << 4 | lo);
	}
	return (0);
}

static void
encode(char *out, const void *p, size_t n, const char *abc, bool pad)
{
	const uint8_t *b = p;
	uint32_t v;
	size_t k;

	for (; n > 0; n -= k, b += k) {
		k = n < 3 ? n : 3;
		v = (uint32_t)b[0] << 16 | (k > 1 ? (uint32_t)b[1] << 8 : 0) |
		    (k > 2 ? b[2] : 0);
		*out++ = abc[v >> 18];
		*out++ = abc[v >> 12 & 63];
		if (k > 1)
			*out++ = abc[v >> 6 & 63];
		else if (pad)
			*out++ = '=';
		if (k > 2)
			*out++ = abc[v & 63];
		else if (pad)
			*out++ = '=';
	}
	*out = '\0';
}

/* What '0' to 'z' stand for in both alphabets; their last two are apart. */
static const int8_t sextets['z' - '0' + 1] = {
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, -1,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1, -1,
	26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51
};

static inline int
sextet(char c, const char *abc)
{
	int v = c >= '0' && c <= 'z' ? sextets[c - '0'] : -1;

	if (v >= 0)
		return (v);
	return (c == abc[62] ? 62 : c == abc[63] ? 63 : -1);
}

static int
decode(void *out, size_t cap, size_t *len, const char *s, size_t n,
    const char *abc)
{
	uint8_t *b = out;
	uint32_t v = 0;
	size_t i = 0, done = 0;
	unsigned int bits = 0;
	int x, y[4];

	if (n % 4 == 1)
		return (-1);
	/* Whole groups; what is wrong with one the slow way finds out. */
	for (; n - i >= 4 && cap - done >= 3; i += 4, done += 3) {
		y[0] = sextet(s[i], abc);
		y[1] = sextet(s[i + 1], abc);
		y[2] = sextet(s[i + 2], abc);
		y[3] = sextet(s[i + 3], abc);
		if ((y[0] | y[1] | y[2] | y[3]) < 0)
			break;
		b[done] = (uint8_t)(y[0] << 2 | y[1] >> 4);
		b[done + 1] = (uint8_t)((y[1] & 15) << 4 | y[2] >> 2);
		b[done + 2] = (uint8_t)((y[2] & 3) << 6 | y[3]);
	}
	for (; i < n; i++) {
		if ((x = sextet(s[i], abc)) < 0)
			return (-1);
		v = (v << 6 | (uint32_t)x) & 0xffffff;
		if ((bits += 6) < 8)
			continue;
		bits -= 8;
		if (done == cap)
			return (-1);
		b[done++] = (uint8_t)(v >> bits & 0xff);
	}
	if ((v & ((1U << bits) - 1)) != 0)
		return (-1);
	*len = done;
	return (0);
}

void
text_b64url(char *out, const void *p, size_t n)
{
	encode(out, p, n, b64url, false);
}

void
text_b64(char *out, const void *p, size_t n)
{
	encode(out, p, n, b64std, true);
}

int
text_unb64url(void *out, size_t cap, size_t *len, const char *s, size_t n)
{
	return (decode(out, cap, len, s, n, b64url));
}

int
text_unb64(void *out, size_t cap, size_t *len, const char *s, size_t n)
{
	if (n % 4 != 0)
		return (-1);
	if (n > 0 && s[n - 1] == '=')
		n -= s[n - 2] == '=' ? 2 : 1;
	return (decode(out, cap, len, s, n, b64std));
}

/* Append what ${abc} makes of the bytes, in steps that need no memory. */
static void
add_encoded(struct buf *b, const void *p, size_t n, const char *abc, bool pad)
{
	const uint8_t *from = p;
	char step[TEXT_B64_LEN(48) + 1];
	size_t k;

	for (; n > 0; n -= k, from += k) {
		k = n < 48 ? n : 48;
		encode(step, from, k, abc, pad);
		buf_str(b, step);
	}
}

void
buf_b64url(struct buf *b, const void *p, size_t n)
{
	add_encoded(b, p, n, b64url, false);
}

void
buf_b64(struct buf *b, const void *p, size_t n)
{
	add_encoded(b, p, n, b64std, true);
}

void
buf_hex(struct buf *b, const void *p, size_t n)
{
	const uint8_t *from = p;
	char two[3];

	for (; n > 0; n--, from++) {
		text_hex(two, from, 1);
		buf_add(b, two, 2);
	}
}

static bool
is_alnum(int c)
{
	return ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'));
}

bool
text_is_id(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > TEXT_ID_MAX || !is_alnum(s[0]))
		return (false);
	for (i = 1; i < n; i++)
		if (!is_alnum(s[i]) && s[i] != '.' && s[i] != '_' &&
		    s[i] != '-')
			return (false);
	return (true);
}

bool
text_is_uuid(const char *s, size_t n)
{
	size_t i;

	if (n != TEXT_UUID_LEN)
		return (false);
	for (i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-')
				return (false);
		} else if (nibble(s[i]) < 0) {
			return (false);
		}
	return (true);
}

void
text_show(struct buf *b, const void *s, size_t n)
{
	const uint8_t *p = s;
	uint32_t cp;
	size_t k;

	for (; n > 0; n -= k, p += k) {
		if ((k = text_utf8_next(p, n, &cp)) == 0) {
			buf_printf(b, "\\x{%02X}", *p);
			k = 1;
		} else if (cp >= 0x20 && cp < 0x7f && cp != '\\') {
			buf_ch(b, (int)cp);
		} else {
			buf_printf(b, "\\u{%X}", (unsigned int)cp);
		}
	}
}
