// Selector: one set of permissions of a user: commands, keys, channels. A command is allowed to a
// user when one of his selectors allows all of it. One thread at a time; const functions any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/command_permissions.h"
#include "server/acl/request.h"
#include "server/acl/rule_error.h"

namespace larder {

class Selector {
 public:
  // Allows nothing, but all channels where `all_channels` says so (acl-pubsub-default).
  Selector(const CommandIndex& index, bool all_channels);

  // "+get", "-@write", "~cart:*", "%R~x", "&news", "allkeys" … A rule with an error changes
  // nothing.
  RuleError Apply(std::string_view rule);

  // Why it does not allow the request; the first key or channel where it is one of those.
  AclDenial Check(const AclRequest& request) const;
  bool allows_everything() const { return commands_.all() && all_keys_ && all_channels_; }
  // Whether every key there is may be used in this way.
  bool AllowsEveryKey(uint8_t access) const;
  // Whether a channel, or as it is written a pattern, may be subscribed to.
  bool AllowsChannel(std::string_view channel, bool pattern) const;

  // The rules that make it, as ACL GETUSER shows them. Commands: what leads to the same
  // permissions, in the order in which it was said, without what had no effect.
  std::string DescribeCommands() const;
  std::string DescribeKeys() const;
  std::string DescribeChannels() const;
  // All of it, as ACL LIST does.
  std::string Describe() const;

 private:
  struct KeyPattern {
    std::string pattern;
    uint8_t access;
  };

  RuleError ApplyKeyPattern(std::string_view rule);
  RuleError ApplyChannel(std::string_view pattern);
  RuleError ApplyCommand(std::string_view rule);
  // Runs a rule of commands that is known to be valid: sign and name.
  bool Change(CommandPermissions& commands, std::string_view rule) const;
  void Remember(std::string rule);
  void SetAllCommands(bool allow);
  bool AllowsCommand(const AclRequest& request) const;
  bool AllowsKey(std::string_view key, uint8_t access) const;

  const CommandIndex* index_;
  bool starts_from_all_ = false;  // +@all was said last: commands of later versions are allowed too
  std::vector<std::string>
      rules_;  // what was said since, lower case; Change of each makes commands_
  CommandPermissions commands_;
  bool all_keys_ = false;
  std::vector<KeyPattern> keys_;
  bool all_channels_;
  std::vector<std::string> channels_;
};

}  // namespace larder
