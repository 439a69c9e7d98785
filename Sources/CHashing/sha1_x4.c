// Four streams in 128-bit vectors, for any CPU that has them (SSE2, NEON).
#include "sha1_kernels.h"

#define LANES 4
#define KERNEL chashing_sha1_x4
#define TARGET

typedef uint32_t row_t __attribute__((vector_size(16)));
typedef uint8_t row_bytes_t __attribute__((vector_size(16)));

#define SWAP_BYTES(v) \
  __builtin_shufflevector((v), (v), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)

static inline __attribute__((always_inline)) void transpose(row_t r[4]) {
  row_t a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
  row_t b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  row_t c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  row_t d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
#define TRANSPOSE transpose

#include "sha1_lanes.h"
