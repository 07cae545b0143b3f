// Prefixes: the prefixes of keys that clients in broadcasting mode (CLIENT TRACKING BCAST) have
// asked for. Keys are not remembered here: whoever changed some tells all prefixes at once.
//
// Any thread, under no other lock. There are few prefixes, so every key is compared with each.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"
#include "server/base/mutex.h"
#include "server/pubsub/topics.h"

namespace larder {

class Prefixes {
 public:
  void Add(std::string_view prefix, const Subscriber& subscriber);
  void Remove(std::string_view prefix, const Subscriber& subscriber);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  // Gets, for each prefix that some of the keys begin with and each home with clients that want
  // them, the positions of these keys. Called under the lock: may post to the home, no more.
  using Deliver = absl::FunctionRef<void(const std::vector<size_t>& keys, Mailbox* home,
                                         std::vector<uint64_t> clients)>;
  void Tell(std::span<const std::string_view> keys, Deliver deliver);

  // The first of the new prefixes that shares keys with an existing one or with a later new one.
  struct Overlap {
    std::string_view added, other;
    bool existing;
  };
  static std::optional<Overlap> FindOverlap(std::span<const std::string> existing,
                                            std::span<const std::string_view> added);

 private:
  mutable Mutex mutex_;
  absl::btree_map<std::string, Audience> prefixes_ ABSL_GUARDED_BY(mutex_);
  std::atomic<size_t> size_{0};
};

}  // namespace larder
