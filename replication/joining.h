// Joining: protected-restart. A primary that lost its data and comes back before anybody notices
// would be copied by its replicas, which then have lost theirs. So a server that has served before
// and finds no data waits: Sentinels get no PONG, clients no data, replicas no sync, until it is
// told who is primary (REPLICAOF) or protected-restart-timeout is over.
//
// What it has been is said by a small file in `dir`; without one this is the first start, which
// waits for nobody. While it waits the file says so, and then as long as it is a replica without
// its primary's data, because what it writes meanwhile (an empty append-only file, a snapshot at
// its end) must not pass for its data at the next start. Where CONFIG SET changes `dir` it is
// written there as well.
//
// The thread that starts the server calls Expect and Decide; Primary's thread Round; End is called
// with the gate closed; the state by any thread; so may a change of `dir` come.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "server/base/mutex.h"

namespace larder {

class Engine;

class Joining {
 public:
  // `joining` is what the dispatcher looks at.
  Joining(Engine& engine, std::atomic<bool>& joining);

  // Before clients are served: waits, until it is known whether there are data, where the directive
  // asks for it. False, with a sentence, where the file can't be written.
  bool Expect(std::string* error);
  // After loading: whether there was a file of data. Answers whether this server has data that it
  // may go on with.
  bool Decide(bool found_data);
  // The role was given.
  void End();
  // Often. `settled` says whether the server is a primary, or has its primary's data, in its files
  // too: asked when it does not wait any more.
  void Round(int64_t now_ms, absl::FunctionRef<bool()> settled);

  // Whether the directive asks for all this.
  bool on() const { return past_.load() != Past::kNone; }
  bool active() const { return joining_.load(std::memory_order_acquire); }
  // Until it serves although nobody has said anything.
  int64_t seconds_left() const;

 private:
  enum class Past { kNone, kServed, kJoining };  // as the file says; kNone: nobody has asked

  std::string File() const;
  Past ReadPast() const;
  int Note(Past past) ABSL_LOCKS_EXCLUDED(note_mutex_);  // 0, or errno
  void NoteOrWarn(Past past);
  int64_t deadline_ms() const;

  Engine& engine_;
  std::atomic<bool>& joining_;
  Mutex note_mutex_;  // of who writes the file
  std::atomic<Past> past_{Past::kNone};
  std::atomic<bool> told_{false};     // End ended a wait, perhaps before Decide
  std::atomic<int64_t> since_ms_{0};  // monotonic
};

}  // namespace larder
