/* src/keeper/keeper_create.c: entry 0, and looking before a start */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/random.h"
#include "home/home.h"
#include "journal/journal.h"
#include "keeper/keeper.h"
#include "record/record_genesis.h"
#include "record/record_payload.h"

#define PATH_CAP	4096

/* Is entry 0 complete, and is it for this home? */
static int
genesis_ok(struct keeper *k, const struct buf *line,
    char digest[2 * DIGEST_LEN + 1], struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	struct record_payload *p = NULL;
	int rc;

	if ((rc = record_genesis_read(&p, digest, line->p, line->len,
	    why)) != 0)
		return (rc);
	rc = CU_EDENIED;
	if (strcmp(p->genesis.origin, c->origin) != 0)
		cu_why_set(why, "its origin is %s, custos.yaml says %s",
		    p->genesis.origin, c->origin);
	else if (memcmp(p->genesis.log_key, sign_key_public(k->log_secret),
	    SIGN_PUBLIC_LEN) != 0)
		cu_why_set(why, "its log_key is not that of %s", c->log_key);
	else
		rc = 0;
	record_payload_free(p);
	return (rc);
}

/* Write segment 1 with entry 0, durable, and its checkpoint. */
static int
write_first(struct keeper *k, const struct buf *line, utc_us time,
    struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	struct journal_options o = { .key = &k->log_key,
	    .segment_size = c->segment_size, .in_line = true };
	struct journal_add add = { .entry = line->p, .entry_len = line->len };
	struct journal_head head;
	char dir[PATH_CAP];
	struct buf note;
	int rc;

	buf_init(&note, TLOG_NOTE_MAX);
	if ((rc = home_path(k->home, dir, sizeof(dir), "log")) != 0)
		return (rc);
	o.dir = dir;
	if ((rc = journal_create(&k->journal, &o, why)) != 0)
		return (rc);
	rc = journal_write(k->journal, &add, 1, time);
	journal_head(k->journal, &head);
	if (rc != 0 || (rc = tlog_checkpoint_sign(&note, head.size, head.root,
	    &k->log_key, k->log_secret)) != 0 ||
	    (rc = journal_note(k->journal, note.p, note.len)) != 0)
		cu_why_set(why, "log: %s", cu_strerror(rc));
	buf_fini(&note);
	return (rc);
}

/* The line of entry 0, read back as it will be at each start. */
static int
first_line(struct keeper *k, const struct record_act *a, struct buf *line,
    utc_us time, char digest[2 * DIGEST_LEN + 1], struct cu_why *why)
{
	struct record_entry_parts parts = { .kind = RECORD_GENESIS,
	    .time = time, .act = a };
	int rc;

	if (a->kind != RECORD_GENESIS) {
		cu_why_set(why, "not a genesis");
		return (CU_EMALFORMED);
	}
	random_bytes(parts.nonce, sizeof(parts.nonce));
	parts.source.role = RECORD_ROLE_KEEPER;
	text_put(parts.source.instance, home_conf(k->home)->instance);
	parts.source.start = parts.source.n = 1;
	if ((rc = record_entry_write(line, &parts, why)) != 0)
		return (rc);
	return (genesis_ok(k, line, digest, why));
}

int
keeper_create(struct keeper *k, const struct keeper_pass *pass,
    const char *file, struct cu_why *why)
{
	struct record_act_file *f = NULL;
	char digest[2 * DIGEST_LEN + 1];
	struct buf text, line;
	utc_us time = utc_now();
	int rc;

	k->instance = home_conf(k->home)->instance;
	buf_init(&text, RECORD_ACT_FILE_MAX);
	buf_init(&line, RECORD_ENTRY_MAX);
	if ((rc = home_lock(k->home, why)) != 0 ||
	    (rc = keeper_keys(k, pass, why)) != 0)
		goto out;
	rc = io_read_file(io_system(), AT_FDCWD, file, &text);
	if (rc != 0) {
		cu_why_set(why, "%s: %s", file, cu_strerror(rc));
		goto out;
	}
	if ((rc = record_act_file_read(&f, buf_text(&text), text.len,
	    why)) != 0 || (rc = first_line(k, f->act, &line, time, digest,
	    why)) != 0) {
		cu_why_in(why, "%s", file);
		goto out;
	}
	if ((rc = keeper_vault(k, pass, true, why)) != 0 ||
	    (rc = write_first(k, &line, time, why)) != 0)
		goto out;
	printf("%s\n", digest);
out:	record_act_file_free(f);
	buf_fini(&line);
	buf_fini(&text);
	return (rc);
}

unsigned int
keeper_check(struct keeper *k, const struct keeper_pass *pass, struct buf *b)
{
	struct cu_why why = { "" };
	unsigned int n = home_check(k->home, b);

	k->instance = home_conf(k->home)->instance;
	if (keeper_keys(k, pass, &why) != 0) {
		buf_printf(b, "%s\n", why.text);
		n++;
	}
	why.text[0] = '\0';
	if (keeper_vault(k, pass, false, &why) != 0) {
		buf_printf(b, "%s\n", why.text);
		n++;
	}
	return (n);
}
