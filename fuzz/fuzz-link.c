/* fuzz/fuzz-link.c: what is taken as a message can be written again */
#include <stdlib.h>
#include <string.h>
#include "json/jv.h"
#include "net/net_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint32_t json, blob;
	struct net_msg *m;
	size_t i, sum = 0;

	if (n < NET_FRAME_HEAD || net_frame_head(p, &json, &blob, NULL) != 0 ||
	    json == 0 || json > NET_JSON_MAX || blob > NET_BLOB_MAX ||
	    n - NET_FRAME_HEAD < (size_t)json + blob)
		return (0);
	if (net_msg_decode(&m, p + NET_FRAME_HEAD, json,
	    p + NET_FRAME_HEAD + json, blob, NULL) != 0)
		return (0);
	if (net_kind_name(m->kind)[0] == '?' || m->part_n > NET_PARTS_MAX)
		abort();
	if ((net_kind_asks(m->kind) && m->id == 0) ||
	    !jv_streq(jv_get(m->json, "kind"), net_kind_name(m->kind)))
		abort();
	for (i = 0; i < m->part_n; i++)
		sum += m->part[i].len;
	if (sum != blob)
		abort();
	net_msg_free(m);
	return (0);
}
