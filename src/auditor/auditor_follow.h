/* src/auditor/auditor_follow.h: the log, by the auditor's own arithmetic */
#ifndef AUDITOR_FOLLOW_H_
#define AUDITOR_FOLLOW_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/digest.h"
#include "home/home_notebook.h"

struct auditor_follow;
struct net_link_conf;
struct net_loop;
struct state;

/* The largest head whose root was computed here and signed by the log key. */
struct auditor_head {
	uint64_t size;
	uint8_t root[DIGEST_LEN];
	char note[HOME_NOTE_MAX];	/* "" before the first */
};

struct auditor_follow_conf {
	const char *path;		/* the keeper's socket */
	const struct net_link_conf *link;	/* use: follow */
	struct state *state;		/* filled here */
	const uint8_t *genesis;		/* leaf hash of entry 0 */
	struct auditor_head known;	/* from the notebook */
	/* Entry ${index} stands in the tables; ${live}: it is no replay. */
	void (*on_entry)(void *, uint64_t, const void *, size_t, bool);
	/* The head moved, or keys were opened. */
	void (*on_head)(void *);
	/* Nothing more can be believed of this keeper; why. */
	void (*on_contradiction)(void *, const char *);
	void *cookie;
};

/** auditor_follow_create(out, loop, conf): Begin; ${conf} is borrowed. */
int auditor_follow_create(struct auditor_follow **, struct net_loop *,
    const struct auditor_follow_conf *);
void auditor_follow_free(struct auditor_follow *);

/** auditor_follow_head(f): Borrow the head. */
const struct auditor_head *auditor_follow_head(const struct auditor_follow *);

/** auditor_follow_ready(f): Was the log replayed to where the keeper was? */
bool auditor_follow_ready(const struct auditor_follow *);
#endif /* !AUDITOR_FOLLOW_H_ */
