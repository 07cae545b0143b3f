#include "server/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/words.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string WriteFile(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + name) << text;
    return folder_ + name;
  }
  std::string ReadFile(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  bool Load(const Words& arguments) { return config_.Load(arguments, &error_); }
  std::optional<std::string> Set(std::string_view name, std::string_view value) {
    Config::PairView pair(name, value);
    return config_.Set({&pair, 1}, false);
  }

  std::string folder_ = testing::TempDir() + "larder_config." + std::to_string(getpid()) + "/";
  Config config_;
  std::string error_;
};

TEST_F(ConfigTest, StartsWithTheDefaultsOfEveryRow) {
  for (const Directive& row : Directives()) {
    EXPECT_FALSE(row.sentence.empty()) << row.name;
    if (row.flags & kFileOnly || row.name == "dir") continue;
    Words words = {std::string(row.default_value)};
    if ((row.flags & kMultiWord) && !words[0].empty()) words = *SplitWords(words[0]);
    std::string value, error;
    if (row.name == "replicaof" || (words[0].empty() && row.check.kind == Check::Kind::kCustom)) {
      continue;
    }
    const CheckInput input = {row.name, words, row.default_value, false};
    EXPECT_TRUE(RunCheck(row.check, input, &value, &error)) << row.name;
    EXPECT_EQ(value, row.default_value) << row.name << ": the default must be canonical";
  }
  EXPECT_EQ(config_.settings().port, 6379);
  EXPECT_EQ(config_.settings().busy_poll_us, -1);
  EXPECT_EQ(config_.settings().gather_us, -1);
  EXPECT_EQ(config_.settings().slowlog_max_len, 128);
  EXPECT_EQ(config_.settings().output_limits[2].soft_seconds, 60);
  EXPECT_EQ(config_.Text("save"), "");
}

TEST_F(ConfigTest, TakesNothingThatCannotBeReadForEmpty) {
  EXPECT_FALSE(Load({folder_}));
  EXPECT_EQ(error_, "Can't read the configuration file '" + folder_ + "': Is a directory");
}

TEST_F(ConfigTest, ReadsAFileThenTheCommandLine) {
  std::string included = WriteFile("more.conf", "timeout 7\nmaxclients 20\n");
  std::string file = WriteFile("a.conf",
                               "# a comment\n\nPort 7000\n  bind 127.0.0.1 \"::1\"\n"
                               "include " +
                                   included + "\nmaxmemory 700mb\n");
  ASSERT_TRUE(Load({file, "--maxclients", "30", "--loglevel verbose"})) << error_;
  EXPECT_EQ(config_.settings().port, 7000);
  EXPECT_EQ(config_.settings().timeout_s, 7);
  EXPECT_EQ(config_.settings().maxclients, 30);
  EXPECT_EQ(config_.settings().maxmemory, 700 << 20);
  EXPECT_EQ(config_.settings().loglevel, 1);
  EXPECT_EQ(config_.Text("bind"), "127.0.0.1 ::1");
  EXPECT_EQ(config_.file(), file);
}

TEST_F(ConfigTest, TakesEveryShapeOfArgument) {
  ASSERT_TRUE(
      Load({"--save", "--port", "7001", "--shutdown-on-sigterm", "nosave force",
            "--proc-title-template", "--my--title", "--save", "", "--loglevel", "debug", "--save"}))
      << error_;
  EXPECT_EQ(config_.settings().port, 7001);
  EXPECT_EQ(config_.Text("shutdown-on-sigterm"), "nosave force");
  EXPECT_EQ(config_.Text("proc-title-template"), "--my--title");
  std::string file = WriteFile("b.conf", "");
  ASSERT_TRUE(Load({file, "loglevel", "warning", "--maxmemory '1gb'"})) << error_;
  EXPECT_EQ(config_.Text("loglevel"), "warning");
  EXPECT_EQ(config_.Text("maxmemory"), "1073741824");
}

TEST_F(ConfigTest, AnEmptyFirstArgumentNamesNoFile) {
  ASSERT_TRUE(Load({"", "--port", "7002"})) << error_;
  EXPECT_EQ(config_.settings().port, 7002);
  EXPECT_EQ(config_.file(), "");
}

TEST_F(ConfigTest, AWorkingDirectoryThatWasRemovedIsOneWithoutFiles) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  std::filesystem::remove_all(folder_);
  Config config;
  EXPECT_EQ(config.Text("dir"), ".");
  EXPECT_TRUE(config.Load(Words{"--port", "7003"}, &error_)) << error_;
  EXPECT_FALSE(config.Load(Words{"larder.conf"}, &error_));
  EXPECT_EQ(error_, "Can't find the config file 'larder.conf': No such file or directory");
  std::filesystem::current_path(before);
}

// So many that copying those before it for each would take a minute.
TEST_F(ConfigTest, KeepsEachOfManyUsers) {
  constexpr size_t kUsers = 60'000;
  std::string text;
  for (size_t i = 0; i < kUsers; ++i) text += "user u" + std::to_string(i) + " on\n";
  ASSERT_TRUE(config_.Load(Words{WriteFile("users.conf", text)}, &error_)) << error_;
  const std::vector<std::string> users = config_.Lines("user");
  ASSERT_EQ(users.size(), kUsers);
  EXPECT_EQ(users.front(), "u0 on");
  EXPECT_EQ(users.back(), "u59999 on");
}

TEST_F(ConfigTest, NamesFileLineAndNearestDirectiveOfATypingError) {
  std::string file = WriteFile("c.conf", "port 7000\nmaxmemroy 5\n");
  EXPECT_FALSE(Load({file}));
  EXPECT_THAT(error_, HasSubstr("FATAL CONFIG FILE ERROR"));
  EXPECT_THAT(error_, HasSubstr(file + "', at line 2\n>>> 'maxmemroy 5'"));
  EXPECT_THAT(error_, HasSubstr("did you mean 'maxmemory'?"));
}

TEST_F(ConfigTest, RefusesWhatWouldLoseDataOrOpenADoor) {
  for (const Words& arguments : std::vector<Words>{
           {"--loadmodule", "m.so"}, {"--tls-port", "6380"}, {"--cluster-enabled", "yes"}}) {
    EXPECT_FALSE(Load(arguments)) << arguments[0];
    EXPECT_THAT(error_, HasSubstr(arguments[0].substr(2)));
  }
  EXPECT_TRUE(Load({"--appendonly", "no", "--save", "", "--maxmemory-policy", "noeviction"}));
}

TEST_F(ConfigTest, NotesOnceWhatHasNoEffect) {
  ASSERT_TRUE(Load({"--activedefrag", "yes", "--activedefrag", "yes", "--hz", "10"}));
  EXPECT_THAT(config_.notices(), ElementsAre(HasSubstr("'activedefrag' has no effect here")));
  ASSERT_EQ(Set("hz", "5000"), std::nullopt);
  EXPECT_EQ(config_.Text("hz"), "500") << "a hint, brought into range";
}

TEST_F(ConfigTest, RefusesARunningServerWhatAFileMayAskForInVain) {
  ASSERT_TRUE(Load({"--activedefrag", "Yes"})) << error_;
  EXPECT_EQ(Set("activedefrag", "yes"), std::nullopt) << "changes nothing";
  EXPECT_EQ(Set("activedefrag", "no"), std::nullopt);
  EXPECT_THAT(Set("activedefrag", "yes").value_or(""),
              HasSubstr("the allocator is left to itself"));
  EXPECT_THAT(Set("activedefrag", "maybe").value_or(""), HasSubstr("must be 'yes' or 'no'"));
  EXPECT_EQ(config_.Text("activedefrag"), "no");
}

TEST_F(ConfigTest, MaxmemoryMayBeAShareOfWhatTheProcessMayUse) {
  ASSERT_EQ(Set("maxmemory", "100%"), std::nullopt);
  const int64_t all = config_.settings().maxmemory;
  EXPECT_GT(all, 1 << 20);
  ASSERT_EQ(Set("maxmemory", "25%"), std::nullopt);
  EXPECT_EQ(config_.settings().maxmemory, all / 100 * 25);
  EXPECT_THAT(*Set("maxmemory", "101%"), HasSubstr("must be less or equal to 100"));
  EXPECT_THAT(*Set("maxmemory", "x%"), HasSubstr("argument must be a memory"));
  EXPECT_THAT(*Set("maxmemory", "-1"), HasSubstr("argument must be a memory value"));
}

TEST_F(ConfigTest, EndsAtIncludesWithoutEnd) {
  std::string file = folder_ + "loop.conf";
  WriteFile("loop.conf", "include " + file + "\n");
  EXPECT_FALSE(Load({file}));
  EXPECT_THAT(error_, HasSubstr("Too many includes"));
}

TEST_F(ConfigTest, EndsAnIncludeThatHasNoEnd) {
  EXPECT_FALSE(Load({"--include", "/dev/zero"}));
  EXPECT_THAT(error_, HasSubstr("The configuration is too large"));
}

// As many bytes as CONFIG REWRITE writes for some ten thousand users.
TEST_F(ConfigTest, TakesAFileOfManyMegabytes) {
  std::string text;
  while (text.size() < 4'000'000) text += "# " + std::string(1000, 'x') + "\n";
  ASSERT_TRUE(Load({WriteFile("large.conf", text + "timeout 7")})) << error_;
  EXPECT_EQ(config_.settings().timeout_s, 7);
}

// The name of the folder must not be taken for a pattern.
TEST_F(ConfigTest, StartsRelativeIncludesAtTheDirSoFar) {
  for (const std::string name : {"da[t]a", "da[t]a/inner", "other"}) {
    std::filesystem::create_directories(folder_ + name);
  }
  WriteFile("da[t]a/a.conf", "timeout 7\n");
  WriteFile("da[t]a/inner/b1.conf", "maxclients 20\n");
  WriteFile("other/c.conf", "port 7000\n");
  const std::string file = WriteFile("f.conf", "dir \"" + folder_ +
                                                   "da[t]a\"\ninclude a.conf\ndir inner\n"
                                                   "include b*.conf\ndir ../../other\n");
  ASSERT_TRUE(Load({file, "--include", "c.conf"})) << error_;
  EXPECT_EQ(config_.settings().timeout_s, 7);
  EXPECT_EQ(config_.settings().maxclients, 20);
  EXPECT_EQ(config_.settings().port, 7000);
  EXPECT_EQ(config_.Text("dir"), std::filesystem::canonical(folder_ + "other"));
  EXPECT_FALSE(Load({"--dir", ""}));
  EXPECT_THAT(error_, HasSubstr("No such file or directory"));
}

TEST_F(ConfigTest, TakesAnEmptyVariableForNothing) {
  ASSERT_TRUE(Load({"--maxmemory", "", "--maxmemory-clients", "", "--unixsocketperm", "",
                    "--client-output-buffer-limit", ""}))
      << error_;
  EXPECT_EQ(config_.Text("maxmemory"), "0");
  EXPECT_EQ(config_.Text("maxmemory-clients"), "0");
  EXPECT_EQ(config_.Text("unixsocketperm"), "0");
  EXPECT_EQ(config_.Text("client-output-buffer-limit"),
            Config().Text("client-output-buffer-limit"));
}

TEST_F(ConfigTest, GetsByPatternNameAndAlias) {
  std::vector<std::string_view> patterns = {"maxmemory", "MAXMEM*", "*of", "key-load-delay"};
  std::vector<std::string> names;
  for (const auto& [name, value] : config_.Get(patterns)) names.push_back(name);
  EXPECT_THAT(names, testing::UnorderedElementsAre(
                         "maxmemory", "maxmemory-clients", "maxmemory-policy", "maxmemory-samples",
                         "maxmemory-eviction-tenacity", "replicaof", "slaveof", "key-load-delay"));
  EXPECT_TRUE(config_.Get(std::vector<std::string_view>{"key-load*", "user"}).empty());
}

TEST_F(ConfigTest, SetsAllOrNothing) {
  std::vector<Config::PairView> pairs = {{"maxmemory", "10000001"}, {"maxmemory-clients", "200%"}};
  EXPECT_EQ(config_.Set(pairs, false),
            "CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage "
            "argument must be less or equal to 100");
  EXPECT_EQ(config_.settings().maxmemory, 0);
  pairs = {{"maxmemory", "10000001"}, {"lua-time-limit", "9"}};
  EXPECT_EQ(config_.Set(pairs, false), std::nullopt);
  EXPECT_EQ(config_.settings().busy_reply_threshold_ms, 9);
}

TEST_F(ConfigTest, AnswersRedisErrors) {
  EXPECT_EQ(Set("nosuch", "1"), "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_THAT(*Set("daemonize", "yes"), HasSubstr("can't set immutable config"));
  EXPECT_EQ(Set("daemonize", "no"), std::nullopt) << "that is no change";
  EXPECT_THAT(*Set("dir", "/"), HasSubstr("can't set protected config"));
  EXPECT_THAT(*Set("maxclients", "x"), HasSubstr("argument couldn't be parsed into an integer"));
  EXPECT_THAT(*Set("timeout", "-1"), HasSubstr("must be between 0 and 2147483647 inclusive"));
  EXPECT_THAT(*Set("loglevel", "loud"),
              HasSubstr("following: debug, verbose, notice, warning, nothing"));
  EXPECT_THAT(*Set("tls-port", "6380"), HasSubstr("'tls-port'"));
  std::vector<Config::PairView> twice = {{"timeout", "1"}, {"timeout", "2"}};
  EXPECT_THAT(*config_.Set(twice, false), HasSubstr("duplicate parameter"));
}

TEST_F(ConfigTest, CallsBackAndUndoesWhatACallbackRefuses) {
  std::vector<std::string> seen;
  config_.OnChange("timeout", [&](const std::string& value, std::string*) {
    seen.push_back(value);
    return true;
  });
  config_.OnChange("port", [](const std::string& value, std::string* error) {
    *error = "Unable to listen on this port";
    return value != "1";
  });
  std::vector<Config::PairView> pairs = {{"timeout", "5"}, {"port", "1"}};
  EXPECT_THAT(*config_.Set(pairs, false), HasSubstr("'port') - Unable to listen"));
  EXPECT_THAT(seen, ElementsAre("5", "0"));
  EXPECT_EQ(config_.settings().timeout_s, 0);
  EXPECT_EQ(config_.settings().port, 6379);
}

TEST_F(ConfigTest, DoesWhatCannotBeUndoneWhenNobodyRefuses) {
  std::vector<std::string> seen;
  config_.AfterChange("timeout", [&](const std::string& value) { seen.push_back(value); });
  config_.OnChange("port", [](const std::string& value, std::string*) { return value != "1"; });
  std::vector<Config::PairView> pairs = {{"timeout", "5"}, {"port", "1"}};
  EXPECT_NE(config_.Set(pairs, false), std::nullopt);
  EXPECT_THAT(seen, ElementsAre());
  pairs[1].second = "2";
  EXPECT_EQ(config_.Set(pairs, false), std::nullopt);
  EXPECT_THAT(seen, ElementsAre("5"));
}

TEST_F(ConfigTest, ChangesOneClassOfOutputLimitsAtATime) {
  EXPECT_EQ(Set("client-output-buffer-limit", "replica 1mb 2k 3"), std::nullopt);
  EXPECT_EQ(config_.Text("client-output-buffer-limit"),
            "normal 0 0 0 slave 1048576 2000 3 pubsub 33554432 8388608 60");
  const OutputLimit& limit =
      config_.settings().output_limits[static_cast<size_t>(ClientClass::kReplica)];
  EXPECT_EQ(limit.hard_bytes, 1048576);
  EXPECT_THAT(*Set("client-output-buffer-limit", "master 1 1 1"),
              HasSubstr("Invalid client class"));
}

TEST_F(ConfigTest, SetsEveryLiveDirectiveToTheValueItHas) {
  for (const auto& [name, value] : config_.Get(std::vector<std::string_view>{"*"})) {
    const Directive* row = FindDirective(name);
    if ((row->flags & kLive) == 0 || (row->flags & kProtected)) continue;
    EXPECT_EQ(Set(name, value), std::nullopt) << name;
  }
}

TEST_F(ConfigTest, RewritesKeepingCommentsAndOrder) {
  std::string file = WriteFile("d.conf", "# mine\ntimeout 5\n\nmaxmemory 1gb\ntimeout 6\n");
  EXPECT_NE(config_.Rewrite(), std::nullopt) << "there is no file yet";
  ASSERT_TRUE(Load({file})) << error_;
  ASSERT_EQ(Set("maxmemory", "0"), std::nullopt);
  ASSERT_EQ(Set("requirepass", "two words\n"), std::nullopt);
  ASSERT_EQ(Set("latency-tracking-info-percentiles", ""), std::nullopt);
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  std::string text = ReadFile(file);
  EXPECT_THAT(text, testing::StartsWith("# mine\ntimeout 6\n\nmaxmemory 0\n# Generated by"));
  EXPECT_THAT(text, HasSubstr("\nrequirepass \"two words\\x0a\"\n"));
  Config again;
  ASSERT_TRUE(again.Load(Words{file}, &error_)) << error_;
  EXPECT_EQ(again.Text("requirepass"), "two words\n");
  EXPECT_EQ(again.Text("latency-tracking-info-percentiles"), "");
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_EQ(ReadFile(file), text) << "rewriting again changes nothing";
}

// 75% of this machine are not 75% of the next.
TEST_F(ConfigTest, RewritesNoLineThatSaysWhatHolds) {
  const std::string text =
      "maxmemory 75%\nHZ   20\nslave-priority 7\nclient-output-buffer-limit pubsub 1mb 1mb 10\n"
      "save 900 1\ndir \"" +
      folder_ + "\"\nrepl-backlog-size 2mb\nuser bob on nopass\n";
  std::string file = WriteFile("f.conf", text);
  ASSERT_TRUE(Load({file})) << error_;
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_EQ(ReadFile(file), text);
  ASSERT_EQ(Set("maxmemory", "50mb"), std::nullopt);
  ASSERT_EQ(Set("save", "60 1"), std::nullopt);
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_THAT(ReadFile(file), testing::StartsWith("maxmemory 52428800\nHZ   20\n"));
  EXPECT_THAT(ReadFile(file), HasSubstr("\nsave 60 1\n"));
}

// A relative `dir` means another folder once the process is there.
TEST_F(ConfigTest, RewritesARelativeFolderAsTheOneItIs) {
  std::filesystem::create_directories(folder_ + "data");
  std::string file = WriteFile("g.conf", "dir " + folder_ + "\ndir data\n");
  ASSERT_TRUE(Load({file})) << error_;
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_EQ(ReadFile(file), "dir " + folder_ + "data\n");
  WriteFile("g.conf", "dir .\n");
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_EQ(ReadFile(file), "dir " + folder_ + "data\n");
}

// What a replica's file says when it has become a primary must be a file that starts.
TEST_F(ConfigTest, RewritesWithoutAPrimaryThatIsNotFollowedAnyMore) {
  std::string file = WriteFile("e.conf", "replicaof 10.0.0.1 6379\n");
  ASSERT_TRUE(Load({file})) << error_;
  config_.Note("replicaof", "");
  ASSERT_EQ(config_.Rewrite(), std::nullopt);
  EXPECT_THAT(ReadFile(file), testing::Not(HasSubstr("replicaof")));
}

}  // namespace
}  // namespace larder
