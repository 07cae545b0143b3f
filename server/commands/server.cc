// The server itself: TIME, LOLWUT.
#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/base/version.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

void Time(Context& c) {
  const int64_t now_us = WallUs();
  c.reply.Array(2);
  c.reply.BulkInteger(now_us / 1'000'000);
  c.reply.BulkInteger(now_us % 1'000'000);
}

// A shelf of a larder, filled at random.
std::string Shelf(int columns, int rows) {
  static constexpr std::string_view kJars[] = {"(_)", "[#]", "|o|", "{~}", "<=>", " . "};
  std::string picture;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      StrAppend(picture, ' ', kJars[ThreadRandom().Below(std::size(kJars))]);
    }
    StrAppend(picture, "\n", std::string(static_cast<size_t>(columns) * 4 + 1, '='), "\n");
  }
  return picture;
}

void Lolwut(Context& c) {
  int64_t columns = 12, rows = 3;
  size_t first = 1;
  // VERSION chooses a picture in Redis; there is one here.
  if (c.args.size() >= 3 && EqualsIgnoreCase(c.args[1], "version")) {
    int64_t version;
    if (!c.Integer(2, &version)) return;
    first = 3;
  }
  if (c.args.size() > first && !c.Integer(first, 1, 100, &columns)) return;
  if (c.args.size() > first + 1 && !c.Integer(first + 1, 1, 100, &rows)) return;
  const std::string picture = Shelf(static_cast<int>(columns), static_cast<int>(rows));
  c.reply.Verbatim("txt", StrCat(picture, "\nRedis ver. ", kRedisVersion, ", served by larder ",
                                 kLarderVersion, "\n"));
}

constexpr Command kCommands[] = {
    {.name = "time",
     .arity = 1,
     .flags = kLoading | kStale | kFast,
     .run = Time,
     .group = "server",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Returns the server's Unix time in seconds and microseconds.",
     .tips = "nondeterministic_output"},
    {.name = "lolwut",
     .arity = -1,
     .flags = kReadOnly | kFast,
     .run = Lolwut,
     .group = "server",
     .syntax = "[VERSION version]",
     .since = "5.0.0",
     .summary = "Draws a picture and tells the version."},
};

}  // namespace

std::span<const Command> ServerCommands() { return kCommands; }

}  // namespace larder
