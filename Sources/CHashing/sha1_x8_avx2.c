// Eight streams in 256-bit vectors.
#include "sha1_kernels.h"

#if CHASHING_X86

#define LANES 8
#define KERNEL chashing_sha1_x8_avx2
#define TARGET __attribute__((target("avx2,bmi,bmi2")))

typedef uint32_t row_t __attribute__((vector_size(32)));
typedef uint64_t pairs_t __attribute__((vector_size(32)));
typedef uint8_t row_bytes_t __attribute__((vector_size(32)));

#define SWAP_BYTES(v)                                                                      \
  __builtin_shufflevector((v), (v), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,  \
                          19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28)

// Interleaves words within 128-bit halves, then pairs of words, and then swaps the halves. Each
// step takes one instruction per vector.
static inline TARGET __attribute__((always_inline)) void transpose(row_t r[8]) {
  row_t t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  row_t u[8];
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      pairs_t a = (pairs_t)t[i + j], b = (pairs_t)t[i + j + 2];
      u[i + 2 * j] = (row_t)__builtin_shufflevector(a, b, 0, 4, 2, 6);
      u[i + 2 * j + 1] = (row_t)__builtin_shufflevector(a, b, 1, 5, 3, 7);
    }
  for (int i = 0; i < 4; i++) {
    pairs_t a = (pairs_t)u[i], b = (pairs_t)u[i + 4];
    r[i] = (row_t)__builtin_shufflevector(a, b, 0, 1, 4, 5);
    r[i + 4] = (row_t)__builtin_shufflevector(a, b, 2, 3, 6, 7);
  }
}
#define TRANSPOSE transpose

#include "sha1_lanes.h"

#else
typedef int chashing_no_avx2_here;
#endif
