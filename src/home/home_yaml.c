/* src/home/home_yaml.c: custos.yaml by a table, each refusal with its line */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "home/home.h"
#include "net/net_link.h"
#include "net/net_stream.h"

#define VALUE_MAX	1024	/* bytes of one value */
#define DEPTH_MAX	4
#define DURATION_MAX	((utc_us)366 * 86400 * UTC_SECOND)

#define K	(1U << HOME_KEEPER)
#define G	(1U << HOME_GATE)
#define A	(1U << HOME_AUDITOR)
#define N	(1U << HOME_SIM_NE)
#define M	(1U << HOME_SIM_ADMF)
#define ALL	(K | G | A | N | M)

enum form {
	ROLE = 1, ID, ORIGIN, DIGEST, TEXT, PATH, URL, LISTEN, TLS, IDENTITIES,
	UIDS, UID, DURATION, SIZE, SEGMENT, COUNT,
	WHERE			/* a path with a slash, or an address */
};

struct field {
	const char *name;
	enum form form;
	size_t at;
	unsigned int roles;	/* who may have it */
	unsigned int need;	/* who must have it */
	const char *fallback;	/* else, relative to the home if a path */
};

#define AT(m)	offsetof(struct home_conf, m)

static const struct field fields[] = {
	{ "role", ROLE, AT(role), ALL, ALL, NULL },
	{ "origin", ORIGIN, AT(origin), ALL, K | G | A, NULL },
	{ "genesis", DIGEST, AT(genesis), ALL, G | A, NULL },
	{ "instance", ID, AT(instance), ALL, K | G | A, NULL },
	{ "socket", PATH, AT(socket), K | G | N | M, 0, "run/%s.sock" },
	{ "keeper", WHERE, AT(keeper), G | A, G | A, NULL },
	{ "keeper_tls", TLS, AT(keeper_tls), G | A, 0, NULL },
	{ "listen", LISTEN, AT(listen), K | G | N | M, G | N, NULL },
	{ "tls", TLS, AT(tls), ALL, G | A | N | M, NULL },
	{ "identities", IDENTITIES, AT(identity), G, G, NULL },
	{ "instance_key", PATH, AT(instance_key), K | G | A, 0,
	    "keys/instance.key" },
	{ "log_key", PATH, AT(log_key), K, 0, "keys/log.key" },
	{ "vault_key", PATH, AT(vault_key), K, 0, NULL },
	{ "spool_key", PATH, AT(spool_key), G, 0, "keys/spool.key" },
	{ "uids", UIDS, 0, K | G, 0, NULL },
	{ "admf", ID, AT(admf), A | N | M, A | M, NULL },
	{ "ne", ID, AT(ne), N | M, N | M, NULL },
	{ "url", URL, AT(url), N | M, M, NULL },
	{ "segment_size", SEGMENT, AT(segment_size), K, 0, "64MiB" },
	{ "disk_low", SIZE, AT(disk_low), K, 0, "256MiB" },
	{ "keeper_timeout", DURATION, AT(keeper_timeout), G | A, 0, "2s" },
	{ "outcome_timeout", DURATION, AT(outcome_timeout), G, 0, "2s" },
	{ "element_timeout", DURATION, AT(element_timeout), G | A | N | M, 0,
	    "10s" },
	{ "audit_interval", DURATION, AT(audit_interval), A, 0, "60s" },
	{ "audit_full", DURATION, AT(audit_full), A, 0, "15min" },
	{ "snapshot_keep", DURATION, AT(snapshot_keep), A, 0, "24h" },
	{ "pace", COUNT, AT(pace), G | A, 0, "8" },
	{ "beat", DURATION, AT(beat), K | G | A, 0, "60s" },
};
#define FIELDS_N	(sizeof(fields) / sizeof(fields[0]))

static const struct field tls_fields[] = {
	{ "cert", PATH, offsetof(struct home_tls, cert), ALL, ALL, NULL },
	{ "key", PATH, offsetof(struct home_tls, key), ALL, ALL, NULL },
	{ "ca", PATH, offsetof(struct home_tls, ca), ALL, ALL, NULL },
};

static const struct field identity_fields[] = {
	{ "admf", ID, offsetof(struct home_identity, admf), ALL, ALL, NULL },
	{ "cert", PATH, offsetof(struct home_identity, tls.cert), ALL, ALL,
	    NULL },
	{ "key", PATH, offsetof(struct home_identity, tls.key), ALL, ALL,
	    NULL },
	{ "ca", PATH, offsetof(struct home_identity, tls.ca), ALL, 0, NULL },
};

static const struct field uid_fields[] = {
	{ "gate", UID, AT(uid_gate), ALL, 0, NULL },
	{ "auditor", UID, AT(uid_auditor), ALL, 0, NULL },
	{ "cli", UID, AT(uid_cli), ALL, 0, NULL },
};

static const char *const role_names[HOME_ROLE_N] = {
	[HOME_KEEPER] = "keeper", [HOME_GATE] = "gate",
	[HOME_AUDITOR] = "auditor", [HOME_SIM_NE] = "sim-ne",
	[HOME_SIM_ADMF] = "sim-admf",
};

static const struct unit { const char *name; uint64_t n; } times[] = {
	{ "ms", 1000 }, { "s", 1000000 }, { "min", 60000000 },
	{ "h", UINT64_C(3600000000) }, { "d", UINT64_C(86400000000) },
	{ NULL, 0 }
}, sizes[] = {
	{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { NULL, 0 }
};

/* What a mapping is read into. */
struct target {
	void *base;
	const struct field *field;
	size_t field_n;
	unsigned int role;		/* its bit */
	const char *where;		/* "", or the name of the section */
};

struct reader {
	yaml_document_t *doc;
	const char *dir;
	struct cu_why *why;
};

const char *
home_role_name(enum home_role r)
{
	return (r > 0 && r < HOME_ROLE_N ? role_names[r] : "?");
}

static size_t
line_of(const yaml_node_t *n)
{
	return (n->start_mark.line + 1);
}

static int
refuse(struct reader *r, const yaml_node_t *n, const char *where,
    const char *name, const char *text)
{
	cu_why_set(r->why, "line %zu: %s%s%s: %s", line_of(n), where,
	    where[0] != '\0' ? "." : "", name, text);
	return (CU_EMALFORMED);
}

/* "15min": a number without leading zeros, and one of the units. */
static int
with_unit(const char *s, const struct unit *unit, uint64_t max, uint64_t *out)
{
	size_t digits = strspn(s, "0123456789");
	uint64_t v;

	if (text_dec(s, digits, &v) != 0)
		return (-1);
	for (; unit->name != NULL; unit++)
		if (strcmp(s + digits, unit->name) == 0)
			break;
	if (unit->name == NULL || v == 0 || v > max / unit->n)
		return (-1);
	*out = v * unit->n;
	return (0);
}

static bool
is_plain(const char *s, size_t n, bool spaces)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127 ||
		    (!spaces && s[i] == ' '))
			return (false);
	return (n > 0 && text_utf8_valid(s, n));
}

static char *
under(const char *dir, const char *path)
{
	char *out;

	if (path[0] == '/')
		return (strdup(path));
	return (asprintf(&out, "%s/%s", dir, path) < 0 ? NULL : out);
}

static int
find_role(const char *s, size_t n, enum home_role *out)
{
	int i;

	for (i = 1; i < HOME_ROLE_N; i++)
		if (text_eq(s, n, role_names[i])) {
			*out = (enum home_role)i;
			return (0);
		}
	return (-1);
}

/*
 * Take one value into ${at}.  0, CU_ENOMEM, or CU_EMALFORMED with what it
 * should have been in ${want}.
 */
static int
take_value(const struct field *f, const char *dir, const char *s, size_t n,
    void *at, const char **want)
{
	char host[NET_ADDR_HOST], *copy;
	uint16_t port;
	uint64_t v;

	*want = "must not be empty, over 1,024 bytes or of several lines";
	if (n > VALUE_MAX || !is_plain(s, n, true))
		return (CU_EMALFORMED);
	switch (f->form) {
	case ROLE:
		*want = "keeper, gate, auditor, sim-ne or sim-admf";
		return (find_role(s, n, at) != 0 ? CU_EMALFORMED : 0);
	case ID:
		*want = "an id: letters, digits, . _ -, at most 64";
		if (!text_is_id(s, n))
			return (CU_EMALFORMED);
		break;
	case ORIGIN:
		*want = "a log's origin: no spaces, at most 255 bytes";
		if (!is_plain(s, n, false) || n > 255)
			return (CU_EMALFORMED);
		break;
	case DIGEST:
		*want = "64 lower-case hex digits";
		return (n != 64 || text_unhex(at, s, 32) != 0 ? CU_EMALFORMED :
		    0);
	case UID:
		*want = "a uid";
		if (text_dec(s, n, &v) != 0 || v >= UINT32_MAX)
			return (CU_EMALFORMED);
		*(int64_t *)at = (int64_t)v;
		return (0);
	case DURATION:
		*want = "a duration with its unit: 500ms, 2s, 15min, 24h, 7d";
		if (with_unit(s, times, (uint64_t)DURATION_MAX, &v) != 0)
			return (CU_EMALFORMED);
		*(utc_us *)at = (utc_us)v;
		return (0);
	case SIZE:
		*want = "a size with its unit: 64KiB, 256MiB, 2GiB";
		if (with_unit(s, sizes, UINT64_C(1) << 50, &v) != 0)
			return (CU_EMALFORMED);
		*(uint64_t *)at = v;
		return (0);
	case SEGMENT:
		*want = "a power of two from 1MiB to 64MiB";
		if (with_unit(s, sizes, 64 << 20, &v) != 0 || v < 1 << 20 ||
		    (v & (v - 1)) != 0)
			return (CU_EMALFORMED);
		*(uint32_t *)at = (uint32_t)v;
		return (0);
	case COUNT:
		*want = "a number of requests a second, 1 to 1000";
		if (text_dec(s, n, &v) != 0 || v == 0 || v > 1000)
			return (CU_EMALFORMED);
		*(unsigned int *)at = (unsigned int)v;
		return (0);
	case WHERE:
		*want = "a path with a slash in it, or an address and port";
		if (net_link_remote(s) &&
		    net_addr_split(s, host, &port) != 0)
			return (CU_EMALFORMED);
		break;
	default:
		break;
	}
	copy = f->form == PATH || (f->form == WHERE && !net_link_remote(s)) ?
	    under(dir, s) : strdup(s);
	if (copy == NULL)
		return (CU_ENOMEM);
	free(*(char **)at);
	*(char **)at = copy;
	return (0);
}

static int take_mapping(struct reader *, const yaml_node_t *,
    const struct target *);

static int
take_scalar(struct reader *r, const yaml_node_t *v, const struct field *f,
    const char *where, void *at)
{
	const char *want;
	int rc;

	if (v->type != YAML_SCALAR_NODE)
		return (refuse(r, v, where, f->name, "must be one value"));
	rc = take_value(f, r->dir, (const char *)v->data.scalar.value,
	    v->data.scalar.length, at, &want);
	return (rc == CU_EMALFORMED ? refuse(r, v, where, f->name, want) : rc);
}

static int
take_listen(struct reader *r, const yaml_node_t *v, struct home_conf *c)
{
	static const struct field text = { "listen", TEXT, 0, 0, 0, NULL };
	yaml_node_item_t *i;
	int rc = 0;

	if (v->type == YAML_SCALAR_NODE) {
		c->listen_n = 1;
		return (take_scalar(r, v, &text, "", &c->listen[0]));
	}
	if (v->type != YAML_SEQUENCE_NODE)
		return (refuse(r, v, "", "listen", "an address, or a list"));
	for (i = v->data.sequence.items.start; rc == 0 &&
	    i < v->data.sequence.items.top; i++) {
		if (c->listen_n == HOME_LISTS_MAX)
			return (refuse(r, v, "", "listen", "at most 8"));
		rc = take_scalar(r, yaml_document_get_node(r->doc, *i), &text,
		    "", &c->listen[c->listen_n]);
		c->listen_n += rc == 0;
	}
	if (rc == 0 && c->listen_n == 0)
		return (refuse(r, v, "", "listen", "an address, or a list"));
	return (rc);
}

static int
take_identities(struct reader *r, const yaml_node_t *v, struct home_conf *c)
{
	struct target t = { NULL, identity_fields,
	    sizeof(identity_fields) / sizeof(identity_fields[0]), ALL,
	    "identities" };
	yaml_node_item_t *i;
	size_t j;
	int rc;

	if (v->type != YAML_SEQUENCE_NODE)
		return (refuse(r, v, "", "identities", "must be a list"));
	for (i = v->data.sequence.items.start;
	    i < v->data.sequence.items.top; i++) {
		if (c->identity_n == HOME_LISTS_MAX)
			return (refuse(r, v, "", "identities", "at most 8"));
		t.base = &c->identity[c->identity_n++];
		rc = take_mapping(r, yaml_document_get_node(r->doc, *i), &t);
		if (rc != 0)
			return (rc);
		for (j = 0; j + 1 < c->identity_n; j++)
			if (strcmp(c->identity[j].admf,
			    c->identity[c->identity_n - 1].admf) == 0)
				return (refuse(r, v, "identities", "admf",
				    "appears twice"));
	}
	if (c->identity_n == 0)
		return (refuse(r, v, "", "identities", "must not be empty"));
	return (0);
}

static int
take_field(struct reader *r, const yaml_node_t *v, const struct field *f,
    const struct target *t)
{
	struct target sub = { t->base, NULL, 0, ALL, f->name };
	void *at = (char *)t->base + f->at;

	switch (f->form) {
	case TLS:
		sub.base = at;
		sub.field = tls_fields;
		sub.field_n = sizeof(tls_fields) / sizeof(tls_fields[0]);
		return (take_mapping(r, v, &sub));
	case UIDS:
		sub.field = uid_fields;
		sub.field_n = sizeof(uid_fields) / sizeof(uid_fields[0]);
		return (take_mapping(r, v, &sub));
	case IDENTITIES:
		return (take_identities(r, v, t->base));
	case LISTEN:
		return (take_listen(r, v, t->base));
	case DIGEST:
		((struct home_conf *)t->base)->has_genesis = true;
		/* FALLTHROUGH */
	default:
		return (take_scalar(r, v, f, t->where, at));
	}
}

static int
take_mapping(struct reader *r, const yaml_node_t *m, const struct target *t)
{
	const yaml_node_t *k, *v;
	yaml_node_pair_t *p;
	unsigned int seen = 0;
	const char *name;
	size_t i;
	int rc;

	if (m->type != YAML_MAPPING_NODE) {
		cu_why_set(r->why, "line %zu: %s%smust have members",
		    line_of(m), t->where, t->where[0] != '\0' ? ": " : "");
		return (CU_EMALFORMED);
	}
	for (p = m->data.mapping.pairs.start; p < m->data.mapping.pairs.top;
	    p++) {
		k = yaml_document_get_node(r->doc, p->key);
		v = yaml_document_get_node(r->doc, p->value);
		if (k->type != YAML_SCALAR_NODE)
			return (refuse(r, k, t->where, "?", "not a name"));
		name = (const char *)k->data.scalar.value;
		for (i = 0; i < t->field_n; i++)
			if (text_eq(name, k->data.scalar.length,
			    t->field[i].name))
				break;
		if (i == t->field_n) {
			cu_why_set(r->why, "line %zu: %s%s%.40s: unknown name",
			    line_of(k), t->where, t->where[0] ? "." : "",
			    is_plain(name, k->data.scalar.length, true) ? name :
			    "?");
			return (CU_EMALFORMED);
		}
		if ((seen & 1U << i) != 0)
			return (refuse(r, k, t->where, name, "appears twice"));
		seen |= 1U << i;
		if ((t->field[i].roles & t->role) == 0)
			return (refuse(r, k, t->where, name,
			    "not in a home of this role"));
		if ((rc = take_field(r, v, &t->field[i], t)) != 0)
			return (rc);
	}
	for (i = 0; i < t->field_n; i++)
		if ((t->field[i].need & t->role) != 0 && (seen & 1U << i) == 0)
			return (refuse(r, m, t->where, t->field[i].name,
			    "is missing"));
	return (0);
}

static int
parser_failed(const yaml_parser_t *p, struct cu_why *why)
{
	cu_why_set(why, "line %zu: not YAML: %s", (p->problem_mark.line != 0 ?
	    p->problem_mark.line : p->context_mark.line) + 1,
	    p->problem != NULL ? p->problem : "?");
	return (p->error == YAML_MEMORY_ERROR ? CU_ENOMEM : CU_EMALFORMED);
}

/* What has no place in a configuration, though the document API takes it. */
static const char *
unwanted(const yaml_event_t *e, unsigned int *docs, unsigned int *depth)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++*docs > 1)
			return ("a second document");
		if (e->data.document_start.version_directive != NULL ||
		    e->data.document_start.tag_directives.start !=
		    e->data.document_start.tag_directives.end)
			return ("a directive");
		return (NULL);
	case YAML_ALIAS_EVENT:
		return ("an alias");
	case YAML_SCALAR_EVENT:
		return (e->data.scalar.anchor != NULL ? "an anchor" :
		    e->data.scalar.tag != NULL ? "a tag" : NULL);
	case YAML_SEQUENCE_START_EVENT:
		if (++*depth > DEPTH_MAX)
			return ("nested too deep");
		return (e->data.sequence_start.anchor != NULL ? "an anchor" :
		    e->data.sequence_start.tag != NULL ? "a tag" : NULL);
	case YAML_MAPPING_START_EVENT:
		if (++*depth > DEPTH_MAX)
			return ("nested too deep");
		return (e->data.mapping_start.anchor != NULL ? "an anchor" :
		    e->data.mapping_start.tag != NULL ? "a tag" : NULL);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		--*depth;
		return (NULL);
	default:
		return (NULL);
	}
}

static int
first_pass(const char *text, size_t len, struct cu_why *why)
{
	unsigned int docs = 0, depth = 0;
	const char *what = NULL;
	yaml_parser_t p;
	yaml_event_t e;
	bool end = false;
	int rc = 0;

	if (yaml_parser_initialize(&p) != 1)
		return (CU_ENOMEM);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	while (!end && what == NULL) {
		if (yaml_parser_parse(&p, &e) != 1) {
			rc = parser_failed(&p, why);
			break;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		if ((what = unwanted(&e, &docs, &depth)) != NULL) {
			cu_why_set(why, "line %zu: %s",
			    e.start_mark.line + 1, what);
			rc = CU_EMALFORMED;
		}
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	if (rc == 0 && docs == 0) {
		cu_why_set(why, "line 1: empty");
		rc = CU_EMALFORMED;
	}
	return (rc);
}

/* The role decides about all else, so it is looked up first. */
static int
read_role(struct reader *r, const yaml_node_t *root, enum home_role *role)
{
	const yaml_node_t *k, *v;
	yaml_node_pair_t *p;

	if (root->type == YAML_MAPPING_NODE)
		for (p = root->data.mapping.pairs.start;
		    p < root->data.mapping.pairs.top; p++) {
			k = yaml_document_get_node(r->doc, p->key);
			v = yaml_document_get_node(r->doc, p->value);
			if (k->type == YAML_SCALAR_NODE &&
			    text_eq((char *)k->data.scalar.value,
			    k->data.scalar.length, "role"))
				return (take_scalar(r, v, &fields[0], "",
				    role));
		}
	return (refuse(r, root, "", "role", "is missing"));
}

static int
set_default(struct home_conf *c, const struct field *f, const char *dir)
{
	static const char *const sockets[HOME_ROLE_N] = {
		[HOME_KEEPER] = "run/keeper.sock", [HOME_GATE] =
		"run/gate.sock", [HOME_SIM_NE] = "run/sim.sock",
		[HOME_SIM_ADMF] = "run/sim.sock",
	};
	const char *s = f->fallback, *want;

	if (f->at == AT(socket))
		s = sockets[c->role];
	return (take_value(f, dir, s, strlen(s), (char *)c + f->at, &want));
}

int
home_defaults(struct home_conf *c, enum home_role role, const char *dir)
{
	size_t i;
	int rc;

	memset(c, 0, sizeof(*c));
	c->role = role;
	c->uid_gate = c->uid_auditor = c->uid_cli = (int64_t)getuid();
	for (i = 0; i < FIELDS_N; i++)
		if (fields[i].fallback != NULL &&
		    (fields[i].roles & 1U << role) != 0 &&
		    (rc = set_default(c, &fields[i], dir)) != 0) {
			home_conf_fini(c);
			return (rc);
		}
	return (0);
}

/* An address needs what TLS is spoken with there. */
static int
check_remote(struct reader *r, const yaml_node_t *root,
    const struct home_conf *c)
{
	if (c->role == HOME_KEEPER && c->listen_n > 0 && c->tls.cert == NULL)
		return (refuse(r, root, "", "tls", "is missing, as the keeper "
		    "listens at an address"));
	if (c->keeper != NULL && net_link_remote(c->keeper) &&
	    c->keeper_tls.cert == NULL)
		return (refuse(r, root, "", "keeper_tls", "is missing, as the "
		    "keeper is at an address"));
	return (0);
}

static int
second_pass(struct home_conf *c, yaml_document_t *doc, const char *dir,
    struct cu_why *why)
{
	struct target t = { c, fields, FIELDS_N, 0, "" };
	struct reader r = { doc, dir, why };
	enum home_role role = 0;
	yaml_node_t *root;
	size_t i;
	int rc;

	if ((root = yaml_document_get_root_node(doc)) == NULL) {
		cu_why_set(why, "line 1: empty");
		return (CU_EMALFORMED);
	}
	if ((rc = read_role(&r, root, &role)) != 0 ||
	    (rc = home_defaults(c, role, dir)) != 0)
		return (rc);
	t.role = 1U << role;
	rc = take_mapping(&r, root, &t);
	for (i = 0; rc == 0 && i < c->identity_n; i++)
		if (c->identity[i].tls.ca == NULL &&
		    (c->identity[i].tls.ca = strdup(c->tls.ca)) == NULL)
			rc = CU_ENOMEM;
	if (rc == 0)
		rc = check_remote(&r, root, c);
	if (rc != 0)
		home_conf_fini(c);
	return (rc);
}

int
home_parse(struct home_conf *c, const char *text, size_t len, const char *dir,
    struct cu_why *why)
{
	struct home_conf got;
	yaml_document_t doc;
	yaml_parser_t p;
	int rc;

	if (len > HOME_FILE_MAX) {
		cu_why_set(why, "line 1: over 64 KiB");
		return (CU_ELIMIT);
	}
	if ((rc = first_pass(text, len, why)) != 0)
		return (rc);
	if (yaml_parser_initialize(&p) != 1)
		return (CU_ENOMEM);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	if (yaml_parser_load(&p, &doc) != 1) {
		rc = parser_failed(&p, why);
		yaml_parser_delete(&p);
		return (rc);
	}
	rc = second_pass(&got, &doc, dir, why);
	yaml_document_delete(&doc);
	yaml_parser_delete(&p);
	if (rc == 0)
		*c = got;
	return (rc);
}

static void
tls_fini(struct home_tls *t)
{
	free(t->cert);
	free(t->key);
	free(t->ca);
}

void
home_conf_fini(struct home_conf *c)
{
	size_t i;

	for (i = 0; i < FIELDS_N; i++)
		switch (fields[i].form) {
		case ID:
		case ORIGIN:
		case PATH:
		case WHERE:
		case URL:
			free(*(char **)((char *)c + fields[i].at));
			break;
		default:
			break;
		}
	for (i = 0; i < HOME_LISTS_MAX; i++) {
		free(c->listen[i]);
		free(c->identity[i].admf);
		tls_fini(&c->identity[i].tls);
	}
	tls_fini(&c->tls);
	tls_fini(&c->keeper_tls);
	memset(c, 0, sizeof(*c));
}

/* Quoted always: what a value looks like must not decide what it is. */
static void
write_text(struct buf *b, const char *s)
{
	buf_ch(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_ch(b, '\\');
		buf_ch(b, *s);
	}
	buf_str(b, "\"\n");
}

static void
write_path(struct buf *b, const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) == 0 && path[n] == '/' && path[n + 1] != '/')
		path += n + 1;
	write_text(b, path);
}

/* A path keeps a slash, by which it is known from an address. */
static void
write_where(struct buf *b, const char *where, const char *dir)
{
	size_t n = strlen(dir);
	char *path;

	if (strncmp(where, dir, n) != 0 || where[n] != '/' ||
	    strchr(where + n + 1, '/') != NULL) {
		write_path(b, where, dir);
	} else if (asprintf(&path, "./%s", where + n + 1) < 0) {
		b->rc = CU_ENOMEM;
	} else {
		write_text(b, path);
		free(path);
	}
}

static void
write_unit(struct buf *b, uint64_t v, const struct unit *unit)
{
	const struct unit *best = unit;

	for (; unit->name != NULL; unit++)
		if (v % unit->n == 0)
			best = unit;
	buf_printf(b, "%llu%s\n", (unsigned long long)(v / best->n),
	    best->name);
}

static void
write_tls(struct buf *b, const struct home_tls *t, const char *dir,
    const char *indent)
{
	buf_printf(b, "%scert: ", indent);
	write_path(b, t->cert, dir);
	buf_printf(b, "%skey: ", indent);
	write_path(b, t->key, dir);
	buf_printf(b, "%sca: ", indent);
	write_path(b, t->ca, dir);
}

static void
write_section(struct buf *b, const struct field *f, const struct home_conf *c,
    const char *dir)
{
	const struct home_tls *tls;
	size_t i;

	switch (f->form) {
	case TLS:
		tls = (const void *)((const char *)c + f->at);
		if (tls->cert == NULL)
			return;
		buf_printf(b, "%s:\n", f->name);
		write_tls(b, tls, dir, "  ");
		return;
	case LISTEN:
		for (i = 0; i < c->listen_n; i++) {
			buf_str(b, i == 0 ? "listen:\n  - " : "  - ");
			write_text(b, c->listen[i]);
		}
		return;
	case IDENTITIES:
		for (i = 0; i < c->identity_n; i++) {
			buf_str(b, i == 0 ? "identities:\n  - admf: " :
			    "  - admf: ");
			write_text(b, c->identity[i].admf);
			write_tls(b, &c->identity[i].tls, dir, "    ");
		}
		return;
	default:
		buf_printf(b, "uids:\n  gate: %lld\n  auditor: %lld\n"
		    "  cli: %lld\n", (long long)c->uid_gate,
		    (long long)c->uid_auditor, (long long)c->uid_cli);
		return;
	}
}

static bool
same(const struct field *f, const struct home_conf *a,
    const struct home_conf *b)
{
	const void *x = (const char *)a + f->at, *y = (const char *)b + f->at;
	const char *s, *t;

	switch (f->form) {
	case UIDS:
		return (a->uid_gate == b->uid_gate && a->uid_auditor ==
		    b->uid_auditor && a->uid_cli == b->uid_cli);
	case DURATION:
	case SIZE:
		return (memcmp(x, y, 8) == 0);
	case SEGMENT:
	case COUNT:
		return (memcmp(x, y, 4) == 0);
	case DIGEST:
		return (!a->has_genesis);
	case ID:
	case ORIGIN:
	case PATH:
	case WHERE:
	case URL:
		s = *(char *const *)x;
		t = *(char *const *)y;
		return (s == NULL || (t != NULL && strcmp(s, t) == 0));
	default:
		return (false);
	}
}

void
home_write(struct buf *b, const struct home_conf *c, const char *dir)
{
	struct home_conf plain;
	const struct field *f;
	const void *at;
	char hex[65];
	int rc;

	if ((rc = home_defaults(&plain, c->role, dir)) != 0) {
		if (b->rc == 0)
			b->rc = rc;
		return;
	}
	buf_str(b, "# See custos.yaml(5).\n");
	for (f = fields; f < fields + FIELDS_N; f++) {
		at = (const char *)c + f->at;
		if ((f->roles & 1U << c->role) == 0 || same(f, c, &plain))
			continue;
		if (f->form == TLS || f->form == LISTEN || f->form == UIDS ||
		    f->form == IDENTITIES) {
			write_section(b, f, c, dir);
			continue;
		}
		buf_printf(b, "%s: ", f->name);
		if (f->form == ROLE)
			buf_printf(b, "%s\n", home_role_name(c->role));
		else if (f->form == DIGEST) {
			text_hex(hex, c->genesis, sizeof(c->genesis));
			buf_printf(b, "\"%s\"\n", hex);
		} else if (f->form == DURATION)
			write_unit(b, *(const uint64_t *)at, times);
		else if (f->form == SIZE)
			write_unit(b, *(const uint64_t *)at, sizes);
		else if (f->form == SEGMENT)
			write_unit(b, *(const uint32_t *)at, sizes);
		else if (f->form == COUNT)
			buf_printf(b, "%u\n", *(const unsigned int *)at);
		else if (f->form == WHERE)
			write_where(b, *(char *const *)at, dir);
		else if (f->form == PATH)
			write_path(b, *(char *const *)at, dir);
		else
			write_text(b, *(char *const *)at);
	}
	home_conf_fini(&plain);
}
