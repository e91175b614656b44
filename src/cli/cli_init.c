/* src/cli/cli_init.c: a new operator: a real one, or a trial of one */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_process.h"
#include "cli/cli_trial.h"
#include "home/home.h"
#include "record/record_act.h"
#include "record/record_payload.h"

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

/* Take ID=KEY of an overseer.  0, or -1 after saying why. */
static int
take_overseer(struct record_genesis *g, char *word)
{
	struct record_overseer *o = &g->overseer[g->overseers_n];
	char *eq = strchr(word, '=');

	if (eq == NULL) {
		cli_fail(CLI_USAGE, "--overseer %s: not of the form ID=KEY",
		    word);
		return (-1);
	}
	if (g->overseers_n == RECORD_OVERSEERS_MAX) {
		cli_fail(CLI_USAGE, "--overseer: at most %d",
		    RECORD_OVERSEERS_MAX);
		return (-1);
	}
	*eq = '\0';
	o->id = word;
	g->overseers_n++;
	return (cli_public_key(eq + 1, o->key));
}

/* Write the act that the overseers are to sign, each on a machine of theirs. */
static int
write_genesis(const struct record_payload *p, const char *path)
{
	struct record_log log = { p->genesis.origin, NULL };
	struct record_act *act = NULL;
	struct cu_why why = { "" };
	struct record_sds none;
	struct buf payload, file;
	int code = CLI_FAILED;

	buf_init(&payload, RECORD_PAYLOAD_MAX);
	buf_init(&file, RECORD_ACT_FILE_MAX);
	record_sds_init(&none);
	record_payload_write(&payload, p, NULL);
	if (record_act_make(&act, RECORD_GENESIS, RECORD_CREATE,
	    p->genesis.origin, 1, buf_text(&payload), payload.len,
	    &why) != 0) {
		code = cli_fail(CLI_USAGE, "genesis: %s", why.text);
	} else {
		record_act_file_write(&file, act, &log, &none);
		if (cli_write(path, file.p, file.len, 0600) == 0) {
			printf("%s: to be signed by every overseer (custos "
			    "sign %s --key KEYFILE),\n  then custos init "
			    "KEEPER-HOME --genesis %s\n", path, path, path);
			code = CLI_DONE;
		}
	}
	record_act_free(act);
	buf_fini(&payload);
	buf_fini(&file);
	return (code);
}

int
cli_genesis(struct cli *c, int argc, char **argv)
{
	struct record_payload p = { .kind = RECORD_GENESIS,
	    .verb = RECORD_CREATE };
	const char *out, *key = NULL, *quorum = NULL;
	struct cli_list overseers = { .n = 0 };
	struct cli_opt opt[] = {
	    { "--origin", CLI_TEXT | CLI_NEED, &p.genesis.origin },
	    { "--log-key", CLI_TEXT | CLI_NEED, &key },
	    { "--overseer", CLI_MANY | CLI_NEED, &overseers },
	    { "--quorum", CLI_TEXT, &quorum } };
	uint64_t n = 2;
	char *word;
	size_t i;
	int code = CLI_USAGE;

	if (cli_options(argc, argv, opt, 4, &out, 1, 1) < 0)
		return (cli_usage("custos genesis FILE.act "
		    "--origin NAME --log-key KEY --overseer ID=KEY... "
		    "[--quorum N]"));
	if (quorum != NULL && (text_dec(quorum, strlen(quorum), &n) != 0 ||
	    n < 2 || n > RECORD_OVERSEERS_MAX))
		return (cli_fail(CLI_USAGE, "--quorum %s: not a number from 2 "
		    "to %d", quorum, RECORD_OVERSEERS_MAX));
	p.genesis.quorum = (int64_t)n;
	p.genesis.law = 1;
	if (cli_public_key(key, p.genesis.log_key) != 0)
		return (CLI_USAGE);
	if ((word = calloc(overseers.n + 1, 512)) == NULL)
		return (CLI_FAILED);
	for (i = 0; i < overseers.n; i++) {
		snprintf(word + 512 * i, 512, "%s", overseers.v[i]);
		if (take_overseer(&p.genesis, word + 512 * i) != 0)
			goto out;
	}
	code = write_genesis(&p, out);
out:	free(word);
	return (code);
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
		return (cli_usage("custos init DIR --trial\n"
		    "       custos init KEEPER-HOME --genesis FILE.act"));
	return (trial ? cli_trial_make(c, dir) : init_real(c, dir, genesis));
}
