#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seeder.h"

static const uint8_t *payload;
static int framed;        // the memory file
static uint64_t stride;   // of a whole piece in it

static uint64_t framed_length(uint64_t length) {
  return length + (length + BLOCK_LENGTH - 1) / BLOCK_LENGTH * BLOCK_HEADER;
}

static void lay_out(void) {
  stride = framed_length(torrent.piece_length);
  uint64_t last = length_of_piece(torrent.length, torrent.piece_length, torrent.piece_count - 1);
  uint64_t size = (torrent.piece_count - 1) * stride + framed_length(last);
  framed = memfd_create("framed", MFD_CLOEXEC);
  if (framed < 0 || ftruncate(framed, (off_t)size)) die("memory file: %s", strerror(errno));
  uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, framed, 0), *to = map;
  if (map == MAP_FAILED) die("memory file: %s", strerror(errno));
  for (uint32_t piece = 0; piece < torrent.piece_count; piece++) {
    uint32_t length = length_of_piece(torrent.length, torrent.piece_length, piece);
    for (uint32_t begin = 0; begin < length; begin += BLOCK_LENGTH) {
      uint32_t left = length - begin, block = left < BLOCK_LENGTH ? left : BLOCK_LENGTH;
      payload_copy(to, piece, begin, block);
      to += BLOCK_HEADER + block;
    }
  }
  munmap(map, size);
}

void payload_open(const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (descriptor < 0 || fstat(descriptor, &facts)) die("%s: %s", path, strerror(errno));
  if (facts.st_size == 0) die("%s is empty", path);
  torrent.length = (uint64_t)facts.st_size;
  torrent.piece_count =
      (uint32_t)((torrent.length + torrent.piece_length - 1) / torrent.piece_length);
  payload = mmap(NULL, torrent.length, PROT_READ, MAP_SHARED, descriptor, 0);
  if (payload == MAP_FAILED) die("%s: %s", path, strerror(errno));
  close(descriptor);
  lay_out();
}

void payload_copy(uint8_t *to, uint32_t piece, uint32_t begin, uint32_t length) {
  put_block_header(to, piece, begin, length);
  memcpy(to + BLOCK_HEADER, payload + (uint64_t)piece * torrent.piece_length + begin, length);
}

uint64_t payload_position(uint32_t piece, uint32_t begin, uint32_t length) {
  uint32_t left = length_of_piece(torrent.length, torrent.piece_length, piece) - begin;
  if (begin % BLOCK_LENGTH || length != (left < BLOCK_LENGTH ? left : BLOCK_LENGTH)) return NEVER;
  return piece * stride + (uint64_t)(begin / BLOCK_LENGTH) * (BLOCK_HEADER + BLOCK_LENGTH);
}

ptrdiff_t payload_send(int descriptor, uint64_t position, uint64_t count) {
  off_t offset = (off_t)position;
  return sendfile(descriptor, framed, &offset, count);
}
