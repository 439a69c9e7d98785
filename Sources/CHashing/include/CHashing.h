#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The available SHA-1 kernels; each hashes whole 64-byte blocks of a fixed number of streams at
/// once.
typedef enum {
  CHASHING_SHA1_SCALAR,      // 1 stream, plain C
  CHASHING_SHA1_X4,          // 4 streams, 128-bit vectors (SSE2, NEON)
  CHASHING_SHA1_X8_AVX2,     // 8 streams, 256-bit vectors
  CHASHING_SHA1_X16_AVX512,  // 16 streams, 512-bit vectors
  CHASHING_SHA1_NI,          // 1 stream, the SHA instructions
  CHASHING_SHA1_NI_X2,       // 2 streams, interleaved, the SHA instructions
  CHASHING_SHA1_KERNEL_COUNT
} chashing_sha1_kernel;

/// Returns whether this CPU can run the kernel.
bool chashing_sha1_is_supported(int kernel);

/// Compresses `blocks` blocks of 64 bytes from each `data[i]` into the five state words at
/// `states[i]`.
///
/// Both arrays hold one entry per stream of the kernel. The data needs no alignment. The kernel
/// must be supported.
void chashing_sha1_run(int kernel, uint32_t *const *states, const uint8_t *const *data,
                       size_t blocks);
