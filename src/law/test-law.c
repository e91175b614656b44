/* src/law/test-law.c: the decision tables of test/law, and that nothing is
 * allowed without one live warrant that covers it all */
#include <dirent.h>
#include "any.h"
#include "base/err.h"
#include "check.h"
#include "law/law.h"

#define DAY (86400 * UTC_SECOND)
#define NOON (INT64_C(20454) * DAY + DAY / 2)

/* What a case is made of. */
struct a_case {
	struct law_facts f;
	struct law_command c;
	char form[64], name[128];
	li_uuid did[LI_DIDS_MAX];
	li_uuid version_did[LAW_VERSIONS_MAX][LI_DIDS_MAX];
	size_t dids;
	bool used;
};

static struct a_case k;
static char covered[256][32];
static size_t covered_n;

static void
did_text(li_uuid out, unsigned int n)
{
	snprintf(out, sizeof(li_uuid), "d0000000-0000-4000-8000-%012u", n);
}

static size_t
read_dids(li_uuid *out, const char *s)
{
	size_t n = 0;

	while (*s != '\0') {
		did_text(out[n++], (unsigned int)strtoul(s, (char **)&s, 10));
		s += *s == ',';
	}
	return (n);
}

static unsigned int
read_services(const char *s)
{
	unsigned int v = 0;
	size_t n;

	for (; *s != '\0'; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		v |= li_service_find(s, n);
	}
	return (v);
}

static void
usual(void)
{
	struct law_facts *f = &k.f;
	size_t i;

	memset(&k, 0, sizeof(k));
	f->lo = f->hi = NOON;
	record_rules_default(&f->rules);
	f->peer_known = f->peer_admf = f->peer_pinned = f->peer_bound = true;
	f->transaction_new = f->element_known = f->element_named = true;
	f->element_gate = f->element_admf = true;
	f->element_kind = RECORD_NE;
	f->members = f->address_mdf = f->address_zone = true;
	for (i = 0; i < LI_DIDS_MAX; i++)
		f->did[i] = (struct law_did){ true, true, false, true, true,
		    false };
}

/* `name`, `name=no`: into the boolean of that name. */
static bool
set_flag(const char *word)
{
	struct { const char *name; bool *p; } t[] = {
		{ "held", &k.f.held }, { "peer_known", &k.f.peer_known },
		{ "peer_admf", &k.f.peer_admf },
		{ "peer_pinned", &k.f.peer_pinned },
		{ "peer_bound", &k.f.peer_bound },
		{ "transaction_new", &k.f.transaction_new },
		{ "element_known", &k.f.element_known },
		{ "element_named", &k.f.element_named },
		{ "element_gate", &k.f.element_gate },
		{ "element_admf", &k.f.element_admf },
		{ "multi_all", &k.f.multi_all }, { "members", &k.f.members },
		{ "xid_bound", &k.f.xid_bound }, { "xid_own", &k.f.xid_own },
		{ "xid_product", &k.f.xid_product },
		{ "product_known", &k.f.product_known },
		{ "versions_over", &k.f.versions_over },
		{ "address_mdf", &k.f.address_mdf },
		{ "address_zone", &k.f.address_zone }
	};
	size_t i, n = strcspn(word, "=");

	if (strcmp(word, "mdf") == 0)
		k.f.element_kind = RECORD_MDF;
	else if (strcmp(word, "lemf") == 0)
		k.f.element_kind = RECORD_LEMF;
	else {
		for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
			if (strlen(t[i].name) == n &&
			    strncmp(t[i].name, word, n) == 0) {
				*t[i].p = word[n] == '\0';
				return (true);
			}
		return (false);
	}
	return (true);
}

static bool
read_command(char *type, char **w)
{
	struct law_command *c = &k.c;
	char *word, *v;

	if (strcmp(type, "-") != 0)
		c->type = law_type_find(type, strlen(type));
	c->has_stamp = true;
	c->stamp = NOON;
	strcpy(c->xid, "e0000000-0000-4000-8000-000000000001");
	strcpy(c->transaction, "f0000000-0000-4000-8000-000000000001");
	c->shape.delivery = LI_DELIVERY_X2X3;
	c->shape.dids = k.did;
	did_text(k.did[0], 1);
	c->shape.dids_n = 1;
	while ((word = strsep(w, " ")) != NULL) {
		if ((v = strchr(word, '=')) != NULL)
			*v++ = '\0';
		if (strcmp(word, "delivery") == 0)
			c->shape.delivery = li_delivery_find(v, strlen(v));
		else if (strcmp(word, "services") == 0)
			c->shape.services = read_services(v);
		else if (strcmp(word, "dids") == 0)
			c->shape.dids_n = read_dids(k.did, v);
		else if (strcmp(word, "form") == 0)
			c->form = strcpy(k.form, v);
		else if (strcmp(word, "mediation") == 0)
			c->mediation = (unsigned int)atoi(v);
		else if (strcmp(word, "stamp") == 0)
			c->stamp = NOON + atoi(v) * UTC_SECOND;
		else if (strcmp(word, "product") == 0)
			strcpy(c->product, c->transaction);
		else if (strcmp(word, "no-xid") == 0)
			c->xid[0] = '\0';
		else if (strcmp(word, "no-transaction") == 0)
			c->transaction[0] = '\0';
		else if (strcmp(word, "no-stamp") == 0)
			c->has_stamp = false;
		else
			return (false);
	}
	return (true);
}

static bool
read_warrant(char **w)
{
	struct law_warrant *x = &k.f.warrant[k.f.warrants_n++];
	char *word, *v;

	*x = (struct law_warrant){ .from = NOON - DAY, .until = NOON + DAY,
	    .cc = true, .element = true, .set = true, .alone = true };
	while ((word = strsep(w, " ")) != NULL) {
		if ((v = strchr(word, '=')) != NULL)
			*v++ = '\0';
		if (strcmp(word, "from") == 0)
			x->from = NOON + atoi(v) * UTC_SECOND;
		else if (strcmp(word, "until") == 0)
			x->until = NOON + atoi(v) * UTC_SECOND;
		else if (strcmp(word, "scope") == 0)
			x->cc = strcmp(v, "iri+cc") == 0;
		else if (strcmp(word, "services") == 0)
			x->services = read_services(v);
		else if (strcmp(word, "element") == 0)
			x->element = false;
		else if (strcmp(word, "set") == 0)
			x->set = false;
		else if (strcmp(word, "alone") == 0)
			x->alone = false;
		else if (strcmp(word, "bound") == 0)
			x->bound = true;
		else if (strcmp(word, "product") == 0)
			x->product = true;
		else if (strcmp(word, "xid_product") == 0)
			x->xid_product = true;
		else
			return (false);
	}
	return (true);
}

static bool
read_version(char **w)
{
	struct law_version *x = &k.f.version[k.f.versions_n];
	li_uuid *dids = k.version_did[k.f.versions_n++];
	char *word, *v;

	x->shape.delivery = LI_DELIVERY_X2X3;
	x->shape.dids = dids;
	did_text(dids[0], 1);
	x->shape.dids_n = 1;
	x->same = true;
	while ((word = strsep(w, " ")) != NULL) {
		if ((v = strchr(word, '=')) == NULL)
			return (false);
		*v++ = '\0';
		if (strcmp(word, "delivery") == 0)
			x->shape.delivery = li_delivery_find(v, strlen(v));
		else if (strcmp(word, "services") == 0)
			x->shape.services = read_services(v);
		else if (strcmp(word, "dids") == 0)
			x->shape.dids_n = read_dids(dids, v);
		else if (strcmp(word, "same") == 0)
			x->same = false;
		else
			return (false);
	}
	return (true);
}

static bool
read_did(char **w)
{
	struct law_did *d = &k.f.did[k.dids++];
	char *word;

	while ((word = strsep(w, " ")) != NULL)
		if (strcmp(word, "known=no") == 0)
			d->known = false;
		else if (strcmp(word, "settled=no") == 0)
			d->settled = false;
		else if (strcmp(word, "contradicted") == 0)
			d->contradicted = true;
		else if (strcmp(word, "mdf=no") == 0)
			d->mdf = false;
		else if (strcmp(word, "zone=no") == 0)
			d->zone = false;
		else if (strcmp(word, "used") == 0)
			d->used = true;
		else
			return (false);
	return (true);
}

static bool
expect(char **w)
{
	char *verdict = strsep(w, " "), *rule = strsep(w, " "), *word;
	struct law_decision d;
	char covers[64] = "", *p;
	bool narrowing = false, allowed = strcmp(verdict, "allowed") == 0;
	int code = 0;
	size_t i;

	while ((word = strsep(w, " ")) != NULL)
		if (strcmp(word, "narrowing") == 0)
			narrowing = true;
		else if (strncmp(word, "covers=", 7) == 0)
			strcpy(covers, word + 7);
		else
			code = atoi(word);
	law_decide(&k.f, &k.c, &d);
	if (d.allowed != allowed || strcmp(d.rule, rule) != 0 ||
	    (allowed ? d.narrowing != narrowing :
	    code != law_code(k.c.type, d.rule) || d.covers_n != 0)) {
		printf("# %s: %s %s\n", k.name, d.allowed ? "allowed" :
		    "refused", d.rule);
		return (false);
	}
	for (p = covers, i = 0; *p != '\0'; i++, p += *p == ',')
		if (i >= d.covers_n || d.cover[i] != strtoul(p, &p, 10))
			return (false);
	snprintf(covered[covered_n++ % 256], 32, "%s", rule);
	return (i == d.covers_n);
}

static bool
read_line(char *line)
{
	char *w = line, *word = strsep(&w, " ");

	if (strcmp(word, "CASE") == 0) {
		usual();
		snprintf(k.name, sizeof(k.name), "%s", w);
		return (true);
	}
	if (strcmp(word, "COMMAND") == 0)
		return ((word = strsep(&w, " ")) != NULL &&
		    read_command(word, &w));
	if (strcmp(word, "WARRANT") == 0)
		return (read_warrant(&w));
	if (strcmp(word, "VERSION") == 0)
		return (read_version(&w));
	if (strcmp(word, "DID") == 0)
		return (read_did(&w));
	if (strcmp(word, "EXPECT") == 0)
		return (expect(&w));
	if (strcmp(word, "TIME") == 0)
		while ((word = strsep(&w, " ")) != NULL) {
			if (strncmp(word, "lo=", 3) == 0)
				k.f.lo = NOON + atoi(word + 3) * UTC_SECOND;
			else if (strncmp(word, "hi=", 3) == 0)
				k.f.hi = NOON + atoi(word + 3) * UTC_SECOND;
			else
				return (false);
		}
	else if (strcmp(word, "FACT") == 0) {
		while ((word = strsep(&w, " ")) != NULL)
			if (!set_flag(word))
				return (false);
	} else
		return (false);
	return (true);
}

static void
one_file(const char *name)
{
	char path[512], line[512];
	unsigned int number = 0, cases = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/law/%s", TEST_DIR, name);
	REQUIRE((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		cases += strncmp(line, "CASE", 4) == 0;
		snprintf(path, sizeof(path), "%s line %u, %s", name, number,
		    k.name);
		CHECK_ROW(read_line(line), path);
	}
	fclose(f);
	CHECK(cases > 5);
	printf("# %s: %u cases\n", name, cases);
}

static void
tables(void)
{
	static const char *const files[] = { "peers.txt", "tasks.txt",
	    "narrowing.txt", "destinations.txt" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		one_file(files[i]);
}

/* Each rule has a case, and a row in docs/rules.md. */
static void
rules_complete(void)
{
	static char doc[65536];
	const struct law_rule *r;
	char quoted[64];
	size_t i;
	FILE *f;

	REQUIRE((f = fopen(TEST_DIR "/../docs/rules.md", "r")) != NULL);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	for (r = law_rules; r->name != NULL; r++) {
		for (i = 0; i < covered_n && i < 256; i++)
			if (strcmp(covered[i], r->name) == 0)
				break;
		CHECK_ROW(i < covered_n, r->name);
		snprintf(quoted, sizeof(quoted), "| `%s` |", r->name);
		CHECK_ROW(strstr(doc, quoted) != NULL, r->name);
	}
}

/* The sentence of the law, written a second time and in other words. */
static bool
covers_all(const struct law_facts *f, const struct law_command *c,
    const struct law_warrant *w)
{
	return (f->members && w->set && w->element &&
	    (c->shape.delivery == LI_DELIVERY_X2 || w->cc) &&
	    (w->services == 0 || (c->shape.services != 0 &&
	    (c->shape.services | w->services) == w->services)) &&
	    (f->multi_all || w->alone) && w->from <= f->lo &&
	    w->until > f->hi);
}

static void
never_without_a_warrant(void)
{
	struct law_decision d;
	unsigned int round, i, allowed = 0, covers;
	struct law_warrant *w;
	bool narrower;

	for (round = 0; round < 200000; round++) {
		usual();
		k.c.type = 1 + any(LAW_TYPE_N - 1);
		if (any(2))
			k.c.type = LAW_ACTIVATE_TASK + any(2);
		k.c.has_stamp = true;
		k.c.stamp = NOON + ((int)any(640) - 320) * UTC_SECOND;
		strcpy(k.c.xid, "e0000000-0000-4000-8000-000000000001");
		strcpy(k.c.transaction, k.c.xid);
		k.c.shape.delivery = 1 + any(3);
		k.c.shape.services = any(3) ? any(64) : 0;
		k.c.shape.dids = k.did;
		k.c.shape.dids_n = any(3);
		for (i = 0; i < 2; i++)
			did_text(k.did[i], 1 + i);
		k.f.hi = k.f.lo + any(4) * 4 * UTC_SECOND;
		k.f.members = any(8) != 0;
		k.f.multi_all = any(2);
		k.f.held = any(8) == 0;
		k.f.xid_bound = any(2);
		k.f.product_known = any(4) == 0;
		k.f.did[any(2)].settled = any(4) != 0;
		for (i = any(4); i > 0; i--) {
			w = &k.f.warrant[k.f.warrants_n++];
			w->from = NOON + ((int)any(20) - 15) * UTC_SECOND;
			w->until = NOON + ((int)any(40) - 8) * UTC_SECOND;
			w->cc = any(2);
			w->services = any(2) ? any(64) : 0;
			w->element = any(4) != 0;
			w->set = any(4) != 0;
			w->alone = any(2);
			w->bound = any(2);
			w->product = any(2);
		}
		for (i = any(3); i > 0; i--) {
			struct law_version *v = &k.f.version[k.f.versions_n];

			v->shape.delivery = 1 + any(3);
			v->shape.services = any(2) ? any(64) : 0;
			v->shape.dids = k.version_did[k.f.versions_n++];
			v->shape.dids_n = 1 + any(2);
			did_text(v->shape.dids[0], 1);
			did_text(v->shape.dids[1], 2);
			v->same = any(4) != 0;
		}
		law_decide(&k.f, &k.c, &d);
		if (!d.allowed || (k.c.type != LAW_ACTIVATE_TASK &&
		    k.c.type != LAW_MODIFY_TASK))
			continue;
		allowed++;
		for (covers = i = 0; i < k.f.warrants_n; i++)
			covers += covers_all(&k.f, &k.c, &k.f.warrant[i]);
		narrower = k.c.type == LAW_MODIFY_TASK && k.f.versions_n > 0;
		for (i = 0; i < k.f.versions_n; i++)
			narrower = narrower && k.f.version[i].same &&
			    li_shape_narrows(&k.f.version[i].shape,
			    &k.c.shape) <= LI_NARROW_NOTHING;
		if (!CHECK(d.narrowing ? narrower :
		    covers > 0 && d.covers_n == covers && !k.f.held))
			return;
	}
	CHECK(allowed > 1000);
}

int
main(void)
{
	CHECK_RUN(tables);
	CHECK_RUN(rules_complete);
	CHECK_RUN(never_without_a_warrant);
	return (check_done());
}
