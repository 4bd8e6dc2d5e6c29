#pragma once
// Comparing and scanning sixteen bytes at a time, by the processor's vector instructions, which Swift cannot name. Both functions may read
// up to 16 bytes past what they are asked about; the caller's buffers have them.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Whether `length` bytes are the same.
static inline bool cscan_same(const uint8_t *a, const uint8_t *b, size_t length) {
#if defined(__SSE2__)
  for (; length > 16; a += 16, b += 16, length -= 16) {
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
    if (_mm_movemask_epi8(same) != 0xFFFF) return false;
  }
  __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
  uint32_t wanted = (1u << length) - 1;
  return ((uint32_t)_mm_movemask_epi8(same) & wanted) == wanted;
#else
  return memcmp(a, b, length) == 0;
#endif
}

/// How many bytes from `text` on are printable ASCII other than the quote and the backslash; at least `length` when all of them are.
static inline size_t cscan_plain(const uint8_t *text, size_t length) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8(0x22), backslash = _mm_set1_epi8(0x5C);
  const __m128i del = _mm_set1_epi8(0x7F), blank = _mm_set1_epi8(0x20);
  for (size_t at = 0; at < length; at += 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(text + at));
    // As signed numbers, bytes beyond ASCII lie below the blank too.
    __m128i special = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
        _mm_or_si128(_mm_cmpeq_epi8(bytes, del), _mm_cmplt_epi8(bytes, blank)));
    uint32_t mask = (uint32_t)_mm_movemask_epi8(special);
    if (mask) return at + (size_t)__builtin_ctz(mask);
  }
#else
  for (size_t at = 0; at < length; at++)
    if (text[at] < 0x20 || text[at] > 0x7E || text[at] == 0x22 || text[at] == 0x5C) return at;
#endif
  return length;
}
