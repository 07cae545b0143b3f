// Rules of any bytes, one a line, for one user: no crash, an error changes nothing, and what is
// told of him makes the same user again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/acl/rules.h"
#include "server/acl/user_list.h"
#include "server/base/check.h"
#include "tests/acl/acl_player.h"

namespace {

using namespace larder;

// An ACL file separates rules by spaces and knows no quotes; a selector ends with the first word
// that ends with a bracket.
bool Tellable(std::string_view description) {
  for (size_t at = 0; (at = description.find(") ", at)) != std::string_view::npos; ++at) {
    if (!description.substr(at + 2).starts_with('(')) return false;
  }
  return description.find_first_of("\"'\t\r\n\v\f") == std::string_view::npos &&
         description.find('\0') == std::string_view::npos;
}

void CheckTold(const User& user) {
  const std::string description = user.Describe();
  if (!Tellable(description)) return;
  Setting no_channels;
  no_channels.Set(0);
  Users users(SomeCommands(), no_channels);
  std::vector<User> loaded;
  CHECK(ParseUserFile("user " + user.name() + " " + description, "f", users, &loaded).empty());
  CHECK(loaded.size() == 1 && loaded[0].Describe() == description);
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
