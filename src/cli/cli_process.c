/* src/cli/cli_process.c: starting, watching and ending our own processes */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/utc.h"
#include "cli/cli.h"
#include "cli/cli_process.h"

static void
pause_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

/* In the child: become the program, or say why not. */
static void
become(const char *const *argv)
{
	execv(argv[0], (char *const *)(uintptr_t)argv);
	cli_fail(CLI_FAILED, "%s: %s", argv[0], strerror(errno));
	_exit(CLI_FAILED);
}

static int
exit_code(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (CLI_FAILED);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED);
}

int
cli_process_wait(const char *const *argv)
{
	pid_t pid;

	if ((pid = fork()) == 0)
		become(argv);
	if (pid == -1)
		return (cli_fail(CLI_FAILED, "fork: %s", strerror(errno)));
	return (exit_code(pid));
}

pid_t
cli_process_start(const char *const *argv, const char *log)
{
	pid_t pid, parent = getpid();
	int fd;

	if ((pid = fork()) == -1)
		cli_fail(CLI_FAILED, "fork: %s", strerror(errno));
	if (pid != 0)
		return (pid);
	/* A key typed at our terminal is for us; we end our children. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	if (log != NULL) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd == -1)
			_exit(CLI_FAILED);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	become(argv);
	return (-1);
}

int
cli_process_output(const char *const *argv, char *out, size_t cap)
{
	size_t len = 0;
	ssize_t k;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) != 0 || (pid = fork()) == -1)
		return (cli_fail(CLI_FAILED, "%s: %s", argv[0],
		    strerror(errno)));
	if (pid == 0) {
		dup2(fd[1], STDOUT_FILENO);
		become(argv);
	}
	close(fd[1]);
	while ((k = read(fd[0], out + len, cap - 1 - len)) > 0)
		len += (size_t)k;
	out[len] = '\0';
	close(fd[0]);
	return (exit_code(pid));
}

bool
cli_process_alive(pid_t pid)
{
	return (waitpid(pid, NULL, WNOHANG) == 0);
}

bool
cli_process_stop(pid_t pid, int signo, unsigned int ms)
{
	utc_us until = utc_mono() + (utc_us)ms * 1000;
	int status;
	pid_t got;

	kill(pid, signo);
	while ((got = waitpid(pid, &status, WNOHANG)) == 0 &&
	    utc_mono() < until)
		pause_ms(10);
	if (got == pid)
		return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return (false);
}

bool
cli_process_listens(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool yes;
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return (false);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (false);
	yes = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	close(fd);
	return (yes);
}

bool
cli_process_ready(const char *path, pid_t pid, unsigned int ms)
{
	utc_us until = utc_mono() + (utc_us)ms * 1000;

	while (!cli_process_listens(path)) {
		if (!cli_process_alive(pid) || utc_mono() > until)
			return (false);
		pause_ms(20);
	}
	return (true);
}
