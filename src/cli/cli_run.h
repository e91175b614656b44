/* src/cli/cli_run.h: the processes of an operator's folder, run as children */
#ifndef CLI_RUN_H_
#define CLI_RUN_H_
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "home/home.h"

#define CLI_RUNS_MAX	16

struct cli_running {
	char name[64], dir[PATH_MAX];
	enum home_role role;
	pid_t pid;		/* 0: has ended */
};
struct cli_runs {
	struct cli_running v[CLI_RUNS_MAX];
	size_t n;
};

/** cli_run_all(runs, dir): Start every home below ${dir}, keeper first, and
 * wait until it serves.  0, or -1 after saying why and stopping all. */
int cli_run_all(struct cli_runs *, const char *);

/** cli_run_start(runs, dir, role): Start one home.  0, or -1. */
int cli_run_start(struct cli_runs *, const char *, enum home_role);

/** cli_run_stop(runs): End all, the keeper last. */
void cli_run_stop(struct cli_runs *);

/** cli_run_find(runs, name): By the folder's name, or NULL. */
struct cli_running *cli_run_find(struct cli_runs *, const char *);

/** cli_run_below(at, dir, name, denied): Is there a home at dir/name?  Its path
 * in ${at}; ${denied} is set where we may not look. */
bool cli_run_below(char[PATH_MAX], const char *, const char *, bool *);

/** cli_run_watch(runs): Until Ctrl-C; names what dies; then stops all. */
int cli_run_watch(struct cli_runs *);
#endif /* !CLI_RUN_H_ */
