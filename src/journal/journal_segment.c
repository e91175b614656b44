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

static int
on_name(void *cookie, const char *name)
{
	uint32_t *max = cookie, n;
	char again[JOURNAL_SEGMENT_NAME];

	if (strlen(name) != 12 || strcmp(name + 8, ".seg") != 0)
		return (0);
	n = (uint32_t)strtoul(name, NULL, 10);
	journal_segment_name(again, n);
	if (strcmp(again, name) == 0 && n > *max)
		*max = n;
	return (0);
}

int
journal_segment_last(struct io *io, int segs, uint32_t *max)
{
	*max = 0;
	return (io->list(io, segs, on_name, max) != 0 ? CU_EIO : 0);
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
