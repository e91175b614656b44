/*
 * src/x1/x1_read.h: reading the parts that messages are made of; inside this
 * directory alone.
 */
#ifndef X1_READ_H_
#define X1_READ_H_
#include "base/buf.h"
#include "x1/x1_msg.h"
#include "xml/xml.h"

#define X1_NS_XSI	"http://www.w3.org/2001/XMLSchema-instance"

/*
 * What one message or item is read with.  Each x1_read_* below returns 0;
 * CU_EMALFORMED with form, code and reason set; or CU_ENOMEM.
 */
struct x1_reader {
	unsigned int dialect;		/* leniencies declared */
	unsigned int leniencies;	/* leniencies needed */
	bool answer;			/* children of no place go into rest */
	int later_code;			/* for what is not supported yet */
	enum x1_form form;
	int code;
	struct cu_why *why;
	struct buf text;		/* scratch: the last text read */
};

void x1_reader_init(struct x1_reader *, unsigned int, struct cu_why *);
void x1_reader_fini(struct x1_reader *);

/** x1_refuse(r, n, reason): "element: reason", syntax, 1010. */
int x1_refuse(struct x1_reader *, const struct xml_node *, const char *);

/** x1_later(r, name, code): "name: not supported yet". */
int x1_later(struct x1_reader *, const char *, int);

/* The children of one element, taken in the order of the schema. */
struct x1_seq {
	const struct xml_node *parent, *next;
};

/** x1_seq_open(r, s, n): ${n} has no attributes and only children. */
int x1_seq_open(struct x1_reader *, struct x1_seq *, const struct xml_node *);

/** x1_seq_opt(s, ns, name): The next child if it is that one, or NULL. */
const struct xml_node *x1_seq_opt(struct x1_seq *, const char *, const char *);

/** x1_seq_need(r, s, ns, name, out): The next child, which must be that one. */
int x1_seq_need(struct x1_reader *, struct x1_seq *, const char *,
    const char *, const struct xml_node **);

/** x1_seq_end(r, s): Nothing may be left. */
int x1_seq_end(struct x1_reader *, const struct x1_seq *);

/** x1_read_leaf(r, n): The text of a leaf without attributes, in r->text. */
int x1_read_leaf(struct x1_reader *, const struct xml_node *);

/** x1_read_collapsed(r, n): The same of an xs:token. */
int x1_read_collapsed(struct x1_reader *, const struct xml_node *);

int x1_read_uuid(struct x1_reader *, const struct xml_node *, char *);
/** x1_read_token(r, n, out, max): Not empty, at most ${max} bytes. */
int x1_read_token(struct x1_reader *, const struct xml_node *, char *, size_t);
/** x1_read_string(r, n, out, max): Owned. */
int x1_read_string(struct x1_reader *, const struct xml_node *, char **,
    size_t);
int x1_read_time(struct x1_reader *, const struct xml_node *, utc_us *);
int x1_read_bool(struct x1_reader *, const struct xml_node *, bool *);
int x1_read_int(struct x1_reader *, const struct xml_node *, int64_t *);
int x1_read_count(struct x1_reader *, const struct xml_node *,
    struct li_count *);
int x1_read_faults(struct x1_reader *, const struct xml_node *,
    struct li_faults *);
/** x1_read_error(r, n, code, text): ErrorInformation; ${text} owned. */
int x1_read_error(struct x1_reader *, const struct xml_node *, int64_t *,
    char **);

/** x1_read_dids(r, n, out, count): ListOfDids without sets; owned. */
int x1_read_dids(struct x1_reader *, const struct xml_node *, li_uuid **,
    size_t *);

/**
 * x1_read_task(r, n, out), x1_read_destination:
 * TaskDetails, DestinationDetails.  ${out} is empty at first and, after a
 * failure, again.
 */
int x1_read_task(struct x1_reader *, const struct xml_node *,
    struct li_task *);
int x1_read_destination(struct x1_reader *, const struct xml_node *,
    struct li_destination *);

int x1_read_task_status(struct x1_reader *, const struct xml_node *,
    struct li_task_status *);
int x1_read_destination_status(struct x1_reader *, const struct xml_node *,
    struct li_destination_status *);

/**
 * x1_read_ids(r, n, head):
 * The identifiers and, unless ${n} is a top-level error, the transaction id,
 * wherever they stand: without them nothing can be answered.
 */
int x1_read_ids(struct x1_reader *, const struct xml_node *, struct x1_head *,
    bool);

/** x1_read_head(r, s, head, transaction): The envelope, strictly. */
int x1_read_head(struct x1_reader *, struct x1_seq *, struct x1_head *, bool);

/**
 * x1_read_type(r, n, suffix, name, name_n):
 * The local name of the message's xsi:type, a QName of the X1 namespace,
 * without ${suffix}.  form TYPE if it is of another namespace or ending.
 */
int x1_read_type(struct x1_reader *, const struct xml_node *, const char *,
    const char **, size_t *);
#endif /* !X1_READ_H_ */
