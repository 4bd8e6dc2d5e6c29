#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// simdjson's first stage with a C face: where the tokens of a JSON text begin, and whether its bytes are sound.
///
/// Only the structural index is taken from simdjson. Its second stage turns numbers into binary floating point and refuses
/// integers beyond 64 bits, so the walk over the index is ours.
typedef struct csimdjson_indexer csimdjson_indexer;

typedef enum csimdjson_result {
  CSIMDJSON_OK = 0,
  /// Nothing but white space.
  CSIMDJSON_EMPTY = 1,
  /// An unclosed string or a raw control character inside one.
  CSIMDJSON_BROKEN_STRING = 2,
  CSIMDJSON_NOT_UTF8 = 3,
  /// No memory, or the text is longer than the capacity.
  CSIMDJSON_NO_ROOM = 4,
} csimdjson_result;

/// simdjson reads up to this many bytes past the end of the text; the caller's buffer must have them.
#define CSIMDJSON_PADDING 64

/// Null when memory is short.
csimdjson_indexer *csimdjson_create(size_t capacity);
void csimdjson_destroy(csimdjson_indexer *indexer);

typedef struct csimdjson_index {
  csimdjson_result result;
  /// Ascending offsets of every `{ } [ ] : ,`, of every string's opening quote and of every other scalar's start. Owned by the
  /// indexer, valid until its next use.
  const uint32_t *positions;
  size_t count;
} csimdjson_index;

/// Indexes `length` bytes at `text`; positions and count are set on success only.
csimdjson_index csimdjson_read(csimdjson_indexer *indexer, const uint8_t *text, size_t length);

bool csimdjson_is_utf8(const uint8_t *text, size_t length);

#ifdef __cplusplus
}
#endif
