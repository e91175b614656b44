/* src/sim/sim_ne.h: a simulated network element, honest until told to lie */
#ifndef SIM_NE_H_
#define SIM_NE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "x1/x1_msg.h"

struct buf;
struct cert;
struct cu_why;
struct sim_ne;

/*
 * Its store and its answers, without sockets or a clock: X1 bytes in, X1 bytes
 * out.  It keeps to TS 103 221-1 (codes of clause 6.7, one response per
 * request, counters) unless sim_ne_tell has said otherwise.
 */
#define SIM_TASKS_MAX	200000	/* tasks, destinations: of one element */
#define SIM_LINE_MAX	4096	/* bytes of a line of the control socket */

/* How answers leave: read by the server, which alone has sockets. */
struct sim_manner {
	bool silent;		/* no answer at all */
	bool garbage;		/* bytes that are no X1 */
	bool cut;		/* half of the answer, then the end */
	unsigned int slow_ms;	/* wait before it */
	int status;		/* HTTP status, or 0 for 200 */
	char to[X1_ID_MAX + 1];	/* towards this requester only; "": to all */
};

/** sim_ne_create(out, id): An empty element with that neIdentifier. */
int sim_ne_create(struct sim_ne **, const char *);
void sim_ne_free(struct sim_ne *);

/** sim_ne_manner(ne): Borrow how its answers leave. */
const struct sim_manner *sim_ne_manner(const struct sim_ne *);

/** sim_ne_manner_for(ne, cert): The same towards this requester, or NULL. */
const struct sim_manner *sim_ne_manner_for(void *, const struct cert *);

/**
 * sim_ne_answer(ne, body, len, cert, now, out):
 * Append the answer to a request body, which may be anything.  ${cert} is the
 * requester's (identity per message, clause 8.2.4); NULL: not looked at.
 * Return 0; CU_ENOMEM, CU_ELIMIT: there is no answer.
 */
int sim_ne_answer(struct sim_ne *, const void *, size_t, const struct cert *,
    utc_us, struct buf *);

/**
 * sim_ne_tell(ne, line, len, now, out, why):
 * Do one thing that an operator, a thief or a fault would do to it; the words
 * are those of custos-sim(8).  What is asked for (list) is appended as
 * lines.  Return 0; CU_EMALFORMED (no such word, wrong words), CU_ENOENT or
 * CU_EEXIST (of an XID or DID), CU_ELIMIT, CU_ENOMEM.
 */
int sim_ne_tell(struct sim_ne *, const char *, size_t, utc_us, struct buf *,
    struct cu_why *);

/**
 * sim_ne_report(ne, admf, line, len, now, body, why):
 * Append the request by which it reports to ${admf} what the line says
 * (report-task, report-destination, report-ne).  0; CU_EMALFORMED, CU_ENOMEM;
 * CU_ENOENT: the line is no such word.
 */
int sim_ne_report(struct sim_ne *, const char *, const char *, size_t, utc_us,
    struct buf *, struct cu_why *);

/**
 * sim_three_digits(b, from):
 * Cut each time stamp behind ${from} from six fraction digits to three, as
 * real peers write them (dialect stamp).
 */
void sim_three_digits(struct buf *, size_t);
#endif /* !SIM_NE_H_ */
