/* src/xml/xml_write.c: writing XML, escaped, with nothing to choose */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "xml/xml.h"

void
xml_write_decl(struct buf *b)
{
	buf_str(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void
xml_write_text(struct buf *b, const char *s, size_t n)
{
	uint32_t cp;
	size_t k;

	for (; n > 0; s += k, n -= k) {
		k = text_utf8_next(s, n, &cp);
		if (k == 0 || (cp < 0x20 && cp != '\t' && cp != '\n' &&
		    cp != '\r') || cp == 0xfffe || cp == 0xffff) {
			if (b->rc == 0)
				b->rc = CU_EMALFORMED;
			return;
		}
		switch (cp) {
		case '&':
			buf_str(b, "&amp;");
			break;
		case '<':
			buf_str(b, "&lt;");
			break;
		case '>':
			buf_str(b, "&gt;");
			break;
		case '"':
			buf_str(b, "&quot;");
			break;
		case '\r':	/* as it is, a reader would make it LF */
			buf_str(b, "&#xD;");
			break;
		default:
			buf_add(b, s, k);
		}
	}
}

void
xml_write_open(struct buf *b, const char *name)
{
	buf_ch(b, '<');
	buf_str(b, name);
	buf_ch(b, '>');
}

void
xml_write_close(struct buf *b, const char *name)
{
	buf_str(b, "</");
	buf_str(b, name);
	buf_ch(b, '>');
}

void
xml_write_leaf(struct buf *b, const char *name, const char *s, size_t n)
{
	xml_write_open(b, name);
	xml_write_text(b, s, n);
	xml_write_close(b, name);
}
