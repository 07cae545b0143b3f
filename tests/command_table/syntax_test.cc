#include "server/engine/syntax.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/command_table/shape.h"

namespace larder {
namespace {

std::string ShapeOf(std::string_view syntax, size_t key_specs = 0) {
  return ShapeOf(ParseSyntax(syntax, key_specs));
}

TEST(Syntax, TakesTheTypeFromTheNameOrFromBehindIt) {
  EXPECT_EQ(ShapeOf("key count value"), "key/key count/integer value/string");
  EXPECT_EQ(ShapeOf("key(string) count(string) value(double)"),
            "key/string count/string value/double");
}

TEST(Syntax, TellsTokensFromValues) {
  EXPECT_EQ(ShapeOf("key GET"), "key/key get/pure-token=GET");
  EXPECT_EQ(ShapeOf("<to: id | new:$>"), "to/oneof[id/string new/pure-token=$]");
  EXPECT_EQ(ShapeOf("[EX seconds] [LIMIT offset count]"),
            "seconds/integer=EX? limit/block=LIMIT?[offset/integer count/integer]");
  EXPECT_EQ(ShapeOf("BYBOX width <height>"), "width/double=BYBOX height/double");
  EXPECT_EQ(ShapeOf("<from: key | empty:\"\">"), "from/oneof[key/key empty/pure-token=]");
}

TEST(Syntax, NamesGroups) {
  EXPECT_EQ(ShapeOf("key [condition: NX | XX]"),
            "key/key condition/oneof?[nx/pure-token=NX xx/pure-token=XX]");
  EXPECT_EQ(ShapeOf("[range: start end]"), "range/block?[start/integer end/integer]");
  EXPECT_EQ(ShapeOf("<by: <box: BYBOX width <height>> | id>"),
            "by/oneof[box/block[width/double=BYBOX height/double] id/string]");
}

TEST(Syntax, CallsAGroupLikeItsTokenWhereItHasNoNameOfItsOwn) {
  EXPECT_EQ(ShapeOf("[SKIPME <YES | NO>]"),
            "skipme/oneof=SKIPME?[yes/pure-token=YES no/pure-token=NO]");
  EXPECT_EQ(ShapeOf("[TYPE <client-type: NORMAL | PUBSUB>]"),
            "client-type/oneof=TYPE?[normal/pure-token=NORMAL pubsub/pure-token=PUBSUB]");
  EXPECT_EQ(ShapeOf("[TO <target: host port [FORCE]>]"),
            "target/block=TO?[host/string port/string force/pure-token=FORCE?]");
}

TEST(Syntax, NamesWords) {
  EXPECT_EQ(ShapeOf("[change:CH] [equal:=]"), "change/pure-token=CH? equal/pure-token==?");
  EXPECT_EQ(ShapeOf("[ADDR addr:ip:port]"), "addr(ip:port)/string=ADDR?");
  EXPECT_EQ(ShapeOf("[BY by-pattern:pattern]"), "by-pattern(pattern)/pattern=BY?");
}

TEST(Syntax, SeesRepetition) {
  EXPECT_EQ(ShapeOf("key [key ...] timeout"), "key/key+ timeout/integer");
  EXPECT_EQ(ShapeOf("[arg(double) [arg ...]]"), "arg/double+?");
  EXPECT_EQ(ShapeOf("STREAMS key [key ...] id [id ...]"),
            "streams/block=STREAMS[key/key+ id/string+]");
  EXPECT_EQ(ShapeOf("<data: field value ...>"), "data/block+[field/string value/string]");
  EXPECT_EQ(ShapeOf("[do: GET offset | SET offset ...]"),
            "do/oneof+?[offset/integer=GET offset/integer=SET]");
}

TEST(Syntax, TellsWhetherTheTokenIsRepeatedToo) {
  EXPECT_EQ(ShapeOf("[ID client-id [client-id ...]]"), "client-id/integer=ID+?");
  EXPECT_EQ(ShapeOf("[GET pattern ...]"), "pattern/pattern=GET++?");
}

TEST(Syntax, SaysWhichKeySpecificationFindsAnArgument) {
  EXPECT_EQ(ShapeOf("destination key [key ...]", 2), "destination/key#0 key/key#1+");
  EXPECT_EQ(ShapeOf("key1 key2", 1), "key1/key#0 key2/key#0");
  EXPECT_EQ(ShapeOf("key [BY pattern(pattern#1)] [STORE destination(key#2)]", 3),
            "key/key#0 pattern/pattern=BY#1? destination/key=STORE#2?");
}

TEST(Syntax, SaysSinceWhenAnArgumentIsThere) {
  EXPECT_EQ(ShapeOf("[count@6.2.0] [GET@6.2.0] [EX@2.6.12 seconds]"),
            "count/integer@6.2.0? get/pure-token=GET@6.2.0? seconds/integer=EX@2.6.12?");
  EXPECT_EQ(ShapeOf("[unit@7.0.0: BYTE | BIT@7.0.1]"),
            "unit/oneof@7.0.0?[byte/pure-token=BYTE bit/pure-token=BIT@7.0.1]");
  EXPECT_EQ(ShapeOf("[TYPE@5.0.0 <kind: A | B>] [LIMIT@6.2.0 offset count]"),
            "kind/oneof=TYPE@5.0.0?[a/pure-token=A b/pure-token=B] "
            "limit/block=LIMIT@6.2.0?[offset/integer count/integer]");
  EXPECT_EQ(ShapeOf("old:ip:port@-2.8.12"), "old(ip:port)/string@-2.8.12");
}

// A row that is wrong stops the start.
TEST(SyntaxDeathTest, ALineThatIsWrong) {
  for (const char* line :
       {"[NX | XX]", "a | b", "[offset count]", "[name: count]", "[key", "key]", "<key]", "[]",
        "key ...", "[key ... more]", "key@", "key@-", "key@six", "[EX@1.0.0 seconds@2.0.0]",
        "name:", "key(double", "key(doubl)", "key(key#)", "name:EX seconds"}) {
    EXPECT_DEATH(ParseSyntax(line), "CHECK failed at .*syntax.cc") << line;
  }
}

}  // namespace
}  // namespace larder
