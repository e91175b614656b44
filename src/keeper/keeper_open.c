/* src/keeper/keeper_open.c: from a home to keys, log and tables */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/random.h"
#include "home/home.h"
#include "journal/journal.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"
#include "keeper/keeper_replay.h"
#include "record/record_key.h"
#include "state/state.h"

#define PATH_CAP	4096

/* Read a small file of the home; ${b} is wiped by the caller. */
static int
read_file(struct buf *b, size_t max, const char *path, struct cu_why *why)
{
	int rc;

	buf_init(b, max);
	rc = io_read_file(io_system(), AT_FDCWD, path, b);
	if (rc != 0)
		cu_why_set(why, "%s: %s", path, cu_strerror(rc));
	return (rc);
}

static int
open_key(struct sign_key **out, const char *path,
    const struct keeper_pass *pass, struct cu_why *why)
{
	struct buf b;
	int rc;

	if ((rc = read_file(&b, RECORD_KEY_FILE_MAX, path, why)) == 0 &&
	    (rc = record_key_open(out, buf_text(&b), b.len, pass->text,
	    pass->len, why)) != 0)
		cu_why_in(why, "%s", path);
	buf_wipe(&b);
	return (rc);
}

int
keeper_keys(struct keeper *k, const struct keeper_pass *pass,
    struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	int rc;

	if ((rc = open_key(&k->log_secret, c->log_key, pass, why)) != 0 ||
	    (rc = open_key(&k->instance_key, c->instance_key, pass, why)) != 0)
		return (rc);
	rc = tlog_key_init(&k->log_key, c->origin, TLOG_ED25519,
	    sign_key_public(k->log_secret));
	if (rc != 0)
		cu_why_set(why, "origin %s: not the name of a log", c->origin);
	return (rc);
}

int
keeper_vault(struct keeper *k, const struct keeper_pass *pass, bool create,
    struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	struct record_master_lock lock = { 0 };
	char dir[PATH_CAP];
	struct buf b;
	int rc;

	buf_init(&b, RECORD_MASTER_FILE_MAX);
	if ((rc = home_path(k->home, dir, sizeof(dir), "vault")) != 0)
		return (rc);
	if (c->vault_key != NULL) {
		rc = read_file(&b, RECORD_MASTER_FILE_MAX, c->vault_key, why);
		if (rc != 0)
			goto done;
		lock.key_file = b.p;
		lock.key_file_len = b.len;
	} else if (pass->text != NULL) {
		lock.pass = pass->text;
		lock.pass_len = pass->len;
	} else {
		cu_why_set(why, "vault: a passphrase is needed "
		    "(--passphrase-file)");
		rc = CU_EDENIED;
		goto done;
	}
	if (create && (rc = record_vault_create(dir, &lock, why)) != 0 &&
	    rc != CU_EEXIST)
		goto done;
	why->text[0] = '\0';
	rc = record_vault_open(&k->vault, dir, &lock, true, why);
done:
	buf_wipe(&b);
	return (rc);
}

/* What the tables say must be what this home is. */
static int
same_log(struct keeper *k, struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	const struct record_log *log = state_log(k->state);
	struct state_instance i;
	char hex[65];

	if (log == NULL) {
		cu_why_set(why, "log: no entry stands: its genesis is gone");
		return (CU_EMALFORMED);
	}
	if (strcmp(log->origin, c->origin) != 0) {
		cu_why_set(why, "origin: custos.yaml says %s, the log is %s",
		    c->origin, log->origin);
		return (CU_EDENIED);
	}
	text_hex(hex, c->genesis, sizeof(c->genesis));
	if (c->has_genesis && strcmp(hex, log->genesis) != 0) {
		cu_why_set(why, "genesis: custos.yaml says %s, the log's is %s",
		    hex, log->genesis);
		return (CU_EDENIED);
	}
	if (memcmp(state_log_key(k->state), sign_key_public(k->log_secret),
	    SIGN_PUBLIC_LEN) != 0) {
		cu_why_set(why, "%s: not the key that the genesis names",
		    c->log_key);
		return (CU_EDENIED);
	}
	/* Until the overseers register it the keeper is nobody: as at init. */
	if (!state_instance(k->state, k->instance, &i))
		return (0);
	if (!i.live || i.role != RECORD_ROLE_KEEPER || memcmp(i.key,
	    sign_key_public(k->instance_key), SIGN_PUBLIC_LEN) != 0) {
		cu_why_set(why, "instance %s: registered otherwise "
		    "(retired, another role or key)", k->instance);
		return (CU_EDENIED);
	}
	return (0);
}

/*
 * What was let out before this start, and what a registered instance has
 * shown: log/contradiction stands until the log that it knows is back.
 */
static int
memories(struct keeper *k, struct cu_why *why)
{
	struct tlog_checkpoint cp;
	char path[PATH_CAP];
	struct buf b;
	int rc;

	buf_init(&b, TLOG_NOTE_MAX);
	if ((rc = home_path(k->home, path, sizeof(path),
	    "log/contradiction")) != 0)
		return (rc);
	rc = io_read_file(io_system(), AT_FDCWD, path, &b);
	if (rc == 0 && keeper_note_check(k, buf_text(&b), b.len) == CU_ESTATE) {
		cu_why_set(why, "log/contradiction holds a checkpoint of this "
		    "log that the log on this disk does not contain: "
		    "it was rolled back or replaced");
		buf_fini(&b);
		return (CU_ESTATE);
	}
	buf_reset(&b);
	if ((rc = home_path(k->home, path, sizeof(path),
	    "log/checkpoint")) != 0)
		goto done;
	/* journal_open has compared it with what was recovered. */
	if (io_read_file(io_system(), AT_FDCWD, path, &b) == 0 &&
	    tlog_checkpoint_open(&cp, b.p, b.len, &k->log_key) == 0)
		rc = keeper_log_known(k->log, buf_text(&b), b.len, cp.size);
done:
	buf_fini(&b);
	return (rc);
}

static double
seconds(utc_us since)
{
	return ((double)(utc_mono() - since) / (double)UTC_SECOND);
}

int
keeper_open(struct keeper *k, const struct keeper_pass *pass,
    struct cu_why *why)
{
	const struct home_conf *c = home_conf(k->home);
	struct journal_options o = { .key = &k->log_key,
	    .segment_size = c->segment_size, .disk_low = c->disk_low };
	struct journal_found found;
	char dir[PATH_CAP];
	utc_us since;
	int rc;

	k->instance = c->instance;
	if ((rc = home_lock(k->home, why)) != 0 ||
	    (rc = keeper_keys(k, pass, why)) != 0 ||
	    (rc = keeper_vault(k, pass, false, why)) != 0 ||
	    (rc = home_path(k->home, dir, sizeof(dir), "log")) != 0)
		return (rc);
	/* Best effort: a limit on locked memory is no reason not to start. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	o.dir = dir;
	since = utc_mono();
	if ((rc = journal_open(&k->journal, &o, &found, why)) != 0)
		return (rc);
	diag("journal ready: %llu entries in %.3f s%s",
	    (unsigned long long)found.size, seconds(since),
	    found.state == JOURNAL_TORN ?
	    "; the batch in flight was kept in log/torn" : "");
	k->recovered = found.size;
	k->dropped = found.dropped;
	if ((rc = keeper_log_create(&k->log, k->loop, k->journal, k->vault,
	    &k->log_key, k->log_secret, &keeper_log_ops, k)) != 0)
		return (rc);
	since = utc_mono();
	if ((rc = state_create(&k->state, STATE_REPLAY)) != 0 ||
	    (rc = keeper_replay(k, found.size, why)) != 0 ||
	    (rc = same_log(k, why)) != 0 ||
	    (rc = keeper_reopen(k, why)) != 0)
		return (rc);
	diag("tables ready: replayed in %.3f s", seconds(since));
	keeper_clock_init(&k->clock, state_time(k->state));
	why->text[0] = '\0';	/* what was looked at and held leaves words */
	return (memories(k, why));
}

void
keeper_close(struct keeper *k)
{
	keeper_adds_free(k);
	keeper_log_free(k->log);
	state_free(k->state);
	journal_free(k->journal);
	record_vault_free(k->vault);
	sign_key_free(k->log_secret);
	sign_key_free(k->instance_key);
}
