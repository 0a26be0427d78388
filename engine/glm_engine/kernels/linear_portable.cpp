// Products in plain C, for any processor: what the other files are compared with.
#include "linear.h"

namespace {

// Sums of one block: 16 weight rows times one row of activations.
void int4_sums(const uint8_t* values, const uint8_t* group_scales, const int8_t* x, const int32_t* offsets,
               int32_t* sums) {
    for (int r = 0; r < GLM_ROWS; r++) sums[r] = 0;
    for (int g = 0; g < GLM_GROUPS; g++) {
        int32_t group[GLM_ROWS];
        for (int r = 0; r < GLM_ROWS; r++) group[r] = offsets[g];
        for (int line = 0; line < 4; line++, values += 64, x += 8) {
            for (int r = 0; r < GLM_ROWS; r++) {
                for (int i = 0; i < 4; i++) {
                    const int pair = values[r * 4 + i];
                    group[r] += (pair & 15) * x[i] + (pair >> 4) * x[4 + i];
                }
            }
        }
        for (int r = 0; r < GLM_ROWS; r++) {
            const int scale = group_scales[g / 2 * 16 + r] >> (g % 2 * 4) & 15;
            sums[r] += group[r] * scale;
        }
    }
}

void int8_sums(const uint8_t* values, const int8_t* x, const int32_t* offsets, int32_t* sums) {
    const int32_t offset = 16 * (offsets[0] + offsets[1] + offsets[2] + offsets[3]);
    for (int r = 0; r < GLM_ROWS; r++) sums[r] = offset;
    for (int line = 0; line < 32; line++, values += 64, x += 4) {
        for (int r = 0; r < GLM_ROWS; r++) {
            for (int i = 0; i < 4; i++) sums[r] += values[r * 4 + i] * x[i];
        }
    }
}

void multiply(void* context, GlmTasks* tasks) {
    const GlmLinearRun* run = (const GlmLinearRun*)context;
    const GlmProduct* p = run->product;
    const GlmMatrix* w = p->matrix;
    const GlmActivations* a = &run->activations;
    const int64_t blocks = a->num_blocks;
    for (int64_t n; (n = glm_next_task(tasks)) >= 0;) {
        for (int64_t m = 0; m < p->rows; m++) {
            float totals[GLM_ROWS] = {0};
            for (int64_t b = 0; b < blocks; b++) {
                const int64_t block = n * blocks + b;
                const int8_t* x = a->values + (b * a->rows + m) * GLM_COLUMNS;
                const int32_t* offsets = a->offsets + (b * a->rows + m) * GLM_GROUPS;
                int32_t sums[GLM_ROWS];
                if (w->group_scales != nullptr) {
                    int4_sums(w->values + block * GLM_INT4_BLOCK, w->group_scales + block * 32, x, offsets, sums);
                } else {
                    int8_sums(w->values + block * GLM_INT8_BLOCK, x, offsets, sums);
                }
                const uint16_t* scales = w->scales + (w->group_scales != nullptr ? block : n) * GLM_ROWS;
                const float scale = a->scales[b * a->rows + m];
                for (int r = 0; r < GLM_ROWS; r++) {
                    totals[r] = __builtin_fmaf((float)sums[r], glm_float(scales[r]) * scale, totals[r]);
                }
            }
            glm_store(p, m, n * GLM_ROWS, totals);
        }
    }
}

}  // namespace

void glm_linear_portable(const GlmProduct* product) { glm_run_linear(product, multiply); }
