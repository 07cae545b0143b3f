#include "server/acl/user.h"

#include <algorithm>
#include <sstream>

#include "server/base/strings.h"
#include "server/config/words.h"

namespace larder {
namespace {

// The rules of a selector, each a word for SplitWords. A parenthesis at the end of one would close
// the selector.
std::string QuoteRules(std::string rules) {
  std::string quoted;
  std::stringstream words(std::move(rules));
  for (std::string rule; std::getline(words, rule, ' ');) {
    StrAppend(quoted, quoted.empty() ? "" : " ",
              rule.ends_with(')') ? QuoteWord(rule) : QuoteWordIfNeeded(rule));
  }
  return quoted;
}

}  // namespace

User::User(std::string name, uint64_t account, const CommandIndex& index, bool all_channels)
    : name_(std::move(name)), account_(account), index_(&index) {
  selectors_.emplace_back(index, all_channels);
}

RuleError User::Apply(std::string_view rule, bool all_channels) {
  if (rule.empty()) return RuleError::kNone;
  if (EqualsIgnoreCase(rule, "on")) {
    enabled_ = true;
  } else if (EqualsIgnoreCase(rule, "off")) {
    enabled_ = false;
  } else if (EqualsIgnoreCase(rule, "skip-sanitize-payload")) {
    sanitize_ = Sanitize::kSkip;
  } else if (EqualsIgnoreCase(rule, "sanitize-payload")) {
    sanitize_ = Sanitize::kAlways;
  } else if (EqualsIgnoreCase(rule, "nopass") || EqualsIgnoreCase(rule, "resetpass")) {
    no_password_ = EqualsIgnoreCase(rule, "nopass");
    passwords_.clear();
  } else if (EqualsIgnoreCase(rule, "clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (EqualsIgnoreCase(rule, "reset")) {
    *this = User(name_, account_, *index_, all_channels);
    sanitize_ = Sanitize::kAlways;
  } else if (std::string_view("><#!").find(rule[0]) != std::string_view::npos) {
    return ApplyPassword(rule);
  } else if (rule.size() > 1 && rule.front() == '(' && rule.back() == ')') {
    return AddSelector(rule.substr(1, rule.size() - 2), all_channels);
  } else {
    return selectors_.front().Apply(rule);
  }
  return RuleError::kNone;
}

RuleError User::ApplyPassword(std::string_view rule) {
  const bool clear = rule[0] == '>' || rule[0] == '<';
  const bool add = rule[0] == '>' || rule[0] == '#';
  const std::string_view text = rule.substr(1);
  const auto password = clear ? Password::Of(text) : Password::FromHex(text);
  if (!password) return RuleError::kBadHash;
  const auto known = std::find_if(passwords_.begin(), passwords_.end(),
                                  [&](const Password& other) { return other.Equals(*password); });
  if (add) {
    if (known == passwords_.end()) passwords_.push_back(*password);
    no_password_ = false;
    return RuleError::kNone;
  }
  if (known == passwords_.end()) return RuleError::kNoSuchPassword;
  passwords_.erase(known);
  return RuleError::kNone;
}

RuleError User::AddSelector(std::string_view rules, bool all_channels) {
  const auto words = SplitWords(rules);
  if (!words) return RuleError::kSyntax;
  Selector selector(*index_, all_channels);
  for (const std::string& word : *words) {
    if (const RuleError error = selector.Apply(word); error != RuleError::kNone) return error;
  }
  selectors_.push_back(std::move(selector));
  return RuleError::kNone;
}

// Looks at all of them, whichever is the right one.
bool User::HasPassword(const Password& password) const {
  bool found = false;
  for (const Password& known : passwords_) found |= known.Equals(password);
  return found;
}

AclDenial User::Check(const AclRequest& request) const {
  AclDenial worst = {AclDenial::Reason::kCommand, 0};
  for (const Selector& selector : selectors_) {
    const AclDenial denial = selector.Check(request);
    if (!denial) return {};
    if (denial.reason > worst.reason ||
        (denial.reason == worst.reason && denial.word > worst.word)) {
      worst = denial;
    }
  }
  return worst;
}

bool User::may_do_everything() const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [](const Selector& selector) { return selector.allows_everything(); });
}

bool User::MayReadAllKeys(const AclRequest& request) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const Selector& selector) {
    return !selector.Check(request) && selector.AllowsEveryKey(kReadsKey);
  });
}

bool User::MayUseChannel(std::string_view channel, bool pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const Selector& selector) {
    return selector.AllowsChannel(channel, pattern);
  });
}

std::vector<std::string_view> User::Flags() const {
  std::vector<std::string_view> flags = {enabled_ ? "on" : "off"};
  if (no_password_) flags.push_back("nopass");
  if (sanitize_ == Sanitize::kSkip) flags.push_back("skip-sanitize-payload");
  if (sanitize_ == Sanitize::kAlways) flags.push_back("sanitize-payload");
  return flags;
}

std::string User::Describe() const {
  return DescribeWith([](std::string rules) { return rules; });
}

std::string User::DescribeForFile() const { return DescribeWith(QuoteRules); }

std::string User::DescribeWith(std::string (*selector_form)(std::string rules)) const {
  std::string text;
  for (std::string_view flag : Flags()) StrAppend(text, flag, " ");
  for (const Password& password : passwords_) StrAppend(text, "#", password.Hex(), " ");
  text += selectors_.front().Describe();
  for (size_t i = 1; i < selectors_.size(); ++i) {
    StrAppend(text, " (", selector_form(selectors_[i].Describe()), ")");
  }
  return text;
}

}  // namespace larder
