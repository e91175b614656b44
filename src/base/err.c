/* src/base/err.c: texts of failures, and reasons with a place */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/err.h"

const char *
cu_strerror(int rc)
{
	switch (rc) {
	case 0:			return ("no error");
	case CU_ENOMEM:		return ("out of memory");
	case CU_EMALFORMED:	return ("malformed");
	case CU_ELIMIT:		return ("over a limit");
	case CU_EIO:		return ("input or output failed");
	case CU_ECRYPTO:	return ("cryptographic check failed");
	case CU_ENOENT:		return ("not found");
	case CU_EEXIST:		return ("exists already");
	case CU_EBUSY:		return ("in use");
	case CU_ETIME:		return ("timed out");
	case CU_ESTATE:		return ("not possible now");
	case CU_EDENIED:	return ("not allowed");
	default:		return ("unknown error");
	}
}

void
cu_why_set(struct cu_why *why, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (why == NULL)
		return;
	/* Often set before a check, to be there if it fails: be quick. */
	if (strchr(fmt, '%') == NULL && (n = strlen(fmt)) <
	    sizeof(why->text)) {
		memcpy(why->text, fmt, n + 1);
		return;
	}
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
}

void
cu_why_in(struct cu_why *why, const char *fmt, ...)
{
	char was[CU_WHY_MAX];
	va_list ap;
	size_t n;

	if (why == NULL)
		return;
	memcpy(was, why->text, sizeof(was));
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	n = strlen(why->text);
	snprintf(why->text + n, sizeof(why->text) - n, ": %.*s",
	    (int)(sizeof(was) - 1), was);
}
