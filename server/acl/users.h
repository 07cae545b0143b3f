// Users: everybody there is, by name. A user that was handed out never changes; whoever keeps one
// asks Current() when version() has changed. Any thread; no shard's lock need be held, and none is
// taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/user.h"
#include "server/base/mutex.h"
#include "server/config/settings.h"

namespace larder {

class Users {
 public:
  static constexpr std::string_view kDefault = "default";

  // With the default user, who may do everything and needs no password. `all_channels`: what a new
  // user may subscribe to (acl-pubsub-default).
  Users(std::vector<AclCommand> commands, const Setting& all_channels);

  // Grows with every change of any user. Never 0.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Whether a connection is the default user's before it has said who it is.
  bool admits_without_password() const { return open_.load(std::memory_order_relaxed); }

  UserRef Find(std::string_view name) const;  // null: there is none
  UserRef Default() const { return Find(kDefault); }
  // What a user has become; null where he was removed.
  UserRef Current(const User& user) const;
  std::vector<UserRef> All() const;  // by name
  // The user whose password this is; null for every other case.
  UserRef Authenticate(std::string_view name, std::string_view password) const;

  // ACL SETUSER: makes or changes a user, or none of it: then the error, in Redis' words.
  struct Change {
    UserRef before, after;  // before: null where he is new
    std::string error;
  };
  Change Set(std::string_view name, std::span<const std::string_view> rules);
  // Null where there is none. REQUIRES: it is not the default user.
  UserRef Remove(std::string_view name);
  // requirepass; "": none is needed.
  void SetDefaultPassword(std::string_view password);

  // A user for Replace, who can do nothing yet.
  User NewUser(std::string_view name);
  // Puts these in the place of everybody. Without a default user among them he becomes what he was
  // at the start. Returns those who are gone, among them the ones that only have their name left.
  std::vector<UserRef> Replace(std::vector<User> users);
  // Held by who writes everybody into the file, or reads it to replace everybody, from the one end
  // to the other: so the file is as new as the last answer, and nobody reads half of one. May be
  // held long; before the mutex of requests.
  Mutex& file_mutex() const ABSL_LOCK_RETURNED(file_mutex_) { return file_mutex_; }
  bool all_channels() const { return all_channels_ != 0; }

 private:
  void Put(User user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  User InitialDefault() const;

  static constexpr uint64_t kDefaultAccount = 0;  // the default user is never another one

  const CommandIndex commands_;
  const Setting& all_channels_;
  std::atomic<uint64_t> version_{1};
  std::atomic<bool> open_{true};
  std::atomic<uint64_t> next_account_{kDefaultAccount + 1};
  mutable Mutex file_mutex_;
  mutable Mutex mutex_;
  std::map<std::string, UserRef, std::less<>> users_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
