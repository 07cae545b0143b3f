// Checks the text of the house: the rules of tests/tidy/rules.h over every file of the repository,
// and the rules themselves on small examples. Nothing is compiled; it takes a second.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/functions.h"
#include "tests/tidy/rules.h"

namespace larder::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kTopLevel = {
    "CMakeLists.txt", "server", "protocol", "replication", "bench", "tests", "docker", "README.md"};
constexpr std::array<std::string_view, 8> kSourceSuffixes = {
    ".h", ".cc", ".py", ".php", ".sh", ".js", "CMakeLists.txt", ".ci/run"};

bool Generated(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == ".git" || name == "build" || name.starts_with("build-") || name == "__pycache__";
}

std::vector<SourceFile> ReadTree() {
  const fs::path root = LARDER_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
       ++it) {
    if (Generated(it->path())) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    std::ifstream stream(it->path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    files.emplace_back(fs::relative(it->path(), root).generic_string(), text);
  }
  return files;
}

const std::vector<SourceFile>& Tree() {
  static const std::vector<SourceFile> tree = ReadTree();
  return tree;
}

bool IsSource(const SourceFile& file) {
  return std::any_of(kSourceSuffixes.begin(), kSourceSuffixes.end(),
                     [&](std::string_view suffix) { return file.EndsWith(suffix); });
}

std::string Text(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += finding.path + ":" + std::to_string(finding.line) + ": " + finding.what + "\n";
  }
  return text;
}

using Rule = void (*)(const SourceFile&, Findings&);

std::string FindingsInTree(Rule rule) {
  Findings findings;
  for (const SourceFile& file : Tree()) {
    if (IsSource(file)) rule(file, findings);
  }
  return Text(findings);
}

size_t Count(Rule rule, const std::string& path, const std::string& text) {
  Findings findings;
  rule(SourceFile(path, text), findings);
  return findings.size();
}

TEST(TheHouse, IncludesOnlyDownward) { EXPECT_EQ(FindingsInTree(CheckIncludes), ""); }

TEST(TheHouse, KeepsHeavyLibrariesOutOfHeaders) {
  EXPECT_EQ(FindingsInTree(CheckHeavyHeaders), "");
}

TEST(TheHouse, HasNoLongFunctions) { EXPECT_EQ(FindingsInTree(CheckFunctionLengths), ""); }

TEST(TheHouse, HasNoLongFiles) { EXPECT_EQ(FindingsInTree(CheckFileLength), ""); }

TEST(TheHouse, HasNoLongLinesTabsOrTrailingBlanks) { EXPECT_EQ(FindingsInTree(CheckLayout), ""); }

TEST(TheHouse, OpensHeadersWithWhatTheyAre) { EXPECT_EQ(FindingsInTree(CheckHeaderOpening), ""); }

TEST(TheHouse, GivesReasonsForEveryTodo) {
  Findings findings;
  for (const SourceFile& file : Tree()) {
    if (IsSource(file) && !file.path.starts_with("tests/tidy")) CheckTodos(file, findings);
  }
  EXPECT_EQ(Text(findings), "");
}

TEST(TheHouse, TestsEveryCommand) {
  std::set<std::string> played;
  size_t commands = 0;
  Findings findings;
  for (const SourceFile& file : Tree()) {
    if (!file.path.starts_with("tests/commands/") || !file.EndsWith(".test")) continue;
    for (const std::string& command : CommandsPlayedIn(file)) played.insert(command);
  }
  for (const SourceFile& file : Tree()) {
    if (!file.path.starts_with("server/commands/") && file.path != "replication/commands.cc")
      continue;
    for (const Definition& command : CommandsDefinedIn(file)) {
      ++commands;
      if (played.contains(command.name)) continue;
      findings.push_back({command.path, command.line, "no transcript plays " + command.name});
    }
  }
  EXPECT_GT(commands, 300u);
  EXPECT_EQ(Text(findings), "");
}

TEST(TheHouse, HasOneTypeOfEachName) {
  std::map<std::string, Definition> known;
  Findings findings;
  for (const SourceFile& file : Tree()) {
    const bool linked = file.path.starts_with("server/") || file.path.starts_with("protocol/") ||
                        file.path.starts_with("replication/");
    if (!linked || !IsSource(file)) continue;
    for (const Definition& type : TypesDefinedIn(file)) {
      const auto [it, first] = known.emplace(type.name, type);
      if (first) continue;
      findings.push_back({type.path, type.line, type.name + " is also in " + it->second.path});
    }
  }
  EXPECT_GT(known.size(), 200u);
  EXPECT_EQ(Text(findings), "");
}

TEST(TheHouse, DocumentsEveryDirective) {
  Findings findings;
  for (const SourceFile& file : Tree()) {
    if (file.path == "server/config/directives.cc") CheckDirectives(file, findings);
  }
  EXPECT_EQ(Text(findings), "");
}

TEST(TheHouse, DescribesEveryFileOfARoom) {
  size_t rooms = 0;
  Findings findings;
  for (const SourceFile& readme : Tree()) {
    const size_t folder = readme.path.rfind('/') + 1;
    const bool house = readme.path.starts_with("server/") || readme.path.starts_with("protocol/") ||
                       readme.path.starts_with("replication/");
    if (!house || !readme.EndsWith("/README.md") || readme.path == "server/README.md") continue;
    ++rooms;
    std::set<std::string> files;
    for (const SourceFile& file : Tree()) {
      if (file.path.rfind('/') + 1 != folder || !(file.EndsWith(".h") || file.EndsWith(".cc"))) {
        continue;
      }
      if (file.path.starts_with(readme.path.substr(0, folder))) {
        files.insert(file.path.substr(folder));
      }
    }
    CheckRoom(readme, files, findings);
  }
  EXPECT_GT(rooms, 10u);
  EXPECT_EQ(Text(findings), "");
}

TEST(TheHouse, HasNothingElseAtTheTop) {
  for (const fs::directory_entry& entry : fs::directory_iterator(LARDER_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || Generated(entry.path())) continue;
    EXPECT_NE(std::find(kTopLevel.begin(), kTopLevel.end(), name), kTopLevel.end()) << name;
  }
}

TEST(Tidy, SeesAnUpwardInclude) {
  const std::string upward = "#include \"server/engine/gate.h\"\n";
  EXPECT_EQ(Count(CheckIncludes, "server/store/table.cc", upward), 1u);
  EXPECT_EQ(Count(CheckIncludes, "server/engine/dispatch.cc", upward), 0u);
  EXPECT_EQ(Count(CheckIncludes, "server/commands/hashes.cc", upward), 0u);
}

TEST(Tidy, SeesAnIncludeOfAnotherRoomOnTheSameFloor) {
  EXPECT_EQ(Count(CheckIncludes, "server/commands/keys.cc", "#include \"replication/primary.h\"\n"),
            1u);
  EXPECT_EQ(Count(CheckIncludes, "replication/primary.cc", "#include \"replication/log.h\"\n"), 0u);
  EXPECT_EQ(Count(CheckIncludes, "replication/log.cc", "#include \"replication/primary.h\"\n"), 1u);
}

TEST(Tidy, WantsIncludesWrittenFromTheRoot) {
  EXPECT_EQ(Count(CheckIncludes, "server/store/table.cc", "#include \"table.h\"\n"), 1u);
}

TEST(Tidy, KeepsProtocolToStdAndAbseil) {
  EXPECT_EQ(Count(CheckIncludes, "protocol/reply.cc", "#include <boost/asio.hpp>\n"), 1u);
  EXPECT_EQ(Count(CheckIncludes, "protocol/reply.cc", "#include <vector>\n"), 0u);
  EXPECT_EQ(Count(CheckIncludes, "protocol/reply.cc", "#include \"absl/strings/match.h\"\n"), 0u);
}

TEST(Tidy, KeepsSpdlogOutOfHeadersOnly) {
  const std::string spdlog = "#include <spdlog/spdlog.h>\n";
  EXPECT_EQ(Count(CheckHeavyHeaders, "server/base/log.h", spdlog), 1u);
  EXPECT_EQ(Count(CheckHeavyHeaders, "server/base/log.cc", spdlog), 0u);
}

std::string FunctionOf(size_t lines) {
  std::string text = "int Answer(int x) {\n";
  for (size_t i = 2; i < lines; ++i) text += "  ++x;\n";
  return text + "}\n";
}

TEST(Tidy, CountsTheLinesOfAFunction) {
  EXPECT_EQ(Count(CheckFunctionLengths, "a.cc", FunctionOf(70)), 0u);
  EXPECT_EQ(Count(CheckFunctionLengths, "a.cc", FunctionOf(71)), 1u);
  EXPECT_EQ(Count(CheckFunctionLengths, "a.cc", "namespace a {\n" + FunctionOf(71) + "}\n"), 1u);
  EXPECT_EQ(Count(CheckFunctionLengths, "a.h", "class A {\n public:\n" + FunctionOf(71) + "};\n"),
            1u);
}

TEST(Tidy, DoesNotTakeATableForAFunction) {
  std::string table = "constexpr Command kCommands[] = {\n";
  for (int i = 0; i < 100; ++i) {
    table += "    {.name = \"get\",\n     .arity = 2,\n     .keys = {Key1(kRO)}},\n";
  }
  EXPECT_EQ(Count(CheckFunctionLengths, "a.cc", table + "};\n"), 0u);
}

TEST(Tidy, IsNotFooledByBracesInTextAndComments) {
  const SourceFile file("a.cc",
                        "void A() {\n  Print(\"}\");\n  // }\n  char c = '}';\n  /* } */\n"
                        "  Print(R\"(})\");\n  int n = 20'000;\n}\nvoid B() { C(); }\n");
  const std::vector<FunctionSpan> functions = FunctionsIn(file.lines);
  ASSERT_EQ(functions.size(), 2u);
  EXPECT_EQ(functions[0].first_line, 1u);
  EXPECT_EQ(functions[0].last_line, 8u);
  EXPECT_EQ(functions[1].last_line, 9u);
}

TEST(Tidy, WantsAReasonForALongFile) {
  std::string text;
  for (int i = 0; i < 601; ++i) text += "int x;\n";
  EXPECT_EQ(Count(CheckFileLength, "a.cc", text), 1u);
  EXPECT_EQ(
      Count(CheckFileLength, "a.cc", "// Over 600 lines: one table, better read whole.\n" + text),
      0u);
  EXPECT_EQ(Count(CheckFileLength, "a.cc", "// Over 600 lines: \n" + text), 1u);
}

TEST(Tidy, CountsColumnsNotBytes) {
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "é";
  EXPECT_EQ(Count(CheckLayout, "a.cc", wide + "\n"), 0u);
  EXPECT_EQ(Count(CheckLayout, "a.cc", wide + "x\n"), 1u);
}

TEST(Tidy, SeesTrailingBlanksTabsAndAMissingNewline) {
  EXPECT_EQ(Count(CheckLayout, "a.cc", "int x; \n"), 1u);
  EXPECT_EQ(Count(CheckLayout, "a.cc", "\tint x;\n"), 1u);
  EXPECT_EQ(Count(CheckLayout, "a.cc", "int x;"), 1u);
}

TEST(Tidy, WantsACommentAndPragmaOnceInAHeader) {
  EXPECT_EQ(Count(CheckHeaderOpening, "a.h", "// What it is.\n#pragma once\n"), 0u);
  EXPECT_EQ(Count(CheckHeaderOpening, "a.h", "#pragma once\n"), 1u);
  EXPECT_EQ(Count(CheckHeaderOpening, "a.h", "// What it is.\n#include <vector>\n"), 1u);
}

TEST(Tidy, WantsAReasonForATodo) {
  EXPECT_EQ(Count(CheckTodos, "a.cc", "// TODO\n"), 1u);
  EXPECT_EQ(Count(CheckTodos, "a.cc", "// FIXME: crashes when it is raining here\n"), 1u);
  EXPECT_EQ(Count(CheckTodos, "a.cc", "// TODO: drop when kernels before 6.1 are gone\n"), 0u);
}

TEST(Tidy, FindsTheTypesThatTheLinkerSees) {
  const SourceFile file("server/net/loop.h",
                        "class Later;\nnamespace {\nstruct Own {\n};\n}  // namespace\n"
                        "class Loop final : public Mailbox {\n  struct Part {\n  };\n};\n"
                        "class ABSL_LOCKABLE Mutex {\n};\nstruct Pair {};\n");
  std::vector<std::string> names;
  for (const Definition& type : TypesDefinedIn(file)) names.push_back(type.name);
  EXPECT_EQ(names, (std::vector<std::string>{"Loop", "Mutex", "Pair"}));
}

TEST(Tidy, FindsTheCommandsOfATable) {
  const SourceFile file("server/commands/connection.cc",
                        "    {.name = \"restore-asking\",\n     .arity = -4},\n"
                        "    {.name = \"setname\",\n     .parent = \"client\",\n     .arity = 3},\n"
                        "    {.name = \"eval_ro\", .arity = -3},\n");
  std::vector<std::string> names;
  for (const Definition& command : CommandsDefinedIn(file)) names.push_back(command.name);
  EXPECT_EQ(names, (std::vector<std::string>{"restore-asking", "client setname", "eval_ro"}));
}

TEST(Tidy, FindsTheCommandsOfATranscript) {
  const SourceFile file("tests/commands/a.test",
                        "> GET k\nb> client SETNAME x\n(integer) 1\n> RESTORE-ASKING k 0 v\n");
  const std::vector<std::string> played = CommandsPlayedIn(file);
  const std::set<std::string> names(played.begin(), played.end());
  EXPECT_TRUE(names.contains("get"));
  EXPECT_TRUE(names.contains("client setname"));
  EXPECT_TRUE(names.contains("restore-asking"));
  EXPECT_FALSE(names.contains("integer"));
}

TEST(Tidy, WantsEachFileOfARoomInItsReadme) {
  const SourceFile readme("server/store/README.md",
                          "The table: `dict.h`, `set`.\n`sort_*` `log/x`\n");
  Findings findings;
  CheckRoom(readme, {"dict.h", "dict.cc", "dict_scan.cc", "set.h", "sort_a.cc", "x.h"}, findings);
  EXPECT_EQ(Text(findings), "");
  CheckRoom(readme, {"table.h", "set.h", "set_with_header.h", "sort.cc"}, findings);
  std::vector<std::string> missing;
  for (const Finding& finding : findings) missing.push_back(finding.what);
  EXPECT_EQ(missing, (std::vector<std::string>{"nothing about set_with_header.h",
                                               "nothing about sort.cc", "nothing about table.h"}));
}

TEST(Tidy, WantsASentenceForADirective) {
  EXPECT_EQ(Count(CheckDirectives, "d.cc",
                  "    {\"timeout\", \"0\", \"Closes idle clients after this.\"},\n"),
            0u);
  EXPECT_EQ(Count(CheckDirectives, "d.cc", "    {\"timeout\", \"0\", \"\"},\n"), 1u);
}

}  // namespace
}  // namespace larder::tidy
