/* src/xml/test-xml.c: what is let through, and each trap of libxml2 closed */
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "base/utc.h"
#include "check.h"
#include "xml/xml.h"

static int
scan_text(const char *s, struct cu_why *why)
{
	struct xml_scan o;
	int rc;

	memset(why, 0, sizeof(*why));
	if ((rc = xml_scan(&o, s, strlen(s), 100, why)) == 0)
		xml_scan_fini(&o);
	return (rc);
}

static void
prescan_table(void)
{
	static const struct { const char *text; int rc; const char *why; }
	    row[] = {
		{ "<a/>", 0, "" },
		{ "<a></a>", 0, "" },
		{ " \n<a> x </a>\n ", 0, "" },
		{ "<?xml version=\"1.0\"?><a/>", 0, "" },
		{ "<?xml version='1.0' encoding='utf-8' ?><a/>", 0, "" },
		{ "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\""
		  "?>\n<a/>", 0, "" },
		{ "<!-- x --><a><!-- y --></a><!-- z -->", 0, "" },
		{ "<a b=\"1\" c='2' ><![CDATA[<&]]></a >", 0, "" },
		{ "<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F4DE;</a>", 0, "" },
		{ "<a>\xc3\xb6</a>", 0, "" },
		{ "", CU_EMALFORMED, "no element" },
		{ "hello", CU_EMALFORMED, "outside the root" },
		{ "\xef\xbb\xbf<a/>", CU_EMALFORMED, "outside the root" },
		{ "<a/><b/>", CU_EMALFORMED, "second root" },
		{ "<a/>x", CU_EMALFORMED, "outside the root" },
		{ "<a>", CU_EMALFORMED, "cut" },
		{ "<a></b>", CU_EMALFORMED, "end tag" },
		{ "</a>", CU_EMALFORMED, "end tag" },
		{ "<a></a/>", CU_EMALFORMED, "end tag" },
		{ "<a><b></a></b>", CU_EMALFORMED, "end tag" },
		{ "<a", CU_EMALFORMED, "without end" },
		{ "<a b", CU_EMALFORMED, "without end" },
		{ "<a b=\"", CU_EMALFORMED, "without end" },
		{ "<a b=1/>", CU_EMALFORMED, "quotes" },
		{ "<a b/>", CU_EMALFORMED, "without value" },
		{ "<a b='1'c='2'/>", CU_EMALFORMED, "not an attribute" },
		{ "<a b='<'/>", CU_EMALFORMED, "< in a value" },
		{ "<a / >", CU_EMALFORMED, "/ in a tag" },
		{ "< a/>", CU_EMALFORMED, "not a name" },
		{ "<1/>", CU_EMALFORMED, "not a name" },
		{ "<a>\xff</a>", CU_EMALFORMED, "UTF-8" },
		{ "<a>\xc0\x80</a>", CU_EMALFORMED, "UTF-8" },
		{ "<a>\xed\xa0\x80</a>", CU_EMALFORMED, "UTF-8" },
		{ "<a>\x01</a>", CU_EMALFORMED, "character" },
		{ "<a>\xef\xbf\xbe</a>", CU_EMALFORMED, "character" },
		{ "<?xml version=\"1.1\"?><a/>", CU_EMALFORMED, "1.0" },
		{ "<?xml encoding=\"UTF-8\"?><a/>", CU_EMALFORMED, "version" },
		{ "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
		  CU_EMALFORMED, "encoding" },
		{ "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
		  CU_EMALFORMED, "encoding" },
		{ "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>",
		  CU_EMALFORMED, "encoding" },
		{ "<?xml version=\"1.0\" x=\"1\"?><a/>", CU_EMALFORMED,
		  "another form" },
		{ "<?xml version=\"1.0\"", CU_EMALFORMED, "no end" },
		{ " <?xml version=\"1.0\"?><a/>", CU_EMALFORMED,
		  "processing" },
		{ "<?pi?><a/>", CU_EMALFORMED, "processing" },
		{ "<a><?php x?></a>", CU_EMALFORMED, "processing" },
		{ "<!DOCTYPE a><a/>", CU_EMALFORMED, "<!" },
		{ "<!doctype a><a/>", CU_EMALFORMED, "<!" },
		{ "<a><!ENTITY b 'c'></a>", CU_EMALFORMED, "<!" },
		{ "<a>&b;</a>", CU_EMALFORMED, "entity" },
		{ "<a b='&c;'/>", CU_EMALFORMED, "entity" },
		{ "<a>&</a>", CU_EMALFORMED, "entity" },
		{ "<a>&#;</a>", CU_EMALFORMED, "reference" },
		{ "<a>&#xg;</a>", CU_EMALFORMED, "reference" },
		{ "<a>&#x000000041;</a>", CU_EMALFORMED, "reference" },
		{ "<a><!-- x</a>", CU_EMALFORMED, "comment" },
		{ "<a><!-- x -- y --></a>", CU_EMALFORMED, "comment" },
		{ "<a><![CDATA[x</a>", CU_EMALFORMED, "CDATA" },
		{ "<![CDATA[x]]><a/>", CU_EMALFORMED, "<!" },
	};
	struct cu_why why;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_ROW(scan_text(row[i].text, &why) == row[i].rc,
		    row[i].text);
		CHECK_ROW(strstr(why.text, row[i].why) != NULL, row[i].text);
	}
}

static void
nul_is_refused(void)
{
	struct xml_scan o;
	struct cu_why why;

	CHECK(xml_scan(&o, "<a>\0</a>", 8, 100, &why) == CU_EMALFORMED);
	CHECK(xml_scan(&o, "<a/>\0", 5, 100, &why) == CU_EMALFORMED);
}

/* Each limit at N and N + 1. */
static void
limits(void)
{
	struct xml_scan o;
	struct xml_doc *d;
	struct cu_why why;
	struct buf b;
	int i, k;

	for (k = 0; k < 2; k++) {
		buf_init(&b, 1 << 20);
		for (i = 0; i < XML_DEPTH_MAX + k; i++)
			buf_str(&b, "<a>");
		for (i = 0; i < XML_DEPTH_MAX + k; i++)
			buf_str(&b, "</a>");
		CHECK(xml_parse(&d, NULL, b.p, b.len, 100, &why) ==
		    (k ? CU_ELIMIT : 0));
		if (k == 0)
			xml_free(d);
		buf_reset(&b);
		buf_str(&b, "<a");
		for (i = 0; i < XML_ATTRIBUTES_MAX + k; i++)
			buf_printf(&b, " a%d=''", i);
		buf_str(&b, "/>");
		CHECK(xml_parse(&d, NULL, b.p, b.len, 100, &why) ==
		    (k ? CU_ELIMIT : 0));
		if (k == 0)
			xml_free(d);
		buf_reset(&b);
		buf_str(&b, "<a b='");
		buf_fill(&b, 'x', XML_TAG_MAX - 9 + (size_t)k);
		buf_str(&b, "'/>");
		CHECK(xml_scan(&o, b.p, b.len, 100, &why) ==
		    (k ? CU_ELIMIT : 0));
		if (k == 0)
			xml_scan_fini(&o);
		buf_reset(&b);
		buf_str(&b, "<a>");
		for (i = 0; i < 99 + k; i++)
			buf_str(&b, "<b/>");
		buf_str(&b, "</a>");
		CHECK(xml_scan(&o, b.p, b.len, 100, &why) ==
		    (k ? CU_ELIMIT : 0));
		if (k == 0) {
			CHECK(o.child_n == 99 && o.tags == 100);
			xml_scan_fini(&o);
		}
		buf_fini(&b);
	}
}

/* What takes libxml2 alone 77 s. */
static void
a_mebibyte_of_attributes(void)
{
	struct xml_doc *d;
	struct cu_why why;
	struct buf b;
	utc_us t;
	int i;

	buf_init(&b, 2 << 20);
	buf_str(&b, "<a");
	for (i = 0; b.len < (1 << 20); i++)
		buf_printf(&b, " a%d=''", i);
	buf_str(&b, "/>");
	t = utc_mono();
	CHECK(xml_parse(&d, NULL, b.p, b.len, 20000, &why) == CU_ELIMIT);
	CHECK(utc_mono() - t < UTC_SECOND);
	buf_fini(&b);
}

static void
doctype_and_entities(void)
{
	static const char *const bad[] = {
		"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
		"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
		"<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\">"
		"<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
		"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
		"<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]><l>&d;</l>",
		"<!DOCTYPE r [<!ENTITY x SYSTEM \"http://192.0.2.1/\">]>"
		"<r>&x;</r>",
	};
	struct xml_doc *d;
	struct cu_why why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(xml_parse(&d, NULL, bad[i], strlen(bad[i]), 100, &why) ==
		    CU_EMALFORMED);
		CHECK_ROW(strstr(why.text, "<!") != NULL, why.text);
	}
	CHECK(xml_loads() == 0);
}

static void
xxe_of_a_real_library(void)
{
	static char text[65536];
	struct xml_doc *d;
	struct cu_why why;
	size_t n;
	FILE *f;

	f = fopen(SHARED_DIR "/specs/samples/x1-sipgate-lib/xxe.xml", "rb");
	if (f == NULL) {
		check_skip("no shared samples");
		return;
	}
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	CHECK(n > 0);
	CHECK(xml_parse(&d, NULL, text, n, 100, &why) == CU_EMALFORMED);
	CHECK(strstr(why.text, "<!") != NULL);
	CHECK(xml_loads() == 0);
}

/* What passes the prescan but is not well-formed stops at libxml2. */
static void
tree_refusals(void)
{
	static const char *const bad[] = {
		"<a b='1' b='2'/>", "<x:a/>", "<a x:b='1'/>", "<a>]]></a>",
		"<a>&#0;</a>", "<a>&#xFFFFFFF;</a>", "<a b='&#x1;'/>",
		"<a xmlns:b=''/>", "<a:b:c xmlns:a='urn:u'/>",
		"<a xmlns:x='urn:u' xmlns:y='urn:u' x:c='' y:c=''/>",
		"<a xmlns='http://a b'/>",
	};
	struct xml_doc *d;
	struct cu_why why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(xml_parse(&d, NULL, bad[i], strlen(bad[i]), 100,
		    &why) == CU_EMALFORMED, bad[i]);
}

static const char good[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<x:a xmlns:x='urn:x' xmlns='urn:d' q='1'><!-- c -->\n"
    "<b x:y=\"&quot;\">  p <!-- i --> q\n</b>\n<c><![CDATA[<]]>&amp;</c>"
    "<d xmlns=''/></x:a>\n";

/* No prefix of a document is one, and nothing may follow it. */
static void
every_truncation(void)
{
	struct xml_doc *d;
	struct cu_why why;
	size_t n;

	for (n = 0; n < sizeof(good) - 2; n++)
		CHECK(xml_parse(&d, NULL, good, n, 100, &why) ==
		    CU_EMALFORMED);
	CHECK(xml_parse(&d, NULL, good, n, 100, &why) == 0);
	xml_free(d);
}

static void
tree_access(void)
{
	const struct xml_node *r, *n;
	struct xml_scan s;
	struct xml_doc *d;
	struct cu_why why;
	struct buf b;

	buf_init(&b, 4096);
	REQUIRE(xml_parse(&d, &s, good, sizeof(good) - 1, 100, &why) == 0);
	r = xml_root(d);
	CHECK(xml_is(r, "urn:x", "a") && !xml_is(r, "urn:d", "a"));
	CHECK(!xml_is(NULL, "urn:x", "a"));
	CHECK(xml_pure(r) && !xml_plain(r) && xml_attrs(r) == 1);
	CHECK_STR(xml_attr(r, "", "q"), "1");
	CHECK(xml_attr(r, "urn:x", "q") == NULL);
	CHECK_STR(xml_prefix_ns(r, "x"), "urn:x");
	CHECK(xml_prefix_ns(r, "y") == NULL);
	n = xml_child(r);
	CHECK(xml_is(n, "urn:d", "b") && !xml_pure(n));
	CHECK_STR(xml_attr(n, "urn:x", "y"), "\"");
	CHECK(xml_text(&b, n) == 0);
	CHECK_STR(buf_text(&b), "  p  q\n");
	buf_reset(&b);
	CHECK(xml_token(&b, n) == 0);
	CHECK_STR(buf_text(&b), "p q");
	buf_reset(&b);
	n = xml_next(n);
	CHECK(xml_token(&b, n) == 0);
	CHECK_STR(buf_text(&b), "<&");
	buf_reset(&b);
	n = xml_next(n);
	CHECK(xml_is(n, "", "d"));
	CHECK_STR(xml_prefix_ns(n, ""), "");
	CHECK(xml_next(n) == NULL && xml_child(n) == NULL);
	CHECK(xml_text(&b, r) == CU_EMALFORMED);
	CHECK(s.child_n == 3 && s.tags == 4);
	CHECK(text_eq(good + s.child[0].off, s.child[0].len,
	    "<b x:y=\"&quot;\">  p <!-- i --> q\n</b>"));
	CHECK(text_eq(good + s.child[2].off, s.child[2].len, "<d xmlns=''/>"));
	CHECK(text_eq(good + s.root.off, s.root.len,
	    "<x:a xmlns:x='urn:x' xmlns='urn:d' q='1'>"));
	xml_scan_fini(&s);
	xml_free(d);
	buf_fini(&b);
}

static void
canonical_subtree(void)
{
	static const char text[] = "<r xmlns='urn:d' xmlns:p='urn:p' "
	    "xmlns:u='urn:u'><e  z='1' p:a = '2' a='&#9;'><!-- c --><p:f/>"
	    "<g xmlns=''/>&gt;</e></r>";
	struct xml_doc *d;
	struct cu_why why;
	struct buf b;

	buf_init(&b, 4096);
	REQUIRE(xml_parse(&d, NULL, text, sizeof(text) - 1, 100, &why) == 0);
	CHECK(xml_c14n(&b, xml_child(xml_root(d))) == 0);
	CHECK_STR(buf_text(&b), "<e xmlns=\"urn:d\" xmlns:p=\"urn:p\" "
	    "a=\"&#x9;\" z=\"1\" p:a=\"2\"><p:f></p:f><g xmlns=\"\"></g>&gt;"
	    "</e>");
	xml_free(d);
	buf_fini(&b);
}

static void
no_canonical_form(void)
{
	static const char *const text[] = {
		"<a xmlns='u'/>", "<a><b xmlns:x='../u'/></a>",
	};
	struct xml_doc *d;
	struct cu_why why;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		buf_init(&b, 4096);
		REQUIRE(xml_parse(&d, NULL, text[i], strlen(text[i]), 100,
		    &why) == 0);
		CHECK(xml_c14n(&b, xml_root(d)) == CU_EMALFORMED && b.len == 0);
		CHECK(xml_dump(&b, xml_root(d)) == 0 && b.len > 0);
		xml_free(d);
		buf_fini(&b);
	}
}

static void
written_text_reads_back(void)
{
	static const char text[] = "<&>\"' \r\n\t\xc3\xb6]]>";
	struct xml_doc *d;
	struct cu_why why;
	struct buf b, t;

	buf_init(&b, 4096);
	buf_init(&t, 4096);
	xml_write_decl(&b);
	xml_write_leaf(&b, "a", text, sizeof(text) - 1);
	CHECK(b.rc == 0);
	REQUIRE(xml_parse(&d, NULL, b.p, b.len, 100, &why) == 0);
	CHECK(xml_text(&t, xml_root(d)) == 0);
	CHECK_STR(buf_text(&t), text);
	xml_free(d);
	buf_reset(&b);
	xml_write_text(&b, "a\x01", 2);
	CHECK(b.rc == CU_EMALFORMED);
	buf_reset(&b);
	xml_write_text(&b, "\xff", 1);
	CHECK(b.rc == CU_EMALFORMED);
	buf_fini(&b);
	buf_fini(&t);
}

/* A context serves many documents and is then replaced. */
static void
contexts_are_replaced(void)
{
	struct xml_doc *d;
	struct cu_why why;
	char text[64];
	int i, n;

	for (i = 0; i < 2 * XML_CONTEXT_USES + 10; i++) {
		n = snprintf(text, sizeof(text), "<n%d a%d='' />", i, i);
		if (!CHECK(xml_parse(&d, NULL, text, (size_t)n, 9, &why) == 0))
			return;
		xml_free(d);
		CHECK(xml_parse(&d, NULL, "<x:a/>", 6, 9, &why) ==
		    CU_EMALFORMED);
	}
}

int
main(void)
{
	CHECK_RUN(prescan_table);
	CHECK_RUN(nul_is_refused);
	CHECK_RUN(limits);
	CHECK_RUN(a_mebibyte_of_attributes);
	CHECK_RUN(doctype_and_entities);
	CHECK_RUN(xxe_of_a_real_library);
	CHECK_RUN(tree_refusals);
	CHECK_RUN(every_truncation);
	CHECK_RUN(tree_access);
	CHECK_RUN(canonical_subtree);
	CHECK_RUN(no_canonical_form);
	CHECK_RUN(written_text_reads_back);
	CHECK_RUN(contexts_are_replaced);
	return (check_done());
}
