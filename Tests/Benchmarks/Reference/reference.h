// The C reference: what a download costs when nothing is done but what must be done.
//
// One thread, epoll, scattered reads straight into piece buffers, our own SHA-1 kernels on many
// pieces at once, one positioned write per piece. It trusts its peers to be honest seeds that answer
// in order, and ends at the first surprise: it is a yardstick for CPU time, not a client.
#pragma once

#include "../Common/common.h"

/// The torrent, and how it is to be fetched.
struct job {
  uint64_t length;
  uint32_t piece_length, piece_count;
  uint8_t info_hash[INFO_HASH_LENGTH];
  const uint8_t *hashes;  // 20 bytes for each piece
  uint32_t window;        // blocks requested ahead from each peer
  uint32_t batch;         // pieces hashed together
  uint32_t read_blocks;   // blocks in one scattered read, a power of two
};

extern struct job job;

static inline uint32_t piece_size(uint32_t piece) {
  return length_of_piece(job.length, job.piece_length, piece);
}

// ---- files.c: where the bytes go ----

/// Makes one file of the torrent's whole length.
void files_single(const char *path);
/// Makes the files of a list with lines of the form "LENGTH PATH", in the torrent's order.
void files_layout(const char *list);
/// Writes a piece where it belongs: one positioned write for each file that it spans.
void files_write(uint32_t piece, const uint8_t *data);

// ---- hashing.c: SHA-1 of many pieces at once ----

/// A piece in memory.
struct piece {
  uint32_t index;
  uint8_t *data;
};

/// Chooses the kernels for this machine.
void hashing_init(void);
/// Ends the program if one of the pieces is not what the torrent says.
void hashing_verify(const struct piece *pieces, uint32_t count);

// ---- pieces.c: buffers, and the batch that waits to be hashed ----

/// The next piece that nobody fetches yet, or `piece_count`.
uint32_t pieces_claim(void);
/// A buffer for a piece: the one used last, because the cache still has it.
uint8_t *pieces_buffer(void);
/// Takes a piece that has all its bytes.
void pieces_completed(struct piece piece);
/// Verifies and writes what waits, if that is a batch or the rest of the torrent.
void pieces_flush(void);
/// Whether every piece is verified and written.
int pieces_all_done(void);

// ---- peer.c: one connection ----

struct peer;

/// Connects, and sends the handshake and `interested`.
struct peer *peer_connect(const char *address);
int peer_descriptor(const struct peer *peer);
/// Reads once what has come, and keeps the peer busy.
void peer_readable(struct peer *peer);
