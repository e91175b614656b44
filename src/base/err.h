/* src/base/err.h: the failures that every module forwards unchanged */
#ifndef ERR_H_
#define ERR_H_

/*
 * A function returns 0 for success, a negative CU_E* to be forwarded as it is,
 * or a positive MODULE_E_* outcome that its own header documents.
 */
#define CU_ENOMEM	(-1)	/* memory could not be had */
#define CU_EMALFORMED	(-2)	/* input breaks its format */
#define CU_ELIMIT	(-3)	/* input is over a named limit */
#define CU_EIO		(-4)	/* the operating system failed; see errno */
#define CU_ECRYPTO	(-5)	/* the crypto library failed, or a check of it */
#define CU_ENOENT	(-6)	/* what was asked for is not there */
#define CU_EEXIST	(-7)	/* what was to be made is there already */
#define CU_EBUSY	(-8)	/* somebody else holds it */
#define CU_ETIME	(-9)	/* a deadline passed */
#define CU_ESTATE	(-10)	/* not possible now */
#define CU_EDENIED	(-11)	/* not allowed to this peer or holder */

/** cu_strerror(rc): Return a short text for ${rc}; never NULL. */
const char *cu_strerror(int);

#define CU_WHY_MAX	256

/* Why something was refused: one line, naming the field and the reason. */
struct cu_why {
	char text[CU_WHY_MAX];
};

/**
 * cu_why_set(why, fmt, ...):
 * Write the reason into ${why}, cut at CU_WHY_MAX - 1 bytes; do nothing if
 * ${why} is NULL.  Never pass a target, a name or a secret.
 */
void cu_why_set(struct cu_why *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * cu_why_in(why, fmt, ...):
 * Put a place ("line 7", "holder/x") and ": " before the reason that is there.
 */
void cu_why_in(struct cu_why *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* !ERR_H_ */
