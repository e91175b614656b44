/* src/base/diag.c: one line on stderr for the operator */
#include <stdarg.h>
#include <stdio.h>
#include "base/diag.h"
#include "base/utc.h"

static const char *program = "custos";

void
diag_name(const char *name)
{
	program = name;
}

void
diag(const char *fmt, ...)
{
	char line[1024], when[UTC_LEN + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	utc_text(when, utc_now());
	/* One call, so that lines of several processes do not mix. */
	fprintf(stderr, "%.19sZ %s: %s\n", when, program, line);
}
