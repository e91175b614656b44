/* src/sim/sim_ne_impl.h: a simulated element, shared by its two halves */
#ifndef SIM_NE_IMPL_H_
#define SIM_NE_IMPL_H_
#include "sim/sim_ne.h"
#include "sim/sim_store.h"

/* ack-only: `Acknowledged`, with or without doing it. */
enum sim_ack { SIM_ACK_HONEST = 0, SIM_ACK_ONLY, SIM_ACK_NEVER };

struct sim_ne {
	char id[X1_ID_MAX + 1];
	struct sim_store store;
	struct sim_manner manner;
	enum sim_ack ack;
	bool stamp;		/* dialect: three fraction digits */
	bool no_counts;		/* it counts no modifications */
	bool execute_and_error;
	bool drop_target;	/* acknowledge and drop the target */
	bool refuse_stop;	/* DeactivateTask: an error, and it goes on */
	bool ignore_stop;	/* DeactivateTask: acknowledged, it goes on */
	bool last_only;		/* of a container, the last message alone */
	uint64_t fill;		/* tasks made up so far */
};
#endif /* !SIM_NE_IMPL_H_ */
