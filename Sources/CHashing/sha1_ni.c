// One-stream and two-stream kernels that use the SHA instructions of x86. Interleaving two streams
// hides the latency of the round instruction.
#include "sha1_kernels.h"

#if CHASHING_X86
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

typedef struct {
  __m128i abcd, e;    // the five words; e sits in the top lane
  __m128i saved;      // abcd before the last four rounds: the next e derives from it
  __m128i w[4];       // the last 16 words of the schedule
} stream_t;

static inline TARGET __attribute__((always_inline)) void load_words(
    stream_t *s, const uint8_t *bytes) {
  const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  for (int i = 0; i < 4; i++)
    s->w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), order);
}

// Computes words 4t to 4t + 3 of the message schedule, for t >= 4.
static inline TARGET __attribute__((always_inline)) void schedule(stream_t *s, int t) {
  __m128i sum = _mm_sha1msg1_epu32(s->w[t & 3], s->w[(t + 1) & 3]);
  sum = _mm_xor_si128(sum, s->w[(t + 2) & 3]);
  s->w[t & 3] = _mm_sha1msg2_epu32(sum, s->w[(t + 3) & 3]);
}

// Runs rounds 4t to 4t + 3 of every stream. It is a macro because the instruction takes an
// immediate.
#define FOUR_ROUNDS(t)                                                          \
  for (int i = 0; i < streams; i++) {                                           \
    if ((t) >= 4) schedule(&s[i], (t));                                         \
    __m128i next = (t) == 0 ? _mm_add_epi32(s[i].e, s[i].w[0])                  \
                            : _mm_sha1nexte_epu32(s[i].saved, s[i].w[(t) & 3]); \
    s[i].saved = s[i].abcd;                                                     \
    s[i].abcd = _mm_sha1rnds4_epu32(s[i].abcd, next, (t) / 5);                  \
  }

#define TWENTY_ROUNDS(t) \
  FOUR_ROUNDS(t)         \
  FOUR_ROUNDS((t) + 1)   \
  FOUR_ROUNDS((t) + 2)   \
  FOUR_ROUNDS((t) + 3)   \
  FOUR_ROUNDS((t) + 4)

static inline TARGET __attribute__((always_inline)) void run(
    const int streams, uint32_t *const *states, const uint8_t *const *data, size_t blocks) {
  stream_t s[2];
  for (int i = 0; i < streams; i++) {
    s[i].abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)states[i]), 0x1B);
    s[i].e = _mm_set_epi32((int)states[i][4], 0, 0, 0);
  }
  for (size_t offset = 0; blocks > 0; blocks--, offset += 64) {
    __m128i before[2];
    for (int i = 0; i < streams; i++) {
      load_words(&s[i], data[i] + offset);
      before[i] = s[i].abcd;
      s[i].saved = s[i].abcd;
    }
    TWENTY_ROUNDS(0)
    TWENTY_ROUNDS(5)
    TWENTY_ROUNDS(10)
    TWENTY_ROUNDS(15)
    for (int i = 0; i < streams; i++) {
      s[i].e = _mm_sha1nexte_epu32(s[i].saved, s[i].e);
      s[i].abcd = _mm_add_epi32(s[i].abcd, before[i]);
    }
  }
  for (int i = 0; i < streams; i++) {
    _mm_storeu_si128((__m128i *)states[i], _mm_shuffle_epi32(s[i].abcd, 0x1B));
    states[i][4] = (uint32_t)_mm_extract_epi32(s[i].e, 3);
  }
}

TARGET void chashing_sha1_ni(uint32_t *const *states, const uint8_t *const *data, size_t blocks) {
  run(1, states, data, blocks);
}

TARGET void chashing_sha1_ni_x2(uint32_t *const *states, const uint8_t *const *data,
                                size_t blocks) {
  run(2, states, data, blocks);
}

#else
typedef int chashing_no_sha_here;
#endif
