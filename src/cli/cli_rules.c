/* src/cli/cli_rules.c: what each rule of docs/rules.md says, for a person */
#include <string.h>
#include "cli/cli_tables.h"

static const struct {
	const char *rule, *words;
} table[] = {
	{ "peer.unknown", "the certificate is no registered requester's" },
	{ "peer.role", "the requester is not, or no longer, a registered "
	    "ADMF" },
	{ "peer.certificate", "its registration pins other certificates" },
	{ "peer.identity", "its admfIdentifier is not the registered one, or "
	    "not bound to the certificate" },
	{ "element.unknown", "no live element is registered there" },
	{ "element.identity", "the neIdentifier is not the element's" },
	{ "element.gate", "the element belongs to another gate" },
	{ "element.requester", "this ADMF is not among the element's admfs" },
	{ "element.kind", "the element takes no such command" },
	{ "stamp.missing", "the message has no time" },
	{ "stamp.tolerance", "its time is too far from ours "
	    "(x1_time_tolerance)" },
	{ "transaction.missing", "the message has no transaction id" },
	{ "transaction.repeated", "this requester used the transaction id "
	    "before" },
	{ "type.unknown", "not a message of the standard" },
	{ "type.object", "generic objects are not judged yet" },
	{ "type.all", "stops or removes everything at once: never passed" },
	{ "read.bulk", "a list of all tasks is a list of all targets" },
	{ "mdf.later", "mediation details and mediation functions are not "
	    "judged yet" },
	{ "clock.held", "the keeper's clock stepped: nothing starts or widens "
	    "until it is passed" },
	{ "clock.span", "gate and log disagree about the time" },
	{ "task.xid", "the message has no XID" },
	{ "task.unbound", "no allowed ActivateTask has bound this XID" },
	{ "task.target", "no target that names a subscriber, line or device, "
	    "or not in its one spelling" },
	{ "task.cover.none", "no warrant in force has exactly this target" },
	{ "task.cover.element", "a warrant has this target, but not for this "
	    "element" },
	{ "task.cover.scope", "a warrant has this target, but allows no "
	    "content" },
	{ "task.cover.services", "a warrant has this target, but not these "
	    "services" },
	{ "task.cover.multi", "the element does not AND the members: each must "
	    "be ordered by itself" },
	{ "task.cover.window", "a warrant has this target, but now is outside "
	    "its window" },
	{ "task.bound", "the XID belongs to a warrant that does not cover "
	    "this" },
	{ "task.product", "the productID or XID belongs to another warrant" },
	{ "task.did.none", "no destination is named" },
	{ "task.did.unknown", "the destination was not created through "
	    "custos" },
	{ "task.did.unsettled", "the element has not acknowledged the "
	    "destination yet" },
	{ "task.did.contradicted", "the element itself shows the destination "
	    "otherwise" },
	{ "task.did.mdf", "the destination is no longer a registered "
	    "mediation function's" },
	{ "task.did.zone", "the destination's mediation function is of "
	    "another zone" },
	{ "destination.did", "not exactly one DID" },
	{ "destination.address", "the address is no registered mediation "
	    "function's" },
	{ "destination.zone", "the mediation function is of another zone" },
	{ "destination.used", "a task may still deliver there" },
	{ "read.foreign", "another requester's task" },
	{ "read.unknown", "a destination not created through custos" },
	{ "task.covered", "a live warrant covers all of it" },
	{ "task.narrows", "it only takes something away: no order is needed" },
	{ "task.stop", "a stop: every registered ADMF may" },
	{ "destination.registered", "the address is a registered mediation "
	    "function's" },
	{ "destination.remove", "no task delivers there" },
	{ "read.task", "the requester's own task" },
	{ "read.destination", "a destination created through custos" },
	{ "read.status", "a question about the element itself" },
	{ "alive", "a sign of life" },
	{ "form.type", "the type of the message could not be read" },
	{ "form.version", "a version of X1 that is not spoken here" },
	{ "form.target", "a kind of target that is not understood" },
	{ "form.services", "a service type that is not known" },
	{ "form.address", "a kind of delivery address that is not "
	    "understood" },
	{ "form.container", "too many messages in one container" },
};

const char *
cli_rule_words(const char *rule)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].rule, rule) == 0)
			return (table[i].words);
	return (strncmp(rule, "form.", 5) == 0 ?
	    "the message was not understood" : NULL);
}
