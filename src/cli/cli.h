/*
 * src/cli/cli.h: the command line: a table of verbs.
 * Each verb is one function; `custos` looks it up and returns what it returns.
 */
#ifndef CLI_H_
#define CLI_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cu_why;
struct journal_reader;
struct tlog_key;

/* Exit codes. */
#define CLI_DONE	0
#define CLI_NO		1	/* the answer is no */
#define CLI_USAGE	2
#define CLI_FAILED	3	/* could not */

struct cli;

/* A verb gets its own name as argv[0]. */
struct cli_verb {
	const char *name;
	int (*fn)(struct cli *, int, char **);
	const char *help;	/* "ARGUMENTS: what it does", one line */
};

/*
 * What `log verify` asks after frames, tree and checkpoints have been found to
 * hold: do the entries below ${size} obey the rules that clear members show?
 * 0; 1 with the entry and the reason in ${why}; or a negative CU_E*.
 */
typedef int (*cli_structural_fn)(struct cli *, struct journal_reader *,
    const struct tlog_key *, uint64_t size, struct cu_why *);

struct cli {
	const char *home;		/* -C, or "." */
	bool json;			/* --json */
	cli_structural_fn structural;	/* NULL: not in this build */
};

/**
 * cli_dispatch(c, what, verbs, n, argc, argv):
 * Run the verb named by argv[1], or say which there are; ${what} is what stands
 * before it on the command line.
 */
int cli_dispatch(struct cli *, const char *, const struct cli_verb *, size_t,
    int, char **);

/**
 * cli_fail(code, fmt, ...): Say "custos: ..." on stderr and return ${code}.
 */
int cli_fail(int, const char *, ...) __attribute__((format(printf, 2, 3)));

/**
 * cli_option(argc, argv, i, name, value):
 * Is argv[*i] the option ${name}?  With ${value} it takes one, as the next
 * word or behind '=', and *i moves to the last word taken.  1; 0: it is not;
 * -1: its value is missing, which has been said.
 */
int cli_option(int, char **, int *, const char *, const char **);

/* The verbs. */
int cli_log(struct cli *, int, char **);
#endif /* !CLI_H_ */
