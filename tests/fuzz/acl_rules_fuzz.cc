// Rules of any bytes, one a line, for one user: no crash, an error changes nothing, and what is
// told of him makes a user again who may do the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/rules.h"
#include "server/acl/user_list.h"
#include "server/base/check.h"
#include "tests/acl/acl_player.h"

namespace {

using namespace larder;

// An ACL file separates rules by white space, and a selector ends with the first word that ends
// with a bracket, as the second of a first argument may.
bool Tellable(std::string_view description) {
  for (size_t at = 0; (at = description.find(") ", at)) != std::string_view::npos; ++at) {
    if (!description.substr(at + 2).starts_with('(')) return false;
  }
  return description.find_first_of("\t\r\n\v\f") == std::string_view::npos &&
         description.find('\0') == std::string_view::npos;
}

// What he may do: the answer to each command, with several words for its key or channel.
std::vector<AclDenial::Reason> Answers(const User& user) {
  static const CommandIndex commands(SomeCommands());
  static const KeyUse keys[] = {{1, kReadsKey}, {1, kWritesKey}};
  static const ChannelUse channels[] = {{1, false}, {1, true}};
  std::vector<AclDenial::Reason> answers;
  for (uint32_t number = 0; number < commands.size(); ++number) {
    for (std::string_view word : {"get", "key", "cart:1", "news", "2", "0"}) {
      const std::string_view words[] = {"command", word};
      answers.push_back(user.Check({number, words, {}, {}}).reason);
      for (const KeyUse& key : keys) {
        answers.push_back(user.Check({number, words, {&key, 1}, {}}).reason);
      }
      for (const ChannelUse& channel : channels) {
        answers.push_back(user.Check({number, words, {}, {&channel, 1}}).reason);
      }
    }
  }
  return answers;
}

User Load(const User& user) {
  static Setting no_channels;  // its value is 0
  static Users users(SomeCommands(), no_channels);
  std::vector<User> loaded;
  const std::string line = "user " + user.name() + " " + user.DescribeForFile();
  CHECK(ParseUserFile(line, "f", users, &loaded).empty());
  CHECK(loaded.size() == 1);
  return loaded[0];
}

// A rule that a later one has made void is told, as in Redis, and then not said again: so the text
// may differ once, but not twice.
void CheckTold(const User& user) {
  if (!Tellable(user.Describe())) return;
  const User again = Load(user);
  CHECK(Answers(again) == Answers(user));
  CHECK(Load(again).Describe() == again.Describe());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size > 4096) return 0;
  Subject subject;
  bool one_word_each = true;  // a first argument (+select|a b) may hold a blank, a file's word not
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    const std::string_view rule = input.substr(0, end);
    if (!rule.starts_with('(') && rule.find(' ') != rule.npos) one_word_each = false;
    const std::string before = subject.user.Describe();
    const RuleError error = subject.user.Apply(input.substr(0, end), false);
    if (error != RuleError::kNone) CHECK(subject.user.Describe() == before);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  subject.Try({"get", "key"});
  subject.Try({"config", "set"});
  subject.Try({"psubscribe", "a*"});
  if (one_word_each) CheckTold(subject.user);
  return 0;
}
