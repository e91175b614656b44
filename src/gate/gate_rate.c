/* Refusals per peer and second. */
#include <string.h>
#include "gate/gate_rate.h"

static int
find(const struct gate_rate *r, const uint8_t *pin)
{
	unsigned int i;

	for (i = 0; i < r->peers_n; i++)
		if (memcmp(r->peer[i].pin, pin, DIGEST_LEN) == 0)
			return ((int)i);
	return (-1);
}

bool
gate_rate_over(const struct gate_rate *r, const uint8_t pin[DIGEST_LEN],
    utc_us now, int64_t limit)
{
	int i = find(r, pin);

	return (i >= 0 && now - r->peer[i].since < UTC_SECOND &&
	    r->peer[i].n >= limit);
}

void
gate_rate_refused(struct gate_rate *r, const uint8_t pin[DIGEST_LEN],
    utc_us now)
{
	unsigned int i, oldest = 0;
	int at = find(r, pin);

	if (at < 0 && r->peers_n < GATE_RATE_PEERS) {
		at = (int)r->peers_n++;
		r->peer[at].since = now;
		r->peer[at].n = 0;
	} else if (at < 0) {
		for (i = 1; i < r->peers_n; i++)
			if (r->peer[i].since < r->peer[oldest].since)
				oldest = i;
		at = (int)oldest;
		r->peer[at].since = now;
		r->peer[at].n = 0;
	}
	memcpy(r->peer[at].pin, pin, DIGEST_LEN);
	if (now - r->peer[at].since >= UTC_SECOND) {
		r->peer[at].since = now;
		r->peer[at].n = 0;
	}
	r->peer[at].n++;
}
