// MONITOR: every command that runs is mailed to the clients that asked for it. And what of a
// command may be shown at all: passwords never, neither here nor in the slow log.
#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/args.h"
#include "server/engine/client.h"
#include "server/pubsub/topics.h"

namespace larder {

// The clients that asked. Any thread, also under a shard's lock; all of them get the lines in the
// same order.
class Monitors {
 public:
  // The thread of the client. Nothing happens where it is among them already, or is not.
  void Add(Client& client);
  void Remove(Client& client);
  bool any() const { return size_.load(std::memory_order_relaxed) > 0; }

  // Mails them what the client has run, unless it is an admin's command.
  void Feed(const Client& client, const Command& command, Args args);

 private:
  std::atomic<size_t> size_{0};
  Mutex mutex_;  // nothing is locked under it
  Audience audience_ ABSL_GUARDED_BY(mutex_);
};

// The words with secrets replaced by "(redacted)"; `words` is the memory for it where needed.
Args Redacted(const Command& command, Args args, std::vector<std::string_view>& words);

}  // namespace larder
