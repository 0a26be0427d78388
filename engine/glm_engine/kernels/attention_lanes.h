// Attention where each row of a tile is one lane of a vector of 16 floats, whatever the processor makes of such a
// vector. Every file that includes this defines `Lanes` for its instruction set first, and names what comes out.
//
// A packed tile is (D, 16) floats, and so is the sum of a partial; both are padded to a multiple of four rows.
#include "attention.h"

#include <math.h>
#include <string.h>

namespace {

constexpr int kStep = 4;  // keys, or channels of values, whose sums are held in registers at a time

struct Scratch {
    float* keys;    // (chunk, padded D)
    float* values;  // likewise
    float* scores;  // (chunk, 16); weights later
    GlmPartial* part;
};

int64_t padded_dim(const GlmAttention* call) { return (call->head_dim + kStep - 1) / kStep * kStep; }

size_t tile_nbytes(const GlmAttention* call) { return padded_dim(call) * kAttentionRows * sizeof(float); }

size_t partial_nbytes(const GlmAttention* call) { return sizeof(GlmPartial) + tile_nbytes(call); }

size_t scratch_nbytes(const GlmAttention* call) {
    return (2 * padded_dim(call) + kAttentionRows) * kAttentionChunk * sizeof(float) + partial_nbytes(call);
}

Scratch scratch_of(const GlmAttention* call, void* memory) {
    Scratch scratch;
    scratch.keys = (float*)memory;
    scratch.values = scratch.keys + kAttentionChunk * padded_dim(call);
    scratch.scores = scratch.values + kAttentionChunk * padded_dim(call);
    scratch.part = (GlmPartial*)(scratch.scores + kAttentionChunk * kAttentionRows);
    return scratch;
}

void begin() {}

void pack_tile(const GlmAttention* call, int64_t kv_head, int64_t tile, void* packed) {
    float* lanes = (float*)packed;
    memset(lanes, 0, tile_nbytes(call));
    const int64_t count = smaller(kAttentionRows, rows_of(call) - tile * kAttentionRows);
    for (int64_t i = 0; i < count; i++) {
        const int64_t offset = offset_of(call, kv_head, tile * kAttentionRows + i, call->query_stride);
        for (int64_t d = 0; d < call->head_dim; d++) {
            lanes[d * kAttentionRows + i] = call->format == GLM_FLOAT32
                                                ? ((const float*)call->queries)[offset + d]
                                                : float_of(((const uint16_t*)call->queries)[offset + d]);
        }
    }
}

void load_positions(const GlmAttention* call, const void* from, const uint16_t* scales, int64_t position,
                    int64_t count, float* to) {
    const int64_t dim = call->head_dim, padded = padded_dim(call);
    memset(to, 0, (count + kStep - 1) / kStep * kStep * padded * sizeof(float));
    for (int64_t i = 0; i < count; i++, position++, to += padded) {
        if (call->kv_format == GLM_FLOAT32) {
            memcpy(to, (const float*)from + position * dim, dim * sizeof(float));
        } else if (call->kv_format == GLM_BFLOAT16) {
            const uint16_t* values = (const uint16_t*)from + position * dim;
            for (int64_t d = 0; d < dim; d++) to[d] = float_of(values[d]);
        } else {
            const int8_t* values = (const int8_t*)from + position * dim;
            const uint16_t* row_scales = scales + position * (dim / kAttentionScaleBlock);
            for (int64_t d = 0; d < dim; d += kAttentionScaleBlock) {
                const float scale = float_of(row_scales[d / kAttentionScaleBlock]);
                for (int64_t e = d; e < d + kAttentionScaleBlock; e++) to[e] = (float)values[e] * scale;
            }
        }
    }
}

void load_chunk(const GlmAttention* call, int64_t kv_head, int64_t start, void* memory) {
    const Scratch scratch = scratch_of(call, memory);
    const int64_t count = smaller(kAttentionChunk, call->num_positions - start);
    const int64_t position = kv_head * call->head_stride + start;
    load_positions(call, call->keys, call->key_scales, position, count, scratch.keys);
    load_positions(call, call->values, call->value_scales, position, count, scratch.values);
}

// scores[key][row] of `count` keys, a multiple of four.
void compute_scores(const float* queries, const float* keys, int64_t dim, int64_t count, float* scores) {
    for (int64_t key = 0; key < count; key += kStep, keys += kStep * dim, scores += kStep * kAttentionRows) {
        Lanes::Vector sums[kStep] = {Lanes::set(0), Lanes::set(0), Lanes::set(0), Lanes::set(0)};
        for (int64_t d = 0; d < dim; d++) {
            const Lanes::Vector query = Lanes::load(queries + d * kAttentionRows);
            for (int i = 0; i < kStep; i++) sums[i] = Lanes::multiply_add(Lanes::set(keys[i * dim + d]), query, sums[i]);
        }
        for (int i = 0; i < kStep; i++) Lanes::store(scores + i * kAttentionRows, sums[i]);
    }
}

// Make scores weights, in place; fills maxima and totals of `part`.
void weigh(const GlmAttention* call, int64_t tile, int64_t start, int64_t count, float* scores, GlmPartial* part) {
    int64_t limits[kAttentionRows];
    alignas(64) float float_limits[kAttentionRows];
    limits_of(call, tile, start, limits);
    for (int i = 0; i < kAttentionRows; i++) float_limits[i] = (float)limits[i];
    const Lanes::Vector last = Lanes::load(float_limits);
    Lanes::Vector maxima = Lanes::set(-INFINITY), totals = Lanes::set(0);
    for (int64_t key = 0; key < count; key++) {
        Lanes::Vector score = Lanes::load(scores + key * kAttentionRows);
        if (key > limits[0]) {
            score = Lanes::hide_above(last, (float)key, score);
            Lanes::store(scores + key * kAttentionRows, score);
        }
        maxima = Lanes::larger(score, maxima);
    }
    // Only a row whose keys all come later has seen nothing; one whose scores are all NaN has seen NaN.
    maxima = Lanes::if_empty(maxima, Lanes::hide_above(last, 0, Lanes::set(NAN)), maxima);
    const Lanes::Vector scale = Lanes::set(call->scale * 1.44269504f);
    maxima = Lanes::multiply(maxima, scale);
    const Lanes::Vector shift = Lanes::subtract(Lanes::set(0), Lanes::if_empty(maxima, Lanes::set(0), maxima));
    for (int64_t key = 0; key < count; key++) {
        const Lanes::Vector score = Lanes::load(scores + key * kAttentionRows);
        const Lanes::Vector weight = Lanes::power_of_two(Lanes::multiply_add(score, scale, shift));
        totals = Lanes::add(totals, weight);
        Lanes::store(scores + key * kAttentionRows, weight);
    }
    Lanes::store(part->maxima, maxima);
    Lanes::store(part->totals, totals);
}

void weighted_sums(const float* weights, const float* values, int64_t dim, int64_t count, float* sums) {
    for (int64_t d = 0; d < dim; d += kStep) {
        Lanes::Vector channels[kStep] = {Lanes::set(0), Lanes::set(0), Lanes::set(0), Lanes::set(0)};
        for (int64_t key = 0; key < count; key++) {
            const Lanes::Vector weight = Lanes::load(weights + key * kAttentionRows);
            for (int i = 0; i < kStep; i++) {
                channels[i] = Lanes::multiply_add(Lanes::set(values[key * dim + d + i]), weight, channels[i]);
            }
        }
        for (int i = 0; i < kStep; i++) Lanes::store(sums + (d + i) * kAttentionRows, channels[i]);
    }
}

void merge(const GlmAttention* call, GlmPartial* total, const GlmPartial* part) {
    const Lanes::Vector old_maxima = Lanes::load(total->maxima), new_maxima = Lanes::load(part->maxima);
    const Lanes::Vector old_totals = Lanes::load(total->totals), new_totals = Lanes::load(part->totals);
    const Lanes::Vector maxima = Lanes::larger(old_maxima, new_maxima);  // the second, if either is NaN
    const Lanes::Vector safe = Lanes::if_empty(maxima, Lanes::set(0), maxima);
    const Lanes::Vector old_weight = Lanes::power_of_two(Lanes::subtract(old_maxima, safe));
    const Lanes::Vector new_weight = Lanes::power_of_two(Lanes::subtract(new_maxima, safe));
    // A row that sees nothing of the new part keeps its sums, bit for bit.
    Lanes::Vector mixed = Lanes::multiply_add(new_totals, new_weight, Lanes::multiply(old_totals, old_weight));
    mixed = Lanes::if_empty(old_maxima, new_totals, mixed);
    Lanes::store(total->totals, Lanes::if_empty(new_maxima, old_totals, mixed));
    for (int64_t i = 0; i < padded_dim(call) * kAttentionRows; i += kAttentionRows) {
        const Lanes::Vector old_sums = Lanes::load(total->sums + i), new_sums = Lanes::load(part->sums + i);
        mixed = Lanes::multiply_add(new_sums, new_weight, Lanes::multiply(old_sums, old_weight));
        mixed = Lanes::if_empty(old_maxima, new_sums, mixed);
        Lanes::store(total->sums + i, Lanes::if_empty(new_maxima, old_sums, mixed));
    }
    Lanes::store(total->maxima, Lanes::if_empty(new_maxima, old_maxima, maxima));
}

void add_chunk(const GlmAttention* call, int64_t tile, int64_t num_tiles, const void* packed, int64_t start,
               void* memory, void* partials) {
    const Scratch scratch = scratch_of(call, memory);
    const int64_t dim = padded_dim(call);
    for (int64_t i = 0; i < num_tiles; i++) {
        int64_t limits[kAttentionRows];
        limits_of(call, tile + i, start, limits);
        const int64_t seen = smaller(limits[kAttentionRows - 1] + 1, kAttentionChunk);
        const int64_t count = (seen + kStep - 1) / kStep * kStep;
        compute_scores((const float*)((const char*)packed + i * tile_nbytes(call)), scratch.keys, dim, count,
                       scratch.scores);
        weigh(call, tile + i, start, count, scratch.scores, scratch.part);
        weighted_sums(scratch.scores, scratch.values, dim, count, scratch.part->sums);
        merge(call, (GlmPartial*)((char*)partials + i * partial_nbytes(call)), scratch.part);
    }
}

void write_tile(const GlmAttention* call, int64_t kv_head, int64_t tile, const GlmPartial* total) {
    const int64_t dim = call->head_dim;
    const int64_t count = smaller(kAttentionRows, rows_of(call) - tile * kAttentionRows);
    const float* offsets = call->value_offset != nullptr ? call->value_offset + kv_head * dim : nullptr;
    for (int64_t i = 0; i < count; i++) {
        const int64_t stride = call->num_kv_heads * call->group_size * dim;
        const int64_t offset = offset_of(call, kv_head, tile * kAttentionRows + i, stride);
        for (int64_t d = 0; d < dim; d++) {
            float value = total->sums[d * kAttentionRows + i] / total->totals[i];
            if (offsets != nullptr) value += offsets[d];
            if (call->format == GLM_FLOAT32) {
                ((float*)call->output)[offset + d] = value;
            } else {
                ((uint16_t*)call->output)[offset + d] = bfloat16_of(value);
            }
        }
    }
}

// The coefficients of 2^x for |x| <= 1/2: ln(2)^k / k!, within 2^-23. The first is 1, so that 2^0 is.
constexpr float kPowers[] = {1.0f,         0.69314718f,   0.24022651f,  0.05550411f,
                             0.009618129f, 0.0013333558f, 0.0001540353f};

}  // namespace

#define GLM_ATTENTION_PATH                                                                                           \
    {scratch_nbytes, tile_nbytes, partial_nbytes, begin, begin, pack_tile, load_chunk, add_chunk, merge, write_tile}
