// Streams, ranges of entries: XRANGE, XREVRANGE.
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

constexpr int64_t kAll = -1;

bool ParseCount(Context& c, int64_t* count) {
  for (size_t i = 4; i < c.args.size(); i += 2) {
    if (i + 1 == c.args.size() || !EqualsIgnoreCase(c.args[i], "count")) {
      c.SyntaxError();
      return false;
    }
    if (!c.Integer(i + 1, count)) return false;
    if (*count < 0) *count = 0;
  }
  return true;
}

void Range(Context& c, bool reverse) {
  StreamId first, last;
  int64_t count = kAll;
  if (!ParseRangeStart(c, reverse ? 3 : 2, &first) || !ParseRangeEnd(c, reverse ? 2 : 3, &last) ||
      !ParseCount(c, &count)) {
    return;
  }
  const Stream* stream;
  if (!c.Read(c.key(1), &stream)) return;
  if (stream == nullptr) return c.reply.EmptyArray();
  if (count == 0) return c.reply.NullArray();
  const auto begin = c.reply.Begin();
  int64_t replied = 0;
  const auto visit = [&](const StreamEntry& entry) {
    ReplyEntry(c.reply, entry);
    return ++replied != count;
  };
  reverse ? stream->ForEachReverse(first, last, visit) : stream->ForEach(first, last, visit);
  c.reply.EndArray(begin, static_cast<size_t>(replied));
}

void XRange(Context& c) { Range(c, false); }
void XRevRange(Context& c) { Range(c, true); }

constexpr Command kCommands[] = {
    {.name = "xrange",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Key1(kRO | kAccess)},
     .run = XRange,
     .group = "stream",
     .syntax = "key start(string) end(string) [COUNT count]",
     .since = "5.0.0",
     .history = "6.2.0 Takes ranges without their ends.",
     .complexity = "O(log(N)+M) for M of N entries",
     .summary = "Returns the entries of a stream between two ids."},
    {.name = "xrevrange",
     .arity = -4,
     .flags = kReadOnly,
     .categories = kCatStream,
     .keys = {Key1(kRO | kAccess)},
     .run = XRevRange,
     .group = "stream",
     .syntax = "key end(string) start(string) [COUNT count]",
     .since = "5.0.0",
     .history = "6.2.0 Takes ranges without their ends.",
     .complexity = "O(log(N)+M) for M of N entries",
     .summary = "Returns the entries of a stream between two ids, the latest first."},
};

}  // namespace

std::span<const Command> StreamRangeCommands() { return kCommands; }

}  // namespace larder
