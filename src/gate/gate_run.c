/* A gate from its home to its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "crypto/random.h"
#include "gate/gate.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "state/state.h"
#include "x1http/x1http_server.h"

#define ENDING_STEP	(UTC_SECOND / 20)

static int
read_small(const char *path, struct buf *b, struct cu_why *why)
{
	int rc = io_read_file(io_system(), AT_FDCWD, path, b);

	if (rc != 0)
		cu_why_set(why, "%s: %s", path, cu_strerror(rc));
	return (rc);
}

static int
open_keys(struct gate *g, uint8_t spool_key[AEAD_KEY_LEN], struct cu_why *why)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_KEY_FILE_MAX);
	if ((rc = read_small(g->conf->instance_key, &b, why)) == 0 &&
	    (rc = record_key_open(&g->key, buf_text(&b), b.len, NULL, 0,
	    why)) != 0)
		cu_why_in(why, "%s", g->conf->instance_key);
	buf_wipe(&b);
	if (rc != 0)
		return (rc);
	record_key_id(g->key_id, sign_key_public(g->key));
	if ((rc = read_small(g->conf->spool_key, &b, why)) == 0) {
		if (b.len == AEAD_KEY_LEN)
			memcpy(spool_key, b.p, AEAD_KEY_LEN);
		else {
			cu_why_set(why, "%s: not 32 bytes",
			    g->conf->spool_key);
			rc = CU_EMALFORMED;
		}
	}
	buf_wipe(&b);
	return (rc);
}

/* The start is counted, and synced, before anything is said. */
static int
open_notebook(struct gate *g, struct cu_why *why)
{
	const char *dir = home_dir(g->home);
	int rc = home_notebook_read(&g->book, dir, why);

	if (rc == CU_ENOENT) {
		memset(&g->book, 0, sizeof(g->book));
		snprintf(g->book.origin, sizeof(g->book.origin), "%s",
		    g->conf->origin);
		memcpy(g->book.genesis, g->conf->genesis,
		    sizeof(g->book.genesis));
	} else if (rc != 0)
		return (rc);
	if (strcmp(g->book.origin, g->conf->origin) != 0 ||
	    memcmp(g->book.genesis, g->conf->genesis,
	    sizeof(g->book.genesis)) != 0) {
		cu_why_set(why, "notebook: of another log");
		return (CU_EDENIED);
	}
	gate_words_init(&g->words, g->book.last_number);
	g->book.start++;
	g->book.last_number = 0;
	if ((rc = home_notebook_write(&g->book, dir)) != 0)
		cu_why_set(why, "notebook: %s", cu_strerror(rc));
	return (rc);
}

static int
open_files(struct gate *g, struct cu_why *why)
{
	uint8_t key[AEAD_KEY_LEN];
	int rc;

	g->dirfd = open(home_dir(g->home), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->dirfd < 0 || (mkdirat(g->dirfd, "spool", 0700) != 0 &&
	    errno != EEXIST)) {
		cu_why_set(why, "%s: %s", home_dir(g->home), strerror(errno));
		return (CU_EIO);
	}
	g->spool_dirfd = openat(g->dirfd, "spool",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->spool_dirfd < 0) {
		cu_why_set(why, "spool: %s", strerror(errno));
		return (CU_EIO);
	}
	if ((rc = open_keys(g, key, why)) != 0)
		return (rc);
	rc = gate_spool_open(&g->spool, io_system(), g->spool_dirfd, key, why);
	wipe(key, sizeof(key));
	if (rc != 0)
		return (rc);
	if ((rc = open_notebook(g, why)) != 0)
		return (rc);
	if ((rc = gate_register_create(&g->reg)) != 0)
		return (rc);
	rc = gate_register_load(g->reg, io_system(), g->dirfd,
	    g->conf->genesis, why);
	if (rc == CU_ENOMEM)
		return (rc);
	/* Without a good one nothing passes before the log was followed. */
	if (rc != 0 && rc != CU_ENOENT)
		diag("%s", why->text);
	why->text[0] = '\0';
	return (0);
}

static int
open_tls(struct gate *g, struct cu_why *why)
{
	struct net_tls_conf conf = home_tls_conf(&g->conf->tls);
	size_t i;
	int rc;

	if ((rc = net_tls_server(&g->server_tls, &conf, why)) != 0 ||
	    (rc = net_tls_client(&g->own_tls, &conf, why)) != 0)
		return (rc);
	for (i = 0; i < g->conf->identity_n; i++) {
		conf = home_tls_conf(&g->conf->identity[i].tls);
		if ((rc = net_tls_client(&g->identity[i], &conf, why)) != 0)
			return (rc);
	}
	if (g->conf->keeper_tls.cert == NULL)
		return (0);
	conf = home_tls_conf(&g->conf->keeper_tls);
	return (net_tls_client(&g->keeper_tls, &conf, why));
}

int
gate_open(struct gate *g, const char *dir, struct cu_why *why)
{
	struct gate_waits waits;
	int rc;

	g->dirfd = g->spool_dirfd = -1;
	TAILQ_INIT(&g->msgs);
	TAILQ_INIT(&g->pools);
	TAILQ_INIT(&g->asks);
	if ((rc = home_open(&g->home, dir, why)) != 0)
		return (rc);
	g->conf = home_conf(g->home);
	if (g->conf->role != HOME_GATE || !g->conf->has_genesis) {
		cu_why_set(why, "%s: role is not gate, or genesis is missing",
		    dir);
		return (CU_EMALFORMED);
	}
	if ((rc = home_lock(g->home, why)) != 0)
		return (rc);
	text_hex(g->genesis, g->conf->genesis, sizeof(g->conf->genesis));
	g->log.origin = g->conf->origin;
	g->log.genesis = g->genesis;
	if ((rc = open_files(g, why)) != 0 || (rc = open_tls(g, why)) != 0)
		return (rc);
	if ((rc = gate_follow_start(g)) != 0)
		return (rc);
	gate_waits(g, &waits);
	return (gate_machine_create(&g->m, &waits));
}

/* ---- running ------------------------------------------------------------ */

static void
on_tick(void *cookie)
{
	gate_event(cookie, GATE_EV_TICK, 0);
}

static void
on_beat(void *cookie)
{
	struct gate *g = cookie;

	net_timer_set(g->beat, g->conf->beat);
	g->beat_due = g->again_due = true;
	gate_talk_self(g);
}

static void
on_sync(void *cookie)
{
	struct gate *g = cookie;

	if (gate_follow_sync(g) != 0)
		net_timer_set(g->sync, GATE_NOTEBOOK_US);
}

/* What is under way is given its time; then `stop`, then the end. */
static void
on_end(void *cookie)
{
	struct gate *g = cookie;
	bool late = utc_mono() >= g->end_by;

	if (!g->up || g->stop_said)
		net_loop_stop(g->loop);
	else if (!late && (gate_machine_known(g->m) > 0 || g->beat_out))
		net_timer_set(g->end, ENDING_STEP);
	else if (gate_talk_stop(g) == 0) {
		g->stop_said = true;
		net_timer_set(g->end, GATE_STOP_WAIT);	/* or its answer */
	} else if (late)
		net_loop_stop(g->loop);
	else
		net_timer_set(g->end, ENDING_STEP);
}

static void
on_signal(void *cookie, int signo)
{
	struct gate *g = cookie;

	if (g->ending) {
		net_loop_stop(g->loop);
		return;
	}
	g->ending = true;
	g->end_by = utc_mono() + GATE_STOP_WAIT;
	net_timer_set(g->end, 0);
}

/* What a hello says that only the moment knows. */
static void
on_fill(void *cookie, struct net_link *l, struct net_hello *h)
{
	struct gate *g = cookie;
	bool newer = gate_follow_size(g) >= g->book.size;

	h->size = gate_follow_size(g);
	h->note = newer ? g->note : g->book.note;
	if (h->note[0] == '\0')
		h->note = NULL;
	h->spool = gate_spool_n(g->spool);
}

static int
open_links(struct gate *g, struct cu_why *why)
{
	int rc;

	g->talk_conf = (struct net_link_conf){ .role = NET_ROLE_GATE,
	    .use = NET_USE_TALK, .instance = g->conf->instance,
	    .build = GATE_BUILD, .origin = g->conf->origin,
	    .genesis = g->conf->genesis, .start = g->book.start,
	    .key = g->key, .tls = g->keeper_tls, .fill = on_fill,
	    .fill_cookie = g };
	g->follow_conf = g->talk_conf;
	g->follow_conf.use = NET_USE_FOLLOW;
	if ((rc = gate_direct_listen(g, why)) != 0)
		return (rc);
	if ((rc = net_link_dial(&g->follow, g->loop, g->conf->keeper,
	    &g->follow_conf, &gate_follow_ops, g)) != 0)
		return (rc);
	return (net_link_dial(&g->talk, g->loop, g->conf->keeper,
	    &g->talk_conf, &gate_talk_ops, g));
}

/*
 * Who connects to us takes at most half of the descriptors: with none left no
 * stop reaches its element, and no file is written.
 */
static unsigned int
conns_max(size_t servers)
{
	struct rlimit r;
	rlim_t each;

	if (servers == 0 || getrlimit(RLIMIT_NOFILE, &r) != 0 ||
	    (each = r.rlim_cur / 2 / servers) > GATE_CONNS_MAX)
		return (GATE_CONNS_MAX);
	return (each > 0 ? (unsigned int)each : 1);
}

static int
open_servers(struct gate *g, struct cu_why *why)
{
	struct x1http_server_conf conf = { .tls = g->server_tls,
	    .conns = conns_max(g->conf->listen_n),
	    .on_request = gate_front_request,
	    .on_refused = gate_front_refused, .on_bad = gate_front_bad,
	    .cookie = g };
	size_t i;
	int rc;

	for (i = 0; i < g->conf->listen_n; i++) {
		conf.listen = g->conf->listen[i];
		if ((rc = x1http_server_create(&g->server[i], g->loop, &conf,
		    why)) != 0)
			return (rc);
	}
	return (0);
}

static int
open_loop(struct gate *g)
{
	int rc;

	if (g->loop == NULL) {
		if ((rc = net_loop_create(&g->loop)) != 0)
			return (rc);
		g->loop_owned = true;
	}
	if ((rc = net_timer_create(&g->tick, g->loop, on_tick, g)) != 0 ||
	    (rc = net_timer_create(&g->beat, g->loop, on_beat, g)) != 0 ||
	    (rc = net_timer_create(&g->sync, g->loop, on_sync, g)) != 0 ||
	    (rc = net_timer_create(&g->end, g->loop, on_end, g)) != 0 ||
	    (rc = net_signal_create(&g->term, g->loop, SIGTERM, on_signal,
	    g)) != 0)
		return (rc);
	return (net_signal_create(&g->interrupt, g->loop, SIGINT, on_signal,
	    g));
}

int
gate_start(struct gate *g, struct cu_why *why)
{
	int rc;

	if ((rc = open_loop(g)) != 0)
		return (rc);
	gate_step(g, (struct gate_event){ .kind = GATE_EV_LOADED,
	    .n = gate_spool_n(g->spool) });
	if ((rc = open_servers(g, why)) != 0 ||
	    (rc = open_links(g, why)) != 0)
		return (rc);
	net_timer_set(g->beat, g->conf->beat);
	return (0);
}

int
gate_run(struct gate *g)
{
	struct cu_why why = { "" };
	int rc;

	if ((rc = gate_start(g, &why)) != 0 ||
	    (rc = net_loop_run(g->loop)) != 0) {
		diag("%s", why.text[0] != '\0' ? why.text : cu_strerror(rc));
		return (3);
	}
	(void)gate_follow_sync(g);
	return (g->status);
}

void
gate_close(struct gate *g)
{
	struct gate_msg *m;
	size_t i;

	for (i = 0; i < HOME_LISTS_MAX; i++)
		x1http_server_free(g->server[i]);
	net_link_server_free(g->direct);
	gate_talk_close(g);
	net_link_free(g->follow);
	gate_ne_free(g);
	while ((m = TAILQ_FIRST(&g->msgs)) != NULL) {
		free(m->sending);
		gate_msg_free(g, m);
	}
	gate_machine_free(g->m);
	gate_spool_free(g->spool);
	gate_register_free(g->reg);
	state_free(g->st);
	free(g->seen);
	free(g->leaf);
	net_tls_unref(g->server_tls);
	net_tls_unref(g->own_tls);
	net_tls_unref(g->keeper_tls);
	for (i = 0; i < HOME_LISTS_MAX; i++)
		net_tls_unref(g->identity[i]);
	net_signal_free(g->term);
	net_signal_free(g->interrupt);
	net_timer_free(g->tick);
	net_timer_free(g->beat);
	net_timer_free(g->sync);
	net_timer_free(g->end);
	if (g->loop_owned)
		net_loop_free(g->loop);
	sign_key_free(g->key);
	if (g->spool_dirfd >= 0)
		close(g->spool_dirfd);
	if (g->dirfd >= 0)
		close(g->dirfd);
	home_free(g->home);
	memset(g, 0, sizeof(*g));
}
