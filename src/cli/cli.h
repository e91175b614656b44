/*
 * src/cli/cli.h: the command line: a table of verbs, and what they share.
 * Each verb is one function; `custos` looks it up and returns what it returns.
 */
#ifndef CLI_H_
#define CLI_H_
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cu_why;
struct home;
struct jv;
struct net_msg;
struct net_out;
struct record_act;
struct record_key_info;
struct record_payload;
struct record_sds;
struct sign_key;

/* Exit codes. */
#define CLI_DONE	0
#define CLI_NO		1	/* the answer is no */
#define CLI_USAGE	2
#define CLI_FAILED	3	/* could not */

#define CLI_HELPED	100	/* --help was answered: 0 for the shell */

#define CLI_SIGNERS_MAX	8
#define CLI_FILE_MAX	(4 << 20)	/* any file that a verb reads */

/* The words before the verb. */
struct cli {
	const char *home;	/* -C: a home, or an operator's folder of homes */
	bool json;		/* --json: for a program */
	bool yes;		/* --yes: a person need not be asked */
	bool quiet;		/* of ours: say only what goes wrong */
	const char *pass_file;	/* --passphrase-file */
};

/* A verb gets its own name as argv[0]. */
struct cli_verb {
	const char *name;
	int (*fn)(struct cli *, int, char **);
	const char *help;	/* "ARGUMENTS: what it does", one line */
};

/**
 * cli_dispatch(c, what, verbs, n, argc, argv):
 * Run the verb named by argv[1], or say which there are; ${what} is what stands
 * before it on the command line.
 */
int cli_dispatch(struct cli *, const char *, const struct cli_verb *, size_t,
    int, char **);

/**
 * cli_fail(code, fmt, ...): Say "custos: ..." on stderr and return ${code}.
 */
int cli_fail(int, const char *, ...) __attribute__((format(printf, 2, 3)));

/**
 * cli_usage(fmt, ...):
 * Say "usage: ..." on stderr and return CLI_USAGE; or, where cli_options met
 * --help, say it on stdout and return CLI_HELPED.
 */
int cli_usage(const char *, ...) __attribute__((format(printf, 1, 2)));
/** cli_help_ask(): --help was met. */
void cli_help_ask(void);

/* Verbs; argv[0] is the verb itself. */
int cli_check(struct cli *, int, char **);
int cli_demo(struct cli *, int, char **);
int cli_element(struct cli *, int, char **);
int cli_finding(struct cli *, int, char **);
int cli_genesis(struct cli *, int, char **);
int cli_holder(struct cli *, int, char **);
int cli_init(struct cli *, int, char **);
int cli_instance(struct cli *, int, char **);
int cli_key(struct cli *, int, char **);
int cli_log(struct cli *, int, char **);
int cli_policy(struct cli *, int, char **);
int cli_run(struct cli *, int, char **);
int cli_sign(struct cli *, int, char **);
int cli_sim(struct cli *, int, char **);
int cli_status(struct cli *, int, char **);
int cli_submit(struct cli *, int, char **);
int cli_warrant(struct cli *, int, char **);
int cli_why(struct cli *, int, char **);

/* Options of a verb. */
enum cli_opt_kind { CLI_FLAG = 1, CLI_TEXT, CLI_MANY,
	CLI_NEED = 8 };		/* a bit beside: it has to be given */
struct cli_list { const char *v[CLI_SIGNERS_MAX * 4]; size_t n; };
struct cli_opt {
	const char *name;	/* "--out" */
	enum cli_opt_kind kind;
	void *to;		/* bool *, const char **, struct cli_list *;
				 * the latter two empty before */
};

/**
 * cli_options(argc, argv, opt, n, pos, min, max):
 * Read options and ${min} to ${max} other words into ${pos}; what follows `--`
 * is no option.  Returns how many there were, or -1 after saying on stderr what
 * is wrong, or when it met --help: cli_usage follows.
 */
int cli_options(int, char **, const struct cli_opt *, size_t, const char **,
    int, int);

/** cli_read(path, max, out, len): An owned copy of a file ("-": stdin), NUL
 * behind it; NULL after saying why. */
char *cli_read(const char *, size_t, size_t *);

/** cli_write(path, p, len, mode): A new file, synced.  0, or -1 after saying
 * why. */
int cli_write(const char *, const void *, size_t, unsigned int);

/** cli_join(out, a, b): a/b into PATH_MAX bytes.  0, or -1 after saying so. */
int cli_join(char[PATH_MAX], const char *, const char *);

/**
 * cli_home(c, role, out):
 * Open the home of ${role} that -C means: the folder itself, or the one in it
 * of that name.  Returns an owned home, or NULL after saying why.
 */
struct home *cli_home(const struct cli *, const char *);

/** cli_ask_yes(c, question): Does the person at the terminal say yes?
 * CLI_DONE, or CLI_NO or CLI_FAILED after saying so. */
int cli_ask_yes(const struct cli *, const char *);

/**
 * cli_ask_passphrase(what, path, len):
 * Ask at the terminal, without showing it, for the passphrase of ${path}.
 * Owned and to be wiped; NULL after saying why.
 */
char *cli_ask_passphrase(const char *, const char *, size_t *);

/** cli_key_info(path, file, len, info): What a key file says without its
 * passphrase.  0, or -1 after saying why. */
int cli_key_info(const char *, const char *, size_t, struct record_key_info *);

/** cli_key_open(c, path): An owned key, its passphrase asked for if it needs
 * one; NULL after saying why. */
struct sign_key *cli_key_open(const struct cli *, const char *);

/**
 * cli_public_key(word, out):
 * A public key (32 bytes) as its 43 characters, or as the key file that holds
 * it.  0, or -1 after saying why.
 */
int cli_public_key(const char *, uint8_t[32]);

/* A conversation with a keeper or gate: one question at a time. */
struct cli_talk;

/** cli_talk_open(c, socket): ${socket} NULL: the keeper's of -C.  Owned, or
 * NULL after saying why. */
struct cli_talk *cli_talk_open(const struct cli *, const char *);
void cli_talk_close(struct cli_talk *);
const char *cli_talk_origin(const struct cli_talk *);
/** cli_talk_genesis(t): 64 hex digits. */
const char *cli_talk_genesis(const struct cli_talk *);
/**
 * cli_talk_ask(t, m, fn, cookie):
 * Send ${m} (ended in every case), wait for its answer, and call fn with it.
 * Returns 0, or -1 after saying why there is none.
 */
int cli_talk_ask(struct cli_talk *, struct net_out *,
    void (*)(void *, const struct net_msg *), void *);
/** cli_talk_seq(t, subject, seq): The next one.  0, or -1 having said why. */
int cli_talk_seq(struct cli_talk *, const char *, uint64_t *);

/* What is done with an act once its payload stands. */
struct cli_acting {
	struct cli_list sign;	/* --sign KEYFILE, repeated */
	const char *out;	/* --out FILE: keep it, do not submit */
	const char *socket;	/* NULL: the keeper's of -C */
};
#define CLI_ACTING(a)							\
	{ "--sign", CLI_MANY, &(a).sign }, { "--out", CLI_TEXT, &(a).out }

/**
 * cli_act(c, a, payload, sds):
 * Take the payload to an act: seq from the keeper, signed by each key, kept in
 * a file or submitted.  ${sds} sorted; it and the payload are borrowed.
 * Returns an exit code.
 */
int cli_act(const struct cli *, const struct cli_acting *,
    const struct record_payload *, struct record_sds *);
/** cli_act_with(..., name, value): The same with one disclosure, a string, or
 * with none (NULL). */
int cli_act_with(const struct cli *, const struct cli_acting *,
    const struct record_payload *, const char *, const char *);
/** cli_act_text(...): The same of a payload's text. */
int cli_act_text(const struct cli *, const struct cli_acting *, int, int,
    const char *, const struct buf *, struct record_sds *);
/** cli_act_send(t, file, len): Submit an act file.  An exit code. */
int cli_act_send(const struct cli *, struct cli_talk *, const void *, size_t);
/** cli_act_show(act, sds): An act in plain words on stdout. */
void cli_act_show(const struct record_act *, const struct record_sds *);

/** cli_value_show(b, v): A disclosed value in plain words. */
void cli_value_show(struct buf *, const struct jv *);

/** cli_normal: The record_normal of li's targets. */
int cli_normal(void *, struct buf *, const char *, const char *, size_t,
    struct cu_why *);

/** cli_program(out, name): Where the program of that name is.  0, or -1. */
int cli_program(char[PATH_MAX], const char *);
#endif /* !CLI_H_ */
