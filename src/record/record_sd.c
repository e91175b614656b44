/* src/record/record_sd.c: disclosures, the list of their digests, seals */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "crypto/random.h"
#include "json/jv.h"
#include "json/jw.h"
#include "record/record_read.h"
#include "record/record_sd.h"

#define ITEM_MIN	(AEAD_IV_LEN + AEAD_TAG_LEN)

static bool
name_valid(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if ((s[i] < 'a' || s[i] > 'z') && s[i] != '_')
			return (false);
	return (i >= 1 && i <= RECORD_SD_NAME_MAX);
}

int
record_sd_read(struct record_sd *out, const char *text, size_t len,
    struct cu_why *why)
{
	struct record_sd sd = { 0 };
	char *json;
	size_t n;
	int rc;

	if (len > RECORD_SD_TEXT_MAX) {
		cu_why_set(why, "a disclosure over %d bytes",
		    RECORD_SD_TEXT_MAX);
		return (CU_ELIMIT);
	}
	if ((json = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	if (text_unb64url(json, len, &n, text, len) != 0) {
		cu_why_set(why, "a disclosure is not base64url");
		rc = CU_EMALFORMED;
	} else {
		rc = record_parse(&sd.root, json, n, RECORD_SD_TEXT_MAX, why);
	}
	wipe(json, len + 1);
	free(json);
	if (rc != 0) {
		cu_why_in(why, "disclosure");
		return (rc);
	}
	sd.name = record_cstr(jv_at(sd.root, 1));
	sd.value = jv_at(sd.root, 2);
	if (!jv_is(sd.root, JV_ARRAY) || jv_len(sd.root) != 3 ||
	    jv_bytes(jv_at(sd.root, 0), sd.salt, RECORD_SALT_LEN) != 0 ||
	    sd.name == NULL || !name_valid(sd.name)) {
		jv_free(sd.root);
		cu_why_set(why, "a disclosure is not [salt, name, value]");
		return (CU_EMALFORMED);
	}
	digest(sd.digest, text, len);
	*out = sd;
	return (0);
}

void
record_sd_fini(struct record_sd *sd)
{
	jv_free(sd->root);
	memset(sd, 0, sizeof(*sd));
}

void
record_sd_write(struct buf *b, uint8_t dg[DIGEST_LEN],
    const uint8_t salt[RECORD_SALT_LEN], const char *name, const char *value,
    size_t len)
{
	size_t at = b->len;
	struct buf json;
	struct jw w;

	buf_init(&json, RECORD_SD_TEXT_MAX);
	jw_init(&w, &json);
	jw_arr(&w, NULL);
	jw_bytes(&w, NULL, salt, RECORD_SALT_LEN);
	jw_str(&w, NULL, name);
	jw_raw(&w, NULL, value, len);
	jw_end(&w);
	if (json.rc == 0 && TEXT_B64URL_LEN(json.len) > RECORD_SD_TEXT_MAX)
		json.rc = CU_ELIMIT;
	if (json.rc != 0 && b->rc == 0)
		b->rc = json.rc;
	buf_b64url(b, json.p, json.len);
	buf_wipe(&json);
	if (b->rc == 0)
		digest(dg, b->p + at, b->len - at);
}

void
record_sds_init(struct record_sds *s)
{
	memset(s, 0, sizeof(*s));
}

void
record_sds_fini(struct record_sds *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		wipe(s->row[i].text, s->row[i].len);
		free(s->row[i].text);
	}
	free(s->row);
	s->row = NULL;
	s->n = s->cap = 0;
}

/* Room for one more row. */
static int
grow(struct record_sds *s)
{
	struct record_sds_row *row;
	size_t cap = s->cap == 0 ? 8 : s->cap * 2;

	if (s->n == RECORD_SD_MAX)
		return (CU_ELIMIT);
	if (s->n < s->cap)
		return (0);
	if ((row = realloc(s->row, cap * sizeof(*row))) == NULL)
		return (CU_ENOMEM);
	s->row = row;
	s->cap = cap;
	return (0);
}

/* Take an owned text as the next row. */
static void
push(struct record_sds *s, char *text, size_t len)
{
	struct record_sds_row *r = &s->row[s->n++];

	r->text = text;
	r->len = len;
	digest(r->digest, text, len);
	text_b64url(r->b64, r->digest, DIGEST_LEN);
}

int
record_sds_json(struct record_sds *s, const char *name, const char *value,
    size_t len)
{
	uint8_t salt[RECORD_SALT_LEN], dg[DIGEST_LEN];
	struct buf b;
	uint8_t *text;
	size_t n;
	int rc;

	if ((rc = grow(s)) != 0)
		return (rc);
	if (s->salt != NULL)
		s->salt(s->cookie, salt);
	else
		random_bytes(salt, sizeof(salt));
	buf_init(&b, RECORD_SD_TEXT_MAX + 1);
	record_sd_write(&b, dg, salt, name, value, len);
	rc = b.rc;
	if (rc == 0 && (text = buf_take(&b, &n)) != NULL)
		push(s, (char *)text, n);
	else if (rc == 0)
		rc = CU_ENOMEM;
	buf_wipe(&b);
	return (rc);
}

int
record_sds_str(struct record_sds *s, const char *name, const char *value)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_SD_TEXT_MAX);
	jw_quote(&b, value, strlen(value));
	rc = b.rc;
	if (rc == 0)
		rc = record_sds_json(s, name, (const char *)b.p, b.len);
	buf_wipe(&b);
	return (rc);
}

int
record_sds_bytes(struct record_sds *s, const char *name, const void *p,
    size_t n)
{
	struct buf b;
	int rc;

	buf_init(&b, RECORD_SD_TEXT_MAX);
	buf_ch(&b, '"');
	buf_b64url(&b, p, n);
	buf_ch(&b, '"');
	rc = b.rc;
	if (rc == 0)
		rc = record_sds_json(s, name, (const char *)b.p, b.len);
	buf_wipe(&b);
	return (rc);
}

int
record_sds_take(struct record_sds *s, const char *text, size_t len)
{
	char *copy;
	int rc;

	if (len > RECORD_SD_TEXT_MAX)
		return (CU_ELIMIT);
	if ((rc = grow(s)) != 0)
		return (rc);
	if ((copy = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	memcpy(copy, text, len);
	copy[len] = '\0';
	push(s, copy, len);
	return (0);
}

static int
row_cmp(const void *a, const void *b)
{
	const struct record_sds_row *ra = a, *rb = b;

	return (strcmp(ra->b64, rb->b64));
}

int
record_sds_sort(struct record_sds *s)
{
	size_t i;

	if (s->n > 1)
		qsort(s->row, s->n, sizeof(*s->row), row_cmp);
	for (i = 1; i < s->n; i++)
		if (row_cmp(&s->row[i - 1], &s->row[i]) == 0)
			return (CU_EMALFORMED);
	return (0);
}

void
record_sds_write(const struct record_sds *s, struct jw *w)
{
	size_t i;

	if (s->n == 0)
		return;
	jw_arr(w, "_sd");
	for (i = 0; i < s->n; i++)
		jw_str(w, NULL, s->row[i].b64);
	jw_end(w);
}

int
record_sd_list(const struct jv *v, uint8_t (**out)[DIGEST_LEN], size_t *out_n,
    struct cu_why *why)
{
	const char *s, *last = "";
	uint8_t (*d)[DIGEST_LEN];
	size_t i, n, len;

	if (v == NULL) {
		*out = NULL;
		*out_n = 0;
		return (0);
	}
	n = jv_len(v);
	if (!jv_is(v, JV_ARRAY) || n == 0)
		return (record_bad(why, "_sd", "not an array of digests"));
	if (n > RECORD_SD_MAX) {
		cu_why_set(why, "member _sd: more than %d", RECORD_SD_MAX);
		return (CU_ELIMIT);
	}
	if ((d = calloc(n, sizeof(*d))) == NULL)
		return (CU_ENOMEM);
	for (i = 0; i < n; i++, last = s) {
		s = jv_str(jv_at(v, i), &len);
		if (jv_bytes(jv_at(v, i), d[i], DIGEST_LEN) != 0 ||
		    strcmp(last, s) >= 0) {
			free(d);
			return (record_bad(why, "_sd",
			    "not sorted digests, each once"));
		}
	}
	*out = d;
	*out_n = n;
	return (0);
}

bool
record_sd_match(const struct record_sds *s, uint8_t (*d)[DIGEST_LEN],
    size_t n)
{
	size_t i;

	if (s->n != n)
		return (false);
	for (i = 0; i < n; i++)
		if (memcmp(s->row[i].digest, d[i], DIGEST_LEN) != 0)
			return (false);
	return (true);
}

/* Associated data: what ties a value to its entry and its digest. */
static void
bind(uint8_t aad[RECORD_NONCE_LEN + DIGEST_LEN], const uint8_t *nonce,
    const uint8_t *dg)
{
	memcpy(aad, nonce, RECORD_NONCE_LEN);
	memcpy(aad + RECORD_NONCE_LEN, dg, DIGEST_LEN);
}

int
record_seal(struct buf *b, struct record_sealed *row,
    const uint8_t nonce[RECORD_NONCE_LEN], const struct record_seal_key *key,
    const uint8_t *iv, const uint8_t dg[DIGEST_LEN], const char *text,
    size_t len)
{
	uint8_t aad[RECORD_NONCE_LEN + DIGEST_LEN];
	size_t at = b->len;
	uint8_t *p;
	int rc;

	if (len > RECORD_SD_TEXT_MAX)
		return (CU_ELIMIT);
	buf_be(b, 4, len + ITEM_MIN);
	buf_fill(b, 0, len + ITEM_MIN);
	if (b->rc != 0)
		return (b->rc);
	p = b->p + at + 4;
	if (iv != NULL)
		memcpy(p, iv, AEAD_IV_LEN);
	else
		random_bytes(p, AEAD_IV_LEN);
	bind(aad, nonce, dg);
	rc = aead_seal(p + AEAD_IV_LEN, p + AEAD_IV_LEN + len, key->key, p,
	    aad, sizeof(aad), text, len);
	if (rc != 0)
		return (rc);
	memcpy(row->digest, dg, DIGEST_LEN);
	memcpy(row->key, key->id, sizeof(row->key));
	digest(row->cipher, p, len + ITEM_MIN);
	return (0);
}

int
record_unseal(struct buf *b, const struct record_sealed *row,
    const uint8_t nonce[RECORD_NONCE_LEN], const struct record_seal_key *key,
    const uint8_t *item, size_t len)
{
	uint8_t aad[RECORD_NONCE_LEN + DIGEST_LEN], d[DIGEST_LEN];
	size_t at = b->len, n;

	if (len < ITEM_MIN)
		return (CU_EMALFORMED);
	if (len - ITEM_MIN > RECORD_SD_TEXT_MAX)
		return (CU_ELIMIT);
	if (strcmp(row->key, key->id) != 0)
		return (CU_ECRYPTO);
	digest(d, item, len);
	if (memcmp(d, row->cipher, DIGEST_LEN) != 0)
		return (CU_ECRYPTO);
	n = len - ITEM_MIN;
	buf_fill(b, 0, n);
	if (b->rc != 0)
		return (b->rc);
	bind(aad, nonce, row->digest);
	if (aead_open(b->p + at, item + len - AEAD_TAG_LEN, key->key, item,
	    aad, sizeof(aad), item + AEAD_IV_LEN, n) != 0)
		goto err;
	digest(d, b->p + at, n);
	if (memcmp(d, row->digest, DIGEST_LEN) != 0) {
		wipe(b->p + at, n);
		goto err;
	}
	return (0);

err:	b->len = at;
	if (b->p != NULL)
		b->p[at] = '\0';
	return (CU_ECRYPTO);
}

int
record_items(struct record_item *item, const struct record_sealed *row,
    size_t n, const void *p, size_t len)
{
	struct rd r = { p, len };
	uint8_t d[DIGEST_LEN];
	uint64_t item_len;
	size_t i;

	if (len > RECORD_SEALED_MAX)
		return (CU_EMALFORMED);
	for (i = 0; i < n; i++) {
		if (rd_be(&r, 4, &item_len) || item_len < ITEM_MIN ||
		    rd_bytes(&r, &item[i].p, (size_t)item_len))
			return (CU_EMALFORMED);
		item[i].len = (size_t)item_len;
		digest(d, item[i].p, item[i].len);
		if (memcmp(d, row[i].cipher, DIGEST_LEN) != 0)
			return (CU_EMALFORMED);
	}
	return (r.left == 0 ? 0 : CU_EMALFORMED);
}
