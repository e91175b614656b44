/* src/li/li_set.c: target sets and the one text that each of them is */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "li/li_target.h"

#define LINE_MAX_BYTES	(64 + 3 * LI_VALUE_MAX)

void
li_escape(struct buf *b, const void *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "._:@+/-";
	const unsigned char *p = s;

	for (; n > 0; p++, n--) {
		if ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
		    (*p >= '0' && *p <= '9') ||
		    memchr(plain, *p, sizeof(plain) - 1) != NULL) {
			buf_ch(b, *p);
			continue;
		}
		buf_ch(b, '%');
		buf_ch(b, hex[*p >> 4]);
		buf_ch(b, hex[*p & 15]);
	}
}

static int
by_text(const void *a, const void *b)
{
	/* strcmp compares as unsigned bytes, and lines hold no NUL. */
	return (strcmp(buf_text(a), buf_text(b)));
}

int
li_set_text(struct buf *b, const struct li_target *t, size_t n,
    struct cu_why *why)
{
	struct buf line[LI_SET_MAX];
	size_t i;
	int rc = 0;

	if (n == 0 || n > LI_SET_MAX) {
		cu_why_set(why, n == 0 ? "an empty target set" :
		    "too many targets");
		return (n == 0 ? CU_EMALFORMED : CU_ELIMIT);
	}
	for (i = 0; i < n; i++) {
		buf_init(&line[i], LINE_MAX_BYTES);
		buf_str(&line[i], li_kind_name(t[i].kind));
		buf_ch(&line[i], '=');
		li_escape(&line[i], t[i].value, strlen(t[i].value));
		buf_ch(&line[i], '\n');
		if (rc == 0)
			rc = line[i].rc;
	}
	if (rc == 0)
		qsort(line, n, sizeof(line[0]), by_text);
	for (i = 1; rc == 0 && i < n; i++) {
		if (by_text(&line[i - 1], &line[i]) == 0) {
			cu_why_set(why, "a target twice");
			rc = CU_EMALFORMED;
		}
	}
	for (i = 0; i < n; i++) {
		if (rc == 0)
			buf_add(b, line[i].p, line[i].len);
		buf_wipe(&line[i]);
	}
	return (rc != 0 ? rc : b->rc);
}

int
li_set_check(const struct li_target *t, size_t n, unsigned int cidr4_min,
    unsigned int cidr6_min, struct cu_why *why)
{
	struct buf b;
	bool names = false;
	size_t i;
	int rc;

	if (n > LI_SET_MEMBERS_MAX) {
		cu_why_set(why, "too many members in a set");
		return (CU_ELIMIT);
	}
	buf_init(&b, LI_SET_MAX * LINE_MAX_BYTES);
	rc = li_set_text(&b, t, n, why);
	buf_wipe(&b);
	if (rc != 0)
		return (rc);
	for (i = 0; i < n; i++)
		names = names || li_target_names(&t[i], cidr4_min, cidr6_min);
	if (!names) {
		cu_why_set(why, "no member names a subscriber, line or device");
		return (CU_EMALFORMED);
	}
	return (0);
}
