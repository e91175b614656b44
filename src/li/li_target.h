/* src/li/li_target.h: whom a task is aimed at: kinds, normal forms, sets */
#ifndef LI_TARGET_H_
#define LI_TARGET_H_
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cu_why;

/*
 * The 40 choices of TargetIdentifier (TS 103 221-1 schema 1.22.1), in the
 * schema's order.  The last two are known by name only: their issue is later,
 * and li_target_normalise refuses them.
 */
enum li_kind {
	LI_KIND_NONE = 0,
	LI_KIND_E164_NUMBER, LI_KIND_IMSI, LI_KIND_IMEI, LI_KIND_MAC_ADDRESS,
	LI_KIND_IPV4_ADDRESS, LI_KIND_IPV6_ADDRESS, LI_KIND_IPV4_CIDR,
	LI_KIND_IPV6_CIDR, LI_KIND_TCP_PORT, LI_KIND_TCP_PORT_RANGE,
	LI_KIND_TCP_PORT_LIST, LI_KIND_UDP_PORT, LI_KIND_UDP_PORT_RANGE,
	LI_KIND_UDP_PORT_LIST, LI_KIND_EMAIL_ADDRESS,
	LI_KIND_INTL_EMAIL_ADDRESS, LI_KIND_SIP_URI, LI_KIND_TEL_URI,
	LI_KIND_H323_URI, LI_KIND_IMPU, LI_KIND_IMPI, LI_KIND_NAI,
	LI_KIND_RADIUS_ATTRIBUTE, LI_KIND_GTPU_TUNNEL_ID,
	LI_KIND_GTPC_TUNNEL_ID, LI_KIND_CALL_PARTY_ROLE,
	LI_KIND_NON_LOCAL_IDENTIFIER, LI_KIND_SUPIIMSI, LI_KIND_SUPINAI,
	LI_KIND_SUCI, LI_KIND_PEI_IMEI, LI_KIND_PEI_IMEI_CHECK_DIGIT,
	LI_KIND_PEI_IMEISV, LI_KIND_GPSI_MSISDN, LI_KIND_GPSI_NAI,
	LI_KIND_EUI64, LI_KIND_SERVICE_ACCESS_IDENTIFIER, LI_KIND_VRF,
	LI_KIND_HASHED_IDENTIFIER, LI_KIND_EXTENSION,
	LI_KIND_MAX
};

/* What stands inside the element of a kind. */
enum li_form {
	LI_FORM_TEXT = 1,	/* one text */
	LI_FORM_RANGE,		/* two: c:start, c:end */
	LI_FORM_LIST,		/* one or more tcpPort or udpPort */
	LI_FORM_CIDR4,		/* one, in c:IPv4CIDR */
	LI_FORM_CIDR6,		/* one, in c:IPv6CIDR: of no kind (formats 8) */
};

#define LI_VALUE_CHARS_MAX	256	/* characters of a value text */
#define LI_VALUE_MAX		(4 * LI_VALUE_CHARS_MAX)	/* bytes */
#define LI_SET_MAX		64	/* members of a task's target set */
#define LI_SET_MEMBERS_MAX	16	/* members of a warrant's target set */
#define LI_LIST_MAX		128	/* ports of one list */

/* One identifier in its normal form; ${value} is owned. */
struct li_target {
	enum li_kind kind;
	char *value;		/* value text: ranges a-b, lists a,b */
};

/* A text as it was received: borrowed, any bytes. */
struct li_text {
	const char *p;
	size_t n;
};

/** li_kind_find(name, n): The kind with that X1 element name, or NONE. */
enum li_kind li_kind_find(const char *, size_t);

/** li_kind_name(kind): Its X1 element name; "" for NONE. */
const char *li_kind_name(enum li_kind);

/** li_kind_form(kind): What its element holds. */
enum li_form li_kind_form(enum li_kind);

/**
 * li_target_normalise(out, kind, form, v, n, why):
 * Make the normal form (formats 8) of the ${n} texts ${v} that stood inside
 * an element of ${kind} in the given ${form}.  Return 0 with ${out} owned (to
 * be freed with li_target_fini); CU_EMALFORMED, or CU_ELIMIT where a value is
 * too long, with the reason; CU_ENOMEM.
 */
int li_target_normalise(struct li_target *, enum li_kind, enum li_form,
    const struct li_text *, size_t, struct cu_why *);

/**
 * li_target_valid(kind, value, n, why):
 * Is the value text ${value} already in the normal form of ${kind}?  Used for
 * warrants.  Return 0; CU_EMALFORMED or CU_ELIMIT with the reason; CU_ENOMEM.
 */
int li_target_valid(enum li_kind, const char *, size_t, struct cu_why *);

/** li_target_from(out, kind, value, n, why): li_target_valid, and keep it. */
int li_target_from(struct li_target *, enum li_kind, const char *, size_t,
    struct cu_why *);

/** li_target_fini(t): Wipe and free what ${t} holds. */
void li_target_fini(struct li_target *);

/**
 * li_target_names(t, cidr4_min, cidr6_min):
 * Does ${t} name a subscriber, line or device by itself (formats 8)?  A CIDR
 * does if its length is at least the setting.
 */
bool li_target_names(const struct li_target *, unsigned int, unsigned int);

/**
 * li_set_text(b, t, n, why):
 * Append the set text of the ${n} members: a line kind=value each, sorted.
 * Return 0; CU_EMALFORMED if there is none or one stands twice; CU_ELIMIT
 * over LI_SET_MAX; CU_ENOMEM.
 */
int li_set_text(struct buf *, const struct li_target *, size_t,
    struct cu_why *);

/**
 * li_set_check(t, n, cidr4_min, cidr6_min, why):
 * May these members be a target set of a warrant: at least one of them names
 * (li_target_names), none stands twice, and there are at most
 * LI_SET_MEMBERS_MAX?  0, or as li_set_text.
 */
int li_set_check(const struct li_target *, size_t, unsigned int, unsigned int,
    struct cu_why *);

/**
 * li_escape(b, s, n):
 * Append ${s} with each byte outside [A-Za-z0-9._:@+/-] as %XX (formats 8).
 */
void li_escape(struct buf *, const void *, size_t);
#endif /* !LI_TARGET_H_ */
