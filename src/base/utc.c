/* src/base/utc.c: times as microseconds since 1970, and their one spelling */
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include "base/utc.h"

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t
days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return (era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468);
}

static bool
leap(int y)
{
	return (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

int
utc_civil_valid(int y, int mon, int d, int h, int min, int s)
{
	static const int len[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (y < 1970 || y > 9999 || mon < 1 || mon > 12 || d < 1)
		return (0);
	if (d > len[mon - 1] + (mon == 2 && leap(y)))
		return (0);
	return (h >= 0 && h < 24 && min >= 0 && min < 60 && s >= 0 && s < 60);
}

utc_us
utc_from_civil(int y, int mon, int d, int h, int min, int s, int us)
{
	return ((((days(y, mon, d) * 24 + h) * 60 + min) * 60 + s) *
	    UTC_SECOND + us);
}

void
utc_text(char out[UTC_LEN + 1], utc_us t)
{
	time_t s = (time_t)(t / UTC_SECOND);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(out, UTC_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
	    (unsigned int)(tm.tm_year + 1900) % 10000,
	    (unsigned int)(tm.tm_mon + 1) % 100, (unsigned int)tm.tm_mday % 100,
	    (unsigned int)tm.tm_hour % 100, (unsigned int)tm.tm_min % 100,
	    (unsigned int)tm.tm_sec % 100,
	    (unsigned int)(t % UTC_SECOND) % 1000000);
}

/* Read ${n} digits at ${s}; -1 if one is not. */
static int
digits(const char *s, int n)
{
	int v = 0;

	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return (-1);
		v = v * 10 + (*s - '0');
	}
	return (v);
}

int
utc_parse(const char *s, size_t n, utc_us *t)
{
	int y, mon, d, h, min, sec, us;

	if (n != UTC_LEN || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
	    s[13] != ':' || s[16] != ':' || s[19] != '.' || s[26] != 'Z')
		return (-1);
	y = digits(s, 4);
	mon = digits(s + 5, 2);
	d = digits(s + 8, 2);
	h = digits(s + 11, 2);
	min = digits(s + 14, 2);
	sec = digits(s + 17, 2);
	us = digits(s + 20, 6);
	if (us < 0 || !utc_civil_valid(y, mon, d, h, min, sec))
		return (-1);
	*t = utc_from_civil(y, mon, d, h, min, sec, us);
	return (0);
}

static utc_us
now(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ((utc_us)ts.tv_sec * UTC_SECOND + ts.tv_nsec / 1000);
}

utc_us
utc_now(void)
{
	return (now(CLOCK_REALTIME));
}

utc_us
utc_mono(void)
{
	return (now(CLOCK_MONOTONIC));
}
