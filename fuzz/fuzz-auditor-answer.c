/* fuzz/fuzz-auditor-answer.c: an element's answer, counted as a whole or not */
#include <stdlib.h>
#include <string.h>
#include "auditor/auditor_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
bound(void *cookie, const char *xid)
{
	return (xid[0] >= '8');
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum x1_op op[] = { X1_OP_GET_ALL_DETAILS,
	    X1_OP_LIST_ALL_DETAILS, X1_OP_GET_TASK_DETAILS };
	struct x1_head head = { .admf = "auditor-1", .ne = "ne-1",
	    .version = X1_VERSION, .transaction =
	    "00000000-0000-4000-8000-000000000001" };
	const struct auditor_object *o;
	struct auditor_objects got;
	unsigned int used;
	int64_t code;
	size_t i, k;

	for (k = 0; k < sizeof(op) / sizeof(op[0]); k++) {
		memset(&got, 0, sizeof(got));
		if (auditor_answer_take(&got, p, n, X1_DIALECT_STAMP, &head,
		    op[k], bound, NULL, &code, &used, NULL) != 0) {
			if (got.n != 0)
				abort();
			continue;
		}
		for (i = 0; i < got.n; i++) {
			o = &got.v[i];
			/* A line, or why there is none; and an order. */
			if ((o->line != NULL) + o->listed + o->form != 1)
				abort();
			if (i > 0 && auditor_order(o[-1].task, o[-1].id,
			    o->task, o->id) >= 0)
				abort();
		}
		auditor_objects_fini(&got);
	}
	return (0);
}
