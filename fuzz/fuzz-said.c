/*
 * fuzz/fuzz-said.c: what a gate or an auditor of ours says, in a log that a
 * keeper of ours need not have written.
 * Input: lines; each a byte for the kind, then what is said, then (behind a
 * tab) the keeper's own members.  They are entries of a small operator's log.
 */
#include <stdlib.h>
#include <string.h>
#include "../src/state/test-world.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define LINES_MAX	16

static struct {
	struct buf line[64];
	size_t n;
	uint64_t numbers[W_KEYS];
} log_;

static void
keep(const struct buf *line)
{
	if (log_.n == sizeof(log_.line) / sizeof(log_.line[0]))
		abort();
	buf_init(&log_.line[log_.n], line->len);
	buf_add(&log_.line[log_.n], line->p, line->len);
	if (log_.line[log_.n++].rc != 0)
		abort();
}

static void
begin(void)
{
	struct world w;

	world_kept = keep;
	if (world_create(&w, 0) != 0)
		abort();
	memcpy(log_.numbers, w.n, sizeof(log_.numbers));
	world_free(&w);
}

static void
say(struct state *st, uint64_t *numbers, const uint8_t *p, size_t n)
{
	static const enum record_kind kind[] = { RECORD_START, RECORD_COMMAND,
	    RECORD_OUTCOME, RECORD_LATE, RECORD_BEAT, RECORD_SNAPSHOT,
	    RECORD_ROUND, RECORD_REPORT, RECORD_STOP, RECORD_FINDING };
	size_t k = p[0] % (sizeof(kind) / sizeof(kind[0])), said;
	bool audits = kind[k] == RECORD_SNAPSHOT || kind[k] == RECORD_ROUND ||
	    (p[0] >= 'a' && kind[k] != RECORD_COMMAND);
	int who = kind[k] == RECORD_FINDING ? W_KEEPER : audits ? W_AUDIT :
	    W_GATE;
	uint8_t nonce[RECORD_NONCE_LEN] = { 0 };
	struct record_sig sig = { .time = WORLD_START };
	const uint8_t *tab;
	struct cu_why why;
	struct buf b;
	struct jw w;

	p++, n--;
	tab = n > 0 ? memchr(p, '\t', n) : NULL;
	said = tab != NULL ? (size_t)(tab - p) : n;
	memset(sig.key, '0', RECORD_KEY_ID_LEN);
	buf_init(&b, RECORD_ENTRY_MAX);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_int(&w, "v", 1);
	jw_str(&w, "kind", record_kind_name(kind[k]));
	jw_utc(&w, "time", state_time(st) + UTC_SECOND);
	jw_bytes(&w, "nonce", nonce, sizeof(nonce));
	jw_obj(&w, "source");
	jw_str(&w, "role", who == W_KEEPER ? "keeper" : audits ? "auditor" :
	    "gate");
	jw_str(&w, "instance", world_name[who]);
	jw_int(&w, "start", 1);
	jw_int(&w, "n", (int64_t)++numbers[who]);
	jw_end(&w);
	if (who != W_KEEPER) {
		jw_strn(&w, "said", (const char *)p, said);
		record_sig_write(&sig, &w, "sig");
	}
	if (who == W_KEEPER || (tab != NULL && said + 1 < n)) {
		buf_ch(&b, ',');
		if (who == W_KEEPER)
			buf_add(&b, p, n);
		else
			buf_add(&b, tab + 1, n - said - 1);
	}
	jw_end(&w);
	if (b.rc == 0 && state_apply(st, state_size(st), b.p, b.len, &why) !=
	    0)
		numbers[who]--;
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *lf;
	uint64_t numbers[W_KEYS];
	struct state_finding_row f;
	struct state_object o;
	struct state *st;
	size_t i;

	if (log_.n == 0)
		begin();
	if (state_create(&st, 0) != 0)
		return (0);
	for (i = 0; i < log_.n; i++)
		if (state_apply(st, i, log_.line[i].p, log_.line[i].len,
		    NULL) != 0)
			abort();
	memcpy(numbers, log_.numbers, sizeof(numbers));
	for (i = 0; i < LINES_MAX && p < end; p = lf + 1, i++) {
		if ((lf = memchr(p, '\n', (size_t)(end - p))) == NULL)
			lf = end;
		if (lf > p)
			say(st, numbers, p, (size_t)(lf - p));
	}
	for (i = 0; state_finding_nth(st, i, &f); i++)
		if (f.severity == NULL)
			abort();
	for (i = 0; state_object_nth(st, i, &o); i++)
		;
	state_free(st);
	return (0);
}
