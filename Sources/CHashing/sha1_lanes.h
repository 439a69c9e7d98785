// The body of a multi-stream kernel, with one stream per vector lane. A file includes it once per
// vector width, after defining:
//   LANES     the number of streams: 4, 8 or 16
//   KERNEL    the function's name
//   TARGET    the target attribute for that width, or nothing
//   TRANSPOSE the name of a function `void (row_t rows[LANES])` that swaps rows and columns
//
// The code uses vector extensions rather than intrinsics, so it compiles for every CPU. The
// compiler picks the CPU's rotate and three-operand logic instructions by itself.
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

// Loads the next block of every stream, so that `w[i]` holds word `i` of each. Loading whole rows
// and transposing them in registers is several times cheaper than gathering single words.
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
