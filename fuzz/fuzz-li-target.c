/*
 * fuzz/fuzz-li-target.c: a normal form is normal, and the only spelling.
 * Input: a byte for the kind, a byte for the form, then texts, one a line.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "li/li_task.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
try_address(const char *s, size_t n)
{
	struct li_address a;
	struct buf b;

	if (li_address_parse(&a, s, n, NULL) != 0)
		return;
	buf_init(&b, 4 * LI_URI_MAX);
	li_address_text(&b, &a);
	if (b.rc != 0 || b.len != n || memcmp(b.p, s, n) != 0)
		abort();
	buf_fini(&b);
	li_address_fini(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct li_text t[LI_LIST_MAX];
	const char *s, *end, *nl;
	struct li_target got;
	enum li_kind kind;
	struct buf b;
	size_t k = 0;

	if (n < 2)
		return (0);
	kind = (enum li_kind)(p[0] % (LI_KIND_MAX + 1));
	s = (const char *)p + 2;
	end = (const char *)p + n;
	try_address(s, (size_t)(end - s));
	li_target_valid(kind, s, (size_t)(end - s), NULL);
	for (; k < LI_LIST_MAX; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		t[k].p = s;
		t[k++].n = (size_t)((nl == NULL ? end : nl) - s);
		if (nl == NULL)
			break;
	}
	if (li_target_normalise(&got, kind, p[1] % 8 == 7 ? li_kind_form(kind)
	    : (enum li_form)(p[1] % 8), t, k, NULL) != 0)
		return (0);
	if (got.kind != kind || got.value[0] == '\0' ||
	    li_target_valid(kind, got.value, strlen(got.value), NULL) != 0)
		abort();
	buf_init(&b, 65536);
	if (li_set_text(&b, &got, 1, NULL) != 0)
		abort();
	li_target_names(&got, 32, 64);
	buf_fini(&b);
	li_target_fini(&got);
	return (0);
}
