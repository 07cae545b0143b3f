#include "server/commands/streams_trim.h"

#include <algorithm>

#include "server/base/strings.h"
#include "server/commands/streams.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

using By = Stream::TrimRule::By;

// Unless LIMIT says otherwise, trimming "about" removes the entries of this many full nodes at
// most, so that one command does not take long.
constexpr int64_t kNodesAtOnce = 100;
constexpr int64_t kMostAtOnce = 1'000'000;
constexpr int64_t kAtOnceWithoutNodes = 10'000;  // where nodes have no limit

bool ParseRule(Context& c, size_t* i, By by, TrimOptions* options) {
  if (options->given) {
    c.reply.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return false;
  }
  Stream::TrimRule& rule = options->rule;
  rule.by = by;
  ++*i;
  const std::string_view how = c.args[*i];
  if ((how == "~" || how == "=") && *i + 1 < c.args.size()) {
    rule.whole_nodes = how == "~";
    ++*i;
  }
  options->given = true;
  options->word = *i;
  if (by == By::kMinId) return ParseId(c, *i, &rule.min_id);
  int64_t length;
  if (!c.Integer(*i, &length)) return false;
  if (length < 0) {
    c.reply.Error("ERR The MAXLEN argument must be >= 0.");
    return false;
  }
  rule.length = static_cast<uint64_t>(length);
  return true;
}

bool ParseLimit(Context& c, size_t* i, TrimOptions* options) {
  int64_t limit;
  if (!c.Integer(++*i, &limit)) return false;
  if (limit < 0) {
    c.reply.Error("ERR The LIMIT argument must be >= 0.");
    return false;
  }
  options->limit = limit;
  options->limit_word = *i;
  return true;
}

int64_t LimitOfItself(const Context& c) {
  const int64_t entries = c.engine.config.settings().stream_node_max_entries;
  if (entries == 0) return kAtOnceWithoutNodes;
  return std::min(entries, kMostAtOnce / kNodesAtOnce) * kNodesAtOnce;
}

}  // namespace

bool ParseTrimOption(Context& c, size_t* i, TrimOptions* options, bool* known) {
  const std::string_view word = c.args[*i];
  *known = *i + 1 < c.args.size();
  if (*known && EqualsIgnoreCase(word, "maxlen")) return ParseRule(c, i, By::kLength, options);
  if (*known && EqualsIgnoreCase(word, "minid")) return ParseRule(c, i, By::kMinId, options);
  if (*known && EqualsIgnoreCase(word, "limit")) return ParseLimit(c, i, options);
  *known = false;
  return true;
}

bool CheckTrimOptions(Context& c, bool required, TrimOptions* options) {
  if (options->limit.value_or(0) != 0 && !options->given) {
    c.reply.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (required && !options->given) {
    c.reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return false;
  }
  // A Redis primary tells in exact words what was trimmed, and leaves its client's LIMIT in them.
  const bool from_primary = c.client.link == Client::Link::kPrimary;
  if (options->limit.has_value() && !options->rule.whole_nodes && !from_primary) {
    c.reply.Error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  // A limit bounds what is done beyond the exact words. What a primary or the append-only file says
  // has been done, whatever it took.
  if (options->rule.whole_nodes && !from_primary) {
    options->rule.limit = static_cast<uint64_t>(options->limit.value_or(LimitOfItself(c)));
  }
  return true;
}

ExactWords::ExactWords(Args args, const TrimOptions& options, const Stream& trimmed)
    : words_(args.begin(), args.end()), limit_word_(options.limit_word) {
  if (!options.rule.whole_nodes) return;
  if (options.rule.by == By::kLength) {
    threshold_ = StrCat(trimmed.size());
  } else {
    threshold_ = FormatStreamId(trimmed.empty() ? StreamId::Max() : trimmed.first_id());
  }
  words_[options.word - 1] = "=";
  words_[options.word] = threshold_;
}

Args ExactWords::Finish() {
  if (limit_word_ != 0) {
    const auto limit = words_.begin() + static_cast<std::ptrdiff_t>(limit_word_) - 1;
    words_.erase(limit, limit + 2);
    limit_word_ = 0;
  }
  return words_;
}

}  // namespace larder
