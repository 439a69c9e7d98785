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

/// Asks the kernel to read a range ahead without waiting for it; failures are ignored.
void cposix_prefetch(int fd, int64_t offset, int64_t length);
