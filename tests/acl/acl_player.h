// A handful of commands for the tests of permissions, and short ways to ask.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/categories.h"
#include "server/acl/user.h"

namespace larder {

inline std::vector<AclCommand> SomeCommands() {
  return {
      {"get", kCatRead | kCatString | kCatFast},
      {"set", kCatWrite | kCatString | kCatSlow},
      {"select", kCatConnection | kCatFast},
      {"config", kCatSlow},
      {"config|get", kCatAdmin | kCatSlow | kCatDangerous},
      {"config|set", kCatAdmin | kCatSlow | kCatDangerous},
      {"publish", kCatPubSub | kCatFast},
      {"psubscribe", kCatPubSub | kCatSlow},
      {"auth", kCatConnection | kCatFast, true},
  };
}

// A user and what he may do, in the words of ACL SETUSER.
struct Subject {
  explicit Subject(const std::vector<std::string>& rules = {})
      : user("somebody", 1, commands, false) {
    for (const std::string& rule : rules) error = user.Apply(rule, false);
  }

  AclDenial::Reason Try(std::vector<std::string_view> words, uint8_t access = kReadsKey) const {
    std::string name(words[0]);
    if (name == "config") name += "|" + std::string(words[1]);
    std::vector<KeyUse> keys;
    std::vector<ChannelUse> channels;
    if (name == "get" || name == "set") keys.push_back({1, access});
    if (name == "publish" || name == "psubscribe") channels.push_back({1, name == "psubscribe"});
    last = user.Check({*commands.Find(name), words, keys, channels});
    return last.reason;
  }

  CommandIndex commands{SomeCommands()};
  User user;
  RuleError error = RuleError::kNone;
  mutable AclDenial last;
};

}  // namespace larder
