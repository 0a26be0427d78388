// Attention on AMX tiles: bfloat16 products summed in float32.
//
// Scores are computed transposed, keys times queries, so that keys are read as they lie in the cache and a row is a
// lane. Weights are then transposed to be the left side of the second product; values are laid in pairs, which costs
// 32 channels two shuffles a pair of keys, once for all rows. That leaves the channels of each 32 in an order
// of its own, undone when a result is written.
//
// A packed tile is (D / 2, 16, 2) bfloat16; the sum of a partial is (16, D) floats.
#include "kernels.h"

#if GLM_X86
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "attention.h"

namespace {

constexpr int kTile = 16;         // rows of a hardware tile, each of 64 bytes
constexpr int kTileBytes = 1024;  // of a tile whose rows follow each other
constexpr int kPair = 2 * kTile;  // keys, or channels, of two tiles

struct Scratch {
    uint16_t* keys;  // (chunk, D), where they are not read from the cache; else the last few, padded
    uint16_t* values;  // (chunk / 2, D, 2), pairs of keys
    float* scores;     // (2 tiles, chunk, 16)
    uint16_t* weights;  // (2 tiles, 16, chunk)
    GlmPartial* parts;  // two
    const uint16_t** key_tiles;  // (chunk / 16), where each 16 keys are
};

size_t tile_nbytes(const GlmAttention* call) { return call->head_dim * kAttentionRows * sizeof(uint16_t); }

size_t partial_nbytes(const GlmAttention* call) {
    return sizeof(GlmPartial) + call->head_dim * kAttentionRows * sizeof(float);
}

constexpr size_t kKeyTilesBytes = kAttentionChunk / kTile * sizeof(uint16_t*);

size_t scratch_nbytes(const GlmAttention* call) {
    return kAttentionChunk * (2 * call->head_dim * sizeof(uint16_t) + 2 * kAttentionRows * (sizeof(float) + 2)) +
           2 * partial_nbytes(call) + kKeyTilesBytes;
}

Scratch scratch_of(const GlmAttention* call, void* memory) {
    Scratch scratch;
    scratch.keys = (uint16_t*)memory;
    scratch.values = scratch.keys + kAttentionChunk * call->head_dim;
    scratch.scores = (float*)(scratch.values + kAttentionChunk * call->head_dim);
    scratch.weights = (uint16_t*)(scratch.scores + 2 * kAttentionChunk * kAttentionRows);
    scratch.parts = (GlmPartial*)(scratch.weights + 2 * kAttentionChunk * kAttentionRows);
    scratch.key_tiles = (const uint16_t**)((char*)scratch.parts + 2 * partial_nbytes(call));
    return scratch;
}

GlmPartial* at(const GlmAttention* call, void* partials, int64_t index) {
    return (GlmPartial*)((char*)partials + index * partial_nbytes(call));
}

void begin() {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_nbytes[16];
        uint8_t rows[16];
    } config;
    memset(&config, 0, sizeof config);
    config.palette = 1;
    for (int i = 0; i < 8; i++) config.row_nbytes[i] = 64, config.rows[i] = kTile;
    // GCC 12 takes the instruction to read 8 bytes, and drops the stores to the others.
    __asm__ volatile("" ::"r"(&config) : "memory");
    _tile_loadconfig(&config);
}

void end() { _tile_release(); }

// Transpose 16 by 16 numbers of 32 bits.
inline void transpose(__m512i r[16]) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 16; i += 8) {
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    }
    for (int j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
        r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd);
    }
}

void pack_tile(const GlmAttention* call, int64_t kv_head, int64_t tile, void* packed) {
    const int64_t count = smaller(kAttentionRows, rows_of(call) - tile * kAttentionRows);
    const uint16_t* rows[kAttentionRows];
    for (int64_t i = 0; i < count; i++) {
        rows[i] = (const uint16_t*)call->queries +
                  offset_of(call, kv_head, tile * kAttentionRows + i, call->query_stride);
    }
    for (int64_t d = 0; d < call->head_dim; d += kPair) {
        __m512i square[16];
        for (int64_t i = 0; i < 16; i++) {
            square[i] = i < count ? _mm512_loadu_si512(rows[i] + d) : _mm512_setzero_si512();
        }
        transpose(square);
        for (int64_t i = 0; i < 16; i++) _mm512_store_si512((uint16_t*)packed + d * kAttentionRows + i * kPair, square[i]);
    }
}

// 32 channels of one key or value as bfloat16.
inline __m512i load_channels(const GlmAttention* call, const void* from, const uint16_t* scales, int64_t offset) {
    if (call->kv_format == GLM_BFLOAT16) return _mm512_loadu_si512((const uint16_t*)from + offset);
    const __m128i* values = (const __m128i*)((const int8_t*)from + offset);
    const __m512 scale = _mm512_set1_ps(float_of(scales[offset / kAttentionScaleBlock]));
    const __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(values)));
    const __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(values + 1)));
    return (__m512i)_mm512_cvtne2ps_pbh(_mm512_mul_ps(high, scale), _mm512_mul_ps(low, scale));
}

// Where each 16 keys of the chunk can be read as a tile; those that cannot be read in place are copied.
void load_keys(const GlmAttention* call, int64_t position, int64_t count, const Scratch* scratch) {
    const int64_t dim = call->head_dim;
    for (int64_t key = 0; key < count; key += kTile) {
        const bool in_place = call->kv_format == GLM_BFLOAT16 && key + kTile <= count;
        uint16_t* copy = scratch->keys + key * dim;
        scratch->key_tiles[key / kTile] =
            in_place ? (const uint16_t*)call->keys + (position + key) * dim : copy;
        for (int64_t i = key; !in_place && i < key + kTile; i++, copy += dim) {
            for (int64_t d = 0; d < dim; d += kPair) {
                const __m512i channels = i < count ? load_channels(call, call->keys, call->key_scales, (position + i) * dim + d)
                                                   : _mm512_setzero_si512();
                _mm512_store_si512(copy + d, channels);
            }
        }
    }
}

void load_values(const GlmAttention* call, int64_t position, int64_t count, const Scratch* scratch) {
    const int64_t dim = call->head_dim, padded = (count + kPair - 1) / kPair * kPair;
    const int64_t key_nbytes = call->kv_format == GLM_BFLOAT16 ? 2 * dim : dim;
    const char* next_keys = (const char*)call->keys + (position + kAttentionChunk) * key_nbytes;
    uint16_t* to = scratch->values;
    for (int64_t key = 0; key < padded; key += 2, to += 2 * dim) {
        // The chunk after this one is wanted next; its keys are on their way while values are computed with.
        for (int64_t i = 0; i < 2 * key_nbytes; i += 64) _mm_prefetch(next_keys + key * key_nbytes + i, _MM_HINT_T1);
        for (int64_t d = 0; d < dim; d += kPair) {
            __m512i first = _mm512_setzero_si512(), second = first;
            const int64_t offset = (position + key) * dim + d;
            if (key < count) first = load_channels(call, call->values, call->value_scales, offset);
            if (key + 1 < count) second = load_channels(call, call->values, call->value_scales, offset + dim);
            _mm512_store_si512(to + 2 * d, _mm512_unpacklo_epi16(first, second));
            _mm512_store_si512(to + 2 * d + kPair, _mm512_unpackhi_epi16(first, second));
        }
    }
}

void load_chunk(const GlmAttention* call, int64_t kv_head, int64_t start, void* memory) {
    const Scratch scratch = scratch_of(call, memory);
    const int64_t count = smaller(kAttentionChunk, call->num_positions - start);
    const int64_t position = kv_head * call->head_stride + start;
    load_keys(call, position, count, &scratch);
    load_values(call, position, count, &scratch);
}

// scores[tile][key][row] of `count` keys, a multiple of 16, for one tile of queries or two.
template <int kTiles>
void compute_scores(const Scratch* scratch, const uint16_t* queries, int64_t dim, int64_t count) {
    const int64_t stride = dim * sizeof(uint16_t);
    const uint16_t* others = queries + dim * kAttentionRows;
    for (int64_t key = 0; key < count; key += kPair) {
        const bool is_pair = key + kTile < count;
        const uint16_t* keys = scratch->key_tiles[key / kTile];
        const uint16_t* more_keys = is_pair ? scratch->key_tiles[key / kTile + 1] : keys;
        _tile_zero(0);
        _tile_zero(1);
        if (kTiles == 2) _tile_zero(2);
        if (kTiles == 2) _tile_zero(3);
        for (int64_t d = 0; d < dim; d += kPair) {
            _tile_loadd(4, keys + d, stride);
            _tile_loadd(5, more_keys + d, stride);
            _tile_loadd(6, queries + d * kAttentionRows, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 5, 6);
            if (kTiles == 2) {
                _tile_loadd(7, others + d * kAttentionRows, 64);
                _tile_dpbf16ps(2, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
            }
        }
        float* scores = scratch->scores + key * kAttentionRows;
        _tile_stored(0, scores, 64);
        if (is_pair) _tile_stored(1, scores + kTile * kAttentionRows, 64);
        if (kTiles == 2) {
            scores += kAttentionChunk * kAttentionRows;
            _tile_stored(2, scores, 64);
            if (is_pair) _tile_stored(3, scores + kTile * kAttentionRows, 64);
        }
    }
}

// 2^x; 0 below 2^-126, exactly 1 at 0, NaN for NaN.
inline __m512 power_of_two(__m512 x) {
    const __mmask16 is_kept = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-126), _CMP_NLT_UQ);
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 rest = _mm512_sub_ps(x, whole);
    __m512 y = _mm512_set1_ps(0.0013333558f);  // ln(2)^k / k!: within 2^-20, and a weight keeps 8 bits
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(0.009618129f));
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(0.05550411f));
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(0.24022651f));
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(0.69314718f));
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(1));
    return _mm512_maskz_scalef_ps(is_kept, y, whole);
}

inline __m512 if_empty(__m512 maxima, __m512 a, __m512 b) {
    return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(maxima, _mm512_set1_ps(-INFINITY), _CMP_EQ_OQ), a);
}

// The largest score of each row, after scores beyond a row's limit are made -inf.
__m512 mask_and_find_maxima(const GlmAttention* call, int64_t tile, int64_t start, int64_t count, float* scores) {
    int64_t limits[kAttentionRows];
    alignas(64) int32_t last[kAttentionRows];
    limits_of(call, tile, start, limits);
    for (int i = 0; i < kAttentionRows; i++) last[i] = (int32_t)limits[i];
    const __m512i lasts = _mm512_load_si512(last);
    const __m512 empty = _mm512_set1_ps(-INFINITY);
    __m512 maxima[4] = {empty, empty, empty, empty};
    int64_t key = 0;
    for (; key + 4 <= count && key + 3 <= limits[0]; key += 4) {
        for (int i = 0; i < 4; i++) {
            maxima[i] = _mm512_max_ps(_mm512_load_ps(scores + (key + i) * kAttentionRows), maxima[i]);
        }
    }
    for (; key < count; key++) {
        const __mmask16 is_hidden = _mm512_cmplt_epi32_mask(lasts, _mm512_set1_epi32((int32_t)key));
        const __m512 score = _mm512_mask_mov_ps(_mm512_load_ps(scores + key * kAttentionRows), is_hidden, empty);
        _mm512_store_ps(scores + key * kAttentionRows, score);
        maxima[0] = _mm512_max_ps(score, maxima[0]);
    }
    const __m512 largest = _mm512_max_ps(_mm512_max_ps(maxima[0], maxima[1]), _mm512_max_ps(maxima[2], maxima[3]));
    // Only a row whose keys all come later has seen nothing; one whose scores are all NaN has seen NaN.
    const __mmask16 has_keys = _mm512_cmpge_epi32_mask(lasts, _mm512_setzero_si512());
    return _mm512_mask_mov_ps(largest, _mm512_mask_cmp_ps_mask(has_keys, largest, empty, _CMP_EQ_OQ), _mm512_set1_ps(NAN));
}

// weights[row][key] of `count` keys, a multiple of 32; fills maxima and totals of `part`.
void weigh(const GlmAttention* call, int64_t tile, int64_t start, int64_t count, float* scores, uint16_t* weights,
           GlmPartial* part) {
    const __m512 scale = _mm512_set1_ps(call->scale * 1.44269504f);
    const __m512 maxima = _mm512_mul_ps(mask_and_find_maxima(call, tile, start, count, scores), scale);
    const __m512 shift = _mm512_sub_ps(_mm512_setzero_ps(), if_empty(maxima, _mm512_setzero_ps(), maxima));
    __m512 even_totals = _mm512_setzero_ps(), odd_totals = even_totals;
    const __m512i interleaved = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7,
                                                 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    for (int64_t key = 0; key < count; key += kPair) {
        __m512i square[16];
        for (int i = 0; i < 16; i++) {
            const float* pair = scores + (key + 2 * i) * kAttentionRows;
            const __m512 even = power_of_two(_mm512_fmadd_ps(_mm512_load_ps(pair), scale, shift));
            const __m512 odd = power_of_two(_mm512_fmadd_ps(_mm512_load_ps(pair + kAttentionRows), scale, shift));
            even_totals = _mm512_add_ps(even_totals, even);
            odd_totals = _mm512_add_ps(odd_totals, odd);
            square[i] = _mm512_permutexvar_epi16(interleaved, (__m512i)_mm512_cvtne2ps_pbh(odd, even));
        }
        transpose(square);
        for (int i = 0; i < 16; i++) _mm512_store_si512(weights + i * kAttentionChunk + key, square[i]);
    }
    _mm512_store_ps(part->maxima, maxima);
    _mm512_store_ps(part->totals, _mm512_add_ps(even_totals, odd_totals));
}

// Sums of 32 channels, for one tile of rows or two.
template <int kTiles>
void sum_channels(const Scratch* scratch, int64_t dim, int64_t count, int64_t d, float* sums, float* more_sums) {
    const int64_t weight_stride = kAttentionChunk * sizeof(uint16_t), pair_stride = 2 * dim * sizeof(uint16_t);
    _tile_zero(0);
    _tile_zero(1);
    if (kTiles == 2) _tile_zero(2);
    if (kTiles == 2) _tile_zero(3);
    for (int64_t key = 0; key < count; key += kPair) {
        const uint16_t* values = scratch->values + key * dim + 2 * d;
        _tile_loadd(4, scratch->weights + key, weight_stride);
        _tile_loadd(6, values, pair_stride);
        _tile_loadd(7, values + kPair, pair_stride);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if (kTiles == 2) {
            _tile_loadd(5, scratch->weights + kAttentionRows * kAttentionChunk + key, weight_stride);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    const int64_t sum_stride = dim * sizeof(float);
    _tile_stored(0, sums + d, sum_stride);
    _tile_stored(1, sums + d + kTile, sum_stride);
    if (kTiles == 2) _tile_stored(2, more_sums + d, sum_stride);
    if (kTiles == 2) _tile_stored(3, more_sums + d + kTile, sum_stride);
}

void merge(const GlmAttention* call, GlmPartial* total, const GlmPartial* part) {
    const __m512 old_maxima = _mm512_load_ps(total->maxima), new_maxima = _mm512_load_ps(part->maxima);
    const __m512 old_totals = _mm512_load_ps(total->totals), new_totals = _mm512_load_ps(part->totals);
    const __m512 maxima = _mm512_max_ps(old_maxima, new_maxima);  // the second, if either is NaN
    const __m512 safe = if_empty(maxima, _mm512_setzero_ps(), maxima);
    const __m512 old_weights = power_of_two(_mm512_sub_ps(old_maxima, safe));
    const __m512 new_weights = power_of_two(_mm512_sub_ps(new_maxima, safe));
    __m512 mixed = _mm512_fmadd_ps(new_totals, new_weights, _mm512_mul_ps(old_totals, old_weights));
    mixed = if_empty(old_maxima, new_totals, mixed);
    for (int row = 0; row < kAttentionRows; row++) {
        if (part->maxima[row] == -INFINITY) continue;  // it sees nothing of the new part, and keeps its bits
        float* old_sums = total->sums + row * call->head_dim;
        const float* new_sums = part->sums + row * call->head_dim;
        if (total->maxima[row] == -INFINITY) {
            memcpy(old_sums, new_sums, call->head_dim * sizeof(float));
            continue;
        }
        const __m512i lane = _mm512_set1_epi32(row);
        const __m512 old_weight = _mm512_permutexvar_ps(lane, old_weights);
        const __m512 new_weight = _mm512_permutexvar_ps(lane, new_weights);
        for (int64_t d = 0; d < call->head_dim; d += kTile) {
            const __m512 old_sum = _mm512_mul_ps(_mm512_load_ps(old_sums + d), old_weight);
            _mm512_store_ps(old_sums + d, _mm512_fmadd_ps(_mm512_load_ps(new_sums + d), new_weight, old_sum));
        }
    }
    _mm512_store_ps(total->totals, if_empty(new_maxima, old_totals, mixed));
    _mm512_store_ps(total->maxima, if_empty(new_maxima, old_maxima, maxima));
}

template <int kTiles>
void add_tiles(const GlmAttention* call, int64_t tile, const uint16_t* packed, int64_t start, const Scratch* scratch,
               void* partials) {
    const int64_t dim = call->head_dim;
    const int64_t last_row = smaller((tile + kTiles) * kAttentionRows, rows_of(call)) - 1;
    const int64_t seen = smaller(position_of(call, last_row) + 1 - start, kAttentionChunk);
    const int64_t padded = (seen + kPair - 1) / kPair * kPair;
    compute_scores<kTiles>(scratch, packed, dim, (seen + kTile - 1) / kTile * kTile);
    GlmPartial* parts[2] = {scratch->parts, at(call, scratch->parts, 1)};
    for (int i = 0; i < kTiles; i++) {
        weigh(call, tile + i, start, padded, scratch->scores + i * kAttentionChunk * kAttentionRows,
              scratch->weights + i * kAttentionChunk * kAttentionRows, parts[i]);
    }
    for (int64_t d = 0; d < dim; d += kPair) {
        sum_channels<kTiles>(scratch, dim, padded, d, parts[0]->sums, parts[1]->sums);
    }
    for (int i = 0; i < kTiles; i++) merge(call, at(call, partials, i), parts[i]);
}

void add_chunk(const GlmAttention* call, int64_t tile, int64_t num_tiles, const void* packed, int64_t start,
               void* memory, void* partials) {
    const Scratch scratch = scratch_of(call, memory);
    const uint16_t* queries = (const uint16_t*)packed;
    int64_t i = 0;
    for (; i + 2 <= num_tiles; i += 2) {
        add_tiles<2>(call, tile + i, queries + i * call->head_dim * kAttentionRows, start, &scratch,
                     at(call, partials, i));
    }
    if (i < num_tiles) {
        add_tiles<1>(call, tile + i, queries + i * call->head_dim * kAttentionRows, start, &scratch,
                     at(call, partials, i));
    }
}

void write_tile(const GlmAttention* call, int64_t kv_head, int64_t tile, const GlmPartial* total) {
    const int64_t dim = call->head_dim;
    const int64_t count = smaller(kAttentionRows, rows_of(call) - tile * kAttentionRows);
    const int64_t stride = call->num_kv_heads * call->group_size * dim;
    const float* offsets = call->value_offset != nullptr ? call->value_offset + kv_head * dim : nullptr;
    // Channel 0..3 of the low sums, 0..3 of the high ones, 4..7 of the low ones, and so on.
    const __m512i low_order = _mm512_set_epi32(23, 22, 21, 20, 7, 6, 5, 4, 19, 18, 17, 16, 3, 2, 1, 0);
    const __m512i high_order = _mm512_set_epi32(31, 30, 29, 28, 15, 14, 13, 12, 27, 26, 25, 24, 11, 10, 9, 8);
    for (int64_t i = 0; i < count; i++) {
        uint16_t* output = (uint16_t*)call->output + offset_of(call, kv_head, tile * kAttentionRows + i, stride);
        const __m512 total_weight = _mm512_set1_ps(total->totals[i]);
        for (int64_t d = 0; d < dim; d += kPair) {
            const __m512 first = _mm512_div_ps(_mm512_load_ps(total->sums + i * dim + d), total_weight);
            const __m512 second = _mm512_div_ps(_mm512_load_ps(total->sums + i * dim + d + kTile), total_weight);
            __m512 low = _mm512_permutex2var_ps(first, low_order, second);
            __m512 high = _mm512_permutex2var_ps(first, high_order, second);
            if (offsets != nullptr) {
                low = _mm512_add_ps(low, _mm512_loadu_ps(offsets + d));
                high = _mm512_add_ps(high, _mm512_loadu_ps(offsets + d + kTile));
            }
            _mm512_storeu_si512(output + d, (__m512i)_mm512_cvtne2ps_pbh(high, low));
        }
    }
}

}  // namespace

extern "C" const GlmAttentionPath glm_attention_amx = {
    scratch_nbytes, tile_nbytes, partial_nbytes, begin, end, pack_tile, load_chunk, add_chunk, merge, write_tile};
#endif
