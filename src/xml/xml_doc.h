/* src/xml/xml_doc.h: what a document is, inside this directory alone */
#ifndef XML_DOC_H_
#define XML_DOC_H_
#include <libxml/tree.h>

struct xml_doc {
	xmlDoc *doc;
};
#endif /* !XML_DOC_H_ */
