#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "seeder.h"

enum { MOST_AT_ONCE = 4 << 20, LEAST_AT_ONCE = 1024, SECOND = 1000000000 };

struct request {
  uint32_t piece, begin, length;
  uint64_t position;  // in the payload's memory file
  uint64_t due;       // not before
  uint8_t *own;       // a header and a block that are not in that file, or NULL
};

struct connection {
  int descriptor;
  const struct group *group;
  uint32_t number;             // of the address within its group
  int shaken, can_write, failed;
  uint8_t *greeting;           // handshake, bitfield, unchoke; NULL when sent
  size_t greeting_length, greeting_sent;
  struct request *requests;    // a ring
  uint32_t capacity, head, count;
  uint64_t head_sent;          // bytes of the first request's header and block
  uint64_t tokens, token_time; // bytes that the rate allows
  uint64_t total;              // bytes of blocks sent so far
  uint64_t wake;
  uint64_t skip;               // bytes of a message of no interest that are still to come
  uint32_t input_length;
  uint8_t input[INPUT];
};

static struct request *request_at(struct connection *c, uint32_t i) {
  return &c->requests[(c->head + i) & (c->capacity - 1)];
}

struct connection *connection_open(int descriptor, const struct group *group, uint32_t number) {
  struct connection *c = allocate(sizeof *c);
  c->descriptor = descriptor;
  c->group = group;
  c->number = number;
  c->can_write = 1;
  c->token_time = now;
  c->wake = NEVER;
  return c;
}

uint64_t connection_wake(const struct connection *c) { return c->wake; }

static void close_connection(struct connection *c) {
  for (uint32_t i = 0; i < c->count; i++) free(request_at(c, i)->own);
  close(c->descriptor);
  free(c->greeting);
  free(c->requests);
  free(c);
}

/// Whether this seed has a piece. Two neighbours share each one, so that none is unique.
static int has(const struct connection *c, uint32_t piece) {
  return !c->group->share || ((uint64_t)piece + c->number) % c->group->share < 2;
}

/// Everything a seed says by itself: which pieces it has, and that it chokes nobody.
static void greet(struct connection *c) {
  uint32_t bytes = (torrent.piece_count + 7) / 8;
  c->greeting_length = HANDSHAKE_LENGTH + 5 + bytes + 5;
  uint8_t *at = c->greeting = allocate(c->greeting_length);
  memcpy(at, "\x13" "BitTorrent protocol", 20);
  memcpy(at + 28, torrent.info_hash, INFO_HASH_LENGTH);
  memcpy(at + 48, "-BS0001-", 8);
  put32(at + 56, c->group->first);
  put32(at + 60, (uint32_t)rand());
  at += HANDSHAKE_LENGTH;
  put32(at, 1 + bytes);
  at[4] = MESSAGE_BITFIELD;
  for (uint32_t piece = 0; piece < torrent.piece_count; piece++)
    if (has(c, piece)) at[5 + piece / 8] |= (uint8_t)(0x80 >> piece % 8);
  at += 5 + bytes;
  put32(at, 1);
  at[4] = MESSAGE_UNCHOKE;
}

static void grow(struct connection *c) {
  uint32_t capacity = c->capacity ? 2 * c->capacity : 64;
  struct request *larger = allocate(capacity * sizeof *larger);
  for (uint32_t i = 0; i < c->count; i++) larger[i] = *request_at(c, i);
  free(c->requests);
  c->requests = larger;
  c->capacity = capacity;
  c->head = 0;
}

static void requested(struct connection *c, uint32_t piece, uint32_t begin, uint32_t length) {
  if (piece >= torrent.piece_count || !has(c, piece) || length == 0 || length > MAX_REQUEST || c->count == MAX_QUEUE ||
      (uint64_t)begin + length > length_of_piece(torrent.length, torrent.piece_length, piece)) {
    c->failed = 1;
    return;
  }
  if (c->count == c->capacity) grow(c);
  int lies = (uint64_t)(rand() % 100) < c->group->corrupt;
  struct request *request = request_at(c, c->count++);
  *request = (struct request){
      piece, begin, length, payload_position(piece, begin, length), now + c->group->latency, NULL};
  if (!lies && request->position != NEVER) return;
  request->own = allocate(BLOCK_HEADER + length);
  payload_copy(request->own, piece, begin, length);
  if (lies) request->own[BLOCK_HEADER + (uint32_t)rand() % length] ^= 0x55;
}

/// Forgets a request that is not begun.
static void cancelled(struct connection *c, uint32_t piece, uint32_t begin, uint32_t length) {
  for (uint32_t i = c->head_sent ? 1 : 0; i < c->count; i++) {
    struct request *request = request_at(c, i);
    if (request->piece != piece || request->begin != begin || request->length != length) continue;
    free(request->own);
    for (; i + 1 < c->count; i++) *request_at(c, i) = *request_at(c, i + 1);
    c->count--;
    return;
  }
}

static void parse(struct connection *c) {
  uint8_t *at = c->input, *end = at + c->input_length;
  if (!c->shaken) {
    uint32_t seen = c->input_length < 20 ? c->input_length : 20;
    c->failed = memcmp(at, "\x13" "BitTorrent protocol", seen) != 0;
    if (c->failed || end - at < HANDSHAKE_LENGTH) return;
    c->failed = memcmp(at + 28, torrent.info_hash, INFO_HASH_LENGTH) != 0;
    c->shaken = 1;
    at += HANDSHAKE_LENGTH;
    greet(c);
  }
  while (!c->failed && end - at >= 4) {
    uint64_t length = 4 + (uint64_t)get32(at), there = (uint64_t)(end - at);
    if (length > 4 && there < 5) break;
    if (length == 17 && (at[4] == MESSAGE_REQUEST || at[4] == MESSAGE_CANCEL)) {
      if (there < 17) break;
      (at[4] == MESSAGE_REQUEST ? requested : cancelled)(c, get32(at + 5), get32(at + 9),
                                                         get32(at + 13));
    }
    if (length > there) c->skip = length - there;
    at += length < there ? length : there;
  }
  c->input_length = (uint32_t)(end - at);
  memmove(c->input, at, c->input_length);
}

/// Reads until the socket is empty.
static void receive(struct connection *c) {
  while (!c->failed) {
    uint8_t *room = c->input + c->input_length;
    ssize_t n = recv(c->descriptor, room, INPUT - c->input_length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      c->failed = 1;
      return;
    }
    uint64_t skipped = c->skip < (uint64_t)n ? c->skip : (uint64_t)n;
    memmove(room, room + skipped, (size_t)n - skipped);
    c->skip -= skipped;
    c->input_length += (uint32_t)((uint64_t)n - skipped);
    parse(c);
  }
}

/// What the rate allows now; 0, with `wake` set, when it is worth waiting for more.
static uint64_t allowance(struct connection *c, uint64_t wanted) {
  uint64_t rate = c->group->rate;
  if (!rate) return MOST_AT_ONCE;
  // Slow peers drip: a fiftieth of a second's worth at a time.
  uint64_t portion = rate / 50 < LEAST_AT_ONCE ? LEAST_AT_ONCE : rate / 50;
  uint64_t elapsed = now - c->token_time < SECOND ? now - c->token_time : SECOND;
  c->tokens += rate * elapsed / SECOND;
  c->token_time = now;
  if (c->tokens > 2 * portion) c->tokens = 2 * portion;
  uint64_t enough = wanted < portion ? wanted : portion;
  if (c->tokens >= enough) return c->tokens;
  c->wake = now + (enough - c->tokens) * SECOND / rate + 1;
  return 0;
}

/// Sends from the first requests what lies in one piece.
static ssize_t send_run(struct connection *c, uint64_t allowed) {
  struct request *first = request_at(c, 0);
  uint64_t left = BLOCK_HEADER + first->length - c->head_sent;
  if (first->own)
    return send(c->descriptor, first->own + c->head_sent, left < allowed ? left : allowed,
                MSG_NOSIGNAL);
  uint64_t begin = first->position + c->head_sent, end = begin + left;
  for (uint32_t i = 1; i < c->count && end - begin < allowed; i++) {
    struct request *next = request_at(c, i);
    if (next->own || next->position != end || next->due > now) break;
    end += BLOCK_HEADER + next->length;
  }
  return payload_send(c->descriptor, begin, end - begin < allowed ? end - begin : allowed);
}

/// Takes what was sent off the queue.
static void sent(struct connection *c, uint64_t bytes) {
  if (c->group->rate) c->tokens -= bytes;
  c->total += bytes;
  c->failed = c->group->drop_after && c->total >= c->group->drop_after;
  c->head_sent += bytes;
  while (c->count && c->head_sent >= BLOCK_HEADER + request_at(c, 0)->length) {
    struct request *done = request_at(c, 0);
    c->head_sent -= BLOCK_HEADER + done->length;
    payload_sent += done->length;
    free(done->own);
    c->head = (c->head + 1) & (c->capacity - 1);
    c->count--;
  }
}

/// Sends what may be sent now.
static void transmit(struct connection *c) {
  c->wake = NEVER;
  while (c->can_write && !c->failed) {
    ssize_t n;
    if (c->greeting) {
      n = send(c->descriptor, c->greeting + c->greeting_sent,
               c->greeting_length - c->greeting_sent, MSG_NOSIGNAL);
      if (n > 0 && (c->greeting_sent += (size_t)n) == c->greeting_length) {
        free(c->greeting);
        c->greeting = NULL;
      }
    } else {
      if (!c->count) return;
      struct request *first = request_at(c, 0);
      if (first->due > now) {
        c->wake = first->due;
        return;
      }
      uint64_t allowed = allowance(c, BLOCK_HEADER + first->length - c->head_sent);
      if (!allowed) return;
      n = send_run(c, allowed);
      if (n > 0) sent(c, (uint64_t)n);
    }
    if (n < 0 && errno == EAGAIN) c->can_write = 0;
    else if (n < 0 && errno != EINTR) c->failed = 1;
  }
}

int connection_ready(struct connection *c, int can_read, int can_write) {
  c->can_write |= can_write;
  if (can_read) receive(c);
  if (!c->failed) transmit(c);
  if (!c->failed) return 1;
  close_connection(c);
  return 0;
}
