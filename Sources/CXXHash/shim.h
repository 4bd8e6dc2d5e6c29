#pragma once
// Inlined into the caller: the names hashed here are a few dozen bytes, a call would cost as much as the hash. The library renames
// its functions when inlined, hence these two.
#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t cxxhash_64(const void *bytes, size_t length, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, length, seed);
}

static inline XXH128_hash_t cxxhash_128(const void *bytes, size_t length, uint64_t seed) {
  return XXH3_128bits_withSeed(bytes, length, seed);
}
