#include "reference.h"

#include <string.h>

#include "CHashing.h"

enum { MAX_LANES = 16, BYTES_PER_BLOCK = 64 };

struct kernel {
  int number;
  uint32_t lanes, from;  // the cheapest one from so many pieces on
};

static struct kernel kernels[4];
static int kernel_count;

static void add(int number, uint32_t lanes, uint32_t from) {
  if (chashing_sha1_is_supported(number))
    kernels[kernel_count++] = (struct kernel){number, lanes, from};
}

/// The same choice as the downloader's: a pass costs the same however many lanes are used.
void hashing_init(void) {
  int has_sha = chashing_sha1_is_supported(CHASHING_SHA1_NI);
  add(CHASHING_SHA1_X16_AVX512, 16, has_sha ? 7 : 2);
  if (has_sha) {
    add(CHASHING_SHA1_NI_X2, 2, 2);
    add(CHASHING_SHA1_NI, 1, 1);
    return;
  }
  if (kernel_count == 0) add(CHASHING_SHA1_X8_AVX2, 8, 3);
  if (kernel_count == 0) add(CHASHING_SHA1_X4, 4, 3);
  add(CHASHING_SHA1_SCALAR, 1, 1);
}

/// Feeds blocks to the lanes in use; the others repeat the first one's into nothing.
static void run(const struct kernel *kernel, uint32_t used, uint32_t words[][5],
                const uint8_t *const *data, uint32_t blocks) {
  uint32_t unused[MAX_LANES][5];
  uint32_t *states[MAX_LANES];
  const uint8_t *streams[MAX_LANES];
  for (uint32_t lane = 0; lane < kernel->lanes; lane++) {
    states[lane] = lane < used ? words[lane] : memset(unused[lane], 0, sizeof unused[lane]);
    streams[lane] = data[lane < used ? lane : 0];
  }
  chashing_sha1_run(kernel->number, states, streams, blocks);
}

/// Hashes pieces of one length, not more than the kernel has lanes.
static void verify_group(const struct kernel *kernel, const struct piece *pieces, uint32_t used) {
  static const uint32_t initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint32_t words[MAX_LANES][5];
  uint8_t tails[MAX_LANES][2 * BYTES_PER_BLOCK] = {0};
  const uint8_t *data[MAX_LANES], *tail_data[MAX_LANES];
  uint32_t size = piece_size(pieces[0].index), rest = size % BYTES_PER_BLOCK;
  uint32_t tail_blocks = rest + 9 > BYTES_PER_BLOCK ? 2 : 1;
  for (uint32_t lane = 0; lane < used; lane++) {
    memcpy(words[lane], initial, sizeof initial);
    data[lane] = pieces[lane].data;
    tail_data[lane] = tails[lane];
    memcpy(tails[lane], pieces[lane].data + size - rest, rest);
    tails[lane][rest] = 0x80;
    uint8_t *bits = tails[lane] + tail_blocks * BYTES_PER_BLOCK - 8;
    put32(bits, size >> 29);
    put32(bits + 4, size << 3);
  }
  if (size >= BYTES_PER_BLOCK) run(kernel, used, words, data, size / BYTES_PER_BLOCK);
  run(kernel, used, words, tail_data, tail_blocks);
  for (uint32_t lane = 0; lane < used; lane++) {
    uint8_t digest[20];
    for (int i = 0; i < 5; i++) put32(digest + 4 * i, words[lane][i]);
    uint32_t index = pieces[lane].index;
    if (memcmp(digest, job.hashes + 20 * (uint64_t)index, 20)) die("piece %u is wrong", index);
  }
}

void hashing_verify(const struct piece *pieces, uint32_t count) {
  while (count) {
    const struct kernel *kernel = kernels;
    while (kernel->from > count) kernel++;
    uint32_t used = 1, limit = kernel->lanes < count ? kernel->lanes : count;
    while (used < limit && piece_size(pieces[used].index) == piece_size(pieces[0].index)) used++;
    verify_group(kernel, pieces, used);
    pieces += used;
    count -= used;
  }
}
