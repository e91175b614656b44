/* src/home/home_notebook.h: the small synced memory of a follower */
#ifndef HOME_NOTEBOOK_H_
#define HOME_NOTEBOOK_H_
#include <stdbool.h>
#include <stdint.h>

struct cu_why;

#define HOME_NOTEBOOK_MAX	4096
#define HOME_NOTE_MAX		2048

/* (formats 13) */
struct home_notebook {
	char origin[256];
	uint8_t genesis[32];
	uint64_t start;		/* starts of this instance */
	uint64_t last_number;	/* last report number of the running start */
	uint64_t size;		/* largest head followed and checked */
	uint8_t root[32];
	char note[HOME_NOTE_MAX];	/* its signed note; "" without one */
};

/** home_notebook_parse(n, text, len, why): The file's bytes.
 * 0; CU_EMALFORMED: its digest or form is wrong; CU_ENOMEM.
 */
int home_notebook_parse(struct home_notebook *, const char *, size_t,
    struct cu_why *);
/** home_notebook_read(n, dir, why): DIR/notebook.
 * CU_ENOENT: none yet; CU_EIO; else as home_notebook_parse.
 */
int home_notebook_read(struct home_notebook *, const char *, struct cu_why *);
/**
 * home_notebook_write(n, dir):
 * Write beside, fdatasync, rename, fsync the directory: when it returns 0, a
 * crash finds this one; before, the former.  CU_EIO, CU_ELIMIT, CU_ENOMEM.
 */
int home_notebook_write(const struct home_notebook *, const char *);
#endif /* !HOME_NOTEBOOK_H_ */
