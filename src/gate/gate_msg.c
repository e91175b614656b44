/* Messages and the containers that they came in. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "crypto/random.h"
#include "gate/gate.h"
#include "record/record_payload.h"
#include "state/state.h"
#include "x1http/x1http_server.h"

int
gate_msg_create(struct gate *g, struct gate_msg **out)
{
	struct gate_msg *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (CU_ENOMEM);
	m->id = ++g->next_id;
	m->index = RECORD_NONE;
	m->said.element = RECORD_NONE;
	m->out.checkpoint = RECORD_NONE;
	record_sds_init(&m->sds);
	record_sds_init(&m->out_sds);
	buf_init(&m->sent, X1_REQUEST_MAX);
	TAILQ_INSERT_TAIL(&g->msgs, m, q);
	*out = m;
	return (0);
}

static void
wipe_text(char *text, size_t len)
{
	if (text != NULL)
		wipe(text, len);
	free(text);
}

void
gate_msg_free(struct gate *g, struct gate_msg *m)
{
	if (m == NULL)
		return;
	TAILQ_REMOVE(&g->msgs, m, q);
	state_command_free(m->command);
	record_sds_fini(&m->sds);
	record_sds_fini(&m->out_sds);
	buf_wipe(&m->sent);
	wipe_text(m->text, m->text_len);
	wipe_text(m->out_text, m->out_len);
	wipe_text((char *)m->answer, m->answer_len);
	gate_box_unref(m->box);
	free(m);
}

struct gate_msg *
gate_msg_find(struct gate *g, uint64_t id)
{
	struct gate_msg *m;

	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->id == id)
			return (m);
	return (NULL);
}

struct gate_msg *
gate_msg_command(struct gate *g, uint64_t n)
{
	struct gate_msg *m;

	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->n == n && m->class != GATE_REPORT)
			return (m);
	return (NULL);
}

struct gate_msg *
gate_msg_outcome(struct gate *g, uint64_t n)
{
	struct gate_msg *m;

	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->out_n == n)
			return (m);
	return (NULL);
}

struct gate_msg *
gate_msg_late(struct gate *g, uint64_t n)
{
	struct gate_msg *m;

	TAILQ_FOREACH(m, &g->msgs, q)
		if (m->late_n == n)
			return (m);
	return (NULL);
}

struct gate_box *
gate_box_ref(struct gate_box *box)
{
	if (box != NULL)
		box->refs++;
	return (box);
}

void
gate_box_unref(struct gate_box *box)
{
	if (box == NULL || --box->refs > 0)
		return;
	/* Nobody is left who could answer. */
	if (box->req != NULL)
		x1http_reply(box->req, 503, NULL, 0);
	x1_request_free(box->x1);
	cert_free(box->cert);
	buf_wipe(&box->answer);
	free(box);
}
