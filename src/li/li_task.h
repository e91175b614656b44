/* src/li/li_task.h: tasks and destinations as values, and their lines */
#ifndef LI_TASK_H_
#define LI_TASK_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include "base/utc.h"
#include "li/li_target.h"

#define LI_DIDS_MAX	64	/* DIDs of a task (formats 3) */
#define LI_MEDS_MAX	16	/* mediation details of a task (formats 3) */
#define LI_FAULTS_MAX	1024	/* faults of one list */
#define LI_LIID_MAX	50	/* characters (TS 103 280 LIID) */
#define LI_NAME_MAX	255	/* bytes of a friendlyName that we keep */
#define LI_URI_MAX	2048	/* bytes of a delivery URI */
#define LI_TIME_NONE	((utc_us)-1)	/* the element is absent */

/* A lower-case UUID and a NUL; "" where there is none. */
typedef char li_uuid[TEXT_UUID_LEN + 1];

enum li_delivery {
	LI_DELIVERY_NONE = 0,
	LI_DELIVERY_X2, LI_DELIVERY_X3, LI_DELIVERY_X2X3
};

enum li_med_delivery {
	LI_MED_NONE = 0,
	LI_MED_HI2, LI_MED_HI3, LI_MED_HI2HI3
};

/* A set of ServiceType; the bits are in the order of their names. */
enum {
	LI_SERVICE_LALS = 1, LI_SERVICE_RCS = 2, LI_SERVICE_DATA = 4,
	LI_SERVICE_MESSAGING = 8, LI_SERVICE_PUSH_TO_TALK = 16,
	LI_SERVICE_VOICE = 32, LI_SERVICES = 63
};

/* The clear parts of a task that a ModifyTask may narrow (design 4.4). */
struct li_shape {
	enum li_delivery delivery;
	unsigned int services;	/* LI_SERVICE_*; 0: no list, which means all */
	li_uuid *dids;		/* owned; in the order received */
	size_t dids_n;
};

/* One of an MDF's MediationDetails (TS 103 221-1 Annex C). */
struct li_med {
	char liid[LI_LIID_MAX + 1];
	enum li_med_delivery delivery;
	utc_us start, end;	/* or LI_TIME_NONE */
	bool own_dids;		/* is there a list of its own? */
	li_uuid *dids;		/* owned */
	size_t dids_n;
};

/* TaskDetails.  All that it points to is owned (li_task_fini). */
struct li_task {
	li_uuid xid;
	struct li_target *targets;	/* normal forms, as received */
	size_t targets_n;
	struct li_shape shape;
	bool has_meds;		/* is there a listOfMediationDetails? */
	struct li_med *meds;
	size_t meds_n;
	bool has_correlation;
	uint64_t correlation;
	bool has_implicit, implicit;	/* implicitDeactivationAllowed */
	li_uuid product;
	/*
	 * Lower hex SHA-256 over the children without a place of their own
	 * (formats 9, rest); "" where there are none.  Never of a request:
	 * such children are refused there.
	 */
	char rest[65];
};

/* errorCode and errorDescription; ${text} is owned, what a peer wrote. */
struct li_fault {
	int64_t code;
	char *text;
};

struct li_faults {
	struct li_fault *v;
	size_t n;
};

enum li_provisioning {
	LI_PROVISIONING_NONE = 0,
	LI_PROVISIONING_AWAITING, LI_PROVISIONING_FAILED,
	LI_PROVISIONING_COMPLETE
};

/* A counter of an element: xs:integer, here at most 64 bits. */
struct li_count {
	bool present;
	uint64_t v;
};

struct li_task_status {
	enum li_provisioning provisioning;
	struct li_faults faults;
	utc_us last_intercept;		/* or LI_TIME_NONE */
	struct li_count x2, x3;		/* amountOfX2Data, amountOfX3Data */
	utc_us last_modification;	/* or LI_TIME_NONE */
	struct li_count modifications;
};

/* The choices of deliveryAddress; IPADDR with its port. */
enum li_address_kind {
	LI_ADDRESS_NONE = 0,
	LI_ADDRESS_IPV4, LI_ADDRESS_IPV6,
	LI_ADDRESS_E164, LI_ADDRESS_URI, LI_ADDRESS_EMAIL
};

enum li_proto { LI_PROTO_NONE = 0, LI_PROTO_TCP, LI_PROTO_UDP };

struct li_address {
	enum li_address_kind kind;
	enum li_proto proto;	/* of IPV4 and IPV6 */
	uint16_t port;
	char *value;		/* owned: address, number, URI */
};

struct li_destination {
	li_uuid did;
	char *name;		/* friendlyName or NULL, owned; not compared */
	enum li_delivery delivery;
	struct li_address address;
};

enum li_destination_state {
	LI_DESTINATION_NONE = 0,
	LI_DESTINATION_WORKING, LI_DESTINATION_FAULT
};

struct li_destination_status {
	enum li_destination_state state;
	struct li_faults faults;
};

/*
 * Names as the schema writes them.  _name never returns NULL ("" for NONE);
 * _find returns NONE (for a service 0) for what is no such name.
 */
const char *li_delivery_name(enum li_delivery);
enum li_delivery li_delivery_find(const char *, size_t);
const char *li_med_delivery_name(enum li_med_delivery);
enum li_med_delivery li_med_delivery_find(const char *, size_t);
const char *li_service_name(unsigned int);	/* of one bit */
unsigned int li_service_find(const char *, size_t);
const char *li_provisioning_name(enum li_provisioning);
enum li_provisioning li_provisioning_find(const char *, size_t);
const char *li_destination_state_name(enum li_destination_state);
enum li_destination_state li_destination_state_find(const char *, size_t);

/* _init: empty; _fini: wipe targets, free all, and leave it empty. */
void li_shape_fini(struct li_shape *);
void li_task_init(struct li_task *);
void li_task_fini(struct li_task *);
void li_faults_fini(struct li_faults *);
void li_task_status_init(struct li_task_status *);
void li_task_status_fini(struct li_task_status *);
void li_address_fini(struct li_address *);
void li_destination_fini(struct li_destination *);
void li_destination_status_fini(struct li_destination_status *);

/** li_shape_copy(out, in): 0, or CU_ENOMEM with ${out} empty. */
int li_shape_copy(struct li_shape *, const struct li_shape *);

/** li_task_copy(out, in), li_destination_copy: As li_shape_copy. */
int li_task_copy(struct li_task *, const struct li_task *);
int li_destination_copy(struct li_destination *, const struct li_destination *);

/**
 * li_task_set_rest(t, c14n, n):
 * Note the ${n} bytes of the exclusive C14N of the children without a place
 * of their own, concatenated (formats 9, rest).
 */
void li_task_set_rest(struct li_task *, const void *, size_t);

/**
 * li_task_line(b, t): Append the canonical line of a task (formats 9), no LF.
 * Return 0; CU_EMALFORMED, CU_ELIMIT of the set (li_set_text); CU_ENOMEM.
 */
int li_task_line(struct buf *, const struct li_task *);

/**
 * li_task_line_with(b, t, old):
 * The line of ${t} with delivery, DIDs and services of ${old} put back: what
 * "all else unchanged" of a narrowing ModifyTask is judged by (formats 9).
 */
int li_task_line_with(struct buf *, const struct li_task *,
    const struct li_shape *);

/** li_count_line(b, xid, status): Append the counter line of a task. */
void li_count_line(struct buf *, const char *, const struct li_task_status *);

/** li_destination_line(b, d): Append the canonical line of a destination. */
void li_destination_line(struct buf *, const struct li_destination *);

/**
 * li_address_text(b, a): Append the address text (formats 9): what follows
 * at= in a destination's line, and a member of an element's delivery.
 */
void li_address_text(struct buf *, const struct li_address *);

/**
 * li_address_parse(out, s, n, why):
 * Read such a text in its one spelling.  Return 0 with ${out} owned;
 * CU_EMALFORMED or CU_ELIMIT with the reason; CU_ENOMEM.
 */
int li_address_parse(struct li_address *, const char *, size_t,
    struct cu_why *);

/**
 * li_address_set(out, kind, value, n, proto, port, n, why):
 * Make an address of the texts of its elements.  ${proto} and ${port} count
 * for IPV4 and IPV6 alone.  Errors as li_address_parse.
 */
int li_address_set(struct li_address *, enum li_address_kind, const char *,
    size_t, enum li_proto, const char *, size_t, struct cu_why *);

/** li_task_equal(a, b), li_destination_equal: Have they the same line? */
bool li_task_equal(const struct li_task *, const struct li_task *);
bool li_destination_equal(const struct li_destination *,
    const struct li_destination *);

/* Why one task is not a narrowing of another; the first that applies. */
enum li_narrow {
	LI_NARROWS = 0,		/* it is: nothing wider, something narrower */
	LI_NARROW_NOTHING,	/* nothing differs */
	LI_NARROW_XID,
	LI_NARROW_TARGETS,	/* another target set: wider, ANDed or not */
	LI_NARROW_PRODUCT, LI_NARROW_CORRELATION, LI_NARROW_IMPLICIT,
	LI_NARROW_REST,
	LI_NARROW_DELIVERY,	/* neither equal nor X2andX3 to one of them */
	LI_NARROW_DIDS,		/* a DID that was not there */
	LI_NARROW_SERVICES,	/* a service more, or an empty list */
	LI_NARROW_MEDIATION	/* a detail that is new or altered */
};

/** li_narrow_text(n): A short text for a person. */
const char *li_narrow_text(enum li_narrow);

/**
 * li_task_narrows(old, new):
 * Does ${new} only take away from ${old} (design 4.4, "ModifyTask that
 * narrows")?  Fewer DIDs, fewer whole mediation details or an earlier end of
 * one, X2andX3 to one of them, a present service list shorter but not empty;
 * all else equal.
 */
enum li_narrow li_task_narrows(const struct li_task *, const struct li_task *);

/** li_shape_narrows(old, new): The same of the clear parts alone. */
enum li_narrow li_shape_narrows(const struct li_shape *,
    const struct li_shape *);
#endif /* !LI_TASK_H_ */
