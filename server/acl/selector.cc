#include "server/acl/selector.h"

#include <algorithm>

#include "server/acl/categories.h"
#include "server/base/glob.h"
#include "server/base/strings.h"

namespace larder {
namespace {

// Patterns are written back separated by spaces, so they can't hold one.
bool HasSpaces(std::string_view text) {
  return text.find_first_of(std::string_view(" \t\n\v\f\r\0", 7)) != std::string_view::npos;
}

// "config" stands for "config|get" as well, "select" for "select|0".
bool Covers(std::string_view name, std::string_view older) {
  return older.starts_with(name) && (older.size() == name.size() || older[name.size()] == '|');
}

}  // namespace

Selector::Selector(const CommandIndex& index, bool all_channels)
    : index_(&index), commands_(index), all_channels_(all_channels) {}

RuleError Selector::Apply(std::string_view rule) {
  if (EqualsIgnoreCase(rule, "allkeys") || rule == "~*") {
    all_keys_ = true;
    keys_.clear();
  } else if (EqualsIgnoreCase(rule, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (EqualsIgnoreCase(rule, "allchannels") || rule == "&*") {
    all_channels_ = true;
    channels_.clear();
  } else if (EqualsIgnoreCase(rule, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (EqualsIgnoreCase(rule, "allcommands") || EqualsIgnoreCase(rule, "+@all")) {
    SetAllCommands(true);
  } else if (EqualsIgnoreCase(rule, "nocommands") || EqualsIgnoreCase(rule, "-@all")) {
    SetAllCommands(false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return ApplyKeyPattern(rule);
  } else if (rule.starts_with('&')) {
    return ApplyChannel(rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return ApplyCommand(rule);
  } else {
    return RuleError::kSyntax;
  }
  return RuleError::kNone;
}

void Selector::SetAllCommands(bool allow) {
  starts_from_all_ = allow;
  rules_.clear();
  commands_ = CommandPermissions(*index_, allow);
}

RuleError Selector::ApplyKeyPattern(std::string_view rule) {
  if (all_keys_) return RuleError::kPatternAfterAll;
  uint8_t access = rule[0] == '~' ? kReadsAndWritesKey : 0;
  size_t i = 1;
  if (access == 0) {
    for (; i < rule.size() && rule[i] != '~'; ++i) {
      const uint8_t bit = ToUpper(rule[i]) == 'R' ? kReadsKey : kWritesKey;
      if ((bit == kWritesKey && ToUpper(rule[i]) != 'W') || (access & bit)) {
        return RuleError::kSyntax;
      }
      access |= bit;
    }
    if (access == 0) return RuleError::kSyntax;
    i = std::min(i + 1, rule.size());
  }
  const std::string_view pattern = rule.substr(i);
  if (HasSpaces(pattern)) return RuleError::kSyntax;
  const auto known = std::find_if(keys_.begin(), keys_.end(),
                                  [&](const KeyPattern& key) { return key.pattern == pattern; });
  if (known == keys_.end()) {
    keys_.push_back({std::string(pattern), access});
  } else {
    known->access |= access;
  }
  return RuleError::kNone;
}

RuleError Selector::ApplyChannel(std::string_view pattern) {
  if (all_channels_) return RuleError::kChannelAfterAll;
  if (HasSpaces(pattern)) return RuleError::kSyntax;
  if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end()) {
    channels_.emplace_back(pattern);
  }
  return RuleError::kNone;
}

RuleError Selector::ApplyCommand(std::string_view rule) {
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) {
    if (CategoryByName(name.substr(1)) == 0) return RuleError::kUnknownCommand;
  } else if (!index_->Find(name)) {
    // Not a command: perhaps the first argument of one, which can only be allowed.
    const size_t bar = name.rfind('|');
    if (rule[0] == '-' || bar == std::string_view::npos) return RuleError::kUnknownCommand;
    const auto command = index_->Find(name.substr(0, bar));
    if (!command) return RuleError::kUnknownCommand;
    if (name.substr(0, bar).find('|') != std::string_view::npos) {
      return RuleError::kFirstArgOfSubcommand;
    }
    if (bar + 1 == name.size()) return RuleError::kSyntax;
    if (!index_->SubcommandsOf(*command).empty()) return RuleError::kUnknownCommand;
  }
  Remember(ToLower(rule));
  return RuleError::kNone;
}

// Whatever an older rule of the same name did, this one does it anew.
void Selector::Remember(std::string rule) {
  const std::string_view name = std::string_view(rule).substr(1);
  const size_t older = std::erase_if(rules_, [&](const std::string& known) {
    return Covers(name, std::string_view(known).substr(1));
  });
  if (older > 0) {
    commands_ = CommandPermissions(*index_, starts_from_all_);
    for (const std::string& known : rules_) Change(commands_, known);
  }
  if (Change(commands_, rule)) rules_.push_back(std::move(rule));
}

bool Selector::Change(CommandPermissions& commands, std::string_view rule) const {
  const bool allow = rule[0] == '+';
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) return commands.SetCategory(CategoryByName(name.substr(1)), allow);
  if (const auto command = index_->Find(name)) return commands.Set(*command, allow);
  const size_t bar = name.rfind('|');
  return commands.AllowFirstArgument(*index_->Find(name.substr(0, bar)), name.substr(bar + 1));
}

AclDenial Selector::Check(const AclRequest& request) const {
  if (!AllowsCommand(request)) return {AclDenial::Reason::kCommand, 0};
  for (const KeyUse& key : request.keys) {
    if (!AllowsKey(request.words[key.word], key.access)) {
      return {AclDenial::Reason::kKey, key.word};
    }
  }
  for (const ChannelUse& channel : request.channels) {
    if (!AllowsChannel(request.words[channel.word], channel.pattern)) {
      return {AclDenial::Reason::kChannel, channel.word};
    }
  }
  return {};
}

bool Selector::AllowsCommand(const AclRequest& request) const {
  if (commands_[request.command] || (*index_)[request.command].always_allowed) return true;
  return request.words.size() > 1 &&
         commands_.AllowsFirstArgument(request.command, request.words[1]);
}

bool Selector::AllowsKey(std::string_view key, uint8_t access) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& allowed) {
           return (allowed.access & access) == access && GlobMatch(allowed.pattern, key);
         });
}

bool Selector::AllowsEveryKey(uint8_t access) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& allowed) {
           return (allowed.access & access) == access && allowed.pattern == "*";
         });
}

bool Selector::AllowsChannel(std::string_view channel, bool pattern) const {
  return all_channels_ ||
         std::any_of(channels_.begin(), channels_.end(), [&](const std::string& allowed) {
           return pattern ? allowed == channel : GlobMatch(allowed, channel);
         });
}

std::string Selector::DescribeCommands() const {
  std::string text = starts_from_all_ ? "+@all" : "-@all";
  for (const std::string& rule : rules_) StrAppend(text, " ", rule);
  return text;
}

std::string Selector::DescribeKeys() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& key : keys_) {
    StrAppend(text, text.empty() ? "" : " ");
    // ~* would be read as allkeys, behind which no pattern may stand. Redis writes it, and then
    // does not read the file that it has saved.
    const std::string_view both = key.pattern == "*" ? "%RW" : "";
    StrAppend(text, key.access == kReadsKey ? "%R" : key.access == kWritesKey ? "%W" : both);
    StrAppend(text, "~", key.pattern);
  }
  return text;
}

std::string Selector::DescribeChannels() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& channel : channels_) StrAppend(text, text.empty() ? "&" : " &", channel);
  return text;
}

std::string Selector::Describe() const {
  std::string text;
  for (const std::string& part : {DescribeKeys(), std::string(all_channels_ ? "" : "resetchannels"),
                                  DescribeChannels(), DescribeCommands()}) {
    if (!part.empty()) StrAppend(text, text.empty() ? "" : " ", part);
  }
  return text;
}

}  // namespace larder
