/* fuzz/fuzz-yaml.c: a configuration that is taken is written and read again */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct home_conf c, d;
	struct cu_why why = { "" };
	struct buf a, b;
	int rc;

	rc = home_parse(&c, (const char *)p, n, "/h", &why);
	if (rc != 0) {
		if (rc == CU_EMALFORMED && strncmp(why.text, "line ", 5) != 0)
			abort();
		return (0);
	}
	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	home_write(&a, &c, "/h");
	if (a.rc != 0 || home_parse(&d, buf_text(&a), a.len, "/h", &why) != 0)
		abort();
	home_write(&b, &d, "/h");
	if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
		abort();
	buf_fini(&a);
	buf_fini(&b);
	home_conf_fini(&c);
	home_conf_fini(&d);
	return (0);
}
