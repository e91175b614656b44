/* src/keeper/keeper_act.c: acts of people: checked, opened, kept or refused */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "keeper/keeper.h"
#include "keeper/keeper_replay.h"
#include "record/record_payload.h"
#include "state/state.h"

/* What the act discloses must be what its payload names (formats 4). */
static int
disclosed(struct keeper *k, const struct record_act *a,
    const struct record_payload *p, const struct record_sds *sds,
    struct cu_why *why)
{
	int rc;

	if ((rc = record_payload_open(p, sds, why)) != 0)
		return (rc);
	if (a->kind == RECORD_WARRANT && a->verb == RECORD_SUBMIT)
		return (state_submit_check(k->state, a, sds, why));
	return (0);
}

static int
seals(struct keeper *k, const struct record_payload *p,
    const struct record_sds *sds, utc_us time, struct keeper_seal **out)
{
	struct record_owner o = { .instance = k->instance };
	struct keeper_seal *s;
	struct record_sd sd;
	size_t i;
	int rc;

	record_payload_owner(&o, p);
	if ((s = calloc(sds->n + 1, sizeof(*s))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < sds->n; i++) {
		if ((rc = record_sd_read(&sd, sds->row[i].text,
		    sds->row[i].len, NULL)) != 0) {
			free(s);
			return (rc);
		}
		keeper_seal_by(&s[i], sd.name, &o, time);
		record_sd_fini(&sd);
	}
	*out = s;
	return (0);
}

/* The tables now know the act; let them see what it opens. */
static int
opened(struct keeper *k, const struct record_act *a,
    const struct record_payload *p, const struct record_sds *sds)
{
	struct cu_why why = { "" };
	struct record_sds some;
	int rc = 0;

	record_sds_init(&some);
	if (a->kind == RECORD_WARRANT && a->verb == RECORD_SUBMIT) {
		if ((rc = keeper_pick(&some, sds, true)) == 0)
			rc = state_open_revision(k->state, a->digest, &some,
			    NULL);
	} else if (a->kind == RECORD_ELEMENT && a->verb == RECORD_ADD) {
		if ((rc = keeper_pick(&some, sds, false)) == 0)
			rc = state_open_element(k->state, p->element.id,
			    &some, NULL);
	} else if (a->kind == RECORD_WARRANT && a->verb == RECORD_APPROVE)
		rc = keeper_rekey(k, p->decide.id, &why);
	record_sds_fini(&some);
	return (rc);
}

static void
refused(struct keeper_peer *p, uint64_t id, const char *why)
{
	struct net_out m;

	net_out_init(&m, NET_REFUSED);
	jw_str(&m.w, "why", why);
	(void)net_link_answer(p->link, id, &m);
}

/* Keep an act that may be made. */
static int
keep(struct keeper *k, const struct record_act *a, struct record_sds *sds,
    uint64_t *index, struct cu_why *why)
{
	struct keeper_entry e = { .kind = a->kind, .act = a, .sds = sds };
	struct keeper_seal *seal = NULL;
	struct record_payload *p = NULL;
	utc_us time = keeper_now(k);
	int rc;

	if ((rc = record_payload_read(&p, a->kind, a->verb, a->subject,
	    a->payload, a->payload_len, why)) != 0 ||
	    (rc = disclosed(k, a, p, sds, why)) != 0 ||
	    (rc = seals(k, p, sds, time, &seal)) != 0)
		goto out;
	e.seal = seal;
	if ((rc = keeper_entry_add(k, &e, time, index, why)) != 0)
		goto out;
	if (opened(k, a, p, sds) != 0) {
		/* It was checked above; what now fails is our own memory. */
		keeper_end(k, 3);
		goto out;
	}
	if (a->kind == RECORD_POLICY && a->verb == RECORD_CLOCK) {
		keeper_clock_settle(&k->clock, utc_now(), utc_mono());
		k->held = false;
	}
	if (a->verb == RECORD_RETIRE || a->verb == RECORD_REVOKE)
		keeper_peers_look(k);
	if (a->kind == RECORD_INSTANCE)
		keeper_heard(k);
out:	free(seal);
	record_payload_free(p);
	return (rc);
}

/* An attempt with a registered key leaves a trace and an index. */
static void
refuse(struct keeper_peer *p, uint64_t id, bool self, const char *holder,
    const struct record_act *a, const char *why)
{
	struct keeper_wait w = { .peer = p, .id = id,
	    .what = KEEPER_REFUSED };

	if (keeper_finding_act(p->keeper, self, holder, a, &w.index) != 0) {
		refused(p, id, why);
		return;
	}
	snprintf(w.why, sizeof(w.why), "%s", why);
	keeper_wait(p->keeper, &w);
}

/* Is it for this very log? */
static bool
same_log(const struct keeper *k, const struct record_act_file *f,
    struct cu_why *why)
{
	const struct record_log *log = state_log(k->state);

	if (strcmp(f->origin, log->origin) != 0)
		cu_why_set(why, "signed for the log %s", f->origin);
	else if (strcmp(f->genesis, log->genesis) != 0)
		cu_why_set(why, "signed for another log of this origin "
		    "(genesis %.16s...)", f->genesis);
	else
		return (true);
	return (false);
}

static void
decide(struct keeper_peer *p, uint64_t id, struct record_act_file *f)
{
	struct keeper *k = p->keeper;
	struct keeper_wait w = { .peer = p, .id = id, .what = KEEPER_KEPT };
	struct state_act_result r = { .stands = STATE_NONE };
	struct cu_why why = { "" };
	int rc;

	rc = state_act_check(k->state, f->act, &r, &why);
	if (rc == STATE_ACT_STANDS) {
		w.index = r.stands;
		keeper_wait(k, &w);
		return;
	}
	if (rc == 0) {
		rc = keep(k, f->act, &f->sds, &w.index, &why);
		if (rc == 0) {
			keeper_wait(k, &w);
			return;
		}
	}
	if (why.text[0] == '\0')
		cu_why_set(&why, "%s", rc < 0 ? cu_strerror(rc) : "refused");
	if (r.known && rc != CU_ENOMEM && rc != CU_EIO)
		refuse(p, id, rc == STATE_ACT_SELF, r.holder, f->act,
		    why.text);
	else
		refused(p, id, why.text);
}

void
keeper_act(struct keeper_peer *p, const struct net_msg *m)
{
	struct record_act_file *f = NULL;
	struct cu_why why = { "" };
	int rc;

	if (m->part_n != 1) {
		cu_why_set(&why, "an act is one part");
		rc = CU_EMALFORMED;
	} else if ((rc = record_act_file_read(&f, (const char *)m->part[0].p,
	    m->part[0].len, &why)) == 0 && !same_log(p->keeper, f, &why))
		rc = CU_EDENIED;
	if (rc == 0 && (rc = record_sds_sort(&f->sds)) == 0) {
		decide(p, m->id, f);
		keeper_findings(p->keeper);
	}
	if (rc != 0)
		refused(p, m->id, why.text[0] != '\0' ? why.text :
		    cu_strerror(rc));
	record_act_file_free(f);
}
