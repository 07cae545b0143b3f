#include "server/store/stream_groups.h"

#include <algorithm>

#include "server/store/size_class.h"

namespace larder {

size_t StreamGroups::Named::MemoryBytes() const {
  return RoundUpToSizeClass(sizeof(*this)) + HeapBytes(name) + group.MemoryBytes();
}

size_t StreamGroups::All::LowerBound(std::string_view name) const {
  const auto at = std::lower_bound(
      groups.begin(), groups.end(), name,
      [](const std::unique_ptr<Named>& named, std::string_view x) { return named->name < x; });
  return static_cast<size_t>(at - groups.begin());
}

StreamGroups::Named* StreamGroups::All::Find(std::string_view name) const {
  const size_t at = LowerBound(name);
  return at < groups.size() && groups[at]->name == name ? groups[at].get() : nullptr;
}

// Whoever had another one has changed it.
StreamGroup* StreamGroups::All::Lend(Named& named) {
  if (lent != &named) {
    if (lent != nullptr) bytes += lent->MemoryBytes();
    bytes -= named.MemoryBytes();
    lent = &named;
  }
  return &named.group;
}

StreamGroups::StreamGroups(const StreamGroups& other) {
  if (other.all_ == nullptr) return;
  all_ = std::make_unique<All>();
  all_->groups.reserve(other.size());
  for (const auto& named : other.all_->groups) {
    all_->bytes += all_->groups.emplace_back(std::make_unique<Named>(*named))->MemoryBytes();
  }
}

const StreamGroup* StreamGroups::Find(std::string_view name) const {
  const Named* named = all_ == nullptr ? nullptr : all_->Find(name);
  return named == nullptr ? nullptr : &named->group;
}

StreamGroup* StreamGroups::FindForChange(std::string_view name) {
  Named* named = all_ == nullptr ? nullptr : all_->Find(name);
  return named == nullptr ? nullptr : all_->Lend(*named);
}

StreamGroup* StreamGroups::Add(std::string_view name, StreamId last_id, int64_t entries_read) {
  if (Find(name) != nullptr) return nullptr;
  if (all_ == nullptr) all_ = std::make_unique<All>();
  auto named = std::make_unique<Named>(
      Named{.name = std::string(name), .group = StreamGroup(last_id, entries_read)});
  const auto place = all_->groups.begin() + static_cast<std::ptrdiff_t>(all_->LowerBound(name));
  Named& added = **all_->groups.insert(place, std::move(named));
  all_->bytes += added.MemoryBytes();
  return all_->Lend(added);
}

bool StreamGroups::Remove(std::string_view name) {
  if (FindForChange(name) == nullptr) return false;  // its bytes are in the sum no longer
  all_->lent = nullptr;
  all_->groups.erase(all_->groups.begin() + static_cast<std::ptrdiff_t>(all_->LowerBound(name)));
  if (all_->groups.empty()) all_ = nullptr;
  return true;
}

size_t StreamGroups::MemoryBytes() const {
  if (all_ == nullptr) return 0;
  const size_t lent_bytes = all_->lent == nullptr ? 0 : all_->lent->MemoryBytes();
  return RoundUpToSizeClass(sizeof(All)) + HeapBytes(all_->groups) + all_->bytes + lent_bytes;
}

}  // namespace larder
