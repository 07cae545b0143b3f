// The hash of keys, fields and members: XXH3, 64 bits. Any thread.
//
// The seed is drawn from the kernel when the process starts and never changes, so that nobody
// outside can prepare keys that collide. Hence hashes must never be written to disk or sent.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

uint64_t HashBytes(std::string_view bytes);

// With a seed of the caller's, where the result must be the same in every process.
uint64_t HashBytesWithSeed(std::string_view bytes, uint64_t seed);

}  // namespace larder
