// Subscriptions: what one client listens to. Belongs to whoever runs the client; the numbers are
// read by any thread (CLIENT LIST, the refusal of commands in subscribed mode).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/string_map.h"
#include "server/pubsub/topics.h"

namespace larder {

class Subscriptions {
 public:
  // False when it listens to the name already, or did not.
  bool Add(TopicKind kind, std::string_view name);
  bool Remove(TopicKind kind, std::string_view name);
  bool Has(TopicKind kind, std::string_view name) const;
  // In the order in which they were added.
  std::vector<std::string> Names(TopicKind kind) const;

  // Any thread.
  size_t size(TopicKind kind) const {
    return sizes_[static_cast<size_t>(kind)].load(std::memory_order_relaxed);
  }
  bool any() const { return total_.load(std::memory_order_relaxed) != 0; }

 private:
  using NameMap = StringMap<uint64_t>;  // name and its place in the order
  NameMap& names(TopicKind kind) const { return (*names_)[static_cast<size_t>(kind)]; }
  void Count(TopicKind kind, int change);

  // Most clients never subscribe and pay a pointer.
  std::unique_ptr<std::array<NameMap, kTopicKinds>> names_;
  uint64_t next_ = 0;
  std::array<std::atomic<uint32_t>, kTopicKinds> sizes_{};
  std::atomic<uint32_t> total_{0};
};

}  // namespace larder
