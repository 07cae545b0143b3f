// StreamNode: some consecutive entries of a stream, packed into one run of bytes. A stream is a
// sequence of nodes, which its copies share (CowPtr); a change copies one node.
//
//   names    of the first entry ever put in: [varint length][bytes] …
//   entries  each [varint milliseconds after the base][varint seq][varint n][pairs]
//            n = 0: as many pairs as there are names, and only the values: [varint length][bytes] …
//            else n - 1 pairs: [length][field][length][value] …
//
// The base is the id of the first entry ever put in. `seq` counts from the base's where the
// milliseconds are the base's own. The start of every entry is kept besides, so that one is found
// by its id in a few steps and the way back is as short as the way on.
//
// A node also counts the bytes of the listpack that Redis would have in its place, so that it is
// full at the same entry, and trimming "about" a length leaves as many. There an entry that was
// erased stays, marked; only the two counts of entries change, live and erased ones.
//
// Invariant: ids ascend. Views are valid until the node changes. No lock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/stream_id.h"
#include "server/store/varint.h"

namespace larder {

// Field, value, field, value … An even number of texts.
using StreamPairs = std::span<const std::string_view>;

// One entry as it lies in its node.
class StreamEntry {
 public:
  StreamId id() const { return id_; }
  // Pairs of field and value.
  size_t pairs() const { return pairs_; }
  // The fields are those of the node, in the same order.
  bool has_node_names() const { return names_ != nullptr; }

  // Calls visit(field, value) for every pair, in order.
  template <typename Visit>
  void ForEachPair(Visit visit) const {
    const char* names = names_;
    const char* at = pairs_begin_;
    for (size_t i = 0; i < pairs_; ++i) {
      const std::string_view field = ReadText(names != nullptr ? &names : &at);
      visit(field, ReadText(&at));
    }
  }

 private:
  friend class StreamNode;

  static std::string_view ReadText(const char** at) {
    uint64_t size;
    const char* begin = ReadVarint(*at, &size);
    *at = begin + size;
    return {begin, size};
  }

  StreamId id_;
  size_t pairs_;
  const char* names_;  // null: the fields are among the pairs
  const char* pairs_begin_;
};

class StreamNode {
 public:
  // A node without entries, for one whose first has this id and these fields.
  StreamNode(StreamId base, StreamPairs pairs);

  StreamId base() const { return base_; }
  // Calls visit(name) for each field of the first entry ever put in.
  template <typename Visit>
  void ForEachName(Visit visit) const {
    const char* at = names_.data();
    for (size_t i = 0; i < name_count_; ++i) visit(StreamEntry::ReadText(&at));
  }
  size_t name_count() const { return name_count_; }

  // Entries in it, and those that were ever put in.
  size_t count() const { return starts_.size(); }
  size_t ever_held() const { return ever_held_; }
  // Of the listpack that Redis would have made of the same changes.
  size_t listpack_bytes() const;
  // Bytes of heap, without this object.
  size_t MemoryBytes() const;

  // REQUIRES of all: i < count().
  StreamEntry At(size_t i) const;
  StreamId IdAt(size_t i) const;
  StreamId first_id() const { return IdAt(0); }
  StreamId last_id() const { return IdAt(count() - 1); }
  // The first entry whose id is not below; count() where all are.
  size_t LowerBound(StreamId id) const;

  // REQUIRES: the id is above those of all entries and not below the base; the pairs do not lie in
  // this node; all entries together stay below 4 GiB.
  void Append(StreamId id, StreamPairs pairs);
  // Room for so many entries, and for all their bytes.
  void Reserve(size_t entries, size_t bytes);
  // For a node whose entries were read from a listpack: its bytes, and how many in it are erased.
  void SetHistory(size_t listpack_bytes, size_t erased);
  // REQUIRES: first + n <= count().
  void Erase(size_t first, size_t n);
  // Gives back what was kept for growth.
  void ShrinkToFit();

 private:
  bool HasNames(StreamPairs pairs) const;
  const char* ReadId(size_t i, StreamId* id) const;
  void CountListpackBytes(size_t bytes);
  // Of the numbers of entries and of erased ones.
  size_t ListpackBytesOfCounts() const;

  StreamId base_;
  std::string names_;
  std::string entries_;
  std::vector<uint32_t> starts_;  // in entries_
  uint32_t name_count_;
  uint32_t ever_held_ = 0;
  uint32_t listpack_bytes_ = 0;  // without those of the counts
};

}  // namespace larder
