/* src/base/text.h: strict texts: UTF-8, base64, hex, decimals, ids */
#ifndef TEXT_H_
#define TEXT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct buf;

#define TEXT_ID_MAX	64	/* characters of an id of a warrant, element... */
#define TEXT_UUID_LEN	36

/** text_utf8_valid(s, n): Is ${s} well-formed UTF-8 (RFC 3629)? */
bool text_utf8_valid(const void *, size_t);

/**
 * text_utf8_next(s, n, cp):
 * Return the length of the first character of ${s} and its code point in
 * ${cp}; 0 if ${n} is 0 or the bytes are not UTF-8.
 */
size_t text_utf8_next(const void *, size_t, uint32_t *);

/** text_eq(s, n, lit): Are the ${n} bytes at ${s} the string ${lit}? */
bool text_eq(const void *, size_t, const char *);

/**
 * text_copy(dst, cap, src):
 * Copy a string that is known to fit into ${cap} bytes; that it does not is
 * our own broken invariant, and the process ends.  text_put: into an array.
 */
static inline void
text_copy(char *dst, size_t cap, const char *src)
{
	size_t n = strlen(src) + 1;

	if (n > cap)
		abort();
	memcpy(dst, src, n);
}
#define text_put(array, src) text_copy((array), sizeof(array), (src))

/**
 * text_dec(s, n, v):
 * Read a decimal without sign, leading zeros or other characters into ${v}.
 * Return 0, or -1 if it is not one or does not fit.
 */
int text_dec(const char *, size_t, uint64_t *);

/** text_hex(out, p, n): Write 2n lower-case hex digits and a NUL. */
void text_hex(char *, const void *, size_t);

/** text_unhex(out, s, n): Read 2n lower-case hex digits.  0, or -1. */
int text_unhex(void *, const char *, size_t);

/*
 * base64url (RFC 4648 section 5) without padding, and base64 (section 4) with.
 * Characters outside the alphabet, white space and stray bits in the last
 * character are refused, so that every value has one spelling.
 */
#define TEXT_B64URL_LEN(n)	(((n) * 4 + 2) / 3)
#define TEXT_B64_LEN(n)		(((n) + 2) / 3 * 4)

/** text_b64url(out, p, n): Write TEXT_B64URL_LEN(n) characters and a NUL. */
void text_b64url(char *, const void *, size_t);

/** text_b64(out, p, n): Write TEXT_B64_LEN(n) characters and a NUL. */
void text_b64(char *, const void *, size_t);

/**
 * text_unb64url(out, cap, len, s, n), text_unb64(...):
 * Decode the ${n} characters at ${s} into at most ${cap} bytes at ${out}.
 * Return 0 with the length in ${len}, or -1.
 */
int text_unb64url(void *, size_t, size_t *, const char *, size_t);
int text_unb64(void *, size_t, size_t *, const char *, size_t);

/** buf_b64url(b, p, n), buf_b64(b, p, n), buf_hex(b, p, n): Append. */
void buf_b64url(struct buf *, const void *, size_t);
void buf_b64(struct buf *, const void *, size_t);
void buf_hex(struct buf *, const void *, size_t);

/** text_is_id(s, n): Is it [A-Za-z0-9][A-Za-z0-9._-]{0,63}? (formats 1) */
bool text_is_id(const char *, size_t);

/** text_is_uuid(s, n): Is it a lower-case UUID (XID, DID; X1 schema)? */
bool text_is_uuid(const char *, size_t);

/**
 * text_show(b, s, n):
 * Append text for a person: printable ASCII but backslash as it is, all else
 * as \u{HEX} in upper case without leading zeros; bytes that are not UTF-8 as
 * \x{HH}.
 */
void text_show(struct buf *, const void *, size_t);
#endif /* !TEXT_H_ */
