/* src/journal/journal_segment.c: the files of a journal, by number */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/io.h"
#include "journal/journal_segment.h"

void
journal_segment_name(char out[JOURNAL_SEGMENT_NAME], uint32_t number)
{
	snprintf(out, JOURNAL_SEGMENT_NAME, "%08" PRIu32 ".seg", number);
}

struct names {
	uint32_t max, n;
};

static int
on_name(void *cookie, const char *name)
{
	struct names *s = cookie;
	char again[JOURNAL_SEGMENT_NAME];
	uint32_t n;

	if (strlen(name) != 12 || strcmp(name + 8, ".seg") != 0)
		return (0);
	n = (uint32_t)strtoul(name, NULL, 10);
	journal_segment_name(again, n);
	if (strcmp(again, name) != 0 || n == 0)
		return (0);
	s->n++;
	if (n > s->max)
		s->max = n;
	return (0);
}

int
journal_segment_last(struct io *io, int segs, uint32_t *max)
{
	struct names s = { 0, 0 };

	*max = 0;
	if (io->list(io, segs, on_name, &s) != 0)
		return (CU_EIO);
	*max = s.max;
	return (s.max - s.n > JOURNAL_MISSING_MAX ? CU_EMALFORMED : 0);
}

int
journal_segment_load(struct io *io, int segs, uint32_t number, uint8_t *p,
    size_t n)
{
	char name[JOURNAL_SEGMENT_NAME];
	size_t got = 0;
	int fd, rc;

	journal_segment_name(name, number);
	memset(p, 0, n);
	if ((fd = io->openat(io, segs, name, O_RDONLY, 0)) < 0)
		return (errno == ENOENT ? CU_ENOENT : CU_EIO);
	rc = io_pread(io, fd, p, n, 0, &got);
	io->close(io, fd);
	return (rc);
}
