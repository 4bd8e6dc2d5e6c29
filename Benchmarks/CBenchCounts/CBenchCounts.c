#define _GNU_SOURCE
#include "CBenchCounts.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

// glibc's own allocator under the names that it keeps for whoever stands in front of it.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static bool counting;
static uint64_t allocations;
static uint64_t retains;

void *malloc(size_t size) {
  if (__builtin_expect(counting, 0)) allocations++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  if (__builtin_expect(counting, 0)) allocations++;
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  if (__builtin_expect(counting, 0)) allocations++;
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  if (__builtin_expect(counting, 0)) allocations++;
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **made, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *made = memory;
  return 0;
}

// Swift's own calls, in front of which these stand; on this platform they follow C's conventions. What is not an object, as a short
// text that is kept within its pointer, has no count. With Swift's runtime inside the program there would be two of each and it
// would not link.
typedef void *(*retain_call)(void *);
typedef void *(*retain_times_call)(void *, uint32_t);

static retain_call plain_retain;
static retain_times_call plain_retain_times;
static retain_call plain_bridge_retain;
static retain_times_call plain_bridge_retain_times;

// Of highest rank, as other initializers may retain.
__attribute__((constructor(101))) static void find_plain_calls(void) {
  plain_retain = (retain_call)dlsym(RTLD_NEXT, "swift_retain");
  plain_retain_times = (retain_times_call)dlsym(RTLD_NEXT, "swift_retain_n");
  plain_bridge_retain = (retain_call)dlsym(RTLD_NEXT, "swift_bridgeObjectRetain");
  plain_bridge_retain_times = (retain_times_call)dlsym(RTLD_NEXT, "swift_bridgeObjectRetain_n");
}

static inline void count_retains(void *object, uint32_t times) {
  if (__builtin_expect(counting, 0) && (intptr_t)object > 0) retains += times;
}

void *swift_retain(void *object) {
  count_retains(object, 1);
  if (__builtin_expect(plain_retain == NULL, 0)) find_plain_calls();
  return plain_retain(object);
}

void *swift_retain_n(void *object, uint32_t times) {
  count_retains(object, times);
  if (__builtin_expect(plain_retain_times == NULL, 0)) find_plain_calls();
  return plain_retain_times(object, times);
}

void *swift_bridgeObjectRetain(void *object) {
  count_retains(object, 1);
  if (__builtin_expect(plain_bridge_retain == NULL, 0)) find_plain_calls();
  return plain_bridge_retain(object);
}

void *swift_bridgeObjectRetain_n(void *object, uint32_t times) {
  count_retains(object, times);
  if (__builtin_expect(plain_bridge_retain_times == NULL, 0)) find_plain_calls();
  return plain_bridge_retain_times(object, times);
}

void bench_counts_begin(void) {
  allocations = 0;
  retains = 0;
  counting = true;
}

void bench_counts_end(void) { counting = false; }

uint64_t bench_counts_allocations(void) { return allocations; }
uint64_t bench_counts_retains(void) { return retains; }

uint64_t bench_counts_heap_bytes(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
