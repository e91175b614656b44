/* src/cli/main.c: custos, the command line */
#include <string.h>
#include "base/diag.h"
#include "cli/cli.h"

static const struct cli_verb verbs[] = {
	{ "log", cli_log, "show follow prove verify export: the log" },
};

int
main(int argc, char **argv)
{
	struct cli c = { .home = "." };
	int i, k;

	diag_name("custos");
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if ((k = cli_option(argc, argv, &i, "-C", &c.home)) < 0)
			return (CLI_USAGE);
		if (k > 0)
			continue;
		if (strcmp(argv[i], "--json") == 0)
			c.json = true;
		else
			break;
	}
	return (cli_dispatch(&c, "custos [-C HOME] [--json]", verbs,
	    sizeof(verbs) / sizeof(verbs[0]), argc - i + 1, argv + i - 1));
}
