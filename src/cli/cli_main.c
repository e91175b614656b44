/* src/cli/cli_main.c: custos, the command line: everything that people do */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "base/diag.h"
#include "cli/cli.h"

static const struct cli_verb verbs[] = {
	{ "demo", cli_demo,
	    "a whole small operator, with an honest and a lying element" },
	{ "genesis", cli_genesis, "the first act of a real operator's log" },
	{ "init", cli_init, "a new operator's folder, or a trial of one" },
	{ "run", cli_run, "the process of a home, or all of a folder" },
	{ "check", cli_check, "all that can be checked before starting" },
	{ "status", cli_status, "what stands where; open findings first" },
	{ "key", cli_key, "make and show signing keys" },
	{ "holder", cli_holder, "key holders: list add change revoke" },
	{ "instance", cli_instance, "processes: list add retire" },
	{ "element", cli_element, "elements: list show add change retire" },
	{ "policy", cli_policy, "the rules: show set clock" },
	{ "warrant", cli_warrant,
	    "warrants: list show submit approve refuse revoke" },
	{ "sign", cli_sign, "read an act, and sign it" },
	{ "submit", cli_submit, "send a signed act to the keeper" },
	{ "finding", cli_finding, "findings: list show note close" },
	{ "why", cli_why, "why a command passed or did not" },
	{ "log", cli_log, "show follow prove verify export" },
	{ "sim", cli_sim, "simulated elements and ADMFs" },
};

static int
usage(FILE *f)
{
	size_t i;

	fprintf(f, "usage: custos [-C DIR] [--json] [--yes] "
	    "[--passphrase-file FILE] VERB ...\n\n");
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(f, "  %-9s %s\n", verbs[i].name, verbs[i].help);
	fprintf(f, "\ncustos VERB --help tells the words of a verb; "
	    "custos(1) tells the rest.\n");
	return (f == stdout ? CLI_DONE : CLI_USAGE);
}

/* Keys and openings pass through here: leave no core behind. */
static void
no_core(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
main(int argc, char **argv)
{
	struct cli c = { .home = "." };
	size_t i;
	int a, code;

	no_core();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (a = 1; a < argc && argv[a][0] == '-'; a++) {
		if (strcmp(argv[a], "--json") == 0)
			c.json = true;
		else if (strcmp(argv[a], "--yes") == 0)
			c.yes = true;
		else if (strcmp(argv[a], "--help") == 0 ||
		    strcmp(argv[a], "-h") == 0)
			return (usage(stdout));
		else if (strcmp(argv[a], "--version") == 0)
			return (puts("custos " CUSTOS_VERSION) < 0);
		else if (strcmp(argv[a], "-C") == 0 && a + 1 < argc)
			c.home = argv[++a];
		else if (strcmp(argv[a], "--passphrase-file") == 0 &&
		    a + 1 < argc)
			c.pass_file = argv[++a];
		else
			return (cli_fail(CLI_USAGE, "%s: unknown option, or "
			    "its value is missing (custos --help)", argv[a]));
	}
	if (a < argc && strcmp(argv[a], "help") == 0)
		return (usage(stdout));
	if (a == argc)
		return (usage(stderr));
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[a]) == 0) {
			code = verbs[i].fn(&c, argc - a, argv + a);
			return (code == CLI_HELPED ? CLI_DONE : code);
		}
	return (cli_fail(CLI_USAGE, "%s: unknown verb (custos --help lists "
	    "them)", argv[a]));
}
