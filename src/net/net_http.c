/*
 * src/net/net_http.c: HTTP/1.1 framing with one reading (RFC 9112, narrowed)
 *
 * What passes a guard must mean the same on both sides of it.  So whatever two
 * implementations read in two ways is refused: line ends other than CRLF,
 * folded or repeated framing fields, a length beside chunks, chunk extensions,
 * trailers, bodies that end with the connection, encodings.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "net/net_http.h"

#define CHUNK_DIGITS	8

enum state {
	START, FIELD, BODY,
	CHUNK_SIZE, CHUNK_DATA, CHUNK_CRLF, CHUNK_LAST,
	DONE, FAILED
};

struct net_http {
	bool answer;
	size_t body_max;
	enum state state;
	bool head_due;		/* NET_HTTP_E_HEAD is to be said */
	struct buf line;	/* the line under way, without its CRLF */
	bool cr;		/* its CR was seen */
	size_t head;		/* bytes of the head so far */
	unsigned int fields, interim;
	int status;
	enum net_http_path path;
	bool has_length, chunked, has_host, has_type, expects, closes;
	uint64_t left;		/* of the body or chunk */
	struct buf body;
};

static int
create(struct net_http **out, size_t body_max, bool answer)
{
	struct net_http *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (CU_ENOMEM);
	h->answer = answer;
	h->body_max = body_max;
	buf_init(&h->line, NET_HTTP_HEAD_MAX);
	buf_init(&h->body, body_max);
	*out = h;
	return (0);
}

int
net_http_request(struct net_http **out, size_t body_max)
{
	return (create(out, body_max, false));
}

int
net_http_answer(struct net_http **out, size_t body_max)
{
	return (create(out, body_max, true));
}

void
net_http_free(struct net_http *h)
{
	if (h == NULL)
		return;
	buf_wipe(&h->line);
	buf_wipe(&h->body);
	free(h);
}

/* Forget one head: an interim answer, or the former message. */
static void
forget_head(struct net_http *h)
{
	buf_reset(&h->line);
	h->state = START;
	h->cr = h->head_due = false;
	h->head = 0;
	h->fields = 0;
	h->status = 0;
	h->path = 0;
	h->has_length = h->chunked = h->has_host = h->has_type = false;
	h->expects = h->closes = false;
	h->left = 0;
}

void
net_http_reset(struct net_http *h)
{
	forget_head(h);
	h->interim = 0;
	buf_wipe(&h->body);
}

static int
fail(struct net_http *h, int rc, int status, struct cu_why *why,
    const char *text)
{
	h->state = FAILED;
	h->status = h->answer ? 0 : status;
	h->closes = true;
	cu_why_set(why, "%s", text);
	return (rc);
}

static int
bad(struct net_http *h, struct cu_why *why, const char *text)
{
	return (fail(h, CU_EMALFORMED, 400, why, text));
}

static bool
is_token(int c)
{
	return ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || (c > ' ' && c < 127 &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL));
}

/* Is the value a list (1#token) that holds ${word}? */
static bool
lists(const char *v, size_t n, const char *word)
{
	size_t i, from, to;

	for (i = 0; i <= n; i = to + 1) {
		for (from = i; from < n && (v[from] == ' ' || v[from] == '\t');)
			from++;
		for (to = from; to < n && v[to] != ',';)
			to++;
		for (i = to; i > from && (v[i - 1] == ' ' || v[i - 1] == '\t');)
			i--;
		if (i - from == strlen(word) &&
		    strncasecmp(v + from, word, i - from) == 0)
			return (true);
	}
	return (false);
}

static bool
is_word(const char *v, size_t n, const char *word)
{
	return (n == strlen(word) && strncasecmp(v, word, n) == 0);
}

/* A body in another charset than UTF-8 would have a second reading. */
static bool
charset_fits(const char *v, size_t n)
{
	static const char name[] = "charset";
	const char *end;
	size_t i, len = sizeof(name) - 1;

	for (i = 0; i + len <= n; i++)
		if (strncasecmp(v + i, name, len) == 0)
			break;
	if (i + len > n)
		return (true);
	v += i + len;
	n -= i + len;
	if (n == 0 || *v != '=')
		return (false);
	v++, n--;
	if ((end = memchr(v, ';', n)) != NULL)
		n = (size_t)(end - v);
	while (n > 0 && (v[n - 1] == ' ' || v[n - 1] == '\t'))
		n--;
	if (n >= 2 && v[0] == '"' && v[n - 1] == '"')
		v++, n -= 2;
	return (is_word(v, n, "utf-8"));
}

static int
take_length(struct net_http *h, const char *v, size_t n, struct cu_why *why)
{
	if (h->has_length)
		return (bad(h, why, "two Content-Length"));
	if (n > 15 || text_dec(v, n, &h->left) != 0)
		return (bad(h, why, "Content-Length is not a number"));
	h->has_length = true;
	return (0);
}

static int
take_coding(struct net_http *h, const char *v, size_t n, struct cu_why *why)
{
	if (!h->answer)
		return (bad(h, why, "Transfer-Encoding in a request"));
	if (h->chunked || !is_word(v, n, "chunked"))
		return (bad(h, why, "Transfer-Encoding is not chunked alone"));
	h->chunked = true;
	return (0);
}

/* The fields that change how a message is read; all others are passed over. */
static int
take_field(struct net_http *h, const char *name, size_t name_n, const char *v,
    size_t n, struct cu_why *why)
{
	if (is_word(name, name_n, "Content-Length"))
		return (take_length(h, v, n, why));
	if (is_word(name, name_n, "Transfer-Encoding"))
		return (take_coding(h, v, n, why));
	if (is_word(name, name_n, "Connection")) {
		if (lists(v, n, "close"))
			h->closes = true;
	} else if (is_word(name, name_n, "Content-Encoding")) {
		if (!is_word(v, n, "identity"))
			return (fail(h, CU_EMALFORMED, 415, why,
			    "Content-Encoding"));
	} else if (is_word(name, name_n, "Content-Type")) {
		if (h->has_type)
			return (bad(h, why, "two Content-Type"));
		h->has_type = true;
		if (!h->answer && !charset_fits(v, n))
			return (fail(h, CU_EMALFORMED, 415, why,
			    "charset is not UTF-8"));
	} else if (!h->answer && is_word(name, name_n, "Host")) {
		if (h->has_host || n == 0)
			return (bad(h, why, "Host is empty or repeated"));
		h->has_host = true;
	} else if (!h->answer && is_word(name, name_n, "Expect")) {
		if (h->expects || !is_word(v, n, "100-continue"))
			return (fail(h, CU_EMALFORMED, 417, why, "Expect"));
		h->expects = true;
	}
	return (0);
}

static int
field_line(struct net_http *h, const char *s, size_t n, struct cu_why *why)
{
	size_t name;

	if (++h->fields > NET_HTTP_FIELDS_MAX)
		return (fail(h, CU_ELIMIT, 431, why, "too many fields"));
	for (name = 0; name < n && is_token((unsigned char)s[name]);)
		name++;
	/* This refuses folded lines and a space before the colon, too. */
	if (name == 0 || name == n || s[name] != ':')
		return (bad(h, why, "field name"));
	s += name + 1;
	n -= name + 1;
	while (n > 0 && (s[0] == ' ' || s[0] == '\t'))
		s++, n--;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return (take_field(h, (const char *)h->line.p, name, s, n, why));
}

static int
request_line(struct net_http *h, const char *s, size_t n, struct cu_why *why)
{
	const char *target, *version;
	size_t method, len;

	for (method = 0; method < n && is_token((unsigned char)s[method]);)
		method++;
	if (method == 0 || method == n || s[method] != ' ')
		return (bad(h, why, "request line"));
	target = s + method + 1;
	if ((version = memchr(target, ' ', n - method - 1)) == NULL)
		return (bad(h, why, "request line"));
	len = (size_t)(version - target);
	version++;
	n -= (size_t)(version - s);
	if (n != 8 || memcmp(version, "HTTP/", 5) != 0 || version[6] != '.' ||
	    version[5] < '0' || version[5] > '9' || version[7] < '0' ||
	    version[7] > '9')
		return (bad(h, why, "HTTP version"));
	if (memcmp(version + 5, "1.1", 3) != 0)
		return (fail(h, CU_EMALFORMED, 505, why, "not HTTP/1.1"));
	if (!text_eq(s, method, "POST"))
		return (fail(h, CU_EMALFORMED, 405, why, "not POST"));
	if (text_eq(target, len, "/X1/NE"))
		h->path = NET_HTTP_NE;
	else if (text_eq(target, len, "/X1/ADMF"))
		h->path = NET_HTTP_ADMF;
	else
		return (fail(h, CU_EMALFORMED, 404, why, "path"));
	return (0);
}

static int
status_line(struct net_http *h, const char *s, size_t n, struct cu_why *why)
{
	int i;

	if (n < 13 || memcmp(s, "HTTP/1.1 ", 9) != 0 || s[12] != ' ')
		return (bad(h, why, "status line"));
	for (i = 9; i < 12; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (bad(h, why, "status"));
		h->status = h->status * 10 + (s[i] - '0');
	}
	if (h->status < 100 || h->status > 599)
		return (bad(h, why, "status"));
	return (0);
}

static int
request_head(struct net_http *h, struct cu_why *why)
{
	if (!h->has_host)
		return (bad(h, why, "no Host"));
	if (!h->has_length)
		return (fail(h, CU_EMALFORMED, 411, why, "no Content-Length"));
	if (h->left > h->body_max)
		return (fail(h, CU_ELIMIT, 413, why, "body too large"));
	h->state = BODY;
	h->head_due = true;
	return (0);
}

static int
answer_head(struct net_http *h, struct cu_why *why)
{
	if (h->status < 200) {
		/* Nobody asked to switch; and an end must come. */
		if (h->status == 101 || h->has_length || h->chunked)
			return (bad(h, why, "interim answer"));
		if (++h->interim > NET_HTTP_INTERIM_MAX)
			return (fail(h, CU_ELIMIT, 0, why, "interim answers"));
		forget_head(h);
		return (0);
	}
	if (h->has_length && h->chunked)
		return (bad(h, why, "Content-Length beside chunks"));
	if (h->status == 204 || h->status == 304) {
		if (h->chunked || h->left > 0)
			return (bad(h, why, "a body where none can be"));
	} else if (!h->has_length && !h->chunked)
		return (bad(h, why, "neither Content-Length nor chunks"));
	if (h->left > h->body_max)
		return (fail(h, CU_ELIMIT, 0, why, "body too large"));
	h->state = h->chunked ? CHUNK_SIZE : BODY;
	h->head_due = true;
	return (0);
}

static int
chunk_line(struct net_http *h, const char *s, size_t n, struct cu_why *why)
{
	static const char hex[] = "0123456789abcdef";
	const char *d;
	size_t i;

	if (n == 0 || n > CHUNK_DIGITS)
		return (bad(h, why, "chunk size"));
	for (h->left = 0, i = 0; i < n; i++) {
		d = s[i] == '\0' ? NULL : strchr(hex, s[i] | 0x20);
		if (d == NULL || (s[i] < '0'))
			return (bad(h, why, "chunk size"));
		h->left = h->left << 4 | (uint64_t)(d - hex);
	}
	if (h->left > h->body_max - h->body.len)
		return (fail(h, CU_ELIMIT, 0, why, "body too large"));
	h->state = h->left == 0 ? CHUNK_LAST : CHUNK_DATA;
	return (0);
}

/* A whole line is in h->line. */
static int
take_line(struct net_http *h, struct cu_why *why)
{
	const char *s = buf_text(&h->line);
	size_t n = h->line.len;

	switch (h->state) {
	case START:
		h->state = FIELD;
		return (h->answer ? status_line(h, s, n, why) :
		    request_line(h, s, n, why));
	case FIELD:
		if (n > 0)
			return (field_line(h, s, n, why));
		return (h->answer ? answer_head(h, why) :
		    request_head(h, why));
	case CHUNK_SIZE:
		return (chunk_line(h, s, n, why));
	case CHUNK_CRLF:
		h->state = CHUNK_SIZE;
		return (n == 0 ? 0 : bad(h, why, "chunk is longer"));
	default:
		h->state = DONE;
		return (n == 0 ? 0 : bad(h, why, "trailer"));
	}
}

/* One byte of a line.  1: the line is complete. */
static int
line_byte(struct net_http *h, int c, struct cu_why *why)
{
	if (h->state <= FIELD && ++h->head > NET_HTTP_HEAD_MAX)
		return (fail(h, CU_ELIMIT, 431, why, "head too large"));
	if (h->cr) {
		if (c != '\n')
			return (bad(h, why, "CR without LF"));
		h->cr = false;
		return (1);
	}
	if (c == '\r') {
		h->cr = true;
		return (0);
	}
	if ((c < ' ' && c != '\t') || c == 127)
		return (bad(h, why, c == '\n' ? "LF without CR" :
		    "control character"));
	if (h->state > FIELD && h->line.len >= CHUNK_DIGITS)
		return (bad(h, why, "chunk framing"));
	buf_ch(&h->line, c);
	return (h->line.rc == 0 ? 0 : fail(h, h->line.rc, 431, why, "line"));
}

static int
take_body(struct net_http *h, const uint8_t *p, size_t n, size_t *used,
    struct cu_why *why)
{
	if (n > h->left)
		n = (size_t)h->left;
	buf_add(&h->body, p, n);
	if (h->body.rc != 0)
		return (fail(h, h->body.rc, 413, why, "body"));
	h->left -= n;
	*used += n;
	if (h->left == 0)
		h->state = h->state == CHUNK_DATA ? CHUNK_CRLF : DONE;
	return (0);
}

int
net_http_feed(struct net_http *h, const uint8_t *p, size_t n, size_t *used,
    struct cu_why *why)
{
	int rc;

	for (*used = 0;;) {
		if (h->state == FAILED) {
			cu_why_set(why, "this connection is over");
			return (CU_EMALFORMED);
		}
		if (h->head_due) {
			h->head_due = false;
			return (NET_HTTP_E_HEAD);
		}
		if (h->state == BODY && h->left == 0)
			h->state = DONE;
		if (h->state == DONE)
			return (NET_HTTP_E_DONE);
		if (*used == n)
			return (NET_HTTP_MORE);
		if (h->state == BODY || h->state == CHUNK_DATA) {
			rc = take_body(h, p + *used, n - *used, used, why);
		} else if ((rc = line_byte(h, p[(*used)++], why)) == 1) {
			rc = take_line(h, why);
			buf_reset(&h->line);
		}
		if (rc != 0)
			return (rc);
	}
}

bool
net_http_started(const struct net_http *h)
{
	return (h->state != START || h->head > 0);
}

int
net_http_status(const struct net_http *h)
{
	return (h->status);
}

enum net_http_path
net_http_path(const struct net_http *h)
{
	return (h->path);
}

bool
net_http_expects(const struct net_http *h)
{
	return (h->expects);
}

bool
net_http_closes(const struct net_http *h)
{
	return (h->closes);
}

const uint8_t *
net_http_body(const struct net_http *h, size_t *len)
{
	*len = h->body.len;
	return ((const uint8_t *)buf_text(&h->body));
}

uint8_t *
net_http_take(struct net_http *h, size_t *len)
{
	return (buf_take(&h->body, len));
}

void
net_http_write_request(struct buf *b, enum net_http_path path,
    const char *host, const void *body, size_t len)
{
	buf_printf(b, "POST %s HTTP/1.1\r\nHost: %s\r\n"
	    "Content-Type: application/xml; charset=UTF-8\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    path == NET_HTTP_NE ? "/X1/NE" : "/X1/ADMF", host, len);
	buf_add(b, body, len);
}

void
net_http_write_answer(struct buf *b, int status, const void *body, size_t len,
    bool close)
{
	static const struct { int status; const char *text; } row[] = {
		{ 100, "Continue" }, { 200, "OK" }, { 400, "Bad Request" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
		{ 411, "Length Required" }, { 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};
	const char *text = "";
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].status == status)
			text = row[i].text;
	buf_printf(b, "HTTP/1.1 %d %s\r\n", status, text);
	if (status < 200) {
		buf_str(b, "\r\n");
		return;
	}
	if (len > 0)
		buf_str(b, "Content-Type: application/xml; charset=UTF-8\r\n");
	if (status == 405)
		buf_str(b, "Allow: POST\r\n");
	if (close)
		buf_str(b, "Connection: close\r\n");
	buf_printf(b, "Content-Length: %zu\r\n\r\n", len);
	buf_add(b, body, len);
}
