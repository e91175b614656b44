/* src/record/record_read.h: what all readers of this directory share */
#ifndef RECORD_READ_H_
#define RECORD_READ_H_
#include <stdbool.h>
#include <stddef.h>

struct cu_why;
struct jv;

/**
 * record_parse(out, text, len, max, why):
 * Read JSON text of at most ${max} bytes that is in the one spelling.
 */
int record_parse(struct jv **, const char *, size_t, size_t, struct cu_why *);

/** record_cstr(v): The string if it is one without a NUL, else NULL. */
const char *record_cstr(const struct jv *);

/** record_id(v): The string if it has the form of an id, else NULL. */
const char *record_id(const struct jv *);

/** record_text(v, max): 1 to ${max} bytes without control characters. */
const char *record_text(const struct jv *, size_t);

/** record_free_text(v): 1 to 4,096 bytes of confidential text, else NULL. */
const char *record_free_text(const struct jv *);

/** record_liid(v): A LIID ([!-~]{1,25} or [0-9a-f]{26,50}), else NULL. */
const char *record_liid(const struct jv *);

/** record_word(s, words, n): Index of ${s} in ${words}[1..n-1], or 0. */
unsigned int record_word(const char *, const char *const *, unsigned int);

/** record_payload_count(p, why): Are as many digests in `_sd` as an act of
 * that kind and verb discloses? */
struct record_payload;
int record_payload_count(const struct record_payload *, struct cu_why *);

/** record_bad(why, name, what): Say "member NAME: WHAT"; CU_EMALFORMED. */
int record_bad(struct cu_why *, const char *, const char *);
#endif /* !RECORD_READ_H_ */
