/* src/sim/sim_ne.c: how a simulated element answers X1 requests */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "sim/sim_ne_impl.h"
#include "x1/x1_command.h"
#include "x1/x1_decode.h"

#define CODE_ADMF_CERTIFICATE	1030
#define CODE_NE_IDENTIFIER	1060
#define CODE_XID_EXISTS		2010
#define CODE_XID_UNKNOWN	2020
#define CODE_DID_EXISTS		2030
#define CODE_DID_UNKNOWN	2040
#define CODE_STOP		4000
#define CODE_ADDRESS_KIND	6020
#define CODE_DID_IN_USE		7010
#define CODE_REMOVE_ALL		8020
#define TEXT_MAX		256

/* What is said of one message: 0 and no text, or an error code. */
struct verdict {
	int code;
	char text[TEXT_MAX];
};

int
sim_ne_create(struct sim_ne **out, const char *id)
{
	struct sim_ne *ne;

	if (id[0] == '\0' || strlen(id) > X1_ID_MAX)
		return (CU_EMALFORMED);
	if ((ne = calloc(1, sizeof(*ne))) == NULL)
		return (CU_ENOMEM);
	text_put(ne->id, id);
	*out = ne;
	return (0);
}

void
sim_ne_free(struct sim_ne *ne)
{
	if (ne == NULL)
		return;
	sim_store_fini(&ne->store);
	free(ne);
}

const struct sim_manner *
sim_ne_manner(const struct sim_ne *ne)
{
	return (&ne->manner);
}

static bool
bound(const struct cert *cert, const char *admf)
{
	return (cert_binds(cert, CERT_RULE_URN, CERT_SIDE_ADMF, admf) ||
	    cert_binds(cert, CERT_RULE_UID, CERT_SIDE_ADMF, admf) ||
	    cert_binds(cert, CERT_RULE_CN, CERT_SIDE_ADMF, admf));
}

const struct sim_manner *
sim_ne_manner_for(void *cookie, const struct cert *cert)
{
	struct sim_ne *ne = cookie;

	if (ne->manner.to[0] != '\0' &&
	    (cert == NULL || !bound(cert, ne->manner.to)))
		return (NULL);
	return (&ne->manner);
}

void
sim_three_digits(struct buf *b, size_t from)
{
	size_t i, out = from;
	utc_us t;

	/* Only a whole leaf: >YYYY-MM-DDThh:mm:ss.ffffffZ< */
	for (i = from; i < b->len; i++) {
		b->p[out++] = b->p[i];
		if (b->p[i] != '>' || b->len - i < UTC_LEN + 2 ||
		    b->p[i + UTC_LEN + 1] != '<' ||
		    utc_parse((char *)b->p + i + 1, UTC_LEN, &t) != 0)
			continue;
		memmove(b->p + out, b->p + i + 1, UTC_LEN - 4);
		out += UTC_LEN - 4;
		b->p[out++] = 'Z';
		i += UTC_LEN;
	}
	b->len = out;
	if (b->p != NULL)
		b->p[out] = '\0';
}

static void
say(struct verdict *v, int code, const char *text)
{
	v->code = code;
	snprintf(v->text, sizeof(v->text), "%s", text);
}

/* The first DID of a task that is not known; NULL if all are. */
static const char *
unknown_did(struct sim_ne *ne, const struct li_task *t)
{
	size_t i;

	for (i = 0; i < t->shape.dids_n; i++)
		if (sim_store_dest(&ne->store, t->shape.dids[i]) == NULL)
			return (t->shape.dids[i]);
	return (NULL);
}

/* Keep what acknowledge-and-drop-target leaves of a task. */
static void
drop_target(struct sim_task *t)
{
	if (t->task.targets_n > 1)
		li_target_fini(&t->task.targets[--t->task.targets_n]);
	else
		t->bare = true;
}

static int
do_task(struct sim_ne *ne, const struct x1_msg *m, utc_us now,
    struct verdict *v)
{
	struct sim_task *t = sim_store_task(&ne->store, m->xid);
	const char *did;
	int rc;

	if (m->op == X1_OP_ACTIVATE_TASK && t != NULL) {
		say(v, CODE_XID_EXISTS, m->xid);
		return (0);
	}
	if (m->op == X1_OP_MODIFY_TASK && t == NULL) {
		say(v, CODE_XID_UNKNOWN, m->xid);
		return (0);
	}
	if ((did = unknown_did(ne, &m->task)) != NULL) {
		say(v, CODE_DID_UNKNOWN, did);
		return (0);
	}
	if (ne->ack == SIM_ACK_NEVER)
		return (0);
	if (t == NULL)
		rc = sim_store_add(&ne->store, &m->task);
	else
		rc = sim_store_change(t, &m->task, now);
	if (rc == 0 && ne->drop_target)
		drop_target(sim_store_task(&ne->store, m->xid));
	return (rc);
}

static int
do_stop(struct sim_ne *ne, const struct x1_msg *m, struct verdict *v)
{
	if (sim_store_task(&ne->store, m->xid) == NULL)
		say(v, CODE_XID_UNKNOWN, m->xid);
	else if (ne->refuse_stop)
		say(v, CODE_STOP, "task cannot be deactivated");
	else if (!ne->ignore_stop && ne->ack != SIM_ACK_NEVER)
		return (sim_store_end(&ne->store, m->xid, true));
	return (0);
}

static int
do_stop_all(struct sim_ne *ne)
{
	struct sim_store *s = &ne->store;
	int rc = 0;

	if (ne->ignore_stop || ne->ack == SIM_ACK_NEVER)
		return (0);
	while (rc == 0 && s->task_n > 0)
		rc = sim_store_end(s, s->task[s->task_n - 1].task.xid, true);
	return (rc);
}

static int
do_destination(struct sim_ne *ne, const struct x1_msg *m, struct verdict *v)
{
	struct li_destination *d = sim_store_dest(&ne->store, m->did), copy;
	const struct li_address *a = &m->destination.address;
	int rc;

	if (m->op == X1_OP_CREATE_DESTINATION && d != NULL)
		say(v, CODE_DID_EXISTS, m->did);
	else if (m->op == X1_OP_MODIFY_DESTINATION && d == NULL)
		say(v, CODE_DID_UNKNOWN, m->did);
	else if ((a->kind != LI_ADDRESS_IPV4 && a->kind != LI_ADDRESS_IPV6) ||
	    a->proto != LI_PROTO_TCP)
		say(v, CODE_ADDRESS_KIND, "only IP addresses and TCP ports");
	if (v->code != 0 || ne->ack == SIM_ACK_NEVER)
		return (0);
	if (d == NULL)
		return (sim_store_add_dest(&ne->store, &m->destination));
	if ((rc = li_destination_copy(&copy, &m->destination)) != 0)
		return (rc);
	li_destination_fini(d);
	*d = copy;
	return (0);
}

static int
do_remove(struct sim_ne *ne, const struct x1_msg *m, struct verdict *v)
{
	const char *user;

	if (sim_store_dest(&ne->store, m->did) == NULL)
		say(v, CODE_DID_UNKNOWN, m->did);
	else if ((user = sim_store_user(&ne->store, m->did)) != NULL)
		say(v, CODE_DID_IN_USE, user);
	else if (ne->ack != SIM_ACK_NEVER)
		return (sim_store_drop_dest(&ne->store, m->did));
	return (0);
}

/* Is this task told in an answer?  ${list}: in one that lists all. */
static bool
told(struct sim_task *t, bool list)
{
	if (t->hidden)
		return (false);
	if (!t->flicker)
		return (true);
	if (list)
		t->shown = !t->shown;
	return (t->shown);
}

static int
execute(struct sim_ne *ne, const struct x1_msg *m, utc_us now,
    struct verdict *v)
{
	struct sim_task *t;
	int rc = 0;

	switch (m->op) {
	case X1_OP_ACTIVATE_TASK:
	case X1_OP_MODIFY_TASK:
		rc = do_task(ne, m, now, v);
		break;
	case X1_OP_DEACTIVATE_TASK:
		rc = do_stop(ne, m, v);
		break;
	case X1_OP_DEACTIVATE_ALL_TASKS:
		rc = do_stop_all(ne);
		break;
	case X1_OP_CREATE_DESTINATION:
	case X1_OP_MODIFY_DESTINATION:
		rc = do_destination(ne, m, v);
		break;
	case X1_OP_REMOVE_DESTINATION:
		rc = do_remove(ne, m, v);
		break;
	case X1_OP_REMOVE_ALL_DESTINATIONS:
		say(v, CODE_REMOVE_ALL, "not enabled");
		break;
	case X1_OP_GET_TASK_DETAILS:
		t = sim_store_task(&ne->store, m->xid);
		if (t == NULL || !told(t, false))
			say(v, CODE_XID_UNKNOWN, m->xid);
		return (0);
	case X1_OP_GET_DESTINATION_DETAILS:
		if (sim_store_dest(&ne->store, m->did) == NULL)
			say(v, CODE_DID_UNKNOWN, m->did);
		return (0);
	case X1_OP_GET_NE_STATUS:
	case X1_OP_GET_ALL_DETAILS:
	case X1_OP_GET_ALL_TASK_DETAILS:
	case X1_OP_GET_ALL_DESTINATION_DETAILS:
	case X1_OP_LIST_ALL_DETAILS:
	case X1_OP_PING:
	case X1_OP_KEEPALIVE:
		return (0);
	default:
		say(v, X1_CODE_UNSUPPORTED, x1_op_name(m->op));
		return (0);
	}
	if (rc == CU_ELIMIT) {
		say(v, X1_CODE_GENERIC, "no room");
		rc = 0;
	}
	if (rc == 0 && v->code == 0 && ne->execute_and_error)
		say(v, X1_CODE_GENERIC, "failed");
	return (rc);
}

/* Who may ask, in the order of x1.md 2; then form; then what it does. */
static int
judge(struct sim_ne *ne, const struct x1_msg *m, const struct cert *cert,
    utc_us now, struct verdict *v)
{
	v->code = 0;
	v->text[0] = '\0';
	if (strcmp(m->head.ne, ne->id) != 0)
		say(v, CODE_NE_IDENTIFIER, ne->id);
	else if (cert != NULL && !bound(cert, m->head.admf))
		say(v, CODE_ADMF_CERTIFICATE, "not bound to the certificate");
	else if (m->form != X1_FORM_OK)
		say(v, m->code, m->why.text);
	else
		return (execute(ne, m, now, v));
	return (0);
}

/* <targetIdentifiers> of the item behind ${from} lose their content. */
static void
strip_targets(struct buf *b, size_t from)
{
	static const char a[] = "<targetIdentifiers>";
	static const char z[] = "</targetIdentifiers>";
	static const char left[] = "<targetIdentifier/>";
	uint8_t *s, *e, *end = b->p + b->len;

	if (b->rc != 0)
		return;
	s = memmem(b->p + from, b->len - from, a, sizeof(a) - 1);
	if (s == NULL)
		return;
	s += sizeof(a) - 1;
	e = memmem(s, (size_t)(end - s), z, sizeof(z) - 1);
	if (e == NULL || (size_t)(e - s) < sizeof(left) - 1)
		return;
	memcpy(s, left, sizeof(left) - 1);
	s += sizeof(left) - 1;
	memmove(s, e, (size_t)(end - e));
	b->len -= (size_t)(e - s);
	b->p[b->len] = '\0';
}

static void
write_task(struct sim_ne *ne, struct x1_writer *w, const struct sim_task *t)
{
	struct x1_item item = { .kind = X1_ITEM_TASK };
	size_t from = w->b->len;

	/* Borrowed by the item, which is never freed. */
	text_put(item.id, t->task.xid);
	item.task = t->task;
	li_task_status_init(&item.task_status);
	item.task_status.provisioning = LI_PROVISIONING_COMPLETE;
	if (!ne->no_counts) {
		item.task_status.modifications.present = true;
		item.task_status.modifications.v = t->changes;
		item.task_status.last_modification = t->changed;
	}
	x1_writer_item(w, &item);
	if (t->bare)
		strip_targets(w->b, from);
}

static void
write_dest(struct x1_writer *w, const struct li_destination *d)
{
	struct x1_item item = { .kind = X1_ITEM_DESTINATION };

	text_put(item.id, d->did);
	item.destination = *d;
	item.destination_status.state = LI_DESTINATION_WORKING;
	x1_writer_item(w, &item);
}

static void
write_id(struct x1_writer *w, enum x1_item_kind kind, const char *id)
{
	struct x1_item item = { .kind = kind };

	text_put(item.id, id);
	x1_writer_item(w, &item);
}

static void
write_items(struct sim_ne *ne, struct x1_writer *w, const struct x1_msg *m)
{
	struct sim_store *s = &ne->store;
	bool tasks, dests, ids = m->op == X1_OP_LIST_ALL_DETAILS;
	size_t i;

	tasks = ids || m->op == X1_OP_GET_ALL_DETAILS ||
	    m->op == X1_OP_GET_ALL_TASK_DETAILS;
	dests = ids || m->op == X1_OP_GET_ALL_DETAILS ||
	    m->op == X1_OP_GET_ALL_DESTINATION_DETAILS;
	if (m->op == X1_OP_GET_TASK_DETAILS)
		write_task(ne, w, sim_store_task(s, m->xid));
	if (m->op == X1_OP_GET_DESTINATION_DETAILS)
		write_dest(w, sim_store_dest(s, m->did));
	for (i = 0; tasks && i < s->task_n; i++) {
		if (!told(&s->task[i], true))
			continue;
		if (ids)
			write_id(w, X1_ITEM_XID, s->task[i].task.xid);
		else
			write_task(ne, w, &s->task[i]);
	}
	for (i = 0; dests && i < s->dest_n; i++) {
		if (ids)
			write_id(w, X1_ITEM_DID, s->dest[i].did);
		else
			write_dest(w, &s->dest[i]);
	}
}

static void
write_answer(struct sim_ne *ne, struct x1_writer *w, const struct x1_msg *m,
    struct verdict *v, utc_us now)
{
	struct x1_answer a = { .op = m->op };

	a.head = m->head;
	text_put(a.head.ne, ne->id);
	text_put(a.head.version, X1_VERSION);
	a.head.stamp = now;
	if (v->code != 0) {
		a.is_error = true;
		a.code = v->code;
		a.text = v->text;	/* borrowed: never freed from here */
		x1_writer_answer(w, &a);
		return;
	}
	a.ack = ne->ack != SIM_ACK_HONEST &&
	    m->op != X1_OP_PING && m->op != X1_OP_KEEPALIVE ?
	    X1_ACK_ACCEPTED : X1_ACK_COMPLETED;
	a.ne_state = X1_NE_OK;
	x1_writer_answer(w, &a);
	write_items(ne, w, m);
}

/* Nothing can be answered but this; the requester is named as it can be. */
static int
top_level(struct sim_ne *ne, const struct cert *cert, utc_us now,
    struct buf *out)
{
	const char *admf = cert != NULL ? cert_cn(cert) : NULL;

	return (x1_top_level_write(out, admf != NULL ? admf : "unknown",
	    ne->id, now, X1_VERSION));
}

int
sim_ne_answer(struct sim_ne *ne, const void *body, size_t len,
    const struct cert *cert, utc_us now, struct buf *out)
{
	struct x1_request *r = NULL;
	struct x1_writer w;
	struct verdict v;
	size_t i, from = out->len;
	int rc;

	rc = x1_request_decode(&r, body, len, ne->stamp ? X1_DIALECT_STAMP : 0,
	    X1_CONTAINER_MAX, NULL);
	if (rc == CU_EMALFORMED || rc == CU_ELIMIT) {
		rc = top_level(ne, cert, now, out);
		goto done;
	}
	if (rc != 0)
		return (rc);
	x1_writer_init(&w, out);
	for (i = ne->last_only ? r->n - 1 : 0; i < r->n && rc == 0; i++)
		if ((rc = judge(ne, &r->msgs[i], cert, now, &v)) == 0)
			write_answer(ne, &w, &r->msgs[i], &v, now);
	if (rc == 0)
		rc = x1_writer_end(&w);
	x1_request_free(r);
done:	if (rc == 0 && ne->stamp)
		sim_three_digits(out, from);
	return (rc);
}
