// AclRequest: what one command wants to do, as far as permissions go, and AclDenial, what it may
// not. Made by the engine for one check.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace larder {

// How a key is used; patterns allow either or both.
enum KeyAccess : uint8_t { kReadsKey = 1, kWritesKey = 2, kReadsAndWritesKey = 3 };

struct KeyUse {
  uint32_t word;   // index among the words
  uint8_t access;  // KeyAccess bits; none: whoever may touch the key in any way may do this
};

struct ChannelUse {
  uint32_t word;
  bool pattern;  // PSUBSCRIBE
};

struct AclRequest {
  uint32_t command;  // its number
  std::span<const std::string_view> words;
  std::span<const KeyUse> keys;
  std::span<const ChannelUse> channels;
};

struct AclDenial {
  // In rising order of what is worth telling when several selectors refuse.
  enum class Reason : uint8_t { kNone, kCommand, kKey, kChannel, kAuthentication };
  Reason reason = Reason::kNone;
  uint32_t word = 0;  // of the key or channel

  explicit operator bool() const { return reason != Reason::kNone; }
};

}  // namespace larder
