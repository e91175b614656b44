/*
 * The spool file: two header slots of which the newer valid one counts, then
 * frames.  Big-endian.
 *
 *	header at 0 and at 2048: `custosP1` . u32 version 1 . u32 size
 *	    u64 generation . SHA-256 of these 24 bytes
 *	frame, 8-byte aligned: u32 magic . u32 length . u64 generation
 *	    u64 number . iv[12] . u32 zero . tag[16] . ciphertext, zero-padded
 *
 * AES-256-GCM under keys/spool.key; associated data are the frame's first 40
 * bytes.  Frames of a former generation are what lies behind the last one and
 * does not count.  A new generation is begun only when no record waits: a crash
 * around the header's sync finds the former generation, whose records stand in
 * the log and are answered as such when they are offered again.
 */
#include <sys/queue.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "gate/gate_spool.h"

#define MAGIC		UINT32_C(0x43550150)
#define SLOT		2048U
#define HEADER		24U
#define TRIED_MAX	(4 * (size_t)GATE_SPOOL_SIZE)	/* in vain */
#define AAD		40U
#define ALIGN(n)	(((n) + 7U) & ~(size_t)7U)

struct item {
	STAILQ_ENTRY(item) q;
	struct gate_record r;
	bool loose;		/* in memory alone */
};

struct gate_spool {
	struct io *io;
	int fd;
	uint8_t key[AEAD_KEY_LEN];
	uint64_t generation, number;
	size_t tried;			/* bytes of what looked like a frame */
	size_t at;			/* where the next frame goes */
	STAILQ_HEAD(, item) items;
	size_t n, loose_n;
	bool failed;
	bool stuck;		/* which generation the disk holds is unknown */
};

static int
header_write(struct gate_spool *s, uint64_t generation)
{
	uint8_t hash[DIGEST_LEN];
	struct buf b;
	int rc;

	buf_init(&b, SLOT);
	buf_str(&b, "custosP1");
	buf_be(&b, 4, 1);
	buf_be(&b, 4, GATE_SPOOL_SIZE);
	buf_be(&b, 8, generation);
	if (b.rc == 0) {
		digest(hash, b.p, b.len);
		buf_add(&b, hash, sizeof(hash));
	}
	if ((rc = b.rc) == 0)
		rc = io_pwrite(s->io, s->fd, b.p, b.len,
		    generation % 2 * SLOT);
	if (rc == 0 && s->io->fdatasync(s->io, s->fd) != 0)
		rc = CU_EIO;
	buf_fini(&b);
	return (rc);
}

/* The generation that a slot names; 0 if it is none. */
static uint64_t
header_read(const uint8_t *p)
{
	struct rd r = { p, HEADER + DIGEST_LEN };
	uint64_t version, size, generation;
	uint8_t hash[DIGEST_LEN];
	const uint8_t *magic, *sum;

	digest(hash, p, HEADER);
	if (rd_bytes(&r, &magic, 8) || memcmp(magic, "custosP1", 8) != 0 ||
	    rd_be(&r, 4, &version) || version != 1 ||
	    rd_be(&r, 4, &size) || size != GATE_SPOOL_SIZE ||
	    rd_be(&r, 8, &generation) || rd_bytes(&r, &sum, DIGEST_LEN) ||
	    memcmp(sum, hash, DIGEST_LEN) != 0)
		return (0);
	return (generation);
}

static int
item_add(struct gate_spool *s, struct gate_record *r, bool loose)
{
	struct item *it;

	if ((it = calloc(1, sizeof(*it))) == NULL)
		return (CU_ENOMEM);
	it->r = *r;
	it->loose = loose;
	gate_record_init(r, r->type);
	STAILQ_INSERT_TAIL(&s->items, it, q);
	s->n++;
	s->loose_n += loose;
	return (0);
}

static void
rename_refs(struct gate_spool *s, uint64_t was_start, uint64_t was_n,
    uint64_t start, uint64_t n)
{
	struct item *it;

	STAILQ_FOREACH(it, &s->items, q)
		if (it->r.type == GATE_RECORD_DRAFT &&
		    it->r.ref_start == was_start && it->r.ref_n == was_n) {
			it->r.ref_start = start;
			it->r.ref_n = n;
		}
}

/* A report that was numbered anew comes to where it stood. */
static bool
take_place(struct gate_spool *s, struct gate_record *r)
{
	struct item *it;

	if (r->type != GATE_RECORD_REPORT || r->ref_n == 0)
		return (false);
	rename_refs(s, r->ref_start, r->ref_n, r->start, r->n);
	STAILQ_FOREACH(it, &s->items, q)
		if (it->r.type == GATE_RECORD_REPORT &&
		    it->r.start == r->ref_start && it->r.n == r->ref_n)
			break;
	r->ref_start = r->ref_n = 0;
	if (it == NULL)			/* that one was damaged */
		return (false);
	gate_record_fini(&it->r);
	it->r = *r;
	gate_record_init(r, r->type);
	return (true);
}

/*
 * The frame at ${at}: its whole length with its record in ${out}; 0 if there
 * is none that counts; or CU_ENOMEM.
 */
static long
frame_read(struct gate_spool *s, const uint8_t *file, size_t at,
    struct gate_record *out)
{
	struct rd r = { file + at, GATE_SPOOL_SIZE - at };
	uint64_t magic, len, generation, number, zero;
	const uint8_t *iv, *tag, *cipher;
	uint8_t *plain;
	int rc;

	if (rd_be(&r, 4, &magic) || magic != MAGIC || rd_be(&r, 4, &len) ||
	    rd_be(&r, 8, &generation) || generation != s->generation ||
	    rd_be(&r, 8, &number) || number <= s->number ||
	    rd_bytes(&r, &iv, AEAD_IV_LEN) || rd_be(&r, 4, &zero) ||
	    rd_bytes(&r, &tag, AEAD_TAG_LEN) || rd_bytes(&r, &cipher, len))
		return (0);
	s->tried += len;
	if ((plain = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	if (aead_open(plain, tag, s->key, iv, file + at, AAD, cipher,
	    len) != 0) {
		free(plain);
		return (0);
	}
	rc = gate_record_decode(out, plain, len);
	wipe(plain, len);
	free(plain);
	if (rc == CU_ENOMEM)
		return (rc);
	if (rc != 0)
		return (0);
	s->number = number;
	s->tried -= len;
	return ((long)ALIGN(GATE_SPOOL_FRAME + len));
}

/*
 * Every frame of this generation, also behind one that did not become durable
 * or was damaged: what is there was done, and the log must hear of it.
 */
static int
frames_read(struct gate_spool *s, const uint8_t *file)
{
	struct gate_record r;
	size_t at = GATE_SPOOL_HEAD, gap = 0;
	long len;
	int rc;

	s->at = at;
	while (at + GATE_SPOOL_FRAME <= GATE_SPOOL_SIZE) {
		if (s->tried > TRIED_MAX) {
			diag("spool: damaged, not read on from byte %zu", at);
			s->failed = true;
			break;
		}
		if ((len = frame_read(s, file, at, &r)) < 0)
			return ((int)len);
		if (len == 0) {
			gap += 8;
			at += 8;
			continue;
		}
		if (gap > 0) {
			diag("spool: damaged before byte %zu", at);
			s->failed = true;
			gap = 0;
		}
		if (!take_place(s, &r) && (rc = item_add(s, &r, false)) != 0) {
			gate_record_fini(&r);
			return (rc);
		}
		at += (size_t)len;
		s->at = at;
	}
	return (0);
}

static int
make(struct gate_spool *s, int dirfd)
{
	int rc;

	if ((rc = io_zero(s->io, s->fd, 0, GATE_SPOOL_SIZE)) != 0)
		return (rc);
	/* Zeros first: a header says that all behind it is ours. */
	if (s->io->fdatasync(s->io, s->fd) != 0)
		return (CU_EIO);
	if ((rc = header_write(s, 1)) != 0)
		return (rc);
	s->generation = 1;
	s->at = GATE_SPOOL_HEAD;
	return (s->io->fsync(s->io, dirfd) == 0 ? 0 : CU_EIO);
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	return (n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0));
}

static int
load(struct gate_spool *s, int dirfd, struct cu_why *why)
{
	uint64_t a, b;
	uint8_t *file;
	size_t got;
	int rc;

	if ((file = malloc(GATE_SPOOL_SIZE)) == NULL)
		return (CU_ENOMEM);
	if ((rc = io_pread(s->io, s->fd, file, GATE_SPOOL_SIZE, 0, &got)) != 0)
		goto out;
	a = got == GATE_SPOOL_SIZE ? header_read(file) : 0;
	b = got == GATE_SPOOL_SIZE ? header_read(file + SLOT) : 0;
	if (a == 0 && b == 0) {
		/* Cut short while it was made; anything else is not ours. */
		rc = CU_EMALFORMED;
		if (all_zero(file, got))
			rc = make(s, dirfd);
		else
			cu_why_set(why, "spool: no header");
		goto out;
	}
	s->generation = a > b ? a : b;
	rc = frames_read(s, file);
out:	free(file);
	return (rc);
}

int
gate_spool_open(struct gate_spool **out, struct io *io, int dirfd,
    const uint8_t key[AEAD_KEY_LEN], struct cu_why *why)
{
	struct gate_spool *s;
	int rc;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	s->io = io;
	memcpy(s->key, key, sizeof(s->key));
	STAILQ_INIT(&s->items);
	s->fd = io->openat(io, dirfd, GATE_SPOOL_FILE,
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		cu_why_set(why, "spool: cannot be opened");
		rc = CU_EIO;
	} else if ((rc = load(s, dirfd, why)) == CU_EIO)
		cu_why_set(why, "spool: cannot be read or made");
	if (rc != 0) {
		gate_spool_free(s);
		return (rc);
	}
	*out = s;
	return (0);
}

void
gate_spool_free(struct gate_spool *s)
{
	struct item *it;

	if (s == NULL)
		return;
	while ((it = STAILQ_FIRST(&s->items)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->items, q);
		gate_record_fini(&it->r);
		free(it);
	}
	if (s->fd >= 0)
		s->io->close(s->io, s->fd);
	wipe(s->key, sizeof(s->key));
	free(s);
}

/*
 * Begin a new generation: nothing on the disk waits.  If that fails the disk
 * may hold either; until it succeeds nothing written would surely be found.
 */
static int
begin(struct gate_spool *s)
{
	int rc;

	if ((rc = header_write(s, s->generation + 1)) != 0) {
		s->stuck = s->failed = true;
		return (rc);
	}
	s->generation++;
	s->number = 0;
	s->at = GATE_SPOOL_HEAD;
	s->stuck = false;
	return (0);
}

static int
frame_write(struct gate_spool *s, const struct gate_record *r)
{
	uint8_t iv[AEAD_IV_LEN], tag[AEAD_TAG_LEN];
	struct buf plain, b;
	int rc;

	if (s->stuck && (rc = begin(s)) != 0)
		return (rc);
	buf_init(&plain, GATE_RECORD_MAX);
	buf_init(&b, GATE_SPOOL_SIZE);
	random_bytes(iv, sizeof(iv));
	gate_record_encode(&plain, r);
	if ((rc = plain.rc) != 0)
		goto out;
	if (GATE_SPOOL_FRAME + plain.len > GATE_SPOOL_SIZE - s->at) {
		rc = CU_ELIMIT;
		goto out;
	}
	buf_be(&b, 4, MAGIC);
	buf_be(&b, 4, plain.len);
	buf_be(&b, 8, s->generation);
	buf_be(&b, 8, ++s->number);
	buf_add(&b, iv, sizeof(iv));
	buf_be(&b, 4, 0);
	if ((rc = b.rc) != 0 || (rc = aead_seal(plain.p, tag, s->key, iv, b.p,
	    AAD, plain.p, plain.len)) != 0)
		goto out;
	buf_add(&b, tag, sizeof(tag));
	buf_add(&b, plain.p, plain.len);
	buf_fill(&b, 0, ALIGN(b.len) - b.len);
	if ((rc = b.rc) != 0)
		goto out;
	rc = io_pwrite(s->io, s->fd, b.p, b.len, s->at);
	if (rc == 0 && s->io->fdatasync(s->io, s->fd) != 0)
		rc = CU_EIO;
	/*
	 * Also where it failed: what the disk holds there is not known, and a
	 * later record must not depend on it.
	 */
	s->at += b.len;
out:	buf_wipe(&plain);
	buf_fini(&b);
	return (rc);
}

int
gate_spool_add(struct gate_spool *s, struct gate_record *r)
{
	int rc = frame_write(s, r);

	if (rc == CU_ENOMEM ||
	    (rc != 0 && s->loose_n >= GATE_SPOOL_LOOSE_MAX)) {
		s->failed = true;
		return (CU_ENOMEM);
	}
	if (rc != 0)
		s->failed = true;
	if (item_add(s, r, rc != 0) != 0) {
		s->failed = true;
		return (CU_ENOMEM);
	}
	return (rc);
}

int
gate_spool_renumber(struct gate_spool *s, struct gate_record *r,
    uint64_t start, uint64_t n, const struct record_sig *sig)
{
	struct gate_record now = *r;	/* it borrows the words */
	int rc;

	now.start = start;
	now.n = n;
	now.sig = *sig;
	now.ref_start = r->start;
	now.ref_n = r->n;
	if ((rc = frame_write(s, &now)) != 0)
		s->failed = true;
	rename_refs(s, r->start, r->n, start, n);
	r->start = start;
	r->n = n;
	r->sig = *sig;
	return (rc);
}

size_t
gate_spool_n(const struct gate_spool *s)
{
	return (s->n);
}

struct gate_record *
gate_spool_at(const struct gate_spool *s, size_t i)
{
	struct item *it;

	STAILQ_FOREACH(it, &s->items, q)
		if (i-- == 0)
			return (&it->r);
	return (NULL);
}

void
gate_spool_drop(struct gate_spool *s)
{
	struct item *it;

	if ((it = STAILQ_FIRST(&s->items)) == NULL)
		return;
	STAILQ_REMOVE_HEAD(&s->items, q);
	s->n--;
	s->loose_n -= it->loose;
	gate_record_fini(&it->r);
	free(it);
	if (s->n == 0 && s->at > GATE_SPOOL_HEAD)
		(void)begin(s);
}

bool
gate_spool_failed(const struct gate_spool *s)
{
	return (s->failed);
}

void
gate_spool_told(struct gate_spool *s)
{
	s->failed = false;
}
