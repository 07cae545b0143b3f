// StreamGroup: a consumer group of a stream: how far it has read, its consumers, and which entries
// they were given and have not acknowledged. What is pending stands in two lists, the group's with
// everything known of it and, by id alone, the consumer's.
//
// Copying a group copies its directories and shares the blocks of the lists (id_blocks.h). No lock
// of its own: the caller holds the lock of the shard that owns the stream.
//
// Invariants: an id is pending in the group exactly if it is in the list of one of its consumers,
// the one that the group's record names; consumer_bytes_ is what all consumers have on the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/id_blocks.h"
#include "server/store/stream_id.h"

namespace larder {

struct PendingId {
  StreamId id;
};

// An entry that was delivered and not acknowledged.
struct PendingEntry {
  StreamId id;
  int64_t delivered_ms;  // Unix time of the last delivery
  int64_t deliveries;
  uint32_t consumer;  // number of its consumer in the group
};

struct StreamConsumer {
  static constexpr int64_t kNever = -1;

  uint32_t number;  // in its group, for as long as it is there
  std::string name;
  int64_t seen_ms;             // Unix time of its last attempt to read or claim
  int64_t active_ms = kNever;  // Unix time when it last got an entry
  IdBlocks<PendingId> pending;
};

class StreamGroup {
 public:
  static constexpr int64_t kUnknown = -1;
  static constexpr int64_t kMostRead = INT64_MAX;  // where entries_read stays: XGROUP may set it

  StreamGroup(StreamId last, int64_t read) : last_id(last), entries_read(read) {}
  // The copy's arrays are as large as what is in them: its bytes are counted anew.
  StreamGroup(const StreamGroup& other);
  StreamGroup(StreamGroup&&) = default;
  StreamGroup& operator=(StreamGroup&&) = default;
  StreamGroup& operator=(const StreamGroup& other) { return *this = StreamGroup(other); }
  ~StreamGroup() = default;

  StreamId last_id;      // of the last entry that was delivered
  int64_t entries_read;  // entries of the stream up to there, deleted ones too; or kUnknown

  // Consumers; pointers are valid until one is added or removed. Null where there is none.
  StreamConsumer* FindConsumer(std::string_view name);
  const StreamConsumer* FindConsumer(std::string_view name) const;
  // REQUIRES: there is none of this name.
  StreamConsumer& AddConsumer(std::string_view name, int64_t now_ms);
  // With all that is pending for it. REQUIRES: it is there.
  void RemoveConsumer(std::string_view name);
  const StreamConsumer& consumer(uint32_t number) const { return consumers_[number]; }
  size_t consumer_count() const { return by_name_.size(); }
  // Calls visit(consumer) in the order of their names.
  template <typename Visit>
  void ForEachConsumer(Visit visit) const {
    for (uint32_t number : by_name_) visit(consumers_[number]);
  }

  const IdBlocks<PendingEntry>& pending() const { return pending_; }
  // Makes the entry pending for the consumer that it names, whoever had it before.
  void SetPending(const PendingEntry& entry);
  // False where it is not pending.
  bool Acknowledge(StreamId id);

  // Bytes of heap as the allocator rounds them, without this object. O(1).
  size_t MemoryBytes() const;

 private:
  // The first place in by_name_ whose name is not below.
  size_t LowerBound(std::string_view name) const;
  // All changes of consumers' names and lists come through this, which counts their bytes.
  template <typename Change>
  void ChangeConsumer(uint32_t number, Change change);

  // By number. The place of a consumer that was removed is kept for the next one.
  std::vector<StreamConsumer> consumers_;
  std::vector<uint32_t> by_name_;  // numbers of consumers, in the order of their names
  std::vector<uint32_t> free_numbers_;
  IdBlocks<PendingEntry> pending_;
  size_t consumer_bytes_ = 0;
};

}  // namespace larder
