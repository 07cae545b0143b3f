// Where the functions of a C++ file begin and end, found by following braces. Works on laid-out
// code: comments, strings, character literals and preprocessor lines are skipped. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace larder::tidy {

struct FunctionSpan {
  size_t first_line;  // of the head; counted from 1
  size_t last_line;   // of the closing brace
};

// Functions at namespace and class level; a lambda or a local class belongs to the function around
// it.
std::vector<FunctionSpan> FunctionsIn(const std::vector<std::string>& lines);

}  // namespace larder::tidy
