/* src/keeper/keeper_main.c: the program custos-keeper (custos-keeper.8) */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "home/home.h"
#include "keeper/keeper.h"
#include "net/net_loop.h"
#include "record/record_key.h"

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_CANNOT = 3 };

static int
usage(FILE *f, int code)
{
	fprintf(f,
	    "usage: custos-keeper -C HOME [--passphrase-file FILE]\n"
	    "       custos-keeper --check -C HOME\n"
	    "       custos-keeper --create -C HOME GENESIS.act\n");
	return (code);
}

/* Keys and openings live here: no core file, no debugger of the same user. */
static void
close_up(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__	/* which looks for leaks as a debugger would */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	umask(077);
}

static int
read_pass(struct keeper_pass *pass, const char *file, struct cu_why *why)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_PASS_MAX + 1);
	if ((rc = io_read_file(io_system(), AT_FDCWD, file, &b)) != 0) {
		cu_why_set(why, "%s: %s", file, cu_strerror(rc));
		buf_wipe(&b);
		return (rc);
	}
	pass->len = record_pass_len(buf_text(&b), b.len);
	pass->text = strdup(buf_text(&b));
	buf_wipe(&b);
	return (pass->text == NULL ? CU_ENOMEM : 0);
}

/* Is there anything here that a passphrase locks? */
static bool
needs_pass(const struct home_conf *c)
{
	struct record_key_info info;
	struct buf b;
	bool locked;

	if (c->vault_key == NULL)
		return (true);
	buf_init(&b, RECORD_KEY_FILE_MAX);
	locked = io_read_file(io_system(), AT_FDCWD, c->log_key, &b) == 0 &&
	    record_key_info(&info, buf_text(&b), b.len, NULL) == 0 &&
	    info.locked;
	buf_wipe(&b);
	return (locked);
}

/* Read a line without showing it; nothing is asked where nobody sits. */
static void
ask_pass(struct keeper_pass *pass)
{
	char line[RECORD_PASS_MAX + 2];
	struct termios was, quiet;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &was) != 0)
		return;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fputs("Passphrase of this home: ", stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
		return;
	if (fgets(line, sizeof(line), stdin) != NULL) {
		pass->len = record_pass_len(line, strlen(line));
		pass->text = strndup(line, pass->len);
	}
	explicit_bzero(line, sizeof(line));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
}

static int
run(struct keeper *k, const struct keeper_pass *pass, struct cu_why *why)
{
	int rc, status = EXIT_CANNOT;

	if ((rc = net_loop_create(&k->loop)) != 0) {
		cu_why_set(why, "%s", cu_strerror(rc));
		return (status);
	}
	if (keeper_open(k, pass, why) == 0)
		status = keeper_run(k);
	keeper_close(k);
	net_loop_free(k->loop);
	return (status);
}

static int
check(struct keeper *k, const struct keeper_pass *pass)
{
	struct buf b;
	unsigned int n;

	buf_init(&b, 1 << 20);
	n = keeper_check(k, pass, &b);
	fputs(buf_text(&b), stdout);
	buf_fini(&b);
	keeper_close(k);
	return (n == 0 ? EXIT_DONE : EXIT_NO);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "create", no_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "passphrase-file", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 }
	};
	const char *dir = NULL, *pass_file = NULL;
	struct keeper_pass pass = { 0 };
	struct cu_why why = { "" };
	struct keeper k = { 0 };
	int c, mode = 0, status = EXIT_CANNOT;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return (usage(stdout, EXIT_DONE));
	while ((c = getopt_long(argc, argv, "C:", options, NULL)) != -1)
		switch (c) {
		case 'C':
			dir = optarg;
			break;
		case 'p':
			pass_file = optarg;
			break;
		case 'c':
		case 'k':
			if (mode != 0)
				return (usage(stderr, EXIT_USAGE));
			mode = c;
			break;
		default:
			return (usage(stderr, EXIT_USAGE));
		}
	if (dir == NULL || argc - optind != (mode == 'c'))
		return (usage(stderr, EXIT_USAGE));
	diag_name("custos-keeper");
	close_up();
	if (pass_file != NULL && read_pass(&pass, pass_file, &why) != 0)
		goto out;
	if (home_open(&k.home, dir, &why) != 0)
		goto out;
	if (home_conf(k.home)->role != HOME_KEEPER) {
		cu_why_set(&why, "%s: the home of a %s", dir,
		    home_role_name(home_conf(k.home)->role));
		goto out;
	}
	if (pass.text == NULL && needs_pass(home_conf(k.home)))
		ask_pass(&pass);
	if (mode == 'k')
		status = check(&k, &pass);
	else if (mode == 'c') {
		if (keeper_create(&k, &pass, argv[optind], &why) == 0)
			status = EXIT_DONE;
		keeper_close(&k);
	} else
		status = run(&k, &pass, &why);
out:	if (why.text[0] != '\0')
		fprintf(stderr, "custos-keeper: %s\n", why.text);
	if (pass.text != NULL) {
		explicit_bzero(pass.text, pass.len);
		free(pass.text);
	}
	home_free(k.home);
	return (status);
}
