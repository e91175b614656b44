/* src/net/test-net_http.c: heads and bodies, taken and refused */
#include <dirent.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "net/net_http.h"

#define HEAD "POST /X1/NE HTTP/1.1\r\nHost: h\r\n"

/* Feed all at once; the last outcome, and how much was taken in all. */
static int
feed(struct net_http *h, const void *p, size_t n, size_t *taken)
{
	size_t used;
	int rc;

	*taken = 0;
	do {
		rc = net_http_feed(h, (const uint8_t *)p + *taken, n - *taken,
		    &used, NULL);
		*taken += used;
	} while (rc == NET_HTTP_E_HEAD);
	return (rc);
}

/* As feed, in steps of one byte: the outcome must not depend on that. */
static int
feed_bytes(struct net_http *h, const void *p, size_t n, size_t *taken)
{
	size_t used, i = 0;
	int rc;

	do {
		rc = net_http_feed(h, (const uint8_t *)p + i, i < n, &used,
		    NULL);
		i += used;
	} while (rc == NET_HTTP_E_HEAD || (rc == NET_HTTP_MORE && i < n));
	*taken = i;
	return (rc);
}

static int
verdict(bool answer, const char *text, size_t n, int *status, size_t *taken)
{
	struct net_http *a, *b;
	size_t t1, t2;
	int r1, r2;

	CHECK((answer ? net_http_answer : net_http_request)(&a, 1000) == 0);
	CHECK((answer ? net_http_answer : net_http_request)(&b, 1000) == 0);
	r1 = feed(a, text, n, &t1);
	r2 = feed_bytes(b, text, n, &t2);
	CHECK_ROW(r1 == r2 && t1 == t2, text);
	CHECK_ROW(net_http_status(a) == net_http_status(b), text);
	*status = net_http_status(a);
	*taken = t1;
	net_http_free(a);
	net_http_free(b);
	return (r1);
}

static void
requests_taken(void)
{
	static const char *const row[] = {
		HEAD "Content-Length: 3\r\n\r\nabc",
		HEAD "content-length:3\r\n\r\nabc",
		HEAD "CONTENT-LENGTH: \t3 \t\r\n\r\nabc",
		HEAD "Content-Length: 0\r\n\r\n",
		HEAD "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nConnection: close\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nX-Y: \x80\xff\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nX-Empty:\r\n\r\nabc",
		HEAD "Content-Length: 3\r\n"
		    "Content-Type: application/xml; charset=\"UTF-8\"\r\n\r\nabc",
		HEAD "Content-Length: 3\r\n"
		    "Content-Type: text/xml;charset=utf-8 ; a=b\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nContent-Type: text/plain\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nContent-Encoding: identity\r\n\r\nabc",
		HEAD "Content-Length: 3\r\nConnection: Upgrade, HTTP2-Settings"
		    "\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n\r\nabc",
		"POST /X1/ADMF HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
		    "\r\nx",
	};
	size_t i, taken;
	int status;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_ROW(verdict(false, row[i], strlen(row[i]), &status,
		    &taken) == NET_HTTP_E_DONE, row[i]);
		CHECK_ROW(taken == strlen(row[i]), row[i]);
	}
}

/* Ways to make two readers see two messages, or one reader two. */
static void
requests_refused(void)
{
	static const struct { int status; const char *text; } row[] = {
		{ 400, HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3, 3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: +3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: -3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 03\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 0x3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3 0\r\n\r\nabc" },
		{ 400, HEAD "Content-Length:\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 99999999999999999999\r\n\r\n" },
		{ 400, HEAD "Content-Length: 3\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 400, HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 400, HEAD "Transfer-Encoding: identity\r\n"
		    "Content-Length: 3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length : 3\r\n\r\nabc" },
		{ 400, HEAD " Content-Length: 3\r\n\r\nabc" },
		{ 400, HEAD "X: y\r\n Content-Length: 3\r\n\r\nabc" },
		{ 400, HEAD "X: y\r\n\tfolded\r\nContent-Length: 3\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\nX: y\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\rX: y\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\n\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nX: \x01\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nX: \x7f\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nX\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\n: y\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nX\xc3\xbc: y\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nHost: i\r\n\r\nabc" },
		{ 400, "POST /X1/NE HTTP/1.1\r\nHost:\r\nContent-Length: 3\r\n"
		    "\r\nabc" },
		{ 400, "POST /X1/NE HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" },
		{ 411, HEAD "\r\n" },
		{ 413, HEAD "Content-Length: 1001\r\n\r\n" },
		{ 415, HEAD "Content-Length: 3\r\nContent-Encoding: gzip\r\n\r\n" },
		{ 415, HEAD "Content-Length: 3\r\n"
		    "Content-Type: application/xml; charset=utf-16\r\n\r\nabc" },
		{ 415, HEAD "Content-Length: 3\r\n"
		    "Content-Type: application/xml; charset\r\n\r\nabc" },
		{ 400, HEAD "Content-Length: 3\r\nContent-Type: a/b\r\n"
		    "Content-Type: a/b\r\n\r\nabc" },
		{ 417, HEAD "Content-Length: 3\r\nExpect: other\r\n\r\nabc" },
		{ 417, HEAD "Content-Length: 3\r\nExpect: 100-continue\r\n"
		    "Expect: 100-continue\r\n\r\nabc" },
		{ 400, "\r\n" HEAD "Content-Length: 3\r\n\r\nabc" },
		{ 400, "\n" HEAD "Content-Length: 3\r\n\r\nabc" },
		{ 400, "POST  /X1/NE HTTP/1.1\r\n" },
		{ 400, "POST /X1/NE  HTTP/1.1\r\n" },
		{ 400, "POST /X1/NE HTTP/1.1 \r\n" },
		{ 400, "POST\t/X1/NE HTTP/1.1\r\n" },
		{ 400, "POST /X1/NE http/1.1\r\n" },
		{ 400, "POST /X1/NE\r\n" },
		{ 400, "\x16\x03\x01\x02" },
		{ 505, "POST /X1/NE HTTP/1.0\r\n" },
		{ 505, "POST /X1/NE HTTP/2.0\r\n" },
		{ 505, "PRI * HTTP/2.0\r\n" },
		{ 405, "GET /X1/NE HTTP/1.1\r\n" },
		{ 405, "post /X1/NE HTTP/1.1\r\n" },
		{ 404, "POST /X1/NE/ HTTP/1.1\r\n" },
		{ 404, "POST /x1/ne HTTP/1.1\r\n" },
		{ 404, "POST /X1/NE?a HTTP/1.1\r\n" },
		{ 404, "POST /X1/%4eE HTTP/1.1\r\n" },
		{ 404, "POST //X1/NE HTTP/1.1\r\n" },
		{ 404, "POST https://h/X1/NE HTTP/1.1\r\n" },
		{ 404, "POST * HTTP/1.1\r\n" },
	};
	size_t i, taken;
	int rc, status;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rc = verdict(false, row[i].text, strlen(row[i].text), &status,
		    &taken);
		CHECK_ROW(rc < 0, row[i].text);
		CHECK_ROW(status == row[i].status, row[i].text);
	}
	rc = verdict(false, HEAD "X: a\0b\r\n", sizeof(HEAD "X: a\0b\r\n") - 1,
	    &status, &taken);
	CHECK(rc == CU_EMALFORMED && status == 400);
}

static void
answers(void)
{
	static const struct { int want, status; const char *text; } row[] = {
		{ 2, 200, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ 2, 200, "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok" },
		{ 2, 429, "HTTP/1.1 429 x\r\nContent-Length: 0\r\n\r\n" },
		{ 2, 204, "HTTP/1.1 204 x\r\n\r\n" },
		{ 2, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n" },
		{ 2, 200, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nA: b"
		    "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ 0, 200, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 200 OK\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 101 Switching\r\n\r\n" },
		{ -1, 0, "HTTP/1.1 100 C\r\nContent-Length: 0\r\n\r\n" },
		{ -1, 0, "HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Content-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ -1, 0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked"
		    "\r\n\r\n0\r\n\r\n" },
		{ -1, 0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ -1, 0, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		    "Content-Length: 2\r\n\r\nok" },
		{ -1, 0, "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok" },
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		{ -1, 200, CHUNKED "3;x=y\r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "3 \r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "0x3\r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "-3\r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "\r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "000000003\r\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "3\nabc\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "3\r\nabcd\r\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "3\r\nabc\n0\r\n\r\n" },
		{ -1, 200, CHUNKED "3\r\nabc\r\n0\r\nX: y\r\n\r\n" },
		{ -1, 200, CHUNKED "ffffffff\r\nabc" },
		{ -1, 200, CHUNKED "3e9\r\nabc" },
		{ 0, 200, CHUNKED "3e8\r\nabc" },
		{ 0, 200, CHUNKED "3\r\nabc\r\n0\r\n" },
	};
	size_t i, taken;
	int rc, status;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rc = verdict(true, row[i].text, strlen(row[i].text), &status,
		    &taken);
		CHECK_ROW(row[i].want < 0 ? rc < 0 : rc == row[i].want,
		    row[i].text);
		if (row[i].want >= 0)
			CHECK_ROW(status == row[i].status, row[i].text);
	}
}

static void
limits(void)
{
	struct buf b;
	size_t taken, pad;
	int i, n, rc, status;

	for (n = NET_HTTP_FIELDS_MAX; n <= NET_HTTP_FIELDS_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, HEAD "Content-Length: 1\r\n");
		for (i = 2; i < n; i++)
			buf_printf(&b, "X-%d: y\r\n", i);
		buf_str(&b, "\r\nz");
		rc = verdict(false, buf_text(&b), b.len, &status, &taken);
		CHECK(n <= NET_HTTP_FIELDS_MAX ? rc == NET_HTTP_E_DONE :
		    rc == CU_ELIMIT && status == 431);
		buf_fini(&b);
	}
	for (n = NET_HTTP_HEAD_MAX; n <= NET_HTTP_HEAD_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_str(&b, HEAD "Content-Length: 1\r\nX: ");
		pad = (size_t)n - b.len - 4;
		buf_fill(&b, 'a', pad);
		buf_str(&b, "\r\n\r\nz");
		rc = verdict(false, buf_text(&b), b.len, &status, &taken);
		CHECK(n <= NET_HTTP_HEAD_MAX ? rc == NET_HTTP_E_DONE :
		    rc == CU_ELIMIT && status == 431);
		buf_fini(&b);
	}
	for (n = 1000; n <= 1001; n++) {
		buf_init(&b, 1 << 20);
		buf_printf(&b, "%sContent-Length: %d\r\n\r\n", HEAD, n);
		buf_fill(&b, 'a', (size_t)n);
		rc = verdict(false, buf_text(&b), b.len, &status, &taken);
		CHECK(n == 1000 ? rc == NET_HTTP_E_DONE :
		    rc == CU_ELIMIT && status == 413);
		buf_fini(&b);
	}
	for (n = NET_HTTP_INTERIM_MAX; n <= NET_HTTP_INTERIM_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		for (i = 0; i < n; i++)
			buf_str(&b, "HTTP/1.1 100 Continue\r\n\r\n");
		buf_str(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		rc = verdict(true, buf_text(&b), b.len, &status, &taken);
		CHECK(n <= NET_HTTP_INTERIM_MAX ? rc == NET_HTTP_E_DONE :
		    rc == CU_ELIMIT);
		buf_fini(&b);
	}
}

/* What we write is read as what was meant; no prefix of it is a message. */
static void
round_trip(void)
{
	static const char body[] = "<a/>\r\n\r\nPOST ";
	struct net_http *h;
	struct buf b;
	size_t i, n, taken;
	int way;

	for (way = 0; way < 2; way++) {
		buf_init(&b, 1 << 20);
		if (way == 0)
			net_http_write_request(&b, NET_HTTP_ADMF, "h:1", body,
			    sizeof(body));
		else
			net_http_write_answer(&b, 503, body, sizeof(body),
			    true);
		for (i = 0; i <= b.len; i++) {
			REQUIRE((way == 0 ? net_http_request :
			    net_http_answer)(&h, 100) == 0);
			CHECK(feed(h, b.p, i, &taken) == (i < b.len ?
			    NET_HTTP_MORE : NET_HTTP_E_DONE));
			CHECK(net_http_started(h) == (i > 0));
			if (i == b.len) {
				CHECK(net_http_body(h, &n) != NULL &&
				    n == sizeof(body) &&
				    memcmp(net_http_body(h, &n), body, n) == 0);
				CHECK(way == 1 || net_http_path(h) ==
				    NET_HTTP_ADMF);
				CHECK(way == 0 || net_http_status(h) == 503);
				CHECK(net_http_closes(h) == (way == 1));
			}
			net_http_free(h);
		}
		buf_fini(&b);
	}
}

static void
one_after_another(void)
{
	static const char two[] = HEAD "Content-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\nabc"
	    "POST /X1/ADMF HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
	struct net_http *h;
	size_t used, n, at;

	REQUIRE(net_http_request(&h, 100) == 0);
	CHECK(net_http_feed(h, (const uint8_t *)two, sizeof(two) - 1, &at,
	    NULL) == NET_HTTP_E_HEAD);
	CHECK(net_http_expects(h) && net_http_path(h) == NET_HTTP_NE);
	CHECK(net_http_feed(h, (const uint8_t *)two + at,
	    sizeof(two) - 1 - at, &used, NULL) == NET_HTTP_E_DONE);
	CHECK(used == 3);
	CHECK(feed(h, "", 0, &n) == NET_HTTP_E_DONE);
	net_http_reset(h);
	CHECK(!net_http_started(h) && !net_http_expects(h));
	CHECK(feed(h, two + at + 3, sizeof(two) - 1 - at - 3, &used) ==
	    NET_HTTP_E_DONE);
	CHECK(net_http_path(h) == NET_HTTP_ADMF);
	CHECK(net_http_body(h, &n)[0] == 'x' && n == 1);
	net_http_free(h);
}

/* The heads recorded from running peers, each read as their README says. */
static void
recorded(void)
{
	const char *dir = SHARED_DIR "/specs/samples/x1-wire";
	static uint8_t text[1 << 20];
	struct net_http *h;
	struct dirent *e;
	char path[512];
	size_t n, body_len, taken, seen = 0;
	const char *end;
	bool answer;
	FILE *f;
	DIR *d;
	int rc;

	if ((d = opendir(dir)) == NULL) {
		check_skip("the recorded messages are not here");
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strstr(e->d_name, ".http") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (!CHECK((f = fopen(path, "rb")) != NULL))
			continue;
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = '\0';
		seen++;
		answer = memcmp(text, "HTTP", 4) == 0;
		CHECK((answer ? net_http_answer : net_http_request)(&h,
		    1 << 20) == 0);
		rc = feed(h, text, n, &taken);
		if (strstr(e->d_name, "09-h2-preface") != NULL) {
			CHECK(rc == CU_EMALFORMED && net_http_status(h) == 505);
			net_http_free(h);
			continue;
		}
		CHECK_ROW(rc == NET_HTTP_E_DONE && taken == n, e->d_name);
		net_http_body(h, &body_len);
		end = strstr((char *)text, "\r\n\r\n") + 4;
		if (strstr(e->d_name, "07-chunked") == NULL)
			CHECK_ROW(body_len == n - (size_t)(end -
			    (char *)text), e->d_name);
		else
			CHECK_ROW(body_len > 2048, e->d_name);
		if (answer)
			CHECK_ROW(net_http_status(h) ==
			    (strstr(e->d_name, "429") ? 429 :
			    strstr(e->d_name, "413") ? 413 :
			    strstr(e->d_name, "error-400") ? 400 : 200),
			    e->d_name);
		else
			CHECK_ROW(net_http_path(h) ==
			    (strstr(e->d_name, "lc-admf") ? NET_HTTP_ADMF :
			    NET_HTTP_NE), e->d_name);
		CHECK_ROW(net_http_closes(h) ==
		    (strstr(e->d_name, "sg-ne-06") != NULL), e->d_name);
		net_http_free(h);
	}
	closedir(d);
	CHECK(seen == 31);
}

int
main(void)
{
	CHECK_RUN(requests_taken);
	CHECK_RUN(requests_refused);
	CHECK_RUN(answers);
	CHECK_RUN(limits);
	CHECK_RUN(round_trip);
	CHECK_RUN(one_after_another);
	CHECK_RUN(recorded);
	return (check_done());
}
