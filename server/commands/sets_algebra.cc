// Several sets at once: intersection, union, difference; to answer or to store.
//
// A member's hash is computed once and looked up in the other sets. Since large sets are walked by
// ranges of the hash, these lookups fall into the same segments again and again.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "server/base/hash.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/commands/sets.h"
#include "server/commands/store_result.h"

namespace larder {
namespace {

using Sets = std::vector<const Set*>;
using MemberVisitor = absl::FunctionRef<void(std::string_view)>;
using Operation = void (*)(Context&, const Sets&, MemberVisitor);

// The sets at words [first, last), null where there is no key. False after WRONGTYPE was answered.
bool ReadSets(Context& c, size_t first, size_t last, Sets* sets) {
  for (size_t i = first; i < last; ++i) {
    const Set* set;
    if (!c.Read(c.key(i), &set)) return false;
    sets->push_back(set);
  }
  return true;
}

bool InAll(std::span<const Set* const> sets, std::string_view member, uint64_t hash) {
  return std::all_of(sets.begin(), sets.end(),
                     [&](const Set* set) { return set->Contains(member, hash); });
}

bool InAny(std::span<const Set* const> sets, std::string_view member, uint64_t hash) {
  return std::any_of(sets.begin(), sets.end(),
                     [&](const Set* set) { return set->Contains(member, hash); });
}

// Visits what all sets have, until `visit` returns true.
void Intersect(Sets sets, absl::FunctionRef<bool(std::string_view)> visit) {
  if (std::find(sets.begin(), sets.end(), nullptr) != sets.end()) return;
  std::stable_sort(sets.begin(), sets.end(),
                   [](const Set* a, const Set* b) { return a->size() < b->size(); });
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  const std::span<const Set* const> others = std::span(sets).subspan(1);
  sets.front()->AnyOf([&](std::string_view member) {
    return InAll(others, member, others.empty() ? 0 : HashBytes(member)) && visit(member);
  });
}

void Intersection(Context&, const Sets& sets, MemberVisitor visit) {
  Intersect(sets, [&](std::string_view member) { return visit(member), false; });
}

void Difference(Context&, const Sets& sets, MemberVisitor visit) {
  if (sets.front() == nullptr) return;
  // The larger a set, the more likely it has the member.
  Sets others(sets.begin() + 1, sets.end());
  std::erase(others, nullptr);
  std::sort(others.begin(), others.end(),
            [](const Set* a, const Set* b) { return a->size() > b->size(); });
  if (std::find(others.begin(), others.end(), sets.front()) != others.end()) return;
  sets.front()->ForEach([&](std::string_view member) {
    if (!InAny(others, member, others.empty() ? 0 : HashBytes(member))) visit(member);
  });
}

struct MemberHash {
  size_t operator()(std::string_view member) const { return HashBytes(member); }
};

void Union(Context& c, const Sets& given, MemberVisitor visit) {
  Sets sets = given;
  std::erase(sets, nullptr);
  if (sets.empty()) return;
  // Sets whose views do not last come behind, so that nobody has to remember theirs.
  std::sort(sets.begin(), sets.end(), [](const Set* a, const Set* b) {
    return a->views_last() != b->views_last() ? a->views_last() : a->size() > b->size();
  });
  if (!sets.front()->views_last()) {
    Set result;  // integers only: they come out in ascending order, as from Redis
    const Set::Limits limits = SetLimits(c);
    for (const Set* set : sets) {
      set->ForEach([&](std::string_view member) { result.Add(member, limits); });
    }
    return result.ForEach(visit);
  }
  // The largest set needs no comparison at all, the second only with the first. From the third on a
  // table of all members but the first set's saves looking into one set after the other.
  const Set& largest = *sets.front();
  largest.ForEach(visit);
  absl::flat_hash_set<std::string_view, MemberHash> seen;
  for (size_t i = 1; i < sets.size(); ++i) {
    const std::span<const Set* const> between = std::span(sets).subspan(1, i - 1);
    const bool last = i + 1 == sets.size();
    const auto seen_before = [&](std::string_view member, uint64_t hash) {
      if (!sets[i]->views_last()) return InAny(between, member, hash);
      return last ? seen.contains(member) : !seen.insert(member).second;
    };
    sets[i]->ForEach([&](std::string_view member) {
      const uint64_t hash = HashBytes(member);
      if (!largest.Contains(member, hash) && !seen_before(member, hash)) visit(member);
    });
  }
}

// Answers the result for the keys from word 1 on.
template <Operation operation>
void Answer(Context& c) {
  Sets sets;
  if (!ReadSets(c, 1, c.args.size(), &sets)) return;
  const OutputBuffer::Mark begin = c.reply.Begin();
  size_t count = 0;
  operation(c, sets, [&](std::string_view member) {
    c.reply.Bulk(member);
    ++count;
  });
  c.reply.EndSet(begin, count);
}

// Stores the result for the keys from word 2 on under the key at word 1, or removes that key.
template <Operation operation>
void Store(Context& c) {
  Sets sets;
  if (!ReadSets(c, 2, c.args.size(), &sets)) return;
  const Set::Limits limits = SetLimits(c);
  auto result = std::make_unique<Set>();
  operation(c, sets, [&](std::string_view member) { result->Add(member, limits); });
  // SINTERSTORE's event is "sinterstore", and so on: the name of the command.
  StoreOrDelete(c, c.key(1), std::move(result), NotifyClass::kSet, c.command.name);
}

void SInterCard(Context& c) {
  int64_t keys;
  if (!ParsePositive(c, 1, &keys, "ERR numkeys should be greater than 0")) return;
  if (static_cast<uint64_t>(keys) > c.args.size() - 2) {
    return c.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  const size_t first_option = 2 + static_cast<size_t>(keys);
  int64_t limit = 0;  // none
  for (size_t i = first_option; i < c.args.size(); i += 2) {
    if (!EqualsIgnoreCase(c.args[i], "limit") || i + 1 == c.args.size()) return c.SyntaxError();
    if (!ParseNotNegative(c, i + 1, &limit, "ERR LIMIT can't be negative")) return;
  }
  Sets sets;
  if (!ReadSets(c, 2, first_option, &sets)) return;
  int64_t count = 0;
  Intersect(sets, [&](std::string_view) { return ++count == limit; });
  c.reply.Integer(count);
}

constexpr Command kCommands[] = {
    {.name = "sinter",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Keys(1, -1, 1, kRO | kAccess)},
     .run = Answer<Intersection>,
     .group = "set",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Returns the members that all sets have.",
     .tips = "nondeterministic_output_order"},
    {.name = "sintercard",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {KeyCount(1, kRO | kAccess)},
     .run = SInterCard,
     .group = "set",
     .syntax = "numkeys key [key ...] [LIMIT limit]",
     .since = "7.0.0",
     .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Returns how many members all sets have, counting up to a limit."},
    {.name = "sinterstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = {Key1(kRW | kUpdate), Keys(2, -1, 1, kRO | kAccess)},
     .run = Store<Intersection>,
     .group = "set",
     .syntax = "destination key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Stores the members that all sets have."},
    {.name = "sunion",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Keys(1, -1, 1, kRO | kAccess)},
     .run = Answer<Union>,
     .group = "set",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N) for N members of all sets",
     .summary = "Returns the members that any of the sets has.",
     .tips = "nondeterministic_output_order"},
    {.name = "sunionstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = {Key1(kOW | kUpdate), Keys(2, -1, 1, kRO | kAccess)},
     .run = Store<Union>,
     .group = "set",
     .syntax = "destination key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N) for N members of all sets",
     .summary = "Stores the members that any of the sets has."},
    {.name = "sdiff",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Keys(1, -1, 1, kRO | kAccess)},
     .run = Answer<Difference>,
     .group = "set",
     .syntax = "key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N*M) for N members of the first of M sets",
     .summary = "Returns the members of the first set that none of the others has.",
     .tips = "nondeterministic_output_order"},
    {.name = "sdiffstore",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet,
     .keys = {Key1(kOW | kUpdate), Keys(2, -1, 1, kRO | kAccess)},
     .run = Store<Difference>,
     .group = "set",
     .syntax = "destination key [key ...]",
     .since = "1.0.0",
     .complexity = "O(N*M) for N members of the first of M sets",
     .summary = "Stores the members of the first set that none of the others has."},
};

}  // namespace

std::span<const Command> SetAlgebraCommands() { return kCommands; }

}  // namespace larder
