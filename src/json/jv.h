/* src/json/jv.h: strict reading of JSON */
#ifndef JV_H_
#define JV_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"

struct cu_why;
struct jv;			/* a value; a root is owned, the rest borrowed */

#define JV_DEPTH_MAX	32

enum jv_type {
	JV_OBJECT = 1, JV_ARRAY, JV_STRING, JV_INTEGER, JV_BOOL,
	JV_NULL
};

/**
 * jv_parse(out, text, len, why):
 * Read one object or array that fills ${text} (white space around it is
 * accepted).  Refused: members that appear twice, reals, integers beyond 64
 * bits, invalid UTF-8, depth over JV_DEPTH_MAX.  \u0000 is accepted: strings
 * have lengths.  Return 0 with an owned root, or CU_EMALFORMED, CU_ENOMEM.
 */
int jv_parse(struct jv **, const char *, size_t, struct cu_why *);

/**
 * jv_spelled(text, len):
 * Is JSON text that jv_parse reads in the one spelling of docs/format/
 * entries.md: no space outside strings, no escape that need not be, no -0?
 * (The order of members is the writer's.)  It allocates nothing.
 */
bool jv_spelled(const char *, size_t);

/** jv_free(root): Free what jv_parse returned; NULL has no effect. */
void jv_free(struct jv *);

/* All below borrow.  A NULL value is accepted everywhere, and has no type. */
enum jv_type jv_type(const struct jv *);
bool jv_is(const struct jv *, enum jv_type);

/** jv_get(obj, name): The member, or NULL. */
const struct jv *jv_get(const struct jv *, const char *);

/** jv_len(v): How many members or items; 0 for anything else. */
size_t jv_len(const struct jv *);

/** jv_at(arr, i): Item ${i}, or NULL. */
const struct jv *jv_at(const struct jv *, size_t);

/** jv_key_at(obj, i, v): Name of member ${i} in order, its value in ${v}. */
const char *jv_key_at(const struct jv *, size_t, const struct jv **);

/**
 * jv_str(v, len): The string (NUL-terminated), or NULL if it is none; its
 * length in ${len}, which may be NULL where a NUL inside cannot be.
 */
const char *jv_str(const struct jv *, size_t *);

/** jv_streq(v, lit): Is it the string ${lit}? */
bool jv_streq(const struct jv *, const char *);

/* 0, or -1 if the value has another form; ${out} is then untouched. */
int jv_int(const struct jv *, int64_t *);
int jv_bool(const struct jv *, bool *);

/** jv_dec(v, out): A 64-bit number, which is a decimal string. */
int jv_dec(const struct jv *, uint64_t *);

/** jv_utc(v, out): A time in its one spelling. */
int jv_utc(const struct jv *, utc_us *);

/** jv_bytes(v, out, n): Exactly ${n} bytes as base64url. */
int jv_bytes(const struct jv *, void *, size_t);

/** jv_hex(v, out, n): Exactly ${n} bytes as lower-case hex. */
int jv_hex(const struct jv *, void *, size_t);

/* The members that an object may have, for jv_members. */
struct jv_member {
	const char *name;
	enum jv_type type;
	unsigned int flags;
};
#define JV_OPTIONAL	1U	/* may be absent */
#define JV_NULLABLE	2U	/* may be null */
#define JV_MEMBERS_MAX 48

/**
 * jv_members(obj, m, n, v, why):
 * Take each member of ${obj} that the table names: ${v}[i] is the value of
 * ${m}[i] or NULL where it is absent (a null stays a value of JV_NULL).
 * Refused with the member's name: an unknown or missing member, another type.
 * Return 0 or CU_EMALFORMED.
 */
int jv_members(const struct jv *, const struct jv_member *, size_t,
    const struct jv **, struct cu_why *);
#endif /* !JV_H_ */
