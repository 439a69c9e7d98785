#define _GNU_SOURCE
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: reference --piece-length N --length N --info-hash HEX --hashes FILE\n"
    "                 (--output FILE | --layout LIST) [--window N] [--batch N] [--read-blocks N]\n"
    "                 ADDRESS:PORT...\n"
    "Downloads one torrent from honest seeds and exits with 0 when every piece is verified.\n"
    "  --hashes       a file with the SHA-1 of each piece, 20 bytes each\n"
    "  --layout       a file with lines \"LENGTH PATH\" for a torrent of many files\n"
    "  --window       blocks requested ahead from each peer (default 250)\n"
    "  --batch        pieces hashed together (default 16, and 64 MiB at most)\n"
    "  --read-blocks  blocks in one read, a power of two (default 64)\n";

enum { MAX_BATCH_BYTES = 64 << 20, MAX_READ_BLOCKS = 64, SILENCE_MILLISECONDS = 60000 };

struct job job = {.window = 250, .batch = 16, .read_blocks = 64};

struct arguments {
  const char *hashes, *output, *layout, *info_hash;
  int peers;  // where they begin
};

static struct arguments read_arguments(int argc, char **argv) {
  struct arguments read = {0};
  int i = 1;
  for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
    const char *name = argv[i] + 2, *value = option_value(argc, argv, &i);
    if (!strcmp(name, "piece-length")) job.piece_length = (uint32_t)number(value);
    else if (!strcmp(name, "length")) job.length = number(value);
    else if (!strcmp(name, "info-hash")) read.info_hash = value;
    else if (!strcmp(name, "hashes")) read.hashes = value;
    else if (!strcmp(name, "output")) read.output = value;
    else if (!strcmp(name, "layout")) read.layout = value;
    else if (!strcmp(name, "window")) job.window = (uint32_t)number(value);
    else if (!strcmp(name, "batch")) job.batch = (uint32_t)number(value);
    else if (!strcmp(name, "read-blocks")) job.read_blocks = (uint32_t)number(value);
    else die("unknown option --%s\n%s", name, usage);
  }
  read.peers = i;
  int is_power_of_two = job.read_blocks && !(job.read_blocks & (job.read_blocks - 1));
  if (i == argc || !job.piece_length || !job.length || !read.info_hash || !read.hashes ||
      !read.output == !read.layout || !job.window || !job.batch || !is_power_of_two ||
      job.read_blocks > MAX_READ_BLOCKS)
    die("%s", usage);
  return read;
}

static const uint8_t *map_hashes(const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (descriptor < 0 || fstat(descriptor, &facts)) die("%s: %s", path, strerror(errno));
  if ((uint64_t)facts.st_size != 20 * (uint64_t)job.piece_count)
    die("%s: not 20 bytes for each of %u pieces", path, job.piece_count);
  void *map = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (map == MAP_FAILED) die("%s: %s", path, strerror(errno));
  close(descriptor);
  return map;
}

/// A torrent of many files keeps all of them open.
static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int connect_all(char **addresses, int count) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll: %s", strerror(errno));
  for (int i = 0; i < count; i++) {
    struct peer *peer = peer_connect(addresses[i]);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, peer_descriptor(peer), &event))
      die("epoll: %s", strerror(errno));
  }
  return epoll;
}

int main(int argc, char **argv) {
  struct arguments arguments = read_arguments(argc, argv);
  job.piece_count = (uint32_t)((job.length + job.piece_length - 1) / job.piece_length);
  uint32_t fit = MAX_BATCH_BYTES / job.piece_length;
  if (job.batch > fit) job.batch = fit ? fit : 1;
  read_info_hash(arguments.info_hash, job.info_hash);
  job.hashes = map_hashes(arguments.hashes);
  allow_many_files();
  hashing_init();
  if (arguments.layout) files_layout(arguments.layout);
  else files_single(arguments.output);
  int epoll = connect_all(argv + arguments.peers, argc - arguments.peers);
  while (!pieces_all_done()) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, 64, SILENCE_MILLISECONDS);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) die("nothing came for a minute");
    for (int i = 0; i < count; i++) {
      peer_readable(events[i].data.ptr);
      pieces_flush();
    }
  }
  fprintf(stderr, "%u pieces are verified and written\n", job.piece_count);
  return 0;
}
