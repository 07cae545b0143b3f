// Every row of the command table against the facts of Redis' public documentation (facts.tsv), and
// every command of Redis against the table: what is missing stands in missing.tsv with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "replication/commands.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/engine/command_table.h"
#include "tests/command_table/shape.h"

namespace larder {
namespace {

constexpr const char* kFolder = LARDER_SOURCE_DIR "/tests/command_table/";

using Row = std::vector<std::string>;

// Lines of fields with tabs between them; lines with # in front are comments.
std::vector<Row> ReadTable(const std::string& name) {
  std::ifstream file(kFolder + name);
  EXPECT_TRUE(file) << name;
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    Row& row = rows.emplace_back();
    std::stringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
  }
  return rows;
}

std::string Join(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::string text;
  for (const std::string& word : words) StrAppend(text, text.empty() ? "" : " ", word);
  return text.empty() ? "-" : text;
}

std::string Sorted(std::string_view words) {
  std::stringstream stream{std::string(words)};
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return Join(std::move(list));
}

struct Bit {
  uint64_t bit;
  const char* name;
};

template <size_t size>
std::string NamesOf(const Bit (&names)[size], uint64_t bits) {
  std::vector<std::string> found;
  for (const Bit& name : names) {
    if (bits & name.bit) found.push_back(name.name);
  }
  return Join(std::move(found));
}

std::string FlagsOf(const Command& command) {
  static constexpr Bit kNames[] = {{kWrite, "write"},
                                   {kReadOnly, "readonly"},
                                   {kDenyOom, "denyoom"},
                                   {kAdmin, "admin"},
                                   {kPubSub, "pubsub"},
                                   {kNoScript, "noscript"},
                                   {kFast, "fast"},
                                   {kBlocking, "blocking"},
                                   {kLoading, "loading"},
                                   {kStale, "stale"},
                                   {kSkipMonitor, "skip_monitor"},
                                   {kSkipSlowlog, "skip_slowlog"},
                                   {kNoAuth, "no_auth"},
                                   {kMayReplicate, "may_replicate"},
                                   {kNoMandatoryKeys, "no_mandatory_keys"},
                                   {kProtectedCommand, "protected"},
                                   {kNoAsyncLoading, "no_async_loading"},
                                   {kNoMulti, "no_multi"},
                                   {kAllowBusy, "allow_busy"},
                                   {kTouchesArbitraryKeys, "touches_arbitrary_keys"},
                                   {kSentinel, "sentinel"},
                                   {kAsking, "asking"}};
  return NamesOf(kNames, command.flags);
}

std::string CategoriesOf(const Command& command) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::size(kCategoryNames); ++i) {
    if (command.categories >> i & 1) names.emplace_back(kCategoryNames[i]);
  }
  return Join(std::move(names));
}

std::string KeysOf(const Command& command) {
  static constexpr Bit kNames[] = {{kRO, "ro"},
                                   {kRW, "rw"},
                                   {kOW, "ow"},
                                   {kRM, "rm"},
                                   {kAccess, "access"},
                                   {kUpdate, "update"},
                                   {kInsert, "insert"},
                                   {kDelete, "delete"},
                                   {kNotKey, "not_key"},
                                   {kIncomplete, "incomplete"},
                                   {kVariableFlags, "variable_flags"}};
  std::string text;
  for (size_t i = 0; i < command.keys.size; ++i) {
    const KeySpec& spec = command.keys.specs[i];
    if (i > 0) text += "; ";
    if (spec.find == KeySpec::Find::kUnknown) {
      text += "unknown unknown";
    } else if (spec.keyword.empty()) {
      StrAppend(text, "index ", spec.begin);
    } else {
      StrAppend(text, "keyword ", spec.keyword, " ", spec.begin);
    }
    if (spec.find == KeySpec::Find::kRange) {
      StrAppend(text, " range ", spec.last, " ", spec.step, " ", spec.limit);
    } else if (spec.find == KeySpec::Find::kKeyNum) {
      StrAppend(text, " keynum ", spec.key_num, " ", spec.first, " ", spec.step);
    }
    StrAppend(text, " ", NamesOf(kNames, spec.flags));
    if (!spec.notes.empty()) StrAppend(text, " (", spec.notes, ")");
  }
  return text.empty() ? "-" : text;
}

std::string VersionsOf(const Command& command) {
  std::string versions;
  for (const CommandTable::Change& change : CommandTable::ChangesOf(command)) {
    StrAppend(versions, versions.empty() ? "" : " ", change.version);
  }
  return versions.empty() ? "-" : versions;
}

std::string StandingOf(const Command& command) {
  if (command.flags & kSysCmd) return "syscmd";
  if (command.deprecated.empty()) return "-";
  return StrCat("deprecated ", CommandTable::DeprecationOf(command).version);
}

std::string ArgumentsOf(const Command& command) {
  const std::string shape = ShapeOf(ParseSyntax(command.syntax, command.keys.size));
  return shape.empty() ? "-" : shape;
}

Row FactsOf(const Command& command) {
  return {CommandTable::FullName(command),
          std::string(command.group),
          std::string(command.since),
          std::to_string(command.arity),
          FlagsOf(command),
          CategoriesOf(command),
          KeysOf(command),
          Sorted(command.tips),
          VersionsOf(command),
          command.complexity.empty() ? "-" : "yes",
          StandingOf(command),
          ArgumentsOf(command)};
}

class Facts : public testing::Test {
 protected:
  Facts() {
    auto rows = AllCommands();
    rows.push_back(ReplicationCommands());
    for (const std::span<const Command>& room : rows) {
      for (const Command& command : room) have_[CommandTable::FullName(command)] = FactsOf(command);
    }
  }

  std::map<std::string, Row> have_;
};

TEST_F(Facts, OfEveryCommandAreThoseOfRedis) {
  static constexpr const char* kColumns[] = {"name",    "group",      "since",    "arity",
                                             "flags",   "categories", "keys",     "tips",
                                             "history", "complexity", "standing", "arguments"};
  std::map<std::pair<std::string, std::string>, std::string> differs;
  for (const Row& row : ReadTable("differs.tsv")) {
    ASSERT_EQ(row.size(), 4u) << row[0] << " needs a reason";
    differs[{row[0], row[1]}] = row[2];
  }
  for (const Row& redis : ReadTable("facts.tsv")) {
    ASSERT_EQ(redis.size(), std::size(kColumns)) << redis[0];
    const auto found = have_.find(redis[0]);
    if (found == have_.end()) continue;
    for (size_t i = 1; i < redis.size(); ++i) {
      const auto other = differs.find({redis[0], kColumns[i]});
      const std::string& expected = other == differs.end() ? redis[i] : other->second;
      EXPECT_EQ(found->second[i], expected) << redis[0] << ": " << kColumns[i];
      EXPECT_TRUE(other == differs.end() || expected != redis[i]) << redis[0] << " does not differ";
    }
  }
}

TEST_F(Facts, EveryCommandOfRedisIsThereOrItIsSaidWhyNot) {
  std::map<std::string, std::string> missing;
  for (const Row& row : ReadTable("missing.tsv")) {
    ASSERT_EQ(row.size(), 2u) << row[0] << " needs a reason";
    missing[row[0]] = row[1];
  }
  for (const Row& redis : ReadTable("facts.tsv")) {
    const bool argued = missing.erase(redis[0]) > 0;
    EXPECT_NE(have_.contains(redis[0]), argued)
        << redis[0] << (argued ? " is there: remove it from missing.tsv" : " is missing");
  }
  for (const auto& [name, reason] : missing) ADD_FAILURE() << name << " is no command of Redis";
}

// Commands that Redis has not would be refused by tools that know its list.
TEST_F(Facts, OwnCommandsAreNone) {
  for (const Row& redis : ReadTable("facts.tsv")) have_.erase(redis[0]);
  std::string own;
  for (const auto& [name, facts] : have_) StrAppend(own, name, " ");
  EXPECT_EQ(own, "");
}

}  // namespace
}  // namespace larder
