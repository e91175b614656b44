/* src/keeper/keeper_run.c: the running keeper: when it signs, beats, ends */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "home/home.h"
#include "journal/journal.h"
#include "json/jw.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "state/state.h"

#define PATH_CAP	4096

void
keeper_end(struct keeper *k, int status)
{
	if (k->ending)
		return;
	k->ending = true;
	k->status = status;
	net_loop_stop(k->loop);
}

static void
on_moved(void *cookie)
{
	struct keeper *k = cookie;

	keeper_wait_moved(k);
	keeper_peers_moved(k);
}

static void
on_failed(void *cookie, const char *what)
{
	/*
	 * Nothing can be said of the batch in flight: a restart reads the disk
	 * and decides.
	 */
	diag("%s; ending", what);
	keeper_end(cookie, 3);
}

const struct keeper_log_ops keeper_log_ops = { on_moved, on_failed };

/* Keep what contradicts us where the next start finds it. */
static void
keep_contradiction(struct keeper *k, const char *note, size_t len)
{
	char path[PATH_CAP];
	int dir = -1;

	/* The name is synced, too, and for that the folder must be open. */
	if (home_path(k->home, path, sizeof(path), "log") != 0 ||
	    (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    io_replace(io_system(), dir, "contradiction", note, len,
	    true) != 0)
		diag("log/contradiction could not be written");
	if (dir != -1)
		close(dir);
}

int
keeper_note_check(struct keeper *k, const char *note, size_t len)
{
	struct tlog_checkpoint cp;
	struct journal_head head;
	uint8_t root[TLOG_HASH_LEN];
	int rc;

	if (tlog_checkpoint_open(&cp, note, len, &k->log_key) != 0)
		return (CU_EDENIED);
	journal_head(k->journal, &head);
	if (cp.size <= head.size) {
		rc = tlog_root_at(root, cp.size, journal_reader_hash,
		    journal_reader(k->journal));
		if (rc != 0)
			return (rc);
		if (memcmp(root, cp.root, sizeof(root)) == 0)
			return (0);
	}
	/*
	 * We signed it and do not have it.  Not a word of this goes into the
	 * log: it would grow the fork (formats 7).
	 */
	diag("%s: a checkpoint of size %llu signed by this log's key is not "
	    "in this log, which has %llu entries (kept in log/contradiction)",
	    cp.size > head.size ? "log.rollback" : "log.fork",
	    (unsigned long long)cp.size, (unsigned long long)head.size);
	keep_contradiction(k, note, len);
	k->contradicted = true;
	keeper_end(k, 3);
	return (CU_ESTATE);
}

/*
 * Each gate that may have acted on our word has shown that it knows nothing we
 * do not have, or it had its time.  Without gates log/checkpoint suffices,
 * which recovery has compared.
 */
void
keeper_heard(struct keeper *k)
{
	struct state_instance i;
	bool all = true;
	size_t n;

	if (k->heard || k->ending)
		return;
	for (n = 0; state_instance_nth(k->state, n, &i); n++)
		if (i.live && i.role == RECORD_ROLE_GATE &&
		    keeper_peer_find(k, i.id) == NULL)
			all = false;
	if (!all && utc_mono() < k->heard_by)
		return;
	if (!all)
		diag("not every gate came within 10 s: signing begins");
	k->heard = true;
	if (keeper_log_sign(k->log) != 0)
		on_failed(k, "the log's head could not be signed");
}

void
keeper_look_at_clock(struct keeper *k)
{
	bool held = keeper_clock_look(&k->clock, utc_now(), utc_mono());

	if (held == k->held)
		return;
	k->held = held;
	diag(held ? "the clock has stepped: only what narrows is taken" :
	    "the clock is believed again");
	if (held)
		keeper_finding_clock(k);
}

static void
on_tick(void *cookie)
{
	struct keeper *k = cookie;

	net_timer_set(k->tick, KEEPER_TICK_US);
	keeper_look_at_clock(k);
	keeper_heard(k);
	keeper_findings(k);
}

static void
on_findings(void *cookie)
{
	keeper_findings(cookie);
}

static void
on_beat(void *cookie)
{
	struct keeper *k = cookie;

	net_timer_set(k->beat, home_conf(k->home)->beat);
	if (journal_room(k->journal) == JOURNAL_ROOM)
		(void)keeper_own(k, RECORD_BEAT, NULL);
}

static void
on_signal(void *cookie, int signo)
{
	struct keeper *k = cookie;

	diag("ending on signal %d", signo);
	net_loop_stop(k->loop);
}

static int
say_start(struct keeper *k)
{
	struct buf b, own;
	struct jw w;
	int rc;

	buf_init(&b, RECORD_ENTRY_MAX);
	buf_init(&own, RECORD_ENTRY_MAX);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_str(&w, "version", KEEPER_VERSION);
	jw_str(&w, "build", KEEPER_BUILD);
	jw_bytes(&w, "config", home_digest(k->home), DIGEST_LEN);
	jw_dec(&w, "recovered", k->recovered);
	jw_dec(&w, "dropped", k->dropped);
	jw_end(&w);
	if ((rc = b.rc) == 0) {
		buf_add(&own, b.p + 1, b.len - 2);
		rc = keeper_own(k, RECORD_START, &own);
	}
	buf_fini(&own);
	buf_fini(&b);
	return (rc);
}

static int
make_timers(struct keeper *k)
{
	int rc;

	if ((rc = net_timer_create(&k->tick, k->loop, on_tick, k)) != 0 ||
	    (rc = net_timer_create(&k->beat, k->loop, on_beat, k)) != 0 ||
	    (rc = net_timer_create(&k->findings, k->loop, on_findings,
	    k)) != 0 ||
	    (rc = net_signal_create(&k->term, k->loop, SIGTERM, on_signal,
	    k)) != 0)
		return (rc);
	return (net_signal_create(&k->interrupt, k->loop, SIGINT, on_signal,
	    k));
}

/* In good order: a last word, synced and signed, before the socket goes. */
static void
say_stop(struct keeper *k)
{
	if (k->ending)
		return;
	if (keeper_own(k, RECORD_STOP, NULL) != 0 ||
	    keeper_log_flush(k->log) != 0)
		k->status = 3;
	/* Whose entry became durable with it hears of it. */
	k->ending = true;
	on_moved(k);
	(void)net_loop_step(k->loop, 0);
}

int
keeper_run(struct keeper *k)
{
	const struct home_conf *c = home_conf(k->home);
	struct cu_why why = { "" };
	size_t i;
	int rc;

	k->start++;
	k->heard_by = utc_mono() + KEEPER_HEARD_US;
	if ((rc = make_timers(k)) != 0 || (rc = say_start(k)) != 0 ||
	    (rc = keeper_listen(k, &why)) != 0) {
		diag("cannot start: %s", why.text[0] != '\0' ? why.text :
		    cu_strerror(rc));
		k->status = 3;
	} else {
		diag("serving at %s", c->socket);
		for (i = 0; i < c->listen_n; i++)
			diag("serving at %s", c->listen[i]);
		on_tick(k);
		net_timer_set(k->beat, c->beat);
		if (!k->ending && net_loop_run(k->loop) != 0)
			k->status = 3;
		say_stop(k);
	}
	net_link_server_free(k->server);
	for (i = 0; i < HOME_LISTS_MAX; i++)
		net_link_server_free(k->remote[i]);
	net_tls_unref(k->tls);
	while (k->peers != NULL) {
		struct keeper_peer *p = k->peers;

		k->peers = p->next;
		free(p);
	}
	free(k->waiting);
	net_signal_free(k->interrupt);
	net_signal_free(k->term);
	net_timer_free(k->findings);
	net_timer_free(k->beat);
	net_timer_free(k->tick);
	return (k->status);
}
