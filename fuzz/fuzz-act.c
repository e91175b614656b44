/* fuzz/fuzz-act.c: an act file; what is read is written again as it was */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "record/record_act.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct record_act_file *f;
	struct record_log log;
	struct buf b;

	if (record_act_file_read(&f, (const char *)p, n, NULL) != 0)
		return (0);
	record_act_file_log(f, &log);
	buf_init(&b, RECORD_ACT_FILE_MAX);
	record_act_file_write(&b, f->act, &log, &f->sds);
	/* Members of a signature can come in another order. */
	if (b.rc != 0 || b.len != n)
		abort();
	buf_fini(&b);
	record_act_file_free(f);
	return (0);
}
