// Declarations shared by the kernels; private to this target.
#pragma once

#include "CHashing.h"

#if defined(__x86_64__) || defined(__i386__)
#define CHASHING_X86 1
#else
#define CHASHING_X86 0
#endif

void chashing_sha1_scalar(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
void chashing_sha1_x4(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
#if CHASHING_X86
void chashing_sha1_x8_avx2(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
void chashing_sha1_x16_avx512(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
void chashing_sha1_ni(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
void chashing_sha1_ni_x2(uint32_t *const *states, const uint8_t *const *data, size_t blocks);
#endif
