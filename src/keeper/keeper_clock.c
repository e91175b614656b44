/* src/keeper/keeper_clock.c: entry times, and when the clock is not believed */
#include "keeper/keeper_clock.h"

void
keeper_clock_init(struct keeper_clock *c, utc_us last)
{
	*c = (struct keeper_clock){ .last = last, .mark = last };
}

bool
keeper_clock_look(struct keeper_clock *c, utc_us wall, utc_us mono)
{
	utc_us due;

	if (!c->based) {
		c->base_wall = wall;
		c->base_mono = mono;
		c->based = true;
	}
	/* Where the clock should be had it only run on since the base. */
	due = c->base_wall + (mono - c->base_mono);
	c->ahead = wall > due + KEEPER_CLOCK_AHEAD;
	/*
	 * A step back ends when the last entry's time is reached, not five
	 * seconds before: entries in between would share one moment.
	 */
	if (c->behind)
		c->behind = wall < c->mark;
	else
		c->behind = wall < c->mark - KEEPER_CLOCK_BACK;
	if (!c->ahead && !c->behind && wall >= due) {
		/* Slow drift is no jump. */
		c->base_wall = wall;
		c->base_mono = mono;
	}
	return (c->behind || c->ahead);
}

utc_us
keeper_clock_next(const struct keeper_clock *c, utc_us wall)
{
	return (wall > c->last ? wall : c->last + 1);
}

void
keeper_clock_took(struct keeper_clock *c, utc_us time)
{
	/* One microsecond on is our own doing and says nothing of the clock. */
	if (time > c->last + 1)
		c->mark = time;
	c->last = time;
}

void
keeper_clock_settle(struct keeper_clock *c, utc_us wall, utc_us mono)
{
	c->base_wall = c->mark = wall;
	c->base_mono = mono;
	c->based = true;
	c->behind = c->ahead = false;
}
