/* src/gate/gate.h: what the files of the gate share */
#ifndef GATE_H_
#define GATE_H_
#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/text.h"
#include "base/utc.h"
#include "crypto/cert.h"
#include "gate/gate_machine.h"
#include "gate/gate_rate.h"
#include "gate/gate_register.h"
#include "gate/gate_said.h"
#include "gate/gate_spool.h"
#include "gate/gate_words.h"
#include "home/home.h"
#include "home/home_notebook.h"
#include "law/law.h"
#include "net/net_link.h"
#include "record/record_act.h"
#include "record/record_log.h"
#include "tlog/tlog_note.h"
#include "x1/x1_decode.h"
#include "x1/x1_command.h"

struct gate;
struct gate_ask;
struct net_loop;
struct net_signal;
struct net_timer;
struct net_tls;
struct state;
struct state_command;
struct x1http_call;
struct x1http_peer;
struct x1http_req;
struct x1http_server;

#define GATE_VERSION	"0.1.0"
#define GATE_BUILD	"custos 0.1.0"

#define GATE_NOTEBOOK_US	(10 * UTC_SECOND)	/* formats 13 */
#define GATE_LINK_WAIT		(60 * UTC_SECOND)	/* of one request */
#define GATE_HEAD_RETRY		UTC_SECOND
#define GATE_VOID_BRAKE		(GATE_VOID_MAX / 2)	/* numbers lost */
#define GATE_CONNS_MAX		1024	/* of one address we listen at */
#define GATE_TELL_MAX		20	/* lines a second on what strangers do */
#define GATE_PACE_HOLD		(UTC_SECOND / 20)
#define GATE_STOP_WAIT		(2 * UTC_SECOND)
#define GATE_LEAVES_MAX		(8U << 20)	/* entries ahead of a head */

/* One HTTP request: a container of messages, answered as one. */
struct gate_box {
	struct gate *g;
	unsigned int refs;
	struct x1http_req *req;		/* NULL once answered */
	bool from_element;
	struct x1_request *x1;		/* owned */
	size_t at;			/* the message under way */
	struct cert *cert;		/* owned */
	uint8_t pin[DIGEST_LEN];
	struct buf answer;
	struct x1_writer w;
};

/* One message, from its arrival until its outcome is followed. */
struct gate_msg {
	TAILQ_ENTRY(gate_msg) q;
	uint64_t id;
	enum gate_class class;
	struct gate_box *box;		/* NULL: nobody waits */
	const struct x1_msg *x1;	/* borrowed from box */
	bool late;			/* it went by the spool */

	/* what is said of it; strings of ${said} borrow from here */
	struct gate_said said;
	char requester[TEXT_ID_MAX + 1], element[TEXT_ID_MAX + 1];
	uint8_t pin[DIGEST_LEN];
	struct record_sds sds;
	struct buf sent;		/* the single-message container */
	struct state_command *command;	/* what law reads */
	bool narrowing;

	/* its report: command, late or report */
	char *text;
	size_t text_len;
	struct record_sig sig;
	uint64_t n, late_n, request;	/* numbers; 0: none */
	uint64_t index;			/* entry of the command */
	utc_us entry_time;
	char rule[64];			/* of the keeper */

	/* its outcome */
	struct gate_result out;
	char mine_rule[64];
	struct record_sds out_sds;
	char *out_text;
	size_t out_len;
	struct record_sig out_sig;
	uint64_t out_n;
	bool out_kept;			/* the keeper says so */

	utc_us pace_at;			/* may leave from then; 0: not asked */
	utc_us release_by;		/* of utc_mono: dead after it; 0: none */
	struct x1http_call *call;
	void *sending;			/* its cookie, while under way */
	uint8_t *answer;		/* body of the element's answer */
	size_t answer_len;
};
TAILQ_HEAD(gate_msgs, gate_msg);

/* What was seen in an entry that no checked head covers yet. */
struct gate_seen {
	uint64_t index, id;
	enum gate_event_kind kind;	/* FOLLOWED, CLOSED; 0: held (revoke) */
	enum gate_verdict verdict;
	bool allowed;
	utc_us time;
	char mine_rule[64];
	bool mine_allowed;
	bool leaves;	/* refused, but our law allows it by our clock */
};

/* A pool towards one registration as one identity. */
struct gate_pool {
	TAILQ_ENTRY(gate_pool) q;
	uint64_t index;			/* of the registration */
	size_t identity;
	bool takes;			/* for what takes away alone */
	struct x1http_peer *peer;
	utc_us next;			/* pace: a second's worth is used up */
	enum cert_rule rule;		/* how its certificate names it */
	enum cert_side side;
	char id[TEXT_ID_MAX + 1], name[CERT_NAME_MAX + 1];
};
TAILQ_HEAD(gate_pools, gate_pool);

struct gate {
	struct home *home;
	const struct home_conf *conf;
	int dirfd, spool_dirfd;
	struct net_loop *loop;		/* set before gate_start: borrowed */
	bool loop_owned;
	struct net_timer *tick, *beat, *sync, *end;
	struct net_signal *term, *interrupt;
	int status;			/* exit code */
	bool ending, stop_said;
	utc_us end_by;
	utc_us told;			/* strangers: lines since then */
	unsigned int told_n;

	/* who we are */
	struct sign_key *key;
	char key_id[RECORD_KEY_ID_LEN + 1];
	char genesis[2 * DIGEST_LEN + 1];
	struct record_log log;
	struct home_notebook book;
	struct gate_words words;

	struct gate_machine *m;
	bool draining;
	struct gate_msgs msgs;
	uint64_t next_id;
	struct gate_spool *spool;
	uint64_t head_index;		/* entry of the spool's head, or NONE */
	bool head_asked;
	bool head_wait;		/* the keeper's answer to it is to come */
	struct gate_register *reg;
	struct gate_rate rate;

	/* following */
	struct state *st;
	struct net_link *follow;
	struct net_link_conf follow_conf;
	struct tlog_range range;	/* checked against a signed head */
	uint8_t root[DIGEST_LEN];	/* its root */
	char note[HOME_NOTE_MAX];	/* its note */
	uint8_t (*leaf)[DIGEST_LEN];	/* followed, not yet checked */
	size_t leaves_n, leaves_cap;
	struct tlog_key log_key;
	bool has_log_key;
	struct gate_seen *seen;
	size_t seen_n, seen_cap;
	uint64_t judged;		/* own entries below were seen */
	uint64_t old_size;		/* what the notebook knew before */
	uint8_t old_root[DIGEST_LEN];
	bool held_due;			/* a revoke or retire was followed */

	/* talking */
	struct net_link *talk;
	TAILQ_HEAD(, gate_ask) asks;	/* open requests of ours */
	struct net_link_conf talk_conf;
	bool up, ready, contradicted, started;
	bool settled;			/* what former starts left */
	bool beat_due, beat_asked, beat_out;
	uint64_t beat_ask;		/* request of the keeper, 0: none */
	struct gate_ask *again;		/* a start or beat: goes again as it is */
	bool again_due, again_out;
	uint64_t tls_refused, refused;

	/* X1 */
	struct x1http_server *server[HOME_LISTS_MAX];
	struct net_tls *server_tls, *own_tls, *identity[HOME_LISTS_MAX];
	struct net_tls *keeper_tls;	/* NULL: at a socket */
	struct gate_pools pools;
	unsigned int forwards;

	struct net_link_server *direct;
	struct net_link_conf direct_conf;
};

/* ---- gate_core.c: the machine and what it asks for ---------------------- */

/** gate_step(g, ev): Give the machine an event, do what it asks for. */
int gate_step(struct gate *, struct gate_event);
/** gate_event(g, kind, id): The same of an event that is no more than that. */
void gate_event(struct gate *, enum gate_event_kind, uint64_t);
/** gate_waits(g): Tell the machine the waits of yaml and rules. */
void gate_waits(struct gate *, struct gate_waits *);

/* ---- gate_msg.c --------------------------------------------------------- */

int gate_msg_create(struct gate *, struct gate_msg **);
void gate_msg_free(struct gate *, struct gate_msg *);
struct gate_msg *gate_msg_find(struct gate *, uint64_t);
/** gate_msg_number(g, n): Whose command, or outcome, is number ${n}? */
struct gate_msg *gate_msg_command(struct gate *, uint64_t);
struct gate_msg *gate_msg_outcome(struct gate *, uint64_t);
struct gate_msg *gate_msg_late(struct gate *, uint64_t);
struct gate_box *gate_box_ref(struct gate_box *);
void gate_box_unref(struct gate_box *);

/* ---- gate_front.c: X1 requests come in, answers go out ------------------ */

void gate_front_request(void *, struct x1http_req *);
void gate_front_refused(void *, const char *, const char *);
/** gate_front_bad(g, address, status): x1http_server's on_bad. */
void gate_front_bad(void *, const char *, int);
/** gate_front_say(g, m, act): Tell the sender of ${m}, go on with its box. */
void gate_front_say(struct gate *, struct gate_msg *, const struct gate_act *);
/** gate_front_next(box): Take the next message of the container. */
void gate_front_next(struct gate_box *);
/** gate_front_again(g, m): A narrowing that was spoiled: by the spool. */
void gate_front_again(struct gate *, struct gate_msg *);

/* ---- gate_answer.c: the answer to one message --------------------------- */

/** gate_answer_read(g, m): Take the element's answer apart into ${m}->out.
 * GATE_WHY_NONE, or why it is none. */
enum gate_why gate_answer_read(struct gate *, struct gate_msg *);
/* Into the box: the element's answer, our acknowledgement, our error. */
void gate_answer_element(struct gate_msg *);
void gate_answer_ok(struct gate_box *, const struct x1_msg *);
void gate_answer_error(struct gate_box *, const struct x1_msg *, int64_t,
    const char *);
enum law_type gate_law_type(enum x1_op);

/* ---- gate_law.c: what the gate itself decides --------------------------- */

/** gate_law_prepare(g, m): Class, key and may_spool of a new command. */
void gate_law_prepare(struct gate *, struct gate_msg *, struct gate_event *,
    char[GATE_KEY_MAX]);
/** gate_law_refuses(g, m): Do the gate's newest tables refuse it? */
bool gate_law_refuses(struct gate *, struct gate_msg *);
/** gate_law_judge(g, m, ...): Compare with the keeper's entry, which the
 * tables stand just before. */
void gate_law_judge(struct gate *, struct gate_msg *, const void *, size_t,
    utc_us, struct gate_seen *);
/** gate_law_last(g, m): The last check. */
enum gate_why gate_law_last(struct gate *, struct gate_msg *);

/* ---- gate_follow.c ------------------------------------------------------ */

extern const struct net_link_ops gate_follow_ops;
/** gate_follow_size(g): Entries under a checked head. */
uint64_t gate_follow_size(const struct gate *);
/** gate_follow_sync(g): Notebook to the checked head.  0, CU_E*. */
int gate_follow_sync(struct gate *);
/** gate_follow_start(g): Empty tables, from entry 0; not ready until they stand
 * where the keeper does. */
int gate_follow_start(struct gate *);

/* ---- gate_talk.c -------------------------------------------------------- */

extern const struct net_link_ops gate_talk_ops;
/** gate_talk_try(g): Is the keeper proved, and enough followed? */
void gate_talk_try(struct gate *);
/** gate_contradict(g, why): Do not speak to this keeper any more. */
void gate_contradict(struct gate *, const char *);
/**
 * gate_talk_unanswered(g):
 * What was offered and has no answer is void as far as is known, before a
 * record that goes to the spool draws its number: its fate may be known only
 * when hundreds of records stand behind it.
 */
void gate_talk_unanswered(struct gate *);
/**
 * gate_talk_draws(g):
 * A report is about to draw its number.  Where many are void it names also what
 * is under way, or waits to go again, with what that names: that may be refused
 * and this be taken, and then nobody would have named them in time.
 */
void gate_talk_draws(struct gate *);
int gate_sign(struct gate *, enum record_kind, uint64_t, uint64_t,
    const char *, size_t, struct record_sig *);
void gate_talk_offer(struct gate *, struct gate_msg *);
void gate_talk_outcome(struct gate *, struct gate_msg *);
/** gate_talk_self(g): A start or beat that is due, when it may be said. */
void gate_talk_self(struct gate *);
/** gate_talk_stop(g): Say `stop`, which closes the account of this start: no
 * report is offered behind it.  Its answer ends the loop. */
int gate_talk_stop(struct gate *);
/** gate_talk_close(g): End the connection for good. */
void gate_talk_close(struct gate *);
/** gate_talk_report(g, kind, start, n, text, len, sig, sds, fn, cookie). */
int gate_talk_send(struct gate *, enum net_kind, uint64_t, uint64_t,
    const char *, size_t, const struct record_sig *, const struct record_sds *,
    net_answer_fn *, void *);

/* ---- gate_late.c: the spool's records made and offered ------------------ */

int gate_late_spool(struct gate *, struct gate_msg *);
int gate_late_outcome(struct gate *, struct gate_msg *);
int gate_late_report(struct gate *, struct gate_msg *);
void gate_late_offer(struct gate *);
/** gate_late_look(g): Does the log hold the head?  Then it goes. */
void gate_late_look(struct gate *);
/** gate_late_names(g, n): Does a late in the spool name this start's request
 * ${n}? */
bool gate_late_names(struct gate *, uint64_t);
/** gate_late_settle(g): Once in a start: what the former one left open. */
void gate_late_settle(struct gate *);
/** gate_late_overlay(g): Let the last check see the acts of the spool. */
void gate_late_overlay(struct gate *);
/** gate_late_act(g, file, len): Spool an act that was taken directly. */
int gate_late_act(struct gate *, const char *, size_t);
/** gate_outcome_text(g, m): Make, number and sign its outcome once. */
int gate_late_sign_outcome(struct gate *, struct gate_msg *);

/* ---- gate_ne.c: towards the elements ------------------------------------ */

void gate_ne_send(struct gate *, struct gate_msg *);
/** gate_ne_pace(g, m): May it leave now, by the pace of its element? */
bool gate_ne_pace(struct gate *, struct gate_msg *);
/** gate_ne_forward(g, box, msg): An element's report, to its ADMFs. */
void gate_ne_forward(struct gate *, const struct gate_reg *,
    const struct x1_msg *);
void gate_ne_free(struct gate *);

/* ---- gate_report.c: what elements send on their own --------------------- */

void gate_report_next(struct gate_box *);

/* ---- gate_direct.c: run/gate.sock --------------------------------------- */

int gate_direct_listen(struct gate *, struct cu_why *);

/* ---- gate_run.c --------------------------------------------------------- */

struct cu_why;
/**
 * gate_open(g, dir, why): Home, keys, notebook, spool, certificates.  ${g} is
 * zero, but where gate_start says otherwise.  On failure gate_close is due.
 */
int gate_open(struct gate *, const char *, struct cu_why *);
/** gate_start(g, why): Listen, and look for the keeper. */
int gate_start(struct gate *, struct cu_why *);
/** gate_run(g): Start, and serve until it ends.  Return the exit code. */
int gate_run(struct gate *);
void gate_close(struct gate *);
/** gate_sync_soon(g): The head moved. */
void gate_sync_soon(struct gate *);
#endif /* !GATE_H_ */
