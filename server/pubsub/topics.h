// Topics: names, and the clients that want to hear of each: the subscribers of channels, of
// patterns and of shard channels, and the clients that may hold a key in their cache. A client is
// known by where it lives and its id; what is to be told goes out once for each home, with the ids
// of the clients there.
//
// Any thread, also under a shard's lock. A name belongs to one of kStripes locks, which are held
// for nothing but lookups and the copying of ids, eight bytes for each subscriber. Nothing is
// locked under them. All subscribers of a name are told in the same order.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "server/base/mutex.h"
#include "server/base/string_map.h"

namespace larder {

class Mailbox;  // of a client's loop (server/engine/mailbox.h); here only a name for a home

struct Subscriber {
  Mailbox* home;
  uint64_t client;
};

// The subscribers of one name by home. There are as many homes as loops, so a search is short.
class Audience {
 public:
  // Gets the clients of one home. Called under a lock: may post to the home, no more.
  using Deliver =
      absl::FunctionRef<void(std::string_view name, Mailbox* home, std::vector<uint64_t> clients)>;

  bool Add(const Subscriber& subscriber);     // false: it is there already
  bool Remove(const Subscriber& subscriber);  // false: it is not there
  void Tell(std::string_view name, Deliver deliver) const;
  size_t size() const { return size_; }

 private:
  struct Home {
    Mailbox* mailbox;
    absl::btree_set<uint64_t> clients;
  };
  std::vector<Home> homes_;
  size_t size_ = 0;
};

class Topics {
 public:
  using Deliver = Audience::Deliver;

  // Nothing happens where the client is there already, or is not.
  void Add(std::string_view name, const Subscriber& subscriber);
  void Remove(std::string_view name, const Subscriber& subscriber);

  // Tells the subscribers of this name; returns how many there are.
  size_t Tell(std::string_view name, Deliver deliver);
  // The same for every name that is a glob pattern and matches the text.
  size_t TellMatching(std::string_view text, Deliver deliver);
  // Tells the subscribers of a name, and forgets them.
  void Take(std::string_view name, Deliver deliver);
  // The same for any name; false where there is none.
  bool TakeAny(Deliver deliver);
  void Clear();

  // Names with subscribers, and pairs of name and subscriber.
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t pairs() const { return pairs_.load(std::memory_order_relaxed); }
  size_t Count(std::string_view name) const;  // subscribers of a name
  std::vector<std::string> Matching(std::string_view pattern) const;

 private:
  static constexpr size_t kStripes = 64;  // as many as threads can be
  struct alignas(64) Stripe {
    Mutex mutex;
    StringMap<Audience> topics ABSL_GUARDED_BY(mutex);
  };

  Stripe& StripeOf(std::string_view name) const;
  uint64_t BitOf(const Stripe& stripe) const { return uint64_t{1} << (&stripe - stripes_.data()); }
  void Forget(Stripe& stripe, StringMap<Audience>::iterator topic)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(stripe.mutex);

  mutable std::array<Stripe, kStripes> stripes_;
  std::atomic<size_t> size_{0}, pairs_{0};
  // A bit for each stripe that has names: 64 locks are dear to who looks for a few patterns.
  std::atomic<uint64_t> occupied_{0};
  std::atomic<size_t> next_stripe_{0};  // where TakeAny begins to look
};

// What clients can subscribe to.
enum class TopicKind : uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr size_t kTopicKinds = 3;

struct PubSub {
  Topics& operator[](TopicKind kind) { return topics[static_cast<size_t>(kind)]; }
  std::array<Topics, kTopicKinds> topics;
};

}  // namespace larder
