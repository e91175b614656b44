/* src/keeper/test-keeper_clock.c: a clock that steps is not believed */
#include "check.h"
#include "keeper/keeper_clock.h"

#define S UTC_SECOND
#define T0 (1000000 * S)

static utc_us
take(struct keeper_clock *c, utc_us wall)
{
	keeper_clock_took(c, keeper_clock_next(c, wall));
	return (c->last);
}

static void
times_only_rise(void)
{
	struct keeper_clock c;

	keeper_clock_init(&c, T0);
	CHECK(take(&c, T0) == T0 + 1);
	CHECK(take(&c, T0 - 9 * S) == T0 + 2);
	CHECK(take(&c, T0 + S) == T0 + S);
}

static void
a_step_back_holds_until_passed(void)
{
	struct keeper_clock c;

	keeper_clock_init(&c, T0);
	CHECK(!keeper_clock_look(&c, T0 - 5 * S, 0));
	CHECK(keeper_clock_look(&c, T0 - 5 * S - 1, 1));
	CHECK(keeper_clock_look(&c, T0 - S, 4 * S));
	CHECK(keeper_clock_look(&c, T0 - 1, 5 * S));
	CHECK(!keeper_clock_look(&c, T0, 5 * S));
}

static void
entries_written_meanwhile_do_not_lengthen_it(void)
{
	struct keeper_clock c;

	keeper_clock_init(&c, T0);
	CHECK(keeper_clock_look(&c, T0 - 60 * S, 0));
	keeper_clock_settle(&c, T0 - 60 * S, 0);
	CHECK(!keeper_clock_look(&c, T0 - 59 * S, S));
	CHECK(take(&c, T0 - 59 * S) == T0 + 1);
	CHECK(!keeper_clock_look(&c, T0 - 58 * S, 2 * S));
	CHECK(keeper_clock_look(&c, T0 - 68 * S, 3 * S));
}

static void
a_jump_forward_holds_until_undone_or_settled(void)
{
	struct keeper_clock c;

	keeper_clock_init(&c, T0);
	CHECK(!keeper_clock_look(&c, T0, 0));
	CHECK(!keeper_clock_look(&c, T0 + 3600 * S, 0));
	keeper_clock_init(&c, T0);
	CHECK(!keeper_clock_look(&c, T0, 0));
	CHECK(keeper_clock_look(&c, T0 + 3600 * S + 1, 0));
	CHECK(keeper_clock_look(&c, T0 + 3700 * S, 60 * S));
	CHECK(!keeper_clock_look(&c, T0 + 70 * S, 70 * S));
	CHECK(keeper_clock_look(&c, T0 + 9000 * S, 80 * S));
	keeper_clock_settle(&c, T0 + 9000 * S, 80 * S);
	CHECK(!keeper_clock_look(&c, T0 + 9001 * S, 81 * S));
}

static void
time_that_passes_is_no_jump(void)
{
	struct keeper_clock c;
	utc_us t;

	keeper_clock_init(&c, T0);
	for (t = 0; t < 100 * 3600 * S; t += 1800 * S)
		CHECK(!keeper_clock_look(&c, T0 + t, t));
	/* Nobody looked for two hours. */
	CHECK(!keeper_clock_look(&c, T0 + t + 7200 * S, t + 7200 * S));
}

int
main(void)
{
	CHECK_RUN(times_only_rise);
	CHECK_RUN(a_step_back_holds_until_passed);
	CHECK_RUN(entries_written_meanwhile_do_not_lengthen_it);
	CHECK_RUN(a_jump_forward_holds_until_undone_or_settled);
	CHECK_RUN(time_that_passes_is_no_jump);
	return (check_done());
}
