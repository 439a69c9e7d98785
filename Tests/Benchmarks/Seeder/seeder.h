// A seed that costs next to nothing, so that what is measured is the downloader.
//
// One thread and one epoll set serve any number of peers at any number of addresses. The payload is
// laid out once in a memory file with every block's 13-byte header in place, so that a run of
// requests for consecutive blocks is answered by one sendfile. It speaks the base protocol only
// (BEP 3); whoever opens with an encrypted handshake is hung up on.
#pragma once

#include <stddef.h>

#include "../Common/common.h"

enum { MAX_GROUPS = 16, MAX_REQUEST = 1 << 17, MAX_QUEUE = 1 << 16, INPUT = 1 << 16 };

#define NEVER UINT64_MAX

/// Addresses that behave alike.
struct group {
  uint32_t first, last;  // inclusive, in host order
  uint16_t port;
  uint64_t rate;         // bytes a second for each connection, 0: as fast as it goes
  uint64_t latency;      // nanoseconds between a request and its answer
  uint64_t corrupt;      // of a hundred blocks so many have a wrong byte
  uint64_t drop_after;   // bytes after which a connection is closed, 0: never
  uint64_t share;        // each address has two pieces of so many, 0: all of them
};

struct torrent {
  uint64_t length;
  uint32_t piece_length, piece_count;
  uint8_t info_hash[INFO_HASH_LENGTH];
};

extern struct torrent torrent;
extern uint64_t now;              // nanoseconds, read once for each round of events
extern uint64_t payload_sent;     // bytes, by all connections

// ---- payload.c ----

/// Maps the payload, and lays it out with headers.
void payload_open(const char *path);
/// Copies a block with its header to `to`.
void payload_copy(uint8_t *to, uint32_t piece, uint32_t begin, uint32_t length);
/// Where a block with its header begins in the memory file, or `NEVER` if it is no ordinary block.
uint64_t payload_position(uint32_t piece, uint32_t begin, uint32_t length);
/// Sends a part of the memory file, as `sendfile` does.
ptrdiff_t payload_send(int descriptor, uint64_t position, uint64_t count);

// ---- connection.c ----

struct connection;

/// `number` counts the addresses of a group: it says which pieces this one has.
struct connection *connection_open(int descriptor, const struct group *group, uint32_t number);
/// Reads and answers after an event; `can_write` says that there is room again.
///
/// Returns whether the connection goes on; if not, it is closed and freed.
int connection_ready(struct connection *connection, int can_read, int can_write);
/// When `connection_ready` is to be called next, whatever happens, or `NEVER`.
uint64_t connection_wake(const struct connection *connection);
