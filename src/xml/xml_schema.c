/*
 * src/xml/xml_schema.c: validation against schemas that we bring ourselves.
 * For tests and checks: a schema is read from the disk, its imports too, so
 * the loader that xml_tree.c closes is opened for that moment.
 */
#include <stdlib.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include "base/err.h"
#include "xml/xml.h"
#include "xml/xml_doc.h"

struct xml_schema {
	xmlSchema *schema;
};

static void
say_nothing(void *cookie, const char *fmt, ...)
{
	(void)cookie;
	(void)fmt;
}

int
xml_schema_create(struct xml_schema **out, const char *path)
{
	xmlExternalEntityLoader closed = xmlGetExternalEntityLoader();
	xmlSchemaParserCtxt *ctxt;
	struct xml_schema *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	xmlSetExternalEntityLoader(xmlNoNetExternalEntityLoader);
	if ((ctxt = xmlSchemaNewParserCtxt(path)) != NULL) {
		xmlSchemaSetParserErrors(ctxt, say_nothing, say_nothing, NULL);
		s->schema = xmlSchemaParse(ctxt);
		xmlSchemaFreeParserCtxt(ctxt);
	}
	xmlSetExternalEntityLoader(closed);
	if (s->schema == NULL) {
		free(s);
		return (CU_ENOENT);
	}
	*out = s;
	return (0);
}

bool
xml_schema_valid(const struct xml_schema *s, const struct xml_doc *d)
{
	xmlSchemaValidCtxt *ctxt;
	int rc = -1;

	if ((ctxt = xmlSchemaNewValidCtxt(s->schema)) != NULL) {
		xmlSchemaSetValidErrors(ctxt, say_nothing, say_nothing, NULL);
		rc = xmlSchemaValidateDoc(ctxt, d->doc);
		xmlSchemaFreeValidCtxt(ctxt);
	}
	return (rc == 0);
}

void
xml_schema_free(struct xml_schema *s)
{
	if (s == NULL)
		return;
	xmlSchemaFree(s->schema);
	free(s);
}
