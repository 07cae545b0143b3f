#include "server/persistence/aof_manifest.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

constexpr std::string_view kText =
    "file appendonly.aof.2.base.rdb seq 2 type b\n"
    "file appendonly.aof.1.incr.aof seq 1 type h\n"
    "file appendonly.aof.2.incr.aof seq 2 type i\n"
    "file appendonly.aof.5.incr.aof seq 5 type i\n";

std::string ErrorOf(std::string_view text) {
  std::string error;
  EXPECT_FALSE(AofManifest::Parse(text, &error).has_value()) << text;
  return error;
}

AofManifest Parsed(std::string_view text) {
  std::string error = "of before";
  std::optional<AofManifest> manifest = AofManifest::Parse(text, &error);
  EXPECT_TRUE(manifest.has_value()) << error;
  EXPECT_EQ(error, "");
  return manifest.value_or(AofManifest());
}

TEST(AofManifest, WritesWhatItHasRead) {
  const AofManifest manifest = Parsed(kText);
  EXPECT_EQ(manifest.Format(), kText);
  EXPECT_EQ(manifest.Names(),
            (std::vector<std::string>{"appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof",
                                      "appendonly.aof.5.incr.aof"}));
}

TEST(AofManifest, PassesOverCommentsAndWordsOfLaterVersions) {
  const AofManifest manifest =
      Parsed("# of another version\n  file a.aof seq 3 type b newkey newvalue \n");
  ASSERT_TRUE(manifest.base.has_value());
  EXPECT_EQ(manifest.base->name, "a.aof");
  EXPECT_EQ(manifest.base->number, 3);
}

TEST(AofManifest, QuotesNamesWithBlanks) {
  AofManifest manifest;
  manifest.ReplaceBase("my\nfile.aof", true, 0);
  manifest.AddIncrement("my file.aof");
  EXPECT_EQ(manifest.Format(),
            "file \"my\\nfile.aof.1.base.rdb\" seq 1 type b\n"
            "file \"my file.aof.1.incr.aof\" seq 1 type i\n");
  EXPECT_EQ(Parsed(manifest.Format()).Names(), manifest.Names());
}

TEST(AofManifest, RefusesWhatIsNone) {
  EXPECT_EQ(ErrorOf(""), "Found an empty AOF manifest");
  EXPECT_TRUE(ErrorOf("\n").starts_with("Invalid AOF manifest file format"));
  EXPECT_TRUE(ErrorOf("file a seq 1\n").starts_with("Invalid AOF manifest file format"));
  EXPECT_TRUE(ErrorOf("file a seq 1 type\n").starts_with("Invalid AOF manifest file format"));
  EXPECT_TRUE(ErrorOf("file a seq x type i\n").starts_with("Invalid AOF manifest file format"));
  EXPECT_TRUE(ErrorOf("file a seq 0 type i\n").starts_with("Invalid AOF manifest file format"));
  EXPECT_TRUE(ErrorOf("file a seq 1 type x\n").starts_with("Unknown AOF file type"));
  EXPECT_TRUE(ErrorOf("file ../a seq 1 type i\n").starts_with("File can't be a path"));
  EXPECT_TRUE(
      ErrorOf("file a seq 1 type i").starts_with("The AOF manifest file contains too long"));
  EXPECT_TRUE(ErrorOf("file " + std::string(1100, 'a') + " seq 1 type i\n")
                  .starts_with("The AOF manifest file contains too long line"));
  const std::string error = ErrorOf("file a seq 2 type i\nfile b seq 2 type i\n");
  EXPECT_EQ(error, "Found a non-monotonic sequence number, at line 2: 'file b seq 2 type i'");
  EXPECT_TRUE(ErrorOf("file a seq 1 type b\nfile b seq 2 type b\n")
                  .starts_with("Found duplicate base file information"));
}

TEST(AofManifest, GivesNoNameThatHistoryHas) {
  AofManifest manifest = Parsed(
      "file a.1.base.rdb seq 1 type h\nfile a.1.incr.aof seq 1 type h\n"
      "file a.2.incr.aof seq 2 type h\n");
  EXPECT_TRUE(manifest.empty());
  EXPECT_EQ(manifest.ReplaceBase("a", true, 0).name, "a.2.base.rdb");
  EXPECT_EQ(manifest.AddIncrement("a").name, "a.3.incr.aof");
  EXPECT_EQ(manifest.AddIncrement("a").number, 4);
}

TEST(AofManifest, ANewBaseRetiresWhatItStandsFor) {
  AofManifest manifest = Parsed(kText);
  manifest.history.clear();
  manifest.AddIncrement("appendonly.aof");
  manifest.ReplaceBase("appendonly.aof", false, 1);
  EXPECT_EQ(manifest.Format(),
            "file appendonly.aof.3.base.aof seq 3 type b\n"
            "file appendonly.aof.2.incr.aof seq 2 type h\n"
            "file appendonly.aof.5.incr.aof seq 5 type h\n"
            "file appendonly.aof.2.base.rdb seq 2 type h\n"
            "file appendonly.aof.6.incr.aof seq 6 type i\n");
  manifest.ReplaceBase("appendonly.aof", true, 0);
  EXPECT_EQ(manifest.Names(), std::vector<std::string>{"appendonly.aof.4.base.rdb"});
}

}  // namespace
}  // namespace larder
