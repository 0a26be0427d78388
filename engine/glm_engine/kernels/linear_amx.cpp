// Products with AMX int8 tiles, for many rows of activations: weights are unpacked to int8 once for all of them.
//
// A panel of 32 weight rows times 256 columns is unpacked into the first-level cache and meets 32 rows of activations at
// a time. Sums of a block of 128 columns come out of the tiles as integers and are scaled and added in registers, in the
// order that linear.h promises. Panels share a pass over 256 columns of the activations, which stay in the second level.
#include "linear.h"

#if GLM_X86
#include "store_avx512.h"

namespace {

// Blocks that are unpacked, multiplied and added at a time. With more, weights, sums and activations do not fit the
// first-level cache together: 4 are a tenth to a third slower, measured.
constexpr int kStage = 2;
constexpr int kTileBytes = 1024;
constexpr int kTiles = 2 * kStage;  // of 64 columns
constexpr int kPrefetchBytes = 16384;

struct Run {
    const GlmProduct* product;
    int8_t* values;   // [rows / 16][blocks * 2] tiles of 16 rows by 64 columns
    float* scales;    // [rows, padded to 32][blocks]
    float* totals;    // of each thread: [panels][rows, padded to 32][32]
    int64_t blocks;
    int64_t padded_rows;
    int64_t panels;  // that a task takes
};

// What one thread works in.
struct alignas(64) Scratch {
    int8_t weights[2][kTiles][kTileBytes];
    int32_t sums[kStage][32][32];
};

// 16 rows and 64 bytes in every tile.
void configure_tiles() {
    struct alignas(64) {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes_per_row[16];
        uint8_t rows[16];
    } config = {};
    config.palette = 1;
    for (int i = 0; i < 8; i++) {
        config.bytes_per_row[i] = 64;
        config.rows[i] = 16;
    }
    // GCC 12 takes the intrinsic to read the first 8 bytes only, and would drop the other stores.
    __asm__ volatile("" ::"r"(&config) : "memory");
    _tile_loadconfig(&config);
}

void quantize(void* context, GlmTasks* tasks) {
    const Run* run = (const Run*)context;
    const GlmProduct* p = run->product;
    for (int64_t m; (m = glm_next_task(tasks)) >= 0;) {
        int8_t* tiles = run->values + m / 16 * run->blocks * 2 * kTileBytes + m % 16 * 64;
        if (m >= p->rows) {  // the rest of the last tile
            for (int64_t t = 0; t < run->blocks * 2; t++) __builtin_memset(tiles + t * kTileBytes, 0, 64);
            for (int64_t b = 0; b < run->blocks; b++) run->scales[m * run->blocks + b] = 0;
            continue;
        }
        for (int64_t b = 0; b < run->blocks; b++) {
            alignas(64) int8_t values[GLM_COLUMNS];
            const int64_t left = p->matrix->width - b * GLM_COLUMNS;
            glm_quantize_block(p->x + m * p->x_stride + b * GLM_COLUMNS, left < GLM_COLUMNS ? left : GLM_COLUMNS,
                               values, &run->scales[m * run->blocks + b]);
            __builtin_memcpy(tiles + 2 * b * kTileBytes, values, 64);
            __builtin_memcpy(tiles + (2 * b + 1) * kTileBytes, values + 64, 64);
        }
    }
}

inline __attribute__((always_inline)) void unpack_int4(const uint8_t* values, const uint8_t* group_scales,
                                                       int8_t* output) {
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (int g = 0; g < GLM_GROUPS; g++) {
        const __m512i both = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(group_scales + g / 2 * 16)));
        const __m512i low = _mm512_and_si512(g % 2 ? _mm512_srli_epi32(both, 4) : both, _mm512_set1_epi32(15));
        const __m512i scale = _mm512_or_si512(low, _mm512_slli_epi32(low, 16));               // in 16-bit lanes
        const __m512i eighth = _mm512_or_si512(scale, _mm512_slli_epi16(scale, 8));           // in bytes
        const __m512i offset = _mm512_slli_epi16(eighth, 3);  // 8 * scale <= 120 stays in its byte
        for (int line = 0; line < 4; line++, values += 64, output += 128) {
            _mm_prefetch((const char*)values + kPrefetchBytes, _MM_HINT_T1);
            const __m512i pairs = _mm512_loadu_si512(values);
            const __m512i nibbles[2] = {_mm512_and_si512(pairs, nibble),
                                        _mm512_and_si512(_mm512_srli_epi16(pairs, 4), nibble)};
            for (int h = 0; h < 2; h++) {  // q * scale <= 225: both bytes of a 16-bit lane stay apart in one product
                const __m512i products = _mm512_mullo_epi16(nibbles[h], scale);
                _mm512_store_si512(output + h * 64, _mm512_sub_epi8(products, offset));
            }
        }
    }
}

inline __attribute__((always_inline)) void unpack_int8(const uint8_t* values, int8_t* output) {
    const __m512i sign = _mm512_set1_epi8((char)0x80);
    for (int line = 0; line < 32; line++, values += 64, output += 64) {
        _mm_prefetch((const char*)values + kPrefetchBytes, _MM_HINT_T1);
        _mm512_store_si512(output, _mm512_xor_si512(_mm512_loadu_si512(values), sign));
    }
}

// Sums of `stage` blocks: 16 * kM rows of activations times 16 * kN weight rows. Tiles 0-3 hold sums, 4 and 5
// activations, 6 and 7 weights. A tile of sums is stored as soon as it is done and the next one is then begun, so that
// storing one goes on beside multiplying another.
template <int kM, int kN>
inline __attribute__((always_inline)) void multiply_tiles(const int8_t* x, int64_t x_tile_stride, Scratch* scratch,
                                                          int stage) {
    for (int b = 0; b < stage; b++) {
        const int8_t *x0 = x + 2 * b * kTileBytes, *x1 = x0 + x_tile_stride;
        const int8_t *w0 = scratch->weights[0][2 * b], *w1 = scratch->weights[1][2 * b];
        int32_t(*sums)[32] = scratch->sums[b];
        _tile_zero(0);
        _tile_loadd(4, x0, 64);
        _tile_loadd(6, w0, 64);
        _tile_dpbssd(0, 4, 6);
        _tile_loadd(5, x0 + kTileBytes, 64);
        _tile_loadd(7, w0 + kTileBytes, 64);
        _tile_dpbssd(0, 5, 7);
        _tile_stored(0, sums[0], 128);
        if (kN == 2) {
            _tile_zero(1);
            _tile_loadd(6, w1, 64);
            _tile_dpbssd(1, 4, 6);
            _tile_loadd(7, w1 + kTileBytes, 64);
            _tile_dpbssd(1, 5, 7);
            _tile_stored(1, sums[0] + 16, 128);
        }
        if (kM == 1) continue;
        _tile_loadd(4, x1, 64);
        _tile_loadd(5, x1 + kTileBytes, 64);
        if (kN == 2) {
            _tile_zero(2);
            _tile_dpbssd(2, 4, 6);
            _tile_dpbssd(2, 5, 7);
            _tile_stored(2, sums[16] + 16, 128);
            _tile_loadd(6, w0, 64);
            _tile_loadd(7, w0 + kTileBytes, 64);
        }
        _tile_zero(3);
        _tile_dpbssd(3, 4, 6);
        _tile_dpbssd(3, 5, 7);
        _tile_stored(3, sums[16], 128);
    }
}

template <int kN>
inline __attribute__((always_inline)) void add_sums(const Scratch* scratch, const __m512 (*weight_scales)[2],
                                                    const float* x_scales, int64_t x_scales_stride, float* totals,
                                                    int rows, int stage, bool is_first) {
    for (int m = 0; m < rows; m++, totals += GLM_AMX_PANEL) {
        __m512 total[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
        if (!is_first) {
            for (int n = 0; n < kN; n++) total[n] = _mm512_load_ps(totals + 16 * n);
        }
        for (int b = 0; b < stage; b++) {
            const __m512 x_scale = _mm512_set1_ps(x_scales[m * x_scales_stride + b]);
            for (int n = 0; n < kN; n++) {
                const __m512 sums = _mm512_cvtepi32_ps(_mm512_load_si512(scratch->sums[b][m] + 16 * n));
                total[n] = _mm512_fmadd_ps(sums, _mm512_mul_ps(weight_scales[b][n], x_scale), total[n]);
            }
        }
        for (int n = 0; n < kN; n++) _mm512_store_ps(totals + 16 * n, total[n]);
    }
}

// One panel's share of `stage` blocks, for all rows of activations.
template <bool kIsInt4, int kN>
void multiply_panel(const Run* run, Scratch* scratch, int64_t first_row_block, int64_t first_block, int stage,
                    float* totals) {
    const GlmMatrix* w = run->product->matrix;
    __m512 weight_scales[kStage][2];
    for (int n = 0; n < kN; n++) {
        for (int b = 0; b < stage; b++) {
            const int64_t block = (first_row_block + n) * run->blocks + first_block + b;
            int8_t* output = scratch->weights[n][2 * b];
            if (kIsInt4) {
                unpack_int4(w->values + block * GLM_INT4_BLOCK, w->group_scales + block * 32, output);
            } else {
                unpack_int8(w->values + block * GLM_INT8_BLOCK, output);
            }
            const uint16_t* scales = w->scales + (kIsInt4 ? block : first_row_block + n) * GLM_ROWS;
            const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)scales));
            weight_scales[b][n] = _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
        }
    }
    const int64_t x_tile_stride = run->blocks * 2 * kTileBytes;
    __asm__ volatile("" ::: "memory");  // to GCC 12, loading a tile reads no memory: what was unpacked must be there
    for (int64_t m = 0; m < run->product->rows; m += 32) {
        const int8_t* x = run->values + m / 16 * x_tile_stride + first_block * 2 * kTileBytes;
        const bool is_single = run->product->rows - m <= 16;
        if (is_single) {
            multiply_tiles<1, kN>(x, x_tile_stride, scratch, stage);
        } else {
            multiply_tiles<2, kN>(x, x_tile_stride, scratch, stage);
        }
        const int64_t left = run->product->rows - m;
        add_sums<kN>(scratch, weight_scales, run->scales + m * run->blocks + first_block, run->blocks,
                     totals + m * GLM_AMX_PANEL, (int)(left < 32 ? left : 32), stage, first_block == 0);
    }
}

template <bool kIsInt4>
void multiply(void* context, GlmTasks* tasks) {
    const Run* run = (const Run*)context;
    const GlmProduct* p = run->product;
    const int64_t row_blocks = glm_ceil_div(p->matrix->height, GLM_ROWS);
    const int64_t totals_per_panel = run->padded_rows * GLM_AMX_PANEL;
    float* totals = run->totals + glm_thread_index(tasks) * run->panels * totals_per_panel;
    Scratch scratch;
    configure_tiles();
    for (int64_t task; (task = glm_next_task(tasks)) >= 0;) {
        const int64_t begin = task * run->panels * 2;
        const int64_t end = begin + run->panels * 2 < row_blocks ? begin + run->panels * 2 : row_blocks;
        for (int64_t b = 0; b < run->blocks; b += kStage) {
            const int stage = (int)(run->blocks - b < kStage ? run->blocks - b : kStage);
            for (int64_t n = begin; n < end; n += 2) {
                float* panel_totals = totals + (n - begin) / 2 * totals_per_panel;
                if (end - n >= 2) {
                    multiply_panel<kIsInt4, 2>(run, &scratch, n, b, stage, panel_totals);
                } else {
                    multiply_panel<kIsInt4, 1>(run, &scratch, n, b, stage, panel_totals);
                }
            }
        }
        for (int64_t m = 0; m < p->rows; m++) {
            for (int64_t n = begin; n < end; n++) {
                const float* total = totals + (n - begin) / 2 * totals_per_panel + m * GLM_AMX_PANEL;
                store16(p, m, n * GLM_ROWS, _mm512_load_ps(total + (n - begin) % 2 * 16));
            }
        }
    }
    _tile_release();
}

}  // namespace

void glm_linear_amx(const GlmProduct* product) {
    Run run;
    run.product = product;
    run.blocks = glm_ceil_div(product->matrix->width, GLM_COLUMNS);
    run.padded_rows = glm_ceil_div(product->rows, 32) * 32;
    run.panels = glm_amx_panels(product->rows);
    uint8_t* workspace = product->workspace;
    run.values = (int8_t*)workspace;
    workspace += run.padded_rows * run.blocks * GLM_COLUMNS;
    run.scales = (float*)workspace;
    workspace += glm_align(run.padded_rows * run.blocks * 4);
    run.totals = (float*)workspace;
    const int64_t padded_to_tile = glm_ceil_div(product->rows, 16) * 16;
    glm_run_parallel(product->num_threads, padded_to_tile, quantize, &run);
    const int64_t num_tasks = glm_ceil_div(product->matrix->height, GLM_AMX_PANEL * run.panels);
    const bool is_int4 = product->matrix->group_scales != nullptr;
    glm_run_parallel(product->num_threads, num_tasks, is_int4 ? multiply<true> : multiply<false>, &run);
}
#else
void glm_linear_amx(const GlmProduct* product) { glm_linear_portable(product); }
#endif
