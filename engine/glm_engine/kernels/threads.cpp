// The library's own threads. One job at a time; between jobs a thread spins for a moment, since the next matrix comes
// soon, and then sleeps in the kernel.
//
// OpenMP was not taken: its regions end with a barrier over all threads, and on a machine with other load the whole
// step then waits for the one that the system has put aside.
#include "kernels.h"

#include <atomic>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int kMaxThreads = 64;
constexpr int64_t kSpinNanoseconds = 100000;  // longer than torch's operators between two matrices take
constexpr uint64_t kOpen = 1;                 // a job's state: bit 0 says that threads may join, the rest counts them
constexpr uint64_t kOneThread = 2;

struct alignas(64) Range {
    std::atomic<int64_t> next;
    int64_t end;
};

struct Job {
    Range ranges[kMaxThreads];
    int num_ranges;
    void (*body)(void*, GlmTasks*);
    void* context;
};

}  // namespace

struct GlmTasks {
    Job* job;
    int index;
};

namespace {

struct Pool {
    Job job;
    alignas(64) std::atomic<uint64_t> state;     // of the job
    alignas(64) std::atomic<uint32_t> sequence;  // of jobs; threads sleep on it
    std::atomic<int> num_sleeping;
    std::atomic<int> joined;  // numbers handed out in this job
    int num_workers;
    pthread_mutex_t mutex;  // held by the caller whose job it is
};

Pool pool = {.job = {}, .state = {0}, .sequence = {0}, .num_sleeping = {0}, .joined = {0}, .num_workers = 0,
             .mutex = PTHREAD_MUTEX_INITIALIZER};

int64_t now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void pause_briefly() {
#if GLM_X86
    __builtin_ia32_pause();
#endif
}

void sleep_while(std::atomic<uint32_t>* word, uint32_t value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void wake_all(std::atomic<uint32_t>* word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

bool try_join() {
    uint64_t state = pool.state.load(std::memory_order_acquire);
    while (state & kOpen) {
        if (pool.state.compare_exchange_weak(state, state + kOneThread, std::memory_order_acq_rel)) return true;
    }
    return false;
}

uint32_t await_job(uint32_t seen) {
    const int64_t deadline = now() + kSpinNanoseconds;
    for (int round = 0;; round++) {
        const uint32_t sequence = pool.sequence.load(std::memory_order_acquire);
        if (sequence != seen) return sequence;
        pause_briefly();
        if (round % 64 == 63 && now() > deadline) break;
    }
    while (pool.sequence.load(std::memory_order_acquire) == seen) {
        pool.num_sleeping.fetch_add(1);
        sleep_while(&pool.sequence, seen);  // returns at once if the sequence moved on
        pool.num_sleeping.fetch_sub(1);
    }
    return pool.sequence.load(std::memory_order_acquire);
}

void* work(void* argument) {
    uint32_t seen = (uint32_t)(uintptr_t)argument;
    for (;;) {
        seen = await_job(seen);
        if (!try_join()) continue;
        const int index = pool.joined.fetch_add(1) + 1;
        if (index < pool.job.num_ranges) {
            GlmTasks tasks = {&pool.job, index};
            pool.job.body(pool.job.context, &tasks);
        }
        pool.state.fetch_sub(kOneThread, std::memory_order_release);
    }
    return nullptr;
}

// Threads are started when a job first asks for them, and live as long as the process.
void start_workers(int wanted) {
    while (pool.num_workers < wanted) {
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        const uintptr_t seen = pool.sequence.load();
        const bool is_started = pthread_create(&thread, &attributes, work, (void*)seen) == 0;
        pthread_attr_destroy(&attributes);
        if (!is_started) return;  // the caller does the work alone
        pool.num_workers++;
    }
}

// A forked child has this memory but none of the threads.
void forget_threads() {
    pool.state = 0;
    pool.num_sleeping = 0;
    pool.num_workers = 0;
    pthread_mutex_init(&pool.mutex, nullptr);
}

__attribute__((constructor)) void register_fork_handler() { pthread_atfork(nullptr, nullptr, forget_threads); }

void fill(Job* job, int num_ranges, int64_t num_tasks, void (*body)(void*, GlmTasks*), void* context) {
    job->num_ranges = num_ranges;
    job->body = body;
    job->context = context;
    for (int i = 0; i < num_ranges; i++) {
        job->ranges[i].next.store(num_tasks * i / num_ranges, std::memory_order_relaxed);
        job->ranges[i].end = num_tasks * (i + 1) / num_ranges;
    }
}

}  // namespace

int64_t glm_next_task(GlmTasks* tasks) {
    Job* job = tasks->job;
    for (int i = 0; i < job->num_ranges; i++) {
        Range* range = &job->ranges[(tasks->index + i) % job->num_ranges];
        if (range->next.load(std::memory_order_relaxed) >= range->end) continue;
        const int64_t task = range->next.fetch_add(1, std::memory_order_relaxed);
        if (task < range->end) return task;
    }
    return -1;
}

int glm_thread_index(const GlmTasks* tasks) { return tasks->index; }

void glm_run_parallel(int num_threads, int64_t num_tasks, void (*body)(void*, GlmTasks*), void* context) {
    if (num_threads > kMaxThreads) num_threads = kMaxThreads;
    if (num_threads > num_tasks) num_threads = (int)num_tasks;
    if (num_threads <= 1 || pthread_mutex_trylock(&pool.mutex) != 0) {
        Job job;
        fill(&job, 1, num_tasks, body, context);
        GlmTasks tasks = {&job, 0};
        body(context, &tasks);
        return;
    }
    start_workers(num_threads - 1);
    fill(&pool.job, num_threads, num_tasks, body, context);
    pool.joined.store(0);
    pool.state.store(kOpen, std::memory_order_release);
    pool.sequence.fetch_add(1);
    if (pool.num_sleeping.load() != 0) wake_all(&pool.sequence);
    GlmTasks tasks = {&pool.job, 0};
    body(context, &tasks);
    uint64_t state = pool.state.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
    while (state != 0) {  // those who joined finish the task that they are in
        pause_briefly();
        state = pool.state.load(std::memory_order_acquire);
    }
    pthread_mutex_unlock(&pool.mutex);
}
