// Defines accept4, pipe2 and recvmmsg, which strict C hides. These wrappers are therefore not
// inline in the header.
#define _GNU_SOURCE
#include "CPosix.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>

// glibc passes what main() gets to constructors as well. The Swift library reads the arguments from
// /proc, which need not be mounted.
static int argument_count;
static char **arguments;

__attribute__((constructor)) static void keep_arguments(int count, char **words) {
  argument_count = count;
  arguments = words;
}

int cposix_argument_count(void) { return argument_count; }

char **cposix_arguments(void) { return arguments; }

int cposix_accept(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int cposix_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int cposix_receive_datagrams(
    int fd, uint8_t *memory, size_t size, struct cposix_datagram *out, int count) {
  struct mmsghdr messages[cposix_max_datagrams];
  struct iovec segments[cposix_max_datagrams];
  if (count > cposix_max_datagrams) count = cposix_max_datagrams;
  memset(messages, 0, sizeof messages[0] * (size_t)count);
  for (int i = 0; i < count; i++) {
    segments[i] = (struct iovec){.iov_base = memory + size * (size_t)i, .iov_len = size};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &out[i].source,
        .msg_namelen = sizeof out[i].source,
        .msg_iov = &segments[i],
        .msg_iovlen = 1,
    };
  }
  int received = recvmmsg(fd, messages, (unsigned)count, 0, NULL);
  for (int i = 0; i < received; i++) {
    out[i].length = messages[i].msg_len;
    out[i].is_truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
  }
  return received;
}

int cposix_multicast_interfaces(int family, unsigned *out, int count) {
  struct ifaddrs *list = NULL;
  if (getifaddrs(&list) < 0) return -1;
  int found = 0;
  for (struct ifaddrs *entry = list; entry != NULL && found < count; entry = entry->ifa_next) {
    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != family) continue;
    if (!(entry->ifa_flags & IFF_UP) || !(entry->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK))) {
      continue;
    }
    unsigned index = if_nametoindex(entry->ifa_name);
    int is_known = index == 0;
    for (int i = 0; i < found; i++) is_known |= out[i] == index;
    if (!is_known) out[found++] = index;
  }
  freeifaddrs(list);
  return found;
}

// Written before a handler is installed; afterwards only handlers read it.
static volatile sig_atomic_t signal_descriptor = -1;

static void report_signal(int signal) {
  int saved = errno;
  unsigned char byte = (unsigned char)signal;
  // A full pipe already carries pending signals, so dropping this byte loses nothing.
  ssize_t ignored = write(signal_descriptor, &byte, 1);
  (void)ignored;
  errno = saved;
}

int cposix_watch_signal(int signal, int fd) {
  signal_descriptor = fd;
  struct sigaction action = {.sa_handler = report_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, NULL);
}

int cposix_unwatch_signal(int signal) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, NULL);
}

int cposix_ignores_signal(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
