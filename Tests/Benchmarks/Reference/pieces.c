#define _GNU_SOURCE
#include "reference.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, SLAB = 8 << 20 };

static struct piece *waiting;  // complete, not yet verified
static uint32_t waiting_count, waiting_capacity;
static uint32_t claimed, completed, written;

static uint8_t **idle;  // buffers that nobody uses, a stack
static uint32_t idle_count, buffer_count;

uint32_t pieces_claim(void) { return claimed < job.piece_count ? claimed++ : job.piece_count; }

/// Makes buffers in a slab of huge pages: fewer misses in the TLB.
static void add_slab(void) {
  uint64_t stride = ((uint64_t)job.piece_length + 63) & ~(uint64_t)63;
  uint64_t size = stride < SLAB ? SLAB : (stride + HUGE_PAGE - 1) & ~(uint64_t)(HUGE_PAGE - 1);
  uint8_t *slab = aligned_alloc(HUGE_PAGE, size);
  uint32_t fit = (uint32_t)(size / stride);
  idle = realloc(idle, (buffer_count + fit) * sizeof *idle);
  if (!slab || !idle) die("out of memory");
  madvise(slab, size, MADV_HUGEPAGE);  // a wish; ordinary pages do as well
  buffer_count += fit;
  for (uint32_t i = fit; i-- > 0;) idle[idle_count++] = slab + i * stride;
}

uint8_t *pieces_buffer(void) {
  if (!idle_count) add_slab();
  return idle[--idle_count];
}

void pieces_completed(struct piece piece) {
  // One read may complete many pieces on top of an unfinished batch.
  if (waiting_count == waiting_capacity) {
    waiting_capacity = 2 * waiting_capacity + job.batch;
    waiting = realloc(waiting, waiting_capacity * sizeof *waiting);
    if (!waiting) die("out of memory");
  }
  waiting[waiting_count++] = piece;
  completed++;
}

void pieces_flush(void) {
  if (waiting_count < job.batch && completed < job.piece_count) return;
  hashing_verify(waiting, waiting_count);
  for (uint32_t i = 0; i < waiting_count; i++) {
    files_write(waiting[i].index, waiting[i].data);
    idle[idle_count++] = waiting[i].data;
  }
  written += waiting_count;
  waiting_count = 0;
}

int pieces_all_done(void) { return written == job.piece_count; }
