/* src/auditor/auditor_talk.h: what an auditor says to its keeper */
#ifndef AUDITOR_TALK_H_
#define AUDITOR_TALK_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/utc.h"
#include "net/net_frame.h"

struct auditor_talk;
struct net_link_conf;
struct net_loop;
struct record_log;
struct record_sds;
struct sign_key;

/*
 * Reports wait while the keeper is away, get their number and signature when
 * they first go, and go again under the same number when a connection broke:
 * the keeper keeps each once.
 */
struct auditor_talk_conf {
	const char *path;		/* the keeper's socket */
	const struct net_link_conf *link;	/* use: talk */
	const struct record_log *log;
	const char *instance;
	uint64_t start;
	struct sign_key *key;
	utc_us wait;			/* for an answer */
	/* The key registered for that keeper, or NULL as long as none is. */
	const uint8_t *(*keeper_key)(void *, const char *);
	/* The keeper is there and is the registered one; or is not. */
	void (*on_up)(void *);
	void (*on_down)(void *);
	void *cookie;
};

/** auditor_talk_create(out, loop, conf): Begin to dial; ${conf} is borrowed. */
int auditor_talk_create(struct auditor_talk **, struct net_loop *,
    const struct auditor_talk_conf *);
/** auditor_talk_free(t): Answers that wait are not told. */
void auditor_talk_free(struct auditor_talk *);

/** auditor_talk_up(t): May the keeper be asked now? */
bool auditor_talk_up(const struct auditor_talk *);
/** auditor_talk_look(t): The tables moved: the keeper's key may be there. */
void auditor_talk_look(struct auditor_talk *);

/** auditor_talk_last(t, n): The last number of the former start, for the first
 * report. */
void auditor_talk_last(struct auditor_talk *, uint64_t);
/** auditor_talk_number(t): The last number used. */
uint64_t auditor_talk_number(const struct auditor_talk *);
/** auditor_talk_waiting(t): Reports without answer. */
size_t auditor_talk_waiting(const struct auditor_talk *);

/* Kept as entry ${index}, or not (false); does the keeper ask for more? */
typedef void auditor_kept_fn(void *, bool, uint64_t, bool);

/**
 * auditor_talk_report(t, kind, members, len, sds, fn, cookie):
 * Say a report (NET_SNAPSHOT, NET_ROUND, NET_START, NET_STOP, NET_BEAT) with
 * these members (auditor_said.h) and sorted disclosures, which are taken; NULL
 * for none.  ${fn} (or NULL) is called once, later.  0, CU_E*: not said.
 */
int auditor_talk_report(struct auditor_talk *, enum net_kind, const void *,
    size_t, struct record_sds *, auditor_kept_fn *, void *);

/** auditor_talk_again(t): Offer again what the keeper did not take when many
 * numbers were void already: for the timer of beats.  Was there any? */
bool auditor_talk_again(struct auditor_talk *);

/** auditor_talk_forget(t, fn, cookie): Drop what would be told to these and
 * has not gone yet, and tell nothing of it; return how many those were. */
size_t auditor_talk_forget(struct auditor_talk *, auditor_kept_fn *,
    const void *);

/* Answers to questions: false if there was none. */
typedef void auditor_index_fn(void *, bool, uint64_t);

/** auditor_talk_begin(t, element, fn, cookie): The log's size now (i). */
int auditor_talk_begin(struct auditor_talk *, const char *, auditor_index_fn *,
    void *);
/** auditor_talk_end(t, element, unchanged): How it ended; no answer is told. */
void auditor_talk_end(struct auditor_talk *, const char *, bool);
/** auditor_talk_head(t, fn, cookie): The keeper's durable size. */
int auditor_talk_head(struct auditor_talk *, auditor_index_fn *, void *);
#endif /* !AUDITOR_TALK_H_ */
