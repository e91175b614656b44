/*
 * src/gate/test-gate_world.h: a whole gate on one loop with a keeper that the
 * test plays (true to the link, and able to lie), an element and an ADMF, both
 * over real TLS.
 */
#ifndef TEST_GATE_WORLD_H_
#define TEST_GATE_WORLD_H_
#include <sys/stat.h>
#include <unistd.h>
#include "state/state.h"

/* Every line and opening that the world makes is kept, to be streamed. */
static int kept_apply(struct state *, uint64_t, const void *, size_t,
    struct cu_why *);
static int kept_open(struct state *, const uint8_t *,
    const struct record_sds *, struct cu_why *);
static int kept_open_element(struct state *, const char *,
    const struct record_sds *, struct cu_why *);
#define state_apply		kept_apply
#define state_open_revision	kept_open
#define state_open_element	kept_open_element
#include "state/test-world.h"
#undef state_apply
#undef state_open_revision
#undef state_open_element

#include "base/io.h"
#include "base/utc.h"
#include "gate/gate.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "net/net_loop.h"
#include "net/net_tls.h"
#include "pki.h"
#include "tlog/tlog_note.h"
#include "x1http/x1http_client.h"
#include "x1http/x1http_server.h"

#define ORIGIN		"li.example.net/x1log"
#define LINES_MAX	4096
#define XID		"aaaaaaaa-0000-4000-8000-%012d"
#define DID		"dddddddd-0000-4000-8000-000000000001"

static struct net_loop *loop;
static char dir[] = "/tmp/custos-gate.XXXXXX";
static struct world world;

/* ---- the keeper --------------------------------------------------------- */

static struct {
	struct { char *p; size_t len; } line[LINES_MAX];
	struct { uint64_t after; struct record_sds sds; bool element;
	    uint8_t digest[DIGEST_LEN]; char id[65]; } open[64];
	size_t n, open_n;
	struct tlog_range range;
	struct tlog_key key;
	struct net_link_server *server;
	struct net_link_conf conf;
	char path[128];
	struct net_link *talk, *follow;
	uint64_t sent;			/* entries streamed */
	struct { uint64_t start, n, index; bool command; } done[LINES_MAX];
	size_t done_n;
	/* what it does wrong, or not at all */
	bool mute, no_head, no_stream, lie_cover, lie_refuse, forge_root;
	bool other_proof;
	utc_us ahead;			/* its clock, before ours */
	bool spool_failed;		/* a beat said so */
	const char *error;		/* to each command */
	const char *word_error;		/* to each start, stop and beat */
	enum net_kind deaf;		/* neither taken nor answered, or 0 */
	uint64_t word_n;		/* number of the last of these */
	int commands, outcomes, lates, beats, reports, starts, stops, acts;
	enum net_kind lie;		/* what it answers to acts, or 0 */
	bool no_trace;			/* no finding of an act refused */
	int refusals;
	int lied, refused;
	uint64_t last_index;
	char last_said[65536], last_outcome[65536];
} kp;

static int
kept_apply(struct state *st, uint64_t index, const void *p, size_t len,
    struct cu_why *why)
{
	int rc = state_apply(st, index, p, len, why);
	uint8_t leaf[DIGEST_LEN];

	if (rc != 0 || st != world.st[0])
		return (rc);
	kp.line[kp.n].p = malloc(len);
	memcpy(kp.line[kp.n].p, p, len);
	kp.line[kp.n++].len = len;
	tlog_leaf(leaf, p, len);
	tlog_range_append(&kp.range, leaf, NULL, NULL);
	return (0);
}

static void
keep_open(const struct record_sds *sds, bool element, const uint8_t *digest_,
    const char *id)
{
	size_t i;

	kp.open[kp.open_n].after = kp.n;
	kp.open[kp.open_n].element = element;
	record_sds_init(&kp.open[kp.open_n].sds);
	for (i = 0; i < sds->n; i++) {
		struct record_sd sd;

		if (record_sd_read(&sd, sds->row[i].text, sds->row[i].len,
		    NULL) != 0)
			continue;
		if (strcmp(sd.name, "token_key") == 0 ||
		    strcmp(sd.name, "targets") == 0 ||
		    strcmp(sd.name, "audit_key") == 0)
			record_sds_take(&kp.open[kp.open_n].sds,
			    sds->row[i].text, sds->row[i].len);
		record_sd_fini(&sd);
	}
	if (digest_ != NULL)
		memcpy(kp.open[kp.open_n].digest, digest_, DIGEST_LEN);
	if (id != NULL)
		strcpy(kp.open[kp.open_n].id, id);
	kp.open_n++;
}

static int
kept_open(struct state *st, const uint8_t *d, const struct record_sds *sds,
    struct cu_why *why)
{
	if (st == world.st[0])
		keep_open(sds, false, d, NULL);
	return (state_open_revision(st, d, sds, why));
}

static int
kept_open_element(struct state *st, const char *id,
    const struct record_sds *sds, struct cu_why *why)
{
	if (st == world.st[0])
		keep_open(sds, true, NULL, id);
	return (state_open_element(st, id, sds, why));
}

static void
send_opens(uint64_t after)
{
	struct net_out m;
	size_t i, k;

	for (i = 0; i < kp.open_n; i++) {
		if (kp.open[i].after != after)
			continue;
		net_out_init(&m, NET_OPEN);
		if (kp.open[i].element)
			jw_str(&m.w, "element", kp.open[i].id);
		else
			jw_bytes(&m.w, "revision", kp.open[i].digest,
			    DIGEST_LEN);
		for (k = 0; k < kp.open[i].sds.n; k++)
			net_out_part(&m, kp.open[i].sds.row[k].text,
			    kp.open[i].sds.row[k].len);
		CHECK(net_link_send(kp.follow, &m) == 0);
	}
}

/* Signed for the first ${size} entries, or for what never was. */
static void
send_head_at(uint64_t size, bool forged)
{
	uint8_t leaf[DIGEST_LEN], root[DIGEST_LEN];
	struct tlog_range r;
	struct net_out m;
	struct buf b;
	size_t i;

	tlog_range_init(&r);
	for (i = 0; i < size; i++) {
		tlog_leaf(leaf, kp.line[i].p, kp.line[i].len);
		tlog_range_append(&r, leaf, NULL, NULL);
	}
	tlog_range_root(&r, root);
	root[0] ^= forged;
	buf_init(&b, TLOG_NOTE_MAX);
	CHECK(tlog_checkpoint_sign(&b, size, root, &kp.key,
	    world.key[W_LOG]) == 0);
	net_out_init(&m, NET_HEAD);
	net_out_part(&m, b.p, b.len);
	CHECK(net_link_send(kp.follow, &m) == 0);
	buf_fini(&b);
}

static void
send_head(void)
{
	send_head_at(kp.n, kp.forge_root);
}

/* Everything that the follower has not got. */
static void
stream(void)
{
	struct net_out m;

	if (kp.follow == NULL || kp.no_stream)
		return;
	for (; kp.sent < kp.n; ) {
		net_out_init(&m, NET_ENTRIES);
		jw_dec(&m.w, "first", kp.sent);
		net_out_part(&m, kp.line[kp.sent].p, kp.line[kp.sent].len);
		CHECK(net_link_send(kp.follow, &m) == 0);
		kp.sent++;
		send_opens(kp.sent);
	}
	if (!kp.no_head && kp.n > 0)
		send_head();
}

static void
k_answer(struct net_link *l, uint64_t id, uint64_t index, bool command)
{
	struct record_entry *e;
	struct net_out m;

	if (command) {
		if (record_entry_read(&e, kp.line[index].p, kp.line[index].len,
		    NULL) != 0)
			return;
		net_out_init(&m, NET_DECIDED);
		jw_dec(&m.w, "index", index);
		jw_bool(&m.w, "allowed", jv_streq(jv_get(e->own, "decision"),
		    "allowed"));
		jw_str(&m.w, "rule", jv_str(jv_get(e->own, "rule"), NULL));
		record_entry_free(e);
	} else {
		net_out_init(&m, NET_KEPT);
		jw_dec(&m.w, "index", index);
	}
	CHECK(net_link_answer(l, id, &m) == 0);
}

/* The keeper's own members of a command. */
static void
k_decide(const char *said, size_t len, const struct record_sds *sds,
    struct buf *own)
{
	struct state_moment at = { .gate = "gate-1", .lo = world.now,
	    .hi = world.now, .less = STATE_NONE };
	struct state_command *c;
	struct state_members m;
	struct law_decision d;

	if (!CHECK(state_command_create(&c, said, len, sds, NULL) == 0))
		return;
	CHECK(state_decide(world.st[0], c, &at, &d, &m) == 0);
	if (kp.lie_refuse) {
		d.allowed = false;
		d.rule = "task.cover.none";
		d.covers_n = m.covers_n = 0;
		m.has_line = false;
		m.to = STATE_NONE;
	}
	if (kp.lie_cover)
		m.line[0] ^= 1;
	state_members_write(own, &d, &m);
	state_command_free(c);
}

static enum record_kind
k_kind(enum net_kind k)
{
	return (k == NET_COMMAND ? RECORD_COMMAND : k == NET_OUTCOME ?
	    RECORD_OUTCOME : k == NET_LATE ? RECORD_LATE : k == NET_REPORT ?
	    RECORD_REPORT : k == NET_START ? RECORD_START : k == NET_STOP ?
	    RECORD_STOP : RECORD_BEAT);
}

static void
k_report(struct net_link *l, const struct net_msg *msg)
{
	struct record_entry_parts p = { .kind = k_kind(msg->kind) };
	struct cu_why why = { "" };
	struct record_sds sds;
	struct buf own;
	struct jv *sig;
	int64_t start = 0, n = 0;
	size_t i;
	int rc;

	jv_int(jv_get(msg->json, "start"), &start);
	jv_int(jv_get(msg->json, "number"), &n);
	for (i = 0; i < kp.done_n; i++)
		if (kp.done[i].start == (uint64_t)start &&
		    kp.done[i].n == (uint64_t)n) {
			k_answer(l, msg->id, kp.done[i].index,
			    kp.done[i].command);
			return;
		}
	if (msg->kind == NET_COMMAND && kp.error != NULL) {
		net_link_answer_error(l, msg->id, kp.error, "as it is told");
		return;
	}
	if (msg->kind == NET_START || msg->kind == NET_STOP ||
	    msg->kind == NET_BEAT) {
		kp.word_n = (uint64_t)n;
		if (kp.word_error != NULL) {
			kp.refused++;
			net_link_answer_error(l, msg->id, kp.word_error,
			    "as it is told");
			return;
		}
	}
	record_sds_init(&sds);
	buf_init(&own, RECORD_ENTRY_MAX);
	for (i = 2; i < msg->part_n; i++)
		record_sds_take(&sds, (const char *)msg->part[i].p,
		    msg->part[i].len);
	world.now = utc_now() + kp.ahead > state_time(world.st[0]) ?
	    utc_now() + kp.ahead :
	    state_time(world.st[0]) + 1;
	p.said = (const char *)msg->part[0].p;
	p.said_len = msg->part[0].len;
	if (!CHECK(jv_parse(&sig, (const char *)msg->part[1].p,
	    msg->part[1].len, NULL) == 0))
		return;
	CHECK(record_sig_read(&p.sig, sig, NULL) == 0);
	jv_free(sig);
	p.source.role = RECORD_ROLE_GATE;
	strcpy(p.source.instance, "gate-1");
	p.source.start = (uint64_t)start;
	p.source.n = (uint64_t)n;
	if (msg->kind == NET_COMMAND)
		k_decide(p.said, p.said_len, &sds, &own);
	else if (msg->kind == NET_LATE) {
		struct state_command *c;

		if (state_command_create(&c, p.said, p.said_len, &sds,
		    NULL) == 0) {
			state_late_write(world.st[0], &own, c);
			state_command_free(c);
		}
	}
	p.own = buf_text(&own);
	p.own_len = own.len;
	if ((rc = world_put(&world, &p, &sds)) != 0) {
		printf("# keeper: %s %lld/%lld: %d %s\n# %.*s\n",
		    net_kind_name(msg->kind), (long long)start, (long long)n,
		    rc, world.why.text, (int)p.said_len, p.said);
		CHECK(rc == 0);
		net_link_answer_error(l, msg->id, "form", world.why.text);
	} else {
		kp.last_index = kp.n - 1;
		snprintf(kp.last_said, sizeof(kp.last_said), "%.*s",
		    (int)p.said_len, p.said);
		if (msg->kind == NET_OUTCOME)
			strcpy(kp.last_outcome, kp.last_said);
		kp.done[kp.done_n].start = (uint64_t)start;
		kp.done[kp.done_n].n = (uint64_t)n;
		kp.done[kp.done_n].command = msg->kind == NET_COMMAND;
		kp.done[kp.done_n++].index = kp.n - 1;
		kp.commands += msg->kind == NET_COMMAND;
		kp.outcomes += msg->kind == NET_OUTCOME;
		kp.lates += msg->kind == NET_LATE;
		kp.beats += msg->kind == NET_BEAT;
		kp.spool_failed |= strstr(kp.last_said,
		    "\"spool_failed\":true") != NULL;
		kp.reports += msg->kind == NET_REPORT;
		kp.starts += msg->kind == NET_START;
		kp.stops += msg->kind == NET_STOP;
		k_answer(l, msg->id, kp.n - 1, msg->kind == NET_COMMAND);
		stream();
	}
	record_sds_fini(&sds);
	buf_fini(&own);
	(void)why;
}

static void
k_act(struct net_link *l, const struct net_msg *msg)
{
	struct record_entry_parts p = { 0 };
	struct state_act_result r;
	struct record_act_file *f;
	struct net_out m;
	int rc;

	if (kp.lie != 0) {
		kp.lied++;
		if (kp.lie == NET_KEPT) {
			k_answer(l, msg->id, kp.n - 1, false);
			return;
		}
		net_out_init(&m, NET_REFUSED);
		jw_str(&m.w, "why", "no");
		net_link_answer(l, msg->id, &m);
		return;
	}
	if (!CHECK(record_act_file_read(&f, (const char *)msg->part[0].p,
	    msg->part[0].len, NULL) == 0))
		return;
	rc = state_act_check(world.st[0], f->act, &r, &world.why);
	if (rc == STATE_ACT_STANDS) {
		k_answer(l, msg->id, r.stands, false);
	} else if (rc != 0) {
		kp.refusals++;
		net_out_init(&m, NET_REFUSED);
		jw_str(&m.w, "why", world.why.text);
		if (!kp.no_trace) {
			world.now = utc_now();
			CHECK(world_own(&world, RECORD_FINDING, "\"verb\":"
			    "\"open\",\"finding\":null,\"type\":"
			    "\"act.refused\",\"severity\":\"notice\","
			    "\"element\":null,\"instance\":null,\"holder\":"
			    "\"approver-1\",\"xid\":null,\"did\":null,"
			    "\"rests\":[],\"word\":null") == 0);
			jw_dec(&m.w, "index", kp.n - 1);
		}
		net_link_answer(l, msg->id, &m);
		stream();
	} else {
		p.kind = f->act->kind;
		p.act = f->act;
		p.source.role = RECORD_ROLE_KEEPER;
		strcpy(p.source.instance, "keeper-1");
		p.source.start = 1;
		p.source.n = ++world.n[W_KEEPER];
		world.now = utc_now();
		CHECK(world_put(&world, &p, &f->sds) == 0);
		(*world_seq(&world, f->act->subject))++;
		kp.acts++;
		k_answer(l, msg->id, kp.n - 1, false);
		stream();
	}
	record_act_file_free(f);
}

static void
k_on_message(void *cookie, struct net_link *l, const struct net_msg *msg)
{
	if (kp.mute || (kp.deaf != 0 && msg->kind == kp.deaf))
		return;
	if (msg->kind == NET_FOLLOW) {
		jv_dec(jv_get(msg->json, "from"), &kp.sent);
		kp.follow = l;
		if (kp.sent == 0)
			send_opens(0);
		stream();
	} else if (msg->kind == NET_ACT)
		k_act(l, msg);
	else if (msg->kind != NET_DONE)
		k_report(l, msg);
}

static void
k_on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	CHECK(h->role == NET_ROLE_GATE);
	CHECK_STR(h->instance, "gate-1");
	net_link_welcome(l);
}

static void
k_on_ready(void *cookie, struct net_link *l)
{
	if (net_link_hello(l)->use == NET_USE_TALK)
		kp.talk = l;
	CHECK(net_link_prove(l, sign_key_public(world.key[W_GATE])));
}

static void
k_on_close(void *cookie, struct net_link *l, const char *why)
{
	if (l == kp.talk)
		kp.talk = NULL;
	if (l == kp.follow)
		kp.follow = NULL;
}

static void *
k_on_accept(void *cookie, struct net_link *l, unsigned int uid)
{
	return (&kp);
}

static void
k_fill(void *cookie, struct net_link *l, struct net_hello *h)
{
	h->size = kp.n;
}

static void
keeper_up(void)
{
	static const struct net_link_ops ops = { .on_hello = k_on_hello,
	    .on_ready = k_on_ready, .on_message = k_on_message,
	    .on_close = k_on_close };
	static uint8_t genesis[DIGEST_LEN];
	struct cu_why why = { "" };

	tlog_leaf(genesis, kp.line[0].p, kp.line[0].len);
	kp.conf = (struct net_link_conf){ .role = NET_ROLE_KEEPER,
	    .instance = "keeper-1", .build = "test", .origin = ORIGIN,
	    .genesis = genesis, .start = 1, .fill = k_fill,
	    .key = world.key[kp.other_proof ? W_AUDIT : W_KEEPER] };
	if (!CHECK(net_link_listen(&kp.server, loop, kp.path, &kp.conf, &ops,
	    k_on_accept, NULL, &why) == 0))
		printf("# %s\n", why.text);
}

static void
keeper_down(void)
{
	net_link_server_free(kp.server);
	kp.server = NULL;
	kp.talk = kp.follow = NULL;
}

/* The keeper's machine lost what was not signed: back to ${n} entries. */
static void
keeper_rewinds(size_t n)
{
	uint8_t leaf[DIGEST_LEN];
	struct record_entry *e;
	size_t i, k;

	while (kp.n > n)
		free(kp.line[--kp.n].p);
	for (i = 0; i < WORLD_STATES; i++) {
		state_free(world.st[i]);
		world.st[i] = NULL;
	}
	tlog_range_init(&kp.range);
	CHECK(state_create(&world.st[0], 0) == 0);
	for (i = 0; i < n; i++) {
		CHECK(state_apply(world.st[0], i, kp.line[i].p,
		    kp.line[i].len, NULL) == 0);
		tlog_leaf(leaf, kp.line[i].p, kp.line[i].len);
		tlog_range_append(&kp.range, leaf, NULL, NULL);
		for (k = 0; k < kp.open_n; k++)
			if (kp.open[k].after == i + 1 && kp.open[k].element)
				state_open_element(world.st[0], kp.open[k].id,
				    &kp.open[k].sds, NULL);
			else if (kp.open[k].after == i + 1)
				state_open_revision(world.st[0],
				    kp.open[k].digest, &kp.open[k].sds, NULL);
		/* Own numbers go on where the log ends. */
		if (record_entry_read(&e, kp.line[i].p, kp.line[i].len,
		    NULL) == 0) {
			if (e->source.role == RECORD_ROLE_KEEPER)
				world.n[W_KEEPER] = e->source.n;
			record_entry_free(e);
		}
	}
	for (i = k = 0; i < kp.done_n; i++)
		if (kp.done[i].index < n)
			kp.done[k++] = kp.done[i];
	kp.done_n = k;
}

/* ---- the element -------------------------------------------------------- */

static struct {
	struct x1http_server *s;
	struct net_tls *tls;
	int got;
	enum x1_op op[256];
	li_uuid xid[256];
	enum { NE_OK, NE_ERROR, NE_HOLD, NE_STATUS, NE_GARBAGE, NE_STAMP }
	    how;
	struct x1http_req *held;
} ne;

/* Three digits of a second, and not six. */
static void
cut_stamp(struct buf *b)
{
	char *end = strstr((char *)b->p, "Z</messageTimestamp>");

	if (!CHECK(end != NULL))
		return;
	memmove(end - 3, end, strlen(end) + 1);
	b->len -= 3;
}

static void
ne_answer(struct x1http_req *r)
{
	struct x1_request *q;
	struct x1_answer a = { 0 };
	struct x1_writer w;
	struct cu_why why;
	const uint8_t *body;
	struct buf b;
	size_t len;

	body = x1http_req_body(r, &len);
	if (!CHECK(x1_request_decode(&q, body, len, 0, 32, &why) == 0)) {
		x1http_reply(r, 500, NULL, 0);
		return;
	}
	/* Each command comes alone in its own request. */
	CHECK(q->n == 1 && q->msgs[0].form == X1_FORM_OK);
	ne.op[ne.got] = q->msgs[0].op;
	strcpy(ne.xid[ne.got++], q->msgs[0].xid);
	buf_init(&b, 65536);
	x1_writer_init(&w, &b);
	a.op = q->msgs[0].op;
	a.head = q->msgs[0].head;
	a.ack = X1_ACK_COMPLETED;
	if (ne.how == NE_ERROR) {
		a.is_error = true;
		a.code = 3000;
		a.text = strdup("the element says no");
	}
	x1_writer_answer(&w, &a);
	CHECK(x1_writer_end(&w) == 0);
	if (ne.how == NE_STAMP)
		cut_stamp(&b);
	if (ne.how == NE_STATUS)
		x1http_reply(r, 500, b.p, b.len);
	else if (ne.how == NE_GARBAGE)
		x1http_reply(r, 200, "<x/>", 4);
	else
		x1http_reply(r, 200, b.p, b.len);
	free(a.text);
	buf_fini(&b);
	x1_request_free(q);
}

static void
ne_request(void *cookie, struct x1http_req *r)
{
	if (ne.how == NE_HOLD)
		ne.held = r;
	else
		ne_answer(r);
}

/* ---- the ADMF ----------------------------------------------------------- */

static struct {
	struct net_tls *tls, *stranger_tls, *ne_tls;
	struct x1http_peer *peer, *stranger, *element;
	struct x1http_server *s;	/* for reports */
	int forwarded;
	/* the last answer */
	int done, status;
	bool is_error[64], top_level;
	int64_t code[64];
	char text[64][256];
	size_t n;
	int seq;
} admf;

static void
admf_done(void *cookie, const struct x1http_result *r)
{
	struct x1_response *x;
	struct x1_answer a;

	admf.done++;
	admf.status = r->fate == X1HTTP_ANSWERED ? r->status : -1;
	admf.n = 0;
	admf.top_level = false;
	if (admf.status != 200 || !CHECK(x1_response_open(&x, r->body,
	    r->body_len, 0, NULL) == 0))
		return;
	admf.top_level = x1_response_top_level(x, NULL);
	while (x1_response_next(x, &a, NULL) == 0) {
		admf.is_error[admf.n] = a.is_error;
		admf.code[admf.n] = a.code;
		snprintf(admf.text[admf.n], sizeof(admf.text[0]), "%s",
		    a.text != NULL ? a.text : "");
		admf.n++;
		x1_answer_fini(&a);
	}
	x1_response_free(x);
}

static void
post(struct x1http_peer *peer, const void *p, size_t n)
{
	static const struct x1http_call_ops ops = { .done = admf_done };

	CHECK(x1http_call(NULL, peer, p, n, utc_mono() + 20 * UTC_SECOND,
	    &ops, NULL) == 0);
}

static void
message(struct x1_msg *m, enum x1_op op)
{
	memset(m, 0, sizeof(*m));
	m->op = op;
	strcpy(m->head.admf, "admf-1");
	strcpy(m->head.ne, "ne-1");
	strcpy(m->head.version, X1_VERSION);
	m->head.stamp = utc_now();
	snprintf(m->head.transaction, sizeof(m->head.transaction),
	    "eeeeeeee-0000-4000-8000-%012d", ++admf.seq);
	li_task_init(&m->task);
}

static void
stop_message(struct x1_msg *m, int xid)
{
	message(m, X1_OP_DEACTIVATE_TASK);
	snprintf(m->xid, sizeof(m->xid), XID, xid);
}

static void
start_message(struct x1_msg *m, int xid, const char *imsi)
{
	message(m, X1_OP_ACTIVATE_TASK);
	snprintf(m->xid, sizeof(m->xid), XID, xid);
	strcpy(m->task.xid, m->xid);
	m->task.targets = calloc(1, sizeof(*m->task.targets));
	m->task.targets_n = 1;
	CHECK(li_target_from(m->task.targets, LI_KIND_IMSI, imsi,
	    strlen(imsi), NULL) == 0);
	m->task.shape.delivery = LI_DELIVERY_X2;
	m->task.shape.dids = calloc(1, sizeof(li_uuid));
	strcpy(m->task.shape.dids[0], DID);
	m->task.shape.dids_n = 1;
}

static void
destination_message(struct x1_msg *m, const char *address)
{
	message(m, X1_OP_CREATE_DESTINATION);
	strcpy(m->did, DID);
	strcpy(m->destination.did, DID);
	m->destination.delivery = LI_DELIVERY_X2X3;
	CHECK(li_address_parse(&m->destination.address, address,
	    strlen(address), NULL) == 0);
}

static void
send_messages(struct x1_msg *m, size_t n)
{
	struct buf b;
	size_t i;

	buf_init(&b, X1_REQUEST_MAX);
	CHECK(x1_request_write(&b, m, n) == 0);
	post(admf.peer, b.p, b.len);
	buf_fini(&b);
	for (i = 0; i < n; i++)
		x1_msg_fini(&m[i]);
}

#define RUN(what) do {							\
	utc_us end_ = utc_mono() + 20 * UTC_SECOND;			\
	while (!(what) && utc_mono() < end_)				\
		net_loop_step(loop, 5);					\
	CHECK(what);							\
} while (0)

/* Send and wait for the answer. */
static void
ask_admf(struct x1_msg *m, size_t n)
{
	int before = admf.done;

	send_messages(m, n);
	RUN(admf.done == before + 1);
}

static void
start_task(int xid, const char *imsi)
{
	struct x1_msg m;

	start_message(&m, xid, imsi);
	ask_admf(&m, 1);
}

static void
stop_task(int xid)
{
	struct x1_msg m;

	stop_message(&m, xid);
	ask_admf(&m, 1);
}

static void
settle(unsigned int ms)
{
	utc_us end = utc_mono() + (utc_us)ms * 1000;

	while (utc_mono() < end)
		net_loop_step(loop, 5);
}

static void
forward_request(void *cookie, struct x1http_req *r)
{
	admf.forwarded++;
	x1http_reply(r, 200, "<ok/>", 5);
}

/* ---- certificates, homes, the gate -------------------------------------- */

static void
certificates(void)
{
	static const char *const of_gate[] = { CERT_URN "NE:ne-1",
	    CERT_URN "ADMF:admf-1" };
	static const char *const of_admf[] = { CERT_URN "ADMF:admf-1" };
	static const char *const of_ne[] = { CERT_URN "NE:ne-1" };
	struct certmake *ca = pki_ca(dir, "ca");

	pki_local(dir, ca, "gate", of_gate, 2);
	pki_local(dir, ca, "admf", of_admf, 1);
	pki_local(dir, ca, "ne", of_ne, 1);
	pki_local(dir, ca, "stranger", NULL, 0);
	certmake_free(ca);
	admf.tls = pki_tls(dir, "admf", "ca", false);
	admf.stranger_tls = pki_tls(dir, "stranger", "ca", false);
	admf.ne_tls = pki_tls(dir, "ne", "ca", false);
	ne.tls = pki_tls(dir, "ne", "ca", true);
}

static void
write_file(const char *name, const void *p, size_t n)
{
	CHECK(io_replace(io_system(), AT_FDCWD, name, p, n, false) == 0);
}

/* The home of the gate: run/, keys/, custos.yaml. */
static void
home(const char *waits)
{
	static const uint8_t spool_key[32] = { 5 };
	uint8_t seed[SIGN_SEED_LEN] = { W_GATE + 1 }, leaf[DIGEST_LEN];
	char path[256], hex[65];
	struct buf b;

	snprintf(path, sizeof(path), "%s/gate", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/gate/run", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/gate/keys", dir);
	mkdir(path, 0700);
	buf_init(&b, 65536);
	CHECK(record_key_write(&b, seed, NULL, 0, NULL, NULL) == 0);
	snprintf(path, sizeof(path), "%s/gate/keys/instance.key", dir);
	write_file(path, b.p, b.len);
	CHECK(chmod(path, 0600) == 0);
	snprintf(path, sizeof(path), "%s/gate/keys/spool.key", dir);
	write_file(path, spool_key, sizeof(spool_key));
	CHECK(chmod(path, 0600) == 0);
	tlog_leaf(leaf, kp.line[0].p, kp.line[0].len);
	text_hex(hex, leaf, sizeof(leaf));
	buf_reset(&b);
	buf_printf(&b, "role: gate\norigin: " ORIGIN "\ngenesis: %s\n"
	    "instance: gate-1\nkeeper: %s\nlisten: 127.0.0.1:0\n"
	    "tls: {cert: %s/gate.pem, key: %s/gate.key, ca: %s/ca.pem}\n"
	    "identities:\n  - admf: admf-1\n    cert: %s/gate.pem\n"
	    "    key: %s/gate.key\n%s", hex, kp.path, dir, dir, dir, dir, dir,
	    waits);
	snprintf(path, sizeof(path), "%s/gate/custos.yaml", dir);
	write_file(path, b.p, b.len);
	buf_fini(&b);
}

static struct gate gate;

static void
peer(struct x1http_peer **out, struct net_tls *tls, const char *path)
{
	char url[128];
	struct x1http_peer_conf conf = { .conns = 4, .url = url, .tls = tls };

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/X1/%s",
	    x1http_server_port(gate.server[0]), path);
	CHECK(x1http_peer_create(out, loop, &conf, NULL) == 0);
}

static void
gate_up(void)
{
	struct cu_why why = { "" };
	char path[256];

	snprintf(path, sizeof(path), "%s/gate", dir);
	memset(&gate, 0, sizeof(gate));
	gate.loop = loop;
	if (!CHECK(gate_open(&gate, path, &why) == 0 &&
	    gate_start(&gate, &why) == 0)) {
		printf("# %s\n", why.text);
		exit(1);
	}
	peer(&admf.peer, admf.tls, "NE");
	peer(&admf.stranger, admf.stranger_tls, "NE");
	peer(&admf.element, admf.ne_tls, "ADMF");
}

static void
gate_down(void)
{
	x1http_peer_free(admf.peer);
	x1http_peer_free(admf.stranger);
	x1http_peer_free(admf.element);
	gate_close(&gate);
}

/* ${admfs} of ne-1, and its URL on a port that was found just now. */
static void
register_ne(void)
{
	static const unsigned int two = 1U << W_OVER1 | 1U << W_OVER2;

	CHECK(world_actf(&world, RECORD_ELEMENT, RECORD_CHANGE, "element/ne-1",
	    NULL, two, "{\"id\":\"ne-1\",\"kind\":\"ne\","
	    "\"x1\":\"https://127.0.0.1:%u/X1/NE\",\"delivery\":[],"
	    "\"identity\":{\"rule\":\"urn\",\"value\":\"ne-1\"},\"pins\":[],"
	    "\"maker\":null,\"model\":null,\"zone\":\"north\","
	    "\"jurisdiction\":null,\"multi\":\"all\",\"mode\":\"enforce\","
	    "\"until\":null,\"gate\":\"gate-1\",\"admfs\":[\"admf-1\"],"
	    "\"reads\":\"own\",\"dialect\":[\"stamp\"],"
	    "\"triggered_by\":null}",
	    x1http_server_port(ne.s)) == 0);
	CHECK(world_actf(&world, RECORD_ELEMENT, RECORD_CHANGE,
	    "element/admf-1", NULL, two, "{\"id\":\"admf-1\","
	    "\"kind\":\"admf\",\"x1\":\"https://127.0.0.1:%u/X1/ADMF\","
	    "\"delivery\":[],\"identity\":{\"rule\":\"urn\","
	    "\"value\":\"admf-1\"},\"pins\":[],\"maker\":null,"
	    "\"model\":null,\"zone\":null,\"jurisdiction\":null,"
	    "\"multi\":\"each\",\"mode\":\"enforce\",\"until\":null,"
	    "\"gate\":\"gate-1\",\"admfs\":[],\"reads\":\"own\","
	    "\"dialect\":[],\"triggered_by\":null}",
	    x1http_server_port(admf.s)) == 0);
}

/* A warrant for one IMSI on ne-1, in force now. */
static uint8_t warrant_digest[DIGEST_LEN];

static void
order(const char *id, const char *imsi)
{
	struct world_order o = { .id = id, .revision = 1, .imsi = imsi,
	    .from = utc_now() - 60 * UTC_SECOND,
	    .until = utc_now() + 3600 * UTC_SECOND, .cc = false,
	    .element = "ne-1" };
	size_t at = kp.open_n;

	CHECK(world_submit(&world, &o, warrant_digest, 1U << W_INTAKE,
	    NULL) == 0);
	CHECK(world_decide(&world, id, RECORD_APPROVE, warrant_digest,
	    1U << W_APPR1, NULL) == 0);
	/* An opening stands behind the entry that approved. */
	for (; at < kp.open_n; at++)
		kp.open[at].after = kp.n;
	stream();
}

static void
world_up(void)
{
	struct x1http_server_conf conf = { .listen = "127.0.0.1:0",
	    .tls = ne.tls, .on_request = ne_request };

	snprintf(kp.path, sizeof(kp.path), "%s/keeper.sock", dir);
	CHECK(x1http_server_create(&ne.s, loop, &conf, NULL) == 0);
	conf.tls = pki_tls(dir, "admf", "ca", true);
	conf.on_request = forward_request;
	CHECK(x1http_server_create(&admf.s, loop, &conf, NULL) == 0);
	net_tls_unref(conf.tls);
	tlog_range_init(&kp.range);
	CHECK(world_create(&world, 0) == 0);
	world.now = utc_now();
	CHECK(tlog_key_init(&kp.key, ORIGIN, TLOG_ED25519,
	    sign_key_public(world.key[W_LOG])) == 0);
	register_ne();
}
#endif /* !TEST_GATE_WORLD_H_ */
