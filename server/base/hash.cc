#include "server/base/hash.h"

#include "server/base/random.h"

// Inlined here, so that a short key costs one call and no dispatch.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder {
namespace {

// A function-local static would cost a guard per call. Whoever hashes during static initialization
// (nobody should) would see zero.
const uint64_t process_seed = RandomSeed();

}  // namespace

uint64_t HashBytes(std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), process_seed);
}

uint64_t HashBytesWithSeed(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace larder
