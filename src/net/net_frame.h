/* src/net/net_frame.h: one message of the link; pure (docs/format/link.md) */
#ifndef NET_FRAME_H_
#define NET_FRAME_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "json/jw.h"

struct cu_why;
struct jv;

#define NET_FRAME_HEAD	8
#define NET_JSON_MAX	65536
#define NET_BLOB_MAX	(32U << 20)
#define NET_PARTS_MAX	4096

/* In the order of docs/format/link.md. */
enum net_kind {
	NET_HELLO = 1, NET_PROOF,
	NET_FOLLOW, NET_ENTRIES, NET_HEAD, NET_OPEN,
	NET_COMMAND, NET_DECIDED,
	NET_OUTCOME, NET_REPORT, NET_SNAPSHOT, NET_ROUND, NET_LATE,
	NET_START, NET_STOP, NET_BEAT, NET_KEPT,
	NET_ACT, NET_REFUSED, NET_ASK, NET_ANSWER,
	NET_AUDIT_BEGIN, NET_AUDIT_END, NET_DONE, NET_ERROR, NET_KIND_N
};

struct net_part { const uint8_t *p; size_t len; };

/* A decoded message; its parts are in the blob it was decoded from. */
struct net_msg {
	enum net_kind kind;
	uint64_t id;		/* of a request or its answer, else 0 */
	const struct jv *json;	/* members are of the kind and type promised */
	const struct net_part *part;
	size_t part_n;
};

/** net_kind_name(k): As it stands in `kind`. */
const char *net_kind_name(enum net_kind);
/** net_kind_asks(k): Is it a request, which is answered under its id? */
bool net_kind_asks(enum net_kind);
/** net_kind_answers(k): Is it an answer? */
bool net_kind_answers(enum net_kind);

/**
 * net_frame_head(p, json_len, blob_len, why):
 * Read the 8 bytes at ${p}.  0, or CU_ELIMIT: refused from these alone.
 */
int net_frame_head(const uint8_t[NET_FRAME_HEAD], uint32_t *, uint32_t *,
    struct cu_why *);

/**
 * net_msg_decode(out, json, json_len, blob, blob_len, why):
 * Take a message whose lengths net_frame_head accepted: the kind is known and
 * may have a blob, each member has its form, parts fill the blob, and SHA-256
 * fits.  Borrows the blob until net_msg_free.  0; CU_EMALFORMED, CU_ELIMIT,
 * CU_ENOMEM.
 */
int net_msg_decode(struct net_msg **, const uint8_t *, size_t, const uint8_t *,
    size_t, struct cu_why *);
void net_msg_free(struct net_msg *);

/*
 * A message to be written:
 *
 *	struct net_out m;
 *	net_out_init(&m, NET_FOLLOW);
 *	jw_dec(&m.w, "from", 7);
 *	net_out_part(&m, p, n);		(where the kind has a blob)
 *	rc = net_link_send(link, &m);	(always ends it)
 *
 * `kind`, `id`, `parts` and `sha256` are written by these calls, not the user.
 */
struct net_out {
	enum net_kind kind;
	struct buf json;
	struct jw w;
	struct net_part *part;		/* borrows the bytes */
	size_t part_n, part_cap, blob_len;
	int rc;
};

void net_out_init(struct net_out *, enum net_kind);
/** net_out_part(m, p, n): Add a part; ${p} stays valid until it is sent. */
void net_out_part(struct net_out *, const void *, size_t);
void net_out_fini(struct net_out *);
/**
 * net_out_end(m, id, frame):
 * Finish with ${id} (0: none) and append the whole frame to ${frame}; end ${m}
 * in every case.  0; CU_ELIMIT, CU_EMALFORMED, CU_ENOMEM.
 */
int net_out_end(struct net_out *, uint64_t, struct buf *);
#endif /* !NET_FRAME_H_ */
