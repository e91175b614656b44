/* src/net/net_tls.c: what every TLS session of custos keeps to */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "base/err.h"
#include "net/net_tls.h"
#include "net/net_tls_int.h"

struct net_tls {
	SSL_CTX *ctx;
	unsigned int refs;
};

/* AEAD with forward secrecy alone; TLS 1.3 has nothing else. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!PSK"

/* RFC 7301: http/1.1 where it is offered; h2 is never selected. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *cookie)
{
	static const unsigned char want[] = "http/1.1";
	unsigned int i, n;

	(void)ssl, (void)cookie;
	for (i = 0; i < in_len; i += 1 + n) {
		n = in[i];
		if (n > in_len - i - 1)
			break;
		if (n == sizeof(want) - 1 && memcmp(in + i + 1, want, n) == 0) {
			*out = in + i + 1;
			*out_len = (unsigned char)n;
			return (SSL_TLSEXT_ERR_OK);
		}
	}
	return (SSL_TLSEXT_ERR_ALERT_FATAL);
}

/* The file exists but OpenSSL did not like it: say so; else that it is not. */
static int
blame(struct cu_why *why, const char *file, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(e);

	if (access(file, R_OK) != 0) {
		cu_why_set(why, "%s: cannot be read", file);
		ERR_clear_error();
		return (CU_ENOENT);
	}
	cu_why_set(why, "%s: %s%s%s", file, what, reason ? ": " : "",
	    reason ? reason : "");
	ERR_clear_error();
	return (CU_ECRYPTO);
}

static int
load(SSL_CTX *ctx, const struct net_tls_conf *c, int server,
    struct cu_why *why)
{
	STACK_OF(X509_NAME) *names;

	if (SSL_CTX_use_certificate_chain_file(ctx, c->cert) != 1)
		return (blame(why, c->cert, "no certificate"));
	if (SSL_CTX_use_PrivateKey_file(ctx, c->key, SSL_FILETYPE_PEM) != 1)
		return (blame(why, c->key, "no key to the certificate"));
	if (SSL_CTX_check_private_key(ctx) != 1)
		return (blame(why, c->key, "not the certificate's key"));
	if (SSL_CTX_load_verify_file(ctx, c->ca) != 1)
		return (blame(why, c->ca, "no CA certificate"));
	if (server) {
		if ((names = SSL_load_client_CA_file(c->ca)) == NULL)
			return (blame(why, c->ca, "no CA certificate"));
		SSL_CTX_set_client_CA_list(ctx, names);
	}
	return (0);
}

/* A key file must not make OpenSSL ask at the terminal. */
static int
no_passphrase(char *buf, int size, int rwflag, void *cookie)
{
	(void)buf, (void)size, (void)rwflag, (void)cookie;
	return (-1);
}

static int
create(struct net_tls **out, const struct net_tls_conf *c, int server,
    struct cu_why *why)
{
	struct net_tls *t;
	int rc = CU_ENOMEM;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto err0;
	t->refs = 1;
	t->ctx = SSL_CTX_new(server ? TLS_server_method() :
	    TLS_client_method());
	if (t->ctx == NULL)
		goto err1;
	SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	rc = CU_ECRYPTO;
	if (SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(t->ctx, CIPHERS) != 1 ||
	    SSL_CTX_set_num_tickets(t->ctx, 0) != 1 ||
	    SSL_CTX_set_max_early_data(t->ctx, 0) != 1)
		goto err2;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (server)
		SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, NULL);
	if ((rc = load(t->ctx, c, server, why)) != 0)
		goto err2;
	*out = t;
	return (0);

err2:	SSL_CTX_free(t->ctx);
err1:	free(t);
err0:	return (rc);
}

int
net_tls_server(struct net_tls **out, const struct net_tls_conf *c,
    struct cu_why *why)
{
	return (create(out, c, 1, why));
}

int
net_tls_client(struct net_tls **out, const struct net_tls_conf *c,
    struct cu_why *why)
{
	return (create(out, c, 0, why));
}

struct net_tls *
net_tls_ref(struct net_tls *t)
{
	if (t != NULL)
		t->refs++;
	return (t);
}

void
net_tls_unref(struct net_tls *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

SSL_CTX *
net_tls_ctx(struct net_tls *t)
{
	return (t->ctx);
}
