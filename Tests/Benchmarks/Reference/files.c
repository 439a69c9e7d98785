#define _GNU_SOURCE
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct file {
  int descriptor;
  uint64_t start, length;
};

static struct file *files;
static uint32_t count, capacity;
static uint32_t current;  // where the last write was: pieces come nearly in order

/// Makes the folders above a path.
static void make_folders(const char *path) {
  char *copy = strdup(path);
  for (char *slash = copy + 1; copy && (slash = strchr(slash, '/')); *slash++ = '/') {
    *slash = 0;
    if (mkdir(copy, 0777) && errno != EEXIST) die("%s: %s", copy, strerror(errno));
  }
  free(copy);
}

/// Opens one more file and reserves its room: on a real disk that makes writes cheaper, on tmpfs it
/// would fill pages with zeros that are overwritten anyway.
static void add(const char *path, uint64_t length) {
  if (count == capacity) {
    capacity = capacity ? 2 * capacity : 64;
    files = realloc(files, capacity * sizeof *files);
    if (!files) die("out of memory");
  }
  make_folders(path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  struct statfs system;
  if (descriptor < 0 || fstatfs(descriptor, &system)) die("%s: %s", path, strerror(errno));
  int reserved = length && system.f_type != TMPFS_MAGIC &&
                 fallocate(descriptor, 0, 0, (off_t)length) == 0;
  if (!reserved && ftruncate(descriptor, (off_t)length)) die("%s: %s", path, strerror(errno));
  uint64_t start = count ? files[count - 1].start + files[count - 1].length : 0;
  files[count++] = (struct file){descriptor, start, length};
}

void files_single(const char *path) { add(path, job.length); }

void files_layout(const char *list) {
  FILE *lines = fopen(list, "re");
  if (!lines) die("%s: %s", list, strerror(errno));
  char *line = NULL;
  size_t room = 0;
  for (ssize_t n; (n = getline(&line, &room, lines)) > 0;) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    char *path = strchr(line, ' ');
    if (!path) die("%s: not \"LENGTH PATH\": %s", list, line);
    *path++ = 0;
    add(path, number(line));
  }
  free(line);
  fclose(lines);
  if (!count || files[count - 1].start + files[count - 1].length != job.length)
    die("%s: the files are not as long as the torrent", list);
}

void files_write(uint32_t piece, const uint8_t *data) {
  uint64_t offset = (uint64_t)piece * job.piece_length;
  uint32_t left = piece_size(piece);
  while (files[current].start > offset) current--;
  while (files[current].start + files[current].length <= offset) current++;
  while (left) {
    struct file *file = &files[current];
    uint64_t within = offset - file->start, room = file->length - within;
    ssize_t n = room ? pwrite(file->descriptor, data, left < room ? left : room, (off_t)within) : 0;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) die("writing: %s", strerror(errno));
    data += n;
    offset += (uint64_t)n;
    left -= (uint32_t)n;
    if (left && offset == file->start + file->length) current++;
  }
}
