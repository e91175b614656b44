/* src/net/net_frame.c: one message of the link (docs/format/link.md) */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "net/net_frame.h"

#define MEMBERS_MAX	14
#define NUMBER_MAX	((INT64_C(1) << 53) - 1)
#define TEXT_MAX	16384

enum form {
	TEXT = 1, ID, ID_NULL, DEC, DEC_NULL, NUM, BOOL, DIGEST, DIGEST_NULL,
	SIG, OBJECT
};

#define MAY	1U	/* the member may be absent */

struct member { const char *name; enum form form; unsigned int flags; };

#define ASKS	1U
#define ANSWERS	2U
#define BLOB	4U	/* may have one */
#define NEEDS	8U	/* must have one */
#define NO_ID	16U	/* an answer that may stand without one */

#define REPORT	ASKS | BLOB | NEEDS,					\
	{ { "start", NUM, 0 }, { "number", NUM, 0 } }

static const struct kind_row {
	const char *name;
	unsigned int flags;
	struct member member[MEMBERS_MAX];
} kinds[NET_KIND_N] = {
	[NET_HELLO] = { "hello", 0, {
		{ "v", NUM, 0 }, { "role", TEXT, 0 }, { "use", TEXT, 0 },
		{ "instance", ID_NULL, 0 }, { "build", TEXT, 0 },
		{ "origin", TEXT, 0 }, { "genesis", DIGEST_NULL, 0 },
		{ "start", NUM, 0 }, { "size", DEC, 0 }, { "note", TEXT, MAY },
		{ "window", NUM, 0 }, { "spool", NUM, 0 },
		{ "nonce", DIGEST, 0 } } },
	[NET_PROOF] = { "proof", 0, { { "sig", SIG, 0 } } },
	[NET_FOLLOW] = { "follow", 0, { { "from", DEC, 0 } } },
	[NET_ENTRIES] = { "entries", BLOB | NEEDS, { { "first", DEC, 0 } } },
	[NET_HEAD] = { "head", BLOB | NEEDS, { { NULL, 0, 0 } } },
	[NET_OPEN] = { "open", BLOB | NEEDS, {
		{ "revision", DIGEST, MAY }, { "element", ID, MAY } } },
	[NET_COMMAND] = { "command", REPORT },
	[NET_DECIDED] = { "decided", ANSWERS, {
		{ "index", DEC, 0 }, { "allowed", BOOL, 0 },
		{ "rule", TEXT, 0 } } },
	[NET_OUTCOME] = { "outcome", REPORT },
	[NET_REPORT] = { "report", REPORT },
	[NET_SNAPSHOT] = { "snapshot", REPORT },
	[NET_ROUND] = { "round", REPORT },
	[NET_LATE] = { "late", REPORT },
	[NET_START] = { "start", REPORT },
	[NET_STOP] = { "stop", REPORT },
	[NET_BEAT] = { "beat", REPORT },
	[NET_KEPT] = { "kept", ANSWERS, {
		{ "index", DEC_NULL, 0 }, { "again", BOOL, MAY } } },
	[NET_ACT] = { "act", ASKS | BLOB | NEEDS, { { NULL, 0, 0 } } },
	[NET_REFUSED] = { "refused", ANSWERS, {
		{ "why", TEXT, 0 }, { "index", DEC, MAY } } },
	[NET_ASK] = { "ask", ASKS | BLOB, {
		{ "what", TEXT, 0 }, { "args", OBJECT, MAY } } },
	[NET_ANSWER] = { "answer", ANSWERS | BLOB, {
		{ "data", OBJECT, MAY } } },
	[NET_AUDIT_BEGIN] = { "audit.begin", ASKS, { { "element", ID, 0 } } },
	[NET_AUDIT_END] = { "audit.end", ASKS, {
		{ "element", ID, 0 }, { "unchanged", BOOL, 0 } } },
	[NET_DONE] = { "done", 0, {
		{ "start", NUM, 0 }, { "number", NUM, 0 } } },
	[NET_ERROR] = { "error", ANSWERS | NO_ID, {
		{ "code", TEXT, 0 }, { "text", TEXT, 0 } } },
};

/* A decoded message with what it owns. */
struct whole {
	struct net_msg m;	/* first: net_msg_free casts back */
	struct jv *root;
	struct net_part part[];
};

const char *
net_kind_name(enum net_kind k)
{
	return (k > 0 && k < NET_KIND_N ? kinds[k].name : "?");
}

bool
net_kind_asks(enum net_kind k)
{
	return ((kinds[k].flags & ASKS) != 0);
}

bool
net_kind_answers(enum net_kind k)
{
	return ((kinds[k].flags & ANSWERS) != 0);
}

int
net_frame_head(const uint8_t p[NET_FRAME_HEAD], uint32_t *json_len,
    uint32_t *blob_len, struct cu_why *why)
{
	struct rd r = { p, NET_FRAME_HEAD };
	uint64_t json, blob;

	if (rd_be(&r, 4, &json) || rd_be(&r, 4, &blob))
		return (CU_EMALFORMED);
	if (json == 0 || json > NET_JSON_MAX) {
		cu_why_set(why, "json_len");
		return (CU_ELIMIT);
	}
	if (blob > NET_BLOB_MAX) {
		cu_why_set(why, "blob_len");
		return (CU_ELIMIT);
	}
	*json_len = (uint32_t)json;
	*blob_len = (uint32_t)blob;
	return (0);
}

/* Has the value its form? */
static bool
fits(const struct jv *v, enum form form)
{
	uint8_t bytes[SIGN_LEN];
	const char *s;
	uint64_t dec;
	int64_t num;
	bool yes;
	size_t n;

	switch (form) {
	case TEXT:
		/* A NUL would end it early for who reads it as a C string. */
		s = jv_str(v, &n);
		return (s != NULL && n <= TEXT_MAX && strlen(s) == n);
	case ID_NULL:
		if (jv_is(v, JV_NULL))
			return (true);
		/* FALLTHROUGH */
	case ID:
		return ((s = jv_str(v, &n)) != NULL && text_is_id(s, n));
	case DEC_NULL:
		if (jv_is(v, JV_NULL))
			return (true);
		/* FALLTHROUGH */
	case DEC:
		return (jv_dec(v, &dec) == 0);
	case NUM:
		return (jv_int(v, &num) == 0 && num >= 0 && num <= NUMBER_MAX);
	case BOOL:
		return (jv_bool(v, &yes) == 0);
	case DIGEST_NULL:
		if (jv_is(v, JV_NULL))
			return (true);
		/* FALLTHROUGH */
	case DIGEST:
		return (jv_bytes(v, bytes, DIGEST_LEN) == 0);
	case SIG:
		return (jv_bytes(v, bytes, SIGN_LEN) == 0);
	case OBJECT:
		return (jv_is(v, JV_OBJECT));
	}
	return (false);
}

static int
check_members(struct net_msg *m, const struct kind_row *k, struct cu_why *why)
{
	const struct member *row;
	const struct jv *v;
	const char *name;
	size_t i, j;

	for (i = 0; (name = jv_key_at(m->json, i, &v)) != NULL; i++) {
		if (strcmp(name, "kind") == 0 || strcmp(name, "parts") == 0 ||
		    strcmp(name, "sha256") == 0)
			continue;
		if (strcmp(name, "id") == 0 &&
		    (k->flags & (ASKS | ANSWERS)) != 0) {
			if (jv_dec(v, &m->id) == 0 && m->id > 0)
				continue;
			cu_why_set(why, "%s.id: not a number", k->name);
			return (CU_EMALFORMED);
		}
		for (j = 0; j < MEMBERS_MAX && (row = &k->member[j])->name !=
		    NULL && strcmp(row->name, name) != 0; j++)
			;
		if (j == MEMBERS_MAX || k->member[j].name == NULL) {
			cu_why_set(why, "%s: unknown member", k->name);
			return (CU_EMALFORMED);
		}
		if (!fits(v, k->member[j].form)) {
			cu_why_set(why, "%s.%s: wrong form", k->name, name);
			return (CU_EMALFORMED);
		}
	}
	for (j = 0; j < MEMBERS_MAX && (row = &k->member[j])->name != NULL; j++)
		if ((row->flags & MAY) == 0 && jv_get(m->json, row->name) ==
		    NULL) {
			cu_why_set(why, "%s.%s: missing", k->name, row->name);
			return (CU_EMALFORMED);
		}
	if (m->id == 0 && (k->flags & (ASKS | ANSWERS)) != 0 &&
	    (k->flags & NO_ID) == 0) {
		cu_why_set(why, "%s.id: missing", k->name);
		return (CU_EMALFORMED);
	}
	if (m->kind == NET_OPEN && (jv_get(m->json, "revision") == NULL) ==
	    (jv_get(m->json, "element") == NULL)) {
		cu_why_set(why, "open: of one thing");
		return (CU_EMALFORMED);
	}
	return (0);
}

static int
check_blob(struct whole *w, const struct kind_row *k, const uint8_t *blob,
    size_t len, struct cu_why *why)
{
	const struct jv *parts = jv_get(w->root, "parts");
	const struct jv *sum = jv_get(w->root, "sha256");
	uint8_t is[DIGEST_LEN], said[DIGEST_LEN];
	size_t i, left = len;
	int64_t n;

	if (len == 0) {
		if (parts == NULL && sum == NULL && (k->flags & NEEDS) == 0)
			return (0);
		cu_why_set(why, "%s: parts without blob", k->name);
		return (CU_EMALFORMED);
	}
	if ((k->flags & BLOB) == 0) {
		cu_why_set(why, "%s: no blob here", k->name);
		return (CU_EMALFORMED);
	}
	if (w->m.part_n == 0 || jv_bytes(sum, said, DIGEST_LEN) != 0) {
		cu_why_set(why, "%s: parts or sha256", k->name);
		return (CU_EMALFORMED);
	}
	for (i = 0; i < w->m.part_n; i++) {
		if (jv_int(jv_at(parts, i), &n) != 0 || n < 0 ||
		    (uint64_t)n > left) {
			cu_why_set(why, "%s.parts", k->name);
			return (CU_EMALFORMED);
		}
		w->part[i].p = blob + (len - left);
		w->part[i].len = (size_t)n;
		left -= (size_t)n;
	}
	if (left != 0) {
		cu_why_set(why, "%s.parts: less than the blob", k->name);
		return (CU_EMALFORMED);
	}
	digest(is, blob, len);
	if (memcmp(is, said, sizeof(is)) != 0) {
		cu_why_set(why, "%s.sha256: another blob", k->name);
		return (CU_EMALFORMED);
	}
	return (0);
}

int
net_msg_decode(struct net_msg **out, const uint8_t *json, size_t json_len,
    const uint8_t *blob, size_t blob_len, struct cu_why *why)
{
	const struct kind_row *k = NULL;
	const struct jv *kind, *parts;
	struct whole *w;
	struct jv *root;
	size_t i, n;
	int rc;

	/* jv_parse takes white space around; a frame has none. */
	if (json_len < 2 || json[0] != '{' || json[json_len - 1] != '}') {
		cu_why_set(why, "not one object");
		return (CU_EMALFORMED);
	}
	if ((rc = jv_parse(&root, (const char *)json, json_len, why)) != 0)
		return (rc);
	kind = jv_get(root, "kind");
	for (i = 1; i < NET_KIND_N && k == NULL; i++)
		if (jv_streq(kind, kinds[i].name))
			k = &kinds[i];
	parts = jv_get(root, "parts");
	n = jv_is(parts, JV_ARRAY) ? jv_len(parts) : 0;
	rc = CU_EMALFORMED;
	if (k == NULL) {
		cu_why_set(why, "unknown kind");
		goto err1;
	}
	if (n > NET_PARTS_MAX) {
		cu_why_set(why, "%s.parts: too many", k->name);
		rc = CU_ELIMIT;
		goto err1;
	}
	if ((w = calloc(1, sizeof(*w) + n * sizeof(w->part[0]))) == NULL) {
		rc = CU_ENOMEM;
		goto err1;
	}
	w->root = root;
	w->m.kind = (enum net_kind)(k - kinds);
	w->m.json = root;
	w->m.part = w->part;
	w->m.part_n = n;
	if ((rc = check_members(&w->m, k, why)) != 0 ||
	    (rc = check_blob(w, k, blob, blob_len, why)) != 0)
		goto err2;
	*out = &w->m;
	return (0);

err2:	free(w);
err1:	jv_free(root);
	return (rc);
}

void
net_msg_free(struct net_msg *m)
{
	struct whole *w = (struct whole *)m;

	if (w == NULL)
		return;
	jv_free(w->root);
	free(w);
}

void
net_out_init(struct net_out *m, enum net_kind kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	buf_init(&m->json, NET_JSON_MAX);
	jw_init(&m->w, &m->json);
	jw_obj(&m->w, NULL);
	jw_str(&m->w, "kind", kinds[kind].name);
}

void
net_out_part(struct net_out *m, const void *p, size_t n)
{
	struct net_part *more;
	size_t cap;

	if (m->rc != 0)
		return;
	if (m->part_n == NET_PARTS_MAX || n > NET_BLOB_MAX - m->blob_len) {
		m->rc = CU_ELIMIT;
		return;
	}
	if (m->part_n == m->part_cap) {
		cap = m->part_cap == 0 ? 16 : 2 * m->part_cap;
		if ((more = realloc(m->part, cap * sizeof(*more))) == NULL) {
			m->rc = CU_ENOMEM;
			return;
		}
		m->part = more;
		m->part_cap = cap;
	}
	m->part[m->part_n].p = p;
	m->part[m->part_n++].len = n;
	m->blob_len += n;
}

void
net_out_fini(struct net_out *m)
{
	buf_wipe(&m->json);
	free(m->part);
	m->part = NULL;
	m->part_n = m->part_cap = 0;
}

static int
write_parts(struct net_out *m)
{
	struct digest_part *piece;
	uint8_t sum[DIGEST_LEN];
	size_t i;

	if ((piece = calloc(m->part_n, sizeof(*piece))) == NULL)
		return (CU_ENOMEM);
	jw_arr(&m->w, "parts");
	for (i = 0; i < m->part_n; i++) {
		piece[i].p = m->part[i].p;
		piece[i].len = m->part[i].len;
		jw_int(&m->w, NULL, (int64_t)m->part[i].len);
	}
	jw_end(&m->w);
	digest_parts(sum, piece, m->part_n);
	free(piece);
	jw_bytes(&m->w, "sha256", sum, sizeof(sum));
	return (0);
}

int
net_out_end(struct net_out *m, uint64_t id, struct buf *frame)
{
	unsigned int flags = kinds[m->kind].flags;
	int rc = m->rc;
	size_t i;

	/* Our own mistake, which the peer would answer by closing. */
	if (rc == 0 && (m->blob_len == 0 ? (flags & NEEDS) != 0 ||
	    m->part_n > 0 : (flags & BLOB) == 0))
		rc = CU_EMALFORMED;
	if (id > 0)
		jw_dec(&m->w, "id", id);
	if (rc == 0 && m->part_n > 0)
		rc = write_parts(m);
	jw_end(&m->w);
	if (rc == 0)
		rc = m->json.rc;
	if (rc == 0) {
		buf_be(frame, 4, m->json.len);
		buf_be(frame, 4, m->blob_len);
		buf_add(frame, m->json.p, m->json.len);
		for (i = 0; i < m->part_n; i++)
			buf_add(frame, m->part[i].p, m->part[i].len);
		rc = frame->rc;
	}
	net_out_fini(m);
	return (rc);
}
