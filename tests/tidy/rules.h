// The rules of the house as functions from the text of one file to what is wrong with it. They read
// text, not C++: fast, and good enough for code that clang-format has laid out. Pure functions.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace larder::tidy {

// One file: its path from the root of the repository, with forward slashes, and its lines.
struct SourceFile {
  SourceFile(std::string name, std::string_view text);

  bool EndsWith(std::string_view suffix) const { return path.ends_with(suffix); }

  std::string path;
  std::vector<std::string> lines;
  bool ends_with_newline;
};

struct Finding {
  std::string path;
  size_t line;  // counted from 1; 0: the file as a whole
  std::string what;
};
using Findings = std::vector<Finding>;

// Includes go to a lower floor or to the own room; kFloors in the .cc is the table of
// server/README.md.
void CheckIncludes(const SourceFile& file, Findings& findings);

// Libraries that are slow to compile, or another room's business, stay out of headers.
void CheckHeavyHeaders(const SourceFile& file, Findings& findings);

// At most 70 lines from the first line of a function's head to its closing brace.
void CheckFunctionLengths(const SourceFile& file, Findings& findings);

// At most 600 lines; at most 1000 when a comment "Over 600 lines: <reason>" says why.
void CheckFileLength(const SourceFile& file, Findings& findings);

// At most 100 columns, no trailing blanks, no tabs, a newline at the end.
void CheckLayout(const SourceFile& file, Findings& findings);

// A header starts with a comment of what it is, then #pragma once.
void CheckHeaderOpening(const SourceFile& file, Findings& findings);

// "TODO" is followed by ": " and a reason of some words.
void CheckTodos(const SourceFile& file, Findings& findings);

struct Definition {
  std::string name;
  std::string path;
  size_t line;
};

// The classes and structs that the linker sees: those outside functions, classes and namespaces
// without a name. Two of one name are one to it, and the destructor of either may end the other.
std::vector<Definition> TypesDefinedIn(const SourceFile& file);

// The commands that a table of rows defines: {.name = "set", …}, and of {.name = "setname",
// .parent = "client", …}, a line for each field, "client setname". What a function makes of a name,
// as in cluster.cc, is not seen.
std::vector<Definition> CommandsDefinedIn(const SourceFile& file);

// The commands that a transcript sends, lower case: of "b> CLIENT SETNAME x" both "client" and
// "client setname".
std::vector<std::string> CommandsPlayedIn(const SourceFile& transcript);

// A room's README.md names each of the files beside it between backticks: `scan`, `scan.cc`, or
// with others as `sort*`. A .cc without a header of its own is a part of what it begins with the
// name of: stream_read.cc of stream.h. `files` are names without the folder.
void CheckRoom(const SourceFile& readme, const std::set<std::string>& files, Findings& findings);

// A row of the directives' table holds a sentence that says what the directive does.
void CheckDirectives(const SourceFile& file, Findings& findings);

}  // namespace larder::tidy
