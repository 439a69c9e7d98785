// The body of a kernel for many streams, one stream per vector lane. Included once per width, by a
// file that defines:
//   LANES     the number of streams: 4, 8 or 16
//   KERNEL    the function's name
//   TARGET    the attributes of code for that width, or nothing
//   TRANSPOSE the name of a function `void (row_t rows[LANES])` that swaps rows and columns
//
// No intrinsics: vector C compiles for every CPU, and the compiler finds the CPU's rotations and
// three-operand logic by itself.
#include <string.h>

#include "sha1_rounds.h"

static inline TARGET __attribute__((always_inline)) row_t load_row(const uint8_t *bytes) {
  row_t row;
  memcpy(&row, bytes, sizeof row);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  row = (row_t)SWAP_BYTES((row_bytes_t)row);
#endif
  return row;
}

// Loads the next block of every stream: `w[i]` gets word `i` of each. Reading rows of a vector's
// width and transposing in registers is several times cheaper than gathering single words.
static inline TARGET __attribute__((always_inline)) void load_block(
    row_t w[16], const uint8_t *const *data, size_t offset) {
  for (int part = 0; part < 16 / LANES; part++) {
    row_t *rows = w + part * LANES;
#pragma clang loop unroll(full)
    for (int lane = 0; lane < LANES; lane++)
      rows[lane] = load_row(data[lane] + offset + (size_t)part * sizeof(row_t));
    TRANSPOSE(rows);
  }
}

TARGET void KERNEL(uint32_t *const *states, const uint8_t *const *data, size_t blocks) {
  row_t h[5];
  for (int word = 0; word < 5; word++)
    for (int lane = 0; lane < LANES; lane++) h[word][lane] = states[lane][word];

  for (size_t offset = 0; blocks > 0; blocks--, offset += 64) {
    row_t w[16];
    load_block(w, data, offset);
    row_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    SHA1_ALL_ROUNDS;
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }

  for (int word = 0; word < 5; word++)
    for (int lane = 0; lane < LANES; lane++) states[lane][word] = h[word][lane];
}
