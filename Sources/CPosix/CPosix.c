// For accept4 and pipe2, which the plain C dialect hides; hence not inline in the header.
#define _GNU_SOURCE
#include "CPosix.h"

#include <fcntl.h>
#include <signal.h>

int cposix_accept(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int cposix_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

// Written before a handler is installed, read only by handlers.
static volatile sig_atomic_t signal_descriptor = -1;

static void report_signal(int signal) {
  int saved = errno;
  unsigned char byte = (unsigned char)signal;
  // A full pipe already tells of plenty of signals, so a lost byte is no loss.
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
