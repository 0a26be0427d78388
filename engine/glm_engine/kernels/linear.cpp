// Products: how much memory one needs, and which instruction set computes it.
#include "linear.h"

namespace {

// Up to so many rows the instruction set before AMX is as fast or faster; measured.
constexpr int64_t kMaxVnniRows = 8;

bool uses_amx(int instruction_set, int64_t rows) { return instruction_set >= GLM_AMX && rows > kMaxVnniRows; }

int64_t at_a_time(int64_t rows) { return rows < GLM_AMX_MAX_ROWS ? rows : GLM_AMX_MAX_ROWS; }

}  // namespace

// Bytes that `glm_linear` needs for scratch, whatever instruction set it uses.
GLM_EXPORT int64_t glm_linear_workspace_bytes(int64_t rows, int64_t width, int num_threads) {
    rows = at_a_time(rows);
    const int64_t blocks = glm_ceil_div(width, GLM_COLUMNS), padded = glm_ceil_div(rows, 32) * 32;
    const int64_t activations = glm_align(padded * blocks * GLM_COLUMNS) + glm_align(padded * blocks * 4);
    const int64_t offsets = glm_align(rows * blocks * GLM_GROUPS * 4);
    const int64_t totals = num_threads * glm_amx_panels(rows) * padded * GLM_AMX_PANEL * 4;
    return activations + (rows > kMaxVnniRows && totals > offsets ? totals : offsets);
}

// y = x W^T + bias, rounded to bf16. `instruction_set` is one of GlmInstructionSet and lowered to what runs here.
GLM_EXPORT void glm_linear(const GlmMatrix* matrix, const uint16_t* x, int64_t x_stride, const uint16_t* bias,
                           uint16_t* y, int64_t y_stride, int64_t rows, uint8_t* workspace, int num_threads,
                           int instruction_set) {
    if (instruction_set > glm_instruction_set()) instruction_set = glm_instruction_set();
    for (int64_t first = 0; first < rows; first += GLM_AMX_MAX_ROWS) {
        const GlmProduct product = {matrix,   x + first * x_stride,    x_stride,  bias,       y + first * y_stride,
                                    y_stride, at_a_time(rows - first), workspace, num_threads};
        if (uses_amx(instruction_set, product.rows)) {
            glm_linear_amx(&product);
        } else if (instruction_set >= GLM_AVX512) {
            glm_linear_avx512(&product);
        } else if (instruction_set == GLM_AVX2) {
            glm_linear_avx2(&product);
        } else {
            glm_linear_portable(&product);
        }
    }
}
