/* src/keeper/keeper_ask.c: questions, which change nothing in the log */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "journal/journal.h"
#include "json/jv.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "state/state.h"

#define BEAT_WAIT_US	(10 * UTC_SECOND)

static void
error(struct keeper_peer *p, uint64_t id, const char *code, const char *text)
{
	(void)net_link_answer_error(p->link, id, code, text);
}

static void
ask_head(struct keeper_peer *p, uint64_t id)
{
	struct keeper *k = p->keeper;
	struct net_out m;
	const char *note;
	size_t len;

	note = keeper_log_note(k->log, &len);
	net_out_init(&m, NET_ANSWER);
	jw_obj(&m.w, "data");
	jw_dec(&m.w, "size", keeper_log_released(k->log));
	jw_end(&m.w);
	if (note != NULL)
		net_out_part(&m, note, len);
	(void)net_link_answer(p->link, id, &m);
}

static void
ask_entry(struct keeper_peer *p, uint64_t id, uint64_t index)
{
	struct keeper *k = p->keeper;
	struct net_out m;
	struct buf line;

	buf_init(&line, RECORD_ENTRY_MAX);
	if (index >= keeper_log_released(k->log) ||
	    keeper_log_entry(k->log, index, &line) != 0) {
		error(p, id, "unknown", "no such entry");
	} else {
		net_out_init(&m, NET_ANSWER);
		net_out_part(&m, line.p, line.len);
		(void)net_link_answer(p->link, id, &m);
	}
	buf_fini(&line);
}

static void
ask_seq(struct keeper_peer *p, uint64_t id, const struct jv *args)
{
	const char *subject = jv_str(jv_get(args, "subject"), NULL);
	struct net_out m;

	if (subject == NULL) {
		error(p, id, "form", "args.subject is missing");
		return;
	}
	net_out_init(&m, NET_ANSWER);
	jw_obj(&m.w, "data");
	jw_int(&m.w, "seq", (int64_t)state_subject(p->keeper->state, subject));
	jw_end(&m.w);
	(void)net_link_answer(p->link, id, &m);
}

static void
write_instances(struct keeper *k, struct jw *w)
{
	const struct keeper_peer *p;
	struct state_instance i;
	size_t n;

	jw_arr(w, "instances");
	for (n = 0; state_instance_nth(k->state, n, &i); n++) {
		if (!i.live)
			continue;
		p = keeper_peer_find(k, i.id);
		jw_obj(w, NULL);
		jw_str(w, "id", i.id);
		jw_str(w, "role", record_role_name(i.role));
		jw_bool(w, "connected", p != NULL ||
		    i.role == RECORD_ROLE_KEEPER);
		jw_int(w, "start", (int64_t)(i.role == RECORD_ROLE_KEEPER ?
		    k->start : i.start));
		jw_dec(w, "size", i.role == RECORD_ROLE_KEEPER ?
		    keeper_log_released(k->log) : i.size);
		jw_int(w, "spool", (int64_t)i.spool);
		if (i.heard > 0)
			jw_utc(w, "heard", i.heard);
		else
			jw_null(w, "heard");
		jw_end(w);
	}
	jw_end(w);
}

static void
write_counts(struct keeper *k, struct jw *w)
{
	struct state_finding_row f;
	struct state_element e;
	struct state_revision r;
	struct state_object o;
	int64_t findings = 0, critical = 0, elements = 0, live = 0, tasks = 0;
	utc_us now = utc_now();
	size_t n;

	for (n = 0; state_finding_nth(k->state, n, &f); n++) {
		findings += !f.closed;
		critical += !f.closed && strcmp(f.severity, "critical") == 0;
	}
	for (n = 0; state_element_nth(k->state, n, &e); n++)
		elements += e.live;
	for (n = 0; state_revision_nth(k->state, n, &r); n++)
		live += state_live(&r, now);
	for (n = 0; state_object_nth(k->state, n, &o); n++)
		tasks += o.task && o.commanded && o.may_be;
	jw_int(w, "findings", findings);
	jw_int(w, "critical", critical);
	jw_int(w, "elements", elements);
	jw_int(w, "warrants", live);
	jw_int(w, "tasks", tasks);
}

static void
ask_status(struct keeper_peer *p, uint64_t id)
{
	struct keeper *k = p->keeper;
	const struct record_log *log = state_log(k->state);
	struct net_out m;

	net_out_init(&m, NET_ANSWER);
	jw_obj(&m.w, "data");
	jw_str(&m.w, "role", "keeper");
	jw_str(&m.w, "instance", k->instance);
	jw_str(&m.w, "version", KEEPER_VERSION);
	jw_str(&m.w, "origin", log->origin);
	jw_str(&m.w, "genesis", log->genesis);
	jw_bool(&m.w, "trial", state_trial(k->state));
	jw_dec(&m.w, "size", keeper_log_released(k->log));
	jw_dec(&m.w, "durable", keeper_log_durable(k->log));
	jw_bool(&m.w, "signs", keeper_log_signs(k->log));
	jw_bool(&m.w, "clock_held", k->held);
	jw_bool(&m.w, "disk_low", journal_room(k->journal) != JOURNAL_ROOM);
	write_counts(k, &m.w);
	write_instances(k, &m.w);
	jw_end(&m.w);
	(void)net_link_answer(p->link, id, &m);
}

void
keeper_ask(struct keeper_peer *p, const struct net_msg *m)
{
	const struct jv *what = jv_get(m->json, "what");
	const struct jv *args = jv_get(m->json, "args");
	uint64_t index;

	if (jv_streq(what, "head"))
		ask_head(p, m->id);
	else if (jv_streq(what, "genesis"))
		ask_entry(p, m->id, 0);
	else if (jv_streq(what, "entry") &&
	    jv_dec(jv_get(args, "index"), &index) == 0)
		ask_entry(p, m->id, index);
	else if (jv_streq(what, "seq"))
		ask_seq(p, m->id, args);
	else if (jv_streq(what, "status"))
		ask_status(p, m->id);
	else
		error(p, m->id, "unknown", "no such question");
}

void
keeper_audit(struct keeper_peer *p, const struct net_msg *m)
{
	const char *id = jv_str(jv_get(m->json, "element"), NULL);
	struct keeper *k = p->keeper;
	struct state_element e;
	struct net_out out;

	if (id == NULL || !state_element(k->state, id, &e) || !e.live) {
		error(p, m->id, "unknown", "no such element");
		return;
	}
	net_out_init(&out, NET_ANSWER);
	/*
	 * What is not durable has not left: an element cannot hold it, and
	 * the auditor may follow to this index.
	 */
	if (m->kind == NET_AUDIT_BEGIN) {
		jw_obj(&out.w, "data");
		jw_dec(&out.w, "index", keeper_log_durable(k->log));
		jw_end(&out.w);
	}
	(void)net_link_answer(p->link, m->id, &out);
}

static void
on_beat(void *cookie, struct net_link *link, int rc, const struct net_msg *m)
{
	/* Its beat is an entry of its own; silence is what it is. */
}

void
keeper_ask_beat(struct keeper *k, const char *gate)
{
	struct keeper_peer *p = keeper_peer_find(k, gate);
	struct net_out m;

	if (p == NULL)
		return;
	net_out_init(&m, NET_ASK);
	jw_str(&m.w, "what", "beat");
	(void)net_link_ask(p->link, &m, BEAT_WAIT_US, on_beat, NULL);
}
