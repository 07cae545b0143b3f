// Syntax: the arguments of a command as COMMAND DOCS describes them, read from the syntax line of
// its row: `key [condition: NX | XX] [GET@6.2.0] [LIMIT offset count] <data: field value ...>`.
//
//   NX  field           capitals are tokens, and so are * = ~ $ and "", the empty word
//   EX seconds          a token and its value; it may have several, or a group
//   [...]  <...>        what may be left out; what belongs together
//   a | b               one of several
//   key [key ...]       a value that may be given several times
//   [GET pattern ...]   the same of all that is in the bracket, the token too
//   [range: start end]  the name of a group: a choice or a block has one, or that of its token
//   change:CH           the name of one word, where it is not the token, or what help shows
//   timeout(double)     a value's type, where it does not follow from its text
//   pattern(pattern#1)  and which key specification finds it, where that is not the next one
//   GET@6.2.0           since when; of a group too, `[unit@7.0.0: BYTE | BIT]`
//   ip:port@-2.8.12     since when it is not to be used any more
//
// The line must outlive what is made of it. Pure function: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

inline constexpr int kNoKeySpec = -1;

struct SyntaxArgument {
  std::string name;
  std::string shown;                 // in help and hints
  std::string_view type = "string";  // as in COMMAND DOCS: key, integer, oneof, block …
  std::string token;
  std::string_view since, deprecated_since;
  int key_spec = kNoKeySpec;  // which of the row's finds it
  bool optional = false;
  bool multiple = false;              // may be given several times
  bool multiple_token = false;        // each time with its token
  std::vector<SyntaxArgument> parts;  // of a oneof or a block
};

// The arguments of a command with so many key specifications. The lines are the code's own: one
// that is wrong stops the server (CHECK). CommandTable reads all of them at start.
std::vector<SyntaxArgument> ParseSyntax(std::string_view syntax, size_t key_specs = 0);

}  // namespace larder
