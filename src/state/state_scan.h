/* src/state/state_scan.h: a flat, strict reading of JSON without allocation */
#ifndef STATE_SCAN_H_
#define STATE_SCAN_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"

/*
 * The tables are filled from hundreds of thousands of lines a second, so the
 * frequent kinds are not read into trees: one pass notes where each value
 * lies.  Only the one spelling is accepted (docs/format/entries.md).
 */
enum scan_type { SCAN_OBJECT = 1, SCAN_ARRAY, SCAN_STRING, SCAN_INT, SCAN_TRUE,
	SCAN_FALSE, SCAN_NULL };

struct scan_tok {
	uint8_t type;
	uint8_t escaped;	/* a string with a backslash */
	uint32_t off, len;	/* a string without its quotes */
	uint32_t next;		/* token behind it and all in it */
};

#define SCAN_TOKS_MAX	32768
#define SCAN_DEPTH_MAX	12

struct scan {
	const char *p;		/* borrowed */
	size_t len;
	struct scan_tok *tok;	/* borrowed: room for `cap` */
	size_t cap, n;
};

/** scan_read(s, p, len): Token 0 is the object.  0, CU_EMALFORMED, CU_ELIMIT. */
int scan_read(struct scan *, const char *, size_t);

/* A member that an object may have. */
struct scan_member { const char *name; uint8_t len; bool may; };
#define SCAN_M(name)	{ name, sizeof(name) - 1, false }
#define SCAN_MAY(name)	{ name, sizeof(name) - 1, true }
#define SCAN_MEMBERS_MAX 40

/**
 * scan_members(s, obj, m, n, v):
 * Take each member: ${v}[i] is the token of ${m}[i], or 0 where absent (token
 * 0 is never a member).  Unknown, missing, twice: CU_EMALFORMED, and ${bad}
 * (may be NULL) names it.
 */
int scan_members(const struct scan *, uint32_t, const struct scan_member *,
    size_t, uint32_t *, const char **);

/* Of token ${t}; 0, or -1 if it has another form. */
int scan_str(const struct scan *, uint32_t, const char **, size_t *);
int scan_dec(const struct scan *, uint32_t, uint64_t *);
int scan_int(const struct scan *, uint32_t, int64_t *);
int scan_bool(const struct scan *, uint32_t, bool *);
int scan_utc(const struct scan *, uint32_t, utc_us *);
int scan_bytes(const struct scan *, uint32_t, void *, size_t);
bool scan_null(const struct scan *, uint32_t);
bool scan_is(const struct scan *, uint32_t, const char *);
/** scan_count(s, t): Items of an array. */
size_t scan_count(const struct scan *, uint32_t);

/**
 * scan_unescape(out, s, t): Write the decoded bytes of a string to ${out},
 * which has room for the token's length.  Return their number.
 */
size_t scan_unescape(char *, const struct scan *, uint32_t);
#endif /* !STATE_SCAN_H_ */
