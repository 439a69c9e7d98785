// What the reference downloader and the seeder share: the wire's constants and numbers, and dying.
#pragma once

#include <stdint.h>

enum {
  BLOCK_LENGTH = 16384,    // what everybody requests (BEP 3)
  BLOCK_HEADER = 13,       // length, id 7, piece, begin
  HANDSHAKE_LENGTH = 68,
  INFO_HASH_LENGTH = 20,
};

enum message_id {
  MESSAGE_CHOKE = 0,
  MESSAGE_UNCHOKE = 1,
  MESSAGE_INTERESTED = 2,
  MESSAGE_BITFIELD = 5,
  MESSAGE_REQUEST = 6,
  MESSAGE_PIECE = 7,
  MESSAGE_CANCEL = 8,
};

static inline uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put32(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)(value >> 24);
  p[1] = (uint8_t)(value >> 16);
  p[2] = (uint8_t)(value >> 8);
  p[3] = (uint8_t)value;
}

/// Writes the 13 bytes before a block's payload.
static inline void put_block_header(uint8_t *p, uint32_t piece, uint32_t begin, uint32_t length) {
  put32(p, 9 + length);
  p[4] = MESSAGE_PIECE;
  put32(p + 5, piece);
  put32(p + 9, begin);
}

/// How many bytes a piece has: the last one may be shorter.
static inline uint32_t length_of_piece(uint64_t total, uint32_t piece_length, uint32_t piece) {
  uint64_t left = total - (uint64_t)piece * piece_length;
  return left < piece_length ? (uint32_t)left : piece_length;
}

/// Says why on standard error and exits with 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Memory, or death.
void *allocate(uint64_t size);

/// A whole number with an optional K, M or G (powers of 1024); dies of anything else.
uint64_t number(const char *text);

/// Reads 20 bytes from 40 hexadecimal digits.
void read_info_hash(const char *text, uint8_t *hash);

/// The value of the option at `*i`, which moves on to it; dies when there is none.
const char *option_value(int argc, char **argv, int *i);
