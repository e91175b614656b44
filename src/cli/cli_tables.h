/* src/cli/cli_tables.h: the log as the command line reads it */
#ifndef CLI_TABLES_H_
#define CLI_TABLES_H_
#include <stdint.h>

struct cli;
struct journal_reader;
struct record_entry;
struct state;

/* A log directory and the tables that its entries make. */
struct cli_tables {
	struct journal_reader *reader;
	struct state *state;
	char *folder;		/* of the keeper's home */
};

/**
 * cli_tables_open(c, t):
 * Read the keeper's log from entry 0.  0, or -1 after saying why; then there
 * is nothing to close.
 */
int cli_tables_open(const struct cli *, struct cli_tables *);
void cli_tables_close(struct cli_tables *);

/** cli_tables_entry(t, index): An owned entry, or NULL after saying why. */
struct record_entry *cli_tables_entry(struct cli_tables *, uint64_t);

/** cli_trial_note(st): Say first, on every report, that this is a trial. */
void cli_trial_note(const struct state *);

/** cli_index(word, out): Read an index.  0, or -1 after saying so. */
int cli_index(const char *, uint64_t *);

/** cli_when(out, t): A time for a person: seconds, UTC. */
const char *cli_when(char[32], int64_t);
#endif /* !CLI_TABLES_H_ */
