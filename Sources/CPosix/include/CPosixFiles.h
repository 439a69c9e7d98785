// The calls on files that `import Glibc` does not show.
#pragma once

#include <stdint.h>

/// Reserves the bytes from 0 to `length` on disk and makes the file at least that long.
int cposix_fallocate(int fd, int64_t length);

/// The first byte from `offset` on that is no hole; -1 with ENXIO when there is none.
int64_t cposix_next_data(int fd, int64_t offset);
