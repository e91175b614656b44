/* src/x1/x1_decode.h: X1 requests and answers from untrusted bytes */
#ifndef X1_DECODE_H_
#define X1_DECODE_H_
#include <stddef.h>
#include <stdint.h>
#include "x1/x1_msg.h"

/*
 * One X1Request.  ${msgs} are in document order.  ${root} is the root's start
 * tag; it and each message's ${received} point into a copy that the request
 * owns.
 */
struct x1_request {
	struct x1_msg *msgs;
	size_t n;
	const uint8_t *root;
	size_t root_len;
	uint8_t *body;
};

/**
 * x1_request_decode(out, body, len, dialect, max, why):
 * Decode a request container of at most ${max} messages (the rule
 * `container`); ${dialect} holds the leniencies declared for its sender.
 * Return 0 with an owned ${out}, in which each message is understood or says
 * why not; with the reason if nothing can be answered but a top-level error:
 * CU_ELIMIT for too many messages, CU_EMALFORMED for bytes that are no safe
 * XML, another root, foreign children, or a message whose identifiers or
 * transaction id cannot be read; CU_ENOMEM.
 */
int x1_request_decode(struct x1_request **, const void *, size_t,
    unsigned int, size_t, struct cu_why *);

/** x1_request_free(r): Free ${r} and all its messages; NULL has no effect. */
void x1_request_free(struct x1_request *);

struct x1_response;		/* one body of an answer, read item by item */

/**
 * x1_response_open(out, body, len, dialect, why):
 * Take an answer apart as far as its container.  Return 0 with ${out} owned
 * (${body} is not needed afterwards); CU_EMALFORMED, CU_ELIMIT with the
 * reason; CU_ENOMEM.  What fails to open is never "no tasks".
 */
int x1_response_open(struct x1_response **, const void *, size_t,
    unsigned int, struct cu_why *);

/** x1_response_free(r): NULL has no effect. */
void x1_response_free(struct x1_response *);

/**
 * x1_response_top_level(r, head):
 * Is it an X1TopLevelErrorResponse?  Then its envelope (without transaction
 * id) is in ${head}, unless that is NULL, and there is no message.
 */
bool x1_response_top_level(const struct x1_response *, struct x1_head *);

/** x1_response_count(r): The number of its messages. */
size_t x1_response_count(const struct x1_response *);

/* x1_response_next, x1_response_item: nothing is left. */
#define X1_E_END	1

/**
 * x1_response_leniencies(r): X1_DIALECT_* without which what has been read of
 * it until now could not have been read, also of what then failed.
 */
unsigned int x1_response_leniencies(const struct x1_response *);

/**
 * x1_response_next(r, out, why):
 * Decode the next message up to its lists into ${out} (owned; x1_answer_fini).
 * Return 0; X1_E_END; CU_EMALFORMED or CU_ELIMIT with the reason if this
 * message cannot be understood (the next may be asked for); CU_ENOMEM.
 * An answer is complete only if every message and item of it was read and
 * none failed.
 */
int x1_response_next(struct x1_response *, struct x1_answer *,
    struct cu_why *);

/**
 * x1_response_item(r, out):
 * Decode the next item of the lists of the message last returned (owned;
 * x1_item_fini).  Return 0, also for one that was not understood (its form
 * says so); X1_E_END; CU_ENOMEM.
 */
int x1_response_item(struct x1_response *, struct x1_item *);

struct buf;

/**
 * x1_response_item_xml(r, b):
 * Append the item last returned as exclusive C14N without comments (as it is,
 * if it has a namespace for which there is none): what is kept of it.
 * Return 0, CU_ESTATE (no item), CU_ENOMEM.
 */
int x1_response_item_xml(struct x1_response *, struct buf *);

/**
 * x1_answer_matches(answer, head, op, why):
 * Does the answer belong to the request with envelope ${head} of type ${op}:
 * its own type or an error of it, same identifiers, same transaction id?
 * 0, or CU_EMALFORMED with what differs.
 */
int x1_answer_matches(const struct x1_answer *, const struct x1_head *,
    enum x1_op, struct cu_why *);
#endif /* !X1_DECODE_H_ */
