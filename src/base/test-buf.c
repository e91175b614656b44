/* src/base/test-buf.c: growing, limits, and the error that sticks */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"

static void
grows_and_keeps_a_nul(void)
{
	struct buf b;
	size_t i, len;
	uint8_t *p;

	buf_init(&b, 10000);
	CHECK_STR(buf_text(&b), "");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "%zu,", i % 10);
	CHECK(b.rc == 0 && b.len == 2000 && b.p[2000] == '\0');
	buf_drop(&b, 1996);
	CHECK_STR(buf_text(&b), "8,9,");
	buf_be(&b, 3, 0x414243);
	CHECK_STR(buf_text(&b), "8,9,ABC");
	p = buf_take(&b, &len);
	CHECK(p != NULL && len == 7 && b.len == 0);
	free(p);
	p = buf_take(&b, &len);
	CHECK(p != NULL && len == 0);
	free(p);
}

static void
stops_at_its_limit_and_stays_there(void)
{
	struct buf b;

	buf_init(&b, 4);
	buf_str(&b, "1234");
	CHECK(b.rc == 0);
	buf_ch(&b, '5');
	CHECK(b.rc == CU_ELIMIT && b.len == 4);
	buf_drop(&b, 4);
	buf_ch(&b, '5');
	CHECK(b.rc == CU_ELIMIT && b.len == 0);
	buf_reset(&b);
	buf_ch(&b, '5');
	CHECK(b.rc == 0 && b.len == 1);
	buf_wipe(&b);
}

int
main(void)
{
	CHECK_RUN(grows_and_keeps_a_nul);
	CHECK_RUN(stops_at_its_limit_and_stays_there);
	return (check_done());
}
