// File calls that `import Glibc` does not expose.
#pragma once

#include <stdint.h>

/// Reserves disk space for the bytes from 0 to `length` and extends the file to at least that
/// length.
///
/// On tmpfs, unless `thoroughly` is set, it only checks that there is enough free space.
int cposix_fallocate(int fd, int64_t length, int thoroughly);

/// Returns the offset of the first data byte at or after `offset`, or -1 with ENXIO if there is
/// none.
int64_t cposix_next_data(int fd, int64_t offset);

/// Returns the offset of the first hole at or after `offset`, where the end of the file counts as
/// one, or -1 beyond the end.
int64_t cposix_next_hole(int fd, int64_t offset);

/// Reports the type of the file system that holds a folder, and the most bytes of a name there.
///
/// Returns 1 if case does not count in the folder, 0 if nothing says so, -1 when it failed.
int cposix_name_facts(int fd, uint64_t *type, int64_t *longest_name);

/// Asks the kernel to read a range ahead without waiting for it; failures are ignored.
void cposix_prefetch(int fd, int64_t offset, int64_t length);

/// The facts about a file that do not depend on its content.
struct cposix_file_status {
  /// The type and the permissions, as in `st_mode`.
  uint32_t mode;
  /// The number of names (hard links).
  uint32_t links;
  /// The length in bytes.
  int64_t size;
  uint64_t inode;
  /// The time of the last change of the content, in nanoseconds since 1970.
  int64_t modified;
  /// The time at which the file was made, in nanoseconds since 1970; 0 where it is unknown.
  int64_t born;
};

/// Describes the file with a name in a folder; a symbolic link is described itself.
int cposix_status_of_name(int folder, const char *name, struct cposix_file_status *status);

/// Describes an open file.
int cposix_status_of_file(int fd, struct cposix_file_status *status);

/// Sets the time of the last change of an open file's content, in nanoseconds since 1970.
int cposix_set_modified(int fd, int64_t nanoseconds);

/// Writes an open file's bytes to the disk and waits for them, but not for the file system's
/// journal.
void cposix_flush(int fd);

/// Gives a file another name in the same folder; fails with EEXIST when that name is taken.
///
/// Fails with EINVAL or ENOSYS where the file system cannot do both in one step.
int cposix_rename_exclusively(int folder, const char *name, const char *new_name);
