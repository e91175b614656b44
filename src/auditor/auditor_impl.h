/* src/auditor/auditor_impl.h: shared by the process and its elements */
#ifndef AUDITOR_IMPL_H_
#define AUDITOR_IMPL_H_
#include <stdbool.h>
#include "auditor/auditor_follow.h"
#include "auditor/auditor_ne.h"
#include "auditor/auditor_talk.h"
#include "home/home.h"
#include "home/home_notebook.h"
#include "net/net_link.h"
#include "state/state.h"

struct auditor_element;

/* Answers that are rows of the next round. */
struct auditor_round {
	struct auditor *auditor;
	struct auditor_round *next;	/* sent, not answered */
	struct auditor_question row[AUDITOR_ROUND_ROWS];
	struct auditor_element *element[AUDITOR_ROUND_ROWS];
	size_t n;
};

struct auditor {
	struct home *home;
	const struct home_conf *conf;
	struct net_loop *loop;
	struct net_tls *tls;
	struct net_tls *keeper_tls;	/* NULL: at a socket */
	struct sign_key *key;
	struct state *state;
	struct auditor_follow *follow;
	struct auditor_talk *talk;
	struct net_link_conf follow_link, talk_link;
	struct auditor_follow_conf follow_conf;
	struct auditor_talk_conf talk_conf;
	struct record_log log;
	char genesis[2 * DIGEST_LEN + 1];

	struct home_notebook notebook;
	uint64_t former;	/* last number of the former start */
	struct net_timer *notebook_timer, *beat_timer, *round_timer;
	struct net_timer *stop_timer;
	struct net_signal *term, *intr;

	struct auditor_element *elements;
	bool dirty;		/* registrations have changed */
	bool start_said, running, stopping;
	struct auditor_round *round;	/* being filled, or NULL */
	struct auditor_round *rounds;	/* sent, not answered */
	int rc;			/* of auditor_run */
};

/** auditor_elements_sync(a): An element for each that is registered. */
void auditor_elements_sync(struct auditor *);
/** auditor_elements_run(a): All do what is due. */
void auditor_elements_run(struct auditor *);
/** auditor_elements_head(a): The head moved: who waits for it goes on. */
void auditor_elements_head(struct auditor *);
/** auditor_elements_hurry(a, id): Ask that element at once. */
void auditor_elements_hurry(struct auditor *, const char *);
void auditor_elements_free(struct auditor *);

/** auditor_round_add(a, e, q): A row; the round goes when full, or soon. */
int auditor_round_add(struct auditor *, struct auditor_element *,
    const struct auditor_question *);
/** auditor_element_stored(e, ok, index, again): What became of an answer. */
void auditor_element_stored(struct auditor_element *, bool, uint64_t, bool);
#endif /* !AUDITOR_IMPL_H_ */
