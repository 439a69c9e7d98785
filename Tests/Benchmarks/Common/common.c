#include "common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void *allocate(uint64_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) die("out of memory");
  return memory;
}

uint64_t number(const char *text) {
  char *end;
  uint64_t value = strtoull(text, &end, 10);
  unsigned shift = 0;
  if (*end == 'K') shift = 10;
  if (*end == 'M') shift = 20;
  if (*end == 'G') shift = 30;
  if (end == text || *text == '-' || strlen(end) > (shift ? 1 : 0) || value > UINT64_MAX >> 31)
    die("not a number: %s", text);
  return value << shift;
}

void read_info_hash(const char *text, uint8_t *hash) {
  int good = strlen(text) == 2 * INFO_HASH_LENGTH;
  for (int i = 0; good && i < INFO_HASH_LENGTH; i++)
    good = sscanf(text + 2 * i, "%2hhx", &hash[i]) == 1;
  if (!good) die("not an info-hash: %s", text);
}

const char *option_value(int argc, char **argv, int *i) {
  if (*i + 1 >= argc) die("%s needs a value", argv[*i]);
  return argv[++*i];
}
