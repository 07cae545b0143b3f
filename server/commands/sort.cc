// SORT and SORT_RO: the elements of a list, set or sorted set in order, by themselves or by other
// keys.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/commands/sort_pattern.h"
#include "server/commands/store_result.h"
#include "server/engine/engine.h"
#include "server/engine/key_uses.h"
#include "server/engine/permissions.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/zset.h"

namespace larder {
namespace {

struct SortOptions {
  bool descending = false;
  bool alpha = false;
  bool ordered = true;  // false: BY a constant, which keeps the order of the value
  int64_t offset = 0;
  int64_t count = -1;
  size_t store_word = 0;  // 0: no STORE
  std::optional<SortPattern> by;
  std::vector<SortPattern> get;

  bool stores() const { return store_word != 0; }
};

// BY and GET look at keys of any name. False after the refusal was answered.
bool MayLookUp(Context& c, std::string_view option) {
  if (MayReadAllKeys(c.engine, c.client, c.command, c.args)) return true;
  c.reply.Error(
      StrCat("ERR ", option, " option of SORT denied due to insufficient ACL permissions."));
  return false;
}

bool ParseOptions(Context& c, bool read_only, SortOptions* options) {
  for (size_t i = 2; i < c.args.size(); ++i) {
    const std::string_view word = c.args[i];
    const size_t left = c.args.size() - i - 1;
    if (EqualsIgnoreCase(word, "asc")) {
      options->descending = false;
    } else if (EqualsIgnoreCase(word, "desc")) {
      options->descending = true;
    } else if (EqualsIgnoreCase(word, "alpha")) {
      options->alpha = true;
    } else if (EqualsIgnoreCase(word, "limit") && left >= 2) {
      if (!c.Integer(i + 1, &options->offset) || !c.Integer(i + 2, &options->count)) return false;
      i += 2;
    } else if (EqualsIgnoreCase(word, "store") && left >= 1 && !read_only) {
      options->store_word = ++i;
    } else if (EqualsIgnoreCase(word, "by") && left >= 1) {
      options->by.emplace(c.args[++i]);
      if (options->by->constant()) {
        options->ordered = false;
      } else if (!MayLookUp(c, "BY")) {
        return false;
      }
    } else if (EqualsIgnoreCase(word, "get") && left >= 1) {
      if (!MayLookUp(c, "GET")) return false;
      options->get.emplace_back(c.args[++i]);
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// The call looks at keys that the key specifications do not find.
bool NamesOtherKeys(Args args) {
  for (size_t i = 2; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "get") || EqualsIgnoreCase(args[i], "store")) return true;
    if (EqualsIgnoreCase(args[i], "by") && i + 1 < args.size() &&
        !SortPattern(args[i + 1]).constant()) {
      return true;
    }
  }
  return false;
}

// STORE may stand anywhere.
void AddStoreKey(Args words, std::vector<KeyPosition>& keys) {
  static constexpr KeyOption kOptions[] = {{"limit", 2}, {"by", 1}, {"get", 1}, {"store", 1, true}};
  AddTargetKey(words, 2, kOptions, keys);
}

struct Item {
  std::string element;
  double score = 0;
  std::optional<std::string> weight = {};  // of BY with ALPHA; nothing: no such key
};
// The items stay where they were read, and what is sorted are their addresses.
using Order = std::vector<const Item*>;

size_t SizeOf(const Entry* entry) {
  if (entry == nullptr) return 0;
  if (entry->type() == ValueType::kList) return entry->object<List>()->size();
  if (entry->type() == ValueType::kSet) return entry->object<Set>()->size();
  return entry->object<ZSet>()->size();
}

// What LIMIT leaves of so many elements.
IndexRange Limited(const SortOptions& options, size_t elements) {
  const int64_t size = static_cast<int64_t>(elements);
  const int64_t begin = std::clamp<int64_t>(options.offset, 0, size);
  const int64_t count = options.count < 0 ? size - begin : std::min(options.count, size - begin);
  return {static_cast<size_t>(begin), static_cast<size_t>(count)};
}

// Elements in the order of the value; of a set all, since none of them has a place.
std::vector<Item> LoadItems(const Entry* entry, IndexRange range) {
  std::vector<Item> items;
  items.reserve(range.count);
  const auto add = [&items](std::string_view element) { items.push_back({std::string(element)}); };
  const auto add_all = [&](auto cursor, auto element) {
    for (; items.size() < range.count; cursor.Next()) add(element(cursor).bytes);
  };
  if (range.count == 0) return items;
  if (entry->type() == ValueType::kList) {
    add_all(entry->object<List>()->CursorAt(range.first), [](auto& cursor) { return *cursor; });
  } else if (entry->type() == ValueType::kSet) {
    entry->object<Set>()->ForEach(add);
  } else {
    add_all(entry->object<ZSet>()->CursorAt(range.first),
            [](auto& cursor) { return cursor.member(); });
  }
  return items;
}

Order OrderOf(const std::vector<Item>& items) {
  Order order;
  order.reserve(items.size());
  for (const Item& item : items) order.push_back(&item);
  return order;
}

// As strtod reads it, spaces in front included.
bool ParseScore(const std::string& text, double* score) {
  if (int64_t number; ParseInt64(text, &number)) {  // as nearly always
    *score = static_cast<double>(number);
    return true;
  }
  char* end;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// Fills in what to sort by. False where an element has no number.
bool Weigh(Context& c, const SortOptions& options, std::vector<Item>& items) {
  if (!options.by && options.alpha) return true;
  bool numbers = true;
  std::string storage;
  for (Item& item : items) {
    if (!options.by) {
      numbers &= ParseScore(item.element, &item.score);
      continue;
    }
    const std::optional<BulkView> weight = options.by->Lookup(c, item.element, &storage);
    if (!weight) continue;
    if (options.alpha) {
      item.weight = std::string(weight->bytes);
    } else {
      numbers &= ParseScore(std::string(weight->bytes), &item.score);
    }
  }
  return numbers;
}

// What is only shown ends at its first zero byte, as for the C library's collation that Redis asks;
// what is stored is told apart by all its bytes.
int CompareText(const SortOptions& options, const std::string& a, const std::string& b) {
  return options.alpha && !options.stores() ? std::strcmp(a.c_str(), b.c_str()) : a.compare(b);
}

// Below, equal or above zero, ascending.
int Compare(const SortOptions& options, const Item& a, const Item& b) {
  if (options.alpha && options.by) {
    if (!a.weight || !b.weight)
      return static_cast<int>(a.weight.has_value()) - b.weight.has_value();
    return CompareText(options, *a.weight, *b.weight);
  }
  if (!options.alpha && a.score != b.score) return a.score > b.score ? 1 : -1;
  return CompareText(options, a.element, b.element);
}

// Puts the first `count` in order. Which of two equal ones comes first is left as it was.
void SortItems(const SortOptions& options, Order& items, size_t count) {
  const auto before = [&options](const Item* a, const Item* b) {
    const int order = Compare(options, *a, *b);
    if (order == 0) return a < b;
    return options.descending ? order > 0 : order < 0;
  };
  // A heap is worth it where few are wanted.
  if (count > items.size() / 8) return std::sort(items.begin(), items.end(), before);
  std::partial_sort(items.begin(), items.begin() + static_cast<ptrdiff_t>(count), items.end(),
                    before);
}

// Calls emit(value) for every value of the result; nothing where GET finds none.
template <typename Emit>
void EmitValues(Context& c, const SortOptions& options, std::span<const Item* const> items,
                Emit emit) {
  std::string storage;
  for (const Item* item : items) {
    if (options.get.empty()) emit(std::optional(BulkView{item->element}));
    for (const SortPattern& pattern : options.get) {
      emit(pattern.Lookup(c, item->element, &storage));
    }
  }
}

void ReplyItems(Context& c, const SortOptions& options, std::span<const Item* const> items) {
  c.reply.Array(items.size() * std::max<size_t>(options.get.size(), 1));
  EmitValues(c, options, items, [&c](const std::optional<BulkView>& value) {
    value ? c.reply.Bulk(*value) : c.reply.Null();
  });
}

void StoreItems(Context& c, const SortOptions& options, std::span<const Item* const> items) {
  const Key target = c.key(options.store_word);
  auto list = std::make_unique<List>();
  EmitValues(c, options, items, [&list](const std::optional<BulkView>& value) {
    list->Push(List::End::kBack, value ? value->bytes : std::string_view());
  });
  const size_t size = list->size();
  StoreOrDelete(c, target, std::move(list), NotifyClass::kList, "sortstore", size);
}

// Redis sorts a sorted set that it has unpacked, and leaves it so: OBJECT ENCODING and DUMP tell.
void LeaveUnpacked(Context& c, const Key& key) {
  ZSet* zset;
  if (c.Write(key, &zset) && zset != nullptr) zset->Unpack();
}

bool IsSortable(const Entry& entry) {
  return entry.type() == ValueType::kList || entry.type() == ValueType::kSet ||
         entry.type() == ValueType::kZSet;
}

void Answer(Context& c, const SortOptions& options, std::span<const Item* const> items) {
  options.stores() ? StoreItems(c, options, items) : ReplyItems(c, options, items);
}

// What LIMIT leaves of the value's own order, or of that order from its end: nothing else is read.
void AnswerInPlace(Context& c, const SortOptions& options, const Entry* entry) {
  const size_t size = SizeOf(entry);
  IndexRange range = Limited(options, size);
  if (options.descending) range.first = size - range.first - range.count;
  const std::vector<Item> items = LoadItems(entry, range);
  Order order = OrderOf(items);
  if (options.descending) std::reverse(order.begin(), order.end());
  Answer(c, options, order);
}

void AnswerFromAll(Context& c, const SortOptions& options, const Entry* entry) {
  const size_t size = SizeOf(entry);
  const IndexRange limited = Limited(options, size);
  std::vector<Item> items = LoadItems(entry, {0, size});
  Order order = OrderOf(items);
  if (options.ordered) {
    if (!Weigh(c, options, items)) {
      return c.reply.Error("ERR One or more scores can't be converted into double");
    }
    SortItems(options, order, limited.first + limited.count);
  }
  Answer(c, options, std::span(order).subspan(limited.first, limited.count));
}

void SortKey(Context& c, bool read_only) {
  SortOptions options;
  if (!ParseOptions(c, read_only, &options)) return;
  const Entry* entry = c.ReadEntry(c.key(1));
  if (entry != nullptr && !IsSortable(*entry)) {
    c.WrongType();
    return;
  }
  // A set has no order to keep. Where the result is kept too, it must not depend on chance.
  const bool is_set = entry != nullptr && entry->type() == ValueType::kSet;
  if (!options.ordered && is_set && (options.stores() || c.client.is_script)) {
    options.ordered = options.alpha = true;
    options.by.reset();
  }
  if (entry != nullptr && entry->type() == ValueType::kZSet) {
    LeaveUnpacked(c, c.key(1));
    entry = c.PeekEntry(c.key(1));
  }
  const bool in_place = !options.ordered && !is_set;
  in_place ? AnswerInPlace(c, options, entry) : AnswerFromAll(c, options, entry);
}

void Sort(Context& c) { SortKey(c, false); }
void SortRo(Context& c) { SortKey(c, true); }

constexpr KeySpec kByKeys =
    WithNotes(UnknownKeys(kRO | kAccess),
              "For the optional BY/GET keyword. It is marked 'unknown' because the key names "
              "derive from the content of the key we sort");

constexpr Command kCommands[] = {
    {.name = "sort",
     .arity = -2,
     .flags = kWrite | kDenyOom,
     .categories = kCatSet | kCatSortedSet | kCatList | kCatDangerous,
     .keys = {Key1(kRO | kAccess), kByKeys,
              WithNotes(UnknownKeys(kOW | kUpdate),
                        "For the optional STORE keyword. It is marked 'unknown' because the "
                        "keyword can appear anywhere in the argument array")},
     .run = Sort,
     .group = "generic",
     .syntax = "key [BY by-pattern:pattern(pattern#1)] [LIMIT offset count] "
               "[GET get-pattern:pattern(pattern#1) ...] [order: ASC | DESC] [sorting:ALPHA] "
               "[STORE destination(key#2)]",
     .since = "1.0.0",
     .complexity = "O(N+M*log(M)) for N elements, M of them returned",
     .summary = "Sorts a list, a set or a sorted set, and may store the result.",
     .exclusive = NamesOtherKeys,
     .settle_keys = AddStoreKey},
    {.name = "sort_ro",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSet | kCatSortedSet | kCatList | kCatDangerous,
     .keys = {Key1(kRO | kAccess), kByKeys},
     .run = SortRo,
     .group = "generic",
     .syntax = "key [BY by-pattern:pattern(pattern#1)] [LIMIT offset count] "
               "[GET get-pattern:pattern(pattern#1) ...] [order: ASC | DESC] [sorting:ALPHA]",
     .since = "7.0.0",
     .complexity = "O(N+M*log(M)) for N elements, M of them returned",
     .summary = "Sorts a list, a set or a sorted set.",
     .exclusive = NamesOtherKeys},
};

}  // namespace

std::span<const Command> SortCommands() { return kCommands; }

}  // namespace larder
