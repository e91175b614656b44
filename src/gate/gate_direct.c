/*
 * run/gate.sock: a key holder's narrowing act, straight to the gate.  It is
 * checked by signature and role against the gate's own tables, spooled, seen by
 * every last check from then on, and offered to the keeper.
 */
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "record/record_act.h"
#include "state/state.h"

static void
refuse(struct net_link *l, uint64_t id, const char *why)
{
	struct net_out out;

	net_out_init(&out, NET_REFUSED);
	jw_str(&out.w, "why", why);
	net_link_answer(l, id, &out);
}

static void
keep(struct net_link *l, uint64_t id)
{
	struct net_out out;

	net_out_init(&out, NET_KEPT);
	jw_null(&out.w, "index");
	net_link_answer(l, id, &out);
}

/* Is it an act of this log, and one that the tables admit? */
static int
take(struct gate *g, const struct record_act_file *f, struct cu_why *why)
{
	struct record_log log;

	record_act_file_log(f, &log);
	if (strcmp(log.origin, g->log.origin) != 0 || log.genesis == NULL ||
	    strcmp(log.genesis, g->log.genesis) != 0) {
		cu_why_set(why, "signed for another log");
		return (CU_EDENIED);
	}
	return (state_overlay(g->st, f->act, why));
}

static void
on_act(struct gate *g, struct net_link *l, const struct net_msg *msg)
{
	struct cu_why why = { "" };
	struct record_act_file *f;
	int rc;

	if (!g->ready || msg->part_n != 1) {
		net_link_answer_error(l, msg->id, "state",
		    "the gate has not followed the log yet");
		return;
	}
	rc = record_act_file_read(&f, (const char *)msg->part[0].p,
	    msg->part[0].len, &why);
	if (rc != 0) {
		refuse(l, msg->id, why.text);
		return;
	}
	if ((rc = take(g, f, &why)) != 0)
		refuse(l, msg->id, why.text[0] != '\0' ? why.text :
		    cu_strerror(rc));
	/* From here on the last check sees it; said only when durable. */
	else if (gate_late_act(g, (const char *)msg->part[0].p,
	    msg->part[0].len) != 0)
		net_link_answer_error(l, msg->id, "disk",
		    "in force, but a restart may forget it");
	else {
		diag("an act on %s was taken directly", f->act->subject);
		keep(l, msg->id);
	}
	record_act_file_free(f);
}

/* What an act made here has to follow: the keeper may be away. */
static void
on_seq(struct gate *g, struct net_link *l, const struct net_msg *msg)
{
	const char *subject = jv_str(jv_get(jv_get(msg->json, "args"),
	    "subject"), NULL);
	struct net_out out;

	if (!g->ready || subject == NULL) {
		net_link_answer_error(l, msg->id, "state", subject == NULL ?
		    "no subject" : "the gate has not followed the log yet");
		return;
	}
	net_out_init(&out, NET_ANSWER);
	jw_obj(&out.w, "data");
	jw_int(&out.w, "seq", (int64_t)state_subject(g->st, subject));
	jw_end(&out.w);
	net_link_answer(l, msg->id, &out);
}

static void
on_status(struct gate *g, struct net_link *l, uint64_t id)
{
	struct net_out out;

	net_out_init(&out, NET_ANSWER);
	jw_obj(&out.w, "data");
	jw_str(&out.w, "instance", g->conf->instance);
	jw_int(&out.w, "start", (int64_t)g->book.start);
	jw_bool(&out.w, "ready", g->ready);
	jw_bool(&out.w, "connected", g->up);
	jw_bool(&out.w, "contradicted", g->contradicted);
	jw_bool(&out.w, "trial", state_trial(g->st));
	jw_dec(&out.w, "size", gate_follow_size(g));
	jw_hex(&out.w, "root", g->root, sizeof(g->root));
	jw_int(&out.w, "spool", (int64_t)gate_spool_n(g->spool));
	jw_bool(&out.w, "spool_failed", gate_spool_failed(g->spool));
	jw_int(&out.w, "open", (int64_t)gate_machine_known(g->m));
	jw_end(&out.w);
	net_link_answer(l, id, &out);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *msg)
{
	struct gate *g = cookie;

	if (msg->kind == NET_ACT)
		on_act(g, l, msg);
	else if (msg->kind == NET_ASK &&
	    jv_streq(jv_get(msg->json, "what"), "status"))
		on_status(g, l, msg->id);
	else if (msg->kind == NET_ASK &&
	    jv_streq(jv_get(msg->json, "what"), "seq"))
		on_seq(g, l, msg);
	else if (net_kind_asks(msg->kind))
		net_link_answer_error(l, msg->id, "unknown",
		    "a gate takes acts, and says its status");
}

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *hello)
{
	if (hello->role == NET_ROLE_CLI && hello->use == NET_USE_TALK)
		net_link_welcome(l);
	else
		net_link_fail(l, "role", "the command line alone");
}

static void
on_ready(void *cookie, struct net_link *l)
{
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
}

static void *
on_accept(void *cookie, struct net_link *l, unsigned int uid)
{
	struct gate *g = cookie;

	return (uid == 0 || (int64_t)uid == g->conf->uid_cli ? g : NULL);
}

static const struct net_link_ops ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_close = on_close,
};

int
gate_direct_listen(struct gate *g, struct cu_why *why)
{
	g->direct_conf = g->talk_conf;
	g->direct_conf.fill = NULL;
	return (net_link_listen(&g->direct, g->loop, g->conf->socket,
	    &g->direct_conf, &ops, on_accept, g, why));
}
