/* src/auditor/auditor_follow.c: entries in, own root against signed heads */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_follow.h"
#include "base/diag.h"
#include "base/err.h"
#include "json/jv.h"
#include "net/net_link.h"
#include "record/record_sd.h"
#include "state/state.h"
#include "tlog/tlog_note.h"

#define ROOTS		4096	/* sizes whose roots are remembered */
#define LIVE_BEFORE	2048	/* near the end every size is */

struct auditor_follow {
	const struct auditor_follow_conf *conf;
	struct net_link *link;
	struct auditor_head head;
	/* The keeper's size when this connection began: below it is replay. */
	uint64_t there;
	bool connected, ready, over;
	struct { uint64_t size; uint8_t root[DIGEST_LEN]; } root[ROOTS];
};

const struct auditor_head *
auditor_follow_head(const struct auditor_follow *f)
{
	return (&f->head);
}

bool
auditor_follow_ready(const struct auditor_follow *f)
{
	return (f->ready);
}

static void
contradiction(struct auditor_follow *f, const char *why)
{
	if (f->over)
		return;
	f->over = true;
	f->conf->on_contradiction(f->conf->cookie, why);
}

/* Remember the root of what was applied, for the head that names it. */
static int
note_root(struct auditor_follow *f)
{
	uint64_t size = state_size(f->conf->state);
	int rc;

	rc = state_root(f->conf->state, f->root[size % ROOTS].root);
	f->root[size % ROOTS].size = size;
	return (rc);
}

static int
apply(struct auditor_follow *f, uint64_t index, const struct net_part *p)
{
	const struct auditor_head *known = &f->conf->known;
	uint8_t leaf[DIGEST_LEN];
	struct cu_why why = { "" };
	char text[CU_WHY_MAX + 64];
	int rc;

	if (index == 0) {
		tlog_leaf(leaf, p->p, p->len);
		if (memcmp(leaf, f->conf->genesis, DIGEST_LEN) != 0) {
			contradiction(f, "entry 0 is not the pinned genesis");
			return (CU_EDENIED);
		}
	}
	rc = state_apply(f->conf->state, index, p->p, p->len, &why);
	if (rc != 0) {
		snprintf(text, sizeof(text), "entry %llu: %s",
		    (unsigned long long)index,
		    why.text[0] != '\0' ? why.text : cu_strerror(rc));
		contradiction(f, text);
		return (rc);
	}
	/* What an earlier start had seen must be a prefix of this. */
	if (index + 1 == known->size || index + LIVE_BEFORE >= f->there)
		rc = note_root(f);
	if (rc == 0 && index + 1 == known->size &&
	    memcmp(f->root[known->size % ROOTS].root, known->root,
	    DIGEST_LEN) != 0) {
		contradiction(f, "another root at a size seen before");
		return (CU_EDENIED);
	}
	f->conf->on_entry(f->conf->cookie, index, p->p, p->len,
	    index >= f->there);
	return (rc);
}

static void
on_entries(struct auditor_follow *f, const struct net_msg *m)
{
	uint64_t first;
	size_t i;

	if (jv_dec(jv_get(m->json, "first"), &first) != 0 ||
	    first != state_size(f->conf->state)) {
		net_link_redial(f->link);
		return;
	}
	for (i = 0; i < m->part_n; i++)
		if (apply(f, first + i, &m->part[i]) != 0)
			return;
	/* A head for the end of what was sent will come. */
	if (note_root(f) != 0)
		contradiction(f, "the root cannot be computed");
}

static void
on_note(struct auditor_follow *f, const struct net_part *p)
{
	const struct record_log *log = state_log(f->conf->state);
	struct tlog_checkpoint cp;
	struct tlog_key key;

	if (log == NULL)
		return;
	if (p->len >= HOME_NOTE_MAX ||
	    tlog_key_init(&key, log->origin, TLOG_ED25519,
	    state_log_key(f->conf->state)) != 0 ||
	    tlog_checkpoint_open(&cp, p->p, p->len, &key) != 0 ||
	    cp.size > state_size(f->conf->state)) {
		diag("a head from the keeper that is none");
		net_link_redial(f->link);
		return;
	}
	if (f->root[cp.size % ROOTS].size != cp.size)
		return;
	if (memcmp(f->root[cp.size % ROOTS].root, cp.root, DIGEST_LEN) != 0) {
		contradiction(f, "a signed head has another root than the "
		    "entries");
		return;
	}
	if (cp.size < f->head.size)
		return;
	f->head.size = cp.size;
	memcpy(f->head.root, cp.root, DIGEST_LEN);
	memcpy(f->head.note, p->p, p->len);
	f->head.note[p->len] = '\0';
	if (f->head.size >= f->there)
		f->ready = true;
	f->conf->on_head(f->conf->cookie);
}

static void
on_open(struct auditor_follow *f, const struct net_msg *m)
{
	const struct jv *revision = jv_get(m->json, "revision");
	const char *element = jv_str(jv_get(m->json, "element"), NULL);
	struct record_sds sds;
	struct cu_why why = { "" };
	uint8_t digest[DIGEST_LEN];
	size_t i;
	int rc = 0;

	record_sds_init(&sds);
	for (i = 0; i < m->part_n && rc == 0; i++)
		rc = record_sds_take(&sds, (const char *)m->part[i].p,
		    m->part[i].len);
	if (rc != 0)
		;
	else if (element != NULL)
		rc = state_open_element(f->conf->state, element, &sds, &why);
	else if ((rc = jv_bytes(revision, digest, sizeof(digest))) == 0)
		rc = state_open_revision(f->conf->state, digest, &sds, &why);
	if (rc != 0)
		diag("an opening was refused: %s",
		    why.text[0] != '\0' ? why.text : cu_strerror(rc));
	record_sds_fini(&sds);
}

static void
on_message(void *cookie, struct net_link *l, const struct net_msg *m)
{
	struct auditor_follow *f = cookie;

	if (f->over)
		return;
	switch (m->kind) {
	case NET_ENTRIES:
		on_entries(f, m);
		break;
	case NET_HEAD:
		if (m->part_n == 1)
			on_note(f, &m->part[0]);
		break;
	case NET_OPEN:
		on_open(f, m);
		break;
	default:
		break;
	}
}

static void
on_hello(void *cookie, struct net_link *l, const struct net_hello *h)
{
	/* Judged when the proofs are there, too. */
}

static void
on_ready(void *cookie, struct net_link *l)
{
	struct auditor_follow *f = cookie;
	const struct net_hello *h = net_link_hello(l);
	struct net_out m;

	if (h->size < f->head.size || h->size < f->conf->known.size) {
		contradiction(f, "the keeper's log is shorter than what was "
		    "seen of it");
		return;
	}
	f->there = h->size;
	net_out_init(&m, NET_FOLLOW);
	jw_dec(&m.w, "from", state_size(f->conf->state));
	if (net_link_send(l, &m) != 0)
		net_link_redial(l);
	else
		f->connected = true;
}

static void
on_close(void *cookie, struct net_link *l, const char *why)
{
	struct auditor_follow *f = cookie;

	if (f->connected)
		diag("the log is not followed any more: %s", why);
	f->connected = false;
}

static const struct net_link_ops ops = {
	.on_hello = on_hello, .on_ready = on_ready, .on_message = on_message,
	.on_close = on_close,
};

int
auditor_follow_create(struct auditor_follow **out, struct net_loop *loop,
    const struct auditor_follow_conf *conf)
{
	struct auditor_follow *f;
	int rc;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (CU_ENOMEM);
	f->conf = conf;
	if ((rc = state_follow(conf->state)) == 0)
		rc = net_link_dial(&f->link, loop, conf->path, conf->link,
		    &ops, f);
	if (rc != 0) {
		free(f);
		return (rc);
	}
	*out = f;
	return (0);
}

void
auditor_follow_free(struct auditor_follow *f)
{
	if (f == NULL)
		return;
	net_link_free(f->link);
	free(f);
}
