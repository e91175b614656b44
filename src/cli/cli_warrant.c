/* src/cli/cli_warrant.c: warrants: submitted, read and approved, in force */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "crypto/digest.h"
#include "journal/journal_read.h"
#include "json/jv.h"
#include "record/record_act.h"
#include "record/record_entry.h"
#include "record/record_payload.h"
#include "record/record_warrant.h"
#include "state/state.h"

/* The subject that a payload of ours names by its `id`.  0, or -1. */
static int
subject_of(const struct buf *payload, char out[RECORD_SUBJECT_MAX + 1])
{
	struct jv *v = NULL;
	const char *id;
	size_t n;

	if (jv_parse(&v, buf_text(payload), payload->len, NULL) != 0)
		return (-1);
	id = jv_str(jv_get(v, "id"), &n);
	snprintf(out, RECORD_SUBJECT_MAX + 1, "warrant/%s",
	    id != NULL ? id : "");
	jv_free(v);
	return (id != NULL ? 0 : -1);
}

static int
warrant_submit(struct cli *c, int argc, char **argv)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	const char *path, *keep = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a), { "--keep", CLI_TEXT, &keep } };
	char subject[RECORD_SUBJECT_MAX + 1], b64[TEXT_B64URL_LEN(32) + 1];
	uint8_t digest_of[DIGEST_LEN];
	struct record_sds sds;
	struct cu_why why = { "" };
	struct buf payload;
	size_t len;
	char *doc;
	int code = CLI_USAGE;

	if (cli_options(argc, argv, opt, 3, &path, 1, 1) < 0 ||
	    (keep == NULL) == (a.out == NULL) || (keep != NULL &&
	    a.sign.n == 0))
		return (cli_usage("custos warrant submit DOCUMENT.json --sign "
		    "KEYFILE --keep FILE.act\n       custos warrant submit "
		    "DOCUMENT.json [--sign KEYFILE] --out FILE.act\nThe act "
		    "file is what an approver has to read; --keep sends it, "
		    "too."));
	if ((doc = cli_read(path, RECORD_WARRANT_DOC_MAX, &len)) == NULL)
		return (CLI_FAILED);
	buf_init(&payload, RECORD_PAYLOAD_MAX);
	record_sds_init(&sds);
	if (record_warrant_doc(&payload, &sds, doc, len, cli_normal, NULL,
	    NULL, &why) != 0 || subject_of(&payload, subject) != 0) {
		cli_fail(CLI_FAILED, "%s: %s", path, why.text);
		goto out;
	}
	digest(digest_of, payload.p, payload.len);
	text_b64url(b64, digest_of, sizeof(digest_of));
	/*
	 * With --keep the signed act is kept before it is sent: the approver
	 * needs its disclosures, and a lost answer must not lose them.
	 */
	if (keep != NULL) {
		struct cli silent = *c;

		a.out = keep;
		silent.quiet = true;
		code = cli_act_text(&silent, &a, RECORD_WARRANT, RECORD_SUBMIT,
		    subject, &payload, &sds);
		if (code == CLI_DONE) {
			char verb[] = "submit";
			char *again[] = { verb, (char *)(uintptr_t)keep, NULL };

			code = cli_submit(c, 2, again);
		}
	} else {
		code = cli_act_text(c, &a, RECORD_WARRANT, RECORD_SUBMIT,
		    subject, &payload, &sds);
	}
	if (code == CLI_DONE && !c->json)
		printf("revision %s\n", b64);
out:
	explicit_bzero(doc, len);
	free(doc);
	buf_wipe(&payload);
	record_sds_fini(&sds);
	return (code);
}

/* What an approver signs, in plain words. */
static void
show_opened(const struct state_revision *r, const struct record_payload *p,
    const struct record_opened *o)
{
	const struct record_warrant *w = &p->warrant;
	char from[32], until[32];
	const struct record_target *t = o->target;
	struct buf b;
	size_t i, k;

	buf_init(&b, CLI_FILE_MAX);
	buf_printf(&b, "warrant %s, revision %" PRId64 ", submitted by entry "
	    "%" PRIu64 "\n  authority    ", w->id, w->revision, r->index);
	text_show(&b, o->authority, strlen(o->authority));
	buf_str(&b, "\n  reference    ");
	text_show(&b, o->reference, strlen(o->reference));
	buf_str(&b, "\n  legal basis  ");
	text_show(&b, o->legal_basis, strlen(o->legal_basis));
	buf_printf(&b, "\n  in force     %s until %s UTC\n  scope        %s\n",
	    cli_when(from, w->from), cli_when(until, w->until),
	    w->cc ? "IRI and content" : "IRI only, no content");
	buf_printf(&b, "  LIID         %s\n  services    ", o->liid);
	for (i = 0; i < w->services.n; i++)
		buf_printf(&b, " %s", w->services.v[i]);
	buf_str(&b, w->services.n == 0 ? " all\n  elements    " :
	    "\n  elements    ");
	for (i = 0; i < w->elements.n; i++)
		buf_printf(&b, " %s", w->elements.v[i]);
	for (i = 0; i < w->zones.n; i++)
		buf_printf(&b, " zone:%s", w->zones.v[i]);
	buf_str(&b, "\n  deliver to  ");
	for (i = 0; i < w->deliver_to.n; i++)
		buf_printf(&b, " %s", w->deliver_to.v[i]);
	buf_ch(&b, '\n');
	for (i = 0; i < o->sets_n; i++) {
		buf_printf(&b, "  target %-5zu ", i + 1);
		for (k = 0; k < o->len[i]; k++, t++) {
			buf_printf(&b, "%s%s ", k > 0 ? " and " : "", t->kind);
			text_show(&b, t->value, strlen(t->value));
		}
		buf_ch(&b, '\n');
	}
	for (i = 0; i < o->documents_n; i++) {
		buf_str(&b, "  document     ");
		text_show(&b, o->document[i].name, strlen(o->document[i].name));
		buf_str(&b, " SHA-256 ");
		buf_hex(&b, o->document[i].digest, DIGEST_LEN);
		buf_ch(&b, '\n');
	}
	fputs(buf_text(&b), stdout);
	buf_wipe(&b);
}

/* Read the act file, find its payload in the log, open it, show it.  0, or a
 * code after saying why not. */
static int
read_before_signing(const struct cli *c, const char *id, const char *path,
    uint8_t digest_out[DIGEST_LEN])
{
	struct record_act_file *f = NULL;
	struct record_payload *p = NULL;
	struct record_opened *o = NULL;
	struct state_revision r;
	struct cu_why why = { "" };
	struct cli_tables t;
	size_t len;
	char *file;
	int code = CLI_FAILED;

	if ((file = cli_read(path, RECORD_ACT_FILE_MAX, &len)) == NULL)
		return (CLI_FAILED);
	if (cli_tables_open(c, &t) != 0)
		goto out;
	if (record_act_file_read(&f, file, len, &why) != 0 ||
	    record_payload_read(&p, f->act->kind, f->act->verb,
	    f->act->subject, f->act->payload, f->act->payload_len,
	    &why) != 0) {
		cli_fail(CLI_FAILED, "%s: %s", path, why.text);
		goto close;
	}
	if (p->kind != RECORD_WARRANT || p->verb != RECORD_SUBMIT ||
	    strcmp(p->warrant.id, id) != 0) {
		code = cli_fail(CLI_NO, "%s: not a revision of warrant %s",
		    path, id);
		goto close;
	}
	if (!state_revision(t.state, f->act->digest, &r)) {
		code = cli_fail(CLI_NO, "%s: this revision is not in the log: "
		    "it is not what was submitted", path);
		goto close;
	}
	if (record_warrant_open(&o, p, &f->sds, true, cli_normal, NULL,
	    &why) != 0) {
		code = cli_fail(CLI_NO, "%s: what it shows is not what the log "
		    "holds: %s", path, why.text);
		goto close;
	}
	cli_trial_note(t.state);
	show_opened(&r, p, o);
	memcpy(digest_out, f->act->digest, DIGEST_LEN);
	code = 0;
close:
	record_opened_free(o);
	record_payload_free(p);
	record_act_file_free(f);
	cli_tables_close(&t);
out:
	explicit_bzero(file, len);
	free(file);
	return (code);
}

/* The newest revision that has not ended.  0, or a code after saying so. */
static int
newest(const struct cli *c, const char *id, uint8_t out[DIGEST_LEN])
{
	struct state_revision r;
	struct cli_tables t;
	bool found = false;
	size_t i;

	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	for (i = 0; state_warrant(t.state, id, i, &r); i++)
		if (r.ended == STATE_NONE) {
			memcpy(out, r.digest, DIGEST_LEN);
			found = true;
		}
	cli_tables_close(&t);
	if (found)
		return (0);
	return (cli_fail(CLI_NO, "%s: no such warrant, or it has ended "
	    "(custos warrant list)", id));
}

static int
decide(struct cli *c, int argc, char **argv, enum record_verb verb)
{
	struct cli_acting a = { .sign = { .n = 0 } };
	const char *id, *act = NULL, *reason = NULL;
	struct cli_opt opt[] = { CLI_ACTING(a), { "--act", verb ==
	    RECORD_APPROVE ? CLI_TEXT | CLI_NEED : CLI_TEXT, &act },
	    { "--reason", CLI_TEXT, &reason },
	    { "--gate", CLI_TEXT, &a.socket } };
	struct record_payload p = { .kind = RECORD_WARRANT, .verb = verb };
	int code;

	if (cli_options(argc, argv, opt, 5, &id, 1, 1) < 0)
		return (cli_usage("custos warrant %s ID "
		    "%s--sign KEYFILE [--reason TEXT] [--gate SOCKET] [--out "
		    "FILE]", record_verb_name(verb), verb == RECORD_APPROVE ?
		    "--act SUBMITTED.act " : ""));
	p.decide.id = id;
	if (act != NULL) {
		if ((code = read_before_signing(c, id, act,
		    p.decide.digest)) != 0)
			return (code);
		if ((code = cli_ask_yes(c, verb == RECORD_APPROVE ?
		    "Approve this warrant?" : "Sign this?")) != CLI_DONE)
			return (code);
	} else if ((code = newest(c, id, p.decide.digest)) != 0) {
		return (code);
	}
	return (cli_act_with(c, &a, &p, "reason", reason));
}

static int
warrant_approve(struct cli *c, int argc, char **argv)
{
	return (decide(c, argc, argv, RECORD_APPROVE));
}

static int
warrant_refuse(struct cli *c, int argc, char **argv)
{
	return (decide(c, argc, argv, RECORD_REFUSE));
}

static int
warrant_revoke(struct cli *c, int argc, char **argv)
{
	return (decide(c, argc, argv, RECORD_REVOKE));
}

/* In one word, where a revision stands at ${now}. */
static const char *
standing(const struct state_revision *r, utc_us now)
{
	if (r->end != NULL)
		return (r->end);
	if (r->approved == STATE_NONE)
		return ("submitted");
	if (now < r->from)
		return ("approved");
	return (now < r->until ? "live" : "expired");
}

/* A revision for a program. */
static void
revision_json(struct jw *w, const struct state_revision *r)
{
	jw_str(w, "id", r->id);
	jw_int(w, "revision", (int64_t)r->revision);
	jw_bytes(w, "digest", r->digest, DIGEST_LEN);
	jw_str(w, "standing", standing(r, utc_now()));
	jw_utc(w, "from", r->from);
	jw_utc(w, "until", r->until);
	jw_str(w, "scope", r->cc ? "iri+cc" : "iri");
	jw_dec(w, "submitted", r->index);
	if (r->approved != STATE_NONE)
		jw_dec(w, "approved", r->approved);
	else
		jw_null(w, "approved");
	if (r->ended != STATE_NONE)
		jw_dec(w, "ended", r->ended);
	else
		jw_null(w, "ended");
}

static int
warrant_list(struct cli *c, int argc, char **argv)
{
	struct state_revision r;
	struct cli_tables t;
	struct cli_json j;
	char from[32], until[32];
	size_t i;

	if (cli_options(argc, argv, NULL, 0, NULL, 0, 0) < 0)
		return (cli_usage("custos [--json] warrant list"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!c->json)
		cli_trial_note(t.state);
	for (i = 0; state_revision_nth(t.state, i, &r); i++) {
		if (!c->json) {
			printf("%-20s revision %-3" PRIu64 " %-10s %s - %s  "
			    "%s\n", r.id, r.revision, standing(&r, utc_now()),
			    cli_when(from, r.from), cli_when(until, r.until),
			    r.cc ? "iri+cc" : "iri");
			continue;
		}
		cli_json_begin(&j);
		revision_json(&j.w, &r);
		cli_json_end(&j);
	}
	if (i == 0 && !c->json)
		printf("no warrant was submitted yet\n");
	cli_tables_close(&t);
	return (CLI_DONE);
}

/* Since when does a gate's own word say that it holds what stands at index? */
struct holding {
	const char *gate;
	uint64_t index;
	utc_us since;		/* 0: it has not said so */
};

static int
on_beat(void *cookie, uint64_t index, const uint8_t *p, size_t len)
{
	struct holding *h = cookie;
	struct record_entry *e;
	uint64_t size;

	if (record_entry_read(&e, p, len, NULL) != 0)
		return (0);
	if (e->kind == RECORD_BEAT && e->said_v != NULL &&
	    strcmp(e->source.instance, h->gate) == 0 &&
	    jv_dec(jv_get(e->said_v, "size"), &size) == 0 && size > h->index)
		h->since = e->time;
	record_entry_free(e);
	return (h->since != 0);
}

/* Which gates have signed that they hold the end of this revision.  To a
 * person, or (w) a program. */
static void
show_held(struct cli_tables *t, const struct state_revision *r, struct jw *w)
{
	struct state_instance n;
	struct holding h;
	char when[32];
	size_t i;

	for (i = 0; state_instance_nth(t->state, i, &n); i++) {
		if (n.role != RECORD_ROLE_GATE || !n.live)
			continue;
		h = (struct holding){ n.id, r->ended, 0 };
		if (n.size > r->ended)
			(void)journal_reader_each(t->reader, r->ended,
			    state_size(t->state), on_beat, &h);
		if (w != NULL) {
			jw_obj(w, NULL);
			jw_str(w, "gate", n.id);
			if (h.since != 0)
				jw_utc(w, "since", h.since);
			else
				jw_null(w, "since");
			jw_end(w);
		} else if (h.since != 0)
			printf("  end held by %s since %s UTC\n", n.id,
			    cli_when(when, h.since));
		else
			printf("  END NOT YET HELD by %s\n", n.id);
	}
}

/* Is the XID bound to that warrant? */
static bool
bound_to(const struct state *st, const char *xid, const char *id)
{
	const char *bound;
	size_t k;

	for (k = 0; (bound = state_bound(st, xid, k)) != NULL; k++)
		if (strcmp(bound, id) == 0)
			return (true);
	return (false);
}

/* Where the tasks of a warrant are. */
static void
show_tasks(const struct state *st, const char *id, struct jw *w)
{
	static const char *const fate[] = { "no outcome yet", "acknowledged",
	    "accepted, not yet completed", "not done", "in doubt" };
	struct state_object o;
	size_t i;

	for (i = 0; state_object_nth(st, i, &o); i++) {
		if (!o.task || !bound_to(st, o.id, id))
			continue;
		if (w != NULL) {
			jw_obj(w, NULL);
			jw_str(w, "element", o.element);
			jw_str(w, "xid", o.id);
			jw_str(w, "last", law_type_name(o.type));
			jw_dec(w, "entry", o.command);
			jw_str(w, "fate", fate[o.fate]);
			jw_str(w, "presence", o.answer == STATE_NONE ?
			    "not asked yet" : o.seen == LAW_ABSENT ?
			    "not listed" : "listed");
			jw_end(w);
			continue;
		}
		printf("  on %-12s task %s: %s of entry %" PRIu64 " %s; %s\n",
		    o.element, o.id, law_type_name(o.type), o.command,
		    fate[o.fate], o.answer == STATE_NONE ? "not asked yet" :
		    o.seen == LAW_ABSENT ? "the element does not list it" :
		    "the element lists it");
	}
}

/* The revisions of a warrant, and where it is, for a program. */
static void
warrant_tell(struct cli_tables *t, const char *id)
{
	struct state_revision r;
	struct cli_json j;
	size_t i;

	cli_json_begin(&j);
	jw_str(&j.w, "id", id);
	jw_arr(&j.w, "revisions");
	for (i = 0; state_warrant(t->state, id, i, &r); i++) {
		jw_obj(&j.w, NULL);
		revision_json(&j.w, &r);
		jw_arr(&j.w, "end_held");
		if (r.ended != STATE_NONE)
			show_held(t, &r, &j.w);
		jw_end(&j.w);
		jw_end(&j.w);
	}
	jw_end(&j.w);
	jw_arr(&j.w, "tasks");
	show_tasks(t->state, id, &j.w);
	jw_end(&j.w);
	cli_json_end(&j);
}

static int
warrant_show(struct cli *c, int argc, char **argv)
{
	char from[32], until[32], b64[TEXT_B64URL_LEN(DIGEST_LEN) + 1];
	struct state_revision r;
	struct cli_tables t;
	const char *id;
	size_t i;

	if (cli_options(argc, argv, NULL, 0, &id, 1, 1) < 0)
		return (cli_usage("custos [--json] warrant show ID"));
	if (cli_tables_open(c, &t) != 0)
		return (CLI_FAILED);
	if (!state_warrant(t.state, id, 0, &r)) {
		cli_tables_close(&t);
		return (cli_fail(CLI_NO, "%s: no such warrant (custos warrant "
		    "list)", id));
	}
	if (c->json) {
		warrant_tell(&t, id);
		cli_tables_close(&t);
		return (CLI_DONE);
	}
	cli_trial_note(t.state);
	for (i = 0; state_warrant(t.state, id, i, &r); i++) {
		text_b64url(b64, r.digest, DIGEST_LEN);
		printf("warrant %s, revision %" PRIu64 ": %s\n", r.id,
		    r.revision, standing(&r, utc_now()));
		printf("  digest    %s\n  window    %s until %s UTC, %s\n"
		    "  submitted by entry %" PRIu64 "\n", b64,
		    cli_when(from, r.from), cli_when(until, r.until),
		    r.cc ? "IRI and content" : "IRI only", r.index);
		if (r.approved != STATE_NONE)
			printf("  approved  by entry %" PRIu64 "\n",
			    r.approved);
		if (r.ended == STATE_NONE)
			continue;
		printf("  ended     by entry %" PRIu64 " (%s)\n", r.ended,
		    r.end);
		show_held(&t, &r, NULL);
	}
	show_tasks(t.state, id, NULL);
	cli_tables_close(&t);
	return (CLI_DONE);
}

int
cli_warrant(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "list", warrant_list, "- where every revision stands" },
		{ "show", warrant_show, "ID" },
		{ "submit", warrant_submit,
		    "DOCUMENT.json --sign KEYFILE --keep FILE.act" },
		{ "approve", warrant_approve,
		    "ID --act FILE.act --sign KEYFILE" },
		{ "refuse", warrant_refuse, "ID --sign KEYFILE "
		    "[--act FILE.act]" },
		{ "revoke", warrant_revoke,
		    "ID --sign KEYFILE [--gate SOCKET]" },
	};

	return (cli_dispatch(c, "custos warrant", verbs, 6, argc, argv));
}
