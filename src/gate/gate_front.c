/*
 * X1 requests: who sent them, one message after the other, one answer.  Every
 * request enters through gate_front_request, which knows the certificate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"
#include "base/err.h"
#include "gate/gate.h"
#include "record/record_payload.h"
#include "state/state.h"
#include "x1http/x1http_server.h"

static int64_t
rule_value(struct gate *g, enum record_rule i)
{
	struct record_rules defaults;

	if (state_size(g->st) > 0)
		return (state_rules(g->st)->v[i]);
	record_rules_default(&defaults);
	return (defaults.v[i]);
}

/* A stranger must not fill the operator's own log: so many lines a second. */
static bool
may_tell(struct gate *g)
{
	utc_us now = utc_mono();

	if (now - g->told >= UTC_SECOND) {
		g->told = now;
		g->told_n = 0;
	}
	return (++g->told_n <= GATE_TELL_MAX);
}

static void
reply(struct gate_box *box, int status, const struct buf *b)
{
	struct x1http_req *req = box->req;

	box->req = NULL;
	x1http_reply(req, status, b != NULL ? b->p : NULL,
	    b != NULL ? b->len : 0);
}

/* What law reads of a message, in the words that its report will have. */
static int
make_command(struct gate *g, struct gate_msg *m)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_PAYLOAD_MAX);
	m->said.size = gate_follow_size(g);
	gate_said_command(&b, &m->said, &m->sds, NULL);
	if ((rc = b.rc) == 0)
		rc = state_command_create(&m->command, buf_text(&b), b.len,
		    &m->sds, NULL);
	buf_wipe(&b);
	return (rc);
}

static int
issue(struct gate *g, struct gate_msg *m)
{
	struct gate_event ev = { .kind = GATE_EV_ISSUE, .id = m->id };
	char key[GATE_KEY_MAX];

	gate_law_prepare(g, m, &ev, key);
	return (gate_step(g, ev));
}

/*
 * Something of which nothing can be said but that it came: a stranger's, or
 * without form.  Nobody waits for its entry.
 */
static void
record_raw(struct gate *g, struct gate_box *box, const char *requester,
    const char *form)
{
	const uint8_t *body;
	struct gate_msg *m;
	size_t len;

	if (gate_rate_over(&g->rate, box->pin, utc_mono(),
	    rule_value(g, RECORD_RULE_REFUSALS))) {
		g->refused++;
		return;
	}
	gate_rate_refused(&g->rate, box->pin, utc_mono());
	if (gate_msg_create(g, &m) != 0)
		return;
	memcpy(m->pin, box->pin, sizeof(m->pin));
	m->said.certificate = m->pin;
	m->said.form = form;
	if (requester != NULL) {
		snprintf(m->requester, sizeof(m->requester), "%s", requester);
		m->said.requester = m->requester;
	}
	body = x1http_req_body(box->req, &len);
	if (gate_said_sds(&m->sds, &m->said, NULL, 0, body, len, NULL) != 0 ||
	    make_command(g, m) != 0 || issue(g, m) != 0)
		gate_msg_free(g, m);
}

static void
top_level(struct gate_box *box, const struct gate_reg *peer)
{
	struct buf b;

	buf_init(&b, 65536);
	if (x1_top_level_write(&b, box->from_element ? "custos" :
	    peer->e->identity, box->from_element ? peer->e->identity :
	    "custos", utc_now(), X1_VERSION) == 0 && b.rc == 0)
		reply(box, 200, &b);
	else
		reply(box, 503, NULL);
	buf_fini(&b);
}

static bool
one_element(const struct x1_request *r)
{
	size_t i;

	for (i = 1; i < r->n; i++)
		if (strcmp(r->msgs[i].head.ne, r->msgs[0].head.ne) != 0)
			return (false);
	return (true);
}

static int
box_create(struct gate *g, struct x1http_req *req, struct gate_box **out)
{
	struct gate_box *box;
	const uint8_t *der;
	size_t len;
	int rc;

	if ((box = calloc(1, sizeof(*box))) == NULL)
		return (CU_ENOMEM);
	box->g = g;
	box->refs = 1;
	box->from_element = x1http_req_path(req) == NET_HTTP_ADMF;
	memcpy(box->pin, x1http_req_pin(req), sizeof(box->pin));
	buf_init(&box->answer, X1_RESPONSE_MAX);
	der = x1http_req_cert(req, &len);
	if ((rc = cert_from_der(&box->cert, der, len)) != 0) {
		free(box);
		return (rc);
	}
	box->req = req;
	*out = box;
	return (0);
}

/* The peer is known: what did it send? */
static void
open_box(struct gate *g, struct gate_box *box, const struct gate_reg *peer)
{
	struct cu_why why = { "" };
	const uint8_t *body;
	const char *form = "form.syntax";
	size_t len;
	int rc;

	body = x1http_req_body(box->req, &len);
	rc = x1_request_decode(&box->x1, body, len, peer->dialect,
	    (size_t)rule_value(g, RECORD_RULE_CONTAINER), &why);
	if (rc == CU_ELIMIT)
		form = "form.container";
	if (rc == 0 && !one_element(box->x1)) {
		rc = CU_EMALFORMED;
		form = "form.container";
		cu_why_set(&why, "two elements in one container");
	}
	if (rc != 0) {
		if (may_tell(g))
			diag("%s %s: a request without form: %s",
			    box->from_element ? "element" : "admf",
			    peer->e->id, why.text[0] != '\0' ? why.text :
			    cu_strerror(rc));
		record_raw(g, box, box->from_element ? NULL : peer->e->id,
		    form);
		top_level(box, peer);
		return;
	}
	x1_writer_init(&box->w, &box->answer);
	gate_front_next(box);
}

void
gate_front_request(void *cookie, struct x1http_req *req)
{
	struct gate *g = cookie;
	struct gate_reg peer;
	struct gate_box *box;
	bool bound;

	if (g->ending || box_create(g, req, &box) != 0) {
		x1http_reply(req, 503, NULL, 0);
		return;
	}
	if (!gate_register_peer(g->reg, box->cert, box->from_element ?
	    CERT_SIDE_NE : CERT_SIDE_ADMF, NULL, &peer, &bound)) {
		/* Before the log was followed, everybody is unknown. */
		if (g->ready)
			record_raw(g, box, NULL, NULL);
		reply(box, g->ready ? 403 : 503, NULL);
	} else
		open_box(g, box, &peer);
	gate_box_unref(box);
}

void
gate_front_refused(void *cookie, const char *address, const char *why)
{
	struct gate *g = cookie;

	g->tls_refused++;
	if (may_tell(g))
		diag("x1: a connection was refused: %s", why);
}

void
gate_front_bad(void *cookie, const char *address, int status)
{
	struct gate *g = cookie;

	g->refused++;
	if (may_tell(g))
		diag("x1: a request that is no HTTP as it is read here, or "
		    "too slow: answered %d", status);
}

/* ---- one message -------------------------------------------------------- */

/* Who sent it and to whom, by the register as it is at this moment. */
static void
look_up(struct gate *g, struct gate_box *box, struct gate_msg *m)
{
	struct gate_reg r;
	bool bound;

	memcpy(m->pin, box->pin, sizeof(m->pin));
	m->said.certificate = m->pin;
	if (gate_register_peer(g->reg, box->cert, CERT_SIDE_ADMF,
	    m->x1->head.admf, &r, &bound)) {
		snprintf(m->requester, sizeof(m->requester), "%s", r.e->id);
		m->said.requester = m->requester;
		m->said.bound = bound ? cert_rule_name(r.e->rule) : NULL;
	}
	if (gate_register_element(g->reg, m->x1->head.ne, &r)) {
		snprintf(m->element, sizeof(m->element), "%s", r.e->id);
		m->said.element = r.index;
	}
}

static int
make_message(struct gate *g, struct gate_box *box, const struct x1_msg *x1,
    struct gate_msg **out)
{
	struct gate_msg *m;
	int rc;

	if ((rc = gate_msg_create(g, &m)) != 0)
		return (rc);
	m->box = gate_box_ref(box);
	m->x1 = m->said.msg = x1;
	look_up(g, box, m);
	m->said.form = gate_form_rule(x1);
	if (m->said.form == NULL && x1_request_write(&m->sent, x1, 1) != 0)
		m->said.form = "form.syntax";
	rc = gate_said_sds(&m->sds, &m->said, box->x1->root,
	    box->x1->root_len, x1->received, x1->received_len,
	    m->said.form == NULL ? &m->sent : NULL);
	if (rc == 0)
		rc = make_command(g, m);
	if (rc != 0) {
		gate_msg_free(g, m);
		return (rc);
	}
	*out = m;
	return (0);
}

/* Refused by the gate alone, without an entry (formats 11). */
static bool
too_many(struct gate *g, struct gate_box *box, struct gate_msg *m)
{
	if (!gate_rate_over(&g->rate, box->pin, utc_mono(),
	    rule_value(g, RECORD_RULE_REFUSALS)) ||
	    m->x1->op == X1_OP_DEACTIVATE_TASK || !gate_law_refuses(g, m))
		return (false);
	g->refused++;
	gate_answer_error(box, m->x1, law_code(gate_law_type(m->x1->op),
	    m->said.form != NULL ? m->said.form : ""),
	    "custos: not authorised");
	return (true);
}

static void
finish(struct gate_box *box)
{
	if (x1_writer_end(&box->w) == 0 && box->answer.rc == 0)
		reply(box, 200, &box->answer);
	else
		reply(box, 503, NULL);
}

void
gate_front_next(struct gate_box *box)
{
	struct gate *g = box->g;
	const struct x1_msg *x1;
	struct gate_msg *m;

	if (box->from_element) {
		gate_report_next(box);
		return;
	}
	for (; box->at < box->x1->n; box->at++) {
		x1 = &box->x1->msgs[box->at];
		if (make_message(g, box, x1, &m) != 0) {
			gate_answer_error(box, x1, X1_CODE_GENERIC,
			    "custos: not now");
			continue;
		}
		if (too_many(g, box, m)) {
			gate_msg_free(g, m);
			continue;
		}
		if (issue(g, m) == 0)
			return;		/* gate_front_say goes on */
		gate_answer_error(box, x1, X1_CODE_GENERIC, "custos: not now");
		gate_msg_free(g, m);
	}
	finish(box);
}

void
gate_front_again(struct gate *g, struct gate_msg *m)
{
	struct gate_event ev = { .kind = GATE_EV_ISSUE, .late = true };
	char key[GATE_KEY_MAX];
	struct gate_msg *m2;

	if (m->box == NULL || m->box->req == NULL)
		return;
	if (make_message(g, m->box, m->x1, &m2) != 0) {
		gate_answer_error(m->box, m->x1, X1_CODE_GENERIC,
		    "custos: not now");
		m->box->at++;
		gate_front_next(m->box);
		return;
	}
	m2->request = m->n;
	ev.id = m2->id;
	gate_law_prepare(g, m2, &ev, key);
	if (gate_step(g, ev) != 0)
		gate_msg_free(g, m2);
}

static void
say_refused(struct gate_msg *m, uint64_t index)
{
	/* The gate may have followed the entry before it is told of it. */
	const char *rule = m->said.form != NULL ? m->said.form :
	    m->rule[0] != '\0' ? m->rule : m->mine_rule;
	char text[CU_WHY_MAX + 64];

	/* A fault of form is explained; authority never is. */
	if (m->said.form != NULL && m->x1->why.text[0] != '\0')
		snprintf(text, sizeof(text), "custos: %s (entry %llu)",
		    m->x1->why.text, (unsigned long long)index);
	else
		snprintf(text, sizeof(text),
		    "custos: not authorised (entry %llu)",
		    (unsigned long long)index);
	gate_answer_error(m->box, m->x1, m->x1->form != X1_FORM_OK &&
	    m->x1->code != 0 ? m->x1->code :
	    law_code(gate_law_type(m->x1->op), rule), text);
}

void
gate_front_say(struct gate *g, struct gate_msg *m, const struct gate_act *a)
{
	struct gate_box *box = m->box;

	/* Nobody waits for it; the next beat counts what has no entry. */
	if (box == NULL && m->said.certificate != NULL &&
	    a->say == GATE_SAY_LATER)
		g->refused++;
	if (box == NULL || box->req == NULL || box->x1 == NULL ||
	    box->at >= box->x1->n || m->x1 != &box->x1->msgs[box->at])
		return;
	gate_box_ref(box);
	if (a->say == GATE_SAY_REFUSED) {
		gate_rate_refused(&g->rate, box->pin, utc_mono());
		say_refused(m, a->index);
	} else if (a->say == GATE_SAY_UNSENT)
		say_refused(m, m->index != RECORD_NONE ? m->index : a->index);
	else if (a->say == GATE_SAY_LATER)
		gate_answer_error(box, m->x1, X1_CODE_GENERIC,
		    "custos: not now");
	else if (m->class == GATE_REPORT)
		gate_answer_ok(box, m->x1);
	else
		gate_answer_element(m);
	box->at++;
	if (box->at < box->x1->n || box->from_element)
		gate_front_next(box);
	else
		finish(box);
	gate_box_unref(box);
}
