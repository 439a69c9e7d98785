#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "seeder.h"

static const char usage[] =
    "usage: seeder --payload FILE --piece-length N --info-hash HEX\n"
    "              --at FIRST[-LAST]:PORT [--rate BYTES] [--latency MS] [--corrupt PERCENT]\n"
    "              [--drop-after BYTES] [--share N] [--at ...]...\n"
    "Seeds one torrent at all the addresses; an address behaves as the options after its --at say.\n"
    "Prints READY, and after each SIGUSR1 the bytes of payload sent so far.\n";

enum { MAX_CONNECTIONS = 4096, MAX_EVENTS = 256 };

struct torrent torrent;
uint64_t now, payload_sent;

static struct group groups[MAX_GROUPS];
static int group_count;

// A connection's event carries its index here; what is not a connection comes after the last index.
static struct connection *connections[MAX_CONNECTIONS];
static uint32_t used;  // no index from here on has been used
static int epoll;

static void watch(int descriptor, uint32_t events, uint64_t tag) {
  struct epoll_event event = {.events = events, .data.u64 = tag};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) die("epoll: %s", strerror(errno));
}

static uint32_t address(const char *text) {
  struct in_addr parsed;
  if (inet_pton(AF_INET, text, &parsed) != 1) die("not an address: %s", text);
  return ntohl(parsed.s_addr);
}

static struct group *add_group(const char *text) {
  char first[16], last[16];
  unsigned port;
  if (group_count == MAX_GROUPS) die("more than %d groups of addresses", MAX_GROUPS);
  if (sscanf(text, "%15[0-9.]-%15[0-9.]:%u", first, last, &port) != 3) {
    if (sscanf(text, "%15[0-9.]:%u", first, &port) != 2) die("not FIRST[-LAST]:PORT: %s", text);
    memcpy(last, first, sizeof last);
  }
  if (port == 0 || port > 65535) die("not a port: %s", text);
  groups[group_count] =
      (struct group){.first = address(first), .last = address(last), .port = (uint16_t)port};
  return &groups[group_count++];
}

static const char *read_arguments(int argc, char **argv) {
  const char *path = NULL, *info_hash = NULL;
  struct group *group = NULL;
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i], *value = option_value(argc, argv, &i);
    if (!strcmp(name, "--payload")) path = value;
    else if (!strcmp(name, "--piece-length")) torrent.piece_length = (uint32_t)number(value);
    else if (!strcmp(name, "--info-hash")) info_hash = value;
    else if (!strcmp(name, "--at")) group = add_group(value);
    else if (group && !strcmp(name, "--rate")) group->rate = number(value);
    else if (group && !strcmp(name, "--latency")) group->latency = number(value) * 1000000;
    else if (group && !strcmp(name, "--corrupt")) group->corrupt = number(value);
    else if (group && !strcmp(name, "--drop-after")) group->drop_after = number(value);
    else if (group && !strcmp(name, "--share")) group->share = number(value);
    else die("unknown option %s\n%s", name, usage);
  }
  if (!path || !torrent.piece_length || !info_hash || !group_count) die("%s", usage);
  read_info_hash(info_hash, torrent.info_hash);
  return path;
}

/// One socket for each port takes the connections to all its addresses.
static void listen_at(uint16_t port) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor, (struct sockaddr *)&any, sizeof any) || listen(descriptor, 4096))
    die("port %u: %s", port, strerror(errno));
  watch(descriptor, EPOLLIN, MAX_CONNECTIONS + (uint64_t)descriptor);
}

static const struct group *group_of(int descriptor, uint32_t *number) {
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  if (getsockname(descriptor, (struct sockaddr *)&local, &length)) return NULL;
  uint32_t at = ntohl(local.sin_addr.s_addr);
  for (int i = 0; i < group_count; i++) {
    *number = at - groups[i].first;
    if (groups[i].port == ntohs(local.sin_port) && groups[i].first <= at && at <= groups[i].last)
      return &groups[i];
  }
  return NULL;
}

static void accept_one(int listener) {
  int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  if (descriptor < 0) return;
  uint32_t index = 0, number = 0;
  const struct group *group = group_of(descriptor, &number);
  while (index < MAX_CONNECTIONS && connections[index]) index++;
  if (!group || index == MAX_CONNECTIONS) {
    close(descriptor);
    return;
  }
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[index] = connection_open(descriptor, group, number);
  if (index == used) used++;
  watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, index);
}

static void serve(uint64_t index, int can_read, int can_write) {
  if (!connections[index] || connection_ready(connections[index], can_read, can_write)) return;
  connections[index] = NULL;
}

static void read_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// Serves the connections whose time has come; returns when the next one's comes.
static uint64_t serve_due(void) {
  uint64_t next = NEVER;
  for (uint64_t i = 0; i < used; i++) {
    if (!connections[i]) continue;
    if (connection_wake(connections[i]) <= now) serve(i, 0, 0);
    if (connections[i] && connection_wake(connections[i]) < next)
      next = connection_wake(connections[i]);
  }
  return next;
}

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);  // sendfile has no MSG_NOSIGNAL
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void report(int signals) {
  struct signalfd_siginfo information;
  if (read(signals, &information, sizeof information) != sizeof information) return;
  printf("%" PRIu64 "\n", payload_sent);
  fflush(stdout);
}

/// Waits for events until the next connection's time; a timeout of nanoseconds keeps rates even.
static int wait_for_events(struct epoll_event *events, uint64_t next) {
  struct timespec rest, *timeout = NULL;
  if (next != NEVER) {
    uint64_t left = next > now ? next - now : 0;
    rest = (struct timespec){(time_t)(left / 1000000000), (long)(left % 1000000000)};
    timeout = &rest;
  }
  int count = epoll_pwait2(epoll, events, MAX_EVENTS, timeout, NULL);
  if (count < 0 && errno != EINTR) die("epoll: %s", strerror(errno));
  return count;
}

int main(int argc, char **argv) {
  payload_open(read_arguments(argc, argv));
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int signals = open_signals();
  watch(signals, EPOLLIN, MAX_CONNECTIONS + (uint64_t)signals);
  for (int i = 0; i < group_count; i++) {
    int is_new = 1;
    for (int k = 0; k < i; k++) is_new &= groups[k].port != groups[i].port;
    if (is_new) listen_at(groups[i].port);
  }
  printf("READY\n");
  fflush(stdout);
  for (uint64_t next = NEVER;;) {
    struct epoll_event events[MAX_EVENTS];
    int count = wait_for_events(events, next);
    read_clock();
    for (int i = 0; i < count; i++) {
      uint64_t tag = events[i].data.u64;
      uint32_t set = events[i].events;
      if (tag < MAX_CONNECTIONS)
        serve(tag, (set & ~(uint32_t)EPOLLOUT) != 0, (set & EPOLLOUT) != 0);
      else if (tag == MAX_CONNECTIONS + (uint64_t)signals) report(signals);
      else accept_one((int)(tag - MAX_CONNECTIONS));
    }
    next = serve_due();
  }
}
