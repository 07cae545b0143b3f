// KeyLookahead: fetches into the cache what a script will ask for. Scripts that clean a cache call
// SUNION or SMEMBERS and then, member by member, a command whose key is the member behind a prefix.
// Each such key is three or four looks at memory that is far away, one after the other; knowing the
// members, the next dozen keys' can be under way at once. It only touches caches: a wrong guess
// costs some nanoseconds.
//
// Lives as long as one script runs, on its thread, with the gate closed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/output_buffer.h"
#include "server/store/keyspace.h"

namespace larder {

class KeyLookahead {
 public:
  explicit KeyLookahead(const Keyspace& keyspace) : keyspace_(keyspace) {}
  // Whether the reply of a command is one to look into: an array, and not a short one.
  static bool Wants(const OutputBuffer& reply) {
    return reply.bytes().size() >= kLeastBytes && reply.splices().empty() &&
           (*reply.bytes().data() == '*' || *reply.bytes().data() == '~');
  }
  // A reply of the script's last command, whole. Forgets the one before.
  void Take(ByteBuffer&& reply);
  // A command is about to run with this key.
  void Note(int db, std::string_view key) {
    if (left_ > 0) Follow(db, key);
  }
  // The hash of the key that is likely to come after this many others; 0: unknown.
  static constexpr size_t kLater = 8, kSoon = 4;
  uint64_t KeyAhead(size_t keys) const {
    return left_ == 0 || met_ + keys >= parsed_ ? 0 : ahead_[(met_ + keys) % kAhead].hash;
  }
  // How many members are still to come, and how many were met in their order. For tests.
  size_t left() const { return left_; }
  size_t met() const { return met_; }

 private:
  static constexpr size_t kLeastBytes = 16 * 1024;
  static constexpr size_t kAhead = 16;  // members that are parsed; a power of two
  static constexpr int kMostMisses = 64;
  struct Member {
    std::string_view text;
    uint64_t hash;  // of the key made of it
  };

  void Follow(int db, std::string_view key);
  bool IsKeyOf(std::string_view key, std::string_view member) const;
  bool Parse(std::string_view* member);
  void Fetch(int db);
  void Stop();

  const Keyspace& keyspace_;
  ByteBuffer reply_;
  std::string_view rest_;  // of reply_: what is not parsed yet
  std::string prefix_;
  std::string key_;         // scratch
  std::string_view first_;  // the first member, while no key was made of it
  std::array<Member, kAhead> ahead_;
  size_t met_ = 0;     // members that keys were made of: the next is ahead_[met_ % kAhead]
  size_t parsed_ = 0;  // members in ahead_, and met before
  size_t left_ = 0;    // members not met yet; 0: there is nothing to follow
  int misses_ = 0;     // keys in a row that no member is part of
};

}  // namespace larder
