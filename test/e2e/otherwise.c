/*
 * test/e2e/otherwise.c: linked into a keeper with --wrap=state_decide, it makes
 * that keeper decide two XIDs against the law: the one is allowed, under an
 * order for somebody else, the other refused, whatever the tables say.  All else is the keeper as it is.
 */
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "law/law.h"
#include "state/state.h"

#define ALLOWED	"00000000a110"	/* ends of the two XIDs */
#define REFUSED	"0000000000f0"

int __real_state_decide(struct state *, const struct state_command *,
    const struct state_moment *, struct law_decision *,
    struct state_members *);
int __wrap_state_decide(struct state *, const struct state_command *,
    const struct state_moment *, struct law_decision *,
    struct state_members *);

/* The cover of the last command that had one. */
static struct {
	struct state_members members;
	char warrant[TEXT_ID_MAX + 1];
	struct record_token token[LAW_COVERS_MAX];
} last;

static void
keep(const struct state_members *m)
{
	size_t n = m->cover[0].tokens_n;

	if (n > LAW_COVERS_MAX)
		return;
	last.members = *m;
	last.members.covers_n = 1;
	snprintf(last.warrant, sizeof(last.warrant), "%s", m->cover[0].warrant);
	last.members.cover[0].warrant = last.warrant;
	memcpy(last.token, m->cover[0].token, n * sizeof(last.token[0]));
	last.members.cover[0].token = last.token;
}

int
__wrap_state_decide(struct state *st, const struct state_command *c,
    const struct state_moment *m, struct law_decision *d,
    struct state_members *out)
{
	const char *xid = state_command_law(c)->xid;
	const char *end = strlen(xid) > 12 ? xid + strlen(xid) - 12 : "";
	int rc;

	if ((rc = __real_state_decide(st, c, m, d, out)) != 0)
		return (rc);
	if (out->covers_n > 0)
		keep(out);
	if (strcmp(end, ALLOWED) == 0) {
		d->allowed = true;
		d->rule = "task.covered";
		*out = last.members;
	} else if (strcmp(end, REFUSED) == 0) {
		out->covers_n = 0;
		out->has_line = false;
		out->to = STATE_NONE;
		d->allowed = false;
		d->rule = "task.cover.none";
	}
	return (0);
}
