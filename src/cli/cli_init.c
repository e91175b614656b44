/* src/cli/cli_init.c: a new operator: a real one, or a trial of one */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/cli_process.h"
#include "cli/cli_trial.h"
#include "home/home.h"
#include "record/record_act.h"

/*
 * A real operator: the overseers have signed a genesis act, made each on a
 * machine of their own; here the keeper's home already has its keys and
 * configuration, and the log is begun.
 */
static int
init_real(struct cli *c, const char *dir, const char *genesis)
{
	char program[PATH_MAX];
	const char *argv[] = { program, "-C", dir, "--create", genesis, NULL };

	if (cli_program(program, "custos-keeper") != 0)
		return (CLI_FAILED);
	return (cli_process_wait(argv));
}

int
cli_init(struct cli *c, int argc, char **argv)
{
	const char *dir, *genesis = NULL;
	bool trial = false;
	struct cli_opt opt[] = { { "--trial", CLI_FLAG, &trial },
	    { "--genesis", CLI_TEXT, &genesis } };

	if (cli_options(argc, argv, opt, 2, &dir, 1, 1) < 0 ||
	    trial == (genesis != NULL))
		return (cli_fail(CLI_USAGE, "usage: custos init DIR --trial\n"
		    "       custos init KEEPER-HOME --genesis FILE.act"));
	return (trial ? cli_trial_make(c, dir) : init_real(c, dir, genesis));
}
