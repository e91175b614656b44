/* bench/bench_log.h: a keeper's home whose log is long, real and quiet */
#ifndef BENCH_LOG_H_
#define BENCH_LOG_H_
#include <stdbool.h>
#include <stdint.h>

struct cu_why;

/*
 * The log of one operator under load: 32 elements behind one gate, asked by
 * one auditor each minute; ten entries a second; 2,000 tasks at a time.  Of
 * ten commands one starts a task, one stops the oldest, three ask a task's
 * details, four ping, and the tenth pings or narrows a task; of two hundred
 * one is for a number that no warrant names.  A warrant comes every 500
 * entries.  Every act and report is signed, every value sealed, every decision
 * made by `law`; findings stand where they follow.
 */
#define BENCH_ELEMENTS	32
#define BENCH_TASKS	2000
#define BENCH_TICK_US	100000		/* between two entries */

/**
 * bench_log_make(dir, entries, why):
 * Make the home of a keeper in ${dir}, which is new, with a log of at least
 * ${entries} entries that ends at the present time.  0, or CU_E*.
 */
int bench_log_make(const char *, uint64_t, struct cu_why *);
#endif /* !BENCH_LOG_H_ */
