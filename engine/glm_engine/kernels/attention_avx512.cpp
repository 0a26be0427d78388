// Attention for AVX-512: 16 lanes are one register.
#include "kernels.h"

#if GLM_X86
#include <immintrin.h>
#include <math.h>

namespace {

struct Lanes {
    typedef __m512 Vector;

    static inline Vector set(float x) { return _mm512_set1_ps(x); }
    static inline Vector load(const float* p) { return _mm512_loadu_ps(p); }
    static inline void store(float* p, Vector x) { _mm512_storeu_ps(p, x); }
    static inline Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
    static inline Vector subtract(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
    static inline Vector multiply(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
    static inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
    static inline Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }
    static inline Vector hide_above(Vector last, float key, Vector x) {
        return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(last, set(key), _CMP_LT_OQ), set(-INFINITY));
    }
    static inline Vector if_empty(Vector maxima, Vector a, Vector b) {
        return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(maxima, set(-INFINITY), _CMP_EQ_OQ), a);
    }
    static inline Vector power_of_two(Vector x);
};

}  // namespace

#include "attention_lanes.h"

namespace {

inline __m512 Lanes::power_of_two(__m512 x) {
    const __mmask16 is_kept = _mm512_cmp_ps_mask(x, set(-126), _CMP_NLT_UQ);
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 rest = _mm512_sub_ps(x, whole);
    __m512 y = set(kPowers[6]);
    for (int i = 5; i >= 0; i--) y = _mm512_fmadd_ps(y, rest, set(kPowers[i]));
    return _mm512_maskz_scalef_ps(is_kept, y, whole);
}

}  // namespace

extern "C" const GlmAttentionPath glm_attention_avx512 = GLM_ATTENTION_PATH;
#endif
