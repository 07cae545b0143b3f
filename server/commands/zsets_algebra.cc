// Sorted sets, several at once: ZUNION, ZINTER, ZDIFF, ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE,
// ZINTERCARD. Sets take part as well; each of their members has the score 1.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "protocol/errors.h"
#include "server/base/string_map.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/commands/zsets.h"
#include "server/store/set.h"

namespace larder {
namespace {

enum class Operation : uint8_t { kUnion, kInter, kDiff };
enum class Aggregate : uint8_t { kSum, kMin, kMax };
using Visitor = absl::FunctionRef<void(std::string_view member, double score)>;

// A sorted set, a set, or nothing, and its weight.
struct Source {
  const ZSet* zset = nullptr;
  const Set* set = nullptr;
  double weight = 1;

  size_t size() const {
    if (zset != nullptr) return zset->size();
    return set != nullptr ? set->size() : 0;
  }
  bool SameAs(const Source& other) const { return zset == other.zset && set == other.set; }
  std::optional<double> Score(std::string_view member) const {
    if (zset != nullptr) return zset->Score(member);
    return set != nullptr && set->Contains(member) ? std::optional(1.0) : std::nullopt;
  }
  void ForEach(Visitor visit) const {
    AnyOf([visit](std::string_view member, double score) { return visit(member, score), false; });
  }
  // The same until `visit` returns true.
  template <typename Visit>
  void AnyOf(Visit visit) const {
    if (set != nullptr) set->AnyOf([&](std::string_view member) { return visit(member, 1); });
    if (zset == nullptr) return;
    for (ZSet::Cursor cursor = zset->CursorAt(0); cursor.valid(); cursor.Next()) {
      if (visit(cursor.member().bytes, cursor.score())) return;
    }
  }
};

// What an operation has found: different members, in no order until Sort.
class Found {
 public:
  void Add(std::string_view member, double score) {
    items_.push_back({score, bytes_.size(), member.size()});
    bytes_ += member;
  }
  size_t size() const { return items_.size(); }
  // Into the order of a sorted set.
  void Sort() {
    std::sort(items_.begin(), items_.end(), [this](const Item& a, const Item& b) {
      return a.score != b.score ? a.score < b.score : MemberOf(a) < MemberOf(b);
    });
  }
  // visit(member, score)
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Item& item : items_) visit(MemberOf(item), item.score);
  }

 private:
  struct Item {
    double score;
    size_t begin, size;  // of the member, in bytes_
  };

  std::string_view MemberOf(const Item& item) const {
    return std::string_view(bytes_).substr(item.begin, item.size);
  }

  std::string bytes_;
  std::vector<Item> items_;
};

struct Request {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  size_t limit = 0;  // of ZINTERCARD; 0: none
};

// Which options a command takes.
struct Form {
  Operation operation;
  size_t count_at;  // the word with the number of keys
  bool store = false;
  bool card = false;  // ZINTERCARD
};

// Infinity less infinity and zero times infinity count as 0.
double OrZero(double score) { return std::isnan(score) ? 0 : score; }

double Combine(double a, double b, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum:
      return OrZero(a + b);
    case Aggregate::kMin:
      return b < a ? b : a;
    case Aggregate::kMax:
      return b > a ? b : a;
  }
  return a;
}

// Finds the sources that the words name. False after an error was answered.
bool ReadSources(Context& c, const Form& form, Request* request) {
  int64_t count;
  if (!c.Integer(form.count_at, &count)) return false;
  if (count < 1) {
    c.reply.Error(StrCat("ERR at least 1 input key is needed for '", c.command.name, "' command"));
    return false;
  }
  const size_t first = form.count_at + 1;
  if (static_cast<uint64_t>(count) > c.args.size() - first) {
    c.SyntaxError();
    return false;
  }
  for (size_t i = first; i < first + static_cast<size_t>(count); ++i) {
    Source source;
    if (const Entry* entry = c.ReadEntry(c.key(i))) {
      if (entry->type() == ValueType::kZSet) {
        source.zset = entry->object<ZSet>();
      } else if (entry->type() == ValueType::kSet) {
        source.set = entry->object<Set>();
      } else {
        return c.WrongType();
      }
    }
    request->sources.push_back(source);
  }
  return true;
}

bool ReadWeights(Context& c, size_t first, std::vector<Source>& sources) {
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!c.Double(first + i, &sources[i].weight, "ERR weight value is not a float")) return false;
  }
  return true;
}

bool ReadAggregate(std::string_view word, Aggregate* aggregate) {
  constexpr std::pair<std::string_view, Aggregate> kNames[] = {
      {"sum", Aggregate::kSum}, {"min", Aggregate::kMin}, {"max", Aggregate::kMax}};
  for (const auto& [name, value] : kNames) {
    if (!EqualsIgnoreCase(word, name)) continue;
    *aggregate = value;
    return true;
  }
  return false;
}

// Reads the options behind the keys. False after an error was answered.
bool ReadOptions(Context& c, const Form& form, Request* request) {
  const bool weighs = form.operation != Operation::kDiff && !form.card;
  size_t i = form.count_at + 1 + request->sources.size();
  while (i < c.args.size()) {
    const size_t left = c.args.size() - i;
    const std::string_view word = c.args[i];
    if (weighs && left > request->sources.size() && EqualsIgnoreCase(word, "weights")) {
      if (!ReadWeights(c, i + 1, request->sources)) return false;
      i += 1 + request->sources.size();
    } else if (weighs && left >= 2 && EqualsIgnoreCase(word, "aggregate") &&
               ReadAggregate(c.args[i + 1], &request->aggregate)) {
      i += 2;
    } else if (!form.store && !form.card && EqualsIgnoreCase(word, "withscores")) {
      request->with_scores = true;
      ++i;
    } else if (form.card && left >= 2 && EqualsIgnoreCase(word, "limit")) {
      int64_t limit;
      if (!ParseNotNegative(c, i + 1, &limit, "ERR LIMIT can't be negative")) return false;
      request->limit = static_cast<size_t>(limit);
      i += 2;
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// Calls visit(member, score) for what all sources have, until it returns false. The smallest source
// comes first.
template <typename Visit>
void Intersect(const Request& request, Visit visit) {
  const std::vector<Source>& sources = request.sources;
  const Source& smallest = sources.front();
  smallest.AnyOf([&](std::string_view member, double own) {
    double score = OrZero(smallest.weight * own);
    for (size_t i = 1; i < sources.size(); ++i) {
      const std::optional<double> other =
          sources[i].SameAs(smallest) ? std::optional(own) : sources[i].Score(member);
      if (!other) return false;
      score = Combine(score, *other * sources[i].weight, request.aggregate);
    }
    return !visit(member, score);
  });
}

void Unite(const Request& request, Visitor visit) {
  StringMap<double> scores;
  scores.reserve(request.sources.back().size());
  for (const Source& source : request.sources) {
    source.ForEach([&](std::string_view member, double own) {
      const double score = OrZero(source.weight * own);
      const auto [place, is_new] = scores.try_emplace(member, score);
      if (!is_new) place->second = Combine(place->second, score, request.aggregate);
    });
  }
  for (const auto& [member, score] : scores) visit(member, score);
}

void Subtract(const Request& request, Visitor visit) {
  const Source& first = request.sources.front();
  const std::span<const Source> others = std::span(request.sources).subspan(1);
  size_t size = 0;
  for (const Source& other : others) {
    if (other.SameAs(first)) return;
    size += other.size();
  }
  // Many that are small: one look at all of them together, instead of one at each; as a rule half
  // of those are needed.
  StringSet gone;
  if (others.size() > 1 && size < first.size() * others.size() / 2) {
    gone.reserve(size);
    for (const Source& other : others) {
      other.ForEach([&gone](std::string_view member, double) { gone.emplace(member); });
    }
  }
  first.ForEach([&](std::string_view member, double score) {
    const bool found =
        gone.empty()
            ? std::any_of(others.begin(), others.end(),
                          [member](const Source& other) { return other.Score(member).has_value(); })
            : gone.contains(member);
    if (!found) visit(member, score);
  });
}

// Sums depend on the order of their terms: the smallest source first, as in Redis.
void SortBySize(std::vector<Source>& sources) {
  std::stable_sort(sources.begin(), sources.end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

Found Compute(Operation operation, Request& request) {
  Found found;
  const auto add = [&found](std::string_view member, double score) {
    found.Add(member, score);
    return true;
  };
  if (operation != Operation::kDiff) SortBySize(request.sources);
  switch (operation) {
    case Operation::kUnion:
      Unite(request, add);
      break;
    case Operation::kDiff:
      Subtract(request, add);
      break;
    case Operation::kInter:
      Intersect(request, add);
      break;
  }
  found.Sort();
  return found;
}

bool Parse(Context& c, const Form& form, Request* request) {
  return ReadSources(c, form, request) && ReadOptions(c, form, request);
}

void Answer(Context& c, Operation operation) {
  Request request;
  if (!Parse(c, {operation, 1}, &request)) return;
  const Found found = Compute(operation, request);
  ScoredArray array(c.reply, found.size(), request.with_scores);
  found.ForEach([&](std::string_view member, double score) { array.Add({member}, score); });
}

void StoreResult(Context& c, Operation operation) {
  Request request;
  if (!Parse(c, {operation, 2, true}, &request)) return;
  auto stored = std::make_unique<ZSet>();
  Compute(operation, request).ForEach([&](std::string_view member, double score) {
    stored->AddNew(member, score);
  });
  StoreZSet(c, c.key(1), std::move(stored), c.command.name);
}

void ZUnion(Context& c) { Answer(c, Operation::kUnion); }
void ZInter(Context& c) { Answer(c, Operation::kInter); }
void ZDiff(Context& c) { Answer(c, Operation::kDiff); }
void ZUnionStore(Context& c) { StoreResult(c, Operation::kUnion); }
void ZInterStore(Context& c) { StoreResult(c, Operation::kInter); }
void ZDiffStore(Context& c) { StoreResult(c, Operation::kDiff); }

void ZInterCard(Context& c) {
  Request request;
  if (!Parse(c, {Operation::kInter, 1, false, true}, &request)) return;
  SortBySize(request.sources);
  size_t count = 0;
  Intersect(request, [&](std::string_view, double) { return ++count != request.limit; });
  c.reply.Integer(static_cast<int64_t>(count));
}

constexpr Command kCommands[] = {
    {.name = "zunion",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {KeyCount(1, kRO | kAccess)},
     .run = ZUnion,
     .group = "sorted-set",
     .syntax = "numkeys key [key ...] [WEIGHTS weight(integer) [weight ...]] "
               "[AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
     .since = "6.2.0",
     .complexity = "O(N+M*log(M)) for N elements read and M returned",
     .summary = "Returns the union of sorted sets."},
    {.name = "zinter",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {KeyCount(1, kRO | kAccess)},
     .run = ZInter,
     .group = "sorted-set",
     .syntax = "numkeys key [key ...] [WEIGHTS weight(integer) [weight ...]] "
               "[AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)) for K keys, N elements in the smallest and M returned",
     .summary = "Returns the intersection of sorted sets."},
    {.name = "zdiff",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {KeyCount(1, kRO | kAccess)},
     .run = ZDiff,
     .group = "sorted-set",
     .syntax = "numkeys key [key ...] [WITHSCORES]",
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)) for K keys, N elements in the first and M returned",
     .summary = "Returns the elements of the first sorted set that no other one has."},
    {.name = "zunionstore",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .keys = {Key1(kOW | kUpdate), KeyCount(2, kRO | kAccess)},
     .run = ZUnionStore,
     .group = "sorted-set",
     .syntax = "destination numkeys key [key ...] [WEIGHTS weight(integer) [weight ...]] "
               "[AGGREGATE <SUM | MIN | MAX>]",
     .since = "2.0.0",
     .complexity = "O(N+M*log(M)) for N elements read and M stored",
     .summary = "Stores the union of sorted sets under a key."},
    {.name = "zinterstore",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .keys = {Key1(kOW | kUpdate), KeyCount(2, kRO | kAccess)},
     .run = ZInterStore,
     .group = "sorted-set",
     .syntax = "destination numkeys key [key ...] [WEIGHTS weight(integer) [weight ...]] "
               "[AGGREGATE <SUM | MIN | MAX>]",
     .since = "2.0.0",
     .complexity = "O(N*K+M*log(M)) for K keys, N elements in the smallest and M stored",
     .summary = "Stores the intersection of sorted sets under a key."},
    {.name = "zdiffstore",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatSortedSet,
     .keys = {Key1(kOW | kUpdate), KeyCount(2, kRO | kAccess)},
     .run = ZDiffStore,
     .group = "sorted-set",
     .syntax = "destination numkeys key [key ...]",
     .since = "6.2.0",
     .complexity = "O(N*K+M*log(M)) for K keys, N elements in the first and M stored",
     .summary = "Stores the elements of the first sorted set that no other one has."},
    {.name = "zintercard",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSortedSet,
     .keys = {KeyCount(1, kRO | kAccess)},
     .run = ZInterCard,
     .group = "sorted-set",
     .syntax = "numkeys key [key ...] [LIMIT limit]",
     .since = "7.0.0",
     .complexity = "O(N*K) for K keys and N elements in the smallest",
     .summary = "Counts the elements that all sorted sets have."},
};

}  // namespace

std::span<const Command> ZSetAlgebraCommands() { return kCommands; }

}  // namespace larder
