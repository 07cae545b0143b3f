#include "server/pubsub/topics.h"

#include <bit>

#include "server/base/glob.h"
#include "server/base/hash.h"

namespace larder {

bool Audience::Add(const Subscriber& subscriber) {
  for (Home& home : homes_) {
    if (home.mailbox != subscriber.home) continue;
    if (!home.clients.insert(subscriber.client).second) return false;
    ++size_;
    return true;
  }
  homes_.push_back({subscriber.home, {subscriber.client}});
  ++size_;
  return true;
}

bool Audience::Remove(const Subscriber& subscriber) {
  for (size_t i = 0; i < homes_.size(); ++i) {
    if (homes_[i].mailbox != subscriber.home) continue;
    if (homes_[i].clients.erase(subscriber.client) == 0) return false;
    if (homes_[i].clients.empty()) homes_.erase(homes_.begin() + static_cast<std::ptrdiff_t>(i));
    --size_;
    return true;
  }
  return false;
}

void Audience::Tell(std::string_view name, Deliver deliver) const {
  for (const Home& home : homes_) {
    deliver(name, home.mailbox, {home.clients.begin(), home.clients.end()});
  }
}

Topics::Stripe& Topics::StripeOf(std::string_view name) const {
  return stripes_[HashBytes(name) % kStripes];
}

void Topics::Forget(Stripe& stripe, StringMap<Audience>::iterator topic) {
  pairs_.fetch_sub(topic->second.size(), std::memory_order_relaxed);
  stripe.topics.erase(topic);
  if (stripe.topics.empty()) occupied_.fetch_and(~BitOf(stripe), std::memory_order_relaxed);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void Topics::Add(std::string_view name, const Subscriber& subscriber) {
  Stripe& stripe = StripeOf(name);
  MutexLock lock(stripe.mutex);
  auto topic = stripe.topics.find(name);
  if (topic == stripe.topics.end()) {
    if (stripe.topics.empty()) occupied_.fetch_or(BitOf(stripe), std::memory_order_relaxed);
    topic = stripe.topics.emplace(std::string(name), Audience()).first;
    size_.fetch_add(1, std::memory_order_relaxed);
  }
  if (topic->second.Add(subscriber)) pairs_.fetch_add(1, std::memory_order_relaxed);
}

void Topics::Remove(std::string_view name, const Subscriber& subscriber) {
  Stripe& stripe = StripeOf(name);
  MutexLock lock(stripe.mutex);
  auto topic = stripe.topics.find(name);
  if (topic == stripe.topics.end() || !topic->second.Remove(subscriber)) return;
  pairs_.fetch_sub(1, std::memory_order_relaxed);
  if (topic->second.size() == 0) Forget(stripe, topic);
}

size_t Topics::Tell(std::string_view name, Deliver deliver) {
  if (size() == 0) return 0;
  Stripe& stripe = StripeOf(name);
  MutexLock lock(stripe.mutex);
  auto topic = stripe.topics.find(name);
  if (topic == stripe.topics.end()) return 0;
  topic->second.Tell(name, deliver);
  return topic->second.size();
}

size_t Topics::TellMatching(std::string_view text, Deliver deliver) {
  size_t told = 0;
  for (uint64_t left = occupied_.load(std::memory_order_relaxed); left != 0; left &= left - 1) {
    Stripe& stripe = stripes_[static_cast<size_t>(std::countr_zero(left))];
    MutexLock lock(stripe.mutex);
    for (const auto& [pattern, audience] : stripe.topics) {
      if (!GlobMatch(pattern, text)) continue;
      audience.Tell(pattern, deliver);
      told += audience.size();
    }
  }
  return told;
}

void Topics::Take(std::string_view name, Deliver deliver) {
  if (size() == 0) return;
  Stripe& stripe = StripeOf(name);
  MutexLock lock(stripe.mutex);
  auto topic = stripe.topics.find(name);
  if (topic == stripe.topics.end()) return;
  topic->second.Tell(name, deliver);
  Forget(stripe, topic);
}

bool Topics::TakeAny(Deliver deliver) {
  for (size_t tried = 0; tried < kStripes; ++tried) {
    Stripe& stripe = stripes_[next_stripe_.fetch_add(1, std::memory_order_relaxed) % kStripes];
    MutexLock lock(stripe.mutex);
    auto topic = stripe.topics.begin();
    if (topic == stripe.topics.end()) continue;
    topic->second.Tell(topic->first, deliver);
    Forget(stripe, topic);
    return true;
  }
  return false;
}

void Topics::Clear() {
  for (Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    while (!stripe.topics.empty()) Forget(stripe, stripe.topics.begin());
  }
}

size_t Topics::Count(std::string_view name) const {
  Stripe& stripe = StripeOf(name);
  MutexLock lock(stripe.mutex);
  auto topic = stripe.topics.find(name);
  return topic == stripe.topics.end() ? 0 : topic->second.size();
}

std::vector<std::string> Topics::Matching(std::string_view pattern) const {
  std::vector<std::string> names;
  for (Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    for (const auto& [name, audience] : stripe.topics) {
      if (GlobMatch(pattern, name)) names.push_back(name);
    }
  }
  return names;
}

}  // namespace larder
