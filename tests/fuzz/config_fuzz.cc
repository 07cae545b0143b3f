// Lines of redis.conf of any bytes: no crash, quoting is undone by splitting, every value that a
// check accepts is accepted again in its canonical form, and a file that was rewritten with these
// values is not changed by rewriting it again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/check.h"
#include "server/config/config.h"
#include "server/config/words.h"

namespace larder {
namespace {

// Names and values as a server has them that reads the lines.
struct Seen {
  std::vector<std::string> values;
  bool unknown = false;  // a name was; the start would have ended there
};

// Comparing a name with all others is what takes longest: once an input, as the server does.
void CheckUnknown(std::string_view name) {
  const std::string_view nearest = NearestDirective(name);
  CHECK(nearest.empty() || FindDirective(nearest) != nullptr);
}

void CheckLine(std::string_view line, Seen& seen) {
  std::optional<std::vector<std::string>> words = SplitWords(line);
  if (!words || words->empty()) return;
  for (const std::string& word : *words) CHECK(SplitWords(QuoteWord(word))->at(0) == word);
  const Directive* row = FindDirective((*words)[0]);
  if (row == nullptr && !std::exchange(seen.unknown, true)) CheckUnknown((*words)[0]);
  words->erase(words->begin());
  bool multi = row != nullptr && (row->flags & kMultiWord) != 0;
  // "dir" would look at this machine's folders.
  if (row == nullptr || row->name == "dir" || (words->size() != 1 && !multi)) return;
  std::string value, again, error;
  CheckInput input = {row->name, *words, row->default_value, false};
  if (!RunCheck(row->check, input, &value, &error)) return;
  NumberOf(row->check, value);
  seen.values[static_cast<size_t>(row - Directives().data())] = value;
  std::vector<std::string> canonical = {value};
  if (multi && !value.empty()) canonical = SplitWords(value).value_or(canonical);
  if (row->name == "replicaof" && value.empty()) return;
  input.words = canonical;
  if (!RunCheck(row->check, input, &again, &error)) return;
  CHECK(again == value || row->check.kind == Check::Kind::kCustom);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::string> defaults = [] {
    std::vector<std::string> values;
    for (const larder::Directive& row : larder::Directives()) {
      values.emplace_back(row.default_value);
    }
    return values;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  larder::Seen seen{.values = defaults};
  for (std::string_view rest = text; !rest.empty();) {
    size_t end = std::min(rest.find('\n'), rest.size());
    larder::CheckLine(rest.substr(0, end), seen);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string once = larder::RewriteConfigText(text, seen.values);
  CHECK(larder::RewriteConfigText(once, seen.values) == once);
  return 0;
}
