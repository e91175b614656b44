/* fuzz/fuzz-note.c: signed notes, checkpoints, vkeys */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "tlog/tlog_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char vkey[] = "li.example.net/x1log+1fc9194c+AT9iCn4SmL+"
	    "UrNVOVMsjeSQg50lDEEh0cLGWNlUiDXo5";
	struct tlog_checkpoint cp;
	struct tlog_note note;
	struct tlog_key key;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (tlog_key_parse(&key, (const char *)p, n) == 0) {
		/* A key has one spelling. */
		tlog_key_vkey(&key, &b);
		if (b.len != n || memcmp(b.p, p, n) != 0)
			abort();
	}
	if (tlog_key_parse(&key, vkey, strlen(vkey)) != 0)
		abort();
	if (tlog_note_parse(&note, p, n) == 0) {
		if (note.text_len >= n || note.sigs_n == 0 ||
		    note.sigs_n > TLOG_SIGS_MAX)
			abort();
		tlog_note_verify(&note, &key, 1, NULL);
	}
	if (tlog_checkpoint_parse(&cp, (const char *)p, n) == 0) {
		/* So has a checkpoint, but for its extension lines. */
		buf_reset(&b);
		tlog_checkpoint_text(&b, cp.origin, cp.size, cp.root);
		if (b.len + cp.extension_len != n ||
		    memcmp(b.p, p, b.len) != 0)
			abort();
	}
	tlog_checkpoint_open(&cp, p, n, &key);
	buf_fini(&b);
	return (0);
}
