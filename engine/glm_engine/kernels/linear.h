// Products of bf16 activations with int4 and int8 matrices: what the files for each instruction set share.
//
// A matrix W (height, width) lies in blocks of 16 rows and 128 columns, both padded with zeros. Within a block, 64
// bytes hold 4 columns of 16 rows as int8 (w + 128), or 8 columns of 16 rows as int4 (q = w + 8; columns 0-3 in the low
// nibbles, 4-7 in the high ones), which is the order that a VNNI instruction multiplies and, unpacked, that an AMX tile
// holds. An int4 weight is (q - 8) * group scale * block scale: groups of 32 columns of a row have integer scales of 0
// to 15, blocks of 128 columns of a row have bf16 scales. An int8 weight is (w - 128) * the row's bf16 scale.
//
// Activations are quantised to int8 by blocks of 128 of a row. Within a block everything is integer and exact; blocks
// are then added from first to last, as fma(float(sum), activation scale * weight scale, total). That order is the
// contract: it makes a row's result the same bits in every instruction set, for any number of rows and threads.
#ifndef GLM_LINEAR_H
#define GLM_LINEAR_H

#include "kernels.h"

#define GLM_ROWS 16       // of a block of weights
#define GLM_COLUMNS 128   // of a block of weights
#define GLM_GROUPS 4      // of a block, 32 columns each
#define GLM_INT4_BLOCK 1024  // bytes of a block's values
#define GLM_INT8_BLOCK 2048

struct GlmMatrix {
    int64_t height;
    int64_t width;
    const uint8_t* values;        // [height / 16][width / 128][1024 or 2048]
    const uint16_t* scales;       // bf16; int4: [height / 16][width / 128][16], int8: [height / 16][16]
    const uint8_t* group_scales;  // int4: [height / 16][width / 128][32], byte r holds groups 0 and 1 of row r, byte
                                  // 16 + r groups 2 and 3, the even group in the low nibble; int8: null
};

// One product. Row m of `x` starts at x + m * x_stride, likewise `y`; strides are in elements.
struct GlmProduct {
    const struct GlmMatrix* matrix;
    const uint16_t* x;  // bf16 (rows, width)
    int64_t x_stride;
    const uint16_t* bias;  // bf16 (height), or null
    uint16_t* y;           // bf16 (rows, height)
    int64_t y_stride;
    int64_t rows;
    uint8_t* workspace;  // glm_linear_workspace_bytes, at a cache line
    int num_threads;
};

// What a product keeps in its workspace for the instruction sets before AMX. Rows are next to each other within a block:
// rows of 4096 bytes apart would fall into one set of the first-level cache.
struct GlmActivations {
    int8_t* values;      // (blocks, rows, 128)
    float* scales;       // (blocks, rows)
    int32_t* offsets;    // (blocks, rows, 4): -8 times the sum of each group of 32
    int64_t num_blocks;  // of a row
    int64_t rows;
};

void glm_linear_portable(const struct GlmProduct* product);
void glm_linear_avx2(const struct GlmProduct* product);
void glm_linear_avx512(const struct GlmProduct* product);
void glm_linear_amx(const struct GlmProduct* product);

static inline int64_t glm_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t glm_align(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// The part of a workspace that the AMX path adds: accumulators of each thread.
#define GLM_AMX_MAX_ROWS 512      // rows of activations computed at a time
#define GLM_AMX_MAX_PANELS 8      // panels of 32 weight rows that share one pass over the activations
#define GLM_AMX_PANEL 32
static inline int64_t glm_amx_panels(int64_t rows) { return rows <= 64 ? 1 : GLM_AMX_MAX_PANELS; }

static inline struct GlmActivations glm_activations(const struct GlmProduct* p) {
    const int64_t blocks = glm_ceil_div(p->matrix->width, GLM_COLUMNS);
    struct GlmActivations a;
    a.num_blocks = blocks;
    a.rows = p->rows;
    a.values = (int8_t*)p->workspace;
    a.scales = (float*)(p->workspace + p->rows * blocks * GLM_COLUMNS);
    a.offsets = (int32_t*)((uint8_t*)a.scales + glm_align(p->rows * blocks * 4));
    return a;
}

static inline float glm_float_of_bits(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}

static inline float glm_float(uint16_t bf16) { return glm_float_of_bits((uint32_t)bf16 << 16); }

// To the nearest bf16, ties to even; NaN stays NaN.
static inline uint16_t glm_bf16(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// Quantise `count` <= 128 activations; the rest of the 128 values is zero. Blocks whose largest magnitude is below
// 2^-120 become zero, since its reciprocal would overflow; NaN and infinity make the scale NaN, and so the result.
static inline void glm_quantize_block(const uint16_t* x, int64_t count, int8_t* values, float* scale) {
    uint16_t padded[GLM_COLUMNS];
    if (count < GLM_COLUMNS) {
        __builtin_memset(padded, 0, sizeof padded);
        __builtin_memcpy(padded, x, (size_t)count * 2);
        x = padded;
    }
    uint16_t largest = 0;  // magnitudes of bf16 are ordered as integers
    for (int i = 0; i < GLM_COLUMNS; i++) {
        const uint16_t magnitude = x[i] & 0x7fff;
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest >= 0x7f80 || largest < 0x380) {  // not finite, or below 2^-120
        __builtin_memset(values, 0, GLM_COLUMNS);
        *scale = largest >= 0x7f80 ? __builtin_nanf("") : 0.0f;
        return;
    }
    const float factor = 127.0f / glm_float(largest);
    *scale = glm_float(largest) / 127.0f;
    for (int i = 0; i < GLM_COLUMNS; i++) values[i] = (int8_t)(int32_t)__builtin_rintf(glm_float(x[i]) * factor);
}

static inline void glm_quantize_row(const struct GlmProduct* p, const struct GlmActivations* a, int64_t row) {
    const uint16_t* x = p->x + row * p->x_stride;
    for (int64_t b = 0; b < a->num_blocks; b++) {
        const int64_t left = p->matrix->width - b * GLM_COLUMNS, place = b * a->rows + row;
        int8_t* values = a->values + place * GLM_COLUMNS;
        glm_quantize_block(x + b * GLM_COLUMNS, left < GLM_COLUMNS ? left : GLM_COLUMNS, values, &a->scales[place]);
        for (int g = 0; g < GLM_GROUPS; g++) {
            int32_t sum = 0;
            for (int i = 0; i < 32; i++) sum += values[g * 32 + i];
            a->offsets[place * GLM_GROUPS + g] = -8 * sum;
        }
    }
}

// Add the bias and store `count` <= 16 neighbours of one row of y.
static inline void glm_store(const struct GlmProduct* p, int64_t row, int64_t column, const float* values) {
    const int64_t left = p->matrix->height - column;
    const int count = (int)(left < GLM_ROWS ? left : GLM_ROWS);
    uint16_t* y = p->y + row * p->y_stride + column;
    for (int i = 0; i < count; i++) y[i] = glm_bf16(p->bias ? values[i] + glm_float(p->bias[column + i]) : values[i]);
}

// Quantise all rows, then run `body` over the blocks of 16 weight rows.
struct GlmLinearRun {
    const struct GlmProduct* product;
    struct GlmActivations activations;
};

static inline void glm_quantize_rows(void* context, struct GlmTasks* tasks) {
    const struct GlmLinearRun* run = (const struct GlmLinearRun*)context;
    for (int64_t row; (row = glm_next_task(tasks)) >= 0;) glm_quantize_row(run->product, &run->activations, row);
}

static inline void glm_run_linear(const struct GlmProduct* p, void (*body)(void*, struct GlmTasks*)) {
    struct GlmLinearRun run = {p, glm_activations(p)};
    glm_run_parallel(p->rows >= 8 ? p->num_threads : 1, p->rows, glm_quantize_rows, &run);
    glm_run_parallel(p->num_threads, glm_ceil_div(p->matrix->height, GLM_ROWS), body, &run);
}

#endif
