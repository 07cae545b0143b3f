// Lists, by element: LINSERT, LREM, LPOS.
#include <optional>
#include <vector>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/engine/context.h"
#include "server/store/list.h"

namespace larder {
namespace {

using End = List::End;

void LInsert(Context& c) {
  const bool after = EqualsIgnoreCase(c.args[2], "after");
  if (!after && !EqualsIgnoreCase(c.args[2], "before")) return c.SyntaxError();
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return c.reply.Integer(0);
  std::optional<size_t> pivot;
  list->Find(c.args[3], End::kFront, 0, [&](size_t index) {
    pivot = index;
    return false;
  });
  if (!pivot) return c.reply.Integer(-1);
  list->Insert(after ? *pivot + 1 : *pivot, c.args[4]);
  c.Changed(key, NotifyClass::kList, "linsert");
  c.reply.Integer(static_cast<int64_t>(list->size()));
}

void LRem(Context& c) {
  int64_t count;
  if (!ParseSigned(c, 2, &count)) return;
  const Key key = c.key(1);
  List* list;
  if (!c.Write(key, &list)) return;
  if (list == nullptr) return c.reply.Integer(0);
  const End from = count < 0 ? End::kBack : End::kFront;
  const size_t removed =
      list->RemoveEqual(c.args[3], from, static_cast<size_t>(count < 0 ? -count : count));
  if (removed > 0) {
    c.Changed(key, NotifyClass::kList, "lrem", removed);
    c.RemoveIfEmpty(key, *list);
  }
  c.reply.Integer(static_cast<int64_t>(removed));
}

struct PositionOptions {
  int64_t rank = 1;                // negative: from the back
  std::optional<int64_t> matches;  // 0: all of them
  int64_t max_len = 0;             // 0: no limit
};

bool ParseRank(Context& c, size_t i, int64_t* rank) {
  if (!ParseSigned(c, i, rank)) return false;
  if (*rank != 0) return true;
  c.reply.Error(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
      "negative to start from the end of the list");
  return false;
}

bool ParsePositionOptions(Context& c, PositionOptions* options) {
  for (size_t i = 3; i < c.args.size(); i += 2) {
    if (i + 1 == c.args.size()) {
      c.SyntaxError();
      return false;
    }
    if (EqualsIgnoreCase(c.args[i], "rank")) {
      if (!ParseRank(c, i + 1, &options->rank)) return false;
    } else if (EqualsIgnoreCase(c.args[i], "count")) {
      options->matches = 0;
      if (!ParseNotNegative(c, i + 1, &*options->matches, "ERR COUNT can't be negative")) {
        return false;
      }
    } else if (EqualsIgnoreCase(c.args[i], "maxlen")) {
      if (!ParseNotNegative(c, i + 1, &options->max_len, "ERR MAXLEN can't be negative")) {
        return false;
      }
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

std::vector<size_t> FindPositions(const List& list, std::string_view element,
                                  const PositionOptions& options) {
  const bool front = options.rank > 0;
  auto to_skip = static_cast<size_t>(front ? options.rank : -options.rank) - 1;
  const auto most = static_cast<size_t>(options.matches.value_or(1));
  std::vector<size_t> positions;
  list.Find(element, front ? End::kFront : End::kBack, static_cast<size_t>(options.max_len),
            [&](size_t index) {
              if (to_skip > 0) {
                --to_skip;
                return true;
              }
              positions.push_back(index);
              return positions.size() != most;
            });
  return positions;
}

void LPos(Context& c) {
  PositionOptions options;
  if (!ParsePositionOptions(c, &options)) return;
  const List* list;
  if (!c.Read(c.key(1), &list)) return;
  std::vector<size_t> positions;
  if (list != nullptr) positions = FindPositions(*list, c.args[2], options);
  if (!options.matches) {
    if (positions.empty()) return c.reply.Null();
    return c.reply.Integer(static_cast<int64_t>(positions.front()));
  }
  c.reply.Array(positions.size());
  for (const size_t position : positions) c.reply.Integer(static_cast<int64_t>(position));
}

constexpr Command kCommands[] = {
    {.name = "linsert",
     .arity = 5,
     .flags = kWrite | kDenyOom,
     .categories = kCatList,
     .keys = {Key1(kRW | kInsert)},
     .run = LInsert,
     .group = "list",
     .syntax = "key <where: BEFORE | AFTER> pivot element",
     .since = "2.2.0",
     .complexity = "O(N) for N elements in front of the pivot",
     .summary = "Puts an element before or after the first one that is equal to a pivot."},
    {.name = "lrem",
     .arity = 4,
     .flags = kWrite,
     .categories = kCatList,
     .keys = {Key1(kRW | kDelete)},
     .run = LRem,
     .group = "list",
     .syntax = "key count element",
     .since = "1.0.0",
     .complexity = "O(N) for N elements",
     .summary = "Removes elements equal to a given one: the first, the last or all of them."},
    {.name = "lpos",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatList,
     .keys = {Key1(kRO | kAccess)},
     .run = LPos,
     .group = "list",
     .syntax = "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
     .since = "6.0.6",
     .complexity = "O(N) for N elements looked at",
     .summary = "Returns the indexes of the elements equal to a given one."},
};

}  // namespace

std::span<const Command> ListSearchCommands() { return kCommands; }

}  // namespace larder
