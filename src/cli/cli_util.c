/* src/cli/cli_util.c: options, files, keys and questions of the verbs */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "crypto/random.h"
#include "home/home.h"
#include "li/li_target.h"
#include "record/record_key.h"
#include "record/record_warrant.h"

/* Take one option and its value at argv[*i]; -1 if it is none of ours. */
static int
take_option(int argc, char **argv, int *i, const struct cli_opt *opt, size_t n)
{
	struct cli_list *list;
	size_t k;

	for (k = 0; k < n && strcmp(opt[k].name, argv[*i]) != 0; k++)
		;
	if (k == n) {
		cli_fail(CLI_USAGE, "%s: unknown option %s", argv[0],
		    argv[*i]);
		return (-1);
	}
	if ((opt[k].kind & ~CLI_NEED) == CLI_FLAG) {
		*(bool *)opt[k].to = true;
		return (0);
	}
	if (*i + 1 == argc) {
		cli_fail(CLI_FAILED, "%s: %s needs a value", argv[0], argv[*i]);
		return (-1);
	}
	(*i)++;
	if ((opt[k].kind & ~CLI_NEED) == CLI_TEXT) {
		*(const char **)opt[k].to = argv[*i];
		return (0);
	}
	list = opt[k].to;
	if (list->n == sizeof(list->v) / sizeof(list->v[0])) {
		cli_fail(CLI_FAILED, "%s: too many %s", argv[0], opt[k].name);
		return (-1);
	}
	list->v[list->n++] = argv[*i];
	return (0);
}

/* Was the option given? */
static bool
given(const struct cli_opt *o)
{
	if ((o->kind & ~CLI_NEED) == CLI_MANY)
		return (((const struct cli_list *)o->to)->n > 0);
	return (*(const char *const *)o->to != NULL);
}

int
cli_options(int argc, char **argv, const struct cli_opt *opt, size_t n,
    const char **pos, int min, int max)
{
	bool words = false;	/* only words from here on */
	int i, got = 0;
	size_t k;

	for (i = 1; i < argc; i++) {
		if (!words && strcmp(argv[i], "--") == 0) {
			words = true;
		} else if (!words && (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)) {
			cli_help_ask();
			return (-1);
		} else if (!words && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (take_option(argc, argv, &i, opt, n) != 0)
				return (-1);
		} else if (got == max) {
			cli_fail(CLI_USAGE, "%s: one word too many: %s",
			    argv[0], argv[i]);
			return (-1);
		} else {
			pos[got++] = argv[i];
		}
	}
	if (got < min) {
		cli_fail(CLI_USAGE, "%s: a word is missing", argv[0]);
		return (-1);
	}
	for (k = 0; k < n; k++)
		if ((opt[k].kind & CLI_NEED) != 0 && !given(&opt[k])) {
			cli_fail(CLI_USAGE, "%s: %s is missing", argv[0],
			    opt[k].name);
			return (-1);
		}
	return (got);
}

char *
cli_read(const char *path, size_t max, size_t *len)
{
	struct buf b;
	uint8_t part[8192], *out;
	ssize_t k = 0;
	int fd;

	fd = strcmp(path, "-") == 0 ? STDIN_FILENO :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
		return (NULL);
	}
	buf_init(&b, max);
	while ((k = read(fd, part, sizeof(part))) > 0)
		buf_add(&b, part, (size_t)k);
	if (k < 0)
		cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
	else if (b.rc != 0)
		cli_fail(CLI_FAILED, "%s: larger than %zu bytes", path, max);
	else if (b.len == 0)
		cli_fail(CLI_FAILED, "%s: is empty", path);
	wipe(part, sizeof(part));
	if (fd != STDIN_FILENO)
		close(fd);
	out = k == 0 && b.rc == 0 && b.len > 0 ? buf_take(&b, len) : NULL;
	buf_wipe(&b);
	return ((char *)out);
}

int
cli_write(const char *path, const void *p, size_t len, unsigned int mode)
{
	const uint8_t *at = p;
	ssize_t k;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd == -1) {
		cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
		return (-1);
	}
	for (; len > 0; len -= (size_t)k, at += k)
		if ((k = write(fd, at, len)) <= 0)
			break;
	if (len > 0 || fsync(fd) != 0 || close(fd) != 0) {
		cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
		return (-1);
	}
	return (0);
}

int
cli_join(char out[PATH_MAX], const char *a, const char *b)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", a, b);

	if (n > 0 && n < PATH_MAX)
		return (0);
	cli_fail(CLI_FAILED, "%s: path too long", a);
	return (-1);
}

struct home *
cli_home(const struct cli *c, const char *role)
{
	char in[PATH_MAX], file[PATH_MAX];
	struct home *h = NULL;
	struct cu_why why;

	if (cli_join(file, c->home, HOME_FILE) != 0 ||
	    cli_join(in, c->home, role) != 0)
		return (NULL);
	if (home_open(&h, access(file, F_OK) == 0 ? c->home : in, &why) != 0) {
		cli_fail(CLI_FAILED, "no home of a %s at %s (-C DIR names it): "
		    "%s", role, c->home, why.text);
		return (NULL);
	}
	if (strcmp(home_role_name(home_conf(h)->role), role) == 0)
		return (h);
	cli_fail(CLI_FAILED, "%s: this is the home of a %s, not of a %s",
	    c->home, home_role_name(home_conf(h)->role), role);
	home_free(h);
	return (NULL);
}

int
cli_ask_yes(const struct cli *c, const char *question)
{
	char line[16];
	FILE *tty;
	bool yes;

	if (c->yes)
		return (CLI_DONE);
	if ((tty = fopen("/dev/tty", "r+")) == NULL)
		return (cli_fail(CLI_FAILED, "no terminal to ask at: %s "
		    "(custos --yes ... answers)", question));
	fflush(stdout);
	fprintf(tty, "%s [yes/no] ", question);
	fflush(tty);
	yes = fgets(line, sizeof(line), tty) != NULL &&
	    strcmp(line, "yes\n") == 0;
	fclose(tty);
	return (yes ? CLI_DONE : cli_fail(CLI_NO, "not signed"));
}

char *
cli_ask_passphrase(const char *what, const char *path, size_t *len)
{
	struct termios was, off;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *tty;

	if ((tty = fopen("/dev/tty", "r+")) == NULL ||
	    tcgetattr(fileno(tty), &was) != 0) {
		cli_fail(CLI_FAILED, "%s: needs a passphrase, and there is no "
		    "terminal to ask at (--passphrase-file FILE)", path);
		if (tty != NULL)
			fclose(tty);
		return (NULL);
	}
	off = was;
	off.c_lflag &= ~(tcflag_t)ECHO;
	/* First silent, then the question: what is typed early is not lost. */
	tcsetattr(fileno(tty), TCSAFLUSH, &off);
	fprintf(tty, "%s of %s: ", what, path);
	fflush(tty);
	n = getline(&line, &cap, tty);
	tcsetattr(fileno(tty), TCSADRAIN, &was);
	fputc('\n', tty);
	fclose(tty);
	if (n < 0) {
		free(line);
		cli_fail(CLI_FAILED, "%s: no passphrase was given", path);
		return (NULL);
	}
	*len = (size_t)n;
	return (line);
}

struct sign_key *
cli_key_open(const struct cli *c, const char *path)
{
	char *file, *pass = NULL;
	struct record_key_info info;
	struct sign_key *key = NULL;
	struct cu_why why = { "" };
	size_t len, pass_len = 0;
	int rc;

	if ((file = cli_read(path, RECORD_KEY_FILE_MAX, &len)) == NULL)
		return (NULL);
	if (cli_key_info(path, file, len, &info) != 0)
		goto out;
	if (info.locked) {
		pass = c->pass_file != NULL ?
		    cli_read(c->pass_file, RECORD_PASS_MAX + 1, &pass_len) :
		    cli_ask_passphrase("Passphrase", path, &pass_len);
		if (pass == NULL)
			goto out;
		pass_len = record_pass_len(pass, pass_len);
	}
	rc = record_key_open(&key, file, len, pass, pass_len, &why);
	if (rc != 0)
		cli_fail(CLI_FAILED, "%s: %s", path,
		    why.text[0] != '\0' ? why.text : cu_strerror(rc));
out:
	if (pass != NULL)
		wipe(pass, pass_len);
	free(pass);
	wipe(file, len);
	free(file);
	return (key);
}

int
cli_normal(void *cookie, struct buf *b, const char *kind, const char *value,
    size_t len, struct cu_why *why)
{
	enum li_kind k = li_kind_find(kind, strlen(kind));
	struct li_target t;
	int rc;

	if (k == LI_KIND_NONE) {
		cu_why_set(why, "not a kind of target identifier");
		return (CU_EMALFORMED);
	}
	if ((rc = li_target_from(&t, k, value, len, why)) != 0)
		return (rc);
	buf_str(b, t.value);
	li_target_fini(&t);
	return (b->rc);
}

int
cli_program(char out[PATH_MAX], const char *name)
{
	char self[PATH_MAX], *slash;
	ssize_t n;
	size_t i;

	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) <= 0) {
		cli_fail(CLI_FAILED, "where this program lies cannot be seen");
		return (-1);
	}
	self[n] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	/* Beside us where installed; else in the folder of its own sources. */
	for (i = 0; i < 2; i++) {
		n = i == 0 ? snprintf(out, PATH_MAX, "%s/%s", self, name) :
		    snprintf(out, PATH_MAX, "%s/../%s/%s", self,
		    strrchr(name, '-') + 1, name);
		if (n > 0 && n < PATH_MAX && access(out, X_OK) == 0)
			return (0);
	}
	cli_fail(CLI_FAILED, "%s is not beside this program", name);
	return (-1);
}
