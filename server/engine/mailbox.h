// Mailbox: how any thread reaches the clients of a loop, also under a shard's lock: a lock-free
// stack of letters, and a wake-up when it was empty. The loop takes all letters at once, in the
// order they were posted, after the replies already built. Letters are bounded by what posts them:
// a monitor or subscriber that does not read is closed at its output limit, a parked client gets
// one reply.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/output_buffer.h"

namespace larder {

class Push;  // server/engine/push.h

struct Letter {
  enum class Kind : uint8_t {
    kPush,      // what some clients get unasked (`push`, `clients`)
    kReply,     // append to the client's output; the client's parked command is done
    kFinished,  // a command that another thread finished for the loop: its reply is in the client
                // already
    kGateOpen,  // the gate opened: connections that wait for it go on (no client)
    kClose,     // close the client after its output is sent
    kStop,      // the server stops (no client)
  };
  Kind kind;
  uint64_t client_id = 0;
  OutputBuffer out;
  std::shared_ptr<const Push> push;
  std::vector<uint64_t> clients;
  Letter* next = nullptr;
};

class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  virtual ~Mailbox();

  void Post(std::unique_ptr<Letter> letter);
  // All letters, oldest first, linked by `next`; the caller deletes them. Only the loop.
  Letter* TakeAll();
  bool empty() const { return head_.load(std::memory_order_acquire) == nullptr; }

 protected:
  // Makes the loop look into its mailbox; any thread, must not lock or block.
  virtual void Wake() = 0;

 private:
  std::atomic<Letter*> head_{nullptr};
};

}  // namespace larder
