/* src/cli/cli_log.h: what the log verbs share */
#ifndef CLI_LOG_H_
#define CLI_LOG_H_
#include "cli/cli.h"
#include "base/buf.h"
#include "journal/journal_read.h"
#include "tlog/tlog_note.h"

/* An open log, and the options of the log verbs. */
struct cli_log {
	struct journal_reader *r;
	char dir[4096];
	bool json;
	const char *vkey, *genesis, *out;
	const char *vault, *vault_key;	/* verify: full */
	bool hashes;			/* verify: frames and tree alone */
	uint64_t from, until;		/* UINT64_MAX: not said */
	const char *word;		/* the one word, or NULL */
	struct tlog_key key;		/* cli_log_key */
	struct buf note;		/* log/checkpoint */
	struct tlog_checkpoint cp;
};

/** cli_log_begin(l, c, argc, argv): Options and opening.  0 or an exit code,
 * which has been explained.  To be ended with cli_log_end in any case. */
int cli_log_begin(struct cli_log *, struct cli *, int, char **);
void cli_log_end(struct cli_log *);

/** cli_log_key(l): Fill ${key} from --vkey, else from the genesis entry. */
int cli_log_key(struct cli_log *);

/** cli_log_checkpoint(l): Read log/checkpoint, signed by ${key}.  0; 1: there
 * is none that counts, said; or an exit code. */
int cli_log_checkpoint(struct cli_log *);

int cli_log_verify(struct cli *, int, char **);
int cli_log_export(struct cli *, int, char **);
#endif /* !CLI_LOG_H_ */
