// What Primary sends: by its own thread, or, where it is little, by the thread that made it.
#include <sched.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "replication/primary.h"
#include "server/base/clock.h"
#include "server/base/log.h"

namespace larder {
namespace {

using State = ReplicaLink::State;

// What some pages save. More is sent by the thread, while commands go on.
constexpr size_t kShortNews = 64 * 1024;
// How long a loop waits for its turn, so that its replies don't leave before its news. A round of
// the thread takes some microseconds; one that cuts a snapshot, or lost its core, is not waited
// for.
constexpr int64_t kMostPatienceUs = 500;

}  // namespace

void Primary::TakeNews() {
  if (!round_mutex_.TryLock()) {
    // Of several loops one would wait for the sends of all others.
    if (engine_.io_threads > 1) return Wake();
    const int64_t begin_us = MonotonicUs();
    do {
      if (MonotonicUs() - begin_us > kMostPatienceUs) return Wake();
      ::sched_yield();
    } while (!round_mutex_.TryLock());
  }
  const bool whole = FeedShortNews();
  round_mutex_.Unlock();
  if (!whole) Wake();
}

// False where there is something left that the thread must see to.
bool Primary::FeedShortNews() {
  bool whole = true;
  for (auto& [id, link] : links_) {
    const bool shortly = link->state == State::kOnline && !link->failed && !link->blocked &&
                         link->waiting_bytes() <= kShortNews;
    whole &= shortly && link->Flush() && !link->blocked && !link->outdated();
  }
  return whole;
}

// Sends every replica what it lacks and its socket takes.
void Primary::Feed() {
  size_t buffered = 0;
  const int64_t now_ms = MonotonicMs();
  for (auto& [id, link] : links_) {
    if (link->failed) continue;
    if (link->state != State::kSnapshot) {
      if (!link->blocked && !link->Flush()) Drop(*link, "can't be sent to");
      Watch(*link);  // also where a loop has found it full
    }
    if (TooSlow(*link, now_ms)) {
      Log(LogLevel::kWarning, "Client ", link->client.address,
          " scheduled to be closed ASAP for overcoming of output buffer limits.");
      Drop(*link, "");
    }
    buffered += link->waiting_bytes();
  }
  buffered_bytes_.store(buffered, std::memory_order_relaxed);
}

// Asks epoll for room in the socket only while it is full.
void Primary::Watch(ReplicaLink& link) {
  epoll_event event = {};
  event.events = link.blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &link;
  if (std::exchange(link.watched_for_room, link.blocked) == link.blocked) return;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, link.socket.fd(), &event);
}

// client-output-buffer-limit of class replica.
bool Primary::TooSlow(ReplicaLink& link, int64_t now_ms) const {
  const OutputLimit& limit =
      engine_.config.settings().output_limits[static_cast<size_t>(ClientClass::kReplica)];
  // Who may ask for so much out of the backlog may also have it.
  const int64_t backlog_bytes = engine_.config.settings().repl_backlog_bytes;
  const int64_t limit_bytes = limit.hard_bytes;
  const int64_t hard_bytes = limit_bytes == 0 ? 0 : std::max(limit_bytes, backlog_bytes);
  const auto waiting = static_cast<int64_t>(link.waiting_bytes());
  link.client.output_bytes.store(static_cast<uint64_t>(waiting), std::memory_order_relaxed);
  if (hard_bytes > 0 && waiting > hard_bytes) return true;
  if (limit.soft_bytes == 0 || waiting <= limit.soft_bytes) {
    link.over_soft_since_ms = 0;
    return false;
  }
  if (link.over_soft_since_ms == 0) link.over_soft_since_ms = now_ms;
  return now_ms - link.over_soft_since_ms > limit.soft_seconds * 1000;
}

}  // namespace larder
