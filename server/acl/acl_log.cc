#include "server/acl/acl_log.h"

#include <algorithm>

namespace larder {
namespace {

constexpr int64_t kAlikeWithinMs = 60'000;
constexpr size_t kMostCompared = 10;  // a flood of different errors must not make each one slow

bool Alike(const AclLog::Entry& a, const AclLog::Entry& b) {
  return a.reason == b.reason && a.where == b.where && a.object == b.object && a.user == b.user &&
         std::max(a.updated_ms, b.updated_ms) - std::min(a.updated_ms, b.updated_ms) <=
             kAlikeWithinMs;
}

}  // namespace

void AclLog::Add(Entry entry, size_t max_len) {
  MutexLock lock(mutex_);
  const auto last =
      entries_.begin() + static_cast<std::ptrdiff_t>(std::min(entries_.size(), kMostCompared));
  const auto known =
      std::find_if(entries_.begin(), last, [&](const Entry& other) { return Alike(entry, other); });
  if (known != last) {
    entry.count = known->count + 1;
    entry.id = known->id;
    entry.created_ms = known->created_ms;
    entries_.erase(known);
  } else {
    entry.id = next_id_++;
    entry.created_ms = entry.updated_ms;
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > max_len) entries_.pop_back();
}

std::vector<AclLog::Entry> AclLog::Newest(size_t count) const {
  MutexLock lock(mutex_);
  return {entries_.begin(),
          entries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries_.size()))};
}

void AclLog::Clear() {
  MutexLock lock(mutex_);
  entries_.clear();
}

std::string_view NameOf(AclDenial::Reason reason) {
  static constexpr std::string_view kNames[] = {"", "command", "key", "channel", "auth"};
  return kNames[static_cast<size_t>(reason)];
}

std::string_view NameOf(AclLog::Where where) {
  static constexpr std::string_view kNames[] = {"toplevel", "multi", "lua"};
  return kNames[static_cast<size_t>(where)];
}

}  // namespace larder
