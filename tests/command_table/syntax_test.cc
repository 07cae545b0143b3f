#include "server/commands/syntax.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/base/strings.h"

namespace larder {
namespace {

// One line for all arguments: type and token of each, + for multiple, ? for optional, its parts in
// brackets.
std::string Shape(const std::vector<SyntaxArgument>& arguments) {
  std::string shape;
  for (const SyntaxArgument& argument : arguments) {
    StrAppend(shape, shape.empty() ? "" : " ", argument.type);
    if (!argument.token.empty()) StrAppend(shape, ":", argument.token);
    if (argument.key_spec != kNextKeySpec) StrAppend(shape, "#", argument.key_spec);
    if (argument.multiple) shape += '+';
    if (argument.optional) shape += '?';
    if (!argument.parts.empty()) StrAppend(shape, "[", Shape(argument.parts), "]");
  }
  return shape;
}

std::string ShapeOf(std::string_view syntax) { return Shape(ParseSyntax(syntax)); }

TEST(Syntax, TakesTheTypeFromTheNameOrFromBehindIt) {
  EXPECT_EQ(ShapeOf("key count value"), "key integer string");
  EXPECT_EQ(ShapeOf("key(string) count(string) value(double)"), "string string double");
}

TEST(Syntax, TellsTokensFromValues) {
  EXPECT_EQ(ShapeOf("key [NX | XX] [EX seconds | PERSIST]"),
            "key oneof?[pure-token:NX pure-token:XX] oneof?[integer:EX pure-token:PERSIST]");
  EXPECT_EQ(ShapeOf("<id | $>"), "oneof[string pure-token:$]");
  EXPECT_EQ(ShapeOf("[LIMIT offset count]"), "block:LIMIT?[integer integer]");
  EXPECT_EQ(ShapeOf("[TO <host port [FORCE]>]"), "block:TO?[string string pure-token:FORCE?]");
  EXPECT_EQ(ShapeOf("<key | nothing(pure-token)>"), "oneof[key pure-token]");
  EXPECT_EQ(ShapeOf("BYBOX width <height>"), "double:BYBOX double");
}

TEST(Syntax, SeesRepetition) {
  EXPECT_EQ(ShapeOf("key [key ...]"), "key+");
  EXPECT_EQ(ShapeOf("[field value [field value ...]]"), "block+?[string string]");
  EXPECT_EQ(ShapeOf("key [GET offset | SET offset ...]"), "key oneof+?[integer:GET integer:SET]");
}

TEST(Syntax, SaysWhichKeySpecificationFindsAnArgument) {
  EXPECT_EQ(ShapeOf("key [BY pattern(pattern#1)] [STORE destination(key#2)]"),
            "key pattern:BY#1? key:STORE#2?");
}

}  // namespace
}  // namespace larder
