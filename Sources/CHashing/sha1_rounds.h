// The 80 rounds of SHA-1 (FIPS 180-4 §6.1.2) as macros over any type with the operators of an
// unsigned 32-bit integer: a scalar, or a vector with one lane per stream.
//
// They expect variables `a` to `e` and `w[16]` of that type in scope.
#pragma once

#define SHA1_ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

#define SHA1_CHOOSE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define SHA1_PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define SHA1_MAJORITY(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))

// Only the last 16 words of the schedule are kept.
#define SHA1_SCHEDULED(t)                                                                  \
  (w[(t) & 15] = SHA1_ROTATE(                                                              \
       w[((t) + 13) & 15] ^ w[((t) + 8) & 15] ^ w[((t) + 2) & 15] ^ w[(t) & 15], 1))

// One round. The caller rotates the names of the five words, so no values are moved.
#define SHA1_ROUND(f, k, a, b, c, d, e, word)            \
  do {                                                   \
    (e) += (word) + (k) + f((b), (c), (d)) + SHA1_ROTATE((a), 5); \
    (b) = SHA1_ROTATE((b), 30);                          \
  } while (0)

#define SHA1_FIVE(f, k, word, t)                         \
  do {                                                   \
    SHA1_ROUND(f, k, a, b, c, d, e, word((t) + 0));      \
    SHA1_ROUND(f, k, e, a, b, c, d, word((t) + 1));      \
    SHA1_ROUND(f, k, d, e, a, b, c, word((t) + 2));      \
    SHA1_ROUND(f, k, c, d, e, a, b, word((t) + 3));      \
    SHA1_ROUND(f, k, b, c, d, e, a, word((t) + 4));      \
  } while (0)

#define SHA1_GIVEN(t) w[t]

#define SHA1_K0 0x5A827999u
#define SHA1_K1 0x6ED9EBA1u
#define SHA1_K2 0x8F1BBCDCu
#define SHA1_K3 0xCA62C1D6u

#define SHA1_ALL_ROUNDS                                            \
  do {                                                             \
    SHA1_FIVE(SHA1_CHOOSE, SHA1_K0, SHA1_GIVEN, 0);                \
    SHA1_FIVE(SHA1_CHOOSE, SHA1_K0, SHA1_GIVEN, 5);                \
    SHA1_FIVE(SHA1_CHOOSE, SHA1_K0, SHA1_GIVEN, 10);               \
    SHA1_ROUND(SHA1_CHOOSE, SHA1_K0, a, b, c, d, e, SHA1_GIVEN(15));     \
    SHA1_ROUND(SHA1_CHOOSE, SHA1_K0, e, a, b, c, d, SHA1_SCHEDULED(16)); \
    SHA1_ROUND(SHA1_CHOOSE, SHA1_K0, d, e, a, b, c, SHA1_SCHEDULED(17)); \
    SHA1_ROUND(SHA1_CHOOSE, SHA1_K0, c, d, e, a, b, SHA1_SCHEDULED(18)); \
    SHA1_ROUND(SHA1_CHOOSE, SHA1_K0, b, c, d, e, a, SHA1_SCHEDULED(19)); \
    SHA1_FIVE(SHA1_PARITY, SHA1_K1, SHA1_SCHEDULED, 20);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K1, SHA1_SCHEDULED, 25);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K1, SHA1_SCHEDULED, 30);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K1, SHA1_SCHEDULED, 35);           \
    SHA1_FIVE(SHA1_MAJORITY, SHA1_K2, SHA1_SCHEDULED, 40);         \
    SHA1_FIVE(SHA1_MAJORITY, SHA1_K2, SHA1_SCHEDULED, 45);         \
    SHA1_FIVE(SHA1_MAJORITY, SHA1_K2, SHA1_SCHEDULED, 50);         \
    SHA1_FIVE(SHA1_MAJORITY, SHA1_K2, SHA1_SCHEDULED, 55);         \
    SHA1_FIVE(SHA1_PARITY, SHA1_K3, SHA1_SCHEDULED, 60);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K3, SHA1_SCHEDULED, 65);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K3, SHA1_SCHEDULED, 70);           \
    SHA1_FIVE(SHA1_PARITY, SHA1_K3, SHA1_SCHEDULED, 75);           \
  } while (0)
