// Attention in the vector types of the compiler, for any processor.
#include <math.h>
#include <stdint.h>

namespace {

struct Lanes {
    typedef float Vector __attribute__((vector_size(64)));
    typedef int32_t Integers __attribute__((vector_size(64)));

    static inline Vector set(float x) { return Vector{} + x; }
    static inline Vector load(const float* p) { return *(const Vector*)p; }
    static inline void store(float* p, Vector x) { *(Vector*)p = x; }
    static inline Vector add(Vector a, Vector b) { return a + b; }
    static inline Vector subtract(Vector a, Vector b) { return a - b; }
    static inline Vector multiply(Vector a, Vector b) { return a * b; }
    static inline Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }
    static inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
    static inline Vector hide_above(Vector last, float key, Vector x) { return last < key ? set(-INFINITY) : x; }
    static inline Vector if_empty(Vector maxima, Vector a, Vector b) { return maxima == -INFINITY ? a : b; }
    static Vector power_of_two(Vector x);
};

}  // namespace

#include "attention_lanes.h"

namespace {

Lanes::Vector Lanes::power_of_two(Vector x) {
    const Vector bounded = x > 127.0f ? set(127.0f) : (x < -126.0f ? set(-126.0f) : x);
    const Vector shifter = set(12582912.0f);  // 1.5 * 2^23: the sum has no room for a fraction
    const Vector whole = (bounded + shifter) - shifter;
    const Vector rest = bounded - whole;
    Vector y = set(kPowers[6]);
    for (int i = 5; i >= 0; i--) y = y * rest + set(kPowers[i]);
    const Vector integral = whole == whole ? whole : set(0);
    y *= (Vector)((__builtin_convertvector(integral, Integers) + 127) << 23);
    return x < -126.0f ? set(0) : y;
}

}  // namespace

extern "C" const GlmAttentionPath glm_attention_portable = GLM_ATTENTION_PATH;
