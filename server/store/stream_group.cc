#include "server/store/stream_group.h"

#include "server/base/check.h"

namespace larder {

const StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &consumers_[found->second];
}

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) {
  return const_cast<StreamConsumer*>(std::as_const(*this).FindConsumer(name));
}

StreamConsumer& StreamGroup::AddConsumer(std::string_view name, int64_t now_ms) {
  auto number = static_cast<uint32_t>(consumers_.size());
  if (free_numbers_.empty()) {
    consumers_.emplace_back();
  } else {
    number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  CHECK(names_.emplace(name, number).second);
  name_bytes_ += name.size();
  consumers_[number] = {.number = number, .name = std::string(name), .seen_ms = now_ms};
  return consumers_[number];
}

void StreamGroup::RemoveConsumer(std::string_view name) {
  const auto found = names_.find(name);
  CHECK(found != names_.end());
  StreamConsumer& consumer = consumers_[found->second];
  consumer.pending.ForEachFrom(StreamId::Min(), [&](const PendingId& each) {
    CHECK(pending_.Erase(each.id));
    return true;
  });
  name_bytes_ -= name.size();
  free_numbers_.push_back(consumer.number);
  consumer = {};
  names_.erase(found);
}

void StreamGroup::SetPending(const PendingEntry& entry) {
  PendingEntry* old = pending_.FindMutable(entry.id);
  if (old == nullptr) {
    pending_.Insert(entry);
  } else if (old->consumer != entry.consumer) {
    CHECK(consumers_[old->consumer].pending.Erase(entry.id));
  }
  if (old == nullptr || old->consumer != entry.consumer) {
    CHECK(consumers_[entry.consumer].pending.Insert({entry.id}));
  }
  if (old != nullptr) *old = entry;
}

bool StreamGroup::Acknowledge(StreamId id) {
  const PendingEntry* entry = pending_.Find(id);
  if (entry == nullptr) return false;
  CHECK(consumers_[entry->consumer].pending.Erase(id));
  return pending_.Erase(id);
}

size_t StreamGroup::MemoryBytes() const {
  // A name stands twice: with its consumer, and in the order of names.
  const size_t consumers = consumers_.capacity() * sizeof(StreamConsumer) +
                           names_.size() * sizeof(std::pair<std::string, uint32_t>) +
                           2 * name_bytes_;
  return sizeof(*this) + consumers + pending_.MemoryBytes() + pending_.size() * sizeof(PendingId);
}

}  // namespace larder
