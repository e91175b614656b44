/* src/sim/sim_store.h: what a simulated element holds, and what it tells */
#ifndef SIM_STORE_H_
#define SIM_STORE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "li/li_task.h"

/* A task as the element runs it. */
struct sim_task {
	struct li_task task;
	uint64_t changes;	/* numberOfModifications */
	utc_us changed;		/* timeOfLastModification, or LI_TIME_NONE */
	/* What its answers leave out. */
	bool hidden;		/* it is never told */
	bool flicker, shown;	/* it is told every other time */
	bool bare;		/* told without its targets */
};

/* All arrays are sorted by id. */
struct sim_store {
	struct sim_task *task;
	size_t task_n, task_cap;
	struct sim_task *ended;		/* stopped, kept for restore-ended */
	size_t ended_n, ended_cap;
	struct li_destination *dest;
	size_t dest_n, dest_cap;
};

void sim_store_fini(struct sim_store *);

/** sim_store_task(s, xid), sim_store_dest(s, did): Borrow it, or NULL. */
struct sim_task *sim_store_task(struct sim_store *, const char *);
struct li_destination *sim_store_dest(struct sim_store *, const char *);

/**
 * sim_store_add(s, task), sim_store_add_dest(s, dest):
 * Keep a copy.  0; CU_EEXIST, CU_ELIMIT (SIM_TASKS_MAX), CU_ENOMEM.
 */
int sim_store_add(struct sim_store *, const struct li_task *);
int sim_store_add_dest(struct sim_store *, const struct li_destination *);

/** sim_store_change(t, task, now): Replace its content; counted if ${now}. */
int sim_store_change(struct sim_task *, const struct li_task *, utc_us);

/** sim_store_end(s, xid, keep): Take a task away; ${keep} it for later. */
int sim_store_end(struct sim_store *, const char *, bool);

/** sim_store_back(s): Ended tasks return, as from an old backup. */
int sim_store_back(struct sim_store *);

/** sim_store_drop_dest(s, did): 0 or CU_ENOENT. */
int sim_store_drop_dest(struct sim_store *, const char *);

/** sim_store_user(s, did): Borrow the first XID that uses it, or NULL. */
const char *sim_store_user(const struct sim_store *, const char *);

/** sim_store_clear(s): Forget all, as after a restart without a store. */
void sim_store_clear(struct sim_store *);
#endif /* !SIM_STORE_H_ */
