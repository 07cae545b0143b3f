// Parking: clients whose command waits for a key to be filled (BLPOP). A waiter stands in the queue
// of each of its keys, in the shard, in the order of arrival. The thread that made a key ready,
// after it has released its locks and before its next command, takes the head waiter's locks, runs
// that client's command for it and mails the reply; it repeats while there is something left.
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

struct Waiter {
  enum class State : uint8_t { kWaiting, kClaimed };
  std::atomic<State> state{State::kWaiting};
  Client* client = nullptr;
  const Command* command = nullptr;
  std::vector<std::string> words;  // the command, copied out of the input
  std::vector<std::string> keys;
  std::vector<uint64_t> hashes;  // of the keys
  int db = 0;
  ValueType wants = ValueType::kList;
  int64_t deadline_ms = 0;     // Unix time; 0: none
  OutputBuffer timeout_reply;  // what the client gets when the time is over

  bool Claim() {
    State waiting = State::kWaiting;
    return state.compare_exchange_strong(waiting, State::kClaimed);
  }
};

// Keys (database and name) that a command filled while somebody waited for them. Bounded by the
// keys of the commands run under one lock.
using ReadyKeys = std::vector<std::pair<int, std::string>>;

class Parking {
 public:
  // Puts the client of this context into the queues of `keys`. `timeout_ms` 0: for ever. The locks
  // of the keys are held. The caller has written no reply; `timeout_reply` is sent when the time is
  // over.
  static void Park(Context& c, std::vector<std::string> keys, ValueType wants, int64_t timeout_ms,
                   OutputBuffer timeout_reply);

  // Takes a claimed waiter out of its queues. Locks its shards one at a time: no lock may be held.
  static void Withdraw(Engine& engine, Waiter& waiter);

  // Serves the waiters of keys that became ready. No lock may be held.
  static void Serve(Engine& engine, Worker& worker, ReadyKeys ready);
};

}  // namespace larder
