#include "server/store/stream_group.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

size_t BytesOf(const StreamConsumer& consumer) {
  return HeapBytes(consumer.name) + consumer.pending.MemoryBytes();
}

}  // namespace

StreamGroup::StreamGroup(const StreamGroup& other)
    : last_id(other.last_id),
      entries_read(other.entries_read),
      consumers_(other.consumers_),
      by_name_(other.by_name_),
      free_numbers_(other.free_numbers_),
      pending_(other.pending_) {
  for (const StreamConsumer& consumer : consumers_) consumer_bytes_ += BytesOf(consumer);
}

template <typename Change>
void StreamGroup::ChangeConsumer(uint32_t number, Change change) {
  consumer_bytes_ -= BytesOf(consumers_[number]);
  change(consumers_[number]);
  consumer_bytes_ += BytesOf(consumers_[number]);
}

size_t StreamGroup::LowerBound(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](uint32_t number, std::string_view x) { return consumers_[number].name < x; });
  return static_cast<size_t>(at - by_name_.begin());
}

const StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const size_t at = LowerBound(name);
  if (at == by_name_.size() || consumers_[by_name_[at]].name != name) return nullptr;
  return &consumers_[by_name_[at]];
}

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) {
  return const_cast<StreamConsumer*>(std::as_const(*this).FindConsumer(name));
}

StreamConsumer& StreamGroup::AddConsumer(std::string_view name, int64_t now_ms) {
  CHECK(FindConsumer(name) == nullptr);
  const auto place = by_name_.begin() + static_cast<std::ptrdiff_t>(LowerBound(name));
  auto number = static_cast<uint32_t>(consumers_.size());
  if (free_numbers_.empty()) {
    consumers_.emplace_back();
  } else {
    number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  by_name_.insert(place, number);
  ChangeConsumer(number, [&](StreamConsumer& consumer) {
    consumer = {.number = number, .name = std::string(name), .seen_ms = now_ms};
  });
  return consumers_[number];
}

void StreamGroup::RemoveConsumer(std::string_view name) {
  const size_t at = LowerBound(name);
  CHECK(at < by_name_.size() && consumers_[by_name_[at]].name == name);
  const uint32_t number = by_name_[at];
  consumers_[number].pending.ForEachFrom(StreamId::Min(), [&](const PendingId& each) {
    CHECK(pending_.Erase(each.id));
    return true;
  });
  by_name_.erase(by_name_.begin() + static_cast<std::ptrdiff_t>(at));
  free_numbers_.push_back(number);
  ChangeConsumer(number, [](StreamConsumer& consumer) { consumer = {}; });
}

void StreamGroup::SetPending(const PendingEntry& entry) {
  PendingEntry* old = pending_.FindMutable(entry.id);
  const auto forget = [&](StreamConsumer& c) { CHECK(c.pending.Erase(entry.id)); };
  const auto take = [&](StreamConsumer& c) { CHECK(c.pending.Insert({entry.id})); };
  if (old == nullptr) {
    pending_.Insert(entry);
    ChangeConsumer(entry.consumer, take);
    return;
  }
  if (old->consumer != entry.consumer) {
    ChangeConsumer(old->consumer, forget);
    ChangeConsumer(entry.consumer, take);
  }
  *old = entry;
}

bool StreamGroup::Acknowledge(StreamId id) {
  const PendingEntry* entry = pending_.Find(id);
  if (entry == nullptr) return false;
  ChangeConsumer(entry->consumer, [id](StreamConsumer& c) { CHECK(c.pending.Erase(id)); });
  return pending_.Erase(id);
}

size_t StreamGroup::MemoryBytes() const {
  return HeapBytes(consumers_) + HeapBytes(by_name_) + HeapBytes(free_numbers_) +
         pending_.MemoryBytes() + consumer_bytes_;
}

}  // namespace larder
