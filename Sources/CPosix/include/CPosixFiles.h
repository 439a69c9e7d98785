// The calls on files that `import Glibc` does not show.
#pragma once

#include <stdint.h>

/// Reserves the bytes from 0 to `length` on disk and makes the file at least that long.
///
/// Unless `thoroughly`, on a file system in memory it only sees that there is room.
int cposix_fallocate(int fd, int64_t length, int thoroughly);

/// The first byte from `offset` on that is no hole; -1 with ENXIO when there is none.
int64_t cposix_next_data(int fd, int64_t offset);

/// The first byte from `offset` on that is in a hole, the end of the file at last; -1 beyond it.
int64_t cposix_next_hole(int fd, int64_t offset);

/// Lets the system read bytes ahead without waiting for them; a refusal does not matter.
void cposix_prefetch(int fd, int64_t offset, int64_t length);
