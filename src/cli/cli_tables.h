/* src/cli/cli_tables.h: the log as the command line reads it */
#ifndef CLI_TABLES_H_
#define CLI_TABLES_H_
#include <stdint.h>
#include "base/buf.h"
#include "json/jw.h"

struct cli;
struct journal_reader;
struct record_entry;
struct state;
struct state_instance;

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

/** cli_put(s): On stdout, in plain words, a text that a peer or another person
 * wrote; "-" for NULL. */
void cli_put(const char *);
/** cli_putn(s, n, max): The same of ${n} bytes, cut after ${max} of them. */
void cli_putn(const char *, size_t, size_t);

/* One JSON object, one line on stdout. */
struct cli_json {
	struct buf b;
	struct jw w;
};
void cli_json_begin(struct cli_json *);
void cli_json_end(struct cli_json *);

/** cli_instance_json(w, n): The members of a process. */
void cli_instance_json(struct jw *, const struct state_instance *);

/** cli_rule_words(rule): What a rule says, or NULL.  Static. */
const char *cli_rule_words(const char *);

/** cli_trial_note(st): Say first, on every report, that this is a trial. */
void cli_trial_note(const struct state *);

/** cli_index(word, out): Read an index.  0, or -1 after saying so. */
int cli_index(const char *, uint64_t *);

/** cli_when(out, t): A time for a person: seconds, UTC. */
const char *cli_when(char[32], int64_t);
#endif /* !CLI_TABLES_H_ */
