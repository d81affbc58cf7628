#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"

static const char help[] = "Usage: holdfast-init install PATH\n"
			   "\n"
			   "Copies this program to PATH, mode 0555: a whole file or none, as it is written beside\n"
			   "PATH and renamed. An init container does it into an emptyDir that the others mount.\n"
			   "\n"
			   "Exit code: 0; 125 usage or failure.\n";

/* False: errno tells why. */
static bool copy(int from, int to)
{
	char buffer[16384];
	ssize_t length;
	while ((length = read(from, buffer, sizeof buffer)) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return false;
		for (ssize_t done = 0, written; done < length; done += written) {
			written = write(to, buffer + done, (size_t)(length - done));
			if (written < 0 && errno != EINTR)
				return false;
			if (written < 0)
				written = 0;
		}
	}
	return true;
}

/* fchmod: the mode shall not depend on the umask. */
static bool fill(int from, int to)
{
	bool filled = copy(from, to) && !fchmod(to, 0555) && !fsync(to);
	int error = errno;
	bool closed = !close(to);
	if (!filled)
		errno = error;
	return filled && closed;
}

static int failed(const char *path)
{
	complain("cannot install %s: %s", path, strerror(errno));
	return EXIT_OURS;
}

int install_main(int argc, char **argv)
{
	char beside[4096];
	if (help_wanted(argv))
		return print_help(help);
	if (argc != 2 || !*argv[1] || argv[1][0] == '-')
		return usage_error("install", "one path expected");
	const char *path = argv[1];
	signal(SIGPIPE, SIG_IGN); /* nobody may read standard error any more */
	int length = snprintf(beside, sizeof beside, "%s.%d.new", path, getpid());
	if (length < 0 || (size_t)length >= sizeof beside) {
		errno = ENAMETOOLONG;
		return failed(path);
	}
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return failed("itself, /proc/self/exe");
	unlink(beside); /* of a container that was killed here before */
	int to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
	if (to < 0)
		return failed(path);
	if (!fill(from, to) || rename(beside, path)) {
		int error = errno;
		unlink(beside);
		errno = error;
		return failed(path);
	}
	close(from);
	say_debug("installed %s", path);
	return 0;
}
