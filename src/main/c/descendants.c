#include "descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* Longer chains of parents are those of a process that came to life while we climbed. */
#define DEEPEST 1000

/* As the kernel fills it in; the C library's readdir() allocates. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

bool descendants_left(void)
{
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

pid_t descendants_parse_parent(const char *text)
{
	const char *name_end = strrchr(text, ')'); /* a name may contain anything */
	if (!name_end || strlen(name_end) < 5)
		return 0;
	long parent = strtol(name_end + 4, NULL, 10);
	return parent > 0 && parent <= INT32_MAX ? (pid_t)parent : 0;
}

/* The parent of a process; 0 when it has gone or has none here. */
static pid_t parent_of(pid_t pid)
{
	char text[512]; /* "PID (NAME) STATE PARENT ...": the name has at most 64 bytes */
	snprintf(text, sizeof text, "/proc/%d/stat", pid);
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	if (length <= 0)
		return 0;
	text[length] = 0;
	return descendants_parse_parent(text);
}

static bool is_below(pid_t pid, pid_t top)
{
	for (int i = 0; i < DEEPEST && pid > 1; i++) {
		pid = parent_of(pid);
		if (pid == top)
			return true;
	}
	return false;
}

/* Whether /proc numbers processes as we do: it may be that of another PID namespace. */
static bool proc_is_ours(void)
{
	char self[16];
	ssize_t length = readlink("/proc/self", self, sizeof self - 1);
	if (length <= 0)
		return false;
	self[length] = 0;
	return atoi(self) == getpid();
}

static void signal_if_below(const char *name, pid_t top, int number)
{
	pid_t pid = (pid_t)atoi(name); /* 0 for all that is no process */
	if (pid > 1 && pid != top && is_below(pid, top) && kill(pid, number) && errno != ESRCH)
		say_debug("cannot signal process %d: %s", pid, strerror(errno));
}

static bool signal_by_proc(int number)
{
	_Alignas(struct entry) char buffer[2048];
	if (!proc_is_ours())
		return false;
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	pid_t top = getpid();
	long length;
	while ((length = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < length;) {
			const struct entry *entry = (const void *)(buffer + at);
			signal_if_below(entry->name, top, number);
			at += entry->length;
		}
	}
	close(fd);
	return true;
}

void descendants_signal(int number, pid_t group)
{
	if (getpid() == 1)
		kill(-1, number); /* ESRCH: nobody is left */
	else if (!signal_by_proc(number))
		kill(-group, number);
}
