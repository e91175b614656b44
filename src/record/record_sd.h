/* src/record/record_sd.h: disclosures, the list of their digests, seals */
#ifndef RECORD_SD_H_
#define RECORD_SD_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

struct buf;
struct cu_why;
struct jv;
struct jw;

#define RECORD_SALT_LEN		16
#define RECORD_NONCE_LEN	16
#define RECORD_SD_NAME_MAX	32	/* bytes of a disclosure's name */
#define RECORD_SD_MAX		1024	/* digests in one payload */
#define RECORD_SD_TEXT_MAX	(8 << 20)	/* bytes of one text */
#define RECORD_SEALED_MAX	(32 << 20)	/* S payload of one entry */
#define RECORD_SEAL_ID_LEN	32	/* hex digits of a sealing key's id */

/* A disclosure as read.  All but ${root} borrows. */
struct record_sd {
	struct jv *root;	/* owned: the array */
	uint8_t salt[RECORD_SALT_LEN];
	uint8_t digest[DIGEST_LEN];	/* SHA-256 of the text */
	const char *name;
	const struct jv *value;
};

/**
 * record_sd_read(out, text, len, why):
 * Read a disclosure: base64url of `[salt, name, value]` in its one spelling.
 * 0, CU_EMALFORMED, CU_ELIMIT, CU_ENOMEM; to be ended with record_sd_fini.
 */
int record_sd_read(struct record_sd *, const char *, size_t, struct cu_why *);
void record_sd_fini(struct record_sd *);

/**
 * record_sd_write(b, digest, salt, name, value, len):
 * Append the text of a disclosure whose value is the JSON text ${value}
 * (which is in its one spelling), and return its digest.
 */
void record_sd_write(struct buf *, uint8_t[DIGEST_LEN],
    const uint8_t[RECORD_SALT_LEN], const char *, const char *, size_t);

/*
 * The disclosures of one payload, as its author makes them or as they came
 * with it.  Texts are wiped when freed.
 */
struct record_sds {
	struct record_sds_row {
		char *text;	/* owned */
		size_t len;
		uint8_t digest[DIGEST_LEN];
		char b64[TEXT_B64URL_LEN(DIGEST_LEN) + 1];
	} *row;
	size_t n, cap;
	/* NULL: random salts; else the salt of each, for tests. */
	void (*salt)(void *, uint8_t[RECORD_SALT_LEN]);
	void *cookie;
};

void record_sds_init(struct record_sds *);
void record_sds_fini(struct record_sds *);

/*
 * Add one of our own: value a string, bytes (base64url), or JSON text in its
 * one spelling.  0, CU_ELIMIT, CU_ENOMEM.
 */
int record_sds_str(struct record_sds *, const char *, const char *);
int record_sds_bytes(struct record_sds *, const char *, const void *, size_t);
int record_sds_json(struct record_sds *, const char *, const char *, size_t);

/** record_sds_take(s, text, len): Add a text that came; it is not read. */
int record_sds_take(struct record_sds *, const char *, size_t);

/** record_sds_sort(s): Into the order of `_sd`; CU_EMALFORMED: one twice. */
int record_sds_sort(struct record_sds *);

/** record_sds_write(s, w): Write the member `_sd`, absent if empty (sorted). */
void record_sds_write(const struct record_sds *, struct jw *);

/**
 * record_sd_list(v, digest, n, why):
 * Read an `_sd` array (sorted, unique, not empty); NULL ${v} is an absent one.
 * At most RECORD_SD_MAX go into the owned array ${digest}.  0 or CU_E*.
 */
int record_sd_list(const struct jv *, uint8_t (**)[DIGEST_LEN], size_t *,
    struct cu_why *);

/** record_sd_match(s, digest, n): Are these, sorted, exactly the listed? */
bool record_sd_match(const struct record_sds *, uint8_t (*)[DIGEST_LEN],
    size_t);

/* A sealing key, wiped by its owner (record_vault.h). */
struct record_seal_key {
	char id[RECORD_SEAL_ID_LEN + 1];
	uint8_t key[AEAD_KEY_LEN];
};

/* One row of `_sealed`. */
struct record_sealed {
	uint8_t digest[DIGEST_LEN];	/* of the disclosure */
	char key[RECORD_SEAL_ID_LEN + 1];
	uint8_t cipher[DIGEST_LEN];	/* SHA-256 over iv .. tag */
};

/**
 * record_seal(b, row, nonce, key, iv, digest, text, len):
 * Append one item to an S payload (u32 length, iv, ciphertext, tag) and return
 * its row.  ${iv} NULL: a random one.  0, CU_ELIMIT, CU_ECRYPTO, CU_ENOMEM.
 */
int record_seal(struct buf *, struct record_sealed *,
    const uint8_t[RECORD_NONCE_LEN], const struct record_seal_key *,
    const uint8_t *, const uint8_t[DIGEST_LEN], const char *, size_t);

/**
 * record_unseal(b, row, nonce, key, item, len):
 * Append the disclosure's text.  Refused (CU_ECRYPTO): another key id,
 * ciphertext digest, tag, or a text whose digest is not the row's.
 * CU_EMALFORMED: ${len} below 28.
 */
int record_unseal(struct buf *, const struct record_sealed *,
    const uint8_t[RECORD_NONCE_LEN], const struct record_seal_key *,
    const uint8_t *, size_t);

/* Where an item of an S payload lies: from iv to tag. */
struct record_item { const uint8_t *p; size_t len; };

/**
 * record_items(item, rows, n, p, len):
 * Cut an S payload into as many items as there are rows, each with the
 * ciphertext digest of its row.  ${item} has room for ${n}.  0, CU_EMALFORMED.
 */
int record_items(struct record_item *, const struct record_sealed *, size_t,
    const void *, size_t);
#endif /* !RECORD_SD_H_ */
