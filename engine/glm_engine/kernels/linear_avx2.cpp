// Products with AVX2: nibbles times int8 in 16-bit sums, which 32 columns of nibbles cannot overflow (32 * 15 * 127 / 2).
#include "linear.h"

#if GLM_X86
#include <immintrin.h>

namespace {

constexpr int kMaxRows = 2;  // of activations that share a pass over the weights: 16 registers hold no more

// For 8 weight rows: (low nibbles of 4 columns, high nibbles of 4 columns) times 4 + 4 activations, as 16-bit sums.
struct Nibbles {
    __m256i low, high;
};

Nibbles nibbles_at(const uint8_t* values) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i pairs = _mm256_loadu_si256((const __m256i*)values);
    return {_mm256_and_si256(pairs, mask), _mm256_and_si256(_mm256_srli_epi16(pairs, 4), mask)};
}

__m256i broadcast4(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, 4);
    return _mm256_set1_epi32(four);
}

template <int M>
void int4_sums(const uint8_t* values, const uint8_t* group_scales, const int8_t* x, const int32_t* offsets,
               __m256i* sums) {
    for (int m = 0; m < M; m++) sums[m] = _mm256_setzero_si256();
    for (int g = 0; g < GLM_GROUPS; g++) {
        __m256i group[M];
        for (int m = 0; m < M; m++) group[m] = _mm256_setzero_si256();
        for (int line = 0; line < 4; line++, values += 64, x += 8) {
            const Nibbles w = nibbles_at(values);
            for (int m = 0; m < M; m++) {
                const int8_t* row = x + m * GLM_COLUMNS;
                group[m] = _mm256_add_epi16(group[m], _mm256_maddubs_epi16(w.low, broadcast4(row)));
                group[m] = _mm256_add_epi16(group[m], _mm256_maddubs_epi16(w.high, broadcast4(row + 4)));
            }
        }
        const __m256i pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)(group_scales + g / 2 * 16)));
        const __m256i scale = _mm256_and_si256(g % 2 ? _mm256_srli_epi32(pairs, 4) : pairs, _mm256_set1_epi32(15));
        for (int m = 0; m < M; m++) {
            const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(group[m], _mm256_set1_epi16(1)),
                                                 _mm256_set1_epi32(offsets[m * GLM_GROUPS + g]));
            sums[m] = _mm256_add_epi32(sums[m], _mm256_mullo_epi32(sum, scale));
        }
    }
}

// A byte is two nibbles: low + 16 * high, each multiplied as above.
template <int M>
void int8_sums(const uint8_t* values, const int8_t* x, const int32_t* offsets, __m256i* sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (int m = 0; m < M; m++) {
        const int32_t* o = offsets + m * GLM_GROUPS;
        sums[m] = _mm256_set1_epi32(16 * (o[0] + o[1] + o[2] + o[3]));
    }
    for (int g = 0; g < GLM_GROUPS; g++) {
        __m256i low[M], high[M];
        for (int m = 0; m < M; m++) low[m] = high[m] = _mm256_setzero_si256();
        for (int line = 0; line < 8; line++, values += 64, x += 4) {
            const Nibbles w = nibbles_at(values);
            for (int m = 0; m < M; m++) {
                const __m256i four = broadcast4(x + m * GLM_COLUMNS);
                low[m] = _mm256_add_epi16(low[m], _mm256_maddubs_epi16(w.low, four));
                high[m] = _mm256_add_epi16(high[m], _mm256_maddubs_epi16(w.high, four));
            }
        }
        for (int m = 0; m < M; m++) {
            const __m256i shifted = _mm256_slli_epi32(_mm256_madd_epi16(high[m], ones), 4);
            sums[m] = _mm256_add_epi32(sums[m], _mm256_add_epi32(_mm256_madd_epi16(low[m], ones), shifted));
        }
    }
}

template <int M>
void multiply_rows(const GlmLinearRun* run, int64_t n, int64_t first) {
    const GlmProduct* p = run->product;
    const GlmMatrix* w = p->matrix;
    const int64_t blocks = run->activations.num_blocks;
    const GlmActivations* a = &run->activations;
    alignas(32) float totals[M][GLM_ROWS];
    for (int half = 0; half < 2; half++) {
        __m256 total[M];
        for (int m = 0; m < M; m++) total[m] = _mm256_setzero_ps();
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t block = n * blocks + b;
            const int8_t* x = a->values + (b * a->rows + first) * GLM_COLUMNS;
            const int32_t* offsets = a->offsets + (b * a->rows + first) * GLM_GROUPS;
            __m256i sums[M];
            if (w->group_scales != nullptr) {
                int4_sums<M>(w->values + block * GLM_INT4_BLOCK + half * 32, w->group_scales + block * 32 + half * 8, x,
                             offsets, sums);
            } else {
                int8_sums<M>(w->values + block * GLM_INT8_BLOCK + half * 32, x, offsets, sums);
            }
            const uint16_t* scales = w->scales + (w->group_scales != nullptr ? block : n) * GLM_ROWS + half * 8;
            const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)scales));
            const __m256 scale = _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
            for (int m = 0; m < M; m++) {
                const __m256 factor = _mm256_mul_ps(scale, _mm256_set1_ps(a->scales[b * a->rows + first + m]));
                total[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[m]), factor, total[m]);
            }
        }
        for (int m = 0; m < M; m++) _mm256_store_ps(totals[m] + half * 8, total[m]);
    }
    for (int m = 0; m < M; m++) glm_store(p, first + m, n * GLM_ROWS, totals[m]);
}

void multiply(void* context, GlmTasks* tasks) {
    const GlmLinearRun* run = (const GlmLinearRun*)context;
    const int64_t rows = run->product->rows;
    for (int64_t n; (n = glm_next_task(tasks)) >= 0;) {
        int64_t m = 0;
        for (; m + kMaxRows <= rows; m += kMaxRows) multiply_rows<kMaxRows>(run, n, m);
        if (m < rows) multiply_rows<1>(run, n, m);
    }
}

}  // namespace

void glm_linear_avx2(const GlmProduct* product) { glm_run_linear(product, multiply); }
#else
void glm_linear_avx2(const GlmProduct* product) { glm_linear_portable(product); }
#endif
