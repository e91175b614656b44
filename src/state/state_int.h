/* src/state/state_int.h: the tables themselves; for src/state alone */
#ifndef STATE_INT_H_
#define STATE_INT_H_
#include "base/buf.h"
#include "base/err.h"
#include "record/record_entry.h"
#include "record/record_key.h"
#include "record/record_report.h"
#include "state/state.h"
#include "state/state_map.h"
#include "state/state_scan.h"
#include "tlog/tlog.h"

/* What a key of the map stands for. */
enum tab {
	T_HOLDER = 1, T_INSTANCE, T_ELEMENT, T_REGISTRATION, T_KEY, T_ADDRESS,
	T_WARRANT, T_REVISION, T_SET, T_XID, T_PRODUCT, T_TASK, T_DESTINATION,
	T_TRANSACTION, T_OPEN, T_SUBJECT, T_ACT, T_SHAPE, T_FINDING,
	T_FINDING_ID
};

/* A growing array: ${v} has room for ${cap} rows. */
#define ROWS(type) struct { type *v; size_t n, cap; }
/** ROOM(a, k): Make room for ${k} more rows.  0, CU_ENOMEM. */
#define ROOM(a, k) state_room((void **)(void *)&(a)->v, &(a)->cap,	\
    (a)->n + (k), sizeof(*(a)->v))
int state_room(void **, size_t *, size_t, size_t);

#define SIGNERS_MAX 8

struct holder {
	char *id;
	unsigned int may;
	uint64_t index, void_since;
	uint64_t since;			/* entry of its newest add or change */
	bool live;
	uint8_t key[RECORD_KEYS_MAX][SIGN_PUBLIC_LEN];
	size_t keys_n;
	uint32_t signer[SIGNERS_MAX];	/* of its newest act */
	size_t signers_n;
};

/* The genesis' rules, then each `policy set`. */
struct policy {
	uint64_t index;
	struct record_rules rules;
	uint32_t signer[SIGNERS_MAX];
	size_t signers_n;
};

struct known {				/* a key that ever was registered */
	char *of;			/* as record_known has it */
	uint8_t public[SIGN_PUBLIC_LEN];
	int state;
	uint32_t holder, instance;	/* or MAP_NONE */
};

#define REPORTS_KEPT 1024		/* (start, n) -> index, per instance */

struct gap { uint64_t *v; size_t n, cap; };	/* ascending */

struct instance {
	char *id;
	enum record_role role;
	uint8_t key[SIGN_PUBLIC_LEN];
	uint64_t index;
	bool live;
	uint64_t start, n;
	struct { uint64_t start, n, index; } *kept;	/* REPORTS_KEPT */
	/* Numbers of this start that are missing, and not named yet. */
	struct gap gap;
	utc_us heard;
	bool stopped;
	uint64_t spool, spool_index, size;
	uint32_t signer[SIGNERS_MAX];
	size_t signers_n;
};

/* One object's item in an answer, or its counters. */
struct item {
	li_uuid id;
	bool task;
	struct law_seen seen;
	bool has_n, has_last;
	bool narrows;			/* state_narrower found that */
	uint64_t n;
	utc_us last;
};

struct element {
	char *id;
	uint64_t index;
	bool live, overlay, opened;
	struct record_payload *payload;
	uint8_t audit_key[RECORD_TOKEN_KEY_LEN];
	uint8_t audit_sd[DIGEST_LEN];	/* of `add` */
	bool has_audit;
	uint64_t delivery_since;	/* all its addresses stand since */
	uint32_t signer[SIGNERS_MAX];
	size_t signers_n;

	uint32_t objects;		/* list by object.next: all that are
					 * not at rest (state_audit.c) */
	/* the auditor's answers */
	unsigned int failed;		/* questions in a row */
	uint64_t base;			/* part 1 of the last complete one */
	struct law_answer last;		/* the last complete answer */
	bool answered, waiting;		/* waiting: for an empty spool */
	bool dirty;			/* something must be judged again */
	unsigned int epoch;		/* of authority, when last judged */
	utc_us over_next;		/* when a bound warrant ends */
	unsigned int wants;
	/* parts of a snapshot on their way */
	ROWS(struct item) part;
	ROWS(li_uuid) gone;
	uint64_t part_index, part_i;
	uint32_t part_of;		/* instance */
	uint64_t part_start, part_n;
	utc_us part_asked;
	int64_t part_next, parts;
	bool part_full;			/* no base: carries all */
};

struct revision {
	uint32_t warrant;
	uint64_t revision, index;
	uint8_t digest[DIGEST_LEN];
	enum record_order kind;
	utc_us from, until;
	bool cc;
	unsigned int services;
	char **element, **zone;		/* one block each, owned */
	size_t elements_n, zones_n;
	struct record_sets sets;	/* owned */
	uint32_t submitter[SIGNERS_MAX], approver[SIGNERS_MAX];
	size_t submitters_n, approvers_n;
	uint64_t approver_index[SIGNERS_MAX];
	uint64_t approved, ended;
	utc_us ended_time;
	const char *end;
	char *payload;			/* for state_open_revision */
	size_t payload_len;
	uint8_t token_key[RECORD_TOKEN_KEY_LEN];
	struct map_key *tag;		/* one per set, where opened */
	bool opened, keyed;
	bool overlay;			/* revoked, told directly */
	/* Its token key is that of the lines of tasks bound to these. */
	ROWS(uint32_t) lines;
};

struct warrant {
	char *id;
	ROWS(uint32_t) revision;
};

/* Where a tag leads: a set of an opened revision. */
struct set_row {
	uint32_t revision, set, next;	/* next of equal tag, or MAP_NONE */
};

/* The warrants that an XID or productID is bound to, for ever. */
struct binding {
	li_uuid id;
	uint64_t index;			/* entry that bound it */
	uint32_t keyed;			/* revision: seals, keys the line */
	uint32_t owner;			/* element: whose command bound it */
	ROWS(uint32_t) warrant;
};

struct version { uint8_t line[DIGEST_LEN]; uint32_t shape; };

/*
 * A task or destination on one element.  What every answer looks at stands
 * first: most objects are only looked at.
 */
struct object {
	uint32_t element, next;
	bool task, commanded, narrower;
	bool narrows;			/* this answer was seen to narrow */
	bool unshown;			/* its line may narrow: not known yet */
	bool base_absent, base_unlined, base_over;
	bool moved;			/* other than in the answer before */
	bool shown_anew;		/* this answer speaks of it */
	bool listed;			/* stands in its element's list */
	bool has_n, has_last, has_base, has_base_last;
	uint8_t row, crow;		/* judged answers in a row */
	uint8_t shown, cshown;		/* ... and shown, not judged yet */
	enum law_verdict verdict;
	struct law_seen seen;		/* as admitted last */
	ROWS(struct law_effect) effect;
	ROWS(struct version) base;
	utc_us over_next;		/* as the element's, of this task */
	uint64_t answer;
	/* its counters */
	uint64_t n;
	utc_us last, base_last;
	struct law_counter counter;
	/* as commanded last */
	li_uuid id;
	enum law_type type;
	enum law_fate fate;
	uint64_t command, outcome;
	uint32_t requester;		/* element */
	uint32_t shape;			/* of the last Activate or Modify */
	uint32_t revision, set;		/* first row of its covers, or NONE */
	utc_us done_time;		/* of the last outcome */
};

struct open_row {
	uint64_t index;			/* STATE_NONE: free */
	uint64_t alias;			/* a late's own index */
	uint32_t object, instance, element;
	uint64_t start, n;
	enum law_type type;
};

struct transaction {
	struct map_key key;
	utc_us time;
	uint64_t index;
	uint32_t before;		/* of the same id, or MAP_NONE */
};

/* A stop whose acknowledgement is awaited. */
struct stop { uint64_t command; uint32_t object; utc_us since; };

struct finding {
	uint64_t index;
	uint8_t type, severity;
	bool closed;
	struct map_key key;
};

struct pending {
	struct state_finding f;
	struct map_key key;
	bool told;
	/* STATE_STRUCTURE: entries, but findings, since it is overdue; the
	 * most that waited meanwhile. */
	size_t others, most;
};

/*
 * What an entry was, for outcomes that name it (STATE_STRUCTURE): these bits,
 * and above WORD_BITS the row of the instance that reported it.
 */
#define WORD_COMMAND	1U		/* allowed */
#define WORD_REFUSED	2U
#define WORD_LATE	4U
#define WORD_OUTCOME	8U		/* an outcome names it */
#define WORD_LEFT	16U		/* ... and says that it was sent */
#define WORD_BITS	8

/* A row of `covers`, found again: a revision, and which of its sets. */
struct cover_row { uint32_t revision, set; };

struct state {
	unsigned int flags;
	bool broken, follow;
	struct tlog_range range;
	uint64_t size;
	utc_us time;
	/* What a beat that was just applied says of the tree. */
	bool beat;
	uint64_t beat_size;
	uint8_t beat_root[DIGEST_LEN];
	struct map_seed seed;
	uint8_t tag_key[32];
	struct map map;

	char *origin;
	char genesis[2 * DIGEST_LEN + 1];
	struct record_log log;
	uint8_t log_key[SIGN_PUBLIC_LEN];
	bool trial;
	int64_t quorum;
	struct record_rules rules;	/* in force */
	ROWS(struct policy) policy;
	uint64_t clock_after;
	unsigned int epoch;		/* counts changes of authority */
	utc_us keeper_start;		/* due times count anew from here */
	bool keeper_stopped;		/* its last word */
	utc_us listened;		/* since when silence is others' */
	char keeper[TEXT_ID_MAX + 1];

	ROWS(struct holder) holder;
	ROWS(struct known) known;
	ROWS(struct instance) instance;
	ROWS(struct element) element;
	ROWS(struct warrant) warrant;
	ROWS(struct revision) revision;
	ROWS(struct set_row) set;
	ROWS(struct binding) xid;
	ROWS(struct binding) product;
	ROWS(struct object) object;
	ROWS(struct open_row) open;
	ROWS(struct li_shape) shape;
	ROWS(struct finding) finding;
	ROWS(struct pending) pending;
	ROWS(struct stop) stop;
	utc_us timed_next;		/* nothing falls due before */
	ROWS(uint32_t) word;		/* by index; STATE_STRUCTURE */
	utc_us overdue_next;		/* no finding is overdue before */
	bool withheld;			/* one is, and was passed over */
	ROWS(struct transaction) tx;	/* a ring: tx_first counts dropped */
	size_t tx_first;

	struct scan line, said;
	struct gap gap;			/* of the entry under way */
	char *said_text;		/* RECORD_ENTRY_MAX + 1 */
	struct law_facts *facts;	/* scratch */
	struct cover_row met[LAW_WARRANTS_MAX];	/* of facts.warrant */
	ROWS(uint32_t) unopened;	/* approved, not opened here */
};

/* What a command's `said` holds. */
struct state_command {
	struct law_command law;
	char form[64];
	char requester[TEXT_ID_MAX + 1], admf[TEXT_ID_MAX + 1],
	    ne[TEXT_ID_MAX + 1];
	bool has_certificate;
	uint8_t certificate[DIGEST_LEN];
	enum cert_rule bound;
	uint64_t element, size;
	li_uuid did[LI_DIDS_MAX];
	/* of a late */
	bool has_request;
	uint64_t request;
	/* disclosures */
	size_t targets_n;
	bool opened, bad;	/* targets were given; not normal */
	char *set_text;		/* owned; NULL where bad or none */
	size_t set_len;
	char *address;		/* owned, or NULL */
	struct li_target target[LI_SET_MAX];	/* owned; last: see there */
};

/* The keeper's own members of a command or late. */
struct own {
	bool allowed;
	const char *rule;
	size_t rule_len;
	struct cover_row cover[LAW_COVERS_MAX];
	size_t covers_n;
	bool has_covers, has_line;
	uint8_t line[DIGEST_LEN];
	uint64_t to;
};

/* state.c */
struct map_key state_key(const struct state *, enum tab, const void *, size_t);
struct map_key state_key2(const struct state *, enum tab, uint64_t,
    const void *, size_t);
uint32_t state_find(const struct state *, enum tab, const char *);
uint32_t state_find_index(const struct state *, enum tab, uint64_t);
bool state_in_force(const struct state *, const struct revision *, utc_us);

/* state_said.c */
#define EFFECTS_MAX	64	/* of one object, between two answers */
int state_said_command(struct state_command *, const struct scan *, bool,
    struct cu_why *);
int state_take_said(struct state *, enum record_kind, uint64_t, utc_us,
    uint32_t, uint64_t, uint64_t, struct cu_why *);
struct object *state_object_get(struct state *, uint32_t, bool, const char *,
    bool);
int state_fold(struct state *, struct object *, uint64_t);
void state_history(const struct state *, const struct object *,
    struct law_set *, struct law_history *);

/* state_act.c */
int state_take_act(struct state *, uint64_t, utc_us, const struct record_act *,
    struct cu_why *);

/* state_facts.c */
int state_check_command(struct state *, const struct state_command *,
    const struct own *, const char *, utc_us, struct cu_why *);
/* Since when no bound warrant covers the task (UTC_MAX: one does), and when
 * that may change. */
utc_us state_over(const struct state *, const struct object *, utc_us,
    utc_us *);

/* state_audit.c */
int state_take_answer(struct state *, enum record_kind, uint64_t, utc_us,
    uint32_t, uint64_t, uint64_t, struct cu_why *);
int state_spool_empty(struct state *, uint32_t, uint64_t, utc_us);

/* state_find.c: findings */
enum finding_type {
	F_TASK_UNKNOWN = 1, F_TASK_ALTERED, F_TASK_MODIFIED_ASIDE,
	F_TASK_OVERDUE, F_TASK_MISSING, F_TASK_FLICKER, F_DESTINATION_UNKNOWN,
	F_DESTINATION_ALTERED, F_ELEMENT_SILENT, F_ELEMENT_IDENTITY,
	F_COMMAND_REFUSED, F_COMMAND_IN_DOUBT, F_STOP_UNACKNOWLEDGED,
	F_STOP_UNRECORDED, F_DECISION_DIVERGES, F_APPROVAL_SELF, F_ACT_REFUSED,
	F_CLOCK_STEP, F_BEAT_MISSING, F_N
};
extern const char *const state_finding_types[F_N];
enum severity { SEV_NOTICE = 1, SEV_WARNING, SEV_CRITICAL, SEV_N };
/* Queue one that follows from entry ${from}; `key` is of (type, ...). */
int state_pend(struct state *, enum finding_type, enum severity, const char *,
    uint32_t, uint32_t, const struct object *, uint64_t, utc_us, uint64_t,
    const char *);
/* The note of a command in doubt (by its outcome) that was settled. */
int state_pend_settled(struct state *, uint64_t, uint64_t, utc_us);
/* task.missing, or the note that it has lasted for `missing_after`. */
int state_pend_missing(struct state *, const struct object *, bool, uint64_t,
    utc_us);
int state_take_finding(struct state *, uint64_t, utc_us, const uint32_t *,
    struct cu_why *);
int state_timed(struct state *, utc_us);
/* Is from the last entry to then more than a keeper that runs lets pass? */
bool state_leaps(const struct state *, utc_us);
void state_due_at(struct state *, utc_us);
/* An entry stands that is no finding: what is overdue was passed over. */
void state_passed_over(struct state *);
void state_unpend(struct state *, enum finding_type, uint32_t, const char *);
#endif /* !STATE_INT_H_ */
