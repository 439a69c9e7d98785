// Sixteen streams in 512-bit vectors.
#include "sha1_kernels.h"

#if CHASHING_X86

#define LANES 16
#define KERNEL chashing_sha1_x16_avx512
#define TARGET                                                          \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"), min_vector_width(512)))

typedef uint32_t row_t __attribute__((vector_size(64)));
typedef uint64_t pairs_t __attribute__((vector_size(64)));
typedef uint8_t row_bytes_t __attribute__((vector_size(64)));

#define SWAP_BYTES(v)                                                                      \
  __builtin_shufflevector((v), (v), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,  \
                          19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28,  \
                          35, 34, 33, 32, 39, 38, 37, 36, 43, 42, 41, 40, 47, 46, 45, 44,  \
                          51, 50, 49, 48, 55, 54, 53, 52, 59, 58, 57, 56, 63, 62, 61, 60)

// Interleaves words within 128-bit quarters, then pairs of words, and then swaps the quarters in
// two steps. Each step takes one instruction per vector.
static inline TARGET __attribute__((always_inline)) void transpose(row_t r[16]) {
  row_t t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25,
                                   12, 28, 13, 29);
    t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11,
                                       27, 14, 30, 15, 31);
  }
  pairs_t u[16];
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      pairs_t a = (pairs_t)t[i + j], b = (pairs_t)t[i + j + 2];
      u[i + 2 * j] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
      u[i + 2 * j + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    }
  // Vector i (0 to 3) of each group of four now holds columns i, i + 4, i + 8 and i + 12 in its
  // quarters, for the four rows of the group.
  for (int i = 0; i < 4; i++) {
    pairs_t a = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 4, 5, 8, 9, 12, 13);
    pairs_t b = __builtin_shufflevector(u[i], u[i + 4], 2, 3, 6, 7, 10, 11, 14, 15);
    pairs_t c = __builtin_shufflevector(u[i + 8], u[i + 12], 0, 1, 4, 5, 8, 9, 12, 13);
    pairs_t d = __builtin_shufflevector(u[i + 8], u[i + 12], 2, 3, 6, 7, 10, 11, 14, 15);
    r[i] = (row_t)__builtin_shufflevector(a, c, 0, 1, 4, 5, 8, 9, 12, 13);
    r[i + 8] = (row_t)__builtin_shufflevector(a, c, 2, 3, 6, 7, 10, 11, 14, 15);
    r[i + 4] = (row_t)__builtin_shufflevector(b, d, 0, 1, 4, 5, 8, 9, 12, 13);
    r[i + 12] = (row_t)__builtin_shufflevector(b, d, 2, 3, 6, 7, 10, 11, 14, 15);
  }
}
#define TRANSPOSE transpose

#include "sha1_lanes.h"

#else
typedef int chashing_no_avx512_here;
#endif
