/* src/li/test-li_task.c: lines of lines.json, addresses, narrowing */
#include "base/buf.h"
#include "base/text.h"
#include "check.h"
#include "li/li_task.h"
#include "li/test-li_vectors.h"

static struct jv *root;

static const char *
string(const struct jv *v)
{
	size_t n;

	return (jv_str(v, &n));
}

static const char *
member(const struct jv *o, const char *name)
{
	return (string(jv_get(o, name)));
}

static size_t
take_dids(li_uuid **out, const struct jv *list)
{
	size_t i, n = jv_len(list);

	*out = n > 0 ? calloc(n, sizeof(**out)) : NULL;
	for (i = 0; i < n; i++)
		memcpy((*out)[i], string(jv_at(list, i)), TEXT_UUID_LEN);
	return (n);
}

/* QualifiedMicrosecondDateTime as the vectors write it. */
static utc_us
take_time(const char *s)
{
	char text[UTC_LEN + 1];
	int sign, h, m;
	utc_us t;

	if (s == NULL)
		return (LI_TIME_NONE);
	memcpy(text, s, UTC_LEN - 1);
	text[UTC_LEN - 1] = 'Z';
	text[UTC_LEN] = '\0';
	if (utc_parse(text, UTC_LEN, &t) != 0)
		return (LI_TIME_NONE);
	sign = s[UTC_LEN - 1] == '-' ? -1 : 1;
	if (sscanf(s + UTC_LEN, "%d:%d", &h, &m) == 2)
		t -= sign * (h * 60 + m) * 60 * UTC_SECOND;
	return (t);
}

static void
take_meds(struct li_task *t, const struct jv *list)
{
	const struct jv *m;
	const char *s;
	size_t i;

	t->has_meds = list != NULL;
	t->meds_n = jv_len(list);
	if (t->meds_n > 0)
		t->meds = calloc(t->meds_n, sizeof(*t->meds));
	for (i = 0; i < t->meds_n; i++) {
		m = jv_at(list, i);
		snprintf(t->meds[i].liid, sizeof(t->meds[i].liid), "%s",
		    member(m, "LIID"));
		s = member(m, "deliveryType");
		t->meds[i].delivery = li_med_delivery_find(s, strlen(s));
		t->meds[i].start = take_time(member(m, "StartTime"));
		t->meds[i].end = take_time(member(m, "EndTime"));
		t->meds[i].own_dids = jv_get(m, "listOfDIDs") != NULL;
		t->meds[i].dids_n = take_dids(&t->meds[i].dids,
		    jv_get(m, "listOfDIDs"));
	}
}

static void
take_task(struct li_task *t, const struct jv *v)
{
	const struct jv *list = jv_get(v, "targets"), *row;
	const char *s;
	size_t i;

	li_task_init(t);
	memcpy(t->xid, member(v, "xId"), TEXT_UUID_LEN);
	t->targets = calloc(jv_len(list), sizeof(*t->targets));
	for (i = 0; i < jv_len(list); i++) {
		row = jv_at(list, i);
		if (CHECK(normalise(&t->targets[t->targets_n],
		    string(jv_at(row, 0)), jv_at(row, 1), NULL) == 0))
			t->targets_n++;
	}
	s = member(v, "deliveryType");
	t->shape.delivery = li_delivery_find(s, strlen(s));
	t->shape.dids_n = take_dids(&t->shape.dids, jv_get(v, "dIds"));
	list = jv_get(v, "services");
	for (i = 0; i < jv_len(list); i++) {
		s = string(jv_at(list, i));
		t->shape.services |= li_service_find(s, strlen(s));
	}
	if ((s = member(v, "productID")) != NULL)
		memcpy(t->product, s, TEXT_UUID_LEN);
	if ((s = member(v, "correlationID")) != NULL)
		t->has_correlation = text_dec(s, strlen(s), &t->correlation) ==
		    0;
	if ((s = member(v, "implicitDeactivationAllowed")) != NULL) {
		t->has_implicit = true;
		t->implicit = strcmp(s, "true") == 0 || strcmp(s, "1") == 0;
	}
	take_meds(t, jv_get(v, "mediation"));
}

static void
check_line(const struct jv *row, const char *other)
{
	const struct jv *rest = jv_get(row, "rest");
	struct li_task t, copy;
	struct buf b, r;
	const char *s;
	size_t i, n;

	buf_init(&b, 65536);
	buf_init(&r, 65536);
	take_task(&t, jv_get(row, "task"));
	for (i = 0; i < jv_len(rest); i++) {
		s = jv_str(jv_at(rest, i), &n);
		buf_add(&r, s, n);
	}
	if (r.len > 0)
		li_task_set_rest(&t, r.p, r.len);
	CHECK(li_task_line(&b, &t) == 0);
	CHECK_STR(buf_text(&b), member(row, "line"));
	CHECK(other == NULL || strcmp(buf_text(&b), other) != 0);
	REQUIRE(li_task_copy(&copy, &t) == 0);
	CHECK(li_task_equal(&t, &copy));
	CHECK(li_task_narrows(&t, &copy) == LI_NARROW_NOTHING);
	copy.xid[0] ^= 1;
	CHECK(!li_task_equal(&t, &copy));
	li_task_fini(&copy);
	li_task_fini(&t);
	buf_fini(&b);
	buf_fini(&r);
}

static void
task_lines(void)
{
	const struct jv *list = jv_get(root, "tasks");
	size_t i;

	REQUIRE(jv_len(list) == 9);
	for (i = 0; i < jv_len(list); i++)
		check_line(jv_at(list, i), NULL);
	list = jv_get(root, "same_line");
	REQUIRE(jv_len(list) == 1);
	check_line(jv_at(list, 0), NULL);
	CHECK_STR(member(jv_at(list, 0), "line"),
	    member(jv_at(jv_get(root, "tasks"), 1), "line"));
	list = jv_get(jv_get(root, "other_line"), "cases");
	REQUIRE(jv_len(list) == 8);
	for (i = 0; i < jv_len(list); i++)
		check_line(jv_at(list, i),
		    member(jv_get(root, "other_line"), "than"));
}

static void
take_address(struct li_address *a, const struct jv *v)
{
	enum li_address_kind kind = LI_ADDRESS_NONE;
	enum li_proto proto = LI_PROTO_NONE;
	const char *s, *port = "";

	if ((s = member(v, "ip")) != NULL) {
		kind = strchr(s, ':') != NULL ? LI_ADDRESS_IPV6 :
		    LI_ADDRESS_IPV4;
		proto = LI_PROTO_TCP;
		if ((port = member(v, "tcp")) == NULL) {
			proto = LI_PROTO_UDP;
			port = member(v, "udp");
		}
	} else if ((s = member(v, "uri")) != NULL)
		kind = LI_ADDRESS_URI;
	else if ((s = member(v, "e164Number")) != NULL)
		kind = LI_ADDRESS_E164;
	else if ((s = member(v, "emailAddress")) != NULL)
		kind = LI_ADDRESS_EMAIL;
	CHECK(s != NULL && li_address_set(a, kind, s, strlen(s), proto, port,
	    strlen(port), NULL) == 0);
}

static void
destination_lines(void)
{
	const struct jv *list = jv_get(root, "destinations"), *v;
	struct li_destination d, copy;
	struct li_address again;
	struct buf b, a;
	const char *s;
	size_t i;

	REQUIRE(jv_len(list) == 6);
	for (i = 0; i < jv_len(list); i++) {
		v = jv_get(jv_at(list, i), "destination");
		memset(&d, 0, sizeof(d));
		memcpy(d.did, member(v, "dId"), TEXT_UUID_LEN);
		s = member(v, "deliveryType");
		d.delivery = li_delivery_find(s, strlen(s));
		take_address(&d.address, jv_get(v, "address"));
		buf_init(&b, 8192);
		li_destination_line(&b, &d);
		CHECK_STR(buf_text(&b), member(jv_at(list, i), "line"));
		buf_init(&a, 8192);
		li_address_text(&a, &d.address);
		s = strstr(buf_text(&b), " at=") + 4;
		CHECK_STR(buf_text(&a), s);
		CHECK(li_address_parse(&again, s, strlen(s), NULL) == 0);
		CHECK_STR(again.value, d.address.value);
		CHECK(again.port == d.address.port &&
		    again.proto == d.address.proto);
		li_address_fini(&again);
		REQUIRE(li_destination_copy(&copy, &d) == 0);
		CHECK(li_destination_equal(&d, &copy));
		copy.delivery = copy.delivery == LI_DELIVERY_X2 ?
		    LI_DELIVERY_X3 : LI_DELIVERY_X2;
		CHECK(!li_destination_equal(&d, &copy));
		li_destination_fini(&copy);
		li_destination_fini(&d);
		buf_fini(&a);
		buf_fini(&b);
	}
}

static void
count_lines(void)
{
	const struct jv *list = jv_get(root, "counters"), *v;
	struct li_task_status st;
	struct buf b;
	const char *s;
	size_t i;

	REQUIRE(jv_len(list) == 5);
	for (i = 0; i < jv_len(list); i++) {
		v = jv_at(list, i);
		li_task_status_init(&st);
		if ((s = member(v, "numberOfModifications")) != NULL)
			st.modifications.present = text_dec(s, strlen(s),
			    &st.modifications.v) == 0;
		st.last_modification =
		    take_time(member(v, "timeOfLastModification"));
		buf_init(&b, 256);
		li_count_line(&b, member(v, "xId"), &st);
		CHECK_STR(buf_text(&b), member(v, "line"));
		buf_fini(&b);
		li_task_status_fini(&st);
	}
}

static void
address_refusals(void)
{
	static const char *const bad[] = {
		"", "ipv4", "ipv4:", "ipv4:192.0.2.10", "ipv4:192.0.2.10:tcp:",
		"ipv4:192.0.2.10:tcp:1", "ipv4:192.0.2.10:tcp:0443",
		"ipv4:192.0.2.10:tcp:65536", "ipv4:192.0.2.010:tcp:42069",
		"ipv4:192.0.2:tcp:42069", "ipv4:192.0.2.1.2:tcp:42069",
		"ipv4:192.0.2.10:sctp:42069", "ipv4:192.0.2.10 :tcp:42069",
		"ipv6:2001:db8::1:tcp:42069", "IPV4:192.0.2.10:tcp:42069",
		"ipv6:2001:0DB8:0000:0000:0000:0000:0000:0010:tcp:42069",
		"e164Number:+49", "e164Number:%34", "e164Number: 49",
		"uri:https://a b", "uri:", "uri:https://a?b", "uri:%",
		"uri:%3f", "uri:a%25", "uri:a%25%10%10", "emailAddress:a",
		"emailAddress:a@B", "fax:49", "ipv4:a:tcp:1", ":tcp:42069",
	};
	struct cu_why why;
	struct li_address a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why.text[0] = '\0';
		CHECK_ROW(li_address_parse(&a, bad[i], strlen(bad[i]), &why) ==
		    CU_EMALFORMED, bad[i]);
		CHECK_ROW(why.text[0] != '\0', bad[i]);
	}
	CHECK(li_address_parse(&a, "ipv4:192.0.2.10:udp:0", 21, &why) == 0);
	CHECK(a.port == 0 && a.proto == LI_PROTO_UDP);
	li_address_fini(&a);
}

/* One edit of a task, and whether that is a narrowing. */
static enum li_narrow
edit(const char *what)
{
	static const li_uuid dids[] = {
		"0d6a9a52-3f0b-4f0d-8a55-6a1f6f0b2c02",
		"f0000000-0000-4000-8000-000000000001",
		"0a000000-0000-4000-8000-000000000003",
	};
	struct li_task old, new;
	struct li_med *m;
	enum li_narrow n;
	const char *p;

	li_task_init(&old);
	memcpy(old.xid, dids[0], sizeof(old.xid));
	old.targets = calloc(2, sizeof(*old.targets));
	old.targets_n = 2;
	li_target_from(&old.targets[0], LI_KIND_IMSI, "001010000000001", 15,
	    NULL);
	li_target_from(&old.targets[1], LI_KIND_TCP_PORT, "443", 3, NULL);
	old.shape.delivery = LI_DELIVERY_X2X3;
	old.shape.services = LI_SERVICE_VOICE | LI_SERVICE_DATA;
	old.shape.dids = calloc(3, sizeof(*old.shape.dids));
	memcpy(old.shape.dids, dids, sizeof(dids));
	old.shape.dids_n = 2;
	old.meds = calloc(3, sizeof(*old.meds));
	old.meds_n = 2;
	for (m = old.meds; m < old.meds + 3; m++) {
		strcpy(m->liid, m == old.meds ? "L1" : "L2");
		m->delivery = LI_MED_HI2;
		m->start = LI_TIME_NONE;
		m->end = m == old.meds ? LI_TIME_NONE : 1000;
	}
	if (strchr(what, 's') != NULL)
		old.shape.services = 0;
	if (strchr(what, 'e') != NULL)
		old.shape.delivery = LI_DELIVERY_X2;
	old.meds_n = 3;		/* so that the copy has room for one more */
	old.shape.dids_n = 3;
	if (li_task_copy(&new, &old) != 0)
		return (LI_NARROW_XID);
	old.meds_n = new.meds_n = 2;
	old.shape.dids_n = new.shape.dids_n = 2;
	for (p = what; *p != '\0'; p++) {
		switch (*p) {
		case 'x': new.xid[0] = 'f'; break;
		case 't': new.targets[0].value[0] = '9'; break;
		case 'q': li_target_fini(&new.targets[--new.targets_n]); break;
		case 'o':	/* another order is the same set */
			{ struct li_target t = new.targets[0];
			new.targets[0] = new.targets[1];
			new.targets[1] = t; }
			break;
		case 'p': memcpy(new.product, dids[1], sizeof(li_uuid)); break;
		case 'c': new.has_correlation = true; break;
		case 'i': new.implicit = true; break;
		case 'r': strcpy(new.rest, "ab"); break;
		case '2': new.shape.delivery = LI_DELIVERY_X2; break;
		case '3': new.shape.delivery = LI_DELIVERY_X3; break;
		case 'd': new.shape.dids_n = 1; break;
		case 'D': new.shape.dids_n = 3; break;
		case 'n': new.shape.dids_n = 0; break;
		case 'R': memcpy(new.shape.dids[1], dids[2], sizeof(li_uuid));
			break;
		case 'v': new.shape.services = LI_SERVICE_VOICE; break;
		case 'V': new.shape.services |= LI_SERVICE_LALS; break;
		case '*': new.shape.services = 0; break;
		case 'm': new.meds_n = 1; break;
		case 'M': new.meds_n = 3; break;
		case 'z': new.meds_n = 0; break;
		case 'k': new.meds[0].end = 5; break;
		case 'K': new.meds[1].end = 1001; break;
		case 'f': new.meds[1].end = LI_TIME_NONE; break;
		case 'b': new.meds[1].start = 5; break;
		case 'h': new.meds[1].delivery = LI_MED_HI2HI3; break;
		case 'l': strcpy(new.meds[1].liid, "L3"); break;
		case 'w': new.meds[1].own_dids = true; break;
		}
	}
	n = li_task_narrows(&old, &new);
	old.meds_n = new.meds_n = 3;
	li_task_fini(&old);
	li_task_fini(&new);
	return (n);
}

static void
narrowing(void)
{
	static const struct { const char *edit; enum li_narrow n; } row[] = {
		{ "", LI_NARROW_NOTHING }, { "o", LI_NARROW_NOTHING },
		{ "d", LI_NARROWS }, { "n", LI_NARROWS }, { "2", LI_NARROWS },
		{ "3", LI_NARROWS }, { "v", LI_NARROWS }, { "m", LI_NARROWS },
		{ "z", LI_NARROWS }, { "k", LI_NARROWS }, { "od3vmk",
		LI_NARROWS }, { "x", LI_NARROW_XID },
		{ "t", LI_NARROW_TARGETS }, { "q", LI_NARROW_TARGETS },
		{ "dq", LI_NARROW_TARGETS }, { "p", LI_NARROW_PRODUCT },
		{ "dp", LI_NARROW_PRODUCT }, { "c", LI_NARROW_CORRELATION },
		{ "i", LI_NARROW_IMPLICIT }, { "r", LI_NARROW_REST },
		{ "e3", LI_NARROW_DELIVERY }, { "e", LI_NARROW_NOTHING },
		{ "D", LI_NARROW_DIDS }, { "R", LI_NARROW_DIDS },
		{ "V", LI_NARROW_SERVICES }, { "*", LI_NARROW_SERVICES },
		{ "sv", LI_NARROW_SERVICES }, { "M", LI_NARROW_MEDIATION },
		{ "K", LI_NARROW_MEDIATION }, { "f", LI_NARROW_MEDIATION },
		{ "b", LI_NARROW_MEDIATION }, { "h", LI_NARROW_MEDIATION },
		{ "l", LI_NARROW_MEDIATION }, { "w", LI_NARROW_MEDIATION },
		{ "dvK", LI_NARROW_MEDIATION },
	};
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_ROW(edit(row[i].edit) == row[i].n, row[i].edit);
		CHECK(li_narrow_text(row[i].n)[0] != '\0');
	}
}

/* All else unchanged: the old clear parts put back give the old line. */
static void
line_with_old_parts(void)
{
	struct li_task a, b;
	struct buf x, y;

	take_task(&a, jv_get(jv_at(jv_get(root, "tasks"), 1), "task"));
	REQUIRE(li_task_copy(&b, &a) == 0);
	b.shape.delivery = LI_DELIVERY_X2;
	b.shape.services = LI_SERVICE_VOICE;
	b.shape.dids_n = 1;
	buf_init(&x, 65536);
	buf_init(&y, 65536);
	CHECK(li_task_line(&x, &a) == 0);
	CHECK(li_task_line_with(&y, &b, &a.shape) == 0);
	CHECK_STR(buf_text(&x), buf_text(&y));
	CHECK(!li_task_equal(&a, &b));
	buf_fini(&x);
	buf_fini(&y);
	li_task_fini(&a);
	li_task_fini(&b);
}

int
main(void)
{
	if ((root = vectors("lines.json")) == NULL)
		return (1);
	CHECK_RUN(task_lines);
	CHECK_RUN(destination_lines);
	CHECK_RUN(count_lines);
	CHECK_RUN(address_refusals);
	CHECK_RUN(narrowing);
	CHECK_RUN(line_with_old_parts);
	jv_free(root);
	return (check_done());
}
