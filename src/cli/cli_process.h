/* src/cli/cli_process.h: starting, watching and ending our own processes */
#ifndef CLI_PROCESS_H_
#define CLI_PROCESS_H_
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** cli_process_wait(argv): Run a program to its end.  Its exit code, or
 * CLI_FAILED after saying why. */
int cli_process_wait(const char *const *);

/**
 * cli_process_start(argv, log):
 * Start a program that dies with us; its stderr and stdout go to the end of
 * the file ${log} (NULL: ours).  Its pid, or -1 after saying why.
 */
pid_t cli_process_start(const char *const *, const char *);

/** cli_process_output(argv, out, cap): As cli_process_wait, its stdout kept. */
int cli_process_output(const char *const *, char *, size_t);

/** cli_process_stop(pid, signo, ms): Send ${signo}, wait ${ms} at most, then
 * kill.  True if it ended by itself with exit code 0. */
bool cli_process_stop(pid_t, int, unsigned int);

/** cli_process_alive(pid): Is it still running?  (It is reaped if not.) */
bool cli_process_alive(pid_t);

/** cli_process_listens(path): Does something listen at that UNIX socket? */
bool cli_process_listens(const char *);
/** cli_process_ready(path, pid, ms): Wait until something listens at the UNIX
 * socket ${path}; false if ${pid} dies or time is over. */
bool cli_process_ready(const char *, pid_t, unsigned int);
#endif /* !CLI_PROCESS_H_ */
