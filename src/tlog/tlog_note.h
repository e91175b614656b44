/* src/tlog/tlog_note.h: signed notes, checkpoints, offline proofs (C2SP) */
#ifndef TLOG_NOTE_H_
#define TLOG_NOTE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tlog/tlog.h"

struct buf;
struct sign_key;

#define TLOG_NOTE_MAX	65535	/* bytes of a note */
#define TLOG_NAME_MAX	255	/* bytes of a key name or an origin */
#define TLOG_SIGS_MAX	64	/* signature lines of a note */
#define TLOG_SIG_MAX	8192	/* bytes of a decoded signature, with key id */
#define TLOG_EXTRA_MAX	65535	/* bytes of the extra data of a tlog-proof */

/* Outcomes (signed-note, verification rules). */
#define TLOG_E_UNKNOWN	1	/* no signature of a key that was asked for */
#define TLOG_E_BADSIG	2	/* a line of a known key does not verify */
#define TLOG_E_ORIGIN	3	/* a checkpoint of another log */

/* Signature types; all others are lines of unknown keys. */
#define TLOG_ED25519	0x01
#define TLOG_COSIGNATURE 0x04	/* cosignature/v1: with a time */

/* A key that verifies: a name, a type, an Ed25519 public key. */
struct tlog_key {
	char name[TLOG_NAME_MAX + 1];
	uint8_t type, id[4], public[32];
};

/**
 * tlog_key_init(k, name, type, public): Make a key and its id.
 * Return 0; CU_EMALFORMED for a name that is none (empty, too long, white
 * space, '+', control characters) or another type.
 */
int tlog_key_init(struct tlog_key *, const char *, uint8_t,
    const uint8_t[32]);

/**
 * tlog_key_parse(k, vkey, len): Read a vkey.
 * Return 0; CU_EMALFORMED (a key id that is not that key's, too); CU_ELIMIT
 * for a well-formed vkey of another type.
 */
int tlog_key_parse(struct tlog_key *, const char *, size_t);

/** tlog_key_vkey(k, b): Append the vkey text. */
void tlog_key_vkey(const struct tlog_key *, struct buf *);

/* A note, borrowing the bytes that it was parsed from. */
struct tlog_note {
	const char *text;		/* with its last LF */
	size_t text_len;
	size_t sigs_n;
	struct tlog_sig {
		const char *name, *b64;
		size_t name_len, b64_len;
		uint8_t id[4];
	} sig[TLOG_SIGS_MAX];
};

/** tlog_note_parse(note, bytes, len): 0, CU_EMALFORMED or CU_ELIMIT. */
int tlog_note_parse(struct tlog_note *, const void *, size_t);

/* What tlog_note_verify found of one key. */
struct tlog_seen {
	bool signed_by;
	uint64_t time;			/* s since 1970; of cosignatures only */
};

/**
 * tlog_note_verify(note, keys, n, seen):
 * Look for signatures of the ${n} keys; ${seen} (may be NULL) gets a row for
 * each.  Lines of other keys are ignored.  Return 0 if at least one key has
 * signed; TLOG_E_UNKNOWN; TLOG_E_BADSIG if any line of a known key fails,
 * which sinks the whole note.
 */
int tlog_note_verify(const struct tlog_note *, const struct tlog_key *,
    size_t, struct tlog_seen *);

/**
 * tlog_note_sign(b, text, len, key, secret):
 * Append a whole note with one signature of type 0x01.  ${text} ends in LF.
 * Return 0; CU_EMALFORMED for what is no text of a note, for a text that could
 * be read as a cosignature's, and for a secret that is not ${key}'s.
 */
int tlog_note_sign(struct buf *, const char *, size_t,
    const struct tlog_key *, struct sign_key *);

/* A checkpoint's body (C2SP tlog-checkpoint). */
struct tlog_checkpoint {
	char origin[TLOG_NAME_MAX + 1];
	uint64_t size;
	uint8_t root[TLOG_HASH_LEN];
	const char *extension;		/* borrowed from the text */
	size_t extension_len;
};

/** tlog_checkpoint_parse(cp, text, len): Read a body.  0 or CU_EMALFORMED. */
int tlog_checkpoint_parse(struct tlog_checkpoint *, const char *, size_t);

/** tlog_checkpoint_text(b, origin, size, root): Append a body. */
void tlog_checkpoint_text(struct buf *, const char *, uint64_t,
    const uint8_t[TLOG_HASH_LEN]);

/**
 * tlog_checkpoint_open(cp, bytes, len, key):
 * Read a signed checkpoint of the log whose key, and so whose origin, is
 * ${key}: the only way in for a checkpoint that is to be believed.  Return 0;
 * TLOG_E_UNKNOWN, TLOG_E_BADSIG, TLOG_E_ORIGIN; CU_EMALFORMED, CU_ELIMIT.
 */
int tlog_checkpoint_open(struct tlog_checkpoint *, const void *, size_t,
    const struct tlog_key *);

/** tlog_checkpoint_sign(b, size, root, key, secret): As tlog_note_sign. */
int tlog_checkpoint_sign(struct buf *, uint64_t, const uint8_t[TLOG_HASH_LEN],
    const struct tlog_key *, struct sign_key *);

/* An offline proof (C2SP tlog-proof), borrowing the bytes parsed. */
struct tlog_proof {
	uint64_t index;
	struct tlog_path path;
	const char *extra_b64;		/* NULL: no extra line */
	size_t extra_b64_len;
	const char *note;
	size_t note_len;
};

/** tlog_proof_parse(p, bytes, len): 0, CU_EMALFORMED or CU_ELIMIT. */
int tlog_proof_parse(struct tlog_proof *, const void *, size_t);

/**
 * tlog_proof_write(b, index, path, extra, extra_len, note, note_len):
 * Append a proof; ${extra} is NULL where there is none.
 */
void tlog_proof_write(struct buf *, uint64_t, const struct tlog_path *,
    const void *, size_t, const void *, size_t);

/**
 * tlog_proof_check(p, leaf, key, cp):
 * Does ${p} show that ${leaf} stands in a checkpoint (given back in ${cp})
 * that the log with ${key} signed?  Return 0; what tlog_checkpoint_open
 * returns; CU_EDENIED if the hashes do not lead to its root.
 */
int tlog_proof_check(const struct tlog_proof *, const uint8_t[TLOG_HASH_LEN],
    const struct tlog_key *, struct tlog_checkpoint *);
#endif /* !TLOG_NOTE_H_ */
