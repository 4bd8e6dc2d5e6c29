#include "CSimdjson.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct csimdjson_indexer {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

csimdjson_indexer *csimdjson_create(size_t capacity) {
  auto indexer = std::unique_ptr<csimdjson_indexer>(new (std::nothrow) csimdjson_indexer);
  if (!indexer) return nullptr;
  // The depth belongs to the second stage, which is not used.
  auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, indexer->stage);
  return error == simdjson::SUCCESS ? indexer.release() : nullptr;
}

void csimdjson_destroy(csimdjson_indexer *indexer) { delete indexer; }

csimdjson_index csimdjson_read(csimdjson_indexer *indexer, const uint8_t *text, size_t length) {
  if (length > indexer->stage->capacity()) return {CSIMDJSON_NO_ROOM, nullptr, 0};
  auto error = indexer->stage->stage1(text, length, simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      return {CSIMDJSON_OK, indexer->stage->structural_indexes.get(), indexer->stage->n_structural_indexes};
    case simdjson::EMPTY: return {CSIMDJSON_EMPTY, nullptr, 0};
    case simdjson::UTF8_ERROR: return {CSIMDJSON_NOT_UTF8, nullptr, 0};
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC: return {CSIMDJSON_NO_ROOM, nullptr, 0};
    default: return {CSIMDJSON_BROKEN_STRING, nullptr, 0};
  }
}

bool csimdjson_is_utf8(const uint8_t *text, size_t length) {
  return simdjson::validate_utf8(reinterpret_cast<const char *>(text), length);
}
