/* src/home/home.h: a home: its configuration, its lock, its paths */
#ifndef HOME_H_
#define HOME_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_tls.h"

struct buf;
struct cu_why;
struct home;

#define HOME_FILE	"custos.yaml"
#define HOME_FILE_MAX	65536
#define HOME_LISTS_MAX	8	/* items of listen, identities, ... */

enum home_role {
	HOME_KEEPER = 1, HOME_GATE, HOME_AUDITOR, HOME_SIM_NE, HOME_SIM_ADMF,
	HOME_ROLE_N
};
/** home_role_name(r): `keeper`, ..., `sim-admf`. */
const char *home_role_name(enum home_role);

/* Files of a TLS identity, absolute; NULL where the section is absent. */
struct home_tls {
	char *cert, *key, *ca;
};
/** home_tls_conf(t): What a context is made of; borrows the names. */
struct net_tls_conf home_tls_conf(const struct home_tls *);

/* What a gate is towards elements, for one registered ADMF. */
struct home_identity {
	char *admf;		/* the id it stands for */
	struct home_tls tls;
};

/*
 * All of custos.yaml (docs/man/custos.yaml.5).  Paths are absolute, durations
 * microseconds, sizes bytes; what a role does not have is 0 or NULL.
 */
struct home_conf {
	enum home_role role;
	char *origin;
	bool has_genesis;	/* optional for the keeper and sims only */
	uint8_t genesis[32];
	char *instance;

	char *socket;		/* own link socket */
	char *keeper;		/* the keeper's, or its address (gate, auditor) */
	struct home_tls keeper_tls;	/* shown there; of an address */
	char *listen[HOME_LISTS_MAX];	/* X1 (gate, sims); keeper: the link */
	size_t listen_n;
	struct home_tls tls;
	struct home_identity identity[HOME_LISTS_MAX];	/* gate */
	size_t identity_n;
	char *instance_key;	/* keys/instance.key */
	char *log_key;		/* keeper: keys/log.key */
	char *vault_key;	/* keeper: a 32-byte key file, or NULL */
	char *spool_key;	/* gate: keys/spool.key */

	/* uids that may use a keeper's or gate's socket; default: our own */
	int64_t uid_gate, uid_auditor, uid_cli;

	char *admf;		/* auditor, sim-admf, sim-ne: ADMF identifier */
	char *ne;		/* sim-ne: own, sim-admf: whom it speaks to */
	char *url;		/* sim-admf: to its NEs; sim-ne: reports */

	uint32_t segment_size;	/* keeper; a power of two, 1-64 MiB */
	uint64_t disk_low;
	utc_us keeper_timeout, outcome_timeout, element_timeout;
	utc_us audit_interval, audit_full, snapshot_keep, beat;
	unsigned int pace;	/* requests a second and element */
};

/**
 * home_parse(c, text, len, dir, why):
 * Read a configuration; paths are taken below ${dir}.  Every refusal names its
 * line.  0; CU_EMALFORMED, CU_ELIMIT, CU_ENOMEM.
 */
int home_parse(struct home_conf *, const char *, size_t, const char *,
    struct cu_why *);
/** home_conf_fini(c): Free what home_parse made. */
void home_conf_fini(struct home_conf *);
/**
 * home_write(b, c, dir):
 * Append a custos.yaml that home_parse reads as ${c}, paths below ${dir}
 * relative; a member at its default is left out.
 */
void home_write(struct buf *, const struct home_conf *, const char *);
/** home_defaults(c, role, dir): Everything that has a default. */
int home_defaults(struct home_conf *, enum home_role, const char *);

/** home_open(out, dir, why): Read DIR/custos.yaml.
 * CU_ENOENT: no home there.  Does not lock.
 */
int home_open(struct home **, const char *, struct cu_why *);
/** home_lock(h, why): Take run/lock until home_free.
 * CU_EBUSY: "home in use by pid N" (exit 3).
 */
int home_lock(struct home *, struct cu_why *);
/** home_free(h): Unlock, free. */
void home_free(struct home *);
const struct home_conf *home_conf(const struct home *);
/** home_dir(h): Its absolute path. */
const char *home_dir(const struct home *);
/** home_digest(h): SHA-256 of the bytes of custos.yaml (entry `start`). */
const uint8_t *home_digest(const struct home *);
/** home_path(h, buf, cap, name): DIR/name.  0, or CU_ELIMIT. */
int home_path(const struct home *, char *, size_t, const char *);

/**
 * home_check(h, b):
 * Look at all that can be seen before starting (files, modes, certificates
 * and keys that fit, free addresses, lock); append a line per complaint to
 * ${b}.  Return how many.
 */
unsigned int home_check(const struct home *, struct buf *);
#endif /* !HOME_H_ */
