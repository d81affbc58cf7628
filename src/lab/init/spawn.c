/* spawn COUNT COMMAND [ARGUMENTS]: runs a command so often, one after the other, and prints the median microseconds
 * from its start to its end. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long run(char **command)
{
	struct timespec start, end;
	int status;
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid_t child = vfork();
	if (child == 0) {
		execvp(*command, command);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "%s failed\n", *command);
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
}

static int by_size(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;
	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 0;
	long *times = calloc((size_t)count + 1, sizeof *times);
	if (count < 1 || !times) {
		fputs("usage: spawn COUNT COMMAND [ARGUMENTS]\n", stderr);
		return 2;
	}
	for (int i = 0; i < count; i++)
		times[i] = run(argv + 2);
	qsort(times, (size_t)count, sizeof *times, by_size);
	printf("%ld\n", times[count / 2]);
	return 0;
}
