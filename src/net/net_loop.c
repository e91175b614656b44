/* src/net/net_loop.c: one loop per process: timers, signals, descriptors */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <event2/dns.h>
#include <event2/event.h>
#include "base/err.h"
#include "net/net_loop.h"
#include "net/net_loop_int.h"

struct net_loop {
	struct event_base *base;
	struct event *step;		/* bounds net_loop_step */
	struct evdns_base *dns;		/* made by the first name */
};

struct net_timer {
	struct event *ev;
	void (*fn)(void *);
	void *cookie;
};

struct net_watch {
	struct net_loop *loop;
	struct event *ev;
	int fd;
	unsigned int what;
	void (*fn)(void *, unsigned int);
	void *cookie;
};

struct net_signal {
	struct event *ev;
	void (*fn)(void *, int);
	void *cookie;
};

static void
on_step(evutil_socket_t fd, short what, void *cookie)
{
	(void)fd, (void)what, (void)cookie;
}

/* The customary 1,024 are less than the connections a gate may have. */
static void
raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

int
net_loop_create(struct net_loop **out)
{
	struct event_config *cfg;
	struct net_loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (CU_ENOMEM);
	/* OpenSSL writes by write(2), which has no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	if ((cfg = event_config_new()) == NULL)
		goto err1;
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER |
	    EVENT_BASE_FLAG_NOLOCK);
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (l->base == NULL)
		goto err1;
	if ((l->step = evtimer_new(l->base, on_step, NULL)) == NULL)
		goto err2;
	*out = l;
	return (0);

err2:	event_base_free(l->base);
err1:	free(l);
	return (CU_EIO);
}

void
net_loop_free(struct net_loop *l)
{
	if (l == NULL)
		return;
	if (l->dns != NULL)
		evdns_base_free(l->dns, 0);
	event_free(l->step);
	event_base_free(l->base);
	free(l);
}

int
net_loop_run(struct net_loop *l)
{
	int rc;

	rc = event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return (rc < 0 ? CU_EIO : 0);
}

void
net_loop_stop(struct net_loop *l)
{
	event_base_loopbreak(l->base);
}

int
net_loop_step(struct net_loop *l, unsigned int ms)
{
	struct timeval tv = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };
	int rc;

	evtimer_add(l->step, &tv);
	rc = event_base_loop(l->base, EVLOOP_ONCE);
	evtimer_del(l->step);
	return (rc < 0 ? CU_EIO : 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *cookie)
{
	struct net_timer *t = cookie;

	(void)fd, (void)what;
	t->fn(t->cookie);	/* may have freed t */
}

int
net_timer_create(struct net_timer **out, struct net_loop *l, void (*fn)(void *),
    void *cookie)
{
	struct net_timer *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (CU_ENOMEM);
	t->fn = fn;
	t->cookie = cookie;
	if ((t->ev = evtimer_new(l->base, on_timer, t)) == NULL) {
		free(t);
		return (CU_ENOMEM);
	}
	*out = t;
	return (0);
}

void
net_timer_free(struct net_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

void
net_timer_set(struct net_timer *t, utc_us us)
{
	struct timeval tv;

	if (us < 0)
		us = 0;
	tv.tv_sec = (time_t)(us / UTC_SECOND);
	tv.tv_usec = (suseconds_t)(us % UTC_SECOND);
	evtimer_add(t->ev, &tv);
}

void
net_timer_at(struct net_timer *t, utc_us deadline)
{
	net_timer_set(t, deadline - utc_mono());
}

void
net_timer_clear(struct net_timer *t)
{
	evtimer_del(t->ev);
}

bool
net_timer_is_set(const struct net_timer *t)
{
	return (evtimer_pending(t->ev, NULL) != 0);
}

static void
on_fd(evutil_socket_t fd, short what, void *cookie)
{
	struct net_watch *w = cookie;
	unsigned int got = 0;

	(void)fd;
	if ((what & EV_READ) != 0)
		got |= NET_READ;
	if ((what & EV_WRITE) != 0)
		got |= NET_WRITE;
	w->fn(w->cookie, got);	/* may have freed w */
}

int
net_watch_create(struct net_watch **out, struct net_loop *l, int fd,
    void (*fn)(void *, unsigned int), void *cookie)
{
	struct net_watch *w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return (CU_ENOMEM);
	w->loop = l;
	w->fd = fd;
	w->fn = fn;
	w->cookie = cookie;
	if ((w->ev = event_new(l->base, fd, 0, on_fd, w)) == NULL) {
		free(w);
		return (CU_ENOMEM);
	}
	*out = w;
	return (0);
}

void
net_watch_free(struct net_watch *w)
{
	if (w == NULL)
		return;
	event_free(w->ev);
	free(w);
}

int
net_watch_set(struct net_watch *w, unsigned int what)
{
	short ev = EV_PERSIST;

	if (w->what == what)
		return (0);
	event_del(w->ev);
	w->what = 0;
	if (what == 0)
		return (0);
	if ((what & NET_READ) != 0)
		ev |= EV_READ;
	if ((what & NET_WRITE) != 0)
		ev |= EV_WRITE;
	if (event_assign(w->ev, w->loop->base, w->fd, ev, on_fd, w) != 0 ||
	    event_add(w->ev, NULL) != 0)
		return (CU_EIO);
	w->what = what;
	return (0);
}

static void
on_signal(evutil_socket_t signo, short what, void *cookie)
{
	struct net_signal *s = cookie;

	(void)what;
	s->fn(s->cookie, (int)signo);
}

int
net_signal_create(struct net_signal **out, struct net_loop *l, int signo,
    void (*fn)(void *, int), void *cookie)
{
	struct net_signal *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->fn = fn;
	s->cookie = cookie;
	s->ev = evsignal_new(l->base, signo, on_signal, s);
	if (s->ev == NULL || event_add(s->ev, NULL) != 0) {
		if (s->ev != NULL)
			event_free(s->ev);
		free(s);
		return (CU_ENOMEM);
	}
	*out = s;
	return (0);
}

void
net_signal_free(struct net_signal *s)
{
	if (s == NULL)
		return;
	event_free(s->ev);
	free(s);
}

/*
 * Names.  The answer of evdns may come inside the very call that asks, so it
 * is kept, and told by a timer.
 */
struct net_resolve {
	struct evdns_getaddrinfo_request *req;
	struct net_timer *tell;
	struct net_sockaddr addr[NET_RESOLVE_MAX];
	size_t addr_n;
	bool asked, gone;
	void (*fn)(void *, const struct net_sockaddr *, size_t);
	void *cookie;
};

static void
take_addresses(struct net_resolve *r, const struct addrinfo *ai)
{
	for (; ai != NULL && r->addr_n < NET_RESOLVE_MAX; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(r->addr[0].ss))
			continue;
		memcpy(&r->addr[r->addr_n].ss, ai->ai_addr, ai->ai_addrlen);
		r->addr[r->addr_n++].len = ai->ai_addrlen;
	}
}

static void
on_resolved(int rc, struct evutil_addrinfo *ai, void *cookie)
{
	struct net_resolve *r = cookie;

	r->req = NULL;
	r->asked = false;
	if (r->gone) {		/* cancelled: this is the last word of it */
		if (ai != NULL)
			evutil_freeaddrinfo(ai);
		free(r);
		return;
	}
	if (rc == 0)
		take_addresses(r, ai);
	if (ai != NULL)
		evutil_freeaddrinfo(ai);
	net_timer_set(r->tell, 0);
}

static void
on_tell(void *cookie)
{
	struct net_resolve *r = cookie;

	r->fn(r->cookie, r->addr, r->addr_n);	/* may have freed r */
}

static int
ask_dns(struct net_resolve *r, struct net_loop *l, const char *host,
    const char *port)
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	struct evdns_getaddrinfo_request *req;

	if (l->dns == NULL) {
		l->dns = evdns_base_new(l->base,
		    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		if (l->dns == NULL)
			return (CU_ENOMEM);
		/* Without servers, names of the hosts file still resolve. */
		evdns_base_resolv_conf_parse(l->dns, DNS_OPTIONS_ALL,
		    "/etc/resolv.conf");
	}
	r->asked = true;
	req = evdns_getaddrinfo(l->dns, host, port, &hints, on_resolved, r);
	if (r->asked)
		r->req = req;
	return (0);
}

int
net_resolve(struct net_resolve **out, struct net_loop *l, const char *host,
    uint16_t port, void (*fn)(void *, const struct net_sockaddr *, size_t),
    void *cookie)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai;
	struct net_resolve *r;
	char text[8];
	int rc;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (CU_ENOMEM);
	r->fn = fn;
	r->cookie = cookie;
	if ((rc = net_timer_create(&r->tell, l, on_tell, r)) != 0) {
		free(r);
		return (rc);
	}
	snprintf(text, sizeof(text), "%u", (unsigned int)port);
	if (getaddrinfo(host, text, &hints, &ai) == 0) {
		take_addresses(r, ai);
		freeaddrinfo(ai);
		net_timer_set(r->tell, 0);
	} else if ((rc = ask_dns(r, l, host, text)) != 0) {
		net_timer_free(r->tell);
		free(r);
		return (rc);
	}
	*out = r;
	return (0);
}

void
net_resolve_free(struct net_resolve *r)
{
	if (r == NULL)
		return;
	net_timer_free(r->tell);
	r->tell = NULL;
	if (r->asked) {
		/* evdns still calls back, and frees it there. */
		r->gone = true;
		if (r->req != NULL)
			evdns_getaddrinfo_cancel(r->req);
		return;
	}
	free(r);
}
