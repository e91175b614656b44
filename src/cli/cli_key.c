/* src/cli/cli_key.c: key new, key show */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/cli.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "record/record_key.h"

int
cli_key_info(const char *path, const char *file, size_t len,
    struct record_key_info *info)
{
	struct cu_why why = { "" };

	if (record_key_info(info, file, len, &why) == 0)
		return (0);
	cli_fail(CLI_FAILED, "%s: %s", path, why.text);
	cli_fail(CLI_FAILED, "(a key file is what custos key new makes)");
	return (-1);
}

int
cli_public_key(const char *word, uint8_t out[SIGN_PUBLIC_LEN])
{
	struct record_key_info info;
	size_t len;
	char *file;
	int rc;

	if (strlen(word) == TEXT_B64URL_LEN(SIGN_PUBLIC_LEN) &&
	    text_unb64url(out, SIGN_PUBLIC_LEN, &len, word, strlen(word)) == 0)
		return (0);
	if ((file = cli_read(word, RECORD_KEY_FILE_MAX, &len)) == NULL) {
		cli_fail(CLI_FAILED, "(a public key is given by its %zu "
		    "characters, or by the key file)",
		    TEXT_B64URL_LEN((size_t)SIGN_PUBLIC_LEN));
		return (-1);
	}
	if ((rc = cli_key_info(word, file, len, &info)) == 0)
		memcpy(out, info.public, SIGN_PUBLIC_LEN);
	explicit_bzero(file, len);
	free(file);
	return (rc);
}

static int
show(const char *path, const char *file, size_t len)
{
	char public[TEXT_B64URL_LEN(SIGN_PUBLIC_LEN) + 1];
	struct record_key_info info;

	if (cli_key_info(path, file, len, &info) != 0)
		return (CLI_FAILED);
	text_b64url(public, info.public, SIGN_PUBLIC_LEN);
	printf("id     %s\npublic %s\nlocked %s\n", info.id, public,
	    info.locked ? "by a passphrase" : "no");
	return (CLI_DONE);
}

/* The passphrase of a new key; from the terminal twice.  Owned, or NULL after
 * saying why. */
static char *
new_passphrase(const struct cli *c, const char *path, size_t *len)
{
	char *pass, *again = NULL;
	size_t again_len = 0;

	if (c->pass_file != NULL) {
		pass = cli_read(c->pass_file, RECORD_PASS_MAX + 1, len);
	} else if ((pass = cli_ask_passphrase("New passphrase", path,
	    len)) != NULL && (again = cli_ask_passphrase("Once more, that",
	    path, &again_len)) == NULL) {
		goto bad;
	} else if (pass != NULL && (*len != again_len ||
	    memcmp(pass, again, *len) != 0)) {
		cli_fail(CLI_FAILED, "these were two different passphrases");
		goto bad;
	}
	if (again != NULL)
		wipe(again, again_len);
	free(again);
	if (pass != NULL && record_pass_len(pass, *len) == 0) {
		cli_fail(CLI_FAILED, "%s: the passphrase is empty; only keys "
		    "of processes and trials go without (--no-passphrase)",
		    c->pass_file != NULL ? c->pass_file : path);
		free(pass);
		return (NULL);
	}
	return (pass);

bad:	wipe(pass, *len);
	free(pass);
	if (again != NULL)
		wipe(again, again_len);
	free(again);
	return (NULL);
}

static int
key_new(struct cli *c, int argc, char **argv)
{
	uint8_t seed[SIGN_SEED_LEN], salt[16], iv[12];
	bool unlocked = false;
	struct cli_opt opt[] = { { "--no-passphrase", CLI_FLAG, &unlocked } };
	const char *path;
	char *pass = NULL;
	size_t pass_len = 0;
	struct buf b;
	int code = CLI_FAILED;

	if (cli_options(argc, argv, opt, 1, &path, 1, 1) < 0)
		return (cli_usage("custos [--passphrase-file "
		    "FILE] key new FILE [--no-passphrase]"));
	if (access(path, F_OK) == 0)
		return (cli_fail(CLI_FAILED, "%s: is there already; no key is "
		    "overwritten", path));
	if (!unlocked && (pass = new_passphrase(c, path, &pass_len)) == NULL)
		return (CLI_FAILED);
	buf_init(&b, RECORD_KEY_FILE_MAX);
	random_bytes(seed, sizeof(seed));
	random_bytes(salt, sizeof(salt));
	random_bytes(iv, sizeof(iv));
	if (record_key_write(&b, seed, pass,
	    pass != NULL ? record_pass_len(pass, pass_len) : 0, salt, iv) == 0 &&
	    cli_write(path, b.p, b.len, 0600) == 0)
		code = show(path, buf_text(&b), b.len);
	wipe(seed, sizeof(seed));
	if (pass != NULL)
		wipe(pass, pass_len);
	free(pass);
	buf_wipe(&b);
	return (code);
}

static int
key_show(struct cli *c, int argc, char **argv)
{
	const char *path;
	size_t len;
	char *file;
	int code;

	if (cli_options(argc, argv, NULL, 0, &path, 1, 1) < 0)
		return (cli_usage("custos key show FILE"));
	if ((file = cli_read(path, RECORD_KEY_FILE_MAX, &len)) == NULL)
		return (CLI_FAILED);
	code = show(path, file, len);
	wipe(file, len);
	free(file);
	return (code);
}

int
cli_key(struct cli *c, int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{ "new", key_new, "FILE [--no-passphrase]" },
		{ "show", key_show, "FILE" },
	};

	return (cli_dispatch(c, "custos key", verbs, 2, argc, argv));
}
