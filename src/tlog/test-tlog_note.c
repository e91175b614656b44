/* src/tlog/test-tlog_note.c: notes, checkpoints and proofs of the vectors */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "check.h"
#include "crypto/sign.h"
#include "json/jv.h"
#include "load.h"
#include "tlog/tlog_note.h"

#define DIR	TEST_DIR "/vectors/"
#define ORIGIN	"li.example.net/x1log"

static struct tlog_key keys[3];		/* log, witness 1, witness 2 */
static struct sign_key *secret;

static void
vkeys(void)
{
	struct jv *v = load_json(DIR "checkpoints/keys.json");
	const struct jv *a = jv_get(v, "keys"), *row;
	struct tlog_key k, again;
	uint8_t seed[32], public[32], id[4];
	const char *vkey, *name;
	size_t i, n, name_len, made = 0;
	struct buf b;
	int64_t type;

	buf_init(&b, 4096);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		jv_int(jv_get(row, "type"), &type);
		vkey = jv_str(jv_get(row, "vkey"), &n);
		name = jv_str(jv_get(row, "name"), &name_len);
		if (type == 6) {		/* a type we do not know */
			CHECK(tlog_key_parse(&k, vkey, n) == CU_ELIMIT);
			continue;
		}
		CHECK(tlog_key_parse(&k, vkey, n) == 0);
		CHECK(jv_hex(jv_get(row, "public_key_hex"), public, 32) == 0);
		CHECK(jv_hex(jv_get(row, "key_id"), id, 4) == 0);
		CHECK_MEM(k.public, public, 32);
		CHECK_MEM(k.id, id, 4);
		CHECK_STR(k.name, name);
		CHECK(tlog_key_init(&again, name, (uint8_t)type, public) == 0);
		buf_reset(&b);
		tlog_key_vkey(&again, &b);
		CHECK_STR(buf_text(&b), vkey);
		for (; n > 0; n--)
			CHECK(tlog_key_parse(&again, vkey, n - 1) ==
			    CU_EMALFORMED);
		if (made < 3)
			keys[made++] = k;
		if (jv_streq(jv_get(row, "role"), "log")) {
			CHECK(jv_hex(jv_get(row, "seed_hex"), seed, 32) == 0);
			CHECK(sign_key_create(&secret, seed) == 0);
		}
	}
	CHECK(made == 3);
	CHECK(tlog_key_parse(&k, "a+00000000+AAAA", 15) == CU_EMALFORMED);
	CHECK(tlog_key_init(&k, "a b", 1, public) == CU_EMALFORMED);
	CHECK(tlog_key_init(&k, "a\xe2\x80\xa8", 1, public) == CU_EMALFORMED);
	CHECK(tlog_key_init(&k, "", 1, public) == CU_EMALFORMED);
	buf_fini(&b);
	jv_free(v);
}

static void
checkpoints(void)
{
	struct jv *v = load_json(DIR "checkpoints/checkpoints.json");
	const struct jv *a = jv_get(v, "checkpoints"), *row;
	struct tlog_seen seen[3];
	struct tlog_checkpoint cp;
	struct tlog_note note;
	struct buf b, made;
	uint8_t root[32];
	int64_t size, time;
	char name[32];
	size_t i, n;

	CHECK(jv_len(a) == 9);
	buf_init(&made, 65536);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		jv_int(jv_get(row, "size"), &size);
		CHECK(jv_hex(jv_get(row, "root_hex"), root, 32) == 0);
		snprintf(name, sizeof(name), "%d", (int)size);
		b = load_file(DIR "checkpoints/checkpoint.%s", name);
		CHECK(tlog_checkpoint_open(&cp, b.p, b.len, keys) == 0);
		CHECK(cp.size == (uint64_t)size);
		CHECK_MEM(cp.root, root, 32);
		CHECK_STR(cp.origin, ORIGIN);
		CHECK(tlog_checkpoint_open(&cp, b.p, b.len, &keys[1]) ==
		    TLOG_E_UNKNOWN);
		/* Ed25519 is deterministic: signing gives the same bytes. */
		buf_reset(&made);
		CHECK(tlog_checkpoint_sign(&made, (uint64_t)size, root, keys,
		    secret) == 0);
		CHECK(made.len == b.len && memcmp(made.p, b.p, b.len) == 0);
		for (n = 0; n < b.len; n++)
			CHECK(tlog_checkpoint_open(&cp, b.p, n, keys) != 0);
		buf_fini(&b);
		snprintf(name, sizeof(name), "%d.cosigned", (int)size);
		b = load_file(DIR "checkpoints/checkpoint.%s", name);
		CHECK(tlog_note_parse(&note, b.p, b.len) == 0);
		CHECK(note.sigs_n == 3);
		CHECK(tlog_note_verify(&note, keys, 3, seen) == 0);
		CHECK(seen[0].signed_by && seen[1].signed_by &&
		    seen[2].signed_by);
		jv_int(jv_get(jv_get(row, "witness1"), "time"), &time);
		CHECK(seen[1].time == (uint64_t)time && seen[0].time == 0);
		jv_int(jv_get(jv_get(row, "witness2"), "time"), &time);
		CHECK(seen[2].time == (uint64_t)time);
		buf_fini(&b);
	}
	b = load_file(DIR "checkpoints/checkpoint.%s", "600.extension");
	CHECK(tlog_checkpoint_open(&cp, b.p, b.len, keys) == 0);
	CHECK(cp.extension_len > 0);
	buf_fini(&b);
	/* A line of a type that we do not know is one of an unknown key. */
	b = load_file(DIR "checkpoints/checkpoint.%s", "600.mldsa44");
	CHECK(tlog_checkpoint_open(&cp, b.p, b.len, keys) == 0);
	buf_fini(&b);
	buf_fini(&made);
	jv_free(v);
}

static const char *
judge(const struct buf *b)
{
	struct tlog_checkpoint cp;
	struct tlog_note note;
	int rc;

	if (tlog_note_parse(&note, b->p, b->len) != 0)
		return ("malformed");
	if ((rc = tlog_note_verify(&note, keys, 3, NULL)) != 0)
		return (rc == TLOG_E_BADSIG ? "reject" : "unverified");
	if (tlog_checkpoint_parse(&cp, note.text, note.text_len) != 0 ||
	    strcmp(cp.origin, ORIGIN) != 0)
		return ("bad-checkpoint");
	return ("accept");
}

static void
negative(void)
{
	struct jv *v = load_json(DIR "notes_negative/index.json");
	const struct jv *a = jv_get(v, "cases"), *row;
	struct tlog_checkpoint cp;
	struct buf b;
	const char *file;
	size_t i, n;

	CHECK(jv_len(a) == 29);
	for (i = 0; i < jv_len(a); i++) {
		row = jv_at(a, i);
		file = jv_str(jv_get(row, "file"), &n);
		b = load_file(DIR "notes_negative/%s", file);
		if (!CHECK_ROW(jv_streq(jv_get(row, "expect"), judge(&b)),
		    file))
			printf("# got %s\n", judge(&b));
		/* The only way in agrees; it asks for the log's key alone. */
		if (!jv_streq(jv_get(row, "expect"), "reject"))
			CHECK_ROW((tlog_checkpoint_open(&cp, b.p, b.len,
			    keys) == 0) == jv_streq(jv_get(row, "expect"),
			    "accept"), file);
		buf_fini(&b);
	}
	jv_free(v);
}

static void
signing(void)
{
	struct buf b;
	char text[600];

	buf_init(&b, TLOG_NOTE_MAX);
	CHECK(tlog_note_sign(&b, "no line feed", 12, keys, secret) ==
	    CU_EMALFORMED);
	CHECK(tlog_note_sign(&b, "tab\there\n", 9, keys, secret) ==
	    CU_EMALFORMED);
	CHECK(tlog_note_sign(&b, "cosignature/v1\ntime 1\n", 22, keys,
	    secret) == CU_EMALFORMED);
	CHECK(tlog_note_sign(&b, "text\n", 5, &keys[1], secret) ==
	    CU_EMALFORMED);
	CHECK(b.len == 0);
	/* An empty line in the text: the last one divides. */
	snprintf(text, sizeof(text), "one\n\ntwo\n");
	CHECK(tlog_note_sign(&b, text, strlen(text), keys, secret) == 0);
	CHECK(strcmp(judge(&b), "bad-checkpoint") == 0);
	buf_fini(&b);
}

static void
many_lines(void)
{
	struct tlog_note note;
	struct buf b;
	size_t n;

	for (n = TLOG_SIGS_MAX; n <= TLOG_SIGS_MAX + 1; n++) {
		size_t i;

		buf_init(&b, 1 << 20);
		buf_str(&b, "text\n\n");
		for (i = 0; i < n; i++)
			buf_str(&b, "\xe2\x80\x94 name AAAAAAA=\n");
		CHECK(tlog_note_parse(&note, b.p, b.len) ==
		    (n <= TLOG_SIGS_MAX ? 0 : CU_ELIMIT));
		buf_fini(&b);
	}
	for (n = TLOG_NOTE_MAX; n <= TLOG_NOTE_MAX + 1; n++) {
		static const char sig[] = "\n\n\xe2\x80\x94 name AAAAAAA=\n";

		buf_init(&b, 1 << 20);
		buf_fill(&b, 'x', n - strlen(sig));
		buf_str(&b, sig);
		CHECK(tlog_note_parse(&note, b.p, b.len) ==
		    (n <= TLOG_NOTE_MAX ? 0 : CU_ELIMIT));
		buf_fini(&b);
	}
}

/* The tree of 600 of the vectors, leaves only. */
static int
read_hash(void *cookie, unsigned int height, uint64_t index, uint8_t out[32])
{
	struct tlog_range r;
	uint8_t p[8], leaf[32];
	uint64_t i, k;

	tlog_range_init(&r);
	for (i = index << height; i < (index + 1) << height; i++) {
		for (k = 0; k < 8; k++)
			p[k] = (uint8_t)(i >> (56 - 8 * k));
		tlog_leaf(leaf, p, 8);
		tlog_range_append(&r, leaf, NULL, NULL);
	}
	tlog_range_root(&r, out);
	return (0);
}

static void
offline_proofs(void)
{
	static const struct { const char *name; uint64_t index, size; } good[] =
	    { { "entry337", 337, 600 }, { "entry0_extra", 0, 600 },
	      { "entry599", 599, 600 }, { "single_entry_tree", 0, 1 } };
	struct tlog_checkpoint cp;
	struct tlog_path path;
	struct tlog_proof p;
	uint8_t leaf[32], extra[4096];
	struct buf b, made;
	size_t i, n, extra_len;

	buf_init(&made, 1 << 20);
	for (i = 0; i < 4; i++) {
		b = load_file(DIR "tlog_proof/%s.tlog-proof", good[i].name);
		CHECK(tlog_proof_parse(&p, b.p, b.len) == 0);
		CHECK(p.index == good[i].index);
		CHECK(read_hash(NULL, 0, p.index, leaf) == 0);
		CHECK(tlog_proof_check(&p, leaf, keys, &cp) == 0);
		CHECK(cp.size == good[i].size);
		leaf[0] ^= 1;
		CHECK(tlog_proof_check(&p, leaf, keys, &cp) == CU_EDENIED);
		/* Made again: the same bytes. */
		CHECK(tlog_prove_inclusion(&path, good[i].index, good[i].size,
		    read_hash, NULL) == 0);
		extra_len = 0;
		if (p.extra_b64 != NULL)
			CHECK(text_unb64(extra, sizeof(extra), &extra_len,
			    p.extra_b64, p.extra_b64_len) == 0);
		buf_reset(&made);
		tlog_proof_write(&made, p.index, &path, p.extra_b64 != NULL ?
		    extra : NULL, extra_len, p.note, p.note_len);
		CHECK(made.len == b.len && memcmp(made.p, b.p, b.len) == 0);
		for (n = 0; n < b.len; n++)
			CHECK(tlog_proof_parse(&p, b.p, n) != 0 ||
			    tlog_checkpoint_open(&cp, p.note, p.note_len,
			    keys) != 0 || n > 190);
		buf_fini(&b);
	}
	b = load_file(DIR "tlog_proof/%s.tlog-proof", "BAD_missing_header");
	CHECK(tlog_proof_parse(&p, b.p, b.len) == CU_EMALFORMED);
	buf_fini(&b);
	b = load_file(DIR "tlog_proof/%s.tlog-proof", "BAD_wrong_index");
	CHECK(tlog_proof_parse(&p, b.p, b.len) == 0);
	CHECK(read_hash(NULL, 0, p.index, leaf) == 0);
	CHECK(tlog_proof_check(&p, leaf, keys, &cp) == CU_EDENIED);
	buf_fini(&b);
	/* 63 hashes, and one more. */
	path.n = TLOG_PROOF_MAX;
	memset(path.hash, 7, sizeof(path.hash));
	for (n = 0; n < 2; n++, path.n++) {
		buf_reset(&made);
		tlog_proof_write(&made, 0, &path, NULL, 0, "x", 1);
		CHECK(tlog_proof_parse(&p, made.p, made.len) ==
		    (n == 0 ? 0 : CU_ELIMIT));
	}
	buf_fini(&made);
}

int
main(void)
{
	CHECK_RUN(vkeys);
	CHECK_RUN(checkpoints);
	CHECK_RUN(negative);
	CHECK_RUN(signing);
	CHECK_RUN(many_lines);
	CHECK_RUN(offline_proofs);
	sign_key_free(secret);
	return (check_done());
}
