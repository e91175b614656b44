/* src/gate/gate_register.h: who may speak, and whom the gate speaks to */
#ifndef GATE_REGISTER_H_
#define GATE_REGISTER_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/cert.h"
#include "record/record_payload.h"

struct cu_why;
struct gate_register;
struct io;

#define GATE_REGISTER_FILE	"register"
#define GATE_REGISTER_MAX	(64U << 20)	/* bytes of the file */

/*
 * The newest registration of each element, from entries that the gate has
 * followed itself, with a synced copy of those entries beside the notebook: by
 * it alone a gate that was just started, or has no keeper, passes a
 * DeactivateTask (formats 13).
 */

/* One live element; borrowed until the next change. */
struct gate_reg {
	const struct record_element *e;
	uint64_t index;			/* of its newest add or change */
	unsigned int dialect;		/* X1_DIALECT_* */
};

/** gate_register_create(out), gate_register_free(r). */
int gate_register_create(struct gate_register **);
void gate_register_free(struct gate_register *);

/**
 * gate_register_load(r, io, dirfd, genesis, why):
 * Read DIR/register into an empty register.  0; CU_ENOENT: there is none;
 * CU_EMALFORMED: its digest or its genesis (32 bytes) is wrong; CU_E*.
 */
int gate_register_load(struct gate_register *, struct io *, int,
    const uint8_t *, struct cu_why *);

/**
 * gate_register_reset(r): Begin to follow from entry 0.  What was loaded
 * counts until gate_register_ready.
 */
void gate_register_reset(struct gate_register *);

/**
 * gate_register_take(r, index, line, len):
 * An entry that was followed; kinds but genesis, element, instance are left
 * out.  0, CU_E*.
 */
int gate_register_take(struct gate_register *, uint64_t, const void *, size_t);

/** gate_register_ready(r): From here on only what was followed counts. */
void gate_register_ready(struct gate_register *);

/** gate_register_sync(r, io, dirfd): Write the copy if something changed. */
int gate_register_sync(struct gate_register *, struct io *, int);

/* Each returns false where there is none live. */
bool gate_register_id(const struct gate_register *, const char *,
    struct gate_reg *);
bool gate_register_nth(const struct gate_register *, size_t,
    struct gate_reg *);
/** gate_register_element(r, identity, out): NE or MDF of that identifier. */
bool gate_register_element(const struct gate_register *, const char *,
    struct gate_reg *);

/**
 * gate_register_peer(r, cert, side, wire, out, bound):
 * Whose certificate is it: an ADMF's or an element's that it is bound to by
 * the registered rule, or pinned for.  One whose identifier is ${wire} comes
 * first; then ${bound} is whether the binding holds for ${wire} itself.
 */
bool gate_register_peer(const struct gate_register *, const struct cert *,
    enum cert_side, const char *, struct gate_reg *, bool *);
#endif /* !GATE_REGISTER_H_ */
