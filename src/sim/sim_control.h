/* src/sim/sim_control.h: the socket by which a simulated element is told */
#ifndef SIM_CONTROL_H_
#define SIM_CONTROL_H_
#include <stddef.h>

struct buf;
struct cu_why;
struct net_loop;
struct sim_control;

/*
 * A line of words in, lines out, the last of which is `ok` or `no` and why;
 * any number of times on a connection.  It is a simulator: whoever may open
 * the socket (0660) may tell.
 */

/** A handler: append lines to ${out}; 0, or CU_E* with the reason. */
typedef int sim_control_fn(void *, const char *, size_t, struct buf *,
    struct cu_why *);

/** sim_control_create(out, loop, path, fn, cookie, why): Serve at ${path}. */
int sim_control_create(struct sim_control **, struct net_loop *, const char *,
    sim_control_fn *, void *, struct cu_why *);
void sim_control_free(struct sim_control *);

/**
 * sim_control_say(path, line, out, why):
 * The other end: say one line (without LF), wait at most 10 s.  Return 0 for
 * `ok`, 1 for `no` (the reason in ${why}); CU_EIO, CU_ETIME.
 */
int sim_control_say(const char *, const char *, struct buf *, struct cu_why *);
#endif /* !SIM_CONTROL_H_ */
