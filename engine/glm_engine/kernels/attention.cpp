// Attention over a cached prefix: the work cut into tasks. attention.h says how, and why no bit depends on the cut.
#include "attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr int64_t kBlockTiles = 32;      // tiles that share a loaded chunk
constexpr int64_t kMaxSplitTiles = 16;   // up to so many tiles of a head the context is split, beyond it the rows are
constexpr int64_t kSpan = kAttentionChunk * kAttentionSpanChunks;

struct Memory {
    void* start = nullptr;
    size_t nbytes = 0;
    ~Memory() { free(start); }
};

// The caller's, kept from call to call: fresh pages would cost more than the attention of a short context.
thread_local Memory memory;

char* reserve(size_t nbytes) {
    if (memory.nbytes < nbytes) {
        free(memory.start);
        const size_t wanted = (nbytes + nbytes / 4 + 63) / 64 * 64;
        memory.start = aligned_alloc(64, wanted);
        memory.nbytes = memory.start != nullptr ? wanted : 0;
    }
    return (char*)memory.start;
}

struct Run {
    const GlmAttention* call;
    const GlmAttentionPath* path;
    char* scratch;  // of thread 0
    size_t scratch_nbytes, tile_nbytes, partial_nbytes;
    int64_t num_tiles, num_spans, block_tiles, num_blocks;
    char* tiles;     // (Hkv, tiles) packed queries; splitting the context only
    char* partials;  // (Hkv, spans, tiles); likewise
};

void clear(const Run* run, char* partials, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        GlmPartial* partial = (GlmPartial*)(partials + i * run->partial_nbytes);
        for (int row = 0; row < kAttentionRows; row++) partial->maxima[row] = -INFINITY, partial->totals[row] = 0;
    }
}

// The partial sums of one span for tiles `tile` to `tile + count` of a head.
void add_span(const Run* run, int64_t kv_head, int64_t span, int64_t tile, int64_t count, const char* packed,
              char* scratch, char* partials) {
    const GlmAttention* call = run->call;
    clear(run, partials, count);
    const int64_t last_row = smaller((tile + count) * kAttentionRows, rows_of(call)) - 1;
    const int64_t stop = smaller((span + 1) * kSpan, position_of(call, last_row) + 1);
    for (int64_t start = span * kSpan; start < stop; start += kAttentionChunk) {
        run->path->load_chunk(call, kv_head, start, scratch);
        // Tiles whose last row comes before the chunk see nothing of it.
        int64_t first = 0;
        while (position_of(call, smaller((tile + first + 1) * kAttentionRows, rows_of(call)) - 1) < start) first++;
        run->path->add_chunk(call, tile + first, count - first, packed + first * run->tile_nbytes, start, scratch,
                             partials + first * run->partial_nbytes);
    }
}

// A task is one span of one head, for all rows.
void run_spans(void* context, GlmTasks* tasks) {
    const Run* run = (const Run*)context;
    char* scratch = run->scratch + glm_thread_index(tasks) * run->scratch_nbytes;
    run->path->begin();
    for (int64_t task; (task = glm_next_task(tasks)) >= 0;) {
        const int64_t kv_head = task / run->num_spans;
        add_span(run, kv_head, task % run->num_spans, 0, run->num_tiles,
                 run->tiles + kv_head * run->num_tiles * run->tile_nbytes, scratch,
                 run->partials + task * run->num_tiles * run->partial_nbytes);
    }
    run->path->end();
}

// A task is one tile of one head, whose spans are done.
void merge_spans(void* context, GlmTasks* tasks) {
    const Run* run = (const Run*)context;
    GlmPartial* total = (GlmPartial*)(run->scratch + glm_thread_index(tasks) * run->scratch_nbytes);
    run->path->begin();
    for (int64_t task; (task = glm_next_task(tasks)) >= 0;) {
        const int64_t kv_head = task / run->num_tiles, tile = task % run->num_tiles;
        clear(run, (char*)total, 1);
        for (int64_t span = 0; span < run->num_spans; span++) {
            const int64_t index = (kv_head * run->num_spans + span) * run->num_tiles + tile;
            run->path->merge(run->call, total, (const GlmPartial*)(run->partials + index * run->partial_nbytes));
        }
        run->path->write_tile(run->call, kv_head, tile, total);
    }
    run->path->end();
}

// A task is a block of rows of one head, over the whole context.
void run_blocks(void* context, GlmTasks* tasks) {
    const Run* run = (const Run*)context;
    const GlmAttentionPath* path = run->path;
    char* packed = run->scratch + glm_thread_index(tasks) * run->scratch_nbytes;
    char* span_sums = packed + run->block_tiles * run->tile_nbytes;
    char* totals = span_sums + run->block_tiles * run->partial_nbytes;
    char* scratch = totals + run->block_tiles * run->partial_nbytes;
    path->begin();
    for (int64_t task; (task = glm_next_task(tasks)) >= 0;) {
        const int64_t kv_head = task / run->num_blocks;
        // The last blocks see most: they come first, so that no thread is left with one at the end.
        const int64_t tile = (run->num_blocks - 1 - task % run->num_blocks) * run->block_tiles;
        const int64_t count = smaller(run->block_tiles, run->num_tiles - tile);
        for (int64_t i = 0; i < count; i++) {
            path->pack_tile(run->call, kv_head, tile + i, packed + i * run->tile_nbytes);
        }
        clear(run, totals, count);
        const int64_t last_row = smaller((tile + count) * kAttentionRows, rows_of(run->call)) - 1;
        const int64_t num_spans = position_of(run->call, last_row) / kSpan + 1;
        for (int64_t span = 0; span < num_spans; span++) {
            add_span(run, kv_head, span, tile, count, packed, scratch, span_sums);
            for (int64_t i = 0; i < count; i++) {
                path->merge(run->call, (GlmPartial*)(totals + i * run->partial_nbytes),
                            (const GlmPartial*)(span_sums + i * run->partial_nbytes));
            }
        }
        for (int64_t i = 0; i < count; i++) {
            path->write_tile(run->call, kv_head, tile + i, (const GlmPartial*)(totals + i * run->partial_nbytes));
        }
    }
    path->end();
}

int split_context(Run* run, int num_threads) {
    const GlmAttention* call = run->call;
    const size_t tiles_nbytes = call->num_kv_heads * run->num_tiles * run->tile_nbytes;
    const int64_t num_tasks = call->num_kv_heads * run->num_spans;
    if (run->scratch_nbytes < run->partial_nbytes) run->scratch_nbytes = run->partial_nbytes;
    run->tiles = reserve(tiles_nbytes + num_tasks * run->num_tiles * run->partial_nbytes +
                         num_threads * run->scratch_nbytes);
    if (run->tiles == nullptr) return -1;
    run->partials = run->tiles + tiles_nbytes;
    run->scratch = run->partials + num_tasks * run->num_tiles * run->partial_nbytes;
    for (int64_t i = 0; i < call->num_kv_heads * run->num_tiles; i++) {
        run->path->pack_tile(call, i / run->num_tiles, i % run->num_tiles, run->tiles + i * run->tile_nbytes);
    }
    glm_run_parallel(num_threads, num_tasks, run_spans, run);
    const int64_t num_merges = call->num_kv_heads * run->num_tiles;
    glm_run_parallel(num_merges * run->num_spans >= 64 ? num_threads : 1, num_merges, merge_spans, run);
    return 0;
}

int split_rows(Run* run, int num_threads) {
    run->block_tiles = kBlockTiles;
    while (run->block_tiles > 4 && run->call->num_kv_heads * run->num_tiles / run->block_tiles < 4 * num_threads) {
        run->block_tiles /= 2;
    }
    run->num_blocks = (run->num_tiles + run->block_tiles - 1) / run->block_tiles;
    run->scratch_nbytes += run->block_tiles * (run->tile_nbytes + 2 * run->partial_nbytes);
    run->scratch = reserve(num_threads * run->scratch_nbytes);
    if (run->scratch == nullptr) return -1;
    glm_run_parallel(num_threads, run->call->num_kv_heads * run->num_blocks, run_blocks, run);
    return 0;
}

const GlmAttentionPath* path_of(int instruction_set) {
#if GLM_X86
    if (instruction_set == GLM_AMX) return &glm_attention_amx;
    if (instruction_set == GLM_AVX512) return &glm_attention_avx512;
    if (instruction_set == GLM_AVX2) return &glm_attention_avx2;
#endif
    (void)instruction_set;
    return &glm_attention_portable;
}

}  // namespace

// The instruction set to give `glm_attend` for numbers of this kind: tiles hold bfloat16, 32 at a time.
GLM_EXPORT int glm_attention_instruction_set(int format, int head_dim) {
    const int best = glm_instruction_set();
    return best == GLM_AMX && (format != GLM_BFLOAT16 || head_dim % 32 != 0) ? GLM_AVX512 : best;
}

// Returns 0, or -1 where there is no memory for it. `instruction_set` comes from the function above, or is a lesser one.
GLM_EXPORT int glm_attend(const GlmAttention* call, int instruction_set, int num_threads) {
    const int best = glm_instruction_set();  // also asks the system for the tiles
    const GlmAttentionPath* path = path_of(instruction_set < best ? instruction_set : best);
    Run run = {};
    run.call = call;
    run.path = path;
    run.scratch_nbytes = path->scratch_nbytes(call);
    run.tile_nbytes = path->tile_nbytes(call);
    run.partial_nbytes = path->partial_nbytes(call);
    run.num_tiles = (rows_of(call) + kAttentionRows - 1) / kAttentionRows;
    run.num_spans = (call->num_positions + kSpan - 1) / kSpan;
    if (num_threads < 1) num_threads = 1;
    return run.num_tiles <= kMaxSplitTiles ? split_context(&run, num_threads) : split_rows(&run, num_threads);
}
