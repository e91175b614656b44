/* src/net/test-net_loop.c: timers, signals, descriptors */
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/err.h"
#include "check.h"
#include "net/net_loop.h"

static struct net_loop *loop;
static struct net_timer *timer;
static int fired, seen;

static void
on_timer(void *cookie)
{
	fired += *(int *)cookie;
	net_timer_free(timer);		/* inside its own callback */
	timer = NULL;
}

static void
on_stop(void *cookie)
{
	(void)cookie;
	net_loop_stop(loop);
}

static void
timers(void)
{
	struct net_timer *stop;
	utc_us from = utc_mono();
	int one = 1;

	REQUIRE(net_timer_create(&timer, loop, on_timer, &one) == 0);
	CHECK(!net_timer_is_set(timer));
	net_timer_set(timer, 60 * UTC_SECOND);
	CHECK(net_timer_is_set(timer));
	net_timer_set(timer, 20000);	/* the later word counts */
	CHECK(net_loop_step(loop, 1) == 0 && fired == 0);
	CHECK(net_loop_step(loop, 1000) == 0 && fired == 1);
	CHECK(timer == NULL && utc_mono() - from >= 20000);
	REQUIRE(net_timer_create(&timer, loop, on_timer, &one) == 0);
	net_timer_set(timer, 0);
	CHECK(net_loop_step(loop, 1000) == 0 && fired == 2);
	REQUIRE(net_timer_create(&timer, loop, on_timer, &one) == 0);
	net_timer_at(timer, utc_mono() - UTC_SECOND);	/* already passed */
	CHECK(net_loop_step(loop, 1000) == 0 && fired == 3);
	REQUIRE(net_timer_create(&timer, loop, on_timer, &one) == 0);
	net_timer_set(timer, 1000);
	net_timer_clear(timer);
	REQUIRE(net_timer_create(&stop, loop, on_stop, NULL) == 0);
	net_timer_set(stop, 20000);
	CHECK(net_loop_run(loop) == 0 && fired == 3);
	net_timer_free(timer);
	net_timer_free(stop);
}

static void
on_fd(void *cookie, unsigned int what)
{
	uint64_t v;

	seen = (int)what;
	if ((what & NET_READ) != 0)
		CHECK(read(*(int *)cookie, &v, sizeof(v)) == sizeof(v));
}

static void
descriptors(void)
{
	struct net_watch *w;
	uint64_t v = 1;
	int fd;

	REQUIRE((fd = eventfd(0, EFD_NONBLOCK)) >= 0);
	REQUIRE(net_watch_create(&w, loop, fd, on_fd, &fd) == 0);
	CHECK(write(fd, &v, sizeof(v)) == sizeof(v));
	CHECK(net_loop_step(loop, 5) == 0 && seen == 0);
	CHECK(net_watch_set(w, NET_READ) == 0);
	CHECK(net_loop_step(loop, 1000) == 0 && seen == NET_READ);
	seen = 0;
	CHECK(net_loop_step(loop, 5) == 0 && seen == 0);
	CHECK(net_watch_set(w, NET_WRITE) == 0);
	CHECK(net_loop_step(loop, 1000) == 0 && seen == NET_WRITE);
	CHECK(net_watch_set(w, 0) == 0);
	seen = 0;
	CHECK(net_loop_step(loop, 5) == 0 && seen == 0);
	net_watch_free(w);
	close(fd);
}

static void
on_signal(void *cookie, int signo)
{
	(void)cookie;
	seen = signo;
}

static void
signals(void)
{
	struct net_signal *s;

	REQUIRE(net_signal_create(&s, loop, SIGUSR1, on_signal, NULL) == 0);
	CHECK(raise(SIGUSR1) == 0);
	CHECK(net_loop_step(loop, 1000) == 0 && seen == SIGUSR1);
	net_signal_free(s);
}

int
main(void)
{
	if (net_loop_create(&loop) != 0)
		return (1);
	CHECK_RUN(timers);
	CHECK_RUN(descriptors);
	CHECK_RUN(signals);
	net_loop_free(loop);
	return (check_done());
}
