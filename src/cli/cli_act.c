/* src/cli/cli_act.c: an act from its payload to the log: seq, keys, file */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_tables.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "net/net_frame.h"
#include "record/record_act.h"
#include "record/record_payload.h"

/* What the keeper said of an act, and how it is told. */
struct verdict {
	const struct cli *c;
	int code;
};

/* The verdict for a program. */
static void
tell_verdict(const struct verdict *v, const char *why, uint64_t index,
    bool known)
{
	struct cli_json j;

	cli_json_begin(&j);
	jw_bool(&j.w, "kept", v->code == CLI_DONE);
	if (known)
		jw_dec(&j.w, v->code == CLI_DONE ? "entry" : "finding", index);
	else
		jw_null(&j.w, v->code == CLI_DONE ? "entry" : "finding");
	jw_strz(&j.w, "why", why);
	cli_json_end(&j);
}

static void
on_verdict(void *cookie, const struct net_msg *m)
{
	struct verdict *v = cookie;
	uint64_t index = 0;
	bool known = jv_dec(jv_get(m->json, "index"), &index) == 0;
	const char *why;
	size_t n;

	v->code = m->kind == NET_KEPT ? CLI_DONE : CLI_NO;
	why = jv_str(jv_get(m->json, "why"), &n);
	if (v->c->json) {
		tell_verdict(v, why, index, known);
	} else if (v->code == CLI_DONE && !v->c->quiet) {
		if (known)
			printf("kept as entry %" PRIu64 "\n", index);
		else
			printf("kept by the gate, on its way to the log\n");
	} else if (v->code == CLI_NO) {
		printf("refused: ");
		cli_put(why != NULL ? why : "no reason");
		printf(why != NULL && strncmp(why, "seq:", 4) == 0 ?
		    ": another act on it came first (custos sign --renew)\n" :
		    "\n");
		if (known)
			printf("the attempt stands as finding %" PRIu64 "\n",
			    index);
	}
}

int
cli_act_send(const struct cli *c, struct cli_talk *t, const void *file,
    size_t len)
{
	struct verdict v = { c, CLI_FAILED };
	struct net_out m;

	net_out_init(&m, NET_ACT);
	net_out_part(&m, file, len);
	if (cli_talk_ask(t, &m, on_verdict, &v) != 0)
		return (CLI_FAILED);
	return (v.code);
}

/* The members of a payload, a line each. */
static void
show_payload(struct buf *b, const struct record_act *act)
{
	const struct jv *v;
	const char *name;
	struct jv *root;
	size_t i;

	if (jv_parse(&root, act->payload, act->payload_len, NULL) != 0) {
		text_show(b, act->payload, act->payload_len);
		buf_ch(b, '\n');
		return;
	}
	for (i = 0; (name = jv_key_at(root, i, &v)) != NULL; i++) {
		if (strcmp(name, "_sd") == 0)
			continue;	/* the digests of what follows */
		buf_printf(b, "  %-15s ", name);
		cli_value_show(b, v);
		buf_ch(b, '\n');
	}
	jv_free(root);
}

void
cli_act_show(const struct record_act *act, const struct record_sds *sds)
{
	struct record_sd sd;
	struct buf b;
	size_t i;

	buf_init(&b, CLI_FILE_MAX);
	buf_printf(&b, "%s %s of ", record_kind_name(act->kind),
	    record_verb_name(act->verb));
	text_show(&b, act->subject, strlen(act->subject));
	buf_printf(&b, ", act %llu on it\n in the log, in clear\n",
	    (unsigned long long)act->seq);
	show_payload(&b, act);
	if (sds->n > 0)
		buf_str(&b, " sealed\n");
	for (i = 0; i < sds->n; i++) {
		if (record_sd_read(&sd, sds->row[i].text, sds->row[i].len,
		    NULL) != 0)
			continue;
		buf_printf(&b, "  %-15s ", sd.name);
		if (strcmp(sd.name, "token_key") == 0 ||
		    strcmp(sd.name, "audit_key") == 0)
			buf_str(&b, "(a random key)");
		else
			cli_value_show(&b, sd.value);
		buf_ch(&b, '\n');
		record_sd_fini(&sd);
	}
	if (act->sigs_n > 0)
		buf_str(&b, " signed\n");
	for (i = 0; i < act->sigs_n; i++) {
		char when[UTC_LEN + 1];

		utc_text(when, act->sig[i].time);
		buf_printf(&b, "  by key          %s at %.19sZ\n",
		    act->sig[i].key, when);
	}
	fputs(buf_text(&b), stdout);
	buf_wipe(&b);
}

void
cli_value_show(struct buf *b, const struct jv *v)
{
	const struct jv *member;
	const char *s;
	int64_t i;
	size_t n;
	bool yes;

	if ((s = jv_str(v, &n)) != NULL) {
		text_show(b, s, n);
	} else if (jv_is(v, JV_OBJECT)) {
		for (n = 0; (s = jv_key_at(v, n, &member)) != NULL; n++) {
			buf_printf(b, "%s%s=", n > 0 ? " " : "", s);
			cli_value_show(b, member);
		}
	} else if (jv_is(v, JV_NULL) || (jv_is(v, JV_ARRAY) &&
	    jv_len(v) == 0)) {
		buf_ch(b, '-');
	} else if (jv_bool(v, &yes) == 0) {
		buf_str(b, yes ? "yes" : "no");
	} else if (jv_int(v, &i) == 0) {
		buf_printf(b, "%lld", (long long)i);
	} else if (jv_is(v, JV_ARRAY)) {
		for (n = 0; n < jv_len(v); n++) {
			if (n > 0)
				buf_str(b, jv_is(jv_at(v, n), JV_ARRAY) ||
				    jv_is(jv_at(v, n), JV_OBJECT) ?
				    "; " : " ");
			cli_value_show(b, jv_at(v, n));
		}
	} else {
		buf_str(b, "?");
	}
}

/* Sign with each named key.  0, or -1 after saying why. */
static int
sign_all(const struct cli *c, struct record_act *act,
    const struct record_log *log, const struct cli_list *keys)
{
	struct sign_key *key;
	size_t i;
	int rc;

	for (i = 0; i < keys->n; i++) {
		if ((key = cli_key_open(c, keys->v[i])) == NULL)
			return (-1);
		rc = record_act_sign(act, log, key, utc_now());
		sign_key_free(key);
		if (rc != 0) {
			cli_fail(CLI_FAILED, "%s: %s", keys->v[i], rc ==
			    CU_EEXIST ? "has signed already" : cu_strerror(rc));
			return (-1);
		}
	}
	return (0);
}

int
cli_act_text(const struct cli *c, const struct cli_acting *a, int kind,
    int verb, const char *subject, const struct buf *payload,
    struct record_sds *sds)
{
	struct record_act *act = NULL;
	struct record_log log;
	struct cu_why why = { "" };
	struct cli_talk *t;
	struct buf file;
	uint64_t seq;
	int code = CLI_FAILED;

	if (a->sign.n == 0 && a->out == NULL)
		return (cli_fail(CLI_USAGE, "an act needs a signature (--sign "
		    "KEYFILE), or a file to collect them in (--out FILE)"));
	if (a->out != NULL && access(a->out, F_OK) == 0)
		return (cli_fail(CLI_USAGE, "%s: is there already; an act goes "
		    "into a new file", a->out));
	if ((t = cli_talk_open(c, a->socket)) == NULL)
		return (CLI_FAILED);
	buf_init(&file, RECORD_ACT_FILE_MAX);
	if (cli_talk_seq(t, subject, &seq) != 0)
		goto out;
	if (record_act_make(&act, (enum record_kind)kind,
	    (enum record_verb)verb, subject, seq, buf_text(payload),
	    payload->len, &why) != 0) {
		cli_fail(CLI_FAILED, "%s %s: %s", record_kind_name((enum
		    record_kind)kind), record_verb_name((enum record_verb)verb),
		    why.text);
		code = CLI_USAGE;
		goto out;
	}
	log.origin = cli_talk_origin(t);
	log.genesis = cli_talk_genesis(t);
	if (sign_all(c, act, &log, &a->sign) != 0)
		goto out;
	record_act_file_write(&file, act, &log, sds);
	if (file.rc != 0) {
		cli_fail(CLI_FAILED, "the act is too large");
	} else if (a->out == NULL) {
		code = cli_act_send(c, t, file.p, file.len);
	} else if (cli_write(a->out, file.p, file.len, 0600) == 0) {
		if (!c->quiet && !c->json)
			printf("%s: %zu signature%s, not yet submitted (custos "
			    "sign adds one, custos submit sends)\n", a->out,
			    act->sigs_n, act->sigs_n == 1 ? "" : "s");
		code = CLI_DONE;
	}
out:
	record_act_free(act);
	buf_wipe(&file);
	cli_talk_close(t);
	return (code);
}

int
cli_act(const struct cli *c, const struct cli_acting *a,
    const struct record_payload *p, struct record_sds *sds)
{
	char subject[RECORD_SUBJECT_MAX + 1];
	struct buf payload;
	int code;

	if (record_sds_sort(sds) != 0)
		return (CLI_FAILED);
	buf_init(&payload, RECORD_PAYLOAD_MAX);
	record_payload_write(&payload, p, sds);
	if (payload.rc != 0) {
		cli_fail(CLI_FAILED, "the payload is too large or not UTF-8");
		buf_fini(&payload);
		return (CLI_USAGE);
	}
	record_payload_subject(subject, sizeof(subject), p);
	code = cli_act_text(c, a, (int)p->kind, (int)p->verb, subject,
	    &payload, sds);
	buf_fini(&payload);
	return (code);
}

int
cli_act_with(const struct cli *c, const struct cli_acting *a,
    const struct record_payload *p, const char *name, const char *value)
{
	struct record_sds sds;
	int code, rc = 0;

	record_sds_init(&sds);
	if (value != NULL)
		rc = record_sds_str(&sds, name, value);
	if (rc == 0)
		code = cli_act(c, a, p, &sds);
	else
		code = cli_fail(CLI_USAGE, "%s: %s", name, cu_strerror(rc));
	record_sds_fini(&sds);
	return (code);
}

int
cli_submit(struct cli *c, int argc, char **argv)
{
	const char *path, *socket = NULL;
	struct cli_opt opt[] = { { "--gate", CLI_TEXT, &socket } };
	struct cli_talk *t;
	size_t len;
	char *file;
	int code = CLI_FAILED;

	if (cli_options(argc, argv, opt, 1, &path, 1, 1) < 0)
		return (cli_usage("custos [--json] submit FILE.act "
		    "[--gate SOCKET]"));
	if ((file = cli_read(path, RECORD_ACT_FILE_MAX, &len)) == NULL)
		return (CLI_FAILED);
	if ((t = cli_talk_open(c, socket)) != NULL)
		code = cli_act_send(c, t, file, len);
	cli_talk_close(t);
	explicit_bzero(file, len);
	free(file);
	return (code);
}

/* The same act once more, with the seq that the keeper expects now. */
static struct record_act *
renewed(const struct cli *c, const struct record_act *was)
{
	struct record_act *act = NULL;
	struct cli_talk *t;
	uint64_t seq;

	if ((t = cli_talk_open(c, NULL)) == NULL)
		return (NULL);
	if (cli_talk_seq(t, was->subject, &seq) == 0)
		(void)record_act_make(&act, was->kind, was->verb, was->subject,
		    seq, was->payload, was->payload_len, NULL);
	cli_talk_close(t);
	return (act);
}

/* Write the file anew beside the old one, then in its place. */
static int
replace_file(const char *path, const struct buf *b)
{
	char beside[PATH_MAX];
	int n = snprintf(beside, sizeof(beside), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(beside))
		return (-1);
	if (cli_write(beside, b->p, b->len, 0600) != 0)
		return (-1);
	if (rename(beside, path) == 0)
		return (0);
	cli_fail(CLI_FAILED, "%s: cannot be replaced", path);
	remove(beside);
	return (-1);
}

int
cli_sign(struct cli *c, int argc, char **argv)
{
	struct cli_list keys = { .n = 0 };
	bool renew = false;
	struct cli_opt opt[] = { { "--key", CLI_MANY | CLI_NEED, &keys },
	    { "--renew", CLI_FLAG, &renew } };
	struct record_act_file *f = NULL;
	struct record_act *act;
	struct record_log log;
	struct cu_why why = { "" };
	const char *path;
	struct buf b;
	size_t len;
	char *file;
	int code = CLI_FAILED;

	buf_init(&b, RECORD_ACT_FILE_MAX);
	if (cli_options(argc, argv, opt, 2, &path, 1, 1) < 0)
		return (cli_usage("custos sign FILE.act --key "
		    "KEYFILE [--renew]"));
	if ((file = cli_read(path, RECORD_ACT_FILE_MAX, &len)) == NULL)
		return (CLI_FAILED);
	if (record_act_file_read(&f, file, len, &why) != 0) {
		cli_fail(CLI_FAILED, "%s: no act file (that --keep or --out "
		    "wrote): %s", path, why.text);
		goto out;
	}
	if (renew) {
		if ((act = renewed(c, f->act)) == NULL)
			goto out;
		record_act_free(f->act);
		f->act = act;
	}
	cli_act_show(f->act, &f->sds);
	if ((code = cli_ask_yes(c, "Sign this?")) != CLI_DONE)
		goto out;
	code = CLI_FAILED;
	record_act_file_log(f, &log);
	if (sign_all(c, f->act, &log, &keys) != 0)
		goto out;
	record_act_file_write(&b, f->act, &log, &f->sds);
	if (b.rc == 0 && replace_file(path, &b) == 0) {
		printf("%s: %zu signature%s\n", path, f->act->sigs_n,
		    f->act->sigs_n == 1 ? "" : "s");
		code = CLI_DONE;
	}
out:
	record_act_file_free(f);
	explicit_bzero(file, len);
	free(file);
	buf_wipe(&b);
	return (code);
}
