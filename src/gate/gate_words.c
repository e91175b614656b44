/* Numbers of reports. */
#include <string.h>
#include "gate/gate_words.h"

void
gate_words_init(struct gate_words *w, uint64_t last)
{
	memset(w, 0, sizeof(*w));
	w->last = last;
}

uint64_t
gate_words_draw(struct gate_words *w, struct gate_void *v)
{
	size_t i;

	w->number++;
	if (v == NULL)
		return (w->number);
	v->n = 0;
	for (i = 0; i < w->lost_n; i++)
		if (w->lost[i].by == 0) {
			w->lost[i].by = w->number;
			v->number[v->n++] = w->lost[i].n;
		}
	v->first = w->number == 1;
	v->last = w->last;
	return (w->number);
}

void
gate_words_kept(struct gate_words *w, uint64_t n)
{
	size_t i, k = 0;

	for (i = 0; i < w->lost_n; i++)
		if (w->lost[i].by != n)
			w->lost[k++] = w->lost[i];
	w->lost_n = k;
}

void
gate_words_lost(struct gate_words *w, uint64_t n)
{
	size_t i;

	for (i = 0; i < w->lost_n; i++)
		if (w->lost[i].by == n)
			w->lost[i].by = 0;
	for (i = 0; i < w->lost_n; i++)
		if (w->lost[i].n == n)
			return;
	/* Full: the oldest is dropped, which shows as a gap. */
	if (w->lost_n == GATE_VOID_MAX)
		memmove(w->lost, w->lost + 1,
		    --w->lost_n * sizeof(w->lost[0]));
	/* `void` is ascending; they are not lost in their order. */
	for (i = w->lost_n++; i > 0 && w->lost[i - 1].n > n; i--)
		w->lost[i] = w->lost[i - 1];
	w->lost[i].n = n;
	w->lost[i].by = 0;
}
