// Syntax: the arguments of a command as COMMAND DOCS describes them, read from the syntax line of
// its row: `key [NX | XX] [EX seconds | PERSIST] [LIMIT offset count] [field [field ...]]`.
// Capitals are tokens, brackets optional parts, bars alternatives, dots repetition. A value's type
// follows from its name, or stands behind it: `timeout(double)`; `pattern(pattern#1)` also says
// which key specification finds it, where that is not the next one. Pure function: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder {

inline constexpr int kNextKeySpec = -1;  // for a key; for what is none, none

struct SyntaxArgument {
  std::string name;
  std::string_view type = "string";  // as in COMMAND DOCS: key, integer, oneof, block …
  std::string token;
  int key_spec = kNextKeySpec;
  bool optional = false;
  bool multiple = false;              // may be given several times
  bool multiple_token = false;        // each time with its token
  std::vector<SyntaxArgument> parts;  // of a oneof or a block
};

// The rows' syntax lines are the code's own, so nothing is refused.
std::vector<SyntaxArgument> ParseSyntax(std::string_view syntax);

}  // namespace larder
