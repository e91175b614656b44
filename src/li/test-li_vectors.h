/* src/li/test-li_vectors.h: reading test/vectors/custos in the tests of li */
#ifndef TEST_LI_VECTORS_H_
#define TEST_LI_VECTORS_H_
#include <string.h>
#include "base/err.h"
#include "json/jv.h"
#include "li/li_target.h"
#include "load.h"

/* The whole of one of our vector files. */
#define vectors(name)	load_json(TEST_DIR "/vectors/custos/%s", (name))

static inline const char *
text_of(const struct jv *v, size_t *n)
{
	static const char none[] = "";
	const char *s = jv_str(v, n);

	if (s == NULL)
		*n = 0;
	return (s != NULL ? s : none);
}

/* An "input" of targets.json, normalised. */
static inline int
normalise(struct li_target *out, const char *kind, const struct jv *input,
    struct cu_why *why)
{
	enum li_kind k = li_kind_find(kind, strlen(kind));
	struct li_text t[LI_LIST_MAX];
	enum li_form form = LI_FORM_TEXT;
	size_t i, n = 1;

	if (jv_is(input, JV_STRING)) {
		t[0].p = text_of(input, &t[0].n);
	} else if (jv_is(input, JV_ARRAY)) {
		form = LI_FORM_LIST;
		n = jv_len(input);
		for (i = 0; i < n && i < LI_LIST_MAX; i++)
			t[i].p = text_of(jv_at(input, i), &t[i].n);
	} else if (jv_get(input, "start") != NULL) {
		form = LI_FORM_RANGE;
		n = 2;
		t[0].p = text_of(jv_get(input, "start"), &t[0].n);
		t[1].p = text_of(jv_get(input, "end"), &t[1].n);
	} else if (jv_get(input, "IPv4CIDR") != NULL) {
		form = LI_FORM_CIDR4;
		t[0].p = text_of(jv_get(input, "IPv4CIDR"), &t[0].n);
	} else if (jv_get(input, "IPv6CIDR") != NULL) {
		form = LI_FORM_CIDR6;
		t[0].p = text_of(jv_get(input, "IPv6CIDR"), &t[0].n);
	}
	return (li_target_normalise(out, k, form, t, n, why));
}
#endif /* !TEST_LI_VECTORS_H_ */
