/* src/auditor/auditor.h: the auditor: asks elements, says what they said */
#ifndef AUDITOR_H_
#define AUDITOR_H_

struct auditor;
struct cu_why;
struct home;

#define AUDITOR_VERSION	"0.1.0"
#define AUDITOR_BUILD	"custos 0.1.0"

/**
 * auditor_create(out, home, why):
 * Set up all of a home whose role is auditor and which is locked.  Borrow
 * ${home}.  0; CU_ENOENT, CU_EMALFORMED, CU_EIO, CU_ECRYPTO, CU_ENOMEM.
 */
int auditor_create(struct auditor **, struct home *, struct cu_why *);

/**
 * auditor_run(a):
 * Follow, ask, report until a signal, then say `stop`.  Return 0; CU_EDENIED
 * if the keeper showed what cannot be believed; CU_EIO.
 */
int auditor_run(struct auditor *);
void auditor_free(struct auditor *);
#endif /* !AUDITOR_H_ */
