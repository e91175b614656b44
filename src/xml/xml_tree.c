/*
 * src/xml/xml_tree.c: the tree, by libxml2 kept on a short rope: no network,
 * no entities, no DTD, no recovery, no loader for anything outside.
 */
#include <stdlib.h>
#include <string.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xmlerror.h>
#include "base/buf.h"
#include "base/err.h"
#include "xml/xml.h"
#include "xml/xml_doc.h"

#define XML_NS_XSI	"http://www.w3.org/2001/XMLSchema-instance"
#define XML_BYTES_MAX	(64 * 1024 * 1024)	/* libxml2 counts in int */

/* struct xml_node is libxml2's xmlNode, which nobody outside needs to know. */
static const xmlNode *
node(const struct xml_node *n)
{
	return ((const xmlNode *)(const void *)n);
}

static const struct xml_node *
handle(const xmlNode *n)
{
	return ((const struct xml_node *)(const void *)n);
}

static unsigned long loads;

static xmlParserInput *
refuse_load(const char *url, const char *id, xmlParserCtxt *ctxt)
{
	(void)url;
	(void)id;
	(void)ctxt;
	loads++;
	return (NULL);
}

unsigned long
xml_loads(void)
{
	return (loads);
}

/* libxml2 would write what a peer wrote to stderr. */
static void
ignore_error(void *cookie, xmlError *e)
{
	(void)cookie;
	(void)e;
}

static void
ignore_text(void *cookie, const char *fmt, ...)
{
	(void)cookie;
	(void)fmt;
}

/*
 * One context for XML_CONTEXT_USES documents: making one is dear, and its
 * dictionary keeps every name that a peer ever sent.
 */
static xmlParserCtxt *
context(void)
{
	static _Thread_local xmlParserCtxt *ctxt;
	static _Thread_local unsigned int uses;

	if (ctxt != NULL && uses++ < XML_CONTEXT_USES)
		return (ctxt);
	if (ctxt == NULL) {
		xmlInitParser();
		xmlSetExternalEntityLoader(refuse_load);
		xmlSetStructuredErrorFunc(NULL, ignore_error);
		xmlSetGenericErrorFunc(NULL, ignore_text);
	} else
		xmlFreeParserCtxt(ctxt);
	uses = 1;
	if ((ctxt = xmlNewParserCtxt()) == NULL)
		return (NULL);
	ctxt->sax->serror = ignore_error;
	ctxt->sax->initialized = XML_SAX2_MAGIC;
	return (ctxt);
}

int
xml_parse(struct xml_doc **out, struct xml_scan *scan, const void *p,
    size_t len, size_t tags_max, struct cu_why *why)
{
	struct xml_scan s;
	struct xml_doc *d;
	xmlParserCtxt *ctxt;
	int rc;

	if (len > XML_BYTES_MAX) {
		cu_why_set(why, "%zu bytes are too many", len);
		return (CU_ELIMIT);
	}
	if ((rc = xml_scan(&s, p, len, tags_max, why)) != 0)
		return (rc);
	rc = CU_ENOMEM;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		goto err0;
	if ((ctxt = context()) == NULL)
		goto err1;
	d->doc = xmlCtxtReadMemory(ctxt, p, (int)len, NULL, "UTF-8",
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
	    XML_PARSE_NOCDATA);
	if (d->doc == NULL || !ctxt->wellFormed || !ctxt->nsWellFormed) {
		if (ctxt->lastError.code != XML_ERR_NO_MEMORY)
			rc = CU_EMALFORMED;
		cu_why_set(why, "line %d: not well-formed (libxml2 %d)",
		    ctxt->lastError.line, ctxt->lastError.code);
		goto err2;
	}
	if (d->doc->intSubset != NULL || d->doc->extSubset != NULL) {
		/* The prescan let none through. */
		cu_why_set(why, "a DOCTYPE");
		rc = CU_EMALFORMED;
		goto err2;
	}
	if (scan != NULL)
		*scan = s;
	else
		xml_scan_fini(&s);
	*out = d;
	return (0);

err2:	xmlFreeDoc(d->doc);
err1:	free(d);
err0:	xml_scan_fini(&s);
	return (rc);
}

void
xml_free(struct xml_doc *d)
{
	if (d == NULL)
		return;
	xmlFreeDoc(d->doc);
	free(d);
}

const struct xml_node *
xml_root(const struct xml_doc *d)
{
	return (handle(xmlDocGetRootElement(d->doc)));
}

const char *
xml_name(const struct xml_node *n)
{
	return ((const char *)node(n)->name);
}

const char *
xml_ns(const struct xml_node *n)
{
	const xmlNs *ns = node(n)->ns;

	return (ns == NULL || ns->href == NULL ? "" : (const char *)ns->href);
}

bool
xml_is(const struct xml_node *n, const char *ns, const char *name)
{
	return (n != NULL && strcmp(xml_name(n), name) == 0 &&
	    strcmp(xml_ns(n), ns) == 0);
}

static const struct xml_node *
element(const xmlNode *n)
{
	while (n != NULL && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return (handle(n));
}

const struct xml_node *
xml_child(const struct xml_node *n)
{
	return (element(node(n)->children));
}

const struct xml_node *
xml_next(const struct xml_node *n)
{
	return (element(node(n)->next));
}

static bool
is_blank(const xmlNode *n)
{
	const xmlChar *p;

	for (p = n->content; p != NULL && *p != '\0'; p++)
		if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r')
			return (false);
	return (true);
}

static bool
is_text(const xmlNode *n)
{
	return (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE);
}

bool
xml_pure(const struct xml_node *n)
{
	const xmlNode *c;

	for (c = node(n)->children; c != NULL; c = c->next)
		if (is_text(c) ? !is_blank(c) : c->type != XML_ELEMENT_NODE &&
		    c->type != XML_COMMENT_NODE)
			return (false);
	return (true);
}

size_t
xml_attrs(const struct xml_node *n)
{
	const xmlAttr *a;
	size_t count = 0;

	for (a = node(n)->properties; a != NULL; a = a->next)
		if (a->ns == NULL ||
		    strcmp((const char *)a->ns->href, XML_NS_XSI) != 0 ||
		    (strcmp((const char *)a->name, "schemaLocation") != 0 &&
		    strcmp((const char *)a->name,
		    "noNamespaceSchemaLocation") != 0))
			count++;
	return (count);
}

bool
xml_plain(const struct xml_node *n)
{
	return (xml_attrs(n) == 0);
}

const char *
xml_attr(const struct xml_node *n, const char *ns, const char *name)
{
	const xmlAttr *a;
	const char *href;

	for (a = node(n)->properties; a != NULL; a = a->next) {
		href = a->ns == NULL ? "" : (const char *)a->ns->href;
		if (strcmp((const char *)a->name, name) != 0 ||
		    strcmp(href, ns) != 0)
			continue;
		/* No entities: a value is one text node, or none if empty. */
		return (a->children == NULL ? "" :
		    (const char *)a->children->content);
	}
	return (NULL);
}

const char *
xml_prefix_ns(const struct xml_node *n, const char *prefix)
{
	const xmlNode *e;
	const xmlNs *ns;

	/* Not xmlSearchNs, which may write into the tree. */
	for (e = node(n); e != NULL && e->type == XML_ELEMENT_NODE;
	    e = e->parent)
		for (ns = e->nsDef; ns != NULL; ns = ns->next)
			if (strcmp(ns->prefix == NULL ? "" :
			    (const char *)ns->prefix, prefix) == 0)
				return (ns->href == NULL ? "" :
				    (const char *)ns->href);
	return (NULL);
}

int
xml_text(struct buf *b, const struct xml_node *n)
{
	const xmlNode *c;

	for (c = node(n)->children; c != NULL; c = c->next) {
		if (c->type == XML_COMMENT_NODE)
			continue;
		if (!is_text(c))
			return (CU_EMALFORMED);
		if (c->content != NULL)
			buf_str(b, (const char *)c->content);
	}
	return (b->rc);
}

int
xml_token(struct buf *b, const struct xml_node *n)
{
	size_t start = b->len, r, w;
	int rc;

	if ((rc = xml_text(b, n)) != 0)
		return (rc);
	for (r = w = start; r < b->len; r++) {
		if (strchr(" \t\r\n", b->p[r]) == NULL)
			b->p[w++] = b->p[r];
		else if (w > start && b->p[w - 1] != ' ')
			b->p[w++] = ' ';
	}
	if (w > start && b->p[w - 1] == ' ')
		w--;
	if (b->p != NULL)
		b->p[w] = '\0';
	b->len = w;
	return (0);
}

static int
write_out(void *cookie, const char *p, int n)
{
	struct buf *b = cookie;

	buf_add(b, p, (size_t)n);
	return (b->rc == 0 ? n : -1);
}

static bool
is_absolute(const xmlChar *href)
{
	xmlURI *uri;
	bool absolute;

	if (href == NULL || *href == '\0')
		return (true);		/* xmlns="": none */
	if ((uri = xmlParseURI((const char *)href)) == NULL)
		return (false);
	absolute = uri->scheme != NULL;
	xmlFreeURI(uri);
	return (absolute);
}

/*
 * Is every namespace an absolute URI?  Canonical XML is not defined for any
 * other, though some (an example of ETSI among them) use such a one.
 */
static bool
namespaces_absolute(const xmlNode *n)
{
	const xmlNs *ns;

	while (n != NULL) {
		if (n->type == XML_ELEMENT_NODE)
			for (ns = n->nsDef; ns != NULL; ns = ns->next)
				if (!is_absolute(ns->href))
					return (false);
		if (n->type == XML_ELEMENT_NODE && n->children != NULL) {
			n = n->children;
			continue;
		}
		while (n != NULL && n->next == NULL)
			n = n->parent;
		n = n == NULL ? NULL : n->next;
	}
	return (true);
}

/*
 * A part of a document as a document of its own, or NULL: libxml2 walks all of
 * a document for any part of it, and there may be thousands of parts.  The copy
 * takes the namespaces along that are declared further up.
 */
static xmlDoc *
own_document(const struct xml_node *n)
{
	xmlDoc *doc;
	xmlNode *copy;

	if ((doc = xmlNewDoc(BAD_CAST "1.0")) == NULL)
		return (NULL);
	copy = xmlDocCopyNode((xmlNode *)(uintptr_t)node(n), doc, 1);
	if (copy == NULL) {
		xmlFreeDoc(doc);
		return (NULL);
	}
	xmlDocSetRootElement(doc, copy);
	return (doc);
}

/* Append the document, in its canonical form or as it stands. */
static int
write_document(struct buf *b, xmlDoc *doc, bool canonical)
{
	xmlOutputBuffer *o;
	int rc = 0;

	if ((o = xmlOutputBufferCreateIO(write_out, NULL, b, NULL)) == NULL)
		return (CU_ENOMEM);
	if (!canonical)
		xmlNodeDumpOutput(o, doc, xmlDocGetRootElement(doc), 0, 0,
		    "UTF-8");
	else if (xmlC14NExecute(doc, NULL, NULL, XML_C14N_EXCLUSIVE_1_0, NULL,
	    0, o) < 0)
		rc = CU_ENOMEM;
	if (xmlOutputBufferClose(o) < 0)
		rc = CU_ENOMEM;
	return (b->rc != 0 ? b->rc : rc);
}

int
xml_c14n(struct buf *b, const struct xml_node *n)
{
	xmlDoc *doc;
	int rc = CU_EMALFORMED;

	if ((doc = own_document(n)) == NULL)
		return (CU_ENOMEM);
	if (namespaces_absolute(xmlDocGetRootElement(doc)))
		rc = write_document(b, doc, true);
	xmlFreeDoc(doc);
	return (rc);
}

int
xml_dump(struct buf *b, const struct xml_node *n)
{
	xmlDoc *doc;
	int rc;

	if ((doc = own_document(n)) == NULL)
		return (CU_ENOMEM);
	rc = write_document(b, doc, false);
	xmlFreeDoc(doc);
	return (rc);
}
