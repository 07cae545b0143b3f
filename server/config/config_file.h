// Where configuration lines come from: a file with its includes, standard input, the command line.
// Start of the process only, one thread. Limits: 64 MiB in all, 16 files deep, 4096 files.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace larder {

struct ConfigLine {
  std::string source;  // "the configuration file '/etc/larder.conf'", "the command line"
  int number;          // 1-based
  std::string text;    // without white space around it
};

// Reads what the arguments of the program (without its name) say, in Redis' order of precedence:
// the file (a first argument without leading dashes; an empty one is none), then standard input
// ("-" as the first or last), then `--directive value...` in all the shapes Redis takes. Comments
// and blank lines are left out. *file becomes the absolute path of the file, or "". False, with
// *error, when a file can't be read.
bool ReadConfigLines(std::span<const std::string> arguments, std::vector<ConfigLine>* lines,
                     std::string* file, std::string* error);

}  // namespace larder
