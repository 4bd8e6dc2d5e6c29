#pragma once
// What tables want to say to the processor and the kernel, and Swift cannot.
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Asks for the line of memory at `place`, without waiting for it.
static inline void ctable_fetch(const void *place) { __builtin_prefetch(place); }

/// Tells the kernel that a stretch, which begins at a multiple of 2 MiB, is all used and in no order: large pages then spare most of the
/// faults when it is first touched, and of the walks through page tables later. Where there are none, nothing changes.
static inline void ctable_large(void *place, size_t bytes) { (void)madvise(place, bytes, MADV_HUGEPAGE); }

/// Which of sixteen tags are `tag`, a bit for each.
static inline uint32_t ctable_which(const void *tags, uint8_t tag) {
#if defined(__SSE2__)
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)tags), _mm_set1_epi8((char)tag)));
#else
  const uint8_t *bytes = (const uint8_t *)tags;
  uint32_t which = 0;
  for (int at = 0; at < 16; at++) which |= (uint32_t)(bytes[at] == tag) << at;
  return which;
#endif
}
