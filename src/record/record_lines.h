/* src/record/record_lines.h: the lines of a signed text, read strictly */
#ifndef RECORD_LINES_H_
#define RECORD_LINES_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"
#include "record/record_key.h"

struct buf;
struct record_log;

/* What is left of the text; every call moves past one line, or returns -1. */
struct record_lines { const char *p; size_t left; };

/** record_line(l, name, s, n): "NAME REST\n"; borrow REST, not empty. */
int record_line(struct record_lines *, const char *, const char **, size_t *);

/** record_line_is(l, text): Exactly "TEXT\n". */
int record_line_is(struct record_lines *, const char *);

/** record_line_log(l, origin, n, genesis): "log ORIGIN[ DIGEST]\n"; "" */
int record_line_log(struct record_lines *, const char **, size_t *,
    char[2 * DIGEST_LEN + 1]);

/** record_line_count(l, name, v): 1 .. RECORD_COUNT_MAX. */
int record_line_count(struct record_lines *, const char *, uint64_t *);

int record_line_digest(struct record_lines *, uint8_t[DIGEST_LEN]);
int record_line_key(struct record_lines *, char[RECORD_KEY_ID_LEN + 1],
    utc_us *);

/* And their writers. */
void record_put_log(struct buf *, const struct record_log *);
void record_put_payload(struct buf *, const uint8_t[DIGEST_LEN]);
void record_put_key(struct buf *, const char *, utc_us);
#endif /* !RECORD_LINES_H_ */
