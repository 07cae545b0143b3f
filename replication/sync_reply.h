// SyncReply: what a primary answers to PSYNC, read from its line. Pure function: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

struct SyncReply {
  enum class Kind : uint8_t {
    kFull,      // a snapshot follows, then the stream of history `id` from `offset` on
    kContinue,  // the stream follows; `id` is its history's, empty: the one that was asked for
    kLater,     // not now
    kWrong,     // a full sync without a sound id and offset
    kOther,     // an old primary's error, or anything
  };

  static SyncReply Parse(std::string_view line);

  Kind kind = Kind::kOther;
  std::string id;
  uint64_t offset = 0;
};

}  // namespace larder
