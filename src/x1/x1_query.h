/* src/x1/x1_query.h: writing the requests that change nothing */
#ifndef X1_QUERY_H_
#define X1_QUERY_H_
#include "x1/x1_msg.h"

struct buf;

/*
 * All that a process needs to ask: Get*, ListAllDetails, Ping, Keepalive.
 * What can change an element is in x1_command.h, in a library of its own, so
 * that the auditor can be linked without it.
 */

/**
 * x1_query_write(b, op, head, id):
 * Append a whole X1Request with one query.  ${id} is the XID of
 * GetTaskDetails, the DID of GetDestinationDetails, else NULL.  Return 0;
 * CU_EDENIED if ${op} is no query; the error of ${b}.
 */
int x1_query_write(struct buf *, enum x1_op, const struct x1_head *,
    const char *);
#endif /* !X1_QUERY_H_ */
