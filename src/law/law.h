/* src/law/law.h: may this command pass?  Facts in, a decision out */
#ifndef LAW_H_
#define LAW_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "crypto/digest.h"
#include "li/li_task.h"
#include "record/record_payload.h"

/*
 * Pure: no clock, no I/O, no allocation.  Keeper, gate and verify call the same
 * law_decide with the same struct and get the same answer (design 4.4).  The
 * rules are named and explained in docs/rules.md, each tested in test/law/.
 */
#define LAW_VERSION	1	/* `law` of the genesis */
#define LAW_COVERS_MAX	16	/* rows of `covers` (formats 3) */
#define LAW_WARRANTS_MAX 64	/* live revisions that one command can meet */
#define LAW_VERSIONS_MAX 16	/* versions of a task admissible at once */

enum law_type {
	LAW_NONE = 0,			/* type could not be read */
	LAW_ACTIVATE_TASK, LAW_MODIFY_TASK, LAW_DEACTIVATE_TASK,
	LAW_CREATE_DESTINATION, LAW_MODIFY_DESTINATION,
	LAW_REMOVE_DESTINATION,
	LAW_GET_TASK_DETAILS, LAW_GET_DESTINATION_DETAILS, LAW_GET_NE_STATUS,
	LAW_PING, LAW_KEEPALIVE,
	LAW_LIST_ALL_DETAILS, LAW_GET_ALL_DETAILS, LAW_GET_ALL_TASK_DETAILS,
	LAW_GET_ALL_DESTINATION_DETAILS, LAW_GET_ALL_GENERIC_OBJECT_DETAILS,
	LAW_DEACTIVATE_ALL_TASKS, LAW_REMOVE_ALL_DESTINATIONS,
	LAW_CREATE_OBJECT, LAW_MODIFY_OBJECT, LAW_GET_OBJECT,
	LAW_DELETE_OBJECT, LAW_LIST_OBJECTS_OF_TYPE, LAW_DELETE_ALL_OBJECTS,
	LAW_OTHER,			/* readable, but none of these */
	LAW_TYPE_N
};

/** law_type_name(t): X1 message name without `Request`; NULL for NONE, OTHER. */
const char *law_type_name(enum law_type);
/** law_type_find(s, n): OTHER for a name that is none of these. */
enum law_type law_type_find(const char *, size_t);

/* A command as `said` holds it (docs/format/entries.md). */
struct law_command {
	enum law_type type;
	const char *form;	/* NULL, or the rule form.* (borrowed) */
	bool has_stamp;
	utc_us stamp;
	li_uuid transaction, xid, product;	/* "" where null */
	bool has_correlation, has_implicit, implicit;
	uint64_t correlation;
	struct li_shape shape;	/* borrows: of a task; a destination's did is
				 * dids[0], its delivery shape.delivery */
	unsigned int mediation;	/* how many MediationDetails */
};

/* One live revision that the command meets: its set is the command's, or the
 * XID is bound to its warrant. */
struct law_warrant {
	utc_us from, until;
	bool cc;		/* scope iri+cc */
	unsigned int services;	/* 0: all */
	bool element;		/* names the element or its zone */
	bool set;		/* the command's target set is one of its sets */
	bool alone;		/* and each member by itself is one, too */
	bool bound;		/* the XID is bound to this warrant */
	bool product;		/* the productID is bound to this warrant */
	bool xid_product;	/* the XID stands as a productID of it */
};

/* An admissible version of the task that the command names. */
struct law_version {
	struct li_shape shape;	/* borrowed */
	bool same;		/* all but the shape is as in the command:
				 * judged by the line token (formats 8) */
};

/* A destination that the command names. */
struct law_did {
	bool known;		/* created through us, on this element */
	bool settled;		/* acknowledged, and one version admissible */
	bool contradicted;	/* an open finding stands against it */
	bool mdf;		/* its address is one of a live MDF ... */
	bool zone;		/* ... of the element's zone */
	bool used;		/* a task may still deliver to it */
};

/* All that a rule may read.  state_facts fills it; nothing else is seen. */
struct law_facts {
	/* formats 11, Time.  Keeper: both the entry's time. */
	utc_us lo, hi;
	bool held;		/* keeper's clock stepped: narrowing only */
	struct record_rules rules;

	/* who */
	bool peer_known;	/* the certificate is a registered requester's */
	bool peer_admf;		/* ... and that is a live ADMF */
	bool peer_pinned;	/* ... and the certificate one of its pins, or
				 * it has none */
	bool peer_bound;	/* wire identity is the registered one, by the
				 * registered rule (X1 8.2.4) */
	bool transaction_new;

	/* where */
	bool element_known;	/* the index is the newest registration ... */
	bool element_named;	/* ... and the wire names its identity */
	enum record_element_kind element_kind;
	bool element_gate;	/* ... and it belongs to the reporting gate */
	bool element_admf;	/* ... and its `admfs` names the requester */
	bool multi_all;

	/* the task */
	bool members;		/* ${set} and ${alone} could be computed: the
				 * targets were given, are normal and name */
	bool xid_bound;
	bool xid_own;		/* this requester's command bound it */
	bool xid_product;	/* the XID stands as a productID */
	bool product_known;	/* the productID stands as XID or productID */
	struct law_version version[LAW_VERSIONS_MAX];
	size_t versions_n;
	bool versions_over;	/* more than fit: nothing counts as narrowing */
	struct law_warrant warrant[LAW_WARRANTS_MAX];	/* latest until first,
							 * then by id */
	size_t warrants_n;

	/* destinations: one for each of shape.dids */
	struct law_did did[LI_DIDS_MAX];
	bool address_mdf;	/* the commanded address is a live MDF's ... */
	bool address_zone;	/* ... of the element's zone */
};

struct law_decision {
	bool allowed;
	const char *rule;	/* static, or the command's form */
	bool narrowing;		/* can only reduce interception */
	/* ActivateTask, ModifyTask: which of facts.warrant cover it all */
	uint8_t cover[LAW_COVERS_MAX];
	size_t covers_n;
};

/** law_decide(facts, command, decision): Decide. */
void law_decide(const struct law_facts *, const struct law_command *,
    struct law_decision *);

/**
 * law_code(type, rule): The X1 error code that answers a refusal (formats 11):
 * where the form is wrong the standard's code, else one by type alone.
 */
int law_code(enum law_type, const char *);

/** law_rule_form(rule): Does it name a fault of form, not of authority? */
bool law_rule_form(const char *);

/* The rules, for documents and tests: NULL ends. */
struct law_rule { const char *name; int code; /* 0: by type */ };
extern const struct law_rule law_rules[];
#endif /* !LAW_H_ */
