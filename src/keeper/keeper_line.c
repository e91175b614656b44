/* src/keeper/keeper_line.c: what a start reads off a line beside the tables */
#include <string.h>
#include "base/text.h"
#include "keeper/keeper_line.h"
#include "record/record_sd.h"

#define B64_DIGEST	43	/* characters of a digest */

/* Find ${what} among the first ${within} bytes; return what follows it. */
static const char *
after(const char *line, size_t len, size_t within, const char *what)
{
	const char *p;

	p = memmem(line, len < within ? len : within, what, strlen(what));
	return (p == NULL ? NULL : p + strlen(what));
}

static bool
number(const char **p, const char *end, const char *name, uint64_t *v)
{
	const char *from;

	if ((size_t)(end - *p) < strlen(name) ||
	    memcmp(*p, name, strlen(name)) != 0)
		return (false);
	from = *p += strlen(name);
	while (*p < end && **p >= '0' && **p <= '9')
		(*p)++;
	return (text_dec(from, (size_t)(*p - from), v) == 0);
}

bool
keeper_line_source(const char *line, size_t len, const char *instance,
    uint64_t *start, uint64_t *n)
{
	const char *p, *end = line + len;
	size_t id = strlen(instance);

	p = after(line, len, 256,
	    "\"source\":{\"role\":\"keeper\",\"instance\":\"");
	if (p == NULL || (size_t)(end - p) <= id ||
	    memcmp(p, instance, id) != 0)
		return (false);
	p += id;
	return (number(&p, end, "\",\"start\":", start) &&
	    number(&p, end, ",\"n\":", n));
}

bool
keeper_line_add(const char *line, size_t len, char *id)
{
	static const char head[] = "{\"v\":1,\"kind\":\"element\",";
	const char *p, *q, *end = line + len;

	if (len < sizeof(head) || memcmp(line, head, sizeof(head) - 1) != 0)
		return (false);
	p = after(line, len, 512, "\"act\":{\"kind\":\"element\","
	    "\"verb\":\"add\",\"subject\":\"element/");
	if (p == NULL || (q = memchr(p, '"', (size_t)(end - p))) == NULL ||
	    q - p > TEXT_ID_MAX)
		return (false);
	memcpy(id, p, (size_t)(q - p));
	id[q - p] = '\0';
	return (true);
}

bool
keeper_line_snapshot(const char *line, size_t len)
{
	static const char head[] = "{\"v\":1,\"kind\":\"snapshot\",";

	return (len >= sizeof(head) &&
	    memcmp(line, head, sizeof(head) - 1) == 0);
}

void
keeper_line_seals(const char *line, size_t len,
    void (*fn)(void *, const char *), void *cookie)
{
	static const char name[] = "\"_sealed\":[";
	/* ["digest","key id","ciphertext digest"] */
	const size_t row = 2 + B64_DIGEST + 3 + RECORD_SEAL_ID_LEN + 3 +
	    B64_DIGEST + 2, key = 2 + B64_DIGEST + 3;
	const char *p, *end = line + len;

	/*
	 * It is the last member.  Quotes inside strings are escaped, so what is
	 * found is it.
	 */
	if (len < 3 || memcmp(end - 3, "]]}", 3) != 0 ||
	    (p = memmem(line, len, name, sizeof(name) - 1)) == NULL)
		return;
	for (p += sizeof(name) - 1; (size_t)(end - p) > row && *p == '[';
	    p += row + 1)
		fn(cookie, p + key);
}
