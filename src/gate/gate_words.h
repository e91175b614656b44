/* src/gate/gate_words.h: numbers of reports, and which became no entry; pure */
#ifndef GATE_WORDS_H_
#define GATE_WORDS_H_
#include <stddef.h>
#include <stdint.h>
#include "gate/gate_said.h"

/*
 * A number that was used and became no entry stands in `void` of the next
 * report (formats 5).  If that report becomes none either, it is said again.
 */
struct gate_words {
	uint64_t number;		/* the last one drawn */
	uint64_t last;			/* of the former start */
	struct { uint64_t n, by; } lost[GATE_VOID_MAX];	/* by: 0, not said */
	size_t lost_n;
};

/** gate_words_init(w, last): A new start. */
void gate_words_init(struct gate_words *, uint64_t);
/** gate_words_draw(w, v): Return the next number, and what its report says
 * beside its own; NULL for one that says nothing of others. */
uint64_t gate_words_draw(struct gate_words *, struct gate_void *);
/** gate_words_kept(w, n): Report ${n} stands. */
void gate_words_kept(struct gate_words *, uint64_t);
/** gate_words_lost(w, n): It was offered, and will not be again. */
void gate_words_lost(struct gate_words *, uint64_t);
#endif /* !GATE_WORDS_H_ */
