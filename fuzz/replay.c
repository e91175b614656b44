/*
 * fuzz/replay.c: what stands in for libFuzzer in every test run: the target
 * gets each file of the corpus, and beginnings of it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX	(64 << 20)
#define PREFIXES	64		/* of each file */

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
