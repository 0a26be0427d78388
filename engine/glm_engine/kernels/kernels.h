// What every kernel file may use: the processor's instruction sets and the threads. Everything is in C terms, so that a
// file compiled for a newer instruction set leaves no inline function behind that another file could pick up.
#ifndef GLM_KERNELS_H
#define GLM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define GLM_EXPORT extern "C" __attribute__((visibility("default")))

#if defined(__x86_64__)
#define GLM_X86 1
#else
#define GLM_X86 0
#endif

// In order: whoever runs one runs those before it. Numbered as in __init__.py.
enum GlmInstructionSet {
    GLM_PORTABLE = 0,
    GLM_AVX2 = 1,    // AVX2 and FMA
    GLM_AVX512 = 2,  // AVX512 F, BW, DQ, VL, VNNI
    GLM_AMX = 3,     // the above, AVX512 BF16, AMX tile, int8 and bf16, and the system lets us use the tiles
};

// The best one that this processor and system run.
GLM_EXPORT int glm_instruction_set(void);

// The indices of one parallel run, handed out to its threads. Each thread has a range of its own, so that neighbours
// stay on one core; who is done helps the others, so that a thread that the system does not run holds nobody up.
struct GlmTasks;

// The next index for this thread, or -1 when none is left.
int64_t glm_next_task(struct GlmTasks* tasks);

// The number of this thread in the run, from 0: for scratch memory.
int glm_thread_index(const struct GlmTasks* tasks);

// Call `body(context, tasks)` on at most `num_threads` threads, the caller among them, and return when all indices
// from 0 to num_tasks - 1 are done. Threads that come too late are not waited for. A run that finds the threads busy
// with another caller's uses the caller alone. `body` must take tasks until there is none, and must not throw.
void glm_run_parallel(int num_threads, int64_t num_tasks, void (*body)(void*, struct GlmTasks*), void* context);

#endif
