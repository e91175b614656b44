/* src/net/net_http.h: HTTP/1.1 framing with one reading; pure, no sockets */
#ifndef NET_HTTP_H_
#define NET_HTTP_H_
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cu_why;
struct net_http;

#define NET_HTTP_HEAD_MAX	16384	/* start line and fields, with CRLFs */
#define NET_HTTP_FIELDS_MAX	64
#define NET_HTTP_REQUEST_MAX	(1U << 20)	/* default limit of a body */
#define NET_HTTP_ANSWER_MAX	(32U << 20)
#define NET_HTTP_INTERIM_MAX	8	/* 1xx heads before an answer */

enum net_http_path { NET_HTTP_NE = 1, NET_HTTP_ADMF };	/* /X1/NE, /X1/ADMF */

/* Positive outcomes of net_http_feed. */
#define NET_HTTP_MORE	0	/* all was taken, the message is not complete */
#define NET_HTTP_E_HEAD	1	/* the head is complete: said once */
#define NET_HTTP_E_DONE	2	/* the message is complete */

/** net_http_request(out, body_max), net_http_answer(out, body_max):
 * Return an owned parser of requests, or of answers to POST.  0, CU_ENOMEM.
 */
int net_http_request(struct net_http **, size_t);
int net_http_answer(struct net_http **, size_t);
void net_http_free(struct net_http *);
/** net_http_reset(h): Be ready for the next message of the connection. */
void net_http_reset(struct net_http *);

/**
 * net_http_feed(h, p, n, used, why):
 * Read on in ${n} hostile bytes; ${used} says how many were taken.  Return one
 * of the outcomes above; or CU_EMALFORMED, CU_ELIMIT, CU_ENOMEM: then the
 * connection cannot be used on, and net_http_status is what a server answers.
 */
int net_http_feed(struct net_http *, const uint8_t *, size_t, size_t *,
    struct cu_why *);

/** net_http_started(h): Was a byte of this message seen? */
bool net_http_started(const struct net_http *);
/** net_http_status(h): Of an answer; or what to answer to a bad request. */
int net_http_status(const struct net_http *);
enum net_http_path net_http_path(const struct net_http *);
/** net_http_expects(h): Does the client wait for 100 Continue? */
bool net_http_expects(const struct net_http *);
/** net_http_closes(h): Is this the last message of the connection? */
bool net_http_closes(const struct net_http *);
/** net_http_body(h, len): Borrow the body until the next reset. */
const uint8_t *net_http_body(const struct net_http *, size_t *);
/** net_http_take(h, len): Return the owned body (free). NULL: no memory. */
uint8_t *net_http_take(struct net_http *, size_t *);

/** net_http_write_request(b, path, host, body, len): Append a POST. */
void net_http_write_request(struct buf *, enum net_http_path, const char *,
    const void *, size_t);
/** net_http_write_answer(b, status, body, len, close): Append an answer. */
void net_http_write_answer(struct buf *, int, const void *, size_t, bool);
#endif /* !NET_HTTP_H_ */
