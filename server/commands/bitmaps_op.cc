// BITOP: bitwise operations over several strings.
#include <algorithm>
#include <vector>

#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/store_result.h"
#include "server/commands/strings.h"
#include "server/store/bitmap.h"

namespace larder {
namespace {

bool ParseOperation(std::string_view word, BitOperation* operation) {
  constexpr std::pair<std::string_view, BitOperation> kOperations[] = {
      {"and", BitOperation::kAnd},
      {"or", BitOperation::kOr},
      {"xor", BitOperation::kXor},
      {"not", BitOperation::kNot},
  };
  for (const auto& [name, value] : kOperations) {
    if (!EqualsIgnoreCase(word, name)) continue;
    *operation = value;
    return true;
  }
  return false;
}

void BitOp(Context& c) {
  BitOperation operation;
  if (!ParseOperation(c.args[1], &operation)) return c.SyntaxError();
  if (operation == BitOperation::kNot && c.args.size() != 4) {
    return c.reply.Error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<StringBlocks> strings;
  size_t size = 0;
  for (size_t i = 3; i < c.args.size(); ++i) {
    Entry* entry;
    if (!ReadString(c, c.key(i), &entry)) return;
    strings.push_back(entry == nullptr ? StringBlocks() : entry->string());
    size = std::max(size, strings.back().size());
  }
  const Key target = c.key(2);
  if (size > 0) {
    Entry* result = Entry::NewString(target.name, {}, StringEncoding::kRaw, Entry::kNoExpiry);
    for (size_t i = 0; result->string().size() < size; ++i) {
      result = Entry::Append(result, CombineBlock(operation, strings, i));
    }
    c.StoreEntry(target, result);
    c.Changed(target, NotifyClass::kString, "set");
  } else {
    DeleteTarget(c, target);
  }
  c.reply.Integer(static_cast<int64_t>(size));
}

constexpr Command kCommands[] = {
    {.name = "bitop",
     .arity = -4,
     .flags = kWrite | kDenyOom,
     .categories = kCatBitmap,
     .keys = {Keys(2, 2, 1, kOW | kUpdate), Keys(3, -1, 1, kRO | kAccess)},
     .run = BitOp,
     .group = "bitmap",
     .syntax = "<operation: AND | OR | XOR | NOT> destkey key [key ...]",
     .since = "2.6.0",
     .complexity = "O(N) for N bytes in all strings",
     .summary = "Combines strings bit by bit and stores the result."},
};

}  // namespace

std::span<const Command> BitOpCommands() { return kCommands; }

}  // namespace larder
