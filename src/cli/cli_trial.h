/* src/cli/cli_trial.h: a whole small operator on one machine */
#ifndef CLI_TRIAL_H_
#define CLI_TRIAL_H_

struct cli;

/*
 * DIR/ca.pem, DIR/ca.key         the CA of every certificate below
 * DIR/keeper gate auditor        homes
 * DIR/ne-1 ne-2 admf             homes of simulated elements and an ADMF
 * DIR/holders/ID.key             the keys of seven people, unlocked
 * DIR/elements/ID.json           the registrations as they were signed
 * DIR/genesis.act, DIR/genesis   the act, and the digest of entry 0
 */

/** cli_trial_make(c, dir): Make all of it, and register everything by
 * ordinary acts.  An exit code. */
int cli_trial_make(struct cli *, const char *);
#endif /* !CLI_TRIAL_H_ */
