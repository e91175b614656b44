/*
 * The machine against scenario files, and against a small world in which
 * keeper, element and faults do what they like at random while the properties
 * of the model are watched (S1-S4, L1, L2).
 */
#include <dirent.h>
#include "check.h"
#include "base/err.h"
#include "gate/gate_machine.h"

static const struct gate_waits waits = {
	.keeper = 2000, .release = 3000, .element = 10000, .outcome = 2000,
	.head_retry = 1000, .pace = 20,
};

static const struct { const char *name; enum gate_class class; } classes[] = {
	{ "start", GATE_START }, { "stop", GATE_STOP },
	{ "narrow", GATE_NARROW }, { "pass", GATE_PASS }, { "ask", GATE_ASK },
	{ "report", GATE_REPORT },
};

static const struct {
	const char *name;
	enum gate_event_kind kind;
} events[] = {
	{ "issue", GATE_EV_ISSUE }, { "decided", GATE_EV_DECIDED },
	{ "error", GATE_EV_ERROR }, { "followed", GATE_EV_FOLLOWED },
	{ "checked", GATE_EV_CHECKED }, { "byte", GATE_EV_BYTE },
	{ "answer", GATE_EV_ANSWER }, { "doubt", GATE_EV_DOUBT },
	{ "unsent", GATE_EV_UNSENT }, { "kept", GATE_EV_KEPT },
	{ "closed", GATE_EV_CLOSED }, { "settle", GATE_EV_SETTLE },
	{ "up", GATE_EV_UP }, { "ready", GATE_EV_READY },
	{ "down", GATE_EV_DOWN }, { "loaded", GATE_EV_LOADED },
	{ "spooled", GATE_EV_SPOOLED }, { "head-error", GATE_EV_HEAD_ERROR },
	{ "head-gone", GATE_EV_HEAD_GONE }, { "at", GATE_EV_TICK },
};

static enum gate_why
why_find(const char *s)
{
	int i;

	if (strcmp(s, "later") == 0)
		return (GATE_WHY_LATER);
	if (strcmp(s, "restart") == 0)
		return (GATE_WHY_RESTART);
	for (i = GATE_WHY_NONE; i < GATE_WHY_N; i++)
		if (strcmp(gate_why_name(i), s) == 0)
			return (i);
	return (GATE_WHY_NONE);
}

static void
act_text(char *out, size_t n, const struct gate_act *a)
{
	static const char *const name[] = {
		[GATE_ACT_OFFER] = "offer", [GATE_ACT_CHECK] = "check",
		[GATE_ACT_SEND] = "send", [GATE_ACT_OUTCOME] = "outcome",
		[GATE_ACT_SPOOL_LATE] = "spool-late",
		[GATE_ACT_SPOOL_OUTCOME] = "spool-outcome",
		[GATE_ACT_SPOOL_REPORT] = "spool-report",
		[GATE_ACT_OFFER_HEAD] = "offer-head", [GATE_ACT_SAY] = "say",
		[GATE_ACT_AGAIN] = "again", [GATE_ACT_DONE] = "done",
	};
	static const char *const say[] = {
		[GATE_SAY_ANSWER] = "answer", [GATE_SAY_REFUSED] = "refused",
		[GATE_SAY_UNSENT] = "unsent", [GATE_SAY_LATER] = "later",
	};
	unsigned long long id = a->id, index = a->index;
	const char *why = gate_why_name(a->why);

	if (a->kind == GATE_ACT_OFFER_HEAD)
		snprintf(out, n, "%s", name[a->kind]);
	else if (a->kind == GATE_ACT_SAY && a->say == GATE_SAY_LATER)
		snprintf(out, n, "say %llu later", id);
	else if (a->kind == GATE_ACT_SAY)
		snprintf(out, n, "say %llu %s %llu", id, say[a->say], index);
	else if (a->kind == GATE_ACT_OUTCOME ||
	    a->kind == GATE_ACT_SPOOL_OUTCOME)
		snprintf(out, n, "%s %llu %llu%s%s", name[a->kind], id, index,
		    *why != '\0' ? " " : "", why);
	else
		snprintf(out, n, "%s %llu", name[a->kind], id);
}

/* One line into an event; 0 if it is none. */
static int
read_event(struct gate_event *ev, char *line, utc_us *now)
{
	char *word[8] = { 0 }, *p;
	size_t i, n = 0;

	for (p = strtok(line, " "); p != NULL && n < 8; p = strtok(NULL, " "))
		word[n++] = p;
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (n > 0 && strcmp(word[0], events[i].name) == 0)
			break;
	if (i == sizeof(events) / sizeof(events[0]))
		return (0);
	memset(ev, 0, sizeof(*ev));
	ev->kind = events[i].kind;
	if (ev->kind == GATE_EV_TICK)
		*now = strtoll(word[1], NULL, 10);
	else if (n > 1)
		ev->id = ev->n = strtoull(word[1], NULL, 10);
	ev->now = *now;
	switch (ev->kind) {
	case GATE_EV_ISSUE:
		for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
			if (strcmp(word[2], classes[i].name) == 0)
				ev->class = classes[i].class;
		ev->key = n > 3 && strcmp(word[3], "-") != 0 ? word[3] : "";
		for (i = 4; i < n; i++) {
			ev->may_spool |= strcmp(word[i], "spool") == 0;
			ev->late |= strcmp(word[i], "late") == 0;
		}
		break;
	case GATE_EV_DECIDED:
		ev->index = strtoull(word[2], NULL, 10);
		ev->allowed = strcmp(word[3], "allowed") == 0;
		break;
	case GATE_EV_FOLLOWED:
		ev->index = strtoull(word[2], NULL, 10);
		ev->verdict = strcmp(word[3], "same") == 0 ?
		    GATE_VERDICT_SAME : strcmp(word[3], "refused") == 0 ?
		    GATE_VERDICT_REFUSED : strcmp(word[3], "diverges") == 0 ?
		    GATE_VERDICT_DIVERGES : GATE_VERDICT_NOT_OPENED;
		ev->ok = n > 4 && strcmp(word[4], "leaves") == 0;
		break;
	case GATE_EV_SETTLE:
	case GATE_EV_HEAD_GONE:
		ev->index = n > 2 ? strtoull(word[2], NULL, 10) : 0;
		ev->why = n > 3 ? why_find(word[3]) : GATE_WHY_NONE;
		break;
	case GATE_EV_SPOOLED:
		ev->ok = strcmp(word[2], "ok") == 0;
		break;
	default:
		ev->why = n > 2 ? why_find(word[2]) : GATE_WHY_NONE;
		break;
	}
	return (1);
}

static int
play(const char *path)
{
	struct gate_machine *m;
	struct gate_event ev;
	struct gate_act act;
	char line[256], text[256];
	FILE *f;
	utc_us now = 0;
	int n = 0, bad = 0;

	if ((f = fopen(path, "r")) == NULL ||
	    gate_machine_create(&m, &waits) != 0)
		return (-1);
	while (bad == 0 && fgets(line, sizeof(line), f) != NULL) {
		n++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		if (line[0] == '>') {
			if (!gate_machine_next(m, &act))
				strcpy(text, "nothing");
			else
				act_text(text, sizeof(text), &act);
			if (strcmp(text, line + 2) != 0) {
				printf("# %s:%d: got %s\n", path, n, text);
				bad = 1;
			}
			continue;
		}
		if (gate_machine_next(m, &act)) {
			act_text(text, sizeof(text), &act);
			printf("# %s:%d: before it: %s\n", path, n, text);
			bad = 1;
		} else if (strncmp(line, "known ", 6) == 0)
			bad = gate_machine_known(m) != strtoull(line + 6, NULL,
			    10);
		else if (strncmp(line, "spool ", 6) == 0)
			bad = gate_machine_spooled(m) != strtoull(line + 6,
			    NULL, 10);
		else if (!read_event(&ev, line, &now) ||
		    gate_machine_step(m, &ev) != 0)
			bad = 1;
		if (bad)
			printf("# %s:%d\n", path, n);
	}
	if (bad == 0 && gate_machine_next(m, &act)) {
		act_text(text, sizeof(text), &act);
		printf("# %s: left: %s\n", path, text);
		bad = 1;
	}
	gate_machine_free(m);
	fclose(f);
	return (bad);
}

static void
scenarios(void)
{
	struct dirent *e;
	char path[1024];
	int n = 0;
	DIR *d;

	REQUIRE((d = opendir(TEST_DIR "/scenario")) != NULL);
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "gate-", 5) != 0)
			continue;
		snprintf(path, sizeof(path), TEST_DIR "/scenario/%s",
		    e->d_name);
		CHECK_ROW(play(path) == 0, e->d_name);
		n++;
	}
	closedir(d);
	CHECK(n >= 14);
}

/*
 * The world.  Ids are commands; the log is a list of (kind, command).  The
 * keeper takes requests in order, commits and releases when it likes, stops
 * and starts; the element answers when it likes; the gate dies.
 */
enum { CMD = 1, LATER, OUT };
#define CMDS	6
#define LOGS	64
#define IDS	(4 * CMDS + 8)

static struct {
	struct gate_machine *m;
	utc_us now;
	unsigned int seed;
	uint64_t next;
	int bad;
	/* log: durable and released up to sig */
	struct { int kind; uint64_t id; enum gate_why why; } log[LOGS];
	uint64_t last, next_n;	/* numbers: the log's last, the next */
	size_t size, sig, followed;
	/* requests at the keeper */
	struct { int kind; uint64_t id; enum gate_why why; bool head; } q[64];
	size_t q_n;
	/* spool */
	struct { int kind; uint64_t id; enum gate_why why; } spool[64];
	size_t spool_n;
	bool k_up, g_up, conn, ready, frozen;
	size_t hello;
	/* per id */
	struct {
		enum gate_class class;
		int life, wired, xid;
		bool answerable, followed_cmd, lost;
		uint64_t n[4];		/* number of each kind of record */
	} c[IDS];
	int life, fault;
} w;

static unsigned int
rnd(unsigned int n)
{
	w.seed = w.seed * 1103515245 + 12345;
	return ((w.seed >> 16) % n);
}

static bool
in_log(size_t n, int kind, uint64_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (w.log[i].kind == kind && w.log[i].id == id)
			return (true);
	return (false);
}

static bool
in_spool(int kind, uint64_t id)
{
	size_t i;

	for (i = 0; i < w.spool_n; i++)
		if (w.spool[i].kind == kind && w.spool[i].id == id)
			return (true);
	return (false);
}

static void
bad(int n)
{
	if (w.bad == 0)
		w.bad = n;
}

static void step(struct gate_event);

static void
do_send(uint64_t id)
{
	uint64_t d;
	size_t i, mine = LOGS;

	if (w.c[id].wired++)
		bad(2);
	for (i = 0; i < w.size; i++)
		if (w.log[i].id == id && w.log[i].kind != OUT && mine == LOGS)
			mine = i;
	if (w.c[id].class == GATE_START) {
		if (!in_log(w.followed, CMD, id) || w.followed > w.sig)
			bad(1);
		for (d = 1; d < w.next; d++) {
			if (w.c[d].class != GATE_STOP ||
			    w.c[d].xid != w.c[id].xid)
				continue;
			/* no start leaves once a later stop is here */
			if (d > id)
				bad(4);
			if (w.c[d].wired && !in_log(mine, CMD, d) &&
			    !in_log(mine, LATER, d))
				bad(3);
		}
	} else if (!in_log(w.followed, CMD, id) && !in_spool(LATER, id) &&
	    !in_log(w.size, LATER, id))
		bad(5);
	w.c[id].answerable = true;
	step((struct gate_event){ .kind = GATE_EV_BYTE, .id = id });
}

/* A number is drawn when a report is first offered or spooled. */
static void
draw(int kind, uint64_t id)
{
	if (w.c[id].n[kind] == 0)
		w.c[id].n[kind] = w.next_n++;
}

static void
spool_add(int kind, uint64_t id, enum gate_why why)
{
	if (w.spool_n == 64) {
		bad(98);
		return;
	}
	draw(kind, id);
	w.spool[w.spool_n].kind = kind;
	w.spool[w.spool_n].why = why;
	w.spool[w.spool_n++].id = id;
}

static void
ask(int kind, uint64_t id, enum gate_why why, bool head)
{
	if (w.q_n == 64) {
		bad(97);
		return;
	}
	draw(kind, id);
	w.q[w.q_n].kind = kind;
	w.q[w.q_n].id = id;
	w.q[w.q_n].head = head;
	w.q[w.q_n++].why = why;
}

static void
do_act(const struct gate_act *a)
{
	switch (a->kind) {
	case GATE_ACT_OFFER:
		ask(CMD, a->id, GATE_WHY_NONE, false);
		break;
	case GATE_ACT_CHECK:
		step((struct gate_event){ .kind = GATE_EV_CHECKED,
		    .id = a->id });
		break;
	case GATE_ACT_SEND:
		do_send(a->id);
		break;
	case GATE_ACT_OUTCOME:
		ask(OUT, a->id, a->why, false);
		break;
	case GATE_ACT_SPOOL_LATE:
		spool_add(LATER, a->id, GATE_WHY_NONE);
		step((struct gate_event){ .kind = GATE_EV_SPOOLED,
		    .id = a->id, .ok = true });
		break;
	case GATE_ACT_SPOOL_OUTCOME:
		spool_add(OUT, a->id, a->why);
		step((struct gate_event){ .kind = GATE_EV_SPOOLED,
		    .id = a->id, .ok = true });
		break;
	case GATE_ACT_OFFER_HEAD:
		ask(w.spool[0].kind, w.spool[0].id, w.spool[0].why, true);
		break;
	default:
		break;
	}
}

static void
step(struct gate_event ev)
{
	struct gate_act a;

	ev.now = w.now;
	if (gate_machine_step(w.m, &ev) != 0)
		bad(96);
	while (w.bad == 0 && gate_machine_next(w.m, &a))
		do_act(&a);
}

static void
keeper_take(void)
{
	int kind = w.q[0].kind;
	uint64_t id = w.q[0].id;
	enum gate_why why = w.q[0].why;
	size_t i;

	memmove(w.q, w.q + 1, --w.q_n * sizeof(w.q[0]));
	if (kind == CMD && w.c[id].class == GATE_START && rnd(8) == 0) {
		step((struct gate_event){ .kind = GATE_EV_ERROR, .id = id });
		return;
	}
	for (i = 0; i < w.size; i++)
		if (w.log[i].kind == OUT && kind == OUT && w.log[i].id == id &&
		    w.log[i].why != why)
			bad(8);
	if (in_log(w.size, kind, id))	/* the same id, the same answer */
		return;
	if (kind == OUT && gate_why_unsent(why) && w.c[id].wired)
		bad(11);
	if (w.c[id].n[kind] <= w.last)
		bad(13);
	w.last = w.c[id].n[kind];
	if (w.size == LOGS) {
		bad(99);
		return;
	}
	w.log[w.size].kind = kind;
	w.log[w.size].why = why;
	w.log[w.size++].id = id;
}

static void
lose(void)
{
	w.conn = false;
	w.q_n = 0;
	if (w.g_up)
		step((struct gate_event){ .kind = GATE_EV_DOWN });
}

static bool
outcome_known(uint64_t id)
{
	return (in_log(w.sig, OUT, id) || in_spool(OUT, id));
}

static void
gate_start(void)
{
	uint64_t id;

	w.life++;
	w.g_up = true;
	w.ready = false;
	w.followed = 0;
	if (gate_machine_create(&w.m, &waits) != 0)
		abort();
	for (id = 1; id < w.next; id++)
		if (in_spool(LATER, id) && !in_spool(OUT, id))
			spool_add(OUT, id, GATE_WHY_RESTART);
	step((struct gate_event){ .kind = GATE_EV_LOADED, .n = w.spool_n });
}

static void
gate_dies(void)
{
	uint64_t id;

	gate_machine_free(w.m);
	w.m = NULL;
	w.g_up = w.conn = w.ready = false;
	w.q_n = 0;
	for (id = 1; id < w.next; id++) {
		w.c[id].lost |= w.c[id].wired == 0;
		w.c[id].answerable = false;
		if (!in_spool(OUT, id))
			w.c[id].n[OUT] = 0;
	}
}

/* The spool's head stands in the log and was followed. */
static void
drop_head(void)
{
	int kind = w.spool[0].kind;
	uint64_t id = w.spool[0].id;
	size_t i;

	if (!in_log(w.followed, kind, id))
		return;
	for (i = 0; w.log[i].kind != kind || w.log[i].id != id; )
		i++;
	memmove(w.spool, w.spool + 1, --w.spool_n * sizeof(w.spool[0]));
	step((struct gate_event){ .kind = GATE_EV_HEAD_GONE, .index = i,
	    .id = kind == LATER && w.c[id].life == w.life ? id : 0 });
}

static void
follow(void)
{
	size_t i = w.followed++;
	uint64_t id = w.log[i].id;

	if (w.log[i].kind == CMD && w.c[id].life == w.life &&
	    !w.c[id].followed_cmd) {
		w.c[id].followed_cmd = true;
		step((struct gate_event){ .kind = GATE_EV_FOLLOWED, .id = id,
		    .index = i, .allowed = true,
		    .verdict = GATE_VERDICT_SAME });
	} else if (w.log[i].kind == OUT)
		step((struct gate_event){ .kind = GATE_EV_CLOSED, .id = id });
}

static void
replayed(void)
{
	uint64_t id;

	if (w.followed < w.hello || w.sig < w.hello)
		return;
	w.ready = true;
	for (id = 1; id < w.next; id++)
		if (w.c[id].life != w.life && !outcome_known(id) &&
		    (in_log(w.sig, CMD, id) || in_log(w.sig, LATER, id)))
			step((struct gate_event){ .kind = GATE_EV_SETTLE,
			    .id = id, .why = GATE_WHY_RESTART });
	step((struct gate_event){ .kind = GATE_EV_READY });
}

static void
keeper_dies(void)
{
	size_t i;

	w.k_up = false;
	if (rnd(2))
		w.sig = w.size;
	w.size = w.sig;
	for (w.last = 0, i = 0; i < w.size; i++)
		w.last = w.c[w.log[i].id].n[w.log[i].kind] > w.last ?
		    w.c[w.log[i].id].n[w.log[i].kind] : w.last;
	if (w.conn)
		lose();
}

/* One thing happens, chosen at random; ${calm}: no more faults. */
static void
happen(bool calm)
{
	uint64_t id;

	switch (rnd(16)) {
	case 0:
	case 1:
		if (!w.g_up || w.next > CMDS || calm)
			break;
		id = w.next++;
		w.c[id].class = rnd(2) ? GATE_START : GATE_STOP;
		w.c[id].life = w.life;
		w.c[id].xid = (int)rnd(4) == 0;
		step((struct gate_event){ .kind = GATE_EV_ISSUE, .id = id,
		    .class = w.c[id].class, .key = w.c[id].xid ? "y" : "x",
		    .may_spool = w.c[id].class == GATE_STOP });
		break;
	case 2:
	case 3:
		w.now += 1 + rnd(calm ? 4000 : 1500);
		if (w.g_up)
			step((struct gate_event){ .kind = GATE_EV_TICK });
		break;
	case 4:
	case 5:
	case 6:
		if (w.k_up && w.q_n > 0)
			keeper_take();
		break;
	case 7:
		if (w.k_up)
			w.sig = w.size;
		break;
	case 8:
	case 9:
	case 10:
		if (w.g_up && w.conn && w.followed < w.sig)
			follow();
		else if (w.g_up && w.conn && w.ready && w.spool_n > 0)
			drop_head();
		else if (w.g_up && w.conn && !w.ready)
			replayed();
		break;
	case 11:
		id = 1 + rnd(CMDS);
		if (w.g_up && w.c[id].answerable) {
			w.c[id].answerable = false;
			step((struct gate_event){ .id = id,
			    .kind = rnd(3) ? GATE_EV_ANSWER : GATE_EV_DOUBT,
			    .why = GATE_WHY_CUT });
		}
		break;
	case 12:
		if (w.g_up && w.k_up && !w.conn) {
			w.conn = true;
			w.hello = w.size;
			step((struct gate_event){ .kind = GATE_EV_UP });
		} else if (!w.g_up)
			gate_start();
		else if (!w.k_up && !w.frozen)
			w.k_up = true;
		break;
	case 13:
		if (!calm && w.fault-- > 0 && w.conn)
			lose();
		break;
	case 14:
		if (!calm && w.fault-- > 0 && w.k_up)
			keeper_dies();
		break;
	case 15:
		if (!calm && w.fault-- > 0 && w.g_up)
			gate_dies();
		break;
	}
}

/* What must hold once nothing more goes wrong and all have had their time. */
static void
quiet(void)
{
	uint64_t id;
	bool stands;

	for (id = 1; id < w.next; id++)
		if (w.c[id].class == GATE_STOP && !w.c[id].wired &&
		    !w.c[id].lost)
			bad(9);
	if (w.frozen)
		return;
	for (id = 1; id < w.next; id++) {
		stands = in_log(w.sig, CMD, id) || in_log(w.sig, LATER, id);
		if (w.c[id].wired && !(stands && in_log(w.sig, OUT, id)))
			bad(6);
		if (stands && !in_log(w.sig, OUT, id))
			bad(7);
	}
	if (w.spool_n > 0 || !w.conn || !w.ready ||
	    gate_machine_known(w.m) > CMDS)
		bad(10);
}

static void
any_order(void)
{
	unsigned int run;
	int i;

	for (run = 1; run <= 15000; run++) {
		memset(&w, 0, sizeof(w));
		w.seed = run * 2654435761u;
		w.next = w.next_n = 1;
		w.k_up = true;
		w.fault = (int)rnd(4) * 4;
		gate_start();
		for (i = 0; i < 300 && w.bad == 0; i++)
			happen(false);
		/* The keeper may also be gone for ever. */
		if (rnd(4) == 0) {
			w.frozen = true;
			if (w.k_up)
				keeper_dies();
		}
		for (i = 0; i < 3000 && w.bad == 0; i++)
			happen(true);
		if (w.bad == 0)
			quiet();
		gate_machine_free(w.m);
		w.m = NULL;
		if (w.bad != 0) {
			printf("# run %u: property %d\n", run, w.bad);
			CHECK(w.bad == 0);
			return;
		}
	}
}

/* More than the machine holds is refused, and nothing of it is half done. */
static void
limits(void)
{
	struct gate_event ev = { .kind = GATE_EV_ISSUE, .class = GATE_START,
	    .key = "k" };
	struct gate_machine *m;
	struct gate_act a;
	char key[GATE_KEY_MAX + 1];
	int n = 0;

	REQUIRE(gate_machine_create(&m, &waits) == 0);
	CHECK(gate_machine_step(m, &(struct gate_event){
	    .kind = GATE_EV_UP }) == 0);
	CHECK(gate_machine_step(m, &(struct gate_event){
	    .kind = GATE_EV_READY }) == 0);
	/* One more than may be open at the keeper is told: later. */
	for (ev.id = 1; ev.id <= GATE_OPEN_MAX + 1; ev.id++)
		CHECK(gate_machine_step(m, &ev) == 0);
	while (gate_machine_next(m, &a))
		n += a.kind == GATE_ACT_OFFER;
	CHECK(n == GATE_OPEN_MAX);
	/* Ids only grow; keys are bounded. */
	ev.id = 1;
	CHECK(gate_machine_step(m, &ev) == CU_ESTATE);
	memset(key, 'k', sizeof(key));
	key[GATE_KEY_MAX] = '\0';
	ev.id = 1000;
	ev.key = key;
	CHECK(gate_machine_step(m, &ev) == CU_ELIMIT);
	key[GATE_KEY_MAX - 1] = '\0';
	CHECK(gate_machine_step(m, &ev) == 0);
	gate_machine_free(m);
	gate_machine_free(NULL);
}

int
main(void)
{
	CHECK_RUN(scenarios);
	CHECK_RUN(any_order);
	CHECK_RUN(limits);
	return (check_done());
}
