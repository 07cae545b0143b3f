#include "server/acl/users.h"

#include "server/acl/rules.h"
#include "server/base/check.h"
#include "server/base/strings.h"

namespace larder {
namespace {

void Place(User user, std::map<std::string, UserRef, std::less<>>& users) {
  UserRef& place = users[user.name()];
  place = std::make_shared<const User>(std::move(user));
}

}  // namespace

Users::Users(std::vector<AclCommand> commands, const Setting& all_channels)
    : commands_(std::move(commands)), all_channels_(all_channels) {
  MutexLock lock(mutex_);
  Put(InitialDefault());
}

User Users::InitialDefault() const {
  User user(std::string(kDefault), kDefaultAccount, commands_, true);
  for (std::string_view rule : {"on", "nopass", "allcommands", "allkeys"}) {
    CHECK(user.Apply(rule, true) == RuleError::kNone);
  }
  return user;
}

void Users::Put(User user) {
  Place(std::move(user), users_);
  Changed();
}

void Users::Changed() {
  const User& user = *users_.at(std::string(kDefault));
  open_.store(user.enabled() && user.needs_no_password(), std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
}

UserRef Users::Find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

UserRef Users::Current(const User& user) const {
  const UserRef current = Find(user.name());
  return current != nullptr && current->account() == user.account() ? current : nullptr;
}

std::vector<UserRef> Users::All() const {
  MutexLock lock(mutex_);
  std::vector<UserRef> all;
  for (const auto& [name, user] : users_) all.push_back(user);
  return all;
}

// The password is hashed whoever it is, so that time does not tell which names there are.
UserRef Users::Authenticate(std::string_view name, std::string_view password) const {
  const Password given = Password::Of(password);
  const UserRef user = Find(name);
  if (user == nullptr || !user->enabled()) return nullptr;
  return user->needs_no_password() || user->HasPassword(given) ? user : nullptr;
}

Users::Change Users::Set(std::string_view name, std::span<const std::string_view> rules) {
  MutexLock lock(mutex_);
  Change change;
  const auto found = users_.find(name);
  if (found != users_.end()) change.before = found->second;
  User user = change.before != nullptr ? *change.before : NewUser(name);
  change.error = ApplyRules(rules, all_channels(), &user);
  if (!change.error.empty()) return change;
  Put(std::move(user));
  change.after = users_.find(name)->second;
  return change;
}

UserRef Users::Remove(std::string_view name) {
  CHECK(name != kDefault);
  MutexLock lock(mutex_);
  const auto found = users_.find(name);
  if (found == users_.end()) return nullptr;
  const UserRef gone = found->second;
  users_.erase(found);
  Changed();
  return gone;
}

void Users::SetDefaultPassword(std::string_view password) {
  MutexLock lock(mutex_);
  User user = *users_.at(std::string(kDefault));
  CHECK(user.Apply("resetpass", false) == RuleError::kNone);
  const std::string rule = password.empty() ? "nopass" : StrCat(">", password);
  CHECK(user.Apply(rule, false) == RuleError::kNone);
  Put(std::move(user));
}

User Users::NewUser(std::string_view name) {
  const uint64_t account =
      name == kDefault ? kDefaultAccount : next_account_.fetch_add(1, std::memory_order_relaxed);
  return User(std::string(name), account, commands_, all_channels());
}

std::vector<UserRef> Users::Replace(std::vector<User> users) {
  MutexLock lock(mutex_);
  std::vector<UserRef> gone;
  for (const auto& [name, user] : users_) {
    if (name != kDefault) gone.push_back(user);
  }
  users_.clear();
  for (User& user : users) Place(std::move(user), users_);
  if (!users_.contains(kDefault)) Place(InitialDefault(), users_);
  Changed();  // once, when all are there: nobody is let in between
  return gone;
}

}  // namespace larder
