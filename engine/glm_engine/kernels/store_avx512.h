// Storing results with AVX512, for the files that are compiled for it: the same bits as glm_store.
#ifndef GLM_STORE_AVX512_H
#define GLM_STORE_AVX512_H

#include "linear.h"

#include <immintrin.h>

namespace {

// To the nearest bf16, ties to even; NaN stays NaN.
inline __attribute__((always_inline)) __m256i bf16_of(__m512 values) {
    const __m512i bits = _mm512_castps_si512(values), upper = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 is_nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
    const __m512i quiet = _mm512_or_si512(upper, _mm512_set1_epi32(0x40));
    return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(_mm512_srli_epi32(rounded, 16), is_nan, quiet));
}

// Add the bias and store up to 16 neighbours of one row of y.
inline __attribute__((always_inline)) void store16(const GlmProduct* p, int64_t row, int64_t column, __m512 values) {
    const int64_t left = p->matrix->height - column;
    const __mmask16 mask = left >= GLM_ROWS ? 0xffff : (__mmask16)((1u << left) - 1);
    if (p->bias != nullptr) {
        const __m256i bias = _mm256_maskz_loadu_epi16(mask, p->bias + column);
        values = _mm512_add_ps(values, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bias), 16)));
    }
    _mm256_mask_storeu_epi16(p->y + row * p->y_stride + column, mask, bf16_of(values));
}

}  // namespace

#endif
