// Attention for AVX2 and FMA: 16 lanes are two registers.
#include "kernels.h"

#if GLM_X86
#include <immintrin.h>
#include <math.h>

namespace {

struct Lanes {
    struct Vector {
        __m256 low, high;
    };

    static inline Vector set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static inline Vector load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static inline void store(float* p, Vector x) {
        _mm256_storeu_ps(p, x.low);
        _mm256_storeu_ps(p + 8, x.high);
    }
    static inline Vector add(Vector a, Vector b) {
        return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
    }
    static inline Vector subtract(Vector a, Vector b) {
        return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
    }
    static inline Vector multiply(Vector a, Vector b) {
        return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
    }
    static inline Vector multiply_add(Vector a, Vector b, Vector c) {
        return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
    }
    static inline Vector larger(Vector a, Vector b) {
        return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
    }
    static inline Vector choose(Vector mask, Vector a, Vector b) {
        return {_mm256_blendv_ps(b.low, a.low, mask.low), _mm256_blendv_ps(b.high, a.high, mask.high)};
    }
    static inline Vector is_below(Vector a, Vector b) {
        return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
    }
    static inline Vector hide_above(Vector last, float key, Vector x) {
        return choose(is_below(last, set(key)), set(-INFINITY), x);
    }
    static inline Vector if_empty(Vector maxima, Vector a, Vector b) {
        const __m256 empty = _mm256_set1_ps(-INFINITY);
        return choose({_mm256_cmp_ps(maxima.low, empty, _CMP_EQ_OQ), _mm256_cmp_ps(maxima.high, empty, _CMP_EQ_OQ)},
                      a, b);
    }
    static inline Vector power_of_two(Vector x);
};

}  // namespace

#include "attention_lanes.h"

namespace {

inline __m256 half_power_of_two(__m256 x) {
    // NaN passes through both bounds: they return their second operand.
    const __m256 bounded = _mm256_min_ps(_mm256_set1_ps(127), _mm256_max_ps(_mm256_set1_ps(-126), x));
    const __m256 whole = _mm256_round_ps(bounded, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256 rest = _mm256_sub_ps(bounded, whole);
    __m256 y = _mm256_set1_ps(kPowers[6]);
    for (int i = 5; i >= 0; i--) y = _mm256_fmadd_ps(y, rest, _mm256_set1_ps(kPowers[i]));
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127));
    y = _mm256_mul_ps(y, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
    return _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(-126), _CMP_LT_OQ), y);
}

inline Lanes::Vector Lanes::power_of_two(Vector x) { return {half_power_of_two(x.low), half_power_of_two(x.high)}; }

}  // namespace

extern "C" const GlmAttentionPath glm_attention_avx2 = GLM_ATTENTION_PATH;
#endif
