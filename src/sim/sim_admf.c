/* src/sim/sim_admf.c: words into X1 requests, X1 answers into lines */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/random.h"
#include "sim/sim_admf.h"
#include "sim/sim_ne.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"

/* What follows the word. */
enum form { FORM_NONE, FORM_XID, FORM_DID, FORM_TASK, FORM_DESTINATION };

static const struct {
	const char *word;
	enum x1_op op;
	enum form form;
} verbs[] = {
	{ "activate", X1_OP_ACTIVATE_TASK, FORM_TASK },
	{ "modify", X1_OP_MODIFY_TASK, FORM_TASK },
	{ "deactivate", X1_OP_DEACTIVATE_TASK, FORM_XID },
	{ "deactivate-all", X1_OP_DEACTIVATE_ALL_TASKS, FORM_NONE },
	{ "create-destination", X1_OP_CREATE_DESTINATION, FORM_DESTINATION },
	{ "modify-destination", X1_OP_MODIFY_DESTINATION, FORM_DESTINATION },
	{ "remove-destination", X1_OP_REMOVE_DESTINATION, FORM_DID },
	{ "remove-all-destinations", X1_OP_REMOVE_ALL_DESTINATIONS,
	    FORM_NONE },
	{ "get-task", X1_OP_GET_TASK_DETAILS, FORM_XID },
	{ "get-destination", X1_OP_GET_DESTINATION_DETAILS, FORM_DID },
	{ "get-all", X1_OP_GET_ALL_DETAILS, FORM_NONE },
	{ "get-tasks", X1_OP_GET_ALL_TASK_DETAILS, FORM_NONE },
	{ "get-destinations", X1_OP_GET_ALL_DESTINATION_DETAILS, FORM_NONE },
	{ "list", X1_OP_LIST_ALL_DETAILS, FORM_NONE },
	{ "status", X1_OP_GET_NE_STATUS, FORM_NONE },
	{ "ping", X1_OP_PING, FORM_NONE },
	{ "keepalive", X1_OP_KEEPALIVE, FORM_NONE },
};

const char *
sim_admf_words(void)
{
	return (
"  activate|modify XID KIND=VALUE... --did DID... [--deliver X2andX3]\n"
"      [--service voice]... [--product UUID] [--correlation N] [--implicit]\n"
"  deactivate XID | deactivate-all\n"
"  create-destination|modify-destination DID ADDRESS [--deliver X2andX3]\n"
"      [--name TEXT]        ADDRESS: ipv4:192.0.2.10:tcp:42069\n"
"  remove-destination DID | remove-all-destinations\n"
"  get-task XID | get-destination DID | get-all | get-tasks\n"
"  get-destinations | list | status | ping | keepalive\n"
"  raw FILE                 send the bytes of a file as they are\n"
"  listen                   take what elements report, and print it\n"
"  Several in one container: WORDS --then WORDS\n"
"  --transaction UUID, --stamp TIME, --version V: in any message\n");
}

static int
take_uuid(li_uuid out, const char *s, const char *what, struct cu_why *why)
{
	if (s == NULL || !text_is_uuid(s, strlen(s))) {
		cu_why_set(why, "%s: a UUID in lower case is wanted", what);
		return (CU_EMALFORMED);
	}
	text_copy(out, sizeof(li_uuid), s);
	return (0);
}

static int
add_target(struct li_task *t, const char *word, struct cu_why *why)
{
	const char *eq = strchr(word, '=');
	struct li_target *p;
	enum li_kind k;
	int rc;

	k = li_kind_find(word, (size_t)(eq - word));
	if (k == LI_KIND_NONE) {
		cu_why_set(why, "%.*s: no kind of target", (int)(eq - word),
		    word);
		return (CU_EMALFORMED);
	}
	p = reallocarray(t->targets, t->targets_n + 1, sizeof(*p));
	if (p == NULL)
		return (CU_ENOMEM);
	t->targets = p;
	rc = li_target_from(&p[t->targets_n], k, eq + 1, strlen(eq + 1), why);
	if (rc == 0)
		t->targets_n++;
	return (rc);
}

static int
add_did(struct li_task *t, const char *did, struct cu_why *why)
{
	li_uuid *p;
	int rc;

	p = reallocarray(t->shape.dids, t->shape.dids_n + 1, sizeof(*p));
	if (p == NULL)
		return (CU_ENOMEM);
	t->shape.dids = p;
	if ((rc = take_uuid(p[t->shape.dids_n], did, "--did", why)) == 0)
		t->shape.dids_n++;
	return (rc);
}

/* An option of a message: its value is ${v} (NULL: there is no more word). */
static int
take_option(struct x1_msg *m, const char *o, const char *v, struct cu_why *why)
{
	struct li_shape *s = &m->task.shape;
	enum li_delivery d;
	unsigned int service;

	if (v == NULL) {
		cu_why_set(why, "%s: a word is missing behind it", o);
		return (CU_EMALFORMED);
	}
	if (strcmp(o, "--did") == 0)
		return (add_did(&m->task, v, why));
	if (strcmp(o, "--transaction") == 0)
		return (take_uuid(m->head.transaction, v, o, why));
	if (strcmp(o, "--product") == 0)
		return (take_uuid(m->task.product, v, o, why));
	if (strcmp(o, "--deliver") == 0) {
		d = li_delivery_find(v, strlen(v));
		s->delivery = m->destination.delivery = d;
		if (d != LI_DELIVERY_NONE)
			return (0);
	} else if (strcmp(o, "--service") == 0) {
		service = li_service_find(v, strlen(v));
		s->services |= service;
		if (service != 0)
			return (0);
	} else if (strcmp(o, "--correlation") == 0) {
		m->task.has_correlation = true;
		if (text_dec(v, strlen(v), &m->task.correlation) == 0)
			return (0);
	} else if (strcmp(o, "--stamp") == 0) {
		if (utc_parse(v, strlen(v), &m->head.stamp) == 0)
			return (0);
	} else if (strcmp(o, "--version") == 0) {
		if (strlen(v) <= X1_VERSION_MAX) {
			text_put(m->head.version, v);
			return (0);
		}
	} else if (strcmp(o, "--name") == 0) {
		if (m->destination.name == NULL)
			m->destination.name = strdup(v);
		return (m->destination.name != NULL ? 0 : CU_ENOMEM);
	}
	cu_why_set(why, "%s %s: no such option, or no value of it", o, v);
	return (CU_EMALFORMED);
}

/* The words behind the verb that are no options, the first at ${v}[1]. */
static int
take_words(struct x1_msg *m, enum form form, int n, char **v,
    struct cu_why *why)
{
	int i, rc = 0, want = form == FORM_NONE ? 1 :
	    form == FORM_DESTINATION ? 3 : 2;

	if (n < want || (n > want && form != FORM_TASK)) {
		cu_why_set(why, "%s: %s words", v[0], n < want ? "too few" :
		    "too many");
		return (CU_EMALFORMED);
	}
	if (form == FORM_XID || form == FORM_TASK)
		rc = take_uuid(m->xid, v[1], "XID", why);
	if (form == FORM_DID || form == FORM_DESTINATION)
		rc = take_uuid(m->did, v[1], "DID", why);
	if (rc == 0 && form == FORM_DESTINATION) {
		text_put(m->destination.did, m->did);
		rc = li_address_parse(&m->destination.address, v[2],
		    strlen(v[2]), why);
	}
	if (form != FORM_TASK)
		return (rc);
	text_put(m->task.xid, m->xid);
	for (i = 2; i < n && rc == 0; i++) {
		if (strchr(v[i], '=') == NULL) {
			cu_why_set(why, "word %d: KIND=VALUE is wanted", i);
			return (CU_EMALFORMED);
		}
		rc = add_target(&m->task, v[i], why);
	}
	if (rc == 0 && m->task.targets_n == 0) {
		cu_why_set(why, "%s: no KIND=VALUE", v[0]);
		rc = CU_EMALFORMED;
	}
	return (rc);
}

/* One message of the words ${v}[0..n). */
static int
take_message(struct x1_msg *m, const struct sim_admf_conf *c, int n, char **v,
    utc_us now, struct cu_why *why)
{
	char *plain[LI_SET_MAX + 4];
	size_t i;
	int k, plain_n = 0, rc;

	snprintf(m->head.admf, sizeof(m->head.admf), "%s", c->admf);
	snprintf(m->head.ne, sizeof(m->head.ne), "%s", c->ne);
	text_put(m->head.version, X1_VERSION);
	m->head.stamp = now;
	random_uuid(m->head.transaction);
	li_task_init(&m->task);
	m->task.shape.delivery = m->destination.delivery = LI_DELIVERY_X2X3;

	for (k = 0; k < n; k++) {
		if (strcmp(v[k], "--implicit") == 0) {
			m->task.has_implicit = m->task.implicit = true;
		} else if (strncmp(v[k], "--", 2) == 0) {
			rc = take_option(m, v[k], k + 1 < n ? v[k + 1] : NULL,
			    why);
			if (rc != 0)
				return (rc);
			k++;
		} else if (plain_n == LI_SET_MAX + 4) {
			cu_why_set(why, "too many words");
			return (CU_ELIMIT);
		} else
			plain[plain_n++] = v[k];
	}
	for (i = 0; plain_n > 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, plain[0]) == 0) {
			m->op = verbs[i].op;
			return (take_words(m, verbs[i].form, plain_n, plain,
			    why));
		}
	cu_why_set(why, "%s: no such word", plain_n > 0 ? plain[0] : "nothing");
	return (CU_EMALFORMED);
}

int
sim_admf_build(struct buf *body, const struct sim_admf_conf *c, int argc,
    char **argv, utc_us now, struct cu_why *why)
{
	struct x1_msg *m;
	size_t n = 0, from = body->len, i;
	int a, z, rc = 0;

	if ((m = calloc(SIM_BATCH_MAX, sizeof(*m))) == NULL)
		return (CU_ENOMEM);
	for (a = 0; rc == 0 && (a < argc || n == 0); a = z + 1) {
		for (z = a; z < argc && strcmp(argv[z], "--then") != 0; z++)
			;
		if (n == SIM_BATCH_MAX) {
			cu_why_set(why, "more than %d messages", SIM_BATCH_MAX);
			rc = CU_ELIMIT;
			break;
		}
		rc = take_message(&m[n], c, z - a, argv + a, now + (utc_us)n,
		    why);
		n++;
	}
	if (rc == 0 && (rc = x1_request_write(body, m, n)) != 0)
		cu_why_set(why, "cannot be written as X1");
	if (rc == 0 && c->dialect & X1_DIALECT_STAMP)
		sim_three_digits(body, from);
	for (i = 0; i < n; i++)
		x1_msg_fini(&m[i]);
	free(m);
	return (rc);
}

static void
tell_item(struct buf *out, const struct x1_item *it)
{
	switch (it->kind) {
	case X1_ITEM_XID:
	case X1_ITEM_DID:
	case X1_ITEM_OBJECT_ID:
		buf_printf(out, "  %s %s\n", it->kind == X1_ITEM_XID ? "xid" :
		    it->kind == X1_ITEM_DID ? "did" : "object", it->id);
		return;
	default:
		break;
	}
	buf_str(out, "  ");
	if (it->form != X1_FORM_OK)
		buf_printf(out, "%s not understood: %s", it->id, it->why.text);
	else if (it->kind == X1_ITEM_TASK) {
		li_task_line(out, &it->task);
		buf_str(out, "\n  ");
		li_count_line(out, it->id, &it->task_status);
	} else
		li_destination_line(out, &it->destination);
	buf_ch(out, '\n');
}

static enum sim_told
tell_answer(struct buf *out, struct x1_response *r, const struct x1_answer *a)
{
	struct x1_item item;

	if (a->is_error) {
		buf_printf(out, "%s error %lld ",
		    a->op != X1_OP_NONE ? x1_op_name(a->op) : "?",
		    (long long)a->code);
		if (a->text != NULL)
			text_show(out, a->text, strlen(a->text));
		buf_ch(out, '\n');
		return (SIM_TOLD_REFUSED);
	}
	buf_printf(out, "%s %s\n", x1_op_name(a->op),
	    a->ack == X1_ACK_COMPLETED ? "AcknowledgedAndCompleted" :
	    a->ack == X1_ACK_ACCEPTED ? "Acknowledged" : "answered");
	while (x1_response_item(r, &item) == 0) {
		tell_item(out, &item);
		x1_item_fini(&item);
	}
	return (SIM_TOLD_OK);
}

enum sim_told
sim_admf_tell(struct buf *out, int status, const void *body, size_t len)
{
	enum sim_told told = SIM_TOLD_OK, one;
	struct x1_response *r;
	struct x1_answer a;
	struct cu_why why = { "" };
	int rc;

	if (status != 200) {
		buf_printf(out, "HTTP %d, %zu bytes\n", status, len);
		return (SIM_TOLD_FAILED);
	}
	if (x1_response_open(&r, body, len, X1_DIALECT_STAMP, &why) != 0) {
		buf_printf(out, "no X1 answer: %s\n", why.text);
		return (SIM_TOLD_FAILED);
	}
	if (x1_response_top_level(r, NULL)) {
		buf_str(out, "TopLevelError\n");
		told = SIM_TOLD_REFUSED;
	} else if (x1_response_count(r) == 0)
		told = SIM_TOLD_FAILED;
	while ((rc = x1_response_next(r, &a, &why)) != X1_E_END) {
		if (rc != 0) {
			buf_printf(out, "not understood: %s\n", why.text);
			told = SIM_TOLD_FAILED;
			if (rc == CU_ENOMEM)
				break;
			continue;
		}
		one = tell_answer(out, r, &a);
		if (told == SIM_TOLD_OK)
			told = one;
		x1_answer_fini(&a);
	}
	x1_response_free(r);
	return (told);
}

/* Take one message of an element: a report is acknowledged, and told. */
static void
answer_one(struct x1_writer *w, const struct sim_admf_conf *c,
    const struct x1_msg *m, utc_us now, struct buf *told)
{
	static const char none[] = "not for an ADMF";
	struct x1_answer a = { .op = m->op };
	char text[sizeof(none) > CU_WHY_MAX ? sizeof(none) : CU_WHY_MAX];

	a.head = m->head;
	snprintf(a.head.admf, sizeof(a.head.admf), "%s", c->admf);
	text_put(a.head.version, X1_VERSION);
	a.head.stamp = now;
	a.ack = X1_ACK_COMPLETED;
	buf_printf(told, "%s from %s", x1_op_name(m->op), m->head.ne);
	if (m->form != X1_FORM_OK) {
		a.is_error = true;
		a.code = m->code;
		snprintf(text, sizeof(text), "%s", m->why.text);
		buf_printf(told, " not understood: %s", m->why.text);
	} else if (m->op == X1_OP_REPORT_TASK_ISSUE ||
	    m->op == X1_OP_REPORT_DESTINATION_ISSUE)
		buf_printf(told, " %s %s",
		    m->op == X1_OP_REPORT_TASK_ISSUE ? m->xid : m->did,
		    x1_report_type_name(m->report.type));
	else if (m->op == X1_OP_REPORT_NE_ISSUE)
		buf_printf(told, " %s",
		    x1_ne_issue_name(m->report.ne_issue));
	else if (m->op != X1_OP_PING && m->op != X1_OP_KEEPALIVE) {
		a.is_error = true;
		a.code = X1_CODE_UNSUPPORTED;
		text_put(text, none);
	}
	if (m->form == X1_FORM_OK && m->report.has_code)
		buf_printf(told, " %lld", (long long)m->report.code);
	buf_ch(told, '\n');
	a.text = a.is_error ? text : NULL;	/* borrowed */
	x1_writer_answer(w, &a);
}

int
sim_admf_answer(const struct sim_admf_conf *c, const void *body, size_t len,
    utc_us now, struct buf *out, struct buf *told)
{
	struct x1_request *r;
	struct x1_writer w;
	size_t i;
	int rc;

	rc = x1_request_decode(&r, body, len, c->dialect, X1_CONTAINER_MAX,
	    NULL);
	if (rc == CU_EMALFORMED || rc == CU_ELIMIT) {
		buf_str(told, "not understood\n");
		return (x1_top_level_write(out, c->admf, c->ne, now,
		    X1_VERSION));
	}
	if (rc != 0)
		return (rc);
	x1_writer_init(&w, out);
	for (i = 0; i < r->n; i++)
		answer_one(&w, c, &r->msgs[i], now, told);
	x1_request_free(r);
	return (x1_writer_end(&w));
}
