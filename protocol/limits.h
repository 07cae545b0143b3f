// Limits of the protocol, Redis' where nothing else is said. Constants; any thread.
#pragma once

#include <cstddef>

namespace larder::limits {

// An inline command, or the line of a length: a client that sends more without a line's end does
// not speak the protocol.
inline constexpr size_t kLineBytes = 64 * 1024;
// proto-max-bulk-len by default.
inline constexpr size_t kBulkBytes = 512ull * 1024 * 1024;
// Words of one request (INT_MAX in Redis).
inline constexpr size_t kArguments = 0x7fffffff;
// A word of the replication stream, ours: what a primary took from a client, or made of it, is
// smaller.
inline constexpr size_t kStreamBulkBytes = size_t{4} << 30;
// What a client may send before it has said who it is.
inline constexpr size_t kUnauthenticatedArguments = 10;
inline constexpr size_t kUnauthenticatedBulkBytes = 16 * 1024;

}  // namespace larder::limits
