/* One end of TCP traffic, told what to do by lines on stdin. Each is answered by `ok NANOSECONDS`, the CLOCK_MONOTONIC
   time at which it was done, or by `error TEXT`. What connects to it gets its bytes back.

     listen ADDRESS PORT                  push BYTES (to everyone who is connected to us)
     mute ADDRESS PORT (gives nothing back)  ask NAME BYTES (reads nothing back)
     connect NAME SOURCE|- ADDRESS PORT   send NAME BYTES (and reads them back)
     close NAME                           reset NAME
     short SOURCE|- ADDRESS PORT          shortreset SOURCE|- ADDRESS PORT
     flood COUNT SOURCE|- ADDRESS PORT    repeat MILLISECONDS COUNT COMMAND...
     pause MILLISECONDS */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NAMES = 64, FDS = 40000 };

/* nanoseconds that repeated traffic may be late: with more it would have been quiet */
#define MOST_PAUSE 500000000LL
enum kind { NONE, LISTENER, SERVED, MUTE_LISTENER, MUTE };

static struct named {
  char name[64];
  int fd;
} named[NAMES];
static unsigned char kinds[FDS];
static int events;

static const char *told(void) { return strerror(errno); }

static socklen_t address(const char *text, int port, struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  struct sockaddr_in *v4 = (void *)to;
  struct sockaddr_in6 *v6 = (void *)to;
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((unsigned short)port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((unsigned short)port);
    return sizeof *v6;
  }
  errno = EINVAL;
  return 0;
}

static void watch(int fd, enum kind kind) {
  kinds[fd] = (unsigned char)kind;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
}

static const char *listen_at(const char *text, int port, enum kind kind) {
  struct sockaddr_storage at;
  socklen_t length = address(text, port, &at);
  int on = 1, fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!length || fd < 0 || bind(fd, (void *)&at, length) || listen(fd, 4096)) return told();
  watch(fd, kind);
  return NULL;
}

static int connect_to(const char *source, const char *text, int port) {
  struct sockaddr_storage at, from;
  socklen_t length = address(text, port, &at);
  if (!length) return -1;
  int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval patience = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (strcmp(source, "-")) {
    int late = 1; /* the port is chosen for the address it goes to, so that none runs out */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
    length = address(source, 0, &from);
    if (!length || bind(fd, (void *)&from, length)) return -1;
    length = address(text, port, &at);
  }
  return connect(fd, (void *)&at, length) ? -1 : fd;
}

static const char *exchange(int fd, int bytes) {
  char block[4096] = {0};
  while (bytes > 0) {
    int part = bytes < (int)sizeof block ? bytes : (int)sizeof block;
    if (write(fd, block, (size_t)part) != part) return told();
    for (int have = 0; have < part;) {
      ssize_t n = read(fd, block, (size_t)(part - have));
      if (n < 0) return told();
      if (n == 0) return "closed by the other end";
      have += (int)n;
    }
    bytes -= part;
  }
  return NULL;
}

static void end(int fd, int reset) {
  struct linger linger = {1, 0};
  if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}

static const char *in_short(const char *source, const char *text, int port, int reset) {
  int fd = connect_to(source, text, port);
  if (fd < 0) return told();
  const char *error = exchange(fd, 1);
  end(fd, reset);
  return error;
}

static struct named *find(const char *name) {
  for (int i = 0; i < NAMES; i++)
    if (!strcmp(named[i].name, name)) return &named[i];
  return NULL;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static const char *command(char *line) {
  char what[32] = "", a[64] = "", b[64] = "", c[64] = "";
  int n = 0, period = 0, count = 0, from = 0;
  if (sscanf(line, "repeat %d %d %n", &period, &count, &from) == 2 && from) {
    long long next = now(), last = next;
    for (int i = 0; i < count; i++) {
      const char *error = command(line + from);
      if (error) return error;
      long long pause = now() - last;
      if (pause > period * 1000000LL + MOST_PAUSE) return "too busy here for steady traffic";
      last += pause;
      next += period * 1000000LL;
      struct timespec until = {next / 1000000000, next % 1000000000};
      if (i + 1 < count) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    return NULL;
  }
  if (sscanf(line, "%31s %63s %63s %63s %d", what, a, b, c, &n) < 2) return "what?";
  if (!strcmp(what, "listen")) return listen_at(a, atoi(b), LISTENER);
  if (!strcmp(what, "mute")) return listen_at(a, atoi(b), MUTE_LISTENER);
  if (!strcmp(what, "pause")) {
    usleep((unsigned)atoi(a) * 1000);
    return NULL;
  }
  if (!strcmp(what, "short")) return in_short(a, b, atoi(c), 0);
  if (!strcmp(what, "shortreset")) return in_short(a, b, atoi(c), 1);
  if (!strcmp(what, "flood")) {
    for (int i = 0; i < atoi(a); i++)
      if (connect_to(b, c, n) < 0) return told();
    return NULL;
  }
  if (!strcmp(what, "push")) {
    char block[4096] = {0};
    for (int fd = 0; fd < FDS; fd++)
      if ((kinds[fd] == SERVED || kinds[fd] == MUTE) && write(fd, block, (size_t)atoi(a)) < 0) return told();
    return NULL;
  }
  if (!strcmp(what, "connect")) {
    struct named *slot = find("");
    if (!slot) return "too many names";
    slot->fd = connect_to(b, c, n);
    if (slot->fd < 0) return told();
    memcpy(slot->name, a, sizeof a);
    return NULL;
  }
  struct named *one = find(a);
  if (!one) return "no such connection";
  if (!strcmp(what, "ask")) return write(one->fd, line, (size_t)atoi(b)) < 0 ? told() : NULL;
  if (!strcmp(what, "send")) return exchange(one->fd, atoi(b));
  if (!strcmp(what, "close") || !strcmp(what, "reset")) {
    end(one->fd, what[0] == 'r');
    one->name[0] = 0;
    return NULL;
  }
  return "what?";
}

static void answer(void) {
  static char buffer[4096];
  static size_t have;
  ssize_t n = read(0, buffer + have, sizeof buffer - 1 - have);
  if (n <= 0) _exit(0);
  have += (size_t)n;
  buffer[have] = 0;
  char *line = buffer, *stop;
  while ((stop = strchr(line, '\n'))) {
    *stop = 0;
    const char *error = command(line);
    if (error) dprintf(1, "error %s: %s\n", line, error);
    else dprintf(1, "ok %lld\n", now());
    line = stop + 1;
  }
  have -= (size_t)(line - buffer);
  memmove(buffer, line, have);
}

static void serve(int fd) {
  char block[4096];
  if (kinds[fd] == LISTENER || kinds[fd] == MUTE_LISTENER) {
    enum kind kind = kinds[fd] == LISTENER ? SERVED : MUTE;
    int accepted;
    while ((accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
      if (accepted < FDS) watch(accepted, kind);
      else close(accepted);
    }
    return;
  }
  ssize_t n = read(fd, block, sizeof block);
  if (n <= 0 || (kinds[fd] == SERVED && write(fd, block, (size_t)n) < 0)) {
    kinds[fd] = NONE;
    close(fd);
  }
}

int main(void) {
  struct rlimit files = {FDS, FDS};
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  events = epoll_create1(EPOLL_CLOEXEC);
  watch(0, NONE);
  for (;;) {
    struct epoll_event ready[256];
    int n = epoll_wait(events, ready, 256, -1);
    for (int i = 0; i < n; i++)
      if (ready[i].data.fd == 0) answer();
      else serve(ready[i].data.fd);
  }
}
