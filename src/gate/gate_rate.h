/* src/gate/gate_rate.h: how often a peer was refused within a second; pure */
#ifndef GATE_RATE_H_
#define GATE_RATE_H_
#include <stdbool.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"

#define GATE_RATE_PEERS	256	/* beyond, the one longest quiet is forgotten */

/* Of each peer, known by its certificate: refusals since ${since}. */
struct gate_rate {
	struct {
		uint8_t pin[DIGEST_LEN];
		utc_us since;
		int64_t n;
	} peer[GATE_RATE_PEERS];
	unsigned int peers_n;
};

/**
 * gate_rate_over(r, pin, now, limit):
 * Has the peer been refused ${limit} times within the present second?  Then
 * the gate refuses it by itself (formats 11).
 */
bool gate_rate_over(const struct gate_rate *, const uint8_t[DIGEST_LEN],
    utc_us, int64_t);

/** gate_rate_refused(r, pin, now): Count one more. */
void gate_rate_refused(struct gate_rate *, const uint8_t[DIGEST_LEN], utc_us);
#endif /* !GATE_RATE_H_ */
