// Exposes fallocate and SEEK_DATA, which strict C hides. These wrappers are therefore not inline in
// the header.
#define _GNU_SOURCE
#include "CPosixFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

static const long tmpfs_magic = 0x01021994;

// On tmpfs, fallocate zeroes every page up front, at a measured cost of 0.3 s per GiB, and the
// download then overwrites them all. Checking the free space is enough there.
static int reserve_memory(int fd, int64_t length, const struct statfs *volume) {
  if (length / volume->f_bsize > (int64_t)volume->f_bavail) {
    errno = ENOSPC;
    return -1;
  }
  return ftruncate(fd, length);
}
#endif

int cposix_fallocate(int fd, int64_t length, int thoroughly) {
#if defined(__linux__)
  struct statfs volume;
  if (!thoroughly && fstatfs(fd, &volume) == 0 && volume.f_type == tmpfs_magic && volume.f_bsize > 0) {
    return reserve_memory(fd, length, &volume);
  }
  return fallocate(fd, 0, 0, length);
#else
  (void)fd, (void)length, (void)thoroughly;
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

int64_t cposix_next_hole(int fd, int64_t offset) {
#if defined(SEEK_HOLE)
  return lseek(fd, offset, SEEK_HOLE);
#else
  (void)offset;
  return lseek(fd, 0, SEEK_END);
#endif
}

int cposix_name_facts(int fd, uint64_t *type, int64_t *longest_name) {
#if defined(__linux__)
  struct statfs volume;
  if (fstatfs(fd, &volume) != 0) return -1;
  *type = (uint64_t)volume.f_type;
  *longest_name = volume.f_namelen;
  int flags = 0;
#if defined(FS_CASEFOLD_FL)
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL)) return 1;
#endif
  (void)flags;
#else
  (void)fd;
  *type = 0;
  *longest_name = 255;
#endif
  return 0;
}

void cposix_prefetch(int fd, int64_t offset, int64_t length) {
#if defined(POSIX_FADV_WILLNEED)
  (void)posix_fadvise(fd, offset, length, POSIX_FADV_WILLNEED);
#else
  (void)fd, (void)offset, (void)length;
#endif
}

static int64_t nanoseconds(int64_t seconds, int64_t rest) {
  int64_t time;
  // A file system can hold any number; one that does not fit counts as unknown.
  if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &time) ||
      __builtin_add_overflow(time, rest, &time)) {
    return 0;
  }
  return time;
}

// Without statx, which some sandboxes forbid, the time of birth is unknown.
static int plain_status(int folder, const char *name, int flags, struct cposix_file_status *status) {
  struct stat found;
  if (fstatat(folder, name, &found, flags) != 0) return -1;
  status->mode = found.st_mode;
  status->links = (uint32_t)found.st_nlink;
  status->size = found.st_size;
  status->inode = found.st_ino;
  status->modified = nanoseconds(found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  status->born = 0;
  return 0;
}

static int full_status(int folder, const char *name, int flags, struct cposix_file_status *status) {
#if defined(STATX_BTIME)
  struct statx found;
  if (statx(folder, name, flags, STATX_BASIC_STATS | STATX_BTIME, &found) == 0) {
    status->mode = found.stx_mode;
    status->links = found.stx_nlink;
    status->size = (int64_t)found.stx_size;
    status->inode = found.stx_ino;
    status->modified = nanoseconds(found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec);
    status->born = found.stx_mask & STATX_BTIME
                       ? nanoseconds(found.stx_btime.tv_sec, found.stx_btime.tv_nsec)
                       : 0;
    return 0;
  }
  if (errno != ENOSYS && errno != EPERM) return -1;
#endif
  return plain_status(folder, name, flags, status);
}

int cposix_status_of_name(int folder, const char *name, struct cposix_file_status *status) {
  return full_status(folder, name, AT_SYMLINK_NOFOLLOW, status);
}

int cposix_status_of_file(int fd, struct cposix_file_status *status) {
  return full_status(fd, "", AT_EMPTY_PATH, status);
}

int cposix_set_modified(int fd, int64_t time) {
  struct timespec times[2] = {
      {.tv_nsec = UTIME_OMIT},
      {.tv_sec = time / INT64_C(1000000000), .tv_nsec = time % INT64_C(1000000000)},
  };
  return futimens(fd, times);
}

void cposix_flush(int fd) {
#if defined(SYNC_FILE_RANGE_WRITE)
  const unsigned flags =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  (void)sync_file_range(fd, 0, 0, flags);
#else
  (void)fd;
#endif
}

int cposix_rename_exclusively(int folder, const char *name, const char *new_name) {
#if defined(RENAME_NOREPLACE)
  return renameat2(folder, name, folder, new_name, RENAME_NOREPLACE);
#else
  (void)folder, (void)name, (void)new_name;
  errno = ENOSYS;
  return -1;
#endif
}
