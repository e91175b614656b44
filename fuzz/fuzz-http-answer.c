/* fuzz/fuzz-http-answer.c: answers, whole and in pieces, must read the same */
#include <stdlib.h>
#include <string.h>
#include "net/net_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
read_one(const uint8_t *p, size_t n, size_t piece, size_t *used_n, int *status,
    uint8_t **body, size_t *len)
{
	struct net_http *h;
	size_t at = 0, used;
	int rc;

	if (net_http_answer(&h, 4096) != 0)
		abort();
	do {
		rc = net_http_feed(h, p + at, n - at < piece ? n - at : piece,
		    &used, NULL);
		at += used;
	} while (rc == NET_HTTP_E_HEAD || (rc == NET_HTTP_MORE && at < n));
	*used_n = at;
	*status = net_http_status(h);
	if ((*body = net_http_take(h, len)) == NULL || *len > 4096)
		abort();
	net_http_free(h);
	return (rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t used[2], len[2];
	uint8_t *body[2];
	int status[2];

	if (read_one(p, n, SIZE_MAX, &used[0], &status[0], &body[0], &len[0]) !=
	    read_one(p, n, 1, &used[1], &status[1], &body[1], &len[1]))
		abort();
	if (used[0] != used[1] || status[0] != status[1] || len[0] != len[1] ||
	    memcmp(body[0], body[1], len[0]) != 0)
		abort();
	free(body[0]);
	free(body[1]);
	return (0);
}
