#include "server/acl/user.h"

#include <gtest/gtest.h>

#include "tests/acl/acl_player.h"

namespace larder {
namespace {

using Reason = AclDenial::Reason;

std::string Commands(const std::vector<std::string>& rules) {
  return Subject(rules).user.selectors().front().DescribeCommands();
}

TEST(User, MayDoNothingAtFirst) {
  const Subject subject;
  EXPECT_FALSE(subject.user.enabled());
  EXPECT_EQ(subject.Try({"get", "k"}), Reason::kCommand);
  EXPECT_EQ(subject.Try({"auth", "x"}), Reason::kNone) << "nobody can be kept from AUTH";
  EXPECT_EQ(subject.user.Describe(), "off resetchannels -@all");
}

TEST(User, MayDoEverythingOnlyWithAllOfCommandsKeysAndChannels) {
  EXPECT_TRUE(Subject({"+@all", "~*", "&*"}).user.may_do_everything());
  EXPECT_FALSE(Subject({"+@all", "~*"}).user.may_do_everything());
  EXPECT_FALSE(Subject({"+@all", "&*"}).user.may_do_everything());
  EXPECT_FALSE(Subject({"+@all", "-get", "~*", "&*"}).user.may_do_everything());
  EXPECT_TRUE(Subject({"+@all", "-get", "+get", "~*", "&*"}).user.may_do_everything());
  EXPECT_TRUE(Subject({"(allcommands allkeys allchannels)"}).user.may_do_everything());
}

TEST(User, ContainerTakesItsSubcommandsAlong) {
  const Subject all({"+config"});
  EXPECT_EQ(all.Try({"config", "get"}), Reason::kNone);
  EXPECT_EQ(all.Try({"config", "set"}), Reason::kNone);
  const Subject one({"+config", "-config|set"});
  EXPECT_EQ(one.Try({"config", "get"}), Reason::kNone);
  EXPECT_EQ(one.Try({"config", "set"}), Reason::kCommand);
}

TEST(User, FirstArgumentOpensACommand) {
  const Subject subject({"+select|0", "+SELECT|One"});
  EXPECT_EQ(subject.Try({"select", "0"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"select", "ONE"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"select", "1"}), Reason::kCommand);
  EXPECT_EQ(subject.Try({"select"}), Reason::kCommand);
}

TEST(User, KeepsTheCommandRulesThatMatter) {
  EXPECT_EQ(Commands({"+@all", "-@string", "+get"}), "+@all -@string +get");
  EXPECT_EQ(Commands({"+@all", "+get"}), "+@all") << "allowed already";
  EXPECT_EQ(Commands({"+get", "-get"}), "-@all");
  EXPECT_EQ(Commands({"+config|get", "+config"}), "-@all +config") << "engulfed";
  EXPECT_EQ(Commands({"+@STRING", "+@string", "+GET"}), "-@all +@string");
  EXPECT_EQ(Commands({"+@string", "-get", "+@string"}), "-@all -get +@string");
  EXPECT_EQ(Commands({"+select|0", "+select|1", "+select"}), "-@all +select");
  EXPECT_EQ(Commands({"+select|0", "+@connection", "-@connection"}),
            "-@all +select|0 -@connection");
  EXPECT_EQ(Commands({"+get", "+@all", "nocommands"}), "-@all");
}

TEST(User, RulesThatAreToldMakeTheSameUserAgain) {
  const std::vector<std::string> rules = {"+@all",  "-@string", "+set",  "-config|get", "+get",
                                          "-@slow", "%R~a*",    "%W~a*", "~b",          "&news"};
  const Subject first(rules);
  Subject second;
  std::string description = first.user.Describe() + " ";
  for (size_t end; (end = description.find(' ')) != std::string::npos;) {
    EXPECT_EQ(second.user.Apply(description.substr(0, end), false), RuleError::kNone);
    description.erase(0, end + 1);
  }
  EXPECT_EQ(second.user.Describe(), first.user.Describe());
  for (const AclCommand& command : SomeCommands()) {
    if (command.name == "config") continue;
    std::vector<std::string_view> words = {command.name, "a1"};
    if (command.name.starts_with("config|")) {
      words = {"config", std::string_view(command.name).substr(7)};
    }
    EXPECT_EQ(second.Try(words), first.Try(words)) << command.name;
  }
}

TEST(User, KeyPatternsAreForReadingOrWriting) {
  const Subject subject({"+get", "+set", "%R~r*", "%w~w*", "~both"});
  EXPECT_EQ(subject.Try({"get", "r1"}, kReadsKey), Reason::kNone);
  EXPECT_EQ(subject.Try({"set", "r1"}, kWritesKey), Reason::kKey);
  EXPECT_EQ(subject.Try({"set", "w1"}, kWritesKey), Reason::kNone);
  EXPECT_EQ(subject.Try({"set", "w1"}, kReadsAndWritesKey), Reason::kKey);
  EXPECT_EQ(subject.Try({"set", "both"}, kReadsAndWritesKey), Reason::kNone);
  EXPECT_EQ(subject.Try({"get", "w1"}, 0), Reason::kNone) << "any permission will do for EXISTS";
  EXPECT_EQ(subject.Try({"get", "other"}, 0), Reason::kKey);
  EXPECT_EQ(subject.last.word, 1u);
}

TEST(User, SubscriptionPatternsAreComparedAsTheyAreWritten) {
  const Subject subject({"+@pubsub", "&news:*"});
  EXPECT_EQ(subject.Try({"publish", "news:1"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"publish", "other"}), Reason::kChannel);
  EXPECT_EQ(subject.Try({"psubscribe", "news:*"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"psubscribe", "news:1*"}), Reason::kChannel);
}

TEST(User, SelectorsDoNotAddUp) {
  const Subject subject({"(+get ~a)", "(+set ~b)"});
  EXPECT_EQ(subject.Try({"get", "a"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"set", "b"}), Reason::kNone);
  EXPECT_EQ(subject.Try({"get", "b"}), Reason::kKey) << "the selector that comes closest is told";
  EXPECT_EQ(subject.Try({"publish", "x"}), Reason::kCommand);
}

TEST(User, NamesWhatIsWrongWithARule) {
  EXPECT_EQ(Subject({"what"}).error, RuleError::kSyntax);
  EXPECT_EQ(Subject({"+nothing"}).error, RuleError::kUnknownCommand);
  EXPECT_EQ(Subject({"+@nothing"}).error, RuleError::kUnknownCommand);
  EXPECT_EQ(Subject({"-select|0"}).error, RuleError::kUnknownCommand);
  EXPECT_EQ(Subject({"+config|nothing"}).error, RuleError::kUnknownCommand);
  EXPECT_EQ(Subject({"+config|get|x"}).error, RuleError::kFirstArgOfSubcommand);
  EXPECT_EQ(Subject({"+select|"}).error, RuleError::kSyntax);
  EXPECT_EQ(Subject({"allkeys", "~x"}).error, RuleError::kPatternAfterAll);
  EXPECT_EQ(Subject({"allchannels", "&x"}).error, RuleError::kChannelAfterAll);
  EXPECT_EQ(Subject({"<x"}).error, RuleError::kNoSuchPassword);
  EXPECT_EQ(Subject({"#123"}).error, RuleError::kBadHash);
  for (const char* rule : {"%~x", "%RR~x", "%X~x", "%", "~a b", "&a b", "(", "(on)", ")"}) {
    EXPECT_EQ(Subject({rule}).error, RuleError::kSyntax) << rule;
  }
}

TEST(User, KnowsHisPasswords) {
  Subject subject({">one", ">two", "#" + Password::Of("three").Hex(), ">one"});
  EXPECT_EQ(subject.user.passwords().size(), 3u);
  EXPECT_TRUE(subject.user.HasPassword(Password::Of("three")));
  EXPECT_FALSE(subject.user.HasPassword(Password::Of("four")));
  EXPECT_EQ(subject.user.Apply("<two", false), RuleError::kNone);
  EXPECT_FALSE(subject.user.HasPassword(Password::Of("two")));
  EXPECT_EQ(subject.user.Apply("nopass", false), RuleError::kNone);
  EXPECT_TRUE(subject.user.passwords().empty());
}

// The digest of the empty message (FIPS 180-4's test vectors).
TEST(Password, IsSha256) {
  constexpr std::string_view kEmpty =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  EXPECT_EQ(Password::Of("").Hex(), kEmpty);
  EXPECT_TRUE(Password::FromHex(kEmpty)->Equals(Password::Of("")));
  EXPECT_FALSE(Password::FromHex(std::string(64, 'A')));
  EXPECT_FALSE(Password::FromHex(std::string(63, 'a')));
}

}  // namespace
}  // namespace larder
