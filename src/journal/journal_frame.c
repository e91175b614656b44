/*
 * src/journal/journal_frame.c: headers, frames and batches, in memory.
 * One reading of a batch serves recovery, verification and every reader, so
 * that they cannot differ about what holds.
 */
#include <string.h>
#include "base/err.h"
#include "base/rd.h"
#include "crypto/digest.h"
#include "journal/journal_frame.h"

#define SEGMENT_MAGIC	"custosJ1"
#define VERSION		1
#define HEADER_SUM	(JOURNAL_HEADER_LEN - DIGEST_LEN)
#define CHECK_LEN	8
#define FRAMES_MAX	(1 + 2 * JOURNAL_BATCH_ENTRIES)	/* but K */

static const uint8_t magic[3] = { 'C', 'U', 1 };

static void
put_be(uint8_t *p, size_t n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return (v);
}

static bool
zeros(const uint8_t *p, size_t n)
{
	return (n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0));
}

void
journal_frame_put(uint8_t out[JOURNAL_FRAME_HEAD],
    const struct journal_frame *f)
{
	memcpy(out, magic, sizeof(magic));
	out[3] = (uint8_t)f->kind;
	put_be(out + 4, 4, f->len);
	put_be(out + 8, 8, f->number);
	put_be(out + 16, 8, f->position);
	memcpy(out + 24, f->check, CHECK_LEN);
}

int
journal_frame_get(struct journal_frame *f, const uint8_t p[JOURNAL_FRAME_HEAD])
{
	if (zeros(p, 4))
		return (CU_ENOENT);
	if (memcmp(p, magic, sizeof(magic)) != 0 || (p[3] != JOURNAL_E &&
	    p[3] != JOURNAL_S && p[3] != JOURNAL_K && p[3] != JOURNAL_N))
		return (CU_EMALFORMED);
	f->kind = (enum journal_kind)p[3];
	f->len = (uint32_t)get_be(p + 4, 4);
	f->number = get_be(p + 8, 8);
	f->position = get_be(p + 16, 8);
	memcpy(f->check, p + 24, CHECK_LEN);
	return (0);
}

void
journal_commit_put(uint8_t out[JOURNAL_K_LEN], const struct journal_commit *c)
{
	memcpy(out, c->root, 32);
	memcpy(out + 32, c->previous, 32);
	memcpy(out + 64, c->headers, 32);
	put_be(out + 96, 4, c->frames);
	put_be(out + 100, 4, 0);
	put_be(out + 104, 8, c->time_us);
	put_be(out + 112, 8, c->size);
}

int
journal_commit_get(struct journal_commit *c, const uint8_t p[JOURNAL_K_LEN])
{
	if (get_be(p + 100, 4) != 0)
		return (CU_EMALFORMED);
	memcpy(c->root, p, 32);
	memcpy(c->previous, p + 32, 32);
	memcpy(c->headers, p + 64, 32);
	c->frames = (uint32_t)get_be(p + 96, 4);
	c->time_us = get_be(p + 104, 8);
	c->size = get_be(p + 112, 8);
	return (0);
}

void
journal_header_put(uint8_t out[JOURNAL_HEADER_LEN],
    const struct journal_header *h)
{
	unsigned int n = tlog_range_count(h->range.size);

	memset(out, 0, JOURNAL_HEADER_LEN);
	memcpy(out, SEGMENT_MAGIC, 8);
	put_be(out + 8, 4, VERSION);
	put_be(out + 12, 4, h->number);
	put_be(out + 16, 4, h->segment_size);
	memcpy(out + 24, h->origin, 32);
	put_be(out + 56, 8, h->range.size);
	put_be(out + 64, 8, h->position);
	memcpy(out + 72, h->last_k, 32);
	put_be(out + 104, 4, n);
	if (n > 0)
		memcpy(out + 108, h->range.hash, (size_t)n * TLOG_HASH_LEN);
	digest(out + HEADER_SUM, out, HEADER_SUM);
}

int
journal_header_get(struct journal_header *h,
    const uint8_t p[JOURNAL_HEADER_LEN])
{
	uint8_t sum[DIGEST_LEN];
	uint64_t size;
	size_t n;

	if (zeros(p, JOURNAL_HEADER_LEN))
		return (CU_ENOENT);
	if (memcmp(p, SEGMENT_MAGIC, 8) != 0 || get_be(p + 8, 4) != VERSION ||
	    get_be(p + 20, 4) != 0)
		return (CU_EMALFORMED);
	digest(sum, p, HEADER_SUM);
	if (memcmp(sum, p + HEADER_SUM, DIGEST_LEN) != 0)
		return (CU_EMALFORMED);
	h->number = (uint32_t)get_be(p + 12, 4);
	h->segment_size = (uint32_t)get_be(p + 16, 4);
	memcpy(h->origin, p + 24, 32);
	size = get_be(p + 56, 8);
	h->position = get_be(p + 64, 8);
	memcpy(h->last_k, p + 72, 32);
	n = get_be(p + 104, 4);
	if (h->number == 0 || h->number > JOURNAL_SEGMENTS_MAX ||
	    h->segment_size < JOURNAL_SEGMENT_MIN ||
	    h->segment_size > JOURNAL_SEGMENT_MAX ||
	    (h->segment_size & (h->segment_size - 1)) != 0 ||
	    h->position != (uint64_t)(h->number - 1) * h->segment_size ||
	    tlog_range_load(&h->range, size, p + 108, n) != 0 ||
	    !zeros(p + 108 + n * 32, HEADER_SUM - 108 - n * 32))
		return (CU_EMALFORMED);
	return (0);
}

uint32_t
journal_limit_e(uint32_t segment)
{
	return (segment / 4 < 1U << 20 ? segment / 4 : 1U << 20);
}

uint32_t
journal_limit_s(uint32_t segment)
{
	return (segment < JOURNAL_SEGMENT_MAX ? segment / 4 : 32U << 20);
}

/* A batch while it is read. */
struct reading {
	struct journal_chain chain;	/* as it will be */
	uint64_t first, bytes_e, bytes_s, next_s;
	unsigned int entries, frames;
	uint8_t heads[FRAMES_MAX][JOURNAL_FRAME_HEAD];
	struct journal_fault fault;
};

static int
bad(struct reading *b, const char *what)
{
	b->fault.what = what;
	return (JOURNAL_E_BAD);
}

/* What may be known of a frame by its header, before its length is believed. */
static int
check_head(struct reading *b, const struct journal_frame *f, uint64_t position)
{
	uint32_t segment = b->chain.segment_size;
	uint64_t size = journal_frame_size(f->len);

	if (f->position != position)
		return (bad(b, "frame names another position"));
	switch (f->kind) {
	case JOURNAL_N:
		if (b->frames > 0)
			return (bad(b, "note is not the first frame"));
		if (f->len == 0 || f->len > JOURNAL_NOTE_MAX)
			return (bad(b, "length of a note"));
		if (f->number > b->first)
			return (bad(b, "note of a size not yet committed"));
		break;
	case JOURNAL_E:
		if (b->next_s > 0)
			return (bad(b, "entry after a seal"));
		if (f->len == 0 || f->len > JOURNAL_ENTRY_MAX)
			return (bad(b, "length of an entry"));
		if (f->number != b->first + b->entries)
			return (bad(b, "number of an entry"));
		if (b->entries == JOURNAL_BATCH_ENTRIES ||
		    (b->bytes_e += size) > journal_limit_e(segment))
			return (bad(b, "too many entries for a batch"));
		break;
	case JOURNAL_S:
		if (f->len == 0)
			return (bad(b, "length of a seal"));
		if (f->number < b->first ||
		    f->number >= b->first + b->entries ||
		    f->number + 1 <= b->next_s)
			return (bad(b, "seal of no entry of its batch"));
		if ((b->bytes_s += size) > journal_limit_s(segment))
			return (bad(b, "too many sealed bytes for a batch"));
		break;
	case JOURNAL_K:
		if (b->entries == 0)
			return (bad(b, "batch without an entry"));
		if (f->len != JOURNAL_K_LEN)
			return (bad(b, "length of a commit"));
		if (f->number != b->first + b->entries)
			return (bad(b, "number of a commit"));
		break;
	}
	return (0);
}

bool
journal_frame_holds(struct journal_shown *s)
{
	uint64_t pad = journal_frame_size(s->frame.len) - JOURNAL_FRAME_HEAD -
	    s->frame.len;

	if (s->frame.kind == JOURNAL_E)
		tlog_leaf(s->leaf, s->payload, s->frame.len);
	else
		digest(s->leaf, s->payload, s->frame.len);
	return (zeros(s->payload + s->frame.len, pad) &&
	    memcmp(s->leaf, s->frame.check, CHECK_LEN) == 0);
}

/* The payload is there: is it what the header promises? */
static int
check_payload(struct reading *b, struct journal_shown *s, tlog_node_fn node,
    void *cookie)
{
	if (!journal_frame_holds(s))
		return (bad(b, "check or padding of a frame"));
	if (s->frame.kind != JOURNAL_E)
		return (0);
	if (b->chain.range.size >= TLOG_SIZE_MAX)
		return (bad(b, "tree is full"));
	tlog_range_append(&b->chain.range, s->leaf, node, cookie);
	return (0);
}

static int
check_commit(struct reading *b, const uint8_t *head, const uint8_t *payload,
    struct journal_batch *out)
{
	const struct digest_part frame[] = {
		{ head, JOURNAL_FRAME_HEAD }, { payload, JOURNAL_K_LEN } };
	uint8_t root[TLOG_HASH_LEN], sum[DIGEST_LEN];
	struct journal_commit *c = &out->commit;

	if (journal_commit_get(c, payload) != 0)
		return (bad(b, "zero field of a commit"));
	if (memcmp(c->previous, b->chain.last_k, 32) != 0)
		return (bad(b, "commit follows another commit"));
	digest(sum, b->heads, (size_t)b->frames * JOURNAL_FRAME_HEAD);
	if (c->frames != b->frames || memcmp(c->headers, sum, 32) != 0)
		return (bad(b, "commit of other frames"));
	tlog_range_root(&b->chain.range, root);
	if (c->size != b->chain.range.size ||
	    memcmp(c->root, root, sizeof(root)) != 0)
		return (bad(b, "root"));
	digest_parts(out->digest, frame, 2);
	memcpy(b->chain.last_k, out->digest, 32);
	return (0);
}

/* Borrow ${n} bytes of what whole() has seen, or of the segment's end. */
static int
want(struct reading *b, struct rd *r, const uint8_t **p, uint64_t n)
{
	if (n > r->left || rd_bytes(r, p, n) != 0)
		return (bad(b, "frame passes the end of its segment"));
	return (0);
}

/*
 * Is a batch there up to its K, as far as the headers tell?  Asked before
 * anything is hashed, so that no byte is hashed twice.
 */
static bool
whole(const uint8_t *p, size_t len)
{
	struct journal_frame f;
	uint64_t at, size;

	for (at = 0; at + JOURNAL_FRAME_HEAD <= len; at += size) {
		if (journal_frame_get(&f, p + at) != 0)
			return (true);
		size = journal_frame_size(f.len);
		if (at + size > JOURNAL_BATCH_MAX)
			return (true);
		if (f.kind == JOURNAL_K)
			return (at + size <= len);
	}
	return (false);
}

/* Read frames up to K.  As journal_batch_read, with ${b} being filled. */
static int
read_frames(struct reading *b, struct rd *r, tlog_node_fn node,
    journal_show_fn show, void *cookie, struct journal_batch *out)
{
	uint64_t position = b->chain.position, size;
	struct journal_shown s;
	const uint8_t *head;
	int rc;

	for (;; position += size) {
		b->fault.position = position;
		b->fault.entry = false;
		if (r->left < JOURNAL_FRAME_HEAD || zeros(r->p, 4))
			return (b->frames == 0 ? JOURNAL_E_END :
			    bad(b, "batch without a commit"));
		if ((rc = want(b, r, &head, JOURNAL_FRAME_HEAD)) != 0)
			return (rc);
		b->fault.entry = true;
		b->fault.index = b->first + b->entries;
		if (journal_frame_get(&s.frame, head) != 0)
			return (bad(b, "no frame"));
		if (s.frame.kind == JOURNAL_S)
			b->fault.index = s.frame.number;
		else if (s.frame.kind != JOURNAL_E)
			b->fault.entry = false;
		if ((rc = check_head(b, &s.frame, position)) != 0)
			return (rc);
		size = journal_frame_size(s.frame.len);
		if (position - b->chain.position + size > JOURNAL_BATCH_MAX)
			return (bad(b, "batch is too large"));
		if ((rc = want(b, r, &s.payload,
		    size - JOURNAL_FRAME_HEAD)) != 0 || (rc = check_payload(b, &s, node, cookie)) != 0)
			return (rc);
		if (s.frame.kind == JOURNAL_K)
			break;
		memcpy(b->heads[b->frames++], head, JOURNAL_FRAME_HEAD);
		if (s.frame.kind == JOURNAL_E)
			b->entries++;
		else if (s.frame.kind == JOURNAL_S)
			b->next_s = s.frame.number + 1;
		if (show != NULL && (rc = show(cookie, &s)) != 0)
			return (rc);
	}
	if ((rc = check_commit(b, head, s.payload, out)) != 0)
		return (rc);
	out->position = b->chain.position;
	out->len = position + size - out->position;
	b->chain.position = position + size;
	return (0);
}

int
journal_batch_read(struct journal_chain *chain, const uint8_t *p, size_t len,
    bool last, tlog_node_fn node, journal_show_fn show, void *cookie,
    struct journal_batch *out, struct journal_fault *fault)
{
	struct rd r = { p, len };
	struct journal_batch made;
	struct reading b;
	int rc;

	if (!last && !whole(p, len))
		return (JOURNAL_E_MORE);
	b.chain = *chain;
	b.first = chain->range.size;
	b.bytes_e = b.bytes_s = b.next_s = 0;
	b.entries = b.frames = 0;
	memset(&b.fault, 0, sizeof(b.fault));
	if ((rc = read_frames(&b, &r, node, show, cookie, &made)) != 0) {
		if (fault != NULL)
			*fault = b.fault;
		return (rc);
	}
	made.first = b.first;
	made.size = b.chain.range.size;
	made.frames = b.frames + 1;
	*chain = b.chain;
	*out = made;
	return (0);
}

int
journal_batch_each(const uint8_t *p, size_t len, uint64_t position,
    journal_show_fn show, void *cookie)
{
	struct journal_shown s;
	size_t at = 0;
	int rc;

	while (at + JOURNAL_FRAME_HEAD <= len) {
		if (journal_frame_get(&s.frame, p + at) != 0 ||
		    s.frame.position != position + at ||
		    journal_frame_size(s.frame.len) > len - at)
			return (CU_EMALFORMED);
		s.payload = p + at + JOURNAL_FRAME_HEAD;
		if ((rc = show(cookie, &s)) != 0)
			return (rc);
		at += journal_frame_size(s.frame.len);
	}
	return (0);
}
