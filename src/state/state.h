/* src/state/state.h: the live tables, filled from entries and nothing else */
#ifndef STATE_H_
#define STATE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include "base/utc.h"
#include "crypto/digest.h"
#include "law/law.h"
#include "law/law_audit.h"
#include "record/record_act.h"
#include "record/record_log.h"
#include "record/record_payload.h"
#include "record/record_sd.h"
#include "record/record_token.h"

struct buf;
struct cu_why;
struct state;			/* opaque: one log's tables */

/*
 * Keeper, gate, auditor, verify and the command line all fill the same tables
 * from the same lines; two that took the same lines answer alike.  Values come
 * in only by state_open_*, are checked against the digests that the log holds,
 * turned into keyed tags and forgotten; keys of tokens stay until state_free.
 */
#define STATE_NONE	UINT64_MAX	/* no index */

/* state_create: what to check beside what the tables need. */
#define STATE_SIGNATURES 1U	/* every signature of acts and reports */
#define STATE_STRUCTURE	2U	/* all that design 7 calls structural: decisions
				 * and `covers` from clear members, findings
				 * that should have been opened */
#define STATE_REPLAY	4U	/* a keeper's, from its own log: what lines of
				 * answers say is not known yet */

/** state_create(out, flags): Return empty tables.  0, CU_ENOMEM. */
int state_create(struct state **, unsigned int);
void state_free(struct state *);
/** state_flags(st, flags): From the next entry on check this.  A follower that
 * knows the root of a prefix need not verify its signatures again. */
void state_flags(struct state *, unsigned int);

/**
 * state_apply(st, index, line, len, why):
 * Take entry ${index}, which must be the next, from its bytes.  Return 0;
 * CU_EMALFORMED (form), CU_EDENIED (an act or report that nobody might make, a
 * decision that the tables contradict), CU_ESTATE (another index or time, a
 * number out of order), CU_ELIMIT.  On these ${why} says what and the tables
 * stand as before.  CU_ENOMEM: the tables are of no use any more, and every
 * later call says so.
 */
int state_apply(struct state *, uint64_t, const void *, size_t,
    struct cu_why *);

uint64_t state_size(const struct state *);
utc_us state_time(const struct state *);	/* of the last entry; 0: none */
/** state_log(st): Borrow origin and genesis digest; NULL before entry 0. */
const struct record_log *state_log(const struct state *);
const uint8_t *state_log_key(const struct state *);
bool state_trial(const struct state *);
/**
 * state_beat(st, size, root): Was a beat just applied that says which root its
 * sender knows at ${size}?  A root that this log never had shows two logs.
 */
bool state_beat(const struct state *, uint64_t *, uint8_t[DIGEST_LEN]);
const struct record_rules *state_rules(const struct state *);

/*
 * Following: the root of what was applied, to compare with a signed note.
 * Only where state_follow was called before the first entry.
 */
/** state_follow(st): From now on keep the compact range.  0, CU_ESTATE. */
int state_follow(struct state *);
/** state_root(st, root): The root at state_size.  0, CU_ESTATE. */
int state_root(const struct state *, uint8_t[DIGEST_LEN]);

/* ---- people and processes ---------------------------------------------- */

struct state_holder {
	const char *id;			/* all strings borrowed from the tables */
	unsigned int may;		/* RECORD_MAY_* */
	uint64_t index;			/* its newest entry */
	bool live;
	uint64_t void_since;		/* or STATE_NONE */
	size_t keys_n;
	const uint8_t (*key)[SIGN_PUBLIC_LEN];
};
struct state_instance {
	const char *id;
	enum record_role role;
	const uint8_t *key;
	uint64_t index;
	bool live;
	uint64_t start, n;		/* the last in the log; 0: none */
	utc_us heard;			/* its last entry */
	bool stopped;			/* its last word was `stop` */
	uint64_t spool;			/* as last said */
	uint64_t spool_index;		/* where it last said: empty */
	uint64_t size;			/* head it last said to hold */
};
struct state_element {
	const char *id;
	uint64_t index;			/* newest add or change */
	bool live;
	const struct record_element *reg;
	bool opened;			/* the audit key is held */
};
/* One revision of a warrant. */
struct state_revision {
	const char *id;
	uint64_t revision, index;	/* index of its submit */
	uint8_t digest[DIGEST_LEN];
	enum record_order kind;
	utc_us from, until;
	bool cc;
	unsigned int services;		/* LI_SERVICE_*; 0: all */
	size_t elements_n, zones_n, sets_n;
	uint64_t approved, ended;	/* index, or STATE_NONE */
	const char *end;		/* "revoked", "refused", "superseded",
					 * "void"; NULL */
	bool opened;			/* targets as tags */
	bool keyed;			/* token key held */
};
/* Each returns false where there is none, else fills the view. */
bool state_holder(const struct state *, const char *, struct state_holder *);
bool state_instance(const struct state *, const char *,
    struct state_instance *);
bool state_element(const struct state *, const char *, struct state_element *);
/** state_element_at(st, index, out): The element with that add or change. */
bool state_element_at(const struct state *, uint64_t, struct state_element *);
/** state_revision(st, digest, out), state_warrant(st, id, i, out): Revision
 * by its digest; revision number ${i} (from 0, in log order) of a warrant. */
bool state_revision(const struct state *, const uint8_t[DIGEST_LEN],
    struct state_revision *);
bool state_warrant(const struct state *, const char *, size_t,
    struct state_revision *);
/* Number ${i} (from 0) in the order of registration; false at the end. */
bool state_holder_nth(const struct state *, size_t, struct state_holder *);
bool state_instance_nth(const struct state *, size_t, struct state_instance *);
bool state_element_nth(const struct state *, size_t, struct state_element *);
bool state_revision_nth(const struct state *, size_t, struct state_revision *);

/** state_revision_lists(r-digest): Elements and zones that it names. */
const char *state_revision_element(const struct state *,
    const uint8_t[DIGEST_LEN], size_t);
const char *state_revision_zone(const struct state *,
    const uint8_t[DIGEST_LEN], size_t);

/** state_live(r, t): In force at ${t}: approved, not ended, in its window? */
bool state_live(const struct state_revision *, utc_us);

/** state_subject(st, subject): The seq of the last act on it; 0: none. */
uint64_t state_subject(const struct state *, const char *);

/** state_bound(st, xid, i): Warrant ${i} that the XID is bound to, or NULL;
 * the first is that of the first row of `covers` (it seals, it keys lines). */
const char *state_bound(const struct state *, const char *, size_t);

/* A task or destination as commanded and as last admitted. */
struct state_object {
	const char *element;		/* id */
	bool task;			/* else a destination */
	li_uuid id;
	bool commanded;			/* an allowed command names it here */
	uint64_t command, outcome;	/* the newest, or STATE_NONE */
	enum law_type type;		/* of it */
	enum law_fate fate;
	enum law_presence seen;		/* in the last complete answer */
	uint64_t answer;		/* entry of that answer, or STATE_NONE */
	bool may_be;			/* a version but absent is admissible */
	const char *requester;		/* who commanded it last, or NULL */
};
bool state_object_nth(const struct state *, size_t, struct state_object *);
/** state_task_ended(st, element, xid): May that element (id) hold no version of
 * the task any more?  Also where none was ever commanded there. */
bool state_task_ended(const struct state *, const char *, const char *);

/**
 * state_report(st, instance, start, n, index):
 * Which entry holds that report: 0 with ${index}; CU_ENOENT (none, above the
 * last), STATE_E_GONE (none, below the last, or no longer remembered).
 */
#define STATE_E_GONE	1
int state_report(const struct state *, const char *, uint64_t, uint64_t,
    uint64_t *);

/* An allowed command or late without outcome. */
struct state_open {
	uint64_t index;
	const char *instance;
	uint64_t start, n;
};
/** state_open_nth(st, i, out): In no order; false at the end. */
bool state_open_nth(const struct state *, size_t, struct state_open *);

/* ---- acts -------------------------------------------------------------- */

enum state_act {
	STATE_ACT_OK = 0,
	STATE_ACT_REFUSED = 1,		/* -> finding act.refused, if known */
	STATE_ACT_SELF = 2,		/* -> finding approval.self */
	STATE_ACT_STANDS = 3		/* this very act is entry ${stands} */
};
struct state_act_result {
	bool known;		/* a signature of a registered key verifies */
	const char *holder;	/* borrowed: the first such holder, or NULL */
	uint64_t stands;
};

/**
 * state_act_check(st, act, out, why):
 * May this act become the next entry?  Everything that can be known without
 * the disclosures: signatures, seq, roles, quorum, window, known ids and keys
 * (docs/rules.md, "Acts").  Return 0 or a STATE_ACT_*, or CU_E* of a payload
 * that cannot be read (then ${out}->known is still right).
 */
int state_act_check(struct state *, const struct record_act *,
    struct state_act_result *, struct cu_why *);

/**
 * state_overlay(st, act, why):
 * A gate takes a narrowing act straight from its signers: checked as above,
 * then seen by state_facts where it asks for the overlay, until the log's own
 * entry comes.  Only warrant revoke, element retire.  0, CU_EDENIED, CU_E*.
 */
int state_overlay(struct state *, const struct record_act *, struct cu_why *);

/* ---- opening ----------------------------------------------------------- */

/**
 * state_open_revision(st, digest, sds, why):
 * Take the openings of a revision that the log holds: `token_key`, and
 * `targets` if they are there.  Checked against `_sd` and `sets`; wrong ones
 * change nothing.  0; CU_ENOENT, CU_EDENIED (not honest), CU_E*.
 */
int state_open_revision(struct state *, const uint8_t[DIGEST_LEN],
    const struct record_sds *, struct cu_why *);

/**
 * state_submit_check(st, act, sds, why):
 * The check of a revision's openings before its entry is made (a keeper at
 * `submit`): all disclosures there and honest, targets in their normal form,
 * each set naming a subscriber, line or device.  0, CU_EDENIED, CU_E*.
 */
int state_submit_check(struct state *, const struct record_act *,
    const struct record_sds *, struct cu_why *);

/** state_open_element(st, id, sds, why): The same of an audit key. */
int state_open_element(struct state *, const char *, const struct record_sds *,
    struct cu_why *);

/**
 * state_needs_key(st, digest):
 * Is its token key still needed: live, or a task keyed by it may be listed, or
 * commanded again under a warrant that it is bound to?
 */
bool state_needs_key(const struct state *, const uint8_t[DIGEST_LEN]);
/** state_keys_lines(st, digest, warrant): Does that revision key the line of a
 * task that is bound to the warrant (by id)? */
bool state_keys_lines(const struct state *, const uint8_t[DIGEST_LEN],
    const char *);

/**
 * state_task_token(st, xid, line, len, out):
 * The line token of a task.  CU_ENOENT: bound to no warrant; CU_ESTATE: the
 * key was not opened here.  state_destination_token: of an element (by id).
 */
int state_task_token(const struct state *, const char *, const void *, size_t,
    uint8_t[DIGEST_LEN]);
int state_destination_token(const struct state *, const char *, const void *,
    size_t, uint8_t[DIGEST_LEN]);

/* ---- commands ---------------------------------------------------------- */

struct state_command;		/* opaque: what a gate said and disclosed */

/**
 * state_command_create(out, said, len, sds, why):
 * Read the `said` of a command or late and the disclosures `target` and
 * `address` that belong to it (each checked against `_sd`; others are not
 * looked at; ${sds} may be NULL).  Targets that are not in their normal form
 * are kept as missing: no warrant covers them.  0 with an owned command.
 */
int state_command_create(struct state_command **, const char *, size_t,
    const struct record_sds *, struct cu_why *);
void state_command_free(struct state_command *);

/** state_command_law(c): Borrow what law reads of it. */
const struct law_command *state_command_law(const struct state_command *);
/** state_command_element(c): Entry index that it names, or STATE_NONE. */
uint64_t state_command_element(const struct state_command *);

/* At which moment the tables are asked. */
struct state_moment {
	const char *gate;	/* instance whose report it is */
	utc_us lo, hi;		/* keeper: both the entry's time */
	bool held;		/* keeper's clock stepped */
	uint64_t less;		/* leave out the effects of this entry, or
				 * STATE_NONE */
	bool overlay;		/* see acts taken directly (last check) */
};

/* What the keeper adds to an allowed command. */
struct state_members {
	size_t covers_n;
	struct {
		const char *warrant;		/* borrowed */
		uint8_t digest[DIGEST_LEN];
		const struct record_token *token;	/* borrowed */
		size_t tokens_n;
		uint64_t index;			/* of its submit */
	} cover[LAW_COVERS_MAX];
	bool has_line;
	uint8_t line[DIGEST_LEN];
	uint64_t to;			/* or STATE_NONE */
};

/**
 * state_decide(st, c, moment, decision, members):
 * Facts, law, members.  Members hold until the next state_apply.  Return 0;
 * STATE_E_UNOPENED if a revision in force was never opened here, so that the
 * decision is not to be compared with anyone's; CU_ESTATE: a key for the line
 * is missing (a keeper must not go on, a gate says `not opened`); CU_ENOMEM.
 */
#define STATE_E_UNOPENED 2
int state_decide(struct state *, const struct state_command *,
    const struct state_moment *, struct law_decision *,
    struct state_members *);

/** state_facts(st, c, moment, facts): What law is given, for `custos why`. */
int state_facts(struct state *, const struct state_command *,
    const struct state_moment *, struct law_facts *);

/** state_members_write(b, decision, members): Append the keeper's members of a
 * command as JSON text without braces: `"decision":"allowed",...`. */
void state_members_write(struct buf *, const struct law_decision *,
    const struct state_members *);

/** state_late_write(st, b, c): The same of a `late`: `"line":...`, or nothing
 * where it does not narrow what the element may hold.  0, CU_ESTATE,
 * CU_ENOMEM. */
int state_late_write(struct state *, struct buf *,
    const struct state_command *);

/**
 * state_own(line, len, own, own_len):
 * Borrow, in an entry, the text of the keeper's own members (what
 * state_members_write makes); empty where there are none.  0, CU_EMALFORMED.
 */
int state_own(const void *, size_t, const char **, size_t *);

/* What seals and what it belongs to: of a command, outcome, late, item. */
/** state_scope_xid(st, xid): The warrant that seals what concerns it, or NULL
 * (the same as state_bound(st, xid, 0)). */
#define state_scope_xid(st, xid) state_bound((st), (xid), 0)

/* ---- findings ---------------------------------------------------------- */

#define STATE_RESTS_MAX	4

/* A finding that follows from the entries, and is not in the log yet. */
struct state_finding {
	const char *type;		/* static */
	const char *severity;		/* static */
	const char *word;		/* static, or NULL */
	uint64_t note_of;		/* a note of that finding; STATE_NONE:
					 * open */
	uint64_t element;		/* entry index, or STATE_NONE */
	const char *instance;		/* borrowed, or NULL */
	li_uuid xid, did;		/* or "" */
	uint64_t rests[STATE_RESTS_MAX];
	size_t rests_n;
	uint64_t from;			/* the entry that it follows from */
	utc_us due;			/* when verify calls it overdue */
};

/**
 * state_finding_due(st, now, out):
 * The next finding to be written at ${now} (the keeper's clock, which makes
 * silence count), oldest first.  It stays the next until its entry is applied.
 * False: none.
 */
bool state_finding_due(struct state *, utc_us, struct state_finding *);

/** state_finding_write(b, f): Append the finding's own members, less `_sd`,
 * as JSON text without braces. */
void state_finding_write(struct buf *, const struct state_finding *);

/**
 * state_finding_overdue(st, end, out):
 * Structural: one that the keeper ought to have written by the time of the last
 * entry.  That is what counts at the ${end} of the log; before, how often it was
 * passed over for other entries (docs/findings.md).  Each is told once.
 */
bool state_finding_overdue(struct state *, bool, struct state_finding *);

/* Finding entries that stand. */
struct state_finding_row {
	uint64_t index;			/* its id */
	const char *type, *severity;
	bool closed;
};
bool state_finding_row(const struct state *, uint64_t,
    struct state_finding_row *);
bool state_finding_nth(const struct state *, size_t,
    struct state_finding_row *);

/**
 * state_open_finding(st, type, element, subject):
 * Is one open on (type, element id or NULL, XID, DID or instance or "")?
 * Return its index or STATE_NONE.
 */
uint64_t state_open_finding(const struct state *, const char *, const char *,
    const char *);

/* What an answer that was just applied makes the keeper do (formats 9, 12). */
#define STATE_AGAIN	1U	/* `kept` says `again` */
#define STATE_ASK_BEAT	2U	/* ask the element's gate for a beat at once */
unsigned int state_wants(const struct state *, uint64_t element_index);

/**
 * state_narrower(st, element_index, xid, line, len):
 * Of an item of the entry just applied, the canonical line opened: if it only
 * narrows an admissible version it is judged when the spool is empty, not at
 * once.  To be called before state_finding_due.  What was taken in a replay
 * waits as if it narrowed; this settles it if it is what was shown last.
 */
void state_narrower(struct state *, uint64_t, const char *, const char *,
    size_t);

#endif /* !STATE_H_ */
