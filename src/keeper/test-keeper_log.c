/* src/keeper/test-keeper_log.c: nothing is released that is not durable and
 * signed, and what waits together is synced together */
#include <stdio.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "check.h"
#include "crypto/sign.h"
#include "journal/journal.h"
#include "keeper/keeper_log.h"
#include "net/net_loop.h"
#include "record/record_vault.h"
#include "tlog/tlog_note.h"

static struct world {
	char dir[64], log[96], vault_dir[96];
	struct io io;			/* the system's, with a sync to fail */
	struct net_loop *loop;
	struct journal *journal;
	struct record_vault *vault;
	struct sign_key *secret;
	struct tlog_key key;
	struct keeper_log *g;
	unsigned int moved, failed;
} w;
static bool sync_fails;

static int
sync_or_fail(struct io *io, int fd)
{
	return (sync_fails ? -1 : io_system()->fdatasync(io_system(), fd));
}

static void
on_moved(void *cookie)
{
	w.moved++;
}

static void
on_failed(void *cookie, const char *what)
{
	w.failed++;
}

static const struct keeper_log_ops ops = { on_moved, on_failed };

static bool
setup(void)
{
	static const uint8_t seed[SIGN_SEED_LEN] = { 7 };
	struct record_master_lock lock = { .pass = "p", .pass_len = 1 };
	struct journal_options o = { .io = &w.io, .segment_size = 1 << 20 };
	struct cu_why why = { "" };

	w = (struct world){ .dir = "/tmp/test-keeper_log.XXXXXX" };
	sync_fails = false;
	w.io = *io_system();
	w.io.fdatasync = sync_or_fail;
	if (mkdtemp(w.dir) == NULL)
		return (false);
	snprintf(w.log, sizeof(w.log), "%s/log", w.dir);
	snprintf(w.vault_dir, sizeof(w.vault_dir), "%s/vault", w.dir);
	o.dir = w.log;
	o.key = &w.key;
	return (sign_key_create(&w.secret, seed) == 0 &&
	    tlog_key_init(&w.key, "li.example.net/t", TLOG_ED25519,
	    sign_key_public(w.secret)) == 0 &&
	    net_loop_create(&w.loop) == 0 &&
	    journal_create(&w.journal, &o, &why) == 0 &&
	    record_vault_create(w.vault_dir, &lock, &why) == 0 &&
	    record_vault_open(&w.vault, w.vault_dir, &lock, true, &why) == 0 &&
	    keeper_log_create(&w.g, w.loop, w.journal, w.vault, &w.key,
	    w.secret, &ops, NULL) == 0);
}

static void
teardown(void)
{
	char cmd[128];

	keeper_log_free(w.g);
	record_vault_free(w.vault);
	journal_free(w.journal);
	net_loop_free(w.loop);
	sign_key_free(w.secret);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", w.dir);
	CHECK(system(cmd) == 0);
}

static void
add(unsigned int n)
{
	char line[32];

	while (n-- > 0) {
		snprintf(line, sizeof(line), "{\"entry\":%llu}",
		    (unsigned long long)keeper_log_size(w.g));
		CHECK(keeper_log_add(w.g, line, strlen(line), NULL, 0,
		    1000 + (utc_us)keeper_log_size(w.g)) == 0);
	}
}

static void
step_until(uint64_t durable)
{
	unsigned int i;

	for (i = 0; i < 200 && keeper_log_durable(w.g) < durable &&
	    w.failed == 0; i++)
		net_loop_step(w.loop, 50);
}

static void
unsigned_until_told(void)
{
	struct tlog_checkpoint cp;
	struct buf b;
	const char *note;
	size_t len;

	REQUIRE(setup());
	add(3);
	CHECK(keeper_log_size(w.g) == 3);
	CHECK(keeper_log_durable(w.g) == 0);
	buf_init(&b, 64);
	CHECK(keeper_log_entry(w.g, 1, &b) == 0);
	CHECK_STR(buf_text(&b), "{\"entry\":1}");
	step_until(3);
	CHECK(keeper_log_durable(w.g) == 3);
	CHECK(keeper_log_released(w.g) == 0);
	CHECK(keeper_log_note(w.g, &len) == NULL);
	buf_reset(&b);
	CHECK(keeper_log_entry(w.g, 1, &b) == 0);
	CHECK_STR(buf_text(&b), "{\"entry\":1}");
	CHECK(keeper_log_entry(w.g, 3, &b) == CU_ENOENT);
	buf_fini(&b);
	CHECK(keeper_log_sign(w.g) == 0);
	CHECK(keeper_log_released(w.g) == 3);
	note = keeper_log_note(w.g, &len);
	CHECK(note != NULL && tlog_checkpoint_open(&cp, note, len,
	    &w.key) == 0 && cp.size == 3);
	add(1);
	step_until(4);
	CHECK(keeper_log_released(w.g) == 4);
	teardown();
}

static void
signing_begins_while_a_batch_is_synced(void)
{
	REQUIRE(setup());
	add(2);
	net_loop_step(w.loop, 0);	/* the batch is under way */
	CHECK(keeper_log_sign(w.g) == 0);
	step_until(2);
	CHECK(keeper_log_durable(w.g) == 2);
	CHECK(keeper_log_released(w.g) == 2);
	teardown();
}

static void
what_waits_together_is_synced_together(void)
{
	struct journal_verdict v;

	REQUIRE(setup());
	CHECK(keeper_log_sign(w.g) == 0);
	add(1300);
	CHECK(keeper_log_flush(w.g) == 0);
	CHECK(keeper_log_released(w.g) == 1300);
	REQUIRE(journal_verify(journal_reader(w.journal),
	    &(struct journal_verify_hooks){ NULL }, &v) == 0);
	CHECK(v.size == 1300);
	CHECK(v.batches == 3);		/* 512, 512, 276 */
	/* The second was made before the first was durable: no note yet. */
	CHECK(v.notes == 1);
	teardown();
}

/* Much comes while a batch is synced: whatever was made ahead, in order. */
static void
what_is_made_ahead_lands_in_order(void)
{
	struct journal_verdict v;
	unsigned int i;

	REQUIRE(setup());
	CHECK(keeper_log_sign(w.g) == 0);
	for (i = 0; i < 60; i++) {
		add(i % 3 == 0 ? 1 : 100);
		net_loop_step(w.loop, 0);
		CHECK(keeper_log_released(w.g) == keeper_log_durable(w.g));
	}
	step_until(4020);
	CHECK(keeper_log_released(w.g) == 4020);
	CHECK(w.failed == 0 && w.moved > 0);
	REQUIRE(journal_verify(journal_reader(w.journal),
	    &(struct journal_verify_hooks){ NULL }, &v) == 0);
	CHECK(v.clean && v.size == 4020);
	teardown();
}

static void
a_failed_sync_releases_nothing(void)
{
	REQUIRE(setup());
	CHECK(keeper_log_sign(w.g) == 0);
	add(1);
	step_until(1);
	CHECK(keeper_log_released(w.g) == 1);
	sync_fails = true;
	add(1);
	step_until(2);
	CHECK(w.failed == 1);
	CHECK(keeper_log_durable(w.g) == 1);
	CHECK(keeper_log_released(w.g) == 1);
	sync_fails = false;
	teardown();
}

int
main(void)
{
	CHECK_RUN(unsigned_until_told);
	CHECK_RUN(signing_begins_while_a_batch_is_synced);
	CHECK_RUN(what_waits_together_is_synced_together);
	CHECK_RUN(what_is_made_ahead_lands_in_order);
	CHECK_RUN(a_failed_sync_releases_nothing);
	return (check_done());
}
