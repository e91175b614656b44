/* src/record/record_entry.h: one entry of the log, read and written */
#ifndef RECORD_ENTRY_H_
#define RECORD_ENTRY_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include "base/utc.h"
#include "record/record_act.h"
#include "record/record_log.h"
#include "record/record_sd.h"

struct buf;
struct cu_why;
struct jv;

struct record_source {
	enum record_role role;
	char instance[TEXT_ID_MAX + 1];
	uint64_t start, n;		/* 1 .. RECORD_COUNT_MAX */
};

/* An entry as read (docs/format/entries.md). */
struct record_entry {
	enum record_kind kind;
	utc_us time;
	uint8_t nonce[RECORD_NONCE_LEN];
	struct record_source source;

	struct record_act *act;		/* owned, or NULL */
	const char *said;		/* borrowed, or NULL */
	size_t said_len;
	struct jv *said_v;		/* owned: said, read; or NULL */
	struct record_sig sig;		/* where said is not NULL */

	const struct jv *own;		/* borrowed: the whole object, for the
					 * keeper's own members */
	uint8_t (*sd)[DIGEST_LEN];	/* owned: `_sd` of act, said or own */
	size_t sd_n;
	struct record_sealed *sealed;	/* owned: sd_n rows */

	struct jv *root;		/* owned */
};

/**
 * record_entry_read(out, line, len, why):
 * Read an entry strictly: the one spelling, limits, common members, the form
 * that its kind has (act, said, own), every member of said and of the keeper
 * with its type, `_sealed` row for row as `_sd`.  Payloads of acts are left to
 * record_payload_read.  Return 0 with an owned entry; CU_EMALFORMED,
 * CU_ELIMIT, CU_ENOMEM.
 */
int record_entry_read(struct record_entry **, const void *, size_t,
    struct cu_why *);
void record_entry_free(struct record_entry *);

/** record_entry_report(e, r): What its signature covers; said is not NULL. */
struct record_report;
void record_entry_report(const struct record_entry *, struct record_report *);

/* What is to become an entry.  All borrowed. */
struct record_entry_parts {
	enum record_kind kind;
	utc_us time;
	uint8_t nonce[RECORD_NONCE_LEN];
	struct record_source source;
	const struct record_act *act;	/* or NULL */
	const char *said;		/* or NULL; then sig is not read */
	size_t said_len;
	struct record_sig sig;
	const char *own;		/* the keeper's members as JSON text */
	size_t own_len;			/* `"a":1,"b":2` without braces, or 0 */
	const struct record_sealed *sealed;
	size_t sealed_n;
};

/**
 * record_entry_write(b, parts, why):
 * Append the entry's line, without LF, and read it back before anyone signs
 * or commits it.  0; CU_ELIMIT over RECORD_ENTRY_MAX; CU_EMALFORMED, CU_ENOMEM.
 */
int record_entry_write(struct buf *, const struct record_entry_parts *,
    struct cu_why *);

/**
 * record_said_check(kind, role, said, len, out, why):
 * Check what a process is about to sign, as record_entry_read does; with
 * ${out}, return the owned value read.
 */
int record_said_check(enum record_kind, enum record_role, const char *, size_t,
    struct jv **, struct cu_why *);

#define RECORD_ROUND_MAX	250	/* rows of a round */
#define RECORD_ITEMS_MAX	128	/* items of a part of a snapshot */
#define RECORD_PARTS_MAX	4096
#define RECORD_COVERS_MAX	16
#define RECORD_RESTS_MAX	16
#define RECORD_VOID_MAX		1024
#define RECORD_VOID_LATE	64	/* reports under way meanwhile */
#endif /* !RECORD_ENTRY_H_ */
