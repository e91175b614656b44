/* src/keeper/keeper_entry.c: seal, write, apply, queue: how an entry is made */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/random.h"
#include "journal/journal.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "keeper/keeper_replay.h"
#include "state/state.h"

utc_us
keeper_now(struct keeper *k)
{
	return (keeper_clock_next(&k->clock, utc_now()));
}

void
keeper_seal_by(struct keeper_seal *seal, const char *name,
    const struct record_owner *o, utc_us time)
{
	seal->class = record_class_of(name);
	record_scope_of(seal->scope, o, name, time);
}

/* Seal every disclosure in the order of `_sd`. */
static int
seal(struct keeper *k, const struct keeper_entry *e,
    const uint8_t nonce[RECORD_NONCE_LEN], struct buf *sealed,
    struct record_sealed *row)
{
	const struct record_seal_key *key;
	const struct record_sds_row *r;
	size_t i;
	int rc;

	for (i = 0; i < e->sds->n; i++) {
		r = &e->sds->row[i];
		if ((rc = record_vault_use(k->vault, e->seal[i].scope,
		    e->seal[i].class, &key)) != 0 ||
		    (rc = record_seal(sealed, &row[i], nonce, key, NULL,
		    r->digest, r->text, r->len)) != 0)
			return (rc);
	}
	return (0);
}

/* Now it is decided: from here on there is no way back but the end. */
static void
spoilt(struct keeper *k, const char *what)
{
	diag("%s: the tables and the log would differ; ending", what);
	keeper_end(k, 3);
}

int
keeper_entry_add(struct keeper *k, const struct keeper_entry *e, utc_us time,
    uint64_t *index, struct cu_why *why)
{
	struct record_entry_parts parts = { .kind = e->kind, .time = time,
	    .source = e->source, .act = e->act, .said = e->said,
	    .said_len = e->said_len, .sig = e->sig, .own = e->own,
	    .own_len = e->own_len };
	size_t sds_n = e->sds == NULL ? 0 : e->sds->n, sealed_len = 0;
	struct record_sealed *row = NULL;
	uint64_t at = keeper_log_size(k->log);
	struct buf line, sealed;
	uint8_t *sealed_p = NULL;
	int rc;

	if (k->ending)
		return (CU_ESTATE);
	buf_init(&line, RECORD_ENTRY_MAX);
	buf_init(&sealed, RECORD_SEALED_MAX);
	random_bytes(parts.nonce, sizeof(parts.nonce));
	if (e->said == NULL) {
		parts.source.role = RECORD_ROLE_KEEPER;
		text_put(parts.source.instance, k->instance);
		parts.source.start = k->start;
		parts.source.n = k->n + 1;
	}
	if (sds_n > 0) {
		row = calloc(sds_n, sizeof(*row));
		if (row == NULL) {
			rc = CU_ENOMEM;
			goto out;
		}
		if ((rc = seal(k, e, parts.nonce, &sealed, row)) != 0)
			goto out;
		parts.sealed = row;
		parts.sealed_n = sds_n;
	}
	if ((rc = record_entry_write(&line, &parts, why)) != 0)
		goto out;
	if (!keeper_log_fits(k->log, line.len, sealed.len)) {
		cu_why_set(why, "larger than a batch of this log");
		rc = CU_ELIMIT;
		goto out;
	}
	if (sds_n > 0 &&
	    (sealed_p = buf_take(&sealed, &sealed_len)) == NULL) {
		rc = CU_ENOMEM;
		goto out;
	}
	rc = state_apply(k->state, at, line.p, line.len, why);
	if (rc == CU_ENOMEM)
		spoilt(k, "memory is out");
	if (rc != 0)
		goto out;
	rc = keeper_note_line(k, at, buf_text(&line), line.len);
	if (rc == 0)
		rc = keeper_log_add(k->log, line.p, line.len, sealed_p,
		    sealed_len, time);
	if (rc != 0) {
		spoilt(k, "memory is out");
		goto out;
	}
	sealed_p = NULL;
	keeper_clock_took(&k->clock, time);
	if (e->said == NULL)
		k->n++;
	*index = at;
out:	free(sealed_p);
	free(row);
	buf_fini(&sealed);
	buf_fini(&line);
	return (rc);
}

int
keeper_own(struct keeper *k, enum record_kind kind, const struct buf *members)
{
	struct keeper_entry e = { .kind = kind };
	struct cu_why why = { "" };
	uint64_t index;
	int rc;

	if (members != NULL) {
		if (members->rc != 0)
			return (members->rc);
		e.own = buf_text(members);
		e.own_len = members->len;
	}
	rc = keeper_entry_add(k, &e, keeper_now(k), &index, &why);
	if (rc != 0)
		diag("an entry of kind %s was not written: %s: %s",
		    record_kind_name(kind), cu_strerror(rc), why.text);
	return (rc);
}

int
keeper_unseal(struct keeper *k, uint64_t index, struct record_sds *sds)
{
	const struct record_vault_line *key;
	struct record_entry *e = NULL;
	struct record_item *item = NULL;
	struct buf line, sealed, text;
	size_t i;
	int rc;

	buf_init(&line, RECORD_ENTRY_MAX);
	buf_init(&sealed, RECORD_SEALED_MAX);
	buf_init(&text, RECORD_SD_TEXT_MAX);
	if ((rc = keeper_log_entry(k->log, index, &line)) != 0 ||
	    (rc = record_entry_read(&e, line.p, line.len, NULL)) != 0)
		goto out;
	if (e->sd_n == 0) {
		rc = CU_ENOENT;
		goto out;
	}
	rc = journal_reader_sealed(journal_reader(k->journal), index, &sealed);
	if (rc != 0)
		goto out;
	if ((item = calloc(e->sd_n, sizeof(*item))) == NULL) {
		rc = CU_ENOMEM;
		goto out;
	}
	if ((rc = record_items(item, e->sealed, e->sd_n, sealed.p,
	    sealed.len)) != 0)
		goto out;
	for (i = 0; rc == 0 && i < e->sd_n; i++) {
		/* A key that was destroyed took its values with it. */
		key = record_vault_find(k->vault, e->sealed[i].key);
		if (key == NULL)
			continue;
		buf_reset(&text);
		if ((rc = record_unseal(&text, &e->sealed[i], e->nonce,
		    &key->key, item[i].p, item[i].len)) == 0)
			rc = record_sds_take(sds, buf_text(&text), text.len);
	}
out:	free(item);
	record_entry_free(e);
	buf_wipe(&text);
	buf_fini(&sealed);
	buf_fini(&line);
	return (rc);
}
