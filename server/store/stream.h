// Stream: entries of fields and values that are appended in the order of their ids, and consumer
// groups that read them. The entries lie in nodes (stream_node.h), whose size is up to who appends;
// trimming "about" a length removes whole nodes.
//
// No lock of its own: the caller holds the lock of the shard that owns the stream. Copying a stream
// copies its directories and shares nodes and pending lists; a later change copies one block.
// Entries handed out are valid until the stream changes. REQUIRES of every change: the texts given
// do not lie in this stream.
//
// To write a stream down: ForEachNode gives the nodes with their base ids, names and entries,
// counters() what is remembered besides, ForEachGroup the groups with consumers and what is
// pending. To build one: AppendNode (or Append) in order, set_counters last, since appending
// counts; AddGroup, then StreamGroup's AddConsumer and SetPending.
//
// Invariants: no node is empty; size() is the sum of the nodes' counts; ids ascend from node to
// node, and none is above last_id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "server/store/cow_queue.h"
#include "server/store/stream_groups.h"
#include "server/store/stream_id.h"
#include "server/store/stream_node.h"

namespace larder {

class Stream {
 public:
  // How large the last node may become before an entry starts another, where its bytes are those
  // of Redis' listpack and the entry's those of its texts; 0: the limit below.
  struct NodeLimits {
    size_t bytes = 0;
    size_t entries = 0;
  };
  // The most bytes of one entry, and of a node that takes another one.
  static constexpr size_t kMostNodeBytes = size_t{1} << 30;

  // What a stream remembers of entries that may be gone.
  struct Counters {
    static constexpr uint64_t kMostAdded = INT64_MAX;

    StreamId last_id;            // the highest id ever added, or set
    StreamId max_deleted_id;     // the highest that Delete removed, even above last_id; 0-0: none
    uint64_t entries_added = 0;  // stays at kMostAdded when it gets there
  };

  struct TrimRule {
    enum class By : uint8_t { kLength, kMinId };
    By by = By::kLength;
    uint64_t length = 0;       // entries to keep
    StreamId min_id;           // entries below it go
    bool whole_nodes = false;  // stop where only a part of a node could go
    uint64_t limit = 0;        // with whole_nodes: entries to remove at most; 0: no limit
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t node_count() const { return nodes_.size(); }
  // Of the entries that are there; 0-0 where there are none.
  StreamId first_id() const { return empty() ? StreamId() : nodes_.front().first_id(); }
  StreamId last_entry_id() const { return empty() ? StreamId() : nodes_.back().last_id(); }
  const Counters& counters() const { return counters_; }
  StreamId last_id() const { return counters_.last_id; }
  void set_counters(const Counters& counters) { counters_ = counters; }
  // Bytes of heap as the allocator rounds them, and of this object. O(1).
  size_t MemoryBytes() const;

  // REQUIRES: id > last_id(); field names and values have kMostNodeBytes at most.
  void Append(StreamId id, StreamPairs pairs, NodeLimits limits);
  // The same for a node that was built elsewhere. REQUIRES: it is not empty.
  void AppendNode(StreamNode node);
  // False where there is no such entry.
  bool Delete(StreamId id);
  // Removes the oldest entries, and returns how many.
  size_t Trim(const TrimRule& rule);

  std::optional<StreamEntry> Find(StreamId id) const;
  bool Contains(StreamId id) const { return Find(id).has_value(); }
  // Calls visit(entry) for those from `first` to `last`, both included, until it returns false.
  using Visit = absl::FunctionRef<bool(const StreamEntry& entry)>;
  void ForEach(StreamId first, StreamId last, Visit visit) const;
  void ForEachReverse(StreamId first, StreamId last, Visit visit) const;
  // Calls visit(node) for all nodes in order.
  void ForEachNode(absl::FunctionRef<void(const StreamNode& node)> visit) const;

  // Groups. Null where there is none of this name; pointers are valid until it is removed. One for
  // change: until the next one (stream_groups.h).
  StreamGroup* FindGroup(std::string_view name) { return groups_.FindForChange(name); }
  const StreamGroup* FindGroup(std::string_view name) const { return groups_.Find(name); }
  // Null where there is one already; else for change.
  StreamGroup* AddGroup(std::string_view name, StreamId last_id, int64_t entries_read) {
    return groups_.Add(name, last_id, entries_read);
  }
  bool RemoveGroup(std::string_view name) { return groups_.Remove(name); }
  size_t group_count() const { return groups_.size(); }
  // Calls visit(name, group) in the order of their names.
  template <typename VisitGroup>
  void ForEachGroup(VisitGroup visit) const {
    groups_.ForEach(visit);
  }

  // How many entries were added up to the one with this id, where that can be known: deletions in
  // the middle leave no trace but the highest id.
  std::optional<int64_t> EntriesAddedUpTo(StreamId id) const;
  // Entries that the group has not been given yet, where that can be known.
  std::optional<int64_t> Lag(const StreamGroup& group) const;
  // Moves the group's place to an entry that it is given now. REQUIRES: the id is above its last.
  void Advance(StreamGroup& group, StreamId id) const;

 private:
  // The node that an entry with this id is in, if there is one. REQUIRES: !empty().
  size_t NodeOf(StreamId id) const;
  // All changes of nodes come through these, which count their bytes.
  void AddNode(StreamNode node);
  void RemoveNodes(size_t first, size_t n);
  template <typename Change>
  void ChangeNode(size_t at, Change change) {
    node_bytes_ -= BytesOf(nodes_[at]);
    change(nodes_.Mutable(at));
    node_bytes_ += BytesOf(nodes_[at]);
  }
  static size_t BytesOf(const StreamNode& node) {
    return CowPtr<StreamNode>::BoxBytes() + node.MemoryBytes();
  }
  // Perhaps an entry above `id` was deleted.
  bool DeletedAfter(StreamId id) const;

  size_t size_ = 0;
  size_t node_bytes_ = 0;  // of all nodes, on the heap
  Counters counters_;
  CowQueue<StreamNode> nodes_;
  StreamGroups groups_;
};

}  // namespace larder
