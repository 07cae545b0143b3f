// Arguments as one line of text, which facts.tsv and the parser's tests compare:
// `name(shown)/type=TOKEN#key-specification@since@-deprecated+?[parts]`. What is shown stands there
// where it is not the name; + is for what may be given several times, ++ for the token too, ? for
// what may be left out.
#pragma once

#include <string>
#include <vector>

#include "server/base/strings.h"
#include "server/engine/syntax.h"

namespace larder {

inline std::string ShapeOf(const std::vector<SyntaxArgument>& arguments) {
  std::string shape;
  for (const SyntaxArgument& argument : arguments) {
    StrAppend(shape, shape.empty() ? "" : " ", argument.name);
    if (argument.parts.empty() && argument.shown != argument.name) {
      StrAppend(shape, "(", argument.shown, ")");
    }
    StrAppend(shape, "/", argument.type);
    const bool token = !argument.token.empty() || argument.type == "pure-token";
    if (token) StrAppend(shape, "=", argument.token);
    if (argument.key_spec != kNoKeySpec) StrAppend(shape, "#", argument.key_spec);
    if (!argument.since.empty()) StrAppend(shape, "@", argument.since);
    if (!argument.deprecated_since.empty()) StrAppend(shape, "@-", argument.deprecated_since);
    if (argument.multiple) shape += '+';
    if (argument.multiple_token) shape += '+';
    if (argument.optional) shape += '?';
    if (!argument.parts.empty()) StrAppend(shape, "[", ShapeOf(argument.parts), "]");
  }
  return shape;
}

}  // namespace larder
