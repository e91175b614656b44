/* src/law/law.c: the rules for a command (design 4.4, docs/rules.md) */
#include <string.h>
#include "base/text.h"
#include "law/law.h"

static const char *const type_names[LAW_TYPE_N] = {
	[LAW_ACTIVATE_TASK] = "ActivateTask",
	[LAW_MODIFY_TASK] = "ModifyTask",
	[LAW_DEACTIVATE_TASK] = "DeactivateTask",
	[LAW_CREATE_DESTINATION] = "CreateDestination",
	[LAW_MODIFY_DESTINATION] = "ModifyDestination",
	[LAW_REMOVE_DESTINATION] = "RemoveDestination",
	[LAW_GET_TASK_DETAILS] = "GetTaskDetails",
	[LAW_GET_DESTINATION_DETAILS] = "GetDestinationDetails",
	[LAW_GET_NE_STATUS] = "GetNEStatus",
	[LAW_PING] = "Ping",
	[LAW_KEEPALIVE] = "Keepalive",
	[LAW_LIST_ALL_DETAILS] = "ListAllDetails",
	[LAW_GET_ALL_DETAILS] = "GetAllDetails",
	[LAW_GET_ALL_TASK_DETAILS] = "GetAllTaskDetails",
	[LAW_GET_ALL_DESTINATION_DETAILS] = "GetAllDestinationDetails",
	[LAW_GET_ALL_GENERIC_OBJECT_DETAILS] = "GetAllGenericObjectDetails",
	[LAW_DEACTIVATE_ALL_TASKS] = "DeactivateAllTasks",
	[LAW_REMOVE_ALL_DESTINATIONS] = "RemoveAllDestinations",
	[LAW_CREATE_OBJECT] = "CreateObject",
	[LAW_MODIFY_OBJECT] = "ModifyObject",
	[LAW_GET_OBJECT] = "GetObject",
	[LAW_DELETE_OBJECT] = "DeleteObject",
	[LAW_LIST_OBJECTS_OF_TYPE] = "ListObjectsOfType",
	[LAW_DELETE_ALL_OBJECTS] = "DeleteAllObjects"
};

/* docs/rules.md says what each means; test-law.c holds the two together. */
const struct law_rule law_rules[] = {
	/* who and where */
	{ "peer.unknown", 0 }, { "peer.role", 0 }, { "peer.certificate", 0 },
	{ "peer.identity", 0 }, { "element.unknown", 0 },
	{ "element.identity", 0 }, { "element.gate", 0 },
	{ "element.requester", 0 }, { "element.kind", 0 },
	{ "stamp.missing", 0 }, { "stamp.tolerance", 0 },
	{ "transaction.missing", 0 }, { "transaction.repeated", 0 },
	/* types that nobody may use */
	{ "type.unknown", 1080 }, { "type.object", 0 }, { "type.all", 0 },
	{ "read.bulk", 0 }, { "mdf.later", 0 },
	/* the clock */
	{ "clock.held", 0 }, { "clock.span", 0 },
	/* tasks */
	{ "task.xid", 0 }, { "task.unbound", 0 }, { "task.target", 0 },
	{ "task.cover.none", 0 }, { "task.cover.element", 0 },
	{ "task.cover.scope", 0 }, { "task.cover.services", 0 },
	{ "task.cover.multi", 0 }, { "task.cover.window", 0 },
	{ "task.bound", 0 }, { "task.product", 0 }, { "task.did.none", 0 },
	{ "task.did.unknown", 0 }, { "task.did.unsettled", 0 },
	{ "task.did.contradicted", 0 }, { "task.did.mdf", 0 },
	{ "task.did.zone", 0 },
	/* destinations */
	{ "destination.did", 0 }, { "destination.address", 0 },
	{ "destination.zone", 0 }, { "destination.used", 0 },
	/* reads */
	{ "read.foreign", 0 }, { "read.unknown", 0 },
	/* what is allowed */
	{ "task.covered", 0 }, { "task.narrows", 0 }, { "task.stop", 0 },
	{ "destination.registered", 0 }, { "destination.remove", 0 },
	{ "read.task", 0 }, { "read.destination", 0 }, { "read.status", 0 },
	{ "alive", 0 },
	/* faults of form, as a gate names them */
	{ "form.type", 1080 }, { "form.version", 1020 },
	{ "form.target", 3010 }, { "form.services", 3050 },
	{ "form.address", 6020 }, { "form.container", 1000 },
	{ NULL, 0 }
};

const char *
law_type_name(enum law_type t)
{
	return ((unsigned int)t < LAW_TYPE_N ? type_names[t] : NULL);
}

enum law_type
law_type_find(const char *s, size_t n)
{
	unsigned int t;

	for (t = 1; t < LAW_TYPE_N; t++)
		if (type_names[t] != NULL && text_eq(s, n, type_names[t]))
			return ((enum law_type)t);
	return (LAW_OTHER);
}

bool
law_rule_form(const char *rule)
{
	return (strncmp(rule, "form.", 5) == 0);
}

int
law_code(enum law_type type, const char *rule)
{
	const struct law_rule *r;

	for (r = law_rules; r->name != NULL; r++)
		if (strcmp(r->name, rule) == 0 && r->code != 0)
			return (r->code);
	if (law_rule_form(rule))
		return (1010);
	switch (type) {
	case LAW_ACTIVATE_TASK:
		return (3000);
	case LAW_MODIFY_TASK:
		return (3001);
	case LAW_DEACTIVATE_TASK:
		return (4000);
	case LAW_DEACTIVATE_ALL_TASKS:
		return (5010);
	case LAW_CREATE_DESTINATION:
		return (6000);
	case LAW_MODIFY_DESTINATION:
		return (6001);
	case LAW_REMOVE_DESTINATION:
		return (7000);
	case LAW_REMOVE_ALL_DESTINATIONS:
		return (8020);
	default:
		return (1000);
	}
}

static utc_us
rule_us(const struct law_facts *f, enum record_rule r)
{
	return ((utc_us)f->rules.v[r] * 1000);
}

static void
refuse(struct law_decision *d, const char *rule)
{
	d->allowed = false;
	d->rule = rule;
	d->covers_n = 0;
}

static void
allow(struct law_decision *d, const char *rule)
{
	d->allowed = true;
	d->rule = rule;
}

/* Who asks, whom, when: the same for every message.  NULL, or the rule. */
static const char *
check_peer(const struct law_facts *f, const struct law_command *c)
{
	if (!f->peer_known)
		return ("peer.unknown");
	if (!f->peer_admf)
		return ("peer.role");
	if (!f->peer_pinned)
		return ("peer.certificate");
	if (!f->peer_bound)
		return ("peer.identity");
	if (!f->element_known)
		return ("element.unknown");
	if (!f->element_named)
		return ("element.identity");
	if (!f->element_gate)
		return ("element.gate");
	if (!c->has_stamp)
		return ("stamp.missing");
	if (c->stamp < f->lo - rule_us(f, RECORD_RULE_X1_TIME_TOLERANCE) ||
	    c->stamp > f->hi + rule_us(f, RECORD_RULE_X1_TIME_TOLERANCE))
		return ("stamp.tolerance");
	if (c->transaction[0] == '\0')
		return ("transaction.missing");
	if (!f->transaction_new)
		return ("transaction.repeated");
	return (NULL);
}

/*
 * A ModifyTask that only takes away, from every version that the element may
 * hold (design 4.4): from the one that it narrows least it must still take
 * something, or it is no narrowing at all.
 */
static bool
narrows(const struct law_facts *f, const struct law_command *c)
{
	enum li_narrow n;
	bool some = false;
	size_t i;

	if (c->type != LAW_MODIFY_TASK || f->versions_over ||
	    f->versions_n == 0 || c->mediation != 0)
		return (false);
	for (i = 0; i < f->versions_n; i++) {
		if (!f->version[i].same)
			return (false);
		n = li_shape_narrows(&f->version[i].shape, &c->shape);
		if (n != LI_NARROWS && n != LI_NARROW_NOTHING)
			return (false);
		some |= n == LI_NARROWS;
	}
	return (some);
}

/* How far one warrant carries the command; more is further. */
enum reach {
	REACH_NONE, REACH_SET, REACH_ELEMENT, REACH_SCOPE, REACH_SERVICES,
	REACH_ALONE, REACH_ALL
};

static enum reach
reaches(const struct law_facts *f, const struct law_command *c,
    const struct law_warrant *w)
{
	if (!f->members || !w->set)
		return (REACH_NONE);
	if (!w->element)
		return (REACH_SET);
	if (c->shape.delivery == LI_DELIVERY_NONE ||
	    (c->shape.delivery != LI_DELIVERY_X2 && !w->cc))
		return (REACH_ELEMENT);
	/* No list in the command means all services. */
	if (w->services != 0 && (c->shape.services == 0 ||
	    (c->shape.services & ~w->services) != 0))
		return (REACH_SCOPE);
	if (!f->multi_all && !w->alone)
		return (REACH_SERVICES);
	if (w->from > f->lo || f->hi >= w->until)
		return (REACH_ALONE);
	return (REACH_ALL);
}

/* Which live warrants cover all of it?  NULL, or why none does. */
static const char *
cover(const struct law_facts *f, const struct law_command *c,
    struct law_decision *d)
{
	static const char *const why[] = {
		[REACH_NONE] = "task.cover.none",
		[REACH_SET] = "task.cover.element",
		[REACH_ELEMENT] = "task.cover.scope",
		[REACH_SCOPE] = "task.cover.services",
		[REACH_SERVICES] = "task.cover.multi",
		[REACH_ALONE] = "task.cover.window"
	};
	bool bound = false, product = false, xid_product = false;
	enum reach best = REACH_NONE, r;
	size_t i;

	d->covers_n = 0;
	if (!f->members)
		return ("task.target");
	for (i = 0; i < f->warrants_n; i++) {
		r = reaches(f, c, &f->warrant[i]);
		if (r > best)
			best = r;
		if (r != REACH_ALL)
			continue;
		/* All are looked at; sixteen are named (formats 3). */
		bound |= f->warrant[i].bound;
		product |= f->warrant[i].product;
		xid_product |= f->warrant[i].xid_product;
		if (d->covers_n < LAW_COVERS_MAX)
			d->cover[d->covers_n++] = (uint8_t)i;
	}
	if (best != REACH_ALL)
		return (why[best]);
	if (f->xid_bound && !bound)
		return ("task.bound");
	if ((f->product_known && !product) || (f->xid_product && !xid_product))
		return ("task.product");
	return (NULL);
}

static const char *
check_dids(const struct law_facts *f, const struct law_command *c)
{
	const struct law_did *d;
	size_t i;

	if (c->shape.dids_n == 0)
		return ("task.did.none");
	for (i = 0; i < c->shape.dids_n; i++) {
		d = &f->did[i];
		if (!d->known)
			return ("task.did.unknown");
		if (!d->settled)
			return ("task.did.unsettled");
		if (d->contradicted)
			return ("task.did.contradicted");
		if (!d->mdf)
			return ("task.did.mdf");
		if (!d->zone)
			return ("task.did.zone");
	}
	return (NULL);
}

/* What starts or widens needs a clock that can be believed (design 5). */
static const char *
check_clock(const struct law_facts *f)
{
	if (f->held)
		return ("clock.held");
	if (f->hi - f->lo > rule_us(f, RECORD_RULE_CLOCK_SKEW) +
	    rule_us(f, RECORD_RULE_RELEASE_TIMEOUT))
		return ("clock.span");
	return (NULL);
}

static void
decide_task(const struct law_facts *f, const struct law_command *c,
    struct law_decision *d)
{
	const char *rule = NULL;

	d->narrowing = narrows(f, c);
	if (c->xid[0] == '\0')
		rule = "task.xid";
	else if (f->element_kind == RECORD_MDF || c->mediation != 0)
		rule = "mdf.later";
	else if (f->element_kind != RECORD_NE)
		rule = "element.kind";
	else if (!d->narrowing && !f->element_admf)
		rule = "element.requester";
	else if (c->type == LAW_MODIFY_TASK && !f->xid_bound)
		rule = "task.unbound";
	if (rule != NULL) {
		d->narrowing = false;
		refuse(d, rule);
		return;
	}
	rule = cover(f, c, d);
	if (d->narrowing) {
		/* What covers it is still named; it needs no cover. */
		if (rule != NULL)
			d->covers_n = 0;
		allow(d, "task.narrows");
		return;
	}
	if (rule == NULL)
		rule = check_dids(f, c);
	if (rule == NULL)
		rule = check_clock(f);
	if (rule != NULL)
		refuse(d, rule);
	else
		allow(d, "task.covered");
}

static void
decide_destination(const struct law_facts *f, const struct law_command *c,
    struct law_decision *d)
{
	const char *rule;

	if (f->element_kind == RECORD_MDF)
		refuse(d, "mdf.later");
	else if (f->element_kind != RECORD_NE)
		refuse(d, "element.kind");
	else if (!f->element_admf)
		refuse(d, "element.requester");
	else if (c->shape.dids_n != 1)
		refuse(d, "destination.did");
	else if (!f->address_mdf)
		refuse(d, "destination.address");
	else if (f->did[0].used && !f->address_zone)
		/* A task that delivers to it would leave its zone. */
		refuse(d, "destination.zone");
	else if ((rule = check_clock(f)) != NULL)
		refuse(d, rule);
	else
		allow(d, "destination.registered");
}

static void
decide_type(const struct law_facts *f, const struct law_command *c,
    struct law_decision *d)
{
	switch (c->type) {
	case LAW_ACTIVATE_TASK:
	case LAW_MODIFY_TASK:
		decide_task(f, c, d);
		return;
	case LAW_DEACTIVATE_TASK:
		/* Any ADMF may stop anything: it can only reduce. */
		d->narrowing = c->xid[0] != '\0';
		if (d->narrowing)
			allow(d, "task.stop");
		else
			refuse(d, "task.xid");
		return;
	case LAW_CREATE_DESTINATION:
	case LAW_MODIFY_DESTINATION:
		decide_destination(f, c, d);
		return;
	case LAW_REMOVE_DESTINATION:
		if (c->shape.dids_n != 1)
			refuse(d, "destination.did");
		else if (f->did[0].used)
			refuse(d, "destination.used");
		else {
			d->narrowing = true;
			allow(d, "destination.remove");
		}
		return;
	case LAW_LIST_ALL_DETAILS:
	case LAW_GET_ALL_DETAILS:
	case LAW_GET_ALL_TASK_DETAILS:
	case LAW_GET_ALL_DESTINATION_DETAILS:
	case LAW_GET_ALL_GENERIC_OBJECT_DETAILS:
		refuse(d, "read.bulk");
		return;
	case LAW_DEACTIVATE_ALL_TASKS:
	case LAW_REMOVE_ALL_DESTINATIONS:
	case LAW_DELETE_ALL_OBJECTS:
		refuse(d, "type.all");
		return;
	case LAW_CREATE_OBJECT:
	case LAW_MODIFY_OBJECT:
	case LAW_GET_OBJECT:
	case LAW_DELETE_OBJECT:
	case LAW_LIST_OBJECTS_OF_TYPE:
		refuse(d, "type.object");
		return;
	default:
		break;
	}
	if (!f->element_admf) {
		refuse(d, "element.requester");
		return;
	}
	switch (c->type) {
	case LAW_GET_TASK_DETAILS:
		if (f->xid_bound && f->xid_own)
			allow(d, "read.task");
		else
			refuse(d, "read.foreign");
		return;
	case LAW_GET_DESTINATION_DETAILS:
		if (c->shape.dids_n == 1 && f->did[0].known)
			allow(d, "read.destination");
		else
			refuse(d, "read.unknown");
		return;
	case LAW_GET_NE_STATUS:
		allow(d, "read.status");
		return;
	case LAW_PING:
	case LAW_KEEPALIVE:
		allow(d, "alive");
		return;
	default:
		refuse(d, "type.unknown");
		return;
	}
}

void
law_decide(const struct law_facts *f, const struct law_command *c,
    struct law_decision *d)
{
	const char *rule;

	memset(d, 0, sizeof(*d));
	/* Who it is comes first: what a stranger writes is nobody's form. */
	if (!f->peer_known)
		rule = "peer.unknown";
	else if (c->form != NULL)
		rule = c->form;
	else if (c->type == LAW_NONE)
		rule = "form.type";
	else
		rule = check_peer(f, c);
	if (rule != NULL)
		refuse(d, rule);
	else
		decide_type(f, c, d);
}
