/* src/cli/cli.c: what all verbs share */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"

int
cli_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "custos: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return (code);
}

int
cli_dispatch(struct cli *c, const char *what, const struct cli_verb *verbs,
    size_t n, int argc, char **argv)
{
	bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0);
	FILE *out = help ? stdout : stderr;
	size_t i;

	for (i = 0; argc > 1 && i < n; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return (verbs[i].fn(c, argc - 1, argv + 1));
	if (argc > 1 && !help)
		fprintf(stderr, "%s: no such verb: %s\n", what, argv[1]);
	fprintf(out, "usage: %s VERB ...\n", what);
	for (i = 0; i < n; i++)
		fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	return (help ? CLI_DONE : CLI_USAGE);
}
