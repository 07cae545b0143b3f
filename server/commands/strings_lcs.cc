// LCS: the longest common subsequence of two strings, as text, length or matching ranges.
#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/strings.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

struct LcsOptions {
  bool length = false;
  bool ranges = false;
  bool with_match_length = false;
  int64_t least_match = 0;
};

// A run of equal bytes that the subsequence takes from both strings; ends are inclusive.
struct Match {
  size_t a_start, a_end, b_start, b_end;
  size_t size() const { return a_end - a_start + 1; }
};

// The table of dynamic programming: at(i, j) is the length for the first i and j bytes.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b) : a_(a), b_(b), width_(b.size() + 1) {}

  // Of the table for two strings of these sizes.
  static uint64_t Bytes(size_t a, size_t b) {
    return static_cast<uint64_t>(a + 1) * (b + 1) * sizeof(uint32_t);
  }

  // False where there is no memory for it.
  bool Fill() {
    cells_.reset(new (std::nothrow) uint32_t[(a_.size() + 1) * width_]);
    if (cells_ == nullptr) return false;
    std::fill_n(cells_.get(), width_, 0);
    for (size_t i = 1; i <= a_.size(); ++i) {
      at(i, 0) = 0;
      for (size_t j = 1; j <= b_.size(); ++j) {
        at(i, j) =
            a_[i - 1] == b_[j - 1] ? at(i - 1, j - 1) + 1 : std::max(at(i - 1, j), at(i, j - 1));
      }
    }
    return true;
  }

  size_t length() { return at(a_.size(), b_.size()); }

  // Walks back through the table: the subsequence goes to `text`, each match, last first, to
  // `emit`.
  template <typename Emit>
  void Trace(std::string* text, Emit emit) {
    size_t left = length();
    text->resize(left);
    bool open = false;
    Match match{};
    for (size_t i = a_.size(), j = b_.size(); i > 0 && j > 0;) {
      if (a_[i - 1] != b_[j - 1]) {
        if (open) emit(match);
        open = false;
        at(i - 1, j) > at(i, j - 1) ? --i : --j;
        continue;
      }
      if (!open) match = {i - 1, i - 1, j - 1, j - 1};
      match.a_start = --i;
      match.b_start = --j;
      open = true;
      (*text)[--left] = a_[i];
    }
    if (open) emit(match);
  }

 private:
  uint32_t& at(size_t i, size_t j) { return cells_[i * width_ + j]; }

  const std::string_view a_, b_;
  const size_t width_;
  std::unique_ptr<uint32_t[]> cells_;
};

bool ParseLcsOptions(Context& c, LcsOptions* options) {
  for (size_t i = 3; i < c.args.size(); ++i) {
    std::string_view word = c.args[i];
    if (EqualsIgnoreCase(word, "idx")) {
      options->ranges = true;
    } else if (EqualsIgnoreCase(word, "len")) {
      options->length = true;
    } else if (EqualsIgnoreCase(word, "withmatchlen")) {
      options->with_match_length = true;
    } else if (EqualsIgnoreCase(word, "minmatchlen") && i + 1 < c.args.size()) {
      if (!c.Integer(++i, &options->least_match)) return false;
    } else {
      c.SyntaxError();
      return false;
    }
  }
  if (!options->length || !options->ranges) return true;
  c.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
  return false;
}

void ReplyRange(Reply& reply, size_t start, size_t end) {
  reply.Array(2);
  reply.Integer(static_cast<int64_t>(start));
  reply.Integer(static_cast<int64_t>(end));
}

void ReplyMatches(Context& c, LcsTable& table, const LcsOptions& options) {
  c.reply.Map(2);
  c.reply.Bulk("matches");
  const auto begin = c.reply.Begin();
  size_t matches = 0;
  std::string text;
  table.Trace(&text, [&](const Match& match) {
    const int64_t size = static_cast<int64_t>(match.size());
    if (size < options.least_match) return;
    ++matches;
    c.reply.Array(options.with_match_length ? 3 : 2);
    ReplyRange(c.reply, match.a_start, match.a_end);
    ReplyRange(c.reply, match.b_start, match.b_end);
    if (options.with_match_length) c.reply.Integer(size);
  });
  c.reply.EndArray(begin, matches);
  c.reply.Bulk("len");
  c.reply.Integer(static_cast<int64_t>(table.length()));
}

size_t SizeOf(const Entry* entry) { return entry == nullptr ? 0 : entry->string().size(); }

// Empty where there is no string.
std::string_view Flatten(const Entry* entry, std::string* storage) {
  return entry == nullptr ? std::string_view() : entry->string().Flatten(storage);
}

void Lcs(Context& c) {
  const Entry* first = c.ReadEntry(c.key(1));
  const Entry* second = c.ReadEntry(c.key(2));
  auto is_other = [](const Entry* entry) {
    return entry != nullptr && entry->type() != ValueType::kString;
  };
  if (is_other(first) || is_other(second)) {
    return c.reply.Error("ERR The specified keys must contain string values");
  }
  LcsOptions options;
  if (!ParseLcsOptions(c, &options)) return;
  constexpr size_t kTooLong = std::numeric_limits<uint32_t>::max() - 1;
  if (SizeOf(first) >= kTooLong || SizeOf(second) >= kTooLong) {
    return c.reply.Error("ERR String too long for LCS");
  }
  const int64_t most_bytes = c.engine.config.settings().proto_max_bulk_bytes;
  if (LcsTable::Bytes(SizeOf(first), SizeOf(second)) > static_cast<uint64_t>(most_bytes)) {
    return c.reply.Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  std::string flat_a, flat_b;
  LcsTable table(Flatten(first, &flat_a), Flatten(second, &flat_b));
  if (!table.Fill()) {
    return c.reply.Error("ERR Insufficient memory, failed allocating transient memory for LCS");
  }
  if (options.ranges) return ReplyMatches(c, table, options);
  if (options.length) return c.reply.Integer(static_cast<int64_t>(table.length()));
  std::string text;
  table.Trace(&text, [](const Match&) {});
  c.reply.Bulk(text);
}

constexpr Command kCommands[] = {
    {.name = "lcs",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatString,
     .keys = {Keys(1, 2, 1, kRO | kAccess)},
     .run = Lcs,
     .group = "string",
     .syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
     .since = "7.0.0",
     .complexity = "O(N*M) for strings of N and M bytes",
     .summary = "Returns the longest common subsequence of two strings."},
};

}  // namespace

std::span<const Command> LcsCommands() { return kCommands; }

}  // namespace larder
