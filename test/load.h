/* test/load.h: whole files in tests, as bytes or as JSON */
#ifndef LOAD_H_
#define LOAD_H_
#include <stdarg.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "json/jv.h"

#define LOAD_MAX	(1 << 24)	/* bytes of a file that a test reads */
#define LOAD_PATH	1024

__attribute__((format(printf, 3, 0))) static inline void
load_va(struct buf *b, char path[LOAD_PATH], const char *fmt, va_list ap)
{
	char part[4096];
	size_t n;
	FILE *f;

	buf_init(b, LOAD_MAX);
	vsnprintf(path, LOAD_PATH, fmt, ap);
	if (!CHECK_ROW((f = fopen(path, "rb")) != NULL, path))
		return;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(b, part, n);
	CHECK_ROW(!ferror(f) && b->rc == 0, path);
	fclose(f);
}

/* The file of that name (as printf makes it), to be ended with buf_fini; a
 * failed check, and empty, if it cannot be had. */
__attribute__((format(printf, 1, 2))) static inline struct buf
load_file(const char *fmt, ...)
{
	char path[LOAD_PATH];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	load_va(&b, path, fmt, ap);
	va_end(ap);
	return (b);
}

/* The same as JSON, to be freed; a failed check, and NULL, if it is none. */
__attribute__((format(printf, 1, 2))) static inline struct jv *
load_json(const char *fmt, ...)
{
	struct cu_why why = { "" };
	struct jv *v = NULL;
	char path[LOAD_PATH];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	load_va(&b, path, fmt, ap);
	va_end(ap);
	if (!CHECK_ROW(jv_parse(&v, buf_text(&b), b.len, &why) == 0, path)) {
		printf("# %s\n", why.text);
		v = NULL;
	}
	buf_fini(&b);
	return (v);
}
#endif /* !LOAD_H_ */
