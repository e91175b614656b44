/* src/keeper/keeper.h: what the files of the keeper share */
#ifndef KEEPER_H_
#define KEEPER_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "home/home.h"
#include "keeper/keeper_clock.h"
#include "net/net_link.h"
#include "record/record_entry.h"
#include "record/record_vault.h"
#include "tlog/tlog_note.h"

struct buf;
struct cu_why;
struct journal;
struct keeper;
struct keeper_log;
struct keeper_peer;
struct net_loop;
struct net_signal;
struct net_timer;
struct net_tls;
struct sign_key;
struct state;

#define KEEPER_VERSION	"0.1.0"
#define KEEPER_BUILD	"custos 0.1.0"
#define KEEPER_HEARD_US	(10 * UTC_SECOND)	/* formats 7 */
#define KEEPER_TICK_US	UTC_SECOND
#define KEEPER_PEERS_MAX 64
#define KEEPER_SNAPSHOTS 64	/* whose items a start looks at again */
#define KEEPER_FINDINGS	64	/* written before the loop looks around */

/*
 * Everything runs in one thread.  A request is decided, applied to the tables
 * and queued for the log in one call, so that decisions stand in the order of
 * their entries; its answer waits in ${waiting} until its entry is released.
 */
struct keeper {
	struct home *home;
	struct net_loop *loop;
	struct journal *journal;
	struct record_vault *vault;
	struct sign_key *log_secret, *instance_key;
	struct tlog_key log_key;
	struct keeper_log *log;
	struct state *state;
	const char *instance;		/* borrowed from the home */

	uint64_t start, n;		/* this start; own entries within it */
	uint64_t recovered, dropped;
	struct keeper_clock clock;
	bool held;			/* the clock is not believed */
	bool heard;			/* formats 7: signing may begin */
	utc_us heard_by;		/* of utc_mono: it begins anyway */

	struct keeper_added {
		char id[TEXT_ID_MAX + 1];
		uint64_t index;
	} *adds;			/* each `element add` */
	size_t adds_n;
	/* The newest snapshots, until the tables were reopened. */
	uint64_t snapshot[KEEPER_SNAPSHOTS];
	size_t snapshots_n;

	struct net_link_conf conf;	/* what the server says it is */
	uint8_t genesis[DIGEST_LEN];
	struct net_link_server *server;
	struct net_tls *tls;		/* of those at addresses */
	struct net_link_server *remote[HOME_LISTS_MAX];
	struct keeper_peer *peers;
	unsigned int peers_n;
	struct keeper_wait *waiting;
	size_t waiting_n, waiting_cap;

	struct net_timer *tick, *beat, *findings;
	struct net_signal *term, *interrupt;
	int status;			/* exit code, once the loop stops */
	bool ending;
	bool contradicted;	/* nothing more may be written */

	/* Refusals of acts within the present second (formats 11). */
	utc_us refusals_since;
	int64_t refusals;
};

/** keeper_end(k, status): Stop the loop; the first status stays. */
void keeper_end(struct keeper *, int);

/* ---- keeper_open.c: from the home to live tables ----------------------- */

struct keeper_pass {
	char *text;		/* owned, wiped; NULL: none was given */
	size_t len;
};

/**
 * keeper_open(k, pass, why):
 * Lock, open keys, journal and vault, replay the tables, reopen what is
 * sealed.  ${k} is zero but for its home.  0, or CU_E* with everything that
 * was opened left for keeper_close.
 */
int keeper_open(struct keeper *, const struct keeper_pass *, struct cu_why *);
void keeper_close(struct keeper *);

/** keeper_keys(k, pass, why): The signing keys and the log's public key. */
int keeper_keys(struct keeper *, const struct keeper_pass *, struct cu_why *);
/** keeper_vault(k, pass, create, why): Open (or first make) the vault. */
int keeper_vault(struct keeper *, const struct keeper_pass *, bool,
    struct cu_why *);
/** keeper_create(k, pass, file, why): Entry 0 from an act file; prints the
 * genesis digest. */
int keeper_create(struct keeper *, const struct keeper_pass *, const char *,
    struct cu_why *);
/** keeper_check(k, pass, b): Complaints, a line each.  How many. */
unsigned int keeper_check(struct keeper *, const struct keeper_pass *,
    struct buf *);

/* ---- keeper_run.c: the running process --------------------------------- */

extern const struct keeper_log_ops keeper_log_ops;
/** keeper_run(k): Serve until it ends.  Return the exit code. */
int keeper_run(struct keeper *);
/** keeper_look_at_clock(k): Has the clock stepped?  Sets ${held}; a step is a
 * finding. */
void keeper_look_at_clock(struct keeper *);
/** keeper_heard(k): Look whether signing may begin. */
void keeper_heard(struct keeper *);
/**
 * keeper_note_check(k, note, len):
 * A checkpoint that somebody shows.  0: ours holds it, or it is none of our
 * key (then CU_EDENIED); CU_ESTATE: it is signed by our key and our tree does
 * not contain it: it was kept in log/contradiction and the process ends.
 */
int keeper_note_check(struct keeper *, const char *, size_t);

/* ---- keeper_entry.c: entries ------------------------------------------- */

/* Under what a disclosure is sealed. */
struct keeper_seal {
	char scope[RECORD_SCOPE_MAX + 1];
	enum record_class class;
};

/* What is to become an entry; all borrowed. */
struct keeper_entry {
	enum record_kind kind;
	const struct record_act *act;	/* or NULL */
	const char *said;		/* or NULL; then these count: */
	size_t said_len;
	struct record_sig sig;
	struct record_source source;
	const char *own;		/* the keeper's members, or NULL */
	size_t own_len;
	const struct record_sds *sds;	/* sorted; or NULL */
	const struct keeper_seal *seal;	/* one for each */
};

/** keeper_now(k): The time that an entry taken now would have. */
utc_us keeper_now(struct keeper *);

/**
 * keeper_entry_add(k, e, time, index, why):
 * Seal, write the line, apply it to the tables, queue it for the log.
 * ${time} is what keeper_now said.  0 with ${index}; a CU_E* that refuses it,
 * nothing written.  What cannot be undone ends the process.
 */
int keeper_entry_add(struct keeper *, const struct keeper_entry *, utc_us,
    uint64_t *, struct cu_why *);

/** keeper_own(k, kind, members): An entry of our own without disclosures. */
int keeper_own(struct keeper *, enum record_kind, const struct buf *);

/**
 * keeper_seal_by(seal, name, owner, time):
 * The scope and class of a disclosure of that name (entries.md, "Sealing
 * keys").
 */
void keeper_seal_by(struct keeper_seal *, const char *,
    const struct record_owner *, utc_us);

/** keeper_unseal(k, index, sds): Append the disclosures of a durable entry,
 * opened with the vault.  0, CU_ENOENT (none), CU_E*. */
int keeper_unseal(struct keeper *, uint64_t, struct record_sds *);

/* ---- keeper_peer.c: connections ---------------------------------------- */

struct keeper_peer {
	struct keeper_peer *next;
	struct keeper *keeper;
	struct net_link *link;
	unsigned int role, use;		/* enum net_role, net_use; 0: none */
	char instance[TEXT_ID_MAX + 1];	/* "": the command line */
	uint64_t start;
	bool proved;
	uint64_t welcome_at;		/* say hello when that is durable */
	bool welcomed;

	/* use follow */
	bool following;
	uint64_t next_index, head_size;
};

int keeper_listen(struct keeper *, struct cu_why *);
/** keeper_peers_moved(k): Welcome and stream to whom it is time. */
void keeper_peers_moved(struct keeper *);
/** keeper_peers_look(k): End the connections of what is not registered. */
void keeper_peers_look(struct keeper *);
/** keeper_peer_find(k, instance): Its live, proved connection for talk. */
struct keeper_peer *keeper_peer_find(struct keeper *, const char *);

/* ---- answers that wait -------------------------------------------------- */

#define KEEPER_RULE_MAX	64

struct keeper_wait {
	struct keeper_peer *peer;
	uint64_t id, index;
	enum keeper_answer {
		KEEPER_DECIDED = 1, KEEPER_KEPT, KEEPER_REFUSED
	} what;
	bool allowed, again;
	char rule[KEEPER_RULE_MAX];
	char why[256];			/* of REFUSED */
};

/** keeper_wait(k, w): Answer when ${w}->index is released.  Copies. */
void keeper_wait(struct keeper *, const struct keeper_wait *);
/** keeper_wait_like(k, peer, id, index): A report came again. */
void keeper_wait_like(struct keeper *, struct keeper_peer *, uint64_t,
    uint64_t);
void keeper_wait_gone(struct keeper *, const struct keeper_peer *);
void keeper_wait_moved(struct keeper *);

/* ---- requests ----------------------------------------------------------- */

/** keeper_follow_start(p, from), keeper_follow_pump(p): keeper_follow.c. */
void keeper_follow_start(struct keeper_peer *, uint64_t);
void keeper_follow_pump(struct keeper_peer *);

/* keeper_report.c, keeper_command.c, keeper_act.c, keeper_ask.c */
void keeper_report(struct keeper_peer *, const struct net_msg *);
void keeper_act(struct keeper_peer *, const struct net_msg *);
void keeper_ask(struct keeper_peer *, const struct net_msg *);
void keeper_audit(struct keeper_peer *, const struct net_msg *);
/** keeper_ask_beat(k, gate): Ask that gate for a beat at once. */
void keeper_ask_beat(struct keeper *, const char *);

/* A report whose form, signature and disclosures hold. */
struct keeper_report {
	struct keeper_peer *peer;
	uint64_t id;			/* of the request */
	enum record_kind kind;
	uint64_t start, n;
	const char *said;
	size_t said_len;
	const struct jv *v;		/* ${said}, read */
	struct record_sig sig;
	struct record_sds *sds;		/* sorted */
	struct record_sd *sd;		/* the same, read */
	struct keeper_seal *seal;	/* to be filled */
};
/** keeper_command(k, r): Decide a command, or take a late. */
void keeper_command(struct keeper *, struct keeper_report *);
/** keeper_report_add(k, r, own, time, wait): Add it, and let its answer wait.
 * 0, or CU_E* with an error answered. */
int keeper_report_add(struct keeper *, struct keeper_report *,
    const struct buf *, utc_us, struct keeper_wait *);
/** keeper_narrower(k, element, sd): Show the tables an item of a snapshot. */
void keeper_narrower(struct keeper *, uint64_t, const struct record_sd *);
/** keeper_error(p, id, rc, why): Answer a CU_E* as an error. */
void keeper_error(struct keeper_peer *, uint64_t, int, const struct cu_why *);

/* ---- keeper_finding.c ---------------------------------------------------- */

/** keeper_findings(k): Write what follows from the entries and is not in the
 * log yet. */
void keeper_findings(struct keeper *);

/**
 * keeper_finding_act(k, self, holder, act, index):
 * A refused act that carries a registered key's signature.  0 with ${index};
 * CU_ESTATE: the rate rule leaves it out; CU_E*.
 */
int keeper_finding_act(struct keeper *, bool, const char *,
    const struct record_act *, uint64_t *);
/** keeper_finding_clock(k): The clock has stepped. */
void keeper_finding_clock(struct keeper *);
#endif /* !KEEPER_H_ */
