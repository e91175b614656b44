/* src/base/utc.h: times as microseconds since 1970, and their one spelling */
#ifndef UTC_H_
#define UTC_H_
#include <stddef.h>
#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z, without leap seconds. */
typedef int64_t utc_us;

#define UTC_LEN		27	/* YYYY-MM-DDThh:mm:ss.ffffffZ */
#define UTC_SECOND	((utc_us)1000000)
#define UTC_MAX		INT64_C(253402300799999999)	/* end of year 9999 */

/** utc_text(out, t): Write UTC_LEN characters and a NUL (0 <= t <= UTC_MAX). */
void utc_text(char[UTC_LEN + 1], utc_us);

/** utc_parse(s, n, t): Read exactly that spelling.  0, or -1. */
int utc_parse(const char *, size_t, utc_us *);

/** utc_from_civil(y, mon, d, h, min, s, us): No checks; for parsers. */
utc_us utc_from_civil(int, int, int, int, int, int, int);

/** utc_civil_valid(y, mon, d, h, min, s): Does this moment exist? */
int utc_civil_valid(int, int, int, int, int, int);

/** utc_now(): The real-time clock. */
utc_us utc_now(void);

/** utc_mono(): CLOCK_MONOTONIC in microseconds: for deadlines only. */
utc_us utc_mono(void);
#endif /* !UTC_H_ */
