// Push: what a client gets without having asked for it just now: a message of a channel, the
// invalidation of a key, a line of MONITOR. One push may go to many clients; it is mailed once to
// each loop that has some of them, and delivered after the replies already built.
//
// Immutable and shared between loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/mailbox.h"

namespace larder {

class Client;
class Engine;

class Push {
 public:
  virtual ~Push() = default;
  // Appends it to the client's output where the client still wants it. Only whoever runs the
  // client; no lock is held.
  virtual void Deliver(Engine& engine, Client& client) const = 0;
  // About as much as it is to each client. Never changes.
  virtual size_t MemoryBytes() const = 0;
};

// Mails the push to clients of one home. Any thread, also under a shard's lock.
void PostPush(Mailbox& home, std::shared_ptr<const Push> push, std::vector<uint64_t> clients);

}  // namespace larder
