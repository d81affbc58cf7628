/* A process that does as a test tells it: it starts programs with odd signal masks, limits and filters, tells which signals
   it gets, and takes system facilities away. Raw system calls where the C library hides the first real-time signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  dprintf(2, "puppet: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void mask(uint64_t blocked) {
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8)) fail("rt_sigprocmask");
}

static uint64_t bit(int signal) { return 1ULL << (signal - 1); }

/* the kernel's struct sigaction: the C library refuses 32 and 33 */
struct action {
  void (*handler)(int);
  unsigned long flags;
#ifdef __x86_64__
  void *restorer;
#endif
  uint64_t mask;
};

static void disposition(int signal, void (*handler)(int)) {
  struct action action = {.handler = handler};
  if (syscall(SYS_rt_sigaction, signal, &action, NULL, 8) && signal != SIGKILL && signal != SIGSTOP) fail("rt_sigaction");
}

static void filter(struct sock_filter *program, unsigned short length) {
  struct sock_fprog fprog = {length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog)) fail("seccomp");
}

/* socket(AF_NETLINK, ...) fails with this error */
static void deny_netlink(int error) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  filter(program, sizeof program / sizeof *program);
}

static void limit(int resource, long value) {
  struct rlimit limit = {(rlim_t)value, (rlim_t)value};
  if (setrlimit(resource, &limit)) fail("setrlimit");
}

static void replace(int fd, int by) {
  if (dup2(by, fd) < 0) fail("dup2");
  close(by);
}

/* start [OPTION VALUE]... -- COMMAND...: everything at its default but for what the options say */
static int start(char **argument) {
  uint64_t blocked = 0;
  int netlink_error = 0;
  setsid(); /* fails in a leader, which has its session */
  for (int i = 1; i <= 64; i++) disposition(i, SIG_DFL);
  mask(0);
  for (; argument[0] && strcmp(argument[0], "--"); argument += 2) {
    const char *option = argument[0];
    long value = atol(argument[1]);
    if (!strcmp(option, "--ignore")) disposition((int)value, SIG_IGN);
    else if (!strcmp(option, "--block")) blocked |= bit((int)value);
    else if (!strcmp(option, "--deny-netlink")) netlink_error = (int)value;
    else if (!strcmp(option, "--processes")) limit(RLIMIT_NPROC, value);
    else if (!strcmp(option, "--files")) limit(RLIMIT_NOFILE, value);
    else if (!strcmp(option, "--close")) close((int)value);
    else if (!strcmp(option, "--break")) { /* a pipe that nobody reads */
      int ends[2];
      if (pipe(ends)) fail("pipe");
      close(ends[0]);
      replace((int)value, ends[1]);
    } else if (!strcmp(option, "--stuff")) { /* a full pipe that somebody holds open and does not read */
      int ends[2];
      if (pipe2(ends, O_NONBLOCK)) fail("pipe2");
      char block[4096] = {0};
      while (write(ends[1], block, sizeof block) > 0) continue;
      fcntl(ends[1], F_SETFL, 0);
      replace((int)value, ends[1]);
    } else if (!strcmp(option, "--fill")) { /* a device without space */
      replace((int)value, open("/dev/full", O_WRONLY));
    } else if (!strcmp(option, "--pending")) { /* sent before the program has started */
      blocked |= bit((int)value);
      mask(blocked);
      if (syscall(SYS_kill, getpid(), (int)value)) fail("kill");
    } else {
      errno = EINVAL;
      fail(option);
    }
  }
  if (netlink_error) deny_netlink(netlink_error);
  mask(blocked);
  execvp(argument[1], argument + 1);
  fail(argument[1]);
  return 99;
}

/* signals [NAME [LAST]]: prints `NAME ready`, then `NAME NUMBER` for each signal it gets; ends after LAST */
static int signals(const char *name, int last) {
  uint64_t all = ~0ULL;
  mask(all);
  dprintf(1, "%s ready %d\n", name, getpid());
  for (;;) {
    int got = (int)syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, 8);
    if (got < 0) continue;
    dprintf(1, "%s %d\n", name, got);
    if (got == last) return 0;
  }
}

/* die SIGNAL: of its default action */
static int die(int signal) {
  disposition(signal, SIG_DFL);
  mask(0);
  syscall(SYS_kill, getpid(), signal);
  return 98;
}

/* family: `parent` and its `child`, in one process group, tell their signals */
static int family(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  return signals(child ? "parent" : "child", 0);
}

/* pty -- COMMAND...: the command on a terminal of its own; our stdin is its keyboard, our stdout its screen */
static int pty(char **argument) {
  int screen;
  pid_t child = forkpty(&screen, NULL, NULL, NULL);
  if (child < 0) fail("forkpty");
  if (!child) {
    execvp(argument[1], argument + 1);
    fail(argument[1]);
  }
  struct pollfd fds[] = {{0, POLLIN, 0}, {screen, POLLIN, 0}};
  char buffer[4096];
  while (poll(fds, 2, -1) >= 0) {
    if (fds[1].revents) {
      ssize_t n = read(screen, buffer, sizeof buffer);
      if (n <= 0 || write(1, buffer, (size_t)n) < 0) break;
    }
    if (fds[0].revents) {
      ssize_t n = read(0, buffer, sizeof buffer);
      if (n <= 0) fds[0].fd = -1;
      else if (write(screen, buffer, (size_t)n) < 0) break;
    }
  }
  int status;
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* bench COUNT -- COMMAND...: the least microseconds from fork to the end, of COUNT runs */
static int bench(int count, char **argument) {
  double least = 1e9;
  for (int i = 0; i < count; i++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t child;
    if (posix_spawn(&child, argument[1], NULL, NULL, argument + 1, environ)) fail(argument[1]);
    int status;
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) fail("waitpid");
    clock_gettime(CLOCK_MONOTONIC, &to);
    double micros = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
    if (micros < least) least = micros;
  }
  printf("%.0f\n", least);
  return 0;
}

/* what a traced program asks the kernel for: the head of struct ptrace_syscall_info */
struct call {
  uint8_t op, pad[3];
  uint32_t arch;
  uint64_t instruction, stack, number, arguments[6];
};
enum { PTRACE_SYSCALL_INFO_ENTRY_OP = 1 };

static int is_send(uint64_t number) { return number == SYS_sendto || number == SYS_sendmsg; }

/* asks for the sockets of a protocol that has no handler: the kernel answers as it does without its module tcp_diag */
static void spoil_dump(pid_t child, const struct call *call) {
  unsigned long at = call->arguments[1];
  if (call->number == SYS_sendmsg) {
    unsigned long vector = (unsigned long)ptrace(PTRACE_PEEKDATA, child, at + offsetof(struct msghdr, msg_iov), 0);
    at = (unsigned long)ptrace(PTRACE_PEEKDATA, child, vector, 0);
  }
  enum { type_at = 4, protocol_at = 17, SOCK_DIAG_BY_FAMILY = 20, WITHOUT_HANDLER = 253 };
  long head = ptrace(PTRACE_PEEKDATA, child, at, 0);
  if ((head >> (8 * type_at) & 0xffff) != SOCK_DIAG_BY_FAMILY) return;
  long body = ptrace(PTRACE_PEEKDATA, child, at + 16, 0);
  body = (body & ~(0xffL << 8 * (protocol_at - 16))) | (long)WITHOUT_HANDLER << 8 * (protocol_at - 16);
  if (ptrace(PTRACE_POKEDATA, child, at + 16, body)) fail("PTRACE_POKEDATA");
}

/* the last argument of the kernel to a new program is a table; an entry that is crossed out is not seen */
static void hide_vdso(pid_t child, unsigned long stack) {
  unsigned long at = stack, words = (unsigned long)ptrace(PTRACE_PEEKDATA, child, at, 0) + 2;
  at += words * sizeof(long); /* argc, the arguments and NULL */
  while (ptrace(PTRACE_PEEKDATA, child, at, 0)) at += sizeof(long);
  for (at += sizeof(long);; at += 2 * sizeof(long)) {
    long type = ptrace(PTRACE_PEEKDATA, child, at, 0);
    if (type == AT_NULL) return;
    if (type == AT_SYSINFO_EHDR && ptrace(PTRACE_POKEDATA, child, at, AT_IGNORE)) fail("PTRACE_POKEDATA");
  }
}

/* a day forth and a day back, by turns */
static void shift_clock(pid_t child, const struct call *entry, int turn) {
  static const long day = 24 * 60 * 60;
  unsigned long at = 0;
  if (entry->number == SYS_clock_gettime && entry->arguments[0] == CLOCK_REALTIME) at = entry->arguments[1];
#ifdef SYS_time
  if (entry->number == SYS_gettimeofday) at = entry->arguments[0];
#endif
  if (!at) return;
  long seconds = ptrace(PTRACE_PEEKDATA, child, at, 0);
  if (ptrace(PTRACE_POKEDATA, child, at, seconds + (turn % 2 ? day : -day))) fail("PTRACE_POKEDATA");
}

/* without-tcp-diag -- COMMAND..., with-jumping-clock -- COMMAND... */
static int traced(char **argument, int clock) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (!child) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) fail("PTRACE_TRACEME");
    raise(SIGSTOP);
    execvp(argument[1], argument + 1);
    fail(argument[1]);
  }
  int status, spoilt = 0, asked = 0, deliver = 0;
  struct call call, entry = {0};
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
  for (;;) {
    if (ptrace(PTRACE_SYSCALL, child, 0, deliver)) fail("PTRACE_SYSCALL");
    deliver = 0;
    if (waitpid(child, &status, 0) < 0) fail("waitpid");
    if (WIFEXITED(status) || WIFSIGNALED(status)) break;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
      if (clock && ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call) > 0) hide_vdso(child, call.stack);
      continue;
    }
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      deliver = WSTOPSIG(status);
      continue;
    }
    if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call) <= 0) continue;
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY_OP) {
      entry = call;
      if (!clock && is_send(call.number)) {
        spoil_dump(child, &call);
        spoilt++;
      }
    } else if (clock) {
      asked += entry.number == SYS_clock_gettime;
      shift_clock(child, &entry, asked);
    }
  }
  dprintf(1, "spoilt %d, asked %d\n", spoilt, asked);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **argument) {
  const char *what = count > 1 ? argument[1] : "";
  char **rest = argument + 2;
  if (!strcmp(what, "start")) return start(rest);
  if (!strcmp(what, "signals")) return signals(rest[0] ? rest[0] : "child", rest[0] && rest[1] ? atoi(rest[1]) : 0);
  if (!strcmp(what, "family")) return family();
  if (!strcmp(what, "die")) return die(atoi(rest[0]));
  if (!strcmp(what, "kill")) return syscall(SYS_kill, atoi(rest[0]), atoi(rest[1])) ? 1 : 0;
  if (!strcmp(what, "pty")) return pty(rest);
  if (!strcmp(what, "bench")) return bench(atoi(rest[0]), rest + 1);
  if (!strcmp(what, "without-tcp-diag")) return traced(rest, 0);
  if (!strcmp(what, "with-jumping-clock")) return traced(rest, 1);
  errno = EINVAL;
  fail(what);
}
