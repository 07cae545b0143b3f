#include "server/commands/info.h"

#include <algorithm>
#include <iterator>

#include "server/commands/commands.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

bool Wants(std::span<const std::string_view> words, const InfoSection& section) {
  if (words.empty()) return section.by_default;
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    if (EqualsIgnoreCase(word, "all") || EqualsIgnoreCase(word, "everything")) return true;
    if (EqualsIgnoreCase(word, "default")) return section.by_default;
    return EqualsIgnoreCase(word, section.name);
  });
}

void Info(Context& c) { c.reply.Verbatim("txt", BuildInfo(c.engine, c.args.subspan(1))); }

constexpr Command kCommands[] = {
    {.name = "info",
     .arity = -1,
     .flags = kLoading | kStale | kSentinel,
     .categories = kCatDangerous,
     .run = Info,
     .group = "server",
     .syntax = "[section [section ...]]",
     .since = "1.0.0",
     .history = "7.0.0 Takes several sections.",
     .complexity = "O(1)",
     .summary = "Returns the state and the statistics of the server.",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
};

}  // namespace

std::string BuildInfo(Engine& engine, std::span<const std::string_view> words) {
  std::string text;
  InfoWriter info(text);
  for (std::span<const InfoSection> sections : {ServerInfoSections(), CommandInfoSections()}) {
    for (const InfoSection& section : sections) {
      if (!Wants(words, section)) continue;
      StrAppend(text, text.empty() ? "" : "\r\n", "# ", section.title, "\r\n");
      section.write(engine, info);
    }
  }
  return text;
}

std::span<const Command> InfoCommands() { return kCommands; }

}  // namespace larder
