/* src/json/jv.c: strict reading of JSON, over jansson */
#include <jansson.h>
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "json/jv.h"

/* struct jv is jansson's json_t under a name that nobody else includes. */
static json_t *
in(const struct jv *v)
{
	return ((json_t *)(uintptr_t)v);
}

static const struct jv *
out_of(const json_t *v)
{
	return ((const struct jv *)(const void *)v);
}

/* Refuse what jansson reads and we do not: reals, and too much depth. */
static int
check_tree(json_t *v, unsigned int depth, struct cu_why *why)
{
	const char *key;
	json_t *item;
	size_t i;

	if (depth > JV_DEPTH_MAX) {
		cu_why_set(why, "nested deeper than %d", JV_DEPTH_MAX);
		return (CU_EMALFORMED);
	}
	if (json_is_real(v)) {
		cu_why_set(why, "a number is not an integer");
		return (CU_EMALFORMED);
	}
	if (json_is_object(v)) {
		json_object_foreach(v, key, item)
			if (check_tree(item, depth + 1, why) != 0)
				return (CU_EMALFORMED);
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, item)
			if (check_tree(item, depth + 1, why) != 0)
				return (CU_EMALFORMED);
	}
	return (0);
}

int
jv_parse(struct jv **out, const char *text, size_t len, struct cu_why *why)
{
	json_error_t err;
	json_t *root;

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
	    &err);
	if (root == NULL) {
		if (json_error_code(&err) == json_error_out_of_memory)
			return (CU_ENOMEM);
		/* jansson's text may quote the input: say only where. */
		cu_why_set(why, "not JSON at byte %d%s", err.position,
		    json_error_code(&err) == json_error_duplicate_key ?
		    ": a member appears twice" : "");
		return (CU_EMALFORMED);
	}
	if (check_tree(root, 1, why) != 0) {
		json_decref(root);
		return (CU_EMALFORMED);
	}
	*out = (struct jv *)(void *)root;
	return (0);
}

/* Length of the escape at ${s}, which follows a backslash; 0 if not needed. */
static size_t
escape_len(const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	if (n >= 1 && memchr("\"\\btnfr", s[0], 7) != NULL)
		return (1);
	/* Below 0x20, and none of those that have a letter. */
	if (n < 5 || s[0] != 'u' || s[1] != '0' || s[2] != '0' ||
	    (s[3] != '0' && s[3] != '1') || s[4] == '\0' ||
	    strchr(hex, s[4]) == NULL)
		return (0);
	if (s[3] == '0' && strchr("89acd", s[4]) != NULL)
		return (0);
	return (5);
}

bool
jv_spelled(const char *text, size_t len)
{
	bool in_string = false;
	size_t i, n;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (text[i] == '"') {
				in_string = false;
			} else if (text[i] == '\\') {
				n = escape_len(text + i + 1, len - i - 1);
				if (n == 0)
					return (false);
				i += n;
			}
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == ' ' || text[i] == '\t' ||
		    text[i] == '\n' || text[i] == '\r') {
			return (false);
		} else if (text[i] == '-' && i + 1 < len &&
		    text[i + 1] == '0') {
			return (false);
		}
	}
	return (!in_string);
}

void
jv_free(struct jv *root)
{
	json_decref(in(root));
}

enum jv_type
jv_type(const struct jv *v)
{
	if (v == NULL)
		return ((enum jv_type)0);
	switch (json_typeof(in(v))) {
	case JSON_OBJECT:	return (JV_OBJECT);
	case JSON_ARRAY:	return (JV_ARRAY);
	case JSON_STRING:	return (JV_STRING);
	case JSON_INTEGER:	return (JV_INTEGER);
	case JSON_TRUE:
	case JSON_FALSE:	return (JV_BOOL);
	case JSON_NULL:		return (JV_NULL);
	case JSON_REAL:
	default:		return ((enum jv_type)0);
	}
}

bool
jv_is(const struct jv *v, enum jv_type type)
{
	return (v != NULL && jv_type(v) == type);
}

const struct jv *
jv_get(const struct jv *obj, const char *name)
{
	return (out_of(json_object_get(in(obj), name)));
}

size_t
jv_len(const struct jv *v)
{
	if (jv_is(v, JV_OBJECT))
		return (json_object_size(in(v)));
	if (jv_is(v, JV_ARRAY))
		return (json_array_size(in(v)));
	return (0);
}

const struct jv *
jv_at(const struct jv *arr, size_t i)
{
	return (out_of(json_array_get(in(arr), i)));
}

const char *
jv_key_at(const struct jv *obj, size_t i, const struct jv **v)
{
	void *it;

	if (!jv_is(obj, JV_OBJECT))
		return (NULL);
	for (it = json_object_iter(in(obj)); it != NULL && i > 0; i--)
		it = json_object_iter_next(in(obj), it);
	if (it == NULL)
		return (NULL);
	*v = out_of(json_object_iter_value(it));
	return (json_object_iter_key(it));
}

const char *
jv_str(const struct jv *v, size_t *len)
{
	if (!jv_is(v, JV_STRING))
		return (NULL);
	if (len != NULL)
		*len = json_string_length(in(v));
	return (json_string_value(in(v)));
}

bool
jv_streq(const struct jv *v, const char *lit)
{
	const char *s;
	size_t n;

	return ((s = jv_str(v, &n)) != NULL && text_eq(s, n, lit));
}

int
jv_int(const struct jv *v, int64_t *out)
{
	if (!jv_is(v, JV_INTEGER))
		return (-1);
	*out = json_integer_value(in(v));
	return (0);
}

int
jv_bool(const struct jv *v, bool *out)
{
	if (!jv_is(v, JV_BOOL))
		return (-1);
	*out = json_is_true(in(v));
	return (0);
}

int
jv_dec(const struct jv *v, uint64_t *out)
{
	const char *s;
	size_t n;

	if ((s = jv_str(v, &n)) == NULL)
		return (-1);
	return (text_dec(s, n, out));
}

int
jv_utc(const struct jv *v, utc_us *out)
{
	const char *s;
	size_t n;

	if ((s = jv_str(v, &n)) == NULL)
		return (-1);
	return (utc_parse(s, n, out));
}

int
jv_bytes(const struct jv *v, void *out, size_t n)
{
	const char *s;
	size_t len, got;

	if ((s = jv_str(v, &len)) == NULL || len != TEXT_B64URL_LEN(n))
		return (-1);
	return (text_unb64url(out, n, &got, s, len));
}

int
jv_hex(const struct jv *v, void *out, size_t n)
{
	const char *s;
	size_t len;

	if ((s = jv_str(v, &len)) == NULL || len != 2 * n)
		return (-1);
	return (text_unhex(out, s, n));
}

static const char *
type_name(enum jv_type type)
{
	static const char *const name[] = { "something else", "an object",
	    "an array", "a string", "an integer", "a boolean", "null" };

	return (name[type]);
}

int
jv_members(const struct jv *obj, const struct jv_member *m, size_t n,
    const struct jv **v, struct cu_why *why)
{
	size_t i, known = 0;
	const char *key;
	json_t *item;

	if (!jv_is(obj, JV_OBJECT)) {
		cu_why_set(why, "is %s, not an object",
		    type_name(jv_type(obj)));
		return (CU_EMALFORMED);
	}
	for (i = 0; i < n; i++) {
		if ((v[i] = jv_get(obj, m[i].name)) == NULL) {
			if ((m[i].flags & JV_OPTIONAL) != 0)
				continue;
			cu_why_set(why, "%s: missing", m[i].name);
			return (CU_EMALFORMED);
		}
		known++;
		if (jv_type(v[i]) == m[i].type || (jv_is(v[i], JV_NULL) &&
		    (m[i].flags & JV_NULLABLE) != 0))
			continue;
		cu_why_set(why, "%s: is %s, not %s", m[i].name,
		    type_name(jv_type(v[i])), type_name(m[i].type));
		return (CU_EMALFORMED);
	}
	if (known == jv_len(obj))
		return (0);
	json_object_foreach(in(obj), key, item) {
		for (i = 0; i < n && strcmp(m[i].name, key) != 0; i++)
			;
		if (i == n)
			break;
	}
	/* The name is the peer's text: show it only if it is a plain word. */
	cu_why_set(why, "%s: unknown member",
	    text_is_id(key, strlen(key)) || key[0] == '_' ? key : "?");
	return (CU_EMALFORMED);
}
