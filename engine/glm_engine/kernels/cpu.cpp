// Which instruction sets may be used here, and what the library was built from.
#include "kernels.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifndef GLM_SOURCE_HASH
#error "build.py defines GLM_SOURCE_HASH"
#endif

GLM_EXPORT const char* glm_source_hash(void) { return GLM_SOURCE_HASH; }

#if GLM_X86
#include <cpuid.h>

namespace {

constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM, Linux 5.16
constexpr int kTileData = 18;               // XFEATURE_XTILE_DATA

uint64_t enabled_state() {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

bool has_bits(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

int detect() {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_bits(c, 1u << 27 | 1u << 28 | 1u << 12)) return GLM_PORTABLE;
    const uint64_t state = enabled_state();
    if ((state & 0x6) != 0x6) return GLM_PORTABLE;  // the system saves xmm and ymm
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has_bits(b, 1u << 5)) return GLM_PORTABLE;
    // F, DQ, BW, VL; VNNI; the system saves masks and zmm
    const bool has_avx512 = has_bits(b, 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) && has_bits(c, 1u << 11) &&
                            (state & 0xe6) == 0xe6;
    if (!has_avx512) return GLM_AVX2;
    const bool has_tiles = has_bits(d, 1u << 22 | 1u << 24 | 1u << 25) && (state & 0x60000) == 0x60000;
    uint32_t a1, b1, c1, d1;
    const bool has_bf16 = __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) && has_bits(a1, 1u << 5);
    if (!has_tiles || !has_bf16) return GLM_AVX512;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 ? GLM_AMX : GLM_AVX512;
}

}  // namespace

GLM_EXPORT int glm_instruction_set(void) {
    static const int best = detect();
    return best;
}
#else
GLM_EXPORT int glm_instruction_set(void) { return GLM_PORTABLE; }
#endif
