// User: who he is, how he proves it, what he may do. A user that others can see never changes: a
// change makes a new one, with the same account (users.h). One thread at a time while it is being
// made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/password.h"
#include "server/acl/selector.h"

namespace larder {

class User {
 public:
  // May do nothing, and is off. `account` tells him from others who had his name before.
  User(std::string name, uint64_t account, const CommandIndex& index, bool all_channels);

  // One rule of ACL SETUSER: "on", ">secret", "(+get ~x)" … or one of the root selector's. A rule
  // with an error changes nothing. `all_channels`: what a new selector allows (acl-pubsub-default).
  RuleError Apply(std::string_view rule, bool all_channels);

  const std::string& name() const { return name_; }
  uint64_t account() const { return account_; }
  bool enabled() const { return enabled_; }
  bool needs_no_password() const { return no_password_; }
  const std::vector<Password>& passwords() const { return passwords_; }
  bool HasPassword(const Password& password) const;
  // The root selector first.
  const std::vector<Selector>& selectors() const { return selectors_; }

  // What he may not; where several selectors refuse, what Redis would name.
  AclDenial Check(const AclRequest& request) const;
  bool may_do_everything() const;
  // Whether a selector that allows the request allows to read all keys as well (SORT BY, GET).
  bool MayReadAllKeys(const AclRequest& request) const;
  bool MayUseChannel(std::string_view channel, bool pattern) const;

  std::vector<std::string_view> Flags() const;  // "on", "nopass" …
  // All rules that make him, as ACL LIST shows them behind his name.
  std::string Describe() const;
  // The same for a file. What stands in parentheses is split into words once more when it is read:
  // quoted where needed, which Redis leaves out and then does not read what it has written.
  std::string DescribeForFile() const;

 private:
  enum class Sanitize : uint8_t { kNotSaid, kSkip, kAlways };

  RuleError ApplyPassword(std::string_view rule);
  RuleError AddSelector(std::string_view rules, bool all_channels);
  std::string DescribeWith(std::string (*selector_form)(std::string rules)) const;

  std::string name_;
  uint64_t account_;
  const CommandIndex* index_;
  bool enabled_ = false;
  bool no_password_ = false;
  Sanitize sanitize_ = Sanitize::kNotSaid;
  std::vector<Password> passwords_;
  std::vector<Selector> selectors_;
};

using UserRef = std::shared_ptr<const User>;

}  // namespace larder
