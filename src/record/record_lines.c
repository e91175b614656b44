/* src/record/record_lines.c: the lines of a signed text, read strictly */
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "record/record_lines.h"
#include "record/record_log.h"

int
record_line(struct record_lines *l, const char *name, const char **s,
    size_t *n)
{
	size_t len = strlen(name);
	const char *end;

	if (l->left < len + 2 || memcmp(l->p, name, len) != 0 ||
	    l->p[len] != ' ')
		return (-1);
	*s = l->p + len + 1;
	if ((end = memchr(*s, '\n', l->left - len - 1)) == NULL || end == *s)
		return (-1);
	*n = (size_t)(end - *s);
	l->left -= (size_t)(end + 1 - l->p);
	l->p = end + 1;
	return (0);
}

int
record_line_is(struct record_lines *l, const char *text)
{
	size_t len = strlen(text);

	if (l->left < len + 1 || memcmp(l->p, text, len) != 0 ||
	    l->p[len] != '\n')
		return (-1);
	l->p += len + 1;
	l->left -= len + 1;
	return (0);
}

int
record_line_log(struct record_lines *l, const char **origin, size_t *len,
    char genesis[2 * DIGEST_LEN + 1])
{
	uint8_t raw[DIGEST_LEN];
	const char *s, *sp;
	size_t n;

	if (record_line(l, "log", &s, &n) != 0)
		return (-1);
	*origin = s;
	*len = n;
	genesis[0] = '\0';
	if ((sp = memchr(s, ' ', n)) != NULL) {
		*len = (size_t)(sp - s);
		if (n - *len - 1 != 2 * DIGEST_LEN ||
		    text_unhex(raw, sp + 1, DIGEST_LEN) != 0)
			return (-1);
		memcpy(genesis, sp + 1, 2 * DIGEST_LEN);
		genesis[2 * DIGEST_LEN] = '\0';
	}
	return (record_origin_valid(s, *len) ? 0 : -1);
}

int
record_line_count(struct record_lines *l, const char *name, uint64_t *v)
{
	const char *s;
	size_t n;

	if (record_line(l, name, &s, &n) != 0 || text_dec(s, n, v) != 0 ||
	    *v < 1 || *v > RECORD_COUNT_MAX)
		return (-1);
	return (0);
}

int
record_line_digest(struct record_lines *l, uint8_t out[DIGEST_LEN])
{
	const char *s;
	size_t n;

	if (record_line(l, "payload", &s, &n) != 0 || n != 2 * DIGEST_LEN)
		return (-1);
	return (text_unhex(out, s, DIGEST_LEN));
}

int
record_line_key(struct record_lines *l, char key[RECORD_KEY_ID_LEN + 1],
    utc_us *time)
{
	const char *s;
	size_t n;

	if (record_line(l, "key", &s, &n) != 0 || !record_key_id_valid(s, n))
		return (-1);
	memcpy(key, s, n);
	key[n] = '\0';
	if (record_line(l, "time", &s, &n) != 0)
		return (-1);
	return (utc_parse(s, n, time));
}

void
record_put_log(struct buf *b, const struct record_log *log)
{
	buf_str(b, "log ");
	buf_str(b, log->origin);
	if (log->genesis != NULL) {
		buf_ch(b, ' ');
		buf_str(b, log->genesis);
	}
	buf_ch(b, '\n');
}

void
record_put_payload(struct buf *b, const uint8_t dg[DIGEST_LEN])
{
	buf_str(b, "payload ");
	buf_hex(b, dg, DIGEST_LEN);
	buf_ch(b, '\n');
}

void
record_put_key(struct buf *b, const char *key, utc_us time)
{
	char t[UTC_LEN + 1];

	utc_text(t, time);
	buf_printf(b, "key %s\ntime %s\n", key, t);
}
