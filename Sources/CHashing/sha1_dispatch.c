// Detects the kernels that this CPU supports and dispatches to them.
#include "sha1_kernels.h"

#if CHASHING_X86
#include <cpuid.h>

// Some compilers have no name for the SHA instructions in __builtin_cpu_supports. CPUID reports
// them in leaf 7, EBX bit 29.
static bool has_sha_instructions(void) {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  return (ebx >> 29 & 1) && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}
#endif

bool chashing_sha1_is_supported(int kernel) {
#if CHASHING_X86
  __builtin_cpu_init();
#endif
  switch (kernel) {
  case CHASHING_SHA1_SCALAR:
  case CHASHING_SHA1_X4:
    return true;
#if CHASHING_X86
  case CHASHING_SHA1_X8_AVX2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
  case CHASHING_SHA1_X16_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  case CHASHING_SHA1_NI:
  case CHASHING_SHA1_NI_X2:
    return has_sha_instructions();
#endif
  default:
    return false;
  }
}

void chashing_sha1_run(int kernel, uint32_t *const *states, const uint8_t *const *data,
                       size_t blocks) {
  switch (kernel) {
  case CHASHING_SHA1_X4:
    return chashing_sha1_x4(states, data, blocks);
#if CHASHING_X86
  case CHASHING_SHA1_X8_AVX2:
    return chashing_sha1_x8_avx2(states, data, blocks);
  case CHASHING_SHA1_X16_AVX512:
    return chashing_sha1_x16_avx512(states, data, blocks);
  case CHASHING_SHA1_NI:
    return chashing_sha1_ni(states, data, blocks);
  case CHASHING_SHA1_NI_X2:
    return chashing_sha1_ni_x2(states, data, blocks);
#endif
  default:
    return chashing_sha1_scalar(states, data, blocks);
  }
}
