/* src/record/record_payload.h: what the statements say, per kind and verb */
#ifndef RECORD_PAYLOAD_H_
#define RECORD_PAYLOAD_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "record/record_key.h"
#include "record/record_log.h"
#include "record/record_sd.h"
#include "record/record_token.h"

struct buf;
struct cu_why;
struct jv;
struct jw;

#define RECORD_OVERSEERS_MAX	8
#define RECORD_PINS_MAX		4
#define RECORD_ADDRS_MAX	16	/* of one element */
#define RECORD_LIST_MAX		256	/* ids in any other list */
#define RECORD_TEXT_MAX		128	/* bytes of maker, model, a service */
#define RECORD_URL_MAX		512
#define RECORD_NONE		UINT64_MAX	/* a number that is absent */

/* A list of strings: the array is owned by the payload, the strings borrow. */
struct record_strs { const char **v; size_t n; };

/* The rules, in the order of `policy set` (formats: genesis and policy). */
enum record_rule {
	RECORD_RULE_APPROVALS, RECORD_RULE_X1_TIME_TOLERANCE,
	RECORD_RULE_RELEASE_TIMEOUT, RECORD_RULE_CLOCK_SKEW,
	RECORD_RULE_OVERDUE_AFTER, RECORD_RULE_MISSING_AFTER,
	RECORD_RULE_BEAT_MISSING, RECORD_RULE_WINDOW_MAX,
	RECORD_RULE_CIDR4_MIN, RECORD_RULE_CIDR6_MIN, RECORD_RULE_CONTAINER,
	RECORD_RULE_REFUSALS, RECORD_RULE_N
};
struct record_rules {
	int64_t v[RECORD_RULE_N];	/* durations in ms; RECORD_RULE_NONE */
};
#define RECORD_RULE_NONE	INT64_C(-1)	/* window_max: none */

/** record_rule_name(i): As written. */
const char *record_rule_name(enum record_rule);

/** record_rules_default(r): The defaults. */
void record_rules_default(struct record_rules *);

struct record_genesis {
	const char *origin;
	uint8_t log_key[SIGN_PUBLIC_LEN];
	struct record_overseer {
		const char *id;
		uint8_t key[SIGN_PUBLIC_LEN];
	} overseer[RECORD_OVERSEERS_MAX];
	size_t overseers_n;
	int64_t quorum;
	bool rules_named;		/* false: {} , all defaults */
	struct record_rules rules;	/* filled either way */
	int64_t law;
	bool trial;
};

struct record_holder {			/* add, change, revoke */
	const char *id;
	uint8_t key[RECORD_KEYS_MAX][SIGN_PUBLIC_LEN];
	size_t keys_n;
	unsigned int may;		/* RECORD_MAY_* */
	uint64_t void_since;		/* revoke; or RECORD_NONE */
};

struct record_instance {		/* add; retire: id alone */
	const char *id;
	enum record_role role;
	uint8_t key[SIGN_PUBLIC_LEN];
};

enum record_element_kind {
	RECORD_NE = 1, RECORD_MDF, RECORD_ADMF, RECORD_LEMF,
	RECORD_ELEMENT_KIND_N
};
const char *record_element_kind_name(enum record_element_kind);

/* mode is `enforce`, reads `own`, until null: all that this version has. */
struct record_element {			/* add, change; retire: id alone */
	const char *id;
	enum record_element_kind kind;
	const char *x1;			/* URL, or NULL */
	struct record_strs delivery;
	enum cert_rule rule;		/* 0: no identity (lemf) */
	const char *identity;		/* or NULL */
	uint8_t pin[RECORD_PINS_MAX][DIGEST_LEN];
	size_t pins_n;
	const char *maker, *model, *zone, *jurisdiction;	/* or NULL */
	bool multi_all;			/* multi: all, else each */
	const char *gate;		/* instance id, or NULL */
	struct record_strs admfs;
	struct record_strs dialect;
	bool triggered;			/* triggered_by is an array */
	struct record_strs triggered_by;
};

enum record_order {
	RECORD_ORDINARY = 1, RECORD_EMERGENCY, RECORD_TEST, RECORD_ORDER_N
};
const char *record_order_name(enum record_order);
enum record_order record_order_find(const char *);

struct record_warrant {			/* submit */
	const char *id;
	int64_t revision;
	bool has_supersedes;
	uint8_t supersedes[DIGEST_LEN];
	enum record_order kind;
	utc_us from, until;
	bool cc;			/* scope: iri+cc, else iri */
	struct record_strs services, elements, zones, deliver_to;
	struct record_sets sets;
};

struct record_decide {			/* approve refuse confirm revoke */
	const char *id;
	uint8_t digest[DIGEST_LEN];
};

struct record_payload {
	enum record_kind kind;
	enum record_verb verb;
	union {
		struct record_genesis genesis;
		struct record_holder holder;
		struct record_instance instance;
		struct record_element element;
		struct record_warrant warrant;		/* submit */
		struct record_decide decide;		/* warrant, else */
		struct record_rules rules;		/* policy set */
		uint64_t after;				/* policy clock */
		uint64_t finding;			/* note, close */
	};
	uint8_t (*sd)[DIGEST_LEN];	/* owned: the digests of `_sd` */
	size_t sd_n;
	struct jv *root;		/* owned; what the strings borrow */
};

/**
 * record_payload_read(out, kind, verb, subject, text, len, why):
 * Read a payload strictly: its one spelling but for the order of members, no
 * member unknown or missing, every form and limit of docs/format/statement.md,
 * as many disclosures as such an act has, its id the subject's.  Return 0 with an owned payload; CU_EMALFORMED,
 * CU_ELIMIT, CU_ENOMEM.  What depends on the log's state (known ids, live
 * elements, roles) is not looked at.
 */
int record_payload_read(struct record_payload **, enum record_kind,
    enum record_verb, const char *, const char *, size_t, struct cu_why *);

/** record_payload_free(p): For what record_payload_read returned. */
void record_payload_free(struct record_payload *);

/**
 * record_payload_write(b, p, sds):
 * Append the payload's text; ${sds} (sorted, or NULL) gives `_sd`.  ${p} is
 * the caller's, with strings of the caller's; `sd` and `root` are not read.
 * What is written is not checked: record_act_make does that.
 */
void record_payload_write(struct buf *, const struct record_payload *,
    const struct record_sds *);

/**
 * record_payload_subject(out, p): The subject that belongs to it.
 */
void record_payload_subject(char *, size_t, const struct record_payload *);

/**
 * record_payload_open(p, sds, why):
 * Check the disclosures that came with an act: each can be read, sorted they
 * are exactly `_sd`, their names and values are those that this (kind, verb)
 * has (docs/format/statement.md, "Disclosures of acts").  ${sds} is sorted.
 */
int record_payload_open(const struct record_payload *,
    const struct record_sds *, struct cu_why *);

/**
 * record_payload_owner(o, p):
 * To whom the values of an act belong; borrowed from ${p}.  All but the
 * instance is filled.
 */
struct record_owner;
void record_payload_owner(struct record_owner *,
    const struct record_payload *);

/** record_addr_valid(s, n): `ipv4:192.0.2.10:tcp:42069`, `ipv6:<full>:...`. */
bool record_addr_valid(const char *, size_t);
#endif /* !RECORD_PAYLOAD_H_ */
