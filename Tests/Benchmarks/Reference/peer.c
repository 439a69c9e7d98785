#define _GNU_SOURCE
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STAGE = 1 << 21, REQUEST_LENGTH = 17, WAIT_MILLISECONDS = 60000 };

/// A place among the blocks that this peer is asked for: the piece's turn, and the block's begin.
struct cursor {
  uint64_t turn;
  uint32_t begin;
};

// Blocks are asked for and answered in order, so two cursors over the peer's claims say everything.
// While the peer only sends blocks, reads are scattered. Anything else goes through the stage.
struct peer {
  int descriptor;
  const char *address;
  int shaken, unchoked;
  struct piece *claims;       // a ring over turns; `data` is set when the first read is planned
  uint32_t claim_capacity;    // a power of two
  uint64_t claim_count;       // turns given so far
  struct cursor asked, due;   // the next block to ask for, the next to come
  uint32_t outstanding;
  uint64_t sequence;          // blocks received so far: the place of `due` in `headers`
  uint32_t got;               // bytes of the next block's header and payload that are there
  uint8_t (*headers)[BLOCK_HEADER];
  struct iovec *plan;
  uint8_t *stage, *requests;
  uint32_t staged;
  uint64_t skip;              // bytes of a message of no interest that are still to come
};

int peer_descriptor(const struct peer *peer) { return peer->descriptor; }

static struct piece *claim_at(struct peer *peer, uint64_t turn) {
  return &peer->claims[turn & (peer->claim_capacity - 1)];
}

static uint32_t block_length(struct peer *peer, struct cursor at) {
  uint32_t left = piece_size(claim_at(peer, at.turn)->index) - at.begin;
  return left < BLOCK_LENGTH ? left : BLOCK_LENGTH;
}

static void advance(struct peer *peer, struct cursor *at) {
  at->begin += BLOCK_LENGTH;
  if (at->begin < piece_size(claim_at(peer, at->turn)->index)) return;
  at->turn++;
  at->begin = 0;
}

/// Where the payload of a block goes.
static uint8_t *slot(struct peer *peer, struct cursor at) {
  struct piece *piece = claim_at(peer, at.turn);
  if (!piece->data) piece->data = pieces_buffer();
  return piece->data + at.begin;
}

static void send_all(struct peer *peer, const uint8_t *data, size_t left) {
  while (left) {
    ssize_t n = send(peer->descriptor, data, left, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = peer->descriptor, .events = POLLOUT};
      if (poll(&room, 1, WAIT_MILLISECONDS) == 1) continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) die("%s: %s", peer->address, strerror(errno));
    data += n;
    left -= (size_t)n;
  }
}

/// Asks for blocks until the window is full, if a fair part of it is free: one call for many.
static void ask(struct peer *peer) {
  if (!peer->unchoked || job.window - peer->outstanding < (job.window + 3) / 4) return;
  size_t used = 0;
  while (peer->outstanding < job.window) {
    if (peer->asked.turn == peer->claim_count) {
      uint32_t piece = pieces_claim();
      if (piece == job.piece_count) break;
      *claim_at(peer, peer->claim_count++) = (struct piece){piece, NULL};
    }
    uint8_t *request = peer->requests + used;
    put32(request, REQUEST_LENGTH - 4);
    request[4] = MESSAGE_REQUEST;
    put32(request + 5, claim_at(peer, peer->asked.turn)->index);
    put32(request + 9, peer->asked.begin);
    put32(request + 13, block_length(peer, peer->asked));
    used += REQUEST_LENGTH;
    peer->outstanding++;
    advance(peer, &peer->asked);
  }
  send_all(peer, peer->requests, used);
}

/// The next block is there: moves on to the one after it.
static void block_completed(struct peer *peer) {
  uint64_t turn = peer->due.turn;
  advance(peer, &peer->due);
  if (peer->due.turn != turn) pieces_completed(*claim_at(peer, turn));
  peer->got = 0;
  peer->sequence++;
  peer->outstanding--;
}

static uint8_t *header_of(struct peer *peer, uint64_t sequence) {
  return peer->headers[sequence & (job.read_blocks - 1)];
}

static int is_due(struct peer *peer, const uint8_t *header) {
  uint8_t expected[BLOCK_HEADER];
  put_block_header(expected, claim_at(peer, peer->due.turn)->index, peer->due.begin,
                   block_length(peer, peer->due));
  return memcmp(header, expected, BLOCK_HEADER) == 0;
}

/// Handles the whole messages in the stage, and takes the beginning of a block out of it as well.
static void parse(struct peer *peer) {
  uint8_t *at = peer->stage, *end = at + peer->staged;
  if (!peer->shaken && end - at >= HANDSHAKE_LENGTH) {
    if (memcmp(at + 28, job.info_hash, INFO_HASH_LENGTH)) die("%s: other torrent", peer->address);
    peer->shaken = 1;
    at += HANDSHAKE_LENGTH;
  }
  while (peer->shaken && end - at >= 4) {
    uint64_t length = 4 + (uint64_t)get32(at), there = (uint64_t)(end - at);
    if (length > 4 && there < 5) break;
    if (length > 4 && at[4] == MESSAGE_PIECE) {
      if (there < BLOCK_HEADER) break;
      if (!peer->outstanding || !is_due(peer, at)) die("%s: block not in order", peer->address);
      uint64_t taken = length < there ? length : there;
      memcpy(slot(peer, peer->due), at + BLOCK_HEADER, taken - BLOCK_HEADER);
      peer->got = (uint32_t)taken;
      if (taken == length) block_completed(peer);
      at += taken;
      continue;
    }
    if (length == 5 && at[4] == MESSAGE_CHOKE) die("%s: choked us", peer->address);
    if (length == 5 && at[4] == MESSAGE_UNCHOKE) peer->unchoked = 1;
    if (length > there) peer->skip = length - there;
    at += length < there ? length : there;
    ask(peer);
  }
  peer->staged = (uint32_t)(end - at);
  memmove(peer->stage, at, peer->staged);
}

/// Moves what came instead of the block that was due, `count` bytes in all, to the stage.
static void divert(struct peer *peer, uint64_t count) {
  struct cursor at = peer->due;
  for (uint64_t sequence = peer->sequence; count; sequence++, advance(peer, &at)) {
    uint64_t header = count < BLOCK_HEADER ? count : BLOCK_HEADER;
    memcpy(peer->stage + peer->staged, header_of(peer, sequence), header);
    peer->staged += (uint32_t)header;
    count -= header;
    uint64_t length = block_length(peer, at), payload = count < length ? count : length;
    memcpy(peer->stage + peer->staged, slot(peer, at), payload);
    peer->staged += (uint32_t)payload;
    count -= payload;
  }
  peer->got = 0;
  parse(peer);
}

/// Lays out one read over the blocks that are due next.
static int lay_out(struct peer *peer) {
  int parts = 0;
  uint32_t got = peer->got;
  struct cursor at = peer->due;
  uint32_t blocks = peer->outstanding < job.read_blocks ? peer->outstanding : job.read_blocks;
  for (uint32_t i = 0; i < blocks; i++, got = 0, advance(peer, &at)) {
    uint32_t in_payload = got > BLOCK_HEADER ? got - BLOCK_HEADER : 0;
    if (got < BLOCK_HEADER)
      peer->plan[parts++] = (struct iovec){header_of(peer, peer->sequence + i) + got,
                                           BLOCK_HEADER - got};
    peer->plan[parts++] = (struct iovec){slot(peer, at) + in_payload,
                                         block_length(peer, at) - in_payload};
  }
  return parts;
}

/// Goes through what a scattered read has brought.
static void settle(struct peer *peer, uint64_t count) {
  while (count) {
    uint32_t length = BLOCK_HEADER + block_length(peer, peer->due), before = peer->got;
    uint32_t taken = count < length - before ? (uint32_t)count : length - before;
    if (before < BLOCK_HEADER && before + taken >= BLOCK_HEADER &&
        !is_due(peer, header_of(peer, peer->sequence)))
      return divert(peer, before + count);
    peer->got += taken;
    count -= taken;
    if (peer->got == length) block_completed(peer);
  }
}

/// The result of a read: what came, or 0 when nothing was there after all.
static uint64_t received(struct peer *peer, ssize_t n) {
  if (n > 0) return (uint64_t)n;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  die("%s: %s", peer->address, n ? strerror(errno) : "hung up");
}

void peer_readable(struct peer *peer) {
  if (!peer->staged && !peer->skip && peer->outstanding) {
    int parts = lay_out(peer);
    settle(peer, received(peer, readv(peer->descriptor, peer->plan, parts)));
  } else {
    uint8_t *free_room = peer->stage + peer->staged;
    uint64_t n = received(peer, recv(peer->descriptor, free_room, STAGE - peer->staged, 0));
    uint64_t skipped = peer->skip < n ? peer->skip : n;
    memmove(free_room, free_room + skipped, n - skipped);
    peer->skip -= skipped;
    peer->staged += (uint32_t)(n - skipped);
    parse(peer);
  }
  ask(peer);
}

static int dial(const char *address) {
  char host[64];
  unsigned port;
  struct sockaddr_in target = {.sin_family = AF_INET};
  if (sscanf(address, "%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
      inet_pton(AF_INET, host, &target.sin_addr) != 1)
    die("not ADDRESS:PORT: %s", address);
  target.sin_port = htons((uint16_t)port);
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&target, sizeof target) ||
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ||
      fcntl(descriptor, F_SETFL, O_NONBLOCK))
    die("%s: %s", address, strerror(errno));
  return descriptor;
}

struct peer *peer_connect(const char *address) {
  struct peer *peer = allocate(sizeof *peer);
  peer->descriptor = dial(address);
  peer->address = address;
  // A window of the smallest pieces, one that is being read, and one to round up to a whole piece.
  for (peer->claim_capacity = 4; peer->claim_capacity < job.window + 2;) peer->claim_capacity *= 2;
  peer->claims = allocate(peer->claim_capacity * sizeof *peer->claims);
  peer->headers = allocate(job.read_blocks * sizeof *peer->headers);
  peer->plan = allocate(2 * job.read_blocks * sizeof *peer->plan);
  peer->requests = allocate((uint64_t)job.window * REQUEST_LENGTH);
  peer->stage = allocate(STAGE);
  uint8_t hello[HANDSHAKE_LENGTH + 5] = "\x13" "BitTorrent protocol";
  memcpy(hello + 28, job.info_hash, INFO_HASH_LENGTH);
  memcpy(hello + 48, "-CR0001-000000000000", 20);
  memcpy(hello + HANDSHAKE_LENGTH, (uint8_t[]){0, 0, 0, 1, MESSAGE_INTERESTED}, 5);
  send_all(peer, hello, sizeof hello);
  return peer;
}
