/* src/cli/cli.c: what all verbs share */
#include <stdarg.h>
#include <stdbool.h>
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

/*
 * Someone asked a verb for its words.  cli_options sees it, and the verb's own
 * cli_usage, which follows, then is the answer and no complaint.
 */
static bool help_asked;

void
cli_help_ask(void)
{
	help_asked = true;
}

int
cli_usage(const char *fmt, ...)
{
	char words[1024];		/* all of them are our own */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(help_asked ? stdout : stderr, "usage: %s\n", words);
	return (help_asked ? CLI_HELPED : CLI_USAGE);
}

int
cli_dispatch(struct cli *c, const char *what, const struct cli_verb *verbs,
    size_t n, int argc, char **argv)
{
	bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0);
	FILE *out = help ? stdout : stderr;
	size_t i;

	for (i = 0; argc > 1 && i < n; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return (verbs[i].fn(c, argc - 1, argv + 1));
	if (argc > 1 && !help)
		cli_fail(CLI_USAGE, "%s: no such verb: %s", what, argv[1]);
	fprintf(out, "usage: %s VERB ...\n", what);
	for (i = 0; i < n; i++)
		fprintf(out, "  %s%s%s\n", verbs[i].name,
		    verbs[i].help[0] != '\0' ? " " : "", verbs[i].help);
	return (help ? CLI_DONE : CLI_USAGE);
}
