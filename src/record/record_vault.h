/* src/record/record_vault.h: the keys of what is sealed */
#ifndef RECORD_VAULT_H_
#define RECORD_VAULT_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "record/record_sd.h"

/* docs/format/vault.md */

struct buf;
struct cu_why;
struct io;
struct record_vault;		/* opaque; wiped when freed */

#define RECORD_MASTER_LEN	32
#define RECORD_MASTER_FILE_MAX	1024
#define RECORD_VAULT_LINE_MAX	512
#define RECORD_SCOPE_MAX	(9 + 64 + 8)	/* "instance:" id ":YYYY-MM" */
#define RECORD_SEALS_MAX	(UINT64_C(1) << 30)	/* under one key */

enum record_class {
	RECORD_CLASS_TARGET = 1, RECORD_CLASS_TEXT, RECORD_CLASS_PERSON,
	RECORD_CLASS_N
};
const char *record_class_name(enum record_class);

/** record_class_of(name): The class of a disclosure (entries.md). */
enum record_class record_class_of(const char *);

/*
 * Scopes, written to ${out} (RECORD_SCOPE_MAX + 1): "warrant:<id>",
 * "element:<id>", "holder:<id>"; and with the UTC month of ${t}
 * "element:<id>:2026-01", "instance:<id>:2026-01".
 */
enum record_scope {
	RECORD_SCOPE_WARRANT = 1, RECORD_SCOPE_ELEMENT, RECORD_SCOPE_HOLDER,
	RECORD_SCOPE_ELEMENT_MONTH, RECORD_SCOPE_INSTANCE_MONTH
};
void record_scope_text(char[RECORD_SCOPE_MAX + 1], enum record_scope,
    const char *, utc_us);

/* Whose a sealed value is: NULL where there is none, but for ${instance}. */
struct record_owner {
	const char *warrant, *element, *holder;
	const char *instance;		/* who wrote the entry, of its time */
};

/**
 * record_scope_of(out, owner, name, t):
 * The scope of a disclosure of that name in an entry of the time ${t}
 * (docs/format/entries.md, "Sealing keys").
 */
void record_scope_of(char[RECORD_SCOPE_MAX + 1], const struct record_owner *,
    const char *, utc_us);

/** record_scope_valid(s): Is it one of these? */
bool record_scope_valid(const char *);

/* How a master is locked: one of the two. */
struct record_master_lock {
	const void *pass;	/* scrypt; or NULL */
	size_t pass_len;
	const void *key_file;	/* the 32 bytes of a key file; or NULL */
	size_t key_file_len;
};

/**
 * record_master_read(out, file, len, lock, why):
 * Open the text of `vault/master`.  0; CU_EMALFORMED; CU_EDENIED if the lock
 * is not of the file's kind or not the right one; CU_ECRYPTO, CU_ENOMEM.
 */
int record_master_read(uint8_t[RECORD_MASTER_LEN], const char *, size_t,
    const struct record_master_lock *, struct cu_why *);

/**
 * record_master_write(b, master, lock, salt, iv):
 * Append such a text, LF included; ${salt} 16 and ${iv} 12 bytes.
 */
int record_master_write(struct buf *, const uint8_t[RECORD_MASTER_LEN],
    const struct record_master_lock *, const uint8_t *, const uint8_t *);

/* A line of `vault/keys`. */
struct record_vault_line {
	struct record_seal_key key;
	char scope[RECORD_SCOPE_MAX + 1];
	enum record_class class;
};

/** record_vault_line_read(out, master, line, len, why): Without its LF. */
int record_vault_line_read(struct record_vault_line *,
    const uint8_t[RECORD_MASTER_LEN], const char *, size_t, struct cu_why *);

/** record_vault_line_write(b, master, line, iv): Append, LF included. */
int record_vault_line_write(struct buf *, const uint8_t[RECORD_MASTER_LEN],
    const struct record_vault_line *, const uint8_t *);

/**
 * record_vault_load(out, master, file, len, kept, why):
 * Read a whole `vault/keys`; a last line without LF is dropped: ${kept} is the
 * length of what stands.  An id twice is refused.
 */
int record_vault_load(struct record_vault **, const uint8_t[RECORD_MASTER_LEN],
    const char *, size_t, size_t *, struct cu_why *);

/**
 * record_vault_create(dir, lock, why):
 * Make ${dir} (mode 0700) with a fresh master and an empty `keys`, synced.
 * CU_EEXIST if there is one, CU_EIO.
 */
int record_vault_create(const char *, const struct record_master_lock *,
    struct cu_why *);

/**
 * record_vault_open(out, dir, lock, write, why):
 * Open a vault; with ${write} a torn last line is cut off and new keys can be
 * made.  0, CU_ENOENT, CU_EIO, CU_EDENIED, CU_EMALFORMED, CU_ENOMEM.
 */
int record_vault_open(struct record_vault **, const char *,
    const struct record_master_lock *, bool, struct cu_why *);

/*
 * The same through a table of file calls (base/io.h), which is borrowed while
 * the vault is open.
 */
int record_vault_create_io(struct io *, const char *,
    const struct record_master_lock *, struct cu_why *);
int record_vault_open_io(struct record_vault **, struct io *, const char *,
    const struct record_master_lock *, bool, struct cu_why *);

/** record_vault_free(v): NULL has no effect.  What is not synced is lost. */
void record_vault_free(struct record_vault *);

/** record_vault_find(v, id): Borrow the key of that id, or NULL. */
const struct record_vault_line *record_vault_find(const struct record_vault *,
    const char *);

/** record_vault_newest(v, scope, class): The newest such key, or NULL. */
const struct record_vault_line *record_vault_newest(const struct record_vault *,
    const char *, enum record_class);

/**
 * record_vault_use(v, scope, class, out):
 * Borrow the key to seal one more value with: the newest, or a new one if
 * there is none or it has sealed RECORD_SEALS_MAX values.  A new one exists in
 * memory only until record_vault_sync.  The pointer holds until the next call.
 */
int record_vault_use(struct record_vault *, const char *, enum record_class,
    const struct record_seal_key **);

/** record_vault_used(v, id, n): The log holds ${n} more seals under it. */
void record_vault_used(struct record_vault *, const char *, uint64_t);

/**
 * record_vault_sync(v):
 * Append the new keys and sync them.  Before the batch that uses them, else a
 * restart finds values that nobody can open.  0; RECORD_VAULT_E_FULL: the disk
 * has no room, nothing is lost, ask again; or CU_EIO: then the file's state is
 * unknown, and the process must end.
 */
#define RECORD_VAULT_E_FULL	1
int record_vault_sync(struct record_vault *);
#endif /* !RECORD_VAULT_H_ */
