// The options of XADD and XTRIM that say what goes: MAXLEN and MINID, exactly or about, and LIMIT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/context.h"
#include "server/store/stream.h"

namespace larder {

struct TrimOptions {
  bool given = false;
  Stream::TrimRule rule;
  size_t word = 0;               // where the length or id stands
  std::optional<int64_t> limit;  // LIMIT
  size_t limit_word = 0;
};

// Reads one option at word *i, and moves *i to its last word. `known`: it was one. False after an
// error was answered.
bool ParseTrimOption(Context& c, size_t* i, TrimOptions* options, bool* known);
// What must hold when all are read; sets the limit that a client's trimming "about" has of itself.
// `required`: without a rule there is nothing to do. False after an error was answered.
bool CheckTrimOptions(Context& c, bool required, TrimOptions* options);

// The words of a command that trimmed "about" so that replicas keep what was kept here.
class ExactWords {
 public:
  ExactWords(Args args, const TrimOptions& options, const Stream& trimmed);
  ExactWords(const ExactWords&) = delete;
  // Puts another text in the place of word `i`, which is no option's.
  void Replace(size_t i, std::string_view text) { words_[i] = text; }
  // Without the words that have no place any more.
  Args Finish();

 private:
  std::vector<std::string_view> words_;
  std::string threshold_;
  size_t limit_word_;
};

}  // namespace larder
