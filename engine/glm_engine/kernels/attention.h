// Attention over a cached prefix: what the parts of it for each instruction set share.
//
// The context is cut at fixed positions into chunks of 256 and spans of 1,024. The queries that read one key head are
// rows, 16 to a tile. A chunk gives each row a partial sum; partial sums are merged from left to right into that of the
// span, spans from left to right into the result. A row is one lane of a vector, or one row of a hardware tile, from
// beginning to end, and a chunk in which it may see nothing does not touch it. So its bits depend on its query, on the
// keys and values up to its position, and on nothing else: not on the rows beside it, not on threads.
//
// Source: online softmax, arXiv 1805.02867; split over the context as in Flash-Decoding (PyTorch blog, 2023).
#ifndef GLM_ATTENTION_H
#define GLM_ATTENTION_H

#include "kernels.h"

constexpr int kAttentionRows = 16;
constexpr int kAttentionChunk = 256;
constexpr int kAttentionSpanChunks = 4;
constexpr int kAttentionScaleBlock = 32;  // channels of an int8 head that share a scale

enum GlmNumberFormat { GLM_FLOAT32 = 0, GLM_BFLOAT16 = 1, GLM_INT8 = 2 };

// One call. T tokens, the newest of S positions; H query heads, G of them for each of Hkv key heads; head width D.
struct GlmAttention {
    const void* queries;  // (T, H, D) in `format`; a head is contiguous
    int64_t query_stride;  // elements from token to token
    void* output;          // (T, H, D) in `format`, contiguous
    int64_t format;        // float32 or bfloat16
    const void* keys;      // (Hkv, S, D) in `kv_format`; positions are contiguous
    const void* values;
    const uint16_t* key_scales;  // (Hkv, S, D / 32) bfloat16; null unless int8
    const uint16_t* value_scales;
    const float* value_offset;  // (Hkv, D), added to the result of every query head; may be null
    int64_t head_stride;        // positions from head to head in all four
    int64_t kv_format;
    int64_t num_tokens;
    int64_t num_positions;
    int64_t num_kv_heads;
    int64_t group_size;
    int64_t head_dim;
    float scale;  // of the scores
};

// The partial sum of a tile. How `sums` lies in memory is the instruction set's affair.
struct GlmPartial {
    float maxima[kAttentionRows];  // of the scores so far, in powers of two; -inf where a row has seen nothing
    float totals[kAttentionRows];  // of the weights
    float sums[];                  // (16, padded D) or (padded D, 16), of weighted values
};

struct GlmAttentionPath {
    // Bytes of memory that a thread needs, multiples of 64.
    size_t (*scratch_nbytes)(const GlmAttention* call);
    size_t (*tile_nbytes)(const GlmAttention* call);     // of a packed tile of queries
    size_t (*partial_nbytes)(const GlmAttention* call);  // of a GlmPartial
    void (*begin)(void);                                 // on a thread, before anything else
    void (*end)(void);
    void (*pack_tile)(const GlmAttention* call, int64_t kv_head, int64_t tile, void* packed);
    // Make a chunk of keys and values ready in the thread's scratch memory.
    void (*load_chunk)(const GlmAttention* call, int64_t kv_head, int64_t start, void* scratch);
    // Merge what a chunk gives into the partial sums of `num_tiles` tiles, the first of which is number `tile`.
    void (*add_chunk)(const GlmAttention* call, int64_t tile, int64_t num_tiles, const void* packed, int64_t start,
                      void* scratch, void* partials);
    void (*merge)(const GlmAttention* call, GlmPartial* total, const GlmPartial* part);
    void (*write_tile)(const GlmAttention* call, int64_t kv_head, int64_t tile, const GlmPartial* total);
};

extern "C" const GlmAttentionPath glm_attention_portable;
#if GLM_X86
extern "C" const GlmAttentionPath glm_attention_avx2;
extern "C" const GlmAttentionPath glm_attention_avx512;
extern "C" const GlmAttentionPath glm_attention_amx;
#endif

namespace {

inline int64_t rows_of(const GlmAttention* call) { return call->num_tokens * call->group_size; }

// The position of a row of a key head: rows are tokens, and within them the heads of the group.
inline int64_t position_of(const GlmAttention* call, int64_t row) {
    return call->num_positions - call->num_tokens + row / call->group_size;
}

// The offset, in elements, of a row's query in `queries` of this token stride; with stride H * D, of its output.
inline int64_t offset_of(const GlmAttention* call, int64_t kv_head, int64_t row, int64_t stride) {
    return row / call->group_size * stride + (kv_head * call->group_size + row % call->group_size) * call->head_dim;
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// How far each row of a tile may see from `start` on; rows that the tile lacks see what its last one sees.
inline void limits_of(const GlmAttention* call, int64_t tile, int64_t start, int64_t limits[kAttentionRows]) {
    const int64_t last = call->num_positions - 1 - start;
    int64_t limit = position_of(call, tile * kAttentionRows) - start;
    int64_t member = tile * kAttentionRows % call->group_size;
    for (int i = 0; i < kAttentionRows; i++) {
        limits[i] = smaller(limit, last);
        if (++member == call->group_size) member = 0, limit++;
    }
}

inline float float_of(uint16_t bits) {
    union {
        uint32_t u;
        float f;
    } both = {(uint32_t)bits << 16};
    return both.f;
}

// To the nearest, ties to even; NaN stays NaN.
inline uint16_t bfloat16_of(float value) {
    union {
        float f;
        uint32_t u;
    } both = {value};
    if (value != value) return 0x7fc0;
    return (uint16_t)((both.u + 0x7fff + (both.u >> 16 & 1)) >> 16);
}

}  // namespace

#endif
