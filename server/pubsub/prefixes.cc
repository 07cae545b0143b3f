#include "server/pubsub/prefixes.h"

namespace larder {
namespace {

// True where a key may begin with both.
bool ShareKeys(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

}  // namespace

void Prefixes::Add(std::string_view prefix, const Subscriber& subscriber) {
  MutexLock lock(mutex_);
  prefixes_[std::string(prefix)].Add(subscriber);
  size_.store(prefixes_.size(), std::memory_order_relaxed);
}

void Prefixes::Remove(std::string_view prefix, const Subscriber& subscriber) {
  MutexLock lock(mutex_);
  auto found = prefixes_.find(std::string(prefix));
  if (found == prefixes_.end()) return;
  found->second.Remove(subscriber);
  if (found->second.size() == 0) prefixes_.erase(found);
  size_.store(prefixes_.size(), std::memory_order_relaxed);
}

void Prefixes::Tell(std::span<const std::string_view> keys, Deliver deliver) {
  if (size() == 0) return;
  MutexLock lock(mutex_);
  std::vector<size_t> matching;
  for (const auto& [prefix, audience] : prefixes_) {
    matching.clear();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].starts_with(prefix)) matching.push_back(i);
    }
    if (matching.empty()) continue;
    audience.Tell(prefix, [&](std::string_view, Mailbox* home, std::vector<uint64_t> clients) {
      deliver(matching, home, std::move(clients));
    });
  }
}

std::optional<Prefixes::Overlap> Prefixes::FindOverlap(std::span<const std::string> existing,
                                                       std::span<const std::string_view> added) {
  for (size_t i = 0; i < added.size(); ++i) {
    for (const std::string& other : existing) {
      if (ShareKeys(added[i], other)) return Overlap{added[i], other, true};
    }
    for (size_t j = i + 1; j < added.size(); ++j) {
      if (ShareKeys(added[i], added[j])) return Overlap{added[i], added[j], false};
    }
  }
  return std::nullopt;
}

}  // namespace larder
