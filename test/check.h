/* test/check.h: the smallest thing that is a test: cases, checks, TAP lines */
#ifndef CHECK_H_
#define CHECK_H_
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 *	static void some_case(void) { CHECK(1 + 1 == 2); }
 *	int main(void) { CHECK_RUN(some_case); return (check_done()); }
 *
 * A failed check prints its place and fails the case; the case goes on.
 */
static int check_n, check_bad, check_bad_n;
static const char *check_skipped;

#define CHECK(e) ((e) ? 1 : (check_failed(__FILE__, __LINE__, #e), 0))
#define CHECK_STR(a, b) check_str(__FILE__, __LINE__, (a), (b))
#define CHECK_MEM(a, b, n) CHECK(memcmp((a), (b), (n)) == 0)
/* As CHECK, naming the row of a table. */
#define CHECK_ROW(e, name) ((e) ? 1 :					\
	(printf("# row %s\n", (name)),					\
	check_failed(__FILE__, __LINE__, #e), 0))
/* As CHECK, but nothing after it in this function makes sense without it. */
#define REQUIRE(e) do { if (!CHECK(e)) return; } while (0)
#define CHECK_RUN(f) check_run(#f, f)

static inline void
check_failed(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	check_bad = 1;
}

static inline int
check_str(const char *file, int line, const char *a, const char *b)
{
	if (a != NULL && b != NULL && strcmp(a, b) == 0)
		return (1);
	printf("# got  %s\n# want %s\n", a ? a : "NULL", b ? b : "NULL");
	check_failed(file, line, "texts differ");
	return (0);
}

/* Leave the rest of a case out: what it needs is not on this machine. */
static inline void
check_skip(const char *why)
{
	check_skipped = why;
}

static inline void
check_run(const char *name, void (*f)(void))
{
	check_bad = 0;
	check_skipped = NULL;
	f();
	printf("%sok %d - %s%s%s\n", check_bad ? "not " : "", ++check_n, name,
	    check_skipped ? " # SKIP " : "", check_skipped ? check_skipped : "");
	fflush(stdout);
	check_bad_n += check_bad;
}

static inline int
check_done(void)
{
	printf("1..%d\n", check_n);
	return (check_bad_n != 0);
}
#endif /* !CHECK_H_ */
