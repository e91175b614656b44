/*
 * One record of the spool as bytes.  Read only after its AEAD tag held, and
 * strictly all the same: the key lies on the same disk.
 *
 *	u8 version (1) . u8 type . u8 kind . u8 zero . u64 start . u64 n
 *	u64 ref_start . u64 ref_n . key[32] . u64 time . sig[64]
 *	u32 length . text . u32 disclosures . (u32 length . text) each
 */
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "crypto/random.h"
#include "gate/gate_record.h"

#define VERSION	1

void
gate_record_init(struct gate_record *r, enum gate_record_type type)
{
	memset(r, 0, sizeof(*r));
	r->type = type;
	r->index = r->ref_index = RECORD_NONE;
	record_sds_init(&r->sds);
}

void
gate_record_fini(struct gate_record *r)
{
	if (r->text != NULL) {
		wipe(r->text, r->text_len);
		free(r->text);
	}
	r->text = NULL;
	r->text_len = 0;
	record_sds_fini(&r->sds);
}

void
gate_record_encode(struct buf *b, const struct gate_record *r)
{
	char key[RECORD_KEY_ID_LEN] = { 0 };
	size_t i;

	memcpy(key, r->sig.key, strnlen(r->sig.key, sizeof(key)));
	buf_be(b, 1, VERSION);
	buf_be(b, 1, r->type);
	buf_be(b, 1, r->kind);
	buf_be(b, 1, 0);
	buf_be(b, 8, r->start);
	buf_be(b, 8, r->n);
	buf_be(b, 8, r->ref_start);
	buf_be(b, 8, r->ref_n);
	buf_add(b, key, sizeof(key));
	buf_be(b, 8, (uint64_t)r->sig.time);
	buf_add(b, r->sig.sig, sizeof(r->sig.sig));
	buf_be(b, 4, r->text_len);
	buf_add(b, r->text, r->text_len);
	buf_be(b, 4, r->sds.n);
	for (i = 0; i < r->sds.n; i++) {
		buf_be(b, 4, r->sds.row[i].len);
		buf_add(b, r->sds.row[i].text, r->sds.row[i].len);
	}
}

/* What is not signed has zeros there: a record has one spelling. */
static bool
unsigned_yet(const struct record_sig *sig)
{
	static const struct record_sig none;

	return (sig->time == 0 &&
	    memcmp(sig->key, none.key, sizeof(none.key)) == 0 &&
	    memcmp(sig->sig, none.sig, sizeof(none.sig)) == 0);
}

/* Only what each type has. */
static int
check_form(const struct gate_record *r)
{
	bool numbered = r->start >= 1 && r->start <= RECORD_COUNT_MAX &&
	    r->n >= 1 && r->n <= RECORD_COUNT_MAX;

	switch (r->type) {
	case GATE_RECORD_REPORT:
		if (!numbered || (r->ref_start == 0) != (r->ref_n == 0) ||
		    !record_key_id_valid(r->sig.key, RECORD_KEY_ID_LEN) ||
		    r->sig.time < 0 || r->sig.time > UTC_MAX)
			return (CU_EMALFORMED);
		return (r->kind == RECORD_LATE || r->kind == RECORD_OUTCOME ||
		    r->kind == RECORD_REPORT ? 0 : CU_EMALFORMED);
	case GATE_RECORD_DRAFT:
		return (numbered && r->ref_start >= 1 && r->ref_n >= 1 &&
		    r->kind == RECORD_OUTCOME && unsigned_yet(&r->sig) ? 0 :
		    CU_EMALFORMED);
	default:
		return (r->kind == 0 && r->start == 0 && r->n == 0 &&
		    r->ref_start == 0 && r->ref_n == 0 &&
		    unsigned_yet(&r->sig) && r->sds.n == 0 &&
		    r->text_len <= RECORD_ACT_FILE_MAX ? 0 : CU_EMALFORMED);
	}
}

static int
take_texts(struct gate_record *r, struct rd *rd)
{
	const uint8_t *p;
	uint64_t len, n;
	int rc;

	if (rd_be(rd, 4, &len) || rd_bytes(rd, &p, len))
		return (CU_EMALFORMED);
	if (len == 0 || memchr(p, '\0', len) != NULL)
		return (CU_EMALFORMED);
	if ((r->text = malloc(len + 1)) == NULL)
		return (CU_ENOMEM);
	memcpy(r->text, p, len);
	r->text[len] = '\0';
	r->text_len = len;
	if (rd_be(rd, 4, &n))
		return (CU_EMALFORMED);
	if (n > RECORD_SD_MAX)
		return (CU_ELIMIT);
	for (; n > 0; n--) {
		if (rd_be(rd, 4, &len) || rd_bytes(rd, &p, len))
			return (CU_EMALFORMED);
		if ((rc = record_sds_take(&r->sds, (const char *)p, len)) != 0)
			return (rc);
	}
	return (rd->left == 0 ? 0 : CU_EMALFORMED);
}

int
gate_record_decode(struct gate_record *out, const void *buf, size_t len)
{
	struct rd rd = { buf, len };
	uint64_t version, type, kind, zero, time;
	struct gate_record r;
	const uint8_t *key, *sig;
	int rc = CU_EMALFORMED;

	if (len > GATE_RECORD_MAX)
		return (CU_ELIMIT);
	gate_record_init(&r, 0);
	if (rd_be(&rd, 1, &version) || version != VERSION ||
	    rd_be(&rd, 1, &type) || type == 0 || type >= GATE_RECORD_N ||
	    rd_be(&rd, 1, &kind) || kind >= RECORD_KIND_N ||
	    rd_be(&rd, 1, &zero) || zero != 0 ||
	    rd_be(&rd, 8, &r.start) || rd_be(&rd, 8, &r.n) ||
	    rd_be(&rd, 8, &r.ref_start) || rd_be(&rd, 8, &r.ref_n) ||
	    rd_bytes(&rd, &key, RECORD_KEY_ID_LEN) || rd_be(&rd, 8, &time) ||
	    rd_bytes(&rd, &sig, SIGN_LEN))
		return (CU_EMALFORMED);
	r.type = (enum gate_record_type)type;
	r.kind = (enum record_kind)kind;
	r.sig.time = (utc_us)time;
	memcpy(r.sig.key, key, RECORD_KEY_ID_LEN);
	memcpy(r.sig.sig, sig, SIGN_LEN);
	if ((rc = take_texts(&r, &rd)) != 0 || (rc = check_form(&r)) != 0) {
		gate_record_fini(&r);
		return (rc);
	}
	*out = r;
	return (0);
}
