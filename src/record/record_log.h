/* src/record/record_log.h: which log a signature is for, and the log's words */
#ifndef RECORD_LOG_H_
#define RECORD_LOG_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* docs/format/entries.md, "Limits". */
#define RECORD_ENTRY_MAX	65535	/* bytes of an entry */
#define RECORD_PAYLOAD_MAX	49152	/* decoded bytes of a payload, a said */
#define RECORD_ORIGIN_MAX	255	/* bytes of an origin */
/* The greatest start, n, seq. */
#define RECORD_COUNT_MAX	((UINT64_C(1) << 53) - 1)

/* The second line of everything that is signed for a log. */
struct record_log {
	const char *origin;	/* borrowed */
	const char *genesis;	/* 64 hex digits; NULL: genesis create alone */
};

/** record_origin_valid(s, n): 1 to 255 printable ASCII, no space, no +. */
bool record_origin_valid(const char *, size_t);

enum record_kind {
	RECORD_GENESIS = 1, RECORD_HOLDER, RECORD_INSTANCE, RECORD_ELEMENT,
	RECORD_POLICY, RECORD_WARRANT, RECORD_FINDING,
	RECORD_COMMAND, RECORD_LATE, RECORD_OUTCOME, RECORD_REPORT,
	RECORD_SNAPSHOT, RECORD_ROUND, RECORD_START, RECORD_STOP, RECORD_BEAT,
	RECORD_KIND_N
};

enum record_verb {
	RECORD_CREATE = 1, RECORD_ADD, RECORD_CHANGE, RECORD_REVOKE,
	RECORD_RETIRE, RECORD_SUBMIT, RECORD_APPROVE, RECORD_REFUSE,
	RECORD_CONFIRM, RECORD_SET, RECORD_CLOCK, RECORD_NOTE, RECORD_CLOSE,
	RECORD_VERB_N
};

/* Names as written; NULL, and 0 for a name that is unknown. */
const char *record_kind_name(enum record_kind);
enum record_kind record_kind_find(const char *);
const char *record_verb_name(enum record_verb);
enum record_verb record_verb_find(const char *);

/** record_verb_of(kind, verb): Is there such a statement? */
bool record_verb_of(enum record_kind, enum record_verb);

/* What a process is (not what a holder may do). */
enum record_role {
	RECORD_ROLE_KEEPER = 1, RECORD_ROLE_GATE, RECORD_ROLE_AUDITOR,
	RECORD_ROLE_N
};
const char *record_role_name(enum record_role);
enum record_role record_role_find(const char *);

/* What a holder may do: bits. */
#define RECORD_MAY_OVERSEER	1U
#define RECORD_MAY_INTAKE	2U
#define RECORD_MAY_APPROVER	4U
#define RECORD_MAY_IMPLEMENTER	8U
#define RECORD_MAY_AUDITOR	16U
#define RECORD_MAY_READER	32U
#define RECORD_MAY_N		6

/** record_may_name(bit), record_may_find(name): NULL, 0. */
const char *record_may_name(unsigned int);
unsigned int record_may_find(const char *);
#endif /* !RECORD_LOG_H_ */
