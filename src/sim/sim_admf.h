/* src/sim/sim_admf.h: a simulated ADMF: requests out, answers printed */
#ifndef SIM_ADMF_H_
#define SIM_ADMF_H_
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "x1/x1_msg.h"

struct buf;
struct cu_why;
struct net_loop;
struct net_tls;
struct sim_call;

#define SIM_BATCH_MAX	64	/* messages of one container here */

/* Who speaks to whom; borrowed. */
struct sim_admf_conf {
	const char *admf, *ne;
	unsigned int dialect;	/* X1_DIALECT_STAMP: as a real ADMF writes:
				 * three digits, no Content-Type */
};

/** sim_admf_words(): The words it knows, as lines for a usage message. */
const char *sim_admf_words(void);

/**
 * sim_admf_build(body, conf, argc, argv, now, why):
 * Append the request container that the words say: `activate XID KIND=VALUE...
 * --did DID...`, several joined by `--then`.  Return 0; CU_EMALFORMED with the
 * word; CU_ENOMEM.
 */
int sim_admf_build(struct buf *, const struct sim_admf_conf *, int, char **,
    utc_us, struct cu_why *);

/* What came of it; the exit codes of `custos-sim admf`. */
enum sim_told {
	SIM_TOLD_OK = 0,	/* every message acknowledged or answered */
	SIM_TOLD_REFUSED = 1,	/* an error answer among them */
	SIM_TOLD_FAILED = 3	/* no X1 answer */
};

/**
 * sim_admf_tell(out, status, body, len):
 * Append one line per message of an answer, and one per item of its lists.
 */
enum sim_told sim_admf_tell(struct buf *, int, const void *, size_t);

/**
 * sim_call_create(out, loop, url, tls, dialect, body, len, wait, fn, cookie,
 * why):
 * POST a copy of the body once, and call fn(cookie, status, body, len, why)
 * with the answer, or with status 0 and the reason; then the call is gone.  0;
 * CU_EMALFORMED (the URL), CU_ENOMEM.
 */
typedef void sim_call_fn(void *, int, const void *, size_t, const char *);
int sim_call_create(struct sim_call **, struct net_loop *, const char *,
    struct net_tls *, unsigned int, const void *, size_t, utc_us,
    sim_call_fn *, void *, struct cu_why *);
/** sim_call_free(c): End it without a word. */
void sim_call_free(struct sim_call *);

/**
 * sim_admf_answer(conf, body, len, now, out, told):
 * Append the answer of an ADMF to what an element sends on its own, and a
 * line per message to ${told}.  0, CU_ENOMEM, CU_ELIMIT.
 */
int sim_admf_answer(const struct sim_admf_conf *, const void *, size_t,
    utc_us, struct buf *, struct buf *);

/**
 * sim_admf_send(loop, url, tls, conf, body, len, wait, out, why):
 * POST the body once and tell the answer in ${out}, running ${loop} until
 * then, at most ${wait} us.  Return as sim_admf_tell; SIM_TOLD_FAILED with the
 * reason.
 */
enum sim_told sim_admf_send(struct net_loop *, const char *, struct net_tls *,
    const struct sim_admf_conf *, const void *, size_t, utc_us, struct buf *,
    struct cu_why *);
#endif /* !SIM_ADMF_H_ */
