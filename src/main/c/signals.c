#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* How often a descriptor is looked at while signalfd() is out of descriptors. */
#define BLIND_MS 100

void signals_block(signal_set blocked, signal_set *before)
{
	/* fails only for bad arguments */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, before, sizeof blocked);
}

bool signals_pending(int number)
{
	signal_set pending = 0;
	syscall(SYS_rt_sigpending, &pending, sizeof pending);
	return pending & signal_bit(number);
}

static int64_t left(int64_t due)
{
	int64_t ms = due - now_ms();
	return ms > 0 ? ms : 0;
}

static int take(const signal_set *set, const struct timespec *timeout, siginfo_t *info)
{
	int number;
	do
		number = (int)syscall(SYS_rt_sigtimedwait, set, info, timeout, sizeof *set);
	while (number < 0 && errno == EINTR && !timeout);
	return number < 0 ? 0 : number;
}

static int take_within(const signal_set *set, int64_t ms, siginfo_t *info)
{
	struct timespec timeout = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	return take(set, &timeout, info);
}

/* A descriptor that can be read when a signal of the set waits; -1: there is none to be had. */
static int signal_descriptor(signal_set set)
{
	static int fd = -1;
	if (fd < 0) {
		fd = (int)syscall(SYS_signalfd4, -1, &set, sizeof set, SFD_CLOEXEC | SFD_NONBLOCK);
		if (fd < 0)
			say_debug("no signalfd, error %d", errno);
	}
	return fd;
}

int signals_take(signal_set set, int fd, int64_t due, siginfo_t *info)
{
	if (fd < 0)
		return due < 0 ? take(&set, NULL, info) : take_within(&set, left(due), info);

	struct pollfd wanted[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signal_descriptor(set), .events = POLLIN },
	};
	int64_t ms = due < 0 ? -1 : left(due);
	if (wanted[1].fd < 0)
		return take_within(&set, ms < 0 || ms > BLIND_MS ? BLIND_MS : ms, info);
	if (ms > INT32_MAX)
		ms = INT32_MAX;
	if (poll(wanted, 2, (int)ms) < 0 && errno != EINTR) /* fewer than two descriptors allowed, or no memory */
		return take_within(&set, ms < 0 || ms > BLIND_MS ? BLIND_MS : ms, info);
	return take_within(&set, 0, info);
}
