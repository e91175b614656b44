/*
 * src/xml/xml_scan.c: a look at the bytes before libxml2 sees any of them.
 * libxml2 2.9 needs 77 s for one element with 1 MiB of attributes, accepts a
 * DOCTYPE, and reads encodings of its own choice; none of that gets past here.
 */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "xml/xml.h"

struct scan {
	const uint8_t *p;
	size_t at, len, tags_max;
	struct xml_scan *out;
	size_t child_cap;
	size_t depth;
	struct xml_span name[XML_DEPTH_MAX];	/* of the open elements */
	size_t child_off;	/* where the open child of the root began */
	struct cu_why *why;
};

static int
refuse(const struct scan *s, int rc, const char *what)
{
	cu_why_set(s->why, "byte %zu: %s", s->at, what);
	return (rc);
}

static bool
is_space(int c)
{
	return (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

static bool
is_name_start(int c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c == ':' || c >= 0x80);
}

static bool
is_name(int c)
{
	return (is_name_start(c) || (c >= '0' && c <= '9') || c == '-' ||
	    c == '.');
}

/* Does ${lit} stand at the cursor? */
static bool
here(const struct scan *s, const char *lit)
{
	size_t n = strlen(lit);

	return (s->len - s->at >= n && memcmp(s->p + s->at, lit, n) == 0);
}

/* Well-formed UTF-8, and only what XML 1.0 calls a character (2.2). */
static int
check_characters(struct scan *s)
{
	uint32_t cp;
	size_t n;

	while (s->at < s->len) {
		if (s->p[s->at] >= 0x20 && s->p[s->at] < 0x7f) {
			s->at++;
			continue;
		}
		n = text_utf8_next(s->p + s->at, s->len - s->at, &cp);
		if (n == 0)
			return (refuse(s, CU_EMALFORMED, "not UTF-8"));
		if ((cp < 0x20 && !is_space((int)cp)) || cp == 0xfffe ||
		    cp == 0xffff)
			return (refuse(s, CU_EMALFORMED,
			    "a character that XML has not"));
		s->at += n;
	}
	s->at = 0;
	return (0);
}

static void
skip_space(struct scan *s, size_t end)
{
	while (s->at < end && is_space(s->p[s->at]))
		s->at++;
}

/* One name="value" of the XML declaration, if it is ${name}. */
static bool
decl_part(struct scan *s, size_t end, const char *name, const char **v,
    size_t *n)
{
	size_t save = s->at;
	int quote;

	skip_space(s, end);
	if (s->at == save || !here(s, name)) {
		s->at = save;
		return (false);
	}
	s->at += strlen(name);
	skip_space(s, end);
	if (s->at >= end || s->p[s->at] != '=')
		return (false);
	s->at++;
	skip_space(s, end);
	if (s->at >= end || (s->p[s->at] != '"' && s->p[s->at] != '\''))
		return (false);
	quote = s->p[s->at++];
	*v = (const char *)s->p + s->at;
	for (*n = 0; s->at < end && s->p[s->at] != quote; s->at++)
		(*n)++;
	if (s->at >= end)
		return (false);
	s->at++;
	return (true);
}

static bool
is_utf8_label(const char *v, size_t n)
{
	return (n == 5 && (v[0] | 32) == 'u' && (v[1] | 32) == 't' &&
	    (v[2] | 32) == 'f' && v[3] == '-' && v[4] == '8');
}

/* The declaration: absent, or version 1.0 and, if it says one, UTF-8. */
static int
check_prolog(struct scan *s)
{
	const uint8_t *q;
	const char *v;
	size_t end, n;

	if (!here(s, "<?xml") || s->len < 6 || !is_space(s->p[5]))
		return (0);
	q = memchr(s->p, '>', s->len < XML_TAG_MAX ? s->len : XML_TAG_MAX);
	if (q == NULL || q[-1] != '?')
		return (refuse(s, CU_EMALFORMED, "the declaration has no end"));
	end = (size_t)(q - s->p) - 1;
	s->at = 5;
	if (!decl_part(s, end, "version", &v, &n))
		return (refuse(s, CU_EMALFORMED, "a declaration without "
		    "version"));
	if (!text_eq(v, n, "1.0"))
		return (refuse(s, CU_EMALFORMED, "not XML 1.0"));
	if (decl_part(s, end, "encoding", &v, &n) && !is_utf8_label(v, n))
		return (refuse(s, CU_EMALFORMED, "an encoding other than "
		    "UTF-8"));
	if (decl_part(s, end, "standalone", &v, &n) &&
	    !text_eq(v, n, "yes") && !text_eq(v, n, "no"))
		return (refuse(s, CU_EMALFORMED, "standalone is neither yes "
		    "nor no"));
	skip_space(s, end);
	if (s->at != end)
		return (refuse(s, CU_EMALFORMED, "a declaration of another "
		    "form"));
	s->at = end + 2;
	return (0);
}

/* An ampersand: one of the five entities, or a character reference. */
static int
take_reference(struct scan *s)
{
	static const char *const known[] = {
		"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"
	};
	size_t i, at = s->at + 2;
	bool hex;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (here(s, known[i])) {
			s->at += strlen(known[i]);
			return (0);
		}
	}
	if (!here(s, "&#"))
		return (refuse(s, CU_EMALFORMED, "an entity"));
	hex = at < s->len && s->p[at] == 'x';
	if (hex)
		at++;
	for (i = 0; at < s->len && i < 8; at++, i++)
		if (!((s->p[at] >= '0' && s->p[at] <= '9') || (hex &&
		    (s->p[at] | 32) >= 'a' && (s->p[at] | 32) <= 'f')))
			break;
	if (i == 0 || at >= s->len || s->p[at] != ';')
		return (refuse(s, CU_EMALFORMED, "a character reference of "
		    "another form"));
	s->at = at + 1;
	return (0);
}

/* Go behind the next ${end}, which must be there. */
static int
skip_past(struct scan *s, size_t skip, const char *end, const char *what)
{
	const uint8_t *q;

	q = memmem(s->p + s->at + skip, s->len - s->at - skip, end,
	    strlen(end));
	if (q == NULL)
		return (refuse(s, CU_EMALFORMED, what));
	s->at = (size_t)(q - s->p) + strlen(end);
	return (0);
}

static int
take_comment(struct scan *s)
{
	size_t start = s->at;
	int rc;

	if ((rc = skip_past(s, 4, "--", "a comment without end")) != 0)
		return (rc);
	if (s->at >= s->len || s->p[s->at] != '>') {
		s->at = start;
		return (refuse(s, CU_EMALFORMED, "-- inside a comment"));
	}
	s->at++;
	return (0);
}

/* Note the bytes of a finished child of the root. */
static int
note_child(struct scan *s)
{
	struct xml_scan *o = s->out;
	struct xml_span *v;
	size_t cap;

	if (o->child_n == s->child_cap) {
		cap = s->child_cap ? 2 * s->child_cap : 16;
		if ((v = realloc(o->child, cap * sizeof(*v))) == NULL)
			return (CU_ENOMEM);
		o->child = v;
		s->child_cap = cap;
	}
	o->child[o->child_n].off = s->child_off;
	o->child[o->child_n++].len = s->at - s->child_off;
	return (0);
}

/* A tag goes on behind ${limit}: the document is cut, or the tag too long. */
static int
tag_cut(const struct scan *s, size_t limit)
{
	return (limit == s->len ? refuse(s, CU_EMALFORMED, "a tag without end")
	    : refuse(s, CU_ELIMIT, "a tag too long"));
}

/* The attributes of a start tag; the cursor ends at '/' or '>'. */
static int
take_attributes(struct scan *s, size_t limit)
{
	size_t at, n = 0;
	int quote, rc;

	for (;;) {
		at = s->at;
		skip_space(s, limit);
		if (s->at >= limit)
			break;
		if (s->p[s->at] == '>' || s->p[s->at] == '/')
			return (0);
		if (s->at == at || !is_name_start(s->p[s->at]))
			return (refuse(s, CU_EMALFORMED, "not an attribute"));
		if (++n > XML_ATTRIBUTES_MAX)
			return (refuse(s, CU_ELIMIT, "too many attributes"));
		while (s->at < limit && is_name(s->p[s->at]))
			s->at++;
		skip_space(s, limit);
		if (s->at < limit && s->p[s->at] != '=')
			return (refuse(s, CU_EMALFORMED, "an attribute "
			    "without value"));
		s->at++;
		skip_space(s, limit);
		if (s->at >= limit)
			break;
		quote = s->p[s->at++];
		if (quote != '"' && quote != '\'')
			return (refuse(s, CU_EMALFORMED, "a value without "
			    "quotes"));
		while (s->at < limit && s->p[s->at] != quote) {
			if (s->p[s->at] == '<')
				return (refuse(s, CU_EMALFORMED, "< in a "
				    "value"));
			if (s->p[s->at] != '&')
				s->at++;
			else if ((rc = take_reference(s)) != 0)
				return (rc);
		}
		if (s->at >= limit)
			break;
		s->at++;
	}
	return (tag_cut(s, limit));
}

static int
take_start(struct scan *s)
{
	size_t start = s->at, limit = s->len;
	bool empty;
	int rc;

	if (s->depth == 0 && s->out->root.len != 0)
		return (refuse(s, CU_EMALFORMED, "a second root"));
	if (s->depth == XML_DEPTH_MAX)
		return (refuse(s, CU_ELIMIT, "elements too deep"));
	if (++s->out->tags > s->tags_max)
		return (refuse(s, CU_ELIMIT, "too many elements"));
	if (limit - start > XML_TAG_MAX)
		limit = start + XML_TAG_MAX;
	s->name[s->depth].off = ++s->at;
	if (s->at >= limit || !is_name_start(s->p[s->at]))
		return (refuse(s, CU_EMALFORMED, "not a name"));
	while (s->at < limit && is_name(s->p[s->at]))
		s->at++;
	s->name[s->depth].len = s->at - s->name[s->depth].off;
	if ((rc = take_attributes(s, limit)) != 0)
		return (rc);
	empty = s->p[s->at] == '/';
	if (empty && ++s->at >= limit)
		return (tag_cut(s, limit));
	if (s->p[s->at] != '>')
		return (refuse(s, CU_EMALFORMED, "/ in a tag"));
	s->at++;
	if (s->depth == 0) {
		s->out->root.off = start;
		s->out->root.len = s->at - start;
	} else if (s->depth == 1)
		s->child_off = start;
	if (!empty)
		s->depth++;
	else if (s->depth == 1)
		return (note_child(s));
	return (0);
}

static int
take_end(struct scan *s)
{
	const struct xml_span *name;
	size_t start = s->at;

	if (s->depth == 0)
		return (refuse(s, CU_EMALFORMED, "an end tag alone"));
	name = &s->name[s->depth - 1];
	s->at += 2;
	if (s->len - s->at < name->len ||
	    memcmp(s->p + s->at, s->p + name->off, name->len) != 0) {
		s->at = start;
		return (refuse(s, CU_EMALFORMED, "an end tag of another "
		    "element"));
	}
	s->at += name->len;
	skip_space(s, s->len - start > XML_TAG_MAX ? start + XML_TAG_MAX :
	    s->len);
	if (s->at >= s->len || s->p[s->at] != '>') {
		s->at = start;
		return (refuse(s, CU_EMALFORMED, "an end tag of another "
		    "element"));
	}
	s->at++;
	s->depth--;
	return (s->depth == 1 ? note_child(s) : 0);
}

static int
take_markup(struct scan *s)
{
	if (here(s, "</"))
		return (take_end(s));
	if (here(s, "<!--"))
		return (take_comment(s));
	if (here(s, "<![CDATA[") && s->depth > 0)
		return (skip_past(s, 9, "]]>", "CDATA without end"));
	if (here(s, "<!"))
		return (refuse(s, CU_EMALFORMED, "a declaration (<!)"));
	if (here(s, "<?"))
		return (refuse(s, CU_EMALFORMED, "a processing instruction"));
	return (take_start(s));
}

static int
scan_all(struct scan *s)
{
	int rc;

	if ((rc = check_characters(s)) != 0 || (rc = check_prolog(s)) != 0)
		return (rc);
	while (s->at < s->len) {
		if (s->p[s->at] == '<')
			rc = take_markup(s);
		else if (s->depth == 0) {
			if (!is_space(s->p[s->at]))
				return (refuse(s, CU_EMALFORMED, "text outside "
				    "the root"));
			s->at++;
		} else if (s->p[s->at] == '&')
			rc = take_reference(s);
		else
			s->at++;
		if (rc != 0)
			return (rc);
	}
	if (s->depth != 0 || s->out->root.len == 0)
		return (refuse(s, CU_EMALFORMED, s->depth != 0 ?
		    "the document is cut" : "no element"));
	return (0);
}

int
xml_scan(struct xml_scan *out, const void *p, size_t len, size_t tags_max,
    struct cu_why *why)
{
	struct xml_scan o = { 0 };
	struct scan s = { .p = p, .len = len, .tags_max = tags_max, .out = &o,
	    .why = why };
	int rc;

	if ((rc = scan_all(&s)) != 0) {
		xml_scan_fini(&o);
		return (rc);
	}
	*out = o;
	return (0);
}

void
xml_scan_fini(struct xml_scan *s)
{
	free(s->child);
	s->child = NULL;
	s->child_n = 0;
}
