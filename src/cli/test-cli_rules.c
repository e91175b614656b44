/* src/cli/test-cli_rules.c: every rule of the law has words for a person */
#include "cli/cli_tables.h"
#include "law/law.h"
#include "check.h"

static void
every_rule(void)
{
	size_t i;

	for (i = 0; law_rules[i].name != NULL; i++)
		CHECK_ROW(cli_rule_words(law_rules[i].name) != NULL,
		    law_rules[i].name);
	CHECK(i > 40);
}

static void
other_names(void)
{
	CHECK(cli_rule_words("form.anything") != NULL);
	CHECK(cli_rule_words("no.such") == NULL);
}

int
main(void)
{
	CHECK_RUN(every_rule);
	CHECK_RUN(other_names);
	return (check_done());
}
