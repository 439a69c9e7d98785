// Calls for epoll, sockets and signals that `import Glibc` does not expose.
#pragma once

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint32_t cposix_poll_in = EPOLLIN;
static const uint32_t cposix_poll_out = EPOLLOUT;
static const uint32_t cposix_poll_read_hangup = EPOLLRDHUP;
static const uint32_t cposix_poll_error = EPOLLERR;
static const uint32_t cposix_poll_hangup = EPOLLHUP;
static const uint32_t cposix_poll_edge = EPOLLET;

/// An epoll event with natural alignment; the kernel's struct is packed, which Swift cannot import.
struct cposix_event {
  uint64_t data;
  uint32_t events;
};

enum { cposix_max_events = 256 };

static inline int cposix_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int cposix_epoll_add(int poller, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static inline int cposix_epoll_change(int poller, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
}

static inline int cposix_epoll_remove(int poller, int fd) {
  struct epoll_event ignored = {0};
  return epoll_ctl(poller, EPOLL_CTL_DEL, fd, &ignored);
}

/// Waits up to `milliseconds` (-1 for no limit) for at most `cposix_max_events` events.
static inline int cposix_epoll_wait(int poller, struct cposix_event *events, int milliseconds) {
  struct epoll_event packed[cposix_max_events];
  int count = epoll_wait(poller, packed, cposix_max_events, milliseconds);
  for (int i = 0; i < count; i++) {
    events[i].data = packed[i].data.u64;
    events[i].events = packed[i].events;
  }
  return count;
}

static inline int cposix_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int cposix_stream_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// Accepts a connection as a non-blocking socket.
int cposix_accept(int fd, struct sockaddr *address, socklen_t *length);

static inline int cposix_set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

static inline int cposix_set_no_delay(int fd) {
  return cposix_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/// Returns the smoothed round-trip time of a connection in microseconds, or 0 if it is unknown.
static inline uint32_t cposix_round_trip(int fd) {
  struct tcp_info info = {0};
  socklen_t length = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_rtt : 0;
}

static inline int cposix_set_reuse_address(int fd) {
  return cposix_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

static inline int cposix_set_v6_only(int fd) {
  return cposix_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

/// Takes the pending error of a socket, 0 for none; returns the error of `getsockopt` if that
/// fails.
static inline int cposix_take_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

/// Writes a vector of segments without ever raising SIGPIPE.
static inline ssize_t cposix_send_vector(int fd, struct iovec *segments, size_t count) {
  struct msghdr message = {.msg_iov = segments, .msg_iovlen = count};
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static inline int cposix_datagram_socket(int family) {
  return socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// Sends one datagram gathered from the segments.
static inline ssize_t cposix_send_datagram(
    int fd, struct iovec *segments, size_t count, const struct sockaddr *to, socklen_t length) {
  struct msghdr message = {
      .msg_name = (void *)to, .msg_namelen = length, .msg_iov = segments, .msg_iovlen = count};
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/// The source and length of a received datagram, and whether it was truncated.
struct cposix_datagram {
  struct sockaddr_storage source;
  uint32_t length;
  uint32_t is_truncated;
};

enum { cposix_max_datagrams = 64 };

/// Receives up to `count` datagrams into memory of `count * size` bytes, or returns -1 with `errno`
/// set when none is pending.
int cposix_receive_datagrams(
    int fd, uint8_t *memory, size_t size, struct cposix_datagram *out, int count);

/// Writes the indices of the family's multicast-capable interfaces that are up; returns their
/// number.
int cposix_multicast_interfaces(int family, unsigned *out, int count);

/// Joins a multicast group on one interface.
static inline int cposix_join_group(
    int fd, const struct sockaddr *group, socklen_t length, unsigned interface) {
  struct group_req request = {.gr_interface = interface};
  memcpy(&request.gr_group, group, length);
  int level = group->sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
  return setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof request);
}

/// Selects the interface through which multicast datagrams leave.
static inline int cposix_set_multicast_interface(int fd, int family, unsigned interface) {
  if (family == AF_INET6) {
    return cposix_set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface);
  }
  struct ip_mreqn request = {.imr_ifindex = (int)interface};
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}

/// Fills an IPv4 or IPv6 socket address from 4 or 16 bytes in network order; returns its length.
static inline socklen_t cposix_make_address(
    struct sockaddr_storage *out, const uint8_t *bytes, size_t count, uint16_t port) {
  memset(out, 0, sizeof *out);
  if (count == 4) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    memcpy(&v4->sin_addr, bytes, 4);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  memcpy(&v6->sin6_addr, bytes, 16);
  return sizeof *v6;
}

/// Reads a socket address into up to 16 bytes and a port; returns 4, 16, or 0 for another family.
static inline size_t cposix_read_address(
    const struct sockaddr *address, uint8_t *bytes, uint16_t *port) {
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    *port = ntohs(v4->sin_port);
    memcpy(bytes, &v4->sin_addr, 4);
    return 4;
  }
  if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    *port = ntohs(v6->sin6_port);
    memcpy(bytes, &v6->sin6_addr, 16);
    return 16;
  }
  return 0;
}

/// Opens a non-blocking pipe and stores its read end, then its write end.
int cposix_pipe(int *ends);

/// Installs a handler that only writes the signal's number into `fd` as one byte.
int cposix_watch_signal(int signal, int fd);

/// Restores the default action of a signal.
int cposix_unwatch_signal(int signal);

/// Returns whether the process ignores a signal, possibly because its parent chose so.
int cposix_ignores_signal(int signal);
