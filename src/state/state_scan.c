/* src/state/state_scan.c: where each value of a line lies */
#include <endian.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "base/err.h"
#include "base/text.h"
#include "state/state_scan.h"

struct cursor { struct scan *s; size_t at; unsigned int depth; };

static bool
hex4(const char *p, unsigned int *v)
{
	unsigned int i, d;

	*v = 0;
	for (i = 0; i < 4; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			d = (unsigned int)(p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			d = (unsigned int)(p[i] - 'a') + 10;
		else
			return (false);
		*v = *v << 4 | d;
	}
	return (true);
}

/* The escape at ${p}: its length, 0 if it is not of the one spelling. */
static size_t
escape(const char *p, size_t left, char *out)
{
	static const char from[] = "\"\\btnfr", to[] = "\"\\\b\t\n\f\r";
	const char *f;
	unsigned int v;

	if (left < 2)
		return (0);
	if ((f = memchr(from, p[1], sizeof(from) - 1)) != NULL) {
		*out = to[f - from];
		return (2);
	}
	/* Below 0x20, and none of those that have a letter. */
	if (p[1] != 'u' || left < 6 || !hex4(p + 2, &v) || v >= 0x20 ||
	    memchr(to, (int)v, sizeof(to) - 1) != NULL)
		return (0);
	*out = (char)v;
	return (6);
}

static int
token(struct cursor *c, enum scan_type type, uint32_t *t)
{
	if (c->s->n == c->s->cap)
		return (CU_ELIMIT);
	*t = (uint32_t)c->s->n++;
	c->s->tok[*t].type = (uint8_t)type;
	c->s->tok[*t].escaped = 0;
	c->s->tok[*t].off = (uint32_t)c->at;
	return (0);
}

static void
close_token(struct cursor *c, uint32_t t)
{
	c->s->tok[t].len = (uint32_t)(c->at - c->s->tok[t].off);
	c->s->tok[t].next = (uint32_t)c->s->n;
}

/* Eight bytes at a time: where they are 0x20 below, a quote, a backslash. */
#define EACH(c)	(UINT64_C(0x0101010101010101) * (c))
#define TOPS	EACH(0x80)

static inline uint64_t
eight(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return (le64toh(w));
}

/* The lowest top bit that is set is exact; those above it may not be. */
static inline uint64_t
below(uint64_t w, unsigned int c)
{
	return ((w - EACH(c)) & ~w & TOPS);
}

static inline size_t
first(uint64_t hit)
{
	return ((size_t)__builtin_ctzll(hit) / 8);
}

/* Length of the plain stretch of a string at ${p}. */
static inline size_t
plain(const char *p, size_t n)
{
	uint64_t w, hit;
	size_t i = 0;

#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), low = _mm_set1_epi8(0x1f),
	    slash = _mm_set1_epi8('\\');
	unsigned int mask;
	__m128i v;

	/* The same by sixteen: half of the time of a replay is spent here. */
	for (; n - i >= 16; i += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		mask = (unsigned int)_mm_movemask_epi8(_mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(v, slash)),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, low), v)));
		if (mask != 0)
			return (i + (size_t)__builtin_ctz(mask));
	}
#endif
	for (; n - i >= 8; i += 8) {
		w = eight(p + i);
		hit = below(w, 0x20) | below(w ^ EACH('"'), 1) |
		    below(w ^ EACH('\\'), 1);
		if (hit != 0)
			return (i + first(hit));
	}
	while (i < n && p[i] != '"' && p[i] != '\\' &&
	    (unsigned char)p[i] >= 0x20)
		i++;
	return (i);
}

static int
take_string(struct cursor *c)
{
	const char *p = c->s->p;
	size_t len = c->s->len, n;
	uint32_t t;
	char ch;
	int rc;

	c->at++;
	if ((rc = token(c, SCAN_STRING, &t)) != 0)
		return (rc);
	for (;;) {
		c->at += plain(p + c->at, len - c->at);
		if (c->at == len || (unsigned char)p[c->at] < 0x20)
			return (CU_EMALFORMED);
		if (p[c->at] == '"')
			break;
		/* By far the most are quotes of what was said. */
		if (len - c->at >= 2 && p[c->at + 1] == '"')
			n = 2;
		else if ((n = escape(p + c->at, len - c->at, &ch)) == 0)
			return (CU_EMALFORMED);
		c->s->tok[t].escaped = 1;
		c->at += n;
	}
	close_token(c, t);
	c->at++;
	return (0);
}

static int
take_word(struct cursor *c)
{
	static const struct { const char *w; size_t n; uint8_t type; } w[] = {
		{ "true", 4, SCAN_TRUE }, { "false", 5, SCAN_FALSE },
		{ "null", 4, SCAN_NULL }
	};
	const char *p = c->s->p + c->at;
	size_t left = c->s->len - c->at, i, n = 0;
	uint32_t t;
	int rc;

	for (i = 0; i < 3; i++)
		if (left >= w[i].n && memcmp(p, w[i].w, w[i].n) == 0) {
			if ((rc = token(c, w[i].type, &t)) != 0)
				return (rc);
			c->at += w[i].n;
			close_token(c, t);
			return (0);
		}
	n = left > 0 && p[0] == '-';
	for (i = n; i < left && p[i] >= '0' && p[i] <= '9'; i++)
		;
	if (i == n || i - n > 18 || (p[n] == '0' && i != 1))
		return (CU_EMALFORMED);
	if ((rc = token(c, SCAN_INT, &t)) != 0)
		return (rc);
	c->at += i;
	close_token(c, t);
	return (0);
}

static int take_value(struct cursor *);

static int
take_many(struct cursor *c, bool object)
{
	const char *p = c->s->p, end = object ? '}' : ']';
	size_t len = c->s->len;
	uint32_t t;
	int rc;

	if ((rc = token(c, object ? SCAN_OBJECT : SCAN_ARRAY, &t)) != 0)
		return (rc);
	if (++c->depth > SCAN_DEPTH_MAX)
		return (CU_ELIMIT);
	if (++c->at < len && p[c->at] == end)
		goto done;
	for (;;) {
		if (object) {
			if (c->at >= len || p[c->at] != '"')
				return (CU_EMALFORMED);
			if ((rc = take_string(c)) != 0)
				return (rc);
			if (c->at >= len || p[c->at++] != ':')
				return (CU_EMALFORMED);
		}
		if ((rc = take_value(c)) != 0)
			return (rc);
		if (c->at >= len)
			return (CU_EMALFORMED);
		if (p[c->at] == end)
			break;
		if (p[c->at++] != ',')
			return (CU_EMALFORMED);
	}
done:	c->at++;
	c->depth--;
	close_token(c, t);
	return (0);
}

static int
take_value(struct cursor *c)
{
	if (c->at >= c->s->len)
		return (CU_EMALFORMED);
	switch (c->s->p[c->at]) {
	case '{':
		return (take_many(c, true));
	case '[':
		return (take_many(c, false));
	case '"':
		return (take_string(c));
	default:
		return (take_word(c));
	}
}

/* Entries are mostly ASCII; eight bytes at a time tell. */
static bool
well_formed(const char *p, size_t n)
{
	uint64_t w, high = 0;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		high |= w;
		if ((high & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return (text_utf8_valid(p, n));
}

int
scan_read(struct scan *s, const char *p, size_t len)
{
	struct cursor c = { s, 0, 0 };
	int rc;

	s->p = p;
	s->len = len;
	s->n = 0;
	if (len == 0 || p[0] != '{' || !well_formed(p, len))
		return (CU_EMALFORMED);
	if ((rc = take_value(&c)) != 0)
		return (rc);
	return (c.at == len ? 0 : CU_EMALFORMED);
}

int
scan_members(const struct scan *s, uint32_t obj, const struct scan_member *m,
    size_t n, uint32_t *v, const char **bad)
{
	const struct scan_tok *k;
	uint32_t t, end;
	size_t i, at = 0;
	const char *none = "";

	if (bad == NULL)
		bad = &none;
	memset(v, 0, n * sizeof(*v));
	*bad = "not an object";
	if (s->tok[obj].type != SCAN_OBJECT)
		return (CU_EMALFORMED);
	*bad = "unknown member";
	end = s->tok[obj].next;
	for (t = obj + 1; t < end; t = s->tok[t + 1].next) {
		k = &s->tok[t];
		/* Writers keep the order, so the next is mostly the one. */
		for (i = 0; i < n; i++, at = at + 1 == n ? 0 : at + 1)
			if (m[at].len == k->len &&
			    memcmp(m[at].name, s->p + k->off, k->len) == 0)
				break;
		if (i == n)
			return (CU_EMALFORMED);
		if (v[at] != 0) {
			*bad = m[at].name;
			return (CU_EMALFORMED);
		}
		v[at] = t + 1;
		at = at + 1 == n ? 0 : at + 1;
	}
	for (i = 0; i < n; i++)
		if (v[i] == 0 && !m[i].may) {
			*bad = m[i].name;
			return (CU_EMALFORMED);
		}
	return (0);
}

int
scan_str(const struct scan *s, uint32_t t, const char **p, size_t *n)
{
	if (t == 0 || s->tok[t].type != SCAN_STRING || s->tok[t].escaped)
		return (-1);
	*p = s->p + s->tok[t].off;
	*n = s->tok[t].len;
	return (0);
}

int
scan_dec(const struct scan *s, uint32_t t, uint64_t *v)
{
	const char *p;
	size_t n;

	return (scan_str(s, t, &p, &n) != 0 ? -1 : text_dec(p, n, v));
}

int
scan_int(const struct scan *s, uint32_t t, int64_t *v)
{
	const char *p;
	size_t n, i, neg;
	int64_t x = 0;

	if (t == 0 || s->tok[t].type != SCAN_INT)
		return (-1);
	p = s->p + s->tok[t].off;
	n = s->tok[t].len;
	neg = p[0] == '-';
	for (i = neg; i < n; i++)
		x = x * 10 + (p[i] - '0');
	*v = neg ? -x : x;
	return (0);
}

int
scan_bool(const struct scan *s, uint32_t t, bool *v)
{
	if (t == 0 || (s->tok[t].type != SCAN_TRUE &&
	    s->tok[t].type != SCAN_FALSE))
		return (-1);
	*v = s->tok[t].type == SCAN_TRUE;
	return (0);
}

int
scan_utc(const struct scan *s, uint32_t t, utc_us *v)
{
	const char *p;
	size_t n;

	return (scan_str(s, t, &p, &n) != 0 ? -1 : utc_parse(p, n, v));
}

int
scan_bytes(const struct scan *s, uint32_t t, void *out, size_t want)
{
	const char *p;
	size_t n, len;

	if (scan_str(s, t, &p, &n) != 0 || n != TEXT_B64URL_LEN(want) ||
	    text_unb64url(out, want, &len, p, n) != 0 || len != want)
		return (-1);
	return (0);
}

bool
scan_null(const struct scan *s, uint32_t t)
{
	return (t == 0 || s->tok[t].type == SCAN_NULL);
}

bool
scan_is(const struct scan *s, uint32_t t, const char *lit)
{
	const char *p;
	size_t n;

	return (scan_str(s, t, &p, &n) == 0 && text_eq(p, n, lit));
}

size_t
scan_count(const struct scan *s, uint32_t t)
{
	uint32_t k;
	size_t n = 0;

	if (t == 0 || s->tok[t].type != SCAN_ARRAY)
		return (0);
	for (k = t + 1; k < s->tok[t].next; k = s->tok[k].next)
		n++;
	return (n);
}

size_t
scan_unescape(char *out, const struct scan *s, uint32_t t)
{
	const char *p = s->p + s->tok[t].off, *end = p + s->tok[t].len;
	uint64_t hit;
	char *o = out;

	/* What is written never overtakes what was read: eight have room. */
	while (end - p >= 8) {
		memcpy(o, p, 8);
		hit = below(eight(p) ^ EACH('\\'), 1);
		p += hit == 0 ? 8 : first(hit);
		o += hit == 0 ? 8 : first(hit);
		if (hit == 0)
			continue;
		if (end - p >= 2 && p[1] == '"') {
			*o++ = '"';
			p += 2;
		} else
			p += escape(p, (size_t)(end - p), o++);
	}
	while (p < end)
		if (*p != '\\')
			*o++ = *p++;
		else
			p += escape(p, (size_t)(end - p), o++);
	return ((size_t)(o - out));
}
