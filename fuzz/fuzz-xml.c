/* fuzz/fuzz-xml.c: prescan and tree must see one and the same document */
#include <stdlib.h>
#include "base/buf.h"
#include "xml/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t
count(const struct xml_node *n)
{
	size_t sum = 1;
	const struct xml_node *c;

	for (c = xml_child(n); c != NULL; c = xml_next(c))
		sum += count(c);
	return (sum);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct xml_node *c;
	struct xml_scan s;
	struct xml_doc *d;
	struct buf b;
	size_t i = 0;

	if (xml_parse(&d, &s, p, n, 2000, NULL) != 0)
		return (0);
	if (count(xml_root(d)) != s.tags || xml_loads() != 0)
		abort();
	for (c = xml_child(xml_root(d)); c != NULL; c = xml_next(c), i++)
		if (i >= s.child_n || s.child[i].off + s.child[i].len > n ||
		    p[s.child[i].off] != '<' ||
		    p[s.child[i].off + s.child[i].len - 1] != '>')
			abort();
	if (i != s.child_n)
		abort();
	buf_init(&b, 1 << 22);
	xml_c14n(&b, xml_root(d));
	buf_reset(&b);
	xml_token(&b, xml_root(d));
	buf_fini(&b);
	xml_scan_fini(&s);
	xml_free(d);
	return (0);
}
