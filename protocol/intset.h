// An intset: a sorted array of integers of one width, as RDB files keep small sets of integers
// (https://rdb.fnordig.de/file_format.html#intset-encoding):
//
//   | width: 2, 4 or 8, 32 bits | count, 32 bits | numbers |
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"

namespace larder {

// Calls `visit` with each number in ascending order. False where the bytes are no intset; some may
// have been visited by then.
bool ReadIntset(std::string_view intset, absl::FunctionRef<void(int64_t)> visit);

// The intset of these numbers in the narrowest width. REQUIRES: ascending, fewer than 2^32.
std::string WriteIntset(absl::Span<const int64_t> numbers);

}  // namespace larder
