/* src/record/record_report.h: what a process says, signed with its key */
#ifndef RECORD_REPORT_H_
#define RECORD_REPORT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "record/record_act.h"
#include "record/record_log.h"

struct buf;

/* What the signature covers beside the log, the key and the time. */
struct record_report {
	enum record_kind kind;
	const char *instance;		/* borrowed */
	uint64_t start, n;		/* 1 .. RECORD_COUNT_MAX */
	const char *said;		/* borrowed */
	size_t said_len;
};

/** record_report_text(b, r, log, key, time): Append the text to be signed. */
void record_report_text(struct buf *, const struct record_report *,
    const struct record_log *, const char *, utc_us);

/** record_report_sign(out, r, log, key, time): 0, or CU_E*. */
int record_report_sign(struct record_sig *, const struct record_report *,
    const struct record_log *, struct sign_key *, utc_us);

/** record_report_verify(r, log, sig, public): Is it that instance's word? */
bool record_report_verify(const struct record_report *,
    const struct record_log *, const struct record_sig *,
    const uint8_t[SIGN_PUBLIC_LEN]);

/* A signed text, read back. */
struct record_report_text {
	const char *origin;		/* borrowed from the text */
	size_t origin_len;
	char genesis[2 * DIGEST_LEN + 1];
	enum record_kind kind;
	char instance[TEXT_ID_MAX + 1];
	uint64_t start, n;
	uint8_t digest[DIGEST_LEN];
	char key[RECORD_KEY_ID_LEN + 1];
	utc_us time;
};
/** record_report_read(out, text, len, why): Read it strictly. */
int record_report_read(struct record_report_text *, const char *, size_t,
    struct cu_why *);
#endif /* !RECORD_REPORT_H_ */
