/* src/record/record_form.h: the members of said and of the keeper, checked */
#ifndef RECORD_FORM_H_
#define RECORD_FORM_H_
#include "record/record_log.h"

struct cu_why;
struct jv;

/** record_form_said(v, kind, role, why): Has what was said all its members? */
int record_form_said(const struct jv *, enum record_kind, enum record_role,
    struct cu_why *);

/**
 * record_form_own(root, kind, reported, act, why):
 * Has the entry, beside its common members, those of the keeper for its kind?
 * ${reported}: it has `said`; ${act}: it has `act`.
 */
int record_form_own(const struct jv *, enum record_kind, bool, bool,
    struct cu_why *);
#endif /* !RECORD_FORM_H_ */
