// What SCAN, HSCAN, SSCAN and ZSCAN have in common: the cursor, the options, the frame of the
// reply. Redis checks the cursor first, then the key, and the options only where there is something
// to scan.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

struct ScanOptions {
  size_t count = 10;
  bool has_match = false;
  std::string_view match;
  std::optional<std::string_view> type;  // SCAN only

  bool Matches(std::string_view name) const;
};

// The cursor at word `i`: decimal, up to 64 bits. False after "ERR invalid cursor" was answered.
bool ParseScanCursor(Context& c, size_t i, uint64_t* cursor);

// MATCH pattern, COUNT n and, `with_type`, TYPE name from word `i` on. False after an error was
// answered.
bool ParseScanOptions(Context& c, size_t i, bool with_type, ScanOptions* options);

// The frame of the reply: the cursor, and an array of the replies written since the construction.
class ScanReply {
 public:
  explicit ScanReply(Reply& reply) : reply_(reply), begin_(reply.Begin()) {}
  // `next`: the cursor to go on from, 0 at the end. `replies`: how many were written.
  void End(uint64_t next, size_t replies);

 private:
  Reply& reply_;
  const OutputBuffer::Mark begin_;
};

// What HSCAN, SSCAN and ZSCAN answer where there is no key.
void EmptyScan(Reply& reply);

}  // namespace larder
