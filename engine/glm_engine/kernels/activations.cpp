// What happens to activations between the products: RMSNorm with the residual before it, rotary positions, SwiGLU.
//
// A row is computed by one thread, in one order, and without fused multiplications, so that its bits are the same for any
// number of rows and threads and in every instruction set. The functions are written once, for vectors that the compiler
// makes, and compiled for each.
#include "linear.h"

#include <math.h>

#define GLM_INLINE static inline __attribute__((always_inline))

namespace {

constexpr int kLanes = 16;                // partial sums of a row
constexpr int64_t kRowsOfOneThread = 4;   // so few rows are not worth waking a thread

struct Norm {
    float* hidden;  // (rows, width); `added` is added to it
    const uint16_t* added;  // bf16 (rows, width), or null
    const float* weight;
    uint16_t* output;  // bf16 (rows, width)
    int64_t width;
    float epsilon;
};

struct Rotation {
    uint16_t* heads;  // bf16, a head is contiguous
    int64_t row_stride, head_stride;  // elements
    const float* factors;             // (rows, num_pairs, 2): cosine and sine
    int64_t num_heads, num_pairs;
};

struct SwiGlu {
    const uint16_t* gate_up;  // bf16 (rows, 2 * width), at `stride` elements
    int64_t stride;
    uint16_t* output;  // bf16 (rows, width)
    int64_t width;
};

GLM_INLINE uint16_t rounded(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    const uint32_t finite = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : finite);
}

// e to the power of -x, within 2e-7 of it, from 2^-126 to 2^126.
GLM_INLINE float exp_of_minus(float x) {
    constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which its lowest bits hold
    float power = x * -1.44269504f;
    power = power < -126.0f ? -126.0f : power;  // NaN stays
    power = power > 126.0f ? 126.0f : power;
    const float shifted = power + kMagic;
    const float rest = (power - (shifted - kMagic)) * 0.693147181f;  // -0.35 to 0.35
    float sum = 1.0f / 5040;  // Taylor's series
    sum = sum * rest + 1.0f / 720;
    sum = sum * rest + 1.0f / 120;
    sum = sum * rest + 1.0f / 24;
    sum = sum * rest + 1.0f / 6;
    sum = sum * rest + 0.5f;
    sum = sum * rest + 1.0f;
    sum = sum * rest + 1.0f;
    uint32_t bits;
    __builtin_memcpy(&bits, &shifted, 4);
    return sum * glm_float_of_bits((bits - 0x4b400000u + 127) << 23);
}

GLM_INLINE void norm_row(const Norm* n, int64_t row) {
    float* hidden = n->hidden + row * n->width;
    uint16_t* output = n->output + row * n->width;
    const float* weight = n->weight;
    const int64_t width = n->width, whole = width / kLanes * kLanes;
    if (n->added != nullptr) {
        const uint16_t* added = n->added + row * width;
        for (int64_t i = 0; i < width; i++) hidden[i] += glm_float(added[i]);
    }
    float sums[kLanes] = {};
    for (int64_t i = 0; i < whole; i += kLanes) {
        for (int lane = 0; lane < kLanes; lane++) sums[lane] += hidden[i + lane] * hidden[i + lane];
    }
    for (int64_t i = whole; i < width; i++) sums[i - whole] += hidden[i] * hidden[i];
    for (int half = kLanes / 2; half > 0; half /= 2) {
        for (int lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    }
    const float scale = 1.0f / sqrtf(sums[0] / (float)width + n->epsilon);
    for (int64_t i = 0; i < width; i++) output[i] = rounded(hidden[i] * scale * weight[i]);
}

GLM_INLINE void rotate_row(const Rotation* r, int64_t row) {
    const float* factors = r->factors + row * r->num_pairs * 2;
    for (int64_t h = 0; h < r->num_heads; h++) {
        uint16_t* head = r->heads + row * r->row_stride + h * r->head_stride;
        // A pair is taken as one number: of two, GCC 12 makes a fused multiplication whatever -ffp-contract says.
        for (int64_t i = 0; i < r->num_pairs; i++) {
            uint32_t pair;
            __builtin_memcpy(&pair, head + 2 * i, 4);
            const float x = glm_float_of_bits(pair << 16), y = glm_float_of_bits(pair & 0xffff0000u);
            const float cosine = factors[2 * i], sine = factors[2 * i + 1];
            pair = rounded(x * cosine - y * sine) | (uint32_t)rounded(x * sine + y * cosine) << 16;
            __builtin_memcpy(head + 2 * i, &pair, 4);
        }
    }
}

GLM_INLINE void swiglu_row(const SwiGlu* s, int64_t row) {
    const uint16_t *gate = s->gate_up + row * s->stride, *up = gate + s->width;
    uint16_t* output = s->output + row * s->width;
    for (int64_t i = 0; i < s->width; i++) {
        const float x = glm_float(gate[i]), open = x < -87.0f ? x * 0.0f : x;  // zero; infinity becomes NaN
        output[i] = rounded(open / (1.0f + exp_of_minus(x)) * glm_float(up[i]));
    }
}

// One function for each instruction set, which takes rows until there are none.
#define GLM_ROWS_BODY(name, Kind, row_function)                                                     \
    {                                                                                               \
        for (int64_t row; (row = glm_next_task(tasks)) >= 0;) row_function((const Kind*)call, row); \
    }
#define GLM_ROWS_PORTABLE(name, Kind, row_function) \
    void name##_portable(void* call, GlmTasks* tasks) GLM_ROWS_BODY(name, Kind, row_function)
#if GLM_X86
#define GLM_ROWS_X86(name, Kind, row_function)                                                  \
    __attribute__((target("avx2"))) void name##_avx2(void* call, GlmTasks* tasks)               \
        GLM_ROWS_BODY(name, Kind, row_function)                                                 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))) void  \
        name##_avx512(void* call, GlmTasks* tasks) GLM_ROWS_BODY(name, Kind, row_function)
#define GLM_BEST(name, set) \
    ((set) >= GLM_AVX512 ? name##_avx512 : (set) == GLM_AVX2 ? name##_avx2 : name##_portable)
#else
#define GLM_ROWS_X86(name, Kind, row_function)
#define GLM_BEST(name, set) ((void)(set), name##_portable)
#endif

GLM_ROWS_PORTABLE(norm, Norm, norm_row)
GLM_ROWS_X86(norm, Norm, norm_row)
GLM_ROWS_PORTABLE(rotate, Rotation, rotate_row)
GLM_ROWS_X86(rotate, Rotation, rotate_row)
GLM_ROWS_PORTABLE(swiglu, SwiGlu, swiglu_row)
GLM_ROWS_X86(swiglu, SwiGlu, swiglu_row)

int available(int instruction_set) {
    const int best = glm_instruction_set();
    return instruction_set < best ? instruction_set : best;
}

void run(int num_threads, int64_t rows, void (*body)(void*, GlmTasks*), void* call) {
    glm_run_parallel(rows <= kRowsOfOneThread ? 1 : num_threads, rows, body, call);
}

}  // namespace

// hidden += added, then output = hidden / sqrt(mean(hidden^2) + epsilon) * weight. `added` may be null.
GLM_EXPORT void glm_add_norm(float* hidden, const uint16_t* added, const float* weight, uint16_t* output, int64_t rows,
                             int64_t width, float epsilon, int num_threads, int instruction_set) {
    Norm call = {hidden, added, weight, output, width, epsilon};
    run(num_threads, rows, GLM_BEST(norm, available(instruction_set)), &call);
}

// Rotate the first pairs of each head in place: (x, y) to (x cos - y sin, x sin + y cos).
GLM_EXPORT void glm_rotate(uint16_t* heads, int64_t row_stride, int64_t head_stride, const float* factors, int64_t rows,
                           int64_t num_heads, int64_t num_pairs, int num_threads, int instruction_set) {
    Rotation call = {heads, row_stride, head_stride, factors, num_heads, num_pairs};
    run(num_threads, rows, GLM_BEST(rotate, available(instruction_set)), &call);
}

// output = gate / (1 + exp(-gate)) * up.
GLM_EXPORT void glm_swiglu(const uint16_t* gate_up, int64_t stride, uint16_t* output, int64_t rows, int64_t width,
                           int num_threads, int instruction_set) {
    SwiGlu call = {gate_up, stride, output, width};
    run(num_threads, rows, GLM_BEST(swiglu, available(instruction_set)), &call);
}
