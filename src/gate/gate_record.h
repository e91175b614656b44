/* src/gate/gate_record.h: what waits in the spool for the keeper */
#ifndef GATE_RECORD_H_
#define GATE_RECORD_H_
#include <stddef.h>
#include <stdint.h>
#include "record/record_act.h"
#include "record/record_log.h"
#include "record/record_payload.h"
#include "record/record_sd.h"

struct buf;

#define GATE_RECORD_MAX	(4U << 20)	/* bytes of one, encoded */

enum gate_record_type {
	/*
	 * A signed report, as it will stand in the log.  In the file, one with
	 * a ref takes the place of the report that had that number before.
	 */
	GATE_RECORD_REPORT = 1,
	/*
	 * An outcome of a `late` that has no index yet.  Its number is drawn;
	 * ${text} is its said from behind the member `command` on, and it is
	 * signed once the entry of (ref_start, ref_n) was followed.
	 */
	GATE_RECORD_DRAFT,
	/* An act file that was taken directly: ${text}. */
	GATE_RECORD_ACT,
	GATE_RECORD_N
};

struct gate_record {
	enum gate_record_type type;
	enum record_kind kind;		/* of REPORT and DRAFT, else 0 */
	uint64_t start, n;
	uint64_t ref_start, ref_n;	/* of a DRAFT; 0: none */
	struct record_sig sig;		/* of a REPORT */
	char *text;			/* owned */
	size_t text_len;
	struct record_sds sds;		/* owned */
	/* Not in the file: where the log holds it, and a draft's late. */
	uint64_t index, ref_index;	/* RECORD_NONE: not seen yet */
};

/** gate_record_init(r, type): Empty. */
void gate_record_init(struct gate_record *, enum gate_record_type);
/** gate_record_fini(r): Wipe and free what it holds. */
void gate_record_fini(struct gate_record *);

/** gate_record_encode(b, r): Append it; errors stick in ${b}. */
void gate_record_encode(struct buf *, const struct gate_record *);

/**
 * gate_record_decode(out, p, len):
 * Read exactly ${len} bytes.  0 with ${out} owned (gate_record_fini);
 * CU_EMALFORMED, CU_ELIMIT, CU_ENOMEM.
 */
int gate_record_decode(struct gate_record *, const void *, size_t);
#endif /* !GATE_RECORD_H_ */
