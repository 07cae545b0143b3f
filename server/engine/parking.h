// Parking: clients whose command waits for a key to change (BLPOP, XREAD). A waiter stands in the
// queue of each of its keys, in the shard, in the order of arrival. The thread that changed a key,
// after it has released its locks and before its next command, goes through the queue: it takes a
// waiter's locks, runs that client's command for it and mails the reply. A command that finds
// nothing for it parks again in its old place, and the next one has its turn.
//
// A waiter is claimed once: by the waker, by its time-out, by CLIENT UNBLOCK, or by its
// connection's end. Whoever claims it answers; a loop that finds its client claimed by a waker
// waits for the letter.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/output_buffer.h"
#include "server/engine/key_lock.h"

namespace larder {

class Client;
class Engine;
class Worker;
struct Command;
struct Context;

// What a parked command waits for.
struct Wait {
  std::vector<std::string> keys = {};
  ValueType wants = ValueType::kList;   // run again when a key changes and holds a value like this
  bool or_loss = false;                 // and when a key is deleted or holds something else
  int64_t timeout_ms = 0;               // 0: for ever
  OutputBuffer timeout_reply = {};      // what the client gets when the time is over
  std::vector<std::string> words = {};  // what is run again; empty: the command as it came
};

struct Waiter {
  enum class State : uint8_t { kWaiting, kClaimed };
  std::atomic<State> state{State::kWaiting};
  Client* client = nullptr;
  const Command* command = nullptr;
  uint64_t ticket = 0;  // who came earlier has a lower one; every queue is in this order
  int db = 0;
  Wait wait;
  std::vector<uint64_t> hashes;  // of the keys
  int64_t deadline_ms = 0;       // Unix time; 0: none

  bool Claim() {
    State waiting = State::kWaiting;
    return state.compare_exchange_strong(waiting, State::kClaimed);
  }
};

// Keys (database and name) that a command changed while somebody waited for them. Bounded by the
// keys of the commands run under one lock.
using ReadyKeys = std::vector<std::pair<int, std::string>>;

class Parking {
 public:
  // Ends the wait of a waiter that was claimed, with this reply.
  static void Answer(Engine& engine, Waiter& waiter, OutputBuffer out);
  // Puts the client of this context into the queues of the keys, whose locks are held. The caller
  // has written no reply.
  static void Park(Context& c, Wait wait);

  // Notes a key that has changed, if somebody waits for it. REQUIRES: its lock.
  static void NoteReady(const Slice& slice, int db, std::string_view key, ReadyKeys& ready) {
    if (!slice.waiters.empty() && slice.waiters.contains(key)) ready.emplace_back(db, key);
  }

  // Takes a claimed waiter out of its queues. Locks its shards one at a time: no lock may be held.
  static void Withdraw(Engine& engine, Waiter& waiter);

  // Answers an error to all clients that wait, and closes them. The gate is closed by this thread.
  static void RefuseAll(Engine& engine, std::string_view error);

  // Serves the waiters of keys that have changed. No lock may be held.
  static void Serve(Engine& engine, Worker& worker, ReadyKeys ready);
};

}  // namespace larder
