/* src/li/test-li_target.c: every row and set of targets.json */
#include "base/buf.h"
#include "base/text.h"
#include "check.h"
#include "li/test-li_vectors.h"

static struct jv *root;

static void
kinds_are_known(void)
{
	const struct jv *list = jv_get(root, "kinds"), *row;
	const char *name;
	size_t i, n;

	REQUIRE(jv_len(list) == 40);
	for (i = 0; i < 40; i++) {
		row = jv_at(list, i);
		name = text_of(jv_get(row, "kind"), &n);
		CHECK_ROW(li_kind_find(name, n) != LI_KIND_NONE, name);
		CHECK_STR(li_kind_name(li_kind_find(name, n)), name);
	}
	CHECK(li_kind_find("IMSI", 4) == LI_KIND_NONE);
	CHECK(li_kind_find("", 0) == LI_KIND_NONE);
	CHECK_STR(li_kind_name(LI_KIND_MAX), "");
}

static void
check_row(const struct jv *row)
{
	struct cu_why why = { "" };
	struct li_target t, again;
	const char *kind, *value, *line;
	struct buf b;
	bool naming = false;
	size_t n;
	int rc;

	kind = text_of(jv_get(row, "kind"), &n);
	rc = normalise(&t, kind, jv_get(row, "input"), &why);
	if (!jv_streq(jv_get(row, "expect"), "accept")) {
		CHECK_ROW(rc == CU_EMALFORMED || rc == CU_ELIMIT, kind);
		CHECK_ROW(why.text[0] != '\0', kind);
		if (rc == 0)
			li_target_fini(&t);
		return;
	}
	if (!CHECK_ROW(rc == 0, why.text))
		return;
	value = text_of(jv_get(row, "value"), &n);
	CHECK_STR(t.value, value);
	jv_bool(jv_get(row, "naming"), &naming);
	CHECK_ROW(li_target_names(&t, 32, 64) == naming, value);
	buf_init(&b, 65536);
	CHECK(li_set_text(&b, &t, 1, NULL) == 0 && b.len > 0);
	line = text_of(jv_get(row, "set_line"), &n);
	CHECK(b.len == n + 1 && memcmp(b.p, line, n) == 0);
	buf_fini(&b);
	/* What is normal is the only spelling of itself. */
	CHECK_ROW(li_target_valid(t.kind, t.value, strlen(t.value), NULL) == 0,
	    value);
	CHECK(li_target_from(&again, t.kind, t.value, strlen(t.value), NULL)
	    == 0);
	CHECK_STR(again.value, t.value);
	li_target_fini(&again);
	li_target_fini(&t);
}

static void
every_row(void)
{
	const struct jv *rows = jv_get(root, "rows");
	size_t i;

	REQUIRE(jv_len(rows) == 282);
	for (i = 0; i < jv_len(rows); i++)
		check_row(jv_at(rows, i));
}

static void
check_set(const struct jv *set)
{
	const struct jv *members = jv_get(set, "members"), *m;
	const char *name, *text;
	struct li_target t[LI_SET_MAX + 1] = { 0 };
	struct buf b, e;
	size_t i, n, name_n;
	int rc = 0;

	name = text_of(jv_get(set, "name"), &n);
	for (i = 0; i < jv_len(members) && i < LI_SET_MAX + 1; i++) {
		m = jv_at(members, i);
		if (normalise(&t[i], text_of(jv_at(m, 0), &name_n),
		    jv_at(m, 1), NULL) != 0)
			rc = CU_EMALFORMED;
	}
	if (rc == 0)
		rc = li_set_check(t, i, 32, 64, NULL);
	if (!jv_streq(jv_get(set, "expect"), "accept")) {
		CHECK_ROW(rc != 0, name);
	} else if (CHECK_ROW(rc == 0, name)) {
		buf_init(&b, 65536);
		buf_init(&e, 65536);
		CHECK(li_set_text(&b, t, i, NULL) == 0);
		text = text_of(jv_get(set, "set_text"), &n);
		CHECK_STR(buf_text(&b), text);
		li_escape(&e, b.p, b.len);
		text = text_of(jv_get(set, "escaped"), &n);
		CHECK_STR(buf_text(&e), text);
		buf_fini(&b);
		buf_fini(&e);
	}
	while (i-- > 0)
		li_target_fini(&t[i]);
}

static void
every_set(void)
{
	const struct jv *sets = jv_get(root, "sets");
	size_t i;

	REQUIRE(jv_len(sets) == 23);
	for (i = 0; i < jv_len(sets); i++)
		check_set(jv_at(sets, i));
}

static void
settings_decide_about_prefixes(void)
{
	struct li_target t;

	REQUIRE(li_target_from(&t, LI_KIND_IPV4_CIDR, "192.0.2.0/24", 12, NULL)
	    == 0);
	CHECK(!li_target_names(&t, 32, 64));
	CHECK(!li_target_names(&t, 25, 64));
	CHECK(li_target_names(&t, 24, 64));
	li_target_fini(&t);
}

/* Warrants hold normal forms only. */
static void
value_texts(void)
{
	static const struct { enum li_kind kind; const char *v; int ok; }
	    row[] = {
		{ LI_KIND_E164_NUMBER, "491511234567", 1 },
		{ LI_KIND_E164_NUMBER, " 491511234567", 0 },
		{ LI_KIND_SIP_URI, "sip:a@EX.com", 0 },
		{ LI_KIND_TCP_PORT_LIST, "80,443", 1 },
		{ LI_KIND_TCP_PORT_LIST, "443,80", 0 },
		{ LI_KIND_TCP_PORT_LIST, "80,", 0 },
		{ LI_KIND_TCP_PORT_LIST, ",", 0 },
		{ LI_KIND_TCP_PORT_LIST, "", 0 },
		{ LI_KIND_UDP_PORT_RANGE, "0-65535", 1 },
		{ LI_KIND_UDP_PORT_RANGE, "0-1-2", 0 },
		{ LI_KIND_UDP_PORT_RANGE, "5", 0 },
		{ LI_KIND_UDP_PORT_RANGE, "5-4", 0 },
		{ LI_KIND_IPV4_CIDR, "192.0.2.0/24", 1 },
		{ LI_KIND_IPV4_CIDR, "192.0.2.1/24", 0 },
		{ LI_KIND_SUCI, "00FF", 0 },
		{ LI_KIND_SUCI, "00ff", 1 },
		{ LI_KIND_HASHED_IDENTIFIER, "x", 0 },
		{ LI_KIND_EXTENSION, "x", 0 },
		{ LI_KIND_NONE, "x", 0 },
		{ LI_KIND_MAX, "x", 0 },
	};
	struct cu_why why;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		why.text[0] = '\0';
		rc = li_target_valid(row[i].kind, row[i].v, strlen(row[i].v),
		    &why);
		CHECK_ROW((rc == 0) == row[i].ok, row[i].v);
		CHECK_ROW(rc == 0 || why.text[0] != '\0', row[i].v);
	}
}

static void
awkward_uris(void)
{
	static const struct { enum li_kind kind; const char *in, *out; }
	    row[] = {
		{ LI_KIND_SIP_URI, "sip:[2001:DB8::1]", "sip:[2001:db8::1]" },
		{ LI_KIND_SIP_URI, "sip:a@[2001:DB8", NULL },
		{ LI_KIND_SIP_URI, "sip:a@[]", NULL },
		{ LI_KIND_SIP_URI, "sip:?x", NULL },
		{ LI_KIND_SIP_URI, "sip:a%40B@H?q=R", "sip:a%40B@h?q=R" },
		{ LI_KIND_SIP_URI, "sip:a%", NULL },
		{ LI_KIND_SIP_URI, "sip:a@%2B.com", NULL },
		{ LI_KIND_IMPU, "sip:%2B.com", NULL },
		{ LI_KIND_H323_URI, "h323:%2B", "h323:%2B" },
		{ LI_KIND_IMPU, "sip:a@b@c", NULL },
		{ LI_KIND_IMPU, "sip:", NULL },
		{ LI_KIND_IMPU, "sips:A@B", "sips:A@b" },
		{ LI_KIND_IMPU, "%00", "%00" },
		{ LI_KIND_H323_URI, "h323:A:B", "h323:A:B" },
		{ LI_KIND_INTL_EMAIL_ADDRESS, "@@B", "@@b" },
		{ LI_KIND_INTL_EMAIL_ADDRESS, "a@", NULL },
		{ LI_KIND_INTL_EMAIL_ADDRESS, "a@b@", "a@b@" },
		{ LI_KIND_EMAIL_ADDRESS, "a\\b@c", "a\\b@c" },
		{ LI_KIND_EMAIL_ADDRESS, "a@b.", NULL },
		{ LI_KIND_NAI, "\xff", NULL },
		{ LI_KIND_NAI, "a\xc2\x80", NULL },
	};
	struct li_target t;
	struct li_text in;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		in.p = row[i].in;
		in.n = strlen(row[i].in);
		rc = li_target_normalise(&t, row[i].kind, LI_FORM_TEXT, &in, 1,
		    NULL);
		CHECK_ROW((rc == 0) == (row[i].out != NULL), row[i].in);
		if (rc != 0)
			continue;
		CHECK_STR(t.value, row[i].out);
		li_target_fini(&t);
	}
}

int
main(void)
{
	if ((root = vectors("targets.json")) == NULL)
		return (1);
	CHECK_RUN(kinds_are_known);
	CHECK_RUN(every_row);
	CHECK_RUN(every_set);
	CHECK_RUN(settings_decide_about_prefixes);
	CHECK_RUN(value_texts);
	CHECK_RUN(awkward_uris);
	jv_free(root);
	return (check_done());
}
