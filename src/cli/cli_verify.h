/* src/cli/cli_verify.h: what log verify asks beyond frames and tree */
#ifndef CLI_VERIFY_H_
#define CLI_VERIFY_H_
#include <stdbool.h>
#include <stdint.h>

struct cu_why;
struct journal_reader;
struct record_vault;

/* What was looked at. */
struct cli_verified {
	uint64_t opened, deleted;	/* sealed values; their keys destroyed */
	uint64_t decided;		/* decisions made again */
	uint64_t sent;			/* sent bytes decoded */
	bool trial;
	uint64_t failed;		/* the entry that does not follow */
};

/**
 * cli_verify_rules(reader, size, vault, did, why):
 * Structural: statements and reports and whose they are, roles, windows,
 * numbers, coverage by clear members, findings that had to be opened.  With
 * ${vault} full: opens every seal, checks digests, tokens and lines, decodes
 * the sent bytes, and repeats every decision.  Return 0; 1 with the entry and
 * the reason in ${why}; CU_ENOMEM, CU_EIO.
 */
int cli_verify_rules(struct journal_reader *, uint64_t, struct record_vault *,
    struct cli_verified *, struct cu_why *);
#endif /* !CLI_VERIFY_H_ */
