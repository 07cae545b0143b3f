// Mailbox: how any thread reaches the clients of a loop, also under a shard's lock: a lock-free
// stack of letters, and a wake-up when it was empty. The loop takes all letters at once, in the
// order they were posted, after the replies already built.
//
// A bound: what is posted is counted until the loop has it delivered. While a mailbox is full, that
// is while a loop has fallen behind those who publish to its clients, commands that may post more
// wait as at a closed gate (dispatch.cc); so it is passed by one command of each thread at most.
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
    kPauseEnd,  // somebody ended a pause: connections that it holds are offered again (no client)
    kClose,     // close the client after its output is sent
    kStop,      // the server stops (no client)
  };
  Kind kind;
  uint64_t client_id = 0;
  OutputBuffer out;
  std::shared_ptr<const Push> push;
  std::vector<uint64_t> clients;
  Letter* next = nullptr;

  // Memory that it holds, about. A push that several loops get counts for each.
  size_t MemoryBytes() const;
};

// One maker for each kind.
std::unique_ptr<Letter> PushLetter(std::shared_ptr<const Push> push, std::vector<uint64_t> clients);
std::unique_ptr<Letter> ReplyLetter(uint64_t client_id, OutputBuffer out = {});
std::unique_ptr<Letter> FinishedLetter(uint64_t client_id);
std::unique_ptr<Letter> GateOpenLetter();
std::unique_ptr<Letter> PauseEndLetter();
std::unique_ptr<Letter> CloseLetter(uint64_t client_id);
std::unique_ptr<Letter> StopLetter();

class Mailbox {
 public:
  // Some ten thousand messages: more than a loop delivers in the milliseconds (kRetryMs of Loop)
  // after which those who wait are offered again, so it does not run out of work meanwhile.
  static constexpr size_t kFullBytes = 8 * 1024 * 1024;

  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  virtual ~Mailbox();

  void Post(std::unique_ptr<Letter> letter);
  // All letters, oldest first, linked by `next`; the caller hands each to Delivered and deletes it.
  // Only the loop.
  Letter* TakeAll();
  void Delivered(const Letter& letter);
  bool empty() const { return head_.load(std::memory_order_acquire) == nullptr; }
  // Of the letters that are not delivered yet; any thread.
  size_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }
  bool full() const { return waiting_bytes() >= kFullBytes; }

 protected:
  // Makes the loop look into its mailbox; any thread, must not lock or block.
  virtual void Wake() = 0;

 private:
  std::atomic<Letter*> head_{nullptr};
  std::atomic<size_t> waiting_bytes_{0};
};

}  // namespace larder
