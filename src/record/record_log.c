/* src/record/record_log.c: the words of the log, and which go together */
#include <string.h>
#include "record/record_log.h"
#include "record/record_read.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const kinds[RECORD_KIND_N] = {
	NULL, "genesis", "holder", "instance", "element", "policy", "warrant",
	"finding", "command", "late", "outcome", "report", "snapshot", "round",
	"start", "stop", "beat",
};
static const char *const verbs[RECORD_VERB_N] = {
	NULL, "create", "add", "change", "revoke", "retire", "submit",
	"approve", "refuse", "confirm", "set", "clock", "note", "close",
};
static const char *const roles[RECORD_ROLE_N] = {
	NULL, "keeper", "gate", "auditor",
};
static const char *const mays[RECORD_MAY_N] = {
	"overseer", "intake", "approver", "implementer", "auditor", "reader",
};
static const struct { enum record_kind kind; enum record_verb verb; } has[] = {
	{ RECORD_GENESIS, RECORD_CREATE },
	{ RECORD_HOLDER, RECORD_ADD }, { RECORD_HOLDER, RECORD_CHANGE },
	{ RECORD_HOLDER, RECORD_REVOKE },
	{ RECORD_INSTANCE, RECORD_ADD }, { RECORD_INSTANCE, RECORD_RETIRE },
	{ RECORD_ELEMENT, RECORD_ADD }, { RECORD_ELEMENT, RECORD_CHANGE },
	{ RECORD_ELEMENT, RECORD_RETIRE },
	{ RECORD_WARRANT, RECORD_SUBMIT }, { RECORD_WARRANT, RECORD_APPROVE },
	{ RECORD_WARRANT, RECORD_REFUSE }, { RECORD_WARRANT, RECORD_CONFIRM },
	{ RECORD_WARRANT, RECORD_REVOKE },
	{ RECORD_POLICY, RECORD_SET }, { RECORD_POLICY, RECORD_CLOCK },
	{ RECORD_FINDING, RECORD_NOTE }, { RECORD_FINDING, RECORD_CLOSE },
};

bool
record_origin_valid(const char *s, size_t n)
{
	size_t i;

	if (n < 1 || n > RECORD_ORIGIN_MAX)
		return (false);
	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '+')
			return (false);
	return (true);
}

const char *
record_kind_name(enum record_kind kind)
{
	return (kinds[kind]);
}

enum record_kind
record_kind_find(const char *s)
{
	return ((enum record_kind)record_word(s, kinds, RECORD_KIND_N));
}

const char *
record_verb_name(enum record_verb verb)
{
	return (verbs[verb]);
}

enum record_verb
record_verb_find(const char *s)
{
	return ((enum record_verb)record_word(s, verbs, RECORD_VERB_N));
}

bool
record_verb_of(enum record_kind kind, enum record_verb verb)
{
	size_t i;

	for (i = 0; i < N(has); i++)
		if (has[i].kind == kind && has[i].verb == verb)
			return (true);
	return (false);
}

const char *
record_role_name(enum record_role role)
{
	return (roles[role]);
}

enum record_role
record_role_find(const char *s)
{
	return ((enum record_role)record_word(s, roles, RECORD_ROLE_N));
}

const char *
record_may_name(unsigned int bit)
{
	unsigned int i;

	for (i = 0; i < RECORD_MAY_N; i++)
		if (bit == 1U << i)
			return (mays[i]);
	return (NULL);
}

unsigned int
record_may_find(const char *s)
{
	unsigned int i;

	for (i = 0; s != NULL && i < RECORD_MAY_N; i++)
		if (strcmp(s, mays[i]) == 0)
			return (1U << i);
	return (0);
}
