/*
 * test/e2e/clockstep.c: preloaded into a process under test, it moves the
 * real-time clock by the seconds that stand in the file $CLOCKSTEP.  There is
 * no other way to show a running program a clock that steps.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t, struct timespec *);

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *path = getenv("CLOCKSTEP");
	long seconds;
	FILE *f;
	int rc;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if ((rc = real(id, ts)) != 0 || id != CLOCK_REALTIME ||
	    path == NULL || (f = fopen(path, "r")) == NULL)
		return (rc);
	if (fscanf(f, "%ld", &seconds) == 1)
		ts->tv_sec += seconds;
	fclose(f);
	return (0);
}
