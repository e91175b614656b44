/* src/keeper/keeper_clock.h: entry times, and when the clock is not believed */
#ifndef KEEPER_CLOCK_H_
#define KEEPER_CLOCK_H_
#include <stdbool.h>
#include <stdint.h>
#include "base/utc.h"

/*
 * Pure (formats 11).  Entry times only rise.  A clock that stands more than
 * KEEPER_CLOCK_BACK behind the last entry, or that went forward by more than
 * KEEPER_CLOCK_AHEAD beside the monotonic one, is not believed: nothing
 * starts or widens until that has passed, or until an overseer's act.
 */
#define KEEPER_CLOCK_BACK	(5 * UTC_SECOND)
#define KEEPER_CLOCK_AHEAD	(3600 * UTC_SECOND)

struct keeper_clock {
	utc_us last;		/* time of the last entry; 0: none */
	utc_us mark;		/* what the clock must not be behind */
	utc_us base_wall, base_mono;	/* what the clock is measured by */
	bool based;
	bool behind, ahead;
};

/** keeper_clock_init(c, last): ${last} is the log's newest time, or 0. */
void keeper_clock_init(struct keeper_clock *, utc_us);

/**
 * keeper_clock_look(c, wall, mono):
 * Compare the clocks.  Return true if the clock is not believed.
 */
bool keeper_clock_look(struct keeper_clock *, utc_us, utc_us);

/** keeper_clock_next(c, wall): The time that an entry would have now. */
utc_us keeper_clock_next(const struct keeper_clock *, utc_us);

/** keeper_clock_took(c, time): An entry of that time was taken. */
void keeper_clock_took(struct keeper_clock *, utc_us);

/**
 * keeper_clock_settle(c, wall, mono):
 * An overseer has said that the clock is right: believe it from here on,
 * although the last entry's time may lie ahead of it.
 */
void keeper_clock_settle(struct keeper_clock *, utc_us, utc_us);
#endif /* !KEEPER_CLOCK_H_ */
