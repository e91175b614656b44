/* src/x1/x1_write.h: the parts of written messages; inside this directory */
#ifndef X1_WRITE_H_
#define X1_WRITE_H_
#include "base/buf.h"
#include "x1/x1_msg.h"
#include "xml/xml.h"

/** x1_write_root(b, name): The declaration and a root's start tag. */
void x1_write_root(struct buf *, const char *);

/**
 * x1_write_message(b, name, type, head):
 * A message's start tag with xsi:type ${type} and its envelope, which must
 * have a time stamp (else ${b} fails with CU_ESTATE).
 */
void x1_write_message(struct buf *, const char *, const char *,
    const struct x1_head *);

/** x1_write_head(b, head, transaction): The envelope alone. */
void x1_write_head(struct buf *, const struct x1_head *, bool);

void x1_write_leaf(struct buf *, const char *, const char *);
void x1_write_time(struct buf *, const char *, utc_us);

/* In the library of commands. */
void x1_write_task(struct buf *, const struct li_task *);
void x1_write_task_status(struct buf *, const struct li_task_status *);
void x1_write_destination(struct buf *, const struct li_destination *);
void x1_write_destination_status(struct buf *,
    const struct li_destination_status *);
void x1_write_faults(struct buf *, const struct li_faults *);
void x1_write_error(struct buf *, const char *, int64_t, const char *);
#endif /* !X1_WRITE_H_ */
