/* src/record/record_vault.c: the keys of what is sealed */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_key.h"
#include "record/record_read.h"
#include "record/record_vault.h"

#define N(a)		(sizeof(a) / sizeof((a)[0]))
#define SALT_LEN	16
#define BOX_LEN		(RECORD_MASTER_LEN + AEAD_TAG_LEN)
#define INFO		"custos-vault/v1"
#define KEYS_FILE_MAX	(1 << 30)	/* bytes of `vault/keys` */
#define NOWHERE		SIZE_MAX	/* end of a chain */

static const char *const classes[RECORD_CLASS_N] = {
	NULL, "target", "text", "person",
};

/*
 * All keys, in the order of the file, and two hash tables of chains through
 * them: by id, and by scope and class with the newest first.
 */
struct record_vault {
	uint8_t master[RECORD_MASTER_LEN];
	struct slot {
		struct record_vault_line line;
		uint64_t seals;
		size_t next_id, next_scope;
	} *slot;
	size_t n, cap;
	size_t *by_id, *by_scope, buckets;	/* a power of two */
	struct io *io;		/* NULL: in memory alone */
	int fd;			/* `keys`, or -1 */
	bool write;
	uint64_t size;		/* of the file, in whole lines */
	struct buf fresh;	/* lines that are not in the file yet */
};

const char *
record_class_name(enum record_class class)
{
	return (classes[class]);
}

enum record_class
record_class_of(const char *name)
{
	static const char *const target[] = { NULL, "target", "targets",
	    "received", "sent", "item", "liid", "token_key", "address" };
	static const char *const person[] = { NULL, "name", "act" };

	if (record_word(name, target, N(target)) != 0)
		return (RECORD_CLASS_TARGET);
	if (record_word(name, person, N(person)) != 0)
		return (RECORD_CLASS_PERSON);
	return (RECORD_CLASS_TEXT);
}

void
record_scope_text(char out[RECORD_SCOPE_MAX + 1], enum record_scope scope,
    const char *id, utc_us t)
{
	static const char *const words[] = { NULL, "warrant", "element",
	    "holder", "element", "instance" };
	char utc[UTC_LEN + 1];

	if (scope < RECORD_SCOPE_ELEMENT_MONTH) {
		snprintf(out, RECORD_SCOPE_MAX + 1, "%s:%s", words[scope], id);
		return;
	}
	utc_text(utc, t);
	snprintf(out, RECORD_SCOPE_MAX + 1, "%s:%s:%.7s", words[scope], id,
	    utc);
}

void
record_scope_of(char out[RECORD_SCOPE_MAX + 1], const struct record_owner *o,
    const char *name, utc_us t)
{
	enum record_scope scope = RECORD_SCOPE_INSTANCE_MONTH;
	const char *id = o->instance;

	if (o->warrant != NULL) {
		scope = RECORD_SCOPE_WARRANT;
		id = o->warrant;
	} else if (o->element != NULL) {
		/* The key of lines must outlive the months. */
		scope = strcmp(name, "audit_key") == 0 ?
		    RECORD_SCOPE_ELEMENT : RECORD_SCOPE_ELEMENT_MONTH;
		id = o->element;
	} else if (o->holder != NULL) {
		scope = RECORD_SCOPE_HOLDER;
		id = o->holder;
	}
	record_scope_text(out, scope, id, t);
}

/* YYYY-MM, from 1970-01 on. */
static bool
is_month(const char *s)
{
	utc_us t;
	char day[UTC_LEN + 1];

	if (strlen(s) != 7)
		return (false);
	snprintf(day, sizeof(day), "%s-01T00:00:00.000000Z", s);
	return (utc_parse(day, UTC_LEN, &t) == 0 && t >= 0);
}

bool
record_scope_valid(const char *s)
{
	static const struct { const char *word; bool plain, month; } has[] = {
		{ "warrant:", true, false }, { "element:", true, true },
		{ "holder:", true, false }, { "instance:", false, true },
	};
	const char *id, *colon;
	size_t i;

	for (i = 0; i < N(has); i++)
		if (strncmp(s, has[i].word, strlen(has[i].word)) == 0)
			break;
	if (i == N(has))
		return (false);
	id = s + strlen(has[i].word);
	if ((colon = strchr(id, ':')) == NULL)
		return (has[i].plain && text_is_id(id, strlen(id)));
	return (has[i].month && text_is_id(id, (size_t)(colon - id)) &&
	    is_month(colon + 1));
}

/* The key that wraps the master. */
static int
derive(uint8_t key[KDF_LEN], const struct record_master_lock *lock,
    const uint8_t salt[SALT_LEN], int64_t n, int64_t r, int64_t p,
    struct cu_why *why)
{
	if (lock->key_file != NULL) {
		if (lock->key_file_len != RECORD_MASTER_LEN) {
			cu_why_set(why, "the key file has not 32 bytes");
			return (CU_EDENIED);
		}
		return (kdf_hkdf(key, lock->key_file, lock->key_file_len, salt,
		    SALT_LEN, INFO));
	}
	return (kdf_scrypt(key, lock->pass, lock->pass_len, salt, SALT_LEN,
	    (uint64_t)n, (uint64_t)r, (uint64_t)p));
}

enum { M_V, M_KDF, M_NN, M_R, M_P, M_SALT, M_IV, M_WRAPPED, M_N };

/* n, r, p: checked before any work is done. */
static int
read_costs(int64_t cost[3], const struct jv *v[M_N], bool scrypt,
    struct cu_why *why)
{
	static const int64_t most[3] = { KDF_SCRYPT_N_MAX, KDF_SCRYPT_R_MAX,
	    KDF_SCRYPT_P_MAX };
	static const char *const names[3] = { "n", "r", "p" };
	int i;

	for (i = 0; i < 3; i++) {
		jv_int(v[M_NN + i], &cost[i]);
		if (scrypt ? cost[i] < 1 || cost[i] > most[i] : cost[i] != 0)
			return (record_bad(why, names[i], "out of range"));
	}
	if (scrypt && (cost[0] < 2 || (cost[0] & (cost[0] - 1)) != 0))
		return (record_bad(why, "n", "not a power of two"));
	return (0);
}

static int
read_master(uint8_t out[RECORD_MASTER_LEN], const struct jv *root,
    const struct record_master_lock *lock, struct cu_why *why)
{
	static const struct jv_member m[M_N] = {
		{ "v", JV_INTEGER, 0 }, { "kdf", JV_STRING, 0 },
		{ "n", JV_INTEGER, 0 }, { "r", JV_INTEGER, 0 },
		{ "p", JV_INTEGER, 0 }, { "salt", JV_STRING, 0 },
		{ "iv", JV_STRING, 0 }, { "wrapped", JV_STRING, 0 },
	};
	uint8_t salt[SALT_LEN], iv[AEAD_IV_LEN], box[BOX_LEN], key[KDF_LEN];
	const struct jv *v[M_N];
	int64_t version, cost[3];
	bool scrypt;
	int rc;

	if ((rc = jv_members(root, m, M_N, v, why)) != 0)
		return (rc);
	if (jv_int(v[M_V], &version) != 0 || version != 1)
		return (record_bad(why, "v", "not 1"));
	scrypt = jv_streq(v[M_KDF], "scrypt");
	if (!scrypt && !jv_streq(v[M_KDF], "file"))
		return (record_bad(why, "kdf", "neither scrypt nor file"));
	if ((rc = read_costs(cost, v, scrypt, why)) != 0)
		return (rc);
	if (jv_bytes(v[M_SALT], salt, sizeof(salt)) != 0)
		return (record_bad(why, "salt", "not 16 bytes"));
	if (jv_bytes(v[M_IV], iv, sizeof(iv)) != 0)
		return (record_bad(why, "iv", "not 12 bytes"));
	if (jv_bytes(v[M_WRAPPED], box, sizeof(box)) != 0)
		return (record_bad(why, "wrapped", "not 48 bytes"));
	if (scrypt ? lock->pass == NULL : lock->key_file == NULL) {
		cu_why_set(why, scrypt ? "a passphrase is needed" :
		    "a key file is needed");
		return (CU_EDENIED);
	}
	if (scrypt) {
		struct record_master_lock pass = *lock;

		pass.key_file = NULL;
		rc = derive(key, &pass, salt, cost[0], cost[1], cost[2], why);
	} else {
		rc = derive(key, lock, salt, 0, 0, 0, why);
	}
	if (rc == 0 && aead_open(out, box + RECORD_MASTER_LEN, key, iv, NULL,
	    0, box, RECORD_MASTER_LEN) != 0) {
		cu_why_set(why, "wrong %s, or a damaged file",
		    scrypt ? "passphrase" : "key file");
		rc = CU_EDENIED;
	}
	wipe(key, sizeof(key));
	return (rc);
}

int
record_master_read(uint8_t out[RECORD_MASTER_LEN], const char *file,
    size_t len, const struct record_master_lock *lock, struct cu_why *why)
{
	struct jv *root = NULL;
	int rc;

	if (len < 1 || file[len - 1] != '\n') {
		cu_why_set(why, "not one line with its LF");
		return (CU_EMALFORMED);
	}
	if ((rc = record_parse(&root, file, len - 1,
	    RECORD_MASTER_FILE_MAX - 1, why)) == 0)
		rc = read_master(out, root, lock, why);
	jv_free(root);
	return (rc);
}

int
record_master_write(struct buf *b, const uint8_t master[RECORD_MASTER_LEN],
    const struct record_master_lock *lock, const uint8_t *salt,
    const uint8_t *iv)
{
	bool scrypt = lock->key_file == NULL;
	uint8_t key[KDF_LEN], box[BOX_LEN];
	struct jw w;
	int rc;

	if (scrypt && lock->pass == NULL)
		return (CU_ESTATE);
	if ((rc = derive(key, lock, salt, KDF_SCRYPT_N, KDF_SCRYPT_R,
	    KDF_SCRYPT_P, NULL)) == 0)
		rc = aead_seal(box, box + RECORD_MASTER_LEN, key, iv, NULL, 0,
		    master, RECORD_MASTER_LEN);
	wipe(key, sizeof(key));
	if (rc != 0)
		return (rc);
	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_int(&w, "v", 1);
	jw_str(&w, "kdf", scrypt ? "scrypt" : "file");
	jw_int(&w, "n", scrypt ? KDF_SCRYPT_N : 0);
	jw_int(&w, "r", scrypt ? KDF_SCRYPT_R : 0);
	jw_int(&w, "p", scrypt ? KDF_SCRYPT_P : 0);
	jw_bytes(&w, "salt", salt, SALT_LEN);
	jw_bytes(&w, "iv", iv, AEAD_IV_LEN);
	jw_bytes(&w, "wrapped", box, BOX_LEN);
	jw_end(&w);
	buf_ch(b, '\n');
	return (b->rc);
}

/* Associated data of a key: `id|scope|class`. */
static size_t
bind(char out[RECORD_VAULT_LINE_MAX], const struct record_vault_line *line)
{
	return ((size_t)snprintf(out, RECORD_VAULT_LINE_MAX, "%s|%s|%s",
	    line->key.id, line->scope, classes[line->class]));
}

int
record_vault_line_read(struct record_vault_line *out,
    const uint8_t master[RECORD_MASTER_LEN], const char *text, size_t len,
    struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "id", JV_STRING, 0 }, { "scope", JV_STRING, 0 },
		{ "class", JV_STRING, 0 }, { "iv", JV_STRING, 0 },
		{ "key", JV_STRING, 0 },
	};
	uint8_t iv[AEAD_IV_LEN], box[BOX_LEN];
	struct record_vault_line line = { 0 };
	char aad[RECORD_VAULT_LINE_MAX];
	const struct jv *v[N(m)];
	struct jv *root = NULL;
	const char *id, *scope;
	size_t n;
	int rc;

	if ((rc = record_parse(&root, text, len, RECORD_VAULT_LINE_MAX - 1,
	    why)) != 0 || (rc = jv_members(root, m, N(m), v, why)) != 0)
		goto out;
	id = jv_str(v[0], &n);
	scope = record_cstr(v[1]);
	line.class = (enum record_class)record_word(record_cstr(v[2]),
	    classes, RECORD_CLASS_N);
	if (!record_key_id_valid(id, n))
		rc = record_bad(why, "id", "not 32 hex digits");
	else if (scope == NULL || !record_scope_valid(scope))
		rc = record_bad(why, "scope", "unknown");
	else if (line.class == 0)
		rc = record_bad(why, "class", "unknown");
	else if (jv_bytes(v[3], iv, sizeof(iv)) != 0)
		rc = record_bad(why, "iv", "not 12 bytes");
	else if (jv_bytes(v[4], box, sizeof(box)) != 0)
		rc = record_bad(why, "key", "not 48 bytes");
	if (rc != 0)
		goto out;
	memcpy(line.key.id, id, n + 1);
	snprintf(line.scope, sizeof(line.scope), "%s", scope);
	n = bind(aad, &line);
	if (aead_open(line.key.key, box + AEAD_KEY_LEN, master, iv, aad, n,
	    box, AEAD_KEY_LEN) != 0)
		rc = record_bad(why, "key", "not wrapped by this master for "
		    "this id, scope and class");
	else
		*out = line;
	wipe(&line, sizeof(line));
out:	jv_free(root);
	return (rc);
}

int
record_vault_line_write(struct buf *b, const uint8_t master[RECORD_MASTER_LEN],
    const struct record_vault_line *line, const uint8_t *iv)
{
	char aad[RECORD_VAULT_LINE_MAX];
	uint8_t box[BOX_LEN];
	struct jw w;
	int rc;

	if ((rc = aead_seal(box, box + AEAD_KEY_LEN, master, iv, aad,
	    bind(aad, line), line->key.key, AEAD_KEY_LEN)) != 0)
		return (rc);
	jw_init(&w, b);
	jw_obj(&w, NULL);
	jw_str(&w, "id", line->key.id);
	jw_str(&w, "scope", line->scope);
	jw_str(&w, "class", classes[line->class]);
	jw_bytes(&w, "iv", iv, AEAD_IV_LEN);
	jw_bytes(&w, "key", box, BOX_LEN);
	jw_end(&w);
	buf_ch(b, '\n');
	return (b->rc);
}

/* FNV-1a: the file is our own, nobody chooses its scopes against us. */
static size_t
hash(const char *s, unsigned int more)
{
	uint64_t h = UINT64_C(14695981039346656037) + more;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return ((size_t)(h ^ h >> 32));
}

static void
link_slot(struct record_vault *v, size_t i)
{
	struct slot *s = &v->slot[i];
	size_t a = hash(s->line.key.id, 0) & (v->buckets - 1);
	size_t b = hash(s->line.scope, s->line.class) & (v->buckets - 1);

	s->next_id = v->by_id[a];
	v->by_id[a] = i;
	s->next_scope = v->by_scope[b];
	v->by_scope[b] = i;
}

/* Room for one more key: slots are moved by hand, so that none stays behind. */
static int
grow(struct record_vault *v)
{
	size_t cap = v->cap == 0 ? 64 : v->cap * 2, i;
	size_t *by_id, *by_scope;
	struct slot *slot;

	if (v->n < v->cap)
		return (0);
	slot = calloc(cap, sizeof(*slot));
	by_id = malloc(cap * sizeof(*by_id));
	by_scope = malloc(cap * sizeof(*by_scope));
	if (slot == NULL || by_id == NULL || by_scope == NULL) {
		free(slot);
		free(by_id);
		free(by_scope);
		return (CU_ENOMEM);
	}
	if (v->n > 0) {
		memcpy(slot, v->slot, v->n * sizeof(*slot));
		wipe(v->slot, v->n * sizeof(*slot));
	}
	free(v->slot);
	free(v->by_id);
	free(v->by_scope);
	v->slot = slot;
	v->by_id = by_id;
	v->by_scope = by_scope;
	v->cap = v->buckets = cap;
	for (i = 0; i < cap; i++)
		by_id[i] = by_scope[i] = NOWHERE;
	for (i = 0; i < v->n; i++)
		link_slot(v, i);
	return (0);
}

static struct slot *
find(const struct record_vault *v, const char *id)
{
	size_t i;

	if (v->n == 0)
		return (NULL);
	for (i = v->by_id[hash(id, 0) & (v->buckets - 1)]; i != NOWHERE;
	    i = v->slot[i].next_id)
		if (strcmp(v->slot[i].line.key.id, id) == 0)
			return (&v->slot[i]);
	return (NULL);
}

static struct slot *
newest(const struct record_vault *v, const char *scope,
    enum record_class class)
{
	struct slot *s, *best = NULL;
	size_t i;

	if (v->n == 0)
		return (NULL);
	for (i = v->by_scope[hash(scope, class) & (v->buckets - 1)];
	    i != NOWHERE; i = s->next_scope) {
		s = &v->slot[i];
		if (s->line.class == class && (best == NULL || s > best) &&
		    strcmp(s->line.scope, scope) == 0)
			best = s;
	}
	return (best);
}

static int
add(struct record_vault *v, const struct record_vault_line *line)
{
	int rc;

	if (find(v, line->key.id) != NULL)
		return (CU_EEXIST);
	if ((rc = grow(v)) != 0)
		return (rc);
	v->slot[v->n].line = *line;
	v->slot[v->n].seals = 0;
	link_slot(v, v->n++);
	return (0);
}

void
record_vault_free(struct record_vault *v)
{
	if (v == NULL)
		return;
	if (v->n > 0)
		wipe(v->slot, v->n * sizeof(*v->slot));
	free(v->slot);
	free(v->by_id);
	free(v->by_scope);
	buf_fini(&v->fresh);
	if (v->fd != -1)
		v->io->close(v->io, v->fd);
	wipe(v, sizeof(*v));
	free(v);
}

int
record_vault_load(struct record_vault **out,
    const uint8_t master[RECORD_MASTER_LEN], const char *file, size_t len,
    size_t *kept, struct cu_why *why)
{
	struct record_vault_line line;
	struct record_vault *v;
	const char *end, *p = file;
	unsigned long n = 1;
	int rc = 0;

	if ((v = calloc(1, sizeof(*v))) == NULL)
		return (CU_ENOMEM);
	memcpy(v->master, master, RECORD_MASTER_LEN);
	v->fd = -1;
	buf_init(&v->fresh, KEYS_FILE_MAX);
	while (rc == 0 && len > 0 && (end = memchr(p, '\n', len)) != NULL) {
		if ((rc = record_vault_line_read(&line, master, p,
		    (size_t)(end - p), why)) == 0 &&
		    (rc = add(v, &line)) == CU_EEXIST) {
			cu_why_set(why, "its id stands twice");
			rc = CU_EMALFORMED;
		}
		if (rc != 0)
			cu_why_in(why, "line %lu", n);
		len -= (size_t)(end + 1 - p);
		p = end + 1;
		n++;
	}
	wipe(&line, sizeof(line));
	if (rc != 0) {
		record_vault_free(v);
		return (rc);
	}
	*kept = (size_t)(p - file);	/* what follows has no LF: torn */
	v->size = *kept;
	*out = v;
	return (0);
}

int
record_vault_create_io(struct io *io, const char *dir,
    const struct record_master_lock *lock, struct cu_why *why)
{
	uint8_t master[RECORD_MASTER_LEN], salt[SALT_LEN], iv[AEAD_IV_LEN];
	int dirfd = -1, fd = -1, rc;
	struct buf b;

	buf_init(&b, RECORD_MASTER_FILE_MAX);
	if (io->mkdirat(io, AT_FDCWD, dir, 0700) != 0) {
		rc = errno == EEXIST ? CU_EEXIST : CU_EIO;
		cu_why_set(why, "%s: %s", dir, strerror(errno));
		goto out;
	}
	if ((dirfd = io->openat(io, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC, 0)) == -1)
		goto err;
	random_bytes(master, sizeof(master));
	random_bytes(salt, sizeof(salt));
	random_bytes(iv, sizeof(iv));
	rc = record_master_write(&b, master, lock, salt, iv);
	wipe(master, sizeof(master));
	if (rc != 0)
		goto out;
	/* The empty `keys` first: where a master is, the vault is whole. */
	if ((fd = io->openat(io, dirfd, "keys", O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600)) == -1 || io->fdatasync(io, fd) != 0)
		goto err;
	io->close(io, fd);
	if ((fd = io->openat(io, dirfd, "master", O_WRONLY | O_CREAT |
	    O_EXCL | O_CLOEXEC, 0600)) == -1 ||
	    io_pwrite(io, fd, b.p, b.len, 0) != 0 ||
	    io->fdatasync(io, fd) != 0 || io->fsync(io, dirfd) != 0)
		goto err;
	rc = 0;
	goto out;

err:	rc = CU_EIO;
	cu_why_set(why, "%s: %s", dir, strerror(errno));
out:	if (fd != -1)
		io->close(io, fd);
	if (dirfd != -1)
		io->close(io, dirfd);
	buf_fini(&b);
	return (rc);
}

/* Master and keys of a directory that is open. */
static int
open_in(struct record_vault **out, struct io *io, int dirfd,
    const struct record_master_lock *lock, struct cu_why *why)
{
	uint8_t master[RECORD_MASTER_LEN];
	struct buf text, keys;
	size_t kept;
	int rc;

	buf_init(&text, RECORD_MASTER_FILE_MAX);
	buf_init(&keys, KEYS_FILE_MAX);
	if ((rc = io_read_file(io, dirfd, "master", &text)) == 0)
		rc = record_master_read(master, buf_text(&text), text.len,
		    lock, why);
	else
		cu_why_set(why, "%s", cu_strerror(rc));
	if (rc != 0) {
		cu_why_in(why, "master");
		goto out;
	}
	if ((rc = io_read_file(io, dirfd, "keys", &keys)) == 0)
		rc = record_vault_load(out, master, buf_text(&keys), keys.len,
		    &kept, why);
	else
		cu_why_set(why, "%s", cu_strerror(rc));
	if (rc != 0)
		cu_why_in(why, "keys");
out:	wipe(master, sizeof(master));
	buf_fini(&text);
	buf_fini(&keys);
	return (rc);
}

int
record_vault_open_io(struct record_vault **out, struct io *io,
    const char *dir, const struct record_master_lock *lock, bool write,
    struct cu_why *why)
{
	struct record_vault *v = NULL;
	int dirfd, rc;

	if ((dirfd = io->openat(io, AT_FDCWD, dir, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC, 0)) == -1) {
		rc = errno == ENOENT ? CU_ENOENT : CU_EIO;
		cu_why_set(why, "%s: %s", dir, strerror(errno));
		return (rc);
	}
	if ((rc = open_in(&v, io, dirfd, lock, why)) == 0 && write) {
		v->io = io;
		v->write = true;
		/* What was torn goes before anything is put behind it. */
		if ((v->fd = io->openat(io, dirfd, "keys", O_RDWR | O_CLOEXEC,
		    0)) == -1 ||
		    io->ftruncate(io, v->fd, (off_t)v->size) != 0 ||
		    io->fdatasync(io, v->fd) != 0) {
			rc = CU_EIO;
			cu_why_set(why, "keys: %s", strerror(errno));
		}
	}
	if (rc == 0)
		*out = v;
	else {
		cu_why_in(why, "%s", dir);
		record_vault_free(v);
	}
	io->close(io, dirfd);
	return (rc);
}

int
record_vault_create(const char *dir, const struct record_master_lock *lock,
    struct cu_why *why)
{
	return (record_vault_create_io(io_system(), dir, lock, why));
}

int
record_vault_open(struct record_vault **out, const char *dir,
    const struct record_master_lock *lock, bool write, struct cu_why *why)
{
	return (record_vault_open_io(out, io_system(), dir, lock, write, why));
}

const struct record_vault_line *
record_vault_find(const struct record_vault *v, const char *id)
{
	const struct slot *s = find(v, id);

	return (s != NULL ? &s->line : NULL);
}

const struct record_vault_line *
record_vault_newest(const struct record_vault *v, const char *scope,
    enum record_class class)
{
	const struct slot *s = newest(v, scope, class);

	return (s != NULL ? &s->line : NULL);
}

/* A key of our own drawing, and its line for the file. */
static int
make(struct record_vault *v, const char *scope, enum record_class class)
{
	struct record_vault_line line = { 0 };
	uint8_t id[RECORD_SEAL_ID_LEN / 2], iv[AEAD_IV_LEN];
	int rc;

	if (!record_scope_valid(scope) || class <= 0 ||
	    class >= RECORD_CLASS_N)
		return (CU_EMALFORMED);
	random_bytes(id, sizeof(id));
	text_hex(line.key.id, id, sizeof(id));
	random_bytes(line.key.key, sizeof(line.key.key));
	random_bytes(iv, sizeof(iv));
	snprintf(line.scope, sizeof(line.scope), "%s", scope);
	line.class = class;
	if ((rc = add(v, &line)) == 0)
		rc = record_vault_line_write(&v->fresh, v->master, &line, iv);
	wipe(&line, sizeof(line));
	return (rc);
}

int
record_vault_use(struct record_vault *v, const char *scope,
    enum record_class class, const struct record_seal_key **out)
{
	struct slot *s = newest(v, scope, class);
	int rc;

	if (s == NULL || s->seals >= RECORD_SEALS_MAX) {
		if (!v->write)
			return (CU_ESTATE);
		if ((rc = make(v, scope, class)) != 0)
			return (rc);
		s = &v->slot[v->n - 1];
	}
	s->seals++;
	*out = &s->line.key;
	return (0);
}

void
record_vault_used(struct record_vault *v, const char *id, uint64_t n)
{
	struct slot *s = find(v, id);

	if (s != NULL)
		s->seals += n;
}

int
record_vault_sync(struct record_vault *v)
{
	int rc;

	if (v->fresh.len == 0)
		return (v->fresh.rc);
	if (!v->write)
		return (CU_ESTATE);
	/* A crash in here leaves whole lines and at most one without LF, and
	 * so does a disk that is full; the next try writes them again. */
	if ((rc = io_pwrite(v->io, v->fd, v->fresh.p, v->fresh.len,
	    v->size)) != 0)
		return (rc == CU_EIO && (errno == ENOSPC || errno == EDQUOT) ?
		    RECORD_VAULT_E_FULL : rc);
	if (v->io->fdatasync(v->io, v->fd) != 0)
		return (CU_EIO);
	v->size += v->fresh.len;
	buf_reset(&v->fresh);
	return (0);
}
