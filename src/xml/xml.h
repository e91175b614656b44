/* src/xml/xml.h: XML from untrusted bytes, and our own writing of it */
#ifndef XML_H_
#define XML_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cu_why;

/*
 * Reading is in two steps.  A prescan over the bytes refuses what libxml2
 * would spend minutes on or obey (design 6); only then a tree is built,
 * without network, entities, DTD or recovery.  This directory is the only one
 * that knows libxml2.
 */
#define XML_TAG_MAX		4096	/* bytes of a tag, < to > */
#define XML_ATTRIBUTES_MAX	32	/* of a tag, xmlns among them */
#define XML_DEPTH_MAX		32	/* elements inside each other */
#define XML_REQUEST_TAGS_MAX	20000	/* start tags */
#define XML_RESPONSE_TAGS_MAX	500000
#define XML_CONTEXT_USES	1000	/* documents per libxml2 context */

/* A part of the document by its bytes: from '<' to behind '>'. */
struct xml_span {
	size_t off, len;
};

/* What the prescan saw. */
struct xml_scan {
	size_t tags;			/* elements */
	struct xml_span root;		/* the root's start tag */
	struct xml_span *child;		/* owned: the root's child elements */
	size_t child_n;
};

/**
 * xml_scan(out, p, len, tags_max, why):
 * Judge the bytes.  Refused: invalid UTF-8, NUL and other characters that XML
 * has not, a prolog that is not version 1.0 or not UTF-8, <! but comments and
 * CDATA, processing instructions, entities but the five and character
 * references, anything around the root, tags that do not pair, and what is
 * over a limit above or ${tags_max}.  Return 0 with ${out} owned
 * (xml_scan_fini); CU_EMALFORMED or CU_ELIMIT with the reason and the byte
 * offset; CU_ENOMEM.
 */
int xml_scan(struct xml_scan *, const void *, size_t, size_t, struct cu_why *);

/** xml_scan_fini(s): Free what ${s} holds. */
void xml_scan_fini(struct xml_scan *);

struct xml_doc;			/* a whole document */
struct xml_node;		/* an element in it: borrowed */

/**
 * xml_parse(out, scan, p, len, tags_max, why):
 * Prescan (into ${scan}, owned, unless that is NULL) and build the tree.
 * Refused, too: what is not well-formed.
 * Return 0 with an owned ${out}; errors as xml_scan.
 */
int xml_parse(struct xml_doc **, struct xml_scan *, const void *, size_t,
    size_t, struct cu_why *);

/** xml_free(doc): NULL has no effect. */
void xml_free(struct xml_doc *);

/** xml_loads(): How often libxml2 has asked for something outside: 0. */
unsigned long xml_loads(void);

const struct xml_node *xml_root(const struct xml_doc *);

/** xml_name(n), xml_ns(n): Local name; namespace, "" if in none. */
const char *xml_name(const struct xml_node *);
const char *xml_ns(const struct xml_node *);

/** xml_is(n, ns, name): Is it that element?  A NULL node is none. */
bool xml_is(const struct xml_node *, const char *, const char *);

/** xml_child(n), xml_next(n): First child element, next sibling element. */
const struct xml_node *xml_child(const struct xml_node *);
const struct xml_node *xml_next(const struct xml_node *);

/**
 * xml_pure(n):
 * Does it hold child elements, white space and comments only?
 */
bool xml_pure(const struct xml_node *);

/**
 * xml_plain(n):
 * Has it no attributes?  (Namespace declarations do not count, and neither do
 * xsi:schemaLocation and xsi:noNamespaceSchemaLocation, which say nothing.)
 */
bool xml_plain(const struct xml_node *);

/** xml_attr(n, ns, name): The value, borrowed, or NULL. */
const char *xml_attr(const struct xml_node *, const char *, const char *);

/** xml_attrs(n): How many attributes, counted as by xml_plain. */
size_t xml_attrs(const struct xml_node *);

/** xml_prefix_ns(n, prefix): The namespace of ${prefix} at ${n}, or NULL. */
const char *xml_prefix_ns(const struct xml_node *, const char *);

/**
 * xml_text(b, n):
 * Append the text of an element that has no child elements (comments are left
 * out).  Return 0; CU_EMALFORMED if it has; the error of ${b}.
 */
int xml_text(struct buf *, const struct xml_node *);

/** xml_token(b, n): As xml_text, white space collapsed as in xs:token. */
int xml_token(struct buf *, const struct xml_node *);

/**
 * xml_c14n(b, n):
 * Append the subtree in Exclusive XML Canonicalization 1.0 without comments.
 * Return 0; CU_EMALFORMED if a namespace in it is no absolute URI, for which
 * there is no canonical form; CU_ENOMEM or the error of ${b}.
 */
int xml_c14n(struct buf *, const struct xml_node *);

/** xml_dump(b, n): Append the subtree as it is, for what has no such form. */
int xml_dump(struct buf *, const struct xml_node *);

/* Writing: text is escaped, names are ours and trusted. */

/** xml_write_decl(b): The XML declaration and a line feed. */
void xml_write_decl(struct buf *);

/**
 * xml_write_text(b, s, n):
 * Append ${s} escaped.  A character that XML cannot hold makes ${b} fail with
 * CU_EMALFORMED.
 */
void xml_write_text(struct buf *, const char *, size_t);

/** xml_write_leaf(b, name, s, n): <name>text</name>. */
void xml_write_leaf(struct buf *, const char *, const char *, size_t);

/** xml_write_open(b, name), xml_write_close(b, name): <name>, </name>. */
void xml_write_open(struct buf *, const char *);
void xml_write_close(struct buf *, const char *);

/**
 * xml_schema_create(out, path): Read a schema of our own from a file (tests
 * and checks only, never with bytes of a peer); xml_schema_valid validates a
 * document; xml_schema_free.
 */
struct xml_schema;
int xml_schema_create(struct xml_schema **, const char *);
bool xml_schema_valid(const struct xml_schema *, const struct xml_doc *);
void xml_schema_free(struct xml_schema *);
#endif /* !XML_H_ */
