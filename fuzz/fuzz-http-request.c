/* fuzz/fuzz-http-request.c: whole and in pieces must read the same */
#include <stdlib.h>
#include <string.h>
#include "net/net_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Read all messages in ${p}, at most ${piece} bytes a time.  Return the last
 * outcome; ${sum} tells what was read.
 */
static int
read_all(const uint8_t *p, size_t n, size_t piece, size_t *sum)
{
	struct net_http *h;
	size_t at = 0, used, len;
	int rc;

	if (net_http_request(&h, 4096) != 0)
		abort();
	for (*sum = 0;;) {
		rc = net_http_feed(h, p + at, n - at < piece ? n - at : piece,
		    &used, NULL);
		at += used;
		if (rc == NET_HTTP_E_DONE) {
			net_http_body(h, &len);
			if (len > 4096 || net_http_path(h) == 0)
				abort();
			*sum = *sum * 31 + at + len + net_http_closes(h);
			net_http_reset(h);
		} else if (rc < 0 || (rc == NET_HTTP_MORE && at == n)) {
			break;
		}
	}
	*sum = *sum * 31 + (size_t)net_http_status(h) + at;
	net_http_free(h);
	return (rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t a, b;

	if (read_all(p, n, SIZE_MAX, &a) != read_all(p, n, 1, &b) || a != b)
		abort();
	return (0);
}
