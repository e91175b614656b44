/* src/keeper/keeper_peer.c: who is connected, and what each may ask */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "home/home.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "state/state.h"

static enum record_role
role_of(unsigned int role)
{
	return (role == NET_ROLE_GATE ? RECORD_ROLE_GATE :
	    role == NET_ROLE_AUDITOR ? RECORD_ROLE_AUDITOR : 0);
}

/* A uid of -1 in the configuration stands for our own. */
static bool
uid_may(const struct keeper *k, unsigned int role, unsigned int uid)
{
	const struct home_conf *c = home_conf(k->home);
	int64_t want;

	switch (role) {
	case NET_ROLE_GATE:
		want = c->uid_gate;
		break;
	case NET_ROLE_AUDITOR:
		want = c->uid_auditor;
		break;
	case NET_ROLE_CLI:
		want = c->uid_cli;
		break;
	default:
		return (false);
	}
	return (uid == (want < 0 ? (unsigned int)geteuid() :
	    (unsigned int)want));
}

/*
 * Whoever is at an address is an instance, and its certificate names it; the
 * role is what the instance was registered in.
 */
static bool
named(const struct net_link *link, const struct net_hello *h)
{
	return ((h->role == NET_ROLE_GATE || h->role == NET_ROLE_AUDITOR) &&
	    h->instance != NULL && net_link_named(link, h->instance));
}

struct keeper_peer *
keeper_peer_find(struct keeper *k, const char *instance)
{
	struct keeper_peer *p;

	for (p = k->peers; p != NULL; p = p->next)
		if (p->proved && p->use == NET_USE_TALK &&
		    strcmp(p->instance, instance) == 0)
			return (p);
	return (NULL);
}

static void *
on_accept(void *cookie, struct net_link *link, unsigned int uid)
{
	struct keeper *k = cookie;
	struct keeper_peer *p;

	if (k->peers_n == KEEPER_PEERS_MAX ||
	    (p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	p->keeper = k;
	p->link = link;
	p->next = k->peers;
	k->peers = p;
	k->peers_n++;
	return (p);
}

static void
on_close(void *cookie, struct net_link *link, const char *why)
{
	struct keeper_peer *p = cookie, **at;
	struct keeper *k = p->keeper;

	if (p->instance[0] != '\0' && p->use == NET_USE_TALK)
		diag("%s: connection over: %s", p->instance, why);
	keeper_wait_gone(k, p);
	for (at = &k->peers; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	k->peers_n--;
	free(p);
}

/* Refuse a hello, with the word of docs/format/link.md. */
static void
refuse(struct keeper_peer *p, const char *code, const char *text)
{
	diag("%s: refused: %s", p->instance[0] != '\0' ? p->instance :
	    "a connection", text);
	net_link_fail(p->link, code, text);
}

/*
 * An instance that starts says so above its last start in the log; one that
 * only lost its connection says the same start again, and has not stopped.
 */
static bool
start_ok(const struct keeper *k, const struct state_instance *i,
    const struct net_hello *h)
{
	struct keeper_peer *p;

	for (p = k->peers; p != NULL; p = p->next)
		if (p->welcomed && strcmp(p->instance, h->instance) == 0 &&
		    p->start > h->start)
			return (false);
	return (h->start > i->start || (h->start == i->start && !i->stopped));
}

/* The newer connection ends the older, which is asked nothing more. */
static void
end_older(struct keeper *k, const struct keeper_peer *p)
{
	struct keeper_peer *o, *next;

	for (o = k->peers; o != NULL; o = next) {
		next = o->next;
		if (o == p || o->use != p->use || o->role != p->role ||
		    strcmp(o->instance, p->instance) != 0)
			continue;
		/* Its answers go with it: asked again they are found. */
		keeper_wait_gone(k, o);
		o->instance[0] = '\0';
		o->proved = o->following = false;
		o->role = NET_ROLE_N;
		net_link_fail(o->link, "older",
		    "a newer connection of this instance came");
		/* The list may have changed under us: look anew. */
		next = k->peers;
	}
}

static void
welcome(struct keeper_peer *p)
{
	struct keeper *k = p->keeper;

	if (p->welcomed || p->role == 0 || p->role == NET_ROLE_N ||
	    keeper_log_durable(k->log) < p->welcome_at)
		return;
	p->welcomed = true;
	net_link_welcome(p->link);
}

static void
on_hello(void *cookie, struct net_link *link, const struct net_hello *h)
{
	struct keeper_peer *p = cookie;
	struct keeper *k = p->keeper;
	struct state_instance i;

	if (h->instance != NULL && strlen(h->instance) <= TEXT_ID_MAX)
		text_put(p->instance, h->instance);
	if (net_link_uid(link) == NET_UID_NONE) {
		if (!named(link, h)) {
			refuse(p, "role", "its certificate does not name that "
			    "instance");
			return;
		}
	} else if (!uid_may(k, h->role, net_link_uid(link))) {
		refuse(p, "role", "this user may not have that role");
		return;
	}
	if (h->role == NET_ROLE_CLI) {
		if (h->use != NET_USE_TALK) {
			refuse(p, "role", "the command line does not follow");
			return;
		}
		p->role = h->role;
		p->use = h->use;
		p->instance[0] = '\0';
		welcome(p);
		return;
	}
	if (h->instance == NULL || !state_instance(k->state, h->instance, &i) ||
	    !i.live || i.role != role_of(h->role)) {
		refuse(p, "instance", "not registered in this role");
		return;
	}
	if (!start_ok(k, &i, h)) {
		refuse(p, "start", "its start is not above the last in the "
		    "log: was this home restored from a copy?");
		return;
	}
	/* A signed note is believed whoever shows it; a bare size is not. */
	if (h->note != NULL &&
	    keeper_note_check(k, h->note, strlen(h->note)) != 0) {
		if (!k->ending)
			refuse(p, "contradiction", "its note is not of this "
			    "log's key");
		return;
	}
	if (h->size > keeper_log_durable(k->log)) {
		refuse(p, "contradiction", "it knows more than this log has, "
		    "and shows no note");
		return;
	}
	p->role = h->role;
	p->use = h->use;
	p->start = h->start;
	end_older(k, p);
	/* Whatever an older connection gave us is below this. */
	p->welcome_at = keeper_log_size(k->log);
	welcome(p);
}

static void
on_ready(void *cookie, struct net_link *link)
{
	struct keeper_peer *p = cookie;
	struct keeper *k = p->keeper;
	struct state_instance i;

	if (p->role == NET_ROLE_CLI)
		return;
	if (!state_instance(k->state, p->instance, &i) || !i.live ||
	    !net_link_prove(link, i.key)) {
		refuse(p, "proof", "not signed with the registered key");
		return;
	}
	p->proved = true;
	if (p->use == NET_USE_TALK)
		diag("%s: connected, start %llu", p->instance,
		    (unsigned long long)p->start);
	keeper_heard(k);
}

/* Which of the kinds a peer may send, and who takes them. */
static const struct {
	enum net_kind kind;
	unsigned int use, roles;	/* bits of enum net_role */
	void (*take)(struct keeper_peer *, const struct net_msg *);
} takes[] = {
#define G (1U << NET_ROLE_GATE)
#define A (1U << NET_ROLE_AUDITOR)
#define C (1U << NET_ROLE_CLI)
	{ NET_COMMAND, NET_USE_TALK, G, keeper_report },
	{ NET_OUTCOME, NET_USE_TALK, G, keeper_report },
	{ NET_REPORT, NET_USE_TALK, G, keeper_report },
	{ NET_LATE, NET_USE_TALK, G, keeper_report },
	{ NET_SNAPSHOT, NET_USE_TALK, A, keeper_report },
	{ NET_ROUND, NET_USE_TALK, A, keeper_report },
	{ NET_START, NET_USE_TALK, G | A, keeper_report },
	{ NET_STOP, NET_USE_TALK, G | A, keeper_report },
	{ NET_BEAT, NET_USE_TALK, G | A, keeper_report },
	{ NET_AUDIT_BEGIN, NET_USE_TALK, A, keeper_audit },
	{ NET_AUDIT_END, NET_USE_TALK, A, keeper_audit },
	{ NET_ACT, NET_USE_TALK, G | C, keeper_act },
	{ NET_ASK, NET_USE_TALK, G | A | C, keeper_ask },
#undef G
#undef A
#undef C
};

static void
on_message(void *cookie, struct net_link *link, const struct net_msg *m)
{
	struct keeper_peer *p = cookie;
	uint64_t from = 0;
	size_t i;

	if (p->role == NET_ROLE_N || p->keeper->ending)
		return;
	if (p->role != NET_ROLE_CLI && !p->proved) {
		refuse(p, "proof", "a message before the proof");
		return;
	}
	/* It lets us forget answers; the log keeps them anyway. */
	if (m->kind == NET_DONE && p->use == NET_USE_TALK)
		return;
	if (m->kind == NET_FOLLOW && p->use == NET_USE_FOLLOW &&
	    !p->following) {
		(void)jv_dec(jv_get(m->json, "from"), &from);
		keeper_follow_start(p, from);
		return;
	}
	for (i = 0; i < sizeof(takes) / sizeof(takes[0]); i++)
		if (takes[i].kind == m->kind && takes[i].use == p->use &&
		    (takes[i].roles & 1U << p->role) != 0) {
			takes[i].take(p, m);
			return;
		}
	refuse(p, "role", "not a message of this role");
}

static void
on_drain(void *cookie, struct net_link *link)
{
	keeper_follow_pump(cookie);
}

static void
fill(void *cookie, struct net_link *link, struct net_hello *h)
{
	struct keeper *k = cookie;
	size_t len;

	h->size = keeper_log_durable(k->log);
	h->note = keeper_log_note(k->log, &len);
}

static const struct net_link_ops ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_drain = on_drain, .on_close = on_close
};

int
keeper_listen(struct keeper *k, struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	struct net_tls_conf tls = home_tls_conf(&c->tls);
	size_t i;
	int rc;

	if (text_unhex(k->genesis, state_log(k->state)->genesis,
	    sizeof(k->genesis)) != 0)
		return (CU_EMALFORMED);
	k->conf = (struct net_link_conf){ .role = NET_ROLE_KEEPER,
	    .use = NET_USE_TALK, .instance = k->instance,
	    .build = KEEPER_BUILD, .origin = c->origin, .genesis = k->genesis,
	    .start = k->start, .key = k->instance_key, .fill = fill,
	    .fill_cookie = k };
	if ((rc = net_link_listen(&k->server, k->loop, c->socket, &k->conf,
	    &ops, on_accept, k, why)) != 0 || c->listen_n == 0)
		return (rc);
	if ((rc = net_tls_server(&k->tls, &tls, why)) != 0)
		return (rc);
	k->conf.tls = k->tls;
	for (i = 0; i < c->listen_n; i++)
		if ((rc = net_link_listen(&k->remote[i], k->loop, c->listen[i],
		    &k->conf, &ops, on_accept, k, why)) != 0)
			return (rc);
	return (0);
}

void
keeper_peers_moved(struct keeper *k)
{
	struct keeper_peer *p, *next;

	for (p = k->peers; p != NULL; p = next) {
		next = p->next;
		welcome(p);
	}
	for (p = k->peers; p != NULL; p = next) {
		next = p->next;
		if (p->following)
			keeper_follow_pump(p);
	}
}

void
keeper_peers_look(struct keeper *k)
{
	struct state_instance i;
	struct keeper_peer *p, *next;

	for (p = k->peers; p != NULL; p = next) {
		next = p->next;
		if (p->instance[0] == '\0' || p->role == NET_ROLE_N ||
		    (state_instance(k->state, p->instance, &i) && i.live))
			continue;
		p->role = NET_ROLE_N;
		p->proved = p->following = false;
		refuse(p, "instance", "retired");
		next = k->peers;
	}
}

void
keeper_error(struct keeper_peer *p, uint64_t id, int rc,
    const struct cu_why *why)
{
	const char *code;

	switch (rc) {
	case CU_EDENIED:
		code = "refused";
		break;
	case CU_ESTATE:
		code = "order";
		break;
	case CU_ELIMIT:
		code = "limit";
		break;
	case CU_ENOENT:
		code = "unknown";
		break;
	case CU_EMALFORMED:
		code = "form";
		break;
	default:
		code = "state";
		break;
	}
	(void)net_link_answer_error(p->link, id, code,
	    why->text[0] != '\0' ? why->text : cu_strerror(rc));
}
