/* custos-gate: stands in the control path of its elements (docs/man). */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"

static int
usage(FILE *f, int code)
{
	fprintf(f, "usage: custos-gate [-C HOME] [--check]\n");
	return (code);
}

/* Targets and keys are in memory: none of it may reach a disk. */
static int
no_core(void)
{
	struct rlimit none = { 0, 0 };

	return (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0 ? -1 : 0);
}

static int
check(const char *dir)
{
	struct cu_why why = { "" };
	struct home *home;
	unsigned int n;
	struct buf b;

	if (home_open(&home, dir, &why) != 0) {
		diag("%s", why.text);
		return (3);
	}
	buf_init(&b, 1 << 20);
	n = home_check(home, &b);
	fputs(buf_text(&b), stdout);
	buf_fini(&b);
	home_free(home);
	return (n == 0 ? 0 : 1);
}

int
main(int argc, char **argv)
{
	static struct gate gate;
	struct cu_why why = { "" };
	const char *dir = ".";
	bool only_check = false;
	int i, rc;

	diag_name("custos-gate");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return (usage(stdout, 0));
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-C") == 0 && i + 1 < argc)
			dir = argv[++i];
		else if (strcmp(argv[i], "--check") == 0)
			only_check = true;
		else
			return (usage(stderr, 2));
	}
	if (no_core() != 0) {
		diag("core dumps cannot be turned off");
		return (3);
	}
	if (only_check)
		return (check(dir));
	if ((rc = gate_open(&gate, dir, &why)) != 0) {
		diag("%s", why.text[0] != '\0' ? why.text : cu_strerror(rc));
		rc = 3;
	} else
		rc = gate_run(&gate);
	gate_close(&gate);
	return (rc);
}
