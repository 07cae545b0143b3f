// Lines of redis.conf of any bytes: no crash, quoting is undone by splitting, every value that a
// check accepts is accepted again in its canonical form, and a rewritten file splits like the old
// one.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/check.h"
#include "server/config/config.h"
#include "server/config/words.h"

namespace larder {
namespace {

void CheckLine(std::string_view line) {
  std::optional<std::vector<std::string>> words = SplitWords(line);
  if (!words || words->empty()) return;
  for (const std::string& word : *words) CHECK(SplitWords(QuoteWord(word))->at(0) == word);
  const Directive* row = FindDirective((*words)[0]);
  words->erase(words->begin());
  bool multi = row != nullptr && (row->flags & kMultiWord) != 0;
  // "dir" would look at this machine's folders.
  if (row == nullptr || row->name == "dir" || (words->size() != 1 && !multi)) return;
  std::string value, again, error;
  if (!RunCheck(row->check, {*words, row->default_value, false}, &value, &error)) return;
  NumberOf(row->check, value);
  std::vector<std::string> canonical = {value};
  if (multi && !value.empty()) canonical = SplitWords(value).value_or(canonical);
  if (row->name == "replicaof" && value.empty()) return;
  if (!RunCheck(row->check, {canonical, row->default_value, false}, &again, &error)) return;
  CHECK(again == value || row->check.kind == Check::Kind::kCustom);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> values;
  for (const larder::Directive& row : larder::Directives()) values.emplace_back(row.default_value);
  std::string once = larder::RewriteConfigText(text, values);
  CHECK(larder::RewriteConfigText(once, values) == once);
  larder::NearestDirective(text.substr(0, 40));
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    larder::CheckLine(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}
