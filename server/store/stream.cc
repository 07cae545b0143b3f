#include "server/store/stream.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

size_t TextBytes(StreamPairs pairs) {
  size_t bytes = 0;
  for (std::string_view text : pairs) bytes += text.size();
  return bytes;
}

}  // namespace

size_t Stream::MemoryBytes() const {
  return RoundUpToSizeClass(sizeof(*this)) + node_bytes_ + nodes_.PlaceBytes() +
         groups_.MemoryBytes();
}

void Stream::AddNode(StreamNode node) {
  node_bytes_ += BytesOf(node);
  nodes_.Add(std::move(node));
}

void Stream::RemoveNodes(size_t first, size_t n) {
  for (size_t at = first; at < first + n; ++at) node_bytes_ -= BytesOf(nodes_[at]);
  nodes_.Remove(first, n);
}

void Stream::Append(StreamId id, StreamPairs pairs, NodeLimits limits) {
  CHECK(id > last_id());
  if (limits.bytes == 0 || limits.bytes > kMostNodeBytes) limits.bytes = kMostNodeBytes;
  if (limits.entries == 0) limits.entries = SIZE_MAX;
  const bool fits = !nodes_.empty() && nodes_.back().ever_held() < limits.entries &&
                    nodes_.back().listpack_bytes() + TextBytes(pairs) < limits.bytes;
  if (!fits) {
    if (!nodes_.empty()) {
      ChangeNode(nodes_.size() - 1, [](StreamNode& node) { node.ShrinkToFit(); });
    }
    AddNode(StreamNode(id, pairs));
  }
  ChangeNode(nodes_.size() - 1, [&](StreamNode& node) { node.Append(id, pairs); });
  ++size_;
  if (counters_.entries_added < Counters::kMostAdded) ++counters_.entries_added;
  counters_.last_id = id;
}

void Stream::AppendNode(StreamNode node) {
  CHECK(node.count() > 0 && (empty() || node.first_id() > last_id()));
  size_ += node.count();
  counters_.entries_added += node.count();
  counters_.last_id = node.last_id();
  AddNode(std::move(node));
}

size_t Stream::NodeOf(StreamId id) const {
  const auto above =
      std::upper_bound(nodes_.begin(), nodes_.end(), id,
                       [](StreamId x, const CowPtr<StreamNode>& node) { return x < node->base(); });
  return above == nodes_.begin() ? 0 : static_cast<size_t>(above - nodes_.begin()) - 1;
}

std::optional<StreamEntry> Stream::Find(StreamId id) const {
  if (empty()) return std::nullopt;
  const StreamNode& node = nodes_[NodeOf(id)];
  const size_t i = node.LowerBound(id);
  if (i == node.count() || node.IdAt(i) != id) return std::nullopt;
  return node.At(i);
}

bool Stream::Delete(StreamId id) {
  if (!Contains(id)) return false;
  const size_t at = NodeOf(id);
  if (nodes_[at].count() == 1) {
    RemoveNodes(at, 1);
  } else {
    ChangeNode(at, [&](StreamNode& node) { node.Erase(node.LowerBound(id), 1); });
  }
  --size_;
  counters_.max_deleted_id = std::max(counters_.max_deleted_id, id);
  return true;
}

size_t Stream::Trim(const TrimRule& rule) {
  const bool by_length = rule.by == TrimRule::By::kLength;
  const size_t size_before = size_;
  size_t whole = 0;  // nodes that go
  for (; whole < nodes_.size(); ++whole) {
    const StreamNode& node = nodes_[whole];
    if (by_length ? size_ - std::min(size_, node.count()) < rule.length
                  : node.last_id() >= rule.min_id) {
      break;
    }
    const size_t removed = size_before - size_ + node.count();
    if (rule.whole_nodes && rule.limit != 0 && removed > rule.limit) break;
    size_ -= node.count();
  }
  RemoveNodes(0, whole);
  if (!nodes_.empty() && !rule.whole_nodes) {
    const size_t n = by_length ? size_ - std::min<size_t>(size_, rule.length)
                               : nodes_.front().LowerBound(rule.min_id);
    if (n > 0) ChangeNode(0, [&](StreamNode& node) { node.Erase(0, n); });
    size_ -= n;
  }
  return size_before - size_;
}

void Stream::ForEach(StreamId first, StreamId last, Visit visit) const {
  if (empty()) return;
  for (size_t at = NodeOf(first); at < nodes_.size(); ++at) {
    const StreamNode& node = nodes_[at];
    for (size_t i = node.LowerBound(first); i < node.count(); ++i) {
      const StreamEntry entry = node.At(i);
      if (entry.id() > last || !visit(entry)) return;
    }
  }
}

void Stream::ForEachReverse(StreamId first, StreamId last, Visit visit) const {
  if (empty()) return;
  for (size_t at = NodeOf(last) + 1; at-- > 0;) {
    const StreamNode& node = nodes_[at];
    size_t i = node.LowerBound(last);
    if (i < node.count() && node.IdAt(i) == last) ++i;
    while (i-- > 0) {
      const StreamEntry entry = node.At(i);
      if (entry.id() < first || !visit(entry)) return;
    }
  }
}

void Stream::ForEachNode(absl::FunctionRef<void(const StreamNode&)> visit) const {
  for (const CowPtr<StreamNode>& node : nodes_) visit(*node);
}

bool Stream::DeletedAfter(StreamId id) const {
  const StreamId deleted = counters_.max_deleted_id;
  return !empty() && !deleted.is_zero() && first_id() <= deleted && id <= deleted;
}

std::optional<int64_t> Stream::EntriesAddedUpTo(StreamId id) const {
  const auto added = static_cast<int64_t>(counters_.entries_added);
  if (added == 0) return 0;
  if (id == last_id() || (empty() && id < last_id())) return added;
  if (id > last_id() || id > first_id()) return std::nullopt;
  if (first_id() <= counters_.max_deleted_id) return std::nullopt;
  return added - static_cast<int64_t>(size_) + (id == first_id() ? 1 : 0);
}

std::optional<int64_t> Stream::Lag(const StreamGroup& group) const {
  const auto added = static_cast<int64_t>(counters_.entries_added);
  if (added == 0) return 0;
  if (group.entries_read != StreamGroup::kUnknown && !DeletedAfter(group.last_id)) {
    return added - group.entries_read;
  }
  const std::optional<int64_t> read = EntriesAddedUpTo(group.last_id);
  if (!read.has_value()) return std::nullopt;
  return added - *read;
}

void Stream::Advance(StreamGroup& group, StreamId id) const {
  if (group.entries_read != StreamGroup::kUnknown && !DeletedAfter(id)) {
    if (group.entries_read < StreamGroup::kMostRead) ++group.entries_read;
  } else if (counters_.entries_added != 0) {
    group.entries_read = EntriesAddedUpTo(id).value_or(StreamGroup::kUnknown);
  }
  group.last_id = id;
}

}  // namespace larder
