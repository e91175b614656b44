/* src/cli/cli_verify_impl.h: what the files of the full verification share */
#ifndef CLI_VERIFY_IMPL_H_
#define CLI_VERIFY_IMPL_H_
#include "base/err.h"
#include "cli/cli_verify.h"
#include "json/jv.h"
#include "record/record_entry.h"
#include "record/record_sd.h"
#include "state/state.h"

/* A sealed value, opened. */
struct verify_value {
	struct record_sd sd;		/* owned */
	const char *scope;		/* of its key; borrowed of the vault */
};

struct rules {
	struct journal_reader *reader;
	struct state *state;
	struct record_vault *vault;	/* NULL: structural */
	struct cli_verified *did;
	struct cu_why *why;

	/* Of the entry at hand, as far as its keys still exist. */
	struct record_sds sds;
	struct verify_value *value;	/* owned; as many as ${sds} */
	size_t value_n;
	bool whole;			/* none of its keys was destroyed */
};

/* All of them: 0; or CU_E*, with the reason in ${why}, but for CU_ENOMEM and
 * CU_EIO. */

/** verify_open(r, index, e): Open the sealed values of an entry. */
int verify_open(struct rules *, uint64_t, const struct record_entry *);
/** verify_forget(r): Wipe what was opened. */
void verify_forget(struct rules *);
/** verify_value(r, name): Borrow the first value of that name, or NULL. */
const struct jv *verify_value(const struct rules *, const char *);

/*
 * After the entry was applied:
 * verify_owned(r, e): Is each value one of this kind of entry, and under the
 * key of what it belongs to; of an act, are they those it must have?
 * verify_items(r, e): Do the items of a snapshot and their lines agree?
 * verify_messages(r, e): What was received, what was to be sent, and what was
 * decided: are they one command?
 */
int verify_owned(struct rules *, const struct record_entry *);
int verify_items(struct rules *, const struct record_entry *);
int verify_messages(struct rules *, const struct record_entry *);
#endif /* !CLI_VERIFY_IMPL_H_ */
