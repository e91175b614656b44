/* src/json/jw.h: writing JSON in its one spelling (docs/format/entries.md) */
#ifndef JW_H_
#define JW_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"

struct buf;

#define JW_DEPTH_MAX	16

/*
 * No space outside strings; UTF-8 unescaped except '"', '\' and below 0x20.
 * Every call takes the member's name, NULL inside an array and at the top.
 * Errors stick in the buffer (base/buf.h); a string that is not UTF-8 makes it
 * CU_EMALFORMED.
 */
struct jw {
	struct buf *b;		/* borrowed */
	unsigned int depth;
	char close[JW_DEPTH_MAX];
	bool first;
};

/** jw_init(w, b): Write to ${b}, which is borrowed. */
void jw_init(struct jw *, struct buf *);

void jw_obj(struct jw *, const char *);
void jw_arr(struct jw *, const char *);
/** jw_end(w): Close the innermost object or array. */
void jw_end(struct jw *);

void jw_str(struct jw *, const char *, const char *);
void jw_strn(struct jw *, const char *, const void *, size_t);
/** jw_strz(w, key, s): The string, or null if ${s} is NULL. */
void jw_strz(struct jw *, const char *, const char *);
/** jw_dec(w, key, v): A 64-bit number, as a decimal string. */
void jw_dec(struct jw *, const char *, uint64_t);
void jw_int(struct jw *, const char *, int64_t);
void jw_bool(struct jw *, const char *, bool);
void jw_null(struct jw *, const char *);
void jw_utc(struct jw *, const char *, utc_us);
/** jw_bytes(w, key, p, n): base64url without padding. */
void jw_bytes(struct jw *, const char *, const void *, size_t);
void jw_hex(struct jw *, const char *, const void *, size_t);
/** jw_raw(w, key, text, n): JSON text that is already in this spelling. */
void jw_raw(struct jw *, const char *, const void *, size_t);

/** jw_quote(b, s, n): Append one JSON string with its quotes. */
void jw_quote(struct buf *, const void *, size_t);
#endif /* !JW_H_ */
