/* src/x1/x1_command.h: writing requests that change something, and answers */
#ifndef X1_COMMAND_H_
#define X1_COMMAND_H_
#include "x1/x1_msg.h"

struct buf;

/*
 * Everything is a fresh encoding of the decoded value, never received bytes:
 * UTF-8, one declaration, default namespace X1, prefix c for TS 103 280,
 * time stamps in UTC with six digits.  All of it is valid by the schema.
 */

/**
 * x1_request_write(b, msgs, n):
 * Append one X1Request with the ${n} messages (every type but generic
 * objects).  Return 0; CU_ESTATE if one was not understood or has parts that
 * cannot be written (rest, a generic object); the error of ${b}.
 */
int x1_request_write(struct buf *, const struct x1_msg *, size_t);

/**
 * x1_top_level_write(b, admf, ne, stamp, version):
 * Append a whole X1TopLevelErrorResponse.
 */
int x1_top_level_write(struct buf *, const char *, const char *, utc_us,
    const char *);

/*
 * An X1Response is written in steps, so that long lists need no memory:
 *
 *	x1_writer_init(&w, b);
 *	x1_writer_answer(&w, &a);	once per message
 *	x1_writer_item(&w, &item);	its items, tasks before destinations
 *	rc = x1_writer_end(&w);
 *
 * Errors are kept and returned by x1_writer_end: CU_ESTATE for an item out of
 * order or one that cannot be written, or the error of the buffer.
 */
struct x1_writer {
	struct buf *b;
	enum x1_op op;		/* of the open message, or NONE */
	int section;		/* which of its lists is open */
	size_t n;
	int rc;
};

/** x1_writer_init(w, b): ${b} is borrowed until x1_writer_end. */
void x1_writer_init(struct x1_writer *, struct buf *);

/**
 * x1_writer_answer(w, a): An ErrorResponse of op NONE (a request of no type of
 * X1) names ExtendedRequestMessageType, since the schema wants some name.
 */
void x1_writer_answer(struct x1_writer *, const struct x1_answer *);
void x1_writer_item(struct x1_writer *, const struct x1_item *);
int x1_writer_end(struct x1_writer *);
#endif /* !X1_COMMAND_H_ */
