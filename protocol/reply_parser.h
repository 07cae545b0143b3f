// ReplyParser: reads replies, RESP2 and RESP3, item by item: an aggregate is one item that says how
// many items follow it. For scripts (the results of redis.call), replicas, and tests. Pure
// functions over the caller's bytes: any thread.
//
//   ReplyItem item;
//   size_t consumed;
//   while (NextReplyItem(input, &item, &consumed) == ParseResult::kItem)
//   input.remove_prefix(consumed);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

struct ReplyItem {
  enum class Type : uint8_t {
    kStatus,     // text
    kError,      // text, code first, without the minus
    kInteger,    // integer
    kBulk,       // text
    kNull,       // $-1, *-1 or _
    kDouble,     // number; text as it was spelled
    kBool,       // integer is 0 or 1
    kBigNumber,  // text
    kVerbatim,   // text, without its format; format
    kArray,      // count items follow
    kSet,
    kPush,
    kMap,        // 2 * count items follow
    kAttribute,  // 2 * count items follow, then the reply that they describe
  };
  Type type = Type::kNull;
  std::string_view text;    // into the input
  std::string_view format;  // of a verbatim string: "txt"
  int64_t integer = 0;
  double number = 0;
  size_t count = 0;

  // How many items belong to this one.
  size_t following() const {
    return type == Type::kMap || type == Type::kAttribute ? 2 * count : count;
  }
};

enum class ParseResult : uint8_t { kItem, kNeedMore, kError };

// Reads one item from the front of `input`; *consumed says where it ends. kError: not RESP.
ParseResult NextReplyItem(std::string_view input, ReplyItem* item, size_t* consumed);

// The length of the whole reply at the front of `input`, all its items included (kItem).
ParseResult ReplySize(std::string_view input, size_t* size);

}  // namespace larder
