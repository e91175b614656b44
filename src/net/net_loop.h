/* src/net/net_loop.h: one loop per process: timers, signals, descriptors */
#ifndef NET_LOOP_H_
#define NET_LOOP_H_
#include <stdbool.h>
#include "base/utc.h"

/*
 * Everything runs in the thread that calls net_loop_run.  A callback may free
 * the object that called it, and any other.
 */
struct net_loop;
struct net_timer;
struct net_watch;
struct net_signal;

#define NET_READ	1U
#define NET_WRITE	2U

/**
 * net_loop_create(out): Return an owned loop.  0, or CU_EIO.
 * From then on the process ignores SIGPIPE, and may open as many descriptors
 * as its hard limit allows.
 */
int net_loop_create(struct net_loop **);
/** net_loop_free(l): What was made with ${l} must be freed before. */
void net_loop_free(struct net_loop *);

/** net_loop_run(l): Serve until net_loop_stop.  0, or CU_EIO. */
int net_loop_run(struct net_loop *);
/** net_loop_stop(l): Make net_loop_run return after the current callback. */
void net_loop_stop(struct net_loop *);
/** net_loop_step(l, ms): Serve what comes within ${ms}, at most one round. */
int net_loop_step(struct net_loop *, unsigned int);

/** net_timer_create(out, l, fn, cookie): An owned one-shot timer, not set. */
int net_timer_create(struct net_timer **, struct net_loop *, void (*)(void *),
    void *);
void net_timer_free(struct net_timer *);
/**
 * net_timer_set(t, us): Fire once, ${us} from now (CLOCK_MONOTONIC), instead
 * of what was set.  With 0 it fires before the loop waits again: that is how a
 * call is put off until the present callback has returned.
 */
void net_timer_set(struct net_timer *, utc_us);
/** net_timer_at(t, deadline): Fire at ${deadline} of utc_mono. */
void net_timer_at(struct net_timer *, utc_us);
void net_timer_clear(struct net_timer *);
bool net_timer_is_set(const struct net_timer *);

/**
 * net_watch_create(out, l, fd, fn, cookie):
 * Call fn(cookie, what) while ${fd} (borrowed) is ready for what
 * net_watch_set asked for (nothing at first).  Level-triggered.
 */
int net_watch_create(struct net_watch **, struct net_loop *, int,
    void (*)(void *, unsigned int), void *);
void net_watch_free(struct net_watch *);
/** net_watch_set(w, what): NET_READ, NET_WRITE, both, or 0. */
int net_watch_set(struct net_watch *, unsigned int);

/** net_signal_create(out, l, signo, fn, cookie): Call fn(cookie, signo). */
int net_signal_create(struct net_signal **, struct net_loop *, int,
    void (*)(void *, int), void *);
void net_signal_free(struct net_signal *);
#endif /* !NET_LOOP_H_ */
