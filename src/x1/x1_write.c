/* src/x1/x1_write.c: what every written message begins with */
#include <string.h>
#include "x1/x1_write.h"

void
x1_write_root(struct buf *b, const char *name)
{
	xml_write_decl(b);
	buf_printf(b, "<%s xmlns=\"" X1_NS "\" xmlns:c=\"" X1_NS_COMMON "\" "
	    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">", name);
}

void
x1_write_leaf(struct buf *b, const char *name, const char *s)
{
	xml_write_leaf(b, name, s, strlen(s));
}

void
x1_write_time(struct buf *b, const char *name, utc_us t)
{
	char text[UTC_LEN + 1];

	if (t < 0 || t > UTC_MAX) {
		b->rc = b->rc != 0 ? b->rc : CU_ESTATE;
		return;
	}
	utc_text(text, t);
	x1_write_leaf(b, name, text);
}

void
x1_write_head(struct buf *b, const struct x1_head *h, bool transaction)
{
	x1_write_leaf(b, "admfIdentifier", h->admf);
	x1_write_leaf(b, "neIdentifier", h->ne);
	x1_write_time(b, "messageTimestamp", h->stamp);
	x1_write_leaf(b, "version", h->version);
	if (transaction)
		x1_write_leaf(b, "x1TransactionId", h->transaction);
	if (h->version[0] == '\0' || (transaction && h->transaction[0] == '\0'))
		b->rc = b->rc != 0 ? b->rc : CU_ESTATE;
}

void
x1_write_message(struct buf *b, const char *name, const char *type,
    const struct x1_head *h)
{
	buf_printf(b, "<%s xsi:type=\"%s\">", name, type);
	x1_write_head(b, h, true);
}
