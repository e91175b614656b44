/* src/cli/cli_held.h: what is held of a log beside it, against the log */
#ifndef CLI_HELD_H_
#define CLI_HELD_H_
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct journal_reader;
struct jw;

#define CLI_HELD_MAX	16	/* more are not told */

/* Signed heads that stand against a log, or against what was followed of it. */
struct cli_held {
	struct {
		char path[PATH_MAX];	/* the file that holds it */
		uint64_t size;		/* of the tree; 0: it is no head */
		const char *what;	/* static */
	} v[CLI_HELD_MAX];
	size_t n;
};

/**
 * cli_held_keeper(held, r, log):
 * Add what the keeper's own disk remembers and ${r}, its log at ${log}, does
 * not contain: what a follower has shown (contradiction), what it signed last
 * (checkpoint).
 */
void cli_held_keeper(struct cli_held *, struct journal_reader *,
    const char *);

/**
 * cli_held_follower(held, r, home):
 * Add the head that a gate kept because it is not of the log which it followed
 * (contradiction), and, unless ${r} is NULL, the head that the follower at
 * ${home} believes (notebook) where it is of this log and not contained in it.
 */
void cli_held_follower(struct cli_held *, struct journal_reader *,
    const char *);

/** cli_held_below(held, r, dir): The same of each home below a folder that we
 * may read. */
void cli_held_below(struct cli_held *, struct journal_reader *, const char *);

/** cli_held_print(held): One line each, on stdout. */
void cli_held_print(const struct cli_held *);
/** cli_held_json(w, held): The member `contradictions`. */
void cli_held_json(struct jw *, const struct cli_held *);
#endif /* !CLI_HELD_H_ */
