/* src/auditor/main.c: custos-auditor -C HOME */
#include <stdio.h>
#include <string.h>
#include "auditor/auditor.h"
#include "base/diag.h"
#include "base/err.h"
#include "home/home.h"

#define EXIT_USAGE	2
#define EXIT_COULD_NOT	3

static int
usage(FILE *f, int code)
{
	fprintf(f, "usage: custos-auditor -C HOME\n");
	return (code);
}

static int
run(struct home *home)
{
	const struct home_conf *c = home_conf(home);
	struct cu_why why = { "" };
	struct auditor *a;
	int rc;

	if (c->role != HOME_AUDITOR) {
		diag("%s: its role is not auditor", home_dir(home));
		return (EXIT_COULD_NOT);
	}
	if (home_lock(home, &why) != 0) {
		diag("%s", why.text);		/* it names the home */
		return (EXIT_COULD_NOT);
	}
	if (auditor_create(&a, home, &why) != 0) {
		diag("%s: %s", home_dir(home), why.text);
		return (EXIT_COULD_NOT);
	}
	rc = auditor_run(a);
	auditor_free(a);
	return (rc == 0 ? 0 : EXIT_COULD_NOT);
}

int
main(int argc, char **argv)
{
	struct cu_why why = { "" };
	struct home *home;
	int rc;

	diag_name("custos-auditor");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return (usage(stdout, 0));
	if (argc != 3 || strcmp(argv[1], "-C") != 0)
		return (usage(stderr, EXIT_USAGE));
	if (home_open(&home, argv[2], &why) != 0) {
		diag("%s", why.text);
		return (EXIT_COULD_NOT);
	}
	rc = run(home);
	home_free(home);
	return (rc);
}
