// One stream in portable C: the fallback for every CPU, and for inputs with no second stream.
#include <string.h>

#include "sha1_kernels.h"
#include "sha1_rounds.h"

static inline uint32_t load_big_endian(const uint8_t *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  return word;
}

void chashing_sha1_scalar(uint32_t *const *states, const uint8_t *const *data, size_t blocks) {
  uint32_t *h = states[0];
  const uint8_t *bytes = data[0];
  for (; blocks > 0; blocks--, bytes += 64) {
    uint32_t w[16];
    for (int i = 0; i < 16; i++) w[i] = load_big_endian(bytes + 4 * i);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    SHA1_ALL_ROUNDS;
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }
}
