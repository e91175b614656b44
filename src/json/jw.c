/* src/json/jw.c: writing JSON in its one spelling */
#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "json/jw.h"

void
jw_init(struct jw *w, struct buf *b)
{
	memset(w, 0, sizeof(*w));
	w->b = b;
	w->first = true;
}

void
jw_quote(struct buf *b, const void *s, size_t n)
{
	const uint8_t *p = s;
	size_t i, from = 0;
	const char *esc;

	if (!text_utf8_valid(s, n)) {
		if (b->rc == 0)
			b->rc = CU_EMALFORMED;
		return;
	}
	buf_ch(b, '"');
	for (i = 0; i < n; i++) {
		if (p[i] >= 0x20 && p[i] != '"' && p[i] != '\\')
			continue;
		buf_add(b, p + from, i - from);
		from = i + 1;
		switch (p[i]) {
		case '"':	esc = "\\\""; break;
		case '\\':	esc = "\\\\"; break;
		case '\b':	esc = "\\b"; break;
		case '\t':	esc = "\\t"; break;
		case '\n':	esc = "\\n"; break;
		case '\f':	esc = "\\f"; break;
		case '\r':	esc = "\\r"; break;
		default:	esc = NULL; break;
		}
		if (esc != NULL)
			buf_str(b, esc);
		else
			buf_printf(b, "\\u%04x", p[i]);
	}
	buf_add(b, p + from, n - from);
	buf_ch(b, '"');
}

/* Comma and name before a value. */
static void
lead(struct jw *w, const char *key)
{
	if (!w->first)
		buf_ch(w->b, ',');
	w->first = false;
	if (key != NULL) {
		jw_quote(w->b, key, strlen(key));
		buf_ch(w->b, ':');
	}
}

static void
begin(struct jw *w, const char *key, char open, char close)
{
	assert(w->depth < JW_DEPTH_MAX);
	lead(w, key);
	buf_ch(w->b, open);
	w->close[w->depth++] = close;
	w->first = true;
}

void
jw_obj(struct jw *w, const char *key)
{
	begin(w, key, '{', '}');
}

void
jw_arr(struct jw *w, const char *key)
{
	begin(w, key, '[', ']');
}

void
jw_end(struct jw *w)
{
	assert(w->depth > 0);
	buf_ch(w->b, w->close[--w->depth]);
	w->first = false;
}

void
jw_strn(struct jw *w, const char *key, const void *s, size_t n)
{
	lead(w, key);
	jw_quote(w->b, s, n);
}

void
jw_str(struct jw *w, const char *key, const char *s)
{
	jw_strn(w, key, s, strlen(s));
}

void
jw_strz(struct jw *w, const char *key, const char *s)
{
	if (s == NULL)
		jw_null(w, key);
	else
		jw_str(w, key, s);
}

void
jw_dec(struct jw *w, const char *key, uint64_t v)
{
	lead(w, key);
	buf_printf(w->b, "\"%" PRIu64 "\"", v);
}

void
jw_int(struct jw *w, const char *key, int64_t v)
{
	lead(w, key);
	buf_printf(w->b, "%" PRId64, v);
}

void
jw_bool(struct jw *w, const char *key, bool v)
{
	lead(w, key);
	buf_str(w->b, v ? "true" : "false");
}

void
jw_null(struct jw *w, const char *key)
{
	lead(w, key);
	buf_str(w->b, "null");
}

void
jw_utc(struct jw *w, const char *key, utc_us t)
{
	char text[UTC_LEN + 1];

	utc_text(text, t);
	jw_str(w, key, text);
}

void
jw_bytes(struct jw *w, const char *key, const void *p, size_t n)
{
	lead(w, key);
	buf_ch(w->b, '"');
	buf_b64url(w->b, p, n);
	buf_ch(w->b, '"');
}

void
jw_hex(struct jw *w, const char *key, const void *p, size_t n)
{
	lead(w, key);
	buf_ch(w->b, '"');
	buf_hex(w->b, p, n);
	buf_ch(w->b, '"');
}

void
jw_raw(struct jw *w, const char *key, const void *text, size_t n)
{
	lead(w, key);
	buf_add(w->b, text, n);
}
