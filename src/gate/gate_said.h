/* src/gate/gate_said.h: what a gate says (docs/format/entries.md) */
#ifndef GATE_SAID_H_
#define GATE_SAID_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"
#include "record/record_sd.h"
#include "x1/x1_msg.h"

struct buf;

#define GATE_RECEIVED_MAX	4096	/* bytes kept of what has no form */
#define GATE_ANSWER_MAX		65536	/* bytes kept of an answer */
#define GATE_VOID_MAX		1024

/* The two members that only the moment of signing knows. */
struct gate_void {
	uint64_t number[GATE_VOID_MAX];	/* used, but no entry */
	size_t n;
	bool first;			/* first report of this start: */
	uint64_t last;			/* last number of the former */
};

/* What is known of one message before it is decided.  All borrowed. */
struct gate_said {
	const char *requester;		/* id of the registration, or NULL */
	const uint8_t *certificate;	/* digest, or NULL */
	const char *bound;		/* "urn", "uid", "cn", or NULL */
	uint64_t element;		/* entry index, or RECORD_NONE */
	const struct x1_msg *msg;	/* NULL: nothing could be read */
	const char *form;		/* NULL, or "form.*" */
	uint64_t size;			/* log size followed */
};

/**
 * gate_form_rule(m): The rule of a message that was not understood; NULL if it
 * was.
 */
const char *gate_form_rule(const struct x1_msg *);

/**
 * gate_said_sds(sds, in, root, root_len, received, received_len, sent):
 * Draw the disclosures of a command: of the bytes received, each target, the
 * address, and the bytes to be sent (NULL: none).  0, CU_ELIMIT, CU_ENOMEM.
 */
int gate_said_sds(struct record_sds *, const struct gate_said *, const void *,
    size_t, const void *, size_t, const struct buf *);

/** gate_said_command(b, in, sds, v): Append the said of a `command`; ${sds} is
 * sorted. */
void gate_said_command(struct buf *, const struct gate_said *,
    const struct record_sds *, const struct gate_void *);
/** gate_said_late(b, in, request, sds, v): Of a `late`; ${request} 0: null. */
void gate_said_late(struct buf *, const struct gate_said *, uint64_t,
    const struct record_sds *, const struct gate_void *);

/** gate_said_report(b, in, sds, v): Of a `report`. */
void gate_said_report(struct buf *, const struct gate_said *,
    const struct record_sds *, const struct gate_void *);

/* What became of a command. */
struct gate_result {
	const char *what;		/* "sent", "not sent", "in doubt" */
	const char *why;		/* or NULL */
	const char *mine_decision, *mine_rule;	/* where it diverges, or NULL */
	utc_us sent_at, answered_at;	/* 0: null */
	const char *answer;		/* or NULL */
	bool has_code;
	int64_t code;
	int http;			/* 0: null */
	bool has_certificate;
	uint8_t certificate[DIGEST_LEN];
	uint64_t checkpoint;		/* or RECORD_NONE */
	unsigned int leniencies;	/* X1_DIALECT_*, of the answer */
};

/** gate_said_outcome(b, command, r, sds, v): Of an `outcome`. */
void gate_said_outcome(struct buf *, uint64_t, const struct gate_result *,
    const struct record_sds *, const struct gate_void *);
/**
 * gate_said_outcome_rest(b, r, sds, v): All behind its member `command`, the
 * comma before it included; gate_said_outcome_join(b, command, rest, len) makes
 * the whole of it.
 */
void gate_said_outcome_rest(struct buf *, const struct gate_result *,
    const struct record_sds *, const struct gate_void *);
void gate_said_outcome_join(struct buf *, uint64_t, const char *, size_t);

/** gate_said_answer(sds, bytes, len, digest_only): The disclosure `answer`. */
int gate_said_answer(struct record_sds *, const void *, size_t, bool);

/* Of the gate itself. */
struct gate_self {
	const char *version, *build;
	const uint8_t *config;		/* digest */
	uint64_t size;
	uint8_t root[DIGEST_LEN];
	uint64_t spool, tls_refused, refused;
	bool spool_failed;
};
void gate_said_start(struct buf *, const struct gate_self *,
    const struct gate_void *);
void gate_said_stop(struct buf *, const struct gate_self *,
    const struct gate_void *);
void gate_said_beat(struct buf *, const struct gate_self *,
    const struct gate_void *);
#endif /* !GATE_SAID_H_ */
