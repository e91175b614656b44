/* src/home/home_notebook.c: the small synced memory of a follower */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "home/home_notebook.h"
#include "json/jv.h"
#include "json/jw.h"

#define NAME	"notebook"
#define SPARE	"notebook.spare"
#define HEX_LEN	(2 * DIGEST_LEN)

/* The file: the JSON object, LF, the hex SHA-256 of the object, LF. */

static int
take(struct home_notebook *n, const struct jv *root, struct cu_why *why)
{
	static const struct jv_member m[] = {
		{ "v", JV_INTEGER, 0 }, { "origin", JV_STRING, 0 },
		{ "genesis", JV_STRING, 0 }, { "start", JV_INTEGER, 0 },
		{ "last_number", JV_INTEGER, 0 }, { "size", JV_STRING, 0 },
		{ "root", JV_STRING, 0 }, { "note", JV_STRING, JV_NULLABLE },
	};
	const struct jv *v[sizeof(m) / sizeof(m[0])];
	const char *origin, *note = "";
	size_t origin_n, note_n = 0;
	int64_t version, start, last;
	int rc;

	if ((rc = jv_members(root, m, sizeof(m) / sizeof(m[0]), v, why)) != 0)
		return (rc);
	origin = jv_str(v[1], &origin_n);
	if (jv_is(v[7], JV_STRING))
		note = jv_str(v[7], &note_n);
	if (jv_int(v[0], &version) != 0 || version != 1 ||
	    origin_n >= sizeof(n->origin) || note_n >= sizeof(n->note) ||
	    jv_bytes(v[2], n->genesis, sizeof(n->genesis)) != 0 ||
	    jv_int(v[3], &start) != 0 || start < 0 ||
	    jv_int(v[4], &last) != 0 || last < 0 ||
	    jv_dec(v[5], &n->size) != 0 ||
	    jv_bytes(v[6], n->root, sizeof(n->root)) != 0) {
		cu_why_set(why, "a member has a wrong value");
		return (CU_EMALFORMED);
	}
	n->start = (uint64_t)start;
	n->last_number = (uint64_t)last;
	memcpy(n->origin, origin, origin_n + 1);
	memcpy(n->note, note, note_n + 1);
	return (0);
}

int
home_notebook_parse(struct home_notebook *n, const char *text, size_t len,
    struct cu_why *why)
{
	struct home_notebook got = { .size = 0 };
	uint8_t is[DIGEST_LEN], said[DIGEST_LEN];
	struct jv *root;
	size_t json;
	int rc;

	if (len < HEX_LEN + 4 || text[len - 1] != '\n' ||
	    text[len - HEX_LEN - 2] != '\n' ||
	    text_unhex(said, text + len - HEX_LEN - 1, DIGEST_LEN) != 0) {
		cu_why_set(why, "no digest at its end");
		return (CU_EMALFORMED);
	}
	json = len - HEX_LEN - 2;
	digest(is, text, json);
	if (memcmp(is, said, sizeof(is)) != 0) {
		cu_why_set(why, "its digest is another");
		return (CU_EMALFORMED);
	}
	if ((rc = jv_parse(&root, text, json, why)) != 0)
		return (rc);
	rc = take(&got, root, why);
	jv_free(root);
	if (rc == 0)
		*n = got;
	return (rc);
}

int
home_notebook_read(struct home_notebook *n, const char *dir,
    struct cu_why *why)
{
	struct buf b;
	int fd, rc;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		cu_why_set(why, "%s: %s", dir, strerror(errno));
		return (CU_EIO);
	}
	buf_init(&b, HOME_NOTEBOOK_MAX);
	rc = io_read_file(io_system(), fd, NAME, &b);
	close(fd);
	if (rc == 0)
		rc = home_notebook_parse(n, buf_text(&b), b.len, why);
	else
		cu_why_set(why, "%s", cu_strerror(rc));
	if (rc != 0)
		cu_why_in(why, "%s/" NAME, dir);
	buf_fini(&b);
	return (rc);
}

/*
 * Into the spare, which has its blocks, and then their names are exchanged: so
 * a start can be counted on a disk without a free byte.  A crash finds the old
 * notebook or the new one; what the spare holds counts for nothing.
 */
static int
put(int dir, const uint8_t *p, size_t n)
{
	struct io *io = io_system();
	int fd, rc;

	fd = openat(dir, SPARE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640);
	if (fd < 0)
		return (CU_EIO);
	if ((rc = io_pwrite(io, fd, p, n, 0)) == 0 &&
	    (ftruncate(fd, (off_t)n) != 0 || fdatasync(fd) != 0))
		rc = CU_EIO;
	if (close(fd) != 0 && rc == 0)
		rc = CU_EIO;
	/* The first has nothing to be exchanged with; some systems cannot. */
	if (rc == 0 && renameat2(dir, SPARE, dir, NAME, RENAME_EXCHANGE) != 0 &&
	    renameat(dir, SPARE, dir, NAME) != 0)
		rc = CU_EIO;
	if (rc == 0 && fsync(dir) != 0)
		rc = CU_EIO;
	return (rc);
}

/* For the next one; without room for it that one needs room. */
static void
reserve(int dir)
{
	int fd = openat(dir, SPARE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640);

	if (fd < 0)
		return;
	(void)posix_fallocate(fd, 0, HOME_NOTEBOOK_MAX);
	close(fd);
}

int
home_notebook_write(const struct home_notebook *n, const char *dir)
{
	uint8_t sum[DIGEST_LEN];
	struct buf b;
	struct jw w;
	int fd, rc;

	buf_init(&b, HOME_NOTEBOOK_MAX);
	jw_init(&w, &b);
	jw_obj(&w, NULL);
	jw_int(&w, "v", 1);
	jw_str(&w, "origin", n->origin);
	jw_bytes(&w, "genesis", n->genesis, sizeof(n->genesis));
	jw_int(&w, "start", (int64_t)n->start);
	jw_int(&w, "last_number", (int64_t)n->last_number);
	jw_dec(&w, "size", n->size);
	jw_bytes(&w, "root", n->root, sizeof(n->root));
	jw_strz(&w, "note", n->note[0] != '\0' ? n->note : NULL);
	jw_end(&w);
	digest(sum, b.p, b.len);
	buf_ch(&b, '\n');
	buf_hex(&b, sum, sizeof(sum));
	buf_ch(&b, '\n');
	if ((rc = b.rc) != 0)
		goto err0;
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		rc = CU_EIO;
		goto err0;
	}
	if ((rc = put(fd, b.p, b.len)) == 0)
		reserve(fd);
	close(fd);
err0:	buf_fini(&b);
	return (rc);
}
