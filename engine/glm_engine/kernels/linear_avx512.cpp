// Products with AVX512-VNNI: four columns of 16 weight rows times four activations in one instruction.
//
// One row of activations runs at the memory's speed; up to kMaxRows rows share each line of weights that was read.
#include "linear.h"

#if GLM_X86
#include "store_avx512.h"

namespace {

constexpr int kMaxRows = 8;
constexpr int kFarBytes = 8192;      // ahead of what is read, into the second level
constexpr int kNearBytes = 1024;     // ahead of what is read, into the first
constexpr int kScalesAhead = 16;     // blocks; all measured

inline __attribute__((always_inline)) __m512i broadcast4(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, 4);
    return _mm512_set1_epi32(four);
}

inline __attribute__((always_inline)) void prefetch(const uint8_t* line) {
    _mm_prefetch((const char*)line + kFarBytes, _MM_HINT_T1);
    _mm_prefetch((const char*)line + kNearBytes, _MM_HINT_T0);
}

template <int M>
inline __attribute__((always_inline)) void int4_sums(const uint8_t* values, const uint8_t* group_scales,
                                                     const int8_t* x, const int32_t* offsets, __m512i* sums) {
    const __m512i nibble = _mm512_set1_epi8(15), low_of_lane = _mm512_set1_epi32(15);
    for (int m = 0; m < M; m++) sums[m] = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int g = 0; g < GLM_GROUPS; g++) {
        __m512i group[M], odd[M];  // two chains, since one waits for itself
        for (int m = 0; m < M; m++) {
            group[m] = _mm512_set1_epi32(offsets[m * GLM_GROUPS + g]);
            odd[m] = _mm512_setzero_si512();
        }
#pragma GCC unroll 4
        for (int line = 0; line < 4; line++, values += 64, x += 8) {
            prefetch(values);
            const __m512i pairs = _mm512_loadu_si512(values);
            const __m512i low = _mm512_and_si512(pairs, nibble);
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), nibble);
#pragma GCC unroll 8
            for (int m = 0; m < M; m++) {
                group[m] = _mm512_dpbusd_epi32(group[m], low, broadcast4(x + m * GLM_COLUMNS));
                odd[m] = _mm512_dpbusd_epi32(odd[m], high, broadcast4(x + m * GLM_COLUMNS + 4));
            }
        }
        const __m512i both = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(group_scales + g / 2 * 16)));
        const __m512i scale = _mm512_and_si512(g % 2 ? _mm512_srli_epi32(both, 4) : both, low_of_lane);
        // A group's sum fits 16 bits (32 * 8 * 127) and so is the low half of its lane; the high half meets a zero.
        for (int m = 0; m < M; m++) {
            sums[m] = _mm512_dpwssd_epi32(sums[m], _mm512_add_epi32(group[m], odd[m]), scale);
        }
    }
}

template <int M>
inline __attribute__((always_inline)) void int8_sums(const uint8_t* values, const int8_t* x, const int32_t* offsets,
                                                     __m512i* sums) {
    __m512i odd[M];
    for (int m = 0; m < M; m++) {
        const int32_t* o = offsets + m * GLM_GROUPS;
        sums[m] = _mm512_set1_epi32(16 * (o[0] + o[1] + o[2] + o[3]));
        odd[m] = _mm512_setzero_si512();
    }
#pragma GCC unroll 4
    for (int line = 0; line < 32; line += 2, values += 128, x += 8) {
        prefetch(values);
        prefetch(values + 64);
        const __m512i first = _mm512_loadu_si512(values), second = _mm512_loadu_si512(values + 64);
#pragma GCC unroll 8
        for (int m = 0; m < M; m++) {
            sums[m] = _mm512_dpbusd_epi32(sums[m], first, broadcast4(x + m * GLM_COLUMNS));
            odd[m] = _mm512_dpbusd_epi32(odd[m], second, broadcast4(x + m * GLM_COLUMNS + 4));
        }
    }
    for (int m = 0; m < M; m++) sums[m] = _mm512_add_epi32(sums[m], odd[m]);
}

template <int M, bool kIsInt4>
void multiply_rows(const GlmLinearRun* run, int64_t n, int64_t first) {
    const GlmProduct* p = run->product;
    const GlmMatrix* w = p->matrix;
    const GlmActivations* a = &run->activations;
    const int64_t blocks = a->num_blocks;
    __m512 total[M];
    for (int m = 0; m < M; m++) total[m] = _mm512_setzero_ps();
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t block = n * blocks + b;
        const int8_t* x = a->values + (b * a->rows + first) * GLM_COLUMNS;
        const int32_t* offsets = a->offsets + (b * a->rows + first) * GLM_GROUPS;
        __m512i sums[M];
        if (kIsInt4) {
            _mm_prefetch((const char*)(w->group_scales + (block + kScalesAhead) * 32), _MM_HINT_T0);
            _mm_prefetch((const char*)(w->scales + (block + kScalesAhead) * GLM_ROWS), _MM_HINT_T0);
            int4_sums<M>(w->values + block * GLM_INT4_BLOCK, w->group_scales + block * 32, x, offsets,
                         sums);
        } else {
            int8_sums<M>(w->values + block * GLM_INT8_BLOCK, x, offsets, sums);
        }
        const uint16_t* scales = w->scales + (kIsInt4 ? block : n) * GLM_ROWS;
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)scales));
        const __m512 scale = _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
        for (int m = 0; m < M; m++) {
            const __m512 factor = _mm512_mul_ps(scale, _mm512_set1_ps(a->scales[b * a->rows + first + m]));
            total[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[m]), factor, total[m]);
        }
    }
    for (int m = 0; m < M; m++) store16(p, first + m, n * GLM_ROWS, total[m]);
}

template <bool kIsInt4>
void multiply(void* context, GlmTasks* tasks) {
    using Rows = void (*)(const GlmLinearRun*, int64_t, int64_t);
    static constexpr Rows kRows[kMaxRows + 1] = {
        nullptr,
        multiply_rows<1, kIsInt4>,
        multiply_rows<2, kIsInt4>,
        multiply_rows<3, kIsInt4>,
        multiply_rows<4, kIsInt4>,
        multiply_rows<5, kIsInt4>,
        multiply_rows<6, kIsInt4>,
        multiply_rows<7, kIsInt4>,
        multiply_rows<8, kIsInt4>,
    };
    const GlmLinearRun* run = (const GlmLinearRun*)context;
    const int64_t rows = run->product->rows;
    for (int64_t n; (n = glm_next_task(tasks)) >= 0;) {
        for (int64_t m = 0; m < rows; m += kMaxRows) {
            kRows[rows - m < kMaxRows ? rows - m : kMaxRows](run, n, m);
        }
    }
}

}  // namespace

void glm_linear_avx512(const GlmProduct* product) {
    glm_run_linear(product, product->matrix->group_scales != nullptr ? multiply<true> : multiply<false>);
}
#else
void glm_linear_avx512(const GlmProduct* product) { glm_linear_portable(product); }
#endif
