/*
 * src/tlog/tlog_note.c: signed notes and what is written as one.
 * Strict where the C2SP texts leave a choice: one note has one spelling, so
 * base64 with stray bits or a decimal with a sign is refused.
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "tlog/tlog_note.h"

#define DASH		"\xe2\x80\x94 "		/* U+2014 and a space */
#define DASH_LEN	4
#define ID_LEN		4
#define TIME_LEN	8
#define COSIGN_HEAD	"cosignature/v1\n"
#define PROOF_HEAD	"c2sp.org/tlog-proof@v1\n"
#define ROOT_B64_LEN	TEXT_B64_LEN(TLOG_HASH_LEN)

/* Code points above ASCII that Unicode calls white space. */
static bool
is_space(uint32_t cp)
{
	return (cp == 0x20 || (cp >= 9 && cp <= 13) || cp == 0x85 ||
	    cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	    cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	    cp == 0x3000);
}

static bool
name_valid(const char *s, size_t n)
{
	uint32_t cp;
	size_t step;

	if (n == 0 || n > TLOG_NAME_MAX)
		return (false);
	for (; n > 0; s += step, n -= step) {
		if ((step = text_utf8_next(s, n, &cp)) == 0)
			return (false);
		if (cp < 0x20 || cp == '+' || is_space(cp))
			return (false);
	}
	return (true);
}

/* Bytes that a note may hold: UTF-8, no control character but LF. */
static bool
bytes_valid(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 && s[i] != '\n')
			return (false);
	return (text_utf8_valid(s, n));
}

int
tlog_key_init(struct tlog_key *k, const char *name, uint8_t type,
    const uint8_t public[32])
{
	const uint8_t mid[2] = { '\n', type };
	struct digest_part part[] = {
		{ name, strlen(name) }, { mid, 2 }, { public, 32 } };
	uint8_t id[DIGEST_LEN];

	if (!name_valid(name, strlen(name)) ||
	    (type != TLOG_ED25519 && type != TLOG_COSIGNATURE))
		return (CU_EMALFORMED);
	digest_parts(id, part, 3);
	memmove(k->name, name, strlen(name) + 1);
	k->type = type;
	memcpy(k->id, id, ID_LEN);
	memcpy(k->public, public, 32);
	return (0);
}

int
tlog_key_parse(struct tlog_key *k, const char *vkey, size_t len)
{
	const char *name_end, *id_end;
	uint8_t raw[TLOG_SIG_MAX], id[ID_LEN], want[DIGEST_LEN];
	char name[TLOG_NAME_MAX + 1];
	struct digest_part part[3];
	size_t raw_len, name_len;

	if ((name_end = memchr(vkey, '+', len)) == NULL)
		return (CU_EMALFORMED);
	name_len = (size_t)(name_end - vkey);
	id_end = memchr(name_end + 1, '+', len - name_len - 1);
	if (id_end == NULL || id_end - name_end != 1 + 2 * ID_LEN ||
	    !name_valid(vkey, name_len) ||
	    text_unhex(id, name_end + 1, ID_LEN) != 0 ||
	    text_unb64(raw, sizeof(raw), &raw_len, id_end + 1,
	    len - (size_t)(id_end + 1 - vkey)) != 0 || raw_len < 2)
		return (CU_EMALFORMED);
	part[0] = (struct digest_part){ vkey, name_len };
	part[1] = (struct digest_part){ "\n", 1 };
	part[2] = (struct digest_part){ raw, raw_len };
	digest_parts(want, part, 3);
	if (memcmp(want, id, ID_LEN) != 0)
		return (CU_EMALFORMED);
	if (raw[0] != TLOG_ED25519 && raw[0] != TLOG_COSIGNATURE)
		return (CU_ELIMIT);
	if (raw_len != 1 + 32)
		return (CU_EMALFORMED);
	memcpy(name, vkey, name_len);
	name[name_len] = '\0';
	return (tlog_key_init(k, name, raw[0], raw + 1));
}

void
tlog_key_vkey(const struct tlog_key *k, struct buf *b)
{
	uint8_t raw[1 + 32];

	raw[0] = k->type;
	memcpy(raw + 1, k->public, 32);
	buf_printf(b, "%s+", k->name);
	buf_hex(b, k->id, ID_LEN);
	buf_ch(b, '+');
	buf_b64(b, raw, sizeof(raw));
}

/* One signature line, without its LF. */
static int
sig_parse(struct tlog_sig *sig, const char *line, size_t len)
{
	uint8_t raw[TLOG_SIG_MAX];
	const char *space;
	size_t raw_len;

	if (len < DASH_LEN || memcmp(line, DASH, DASH_LEN) != 0)
		return (CU_EMALFORMED);
	sig->name = line + DASH_LEN;
	len -= DASH_LEN;
	if ((space = memchr(sig->name, ' ', len)) == NULL)
		return (CU_EMALFORMED);
	sig->name_len = (size_t)(space - sig->name);
	sig->b64 = space + 1;
	sig->b64_len = len - sig->name_len - 1;
	if (!name_valid(sig->name, sig->name_len))
		return (CU_EMALFORMED);
	if (sig->b64_len > TEXT_B64_LEN(TLOG_SIG_MAX))
		return (CU_ELIMIT);
	if (text_unb64(raw, sizeof(raw), &raw_len, sig->b64,
	    sig->b64_len) != 0 || raw_len <= ID_LEN)
		return (CU_EMALFORMED);
	memcpy(sig->id, raw, ID_LEN);
	return (0);
}

int
tlog_note_parse(struct tlog_note *note, const void *bytes, size_t len)
{
	const char *s = bytes, *end, *line;
	size_t at;
	int rc;

	if (len > TLOG_NOTE_MAX)
		return (CU_ELIMIT);
	if (len < 2 || s[len - 1] != '\n' || !bytes_valid(s, len))
		return (CU_EMALFORMED);
	/* The last empty line divides: the text may hold others. */
	for (at = len - 1; at > 0; at--)
		if (s[at] == '\n' && s[at - 1] == '\n')
			break;
	if (at == 0 || at == len - 1)
		return (CU_EMALFORMED);
	note->text = s;
	note->text_len = at;
	note->sigs_n = 0;
	for (line = s + at + 1; line < s + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(s + len - line));
		if (note->sigs_n == TLOG_SIGS_MAX)
			return (CU_ELIMIT);
		if ((rc = sig_parse(&note->sig[note->sigs_n++], line,
		    (size_t)(end - line))) != 0)
			return (rc);
	}
	return (0);
}

static bool
sig_verify(const struct tlog_note *note, const struct tlog_sig *sig,
    const struct tlog_key *k, uint64_t *time)
{
	uint8_t raw[TLOG_SIG_MAX];
	struct rd r = { raw, 0 };
	const uint8_t *p;
	struct buf msg;
	bool ok;

	*time = 0;
	if (text_unb64(raw, sizeof(raw), &r.left, sig->b64, sig->b64_len) ||
	    rd_bytes(&r, &p, ID_LEN) != 0)
		return (false);
	if (k->type == TLOG_ED25519)
		return (r.left == SIGN_LEN && sign_verify(k->public, r.p,
		    note->text, note->text_len));
	if (rd_be(&r, TIME_LEN, time) != 0 || *time > INT64_MAX ||
	    r.left != SIGN_LEN)
		return (false);
	buf_init(&msg, TLOG_NOTE_MAX + 64);
	buf_printf(&msg, COSIGN_HEAD "time %llu\n",
	    (unsigned long long)*time);
	buf_add(&msg, note->text, note->text_len);
	ok = msg.rc == 0 && sign_verify(k->public, r.p, msg.p, msg.len);
	buf_fini(&msg);
	return (ok);
}

int
tlog_note_verify(const struct tlog_note *note, const struct tlog_key *keys,
    size_t n, struct tlog_seen *seen)
{
	const struct tlog_sig *sig;
	size_t i, k, good = 0;
	uint64_t time;

	if (seen != NULL)
		memset(seen, 0, n * sizeof(*seen));
	for (i = 0; i < note->sigs_n; i++) {
		sig = &note->sig[i];
		for (k = 0; k < n; k++) {
			if (memcmp(sig->id, keys[k].id, ID_LEN) != 0 ||
			    !text_eq(sig->name, sig->name_len, keys[k].name))
				continue;
			if (!sig_verify(note, sig, &keys[k], &time))
				return (TLOG_E_BADSIG);
			good++;
			/* Of several lines of one key the first counts. */
			if (seen != NULL && !seen[k].signed_by)
				seen[k] = (struct tlog_seen){ true, time };
		}
	}
	return (good > 0 ? 0 : TLOG_E_UNKNOWN);
}

int
tlog_note_sign(struct buf *b, const char *text, size_t len,
    const struct tlog_key *k, struct sign_key *secret)
{
	uint8_t raw[ID_LEN + SIGN_LEN];
	int rc;

	/* A text that reads as a cosigned message would be one (C2SP). */
	if (len < 2 || len > TLOG_NOTE_MAX - 1024 || text[len - 1] != '\n' ||
	    !bytes_valid(text, len) || k->type != TLOG_ED25519 ||
	    (len >= strlen(COSIGN_HEAD) &&
	    memcmp(text, COSIGN_HEAD, strlen(COSIGN_HEAD)) == 0) ||
	    memcmp(sign_key_public(secret), k->public, 32) != 0)
		return (CU_EMALFORMED);
	memcpy(raw, k->id, ID_LEN);
	if ((rc = sign_make(secret, raw + ID_LEN, text, len)) != 0)
		return (rc);
	buf_add(b, text, len);
	buf_printf(b, "\n" DASH "%s ", k->name);
	buf_b64(b, raw, sizeof(raw));
	buf_ch(b, '\n');
	return (b->rc);
}

/* Borrow the next line without its LF.  0, or -1 at the end. */
static int
next_line(struct rd *r, const char **line, size_t *len)
{
	const uint8_t *end;

	if (r->left == 0 || (end = memchr(r->p, '\n', r->left)) == NULL)
		return (-1);
	*line = (const char *)r->p;
	*len = (size_t)(end - r->p);
	r->left -= *len + 1;
	r->p = end + 1;
	return (0);
}

int
tlog_checkpoint_parse(struct tlog_checkpoint *cp, const char *text, size_t len)
{
	struct rd r = { (const uint8_t *)text, len };
	struct tlog_checkpoint made = { 0 };
	const char *line;
	size_t n;

	if (next_line(&r, &line, &n) != 0 || n == 0 || n > TLOG_NAME_MAX ||
	    memchr(line, '\0', n) != NULL || !bytes_valid(line, n))
		return (CU_EMALFORMED);
	memcpy(made.origin, line, n);
	if (next_line(&r, &line, &n) != 0 ||
	    text_dec(line, n, &made.size) != 0 || made.size > TLOG_SIZE_MAX)
		return (CU_EMALFORMED);
	if (next_line(&r, &line, &n) != 0 || n != ROOT_B64_LEN ||
	    text_unb64(made.root, sizeof(made.root), &n, line, n) != 0 ||
	    n != TLOG_HASH_LEN)
		return (CU_EMALFORMED);
	made.extension = (const char *)r.p;
	made.extension_len = r.left;
	while (r.left > 0)
		if (next_line(&r, &line, &n) != 0 || n == 0)
			return (CU_EMALFORMED);
	*cp = made;
	return (0);
}

void
tlog_checkpoint_text(struct buf *b, const char *origin, uint64_t size,
    const uint8_t root[TLOG_HASH_LEN])
{
	buf_printf(b, "%s\n%llu\n", origin, (unsigned long long)size);
	buf_b64(b, root, TLOG_HASH_LEN);
	buf_ch(b, '\n');
}

int
tlog_checkpoint_open(struct tlog_checkpoint *cp, const void *bytes, size_t len,
    const struct tlog_key *k)
{
	struct tlog_checkpoint made;
	struct tlog_note note;
	int rc;

	if ((rc = tlog_note_parse(&note, bytes, len)) != 0 ||
	    (rc = tlog_note_verify(&note, k, 1, NULL)) != 0 ||
	    (rc = tlog_checkpoint_parse(&made, note.text, note.text_len)) != 0)
		return (rc);
	if (strcmp(made.origin, k->name) != 0)
		return (TLOG_E_ORIGIN);
	*cp = made;
	return (0);
}

int
tlog_checkpoint_sign(struct buf *b, uint64_t size,
    const uint8_t root[TLOG_HASH_LEN], const struct tlog_key *k,
    struct sign_key *secret)
{
	struct buf text;
	int rc;

	buf_init(&text, TLOG_NOTE_MAX);
	tlog_checkpoint_text(&text, k->name, size, root);
	if ((rc = text.rc) == 0)
		rc = tlog_note_sign(b, buf_text(&text), text.len, k, secret);
	buf_fini(&text);
	return (rc);
}

int
tlog_proof_parse(struct tlog_proof *p, const void *bytes, size_t len)
{
	struct rd r = { bytes, len };
	struct tlog_proof made = { 0 };
	const uint8_t *head;
	uint8_t *raw;
	const char *line;
	size_t n, raw_len;
	int bad;

	if (len > TLOG_NOTE_MAX + 2 * TLOG_EXTRA_MAX)
		return (CU_ELIMIT);
	if (rd_bytes(&r, &head, strlen(PROOF_HEAD)) != 0 ||
	    memcmp(head, PROOF_HEAD, strlen(PROOF_HEAD)) != 0 ||
	    next_line(&r, &line, &n) != 0)
		return (CU_EMALFORMED);
	if (n >= 6 && memcmp(line, "extra ", 6) == 0) {
		made.extra_b64 = line + 6;
		made.extra_b64_len = n - 6;
		if (made.extra_b64_len > TEXT_B64_LEN(TLOG_EXTRA_MAX))
			return (CU_ELIMIT);
		if ((raw = malloc(made.extra_b64_len + 1)) == NULL)
			return (CU_ENOMEM);
		bad = text_unb64(raw, made.extra_b64_len, &raw_len,
		    made.extra_b64, made.extra_b64_len);
		free(raw);
		if (bad || next_line(&r, &line, &n) != 0)
			return (CU_EMALFORMED);
	}
	if (n < 6 || memcmp(line, "index ", 6) != 0 ||
	    text_dec(line + 6, n - 6, &made.index) != 0 ||
	    made.index > TLOG_SIZE_MAX)
		return (CU_EMALFORMED);
	for (;;) {
		if (next_line(&r, &line, &n) != 0)
			return (CU_EMALFORMED);
		if (n == 0)
			break;
		if (made.path.n == TLOG_PROOF_MAX)
			return (CU_ELIMIT);
		if (n != ROOT_B64_LEN || text_unb64(
		    made.path.hash[made.path.n++], TLOG_HASH_LEN, &raw_len,
		    line, n) != 0 || raw_len != TLOG_HASH_LEN)
			return (CU_EMALFORMED);
	}
	made.note = (const char *)r.p;
	made.note_len = r.left;
	*p = made;
	return (0);
}

void
tlog_proof_write(struct buf *b, uint64_t index, const struct tlog_path *path,
    const void *extra, size_t extra_len, const void *note, size_t note_len)
{
	size_t i;

	buf_str(b, PROOF_HEAD);
	if (extra != NULL) {
		buf_str(b, "extra ");
		buf_b64(b, extra, extra_len);
		buf_ch(b, '\n');
	}
	buf_printf(b, "index %llu\n", (unsigned long long)index);
	for (i = 0; i < path->n; i++) {
		buf_b64(b, path->hash[i], TLOG_HASH_LEN);
		buf_ch(b, '\n');
	}
	buf_ch(b, '\n');
	buf_add(b, note, note_len);
}

int
tlog_proof_check(const struct tlog_proof *p, const uint8_t leaf[TLOG_HASH_LEN],
    const struct tlog_key *k, struct tlog_checkpoint *cp)
{
	int rc;

	if ((rc = tlog_checkpoint_open(cp, p->note, p->note_len, k)) != 0)
		return (rc);
	return (tlog_check_inclusion(p->path.hash, p->path.n, p->index,
	    cp->size, leaf, cp->root) ? 0 : CU_EDENIED);
}
