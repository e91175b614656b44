/* src/record/record_act.h: statements: a human act, its signatures, its file */
#ifndef RECORD_ACT_H_
#define RECORD_ACT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "record/record_key.h"
#include "record/record_log.h"
#include "record/record_sd.h"

struct buf;
struct cu_why;
struct jv;
struct jw;

#define RECORD_SIGS_MAX		8
#define RECORD_SUBJECT_MAX	RECORD_ORIGIN_MAX
#define RECORD_ACT_FILE_MAX	(1 << 20)

/* A signature as it stands in an entry: {"key","time","sig"}. */
struct record_sig {
	char key[RECORD_KEY_ID_LEN + 1];
	utc_us time;
	uint8_t sig[SIGN_LEN];
};

/** record_sig_read(out, v, why), record_sig_write(s, w, name). */
int record_sig_read(struct record_sig *, const struct jv *, struct cu_why *);
void record_sig_write(const struct record_sig *, struct jw *, const char *);

/* An act: one payload and who signed it. */
struct record_act {
	enum record_kind kind;
	enum record_verb verb;
	char subject[RECORD_SUBJECT_MAX + 1];
	uint64_t seq;			/* 1 .. RECORD_COUNT_MAX */
	char *payload;			/* owned, NUL-terminated */
	size_t payload_len;
	uint8_t digest[DIGEST_LEN];	/* SHA-256 of the payload */
	struct record_sig sig[RECORD_SIGS_MAX];
	size_t sigs_n;
};

/**
 * record_act_make(out, kind, verb, subject, seq, payload, len, why):
 * Return an owned act without signatures, the payload copied; its subject and
 * payload are checked (record_payload.h).
 */
int record_act_make(struct record_act **, enum record_kind, enum record_verb,
    const char *, uint64_t, const char *, size_t, struct cu_why *);

/**
 * record_act_read(out, v, why):
 * Read the member `act` of an entry: 1 to 8 signatures by different keys, and
 * a payload in its one spelling.  Its members are for record_payload_read.
 */
int record_act_read(struct record_act **, const struct jv *, struct cu_why *);
void record_act_free(struct record_act *);

/** record_act_write(a, w, name): Write that member. */
void record_act_write(const struct record_act *, struct jw *, const char *);

/**
 * record_act_text(b, a, log, key, time):
 * Append the text that is signed; without its lines `key` and `time` if
 * ${key} is NULL.
 */
void record_act_text(struct buf *, const struct record_act *,
    const struct record_log *, const char *, utc_us);

/** record_act_sign(a, log, key, time): Sign and append.  CU_EEXIST: by this
 * key already; CU_ELIMIT: eight stand. */
int record_act_sign(struct record_act *, const struct record_log *,
    struct sign_key *, utc_us);

/** record_act_verify(a, log, i, public): Is signature ${i} of that key, its
 * id that key's? */
bool record_act_verify(const struct record_act *, const struct record_log *,
    size_t, const uint8_t[SIGN_PUBLIC_LEN]);

/* A signed text, read back.  Strings borrow from it. */
struct record_statement {
	const char *origin, *subject;
	size_t origin_len, subject_len;
	char genesis[2 * DIGEST_LEN + 1];	/* "" for genesis create */
	enum record_kind kind;
	enum record_verb verb;
	uint64_t seq;
	uint8_t digest[DIGEST_LEN];
	char key[RECORD_KEY_ID_LEN + 1];	/* "" in a head */
	utc_us time;
};

/**
 * record_statement_read(out, text, len, head, why):
 * Read a signed text (or, with ${head}, one without `key` and `time`)
 * strictly: these lines, in this order, in this spelling, nothing after.
 */
int record_statement_read(struct record_statement *, const char *, size_t,
    bool, struct cu_why *);

/*
 * Act files: an act on its way between people.  docs/format/statement.md.
 */
struct record_act_file {
	char origin[RECORD_ORIGIN_MAX + 1];
	char genesis[2 * DIGEST_LEN + 1];	/* "": genesis create */
	struct record_act *act;			/* owned; sigs_n may be 0 */
	struct record_sds sds;			/* owned; order of the file */
};

/**
 * record_act_file_read(out, p, len, why):
 * Read a whole file.  That its disclosures are those of `_sd` is checked, and
 * that each can be read; the signatures are not (whose keys, who knows?).
 */
int record_act_file_read(struct record_act_file **, const char *, size_t,
    struct cu_why *);
void record_act_file_free(struct record_act_file *);

/** record_act_file_log(f, log): Fill ${log}, borrowing from ${f}. */
void record_act_file_log(const struct record_act_file *, struct record_log *);

/** record_act_file_write(b, act, log, sds): Append the whole file. */
void record_act_file_write(struct buf *, const struct record_act *,
    const struct record_log *, const struct record_sds *);
#endif /* !RECORD_ACT_H_ */
