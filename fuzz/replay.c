/*
 * fuzz/replay.c: what stands in for libFuzzer in every test run: the target
 * gets each file of the corpus, beginnings of it, and it with single bytes
 * damaged, the same ones in every run.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX	(64 << 20)
#define PREFIXES	64		/* of each file */
#define DAMAGES		64		/* of each file up to DAMAGE_MAX */
#define DAMAGE_MAX	65536

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Exactly ${n} bytes of its own, so that a read past them is seen. */
static int
give(const uint8_t *p, size_t n)
{
	uint8_t *copy;

	if ((copy = malloc(n > 0 ? n : 1)) == NULL)
		return (-1);
	if (n > 0)
		memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return (0);
}

static int
damage(uint8_t *p, size_t n)
{
	uint32_t x = 2463534242U;	/* xorshift */
	uint8_t was;
	size_t i, at;
	int rc = 0;

	for (i = 0; n > 0 && n <= DAMAGE_MAX && i < DAMAGES && rc == 0; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		at = x % n;
		was = p[at];
		p[at] = (uint8_t)(x >> 16);
		rc = give(p, n);
		p[at] = was;
	}
	return (rc);
}

static int
replay(const char *path)
{
	size_t n, i, step;
	uint8_t *p;
	FILE *f;
	int rc = 0;

	if ((f = fopen(path, "rb")) == NULL)
		return (-1);
	if ((p = malloc(INPUT_MAX)) == NULL) {
		fclose(f);
		return (-1);
	}
	n = fread(p, 1, INPUT_MAX, f);
	fclose(f);
	step = n / PREFIXES + 1;
	for (i = 0; i < n && rc == 0; i += step)
		rc = give(p, i);
	if (rc == 0)
		rc = give(p, n);
	if (rc == 0)
		rc = damage(p, n);
	free(p);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct dirent **name = NULL;
	unsigned int bad = 0, done = 0;
	char path[4096];
	int i, k, n;

	for (i = 1; i < argc; i++) {
		if ((n = scandir(argv[i], &name, NULL, alphasort)) == -1) {
			printf("# %s cannot be read\n", argv[i]);
			bad++;
			continue;
		}
		for (k = 0; k < n; k++) {
			if (name[k]->d_name[0] != '.') {
				snprintf(path, sizeof(path), "%s/%s", argv[i],
				    name[k]->d_name);
				if (replay(path) != 0) {
					printf("# %s cannot be read\n", path);
					bad++;
				}
				done++;
			}
			free(name[k]);
		}
		free(name);
	}
	printf("%sok 1 - %u inputs\n1..1\n", bad > 0 || done == 0 ? "not " : "",
	    done);
	return (bad > 0 || done == 0);
}
