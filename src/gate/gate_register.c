/*
 * The register.  The file: one line `index SP entry LF` per entry, in order,
 * then a line with the SHA-256 (hex) of all before it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "gate/gate_register.h"
#include "record/record_entry.h"
#include "tlog/tlog.h"
#include "x1/x1_msg.h"

/* The newest word on one element. */
struct row {
	struct record_payload *p;	/* add or change; NULL: retired */
	char id[TEXT_ID_MAX + 1];
	uint64_t index;
	unsigned int dialect;
};

struct table {
	struct row *row;
	size_t n, cap;
	struct buf text;		/* the file's lines */
};

struct gate_register {
	struct table live, next;	/* next: while following from 0 */
	bool following, changed;
};

static void
table_fini(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		record_payload_free(t->row[i].p);
	free(t->row);
	buf_fini(&t->text);
	memset(t, 0, sizeof(*t));
	buf_init(&t->text, GATE_REGISTER_MAX);
}

int
gate_register_create(struct gate_register **out)
{
	struct gate_register *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (CU_ENOMEM);
	buf_init(&r->live.text, GATE_REGISTER_MAX);
	buf_init(&r->next.text, GATE_REGISTER_MAX);
	*out = r;
	return (0);
}

void
gate_register_free(struct gate_register *r)
{
	if (r == NULL)
		return;
	table_fini(&r->live);
	table_fini(&r->next);
	free(r);
}

static struct row *
row_for(struct table *t, const char *id)
{
	struct row *row;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->row[i].id, id) == 0)
			return (&t->row[i]);
	if (t->n == t->cap) {
		row = realloc(t->row, (2 * t->cap + 16) * sizeof(*row));
		if (row == NULL)
			return (NULL);
		t->row = row;
		t->cap = 2 * t->cap + 16;
	}
	row = &t->row[t->n++];
	memset(row, 0, sizeof(*row));
	snprintf(row->id, sizeof(row->id), "%s", id);
	return (row);
}

static int
take_element(struct table *t, uint64_t index, const struct record_act *act)
{
	struct record_payload *p;
	struct row *row;
	size_t i;
	int rc;

	rc = record_payload_read(&p, act->kind, act->verb, act->subject,
	    act->payload, act->payload_len, NULL);
	if (rc != 0)
		return (rc);
	if ((row = row_for(t, p->element.id)) == NULL) {
		record_payload_free(p);
		return (CU_ENOMEM);
	}
	record_payload_free(row->p);
	row->p = NULL;
	row->index = index;
	row->dialect = 0;
	if (act->verb == RECORD_RETIRE) {
		record_payload_free(p);
		return (0);
	}
	row->p = p;
	for (i = 0; i < p->element.dialect.n; i++)
		row->dialect |= x1_dialect_find(p->element.dialect.v[i],
		    strlen(p->element.dialect.v[i]));
	return (0);
}

static int
table_take(struct table *t, uint64_t index, const void *line, size_t len)
{
	struct record_entry *e;
	int rc;

	if ((rc = record_entry_read(&e, line, len, NULL)) != 0)
		return (rc);
	if (e->kind == RECORD_ELEMENT)
		rc = take_element(t, index, e->act);
	else if (e->kind != RECORD_GENESIS && e->kind != RECORD_INSTANCE)
		goto out;
	if (rc == 0) {
		buf_printf(&t->text, "%llu ", (unsigned long long)index);
		buf_add(&t->text, line, len);
		buf_ch(&t->text, '\n');
		rc = t->text.rc;
	}
out:	record_entry_free(e);
	return (rc);
}

void
gate_register_reset(struct gate_register *r)
{
	table_fini(&r->next);
	r->following = true;
}

/* Cheap, since each entry of the log comes by: these kinds are few. */
static bool
may_be_ours(const void *line, size_t len)
{
	static const char *const kind[] = { "\"kind\":\"genesis\"",
	    "\"kind\":\"element\"", "\"kind\":\"instance\"" };
	size_t i, n = len < 64 ? len : 64;

	for (i = 0; i < sizeof(kind) / sizeof(kind[0]); i++)
		if (memmem(line, n, kind[i], strlen(kind[i])) != NULL)
			return (true);
	return (false);
}

int
gate_register_take(struct gate_register *r, uint64_t index, const void *line,
    size_t len)
{
	struct table *t = r->following ? &r->next : &r->live;

	if (!may_be_ours(line, len))
		return (0);
	r->changed = true;
	return (table_take(t, index, line, len));
}

void
gate_register_ready(struct gate_register *r)
{
	struct table t;

	if (!r->following)
		return;
	t = r->live;
	r->live = r->next;
	r->next = t;
	r->following = false;
	table_fini(&r->next);
}

int
gate_register_sync(struct gate_register *r, struct io *io, int dirfd)
{
	uint8_t hash[DIGEST_LEN];
	char hex[2 * DIGEST_LEN + 2];
	struct buf b;
	int rc;

	if (!r->changed || r->following)
		return (0);
	digest(hash, r->live.text.p, r->live.text.len);
	text_hex(hex, hash, sizeof(hash));
	buf_init(&b, GATE_REGISTER_MAX + sizeof(hex));
	buf_add(&b, r->live.text.p, r->live.text.len);
	buf_str(&b, hex);
	buf_ch(&b, '\n');
	if ((rc = b.rc) == 0)
		rc = io_replace(io, dirfd, GATE_REGISTER_FILE, b.p, b.len,
		    true);
	buf_fini(&b);
	if (rc == 0)
		r->changed = false;
	return (rc);
}

/* One line of the file; ${first} is that of the genesis. */
static int
load_line(struct table *t, const char *p, size_t len, const uint8_t *genesis)
{
	const char *space = memchr(p, ' ', len);
	uint8_t leaf[DIGEST_LEN];
	uint64_t index;

	if (space == NULL || text_dec(p, (size_t)(space - p), &index) != 0)
		return (CU_EMALFORMED);
	len -= (size_t)(space + 1 - p);
	p = space + 1;
	if (index == 0) {
		tlog_leaf(leaf, p, len);
		if (memcmp(leaf, genesis, DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
	}
	if ((index == 0) != (t->text.len == 0))
		return (CU_EMALFORMED);
	return (table_take(t, index, p, len));
}

int
gate_register_load(struct gate_register *r, struct io *io, int dirfd,
    const uint8_t *genesis, struct cu_why *why)
{
	uint8_t hash[DIGEST_LEN], want[DIGEST_LEN];
	const char *p, *lf;
	size_t left;
	struct buf b;
	int rc;

	buf_init(&b, GATE_REGISTER_MAX + 256);
	if ((rc = io_read_file(io, dirfd, GATE_REGISTER_FILE, &b)) != 0)
		goto out;
	rc = CU_EMALFORMED;
	if (b.len < 2 * DIGEST_LEN + 1 || b.p[b.len - 1] != '\n' ||
	    text_unhex(want, (char *)b.p + b.len - 2 * DIGEST_LEN - 1,
	    DIGEST_LEN) != 0)
		goto out;
	left = b.len - 2 * DIGEST_LEN - 1;
	digest(hash, b.p, left);
	if (memcmp(hash, want, DIGEST_LEN) != 0)
		goto out;
	for (p = (char *)b.p, rc = 0; rc == 0 && left > 0; p = lf + 1) {
		if ((lf = memchr(p, '\n', left)) == NULL) {
			rc = CU_EMALFORMED;
			break;
		}
		rc = load_line(&r->live, p, (size_t)(lf - p), genesis);
		left -= (size_t)(lf + 1 - p);
	}
out:	buf_fini(&b);
	if (rc != 0 && rc != CU_ENOENT) {
		cu_why_set(why, "register: %s", cu_strerror(rc));
		table_fini(&r->live);
	}
	return (rc);
}

static bool
give(const struct row *row, struct gate_reg *out)
{
	if (row->p == NULL)
		return (false);
	out->e = &row->p->element;
	out->index = row->index;
	out->dialect = row->dialect;
	return (true);
}

bool
gate_register_id(const struct gate_register *r, const char *id,
    struct gate_reg *out)
{
	size_t i;

	for (i = 0; i < r->live.n; i++)
		if (strcmp(r->live.row[i].id, id) == 0)
			return (give(&r->live.row[i], out));
	return (false);
}

bool
gate_register_nth(const struct gate_register *r, size_t n,
    struct gate_reg *out)
{
	size_t i;

	for (i = 0; i < r->live.n; i++)
		if (r->live.row[i].p != NULL && n-- == 0)
			return (give(&r->live.row[i], out));
	return (false);
}

bool
gate_register_element(const struct gate_register *r, const char *identity,
    struct gate_reg *out)
{
	const struct record_element *e;
	size_t i;

	for (i = 0; i < r->live.n; i++) {
		if (r->live.row[i].p == NULL)
			continue;
		e = &r->live.row[i].p->element;
		if ((e->kind == RECORD_NE || e->kind == RECORD_MDF) &&
		    e->identity != NULL && strcmp(e->identity, identity) == 0)
			return (give(&r->live.row[i], out));
	}
	return (false);
}

static bool
pinned(const struct record_element *e, const uint8_t *pin)
{
	size_t i;

	for (i = 0; i < e->pins_n; i++)
		if (memcmp(e->pin[i], pin, DIGEST_LEN) == 0)
			return (true);
	return (false);
}

bool
gate_register_peer(const struct gate_register *r, const struct cert *cert,
    enum cert_side side, const char *wire, struct gate_reg *out, bool *bound)
{
	const struct record_element *e;
	bool admf, found = false, binds;
	size_t i;

	*bound = false;
	for (i = 0; i < r->live.n; i++) {
		if (r->live.row[i].p == NULL)
			continue;
		e = &r->live.row[i].p->element;
		admf = e->kind == RECORD_ADMF;
		if (e->kind == RECORD_LEMF || e->identity == NULL ||
		    admf != (side == CERT_SIDE_ADMF))
			continue;
		binds = e->rule != 0 &&
		    cert_binds(cert, e->rule, side, e->identity);
		if (!binds && !pinned(e, cert_digest(cert)))
			continue;
		if (wire != NULL && strcmp(e->identity, wire) == 0) {
			*bound = binds;
			return (give(&r->live.row[i], out));
		}
		if (!found)
			found = give(&r->live.row[i], out);
	}
	return (found);
}
