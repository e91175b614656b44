/*
 * test/crashfs.h: a disk in memory that forgets what was not synced, and a
 * counter that fails call number n (design: how it is tested).
 *
 * Every write goes to a page cache in sectors of 512 bytes.  A crash leaves of
 * each sector written since the file's last sync the old or the new content,
 * and of each name changed since the directory's last sync the old or the new
 * one.  A file's length is durable with its sync.
 */
#ifndef CRASHFS_H_
#define CRASHFS_H_
#include <stdbool.h>
#include <stdint.h>
#include "base/io.h"

struct crashfs;

/** crashfs_create(): An empty disk.  Paths given with AT_FDCWD start at its
 * root; aborts if memory is out. */
struct crashfs *crashfs_create(void);
void crashfs_free(struct crashfs *);

/** crashfs_io(fs): Its file calls. */
struct io *crashfs_io(struct crashfs *);

enum crashfs_keep {
	CRASHFS_NONE,		/* nothing that was not synced */
	CRASHFS_ALL,		/* everything */
	CRASHFS_PREFIX,		/* what was written first, up to a point */
	CRASHFS_RANDOM		/* each sector, each name by itself */
};

/**
 * crashfs_crash(fs, keep, seed): What a machine finds after the power was cut:
 * a new disk, without any lock or descriptor.
 */
struct crashfs *crashfs_crash(struct crashfs *, enum crashfs_keep, uint64_t);

/** crashfs_dirty(fs): How many sectors and names are not synced. */
uint64_t crashfs_dirty(const struct crashfs *);

/** crashfs_calls(fs): How many calls changed or synced something. */
uint64_t crashfs_calls(const struct crashfs *);

/** crashfs_after(fs, fn, cookie): Call ${fn} after each such call. */
void crashfs_after(struct crashfs *, void (*)(void *), void *);

/** crashfs_full(fs, full): From now on no file can be made or grow. */
void crashfs_full(struct crashfs *, bool);

/* A table that fails one call of those below it. */
enum iofail_how {
	IOFAIL_EIO, IOFAIL_ENOSPC, IOFAIL_EINTR, IOFAIL_SHORT, IOFAIL_N
};

struct iofail {
	struct io io;			/* to be used */
	struct io *under;
	enum iofail_how how;
	uint64_t at, count;		/* the call that fails, from 1; calls */
	bool failed;			/* it has */
	bool for_ever;			/* and all after it fail, too */
};

void iofail_init(struct iofail *, struct io *, enum iofail_how, uint64_t);
#endif /* !CRASHFS_H_ */
