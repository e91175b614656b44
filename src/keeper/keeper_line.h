/* src/keeper/keeper_line.h: what a start reads off a line beside the tables */
#ifndef KEEPER_LINE_H_
#define KEEPER_LINE_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the tables do not keep and a start needs: read off the lines, which we
 * wrote ourselves in their one spelling.
 */

/** keeper_line_source(line, len, instance, start, n):
 * Is the line of the keeper ${instance}?  Then its start and number. */
bool keeper_line_source(const char *, size_t, const char *, uint64_t *,
    uint64_t *);
/** keeper_line_add(line, len, id): Is it an `element add`?  Then copy the
 * element's id (TEXT_ID_MAX + 1). */
bool keeper_line_add(const char *, size_t, char *);
/** keeper_line_snapshot(line, len): Is it a snapshot? */
bool keeper_line_snapshot(const char *, size_t);
/** keeper_line_seals(line, len, fn, cookie): Tell the key id of each row of
 * `_sealed`; it is followed by a quote, not a NUL. */
void keeper_line_seals(const char *, size_t, void (*)(void *, const char *),
    void *);
#endif /* !KEEPER_LINE_H_ */
