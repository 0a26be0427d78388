// Products with AMX int8 tiles, for many rows of activations: weights are unpacked to int8 once for all of them.
//
// A panel of 32 weight rows times a block of 128 columns is unpacked into the first-level cache and meets 32 rows of
// activations at a time: a step. The sums of a step come out of the tiles as integers and are scaled and added to the
// totals, in the order that linear.h promises. Panels share a pass over the block's activations, which stay in the second
// level.
//
// A core that shares its tile registers with a neighbour waits for almost every load and product of tiles; what vectors
// do is hidden in these waits only if it stands right between them. So the sums of one step are scaled in small pieces
// between the tiles of the next, which saves a sixth to a third of the time on such a core, measured.
#include "linear.h"

#if GLM_X86
#include "store_avx512.h"

namespace {

constexpr int kTileBytes = 1024;
constexpr int kPrefetchBytes = 16384;

struct Run {
    const GlmProduct* product;
    int8_t* values;  // [blocks][rows, padded to 32, / 16][2] tiles of 16 rows by 64 columns
    float* scales;   // [blocks][rows, padded to 32]
    float* totals;   // of each thread: [panels][rows, padded to 32][32]
    int64_t blocks;
    int64_t padded_rows;
    int64_t panels;  // that a task takes
};

// Sums of a step that are still to be scaled and added.
struct Pending {
    const int32_t (*sums)[32];
    __m512 weight_scales[2];
    const float* x_scales;
    float* totals;
    int rows;  // 16 or 32; 0: nothing is pending
};

// What one thread works in.
struct alignas(64) Scratch {
    int8_t weights[2][2][kTileBytes];  // of a panel's block: [row block][columns / 64]
    int32_t sums[2][32][32];           // of the step at hand and of the one before
    Pending pending;
    int turn;  // which of `sums` is the step's
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
        int8_t* tiles = run->values + m / 16 * 2 * kTileBytes + m % 16 * 64;
        float* scale = run->scales + m;
        for (int64_t b = 0; b < run->blocks; b++, scale += run->padded_rows) {
            alignas(64) int8_t values[GLM_COLUMNS] = {};
            const int64_t left = p->matrix->width - b * GLM_COLUMNS;
            if (m < p->rows) {
                glm_quantize_block(p->x + m * p->x_stride + b * GLM_COLUMNS, left < GLM_COLUMNS ? left : GLM_COLUMNS,
                                   values, scale);
            } else {  // the rest of the last tile
                *scale = 0;
            }
            __builtin_memcpy(tiles, values, 64);
            __builtin_memcpy(tiles + kTileBytes, values + 64, 64);
            tiles += run->padded_rows * GLM_COLUMNS;
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

// Scale and add the sums of one row.
inline __attribute__((always_inline)) void add_row(const Pending* pending, int m) {
    float* totals = pending->totals + m * GLM_AMX_PANEL;
    const __m512 x_scale = _mm512_set1_ps(pending->x_scales[m]);
    for (int n = 0; n < 2; n++) {
        const __m512 sums = _mm512_cvtepi32_ps(_mm512_load_si512(pending->sums[m] + 16 * n));
        const __m512 scale = _mm512_mul_ps(pending->weight_scales[n], x_scale);
        _mm512_store_ps(totals + 16 * n, _mm512_fmadd_ps(sums, scale, _mm512_load_ps(totals + 16 * n)));
    }
}

void add_pending(Pending* pending) {
    for (int m = 0; m < pending->rows; m++) add_row(pending, m);
    pending->rows = 0;
}

// What vectors do beside the tiles of a step of 16 * kM rows of activations, a piece at each call.
template <int kM>
struct Beside {
    static constexpr int kRows = kM == 2 ? 2 : 4;  // in 16 or 10 pieces, for up to 32 pending rows
    const Pending pending;                         // a copy, which stays in registers
    const int8_t* next_x;
    int piece;

    inline __attribute__((always_inline)) void operator()() {
        if (piece * kRows < pending.rows) {
            for (int m = piece * kRows; m < (piece + 1) * kRows; m++) add_row(&pending, m);
        }
        if (kM == 2) {
            for (int i = 0; i < 4; i++) _mm_prefetch((const char*)next_x + (4 * piece + i) * 64, _MM_HINT_T0);
        }
        piece++;
        __asm__ volatile("" ::: "memory");  // keeps the compiler from gathering the pieces
    }
};

// Sums of a step: 16 * kM rows of activations times 32 weight rows. Tiles 0-3 hold sums, 4 and 5 activations, 6 and 7
// weights.
template <int kM>
inline __attribute__((always_inline)) void multiply_tiles(const int8_t* x, const int8_t (*weights)[2][kTileBytes],
                                                          int32_t (*sums)[32], Beside<kM> beside) {
#define LOAD(tile, from) _tile_loadd(tile, from, 64); beside()
#define MULTIPLY(sum, a, b) _tile_dpbssd(sum, a, b); beside()
    const int8_t *x0 = x, *x1 = x + 2 * kTileBytes;
    LOAD(4, x0);
    LOAD(6, weights[0][0]);
    _tile_zero(0);
    MULTIPLY(0, 4, 6);
    LOAD(7, weights[1][0]);
    _tile_zero(1);
    MULTIPLY(1, 4, 7);
    if (kM == 2) {
        LOAD(5, x1);
        _tile_zero(2);
        MULTIPLY(2, 5, 6);
        _tile_zero(3);
        MULTIPLY(3, 5, 7);
    }
    LOAD(4, x0 + kTileBytes);
    LOAD(6, weights[0][1]);
    MULTIPLY(0, 4, 6);
    LOAD(7, weights[1][1]);
    MULTIPLY(1, 4, 7);
    if (kM == 2) {
        LOAD(5, x1 + kTileBytes);
        MULTIPLY(2, 5, 6);
    }
    _tile_stored(0, sums[0], 128);
    if (kM == 2) {
        MULTIPLY(3, 5, 7);
        _tile_stored(2, sums[16], 128);
        _tile_stored(3, sums[16] + 16, 128);
    }
    _tile_stored(1, sums[0] + 16, 128);
#undef LOAD
#undef MULTIPLY
}

// One panel's share of a block, for all rows of activations; `next_x` is what the next panel begins with. The sums of the
// last step are left pending.
template <bool kIsInt4>
void multiply_panel(const Run* run, Scratch* scratch, int64_t first_row_block, int num_row_blocks, int64_t block,
                    const int8_t* next_x, float* totals) {
    const GlmMatrix* w = run->product->matrix;
    __m512 weight_scales[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    for (int n = 0; n < num_row_blocks; n++) {
        const int64_t place = (first_row_block + n) * run->blocks + block;
        if (kIsInt4) {
            unpack_int4(w->values + place * GLM_INT4_BLOCK, w->group_scales + place * 32, scratch->weights[n][0]);
        } else {
            unpack_int8(w->values + place * GLM_INT8_BLOCK, scratch->weights[n][0]);
        }
        const uint16_t* scales = w->scales + (kIsInt4 ? place : first_row_block + n) * GLM_ROWS;
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)scales));
        weight_scales[n] = _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    __asm__ volatile("" ::: "memory");  // to GCC 12, loading a tile reads no memory: what was unpacked must be there
    if (block == 0) __builtin_memset(totals, 0, run->padded_rows * GLM_AMX_PANEL * sizeof(float));
    const int64_t rows = run->product->rows;
    for (int64_t m = 0; m < rows; m += 32) {
        const int8_t* x = run->values + (block * run->padded_rows + m) * GLM_COLUMNS;
        const int8_t* next = rows - m > 32 ? x + 32 * GLM_COLUMNS : next_x;
        int32_t(*sums)[32] = scratch->sums[scratch->turn];
        if (rows - m <= 16) {
            multiply_tiles<1>(x, scratch->weights, sums, {scratch->pending, next, 0});
        } else {
            multiply_tiles<2>(x, scratch->weights, sums, {scratch->pending, next, 0});
        }
        scratch->pending = {sums, {weight_scales[0], weight_scales[1]}, run->scales + block * run->padded_rows + m,
                            totals + m * GLM_AMX_PANEL, rows - m <= 16 ? 16 : 32};
        scratch->turn ^= 1;
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
    __builtin_memset(&scratch, 0, sizeof scratch);
    configure_tiles();
    for (int64_t task; (task = glm_next_task(tasks)) >= 0;) {
        const int64_t begin = task * run->panels * 2;
        const int64_t end = begin + run->panels * 2 < row_blocks ? begin + run->panels * 2 : row_blocks;
        for (int64_t b = 0; b < run->blocks; b++) {
            for (int64_t n = begin; n < end; n += 2) {
                const int64_t next_block = n + 2 < end || b + 1 == run->blocks ? b : b + 1;
                const int8_t* next_x = run->values + next_block * run->padded_rows * GLM_COLUMNS;
                multiply_panel<kIsInt4>(run, &scratch, n, end - n >= 2 ? 2 : 1, b, next_x,
                                        totals + (n - begin) / 2 * totals_per_panel);
            }
        }
        add_pending(&scratch.pending);
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
