/* src/sim/sim_tell.c: what is done to a simulated element behind its X1 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/random.h"
#include "sim/sim_ne_impl.h"
#include "x1/x1_command.h"

#define WORDS_MAX	8
#define FILL_MAX	100000

struct words {
	size_t n;
	char *v[WORDS_MAX];
};

/* What a word does; the words behind it are w->v[1..]. */
typedef int tell_fn(struct sim_ne *, const struct words *, utc_us,
    struct buf *, struct cu_why *);

/* A task like those that a console of the maker would make. */
static int
task_make(struct li_task *t, const char *xid, const char *kind,
    const char *value, const char *did, const char *delivery,
    struct cu_why *why)
{
	enum li_kind k = li_kind_find(kind, strlen(kind));
	int rc = CU_ENOMEM;

	li_task_init(t);
	if (k == LI_KIND_NONE) {
		cu_why_set(why, "kind: not one of X1");
		return (CU_EMALFORMED);
	}
	text_put(t->xid, xid);
	t->shape.delivery = li_delivery_find(delivery, strlen(delivery));
	if (t->shape.delivery == LI_DELIVERY_NONE) {
		cu_why_set(why, "delivery: X2Only, X3Only or X2andX3");
		return (CU_EMALFORMED);
	}
	if ((t->targets = calloc(1, sizeof(*t->targets))) == NULL)
		goto err;
	rc = li_target_from(&t->targets[0], k, value, strlen(value), why);
	if (rc != 0)
		goto err;
	t->targets_n = 1;
	rc = CU_ENOMEM;
	if ((t->shape.dids = calloc(1, sizeof(*t->shape.dids))) == NULL)
		goto err;
	text_put(t->shape.dids[0], did);
	t->shape.dids_n = 1;
	return (0);

err:	li_task_fini(t);
	return (rc);
}

static int
need_uuid(const struct words *w, size_t i, struct cu_why *why)
{
	if (text_is_uuid(w->v[i], strlen(w->v[i])))
		return (0);
	cu_why_set(why, "word %zu: not a UUID in lower case", i + 1);
	return (CU_EMALFORMED);
}

static struct sim_task *
need_task(struct sim_ne *ne, const char *xid, struct cu_why *why)
{
	struct sim_task *t = sim_store_task(&ne->store, xid);

	if (t == NULL)
		cu_why_set(why, "no such task");
	return (t);
}

static int
tell_inject(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct li_task t;
	int rc;

	if ((rc = need_uuid(w, 1, why)) != 0 || (rc = need_uuid(w, 4, why)))
		return (rc);
	rc = task_make(&t, w->v[1], w->v[2], w->v[3], w->v[4],
	    w->n > 5 ? w->v[5] : "X2andX3", why);
	if (rc != 0)
		return (rc);
	rc = sim_store_add(&ne->store, &t);
	li_task_fini(&t);
	if (rc == CU_EEXIST)
		cu_why_set(why, "there is such a task");
	return (rc);
}

static int
tell_fill(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct li_task t;
	char xid[TEXT_UUID_LEN + 1], number[16];
	uint64_t n, i;
	int rc = 0;

	if (text_dec(w->v[1], strlen(w->v[1]), &n) != 0 || n > FILL_MAX) {
		cu_why_set(why, "word 2: a number up to %d", FILL_MAX);
		return (CU_EMALFORMED);
	}
	if ((rc = need_uuid(w, 2, why)) != 0)
		return (rc);
	for (i = 0; i < n && rc == 0; i++) {
		ne->fill++;
		snprintf(xid, sizeof(xid), "f1110000-0000-4000-8000-%012llx",
		    (unsigned long long)ne->fill & 0xffffffffffff);
		snprintf(number, sizeof(number), "999%09llu",
		    (unsigned long long)ne->fill % 1000000000);
		rc = task_make(&t, xid, "e164Number", number, w->v[2],
		    "X2andX3", why);
		if (rc != 0)
			break;
		rc = sim_store_add(&ne->store, &t);
		li_task_fini(&t);
	}
	return (rc);
}

/* alter-target, alter-restore: the second leaves but its traces. */
static int
alter(struct sim_ne *ne, const struct words *w, bool restore, utc_us now,
    struct cu_why *why)
{
	struct sim_task *t = need_task(ne, w->v[1], why);
	enum li_kind k = li_kind_find(w->v[2], strlen(w->v[2]));
	struct li_target target, *old;

	if (t == NULL)
		return (CU_ENOENT);
	if (k == LI_KIND_NONE) {
		cu_why_set(why, "kind: not one of X1");
		return (CU_EMALFORMED);
	}
	if (li_target_from(&target, k, w->v[3], strlen(w->v[3]), why) != 0)
		return (CU_EMALFORMED);
	if (restore) {
		li_target_fini(&target);
		t->changes += 2;
		t->changed = now;
		return (0);
	}
	old = &t->task.targets[0];
	li_target_fini(old);
	*old = target;
	return (0);
}

static int
tell_alter(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	return (alter(ne, w, false, now, why));
}

static int
tell_alter_restore(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	return (alter(ne, w, true, now, why));
}

static int
tell_repoint(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct li_destination *d = sim_store_dest(&ne->store, w->v[1]);
	struct li_address a;
	int rc;

	if (d == NULL) {
		cu_why_set(why, "no such destination");
		return (CU_ENOENT);
	}
	rc = li_address_parse(&a, w->v[2], strlen(w->v[2]), why);
	if (rc != 0)
		return (rc);
	li_address_fini(&d->address);
	d->address = a;
	return (0);
}

static int
make_destination(struct sim_ne *ne, const char *did, const char *address,
    struct cu_why *why)
{
	struct li_destination d = { .delivery = LI_DELIVERY_X2X3 };
	int rc;

	text_put(d.did, did);
	rc = li_address_parse(&d.address, address, strlen(address), why);
	if (rc != 0)
		return (rc);
	rc = sim_store_add_dest(&ne->store, &d);
	li_destination_fini(&d);
	if (rc == CU_EEXIST)
		cu_why_set(why, "there is such a destination");
	return (rc);
}

/* add-destination XID|- DID [ADDRESS]: make it, and let the task use it. */
static int
tell_add_destination(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_task *t = NULL;
	struct li_shape *s;
	li_uuid *dids;
	int rc;

	if ((rc = need_uuid(w, 2, why)) != 0)
		return (rc);
	if (strcmp(w->v[1], "-") != 0 &&
	    (t = need_task(ne, w->v[1], why)) == NULL)
		return (CU_ENOENT);
	if (w->n > 3 && (rc = make_destination(ne, w->v[2], w->v[3], why)))
		return (rc);
	if (t == NULL)
		return (0);
	s = &t->task.shape;
	if (s->dids_n >= LI_DIDS_MAX)
		return (CU_ELIMIT);
	dids = reallocarray(s->dids, s->dids_n + 1, sizeof(*dids));
	if (dids == NULL)
		return (CU_ENOMEM);
	s->dids = dids;
	text_put(s->dids[s->dids_n], w->v[2]);
	s->dids_n++;
	return (0);
}

static int
tell_drop(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	int rc = sim_store_end(&ne->store, w->v[1], false);

	if (rc == CU_ENOENT)
		cu_why_set(why, "no such task");
	return (rc);
}

static int
tell_restore_ended(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	return (sim_store_back(&ne->store));
}

static int
tell_forget(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	sim_store_clear(&ne->store);
	return (0);
}

static int
on_off(const char *word, bool *out, struct cu_why *why)
{
	if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
		cu_why_set(why, "on or off, not another word");
		return (CU_EMALFORMED);
	}
	*out = strcmp(word, "on") == 0;
	return (0);
}

static int
tell_hide(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_task *t = need_task(ne, w->v[1], why);

	if (t == NULL)
		return (CU_ENOENT);
	if (w->n > 2)
		return (on_off(w->v[2], &t->hidden, why));
	t->hidden = true;
	return (0);
}

static int
tell_flicker(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_task *t = need_task(ne, w->v[1], why);

	if (t == NULL)
		return (CU_ENOENT);
	t->shown = false;
	t->flicker = true;
	return (w->n > 2 ? on_off(w->v[2], &t->flicker, why) : 0);
}

/* silent, garbage, cut: on|off [ADMF] */
static int
tell_manner(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_manner *m = &ne->manner;
	bool *which = strcmp(w->v[0], "silent") == 0 ? &m->silent :
	    strcmp(w->v[0], "garbage") == 0 ? &m->garbage : &m->cut;
	int rc;

	if ((rc = on_off(w->v[1], which, why)) != 0)
		return (rc);
	m->to[0] = '\0';
	if (w->n > 2 && strlen(w->v[2]) <= X1_ID_MAX)
		text_put(m->to, w->v[2]);
	return (0);
}

/* slow MS [ADMF], status CODE [ADMF] */
static int
tell_number(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_manner *m = &ne->manner;
	bool slow = strcmp(w->v[0], "slow") == 0;
	uint64_t n;

	if (text_dec(w->v[1], strlen(w->v[1]), &n) != 0 ||
	    n > (slow ? 600000 : 599) || (!slow && n != 0 && n < 200)) {
		cu_why_set(why, "word 2: %s", slow ?
		    "milliseconds, at most 600000" : "an HTTP status, or 0");
		return (CU_EMALFORMED);
	}
	if (slow)
		m->slow_ms = (unsigned int)n;
	else
		m->status = (int)n;
	m->to[0] = '\0';
	if (w->n > 2 && strlen(w->v[2]) <= X1_ID_MAX)
		text_put(m->to, w->v[2]);
	return (0);
}

static int
tell_ack_only(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	bool on = true;
	int rc;

	if (w->n > 1 && strcmp(w->v[1], "never") == 0) {
		ne->ack = SIM_ACK_NEVER;
		return (0);
	}
	if (w->n > 1 && (rc = on_off(w->v[1], &on, why)) != 0)
		return (rc);
	ne->ack = on ? SIM_ACK_ONLY : SIM_ACK_HONEST;
	return (0);
}

/* The lies that are on or off; on where no word says so. */
static int
tell_flag(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	const struct { const char *name; bool *flag; } row[] = {
		{ "execute-and-error", &ne->execute_and_error },
		{ "acknowledge-and-drop-target", &ne->drop_target },
		{ "refuse-stop", &ne->refuse_stop },
		{ "ignore-stop", &ne->ignore_stop },
		{ "last-only", &ne->last_only },
		{ "no-counters", &ne->no_counts },
	};
	bool on = true;
	size_t i;
	int rc;

	if (w->n > 1 && (rc = on_off(w->v[1], &on, why)) != 0)
		return (rc);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strcmp(row[i].name, w->v[0]) == 0)
			*row[i].flag = on;
	return (0);
}

static int
tell_dialect(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	if (strcmp(w->v[1], "stamp") != 0 && strcmp(w->v[1], "none") != 0) {
		cu_why_set(why, "dialect: stamp or none");
		return (CU_EMALFORMED);
	}
	ne->stamp = strcmp(w->v[1], "stamp") == 0;
	return (0);
}

/* Whatever it was told, from now on it is honest; what it holds stays. */
static int
tell_honest(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct sim_ne was = *ne;
	size_t i;

	memset(&ne->manner, 0, sizeof(ne->manner));
	ne->ack = SIM_ACK_HONEST;
	ne->execute_and_error = ne->drop_target = ne->refuse_stop = false;
	ne->ignore_stop = ne->last_only = ne->no_counts = false;
	for (i = 0; i < was.store.task_n; i++) {
		was.store.task[i].hidden = false;
		was.store.task[i].flicker = was.store.task[i].bare = false;
	}
	return (0);
}

static int
tell_list(struct sim_ne *ne, const struct words *w, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct li_task_status status;
	const struct sim_task *t;
	size_t i;
	int rc;

	for (i = 0; i < ne->store.task_n; i++) {
		t = &ne->store.task[i];
		if ((rc = li_task_line(out, &t->task)) != 0)
			return (rc);
		buf_ch(out, '\n');
		li_task_status_init(&status);
		status.modifications.present = true;
		status.modifications.v = t->changes;
		status.last_modification = t->changed;
		li_count_line(out, t->task.xid, &status);
		buf_printf(out, "%s%s%s\n", t->hidden ? " hidden" : "",
		    t->flicker ? " flicker" : "", t->bare ? " bare" : "");
	}
	for (i = 0; i < ne->store.dest_n; i++) {
		li_destination_line(out, &ne->store.dest[i]);
		buf_ch(out, '\n');
	}
	return (out->rc);
}

static const struct {
	const char *word;
	size_t min, max;	/* words, itself included */
	tell_fn *fn;
} table[] = {
	{ "inject-task", 5, 6, tell_inject },
	{ "fill", 3, 3, tell_fill },
	{ "alter-target", 4, 4, tell_alter },
	{ "alter-restore", 4, 4, tell_alter_restore },
	{ "repoint", 3, 3, tell_repoint },
	{ "add-destination", 3, 4, tell_add_destination },
	{ "drop-task", 2, 2, tell_drop },
	{ "hide-task", 2, 3, tell_hide },
	{ "flicker", 2, 3, tell_flicker },
	{ "restore-ended", 1, 1, tell_restore_ended },
	{ "forget", 1, 1, tell_forget },
	{ "silent", 2, 3, tell_manner },
	{ "garbage", 2, 3, tell_manner },
	{ "cut", 2, 3, tell_manner },
	{ "slow", 2, 3, tell_number },
	{ "status", 2, 3, tell_number },
	{ "ack-only", 1, 2, tell_ack_only },
	{ "execute-and-error", 1, 2, tell_flag },
	{ "acknowledge-and-drop-target", 1, 2, tell_flag },
	{ "refuse-stop", 1, 2, tell_flag },
	{ "ignore-stop", 1, 2, tell_flag },
	{ "last-only", 1, 2, tell_flag },
	{ "no-counters", 1, 2, tell_flag },
	{ "dialect", 2, 2, tell_dialect },
	{ "honest", 1, 1, tell_honest },
	{ "list", 1, 1, tell_list },
};

/* Cut ${copy} into words.  False: there are too many. */
static bool
cut(struct words *w, char *copy)
{
	char *word;

	w->n = 0;
	while ((word = strsep(&copy, " ")) != NULL) {
		if (*word == '\0')
			continue;
		if (w->n == WORDS_MAX)
			return (false);
		w->v[w->n++] = word;
	}
	return (true);
}

/* report-task XID TYPE, report-destination DID TYPE, report-ne TYPE; [CODE] */
static int
take_report(struct x1_msg *m, const struct words *w, struct cu_why *why)
{
	const char *type = w->n > 1 ? w->v[w->n > 2 ? 2 : 1] : "";
	bool ne = strcmp(w->v[0], "report-ne") == 0;
	size_t n = ne ? 2 : 3;
	uint64_t code;
	int i;

	m->op = ne ? X1_OP_REPORT_NE_ISSUE :
	    strcmp(w->v[0], "report-task") == 0 ? X1_OP_REPORT_TASK_ISSUE :
	    X1_OP_REPORT_DESTINATION_ISSUE;
	if (ne && w->n > 1)
		type = w->v[1];
	for (i = X1_NE_ISSUE_WARNING; ne && i <= X1_NE_ISSUE_ALERT; i++)
		if (strcmp(x1_ne_issue_name(i), type) == 0)
			m->report.ne_issue = i;
	for (i = X1_REPORT_ALL_CLEAR; !ne && i <= X1_REPORT_ACTIONED_BAD; i++)
		if (strcmp(x1_report_type_name(i), type) == 0)
			m->report.type = i;
	if (w->n < n || w->n > n + 1 || (m->report.type == X1_REPORT_NONE &&
	    m->report.ne_issue == X1_NE_ISSUE_NONE) || (!ne &&
	    !text_is_uuid(w->v[1], strlen(w->v[1])))) {
		cu_why_set(why, "%s: an id, a type of X1, perhaps a code",
		    w->v[0]);
		return (CU_EMALFORMED);
	}
	if (!ne)
		text_copy(m->op == X1_OP_REPORT_TASK_ISSUE ? m->xid : m->did,
		    sizeof(li_uuid), w->v[1]);
	if (w->n > n) {
		if (text_dec(w->v[n], strlen(w->v[n]), &code) != 0 ||
		    code > INT32_MAX) {
			cu_why_set(why, "the code must be a number");
			return (CU_EMALFORMED);
		}
		m->report.has_code = true;
		m->report.code = (int64_t)code;
	}
	m->report.text = strdup("said by a simulator");
	return (m->report.text != NULL ? 0 : CU_ENOMEM);
}

int
sim_ne_report(struct sim_ne *ne, const char *admf, const char *line,
    size_t len, utc_us now, struct buf *body, struct cu_why *why)
{
	struct x1_msg m = { .op = X1_OP_NONE };
	size_t from = body->len;
	struct words w;
	char *copy;
	int rc;

	if (len < 7 || memcmp(line, "report-", 7) != 0)
		return (CU_ENOENT);
	if ((copy = strndup(line, len)) == NULL)
		return (CU_ENOMEM);
	rc = CU_EMALFORMED;
	if (!cut(&w, copy))
		cu_why_set(why, "too many words");
	else if (strcmp(w.v[0], "report-task") != 0 &&
	    strcmp(w.v[0], "report-destination") != 0 &&
	    strcmp(w.v[0], "report-ne") != 0)
		cu_why_set(why, "no such word; see custos-sim(8)");
	else
		rc = take_report(&m, &w, why);
	if (rc == 0) {
		snprintf(m.head.admf, sizeof(m.head.admf), "%s", admf);
		text_put(m.head.ne, ne->id);
		text_put(m.head.version, X1_VERSION);
		m.head.stamp = now;
		random_uuid(m.head.transaction);
		rc = x1_request_write(body, &m, 1);
	}
	if (rc == 0 && ne->stamp)
		sim_three_digits(body, from);
	x1_msg_fini(&m);
	free(copy);
	return (rc);
}

int
sim_ne_tell(struct sim_ne *ne, const char *line, size_t len, utc_us now,
    struct buf *out, struct cu_why *why)
{
	struct words w;
	char *copy;
	size_t i;
	int rc = CU_EMALFORMED;

	if (len > SIM_LINE_MAX || memchr(line, '\0', len) != NULL) {
		cu_why_set(why, "the line is too long, or not text");
		return (CU_ELIMIT);
	}
	if ((copy = strndup(line, len)) == NULL)
		return (CU_ENOMEM);
	if (!cut(&w, copy)) {
		cu_why_set(why, "too many words");
		goto out;
	}
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (w.n == 0 || strcmp(table[i].word, w.v[0]) != 0)
			continue;
		if (w.n >= table[i].min && w.n <= table[i].max)
			rc = table[i].fn(ne, &w, now, out, why);
		else
			cu_why_set(why, "%s: takes %zu to %zu words more",
			    table[i].word, table[i].min - 1, table[i].max - 1);
		goto out;
	}
	cu_why_set(why, "no such word; see custos-sim(8)");
out:	free(copy);
	return (rc);
}
