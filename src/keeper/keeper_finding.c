/* src/keeper/keeper_finding.c: findings, written as they follow from the log */
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "json/jw.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "net/net_loop.h"
#include "state/state.h"

static int
add(struct keeper *k, const struct buf *own, struct record_sds *sds,
    struct keeper_seal *seal, utc_us time, uint64_t *index)
{
	struct keeper_entry e = { .kind = RECORD_FINDING,
	    .own = buf_text(own), .own_len = own->len, .sds = sds,
	    .seal = seal };
	struct cu_why why = { "" };
	int rc;

	if ((rc = own->rc) == 0)
		rc = keeper_entry_add(k, &e, time, index, &why);
	if (rc != 0)
		diag("a finding was not written: %s: %s", cu_strerror(rc),
		    why.text);
	return (rc);
}

void
keeper_findings(struct keeper *k)
{
	struct state_finding f;
	struct buf own;
	uint64_t index;
	unsigned int n;
	int rc = 0;

	buf_init(&own, RECORD_ENTRY_MAX);
	for (n = 0; rc == 0 && !k->ending && n < KEEPER_FINDINGS; n++) {
		utc_us time = keeper_now(k);

		if (!state_finding_due(k->state, time, &f))
			break;
		buf_reset(&own);
		state_finding_write(&own, &f);
		rc = add(k, &own, NULL, NULL, time, &index);
		if (rc == 0)
			diag("finding %llu: %s (%s)",
			    (unsigned long long)index, f.type, f.severity);
	}
	/* More than fits one turn: go on when others had theirs. */
	if (n == KEEPER_FINDINGS)
		net_timer_set(k->findings, 0);
	buf_fini(&own);
}

/* The members of a finding that no entry gives rise to. */
static void
write_own(struct buf *own, const char *type, const char *severity,
    const char *instance, const char *holder, const struct record_sds *sds)
{
	struct buf b;
	struct jw w;

	buf_init(&b, RECORD_ENTRY_MAX);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_str(&w, "verb", "open");
	jw_null(&w, "finding");
	jw_str(&w, "type", type);
	jw_str(&w, "severity", severity);
	jw_null(&w, "element");
	jw_strz(&w, "instance", instance);
	jw_strz(&w, "holder", holder);
	jw_null(&w, "xid");
	jw_null(&w, "did");
	jw_arr(&w, "rests");
	jw_end(&w);
	jw_null(&w, "word");
	if (sds != NULL)
		record_sds_write(sds, &w);
	jw_end(&w);
	if (b.rc == 0)
		buf_add(own, b.p + 1, b.len - 2);
	else
		own->rc = b.rc;
	buf_fini(&b);
}

/* At most `refusals` a second: an attempt leaves a trace, a flood does not. */
static bool
too_many(struct keeper *k)
{
	utc_us now = utc_mono();

	if (now - k->refusals_since >= UTC_SECOND) {
		k->refusals_since = now;
		k->refusals = 0;
	}
	return (++k->refusals >
	    state_rules(k->state)->v[RECORD_RULE_REFUSALS]);
}

int
keeper_finding_act(struct keeper *k, bool self, const char *holder,
    const struct record_act *act, uint64_t *index)
{
	struct record_owner o = { .instance = k->instance };
	struct keeper_seal seal;
	struct record_sds sds;
	struct buf text, own;
	struct jw w;
	utc_us time = keeper_now(k);
	int rc;

	if (too_many(k))
		return (CU_ESTATE);
	record_sds_init(&sds);
	buf_init(&own, RECORD_ENTRY_MAX);
	buf_init(&text, RECORD_SD_TEXT_MAX);
	jw_init(&w, &text);
	record_act_write(act, &w, NULL);
	if ((rc = text.rc) != 0 ||
	    (rc = record_sds_str(&sds, "act", buf_text(&text))) != 0 ||
	    (rc = record_sds_sort(&sds)) != 0)
		goto out;
	keeper_seal_by(&seal, "act", &o, time);
	write_own(&own, self ? "approval.self" : "act.refused",
	    self ? "critical" : "notice", NULL, holder, &sds);
	rc = add(k, &own, &sds, &seal, time, index);
out:	buf_wipe(&text);
	buf_fini(&own);
	record_sds_fini(&sds);
	return (rc);
}

void
keeper_finding_clock(struct keeper *k)
{
	struct buf own;
	uint64_t index;

	buf_init(&own, RECORD_ENTRY_MAX);
	write_own(&own, "clock.step", "critical", k->instance, NULL, NULL);
	(void)add(k, &own, NULL, NULL, keeper_now(k), &index);
	buf_fini(&own);
}
