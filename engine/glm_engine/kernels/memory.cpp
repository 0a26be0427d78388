// What the C library does with memory that a pass has freed.
//
// A prefill of 512 tokens frees some 60 MiB in each layer and asks for them again in the next. glibc gives what is free
// at the end of its heap back to the system as soon as it is more than twice the largest block, and then every page
// comes back by a fault: 16,000 a layer at GLM-4-9B's width, a tenth of the pass's processor time.
#include "kernels.h"

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>

namespace {

constexpr int kLargestBlockOfHeap = 32 << 20;  // where glibc's own adjustment ends, which setting either switches off
constexpr int kKeptBytes = 128 << 20;

__attribute__((constructor)) void keep_freed_memory() {
    const char* const settings[] = {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"};
    for (const char* name : settings) {
        if (getenv(name) != nullptr) return;  // the user has decided
    }
    mallopt(M_MMAP_THRESHOLD, kLargestBlockOfHeap);
    mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace
#endif
