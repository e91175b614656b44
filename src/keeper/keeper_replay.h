/* src/keeper/keeper_replay.h: the tables from entry 0 on, and their openings */
#ifndef KEEPER_REPLAY_H_
#define KEEPER_REPLAY_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cu_why;
struct keeper;
struct record_sds;

/** keeper_replay(k, size, why): Fill the tables, the numbers of our own
 * entries, and the counts of the vault's keys. */
int keeper_replay(struct keeper *, uint64_t, struct cu_why *);

/** keeper_reopen(k, why): Open what the tables need of the sealed values. */
int keeper_reopen(struct keeper *, struct cu_why *);

/** keeper_rekey(k, warrant, why): A revision of it was approved: open the keys
 * of tasks bound to it that were not needed at the start. */
int keeper_rekey(struct keeper *, const char *, struct cu_why *);

/** keeper_note_line(k, index, line, len): A line was applied: remember what a
 * follower's openings need of it. */
int keeper_note_line(struct keeper *, uint64_t, const char *, size_t);

/** keeper_added(k, id): Index of the element's `add`, or STATE_NONE. */
uint64_t keeper_added(const struct keeper *, const char *);
void keeper_adds_free(struct keeper *);

/** keeper_pick(out, sds, targets): Of a revision's disclosures add token_key
 * and, with ${targets}, targets; of an element's audit_key. */
int keeper_pick(struct record_sds *, const struct record_sds *, bool);
#endif /* !KEEPER_REPLAY_H_ */
