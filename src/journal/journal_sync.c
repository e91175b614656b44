/* src/journal/journal_sync.c: the thread that writes and syncs */
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

struct journal_sync {
	struct io *io;
	bool in_line, threaded;
	int event;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	/* Below: under ${lock}. */
	bool quit, waiting, running;	/* a job waits; one is done now */
	struct journal_job job;
	bool ended;			/* a batch has, and was not asked for */
	int rc;
	uint64_t spare_to;
	bool spare_full;
	int spare_rc;
};

static int
do_batch(struct io *io, const struct journal_job *job)
{
	unsigned int i;

	for (i = 0; i < job->before_n; i++)
		if (io->fsync(io, job->before[i]) != 0)
			return (CU_EIO);
	if (io_pwrite(io, job->fd, job->p, job->len, job->offset) != 0 ||
	    io->fdatasync(io, job->fd) != 0)
		return (CU_EIO);
	return (0);
}

/* Zero a stretch of the spare.  0, CU_ELIMIT: no room, CU_EIO. */
static int
do_spare(struct io *io, const struct journal_job *job)
{
	if (io_zero(io, job->spare, job->spare_from, job->spare_to) != 0)
		return (errno == ENOSPC || errno == EDQUOT ? CU_ELIMIT :
		    CU_EIO);
	return (io->fdatasync(io, job->spare) != 0 ? CU_EIO : 0);
}

/* Called and left with the lock held. */
static void
run(struct journal_sync *s)
{
	struct journal_job job = s->job;
	uint64_t one = 1;
	int rc = 0;

	s->waiting = false;
	s->running = true;
	pthread_cond_broadcast(&s->cond);
	if (job.p != NULL) {
		pthread_mutex_unlock(&s->lock);
		rc = do_batch(s->io, &job);
		pthread_mutex_lock(&s->lock);
		s->rc = rc;
		s->ended = true;
		pthread_cond_broadcast(&s->cond);
		/* The counter cannot overflow: it is read at each end. */
		if (write(s->event, &one, sizeof(one)) != sizeof(one))
			s->rc = CU_EIO;
	}
	if (rc == 0 && job.spare >= 0) {
		pthread_mutex_unlock(&s->lock);
		rc = do_spare(s->io, &job);
		pthread_mutex_lock(&s->lock);
		s->spare_full = rc == CU_ELIMIT;
		if (rc == 0)
			s->spare_to = job.spare_to;
		else if (rc != CU_ELIMIT)
			s->spare_rc = rc;
	}
	s->running = false;
	pthread_cond_broadcast(&s->cond);
}

static void *
thread_main(void *cookie)
{
	struct journal_sync *s = cookie;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->waiting && !s->quit)
			pthread_cond_wait(&s->cond, &s->lock);
		if (!s->waiting)
			break;
		run(s);
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
	pthread_cond_init(&s->cond, NULL);
	if ((s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
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
		pthread_cond_broadcast(&s->cond);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->event >= 0)
		close(s->event);
	pthread_cond_destroy(&s->cond);
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
	/* A step of the spare may be waiting; never a batch. */
	while (s->waiting)
		pthread_cond_wait(&s->cond, &s->lock);
	s->job = *job;
	s->waiting = true;
	if (s->in_line)
		run(s);
	else
		pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

bool
journal_sync_done(struct journal_sync *s, bool wait, int *rc)
{
	uint64_t count;
	bool ended;

	pthread_mutex_lock(&s->lock);
	while (wait && !s->ended)
		pthread_cond_wait(&s->cond, &s->lock);
	if ((ended = s->ended)) {
		s->ended = false;
		*rc = s->rc;
		if (read(s->event, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			*rc = CU_EIO;
	}
	pthread_mutex_unlock(&s->lock);
	return (ended);
}

int
journal_sync_spare(struct journal_sync *s, bool wait, uint64_t *to,
    bool *failed)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	while (wait && (s->waiting || s->running))
		pthread_cond_wait(&s->cond, &s->lock);
	*to = s->spare_to;
	s->spare_to = 0;
	*failed = s->spare_full;
	rc = s->spare_rc;
	pthread_mutex_unlock(&s->lock);
	return (rc);
}
