#include "CScan.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t word_at(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

INLINE bool is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

/// Where a number ends, or -1.
static int64_t number_end(const uint8_t *bytes, int64_t at, int64_t end) {
  if (at < end && bytes[at] == '-') at++;
  if (at >= end || !is_digit(bytes[at])) return -1;
  if (bytes[at] == '0') {
    at++;
    if (at < end && is_digit(bytes[at])) return -1;
  } else {
    while (at < end && is_digit(bytes[at])) at++;
  }
  if (at < end && bytes[at] == '.') {
    at++;
    if (at >= end || !is_digit(bytes[at])) return -1;
    while (at < end && is_digit(bytes[at])) at++;
  }
  if (at < end && (bytes[at] | 0x20) == 'e') {
    at++;
    if (at < end && (bytes[at] == '+' || bytes[at] == '-')) at++;
    if (at >= end || !is_digit(bytes[at])) return -1;
    while (at < end && is_digit(bytes[at])) at++;
  }
  return at;
}

/// How many digits begin here, eight meaning eight or more.
INLINE int digits_at(const uint8_t *bytes) {
  uint64_t values = word_at(bytes) ^ 0x3030303030303030;
  // A carry may spoil a byte above one that is no digit, never below.
  uint64_t others = (values | (values + 0x0606060606060606)) & 0xF0F0F0F0F0F0F0F0;
  return others ? __builtin_ctzll(others) >> 3 : 8;
}

/// Where a number, `true`, `false` or `null` ends, or -1.
INLINE int64_t bare_end(const uint8_t *bytes, int64_t at, int64_t end) {
  uint64_t word = word_at(bytes + at);
  uint8_t first = (uint8_t)word;
  if (first == 't') return (uint32_t)word == 0x65757274 && at + 4 <= end ? at + 4 : -1;
  if (first == 'n') return (uint32_t)word == 0x6C6C756E && at + 4 <= end ? at + 4 : -1;
  if (first == 'f') return (word & 0xFFFFFFFFFF) == 0x65736C6166 && at + 5 <= end ? at + 5 : -1;
  // Most numbers have one to seven digits, and as many behind a point.
  int digits = digits_at(bytes + at);
  if (digits > 0 && digits < 8 && at + digits <= end && (first != '0' || digits == 1)) {
    uint8_t behind = bytes[at + digits];
    int64_t stop = at + digits;
    if (behind == '.') {
      int fraction = digits_at(bytes + stop + 1);
      stop += 1 + fraction;
      behind = fraction > 0 && fraction < 8 && stop <= end ? bytes[stop] : 'e';
    }
    if ((behind | 0x20) != 'e') return stop;
  }
  return number_end(bytes, at, end);
}

/// Calls for `is_same(a, b, length)` and `plain_end(text, length)`, which says how many bytes are printable ASCII but quote and backslash,
/// at least `length` if all are. Both may read ahead.
#define MATCH(is_same, plain_end)                                                                                       \
  int64_t at = start;                                                                                                   \
  int32_t index = 0;                                                                                                    \
  do {                                                                                                                  \
    const cscan_node *node = nodes + index;                                                                             \
    int64_t behind = at + node->length, stop = -1;                                                                      \
    if (behind <= end && is_same(bytes + at, literals + node->literal, (size_t)node->length)) {                         \
      if (node->ending == CSCAN_STRING) {                                                                               \
        stop = behind + (int64_t)plain_end(bytes + behind, (size_t)(end - behind));                                     \
        if (stop >= end || bytes[stop] != '"') stop = -1;                                                               \
      } else if (node->ending == CSCAN_BARE) {                                                                          \
        if (behind < end) stop = bare_end(bytes, behind, end);                                                          \
      } else if (behind == end) {                                                                                       \
        return node->shape;                                                                                             \
      }                                                                                                                 \
    }                                                                                                                   \
    if (stop >= 0) {                                                                                                    \
      *slots++ = (cscan_slot){(int32_t)behind, (int32_t)(stop - behind)};                                               \
      at = stop;                                                                                                        \
      index = node->first_follower;                                                                                     \
    } else {                                                                                                            \
      index = node->next;                                                                                               \
    }                                                                                                                   \
  } while (index >= 0);                                                                                                 \
  return -1;

INLINE bool is_same_plainly(const uint8_t *a, const uint8_t *b, size_t length) { return memcmp(a, b, length) == 0; }

INLINE size_t plain_end_plainly(const uint8_t *text, size_t length) {
  size_t at = 0;
  while (at < length && (uint8_t)(text[at] - 0x20) < 0x5F && text[at] != '"' && text[at] != '\\') at++;
  return at;
}

int32_t cscan_match_plainly(
    const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots) {
  MATCH(is_same_plainly, plain_end_plainly)
}

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx2,bmi,bmi2")))

INLINE WIDE bool is_same_widely(const uint8_t *a, const uint8_t *b, size_t length) {
  for (; length > 32; a += 32, b += 32, length -= 32) {
    __m256i same = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)a), _mm256_loadu_si256((const __m256i *)b));
    if (_mm256_movemask_epi8(same) != -1) return false;
  }
  __m256i same = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)a), _mm256_loadu_si256((const __m256i *)b));
  return _bzhi_u32(~(uint32_t)_mm256_movemask_epi8(same), (uint32_t)length) == 0;
}

/// A bit for each of 32 bytes that is a quote, a backslash, or no printable ASCII.
INLINE WIDE uint32_t special(const uint8_t *text) {
  __m256i bytes = _mm256_loadu_si256((const __m256i *)text);
  // One more, what is neither printable nor ASCII is below a blank and one more, as a signed number.
  __m256i unprintable = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x21), _mm256_add_epi8(bytes, _mm256_set1_epi8(1)));
  __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')), backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
  return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(unprintable, _mm256_or_si256(quote, backslash)));
}

INLINE WIDE size_t plain_end_widely(const uint8_t *text, size_t length) {
  for (size_t at = 0; at < length; at += 32) {
    uint32_t mask = special(text + at);
    if (mask) return at + (size_t)__builtin_ctz(mask);
  }
  return length;
}

static WIDE int32_t match_widely(
    const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots) {
  MATCH(is_same_widely, plain_end_widely)
}

int32_t cscan_match(
    const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots) {
  // Asked anew each time: it is one look at memory.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return match_widely(nodes, literals, bytes, start, end, slots);
  return cscan_match_plainly(nodes, literals, bytes, start, end, slots);
}
#else
int32_t cscan_match(
    const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots) {
  return cscan_match_plainly(nodes, literals, bytes, start, end, slots);
}
#endif
