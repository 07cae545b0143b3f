#include "server/pubsub/subscriptions.h"

#include <algorithm>
#include <utility>

namespace larder {

void Subscriptions::Count(TopicKind kind, int change) {
  sizes_[static_cast<size_t>(kind)].fetch_add(static_cast<uint32_t>(change),
                                              std::memory_order_relaxed);
  total_.fetch_add(static_cast<uint32_t>(change), std::memory_order_relaxed);
}

bool Subscriptions::Add(TopicKind kind, std::string_view name) {
  if (names_ == nullptr) names_ = std::make_unique<std::array<NameMap, kTopicKinds>>();
  if (!names(kind).try_emplace(std::string(name), next_++).second) return false;
  Count(kind, 1);
  return true;
}

bool Subscriptions::Remove(TopicKind kind, std::string_view name) {
  if (names_ == nullptr) return false;
  auto found = names(kind).find(name);
  if (found == names(kind).end()) return false;
  names(kind).erase(found);
  Count(kind, -1);
  return true;
}

bool Subscriptions::Has(TopicKind kind, std::string_view name) const {
  return names_ != nullptr && names(kind).contains(name);
}

std::vector<std::string> Subscriptions::Names(TopicKind kind) const {
  if (names_ == nullptr) return {};
  std::vector<std::pair<uint64_t, std::string>> ordered;
  for (const auto& [name, place] : names(kind)) ordered.emplace_back(place, name);
  std::sort(ordered.begin(), ordered.end());
  std::vector<std::string> result;
  for (auto& [place, name] : ordered) result.push_back(std::move(name));
  return result;
}

}  // namespace larder
