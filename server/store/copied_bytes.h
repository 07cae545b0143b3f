// What changes of collections copy because a clone shares it: blocks that exist twice from then on,
// for as long as a snapshot keeps the clone. Each thread counts its own.
#pragma once

#include <cstddef>
#include <utility>

namespace larder {

namespace copied_bytes_internal {
inline thread_local size_t bytes = 0;
}  // namespace copied_bytes_internal

// A block of so many bytes was copied, and the other one stays.
inline void NoteCopied(size_t bytes) { copied_bytes_internal::bytes += bytes; }
// All since the last call.
inline size_t TakeCopied() { return std::exchange(copied_bytes_internal::bytes, 0); }

}  // namespace larder
