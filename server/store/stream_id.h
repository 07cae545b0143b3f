// StreamId: the id of a stream's entry, a time in milliseconds and a sequence number within it,
// written "ms-seq". Pure functions: any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  static constexpr StreamId Min() { return {0, 0}; }
  static constexpr StreamId Max() { return {UINT64_MAX, UINT64_MAX}; }
  bool is_zero() const { return ms == 0 && seq == 0; }

  auto operator<=>(const StreamId&) const = default;
};

// Makes it the id that follows or precedes. False, with the id unchanged, where there is none.
bool Increment(StreamId* id);
bool Decrement(StreamId* id);

// "ms-seq", or "ms" alone, which takes `missing_seq`. Numbers as strtoull reads them: they may have
// spaces, a sign and zeros in front, but "-1" is none. False where it is none of these.
bool ParseStreamId(std::string_view text, uint64_t missing_seq, StreamId* id);
// One of the two numbers.
bool ParseStreamIdPart(std::string_view text, uint64_t* part);

inline constexpr size_t kMaxStreamIdLength = 41;
// Writes without a terminator and returns the length. `buffer` has kMaxStreamIdLength bytes.
size_t FormatStreamId(char* buffer, StreamId id);
std::string FormatStreamId(StreamId id);

}  // namespace larder
