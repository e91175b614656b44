/* src/journal/journal_sync.c: a thread that writes and syncs */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/err.h"
#include "base/io.h"
#include "journal/journal_sync.h"

/* Jobs stand in ${job} as in a ring: ended ones, then those still to do. */
struct journal_sync {
	struct io *io;
	bool in_line, threaded;
	int event;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t given, done;
	/* Below: under ${lock}. */
	bool quit;
	struct journal_job job[JOURNAL_SYNC_DEPTH];
	int rc[JOURNAL_SYNC_DEPTH];
	unsigned int first, ended, to_do;
	bool failed;
};

int
journal_sync_do(struct io *io, const struct journal_job *job)
{
	unsigned int i;
	int rc;

	for (i = 0; i < job->before_n; i++)
		if (io->fsync(io, job->before[i]) != 0)
			return (CU_EIO);
	if (job->p != NULL)
		rc = io_pwrite(io, job->fd, job->p, job->len, job->offset);
	else if ((rc = io_zero(io, job->fd, job->offset,
	    job->offset + job->len)) != 0 &&
	    (errno == ENOSPC || errno == EDQUOT))
		return (CU_ELIMIT);
	return (rc != 0 || io->fdatasync(io, job->fd) != 0 ? CU_EIO : 0);
}

/* Do the oldest job.  Called and left with the lock held. */
static void
run(struct journal_sync *s)
{
	unsigned int at = (s->first + s->ended) % JOURNAL_SYNC_DEPTH;
	struct journal_job job = s->job[at];
	uint64_t one = 1;
	int rc = CU_EIO;

	if (!s->failed) {
		pthread_mutex_unlock(&s->lock);
		rc = journal_sync_do(s->io, &job);
		pthread_mutex_lock(&s->lock);
	}
	/* The counter cannot overflow: it is read at each end. */
	if (write(s->event, &one, sizeof(one)) != sizeof(one))
		rc = CU_EIO;
	s->failed = rc == CU_EIO;
	s->rc[at] = rc;
	s->to_do--;
	s->ended++;
}

static void *
thread_main(void *cookie)
{
	struct journal_sync *s = cookie;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->to_do == 0 && !s->quit)
			pthread_cond_wait(&s->given, &s->lock);
		if (s->to_do == 0)
			break;
		run(s);
		/* Woken with the lock free: it need not sleep again. */
		pthread_mutex_unlock(&s->lock);
		pthread_cond_signal(&s->done);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return (NULL);
}

int
journal_sync_create(struct journal_sync **out, struct io *io, bool in_line)
{
	sigset_t all, old;
	struct journal_sync *s;
	int rc;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->io = io;
	s->in_line = in_line;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->given, NULL);
	pthread_cond_init(&s->done, NULL);
	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (s->event < 0) {
		journal_sync_free(s);
		return (CU_EIO);
	}
	if (!in_line) {
		/* Signals are the loop's. */
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, &old);
		rc = pthread_create(&s->thread, NULL, thread_main, s);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (rc != 0) {
			journal_sync_free(s);
			return (CU_ENOMEM);
		}
		s->threaded = true;
	}
	*out = s;
	return (0);
}

void
journal_sync_free(struct journal_sync *s)
{
	if (s == NULL)
		return;
	if (s->threaded) {
		pthread_mutex_lock(&s->lock);
		s->quit = true;
		pthread_cond_signal(&s->given);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->event >= 0)
		close(s->event);
	pthread_cond_destroy(&s->given);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
journal_sync_fd(const struct journal_sync *s)
{
	return (s->event);
}

void
journal_sync_start(struct journal_sync *s, const struct journal_job *job)
{
	pthread_mutex_lock(&s->lock);
	s->job[(s->first + s->ended + s->to_do) % JOURNAL_SYNC_DEPTH] = *job;
	s->to_do++;
	if (s->in_line)
		run(s);
	pthread_mutex_unlock(&s->lock);
	if (!s->in_line)
		pthread_cond_signal(&s->given);
}

bool
journal_sync_done(struct journal_sync *s, bool wait, int *rc)
{
	uint64_t one;
	bool ended;

	pthread_mutex_lock(&s->lock);
	while (wait && s->ended == 0)
		pthread_cond_wait(&s->done, &s->lock);
	if ((ended = s->ended > 0)) {
		*rc = s->rc[s->first];
		s->first = (s->first + 1) % JOURNAL_SYNC_DEPTH;
		s->ended--;
		if (read(s->event, &one, sizeof(one)) < 0)
			*rc = CU_EIO;
	}
	pthread_mutex_unlock(&s->lock);
	return (ended);
}
