/*
 * src/li/li_narrow.c: does a change only take away?  Such a change needs no
 * warrant (design 4.4), so whatever is not plainly less is not a narrowing.
 */
#include <string.h>
#include "base/buf.h"
#include "li/li_task.h"

const char *
li_narrow_text(enum li_narrow n)
{
	static const char *const text[] = {
		[LI_NARROWS] = "it narrows",
		[LI_NARROW_NOTHING] = "nothing differs",
		[LI_NARROW_XID] = "another XID",
		[LI_NARROW_TARGETS] = "another target set",
		[LI_NARROW_PRODUCT] = "another productID",
		[LI_NARROW_CORRELATION] = "another correlationID",
		[LI_NARROW_IMPLICIT] = "another implicitDeactivationAllowed",
		[LI_NARROW_REST] = "other extensions or policies",
		[LI_NARROW_DELIVERY] = "deliveryType is not less",
		[LI_NARROW_DIDS] = "a new DID",
		[LI_NARROW_SERVICES] = "services are not fewer",
		[LI_NARROW_MEDIATION] = "mediation details new or altered",
	};

	return (text[n]);
}

static bool
has_did(li_uuid *v, size_t n, const char *did)
{
	while (n-- > 0)
		if (strcmp(v[n], did) == 0)
			return (true);
	return (false);
}

static bool
same_dids(li_uuid *a, size_t a_n, li_uuid *b, size_t b_n)
{
	size_t i;

	if (a_n != b_n)
		return (false);
	for (i = 0; i < a_n; i++)
		if (!has_did(b, b_n, a[i]))
			return (false);
	return (true);
}

/* LI_NARROW_NOTHING, LI_NARROWS, or what is wider. */
enum li_narrow
li_shape_narrows(const struct li_shape *old, const struct li_shape *new)
{
	bool less = false;
	size_t i;

	if (new->delivery != old->delivery) {
		if (old->delivery != LI_DELIVERY_X2X3)
			return (LI_NARROW_DELIVERY);
		less = true;
	}
	for (i = 0; i < new->dids_n; i++)
		if (!has_did(old->dids, old->dids_n, new->dids[i]))
			return (LI_NARROW_DIDS);
	less = less || new->dids_n < old->dids_n;
	if (new->services != old->services) {
		/* 0 is no list: every service. */
		if (old->services == 0 || new->services == 0 ||
		    (new->services & ~old->services) != 0)
			return (LI_NARROW_SERVICES);
		less = true;
	}
	return (less ? LI_NARROWS : LI_NARROW_NOTHING);
}

/* Are two targets sets equal?  As equal bytes of their texts. */
static bool
same_targets(const struct li_task *x, const struct li_task *y)
{
	struct buf a, b;
	bool same;

	buf_init(&a, LI_SET_MAX * 4 * LI_VALUE_MAX);
	buf_init(&b, LI_SET_MAX * 4 * LI_VALUE_MAX);
	same = li_set_text(&a, x->targets, x->targets_n, NULL) == 0 &&
	    li_set_text(&b, y->targets, y->targets_n, NULL) == 0 &&
	    strcmp(buf_text(&a), buf_text(&b)) == 0;
	buf_wipe(&a);
	buf_wipe(&b);
	return (same);
}

/* Equal but for the end, which may be earlier in ${new}. */
static bool
med_within(const struct li_med *old, const struct li_med *new)
{
	if (strcmp(old->liid, new->liid) != 0 ||
	    old->delivery != new->delivery || old->start != new->start ||
	    old->own_dids != new->own_dids ||
	    !same_dids(old->dids, old->dids_n, new->dids, new->dids_n))
		return (false);
	if (new->end == old->end)
		return (true);
	return (new->end != LI_TIME_NONE &&
	    (old->end == LI_TIME_NONE || new->end < old->end));
}

/*
 * Each new detail needs an old one of its own that it lies within.  Equal ones
 * are paired first, so that an earlier end does not use up another's partner.
 */
static enum li_narrow
meds_narrow(const struct li_task *old, const struct li_task *new)
{
	bool used[LI_MEDS_MAX] = { false }, done[LI_MEDS_MAX] = { false };
	bool less = new->meds_n < old->meds_n;
	size_t i, j, paired = 0;
	int round;

	if (old->meds_n > LI_MEDS_MAX || new->meds_n > old->meds_n)
		return (LI_NARROW_MEDIATION);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < new->meds_n; i++) {
			for (j = 0; !done[i] && j < old->meds_n; j++) {
				if (used[j] ||
				    !med_within(&old->meds[j], &new->meds[i]) ||
				    (round == 0 &&
				    old->meds[j].end != new->meds[i].end))
					continue;
				used[j] = done[i] = true;
				paired++;
				less = less || round == 1;
			}
		}
	}
	if (paired != new->meds_n)
		return (LI_NARROW_MEDIATION);
	return (less ? LI_NARROWS : LI_NARROW_NOTHING);
}

enum li_narrow
li_task_narrows(const struct li_task *old, const struct li_task *new)
{
	enum li_narrow shape, meds;

	if (strcmp(old->xid, new->xid) != 0)
		return (LI_NARROW_XID);
	if (!same_targets(old, new))
		return (LI_NARROW_TARGETS);
	if (strcmp(old->product, new->product) != 0)
		return (LI_NARROW_PRODUCT);
	if (old->has_correlation != new->has_correlation ||
	    old->correlation != new->correlation)
		return (LI_NARROW_CORRELATION);
	if (old->implicit != new->implicit)
		return (LI_NARROW_IMPLICIT);
	if (strcmp(old->rest, new->rest) != 0)
		return (LI_NARROW_REST);
	shape = li_shape_narrows(&old->shape, &new->shape);
	if (shape != LI_NARROWS && shape != LI_NARROW_NOTHING)
		return (shape);
	meds = meds_narrow(old, new);
	if (meds == LI_NARROW_MEDIATION)
		return (meds);
	return (shape == LI_NARROWS || meds == LI_NARROWS ? LI_NARROWS :
	    LI_NARROW_NOTHING);
}
