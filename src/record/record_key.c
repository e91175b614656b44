/* src/record/record_key.c: key ids, key files, which keys may be registered */
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_key.h"
#include "record/record_read.h"

#define KEY_SALT_LEN	16

void
record_key_id(char out[RECORD_KEY_ID_LEN + 1],
    const uint8_t public[SIGN_PUBLIC_LEN])
{
	static const char head[] = "custos-key/v1\n";
	const struct digest_part part[] = {
		{ head, sizeof(head) - 1 }, { public, SIGN_PUBLIC_LEN },
	};
	uint8_t d[DIGEST_LEN];

	digest_parts(d, part, 2);
	text_hex(out, d, RECORD_KEY_ID_LEN / 2);
}

bool
record_key_id_valid(const char *s, size_t n)
{
	uint8_t raw[RECORD_KEY_ID_LEN / 2];

	return (n == RECORD_KEY_ID_LEN && text_unhex(raw, s, sizeof(raw)) == 0);
}

enum { K_V, K_TYPE, K_ID, K_PUBLIC, K_KDF, K_SALT, K_IV, K_SECRET, K_N };

static const struct jv_member members[K_N] = {
	{ "v", JV_INTEGER, 0 }, { "type", JV_STRING, 0 },
	{ "id", JV_STRING, 0 }, { "public", JV_STRING, 0 },
	{ "kdf", JV_STRING, 0 }, { "salt", JV_STRING, 0 },
	{ "iv", JV_STRING, 0 }, { "secret", JV_STRING, 0 },
};

/* Read the file's members and the parts that are not secret. */
static int
read_file(struct jv **root, const struct jv *v[K_N],
    struct record_key_info *info, const char *file, size_t len,
    struct cu_why *why)
{
	char id[RECORD_KEY_ID_LEN + 1];
	int64_t version;
	int rc;

	if (len < 1 || file[len - 1] != '\n') {
		cu_why_set(why, "not one line with its LF");
		return (CU_EMALFORMED);
	}
	if ((rc = record_parse(root, file, len - 1, RECORD_KEY_FILE_MAX - 1,
	    why)) != 0)
		return (rc);
	if ((rc = jv_members(*root, members, K_N, v, why)) != 0)
		return (rc);
	if (jv_int(v[K_V], &version) != 0 || version != 1)
		return (record_bad(why, "v", "not 1"));
	if (!jv_streq(v[K_TYPE], "ed25519"))
		return (record_bad(why, "type", "not ed25519"));
	if (jv_bytes(v[K_PUBLIC], info->public, SIGN_PUBLIC_LEN) != 0)
		return (record_bad(why, "public", "not 32 bytes"));
	record_key_id(id, info->public);
	if (!jv_streq(v[K_ID], id))
		return (record_bad(why, "id", "not that of the public key"));
	memcpy(info->id, id, sizeof(id));
	info->locked = jv_streq(v[K_KDF], "scrypt");
	if (!info->locked && !jv_streq(v[K_KDF], "none"))
		return (record_bad(why, "kdf", "neither scrypt nor none"));
	return (0);
}

int
record_key_info(struct record_key_info *out, const char *file, size_t len,
    struct cu_why *why)
{
	struct record_key_info info;
	const struct jv *v[K_N];
	struct jv *root = NULL;
	int rc;

	if ((rc = read_file(&root, v, &info, file, len, why)) == 0)
		*out = info;
	jv_free(root);
	return (rc);
}

/* The seed under a passphrase. */
static int
unlock(uint8_t seed[SIGN_SEED_LEN], const struct jv *v[K_N], const void *pass,
    size_t pass_len, struct cu_why *why)
{
	uint8_t salt[KEY_SALT_LEN], iv[AEAD_IV_LEN], key[KDF_LEN];
	uint8_t box[SIGN_SEED_LEN + AEAD_TAG_LEN];
	int rc;

	if (jv_bytes(v[K_SALT], salt, sizeof(salt)) != 0)
		return (record_bad(why, "salt", "not 16 bytes"));
	if (jv_bytes(v[K_IV], iv, sizeof(iv)) != 0)
		return (record_bad(why, "iv", "not 12 bytes"));
	if (jv_bytes(v[K_SECRET], box, sizeof(box)) != 0)
		return (record_bad(why, "secret", "not 48 bytes"));
	if (pass == NULL) {
		cu_why_set(why, "a passphrase is needed");
		return (CU_EDENIED);
	}
	rc = kdf_scrypt(key, pass, pass_len, salt, sizeof(salt), KDF_SCRYPT_N,
	    KDF_SCRYPT_R, KDF_SCRYPT_P);
	if (rc == 0 && aead_open(seed, box + SIGN_SEED_LEN, key, iv, NULL, 0,
	    box, SIGN_SEED_LEN) != 0) {
		cu_why_set(why, "wrong passphrase, or a damaged file");
		rc = CU_EDENIED;
	}
	wipe(key, sizeof(key));
	return (rc);
}

int
record_key_open(struct sign_key **out, const char *file, size_t len,
    const void *pass, size_t pass_len, struct cu_why *why)
{
	uint8_t seed[SIGN_SEED_LEN];
	struct record_key_info info;
	struct sign_key *k = NULL;
	const struct jv *v[K_N];
	struct jv *root = NULL;
	int rc;

	if ((rc = read_file(&root, v, &info, file, len, why)) != 0)
		goto out;
	if (info.locked)
		rc = unlock(seed, v, pass, pass_len, why);
	else if (!jv_streq(v[K_SALT], "") || !jv_streq(v[K_IV], ""))
		rc = record_bad(why, "salt", "salt and iv must be empty");
	else if (jv_bytes(v[K_SECRET], seed, sizeof(seed)) != 0)
		rc = record_bad(why, "secret", "not 32 bytes");
	if (rc == 0 && (rc = sign_key_create(&k, seed)) == 0 &&
	    memcmp(sign_key_public(k), info.public, SIGN_PUBLIC_LEN) != 0) {
		sign_key_free(k);
		rc = record_bad(why, "public", "not that of the secret");
	}
	wipe(seed, sizeof(seed));
	if (rc == 0)
		*out = k;
out:	jv_free(root);
	return (rc);
}

int
record_key_write(struct buf *b, const uint8_t seed[SIGN_SEED_LEN],
    const void *pass, size_t pass_len, const uint8_t *salt, const uint8_t *iv)
{
	uint8_t box[SIGN_SEED_LEN + AEAD_TAG_LEN], key[KDF_LEN];
	char id[RECORD_KEY_ID_LEN + 1];
	size_t box_len = SIGN_SEED_LEN;
	struct sign_key *k;
	struct jw w;
	int rc;

	if ((rc = sign_key_create(&k, seed)) != 0)
		return (rc);
	memcpy(box, seed, SIGN_SEED_LEN);
	if (pass != NULL) {
		rc = kdf_scrypt(key, pass, pass_len, salt, KEY_SALT_LEN,
		    KDF_SCRYPT_N, KDF_SCRYPT_R, KDF_SCRYPT_P);
		if (rc == 0)
			rc = aead_seal(box, box + SIGN_SEED_LEN, key, iv,
			    NULL, 0, seed, SIGN_SEED_LEN);
		wipe(key, sizeof(key));
		box_len = sizeof(box);
	}
	if (rc == 0) {
		record_key_id(id, sign_key_public(k));
		jw_init(&w, b);
		jw_obj(&w, NULL);
		jw_int(&w, "v", 1);
		jw_str(&w, "type", "ed25519");
		jw_str(&w, "id", id);
		jw_bytes(&w, "public", sign_key_public(k), SIGN_PUBLIC_LEN);
		jw_str(&w, "kdf", pass != NULL ? "scrypt" : "none");
		jw_bytes(&w, "salt", salt, pass != NULL ? KEY_SALT_LEN : 0);
		jw_bytes(&w, "iv", iv, pass != NULL ? AEAD_IV_LEN : 0);
		jw_bytes(&w, "secret", box, box_len);
		jw_end(&w);
		buf_ch(b, '\n');
		rc = b->rc;
	}
	wipe(box, sizeof(box));
	sign_key_free(k);
	return (rc);
}

size_t
record_pass_len(const void *p, size_t n)
{
	const char *s = p;

	return (n > 0 && s[n - 1] == '\n' ? n - 1 : n);
}

/* Is the subject "holder/" or "instance/" and an id? */
static bool
subject_valid(const char *s)
{
	if (strncmp(s, "holder/", 7) == 0)
		s += 7;
	else if (strncmp(s, "instance/", 9) == 0)
		s += 9;
	else
		return (false);
	return (text_is_id(s, strlen(s)));
}

static int
admit_id(const struct record_known *known, size_t n, bool change,
    const char *subject, struct cu_why *why)
{
	bool there = false, live = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(known[i].of, subject) != 0)
			continue;
		there = true;
		if (known[i].state == RECORD_KNOWN_LIVE)
			live = true;
	}
	if (change && !live) {
		cu_why_set(why, "%s is unknown or revoked", subject);
		return (CU_EMALFORMED);
	}
	if (!change && there) {
		cu_why_set(why, "%s is known already", subject);
		return (CU_EEXIST);
	}
	return (0);
}

int
record_key_admit(const struct record_known *known, size_t n, bool change,
    const char *subject, const uint8_t *keys, size_t keys_n,
    struct cu_why *why)
{
	const uint8_t *key = keys;
	size_t i, k;
	int rc;

	if (!subject_valid(subject)) {
		cu_why_set(why, "the subject is no holder's or instance's id");
		return (CU_EMALFORMED);
	}
	if (keys_n < 1) {
		cu_why_set(why, "%s has no key", subject);
		return (CU_EMALFORMED);
	}
	if (keys_n > RECORD_KEYS_MAX) {
		cu_why_set(why, "more than %d keys", RECORD_KEYS_MAX);
		return (CU_ELIMIT);
	}
	if ((rc = admit_id(known, n, change, subject, why)) != 0)
		return (rc);
	for (k = 0; k < keys_n; k++, key += SIGN_PUBLIC_LEN) {
		if (!sign_public_valid(key)) {
			cu_why_set(why, "key %zu is of small order or not "
			    "canonical", k + 1);
			return (CU_EMALFORMED);
		}
		for (i = 0; i < k; i++)
			if (memcmp(keys + i * SIGN_PUBLIC_LEN, key,
			    SIGN_PUBLIC_LEN) == 0) {
				cu_why_set(why, "key %zu stands twice", k + 1);
				return (CU_EMALFORMED);
			}
		for (i = 0; i < n; i++) {
			if (memcmp(known[i].public, key,
			    SIGN_PUBLIC_LEN) != 0)
				continue;
			if (change && known[i].state == RECORD_KNOWN_LIVE &&
			    strcmp(known[i].of, subject) == 0)
				continue;
			cu_why_set(why, "key %zu is known already (%s)", k + 1,
			    known[i].of);
			return (CU_EEXIST);
		}
	}
	return (0);
}
