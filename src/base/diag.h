/* src/base/diag.h: one line on stderr for the operator */
#ifndef DIAG_H_
#define DIAG_H_

/** diag_name(name): Put ${name} (borrowed, for ever) before each line. */
void diag_name(const char *);

/**
 * diag(fmt, ...): Write one line: time, program, text.
 * Said once, where the fact is known, naming peer, object and field; never a
 * target, a name, a secret, or text that an element wrote.
 */
void diag(const char *, ...) __attribute__((format(printf, 1, 2)));
#endif /* !DIAG_H_ */
