#include "server/store/stream_node.h"

#include <algorithm>

#include "protocol/listpack.h"
#include "server/base/check.h"
#include "server/store/partition_point.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

void AppendText(std::string& out, std::string_view text) {
  AppendVarint(out, text.size());
  out.append(text);
}

size_t NumberBytes(uint64_t number) { return ListpackElementBytes(static_cast<int64_t>(number)); }

}  // namespace

StreamNode::StreamNode(StreamId base, StreamPairs pairs)
    : base_(base), name_count_(static_cast<uint32_t>(pairs.size() / 2)) {
  // Besides the counts: how many names, the names, and a zero that ends them.
  size_t bytes = kEmptyListpackBytes + NumberBytes(name_count_) + NumberBytes(0);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    AppendText(names_, pairs[i]);
    bytes += ListpackElementBytes(pairs[i]);
  }
  names_.shrink_to_fit();
  CountListpackBytes(bytes);
}

size_t StreamNode::MemoryBytes() const {
  return HeapBytes(names_) + HeapBytes(entries_) + HeapBytes(starts_);
}

size_t StreamNode::ListpackBytesOfCounts() const {
  return NumberBytes(count()) + NumberBytes(ever_held_ - count());
}

size_t StreamNode::listpack_bytes() const { return listpack_bytes_ + ListpackBytesOfCounts(); }

// An entry of very many tiny texts can exceed 32 bits. Its node is full long before.
void StreamNode::CountListpackBytes(size_t bytes) {
  listpack_bytes_ = static_cast<uint32_t>(std::min<size_t>(listpack_bytes_ + bytes, UINT32_MAX));
}

void StreamNode::SetHistory(size_t listpack_bytes, size_t erased) {
  ever_held_ += static_cast<uint32_t>(erased);
  listpack_bytes_ = 0;
  CountListpackBytes(listpack_bytes - ListpackBytesOfCounts());
}

const char* StreamNode::ReadId(size_t i, StreamId* id) const {
  uint64_t ms_after, seq;
  const char* at = ReadVarint(entries_.data() + starts_[i], &ms_after);
  at = ReadVarint(at, &seq);
  *id = {base_.ms + ms_after, ms_after == 0 ? base_.seq + seq : seq};
  return at;
}

StreamId StreamNode::IdAt(size_t i) const {
  StreamId id;
  ReadId(i, &id);
  return id;
}

StreamEntry StreamNode::At(size_t i) const {
  StreamEntry entry;
  uint64_t pairs_and_one;
  entry.pairs_begin_ = ReadVarint(ReadId(i, &entry.id_), &pairs_and_one);
  entry.names_ = pairs_and_one == 0 ? names_.data() : nullptr;
  entry.pairs_ = pairs_and_one == 0 ? name_count_ : pairs_and_one - 1;
  return entry;
}

size_t StreamNode::LowerBound(StreamId id) const {
  return PartitionPoint(count(), [&](size_t i) { return IdAt(i) < id; });
}

bool StreamNode::HasNames(StreamPairs pairs) const {
  if (pairs.size() != size_t{2} * name_count_) return false;
  size_t i = 0;
  bool same = true;
  ForEachName([&](std::string_view name) {
    same = same && name == pairs[i];
    i += 2;
  });
  return same;
}

void StreamNode::Append(StreamId id, StreamPairs pairs) {
  CHECK(id >= base_ && (count() == 0 || id > last_id()));
  starts_.push_back(static_cast<uint32_t>(entries_.size()));
  const uint64_t ms_after = id.ms - base_.ms;
  AppendVarint(entries_, ms_after);
  AppendVarint(entries_, ms_after == 0 ? id.seq - base_.seq : id.seq);
  const bool only_values = HasNames(pairs);
  AppendVarint(entries_, only_values ? 0 : pairs.size() / 2 + 1);
  // In a listpack: flags, both parts of the id, how many pairs, the texts, how many items before.
  size_t items = only_values ? 3 : 4, bytes = 0;
  for (size_t i = only_values ? 1 : 0; i < pairs.size(); i += only_values ? 2 : 1) {
    AppendText(entries_, pairs[i]);
    bytes += ListpackElementBytes(pairs[i]);
    ++items;
  }
  bytes += NumberBytes(0) + NumberBytes(ms_after) + NumberBytes(id.seq - base_.seq);
  if (!only_values) bytes += NumberBytes(pairs.size() / 2);
  CountListpackBytes(bytes + NumberBytes(items));
  ++ever_held_;
}

void StreamNode::Erase(size_t first, size_t n) {
  CHECK(first + n <= count());
  if (n == 0) return;
  const auto at = starts_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = at + static_cast<std::ptrdiff_t>(n);
  const size_t begin_byte = *at;
  const size_t end_byte = end == starts_.end() ? entries_.size() : *end;
  entries_.erase(begin_byte, end_byte - begin_byte);
  for (auto later = starts_.erase(at, end); later != starts_.end(); ++later) {
    *later -= static_cast<uint32_t>(end_byte - begin_byte);
  }
}

void StreamNode::Reserve(size_t entries, size_t bytes) {
  starts_.reserve(entries);
  entries_.reserve(bytes);
}

void StreamNode::ShrinkToFit() {
  entries_.shrink_to_fit();
  starts_.shrink_to_fit();
}

}  // namespace larder
