// For fallocate and SEEK_DATA, which the plain C dialect hides; hence not inline in the header.
#define _GNU_SOURCE
#include "CPosixFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int cposix_fallocate(int fd, int64_t length) {
#if defined(__linux__)
  return fallocate(fd, 0, 0, length);
#else
  (void)fd, (void)length;
  errno = EOPNOTSUPP;
  return -1;
#endif
}

int64_t cposix_next_data(int fd, int64_t offset) {
#if defined(SEEK_DATA)
  return lseek(fd, offset, SEEK_DATA);
#else
  (void)fd;
  return offset;
#endif
}
